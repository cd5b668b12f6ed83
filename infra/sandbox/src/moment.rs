//! Moments as AWS writes them in events.

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, UtcDateTime};

type Format = [BorrowedFormatItem<'static>];

/// The format of an event's `time`.
pub(crate) const SECONDS: &Format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
/// The format of an SNS notification's `Timestamp`.
pub(crate) const MILLISECONDS: &Format =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
/// The format of `expires` in the notice of an approval, which has no seconds.
pub(crate) const MINUTES: &Format = format_description!("[year]-[month]-[day]T[hour]:[minute]Z");

/// A moment in one of these formats. They name only parts that every moment has, so that formatting cannot fail; an empty
/// text is the way out.
pub(crate) fn text(moment: UtcDateTime, format: &Format) -> String {
    moment.format(format).unwrap_or_default()
}

/// The moment that a text is, in any of these formats or another of RFC 3339.
pub(crate) fn read(text: &str) -> Option<UtcDateTime> {
    UtcDateTime::parse(text, MINUTES).or_else(|_| UtcDateTime::parse(text, &Rfc3339)).ok()
}

/// A moment that much later, in the format in which it is written. `None` if it is none, or there is none so late.
pub(crate) fn moved(written: &str, by: Duration) -> Option<String> {
    let later = read(written)?.checked_add(by)?;
    let formats = [MINUTES, SECONDS, MILLISECONDS];
    match formats.into_iter().find(|format| UtcDateTime::parse(written, format).is_ok()) {
        Some(format) => Some(text(later, format)),
        None => later.format(&Rfc3339).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_moved_in_its_own_format() {
        for (written, later) in [
            ("2022-08-30T11:09Z", "2022-08-30T12:09Z"),
            ("2022-08-30T11:09:40Z", "2022-08-30T12:09:41Z"),
            ("2022-08-30T11:09:40.068Z", "2022-08-30T12:09:41.568Z"),
            ("2022-08-30T11:09:40.068123Z", "2022-08-30T12:09:41.568123Z"),
            ("2022-08-30T13:09:40+02:00", "2022-08-30T12:09:41.5Z"),
        ] {
            let by = Duration::hours(1) + Duration::milliseconds(1500);
            assert_eq!(moved(written, by).as_deref(), Some(later), "{written}");
        }
        for written in ["", "soon", "2022-08-30", "2022-13-30T11:09Z"] {
            assert_eq!(moved(written, Duration::ZERO), None, "{written}");
        }
        assert_eq!(moved("2022-08-30T11:09Z", Duration::MAX), None);
    }
}
