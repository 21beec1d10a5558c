//! The files in `pipelines/`: each is right and each is run for real, those with Kafka in `kafka_end_to_end.rs`.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use support::{Canaries, Running, run, scrubjay};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the example files are called, without their ending.
fn names() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("pipelines")).unwrap().map(|e| e.unwrap().path());
    entries.filter(|p| p.extension().is_some_and(|e| e == "yaml")).map(|p| p.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_file_is_right_and_has_a_test_that_runs_it() {
    let tests = ["pipelines.rs", "kafka_end_to_end.rs"].map(|file| fs::read_to_string(root().join("tests").join(file)).unwrap()).concat();
    assert!(names().len() >= 3);
    for name in names() {
        let file = format!("pipelines/{name}.yaml");
        let ended = run(scrubjay(["check", "-c", &file]).current_dir(root()), b"");
        ended.exits(0);
        assert!(ended.text().starts_with(&format!("{file}: no mistakes\n")), "{}", ended.text());
        let test = format!("fn the_{}_pipeline_runs()", name.replace('-', "_"));
        assert!(tests.contains(&test), "no test runs {file}: write {test}");
    }
}

#[test]
fn the_demo_pipeline_runs() {
    let ended = Running::start(scrubjay(["run", "--once", "-c", "pipelines/demo.yaml"]).current_dir(root())).wait();
    ended.exits(0);
    let sample = fs::read_to_string(root().join("pipelines/sample/app.log")).unwrap();
    let clean = fs::read_to_string(root().join("target/demo/clean.log")).unwrap();
    let words = sample.split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
    let tokens: Vec<&str> = words.filter(|w| w.starts_with("eyJ") && w.contains('.')).collect();
    assert!(tokens.len() >= 30, "{} tokens", tokens.len());
    Canaries::of(&tokens).absent("the clean file", clean.as_bytes());
    assert_eq!(clean.lines().count(), sample.lines().count());
    for (clean, raw) in clean.lines().zip(sample.lines()) {
        assert!(clean == raw || tokens.iter().any(|token| raw.contains(token)), "a line without token has changed: {raw}");
    }
}
