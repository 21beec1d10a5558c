//! The canonical spelling is recognised, and nothing beside it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::*;

const KID: &str = "e1_AAAAAAAAAAAAAAAAAAAAAA";
const FP: &str = "f0a1b2c_AAAAAAAAAAAAAAAAAAAAAA";
const KEY: [u8; 32] = [7; 32];

fn sealed(claims: &str) -> String {
    let cipher = Aes256Gcm::new((&KEY).into());
    seal(&cipher, KID, FP, [9; IV_BYTES], padded(claims).expect("it fits")).expect("sealed")
}

#[test]
fn what_is_sealed_is_read_and_opened() {
    let claims = r#"{"sub":"ann","n":[1,2.50,{"a":null}]}"#;
    let text = sealed(claims);
    let set = ClaimSet::parse(text.as_bytes()).expect("canonical");
    assert_eq!((set.mode, set.kid.as_str(), set.fp.as_str(), set.bucket), (Mode::Epoch, KID, FP, 128));
    assert_eq!(set.open(&KEY).expect("opened").as_str(), claims);
    assert_eq!(set.open(&[8; 32]), Err(CannotOpen));
    let header = URL_SAFE_NO_PAD.decode(text.split('.').next().expect("a header")).expect("base64url");
    let exact = format!(r#"{{"alg":"dir","enc":"A256GCM","kid":"{KID}","typ":"scrubjay-claims+jwe","fp":"{FP}"}}"#);
    assert_eq!(String::from_utf8(header).expect("text"), exact);
    assert!(!format!("{set:?}").contains("ciphertext"), "nothing but names");
}

#[test]
fn lengths_fall_in_the_buckets() {
    for length in (2..4200).step_by(7).chain([116, 117, 118, 245, 4083, 4084, 4085, 4086]) {
        let claims = format!("{{{}}}", "x".repeat(length - 2));
        let whole = PLAIN_OPEN.len() + length + 1;
        let Some(plain) = padded(&claims) else {
            assert!(whole > 4096, "{whole} bytes fit");
            continue;
        };
        assert!(whole <= plain.len() && BUCKETS_BYTES.contains(&plain.len()), "{whole} became {}", plain.len());
        assert!(BUCKETS_BYTES.iter().all(|&b| b >= plain.len() || b < whole), "{whole} bytes are in the smallest bucket");
        assert_eq!(claims_of(&plain).expect("its claims").as_str(), claims);
    }
}

/// One part replaced, by its number.
fn with(text: &str, part: usize, new: &str) -> String {
    text.split('.').enumerate().map(|(i, old)| if i == part { new } else { old }).collect::<Vec<_>>().join(".")
}

fn with_header(text: &str, header: &str) -> String {
    with(text, 0, &URL_SAFE_NO_PAD.encode(header))
}

#[test]
fn other_spellings_are_not_ours() {
    let good = sealed(r#"{"sub":"ann"}"#);
    let b64 = |n: usize| URL_SAFE_NO_PAD.encode(vec![0u8; n]);
    let plain_header = header(KID, FP);
    let mut bad = vec![
        ("empty", String::new()),
        ("four parts", good.rsplit_once('.').expect("a dot").0.to_owned()),
        ("six parts", format!("{good}.AA")),
        ("an encrypted key", with(&good, 1, &b64(40))),
        ("a short IV", with(&good, 2, &b64(11))),
        ("a long IV", with(&good, 2, &b64(16))),
        ("no IV", with(&good, 2, "")),
        ("no bucket", with(&good, 3, &b64(127))),
        ("an empty ciphertext", with(&good, 3, "")),
        ("a huge ciphertext", with(&good, 3, &b64(8192))),
        ("a padded tag", with(&good, 4, &format!("{}==", b64(16)))),
        ("stray bits in the tag", with(&good, 4, &format!("{}B", "A".repeat(21)))),
        ("base64, not base64url", with(&good, 4, &format!("{}/w", "/".repeat(20)))),
        ("white space", format!("{good} ")),
        ("no UTF-8 in the header", with(&good, 0, &URL_SAFE_NO_PAD.encode([0xff; 100]))),
        ("another order", with_header(&good, &plain_header.replace(r#""alg":"dir","enc":"A256GCM""#, r#""enc":"A256GCM","alg":"dir""#))),
        ("a space", with_header(&good, &plain_header.replace(",\"typ", ", \"typ"))),
        ("zip", with_header(&good, &plain_header.replace("}", r#","zip":"DEF"}"#))),
        ("twice", with_header(&good, &plain_header.replace("}", &format!(r#","fp":"{FP}"}}"#)))),
        ("an escape", with_header(&good, &plain_header.replace("dir", "d\\u0069r"))),
        ("another enc", with_header(&good, &plain_header.replace("A256GCM", "A128GCM"))),
        ("another alg", with_header(&good, &plain_header.replace("\"dir\"", "\"A256KW\""))),
        ("another typ", with_header(&good, &plain_header.replace("+jwe", ""))),
        ("a kid that is none", with_header(&good, &plain_header.replace(KID, "e1_short"))),
        ("an fp that is none", with_header(&good, &plain_header.replace(FP, "eyJhbGciOiJIUzI1NiJ9"))),
    ];
    for tag_bytes in [0, 1, 4, 8, 12, 15, 17] {
        bad.push(("a tag of another length", with(&good, 4, &b64(tag_bytes))));
    }
    for (what, text) in bad {
        assert!(ClaimSet::parse(text.as_bytes()).is_none(), "{what}: {text}");
    }
    assert!(ClaimSet::parse(good.as_bytes()).is_some());
}

#[test]
fn a_standalone_claim_set_is_ours_with_the_exact_lengths_only() {
    let hash = "A".repeat(43);
    let b64 = |n: usize| URL_SAFE_NO_PAD.encode(vec![0u8; n]);
    let start = |alg: &str| format!(r#"{{"alg":"{alg}","enc":"A256GCM","kid":"{hash}","typ":"scrubjay-claims+jwe","fp":"{FP}""#);
    let text =
        |header: &str, wrapped: usize| format!("{}.{}.{}.{}.{}", URL_SAFE_NO_PAD.encode(header), b64(wrapped), b64(12), b64(256), b64(16));
    let okp = format!(r#"{},"epk":{{"kty":"OKP","crv":"X25519","x":"{hash}"}}}}"#, start("ECDH-ES+A256KW"));
    let ec = format!(r#"{},"epk":{{"kty":"EC","crv":"P-256","x":"{hash}","y":"{hash}"}}}}"#, start("ECDH-ES+A256KW"));
    let rsa = format!("{}}}", start("RSA-OAEP-256"));
    for (header, wrapped) in [(&okp, 40), (&ec, 40), (&rsa, 256), (&rsa, 512)] {
        let text = text(header, wrapped);
        let set = ClaimSet::parse(text.as_bytes()).expect("ours");
        assert_eq!((set.mode, set.kid.as_str(), set.bucket), (Mode::Standalone, hash.as_str(), 256));
    }
    let pbes = rsa.replace("RSA-OAEP-256", "PBES2-HS512+A256KW");
    let rsa15 = rsa.replace("RSA-OAEP-256", "RSA1_5");
    let apu = okp.replace(",\"epk\"", ",\"apu\":\"AA\",\"epk\"");
    let point = ec.replace(&format!("\"y\":\"{hash}\""), &format!("\"y\":\"{hash}A\""));
    for (header, wrapped) in
        [(&okp, 39), (&okp, 0), (&okp, 7), (&ec, 41), (&rsa, 40), (&rsa, 2048), (&pbes, 40), (&rsa15, 256), (&apu, 40), (&point, 40)]
    {
        assert!(ClaimSet::parse(text(header, wrapped).as_bytes()).is_none(), "{header} with {wrapped} bytes");
    }
}

proptest! {
    #[test]
    fn a_changed_byte_never_opens(at in 0usize..400, bit in 0u8..8) {
        let mut text = sealed(r#"{"sub":"ann"}"#).into_bytes();
        let at = at % text.len();
        text[at] ^= 1 << bit;
        if let Some(set) = ClaimSet::parse(&text) {
            prop_assert_eq!(set.open(&KEY), Err(CannotOpen));
        }
    }

    #[test]
    fn parsing_takes_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(ClaimSet::parse(&bytes).is_none());
    }
}
