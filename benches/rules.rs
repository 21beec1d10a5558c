//! What the rule pack costs beside the scan for tokens, on the same bytes, in one run.
//!
//! ```text
//! cargo bench --bench rules                               generated log text, about 32 MiB
//! SCRUBJAY_BENCH_FILE=app.log cargo bench --bench rules   this file, repeated up to 32 MiB
//! ```
//!
//! As in `benches/scan.rs` each figure is a composite of minima over segments of 256 KiB, all engines measured in turn. Each
//! segment is copied to one buffer just before it is timed, which is the situation after `read(2)`.

mod numbers;

use std::hint::black_box;
use std::time::{Duration, Instant};

use numbers::Numbers;
use scrubjay_rules::{Hit, RulePack, builtin_rules};
use scrubjay_scan::{Run, Scanner};

const SEGMENT: usize = 256 * 1024;
const TEXT: usize = 32 * 1024 * 1024;
const REPETITIONS: usize = 15;

type Engine = (&'static str, Box<dyn FnMut(&[u8]) -> usize>);

fn main() {
    let lines = match std::env::var_os("SCRUBJAY_BENCH_FILE") {
        Some(path) => std::fs::read(path).expect("a readable SCRUBJAY_BENCH_FILE"),
        None => generated(TEXT),
    };
    println!("| text | engine | found per MiB | GB/s | time beside the scan |\n|---|---|---:|---:|---:|");
    for percent in [0, 1, 10] {
        measure(&with_secrets(&lines, percent), &format!("{percent} % of lines with a credential"));
    }
    for (name, text) in hostile() {
        measure(&text.repeat(8 * SEGMENT / text.len() + 1), name);
    }
}

fn engines() -> Vec<Engine> {
    let scanner = Scanner::new();
    let mut runs: Vec<Run> = Vec::new();
    let pack = RulePack::builtin();
    let mut hits: Vec<Hit> = Vec::new();
    vec![
        (
            "scan for tokens",
            Box::new(move |segment| {
                runs.clear();
                scanner.scan_complete(segment, &mut runs);
                runs.len()
            }),
        ),
        (
            "rule pack",
            Box::new(move |segment| {
                hits.clear();
                pack.find(segment, &mut hits);
                hits.len()
            }),
        ),
    ]
}

fn measure(text: &[u8], name: &str) {
    let segments: Vec<&[u8]> = text.chunks_exact(SEGMENT).collect();
    let mut engines = engines();
    let mut best = vec![vec![Duration::MAX; segments.len()]; engines.len()];
    let mut found = vec![0; engines.len()];
    let mut buffer = vec![0u8; SEGMENT];
    for repetition in 0..REPETITIONS {
        for ((_, engine), (best, found)) in engines.iter_mut().zip(best.iter_mut().zip(&mut found)) {
            for (segment, best) in segments.iter().zip(best.iter_mut()) {
                buffer.copy_from_slice(segment);
                let start = Instant::now();
                let count = black_box(engine(black_box(&buffer)));
                *best = (*best).min(start.elapsed());
                if repetition == 0 {
                    *found += count;
                }
            }
        }
    }
    let times: Vec<f64> = best.iter().map(|b| b.iter().sum::<Duration>().as_secs_f64()).collect();
    let bytes = (segments.len() * SEGMENT) as f64;
    for (((engine, _), time), found) in engines.iter().zip(&times).zip(found) {
        let density = found as f64 / (bytes / 1048576.0);
        println!("| {name} | {engine} | {density:.1} | {:.2} | {:.2} |", bytes / time / 1e9, time / times[0]);
    }
}

/// Lines as web servers, Java services, Kubernetes and JSON loggers write them, URLs and words of the trade among them.
fn generated(len: usize) -> Vec<u8> {
    let mut n = Numbers(0x5eed);
    let mut text = Vec::with_capacity(len + 1000);
    while text.len() < len {
        let (a, b) = (n.below(900), n.below(10_000_000));
        let time = format!("2026-11-{:02}T{:02}:{:02}:{:02}.{a:03}Z", 1 + n.below(28), n.below(24), n.below(60), n.below(60));
        let line = match n.below(8) {
            0 => format!(
                "10.1.{}.{} - - [{time}] \"GET /api/orders?page={a} HTTP/1.1\" 200 {b} \"https://shop.test/list\" \"Mozilla/5.0 (X11; Linux x86_64)\"",
                n.below(256),
                n.below(256)
            ),
            1 => format!("{time} INFO [exec-{a}] o.s.web.servlet.DispatcherServlet : request {b} took {a} ms"),
            2 => format!("I1123 {time} 1 controller.go:{a}] \"Reconciled\" pod=\"shop/cart-{b}\" duration=\"{a}ms\""),
            3 => format!("Nov 23 10:00:01 web{a} sshd[{b}]: pam_unix(sshd:session): session opened for user deploy by (uid=0)"),
            4 => format!(
                "{{\"ts\":\"{time}\",\"level\":\"INFO\",\"msg\":\"cache refreshed after eviction\",\"trace\":\"{b:032x}\",\"n\":{b}}}"
            ),
            5 => format!("{time} WARN c.e.shop.AuthService : token refresh for client {b} failed, code={a}, retrying"),
            6 => format!("time={time} level=info msg=\"GET https://api.shop.test/v1/items/{b}\" status=200 key=item-{a}"),
            _ => format!("{time} DEBUG c.e.Cart : disk-usage {a} of {b}, task-{a} done"),
        };
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text
}

/// The lines, repeated up to [`TEXT`], with an example of a rule at the end of `percent` in a hundred of them.
fn with_secrets(lines: &[u8], percent: u64) -> Vec<u8> {
    let mut n = Numbers(0x70ce);
    let examples: Vec<String> =
        builtin_rules().iter().filter(|r| r.on).flat_map(|r| &r.fires).map(|text| text.replace(['«', '»'], "")).collect();
    let mut text = Vec::with_capacity(TEXT + TEXT / 8);
    for line in lines.split_inclusive(|&b| b == b'\n').cycle() {
        if text.len() >= TEXT {
            break;
        }
        text.extend_from_slice(line.trim_ascii_end());
        if n.below(100) < percent {
            text.push(b' ');
            text.extend_from_slice(examples[n.below(examples.len() as u64) as usize].as_bytes());
        }
        text.push(b'\n');
    }
    text
}

/// Text that asks for as much as it can.
fn hostile() -> [(&'static str, Vec<u8>); 5] {
    [
        ("one keyword, over and over", b"access_token=".to_vec()),
        ("a keyword and a long almost", [&b"access_token=a%2"[..], &b"b%2".repeat(40), b" "].concat()),
        ("schemes", b"://a:".to_vec()),
        ("short lines with a keyword each", b"code=abcdefgh\n".to_vec()),
        ("lines that are all credential", b"Authorization: Basic am86Y29ycmVjdCBob3JzZQ==\n".to_vec()),
    ]
}
