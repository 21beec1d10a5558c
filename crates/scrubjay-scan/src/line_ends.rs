//! How many line ends a block has. A pass by itself: in the search it would be in the way of what that is for.

/// The number of line ends (`\n`) in `block`.
///
/// ```
/// assert_eq!(scrubjay_scan::line_ends(b"one\ntwo\nthr"), 2);
/// ```
#[must_use]
pub fn line_ends(block: &[u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: just detected.
        return unsafe { avx2(block) };
    }
    plain(block)
}

/// Bytes that are compared side by side, each with a count of its own.
const LANES: usize = 64;

/// The compiler makes vectors of it: a comparison and a subtraction for each.
#[inline(always)]
fn plain(block: &[u8]) -> usize {
    let (pieces, rest) = block.as_chunks::<LANES>();
    let mut count = rest.iter().filter(|&&b| b == b'\n').count();
    // As many pieces as a byte can count.
    for pieces in pieces.chunks(usize::from(u8::MAX)) {
        let mut lanes = [0u8; LANES];
        for piece in pieces {
            for (lane, &b) in lanes.iter_mut().zip(piece) {
                *lane += u8::from(b == b'\n');
            }
        }
        count += lanes.iter().map(|&lane| usize::from(lane)).sum::<usize>();
    }
    count
}

/// # Safety
/// The processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2(block: &[u8]) -> usize {
    plain(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_counts_wherever_it_stands() {
        for len in (0..200).chain([LANES * 255 - 1, LANES * 255, LANES * 256 + 3, LANES * 600]) {
            for step in [1, 2, 7, 64] {
                let text: Vec<u8> = (0..len).map(|at| if at % step == 0 { b'\n' } else { b'\x0b' }).collect();
                assert_eq!(line_ends(&text), len.div_ceil(step), "{len} {step}");
                assert_eq!(plain(&text), len.div_ceil(step), "{len} {step}");
            }
        }
    }
}
