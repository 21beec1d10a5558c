//! What the end-to-end tests share: the program as a child that never outlives its test, log lines and tokens made from a
//! seed, and the search for what must never come out.
#![allow(dead_code, reason = "each test that takes this module uses a part of it")]

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longest that anything may take on a busy machine. A test that waits this long has failed.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(60);

// ---- The program ----

/// The program with arguments.
pub(crate) fn scrubjay<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrubjay"));
    command.args(args);
    command
}

/// How a run of the program ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
    /// Largest resident memory in bytes, as far as it was seen before the end.
    pub(crate) memory: u64,
}

impl Ended {
    /// Asserts the exit code and gives back standard output.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &[u8] {
        assert_eq!(self.status.code(), Some(code), "{}; standard error: {}", self.status, self.err);
        &self.out
    }

    /// Standard output as text.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.out).expect("standard output is text")
    }
}

/// Runs a command to its end, with bytes on standard input.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Ended {
    let mut running = Running::start(command.stdin(Stdio::piped()));
    let mut stdin = running.child.stdin.take().expect("standard input is a pipe");
    thread::scope(|scope| {
        // A program that does not read its input to the end closes the pipe: that is the test's business, not ours.
        scope.spawn(move || drop(stdin.write_all(input)));
        running.wait()
    })
}

/// Runs the program's subcommand `scrub` with a fixed key, so that two runs give the same markers.
pub(crate) fn scrub(input: &[u8]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    run(scrubjay(["scrub", "--fingerprint-key"]).arg(key), input).exits(0).to_vec()
}

/// A child that is killed when its test ends. Standard output and error are read all the time.
pub(crate) struct Running {
    child: Child,
    out: Option<JoinHandle<Vec<u8>>>,
    err: Option<JoinHandle<Vec<u8>>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let out = child.stdout.take().map(drain);
        let err = child.stderr.take().map(drain);
        Self { child, out, err }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the child is there");
    }

    pub(crate) fn ended(&mut self) -> bool {
        self.child.try_wait().expect("the child can be asked").is_some()
    }

    /// Waits for the end. The largest memory is looked at all the while: it only grows.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Ended {
        let deadline = Instant::now() + WAIT_MAX;
        let mut memory = 0;
        let status = loop {
            memory = memory_peak(self.pid()).unwrap_or(memory);
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                break status;
            }
            assert!(Instant::now() < deadline, "the program does not end");
            thread::sleep(Duration::from_millis(1));
        };
        let take = |reader: Option<JoinHandle<Vec<u8>>>| reader.map_or_else(Vec::new, |r| r.join().expect("the reader ends"));
        let (out, err) = (take(self.out.take()), take(self.err.take()));
        Ended { status, out, err: String::from_utf8(err).expect("standard error is text"), memory }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn drain(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

/// `VmHWM` of a process; `None` once it has ended.
fn memory_peak(pid: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Polls until something holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + WAIT_MAX;
    while !holds() {
        assert!(Instant::now() < deadline, "it does not come: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A key file of 32 bytes that only its owner can read.
pub(crate) fn key_file(dir: &Path) -> PathBuf {
    let path = dir.join("test.key");
    write_mode(&path, &[7; 32], 0o600);
    path
}

pub(crate) fn write_mode(path: &Path, bytes: &[u8], mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

// ---- Input ----

/// Numbers from a seed (splitmix64): the same each time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 32) as u8).collect()
    }
}

/// base64url without padding (RFC 4648 §5).
pub(crate) fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().enumerate().fold(0u32, |word, (i, b)| word | u32::from(*b) << (16 - 8 * i));
        (0..=group.len()).for_each(|i| text.push(ALPHABET[(word >> (18 - 6 * i)) as usize & 63] as char));
    }
    text
}

/// A signed access token (RFC 9068). Each number gives another one.
pub(crate) fn access(number: u64) -> String {
    let mut random = Random(number ^ 0xacce55);
    let claims = format!(
        r#"{{"iss":"https://idp.example.com","sub":"user-{number}-{:016x}","aud":"orders","email":"person{number}@customers.example","exp":1795432680,"jti":"{:016x}"}}"#,
        random.next(),
        random.next()
    );
    let header = base64url(br#"{"alg":"ES256","typ":"at+jwt","kid":"k1"}"#);
    format!("{header}.{}.{}", base64url(claims.as_bytes()), base64url(&random.bytes(64)))
}

/// An encrypted token of five parts (RFC 7516).
pub(crate) fn encrypted(number: u64) -> String {
    let mut random = Random(number ^ 0xe7c);
    let mut part = |count| base64url(&random.bytes(count));
    format!("{}.{}.{}.{}.{}", base64url(br#"{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"e1"}"#), part(256), part(12), part(200), part(16))
}

/// A token without signature (`alg` none).
pub(crate) fn unsigned() -> String {
    let claims = base64url(br#"{"iss":"https://dev.example.net","sub":"admin-without-signature","role":"superuser","exp":2795432680}"#);
    format!("{}.{claims}.", base64url(br#"{"alg":"none","typ":"JWT"}"#))
}

/// Log lines as programs write them, without any token; a newline ends each.
pub(crate) fn clean_lines(count: usize, seed: u64) -> String {
    let mut random = Random(seed);
    (0..count).map(|n| clean_line(&mut random, n)).collect()
}

fn clean_line(random: &mut Random, n: usize) -> String {
    let (a, b, hash) = (random.below(250), random.below(60_000), random.next());
    match n % 6 {
        0 => format!(
            "203.0.113.{a} - - [23/Nov/2026:11:00:{:02} +0000] \"GET /static/app.{hash:08x}.js HTTP/1.1\" 200 {b} \"-\" \"curl/8.5\"\n",
            n % 60
        ),
        1 => format!(
            "{{\"ts\":\"2026-11-23T11:00:{:02}Z\",\"level\":\"info\",\"order\":\"{hash:016x}\",\"total\":\"{a}.{:02}\"}}\n",
            n % 60,
            b % 100
        ),
        2 => format!("time=2026-11-23T11:00:16Z level=warn job=com.example.shop.billing.InvoiceExporter.export took={b}ms try={a}\n"),
        3 => format!("Nov 23 11:00:20 node-{a} kernel: [{b}.018511] eth0: link is up, 10000 Mbps, full duplex\n"),
        4 => {
            format!("2026-11-23T11:00:25.2717Z stdout F pulled registry.example.com/shop/orders@sha256:{hash:016x}{:016x}\n", random.next())
        }
        _ => format!("\tat org.springframework.web.Servlet$Inner.doGet(Servlet.java:{b}) ~[spring-6.jar!/:{a}]\r\n"),
    }
}

/// The text of a numbered line, every third one with a token.
pub(crate) fn numbered_line(lane: &str, number: usize) -> String {
    let n = number as u64;
    match number % 6 {
        0 => format!("seq={lane}:{number:06} level=info msg=\"login\" auth=\"Bearer {}\" took=3ms\n", access(n)),
        3 => format!("seq={lane}:{number:06} GET /cb?id_token={}&state=x 302\n", encrypted(n)),
        _ => format!("seq={lane}:{number:06} level=info msg=\"all is well\" order={:016x}\n", Random(n).next()),
    }
}

pub(crate) fn numbered_lines(lane: &str, range: std::ops::Range<usize>) -> String {
    range.map(|n| numbered_line(lane, n)).collect()
}

/// Asserts that an output holds the numbered lines of these lanes, scrubbed: each at least once and in order (DESIGN §8),
/// and no other line, apart from at most `torn_max` lines that are the beginning of one (a write that a kill cut short).
/// Gives the number of lines that came more than once.
#[track_caller]
pub(crate) fn delivered(out: &str, lanes: &[(&str, usize)], torn_max: usize) -> usize {
    let (mut torn, mut repeats) = (0, 0);
    let mut next = vec![0; lanes.len()];
    let expected: Vec<Vec<u8>> = lanes.iter().map(|(lane, count)| scrub(numbered_lines(lane, 0..*count).as_bytes())).collect();
    let lines = expected
        .iter()
        .enumerate()
        .flat_map(|(lane, text)| text.split_inclusive(|b| *b == b'\n').enumerate().map(move |(number, line)| (line, (lane, number))));
    let known: HashMap<&[u8], (usize, usize)> = lines.collect();
    for line in out.split_inclusive('\n') {
        let Some(&(lane, number)) = known.get(line.as_bytes()) else {
            let start = line.trim_end_matches('\n').as_bytes();
            assert!(known.keys().any(|whole| whole.starts_with(start)), "not a line that went in: {line}");
            torn += 1;
            continue;
        };
        assert!(number <= next[lane], "line {number} of {} comes before line {}", lanes[lane].0, next[lane]);
        repeats += usize::from(number < next[lane]);
        next[lane] = next[lane].max(number + 1);
    }
    let all: Vec<usize> = lanes.iter().map(|(_, count)| *count).collect();
    assert_eq!(next, all, "lines of each lane, without a gap");
    assert!(torn <= torn_max, "{torn} torn lines");
    repeats
}

/// As [`delivered`], and each line once: without a crash nothing comes twice.
#[track_caller]
pub(crate) fn delivered_once(out: &str, lanes: &[(&str, usize)]) {
    assert_eq!(delivered(out, lanes, 0), 0, "lines that came twice");
}

/// Asserts that a clean text is the numbered lines of a lane byte for byte, markers apart.
#[track_caller]
pub(crate) fn same_but_markers(clean: &str, raw: &str) {
    assert_eq!(clean.lines().count(), raw.lines().count(), "number of lines");
    for (clean, raw) in clean.split_inclusive('\n').zip(raw.split_inclusive('\n')) {
        let Some((before, rest)) = clean.split_once("jwt(").or_else(|| clean.split_once("jwe(")) else {
            assert_eq!(clean, raw);
            continue;
        };
        let (_, after) = rest.split_once(')').expect("a marker has an end");
        assert!(raw.starts_with(before) && raw.ends_with(after), "{clean}");
    }
}

// ---- What must never come out ----

/// Finds pieces of tokens in bytes: any 16 characters of what follows the header, in any of the tokens.
pub(crate) struct Canaries(HashMap<[u8; 8], Vec<Vec<u8>>>);

impl Canaries {
    /// Looks for these tokens. A header is metadata, which the marker shows; everything after it is not.
    pub(crate) fn of<S: AsRef<str>>(tokens: impl IntoIterator<Item = S>) -> Self {
        let mut all: HashMap<[u8; 8], Vec<Vec<u8>>> = HashMap::new();
        for token in tokens {
            let (_, secret) = token.as_ref().split_once('.').expect("a token has parts");
            for part in secret.split('.').filter(|part| part.len() >= 16) {
                for window in part.as_bytes().windows(16).step_by(8) {
                    all.entry(window[..8].try_into().unwrap()).or_default().push(window.to_vec());
                }
            }
        }
        Self(all)
    }

    /// The tokens that [`numbered_line`] writes.
    pub(crate) fn numbered(range: std::ops::Range<usize>) -> Self {
        Self::of(range.filter(|n| n % 3 == 0).map(|n| if n % 6 == 0 { access(n as u64) } else { encrypted(n as u64) }))
    }

    fn found(&self, bytes: &[u8]) -> Option<usize> {
        bytes.windows(16).position(|w| self.0.get(&w[..8]).is_some_and(|whole| whole.iter().any(|c| c == w)))
    }

    /// Asserts that no piece is in the bytes.
    #[track_caller]
    pub(crate) fn absent(&self, place: &str, bytes: &[u8]) {
        assert!(!self.0.is_empty(), "there is something to look for");
        assert_eq!(self.found(bytes), None, "a piece of a token in {place} at this offset");
    }

    /// Asserts that no piece is in any file below a folder, and gives the number of files.
    #[track_caller]
    pub(crate) fn absent_below(&self, folder: &Path) -> usize {
        let mut files = 0;
        for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files += self.absent_below(&path);
            } else if path.is_file() {
                self.absent(&path.display().to_string(), path.to_string_lossy().as_bytes());
                self.absent(&path.display().to_string(), &fs::read(&path).unwrap());
                files += 1;
            }
        }
        files
    }
}

// ---- Pipelines ----

/// A folder with a pipeline file in it.
pub(crate) struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    /// A folder with `pipeline.yaml` in it, as written.
    pub(crate) fn new(yaml: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bench = Self { dir };
        bench.write("pipeline.yaml", yaml);
        bench
    }

    /// `in/*.log` → `out/clean.log`.
    pub(crate) fn file_to_file() -> Self {
        Self::with_sink("{type: file, path: out/clean.log}")
    }

    /// `in/*.log` → a sink.
    pub(crate) fn with_sink(sink: &str) -> Self {
        let bench = Self::new(&format!(
            "state_dir: ./state\nkeys: {{fingerprint: ./test.key}}\nsources: {{app: {{type: file, include: [\"in/*.log\"], poll_interval: 10ms}}}}\n\
             sinks: {{clean: {sink}}}\npipelines: [{{from: app, to: clean}}]\n"
        ));
        key_file(bench.dir.path());
        fs::create_dir(bench.path("in")).unwrap();
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    /// A file's text; empty when it is not there yet.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// `scrubjay run -c pipeline.yaml` with more arguments.
    pub(crate) fn command(&self, more: &[&str]) -> Command {
        let mut command = scrubjay(["run", "-c", "pipeline.yaml"]);
        command.args(more).current_dir(self.dir.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn once(&self) -> Ended {
        Running::start(&mut self.command(&["--once"])).wait()
    }

    pub(crate) fn start(&self) -> Running {
        Running::start(&mut self.command(&[]))
    }
}
