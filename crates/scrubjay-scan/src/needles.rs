//! A second search over the same blocks: the places where one of many short strings may stand.
//!
//! Each needle is four bytes, some of which may be any byte or a letter of either case. They are put in eight groups; for
//! each of the four places two tables say, by a byte's lower and upper nibble, which groups allow it there. A place is a
//! candidate when one group allows all four bytes: every needle is one, and a few other places are. (The idea is Teddy's,
//! from Hyperscan; what is different is that groups are chosen by what they let through, so that many needles fit.)

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod ssse3;

use std::fmt;

/// Bytes of a needle.
pub const NEEDLE_BYTES: usize = 4;

/// Bytes that one step looks at for candidates.
const STEP: usize = 64;
/// What it reads: the bytes after the step belong to needles that begin in it.
const WINDOW: usize = STEP + NEEDLE_BYTES - 1;
/// Groups: the bits of a byte.
const GROUPS: usize = 8;

/// Four bytes to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Needle {
    /// The bytes; `None` is any byte.
    pub bytes: [Option<u8>; NEEDLE_BYTES],
    /// ASCII letters stand for either case.
    pub ignore_case: bool,
}

impl Needle {
    /// Whether `byte` may stand at one of the four places.
    fn allows(&self, place: usize, byte: u8) -> bool {
        match self.bytes.get(place) {
            Some(Some(b)) if self.ignore_case => b.eq_ignore_ascii_case(&byte),
            Some(Some(b)) => *b == byte,
            _ => true,
        }
    }
}

/// By place and nibble the groups that allow it.
#[derive(Clone, Copy, Default)]
struct Tables {
    low: [[u8; 16]; NEEDLE_BYTES],
    high: [[u8; 16]; NEEDLE_BYTES],
}

type Feed = unsafe fn(tables: &Tables, text: &[u8], found: &mut Vec<usize>);

/// A search for needles. Chooses its back end once; cheap to share; holds no state between calls.
#[derive(Clone)]
pub struct Needles {
    tables: Tables,
    /// Invariant: this processor can run it.
    feed: Feed,
    name: &'static str,
    is_empty: bool,
}

impl fmt::Debug for Needles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Needles").field("backend", &self.name).finish_non_exhaustive()
    }
}

impl Needles {
    /// A search for these needles with the fastest back end of this processor.
    ///
    /// ```
    /// use scrubjay_scan::{Needle, Needles};
    ///
    /// let needles = Needles::new(&[Needle { bytes: b"ghp_".map(Some), ignore_case: false }]);
    /// let mut found = Vec::new();
    /// needles.candidates(b"token=ghp_0123", &mut found);
    /// assert!(found.contains(&6));
    /// ```
    #[must_use]
    pub fn new(needles: &[Needle]) -> Self {
        let (name, feed) = back_ends().next().unwrap_or(("scalar", scalar::feed));
        Self { tables: tables(&groups(needles)), feed, name, is_empty: needles.is_empty() }
    }

    /// The same search on every back end that this processor has, the fastest first, for tests and benches.
    #[doc(hidden)]
    pub fn on_each_back_end(&self) -> impl Iterator<Item = Self> + '_ {
        back_ends().map(|(name, feed)| Self { feed, name, ..self.clone() })
    }

    /// The back end's name in lower case.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        self.name
    }

    /// Appends, in order, every offset of `text` at which a needle stands, and a few others. A needle whose last bytes may be
    /// any is found at the end of `text` too.
    pub fn candidates(&self, text: &[u8], found: &mut Vec<usize>) {
        if !self.is_empty {
            // SAFETY: by the invariant of `self.feed`.
            unsafe { (self.feed)(&self.tables, text, found) }
        }
    }
}

fn back_ends() -> impl Iterator<Item = (&'static str, Feed)> {
    let all: [Option<(&'static str, Feed)>; 4] = [
        #[cfg(target_arch = "x86_64")]
        is_x86_feature_detected!("avx2").then_some(("avx2", avx2::feed as Feed)),
        #[cfg(not(target_arch = "x86_64"))]
        None,
        #[cfg(target_arch = "x86_64")]
        is_x86_feature_detected!("ssse3").then_some(("ssse3", ssse3::feed as Feed)),
        #[cfg(not(target_arch = "x86_64"))]
        None,
        #[cfg(target_arch = "aarch64")]
        Some(("neon", neon::feed as Feed)),
        #[cfg(not(target_arch = "aarch64"))]
        None,
        Some(("scalar", scalar::feed as Feed)),
    ];
    all.into_iter().flatten()
}

/// What an instruction set has to offer.
trait Vector {
    /// The tables, in registers where they fit.
    type Tables;

    /// # Safety
    /// The processor must have the features of the implementation.
    unsafe fn load(tables: &Tables) -> Self::Tables;

    /// Bit `i` says that byte `i` of the window may begin a needle.
    ///
    /// # Safety
    /// The processor must have the features of the implementation.
    unsafe fn step(tables: &Self::Tables, window: &[u8; WINDOW]) -> u64;
}

/// The algorithm, once.
///
/// # Safety
/// The processor must have the features of `V`.
#[inline(always)]
unsafe fn feed<V: Vector>(tables: &Tables, text: &[u8], found: &mut Vec<usize>) {
    // SAFETY: the caller vouches for the features of `V`.
    let loaded = unsafe { V::load(tables) };
    let mut at = 0;
    while let Some(window) = text.get(at..).and_then(<[u8]>::first_chunk::<WINDOW>) {
        // SAFETY: as above.
        let mask = unsafe { V::step(&loaded, window) };
        if mask != 0 {
            report(mask, at, found);
        }
        at += STEP;
    }
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let mut window = [0; WINDOW];
        window.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        // SAFETY: as above.
        let mask = unsafe { V::step(&loaded, &window) };
        let inside = if rest.len() < STEP { (1 << rest.len()) - 1 } else { u64::MAX };
        report(mask & inside, at, found);
        at += STEP;
    }
}

#[inline(never)]
fn report(mut mask: u64, at: usize, found: &mut Vec<usize>) {
    while mask != 0 {
        found.push(at + mask.trailing_zeros() as usize);
        mask &= mask - 1;
    }
}

fn tables(groups: &[Group; GROUPS]) -> Tables {
    let mut tables = Tables::default();
    for (bit, group) in groups.iter().enumerate() {
        for (place, (low, high)) in tables.low.iter_mut().zip(&mut tables.high).enumerate() {
            let Some(&(lows, highs)) = group.nibbles.get(place) else { continue };
            for (nibble, (low, high)) in low.iter_mut().zip(high).enumerate() {
                *low |= u8::from(lows >> nibble & 1 == 1) << bit;
                *high |= u8::from(highs >> nibble & 1 == 1) << bit;
            }
        }
    }
    tables
}

/// What a group lets through: by place the lower and upper nibbles that one of its needles allows.
#[derive(Clone, Copy, Default)]
struct Group {
    nibbles: [(u16, u16); NEEDLE_BYTES],
}

impl Group {
    fn with(mut self, needle: &Needle) -> Self {
        for (place, (low, high)) in self.nibbles.iter_mut().enumerate() {
            for byte in (0..=u8::MAX).filter(|&b| needle.allows(place, b)) {
                *low |= 1 << (byte & 15);
                *high |= 1 << (byte >> 4);
            }
        }
        self
    }

    /// The share of places in log text that it lets through, as if bytes were independent.
    fn share(&self) -> f64 {
        let place = |&(low, high): &(u16, u16)| -> f64 {
            let allowed = |b: &usize| low >> (b & 15) & 1 == 1 && high >> (b >> 4) & 1 == 1;
            let sum: u32 = FREQUENCY.iter().enumerate().filter(|(b, _)| allowed(b)).map(|(_, f)| u32::from(*f)).sum();
            f64::from(sum) / 10_000.0
        };
        self.nibbles.iter().map(place).product()
    }
}

/// Needles in groups, each where it adds least; then each moved once more, now that the others are there.
fn groups(needles: &[Needle]) -> [Group; GROUPS] {
    let mut members: [Vec<Group>; GROUPS] = Default::default();
    let union = |members: &[Group]| {
        members.iter().fold(Group::default(), |mut sum, one| {
            for (into, from) in sum.nibbles.iter_mut().zip(one.nibbles) {
                *into = (into.0 | from.0, into.1 | from.1);
            }
            sum
        })
    };
    let mut singles: Vec<Group> = needles.iter().map(|n| Group::default().with(n)).collect();
    singles.sort_by(|a, b| b.share().total_cmp(&a.share()));
    for round in 0..3 {
        for single in &singles {
            if round > 0
                && let Some((at, group)) =
                    members.iter_mut().enumerate().find_map(|(_, m)| m.iter().position(|g| g.nibbles == single.nibbles).map(|at| (at, m)))
            {
                group.swap_remove(at);
            }
            let cost = |members: &Vec<Group>| {
                let before = union(members);
                let mut after = members.clone();
                after.push(*single);
                union(&after).share() - if members.is_empty() { 0.0 } else { before.share() }
            };
            let best = members.iter_mut().map(|m| (cost(m), m)).min_by(|(a, _), (b, _)| a.total_cmp(b));
            if let Some((_, group)) = best {
                group.push(*single);
            }
        }
    }
    members.map(|m| union(&m))
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
pub fn byte_share(byte: u8) -> f64 {
    f64::from(FREQUENCY.get(usize::from(byte)).copied().unwrap_or(1)) / 10_000.0
}
