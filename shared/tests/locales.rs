//! What the build refuses in `locales/`.

#[path = "../build/locales.rs"]
mod locales;

use locales::{MEASURE, compare, messages};

const ENGLISH: &str = "\
question = Release { $pipeline }?
days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
";

#[test]
fn a_language_that_says_everything_is_taken() {
    let german = "days = { $count ->\n    [one] ein Tag, { $count }\n   *[other] { $count } Tage\n}\nquestion = { $pipeline }?\n";
    let japanese = "question = { $pipeline }\u{ff1f}\ndays = { $count }\u{65e5}\n";
    for text in [ENGLISH, german, japanese] {
        let mut measure = messages(ENGLISH).unwrap();
        compare(&mut measure, &messages(text).unwrap()).unwrap();
    }
}

#[test]
fn a_variable_that_any_language_selects_by_is_a_number() {
    let mut measure = messages("votes = { $count } votes\n").unwrap();
    assert!(!measure["votes"]["count"]);
    compare(&mut measure, &messages("votes = { $count ->\n    [one] a\n   *[other] b\n}\n").unwrap()).unwrap();
    assert!(measure["votes"]["count"]);
}

#[test]
fn what_lacks_something_or_has_too_much_ends_the_build() {
    let days = "days = { $count } Tage\n";
    for (text, expected) in [
        (days.to_owned(), "question: missing"),
        (format!("{days}question = {{ $pipeline }}?\nmore = x\n"), "more: not in en.ftl"),
        (format!("{days}question = Freigeben?\n"), "question: its variables are not those of en.ftl"),
        (format!("{days}question = {{ $pipelin }}?\n"), "question: its variables are not those of en.ftl"),
        (format!("{days}question = {{ $pipeline }}?\nquestion = {{ $pipeline }}?\n"), "question: stands twice"),
        (format!("{days}question = {{ NUMBER($pipeline) }}?\n"), "question: only variables"),
        (format!("{days}question = {{ days }}?\n"), "question: only variables"),
        (
            format!("{days}question = {{ $pipeline ->\n    [api] a\n   *[x] b\n}}\n"),
            "question: a selection is by number",
        ),
        (format!("{days}question = {{ $pipeline }}?\n    .title = x\n"), "question: attributes are not used"),
        (format!("{days}-brand = Countersign\nquestion = {{ $pipeline }}?\n"), "brand: terms are not used"),
        (format!("{days}question = {{ $pipeline ?\n"), "line 2: "),
    ] {
        let refused = messages(&text).and_then(|given| compare(&mut messages(ENGLISH).unwrap(), &given));
        let problem = refused.expect_err(&text);
        assert!(problem.starts_with(expected), "{text}\n{problem}");
    }
    assert_eq!(MEASURE, "en");
}
