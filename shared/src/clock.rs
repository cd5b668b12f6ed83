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
