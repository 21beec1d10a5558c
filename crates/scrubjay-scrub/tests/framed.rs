//! Values of several lines of which each is a record of its own: objects that were printed line by line through a logger, a
//! container runtime or syslog; and what looks like them and stays.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token, base64_url};
use support::{AFTER, BEFORE, cases, first_seed, pieces, shown, whole};

/// What a writer puts before and behind each line, and how it escapes the line.
struct Frame {
    name: &'static str,
    before: fn(usize) -> String,
    behind: fn(usize) -> String,
    in_string: bool,
}

const FRAMES: [Frame; 14] = [
    Frame { name: "cri", before: |i| format!("2026-11-28T10:00:00.12345{i:04}Z stdout F "), behind: |_| String::new(), in_string: false },
    Frame {
        name: "docker",
        before: |_| "{\"log\":\"".into(),
        behind: |i| format!("\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-28T10:00:00.12345{i:04}Z\"}}"),
        in_string: true,
    },
    Frame {
        name: "json",
        before: |i| format!("{{\"ts\":17327808{i:02}.5,\"level\":\"info\",\"msg\":\""),
        behind: |_| "\"}".into(),
        in_string: true,
    },
    Frame {
        name: "json, text first",
        before: |_| "{\"message\": \"".into(),
        behind: |i| format!("\", \"level\": \"INFO\", \"@timestamp\": \"2026-11-28T10:00:00.{i:03}Z\"}}"),
        in_string: true,
    },
    Frame {
        name: "journald",
        before: |i| format!("Nov 28 10:00:{:02} host app[12]: ", i % 60),
        behind: |_| String::new(),
        in_string: false,
    },
    Frame {
        name: "rfc5424",
        before: |i| format!("<14>1 2026-11-28T10:00:00.{i:03}Z host app 12 - - "),
        behind: |_| String::new(),
        in_string: false,
    },
    Frame {
        name: "logfmt",
        before: |i| format!("time=2026-11-28T10:00:00.{i:03}Z level=debug msg=\""),
        behind: |_| "\"".into(),
        in_string: true,
    },
    Frame {
        name: "logfmt, text first",
        before: |_| "level=debug msg=\"".into(),
        behind: |i| format!("\" caller=main.go:{} id={i}", 40 + i % 9),
        in_string: true,
    },
    Frame {
        name: "log4j",
        before: |i| format!("2026-11-28 10:00:00,{i:03} DEBUG [http-nio-8080-exec-{}] c.e.auth.KeyService - ", 1 + i % 9),
        behind: |_| String::new(),
        in_string: false,
    },
    Frame { name: "compose", before: |_| "web-1  | ".into(), behind: |_| String::new(), in_string: false },
    Frame {
        name: "logcat",
        before: |i| format!("11-28 10:00:00.{i:03}  1234  1250 D OkHttp  : "),
        behind: |_| String::new(),
        in_string: false,
    },
    Frame { name: "cat -n, nl", before: |i| format!("{:6}\t", 995 + i), behind: |_| String::new(), in_string: false },
    Frame { name: "grep -n", before: |i| format!("{i}:"), behind: |_| String::new(), in_string: false },
    Frame {
        name: "grep -rn -A",
        before: |i| if i == 2 { "var/log/app.log:2:".to_owned() } else { format!("var/log/app.log-{i}-") },
        behind: |_| String::new(),
        in_string: false,
    },
];

impl Frame {
    fn record(&self, number: usize, line: &str) -> String {
        let line = if self.in_string { line.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t") } else { line.to_owned() };
        format!("{}{line}{}\n", (self.before)(number), (self.behind)(number))
    }
}

const OBJECTS: [Form; 8] = [
    Form::JwkRsa,
    Form::JwkEc,
    Form::JwkOkp,
    Form::JwkOct,
    Form::JsonJwsFlat,
    Form::JsonJwsGeneral,
    Form::JsonJweFlat,
    Form::JsonJweGeneral,
];

/// The lines of an object as `JSON.stringify(object, null, indent)` prints it.
fn printed(object: &str, indent: &str) -> Vec<String> {
    let (mut lines, mut line, mut depth, mut string) = (Vec::new(), String::new(), 0, false);
    let mut chars = object.chars().filter(|c| !c.is_control()).peekable();
    while let Some(c) = chars.next() {
        string ^= c == '"';
        match c {
            ' ' if !string => continue,
            '{' | '[' if !string => depth += 1,
            '}' | ']' if !string => {
                depth -= 1;
                lines.push(std::mem::replace(&mut line, indent.repeat(depth)));
            }
            _ => {}
        }
        line.push(c);
        match c {
            ':' if !string => line.push(' '),
            '{' | '[' | ',' if !string => lines.push(std::mem::replace(&mut line, indent.repeat(depth))),
            _ => {}
        }
        if chars.peek().is_none() {
            lines.push(std::mem::take(&mut line));
        }
    }
    lines
}

/// A token whose object stands in a set of keys, or with its disclosures (RFC 9901 §8), in one of four cases.
fn object(r: &mut Random, form: Form) -> Token {
    let token = form.make(r);
    match (form, r.below(4)) {
        (Form::JwkRsa | Form::JwkEc | Form::JwkOkp | Form::JwkOct, 0) => {
            Token { text: format!("{{\"keys\":[{},{{\"kty\":\"EC\",\"use\":\"sig\"}}]}}", token.text), ..token }
        }
        (Form::JsonJwsFlat, 0) => {
            let disclosures: Vec<String> = ["given_name", "email"]
                .iter()
                .map(|name| base64_url(format!("[\"{}\", \"{name}\", \"{}\"]", r.word(22), r.word(16)).as_bytes()))
                .collect();
            let at = token.text.rfind('}').unwrap_or(0);
            let text = format!("{},\"header\":{{\"disclosures\":[\"{}\"]}}}}", &token.text[..at], disclosures.join("\",\""));
            Token { text, secrets: [token.secrets, disclosures].concat(), ..token }
        }
        _ => token,
    }
}

#[track_caller]
fn check(frame: &Frame, name: &str, lines: &[String], secrets: &[String], claims: &[String], r: &mut Random) {
    let mut number = 0;
    let mut record = |line: &str| {
        number += 1;
        frame.record(number, line)
    };
    let before = format!("{BEFORE}{}", record("the key of this service:"));
    let text: Vec<String> = lines.iter().map(|line| record(line)).collect();
    let after = format!("{}{}{AFTER}", record("started in 17 ms"), record("{\"a\": 5}"));
    let document = format!("{before}{}{after}", text.concat());
    let out = whole(Limits::default(), document.as_bytes());
    let shown = || format!("{} {name}\n{document}\n  out\n{}", frame.name, String::from_utf8_lossy(&out));
    let found = leaks(&out, secrets, claims);
    assert!(found.is_empty(), "leaks {:?} {:?} {}", found.runs.first(), found.claims, shown());
    let cleaned = String::from_utf8_lossy(&out).into_owned();
    assert!(cleaned.starts_with(&before) && cleaned.ends_with(&after), "a neighbour changed: {}", shown());
    assert_eq!(cleaned.lines().count(), document.lines().count(), "lines: {}", shown());
    for (i, line) in cleaned.lines().enumerate().skip(2).take(lines.len()) {
        let framed = line.starts_with((frame.before)(i).trim_end()) && line.ends_with(&(frame.behind)(i));
        assert!(framed, "the frame of {line} changed: {}", shown());
        assert!(!line.starts_with('{') || serde_json::from_str::<serde_json::Value>(line).is_ok(), "no JSON: {line} {}", shown());
    }
    assert_eq!(whole(Limits::default(), cleaned.as_bytes()), out, "twice: {}", shown());
    let cut = r.between(1, document.len() - 1);
    assert_eq!(pieces(Limits::default(), document.as_bytes(), &[cut]), out, "cut at {cut}: {}", shown());
}

#[test]
fn objects() {
    for frame in &FRAMES {
        for seed in first_seed()..first_seed() + cases(4) {
            for form in OBJECTS {
                let mut r = Random::new(seed * 31 + form as u64);
                let token = object(&mut r, form);
                let indent = *r.pick(&["  ", "    ", "\t"]);
                let lines = printed(&token.text, indent);
                check(frame, &format!("seed {seed} {form:?}"), &lines, &token.secrets, &token.claims, &mut r);
            }
        }
    }
}

const COMPACT: [Form; 6] = [Form::Jws, Form::JwsNested, Form::Jwe, Form::JweDirect, Form::SdJwt, Form::SdJwtBound];

/// Lines of one width, the last one shorter (DESIGN §4: at least two lines of 60 or more).
#[test]
fn wrapped_tokens() {
    for frame in &FRAMES {
        for seed in first_seed()..first_seed() + cases(4) {
            for form in COMPACT {
                let mut r = Random::new(seed * 31 + form as u64);
                let token = form.make(&mut r);
                let head = *r.pick(&["", "", "token: ", "access_token="]);
                let text = format!("{head}{}", token.text);
                let width = *r.pick(&[60, 64, 72, 76, 80, 100, 120]);
                let mut lines: Vec<String> = text.as_bytes().chunks(width).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
                // A last line of a few letters is anybody's word.
                if lines.last().is_some_and(|last| last.len() < 8) {
                    let last = lines.pop().unwrap_or_default();
                    lines.last_mut().unwrap().push_str(&last);
                    continue;
                }
                check(frame, &format!("seed {seed} {form:?} {width}"), &lines, &token.secrets, &token.claims, &mut r);
            }
        }
    }
}

/// Records of one frame that are no lines of a value.
#[test]
fn what_only_looks_like_it_stays() {
    let config = r#"{"name":"app","tag":"v1","replicas":3,"d":"5","kid":"k-1","use":"cache","labels":{"alg":"x","k":["a","b"]},"image":"registry.example/team/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","enabled":true,"none":null}"#;
    let public = [
        r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"1","use":"sig"}]}"#.to_owned(),
        format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB","alg":"RS256","kid":"2011-04-29"}}"#, "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc".repeat(4)),
    ];
    for frame in &FRAMES {
        for (i, object) in [config.to_owned()].iter().chain(&public).enumerate() {
            for indent in ["  ", "    ", "\t"] {
                let lines = printed(object, indent);
                let text: String = lines.iter().enumerate().map(|(i, line)| frame.record(i, line)).collect();
                let document = format!("{BEFORE}{text}{AFTER}");
                let out = whole(Limits::default(), document.as_bytes());
                assert_eq!(String::from_utf8_lossy(&out), document, "{} {i}", frame.name);
            }
        }
    }
}

/// A line of a dump: the offset and the bytes.
type Row<'a> = &'a dyn Fn(usize, &[u8]) -> String;

/// Dumps of many tools behind a date, an epoch or a record's head.
#[test]
fn dumps() {
    let hex = |bytes: &[u8], between: &str| bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(between);
    let words = |c: &[u8]| c.chunks(2).map(|w| hex(w, "")).collect::<Vec<_>>().join(" ");
    let shown = |c: &[u8]| String::from_utf8_lossy(c).into_owned();
    let xxd = |at: usize, c: &[u8]| format!("{at:08x}: {:<39}  {}", words(c), shown(c));
    let canonical = |at: usize, c: &[u8]| {
        let halves = if c.len() > 8 { format!("{}  {}", hex(&c[..8], " "), hex(&c[8..], " ")) } else { hex(c, " ") };
        format!("{at:08x}  {halves:<48}  |{}|", shown(c))
    };
    let od = |at: usize, c: &[u8]| format!("{at:07o} {}", hex(c, " "));
    let rows: [Row<'_>; 3] = [&xxd, &canonical, &od];
    let line = |name, before| Frame { name, before, behind: |_| String::new(), in_string: false };
    let more = [
        line("epoch", |i| format!("{} ", 1_732_780_800 + i)),
        line("epoch, ms", |i| format!("{} ", 1_732_780_800_000 + i)),
        line("epoch with a fraction", |i| format!("1732780800.{i:06} ")),
        line("epoch in brackets", |i| format!("[{}] ", 1_732_780_800 + i)),
        line("date", |i| format!("2026-11-28 10:00:{:02} ", i % 60)),
        line("year at last", |i| format!("Sat Nov 28 10:00:{:02} 2026 ", i % 60)),
        line("RFC 3339", |i| format!("2026-11-28T10:00:00.{i:06}Z ")),
    ];
    for frame in more.iter().chain(&FRAMES) {
        for seed in first_seed()..first_seed() + cases(1) {
            for form in COMPACT {
                let mut r = Random::new(seed * 31 + form as u64);
                let token = form.make(&mut r);
                let text = format!("Authorization: Bearer {}", token.text);
                for (i, row) in rows.iter().enumerate() {
                    let lines: Vec<String> = text.as_bytes().chunks(16).enumerate().map(|(i, c)| row(i * 16, c)).collect();
                    check(frame, &format!("seed {seed} {form:?} row {i}"), &lines, &token.secrets, &token.claims, &mut r);
                }
            }
        }
    }
}

/// What must not come out of an object goes with it, where it is not in a value that is read: an unencoded payload
/// (RFC 7797 §5.2), disclosures, further primes.
#[test]
fn members_that_go_with_their_record() {
    let (head, long) = (base64_url(br#"{"alg":"HS256","b64":false,"crit":["b64"]}"#), "A1b2C3d4".repeat(12));
    let signed = format!(r#""protected":"{head}","signature":"{long}""#);
    for members in [
        format!(r#""payload":"secret $.02",{signed}"#),
        format!(r#""payload":"{head}",{signed},"header":{{"disclosures":["WyJzZWNyZXQiLCJzZWNyZXQiXQ"]}}"#),
        format!(r#""kty":"RSA","e":"AQAB","n":"{long}","d":"{long}","p":"{long}","oth":[{{"r":"secret","d":"{long}","t":"secret"}}]"#),
    ] {
        let out = whole(Limits::default(), format!("{BEFORE}{{\"ts\":1,{members},\"msg\":\"x\"}}\n{AFTER}").as_bytes());
        let text = String::from_utf8_lossy(&out).into_owned();
        assert!(!text.contains("secret") && !text.contains("WyJz") && !text.contains(&long[..16]), "{text}");
    }
}

/// A record that has a token's or a key's members beside its own keeps these.
#[test]
fn members_among_those_of_a_record() {
    for seed in first_seed()..first_seed() + cases(6) {
        for form in OBJECTS {
            let token = form.make(&mut Random::new(seed * 31 + form as u64));
            let lines: Vec<String> = printed(&token.text, "").iter().map(|line| line.trim().to_owned()).collect();
            let object = lines.concat();
            let members = &object[1..object.len() - 1];
            for (before, behind) in [
                (r#"{"ts":"2026-11-28T10:00:00Z","level":"info","msg":"got a key","#, r#","caller":"main.go:17","n":[1,2]}"#),
                ("{", r#", "time": 1732780800, "level": 30, "msg": "got it"}"#),
                (r#"{"log":{"level":"info"},"kind":"a","#, "}"),
            ] {
                let out = whole(Limits::default(), format!("{BEFORE}{before}{members}{behind}\n{AFTER}").as_bytes());
                let text = String::from_utf8_lossy(&out).into_owned();
                let found = leaks(&out, &token.secrets, &token.claims);
                assert!(found.is_empty(), "{form:?} leaks {:?} {:?} {text}", found.runs.first(), found.claims);
                assert!(text.starts_with(&format!("{BEFORE}{before}")), "{form:?} {text}");
                assert!(text.ends_with(&format!("{behind}\n{AFTER}")), "{form:?} {text}");
                let record = text.lines().nth(1).unwrap_or_default();
                assert!(serde_json::from_str::<serde_json::Value>(record).is_ok(), "{form:?} {record}");
                assert_eq!(whole(Limits::default(), &out), out, "{text}");
            }
        }
    }
}

/// What a record says behind one that ends in a cut token is its own: a digest, a name, a word before others.
#[test]
fn what_stands_behind_a_cut_token_in_records_stays() {
    let token = Form::Jws.make(&mut Random::new(first_seed())).text;
    let digest = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    let others =
        [format!("{digest}  a.txt"), format!("sha256:{digest}"), "shutdown-complete-for-worker-number-seventeen-of-the-pool".into()];
    for other in others {
        let record = |said: &str| format!("{{\"log\":\"{said}\\n\",\"stream\":\"stdout\",\"time\":\"t\"}}\n");
        let text = [record(&format!("bad token {}", &token[..token.len() / 2])), record(&other), record("ok")].concat();
        let out = whole(Limits::default(), text.as_bytes());
        assert!(out.ends_with([record(&other), record("ok")].concat().as_bytes()), "{}", shown(&out));
    }
}
