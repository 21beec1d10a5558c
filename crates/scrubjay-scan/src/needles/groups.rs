//! Which needles share a group, and which four bytes of a longer string are its needle.
//!
//! A group lets through whatever has, at each place, something that one of its needles has there: the more alike its needles
//! are, the less. What it can tell apart at a place depends on the back end ([`Place`]). Needles are put where they add
//! least, then each is moved again now that the others are there. The choice depends on the needles and the kind of place only.

use std::collections::BTreeMap;

use super::{GROUPS, NEEDLE_BYTES, Needle};

/// How much more frequent four small letters are than their bytes say.
const WORDS: f64 = 5.0;
/// Words that logs are full of. A needle in one of them stops the search again and again.
const COMMON: &str = "authentication authorization connection disconnected session_id request_id version_id duration_s username user_id \
    user-agent kube-api /api/v1/users client service response metadata http:// https:// proxy accepted access address application core.io \
    test local logged security object password token default action_ manager exception error process internal status";
/// What a needle in one of them costs more than its bytes say, as a share of places.
const COMMON_SHARE: f64 = 3e-4;
/// Rounds of moving after the first one of placing.
const ROUNDS: usize = 3;

/// What a group allows at one of the four places. At first: nothing.
pub(super) trait Place: Copy + Default + Ord {
    /// What a needle allows at `place`.
    fn of(needle: &Needle, place: usize) -> Self;
    /// The least that allows both.
    fn with(self, other: Self) -> Self;
    /// The share of bytes that it allows, and of small letters.
    fn shares(self, shares: &Shares) -> (f32, f32);
}

/// Lower and upper nibbles: whatever has one of each.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Nibbles {
    pub(super) low: u16,
    pub(super) high: u16,
}

impl Place for Nibbles {
    fn of(needle: &Needle, place: usize) -> Self {
        let bytes = (0..=u8::MAX).filter(|&b| needle.allows(place, b));
        bytes.fold(Self::default(), |all, byte| all.with(Self { low: 1 << (byte & 15), high: 1 << (byte >> 4) }))
    }

    fn with(self, other: Self) -> Self {
        Self { low: self.low | other.low, high: self.high | other.high }
    }

    fn shares(self, shares: &Shares) -> (f32, f32) {
        let mut high = self.high;
        let mut row = || {
            let upper = high.trailing_zeros() as usize;
            high &= high.wrapping_sub(1);
            (upper < 16).then_some((upper, self.low))
        };
        shares.of(std::iter::from_fn(&mut row))
    }
}

/// Bytes by their lower seven bits: each one by itself, as far as it is ASCII.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Septets(pub(super) u128);

impl Place for Septets {
    fn of(needle: &Needle, place: usize) -> Self {
        Self((0..=u8::MAX).filter(|&b| needle.allows(place, b)).fold(0, |all, byte| all | 1 << (byte & 127)))
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn shares(self, shares: &Shares) -> (f32, f32) {
        shares.of((0..8).map(|upper| (upper, (self.0 >> (16 * upper)) as u16)))
    }
}

/// What a group lets through.
pub(super) type Group<P> = [P; NEEDLE_BYTES];

fn with<P: Place>(mut group: Group<P>, other: &Group<P>) -> Group<P> {
    for (into, from) in group.iter_mut().zip(other) {
        *into = into.with(*from);
    }
    group
}

/// What was chosen of lists of needles, list by list.
pub(super) struct Choice {
    /// The index of the needle.
    pub(super) needles: Vec<usize>,
    /// Its group.
    groups: Vec<usize>,
}

impl Choice {
    /// What each group lets through.
    pub(super) fn groups<P: Place>(&self, choices: &[Vec<Needle>]) -> [Group<P>; GROUPS] {
        let mut groups = [Group::<P>::default(); GROUPS];
        for ((list, &needle), &group) in choices.iter().zip(&self.needles).zip(&self.groups) {
            if let (Some(group), Some(needle)) = (groups.get_mut(group), list.get(needle)) {
                *group = with(*group, &std::array::from_fn(|place| P::of(needle, place)));
            }
        }
        groups
    }
}

/// A group and a needle for each list.
pub(super) fn choose<P: Place>(choices: &[Vec<Needle>]) -> Choice {
    let kinds = Kinds::<P>::of(choices);
    let shares = Shares::new();
    let mut homes: [Home<P>; GROUPS] = std::array::from_fn(|_| Home::empty(&kinds, &shares));
    let mut chosen = vec![0; choices.len()];
    let mut home_of = vec![0; choices.len()];
    // Those without a choice first: the others can follow them.
    let mut order: Vec<usize> = (0..choices.len()).filter(|&i| choices.get(i).is_some_and(|list| !list.is_empty())).collect();
    order.sort_by_key(|&i| choices.get(i).map_or(0, Vec::len));
    for round in 0..=ROUNDS {
        for &index in &order {
            let (Some(chosen), Some(home_of), Some(list)) = (chosen.get_mut(index), home_of.get_mut(index), kinds.lists.get(index)) else {
                continue;
            };
            if round > 0
                && let Some(home) = homes.get_mut(*home_of)
            {
                home.members.retain(|(i, _)| *i != index);
                home.settle(&kinds, &shares);
            }
            let mut best = (f64::INFINITY, 0, 0);
            for (at, home) in homes.iter().enumerate() {
                for (which, (single, own)) in list.iter().enumerate() {
                    let cost = home.with(single) - home.share + own;
                    if cost < best.0 {
                        best = (cost, at, which);
                    }
                }
            }
            (*home_of, *chosen) = (best.1, best.2);
            if let (Some(home), Some((single, _))) = (homes.get_mut(*home_of), list.get(*chosen)) {
                home.members.push((index, kinds.group(single)));
                home.settle(&kinds, &shares);
            }
        }
    }
    Choice { needles: chosen, groups: home_of }
}

/// What there is to choose from, said by numbers: keywords have few different bytes.
struct Kinds<P> {
    /// What any needle allows at any place.
    places: Vec<P>,
    /// For each list and needle the kinds of its places, and what it costs by itself.
    lists: Vec<Vec<([usize; NEEDLE_BYTES], f64)>>,
}

impl<P: Place> Kinds<P> {
    fn of(choices: &[Vec<Needle>]) -> Self {
        let mut known = BTreeMap::new();
        let mut places = Vec::new();
        let mut kind = |of: P| {
            *known.entry(of).or_insert_with(|| {
                places.push(of);
                places.len() - 1
            })
        };
        let mut groups = BTreeMap::new();
        let common = common_pieces();
        let mut kinds_of = |needle: &Needle| {
            *groups.entry(*needle).or_insert_with(|| (std::array::from_fn(|place| kind(P::of(needle, place))), own_share(needle, &common)))
        };
        let lists = choices.iter().map(|list| list.iter().map(&mut kinds_of).collect()).collect();
        Self { places, lists }
    }

    fn group(&self, single: &[usize; NEEDLE_BYTES]) -> Group<P> {
        single.map(|kind| self.places.get(kind).copied().unwrap_or_default())
    }
}

/// A group in the making.
struct Home<P> {
    /// By index of their list.
    members: Vec<(usize, Group<P>)>,
    /// What they let through together.
    group: Group<P>,
    /// The share of places that it lets through.
    share: f64,
    /// For each place and kind: the share of bytes there once the kind is allowed too.
    shares: [Vec<(f32, f32)>; NEEDLE_BYTES],
}

impl<P: Place> Home<P> {
    fn empty(kinds: &Kinds<P>, shares: &Shares) -> Self {
        let fresh: Vec<(f32, f32)> = kinds.places.iter().map(|&kind| kind.shares(shares)).collect();
        Self { members: Vec::new(), group: Group::<P>::default(), share: 0.0, shares: std::array::from_fn(|_| fresh.clone()) }
    }

    /// Brings up to date what follows from the members.
    fn settle(&mut self, kinds: &Kinds<P>, shares: &Shares) {
        let group = self.members.iter().fold(Group::<P>::default(), |sum, (_, one)| with(sum, one));
        if group == self.group {
            return;
        }
        let places = self.shares.iter_mut().zip(group.iter().zip(&self.group));
        for (place, (now, _)) in places.filter(|(_, (now, then))| now != then) {
            for (share, kind) in place.iter_mut().zip(&kinds.places) {
                *share = now.with(*kind).shares(shares);
            }
        }
        self.group = group;
        self.share = product(group.map(|place| place.shares(shares)));
    }

    /// The share of places that it would let through with one needle more.
    fn with(&self, single: &[usize; NEEDLE_BYTES]) -> f64 {
        let mut shares = [(0.0, 0.0); NEEDLE_BYTES];
        for ((share, place), &kind) in shares.iter_mut().zip(&self.shares).zip(single) {
            *share = place.get(kind).copied().unwrap_or_default();
        }
        product(shares)
    }
}

/// The share of places in log text with these shares of bytes and of small letters, as if bytes were independent; but four
/// letters that stand together are words, and words have their own ways: they count more. Nothing: nothing.
fn product(places: [(f32, f32); NEEDLE_BYTES]) -> f64 {
    let (all, words) = places.iter().fold((1.0, 1.0), |(all, words), (any, letters)| (all * any, words * letters));
    f64::from(all) + WORDS * f64::from(words)
}

/// The pieces of [`COMMON`], in order.
fn common_pieces() -> Vec<[u8; NEEDLE_BYTES]> {
    let mut pieces: Vec<[u8; NEEDLE_BYTES]> = COMMON.as_bytes().windows(NEEDLE_BYTES).filter_map(|w| w.try_into().ok()).collect();
    pieces.sort_unstable();
    pieces
}

/// What a needle costs by itself, in whatever group.
fn own_share(needle: &Needle, common: &[[u8; NEEDLE_BYTES]]) -> f64 {
    let text = needle.bytes.map(|b| b.unwrap_or(0).to_ascii_lowercase());
    if common.binary_search(&text).is_ok() { COMMON_SHARE } else { 0.0 }
}

/// Sums of frequencies by upper nibble and half of the lower nibbles.
pub(super) struct Shares {
    sums: Vec<[[f32; 256]; 2]>,
}

impl Shares {
    fn new() -> Self {
        let row = |upper: usize| {
            let half = |half: usize| {
                let mut sums = [0.0; 256];
                for mask in 1..256usize {
                    let bit = mask.trailing_zeros() as usize;
                    let rest = sums.get(mask & (mask - 1)).copied().unwrap_or(0.0);
                    if let Some(sum) = sums.get_mut(mask) {
                        *sum = rest + byte_share((upper << 4 | half << 3 | bit) as u8) as f32;
                    }
                }
                sums
            };
            [half(0), half(1)]
        };
        Self { sums: (0..16).map(row).collect() }
    }

    /// The share of bytes with one of these upper nibbles and one of the lower ones that go with it, and of small letters.
    fn of(&self, rows: impl Iterator<Item = (usize, u16)>) -> (f32, f32) {
        let (mut any, mut letters) = (0.0, 0.0);
        for (upper, low) in rows {
            let Some([a, b]) = self.sums.get(upper) else { continue };
            let row = a.get(usize::from(low & 255)).unwrap_or(&0.0) + b.get(usize::from(low >> 8)).unwrap_or(&0.0);
            any += row;
            if upper == 6 || upper == 7 {
                letters += row;
            }
        }
        (any, letters)
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
