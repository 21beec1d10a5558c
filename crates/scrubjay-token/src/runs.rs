//! Long runs of bytes of one kind, found without a look at each byte.

use std::ops::Range;

/// The maximal runs of at least `least` bytes that `is` holds of, in order. Such a run covers one byte of each `least`.
/// `least` is at least 1.
pub fn long_runs<'a>(text: &'a [u8], least: usize, is: impl Fn(u8) -> bool + 'a) -> impl Iterator<Item = Range<usize>> + 'a {
    // Up to here all is looked at, or too short a run.
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let probe = from + least - 1;
            let Some(stop) = text.get(from..=probe)?.iter().rposition(|&b| !is(b)) else {
                let end = probe + 1 + text[probe + 1..].iter().take_while(|&&b| is(b)).count();
                return Some(std::mem::replace(&mut from, end)..end);
            };
            from += stop + 1;
        }
    })
}

/// True where a byte and the two behind it are such. Where `is` has no branches, the compiler makes a few vector operations of each
/// sixteen.
pub(crate) fn any_triple(text: &[u8], is: impl Fn(u8, u8, u8) -> bool) -> bool {
    const STEP: usize = 16;
    let triples = |text: &[u8]| {
        let chunk = |at: usize| text.get(at..).and_then(<[u8]>::first_chunk::<STEP>);
        let (a, b, c) = (chunk(0)?, chunk(1)?, chunk(2)?);
        Some(a.iter().zip(b).zip(c).fold(false, |any, ((&a, &b), &c)| any | is(a, b, c)))
    };
    let mut rest = text;
    while let Some(any) = triples(rest) {
        if any {
            return true;
        }
        rest = &rest[STEP..];
    }
    // The last ones, some of them once more.
    let last = text.len().checked_sub(STEP + 2).and_then(|at| triples(&text[at..]));
    last.unwrap_or_else(|| text.windows(3).any(|w| is(w[0], w[1], w[2])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_every_length_at_every_place() {
        for len in 0..12 {
            for at in 0..12 {
                for behind in 0..6 {
                    let text = [".".repeat(at), "a".repeat(len), ".".repeat(behind), "aaaaa".to_owned()].concat();
                    let found: Vec<_> = long_runs(text.as_bytes(), 4, |b| b == b'a').collect();
                    let (first, last) = if behind == 0 { (at..text.len(), 0..0) } else { (at..at + len, at + len + behind..text.len()) };
                    let mut want = vec![first, last];
                    want.retain(|run| run.len() >= 4);
                    assert_eq!(found, want, "{text}");
                }
            }
        }
    }

    #[test]
    fn triples_at_every_place() {
        let is = |a: u8, b: u8, c: u8| (a == b'a') & (b == b'b') & (c == b'c');
        for len in 0..70 {
            let text = vec![b'.'; len];
            assert!(!any_triple(&text, is), "{len}");
            for at in 2..len {
                let mut text = text.clone();
                text[at - 1..=at].copy_from_slice(b"bc");
                assert!(!any_triple(&text, is), "{at} of {len}");
                text[at - 2] = b'a';
                assert!(any_triple(&text, is), "{at} of {len}");
            }
        }
    }
}
