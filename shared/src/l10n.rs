//! The texts that people read, in each language that `locales/` has a file for.
//!
//! The build makes a function of every message of `locales/en.ftl`, and fails where a language lacks one. A text comes
//! out whole, with foreign text in it unescaped: the code that puts it into HTML escapes it.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use time::{Date, Duration, Time, UtcDateTime};
use unic_langid::LanguageIdentifier;

use crate::approval::Decision;
use crate::text::isolated;
use crate::time_zone::TimeZone;

include!(concat!(env!("OUT_DIR"), "/texts.rs"));

/// A language that pages and emails are written in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Language(usize);

/// A language that has no texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an available language")]
pub struct UnknownLanguage;

/// What there is to say, in one language, and the time zone in which moments are told.
#[derive(Clone, Copy)]
pub struct Texts {
    language: Language,
    time_zone: TimeZone,
    bundle: &'static FluentBundle<FluentResource>,
}

impl Language {
    /// The language where nothing else is asked for.
    pub const ENGLISH: Self = Self(ENGLISH);

    /// All of them, by their tags.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..LOCALES.len()).map(Self)
    }

    /// Its tag, such as `de` or `pt`.
    /// <https://www.rfc-editor.org/info/bcp47>
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.locale().0
    }

    /// Its words, with moments in UTC.
    #[must_use]
    pub fn texts(self) -> Texts {
        static BUNDLES: [OnceLock<FluentBundle<FluentResource>>; LOCALES.len()] =
            [const { OnceLock::new() }; LOCALES.len()];
        let bundle = || bundle(self.locale());
        // A language is made from the table alone, so it has its place here.
        let bundle = BUNDLES.get(self.0).unwrap_or(&BUNDLES[ENGLISH]).get_or_init(bundle);
        Texts { language: self, time_zone: TimeZone::UTC, bundle }
    }

    fn locale(self) -> (&'static str, &'static str) {
        LOCALES.get(self.0).copied().unwrap_or(LOCALES[ENGLISH])
    }
}

fn bundle((tag, text): (&str, &str)) -> FluentBundle<FluentResource> {
    let language = tag.parse::<LanguageIdentifier>().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // We isolate what may run the other way ourselves: marks around every name would be copied with it.
    bundle.set_use_isolating(false);
    // What the build has read cannot have errors.
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

impl Default for Language {
    fn default() -> Self {
        Self::ENGLISH
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        Self::all().find(|language| language.as_str().eq_ignore_ascii_case(text)).ok_or(UnknownLanguage)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({self})")
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Texts({}, {})", self.language, self.time_zone)
    }
}

impl Texts {
    /// The language that these are of.
    #[must_use]
    pub fn language(self) -> Language {
        self.language
    }

    fn say<const N: usize>(self, message: &str, arguments: [(&'static str, FluentValue<'_>); N]) -> String {
        let Some(pattern) = self.bundle.get_message(message).and_then(|message| message.value()) else {
            // The build has seen to it that there is one.
            return message.to_owned();
        };
        let arguments: FluentArgs = arguments.into_iter().collect();
        self.bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    }

    /// The same, with moments in this zone.
    #[must_use]
    pub fn in_zone(self, time_zone: TimeZone) -> Self {
        Self { time_zone, ..self }
    }

    /// `27 November 2026, 09:15 UTC`, or, in a zone, `27 November 2026, 10:15 Berlin time (09:15 UTC)`. UTC is always
    /// there: it tells apart the two hours that are one on the clocks when they go back, and people of several zones can
    /// compare it.
    #[must_use]
    pub fn at(self, at: UtcDateTime) -> String {
        if let Some((local, utc)) = self.both_at(at) {
            return self.both_times(&local, &utc);
        }
        let (day, month, time) = self.parts(at.date(), at.time());
        self.moment(&day, &month, &time, &at.year().to_string())
    }

    /// Until when, and in what span of time that is from now on, for a message that has the span in brackets. In a zone, UTC
    /// is in the same brackets.
    #[must_use]
    pub fn until(self, until: UtcDateTime, now: UtcDateTime) -> (String, String) {
        let span = self.in_span(until - now);
        match self.both_at(until) {
            Some((local, utc)) => (local, self.utc_and_in(&span, &utc)),
            None => (self.at(until), span),
        }
    }

    /// A moment on the clocks of the zone, and then in UTC, with the day where that differs.
    fn both_at(self, at: UtcDateTime) -> Option<(String, String)> {
        let (local, place) = self.time_zone.local(at)?;
        let (day, month, time) = self.parts(local.date(), local.time());
        let there = self.local_moment(&day, &month, &place, &time, &local.year().to_string());
        let (day, month, time) = self.parts(at.date(), at.time());
        let is_same_day = local.date() == at.date();
        let utc = if is_same_day { self.utc_time(&time) } else { self.utc_day_and_time(&day, &month, &time) };
        Some((there, utc))
    }

    /// The day, the name of the month, and the time.
    fn parts(self, date: Date, time: Time) -> (String, String, String) {
        let (hour, minute, _) = time.as_hms();
        (date.day().to_string(), self.month(u8::from(date.month()).into()), format!("{hour:02}:{minute:02}"))
    }

    /// `27 November 2026`: the day in the zone.
    #[must_use]
    pub fn day_of(self, at: UtcDateTime) -> String {
        let date = self.time_zone.local(at).map_or_else(|| at.date(), |(local, _)| local.date());
        let (day, month, _) = self.parts(date, at.time());
        self.day(&day, &month, &date.year().to_string())
    }

    /// `3 days`, `5 hours`, `40 minutes`: a span of time in the largest unit of which there are two, rounded down, but
    /// up to a whole minute.
    #[must_use]
    pub fn span(self, span: Duration) -> String {
        match largest(span) {
            (Unit::Days, count) => self.days(count),
            (Unit::Hours, count) => self.hours(count),
            (Unit::Minutes, count) => self.minutes(count),
        }
    }

    /// `in 3 days`: the same from now on.
    #[must_use]
    pub fn in_span(self, span: Duration) -> String {
        match largest(span) {
            (Unit::Days, count) => self.in_days(count),
            (Unit::Hours, count) => self.in_hours(count),
            (Unit::Minutes, count) => self.in_minutes(count),
        }
    }

    /// `Approved` or `Rejected`.
    #[must_use]
    pub fn decision(self, decision: Decision) -> String {
        match decision {
            Decision::Approved => self.approved(),
            Decision::Rejected => self.rejected(),
        }
    }

    /// The names in a list of people, one after the other.
    #[must_use]
    pub fn list(self, names: &[String]) -> String {
        let names: Vec<_> = names.iter().map(|name| isolated(name)).collect();
        names.join(&self.name_separator())
    }
}

enum Unit {
    Days,
    Hours,
    Minutes,
}

/// The largest unit that fits, and how many. A minute that has begun counts: seven days less the seconds that an email
/// takes are seven days. It is at least a minute: a time that is over has texts of its own.
fn largest(span: Duration) -> (Unit, usize) {
    let span = span.saturating_add(Duration::seconds(59));
    let (unit, count) = match (span.whole_days(), span.whole_hours(), span.whole_minutes()) {
        (days @ 2.., _, _) => (Unit::Days, days),
        (_, hours @ 2.., _) => (Unit::Hours, hours),
        (_, _, minutes) => (Unit::Minutes, minutes.max(1)),
    };
    (unit, usize::try_from(count).unwrap_or(usize::MAX))
}

/// A text in a message: apart from its surroundings, where it may run the other way.
fn text(text: &str) -> FluentValue<'_> {
    FluentValue::from(isolated(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::utc_datetime;

    #[test]
    fn every_language_says_everything() {
        let moment = utc_datetime!(2026-11-27 09:15);
        for language in Language::all() {
            let texts = language.texts();
            let question = texts.release_question("payments-api", "Production");
            assert!(question.contains("payments-api") && question.contains("Production"), "{language}: {question}");
            let text = texts.at(moment);
            assert!(text.contains("27") && text.contains("2026") && text.contains("09:15 UTC"), "{language}: {text}");
            for days in 1..=12 {
                let span = texts.span(Duration::days(days));
                let ahead = texts.in_span(Duration::days(days));
                assert!(
                    span.contains(char::is_numeric) && ahead.contains(char::is_numeric),
                    "{language}: {span}, {ahead}"
                );
            }
            assert_ne!(texts.approved(), texts.rejected(), "{language}");
            assert_ne!(texts.approve(), texts.reject(), "{language}");
            assert_ne!(texts.approve_button(), texts.reject_button(), "{language}");
            assert_eq!(language.as_str().parse(), Ok(language));
        }
    }

    #[test]
    fn moments_and_spans_are_told_as_people_write_them() {
        let texts = Language::ENGLISH.texts();
        assert_eq!(texts.at(utc_datetime!(2026-02-03 04:05:59)), "3 February 2026, 04:05 UTC");
        for (minutes, span, ahead) in [
            (60 * 24 * 7, "7 days", "in 7 days"),
            (60 * 48, "2 days", "in 2 days"),
            (60 * 48 - 1, "47 hours", "in 47 hours"),
            (120, "2 hours", "in 2 hours"),
            (119, "119 minutes", "in 119 minutes"),
            (1, "1 minute", "in 1 minute"),
            (0, "1 minute", "in 1 minute"),
        ] {
            assert_eq!(texts.span(Duration::minutes(minutes)), span);
            assert_eq!(texts.in_span(Duration::minutes(minutes)), ahead);
        }
        let span = Duration::days(7) - Duration::seconds(59);
        assert_eq!((texts.span(span), texts.span(span - Duration::SECOND)), ("7 days".to_owned(), "6 days".to_owned()));
    }

    fn texts(language: &str, time_zone: &str) -> Texts {
        language.parse::<Language>().unwrap().texts().in_zone(time_zone.parse().unwrap())
    }

    #[test]
    fn a_moment_in_a_zone_has_its_local_time_and_then_utc() {
        for (zone, at, expected) in [
            ("UTC", utc_datetime!(2026-11-27 09:15), "27 November 2026, 09:15 UTC"),
            ("Europe/Berlin", utc_datetime!(2026-11-27 09:15), "27 November 2026, 10:15 Berlin time (09:15 UTC)"),
            // Clocks go forward.
            ("Europe/Berlin", utc_datetime!(2026-03-29 00:59), "29 March 2026, 01:59 Berlin time (00:59 UTC)"),
            ("Europe/Berlin", utc_datetime!(2026-03-29 01:00), "29 March 2026, 03:00 Berlin time (01:00 UTC)"),
            ("America/New_York", utc_datetime!(2026-03-08 06:59), "8 March 2026, 01:59 New York time (06:59 UTC)"),
            ("America/New_York", utc_datetime!(2026-03-08 07:00), "8 March 2026, 03:00 New York time (07:00 UTC)"),
            // They go back: two hours have the same local time.
            ("Europe/Berlin", utc_datetime!(2026-10-25 00:30), "25 October 2026, 02:30 Berlin time (00:30 UTC)"),
            ("Europe/Berlin", utc_datetime!(2026-10-25 01:30), "25 October 2026, 02:30 Berlin time (01:30 UTC)"),
            ("America/New_York", utc_datetime!(2026-11-01 05:30), "1 November 2026, 01:30 New York time (05:30 UTC)"),
            ("America/New_York", utc_datetime!(2026-11-01 06:30), "1 November 2026, 01:30 New York time (06:30 UTC)"),
            // It is another day there.
            (
                "Pacific/Auckland",
                utc_datetime!(2026-04-04 13:59),
                "5 April 2026, 02:59 Auckland time (4 April, 13:59 UTC)",
            ),
            (
                "Pacific/Auckland",
                utc_datetime!(2026-04-04 14:00),
                "5 April 2026, 02:00 Auckland time (4 April, 14:00 UTC)",
            ),
            (
                "Pacific/Auckland",
                utc_datetime!(2026-12-31 12:00),
                "1 January 2027, 01:00 Auckland time (31 December, 12:00 UTC)",
            ),
            (
                "America/New_York",
                utc_datetime!(2027-01-01 04:59),
                "31 December 2026, 23:59 New York time (1 January, 04:59 UTC)",
            ),
            ("Asia/Kolkata", utc_datetime!(2026-11-27 18:29), "27 November 2026, 23:59 Kolkata time (18:29 UTC)"),
            (
                "Asia/Kolkata",
                utc_datetime!(2026-11-27 18:30),
                "28 November 2026, 00:00 Kolkata time (27 November, 18:30 UTC)",
            ),
        ] {
            assert_eq!(texts("en", zone).at(at), expected, "{at}");
        }
    }

    #[test]
    fn every_language_tells_local_times() {
        let (same_day, day_before) = (utc_datetime!(2026-11-27 09:15), utc_datetime!(2026-11-27 16:15));
        for (language, expected, expected_before) in [
            (
                "de",
                "27. November 2026, 18:15 Ortszeit Tokyo (09:15 UTC)",
                "28. November 2026, 01:15 Ortszeit Tokyo (27. November, 16:15 UTC)",
            ),
            (
                "en",
                "27 November 2026, 18:15 Tokyo time (09:15 UTC)",
                "28 November 2026, 01:15 Tokyo time (27 November, 16:15 UTC)",
            ),
            (
                "es",
                "27 de noviembre de 2026, 18:15, hora de Tokyo (09:15 UTC)",
                "28 de noviembre de 2026, 01:15, hora de Tokyo (27 de noviembre, 16:15 UTC)",
            ),
            (
                "fr",
                "27 novembre 2026 à 18:15, heure locale à Tokyo (09:15 UTC)",
                "28 novembre 2026 à 01:15, heure locale à Tokyo (27 novembre à 16:15 UTC)",
            ),
            ("ja", "2026年11月27日 18:15 Tokyo時間／09:15 UTC", "2026年11月28日 01:15 Tokyo時間／11月27日 16:15 UTC"),
            (
                "pt",
                "27 de novembro de 2026, 18:15, hora de Tokyo (09:15 UTC)",
                "28 de novembro de 2026, 01:15, hora de Tokyo (27 de novembro, 16:15 UTC)",
            ),
        ] {
            let there = texts(language, "Asia/Tokyo");
            assert_eq!((there.at(same_day).as_str(), there.at(day_before).as_str()), (expected, expected_before));
        }
        assert_eq!(Language::all().count(), 6, "a language is not in the table");
    }

    #[test]
    fn a_time_limit_has_utc_and_the_span_in_the_same_brackets() {
        let (until, now) = (utc_datetime!(2026-11-27 16:15), utc_datetime!(2026-11-20 16:15));
        for (language, zone, expected) in [
            ("en", "UTC", "Decide by 27 November 2026, 16:15 UTC (in 7 days)."),
            ("en", "Europe/Berlin", "Decide by 27 November 2026, 17:15 Berlin time (16:15 UTC, in 7 days)."),
            ("en", "Asia/Tokyo", "Decide by 28 November 2026, 01:15 Tokyo time (27 November, 16:15 UTC, in 7 days)."),
            ("ja", "Asia/Tokyo", "2026年11月28日 01:15 Tokyo時間まで決定できます（11月27日 16:15 UTC、あと7日）。"),
        ] {
            let texts = texts(language, zone);
            let (until, in_span) = texts.until(until, now);
            assert_eq!(texts.decide_until(&in_span, &until), expected);
        }
    }

    #[test]
    fn a_name_that_runs_from_right_to_left_stays_in_its_place() {
        let texts = Language::ENGLISH.texts();
        assert_eq!(texts.you_decide_as("זואי"), "You are deciding as \u{2068}זואי\u{2069}.");
        assert_eq!(texts.you_decide_as("Zoë"), "You are deciding as Zoë.");
        assert_eq!(texts.list(&["A".into(), "ب".into()]), "A, \u{2068}ب\u{2069}");
    }
}
