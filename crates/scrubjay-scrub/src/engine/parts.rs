//! Decides many short texts that stand for themselves: the keys, values and headers of messages.
//!
//! One by one each would pay for a scan of its own, which costs as much as a kibibyte of one. So they are scanned as the lines of one text,
//! and what has no run that passes the gate is searched for other credentials together with its neighbours. All else is decided alone, as is
//! every text that is not surely scanned alike alone and among others.

use std::ops::Range;

use scrubjay_scan::{Run, RunKind};
use scrubjay_token::key_marks;

use super::{Edit, Engine, LaneState};
use crate::fence::fenced;
use crate::runs::scan;
use crate::stats::Stats;

/// A text that stands for itself.
pub(crate) struct Part {
    /// Where it stands among the others. A line end that is nobody's follows it.
    pub(crate) at: Range<usize>,
    /// The state in which it is decided.
    pub(crate) state: fn() -> LaneState,
}

/// What was decided of texts that stand for themselves.
#[derive(Default)]
pub(crate) struct Parted {
    /// In order, without overlap, each within one of them.
    pub(crate) edits: Vec<Edit>,
    /// Claim sets that do not go with the markers, one line each.
    pub(crate) sidecar: Vec<u8>,
}

impl Engine {
    /// Decides these parts of `joined`, which are in order and all of it.
    pub(crate) fn decide_parts(&mut self, parts: &[Part], source: &str, joined: &[u8], stats: &mut Stats) -> Parted {
        let mut runs = std::mem::take(&mut self.runs);
        runs.clear();
        scan(self.scanner, joined, &mut runs);
        let marks: Vec<Range<usize>> = key_marks(joined).into_iter().map(|mark| mark.at).collect();
        let (mut of_runs, mut of_marks) = (runs.as_slice(), marks.as_slice());
        let mut parted = Parted::default();
        let mut plain = 0;
        let mut alone = Vec::new();
        for (k, part) in parts.iter().enumerate() {
            let own = split_before(&mut of_runs, |run| run.start < part.at.end);
            let has_mark = !split_before(&mut of_marks, |mark| mark.start < part.at.end).is_empty();
            if has_mark || self.takes_more(joined.get(part.at.clone()).unwrap_or_default(), part.at.start, own) {
                alone.push(k);
            }
        }
        self.runs = runs;
        for part in alone.into_iter().filter_map(|k| parts.get(k)) {
            self.secrets_of_plain(plain..part.at.start, joined, stats, &mut parted.edits);
            plain = part.at.end;
            let text = joined.get(part.at.clone()).unwrap_or_default();
            let mut decision = self.decide(&mut (part.state)(), source, text, true, stats);
            parted.sidecar.append(&mut decision.sidecar);
            let shifted = |at: Range<usize>| part.at.start + at.start..part.at.start + at.end;
            parted.edits.extend(decision.edits.into_iter().map(|edit| Edit { span: shifted(edit.span), ..edit }));
            // What is not decided at the end of all is nobody's to see.
            if decision.consumed < text.len() {
                parted.edits.push(Edit { span: shifted(decision.consumed..text.len()), text: Vec::new() });
            }
        }
        self.secrets_of_plain(plain..joined.len(), joined, stats, &mut parted.edits);
        parted
    }

    /// It takes more than a search for credentials that are no tokens to decide a text that begins at `start` of others, with these `runs`
    /// there.
    fn takes_more(&mut self, text: &[u8], start: usize, runs: &[Run]) -> bool {
        // A list is cut at line ends where it goes over them, and rows are told by their neighbours.
        let is_alike = memchr::memchr(b'\n', text).is_none() && text.last() != Some(&b'\r') && text.len() <= self.limits.token_bytes_max;
        if !is_alike || runs.iter().any(|run| run.kind == RunKind::List || run.start < start || run.end > start + text.len()) {
            return true;
        }
        let Some(gate) = &mut self.gate else { return !runs.is_empty() };
        gate.expect_more(false);
        runs.iter().any(|run| {
            let run = Run { start: run.start - start, end: run.end - start, kind: run.kind };
            fenced(|| gate.lets_through(text, &run)).unwrap_or(true)
        })
    }

    /// Credentials that are no tokens, in lines without one.
    fn secrets_of_plain(&self, lines: Range<usize>, joined: &[u8], stats: &mut Stats, edits: &mut Vec<Edit>) {
        let (base, text) = (lines.start, joined.get(lines).unwrap_or_default());
        let hits = self.foreign(text, self.others.find(text, &scrubjay_rules::LineWords::default()));
        self.others.edit(&hits, base, &[], edits, stats);
    }
}

/// Takes the first ones of a list that are in order, as far as `is` holds of them.
fn split_before<'a, T>(list: &mut &'a [T], is: impl Fn(&T) -> bool) -> &'a [T] {
    let (first, rest) = list.split_at(list.iter().take_while(|item| is(item)).count());
    *list = rest;
    first
}
