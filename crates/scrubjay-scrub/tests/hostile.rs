//! Input that was written to be slow, or to take other records along. The suite's own size bounds the time: anything
//! that is not linear would not come to an end.

mod support;

use scrubjay_scrub::Limits;
use support::{pieces, shown, small, whole};

const MIB: usize = 1024 * 1024;
const HEAD: &str = "eyJhbGciOiJIUzI1NiJ9";
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEyMzQ1Njc4In0.QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xt";

/// `unit`, again and again, to about a megabyte.
fn much(unit: &str) -> Vec<u8> {
    unit.as_bytes().repeat(MIB / unit.len())
}

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |n: usize| [b"{\"a\":".repeat(n), b"1".to_vec(), b"}".repeat(n)].concat();
    let members = (0..10_000).map(|i| format!("\"kty{i}\":\"d\",")).collect::<String>();
    let numbers = (0..200_000).map(|i| format!("{}, ", i % 256)).collect::<String>();
    vec![
        ("openings", much("eyJ")),
        ("openings in lines", much("eyJ\n")),
        ("headers", much(&format!("{HEAD} "))),
        ("headers in a row", much(HEAD)),
        ("dots", much(".")),
        ("dots behind letters", much("a.")),
        ("long parts", much(&format!("{}.", "A1b".repeat(20)))),
        ("headers with dots", much(&format!("{HEAD}.."))),
        ("headers and a digit", much("eyJ9.")),
        ("disclosures", [TOKEN.as_bytes(), &much("~WyJhIl0")].concat()),
        ("tildes", [TOKEN.as_bytes(), &much("~")].concat()),
        ("deep JSON", deep(100_000)),
        ("deep JSON with keys", much("{\"kty\":{\"d\":")),
        ("members", format!("{{{members}\"kty\":\"oct\"}}").into_bytes()),
        ("an object that never closes", [b"{\"kty\":\"oct\",\"k\":\"".to_vec(), much("QUJD")].concat()),
        ("braces", much("{")),
        ("brackets", much("[")),
        ("braces in lines", much("{\n")),
        ("quotes", much("\"")),
        ("quoted names", much("\"kty\":")),
        ("escaped quotes", much("\\\"")),
        ("backslashes", much("\\")),
        ("backslashed lines", much("QUJDREVGR0hJSktMTU5PUA\\\n")),
        ("escapes in turn", much("%65\\u0079&#74;")),
        ("escaped escapes", much("%2525")),
        ("percent of percent", much("%25")),
        ("entities", much("&amp;amp;")),
        ("numbers", numbers.clone().into_bytes()),
        ("numbers in lines", numbers.replace(", ", ",\n").into_bytes()),
        ("hex", much("65")),
        ("hex of hex", much("3635")),
        ("pairs", much("65:")),
        ("base64", much("QUJD")),
        ("base64 of an opening", much("ZXlK")),
        ("paths", much("/eyJhbGciOiJ")),
        ("slashes", much("/")),
        ("soft breaks", much("=\n")),
        ("long soft breaks", much(&format!("{}=\n", "A".repeat(75)))),
        ("wraps", much(&format!("{}\n", "Qk".repeat(32)))),
        ("quoted wraps", much(&format!("\"{}\" +\n", "Qk".repeat(32)))),
        ("dump lines", much("00000000: 6579 4a68 6247 6369 4f69 4a75 6232 356c  eyJhbGciOiJub25l\n")),
        ("keys that never end", much("-----BEGIN PRIVATE KEY-----\n")),
        ("keys in a line", much("-----BEGIN PRIVATE KEY-----")),
        ("NULs", much("\0")),
        ("wide openings", much("e\0y\0J\0")),
        ("zero-width openings", much("e\u{200b}y\u{200b}J\u{200b}")),
        ("colours", much("\x1b[31m")),
        ("CRI without end", much("2026-11-23T12:00:00.123456789Z stdout P eyJhbGciOiJub25lIn0\n")),
        ("Docker without end", much("{\"log\":\"eyJhbGciOiJub25lIn0\",\"stream\":\"stdout\",\"time\":\"x\"}\n")),
        ("forged markers", much("jwt(class:id~kid:")),
        ("blanks", much(" ")),
        ("carriage returns", much("\r")),
    ]
}

/// Each alone, in two limits and in two reads: no panic, an end, and the same output.
#[test]
fn hostile_input_comes_to_an_end() {
    for (name, text) in hostile() {
        let began = std::time::Instant::now();
        let out = whole(Limits::default(), &text);
        let count = |t: &[u8]| t.iter().filter(|&&b| b == b'\n').count();
        assert_eq!(count(&out), count(&text), "{name}: lines");
        let quarter = &text[..text.len() / 4];
        assert_eq!(whole(small(1024), quarter), pieces(small(1024), quarter, &[quarter.len() / 3, quarter.len() / 2]), "{name}: split");
        // For whoever looks for what is slow: `cargo test --test hostile -- --nocapture`.
        println!("{name}: {} ms", began.elapsed().as_millis());
    }
}

/// A token behind hostile text on the same line or the next is found all the same.
#[test]
fn hostile_text_hides_no_token() {
    for (name, text) in hostile() {
        let text = &text[..text.len() / 8];
        for between in ["\n", " \n"] {
            let document = [text, between.as_bytes(), b"token=", TOKEN.as_bytes(), b" end\n"].concat();
            let out = whole(Limits::default(), &document);
            let left = out.windows(30).any(|w| w == &TOKEN.as_bytes()[60..90]);
            assert!(!left, "{name}: {}", shown(&out[out.len().saturating_sub(200)..]));
        }
    }
}

/// A writer who ends a line with the beginning of a token takes nothing of the next writer's records (DESIGN §4).
#[test]
fn a_hostile_line_end_changes_no_record_behind_it() {
    let heads: Vec<String> = [
        "2026-11-23T12:00:00Z INFO ordinary record",
        "Nov 23 12:00:00 host sshd[17]: Failed password for root from 203.0.113.9 port 22 ssh2",
        "<34>1 2026-11-23T12:00:00Z host app 17 ID47 - started",
        "203.0.113.9 - - [23/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 17",
        "{\"time\":\"2026-11-23T12:00:00Z\",\"msg\":\"ordinary\"}",
        "level=info msg=ordinary",
        "CEF:0|Acme|gw|1|100|login|5|src=203.0.113.9",
        "/usr/lib/systemd/systemd-journald",
        "started",
        "d41d8cd98f00b204e9800998ecf8427e",
        "2026-11-23T12:00:00.123456789Z stdout F ordinary",
        "    at com.acme.Login.check(Login.java:17)",
    ]
    .map(str::to_owned)
    .to_vec();
    let ends = [
        "eyJ".to_owned(),
        HEAD.into(),
        format!("{HEAD}."),
        TOKEN[..60].to_owned(),
        TOKEN.into(),
        format!("{TOKEN}\\"),
        format!("\"{TOKEN}\" +"),
        format!("{}.{}", HEAD, "A".repeat(200)),
        "QUJD".repeat(16),
        format!("{}=", "QUJD".repeat(16)),
        "{\"kty\":\"oct\",\"k\":\"QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD".into(),
        "{\"payload\":\"eyJzdWIiOiJqbyJ9\",\"signature\":\"".into(),
        "{".into(),
        "\"a\":".into(),
        "-----BEGIN PRIVATE KEY-----".into(),
        "00000000: 6579 4a68 6247 6369 4f69 4a75 6232 356c  eyJhbGciOiJub25l".into(),
        "101, 121, 74, 104, 98, 71, 99, 105, 79, 105, 74, 117, 98, 50, 53, 108,".into(),
        "2026-11-23T12:00:00.123456789Z stdout P eyJhbGciOiJub25lIn0".into(),
        "%".into(),
        "\\u00".into(),
        "&#".into(),
    ];
    let mut failures = Vec::new();
    for end in &ends {
        let behind: String = (0..10_000).map(|i| format!("{} {i}\n", heads[i % heads.len()])).collect();
        let document = format!("user=mallory agent={end}\n{behind}");
        let out = whole(Limits::default(), document.as_bytes());
        if !out.ends_with(behind.as_bytes()) {
            let at = out.iter().rev().zip(behind.bytes().rev()).take_while(|(a, b)| *a == b).count();
            let near = &out[out.len().saturating_sub(at + 80)..(out.len() - at + 40).min(out.len())];
            failures.push(format!("{end}: …{}", shown(near)));
        }
        for (i, head) in heads.iter().enumerate() {
            // Behind a backslash one bare word is what a wrapped value ends in, and nothing tells it from a record.
            if end.ends_with('\\') && head.bytes().all(|b| b.is_ascii_alphanumeric()) {
                continue;
            }
            let document = format!("user=mallory agent={end}\n{head}\n{head}\n");
            let out = whole(Limits::default(), document.as_bytes());
            if !out.ends_with(format!("\n{head}\n{head}\n").as_bytes()) {
                failures.push(format!("{end} before head {i}: {}", shown(&out)));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
