//! The pace of many calls to CodePipeline, so that a sweep over a thousand pipelines leaves some of the account's rate to
//! others.
//!
//! The rates are not published. In public reports, tools that read 160 pipelines in a loop were throttled, and so was a
//! burst of about 50 calls: <https://github.com/aws-ia/terraform-aws-control_tower_account_factory/issues/351>,
//! <https://github.com/raycast/extensions/issues/13304>.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How many calls may follow each other at once.
const BURST: f64 = 40.0;
/// The time between two calls after a burst, and the longest once CodePipeline throttles.
const INTERVAL: Duration = Duration::from_millis(200);
const MAX_INTERVAL: Duration = Duration::from_secs(2);
/// How long calls that are not yet in line wait once CodePipeline throttles.
const PAUSE: Duration = Duration::from_secs(5);

/// How long so many calls take at this pace, unless CodePipeline throttles.
#[must_use]
pub fn time_for(calls: usize) -> Duration {
    let calls = u32::try_from(calls).map_or(f64::MAX, f64::from);
    Duration::try_from_secs_f64((calls - BURST).max(0.0) * INTERVAL.as_secs_f64()).unwrap_or(Duration::MAX)
}

/// Gives each call its turn.
#[derive(Debug, Clone)]
pub(super) struct Pacer(Arc<Mutex<Turns>>);

#[derive(Debug)]
struct Turns {
    /// How many calls may begin at once; below zero, how many are in line.
    left: f64,
    at: Instant,
    interval: Duration,
}

impl Pacer {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Turns { left: BURST, at: Instant::now(), interval: INTERVAL })))
    }

    /// Waits for a call's turn.
    pub(super) async fn turn(&self) {
        let wait = self.with(|turns| {
            turns.left -= 1.0;
            turns.interval.mul_f64((-turns.left).max(0.0))
        });
        sleep(wait).await;
    }

    /// CodePipeline throttled a call: the burst is spent, all wait, and then slow down.
    pub(super) fn throttled(&self) {
        self.with(|turns| {
            let slower = (turns.interval * 2).min(MAX_INTERVAL);
            // Those in line wait for as long as they would have.
            turns.left *= turns.interval.div_duration_f64(slower);
            turns.interval = slower;
            turns.left = turns.left.min(-PAUSE.div_duration_f64(turns.interval));
        });
    }

    /// CodePipeline answered a call: little by little, the calls come faster again.
    pub(super) fn answered(&self) {
        self.with(|turns| turns.interval = turns.interval.mul_f64(0.95).max(INTERVAL));
    }

    fn with<T>(&self, change: impl FnOnce(&mut Turns) -> T) -> T {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        turns.left = (turns.left + (now - turns.at).div_duration_f64(turns.interval)).min(BURST);
        turns.at = now;
        change(&mut turns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long so many calls take, one after the other.
    async fn taken_by(pacer: &Pacer, calls: u32) -> Duration {
        let begin = Instant::now();
        for _ in 0..calls {
            pacer.turn().await;
        }
        begin.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_waits_for_nothing_and_then_there_are_five_a_second() {
        let pacer = Pacer::new();
        assert_eq!(taken_by(&pacer, 40).await, Duration::ZERO);
        let next = taken_by(&pacer, 50).await;
        assert!((9_900..=10_100).contains(&next.as_millis()), "{next:?}");
        sleep(Duration::from_mins(1)).await;
        assert_eq!(taken_by(&pacer, 40).await, Duration::ZERO, "a new burst");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_throttled_waits_and_is_slower_for_a_while() {
        let pacer = Pacer::new();
        pacer.throttled();
        let first = taken_by(&pacer, 1).await;
        assert!((5_300..=5_500).contains(&first.as_millis()), "{first:?}");
        let next = taken_by(&pacer, 10).await;
        assert!((3_900..=4_100).contains(&next.as_millis()), "{next:?}");
        for _ in 0..100 {
            pacer.answered();
        }
        let faster = taken_by(&pacer, 10).await;
        assert!((1_900..=2_100).contains(&faster.as_millis()), "{faster:?}");
        for _ in 0..20 {
            pacer.throttled();
        }
        let slowest = taken_by(&pacer, 11).await;
        assert!(slowest.as_secs() <= 5 + 22, "{slowest:?}");
    }
}
