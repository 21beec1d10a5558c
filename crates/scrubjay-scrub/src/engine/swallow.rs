//! What is longer than the token limit: it is withheld, and swallowed as it comes.

use std::ops::Range;

use scrubjay_scan::is_word;
use scrubjay_token::{Found, later_members};

use super::{Edit, Engine, Work};
use crate::marker;

/// Most backslashes before a quote: of strings four deep.
const SLASHES_MAX: usize = 15;

impl Engine {
    /// A candidate that is still undecided at the token limit: one marker, and the run is swallowed to its end.
    pub(super) fn oversize(&self, work: &mut Work<'_>, at: usize, line_end: usize, last: bool) -> usize {
        *work.stats.withheld.entry("oversize").or_default() += 1;
        self.swallow_run(work, at, line_end, last, marker::withheld("jwt", "oversize").into_bytes())
    }

    /// Replaces the rest of a run by `text`; what of it is not there yet is swallowed as it comes.
    pub(super) fn swallow_run(&self, work: &mut Work<'_>, at: usize, line_end: usize, last: bool, text: Vec<u8>) -> usize {
        let (len, goes_on) = run_len(work.buffer.get(at..line_end).unwrap_or_default(), last);
        let end = at + len;
        if end > at || !text.is_empty() {
            work.edits.push(Edit { span: at..end, text });
        }
        work.state.swallowing = goes_on;
        end
    }

    /// An object of ours that is longer than the token limit, told by some of its members: the last one that is there is
    /// swallowed, and what follows of the object goes member by member.
    pub(super) fn oversize_object(&self, work: &mut Work<'_>, object: &Found, at: usize, line_end: usize, last: bool) -> usize {
        *work.stats.withheld.entry("oversize").or_default() += 1;
        let mut text = marker::withheld("jwt", "oversize").into_bytes();
        let Some((value, others)) = object.pieces.split_last() else { return at };
        for piece in others {
            work.edits.push(Edit { span: at + piece.start..at + piece.end, text: std::mem::take(&mut text) });
        }
        let start = at + value.start;
        work.state.object = work.buffer.get(..start).and_then(closing_quote).map(<[u8]>::to_vec);
        self.swallow_run(work, start, line_end, last, text)
    }

    /// Takes the members of an object of which a value was swallowed out of the part of a long line from `at` to `end`, which
    /// is decided; `seen` is as far as it may look. Returns how far the line is decided now: a member that reaches over the
    /// end is swallowed.
    pub(super) fn rest_of_object(&self, work: &mut Work<'_>, part: Range<usize>, seen: usize, line_end: usize, last: bool) -> usize {
        let Range { start: at, mut end } = part;
        if work.state.swallowing {
            return end;
        }
        let Some(quote) = work.state.object.take() else { return end };
        let later = later_members(work.buffer.get(at..seen).unwrap_or_default(), &quote);
        let edited = work.edits.partition_point(|edit| edit.span.end <= at);
        for (name, value) in later.members {
            let value = at + value.start..at + value.end;
            if at + name >= end {
                break;
            }
            if value.end > end {
                end = self.swallow_run(work, value.start, line_end, last, Vec::new());
                break;
            }
            let is_free = |edit: &Edit| edit.span.end <= value.start || value.end <= edit.span.start;
            if work.edits.iter().skip(edited).all(is_free) {
                work.edits.push(Edit { span: value, text: Vec::new() });
            }
        }
        if let Some(edits) = work.edits.get_mut(edited..) {
            edits.sort_by_key(|edit| edit.span.start);
        }
        // What closes it behind the end is seen again.
        work.state.object = Some(quote).filter(|_| later.closed.is_none_or(|closed| at + closed >= end));
        end
    }
}

/// The quote that opens the string behind `text`, with its backslashes and, in CSV, its double.
fn closing_quote(text: &[u8]) -> Option<&[u8]> {
    let (&sign, before) = text.split_last().filter(|(sign, _)| matches!(sign, b'"' | b'\''))?;
    let before = before.strip_suffix(&[sign]).unwrap_or(before);
    let slashes = before.iter().rev().take(SLASHES_MAX).take_while(|&&b| b == b'\\').count();
    text.get(before.len() - slashes..)
}

/// Length of the run at the beginning of `text`, and whether what is not there yet may go on with it (`last`: nothing is
/// missing). Backslashes at its end may belong to the quote behind it: without them it would end another string.
fn run_len(text: &[u8], last: bool) -> (usize, bool) {
    let len = text.iter().position(|&b| !is_word(b));
    let goes_on = len.is_none() && !last;
    let run = text.get(..len.unwrap_or(text.len())).unwrap_or_default();
    let is_before_quote = goes_on || len.is_some_and(|len| matches!(text.get(len), Some(b'"' | b'\'')));
    let slashes = run.iter().rev().take(SLASHES_MAX).take_while(|&&b| b == b'\\').count();
    (run.len() - if is_before_quote { slashes } else { 0 }, goes_on)
}

/// Goes on swallowing an over-long run; returns where ordinary text begins again.
pub(super) fn swallow(work: &mut Work<'_>) -> usize {
    if !work.state.swallowing {
        return 0;
    }
    let (end, goes_on) = run_len(work.buffer, work.ends);
    work.long.push(0..end);
    work.state.swallowing = goes_on;
    if end > 0 {
        work.edits.push(Edit { span: 0..end, text: Vec::new() });
    }
    end
}
