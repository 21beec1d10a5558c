//! What josekit 0.10.3 does when nobody stands before it. Each of these is a reason for the fence; `record/tests.rs` and
//! `claim_set/tests.rs` show that the fence refuses the same input. A test that fails here after an update of josekit is good
//! news: it says which trap is gone.

use std::panic::catch_unwind;

use josekit::jwe::alg::direct::DirectJweAlgorithm;
use josekit::jwe::{
    A256GCMKW, Dir, ECDH_ES_A256KW, JweHeader, JweHeaderSet, PBES2_HS512_A256KW, deserialize_compact, deserialize_json, serialize_compact,
};
use josekit::jwk::alg::ec::EcCurve;
use josekit::jwk::alg::ecx::EcxCurve;
use josekit::jwk::{Jwk, KeyPair};
use serde_json::{Value, json};

use super::*;

const KEY: [u8; 32] = [7; 32];

fn dir(zip: bool, plain: &[u8]) -> String {
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    if zip {
        header.set_compression("DEF");
    }
    serialize_compact(plain, &header, &Dir.encrypter_from_bytes(KEY).expect("a key")).expect("encrypted")
}

#[test]
fn trap_a_short_tag_is_taken() {
    let decrypter = DirectJweAlgorithm::Dir.decrypter_from_bytes(KEY).expect("a key");
    let whole = dir(false, b"claims");
    let (rest, tag) = whole.rsplit_once('.').expect("a tag");
    let tag = decode(tag).expect("base64url");
    for bytes in [1, 4, 8, 12] {
        let cut = format!("{rest}.{}", encode(&tag[..bytes]));
        assert!(deserialize_compact(&cut, &decrypter).is_ok(), "{bytes} bytes");
    }
    // So an altered ciphertext passes for one of 256 tags.
    let parts: Vec<&str> = rest.split('.').collect();
    let mut ciphertext = decode(parts[3]).expect("base64url");
    ciphertext[0] ^= 1;
    let forged = (0..=255u8).filter(|&guess| {
        let text = format!("{}..{}.{}.{}", parts[0], parts[2], encode(&ciphertext), encode(&[guess]));
        deserialize_compact(&text, &decrypter).is_ok()
    });
    assert_eq!(forged.count(), 1);
}

#[test]
fn trap_zip_is_on_and_has_no_limit() {
    let decrypter = DirectJweAlgorithm::Dir.decrypter_from_bytes(KEY).expect("a key");
    let bomb = dir(true, &vec![b' '; 8 << 20]);
    assert!(bomb.len() < 20_000, "{} characters", bomb.len());
    assert_eq!(deserialize_compact(&bomb, &decrypter).expect("inflated").0.len(), 8 << 20);
    // Our context does not know it, nor any encryption but one.
    assert!(context().deserialize_compact(&bomb, &decrypter).is_err());
    assert!(context().deserialize_compact(dir(false, b"claims"), &decrypter).is_ok());
    for enc in ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM"] {
        assert!(context().get_content_encryption(enc).is_none(), "{enc}");
    }
}

#[test]
fn trap_a_short_encrypted_key_panics() {
    let pair = ECDH_ES_A256KW.generate_ecx_key_pair(EcxCurve::X25519).expect("a pair");
    let decrypter = ECDH_ES_A256KW.decrypter_from_jwk(&pair.to_jwk_private_key()).expect("a key");
    let encrypter = ECDH_ES_A256KW.encrypter_from_jwk(&pair.to_jwk_public_key()).expect("a key");
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    let text = serialize_compact(b"claims", &header, &encrypter).expect("encrypted");
    let parts: Vec<&str> = text.split('.').collect();
    let short = [parts[0], "AAAA", parts[2], parts[3], parts[4]].join(".");
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let (bare, fenced) =
        (catch_unwind(|| deserialize_compact(&short, &decrypter)), guarded(|| deserialize_compact(&short, &decrypter).ok()));
    std::panic::set_hook(quiet);
    assert!(bare.is_err(), "it panics");
    assert!(fenced.is_err(), "and behind the guard that is one error among others");
}

#[test]
fn trap_members_twice_and_a_header_that_chooses_are_taken() {
    let decrypter = DirectJweAlgorithm::Dir.decrypter_from_bytes(KEY).expect("a key");
    let mut header = JweHeaderSet::new();
    header.set_content_encryption("A256GCM", true);
    let encrypter = Dir.encrypter_from_bytes(KEY).expect("a key");
    let text = josekit::jwe::serialize_flattened_json(b"claims", Some(&header), None, None, &encrypter).expect("encrypted");
    let twice = text.replacen('{', "{\"iv\":\"AAAA\",", 1);
    assert_ne!(twice, text);
    assert!(deserialize_json(&twice, &decrypter).is_ok(), "the last one wins");
    assert!(Value::is_object(&serde_json::from_str(&twice).expect("JSON")));
    assert!(super::super::json::Object::parse(twice.as_bytes()).is_none());
}

#[test]
fn trap_pbes2_works_for_as_long_as_it_is_told() {
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    header.set_claim("p2c", Some(json!(100_000))).expect("a header");
    let encrypter = PBES2_HS512_A256KW.encrypter_from_bytes(b"a password of some length").expect("a key");
    let text = serialize_compact(b"claims", &header, &encrypter).expect("encrypted");
    let decrypter = PBES2_HS512_A256KW.decrypter_from_bytes(b"a password of some length").expect("a key");
    assert!(deserialize_compact(&text, &decrypter).is_ok(), "the token says how many rounds");
}

#[test]
fn trap_errors_and_keys_tell() {
    let decrypter = A256GCMKW.decrypter_from_bytes(KEY).expect("a key");
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    header.set_algorithm("secret-in-the-header");
    let text = format!("{}....", encode(&serde_json::to_vec(header.claims_set()).expect("JSON")));
    let error = deserialize_compact(&text, &decrypter).expect_err("no such algorithm");
    assert!(format!("{error:?}").contains("secret-in-the-header"), "{error:?}");
    let jwk = Jwk::generate_oct_key(32).expect("a key");
    let secret = jwk.parameter("k").and_then(Value::as_str).expect("k").to_owned();
    assert!(jwk.to_string().contains(&secret), "Display prints the private members");
    // Ours do not: CannotOpen has no parts.
    assert_eq!(format!("{:?} {}", CannotOpen, CannotOpen), "CannotOpen it cannot be opened");
}

#[test]
fn a_point_off_the_curve_is_refused_by_openssl() {
    let pair = ECDH_ES_A256KW.generate_ec_key_pair(EcCurve::P256).expect("a pair");
    let mut public = pair.to_jwk_public_key();
    let y = decode(public.parameter("y").and_then(Value::as_str).expect("y")).expect("base64url");
    let mut off = y.clone();
    off[31] ^= 1;
    public.set_parameter("y", Some(json!(encode(&off)))).expect("a member");
    assert!(ECDH_ES_A256KW.encrypter_from_jwk(&public).is_err());
}

#[test]
fn coordinates_of_p256_keep_their_leading_zeros() {
    // RFC 7518 §6.2.1.2: always 32 bytes. One key in 128 has a shorter number in it.
    let pairs = (0..1500).map(|_| ECDH_ES_A256KW.generate_ec_key_pair(EcCurve::P256).expect("a pair").to_jwk_public_key());
    let mut zeros = 0;
    for jwk in pairs {
        for name in ["x", "y"] {
            let number: [u8; 32] = decode_exactly(jwk.parameter(name).and_then(Value::as_str).expect(name)).expect("32 bytes");
            zeros += u32::from(number[0] == 0);
        }
    }
    assert!(zeros > 0, "no such key came: the test proved nothing");
}
