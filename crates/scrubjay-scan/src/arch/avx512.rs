//! AVX-512 with BW and VBMI: a step is one vector, the classes are one look-up in 128 bytes.
//!
//! That look-up (`vpermi2b`) is three operations on Intel, the one in 64 bytes (`vpermb`) is one: so the second and third
//! byte of an opening are looked up by six of their bits, which lets a few other triples through as candidates.

use core::arch::x86_64::*;

use super::generic::{self, Masks, OCTETS, Out, State, Vector, WINDOW, WORDS};
use super::look;
use crate::class::{byte_table, class_bits, folded_table, second_bits, third_bits};
use crate::look::FILLER;

/// A table by ASCII value, aligned so that its two halves are one load each.
#[repr(C, align(64))]
struct Table([u8; 128]);

static CLASSES: Table = Table(byte_table!(128, class_bits));
/// By bits 0 to 5: `9`, `7` and `4` pass for `y`, `w` and `t`.
const SECOND: [u8; 64] = folded_table!(64, second_bits, 0);
/// By bits 1 to 6: a byte and its neighbour look the same.
const THIRD: [u8; 64] = folded_table!(64, third_bits, 1);

struct Avx512;

impl Vector for Avx512 {
    #[inline(always)]
    unsafe fn masks(window: &[u8; WINDOW]) -> Masks {
        let at = window.as_ptr();
        // SAFETY: 64 bytes from 0, 1 and 2 lie in the 66 of `window`; unaligned loads. The caller vouches for the features.
        unsafe {
            let bytes = _mm512_loadu_si512(at.cast());
            let class = look_up(&CLASSES, bytes);
            let next = _mm512_loadu_si512(at.add(1).cast());
            let second = look_up_64(&SECOND, next);
            let after = _mm512_srli_epi16::<1>(_mm512_loadu_si512(at.add(2).cast()));
            let third = look_up_64(&THIRD, after);
            // The look-up ignores the top bit of a byte, so what is not ASCII is put into both classes here. In
            // `opening` it may stand for an ASCII byte: a candidate that the bytes themselves refute.
            Masks {
                not_word: _mm512_movepi8_mask(_mm512_andnot_si512(bytes, class)),
                not_list: _mm512_movepi8_mask(_mm512_andnot_si512(bytes, _mm512_add_epi8(class, class))),
                opening: _mm512_test_epi8_mask(_mm512_and_si512(class, second), third),
            }
        }
    }

    #[inline(always)]
    fn prefetch(at: *const u8) {
        // SAFETY: a hint; it never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn full_windows(words: &[u64; WORDS + 1]) -> u64 {
        // SAFETY: the loads begin 4 to 8 bytes into 72 and take 64. The caller vouches for the features.
        unsafe {
            let at = words.as_ptr().cast::<u8>().add(8);
            let mut union = _mm512_loadu_si512(at.cast());
            for back in 1..OCTETS {
                union = _mm512_or_si512(union, _mm512_loadu_si512(at.sub(back).cast()));
            }
            _mm512_testn_epi8_mask(union, union)
        }
    }
}

impl look::Step for Avx512 {
    #[inline(always)]
    unsafe fn step(window: &[u8; look::WINDOW]) -> crate::Look {
        let at = window.as_ptr();
        // SAFETY: 64 bytes from 0, 1 and 2 lie in the 66 of `window`; unaligned loads. The caller vouches for the features.
        unsafe { look_at(_mm512_loadu_si512(at.cast()), _mm512_loadu_si512(at.add(1).cast()), _mm512_loadu_si512(at.add(2).cast())) }
    }
}

static LOOK: Table = Table(byte_table!(128, look::bits));
static LOOK_MORE: Table = Table(byte_table!(128, look::more_bits));
static FIRST_OF_TRIPLE: Table = Table(byte_table!(128, look::triple_first));
static SECOND_OF_TRIPLE: Table = Table(byte_table!(128, look::triple_second));
static THIRD_OF_TRIPLE: Table = Table(byte_table!(128, look::triple_third));

/// What the first 64 bytes of a text are that may end before.
///
/// # Safety
/// The processor must have AVX-512 F, BW and VBMI.
#[inline(always)]
unsafe fn step(text: &[u8]) -> crate::Look {
    // What is not there is not loaded: to copy the rest of a text first would have the loads wait for the stores.
    let from = |skip: usize| {
        let len = text.len().saturating_sub(skip);
        (if len < look::STEP { (1 << len) - 1 } else { !0 }, text.as_ptr().wrapping_add(skip).cast::<i8>())
    };
    let ((a, here), (b, beside), (c, beyond)) = (from(0), from(1), from(2));
    // SAFETY: the masks have a bit for each byte from 0, 1 and 2 that `text` has, and what has none is not read. The caller
    // vouches for the features.
    unsafe {
        let filler = _mm512_set1_epi8(FILLER.cast_signed());
        look_at(
            _mm512_mask_loadu_epi8(filler, a, here),
            _mm512_mask_loadu_epi8(filler, b, beside),
            _mm512_mask_loadu_epi8(filler, c, beyond),
        )
    }
}

/// What 64 bytes are, of which the next two are given too.
///
/// # Safety
/// The processor must have AVX-512 F, BW and VBMI.
#[inline(always)]
unsafe fn look_at(bytes: __m512i, next: __m512i, after: __m512i) -> crate::Look {
    // SAFETY: arithmetic only; the caller vouches for the features.
    unsafe {
        // The look-up ignores the top bit of a byte: what is not ASCII is taken out again.
        let (here, beside, beyond) = (_mm512_movepi8_mask(bytes), _mm512_movepi8_mask(next), _mm512_movepi8_mask(after));
        let class = _mm512_maskz_mov_epi8(!here, look_up(&LOOK, bytes));
        let more = _mm512_maskz_mov_epi8(!here, look_up(&LOOK_MORE, bytes));
        let two = _mm512_and_si512(look_up(&FIRST_OF_TRIPLE, bytes), look_up(&SECOND_OF_TRIPLE, next));
        let three = _mm512_test_epi8_mask(two, look_up(&THIRD_OF_TRIPLE, after));
        // NUL between two bytes of ASCII above it.
        let wide = _mm512_testn_epi8_mask(next, next) & _mm512_test_epi8_mask(bytes, bytes) & _mm512_test_epi8_mask(after, after);
        crate::Look {
            base64: members(class, look::IS_BASE64),
            hex: members(class, look::IS_HEX),
            text_digit: members(class, look::IS_TEXT_DIGIT),
            upper: members(class, look::IS_UPPER),
            dot: members(class, look::IS_DOT),
            equals: members(class, look::IS_EQUALS),
            odd: members(class, look::IS_ODD) | here,
            escape: members(class, look::IS_ESCAPE),
            hyphen: members(more, look::IS_HYPHEN),
            edge: members(more, look::IS_EDGE),
            triple: (three | wide) & !here & !beside & !beyond,
        }
    }
}

/// Which bytes have one of these bits.
///
/// # Safety
/// The processor must have AVX-512 BW.
#[inline(always)]
unsafe fn members(class: __m512i, bits: u8) -> u64 {
    // SAFETY: arithmetic only; the caller vouches for the features.
    unsafe { _mm512_test_epi8_mask(class, _mm512_set1_epi8(bits.cast_signed())) }
}

/// # Safety
/// The processor must have AVX-512 F and VBMI.
#[inline(always)]
unsafe fn look_up(table: &Table, bytes: __m512i) -> __m512i {
    // SAFETY: the two loads cover the 128 bytes of the table. The caller vouches for the features.
    unsafe {
        let low = _mm512_load_si512(table.0.as_ptr().cast());
        let high = _mm512_load_si512(table.0.as_ptr().add(64).cast());
        _mm512_permutex2var_epi8(low, bytes, high)
    }
}

/// By the lower six bits of each byte.
///
/// # Safety
/// The processor must have AVX-512 F and VBMI.
#[inline(always)]
unsafe fn look_up_64(table: &[u8; 64], bytes: __m512i) -> __m512i {
    // SAFETY: one load of 64 bytes from 64. The caller vouches for the features.
    unsafe {
        let table = _mm512_loadu_si512(table.as_ptr().cast());
        // Miri knows `vpermi2b` but not `vpermb`; with the same table for both halves they are one.
        if cfg!(miri) { _mm512_permutex2var_epi8(table, bytes, table) } else { _mm512_permutexvar_epi8(bytes, table) }
    }
}

/// Whether this processor can run [`feed`].
pub(crate) fn available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
}

/// See [`super::Feed`].
///
/// # Safety
/// [`available`] must hold.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,bmi2,lzcnt")]
pub(crate) unsafe fn feed(state: &mut State, block: &[u8], base: u64, out: &mut Out<'_>) {
    // SAFETY: the caller vouches for the features.
    unsafe { generic::feed::<Avx512>(state, block, base, out) }
}

/// See [`super::look::LookFn`].
///
/// # Safety
/// [`available`] must hold.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,bmi2,lzcnt")]
pub(crate) unsafe fn look(text: &[u8], looks: &mut Vec<crate::Look>) {
    let first = looks.len();
    looks.resize(first + text.len().div_ceil(look::STEP), crate::Look::default());
    for (look, at) in looks.iter_mut().skip(first).zip((0..).step_by(look::STEP)) {
        // SAFETY: the caller vouches for the features.
        *look = unsafe { step(text.get(at..).unwrap_or_default()) };
    }
}

/// See [`super::look::GlanceFn`].
///
/// # Safety
/// [`available`] must hold.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,bmi2,lzcnt")]
pub(crate) unsafe fn glance(window: &[u8; look::GLANCE_WINDOW], len: usize) -> crate::Glance {
    // SAFETY: the caller vouches for the features.
    unsafe { look::glance::<Avx512>(window, len) }
}
