//! What scrubbing costs, beside copying the same bytes, searching them for a byte, and the scan by itself.
//!
//! ```text
//! cargo bench --bench scrub                          generated log text, 16 MiB for each row
//! SCRUBJAY_BENCH_REPETITIONS=30 cargo bench --bench scrub       default 15
//! ```
//!
//! The text is cut in batches of 256 KiB, as `scrub` and `run` read it. Each is copied into its buffer just before it is
//! timed, which is the situation after `read(2)`: the bytes are in the second-level cache. Each figure is a composite of
//! minima: a batch's best time over all repetitions, added up over all batches. It is what the code does undisturbed; the
//! contestants take turns in one process, so that their ratios hold on a busy machine too.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scrubjay_delivery::{AckId, LaneId};
use scrubjay_scan::{Run, Scanner};
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Origin, Scrubber};
use scrubjay_token::base64::encode;

/// Bytes of a batch.
const BATCH: usize = 256 * 1024;
/// Bytes of text for each row.
const TEXT: usize = 16 * 1024 * 1024;
/// Lines with a token among a hundred.
const TOKEN_PERCENT: [u64; 4] = [0, 1, 10, 50];
/// Different tokens in a text of repeated ones: the clients of a service that sends each token many times.
const REPEATED_TOKENS: usize = 16;
/// What is timed, in the order of the table. The first is what all the others are shares of.
const CONTESTANTS: [&str; 4] = ["copy", "memchr", "scan", "scrub"];

fn main() {
    let repetitions = std::env::var("SCRUBJAY_BENCH_REPETITIONS").ok().map_or(15, |n| n.parse().expect("a number of repetitions"));
    if cfg!(debug_assertions) {
        println!("This build has debug assertions: its figures are not for the record (use `cargo bench`).\n");
    }
    println!(
        "Scanner: {}. {} MiB for each row, best of {repetitions} for each batch of {} KiB.\n",
        Scanner::new().backend(),
        TEXT >> 20,
        BATCH >> 10
    );
    println!("| token lines | tokens | copy GB/s | memchr GB/s | scan GB/s | scrub GB/s | of copy | of scan | ns per token |");
    println!("|---:|---|---:|---:|---:|---:|---:|---:|---:|");
    let mut clean = 0.0;
    for percent in TOKEN_PERCENT {
        for repeated in [false, true] {
            if percent == 0 && repeated {
                continue;
            }
            let text = Text::generate(percent, repeated);
            let seconds = measure(&text, repetitions);
            if percent == 0 {
                clean = seconds[3];
            }
            row(&text, percent, repeated, seconds, clean);
        }
    }
}

/// One row. A token's cost is what the text takes longer than a clean one of the same size.
fn row(text: &Text, percent: u64, repeated: bool, seconds: [f64; CONTESTANTS.len()], clean: f64) {
    let speed = seconds.map(|s| text.bytes.len() as f64 / s / 1e9);
    let [copy, memchr, scan, scrub] = speed;
    let kind = match (text.tokens, repeated) {
        (0, _) => "none",
        (_, false) => "distinct",
        (_, true) => "repeated",
    };
    let each = if text.tokens == 0 { "–".to_owned() } else { format!("{:.0}", (seconds[3] - clean) * 1e9 / text.tokens as f64) };
    println!(
        "| {percent} % | {kind} | {copy:.1} | {memchr:.1} | {scan:.2} | {scrub:.2} | {:.0} % | {:.0} % | {each} |",
        100.0 * scrub / copy,
        100.0 * scrub / scan
    );
}

/// The time that each contestant takes for the whole text, in seconds.
fn measure(text: &Text, repetitions: usize) -> [f64; CONTESTANTS.len()] {
    let batches: Vec<&[u8]> = text.bytes.chunks(BATCH).collect();
    let mut best = vec![[Duration::MAX; CONTESTANTS.len()]; batches.len()];
    let mut scrubber = Scrubber::new(FingerprintKey::from_bytes(&[7; 32]).expect("a key of 32 bytes"), Limits::default());
    let scanner = Scanner::new();
    let origin = Arc::new(Origin { source: "bench".into(), name: "bench".into() });
    let (mut buffer, mut target, mut runs) = (Vec::with_capacity(BATCH), vec![0; BATCH], Vec::<Run>::new());
    for repetition in 0..repetitions {
        let mut found = 0;
        for (seq, batch) in batches.iter().enumerate() {
            let mut time = |contestant: usize, taken: Duration| {
                let best = &mut best[seq][contestant];
                *best = (*best).min(taken);
            };
            fill(&mut buffer, batch);
            time(0, timed(|| target[..buffer.len()].copy_from_slice(black_box(&buffer))));
            black_box(&target);
            fill(&mut buffer, batch);
            // A byte that is nowhere in the text: all of it is searched.
            time(1, timed(|| _ = black_box(memchr::memchr(0x7f, black_box(&buffer)))));
            fill(&mut buffer, batch);
            runs.clear();
            time(2, timed(|| _ = black_box(scanner.scan(black_box(&buffer), &mut runs))));
            fill(&mut buffer, batch);
            let ack = AckId { lane: LaneId(repetition as u64), seq: seq as u64 };
            let bytes = std::mem::take(&mut buffer);
            let lane_ends = seq + 1 == batches.len();
            let mut batch = Some(Batch { ack, origin: Arc::clone(&origin), bytes, framing: Framing::Lines, lane_ends });
            let mut clean = None;
            time(3, timed(|| clean = batch.take().map(|batch| scrubber.scrub(batch))));
            let clean = clean.expect("a scrubbed batch");
            found += clean.stats().tokens();
            buffer = clean.recycle();
        }
        // Speed means nothing when the work is not done.
        assert_eq!(found, text.tokens, "every token of the text is found, and nothing else");
    }
    std::array::from_fn(|contestant| best.iter().map(|batch| batch[contestant]).sum::<Duration>().as_secs_f64())
}

fn fill(buffer: &mut Vec<u8>, batch: &[u8]) {
    buffer.clear();
    buffer.extend_from_slice(batch);
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

// ---- The text ----

/// Log lines of several kinds, the same on every machine.
struct Text {
    bytes: Vec<u8>,
    tokens: u64,
}

impl Text {
    fn generate(percent: u64, repeated: bool) -> Self {
        let mut numbers = Numbers(0x5eed_0000 + percent);
        let pool: Vec<String> = (0..REPEATED_TOKENS).map(|_| token(&mut numbers)).collect();
        let (mut text, mut tokens) = (String::with_capacity(TEXT + 4096), 0);
        while text.len() < TEXT {
            let token = (numbers.below(100) < percent).then(|| match repeated {
                true => pool[numbers.below(REPEATED_TOKENS as u64) as usize].clone(),
                false => token(&mut numbers),
            });
            tokens += u64::from(token.is_some());
            line(&mut text, &mut numbers, token.as_deref());
        }
        Self { bytes: text.into_bytes(), tokens }
    }
}

const PATHS: [&str; 6] =
    ["/api/v1/orders", "/health", "/static/app.4f1c9e.js", "/login", "/api/v1/users/search", "/assets/img/logo-dark.svg"];
const WORDS: [&str; 8] = ["accepted", "connection", "from", "upstream", "retrying", "after", "timeout", "cache"];

/// A line as a web server, a service, a library or a system daemon writes it; `token` where such a line has one.
fn line(text: &mut String, numbers: &mut Numbers, token: Option<&str>) {
    let (a, b, ms) = (numbers.below(256), numbers.below(256), numbers.below(900));
    let path = PATHS[numbers.below(PATHS.len() as u64) as usize];
    let second = numbers.below(60);
    let end = match numbers.below(4) {
        0 => {
            let query = token.map_or(String::new(), |t| format!("?access_token={t}&page=2"));
            write!(
                text,
                "10.0.{a}.{b} - - [23/Nov/2026:12:04:{second:02} +0000] \"GET {path}{query} HTTP/1.1\" 200 {} \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"",
                ms * 31
            )
        }
        1 => {
            let header = token.map_or(String::new(), |t| format!(",\"authorization\":\"Bearer {t}\""));
            write!(
                text,
                "{{\"ts\":\"2026-11-23T12:04:{second:02}.{ms:03}Z\",\"level\":\"info\",\"msg\":\"request\",\"path\":\"{path}\",\"ms\":{ms},\"peer\":\"10.0.{a}.{b}\"{header}}}"
            )
        }
        2 => {
            let field = token.map_or(String::new(), |t| format!(" token={t}"));
            write!(text, "level=warn ts=2026-11-23T12:04:{second:02}Z caller=proxy/{a}.go:{b} msg=\"slow upstream\" ms={ms}{field}")
        }
        _ => {
            write!(text, "Nov 23 12:04:{second:02} host{a} app[{}]:", ms + 400).expect("a string takes all");
            for _ in 0..8 {
                write!(text, " {}", WORDS[numbers.below(8) as usize]).expect("a string takes all");
            }
            token.map_or(Ok(()), |t| write!(text, " Authorization: Bearer {t}"))
        }
    };
    end.expect("a string takes all");
    text.push('\n');
}

/// An access token of about 700 bytes, as an identity provider signs it with RS256.
fn token(numbers: &mut Numbers) -> String {
    let header = format!("{{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"{:08x}\"}}", numbers.below(4));
    let claims = format!(
        "{{\"iss\":\"https://idp.example.org/realms/main\",\"sub\":\"{:016x}\",\"aud\":[\"orders\",\"billing\"],\"client_id\":\"web\",\"iat\":1795435200,\"exp\":{},\"jti\":\"{:016x}{:016x}\",\"scope\":\"openid profile email orders:read\",\"email\":\"user{}@example.org\"}}",
        numbers.next(),
        1_795_438_800 + numbers.below(3600),
        numbers.next(),
        numbers.next(),
        numbers.below(100_000)
    );
    let signature: Vec<u8> = (0..32).flat_map(|_| numbers.next().to_le_bytes()).collect();
    format!("{}.{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()), encode(&signature))
}

/// SplitMix64: the same numbers from the same seed everywhere.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
