//! `scrubjay run` from file to file and from pipe to pipe: nothing lost, nothing leaked, whatever stops it.

mod support;

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::Signal;
use support::{Bench, Canaries, Random, Running, access, delivered, delivered_once, numbered_lines, run, scrub, scrubjay, wait_until};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

// ---- Once ----

#[test]
fn the_demo_gives_the_same_twice_and_leaves_nothing_in_the_repository() {
    let git = || Command::new("git").args(["status", "--porcelain"]).current_dir(root()).output().expect("git runs").stdout;
    let demo = || {
        let ended = Running::start(scrubjay(["run", "--once", "-c", "pipelines/demo.yaml"]).current_dir(root())).wait();
        ended.exits(0);
        (ended.err, fs::read(root().join("target/demo/clean.log")).unwrap())
    };
    let before = git();
    let (first, second) = (demo(), demo());
    assert!(first == second);
    assert_eq!(git(), before);
    let sample = fs::read_to_string(root().join("pipelines/sample/app.log")).unwrap();
    let clean = String::from_utf8(first.1).unwrap();
    assert_eq!(clean.lines().count(), sample.lines().count());
    let said = first.0;
    let summary =
        format!("scrubjay: {}: {} records, {} bytes, 34 tokens (access ", root().join("target/demo/clean.log").display(), 117, clean.len());
    assert!(said.starts_with(&summary) && said.lines().count() == 1, "{said}");
}

#[test]
fn once_reads_what_is_there_and_ends() {
    let many = numbered_lines("a", 0..400);
    let clean = String::from_utf8(scrub(many.as_bytes())).unwrap();
    type Files<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(&str, Files<'_>, &str)] = &[
        ("an empty file", &[("a", "")], ""),
        ("a last line without newline", &[("a", "one\ntwo")], "one\ntwo"),
        ("several files", &[("a", "one\n"), ("b", "one\n"), ("c", "")], "one\none\n"),
        ("bytes of all kinds", &[("a", "a\r\n\0\u{85}\n\n  \n")], "a\r\n\0\u{85}\n\n  \n"),
        ("lines with tokens", &[("a", &many)], &clean),
    ];
    for (name, files, expected) in cases {
        let bench = Bench::file_to_file();
        files.iter().for_each(|(file, text)| bench.write(&format!("in/{file}.log"), text));
        let ended = bench.once();
        ended.exits(0);
        assert!(bench.read("out/clean.log") == *expected, "{name}");
        let lines = expected.lines().count();
        let summary = format!("scrubjay: {}: {lines} records, {} bytes, ", bench.path("out/clean.log").display(), expected.len());
        assert!(ended.err.starts_with(&summary) && ended.err.lines().count() == 1, "{name}: {}", ended.err);
        bench.once().exits(0);
        assert!(bench.read("out/clean.log") == *expected, "{name}: the second run finds nothing new");
    }
}

#[test]
fn once_ends_although_the_file_grows() {
    let bench = Bench::file_to_file();
    bench.write("in/a.log", numbered_lines("a", 0..100));
    let done = AtomicBool::new(false);
    let total = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut n = 100;
            while !done.load(Ordering::Relaxed) && n < 900_000 {
                bench.append("in/a.log", numbered_lines("a", n..n + 20));
                n += 20;
                // As fast as a busy program, not as fast as the disk.
                thread::sleep(std::time::Duration::from_millis(1));
            }
            n
        });
        let ended = bench.once();
        done.store(true, Ordering::Relaxed);
        ended.exits(0);
        writer.join().unwrap()
    });
    bench.once().exits(0);
    delivered_once(&bench.read("out/clean.log"), &[("a", total)]);
}

#[test]
fn only_what_is_new_comes_after_a_restart() {
    let bench = Bench::file_to_file();
    let mut at = 0;
    for upto in [10, 10, 500, 501, 2000] {
        bench.append("in/a.log", numbered_lines("a", at..upto));
        bench.once().exits(0);
        delivered_once(&bench.read("out/clean.log"), &[("a", upto)]);
        at = upto;
    }
    // Renamed while nothing runs, with lines that nobody has read: they come first.
    bench.append("in/a.log", numbered_lines("a", at..at + 10));
    fs::rename(bench.path("in/a.log"), bench.path("in/a.log.1")).unwrap();
    bench.append("in/a.log", numbered_lines("a", at + 10..at + 20));
    bench.once().exits(0);
    delivered_once(&bench.read("out/clean.log"), &[("a", at + 20)]);
}

#[test]
fn the_number_of_threads_changes_no_lane() {
    let lanes: Vec<(String, usize)> = (0..24).map(|i| (format!("lane{i:02}"), 40 + i * 37)).collect();
    for (threads, more) in [("", &["--threads", "1"] as &[&str]), ("threads: 4\n", &[]), ("threads: 1\n", &["--threads", "3"])] {
        let bench = Bench::file_to_file();
        bench.append("pipeline.yaml", threads);
        for (lane, count) in &lanes {
            bench.write(&format!("in/{lane}.log"), numbered_lines(lane, 0..*count));
        }
        let ended = Running::start(&mut bench.command(&[&["--once"], more].concat())).wait();
        ended.exits(0);
        let lanes: Vec<(&str, usize)> = lanes.iter().map(|(lane, count)| (lane.as_str(), *count)).collect();
        delivered_once(&bench.read("out/clean.log"), &lanes);
        let tokens: usize = lanes.iter().map(|(_, count)| count.div_ceil(3)).sum();
        assert!(ended.err.contains(&format!(" {tokens} tokens (")), "{threads}{more:?}: {}", ended.err);
    }
}

#[test]
fn what_cannot_work_is_said_with_its_place() {
    let good = "state_dir: ./state\nsources: {app: {type: file, include: [\"in/*.log\"]}}\nsinks: {clean: {type: file, path: out/clean.log}}\npipelines: [{from: app, to: clean}]\n";
    let cases: &[(&str, String, i32, &str)] = &[
        ("no file matches", good.replace("in/*.log", "in/*.txt"), 1, "/in/*.txt: matches no file (check the pattern)"),
        ("no folder", good.replace("in/*.log", "none/*.log"), 1, "/none/*.log: matches no file"),
        (
            "output is input",
            good.replace("out/clean.log", "in/clean.log"),
            2,
            "pipeline.yaml:3:35: sink \"clean\" writes a file that source \"app\" reads",
        ),
        ("an unknown field", good.replace("path:", "pth: x, path:"), 2, "pipeline.yaml:3:29: unknown field \"pth\" in sink \"clean\""),
        ("no YAML", good.replace('}', ""), 2, "pipeline.yaml:"),
        ("a folder as output", good.replace("out/clean.log", "in"), 2, "pipeline.yaml:3:35: \"path\" of sink \"clean\" names a folder"),
        ("a file as folder", good.replace("out/clean.log", "pipeline.yaml/x"), 1, "/pipeline.yaml"),
        ("a file as state folder", good.replace("./state", "./in/a.log"), 2, "the state folder"),
    ];
    for (name, yaml, code, said) in cases {
        let bench = Bench::new(yaml);
        fs::create_dir(bench.path("in")).unwrap();
        bench.write("in/a.log", "one\n");
        let ended = bench.once();
        ended.exits(*code);
        assert!(ended.err.contains(said), "{name}: {}", ended.err);
        assert_eq!(bench.read("in/a.log"), "one\n", "{name}");
        assert_eq!(bench.read("out/clean.log"), "", "{name}");
    }
}

// ---- Following ----

#[test]
fn files_are_followed_over_renames() {
    let bench = Bench::file_to_file();
    bench.write("in/a.log", "");
    let running = bench.start();
    let mut at = 0;
    for generation in 0..6 {
        bench.append("in/a.log", numbered_lines("a", at..at + 40));
        let last = format!("seq=a:{:06} ", at + 39);
        wait_until("the lines of a generation", || bench.read("out/clean.log").contains(&last));
        // What is written last before the rename, and after it by a program that has not noticed, must come too.
        bench.append("in/a.log", numbered_lines("a", at + 40..at + 60));
        let old = format!("in/a.log.{generation}");
        fs::rename(bench.path("in/a.log"), bench.path(&old)).unwrap();
        bench.append(&old, numbered_lines("a", at + 60..at + 70));
        at += 70;
    }
    bench.append("in/a.log", numbered_lines("a", at..at + 10));
    wait_until("the last line", || bench.read("out/clean.log").contains(&format!("seq=a:{:06} ", at + 9)));
    running.signal(Signal::TERM);
    running.wait().exits(0);
    delivered_once(&bench.read("out/clean.log"), &[("a", at + 10)]);
}

#[test]
fn new_files_are_found_while_it_runs() {
    let bench = Bench::file_to_file();
    bench.write("in/a.log", numbered_lines("a", 0..10));
    let running = bench.start();
    wait_until("the first file", || bench.read("out/clean.log").contains("seq=a:000009"));
    bench.write("in/b.log", numbered_lines("b", 0..10));
    wait_until("the second file", || bench.read("out/clean.log").contains("seq=b:000009"));
    running.signal(Signal::INT);
    running.wait().exits(0);
    delivered_once(&bench.read("out/clean.log"), &[("a", 10), ("b", 10)]);
}

#[test]
fn a_stop_under_load_loses_nothing() {
    const LINES: usize = 12_000;
    let bench = Bench::file_to_file();
    let canaries = Canaries::numbered(0..LINES);
    let mut running = bench_started(&bench);
    let mut at = 0;
    for step in 0..6 {
        bench.append("in/a.log", numbered_lines("a", at..at + LINES / 6));
        bench.append("in/b.log", numbered_lines("b", at..at + LINES / 6));
        at += LINES / 6;
        let length = bench.read("out/clean.log").len();
        wait_until("some output", || bench.read("out/clean.log").len() > length);
        if step % 2 == 0 {
            running.signal(if step == 0 { Signal::INT } else { Signal::TERM });
            running.wait().exits(0);
            running = bench_started(&bench);
        }
    }
    running.signal(Signal::TERM);
    running.wait().exits(0);
    bench.once().exits(0);
    // An orderly stop settles what was begun, so nothing comes twice either.
    delivered_once(&bench.read("out/clean.log"), &[("a", LINES), ("b", LINES)]);
    canaries.absent_below(&bench.path("out"));
    canaries.absent_below(&bench.path("state"));
}

/// The agent, as soon as it listens to signals: the output is opened after that.
fn bench_started(bench: &Bench) -> Running {
    let _ = fs::create_dir(bench.path("out"));
    let lock = |path: &Path| fs::read_to_string("/proc/locks").unwrap().contains(&inode(path));
    bench.append("out/clean.log", "");
    let running = bench.start();
    wait_until("the output's lock", || lock(&bench.path("out/clean.log")));
    running
}

/// As `/proc/locks` writes it.
fn inode(path: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    format!(":{} ", fs::metadata(path).unwrap().ino())
}

#[test]
fn kills_at_any_moment_lose_nothing() {
    const KILLS: usize = 10;
    const LINES: usize = 1200;
    let bench = Bench::file_to_file();
    let canaries = Canaries::numbered(0..KILLS * LINES);
    let mut random = Random(9);
    for kill in 0..KILLS {
        for lane in ["a", "b"] {
            bench.append(&format!("in/{lane}.log"), numbered_lines(lane, kill * LINES..(kill + 1) * LINES));
        }
        // Each round adds at least 100 bytes of output for each line, so this much will come.
        let upto = bench.read("out/clean.log").len() as u64 + random.below(LINES as u64 * 100);
        let running = bench.start();
        wait_until("some output", || fs::metadata(bench.path("out/clean.log")).is_ok_and(|m| m.len() >= upto));
        running.signal(Signal::KILL);
        assert_eq!(running.wait().status.code(), None);
        canaries.absent_below(&bench.path("state"));
    }
    bench.once().exits(0);
    delivered(&bench.read("out/clean.log"), &[("a", KILLS * LINES), ("b", KILLS * LINES)], KILLS);
    canaries.absent_below(&bench.path("out"));
    assert!(canaries.absent_below(&bench.path("state")) >= 1);
}

#[test]
fn a_second_signal_ends_at_once() {
    let bench = Bench::with_sink("{type: stdout}");
    bench.write("in/a.log", numbered_lines("a", 0..20_000));
    let mut child = bench.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pipe = child.stdout.take().unwrap();
    wait_until("a full pipe", || rustix::io::ioctl_fionread(&pipe).unwrap() >= 60_000);
    let pid = rustix::process::Pid::from_child(&child);
    let mut status = None;
    wait_until("the end", || {
        let _ = rustix::process::kill_process(pid, Signal::TERM);
        status = child.try_wait().unwrap();
        status.is_some()
    });
    assert_eq!(status.unwrap().code(), Some(75), "stopped at the deadline, before everything was settled");
}

#[test]
fn two_agents_do_not_share_state_or_output() {
    let bench = Bench::file_to_file();
    bench.write("in/a.log", numbered_lines("a", 0..10));
    let running = bench.start();
    wait_until("the lines", || bench.read("out/clean.log").contains("seq=a:000009"));
    let second = bench.once();
    second.exits(1);
    assert!(second.err.contains("/state/app.checkpoint.json: is in use by another scrubjay (stop the other one"), "{}", second.err);
    bench.write("pipeline.yaml", bench.read("pipeline.yaml").replace("./state", "./state2"));
    let third = bench.once();
    third.exits(1);
    assert!(third.err.contains("/out/clean.log: "), "{}", third.err);
    running.signal(Signal::TERM);
    running.wait().exits(0);
    delivered_once(&bench.read("out/clean.log"), &[("a", 10)]);
}

#[test]
fn a_fresh_start_does_not_take_the_files_of_a_running_agent() {
    let bench = Bench::file_to_file();
    bench.write("pipeline.yaml", format!("start_afresh: true\n{}", bench.read("pipeline.yaml")));
    bench.write("in/a.log", numbered_lines("a", 0..10));
    let running = bench.start();
    wait_until("the lines", || bench.read("out/clean.log").contains("seq=a:000009"));
    let second = bench.once();
    assert_ne!(second.status.code(), Some(0));
    assert!(second.err.contains(" is in use by another scrubjay"), "{}", second.err);
    delivered_once(&bench.read("out/clean.log"), &[("a", 10)]);
    running.signal(Signal::TERM);
    running.wait().exits(0);
    bench.once().exits(0);
    delivered_once(&bench.read("out/clean.log"), &[("a", 10)]);
}

// ---- What goes in and what comes out ----

#[test]
fn compressed_output_is_the_same_text() {
    let raw = numbered_lines("a", 0..3000);
    let expected = scrub(raw.as_bytes());
    type Decode = fn(File) -> Vec<u8>;
    let cases: [(&str, Decode); 2] = [
        ("{type: file, path: out/clean, compression: gzip}", |file| read_all(flate2::read::MultiGzDecoder::new(file))),
        ("{type: file, path: out/clean, compression: zstd, level: 5}", |file| read_all(zstd::Decoder::new(file).unwrap())),
    ];
    for (sink, decode) in cases {
        let bench = Bench::with_sink(sink);
        bench.write("in/a.log", &raw);
        bench.once().exits(0);
        let file = File::open(bench.path("out/clean")).unwrap();
        assert!(file.metadata().unwrap().len() < expected.len() as u64);
        assert!(decode(file) == expected, "{sink}");
        bench.append("in/a.log", numbered_lines("a", 3000..3010));
        bench.once().exits(0);
        // An earlier run's file is never appended to (its end may be torn): it has its rotated name now.
        let new = decode(File::open(bench.path("out/clean")).unwrap());
        assert!(new == scrub(numbered_lines("a", 3000..3010).as_bytes()), "{sink}");
        let mut files: Vec<_> = fs::read_dir(bench.path("out")).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        assert_eq!(files.len(), 2);
        assert!(files.into_iter().any(|file| decode(File::open(file).unwrap()) == expected), "{sink}");
    }
}

fn read_all(mut reader: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn standard_input_to_standard_output() {
    let bench = Bench::new(
        "keys: {fingerprint: ./test.key}\nsources: {in: {type: stdin}}\nsinks: {out: {type: stdout}}\npipelines: [{from: in, to: out}]\n",
    );
    support::key_file(&bench.path(""));
    let many = numbered_lines("a", 0..2000);
    for input in ["", "one\ntwo", "\u{0}\r\n\n", &many] {
        for more in [&[] as &[&str], &["--once"]] {
            let ended = run(&mut bench.command(more), input.as_bytes());
            assert!(ended.exits(0) == scrub(input.as_bytes()));
        }
    }
    bench.write("many", many.repeat(4));
    let command = format!("{{ \"{}\" run -c pipeline.yaml < many; echo \"code $?\" >&2; }} | head -n 1", env!("CARGO_BIN_EXE_scrubjay"));
    let ended = run(Command::new("sh").args(["-c", &command]).current_dir(bench.path("")), b"");
    assert_eq!(ended.text().lines().count(), 1);
    assert!(ended.err.ends_with("code 0\n"), "a reader that goes away is no mistake: {}", ended.err);
}

#[test]
fn several_sources_share_a_file_line_by_line() {
    let bench = Bench::new(
        "state_dir: ./state\nkeys: {fingerprint: ./test.key}\nsources:\n  a: {type: file, include: a.log}\n  b: {type: file, include: b.log}\n  c: {type: file, include: c.log}\n\
         sinks: {clean: {type: file, path: clean.txt}}\npipelines: [{from: [a, b, c], to: clean}]\n",
    );
    support::key_file(&bench.path(""));
    for lane in ["a", "b", "c"] {
        bench.write(&format!("{lane}.log"), numbered_lines(lane, 0..3000).trim_end());
    }
    bench.once().exits(0);
    let mut clean = bench.read("clean.txt");
    // The last lines had no newline; one was put where another line follows.
    if !clean.ends_with('\n') {
        clean.push('\n');
    }
    delivered_once(&clean, &[("a", 3000), ("b", 3000), ("c", 3000)]);
}

#[test]
fn output_files_rotate_between_lines() {
    let bench = Bench::with_sink("{type: file, path: out/clean.log, rotate: {bytes_max: 20KiB}}");
    bench.write("in/a.log", numbered_lines("a", 0..1500));
    bench.once().exits(0);
    let mut files: Vec<_> = fs::read_dir(bench.path("out")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5, "{}", files.len());
    let texts: Vec<String> = files.iter().map(|f| fs::read_to_string(f).unwrap()).collect();
    assert!(texts.iter().all(|t| t.len() <= 20 << 10 && t.ends_with('\n')));
    assert_eq!(files.last().and_then(|f| f.file_name()), Some("clean.log".as_ref()), "rotated files come before it");
    delivered_once(&texts.concat(), &[("a", 1500)]);
}

#[test]
fn long_lines_pass_whole() {
    let long = "lorem ipsum, \"dolor\" sit amet; ".repeat(100_000);
    let raw = format!("first\n{long} t={} {long}\nlast t={}", access(1), access(2));
    let bench = Bench::file_to_file();
    bench.write("in/a.log", &raw);
    bench.once().exits(0);
    let clean = bench.read("out/clean.log");
    assert!(clean.as_bytes() == scrub(raw.as_bytes()));
    support::same_but_markers(&clean, &raw);
}

#[test]
fn the_state_folder_alone_is_private() {
    let bench = Bench::file_to_file();
    bench.write("pipeline.yaml", bench.read("pipeline.yaml").replace("./state", "./above/it/state"));
    bench.write("in/a.log", "one\n");
    bench.once().exits(0);
    let mode = |name: &str| fs::metadata(bench.path(name)).unwrap().permissions().mode() & 0o7777;
    // `in` was made with whatever this user's umask leaves.
    let usual = mode("in") & 0o755;
    assert_eq!((mode("above"), mode("above/it"), mode("above/it/state")), (usual, usual, 0o700));
    assert_eq!(mode("out"), usual);
}

#[test]
fn a_key_is_made_once_and_kept() {
    let bench = Bench::file_to_file();
    bench.write("pipeline.yaml", bench.read("pipeline.yaml").replace("keys: {fingerprint: ./test.key}\n", ""));
    bench.write("in/a.log", format!("{}\n", access(1)));
    bench.once().exits(0);
    let key = bench.path("state/fingerprint.key");
    let meta = fs::metadata(&key).unwrap();
    assert_eq!((meta.permissions().mode() & 0o7777, meta.len()), (0o600, 32));
    assert_eq!(fs::metadata(bench.path("state")).unwrap().permissions().mode() & 0o7777, 0o700);
    bench.append("in/a.log", format!("{}\n", access(1)));
    bench.once().exits(0);
    let clean = bench.read("out/clean.log");
    let lines: Vec<&str> = clean.lines().collect();
    assert!(lines.len() == 2 && lines[0] == lines[1] && lines[0].contains("~fp:f"), "{clean}");

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = bench.once();
    assert_ne!(refused.status.code(), Some(0));
    assert!(refused.err.contains("chmod 600"), "{}", refused.err);
}
