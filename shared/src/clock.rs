//! Time is a parameter: functions take `now`, and only [`system`] reads the wall clock.

use std::sync::Arc;

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, UtcDateTime};

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

/// `2026-11-27T09:15:00Z`: how a moment is written for programs.
#[must_use]
pub fn rfc3339(moment: UtcDateTime) -> String {
    moment.format(&Rfc3339).unwrap_or_else(|_| moment.to_string())
}

/// `3 days`, `5 hours`, `40 minutes`: how a span of time is written for people, rounded down, in the largest unit of which
/// there are two.
#[must_use]
pub fn span_in_words(span: Duration) -> String {
    let (number, unit) = match (span.whole_days(), span.whole_hours(), span.whole_minutes()) {
        (days @ 2.., _, _) => (days, "days"),
        (_, hours @ 2.., _) => (hours, "hours"),
        (_, _, minutes @ 2..) => (minutes, "minutes"),
        _ => return "a minute".to_owned(),
    };
    format!("{number} {unit}")
}

/// Serde form of a span of time: whole seconds.
pub mod seconds {
    /// One that may be missing.
    pub mod optional {
        use serde::{Deserialize, Deserializer, Serialize, Serializer};
        use time::Duration;

        /// Writes whole seconds.
        ///
        /// # Errors
        /// The serializer's own.
        pub fn serialize<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
            span.map(Duration::whole_seconds).serialize(serializer)
        }

        /// Reads whole seconds.
        ///
        /// # Errors
        /// The deserializer's own.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
            Ok(Option::<i64>::deserialize(deserializer)?.map(Duration::seconds))
        }
    }

    /// Several.
    pub mod list {
        use serde::{Deserialize, Deserializer, Serializer};
        use time::Duration;

        /// Writes whole seconds.
        ///
        /// # Errors
        /// The serializer's own.
        pub fn serialize<S: Serializer>(spans: &[Duration], serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(spans.iter().map(|span| span.whole_seconds()))
        }

        /// Reads whole seconds.
        ///
        /// # Errors
        /// The deserializer's own.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Duration>, D::Error> {
            Ok(Vec::<i64>::deserialize(deserializer)?.into_iter().map(Duration::seconds).collect())
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_the_unit_that_people_use() {
        for (minutes, words) in [
            (60 * 24 * 7, "7 days"),
            (60 * 48, "2 days"),
            (60 * 48 - 1, "47 hours"),
            (120, "2 hours"),
            (119, "119 minutes"),
            (2, "2 minutes"),
            (1, "a minute"),
            (0, "a minute"),
        ] {
            assert_eq!(span_in_words(Duration::minutes(minutes)), words);
        }
    }
}
