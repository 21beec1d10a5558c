//! SSSE3, which nearly every x86-64 processor of the last fifteen years has: 16 bytes at a time, otherwise as AVX2.

use core::arch::x86_64::*;

use super::{Register, Registers, SETS, Tables, Vector, WINDOW, registers};

struct Ssse3;

impl Register for __m128i {
    #[inline(always)]
    unsafe fn table(bytes: &[u8; 16]) -> Self {
        // SAFETY: one load of 16 bytes from 16. The caller vouches for the features.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }
}

impl Vector for Ssse3 {
    type Tables = Registers<__m128i>;

    #[inline(always)]
    unsafe fn load(tables: &Tables) -> Self::Tables {
        // SAFETY: the caller vouches for the features.
        unsafe { registers(tables) }
    }

    #[inline(always)]
    unsafe fn step(tables: &Self::Tables, window: &[u8; WINDOW]) -> u64 {
        let mut mask = 0;
        for quarter in 0..4 {
            // SAFETY: a quarter reads 19 bytes from 0, 16, 32 or 48, of 67. The caller vouches for the features.
            let allowed = unsafe { quarter_mask(tables, window.as_ptr().add(quarter * 16)) };
            mask |= u64::from(allowed) << (quarter * 16);
        }
        mask
    }
}

/// # Safety
/// 19 bytes must be readable; the processor must have SSSE3.
#[inline(always)]
unsafe fn quarter_mask(tables: &Registers<__m128i>, at: *const u8) -> u16 {
    // SAFETY: four loads of 16 bytes from 0 to 3. The caller vouches for the features.
    unsafe {
        let nibble = _mm_set1_epi8(0x0f);
        let mut groups = [_mm_set1_epi8(-1); SETS];
        for (place, sets) in tables.iter().enumerate() {
            let bytes = _mm_loadu_si128(at.add(place).cast());
            let (lower, upper) = (_mm_and_si128(bytes, nibble), _mm_and_si128(_mm_srli_epi16::<4>(bytes), nibble));
            for (groups, [low, high]) in groups.iter_mut().zip(sets) {
                *groups = _mm_and_si128(*groups, _mm_and_si128(_mm_shuffle_epi8(*low, lower), _mm_shuffle_epi8(*high, upper)));
            }
        }
        let mut all = _mm_setzero_si128();
        for set in &groups {
            all = _mm_or_si128(all, *set);
        }
        // The mask has 16 bits.
        !(_mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_setzero_si128())) as u16)
    }
}

/// # Safety
/// The processor must have SSSE3.
#[target_feature(enable = "ssse3")]
pub(super) unsafe fn feed(tables: &Tables, text: &[u8], found: &mut Vec<usize>) {
    // SAFETY: the caller vouches for the features.
    unsafe { super::feed::<Ssse3>(tables, text, found) }
}
