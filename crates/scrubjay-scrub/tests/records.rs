//! Values that records cut anywhere, and what stands in the records beside a token's.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token};
use support::{AFTER, BEFORE, cases, check_forms, check_same, first_seed, whole};

const COMPACT: [Form; 4] = [Form::Jws, Form::Jwe, Form::JweDirect, Form::SdJwt];

/// Each byte as an escape.
fn escaped(text: &str, escape: impl Fn(u8) -> String) -> String {
    text.bytes().map(escape).collect()
}

/// The name of an escape, and how it writes a byte.
type Escape = (&'static str, fn(u8) -> String);

fn escapes() -> [Escape; 5] {
    [
        ("percent", |b| format!("%{b:02X}")),
        ("hex", |b| format!("\\x{b:02x}")),
        ("octal", |b| format!("\\{b:03o}")),
        ("unicode", |b| format!("\\u{b:04x}")),
        ("html", |b| format!("&#{b};")),
    ]
}

/// The text in records of `width` bytes, of which each begins with a head.
fn in_records(text: &str, width: usize, head: impl Fn(usize, bool) -> String) -> Vec<String> {
    let count = text.len().div_ceil(width);
    text.as_bytes().chunks(width).enumerate().map(|(i, piece)| head(i, i + 1 == count) + std::str::from_utf8(piece).unwrap()).collect()
}

/// Where a record ends within an escape, the head of the next one is no part of it.
#[test]
fn heads_stay_where_an_escape_is_cut() {
    let heads: [fn(usize, bool) -> String; 4] = [
        |_, _| "2026-09-28 06:47:57,928 DEBUG wire - ".into(),
        |i, last| format!("2026-07-19T20:40:19.6120000{i:02}Z stdout {} ", if last { 'F' } else { 'P' }),
        |i, _| format!("chunk {}/99: ", i + 1),
        |_, _| "<34>Nov  1 19:12:29 web app[7]: ".into(),
    ];
    for seed in first_seed()..first_seed() + cases(2) {
        for (name, escape) in escapes() {
            for (n, head) in heads.iter().enumerate() {
                let mut r = Random::new(seed * 31 + n as u64);
                let token = Form::Jws.make(&mut r);
                let width = r.between(66, 140);
                let lines = in_records(&escaped(&token.text, escape), width, head);
                let document = format!("{BEFORE}{}\n{AFTER}", lines.join("\n"));
                let out = String::from_utf8(whole(Limits::default(), document.as_bytes())).unwrap();
                for (i, (out, line)) in out.lines().skip(BEFORE.lines().count()).zip(&lines).enumerate() {
                    let head = head(i, i + 1 == lines.len());
                    assert!(out.starts_with(&head), "seed {seed} {name}, head {n}: {line}\n  becomes {out}");
                    // Of the lines between the first one and the last no more than the beginning of an escape may be left.
                    let is_between = i > 0 && i + 1 < lines.len();
                    assert!(!is_between || out.len() - head.len() <= 6, "seed {seed} {name}, head {n}: {line}\n  becomes {out}");
                }
            }
        }
    }
}

/// A part of a container's line may be nothing but a blank.
#[test]
fn parts_of_nothing_but_blanks() {
    let t = "2026-07-19T20:40:19.612000000Z";
    let secret = "eQhnPBprC8N-U-PZEeE_cTi7Bf5Wuusd8IoDzUekNLc";
    let key = format!("{t} stdout P {{\"kty\": \"OKP\", \"d\":\n{t} stdout P  \n{t} stdout F \"{secret}\"}}\n");
    let out = String::from_utf8(whole(Limits::default(), key.as_bytes())).unwrap();
    assert!(!out.contains(secret) && out.lines().all(|line| line.starts_with(&format!("{t} stdout "))), "{out}");
}

/// What the rules for objects in base64, labels and heads must not take from a token.
#[test]
fn tokens_that_look_like_their_neighbours() {
    let forms = [Form::Jws, Form::JwsNone];
    for next in ["~~~", "~/bin", "=cut", "======="] {
        for mark in ["", "+ ", "> "] {
            check_forms(4, 103, &forms, |_, t| format!("{mark}{}\n{next}", t.text.replace('.', &format!("\n{mark}"))));
        }
    }
    let header = scrubjay_token::base64::encode(br#"{"alg": "ES256", "kid": "kbe03cdc3b2f0e233ebc2b2fabe30220f1ca2f3ef0110c"}"#);
    let detached =
        format!("+\"{header}\n+..bUNNV0u7oDnXQaJYkNa1IbepBV4PyWT2gOWsLzR_bDEABCumWvtVwXFSnzB4lHkaxHvU_DfEGbld4vbjn_9FiQ\n[1, 2]\n");
    let out = String::from_utf8(whole(Limits::default(), detached.as_bytes())).unwrap();
    assert!(out.starts_with("+\"jwt(") && out.ends_with(")\n+\n[1, 2]\n"), "{out}");
    // A payload that says nothing of a token, and its signature.
    let payload = scrubjay_token::base64::encode(br#"{"uid": 1, "email": "a@b", "kid": "qkkkkkkkkkkkkkkkkkkk"}"#);
    let signature = "26_guM1ZR5FO1Sw0cAemepA71pssr8NLhVZfMosj8vktaDJvELuy1MbowfZlPqTmlM4SDWNlVK8TTXjRQoA_ow";
    let out =
        String::from_utf8(whole(Limits::default(), format!("{payload}\n.{}\n{}\nend\n", &signature[..75], &signature[75..]).as_bytes()))
            .unwrap();
    assert!(!out.contains(&signature[..20]) && !out.contains(&payload) && out.ends_with("\nend\n"), "{out}");
    // A label in quotes, and lines of the key without any.
    let body = Form::Pem.make(&mut Random::new(17)).text.lines().skip(1).take(4).map(|line| format!("key={line}\n")).collect::<String>();
    let out = whole(Limits::default(), format!("key=\"-----BEGIN PRIVATE KEY-----\" n=58\n{body}").as_bytes());
    assert!(body.lines().all(|line| !String::from_utf8_lossy(&out).contains(&line[4..])), "{}", String::from_utf8_lossy(&out));
    // Heads of columns are no times.
    for head in ["data    ", "url     ", "payload "] {
        check_forms(4, 109, &forms[..1], |r, t| {
            let text = escaped(&t.text, |b| format!("%{b:02x}"));
            in_records(&text, 3 * r.between(20, 25), |_, _| head.into()).join(" \n")
        });
    }
}

/// Each group of a wrapped value's lines between others' is told by one of them.
#[test]
fn lines_of_others_between_the_lines_of_a_value() {
    let other = "10:11:12 DEBUG other thread n=4";
    let mut r = Random::new(13);
    let claims = "{\"iss\":\"https://idp.example/realms/a\",\"sub\":\"user-b4jn11kj8gqyyt\",\"exp\":1795000000,\"picture\":\"";
    for _ in 0..cases(6) {
        let width = r.between(64, 100);
        let picture: String = (0..900).map(|_| char::from(b'a' + r.below(26) as u8)).collect();
        let payload = scrubjay_token::base64::encode(format!("{claims}{picture}\"}}").as_bytes());
        // From the middle of the first claims on.
        let lines: Vec<&str> = payload.as_bytes()[9..].chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let text = format!("{other}\n{}\n{other}\n", lines[..5].join("\n"));
        let out = String::from_utf8(whole(Limits::default(), text.as_bytes())).unwrap();
        assert!(out.starts_with(&format!("{other}\njwt(")) && out.ends_with(&format!(")\n\n\n\n\n{other}\n")), "{text}\n{out}");
    }
    check_same(&format!("{}\nNext line of it\n{}", "QUJDRA1z".repeat(9), "QUJDRA1z".repeat(9)));
}

/// Base64 of an object that is all there goes on in no next line.
#[test]
fn objects_in_base64_before_a_token_stay() {
    let encoded = |json: &str| scrubjay_token::base64::encode(json.as_bytes());
    let objects = [
        r#"{"returnTo":"/home","nonceLen":29,"flags":[1,2],"theme":"dark"}"#,
        "{\n  \"name\": \"zyo3dvc24\",\n  \"replicas\": 5,\n  \"image\": \"x:1\"\n}",
        r#"{"kty":"EC","crv":"P-256","x":"3h92DCjDNtkVn4NqxRHbfKVyjgaKN-EKpoFtwJUqCe0","y":"Eh9cOYmHkOJ4xeUB5bAWl8anfG_5clxV3ksuWkwj9Wo"}"#,
    ];
    let mut r = Random::new(7);
    for object in objects {
        let line = format!("2026-05-20T04:02:59.457Z cfg={}\n", encoded(object));
        for _ in 0..cases(4) {
            let token = Form::Jws.make(&mut r).text;
            let twice = encoded(&token);
            let wrapped = in_records(&token, 76, |_, _| "2026-05-20 04:02:59,457 DEBUG wire - ".into()).join("\n");
            for next in [token, twice, wrapped] {
                let out = String::from_utf8(whole(Limits::default(), format!("{line}{next}\n{AFTER}").as_bytes())).unwrap();
                assert!(out.starts_with(&line) && out.ends_with(AFTER) && out.contains("jwt("), "{line}{next}\n  becomes {out}");
            }
        }
    }
}

/// What begins with a member of an object that is whole does not go on behind it.
#[test]
fn what_stands_behind_a_whole_object_stays() {
    let next = [
        "GET /api/v1/pods?limit=500&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTk2NTQxNTUsInN0YXJ0Ijoia3ViZS1zeXN0ZW0vcG9kLXZ2dTl2Z2dnMiJ9\n",
        "{\"next\":\"eyJpZCI6Mjk2NzA2NzEyLCJkaXIiOiJuZXh0IiwidHMiOiIyMDI2LTA4LTI2VDIxOjMyOjA2Ljg3OFoifQ==\",\"limit\":50}\n",
        "artifact njqvXunXjREAoXRRtOgxrRHs1U04MM5i.UUrla7gSNjzONrfIDyZZemDHPAC9PLyZZr3QQdmTRzV85coJ4xmdyg.a8W0wWmauvbePbQzPvdBxZzFEIQCjVfrWf1WOmAU1zU stored\n",
    ];
    for seed in first_seed()..first_seed() + cases(8) {
        for form in [Form::JsonJwsFlat, Form::JsonJwsGeneral, Form::JsonJweGeneral] {
            let object = form.make(&mut Random::new(seed * 37 + form as u64)).text;
            let in_string = object.replace('"', "\\\"");
            for line in [format!("got {object}\n"), format!("window.state={{tok:\"{in_string}\"}};\n")] {
                for next in next {
                    let out = String::from_utf8(whole(Limits::default(), format!("{line}{next}{AFTER}").as_bytes())).unwrap();
                    assert!(out.ends_with(&format!("\n{next}{AFTER}")), "seed {seed}: {line}{next}\n  becomes {out}");
                }
            }
        }
    }
}

#[test]
fn a_label_in_quotes_before_another_field_begins_no_key() {
    let line = "key:\"-----BEGIN RSA PRIVATE KEY-----\" n=274";
    let mut r = Random::new(11);
    for form in COMPACT {
        let text =
            format!("{line}\n430;{};ok\npanic: a soft break of quoted-printable {}=\nok\n", form.make(&mut r).text, "QUJDRA1z".repeat(8));
        let out = String::from_utf8(whole(Limits::default(), text.as_bytes())).unwrap();
        assert!(out.starts_with(&format!("{line}\n430;")) && out.lines().count() == 4 && out.contains('('), "{out}");
    }
    check_same(line);
    // A key's body is no short field.
    let key = Form::Pem.make(&mut r);
    let body = key.text.lines().nth(1).unwrap();
    let out = String::from_utf8(whole(Limits::default(), format!("key=\"-----BEGIN PRIVATE KEY-----\" body={body}\n").as_bytes())).unwrap();
    assert!(!out.contains(body), "{out}");
}

#[test]
fn literals_that_begin_with_a_line_end() {
    let pieces = |t: &Token, width: usize, between: &str| {
        let pieces: Vec<_> = t.text.as_bytes().chunks(width).map(|p| std::str::from_utf8(p).unwrap()).collect();
        pieces.join(between)
    };
    for between in [r#"\" + \"\n"#, "%22%20%2B%20%22%0A", "\" +<br>\"", "\" + <br/> \""] {
        check_forms(4, 59, &COMPACT, |r, t| format!("{{\"k\": \"{}\"}}", pieces(t, r.between(40, 70), between)));
    }
    check_same(r#"log("started with +<br>" + "and more of it: 17")"#);
}

/// The parts of a token below each other, whatever stands before the first one, or before each.
#[test]
fn parts_behind_a_path_or_a_mark() {
    let forms = [Form::Jws, Form::JwsDetached, Form::Jwe, Form::JweDirect];
    check_forms(6, 61, &forms[..1], |_, t| format!("GET /r/{}/c HTTP/1.1", t.text.replace('.', "%0A.")));
    check_forms(6, 67, &forms[..1], |_, t| format!("+{}", t.text.replace('.', "\n+.")));
    check_forms(6, 71, &forms[..1], |_, t| format!("GET /r/{}", t.text.replace('.', "\n.")));
    check_forms(6, 73, &forms[2..], |_, t| format!("tok {}", t.text.replace('.', "\n.")));
    let fields = |t: &Token| {
        let parts: Vec<_> = t.text.split('.').collect();
        format!("GET /r/{}%20payload%3D{}%20signature%3D{}/c HTTP/1.1", parts[0], parts[1], parts[2])
    };
    check_forms(6, 79, &forms[..1], |_, t| fields(t));
    check_same("+started\n+.gitignore\n+.eyJkpe5 of it");
    check_same("GET /r/eyJhbGciOiJIUzI1NiJ9 HTTP/1.1\n.profile is sourced\n.bashrc is not");
}

/// The header tells where it ends, and its algorithms how long the other parts are.
#[test]
fn parts_without_their_dots() {
    let glued = |t: &Token| t.text.replace('.', "");
    check_forms(12, 89, &[Form::Jws, Form::Jwe, Form::JweDirect], |_, t| format!("token={} done", glued(t)));
    check_forms(4, 97, &[Form::Jws], |_, t| format!("GET /r/{}/c HTTP/1.1", glued(t)));
    check_forms(4, 101, &[Form::Jws], |_, t| format!("b={}", scrubjay_token::base64::encode(glued(t).as_bytes())));
    // JSON lines in base64, and a header with a word behind it.
    let encoded = |json: &str| scrubjay_token::base64::encode(json.as_bytes());
    check_same(&format!("cursor={}", encoded("{\"page\":17,\"size\":100}\n{\"page\":18,\"size\":100}\n{\"page\":19,\"size\":100}")));
}

/// A break of HTML within an escape.
#[test]
fn escapes_that_a_break_divides() {
    for (_, escape) in escapes().into_iter().filter(|(name, _)| !matches!(*name, "octal" | "html")) {
        check_forms(4, 83, &COMPACT[..1], |r, t| {
            let width = r.between(61, 90);
            let text = escaped(&t.text, escape);
            let pieces: Vec<_> = text.as_bytes().chunks(width).map(|p| std::str::from_utf8(p).unwrap()).collect();
            format!("t={} done", pieces.join("<br>"))
        });
        // The last piece may be a full one.
        check_forms(4, 113, &COMPACT[..1], |_, t| {
            let text = escaped(&t.text, escape);
            let width = (61..120).find(|width| text.len() % width == 0).unwrap_or(66);
            let pieces: Vec<_> = text.as_bytes().chunks(width).map(|p| std::str::from_utf8(p).unwrap()).collect();
            pieces.join("<br>")
        });
    }
}
