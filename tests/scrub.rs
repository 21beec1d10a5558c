//! `scrubjay scrub` as a Unix filter: bytes in, the same bytes out, markers apart (DESIGN §9).

mod support;

use std::fs::{self, File, OpenOptions};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use support::{Canaries, Ended, Running, access, clean_lines, encrypted, key_file, run, scrubjay, unsigned, write_mode};

/// Length of the lines that have no end in sight: far more than any block or limit of the program.
const ENDLESS_BYTES: usize = 100 << 20;
/// The same for text that is one run of token characters, which costs more for each byte.
const ENDLESS_RUN_BYTES: usize = 8 << 20;
/// Memory that the program may take, however long its input is.
const MEMORY_BYTES_MAX: u64 = 64 << 20;
/// By how much a long line may raise it over a short one.
const MEMORY_GROWTH_BYTES_MAX: u64 = 4 << 20;

fn filter(input: impl AsRef<[u8]>) -> Ended {
    run(&mut scrubjay(["scrub"]), input.as_ref())
}

// ---- What comes out ----

#[test]
fn what_holds_no_token_comes_out_as_it_went_in() {
    let lines = clean_lines(600, 1);
    let cases: &[(&str, &[u8])] = &[
        ("nothing", b""),
        ("a newline", b"\n"),
        ("no newline at the end", b"one\ntwo"),
        ("line ends of several kinds", b"a\r\nb\n\r\n\n\rc\r\n"),
        ("bytes that are no text", b"\xff\xfe\xc3(\xed\xa0\x80 caf\xe9\x80\n\xf5"),
        ("NUL", b"a\0b\0\0\n\0"),
        ("trailing blanks", b"a  \t \n  \n"),
        ("a cursor of JSON", b"GET /x?cursor=eyJhZnRlciI6IDg4MDAsICJkaXIiOiAibmV4dCJ9&n=1\n"),
        ("names with dots", b"com.example.shop.Exporter eyJ.eyJ. a.b.c 10.0.0.1 1.2.3.4.5\n"),
        ("a marker", b"auth=jwt(class:access~alg:RS256~fp:f6569ae_ZRqHocrek24uFgAAAAAAAA) ok\n"),
        ("real lines", lines.as_bytes()),
    ];
    for (name, input) in cases {
        let ended = filter(input);
        assert!(ended.exits(0) == *input, "{name}");
        assert_eq!(ended.err, "", "{name}");
    }
}

#[test]
fn only_tokens_change() {
    let (jws, jwe, none) = (access(1), encrypted(2), unsigned());
    let canaries = Canaries::of([&jws, &jwe, &none]);
    let cases: &[(&str, &[u8], &[u8])] = &[
        ("a header", b"Authorization: Bearer ", b"\r\n"),
        ("JSON", b"{\"t\":\"", b"\",\"u\":1}\n"),
        ("a query", b"GET /cb?x=1&id_token=", b"&y=2 HTTP/1.1\n"),
        ("the end of the input", b"t=", b""),
        ("a sentence", b"it was (", b"), was it?\n"),
        ("bytes that are no text", b"\xff\0", b"\0\xfe\n"),
        ("nothing around it", b"", b""),
    ];
    for (name, before, after) in cases {
        for token in [&jws, &jwe, &none] {
            let input = [before, token.as_bytes(), after].concat();
            let ended = filter(&input);
            let out = ended.exits(0);
            canaries.absent(name, out);
            assert!(out.starts_with(before) && out.ends_with(after), "{name}");
            let marker = std::str::from_utf8(&out[before.len()..out.len() - after.len()]).expect("a marker is ASCII");
            assert!(marker.starts_with("jw") && marker.ends_with(')') && marker.contains("(class:"), "{name}: {marker}");
            assert_eq!(filter(out).exits(0), out, "{name}: scrubbing twice is scrubbing once");
        }
    }
}

#[test]
fn the_pieces_in_which_input_comes_change_nothing() {
    let text = format!("{}{}\n{}", clean_lines(40, 2), access(1), clean_lines(40, 3)).repeat(20);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in"), &text).unwrap();
    let key = key_file(dir.path());
    let whole = run(scrubjay(["scrub", "--fingerprint-key"]).args([&key, &dir.path().join("in")]), b"");
    let script = r#"dd if="$1" bs=977 status=none | "$0" scrub --fingerprint-key "$2""#;
    let pieces = shell(script, &[&dir.path().join("in"), &key]);
    assert!(whole.exits(0) == pieces.exits(0));
}

/// A shell script; `$0` is the program, then come the arguments.
fn shell(script: &str, args: &[&Path]) -> Ended {
    run(Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_scrubjay")]).args(args), b"")
}

// ---- Files ----

#[test]
fn files_come_in_order_with_nothing_between_them() {
    let dir = tempfile::tempdir().unwrap();
    let make = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    make("a", b"first, no newline");
    make("b", b"second\n");
    make("empty", b"");
    make("-dash", b"dash\n");
    // The beginning of a token at the end of one file and its rest at the beginning of the next are two texts.
    make("head", b"x eyJhbGciOiJIUzI1NiJ9.");
    fs::create_dir(dir.path().join("folder")).unwrap();
    drop(UnixListener::bind(dir.path().join("socket")).unwrap());

    let ran = |args: &[&str], input: &[u8]| run(scrubjay(["scrub"]).args(args).current_dir(dir.path()), input);
    let cases: &[(&[&str], &str, i32, &[&str])] = &[
        (&["a", "b"], "first, no newlinesecond\n", 0, &[]),
        (&["b", "empty", "a"], "second\nfirst, no newline", 0, &[]),
        (&["a", "-", "b"], "first, no newlineinputsecond\n", 0, &[]),
        (&["-"], "input", 0, &[]),
        (&["b", "b"], "second\nsecond\n", 0, &[]),
        (&["--", "-dash"], "dash\n", 0, &[]),
        (&["a", "none", "b"], "first, no newlinesecond\n", 1, &["scrubjay: none: no such file"]),
        (&["none", "other"], "", 1, &["scrubjay: none: no such file", "scrubjay: other: no such file"]),
        (&["folder", "b"], "second\n", 1, &["scrubjay: folder: is a directory"]),
        (&["b/x", "b"], "second\n", 1, &["scrubjay: b/x: Not a directory"]),
        (&["socket", "b"], "second\n", 1, &["scrubjay: socket: "]),
        // Opens, but cannot be read.
        (&["/proc/self/mem", "b"], "second\n", 1, &["scrubjay: /proc/self/mem: "]),
    ];
    for (args, out, code, said) in cases {
        let ended = ran(args, b"input");
        ended.exits(*code);
        assert_eq!(ended.text(), *out, "{args:?}");
        assert_eq!(ended.err.lines().count(), said.len(), "{args:?}: {}", ended.err);
        for (line, said) in ended.err.lines().zip(*said) {
            assert!(line.starts_with(said), "{args:?}: {line}");
        }
    }
    assert!(ran(&["head", "a"], b"").text().ends_with("first, no newline"));
}

#[test]
fn a_pipe_with_a_name_is_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let reader = Running::start(scrubjay(["scrub"]).arg(&fifo).stdin(Stdio::null()));
    let text = format!("{}t={}\n", clean_lines(300, 4), access(1));
    fs::write(&fifo, &text).unwrap();
    let ended = reader.wait();
    ended.exits(0);
    support::same_but_markers(ended.text(), &text);
    Canaries::of([access(1)]).absent("the output", &ended.out);
}

#[test]
fn output_that_is_also_input_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.log");
    for script in [r#""$0" scrub "$1" >> "$1""#, r#""$0" scrub < "$1" >> "$1""#, r#""$0" scrub "$1" 1<> "$1""#] {
        fs::write(&file, "one line\n").unwrap();
        let ended = shell(script, &[&file]);
        ended.exits(1);
        assert!(ended.err.contains("input is also the output; write to another file"), "{script}: {}", ended.err);
        assert_eq!(fs::read_to_string(&file).unwrap(), "one line\n", "{script}");
    }
    // Not a file that output could come back from.
    assert_eq!(shell(r#""$0" scrub < /dev/null > /dev/null"#, &[]).err, "");
}

#[test]
fn output_may_be_appended_to_another_file() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    fs::write(&out, "before\n").unwrap();
    let appended = OpenOptions::new().append(true).open(&out).unwrap();
    let status = scrubjay(["scrub"]).arg("tests/scrub.rs").stdout(appended).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let written = fs::read_to_string(&out).unwrap();
    assert!(written.starts_with("before\n//! `scrubjay scrub` as a Unix filter"));
}

// ---- Ends ----

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("big");
    fs::write(&file, clean_lines(60_000, 5)).unwrap();
    for stats in ["", "--strict"] {
        let ended = shell(&format!(r#"{{ "$0" scrub {stats} "$1"; echo "code $?" >&2; }} | head -n 1"#), &[&file]);
        assert_eq!((ended.text().lines().count(), ended.err.as_str()), (1, "code 0\n"));
    }
}

#[test]
fn output_that_cannot_be_written_is_a_mistake() {
    for command in [&["scrub"] as &[&str], &["scrub", "--strict"], &["explain"], &["completions", "bash"]] {
        let mut child = scrubjay(command);
        child.stdin(File::open("tests/scrub.rs").unwrap()).stdout(File::create("/dev/full").unwrap()).stderr(Stdio::piped());
        let output = child.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        assert!(said.starts_with("scrubjay: standard output: No space left on device"), "{command:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn strict_tells_by_its_exit_code_that_something_was_replaced() {
    let with = format!("t={}\n", access(1));
    let oversize = format!("eyJhbGciOiJIUzI1NiJ9.{}\n", "A".repeat(200_000));
    let cases: &[(&[&str], &str, i32)] = &[
        (&[], &with, 0),
        (&["--strict"], &with, 3),
        (&["--strict"], "clean\n", 0),
        (&["--strict"], "", 0),
        (&["--strict"], &oversize, 3),
        (&["--strict", "none", "-"], &with, 1),
    ];
    for (args, input, code) in cases {
        let ended = run(scrubjay(["scrub"]).args(*args), input.as_bytes());
        assert_eq!(ended.status.code(), Some(*code), "{args:?}: {}", ended.err);
    }
}

// ---- Figures ----

#[test]
fn stats_are_one_json_object_on_standard_error() {
    let text =
        format!("{}a={} b={}\nc={}\neyJhbGciOiJIUzI1NiJ9.{}", clean_lines(100, 6), access(1), access(2), encrypted(3), "A".repeat(100_000));
    let ended = run(&mut scrubjay(["scrub", "--stats"]), text.as_bytes());
    ended.exits(0);
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    let stats: serde_json::Value = serde_json::from_str(&ended.err).expect("one JSON object");
    assert_eq!(stats["bytes"], text.len());
    assert_eq!(stats["bytes_out"], ended.out.len());
    assert_eq!(stats["records"], 103);
    assert_eq!(stats["tokens"], 3);
    assert_eq!(stats["classes"], serde_json::json!({"access": 2, "encrypted": 1}));
    assert_eq!(stats["algs"], serde_json::json!({"ES256": 2, "RSA-OAEP-256": 1}));
    assert_eq!(stats["withheld"], serde_json::json!({"oversize": 1}));
    assert!(stats["seconds"].as_f64().is_some_and(|s| s > 0.0));

    let empty = run(&mut scrubjay(["scrub", "--stats", "none"]), b"");
    empty.exits(1);
    let stats = empty.err.lines().find(|line| line.starts_with('{')).expect("figures also after a mistake");
    let stats: serde_json::Value = serde_json::from_str(stats).expect("one JSON object");
    assert_eq!((stats["tokens"].as_u64(), stats["bytes"].as_u64()), (Some(0), Some(0)));
}

// ---- Keys ----

/// The fingerprints of a clean text.
fn fingerprints(clean: &str) -> Vec<&str> {
    clean.split("~fp:").skip(1).map(|rest| rest.split([')', '~']).next().unwrap()).collect()
}

#[test]
fn a_key_makes_fingerprints_equal_between_runs() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let text = format!("{}\n{}\n{}\n", access(1), access(2), access(1));
    let keyed = || run(scrubjay(["scrub", "--fingerprint-key"]).arg(&key), text.as_bytes());
    let (first, second) = (keyed(), keyed());
    assert_eq!(first.exits(0), second.exits(0));
    let prints = fingerprints(first.text());
    assert_eq!(prints.len(), 3);
    assert!(prints[0] == prints[2] && prints[0] != prints[1]);
    let other = filter(&text);
    let others = fingerprints(other.text());
    assert!(others[0] == others[2] && others[0] != prints[0], "a run without a key has one of its own");
}

#[test]
fn keys_that_are_not_safe_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    write_mode(&path("open"), &[7; 32], 0o644);
    write_mode(&path("group"), &[7; 32], 0o640);
    write_mode(&path("short"), &[7; 31], 0o600);
    write_mode(&path("empty"), b"", 0o600);
    write_mode(&path("good"), &[7; 32], 0o600);
    std::os::unix::fs::symlink("good", path("link")).unwrap();
    let cases = [
        ("open", "others can read this key (mode 0644); mend it: chmod 600 "),
        ("group", "others can read this key (mode 0640); mend it: chmod 600 "),
        ("short", "at least 32"),
        ("empty", "at least 32"),
        ("none", "no such file"),
        (".", "a key is a regular file"),
        ("link", "a key is a regular file"),
    ];
    for command in ["scrub", "explain"] {
        for (name, said) in cases {
            let ended = run(scrubjay([command, "--fingerprint-key"]).arg(path(name)), b"text\n");
            assert_eq!(ended.exits(2), b"", "{name}");
            assert!(ended.err.contains(said), "{command} {name}: {}", ended.err);
            assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
        }
    }
    // The remedy is one.
    assert!(Command::new("chmod").arg("600").arg(path("open")).status().unwrap().success());
    run(scrubjay(["scrub", "--fingerprint-key"]).arg(path("open")), b"text\n").exits(0);
}

// ---- Usage ----

#[test]
fn a_token_in_an_argument_is_never_echoed() {
    let token = access(1);
    let canaries = Canaries::of([&token]);
    let (glued, inside, under) = (format!("--bad={token}"), format!("/tmp/{token}/x"), format!("https://h/cb?access_token={token}&s=1"));
    let cases: &[(&[&str], i32)] = &[
        (&["scrub", "--bad", &token], 2),
        (&["scrub", &glued], 2),
        (&["scrub", "--stats", &glued], 2),
        (&[&token], 2),
        (&["scrub", &token], 1),
        (&["scrub", &inside], 1),
        (&["scrub", &under], 1),
        (&["scrub", "--fingerprint-key", &token], 2),
        (&["explain", &token], 2),
        (&["explain", &inside], 2),
        (&["explain", "-", &token], 2),
        (&["explain", &glued], 2),
        (&["check", "-c", &token], 2),
        (&["run", "-c", &inside], 2),
        (&["run", &token], 2),
        (&["completions", &token], 2),
    ];
    for (args, code) in cases {
        let ended = run(&mut scrubjay(*args), b"");
        assert_eq!(ended.status.code(), Some(*code), "case {}: {}", args.len(), ended.err);
        canaries.absent("standard error", ended.err.as_bytes());
        canaries.absent("standard output", &ended.out);
        assert!(!ended.err.is_empty());
    }
}

#[test]
fn mistakes_in_usage_are_exit_2() {
    for args in
        [&["scrub", "--bad"] as &[&str], &["nonsense"], &["run"], &["check"], &[], &["scrub", "--fingerprint-key"], &["explain", "a", "b"]]
    {
        let ended = run(&mut scrubjay(args), b"");
        assert_eq!(ended.exits(2), b"", "{args:?}");
        assert!(ended.err.contains("--help"), "{args:?}: {}", ended.err);
    }
    for args in [&["--help"] as &[&str], &["--version"], &["scrub", "--help"], &["completions", "bash"]] {
        let ended = run(&mut scrubjay(args), b"");
        assert!(!ended.exits(0).is_empty(), "{args:?}");
        assert_eq!(ended.err, "", "{args:?}");
    }
}

// ---- Lines without end ----

fn repeated(text: &[u8], bytes: usize) -> Vec<u8> {
    text.iter().copied().cycle().take(bytes).collect()
}

/// Scrubs one long line and asserts that memory does not follow its length.
fn flat(name: &str, make: impl Fn(usize) -> Vec<u8>, bytes: usize) -> (Vec<u8>, Vec<u8>) {
    let short = filter(make(1 << 20));
    short.exits(0);
    let input = make(bytes);
    let ended = filter(&input);
    ended.exits(0);
    assert!(short.memory > 0 && ended.memory < MEMORY_BYTES_MAX, "{name}: {} bytes of memory", ended.memory);
    let growth = ended.memory.saturating_sub(short.memory);
    assert!(growth < MEMORY_GROWTH_BYTES_MAX, "{name}: {growth} bytes more than for a short line");
    assert_eq!(ended.err, "", "{name}");
    (input, ended.out)
}

#[test]
fn a_line_of_100_mb_takes_no_memory() {
    let words = |bytes| repeated(b"GET /a?b=1 \"quoted, text\" 10.0.0.1 - - x=y; ", bytes);
    let (input, out) = flat("words", words, ENDLESS_BYTES);
    assert!(input == out, "words");

    let token = |bytes| [b"x eyJhbGciOiJSUzI1NiJ9.".to_vec(), vec![b'A'; bytes], b" after".to_vec()].concat();
    let (_, out) = flat("a token without end", token, ENDLESS_BYTES);
    assert_eq!(String::from_utf8(out).unwrap(), "x jwt(why:oversize) after");
}

#[test]
fn a_long_run_that_opens_no_token_passes() {
    for byte in [b'A', b'.'] {
        let (input, out) = flat("one character", |bytes| vec![byte; bytes], ENDLESS_RUN_BYTES);
        assert!(input == out, "{}", byte as char);
    }
}

#[test]
fn a_long_run_of_base64_passes() {
    let base64 =
        |bytes: usize| support::base64url(&support::Random(1).bytes(bytes / 4 * 3)).replace('-', "+").replace('_', "/").into_bytes();
    let (input, out) = flat("base64", base64, ENDLESS_RUN_BYTES);
    assert!(input == out, "base64 of random bytes");
    let base64 = |bytes: usize| support::base64url(&repeated(b"2026-11-23 INFO all is well {\"a\":1} ", bytes / 4 * 3)).into_bytes();
    let (input, out) = flat("base64 of text", base64, ENDLESS_RUN_BYTES);
    assert!(input == out, "base64 of text");
}
