//! Runs that hold nothing, told by a glance: most are short paths, names and digests. [`holds_nothing`] asks what [`Gate::holds`] asks,
//! each question of masks in two registers; what it does not answer with no is asked there.
//!
//! [`Gate::holds`]: super::Gate::holds

use std::ops::Range;

use scrubjay_scan::{GLANCE_BYTES_MAX, Glance, WORD_RUN_MIN};

use super::KEY_LINE_CHARS_MIN;
use super::shape::{begins_object, ends_object, is_telling, may_be_readable_hex_anywhere, readable_starts};
use crate::analyze::{BASE64_CHARS_MIN, HEX_DIGITS_MIN};
use crate::pem::begins_key;

/// True of a run of base64 and dots that holds nothing and has no name of a key's type or curve.
pub(super) fn holds_nothing(run: &[u8], glance: &Glance) -> bool {
    let all = u128::MAX >> (GLANCE_BYTES_MAX - run.len());
    // Then no escape, no padding, no tilde and nothing odd is in it, and disclosures can only begin where it begins. Names of curves
    // are looked for in shorter runs.
    let is_plain = glance.base64 | glance.dot == all && run[0] != b'W' && run.len() >= WORD_RUN_MIN;
    is_plain && !any(glance.triple, |at| is_telling(run, at) || matches!(run[at], b'k' | b'K')) && !has_shape(run, glance) && {
        let base64 = Ends::of(glance.base64);
        !base64.has_iv(glance.dot) && (base64.of_32 == 0 || !has_part(run, glance, &base64))
    }
}

/// A line of a private key: what [`super::Sight::is_key_line`] says.
pub(super) fn is_key_line(glance: &Glance) -> bool {
    glance.dot == 0 && Ends::of(glance.base64).long(glance.base64).any(|part| part.len() >= KEY_LINE_CHARS_MIN)
}

/// A part begins or ends as [`super::Sight::has_shape`] asks, but for IVs.
fn has_shape(run: &[u8], glance: &Glance) -> bool {
    let (starts, ends) = (glance.base64 & !(glance.base64 << 1), glance.base64 & !(glance.base64 >> 1));
    any(starts & glance.object, |at| begins_object(run, at)) || any(ends & glance.close, |at| ends_object(run, at + 1))
}

/// A long part may decode to something, as [`super::Gate::has_part`] asks.
fn has_part(run: &[u8], glance: &Glance, base64: &Ends) -> bool {
    let is_base64 = |part: Range<usize>| begins_key(&run[part.clone()]) || readable_starts(&run[part]).next().is_some();
    let is_hex = |digits: Range<usize>| may_be_readable_hex_anywhere(glance.text_digit >> digits.start, digits.len());
    // Of bytes in hex with hyphens between them, five in a row.
    let apart = glance.hyphen & glance.hyphen >> 3;
    glance.upper != 0 && base64.long(glance.base64).any(is_base64)
        || glance.text_digit != 0 && (Ends::of(glance.hex).long(glance.hex).any(is_hex) || apart & apart >> 6 & glance.hyphen >> 12 != 0)
}

/// Where stretches of a mask end: bit `n` is set where the bits up to it are, so many of them.
struct Ends {
    /// As many as an IV of AES-GCM has in base64, and no more.
    just_16: u128,
    /// As many as an IV of AES-CBC has, and no more.
    just_22: u128,
    of_32: u128,
}

impl Ends {
    fn of(mask: u128) -> Self {
        let mut of_16 = mask;
        for step in [1, 2, 4, 8] {
            of_16 &= of_16 << step;
        }
        let of_22 = of_16 & of_16 << 6;
        Self { just_16: of_16 & !(mask << 16), just_22: of_22 & !(mask << 22), of_32: of_16 & of_16 << 16 }
    }

    /// A dot stands behind the length of an IV.
    fn has_iv(&self, dot: u128) -> bool {
        dot & (self.just_16 | self.just_22) << 1 != 0
    }

    /// The stretches of `mask`, of which these are the ends, that are as long as base64 and hex have to be.
    fn long(&self, mask: u128) -> impl Iterator<Item = Range<usize>> {
        const _: () = assert!(BASE64_CHARS_MIN == 32 && HEX_DIGITS_MIN == 32);
        let mut starts = self.of_32 >> 31 & !(self.of_32 >> 31 << 1);
        std::iter::from_fn(move || {
            let start = next(&mut starts)?;
            Some(start..(!mask & u128::MAX << start).trailing_zeros() as usize)
        })
    }
}

/// Whether `test` holds at a place whose bit is set.
#[inline(always)]
fn any(mut bits: u128, mut test: impl FnMut(usize) -> bool) -> bool {
    while let Some(at) = next(&mut bits) {
        if test(at) {
            return true;
        }
    }
    false
}

/// Takes the lowest bit that is set.
#[inline(always)]
fn next(bits: &mut u128) -> Option<usize> {
    let bit = bits.trailing_zeros();
    *bits &= bits.wrapping_sub(1);
    (bit < u128::BITS).then_some(bit as usize)
}
