//! `Accept-Language`: the language that a browser asks for.

use countersign::l10n::Language;

/// The most elements of an `Accept-Language` that are read. Browsers send a handful.
const MAX_ACCEPTED: usize = 20;

/// The language that an `Accept-Language` header prefers among those that have texts. `None` if it names none of them.
/// <https://www.rfc-editor.org/rfc/rfc9110#field.accept-language>
#[must_use]
pub fn accepted(header: &str) -> Option<Language> {
    let mut preferences: Vec<(u16, Language)> = header.split(',').take(MAX_ACCEPTED).filter_map(preference).collect();
    // The sort is stable: among equal weights the first element wins.
    preferences.sort_by(|(one, _), (other, _)| other.cmp(one));
    preferences.first().map(|(_, language)| *language)
}

/// One element of an `Accept-Language`, such as `de-AT;q=0.8`: its weight in thousandths, and the language if it has
/// texts. A tag matches as a whole or by its first part.
fn preference(element: &str) -> Option<(u16, Language)> {
    let (tag, weight) = match element.split_once(';') {
        Some((tag, weight)) => (tag, weight.trim().trim_start_matches(['q', 'Q']).strip_prefix('=')?),
        None => (element, "1"),
    };
    let (whole, thousandths) = weight.trim().split_once('.').unwrap_or((weight.trim(), ""));
    let weight = match (whole, format!("{thousandths:0<3}").parse::<u16>().ok()?) {
        ("1", 0) => 1000,
        ("0", weight @ 1..1000) => weight,
        _ => return None,
    };
    let tag = tag.trim();
    let first = tag.split_once('-').map_or(tag, |(first, _)| first);
    let language = tag.parse().or_else(|_| first.parse()).ok()?;
    Some((weight, language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_the_language_that_it_prefers() {
        for (header, expected) in [
            ("de", Some("de")),
            ("DE", Some("de")),
            ("de-AT, de;q=0.9, en;q=0.8", Some("de")),
            ("pt-BR,pt;q=0.9,en-US;q=0.8", Some("pt")),
            ("ja-JP-u-ca-japanese", Some("ja")),
            ("en;q=0.5, fr;q=0.9", Some("fr")),
            ("en;q=0.5,fr;q=0.501", Some("fr")),
            ("fr, de", Some("fr")),
            ("tlh, qaa;q=0.9, es;q=0.1", Some("es")),
            ("de;q=0, en", Some("en")),
            ("de ; q=0.7 , en;q=0.6", Some("de")),
            ("de;q=1.0, en", Some("de")),
            ("de;q=0", None),
            ("tlh", None),
            ("*", None),
            ("", None),
            (",,;,;q=,de;q=2,de;q=NaN,de;q=-1,de;q=0.1234,de;x=1,deutsch,d", None),
        ] {
            assert_eq!(accepted(header).map(Language::as_str), expected, "{header}");
        }
        assert_eq!(accepted(&format!("{}de", "tlh,".repeat(1_000))), None, "bounded");
    }
}
