//! An adversary who may write or delete any item of the ledger and send any event, at any step.
//!
//! From a seed, honest people start pipelines, open links and press buttons, the sweep runs, the policy changes; and in
//! between, or at the same moment, the adversary acts. They hold the notifier's access key for DynamoDB, so that the
//! table's policy does not stop them, and no key that signs. After each step, [`check`] compares what was mailed, shown and
//! put with what CodePipeline holds and with the buttons that were pressed.

mod answered;
mod check;
mod events;
mod honest;
mod ledger;
mod scene;

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use scene::Scene;

/// How many steps a schedule has.
const STEPS: usize = 24;

/// The time limit of a schedule, in simulated time: longer than any lasts.
const FOREVER: Duration = Duration::from_secs(400 * 24 * 3600);

/// The record of one schedule.
#[derive(Debug, Default)]
pub struct Report {
    /// What was done, one line each.
    pub steps: Vec<String>,
    /// What was broken, one line each. The schedule ends at the first step that broke something.
    pub broken: Vec<String>,
    /// How many results our role put.
    pub put: usize,
    /// How many emails were sent.
    pub mails: usize,
}

/// Plays the schedule of a seed.
pub fn run(seed: u64) -> Report {
    let runtime = crate::simulated_time();
    let played = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let scene = Scene::new(seed).await;
            let steps = tokio::time::timeout(FOREVER, async {
                for _ in 0..STEPS {
                    scene.step().await;
                    if scene.is_broken() {
                        return;
                    }
                }
                // What was begun is finished by honest sweeps, and must be true, too.
                for _ in 0..2 {
                    scene.sweep().await;
                }
            });
            if steps.await.is_err() {
                scene.broken("the schedule never ends".to_owned());
            }
            scene.report()
        })
    }));
    played.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
        Report { broken: vec![format!("a panic: {words}")], ..Report::default() }
    })
}

/// What several schedules came to.
#[derive(Debug, Default)]
pub struct Sum {
    /// How many were played.
    pub schedules: u64,
    /// How many results our role put in all of them.
    pub put: usize,
    /// How many emails were sent.
    pub mails: usize,
    /// The schedules that broke something, with what they broke, by their seeds.
    pub failures: Vec<(u64, Vec<String>)>,
}

/// Plays the schedules of `number` seeds from `first` on, on as many threads as there are processors, and begins no more
/// once `most_failures` have failed.
pub fn run_all(first: u64, number: u64, most_failures: usize) -> Sum {
    let (next, sum) = (AtomicU64::new(0), Mutex::new(Sum::default()));
    let threads = thread::available_parallelism().map_or(2, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= number || sum.lock().unwrap().failures.len() >= most_failures {
                        return;
                    }
                    let Report { broken, put, mails, .. } = run(first + index);
                    let mut sum = sum.lock().unwrap();
                    (sum.schedules, sum.put, sum.mails) = (sum.schedules + 1, sum.put + put, sum.mails + mails);
                    if !broken.is_empty() {
                        sum.failures.push((first + index, broken));
                    }
                }
            });
        }
    });
    let mut sum = sum.into_inner().unwrap();
    sum.failures.sort();
    sum
}
