//! AVX2: 32 bytes at a time, two look-ups by nibble (`pshufb`) for each of the four places.

use core::arch::x86_64::*;

use super::{NEEDLE_BYTES, SETS, Tables, Vector, WINDOW};

struct Avx2;

impl Vector for Avx2 {
    /// Lower, upper nibble by place and set.
    type Tables = [[[__m256i; 2]; SETS]; NEEDLE_BYTES];

    #[inline(always)]
    unsafe fn load(tables: &Tables) -> Self::Tables {
        // SAFETY: one load of 16 bytes from 16. The caller vouches for the features.
        let table = |bytes: &[u8; 16]| unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().cast())) };
        std::array::from_fn(|place| {
            tables.each_ref().map(|set| {
                let nibbles = |table: &[[u8; 16]; NEEDLE_BYTES]| table.get(place).copied().unwrap_or_default();
                [table(&nibbles(&set.low)), table(&nibbles(&set.high))]
            })
        })
    }

    #[inline(always)]
    unsafe fn step(tables: &Self::Tables, window: &[u8; WINDOW]) -> u64 {
        let at = window.as_ptr();
        // SAFETY: the halves read 35 bytes from 0 and from 32, of 67. The caller vouches for the features.
        unsafe {
            let (low, high) = (half(tables, at), half(tables, at.add(32)));
            let zero = _mm256_setzero_si256();
            let either = _mm256_or_si256(low, high);
            if _mm256_testz_si256(either, either) == 1 {
                return 0;
            }
            let mask = |groups| !_mm256_movemask_epi8(_mm256_cmpeq_epi8(groups, zero)).cast_unsigned();
            u64::from(mask(low)) | u64::from(mask(high)) << 32
        }
    }
}

/// For 32 bytes, the groups that allow what begins there.
///
/// # Safety
/// 35 bytes must be readable; the processor must have AVX2.
#[inline(always)]
unsafe fn half(tables: &[[[__m256i; 2]; SETS]; NEEDLE_BYTES], at: *const u8) -> __m256i {
    // SAFETY: four loads of 32 bytes from 0 to 3. The caller vouches for the features.
    unsafe {
        let nibble = _mm256_set1_epi8(0x0f);
        let mut groups = [_mm256_set1_epi8(-1); SETS];
        for (place, sets) in tables.iter().enumerate() {
            let bytes = _mm256_loadu_si256(at.add(place).cast());
            let (lower, upper) = (_mm256_and_si256(bytes, nibble), _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), nibble));
            for (groups, [low, high]) in groups.iter_mut().zip(sets) {
                let allowed = _mm256_and_si256(_mm256_shuffle_epi8(*low, lower), _mm256_shuffle_epi8(*high, upper));
                *groups = _mm256_and_si256(*groups, allowed);
            }
        }
        groups.into_iter().fold(_mm256_setzero_si256(), |all, set| _mm256_or_si256(all, set))
    }
}

/// # Safety
/// The processor must have AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn feed(tables: &Tables, text: &[u8], found: &mut Vec<usize>) {
    // SAFETY: the caller vouches for the features.
    unsafe { super::feed::<Avx2>(tables, text, found) }
}
