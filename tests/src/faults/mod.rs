//! Stories told while AWS fails, step by step, and what must be true in the end whatever has failed.
//!
//! A [`Schedule`] names a story, a seed that all chance comes from, and what goes wrong; [`run`] tells it on a simulation of
//! its own and checks the invariants from outside. [`explore`] runs many.

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

/// Longer than any story lasts. Whatever takes longer will never end.
const FOREVER: Duration = Duration::from_secs(30 * 24 * 3600);

/// One story, and what goes wrong in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Which story.
    pub story: Story,
    /// What latencies, jitter and the visitors' pace come from.
    pub seed: u64,
    /// What goes wrong at single calls.
    pub faults: Vec<Planned>,
    /// What goes wrong for a while.
    pub outage: Option<Outage>,
}

impl Schedule {
    /// The story with nothing going wrong.
    pub fn without_faults(story: Story, seed: u64) -> Self {
        Self { story, seed, faults: Vec::new(), outage: None }
    }
}

/// The arguments of `tests/run faults` that play it again.
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

/// What happened.
#[derive(Debug)]
pub struct Told {
    /// The calls of both functions.
    pub steps: Vec<Step>,
    /// How many of them were made while something could go wrong: the rest is the check.
    pub exposed: usize,
    /// The pages that people saw, in their order.
    pub seen: Vec<Seen>,
    /// The log of both functions, at its most talkative.
    pub log: Vec<String>,
    /// What no log, error or metric may hold, and what it is.
    pub secrets: Vec<(&'static str, String)>,
    /// What is not as it must be, one line each.
    pub broken: Vec<String>,
}

/// Tells a story and checks what must be true in the end.
pub fn run(schedule: &Schedule) -> Told {
    let runtime = crate::simulated_time();
    let plan = Plan { faults: schedule.faults.clone(), outage: schedule.outage.clone() };
    let (mut steps, mut exposed, mut seen, mut secrets) = (Vec::new(), 0, Vec::new(), Vec::new());
    let lines = log::Lines::default();
    let (told, log) = lines.during(|| {
        catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                let scene = scene::Scene::new(schedule.story.terms(), schedule.seed, plan).await;
                let told = tokio::time::timeout(FOREVER, async {
                    schedule.story.play(&scene).await;
                    exposed = scene.simulation.steps().len();
                    invariants::check(&scene).await
                });
                let mut broken = told.await.unwrap_or_else(|_| vec!["the story never ends".to_owned()]);
                secrets = scene.secrets();
                broken.extend(invariants::leaks(&scene, &secrets, &lines.so_far()));
                steps = scene.simulation.steps();
                seen = scene.seen.take();
                broken
            })
        }))
    });
    let broken = told.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        vec![words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()]
    });
    Told { steps, exposed, seen, log, secrets, broken }
}
