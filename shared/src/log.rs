//! Log lines: one JSON object a line.

pub use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The log targets whose lines are written at `level`: this crate's and those in `crates`, the caller's own.
///
/// Everything else is limited to warnings. At debug level the AWS SDK and the Lambda runtime write whole requests and
/// events, links and addresses included.
#[must_use]
pub fn filter(level: LevelFilter, crates: &[&str]) -> Targets {
    let targets = [env!("CARGO_CRATE_NAME")].into_iter().chain(crates.iter().copied());
    Targets::new().with_default(LevelFilter::WARN.min(level)).with_targets(targets.map(|target| (target, level)))
}

/// Starts logging to standard output, which Lambda hands to CloudWatch Logs: what `function`, the caller's crate, and
/// this crate write at `level`, and warnings of all others.
pub fn start(level: LevelFilter, function: &str) {
    tracing_subscriber::registry()
        .with(filter(level, &[function]))
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
