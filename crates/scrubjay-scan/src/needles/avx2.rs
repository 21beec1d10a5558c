//! AVX2: 32 bytes at a time, two look-ups by nibble (`pshufb`) for each of the four places.

use core::arch::x86_64::*;

use super::{Register, Registers, SETS, Tables, Vector, WINDOW, registers};

struct Avx2;

impl Register for __m256i {
    #[inline(always)]
    unsafe fn table(bytes: &[u8; 16]) -> Self {
        // SAFETY: one load of 16 bytes from 16. The caller vouches for the features.
        unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().cast())) }
    }
}

impl Vector for Avx2 {
    type Tables = Registers<__m256i>;

    #[inline(always)]
    unsafe fn load(tables: &Tables) -> Self::Tables {
        // SAFETY: the caller vouches for the features.
        unsafe { registers(tables) }
    }

    #[inline(always)]
    unsafe fn step(tables: &Self::Tables, window: &[u8; WINDOW]) -> u64 {
        let at = window.as_ptr();
        // SAFETY: eight loads of 32 bytes, from 0 to 3 and from 32 to 35, of 67. The caller vouches for the features.
        unsafe {
            let nibble = _mm256_set1_epi8(0x0f);
            let mut near = [_mm256_set1_epi8(-1); SETS];
            let mut far = near;
            for (place, sets) in tables.iter().enumerate() {
                let a = _mm256_loadu_si256(at.add(place).cast());
                let b = _mm256_loadu_si256(at.add(place + 32).cast());
                let (a_low, a_high) = (_mm256_and_si256(a, nibble), _mm256_and_si256(_mm256_srli_epi16::<4>(a), nibble));
                let (b_low, b_high) = (_mm256_and_si256(b, nibble), _mm256_and_si256(_mm256_srli_epi16::<4>(b), nibble));
                // Both halves at once: each table is brought in from memory, there are more than registers.
                for ((near, far), [low, high]) in near.iter_mut().zip(&mut far).zip(sets) {
                    *near = _mm256_and_si256(*near, _mm256_shuffle_epi8(*low, a_low));
                    *far = _mm256_and_si256(*far, _mm256_shuffle_epi8(*low, b_low));
                    *near = _mm256_and_si256(*near, _mm256_shuffle_epi8(*high, a_high));
                    *far = _mm256_and_si256(*far, _mm256_shuffle_epi8(*high, b_high));
                }
            }
            let mut low = _mm256_setzero_si256();
            let mut high = low;
            for (near, far) in near.iter().zip(&far) {
                low = _mm256_or_si256(low, *near);
                high = _mm256_or_si256(high, *far);
            }
            let zero = _mm256_setzero_si256();
            let low = !_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, zero)).cast_unsigned();
            let high = !_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, zero)).cast_unsigned();
            u64::from(low) | u64::from(high) << 32
        }
    }
}

/// # Safety
/// The processor must have AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn feed(tables: &Tables, text: &[u8], found: &mut Vec<usize>) {
    // SAFETY: the caller vouches for the features.
    unsafe { super::feed::<Avx2>(tables, text, found) }
}
