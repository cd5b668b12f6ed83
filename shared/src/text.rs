//! Foreign text, made safe to keep: bounded, and without control characters.

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

/// `text` without control characters other than line breaks and tabs, line breaks as `\n`, ends trimmed.
#[must_use]
pub fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect::<String>()
        .trim()
        .to_owned()
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
        assert_eq!(bounded("a\r\nb\u{7}\u{0}\tc\u{1b}[0m\r", 99), "a\nb\tc[0m");
        assert_eq!(bounded_line(" a\r\nb  c ", 99), "a b c");
    }
}
