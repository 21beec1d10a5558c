//! Values whose lines are all framed alike, by whoever shows them and by whoever carries them on; and ordinary lines that are.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token};
use support::{AFTER, BEFORE, cases, check_same, first_seed, shown, whole};

/// How a carrier frames each line: its number, and the line.
type Frame = fn(usize, &str) -> String;

const FRAMES: [Frame; 7] = [
    |_, line| line.to_owned(),
    |_, line| format!("> {line}"),
    |_, line| format!("+{line}"),
    |i, line| format!("{}:{line}", i + 9),
    |i, line| format!("2026-11-23 12:00:{:02} INFO {line}", i % 60),
    |i, line| format!("2026-11-23T12:00:00.{i:09}Z stdout F {line}"),
    |i, line| format!(r#"{{"log":"{}\n","stream":"stdout","time":"2026-11-23T12:00:00.{i:09}Z"}}"#, in_docker(line)),
];

/// A line as Docker writes it.
fn in_docker(line: &str) -> String {
    let escapes = [("\\", "\\\\"), ("\"", "\\\""), ("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\x1b", "\\u001b")];
    escapes.iter().fold(line.to_owned(), |line, (from, to)| line.replace(from, to))
}

fn framed(text: &str, frame: Frame) -> String {
    text.lines().enumerate().map(|(i, line)| frame(i, line)).collect::<Vec<_>>().join("\n")
}

/// Lines of a width, each between `head` and `tail`.
fn lines(text: &str, width: usize, head: &str, tail: &str) -> String {
    let line = |chars: &[u8]| format!("{head}{}{tail}", String::from_utf8_lossy(chars));
    text.as_bytes().chunks(width).map(line).collect::<Vec<_>>().join("\n")
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

/// `write` gives the lines of a token.
#[track_caller]
fn check(write: impl Fn(&mut Random, &Token) -> String) {
    for frame in FRAMES {
        for seed in first_seed()..first_seed() + cases(4) {
            for form in [Form::Jws, Form::JwsNested, Form::Jwe] {
                let mut r = Random::new(seed * 31 + form as u64);
                let token = form.make(&mut r);
                let document = format!("{BEFORE}{}\n{AFTER}", framed(&write(&mut r, &token), frame));
                let out = whole(Limits::default(), document.as_bytes());
                let found = leaks(&out, &token.secrets, &token.claims);
                let shown = || format!("\n  in  {}\n  out {}", shown(document.as_bytes()), shown(&out));
                assert!(found.is_empty(), "seed {seed} {form:?} leaks {:?} {:?}{}", found.runs.first(), found.claims, shown());
                assert!(out.starts_with(BEFORE.as_bytes()) && out.ends_with(AFTER.as_bytes()), "a neighbour changed{}", shown());
                let lines = |text: &[u8]| text.iter().filter(|&&b| b == b'\n').count();
                assert_eq!(lines(&out), lines(document.as_bytes()), "lines{}", shown());
            }
        }
    }
}

/// A width that leaves two full lines at least.
fn width(r: &mut Random, t: &Token) -> usize {
    let least = if t.text.starts_with('e') { 40 } else { 48 };
    r.between(least, 76.min(t.text.len() / 2).max(least))
}

#[test]
fn what_stands_at_the_end_of_each_line() {
    for tail in ["<br>", "<br/>", "$", "^M$", " |", "|", " \\", "\x1b[0m", "&#10;", "  ", "\\n", "¶"] {
        check(|r, t| lines(&t.text, width(r, t), "", tail));
        check(|r, t| format!("token: {}", lines(&t.text, width(r, t), "", tail)));
    }
}

#[test]
fn what_stands_around_each_line() {
    for (head, tail) in [("| ", " |"), ("<p>", "</p>"), ("\x1b[32m", "\x1b[0m"), ("- ", ""), ("sb.append(\"", "\");"), ("key: ", "")] {
        check(|r, t| lines(&t.text, width(r, t), head, tail));
    }
}

#[test]
fn lines_that_empty_ones_part() {
    check(|r, t| lines(&t.text, width(r, t), "", "\n"));
    check(|r, t| format!("token: {}", lines(&t.text, width(r, t), "", "\n")));
}

/// Quotes say that what is in them is one piece, however short it is.
#[test]
fn literals_of_a_small_width() {
    for (head, tail) in [("  u8\"", "\""), ("  rb'", "'"), ("  `", "` +"), ("  \"", "\","), ("  \"", "\\n\"")] {
        check(|r, t| lines(&t.text, if t.text.starts_with('e') { r.between(24, 40) } else { 48 }, head, tail));
    }
}

#[test]
fn rows_of_hex() {
    for (width, head, tail) in [(48, "", ""), (48, "hex: ", ""), (60, "hex: ", ""), (128, "hex: ", ""), (48, "| ", " |")] {
        check(|_, t| lines(&hex(&t.text), width, head, tail));
    }
}

/// Bytes in rows, each behind what carries it.
#[test]
fn rows_of_numbers() {
    type Number = fn(&u8) -> String;
    let writings: [(Number, &str, usize); 3] =
        [(|b| format!("0x{b:02x}"), ", ", 12), (|b| format!("{b:02x}"), " ", 16), (u8::to_string, ", ", 16)];
    for (number, sign, count) in writings {
        check(|_, t| {
            let row = |bytes: &[u8]| bytes.iter().map(number).collect::<Vec<_>>().join(sign);
            t.text.as_bytes().chunks(count).map(row).collect::<Vec<_>>().join(&format!("{}\n", sign.trim_end()))
        });
    }
}

/// Lines of others that are framed alike: words, digests, identifiers, text in hex.
#[test]
fn lines_of_others_stay() {
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b";
    let id = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    let text = hex("the job of the day is done");
    let row = format!("{digest} the job is done");
    let numbers = "32, 47, 58, 96, 104, 48, 59, 97, 105, 49, 60, 98, 106, 50, 61, 99,";
    let pairs = "9f 86 d0 81 88 4c 7d 65 9a 2f ea a0 c5 5a d0 15";
    for line in ["the job of the day has been done", digest, id, &row, &text, numbers, pairs] {
        for (head, tail) in [("", "<br>"), ("", "$"), ("| ", " |"), ("", "\x1b[0m"), ("\"", "\","), ("", "\n"), ("commit ", ""), ("", "")] {
            for frame in FRAMES {
                check_same(&framed(&format!("{head}{line}{tail}\n").repeat(4), frame));
            }
        }
    }
}

/// What is framed like the beginning of a token and cannot be more of it stays, be it as long.
#[test]
fn lines_behind_a_cut_token_stay() {
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    for seed in first_seed()..first_seed() + cases(8) {
        let token = Form::Jws.make(&mut Random::new(seed)).text;
        for (cut, tail) in [(40, "<br>"), (44, "$"), (48, " |"), (57, "\x1b[0m")] {
            let record = "the job of the day has been done, id=17, all is well, and so it was";
            for next in [&record[..cut], &digest[..cut], "com.example.service.impl.ThingThatIsDone", "started"] {
                let behind = format!("{next}{tail}\n{next}{tail}\n{AFTER}");
                let document = format!("{BEFORE}{}{tail}\n{behind}", &token[..cut]);
                let out = String::from_utf8(whole(Limits::default(), document.as_bytes())).unwrap();
                assert!(out.ends_with(&format!("\n{behind}")), "{out}");
            }
        }
    }
}

/// A list below a token that is cut is no rest of it, whatever it is made of.
#[test]
fn lists_below_a_cut_token_stay() {
    let id = |n: usize| {
        "C81Fedy1BA8d1Ad0E_9AAf_cEcAEdeEEEdaA8fyD-9Ca0z_c8zax98exAF1cDfzz".chars().cycle().skip(n * 7).take(64).collect::<String>()
    };
    for head in ["- ", "id: ", "  - \"", "<li>"] {
        for token in
            ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkFsbWEgQm9yaXMifQ", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0"]
        {
            let list: String = (0..5).map(|n| format!("{head}{}\n", id(n))).collect();
            let out = String::from_utf8(whole(Limits::default(), format!("{BEFORE}tok={token}\n{list}{AFTER}").as_bytes())).unwrap();
            assert!(out.contains("tok=jwt(") && out.ends_with(&format!("\n{list}{AFTER}")), "{out}");
        }
    }
}
