//! One byte at a time; runs everywhere. In both resolutions.

use super::{NEEDLE_BYTES, SETS, STEP, Tables, Vector, WINDOW};

const _: () = assert!(SETS <= 2);

/// By place and byte the groups that allow it, a byte for each set.
type Groups = [[u16; 256]; NEEDLE_BYTES];

struct Scalar;

impl Vector for Scalar {
    type Tables = Groups;

    unsafe fn load(tables: &Tables) -> Self::Tables {
        let mut loaded = [[0; 256]; NEEDLE_BYTES];
        for (shift, set) in tables.septets.iter().enumerate() {
            for (loaded, allowed) in loaded.iter_mut().zip(&set.0) {
                for (byte, groups) in loaded.iter_mut().enumerate() {
                    *groups |= u16::from(allowed.get(byte & 127).copied().unwrap_or(0)) << (8 * shift);
                }
            }
        }
        loaded
    }

    #[inline(always)]
    unsafe fn step(tables: &Self::Tables, window: &[u8; WINDOW]) -> u64 {
        step(tables, window)
    }
}

struct ByNibbles;

impl Vector for ByNibbles {
    type Tables = Groups;

    unsafe fn load(tables: &Tables) -> Self::Tables {
        let mut loaded = [[0; 256]; NEEDLE_BYTES];
        for (shift, set) in tables.nibbles.iter().enumerate() {
            for (loaded, (low, high)) in loaded.iter_mut().zip(set.low.iter().zip(&set.high)) {
                for (byte, groups) in loaded.iter_mut().enumerate() {
                    let allowed = low.get(byte & 15).copied().unwrap_or(0) & high.get(byte >> 4).copied().unwrap_or(0);
                    *groups |= u16::from(allowed) << (8 * shift);
                }
            }
        }
        loaded
    }

    #[inline(always)]
    unsafe fn step(tables: &Self::Tables, window: &[u8; WINDOW]) -> u64 {
        step(tables, window)
    }
}

#[inline(always)]
fn step(tables: &Groups, window: &[u8; WINDOW]) -> u64 {
    let [first, second, third, fourth] = tables;
    let look = |table: &[u16; 256], byte: u8| table.get(usize::from(byte)).copied().unwrap_or(0);
    let mut mask = 0;
    for (i, four) in window.windows(NEEDLE_BYTES).take(STEP).enumerate() {
        let &[a, b, c, d] = four else { continue };
        mask |= u64::from(look(first, a) & look(second, b) & look(third, c) & look(fourth, d) != 0) << i;
    }
    mask
}

/// # Safety
/// None needed; unsafe only to have the type of its peers.
pub(super) unsafe fn feed(tables: &Tables, text: &[u8], found: &mut Vec<usize>) {
    // SAFETY: `Scalar` needs no features.
    unsafe { super::feed::<Scalar>(tables, text, found) }
}

/// # Safety
/// None needed; unsafe only to have the type of its peers.
pub(super) unsafe fn feed_by_nibbles(tables: &Tables, text: &[u8], found: &mut Vec<usize>) {
    // SAFETY: `ByNibbles` needs no features.
    unsafe { super::feed::<ByNibbles>(tables, text, found) }
}
