//! Log lines: one JSON object a line, from our own code only.

pub use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The crates whose lines are written. At their talkative levels the AWS SDK and the Lambda runtime write whole
/// requests and events, links and addresses included; so from everyone else only warnings pass.
const OURS: [&str; 3] = ["callback", "countersign", "notifier"];

/// Which lines pass when our own code writes at `level`.
#[must_use]
pub fn filter(level: LevelFilter) -> Targets {
    Targets::new().with_default(LevelFilter::WARN.min(level)).with_targets(OURS.map(|target| (target, level)))
}

/// Starts logging to standard output, which Lambda hands to CloudWatch Logs.
pub fn start(level: LevelFilter) {
    tracing_subscriber::registry()
        .with(filter(level))
        .with(
            tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .without_time()
                .with_current_span(true)
                .with_span_list(false),
        )
        .init();
}
