//! `scrubjay fingerprint`: what it prints is what stands in logs, for every key of the ring; the token itself never comes out.

mod support;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use support::{Canaries, Running, WAIT_MAX, access, base64url, encrypted, key_file, run, scrubjay, wait_until, write_mode};

fn hours(n: i64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().checked_add_signed(n * 3600).unwrap()
}

/// A ring of a past, an overlapping, an active and a coming key; their secrets are 1, 2, 3 and 4.
fn ring_file(dir: &Path) -> PathBuf {
    let periods = [(hours(-99), hours(-50)), (hours(-50), hours(2)), (hours(-1), hours(50)), (hours(50), hours(99))];
    let jwk =
        |(n, (nbf, exp)): (u8, &(u64, u64))| format!("{{\"kty\":\"oct\",\"nbf\":{nbf},\"exp\":{exp},\"k\":\"{}\"}}", base64url(&[n; 32]));
    let path = dir.join("ring.key");
    let keys: Vec<String> = (1..).zip(&periods).map(jwk).collect();
    write_mode(&path, format!("{{\"keys\":[{}]}}", keys.join(",")).as_bytes(), 0o600);
    path
}

/// The fingerprint in the marker that a raw key makes.
fn marked(dir: &Path, secret: u8, text: &str) -> String {
    let key = dir.join(format!("raw{secret}.key"));
    write_mode(&key, &[secret; 32], 0o600);
    let ended = run(scrubjay(["scrub", "--fingerprint-key"]).arg(key), text.as_bytes());
    ended.exits(0);
    let (_, rest) = ended.text().split_once("fp:").expect("a marker with a fingerprint");
    rest.split([')', '~']).next().unwrap().to_owned()
}

fn fields(out: &str) -> Vec<Vec<&str>> {
    out.lines().map(|line| line.split('\t').collect()).collect()
}

#[test]
fn it_prints_what_stands_in_logs() {
    let dir = tempfile::tempdir().unwrap();
    let ring = ring_file(dir.path());
    let (jws, jwe) = (access(1), encrypted(2));
    let sd_jwt = format!("{jws}~WyJzYWx0IiwibmFtZSIsIkFsaWNlIFNlY3JldCJd~");
    let resigned = format!("{}.{}", jws.rsplit_once('.').unwrap().0, base64url(&[9; 64]));
    let json = format!("{{\"msg\":\"{}\"}}", jws.replace('.', "\\u002e"));
    let cases: &[(&str, String, &str)] = &[
        ("jws", jws.clone(), "jwt access at line 1, column 1"),
        ("in a header", format!("GET /\nAuthorization: Bearer {jws}\n"), "jwt access at line 2, column 23"),
        ("jwe", format!("{jwe}\n"), "jwe encrypted at line 1, column 1"),
        ("sd-jwt", sd_jwt, "sdjwt "),
        ("another signature", resigned, "jwt access "),
        ("escaped", json, "jwt access "),
    ];
    for (what, text, described) in cases {
        let ended = run(scrubjay(["fingerprint", "--fingerprint-key"]).arg(&ring), text.as_bytes());
        ended.exits(0);
        assert_eq!(ended.err, "", "{what}");
        let lines = fields(ended.text());
        assert_eq!(lines.len(), 4, "{what}: one line for each key");
        for (line, (secret, state)) in lines.iter().zip([(4, "next"), (3, "active"), (2, "overlap"), (1, "ended")]) {
            let [print, id, period, shown_state, token] = line[..] else { panic!("{what}: {line:?}") };
            assert_eq!(print, marked(dir.path(), secret, text), "{what}: the marker of that key");
            assert!(print.starts_with(&format!("f{id}_")));
            assert_eq!(shown_state, state, "{what}");
            assert!(period.len() == 41 && period.as_bytes()[20] == b'/', "{period}");
            assert!(token.starts_with(described), "{what}: {token}");
        }
        Canaries::of([&jws, &jwe]).absent("the output", ended.text().as_bytes());
    }
    // A log of that time is found by it.
    let log = run(scrubjay(["scrub", "--fingerprint-key"]).arg(&ring), format!("user=1 t={jws}\n").as_bytes());
    let ended = run(scrubjay(["fingerprint", "--fingerprint-key"]).arg(&ring), jws.as_bytes());
    assert!(fields(ended.text()).iter().any(|line| log.text().contains(line[0])));
}

#[test]
fn files_and_several_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let file = dir.path().join("tokens.txt");
    fs::write(&file, format!("{}\n{}\n", access(1), access(2))).unwrap();
    for source in [file.as_os_str(), "-".as_ref()] {
        let ended = run(scrubjay(["fingerprint", "--fingerprint-key"]).arg(&key).arg(source), &fs::read(&file).unwrap());
        ended.exits(0);
        let lines = fields(ended.text());
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0][2], lines[0][3], lines[0][4]), ("../..", "active", "jwt access at line 1, column 1"));
        assert!(lines[0][0] != lines[1][0] && lines[1][4].ends_with("line 2, column 1"));
    }
}

#[test]
fn what_has_no_fingerprint() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let token = access(1);
    let (header, rest) = token.split_once('.').unwrap();
    let cut = format!("{header}.{}", &rest[..60]);
    let cases: &[(&str, String, usize, &str)] = &[
        ("nothing", String::new(), 0, "no token found"),
        ("words", "no token here\n".to_owned(), 0, "no token found"),
        ("a password", "password=hunter2hunter2\n".to_owned(), 0, "no token found"),
        ("cut", cut.clone(), 0, "jwt access at line 1, column 1: it is incomplete (payload)"),
        ("without header", rest.to_owned(), 0, "it is incomplete (header)"),
        ("one of two", format!("{cut} \n\n{token}\n"), 1, "it is incomplete (payload)"),
    ];
    for (what, text, lines, said) in cases {
        let ended = run(scrubjay(["fingerprint", "--fingerprint-key"]).arg(&key), text.as_bytes());
        ended.exits(1);
        assert_eq!(ended.text().lines().count(), *lines, "{what}");
        assert!(ended.err.contains(said) && ended.err.lines().count() == 1, "{what}: {}", ended.err);
        Canaries::of([&token]).absent("the output", &[&ended.out[..], ended.err.as_bytes()].concat());
    }
    let gone = run(scrubjay(["fingerprint", "--fingerprint-key"]).arg(&key).arg("nothing.txt"), b"");
    gone.exits(1);
    assert!(gone.err.contains("nothing.txt: no such file"), "{}", gone.err);
}

#[test]
fn a_token_is_never_taken_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let token = access(1);
    let canaries = Canaries::of([&token]);
    let key = key.to_str().unwrap();
    let cases: &[&[&str]] = &[
        &["fingerprint", "--fingerprint-key", key, &token],
        &["fingerprint", "--fingerprint-key", key, "-", &token],
        &["fingerprint", "--fingerprint-key", &token],
        &["fingerprint", &token],
        &["fingerprint"],
    ];
    for args in cases {
        let ended = run(&mut scrubjay(*args), token.as_bytes());
        assert_eq!(ended.exits(2), b"", "{}", args.len());
        canaries.absent("the output", ended.err.as_bytes());
    }
    let ended = run(&mut scrubjay(cases[0]), b"");
    assert!(ended.err.contains("a token does not belong on the command line"), "{}", ended.err);
}

/// The program on a terminal of its own, and the other end of that terminal.
struct Terminal {
    us: File,
    child: Running,
}

impl Terminal {
    fn start(key: &Path) -> Self {
        let us = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&us).unwrap();
        unlockpt(&us).unwrap();
        let name = ptsname(&us, Vec::new()).unwrap();
        let theirs = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut command = scrubjay(["fingerprint", "--fingerprint-key"]);
        let child = Running::start(command.arg(key).stdin(Stdio::from(theirs)));
        let terminal = Self { us: File::from(us), child };
        wait_until("the echo is off", || !terminal.echoes());
        terminal
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.us).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Types, and gives back how the program ended and what the terminal showed.
    fn types(mut self, pieces: &[&str]) -> (support::Ended, Vec<u8>) {
        for piece in pieces {
            self.us.write_all(piece.as_bytes()).unwrap();
        }
        let deadline = Instant::now() + WAIT_MAX;
        while !self.child.ended() {
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(self.echoes(), "the echo is on again");
        let ended = self.child.wait();
        // The program's end is closed: reading gives what was echoed, then an error.
        let mut shown = Vec::new();
        let mut block = [0; 4096];
        while let Ok(count @ 1..) = self.us.read(&mut block) {
            shown.extend_from_slice(&block[..count]);
        }
        (ended, shown)
    }
}

#[test]
fn a_prompt_shows_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let token = access(1);
    let expected = run(scrubjay(["fingerprint", "--fingerprint-key"]).arg(&key), token.as_bytes());
    // More than the 4095 bytes that a terminal takes as a line.
    let claims = format!(r#"{{"iss":"https://idp.example.com","sub":"long","groups":"{}"}}"#, "g".repeat(6000));
    let long = format!("{}.{}.{}", base64url(br#"{"alg":"ES256","typ":"at+jwt"}"#), base64url(claims.as_bytes()), base64url(&[5; 64]));
    let (first, second) = token.split_at(100);
    let cases: &[(&str, Vec<&str>)] = &[
        ("enter", vec![&token, "\r"]),
        ("control-d", vec![&token, "\x04"]),
        ("mended", vec!["eyJwrong\x15", &token, "x\x7f\r"]),
        ("in two lines", vec![first, "\r", second, "\r"]),
    ];
    for (what, pieces) in cases {
        let (ended, shown) = Terminal::start(&key).types(pieces);
        ended.exits(0);
        assert_eq!(ended.out, expected.out, "{what}");
        assert_eq!(ended.err, "token (it is not shown; end with Enter): \n", "{what}");
        assert_eq!(String::from_utf8_lossy(&shown), "", "{what}: nothing was echoed");
    }
    let (ended, shown) = Terminal::start(&key).types(&[&long[..4000], &long[4000..], "\r"]);
    assert_eq!(ended.exits(0), run(scrubjay(["fingerprint", "--fingerprint-key"]).arg(&key), long.as_bytes()).exits(0));
    assert_eq!(shown, b"");

    let (ended, shown) = Terminal::start(&key).types(&[&token[..50], "\x03"]);
    assert_eq!(ended.exits(1), b"");
    Canaries::of([&token]).absent("the output", &[&shown[..], ended.err.as_bytes()].concat());
}
