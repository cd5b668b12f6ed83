//! The documents prove their claims by naming tests. Every named test must exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The documents that name tests in backticks, and whether `::` occurs only in tests' names there.
const DOCUMENTS: [(&str, bool); 3] = [("SECURITY.md", true), ("docs/ASVS.md", true), ("docs/ARCHITECTURE.md", false)];

/// The words in backticks of a Markdown text, with their line numbers.
fn quoted(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .flat_map(|(line, text)| text.split('`').skip(1).step_by(2).map(move |word| (line + 1, word)))
}

/// The file and the test that a reference names. `None` if the word is no reference.
fn reference(word: &str, stories: &BTreeSet<String>) -> Option<(String, Option<String>)> {
    let (place, test) = word.split_once("::").map_or((word, None), |(place, test)| (place, Some(test.to_owned())));
    let file = match place.strip_prefix("stories/").unwrap_or(place) {
        story if stories.contains(story) => format!("tests/stories/{story}.rs"),
        gone if place.starts_with("stories/") => format!("tests/stories/{gone}.rs"),
        path if path.contains('/') && path.ends_with(".rs") || path.ends_with(".py") => path.to_owned(),
        page if page.starts_with("pages/") && page.ends_with(".mjs") => format!("tests/{page}"),
        _ => return None,
    };
    Some((file, test))
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

#[test]
fn every_test_that_a_claim_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let stories = stories(&root.join("tests/stories"), "");
    let (mut wrong, mut found) = (Vec::new(), 0);
    for (document, only_tests) in DOCUMENTS {
        let text = fs::read_to_string(root.join(document)).unwrap();
        for (line, word) in quoted(&text) {
            let Some((file, test)) = reference(word, &stories) else {
                if only_tests && word.contains("::") {
                    wrong.push(format!("{document}:{line}: {word}"));
                }
                continue;
            };
            found += 1;
            let source = fs::read_to_string(root.join(&file));
            let is_there = match (&source, &test) {
                (Ok(source), Some(test)) => {
                    ["fn", "def"].iter().any(|word| source.contains(&format!("{word} {test}(")))
                }
                (source, None) => source.is_ok(),
                (Err(_), _) => false,
            };
            if !is_there {
                wrong.push(format!("{document}:{line}: {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "no such test:\n{}", wrong.join("\n"));
    assert!(found > 100, "only {found} references: are they still read?");
}
