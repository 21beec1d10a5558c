//! What the suites share: one lane through a scrubber, whole or in pieces.
#![allow(dead_code)]

use std::sync::Arc;

use scrubjay_delivery::{AckId, LaneId};
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Origin, Scrubbed, Scrubber};
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token};

/// Lines before and behind what a case is about.
pub(crate) const BEFORE: &str = "2026-11-23T12:00:00Z INFO first ordinary line id=17\n";
pub(crate) const AFTER: &str = "2026-11-23T12:00:01Z INFO last ordinary line id=18\n";

/// Factor for the number of seeded cases: `SCRUBJAY_CASES=20` runs twenty times as many.
pub(crate) fn cases(usual: u64) -> u64 {
    let factor = std::env::var("SCRUBJAY_CASES").map_or(1, |n| n.parse().expect("SCRUBJAY_CASES is a whole number"));
    usual * factor
}

/// First seed, for runs that go on where others ended: `SCRUBJAY_SEED=100000`.
pub(crate) fn first_seed() -> u64 {
    std::env::var("SCRUBJAY_SEED").map_or(0, |n| n.parse().expect("SCRUBJAY_SEED is a whole number"))
}

pub(crate) fn scrubber(limits: Limits) -> Scrubber {
    Scrubber::new(FingerprintKey::from_bytes(&[7; 32]).expect("a key"), limits)
}

pub(crate) fn small(token_bytes_max: usize) -> Limits {
    Limits { token_bytes_max }
}

pub(crate) fn push(scrubber: &mut Scrubber, seq: u64, bytes: &[u8], lane_ends: bool) -> Scrubbed {
    scrubber.scrub(Batch {
        ack: AckId { lane: LaneId(1), seq },
        origin: Arc::new(Origin { source: "test".into(), name: "test".into() }),
        bytes: bytes.to_vec(),
        line_before: Vec::new(),
        framing: Framing::Lines,
        lane_ends,
    })
}

/// A text of its own, from this source.
pub(crate) fn batch_of(source: &str, text: &[u8]) -> Batch {
    Batch {
        ack: AckId { lane: LaneId(1), seq: 0 },
        origin: Arc::new(Origin { source: source.into(), name: "test".into() }),
        bytes: text.to_vec(),
        line_before: Vec::new(),
        framing: Framing::Lines,
        lane_ends: true,
    }
}

/// The document as one batch.
pub(crate) fn whole(limits: Limits, document: &[u8]) -> Vec<u8> {
    push(&mut scrubber(limits), 0, document, true).bytes().to_vec()
}

/// The document cut at `cuts` (in order), one batch for each piece.
pub(crate) fn pieces(limits: Limits, document: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut scrubber = scrubber(limits);
    let mut out = Vec::new();
    let mut from = 0;
    for (seq, &to) in cuts.iter().chain([&document.len()]).enumerate() {
        out.extend_from_slice(push(&mut scrubber, seq as u64, &document[from..to], seq == cuts.len()).bytes());
        from = to;
    }
    out
}

/// Text for a failure: bytes as they would stand in a byte string.
pub(crate) fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Nothing of a text between ordinary lines changes.
#[track_caller]
pub(crate) fn check_same(text: &str) {
    let document = format!("{BEFORE}{text}\n{AFTER}");
    let out = whole(Limits::default(), document.as_bytes());
    assert_eq!(String::from_utf8_lossy(&out), document);
}

/// Of tokens of these forms, `usual` of each, nothing is left in the records that `write` makes of them; the lines around these stay, and
/// so does the number of lines. `factor` makes the seeds of one suite others than those of the next.
#[track_caller]
pub(crate) fn check_forms(usual: u64, factor: u64, forms: &[Form], write: impl Fn(&mut Random, &Token) -> String) {
    check_forms_and(usual, factor, forms, write, |_, _, _| {});
}

/// The same; `also` says more of each document and of what becomes of it.
#[track_caller]
pub(crate) fn check_forms_and(
    usual: u64,
    factor: u64,
    forms: &[Form],
    write: impl Fn(&mut Random, &Token) -> String,
    also: impl Fn(&mut Random, &[u8], &[u8]),
) {
    for seed in first_seed()..first_seed() + cases(usual) {
        for &form in forms {
            let mut r = Random::new(seed * factor + form as u64);
            let token = form.make(&mut r);
            let document = format!("{BEFORE}{}\n{AFTER}", write(&mut r, &token));
            let out = whole(Limits::default(), document.as_bytes());
            let found = leaks(&out, &token.secrets, &token.claims);
            let shown = || format!("\n  in  {}\n  out {}", shown(document.as_bytes()), shown(&out));
            assert!(found.is_empty(), "seed {seed} {form:?} leaks {:?} {:?}{}", found.runs.first(), found.claims, shown());
            assert!(
                out.starts_with(BEFORE.as_bytes()) && out.ends_with(AFTER.as_bytes()),
                "seed {seed} {form:?}: a neighbour changed{}",
                shown()
            );
            let lines = |text: &[u8]| text.iter().filter(|&&b| b == b'\n').count();
            assert_eq!(lines(&out), lines(document.as_bytes()), "seed {seed} {form:?}: lines{}", shown());
            also(&mut r, document.as_bytes(), &out);
        }
    }
}
