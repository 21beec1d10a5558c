//! Where reads end changes nothing, lines stay lines, and scrubbing twice is scrubbing once.
#![no_main]
#![allow(unused_crate_dependencies)]

#[path = "../../crates/scrubjay-scrub/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use scrubjay_scrub::Limits;

// The first byte is the token limit, the next four are the places of two splits.
fuzz_target!(|data: &[u8]| {
    let [limit, a, b, c, d, document @ ..] = data else { return };
    let limits = if *limit == 0 { Limits::default() } else { support::small(64 + usize::from(*limit) * 4) };
    let place = |high: u8, low: u8| usize::from(u16::from_be_bytes([high, low])) % (document.len() + 1);
    let mut cuts = [place(*a, *b), place(*c, *d)];
    cuts.sort_unstable();
    let whole = support::whole(limits, document);
    assert!(whole == support::pieces(limits, document, &cuts), "split at {cuts:?}");
    let lines = |text: &[u8]| text.iter().filter(|&&b| b == b'\n').count();
    assert_eq!(lines(&whole), lines(document), "lines");
});
