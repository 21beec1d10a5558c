//! Every back end finds every needle, all of one resolution find the same places, and the finer one no others.

use scrubjay_scan::{Needle, Needles};

/// Miri is some thousand times slower: a sample must do there.
const THINNED: usize = if cfg!(miri) { 67 } else { 1 };

fn needle(text: &str, ignore_case: bool) -> Needle {
    let mut bytes = [None; 4];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, b)| *to = Some(b));
    Needle { bytes, ignore_case }
}

/// The plain definition, byte by byte.
fn stands_at(needle: &Needle, text: &[u8], at: usize) -> bool {
    needle.bytes.iter().enumerate().all(|(i, wanted)| match (wanted, text.get(at + i)) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(a), Some(b)) => a == b || needle.ignore_case && a.eq_ignore_ascii_case(b),
    })
}

/// One search, on every back end: the groups are chosen once, which takes Miri longer than any text here.
fn on_each_back_end(needles: &[Needle]) -> Vec<(Needles, bool)> {
    Needles::new(needles).on_each_back_end().collect()
}

#[track_caller]
fn check(needles: &[Needle], searches: &[(Needles, bool)], text: &[u8]) -> Vec<usize> {
    let mut first: [Option<Vec<usize>>; 2] = [None, None];
    for (search, by_nibbles) in searches {
        let mut found = vec![usize::MAX];
        search.candidates(text, &mut found);
        assert_eq!(found.remove(0), usize::MAX, "what the caller has stays");
        assert!(found.windows(2).all(|w| w[0] < w[1]) && found.iter().all(|&at| at < text.len()), "{}", search.backend());
        for at in 0..text.len() {
            if needles.iter().any(|n| stands_at(n, text, at)) {
                assert!(found.binary_search(&at).is_ok(), "{} misses {at} of {}", search.backend(), text.escape_ascii());
            }
        }
        assert_eq!(*first[usize::from(*by_nibbles)].get_or_insert_with(|| found.clone()), found, "{}", search.backend());
    }
    let [fine, coarse] = first.map(Option::unwrap_or_default);
    // The finer one takes a byte that is not ASCII for one that is.
    let is_ascii = needles.iter().flat_map(|n| n.bytes).flatten().all(|b| b.is_ascii()) && text.is_ascii();
    assert!(!is_ascii || fine.iter().all(|at| coarse.binary_search(at).is_ok()), "{}", text.escape_ascii());
    // The groups were chosen for the resolution of the first.
    if searches[0].1 { coarse } else { fine }
}

#[test]
fn every_needle_at_every_alignment() {
    let needles = [needle("ghp_", false), needle("oken", true), needle("://", false), needle("sk-", false), needle("AIza", false)];
    let searches = on_each_back_end(&needles);
    for len in (0..200).step_by(THINNED) {
        for word in ["ghp_", "TOKEN", "oKeN", "://", "sk-", "AIza", "sk", "é://é"] {
            let mut text = vec![b' '; len];
            text.extend_from_slice(word.as_bytes());
            check(&needles, &searches, &text);
            text.extend_from_slice(&b"xyz".repeat(len % 30));
            check(&needles, &searches, &text);
        }
    }
}

#[test]
fn every_byte_at_every_place() {
    let needles = [needle("ab", true), Needle { bytes: [Some(0xff), None, Some(0), Some(b'z')], ignore_case: false }];
    let searches = on_each_back_end(&needles);
    for byte in (0..=255u8).step_by(if cfg!(miri) { 251 } else { 1 }) {
        for place in 0..4 {
            for base in [*b"abcd", [0xff, b'q', 0, b'z']] {
                let mut text = [b'.'; 80];
                text[37..41].copy_from_slice(&base);
                text[37 + place] = byte;
                check(&needles, &searches, &text);
            }
        }
    }
}

#[test]
fn few_other_places_are_candidates() {
    let words = ["ghp_", "gho_", "glpa", "AIza", "xoxb", "hvs.", "npm_", "dapi", "oken", "ooki", "eare", "ecre"];
    let needles: Vec<Needle> = words.iter().map(|w| needle(w, false)).collect();
    let line = b"2026-11-23T10:00:00.123Z INFO [exec-7] c.e.shop.OrderService : request 4711 took 12 ms, peer 10.1.2.3\n";
    let lines = if cfg!(miri) { 2 } else { 100 };
    let text = line.repeat(lines);
    assert!(check(&needles, &on_each_back_end(&needles), &text).len() <= lines);
    assert_eq!(check(&[], &on_each_back_end(&[]), &text), []);
}
