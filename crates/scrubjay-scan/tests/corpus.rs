//! Real log text gives on every back end what the oracle says.
//!
//! The files are those below `$SCRUBJAY_CORPUS`, or below `../shared/corpus/data` beside the workspace when that is unset.
//! Where neither exists, generated text alone is checked; `$SCRUBJAY_CORPUS` that names no folder is an error.

mod oracle;

use std::path::{Path, PathBuf};

use scrubjay_scan::{Backend, Scanner};

fn corpus_folder() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("SCRUBJAY_CORPUS") {
        let folder = PathBuf::from(named);
        assert!(folder.is_dir(), "SCRUBJAY_CORPUS is not a folder: {}", folder.display());
        return Some(folder);
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/data");
    beside.is_dir().then_some(beside)
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("readable folder") {
        let path = entry.expect("readable entry").path();
        if path.is_dir() {
            files_below(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn check(name: &str, text: &[u8]) {
    let expected = oracle::scan(text);
    for backend in Backend::available() {
        let mut runs = Vec::new();
        let tail = Scanner::with_backend(backend).expect("available").scan(text, &mut runs);
        // Not assert_eq: what failed may be a token.
        assert!((runs, tail) == expected, "{backend} differs from the oracle on {name}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads files, and the whole corpus is too much for Miri")]
fn generated_text_and_the_corpus_where_it_is_present() {
    check("generated text", &oracle::Numbers(11).text(300_000));
    let Some(folder) = corpus_folder() else {
        println!("no corpus folder: generated text only");
        return;
    };
    let mut files = Vec::new();
    files_below(&folder, &mut files);
    assert!(!files.is_empty(), "no files below {}", folder.display());
    for file in files {
        check(&file.display().to_string(), &std::fs::read(&file).expect("readable file"));
    }
}
