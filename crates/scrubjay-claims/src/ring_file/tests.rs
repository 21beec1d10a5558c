use proptest::prelude::*;

use super::*;

/// Bytes 0 to 31.
const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// 32 times 7.
const OTHER: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

fn ids(ring: &CorrelationRing) -> Vec<(String, Option<i64>, Option<i64>)> {
    ring.keys().iter().map(|k| (k.key.id().to_owned(), k.period.not_before, k.period.expires)).collect()
}

#[test]
fn files_of_both_kinds() {
    let counting: Vec<u8> = (0..32).collect();
    let raw = ids(&CorrelationRing::from_file(&counting).unwrap());
    assert_eq!(raw, [("b27b4d".to_owned(), None, None)]);
    let one = format!(r#"{{"keys":[{{"kty":"oct","k":"{SECRET}"}}]}}"#);
    assert_eq!(ids(&CorrelationRing::from_file(one.as_bytes()).unwrap()), raw, "the same secret is the same key in both kinds of file");
    let odd = format!(
        "\u{feff} \n{{\"note\":\"für März\",\"keys\":[{{\"k\":\"{OTHER}\",\"kid\":\"my key\",\"exp\":200,\"kty\":\"oct\",\"use\":\"sig\"}},\
         {{\"kty\":\"oct\",\"kid\":\"b27b4d\",\"k\":\"{SECRET}\",\"nbf\":100,\"exp\":null}}]}}\r\n"
    );
    let ring = CorrelationRing::from_file(odd.as_bytes()).unwrap();
    assert_eq!(ids(&ring)[0], ("b27b4d".to_owned(), Some(100), None), "newest first");
    assert_eq!((ids(&ring)[1].1, ids(&ring)[1].2), (None, Some(200)));
    // Random bytes that begin as JSON does are a raw key.
    let mut braced = counting.clone();
    braced[0] = b'{';
    assert_eq!(CorrelationRing::from_file(&braced).unwrap().keys().len(), 1);
    let text = b"0123456789abcdef0123456789abcdef\n";
    assert_eq!(CorrelationRing::from_file(text).unwrap().at(0).unwrap().id(), FingerprintKey::from_bytes(text).unwrap().id());
}

#[test]
fn files_that_are_no_ring() {
    let jwk = |members: &str| format!(r#"{{"keys":[{{"kty":"oct","k":"{OTHER}"}},{{{members}}}]}}"#);
    let key = |fault| RingFileError::Key { number: 2, fault };
    let many = format!(r#"{{"keys":[{}]}}"#, vec![r#"{"kty":"oct"}"#; RING_KEYS_MAX + 1].join(","));
    let cases: Vec<(String, RingFileError, &str)> = vec![
        (String::new(), RingFileError::Raw(KeyError::Short), "at least 32 random bytes"),
        ("x".repeat(31), RingFileError::Raw(KeyError::Short), "at least 32"),
        ("x".repeat(4097), RingFileError::Raw(KeyError::Long), "at most 4096"),
        ("\0".repeat(32), RingFileError::Zeros, "zero bytes only"),
        ("x".repeat(RING_BYTES_MAX + 1), RingFileError::Large, "larger than 1048576 bytes"),
        (many, RingFileError::Large, "more than 1024 keys"),
        (format!(r#"{{"kty":"oct","k":"{SECRET}"}}"#), RingFileError::Json { line: 1, column: 63 }, "no JWK Set"),
        (format!("{{\"keys\":[\n{{\"kty\":\"oct\",\"k\":\"{SECRET}\""), RingFileError::Json { line: 2, column: 62 }, "line 2, column 62"),
        (format!(r#"{{"keys":["{SECRET}"]}}"#), RingFileError::Json { line: 1, column: 54 }, "line 1"),
        (jwk("").replace(r#""k":"Bw"#, r#""k":"\u0042w"#), RingFileError::Json { line: 1, column: 76 }, "line 1"),
        (
            r#"{"keys":[]}"#.to_owned().replace("]}", "]}                         "),
            RingFileError::Ring(RingError::Empty),
            "there is no key",
        ),
        (jwk(&format!(r#""kty":"RSA","k":"{SECRET}""#)), key(KeyFault::NotOct), "key 2 of the set is not of type oct"),
        (jwk(r#""kty":"oct""#), key(KeyFault::NotBase64), "no secret in base64url"),
        (jwk(&format!(r#""kty":"oct","k":"{SECRET}=""#)), key(KeyFault::NotBase64), "without padding"),
        (jwk(r#""kty":"oct","k":"AAECAw""#), key(KeyFault::Length(KeyError::Short)), "less than 32 bytes"),
        (jwk(&format!(r#""kty":"oct","k":"{}""#, "AAAA".repeat(1366))), key(KeyFault::Length(KeyError::Long)), "more than 4096 bytes"),
        (jwk(&format!(r#""kty":"oct","k":"{SECRET}","nbf":1.5"#)), key(KeyFault::Date("nbf")), "(nbf)"),
        (jwk(&format!(r#""kty":"oct","k":"{SECRET}","exp":"2027-01-01""#)), key(KeyFault::Date("exp")), "(exp)"),
        (jwk(&format!(r#""kty":"oct","k":"{SECRET}","exp":-1"#)), key(KeyFault::Date("exp")), "(exp)"),
        (jwk(&format!(r#""kty":"oct","k":"{SECRET}","exp":253402300800"#)), key(KeyFault::Date("exp")), "(exp)"),
        (jwk(&format!(r#""kty":"oct","k":"{SECRET}","kid":"b27b4e""#)), key(KeyFault::Changed), "one of the two was changed"),
        (jwk(&format!(r#""kty":"oct","k":"{OTHER}","nbf":1"#)), RingFileError::Ring(RingError::SameKey(1, 2)), "the same key"),
        (jwk(&format!(r#""kty":"oct","k":"{SECRET}""#)), RingFileError::Ring(RingError::SameStart(1, 2)), "begin at the same time"),
        (jwk(&format!(r#""kty":"oct","k":"{SECRET}","nbf":9,"exp":9"#)), RingFileError::Ring(RingError::Backwards(2)), "before it begins"),
    ];
    for (file, expected, said) in cases {
        let error = CorrelationRing::from_file(file.as_bytes()).expect_err(said);
        assert_eq!(error, expected, "{said}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(said), "{shown}");
        assert!(!shown.contains("AAEC") && !shown.contains("BwcH"), "no part of a secret: {shown}");
    }
}

#[test]
fn a_schedule_becomes_a_ring() {
    let schedule = Schedule { start: 1000, period_seconds: 100, overlap_seconds: 10, count: 3 };
    let file = schedule.new_file().unwrap();
    assert!(file.len() < 64 + 3 * 256, "the text never had to grow: {}", file.len());
    let ring = CorrelationRing::from_file(file.as_bytes()).unwrap();
    let periods: Vec<_> = ids(&ring).into_iter().map(|(_, from, to)| (from.unwrap(), to.unwrap())).collect();
    assert_eq!(periods, [(1200, 1310), (1100, 1210), (1000, 1110)]);
    assert_eq!((ring.uncovered_from(1000), ring.changes_after(1000)), (Some(1310), Some(1100)));
    let again = CorrelationRing::from_file(schedule.new_file().unwrap().as_bytes()).unwrap();
    assert!(ids(&again).iter().all(|(id, ..)| ids(&ring).iter().all(|(other, ..)| other != id)), "each key is new");
    let end = Schedule { start: SECONDS_MAX, period_seconds: u32::MAX, overlap_seconds: u32::MAX, count: RING_KEYS_MAX + 1 };
    assert_eq!(end.periods().len(), RING_KEYS_MAX);
    assert_eq!(Schedule { count: 0, ..schedule }.periods(), []);
}

proptest! {
    /// Any file gives a ring or an error.
    #[test]
    fn no_file_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = CorrelationRing::from_file(&bytes);
    }

    /// One wrong byte, or a cut, never makes other keys of a set without an error.
    #[test]
    fn no_damage_makes_other_keys_of_it(at in 0usize..400, byte in any::<u8>(), cut in any::<bool>()) {
        let mut file = Schedule { start: 1_795_392_000, period_seconds: 7_776_000, overlap_seconds: 86_400, count: 2 }
            .new_file().unwrap().as_bytes().to_vec();
        let before = ids(&CorrelationRing::from_file(&file).unwrap());
        let at = at % file.len();
        if cut { file.truncate(at.max(1)) } else { file[at] = byte }
        if let Ok(ring) = CorrelationRing::from_file(&file) {
            let after = ids(&ring);
            prop_assert!(after.len() == before.len() && after.iter().all(|(id, ..)| before.iter().any(|(known, ..)| known == id)));
        }
    }
}
