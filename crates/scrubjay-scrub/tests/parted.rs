//! Tokens that were divided where nobody expects it, and marks within what is no plain token: each once got past.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token, base64, base64_url};
use serde_json::json;
use support::{AFTER, BEFORE, cases, check_same, first_seed, shown, whole};

const COMPACT: [Form; 4] = [Form::Jws, Form::JwsNone, Form::Jwe, Form::SdJwt];
const OBJECTS: [Form; 8] = [
    Form::JsonJwsFlat,
    Form::JsonJwsGeneral,
    Form::JsonJweFlat,
    Form::JsonJweGeneral,
    Form::JwkRsa,
    Form::JwkEc,
    Form::JwkOkp,
    Form::JwkOct,
];

/// `write` gives a record of the token, or nothing where that cannot be: none of its secrets is left, and its neighbours are.
#[track_caller]
fn check(forms: &[Form], write: impl Fn(&mut Random, &Token) -> Option<String>) {
    for seed in first_seed()..first_seed() + cases(4) {
        for &form in forms {
            let mut r = Random::new(seed * 37 + form as u64);
            let token = form.make(&mut r);
            let Some(record) = write(&mut r, &token) else { continue };
            let document = format!("{BEFORE}{record}\n{AFTER}");
            let out = whole(Limits::default(), document.as_bytes());
            let found = leaks(&out, &token.secrets, &token.claims);
            let shown = || format!("\n  in  {}\n  out {}", shown(document.as_bytes()), shown(&out));
            assert!(
                seed > first_seed() || !leaks(document.as_bytes(), &token.secrets, &[]).is_empty(),
                "{form:?}: nothing to be found{}",
                shown()
            );
            assert!(found.is_empty(), "seed {seed} {form:?} leaks {:?} {:?}{}", found.runs.first(), found.claims, shown());
            assert!(
                out.starts_with(BEFORE.as_bytes()) && out.ends_with(AFTER.as_bytes()),
                "seed {seed} {form:?}: a neighbour changed{}",
                shown()
            );
        }
    }
}

/// How one byte is written.
type Write = fn(u8) -> String;

fn wrapped(text: &str, width: usize, between: &str) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(width).map(|c| std::str::from_utf8(c).unwrap_or("")).collect();
    lines.join(between)
}

fn each(text: &str, between: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect::<Vec<_>>().join(between)
}

/// As [`wrapped`]; nothing where the name of a key's type is divided, by which alone a short key is found.
fn folded(text: &str, width: usize, between: &str) -> Option<String> {
    let folded = wrapped(text, width, between);
    (folded.contains("kty") == text.contains("kty")).then_some(folded)
}

fn one_line(text: &str) -> String {
    text.split('\n').map(str::trim_start).collect()
}

#[test]
fn objects_are_folded_within_a_name_or_a_value() {
    check(&OBJECTS, |r, t| Some(format!("2026-11-23T12:00:00Z DEBUG key={}", folded(&one_line(&t.text), r.between(64, 110), "\n")?)));
    check(&OBJECTS, |r, t| Some(format!("key: {}", folded(&one_line(&t.text), r.between(64, 110), "\n    ")?)));
    check(&OBJECTS, |r, t| Some(format!(r#"{{"msg":"{}"}}"#, folded(&one_line(&t.text).replace('"', "'"), r.between(30, 90), "\\n")?)));
    check(&OBJECTS, |r, t| {
        Some(format!(r#"{{"msg":"{}"}}"#, folded(&one_line(&t.text), r.between(60, 90), "\\r\\n  ")?.replace('"', "&quot;")))
    });
}

#[test]
fn objects_that_lost_their_beginning() {
    let cut = |t: &Token| Some(t.text.split_once(['{', '\n'])?.1.to_owned());
    check(&OBJECTS[4..], |_, t| Some(format!("…{} n=1", cut(t)?)));
    check(&OBJECTS[..1], |_, t| Some(format!("…{} n=1", cut(t)?)));
    check(&OBJECTS[4..], |_, t| Some(format!(r#"{{"msg":"{}"}}"#, one_line(&cut(t)?).replace('"', "\\\""))));
    check(&OBJECTS, |_, t| Some(format!(r#"{{"msg":"\u007b{}","n":1}}"#, one_line(&t.text)[1..].replace('"', "\\\""))));
    check(&OBJECTS, |_, t| Some(format!(r#"{{"msg":"&#123;{}","n":1}}"#, one_line(&t.text)[1..].replace('"', "\\\""))));
}

#[test]
fn escapes_are_folded_in_their_middle() {
    let writes: [Write; 6] = [
        |b| format!("\\u{b:04x}"),
        |b| format!("\\x{b:02x}"),
        |b| format!("&#{b};"),
        |b| format!("&#x{b:x};"),
        |b| format!("%{b:02X}"),
        |b| format!("\\{b:03o}"),
    ];
    for write in writes {
        check(&COMPACT, |r, t| Some(format!("token: {}", wrapped(&each(&t.text, "", write), r.between(60, 120), "\n"))));
        check(&COMPACT, |r, t| Some(format!("{{\"t\":\"{}\"}}", wrapped(&each(&t.text, "", write), r.between(60, 120), "\n    "))));
    }
}

#[test]
fn lists_are_folded_within_a_number() {
    let lists: [(&str, Write); 5] = [
        (", ", |b| b.to_string()),
        (",", |b| b.to_string()),
        (":", |b| format!("{b:02x}")),
        (" ", |b| format!("{b:02X}")),
        (", ", |b| format!("0x{b:02x}")),
    ];
    for (between, write) in lists {
        check(&COMPACT, |r, t| Some(format!("bytes: {}", wrapped(&each(&t.text, between, write), r.between(60, 120), "\n"))));
    }
}

#[test]
fn marks_stand_within_a_list_of_numbers() {
    for mark in ["\u{200b}", "\u{ad}", "\x1b[31m", "\\u200b", "\\u001b[0m", "&#8203;", "%E2%80%8B"] {
        check(&COMPACT, |r, t| {
            Some(
                format!("x={}", wrapped(&each(&t.text, ", ", |b| format!("0x{b:02x}")), r.between(5, 20), mark))
                    .replace(char::REPLACEMENT_CHARACTER, ""),
            )
        });
        check(&COMPACT, |r, t| Some(format!("x={} y", wrapped(&each(&t.text, ":", |b| format!("{b:02x}")), r.between(4, 20), mark))));
        check(&COMPACT, |r, t| Some(format!("x={} y", wrapped(&each(&t.text, " ", |b| b.to_string()), r.between(4, 20), mark))));
    }
}

#[test]
fn marks_in_escapes_stand_within_other_escapes() {
    for mark in ["\\u200b", "\\u001b[0m", "&#8203;", "%E2%80%8B", "\\x00"] {
        // Within an escape of its own kind a mark is part of that.
        for (sign, write) in [('&', (|b| format!("&#{b};")) as Write), ('%', |b| format!("%{b:02x}"))] {
            if !mark.starts_with(sign) {
                check(&COMPACT, |r, t| Some(format!(r#"{{"t":"{}"}}"#, wrapped(&each(&t.text, "", write), r.between(3, 20), mark))));
            }
        }
        check(&OBJECTS, |r, t| Some(format!(r"t={} n=1", folded(&one_line(&t.text), r.between(3, 20), mark)?)));
    }
}

#[test]
fn words_are_parted_by_tags() {
    check(&COMPACT, |r, t| Some(format!("<p>{}</p>", wrapped(&each(&t.text, "", |b| format!("\\u{b:04x}")), r.between(5, 20), "<wbr>"))));
    check(&OBJECTS, |r, t| Some(format!("<p>{}</p>", folded(&one_line(&t.text), r.between(5, 20), "<wbr/>")?)));
}

#[test]
fn a_jwe_is_cut_behind_its_encrypted_key() {
    check(&[Form::Jwe], |_, t| Some(format!("rest: {} end", t.parts[2..].join("."))));
    check(&[Form::Jwe], |_, t| Some(format!("jwe={}&n=1", t.parts[2..].join("."))));
}

#[test]
fn keys_that_were_cut() {
    let lines = |t: &Token| t.text.lines().map(str::to_owned).collect::<Vec<_>>();
    // The first line of the body has lost its beginning.
    check(&[Form::Pem], |r, t| {
        let mut lines = lines(t);
        lines[1] = lines[1][r.between(1, 60)..].to_owned();
        Some(lines.join("\n"))
    });
    // The marker at the beginning is lost, in one escaped line.
    check(&[Form::Pem], |_, t| Some(format!(r#"{{"key":"{}"}}"#, lines(t)[1..].join("\\n"))));
    check(&[Form::Pem], |_, t| Some(format!(r#"{{"a":"{{\"key\":\"{}\\\\n\"}}"}}"#, lines(t)[2..].join("\\\\n"))));
}

/// The last line of a dump may be as long as the record behind it.
#[test]
fn a_record_of_the_same_width_is_no_part_of_a_dump() {
    let dump = |text: &str| {
        let lines = text.as_bytes().chunks(16).enumerate().map(|(i, chunk)| {
            let hex: Vec<String> = chunk.iter().map(|b| format!("{b:02x}")).collect();
            format!("|{:08x}| {:<47} |{:<16}|", i * 16, hex.join(" "), String::from_utf8_lossy(chunk))
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let record = |text: &str| {
        let width = dump(text).lines().last().map_or(0, str::len);
        let head = "2026-11-23T12:00:02Z INFO next id=";
        format!("{head}{}", "7".repeat(width - head.len()))
    };
    for seed in 0..8 {
        let token = Form::JwsNone.make(&mut Random::new(seed));
        let text = token.text.replace('.', "&shy;.");
        let document = format!("{BEFORE}{}\n{}\n{AFTER}", dump(&text), record(&text));
        let out = whole(Limits::default(), document.as_bytes());
        assert!(out.ends_with(format!("{}\n{AFTER}", record(&text)).as_bytes()), "{}", shown(&out));
        assert!(leaks(&out, &token.secrets, &token.claims).is_empty(), "{}", shown(&out));
    }
}

/// An initialisation vector is noise: now and then it begins like a JSON object. The token ends where its tag does.
#[test]
fn an_iv_that_looks_like_an_object() {
    for iv in ["DXsvOoIxM6Pj7VQU", "eyJhOiIxM6Pj7VQU", "ICB7Im4iOiAxfQAA"] {
        let tag = "Glg3w8FmC8i_MzZpqZvYog";
        let token = format!("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..{iv}.xvknUGqkdHmLPOY7qzeM9l0sHW5SEE9fBGdP7arZhB9aV5Zk.{tag}");
        let out = String::from_utf8(whole(Limits::default(), format!("a {token} b\n").as_bytes())).expect("text");
        assert!(out.starts_with("a jwe(") && out.ends_with(") b\n") && !out.contains(tag), "{out}");
    }
}

/// One line that could go on, and a record behind it that is none of its: a word, a digest, an identifier, a member of JSON.
#[test]
fn a_neighbour_of_a_cut_value_stays() {
    let cut = "x=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6I";
    let whole_token =
        format!("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1MTIzNDU2Nzg5MCJ9.{}", "Nq1r93HkR48cN0D8NK2Rl6KLVD2WskWPWONVfJv34W_".repeat(2));
    let neighbours = [
        "ok",
        "END",
        "shutdown",
        "83bce75f-9c25-4534-ae46-2d420183e297",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "com.example.service.internal.worker",
        "\"next\": \"value\",",
        "2026-11-23T12:00:01Z INFO next",
    ];
    for first in [cut.to_owned(), format!("{whole_token}\\"), format!("{whole_token}\""), format!("{cut}\\")] {
        for neighbour in neighbours {
            let text = format!("start\n{first}\n{neighbour}\nlast\n");
            let out = String::from_utf8(whole(Limits::default(), text.as_bytes())).expect("text");
            assert!(out.ends_with(&format!("\n{neighbour}\nlast\n")), "{first}\n{neighbour}: {out}");
        }
    }
}

/// The last piece of a container's line ends in padding, where quoted-printable would break a line: nothing follows it.
#[test]
fn padding_at_the_end_of_a_container_s_line_is_no_soft_break() {
    let token = format!("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1MTIzNDU2Nzg5MCJ9.{}", "Nq1r93HkR48cN0D8NK2Rl6KLVD2WskWPWONVfJv34W_".repeat(2));
    let head = "2026-11-23T12:00:00.236918770Z stdout ";
    for pad in ["", "A", "AA", "AAA"] {
        let text = base64(format!("{token}{pad}").as_bytes());
        for last in 20..40 {
            let (first, rest) = text.split_at(text.len() - last);
            let text = format!("{head}P {first}\n{head}F {rest}\nok\nGET /x\n");
            let out = String::from_utf8(whole(Limits::default(), text.as_bytes())).expect("text");
            assert!(out.ends_with("\nok\nGET /x\n"), "{text}: {out}");
        }
    }
}

/// A key or a token as an object, with `kid` wherever its own members may hold a text.
fn braced(r: &mut Random, kid: &str) -> Vec<(serde_json::Value, Vec<String>)> {
    let mut secret = |len: usize| base64(&(0..len).map(|_| r.between(0, 255) as u8).collect::<Vec<_>>());
    let (k, d, sig, ct, ek) = (secret(32), secret(32), secret(64), secret(64), secret(32));
    let (header, payload) = (base64(br#"{"alg":"ES256"}"#), base64(br#"{"sub":"jo","n":1}"#));
    let kept = |list: &[&String]| list.iter().map(|&s| s.clone()).collect::<Vec<_>>();
    vec![
        (json!({"kty": "oct", "kid": kid, "k": k}), kept(&[&k])),
        (json!({"kty": "oct", "key_ops": ["sign", kid], "k": k, "kid": 1}), kept(&[&k])),
        (json!({"crv": "P-256", "d": d, "kid": kid, "kty": "EC"}), kept(&[&d])),
        (json!({"alg": kid, "crv": "Ed25519", "d": d, "kty": "OKP", "use": kid}), kept(&[&d])),
        (json!({"header": {"kid": kid}, "payload": payload, "protected": header, "signature": sig}), kept(&[&sig])),
        (json!({"payload": payload, "signatures": [{"header": {"kid": kid}, "protected": header, "signature": sig}]}), kept(&[&sig])),
        (json!({"ciphertext": ct, "iv": "AAAAAAAAAAAAAAAA", "protected": header, "tag": d, "unprotected": {"kid": kid}}), kept(&[&ct])),
        (
            json!({"ciphertext": ct, "iv": "AAAAAAAAAAAAAAAA", "protected": header, "recipients": [{"encrypted_key": ek, "header": {"kid": kid}}]}),
            kept(&[&ct, &ek]),
        ),
    ]
}

const BRACED: [&str; 12] = ["{", "}", "x{", "x}", "}{", "a}b{", "'}", "x\"}", "\\}", "x\",\"}", "{{{{", "plain"];

#[test]
fn braces_within_strings_divide_no_object() {
    let mut r = Random::new(first_seed() + 5);
    for kid in BRACED {
        for (object, secrets) in braced(&mut r, kid) {
            // Names in this order: serde_json writes them sorted.
            let records = [
                json!({"a": 1, "jwk": object, "z": 2}),
                json!({"a": kid, "jwk": object, "z": 2}),
                json!({"a": 1, "jwk": object, "z": kid}),
            ];
            for record in records {
                let mut text = record.to_string();
                for layer in 0..3 {
                    for before in ["", "it's \"odd ", "\"a\":\"", "{\"a\":\""] {
                        let line = format!("{before}{text}\n");
                        let out = whole(Limits::default(), line.as_bytes());
                        let shown = || format!("\n  in  {line}  out {}", shown(&out));
                        let found = leaks(&out, &secrets, &[]);
                        assert!(found.is_empty(), "leaks {:?}{}", found.runs.first(), shown());
                        assert!(whole(Limits::default(), &out) == out, "twice is not once{}", shown());
                        // A quote within the string: what is read without its escapes may end elsewhere.
                        if !before.is_empty() || kid.contains('"') {
                            continue;
                        }
                        let mut value: serde_json::Value = serde_json::from_slice(&out).unwrap_or_else(|e| panic!("{e}{}", shown()));
                        for _ in 0..layer {
                            value =
                                value["log"].as_str().and_then(|s| serde_json::from_str(s).ok()).unwrap_or_else(|| panic!("{}", shown()));
                        }
                        assert!(value["a"] == record["a"] && value["z"] == record["z"], "a neighbour changed{}", shown());
                    }
                    text = json!({"log": text, "s": 1}).to_string();
                }
            }
        }
    }
}

/// The issuer's JWT, its disclosures and the key binding JWT, each on a line of its own or in a list: those without a `~` were
/// no disclosures.
#[test]
fn an_sd_jwt_whose_parts_stand_by_themselves() {
    let layouts: [fn(&[String]) -> String; 5] = [
        |parts| parts.join("\n"),
        |parts| parts.iter().enumerate().map(|(i, part)| format!("{i}: {part}")).collect::<Vec<_>>().join("\n"),
        |parts| parts.iter().map(|part| format!("  - {part}")).collect::<Vec<_>>().join("\n"),
        |parts| json!({ "level": "info", "parts": parts }).to_string(),
        |parts| serde_json::to_string_pretty(&json!(parts)).unwrap(),
    ];
    for (layout, head) in layouts.iter().flat_map(|layout| ["", "2026-11-23 12:00:00,123 DEBUG com.acme.Auth: "].map(|head| (layout, head)))
    {
        for divide in [|text: &str| text.replace('~', "~\n"), |text: &str| text.replace('~', "\n~"), |text: &str| text.replace('~', "\n")] {
            check(&[Form::SdJwt, Form::SdJwtBound], |_, t| {
                let parts: Vec<String> = divide(&t.text).lines().map(str::to_owned).collect();
                let record = layout(&parts).lines().map(|line| format!("\n{head}{line}")).collect::<String>();
                let once = whole(Limits::default(), record.as_bytes());
                assert_eq!(shown(&whole(Limits::default(), &once)), shown(&once), "of {record}");
                Some(record)
            });
        }
    }
}

/// Base64 of arrays without a salt, or of two elements by themselves, as pages of a list have it.
#[test]
fn arrays_in_base64_that_are_no_disclosures() {
    let url = |text: &str| base64_url(text.as_bytes());
    for array in [
        r#"["2026-11-28T10:00:00.000Z", "next", 50]"#,
        r#"["550e8400-e29b-41d4-a716-446655440000", "created_at", 1795000000]"#,
        r#"["6hQ2vRk0Yt9LmZpXcWb3Na", 1795000000]"#,
        r#"["6hQ2vRk0Yt9LmZpXcWb3Na", 1795000000, "asc"]"#,
        r#"["a sentence of Several words 123", "name", "value"]"#,
        r#"["6hQ2vRk0Yt9LmZpXcWb3Na", "name", "value", 4]"#,
    ] {
        check_same(&format!("GET /items?after={}&limit=50", url(array)));
        check_same(&json!({ "pageInfo": { "startCursor": url(array), "endCursor": url(array) } }).to_string());
    }
    check_same(&format!("cursor={}=", url(r#"["6hQ2vRk0Yt9LmZpXcWb3Na", "name", 17]"#)));
}
