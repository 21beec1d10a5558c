//! Which needles share a group, and which four bytes of a longer string are its needle.
//!
//! A group lets through whatever has, at each place, a lower nibble of one of its needles and an upper nibble of one: the
//! more alike its needles are, the less. Needles are put where they add least, then each is moved again now that the
//! others are there. The choice depends on the needles only.

use super::{GROUPS, NEEDLE_BYTES, Needle};

/// How much more frequent four small letters are than their bytes say.
const WORDS: f64 = 5.0;
/// Rounds of moving after the first one of placing.
const ROUNDS: usize = 2;

/// What a group lets through: by place the lower and upper nibbles that one of its needles allows.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) nibbles: [(u16, u16); NEEDLE_BYTES],
}

impl Group {
    fn of(needle: &Needle) -> Self {
        let mut group = Self::default();
        for (place, (low, high)) in group.nibbles.iter_mut().enumerate() {
            for byte in (0..=u8::MAX).filter(|&b| needle.allows(place, b)) {
                *low |= 1 << (byte & 15);
                *high |= 1 << (byte >> 4);
            }
        }
        group
    }

    fn with(mut self, other: &Self) -> Self {
        for (into, from) in self.nibbles.iter_mut().zip(other.nibbles) {
            *into = (into.0 | from.0, into.1 | from.1);
        }
        self
    }
}

/// The groups, and for each list the index of the needle that was chosen.
pub(super) fn choose(choices: &[Vec<Needle>]) -> ([Group; GROUPS], Vec<usize>) {
    let shares = Shares::new();
    let singles: Vec<Vec<Group>> = choices.iter().map(|list| list.iter().map(Group::of).collect()).collect();
    let mut members: [Vec<(usize, Group)>; GROUPS] = Default::default();
    let mut chosen = vec![0; choices.len()];
    // Those without a choice first: the others can follow them.
    let mut order: Vec<usize> = (0..choices.len()).collect();
    order.sort_by_key(|&i| singles.get(i).map_or(0, Vec::len));
    for round in 0..=ROUNDS {
        for &index in &order {
            if round > 0 {
                members.iter_mut().for_each(|m| m.retain(|(i, _)| *i != index));
            }
            let mut best: Option<(f64, usize, usize)> = None;
            for (at, group) in members.iter().map(|m| union(m)).enumerate() {
                let before = shares.of(&group);
                for (which, single) in singles.get(index).into_iter().flatten().enumerate() {
                    let cost = shares.of(&group.with(single)) - before;
                    if best.is_none_or(|(least, _, _)| cost < least) {
                        best = Some((cost, at, which));
                    }
                }
            }
            let Some((_, at, which)) = best else { continue };
            let single = singles.get(index).and_then(|list| list.get(which)).copied().unwrap_or_default();
            if let (Some(group), Some(chosen)) = (members.get_mut(at), chosen.get_mut(index)) {
                group.push((index, single));
                *chosen = which;
            }
        }
    }
    (members.map(|m| union(&m)), chosen)
}

fn union(members: &[(usize, Group)]) -> Group {
    members.iter().fold(Group::default(), |sum, (_, one)| sum.with(one))
}

/// Sums of frequencies by upper nibble and half of the lower nibbles.
struct Shares {
    sums: Vec<[[f32; 256]; 2]>,
}

impl Shares {
    fn new() -> Self {
        let row = |upper: usize| {
            let half = |half: usize| {
                let sum = |mask: usize| -> f32 {
                    let bits = (0..8).filter(|bit| mask >> bit & 1 == 1);
                    bits.map(|bit| byte_share((upper << 4 | half << 3 | bit) as u8) as f32).sum()
                };
                std::array::from_fn(sum)
            };
            [half(0), half(1)]
        };
        Self { sums: (0..16).map(row).collect() }
    }

    /// The share of places in log text that a group lets through, as if bytes were independent; but four letters that
    /// stand together are words, and words have their own ways: they count more. Nothing: nothing.
    fn of(&self, group: &Group) -> f64 {
        let (mut all, mut words) = (1.0, 1.0);
        for &(low, high) in &group.nibbles {
            let (mut any, mut letters) = (0.0, 0.0);
            for (upper, [a, b]) in self.sums.iter().enumerate().filter(|(upper, _)| high >> upper & 1 == 1) {
                let row = a.get(usize::from(low & 255)).unwrap_or(&0.0) + b.get(usize::from(low >> 8)).unwrap_or(&0.0);
                any += row;
                if upper == 6 || upper == 7 {
                    letters += row;
                }
            }
            all *= any;
            words *= letters;
        }
        f64::from(all) + WORDS * f64::from(words)
    }
}

/// How often each ASCII byte stands in log text, in ten-thousandths; what never does counts once. Counted over 21 public log
/// files (`shared/corpus/data/real_negatives`).
#[rustfmt::skip]
const FREQUENCY: [u16; 128] = [
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    884, 1, 150, 1, 6, 2, 1, 3, 23, 23, 3, 8, 56, 232, 253, 123,
    494, 434, 317, 197, 204, 220, 167, 160, 160, 154, 253, 10, 2, 55, 3, 2,
    7, 38, 18, 41, 26, 39, 41, 17, 15, 51, 18, 15, 28, 43, 60, 36,
    25, 7, 52, 52, 49, 19, 8, 23, 7, 4, 13, 53, 6, 55, 1, 68,
    1, 356, 104, 234, 231, 531, 117, 101, 96, 257, 10, 66, 178, 127, 269, 347,
    135, 12, 296, 270, 321, 138, 59, 39, 39, 42, 13, 6, 2, 6, 5, 1,
];

/// How often `byte` stands in log text, as a share of all bytes; for choosing which four bytes of a longer string to look for.
#[must_use]
fn byte_share(byte: u8) -> f64 {
    f64::from(FREQUENCY.get(usize::from(byte)).copied().unwrap_or(1)) / 10_000.0
}
