//! Rules for credentials that are no tokens, as a user meets them: list, choose, add, explain.

mod support;

use std::fs;

use support::{run, scrubjay};

const OWN: &str = "- id: acme-key\n  description: key of our own shop\n  keywords: [acme_]\n  regex: '\\bacme_[0-9a-f]{16}\\b'\n  \
                   fires: ['k=«acme_00ff17a2b3c4d5e6»']\n  stays: [acme_shop]\n";
const TEXT: &str = "redis://:hunter2@cache/ password=hunter3 acme_00ff17a2b3c4d5e7\n";

fn out(args: &[&str], input: &str) -> String {
    let ended = run(&mut scrubjay(args), input.as_bytes());
    ended.exits(0);
    assert_eq!(ended.err, "");
    ended.text().to_owned()
}

#[test]
fn rules_are_chosen_by_flags() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("own.yaml");
    fs::write(&own, OWN).unwrap();
    let own = own.to_str().unwrap();
    let check = |flags: &[&str], expected: &str| assert_eq!(out(&[&["scrub"], flags].concat(), TEXT), expected, "{flags:?}");
    check(&[], "redis://:secret(rule:url-password)@cache/ password=hunter3 acme_00ff17a2b3c4d5e7\n");
    check(&["--silence", "url-password"], TEXT);
    check(
        &["--enable", "password", "--rules", own],
        "redis://:secret(rule:url-password)@cache/ password=secret(rule:password) secret(rule:acme-key)\n",
    );
    check(&["--silence", "url-password,acme-key", "--rules", own], TEXT);
}

#[test]
fn mistakes_are_told_with_place_and_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("own.yaml");
    fs::write(&own, OWN.replace("stays: [acme_shop]", "stays: [acme_00ff17a2b3c4d5e7]")).unwrap();
    let check = |args: &[&str], expected: &str| {
        let ended = run(&mut scrubjay(args), b"");
        ended.exits(2);
        assert!(ended.err.contains(expected), "{}", ended.err);
    };
    let own = own.to_str().unwrap();
    check(&["scrub", "--rules", own], ":1:3: rule \"acme-key\": its example 1 under \"stays\" comes out otherwise");
    check(&["scrub", "--silence", "nope"], "no rule has the id \"nope\"");
    check(&["scrub", "--rules", "/nonexistent.yaml"], "/nonexistent.yaml: no such file");
    check(&["rules", "--enable", "nope"], "`scrubjay rules` lists them");
}

#[test]
fn the_list_says_what_acts() {
    let all = out(&["rules"], "");
    let line =
        |id: &str| all.lines().find(|l| l.split_whitespace().next() == Some(id)).unwrap_or_else(|| panic!("{id} in\n{all}")).to_owned();
    assert!(line("github-token").contains("  on   GitHub "));
    assert!(line("password").contains("  off  "));
    let all = out(&["rules", "--enable", "password", "--silence", "github-token"], "");
    let acts = |id: &str| all.lines().find(|l| l.split_whitespace().next() == Some(id)).is_some_and(|l| l.contains("  on   "));
    assert!(acts("password") && !acts("github-token"));
}

#[test]
fn explain_tells_of_them_and_never_shows_them() {
    let said = out(&["explain"], TEXT);
    for part in ["credential   1 at line 1, column 10, 7 bytes", "rule         url-password: ", "becomes      secret(rule:url-password)"] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    assert!(!said.contains("hunter2") && !said.contains("no token found"));
}

#[test]
fn they_are_counted_and_strict_knows_them() {
    let ended = run(&mut scrubjay(["scrub", "--stats", "--strict"]), TEXT.as_bytes());
    ended.exits(3);
    assert!(ended.err.contains(r#""rules":{"url-password":1}"#) && ended.err.contains(r#""secrets":1"#), "{}", ended.err);
}

#[test]
fn a_pipeline_file_chooses_them() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("own.yaml"), OWN).unwrap();
    fs::write(at("in.log"), TEXT).unwrap();
    let file = |rules: &str| {
        format!(
            "rules: {rules}\nsources: {{in: {{type: file, include: in.log}}}}\nsinks: {{out: {{type: file, path: out.log}}}}\n\
             pipelines: [{{from: in, to: out}}]\n"
        )
    };
    let config = at("p.yaml");
    let config = config.to_str().unwrap();
    fs::write(config, file("{silence: [url-password], enable: password, files: own.yaml}")).unwrap();
    run(&mut scrubjay(["run", "--once", "-c", config]), b"").exits(0);
    let clean = fs::read_to_string(at("out.log")).unwrap();
    assert_eq!(clean, "redis://:hunter2@cache/ password=secret(rule:password) secret(rule:acme-key)\n");

    let check = |rules: &str, expected: &str| {
        fs::write(config, file(rules)).unwrap();
        let ended = run(&mut scrubjay(["check", "-c", config]), b"");
        ended.exits(2);
        assert!(ended.err.contains(expected), "{}", ended.err);
    };
    check("{silence: [url-pasword]}", ":1:19: no rule has the id \"url-pasword\" (did you mean \"url-password\"?)");
    check("{silent: [url-password]}", ":1:9: unknown field \"silent\" in \"rules\"");
    check("{files: [none.yaml]}", "none.yaml: no such file");
    fs::write(at("own.yaml"), "- id: acme-key\n  regexp: x\n").unwrap();
    check("{files: [own.yaml]}", "own.yaml:2:3: rule \"acme-key\": unknown field \"regexp\"");
}
