//! `tests/run faults`: plays the stories while AWS fails, and checks the invariants at the end of each.

use std::process::ExitCode;

use clap::Parser;
use countersign::clock::system;
use sandbox::simulation::{Fault, Outage, Planned};
use tests::faults::explore::{Effort, Failure, baselines, census, outages, pairs, random, run_all, shrunk, singles};
use tests::faults::{Schedule, Story, run};

/// Plays the stories while AWS fails at any step, and checks the invariants
///
/// Without --random and --story: every fault at every step, pairs of faults, random schedules, and outages.
#[derive(Parser)]
#[command(bin_name = "tests/run faults")]
struct Arguments {
    /// The seed of all random choices
    #[arg(long, value_name = "NUMBER", default_value_t = WHOLE.seed)]
    seed: u64,
    /// Only a part of the schedules
    #[arg(long)]
    short: bool,
    /// Stop at the first schedule that fails
    #[arg(long)]
    first: bool,
    /// Only the random schedule of this seed
    #[arg(long, value_name = "SEED", conflicts_with_all = ["story", "short", "first"])]
    random: Option<u64>,
    /// Only this story, as a failure names it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["short", "first"])]
    story: Option<Story>,
    /// The faults in the story
    #[arg(long, value_name = "STEP:FAULT,...", value_delimiter = ',', requires = "story")]
    faults: Vec<Planned>,
    /// The outage in the story
    #[arg(long, value_name = "FUNCTION,SERVICE,OPERATION,FAULT,SECONDS", requires = "story")]
    outage: Option<Outage>,
    /// List all calls of the story, not only those that met a fault
    #[arg(long, requires = "story")]
    steps: bool,
}

/// All schedules, and those of `--short`.
const WHOLE: Effort = Effort { seed: 1, every: 1, pairs: 50, random: 1_000 };
const SHORT: Effort = Effort { seed: 1, every: 97, pairs: 8, random: 100 };

/// The number of failures that are printed in full.
const SHOWN: usize = 10;

fn main() -> ExitCode {
    // A panic's message is part of the printed failure, so it is not printed twice.
    std::panic::set_hook(Box::new(|_| {}));
    let Arguments { seed, short, first, random: chosen, story, faults, outage, steps } = Arguments::parse();
    match (story, chosen) {
        (Some(story), _) => one(&Schedule { story, seed, faults, outage }, steps),
        (None, Some(chosen)) => match baselines(WHOLE.seed) {
            Ok(baselines) => one(&random(&baselines, chosen), false),
            Err(failures) => print_failures(failures),
        },
        (None, None) => {
            let effort = if short { SHORT } else { WHOLE };
            explore(Effort { seed, ..effort }, if first { 1 } else { usize::MAX })
        }
    }
}

fn one(schedule: &Schedule, steps: bool) -> ExitCode {
    println!("{schedule}");
    let report = run(schedule);
    for step in report.steps.iter().filter(|step| steps || step.attempts.iter().any(|attempt| attempt.fault.is_some()))
    {
        let attempts = step.attempts.iter().map(|attempt| match (attempt.fault, &attempt.effect) {
            (Some(fault), _) => fault.name().to_owned(),
            (None, Some((status, _))) => status.to_string(),
            (None, None) => "cut off".to_owned(),
        });
        println!("{step}: {}", attempts.collect::<Vec<_>>().join(", "));
    }
    for line in &report.broken {
        println!("BROKEN {line}");
    }
    if report.broken.is_empty() {
        println!("all invariants hold");
    }
    println!("{} passed, {} failed", u8::from(report.broken.is_empty()), u8::from(!report.broken.is_empty()));
    if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn explore(effort: Effort, most_failures: usize) -> ExitCode {
    let clock = system();
    let began = clock();
    println!("seed {}", effort.seed);
    let baselines = match baselines(effort.seed) {
        Ok(baselines) => baselines,
        Err(failures) => return print_failures(failures),
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
        print_failures(failures);
    }
    println!("{} passed, {failed} failed", tried - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_failures(failures: Vec<Failure>) -> ExitCode {
    let more = failures.len().saturating_sub(SHOWN);
    for failure in failures.into_iter().take(SHOWN) {
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
