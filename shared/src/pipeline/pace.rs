//! The pace of many calls to CodePipeline, so that a sweep over a thousand pipelines leaves some of the account's rate to
//! others.
//!
//! The rates are not published. In public reports, tools that read 160 pipelines in a loop were throttled, and so was a
//! burst of about 50 calls: <https://github.com/aws-ia/terraform-aws-control_tower_account_factory/issues/351>,
//! <https://github.com/raycast/extensions/issues/13304>.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::approval::Location;

/// How many calls may follow each other at once.
const BURST: f64 = 40.0;
/// The longest time between two calls once CodePipeline throttles.
const MAX_INTERVAL: Duration = Duration::from_secs(2);
/// How long calls that are not yet in line wait once CodePipeline throttles.
const PAUSE: Duration = Duration::from_secs(5);

/// How many calls per second follow a burst, in each account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace(u32);

impl Pace {
    /// The most calls per second.
    const MOST: u32 = 20;

    /// How long so many calls take at this pace, unless CodePipeline throttles.
    #[must_use]
    pub fn time_for(self, calls: usize) -> Duration {
        let calls = u32::try_from(calls).map_or(f64::MAX, f64::from);
        Duration::try_from_secs_f64((calls - BURST).max(0.0) / f64::from(self.0)).unwrap_or(Duration::MAX)
    }

    /// The time between two calls.
    fn interval(self) -> Duration {
        Duration::from_secs(1) / self.0
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self(5)
    }
}

impl FromStr for Pace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pace = text.parse().ok().filter(|pace| (1..=Self::MOST).contains(pace));
        pace.map(Self).ok_or("it is not a number of calls per second from 1 to 20")
    }
}

/// A pace for each account and region: CodePipeline throttles each on its own.
#[derive(Debug, Clone)]
pub(super) struct Pacers {
    pace: Pace,
    pacers: Arc<Mutex<HashMap<Location, Pacer>>>,
}

impl Pacers {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, pacers: Arc::default() }
    }

    pub(super) fn of(&self, at: &Location) -> Pacer {
        let mut pacers = self.pacers.lock().unwrap_or_else(PoisonError::into_inner);
        pacers.entry(at.clone()).or_insert_with(|| Pacer::new(self.pace)).clone()
    }
}

/// Gives each call its turn.
#[derive(Debug, Clone)]
pub(super) struct Pacer {
    pace: Pace,
    turns: Arc<Mutex<Turns>>,
}

#[derive(Debug)]
struct Turns {
    /// How many calls may begin at once; below zero, how many are in line.
    left: f64,
    at: Instant,
    interval: Duration,
}

impl Pacer {
    fn new(pace: Pace) -> Self {
        let turns = Turns { left: BURST, at: Instant::now(), interval: pace.interval() };
        Self { pace, turns: Arc::new(Mutex::new(turns)) }
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
        self.with(|turns| turns.interval = turns.interval.mul_f64(0.95).max(self.pace.interval()));
    }

    fn with<T>(&self, change: impl FnOnce(&mut Turns) -> T) -> T {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
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
    async fn a_burst_waits_for_nothing_and_then_there_are_as_many_a_second_as_the_pace_says() {
        for (pace, fifty, a_hundred_more) in [("5", 10_000, 20), ("1", 50_000, 100), ("20", 2_500, 5)] {
            let pace: Pace = pace.parse().unwrap();
            let pacer = Pacer::new(pace);
            assert_eq!(taken_by(&pacer, 40).await, Duration::ZERO);
            let next = taken_by(&pacer, 50).await;
            assert!((fifty - 100..=fifty + 100).contains(&next.as_millis()), "{pace:?}: {next:?}");
            sleep(Duration::from_mins(1)).await;
            assert_eq!(taken_by(&pacer, 40).await, Duration::ZERO, "a new burst");
            assert_eq!(pace.time_for(140), Duration::from_secs(a_hundred_more));
        }
    }

    #[test]
    fn a_pace_is_a_number_from_1_to_20() {
        assert_eq!("5".parse(), Ok(Pace::default()));
        for wrong in ["0", "21", "2.5", "-1", "", "fast"] {
            assert!(wrong.parse::<Pace>().is_err(), "{wrong}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_throttled_waits_and_is_slower_for_a_while() {
        let pacer = Pacer::new(Pace::default());
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
