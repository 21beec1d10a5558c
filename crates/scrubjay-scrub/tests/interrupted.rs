//! Compact tokens that something short interrupts within a line, and neighbours between which the same stands.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token, base64_url};
use support::{AFTER, BEFORE, cases, check_same, first_seed, shown, whole};

const FORMS: [Form; 3] = [Form::Jws, Form::JwsNested, Form::Jwe];

#[track_caller]
fn check(write: impl Fn(&mut Random, &Token) -> String) {
    for seed in first_seed()..first_seed() + cases(8) {
        for form in FORMS {
            let mut r = Random::new(seed * 31 + form as u64);
            let token = form.make(&mut r);
            let document = format!("{BEFORE}{} end\n{AFTER}", write(&mut r, &token));
            let out = whole(Limits::default(), document.as_bytes());
            let found = leaks(&out, &token.secrets, &token.claims);
            let stays = out.starts_with(BEFORE.as_bytes()) && out.ends_with(format!(" end\n{AFTER}").as_bytes());
            let shown = || format!("\n  in  {}\n  out {}", shown(document.as_bytes()), shown(&out));
            assert!(found.is_empty() && stays, "seed {seed} {form:?} leaks {:?}{}", found.runs.first(), shown());
        }
    }
}

fn pieces(text: &str, width: usize, between: &str) -> String {
    text.as_bytes().chunks(width).map(String::from_utf8_lossy).collect::<Vec<_>>().join(between)
}

#[test]
fn pieces_of_one_width_with_the_same_between_them() {
    for between in ["\r", " ", "\t", "\\t", "<br>", "&nbsp;", "\u{a0}", "\u{2028}", "]]><![CDATA[", "|", "\"\"", "`n"] {
        check(|r, t| format!("tok={}", pieces(&t.text, r.between(24, 100), between)));
    }
}

#[test]
fn lines_of_any_width_in_one_string() {
    for (between, width) in [("\\n", 20), ("\\\\n", 20), ("%0A", 48), ("&#10;", 48)] {
        check(|r, t| format!("{{\"access_token\": \"{}\", \"n\":1}}", pieces(&t.text, r.between(width, 57), between)));
    }
}

#[test]
fn marks_in_pairs_around_a_part() {
    let link = ("\x1b]8;;http://x/y?z=1\x1b\\", "\x1b]8;;\x1b\\");
    let hit = ("@kibana-highlighted-field@", "@/kibana-highlighted-field@");
    for (begin, end) in [("<em>", "</em>"), ("<b class='x'>", "</b>"), ("**", "**"), ("\\u003cem\\u003e", "\\u003c/em\\u003e"), hit, link] {
        check(|r, t| {
            let at = r.between(20, t.text.len() - 40);
            let (a, rest) = t.text.split_at(at);
            let (b, c) = rest.split_at(r.between(1, 20));
            format!("{{\"hit\":\"token {a}{begin}{b}{end}{c} x\"}}")
        });
    }
}

#[test]
fn what_stands_beside_a_value_stays() {
    for seed in 0..cases(8) {
        let r = &mut Random::new(seed);
        let token = Form::Jws.make(r).text;
        let other = base64_url(&(0..64).map(|_| r.between(0, 255) as u8).collect::<Vec<_>>());
        let cut = &token[..token.len() / 2];
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for (value, behind) in [
            (token.as_str(), format!(" {other} {other}")),
            (&token, format!("|{other}|{other}|")),
            (&token, format!("</td><td>{other}</td><td>{other}</td>")),
            (&token, format!("**{other}**{other}")),
            (cut, format!(" {digest} {digest}")),
            (cut, format!(",{other},{other}")),
            (cut, format!("\",\"{other}\",\"{other}\"")),
            (cut, " the request was refused by the upstream server".to_owned()),
            (cut, format!("</b> <b>{other}</b>")),
        ] {
            let text = format!("{BEFORE}t={value}{behind}\n{AFTER}");
            let out = whole(Limits::default(), text.as_bytes());
            assert!(out.ends_with(format!("{behind}\n{AFTER}").as_bytes()), "seed {seed}: {}{}", shown(text.as_bytes()), shown(&out));
        }
        for (begin, end) in [("**", "**"), ("<b>", "</b>"), ("<td>", "</td>")] {
            let out = whole(Limits::default(), format!("x {begin}{token}{end} y").as_bytes());
            assert!(out.starts_with(format!("x {begin}").as_bytes()) && out.ends_with(format!("{end} y").as_bytes()), "{}", shown(&out));
        }
        check_same(&format!("{other} {other}|{other}|{other}"));
        check_same(&format!("<td>{other}</td><td>{other}</td> a**{other}**b"));
    }
}
