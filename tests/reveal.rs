//! Break-glass from the outside: keys are made, claims are sealed to them, and come back for a reason that is written down.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scrubjay_claims::jose::{EpochFile, Identity, Recipients};
use scrubjay_claims::{EpochLimits, EpochStore, Sealer, Standalone};
use serde_json::{Value, json};
use support::{Ended, access, run, scrubjay, write_mode};

const FP: &str = "f0a1b2c_AAAAAAAAAAAAAAAAAAAAAA";
const OTHER_FP: &str = "f0a1b2c_BBBBBBBBBBBBBBBBBBBBBB";

struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    /// A folder with keys of two audiences and an agent.
    fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().expect("a folder") };
        site.keys(&["new", "--dir", "keys", "--audience", "soc", "--audience", "privacy", "--agent"]);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[track_caller]
    fn keys(&self, args: &[&str]) -> String {
        let ended = run(scrubjay(["keys"]).args(args).current_dir(self.folder.path()), b"");
        ended.exits(0);
        assert_eq!(ended.err, "");
        ended.text().to_owned()
    }

    fn store(&self, identity: bool) -> Arc<EpochFile> {
        let files: BTreeMap<String, Vec<PathBuf>> =
            ["soc", "privacy"].map(|name| (name.to_owned(), vec![self.path(&format!("keys/{name}.public.jwk"))])).into();
        let identity =
            identity.then(|| Identity::read(&fs::read(self.path("keys/agent.private.jwk")).expect("read")).expect("an identity"));
        Arc::new(EpochFile::new(self.path("epochs.jsonl"), "node-7", Recipients::read(files).expect("keys"), identity))
    }

    fn sealer(&self, identity: bool) -> Sealer {
        Sealer::new(["soc".to_owned(), "privacy".to_owned()], self.store(identity) as Arc<dyn EpochStore>, EpochLimits::default())
    }

    /// A command over `log` with everything that revealing needs.
    fn reveal(&self, key: &str, args: &[&str], log: &str) -> Ended {
        let mut all = vec!["reveal", "--epochs", "epochs.jsonl", "--reason", "case 7", "--audit-log", "audit.jsonl"];
        if !args.contains(&"--format") {
            all.extend(["--format", "jsonl"]);
        }
        let key = format!("keys/{key}.private.jwk");
        run(scrubjay(all).args(["--key", &key]).args(args).current_dir(self.folder.path()), log.as_bytes())
    }

    fn entries(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("audit.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

fn seal(sealer: &Sealer, audience: &str, claims: &Value) -> String {
    sealer.seal(audience, FP, &claims.to_string(), 1_700_000_000).expect("sealed").remove(0)
}

fn objects(ended: &Ended) -> Vec<Value> {
    ended.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn claims_come_back_after_an_entry() {
    let site = Site::new();
    let sealer = site.sealer(false);
    let claims = json!({"sub": "ann", "big": 12345678901234567890u64, "nested": {"a": [1, 2.5, null]}});
    let (soc, privacy) = (seal(&sealer, "soc", &claims), seal(&sealer, "privacy", &json!({"email": "ann@example.org"})));
    let log = format!(
        "first\nGET /?t=jwt(class:id~fp:{FP}~sealed:{soc}~sealed:{privacy}) 200\nmoved jwt(fp:{OTHER_FP}~sealed:{soc})\nbare \"{soc}\"\n"
    );
    let ended = site.reveal("soc", &[], &log);
    ended.exits(0);
    assert_eq!(ended.err, "scrubjay: claim sets: 3 opened; 1 for other recipients; 1 bound to another token than the marker's\n");
    let found = objects(&ended);
    let expected = |line: u64, bound: Value| json!({"line": line, "fp": FP, "audience": "soc", "claims": claims, "bound": bound, "origin": "unsigned", "agent": "node-7"});
    assert_eq!(found, [expected(2, json!(true)), expected(3, json!(false)), expected(4, Value::Null)]);
    assert!(ended.text().starts_with(&format!(
        "{{\"line\":2,\"fp\":\"{FP}\",\"audience\":\"soc\",\"claims\":{{\"sub\":\"ann\",\"big\":12345678901234567890,"
    )));

    let entries = site.entries();
    assert_eq!(entries.len(), 2);
    assert_eq!(
        (&entries[0]["event"], &entries[0]["reason"], &entries[1]["event"]),
        (&json!("reveal"), &json!("case 7"), &json!("revealed"))
    );
    assert_eq!((&entries[1]["of"], &entries[1]["opened"], &entries[1]["fps"]), (&json!(1), &json!(3), &json!([FP])));
    assert_eq!(fs::metadata(site.path("audit.jsonl")).expect("there").mode() & 0o777, 0o600);
    let written = fs::read_to_string(site.path("audit.jsonl")).expect("text");
    assert!(!written.contains("ann") && written.contains("\"actor\":\"uid "), "{written}");

    // In words, and for one audience or claim.
    let ended = site.reveal("privacy", &["--format", "text"], &log);
    assert_eq!(
        ended.exits(0),
        format!("line 2  audience privacy  {FP}  bound to its marker\n  origin: says node-7, unsigned\n  email  \"ann@example.org\"\n")
            .as_bytes()
    );
    let both = ["--key", "keys/privacy.private.jwk"];
    assert_eq!(objects(&site.reveal("soc", &both, &log)).len(), 4);
    assert_eq!(objects(&site.reveal("soc", &[&both[..], &["--audience", "privacy"]].concat(), &log)).len(), 1);
    let one = objects(&site.reveal("soc", &[&both[..], &["--claim", "email"]].concat(), &log));
    assert_eq!((one.len(), &one[0]["claims"]), (1, &json!({"email": "ann@example.org"})));
}

#[test]
fn what_scrub_seals_reveal_opens() {
    let site = Site::new();
    let policy = "policy:\n  - match: {}\n    claims:\n      iss: {show: keep}\n      \"*\": {show: none, seal: [soc]}\n      email: {show: none, seal: [soc, privacy]}\n";
    fs::write(site.path("policy.yaml"), policy).expect("written");
    let args = ["scrub", "--policy", "policy.yaml", "--fingerprint-key", "keys/fingerprint.key", "--epochs", "epochs.jsonl"];
    let to = ["--seal-to", "soc=keys/soc.public.jwk", "--seal-to", "privacy=keys/privacy.public.jwk"];
    let lines: Vec<u8> = (0..20).flat_map(|n| format!("GET /?access_token={}&n={n} HTTP/1.1\n", access(n % 4)).into_bytes()).collect();
    let clean = run(scrubjay(args).args(to).current_dir(site.folder.path()), &lines);
    clean.exits(0);
    let text = clean.text();
    assert_eq!((text.lines().count(), text.matches("~sealed:").count()), (20, 40), "{text:.2000}");
    let (soc, privacy) = (site.reveal("soc", &[], text), site.reveal("privacy", &[], text));
    soc.exits(0);
    privacy.exits(0);
    let (soc, privacy) = (objects(&soc), objects(&privacy));
    assert_eq!((soc.len(), privacy.len()), (20, 20));
    for (n, (soc, privacy)) in soc.iter().zip(&privacy).enumerate() {
        let email = format!("person{}@customers.example", n % 4);
        assert_eq!((&soc["bound"], &privacy["bound"], &soc["line"]), (&json!(true), &json!(true), &json!(n + 1)));
        assert_eq!((&soc["claims"]["email"], &privacy["claims"]), (&json!(email), &json!({"email": email})));
        assert_eq!(soc["fp"], privacy["fp"]);
        assert!(soc["claims"].get("jti").is_some() && !text.contains(&email));
    }
    // Sealed anew each time; and scrubbing twice is scrubbing once.
    let sets: std::collections::BTreeSet<&str> =
        text.split("~sealed:").skip(1).map(|rest| rest.split(['~', ')']).next().expect("a set")).collect();
    assert_eq!(sets.len(), 40);
    let twice = run(scrubjay(args).args(to).current_dir(site.folder.path()), text.as_bytes());
    assert_eq!(twice.exits(0), text.as_bytes());
}

#[test]
fn no_audit_no_reveal() {
    let site = Site::new();
    let log = format!("jwt(fp:{FP}~sealed:{})\n", seal(&site.sealer(false), "soc", &json!({"sub": "ann"})));
    fs::create_dir(site.path("audit.jsonl")).expect("a folder");
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec![], "without an entry in the audit log nothing is revealed"),
        (vec!["--audit-log", "/dev/full"], "nothing is revealed"),
        (vec!["--audit-log", "none/log"], "no such file"),
        (vec!["--audit-log", "new", "--audit-anchor", "none"], "the system's log does not take its head"),
        (vec!["--audit-log", "other", "--reason", " "], "--reason: say why"),
        (vec!["--audit-log", "other", "--epochs", "none"], "no such file"),
        (vec!["--audit-log", "other", "--key", "keys/soc.public.jwk"], "others can read this key"),
        (vec!["--audit-log", "other", "--key", "none"], "no such file"),
    ];
    for (args, says) in cases {
        // The last of two equal options counts; keys and epochs add up.
        let mut all = vec!["reveal", "--key", "keys/soc.private.jwk", "--epochs", "epochs.jsonl"];
        if !args.contains(&"--reason") {
            all.extend(["--reason", "case 7"]);
        }
        if !args.contains(&"--audit-log") {
            all.extend(["--audit-log", "audit.jsonl"]);
        }
        all.extend(&args);
        let ended = run(scrubjay(all).current_dir(site.folder.path()), log.as_bytes());
        assert_eq!(ended.exits(2), b"", "{args:?}");
        assert!(ended.err.contains(says), "{args:?}: {}", ended.err);
    }
    let token = access(1);
    let ended = run(
        scrubjay(["reveal", "--key", "keys/soc.private.jwk", "--audit-log", "other", "--reason", &token]).current_dir(site.folder.path()),
        b"",
    );
    ended.exits(2);
    assert!(ended.err.contains("looks like a token") && !ended.err.contains(&token[..30]), "{}", ended.err);
    assert!(!site.path("other").exists(), "nothing was asked for, so there is no entry");
}

#[test]
fn a_pipe_is_no_file_to_wait_for() {
    let site = Site::new();
    rustix::fs::mknodat(rustix::fs::CWD, site.path("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR, 0)
        .expect("a pipe");
    let reveal = ["reveal", "--key", "keys/soc.private.jwk", "--reason", "case 7", "--audit-log"];
    let cases: [Vec<&str>; 9] = [
        [&reveal[..], &["pipe"]].concat(),
        [&reveal[..], &["audit.jsonl", "--epochs", "pipe"]].concat(),
        [&reveal[..], &["audit.jsonl", "--agent-keys", "pipe"]].concat(),
        vec!["audit-log", "verify", "pipe"],
        vec!["keys", "list", "--epochs", "pipe"],
        vec!["scrub", "--policy", "pipe"],
        vec!["scrub", "--rules", "pipe"],
        vec!["check", "-c", "pipe"],
        vec!["test", "-c", "pipe"],
    ];
    for args in cases {
        let ended = run(scrubjay(&args).current_dir(site.folder.path()), b"");
        assert_eq!(ended.exits(2), b"", "{args:?}");
        assert!(ended.err.contains("not a regular file"), "{args:?}: {}", ended.err);
    }
}

#[test]
fn what_does_not_open_is_counted_and_ends_with_1() {
    let site = Site::new();
    let set = seal(&site.sealer(false), "soc", &json!({"sub": "ann"}));
    let altered = format!("{}AAAA", &set[..set.len() - 4]);
    let log = format!("jwt(fp:{FP}~sealed:{altered})\njwt(fp:{FP}~sealed:{set})\n");
    let ended = site.reveal("soc", &[], &log);
    assert_eq!((ended.exits(1).is_empty(), objects(&ended).len()), (false, 1));
    assert!(ended.err.contains("1 that cannot be opened"), "{}", ended.err);
    fs::write(site.path("epochs.jsonl"), "not a record\n").expect("written");
    let ended = site.reveal("soc", &[], &log);
    assert_eq!(ended.exits(1), b"");
    assert!(ended.err.contains("2 without a record of its epoch") && ended.err.contains("1 lines of the epochs files"), "{}", ended.err);
    let ended = site.reveal("soc", &["none.log"], "");
    assert_eq!(ended.exits(1), b"");
    assert!(ended.err.contains("none.log: no such file"), "{}", ended.err);
}

#[test]
fn a_token_never_comes_back() {
    let site = Site::new();
    let token = access(3);
    let claims = json!({"sub": "ann\u{9b}31m", "hint": token, "access_token=": [format!("Bearer {token}")]});
    let log = format!("jwt(fp:{FP}~sealed:{})\n", seal(&site.sealer(false), "soc", &claims));
    for format in ["text", "jsonl"] {
        let ended = site.reveal("soc", &["--format", format], &log);
        let text = String::from_utf8(ended.exits(0).to_vec()).expect("text");
        assert!(text.contains("ann") && text.contains("jwt("), "{text}");
        for part in token.split('.') {
            assert!(!text.contains(&part[..16]), "{text}");
        }
        assert!(!text.contains('\u{9b}'), "{text:?}");
    }
    assert_eq!(objects(&site.reveal("soc", &[], &log)).len(), 1, "it is still JSON");
}

#[test]
fn a_claim_set_that_is_a_credential_is_withheld() {
    let site = Site::new();
    let token = access(3);
    let parts: Vec<&str> = token.split('.').collect();
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let sealer = site.sealer(false);
    let sets = [
        (json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]}), parts[2], "signature", "withheld"),
        (json!({"kty": "oct", "k": secret}), secret, "k", "withheld"),
        (json!({"sub": "ann", "cnf": {"jwk": {"kty": "oct", "k": secret}}}), secret, "sub", "ann"),
    ];
    for (claims, secret, claim, says) in sets {
        let log = format!("jwt(fp:{FP}~sealed:{})\n", seal(&sealer, "soc", &claims));
        for args in [vec!["--format", "text"], vec![], vec!["--claim", claim], vec!["--format", "text", "--claim", claim]] {
            let ended = site.reveal("soc", &args, &log);
            ended.exits(0);
            let text = ended.text();
            assert!(text.contains(says) && text.contains(FP), "{args:?}: {text}");
            assert!(!text.contains(&secret[..16]), "{args:?}: {text}");
        }
        assert_eq!(site.reveal("soc", &["--claim", "other"], &log).exits(0), b"");
    }
}

#[test]
fn the_origin_is_verified_by_the_agents_key() {
    let site = Site::new();
    let log = format!("jwt(fp:{FP}~sealed:{})\n", seal(&site.sealer(true), "soc", &json!({"sub": "ann"})));
    let agent: Value = serde_json::from_slice(&fs::read(site.path("keys/agent.public.jwk")).expect("read")).expect("JSON");
    for (args, origin) in [(vec![], "unknown-signer"), (vec!["--agent-keys", "keys/agent.public.jwk"], "verified")] {
        let found = objects(&site.reveal("soc", &args, &log));
        assert_eq!((&found[0]["origin"], &found[0]["signer"]), (&json!(origin), &agent["kid"]));
    }
    let ended = site.reveal("soc", &["--agent-keys", "keys/agent.private.jwk"], &log);
    assert_eq!(ended.exits(2), b"");
    let text = site.reveal("soc", &["--format", "text", "--agent-keys", "keys/agent.public.jwk"], &log);
    assert!(text.text().contains("origin: node-7, verified by the agent key "), "{}", text.text());
}

#[test]
fn a_standalone_claim_set_opens_without_epochs() {
    let site = Site::new();
    let sealer = Sealer::standalone(["soc".to_owned()], site.store(false) as Arc<dyn Standalone>);
    let log = format!("jwt(fp:{FP}~sealed:{})\n", seal(&sealer, "soc", &json!({"sub": "ann"})));
    let args = ["reveal", "--reason", "case 7", "--audit-log", "audit.jsonl", "--format", "jsonl", "--key", "keys/soc.private.jwk"];
    let ended = run(scrubjay(args).current_dir(site.folder.path()), log.as_bytes());
    ended.exits(0);
    assert_eq!(
        objects(&ended),
        [json!({"line": 1, "fp": FP, "audience": null, "claims": {"sub": "ann"}, "bound": true, "origin": "unsigned", "agent": null})]
    );
}

#[test]
fn the_audit_log_shows_what_was_done_to_it() {
    let site = Site::new();
    let log = format!("jwt(fp:{FP}~sealed:{})\n", seal(&site.sealer(false), "soc", &json!({"sub": "ann"})));
    site.reveal("soc", &[], &log).exits(0);
    site.reveal("soc", &[], &log).exits(0);
    let verify = |args: &[&str]| run(scrubjay(["audit-log", "verify", "audit.jsonl"]).args(args).current_dir(site.folder.path()), b"");
    let whole = verify(&[]);
    whole.exits(0);
    assert!(
        whole.text().starts_with("4 entries: no entry was cut, edited or moved\nhead 4:") && whole.text().contains("cannot be proven"),
        "{}",
        whole.text()
    );
    let head = whole.text().lines().find_map(|line| line.strip_prefix("head ")).expect("a head").to_owned();
    let proven = verify(&["--head", &head]);
    proven.exits(0);
    assert!(proven.text().contains("nothing was cut off"), "{}", proven.text());

    let text = fs::read_to_string(site.path("audit.jsonl")).expect("text");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let changed = [
        (text.replace("case 7", "case 8"), "the entry was edited"),
        ([lines[0], lines[2], lines[3]].concat(), "entries before this one are missing"),
        ([lines[1], lines[0], lines[2], lines[3]].concat(), "out of order"),
        (lines[..3].concat(), "entries after this one were cut off"),
        (text[..text.len() - 20].to_owned(), "the line is cut"),
    ];
    let kept = fs::read(site.path("audit.jsonl.head")).expect("the head beside it");
    for (text, says) in changed {
        fs::write(site.path("audit.jsonl"), text).expect("written");
        fs::write(site.path("audit.jsonl.head"), &kept).expect("written");
        let ended = verify(&[]);
        ended.exits(1);
        assert!(ended.text().contains(says), "{says}: {}", ended.text());
        // Nothing is revealed on top of a damaged end.
        let last = site.reveal("soc", &[], &log);
        let refused = says == "entries after this one were cut off" || says == "the line is cut" || says == "the entry was edited";
        assert_eq!(last.exits(if refused { 2 } else { 0 }).is_empty(), refused, "{says}");
    }
    // An empty log is what is left of one that was emptied.
    fs::remove_file(site.path("audit.jsonl.head")).expect("removed");
    fs::write(site.path("audit.jsonl"), "").expect("written");
    let empty = verify(&[]);
    empty.exits(0);
    assert!(empty.text().starts_with("0 entries") && empty.text().contains("cannot be proven"), "{}", empty.text());
    verify(&["--head", &head]).exits(1);
    assert_eq!(verify(&["--head", "4"]).exits(2), b"");
    assert_eq!(run(&mut scrubjay(["audit-log", "verify", "/no/such/file"]), b"").exits(2), b"");
}

#[test]
fn keys_of_audiences_are_made_replaced_and_listed() {
    let site = Site::new();
    let mode = |name: &str| fs::metadata(site.path(name)).expect("there").mode() & 0o777;
    assert_eq!((mode("keys/soc.private.jwk"), mode("keys/agent.private.jwk"), mode("keys/fingerprint.key")), (0o600, 0o600, 0o600));
    let public: Value = serde_json::from_slice(&fs::read(site.path("keys/soc.public.jwk")).expect("read")).expect("JSON");
    assert_eq!((&public["kty"], &public["crv"], &public["use"], public.get("d")), (&json!("OKP"), &json!("X25519"), &json!("enc"), None));
    assert_eq!(
        site.keys(&["public", "--key", "keys/soc.private.jwk"]).trim_end(),
        fs::read_to_string(site.path("keys/soc.public.jwk")).expect("text").trim_end()
    );

    let again = run(scrubjay(["keys", "new", "--dir", "keys", "--audience", "soc"]).current_dir(site.folder.path()), b"");
    assert_eq!(again.exits(2), b"");
    assert!(again.err.contains("is not written over") && again.err.contains("keys rotate"), "{}", again.err);
    for name in ["../soc", "a/b", "", "agent"] {
        let ended = run(scrubjay(["keys", "new", "--dir", "keys", "--audience", name]).current_dir(site.folder.path()), b"");
        assert_eq!(ended.exits(2), b"", "{name}");
    }
    // Nothing is written when one of the names cannot be.
    for names in [["new1", "new1"], ["new1", "agent"], ["new1", "fingerprint"], ["new1", "soc"]] {
        let args = ["keys", "new", "--dir", "keys", "--audience", names[0], "--audience", names[1]];
        assert_eq!(run(scrubjay(args).current_dir(site.folder.path()), b"").exits(2), b"", "{names:?}");
        assert!(!site.path("keys/new1.public.jwk").exists() && !site.path("keys/new1.private.jwk").exists(), "{names:?}");
    }
    site.keys(&["new", "--dir", "keys", "--audience", "p", "--curve", "p256", "--valid", "90d"]);

    // What was sealed before a rotation opens with the kept key, what comes after with the new one.
    let before = format!("jwt(fp:{FP}~sealed:{})\n", seal(&site.sealer(false), "soc", &json!({"sub": "old"})));
    let said = site.keys(&["rotate", "--dir", "keys", "--audience", "soc", "--valid", "90d"]);
    let kept = said.lines().find_map(|line| line.split_once(": the old key")).expect("the old key").0.to_owned();
    let after = format!("jwt(fp:{FP}~sealed:{})\n", seal(&site.sealer(false), "soc", &json!({"sub": "new"})));
    let kept_name =
        Path::new(&kept).file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".private.jwk")).expect("a name").to_owned();
    assert_eq!(objects(&site.reveal(&kept_name, &[], &before)).len(), 1);
    assert_eq!(objects(&site.reveal(&kept_name, &[], &after)).len(), 0);
    assert_eq!(objects(&site.reveal("soc", &[], &after)).len(), 1);

    let listed = site.keys(&["list", "--dir", "keys", "--epochs", "epochs.jsonl"]);
    let old_kid = public["kid"].as_str().expect("kid");
    let rows: Vec<&str> = listed.lines().filter(|line| line.trim_start().starts_with("soc ")).collect();
    assert_eq!(rows.len(), 3, "its key, and two that can open its epochs: {listed}");
    assert!(rows[0].contains("X25519") && rows[0].contains("private key is here") && !rows[0].contains(old_kid), "{listed}");
    assert!(listed.contains(old_kid) && listed.contains("fingerprint.key") && listed.contains("an agent's identity"), "{listed}");
    let secret: Value = serde_json::from_slice(&fs::read(site.path("keys/soc.private.jwk")).expect("read")).expect("JSON");
    assert!(!listed.contains(secret["d"].as_str().expect("d")) && !said.contains(secret["d"].as_str().expect("d")));
}

#[test]
fn private_keys_that_others_can_read_are_refused() {
    let site = Site::new();
    let text = fs::read(site.path("keys/soc.private.jwk")).expect("read");
    write_mode(&site.path("keys/open.private.jwk"), &text, 0o644);
    symlink(site.path("keys/soc.private.jwk"), site.path("keys/link.private.jwk")).expect("a link");
    seal(&site.sealer(false), "soc", &json!({}));
    for (key, says) in [("open", "chmod 600"), ("link", "not a link")] {
        let ended = site.reveal(key, &[], "");
        assert_eq!(ended.exits(2), b"");
        assert!(ended.err.contains(says), "{}", ended.err);
        let ended = run(scrubjay(["keys", "public", "--key"]).arg(site.path(&format!("keys/{key}.private.jwk"))), b"");
        assert_eq!(ended.exits(2), b"");
    }
}
