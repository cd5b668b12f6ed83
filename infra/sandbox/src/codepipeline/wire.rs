//! How the service writes JSON: absent members are left out, times are seconds since 1970 with a fraction.

use serde_json::{Map, Value};
use time::UtcDateTime;

/// A structure under construction. Members without a value are left out: the service never writes `null`.
pub(super) struct Members(Map<String, Value>);

impl Members {
    pub fn new() -> Self {
        Self(Map::new())
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A list that is left out when it is empty.
    pub fn some(self, name: &str, values: Vec<Value>) -> Self {
        if values.is_empty() { self } else { self.with(name, values) }
    }
}

impl From<Members> for Value {
    fn from(members: Members) -> Self {
        Self::Object(members.0)
    }
}

/// Seconds since 1970, to the millisecond, as the service gives them.
pub(super) fn seconds(time: UtcDateTime) -> f64 {
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "53 bits of seconds last for 285 million years"
    )]
    let seconds = time.unix_timestamp() as f64;
    seconds + f64::from(time.millisecond()) / 1000.0
}
