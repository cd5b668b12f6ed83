//! The metrics of the notifier.

use countersign::metrics::Metric;

/// Approvals that were put to their approvers.
pub(crate) const REQUESTED: Metric = Metric::count("Requested");
/// Emails that SES accepted.
pub(crate) const SENT: Metric = Metric::count("Sent");
/// Emails that were not sent.
pub(crate) const SEND_FAILURES: Metric = Metric::count("SendFailures");
/// Emails that SES accepted and that did not arrive.
pub(crate) const UNDELIVERED: Metric = Metric::count("Undelivered");
/// Pipelines that a sweep did not look at.
pub(crate) const PIPELINES_LEFT: Metric = Metric::count("PipelinesLeft");
/// Approvals that a sweep did not look at because CodePipeline throttled.
pub(crate) const THROTTLED: Metric = Metric::count("Throttled");
/// Events of accounts or regions that are not served.
pub(crate) const UNSERVED: Metric = Metric::count("UnservedEvents");
