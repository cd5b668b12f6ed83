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
    pub(crate) async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.aws.codepipeline.tick();
        self.lambda.drain().await;
        if by >= Duration::hours(1) {
            self.sweep_unattended().await;
        }
    }

    /// The sweep, as a command whose caller gets the report.
    pub(crate) async fn sweep(&self) -> Result<Report, Diagnostic> {
        let report = self.lambda.invoke(&sweep_event()).await;
        self.lambda.drain().await;
        report
    }

    /// The sweep, as the hourly rule runs it.
    async fn sweep_unattended(&self) {
        self.lambda.run(sweep_event()).await;
        self.lambda.drain().await;
    }

    pub(crate) async fn play(&self, event: Value) -> Result<Report, Diagnostic> {
        let event = replay::prepare(event, &self.aws.codepipeline);
        let report = self.lambda.invoke(&event).await;
        // An approval that took over from another has ended that one.
        self.lambda.drain().await;
        report
    }
}

/// The event of the hourly rule.
fn sweep_event() -> Value {
    json!({ "sweep": {} })
}

/// The hourly rule, for as long as there is a sandbox.
pub(crate) async fn every_hour(functions: Weak<Functions>) {
    loop {
        tokio::time::sleep(HOUR).await;
        let Some(functions) = functions.upgrade() else { return };
        functions.sweep_unattended().await;
    }
}
