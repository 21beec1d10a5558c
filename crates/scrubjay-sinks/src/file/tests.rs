//! The core over plain pieces, on real files; faults come from [`Faulty`], which sits in front of the real disk.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use scrubjay_delivery::{AckId, LaneId, Outcome};
use scrubjay_scrub::Message;
use tempfile::TempDir;

use super::chunk::Data;
use super::*;

const NO_WAIT: BackoffLimits = BackoffLimits { first: Duration::from_millis(1), wait_max: Duration::from_millis(2) };
const ENOSPC: i32 = 28;
const EIO: i32 = 5;
const EINTR: i32 = 4;
const EAGAIN: i32 = 11;
const EROFS: i32 = 30;

#[derive(Clone, Copy)]
enum Fault {
    Error(i32),
    /// Takes at most so many bytes.
    Short(usize),
}

/// The real disk, with a script of what goes wrong first.
#[derive(Default)]
struct Faulty {
    writes: Mutex<VecDeque<Fault>>,
    /// `None` lets a sync through.
    syncs: Mutex<VecDeque<Option<i32>>>,
    renames: Mutex<VecDeque<i32>>,
    opens: Mutex<VecDeque<i32>>,
    write_calls: AtomicUsize,
    sync_calls: AtomicUsize,
    folder_syncs: AtomicUsize,
}

impl Media for Faulty {
    fn open(&self, path: &Path) -> io::Result<File> {
        match self.opens.lock().unwrap().pop_front() {
            Some(errno) => Err(io::Error::from_raw_os_error(errno)),
            None => Disk.open(path),
        }
    }
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        self.write_calls.fetch_add(1, Ordering::Relaxed);
        match self.writes.lock().unwrap().pop_front() {
            Some(Fault::Error(errno)) => Err(io::Error::from_raw_os_error(errno)),
            Some(Fault::Short(n)) => Disk.write(file, &bytes[..n.min(bytes.len())]),
            None => Disk.write(file, bytes),
        }
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        self.sync_calls.fetch_add(1, Ordering::Relaxed);
        match self.syncs.lock().unwrap().pop_front().flatten() {
            Some(errno) => Err(io::Error::from_raw_os_error(errno)),
            None => Disk.sync(file),
        }
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.folder_syncs.fetch_add(1, Ordering::Relaxed);
        Disk.sync_folder(folder)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.renames.lock().unwrap().pop_front() {
            Some(errno) => Err(io::Error::from_raw_os_error(errno)),
            None => Disk.rename(from, to),
        }
    }
}

/// A sink with its folder, lanes that count their batches, and the settlements so far.
struct Bench {
    sink: FileSink,
    media: Arc<Faulty>,
    notices: Arc<AtomicUsize>,
    sent: BTreeMap<u64, u64>,
    settled: BTreeMap<AckId, Outcome>,
}

impl Bench {
    fn new(config: FileSinkConfig) -> Self {
        let media = Arc::new(Faulty::default());
        let notices = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&notices);
        let sink = FileSink::with_media(config, Arc::clone(&media) as Arc<dyn Media>, NO_WAIT).unwrap().on_trouble(move |p| {
            assert!(!p.to_string().contains("unmistakable"), "a notice shows no content");
            count.fetch_add(1, Ordering::Relaxed);
        });
        Self { sink, media, notices, sent: BTreeMap::new(), settled: BTreeMap::new() }
    }

    fn ack(&mut self, lane: u64) -> AckId {
        let seq = self.sent.entry(lane).or_default();
        *seq += 1;
        AckId { lane: LaneId(lane), seq: *seq - 1 }
    }

    async fn send(&mut self, lane: u64, bytes: impl AsRef<[u8]>, lane_ends: bool) {
        let ack = self.ack(lane);
        self.sink.accept_piece(lines(ack, bytes.as_ref(), lane_ends)).await.unwrap();
    }

    fn note(&mut self, settlements: Vec<Settlement>) {
        for s in settlements {
            assert_eq!(self.settled.insert(s.ack, s.outcome), None, "settled twice");
        }
    }

    /// Takes settlements until all batches have one.
    async fn settle_all(&mut self) {
        while (self.settled.len() as u64) < self.sent.values().sum::<u64>() {
            let settled = self.sink.settled().await.unwrap();
            self.note(settled);
        }
    }

    async fn close(&mut self) {
        let settled = self.sink.close().await.unwrap();
        self.note(settled);
        assert_eq!(self.settled.len() as u64, self.sent.values().sum::<u64>(), "every batch is settled at the end");
        assert!(self.settled.values().all(|o| *o == Outcome::Delivered));
    }
}

fn lines(ack: AckId, bytes: &[u8], lane_ends: bool) -> Piece {
    let records = bytes.iter().filter(|b| **b == b'\n').count() as u64;
    Piece::lines(ack, Data::Owned(bytes.into()), lane_ends, records)
}

fn plain(dir: &TempDir) -> FileSinkConfig {
    FileSinkConfig { sync_interval: Duration::from_millis(5), ..FileSinkConfig::new(dir.path().join("clean.log"), Compression::None) }
}

fn rotating(dir: &TempDir, bytes_max: u64, keep: Option<usize>) -> FileSinkConfig {
    FileSinkConfig { rotate: Some(Rotate { bytes_max: Some(bytes_max), age_max: None, keep }), ..plain(dir) }
}

fn names(dir: &TempDir) -> Vec<String> {
    let mut found: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    found
}

/// Rotated files in order, then the live one.
fn all_files(dir: &TempDir) -> Vec<Vec<u8>> {
    let (mut rotated, mut live) = (Vec::new(), Vec::new());
    for name in names(dir) {
        let to = if name.contains('-') { &mut rotated } else { &mut live };
        to.push(fs::read(dir.path().join(name)).unwrap());
    }
    rotated.append(&mut live);
    rotated
}

fn check(sink: Result<FileSink, Problem>, what: &str) {
    let Err(found) = sink else { panic!("not refused: {what}") };
    assert!(found.to_string().contains(what), "{found}");
    assert!(!found.remedy.is_empty());
}

/// A small deterministic generator: tests must not depend on luck.
fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_lane_comes_out_byte_for_byte_whatever_the_cuts() {
    let dir = TempDir::new().unwrap();
    let input: Vec<u8> = (0..200_000u32).flat_map(|n| if n % 97 == 0 { b"\r\n".to_vec() } else { vec![(n % 251) as u8] }).collect();
    let mut bench = Bench::new(plain(&dir));
    let mut seed = 7;
    let (mut rest, mut parts) = (&input[..], 0);
    while !rest.is_empty() {
        let (part, after) = rest.split_at((random(&mut seed) % 5000) as usize % (rest.len() + 1));
        rest = after;
        bench.send(1, part, rest.is_empty()).await;
        parts += 1;
    }
    bench.close().await;
    assert!(parts > 50);
    assert!(fs::read(dir.path().join("clean.log")).unwrap() == input);
    assert_eq!(bench.sink.summary().bytes, input.len() as u64);
}

#[tokio::test]
async fn folders_and_modes_and_the_folder_sync_of_a_new_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a/b/clean.log");
    let mut bench = Bench::new(FileSinkConfig { path: path.clone(), ..plain(&dir) });
    bench.send(1, "x\n", false).await;
    bench.settle_all().await;
    // b, a and the folder that a was made in.
    assert_eq!(bench.media.folder_syncs.load(Ordering::Relaxed), 3);
    bench.send(1, "y\n", false).await;
    bench.settle_all().await;
    assert_eq!(bench.media.folder_syncs.load(Ordering::Relaxed), 3);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777 & !0o640, 0);
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777 & !0o755, 0);
    bench.close().await;
}

#[tokio::test]
async fn lines_of_several_lanes_stay_whole() {
    for (open_line_bytes_max, held_bytes_max) in [(1 << 20, 32 << 20), (8, 32 << 20), (0, 32 << 20)] {
        let dir = TempDir::new().unwrap();
        let mut bench = Bench::new(FileSinkConfig {
            lines: LineLimits { open_line_bytes_max, held_bytes_max, ..LineLimits::default() },
            ..plain(&dir)
        });
        let mut seed = 11 + open_line_bytes_max as u64;
        let inputs: Vec<Vec<u8>> = (0..4u64)
            .map(|lane| {
                (0..300).flat_map(|n| format!("lane{lane}-{n}-{}\n", "z".repeat((random(&mut seed) % 60) as usize)).into_bytes()).collect()
            })
            .collect();
        let mut rest: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        rest[3] = &rest[3][..rest[3].len() - 1];
        while rest.iter().any(|r| !r.is_empty()) {
            let lane = (random(&mut seed) % 4) as usize;
            if rest[lane].is_empty() {
                continue;
            }
            let (part, after) = rest[lane].split_at((1 + random(&mut seed) as usize % 100).min(rest[lane].len()));
            rest[lane] = after;
            bench.send(lane as u64, part, after.is_empty()).await;
        }
        bench.close().await;
        let out = fs::read_to_string(dir.path().join("clean.log")).unwrap();
        for (lane, input) in inputs.iter().enumerate() {
            let own: Vec<&str> = out.lines().filter(|l| l.starts_with(&format!("lane{lane}-"))).collect();
            let expected: Vec<&str> = std::str::from_utf8(input).unwrap().lines().collect();
            assert!(own == expected, "lane {lane}, limit {open_line_bytes_max}");
        }
        assert_eq!(out.lines().count(), 1200);
        assert_eq!(bench.notices.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn an_open_line_lets_others_pass_and_settles_when_it_ends() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(plain(&dir));
    bench.send(1, "a1\na2 begins", false).await;
    bench.send(2, "b1\n", false).await;
    let settled = bench.sink.settled().await.unwrap();
    assert_eq!(settled.iter().map(|s| s.ack.lane.0).collect::<Vec<_>>(), [2]);
    bench.note(settled);
    assert_eq!(fs::read(dir.path().join("clean.log")).unwrap(), b"a1\nb1\n");
    bench.send(1, ", ends\n", false).await;
    bench.settle_all().await;
    assert_eq!(fs::read(dir.path().join("clean.log")).unwrap(), b"a1\nb1\na2 begins, ends\n");
}

#[tokio::test]
async fn a_long_line_makes_others_wait_but_not_for_ever() {
    let dir = TempDir::new().unwrap();
    let limits = LineLimits { open_line_bytes_max: 4, held_bytes_max: 20, ..LineLimits::default() };
    let mut bench = Bench::new(FileSinkConfig { lines: limits, ..plain(&dir) });
    let path = dir.path().join("clean.log");
    bench.send(1, "aaaaaaaa", false).await;
    bench.send(2, "b1\n", false).await;
    bench.send(1, "aa\nnext ", false).await;
    assert_eq!(fs::read(&path).unwrap(), b"aaaaaaaaaa\nb1\nnext ");
    bench.send(2, "0123456789\n", false).await;
    assert_eq!(fs::read(&path).unwrap(), b"aaaaaaaaaa\nb1\nnext ");
    assert_eq!(bench.notices.load(Ordering::Relaxed), 0);
    bench.send(3, "0123456789\n", false).await;
    assert_eq!(fs::read(&path).unwrap(), b"aaaaaaaaaa\nb1\nnext \n0123456789\n0123456789\n");
    assert_eq!(bench.notices.load(Ordering::Relaxed), 1);
    bench.close().await;
}

#[tokio::test]
async fn a_long_line_that_stalls_is_ended_for_the_others() {
    let dir = TempDir::new().unwrap();
    let limits = LineLimits { open_line_bytes_max: 4, stall_max: Duration::from_millis(20), ..LineLimits::default() };
    let mut bench = Bench::new(FileSinkConfig { lines: limits, ..plain(&dir) });
    bench.send(1, "aaaaaaaa", false).await;
    bench.send(2, "b1\n", false).await;
    bench.settle_all().await;
    assert_eq!(fs::read(dir.path().join("clean.log")).unwrap(), b"aaaaaaaa\nb1\n");
}

#[tokio::test]
async fn many_idle_open_lines_do_not_fill_the_budget() {
    let dir = TempDir::new().unwrap();
    let limits = LineLimits { held_bytes_max: 1000, ..LineLimits::default() };
    let mut bench = Bench::new(FileSinkConfig { lines: limits, ..plain(&dir) });
    for lane in 0..50 {
        bench.send(lane, format!("whole {lane}\n{:>80} begins", lane), false).await;
    }
    let unsettled = 50 - { bench.sink.settled().await.unwrap().len() };
    assert!(unsettled <= 1000 / 80, "{unsettled} are held");
}

#[tokio::test]
async fn lanes_that_end_without_newline_are_kept_apart() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(plain(&dir));
    bench.send(1, "a", false).await;
    bench.send(1, "", true).await;
    bench.send(2, "b", true).await;
    bench.send(3, "", true).await;
    bench.send(4, "d", false).await;
    bench.send(5, "e", false).await;
    bench.close().await;
    assert_eq!(fs::read(dir.path().join("clean.log")).unwrap(), b"a\nb\nd\ne");
}

#[tokio::test]
async fn an_empty_batch_settles_without_a_sync() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(plain(&dir));
    bench.send(1, "", false).await;
    bench.settle_all().await;
    assert_eq!(bench.media.sync_calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn messages_are_lines_and_a_null_value_settles() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(rotating(&dir, 12, None));
    let raw = b"keyone\ntwo\nthree";
    let value = |range| Message { key: Some(0..3), value: range, ..Message::default() };
    let messages = [value(Some(3..6)), value(None), value(Some(7..10)), value(Some(0..0)), value(Some(3..10)), value(Some(11..16))];
    let ack = bench.ack(1);
    bench.sink.accept_piece(Piece::messages(ack, raw, &messages, false).unwrap()).await.unwrap();
    let ack = bench.ack(1);
    bench.sink.accept_piece(Piece::messages(ack, raw, &[value(None)], false).unwrap()).await.unwrap();
    bench.close().await;
    // A value with a newline in it is one record: rotation does not cut it.
    assert_eq!(all_files(&dir), [b"one\ntwo\n\n".to_vec(), b"one\ntwo\n".to_vec(), b"three\n".to_vec()]);
    assert_eq!(bench.sink.summary().records, 7);
    let outside = Piece::messages(AckId { lane: LaneId(1), seq: 0 }, raw, &[value(Some(10..99))], false);
    assert!(outside.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotation_by_size_loses_nothing_and_cuts_no_line() {
    for (bytes_max, batch) in [(1000u64, 300usize), (100, 5000), (1, 70), (1 << 40, 100)] {
        let dir = TempDir::new().unwrap();
        let input: Vec<u8> = (0..600).flat_map(|n| format!("line {n} {}\n", "y".repeat(n % 83)).into_bytes()).collect();
        let mut bench = Bench::new(rotating(&dir, bytes_max, None));
        for part in input.chunks(batch) {
            bench.send(1, part, false).await;
        }
        bench.close().await;
        let files = all_files(&dir);
        assert!(files.concat() == input, "bytes_max {bytes_max}");
        for file in &files {
            assert_eq!(file.last(), Some(&b'\n'));
            let records = file.iter().filter(|b| **b == b'\n').count();
            assert!(file.len() as u64 <= bytes_max || records == 1, "{} bytes, {records} records", file.len());
        }
        assert_eq!(files.len() > 1, bytes_max < 1 << 40);
    }
}

#[tokio::test]
async fn keep_deletes_the_oldest_rotated_files_of_this_sink_only() {
    let dir = TempDir::new().unwrap();
    for other in ["other-000001.log", "clean-1.log", "clean-000001.log.gz"] {
        fs::write(dir.path().join(other), "not ours").unwrap();
    }
    let mut bench = Bench::new(rotating(&dir, 5, Some(2)));
    for n in 0..6 {
        bench.send(1, format!("rec{n}\n"), false).await;
    }
    bench.close().await;
    let expected = ["clean-000001.log.gz", "clean-000004.log", "clean-000005.log", "clean-1.log", "clean.log", "other-000001.log"];
    assert_eq!(names(&dir), expected);
    assert_eq!(fs::read(dir.path().join("clean-000005.log")).unwrap(), b"rec4\n");
    assert_eq!(fs::read(dir.path().join("clean.log")).unwrap(), b"rec5\n");
    // The next run goes on counting.
    drop(bench);
    let mut bench = Bench::new(rotating(&dir, 5, None));
    bench.send(1, "rec6\n", false).await;
    bench.close().await;
    assert_eq!(fs::read(dir.path().join("clean-000006.log")).unwrap(), b"rec5\n");
}

#[tokio::test]
async fn rotation_by_age_waits_for_a_record() {
    let dir = TempDir::new().unwrap();
    let rotate = Some(Rotate { age_max: Some(Duration::ZERO), ..Rotate::default() });
    let mut bench = Bench::new(FileSinkConfig { rotate, ..plain(&dir) });
    bench.send(1, "one\n", false).await;
    bench.settle_all().await;
    assert_eq!(names(&dir), ["clean.log"]);
    bench.send(1, "two\n", false).await;
    bench.close().await;
    assert_eq!(all_files(&dir), [b"one\n", b"two\n"]);
}

#[tokio::test]
async fn a_rename_that_fails_lets_the_file_grow() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(rotating(&dir, 5, None));
    bench.media.renames.lock().unwrap().push_back(EROFS);
    for n in 0..3 {
        bench.send(1, format!("rec{n}\n"), false).await;
    }
    bench.close().await;
    assert_eq!(all_files(&dir), [b"rec0\nrec1\nrec2\n"]);
    assert_eq!(bench.notices.load(Ordering::Relaxed), 1);
}

fn decoded(path: &Path) -> Vec<u8> {
    let raw = fs::read(path).unwrap();
    let mut out = Vec::new();
    if path.extension().is_some_and(|e| e == "gz") {
        // As far as it goes: a torn tail is an error after the whole members before it.
        let _ = flate2::read::MultiGzDecoder::new(&raw[..]).read_to_end(&mut out);
    } else {
        let _ = zstd::stream::read::Decoder::new(&raw[..]).unwrap().read_to_end(&mut out);
    }
    out
}

fn decoded_by(tool: &str, path: &Path) -> Vec<u8> {
    let done = Command::new(tool).arg("-dc").arg(path).output().unwrap();
    assert!(done.status.success(), "{tool}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

fn compressed(dir: &TempDir) -> [FileSinkConfig; 2] {
    [("clean.log.gz", Compression::Gzip { level: 6 }), ("clean.log.zst", Compression::Zstd { level: 3 })]
        .map(|(name, compression)| FileSinkConfig { path: dir.path().join(name), compression, ..plain(dir) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_output_is_readable_after_each_settlement_and_after_a_crash() {
    for index in 0..2 {
        let dir = TempDir::new().unwrap();
        let config = compressed(&dir)[index].clone();
        let mut bench = Bench::new(config.clone());
        let mut input = Vec::new();
        for n in 0..20 {
            let part = format!("line {n}\n").repeat(500);
            bench.send(1, &part, false).await;
            input.extend_from_slice(part.as_bytes());
            if n % 5 == 4 {
                bench.settle_all().await;
                assert!(decoded(&config.path) == input);
            }
        }
        bench.send(1, "not settled\n", false).await;
        // No close: as after kill -9, what is in memory is gone.
        drop(bench);
        assert!(decoded(&config.path) == input);
        if which("gzip") && index == 0 {
            assert!(decoded_by("gzip", &config.path) == input);
        }

        // The next run never appends to it, torn or not.
        let torn = fs::OpenOptions::new().append(true).open(&config.path).unwrap();
        (&torn).write_all(b"\x1f\x8b\x08torn").unwrap();
        let mut bench = Bench::new(config.clone());
        bench.send(1, "second run\n", true).await;
        bench.close().await;
        assert!(decoded(&config.path) == b"second run\n");
        let old = config.path.with_file_name(names(&dir).into_iter().find(|n| n.contains("-000001.log.")).unwrap());
        assert!(decoded(&old) == input);
    }
}

fn which(tool: &str) -> bool {
    Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_output_rotates_and_survives_trouble() {
    for index in 0..2 {
        let dir = TempDir::new().unwrap();
        let rotate = Some(Rotate { bytes_max: Some(2000), ..Rotate::default() });
        let config = FileSinkConfig { rotate, sync_bytes: 3000, ..compressed(&dir)[index].clone() };
        let mut bench = Bench::new(config.clone());
        bench.media.writes.lock().unwrap().extend([Fault::Short(3), Fault::Error(ENOSPC), Fault::Error(EINTR), Fault::Short(1)]);
        bench.media.syncs.lock().unwrap().extend([None, Some(EIO)]);
        let mut seed = 3;
        let mut input = Vec::new();
        for _ in 0..2000 {
            let part = format!("{:x}{:x}\n", random(&mut seed), random(&mut seed));
            bench.send(1, &part, false).await;
            input.extend_from_slice(part.as_bytes());
            if input.len() % 5 == 0 {
                bench.settle_all().await;
            }
        }
        bench.close().await;
        let found: Vec<_> = names(&dir);
        assert!(found.len() > 3, "{found:?}");
        let (rotated, live): (Vec<_>, Vec<_>) = found.iter().partition(|n| n.contains('-'));
        let whole: Vec<Vec<u8>> = rotated.into_iter().chain(live).map(|n| decoded(&dir.path().join(n))).collect();
        // One sync failed: its records stand in the file set aside and again in the next; nothing else is repeated.
        let mut unique: Vec<&[u8]> = Vec::new();
        let all = whole.concat();
        for line in all.split_inclusive(|b| *b == b'\n') {
            if !unique.contains(&line) {
                unique.push(line);
            }
        }
        assert!(unique.concat() == input);
    }
}

#[tokio::test]
async fn an_existing_last_line_without_newline_is_kept_apart() {
    for (before, expected) in [("torn", "torn\nnew\n"), ("whole\n", "whole\nnew\n"), ("", "new\n")] {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("clean.log"), before).unwrap();
        let mut bench = Bench::new(plain(&dir));
        // Nothing is added before there is something to add.
        assert_eq!(fs::read_to_string(dir.path().join("clean.log")).unwrap(), before);
        bench.send(1, "new\n", false).await;
        bench.close().await;
        assert_eq!(fs::read_to_string(dir.path().join("clean.log")).unwrap(), expected);
    }
}

#[tokio::test]
async fn what_is_settled_is_in_the_file_and_a_drop_settles_nothing() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(FileSinkConfig { sync_interval: Duration::from_secs(3600), sync_bytes: 20, ..plain(&dir) });
    bench.send(1, "0123456789012345678901234\n", false).await;
    bench.send(1, "later\n", false).await;
    let settled = bench.sink.settled().await.unwrap();
    assert_eq!(settled.len(), 1);
    let asked = tokio::time::timeout(Duration::from_millis(30), bench.sink.settled()).await;
    assert!(asked.is_err(), "the second batch is not due");
    assert_eq!(bench.media.sync_calls.load(Ordering::Relaxed), 1);
    let rest = bench.sink.close().await.unwrap();
    assert_eq!(rest.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settled_is_cancel_safe() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(FileSinkConfig { sync_interval: Duration::from_millis(1), ..plain(&dir) });
    for n in 0..200 {
        bench.send(1, format!("line {n}\n"), false).await;
        // Dropped at whatever point it has reached.
        if let Ok(settled) = tokio::time::timeout(Duration::from_micros(n * 13 % 1700), bench.sink.settled()).await {
            bench.note(settled.unwrap());
        }
    }
    bench.settle_all().await;
    assert!(bench.settled.len() == 200);
}

#[tokio::test]
async fn another_program_may_rename_the_file() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(plain(&dir));
    let path = dir.path().join("clean.log");
    bench.send(1, "one\n", false).await;
    fs::rename(&path, dir.path().join("clean.log.1")).unwrap();
    bench.settle_all().await;
    bench.send(1, "two\n", false).await;
    bench.settle_all().await;
    assert_eq!(fs::read(dir.path().join("clean.log.1")).unwrap(), b"one\n");
    assert_eq!(fs::read(&path).unwrap(), b"two\n");
    // logrotate's `create`: the new file is already there.
    fs::rename(&path, dir.path().join("clean.log.2")).unwrap();
    fs::write(&path, "").unwrap();
    bench.send(1, "three\n", false).await;
    bench.settle_all().await;
    bench.send(1, "four\n", false).await;
    bench.close().await;
    assert_eq!(fs::read(dir.path().join("clean.log.2")).unwrap(), b"two\nthree\n");
    assert_eq!(fs::read(&path).unwrap(), b"four\n");
}

#[tokio::test]
async fn another_program_may_remove_the_file() {
    for index in 0..3 {
        let dir = TempDir::new().unwrap();
        let [gz, zst] = compressed(&dir);
        let config = [plain(&dir), gz, zst][index].clone();
        let mut bench = Bench::new(config.clone());
        bench.send(1, "one\n", false).await;
        bench.settle_all().await;
        bench.send(1, "two\n", false).await;
        fs::remove_file(&config.path).unwrap();
        bench.send(1, "three\n", false).await;
        bench.close().await;
        let out = if index == 0 { fs::read(&config.path).unwrap() } else { decoded(&config.path) };
        assert_eq!(out, b"two\nthree\n");
    }
}

#[tokio::test]
async fn the_folder_may_be_removed_too() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("sub/clean.log");
    let mut bench = Bench::new(FileSinkConfig { path: path.clone(), ..plain(&dir) });
    bench.send(1, "one\n", false).await;
    fs::remove_dir_all(dir.path().join("sub")).unwrap();
    bench.close().await;
    assert_eq!(fs::read(&path).unwrap(), b"one\n");
}

#[tokio::test]
async fn a_failed_sync_is_never_repeated_on_the_same_file() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(plain(&dir));
    bench.send(1, "proven\n", false).await;
    bench.settle_all().await;
    let inode = fs::metadata(dir.path().join("clean.log")).unwrap().ino();
    bench.media.syncs.lock().unwrap().push_back(Some(EIO));
    bench.send(1, "doubtful\n", false).await;
    bench.send(2, "open line", false).await;
    bench.settle_all_but_open().await;
    assert_eq!(all_files(&dir), [b"proven\ndoubtful\n".to_vec(), b"doubtful\n".to_vec()]);
    assert_eq!(fs::metadata(dir.path().join("clean-000001.log")).unwrap().ino(), inode);
    assert_eq!(bench.notices.load(Ordering::Relaxed), 1);
    bench.close().await;
    assert_eq!(fs::read(dir.path().join("clean.log")).unwrap(), b"doubtful\nopen line");
}

impl Bench {
    /// As [`Self::settle_all`], without the one batch whose line is still open.
    async fn settle_all_but_open(&mut self) {
        while (self.settled.len() as u64) + 1 < self.sent.values().sum::<u64>() {
            let settled = self.sink.settled().await.unwrap();
            self.note(settled);
        }
    }
}

#[tokio::test]
async fn two_failed_syncs_in_a_row_end_the_sink_and_settle_nothing() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(plain(&dir));
    bench.media.syncs.lock().unwrap().extend([Some(EIO), Some(EIO)]);
    bench.send(1, "doubtful\n", false).await;
    let found = bench.sink.settled().await.unwrap_err();
    assert!(found.to_string().contains("cannot be made durable"), "{found}");
    assert!(bench.sink.accept_piece(lines(AckId { lane: LaneId(1), seq: 1 }, b"x\n", false)).await.is_err());
    assert!(bench.sink.settled().await.is_err());
    assert!(bench.sink.close().await.is_err());
}

#[tokio::test]
async fn trouble_with_writing_is_waited_out_from_the_exact_byte() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(rotating(&dir, 40, None));
    let [nospace, io_error, intr, again] = [ENOSPC, EIO, EINTR, EAGAIN].map(Fault::Error);
    let faults = [Fault::Short(5), nospace, intr, Fault::Short(1), io_error, again, nospace, nospace, Fault::Error(EROFS), Fault::Short(2)];
    bench.media.writes.lock().unwrap().extend(faults);
    let mut input = Vec::new();
    for n in 0..20 {
        if n == 10 {
            bench.media.opens.lock().unwrap().extend([ENOSPC, 24]);
        }
        let part = format!("line {n}, unmistakable\n");
        input.extend_from_slice(part.as_bytes());
        bench.send(1, part, false).await;
    }
    bench.close().await;
    assert!(bench.media.writes.lock().unwrap().is_empty() && bench.media.opens.lock().unwrap().is_empty());
    assert_eq!(all_files(&dir).concat(), input);
    assert_eq!(bench.notices.load(Ordering::Relaxed), 1, "one notice in ten seconds");
}

#[tokio::test]
async fn accept_holds_while_there_is_no_room() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(plain(&dir));
    bench.media.writes.lock().unwrap().extend([Fault::Error(ENOSPC); 10_000]);
    let ack = bench.ack(1);
    let held = tokio::time::timeout(Duration::from_millis(50), bench.sink.accept_piece(lines(ack, b"waits\n", false))).await;
    assert!(held.is_err(), "accept returned though nothing was written");
    bench.media.writes.lock().unwrap().clear();
    // The batch is in the queue: `settled` goes on with it.
    bench.settle_all().await;
    assert_eq!(fs::read(dir.path().join("clean.log")).unwrap(), b"waits\n");
}

/// A real full disk where this user may mount one, the injected error elsewhere; both must give the same.
#[tokio::test]
async fn a_full_disk_holds_and_goes_on() {
    let dir = TempDir::new().unwrap();
    let options = ["-t", "tmpfs", "-o", "size=256k", "tmpfs"];
    let mounted = Command::new("mount").args(options).arg(dir.path()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    let _unmount = Unmount(mounted.then(|| dir.path().to_path_buf()));
    let ballast = dir.path().join("ballast");
    fs::write(&ballast, vec![b'x'; 200 << 10]).unwrap();
    let mut bench = Bench::new(plain(&dir));
    let part = "a line of some length\n".repeat(5000);
    let ack = bench.ack(1);
    if !mounted {
        bench.media.writes.lock().unwrap().push_back(Fault::Short(40 << 10));
        bench.media.writes.lock().unwrap().extend([Fault::Error(ENOSPC); 10_000]);
    }
    let held = tokio::time::timeout(Duration::from_millis(100), bench.sink.accept_piece(lines(ack, part.as_bytes(), false))).await;
    assert!(held.is_err(), "there was room");
    assert_eq!(bench.notices.load(Ordering::Relaxed), 1);
    fs::remove_file(&ballast).unwrap();
    bench.media.writes.lock().unwrap().clear();
    bench.settle_all().await;
    assert!(fs::read(dir.path().join("clean.log")).unwrap() == part.as_bytes());
}

struct Unmount(Option<PathBuf>);

impl Drop for Unmount {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = Command::new("umount").arg("-l").arg(path).status();
        }
    }
}

#[tokio::test]
async fn a_second_writer_is_refused_until_the_first_is_gone() {
    let dir = TempDir::new().unwrap();
    let first = Bench::new(plain(&dir));
    check(FileSink::open(plain(&dir)), "another process writes this file");
    drop(first);
    FileSink::open(plain(&dir)).unwrap();
}

#[tokio::test]
async fn what_is_no_file_is_refused() {
    let dir = TempDir::new().unwrap();
    let open = |path: &Path| FileSink::open(FileSinkConfig { path: path.into(), ..plain(&dir) });
    check(open(dir.path()), "is a folder");
    check(open(&dir.path().join("..")), "is not the path of a file");
    check(open(Path::new("/dev/full")), "is a device");
    let fifo = dir.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    check(open(&fifo), "is a FIFO");
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    std::os::unix::fs::symlink(&a, &b).unwrap();
    std::os::unix::fs::symlink(&b, &a).unwrap();
    check(open(&a), "cannot be opened");
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    check(open(&dir.path().join("socket")), "is a socket");
    fs::write(dir.path().join("file"), "").unwrap();
    check(open(&dir.path().join("file/below")), "cannot be opened");
}

#[tokio::test]
async fn dev_null_takes_everything_for_everybody() {
    let dir = TempDir::new().unwrap();
    let config = FileSinkConfig { path: "/dev/null".into(), ..rotating(&dir, 1, None) };
    let (mut first, mut second) = (Bench::new(config.clone()), Bench::new(config));
    for bench in [&mut first, &mut second] {
        bench.send(1, "one\ntwo\n", false).await;
        bench.send(1, "three\n", false).await;
        bench.close().await;
        assert_eq!(bench.sink.summary().bytes, 14);
    }
}

#[tokio::test]
async fn a_symbolic_link_is_followed_also_when_rotating() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("real")).unwrap();
    fs::write(dir.path().join("real/target.log"), "").unwrap();
    std::os::unix::fs::symlink("real/target.log", dir.path().join("clean.log")).unwrap();
    let mut bench = Bench::new(rotating(&dir, 1, None));
    bench.send(1, "one\ntwo\n", false).await;
    bench.close().await;
    assert_eq!(fs::read(dir.path().join("real/target-000001.log")).unwrap(), b"one\n");
    assert_eq!(fs::read(dir.path().join("clean.log")).unwrap(), b"two\n");
}

/// The test is its own victim: run again with this variable it writes to the file that it names until it is killed.
const VICTIM: &str = "SCRUBJAY_SINK_TEST_VICTIM";

#[test]
fn a_killed_process_leaves_whole_what_it_settled() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Some(path) = std::env::var_os(VICTIM) {
        runtime.block_on(write_until_killed(PathBuf::from(path)));
    }
    for name in ["clean.log", "clean.log.gz", "clean.log.zst"] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join(name);
        let settled = kill_while_writing(&path);
        assert!(settled > 0);
        let (rotated, live): (Vec<_>, Vec<_>) = names(&dir).into_iter().partition(|n| n.contains('-'));
        let all: Vec<PathBuf> = rotated.iter().chain(&live).map(|n| dir.path().join(n)).collect();
        let whole = all.iter().flat_map(|p| if name == "clean.log" { fs::read(p).unwrap() } else { decoded(p) }).collect::<Vec<u8>>();
        let expected: Vec<u8> = (0..settled).flat_map(victim_batch).collect();
        assert!(whole.starts_with(&expected), "{name}: {settled} settled");
    }
}

fn victim_batch(seq: u64) -> Vec<u8> {
    format!("record of batch {seq}\n").repeat(50).into_bytes()
}

async fn write_until_killed(path: PathBuf) {
    let compression = match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => Compression::Gzip { level: 1 },
        Some("zst") => Compression::Zstd { level: 1 },
        _ => Compression::None,
    };
    let rotate = Some(Rotate { bytes_max: Some(20_000), ..Rotate::default() });
    let config = FileSinkConfig { rotate, sync_interval: Duration::from_millis(1), ..FileSinkConfig::new(path, compression) };
    let mut sink = FileSink::open(config).unwrap();
    let mut settled = 0;
    for seq in 0.. {
        sink.accept_piece(lines(AckId { lane: LaneId(1), seq }, &victim_batch(seq), false)).await.unwrap();
        if seq % 7 == 6 {
            settled += sink.settled().await.unwrap().len();
            // Not println: the test harness would capture it.
            writeln!(io::stderr(), "settled {settled}").unwrap();
        }
    }
}

/// Number of batches that the victim said were settled before it was killed.
fn kill_while_writing(path: &Path) -> u64 {
    let name = "file::tests::a_killed_process_leaves_whole_what_it_settled";
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(VICTIM, path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = io::BufRead::lines(io::BufReader::new(victim.stderr.take().unwrap()));
    let mut settled = 0;
    for line in said {
        let Some(count) = line.unwrap().strip_prefix("settled ").map(|n| n.parse().unwrap()) else { continue };
        settled = count;
        if settled > 300 {
            victim.kill().unwrap();
        }
    }
    victim.wait().unwrap();
    settled
}

#[tokio::test]
async fn a_failed_sync_in_a_folder_that_cannot_be_changed_reopens_the_file() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(plain(&dir));
    bench.media.syncs.lock().unwrap().push_back(Some(EIO));
    bench.media.renames.lock().unwrap().push_back(EROFS);
    bench.send(1, "doubtful\n", false).await;
    bench.close().await;
    assert_eq!(all_files(&dir), [b"doubtful\ndoubtful\n"]);
}

/// Random lanes, cuts, limits and faults against a plain oracle: each lane's lines come out whole and in order, none is
/// missing, none is glued to another or cut. A line may stand there twice only if a sync failed.
#[tokio::test]
async fn whatever_happens_every_line_comes_out_whole_and_in_order() {
    for seed in 1..=36u64 {
        let dir = TempDir::new().unwrap();
        let mut luck = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let sync_fails = seed % 3 == 0;
        let open_line_bytes_max = if sync_fails { 1 << 20 } else { (random(&mut luck) % 200) as usize };
        let rotate = (seed % 2 == 0).then(|| Rotate { bytes_max: Some(1 + random(&mut luck) % 3000), ..Rotate::default() });
        let lines = LineLimits { open_line_bytes_max, ..LineLimits::default() };
        let sync_bytes = 1 + random(&mut luck) % 2000;
        let mut bench = Bench::new(FileSinkConfig { lines, rotate, sync_bytes, ..plain(&dir) });
        let inputs: Vec<String> = (0..3)
            .map(|lane| (0..40).map(|n| format!("{lane}.{n}.{}\n", "w".repeat((random(&mut luck) % 150) as usize))).collect())
            .collect();
        let mut rest: Vec<&str> = inputs.iter().map(String::as_str).collect();
        while rest.iter().any(|r| !r.is_empty()) {
            disturb(&bench, &mut luck, sync_fails);
            let lane = (random(&mut luck) % 3) as usize;
            let (part, after) = rest[lane].split_at((random(&mut luck) as usize % 300).min(rest[lane].len()));
            if rest[lane].is_empty() {
                continue;
            }
            rest[lane] = after;
            bench.send(lane as u64, part, after.is_empty()).await;
            if random(&mut luck).is_multiple_of(4)
                && let Ok(settled) = tokio::time::timeout(Duration::from_millis(random(&mut luck) % 8), bench.sink.settled()).await
            {
                bench.note(settled.unwrap());
            }
        }
        bench.media.syncs.lock().unwrap().clear();
        bench.close().await;
        let out = String::from_utf8(all_files(&dir).concat()).unwrap();
        let mut expected: Vec<VecDeque<&str>> = inputs.iter().map(|i| i.lines().collect()).collect();
        let mut seen = Vec::new();
        for line in out.lines() {
            let next = expected.iter_mut().find(|lane| lane.front() == Some(&line));
            if let Some(next) = next {
                seen.extend(next.pop_front());
            } else {
                assert!(sync_fails && seen.contains(&line), "seed {seed}: {line:?} is out of place");
            }
        }
        assert!(expected.iter().all(VecDeque::is_empty), "seed {seed}: lines are missing");
        assert_eq!(bench.sink.summary().bytes as usize, inputs.iter().map(String::len).sum::<usize>());
    }
}

fn disturb(bench: &Bench, luck: &mut u64, sync_fails: bool) {
    let fault = match random(luck) % 8 {
        0 => Fault::Error(ENOSPC),
        1 => Fault::Error(EINTR),
        2 => Fault::Error(EIO),
        3 => Fault::Short(1 + (random(luck) % 40) as usize),
        _ => return,
    };
    bench.media.writes.lock().unwrap().push_back(fault);
    if sync_fails && random(luck).is_multiple_of(8) && bench.media.syncs.lock().unwrap().is_empty() {
        // Never two in a row: that ends the sink.
        bench.media.syncs.lock().unwrap().extend([Some(EIO), None, None]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_batches_are_few_large_writes() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::new(FileSinkConfig { sync_interval: Duration::from_secs(3600), ..plain(&dir) });
    let block = format!("{}\n", "x".repeat(127)).repeat((1 << 20) / 128);
    for _ in 0..64 {
        bench.send(1, &block, false).await;
    }
    bench.close().await;
    assert_eq!(bench.media.write_calls.load(Ordering::Relaxed), 64 * 4);
    assert!(bench.media.sync_calls.load(Ordering::Relaxed) <= 64 / 8 + 1);
}
