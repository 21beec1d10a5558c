//! Tokens that were broken at one place, or whose parts were written apart, and what looks like it.

mod support;

use scrubjay_scrub::{Limits, TOKEN_BYTES_MAX};
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token};
use support::{AFTER, BEFORE, check_forms, check_same, whole};

#[track_caller]
fn check(forms: &[Form], write: impl Fn(&mut Random, &Token) -> String) {
    check_forms(12, 53, forms, write);
}

fn scrubbed(text: &str) -> String {
    String::from_utf8(whole(Limits::default(), text.as_bytes())).unwrap()
}

/// A place within a part behind the header, not beside a dot.
fn within_part(r: &mut Random, text: &str) -> usize {
    let from = text.find('.').unwrap() + 1;
    loop {
        let at = r.between(from, text.len() - 2);
        if !text[at - 1..at + 2].contains('.') {
            return at;
        }
    }
}

#[test]
fn one_character_that_no_part_has() {
    for sign in ["*", " ", "\t", "\u{fffd}", "|"] {
        for replaces in [false, true] {
            check(&[Form::Jws, Form::Jwe, Form::JweDirect], |r, t| {
                let at = within_part(r, &t.text);
                format!("token={}{sign}{} done", &t.text[..at], &t.text[at + usize::from(replaces)..])
            });
        }
    }
}

#[test]
fn parts_that_are_written_apart() {
    for dot in [". ", " .", " . ", ".\t"] {
        check(&[Form::Jws, Form::JwsDetached, Form::Jwe, Form::JweDirect], |_, t| format!("token: {} done", t.text.replace('.', dot)));
    }
    for dot in [".<br>", ".<br/>"] {
        check(&[Form::Jws, Form::Jwe], |_, t| format!("token: {} done", t.text.replace('.', dot)));
    }
    for text in ["eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0. Internationalization follows. And more", "eyJhbGciOiJIUzI1NiJ9 . . done"] {
        check_same(text);
    }
}

#[test]
fn a_line_end_where_no_width_is() {
    check(&[Form::Jws, Form::Jwe, Form::JweDirect], |r, t| {
        let at = r.between(60, t.text.len() / 2);
        format!("token={}\n{} done", &t.text[..at], &t.text[at..])
    });
    // Below an SD-JWT stands another one.
    let mut r = Random::new(3);
    let (a, b) = (Form::SdJwt.make(&mut r).text, Form::SdJwt.make(&mut r).text);
    for (a, b) in [(&a, &b), (&b, &a)] {
        let out = scrubbed(&format!("{BEFORE}{a}\n{b}\n{AFTER}"));
        assert_eq!(out.matches("sdjwt(").count(), 2, "{out}");
    }
}

#[test]
fn keys_whose_type_is_cut_away_or_divided() {
    let secret = "zlGccKNwn6w4AZ9tOq0Mhn8r_cnZgOAjxR-IP77JL1s";
    for cut in ["", ",", ",\"k", ",\"kty", ",\"kty\":\"E"] {
        let out = scrubbed(&format!("{BEFORE}key={{\"crv\":\"P-256\",\"d\":\"{secret}\"{cut}\n{AFTER}"));
        assert!(!out.contains(secret) && out.contains("jwk(") && out.ends_with(AFTER), "{out}");
    }
    let key = format!("got {{\"x\":\"{secret}\",\"d\":\"{secret}\",\"kty\":\"OKP\",\"crv\":\"Ed25519\"}} done");
    for at in key.find("kty").unwrap()..key.find("crv").unwrap() {
        let t = "2026-11-29T10:00:00.1Z";
        let out = scrubbed(&format!("{BEFORE}{t} stdout P {}\n{t} stdout F {}\n{AFTER}", &key[..at], &key[at..]));
        assert!(!out.contains(secret) && out.contains("jwk(") && out.ends_with(&format!(" done\n{AFTER}")), "cut at {at}: {out}");
    }
    for text in [
        format!("{{\"crv\":\"P-256\",\"x\":\"{secret}\",\"y\":\"{secret}\"}}"),
        "nscrv.example crv srv=/srv/www".to_owned(),
        "curve: {\"crv\": \"P-256\"} chosen".to_owned(),
    ] {
        check_same(&text);
    }
}

#[test]
fn keys_that_rust_prints_over_lines() {
    let secret = "zlGccKNwn6w4AZ9tOq0Mhn8r_cnZgOAjxR-IP77JL1s";
    let text =
        |d: &str| format!("Jwk {{\n    kty: Some(\n        \"EC\",\n    ),\n    d: Some(\n        \"{d}\",\n    ),\n    n: None,\n}}\n");
    let out = scrubbed(&format!("{BEFORE}{}{AFTER}", text(secret)));
    assert_eq!(out, format!("{BEFORE}{}{AFTER}", text("jwk(class:key)")));
    check_same("Config {\n    kid: Some(\n        \"zlGccKNwn6w4AZ9tOq0Mhn8r_cnZgOAjxR-IP77JL1s\",\n    ),\n    retries: 3,\n}");
}

#[test]
fn what_a_string_has_of_an_object_takes_nothing_of_the_record() {
    let (header, secret) = ("eyJhbGciOiJIUzI1NiJ9", "Ab1_".repeat(11));
    let (text, rest) = (&secret[..40], &secret[..43]);
    let record = |header: &str, rest: &str| {
        format!(
            "{{\"level\":\"info\",\"ctx\":\"{text}\\\",\\\"protected\\\":\\\"{header}\\\",\\\"signature\\\":\\\"{rest}\\\"}}\",\"n\":3}}\n"
        )
    };
    let out = scrubbed(&format!("{BEFORE}{}{AFTER}", record(header, rest)));
    assert!(out.contains("{\"level\":\"info\",\"ctx\":\"") && out.contains("\\\"}\",\"n\":3}\n") && !out.contains(rest), "{out}");
    let value: serde_json::Value = serde_json::from_str(out.lines().nth(1).unwrap()).unwrap();
    assert_eq!(value["n"], 3);
}

#[test]
fn a_jwe_without_its_beginning_loses_what_is_left_of_its_key() {
    let part = |n: usize| "Ab1-Cd2_".repeat(n / 8 + 1)[..n].to_owned();
    let rest = format!("x={}\",\"iv\":\"{}\",\"ciphertext\":\"{}\",\"tag\":\"{}\"}} done", part(60), part(16), part(90), part(22));
    let out = scrubbed(&format!("{BEFORE}{rest}\n{AFTER}"));
    assert!(!out.contains(&part(40)) && out.contains("x=jwe(") && out.ends_with(&format!("}} done\n{AFTER}")), "{out}");
}

#[test]
fn values_in_digits_alone_that_were_wrapped() {
    let octal = |text: &str| text.bytes().map(|b| format!("%5C{b:03o}")).collect::<String>();
    let decimal = |text: &str| text.bytes().map(|b| b.to_string()).collect::<Vec<_>>().join("%2C%20");
    let hyphens = |text: &str| text.bytes().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join("-");
    let wide = |text: &str| text.bytes().map(|b| format!("00{b:02x}")).collect::<String>();
    let fold = |text: &str, width: usize, between: &str| {
        let rows: Vec<_> = text.as_bytes().chunks(width).map(String::from_utf8_lossy).collect();
        rows.join(between)
    };
    let writings: [fn(&str) -> String; 4] = [octal, decimal, hyphens, wide];
    for write in writings {
        for between in ["\n", "\n\t"] {
            check(&[Form::Jws, Form::Jwe], |r, t| format!("token: {}", fold(&write(&t.text), r.between(60, 100), between)));
        }
    }
    check(&[Form::Jws], |r, t| format!("token: {} status=200", fold(&hyphens(&t.text), r.between(60, 100), "\n")));
    let path = "/wiki/%E4%BD%A0%E5%A5%BD%E4%B8%96%E7%95%8C%E4%BD%A0%E5%A5%BD%E4%B8%96%E7%95%8C%E4%BD%A0%E5%A5%BD";
    check_same(&format!("GET {path}\nGET {path}"));
    let id = "00000000-0000-4000-8000-00000000000a";
    check_same(&format!("ids {id},{id}\n{id}\n{id}"));
}

#[test]
fn escapes_that_are_longer_than_the_limit_are_swallowed() {
    let escaped = |text: &str| text.bytes().map(|b| format!("%26%23{b}%3B")).collect::<String>();
    let mut r = Random::new(17);
    let token = Form::Jws.make(&mut r);
    let (head, rest) = token.text.split_once('.').unwrap();
    let signature = rest.split_once('.').map_or("", |(_, signature)| signature);
    let payload = "eyJzdWIiOiJqbyIsImV4cCI6MTc5NTQzNTIwMH0".repeat(TOKEN_BYTES_MAX / 200);
    for text in [format!("{head}.{payload}.{signature}"), format!("{head}.{payload}")] {
        let long = escaped(&text);
        let out = scrubbed(&format!("{BEFORE}GET /cb?id_token={long} done\n{AFTER}"));
        assert!(long.len() > 2 * TOKEN_BYTES_MAX && out.len() < 1000 && out.ends_with(&format!(" done\n{AFTER}")), "{} left", out.len());
    }
}

#[test]
fn a_value_that_goes_on_below_its_name() {
    let part = |n: usize| "Ab1-Cd2_Ef3".repeat(n / 11 + 1)[..n].to_owned();
    let header = "CnsiZW5jIjoiQTI1NkdDTSIsImFsZyI6IkExMjhLVyJ9";
    let text = format!(
        "{{\"protected\": \"{header}\", \"encrypted_ke=\ny\": \"{}\", \"iv\": \"{}\", \"ciphertext\": \"{}=\n{}\", \"tag\":=\n \"{}\"}}",
        part(32),
        part(16),
        part(12),
        part(66),
        part(22)
    );
    let out = scrubbed(&format!("{BEFORE}{text}\n{AFTER}"));
    assert!(!out.contains(&part(40)) && out.ends_with(AFTER), "{out}");
    check_same(&format!("{{\"name\": \"{}=\n{}\"}}", part(12), part(66)));
}

/// What is wrapped to its last full line ends there.
#[test]
fn the_word_behind_a_full_last_line_stays() {
    let key = format!("-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----", "MHcCAQEEIAbC".repeat(5));
    for pad in 0..48 {
        let text = scrubjay_testkit::tokens::base64(format!("{}{key}", "\n".repeat(pad)).as_bytes());
        let rows: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        let out = scrubbed(&format!("{BEFORE}{}\nlast words of others\n", rows.join("\n")));
        assert!(out.ends_with("\nlast words of others\n"), "{pad}: {out}");
    }
}
