//! The documents prove their claims by naming tests, files of tests, and parts of `tests/run`. Whatever they name must
//! exist, and be a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The documents that name tests in backticks, and whether what shows a claim there is always named so that it can be
/// checked, and `::` occurs in tests' names only.
const DOCUMENTS: [(&str, bool); 4] =
    [("SECURITY.md", true), ("docs/asvs.md", true), ("docs/aws.md", true), ("docs/architecture.md", false)];

/// The heading of the last column of the tables that say what shows a claim.
const SHOWN_BY: &str = "shown by";

/// The words in backticks of a Markdown text, with their line numbers, and whether they stand where a table says what
/// shows a claim.
fn quoted(text: &str) -> Vec<(usize, &str, bool)> {
    let (mut words, mut is_proof) = (Vec::new(), false);
    for (line, text) in text.lines().enumerate() {
        let cells: Vec<&str> = text.split('|').map(str::trim).collect();
        // A row begins and ends with a bar.
        let last = if cells.len() > 2 { cells[cells.len() - 2] } else { "" };
        is_proof = text.starts_with('|') && (is_proof || last == SHOWN_BY);
        let (claim, proof) = if is_proof { text.split_at(text.rfind(last).unwrap_or(0)) } else { (text, "") };
        for (part, is_proof) in [(claim, false), (proof, true)] {
            words.extend(part.split('`').skip(1).step_by(2).map(|word| (line + 1, word, is_proof)));
        }
    }
    words
}

/// What a word in a document refers to.
enum Reference<'a> {
    /// A file of tests, or a test in it.
    Test(String, Option<&'a str>),
    /// A part of `tests/run`.
    Part(&'a str),
    /// A file or a folder.
    Path(&'a str),
}

/// What the word refers to. `None` if it is no reference.
fn reference<'a>(word: &'a str, stories: &BTreeSet<String>) -> Option<Reference<'a>> {
    if let Some(part) = word.strip_prefix("tests/run ") {
        return Some(Reference::Part(part));
    }
    let (place, test) = word.split_once("::").map_or((word, None), |(place, test)| (place, Some(test)));
    let file = match place.strip_prefix("stories/").unwrap_or(place) {
        story if stories.contains(story) => format!("tests/stories/{story}.rs"),
        gone if place.starts_with("stories/") => format!("tests/stories/{gone}.rs"),
        path if path.contains('/') && path.ends_with(".rs") || path.ends_with(".py") => path.to_owned(),
        page if page.starts_with("pages/") && page.ends_with(".mjs") => format!("tests/{page}"),
        path if path.starts_with("tests/") && test.is_none() => return Some(Reference::Path(path)),
        _ => return None,
    };
    Some(Reference::Test(file, test))
}

/// The names of the stories in a folder, and those of the folders in it as `attacks/links`.
fn stories(folder: &Path, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_stem().unwrap().to_str().unwrap());
        if path.is_dir() {
            names.extend(stories(&path, &format!("{name}/")));
        } else {
            names.insert(name);
        }
    }
    names
}

/// The parts that `tests/run` has.
fn parts(run: &str) -> BTreeSet<&str> {
    let lists = run.lines().filter_map(|line| line.strip_prefix("readonly ")?.split_once("_PARTS='"));
    lists.flat_map(|(_, list)| list.trim_end_matches('\'').split(' ')).collect()
}

/// Whether a function of this name stands in the source of a file, and is a test: in Rust by an attribute above it, in
/// Python by its name.
fn is_test(file: &str, source: &str, test: &str) -> bool {
    if file.ends_with(".py") {
        return test.starts_with("test_") && source.contains(&format!("def {test}("));
    }
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let is_it = |line: &str| line.trim_start_matches("async ").starts_with(&format!("fn {test}("));
    let is_above = |line: &&&str| line.starts_with('#') || line.starts_with("///");
    lines.iter().enumerate().filter(|(_, line)| is_it(line)).any(|(at, _)| {
        lines[..at].iter().rev().take_while(is_above).any(|line| line.starts_with("#[test]") || line.contains("::test"))
    })
}

/// Whether there are tests in the source of a file. The pages' are programs that run as a whole.
fn has_tests(file: &str, source: &str) -> bool {
    file.ends_with(".mjs") || ["#[test]", "::test]", "::test(", "def test_"].iter().any(|mark| source.contains(mark))
}

#[test]
fn every_test_that_a_claim_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let stories = stories(&root.join("tests/stories"), "");
    let run = fs::read_to_string(root.join("tests/run")).unwrap();
    let parts = parts(&run);
    assert!(parts.contains("tests") && parts.contains("links"), "the parts of tests/run: {parts:?}");
    let (mut wrong, mut found) = (Vec::new(), 0);
    for (document, is_strict) in DOCUMENTS {
        let text = fs::read_to_string(root.join(document)).unwrap();
        for (line, word, is_proof) in quoted(&text) {
            let is_there = match reference(word, &stories) {
                Some(Reference::Test(file, test)) => {
                    fs::read_to_string(root.join(&file)).is_ok_and(|source| match test {
                        Some(test) => is_test(&file, &source, test),
                        // Outside of proofs, files are named for other reasons.
                        None => !is_proof || has_tests(&file, &source),
                    })
                }
                // Options may follow.
                Some(Reference::Part(part)) => part.split(' ').next().is_some_and(|part| parts.contains(part)),
                Some(Reference::Path(path)) => root.join(path).exists(),
                None if is_strict && (is_proof || word.contains("::")) => false,
                None => continue,
            };
            found += 1;
            if !is_there {
                wrong.push(format!("{document}:{line}: {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "no such test, file of tests, or part of tests/run:\n{}", wrong.join("\n"));
    assert!(found > 100, "only {found} references: are they still read?");
}
