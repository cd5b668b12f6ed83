//! An adversary who writes the ledger and sends events: a part of the schedules of `tests/run adversary`.

use tests::adversary::run_all;

/// Seeds that the long run does not begin with.
const SEED: u64 = 700_000;
const SCHEDULES: u64 = 40;

#[test]
fn whoever_writes_the_ledger_and_sends_events_approves_nothing_and_mails_nobody_a_lie() {
    let sum = run_all(SEED, SCHEDULES, usize::MAX);
    assert!(sum.failures.is_empty(), "tests/run adversary --replay SEED: {:#?}", sum.failures);
    assert_eq!(sum.schedules, SCHEDULES);
    // Honest people get somewhere all the same, so that there is something to lie about.
    assert!(sum.put > 25 && sum.mails > 500, "{} results put, {} emails", sum.put, sum.mails);
}
