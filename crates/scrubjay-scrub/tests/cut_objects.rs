//! JSON serializations and keys that are cut: wherever it is, what is there of them goes, and the record around them stays.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token, base64};
use support::{cases, first_seed, whole};

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

fn scrubbed(text: &str) -> String {
    String::from_utf8(whole(Limits::default(), text.as_bytes())).unwrap()
}

/// What is there of an object tells what it is. What does not: a first member of a name that anything may have.
fn tells(form: Form, text: &str) -> bool {
    let value = |name: &str| {
        let (_, behind) = text.split_once(&format!("\"{name}\":"))?;
        Some(behind.trim_start().strip_prefix('"')?.split('"').next().unwrap_or_default())
    };
    let len = |name: &str| value(name).map_or(0, str::len);
    match form {
        Form::JsonJwsFlat | Form::JsonJwsGeneral => {
            let bytes = |name: &str| value(name).map(decoded).unwrap_or_default();
            let has =
                |text: &str, name: &str| text.split_once(&format!("\"{name}\"")).is_some_and(|(_, b)| b.trim_start().starts_with(':'));
            // Shorter, with white space before its brace, it is nothing that the scanner sees.
            let is_seen = len("payload") >= 47 || value("payload").is_some_and(|chars| chars.starts_with('e'));
            let payload = bytes("payload");
            let is_claims = ["iss", "sub", "aud", "exp"].iter().any(|name| has(&payload, name));
            has(&bytes("protected"), "alg") || is_seen && (is_claims || text.contains("\"signatures\":"))
        }
        Form::JsonJweFlat | Form::JsonJweGeneral => true,
        _ if value("kty").is_some() => true,
        Form::JwkRsa => {
            let parts = ["d", "p", "q", "dp", "dq", "qi"].iter().filter(|name| len(name) >= 16).count();
            parts > 1 || parts > 0 && (len("n") >= 80 || value("e") == Some("AQAB"))
        }
        // Their values are shorter than a run of the scanner: without the type's name there is nothing to look at.
        _ => false,
    }
}

fn decoded(text: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<usize> = text.chars().filter_map(|c| ALPHABET.find(c)).collect();
    let groups = bits.chunks(4).map(|c| (c.iter().fold(0, |n, v| n << 6 | v) << (6 * (4 - c.len())), c.len() * 3 / 4));
    groups.flat_map(|(n, len)| (0..len).map(move |i| char::from((n >> (16 - 8 * i)) as u8))).collect()
}

/// One-line objects of all forms, cut: at every `step`th place, and at a random one in between.
fn each_cut(step: usize, mut check: impl FnMut(Form, &Token, &str)) {
    for seed in first_seed()..first_seed() + cases(3) {
        for form in OBJECTS {
            let mut r = Random::new(seed * 97 + form as u64);
            let token = form.make(&mut r);
            let text = token.text.replace("\n  ", " ").replace('\n', "");
            let mut at = 1;
            while at < text.len() {
                if tells(form, &text[..at]) {
                    check(form, &token, &text[..at]);
                }
                at += r.between(1, step * 2 - 1);
            }
        }
    }
}

#[track_caller]
fn check_leaks(token: &Token, text: &str, out: &str) {
    let found = leaks(out.as_bytes(), &token.secrets, &token.claims);
    assert!(found.is_empty(), "leaks {:?} {:?}\n  in  {text}\n  out {out}", found.runs.first(), found.claims);
}

#[test]
fn alone_in_a_line() {
    each_cut(16, |_, token, cut| {
        for end in ["", "...", "…", "[truncated]"] {
            let first = format!("2025-11-28 10:00:00 INFO got {cut}{end}");
            if scrubjay_token::is_cut_size(first.as_bytes()) {
                continue;
            }
            let text = format!("{first}\n2025-11-28 10:00:01 INFO an ordinary line\n");
            let out = scrubbed(&text);
            check_leaks(token, &text, &out);
            assert!(out.starts_with("2025-11-28 10:00:00 INFO got "), "{out}");
            assert!(out.ends_with("\n2025-11-28 10:00:01 INFO an ordinary line\n"), "of {text}\n{out}");
            assert_eq!(scrubbed(&out), out, "of {text}");
        }
    });
}

/// A line of prose was taken for the rest of a string that is cut, where a later line ends like an object.
#[test]
fn ordinary_lines_before_one_that_ends_like_an_object() {
    const HEADS: [&str; 6] =
        ["", "2025-11-28 10:00:00,123 INFO  [main] o.e.Auth - ", "10:00:00 ", "| ", "    ", "<14>Nov 23 12:00:00 host app[17]: "];
    const BETWEEN: [&str; 6] = [
        "an ordinary line, with a comma",
        "an ordinary line that is longer than others, with a comma in the middle of it",
        "2025-11-28 10:00:01 INFO an ordinary line that is longer than others, with \"id\": 17",
        "2025-11-28 10:00:01 INFO started: a, b and \"c\"",
        "  at com.acme.Auth.check(Auth.java:17), and more",
        "level=info msg=\"started\", port=8080",
    ];
    const ENDS: [&str; 5] =
        ["said \"hi\"}", "{\"said\":\"hi\"}", "2025-11-28 10:00:02 INFO said \"hi\", {\"n\": 1, \"k\": \"v\"}", "\"}", "hi\", \"n\": 1}"];
    for seed in first_seed()..first_seed() + cases(1000) {
        let mut r = Random::new(seed);
        let form = *r.pick(&OBJECTS);
        let token = form.make(&mut r);
        let line = token.text.replace("\n  ", " ").replace('\n', "");
        let text = match r.below(4) {
            0 => token.text.clone(),
            1 => line.replace('"', "\\\""),
            2 => line.replace('"', "'"),
            _ => line,
        };
        let head = *r.pick(&HEADS);
        let before = format!("{head}{}", r.pick(&["got: ", "", "{\"msg\":\"", "10:00:00 INFO got\n"]));
        let cut = text[..r.between(20, text.len() - 1)].replace('\n', &format!("\n{head}"));
        // Of a size at which records are cut, a line goes on.
        if format!("{before}{cut}").lines().any(|line| scrubjay_token::is_cut_size(line.as_bytes())) {
            continue;
        }
        let between: String = (0..r.between(1, 2)).map(|_| format!("\n{head}{}", r.pick(&BETWEEN))).collect();
        let behind = format!("{between}\n{head}{}\n{head}2025-11-28 10:00:03 INFO an ordinary line\n", r.pick(&ENDS));
        let out = scrubbed(&format!("{before}{cut}{behind}"));
        assert!(out.starts_with(&before) && out.ends_with(&behind), "seed {seed} {form:?} of {before}{cut}{behind}\n{out}");
        if !cut.contains('\n') && tells(form, &cut) {
            check_leaks(&token, &cut, &out);
        }
    }
}

/// One escape stands for several bytes.
#[test]
fn an_object_with_letters_in_escapes_over_two_lines() {
    let head = "2025-11-28 10:00:00 INFO got ";
    let k = "mdWydjTC_vtxyovXjpsQnnGQmL-YBIffH1136cspYG6";
    let text = format!(
        "{head}{{\\\"kty\\\":\\\"oct\\\",\\\"kid\\\":\\\"\\u00e9\\u4e2d\\\",\\\"k\\\":\\\"{}\n{head}{}\\\"}}\n",
        &k[..20],
        &k[20..]
    );
    let out = scrubbed(&text);
    assert!(!out.contains(&k[..20]) && !out.contains(&k[20..]) && out.matches(head).count() == 2, "{out}");
}

/// A second record that began as the first one was taken for a part of it.
#[test]
fn on_lines_that_follow_each_other() {
    for count in [2, 3, 4, 70] {
        each_cut(if count > 4 { 300 } else { 40 }, |_, token, cut| {
            let text: String = (0..count).map(|i| format!("2025-11-28 10:00:{i:02} INFO key {cut}\n")).collect();
            let out = scrubbed(&text);
            check_leaks(token, &text, &out);
            for (i, line) in out.lines().enumerate() {
                assert!(line.starts_with(&format!("2025-11-28 10:00:{i:02} INFO key ")), "{line} in {text}");
            }
            assert_eq!(out.lines().count(), count);
        });
    }
}

/// `n` times as a string in JSON.
fn escaped(text: &str, n: usize) -> String {
    (0..n).fold(text.to_owned(), |text, _| text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What is there of the private member is no run of the scanner; the modulus in front of it is one.
#[test]
fn behind_a_modulus() {
    let mut r = Random::new(first_seed());
    let [n, d] = [256, 24].map(|bytes| base64(&r.bytes(bytes)).replace(['+', '/', '='], "x"));
    for (before, behind) in [("", ""), (r#","e":"AQAB""#, "..."), ("", "\"")] {
        for depth in 0..3 {
            let text = format!("INFO {}", escaped(&format!("{{\"n\":\"{n}\"{before},\"d\":\"{d}{behind}"), depth));
            assert!(!scrubbed(&format!("{text}\n")).contains(&d), "{text}");
        }
    }
    check_public(&format!("{{\"n\":\"{n}\",\"e\":\"AQAB\",\"use\":\"sig\",\"d\":\"short\"}}"));
}

#[track_caller]
fn check_public(text: &str) {
    assert_eq!(scrubbed(&format!("{text}\n")), format!("{text}\n"));
}

/// The record around was taken to the line's end.
/// What begins the next record in the same way is no frame of an object that goes on in it.
#[test]
fn the_next_record_begins_alike() {
    let cut = r#"got {\"payload\":\"eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiJqbyJ9\",\"signatures\":[{\"protected\":\"eyJ0eXAiOiJKV1QiLCJhbGci"#;
    let next = r#"got said \"hi\""#;
    for (before, after) in [("{\"msg\":\"", "\",\"n\":1}"), ("{\"log\":\"", "\\n\",\"stream\":\"stdout\",\"time\":\"t\"}")] {
        for between in ["", "2025-11-28 10:00:01,123 INFO  [main] o.e.Heartbeat - tick 000007\n"] {
            let document = format!("{before}{cut}{after}\n{between}{before}{next}{after}\n");
            let out = String::from_utf8(whole(Limits::default(), document.as_bytes())).expect("text");
            assert!(out.starts_with(&format!("{before}got ")) && !out.contains("eyJpc3M"), "{out}");
            assert!(out.ends_with(&format!("{after}\n{between}{before}{next}{after}\n")), "{out}");
        }
    }
}

#[test]
fn in_a_string_of_a_record() {
    each_cut(16, |_, token, cut| {
        for (before, n, behind) in [
            (r#"{"msg": "got "#, 1, r#"", "n": 1, "status": "good"}"#),
            (r#"{"n":1,"msg":""#, 1, r#"...","status":"good","m":[{"a":"}"}]}"#),
            (r#"{"n":1,"status":"good","msg":"key: "#, 1, r#""}"#),
            (r#"{"n":1,"status":"good","all":[{"msg":"key: "#, 1, r#""}, "two"]}"#),
            (r#"{"n":1,"msg":"{\"a\":\""#, 2, r#"\",\"b\":2}","status":"good"}"#),
            (r#"{"n":1,"msg":"{\"a\":\""#, 2, r#"\"}","status":"good"}"#),
            (r#"{"n":1,"msg":"{\"a\":{\"b\":"#, 1, r#"","status":"good"}"#),
        ] {
            let text = format!("{before}{}{behind}\n{{\"msg\":\"next\",\"n\":2}}\n", escaped(cut, n));
            let out = scrubbed(&text);
            check_leaks(token, &text, &out);
            let (first, second) = out.split_once('\n').unwrap();
            assert_eq!(second, "{\"msg\":\"next\",\"n\":2}\n");
            let record: serde_json::Value = serde_json::from_str(first).unwrap_or_default();
            assert_eq!(record["status"], "good", "no record any more\n  in  {text}\n  out {out}");
            assert!(first.starts_with(before) && first.ends_with(behind.trim_start_matches('.')), "\n  in  {text}\n  out {out}");
            assert_eq!(scrubbed(&out), out, "of {text}");
        }
    });
}

#[test]
fn in_other_quotes() {
    each_cut(40, |_, token, cut| {
        for (before, cut, behind) in [
            ("{'n': 1, 'msg': 'got ", cut.to_owned(), "', 'status': 'good'}"),
            ("{'n': 1, 'msg': 'got ", cut.to_owned(), "'}"),
            ("7,\"got ", cut.replace('"', "\"\""), "\",good,\"x\""),
            ("level=info msg=\"got ", escaped(cut, 1), "\" status=good at={a}"),
        ] {
            let text = format!("{before}{cut}{behind}\n");
            let out = scrubbed(&text);
            check_leaks(token, &text, &out);
            assert!(out.starts_with(before) && out.ends_with(&format!("{behind}\n")), "\n  in  {text}\n  out {out}");
        }
    });
}

/// The beginning is cut off, so that the object has no brace.
#[test]
fn without_their_beginning() {
    for seed in 0..cases(20) {
        for form in OBJECTS {
            let token = form.make(&mut Random::new(seed));
            let text = token.text.replace("\n  ", " ").replace('\n', "");
            let members = &text[text.find('"').unwrap_or(0)..];
            let out = scrubbed(&format!("INFO key {members} done\n"));
            check_leaks(&token, members, &out);
            assert!(out.starts_with("INFO key ") && out.ends_with(" done\n"), "{out}");
        }
    }
}

/// Of a JWE there are the last members only, or all but the header and the encrypted key.
#[test]
fn the_rest_of_an_encrypted_object() {
    let mut r = Random::new(first_seed());
    let mut part = |bytes: usize| base64(&r.bytes(bytes)).replace('+', "-").replace('/', "_").replace('=', "");
    let (iv, ciphertext, tag) = (part(12), part(120), part(16));
    let members = [format!("\"iv\":\"{iv}\""), format!("\"ciphertext\":\"{ciphertext}\""), format!("\"tag\":\"{tag}\"")];
    for text in [
        members.join(","),
        format!("{},{}", members[1], members[2]),
        format!("{},{}", members[0], members[1]),
        format!("{},{},{}", members[2], members[0], members[1]),
    ] {
        let out = scrubbed(&format!("INFO got ...XyZ\",{text}}} done\n"));
        assert!(!out.contains(&ciphertext[..16]) && out.starts_with("INFO got ...XyZ\",") && out.ends_with("} done\n"), "{out}");
    }
    // A whole object of two of these members is no JWE (RFC 7516 §7.2).
    for text in [format!("{{{},{}}}\n", members[1], members[2]), format!("{{{},{}}}\n", members[0], members[1])] {
        assert_eq!(scrubbed(&text), text);
    }
    let other = format!("INFO got ...XyZ\",\"iv\":\"{}\",\"ciphertext\":\"{ciphertext}\"}}\n", &ciphertext[..24]);
    assert_eq!(scrubbed(&other), other);
}

#[test]
fn each_member_is_replaced_by_itself_where_the_object_is_not_whole() {
    let payload = base64(br#"{"iss":"https://id.example","sub":"alice@example.com","exp":1764324000}"#);
    for (text, expected) in [
        (
            format!("INFO {{\"payload\":\"{payload}\",\"protected\":\"eyJhbGciOiJIUzI1NiJ9\",\"signa"),
            "\",\"protected\":\"\",\"signa".to_owned(),
        ),
        (format!("INFO key \"protected\":\"eyJhbGciOiJIUzI1NiJ9\",\"payload\":\"{payload}\"}}"), "\",\"payload\":\"\"}".to_owned()),
        (format!("{{\"level\":\"info\",\"payload\":\"{payload}\",\"n\":1}}"), "\",\"n\":1}".to_owned()),
    ] {
        let out = scrubbed(&format!("{text}\n"));
        let (before, _) = text.split_once("eyJ").unwrap();
        assert!(out.starts_with(&format!("{before}jwt(")) && out.ends_with(&format!("{expected}\n")), "{out}");
        assert_eq!(out.matches("jwt(").count(), 1, "{out}");
        assert_eq!(scrubbed(&out), out);
    }
}

/// Names alone are no evidence.
#[test]
fn ordinary_members_of_the_same_names_stay() {
    let json = |text: &str| base64(text.as_bytes()).trim_end_matches('=').to_owned();
    let (cursor, image) = (json(r#"{"page":17,"after":"2025-11-28","limit":50,"sort":"asc"}"#), base64(&[0x89; 120]));
    let digest = "5fd5a4bb8c0aee5b9e8f9c1d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6f7";
    let texts = [
        format!(r#"{{"id":7,"payload":{{"action":"opened"}},"signature":"sha256={digest}","protected":false}}"#),
        format!(r#"{{"payload":"{cursor}","header":{{"source":"a","id":7}},"n":1}}"#),
        format!(r#"{{"payload":"{cursor}","encoding":"base64"}}"#),
        format!(r#"{{"payload":"{image}","iv":1,"tag":"v1.2.3"}}"#),
        r#"{"query":"query($k:String){a(k:$k){d}}","variables":{"k":"KeyOfSomethingThatIsLongerThanFortySevenCharacters"},"d":1}"#
            .to_owned(),
        r#"{"eventVersion":"1.08","userIdentity":{"type":"Root"},"requestParameters":{"tag":"x","d":"arn:aws:s3:::a/b"},"k":1}"#.to_owned(),
        r#"{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","sdk":{"n":"x"},"d":{"k":1},"p":"a/b/c","q":"search"}"#.to_owned(),
        format!(r#"{{"n":1,"d":"{digest}","q":"x","e":"y"}}"#),
        format!(r#"{{"k":"{digest}","v":2,"x":3}}"#),
        format!(r#"{{"d":"{}"}}"#, json("a response of an old service, written in base64 because it always was")),
        format!(r#"{{"encrypted_key":"{digest}","provider":"kms"}}"#),
        format!(r#"{{"signature":"{image}","user":"x"}}"#),
        format!(r#"{{"protected":true,"branch":"{digest}","tag":"{digest}"}}"#),
        format!(r#"{{"p":"{digest}","q":"short"}}"#),
    ];
    for text in texts {
        let record = format!(r#"{{"msg":"got {}","n":1}}"#, escaped(&text, 1));
        for text in [text, record] {
            assert_eq!(scrubbed(&format!("{text}\n")), format!("{text}\n"));
            // Cut anywhere, it is no more than it was.
            for at in (1..text.len()).step_by(7) {
                let cut = format!("2025-11-28 10:00:00 INFO {}\n2025-11-28 10:00:01 INFO {}\n", &text[..at], &text[..at]);
                assert_eq!(scrubbed(&cut), cut);
            }
        }
    }
}

/// A value over the token limit took the names behind it, or the escape of the quote behind it, and left the signature.
#[test]
fn with_a_value_over_the_limit() {
    let mut r = Random::new(first_seed());
    let part = |r: &mut Random, bytes: usize| base64(&r.bytes(bytes)).replace('+', "-").replace('/', "_").replace('=', "");
    let groups: Vec<String> = (0..9000).map(|i| format!("\"grp-{i:06}\"")).collect();
    let claims = base64(format!("{{\"sub\":\"alice@example.com\",\"g\":[{}]}}", groups.join(",")).as_bytes()).replace('=', "");
    let plain = base64(format!("{{\"a\":\"alice@example.com\",\"g\":[{}]}}", groups.join(",")).as_bytes()).replace('=', "");
    let header = base64(br#"{"alg":"HS256"}"#).replace('=', "");
    for (payload, signature) in [(&claims, part(&mut r, 32)), (&plain, part(&mut r, 256)), (&claims, part(&mut r, 64))] {
        let (protected, payload) = (format!("\"protected\": \"{header}\""), format!("\"payload\": \"{payload}\""));
        let end = format!("\"signature\": \"{signature}\"");
        let general = format!("\"signatures\": [{{{protected}, \"header\": {{\"kid\": \"}}\"}}, {end}}}]");
        for members in [
            [&payload, &protected, &end].map(String::as_str).join(", "),
            [&protected, &payload, &end].map(String::as_str).join(", "),
            format!("{payload}, {general}"),
        ] {
            for n in 0..3 {
                let object = format!("{{{members}, \"x\": \"{}\"}}", "ordinary words ".repeat(n * 3000));
                let (before, behind) = match n {
                    0 => (String::new(), String::new()),
                    1 => (
                        "{\"status\":\"good\",\"m\":\"".to_owned(),
                        "\",\"next\":\"https://example.com/a/path/that/is/longer/than/a/run\"}".to_owned(),
                    ),
                    _ => ("{\"status\":\"good\",\"m\":\"{\\\"a\\\":\\\"".to_owned(), "\\\"}\"}".to_owned()),
                };
                let text = format!("{before}{}{behind}\n{{\"msg\":\"next\"}}\n", escaped(&object, n));
                let out = scrubbed(&text);
                let found = leaks(out.as_bytes(), &[claims.clone(), plain.clone(), signature.clone()], &["alice@example.com".to_owned()]);
                assert!(found.is_empty(), "{n} {:.300} leaks {:?}\n{out:.2000}", text, found.runs.first());
                assert!(
                    out.starts_with(&before) && out.ends_with(&format!("{behind}\n{{\"msg\":\"next\"}}\n")),
                    "{n} {:.300}\n{out:.2000}",
                    text
                );
                let record: serde_json::Value = serde_json::from_str(out.lines().next().unwrap_or_default()).unwrap_or_default();
                assert!(record.is_object(), "no record any more\n  in  {text:.300}\n  out {out:.2000}");
                assert!(n == 0 || record["status"] == "good");
                for cuts in [vec![100, 70_000, 140_000], (1..text.len()).step_by(9_973).collect(), vec![text.len() - 20]] {
                    let cuts: Vec<usize> = cuts.into_iter().filter(|&cut| cut < text.len()).collect();
                    let divided = support::pieces(Limits::default(), text.as_bytes(), &cuts);
                    assert_eq!(String::from_utf8_lossy(&divided), out, "where reads end decides");
                }
            }
        }
    }
}
