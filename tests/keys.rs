//! `scrubjay keys`, and what every command says about key files: made once, never shown, refused when others can read them.

mod support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use support::{access, base64url, run, scrubjay, write_mode};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The byte that a secret is made of, `nbf` and `exp`.
type Key = (u8, Option<u64>, Option<u64>);

/// A JWK Set.
fn ring(keys: &[Key]) -> String {
    let date = |name: &str, at: &Option<u64>| at.map_or_else(String::new, |at| format!(",\"{name}\":{at}"));
    let jwk = |(secret, nbf, exp): &Key| {
        format!("{{\"kty\":\"oct\",\"k\":\"{}\"{}{}}}", base64url(&[*secret; 32]), date("nbf", nbf), date("exp", exp))
    };
    format!("{{\"keys\":[{}]}}", keys.iter().map(jwk).collect::<Vec<_>>().join(","))
}

#[track_caller]
fn keys(args: &[&str], dir: &Path) -> String {
    let ended = run(scrubjay(["keys"]).args(args).current_dir(dir), b"");
    ended.exits(0);
    assert_eq!(ended.err, "");
    ended.text().to_owned()
}

/// The lines of a table without its head: key, from, until, state.
fn rows(said: &str) -> Vec<Vec<String>> {
    let table = said.lines().skip_while(|line| !line.starts_with("  key ")).skip(1);
    table.filter(|line| line.split_whitespace().count() == 4).map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// What stands under `"k"` in a ring file.
fn secrets(file: &Path) -> Vec<String> {
    let set: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    set["keys"].as_array().unwrap().iter().map(|key| key["k"].as_str().unwrap().to_owned()).collect()
}

fn seconds(shown: &str) -> u64 {
    let done = std::process::Command::new("date").args(["-u", "+%s", "-d", shown]).output().unwrap();
    String::from_utf8(done.stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn a_key_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let said = keys(&["new", "--dir", "deep/keys"], dir.path());
    let path = dir.path().join("deep/keys/fingerprint.key");
    let (secret, meta) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap());
    assert_eq!((secret.len(), meta.mode() & 0o7777), (32, 0o600));
    assert_eq!(fs::metadata(dir.path().join("deep/keys")).unwrap().mode() & 0o777, 0o700);
    let row = rows(&said);
    assert_eq!(row.len(), 1);
    assert_eq!(row[0][1..], ["-", "-", "active"].map(str::to_owned));
    // Markers name the key that the list names.
    let marked = run(scrubjay(["scrub", "--fingerprint-key"]).arg(&path), access(1).as_bytes());
    marked.exits(0);
    assert!(marked.text().contains(&format!("~fp:f{}_", row[0][0])), "{}", marked.text());

    let again = run(scrubjay(["keys", "new", "--dir", "deep/keys", "--period", "90d"]).current_dir(dir.path()), b"");
    assert_eq!(again.exits(2), b"");
    assert!(again.err.contains("deep/keys/fingerprint.key: is there already and is not written over"), "{}", again.err);
    assert_eq!(fs::read(&path).unwrap(), secret);
    let other = keys(&["new", "--dir", "other"], dir.path());
    assert_ne!(rows(&other)[0][0], row[0][0], "each is a new one");
}

#[test]
fn a_ring_of_periods() {
    const DAY: u64 = 86_400;
    let dir = tempfile::tempdir().unwrap();
    let cases: &[(&[&str], usize, u64, u64)] = &[
        (&["--period", "90d"], 2, 90 * DAY, DAY),
        (&["--period", "13w", "--count", "4", "--overlap", "2d"], 4, 91 * DAY, 2 * DAY),
        (&["--period", "2d", "--count", "1"], 1, 2 * DAY, DAY / 2),
        (&["--period", "1h", "--count", "3", "--overlap", "0"], 3, 3600, 0),
    ];
    for (i, (args, count, period, overlap)) in cases.iter().enumerate() {
        let folder = format!("ring{i}");
        let made = keys(&[&["new", "--dir", &folder], *args].concat(), dir.path());
        let file = dir.path().join(&folder).join("fingerprint.key");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
        let listed = keys(&["list", "--dir", &folder], dir.path());
        assert_eq!(rows(&made), rows(&listed), "what is made is what is listed");
        assert_eq!(listed, keys(&["list", "--fingerprint-key", &format!("{folder}/fingerprint.key")], dir.path()));
        let rows = rows(&listed);
        assert_eq!(rows.len(), *count);
        let start = seconds(&rows[0][1]);
        assert!(start <= now() && now() - start <= (*period).min(DAY), "the first period is now: {listed}");
        for (n, row) in rows.iter().enumerate() {
            let from = start + n as u64 * period;
            assert_eq!((seconds(&row[1]), seconds(&row[2])), (from, from + period + overlap), "{listed}");
            assert_eq!(row[3], if n == 0 { "active" } else { "next" });
        }
        assert!(listed.contains(&format!("there is a key until {}", rows[count - 1][2])), "{listed}");
        for secret in secrets(&file) {
            assert!(!made.contains(&secret) && !listed.contains(&secret));
        }
    }
}

#[test]
fn states_of_keys() {
    let dir = tempfile::tempdir().unwrap();
    let hours = |n: i64| now().checked_add_signed(n * 3600);
    let cases: &[(&str, Vec<Key>, &[&str], &str)] = &[
        ("overlap", vec![(2, hours(-1), None), (1, hours(-9), hours(1)), (3, hours(5), None)], &["overlap", "active", "next"], ""),
        ("three", vec![(1, None, None), (2, hours(-5), None), (3, hours(-4), None)], &["unused", "overlap", "active"], ""),
        ("ended", vec![(1, hours(-9), hours(-5)), (2, hours(-5), hours(-1))], &["ended", "ended"], "no key is for now"),
        ("later", vec![(1, hours(5), None)], &["next"], "no key is for now"),
    ];
    for (name, ring_keys, states, said) in cases {
        let file = dir.path().join(name);
        write_mode(&file, ring(ring_keys).as_bytes(), 0o600);
        let listed = keys(&["list", "--fingerprint-key", name], dir.path());
        assert_eq!(rows(&listed).iter().map(|row| row[3].as_str()).collect::<Vec<_>>(), *states, "{listed}");
        assert!(listed.contains(said), "{listed}");
        // Nothing is fingerprinted with a key whose time is not now.
        let scrubbed = run(scrubjay(["scrub", "--fingerprint-key"]).arg(&file), access(1).as_bytes());
        match states.iter().position(|state| *state == "active") {
            Some(at) => {
                // In an overlap the former key's fingerprint stands beside the active one's, in this order.
                let former = states.iter().position(|state| *state == "overlap");
                let expected: Vec<String> = [Some(at), former].into_iter().flatten().map(|row| rows(&listed)[row][0].clone()).collect();
                scrubbed.exits(0);
                let ids: Vec<&str> = scrubbed.text().split("~fp:f").skip(1).map(|rest| &rest[..6]).collect();
                assert_eq!(ids, expected, "{}", scrubbed.text());
            }
            None => {
                assert_eq!(scrubbed.exits(2), b"");
                assert!(scrubbed.err.contains(": no key of it is for now, 20"), "{}", scrubbed.err);
            }
        }
    }
}

#[test]
fn files_that_are_no_keys_are_refused_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let secret = base64url(&[7; 32]);
    let file = |name: &str, text: &str, mode| write_mode(&dir.path().join(name), text.as_bytes(), mode);
    file("short", "x", 0o600);
    file("zeros", &"\0".repeat(32), 0o600);
    file("open", &"k".repeat(32), 0o644);
    file("half", &ring(&[(7, None, None)])[..60], 0o600);
    file("jwk", &format!("{{\"kty\":\"oct\",\"k\":\"{secret}\"}}"), 0o600);
    file("backwards", &ring(&[(7, Some(9), Some(8))]), 0o600);
    file("twice", &ring(&[(7, None, Some(8)), (7, Some(8), None)]), 0o600);
    file("rsa", &format!("{{\"keys\":[{{\"kty\":\"RSA\",\"d\":\"{secret}\"}}]}}"), 0o600);
    file("good", &"k".repeat(32), 0o600);
    fs::create_dir(dir.path().join("folder")).unwrap();
    std::os::unix::fs::symlink("good", dir.path().join("link")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, dir.path().join("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)
        .unwrap();
    let cases: &[(&str, &str)] = &[
        ("short", "at least 32 random bytes"),
        ("zeros", "zero bytes only"),
        ("open", "others can read this key (mode 0644); mend it: chmod 600 open"),
        ("half", "no JWK Set of keys of type oct (RFC 7517): see line 1, column 60"),
        ("jwk", "no JWK Set"),
        ("backwards", "key 1 ends (exp) before it begins (nbf)"),
        ("twice", "keys 1 and 2 are the same key"),
        ("rsa", "key 1 of the set is not of type oct"),
        ("folder", "a key is a regular file"),
        ("link", "a key is a regular file"),
        ("pipe", "a key is a regular file"),
        ("none", "no such file"),
    ];
    for (name, said) in cases {
        for command in [&["keys", "list"][..], &["scrub"], &["explain"], &["fingerprint"]] {
            let ended = run(scrubjay(command).args(["--fingerprint-key", name]).current_dir(dir.path()), b"text\n");
            assert_eq!(ended.exits(2), b"", "{command:?} {name}");
            assert!(ended.err.contains(&format!("{name}: ")) && ended.err.contains(said), "{command:?} {name}: {}", ended.err);
            assert!(ended.err.lines().count() == 1 && !ended.err.contains(&secret[..8]), "{}", ended.err);
        }
        // A pipeline file that names it does not pass its check.
        let pipeline = format!(
            "keys: {{fingerprint: ./{name}}}\nsources: {{in: {{type: stdin}}}}\nsinks: {{out: {{type: stdout}}}}\npipelines: [{{from: in, to: out}}]\n"
        );
        fs::write(dir.path().join("p.yaml"), pipeline).unwrap();
        let ended = run(scrubjay(["check", "-c", "p.yaml"]).current_dir(dir.path()), b"");
        assert_eq!(ended.exits(2), b"", "{name}");
        assert!(ended.err.starts_with("p.yaml:1:21: ") && ended.err.contains(&format!("/{name} ")), "{}", ended.err);
    }
}

#[test]
fn a_key_of_somebody_else_is_refused() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not checked: only root can give files away");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("foreign");
    write_mode(&path, &[7; 32], 0o600);
    let chown = |user| std::os::unix::fs::chown(&path, Some(user), None).unwrap();
    chown(12345);
    let ended = run(scrubjay(["keys", "list", "--fingerprint-key"]).arg(&path), b"");
    assert_eq!(ended.exits(2), b"");
    assert!(ended.err.contains("belongs to user 12345") && ended.err.contains("chown 0 "), "{}", ended.err);
    chown(0);
    run(scrubjay(["keys", "list", "--fingerprint-key"]).arg(&path), b"").exits(0);
}

#[test]
fn mistakes_of_usage() {
    let dir = tempfile::tempdir().unwrap();
    let cases: &[&[&str]] = &[
        &["keys"],
        &["keys", "new"],
        &["keys", "list"],
        &["keys", "list", "--dir", "a", "--fingerprint-key", "b"],
        &["keys", "new", "--dir", "a", "--count", "2"],
        &["keys", "new", "--dir", "a", "--overlap", "1d"],
        &["keys", "new", "--dir", "a", "--period", "90"],
        &["keys", "new", "--dir", "a", "--period", "1d", "--count", "0"],
        &["keys", "new", "--dir", "a", "--period", "1d", "--overlap", "1d"],
        &["keys", "list", "--dir", "nothing"],
    ];
    for args in cases {
        let ended = run(scrubjay(*args).current_dir(dir.path()), b"");
        assert_eq!(ended.exits(2), b"", "{args:?}");
        assert!(!ended.err.is_empty());
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was written");
    // A folder that cannot be made or written to.
    fs::write(dir.path().join("file"), "").unwrap();
    let ended = run(scrubjay(["keys", "new", "--dir", "file/keys"]).current_dir(dir.path()), b"");
    assert_eq!(ended.exits(2), b"");
    assert!(ended.err.contains("give a folder that can be made and written to"), "{}", ended.err);
    fs::create_dir(dir.path().join("closed")).unwrap();
    fs::set_permissions(dir.path().join("closed"), fs::Permissions::from_mode(0o500)).unwrap();
    if !rustix::process::geteuid().is_root() {
        run(scrubjay(["keys", "new", "--dir", "closed"]).current_dir(dir.path()), b"").exits(2);
    }
}

#[test]
fn a_key_ends_while_scrub_runs() {
    let dir = tempfile::tempdir().expect("a folder");
    for threads in ["1", "2"] {
        let key = dir.path().join(threads);
        let jwk = ring(&[(7, None, Some(now() + 3))]);
        write_mode(&key, jwk.as_bytes(), 0o600);
        let mut command = scrubjay(["scrub", "--threads", threads, "--fingerprint-key"]);
        let piped = command.arg(&key).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // Lines behind it, so that nothing more of it is waited for.
        writeln!(stdin, "{}\nplain\nplain", access(1)).expect("taken");
        std::thread::sleep(Duration::from_millis(4500));
        writeln!(stdin, "{}", access(1)).expect("taken");
        drop(stdin);
        let ended = child.wait_with_output().expect("ended");
        let text = String::from_utf8(ended.stdout).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        let [before, _, _, after] = lines.as_slice() else { panic!("{lines:?}") };
        assert!(before.contains("fp:f") && !after.contains("fp:f") && after.contains("why:no-key"), "{threads}: {text}");
        assert!(String::from_utf8_lossy(&ended.stderr).contains("no correlation key is for now"));
    }
}
