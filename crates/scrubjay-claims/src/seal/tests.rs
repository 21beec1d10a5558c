//! Fresh bytes each time, keys replaced in time, and nothing sealed without a record.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::claim_set::ClaimSet;
use crate::epoch::{NewEpoch, Published, epoch_id};

const FP: &str = "f0a1b2c_AAAAAAAAAAAAAAAAAAAAAA";
const CLAIMS: &str = r#"{"sub":"ann"}"#;

/// Keeps every key that was published, by its id.
#[derive(Default)]
struct Memory {
    keys: Mutex<BTreeMap<String, [u8; 32]>>,
    refuse: Mutex<Option<Withheld>>,
    valid_until: Mutex<Option<u64>>,
    asked: AtomicUsize,
}

impl EpochStore for Memory {
    fn publish(&self, epoch: &NewEpoch<'_>, _now: u64) -> Result<Published, Withheld> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if let Some(why) = *locked(&self.refuse) {
            return Err(why);
        }
        assert_eq!(epoch.id, epoch_id(epoch.audience, epoch.key()));
        let unseen = locked(&self.keys).insert(epoch.id.to_owned(), *epoch.key()).is_none();
        assert!(unseen, "every epoch has a key of its own");
        Ok(Published { valid_until: *locked(&self.valid_until), left_out: vec!["old".to_owned()] })
    }
}

fn sealer(limits: EpochLimits) -> (Arc<Memory>, Sealer) {
    let memory = Arc::new(Memory::default());
    let audiences = ["soc", "privacy", "no good name"].map(str::to_owned);
    let sealer = Sealer::new(audiences, Arc::clone(&memory) as Arc<dyn EpochStore>, limits);
    (memory, sealer)
}

fn seal(sealer: &Sealer, audience: &str, now: u64) -> String {
    let mut sets = sealer.seal(audience, FP, CLAIMS, now).expect("sealed");
    assert_eq!(sets.len(), 1);
    sets.remove(0)
}

fn epoch_of(text: &str) -> String {
    ClaimSet::parse(text.as_bytes()).expect("canonical").kid
}

#[test]
fn equal_claims_give_different_bytes_and_equal_fingerprints() {
    let (memory, sealer) = sealer(EpochLimits::default());
    let sets: BTreeSet<String> = (0..500).map(|_| seal(&sealer, "soc", 10)).collect();
    assert_eq!(sets.len(), 500);
    let ivs: BTreeSet<&str> = sets.iter().map(|text| text.split('.').nth(2).expect("an IV")).collect();
    assert_eq!(ivs.len(), 500, "a fresh IV for each");
    for text in &sets {
        let set = ClaimSet::parse(text.as_bytes()).expect("canonical");
        assert_eq!(set.fp, FP);
        let key = locked(&memory.keys)[&set.kid];
        assert_eq!(set.open(&key).expect("opened").as_str(), CLAIMS);
    }
    assert_ne!(epoch_of(&seal(&sealer, "soc", 10)), epoch_of(&seal(&sealer, "privacy", 10)), "a key for each audience");
    assert_eq!(memory.asked.load(Ordering::Relaxed), 2);
}

#[test]
fn an_epoch_ends_by_count_by_age_and_when_told() {
    let (memory, sealer) = sealer(EpochLimits { age_max_s: 100, seals_max: 3 });
    let at = |now| epoch_of(&seal(&sealer, "soc", now));
    let first = at(1000);
    assert_eq!((at(1000), at(1099)), (first.clone(), first.clone()));
    let second = at(1000);
    assert_ne!(second, first, "after three seals");
    assert_eq!(at(1099), second);
    let third = at(1100);
    assert_ne!(third, second, "after 100 s");
    assert_eq!(at(1050), third, "a worker whose clock is a little behind");
    let fourth = at(900);
    assert_ne!(fourth, third, "the clock was set back");
    sealer.close(Some("privacy"));
    assert_eq!(at(900), fourth);
    sealer.close(None);
    *locked(&memory.valid_until) = Some(905);
    let fifth = at(900);
    assert_ne!(fifth, fourth, "closed");
    assert_eq!(at(904), fifth);
    assert_ne!(at(905), fifth, "a recipient's key has expired");
}

#[test]
fn without_a_record_nothing_is_sealed() {
    let (memory, sealer) = sealer(EpochLimits::default());
    for why in [Withheld::NoRecord, Withheld::NoRecipient] {
        sealer.close(None);
        *locked(&memory.refuse) = Some(why);
        let before = memory.asked.load(Ordering::Relaxed);
        for now in [50, 50, 51, 54] {
            assert_eq!(sealer.seal("soc", FP, CLAIMS, now), Err(why));
        }
        assert_eq!(memory.asked.load(Ordering::Relaxed), before + 1, "a failing disk is not asked for each token");
        assert_eq!(sealer.seal("soc", FP, CLAIMS, 55), Err(why));
        assert_eq!(memory.asked.load(Ordering::Relaxed), before + 2);
        assert_eq!(sealer.take_alarms(), [Alarm::NoEpoch { audience: "soc".into(), why }]);
    }
    *locked(&memory.refuse) = None;
    assert_eq!(sealer.seal("soc", FP, CLAIMS, 60).map(|sets| sets.len()), Ok(1), "it recovers");
    assert_eq!(sealer.take_alarms(), [Alarm::LeftOut { audience: "soc".into(), kid: "old".into() }]);
    assert_eq!(sealer.take_alarms(), []);
}

#[test]
fn what_cannot_be_bound_or_held_is_withheld() {
    let (_, sealer) = sealer(EpochLimits::default());
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(4090));
    let cases = [
        ("nobody", FP, CLAIMS, Withheld::NoAudience),
        ("no good name", FP, CLAIMS, Withheld::NoAudience),
        ("soc", "", CLAIMS, Withheld::Unbound),
        ("soc", "f1_\",\"x\":\"AAAAAAAAAAAAA", CLAIMS, Withheld::Unbound),
        ("soc", FP, "[]", Withheld::Unbound),
        ("soc", FP, "{", Withheld::Unbound),
        ("soc", FP, &large, Withheld::Size),
    ];
    for (audience, fp, claims, why) in cases {
        assert_eq!(sealer.seal(audience, fp, claims, 1), Err(why), "{audience} {fp}");
    }
}

#[test]
fn names_of_audiences_are_plain() {
    for name in ["soc", "soc-2", "a.b_c", "9"] {
        assert!(is_audience(name), "{name}");
    }
    for name in ["", "-soc", ".hidden", "a/b", "a b", "é", &"a".repeat(65)] {
        assert!(!is_audience(name), "{name}");
    }
}

#[test]
fn workers_share_an_epoch() {
    let (memory, sealer) = sealer(EpochLimits::default());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..200).for_each(|_| drop(seal(&sealer, "soc", 7))));
        }
    });
    assert_eq!(memory.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn nothing_telling_is_printed() {
    let (memory, sealer) = sealer(EpochLimits::default());
    let _ = seal(&sealer, "soc", 7);
    let key = *locked(&memory.keys).values().next().expect("a key");
    let epoch = NewEpoch { audience: "soc", id: "e1_x", issued_at: 7, key: &key };
    for shown in [format!("{sealer:?}"), format!("{epoch:?}")] {
        assert!(!shown.contains(&format!("{:?}", &key[..4])[1..10]), "{shown}");
        assert!(shown.ends_with(".. }"), "{shown}");
    }
}
