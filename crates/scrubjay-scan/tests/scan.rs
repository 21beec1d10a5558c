//! Every back end of this processor gives what the oracle says.

mod oracle;

use oracle::Numbers;
use proptest::prelude::*;
use scrubjay_scan::{Backend, Run, RunKind, Scanner};

/// Miri is some ten thousand times slower: a sample must do there.
const THINNED: usize = if cfg!(miri) { 61 } else { 1 };

fn scanners() -> Vec<Scanner> {
    let scanners: Vec<_> = Backend::available().map(|b| Scanner::with_backend(b).expect("available")).collect();
    assert_eq!(scanners.last().map(Scanner::backend), Some(Backend::Scalar));
    scanners
}

#[track_caller]
fn check(block: &[u8]) {
    let (runs, tail) = oracle::scan(block);
    let complete = oracle::complete(block, runs.clone(), tail);
    // What the caller has in the vector stays, and has no say in the order.
    let earlier = Run { start: usize::MAX, end: usize::MAX, kind: RunKind::List };
    for scanner in scanners() {
        let mut found = vec![earlier];
        assert_eq!(scanner.scan(block, &mut found), tail, "{} {:?}", scanner.backend(), block.escape_ascii().to_string());
        assert_eq!(found.remove(0), earlier);
        assert_eq!(found, runs, "{} {:?}", scanner.backend(), block.escape_ascii().to_string());
        let mut found = vec![earlier];
        scanner.scan_complete(block, &mut found);
        assert_eq!(found.remove(0), earlier);
        assert_eq!(found, complete, "{} complete {:?}", scanner.backend(), block.escape_ascii().to_string());
    }
}

#[test]
fn the_best_back_end_is_chosen() {
    assert_eq!(Some(Scanner::new().backend()), Backend::available().next());
    for backend in Backend::ALL {
        assert_eq!(Scanner::with_backend(backend).is_some(), Backend::available().any(|b| b == backend), "{backend}");
    }
}

#[test]
fn each_byte_value_is_in_its_classes() {
    for byte in (0..=255).step_by(if cfg!(miri) { 51 } else { 1 }) {
        // Alone, and in the middle of runs that it either joins or parts.
        check(&[byte]);
        for filler in [b'a', b' '] {
            let mut block = [filler; 130];
            block[..30].copy_from_slice(b"0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ");
            block[64] = byte;
            block[129] = b'"';
            check(&block);
        }
    }
}

#[test]
fn each_triple_that_is_almost_an_opening() {
    let near = |byte: u8| {
        [byte, byte ^ 0x20, byte ^ 0x80, byte ^ 0x10, byte ^ 0x40, byte ^ 8, byte ^ 4, byte ^ 1, byte.wrapping_add(1), byte.wrapping_sub(1)]
    };
    let mut blocks = Vec::new();
    for opening in oracle::OPENINGS {
        for first in near(opening[0]) {
            for second in near(opening[1]) {
                for third in near(opening[2]) {
                    blocks.push([b'"', first, second, third, b'"']);
                }
            }
        }
    }
    for part in blocks.chunks(50).step_by(THINNED) {
        check(part.as_flattened());
    }
}

#[test]
fn every_alignment_and_every_length_up_to_200() {
    let mut numbers = Numbers(7);
    for align in (0..64).step_by(THINNED) {
        let text = numbers.text(64 + 400);
        // The start address takes each value modulo 64 once, whatever the allocator gives.
        let shift = (align + 64 - text.as_ptr() as usize % 64) % 64;
        for len in (0..=200).step_by(THINNED) {
            let block = &text[shift..shift + len];
            assert_eq!((block.as_ptr() as usize) % 64, align);
            check(block);
        }
    }
}

#[test]
fn runs_at_the_limits_across_each_step_boundary() {
    let long = b"0a, 1b, 2c, 3d, 4e, 5f, 6A, 7B, 8C, 9D, 0E, 1F, 2a, 3b, 4c, 5d, 6e";
    for class in [b'_', b'7', 0x80, 0xe2].into_iter().step_by(if cfg!(miri) { 2 } else { 1 }) {
        for len in [1, 2, 16, 32, 46, 47, 48, 49, 55, 56, 63, 64, 65, 127, 128, 129].into_iter().step_by(if cfg!(miri) { 5 } else { 1 }) {
            for start in (0..200).step_by(2 * THINNED - 1) {
                let mut block = vec![b'"'; if cfg!(miri) { start + len + 1 } else { 400 }];
                block[start..start + len].fill(class);
                check(&block);
            }
        }
    }
    for len in [40, 47, 48, 49, 64, 65].into_iter().step_by(if cfg!(miri) { 3 } else { 1 }) {
        for start in (0..200).step_by(2 * THINNED - 1) {
            let mut block = vec![b'"'; if cfg!(miri) { start + len + 1 } else { 400 }];
            block[start..start + len].copy_from_slice(&long[..len]);
            check(&block);
        }
    }
}

#[test]
fn openings_across_each_step_boundary_and_cut_at_the_end() {
    for opening in oracle::OPENINGS.into_iter().step_by(if cfg!(miri) { 6 } else { 1 }) {
        for start in (0..200).step_by(THINNED) {
            let mut block = vec![b' '; if cfg!(miri) { start + 4 } else { 210 }];
            block[start..start + 3].copy_from_slice(opening);
            check(&block);
            block.truncate(start + 3);
            check(&block);
            block.truncate(start + 2);
            check(&block);
        }
    }
}

/// A group is 4 KiB: runs that begin before, end at, straddle and cover group boundaries.
#[test]
fn runs_across_group_boundaries() {
    // For Miri one run that crosses the first boundary and is of both classes.
    let (starts, lens, bytes): (_, &[usize], &[u8]) =
        if cfg!(miri) { (4050..4051, &[100], b"5") } else { (4000..4200, &[3, 47, 48, 64, 100, 4096, 9000], b".5 ") };
    for start in starts.step_by(3) {
        for &len in lens {
            for &byte in bytes {
                let mut block = vec![b'?'; 4400];
                block.truncate(start);
                block.resize(start + len, byte);
                block.extend_from_slice(b"eyJ\"");
                check(&block);
                let list = b"00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d ";
                block.splice(start..start, list.iter().copied());
                check(&block);
            }
        }
    }
}

/// Small enough for Miri, and the one way into the unchecked windows of a whole group.
#[test]
fn a_group_and_a_bit() {
    check(&Numbers(13).text(4150));
}

#[test]
fn a_list_goes_before_the_words_that_it_holds() {
    let hash = "0123456789abcdef".repeat(4);
    let hashes = if cfg!(miri) { 3 } else { 200 };
    let list = format!("\"12 34 56 78 90 ab cd ef {hash} {hash} {} 11\" ", format!("{hash},").repeat(hashes));
    check(list.as_bytes());
    let mut runs = Vec::new();
    Scanner::new().scan_complete(list.as_bytes(), &mut runs);
    assert_eq!(runs.first().map(|r| (r.start, r.kind)), Some((1, RunKind::List)));
    assert_eq!(runs.len(), hashes + 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 3 } else { 400 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in oracle::text(if cfg!(miri) { 4 } else { 40 })) {
        check(&text);
    }

    #[test]
    fn long_text(seed in 1u64.., len in 0usize..20_000) {
        let len = if cfg!(miri) { len / 100 } else { len };
        check(&Numbers(seed).text(len));
    }
}
