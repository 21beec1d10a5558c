//! Every back end's closer look equals a slow one, at every length and alignment.

use scrubjay_scan::{Backend, GLANCE_BYTES_MAX, Glance, Look, Scanner};

/// Miri is some thousand times slower: a sample must do there.
const THINNED: usize = if cfg!(miri) { 61 } else { 1 };

fn slow(text: &[u8]) -> Vec<Look> {
    let byte = |at: usize| text.get(at).copied().unwrap_or(b'"');
    let mut looks = Vec::new();
    for from in (0..text.len()).step_by(64) {
        let mut look = Look::default();
        for i in 0..64 {
            let (a, b, c) = (byte(from + i), byte(from + i + 1), byte(from + i + 2));
            let set = |mask: &mut u64, is: bool| *mask |= u64::from(is) << i;
            set(&mut look.base64, a.is_ascii_alphanumeric() || b"-_+/".contains(&a));
            set(&mut look.hex, a.is_ascii_hexdigit());
            set(&mut look.text_digit, b"0234567".contains(&a));
            set(&mut look.upper, a.is_ascii_uppercase());
            set(&mut look.dot, a == b'.');
            set(&mut look.equals, a == b'=');
            set(&mut look.odd, matches!(a, 0 | 0x1b | 0x7f..));
            set(&mut look.escape, b"%\\&!".contains(&a));
            set(&mut look.hyphen, a == b'-');
            set(&mut look.edge, b"eICD90QKogANJk".contains(&a));
            let triple = match [a, b, c] {
                [b'e', b'y', _] => b"ABCHIJK@".contains(&c),
                [b'e', b'w', _] => b"ko0;?`".contains(&c),
                [b'Z' | b'V', _, 0..0x80] if matches!(b & 15, 1 | 3 | 5 | 7 | 8) && b & 0x90 == 0x10 => true,
                [b'l', b'd' | b'e', _] => b"UuZz2".contains(&c),
                [b'6', b'5', b'7'] | [b'-', b'-', b'-'] | [b'k' | b'K', b't', b'y'] | [1..=0x7f, 0, 1..=0x7f] => true,
                _ => false,
            };
            set(&mut look.triple, triple);
        }
        looks.push(look);
    }
    looks
}

fn check(text: &[u8]) {
    let expected = slow(text);
    for scanner in Backend::available().filter_map(Scanner::with_backend) {
        let mut looks = Vec::new();
        scanner.look(text, &mut looks);
        assert_eq!(looks, expected, "{} on {}", scanner.backend(), text.escape_ascii());
    }
    for len in [1, text.len().min(63), text.len().min(64), text.len().min(65), text.len().min(GLANCE_BYTES_MAX)] {
        check_glance(text, len);
    }
}

/// A glance at the first bytes of a text.
fn check_glance(text: &[u8], len: usize) {
    let looks = slow(text);
    let there = u128::MAX.checked_shr(128 - len as u32).unwrap_or(0);
    let both = |mask: fn(&Look) -> u64| {
        let word = |i: usize| u128::from(looks.get(i).map_or(0, mask));
        (word(0) | word(1) << 64) & there
    };
    let expected = Glance {
        base64: both(|look| look.base64),
        hex: both(|look| look.hex),
        text_digit: both(|look| look.text_digit),
        upper: both(|look| look.upper),
        dot: both(|look| look.dot),
        hyphen: both(|look| look.hyphen),
        edge: both(|look| look.edge),
        triple: both(|look| look.triple),
    };
    for scanner in Backend::available().filter_map(Scanner::with_backend) {
        let glance = scanner.glance(text, 0..len);
        let is_there = len > 0 && text.len() >= GLANCE_BYTES_MAX + 2;
        assert_eq!(glance, is_there.then_some(expected), "{} on {len} of {}", scanner.backend(), text.escape_ascii());
    }
}

#[test]
fn every_byte_beside_every_other() {
    let mut all = Vec::new();
    for a in (0..=255u8).step_by(if cfg!(miri) { 15 } else { 1 }) {
        for b in [0, b'0', b'A', b'e', b'y', b'.', 0x80, a] {
            all.extend([a, b, 0x7f]);
        }
    }
    check(&all);
}

#[test]
fn every_triple_at_every_place() {
    let triples: [&[u8]; 13] = [b"eyJ", b"eyL", b"ewo", b"ew0", b"ZXl", b"V5S", b"V4S", b"leU", b"ld2", b"657", b"kty", b"Kty", b"e\0y"];
    for triple in triples.into_iter().step_by(if cfg!(miri) { 5 } else { 1 }) {
        for at in (0..130).step_by(if cfg!(miri) { 63 } else { 1 }) {
            for behind in (0..3).step_by(if cfg!(miri) { 2 } else { 1 }) {
                check(&[&vec![b' '; at][..], triple, &vec![b'x'; behind]].concat());
            }
        }
    }
}

#[test]
fn every_length_and_alignment() {
    let mut state = 0x5eed_u64;
    let noise: Vec<u8> = (0..400)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let letters = b"eywJZXlKV5S657-.%=\\AZaf09/_+ktyK\0\xff ";
            letters[(state >> 33) as usize % letters.len()]
        })
        .collect();
    for from in (0..66).step_by(THINNED.min(33)) {
        for to in (from..noise.len()).step_by(7 * THINNED.min(15)) {
            check(&noise[from..to]);
        }
    }
}
