//! A second search over the same blocks: the places where one of many short strings may stand.
//!
//! Each needle is four bytes, some of which may be any byte or a letter of either case. They are put in eight groups; for
//! each of the four places two tables say, by a byte's lower and upper nibble, which groups allow it there. A place is a
//! candidate when one group allows all four bytes: every needle is one, and a few other places are. (The idea is Teddy's,
//! from Hyperscan; what is different is that groups are chosen by what they let through, so that many needles fit.)

#[cfg(target_arch = "x86_64")]
mod avx2;
mod groups;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod ssse3;

use std::fmt;

use groups::Group;

/// Bytes of a needle.
pub const NEEDLE_BYTES: usize = 4;

/// Bytes that one step looks at for candidates.
const STEP: usize = 64;
/// What it reads: the bytes after the step belong to needles that begin in it.
const WINDOW: usize = STEP + NEEDLE_BYTES - 1;
/// Sets of eight groups: the bits of a byte. One set lets a seventh of all places through when a hundred needles are sought.
const SETS: usize = 2;
const GROUPS: usize = 8 * SETS;

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

/// By set, place and nibble the groups that allow it.
type Tables = [Set; SETS];

/// By place and nibble the groups of one set that allow it.
#[derive(Clone, Copy, Default)]
struct Set {
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
        let choices: Vec<Vec<Needle>> = needles.iter().map(|&n| vec![n]).collect();
        Self::of_choices(&choices).0
    }

    /// A search for one needle of each list: the one that lets least else through. Returns which one was chosen of each.
    /// That is how longer strings are searched for: any four bytes of them will do.
    #[must_use]
    pub fn of_choices(choices: &[Vec<Needle>]) -> (Self, Vec<usize>) {
        let (name, feed) = back_ends().next().unwrap_or(("scalar", scalar::feed));
        let (groups, chosen) = groups::choose(choices);
        (Self { tables: tables(&groups), feed, name, is_empty: choices.iter().all(Vec::is_empty) }, chosen)
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

/// A table of 16 bytes in a register.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
trait Register: Copy {
    /// # Safety
    /// The processor must have the features of the implementation.
    unsafe fn table(bytes: &[u8; 16]) -> Self;
}

/// The tables of lower and upper nibbles by place and set.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
type Registers<R> = [[[R; 2]; SETS]; NEEDLE_BYTES];

/// # Safety
/// The processor must have the features of `R`.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
unsafe fn registers<R: Register>(tables: &Tables) -> Registers<R> {
    // SAFETY: the caller vouches for the features of `R`. No closures here: what they call would not be inlined.
    unsafe {
        let mut loaded = [[[R::table(&[0; 16]); 2]; SETS]; NEEDLE_BYTES];
        for (s, set) in tables.iter().enumerate() {
            for (loaded, (low, high)) in loaded.iter_mut().zip(set.low.iter().zip(&set.high)) {
                if let Some(pair) = loaded.get_mut(s) {
                    *pair = [R::table(low), R::table(high)];
                }
            }
        }
        loaded
    }
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
        // Half of all steps have a candidate or two, and which cannot be foreseen: two are written without asking.
        let second = mask & mask.wrapping_sub(1);
        let more = second & second.wrapping_sub(1);
        let len = found.len() + usize::from(mask != 0) + usize::from(second != 0);
        found.extend_from_slice(&[at + mask.trailing_zeros() as usize, at + second.trailing_zeros() as usize]);
        found.truncate(len);
        if more != 0 {
            report(more, at, found);
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
    for (set, groups) in tables.iter_mut().zip(groups.chunks(8)) {
        for (bit, group) in groups.iter().enumerate() {
            for (&(lows, highs), (low, high)) in group.nibbles.iter().zip(set.low.iter_mut().zip(&mut set.high)) {
                for (nibble, (low, high)) in low.iter_mut().zip(high).enumerate() {
                    *low |= u8::from(lows >> nibble & 1 == 1) << bit;
                    *high |= u8::from(highs >> nibble & 1 == 1) << bit;
                }
            }
        }
    }
    tables
}
