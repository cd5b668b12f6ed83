//! Stories played while AWS fails at any step, and the invariants that must hold in the end.
//!
//! A [`Schedule`] names a story, the seed of all random choices, and the faults; [`run`] plays it on a simulation of
//! its own and checks the invariants from outside. [`explore`] runs many schedules.

mod events_out;
pub mod explore;
mod invariants;
mod log;
mod scene;
mod seen;
mod stories;
mod terms;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use sandbox::simulation::{Outage, Plan, Planned, Step};

pub use log::Lines;
pub use seen::{Ending, Says, Seen};
pub use stories::Story;

/// The time limit of a story: longer than any story lasts.
const FOREVER: Duration = Duration::from_secs(30 * 24 * 3600);

/// A story, and the faults in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The story.
    pub story: Story,
    /// The seed of latencies, jitter and the visitors' pace.
    pub seed: u64,
    /// The faults at single calls.
    pub faults: Vec<Planned>,
    /// The operation that fails for a while, if there is one.
    pub outage: Option<Outage>,
}

impl Schedule {
    /// The story without faults.
    pub fn without_faults(story: Story, seed: u64) -> Self {
        Self { story, seed, faults: Vec::new(), outage: None }
    }
}

/// The arguments of `tests/run faults` that run the schedule again.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--story {} --seed {}", self.story.name(), self.seed)?;
        if !self.faults.is_empty() {
            let faults: Vec<String> = self.faults.iter().map(Planned::to_string).collect();
            write!(f, " --faults '{}'", faults.join(","))?;
        }
        if let Some(outage) = &self.outage {
            write!(f, " --outage '{}'", outage)?;
        }
        Ok(())
    }
}

/// The record of one run of a story.
#[derive(Debug)]
pub struct RunReport {
    /// The calls of both functions.
    pub steps: Vec<Step>,
    /// How many of the calls belong to the story, where faults can happen; the check makes the rest.
    pub exposed: usize,
    /// The pages that visitors saw, in order.
    pub seen: Vec<Seen>,
    /// The log of both functions at the level `trace`.
    pub log: Vec<String>,
    /// The secrets that no log, error or metric may hold, each with a description.
    pub secrets: Vec<(&'static str, String)>,
    /// The broken invariants, one line each.
    pub broken: Vec<String>,
}

/// Plays a story and checks the invariants at its end.
pub fn run(schedule: &Schedule) -> RunReport {
    let runtime = crate::simulated_time();
    let plan = Plan { faults: schedule.faults.clone(), outage: schedule.outage.clone() };
    let (mut steps, mut exposed, mut seen, mut secrets) = (Vec::new(), 0, Vec::new(), Vec::new());
    let lines = log::Lines::default();
    let (broken, log) = lines.during(|| {
        catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                let scene = scene::Scene::new(schedule.story.terms(), schedule.seed, plan).await;
                let check = tokio::time::timeout(FOREVER, async {
                    schedule.story.play(&scene).await;
                    exposed = scene.simulation.steps().len();
                    invariants::check(&scene).await
                });
                let mut broken = check.await.unwrap_or_else(|_| vec!["the story never ends".to_owned()]);
                secrets = scene.secrets();
                broken.extend(invariants::leaks(&scene, &secrets, &lines.so_far()));
                steps = scene.simulation.steps();
                seen = scene.seen.take();
                broken
            })
        }))
    });
    let broken = broken.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        vec![words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()]
    });
    RunReport { steps, exposed, seen, log, secrets, broken }
}
