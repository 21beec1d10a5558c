//! Long runs of bytes of one kind, found without a look at each byte.

use std::ops::Range;

/// Which bytes are among these: a look-up, where the comparisons would be many.
pub(crate) const fn table_of(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut i = 0;
    while i < bytes.len() {
        table[bytes[i] as usize] = true;
        i += 1;
    }
    table
}

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

/// Bytes that are looked at at once: the compiler makes a few vector operations of what is asked of each, if it has no branches.
pub(crate) const STEP: usize = 32;
/// The same, where most of what is looked at is shorter.
const SHORT: usize = 16;

/// All of some bytes are such. Without branches, and with comparisons for look-ups, that is a few vector operations.
#[inline(always)]
pub(crate) fn all(bytes: &[u8; STEP], is: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |all, &b| all & is(b))
}

/// How many of the first bytes are such, as `one` says of a byte and `all` of several.
#[inline(always)]
pub(crate) fn head_len(text: &[u8], one: impl Fn(u8) -> bool, all: impl Fn(&[u8; STEP]) -> bool) -> usize {
    let short = text.iter().take(SHORT).take_while(|&&b| one(b)).count();
    if short < SHORT {
        return short;
    }
    long_head_len(text, one, all)
}

/// As [`head_len`], where most of what is looked at is long.
#[inline(always)]
pub(crate) fn long_head_len(text: &[u8], one: impl Fn(u8) -> bool, all: impl Fn(&[u8; STEP]) -> bool) -> usize {
    let whole = STEP * text.as_chunks().0.iter().take_while(|bytes| all(bytes)).count();
    whole + text[whole..].iter().take_while(|&&b| one(b)).count()
}

/// As [`head_len`], of the last bytes.
#[inline(always)]
pub(crate) fn tail_len(text: &[u8], one: impl Fn(u8) -> bool, all: impl Fn(&[u8; STEP]) -> bool) -> usize {
    let count = |text: &[u8]| text.iter().rev().take_while(|&&b| one(b)).count();
    let short = count(&text[text.len() - text.len().min(SHORT)..]);
    if short < SHORT {
        return short;
    }
    let whole = STEP * text.as_rchunks().1.iter().rev().take_while(|bytes| all(bytes)).count();
    whole + count(&text[..text.len() - whole])
}

/// True where a byte and the two behind it are such. Where `is` has no branches, the compiler makes a few vector operations of each
/// sixteen.
pub(crate) fn any_triple(text: &[u8], is: impl Fn(u8, u8, u8) -> bool) -> bool {
    any(text, 3, |w| {
        let (a, b, c) = (w.first_chunk::<SHORT>()?, w.get(1..)?.first_chunk::<SHORT>()?, w.get(2..)?.first_chunk::<SHORT>()?);
        Some(a.iter().zip(b).zip(c).fold(false, |any, ((&a, &b), &c)| any | is(a, b, c)))
    })
    .unwrap_or_else(|| text.windows(3).any(|w| is(w[0], w[1], w[2])))
}

/// The same of a byte and the one behind it.
pub(crate) fn any_pair(text: &[u8], is: impl Fn(u8, u8) -> bool) -> bool {
    any(text, 2, |w| {
        let (a, b) = (w.first_chunk::<SHORT>()?, w.get(1..)?.first_chunk::<SHORT>()?);
        Some(a.iter().zip(b).fold(false, |any, (&a, &b)| any | is(a, b)))
    })
    .unwrap_or_else(|| text.windows(2).any(|w| is(w[0], w[1])))
}

/// What `some` says of one of the places of a text, which it is asked of by sixteen, each with what stands up to `len` bytes from it.
/// `None`: the text is too short for that.
#[inline(always)]
fn any(text: &[u8], len: usize, some: impl Fn(&[u8]) -> Option<bool>) -> Option<bool> {
    let mut rest = text;
    while let Some(any) = some(rest) {
        if any {
            return Some(true);
        }
        rest = &rest[SHORT..];
    }
    // The last ones, some of them once more.
    text.len().checked_sub(SHORT + len - 1).and_then(|at| some(&text[at..]))
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
    fn pairs_at_every_place() {
        for len in 2..70 {
            for at in 1..len {
                let mut text = vec![b'.'; len];
                text[at] = b'b';
                assert!(!any_pair(&text, |a, b| (a == b'a') & (b == b'b')), "{at} of {len}");
                text[at - 1] = b'a';
                assert!(any_pair(&text, |a, b| (a == b'a') & (b == b'b')), "{at} of {len}");
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
