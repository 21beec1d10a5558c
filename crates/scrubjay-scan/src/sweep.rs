//! The least that reading a block can cost: every byte loaded once and or-ed together. For benches only, and here only
//! because it takes `unsafe` to do it as fast as the search does.

/// The union of all whole words of eight bytes in `block`, by the widest vectors of this processor.
#[must_use]
pub fn union(block: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: just detected.
            return unsafe { avx512(block) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: just detected.
            return unsafe { avx2(block) };
        }
    }
    plain(block)
}

#[inline(always)]
fn plain(block: &[u8]) -> u64 {
    let mut lanes = [0u64; 32];
    let (pieces, rest) = block.as_chunks::<256>();
    for piece in pieces {
        let (words, _) = piece.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane |= u64::from_le_bytes(*word);
        }
    }
    let (words, _) = rest.as_chunks::<8>();
    let rest = words.iter().fold(0, |union, word| union | u64::from_le_bytes(*word));
    lanes.iter().fold(rest, |union, lane| union | lane)
}

/// # Safety
/// The processor must have AVX-512 F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512(block: &[u8]) -> u64 {
    use core::arch::x86_64::*;
    let (pieces, rest) = block.as_chunks::<256>();
    let mut sums = [_mm512_setzero_si512(); 4];
    for piece in pieces {
        for (at, sum) in sums.iter_mut().enumerate() {
            // SAFETY: four loads of 64 bytes from 256.
            *sum = _mm512_or_si512(*sum, unsafe { _mm512_loadu_si512(piece.as_ptr().add(at * 64).cast()) });
        }
    }
    let [a, b, c, d] = sums;
    let sum = _mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d));
    _mm512_reduce_or_epi64(sum).cast_unsigned() | plain(rest)
}

/// # Safety
/// The processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2(block: &[u8]) -> u64 {
    plain(block)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_union_is_that_of_all_words() {
        let block: Vec<u8> = (0..1032).map(|i| if i == 700 { 0x80 } else { 1 }).collect();
        assert_eq!(super::union(&block), 0x0101_0181_0101_0101);
        assert_eq!(super::plain(&block), 0x0101_0181_0101_0101);
    }
}
