//! Private keys over several lines. What their lines are shows from the line with the label on only, so they are no links
//! between neighbours: a unit that holds the label goes as far as the key does.

use std::ops::Range;

use scrubjay_scan::{Run, RunKind};
use scrubjay_token::{KEY_LABEL_BYTES_MAX, KEY_LINES_MAX, OpenKey, key_labels, key_marks, long_runs, no_key_is_open};

use super::line_at;

/// The labels of private keys in a buffer, in order.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    labels: Vec<Range<usize>>,
    /// The markers at their ends: what stands above one may be a key that lost its beginning.
    ends: Vec<Range<usize>>,
}

impl Keys {
    /// Those in `within`, which begins with a line.
    fn of(buffer: &[u8], within: Range<usize>) -> Self {
        let text = buffer.get(within.clone()).unwrap_or_default();
        let (mut labels, mut ends) = (Vec::new(), Vec::new());
        for mark in key_marks(text) {
            if mark.ends { &mut ends } else { &mut labels }.push(within.start + mark.at.start..within.start + mark.at.end);
        }
        Self { labels, ends }
    }

    /// The same, put among the runs of that part of the buffer.
    pub(crate) fn among(runs: &mut Vec<Run>, buffer: &[u8], within: Range<usize>) -> Self {
        let keys = Self::of(buffer, within.clone());
        if !keys.labels.is_empty() || !keys.ends.is_empty() {
            let run = |at: &Range<usize>| Run { start: at.start - within.start, end: at.end - within.start, kind: RunKind::Word };
            runs.extend(keys.labels.iter().chain(&keys.ends).map(run));
            runs.sort_unstable_by_key(|run| run.start);
        }
        keys
    }

    /// A label or an end begins here.
    pub(crate) fn begin_at(&self, at: usize) -> bool {
        [&self.labels, &self.ends].iter().any(|found| found.binary_search_by_key(&at, |found| found.start).is_ok())
    }

    /// A label or an end stands in these lines.
    pub(crate) fn are_in(&self, lines: &Range<usize>) -> bool {
        [&self.labels, &self.ends].iter().any(|found| last_in(found, lines).is_some())
    }

    /// The key that the line announces with its last label.
    pub(super) fn announced_in<'a>(&self, buffer: &'a [u8], line: &Range<usize>) -> Option<OpenKey<'a>> {
        let label = last_in(&self.labels, line)?;
        let text = buffer.get(line.clone())?;
        let key = OpenKey::announced(text, &(label.start - line.start..label.end.checked_sub(line.start)?));
        Some(key).filter(OpenKey::is_open)
    }

    /// The key that is open behind these lines, of which the first may announce it.
    pub(super) fn open_behind<'a>(&self, buffer: &'a [u8], lines: &Range<usize>) -> Option<OpenKey<'a>> {
        let label = last_in(&self.labels, lines)?;
        let mut line = line_at(buffer, label.start);
        let mut key = self.announced_in(buffer, &line)?;
        while line.end < lines.end {
            line = line_at(buffer, line.end);
            if !key.takes(buffer.get(line.clone())?) {
                return None;
            }
        }
        Some(key).filter(OpenKey::is_open)
    }

    /// The lines of each key, from the one with its label on, as far as there are whole lines.
    fn spans(&self, buffer: &[u8]) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        for label in &self.labels {
            if spans.last().is_some_and(|last| label.start < last.end) {
                continue;
            }
            let first = line_at(buffer, label.start);
            let mut span = first.start..first.end;
            let Some(mut key) = self.announced_in(buffer, &first) else { continue };
            while key.is_open() {
                let next = line_at(buffer, span.end);
                let line = buffer.get(next.clone()).unwrap_or_default();
                // What is not there yet may be the key's, too.
                span.end = match line.ends_with(b"\n") {
                    true if key.takes(line) => next.end,
                    true => break,
                    false => buffer.len() + 1,
                };
                if span.end > buffer.len() {
                    break;
                }
            }
            spans.push(span);
        }
        spans
    }
}

/// The last of these, which are in order, that begins in the lines.
fn last_in<'a>(found: &'a [Range<usize>], lines: &Range<usize>) -> Option<&'a Range<usize>> {
    let before = found.get(..found.partition_point(|at| at.start < lines.end))?;
    before.last().filter(|at| at.start >= lines.start)
}

/// Follows a text that comes in pieces, and knows when no private key can be open behind them: none was announced, or so many lines
/// ago that it has ended. Without that only lines that are no key's tell, and most of a log could be.
#[derive(Debug, Default)]
pub struct KeysBefore {
    /// Lines since the last label; `None`: there was none.
    lines: Option<usize>,
    /// The end of the last piece: a label may go on behind it.
    tail: Vec<u8>,
}

impl KeysBefore {
    /// Takes note of the next piece.
    pub fn read(&mut self, piece: &[u8]) {
        self.tail.extend_from_slice(piece);
        if let Some(last) = key_labels(&self.tail).last() {
            self.lines = Some(0);
            self.count(last.end);
        } else {
            self.count(self.tail.len() - piece.len());
        }
        self.tail.drain(..self.tail.len().saturating_sub(KEY_LABEL_BYTES_MAX));
    }

    fn count(&mut self, from: usize) {
        let lines = memchr::memchr_iter(b'\n', self.tail.get(from..).unwrap_or_default()).count();
        self.lines = self.lines.map(|before| before.saturating_add(lines));
    }

    /// No key is open behind all pieces.
    #[must_use]
    pub fn none_is_open(&self) -> bool {
        self.lines.is_none_or(|lines| lines > KEY_LINES_MAX)
    }
}

/// Shortest line of a key's body that is withheld where something else stands in the line.
const BODY_CHARS_MIN: usize = 16;

/// What may be lines of a private key's body, if one has its label in the text: as short as they may be they are no runs of the
/// scanner.
pub(crate) fn key_lines(text: &[u8]) -> Vec<Range<usize>> {
    if key_labels(text).is_empty() {
        return Vec::new();
    }
    let is_body = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(|&b| b == b'\n') {
        let start = at + line.len() - line.trim_ascii_start().len();
        let body = line.trim_ascii();
        if body.iter().all(|&b| is_body(b)) {
            found.extend((!body.is_empty()).then(|| start..start + body.len()));
        } else {
            found.extend(long_runs(line, BODY_CHARS_MIN, is_body).map(|run| at + run.start..at + run.end));
        }
        at += line.len();
    }
    found
}

/// Where keys lie in a text, to see whether a place is within one.
pub(super) struct Spans {
    /// Before it, a key may be open whose label is not seen.
    floor: usize,
    spans: Vec<Range<usize>>,
}

impl Spans {
    /// Of the lines of `text` in `within`; `whole`: nothing before them matters.
    pub(super) fn of(text: &[u8], within: Range<usize>, whole: bool) -> Self {
        let lines = text.get(within.clone()).unwrap_or_default();
        let floor = if whole { within.start } else { no_key_is_open(lines).map_or(usize::MAX, |at| within.start + at) };
        Self { floor, spans: Keys::of(text, within).spans(text) }
    }

    /// Where the key begins that a place behind a line is within; the place itself: within none. `None`: that is not known.
    pub(super) fn start(&self, at: usize) -> Option<usize> {
        let before = self.spans.get(..self.spans.partition_point(|span| span.start < at))?;
        let within = before.last().filter(|span| at < span.end).map(|span| span.start);
        within.or((at >= self.floor).then_some(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_open_from_their_label_on_for_so_many_lines() {
        let label = b"x -----BEGIN PRIVATE KEY-----\n";
        for cut in 0..label.len() {
            let mut keys = KeysBefore::default();
            keys.read(b"a line\n");
            assert!(keys.none_is_open());
            keys.read(&label[..cut]);
            keys.read(&label[cut..]);
            assert!(!keys.none_is_open(), "{cut}");
            keys.read(&b"QUJD\n".repeat(KEY_LINES_MAX - 1));
            assert!(!keys.none_is_open());
            keys.read(b"QUJD\nQUJD\n");
            assert!(keys.none_is_open());
        }
    }
}
