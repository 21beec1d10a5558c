//! AVX2: a step is two vectors, a class is two look-ups by nibble (`pshufb`).

use core::arch::x86_64::*;

use super::generic::{self, Masks, OCTETS, Out, State, Vector, WINDOW, WORDS};
use super::look;
use crate::class::{ROWS, first_bits, folded_table, is_list, is_word, nibble_table, second_bits, third_bits};

const WORD: [u8; 16] = nibble_table!(is_word);
const LIST: [u8; 16] = nibble_table!(is_list);
const FIRST: [u8; 16] = folded_table!(16, first_bits, 0);
const SECOND: [u8; 16] = folded_table!(16, second_bits, 0);
const THIRD_LOW: [u8; 16] = folded_table!(16, third_bits, 0);
const THIRD_HIGH: [u8; 16] = folded_table!(16, third_bits, 4);

struct Avx2;

impl look::Step for Avx2 {
    #[inline(always)]
    unsafe fn step(window: &[u8; look::WINDOW]) -> crate::Look {
        let at = window.as_ptr();
        // SAFETY: the halves read 34 bytes from 0 and from 32, of 66. The caller vouches for the features.
        unsafe {
            let halves = [Half::at(at), Half::at(at.add(32))];
            crate::Look {
                base64: members(&look::BASE64, &halves),
                hex: members(&look::HEX, &halves),
                text_digit: members(&look::TEXT_DIGIT, &halves),
                upper: members(&look::UPPER, &halves),
                dot: equal(b'.', &halves),
                equals: equal(b'=', &halves),
                // What is not ASCII has the top bit.
                odd: members(&look::ODD, &halves) | both([top_bits(halves[0].bytes), top_bits(halves[1].bytes)]),
                escape: members(&look::ESCAPE, &halves),
                hyphen: equal(b'-', &halves),
                edge: members(&look::EDGE, &halves),
                triple: !both([no_triples(at, halves[0].bytes), no_triples(at.add(32), halves[1].bytes)]),
            }
        }
    }
}

impl Vector for Avx2 {
    #[inline(always)]
    unsafe fn masks(window: &[u8; WINDOW]) -> Masks {
        let at = window.as_ptr();
        // SAFETY: the halves read 34 bytes from 0 and from 32, of 66. The caller vouches for the features.
        let (low, high) = unsafe { (half(at), half(at.add(32))) };
        Masks {
            not_word: u64::from(low[0]) | u64::from(high[0]) << 32,
            not_list: u64::from(low[1]) | u64::from(high[1]) << 32,
            opening: !(u64::from(low[2]) | u64::from(high[2]) << 32),
        }
    }

    #[inline(always)]
    fn prefetch(at: *const u8) {
        // SAFETY: a hint; it never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn full_windows(words: &[u64; WORDS + 1]) -> u64 {
        // SAFETY: the loads begin 4 to 40 bytes into 72 and take 32. The caller vouches for the features.
        unsafe {
            let at = words.as_ptr().cast::<u8>().add(8);
            u64::from(zero_runs(at)) | u64::from(zero_runs(at.add(32))) << 32
        }
    }
}

/// As [`ROWS`]; what is not ASCII is in all of them, and so in no class: its entry in a table is zero.
const LOOK_ROWS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

/// 32 bytes, and the row of each.
#[derive(Clone, Copy)]
struct Half {
    bytes: __m256i,
    row: __m256i,
}

impl Half {
    /// # Safety
    /// 32 bytes must be readable; the processor must have AVX2.
    #[inline(always)]
    unsafe fn at(at: *const u8) -> Self {
        // SAFETY: one load of 32 bytes. The caller vouches for the features.
        unsafe {
            let bytes = _mm256_loadu_si256(at.cast());
            Self { bytes, row: _mm256_shuffle_epi8(table(&LOOK_ROWS), upper_nibble(bytes)) }
        }
    }
}

#[inline(always)]
fn both([low, high]: [u32; 2]) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// Which bytes are members of the class of a [`nibble_table`].
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn members(class: &[u8; 16], [low, high]: &[Half; 2]) -> u64 {
    // SAFETY: arithmetic only; the caller vouches for the features.
    unsafe { both([members_of_half(class, low), members_of_half(class, high)]) }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn members_of_half(class: &[u8; 16], half: &Half) -> u32 {
    // SAFETY: arithmetic only; the caller vouches for the features.
    unsafe {
        let rows = _mm256_and_si256(_mm256_shuffle_epi8(table(class), half.bytes), half.row);
        top_bits(_mm256_cmpeq_epi8(rows, half.row))
    }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn equal(byte: u8, [low, high]: &[Half; 2]) -> u64 {
    // SAFETY: arithmetic only; the caller vouches for the features.
    unsafe {
        let byte = _mm256_set1_epi8(byte.cast_signed());
        both([top_bits(_mm256_cmpeq_epi8(low.bytes, byte)), top_bits(_mm256_cmpeq_epi8(high.bytes, byte))])
    }
}

/// Where no triple begins in 32 bytes, which are given; see [`crate::Look::triple`].
///
/// # Safety
/// 34 bytes must be readable; the processor must have AVX2.
#[inline(always)]
unsafe fn no_triples(at: *const u8, bytes: __m256i) -> u32 {
    // SAFETY: two loads of 32 bytes from 1 and 2. The caller vouches for the features.
    unsafe {
        let zero = _mm256_setzero_si256();
        let (next, after) = (_mm256_loadu_si256(at.add(1).cast()), _mm256_loadu_si256(at.add(2).cast()));
        // NUL between two bytes of ASCII above it.
        let ascii = _mm256_and_si256(_mm256_cmpgt_epi8(bytes, zero), _mm256_cmpgt_epi8(after, zero));
        let wide = _mm256_and_si256(_mm256_cmpeq_epi8(next, zero), ascii);
        // No closures: what they call would not be inlined.
        let nibbles = [(bytes, upper_nibble(bytes)), (next, upper_nibble(next)), (after, upper_nibble(after))];
        let mut all = _mm256_set1_epi8(-1);
        for ([low, high], (byte, upper)) in look::TRIPLES.iter().zip(nibbles) {
            // By the lower nibble: what is not ASCII gives zero.
            all = _mm256_and_si256(all, _mm256_shuffle_epi8(table(low), byte));
            all = _mm256_and_si256(all, _mm256_shuffle_epi8(table(high), upper));
        }
        zero_mask(_mm256_or_si256(wide, all), zero)
    }
}

/// The masks "not W", "not L" and "no opening" of 32 bytes.
///
/// # Safety
/// 34 bytes must be readable; the processor must have AVX2.
#[inline(always)]
unsafe fn half(at: *const u8) -> [u32; 3] {
    // SAFETY: three loads of 32 bytes from 0, 1 and 2. The caller vouches for the features.
    unsafe {
        let zero = _mm256_setzero_si256();
        let bytes = _mm256_loadu_si256(at.cast());
        let next = _mm256_loadu_si256(at.add(1).cast());
        let after = _mm256_loadu_si256(at.add(2).cast());
        // `pshufb` looks at the lower four bits of an index and gives zero when its top bit is set: what is not ASCII is
        // in neither table.
        let row = _mm256_shuffle_epi8(table(&ROWS), upper_nibble(bytes));
        let word = _mm256_and_si256(_mm256_shuffle_epi8(table(&WORD), bytes), row);
        let list = _mm256_and_si256(_mm256_shuffle_epi8(table(&LIST), bytes), row);
        // First byte by lower nibble only, second by lower nibble and "0x60 or more": together with the exact third that
        // leaves few false candidates.
        let first = _mm256_shuffle_epi8(table(&FIRST), bytes);
        let second = _mm256_and_si256(_mm256_shuffle_epi8(table(&SECOND), next), _mm256_cmpgt_epi8(next, _mm256_set1_epi8(0x5f)));
        let third_low = _mm256_shuffle_epi8(table(&THIRD_LOW), after);
        let third_high = _mm256_shuffle_epi8(table(&THIRD_HIGH), upper_nibble(after));
        let opening = _mm256_and_si256(_mm256_and_si256(first, second), _mm256_and_si256(third_low, third_high));
        // What is not ASCII is of both classes, all of it.
        let ascii = !_mm256_movemask_epi8(bytes).cast_unsigned();
        [zero_mask(word, zero) & ascii, zero_mask(list, zero) & ascii, zero_mask(opening, zero)]
    }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn table(bytes: &[u8; 16]) -> __m256i {
    // SAFETY: one load of 16 bytes from 16.
    unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().cast())) }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn upper_nibble(bytes: __m256i) -> __m256i {
    // SAFETY: arithmetic only; the caller vouches for the features.
    unsafe { _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(0x0f)) }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn top_bits(bytes: __m256i) -> u32 {
    // SAFETY: arithmetic only; the caller vouches for the features.
    unsafe { _mm256_movemask_epi8(bytes).cast_unsigned() }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn zero_mask(bytes: __m256i, zero: __m256i) -> u32 {
    // SAFETY: arithmetic only; the caller vouches for the features.
    unsafe { _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, zero)).cast_unsigned() }
}

/// Which of 32 bytes are zero together with the four before them.
///
/// # Safety
/// 32 bytes from `at` and 4 before it must be readable; the processor must have AVX2.
#[inline(always)]
unsafe fn zero_runs(at: *const u8) -> u32 {
    // SAFETY: as the caller vouches.
    unsafe {
        let mut union = _mm256_loadu_si256(at.cast());
        for back in 1..OCTETS {
            union = _mm256_or_si256(union, _mm256_loadu_si256(at.sub(back).cast()));
        }
        zero_mask(union, _mm256_setzero_si256())
    }
}

/// Whether this processor can run [`feed`].
pub(crate) fn available() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
}

/// See [`super::Feed`].
///
/// # Safety
/// [`available`] must hold.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
pub(crate) unsafe fn feed(state: &mut State, block: &[u8], base: u64, out: &mut Out<'_>) {
    // SAFETY: the caller vouches for the features.
    unsafe { generic::feed::<Avx2>(state, block, base, out) }
}

/// See [`super::look::LookFn`].
///
/// # Safety
/// [`available`] must hold.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
pub(crate) unsafe fn look(text: &[u8], looks: &mut Vec<crate::Look>) {
    // SAFETY: the caller vouches for the features.
    unsafe { look::look::<Avx2>(text, looks) }
}

/// See [`super::look::GlanceFn`].
///
/// # Safety
/// [`available`] must hold.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
pub(crate) unsafe fn glance(window: &[u8; look::GLANCE_WINDOW], len: usize) -> crate::Glance {
    // SAFETY: the caller vouches for the features.
    unsafe { look::glance::<Avx2>(window, len) }
}
