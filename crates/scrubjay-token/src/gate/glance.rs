//! Runs that hold nothing, told by a glance: most are short paths, names and digests. [`holds_nothing`] asks what [`Gate::holds`] asks,
//! each question of masks in one register or two; what it does not answer with no is asked there. Builds with debug assertions ask
//! there in any case.
//!
//! [`Gate::holds`]: super::Gate::holds

use std::ops::{BitAnd, BitOr, Not, Range, Shl, Shr};

use scrubjay_scan::{GLANCE_BYTES_MAX, Glance, WORD_RUN_MIN};

use super::KEY_LINE_CHARS_MIN;
use super::shape::{begins_object, ends_object, is_telling, readable_skips, readable_starts};
use super::sight::is_quoted;
use crate::analyze::{BASE64_CHARS_MIN, HEX_DIGITS_MIN};
use crate::pem::begins_key;
use crate::sd_jwt::has_disclosures;

/// True of a run of base64, dots, tildes and signs of equality that holds nothing, and has no name of a key's type or curve.
pub(super) fn holds_nothing(run: &[u8], glance: &Glance) -> bool {
    // Names of curves are looked for in shorter runs.
    let may_hold = || if run.len() <= u64::BITS as usize { may_hold::<u64>(run, glance) } else { may_hold::<u128>(run, glance) };
    run.len() >= WORD_RUN_MIN && !may_hold()
}

fn may_hold<B: Bits>(run: &[u8], glance: &Glance) -> bool {
    let (base64, dot) = (B::of(glance.base64), B::of(glance.dot));
    let others = !(base64 | dot) & B::of(u128::MAX >> (GLANCE_BYTES_MAX - run.len()));
    let mut has_tilde = false;
    let may_be = |at: usize| match run[at] {
        b'=' => is_quoted(run, at),
        tilde => {
            has_tilde = true;
            tilde != b'~'
        }
    };
    // Without others, no escape and nothing odd is in it. Without a tilde, disclosures can only begin where it begins.
    run[0] == b'W'
        || others.any(may_be)
        || has_tilde && has_disclosures(run)
        || B::of(glance.triple).any(|at| is_telling(run, at) || matches!(run[at], b'k' | b'K'))
        || has_shape(run, base64, B::of(glance.edge))
        || dot != B::NONE && has_iv(base64, dot, others)
        || has_part::<B>(run, glance)
}

/// A line of a private key: what [`super::Sight::is_key_line`] says.
pub(super) fn is_key_line(glance: &Glance) -> bool {
    glance.dot == 0 && any_long(glance.base64, |part| part.len() >= KEY_LINE_CHARS_MIN)
}

/// A part begins or ends as [`super::Sight::has_shape`] asks, but for IVs.
fn has_shape<B: Bits>(run: &[u8], base64: B, edge: B) -> bool {
    let (starts, ends) = (base64 & !(base64 << 1), base64 & !(base64 >> 1));
    (starts & edge).any(|at| begins_object(run, at)) || (ends & edge).any(|at| ends_object(run, at + 1))
}

/// A dot stands behind base64 of the length of an IV, or behind one of `others`, which padding is one of.
fn has_iv<B: Bits>(base64: B, dot: B, others: B) -> bool {
    // Bit `n` is set where the bits up to it are, so many of them.
    let of_16 = [1, 2, 4, 8].iter().fold(base64, |ends, &step| ends & ends << step);
    let of_22 = of_16 & of_16 << 6;
    (of_16 & !(base64 << 16) | of_22 & !(base64 << 22) | others) << 1 & dot != B::NONE
}

/// A long part may decode to something, as [`super::Gate::has_part`] asks.
fn has_part<B: Bits>(run: &[u8], glance: &Glance) -> bool {
    let is_base64 = |part: Range<usize>| begins_key(&run[part.clone()]) || readable_starts(&run[part]).next().is_some();
    let is_hex = |digits: Range<usize>| readable_skips(glance.text_digit >> digits.start, &run[digits]).next().is_some();
    // Of bytes in hex with hyphens between them, five in a row.
    let hyphen = B::of(glance.hyphen);
    let apart = hyphen & hyphen >> 3;
    glance.upper != 0 && any_long(B::of(glance.base64), is_base64)
        || glance.text_digit != 0 && (any_long(B::of(glance.hex), is_hex) || apart & apart >> 6 & hyphen >> 12 != B::NONE)
}

/// Whether `test` holds for a stretch of a mask that is as long as base64 and hex have to be.
#[inline(always)]
fn any_long<B: Bits>(mask: B, mut test: impl FnMut(Range<usize>) -> bool) -> bool {
    const _: () = assert!(BASE64_CHARS_MIN == 32 && HEX_DIGITS_MIN == 32);
    // Bit `n` is set where the bits from it on are, so many of them.
    let of_32 = [1, 2, 4, 8, 16].iter().fold(mask, |starts, &step| starts & starts >> step);
    (of_32 & !(of_32 << 1)).any(|start| test(start..start + (!(mask >> start as u32)).first()))
}

/// A mask of a short run, in one register or two.
trait Bits:
    Copy + PartialEq + Not<Output = Self> + BitAnd<Output = Self> + BitOr<Output = Self> + Shl<u32, Output = Self> + Shr<u32, Output = Self>
{
    const NONE: Self;
    /// The lower bits of a mask.
    fn of(mask: u128) -> Self;
    /// The lowest bit that is set.
    fn first(self) -> usize;
    /// Without the lowest bit that is set, which there is.
    fn rest(self) -> Self;

    /// Whether `test` holds at a place whose bit is set.
    #[inline(always)]
    fn any(mut self, mut test: impl FnMut(usize) -> bool) -> bool {
        // Most masks are empty: that is asked first.
        while self != Self::NONE {
            if test(self.first()) {
                return true;
            }
            self = self.rest();
        }
        false
    }
}

macro_rules! bits {
    ($word:ty) => {
        impl Bits for $word {
            const NONE: Self = 0;

            #[inline(always)]
            fn of(mask: u128) -> Self {
                mask as Self
            }

            #[inline(always)]
            fn first(self) -> usize {
                self.trailing_zeros() as usize
            }

            #[inline(always)]
            fn rest(self) -> Self {
                self & (self - 1)
            }
        }
    };
}
bits!(u64);
bits!(u128);
