//! Time is a parameter: functions take `now`, and only [`system`] reads the wall clock.

use std::sync::Arc;

use time::UtcDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// Where a function gets the present moment from.
pub type Clock = Arc<dyn Fn() -> UtcDateTime + Send + Sync>;

/// The machine's clock.
#[must_use]
pub fn system() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    Arc::new(UtcDateTime::now)
}

/// `27 November 2026, 09:15 UTC`: how a moment is written for people.
#[must_use]
pub fn in_words(moment: UtcDateTime) -> String {
    const FORMAT: &[BorrowedFormatItem<'static>] =
        format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    // The format names only components that every moment has, so formatting cannot fail; the fall-back is still true.
    moment.format(FORMAT).unwrap_or_else(|_| moment.to_string())
}

/// Serde form of a moment: whole seconds since 1970, as JWT claims and DynamoDB's TTL have it.
pub mod epoch {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
    use time::UtcDateTime;

    /// Writes whole seconds.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(moment: &UtcDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        moment.unix_timestamp().serialize(serializer)
    }

    /// Reads whole seconds.
    ///
    /// # Errors
    /// The deserializer's own, and when the number is no moment.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UtcDateTime, D::Error> {
        UtcDateTime::from_unix_timestamp(i64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
