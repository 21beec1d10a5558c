//! A second search over the same blocks: the places where one of many short strings may stand.
//!
//! Each needle is four bytes, some of which may be any byte or a letter of either case. They are put in sixteen groups; for
//! each of the four places tables say which groups allow a byte there. A place is a candidate when one group allows all four
//! bytes: every needle is one, and a few other places are. (The idea is Teddy's, from Hyperscan; what is different is that
//! groups are chosen by what they let through, so that many needles fit.)
//!
//! Most instruction sets look a byte up by its two nibbles, in two tables of 16; AVX-512 with VBMI has tables of 128, which know
//! each byte of ASCII by itself. Back ends of one such *resolution* find the same places.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod groups;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod ssse3;

use std::fmt;

use crate::arch::filled_up;
use groups::{Group, Nibbles, Septets};

/// Bytes of a needle.
pub const NEEDLE_BYTES: usize = 4;

/// Bytes that one step looks at for candidates.
const STEP: usize = 64;
/// What it reads: the bytes after the step belong to needles that begin in it.
const WINDOW: usize = STEP + NEEDLE_BYTES - 1;
/// Steps between two looks at what they found, as many as a word has bits.
const STEPS: usize = 64;
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

/// For both resolutions, whichever the groups were chosen for.
#[derive(Clone, Default)]
struct Tables {
    nibbles: [Set; SETS],
    septets: [Septet; SETS],
}

/// By place and nibble the groups of one set that allow it.
#[derive(Clone, Copy, Default)]
struct Set {
    low: [[u8; 16]; NEEDLE_BYTES],
    high: [[u8; 16]; NEEDLE_BYTES],
}

/// By place and the lower seven bits of a byte the groups of one set that allow it.
#[derive(Clone, Copy)]
struct Septet([[u8; 128]; NEEDLE_BYTES]);

impl Default for Septet {
    fn default() -> Self {
        Self([[0; 128]; NEEDLE_BYTES])
    }
}

type Feed = unsafe fn(tables: &Tables, text: &[u8], found: &mut Vec<usize>);

/// A search for needles. Chooses its back end once; cheap to share; holds no state between calls.
#[derive(Clone)]
pub struct Needles {
    tables: Box<Tables>,
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
        let BackEnd { name, feed, by_nibbles } = back_ends().next().unwrap_or(BackEnd::SCALAR);
        let choice = if by_nibbles { groups::choose::<Nibbles>(choices) } else { groups::choose::<Septets>(choices) };
        let tables = Box::new(tables(&choice.groups(choices), &choice.groups(choices)));
        (Self { tables, feed, name, is_empty: choices.iter().all(Vec::is_empty) }, choice.needles)
    }

    /// The same search on every back end that this processor has, the fastest first, for tests and benches; and whether it knows
    /// bytes by their nibbles only.
    #[doc(hidden)]
    pub fn on_each_back_end(&self) -> impl Iterator<Item = (Self, bool)> + '_ {
        back_ends().map(|end| (Self { feed: end.feed, name: end.name, ..self.clone() }, end.by_nibbles))
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

struct BackEnd {
    name: &'static str,
    feed: Feed,
    /// Its resolution.
    by_nibbles: bool,
}

impl BackEnd {
    const SCALAR: Self = Self { name: "scalar", feed: scalar::feed, by_nibbles: false };
}

/// Those of this processor, the fastest first. The last one is for tests only: what the others of its resolution find.
fn back_ends() -> impl Iterator<Item = BackEnd> {
    let back_end = |is_available: bool, name, feed: Feed, by_nibbles| is_available.then_some(BackEnd { name, feed, by_nibbles });
    let all = [
        #[cfg(target_arch = "x86_64")]
        back_end(avx512::available(), "avx512", avx512::feed, false),
        #[cfg(target_arch = "x86_64")]
        back_end(is_x86_feature_detected!("avx2"), "avx2", avx2::feed, true),
        #[cfg(target_arch = "x86_64")]
        back_end(is_x86_feature_detected!("ssse3"), "ssse3", ssse3::feed, true),
        #[cfg(target_arch = "aarch64")]
        back_end(true, "neon", neon::feed, true),
        Some(BackEnd::SCALAR),
        back_end(true, "scalar by nibbles", scalar::feed_by_nibbles, true),
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

    /// Bit `i` says that mask `i` is not zero.
    ///
    /// # Safety
    /// The processor must have the features of the implementation.
    #[inline(always)]
    unsafe fn not_zero(masks: &[u64; STEPS]) -> u64 {
        masks.iter().enumerate().fold(0, |some, (i, &mask)| some | u64::from(mask != 0) << i)
    }
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
        for (s, set) in tables.nibbles.iter().enumerate() {
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
    let mut masks = [0; STEPS];
    let mut at = 0;
    while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<{ STEPS * STEP + WINDOW - STEP }>) {
        for (step, mask) in masks.iter_mut().enumerate() {
            // SAFETY: step < STEPS, so the window ends at or before the end of `block`. An array of bytes has no alignment.
            // The caller vouches for the features of `V`.
            *mask = unsafe { V::step(&loaded, &*block.as_ptr().add(step * STEP).cast::<[u8; WINDOW]>()) };
        }
        // SAFETY: as above.
        let some = unsafe { V::not_zero(&masks) };
        report_all(&masks, some, at, found);
        at += STEPS * STEP;
    }
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let filled;
        let window = match rest.first_chunk::<WINDOW>() {
            Some(window) => window,
            None => {
                filled = filled_up(rest, 0);
                &filled
            }
        };
        // SAFETY: as above.
        let mask = unsafe { V::step(&loaded, window) };
        let inside = if rest.len() < STEP { (1 << rest.len()) - 1 } else { u64::MAX };
        report(mask & inside, at, found);
        at += STEP;
    }
}

/// Appends the bits of `masks`, of which those in `some` are not zero. Which ones are cannot be foreseen: so as little as can be
/// branches on it.
#[inline(always)]
fn report_all(masks: &[u64; STEPS], mut some: u64, at: usize, found: &mut Vec<usize>) {
    found.reserve(STEPS * STEP + 1);
    let room = found.spare_capacity_mut();
    let mut len = 0;
    let mut put = |len: usize, place: usize| {
        if let Some(to) = room.get_mut(len) {
            to.write(place);
        }
    };
    while some != 0 {
        let step = some.trailing_zeros() as usize;
        some &= some - 1;
        let from = at + step * STEP;
        let mask = masks.get(step).copied().unwrap_or(1);
        // Most have one or two: both are written, and the second is counted if there is one.
        let mut more = mask & mask.wrapping_sub(1);
        put(len, from + mask.trailing_zeros() as usize);
        put(len + 1, from + more.trailing_zeros() as usize);
        len += 1 + usize::from(more != 0);
        more &= more.wrapping_sub(1);
        while more != 0 {
            put(len, from + more.trailing_zeros() as usize);
            len += 1;
            more &= more - 1;
        }
    }
    // SAFETY: the first `len` places are written: for each bit of the masks one, at most STEPS * STEP, for which there is room.
    unsafe { found.set_len(found.len() + len) }
}

fn report(mut mask: u64, at: usize, found: &mut Vec<usize>) {
    while mask != 0 {
        found.push(at + mask.trailing_zeros() as usize);
        mask &= mask - 1;
    }
}

fn tables(nibbles: &[Group<Nibbles>; GROUPS], septets: &[Group<Septets>; GROUPS]) -> Tables {
    let mut tables = Tables::default();
    for (set, groups) in tables.nibbles.iter_mut().zip(nibbles.chunks(8)) {
        for (bit, group) in groups.iter().enumerate() {
            for (place, (low, high)) in group.iter().zip(set.low.iter_mut().zip(&mut set.high)) {
                for (nibble, (low, high)) in low.iter_mut().zip(high).enumerate() {
                    *low |= u8::from(place.low >> nibble & 1 == 1) << bit;
                    *high |= u8::from(place.high >> nibble & 1 == 1) << bit;
                }
            }
        }
    }
    for (set, groups) in tables.septets.iter_mut().zip(septets.chunks(8)) {
        for (bit, group) in groups.iter().enumerate() {
            for (place, allowed) in group.iter().zip(&mut set.0) {
                for (byte, allowed) in allowed.iter_mut().enumerate() {
                    *allowed |= u8::from(place.0 >> byte & 1 == 1) << bit;
                }
            }
        }
    }
    tables
}
