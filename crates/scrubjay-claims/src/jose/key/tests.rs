//! Which keys are taken, and that both halves of a pair are named alike.

use josekit::jwk::alg::ec::EcCurve;
use josekit::jwk::alg::ecx::EcxCurve;
use serde_json::json;

use super::*;

fn pairs() -> Vec<(KeyKind, Jwk)> {
    vec![
        (KeyKind::X25519, Jwk::generate_ecx_key(EcxCurve::X25519).expect("a key")),
        (KeyKind::P256, Jwk::generate_ec_key(EcCurve::P256).expect("a key")),
        (KeyKind::Rsa, RsaKeyPair::generate(2048).expect("a key").to_jwk_key_pair()),
    ]
}

fn without_private(jwk: &Jwk) -> Value {
    let mut map: Map<String, Value> = jwk.clone().into();
    map.retain(|name, _| !PRIVATE_MEMBERS.contains(&name.as_str()) && name != "key_ops" && name != "use" && name != "alg");
    Value::Object(map)
}

fn pem(jwk: &Jwk, kind: KeyKind, private: bool) -> Vec<u8> {
    match (kind, private) {
        (KeyKind::X25519, false) => EcxKeyPair::from_jwk(jwk).expect("a pair").to_pem_public_key(),
        (KeyKind::X25519, true) => EcxKeyPair::from_jwk(jwk).expect("a pair").to_pem_private_key(),
        (KeyKind::P256, false) => EcKeyPair::from_jwk(jwk).expect("a pair").to_pem_public_key(),
        (KeyKind::P256, true) => EcKeyPair::from_jwk(jwk).expect("a pair").to_pem_private_key(),
        (KeyKind::Rsa, false) => RsaKeyPair::from_jwk(jwk).expect("a pair").to_pem_public_key(),
        (KeyKind::Rsa, true) => RsaKeyPair::from_jwk(jwk).expect("a pair").to_pem_private_key(),
    }
}

#[test]
fn a_key_is_the_same_as_jwk_in_a_set_and_in_pem() {
    for (kind, jwk) in pairs() {
        let public = without_private(&jwk);
        let text = public.to_string();
        let keys = PublicKey::read_all(text.as_bytes()).expect("a public key");
        assert_eq!((keys.len(), keys[0].kind(), keys[0].kid()), (1, kind, keys[0].thumbprint()));
        let set = json!({"keys": [public, public]}).to_string();
        assert_eq!(PublicKey::read_all(set.as_bytes()).expect("a set"), [keys[0].clone(), keys[0].clone()]);
        let doubled = [pem(&jwk, kind, false), b"\r\n\n".to_vec(), pem(&jwk, kind, false)].concat();
        assert_eq!(PublicKey::read_all(&doubled).expect("PEM"), [keys[0].clone(), keys[0].clone()]);

        let mut private: Map<String, Value> = jwk.clone().into();
        private.remove("use");
        let private = PrivateKey::read_all(Value::Object(private).to_string().as_bytes()).expect("a private key");
        assert_eq!((private[0].kind(), private[0].thumbprint()), (kind, keys[0].thumbprint()));
        let from_pem = PrivateKey::read_all(&pem(&jwk, kind, true)).expect("PEM");
        assert_eq!(from_pem[0].thumbprint(), keys[0].thumbprint());
    }
}

#[test]
fn the_thumbprint_is_that_of_rfc_7638() {
    // RFC 7638 §3.1.
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let jwk = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RSA-OAEP-256", "kid": "2011-04-29"}).to_string();
    let keys = PublicKey::read_all(jwk.as_bytes()).expect("a key");
    assert_eq!((keys[0].thumbprint(), keys[0].kid()), ("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "2011-04-29"));
}

#[test]
fn keys_that_cannot_or_must_not_be_used_are_refused() {
    let all = pairs();
    let (x25519, p256) = (without_private(&all[0].1), without_private(&all[1].1));
    let with = |key: &Value, name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key.to_string().into_bytes()
    };
    let mut y = decode(p256["y"].as_str().expect("y")).expect("base64url");
    y[31] ^= 1;
    let small = RsaKeyPair::generate(1024).expect("a key").to_jwk_public_key();
    let small = without_private(&small).to_string().into_bytes();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", b"".to_vec(), "Unreadable"),
        ("an empty set", b"{\"keys\":[]}".to_vec(), "Empty"),
        ("a member twice", b"{\"kty\":\"OKP\",\"kty\":\"OKP\"}".to_vec(), "Unreadable"),
        ("a secret", b"{\"kty\":\"oct\",\"k\":\"AAAA\"}".to_vec(), "PrivateKey"),
        ("a private key", with(&x25519, "d", json!("AAAA")), "PrivateKey"),
        ("a private key in PEM", pem(&all[1].1, KeyKind::P256, true), "PrivateKey"),
        ("Ed25519", with(&x25519, "crv", json!("Ed25519")), "Kind"),
        ("P-384", with(&p256, "crv", json!("P-384")), "Kind"),
        ("X25519 as EC", with(&x25519, "kty", json!("EC")), "Kind"),
        ("a short coordinate", with(&x25519, "x", json!("AAAA")), "Length"),
        ("padding", with(&x25519, "x", json!(format!("{}=", x25519["x"].as_str().expect("x")))), "Length"),
        ("RSA with 1024 bits", small, "Length"),
        ("for signing", with(&x25519, "use", json!("sig")), "Purpose"),
        ("for another algorithm", with(&x25519, "alg", json!("ECDH-ES")), "Purpose"),
        ("a kid that is a number", with(&x25519, "kid", json!(7)), "Unreadable"),
        ("an exp that is text", with(&x25519, "exp", json!("tomorrow")), "Unreadable"),
        ("a point off its curve", with(&p256, "y", json!(encode(&y))), "Unusable"),
        ("a point of small order", with(&x25519, "x", json!(encode(&[0; 32]))), "Unusable"),
        ("damaged PEM", b"-----BEGIN PUBLIC KEY-----\nAAAA\n".to_vec(), "Unreadable"),
        ("a certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(), "Kind"),
    ];
    for (what, text, fault) in cases {
        let found = PublicKey::read_all(&text).expect_err(what);
        assert_eq!(format!("{found:?}"), fault, "{what}");
    }
    assert!(matches!(PrivateKey::read_all(x25519.to_string().as_bytes()), Err(KeyFileFault::PublicKey)));
    assert!(matches!(PrivateKey::read_all(&pem(&all[0].1, KeyKind::X25519, false)), Err(KeyFileFault::PublicKey)));
}

#[test]
fn a_key_has_its_time() {
    let mut jwk = without_private(&pairs()[0].1);
    jwk["nbf"] = json!(100);
    jwk["exp"] = json!(200);
    let key = PublicKey::read_all(jwk.to_string().as_bytes()).expect("a key").remove(0);
    let valid: Vec<bool> = [99, 100, 199, 200].iter().map(|&now| key.is_valid(now)).collect();
    assert_eq!(valid, [false, true, true, false]);
}

#[test]
fn private_keys_print_nothing() {
    for (_, jwk) in pairs() {
        let mut map: Map<String, Value> = jwk.clone().into();
        map.remove("use");
        let key = PrivateKey::read_all(Value::Object(map).to_string().as_bytes()).expect("a key").remove(0);
        let d = jwk.parameter("d").and_then(Value::as_str).expect("d").to_owned();
        let shown = format!("{key:?}");
        assert!(!shown.contains(&d[..10]) && shown.ends_with(".. }"), "{shown}");
    }
}
