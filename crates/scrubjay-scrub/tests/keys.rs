//! Private keys in layouts that programs give them: each line in a record of its own, or parted by other signs than line ends.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, base64};
use support::{AFTER, BEFORE, cases, check_same, first_seed, pieces, shown, whole};

/// A key with this label, in lines of this width.
fn key_of(label: &str, bytes: &[u8], width: usize) -> Vec<String> {
    let body = base64(bytes);
    let body = body.as_bytes().chunks(width).map(|c| String::from_utf8_lossy(c).into_owned());
    let ends = |end: &str| format!("-----{end} {label}-----");
    std::iter::once(ends("BEGIN")).chain(body).chain([ends("END")]).collect()
}

/// Lines of keys of several sizes: one line (Ed25519), two and more.
fn keys() -> Vec<Vec<String>> {
    let key = |label: &str, bytes: &[u8]| key_of(label, bytes, 64);
    let mut r = Random::new(7);
    let mut keys: Vec<Vec<String>> = [48, 62, 96, 138].iter().map(|&n| key("PRIVATE KEY", &r.bytes(n))).collect();
    keys.push(key("ENCRYPTED PRIVATE KEY", &r.bytes(239)));
    for seed in first_seed()..first_seed() + cases(4) {
        keys.push(Form::Pem.make(&mut Random::new(seed)).text.trim_end().lines().map(str::to_owned).collect());
    }
    keys
}

/// `write` gives the text of the key's lines, or of others in their place; around them all has to stay.
#[track_caller]
fn check(write: impl Fn(&[String]) -> String) {
    check_keys(keys(), write);
}

#[track_caller]
fn check_keys(keys: Vec<Vec<String>>, write: impl Fn(&[String]) -> String) {
    for key in keys {
        let text = write(&key);
        let document = format!("{BEFORE}{text}\n{AFTER}");
        let out = whole(Limits::default(), document.as_bytes());
        let shown = || format!("\n  in  {}\n  out {}", shown(document.as_bytes()), shown(&out));
        let text = String::from_utf8_lossy(&out);
        let found = leaks(&out, &key[1..key.len() - 1], &[]);
        assert!(found.is_empty(), "leaks {:?}{}", found.runs.first(), shown());
        assert!(text.starts_with(BEFORE) && text.ends_with(AFTER), "a neighbour changed{}", shown());
        assert_eq!(text.matches("pem(class:key)").count(), 1, "not one key{}", shown());
        assert_eq!(text.lines().count(), document.lines().count(), "lines{}", shown());
        let twice = whole(Limits::default(), &out);
        assert_eq!(text, String::from_utf8_lossy(&twice), "twice{}", shown());
        let cut = document.len() / 2;
        assert_eq!(text, String::from_utf8_lossy(&pieces(Limits::default(), document.as_bytes(), &[cut])), "cut at {cut}{}", shown());
        check_same(&write(&public(&key)));
    }
}

/// What a writer makes of a line end: `\n` in a string, in a string in a string and one layer more, or percent escapes of all that
/// a URL has none of.
fn escaped(lines: &[String], layers: usize) -> String {
    let text = lines.join("\n") + "\n";
    if layers < 3 {
        return text.replace('\n', &format!("{}n", "\\".repeat(1 << layers)));
    }
    let write = |b: u8| if b.is_ascii_alphanumeric() || b == b'-' { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(write).collect()
}

/// An object whose members are keys, each under other escapes, and a digest beside each.
fn side_by_side(keys: &[Vec<String>], between: &str) -> (String, Vec<String>) {
    let mut r = Random::new(5);
    let digests: Vec<String> = keys.iter().map(|_| r.bytes(32).iter().map(|b| format!("{b:02x}")).collect()).collect();
    let members = keys.iter().zip(&digests).enumerate();
    let members = members.map(|(i, (key, digest))| format!("\"k{i}\":\"{}\",\"d{i}\":\"sha256:{digest}\"", escaped(key, i % 4)));
    (format!("{{{}}}", members.collect::<Vec<_>>().join(between)), digests)
}

/// So many layers of different escapes give many views: they are decided all the same, and what stands beside the keys stays.
#[test]
fn keys_side_by_side_under_several_layers() {
    let mut r = Random::new(3);
    let keys: Vec<Vec<String>> = (0..8).map(|_| Form::Pem.make(&mut r).text.trim_end().lines().map(str::to_owned).collect()).collect();
    for count in 3..=keys.len() {
        for between in [",", ",\n ", ", "] {
            let (text, digests) = side_by_side(&keys[..count], between);
            let document = format!("{BEFORE}{text}\n{AFTER}");
            let out = whole(Limits::default(), document.as_bytes());
            let out = String::from_utf8_lossy(&out);
            let bodies: Vec<String> = keys[..count].iter().flat_map(|key| key[1..key.len() - 1].to_vec()).collect();
            let found = leaks(out.as_bytes(), &bodies, &[]);
            assert!(found.is_empty(), "{count} keys{between:?} leak {:?}\n{out}", found.runs.first());
            assert!(!out.contains("why:"), "{count} keys{between:?} are not decided\n{out}");
            let gone = digests.iter().filter(|digest| !out.contains(digest.as_str())).count();
            assert_eq!(gone, 0, "{count} keys{between:?}: digests went\n{out}");
            assert!(out.starts_with(BEFORE) && out.ends_with(AFTER), "{count} keys{between:?}: a neighbour changed\n{out}");
            let others: Vec<Vec<String>> = keys[..count].iter().map(|key| public(key)).collect();
            check_same(&side_by_side(&others, between).0);
        }
    }
}

/// The same lines under a label that is not a private key's.
fn public(key: &[String]) -> Vec<String> {
    let label = |line: &String| {
        line.replace("ENCRYPTED PRIVATE", "PUBLIC")
            .replace("RSA PRIVATE KEY", "CERTIFICATE")
            .replace("EC PRIVATE", "PUBLIC")
            .replace("PRIVATE", "PUBLIC")
    };
    key.iter().map(label).collect()
}

/// Each line in a record that `record` makes of it and its number.
#[track_caller]
fn check_records(record: impl Fn(usize, &str) -> String) {
    check(|key| key.iter().enumerate().map(|(i, line)| record(i, line)).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_line_of_a_key_in_each_record() {
    check_records(|i, line| format!("2026-11-23T12:00:00.12345678{i}Z stdout F {line}"));
    check_records(|i, line| format!(r#"{{"log":"{line}\n","stream":"stdout","time":"2026-11-23T12:00:00.1234567{i}Z"}}"#));
    check_records(|i, line| format!(r#"{{"level":"info","ts":{i}.5,"msg":"{line}","caller":"main.go:{i}"}}"#));
    check_records(|i, line| {
        format!(r#"{{"@timestamp":"2026-11-23T12:00:{i:02}Z", "message" : "{line}\r\n", "id": "{:x}"}}"#, i * 7919 + 17)
    });
    check_records(|i, line| format!(r#"time="2026-11-23T12:00:{i:02}Z" level=info msg="{line}""#));
    check_records(|i, line| format!("2026-11-23 12:00:{i:02} INFO {line}"));
    check_records(|_, line| format!("web-1  | {line}"));
    check_records(|i, line| format!("Nov 23 12:00:{i:02} host app[17]: {line}"));
    check_records(|i, line| format!("\u{1b}[32mINFO\u{1b}[0m [{i}] {line}"));
    check_records(|i, line| format!(r#"[{i}.5, "o", "{line}\r\n"]"#));
}

/// Keys in lines of other widths than 64, which tell nothing by themselves.
fn narrow_keys(widths: &[usize]) -> Vec<Vec<String>> {
    let mut r = Random::new(11);
    let sizes = [48, 138, 600];
    widths
        .iter()
        .flat_map(|&width| sizes.map(|bytes| (width, bytes)))
        .map(|(width, bytes)| key_of("PRIVATE KEY", &r.bytes(bytes), width))
        .collect()
}

#[test]
fn a_key_in_lines_of_any_width() {
    for end in ["\n", "\r\n", "\n    ", "\n\t"] {
        check_keys(narrow_keys(&[4, 10, 16, 24, 40, 48, 57]), |key| key.join(end));
    }
    check_keys(narrow_keys(&[16, 40]), |key| format!("key: {}", key.join("\n")));
    check_keys(narrow_keys(&[16, 40]), |key| format!("{{\"key\": \"{}\"}}", key.join("\n")));
    let records: [fn(usize, &str) -> String; 9] = [
        |_, line| format!("> {line}"),
        |_, line| format!("+{line}"),
        |i, line| format!("{}:{line}", i + 9),
        |i, line| format!("key.pem:{}:{line}", i + 9),
        |i, line| format!("{:6}\t{line}", i + 1),
        |i, line| format!("Nov 23 12:00:{:02} host app[17]: {line}", i % 60),
        |i, line| format!("2026-11-23T12:00:00.{i:09}Z stdout F {line}"),
        |i, line| format!(r#"{{"log":"{line}\n","stream":"stdout","time":"2026-11-23T12:00:00.{i:09}Z"}}"#),
        |i, line| format!(r#"{{"level":"info","ts":{i}.5,"msg":"{line}"}}"#),
    ];
    for record in records {
        check_keys(narrow_keys(&[16, 33, 40, 57, 128]), |key| {
            key.iter().enumerate().map(|(i, line)| record(i, line)).collect::<Vec<_>>().join("\n")
        });
    }
}

#[test]
fn the_headers_of_a_key_in_records() {
    let headers = ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF", ""].map(str::to_owned);
    let keys = || narrow_keys(&[40, 64]).into_iter();
    let records: [fn(usize, &str) -> String; 4] = [
        |_, line| format!("> {line}"),
        |i, line| format!("Nov 23 12:00:{:02} host app[17]: {line}", i % 60),
        |i, line| format!("2026-11-23T12:00:00.{i:09}Z stdout F {line}"),
        |i, line| format!(r#"{{"log":"{line}\n","stream":"stdout","time":"2026-11-23T12:00:00.{i:09}Z"}}"#),
    ];
    for record in records {
        check_keys(keys().collect(), |key| {
            let lines = key[..1].iter().chain(&headers).chain(&key[1..]);
            lines.enumerate().map(|(i, line)| record(i, line)).collect::<Vec<_>>().join("\n")
        });
    }
}

/// Without its end, and cut in the middle of a line.
#[test]
fn a_key_that_is_cut_in_its_last_line() {
    let records: [fn(usize, &str) -> String; 3] = [
        |_, line| line.to_owned(),
        |i, line| format!("2026-11-23T12:00:00.{i:09}Z stdout F {line}"),
        |i, line| format!(r#"{{"log":"{line}\n","stream":"stdout","time":"2026-11-23T12:00:00.{i:09}Z"}}"#),
    ];
    for record in records {
        for key in narrow_keys(&[24, 40, 48, 64]).iter().filter(|key| key.len() > 6) {
            for left in [16, 17, 18, 19, 23] {
                let lines = key[1..4].iter().map(String::as_str).chain([&key[4][..left.min(key[4].len())]]);
                let lines = [&key[0][..]].into_iter().chain(lines).enumerate().map(|(i, line)| record(i, line));
                let document = format!("{BEFORE}{}\n{AFTER}", lines.collect::<Vec<_>>().join("\n"));
                let out = whole(Limits::default(), document.as_bytes());
                assert!(leaks(&out, &key[1..5], &[]).is_empty(), "{}", shown(&out));
                assert!(out.starts_with(BEFORE.as_bytes()) && out.ends_with(AFTER.as_bytes()), "{}", shown(&out));
            }
        }
    }
}

/// What a label is followed by is a key's line in the label's frame only.
#[test]
fn what_follows_a_label_and_is_no_key_stays() {
    let label = "-----BEGIN PRIVATE KEY-----";
    let id = "aB3dEfGh1jKlMn0pQr5t";
    for (label, lines) in [
        (label.to_owned(), format!("INFO session {id} opened\nINFO session {id} closed")),
        (format!("> {label}"), format!("< {id}\n< {id}")),
        (format!("INFO expected {label}"), format!("INFO found {id}\nINFO found {id}")),
    ] {
        check_same(&format!("{label}\n{lines}"));
    }
}

#[test]
fn a_key_behind_marks_and_numbers() {
    check_records(|_, line| format!("-{line}"));
    check_records(|_, line| format!("+{line}"));
    check_records(|_, line| format!("> {line}"));
    check_records(|i, line| format!("{:6}\t{line}", i + 1));
    check_records(|i, line| format!("key.pem:{}:{line}", i + 1));
    check_records(|_, line| format!(" {line:70} +"));
    check_records(|_, line| if line.contains("END") { format!(" {line}") } else { format!(" {line:64}+") });
    check_records(|_, line| format!("| {line:64} |"));
    check_records(|_, line| format!("    \"{line}\","));
    check_records(|_, line| format!("  - {line}"));
}

#[test]
fn a_key_that_other_signs_part() {
    check(|key| format!("POST k={}%0A&b=1", key.join("%0A").replace('+', "%2B").replace(' ', "+")));
    check(|key| format!("{{\"key\": [\"{}\"], \"n\": 1}}", key.join("\", \"")));
    check(|key| format!("['{}\\n'] n=1", key.join("\\n', '")));
    check(|key| format!("<pre>{}</pre>", key.join("<br>")));
    check(|key| format!("<ul><li>{}</li></ul>", key.join("</li><li>")));
    check(|key| format!("k={}\nn=1", key.join("\\n\\\n  ")));
    check(|key| format!("k = [\"{}\"]", key.join("\",\n  \"")));
    check(|key| key.join("\n\n"));
    check(|key| key.join("\r\n\r\n"));
    for dash in ["&#x2D;", "&#45;", "\\x2d", "\\u002d"] {
        check(|key| key.join("\n").replace('-', dash));
    }
}

/// What is not framed as the key's first line is, or is no line of a key, is somebody else's.
#[test]
fn the_records_behind_a_key_that_is_cut_stay() {
    let key = &keys()[3];
    let json = |line: &str| format!(r#"{{"level":"info","msg":"{line}"}}"#);
    for next in [json("started"), json("Started4"), json(""), json("a line of words"), "plain".to_owned(), format!("2026 {}", json("QUJD"))]
    {
        let text = format!("{}\n{}\n{next}\n{}", json(&key[0]), json(&key[1]), json("bye"));
        let out = String::from_utf8(whole(Limits::default(), text.as_bytes())).unwrap();
        if next != json("Started4") {
            assert!(out.ends_with(&format!("\n{next}\n{}", json("bye"))), "{out}");
        }
        assert!(!out.contains(&key[1][..16]) && out.ends_with(&json("bye")), "{out}");
    }
    check_same(&json(&key[0]));
    check_same(&format!("{}\n{}", json(&key[0]), json("expected a body of at least one line")));
    check_same(&format!("{}\n{}", json("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2"), json(&key[3])));
}

#[test]
fn what_stands_before_a_key_stays() {
    check(|key| format!("C:\\tmp\\{}", key.join("\n")));
    let out = whole(Limits::default(), format!("C:\\tmp\\{}\n", keys()[0].join("\n")).as_bytes());
    assert!(out.starts_with(b"C:\\tmp\\pem("), "{}", shown(&out));
}

#[test]
fn a_key_that_lost_its_beginning_behind_an_ellipsis() {
    for key in keys().iter().filter(|key| key.len() > 4) {
        for dots in ["...", "…"] {
            let text = format!("{{\"k\":\"{dots}{}\\n{}\"}}\n", &key[1][5..], key[2..].join("\\n"));
            let out = whole(Limits::default(), text.as_bytes());
            assert!(leaks(&out, &key[1..key.len() - 1], &[]).is_empty(), "{}", shown(&out));
            assert!(out.starts_with(format!("{{\"k\":\"{dots}pem(").as_bytes()), "{}", shown(&out));
        }
    }
}

/// DER by itself (RFC 5958, 5915, 8017), in base64.
#[test]
fn keys_without_a_label() {
    let ed25519 = "MC4CAQAwBQYDK2VwBCIEIAcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUm";
    let ec = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze+hRANCAARHHD51jEkEKFu6flMRjtD1JK3rB1fSW9L457DXbfpxTN1SD3rKiouResw39R3o8Mm7462Fg4LnAtwloS0J96hY";
    let sec1 = base64(&[&[0x30, 0x31, 2, 1, 1, 4, 32][..], &[0x5A; 32], &[0xA0, 10, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]].concat());
    for key in [ed25519, ec, &sec1] {
        let lines: Vec<&str> = key.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).unwrap()).collect();
        for (before, between, after) in
            [("{\"k\":\"", "", "\"}"), ("{\"k\":\"", "\\n", "\"}"), ("k=", "", " n=1"), ("key:\n", "\n", "\nend"), ("\t", "\r\n\t", "\r")]
        {
            let text = format!("{BEFORE}{before}{}{after}\n{AFTER}", lines.join(between));
            let out = String::from_utf8(whole(Limits::default(), text.as_bytes())).unwrap();
            assert!(leaks(out.as_bytes(), &[key.to_owned()], &[]).is_empty(), "{out}");
            assert!(out.starts_with(&format!("{BEFORE}{before}pem(class:key)")) && out.ends_with(&format!("{after}\n{AFTER}")), "{out}");
        }
    }
    for public in [
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERxw+dYxJBChbun5TEY7Q9SSt6wdX0lvS+Oew1236cUzdUg96yoqLkXrMN/Ud6PDJu+OthYOC5wLcJaEtCfeoWA==",
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4",
        "MIIDazCCAlOgAwIBAgIUdAVrN7xI0VniQq83vEjRWeJCrwDQYJKoZIhvcNAQELBQAwRTELMAkGA1UEBhMCQVUxEzARBgNVBAgMClNvbWUt",
        "MIICijCCAXICAQAwRTELMAkGA1UEBhMCQVUxEzARBgNVBAgMClNvbWUtU3RhdGUxITAfBgNVBAoMGEludGVybmV0IFdpZGdpdHMgUHR5",
        "AAAAB3NzaC1yc2EAAAADAQABAAABgQC7vbqajDw4o6gJy8UtmIbkcpnkO3Kwc4qsEnSZp/TR+fQi62F79RHWmwKOtFmwteURgLbj7D/WGuNLGOfa",
        "MEUCIQDKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQIgEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8=",
    ] {
        check_same(&format!("{{\"k\":\"{public}\"}}"));
        check_same(&format!("ssh-rsa {public} me@host"));
        let lines: Vec<&str> = public.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).unwrap()).collect();
        check_same(&lines.join("\n"));
    }
}

/// A key that is cut in its first line, however early, and what follows it.
#[test]
fn a_key_that_is_cut_in_its_first_line() {
    let begun = "MC4CAQAwBQYDK2VwBCIEIHWrYd2UcImXAkSw";
    for chars in [16, 20, 29, 31, 33, 36] {
        let body = &begun[..chars];
        for next in ["hello world", "conf/a.log:10:x", "2026-11-29T12:00:00Z ok", "sha256:086dd1b33aec", "31908db3ceba43a9cd9caf16d86c55fd"]
        {
            let text = format!("a b\n-----BEGIN PRIVATE KEY-----\n{body}\n{next}\nx y\n");
            let out = String::from_utf8(whole(Limits::default(), text.as_bytes())).expect("text");
            assert!(!out.contains(&body[..16]) && out.ends_with(&format!("\n{next}\nx y\n")), "{chars}: {out}");
        }
    }
    // What announces a key and says something else, short digests for one.
    for next in ["31908db3ceba43a9cd9caf16d86c55fd", "a line of text"] {
        let text = format!("a b\n-----BEGIN PRIVATE KEY-----\n{next}\n{next}\nx y\n");
        assert_eq!(whole(Limits::default(), text.as_bytes()), text.as_bytes(), "{next}");
    }
}

/// How a log writes a line of a key.
const RECORDS: [fn(usize, &str) -> String; 11] = [
    |_, line| line.to_owned(),
    |_, line| format!("{line}\r"),
    |_, line| format!("    {line}"),
    |_, line| format!("> {line}"),
    |i, line| format!("{}:{line}", i + 9),
    |i, line| format!("2026-11-29T09:00:00.{i:09}Z stdout F {line}"),
    |i, line| format!(r#"{{"log":"{line}\n","stream":"stdout","time":"2026-11-29T09:00:00.{i:09}Z"}}"#),
    |i, line| format!("2026-11-29 09:00:{:02},{i:03} INFO {line}", i % 60),
    |i, line| format!("Nov 29 09:00:{:02} host app[17]: {line}", i % 60),
    |i, line| format!(r#"{{"level":"info","ts":{i}.5,"msg":"{line}"}}"#),
    |i, line| format!(r#"level=info msg="{line}" n={i}"#),
];

fn records(record: fn(usize, &str) -> String, lines: &[String]) -> String {
    lines.iter().enumerate().map(|(i, line)| record(i, line)).collect::<Vec<_>>().join("\n")
}

/// Of a text with `own` lines of a key in it nothing is left but its marker, and nothing else changes, wherever reads end.
#[track_caller]
fn check_left(text: &str, own: &[String], cut: &str) {
    let document = format!("{BEFORE}{text}\n{AFTER}");
    let out = whole(Limits::default(), document.as_bytes());
    let show = || format!("\n  in  {}\n  out {}", shown(document.as_bytes()), shown(&out));
    assert!(leaks(&out, own, &[]).is_empty(), "leaks{}", show());
    let text = String::from_utf8_lossy(&out);
    assert_eq!(text.matches(&format!("pem(class:key~cut:{cut})")).count(), 1, "not one key{}", show());
    assert!(text.starts_with(BEFORE) && text.ends_with(AFTER), "a neighbour changed{}", show());
    assert_eq!(text.lines().count(), document.lines().count(), "lines{}", show());
    for at in document.match_indices('\n').map(|(at, _)| at + 1).chain([document.len() / 2]) {
        let got = pieces(Limits::default(), document.as_bytes(), &[at]);
        assert_eq!(text, String::from_utf8_lossy(&got), "cut at {at}{}", show());
    }
}

#[test]
fn a_key_that_lost_its_first_lines() {
    for record in RECORDS {
        for key in narrow_keys(&[40, 64, 70, 76]) {
            let cuts = [1, 2, key.len() / 2, key.len() - 3, key.len() - 2];
            for from in cuts.into_iter().filter(|from| (1..key.len() - 1).contains(from)) {
                let left = &key[from..];
                check_left(&records(record, left), left, "header");
                check_same(&records(record, &public(left)));
            }
        }
    }
}

#[test]
fn a_key_that_is_cut_in_a_line_and_has_its_end() {
    for record in RECORDS {
        for key in narrow_keys(&[40, 64]).iter().filter(|key| key.len() > 3) {
            for (from, chars) in [(1, 3), (1, 17), (key.len() / 2 - 1, 23), (key.len() - 3, 13)] {
                let mut left = key[from..].to_vec();
                left[0] = left[0][chars..].to_owned();
                check_left(&records(record, &left), &left, "header");
            }
        }
    }
}

/// The last lines of a key by themselves, and what people write above the end of one that is gone.
#[test]
fn what_stands_above_the_end_of_a_key() {
    let end = "-----END EC PRIVATE KEY-----";
    let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).chain([end.to_owned()]).collect::<Vec<_>>();
    for record in RECORDS.into_iter().take(9) {
        for own in [&["arLha/3/bg", "Vrolyw=="][..], &["Vrolyw=="], &["rL+h3/bgKk8s"], &["rLh3bgKk8sAb3d", "Pw=="]] {
            check_left(&records(record, &lines(own)), &lines(own), "header");
        }
        for others in
            [&["done"][..], &["started", "done"], &["REDACTED"], &["[REDACTED]"], &["..."], &["a few words"], &["/usr/local/bin/app"]]
        {
            check_same(&records(record, &lines(others)));
            check_same(&records(record, &lines(&[&["a line of text"], others].concat())));
        }
    }
    // Without the end, or with another one, they are anybody's.
    check_same("arLha/3/bg\nVrolyw==\n-----END CERTIFICATE-----");
    check_same("arLha/3/bg\nVrolyw==\nthe end");
}

/// Nothing of a key's is a word, a path, a digest, or below an empty line.
#[test]
fn what_stands_behind_a_key_that_lost_its_end() {
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let others: [&[&str]; 9] = [
        &["ok"],
        &["done", "started"],
        &["Started", "Finished"],
        &["/usr/local/bin/app", "/opt/app/bin/python3"],
        &["NullPointerException"],
        &["", "hello"],
        &["4bf92f3577b34da6"],
        &[digest, digest],
        &["", "aB3dEfGh1jKlMn0pQr5t"],
    ];
    for record in RECORDS {
        for key in narrow_keys(&[64, 76]).iter().filter(|key| key.len() > 5) {
            for next in others {
                let lines: Vec<String> = key[..4].iter().cloned().chain(next.iter().map(|&line| line.to_owned())).collect();
                let text = records(record, &lines);
                let document = format!("{BEFORE}{text}\n{AFTER}");
                let out = whole(Limits::default(), document.as_bytes());
                let rest = document.match_indices('\n').nth(BEFORE.matches('\n').count() + 3).map_or("", |(at, _)| &document[at..]);
                assert!(leaks(&out, &key[1..4], &[]).is_empty(), "{}", shown(&out));
                assert!(out.ends_with(rest.as_bytes()), "{next:?} in {}\n{}", shown(document.as_bytes()), shown(&out));
            }
        }
    }
}

/// A label by itself announces nothing that is hex.
#[test]
fn digests_behind_a_label_stay() {
    let mut r = Random::new(17);
    let mut digest = |bytes: usize| r.bytes(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
    for bytes in [16, 20, 32, 64] {
        let lines: Vec<String> = ["-----BEGIN PRIVATE KEY-----".to_owned()].into_iter().chain((0..40).map(|_| digest(bytes))).collect();
        for record in RECORDS {
            check_same(&records(record, &lines));
            check_same(&records(record, &lines.iter().map(|line| line.to_uppercase()).collect::<Vec<_>>()));
        }
    }
}
