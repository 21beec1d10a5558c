//! Scanning one block.

use std::ops::Range;

use crate::LIST_RUN_MIN;
use crate::arch::Feed;
use crate::arch::generic::{Out, State};
use crate::arch::look::{GlanceFn, LookFn};
use crate::arch::scalar;
use crate::{Backend, GLANCE_BYTES_MAX, Glance, Look, OpenRun, Run, RunKind, Tail, WORD_RUN_MIN};

/// Finds the runs of a block. Chooses its back end once, when it is made; cheap to copy; holds no state between calls.
#[derive(Clone, Copy, Debug)]
pub struct Scanner {
    /// Invariant: this processor can run it. [`Backend::feed`] gives it out on that condition only.
    feed: Feed,
    /// As `feed`.
    look: LookFn,
    /// As `feed`.
    glance: GlanceFn,
    backend: Backend,
}

impl Scanner {
    /// A scanner with the fastest back end of this processor.
    #[must_use]
    pub fn new() -> Self {
        Backend::available().find_map(Self::with_backend).unwrap_or(Self {
            feed: scalar::feed,
            look: scalar::look,
            glance: scalar::glance,
            backend: Backend::Scalar,
        })
    }

    /// A scanner with this back end; `None` when this processor cannot run it.
    #[must_use]
    pub fn with_backend(backend: Backend) -> Option<Self> {
        Some(Self { feed: backend.feed()?, look: backend.look(), glance: backend.glance(), backend })
    }

    /// The back end in use.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// Appends to `runs` every run that ends before the end of `block`, ordered by start (a word before a list with the
    /// same start), and returns the runs that touch its end. Offsets are in bytes from the start of `block`.
    pub fn scan(&self, block: &[u8], runs: &mut Vec<Run>) -> Tail {
        let mut state = State::default();
        let first = runs.len();
        self.feed(&mut state, block, 0, &mut Out::Block { runs, first });
        let word = open_run(state.word_start, block.len(), |len| state.word_opens || len >= WORD_RUN_MIN);
        let list = open_run(state.list_start, block.len(), |len| state.list_count.qualifies() && len >= LIST_RUN_MIN);
        Tail { word, list }
    }

    /// As [`Scanner::scan`], but nothing follows: runs that touch the end of `block` are appended too, in their place.
    pub fn scan_complete(&self, block: &[u8], runs: &mut Vec<Run>) {
        let first = runs.len();
        let tail = self.scan(block, runs);
        let mut out = Out::Block { runs, first };
        if let Some(word) = tail.word.filter(|word| word.qualifies) {
            out.push(word.start as u64, block.len() as u64, RunKind::Word);
        }
        if let Some(list) = tail.list.filter(|list| list.qualifies) {
            let lists = out.len();
            out.push(list.start as u64, block.len() as u64, RunKind::List);
            out.merge(lists);
        }
    }

    /// Appends to `looks` what the bytes of `text` are: one [`Look`] for each 64 of them, the last one for the rest.
    ///
    /// ```
    /// let mut looks = Vec::new();
    /// scrubjay_scan::Scanner::new().look(b"a.B%", &mut looks);
    /// assert_eq!((looks[0].base64, looks[0].dot, looks[0].upper, looks[0].escape), (0b0101, 0b0010, 0b0100, 0b1000));
    /// ```
    pub fn look(&self, text: &[u8], looks: &mut Vec<Look>) {
        // SAFETY: by the invariant of `self.look`.
        unsafe { (self.look)(text, looks) }
    }

    /// What the bytes `at` of `block` are; `None` where there are more than [`GLANCE_BYTES_MAX`], or none, or so many from their
    /// first on do not stand in the block, with two behind them: what is read is not copied.
    ///
    /// ```
    /// let block = [b"a.B%".as_slice(), &[b' '; 130]].concat();
    /// let glance = scrubjay_scan::Scanner::new().glance(&block, 0..3).unwrap();
    /// assert_eq!((glance.base64, glance.dot, glance.upper), (0b101, 0b010, 0b100));
    /// ```
    #[must_use]
    pub fn glance(&self, block: &[u8], at: Range<usize>) -> Option<Glance> {
        let window = block.get(at.start..)?.first_chunk()?;
        // SAFETY: by the invariant of `self.glance`.
        (1..=GLANCE_BYTES_MAX).contains(&at.len()).then(|| unsafe { (self.glance)(window, at.len()) })
    }

    pub(crate) fn feed(&self, state: &mut State, block: &[u8], base: u64, out: &mut Out<'_>) {
        // SAFETY: by the invariant of `self.feed`.
        unsafe { (self.feed)(state, block, base, out) }
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

fn open_run(start: u64, end: usize, qualifies: impl FnOnce(usize) -> bool) -> Option<OpenRun> {
    // The start lies in the block, so it fits.
    let start = start as usize;
    (start < end).then(|| OpenRun { start, qualifies: qualifies(end - start) })
}
