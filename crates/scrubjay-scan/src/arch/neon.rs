//! NEON, which every AArch64 processor has: a step is four vectors, a class is two look-ups by nibble (`tbl`).

use core::arch::aarch64::*;

use super::generic::{self, Masks, OCTETS, Out, State, Vector, WINDOW, WORDS};
use super::look::{self, Bytes};
use crate::class::{ROWS, first_bits, folded_table, is_list, is_word, nibble_table, second_bits, third_bits};

const WORD: [u8; 16] = nibble_table!(is_word);
const LIST: [u8; 16] = nibble_table!(is_list);
const FIRST: [u8; 16] = folded_table!(16, first_bits, 0);
const SECOND: [u8; 16] = folded_table!(16, second_bits, 0);
const THIRD_LOW: [u8; 16] = folded_table!(16, third_bits, 0);
const THIRD_HIGH: [u8; 16] = folded_table!(16, third_bits, 4);

struct Neon;

impl Bytes for uint8x16_t {
    const LEN: usize = 16;

    #[inline(always)]
    unsafe fn load(at: *const u8) -> Self {
        // SAFETY: as the caller vouches.
        unsafe { vld1q_u8(at) }
    }

    #[inline(always)]
    unsafe fn is(self, byte: u8) -> Self {
        // SAFETY: arithmetic only. NEON is part of AArch64.
        unsafe { vceqq_u8(self, vdupq_n_u8(byte)) }
    }

    #[inline(always)]
    unsafe fn within(self, low: u8, high: u8) -> Self {
        // SAFETY: arithmetic only. NEON is part of AArch64.
        unsafe { vcleq_u8(vsubq_u8(self, vdupq_n_u8(low)), vdupq_n_u8(high - low)) }
    }

    #[inline(always)]
    unsafe fn with(self, bits: u8) -> Self {
        // SAFETY: arithmetic only. NEON is part of AArch64.
        unsafe { vorrq_u8(self, vdupq_n_u8(bits)) }
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        // SAFETY: arithmetic only. NEON is part of AArch64.
        unsafe { vandq_u8(self, other) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        // SAFETY: arithmetic only. NEON is part of AArch64.
        unsafe { vorrq_u8(self, other) }
    }

    #[inline(always)]
    unsafe fn mask(self) -> u64 {
        // SAFETY: arithmetic only. NEON is part of AArch64.
        unsafe {
            let none = vdupq_n_u8(0);
            to_mask([self, none, none, none])
        }
    }
}

impl Vector for Neon {
    #[inline(always)]
    unsafe fn masks(window: &[u8; WINDOW]) -> Masks {
        // SAFETY: the quarters read 18 bytes from 0, 16, 32 and 48, of 66. NEON is part of AArch64.
        unsafe {
            let zero = vdupq_n_u8(0);
            let [mut word, mut list, mut opening] = [[zero; 4]; 3];
            for (quarter, ((word, list), opening)) in word.iter_mut().zip(&mut list).zip(&mut opening).enumerate() {
                [*word, *list, *opening] = quarter_classes(window.as_ptr().add(quarter * 16));
            }
            Masks { not_word: !to_mask(word), not_list: !to_mask(list), opening: to_mask(opening) }
        }
    }

    #[inline(always)]
    fn prefetch(_: *const u8) {}

    #[inline(always)]
    unsafe fn full_windows(words: &[u64; WORDS + 1]) -> u64 {
        // SAFETY: the loads begin 4 to 56 bytes into 72 and take 16. NEON is part of AArch64.
        unsafe {
            let mut zeros = [vdupq_n_u8(0); 4];
            for (quarter, zero) in zeros.iter_mut().enumerate() {
                let at = words.as_ptr().cast::<u8>().add(8 + quarter * 16);
                let mut union = vld1q_u8(at);
                for back in 1..OCTETS {
                    union = vorrq_u8(union, vld1q_u8(at.sub(back)));
                }
                *zero = vceqzq_u8(union);
            }
            to_mask(zeros)
        }
    }
}

/// For 16 bytes, all ones where a byte is in W, is in L, may begin an opening.
///
/// # Safety
/// 18 bytes must be readable.
#[inline(always)]
unsafe fn quarter_classes(at: *const u8) -> [uint8x16_t; 3] {
    // SAFETY: three loads of 16 bytes from 0, 1 and 2. NEON is part of AArch64.
    unsafe {
        let [bytes, next, after] = [vld1q_u8(at), vld1q_u8(at.add(1)), vld1q_u8(at.add(2))];
        let low = vandq_u8(bytes, vdupq_n_u8(0x0f));
        let row = look_up(&ROWS, vshrq_n_u8::<4>(bytes));
        // First byte by lower nibble only, second by lower nibble and "0x60 or more": together with the exact third that
        // leaves few false candidates. Rows from 8 on have no bits: what is not ASCII is in neither table.
        let second = vandq_u8(look_up(&SECOND, vandq_u8(next, vdupq_n_u8(0x0f))), vcgeq_u8(next, vdupq_n_u8(0x60)));
        let third_low = look_up(&THIRD_LOW, vandq_u8(after, vdupq_n_u8(0x0f)));
        let third = vandq_u8(third_low, look_up(&THIRD_HIGH, vshrq_n_u8::<4>(after)));
        let both = vandq_u8(second, third);
        let other = vcgeq_u8(bytes, vdupq_n_u8(0x80));
        let word = vorrq_u8(vtstq_u8(look_up(&WORD, low), row), other);
        let list = vorrq_u8(vtstq_u8(look_up(&LIST, low), row), other);
        [word, list, vtstq_u8(look_up(&FIRST, low), both)]
    }
}

/// # Safety
/// None needed: NEON is part of AArch64.
#[inline(always)]
unsafe fn look_up(table: &[u8; 16], index: uint8x16_t) -> uint8x16_t {
    // SAFETY: one load of 16 bytes from 16.
    unsafe { vqtbl1q_u8(vld1q_u8(table.as_ptr()), index) }
}

/// 64 bytes, each all ones or all zeros, as 64 bits: each byte keeps the bit of its place, then neighbours are added.
///
/// # Safety
/// None needed: NEON is part of AArch64.
#[inline(always)]
unsafe fn to_mask([a, b, c, d]: [uint8x16_t; 4]) -> u64 {
    const PLACES: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    // SAFETY: one load of 16 bytes from 16; the rest is arithmetic.
    unsafe {
        let places = vld1q_u8(PLACES.as_ptr());
        let ab = vpaddq_u8(vandq_u8(a, places), vandq_u8(b, places));
        let cd = vpaddq_u8(vandq_u8(c, places), vandq_u8(d, places));
        let abcd = vpaddq_u8(ab, cd);
        vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(abcd, abcd)))
    }
}

/// See [`super::Feed`].
///
/// # Safety
/// None needed: NEON is part of AArch64.
pub(crate) unsafe fn feed(state: &mut State, block: &[u8], base: u64, out: &mut Out<'_>) {
    // SAFETY: NEON is part of AArch64.
    unsafe { generic::feed::<Neon>(state, block, base, out) }
}

/// See [`super::look::LookFn`].
///
/// # Safety
/// None needed: NEON is part of AArch64.
pub(crate) unsafe fn look(text: &[u8], looks: &mut Vec<crate::Look>) {
    // SAFETY: NEON is part of AArch64.
    unsafe { look::look::<look::Compare<uint8x16_t>>(text, looks) }
}

/// See [`super::look::GlanceFn`].
///
/// # Safety
/// None needed: NEON is part of AArch64.
pub(crate) unsafe fn glance(window: &[u8; look::GLANCE_WINDOW], len: usize) -> crate::Glance {
    // SAFETY: NEON is part of AArch64.
    unsafe { look::glance::<look::Compare<uint8x16_t>>(window, len) }
}
