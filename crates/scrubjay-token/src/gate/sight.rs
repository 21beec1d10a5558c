//! A text and what its bytes are. Most runs of a log end here, so each question is a loop over masks.

use std::ops::Range;

use scrubjay_scan::{Look, Scanner};

use super::shape::{begins_object, ends_object, has_jwe_shape, is_telling};
use super::{Escape, KEY_LINE_CHARS_MIN, NUMBERS_MIN, ends_colour, escape};
use crate::analyze::{BASE64_CHARS_MIN, HEX_DIGITS_MIN};
use crate::base64::is_base64;
use crate::view::{hidden_len, shows_as_nothing};

/// A text and what its bytes are.
pub(super) struct Sight<'a> {
    pub(super) text: &'a [u8],
    pub(super) looks: &'a [Look],
    /// All looks in one: what there is at all.
    pub(super) all: Look,
}

impl<'a> Sight<'a> {
    pub(super) fn new(text: &'a [u8], scanner: Scanner, looks: &'a mut Vec<Look>) -> Self {
        looks.clear();
        scanner.look(text, looks);
        let mut all = Look::default();
        for look in looks.iter() {
            all.dot |= look.dot;
            all.upper |= look.upper;
            all.equals |= look.equals;
            all.odd |= look.odd;
            all.escape |= look.escape;
            all.triple |= look.triple;
            all.text_digit |= look.text_digit;
        }
        Self { text, looks, all }
    }

    /// Of bytes in hex with hyphens between them, the third or one of its neighbours is one.
    pub(super) fn has_hyphens(&self) -> bool {
        self.looks.first().is_some_and(|look| look.hyphen.count_ones() >= 5)
    }

    /// The bits of 128 bytes from `at` on.
    pub(super) fn window(&self, at: usize, mask: impl Fn(&Look) -> u64) -> u128 {
        let word = |i: usize| u128::from(self.looks.get(at / 64 + i).map_or(0, &mask));
        let (low, shift) = (word(0) | word(1) << 64, at % 64);
        if shift == 0 { low } else { low >> shift | word(2) << (128 - shift) }
    }

    /// Offsets whose bit in a mask is set.
    pub(super) fn bits(&self, mask: impl Fn(&Look) -> u64) -> impl Iterator<Item = usize> {
        self.looks.iter().enumerate().flat_map(move |(i, look)| {
            let mut bits = mask(look);
            std::iter::from_fn(move || next(&mut bits).map(|bit| i * 64 + bit))
        })
    }

    /// Whether `test` holds at an offset whose bit in a mask is set. (A loop: it costs a third of what [`Sight::bits`] does.)
    #[inline(always)]
    fn any(&self, mask: impl Fn(&Look) -> u64, mut test: impl FnMut(usize) -> bool) -> bool {
        for (i, look) in self.looks.iter().enumerate() {
            let mut bits = mask(look);
            while let Some(bit) = next(&mut bits) {
                if test(i * 64 + bit) {
                    return true;
                }
            }
        }
        false
    }

    /// Whether `test` holds for one of the maximal runs of a mask that are at least 32 bytes long: as long as base64 and hex
    /// have to be.
    #[inline(always)]
    pub(super) fn any_long(&self, mask: impl Fn(&Look) -> u64 + Copy, mut test: impl FnMut(Range<usize>) -> bool) -> bool {
        const _: () = assert!(BASE64_CHARS_MIN == 32 && HEX_DIGITS_MIN == 32);
        let mut before = 0u64;
        for (i, look) in self.looks.iter().enumerate() {
            let (mut run, mut next_word) = (mask(look), self.looks.get(i + 1).map_or(0, mask));
            // Bit `n` stays while the bits from it on are set: 2, 4, 8, 16, 32 of them.
            for step in [1, 2, 4, 8, 16] {
                run &= run >> step | next_word << (64 - step);
                next_word &= next_word >> step;
            }
            let mut starts = run & !(run << 1 | before);
            before = run >> 63;
            while let Some(bit) = next(&mut starts) {
                let start = i * 64 + bit;
                if test(start..self.end(start, mask)) {
                    return true;
                }
            }
        }
        false
    }

    /// The first offset from `start` on whose bit is clear.
    pub(super) fn end(&self, start: usize, mask: impl Fn(&Look) -> u64) -> usize {
        let mut index = start / 64;
        let mut clear = !self.looks.get(index).map_or(0, &mask) & (!0 << (start % 64));
        while clear == 0 {
            index += 1;
            clear = !self.looks.get(index).map_or(0, &mask);
        }
        (index * 64 + clear.trailing_zeros() as usize).min(self.text.len())
    }

    /// A byte is of no class: of those that make a run, `~` is none.
    pub(super) fn has_others(&self) -> bool {
        let known = |look: &Look| look.base64 | look.dot | look.equals | look.odd | look.escape;
        let lens = (0..self.text.len()).step_by(64).map(|at| self.text.len() - at);
        self.looks.iter().zip(lens).any(|(look, len)| known(look) != if len < 64 { (1 << len) - 1 } else { u64::MAX })
    }

    /// A line of a private key, perhaps in the frame of a record.
    pub(super) fn is_key_line(&self) -> bool {
        self.all.dot == 0 && self.any_long(|look| look.base64, |part| part.len() >= KEY_LINE_CHARS_MIN)
    }

    pub(super) fn is_telling(&self) -> bool {
        self.all.triple != 0 && self.any(|look| look.triple, |at| is_telling(self.text, at))
    }

    /// Whether `test` holds at the name of a key's type.
    pub(super) fn any_key_type(&self, mut test: impl FnMut(usize) -> bool) -> bool {
        let name = |at: usize| {
            matches!(self.text[at..], [b'k' | b'K', b't', b'y', ..])
                && !self.text.get(at + 3).is_some_and(u8::is_ascii_alphanumeric)
                && (at == 0 || !self.text[at - 1].is_ascii_alphabetic() || ends_colour(&self.text[..at]))
        };
        self.all.triple != 0 && self.any(|look| look.triple, |at| name(at) && test(at))
    }

    /// The shape of a fragment, or of an object that is behind white space or without its beginning.
    pub(super) fn has_shape(&self) -> bool {
        let mut before = 0;
        for (i, look) in self.looks.iter().enumerate() {
            let mut starts = look.base64 & !(look.base64 << 1 | before) & look.edge;
            let next_bit = self.looks.get(i + 1).map_or(0, |look| look.base64 & 1);
            let mut ends = look.base64 & !(look.base64 >> 1 | next_bit << 63) & look.edge;
            before = look.base64 >> 63;
            while let Some(bit) = next(&mut starts) {
                if begins_object(self.text, i * 64 + bit) {
                    return true;
                }
            }
            while let Some(bit) = next(&mut ends) {
                if ends_object(self.text, i * 64 + bit + 1) {
                    return true;
                }
            }
        }
        self.has_iv() && has_jwe_shape(self.text)
    }

    /// A dot stands behind base64 of the length of an IV.
    pub(super) fn has_iv(&self) -> bool {
        let padding = |dot: usize| self.text[..dot].iter().rev().take(2).take_while(|&&b| b == b'=').count();
        self.all.dot != 0 && self.any(|look| look.dot, |dot| matches!(self.base64_before(dot - padding(dot)), 16 | 22))
    }

    /// Length of the base64 that ends at `end`, counted no further than 64.
    fn base64_before(&self, end: usize) -> u32 {
        let mask = |index: Option<usize>| index.and_then(|i| self.looks.get(i)).map_or(0, |look| look.base64);
        let both = u128::from(mask(Some(end / 64))) << 64 | u128::from(mask((end / 64).checked_sub(1)));
        // What lies before `end` comes first.
        (both << (64 - end % 64)).leading_ones().min(64)
    }

    /// An escape that changes what is looked for.
    pub(super) fn is_escaped(&self) -> bool {
        let (mut separators, mut named) = (0, None);
        let telling = |at: usize| match escape(self.text, at, &mut named) {
            Escape::Telling => true,
            Escape::Separator => {
                separators += 1;
                separators >= NUMBERS_MIN
            }
            Escape::Nothing => false,
        };
        self.all.escape != 0 && self.any(|look| look.escape, telling)
    }

    /// What shows as nothing parts two characters that belong together.
    pub(super) fn is_parted(&self) -> bool {
        let goes_on = |at: usize| self.text.get(at).is_some_and(|&b| is_base64(b) || b"\\%&.=".contains(&b));
        let parts = |at: usize| {
            let len = hidden_len(self.text, at);
            len > 0 && at > 0 && goes_on(at - 1) && (goes_on(at + len) || self.text.get(at + len).is_some_and(|&b| shows_as_nothing(b)))
        };
        self.all.odd != 0 && self.any(|look| look.odd, parts)
    }

    /// What quoted-printable (RFC 2045 §6.7) writes of a token.
    pub(super) fn is_quoted(&self) -> bool {
        self.all.equals != 0 && self.any(|look| look.equals, |at| is_quoted(self.text, at))
    }
}

/// What quoted-printable writes of a token stands behind this sign of equality.
pub(super) fn is_quoted(text: &[u8], at: usize) -> bool {
    matches!(text.get(at + 1..at + 3), Some(b"2E" | b"2D" | b"5F" | b"3D" | b"7E"))
}

/// Takes the lowest bit that is set.
#[inline(always)]
fn next(bits: &mut u64) -> Option<usize> {
    let bit = bits.trailing_zeros();
    *bits &= bits.wrapping_sub(1);
    (bit < 64).then_some(bit as usize)
}
