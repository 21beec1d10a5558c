use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn key(n: u8) -> FingerprintKey {
    FingerprintKey::from_bytes(&[n; 32]).unwrap()
}

/// Keys 1, 2, … with these periods.
fn ring(periods: &[(Option<i64>, Option<i64>)]) -> Result<CorrelationRing, RingError> {
    CorrelationRing::new(ring_keys(periods))
}

fn ring_keys(periods: &[(Option<i64>, Option<i64>)]) -> Vec<RingKey> {
    let key_of = |(n, &(not_before, expires)): (usize, &(Option<i64>, Option<i64>))| RingKey {
        key: key(u8::try_from(n + 1).unwrap()),
        period: Period { not_before, expires },
    };
    periods.iter().enumerate().map(key_of).collect()
}

/// The number of a key of [`ring`].
fn number(of: Option<&FingerprintKey>) -> u8 {
    of.map_or(0, |of| (1..=u8::MAX).find(|&n| key(n).id() == of.id()).unwrap())
}

/// The numbers of the keys that act at a time, 0 for none.
fn acting(ring: &CorrelationRing, now: i64) -> (u8, u8) {
    let active = ring.active(now);
    assert_eq!(number(active.current()), number(ring.at(now)));
    (number(active.current()), number(active.former()))
}

/// Values for fixed keys, computed with Python's hmac and hashlib from the description in DESIGN §7: nodes of every
/// version and every other program have to agree on them for ever.
#[test]
fn golden_values() {
    let counting: Vec<u8> = (0..32).collect();
    let cases: [(&[u8], [&str; 6]); 2] = [
        (
            &counting,
            [
                "b27b4d",
                "fb27b4d_VnlsOX0-zqNcWvrADmWU5A",
                "fb27b4d_CmEqXkkKh8f8ndhec694DA",
                "hb27b4d_C8SHmD9EoLfNd12VpvN7gw",
                "hb27b4d_gFDm7WlJWBZ1UoFtI7WcrA",
                "pb27b4d_md8O5E_g6rKH004KXCrl6Q",
            ],
        ),
        (
            &[7; 4096],
            [
                "e8f00a",
                "fe8f00a_nEQ14eYmKdlHmk_Vt-nUxQ",
                "fe8f00a_9zYK9YEbfy0xNsrD1ZOj-g",
                "he8f00a_NVFWCH_6CTiYRmzlqVX3eA",
                "he8f00a_1PffRqIH16bI8sRoFLy__w",
                "pe8f00a_K0KLqjaDGZJh8JLwMPmpog",
            ],
        ),
    ];
    for (secret, [id, jws, jwe, hash, ath, pseudonym]) in cases {
        let key = FingerprintKey::from_bytes(secret).unwrap();
        let parts = |all: &[&[u8]]| all.iter().map(|part| part.to_vec()).collect::<Vec<_>>();
        assert_eq!(key.id(), id);
        assert_eq!(key.fingerprint("jws", &parts(&[br#"{"alg":"none"}"#, br#"{"sub":"a"}"#])).as_deref(), Some(jws));
        assert_eq!(key.fingerprint("jwe", &parts(&[br#"{"alg":"dir"}"#, &[0; 12], b"c", &[b't'; 16]])).as_deref(), Some(jwe));
        assert_eq!(key.fingerprint("jws", &[]), None);
        assert_eq!(key.hash("iss", b"a@b"), hash);
        assert_eq!(key.ath_of_proof("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo").as_deref(), Some(ath));
        assert_eq!(key.pseudonym("acme", &["act", "sub"], b"alice"), pseudonym);
    }
}

#[test]
fn the_key_of_a_time() {
    let quarters = ring(&[(Some(0), Some(100)), (Some(100), Some(200))]).unwrap();
    let overlapping = ring(&[(Some(0), Some(110)), (Some(100), Some(210)), (Some(200), None)]).unwrap();
    let gap = ring(&[(Some(0), Some(50)), (Some(100), Some(200))]).unwrap();
    let open = ring(&[(None, Some(100)), (Some(90), None)]).unwrap();
    let three = ring(&[(None, None), (Some(10), None), (Some(20), Some(30))]).unwrap();
    /// A name, a ring, and for some times the keys of now and before.
    type Case<'a> = (&'a str, &'a CorrelationRing, &'a [(i64, (u8, u8))]);
    let cases: &[Case<'_>] = &[
        ("from nbf on, before exp", &quarters, &[(-1, (0, 0)), (0, (1, 0)), (99, (1, 0)), (100, (2, 0)), (199, (2, 0)), (200, (0, 0))]),
        (
            "the newest of two",
            &overlapping,
            &[(99, (1, 0)), (100, (2, 1)), (109, (2, 1)), (110, (2, 0)), (199, (2, 0)), (200, (3, 2)), (210, (3, 0)), (i64::MAX, (3, 0))],
        ),
        ("nothing stands in", &gap, &[(49, (1, 0)), (50, (0, 0)), (99, (0, 0)), (100, (2, 0))]),
        ("since ever and for ever", &open, &[(i64::MIN, (1, 0)), (89, (1, 0)), (90, (2, 1)), (100, (2, 0)), (i64::MAX, (2, 0))]),
        ("two at most", &three, &[(0, (1, 0)), (10, (2, 1)), (20, (3, 2)), (30, (2, 1))]),
    ];
    for (what, ring, times) in cases {
        for &(now, expected) in *times {
            assert_eq!(acting(ring, now), expected, "{what}, at {now}");
        }
    }
    let single = CorrelationRing::from(key(9));
    assert_eq!((acting(&single, i64::MIN), acting(&single, i64::MAX)), ((9, 0), (9, 0)));
    assert_eq!((single.changes_after(0), single.uncovered_from(0)), (None, None));
}

#[test]
fn changes_and_ends_are_foreseen() {
    let overlapping = ring(&[(Some(0), Some(110)), (Some(100), Some(210))]).unwrap();
    for (now, next) in [(-5, Some(0)), (0, Some(100)), (99, Some(100)), (100, Some(110)), (110, Some(210)), (210, None)] {
        assert_eq!(overlapping.changes_after(now), next, "at {now}");
    }
    for (now, end) in [(-5, Some(-5)), (0, Some(210)), (150, Some(210)), (210, Some(210))] {
        assert_eq!(overlapping.uncovered_from(now), end, "at {now}");
    }
    let gap = ring(&[(Some(0), Some(50)), (Some(100), None)]).unwrap();
    for (now, end) in [(0, Some(50)), (50, Some(50)), (100, None)] {
        assert_eq!(gap.uncovered_from(now), end, "at {now}");
    }
    assert_eq!(ring(&[(None, Some(50)), (Some(50), None)]).unwrap().uncovered_from(0), None);
}

#[test]
fn unclear_rings_are_refused() {
    assert_eq!(CorrelationRing::new(Vec::new()).err(), Some(RingError::Empty));
    type Case<'a> = (&'a [(Option<i64>, Option<i64>)], RingError);
    let cases: &[Case<'_>] = &[
        (&[(Some(5), Some(5))], RingError::Backwards(1)),
        (&[(Some(0), Some(5)), (Some(5), Some(4))], RingError::Backwards(2)),
        (&[(Some(0), Some(5)), (Some(1), None), (Some(0), Some(9))], RingError::SameStart(1, 3)),
        (&[(None, Some(5)), (None, None)], RingError::SameStart(1, 2)),
    ];
    for (periods, expected) in cases {
        assert_eq!(ring(periods).err(), Some(*expected));
    }
    let mut twice = ring_keys(&[(Some(0), None), (Some(1), None)]);
    twice[1].key = key(1);
    let error = CorrelationRing::new(twice).unwrap_err();
    assert_eq!(error, RingError::SameKey(1, 2));
    assert!(error.to_string().contains("keys 1 and 2 are the same"));
}

#[test]
fn active_keys_give_nothing_without_a_key() {
    let parts = [b"h".to_vec(), b"p".to_vec()];
    let prints = |keys: &ActiveKeys| keys.fingerprints("jws", &parts).collect::<Vec<_>>();
    assert_eq!(prints(&ActiveKeys::default()), [""; 0]);
    assert_eq!(prints(&ActiveKeys::from(key(1))), [key(1).fingerprint("jws", &parts).unwrap()]);
    let both = ring(&[(Some(0), Some(20)), (Some(10), None)]).unwrap().active(15);
    assert_eq!(prints(&both), [key(2), key(1)].map(|k| k.fingerprint("jws", &parts).unwrap()));
    assert_eq!(both.fingerprints("jws", &[]).count(), 0, "an incomplete token has none");
}

#[test]
fn debug_tells_no_secret() {
    let shown = format!("{:?} {:?}", ring(&[(Some(0), None)]), ActiveKeys::from(key(1)));
    assert!(shown.contains(key(1).id()) && !shown.contains("[1, 1"), "{shown}");
    for hidden in ["tokens", "values", "claims"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

proptest! {
    /// Every node chooses alike, whatever the order of the keys in its file, and nothing changes between two changes.
    #[test]
    fn the_choice_is_one(
        starts in proptest::collection::btree_set(-5i64..60, 1..6),
        lengths in proptest::collection::vec(1i64..40, 6),
        turn in 0usize..6,
    ) {
        let starts: BTreeSet<i64> = starts;
        let periods: Vec<_> = starts.iter().zip(&lengths).map(|(&s, &l)| (Some(s), Some(s + l))).collect();
        let straight = ring(&periods).unwrap();
        let mut turned = ring_keys(&periods);
        turned.rotate_left(turn % periods.len());
        let turned = CorrelationRing::new(turned).unwrap();
        for now in -10..110 {
            let expected = (1..).zip(&periods).filter(|(_, (s, e))| s.unwrap() <= now && now < e.unwrap()).map(|(n, _)| n).max().unwrap_or(0);
            prop_assert_eq!(number(straight.at(now)), expected);
            prop_assert_eq!(acting(&straight, now), acting(&turned, now));
            let until = straight.changes_after(now).unwrap_or(110);
            prop_assert_eq!(acting(&straight, now), acting(&straight, until - 1));
            let first = (now..120).find(|&t| straight.at(t).is_none());
            prop_assert_eq!(straight.uncovered_from(now), first);
        }
    }
}
