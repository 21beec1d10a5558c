//! Keys whose lines stand apart: each in a record of its own, behind the same header (a log line, a container's line, JSON),
//! or parted by the same few signs (an array of lines, `<br>`, a table).
//!
//! What proves that they belong together is the line that announces the key, and that all lines are framed as it is.

use std::ops::Range;

use super::{Body, PART_CHARS_MIN, der, is_body, is_body_of_key, is_digest, is_end, is_rest, is_word, label_end};
use crate::compact::is_mixed;
use crate::edges::behind_colour;
use crate::token::Cut;
use crate::view::hidden_len;

/// Longest frame before or behind a line of a key, in bytes.
pub(super) const FRAME_BYTES_MAX: usize = 2048;
/// Most lines of a key: RSA of 16384 bits has 200.
pub(super) const LINES_MAX: usize = 512;
/// Most empty lines between two of a key.
pub(super) const EMPTY_LINES_MAX: usize = 2;
/// Longest separator of lines, in bytes, and its longest word (`<br>`, `\n`).
const SEPARATOR_BYTES_MAX: usize = 40;
const SEPARATOR_WORD_MAX: usize = 3;
/// Lengths of a full line of a key that is not announced by the line before it.
pub(super) const FULL_LINE_CHARS: std::ops::RangeInclusive<usize> = 60..=76;

/// How much of `text` is framed as `frame` is, from the beginning: the same signs and words; words with a digit in them
/// (times, counters, identifiers), the number of blanks and what shows as nothing may be others.
pub(crate) fn framed_as(frame: &[u8], text: &[u8]) -> Option<usize> {
    let blanks = |text: &[u8]| text.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let word = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let (mut i, mut j) = (0, 0);
    while let Some(&b) = frame.get(i) {
        let hidden = hidden_len(frame, i);
        if hidden > 0 {
            (i, j) = (i + hidden, j + hidden_len(text, j));
            continue;
        }
        if matches!(b, b' ' | b'\t') {
            i += blanks(&frame[i..]);
            j += blanks(&text[j..]);
            continue;
        }
        let len = word(&frame[i..]);
        if len == 0 {
            if text.get(j) != Some(&b) {
                return None;
            }
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let (this, other) = (&frame[i..i + len], &text[j..j + word(&text[j..])]);
        let numbers = this.iter().any(u8::is_ascii_digit) && other.iter().any(u8::is_ascii_digit);
        if this != other && !numbers {
            return None;
        }
        (i, j) = (i + len, j + other.len());
    }
    Some(j)
}

/// The same up to the end of both, trailing blanks aside.
fn is_framed_as(frame: &[u8], text: &[u8]) -> bool {
    framed_as(frame.trim_ascii_end(), text).is_some_and(|len| text[len..].trim_ascii().is_empty())
}

fn line_end(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |i| at + i)
}

/// Length of the base64 at `at`, padding included.
pub(super) fn body_len(text: &[u8], at: usize) -> usize {
    text[at..].iter().take_while(|&&b| is_body(b) || b == b'=').count()
}

/// The lines of a key so far.
#[derive(Default)]
struct Lines {
    lines: Vec<Range<usize>>,
    chars: usize,
    width: usize,
    has_headers: bool,
    /// An empty line stands before the first one, and may stand before each.
    is_spaced: bool,
    /// So many stand above an empty line that is the only one.
    parted: Option<usize>,
    /// A shorter line was the last one of the body.
    closed: bool,
    /// The marker at the end.
    end: Option<Range<usize>>,
}

impl Lines {
    /// True where the line belongs to the key: all lines are of one width, the last one is shorter, and the first one may
    /// have lost its beginning.
    fn take(&mut self, line: Range<usize>, behind_empty: bool) -> bool {
        let len = line.len();
        let is_first = self.lines.is_empty();
        let fits = if is_first { len >= PART_CHARS_MIN } else { len <= self.width || self.lines.len() == 1 };
        if self.closed || len == 0 || !fits || self.lines.len() == LINES_MAX {
            return false;
        }
        self.is_spaced |= is_first && behind_empty && !self.has_headers;
        if behind_empty && !is_first && !self.is_spaced {
            self.parted.get_or_insert(self.lines.len());
        }
        self.closed = !is_first && len < self.width;
        self.width = len;
        self.chars += len;
        self.lines.push(line);
        true
    }

    fn body(mut self, text: &[u8]) -> Option<Body> {
        // Without the key's end, what stands below an empty line is somebody else's, and so is what stands behind all that it has.
        if self.end.is_none() {
            let most = self.lines.first().and_then(|line| der::key_chars(&text[line.clone()])).unwrap_or(usize::MAX);
            let mut chars = 0;
            let own = self.lines.iter().take_while(|line| {
                let is_own = chars < most && !is_word(&text[(*line).clone()]);
                chars += line.len();
                is_own
            });
            let own = own.count();
            let count = self.parted.unwrap_or(own).min(own);
            self.closed &= count == self.lines.len();
            self.lines.truncate(count);
            self.chars = self.lines.iter().map(ExactSizeIterator::len).sum();
        }
        // Without the key's end, a short last line may be a word of somebody else.
        if self.closed
            && self.end.is_none()
            && let Some(last) = self.lines.pop_if(|last| !is_rest(&text[last.clone()]))
        {
            self.chars -= last.len();
        }
        let cut = if self.end.is_none() { Some(Cut::Payload) } else { None };
        let is_body = is_body_of_key(text, self.chars, &self.lines);
        self.lines.extend(self.end);
        let end = self.lines.last()?.end;
        is_body.then_some(Body { lines: self.lines, end, chars: self.chars, cut })
    }
}

/// What a line says in the frame of a key's lines.
pub(super) enum Said {
    /// Nothing.
    Empty,
    /// A header of an encrypted key (RFC 1421 §4.6).
    Header,
    /// A line of the body.
    Body(Range<usize>),
    /// The marker at the key's end, as far as it is there.
    End(Option<Range<usize>>),
}

/// What stands before a key's lines and behind them.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) before: &'a [u8],
    pub(super) behind: &'a [u8],
}

/// No frame but an indentation.
pub(super) const PLAIN: Frame<'static> = Frame { before: b"", behind: b"" };

impl Frame<'_> {
    /// What is said at `line` of a text, if it is framed so and says nothing else.
    pub(super) fn said(self, text: &[u8], line: Range<usize>) -> Option<Said> {
        let bytes = &text[line.clone()];
        let Some(head) = framed_as(self.before, bytes) else {
            // Before a line that is empty there may be no frame.
            return bytes.trim_ascii().is_empty().then_some(Said::Empty);
        };
        let core = line.start + head + bytes[head..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let own = &text[core..line.end];
        if is_end(own) {
            return Some(Said::End(label_end(text, core).map(|close| core..close)));
        }
        if own.starts_with(b"Proc-Type:") || own.starts_with(b"DEK-Info:") {
            return Some(Said::Header);
        }
        let len = body_len(own, 0);
        // Whatever announced a key: a digest is no line of it.
        if is_digest(&own[..len]) {
            return None;
        }
        // The sign of a table's column (`+`) is of the alphabet.
        let glued = usize::from(len > 0 && own[len - 1] == b'+' && self.behind.trim_ascii().starts_with(b"+"));
        let cut = [0, glued].into_iter().find(|cut| is_framed_as(self.behind, &own[len - cut..]))?;
        Some(if len == 0 { Said::Empty } else { Said::Body(core..core + len - cut) })
    }
}

/// The frame of the label's line; `None`: nothing follows it.
fn frame_of<'a>(text: &'a [u8], label: &Range<usize>) -> Option<(Frame<'a>, usize)> {
    let reach = label.start.saturating_sub(FRAME_BYTES_MAX);
    let start = memchr::memrchr(b'\n', &text[reach..label.start]).map(|i| reach + i + 1).or((reach == 0).then_some(0))?;
    let end = label.end + memchr::memchr(b'\n', &text[label.end..text.len().min(label.end + FRAME_BYTES_MAX)])?;
    Some((Frame { before: &text[start..label.start], behind: &text[label.end..end] }, end + 1))
}

/// The body of the key whose label is at `label`, where each line is framed as that one is.
pub(super) fn framed(text: &[u8], label: &Range<usize>) -> Option<Body> {
    let (frame, mut at) = frame_of(text, label)?;
    let (mut lines, mut empty) = (Lines::default(), 0);
    while at < text.len() {
        let end = line_end(text, at);
        match frame.said(text, at..end) {
            Some(Said::Header) => lines.has_headers = true,
            Some(Said::Empty) if empty < EMPTY_LINES_MAX => empty += 1,
            Some(Said::Body(line)) if lines.take(line.clone(), empty > 0) => empty = 0,
            Some(Said::End(close)) => {
                lines.end = close;
                break;
            }
            _ => break,
        }
        at = end + 1;
    }
    lines.body(text)
}

/// The body of the key whose label ends at `label.end`, where the same few signs part all lines.
pub(super) fn separated(text: &[u8], label: &Range<usize>) -> Option<Body> {
    let near = &text[label.end..text.len().min(label.end + SEPARATOR_BYTES_MAX + PART_CHARS_MIN)];
    let first = (0..near.len()).find(|&at| body_len(near, at) >= PART_CHARS_MIN)?;
    let first = behind_colour(near, first, near.len());
    let separator = &near[..first];
    let mut words = separator.split(|b| !b.is_ascii_alphanumeric());
    if first == 0 || first > SEPARATOR_BYTES_MAX || words.any(|word| word.len() > SEPARATOR_WORD_MAX) {
        return None;
    }
    let (mut lines, mut at) = (Lines::default(), label.end);
    while let Some(len) = text.get(at..).and_then(|rest| framed_as(separator, rest)) {
        at += len;
        if is_end(&text[at..]) {
            lines.end = label_end(text, at).map(|close| at..close);
            break;
        }
        let len = body_len(text, at);
        let glued = usize::from(len > 0 && text[at + len - 1] == b'+' && separator.trim_ascii().starts_with(b"+"));
        if is_digest(&text[at..at + len]) || !lines.take(at..at + len - glued, false) {
            break;
        }
        at += len - glued;
    }
    // Lines of their own are framed as the label's is, or long, or the key is all there.
    let is_proven = lines.end.is_some() || !separator.contains(&b'\n') || lines.width >= *FULL_LINE_CHARS.start();
    if !is_proven {
        return None;
    }
    lines.body(text)
}

/// True where a key that is divided into lines of their own frames may go on behind `line`, as `before`, the line before it,
/// says: it announces a key, or both hold a full line of one, framed in the same way.
#[must_use]
pub fn continues_key(before: &[u8], line: &[u8]) -> bool {
    let (is_empty, is_empty_before) = (line.trim_ascii().is_empty(), before.trim_ascii().is_empty());
    // Line ends may be doubled.
    if is_empty || is_empty_before {
        let other = if is_empty { before } else { line };
        return is_empty != is_empty_before && (is_short_line(other) || super::opens_key(before));
    }
    // A search for one byte is soon begun, and few lines have this one.
    if memchr::memchr(b'V', before).is_some() && super::opens_key(before) {
        return (0..line.len()).any(|at| begins_body(line, at));
    }
    let Some(full) = full_line(before) else { return false };
    framed_as(&before[..full.start], line).is_some_and(|head| line.get(head).is_some_and(|&b| is_body(b)))
}

/// Nothing but whole groups of base64, as the last line of a body is.
fn is_short_line(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.len() <= *FULL_LINE_CHARS.end() && line.len().is_multiple_of(4) && body_len(line, 0) == line.len()
}

/// A run of base64 that may be a line of a key begins at `at`.
fn begins_body(line: &[u8], at: usize) -> bool {
    (at == 0 || !is_body(line[at - 1])) && line[at..].iter().take(PART_CHARS_MIN).filter(|b| is_body(**b)).count() == PART_CHARS_MIN
}

/// True where a line holds a full line of a key, in whatever frame: others may follow. One that holds several has a key of its
/// own.
#[must_use]
pub fn holds_key_line(line: &[u8]) -> bool {
    let Some(first) = full_line(line) else { return false };
    full_line(&line[first.end..]).is_none_or(|second| second.len() != first.len())
}

/// Where a full line of a key stands in a line. The parts of a token are parted by dots.
fn full_line(line: &[u8]) -> Option<Range<usize>> {
    let least = *FULL_LINE_CHARS.start();
    let is_body_or_padding = |b: &u8| is_body(*b) || *b == b'=';
    let (mut from, mut at) = (0, least - 1);
    // A run so long has one of these bytes.
    while at < line.len() {
        if !is_body_or_padding(&line[at]) {
            from = at + 1;
            at += least;
            continue;
        }
        let before = line[from..at].iter().rev().take_while(|b| is_body_or_padding(b)).count();
        let len = before + body_len(line, at);
        let start = at - before;
        // The sign of a table's column.
        let glued = usize::from(len > 0 && line[start + len - 1] == b'+' && line[start + len..].trim_ascii().is_empty());
        let is_part = start > 0 && b"._~%".contains(&line[start - 1]) || line.get(start + len).is_some_and(|b| b"._~%-".contains(b));
        if !is_part && FULL_LINE_CHARS.contains(&(len - glued)) && is_mixed(&line[start..start + len - glued]) {
            return Some(start..start + len - glued);
        }
        from = start + len;
        at = (from + least - 1).max(at + 1);
    }
    None
}
