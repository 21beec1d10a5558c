//! The algorithm, written once over [`Vector`].
//!
//! ```text
//! block ──64 bytes──▶ three masks ──64 times──▶ group (4 KiB) ──▶ events ──rare──▶ resolve run ──▶ Out
//!                     not W, not L,             kept on the       "five octets of   start and end by
//!                     opening starts            stack             one class",       bit scans on the
//!                                                                 opening           masks
//! ```
//!
//! A run of 47 bytes covers five whole *octets* (aligned groups of eight bytes) wherever it starts. An octet is one byte
//! of a mask, so the search for long runs is a search for five zero bytes in a row in an eighth of the data, and on clean
//! text nothing branches on content but once in a group. What touches the start of a group is carried in [`State`] and
//! resolved first; what touches its end is carried on. So no search looks beyond its group.
//!
//! Linear: each mask word is classified once, read once going forward (a resolved run is skipped), and the search back
//! from an event passes less than 64 bytes, since an earlier event would have resolved a longer run.

use super::filled_up;
use crate::class::{ListCount, OPENING_BYTES, is_opening};
use crate::{LIST_RUN_MIN, Run, Run64, RunKind, WORD_RUN_MIN};

/// Bytes that one call of [`Vector::masks`] classifies.
pub(crate) const STEP: usize = 64;
/// What that call may read: the bytes after the step belong to openings that begin in it.
pub(crate) const WINDOW: usize = STEP + OPENING_BYTES - 1;
/// Steps of a group: as many as keep the masks in the first-level cache and the work for each group unnoticed.
const GROUP_STEPS: usize = 64;
/// Bytes of a group.
const GROUP: usize = GROUP_STEPS * STEP;
/// Mask words that one call of [`Vector::full_windows`] looks at.
pub(crate) const WORDS: usize = 8;
/// Whole octets that any run of the minimal length covers.
pub(crate) const OCTETS: usize = 5;
const _: () = assert!(OCTETS == (WORD_RUN_MIN - 7) / 8 && OCTETS == (LIST_RUN_MIN - 7) / 8);
/// How far ahead the text is asked for, in bytes. Without it the masks keep too few loads under way to hide the memory: 63 %
/// of the speed of reading. With 1024, 2048, 4096 and 8192 one run each gave 68, 79, 71 and 76 %, on a busy machine: that it
/// helps is clear, which distance is best is not.
const PREFETCH: usize = 2048;
/// A byte of no class, to fill up the last window of a block.
pub(crate) const FILLER: u8 = b'"';

/// What is known of the 64 bytes of a step; bit `i` is byte `i`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Masks {
    /// Bytes outside class W.
    pub(crate) not_word: u64,
    /// Bytes outside class L.
    pub(crate) not_list: u64,
    /// Bytes at which an opening may begin: all openings and few others.
    pub(crate) opening: u64,
}

/// What an instruction set has to offer.
pub(crate) trait Vector {
    /// Classifies the first [`STEP`] bytes of `window`.
    ///
    /// # Safety
    /// The processor must have the features of the implementation.
    unsafe fn masks(window: &[u8; WINDOW]) -> Masks;

    /// Asks for the cache line at `at`, which need not be readable.
    fn prefetch(at: *const u8);

    /// Takes the mask words 1 to 8 as 64 bytes in little-endian order. Bit `i` of the result says that byte `i` and the
    /// four bytes before it are all zero; word 0 gives the bytes before the first.
    ///
    /// # Safety
    /// The processor must have the features of the implementation.
    unsafe fn full_windows(words: &[u64; WORDS + 1]) -> u64;
}

/// What is carried from block to block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct State {
    /// Absolute start of the word run that touches the current position; the position itself when there is none.
    pub(crate) word_start: u64,
    /// Whether that run holds an opening.
    pub(crate) word_opens: bool,
    /// As `word_start`, for the list run.
    pub(crate) list_start: u64,
    /// What that list run holds, as far as it lies in earlier blocks.
    pub(crate) list_count: ListCount,
}

/// Where runs go, and in which order.
pub(crate) enum Out<'a> {
    /// By start. Entries before `first` are the caller's.
    Block { runs: &'a mut Vec<Run>, first: usize },
    /// By end: the only order that needs no memory of runs that were given out.
    Stream { runs: &'a mut Vec<Run64>, first: usize },
}

impl Out<'_> {
    pub(crate) fn push(&mut self, start: u64, end: u64, kind: RunKind) {
        match self {
            // Offsets within a block fit: they were made from `usize`.
            Self::Block { runs, .. } => runs.push(Run { start: start as usize, end: end as usize, kind }),
            Self::Stream { runs, .. } => runs.push(Run64 { start, end, kind }),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Block { runs, .. } => runs.len(),
            Self::Stream { runs, .. } => runs.len(),
        }
    }

    /// Puts the entries from `lists` on, which are lists, among the words before them. Both parts are in order.
    pub(crate) fn merge(&mut self, lists: usize) {
        match self {
            Self::Block { runs, first } => merge(runs, *first, lists, |r| (r.start as u64, r.kind)),
            Self::Stream { runs, first } => merge(runs, *first, lists, |r| (r.end, r.kind)),
        }
    }
}

fn merge<R>(runs: &mut [R], first: usize, lists: usize, key: impl Fn(&R) -> (u64, RunKind)) {
    let Some(list) = runs.get(lists).map(&key) else { return };
    let stays = runs.get(first..lists).map_or(0, |words| words.partition_point(|word| key(word) < list));
    // Two ascending parts: the standard sort sees that and merges in linear time.
    if let Some(tail) = runs.get_mut(first + stays..) {
        tail.sort_by_key(key);
    }
}

/// Brings `state` forward over `block`, which starts at the absolute offset `base`.
///
/// # Safety
/// The processor must have the features of `V`.
#[inline(always)]
pub(crate) unsafe fn feed<V: Vector>(state: &mut State, block: &[u8], base: u64, out: &mut Out<'_>) {
    let mut group = Group::new();
    let mut offset = 0;
    while let Some(rest) = block.get(offset..).filter(|rest| !rest.is_empty()) {
        // SAFETY: the caller vouches for the features of `V`.
        unsafe {
            group.classify::<V>(rest);
            group.find_events::<V>();
        }
        let place = Place { block, offset, base: base + offset as u64 };
        state.words(&group, place, out);
        state.lists(&group, place, base, out);
        offset += group.len;
    }
    let counted = state.list_start.max(base) - base;
    state.list_count.add(block.get(counted as usize..).unwrap_or_default());
}

/// Where a group lies.
#[derive(Clone, Copy)]
struct Place<'a> {
    block: &'a [u8],
    /// Of the group in the block, in bytes.
    offset: usize,
    /// Absolute offset of the group.
    base: u64,
}

/// One class of a group: its breaks, and where it has long runs.
struct Lane {
    /// Word 0 is always full: what lies before the group is not looked at. From word 1 on, the bytes outside the class.
    breaks: [u64; 1 + GROUP_STEPS],
    /// Bit `i` is octet `i`: it and the four before it are all inside the class.
    long: [u64; GROUP_STEPS / WORDS],
}

impl Lane {
    fn new() -> Self {
        Self { breaks: [!0; 1 + GROUP_STEPS], long: [0; GROUP_STEPS / WORDS] }
    }

    fn steps(&self) -> &[u64] {
        self.breaks.split_first().map_or(&[], |(_, steps)| steps)
    }

    /// The first break from `from` on; [`NEVER`] when there is none.
    #[inline(always)]
    fn end(&self, from: usize) -> usize {
        next_set(self.steps(), from)
    }

    /// The position after the last break before `before`; 0 when there is none.
    #[inline(always)]
    fn start(&self, before: usize) -> usize {
        let steps = self.steps();
        let mut index = before / STEP;
        let mut word = steps.get(index).map_or(0, |word| word & !(!0 << (before % STEP)));
        while word == 0 {
            if index == 0 {
                return 0;
            }
            index -= 1;
            word = steps.get(index).copied().unwrap_or(0);
        }
        index * STEP + STEP - word.leading_zeros() as usize
    }

    /// A position in the first long run after `from`, which is a break.
    #[inline(always)]
    fn next_long(&self, from: usize) -> usize {
        next_set(&self.long, from / 8 + 1).saturating_mul(8)
    }

    /// # Safety
    /// The processor must have the features of `V`.
    #[inline(always)]
    unsafe fn find_long<V: Vector>(&mut self, used: usize) {
        for (index, long) in self.long.iter_mut().enumerate() {
            *long = match self.breaks.get(index * WORDS..).and_then(<[u64]>::first_chunk) {
                // SAFETY: the caller vouches for the features of `V`.
                Some(words) if index * WORDS < used => unsafe { V::full_windows(words) },
                _ => 0,
            };
        }
    }
}

/// No position.
const NEVER: usize = usize::MAX;

/// The first set bit from bit `from` on; [`NEVER`] when there is none.
#[inline(always)]
fn next_set(words: &[u64], from: usize) -> usize {
    let mut index = from / STEP;
    let Some(first) = words.get(index) else { return NEVER };
    let mut word = first & (!0 << (from % STEP));
    while word == 0 {
        index += 1;
        match words.get(index) {
            Some(next) => word = *next,
            None => return NEVER,
        }
    }
    index * STEP + word.trailing_zeros() as usize
}

/// The masks of up to [`GROUP`] bytes.
struct Group {
    word: Lane,
    list: Lane,
    opening: [u64; GROUP_STEPS],
    /// Whether any bit of `opening` is set.
    opens: bool,
    /// Bytes that the masks stand for.
    len: usize,
}

impl Group {
    fn new() -> Self {
        Self { word: Lane::new(), list: Lane::new(), opening: [0; GROUP_STEPS], opens: false, len: 0 }
    }

    /// Classifies as much of `rest` as fits.
    ///
    /// # Safety
    /// The processor must have the features of `V`.
    #[inline(always)]
    unsafe fn classify<V: Vector>(&mut self, rest: &[u8]) {
        if let Some(whole) = rest.first_chunk::<{ GROUP + WINDOW - STEP }>() {
            self.len = GROUP;
            for step in 0..GROUP_STEPS {
                // SAFETY: step < GROUP_STEPS, so the window ends at or before the end of `whole`. An array of bytes has no
                // alignment. The caller vouches for the features of `V`.
                let masks = unsafe {
                    let at = whole.as_ptr().add(step * STEP);
                    V::prefetch(at.wrapping_add(PREFETCH));
                    V::masks(&*at.cast::<[u8; WINDOW]>())
                };
                self.set(step, masks);
            }
        } else {
            // SAFETY: the caller vouches for the features of `V`.
            unsafe { self.classify_rest::<V>(rest) };
        }
    }

    /// The last bytes of a block, where a window may have to be filled up.
    ///
    /// # Safety
    /// The processor must have the features of `V`.
    unsafe fn classify_rest<V: Vector>(&mut self, rest: &[u8]) {
        let before = self.len.div_ceil(STEP);
        self.len = rest.len().min(GROUP);
        let none = Masks { not_word: !0, not_list: !0, opening: 0 };
        // What a longer group before left behind is wiped; a short block costs no more than its steps.
        for step in 0..before.max(self.len.div_ceil(STEP)) {
            let bytes = rest.get(step * STEP..).unwrap_or_default();
            let filled;
            let window = match bytes.first_chunk::<WINDOW>() {
                Some(window) => window,
                None => {
                    filled = filled_up(bytes, FILLER);
                    &filled
                }
            };
            // SAFETY: the caller vouches for the features of `V`.
            let masks = if bytes.is_empty() { none } else { unsafe { V::masks(window) } };
            self.set(step, masks);
        }
    }

    #[inline(always)]
    fn set(&mut self, step: usize, masks: Masks) {
        // In range by the loops above; written so that the compiler sees it without a panic path.
        if let (Some(word), Some(list), Some(opening)) =
            (self.word.breaks.get_mut(step + 1), self.list.breaks.get_mut(step + 1), self.opening.get_mut(step))
        {
            *word = masks.not_word;
            *list = masks.not_list;
            *opening = masks.opening;
        }
    }

    /// # Safety
    /// The processor must have the features of `V`.
    #[inline(always)]
    unsafe fn find_events<V: Vector>(&mut self) {
        let used = self.len.div_ceil(STEP);
        // SAFETY: the caller vouches for the features of `V`.
        unsafe {
            self.word.find_long::<V>(used);
            self.list.find_long::<V>(used);
        }
        self.opens = self.opening.iter().fold(0, |all, word| all | word) != 0;
    }

    /// The first opening that begins at `from` or later.
    #[inline(always)]
    fn next_opening(&self, place: Place<'_>, mut from: usize) -> usize {
        if !self.opens {
            return NEVER;
        }
        loop {
            let at = next_set(&self.opening, from);
            if at == NEVER || place.block.get(place.offset + at..).and_then(<[u8]>::first_chunk).is_some_and(|b| is_opening(*b)) {
                return at;
            }
            from = at + 1;
        }
    }
}

impl State {
    #[inline(always)]
    fn words(&mut self, group: &Group, place: Place<'_>, out: &mut Out<'_>) {
        let len = group.len;
        let lane = &group.word;
        let head_end = lane.end(0).min(len);
        let mut opening = group.next_opening(place, 0);
        self.word_opens |= opening < head_end;
        if head_end == len {
            return;
        }
        let end = place.base + head_end as u64;
        if self.word_opens || end - self.word_start >= WORD_RUN_MIN as u64 {
            out.push(self.word_start, end, RunKind::Word);
        }
        self.word_opens = false;
        if opening < head_end {
            opening = group.next_opening(place, head_end);
        }
        let mut long = lane.next_long(head_end);
        loop {
            let event = long.min(opening);
            if event >= len {
                break;
            }
            let end = lane.end(event);
            if end >= len {
                self.word_opens = opening < len;
                break;
            }
            let start = lane.start(event);
            if opening < end || end - start >= WORD_RUN_MIN {
                out.push(place.base + start as u64, place.base + end as u64, RunKind::Word);
            }
            if long < end {
                long = lane.next_long(end);
            }
            if opening < end {
                opening = group.next_opening(place, end);
            }
        }
        self.word_start = place.base + lane.start(len) as u64;
    }

    /// `block_base` is the absolute offset of the block.
    #[inline(always)]
    fn lists(&mut self, group: &Group, place: Place<'_>, block_base: u64, out: &mut Out<'_>) {
        let len = group.len;
        let lane = &group.list;
        let head_end = lane.end(0).min(len);
        if head_end == len {
            return;
        }
        let words_end = out.len();
        let end = place.base + head_end as u64;
        if end - self.list_start >= LIST_RUN_MIN as u64 {
            let in_block = (self.list_start.max(block_base) - block_base) as usize;
            self.list_count.add(place.block.get(in_block..place.offset + head_end).unwrap_or_default());
            if self.list_count.qualifies() {
                out.push(self.list_start, end, RunKind::List);
            }
        }
        self.list_count = ListCount::default();
        let mut long = lane.next_long(head_end);
        while long < len {
            let end = lane.end(long);
            if end >= len {
                break;
            }
            let start = lane.start(long);
            if end - start >= LIST_RUN_MIN {
                let mut count = ListCount::default();
                count.add(place.block.get(place.offset + start..place.offset + end).unwrap_or_default());
                if count.qualifies() {
                    out.push(place.base + start as u64, place.base + end as u64, RunKind::List);
                }
            }
            long = lane.next_long(end);
        }
        self.list_start = place.base + lane.start(len) as u64;
        if out.len() > words_end {
            out.merge(words_end);
        }
    }
}
