//! Records come back for each recipient, and nothing that is not exactly a record is opened.

use std::time::Instant;

use super::super::make::{KeyPair, Role};
use super::*;

const KEY: [u8; 32] = [5; 32];

fn pair(role: Role) -> (PublicKey, PrivateKey) {
    let pair = KeyPair::generate(role, 1, None).expect("a pair");
    let public = PublicKey::read_all(pair.public.as_bytes()).expect("public").remove(0);
    let private = PrivateKey::read_all(pair.private.as_bytes()).expect("private").remove(0);
    assert_eq!((public.kid(), private.kid()), (pair.kid.as_str(), pair.kid.as_str()));
    (public, private)
}

fn rsa() -> (PublicKey, PrivateKey) {
    let pair = josekit::jwk::alg::rsa::RsaKeyPair::generate(2048).expect("a pair");
    let (public, private) = {
        use josekit::jwk::KeyPair as _;
        (pair.to_pem_public_key(), pair.to_pem_private_key())
    };
    (PublicKey::read_all(&public).expect("public").remove(0), PrivateKey::read_all(&private).expect("private").remove(0))
}

fn record(recipients: &[&PublicKey], identity: Option<&Identity>) -> String {
    let id = epoch_id("soc", &KEY);
    let epoch = NewEpoch { audience: "soc", id: &id, issued_at: 1_700_000_000, key: &KEY };
    write(&epoch, "node \"7\"", recipients, identity).expect("a record")
}

#[test]
fn every_recipient_opens_it_and_nobody_else() {
    let all = [pair(Role::Recipient), pair(Role::RecipientP256), rsa()];
    let publics: Vec<&PublicKey> = all.iter().map(|(public, _)| public).collect();
    let line = record(&publics, None);
    assert!(!line.contains('\n'));
    let read = Record::parse(line.as_bytes()).expect("a record");
    assert_eq!(read.head().recipients, publics.iter().map(|key| key.kid()).collect::<Vec<_>>());
    assert_eq!(peek(line.as_bytes()).expect("a head").epoch, epoch_id("soc", &KEY));
    for (_, private) in &all {
        let epoch = read.open(private, &AgentKeys::default()).expect("opened");
        assert_eq!(*epoch.key, KEY);
        assert_eq!((epoch.audience.as_str(), epoch.agent.as_str(), epoch.issued_at), ("soc", "node \"7\"", 1_700_000_000));
        assert_eq!(epoch.origin, Origin::Unsigned);
        assert!(!format!("{epoch:?}").contains("key"));
    }
    let (_, stranger) = pair(Role::Recipient);
    assert!(read.open(&stranger, &AgentKeys::default()).is_err());
    assert!(!read.is_for(&stranger));
}

#[test]
fn the_origin_is_known_by_the_agents_key() {
    let (public, private) = pair(Role::Recipient);
    let agent = KeyPair::generate(Role::Agent, 1, None).expect("a pair");
    let identity = Identity::read(agent.private.as_bytes()).expect("an identity");
    let line = record(&[&public], Some(&identity));
    let read = Record::parse(line.as_bytes()).expect("a record");
    assert!(read.head().signed);
    let mut agents = AgentKeys::default();
    let unknown = read.open(&private, &agents).expect("opened");
    assert_eq!(unknown.origin, Origin::Unknown { kid: agent.kid.clone() });
    agents.add(agent.public.as_bytes()).expect("a public key");
    let known = read.open(&private, &agents).expect("opened");
    assert_eq!((known.origin, *known.key), (Origin::Verified { kid: agent.kid.clone() }, KEY));

    // Signatures that are none are refused, whether the key is known or not.
    let signed = identity.sign(b"{}").expect("signed");
    assert!(agents.verify(&signed).is_ok());
    let parts: Vec<&str> = signed.split('.').collect();
    let header = |text: &str| [encode(text.as_bytes()).as_str(), parts[1], parts[2]].join(".");
    let kid = &agent.kid;
    let short = encode(&decode(parts[2]).expect("base64url")[..63]);
    let mut flipped = decode(parts[2]).expect("base64url");
    flipped[0] ^= 1;
    let bad = [
        [parts[0], parts[1], &short].join("."),
        [parts[0], parts[1], &encode(&flipped)].join("."),
        [parts[0], &encode(b"{ }"), parts[2]].join("."),
        [parts[0], parts[1], ""].join("."),
        format!("{}.AA", *signed),
        header(&format!(r#"{{"alg":"none","kid":"{kid}","typ":"scrubjay-epoch+jws"}}"#)),
        header(&format!(r#"{{"alg":"HS256","kid":"{kid}","typ":"scrubjay-epoch+jws"}}"#)),
        header(&format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"JWT"}}"#)),
        header(&format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"scrubjay-epoch+jws","crit":["b64"],"b64":false}}"#)),
        header(&format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"scrubjay-epoch+jws","jwk":{{}}}}"#)),
    ];
    for jws in bad {
        assert_eq!(agents.verify(&jws).err(), Some(CannotOpen), "{jws}");
    }
    // An audience's key is no identity, and the other way round.
    assert!(Identity::read(KeyPair::generate(Role::Recipient, 1, None).expect("a pair").private.as_bytes()).is_err());
    assert!(PublicKey::read_all(agent.public.as_bytes()).is_err());
    assert!(agents.add(agent.private.as_bytes()).is_err());
}

/// A record, taken apart, changed and put together again.
fn changed(line: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(line).expect("JSON");
    change(&mut value);
    value.to_string()
}

fn protected(line: &str, change: impl FnOnce(&mut Value)) -> String {
    changed(line, |record| {
        let text = decode(record["protected"].as_str().expect("text")).expect("base64url");
        let mut header: Value = serde_json::from_slice(&text).expect("JSON");
        change(&mut header);
        record["protected"] = json!(encode(header.to_string().as_bytes()));
    })
}

#[test]
fn what_is_not_exactly_a_record_is_one_constant_error() {
    let (x25519, x_private) = pair(Role::Recipient);
    let (p256, p_private) = pair(Role::RecipientP256);
    let good = record(&[&x25519, &p256], None);
    let b64 = |n: usize| json!(encode(&vec![0; n]));
    let one = |change: fn(&mut Value)| changed(&good, |r| change(&mut r["recipients"][0]));
    let mut bad: Vec<(String, String)> = Vec::new();
    let mut add = |what: &str, line: String| bad.push((what.to_owned(), line));
    for n in [0, 1, 4, 8, 12, 15, 17] {
        add("tag", changed(&good, |r| r["tag"] = b64(n)));
    }
    for n in [0, 1, 11, 13, 16] {
        add("iv", changed(&good, |r| r["iv"] = b64(n)));
    }
    for n in [0, 1, 7, 8, 39, 41, 256] {
        add("encrypted_key", changed(&good, |r| r["recipients"][0]["encrypted_key"] = b64(n)));
    }
    for n in [0, 5000] {
        add("ciphertext", changed(&good, |r| r["ciphertext"] = b64(n)));
    }
    for (name, value) in [
        ("zip", json!("DEF")),
        ("crit", json!(["exp"])),
        ("jku", json!("https://evil.example/")),
        ("x5u", json!("https://evil.example/")),
        ("jwk", json!({})),
        ("alg", json!("dir")),
        ("kid", json!("x")),
        ("p2c", json!(1_000_000)),
    ] {
        add(name, protected(&good, |h| h[name] = value.clone()));
        add(name, changed(&good, |r| r["recipients"][0]["header"][name] = if name == "kid" { json!(7) } else { value.clone() }));
        add(name, changed(&good, |r| r["unprotected"] = json!({name: value})));
    }
    for enc in ["A128CBC-HS256", "A256CBC-HS512", "A128GCM", "a256gcm", ""] {
        add("enc", protected(&good, |h| h["enc"] = json!(enc)));
    }
    for alg in ["RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "PBES2-HS512+A256KW", "dir", "ECDH-ES", "A256KW", "none"] {
        add("alg", changed(&good, |r| r["recipients"][0]["header"]["alg"] = json!(alg)));
    }
    add("typ", protected(&good, |h| h["typ"] = json!("JWT")));
    add("cty", protected(&good, |h| h["cty"] = json!("jose")));
    add("epoch", protected(&good, |h| h["epoch"] = json!("e1_AAAAAAAAAAAAAAAAAAAAAA")));
    add("aud", protected(&good, |h| h["aud"] = json!("privacy")));
    add("iat", protected(&good, |h| h["iat"] = json!(1.5)));
    add("apu", one(|r| r["header"]["apu"] = json!("AA")));
    add("epk missing", one(|r| drop(r["header"].as_object_mut().expect("object").remove("epk"))));
    add("epk short", one(|r| r["header"]["epk"]["x"] = json!("AAAA")));
    add("epk with d", one(|r| r["header"]["epk"]["d"] = json!("AAAA")));
    add("epk of small order", one(|r| r["header"]["epk"]["x"] = json!(encode(&[0; 32]))));
    add("epk of another curve", one(|r| r["header"]["epk"]["crv"] = json!("X448")));
    add("no recipients", changed(&good, |r| r["recipients"] = json!([])));
    add("many recipients", changed(&good, |r| r["recipients"] = json!(vec![r["recipients"][0].clone(); 65])));
    add("aad", changed(&good, |r| r["aad"] = json!("AAAA")));
    add("unprotected", changed(&good, |r| r["unprotected"] = json!({})));
    add("twice", good.replacen("\"iv\":", "\"iv\":\"AAAAAAAAAAAAAAAA\",\"iv\":", 1));
    add("deep", changed(&good, |r| r["recipients"][0]["header"]["epk"] = (0..50).fold(json!(1), |v, _| json!([v]))));
    add("very deep", "[".repeat(100_000));
    add("cut", good[..good.len() - 1].to_owned());
    add("two", format!("{good}{good}"));
    add("empty", String::new());
    add("long", format!("{good}{}", " ".repeat(RECORD_BYTES_MAX)));
    for (what, line) in bad {
        assert_ne!(line, good, "{what}");
        let opened = Record::parse(line.as_bytes()).and_then(|read| read.open(&x_private, &AgentKeys::default()));
        assert_eq!(opened.err(), Some(CannotOpen), "{what}");
    }
    // Another recipient's epk off its curve: this key's share does not come back, and the other's still does.
    let off = changed(&good, |r| {
        let y = r["recipients"][1]["header"]["epk"]["y"].as_str().and_then(decode).expect("y");
        let y: Vec<u8> = y.iter().enumerate().map(|(i, b)| if i == 31 { b ^ 1 } else { *b }).collect();
        r["recipients"][1]["header"]["epk"]["y"] = json!(encode(&y));
    });
    let off = Record::parse(off.as_bytes()).expect("its form is right");
    assert_eq!(off.open(&p_private, &AgentKeys::default()).err(), Some(CannotOpen));
    assert!(off.open(&x_private, &AgentKeys::default()).is_ok());
}

#[test]
fn a_key_that_is_not_the_ids_is_refused() {
    let (public, private) = pair(Role::Recipient);
    let id = epoch_id("soc", &[6; 32]);
    let forged = NewEpoch { audience: "soc", id: &id, issued_at: 1, key: &KEY };
    let line = write(&forged, "node", &[&public], None).expect("a record");
    let read = Record::parse(line.as_bytes()).expect("its form is right");
    assert_eq!(read.open(&private, &AgentKeys::default()).err(), Some(CannotOpen));
    // Nor is one that was made for another audience.
    let id = epoch_id("soc", &KEY);
    let moved = NewEpoch { audience: "privacy", id: &id, issued_at: 1, key: &KEY };
    let line = write(&moved, "node", &[&public], None).expect("a record");
    let read = Record::parse(line.as_bytes()).expect("its form is right");
    assert_eq!(read.open(&private, &AgentKeys::default()).err(), Some(CannotOpen));
}

#[test]
fn refusing_takes_no_longer_than_opening() {
    let (public, private) = pair(Role::Recipient);
    let good = record(&[&public], None);
    let many = changed(&good, |r| r["recipients"] = json!(vec![r["recipients"][0].clone(); 64]));
    let many = changed(&many, |r| r["tag"] = json!(encode(&[0; 16])));
    let deep = "[".repeat(RECORD_BYTES_MAX - 1);
    let time = |line: &str| {
        let runs = (0..20).map(|_| {
            let began = Instant::now();
            let _ = Record::parse(line.as_bytes()).and_then(|read| read.open(&private, &AgentKeys::default()));
            began.elapsed()
        });
        runs.min().expect("runs")
    };
    let (opened, hostile, nested) = (time(&good), time(&many), time(&deep));
    // At most four shares of a record are tried; a parser gives up on nesting at once.
    assert!(hostile < opened * 20, "{hostile:?} against {opened:?}");
    assert!(nested < opened * 20, "{nested:?} against {opened:?}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    #[test]
    fn a_changed_byte_is_never_another_key(at in 0usize..2000, new in 0u8..=255) {
        static MADE: std::sync::OnceLock<(String, PrivateKey)> = std::sync::OnceLock::new();
        let (line, private) = MADE.get_or_init(|| {
            let (public, private) = pair(Role::Recipient);
            (record(&[&public], None), private)
        });
        let mut line = line.clone().into_bytes();
        let at = at % line.len();
        line[at] = new;
        if let Ok(epoch) = Record::parse(&line).and_then(|read| read.open(private, &AgentKeys::default())) {
            proptest::prop_assert_eq!(*epoch.key, KEY);
        }
    }
}
