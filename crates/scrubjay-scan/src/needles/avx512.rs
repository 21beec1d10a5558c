//! AVX-512 with BW and VBMI: 64 bytes at a time, one look-up in 128 bytes (`vpermi2b`) for each place and set. All tables stay
//! in registers.

use core::arch::x86_64::*;

use super::{NEEDLE_BYTES, SETS, STEPS, Tables, Vector, WINDOW};

struct Avx512;

impl Vector for Avx512 {
    /// By place and set, the two halves of each.
    type Tables = [[[__m512i; 2]; SETS]; NEEDLE_BYTES];

    #[inline(always)]
    unsafe fn load(tables: &Tables) -> Self::Tables {
        // SAFETY: two loads of 64 bytes from 128; the caller vouches for the features. No closures here: what they call would
        // not be inlined.
        unsafe {
            let mut loaded = [[[_mm512_setzero_si512(); 2]; SETS]; NEEDLE_BYTES];
            for (s, set) in tables.septets.iter().enumerate() {
                for (loaded, allowed) in loaded.iter_mut().zip(&set.0) {
                    if let Some([low, high]) = loaded.get_mut(s) {
                        *low = _mm512_loadu_si512(allowed.as_ptr().cast());
                        *high = _mm512_loadu_si512(allowed.as_ptr().add(64).cast());
                    }
                }
            }
            loaded
        }
    }

    #[inline(always)]
    unsafe fn step(tables: &Self::Tables, window: &[u8; WINDOW]) -> u64 {
        const { assert!(NEEDLE_BYTES == 4) }
        let at = window.as_ptr();
        let [first, second, third, fourth] = tables;
        let mut mask = 0;
        // SAFETY: four loads of 64 bytes from 0 to 3, of 67. The caller vouches for the features.
        unsafe {
            let a = _mm512_loadu_si512(at.cast());
            let b = _mm512_loadu_si512(at.add(1).cast());
            let c = _mm512_loadu_si512(at.add(2).cast());
            let d = _mm512_loadu_si512(at.add(3).cast());
            for (((first, second), third), fourth) in first.iter().zip(second).zip(third).zip(fourth) {
                let a = _mm512_permutex2var_epi8(first[0], a, first[1]);
                let b = _mm512_permutex2var_epi8(second[0], b, second[1]);
                let c = _mm512_permutex2var_epi8(third[0], c, third[1]);
                let d = _mm512_permutex2var_epi8(fourth[0], d, fourth[1]);
                // All three of them.
                let abc = _mm512_ternarylogic_epi32::<0x80>(a, b, c);
                mask |= _mm512_test_epi8_mask(abc, d);
            }
        }
        mask
    }

    #[inline(always)]
    unsafe fn not_zero(masks: &[u64; STEPS]) -> u64 {
        let mut some = 0;
        for (i, eight) in masks.as_chunks::<8>().0.iter().enumerate() {
            // SAFETY: a load of 64 bytes from 64; the caller vouches for the features.
            let bits = unsafe {
                let eight = _mm512_loadu_si512(eight.as_ptr().cast());
                _mm512_test_epi64_mask(eight, eight)
            };
            some |= u64::from(bits) << (8 * i);
        }
        some
    }
}

/// Whether this processor can run [`feed`].
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi")
}

/// # Safety
/// [`available`] must hold.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) unsafe fn feed(tables: &Tables, text: &[u8], found: &mut Vec<usize>) {
    // SAFETY: the caller vouches for the features.
    unsafe { super::feed::<Avx512>(tables, text, found) }
}
