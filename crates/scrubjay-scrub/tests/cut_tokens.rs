//! Compact tokens that lost their middle, both their ends, or the header that says what they are; and what only looks so.
//! Found by a reviewer.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token, base64, base64_url};
use support::{AFTER, BEFORE, cases, check_same, first_seed, shown, whole};

/// `write` gives the record of a token and what of it is there; nothing around it may change.
#[track_caller]
fn check(forms: &[Form], write: impl Fn(&mut Random, &Token) -> (String, Vec<String>)) {
    for seed in first_seed()..first_seed() + cases(8) {
        for &form in forms {
            let mut r = Random::new(seed * 31 + form as u64);
            let token = form.make(&mut r);
            let (record, secrets) = write(&mut r, &token);
            let document = format!("{BEFORE}{record}\n{AFTER}");
            let out = whole(Limits::default(), document.as_bytes());
            let found = leaks(&out, &secrets, &[]);
            let shown = || format!("\n  in  {}\n  out {}", shown(document.as_bytes()), shown(&out));
            assert!(found.is_empty(), "seed {seed} {form:?} leaks {:?}{}", found.runs.first(), shown());
            assert!(
                out.starts_with(BEFORE.as_bytes()) && out.ends_with(AFTER.as_bytes()),
                "seed {seed} {form:?}: a neighbour changed{}",
                shown()
            );
        }
    }
}

const SIGNED: [Form; 2] = [Form::Jws, Form::JwsNested];

const MARKS: [&str; 20] = [
    "...",
    "…",
    "....",
    " ... ",
    "[...]",
    "<snip>",
    "***",
    "[REDACTED]",
    "[[truncated]]",
    "[truncated 123 chars]",
    "<...>",
    "(…)",
    "~~",
    "--8<--",
    "[cut]",
    "<redacted>",
    "…(+123)…",
    "…[123 bytes]…",
    " [...] ",
    "....[omitted]....",
];

#[test]
fn whatever_stands_for_the_middle() {
    for mark in MARKS {
        // Within the payload or the ciphertext, the signature or the tag.
        check(&[Form::Jws, Form::JwsNested, Form::Jwe, Form::JweDirect], |r, t| {
            let head = t.parts[0].len() + 1;
            let from = r.between(head + 20, t.text.len() - 60);
            let to = r.between(from + 4, t.text.len() - 40);
            let (left, right) = (&t.text[..from], &t.text[to..]);
            (format!("INFO token {left}{mark}{right} end"), vec![left[head..].to_owned(), right.to_owned()])
        });
        // From within the header up to the signature.
        check(&SIGNED, |r, t| {
            let from = r.between(12, t.parts[0].len());
            // The beginning of a header that begins with white space is not looked at by itself: it is no run.
            let (mark, from) = if t.text.starts_with('e') { (mark, from) } else { ("...", t.text.len() - 44) };
            let right = &t.text[t.text.len() - r.between(24, 40)..];
            (format!("INFO token {}{mark}{right} end", &t.text[..from]), vec![right.to_owned()])
        });
    }
    check(&SIGNED, |r, t| {
        let right = &t.text[t.text.len() - r.between(24, 40)..];
        // So short a beginning is known where no white space is in it.
        let left = if t.text.starts_with("eyJ") { 12 } else { t.text.len() - 44 };
        (format!("token={}xxxxxxxx{right}", &t.text[..left]), vec![right.to_owned()])
    });
}

#[test]
fn whatever_stands_for_the_middle_twice() {
    check(&[Form::Jws], |r, t| {
        let from = t.parts[0].len() + 1 + 24;
        let payload = base64_url(claims(r).as_bytes());
        let middle = &payload[40..72];
        let right = &t.text[t.text.len() - r.between(24, 40)..];
        (format!("t={}[...]{middle}[...]{right}", &t.text[..from]), vec![middle.to_owned(), right.to_owned()])
    });
}

#[test]
fn what_stands_behind_a_token_is_no_rest_of_it() {
    for seed in 0..cases(8) {
        let mut r = Random::new(seed);
        let token = Form::Jws.make(&mut r);
        let cut = &token.text[..token.parts[0].len() + 30];
        for behind in [
            " [main] OAuth2TokenEndpointFilter denied",
            "</td><td>Zx81AbQ93kLmP02sTu7v</td>",
            " ... OAuth2TokenEndpointFilter:42",
            "... (truncated) requestId=Zx81AbQ93kLmP02sTu7v",
            "<br>Zx81AbQ93kLmP02sTu7v",
            "\",\"sid\":\"Zx81AbQ93kLmP02sTu7v\"}",
            " id Zx81AbQ93kLmP02sTu7v",
        ] {
            let document = format!("{BEFORE}token={cut}{behind}\n{AFTER}");
            let out = whole(Limits::default(), document.as_bytes());
            let end = format!("{}\n{AFTER}", behind.trim_start_matches('.'));
            assert!(out.ends_with(end.as_bytes()), "seed {seed} {behind}: {}", shown(&out));
        }
    }
}

fn claims(r: &mut Random) -> String {
    let (a, b, c) = (r.word(12), r.word(7), r.word(9));
    format!(
        r#"{{"jti":"{a}","iss":"https://idp.{b}.example/","aud":"api-{c}","iat":17677{0},"exp":17677{1},"cid":"{a}{c}","scp":["openid","{c}"],"sub":"{b}.{c}@acme.example"}}"#,
        r.between(10_000, 49_999),
        r.between(50_000, 99_999)
    )
}

#[test]
fn a_piece_of_a_claim_set() {
    for cut in 0..4 {
        check(&[Form::Jws], |r, t| {
            let payload = base64_url(claims(r).as_bytes());
            let from = 4 * r.between(6, 12) + cut;
            let piece = &payload[from..from + 160];
            let record = match cut {
                0 => format!("body ...{piece}... end"),
                1 => format!("INFO {piece}"),
                2 => format!("{{\"body\":\"{piece}\"}}"),
                _ => format!("token …{piece}. end {}", t.form as u8),
            };
            (record, vec![piece.to_owned()])
        });
    }
}

#[test]
fn hardly_anything_is_left_of_the_header_or_the_payload() {
    check(&[Form::Jws], |r, t| {
        let payload = base64_url(claims(r).as_bytes());
        let piece = &payload[..r.between(120, payload.len() - 20)];
        let left = &t.parts[0][t.parts[0].len() - r.between(0, 8)..];
        (format!("token ...{left}.{piece}... end"), vec![piece.to_owned()])
    });
    check(&[Form::Jws], |r, t| {
        let left = &t.parts[1][t.parts[1].len() - r.between(4, 10)..];
        (format!("token ...{left}.{} end", t.parts[2]), vec![t.parts[2].clone()])
    });
    check(&[Form::Jws], |r, _| {
        let payload = base64_url(claims(r).as_bytes());
        let piece = &payload[r.between(20, 60)..];
        (format!("token ...{piece}. end"), vec![piece.to_owned()])
    });
}

/// The claims of an ID token: of those that RFC 7519 registers, a piece may have none.
fn id_claims(r: &mut Random) -> String {
    let (a, b, c) = (r.word(12), r.word(7), r.word(9));
    format!(
        r#"{{"iss":"https://accounts.{b}.example","azp":"{a}.apps.example","aud":"{c}-web.apps.example","sub":"2806550812{0}","hd":"{b}.example","email":"{c}.{b}@{b}.example","email_verified":true,"at_hash":"{a}","nonce":"{b}{c}","name":"{c} {b}","picture":"https://lh3.{a}.example/a/{c}","given_name":"{c}","family_name":"{b}","iat":17677{0},"exp":17677{1}}}"#,
        r.between(10_000, 49_999),
        r.between(50_000, 99_999)
    )
}

#[test]
fn a_piece_of_the_claims_of_an_id_token() {
    let layouts: [fn(&str) -> String; 3] = [str::to_owned, |json| json.replace(',', ",\r\n "), |json| json.replace("\":", "\": ")];
    for layout in layouts {
        check(&[Form::Jws], |r, t| {
            let payload = base64_url(layout(&id_claims(r)).as_bytes());
            let len = payload.len();
            let (piece, rest) = match r.between(0, 3) {
                0 => (&payload[len * 3 / 10..len * 7 / 10], ""),
                1 => (&payload[len / 2..], ""),
                2 => (&payload[..100], ""),
                _ => (&payload[len / 2..], &t.parts[2][..10]),
            };
            let dot = if rest.is_empty() { "" } else { "." };
            (format!("frag={piece}{dot}{rest} end"), vec![piece.to_owned()])
        });
    }
}

/// A claim set is its own proof: nothing of the header, of the signature, or of either need be left.
#[test]
fn a_whole_claim_set_and_hardly_anything_else() {
    let hex = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    let percent = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    for seed in first_seed()..first_seed() + cases(8) {
        let mut r = Random::new(seed);
        let token = Form::Jws.make(&mut r);
        let claims = if seed % 2 == 0 { claims(&mut r) } else { id_claims(&mut r) };
        let payload = base64_url(claims.as_bytes());
        let header = &token.parts[0][token.parts[0].len() - r.between(4, 10)..];
        let signature = &token.parts[2][..r.between(1, 14)];
        for (left, right) in [
            ("", ""),
            ("", "..."),
            ("...", "..."),
            ("…", "…"),
            ("***.", ""),
            (".", ""),
            ("", &format!(".{signature}")),
            ("", &format!(".{signature}...")),
            (&format!("...{header}."), ""),
            (&format!("...{header}."), &format!(".{signature}...")),
        ] {
            let text = format!("{left}{payload}{right}");
            for (before, text, after) in [
                ("token=", text.clone(), " ip=1"),
                ("X-Userinfo: ", text.clone(), ""),
                ("{\"m\":\"", text.clone(), "\",\"n\":1}"),
                ("d=", base64(text.as_bytes()), " ip=1"),
                ("d=", hex(&text), " ip=1"),
                ("GET /a?d=", percent(&text), "&n=1"),
            ] {
                let document = format!("{BEFORE}{before}{text}{after}\n{AFTER}");
                let out = whole(Limits::default(), document.as_bytes());
                let shown = format!("seed {seed}\n  in  {}\n  out {}", shown(document.as_bytes()), shown(&out));
                assert!(leaks(&out, std::slice::from_ref(&payload), &[]).is_empty(), "{shown}");
                assert!(out.starts_with(format!("{BEFORE}{before}").as_bytes()), "{shown}");
                assert!(out.ends_with(format!("{after}\n{AFTER}").as_bytes()), "{shown}");
                assert!(whole(Limits::default(), &out) == out, "twice is not once: {shown}");
            }
        }
    }
}

#[test]
fn json_in_base64_that_is_no_claim_set_stays() {
    let piece = |json: &str, from: usize, to: usize| {
        let text = base64_url(json.as_bytes());
        text[from..text.len() - to].to_owned()
    };
    let cursor =
        r#"{"after":"2026-11-23T12:00:00Z","id":8471,"order":"desc","limit":100,"filter":{"state":["open","new"],"text":"subtle"}}"#;
    // Who, but no date; a date, but not who; numbers that are no date.
    let user = r#"{"sub":"jo","iss":"https://idp.example","jti":"1767747268"}"#;
    let session = r#"{"user":"jo","exp":1767747268,"csrf":"a8f2","roles":["admin","ops"]}"#;
    let game = r#"{"sub":"goblin","exp":1200,"iat":17,"name":"Grub","level":12}"#;
    let later = r#"{"id":7,"sub":"news","exp":1767747268000}"#;
    let record = r#"{"id":7,"email":"jo@acme.example","name":"Jo Doe","locale":"de","roles":["a","b"],"groups":["x"],"picture":"/a.png"}"#;
    let map = r#"{"version":3,"sources":["sub.js","iss.js"],"names":["sub","iss","aud","exp"],"mappings":"AAAA,SAASA,KAAKC"}"#;
    let config = r#"{"db":{"host":"a","port":5432},"client_id":"web","scope":"read write","name":"api","permissions":["a"],"ttl":3600}"#;
    let text = r#"GET /userinfo 200 {"sub":"jo","iss":"https://idp.example","exp":1767747268} in 3 ms"#;
    for (json, from, to) in [
        (cursor, 0, 0),
        (cursor, 9, 0),
        (cursor, 14, 11),
        (cursor, 7, 30),
        (user, 0, 0),
        (session, 0, 0),
        (game, 0, 0),
        (game, 9, 0),
        (later, 0, 0),
        (record, 0, 0),
        (record, 9, 17),
        (record, 14, 0),
        (map, 0, 0),
        (map, 9, 22),
        (config, 0, 0),
        (config, 13, 9),
        (text, 0, 0),
        (text, 0, 6),
    ] {
        let piece = piece(json, from, to);
        for record in [format!("page={piece}"), format!("body ...{piece}... end"), format!("data:application/json;base64,{piece}")] {
            check_same(&record);
        }
    }
    // A name that a file's digest follows.
    for name in ["app", "session0", "v9", "main-fQ9", "bundleJ9"] {
        check_same(&format!("GET /static/{name}.4v6nFyFQKOrWwLP9uWaL9cWIcfyd0wXzMjgABDOo12x.js 200"));
    }
}

#[test]
fn encrypted_and_cut_at_both_ends() {
    check(&[Form::Jwe, Form::JweDirect], |r, t| {
        let from = t.parts[0].len() - r.between(6, 30.min(t.parts[0].len()));
        let end = t.text.len() - t.parts[4].len() - 1;
        let to = end - r.between(0, t.parts[3].len() - 24);
        let ciphertext = t.parts[3][..t.parts[3].len() - (end - to)].to_owned();
        (format!("token ...{}... end", &t.text[from..to]), vec![t.parts[1].clone(), t.parts[2].clone(), ciphertext])
    });
}

#[test]
fn the_payload_stands_in_place_as_it_is() {
    let payloads: [fn(&mut Random) -> String; 4] =
        [claims, |r| format!("user-{}@acme.example", r.word(9)), |r| format!("$.02 for {}", r.word(20)), |r| claims(r).replace(',', ", ")];
    for payload in payloads {
        check(&[Form::Jws], |r, _| {
            let alg = *r.pick(&[("HS256", 32), ("ES256", 64), ("RS256", 256)]);
            let header = base64_url(format!(r#"{{"alg":"{}","b64":false,"crit":["b64"]}}"#, alg.0).as_bytes());
            let (payload, signature) = (payload(r), base64_url(&r.bytes(alg.1)));
            let record = match r.between(0, 2) {
                0 => format!("Authorization: Bearer {header}.{payload}.{signature} end"),
                1 => format!("{{\"jws\":\"{header}.{}.{signature}\",\"n\":1}}", payload.replace('"', "\\\"")),
                _ => format!("jws={header}.{payload}.{signature}"),
            };
            // The default policy shows the claims before this one.
            let hidden = payload.find("\"cid\"").unwrap_or(0);
            (record, vec![payload[hidden..].to_owned(), signature])
        });
    }
}

#[test]
fn the_header_is_cut_and_an_object_is_in_the_payload() {
    for pad in 0..3 {
        check(&[Form::SdJwtBound], |r, t| {
            let json = format!(
                r#"{{"_sd":["{}"],"iss":"https://{}.example","n":"{}","cnf":{{"jwk":{{"kty":"EC","crv":"P-256","x":"{}"}}}}}}"#,
                base64_url(&r.bytes(32)),
                r.word(8),
                "n".repeat(pad),
                base64_url(&r.bytes(32))
            );
            let payload = base64_url(json.as_bytes());
            let piece = &payload[r.between(8, 40)..];
            let rest = &t.text[t.text.find('~').unwrap_or(0)..];
            let signature = base64_url(&r.bytes(64));
            (format!("vc ...{piece}.{signature}{rest} end"), vec![piece.to_owned(), signature, rest.to_owned()])
        });
    }
}

#[test]
fn an_object_and_a_token_are_segments_of_one_path() {
    check(&SIGNED, |r, t| {
        let object = base64_url(format!(r#"{{"id":{},"dir":"{}"}}"#, r.between(1, 999_999), r.word(6)).as_bytes());
        (format!("left={object}/{} 200", t.text), vec![t.parts[1].clone(), t.parts[2].clone()])
    });
}

fn wrapped(text: &str, width: usize) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(width).map(|c| std::str::from_utf8(c).unwrap_or("")).collect();
    lines.join("\n")
}

#[test]
fn what_stands_below_a_cut_token_is_no_rest_of_it() {
    for seed in 0..cases(8) {
        let mut r = Random::new(seed);
        let token = Form::Jws.make(&mut r);
        let end = token.parts[0].len() + token.parts[1].len() - r.between(0, 8);
        let digest = |r: &mut Random| r.bytes(32).iter().map(|b| format!("{b:02x}")).collect::<String>();
        let digests = format!("{}\n{}\n{}\n", digest(&mut r), digest(&mut r), digest(&mut r));
        for behind in [digests.as_str(), "com.acme.security.oauth2.jwt.NimbusJwtDecoder\n", "io.jsonwebtoken.impl.DefaultJwtParser.parse\n"]
        {
            for cut in [token.text[..end].to_owned(), wrapped(&token.text[..end], 60), wrapped(&token.text[..end], 76)] {
                let document = format!("{BEFORE}2026 INFO token {cut}\n{behind}{AFTER}");
                let out = whole(Limits::default(), document.as_bytes());
                let left = format!("{behind}{AFTER}");
                assert!(out.ends_with(left.as_bytes()), "seed {seed}: {}\n{}", shown(document.as_bytes()), shown(&out));
                assert!(
                    leaks(&out, &[token.parts[1].clone()], &[]).is_empty(),
                    "seed {seed}: {}\n{}",
                    shown(document.as_bytes()),
                    shown(&out)
                );
            }
        }
    }
}

#[test]
fn the_next_record_has_a_token_of_its_own() {
    check(&[Form::Jws], |r, t| {
        let other = Form::Jws.make(r);
        let head = "Mar  1 10:00:00 h app[12]: ";
        let lines = wrapped(&t.text, 76).replace('\n', &format!("\n{head}"));
        let cut = &other.text[..other.parts[0].len() + other.parts[1].len() / 2];
        (
            format!("2026 INFO token {cut}\n{head}{lines}"),
            vec![t.parts[1].clone(), t.parts[2].clone(), cut[other.parts[0].len() + 1..].to_owned()],
        )
    });
}

#[test]
fn a_cut_token_of_two_lines() {
    for width in [64, 76, 80] {
        check(&[Form::JweDirect], |r, t| {
            let head = format!(r#"{{"kid":"{}","alg":"dir","enc":"A128GCM","cty":"JWT"}}"#, r.word(40));
            let text = format!("{}..{}.{}", base64_url(head.as_bytes()), t.parts[2], t.parts[3]);
            (format!("token:\n{}", wrapped(&text[..2 * width - 8], width)), vec![t.parts[2].clone()])
        });
        check(&[Form::JwsNone], |r, _| {
            let text = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}", base64_url(claims(r).as_bytes()));
            let text = &text[..2 * width - r.between(2, 16)];
            let digest: String = r.bytes(32).iter().map(|b| format!("{b:02x}")).collect();
            (format!("token:\n{}\n{digest}", wrapped(text, width)), vec![text[36..].to_owned()])
        });
    }
}

#[test]
fn the_first_member_of_a_header_has_a_name_in_any_script() {
    check(&[Form::Jws], |r, t| {
        let header = base64_url(format!(r#"{{"ключ":"{}","typ":"JWT","alg":"HS256"}}"#, r.word(8)).as_bytes());
        let (payload, signature) = (base64_url(claims(r).as_bytes()), base64_url(&r.bytes(32)));
        let record = if t.text.len() % 2 == 0 {
            format!("h={header} p={payload} s={signature}")
        } else {
            let lines = wrapped(&format!("{header}.{payload}.{signature}"), 72).replace('\n', "\",\n   \"");
            format!("x\n[\"{lines}\"]\ny")
        };
        (record, vec![payload, signature])
    });
}

/// RFC 7797 §5.2 with a detached payload: what follows in the line is no payload, though another token ends it.
#[test]
fn a_detached_payload_is_not_in_place() {
    let header = base64_url(br#"{"alg":"HS256","b64":false,"crit":["b64"]}"#);
    let signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let text = format!("{{\"t\":\"{header}..{signature}\"}} parse error near \"{header}..{signature}\"\n");
    let out = whole(Limits::default(), text.as_bytes());
    let out = String::from_utf8_lossy(&out);
    assert!(!out.contains(signature) && out.contains("\"} parse error near \""), "{out}");
}

/// Of the ciphertext a few characters stand in the first line: the IV before them tells, however its dots are written.
#[test]
fn the_rest_of_a_jwe_whose_ciphertext_begins_at_a_line_end() {
    check(&[Form::Jwe], |r, t| {
        let [key, iv, ciphertext, tag] = [1, 2, 3, 4].map(|k| t.parts[k].clone());
        let text = format!("{}.{iv}.{ciphertext}.{tag}", &key[key.len().saturating_sub(47)..]);
        let width = (text.len() - ciphertext.len() - tag.len() - 1 + r.between(1, 15)).max(60);
        let (dot, indent) = *r.pick(&[(".", "\t"), (".", ""), ("%2E", "  "), ("%252E", "")]);
        let lines = wrapped(&text, width).replace('.', dot).replace('\n', &format!("\n{indent}"));
        // Two full lines tell, and a tag that stands in one line.
        let secrets = if ciphertext.len() < 2 * width || text.len() % width <= tag.len() { Vec::new() } else { vec![ciphertext, tag] };
        (format!("{indent}{lines}"), secrets)
    });
}
