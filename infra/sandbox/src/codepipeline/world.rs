//! The pipelines' surroundings.

use time::{Duration, UtcDateTime};
use tokio::sync::mpsc::UnboundedSender;

/// The surroundings of pipelines: the clock, and the receiver of their events.
pub(super) struct World<'a> {
    pub now: UtcDateTime,
    /// How long an approval waits that does not say: a quota of the account.
    pub default_timeout: Duration,
    pub events: &'a UnboundedSender<serde_json::Value>,
}

impl World<'_> {
    /// Sends an event. A receiver that is gone is no error of the pipeline's.
    pub fn emit(&self, event: serde_json::Value) {
        let _ = self.events.send(event);
    }
}
