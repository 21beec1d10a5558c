//! The scrubber beside Hyperscan (or Vectorscan), VRL's `redact` and a plain `regex` replace, on the same batches in one process.
//!
//! ```text
//! apt-get install libhyperscan-dev        or libvectorscan-dev
//! cargo run --release --manifest-path benches/peers/Cargo.toml      SCRUBJAY_BENCH_MB=16 SCRUBJAY_BENCH_REPETITIONS=9
//! ```
//!
//! Method as in `benches/scrub.rs`, from memory: composites of minima, shares of the sweep. The peers replace one pattern, three
//! base64url parts of which two begin with `eyJ`; they find plain JWS only, and neither decode nor decide anything. VRL runs as in
//! Vector, a program for each line; its time holds the making of the event.

mod hyperscan;
mod redact;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use regex::bytes::Regex;
use scrubjay_delivery::{AckId, LaneId};
use scrubjay_scan::{Scanner, sweep};
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Origin, Scrubber};
use scrubjay_testkit::text::{Profile, Text};

const BATCH: usize = 256 * 1024;
const PATTERN: &str = r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*";
const MARKER: &[u8] = b"[jwt]";
const TOKEN_LINES: [(usize, bool); 5] = [(0, false), (1, false), (10, false), (10, true), (50, false)];
const NAMES: [&str; 5] = ["sweep", "scrubjay", "Hyperscan", "VRL", "regex"];

fn main() {
    let number = |name: &str, default: usize| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (bytes, repetitions) = (number("SCRUBJAY_BENCH_MB", 16) << 20, number("SCRUBJAY_BENCH_REPETITIONS", 9));
    println!(
        "Scanner: {}; Hyperscan {}. {} MiB for each row, best of {repetitions}, GB/s:\n",
        Scanner::new().backend(),
        hyperscan::version(),
        bytes >> 20
    );
    println!("| text | token lines | tokens | {} | scrubjay of sweep |", NAMES.join(" | "));
    println!("|---|---:|---|{}---:|", "---:|".repeat(NAMES.len()));
    for (profile, name) in [(Profile::Web, "web"), (Profile::Json, "json")] {
        for (percent, repeated) in TOKEN_LINES {
            let text = Text::generate(profile, percent, repeated, bytes);
            let speeds = measure(&text, repetitions).map(|time| text.bytes.len() as f64 / time.as_secs_f64() / 1e9);
            let shown: Vec<String> = speeds.iter().map(|speed| format!("{speed:.2}")).collect();
            let kind = if percent == 0 {
                "none"
            } else if repeated {
                "repeated"
            } else {
                "distinct"
            };
            println!("| {name} | {percent} % | {kind} | {} | {:.1} % |", shown.join(" | "), 100.0 * speeds[1] / speeds[0]);
        }
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let result = black_box(work());
    (result, started.elapsed())
}

fn measure(text: &Text, repetitions: usize) -> [Duration; NAMES.len()] {
    let pieces: Vec<&[u8]> = text.bytes.chunks(BATCH).collect();
    let mut best = vec![[Duration::MAX; NAMES.len()]; pieces.len()];
    let mut scrubber = Scrubber::new(FingerprintKey::from_bytes(&[7; 32]).expect("a key of 32 bytes"), Limits::default());
    let mut pattern = hyperscan::Pattern::new(PATTERN);
    let mut redact = redact::Redact::new(PATTERN);
    let regex = Regex::new(PATTERN).expect("a pattern");
    let origin = Arc::new(Origin { source: "bench".into(), name: "bench".into() });
    let (mut spans, mut out) = (Vec::new(), Vec::with_capacity(2 * BATCH));
    for _ in 0..repetitions {
        for peer in 0..NAMES.len() {
            let buffers: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
            let mut found = 0;
            for (seq, (buffer, best)) in buffers.into_iter().zip(&mut best).enumerate() {
                let time = match peer {
                    0 => timed(|| sweep::union(black_box(&buffer))).1,
                    1 => {
                        let ack = AckId { lane: LaneId(0), seq: seq as u64 };
                        let lane_ends = seq + 1 == pieces.len();
                        let batch = Batch { ack, origin: Arc::clone(&origin), bytes: buffer, line_before: Vec::new(), framing: Framing::Lines, lane_ends };
                        let (clean, time) = timed(|| scrubber.scrub(batch));
                        found += clean.stats().tokens();
                        time
                    }
                    2 => {
                        let (places, time) = timed(|| pattern.replace(black_box(&buffer), MARKER, &mut spans, &mut out));
                        found += places as u64;
                        time
                    }
                    3 => {
                        let time = timed(|| redact.replace(black_box(&buffer), &mut out)).1;
                        found += memchr::memmem::find_iter(&out, redact::REDACTED).count() as u64;
                        time
                    }
                    _ => timed(|| regex.replace_all(black_box(&buffer), MARKER).len()).1,
                };
                best[peer] = best[peer].min(time);
            }
            // A batch may end inside a token, which only the scrubber sees whole.
            assert!(peer != 1 || found == text.tokens, "{found} of {} tokens", text.tokens);
            assert!(!matches!(peer, 2 | 3) || found + pieces.len() as u64 >= text.tokens, "{found} of {} tokens", text.tokens);
        }
    }
    std::array::from_fn(|peer| best.iter().map(|batch| batch[peer]).sum())
}
