//! How fast candidate runs are found, beside what reading, searching for a byte and copying the same bytes cost.
//!
//! ```text
//! cargo bench -p scrubjay-scrub --bench scan                               generated log text, about 64 MiB
//! SCRUBJAY_BENCH_FILE=app.log cargo bench -p scrubjay-scrub --bench scan   the clean text is this file, repeated up to 64 MiB
//! SCRUBJAY_BENCH_REPETITIONS=30                          default 15
//! ```
//!
//! Each figure is a composite of minima: the text is cut in segments of 256 KiB, each is timed in every repetition, and the
//! best times of all segments are added up (`simd.md` §1). It is what the code does undisturbed; everything is measured in
//! turn in one process, so ratios are fair on a busy machine. "memory" walks through the text; "L2" has each segment
//! copied to one buffer just before, which is the situation after `read(2)`.

mod numbers;

use std::hint::black_box;
use std::time::{Duration, Instant};

use numbers::Numbers;
use scrubjay_scan::{Backend, Run, Scanner, sweep};

/// Bytes of a segment.
const SEGMENT: usize = 256 * 1024;
/// Bytes of text, rounded up to whole segments.
const TEXT: usize = 64 * 1024 * 1024;
/// Lines with a token among a hundred.
const TOKEN_PERCENT: [u64; 3] = [0, 1, 10];

fn main() {
    let repetitions = std::env::var("SCRUBJAY_BENCH_REPETITIONS").ok().map_or(15, |n| n.parse().expect("a number of repetitions"));
    let lines = match std::env::var_os("SCRUBJAY_BENCH_FILE") {
        Some(path) => std::fs::read(path).expect("a readable SCRUBJAY_BENCH_FILE"),
        None => generated(TEXT, &mut Numbers(0x5eed)),
    };
    assert!(!lines.is_empty(), "no text to measure on");
    println!("| engine | token lines | runs per KiB | memory GB/s | of the sweep | L2 GB/s | of the sweep |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for percent in TOKEN_PERCENT {
        let text = with_tokens(&lines, percent, &mut Numbers(0x70ce));
        measure(&text, percent, repetitions);
    }
}

/// What is measured: its name and what it does with a segment. The result is the number of runs, or nothing of use.
type Engine = (String, Box<dyn FnMut(&[u8]) -> usize>);

fn engines() -> Vec<Engine> {
    let mut copy = vec![0u8; SEGMENT];
    let mut engines: Vec<Engine> = vec![
        ("load + or (the sweep)".into(), Box::new(|segment| sweep::union(segment) as usize)),
        ("memchr, rare byte".into(), Box::new(|segment| memchr::memchr(0x7f, segment).unwrap_or(0))),
        (
            "copy".into(),
            Box::new(move |segment| {
                copy[..segment.len()].copy_from_slice(segment);
                usize::from(black_box(&copy)[0])
            }),
        ),
    ];
    for scanner in Backend::available().filter_map(Scanner::with_backend) {
        let mut runs: Vec<Run> = Vec::new();
        let scan = move |segment: &[u8]| {
            runs.clear();
            black_box(scanner.scan(segment, &mut runs));
            runs.len()
        };
        engines.push((format!("scan {}", scanner.backend()), Box::new(scan)));
    }
    engines
}

fn measure(text: &[u8], percent: u64, repetitions: usize) {
    let mut engines = engines();
    let segments = text.len() / SEGMENT;
    let mut best = vec![vec![[Duration::MAX; 2]; segments]; engines.len()];
    let mut found = vec![0usize; engines.len()];
    let mut buffer = vec![0u8; SEGMENT];
    for repetition in 0..repetitions {
        for ((_, engine), (best, found)) in engines.iter_mut().zip(best.iter_mut().zip(&mut found)) {
            for (segment, best) in text.chunks_exact(SEGMENT).zip(best.iter_mut()) {
                let (runs, time) = timed(engine, segment);
                best[0] = best[0].min(time);
                if repetition == 0 {
                    // Of use for scans only; what the others give back is no number of anything.
                    *found = found.wrapping_add(runs);
                }
            }
            for (segment, best) in text.chunks_exact(SEGMENT).zip(best.iter_mut()) {
                buffer.copy_from_slice(segment);
                best[1] = best[1].min(timed(engine, black_box(&buffer)).1);
            }
        }
    }
    let speeds: Vec<[f64; 2]> =
        best.iter().map(|best| [0, 1].map(|column| speed(best.iter().map(|b| b[column]).sum(), segments))).collect();
    for (((name, _), [memory, cache]), found) in engines.iter().zip(&speeds).zip(found) {
        let density = found as f64 / (segments * SEGMENT / 1024) as f64;
        let density = if name.starts_with("scan") { format!("{density:.2}") } else { String::new() };
        let [sweep_memory, sweep_cache] = speeds[0];
        println!(
            "| {name} | {percent} % | {density} | {memory:.1} | {:.0} % | {cache:.1} | {:.0} % |",
            100.0 * memory / sweep_memory,
            100.0 * cache / sweep_cache
        );
    }
}

fn timed(engine: &mut dyn FnMut(&[u8]) -> usize, segment: &[u8]) -> (usize, Duration) {
    let start = Instant::now();
    let result = black_box(engine(black_box(segment)));
    (result, start.elapsed())
}

/// GB/s (10⁹ bytes).
fn speed(time: Duration, segments: usize) -> f64 {
    (segments * SEGMENT) as f64 / time.as_secs_f64() / 1e9
}

fn pick<'a>(n: &mut Numbers, from: &[&'a str]) -> &'a str {
    from[n.below(from.len() as u64) as usize]
}

fn base64url(n: &mut Numbers, len: u64) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..len).map(|_| char::from(DIGITS[n.below(64) as usize])).collect()
}

/// Lines as web servers, Java services, Kubernetes, sshd and JSON loggers write them; no token, now and then a long path.
fn generated(len: usize, n: &mut Numbers) -> Vec<u8> {
    const LEVEL: [&str; 5] = ["INFO", "INFO", "WARN", "DEBUG", "ERROR"];
    const PATH: [&str; 5] =
        ["/api/orders", "/healthz", "/static/app.css", "/api/users/me", "/api/v2/catalogue/items/by-category/kitchen/list"];
    const CLASS: [&str; 4] =
        ["o.s.web.servlet.DispatcherServlet", "c.e.shop.OrderService", "o.h.engine.jdbc.SqlExceptionHelper", "c.e.Cart"];
    const EVENT: [&str; 4] = ["payment accepted", "cache refreshed after eviction", "slow query on replica", "session closed by peer"];
    let mut text = Vec::with_capacity(len + 1000);
    while text.len() < len {
        let time = format!("2026-11-{:02}T{:02}:{:02}:{:02}.{:03}Z", 1 + n.below(28), n.below(24), n.below(60), n.below(60), n.below(1000));
        let address = format!("10.{}.{}.{}", n.below(256), n.below(256), n.below(256));
        let (small, large) = (n.below(900), n.below(10_000_000));
        let line = match n.below(5) {
            0 => format!(
                "{address} - - [{time}] \"GET {}?page={small} HTTP/1.1\" 200 {large} \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"",
                pick(n, &PATH)
            ),
            1 => format!("{time} {:5} [exec-{small}] {} : request {large} took {small} ms", pick(n, &LEVEL), pick(n, &CLASS)),
            2 => format!("I1123 {time} 1 controller.go:{small}] \"Reconciled\" pod=\"shop/cart-{large}\" duration=\"{small}ms\""),
            3 => format!("Nov 23 10:00:01 web{small} sshd[{large}]: Connection closed by {address} port {small} [preauth]"),
            _ => format!(
                "{{\"ts\":\"{time}\",\"level\":\"{}\",\"msg\":\"{}\",\"peer\":\"{address}\",\"n\":{large}}}",
                pick(n, &LEVEL),
                pick(n, &EVENT)
            ),
        };
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text
}

/// The lines, repeated up to [`TEXT`], with a signed token at the end of `percent` in a hundred of them.
fn with_tokens(lines: &[u8], percent: u64, n: &mut Numbers) -> Vec<u8> {
    let mut text = Vec::with_capacity(TEXT + TEXT / 8);
    for line in lines.split_inclusive(|&b| b == b'\n').cycle() {
        if text.len() >= TEXT {
            break;
        }
        let (body, end) =
            line.split_last().map_or((line, None), |(last, body)| if *last == b'\n' { (body, Some(last)) } else { (line, None) });
        text.extend_from_slice(body);
        if n.below(100) < percent {
            let (payload, signature) = (150 + n.below(500), [43, 86, 342][n.below(3) as usize]);
            text.extend_from_slice(b" Authorization: Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJ");
            text.extend_from_slice(format!("{}.{}", base64url(n, payload), base64url(n, signature)).as_bytes());
        }
        text.extend(end);
    }
    text.resize(text.len().next_multiple_of(SEGMENT), b'\n');
    text
}
