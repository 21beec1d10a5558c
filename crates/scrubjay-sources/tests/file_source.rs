//! `FileSource` on real files, driven as the runner would drive it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use scrubjay_delivery::{AckId, FailReason, LaneId, Outcome};
use scrubjay_pipeline::{Problem, Settled, Source, SourceEvent};
use scrubjay_sources::{FileSource, FileSourceConfig, Start};
use tempfile::TempDir;

/// Long enough that only a hang reaches it.
const DEADLINE: Duration = Duration::from_secs(60);
/// Some polls: long enough for anything that is still to come.
const A_WHILE: Duration = Duration::from_millis(150);
/// More than the clock tick (10 ms at most) that file systems stamp a file's birth with.
const APART: Duration = Duration::from_millis(12);
const BYTES_MAX: usize = 256 * 1024;

/// A folder with logs and a state folder beside it.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("logs")).unwrap();
        Self { dir }
    }

    fn log(&self, name: &str) -> PathBuf {
        self.dir.path().join("logs").join(name)
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state/app.json")
    }

    fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        OpenOptions::new().append(true).create(true).open(self.log(name)).unwrap().write_all(bytes.as_ref()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.log(from), self.log(to)).unwrap();
    }

    fn config(&self, include: &[&str]) -> FileSourceConfig {
        let include = include.iter().map(|p| self.log(p).to_str().unwrap().to_owned()).collect();
        FileSourceConfig {
            state_file: Some(self.state()),
            poll_interval: Duration::from_millis(5),
            rotate_wait: Duration::from_millis(40),
            ..FileSourceConfig::new("app", include)
        }
    }

    fn once(&self, include: &[&str]) -> FileSourceConfig {
        FileSourceConfig { once: true, ..self.config(include) }
    }

    fn start(&self, include: &[&str]) -> Drive {
        Drive::new(self.config(include))
    }
}

/// Plays the runner: asks, settles at once, and checks what every source owes.
struct Drive {
    source: FileSource,
    all: Vec<u8>,
    by_lane: BTreeMap<LaneId, Lane>,
    problems: Vec<Problem>,
    bytes_max: usize,
    settle: bool,
    lag: u64,
    over: bool,
}

#[derive(Default)]
struct Lane {
    name: String,
    bytes: Vec<u8>,
    batches: Vec<usize>,
    ended: bool,
}

impl Drive {
    fn new(config: FileSourceConfig) -> Self {
        let source = FileSource::new(config).unwrap();
        let (all, by_lane, problems) = Default::default();
        Self { source, all, by_lane, problems, bytes_max: BYTES_MAX, settle: true, lag: 0, over: false }
    }

    /// One event, or `false` when there is none for a while.
    async fn step(&mut self, wait: Duration) -> bool {
        let Ok(event) = tokio::time::timeout(wait, self.source.next(self.bytes_max)).await else { return false };
        match event {
            SourceEvent::Batch(batch) => {
                assert!(batch.bytes.len() <= self.bytes_max);
                let lane = self.by_lane.entry(batch.ack.lane).or_default();
                assert!(!lane.ended, "a batch after the lane's end");
                assert_eq!(batch.ack.seq, lane.batches.len() as u64, "sequence numbers have no gaps");
                assert!(batch.lane_ends || !batch.bytes.is_empty());
                lane.name.clone_from(&batch.origin.name);
                lane.batches.push(batch.bytes.len());
                lane.bytes.extend(&batch.bytes);
                lane.ended = batch.lane_ends;
                self.all.extend(&batch.bytes);
                if self.settle {
                    self.delivered(batch.ack, self.lag);
                }
            }
            SourceEvent::Problem(p) => self.problems.push(p),
            SourceEvent::End => self.over = true,
        }
        true
    }

    fn delivered(&mut self, ack: AckId, resume_lag: u64) {
        self.source.settle(Settled { ack, outcome: Outcome::Delivered, resume_lag });
    }

    async fn until_end(mut self) -> Self {
        while !self.over {
            assert!(self.step(DEADLINE).await, "no end");
        }
        self
    }

    /// Until everything is there, and then a while longer, so that a repeat would show.
    async fn until(&mut self, bytes: usize) {
        let deadline = Instant::now() + DEADLINE;
        while self.all.len() < bytes {
            assert!(Instant::now() < deadline, "{} of {bytes} bytes, problems: {:?}", self.all.len(), self.problems);
            self.step(A_WHILE).await;
        }
        self.for_a_while().await;
    }

    async fn for_a_while(&mut self) {
        while self.step(A_WHILE).await {}
    }

    async fn expect(&mut self, text: impl AsRef<[u8]>) {
        self.until(text.as_ref().len()).await;
        assert_same(&self.all, text.as_ref());
        assert_eq!(self.problems, []);
    }

    async fn stop(mut self) {
        self.source.persist().await.unwrap();
        self.source.close().await.unwrap();
    }
}

fn assert_same(got: &[u8], want: &[u8]) {
    if got != want {
        let at = got.iter().zip(want).take_while(|(a, b)| a == b).count();
        let show = |b: &[u8]| String::from_utf8_lossy(b.get(at.saturating_sub(40)..b.len().min(at + 80)).unwrap_or_default()).into_owned();
        panic!("got {} bytes, want {}; differ at {at}:\n got {:?}\nwant {:?}", got.len(), want.len(), show(got), show(want));
    }
}

fn lines(range: std::ops::Range<usize>) -> String {
    range.map(|n| format!("line {n:07} of the log, with some text behind it\n")).collect()
}

#[tokio::test]
async fn a_growing_file_comes_once_and_in_order() {
    let place = Place::new();
    place.append("a.log", lines(0..10));
    let mut d = place.start(&["*.log"]);
    d.expect(lines(0..10)).await;
    place.append("a.log", lines(10..20));
    d.expect(lines(0..20)).await;
    // Files that appear later are read from their beginning.
    place.append("b.log", "x\n");
    d.expect(lines(0..20) + "x\n").await;
    assert_eq!(d.by_lane.len(), 2);
    assert!(d.by_lane.values().all(|l| !l.ended));
}

#[tokio::test]
async fn an_unfinished_line_waits_until_it_is_finished() {
    let place = Place::new();
    place.append("a.log", "one\ntwo with");
    let mut d = place.start(&["a.log"]);
    d.expect("one\n").await;
    place.append("a.log", "out its");
    d.for_a_while().await;
    d.expect("one\n").await;
    // A restart in between changes nothing.
    d.stop().await;
    let mut d = place.start(&["a.log"]);
    d.for_a_while().await;
    assert_same(&d.all, b"");
    place.append("a.log", " end\nthree\n");
    d.expect("two without its end\nthree\n").await;
    assert_eq!(d.by_lane.values().next().unwrap().batches.len(), 1, "one piece, not two");
}

#[tokio::test]
async fn bytes_pass_as_they_are() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let cases: [&[u8]; 12] = [
        b"",
        b"\n",
        b"x",
        b"0123456789",
        b"\r\n\r\n",
        b"a\r\nb\rc\n",
        b"\0\0\n\0",
        b"\xff\xfe\n\x80\n",
        b"\xef\xbb\xbfbom\n",
        &every_byte,
        b"\n\n\n\n",
        b"no newline at the end",
    ];
    for (n, bytes) in cases.iter().enumerate() {
        let place = Place::new();
        place.append("a.log", bytes);
        let d = Drive::new(place.once(&["a.log"])).until_end().await;
        assert_same(&d.all, bytes);
        assert_eq!(d.problems, [], "case {n}");
        assert!(d.by_lane.values().all(|l| l.ended));
    }
}

#[tokio::test]
async fn long_lines_come_in_fragments() {
    for (bytes_max, line_bytes_max) in [(BYTES_MAX, 1 << 20), (2 << 20, 1 << 20), (4096, 1000), (1, 1)] {
        let place = Place::new();
        let size = if bytes_max == 1 { 3000 } else { 3 << 20 };
        let long: Vec<u8> = (0..size).map(|i| b'a' + (i % 23) as u8).collect();
        let mut config = place.config(&["a.log"]);
        (config.line_bytes_max, config.batch_bytes_max) = (line_bytes_max, bytes_max);
        place.append("a.log", [b"short\n", &long[..]].concat());
        let mut d = Drive::new(config);
        d.bytes_max = bytes_max;
        d.expect([b"short\n", &long[..]].concat()).await;
        // The rest of that line comes as it is read; the next line is whole again.
        place.append("a.log", "tail");
        d.expect([b"short\n", &long[..], b"tail"].concat()).await;
        place.append("a.log", "\nnext");
        if bytes_max > 1 {
            d.expect([b"short\n", &long[..], b"tail\n"].concat()).await;
        }
        place.append("a.log", " line\n");
        d.until(size + 6 + 15).await;
        assert_same(&d.all, &[b"short\n", &long[..], b"tail\nnext line\n"].concat());
        assert_eq!(d.by_lane.len(), 1);
    }
}

#[tokio::test]
async fn batches_end_at_line_ends() {
    let place = Place::new();
    place.append("a.log", lines(0..20_000));
    let mut d = place.start(&["a.log"]);
    d.bytes_max = 10_000;
    d.expect(lines(0..20_000)).await;
    let lane = d.by_lane.values().next().unwrap();
    let mut end = 0;
    for size in &lane.batches {
        end += size;
        assert_eq!(lane.bytes[end - 1], b'\n');
    }
}

#[tokio::test]
async fn renaming_finishes_the_old_file_before_the_new_one() {
    let place = Place::new();
    place.append("app.log", lines(0..5));
    let mut d = place.start(&["app.log"]);
    d.expect(lines(0..5)).await;
    // What the writer still writes to the old file, unfinished at its end; then the new one.
    let mut old = OpenOptions::new().append(true).open(place.log("app.log")).unwrap();
    place.rename("app.log", "app.log.1");
    old.write_all((lines(5..9) + "cut").as_bytes()).unwrap();
    place.append("app.log", lines(9..12));
    d.expect(lines(0..9) + "cut" + &lines(9..12)).await;
    assert_eq!(d.by_lane.values().map(|l| l.ended).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn a_late_writer_to_a_renamed_file_is_heard() {
    let place = Place::new();
    for include in ["app.log", "app.log*"] {
        place.append("app.log", "one\n");
        let mut config = place.config(&[include]);
        (config.state_file, config.rotate_wait) = (None, Duration::from_secs(30));
        let mut d = Drive::new(config);
        d.expect("one\n").await;
        let mut old = OpenOptions::new().append(true).open(place.log("app.log")).unwrap();
        place.rename("app.log", "app.log.1");
        place.append("app.log", "two\n");
        d.expect("one\ntwo\n").await;
        old.write_all(b"late\n").unwrap();
        d.expect("one\ntwo\nlate\n").await;
        fs::remove_file(place.log("app.log")).unwrap();
        fs::remove_file(place.log("app.log.1")).unwrap();
    }
}

/// Writes and renames without a pause, shifting the old files as logrotate does.
fn write_and_rotate(dir: &Path, rotations: usize, pause: Duration, keep: usize) -> String {
    let name = |n: usize| if n == 0 { dir.join("app.log") } else { dir.join(format!("app.log.{n}")) };
    for rotation in 0..rotations {
        let mut file = OpenOptions::new().append(true).create(true).open(name(0)).unwrap();
        for n in rotation * 10..rotation * 10 + 10 {
            file.write_all(lines(n..n + 1).as_bytes()).unwrap();
        }
        std::thread::sleep(pause);
        for n in (0..keep).rev().filter(|n| name(*n).exists()) {
            fs::rename(name(n), name(n + 1)).unwrap();
        }
    }
    fs::write(name(0), "the end\n").unwrap();
    lines(0..rotations * 10) + "the end\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_files_are_renamed_faster_than_they_are_looked_at() {
    for (include, keep) in [("app.log", 200), ("app.log*", 200)] {
        let place = Place::new();
        place.append("app.log", "the beginning\n");
        let mut config = place.config(&[include]);
        config.poll_interval = Duration::from_millis(25);
        let mut d = Drive::new(config);
        d.expect("the beginning\n").await;
        let dir = place.dir.path().join("logs");
        let writer = std::thread::spawn(move || write_and_rotate(&dir, 80, APART, keep));
        let mut turns = 0;
        while !writer.is_finished() {
            d.step(Duration::from_millis(50)).await;
            turns += 1;
            if turns % 7 == 0 {
                d.source.persist().await.unwrap();
            }
        }
        d.expect("the beginning\n".to_owned() + &writer.join().unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_an_agent_is_killed_and_started_while_files_are_renamed() {
    let place = Place::new();
    place.append("app.log", "the beginning\n");
    let dir = place.dir.path().join("logs");
    let mut d = place.start(&["app.log"]);
    d.expect("the beginning\n").await;
    d.source.persist().await.unwrap();
    let writer = std::thread::spawn(move || write_and_rotate(&dir, 60, APART, 200));
    let mut all = std::mem::take(&mut d.all);
    while !writer.is_finished() {
        for _ in 0..10 {
            d.step(Duration::from_millis(10)).await;
        }
        // Killed just after a persist: then nothing is repeated either.
        d.source.persist().await.unwrap();
        all.append(&mut d.all);
        drop(d);
        tokio::time::sleep(Duration::from_millis(30)).await;
        d = place.start(&["app.log"]);
    }
    let want = "the beginning\n".to_owned() + &writer.join().unwrap();
    d.until(want.len().saturating_sub(all.len())).await;
    all.append(&mut d.all);
    assert_same(&all, want.as_bytes());
}

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped_and_reads_again_what_it_must() {
    let place = Place::new();
    place.append("a.log", lines(0..100));
    let mut d = place.start(&["a.log"]);
    (d.bytes_max, d.settle) = (1000, false);
    let line = lines(0..1).len();
    let per_batch = 1000 / line;
    for _ in 0..4 {
        assert!(d.step(DEADLINE).await);
    }
    // Three of four are settled, and 17 bytes of the third are still held by the scrubber.
    d.delivered(AckId { lane: LaneId(0), seq: 2 }, 17);
    d.source.persist().await.unwrap();
    drop(d);
    let mut d = place.start(&["a.log"]);
    let all = lines(0..100);
    let from = 3 * per_batch * line - 17;
    d.expect(&all[from..]).await;
    d.stop().await;
    let mut d = place.start(&["a.log"]);
    d.for_a_while().await;
    assert_same(&d.all, b"");
}

#[tokio::test]
async fn what_failed_is_read_again_and_nothing_passes_it() {
    let place = Place::new();
    place.append("a.log", lines(0..100));
    let mut d = place.start(&["a.log"]);
    (d.bytes_max, d.settle) = (1000, false);
    for _ in 0..3 {
        assert!(d.step(DEADLINE).await);
    }
    let ack = |seq| AckId { lane: LaneId(0), seq };
    d.delivered(ack(0), 0);
    d.source.settle(Settled { ack: ack(1), outcome: Outcome::Failed(FailReason::Rejected), resume_lag: 0 });
    d.delivered(ack(2), 0);
    // The lane has stopped: no more of it in this run.
    assert!(!d.step(A_WHILE).await);
    let first = d.by_lane.values().next().unwrap().batches[0];
    d.stop().await;
    let mut d = place.start(&["a.log"]);
    d.expect(&lines(0..100)[first..]).await;
}

#[tokio::test]
async fn unsettled_batches_hold_the_position_over_a_lane_end() {
    let place = Place::new();
    place.append("app.log", "one\n");
    let mut config = place.config(&["app.log"]);
    config.rotate_wait = Duration::from_secs(30);
    let mut d = Drive::new(config);
    d.settle = false;
    d.expect("one\n").await;
    let mut old = OpenOptions::new().append(true).open(place.log("app.log")).unwrap();
    place.rename("app.log", "app.log.1");
    place.append("app.log", "two\n");
    d.expect("one\ntwo\n").await;
    // The old file's lane has ended but is not settled: what comes late waits for that.
    old.write_all(b"late\n").unwrap();
    d.for_a_while().await;
    d.expect("one\ntwo\n").await;
    d.delivered(AckId { lane: LaneId(0), seq: 1 }, 0);
    d.expect("one\ntwo\nlate\n").await;
    d.stop().await;
    let mut d = place.start(&["app.log"]);
    d.until(9).await;
    assert_same(&d.all, b"late\ntwo\n");
}

#[tokio::test]
async fn rotation_while_no_agent_runs_loses_nothing() {
    for rotations in 1..4 {
        for include in ["app.log", "app.log*"] {
            for with_new_file in [true, false] {
                let place = Place::new();
                place.append("app.log", lines(0..10) + "unfin");
                let mut d = place.start(&[include]);
                d.expect(lines(0..10)).await;
                d.stop().await;
                place.append("app.log", "ished\n");
                let mut want = "unfinished\n".to_owned();
                for rotation in 0..rotations {
                    for n in (0..4).rev() {
                        let name = |n: usize| if n == 0 { "app.log".to_owned() } else { format!("app.log.{n}") };
                        if place.log(&name(n)).exists() {
                            place.rename(&name(n), &name(n + 1));
                        }
                    }
                    if with_new_file || rotation + 1 < rotations {
                        std::thread::sleep(APART);
                        place.append("app.log", lines(rotation * 5..rotation * 5 + 5));
                        want += &lines(rotation * 5..rotation * 5 + 5);
                    }
                }
                if !with_new_file && include == "app.log" && rotations > 1 {
                    // Nothing is at the path: what was born after the old file is found when a new one comes.
                    std::thread::sleep(APART);
                    place.append("app.log", "new\n");
                    want += "new\n";
                }
                let mut d = place.start(&[include]);
                d.until(want.len()).await;
                assert_eq!(d.problems, []);
                // With a pattern for the old names too and no new file, nothing says which came first.
                if with_new_file || include == "app.log" {
                    assert_same(&d.all, want.as_bytes());
                }
                d.stop().await;
                let mut d = place.start(&[include]);
                d.for_a_while().await;
                assert_same(&d.all, b"");
            }
        }
    }
}

#[tokio::test]
async fn once_reads_rotated_successors_too() {
    let place = Place::new();
    place.append("app.log", "one\n");
    Drive::new(place.once(&["app.log"])).until_end().await.stop().await;
    place.append("app.log", "two");
    place.rename("app.log", "app.log.1");
    place.append("app.log", "three");
    let d = Drive::new(place.once(&["app.log"])).until_end().await;
    assert_same(&d.all, b"twothree");
    assert_eq!(d.problems, []);
    assert!(d.by_lane.len() == 2 && d.by_lane.values().all(|l| l.ended));
    d.stop().await;
    // Only the old one is left, and nothing new in it.
    fs::remove_file(place.log("app.log")).unwrap();
    let d = Drive::new(place.once(&["app.log"])).until_end().await;
    assert_same(&d.all, b"");
}

#[tokio::test]
async fn truncation_begins_again() {
    // Smaller than before; the same size; bigger than before with the same head or tail.
    let cases: [(&str, &str); 5] = [
        ("one\ntwo\n", "new\n"),
        ("one\ntwo\n", "new\nnow\n"),
        ("one\ntwo\n", "one\nnew\nand more\n"),
        ("one\ntwo\n", "new\ntwo\nmore\n"),
        ("x\n", ""),
    ];
    for (before, after) in cases {
        let place = Place::new();
        place.append("a.log", before);
        let mut d = place.start(&["a.log"]);
        d.expect(before).await;
        fs::write(place.log("a.log"), after).unwrap();
        d.expect(before.to_owned() + after).await;
        // The same while no agent runs.
        d.stop().await;
        let mut d = place.start(&["a.log"]);
        d.for_a_while().await;
        assert_same(&d.all, b"");
        d.stop().await;
        fs::write(place.log("a.log"), before.to_uppercase()).unwrap();
        let mut d = place.start(&["a.log"]);
        d.expect(before.to_uppercase()).await;
    }
}

#[tokio::test]
async fn the_copy_that_copytruncate_makes_is_read_to_its_end() {
    for (running, include) in [(true, "app.log"), (true, "app.lo[g]"), (false, "app.log"), (false, "app.log*")] {
        let place = Place::new();
        place.append("app.log", lines(0..100) + "begun");
        let mut d = place.start(&[include]);
        d.expect(lines(0..100)).await;
        if !running {
            d.source.persist().await.unwrap();
            d.source.close().await.unwrap();
        }
        // Done without a look in between: written, copied, truncated, written again.
        place.append("app.log", " and finished\nlast");
        fs::copy(place.log("app.log"), place.log("app.log.1")).unwrap();
        fs::write(place.log("app.log"), "after\n").unwrap();
        let rest = "begun and finished\nlastafter\n";
        if running {
            d.expect(lines(0..100) + rest).await;
            d.stop().await;
        } else {
            let mut d = place.start(&[include]);
            d.expect(rest).await;
            d.stop().await;
        }
        let mut d = place.start(&[include]);
        d.for_a_while().await;
        assert_same(&d.all, b"");
    }
}

#[tokio::test]
async fn bytes_lost_by_truncation_are_told() {
    let place = Place::new();
    place.append("a.log", "one\nunfinished");
    let mut d = place.start(&["a.log"]);
    d.expect("one\n").await;
    fs::write(place.log("a.log"), "new\n").unwrap();
    d.until(8).await;
    assert_same(&d.all, b"one\nnew\n");
    assert_eq!(d.problems.len(), 1);
    assert!(d.problems[0].what.contains("its last 10 bytes"), "{:?}", d.problems);
}

#[tokio::test]
async fn a_deleted_file_is_read_to_its_end() {
    let place = Place::new();
    place.append("a.log", lines(0..10_000) + "unfinished");
    let mut d = place.start(&["a.log"]);
    d.bytes_max = 10_000;
    assert!(d.step(DEADLINE).await);
    fs::remove_file(place.log("a.log")).unwrap();
    d.expect(lines(0..10_000) + "unfinished").await;
    assert!(d.by_lane.values().all(|l| l.ended));
    // The inode may be used again; it is another file.
    place.append("a.log", "new\n");
    d.expect(lines(0..10_000) + "unfinishednew\n").await;
}

#[tokio::test]
async fn an_inode_that_is_used_again_is_another_file() {
    let place = Place::new();
    // The same content each time, as a job writes it that starts its log afresh.
    let mut want = String::new();
    let mut d = place.start(&["a.log"]);
    d.problems.clear();
    d.source.next(1).await;
    for _ in 0..10 {
        place.append("a.log", "started\ndone\n");
        want += "started\ndone\n";
        d.expect(&want).await;
        fs::remove_file(place.log("a.log")).unwrap();
    }
    d.stop().await;
    for _ in 0..5 {
        place.append("a.log", "started\ndone\n");
        let mut d = place.start(&["a.log"]);
        d.expect("started\ndone\n").await;
        d.stop().await;
        fs::remove_file(place.log("a.log")).unwrap();
    }
}

#[tokio::test]
async fn equal_heads_do_not_confuse() {
    let place = Place::new();
    let head = lines(0..60);
    assert!(head.len() > 2048);
    let tail = |n: usize| format!("this is {n:02}\n");
    for n in 0..50 {
        place.append(&format!("{n:02}.log"), head.clone() + &tail(n));
    }
    let mut d = place.start(&["*.log"]);
    d.until(50 * (head.len() + 11)).await;
    let by_name: BTreeMap<_, _> = d.by_lane.values().map(|l| (l.name.clone(), l.bytes.clone())).collect();
    for n in 0..50 {
        assert_same(&by_name[place.log(&format!("{n:02}.log")).to_str().unwrap()], (head.clone() + &tail(n)).as_bytes());
    }
    d.stop().await;
    // Names swapped while no agent runs: the identity is not the name.
    for n in (0..50).step_by(2) {
        place.rename(&format!("{n:02}.log"), "x");
        place.rename(&format!("{:02}.log", n + 1), &format!("{n:02}.log"));
        place.rename("x", &format!("{:02}.log", n + 1));
        place.append(&format!("{n:02}.log"), "more\n");
    }
    let mut d = place.start(&["*.log"]);
    d.expect("more\n".repeat(25)).await;
}

#[tokio::test]
async fn once_reads_up_to_the_size_at_the_start() {
    let place = Place::new();
    place.append("a.log", lines(0..5000) + "half a li");
    place.append("b.log", "");
    place.append("c.log", "c");
    let mut d = Drive::new(place.once(&["*.log"]));
    place.append("a.log", "ne\nmore\n");
    place.append("d.log", "too late\n");
    // Renamed before it was read: it is found by what it is.
    place.rename("c.log", "c.old");
    d = d.until_end().await;
    assert_eq!(d.problems, []);
    let mut got: Vec<Vec<u8>> = d.by_lane.values().map(|l| l.bytes.clone()).collect();
    got.sort();
    assert_same(&got[0], b"c");
    assert_same(&got[1], (lines(0..5000) + "half a li").as_bytes());
    assert!(d.by_lane.values().all(|l| l.ended && *l.batches.last().unwrap() > 0));
    d.stop().await;
    let d = Drive::new(place.once(&["*.log"])).until_end().await;
    assert_eq!(d.all.len(), "ne\nmore\n".len() + "too late\n".len());
}

#[tokio::test]
async fn start_end_begins_after_the_last_whole_line() {
    let place = Place::new();
    place.append("a.log", lines(0..5000) + "begun");
    let config = FileSourceConfig { start: Start::End, ..place.config(&["*.log"]) };
    let mut d = Drive::new(config.clone());
    d.for_a_while().await;
    place.append("a.log", " and finished\n");
    // What appears later is new, and read whole.
    place.append("b.log", "b\n");
    d.until(21).await;
    let text = String::from_utf8(d.all.clone()).unwrap();
    assert!(text.contains("begun and finished\n") && text.contains("b\n") && text.len() == 21, "{text}");
    // Killed without a persist: the first position was durable from the beginning, so this line is not lost.
    drop(d);
    let mut d = Drive::new(config);
    d.until(21).await;
    assert_eq!(d.all.len(), 21);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_once_and_the_rest_goes_on() {
    let place = Place::new();
    fs::create_dir(place.log("folder.log")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(place.log("fifo.log")).status().unwrap();
    assert!(fifo.success());
    let _socket = std::os::unix::net::UnixListener::bind(place.log("socket.log")).unwrap();
    std::os::unix::fs::symlink("/dev/null", place.log("device.log")).unwrap();
    std::os::unix::fs::symlink("nowhere", place.log("dangling.log")).unwrap();
    std::os::unix::fs::symlink("loop.log", place.log("loop.log")).unwrap();
    place.append("good.log", "good\n");
    let name = Path::new(std::ffi::OsStr::from_bytes(b"esc\x1b[2J\n\xff.log")).to_owned();
    fs::create_dir(place.dir.path().join("logs").join(name)).unwrap();
    for once in [true, false] {
        let config = FileSourceConfig { once, state_file: None, ..place.config(&["*.log", "missing.txt"]) };
        let mut d = Drive::new(config);
        if once {
            d = d.until_end().await;
        } else {
            d.until(5).await;
        }
        assert_same(&d.all, b"good\n");
        let told: BTreeMap<&str, &str> =
            d.problems.iter().map(|p| (p.place.rsplit('/').next().unwrap(), p.what.split(':').next().unwrap())).collect();
        let want = [
            ("dangling.log", "cannot be read"),
            ("device.log", "is a device"),
            ("esc\\u{1b}[2J\\n\\xff.log", "is a directory"),
            ("fifo.log", "is a FIFO (named pipe)"),
            ("folder.log", "is a directory"),
            ("loop.log", "cannot be read"),
            ("missing.txt", "does not exist"),
            ("socket.log", "is a socket"),
        ];
        assert_eq!(told.into_iter().collect::<Vec<_>>(), want);
        assert_eq!(d.problems.len(), want.len(), "each once");
        let fifo = d.problems.iter().find(|p| p.place.ends_with("fifo.log")).unwrap();
        assert!(fifo.remedy.contains("stdin"));
    }
}

#[tokio::test]
async fn a_file_that_may_not_be_read_is_read_when_it_may() {
    let place = Place::new();
    place.append("a.log", "one\n");
    std::os::unix::fs::symlink("nowhere", place.log("b.log")).unwrap();
    let mut d = place.start(&["*.log"]);
    d.until(4).await;
    assert_eq!(d.problems.len(), 1);
    place.append("nowhere", "two\n");
    d.until(8).await;
    assert_same(&d.all, b"one\ntwo\n");
    assert_eq!(d.problems.len(), 1);
}

#[tokio::test]
async fn no_match_is_a_problem_with_once_only() {
    let place = Place::new();
    let d = Drive::new(place.once(&["*.log", "a/**/*.txt"])).until_end().await;
    let places: Vec<_> = d.problems.iter().map(|p| p.place.clone()).collect();
    assert_eq!(places, [place.log("*.log").to_str().unwrap(), place.log("a/**/*.txt").to_str().unwrap()]);
    drop(d);
    let mut d = place.start(&["*.log"]);
    d.for_a_while().await;
    assert_eq!(d.problems, []);
    drop(d);
    place.append("x.log", "x");
    let mut config = place.once(&["*.log", "*.txt"]);
    let d = Drive::new(config.clone()).until_end().await;
    assert_eq!(d.problems, []);
    drop(d);
    // What is excluded does not count as a match.
    config.exclude = vec!["x.*".into()];
    assert_eq!(Drive::new(config).until_end().await.problems.len(), 2);
}

#[tokio::test]
async fn links_are_followed_and_a_file_with_two_names_is_read_once() {
    let place = Place::new();
    fs::create_dir(place.log("pods")).unwrap();
    place.append("pods/0.log", "one\n");
    std::os::unix::fs::symlink("pods/0.log", place.log("a.log")).unwrap();
    std::os::unix::fs::symlink("pods/0.log", place.log("b.log")).unwrap();
    fs::hard_link(place.log("pods/0.log"), place.log("c.log")).unwrap();
    let mut d = place.start(&["*.log"]);
    d.expect("one\n").await;
    fs::remove_file(place.log("c.log")).unwrap();
    d.stop().await;
    // Renamed in the folder that the link leads to, while no agent runs: as the kubelet does.
    place.append("pods/0.log", "two\n");
    place.rename("pods/0.log", "pods/0.log.20261123-100000");
    place.append("pods/0.log", "three\n");
    let mut d = place.start(&["*.log"]);
    d.expect("two\nthree\n").await;
}

fn refused(config: FileSourceConfig) -> Problem {
    FileSource::new(config).err().expect("it must refuse to start")
}

#[tokio::test]
async fn a_checkpoint_that_is_not_understood_is_refused() {
    let place = Place::new();
    place.append("a.log", "secret-line\n");
    let mut d = place.start(&["a.log"]);
    d.expect("secret-line\n").await;
    d.stop().await;
    let good = fs::read_to_string(place.state()).unwrap();
    let half = &good[..good.len() / 2];
    let newer = good.replace("\"version\":1", "\"version\":2");
    let offset = good.replace("\"offset\":12", "\"offset\":13");
    let key = good.replace("\"key\":\"", "\"key\":\"zz");
    let extra = good.replace("\"version\":1", "\"version\":1,\"secret-member\":1");
    for (n, bad) in ["", "{}", "null", "\0\0\0\0", half, &newer, &offset, &key, &extra].into_iter().enumerate() {
        assert_ne!(bad, good, "case {n}");
        fs::write(place.state(), bad).unwrap();
        let problem = refused(place.config(&["a.log"]));
        assert_eq!(problem.place, place.state().to_str().unwrap(), "case {n}");
        assert!(problem.remedy.contains("move it away") && !problem.to_string().contains("secret"), "case {n}: {problem}");
        assert_eq!(fs::read_to_string(place.state()).unwrap(), bad, "it is left as it was");
    }
    fs::remove_file(place.state()).unwrap();
    fs::create_dir(place.state()).unwrap();
    assert_eq!(refused(place.config(&["a.log"])).place, place.state().to_str().unwrap());
}

#[tokio::test]
async fn two_agents_cannot_share_a_checkpoint() {
    let place = Place::new();
    place.append("a.log", "x\n");
    let first = place.start(&["a.log"]);
    let problem = refused(place.config(&["a.log"]));
    assert_eq!(problem.place, place.state().to_str().unwrap());
    assert!(problem.what.contains("in use"));
    drop(first);
    place.start(&["a.log"]).expect("x\n").await;
}

#[tokio::test]
async fn a_checkpoint_is_private_tells_nothing_and_is_written_only_when_it_changes() {
    let place = Place::new();
    place.append("eyJhbGciOi-in-a-name.log", "a very secret line\n");
    let mut d = place.start(&["*.log"]);
    d.expect("a very secret line\n").await;
    d.source.persist().await.unwrap();
    let meta = fs::metadata(place.state()).unwrap();
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(place.state().parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    let text = fs::read_to_string(place.state()).unwrap();
    assert!(!text.contains("secret") && !text.contains("eyJ") && !text.contains("logs"), "{text}");
    d.source.persist().await.unwrap();
    assert_eq!(fs::metadata(place.state()).unwrap().ino(), meta.ino(), "unchanged, so not replaced");
    place.append("eyJhbGciOi-in-a-name.log", "more\n");
    d.until(24).await;
    d.source.persist().await.unwrap();
    assert_ne!(fs::read_to_string(place.state()).unwrap(), text);
    let names: Vec<_> = fs::read_dir(place.state().parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "the checkpoint and its lock, no temporary file: {names:?}");
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_written_is_a_problem_and_tried_again() {
    let place = Place::new();
    place.append("a.log", "x\n");
    let mut d = place.start(&["a.log"]);
    d.expect("x\n").await;
    // A folder in the place of the temporary file makes writing fail, for root too.
    let in_the_way = place.state().with_file_name(".app.json.tmp");
    fs::create_dir(&in_the_way).unwrap();
    let problem = d.source.persist().await.unwrap_err();
    assert_eq!(problem.place, place.state().to_str().unwrap());
    fs::remove_dir(&in_the_way).unwrap();
    d.stop().await;
    let mut d = place.start(&["a.log"]);
    d.for_a_while().await;
    assert_same(&d.all, b"");
}

#[tokio::test]
async fn its_own_state_is_not_read() {
    let place = Place::new();
    place.append("a.log", "x\n");
    let config = FileSourceConfig { state_file: Some(place.log("state.json")), ..place.config(&["*"]) };
    let mut d = Drive::new(config);
    d.expect("x\n").await;
    d.source.persist().await.unwrap();
    d.for_a_while().await;
    d.expect("x\n").await;
}

#[tokio::test]
async fn many_files_share_few_descriptors_and_take_turns() {
    let place = Place::new();
    for n in 0..200 {
        place.append(&format!("{n:03}.log"), lines(n..n + 40));
    }
    let config = FileSourceConfig { files_open_max: 8, ..place.config(&["*.log"]) };
    let mut d = Drive::new(config);
    d.bytes_max = 1000;
    let open = || fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(|e| fs::read_link(e.path()).ok());
    let dir = place.dir.path().join("logs");
    let opened = || open().filter(|p| p.starts_with(&dir)).count();
    // Each gives its first batch before any gives its second.
    for _ in 0..200 {
        assert!(d.step(DEADLINE).await);
        assert!(opened() <= 8);
    }
    assert_eq!(d.by_lane.len(), 200);
    d.until(200 * lines(0..40).len()).await;
    for n in 0..200 {
        place.append(&format!("{n:03}.log"), "more\n");
        // Renamed while it is closed: found by its inode.
        if n % 10 == 0 {
            place.rename(&format!("{n:03}.log"), &format!("{n:03}.old"));
        }
    }
    d.until(200 * (lines(0..40).len() + 5)).await;
    assert!(opened() <= 8);
    assert_eq!(d.problems, []);
    for lane in d.by_lane.values() {
        assert!(lane.bytes.ends_with(b"\nmore\n"));
    }
}

#[tokio::test]
async fn what_is_deleted_while_it_is_closed_is_told() {
    let place = Place::new();
    place.append("a.log", lines(0..100));
    place.append("b.log", lines(0..100));
    let mut d = Drive::new(FileSourceConfig { files_open_max: 1, ..place.config(&["*.log"]) });
    d.bytes_max = 1000;
    assert!(d.step(DEADLINE).await && d.step(DEADLINE).await);
    // `a.log` had to be closed for `b.log`.
    fs::remove_file(place.log("a.log")).unwrap();
    fs::remove_file(place.log("b.log")).unwrap();
    d.for_a_while().await;
    let told: Vec<_> = d.problems.iter().map(|p| p.place.clone()).collect();
    assert_eq!(told, [place.log("a.log").to_str().unwrap()]);
    let unread = lines(0..100).len() - d.by_lane[&LaneId(0)].bytes.len();
    assert!(d.problems[0].what.contains(&format!("its last {unread} bytes")), "{:?}", d.problems);
    assert_same(&d.by_lane[&LaneId(1)].bytes, lines(0..100).as_bytes());
    assert!(d.by_lane.values().all(|l| l.ended));
}

#[tokio::test]
async fn a_device_number_that_changed_is_no_new_file() {
    let place = Place::new();
    place.append("a.log", "one\n");
    let mut d = place.start(&["a.log"]);
    d.expect("one\n").await;
    d.stop().await;
    let text = fs::read_to_string(place.state()).unwrap();
    let dev = format!("\"dev\":{},", fs::metadata(place.log("a.log")).unwrap().dev());
    assert!(text.contains(&dev));
    fs::write(place.state(), text.replace(&dev, "\"dev\":123456,")).unwrap();
    place.append("a.log", "two\n");
    place.start(&["a.log"]).expect("two\n").await;
}

#[tokio::test]
async fn a_file_that_is_away_for_a_while_is_not_new_when_it_comes_back() {
    let place = Place::new();
    fs::create_dir(place.log("disk")).unwrap();
    place.append("disk/a.log", "one\n");
    let mut d = place.start(&["disk/*.log"]);
    d.expect("one\n").await;
    place.rename("disk", "unmounted");
    d.for_a_while().await;
    place.rename("unmounted", "disk");
    place.append("disk/a.log", "two\n");
    d.expect("one\ntwo\n").await;
    // The same over a restart.
    d.stop().await;
    place.rename("disk", "unmounted");
    let mut d = place.start(&["disk/*.log"]);
    d.for_a_while().await;
    place.rename("unmounted", "disk");
    place.append("disk/a.log", "three\n");
    d.expect("three\n").await;
}

#[tokio::test]
async fn a_dropped_call_loses_nothing() {
    let place = Place::new();
    let mut d = place.start(&["*.log"]);
    for n in 0..50 {
        // Polled once and dropped, again and again.
        assert!(tokio::time::timeout(Duration::from_millis(1), d.source.next(BYTES_MAX)).await.is_err());
        place.append("a.log", lines(n..n + 1));
        d.until(lines(0..n + 1).len()).await;
    }
    assert_same(&d.all, lines(0..50).as_bytes());
}

#[tokio::test]
async fn a_sparse_file_and_one_with_a_hole_are_read() {
    let place = Place::new();
    let file = File::create(place.log("hole.log")).unwrap();
    file.set_len(3 << 20).unwrap();
    place.append("hole.log", "\nend\n");
    let d = Drive::new(place.once(&["hole.log"])).until_end().await;
    assert_same(&d.all, &[&vec![0; 3 << 20][..], b"\nend\n"].concat());
}

#[test]
fn wrong_settings_are_named() {
    let place = Place::new();
    let good = place.config(&["a.log"]);
    let cases = [
        (FileSourceConfig { include: vec![], ..good.clone() }, "include"),
        (FileSourceConfig { files_open_max: 0, ..good.clone() }, "files_open_max"),
        (FileSourceConfig { batch_bytes_max: 0, ..good.clone() }, "batch_bytes_max"),
        (FileSourceConfig { line_bytes_max: 0, ..good.clone() }, "line_bytes_max"),
        (FileSourceConfig { include: vec!["/a/[".into()], ..good.clone() }, "/a/["),
        (FileSourceConfig { exclude: vec!["***".into()], ..good.clone() }, "***"),
        (FileSourceConfig { state_file: Some("/dev/null/state".into()), ..good }, "/dev/null"),
    ];
    for (config, named) in cases {
        let problem = refused(config);
        assert!(problem.to_string().contains(named) && !problem.remedy.is_empty(), "{problem}");
    }
}
