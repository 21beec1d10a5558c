//! Bytes written as numbers, in rows of which none is long enough to say what it is; and rows of ordinary numbers.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token};
use support::{check_forms_and, check_same, pieces, shown, whole};

const FORMS: [Form; 6] = [Form::Jws, Form::JwsNested, Form::Jwe, Form::SdJwt, Form::JsonJwsFlat, Form::JwkEc];

/// `write` gives the lines of a token, or of a text that holds it.
#[track_caller]
fn check(write: impl Fn(&mut Random, &Token) -> String) {
    check_forms_and(4, 31, &FORMS, write, |r, document, out| {
        let shown = || format!("\n  in  {}\n  out {}", shown(document), shown(out));
        assert!(out.windows(4).any(|w| w == b"jwt(" || w == b"jwe(" || w == b"jwk("), "nothing is found{}", shown());
        for _ in 0..3 {
            let cut = r.below(document.len());
            assert_eq!(pieces(Limits::default(), document, &[cut]), out, "cut at {cut}{}", shown());
        }
    });
}

/// The bytes of a request with the token in it, or of the token alone.
fn bytes(r: &mut Random, t: &Token) -> Vec<u8> {
    let text = match r.below(3) {
        0 if !t.text.starts_with('{') => format!("GET / HTTP/1.1\r\nAuthorization: Bearer {}\r\nHost: example.com\r\n\r\n", t.text),
        1 if !t.text.starts_with('{') => format!("{{\"name\":\"Jörg\",\"access_token\":\"{}\",\"expires_in\":3600}}", t.text),
        _ => t.text.clone(),
    };
    text.into_bytes()
}

fn rows(bytes: &[u8], count: usize, number: fn(&[u8]) -> String, size: usize, sign: &str, indent: &str) -> String {
    let row = |row: &[u8]| indent.to_owned() + &row.chunks(size).map(number).collect::<Vec<_>>().join(sign);
    bytes.chunks(count).map(row).collect::<Vec<_>>().join(&format!("{}\n", sign.trim_end()))
}

fn pair(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn prefixed(bytes: &[u8]) -> String {
    format!("0x{}", pair(bytes))
}

fn decimal(bytes: &[u8]) -> String {
    bytes.iter().map(u8::to_string).collect()
}

/// `xxd -p -c 20`, and other widths.
#[test]
fn digits_alone() {
    for indent in ["", "    ", "\t"] {
        for count in [16, 17, 18, 20, 22, 23] {
            check(|r, t| rows(&bytes(r, t), count, pair, 1, "", indent));
        }
    }
    check(|r, t| rows(&bytes(r, t), 20, pair, 1, "", "").to_uppercase());
}

/// `JSON.stringify(buffer, null, 2)`, `{:#?}`, `%#v`, a list in YAML.
#[test]
fn one_number_on_each_line() {
    for indent in ["", "    ", "\t\t", "            "] {
        check(|r, t| {
            let list = rows(&bytes(r, t), 1, decimal, 1, ", ", indent);
            format!("{{\n  \"type\": \"Buffer\",\n  \"data\": [\n{list}\n  ]\n}}")
        });
        check(|r, t| format!("[]byte{{\n{},\n}}", rows(&bytes(r, t), 1, prefixed, 1, ", ", indent)));
        check(|r, t| format!("data: [\n{},\n]", rows(&bytes(r, t), 1, decimal, 1, ", ", indent)));
    }
    check(|r, t| format!("data:\n{}", rows(&bytes(r, t), 1, decimal, 1, "", "  - ")));
    check(|r, t| rows(&bytes(r, t), 1, pair, 1, "", ""));
    check(|r, t| rows(&bytes(r, t), 8, pair, 1, " ", "").replace('\n', "\r\n"));
}

/// The marker that takes the place of an array is a value.
#[test]
fn an_array_becomes_a_string() {
    let token = Form::Jws.make(&mut Random::new(7));
    let list = rows(token.text.as_bytes(), 1, decimal, 1, ", ", "    ");
    let out = whole(Limits::default(), format!("{{\n  \"data\": [\n{list}\n  ]\n}}\n").as_bytes());
    let out = String::from_utf8(out).unwrap();
    assert!(
        out.starts_with("{\n  \"data\": [\n    \"jwt(") && out.trim_end().ends_with(")\"\n\n  ]\n}") || out.contains("\"jwt("),
        "{out}"
    );
}

#[test]
fn a_few_bytes_on_each_line() {
    for count in [4, 6, 8, 10, 12] {
        for indent in ["", "  "] {
            check(|r, t| rows(&bytes(r, t), count, prefixed, 1, ", ", indent));
            check(|r, t| rows(&bytes(r, t), count, prefixed, 1, ",", indent));
            check(|r, t| rows(&bytes(r, t), count, pair, 1, " ", indent));
            check(|r, t| rows(&bytes(r, t), count, pair, 1, ":", indent));
            check(|r, t| rows(&bytes(r, t), count, decimal, 1, ", ", indent));
            check(|r, t| rows(&bytes(r, t), count, pair, 2, " ", indent));
        }
        check(|r, t| format!("unsigned char data[] = {{\n{}\n}};", rows(&bytes(r, t), count, prefixed, 1, ", ", "  ")));
        check(|r, t| format!("data: {}", rows(&bytes(r, t), count, pair, 1, " ", "      ").trim_start()));
    }
}

/// String literals in C, Python, JavaScript, a shell, as many bytes on each line as there may be.
#[test]
fn literals_of_escapes() {
    for count in [4, 8, 10, 12, 14, 15, 16] {
        for (head, before, behind, tail) in [
            ("unsigned char buf[] =\n", "\"", "\"", ";"),
            ("unsigned char buf[] =\n", "  \"", "\"", ";"),
            ("buf =  b\"\"\n", "buf += b\"", "\"", ""),
            ("x = ", "  \"", "\" +", ""),
            ("x = ", "  '", "' \\", ""),
            ("", "", "", ""),
        ] {
            check(|r, t| {
                let rows: Vec<String> = bytes(r, t).chunks(count).map(|row| format!("{before}{}{behind}", escaped(row))).collect();
                format!("{head}{}{tail}", rows.join("\n"))
            });
        }
    }
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("\\x{b:02x}")).collect()
}

#[test]
fn rows_of_others_stay() {
    let mut r = Random::new(7);
    let mut digits = |count: usize| pair(&r.bytes(count));
    let lists = [16, 20, 22].map(|count| (0..40).map(|_| digits(count)).collect::<Vec<_>>().join("\n"));
    for list in &lists {
        check_same(list);
        check_same(&list.replace('\n', "\n    "));
    }
    let words = "the quick brown fox jumps over the lazy dog, and the dog does not mind it at all; nor would you, were you as lazy";
    for count in [1, 4, 8, 12, 16, 20] {
        check_same(&rows(words.as_bytes(), count, pair, 1, "", ""));
        check_same(&rows(words.as_bytes(), count, prefixed, 1, ", ", "  "));
        check_same(&rows(words.as_bytes(), count, decimal, 1, ", ", "    "));
    }
    for numbers in [0..40, 32..127, 48..90, 1000..1100, 1990..2030] {
        let numbers: Vec<String> = numbers.map(|n| n.to_string()).collect();
        for sign in [",\n    ", "\n", ",", ", "] {
            check_same(&format!("{{\n  \"counts\": [\n    {}\n  ]\n}}", numbers.join(sign)));
            check_same(&numbers.join(sign));
        }
        for sign in ["\n    - ", ",\n"] {
            check_same(&numbers.chunks(4).map(|row| row.join(", ")).collect::<Vec<_>>().join(sign));
        }
    }
    let escapes = words.as_bytes().chunks(8).map(escaped);
    check_same(&escapes.map(|row| format!("  \"{row}\"\n")).collect::<String>());
    let request = |bytes: &[u8]| format!("203.0.113.7 - - [10/Nov/2026:13:55:36 +0000] \"{}\" 400 226\n", escaped(bytes));
    check_same(&request(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x41\x42").repeat(4));
    check_same(&request(b"GET / HTTP/1.1").repeat(4));
}
