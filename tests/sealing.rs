//! Sealing from end to end: keys are made, claims are sealed by `scrub` and `run`, and opened by `reveal`, as the recipes of
//! `pipelines/sealing` say.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use support::{Ended, access, run, scrubjay};

/// A folder with the recipes, the sample and keys.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
        for part in ["sealing", "sample"] {
            let to = folder.path().join("pipelines").join(part);
            fs::create_dir_all(&to).expect("made");
            for file in fs::read_dir(from.join(part)).expect("there").map(|f| f.expect("a file").path()).filter(|f| f.is_file()) {
                fs::copy(&file, to.join(file.file_name().expect("a name"))).expect("copied");
            }
        }
        let site = Self { folder };
        site.program(&["keys", "new", "--dir", "pipelines/sealing/keys", "--audience", "soc", "--audience", "privacy"], b"").exits(0);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, args: &[&str], input: &[u8]) -> Ended {
        run(scrubjay(args).current_dir(self.folder.path()), input)
    }

    fn recipe(&self, name: &str) {
        let config = format!("pipelines/sealing/{name}.yaml");
        let checked = self.program(&["check", "-c", &config], b"");
        checked.exits(0);
        assert!(!checked.text().contains("warning"), "{}", checked.text());
        self.program(&["run", "--once", "-c", &config], b"").exits(0);
    }

    /// What a holder of this key gets out of a file.
    fn reveal(&self, audience: &str, file: &str) -> Vec<Value> {
        let key = format!("pipelines/sealing/keys/{audience}.private.jwk");
        let args = ["reveal", "--key", &key, "--epochs", "target/sealing/state/epochs.jsonl", "--reason", "a test"];
        let more = ["--audit-log", "audit.jsonl", "--format", "jsonl", file];
        let ended = self.program(&[&args[..], &more].concat(), b"");
        ended.exits(0);
        ended.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }
}

const PERSON: &str = "gita.rao@staff.example";

fn claims_of<'a>(found: &'a [Value], name: &str) -> Vec<&'a Value> {
    found.iter().filter_map(|set| set["claims"].get(name)).collect()
}

#[test]
fn the_soc_opens_what_nobody_else_can() {
    let site = Site::new();
    site.recipe("soc-only");
    let clean = site.read("target/sealing/soc-only.log");
    assert!(clean.contains("~sealed:eyJhbGciOiJkaXIi") && !clean.contains(PERSON), "sealed, and not in the clear");
    let found = site.reveal("soc", "target/sealing/soc-only.log");
    assert!(found.len() > 20, "{}", found.len());
    assert!(claims_of(&found, "email").contains(&&json!(PERSON)));
    assert!(found.iter().all(|set| set["bound"] == json!(true) && set["audience"] == json!("soc")));
    assert!(claims_of(&found, "iss").is_empty(), "what is shown is not sealed, too");
    assert_eq!(site.reveal("privacy", "target/sealing/soc-only.log"), Vec::<Value>::new());
    // Scrubbed again, all stays as it is, claim sets included.
    assert_eq!(site.program(&["scrub", "target/sealing/soc-only.log"], b"").text(), clean);
}

#[test]
fn two_audiences_open_different_claims() {
    let site = Site::new();
    site.recipe("soc-and-privacy");
    let file = "target/sealing/soc-and-privacy.log";
    let (soc, privacy) = (site.reveal("soc", file), site.reveal("privacy", file));
    assert!(claims_of(&privacy, "email").contains(&&json!(PERSON)) && claims_of(&soc, "email").is_empty());
    assert!(!claims_of(&soc, "sub").is_empty() && !claims_of(&privacy, "sub").is_empty());
    let clean = site.read(file);
    assert!(clean.contains("email:staff.example") && !clean.contains(PERSON));
}

#[test]
fn a_vault_is_apart_from_the_log() {
    let site = Site::new();
    site.recipe("vault");
    let (clean, vault) = (site.read("target/sealing/clean.log"), site.read("target/sealing/vault.jsonl"));
    assert!(!clean.contains("sealed") && clean.contains("~fp:f") && !vault.contains(PERSON));
    let found = site.reveal("soc", "target/sealing/vault.jsonl");
    assert!(claims_of(&found, "email").contains(&&json!(PERSON)));
    for line in vault.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let fp = line["fp"].as_str().expect("a fingerprint");
        assert!(clean.contains(&format!("~fp:{fp}")) || clean.contains(&format!("(fp:{fp}")), "{fp} is in the log, too");
    }
    assert_eq!(found.len(), vault.lines().count());
}

#[test]
fn a_filter_seals_too() {
    let site = Site::new();
    fs::write(site.path("p.yaml"), "policy: [{match: {}, claims: {iss: keep, \"*\": {seal: [soc]}}}]\n").expect("written");
    let line = format!("token={}\n", access(7));
    let always = ["scrub", "--policy", "p.yaml"];
    let seal = ["--seal-to", "soc=pipelines/sealing/keys/soc.public.jwk", "--epochs", "target/sealing/state/epochs.jsonl"];
    fs::create_dir_all(site.path("target/sealing/state")).expect("made");
    let ended = site.program(&[&always[..], &seal].concat(), line.as_bytes());
    ended.exits(0);
    fs::write(site.path("out.log"), ended.text()).expect("written");
    let found = site.reveal("soc", "out.log");
    assert_eq!(found.len(), 1, "{}", ended.text());
    assert!(!found[0]["claims"].as_object().expect("claims").is_empty());

    // Without keys the claims are dropped; with a name that the policy does not know, or without epochs, it is a mistake.
    let ended = site.program(&always, line.as_bytes());
    assert!(!ended.text().contains("sealed:"), "{}", ended.text());
    let wrong = [&always[..], &["--seal-to", "hr=pipelines/sealing/keys/soc.public.jwk", "--epochs", "e"]].concat();
    let ended = site.program(&wrong, line.as_bytes());
    ended.exits(2);
    assert!(ended.err.contains("audience soc, which has no keys; add --seal-to soc=FILE"), "{}", ended.err);
    let ended = site.program(&[&always[..], &seal[..2]].concat(), line.as_bytes());
    ended.exits(2);
    assert!(ended.err.contains("--epochs"), "{}", ended.err);
    let to_hr = ["--seal-to", "hr=pipelines/sealing/keys/soc.public.jwk"];
    let ended = site.program(&[&always[..], &seal, &to_hr].concat(), line.as_bytes());
    ended.exits(2);
    assert!(ended.err.contains("--seal-to hr: the policy seals nothing to this audience"), "{}", ended.err);
    let ended = site.program(&[&always[..], &["--epochs", "e"]].concat(), line.as_bytes());
    ended.exits(2);
    assert!(ended.err.contains("without --seal-to"), "{}", ended.err);
    // The epochs file is neither input nor output.
    fs::write(site.path("e.log"), &line).expect("written");
    std::os::unix::fs::symlink("e.log", site.path("link")).expect("linked");
    for (files, says) in [(vec!["link"], "is an input, too"), (vec!["out.log"], "is the output, too")] {
        let out = fs::OpenOptions::new().append(true).open(site.path("e.log")).expect("opened");
        let mut command = scrubjay([&always[..], &seal[..2], &["--epochs", "e.log"], &files].concat());
        command.current_dir(site.folder.path());
        if says.contains("output") {
            command.stdout(out);
        }
        let ended = command.output().expect("ended");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(2) && said.contains(says), "{said}");
        assert_eq!(site.read("e.log"), line);
    }
    let ended = site.program(&[&always[..], &["--seal-to", "soc=none.jwk", "--epochs", "e"]].concat(), line.as_bytes());
    ended.exits(2);
    assert!(ended.err.contains("none.jwk: "), "{}", ended.err);
}

/// A recipient's new key is used by a filter that goes on running: it looks every 10 s, at the next text that comes.
#[test]
fn a_filter_takes_new_recipients_while_it_runs() {
    let site = Site::new();
    fs::write(site.path("p.yaml"), "policy: [{match: {}, claims: {iss: keep, \"*\": {seal: [soc]}}}]\n").expect("written");
    let seal = ["--seal-to", "soc=pipelines/sealing/keys/soc.public.jwk", "--epochs", "epochs.jsonl", "--threads", "1"];
    let mut filter = scrubjay([&["scrub", "--policy", "p.yaml"][..], &seal].concat())
        .current_dir(site.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("started");
    let mut input = filter.stdin.take().expect("a pipe");
    let mut number = 0;
    let mut feed = || {
        number += 1;
        input.write_all(format!("token={}\n", access(number)).as_bytes()).expect("written");
    };
    let epochs = || fs::read_to_string(site.path("epochs.jsonl")).unwrap_or_default();
    let mut feed_until = |what: &str, lines: usize| {
        support::wait_until(what, || {
            feed();
            std::thread::sleep(std::time::Duration::from_millis(200));
            epochs().lines().count() == lines
        });
    };
    feed_until("the first epoch", 1);
    let recipients = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["recipients"].clone();
    site.program(&["keys", "new", "--dir", "other", "--audience", "soc"], b"").exits(0);
    fs::copy(site.path("other/soc.public.jwk"), site.path("pipelines/sealing/keys/soc.public.jwk")).expect("copied");
    feed_until("the second epoch", 2);
    drop(input);
    assert!(filter.wait().expect("ended").success());
    let epochs = epochs();
    let kids: Vec<Value> = epochs.lines().map(|line| recipients(line)[0]["header"]["kid"].clone()).collect();
    let key: Value = serde_json::from_str(&site.read("other/soc.public.jwk")).expect("JSON");
    assert!(kids[0] != kids[1] && kids[1] == key["kid"], "{kids:?}");
}

#[test]
fn the_epochs_file_is_no_log() {
    let site = Site::new();
    site.program(&["keys", "new", "--dir", "k", "--audience", "soc"], b"").exits(0);
    let policy = "policy: [{match: {}, claims: {sub: {seal: [soc]}}}]\nkeys: {epochs: log/e.jsonl, audiences: {soc: [k/soc.public.jwk]}}\n";
    for (include, out, says) in [
        ("in/*.log", "out.log", None),
        ("in/*.log", "log/e.jsonl", Some("sink \"out\" writes the epochs file")),
        ("log/*", "out.log", Some("source \"in\" reads the epochs file")),
    ] {
        let rest = format!(
            "sources: {{in: {{type: file, include: \"{include}\"}}}}\nsinks: {{out: {{type: file, path: {out}}}}}\npipelines: [{{from: in, to: out}}]\n"
        );
        fs::write(site.path("p.yaml"), format!("{policy}{rest}")).expect("written");
        let ended = site.program(&["check", "-c", "p.yaml"], b"");
        ended.exits(if says.is_some() { 2 } else { 0 });
        assert!(says.is_none_or(|says| ended.err.contains(says)), "{}", ended.err);
    }
}

/// An epochs file that cannot be written: the claims are withheld, the log goes on.
#[test]
fn no_durable_record_no_claims() {
    let site = Site::new();
    fs::create_dir_all(site.path("target/sealing/state")).expect("made");
    let config = site.read("pipelines/sealing/soc-only.yaml").replace("  audiences:", "  epochs: /proc/none/epochs.jsonl\n  audiences:");
    fs::write(site.path("pipelines/sealing/soc-only.yaml"), config).expect("written");
    let ended = site.program(&["run", "--once", "-c", "pipelines/sealing/soc-only.yaml"], b"");
    ended.exits(0);
    let clean = site.read("target/sealing/soc-only.log");
    assert!(clean.contains("why:no-epoch-record") && !clean.contains("sealed:") && !clean.contains(PERSON), "{clean}");
    assert!(ended.err.contains("withheld"), "{}", ended.err);
}
