//! What scrubbing costs in memory, as a share of reading the same bytes once.
//!
//! ```text
//! cargo bench -p scrubjay-scrub --bench scrub                  both tables
//! cargo bench -p scrubjay-scrub --bench scrub -- texts         or: adversarial
//! SCRUBJAY_BENCH_REPETITIONS=30       default 9
//! SCRUBJAY_BENCH_MB=64                text of each row, default 16
//! SCRUBJAY_BENCH_ADVERSARIAL_MB=10    the smaller of two adversarial texts, default 1; the other is ten times as large
//! ```
//!
//! **Texts.** Batches of 256 KiB, as `scrub` and `run` read them. "memory": all batches are made first and then worked
//! through, so that each comes from as far away as the text is large; "L2": each is copied to its buffer just before,
//! which is the situation after `read(2)`. Figures are composites of minima: a batch's best time over all repetitions,
//! added up over all batches (`simd.md` §1). That is what the code does undisturbed; the contestants take turns in one
//! process, so that their ratios hold on a busy machine too. *sweep* loads every byte once and ors all together.
//! *regex* is what a line of `sed` or a Vector program does: the usual pattern, replaced in the whole batch. It finds
//! plain JWS only.
//!
//! **Adversarial.** Each text once through a new scrubber, best of all repetitions; "10 × size" is how much longer ten
//! times the text takes.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use regex::bytes::Regex;
use scrubjay_delivery::{AckId, LaneId};
use scrubjay_scan::{Run, Scanner, sweep};
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Origin, Scrubber};
use scrubjay_testkit::text::{ADVERSARIAL, Profile, Text, adversarial};

/// Bytes of a batch.
const BATCH: usize = 256 * 1024;
/// Lines with a token among a hundred, and whether a few tokens are repeated.
const TOKEN_LINES: [(usize, bool); 7] = [(0, false), (1, false), (1, true), (10, false), (10, true), (50, false), (50, true)];
const PATTERN: &str = r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*";

fn main() {
    let number = |name: &str, default: usize| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let repetitions = number("SCRUBJAY_BENCH_REPETITIONS", 9);
    let wanted = |table: &str| {
        let named: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
        named.is_empty() || named.iter().any(|name| name == table)
    };
    if cfg!(debug_assertions) {
        println!("This build has debug assertions: its figures are not for the record (use `cargo bench`).\n");
    }
    println!("Scanner: {}. Batches of {} KiB, best of {repetitions}.", Scanner::new().backend(), BATCH >> 10);
    if wanted("texts") {
        texts(number("SCRUBJAY_BENCH_MB", 16) << 20, repetitions);
    }
    if wanted("adversarial") {
        all_adversarial(number("SCRUBJAY_BENCH_ADVERSARIAL_MB", 1) << 20, repetitions);
    }
}

fn scrubber() -> Scrubber {
    Scrubber::new(FingerprintKey::from_bytes(&[7; 32]).expect("a key of 32 bytes"), Limits::default())
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let result = black_box(work());
    (result, started.elapsed())
}

/// GB/s (10⁹ bytes).
fn speed(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / time.as_secs_f64() / 1e9
}

// ---- Texts ----

/// What is timed, in the order of the table. The first is what the others are shares of.
const CONTESTANTS: [&str; 5] = ["sweep", "copy", "scan", "scrub", "regex"];
const SCRUB: usize = 3;

/// A batch's best times: from memory, from L2.
type Best = [[Duration; 2]; CONTESTANTS.len()];

fn texts(bytes: usize, repetitions: usize) {
    let mut tables = ["memory", "L2"].map(|from| {
        let names = CONTESTANTS.join(" | ");
        let head = format!("| text | token lines | tokens | {names} | scan of sweep | **scrub of sweep** | ns per token |");
        format!(
            "From {from}, {} MiB for each row, GB/s:\n\n{head}\n|---|---:|---|{}---:|---:|---:|\n",
            bytes >> 20,
            "---:|".repeat(CONTESTANTS.len())
        )
    });
    for (profile, name) in [(Profile::Web, "web"), (Profile::Json, "json"), (Profile::Names, "names"), (Profile::Encoded, "encoded")] {
        let mut clean = [Duration::ZERO; 2];
        let rows = TOKEN_LINES.iter().filter(|(percent, repeated)| profile != Profile::Encoded || !repeated && *percent <= 10);
        for &(percent, repeated) in rows {
            let text = Text::generate(profile, percent, repeated, bytes);
            let times = measure(&text, repetitions);
            if percent == 0 {
                clean = times[SCRUB];
            }
            let kind = if percent == 0 {
                "none"
            } else if repeated {
                "repeated"
            } else {
                "distinct"
            };
            for (column, table) in tables.iter_mut().enumerate() {
                table.push_str(&row(&format!("{name} | {percent} % | {kind}"), &text, times.map(|both| both[column]), clean[column]));
            }
        }
    }
    tables.iter().for_each(|table| println!("\n{table}"));
}

/// A token's cost is what the text takes longer than a clean one of the same size.
fn row(label: &str, text: &Text, times: [Duration; CONTESTANTS.len()], clean: Duration) -> String {
    let speeds = times.map(|time| speed(text.bytes.len(), time));
    let shown: Vec<String> = speeds.iter().map(|speed| format!("{speed:.2}")).collect();
    let [sweep, _, scan, scrub, _] = speeds;
    let each = match text.tokens {
        0 => "–".to_owned(),
        tokens => format!("{:.0}", (times[SCRUB].as_secs_f64() - clean.as_secs_f64()) * 1e9 / tokens as f64),
    };
    format!("| {label} | {} | {:.0} % | {:.1} % | {each} |\n", shown.join(" | "), 100.0 * scan / sweep, 100.0 * scrub / sweep)
}

/// The time that each contestant takes for the whole text, from memory and from L2.
fn measure(text: &Text, repetitions: usize) -> [[Duration; 2]; CONTESTANTS.len()] {
    let pieces = pieces(&text.bytes);
    let mut best: Vec<Best> = vec![[[Duration::MAX; 2]; CONTESTANTS.len()]; pieces.len()];
    let mut work = Work::new(pieces.len());
    for _ in 0..repetitions {
        for contestant in 0..CONTESTANTS.len() {
            // From memory: the batches are made before the first of them is worked on.
            let mut buffers: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
            work.begin();
            for (seq, (buffer, best)) in buffers.drain(..).zip(&mut best).enumerate() {
                best[contestant][0] = best[contestant][0].min(work.time(contestant, seq, buffer));
            }
            work.check(contestant, text.tokens);
            work.begin();
            for (seq, (piece, best)) in pieces.iter().zip(&mut best).enumerate() {
                let mut buffer = std::mem::take(&mut work.spare);
                buffer.clear();
                buffer.extend_from_slice(piece);
                best[contestant][1] = best[contestant][1].min(work.time(contestant, seq, buffer));
            }
            work.check(contestant, text.tokens);
        }
    }
    std::array::from_fn(|c| [0, 1].map(|column| best.iter().map(|batch| batch[c][column]).sum()))
}

/// The text as `scrub` and `run` cut it, behind the last line end of what was read: what is cut within a line is held back, and put
/// in front of the next batch, which copies that.
fn pieces(mut text: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while !text.is_empty() {
        let read = &text[..text.len().min(BATCH)];
        let end = read.iter().rposition(|&b| b == b'\n').map_or(read.len(), |at| at + 1);
        let (piece, rest) = text.split_at(end);
        pieces.push(piece);
        text = rest;
    }
    pieces
}

/// What the contestants need.
struct Work {
    scrubber: Scrubber,
    scanner: Scanner,
    regex: Regex,
    origin: Arc<Origin>,
    runs: Vec<Run>,
    copy: Vec<u8>,
    /// The buffer of the batch before.
    spare: Vec<u8>,
    batches: usize,
    found: u64,
}

impl Work {
    fn new(batches: usize) -> Self {
        Self {
            scrubber: scrubber(),
            scanner: Scanner::new(),
            regex: Regex::new(PATTERN).expect("a pattern"),
            origin: Arc::new(Origin { source: "bench".into(), name: "bench".into() }),
            runs: Vec::new(),
            copy: vec![0; BATCH],
            spare: Vec::new(),
            batches,
            found: 0,
        }
    }

    fn begin(&mut self) {
        self.found = 0;
    }

    /// Speed means nothing when the work is not done.
    fn check(&self, contestant: usize, tokens: u64) {
        assert!(contestant != SCRUB || self.found == tokens, "{} of {tokens} tokens are found", self.found);
    }

    fn time(&mut self, contestant: usize, seq: usize, buffer: Vec<u8>) -> Duration {
        let taken = match contestant {
            0 => timed(|| sweep::union(black_box(&buffer))).1,
            1 => timed(|| self.copy[..buffer.len()].copy_from_slice(black_box(&buffer))).1,
            2 => {
                self.runs.clear();
                timed(|| self.scanner.scan(black_box(&buffer), &mut self.runs)).1
            }
            SCRUB => {
                let ack = AckId { lane: LaneId(0), seq: seq as u64 };
                let lane_ends = seq + 1 == self.batches;
                let batch = Batch {
                    ack,
                    origin: Arc::clone(&self.origin),
                    bytes: buffer,
                    line_before: Vec::new(),
                    framing: Framing::Lines,
                    lane_ends,
                };
                let (clean, taken) = timed(|| self.scrubber.scrub(batch));
                self.found += clean.stats().tokens();
                self.spare = clean.recycle();
                return taken;
            }
            _ => timed(|| self.regex.replace_all(black_box(&buffer), &b"[jwt]"[..]).len()).1,
        };
        self.spare = buffer;
        taken
    }
}

// ---- Adversarial ----

fn all_adversarial(bytes: usize, repetitions: usize) {
    println!("\nAdversarial, {} MiB and ten times as much, from memory:\n", bytes >> 20);
    println!("| text | | scrub GB/s | scrub of sweep | 10 × size takes |");
    println!("|---|---|---:|---:|---:|");
    for (letter, what) in ADVERSARIAL {
        let (small, large) = (adversarial(letter, bytes), adversarial(letter, 10 * bytes));
        let sweep = (0..repetitions).map(|_| timed(|| sweep::union(black_box(&large))).1).min().unwrap_or_default();
        // Both sizes in turn, so that a slow minute of the machine hits both.
        let mut best = [Duration::MAX; 2];
        for _ in 0..repetitions {
            for (best, text) in best.iter_mut().zip([&small, &large]) {
                *best = (*best).min(whole(text));
            }
        }
        let [once, tenfold] = best;
        let scrub = speed(large.len(), tenfold);
        let share = 100.0 * scrub / speed(large.len(), sweep);
        println!("| {letter} | {what} | {scrub:.3} | {share:.1} % | {:.1} × |", tenfold.as_secs_f64() / once.as_secs_f64());
    }
}

/// The time of one text through a new scrubber, batch by batch.
fn whole(text: &[u8]) -> Duration {
    let batches: Vec<Vec<u8>> = pieces(text).into_iter().map(<[u8]>::to_vec).collect();
    let mut work = Work::new(batches.len());
    batches.into_iter().enumerate().map(|(seq, bytes)| work.time(SCRUB, seq, bytes)).sum()
}
