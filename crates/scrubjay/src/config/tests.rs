//! Tests of the pipeline file. The tables of mistakes are in `mistakes`.

mod mistakes;
mod plans;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;

use super::{Mistakes, Plan, load, load_str};

/// A folder with the files that the tables speak of.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("logs")).unwrap();
    fs::create_dir(at("in")).unwrap();
    symlink("logs", at("link")).unwrap();
    fs::write(at("logs/old.log"), "x\n").unwrap();
    symlink("../logs/old.log", at("in/alias.log")).unwrap();
    symlink("logs/new.log", at("dangling.log")).unwrap();
    fs::hard_link(at("logs/old.log"), at("hard.log")).unwrap();
    let keys = [
        ("open.key", "x".repeat(32), 0o644),
        ("short.key", "x".repeat(31), 0o600),
        ("good.key", "k".repeat(32), 0o600),
        ("lines.key", "a\nb\n".to_owned(), 0o600),
    ];
    for (name, content, mode) in keys {
        fs::write(at(name), content).unwrap();
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::write(at("bad.policy.yaml"), "policy:\n  - matches: {}\n    claims: {iss: keep}\n").unwrap();
    dir
}

/// Everything that is said about a text is exactly this. `{dir}` stands for the folder of the file.
#[track_caller]
fn check(yaml: &str, expected: &[&str]) {
    let dir = folder();
    let real = dir.path().canonicalize().unwrap();
    // A first line break is there for the eye only.
    let yaml = yaml.strip_prefix('\n').unwrap_or(yaml);
    let outcome = load_str(yaml, &real.join("p.yaml"));
    crate::schema::tests::agrees(yaml, outcome.as_ref().err());
    let said = match outcome {
        Ok(plan) => plan.to_string().lines().filter(|l| l.contains(": warning: ")).map(str::to_owned).collect(),
        Err(mistakes) => mistakes.to_string().lines().map(str::to_owned).collect::<Vec<_>>(),
    };
    let prefix = format!("{}/p.yaml:", real.display());
    let said: Vec<_> = said.iter().map(|l| l.strip_prefix(&prefix).unwrap().replace(&real.display().to_string(), "{dir}")).collect();
    assert_eq!(said, expected, "for\n{yaml}");
}

fn messages(mistakes: &Mistakes) -> Vec<&str> {
    mistakes.list.iter().map(|m| m.what.as_str()).collect()
}

#[test]
fn a_file_that_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let says = |path: &Path| load(path).unwrap_err().to_string();
    let missing = dir.path().join("missing.yaml");
    assert_eq!(
        says(&missing),
        format!(
            "{}: the pipeline file cannot be read: No such file or directory (os error 2) (give the path of a readable YAML file)\n",
            missing.display()
        )
    );
    assert!(says(dir.path()).contains("Is a directory"));

    let large = dir.path().join("large.yaml");
    fs::write(&large, "#".repeat(1024 * 1024 + 1)).unwrap();
    assert!(says(&large).contains("larger than 1 MiB"));
    fs::write(&large, "#".repeat(1024 * 1024)).unwrap();
    assert!(says(&large).contains("is empty"), "exactly 1 MiB is read");

    let latin = dir.path().join("latin.yaml");
    fs::write(&latin, b"version: 1\nstate_dir: caf\xe9\n").unwrap();
    assert!(says(&latin).ends_with(":2:15: the pipeline file is not valid UTF-8 (save it as UTF-8)\n"));
}

#[test]
fn a_long_list_of_mistakes_ends() {
    let sinks: String = (0..256).map(|i| format!("  s{i}: {{type: file, path: p{i}, a: 1, b: 1, c: 1, d: 1, e: 1, f: 1}}\n")).collect();
    let yaml = format!("sources: {{in: {{type: stdin}}}}\nsinks:\n{sinks}pipelines: [{{from: in, to: s0}}]\n");
    let mistakes = load_str(&yaml, Path::new("p.yaml")).unwrap_err();
    assert_eq!(mistakes.list.len(), 1000);
}

#[test]
fn more_members_than_allowed() {
    let names = |n: usize| (0..n).map(|i| format!("n{i}")).collect::<Vec<_>>().join(", ");
    let yaml = format!(
        "sources: {{in: {{type: file, include: [{}]}}}}\nsinks: {{out: {{type: stdout}}}}\npipelines: [{{from: in, to: out}}]\n",
        names(257)
    );
    let mistakes = load_str(&yaml, Path::new("p.yaml")).unwrap_err();
    assert_eq!(messages(&mistakes), ["\"include\" of source \"in\" has more than 256 members"]);

    let sinks = |n: usize| (0..n).map(|i| format!("  s{i}: {{type: file, path: p{i}}}\n")).collect::<String>();
    let yaml = |n| format!("sources: {{in: {{type: stdin}}}}\nsinks:\n{}pipelines: [{{from: in, to: s0}}]\n", sinks(n));
    assert_eq!(load_str(&yaml(256), Path::new("p.yaml")).unwrap().warnings.len(), 255);
    let mistakes = load_str(&yaml(257), Path::new("p.yaml")).unwrap_err();
    assert_eq!(messages(&mistakes), ["\"sinks\" has more than 256 members"]);
}

/// Whatever comes in: a plan that can be shown, or mistakes that can.
fn load_anything(yaml: &str) -> Result<Plan, Mistakes> {
    let outcome = load_str(yaml, Path::new("/nonexistent/p.yaml"));
    let shown = match &outcome {
        Ok(plan) => plan.to_string(),
        Err(mistakes) => {
            assert!(!mistakes.list.is_empty());
            let lines = yaml.lines().count() + 1;
            assert!(mistakes.list.iter().all(|m| m.place.is_none_or(|p| (1..=lines).contains(&p.line) && p.column >= 1)), "{mistakes}");
            mistakes.to_string()
        }
    };
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'));
    outcome
}

/// A file that has everything, to be damaged.
const WHOLE: &str = r#"version: 1
state_dir: ./state
threads: 3
limits: {token_bytes_max: 64KiB, line_bytes_max: 1MiB, budget_bytes_max: 64MiB, marker_bytes_max: 16KiB}
sources:
  app: &app {type: file, include: ["logs/*.log", 'x/**/y'], exclude: ["*.gz"], start: end, poll_interval: 1s}
  topic: {type: kafka, brokers: ["a:9092", "b"], topics: [raw], group: g, start: latest, properties: {sasl.password: x}}
  pipe:
    type: stdin
sinks:
  clean:
    type: file
    path: out/clean.log   # a comment
    compression: zstd
    level: 3
    rotate: {bytes_max: 10MB, age_max: 1d, keep: 7}
  out: {type: kafka, brokers: a, topic: clean, compression: lz4, properties: {linger.ms: 5}}
  show: {type: stdout}
pipelines:
  - {from: [app, topic], to: [clean, out], delivery: at-least-once}
  - from: pipe
    to: show
"#;

#[test]
fn the_whole_file_is_right() {
    load_anything(WHOLE).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC*") {
        let _ = load_anything(&text);
    }

    #[test]
    fn anything_like_yaml_is_read_without_panic(text in "([a-c&*!|>?:,\\[\\]{}\"'#%@~ \n\t-]|: |- |\n  |---\n|\\.\\.\\.\n|<<|!!str |[0-9\u{0}\u{85}\u{feff}é\u{2028}]){0,60}") {
        let _ = load_anything(&text);
    }

    #[test]
    fn a_damaged_file_is_read_without_panic(
        edits in prop::collection::vec((0..WHOLE.len(), 0..12usize, "[a-z&*!|>?:,\\[\\]{}\"'#%~ \n\t0-9-]{0,4}"), 1..6),
    ) {
        let mut text = WHOLE.to_owned();
        for (at, length, with) in edits {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.replace_range(at..end, &with);
        }
        let _ = load_anything(&text);
    }

    #[test]
    fn lines_in_any_order_are_read_without_panic(order in prop::collection::vec(0..21usize, 1..30)) {
        let lines: Vec<&str> = WHOLE.lines().collect();
        let text: Vec<&str> = order.iter().map(|i| lines[i % lines.len()]).collect();
        let _ = load_anything(&text.join("\n"));
    }
}
