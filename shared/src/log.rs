//! Log lines: one JSON object a line, with the members that Lambda reads: `level`, and `timestamp` in RFC 3339. A line
//! without them counts as INFO, whatever it says, and Lambda drops it where it is told to keep errors alone.
//!
//! Source: the Lambda developer guide, "Log-level filtering".

use std::fmt;

use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::Subscriber;
use tracing_subscriber::Layer;
pub use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::clock::{self, Clock};

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
        .with(lines(std::io::stdout, clock::system()))
        .init();
}

fn lines<S, W>(writer: W, clock: Clock) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_timer(At(clock))
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(writer)
}

/// When a line is written.
struct At(Clock);

impl FormatTime for At {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        w.write_str(&timestamp((self.0)()))
    }
}

/// A moment as a line's `timestamp`.
#[must_use]
pub fn timestamp(at: UtcDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_line_has_the_level_and_the_time_that_lambda_reads() {
        let written = Written::default();
        let writer = written.clone();
        let at = UtcDateTime::from_unix_timestamp(1_795_166_700).unwrap();
        let clock: Clock = Arc::new(move || at);
        let subscriber = tracing_subscriber::registry().with(lines(move || writer.clone(), clock));
        tracing::subscriber::with_default(subscriber, || tracing::error!(code = "Throttled", "a call failed"));
        let line: Value = serde_json::from_slice(&written.0.lock().unwrap()).unwrap();
        for (name, value) in [
            ("level", "ERROR"),
            ("timestamp", "2026-11-20T09:25:00Z"),
            ("message", "a call failed"),
            ("code", "Throttled"),
        ] {
            assert_eq!(line[name], value, "{line}");
        }
    }
}
