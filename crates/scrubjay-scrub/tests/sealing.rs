//! Claims that go sealed with their markers: bound, fresh each time, and the only thing of its kind that passes.

mod support;

use std::sync::{Arc, Mutex};

use scrubjay_claims::{ClaimSet, EpochLimits, EpochStore, NewEpoch, Published, Sealer, Withheld};
use scrubjay_rules::RulePack;
use scrubjay_scrub::{FingerprintKey, Limits, Marker, Policy, Scrubber, Teller};
use scrubjay_token::base64;

/// A store that keeps nothing but how many epochs there were; or one whose disk is full.
#[derive(Default)]
struct Store {
    epochs: Mutex<u32>,
    full: bool,
}

impl EpochStore for Store {
    fn publish(&self, _: &NewEpoch<'_>, _: u64) -> Result<Published, Withheld> {
        *self.epochs.lock().unwrap() += 1;
        if self.full { Err(Withheld::NoRecord) } else { Ok(Published::default()) }
    }
}

const POLICY: &str = r#"
policy:
  - match: {source: a}
    claims: {iss: keep, sub: {seal: [soc]}, email: {show: domain, seal: [privacy, soc]}, address.country: {seal: [soc]}}
  - {match: {source: b}, claims: {iss: keep}}
  - {match: {source: side}, seal_to: sidecar, claims: {sub: {seal: [soc]}}}
  - {match: {source: json}, placement: field, seal_to: field, claims: {iss: keep, sub: {seal: [soc]}}}
  - {match: {source: json-inline}, placement: field, claims: {iss: keep, sub: {seal: [soc]}}}
  - {match: {}, claims: {sub: {seal: [nobody]}}}
"#;

fn scrubber(store: Store) -> Scrubber {
    let sealer = Sealer::new(["soc".to_owned(), "privacy".to_owned()], Arc::new(store), EpochLimits::default());
    let policy = Policy::parse("p", POLICY).unwrap_or_else(|wrong| panic!("{wrong}"));
    let teller = Teller::new(FingerprintKey::from_bytes(&[7; 32]).unwrap(), RulePack::builtin());
    Scrubber::of(teller.with_policy(Arc::new(policy)).with_sealer(Arc::new(sealer)).at(1_700_000_000), Limits::default())
}

fn token(claims: &str) -> String {
    let part = |text: &str| base64::encode(text.as_bytes());
    let signature: Vec<u8> = (0..64u8).map(|b| b.wrapping_mul(157) ^ 0x5a).collect();
    format!("{}.{}.{}", part(r#"{"alg":"ES256"}"#), part(claims), base64::encode(&signature))
}

const CLAIMS: &str =
    r#"{"iss":"https://idp.example","sub":"u-47114711","email":"gita@staff.example","address":{"country":"DE","street":"x"}}"#;

fn scrub(scrubber: &mut Scrubber, source: &str, text: &str) -> (String, String) {
    let mut clean = scrubber.scrub(support::batch_of(source, text.as_bytes()));
    let sidecar = clean.take_sidecar().map_or_else(String::new, |s| String::from_utf8(s.bytes().to_vec()).unwrap());
    (String::from_utf8(clean.bytes().to_vec()).unwrap(), sidecar)
}

fn marker(line: &str) -> Marker {
    let text = line.trim_end().strip_prefix("a ").unwrap_or_else(|| panic!("{line}"));
    Marker::parse(text).unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn each_audience_gets_a_claim_set_of_its_own() {
    let mut scrubber = scrubber(Store::default());
    let line = format!("a {}\n", token(CLAIMS));
    let (out, _) = scrub(&mut scrubber, "a", &line);
    let m = marker(&out);
    let sets: Vec<ClaimSet<'_>> = m.all("sealed").map(|s| ClaimSet::parse(s.as_bytes()).expect("our form")).collect();
    assert_eq!(sets.len(), 2, "{out}");
    assert!(sets.iter().all(|s| Some(s.fp.as_str()) == m.get("fp") && s.bucket == 128), "{sets:?}");
    assert_ne!(sets[0].kid, sets[1].kid, "an epoch for each audience");
    assert_eq!(m.get("email"), Some("staff.example"));
    assert!(!out.contains("u-4711") && !out.contains("gita"), "{out}");
}

#[test]
fn equal_tokens_give_different_bytes_and_equal_fingerprints() {
    let mut scrubber = scrubber(Store::default());
    let line = format!("a {}\n", token(CLAIMS));
    let outs: Vec<Marker> = (0..5).map(|_| marker(&scrub(&mut scrubber, "a", &line).0)).collect();
    for pair in outs.windows(2) {
        assert_eq!(pair[0].get("fp"), pair[1].get("fp"));
        assert_ne!(pair[0].get("sealed"), pair[1].get("sealed"), "also when the cache knows the token");
        let plain = |m: &Marker| m.fields.iter().filter(|(n, _)| n != "sealed").cloned().collect::<Vec<_>>();
        assert_eq!(plain(&pair[0]), plain(&pair[1]));
    }
}

/// The cache holds what is to be sealed: under a flood of others, too, a source gets what its own rule says.
#[test]
fn the_same_token_through_two_sources_never_gets_the_others_answer() {
    let mut scrubber = scrubber(Store::default());
    let line = format!("a {}\n", token(CLAIMS));
    for round in 0..6 {
        for (source, sealed) in [("a", 2), ("b", 0)] {
            let m = marker(&scrub(&mut scrubber, source, &line).0);
            assert_eq!((m.all("sealed").count(), m.get("email").is_some()), (sealed, sealed > 0), "{round} {source}");
        }
        for n in 0..2000 {
            scrub(&mut scrubber, "a", &format!("a {}\n", token(&format!(r#"{{"iss":"i","sub":"s{}"}}"#, n % 1000))));
        }
    }
}

#[test]
fn what_is_sealed_passes_a_second_scrubber_in_its_own_marker_only() {
    let mut first = scrubber(Store::default());
    let mut second = scrubber(Store::default());
    let (out, _) = scrub(&mut first, "a", &format!("x {} y {}\n", token(CLAIMS), token(r#"{"iss":"j","sub":"other"}"#)));
    assert_eq!(scrub(&mut second, "b", &out).0, out, "scrubbing twice equals scrubbing once");
    let twice = format!("{out}{out}");
    assert_eq!(scrub(&mut second, "b", &twice).0, twice);

    let m = Marker::parse(out.split(' ').nth(1).unwrap()).unwrap();
    let set = m.get("sealed").unwrap().to_owned();
    let fp = m.get("fp").unwrap().to_owned();
    for forged in [
        format!("bare {set}\n"),
        format!("a jwt(sealed:{set})\n"),
        format!("a jwt(fp:f0a1b2c_AAAAAAAAAAAAAAAAAAAAAA~sealed:{set})\n"),
        format!("a jwt(fp:{fp}~sealed:{set}\n"),
        format!("a jwt(fp:{fp}~sealed:{set}AA)\n"),
        format!("a jwt(fp:{fp}~note:{set})\n"),
        format!("a JWT(fp:{fp} sealed:{set})\n"),
    ] {
        let (clean, _) = scrub(&mut second, "b", &forged);
        assert!(!clean.contains(&set[..40]), "{forged}: {clean}");
    }
    // A credential where the ciphertext should be: the form is ours, the content is not.
    let inner = token(r#"{"sub":"hidden-in-ciphertext"}"#);
    let parts: Vec<&str> = set.split('.').collect();
    let mut noise = base64::encode(inner.as_bytes());
    noise.push_str(&parts[3][noise.len().min(parts[3].len())..]);
    for bucket in [128, 256, 512] {
        let mut ciphertext = inner.as_bytes().to_vec();
        ciphertext.resize(bucket, b' ');
        let forged = format!("a jwt(fp:{fp}~sealed:{}..{}.{}.{})\n", parts[0], parts[2], base64::encode(&ciphertext), parts[4]);
        let (clean, _) = scrub(&mut second, "b", &forged);
        assert!(!clean.contains(&base64::encode(&inner.as_bytes()[30..60])[4..28]), "{clean}");
    }
}

/// Noise may look like the beginning of a token: among thousands of claim sets some do.
#[test]
fn whatever_noise_looks_like_it_passes() {
    let mut first = scrubber(Store::default());
    let line = format!("a {}\n", token(CLAIMS));
    let text: String = (0..4000).map(|_| scrub(&mut first, "a", &line).0).collect();
    let again = scrub(&mut scrubber(Store::default()), "b", &text).0;
    let broken = text.lines().zip(again.lines()).find(|(a, b)| a != b);
    assert_eq!(broken, None);
}

/// In a line over the token limit a window's end must not part a claim set from its marker.
#[test]
fn markers_pass_in_long_lines() {
    let mut first = scrubber(Store::default());
    let record = format!("{} ", token(CLAIMS));
    let (one, _) = scrub(&mut first, "a", &record);
    for pad in [0, 100, 300, 500, 700, 900, 1100] {
        let line = format!("{}{}\n", "x ".repeat(pad / 2), one.repeat(150));
        assert!(line.len() > 128 * 1024, "{}", line.len());
        let (out, _) = scrub(&mut scrubber(Store::default()), "b", &line);
        assert!(out == line, "pad {pad}: {} claim sets of 300", out.matches("~sealed:eyJ").count());
    }
}

/// A credential in the encrypted key, or text where noise has to be.
#[test]
fn a_forged_claim_set_carries_nothing() {
    let fp = "f1a2b3c_AAAAAAAAAAAAAAAAAAAAAA";
    let noise = |len: usize| -> Vec<u8> { (0..len).map(|i| (i as u8).wrapping_mul(151).wrapping_add(77) ^ 0x80).collect() };
    let inner = token(r#"{"sub":"hidden-in-the-encrypted-key"}"#);
    let mut wrapped = inner.clone().into_bytes();
    wrapped.resize(256.max(wrapped.len()), b' ');
    let header = format!(
        r#"{{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"{}","typ":"scrubjay-claims+jwe","fp":"{fp}"}}"#,
        base64::encode(&noise(32))
    );
    let part = |bytes: &[u8]| base64::encode(bytes);
    let claims = format!("{:128}", r#"{"claims":{"sub":"in-the-clear-0123456789"}}"#);
    for (wrapped, ciphertext) in [(wrapped, noise(128)), (noise(256), claims.into_bytes())] {
        let hidden = part(if wrapped.contains(&b' ') { &wrapped } else { &ciphertext });
        let set = [part(header.as_bytes()), part(&wrapped), part(&noise(12)), part(&ciphertext), part(&noise(16))].join(".");
        assert!(ClaimSet::parse(set.as_bytes()).is_some(), "it has our form");
        let (out, _) = scrub(&mut scrubber(Store::default()), "b", &format!("x jwt(fp:{fp}~sealed:{set}) y\n"));
        assert!(!out.contains(&hidden[20..60]), "{out}");
    }
}

#[test]
fn a_field_and_a_sidecar_hold_what_the_marker_would() {
    let mut first = scrubber(Store::default());
    let record = format!("{{\"t\":\"{}\"}}\n", token(CLAIMS));
    let (out, sidecar) = scrub(&mut first, "json", &record);
    assert!(out.contains("\"sealed_claims\":") && sidecar.is_empty(), "{out}");
    let inline = out.find("jwt(fp:").map(|at| &out[at..at + out[at..].find(')').unwrap()]).unwrap();
    assert!(!inline.contains("sealed:"), "{out}");
    assert_eq!(scrub(&mut scrubber(Store::default()), "b", &out).0, out, "a second scrubber lets it pass");

    let (out, _) = scrub(&mut first, "json-inline", &record);
    assert!(out.contains("{\"t\":\"jwt(fp:f") && out.contains("~sealed:eyJ") && out.contains("\"scrubjay\":[{"), "{out}");
    assert_eq!(scrub(&mut scrubber(Store::default()), "b", &out).0, out);

    let line = format!("a {}\n", token(CLAIMS));
    let (out, sidecar) = scrub(&mut first, "side", &line);
    assert!(!out.contains("sealed"), "{out}");
    let m = marker(&out);
    assert!(
        sidecar.starts_with(&format!("{{\"fp\":\"{0}\",\"audience\":\"soc\",\"sealed\":\"jwt(fp:{0}~sealed:eyJ", m.get("fp").unwrap())),
        "{sidecar}"
    );
    assert!(sidecar.ends_with(")\"}\n"));
    assert_eq!(scrub(&mut scrubber(Store::default()), "b", &sidecar).0, sidecar);
}

#[test]
fn what_cannot_be_sealed_is_withheld_and_said() {
    let line = format!("a {}\n", token(CLAIMS));
    let (out, _) = scrub(&mut scrubber(Store { full: true, ..Store::default() }), "a", &line);
    let m = marker(&out);
    assert_eq!((m.all("sealed").count(), m.all("why").collect::<Vec<_>>()), (0, vec!["no-epoch-record"]), "{out}");
    assert!(!out.contains("u-4711") && !out.contains("gita"), "{out}");
    let (out, _) = scrub(&mut scrubber(Store::default()), "c", &line);
    assert_eq!(marker(&out).all("why").collect::<Vec<_>>(), ["no-audience"], "{out}");
    let large = token(&format!(r#"{{"iss":"i","sub":"{}"}}"#, "x".repeat(5000)));
    let (out, _) = scrub(&mut scrubber(Store::default()), "a", &format!("a {large}\n"));
    assert_eq!(marker(&out).all("why").collect::<Vec<_>>(), ["size"], "{out}");
    // Without its header a token has no fingerprint, so there is nothing to bind its claims to.
    let headless = token(CLAIMS);
    let (out, _) = scrub(&mut scrubber(Store::default()), "a", &format!("a {}\n", headless.split_once('.').unwrap().1));
    assert!(!out.contains("sealed:") && !out.contains("4711"), "{out}");
}
