//! `tests/run adversary`: plays schedules in which an adversary writes the ledger and sends events.

use std::process::ExitCode;

use clap::Parser;
use countersign::clock::system;
use tests::adversary::{Report, Sum, run, run_all};

/// Plays schedules in which an adversary may write any item of the ledger and send any event, at any step
#[derive(Parser)]
#[command(bin_name = "tests/run adversary")]
struct Arguments {
    /// How many schedules
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    schedules: u64,
    /// The seed of the first schedule; each has the next one
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Stop at the first schedule that breaks something
    #[arg(long)]
    first: bool,
    /// Only the schedule of this seed, step by step
    #[arg(long, value_name = "SEED", conflicts_with_all = ["schedules", "seed", "first"])]
    replay: Option<u64>,
}

/// The number of failures that are printed.
const SHOWN: usize = 5;

fn main() -> ExitCode {
    // A panic's message is part of the printed failure, so it is not printed twice.
    std::panic::set_hook(Box::new(|_| {}));
    let Arguments { schedules, seed, first, replay } = Arguments::parse();
    if let Some(seed) = replay {
        return one(seed);
    }
    let clock = system();
    let began = clock();
    let Sum { schedules, put, mails, failures } = run_all(seed, schedules, if first { 1 } else { usize::MAX });
    let seconds = (clock() - began).as_seconds_f64();
    println!("{schedules} schedules in {seconds:.1} s: {put} results put, {mails} emails");
    for (seed, broken) in failures.iter().take(SHOWN) {
        println!();
        for line in broken {
            println!("BROKEN {line}");
        }
        println!("REPLAY tests/run adversary --replay {seed}");
    }
    let failed = failures.len();
    println!("{} passed, {failed} failed", schedules.saturating_sub(failed as u64));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(seed: u64) -> ExitCode {
    let Report { steps, broken, put, mails } = run(seed);
    for step in &steps {
        println!("{step}");
    }
    println!("{put} results put, {mails} emails");
    for line in &broken {
        println!("BROKEN {line}");
    }
    println!("{} passed, {} failed", u8::from(broken.is_empty()), u8::from(!broken.is_empty()));
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
