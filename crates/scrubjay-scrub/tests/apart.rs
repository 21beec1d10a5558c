//! Tokens whose text somebody divided or wrote in numbers: concatenations, tables, chunks, parts, dumps of many tools; and
//! what looks like it and stays.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token, base64_url};
use support::{AFTER, BEFORE, cases, check_same, first_seed, pieces, shown, whole};

const COMPACT: [Form; 5] = [Form::Jws, Form::JwsNested, Form::JwsNone, Form::Jwe, Form::JweDirect];

/// `write` gives the text before and behind the token's, and the token's: nothing of it stays, and the two stay.
#[track_caller]
fn check(forms: &[Form], write: impl Fn(&mut Random, &Token) -> [String; 3]) {
    for seed in first_seed()..first_seed() + cases(8) {
        for &form in forms {
            let mut r = Random::new(seed * 31 + form as u64);
            let token = form.make(&mut r);
            let [before, text, behind] = write(&mut r, &token);
            let document = format!("{BEFORE}{before}{text}{behind}\n{AFTER}");
            let out = whole(Limits::default(), document.as_bytes());
            let found = leaks(&out, &token.secrets, &token.claims);
            let shown = || format!("\n  in  {}\n  out {}", shown(document.as_bytes()), shown(&out));
            assert!(found.is_empty(), "seed {seed} {form:?} leaks {:?} {:?}{}", found.runs.first(), found.claims, shown());
            assert!(out.starts_with(format!("{BEFORE}{before}").as_bytes()), "seed {seed} {form:?}: what stands before changed{}", shown());
            assert!(out.ends_with(format!("{behind}\n{AFTER}").as_bytes()), "seed {seed} {form:?}: what stands behind changed{}", shown());
            let lines = |text: &[u8]| text.iter().filter(|&&b| b == b'\n').count();
            assert_eq!(lines(&out), lines(document.as_bytes()), "seed {seed} {form:?}: lines{}", shown());
            let cut = r.between(1, document.len() - 1);
            assert_eq!(pieces(Limits::default(), document.as_bytes(), &[cut]), out, "seed {seed} {form:?}: cut at {cut}{}", shown());
        }
    }
}

/// `text` with the token whole in it: nothing but the token changes.
#[track_caller]
fn check_around(before: &str, token: &str, behind: &str) {
    let out = whole(Limits::default(), format!("{BEFORE}{before}{token}{behind}\n{AFTER}").as_bytes());
    let text = String::from_utf8_lossy(&out).into_owned();
    assert!(!text.contains(token) && text.starts_with(&format!("{BEFORE}{before}")), "{text}");
    assert!(text.ends_with(&format!("{behind}\n{AFTER}")), "{text}");
}

fn divided(text: &str, width: usize, between: &str) -> String {
    let pieces: Vec<&str> = text.as_bytes().chunks(width).map(|c| std::str::from_utf8(c).unwrap_or("")).collect();
    pieces.join(between)
}

/// A width of at least `least`. What does not begin with the brace of its header is seen from 47 bytes on.
fn width(r: &mut Random, t: &Token, least: usize) -> usize {
    r.between(if t.text.starts_with('e') { least } else { least.max(48) }, 120)
}

fn parts(before: &str, text: String, behind: &str) -> [String; 3] {
    [before.to_owned(), text, behind.to_owned()]
}

#[test]
fn literals_of_one_line() {
    for gap in ["\" + \"", "\"+\"", "\" . \"", "\" & \"", "\" .. \"", "\" <> \"", "\" || \"", "\" \"", "\", \"", "\",\"", "\" + b\""] {
        check(&COMPACT, |r, t| parts("t = [\"", divided(&t.text, width(r, t, 30), gap), "\"]; n = 1"));
    }
    check(&COMPACT, |r, t| parts("SELECT '", divided(&t.text, width(r, t, 30), "' || '"), "' FROM t;"));
    check(&COMPACT, |r, t| parts("h = {\"Authorization\": \"Bearer ", divided(&t.text, width(r, t, 30), "\" + \""), "\"} # x"));
    check(&COMPACT, |r, t| parts("{\"code\":\"t = \\\"", divided(&t.text, width(r, t, 30), "\\\" + \\\""), "\\\";\",\"n\":1}"));
}

/// Strings of a TXT record of DNS (RFC 1035 §3.3.14), of which each has at most 255 bytes.
#[test]
fn strings_of_dns() {
    check(&[Form::Jws, Form::Jwe, Form::SdJwt], |r, t| {
        let gap = *r.pick(&["\" \"", "\"\t\""]);
        let before = *r.pick(&["x.example. 300 IN TXT \"", "\"t="]);
        parts(before, divided(&t.text, 255, gap), "\"")
    });
}

#[test]
fn literals_of_several_lines() {
    for gap in ["' ||\n       '", "' <>\n  '", "',\n    '", "'\n    || '"] {
        check(&COMPACT, |r, t| parts("t = ['", divided(&t.text, width(r, t, 48), gap), "'] -- end"));
    }
    for (before, gap) in [("$T=", "`\n"), ("set T=", "^\n")] {
        check(&COMPACT, |r, t| parts(before, divided(&t.text, width(r, t, 48), gap), ""));
    }
}

#[test]
fn json_of_chunks_stays_json() {
    let token = Form::Jws.make(&mut Random::new(3));
    let out = whole(Limits::default(), format!("{{\"t\":[\"{}\"],\"n\":1}}\n", divided(&token.text, 60, "\", \"")).as_bytes());
    let out = String::from_utf8_lossy(&out).into_owned();
    assert!(
        out.starts_with("{\"t\":[\"jwt(") && out.ends_with(")\", \"\", \"\"],\"n\":1}\n") || out.ends_with("\"\"],\"n\":1}\n"),
        "{out}"
    );
}

#[test]
fn rows_of_a_terminal_and_lines_of_a_difference() {
    check(&COMPACT, |r, t| parts("$ export T=", divided(&t.text, width(r, t, 70), " \r"), ""));
    check(&COMPACT, |r, t| {
        let width = width(r, t, 60);
        parts("+  token: |\n+", divided(&t.text, width, "\n+"), "\n+next: 1")
    });
    check(&COMPACT, |r, t| {
        let (width, mark) = (*r.pick(&[68, 70, 76]), *r.pick(&[">> ", "> > ", "> "]));
        let head = "token: ";
        let (a, b) = t.text.split_at(width - head.len());
        parts(&format!("{mark}{head}"), format!("{a}\n{mark}{}", divided(b, width, &format!("\n{mark}"))), &format!("\n{mark}bye"))
    });
}

fn table(text: &str, width: usize, bar: &str, first: &str, last: &str) -> String {
    let cells: Vec<String> = text
        .as_bytes()
        .chunks(width)
        .enumerate()
        .map(|(i, c)| {
            let name = if i == 0 { first.to_owned() } else { " ".repeat(first.len()) };
            format!(
                "{bar} {name} {bar} {:<width$} {bar}{}",
                String::from_utf8_lossy(c),
                if last.is_empty() { String::new() } else { format!(" {:<2} {bar}", if i == 0 { last } else { "" }) }
            )
        })
        .collect();
    cells.join("\n")
}

#[test]
fn tables() {
    for bar in ["|", "│", "┃"] {
        for last in ["", "7"] {
            check(&COMPACT, |r, t| {
                let width = width(r, t, 30);
                let rule = format!("+----+{}+", "-".repeat(width + 2));
                parts(&format!("{rule}\n"), table(&t.text, width, bar, "id", last), &format!("\n{rule}"))
            });
        }
    }
    // psql wraps in the margins.
    check(&[Form::Jws, Form::Jwe], |r, t| {
        let width = width(r, t, 40);
        parts(" 1 | ", divided(&t.text, width, ".\n   |."), "\n(1 row)")
    });
}

#[test]
fn arguments_of_the_audit_log() {
    check(&COMPACT, |r, t| {
        let (a, b) = t.text.split_at(r.between(40, t.text.len() - 20));
        parts("type=EXECVE msg=audit(1732780800.123:45): argc=2 a0=\"curl\" a1_len=700 a1[0]=", format!("{a} a1[1]={b}"), "")
    });
}

#[test]
fn chunks_of_http() {
    check(&COMPACT, |r, t| {
        let at = r.between(48, t.text.len() / 2);
        let (a, b) = t.text.split_at(at);
        let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
        parts("HTTP/1.1 200 OK\r\n\r\n", format!("{}{}0\r\n\r", chunk(&format!("{{\"t\":\"{a}")), chunk(&format!("{b}\"}}"))), "")
    });
}

#[test]
fn parts_one_by_one() {
    for names in [
        ["", "", ""],
        ["header: ", "payload: ", "signature: "],
        ["HEADER=", "CLAIMS=", "SIG="],
        ["DEBUG jwt: h=", "DEBUG jwt: p=", "DEBUG jwt: s="],
    ] {
        check(&[Form::Jws, Form::JwsNested], |r, t| {
            let [h, p, s] = [&t.parts[0], &t.parts[1], &t.parts[2]];
            // Too short to be seen by its length.
            if h.len() < 48 && !h.starts_with('e') {
                return parts("", t.text.clone(), "");
            }
            let gap = *r.pick(&["\n", "\r\n", if names[0].is_empty() { "\n" } else { " " }]);
            parts(names[0], format!("{h}{gap}{}{p}{gap}{}{s}", names[1], names[2]), "")
        });
    }
    // With the key binding JWT, which has parts of its own.
    check(&[Form::SdJwtBound], |_, t| parts("DEBUG jwt: h=", t.text.split('.').collect::<Vec<_>>().join(" p="), ""));
    check(&[Form::Jws], |_, t| parts("signing input: ", format!("{}.{}\nsignature: {}", t.parts[0], t.parts[1], t.parts[2]), ""));
    for (open, gap, close) in [("['", "', '", "']"), ("[\"", "\",\"", "\"]"), ("", "\n", ""), ("parts: ", "\nnext: ", "")] {
        check(&[Form::Jwe, Form::JweDirect], |_, t| {
            let seen = t.text.starts_with('e') || t.parts[0].len() > 47;
            parts(open, t.parts.join(if seen { gap } else { "." }), close)
        });
    }
}

/// Broken before its dots or behind them. A payload is one by its place, whatever claims it has: Keycloak writes `typ`.
#[test]
fn parts_with_their_dots() {
    let more: [(&str, &str); 4] = [("scope", "openid"), ("typ", "Bearer"), ("enc", "x"), ("alg", "y")];
    for (name, value) in more {
        for gap in ["\n.", "\n  .", "\r\n.", "\n"] {
            check(&[Form::Jws], |r, _| {
                let header = base64_url(format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{}"}}"#, r.word(9)).as_bytes());
                let claims = format!(r#"{{"jti":"{}","{name}":"{value}","n":"{}"}}"#, r.word(12), r.word(20));
                let signature = base64_url(&r.bytes(64));
                parts("token:\n", [header, base64_url(claims.as_bytes()), signature].join(gap), "")
            });
        }
        for gap in [".\n", ".\n  ", " . "] {
            check(&[Form::Jws], |r, _| {
                let header = base64_url(format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{}"}}"#, r.word(9)).as_bytes());
                let claims = format!(r#"{{"iat":1767747268,"jti":"{}","sub":"jo","{name}":"{value}","n":"{}"}}"#, r.word(12), r.word(20));
                let signature = base64_url(&r.bytes(64));
                parts("token: ", [header, base64_url(claims.as_bytes()), signature].join(gap), "")
            });
        }
    }
    for name in [".well-known/openid-configuration", ".Ab3dEf6hIj9lMnOpQrStUv", "-rw-r--r-- .Xauthority-n.a12b3C4d5E6f7G8h", ".eyJhIjoxfQ"]
    {
        check_same(&format!("eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9\n{name}\n{name}"));
    }
}

fn rows(text: &[u8], width: usize, row: impl Fn(usize, &[u8]) -> String) -> String {
    text.chunks(width).enumerate().map(|(i, c)| row(i * width, c)).collect::<Vec<_>>().join("\n")
}

fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(between)
}

/// The bytes with a hyphen in the middle of sixteen.
fn halves(c: &[u8]) -> String {
    if c.len() > 8 { format!("{}-{}", hex(&c[..8], " "), hex(&c[8..], " ")) } else { hex(c, " ") }
}

#[test]
fn dumps_of_openssl_gnutls_windbg_gdb_od() {
    let text = |t: &Token| format!("GET / HTTP/1.1\r\nAuthorization: Bearer {}\r\n\r\n", t.text).into_bytes();
    let shown = |c: &[u8]| c.iter().map(|&b| if b < 32 { '.' } else { b as char }).collect::<String>();
    check(&COMPACT, |_, t| {
        parts("write (517 bytes)\n", rows(&text(t), 16, |at, c| format!("{at:04x} - {:<47}   {}", halves(c), shown(c))), "")
    });
    check(&COMPACT, |_, t| parts("|<9>| read:\n", rows(&text(t), 16, |at, c| format!("|<9>| {at:04x} - {}", hex(c, " "))), ""));
    check(&COMPACT, |_, t| {
        parts("0:000> db\n", rows(&text(t), 16, |at, c| format!("0000019c`{at:08x}  {:<47}  {}", halves(c), shown(c))), "")
    });
    check(&COMPACT, |_, t| {
        let row = |at: usize, c: &[u8]| format!("0x7ffe{at:08x} <buffer+{at}>:\t0x{}", hex(c, "\t0x"));
        parts("(gdb) x/400xb\n", rows(&text(t), 8, row), "")
    });
    check(&COMPACT, |_, t| {
        let turned =
            |c: &[u8], n: usize| c.chunks(n).map(|w| w.iter().rev().map(|b| format!("{b:02x}")).collect::<String>()).collect::<Vec<_>>();
        let mut text = text(t);
        text.resize(text.len().next_multiple_of(16), 0);
        match t.text.len() % 3 {
            0 => parts("hexdump:\n", rows(&text, 16, |at, c| format!("{at:07x} {}", turned(c, 2).join(" "))), ""),
            1 => parts("od:\n", rows(&text, 16, |at, c| format!("{at:07o} {}", turned(c, 2).join(" "))), ""),
            _ => parts("x/4xw:\n", rows(&text, 16, |at, c| format!("0x{at:012x}:\t0x{}", turned(c, 4).join("\t0x"))), ""),
        }
    });
}

#[test]
fn hex_of_one_width_behind_a_name() {
    check(&COMPACT, |_, t| parts("2026-11-23 INFO body=", divided(&hex(t.text.as_bytes(), ""), 60, "\n"), ""));
    check(&[Form::JwkEc, Form::JwkOct], |_, t| {
        parts("2026-11-23 INFO body=", divided(&hex(t.text.replace('\n', "").as_bytes(), ""), 60, "\n"), "")
    });
}

#[test]
fn a_list_of_numbers_ends_at_the_next_field() {
    check(&COMPACT, |r, t| {
        let between = *r.pick(&[" ", ":", "-"]);
        parts("4,", hex(t.text.as_bytes(), between), ",2026-11-28")
    });
    check(&COMPACT, |_, t| parts("x ", t.text.bytes().map(|b| b.to_string()).collect::<Vec<_>>().join(", "), " 2026-11-28"));
    check(&COMPACT, |_, t| {
        let list: Vec<String> = t.text.bytes().map(|b| b.to_string()).collect();
        let lines: Vec<String> = list.chunks(16).map(|c| c.join(", ")).collect();
        parts("{\n  \"data\": [\n    ", lines.join(",\n    "), "\n  ],\n  \"n\": 1\n}")
    });
}

#[test]
fn what_only_looks_divided_stays() {
    let token = Form::Jws.make(&mut Random::new(7)).text;
    let cut = &token[..token.len() - 60];
    // A token that is whole has no next literal, row or chunk.
    check_around("a = [\"", &token, "\", \"Zm9vYmFyQmF6MTIz\", \"second\"]");
    check_around("a = \"", &token, "\" + \"Zm9vYmFyQmF6MTIz\"");
    check_around("| id | ", &token, " |\n|    | Zm9vYmFyQmF6MTIz |");
    check_around("$ T=", &token, " \rZm9vYmFyQmF6MTIz");
    check_around("t=", &token, "`\nZm9vYmFyQmF6MTIz");
    check_around("{\"a\":\"", &token, "\",\"b\":\"Zm9vYmFyQmF6MTIz\"}");
    // Nor has one that is cut, where nothing but a comma says so.
    check_around("a = [\"", cut, "\", \"Zm9vYmFyQmF6MTIz\", \"second\"]");
    check_around("{\"a\":\"", cut, "\",\"b\":\"Zm9vYmFyQmF6MTIz\"}");
    // Values of one length are several values.
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    for text in [
        format!("Key={digest}\n{digest}\nKey={digest}"),
        "eyJhbGciOiJYWVoifQ\neyJlbmMiOiJYWVoifQ".to_owned(),
        "eyJhbGciOiJIUzI1NiJ9\neyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9\nk5HibI_uLn_RTuPcaCNkaVaQH2y5q6GvJg8GPpGMRwQ".to_owned(),
    ] {
        check_same(&text);
    }
    check_around(
        "",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0",
        &format!("\n{{\"alg\":\"HS256\"}}.{{\"name\":\"Jon Doe\"}}.{}", &token[token.len() - 43..]),
    );
    check_around("(", cut, "\nZm9vYmFyQmF6MTIz\nnext");
    for text in [
        format!("files = [\"{digest}\", \"{digest}\", \"Zm9vYmFyQmF6MTIzNDU2Nzg5\"]"),
        "{\n  \"integrity\": [\n    \"sha256-Zm9vYmFyQmF6MTIzNDU2Nzg5\",\n    \"sha256-QmF6MTIzNDU2Nzg5Zm9vYmFy\"\n  ]\n}".to_owned(),
        format!("| image | {digest} |\n|       | {digest} |\n| app   | Zm9vYmFyQmF6MTIzNDU2Nzg5Zm9vYmFyQmF6MTIzNDU2Nzg5Zm9vYmFyQmF6MTIz |"),
        "SELECT 'eyJuZXh0IjoxfQ' || '-' || id FROM cursors WHERE name = 'Zm9vYmFyQmF6MTIz' || 'QmF6'".to_owned(),
        format!("Serial Number:\n    {}\nModulus:\n    00:{}:\n    {}\n", hex(&[0x65; 16], ":"), hex(&[0xb3; 15], ":"), hex(&[0x4a; 15], ":")),
        "link/ether 65:79:4a:68:62:47 brd ff:ff:ff:ff:ff:ff\ninet6 fe80::6579:4a68:6247:6369/64 scope link\ninet6 2001:db8:6579:4a68:6247:6369:4f69:4a49/128".to_owned(),
        format!("{}\n", rows(b"GET /index.html HTTP/1.1\r\nHost: example.com\r\n", 16, |at, c| format!("{at:04x} - {:<47}   text", halves(c)))),
        format!("{}\n", rows(b"the quick brown fox jumps over the lazy dog again", 16, |at, c| format!("{at:07x} {}", hex(c, " ")))),
        "header: eyJuZXh0IjoxfQ\npayload: eyJuZXh0IjoxfQ\nsignature: Zm9vYmFyQmF6MTIzNDU2Nzg5Zm9vYmFyQmF6MTIzNDU2".to_owned(),
        "header: eyJhbGciOiJIUzI1NiJ9\nnext line of another writer\nZm9vYmFyQmF6MTIzNDU2Nzg5Zm9vYmFyQmF6MTIzNDU2".to_owned(),
        "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n5\r\nhello\r\n0\r\n\r".to_owned(),
        "-- 2026-11-28\n+++ b/config.yml\n+  digest: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n+  name: x".to_owned(),
    ] {
        check_same(&text);
    }
}
