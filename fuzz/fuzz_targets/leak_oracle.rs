//! A token made from a seed, encoded and set into a record: nothing of it can be decoded from the output.
#![no_main]
#![allow(unused_crate_dependencies)]

#[path = "../../crates/scrubjay-scrub/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::tokens::Case;

// Eight bytes of seed, one for the number of encodings; what follows stands on the lines before and behind.
fuzz_target!(|data: &[u8]| {
    let Some((seed, rest)) = data.split_first_chunk::<8>() else { return };
    let Some((layers, noise)) = rest.split_first() else { return };
    let case = Case::any(u64::from_le_bytes(*seed), usize::from(*layers % 4));
    let noise = &noise[..noise.len().min(512)];
    let document = [noise, b"\n", &case.document(), noise].concat();
    let out = support::whole(Limits::default(), &document);
    let found = leaks(&out, &case.secrets, &case.claims);
    assert!(found.is_empty(), "{}: {} runs, {} claims", case.name, found.runs.len(), found.claims.len());
});
