//! Time is a parameter: functions take `now`, and only [`system`] reads the wall clock.

use std::sync::Arc;

use time::format_description::well_known::Rfc3339;
use time::{Duration, UtcDateTime};

/// How far apart two clocks may be: those of two machines, or CodePipeline's and ours.
pub const CLOCK_SKEW: Duration = Duration::seconds(60);

/// Where a function gets the present moment from.
pub type Clock = Arc<dyn Fn() -> UtcDateTime + Send + Sync>;

/// The machine's clock.
#[must_use]
pub fn system() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    Arc::new(UtcDateTime::now)
}

/// `2026-11-27T09:15:00Z`: how a moment is written for programs.
#[must_use]
pub fn rfc3339(moment: UtcDateTime) -> String {
    moment.format(&Rfc3339).unwrap_or_else(|_| moment.to_string())
}
