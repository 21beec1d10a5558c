//! NEON, which every AArch64 processor has: 16 bytes at a time, two look-ups by nibble (`tbl`) for each place.

use core::arch::aarch64::*;

use super::{Register, Registers, SETS, Tables, Vector, WINDOW, registers};

struct Neon;

impl Register for uint8x16_t {
    #[inline(always)]
    unsafe fn table(bytes: &[u8; 16]) -> Self {
        // SAFETY: one load of 16 bytes from 16. NEON is part of AArch64.
        unsafe { vld1q_u8(bytes.as_ptr()) }
    }
}

impl Vector for Neon {
    type Tables = Registers<uint8x16_t>;

    #[inline(always)]
    unsafe fn load(tables: &Tables) -> Self::Tables {
        // SAFETY: the caller vouches for the features.
        unsafe { registers(tables) }
    }

    #[inline(always)]
    unsafe fn step(tables: &Self::Tables, window: &[u8; WINDOW]) -> u64 {
        let mut mask = 0;
        for quarter in 0..4 {
            // SAFETY: a quarter reads 19 bytes from 0, 16, 32 or 48, of 67. NEON is part of AArch64.
            let groups = unsafe { quarter_groups(tables, window.as_ptr().add(quarter * 16)) };
            // SAFETY: arithmetic only. Four bits of the narrowed vector stand for each byte.
            let nibbles = unsafe {
                let some = vtstq_u8(groups, groups);
                vget_lane_u64::<0>(vreinterpret_u64_u8(vshrn_n_u16::<4>(vreinterpretq_u16_u8(some))))
            };
            if nibbles == 0 {
                continue;
            }
            for byte in 0..16 {
                mask |= (nibbles >> (4 * byte) & 1) << (quarter * 16 + byte);
            }
        }
        mask
    }
}

/// # Safety
/// 19 bytes must be readable.
#[inline(always)]
unsafe fn quarter_groups(tables: &Registers<uint8x16_t>, at: *const u8) -> uint8x16_t {
    // SAFETY: four loads of 16 bytes from 0 to 3. NEON is part of AArch64.
    unsafe {
        let mut groups = [vdupq_n_u8(0xff); SETS];
        for (place, sets) in tables.iter().enumerate() {
            let bytes = vld1q_u8(at.add(place));
            let (lower, upper) = (vandq_u8(bytes, vdupq_n_u8(0x0f)), vshrq_n_u8::<4>(bytes));
            for (groups, [low, high]) in groups.iter_mut().zip(sets) {
                *groups = vandq_u8(*groups, vandq_u8(vqtbl1q_u8(*low, lower), vqtbl1q_u8(*high, upper)));
            }
        }
        let mut all = vdupq_n_u8(0);
        for set in &groups {
            all = vorrq_u8(all, *set);
        }
        all
    }
}

/// # Safety
/// None needed: NEON is part of AArch64.
pub(super) unsafe fn feed(tables: &Tables, text: &[u8], found: &mut Vec<usize>) {
    // SAFETY: NEON is part of AArch64.
    unsafe { super::feed::<Neon>(tables, text, found) }
}
