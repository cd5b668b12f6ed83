//! Many schedules: every fault at every step, pairs of faults, random ones, and outages.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use sandbox::simulation::{Fault, Function, Outage, Planned, Step};

use super::{RunReport, Schedule, Story, run};

/// The extent of an exploration.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// The seed of all random choices.
    pub seed: u64,
    /// The stride through the single faults and the outages: 1 tries all of them, 10 tries a tenth.
    pub every: usize,
    /// The number of pairs of faults for each story and each kind of visitor.
    pub pairs: usize,
    /// The number of random schedules.
    pub random: usize,
}

/// The duration of an outage: longer than Lambda retries an event, so that the sweep has to finish the work.
const OUTAGE: Duration = Duration::from_secs(80 * 60);
/// The faults that can last as long as an outage.
const LASTING: [Fault; 6] =
    [Fault::Refused, Fault::ErrorBefore, Fault::Throttled, Fault::Denied, Fault::HangBefore, Fault::GarbledBefore];
/// The most faults of a random schedule.
const MAX_FAULTS: usize = 6;

/// A run of a story without faults.
pub struct Baseline {
    pub story: Story,
    pub seed: u64,
    pub steps: Vec<Step>,
}

/// Plays every story without faults, once with visitors who retry at once and once with others.
///
/// # Errors
/// The runs that broke an invariant nevertheless.
pub fn baselines(seed: u64) -> Result<Vec<Baseline>, Vec<Failure>> {
    let mut failures = Vec::new();
    let mut baselines = Vec::new();
    for (story, seed) in Story::ALL.into_iter().flat_map(|story| [(story, seed), (story, seed + 1)]) {
        let schedule = Schedule::without_faults(story, seed);
        let RunReport { mut steps, exposed, broken, .. } = run(&schedule);
        steps.truncate(exposed);
        if broken.is_empty() {
            baselines.push(Baseline { story, seed, steps });
        } else {
            failures.push(Failure { schedule, broken, met: Vec::new() });
        }
    }
    if failures.is_empty() { Ok(baselines) } else { Err(failures) }
}

/// A schedule that breaks an invariant.
pub struct Failure {
    pub schedule: Schedule,
    pub broken: Vec<String>,
    /// The calls that met a fault.
    pub met: Vec<String>,
}

/// Every fault at every step of every story: at the first attempt, and with one kind of visitors also at every attempt.
pub fn singles(baselines: &[Baseline], effort: Effort) -> Vec<Schedule> {
    let mut schedules = Vec::new();
    for Baseline { story, seed, steps } in baselines {
        for step in steps {
            for fault in Fault::ALL {
                let once = fault.kills() || fault == Fault::Denied || *seed != effort.seed;
                let widths: &[bool] = if once { &[false] } else { &[false, true] };
                schedules.extend(widths.iter().map(|always| Schedule {
                    faults: vec![Planned { step: step.number, fault, always: *always }],
                    ..Schedule::without_faults(*story, *seed)
                }));
            }
        }
    }
    // A stride that is coprime to the number of faults tries different faults at different steps.
    schedules.into_iter().skip(effort.every / 2).step_by(effort.every).collect()
}

/// Pairs of faults, at random steps of each story.
pub fn pairs(baselines: &[Baseline], effort: Effort) -> Vec<Schedule> {
    let mut chance = fastrand::Rng::with_seed(effort.seed);
    let mut schedules = Vec::new();
    for Baseline { story, seed, steps } in baselines {
        schedules.extend((0..effort.pairs).map(|_| {
            let mut faults = vec![any(&mut chance, steps.len()), any(&mut chance, steps.len())];
            faults.sort();
            Schedule { faults, ..Schedule::without_faults(*story, *seed) }
        }));
    }
    schedules
}

/// The random schedule of a seed.
pub fn random(baselines: &[Baseline], seed: u64) -> Schedule {
    let mut chance = fastrand::Rng::with_seed(seed);
    let Baseline { story, steps, .. } = &baselines[chance.usize(..baselines.len())];
    let mut faults: Vec<Planned> = (0..chance.usize(1..=MAX_FAULTS)).map(|_| any(&mut chance, steps.len())).collect();
    faults.sort();
    Schedule { faults, ..Schedule::without_faults(*story, seed) }
}

/// Outages of every operation of each function, with every lasting fault, from the beginning of the story.
pub fn outages(baselines: &[Baseline], effort: Effort) -> Vec<Schedule> {
    let mut schedules = Vec::new();
    for Baseline { story, seed, steps } in baselines {
        let mut calls: Vec<(Function, &str, &str)> =
            steps.iter().map(|step| (step.function, step.service, step.operation.as_str())).collect();
        calls.sort_unstable();
        calls.dedup();
        for (function, service, operation) in calls {
            schedules.extend(LASTING.map(|fault| {
                let (service, operation) = (service.to_owned(), operation.to_owned());
                let outage = Some(Outage { function, service, operation, fault, lasts: OUTAGE });
                Schedule { outage, ..Schedule::without_faults(*story, *seed) }
            }));
        }
    }
    schedules.into_iter().skip(effort.every / 2).step_by(effort.every).collect()
}

fn any(chance: &mut fastrand::Rng, steps: usize) -> Planned {
    // A few more steps than without faults: a failed call is retried, and the retry may fail too.
    let step = chance.usize(1..=steps + steps / 4);
    Planned { step, fault: Fault::ALL[chance.usize(..Fault::ALL.len())], always: chance.u8(..3) == 0 }
}

/// Runs the schedules on as many threads as there are processors, and starts no more once `most_failures` have failed.
/// Returns how many were started, and the failures.
pub fn run_all(schedules: &[Schedule], most_failures: usize) -> (usize, Vec<Failure>) {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = thread::available_parallelism().map_or(2, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while failures.lock().unwrap().len() < most_failures
                    && let Some(schedule) = schedules.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let report = run(schedule);
                    if !report.broken.is_empty() {
                        // At once, since the rest may take minutes.
                        println!("FAILED {schedule}");
                        failures.lock().unwrap().push(failure(schedule.clone(), report));
                    }
                }
            });
        }
    });
    (next.into_inner().min(schedules.len()), failures.into_inner().unwrap())
}

fn failure(schedule: Schedule, RunReport { steps, broken, .. }: RunReport) -> Failure {
    let met = steps.iter().filter_map(|step| {
        let faults: Vec<&str> = step.attempts.iter().filter_map(|attempt| Some(attempt.fault?.name())).collect();
        (!faults.is_empty()).then(|| format!("{step}: {}", faults.join(", ")))
    });
    Failure { met: met.take(20).collect(), schedule, broken }
}

/// The failure with as few faults as still cause it.
pub fn shrunk(failure: Failure) -> Failure {
    let mut smallest = failure;
    loop {
        let faults = &smallest.schedule.faults;
        let fewer = (0..faults.len()).map(|out| {
            let mut schedule = smallest.schedule.clone();
            schedule.faults.remove(out);
            schedule
        });
        let still = fewer.map(|schedule| (run(&schedule), schedule)).find(|(report, _)| !report.broken.is_empty());
        match still {
            Some((report, schedule)) => smallest = self::failure(schedule, report),
            None => return smallest,
        }
    }
}

/// The number of calls of each operation in all stories.
pub fn census(baselines: &[Baseline]) -> BTreeMap<String, usize> {
    let mut operations = BTreeMap::new();
    for step in baselines.iter().flat_map(|baseline| &baseline.steps) {
        *operations.entry(format!("{} {}:{}", step.function, step.service, step.operation)).or_default() += 1;
    }
    operations
}
