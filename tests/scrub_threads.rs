//! `scrubjay scrub --threads`: the bytes, the figures and the mistakes do not depend on the number of threads.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use scrubjay_delivery::{AckId, LaneId};
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Origin, Scrubber};
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Carrier, Case, Damage, Encoding, Form, Framing as Frame};
use support::{Ended, Running, access, clean_lines, key_file, numbered_lines, run, scrubjay, wait_until};

const THREADS: [&str; 4] = ["1", "2", "3", "8"];
/// More than a few pieces of the program's input.
const SEVERAL_PIECES: usize = 1 << 20;

/// The whole document as one batch, by the library.
fn whole(document: &[u8]) -> Vec<u8> {
    let mut scrubber = Scrubber::new(FingerprintKey::from_bytes(&[7; 32]).expect("a key"), Limits::default());
    let ack = AckId { lane: LaneId(0), seq: 0 };
    let origin = Arc::new(Origin { source: "test".into(), name: "test".into() });
    let batch = Batch { ack, origin, bytes: document.to_vec(), line_before: Vec::new(), framing: Framing::Lines, lane_ends: true };
    scrubber.scrub(batch).bytes().to_vec()
}

fn threaded(threads: &str, key: &Path, files: &[PathBuf], input: &[u8]) -> Ended {
    run(scrubjay(["scrub", "--stats", "--threads", threads, "--fingerprint-key"]).arg(key).args(files), input)
}

/// The figures of a run, without the time that it took.
#[track_caller]
fn figures(ended: &Ended) -> serde_json::Value {
    let line = ended.err.lines().find(|line| line.starts_with('{')).expect("figures");
    let mut figures: serde_json::Value = serde_json::from_str(line).expect("one JSON object");
    assert!(figures.as_object_mut().and_then(|f| f.remove("seconds")).is_some());
    figures
}

/// Every number of threads gives the bytes of one batch, from a file and from a pipe, and the same figures.
fn check(name: &str, dir: &Path, document: &[u8]) {
    let (key, file) = (key_file(dir), dir.join("in"));
    fs::write(&file, document).unwrap();
    let expected = whole(document);
    let mut first = None;
    for threads in THREADS {
        for ended in [threaded(threads, &key, std::slice::from_ref(&file), b""), threaded(threads, &key, &[], document)] {
            assert!(ended.exits(0) == expected, "{name}, {threads} threads: {}", difference(&expected, &ended.out));
            let figures = figures(&ended);
            assert_eq!(first.get_or_insert_with(|| figures.clone()), &figures, "{name}, {threads} threads");
        }
    }
}

fn difference(expected: &[u8], got: &[u8]) -> String {
    let at = expected.iter().zip(got).position(|(a, b)| a != b).unwrap_or(expected.len().min(got.len()));
    let near = |text: &[u8]| text.get(at.saturating_sub(60)..text.len().min(at + 100)).unwrap_or_default().escape_ascii().to_string();
    format!("at byte {at}:\n  expected …{}\n  got      …{}", near(expected), near(got))
}

// ---- Documents ----

fn repeated(text: &[u8], bytes: usize) -> Vec<u8> {
    text.iter().copied().cycle().take(bytes).collect()
}

/// Pretty-printed JSON of one object: no line of it ends independently of the next.
fn pretty(members: usize, depth: &str) -> String {
    let member = |i| match i % 50 {
        7 => format!("{depth}\"token{i}\": \"{}\",\n", access(i)),
        _ => format!("{depth}\"member{i}\": \"value {i}\",\n"),
    };
    (0..members as u64).map(member).collect()
}

fn documents() -> Vec<(&'static str, Vec<u8>)> {
    let lines = numbered_lines("a", 0..4000);
    let long = |len: usize| format!("n={len} {} t={} end\n", "word, ".repeat(len / 6), access(len as u64));
    let time = "2026-11-23T12:00:00.123456789Z";
    // One record in parts, more of them than fit in what is held back, another stream's lines between them.
    let parts: String = (0..9000)
        .map(|i| match i % 40 {
            3 => format!("{time} stderr F t={}\n", access(i)),
            39 => format!("{time} stdout F end {}\n", access(i)),
            _ => format!("{time} stdout P part {i} of a record that the runtime has cut, {} and so on\n", i * 7919),
        })
        .collect();
    let wrapped: String = (0..60)
        .map(|i| {
            let text = support::base64url(&support::Random(i).bytes(3000 + 70 * i as usize));
            let wrapped: Vec<&str> = text.as_bytes().chunks(76).map(|c| std::str::from_utf8(c).unwrap()).collect();
            format!("attachment {i}:\n{}\nt={}\n", wrapped.join("\n"), access(i))
        })
        .collect();
    let pem: String = (0..400)
        .map(|i| {
            let body = support::base64url(&support::Random(i).bytes(1200)).replace('-', "+").replace('_', "/");
            let body: Vec<&str> = body.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).unwrap()).collect();
            format!("key {i}\n-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", body.join("\n"))
        })
        .collect();
    let utf16: Vec<u8> = numbered_lines("w", 0..600).encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("nothing", Vec::new()),
        ("one byte", b"x".to_vec()),
        ("a newline", b"\n".to_vec()),
        ("lines with tokens", lines.clone().into_bytes()),
        ("no newline at the end", lines.trim_end().into()),
        ("a token ends the input", format!("{}t={}", clean_lines(9000, 1), access(1)).into_bytes()),
        ("empty lines", repeated(b"\n", SEVERAL_PIECES)),
        ("one object", format!("begin {}\n{{\n{}}}\nend {}\n", access(1), pretty(30_000, "  "), access(2)).into_bytes()),
        ("objects", format!("begin\n{{\n{}}}\nend\n", pretty(900, "    ")).repeat(40).into_bytes()),
        ("an object without end", format!("{{\n{}", pretty(20_000, "  ")).into_bytes()),
        ("container parts", parts.into_bytes()),
        ("wrapped text", wrapped.into_bytes()),
        ("keys", pem.into_bytes()),
        ("UTF-16", utf16),
        ("lines of many lengths", (0..30).map(|i| long(200 + i * i * 350)).collect::<String>().into_bytes()),
        ("lines over the limit", (0..8).map(|i| long(60_000 + i * 40_000)).collect::<String>().into_bytes()),
        (
            "an oversize token",
            [b"t=eyJhbGciOiJIUzI1NiJ9.".to_vec(), vec![b'A'; SEVERAL_PIECES], b" end\n".to_vec(), lines.into_bytes()].concat(),
        ),
        ("one line", repeated(b"GET /a?b=1 \"quoted, text\" 10.0.0.1 - x=y; ", SEVERAL_PIECES)),
    ]
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for (name, document) in documents() {
        check(name, dir.path(), &document);
    }
}

/// Every form, damage, encoding and frame of the generator, so that pieces end in all of them.
#[test]
fn the_number_of_threads_changes_nothing_in_generated_documents() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let mut r = Random::new(round);
        let mut document = Vec::new();
        while document.len() < SEVERAL_PIECES {
            let (form, damage) = (*r.pick(&Form::ALL), *r.pick(&Damage::ALL));
            let encodings = if r.chance(50) { vec![*r.pick(&Encoding::ALL)] } else { Vec::new() };
            let (carrier, frame) = (*r.pick(&Carrier::ALL), *r.pick(&Frame::ALL));
            document.extend_from_slice(&Case::of(&mut r, form, damage, &encodings, carrier, frame).document());
            // Lengths that have nothing to do with the size of a piece.
            let lines = r.below(30);
            document.extend_from_slice(clean_lines(lines, r.next_u64()).as_bytes());
        }
        check(&format!("round {round}"), dir.path(), &document);
    }
}

// ---- Files ----

#[test]
fn many_files_come_in_order_and_each_is_a_text_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let mut expected = Vec::new();
    let mut files = Vec::new();
    for i in 0..300 {
        let text = match i % 5 {
            0 => String::new(),
            // What one file begins is not ended by the next.
            1 => format!("{{\n  \"file\": {i},\n  \"t\": \"{}\",", access(i)),
            2 => format!("part {}", &access(i)[..60]),
            3 => numbered_lines("f", 0..i as usize),
            _ => clean_lines(i as usize, i),
        };
        let path = dir.path().join(format!("{i}.log"));
        fs::write(&path, &text).unwrap();
        expected.extend_from_slice(&whole(text.as_bytes()));
        files.push(path);
    }
    let mut first = None;
    for threads in THREADS {
        let ended = threaded(threads, &key, &files, b"");
        assert!(ended.exits(0) == expected, "{threads} threads: {}", difference(&expected, &ended.out));
        let figures = figures(&ended);
        assert_eq!(first.get_or_insert_with(|| figures.clone()), &figures, "{threads} threads");
    }
}

#[test]
fn mistakes_are_told_in_order_behind_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let big = dir.path().join("big.log");
    let text = numbered_lines("a", 0..3000);
    fs::write(&big, &text).unwrap();
    let none = |name: &str| dir.path().join(name);
    let files = [none("first"), big.clone(), none("second"), "/proc/self/mem".into(), big, dir.path().into(), none("third")];
    let expected = whole(text.as_bytes()).repeat(2);
    for threads in THREADS {
        let ended = threaded(threads, &key, &files, b"");
        assert!(ended.exits(1) == expected, "{threads} threads");
        for (told, part) in ended.err.lines().zip(["/first: no such", "/second: no such", "/mem: ", ": is a directory", "/third: no such"])
        {
            assert!(told.contains(part), "{threads} threads: {}", ended.err);
        }
        assert_eq!(ended.err.lines().count(), 6, "{threads} threads: {}", ended.err);
    }
}

#[test]
fn an_input_that_fails_in_the_middle_ends_there() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let text = format!("{}t={}", numbered_lines("a", 0..2000), access(7));
    let expected = [whole(text.as_bytes()), b"after\n".to_vec()].concat();
    let after = dir.path().join("after");
    fs::write(&after, "after\n").unwrap();
    for threads in THREADS {
        let (input, mut writer) = UnixStream::pair().unwrap();
        // A peer that closes with something unread resets the connection: what it wrote comes, then an error.
        (&input).write_all(b"unread").unwrap();
        let child = scrubjay(["scrub", "--threads", threads, "--fingerprint-key"])
            .arg(&key)
            .args([Path::new("-"), &after])
            .stdin(OwnedFd::from(input))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let text = text.clone();
        let writing = thread::spawn(move || writer.write_all(text.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writing.join().unwrap().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("scrubjay: standard input: ") && said.lines().count() == 1, "{threads} threads: {said}");
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout == expected, "{threads} threads: {}", difference(&expected, &output.stdout));
    }
}

// ---- Slow input, and readers that go away ----

/// A child that is killed when its test ends.
struct Filter(Child);

impl Drop for Filter {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn filter(threads: &str, input: OwnedFd, output: OwnedFd) -> Filter {
    Filter(scrubjay(["scrub", "--threads", threads]).stdin(input).stdout(output).spawn().unwrap())
}

#[test]
fn a_line_is_written_as_soon_as_it_is_decided() {
    for threads in THREADS {
        let (input, mut writer) = UnixStream::pair().unwrap();
        let (output, mut reader) = UnixStream::pair().unwrap();
        reader.set_read_timeout(Some(support::WAIT_MAX)).unwrap();
        let mut filter = filter(threads, input.into(), output.into());
        // What is written, and what must come before anything more is.
        let steps: &[(&str, &str)] = &[
            ("one\n", "one\n"),
            ("two\nthree\n", "two\nthree\n"),
            ("fo", ""),
            ("ur\nfi", "four\n"),
            ("ve\n{\n", "five\n"),
            ("  \"six\": 6\n", ""),
            ("}\n", "{\n  \"six\": 6\n}\n"),
            ("end", ""),
        ];
        for (said, expected) in steps {
            writer.write_all(said.as_bytes()).unwrap();
            let mut got = vec![0; expected.len()];
            reader.read_exact(&mut got).unwrap_or_else(|e| panic!("{threads} threads, after {said:?}: {e}"));
            assert_eq!(String::from_utf8(got).unwrap(), *expected, "{threads} threads");
        }
        writer.shutdown(Shutdown::Write).unwrap();
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "end");
        assert_eq!(filter.0.wait().unwrap().code(), Some(0), "{threads} threads");
    }
}

#[test]
fn the_end_of_the_reader_is_the_end_although_input_may_still_come() {
    for threads in THREADS {
        let (input, mut writer) = UnixStream::pair().unwrap();
        let (output, reader) = UnixStream::pair().unwrap();
        let mut filter = filter(threads, input.into(), output.into());
        drop(reader);
        writer.write_all(b"a line that nobody reads\n").unwrap();
        // Nothing more comes, and the input stays open.
        wait_until("the end", || filter.0.try_wait().unwrap().is_some());
        assert_eq!(filter.0.wait().unwrap().code(), Some(0), "{threads} threads");
    }
}

#[test]
fn output_that_cannot_be_written_ends_all_threads() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("big.log");
    fs::write(&file, numbered_lines("a", 0..6000)).unwrap();
    for threads in THREADS {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = scrubjay(["scrub", "--threads", threads]);
        let output = command.arg(&file).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{threads} threads: {said}");
        assert!(said.starts_with("scrubjay: standard output: No space left") && said.lines().count() == 1, "{threads} threads: {said}");
    }
}

/// As many pieces as threads are in memory, whatever the input's size and however slow the reader is.
#[test]
fn a_slow_reader_holds_back_the_input() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("big.log");
    fs::write(&file, clean_lines(300_000, 3)).unwrap();
    for threads in ["1", "8"] {
        let (output, mut reader) = UnixStream::pair().unwrap();
        let mut filter = filter(threads, fs::File::open(&file).unwrap().into(), output.into());
        thread::sleep(Duration::from_millis(300));
        assert!(filter.0.try_wait().unwrap().is_none(), "it waits for its reader");
        let status = fs::read_to_string(format!("/proc/{}/status", filter.0.id())).unwrap();
        let peak: u64 = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap();
        assert!(peak < 24 * 1024, "{threads} threads: {peak} KiB");
        let mut out = Vec::new();
        reader.read_to_end(&mut out).unwrap();
        assert!(out == fs::read(&file).unwrap(), "{threads} threads");
    }
}

#[test]
fn numbers_of_threads_that_are_none_are_refused() {
    for threads in ["0", "257", "two", ""] {
        let ended = Running::start(scrubjay(["scrub", "--threads", threads]).stdin(Stdio::null())).wait();
        assert_eq!(ended.exits(2), b"", "{threads:?}");
        assert!(ended.err.contains("--threads"), "{threads:?}: {}", ended.err);
    }
}
