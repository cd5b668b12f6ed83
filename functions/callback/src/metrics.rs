//! The callback's metrics.

use countersign::approval::Decision;
use countersign::metrics::Metric;

/// Votes that were recorded.
pub(crate) const VOTES: Metric = Metric::count("Votes");
/// Uses of links whose approval was asked for again since.
pub(crate) const OLDER_LINKS: Metric = Metric::count("OlderLinks");
/// The time from the request to the decision.
pub(crate) const TIME_TO_DECISION: Metric = Metric::seconds("TimeToDecision");

/// Approvals that links decided, by decision.
pub(crate) const fn decisions(decision: Decision) -> Metric {
    Metric::count("Decisions").by("Decision", decision.as_str())
}

/// Requests that were refused, by reason.
pub(crate) const fn refusals(reason: &'static str) -> Metric {
    Metric::count("Refusals").by("Reason", reason)
}
