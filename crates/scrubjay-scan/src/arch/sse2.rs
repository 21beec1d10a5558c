//! SSE2, which every x86-64 processor has: a step is four vectors, classes are compares (there is no byte look-up).

use core::arch::x86_64::*;

use super::generic::{self, Masks, OCTETS, Out, State, Vector, WINDOW, WORDS};
use super::look::{self, Bytes};

struct Sse2;

impl Bytes for __m128i {
    const LEN: usize = 16;

    #[inline(always)]
    unsafe fn load(at: *const u8) -> Self {
        // SAFETY: as the caller vouches.
        unsafe { _mm_loadu_si128(at.cast()) }
    }

    #[inline(always)]
    unsafe fn is(self, byte: u8) -> Self {
        is(self, byte)
    }

    #[inline(always)]
    unsafe fn within(self, low: u8, high: u8) -> Self {
        // SAFETY: arithmetic only. SSE2 is part of x86-64.
        unsafe {
            let from = _mm_sub_epi8(self, _mm_set1_epi8(low.cast_signed()));
            _mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8((high - low).cast_signed())), from)
        }
    }

    #[inline(always)]
    unsafe fn with(self, bits: u8) -> Self {
        with_bits(self, bits)
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        // SAFETY: arithmetic only. SSE2 is part of x86-64.
        unsafe { _mm_and_si128(self, other) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        // SAFETY: arithmetic only. SSE2 is part of x86-64.
        unsafe { _mm_or_si128(self, other) }
    }

    #[inline(always)]
    unsafe fn mask(self) -> u64 {
        u64::from(mask(self))
    }
}

impl Vector for Sse2 {
    #[inline(always)]
    unsafe fn masks(window: &[u8; WINDOW]) -> Masks {
        let mut masks = Masks { not_word: 0, not_list: 0, opening: 0 };
        for quarter in 0..4 {
            // SAFETY: a quarter reads 18 bytes from 0, 16, 32 or 48, of 66. SSE2 is part of x86-64.
            let [word, list, opening] = unsafe { quarter_masks(window.as_ptr().add(quarter * 16)) };
            masks.not_word |= u64::from(!word) << (quarter * 16);
            masks.not_list |= u64::from(!list) << (quarter * 16);
            masks.opening |= u64::from(opening) << (quarter * 16);
        }
        masks
    }

    #[inline(always)]
    fn prefetch(at: *const u8) {
        // SAFETY: a hint; it never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn full_windows(words: &[u64; WORDS + 1]) -> u64 {
        let mut full = 0;
        for quarter in 0..4 {
            // SAFETY: the loads begin 4 to 56 bytes into 72 and take 16. SSE2 is part of x86-64.
            unsafe {
                let at = words.as_ptr().cast::<u8>().add(8 + quarter * 16);
                let mut union = _mm_loadu_si128(at.cast());
                for back in 1..OCTETS {
                    union = _mm_or_si128(union, _mm_loadu_si128(at.sub(back).cast()));
                }
                full |= u64::from(mask(_mm_cmpeq_epi8(union, _mm_setzero_si128()))) << (quarter * 16);
            }
        }
        full
    }
}

/// The masks W, L and opening of 16 bytes.
///
/// # Safety
/// 18 bytes must be readable.
#[inline(always)]
unsafe fn quarter_masks(at: *const u8) -> [u16; 3] {
    // SAFETY: three loads of 16 bytes from 0, 1 and 2. SSE2 is part of x86-64.
    unsafe {
        let bytes = _mm_loadu_si128(at.cast());
        let next = _mm_loadu_si128(at.add(1).cast());
        let after = _mm_loadu_si128(at.add(2).cast());
        let lower = with_bits(bytes, 0x20);

        // `-./0…9`; letters; `#+3;`; `%-5=`; `&.`; and one by one the rest.
        let mut word = _mm_or_si128(in_range(bytes, b'-', b'9'), in_range(lower, b'a', b'z'));
        word = _mm_or_si128(word, is(with_bits(bytes, 0x18), b';'));
        word = _mm_or_si128(word, is(with_bits(bytes, 0x18), b'='));
        word = _mm_or_si128(word, is(with_bits(bytes, 0x08), b'.'));
        for byte in [b'\\', b'_', b'~', b'!', b'[', 0x1b, 0] {
            word = _mm_or_si128(word, is(bytes, byte));
        }
        // What is not ASCII: negative.
        let other = _mm_cmpgt_epi8(_mm_setzero_si128(), bytes);
        word = _mm_or_si128(word, other);

        // `0…9:;`; letters; `,-`; `%&`; and one by one the rest.
        let mut list = _mm_or_si128(in_range(bytes, b'0', b';'), in_range(lower, b'a', b'f'));
        list = _mm_or_si128(_mm_or_si128(list, other), is(lower, b'x'));
        list = _mm_or_si128(list, _mm_or_si128(in_range(bytes, b',', b'-'), in_range(bytes, b'%', b'&')));
        for byte in [b' ', 0, b'\t', b'u', b'\\', b'#', b'[', b'm', b'n', b'r', b'\n', b'\r', 0x1b] {
            list = _mm_or_si128(list, is(bytes, byte));
        }

        // `J`; `I` and `A`. `o` and `k`; `0`.
        let jia = _mm_or_si128(is(after, b'J'), is(with_bits(after, 0x08), b'I'));
        let ok0 = _mm_or_si128(is(with_bits(after, 0x04), b'o'), is(after, b'0'));
        let ey_ew = _mm_or_si128(_mm_and_si128(is(next, b'y'), jia), _mm_and_si128(is(next, b'w'), ok0));
        let kty = _mm_and_si128(_mm_and_si128(is(lower, b'k'), is(next, b't')), is(after, b'y'));
        let wbr = _mm_and_si128(_mm_and_si128(is(bytes, b'w'), is(next, b'b')), is(after, b'r'));
        let wide = _mm_and_si128(_mm_and_si128(is(bytes, 0), is(next, b't')), is(after, 0));
        let crv = _mm_and_si128(_mm_and_si128(is(bytes, b'c'), is(next, b'r')), is(after, b'v'));
        let escape = _mm_and_si128(_mm_and_si128(is(bytes, b'\\'), is(next, b'x')), in_range(after, b'2', b'7'));
        let names = _mm_or_si128(_mm_or_si128(kty, crv), escape);
        let opening = _mm_or_si128(_mm_or_si128(_mm_and_si128(is(bytes, b'e'), ey_ew), names), _mm_or_si128(wbr, wide));
        [mask(word), mask(list), mask(opening)]
    }
}

#[inline(always)]
fn is(bytes: __m128i, byte: u8) -> __m128i {
    // SAFETY: arithmetic only. SSE2 is part of x86-64.
    unsafe { _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed())) }
}

#[inline(always)]
fn with_bits(bytes: __m128i, bits: u8) -> __m128i {
    // SAFETY: arithmetic only. SSE2 is part of x86-64.
    unsafe { _mm_or_si128(bytes, _mm_set1_epi8(bits.cast_signed())) }
}

/// Bytes from `low` to `high`, both ASCII: shifted so that `high` becomes 127, they are the greatest signed values.
#[inline(always)]
fn in_range(bytes: __m128i, low: u8, high: u8) -> __m128i {
    let shift = (127 - high).cast_signed();
    let below = (126 - (high - low)).cast_signed();
    // SAFETY: arithmetic only. SSE2 is part of x86-64.
    unsafe { _mm_cmpgt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(shift)), _mm_set1_epi8(below)) }
}

#[inline(always)]
fn mask(bytes: __m128i) -> u16 {
    // SAFETY: arithmetic only. SSE2 is part of x86-64. The mask has 16 bits.
    unsafe { _mm_movemask_epi8(bytes) as u16 }
}

/// See [`super::Feed`].
///
/// # Safety
/// None needed: SSE2 is part of x86-64.
pub(crate) unsafe fn feed(state: &mut State, block: &[u8], base: u64, out: &mut Out<'_>) {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { generic::feed::<Sse2>(state, block, base, out) }
}

/// See [`super::look::LookFn`].
///
/// # Safety
/// None needed: SSE2 is part of x86-64.
pub(crate) unsafe fn look(text: &[u8], looks: &mut Vec<crate::Look>) {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { look::look::<look::Compare<__m128i>>(text, looks) }
}

/// See [`super::look::GlanceFn`].
///
/// # Safety
/// None needed: SSE2 is part of x86-64.
pub(crate) unsafe fn glance(window: &[u8; look::GLANCE_WINDOW], len: usize) -> crate::Glance {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { look::glance::<look::Compare<__m128i>>(window, len) }
}
