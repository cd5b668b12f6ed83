//! The metrics that the functions write.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use countersign::metrics::Sink;

use crate::lock::lock;

/// The latest lines of metrics.
pub(crate) type Lines = Arc<Mutex<VecDeque<String>>>;

/// The most lines of metrics that are remembered.
const REMEMBERED_METRICS: usize = 10_000;

/// A sink that keeps metrics for [`Sandbox::metrics`](crate::Sandbox::metrics) instead of filling the terminal with them.
pub(crate) fn sink(lines: &Lines) -> Sink {
    let lines = Arc::clone(lines);
    Arc::new(move |line| {
        let mut lines = lock(&lines);
        if lines.len() >= REMEMBERED_METRICS {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    })
}
