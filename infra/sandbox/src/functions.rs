//! Both functions, running on the sandbox's AWS.

use std::sync::{Arc, Weak};

use callback::Callback;
use lambda_runtime::Diagnostic;
use notifier::report::Report;
use serde_json::{Value, json};
use time::Duration;

use crate::aws::Aws;
use crate::clock::SandboxClock;
use crate::lambda::Lambda;
use crate::metrics::Lines;
use crate::replay;

/// The interval between sweeps.
const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

/// Both functions, and what they run on.
pub(crate) struct Functions {
    pub(crate) aws: Arc<Aws>,
    pub(crate) callback: Callback,
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) clock: SandboxClock,
    pub(crate) metrics: Lines,
}

impl Functions {
    /// Moves the clock on, and has everything that comes with time happen at its time: approvals expire at their
    /// deadlines, and the sweep runs every hour, the last time at the end. Hours in which no approval waits are skipped: a
    /// sweep finds nothing in them that the last one does not find.
    pub(crate) async fn advance(&self, by: Duration) {
        let mut left = by;
        while left.is_positive() {
            let deadline = self.aws.codepipeline.next_deadline();
            let until_sweep = if deadline.is_some() { until_next_of_hourly(left) } else { left };
            let until_deadline = deadline.map_or(left, |deadline| deadline - self.clock.now());
            let step = until_deadline.clamp(Duration::ZERO, until_sweep);
            self.pass(step).await;
            left -= step;
            if step == until_sweep && by >= Duration::HOUR {
                self.sweep_unattended().await;
            }
        }
    }

    /// Moves the clock on as if the functions had been out of order in between: the sweep runs once, at the end, after an
    /// hour or more.
    pub(crate) async fn skip(&self, by: Duration) {
        self.pass(by).await;
        if by >= Duration::HOUR {
            self.sweep_unattended().await;
        }
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.aws.codepipeline.tick();
        self.lambda.drain().await;
    }

    /// The sweep, as a command whose caller gets the report.
    pub(crate) async fn sweep(&self) -> Result<Report, Diagnostic> {
        let report = self.lambda.invoke(&json!({ "sweep": {} })).await;
        self.lambda.drain().await;
        report
    }

    /// The sweep, as the hourly rule has it run: part by part.
    async fn sweep_unattended(&self) {
        self.lambda.run(round_event()).await;
        self.lambda.drain().await;
    }

    pub(crate) async fn play(&self, event: Value) -> Result<Report, Diagnostic> {
        let event = replay::prepare(event, &self.aws.codepipeline);
        let report = if event.get("doctor").is_some() {
            self.lambda.invoke_among_others(event).await
        } else {
            self.lambda.invoke(&event).await
        };
        // An approval that took over from another has ended that one.
        self.lambda.drain().await;
        report
    }
}

/// The time until the next of the hourly sweeps of which the last one is at the end of `left`.
fn until_next_of_hourly(left: Duration) -> Duration {
    let begun = left - Duration::hours(left.whole_hours());
    if begun.is_zero() { Duration::HOUR } else { begun }
}

/// The event of the hourly rule.
pub(crate) fn round_event() -> Value {
    json!({ "round": {} })
}

/// The hourly rule, for as long as there is a sandbox.
pub(crate) async fn every_hour(functions: Weak<Functions>) {
    loop {
        tokio::time::sleep(HOUR).await;
        let Some(functions) = functions.upgrade() else { return };
        functions.sweep_unattended().await;
    }
}
