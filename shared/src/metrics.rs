//! CloudWatch metrics, by the embedded metric format: a log line that CloudWatch reads numbers from. It costs no call.
//!
//! Source: the CloudWatch user guide, "Specification: CloudWatch embedded metric format". The lines hold the deployment's
//! name, numbers, and words from closed lists; no address, token or name of a pipeline.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use serde_json::json;

use crate::approval::Deployment;
use crate::clock::Clock;
use crate::log::timestamp;

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

/// One kind of measurement: its name, its unit, and at most one dimension besides the deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    name: &'static str,
    unit: &'static str,
    dimension: Option<(&'static str, &'static str)>,
}

impl Metric {
    /// A number of things.
    #[must_use]
    pub const fn count(name: &'static str) -> Self {
        Self { name, unit: "Count", dimension: None }
    }

    /// A time in seconds.
    #[must_use]
    pub const fn seconds(name: &'static str) -> Self {
        Self { name, unit: "Seconds", dimension: None }
    }

    /// The same, counted apart by the `value` of a dimension. Values come from a closed list: each one costs.
    #[must_use]
    pub const fn by(self, dimension: &'static str, value: &'static str) -> Self {
        Self { dimension: Some((dimension, value)), ..self }
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

    /// Records one value. Zero is recorded too: an alarm can then distinguish "none" from "no data".
    pub fn record(&self, metric: Metric, value: usize) {
        let Metric { name, unit, dimension } = metric;
        let mut dimensions = vec!["Deployment"];
        dimensions.extend(dimension.map(|(name, _)| name));
        let now = (self.clock)();
        let mut line = json!({
            // Lambda drops no line of this level, whichever it is told to keep. No other line of ours has it, so that a
            // search for errors does not find the metrics.
            "level": "FATAL",
            "timestamp": timestamp(now),
            "_aws": {
                "Timestamp": now.unix_timestamp().saturating_mul(1000),
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
