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
}
