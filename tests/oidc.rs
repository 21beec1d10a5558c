//! Tokens of a real identity provider, in the lines in which they turn up: nothing of them is left, and the marker says
//! what they were.

mod support;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use scrubjay_testkit::leak::{Leaks, leaks};
use scrubjay_testkit::oidc::{IdentityProvider, Issued};
use scrubjay_token::{Risk, RiskLimits, SenderConstraint, Token, analyze, delegation, risks, sender_constraint};
use serde_json::Value;
use support::scrub;

/// Every flow has run once; what it gave serves all tests here.
static ISSUED: LazyLock<Vec<Issued>> = LazyLock::new(|| IdentityProvider::start().tokens());

/// What the marker has to say: the kind, the class, the algorithm.
const EXPECTED: [(&str, &str, &str, &str); 19] = [
    ("client-assertion", "jwt", "client-assertion", "ES256"),
    ("access-rs256", "jwt", "access", "RS256"),
    ("access-es256", "jwt", "access", "ES256"),
    ("access-eddsa", "jwt", "access", "EdDSA"),
    // Its `cty` says what is inside.
    ("access-encrypted", "jwe", "access", "ECDH-ES!2BA256KW"),
    ("id-rs256", "jwt", "id", "RS256"),
    ("access-of-a-person", "jwt", "access", "RS256"),
    ("id-refreshed", "jwt", "id", "RS256"),
    // A signed UserInfo response has the claims of an ID token, and no type.
    ("userinfo", "jwt", "id", "PS256"),
    ("logout", "jwt", "logout", "RS256"),
    ("id-rsa-encrypted", "jwe", "nested", "RSA-OAEP-256"),
    ("id-ecdh-encrypted", "jwe", "nested", "ECDH-ES"),
    ("id-hs256", "jwt", "id", "HS256"),
    ("request-object", "jwt", "request", "PS256"),
    ("jarm", "jwt", "jarm", "ES256"),
    ("dpop-proof", "jwt", "dpop", "ES256"),
    ("access-dpop-bound", "jwt", "access", "ES256"),
    ("introspection", "jwt", "introspection", "ES256"),
    ("introspection-encrypted", "jwe", "nested", "ECDH-ES"),
];

/// Lines without their ends. `TOKEN` is where the token stands.
const CARRIERS: [(&str, &str); 10] = [
    (
        "nginx, a query",
        r#"203.0.113.7 - - [24/Nov/2026:12:00:01 +0000] "GET /api/orders?access_token=TOKEN&page=2 HTTP/1.1" 200 5120 "https://shop.example/" "Mozilla/5.0 (X11; Linux x86_64)" rt=0.012"#,
    ),
    (
        "nginx, a logged header",
        r#"203.0.113.7 - jo [24/Nov/2026:12:00:01 +0000] "GET /api/orders HTTP/2.0" 401 12 "-" "okhttp/4.12" auth="Bearer TOKEN" upstream=10.0.0.5:8080"#,
    ),
    (
        "nginx, a referrer with an escaped URL",
        r#"203.0.113.7 - - [24/Nov/2026:12:00:01 +0000] "GET /favicon.ico HTTP/1.1" 404 153 "https://shop.example/go?to=https%3A%2F%2Fapp.example%2Fcb%3Fpage%3D2%26jwt%3DTOKEN%26lang%3Den" "curl/8.5""#,
    ),
    (
        "nginx, a cookie",
        r#"203.0.113.7 - - [24/Nov/2026:12:00:01 +0000] "GET / HTTP/1.1" 200 99 "-" "curl/8.5" cookie="theme=dark; app=TOKEN; lang=en""#,
    ),
    (
        "an application's JSON",
        r#"{"ts":"2026-11-24T12:00:01.204Z","level":"info","logger":"http.server","msg":"request done","headers":{"Authorization":["Bearer TOKEN"],"Host":"api.example"},"status":200}"#,
    ),
    (
        "JSON in Docker's JSON",
        r#"{"log":"{\"level\":\"debug\",\"event\":\"callback\",\"jwt\":\"TOKEN\",\"took\":12}\n","stream":"stdout","time":"2026-11-24T12:00:01.204170411Z"}"#,
    ),
    (
        "a span",
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"GET /orders","kind":3,"attributes":[{"key":"http.request.header.authorization","value":{"stringValue":"Bearer TOKEN"}},{"key":"http.response.status_code","value":{"intValue":"200"}}]}]}]}]}"#,
    ),
    (
        "a wire trace",
        r#"2026-11-24 12:00:01,204 TRACE [exec-7] org.apache.http.wire - http-outgoing-3 >> "X-Forwarded-Jwt: TOKEN[\r][\n]""#,
    ),
    (
        "a trace of a form",
        "2026-11-24T12:00:01.204+01:00 TRACE 17 --- [nio-8080-exec-1] o.s.w.f.CommonsRequestLoggingFilter : POST /in, parameters={jwt=[TOKEN], page=[2]}",
    ),
    (
        "logfmt",
        r#"time=2026-11-24T12:00:01Z level=trace msg="token received" jwt=TOKEN took=3ms trace_id=4bf92f3577b34da6a3ce929d0e0e4736"#,
    ),
];

/// Members of a header or claim set that the default policy shows (DESIGN §5); their values may be in the output.
const SHOWN: [&str; 6] = ["iss", "aud", "client_id", "azp", "alg", "enc"];

fn issued(name: &str) -> &'static Issued {
    ISSUED.iter().find(|i| i.name == name).unwrap_or_else(|| panic!("no flow gave {name}"))
}

/// Payload, signature, ciphertext and all else behind the header; of an encrypted token also what was inside.
fn secrets(issued: &Issued) -> Vec<String> {
    let parts = |token: &str| token.split('.').skip(1).map(str::to_owned).collect::<Vec<_>>();
    parts(&issued.token).into_iter().chain(issued.inner.as_deref().map(parts).unwrap_or_default()).collect()
}

/// Shortest claim value that is looked for. Shorter ones are words of the protocol (`code`, `jwt`, `POST`), which lines
/// and markers have of their own.
const VALUE_BYTES_MIN: usize = 6;

/// Every text in the claims that the policy does not show, wherever it is nested.
fn hidden(issued: &Issued) -> Vec<String> {
    let (mut shown, mut all) = (HashSet::new(), Vec::new());
    texts(&issued.claims, None, &mut |member, text| {
        if member.is_some_and(|m| SHOWN.contains(&m)) {
            shown.insert(text.to_owned());
        }
        all.push(text.to_owned());
    });
    all.retain(|text| text.len() >= VALUE_BYTES_MIN && !shown.contains(text));
    all
}

fn texts<'a>(value: &'a Value, member: Option<&'a str>, found: &mut impl FnMut(Option<&'a str>, &'a str)) {
    match value {
        Value::String(text) => found(member, text),
        Value::Array(list) => list.iter().for_each(|item| texts(item, member, found)),
        Value::Object(members) => members.iter().for_each(|(name, item)| texts(item, Some(name), found)),
        _ => {}
    }
}

/// A marker's kind and its values by name.
fn marker<'a>(text: &'a str, what: &str) -> (&'a str, HashMap<&'a str, &'a str>) {
    let (kind, rest) = text.split_once('(').unwrap_or_else(|| panic!("{what}: no marker: {text}"));
    let inside = rest.strip_suffix(')').unwrap_or_else(|| panic!("{what}: more than a marker: {text}"));
    (kind, inside.split('~').map(|pair| pair.split_once(':').expect("name:value")).collect())
}

fn read(name: &str) -> Token {
    let found = analyze(issued(name).token.as_bytes()).expect("within the budget");
    assert_eq!(found.len(), 1, "{name}");
    found.into_iter().next().expect("one").token
}

#[test]
fn every_flow_gave_its_token() {
    let names: Vec<&str> = ISSUED.iter().filter(|i| i.name != "refresh-opaque").map(|i| i.name.as_str()).collect();
    assert_eq!(names, EXPECTED.map(|(name, ..)| name));
    for issued in ISSUED.iter().filter(|i| i.name != "refresh-opaque") {
        // Nobody but the vault can open its token.
        assert_eq!(issued.proven, issued.name != "access-encrypted", "{}", issued.name);
        assert_eq!(issued.claims.is_object(), issued.proven, "{}", issued.name);
        let seen = leaks(issued.token.as_bytes(), &secrets(issued), &hidden(issued));
        assert!(seen.runs.len() > 20, "{}: the search finds what is not scrubbed", issued.name);
        assert_eq!(
            issued.inner.is_some(),
            issued.name.starts_with("id-") && issued.name.ends_with("-encrypted") || issued.name == "introspection-encrypted"
        );
    }
    // There is something to hide.
    let person = hidden(issued("id-rs256"));
    for text in ["Josephine Quillfeather", "josephine.quillfeather@customers.example", "Kestrelgasse 14", "nonce-of-the-shop-51c7"] {
        assert!(person.iter().any(|p| p == text), "{text}");
    }
    assert!(hidden(issued("id-rsa-encrypted")).len() > 4 && secrets(issued("id-rsa-encrypted")).len() == 6);
}

#[test]
fn nothing_of_them_is_left_and_the_marker_tells_what_they_were() {
    let mut fingerprints: HashMap<&str, &str> = HashMap::new();
    let lines: Vec<(String, &str, &str)> = EXPECTED
        .iter()
        .flat_map(|(name, ..)| CARRIERS.iter().map(|(_, line)| (line.replace("TOKEN", &issued(name).token), *name, *line)))
        .collect();
    let input: String = lines.iter().map(|(text, ..)| format!("{text}\n")).collect();
    let output = String::from_utf8(scrub(input.as_bytes())).expect("text stays text");
    assert_eq!(output.lines().count(), lines.len());
    for (out, (_, name, line)) in output.lines().zip(&lines) {
        let what = format!("{name} in {line}");
        let (_, kind, class, alg) = EXPECTED.iter().find(|(n, ..)| n == name).expect("it is expected");
        let (before, after) = line.split_once("TOKEN").expect("a place for the token");
        let inside = out.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let (found, values) = marker(inside.unwrap_or_else(|| panic!("{what}: more than the token changed: {out}")), &what);
        // One that does not tell is what the name in front of it says.
        let named = before.ends_with("access_token=") || before.ends_with("Bearer ");
        let class = if *class == "nested" && named { "access" } else { class };
        assert_eq!((found, values["class"], values["alg"]), (*kind, class, *alg), "{what}");
        assert!(values["fp"].len() > 24, "{what}");
        assert_eq!(*fingerprints.entry(name).or_insert(values["fp"]), values["fp"], "{what}: the same token, another fingerprint");
        if line.starts_with('{') {
            serde_json::from_str::<Value>(out).unwrap_or_else(|e| panic!("{what}: no JSON any more: {e}"));
        }
        let issued = issued(name);
        // A value that the line has beside the token (`Bearer`, which an introspection response says too) tells nothing.
        let hidden: Vec<String> = hidden(issued).into_iter().filter(|text| !line.contains(text.as_str())).collect();
        assert_eq!(leaks(out.as_bytes(), &secrets(issued), &hidden), Leaks::default(), "{what}");
    }
    // A token that is refreshed within the same second is the same token.
    let tokens: HashSet<&str> = EXPECTED.iter().map(|(name, ..)| issued(name).token.as_str()).collect();
    let distinct: HashSet<&&str> = fingerprints.values().collect();
    assert_eq!(distinct.len(), tokens.len(), "each token has a fingerprint of its own");
}

#[test]
fn an_opaque_refresh_token_goes_too() {
    let token = &issued("refresh-opaque").token;
    assert!(!token.contains('.') && token.len() >= 40, "it is opaque");
    for (before, after) in [
        ("POST /token grant_type=refresh_token&refresh_token=", "&scope=openid 200"),
        (r#"{"level":"debug","answer":{"token_type":"Bearer","refresh_token":""#, r#"","expires_in":3600}}"#),
    ] {
        let out = String::from_utf8(scrub(format!("{before}{token}{after}\n").as_bytes())).expect("text");
        assert_eq!(leaks(out.as_bytes(), std::slice::from_ref(token), &[]), Leaks::default(), "{out}");
        let inside = out.trim_end().strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        assert_eq!(marker(inside.unwrap_or(&out), &out).0, "secret", "{out}");
    }
}

#[test]
fn delegation_binding_and_risks_of_real_tokens() {
    let of_a_person = read("access-of-a-person");
    assert_eq!(delegation(&of_a_person).map(|d| (d.depth, d.may_act)), Some((1, false)));
    assert_eq!(delegation(&read("access-rs256")), None);
    assert_eq!(sender_constraint(&read("access-dpop-bound")), Some(SenderConstraint::Dpop));
    assert_eq!(sender_constraint(&of_a_person), None);
    let limits = RiskLimits::default();
    let cases: [(&str, &[Risk]); 8] = [
        ("access-of-a-person", &[Risk::NoSenderConstraint]),
        ("access-dpop-bound", &[]),
        ("access-encrypted", &[]),
        ("id-rs256", &[]),
        ("id-hs256", &[Risk::SymmetricAlg]),
        ("dpop-proof", &[]),
        ("introspection", &[]),
        ("logout", &[]),
    ];
    for (name, expected) in cases {
        assert_eq!(risks(&read(name), &limits), expected, "{name}");
    }
    let short = RiskLimits { lifetime_seconds_max: 599, ..limits };
    assert_eq!(risks(&read("access-dpop-bound"), &short), [Risk::LongLifetime]);
}
