//! One byte at a time; runs everywhere, Miri included.

use super::generic::{self, Masks, Out, STEP, State, Vector, WINDOW, WORDS};
use super::look::{self, Bytes};
use crate::class::{NOT_LIST, NOT_WORD, byte_table, class_bits, second_bits, third_bits};

static CLASSES: [u8; 256] = byte_table!(256, class_bits);
static SECOND: [u8; 256] = byte_table!(256, second_bits);
static THIRD: [u8; 256] = byte_table!(256, third_bits);

/// No special instructions.
struct Scalar;

/// A vector of one byte.
impl Bytes for u8 {
    const LEN: usize = 1;

    #[inline(always)]
    unsafe fn load(at: *const u8) -> Self {
        // SAFETY: as the caller vouches.
        unsafe { at.read() }
    }

    #[inline(always)]
    unsafe fn is(self, byte: u8) -> Self {
        if self == byte { 0xff } else { 0 }
    }

    #[inline(always)]
    unsafe fn within(self, low: u8, high: u8) -> Self {
        if (low..=high).contains(&self) { 0xff } else { 0 }
    }

    #[inline(always)]
    unsafe fn with(self, bits: u8) -> Self {
        self | bits
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        self & other
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        self | other
    }

    #[inline(always)]
    unsafe fn mask(self) -> u64 {
        u64::from(self & 1)
    }
}

impl Vector for Scalar {
    #[inline(always)]
    unsafe fn masks(window: &[u8; WINDOW]) -> Masks {
        let mut masks = Masks { not_word: 0, not_list: 0, opening: 0 };
        for (i, triple) in window.windows(WINDOW - STEP + 1).enumerate() {
            let &[first, second, third] = triple else { continue };
            let class = entry(&CLASSES, first);
            masks.not_word |= u64::from(class & NOT_WORD != 0) << i;
            masks.not_list |= u64::from(class & NOT_LIST != 0) << i;
            masks.opening |= u64::from(class & entry(&SECOND, second) & entry(&THIRD, third) != 0) << i;
        }
        masks
    }

    #[inline(always)]
    fn prefetch(_: *const u8) {}

    #[inline(always)]
    unsafe fn full_windows(words: &[u64; WORDS + 1]) -> u64 {
        const LOW7: u64 = 0x7f7f_7f7f_7f7f_7f7f;
        let mut full = 0;
        for (i, pair) in words.windows(2).enumerate() {
            let &[before, word] = pair else { continue };
            let both = u128::from(word) << 64 | u128::from(before);
            // The upper half holds, in each byte, the union of that byte and the four before it.
            let union = ((both | both << 8 | both << 16 | both << 24 | both << 32) >> 64) as u64;
            // 0x80 in each byte that is zero; the product gathers those bits in the top byte.
            let zero = !(((union & LOW7) + LOW7) | union | LOW7);
            full |= ((zero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * i);
        }
        full
    }
}

#[inline(always)]
fn entry(table: &[u8; 256], byte: u8) -> u8 {
    // Always in range; `get` keeps the rule that nothing indexes.
    table.get(usize::from(byte)).copied().unwrap_or(0)
}

/// See [`super::Feed`].
///
/// # Safety
/// None needed; unsafe only to have the type of its peers.
pub(crate) unsafe fn feed(state: &mut State, block: &[u8], base: u64, out: &mut Out<'_>) {
    // SAFETY: `Scalar` needs no features.
    unsafe { generic::feed::<Scalar>(state, block, base, out) }
}

/// See [`super::look::LookFn`].
///
/// # Safety
/// None needed; unsafe only to have the type of its peers.
pub(crate) unsafe fn look(text: &[u8], looks: &mut Vec<crate::Look>) {
    // SAFETY: `u8` needs no features.
    unsafe { look::look::<look::Compare<u8>>(text, looks) }
}

/// See [`super::look::GlanceFn`].
///
/// # Safety
/// None needed; unsafe only to have the type of its peers.
pub(crate) unsafe fn glance(window: &[u8; look::GLANCE_WINDOW], len: usize) -> crate::Glance {
    // SAFETY: `u8` needs no features.
    unsafe { look::glance::<look::Compare<u8>>(window, len) }
}
