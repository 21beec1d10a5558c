//! Scanning what comes in pieces.

use crate::arch::generic::FILLER;
use crate::arch::generic::{Out, State};
use crate::class::{OPENING_BYTES, is_opening};
use crate::{LIST_RUN_MIN, Run64, RunKind, Scanner, WORD_RUN_MIN};

/// Finds the runs of a stream that is given chunk by chunk.
///
/// The sequence of runs depends on the bytes only, not on where they are cut. A run is given out once, when the byte that
/// ends it has been seen, so the order is by **end** (a word before a list with the same end); [`Scanner::scan`] orders by
/// start, which a stream could not do in bounded memory. What is kept is a few numbers, however long a run is.
#[derive(Clone, Debug)]
pub struct StreamScanner {
    scanner: Scanner,
    state: State,
    /// Bytes seen.
    position: u64,
    /// The last bytes seen, the newest last; at first bytes that no opening has.
    last: [u8; OPENING_BYTES - 1],
}

impl Default for StreamScanner {
    fn default() -> Self {
        Self::new(Scanner::new())
    }
}

impl StreamScanner {
    /// A stream at offset 0, scanned by `scanner`.
    #[must_use]
    pub fn new(scanner: Scanner) -> Self {
        Self { scanner, state: State::default(), position: 0, last: [FILLER; OPENING_BYTES - 1] }
    }

    /// Bytes pushed so far: the offset of the next byte.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Takes the next bytes and appends to `runs` every run that is now known to have ended. Offsets are in bytes from the
    /// start of the stream.
    pub fn push(&mut self, chunk: &[u8], runs: &mut Vec<Run64>) {
        let [before, newest] = self.last;
        let opens = match *chunk {
            [] => return,
            [next] => is_opening([before, newest, next]),
            [next, after, ..] => is_opening([before, newest, next]) || is_opening([newest, next, after]),
        };
        // All bytes of an opening are of class W, so it lies in the run that is open here.
        self.state.word_opens |= opens;
        let first = runs.len();
        self.scanner.feed(&mut self.state, chunk, self.position, &mut Out::Stream { runs, first });
        self.position += chunk.len() as u64;
        self.last = match *chunk {
            [.., before, newest] => [before, newest],
            [next] => [newest, next],
            [] => self.last,
        };
    }

    /// Nothing follows: appends the runs that touch the end, and begins anew at offset 0.
    pub fn finish(&mut self, runs: &mut Vec<Run64>) {
        let State { word_start, word_opens, list_start, list_count } = self.state;
        let end = self.position;
        let word_len = end - word_start;
        if word_len > 0 && (word_opens || word_len >= WORD_RUN_MIN as u64) {
            runs.push(Run64 { start: word_start, end, kind: RunKind::Word });
        }
        if list_count.qualifies() && end - list_start >= LIST_RUN_MIN as u64 {
            runs.push(Run64 { start: list_start, end, kind: RunKind::List });
        }
        *self = Self::new(self.scanner);
    }
}
