//! `tests/run faults`: the stories while AWS fails, and what must be true in the end whatever has failed.

use std::process::ExitCode;

use countersign::clock::system;
use lexopt::prelude::*;
use sandbox::simulation::{Fault, Planned};
use tests::faults::explore::{
    Effort, Failure, baselines, census, outages, pairs, random, read_outage, run_all, shrunk, singles,
};
use tests::faults::{Schedule, Story, run};

const HELP: &str = "\
The stories while AWS fails, step by step.

usage: tests/run faults [--seed N] [--short] [--first]
                                               every fault at every step, pairs of faults, random schedules, outages;
                                               --short a part of them, --first until one fails
       tests/run faults --random N             the one random schedule of this seed
       tests/run faults --story NAME [--seed N] [--faults STEP:FAULT,...] [--outage ...] [--steps]
                                               one story, as a failure says it; --steps lists its calls";

/// The whole, and what belongs into every test run.
const WHOLE: Effort = Effort { seed: 1, every: 1, pairs: 50, random: 1_000 };
const SHORT: Effort = Effort { seed: 1, every: 97, pairs: 8, random: 100 };

/// How many failures are told in full.
const TOLD: usize = 10;

enum Order {
    Help,
    Explore(Effort, usize),
    Random(u64),
    One(Schedule, bool),
}

fn main() -> ExitCode {
    // What a panic says is part of the report, once and where it belongs.
    std::panic::set_hook(Box::new(|_| {}));
    match order() {
        Ok(Order::Help) => println!("{HELP}"),
        Ok(Order::Explore(effort, most_failures)) => return explore(effort, most_failures),
        Ok(Order::Random(seed)) => match baselines(WHOLE.seed) {
            Ok(baselines) => return one(&random(&baselines, seed), false),
            Err(failures) => return tell(failures),
        },
        Ok(Order::One(schedule, steps)) => return one(&schedule, steps),
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn order() -> Result<Order, lexopt::Error> {
    let (mut effort, mut story, mut seed, mut faults, mut outage, mut steps, mut chosen) =
        (WHOLE, None, None, Vec::new(), None, false, None);
    let mut most_failures = usize::MAX;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("help") => return Ok(Order::Help),
            Long("first") => most_failures = 1,
            Long("short") => effort = SHORT,
            Long("steps") => steps = true,
            Long("seed") => seed = Some(arguments.value()?.parse()?),
            Long("random") => chosen = Some(arguments.value()?.parse()?),
            Long("story") => {
                let name = arguments.value()?.string()?;
                story = Some(Story::named(&name).ok_or(format!("there is no story {name:?}"))?);
            }
            Long("faults") => {
                let list = arguments.value()?.string()?;
                faults =
                    list.split(',').map(str::parse::<Planned>).collect::<Result<_, _>>().map_err(|e| e.to_string())?;
            }
            Long("outage") => {
                let text = arguments.value()?.string()?;
                outage = Some(read_outage(&text).ok_or(format!("{text:?} is no outage"))?);
            }
            _ => return Err(argument.unexpected()),
        }
    }
    let seed: u64 = seed.unwrap_or(WHOLE.seed);
    Ok(match (story, chosen) {
        (Some(story), _) => Order::One(Schedule { story, seed, faults, outage }, steps),
        (None, Some(seed)) => Order::Random(seed),
        (None, None) => Order::Explore(Effort { seed, ..effort }, most_failures),
    })
}

fn one(schedule: &Schedule, steps: bool) -> ExitCode {
    println!("{schedule}");
    let told = run(schedule);
    for step in told.steps.iter().filter(|step| steps || step.attempts.iter().any(|attempt| attempt.fault.is_some())) {
        let attempts = step.attempts.iter().map(|attempt| match (attempt.fault, &attempt.effect) {
            (Some(fault), _) => fault.name().to_owned(),
            (None, Some((status, _))) => status.to_string(),
            (None, None) => "cut off".to_owned(),
        });
        println!("{step}: {}", attempts.collect::<Vec<_>>().join(", "));
    }
    for line in &told.broken {
        println!("BROKEN {line}");
    }
    if told.broken.is_empty() {
        println!("all invariants hold");
    }
    println!("{} passed, {} failed", u8::from(told.broken.is_empty()), u8::from(!told.broken.is_empty()));
    if told.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn explore(effort: Effort, most_failures: usize) -> ExitCode {
    let clock = system();
    let began = clock();
    println!("seed {}", effort.seed);
    let baselines = match baselines(effort.seed) {
        Ok(baselines) => baselines,
        Err(failures) => return tell(failures),
    };
    for baseline in &baselines {
        println!("story {:<14} seed {} {:>4} steps", baseline.story.name(), baseline.seed, baseline.steps.len());
    }
    for (call, number) in census(&baselines) {
        println!("{number:>5} {call}");
    }
    let steps: usize = baselines.iter().map(|baseline| baseline.steps.len()).sum();
    println!("{steps} steps, {} faults", Fault::ALL.len());
    let families = [
        ("single faults", singles(&baselines, effort)),
        ("pairs of faults", pairs(&baselines, effort)),
        ("random schedules", (0..effort.random).map(|n| random(&baselines, effort.seed + n as u64)).collect()),
        ("outages", outages(&baselines, effort)),
    ];
    let (mut tried, mut failures) = (baselines.len(), Vec::new());
    for (family, schedules) in families {
        if failures.len() >= most_failures {
            break;
        }
        let before = clock();
        let (begun, failed) = run_all(&schedules, most_failures);
        tried += begun;
        let took = (clock() - before).as_seconds_f64();
        println!("{family}: {begun} schedules, {} failed, {took:.1} s", failed.len());
        failures.extend(failed);
    }
    println!("{tried} schedules in {:.1} s", (clock() - began).as_seconds_f64());
    let failed = failures.len();
    if failed == 0 {
        println!("all invariants hold");
    } else {
        tell(failures);
    }
    println!("{} passed, {failed} failed", tried - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(failures: Vec<Failure>) -> ExitCode {
    let more = failures.len().saturating_sub(TOLD);
    for failure in failures.into_iter().take(TOLD) {
        let Failure { schedule, broken, met } = shrunk(failure);
        println!();
        for line in met {
            println!("FAULT  {line}");
        }
        for line in broken {
            println!("BROKEN {line}");
        }
        println!("REPLAY tests/run faults {schedule}");
    }
    if more > 0 {
        println!("\nand {more} more");
    }
    ExitCode::FAILURE
}
