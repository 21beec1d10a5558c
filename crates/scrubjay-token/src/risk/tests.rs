//! Each risk with the least that shows it, what comes close, and the limits.

use super::*;
use crate::base64::encode;
use crate::made::{found, jwe};

fn jws(header: &str, payload: &str) -> Token {
    found(&format!("{}.{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()), encode(&[7; 256])))
}

fn names(token: &Token, limits: &RiskLimits) -> String {
    risks(token, limits).iter().map(|r| r.name()).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(token: &Token, expected: &str, what: &str) {
    assert_eq!(names(token, &RiskLimits::default()), expected, "{what}");
}

/// An access token without a fault, with these members put in front: the first of two counts as the reader takes it, so
/// a case replaces what it needs to.
const GOOD: &str = r#""iss":"https://as.example/","sub":"5b","client_id":"s6B","aud":"https://rs.example/","iat":1795514820,"exp":1795518420,"scope":"read","cnf":{"jkt":"0ZcO"}"#;
const AT: &str = r#"{"alg":"RS256","typ":"at+jwt","kid":"k1"}"#;

fn access(replaced: &str, by: &str) -> Token {
    let claims = GOOD.replace(replaced, by);
    assert!(replaced.is_empty() || claims != GOOD, "{replaced} is in it");
    jws(AT, &format!("{{{claims}}}"))
}

#[test]
fn a_good_token_has_none() {
    check(&access("", ""), "", "access");
    check(
        &jws(
            r#"{"alg":"ES256","typ":"dpop+jwt","jwk":{"kty":"EC","crv":"P-256","x":"a","y":"b"}}"#,
            r#"{"jti":"e","htm":"GET","htu":"https://rs.example/","iat":1}"#,
        ),
        "",
        "a DPoP proof",
    );
    check(
        &jws(r#"{"alg":"ES256","typ":"secevent+jwt"}"#, r#"{"iss":"a","iat":1,"jti":"b","events":{}}"#),
        "",
        "an event has no end and may have no audience",
    );
    check(&jws(r#"{"alg":"ES256","typ":"kb+jwt"}"#, r#"{"nonce":"n","aud":"v","iat":1,"sd_hash":"h"}"#), "", "a key binding");
    check(
        &jws(
            r#"{"alg":"ES256","typ":"token-introspection+jwt"}"#,
            r#"{"iss":"a","aud":"b","iat":1,"token_introspection":{"active":true}}"#,
        ),
        "",
        "an introspection response",
    );
    check(&jwe(r#"{"alg":"ECDH-ES","enc":"A256GCM","cty":"JWT"}"#), "", "an encrypted one");
}

#[test]
fn headers() {
    let cases = [
        (r#"{"alg":"none"}"#, "alg-none"),
        (r#"{"alg":"nOnE"}"#, "alg-none"),
        (r#"{"alg":"HS256"}"#, "symmetric-alg"),
        (r#"{"alg":"RS256","jwk":{"kty":"EC"}}"#, "embedded-key"),
        (r#"{"alg":"RS256","jku":"https://evil.example/jwks"}"#, "embedded-key"),
        (r#"{"alg":"RS256","x5u":"https://evil.example/cert"}"#, "embedded-key"),
        (r#"{"alg":"RS256","x5c":["MII"],"x5t":"a"}"#, ""),
        (r#"{"alg":"RS256","jwk":{"kty":"EC","d":"AAAA"}}"#, "embedded-key private-key"),
        (r#"{"alg":"RS256","alg":"none"}"#, "alg-none duplicate-member"),
        (r#"{"alg":"RS256","kid":"x","kid":"../../dev/null"}"#, "kid-suspicious duplicate-member"),
        (r#"{"alg":"RS256","zip":"DEF"}"#, ""),
    ];
    for (header, expected) in cases {
        check(&jws(header, &format!("{{{}}}", GOOD)), expected, header);
    }
    let cases = [
        (r#"{"alg":"RSA1_5","enc":"A128CBC-HS256"}"#, "weak-encryption"),
        (r#"{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"a","p2c":1000}"#, "weak-encryption"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","zip":"DEF"}"#, "weak-encryption"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#, ""),
        (r#"{"alg":"dir","enc":"A256GCM","typ":"oi_reft+jwt"}"#, "refresh-token"),
    ];
    for (header, expected) in cases {
        check(&jwe(header), expected, header);
    }
}

#[test]
fn key_ids() {
    let good = [
        "2f9a",
        "urn:ietf:params:oauth:jwk-thumbprint:sha-256:NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        "did:web:issuer.example#key-1",
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "projects/acme/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
        "https://vault.example/keys/signing/42",
        "/Ab3+9x/YzQ0=",
        "signing key 3",
        "",
    ];
    let bad = [
        "../../../../dev/null",
        "/dev/null",
        "/proc/sys/kernel/randomize_va_space",
        "..%2f..%2fdev%2fnull",
        "%2e%2e/x",
        "x' UNION SELECT 'secret' -- ",
        "x\\\" or 1=1",
        "1 or 1=1",
        "*)(uid=*))(|(uid=*",
        "key;sleep 5",
        "$(id)",
        "`id`",
        "file:///etc/passwd",
        "a\\u0000b",
        "C:\\\\keys",
        &"k".repeat(257),
    ];
    for (kids, expected) in [(&good[..], ""), (&bad[..], "kid-suspicious")] {
        for kid in kids {
            check(&jws(&format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":"{kid}"}}"#), &format!("{{{GOOD}}}")), expected, kid);
        }
    }
    check(&jws(r#"{"alg":"RS256","typ":"at+jwt","kid":7}"#, &format!("{{{GOOD}}}")), "kid-suspicious", "a number");
    let short = RiskLimits { kid_bytes_max: 3, ..RiskLimits::default() };
    assert_eq!(names(&jws(r#"{"alg":"RS256","kid":"2f9a"}"#, &format!("{{{GOOD}}}")), &short), "kid-suspicious");
}

#[test]
fn lifetimes() {
    let exp = r#""exp":1795518420"#;
    let iat = r#""iat":1795514820,"#;
    let cases = [
        (exp, r#""exp":1795601220"#, ""),
        (exp, r#""exp":1795601221"#, "long-lifetime"),
        (exp, r#""exp":1795601220.9"#, ""),
        (exp, r#""exp":1"#, ""),
        (exp, r#""exp":-1e400"#, ""),
        (exp, r#""exp":1e400"#, "long-lifetime"),
        (exp, r#""exp":9223372036854775807"#, "long-lifetime"),
        (exp, r#""exp":99999999999999999999999999"#, "long-lifetime"),
        (exp, r#""x":1"#, "no-expiry"),
        (exp, r#""exp":null"#, "no-expiry"),
        (exp, r#""exp":"2099-01-01""#, "no-expiry"),
        (iat, "", ""),
        (iat, r#""nbf":1,"#, "long-lifetime"),
        (iat, r#""iat":-9223372036854775808,"#, "long-lifetime"),
    ];
    for (replaced, by, expected) in cases {
        check(&access(replaced, by), expected, by);
    }
    check(&access(r#""iat":1795514820,"exp":1795518420"#, r#""exp":253402300800"#), "long-lifetime", "an end beyond the calendar");
    let hour = RiskLimits { lifetime_seconds_max: 3599, ..RiskLimits::default() };
    assert_eq!(names(&access("", ""), &hour), "long-lifetime");
    let refresh = |days: u32| jws(r#"{"alg":"RS256","typ":"rt+jwt"}"#, &format!(r#"{{"aud":"as","iat":0,"exp":{}}}"#, days * 86_400));
    check(&refresh(30), "refresh-token", "thirty days");
    check(&refresh(31), "long-lifetime refresh-token", "more");
}

#[test]
fn audiences_and_binding() {
    let aud = r#""aud":"https://rs.example/""#;
    let cnf = r#","cnf":{"jkt":"0ZcO"}"#;
    let cases = [
        (aud, r#""aud":["a","b","c"]"#, ""),
        (aud, r#""aud":["a","b","c","d"]"#, "many-audiences"),
        (aud, r#""aud":[]"#, "no-audience"),
        (aud, r#""aud":"""#, "no-audience"),
        (aud, r#""aud":[1,2,3,4]"#, "no-audience"),
        (aud, r#""aud":{"a":1}"#, "no-audience"),
        (aud, r#""x":1"#, "no-audience"),
        (cnf, "", "no-sender-constraint"),
        (cnf, r#","cnf":{}"#, "no-sender-constraint"),
        (cnf, r#","cnf":{"x5t#S256":"bwcK"}"#, ""),
        (cnf, r#","cnf":{"jwk":{"kty":"EC","x":"a","d":"AAAA"}}"#, "private-key"),
    ];
    for (replaced, by, expected) in cases {
        check(&access(replaced, by), expected, by);
    }
    let one = RiskLimits { audiences_max: 1, ..RiskLimits::default() };
    assert_eq!(names(&access(aud, r#""aud":["a","b"]"#), &one), "many-audiences");
}

#[test]
fn scopes() {
    let good = [
        "read write",
        "administer-nothing",
        "openid profile email offline_access",
        "repo",
        "read:contacts",
        "fullname",
        "rooted",
        "https://www.googleapis.com/auth/drive.readonly",
    ];
    let bad = [
        "*",
        "read *",
        "repo:*",
        "https://api.example/*",
        "admin",
        "ADMIN:org",
        "read user:admin",
        "https://graph.microsoft.com/.default",
        ".default",
        "Directory.ReadWrite.All",
        "https://www.googleapis.com/auth/cloud-platform",
        "full",
    ];
    for (scopes, expected) in [(&good[..], ""), (&bad[..], "broad-scope")] {
        for scope in scopes {
            check(&access(r#""scope":"read""#, &format!(r#""scope":"{scope}""#)), expected, scope);
            let list: Vec<String> = scope.split(' ').map(|s| format!("\"{s}\"")).collect();
            check(&access(r#""scope":"read""#, &format!(r#""scp":[{}]"#, list.join(","))), expected, scope);
        }
    }
    check(&access(r#""scope":"read""#, r#""roles":["User.Read.All","Directory.ReadWrite.All"]"#), "broad-scope", "roles");
    check(&access(r#""scope":"read""#, r#""scope":7,"scp":{"a":"admin"}"#), "", "scopes of the wrong type");
    let many: Vec<String> = (0..21).map(|i| format!("s{i}")).collect();
    check(&access(r#""scope":"read""#, &format!(r#""scope":"{}""#, many[..20].join(" "))), "", "twenty");
    check(&access(r#""scope":"read""#, &format!(r#""scope":"{}""#, many.join(" "))), "broad-scope", "twenty-one");
    let two = RiskLimits { scopes_max: 2, ..RiskLimits::default() };
    assert_eq!(names(&access(r#""scope":"read""#, r#""scope":"a b","permissions":["c"]"#), &two), "broad-scope");
}

#[test]
fn what_is_not_known_is_not_held_against_it() {
    let whole = format!(
        "{}.{}.{}",
        encode(AT.as_bytes()),
        encode(br#"{"iss":"https://as.example/","sub":"a","client_id":"b"}"#),
        encode(&[7; 256])
    );
    check(&found(&whole), "no-expiry no-audience no-sender-constraint", "all of it was read");
    check(&found(&whole[..whole.find('.').unwrap() + 40]), "", "cut in the claims");
    let many: Vec<String> = (0..300).map(|i| format!("\"m{i}\":{i}")).collect();
    check(&jws(AT, &format!("{{{}}}", many.join(","))), "", "more members than are read");
    check(&jws(AT, r#"{"aud":"a","aud":"b"}"#), "duplicate-member", "claims that mean two things");
    check(&jws(AT, "no claims"), "", "no claim set");
    for kind in [Kind::Jwk, Kind::Pem] {
        check(&Token::bare(kind), "private-key", kind.name());
    }
}

#[test]
fn names_go_both_ways() {
    for (i, risk) in Risk::ALL.into_iter().enumerate() {
        assert_eq!((risk as usize, Risk::from_name(risk.name())), (i, Some(risk)));
        assert!(risk.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
    }
    assert_eq!(Risk::PrivateKey as usize + 1, Risk::ALL.len(), "the last one is in the list");
    assert_eq!(Risk::from_name("bearer"), None);
}
