//! Decides, block by block, what of a byte stream is replaced by what.
//!
//! The unit is the block, not the line. A block's clean bytes are never touched one by one: the scanner names the few
//! runs that may hold a token, and only those are read. A run that touches the block's end is held back until its end is
//! seen, so a decision never depends on where a read happened to end (DESIGN §4, boundary exactness).

use std::ops::Range;

use scrubjay_scan::{Run, RunKind, Scanner};
use scrubjay_token::{Found, Rest, find};

use crate::fingerprint::FingerprintKey;
use crate::marker::{self, Place};
use crate::stats::Stats;

/// Default of [`Limits::token_bytes_max`]: 64 KiB (DESIGN §10).
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;
/// Largest settable [`Limits::token_bytes_max`]: 1 MiB.
pub const TOKEN_BYTES_MAX_MAX: usize = 1024 * 1024;
/// Bytes that a window of an over-long run shares with the next one, so that no opening falls between two windows.
const WINDOW_OVERLAP_BYTES: usize = 16;

/// Limits of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest token, in bytes of input. It bounds what is held back; a longer one is withheld as it streams.
    pub token_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { token_bytes_max: TOKEN_BYTES_MAX }
    }
}

/// A stretch of input and the text that takes its place.
pub(crate) struct Edit {
    pub(crate) span: Range<usize>,
    pub(crate) text: String,
}

/// What was decided of a buffer.
#[derive(Default)]
pub(crate) struct Decision {
    /// In order, without overlap, all within `consumed`.
    pub(crate) edits: Vec<Edit>,
    /// Bytes of the buffer whose fate is final. The rest must be given again, with more input behind it.
    pub(crate) consumed: usize,
}

/// State that a lane carries from one buffer to the next.
#[derive(Default)]
pub(crate) struct LaneState {
    /// Inside an over-long run whose beginning was withheld: it is swallowed to its end.
    swallowing: bool,
}

impl LaneState {
    pub(crate) fn is_clean(&self) -> bool {
        !self.swallowing
    }
}

/// Finds and decides. Holds no input.
pub(crate) struct Engine {
    scanner: Scanner,
    limits: Limits,
    key: FingerprintKey,
    runs: Vec<Run>,
    found: Vec<Found>,
}

impl Engine {
    pub(crate) fn new(key: FingerprintKey, limits: Limits) -> Self {
        Self { scanner: Scanner::new(), limits, key, runs: Vec::new(), found: Vec::new() }
    }

    /// Decides as much of `buffer` as can be decided. With `ends`, nothing follows and everything is decided.
    pub(crate) fn decide(&mut self, state: &mut LaneState, buffer: &[u8], ends: bool, stats: &mut Stats) -> Decision {
        let mut decision = Decision::default();
        let start = self.swallow(state, buffer, &mut decision);
        let rest = buffer.get(start..).unwrap_or_default();
        let mut runs = std::mem::take(&mut self.runs);
        runs.clear();
        let tail = self.scanner.scan(rest, &mut runs);
        for run in runs.iter().filter(|r| r.kind == RunKind::Word) {
            let next = buffer.get(start + run.end).copied();
            self.run(state, buffer, start + run.start..start + run.end, next, true, &mut decision, stats);
        }
        self.runs = runs;
        decision.consumed = buffer.len();
        if let Some(open) = tail.word {
            let run = start + open.start..buffer.len();
            if ends {
                self.run(state, buffer, run, None, true, &mut decision, stats);
            } else {
                decision.consumed = self.run(state, buffer, run, None, false, &mut decision, stats);
            }
        }
        decision
    }

    /// Goes on swallowing an over-long run; returns where ordinary text begins again.
    fn swallow(&mut self, state: &mut LaneState, buffer: &[u8], decision: &mut Decision) -> usize {
        if !state.swallowing {
            return 0;
        }
        let end = buffer.iter().position(|&b| !is_word(b)).unwrap_or(buffer.len());
        state.swallowing = end == buffer.len();
        if end > 0 {
            decision.edits.push(Edit { span: 0..end, text: String::new() });
        }
        end
    }

    /// Decides one run of word bytes, window by window, and returns how far it is decided. A run that fits the token
    /// limit is one window. `complete`: the run's end is known to be its end.
    #[allow(clippy::too_many_arguments)] // One call shape for the two kinds of run; a struct would only rename them.
    fn run(
        &mut self,
        state: &mut LaneState,
        buffer: &[u8],
        run: Range<usize>,
        next: Option<u8>,
        complete: bool,
        decision: &mut Decision,
        stats: &mut Stats,
    ) -> usize {
        let mut at = run.start;
        loop {
            let left = run.end - at;
            let last = left <= self.limits.token_bytes_max;
            if last && !complete {
                return at;
            }
            let end = if last { run.end } else { at + self.limits.token_bytes_max };
            let text = buffer.get(at..end).unwrap_or_default();
            self.found.clear();
            let rest = find(text, !last, &mut self.found);
            let mut done = at;
            for found in std::mem::take(&mut self.found) {
                done = at + found.span.end;
                let place = place(buffer, run.start, at + found.span.start, done, next);
                let (text, told) = marker::of_token(&found.token, &self.key, place);
                *stats.classes.entry(told.class.name()).or_default() += 1;
                *stats.algs.entry(told.alg).or_default() += 1;
                decision.edits.push(Edit { span: at + found.span.start..done, text });
            }
            if last {
                return run.end;
            }
            match rest {
                Rest::Decided => at = done.max(end - WINDOW_OVERLAP_BYTES),
                Rest::Open(offset) if offset > 0 => at += offset,
                Rest::Open(_) => {
                    *stats.withheld.entry("oversize").or_default() += 1;
                    decision.edits.push(Edit { span: at..run.end, text: marker::withheld("jwt", "oversize") });
                    state.swallowing = !complete;
                    return run.end;
                }
            }
        }
    }
}

/// The class of bytes whose runs the scanner reports.
fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"_-.+/=~%\\&#;\0".contains(&b)
}

/// Where a token stands, as far as its own run of bytes tells: the run of a URL begins with the `//` behind its scheme,
/// that of a request's path with `/`; a `?` ends the run, so what follows it is a query. A password in userinfo is
/// followed by `@`.
fn place(buffer: &[u8], run_start: usize, start: usize, end: usize, next: Option<u8>) -> Place {
    let follows = buffer.get(end).copied().or(next);
    let before = buffer.get(run_start..start).unwrap_or_default();
    let path = before.first() == Some(&b'/') && !before.contains(&b'#') && !before.contains(&b'&');
    if path || follows == Some(b'@') { Place::Short } else { Place::Text }
}
