//! Foreign text, made safe to keep and to show: bounded, without control characters, in its own direction.

use std::borrow::Cow;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// What breaks a line besides `\n` (UAX 14, class BK, and NEL): some readers obey what others do not show.
pub const BREAKS: [char; 6] = ['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// Cuts `text` to at most `max` characters, the last one an ellipsis when something was cut. Control characters go,
/// except line breaks and tabs; `\r\n` and `\r` become `\n`. White space at both ends goes.
#[must_use]
pub fn bounded(text: &str, max: usize) -> String {
    let clean = clean(text);
    if clean.chars().count() <= max {
        return clean;
    }
    let mut cut: String = clean.chars().take(max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// [`bounded`], on one line: every run of white space becomes one space.
#[must_use]
pub fn bounded_line(text: &str, max: usize) -> String {
    bounded(&text.split_whitespace().collect::<Vec<_>>().join(" "), max)
}

/// The most characters of an id that is no hash, where the whole of it stands elsewhere.
const MAX_SHORT_ID: usize = 40;
/// How much of a hash people and repositories call a commit by.
const SHORT_HASH: usize = 7;

/// An id as people say it: the beginning of a hash, and of any other id as much as fits on a line or two. The hash of an
/// image is behind the name of its kind: `sha256:`.
#[must_use]
pub fn short_id(id: &str) -> Cow<'_, str> {
    let id = id.strip_prefix("sha256:").unwrap_or(id);
    let is_hash = id.len() > 2 * SHORT_HASH && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    match id.get(..SHORT_HASH) {
        Some(beginning) if is_hash => beginning.into(),
        _ => bounded_line(&legible(id), MAX_SHORT_ID).into(),
    }
}

/// `text` without control characters other than line breaks and tabs, and without those that reorder what follows; line
/// breaks as `\n`, ends trimmed.
#[must_use]
pub fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace(BREAKS, "\n")
        .chars()
        .filter(|c| !(c.is_control() || reorders(*c)) || matches!(c, '\n' | '\t'))
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Whether a character embeds, overrides or isolates what follows it: with it a text can be made to read as another.
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>
#[must_use]
pub fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text for the middle of a sentence: isolated from it, if it may run from right to left.
#[must_use]
pub fn isolated(text: &str) -> Cow<'_, str> {
    const FIRST_STRONG_ISOLATE: char = '\u{2068}';
    const POP_ISOLATE: char = '\u{2069}';
    if !text.is_ascii() && text.contains(runs_left) {
        format!("{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}").into()
    } else {
        text.into()
    }
}

/// Whether a character is of the ranges that Unicode keeps for scripts that run from right to left.
/// <https://www.unicode.org/Public/UCD/latest/ucd/extracted/DerivedBidiClass.txt>
fn runs_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// The most combining marks on one character. Words of Hindi need three; a stack of them covers the lines around it.
const MAX_MARKS: usize = 3;

/// What a character does to its line.
enum Effect {
    /// It is seen.
    Shows,
    /// It is white space, or looks like it.
    Blank,
    /// It changes the character before it: an accent, or what joins two emoji.
    Marks,
    /// It says which way a neighbour without a direction of its own runs.
    Directs,
    /// Nobody sees it.
    Hides,
}

fn effect(c: char) -> Effect {
    match c {
        // ASCII, and signs of Arabic, Syriac and Kaithi that stand before digits: a format to Unicode, but drawn.
        '!'..='~'
        | '\u{600}'..='\u{605}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'
        | '\u{891}'
        | '\u{8e2}'
        | '\u{110bd}'
        | '\u{110cd}' => Effect::Shows,
        // A pattern of Braille without a dot.
        '\u{2800}' => Effect::Blank,
        '\u{200c}' | '\u{200d}' => Effect::Marks,
        '\u{200e}' | '\u{200f}' | '\u{61c}' => Effect::Directs,
        // Letters that fill a gap of Hangul, and what is reserved for more of the kind: Default_Ignorable_Code_Point in
        // <https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt>.
        '\u{115f}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{2065}'
        | '\u{fff0}'..='\u{fff8}'
        | '\u{e0000}'..='\u{e00ff}'
        | '\u{e01f0}'..='\u{e0fff}' => Effect::Hides,
        c if c.is_whitespace() => Effect::Blank,
        c => match CodePointMapData::<GeneralCategory>::new().get(c) {
            GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark => Effect::Marks,
            GeneralCategory::Format => Effect::Hides,
            _ => Effect::Shows,
        },
    }
}

/// `text` as a reader can take it in: with at most three combining marks on a character and none without one, and
/// without characters that show nothing. What is left between letters of other scripts, and between emoji, is what they
/// need.
#[must_use]
pub fn legible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return text.into();
    }
    let mut legible = String::with_capacity(text.len());
    // Marks that the character before may still carry.
    let mut room = 0;
    let mut is_directed = false;
    for c in text.chars() {
        let is_kept = match effect(c) {
            Effect::Shows => {
                (room, is_directed) = (MAX_MARKS, false);
                true
            }
            Effect::Blank => {
                (room, is_directed) = (0, false);
                true
            }
            Effect::Marks => {
                let fits = room > 0;
                room = room.saturating_sub(1);
                fits
            }
            Effect::Directs => !std::mem::replace(&mut is_directed, true),
            Effect::Hides => false,
        };
        if is_kept {
            legible.push(c);
        }
    }
    legible.into()
}

/// Whether a character belongs to the one before it.
pub(crate) fn is_mark(c: char) -> bool {
    !c.is_ascii() && matches!(effect(c), Effect::Marks)
}

/// Whether a line of such characters looks empty.
#[must_use]
pub fn is_blank(c: char) -> bool {
    !matches!(effect(c), Effect::Shows)
}

/// Whether nobody would see anything of a text.
#[must_use]
pub fn is_invisible(text: &str) -> bool {
    text.chars().all(is_blank)
}

/// Whether a name begins like a web address, such as `evil.example/approve` or `10.0.0.1`: mail clients make a link of it,
/// which would stand among words of ours. What follows a slash, as in `builds/app.zip`, is no host to them.
#[must_use]
pub fn reads_as_address(name: &str) -> bool {
    name.split([':', '#', '+', '@', '…']).any(|part| part.split('/').next().is_some_and(reads_as_host))
}

fn reads_as_host(text: &str) -> bool {
    let Some((host, last)) = text.trim_end_matches('.').rsplit_once('.') else { return false };
    // No top-level domain has a single letter, and only those in `xn--` form have digits.
    let is_domain = last.len() > 1 && last.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    is_domain || is_number(last) && host.split('.').count() == 3 && host.split('.').all(is_number)
}

/// `text` in double quotes on one line, so that it cannot seem to end before the closing one: what looks like a double
/// quote becomes an apostrophe, apostrophes in a row become one, and line breaks and control characters become spaces.
/// Isolated if it may run from right to left. Bound it before.
#[must_use]
pub fn quoted_inline(text: &str) -> String {
    let mut inner = String::with_capacity(text.len() + 2);
    for c in legible(text).chars() {
        match c {
            c if is_quote(c) => {
                if !inner.ends_with('\'') {
                    inner.push('\'');
                }
            }
            c if c.is_whitespace() || c.is_control() => {
                if !inner.ends_with(' ') && !inner.is_empty() {
                    inner.push(' ');
                }
            }
            c if reorders(c) => {}
            c => inner.push(c),
        }
    }
    format!("\"{}\"", isolated(inner.trim_end()))
}

/// Whether a character is, or looks like, a double quote, or like one when it is doubled.
fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '`'
            | '´'
            | '¨'
            | '\u{2b9}'..='\u{2bf}'
            | '\u{2ca}'
            | '\u{2cb}'
            | '\u{2dd}'
            | '\u{2ee}'
            | '\u{2f5}'
            | '\u{2f6}'
            | '\u{5f3}'
            | '\u{5f4}'
            | '\u{2018}'..='\u{201f}'
            | '\u{2032}'..='\u{2037}'
            | '\u{2057}'
            | '\u{275b}'..='\u{275e}'
            | '\u{2760}'
            | '\u{3003}'
            | '\u{301d}'..='\u{301f}'
            | '\u{ff02}'
            | '\u{ff07}'
            | '\u{1f676}'..='\u{1f678}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_carries_few_marks_and_nothing_is_invisible() {
        for (text, expected) in [
            ("plain", "plain"),
            ("Z\u{335}\u{31b}\u{34a}\u{334}\u{309}a", "Z\u{335}\u{31b}\u{34a}a"),
            ("ก\u{e49}\u{e49}\u{e49}\u{e49}\u{e49}", "ก\u{e49}\u{e49}\u{e49}"),
            ("\u{338}\u{338}a", "a"),
            ("a \u{30e}b", "a b"),
            ("a\u{200b}\u{2060}\u{feff}\u{ad}\u{e0041}\u{3164}b", "ab"),
            ("\u{200f}\u{200f}\u{200f}שלום!\u{200f}", "\u{200f}שלום!\u{200f}"),
            // What languages and emoji need stays.
            ("ढ\u{93c}\u{942}\u{902}ढना", "ढ\u{93c}\u{942}\u{902}ढना"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("tiê\u{301}ng việt", "tiê\u{301}ng việt"),
            ("👩‍👩‍👧‍👦 🏴\u{200d}☠️ 1️⃣ 👍🏿 🇯🇵", "👩‍👩‍👧‍👦 🏴\u{200d}☠️ 1️⃣ 👍🏿 🇯🇵"),
        ] {
            assert_eq!(legible(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_name_that_begins_like_a_web_address_is_known() {
        for name in [
            "evil.example",
            "evil.example/approve",
            "evil.xn--p1ai",
            "a+evil.example",
            "10.0.0.1",
            "10.0.0.1:80/approve",
            "app.zip",
            "evil.example.",
        ] {
            assert!(reads_as_address(name), "{name}");
        }
        for name in ["main", "release/1.2", "v1.2.x", "builds/app.zip", "acme/payments.api", "1.2.3", "a.b", ".", ""] {
            assert!(!reads_as_address(name), "{name}");
        }
    }

    #[test]
    fn no_comment_closes_its_quotes() {
        for (comment, expected) in [
            ("Totals agree.", "\"Totals agree.\""),
            ("carol@example.com: sign-off given", "\"carol@example.com: sign-off given\""),
            ("\" Approved by carol@example.com: \"", "\"' Approved by carol@example.com: '\""),
            ("it's \"fine\"", "\"it's 'fine'\""),
            ("“ok” „ok‟ ″ok″ ＂ok＂ 〝ok〞", "\"'ok' 'ok' 'ok' 'ok' 'ok'\""),
            ("'' Rejected by ''", "\"' Rejected by '\""),
            ("‘’ ´` ʺ ״", "\"' ' ' '\""),
            (" \u{30e}a", "\"a\""),
            ("a\r\nb\u{2028}c\u{85}d\te\u{0}\u{1b}[0m", "\"a b c d e [0m\""),
            ("a\u{202e}b\u{2066}c\u{200b}d", "\"abcd\""),
            ("שלום", "\"\u{2068}שלום\u{2069}\""),
            ("\\", "\"\\\""),
            (" \n ", "\"\""),
            ("", "\"\""),
        ] {
            let quoted = quoted_inline(comment);
            assert_eq!(quoted, expected, "{comment:?}");
            assert_eq!(quoted.matches('"').count(), 2);
        }
    }

    #[test]
    fn cuts_on_a_character_boundary_and_says_so() {
        assert_eq!(bounded("äöü", 3), "äöü");
        assert_eq!(bounded("äöüß", 3), "äö…");
        assert_eq!(bounded("", 3), "");
    }

    #[test]
    fn drops_control_characters_but_keeps_lines() {
        assert_eq!(clean("a\u{2028}b\u{2029}c\u{85}d\u{b}e"), "a\nb\nc\nd\ne");
        assert_eq!(bounded("a\r\nb\u{7}\u{0}\tc\u{1b}[0m\r", 99), "a\nb\tc[0m");
        assert_eq!(bounded_line(" a\r\nb  c ", 99), "a b c");
    }

    #[test]
    fn nothing_reorders_what_follows() {
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{2069}d\u{200f}e"), "abcd\u{200f}e");
    }

    #[test]
    fn what_may_run_left_is_isolated() {
        for (text, expected) in
            [("Zoë 東京", "Zoë 東京"), ("שלום", "\u{2068}שלום\u{2069}"), ("a ب", "\u{2068}a ب\u{2069}"), ("", "")]
        {
            assert_eq!(isolated(text), expected);
        }
    }

    #[test]
    fn what_unicode_reserves_for_the_invisible_is_hidden() {
        assert_eq!(legible("a\u{e01f0}\u{e0fff}b"), "ab");
    }
}
