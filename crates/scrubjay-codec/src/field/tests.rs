use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const FP: &str = "f6569ae_ZRqHocrek24uFgAAAAAAAA";
const SUB: &str = "p6569ae_8Zk3xHocrek24uFgAAAAAA";

fn fields(text: &[(&str, &str)]) -> Vec<(String, String)> {
    text.iter().map(|&(n, v)| (n.to_owned(), v.to_owned())).collect()
}

fn access() -> Vec<(String, String)> {
    fields(&[
        ("class", "access"),
        ("alg", "RS256"),
        ("iss", "idp.example/realms/a"),
        ("aud", "api"),
        ("sub", SUB),
        ("iat", "2026-11-23T11:00:00Z"),
        ("exp", "2026-11-23T12:00:00Z"),
        ("fp", FP),
    ])
}

/// Puts the tokens into the record and gives back what the record has more than before; `None`: nothing was put in.
#[track_caller]
fn added(record: &str, preset: Preset, tokens: &[(&str, Vec<(String, String)>)]) -> Option<Value> {
    let tokens: Vec<Token<'_>> = tokens.iter().map(|(kind, fields)| Token { kind, fields }).collect();
    let Splice { at, text } = splice(record.as_bytes(), preset, &tokens)?;
    let (before, after) = record.split_at(at);
    let whole = format!("{before}{text}{after}");
    assert!(after.starts_with('}') && text.is_ascii() && !text.contains('\n'), "{whole}");
    assert_no_name_twice(&whole);
    let (Ok(Value::Object(mut whole)), Ok(Value::Object(record))) = (serde_json::from_str(&whole), serde_json::from_str(record)) else {
        panic!("{whole}");
    };
    for (name, value) in record {
        assert_eq!(whole.remove(&name), Some(value), "{name}");
    }
    Some(Value::Object(whole))
}

/// serde_json takes the last of two members with one name: count the names instead.
#[track_caller]
fn assert_no_name_twice(line: &str) {
    let Value::Object(read) = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")) else { panic!("{line}") };
    let names: BTreeSet<&String> = read.keys().collect();
    let commas = top_level_commas(line);
    assert_eq!(names.len(), commas + usize::from(!read.is_empty()), "{line}");
}

fn top_level_commas(line: &str) -> usize {
    let (mut depth, mut inside, mut escaped, mut commas) = (0, false, false, 0);
    for b in line.bytes() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b'{' | b'[' if !inside => depth += 1,
            b'}' | b']' if !inside => depth -= 1,
            b',' if !inside && depth == 1 => commas += 1,
            _ => {}
        }
    }
    commas
}

#[test]
fn one_token_in_each_vocabulary() {
    let record = r#"{"msg":"a jwt(fp:f1) b","n":1e400}"#.replace("1e400", "1");
    let token = json!({
        "kind": "jwt", "class": "access", "alg": "RS256", "iss": "idp.example/realms/a", "aud": ["api"], "sub": SUB,
        "iat": "2026-11-23T11:00:00Z", "exp": "2026-11-23T12:00:00Z", "fp": FP, "verified": false,
    });
    let flat: serde_json::Map<String, Value> =
        token.as_object().unwrap().iter().map(|(name, value)| (format!("scrubjay.token.{name}"), value.clone())).collect();
    let mut otel = json!({"user.hash": SUB});
    otel.as_object_mut().unwrap().extend(flat);
    let cases = [
        (Preset::Scrubjay, json!({"scrubjay": [token]})),
        (Preset::Ecs, json!({"related": {"hash": [FP], "user": [SUB]}, "user": {"hash": SUB}, "scrubjay": {"tokens": [token]}})),
        (
            Preset::Ocsf,
            json!({
                "session": {"issuer": "idp.example/realms/a", "credential_uid": FP},
                "authentication_token": {
                    "type": "Access Token", "type_id": 99,
                    "created_time": 1_795_431_600_000_i64, "expiration_time": 1_795_435_200_000_i64,
                },
                "unmapped": {"scrubjay": [token]},
            }),
        ),
        (Preset::Otel, otel),
    ];
    for (preset, expected) in cases {
        assert_eq!(added(&record, preset, &[("jwt", access())]), Some(expected), "{preset:?}");
    }
}

#[test]
fn several_tokens() {
    let two = [("jwt", access()), ("jwe", fields(&[("class", "encrypted"), ("cut", "payload")])), ("jwt", access())];
    let first = |preset| added("{}", preset, &two).unwrap();
    assert_eq!(first(Preset::Scrubjay)["scrubjay"].as_array().unwrap().len(), 2, "one that comes twice is told of once");
    let second = json!({"kind": "jwe", "class": "encrypted", "cut": "payload", "verified": false});
    assert_eq!(first(Preset::Scrubjay)["scrubjay"][1], second);
    assert_eq!(first(Preset::Ecs)["scrubjay"]["tokens"][1], second);
    assert_eq!(first(Preset::Ecs)["related"], json!({"hash": [FP], "user": [SUB]}));
    assert_eq!(first(Preset::Ecs).get("user"), None);
    assert_eq!(first(Preset::Ocsf).as_object().unwrap().keys().collect::<Vec<_>>(), ["unmapped"]);
    let otel = first(Preset::Otel);
    assert_eq!((&otel["scrubjay.token.kind"], &otel["scrubjay.token_2.kind"]), (&json!("jwt"), &json!("jwe")));
    assert_eq!((otel.get("scrubjay.token_3.kind"), otel.get("user.hash")), (None, None));

    let sealed = |set: &str| [access(), fields(&[("sealed_claims", set)])].concat();
    let twice = added("{}", Preset::Scrubjay, &[("jwt", sealed("jwt(fp:f1~sealed:a)")), ("jwt", sealed("jwt(fp:f1~sealed:b)"))]).unwrap();
    assert_eq!(twice["scrubjay"].as_array().unwrap().len(), 1);
    assert_eq!(twice["scrubjay"][0]["sealed_claims"], json!(["jwt(fp:f1~sealed:a)"]));

    let many: Vec<_> = (0..=TOKENS_MAX).map(|i| ("jwt", fields(&[("fp", &i.to_string())]))).collect();
    for preset in Preset::ALL {
        assert!(added("{}", preset, &many[1..]).is_some());
        assert_eq!(added("{}", preset, &many), None);
        assert_eq!(added("{}", preset, &[]), None);
    }
}

#[test]
fn what_the_record_has_is_never_said_twice() {
    use Preset::{Ecs, Ocsf, Otel, Scrubjay};
    // Preset, record, and what of the names is put in; `None`: nothing.
    let cases: &[(Preset, &str, Option<&[&str]>)] = &[
        (Scrubjay, r#"{"scrubjay":1}"#, None),
        (Scrubjay, r#"{"scrubj\u0061y":[]}"#, None),
        (Scrubjay, r#"{"a":{"scrubjay":1}}"#, Some(&["scrubjay"])),
        (Scrubjay, r#"{"related":1,"user":2,"session":3,"unmapped":4}"#, Some(&["scrubjay"])),
        (Ecs, r#"{"scrubjay":{"x":1}}"#, None),
        (Ecs, r#"{"user":"jo"}"#, Some(&["related", "scrubjay"])),
        (Ecs, r#"{"user.name":"jo","message":"m"}"#, Some(&["related", "scrubjay"])),
        (Ecs, r#"{"related":{"ip":["10.0.0.1"]}}"#, Some(&["scrubjay", "user"])),
        (Ecs, r#"{"related.ip":["10.0.0.1"],"user":{"id":"1"}}"#, Some(&["scrubjay"])),
        (Ocsf, r#"{"unmapped":{}}"#, None),
        (Ocsf, r#"{"session":{"uid":"1"}}"#, Some(&["authentication_token", "unmapped"])),
        (Ocsf, r#"{"authentication_token":null,"scrubjay":1}"#, Some(&["session", "unmapped"])),
        (Otel, r#"{"scrubjay":1}"#, None),
        (Otel, r#"{"scrubjay.token.iss":"x"}"#, None),
        (Otel, r#"{"scrubjay.x":"x"}"#, None),
    ];
    for (preset, record, expected) in cases {
        let added = added(record, *preset, &[("jwt", access())]);
        let mut names = added.as_ref().map(|v| v.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>());
        // Their order depends on a feature of serde_json that others may turn on.
        names.iter_mut().for_each(|names| names.sort_unstable());
        assert_eq!(names.as_deref(), *expected, "{preset:?} {record}");
    }
    for record in [r#"{"user":"jo"}"#, r#"{"user.hash":"x"}"#] {
        let added = added(record, Otel, &[("jwt", access())]).unwrap();
        assert_eq!((added.get("user.hash"), &added["scrubjay.token.sub"]), (None, &json!(SUB)), "{record}");
    }
    assert_eq!(added(r#"{"user.id":"x"}"#, Otel, &[("jwt", access())]).unwrap()["user.hash"], SUB);
}

#[test]
fn claims_with_odd_names_and_values() {
    let odd = || {
        fields(&[
            ("kind", "k"),
            ("verified", "true"),
            ("https://acme.example/Roles.", "a\"\\\n\u{1F600}"),
            ("realm_access.roles", "x"),
            ("realm-access.roles", "y"),
            ("", "z"),
            ("sealed", "eyJhbGciOiJkaXIifQ..a.b.c"),
            ("why", "range"),
        ])
    };
    let plain = json!([{
        "kind": "jwt", "claim.kind": "k", "claim.verified": "true", "https://acme.example/Roles.": "a\"\\\n\u{1F600}",
        "realm_access.roles": "x", "realm-access.roles": "y", "": "z", "why": ["range"], "verified": false,
    }]);
    assert_eq!(added("{}", Preset::Scrubjay, &[("jwt", odd())]).unwrap()["scrubjay"], plain);
    assert_eq!(added("{}", Preset::Ocsf, &[("jwt", odd())]).unwrap()["unmapped"]["scrubjay"], plain);
    let snake = json!({
        "kind": "jwt", "claim_kind": "k", "claim_verified": "true", "https_acme_example_roles": "a\"\\\n\u{1F600}",
        "realm_access_roles": ["x", "y"], "claim": "z", "why": ["range"], "verified": false,
    });
    assert_eq!(added("{}", Preset::Ecs, &[("jwt", odd())]).unwrap()["scrubjay"]["tokens"][0], snake);
    let otel = added("{}", Preset::Otel, &[("jwt", odd())]).unwrap();
    for (name, value) in snake.as_object().unwrap() {
        assert_eq!(&otel[format!("scrubjay.token.{name}")], value, "{name}");
    }
}

#[test]
fn ocsf_times_and_types() {
    let token = |class: &str, exp: &str| fields(&[("class", class), ("exp", exp)]);
    let type_of = |kind: &'static str, token| added("{}", Preset::Ocsf, &[(kind, token)]).unwrap().get("authentication_token").cloned();
    let cases = [
        ("id", "2026-11-23T12:00:00Z", json!({"type": "Identity Token", "type_id": 3, "expiration_time": 1_795_435_200_000_i64})),
        ("refresh", "2026-11-23", json!({"type": "Refresh Token", "type_id": 4})),
        ("dpop", "x", json!({"type": "dpop", "type_id": 99})),
        ("nested", "", json!({"type": "Unknown", "type_id": 0})),
        ("other", "", json!({"type": "Unknown", "type_id": 0})),
    ];
    for (class, exp, expected) in cases {
        assert_eq!(type_of("jwt", token(class, exp)), Some(expected), "{class}");
    }
    assert_eq!(type_of("pem", token("key", "")), None);
}

#[test]
fn a_subject_that_is_shown_as_it_is_is_no_hash() {
    for sub in
        ["jo", "p1", "p_", "p1_short", "prod_user_with_a_long_name_in_it", "prod_user_with_a_long_name", "f6569ae_ZRqHocrek24uFgAAAAAAAA"]
    {
        let token = || fields(&[("sub", sub)]);
        assert_eq!(added("{}", Preset::Ecs, &[("jwt", token())]).unwrap().get("user"), None, "{sub}");
    }
}

#[test]
fn presets_have_names() {
    for preset in Preset::ALL {
        assert_eq!(Preset::of_name(preset.name()), Some(preset));
    }
    assert_eq!(Preset::of_name("ECS"), None);
}

proptest! {
    #[test]
    fn any_values_in_any_vocabulary(
        tokens in prop::collection::vec(("[a-z]{1,6}", prop::collection::vec((any::<String>(), any::<String>()), 0..6)), 1..5),
        preset in prop::sample::select(Preset::ALL.to_vec()),
    ) {
        let tokens: Vec<(&str, Vec<(String, String)>)> = tokens.iter().map(|(kind, fields)| (kind.as_str(), fields.clone())).collect();
        let added = added(r#"{"msg":"m","list":[{"a":","}]}"#, preset, &tokens);
        prop_assert!(added.is_some());
    }
}
