//! `scrubjay check -c FILE` as a user meets it, and the files in `pipelines/`.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Output};

fn check(dir: &Path, file: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_scrubjay")).args(["check", "-c", file]).current_dir(dir).output().unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_file_in_pipelines_is_right() {
    for name in ["demo", "files-to-kafka", "kafka-to-kafka"] {
        let file = format!("pipelines/{name}.yaml");
        let output = check(root(), &file);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{file}");
        assert!(said.starts_with(&format!("{file}: no mistakes\n")), "{said}");
        assert!(!said.contains("warning"), "{said}");
        assert_eq!(output.stderr, b"");
    }
}

#[test]
fn the_demo_stays_below_target() {
    let said = String::from_utf8(check(root(), "pipelines/demo.yaml").stdout).unwrap();
    let root = root().canonicalize().unwrap();
    for path in ["target/demo/clean.log", "target/demo/state", "pipelines/sample/*.log"] {
        assert!(said.contains(&root.join(path).display().to_string()), "{path} in\n{said}");
    }
}

#[test]
fn mistakes_go_to_standard_error_with_the_name_as_given() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("conf")).unwrap();
    let demo = std::fs::read_to_string(root().join("pipelines/demo.yaml")).unwrap();
    let (before, _) = demo.split_once("    path: ").unwrap();
    let (line, column) = (before.lines().count() + 1, 5);
    let wrong = demo.replace("    path: ", "    pth: ").replace("to: [clean]", "to: [claen]");
    std::fs::write(dir.path().join("conf/p.yaml"), &wrong).unwrap();

    let output = check(dir.path(), "conf/p.yaml");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"");
    let unknown = format!("conf/p.yaml:{line}:{column}: unknown field \"pth\" in sink \"clean\" (did you mean \"path\"?)\n");
    assert!(said.contains(&unknown), "{said}");
    assert!(said.contains(": there is no sink \"claen\" (did you mean \"clean\"?)\n"), "{said}");
    assert_eq!(said.lines().count(), 3, "the missing path is the third: {said}");
}

#[test]
fn a_missing_file_is_a_mistake_too() {
    let dir = tempfile::tempdir().unwrap();
    let output = check(dir.path(), "none.yaml");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("none.yaml: the pipeline file cannot be read: No such file"));
}

#[test]
fn check_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("in.log"), "x\n").unwrap();
    let yaml =
        "sources: {in: {type: file, include: in.log}}\nsinks: {out: {type: file, path: out/clean.log}}\npipelines: [{from: in, to: out}]\n";
    std::fs::write(dir.path().join("p.yaml"), yaml).unwrap();
    assert_eq!(check(dir.path(), "p.yaml").status.code(), Some(0));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
}

/// The compact tokens of a text: two dots (JWS) or four (JWE) between base64url runs, the first of which opens an object.
fn tokens(text: &str) -> HashSet<&str> {
    let runs = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')));
    runs.filter(|run| run.starts_with("eyJ") && matches!(run.matches('.').count(), 2 | 4)).collect()
}

#[test]
fn the_sample_has_tokens_and_lines_without() {
    let sample = std::fs::read_to_string(root().join("pipelines/sample/app.log")).unwrap();
    let lines = sample.lines().count();
    let with_token = sample.lines().filter(|line| !tokens(line).is_empty()).count();
    assert!((100..=150).contains(&lines), "{lines} lines");
    assert!(with_token >= 20 && lines - with_token >= 50, "{with_token} of {lines} lines have a token");
    let tokens = tokens(&sample);
    assert!(tokens.len() >= 25, "{} tokens", tokens.len());
    assert_eq!(tokens.iter().filter(|token| token.matches('.').count() == 4).count(), 1, "one JWE");
    assert_eq!(tokens.iter().filter(|token| token.ends_with('.')).count(), 1, "one without signature");
}
