//! The committed corpus: named seeds, and every input that once broke something, run again with every change.

use std::collections::BTreeSet;
use std::fs::{read, read_dir};
use std::path::{Path, PathBuf};

use fuzz::TARGETS;

fn inside(directory: &Path) -> BTreeSet<PathBuf> {
    read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_target_takes_its_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    assert_eq!(inside(&corpus), TARGETS.map(|(name, _)| corpus.join(name)).into(), "one directory for each target");
    for (name, run) in TARGETS {
        let files = inside(&corpus.join(name));
        assert!(files.len() >= 10, "{name} has only {} inputs", files.len());
        for path in files {
            println!("{}", path.display());
            run(&read(path).unwrap());
        }
    }
}
