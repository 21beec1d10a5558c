//! Policies as a user meets them: recipes, tests, what a mistake looks like, what a change would do.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Bench, Canaries, access, run, scrubjay, unsigned};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn recipes() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join("pipelines/policies")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

// ---- scrubjay test ----

#[test]
fn every_recipe_passes_its_tests() {
    assert!(recipes().len() >= 5);
    for file in recipes() {
        let ended = run(scrubjay(["test", "-c"]).arg(&file), b"");
        let said = ended.text();
        ended.exits(0);
        assert!(said.ends_with(" passed, 0 failed\n") && !said.starts_with("0 passed"), "{said}");
        assert!(!said.contains("warning") && ended.err.is_empty(), "{said}{}", ended.err);
        let docs = fs::read_to_string(root().join("docs/policy.md")).unwrap();
        let link = format!("(../pipelines/policies/{})", file.file_name().unwrap().to_string_lossy());
        assert!(docs.contains(&link), "docs/policy.md has no link {link}");
    }
}

/// JUnit as a program reads it: names of the cases, each with the number of its failures, and all texts.
fn junit(file: &Path) -> String {
    const READ: &str = "
import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot()[0]
print(suite.get('tests'), suite.get('failures'))
for case in suite:
    print(case.get('name'), len(case), case.get('line'), *[f.get('message') + '|' + f.text for f in case])
";
    let output = Command::new("python3").args(["-c", READ]).arg(file).output().expect("tests/run installs python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whoever runs tests reads their output, and so does the system that keeps it: no token of theirs may be in it.
#[test]
fn a_failing_test_tells_scrubbed_text_only() {
    let (token, live) = (access(1), unsigned());
    let github = format!("ghp_{}", "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx");
    let policy = format!(
        r#"policy:
  - {{name: nothing, match: {{}}, claims: {{}}}}
tests:
  - name: expects the token {token}
    input: 'a {token} and {github} b'
    output: 'a {token} and {github} b'
    hides: ['{token}', '{github}', sub]
    shows: {{iss: '{token}', '{github}': 'x'}}
    class: '{token}'
    rule: '{live}'
    source: '{token}'
  - name: "odd characters <&> \" ]]> \e[31m"
    input: "\e[2J<b>&amp; {token}"
    output: "<b>&amp; \e[2J*"
  - {{name: unchanged, input: 'b {live} c', unchanged: true}}
  - {{name: right, input: 'b {token}', hides: [sub]}}
"#
    );
    let dir = folder(&[("p.yaml", &policy)]);
    let report = dir.path().join("junit.xml");
    let ended = run(scrubjay(["test", "-c", "p.yaml", "--junit", "junit.xml"]).current_dir(dir.path()), b"");
    ended.exits(1);
    let said = ended.text();
    assert!(said.ends_with("1 passed, 3 failed\n"), "{said}");
    for part in ["FAILED expects the token jwt(", "(p.yaml:4:5)", "expected: a jwt(", "became: a jwt(class:access~", "ok     right"] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    let xml = fs::read_to_string(&report).unwrap();
    for (place, text) in [("standard output", said), ("standard error", ended.err.as_str()), ("JUnit", &xml)] {
        Canaries::of([&token, &live]).absent(place, text.as_bytes());
        assert!(!text.contains(&github[4..]) && !text.contains("person1@"), "{place}: {text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{place}: control characters: {text:?}");
    }
    let read = junit(&report);
    assert!(read.starts_with("4 3\n") && read.contains("\nright 0 "), "{read}");
    assert!(read.contains("odd characters <&> \" ]]> "), "{read}");
}

#[test]
fn a_token_that_still_opens_doors_is_warned_about() {
    let test = |name: &str, token: &str| format!("  - {{name: {name}, input: 'b {token} c', shows: {{alg: '*'}}}}\n");
    let made = "  - {name: made, input: '{token}', token: {claims: {sub: jo}}, hides: [sub]}\n";
    let policy =
        format!("policy: [{{match: {{}}, claims: {{}}}}]\ntests:\n{}{}{made}", test("live", &unsigned()), test("expired", &access(1)));
    let dir = folder(&[("p.yaml", &policy)]);
    let ended = run(scrubjay(["test", "-c", "p.yaml"]).current_dir(dir.path()), b"");
    ended.exits(0);
    let said: Vec<&str> = ended.text().lines().map(|line| line.trim_start().split(':').next().unwrap()).collect();
    let expected = ["ok     live (p.yaml", "warning", "ok     expired (p.yaml", "ok     made (p.yaml", "3 passed, 0 failed"];
    assert_eq!(said, expected, "{}", ended.text());
    assert!(ended.text().contains("warning: holds a token that has not expired"), "{}", ended.text());
}

#[test]
fn tests_of_a_pipeline_file_are_those_of_its_policy() {
    let rest = "sources: {in: {type: stdin}}\nsinks: {out: {type: stdout}}\npipelines: [{from: in, to: out}]\n";
    let rule = "policy:\n  - {match: {}, claims: {sub: keep}}\n";
    let tests = "tests:\n  - {name: shown, input: '{token}', token: {claims: {sub: jo}}, shows: {sub: jo}}\n";
    let dir = folder(&[
        ("inline.yaml", &format!("{rest}{rule}{tests}")),
        ("file.yaml", &format!("{rest}policy: p.yaml\n")),
        ("p.yaml", &format!("{rule}{tests}")),
        ("none.yaml", &format!("{rest}{rule}")),
    ]);
    for (file, place) in [("inline.yaml", "inline.yaml:7:5"), ("file.yaml", "p.yaml:4:5")] {
        let ended = run(scrubjay(["test", "-c", file]).current_dir(dir.path()), b"");
        ended.exits(0);
        assert!(ended.text().starts_with("ok     shown (") && ended.text().contains(place), "{}", ended.text());
    }
    let ended = run(scrubjay(["test", "-c", "none.yaml"]).current_dir(dir.path()), b"");
    ended.exits(2);
    assert!(ended.err.contains("has no tests"), "{}", ended.err);
}

// ---- explain ----

#[test]
fn explain_names_the_rule_and_the_line_of_each_claim() {
    let policy = "policy:\n  - name: base\n    match: {class: id}\n    claims:\n      iss: keep\n      sub: mask\n      \"*\": none\n\n  - name: shop\n    match: {iss: idp.example.com}\n    extends: base\n    claims:\n      sub: none\n";
    let dir = folder(&[("p.yaml", policy)]);
    let ended = run(scrubjay(["explain", "--policy", "p.yaml"]).current_dir(dir.path()), access(1).as_bytes());
    ended.exits(0);
    let said: Vec<String> = ended.text().lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "policy shop (line 9 of p.yaml)",
        "claim iss: shown as idp.example.com (line 5, \"iss\" of base)",
        "claim sub: dropped (line 13, \"sub\" of shop)",
        "claim email: dropped (line 7, \"*\" of base)",
    ] {
        assert!(said.iter().any(|said| said == line), "{line} in\n{}", ended.text());
    }
    Canaries::of([access(1)]).absent("explain", &ended.out);
    // Of a token that no rule is for, the default decides.
    let ended = run(scrubjay(["explain", "--policy", "p.yaml"]).current_dir(dir.path()), unsigned().as_bytes());
    assert!(ended.text().contains("built-in default"), "{}", ended.text());
}

#[test]
fn a_value_that_a_marker_shows_is_not_hidden() {
    let token = r#"{claims: {iss: "https://idp.example", exp: 4000000000, email_verified: true, loc: a-b, n: {deep: x.y}}}"#;
    let policy = |hides: &str, show: &str| {
        format!(
            "policy: [{{match: {{}}, claims: {{exp: {show}, email_verified: {show}, loc: {show}, n.deep: {show}}}}}]\n\
             tests: [{{name: t, input: 'a {{token}}', token: {token}, hides: [{hides}]}}]\n"
        )
    };
    for hides in ["exp", "email_verified", "loc", "n.deep", "n"] {
        for (show, code) in [("keep", 1), ("none", 0)] {
            let dir = folder(&[("p.yaml", &policy(hides, show))]);
            let ended = run(scrubjay(["test", "-c", "p.yaml"]).current_dir(dir.path()), b"");
            assert_eq!(ended.status.code(), Some(code), "{hides} {show}: {}{}", ended.text(), ended.err);
            assert_eq!(ended.text().contains(&format!("the value of \"{hides}\" is in the output")), code == 1, "{}", ended.text());
        }
    }
}

// ---- check --diff ----

#[test]
fn a_change_of_policy_is_seen_before_it_ships() {
    let log = format!("first\nlogin {} ok\nproof {} ok\nlast, without line end", access(1), unsigned());
    let dir = folder(&[
        ("old.yaml", "policy: [{match: {}, claims: {iss: keep}}]\n"),
        ("new.yaml", "policy: [{match: {class: access}, claims: {iss: keep, aud: keep}}, {match: {}, claims: {iss: keep}}]\n"),
        (
            "pipeline.yaml",
            "policy: old.yaml\nsources: {in: {type: stdin}}\nsinks: {out: {type: stdout}}\npipelines: [{from: in, to: out}]\n",
        ),
        ("app.log", &log),
    ]);
    let diff = |old: &str, new: &str, log: &str| run(scrubjay(["check", "--diff", old, new, log]).current_dir(dir.path()), b"");
    let ended = diff("old.yaml", "new.yaml", "app.log");
    ended.exits(0);
    let lines: Vec<&str> = ended.text().lines().collect();
    let [place, before, after, count] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((*place, *count), ("@@ line 2", "1 of 4 lines would differ"));
    assert!(before.starts_with("-login jwt(class:access~") && !before.contains("~aud:") && before.ends_with(" ok"), "{before}");
    assert_eq!(after.replacen('+', "-", 1).replace("~aud:orders", ""), *before);
    Canaries::of([access(1), unsigned()]).absent("the difference", &ended.out);
    for old in ["old.yaml", "pipeline.yaml"] {
        assert_eq!(diff(old, "old.yaml", "app.log").text(), "0 of 4 lines would differ\n", "{old}");
    }
    // What is sealed, by the log's source, with bytes that a terminal would obey or that are no text.
    let sealing = "policy: [{match: {source: web}, claims: {iss: keep, aud: {seal: [soc, hr]}}}, {match: {}, claims: {iss: keep}}]\n";
    fs::write(dir.path().join("sealing.yaml"), sealing).unwrap();
    fs::write(dir.path().join("web.log"), [b"\x1b[2J\xff ", access(1).as_bytes(), b"\nlast\n"].concat()).unwrap();
    assert_eq!(diff("old.yaml", "sealing.yaml", "web.log").text(), "0 of 2 lines would differ\n");
    let args = ["check", "--diff", "old.yaml", "sealing.yaml", "web.log", "--source", "web"];
    let ended = run(scrubjay(args).current_dir(dir.path()), b"");
    ended.exits(0);
    let lines: Vec<&str> = ended.text().lines().collect();
    let ["@@ line 1", before, "-  seals to nothing", after, "+  seals to hr: aud; soc: aud", "1 of 2 lines would differ"] =
        lines.as_slice()
    else {
        panic!("{lines:?}")
    };
    assert!(before.starts_with("-\\u{1b}[2J\\xff jwt(") && before[1..] == after[1..], "{before}");
    Canaries::of([access(1)]).absent("the difference", &ended.out);
    diff("old.yaml", "new.yaml", "missing.log").exits(1);
    let ended = diff("missing.yaml", "app.log", "app.log");
    ended.exits(2);
    assert!(ended.err.contains("missing.yaml: ") && ended.err.contains("app.log:"), "{}", ended.err);
    Canaries::of([access(1), unsigned()]).absent("standard error", ended.err.as_bytes());
}

// ---- scrub, run ----

#[test]
fn the_source_chooses_the_rule() {
    let by_source = root().join("pipelines/policies/by-source.yaml");
    let scrub = |source: &[&str]| {
        let ended = run(scrubjay(["scrub", "--policy"]).arg(&by_source).args(source), access(1).as_bytes());
        ended.exits(0);
        Canaries::of([access(1)]).absent("the output", &ended.out);
        ended.text().to_owned()
    };
    assert!(scrub(&["--source", "gateway"]).starts_with("jwt(class:access~alg:ES256~typ:at!2Bjwt~kid:k1~iss:idp.example.com~fp:"));
    let third = scrub(&[]);
    assert!(third.starts_with("jwt(class:access~alg:ES256~typ:at!2Bjwt~iss:idp.example.com~exp:2026-11-23~fp:"), "{third}");
}

#[test]
fn run_takes_a_policy_from_a_file_or_in_place() {
    let pipeline = |policy: &str| {
        format!(
            "policy: {policy}\nstate_dir: state\nsources: {{a: {{type: file, include: in/*.log}}, b: {{type: file, include: in/*.txt}}}}\n\
             sinks: {{clean: {{type: file, path: out/clean.log}}}}\npipelines: [{{from: [a, b], to: clean}}]\n"
        )
    };
    let rules =
        "[{match: {source: a}, header: {alg: none}, claims: {aud: keep}}, {match: {}, header: {alg: none}, claims: {iss: present}}]";
    for policy in [rules, "p.yaml", &format!("{{version: 1, policy: {rules}}}")] {
        let bench = Bench::new(&pipeline(policy));
        fs::create_dir(bench.path("in")).unwrap();
        bench.write("p.yaml", format!("policy: {rules}\n"));
        bench.write("in/a.log", format!("{}\n", access(1)));
        bench.write("in/b.txt", format!("{}\n", access(2)));
        let ended = bench.once();
        ended.exits(0);
        let clean = bench.read("out/clean.log");
        let mut told: Vec<&str> = clean.lines().map(|line| line.split("~fp:").next().unwrap()).collect();
        told.sort_unstable();
        assert_eq!(told, ["jwt(class:access~typ:at!2Bjwt~kid:k1~aud:orders", "jwt(class:access~typ:at!2Bjwt~kid:k1~iss:yes"], "{policy}");
    }
}

// ---- Mistakes ----

#[test]
fn a_mistake_has_file_line_and_column_wherever_the_policy_is_named() {
    let token = access(1);
    let pipeline = "sources: {in: {type: stdin}}\nsinks: {out: {type: stdout}}\npipelines: [{from: in, to: out}]\n";
    let wrong = format!("policy:\n  - match: {{class: idd}}\n    claims: {{sub: pseudonim, '{token}': kept}}\n");
    let dir = folder(&[
        ("p.yaml", &wrong),
        ("file.yaml", &format!("{pipeline}policy: p.yaml\n")),
        ("inline.yaml", &format!("{pipeline}{wrong}")),
        ("log", "x\n"),
    ]);
    let cases: [(&[&str], &[&str]); 6] = [
        (&["scrub", "--policy", "p.yaml"], &["p.yaml:2:20: ", "p.yaml:3:19: "]),
        (&["explain", "--policy", "p.yaml"], &["p.yaml:2:20: ", "p.yaml:3:19: "]),
        (&["test", "-c", "p.yaml"], &["p.yaml:2:20: ", "p.yaml:3:19: "]),
        (&["check", "--diff", "p.yaml", "p.yaml", "log"], &["p.yaml:2:20: ", "p.yaml:3:19: "]),
        (&["check", "-c", "inline.yaml"], &["inline.yaml:5:20: ", "inline.yaml:6:19: "]),
        (&["run", "--once", "-c", "file.yaml"], &["file.yaml:4:9: ", "p.yaml:2:20: "]),
    ];
    for (args, places) in cases {
        let ended = run(scrubjay(args).current_dir(dir.path()), b"");
        ended.exits(2);
        assert!(ended.out.is_empty(), "{args:?}");
        for place in
            places.iter().chain(&["cannot be \"idd\" (did you mean \"id\"?", "cannot be \"pseudonim\" (did you mean \"pseudonym\"?"])
        {
            assert!(ended.err.contains(place), "{args:?}: {place} in\n{}", ended.err);
        }
        Canaries::of([&token]).absent("standard error", ended.err.as_bytes());
    }
}

// ---- schema ----

#[test]
fn schemas_are_printed() {
    for (args, title) in
        [(&["schema"][..], "scrubjay pipeline"), (&["schema", "pipeline"], "scrubjay pipeline"), (&["schema", "policy"], "scrubjay policy")]
    {
        let ended = run(&mut scrubjay(args), b"");
        let schema: serde_json::Value = serde_json::from_slice(ended.exits(0)).unwrap();
        assert_eq!((&schema["title"], &schema["$schema"]), (&title.into(), &"https://json-schema.org/draft/2020-12/schema".into()));
        assert!(schema["$defs"]["policy.rule"].is_object());
    }
    run(scrubjay(["schema", "nothing"]).current_dir(root()), b"").exits(2);
}
