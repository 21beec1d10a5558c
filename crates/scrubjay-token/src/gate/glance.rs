//! Runs that hold nothing, told by a glance: most are short paths, names and digests. [`holds_nothing`] asks what [`Gate::holds`] asks,
//! each question of masks in two registers; what it does not answer with no is asked there.
//!
//! [`Gate::holds`]: super::Gate::holds

use std::ops::Range;

use scrubjay_scan::{GLANCE_BYTES_MAX, Glance, WORD_RUN_MIN};

use super::KEY_LINE_CHARS_MIN;
use super::shape::{begins_object, ends_object, is_telling, may_be_readable_hex_anywhere, readable_starts};
use super::sight::is_quoted;
use crate::analyze::{BASE64_CHARS_MIN, HEX_DIGITS_MIN};
use crate::pem::begins_key;

/// True of a run of base64, dots and signs of equality that holds nothing, and has no name of a key's type or curve.
pub(super) fn holds_nothing(run: &[u8], glance: &Glance) -> bool {
    let others = !(glance.base64 | glance.dot) & (u128::MAX >> (GLANCE_BYTES_MAX - run.len()));
    // Then no escape, no tilde and nothing odd is in it, and disclosures can only begin where it begins. Names of curves are looked
    // for in shorter runs.
    run.len() >= WORD_RUN_MIN
        && run[0] != b'W'
        && !any(others, |at| run[at] != b'=' || is_quoted(run, at))
        && !any(glance.triple, |at| is_telling(run, at) || matches!(run[at], b'k' | b'K'))
        && !has_shape(run, glance)
        && (glance.dot == 0 || !has_iv(glance, others))
        && !has_part(run, glance)
}

/// A line of a private key: what [`super::Sight::is_key_line`] says.
pub(super) fn is_key_line(glance: &Glance) -> bool {
    glance.dot == 0 && any_long(glance.base64, |part| part.len() >= KEY_LINE_CHARS_MIN)
}

/// A part begins or ends as [`super::Sight::has_shape`] asks, but for IVs.
fn has_shape(run: &[u8], glance: &Glance) -> bool {
    let (starts, ends) = (glance.base64 & !(glance.base64 << 1), glance.base64 & !(glance.base64 >> 1));
    any(starts & glance.edge, |at| begins_object(run, at)) || any(ends & glance.edge, |at| ends_object(run, at + 1))
}

/// A dot stands behind base64 of the length of an IV, or behind padding.
fn has_iv(glance: &Glance, equals: u128) -> bool {
    let base64 = glance.base64;
    // Bit `n` is set where the bits up to it are, so many of them.
    let of_16 = [1, 2, 4, 8].iter().fold(base64, |ends, step| ends & ends << step);
    let of_22 = of_16 & of_16 << 6;
    (of_16 & !(base64 << 16) | of_22 & !(base64 << 22) | equals) << 1 & glance.dot != 0
}

/// A long part may decode to something, as [`super::Gate::has_part`] asks.
fn has_part(run: &[u8], glance: &Glance) -> bool {
    let is_base64 = |part: Range<usize>| begins_key(&run[part.clone()]) || readable_starts(&run[part]).next().is_some();
    let is_hex = |digits: Range<usize>| may_be_readable_hex_anywhere(glance.text_digit >> digits.start, digits.len());
    // Of bytes in hex with hyphens between them, five in a row.
    let apart = glance.hyphen & glance.hyphen >> 3;
    glance.upper != 0 && any_long(glance.base64, is_base64)
        || glance.text_digit != 0 && (any_long(glance.hex, is_hex) || apart & apart >> 6 & glance.hyphen >> 12 != 0)
}

/// Whether `test` holds for a stretch of a mask that is as long as base64 and hex have to be.
#[inline(always)]
fn any_long(mask: u128, mut test: impl FnMut(Range<usize>) -> bool) -> bool {
    const _: () = assert!(BASE64_CHARS_MIN == 32 && HEX_DIGITS_MIN == 32);
    // Bit `n` is set where the bits from it on are, so many of them.
    let of_32 = [1, 2, 4, 8, 16].iter().fold(mask, |starts, step| starts & starts >> step);
    any(of_32 & !(of_32 << 1), |start| test(start..(!mask & u128::MAX << start).trailing_zeros() as usize))
}

/// Whether `test` holds at a place whose bit is set.
#[inline(always)]
fn any(mut bits: u128, mut test: impl FnMut(usize) -> bool) -> bool {
    // Most masks are empty: that is asked first.
    while bits != 0 {
        if test(bits.trailing_zeros() as usize) {
            return true;
        }
        bits &= bits - 1;
    }
    false
}
