//! CloudWatch metrics, by the embedded metric format: a log line that CloudWatch reads numbers from. It costs no call.
//!
//! Source: the CloudWatch user guide, "Specification: CloudWatch embedded metric format". The lines hold the deployment's
//! name, numbers, and words from closed lists; no address, token or name of a pipeline.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use serde_json::json;
use time::{Duration, UtcDateTime};

use crate::approval::{Decision, Deployment};
use crate::clock::Clock;

/// The namespace of all metrics.
const NAMESPACE: &str = "Countersign";

/// Where lines go.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// Standard output, which Lambda hands to CloudWatch Logs.
#[must_use]
pub fn standard_output() -> Sink {
    Arc::new(|line| {
        // Nothing can be done about a log that cannot be written, and a decision must not fail for it.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    })
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Approvals that were put to their approvers.
    Requested,
    /// Emails that SES took.
    Sent,
    /// Emails that were not sent.
    SendFailures,
    /// Votes that were recorded.
    Votes,
    /// Approvals that links decided.
    Decisions(Decision),
    /// Requests that were refused, by reason.
    Refusals(&'static str),
}

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Self::Requested => "Requested",
            Self::Sent => "Sent",
            Self::SendFailures => "SendFailures",
            Self::Votes => "Votes",
            Self::Decisions(_) => "Decisions",
            Self::Refusals(_) => "Refusals",
        }
    }

    /// What it is told apart by, besides the deployment.
    fn dimension(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Decisions(decision) => Some(("Decision", decision.as_str())),
            Self::Refusals(reason) => Some(("Reason", reason)),
            Self::Requested | Self::Sent | Self::SendFailures | Self::Votes => None,
        }
    }
}

/// Writes the metrics of one deployment.
#[derive(Clone)]
pub struct Metrics {
    deployment: Deployment,
    clock: Clock,
    sink: Sink,
}

impl Metrics {
    /// Metrics of `deployment`, written to `sink`.
    #[must_use]
    pub fn new(deployment: Deployment, clock: Clock, sink: Sink) -> Self {
        Self { deployment, clock, sink }
    }

    /// Counts `number` of something. Zero is counted too: an alarm can tell "none" from "nothing known".
    pub fn count(&self, metric: Metric, number: usize) {
        self.write(metric.name(), "Count", number, metric.dimension());
    }

    /// From the request to the decision, in seconds.
    pub fn time_to_decision(&self, asked: UtcDateTime, decided: UtcDateTime) {
        let waited: Duration = decided - asked;
        self.write("TimeToDecision", "Seconds", usize::try_from(waited.whole_seconds()).unwrap_or(0), None);
    }

    fn write(&self, name: &str, unit: &str, value: usize, dimension: Option<(&str, &str)>) {
        let mut dimensions = vec!["Deployment"];
        dimensions.extend(dimension.map(|(name, _)| name));
        let mut line = json!({
            "_aws": {
                "Timestamp": (self.clock)().unix_timestamp().saturating_mul(1000),
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [dimensions],
                    "Metrics": [{"Name": name, "Unit": unit}],
                }],
            },
            "Deployment": self.deployment.as_str(),
        });
        if let Some(fields) = line.as_object_mut() {
            fields.insert(name.to_owned(), json!(value));
            fields.extend(dimension.map(|(name, value)| (name.to_owned(), json!(value))));
        }
        (self.sink)(&line.to_string());
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("deployment", &self.deployment).finish_non_exhaustive()
    }
}
