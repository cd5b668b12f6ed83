//! The committed corpus: what fuzzing found worth keeping, tried again with every change.

use std::path::Path;

use fuzz::TARGETS;

#[test]
fn every_target_takes_its_corpus() {
    for (name, run) in TARGETS {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut files = 0;
        for entry in std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            run(&std::fs::read(path).unwrap());
            files += 1;
        }
        assert!(files >= 10, "{name} has a corpus of {files}");
    }
}

#[test]
fn no_corpus_is_without_its_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in std::fs::read_dir(corpus).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(fuzz::target(&name).is_some(), "{name}");
    }
}
