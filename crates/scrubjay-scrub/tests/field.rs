//! `placement: field`: a record that is one whole JSON object gets short markers and a field that says the rest; any other
//! record stays as it is with `placement: inline`.

mod support;

use std::sync::Arc;

use scrubjay_claims::{EpochLimits, EpochStore, NewEpoch, Published, Sealer, Withheld};
use scrubjay_delivery::{AckId, LaneId};
use scrubjay_rules::RulePack;
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Marker, Message, Origin, Policy, Scrubber, Teller};
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Carrier, Case, Damage, Encoding, Form, Framing as Frames, base64_url};
use serde_json::{Value, json};
use support::{cases, first_seed, push, shown, small};

const PRESETS: [&str; 4] = ["scrubjay", "ecs", "ocsf", "otel"];

/// A scrubber whose policy is the default's, with this placement; a second rule has the tokens of one issuer inline.
fn scrubber(placement: &str, preset: &str, limits: Limits) -> Scrubber {
    let claims = "{iss: keep, aud: keep, sub: pseudonym, scope: count, iat: keep, exp: keep}";
    let policy = format!(
        "field: {{preset: {preset}}}\nrisks: {{show: [alg-none]}}\npolicy:\n\
         - {{name: inline, match: {{iss: \"https://inline.example\"}}, claims: {claims}}}\n\
         - {{name: own, match: {{}}, placement: {placement}, claims: {claims}}}\n"
    );
    let policy = Policy::parse("policy.yaml", &policy).unwrap_or_else(|wrong| panic!("{wrong}"));
    let key = FingerprintKey::from_bytes(&[7; 32]).expect("a key");
    Scrubber::of(Teller::new(key, RulePack::builtin()).with_policy(Arc::new(policy)), limits)
}

fn whole(scrubber: &mut Scrubber, document: &[u8]) -> Vec<u8> {
    push(scrubber, 0, document, true).bytes().to_vec()
}

fn text(scrubber: &mut Scrubber, document: &str) -> String {
    String::from_utf8(whole(scrubber, document.as_bytes())).expect("text stays text")
}

fn field(document: &str) -> String {
    text(&mut scrubber("field", "scrubjay", Limits::default()), document)
}

fn inline(document: &str) -> String {
    text(&mut scrubber("inline", "scrubjay", Limits::default()), document)
}

fn token(iss: &str, sub: &str) -> String {
    let claims = json!({"iss": iss, "aud": ["api", "web"], "sub": sub, "scope": "a b", "iat": 1_795_431_600, "exp": 1_795_435_200});
    let header = json!({"alg": "RS256", "typ": "at+jwt", "kid": "k1"});
    let part = |value: &Value| base64_url(value.to_string().as_bytes());
    format!("{}.{}.{}", part(&header), part(&claims), base64_url(&Random::new(sub.len() as u64).bytes(64)))
}

/// What a field says of a marker.
fn told(marker: &str) -> Value {
    let marker = Marker::parse(marker).expect("a marker");
    let mut told = serde_json::Map::from_iter([("kind".to_owned(), marker.kind.clone().into())]);
    for (name, value) in &marker.fields {
        if matches!(name.as_str(), "aud" | "risk" | "why") {
            let list: Vec<&str> = marker.all(name).collect();
            told.insert(name.clone(), list.into());
        } else {
            told.insert(name.clone(), value.clone().into());
        }
    }
    told.insert("verified".to_owned(), false.into());
    told.into()
}

/// The markers of a text, in order.
fn markers(text: &str) -> Vec<String> {
    let found = regex::Regex::new(r"(jwt|jwe|sdjwt|jwk|pem)\([^)]*\)").unwrap();
    found.find_iter(text).map(|m| m.as_str().to_owned()).collect()
}

/// Scrubs a record with tokens in it, and compares: the record is as it was with short markers, and its field says what the
/// inline markers say.
#[track_caller]
fn goes_into_a_field(record: &str, tokens: &[Value]) {
    let (field, inline) = (field(record), inline(record));
    let short: Vec<String> = markers(&inline).iter().map(|m| Marker::parse(m).expect("a marker").short().to_string()).collect();
    assert!(!short.is_empty(), "{inline}");
    let mut expected = inline.clone();
    for (long, short) in markers(&inline).iter().zip(&short) {
        expected = expected.replace(long.as_str(), short);
    }
    // What has come in stands before the last brace and nowhere else.
    let close = expected.rfind('}').expect("a brace");
    let rest = field.strip_prefix(&expected[..close]).and_then(|f| f.strip_suffix(&expected[close..]));
    let added = rest.unwrap_or_else(|| panic!("field  {field}inline {inline}"));
    let added: Value = serde_json::from_str(&format!("{{{}}}", added.trim_start_matches(','))).unwrap_or_else(|e| panic!("{e}: {field}"));
    assert_eq!(added, json!({"scrubjay": tokens}), "{field}");
    assert!(serde_json::from_str::<Value>(&field).is_ok(), "{field}");
    assert_eq!(self::field(&field), field, "scrubbing twice is scrubbing once");
}

#[track_caller]
fn stays_inline(record: &str) {
    assert_eq!(field(record), inline(record));
    assert!(!markers(&inline(record)).is_empty(), "{record}");
}

fn marker_of(token: &str) -> Value {
    told(&markers(&inline(&format!("{token}\n")))[0])
}

#[test]
fn a_json_record_gets_a_field() {
    let (one, other) = (token("https://idp.example/a", "jo"), token("https://idp.example/b", "kim"));
    let told = [marker_of(&one), marker_of(&other)];
    assert_eq!(told[0]["iss"], "idp.example/a");
    for end in ["\n", "\r\n", "", " \t\n"] {
        goes_into_a_field(&format!(r#"{{"auth":"Bearer {one}","n":1}}{end}"#), &told[..1]);
    }
    goes_into_a_field(&format!("  {{ \"auth\" : \"{one}\" }}  \n"), &told[..1]);
    goes_into_a_field(&format!("{{\"a\":[{{\"b\":\"x {one} y\"}}],\"c\":1.50,\"c\":\"é\\n\\u00e9\"}}\n"), &told[..1]);
    goes_into_a_field(&format!("{{\"a\":\"{one}\",\"b\":\"{other}\"}}\n"), &told);
    goes_into_a_field(&format!("{{\"a\":\"{one} {other} {one}\"}}\n"), &told);
    goes_into_a_field(&format!("{{\"log\":\"{{\\\"t\\\":\\\"{one}\\\"}}\\n\",\"stream\":\"stdout\"}}\n"), &told[..1]);
    goes_into_a_field(&format!("{{\"{one}\":1}}\n"), &told[..1]);
    goes_into_a_field(&format!("{{\"u\":\"/cb?a=1&id_token={one}&state=x\"}}\n"), &told[..1]);
}

#[test]
fn objects_that_are_tokens() {
    for form in [Form::JsonJwsFlat, Form::JsonJwsGeneral, Form::JsonJweFlat, Form::JsonJweGeneral, Form::JwkEc] {
        let object: Value = serde_json::from_str(&form.make(&mut Random::new(5)).text).unwrap();
        let record = format!("{{\"a\":1,\"t\":{object},\"b\":2}}\n");
        goes_into_a_field(&record, &[told(&markers(&inline(&record))[0])]);
        stays_inline(&format!("{object}\n"));
        stays_inline(&format!("[{object}]\n"));
    }
}

#[test]
fn where_a_token_has_no_fingerprint_the_short_marker_says_why() {
    let whole = token("https://idp.example/a", "jo");
    let cut = &whole[..whole.len() - 120];
    let out = field(&format!("{{\"t\":\"{cut}\"}}\n"));
    assert!(out.starts_with("{\"t\":\"jwt(cut:payload)\",\"scrubjay\":[{\"kind\":\"jwt\""), "{out}");
    let key = Form::JwkOct.make(&mut Random::new(3)).text;
    let key: Value = serde_json::from_str(&key).unwrap();
    let out = field(&format!("{{\"k\":{key}}}\n"));
    assert!(out.starts_with("{\"k\":\"jwk(") && out.contains("\"scrubjay\":[{\"kind\":\"jwk\",\"class\":\"key\""), "{out}");
}

/// In a URL's path a marker is short in any case; the field has room for the story.
#[test]
fn a_short_place_has_its_story_in_the_field() {
    let one = token("https://idp.example/a", "jo");
    let line = format!("{{\"u\":\"https://h.example/t/{one}/x\"}}\n");
    let fp = marker_of(&one)["fp"].as_str().unwrap().to_owned();
    assert_eq!(inline(&line), format!("{{\"u\":\"https://h.example/t/jwt(fp:{fp})/x\"}}\n"));
    let mut scrubber = scrubber("field", "scrubjay", Limits::default());
    // Known to the cache from the third on.
    for _ in 0..4 {
        let out = text(&mut scrubber, &line);
        assert!(out.starts_with(&format!("{{\"u\":\"https://h.example/t/jwt(fp:{fp})/x\",\"scrubjay\":[")), "{out}");
        let out: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(out["scrubjay"], json!([marker_of(&one)]));
    }
}

#[test]
fn other_records_stay_inline() {
    let one = token("https://idp.example/a", "jo");
    let many = (0..65).map(|n| format!("\"{}\"", token("https://idp.example/a", &format!("s{n}")))).collect::<Vec<_>>().join(",");
    let records = [
        format!("INFO {one}\n"),
        format!("\"{one}\"\n"),
        format!("[\"{one}\"]\n"),
        format!("2026-11-23 {{\"t\":\"{one}\"}}\n"),
        format!("{{\"t\":\"{one}\"}} end\n"),
        format!("{{\"t\":\"{one}\"}}{{}}\n"),
        format!("{{\"t\":\"{one}\"\n"),
        format!("{{\"t\":\"{one}\",}}\n"),
        format!("{{'t':'{one}'}}\n"),
        format!("{{\"t\":\"{one}\",\"scrubjay\":[]}}\n"),
        format!("{{\"t\":\"{one}\",\"scrub\\u006aay\":1}}\n"),
        format!("{{\n  \"t\": \"{one}\"\n}}\n"),
        format!("{{\"t\":[{many}]}}\n"),
        format!("{{\"t\":\"{}\"}}\n", token("https://inline.example", "jo")),
    ];
    records.iter().for_each(|record| stays_inline(record));
    // One rule asks for a field, the other does not.
    let other = token("https://inline.example", "kim");
    let out = field(&format!("{{\"a\":\"{one}\",\"b\":\"{other}\"}}\n"));
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["scrubjay"], json!([marker_of(&one)]));
    assert_eq!(told(out["b"].as_str().unwrap()), marker_of(&other));
}

#[test]
fn each_line_is_its_own_record() {
    let (one, other) = (token("https://idp.example/a", "jo"), token("https://idp.example/b", "kim"));
    let document = format!("{{\"a\":\"{one}\"}}\nplain {one}\n{{\"b\":1}}\n{{\"c\":\"{other}\",\"scrubjay\":0}}\n{{\"d\":\"{other}\"}}\n");
    let out = field(&document);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 5);
    for (line, has) in lines.iter().zip([true, false, false, false, true]) {
        assert_eq!(line.ends_with("\"verified\":false}]}"), has, "{line}");
    }
}

/// A line over the token limit is decided in windows, so nothing is known of it as a whole, however it came.
#[test]
fn long_lines_stay_inline_however_they_come() {
    let one = token("https://idp.example/a", "jo");
    for (length, has) in [(600, true), (1800, true), (2200, false), (9000, false)] {
        let head = format!("{{\"t\":\"{one}\",\"pad\":\"");
        let line = format!("{head}{}\"}}\n", "pad ".repeat(length / 4).get(..length.saturating_sub(head.len() + 3)).unwrap_or_default());
        let line = format!("{{}}\n{line}{{\"t\":\"{one}\"}}\n");
        let out = text(&mut scrubber("field", "scrubjay", small(2048)), &line);
        assert_eq!(out.matches("\"scrubjay\":").count(), 1 + usize::from(has), "{length}: {out}");
        for cut in [1, 3, 40, 300, line.len() / 2, line.len() - 1] {
            let mut scrubber = scrubber("field", "scrubjay", small(2048));
            let first = push(&mut scrubber, 0, &line.as_bytes()[..cut], false).bytes().to_vec();
            let second = push(&mut scrubber, 1, &line.as_bytes()[cut..], true).bytes().to_vec();
            assert_eq!(String::from_utf8_lossy(&[first, second].concat()), out, "{length} cut at {cut}");
        }
    }
}

#[test]
fn every_split_gives_the_same() {
    let (one, other) = (token("https://idp.example/a", "jo"), token("https://idp.example/b", "kim"));
    let document = format!("x\n{{\"a\":\"{one}\"}}\r\n{{\"n\":{{\"b\":\"{other}\"}}}}\nplain {one}\n{{\"c\":\"{one}");
    let expected = field(&document);
    for cut in 0..document.len() {
        let mut scrubber = scrubber("field", "scrubjay", Limits::default());
        let first = push(&mut scrubber, 0, &document.as_bytes()[..cut], false).bytes().to_vec();
        let second = push(&mut scrubber, 1, &document.as_bytes()[cut..], true).bytes().to_vec();
        assert_eq!(String::from_utf8_lossy(&[first, second].concat()), expected, "cut at {cut}");
    }
}

#[test]
fn each_vocabulary() {
    let one = token("https://idp.example/a", "jo");
    let line = format!("{{\"msg\":\"{one}\"}}\n");
    let story = marker_of(&one);
    let (fp, sub) = (&story["fp"], &story["sub"]);
    let added = |preset: &str| {
        let out = text(&mut scrubber("field", preset, Limits::default()), &line);
        assert_eq!(text(&mut scrubber("field", preset, Limits::default()), &out), out, "{preset}");
        let mut out: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"));
        out.as_object_mut().unwrap().remove("msg");
        out
    };
    assert_eq!(added("scrubjay"), json!({"scrubjay": [story]}));
    assert_eq!(added("ecs"), json!({"related": {"hash": [fp], "user": [sub]}, "user": {"hash": sub}, "scrubjay": {"tokens": [story]}}));
    assert_eq!(
        added("ocsf"),
        json!({
            "session": {"issuer": "idp.example/a", "credential_uid": fp},
            "authentication_token":
                {"type": "Access Token", "type_id": 99, "created_time": 1_795_431_600_000_i64, "expiration_time": 1_795_435_200_000_i64},
            "unmapped": {"scrubjay": [story]},
        })
    );
    let otel = added("otel");
    assert_eq!(&otel["user.hash"], sub);
    for (name, value) in story.as_object().unwrap() {
        assert_eq!(&otel[format!("scrubjay.token.{name}")], value, "{name}");
    }
}

/// Epoch records are nobody's business here.
struct NoStore;

impl EpochStore for NoStore {
    fn publish(&self, _: &NewEpoch<'_>, _: u64) -> Result<Published, Withheld> {
        Ok(Published::default())
    }
}

/// With sealed claims: where they go, and that they come through a second scrubber unharmed, with or without its own sealer.
#[test]
fn sealed_claims_in_the_marker_or_in_the_field() {
    let one = token("https://idp.example/a", "jo");
    let seals = |seal_to: &str, preset: &str, line: &str| {
        let policy = format!(
            "field: {{preset: {preset}}}\npolicy:\n- {{match: {{}}, placement: field, seal_to: {seal_to}, claims: {{iss: keep, sub: {{show: none, seal: [soc, privacy]}}}}}}\n"
        );
        let policy = Arc::new(Policy::parse("policy.yaml", &policy).unwrap_or_else(|wrong| panic!("{wrong}")));
        let audiences = ["soc", "privacy"].map(str::to_owned);
        let sealer = Arc::new(Sealer::new(audiences, Arc::new(NoStore), EpochLimits::default()));
        let key = FingerprintKey::from_bytes(&[7; 32]).expect("a key");
        let teller = Teller::new(key, RulePack::builtin()).with_policy(policy).with_sealer(sealer);
        let out = text(&mut Scrubber::of(teller.clone(), Limits::default()), line);
        assert_eq!(text(&mut Scrubber::of(teller, Limits::default()), &out), out, "{seal_to} {preset}");
        assert_eq!(field(&out), out, "{seal_to} {preset}");
        serde_json::from_str::<Value>(&out).unwrap_or_else(|e| panic!("{e}: {out}"))
    };
    let plain = format!("{{\"msg\":\"{one}\"}}\n");
    let path = format!("{{\"msg\":\"https://h.example/t/{one}/x\"}}\n");
    let twice = format!("{{\"msg\":\"{one} {one}\"}}\n");
    // Where to, the record, the sealed sets in its text and in its field.
    for (seal_to, line, in_text, in_field) in [
        ("inline", &plain, 2, 0),
        ("field", &plain, 0, 2),
        ("sidecar", &plain, 0, 0),
        ("inline", &path, 0, 2),
        ("field", &path, 0, 2),
        ("inline", &twice, 4, 0),
        ("field", &twice, 0, 2),
    ] {
        for preset in PRESETS {
            let out = seals(seal_to, preset, line);
            let told = match preset {
                "scrubjay" => out["scrubjay"].clone(),
                "ecs" => out["scrubjay"]["tokens"].clone(),
                "ocsf" => out["unmapped"]["scrubjay"].clone(),
                _ => json!([{"iss": out["scrubjay.token.iss"], "sealed_claims": out["scrubjay.token.sealed_claims"]}]),
            };
            let name = format!("{seal_to} {preset} {out}");
            assert_eq!(told.as_array().map(Vec::len), Some(1), "{name}");
            assert_eq!(told[0]["iss"], "idp.example/a", "{name}");
            assert_eq!(out["msg"].as_str().unwrap().matches("~sealed:eyJ").count(), in_text, "{name}");
            let sets: Vec<&str> = told[0]["sealed_claims"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            assert_eq!(sets.len(), in_field, "{name}");
            for set in sets {
                let marker = Marker::parse(set).unwrap_or_else(|| panic!("{name}"));
                assert!(marker.get("fp").is_some() && marker.get("sealed").is_some_and(|s| s.starts_with("eyJ")), "{name}");
            }
        }
    }
}

/// A value of a message is a record. Its key and its headers are none, and keys have to stay equal for equal tokens.
#[test]
fn keys_and_headers_of_messages_get_no_field() {
    let record = format!("{{\"t\":\"{}\"}}", token("https://idp.example/a", "jo"));
    let bytes = [record.as_bytes(), b"name", record.as_bytes(), record.as_bytes()].concat();
    let len = record.len();
    let message = Message {
        key: Some(0..len),
        value: Some(len + 4..2 * len + 4),
        headers: vec![(len..len + 4, Some(2 * len + 4..3 * len + 4))],
        ..Message::default()
    };
    let out = scrubber("field", "scrubjay", Limits::default()).scrub(Batch {
        ack: AckId { lane: LaneId(1), seq: 0 },
        origin: Arc::new(Origin { source: "topic".into(), name: "raw".into() }),
        bytes,
        line_before: Vec::new(),
        framing: Framing::Messages(vec![message]),
        lane_ends: false,
    });
    let Framing::Messages(messages) = out.framing() else { panic!("messages stay messages") };
    let part = |range: &std::ops::Range<usize>| String::from_utf8_lossy(&out.bytes()[range.clone()]).into_owned();
    let (inline, field) = (inline(&record), field(&record));
    let short = Marker::parse(&markers(&inline)[0]).expect("a marker").short();
    assert_eq!(messages[0].key.as_ref().map(part), Some(format!("{{\"t\":\"{short}\"}}")));
    assert_eq!(messages[0].headers[0].1.as_ref().map(part), Some(inline));
    assert_eq!(messages[0].value.as_ref().map(part), Some(field));
}

/// Any token in any damage and encoding, in JSON records: nothing leaks, JSON stays JSON, lines stay lines, and scrubbing twice is
/// scrubbing once.
#[test]
fn any_token_in_any_json_record() {
    let mut failures = Vec::new();
    let (mut in_field, count) = (0, cases(600));
    for seed in first_seed() + 7_000_000..first_seed() + 7_000_000 + count {
        let mut random = Random::new(seed);
        let form = *random.pick(&Form::ALL);
        let damage = if random.chance(30) { *random.pick(&Damage::ALL) } else { Damage::None };
        let encodings: Vec<Encoding> = if random.chance(30) { vec![*random.pick(&Encoding::ALL)] } else { Vec::new() };
        let carrier = *random.pick(&[Carrier::Json, Carrier::JsonInJson]);
        let frames = if random.chance(10) { Frames::Docker } else { Frames::Lines };
        let case = Case::of(&mut random, form, damage, &encodings, carrier, frames);
        let preset = *random.pick(&PRESETS);
        let document = case.document();
        let out = whole(&mut scrubber("field", preset, Limits::default()), &document);
        in_field += u64::from(String::from_utf8_lossy(&out).contains("verified\":false"));
        if let Some(fault) = fault(&case, preset, &document, &out) {
            let detail = if failures.len() < 3 { format!("\n  in  {}\n  out {}", shown(&document), shown(&out)) } else { String::new() };
            failures.push(format!("seed {seed} {preset} {}: {fault}{detail}", case.name));
        }
    }
    assert!(in_field * 2 > count, "{in_field} of {count} records got a field");
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
}

fn fault(case: &Case, preset: &str, document: &[u8], out: &[u8]) -> Option<String> {
    let plain = whole(&mut scrubber("inline", preset, Limits::default()), document);
    let leak = |out: &[u8]| !leaks(out, &case.secrets, &case.claims).is_empty();
    if leak(out) && !leak(&plain) {
        return Some("leaks more than inline".to_owned());
    }
    let lines = |text: &[u8]| text.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (before, after, plain_lines) = (lines(document), lines(out), lines(&plain));
    if before.len() != after.len() {
        return Some(format!("{} lines became {}", before.len(), after.len()));
    }
    let is_object = |line: &[u8]| serde_json::from_slice::<Value>(line).is_ok_and(|v| v.is_object());
    for (before, (after, plain)) in before.iter().zip(after.iter().zip(&plain_lines)) {
        if is_object(before) && is_object(plain) && !is_object(after) {
            return Some("a JSON object is none any more".to_owned());
        }
        if !is_object(plain) && after != plain {
            return Some("what is no object has changed".to_owned());
        }
    }
    let twice = |text: &[u8], placement| whole(&mut scrubber(placement, preset, Limits::default()), text);
    if twice(out, "field") != out && twice(&plain, "inline") == plain {
        return Some("scrubbing twice is not scrubbing once".to_owned());
    }
    None
}
