//! Foreign text, made safe to keep and to show: bounded, without control characters, in its own direction.

use std::borrow::Cow;

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
    if text.contains(runs_left) { format!("{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}").into() } else { text.into() }
}

/// Whether a character is of the ranges that Unicode keeps for scripts that run from right to left.
/// <https://www.unicode.org/Public/UCD/latest/ucd/extracted/DerivedBidiClass.txt>
fn runs_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
