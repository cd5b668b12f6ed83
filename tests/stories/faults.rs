//! The stories while AWS fails: a part of what `tests/run faults` tries, and that a run can be had again.

use sandbox::simulation::{Fault, Function, Planned, Step};
use tests::faults::explore::{Effort, Failure, baselines, outages, pairs, random, run_all, singles};
use tests::faults::{Ending, Says, Schedule, Story, run};

/// Some hundred schedules of all kinds, others than the long run begins with.
const EFFORT: Effort = Effort { seed: 7, every: 97, pairs: 8, random: 100 };

#[test]
fn whatever_fails_at_any_step_all_invariants_hold_in_the_end() {
    let baselines = baselines(EFFORT.seed).unwrap_or_else(|failures| panic!("{}", told(&failures)));
    let mut schedules = singles(&baselines, EFFORT);
    schedules.extend(pairs(&baselines, EFFORT));
    schedules.extend((0..EFFORT.random).map(|n| random(&baselines, EFFORT.seed + n as u64)));
    schedules.extend(outages(&baselines, EFFORT));
    assert!(schedules.len() > 300, "{} schedules", schedules.len());
    let failures = run_all(&schedules);
    assert!(failures.is_empty(), "{}", told(&failures));
}

fn told(failures: &[Failure]) -> String {
    let one = |failure: &Failure| {
        let Failure { schedule, broken, met } = failure;
        format!("tests/run faults {schedule}\n  {}\n  {}\n", met.join("\n  "), broken.join("\n  "))
    };
    failures.iter().map(one).collect()
}

#[test]
fn the_same_schedule_is_the_same_again() {
    let baselines = baselines(EFFORT.seed).unwrap_or_else(|failures| panic!("{}", told(&failures)));
    let trace = |steps: &[Step]| -> Vec<String> {
        let attempts = |step: &Step| -> Vec<_> {
            step.attempts.iter().map(|a| (a.fault, a.effect.as_ref().map(|(status, _)| *status), a.arrived)).collect()
        };
        steps.iter().map(|step| format!("{step} {:?}", attempts(step))).collect()
    };
    for seed in 0..20 {
        let schedule = random(&baselines, seed);
        let (once, again) = (run(&schedule), run(&schedule));
        assert_eq!(trace(&once.steps), trace(&again.steps), "{schedule}");
        assert_eq!(once.seen, again.seen, "{schedule}");
    }
}

/// The number of the callback's call of this operation, counted from 1.
fn step_of(steps: &[Step], operation: &str, which: usize) -> usize {
    let mut calls =
        steps.iter().filter(|step| (step.function, step.operation.as_str()) == (Function::Callback, operation));
    calls.nth(which - 1).unwrap().number
}

#[test]
fn a_decision_is_shown_even_when_it_cannot_be_recorded() {
    let schedule = Schedule::without_faults(Story::Approve, 1);
    // The callback's vote and verdict are written; its third update, the outcome, is not, at no attempt.
    let step = step_of(&run(&schedule).steps, "UpdateItem", 3);
    let schedule = Schedule { faults: vec![Planned { step, fault: Fault::ErrorBefore, always: true }], ..schedule };
    let told = run(&schedule);
    let met = &told.steps[step - 1];
    assert_eq!(
        (met.function, met.operation.as_str(), met.attempts.len()),
        (Function::Callback, "UpdateItem", 3),
        "{met}"
    );
    let pressed: Vec<_> = told.seen.iter().filter(|seen| seen.pressed.is_some()).collect();
    assert_eq!(pressed.len(), 1, "{pressed:?}");
    assert_eq!(pressed[0].says, Says::Ended(Ending::Approved));
    // CodePipeline's event about the end, or the sweep, records it after all.
    assert_eq!(told.broken, Vec::<String>::new());
}
