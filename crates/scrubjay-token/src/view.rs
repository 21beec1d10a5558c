//! Views: a text with one layer of encoding taken off, and where each of its bytes came from.

mod broken;
mod control;
mod escapes;
mod quoted;

use std::ops::Range;

use crate::runs::{any_triple, table_of};
pub(crate) use broken::{broken, html_break};
pub(crate) use control::has_control;
pub(crate) use escapes::escape_at;
use escapes::{backslash, entity, hex};
pub(crate) use quoted::unquoted;

/// A decoded text; each byte knows the bytes of the original that it stands for.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) text: Vec<u8>,
    from: Vec<u32>,
    to: Vec<u32>,
    /// Where joined lines meet: begin and end of each continuation, in this text.
    joints: Vec<Joint>,
    /// What was left out between two bytes of a line stays, too.
    gaps: bool,
    /// What shows as nothing was left out.
    pub(crate) hides: bool,
    /// Bytes were decoded: what is put in their place is text of the original, not of this view.
    pub(crate) decoded: bool,
}

/// A line that was taken for the continuation of the one before.
struct Joint {
    span: Range<usize>,
    /// The carrier says so, or the width does. Otherwise only a token that comes out whole proves it.
    sure: bool,
}

impl View {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { text: Vec::with_capacity(bytes), from: Vec::with_capacity(bytes), to: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// A view of values that stand apart from each other.
    pub(crate) fn with_gaps() -> Self {
        Self { gaps: true, ..Self::default() }
    }

    pub(crate) fn push(&mut self, byte: u8, from: usize, to: usize) {
        self.text.push(byte);
        self.from.push(from as u32);
        self.to.push(to as u32);
    }

    pub(crate) fn copy(&mut self, text: &[u8], range: Range<usize>) {
        // Between two escapes there is little.
        if range.len() < SHORT_COPY_BYTES {
            return range.for_each(|at| self.push(text[at], at, at + 1));
        }
        self.text.extend_from_slice(&text[range.clone()]);
        self.from.extend(range.start as u32..range.end as u32);
        self.to.extend(range.start as u32 + 1..range.end as u32 + 1);
    }

    /// The bytes of the original that a non-empty span of this text stands for.
    pub(crate) fn source(&self, span: &Range<usize>) -> Range<usize> {
        if span.is_empty() {
            let at = self.from.get(span.start).copied().or(self.to.last().copied()).unwrap_or(0) as usize;
            return at..at;
        }
        self.from[span.start] as usize..self.to[span.end - 1] as usize
    }

    /// The end of what of `span` stands for bytes of the original before `end`.
    pub(crate) fn before(&self, span: &Range<usize>, end: usize) -> usize {
        let from = self.from.get(span.clone()).unwrap_or_default();
        span.start + from.partition_point(|&at| (at as usize) < end)
    }

    /// Appends the continuation of what came before, of which the first `own` bytes belong together. See
    /// [`Self::reach`].
    pub(crate) fn join(&mut self, text: &[u8], range: Range<usize>, own: usize, sure: bool) {
        let start = self.text.len();
        self.copy(text, range);
        self.joints.push(Joint { span: start..start + own, sure });
    }

    /// Appends another view of the same original.
    pub(crate) fn append(&mut self, other: Self) {
        let at = self.text.len();
        self.joints.extend(other.joints.into_iter().map(|j| Joint { span: at + j.span.start..at + j.span.end, ..j }));
        self.text.extend(other.text);
        self.from.extend(other.from);
        self.to.extend(other.to);
    }

    /// A view of this view's text as a view of the original.
    pub(crate) fn then(&self, inner: &Self) -> Self {
        let from = inner.from.iter().map(|&at| self.from[at as usize]).collect();
        let to = inner.to.iter().map(|&end| self.to[end as usize - 1]).collect();
        Self { text: inner.text.clone(), from, to, decoded: inner.decoded, ..Self::default() }
    }

    /// True where lines were joined.
    pub(crate) fn is_joined(&self) -> bool {
        !self.joints.is_empty()
    }

    /// True where everything that was joined is sure to belong together.
    pub(crate) fn is_sure(&self) -> bool {
        self.joints.iter().all(|j| j.sure)
    }

    /// True where each continuation begins within one of these ranges of the original, which are in order.
    pub(crate) fn joins_within(&self, ranges: &[Range<usize>]) -> bool {
        let is_within = |at: usize| ranges.partition_point(|r| r.start <= at).checked_sub(1).is_some_and(|i| at < ranges[i].end);
        self.joints.iter().all(|joint| is_within(self.source(&(joint.span.start..joint.span.start + 1)).start))
    }

    /// True where no value that was joined holds a sign of an escape, or what shows as nothing: from the beginning of its first
    /// line to where its last piece ends, at the latest.
    pub(crate) fn joins_plain_text(&self, original: &[u8]) -> bool {
        let mut from = 0;
        self.joints.iter().enumerate().all(|(i, joint)| {
            let start = joint.span.start;
            let line = memchr::memrchr(b'\n', &self.text[from..start]).map_or(from, |end| from + end + 1);
            // A piece that stands in quotes may have blanks.
            let at = self.from.get(start).map_or(0, |&at| at as usize);
            let quoted = at > 0 && matches!(original.get(at - 1), Some(b'"' | b'\''));
            let ends = |b: &u8| *b == b'\n' || !quoted && matches!(b, b' ' | b'\t');
            let next = self.joints.get(i + 1).map_or(self.text.len(), |next| next.span.start);
            let end = self.text[start..next].iter().position(ends).map_or(next, |len| start + len);
            from = end;
            is_plain(&self.text, line..end)
        })
    }

    /// Where the last line begins that a span crosses into.
    pub(crate) fn last_joint(&self, span: &Range<usize>) -> Option<usize> {
        let at = self.joints.partition_point(|j| j.span.start < span.end);
        self.joints[..at].last().map(|j| j.span.start).filter(|&start| span.start < start)
    }

    /// How far a span may go that runs over joined lines: to its end, or up to the first line that is somebody else's,
    /// because the span ends within it or because nothing proves that it belongs here (`complete`: the token comes out
    /// complete, which does). `None`: that is the first line that it crosses into.
    pub(crate) fn reach(&self, span: &Range<usize>, complete: bool) -> Option<usize> {
        let from = self.joints.partition_point(|j| j.span.start <= span.start);
        let to = self.joints.partition_point(|j| j.span.start < span.end);
        let joints = &self.joints[from..to.max(from)];
        // An escape that is cut at the end is nobody else's, nor is a byte in hex that somebody else's letters are glued to.
        let is_byte = |rest: &[u8]| matches!(rest, [b'-', digits @ ..] if digits.len() <= 2 && digits.iter().all(u8::is_ascii_hexdigit));
        let reaches = |end: usize| {
            span.end >= end
                || end - span.end < ESCAPE_BYTES_MAX && b"%\\&".contains(&self.text[span.end])
                || is_byte(&self.text[span.end..end])
        };
        match joints.iter().position(|j| !reaches(j.span.end) || !(j.sure || complete)) {
            None => Some(span.end),
            Some(0) => None,
            Some(i) => Some(joints[i].span.start),
        }
    }

    /// As [`Self::source`], in pieces: what was left out with a line end (a break, an indentation, a prefix) stays, what was
    /// left out within a line goes with its neighbours.
    pub(crate) fn pieces(&self, original: &[u8], span: &Range<usize>) -> Vec<Range<usize>> {
        let mut pieces: Vec<Range<usize>> = Vec::new();
        for at in span.clone() {
            let (from, to) = (self.from[at] as usize, self.to[at] as usize);
            match pieces.last_mut() {
                Some(last) if from <= last.end || !self.gaps && !original[last.end..from].contains(&b'\n') => last.end = last.end.max(to),
                _ => pieces.push(from..to),
            }
        }
        pieces
    }
}

/// Bytes that are sooner copied one by one.
const SHORT_COPY_BYTES: usize = 6;

/// Nothing in a stretch of the text is changed by a view that decodes something. A sign of quoted-printable has digits behind it, or
/// a line end where it is no padding.
fn is_plain(text: &[u8], stretch: Range<usize>) -> bool {
    let is_sign = |at: usize| match text[at] {
        b'%' | b'\\' | b'&' | b'!' | b'#' | b'^' | b'<' => true,
        b'=' => match text.get(at + 1) {
            None | Some(b'\r' | b'\n') => at == 0 || text[at - 1] != b'=',
            Some(next) => next.is_ascii_hexdigit(),
        },
        b' '..=b'~' | b'\t' => false,
        _ => true,
    };
    !has_control(&text[stretch.clone()]) && !stretch.into_iter().any(is_sign)
}

/// Longest escape of one character that is cut at the end of a text.
const ESCAPE_BYTES_MAX: usize = 10;

/// The text with one layer of percent (RFC 3986 §2.1), string and HTML escapes taken off. `None`: there are none.
pub(crate) fn unescaped(text: &[u8]) -> Option<View> {
    static SIGNS: [bool; 256] = table_of(b"%\\&!#^_");
    let next = |mut at: usize| loop {
        at += text[at..].iter().position(|&b| SIGNS[b as usize])?;
        match escape_at(text, at) {
            Some((code, len)) => return Some((at, code, len)),
            None => at += 1,
        }
    };
    let mut escape = next(0);
    escape?;
    let mut view = View::with_capacity(text.len());
    view.decoded = true;
    let mut done = 0;
    while let Some((at, code, len)) = escape {
        view.copy(text, done..at);
        // Percent, \x and octal escapes give bytes, the others characters.
        let byte = match text[at] {
            b'\\' => matches!(text[at + 1], b'x' | b'0'..=b'3'),
            b'&' => false,
            _ => len == 3,
        };
        match u8::try_from(code) {
            Ok(code) if byte || code < 0x80 => view.push(code, at, at + len),
            _ => {
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                for &byte in c.encode_utf8(&mut [0; 4]).as_bytes() {
                    view.push(byte, at, at + len);
                }
            }
        }
        done = at + len;
        escape = next(done);
    }
    view.copy(text, done..text.len());
    Some(view)
}

/// Longest operating system command that a terminal is given within a text, in bytes: a hyperlink has an address.
const COMMAND_BYTES_MAX: usize = 512;

/// Length of a sequence that shows as nothing: zero-width characters, soft hyphens, byte order marks, terminal colours and
/// commands (OSC 8 begins and ends a hyperlink), `<wbr>`, control bytes.
pub(crate) fn invisible(text: &[u8], at: usize) -> usize {
    match &text[at..] {
        [0xE2, 0x80, 0x8B..=0x8F | 0xAA..=0xAE, ..]
        | [0xE2, 0x81, 0xA0..=0xA4, ..]
        | [0xEF, 0xBB, 0xBF, ..]
        | [0xEF, 0xB8, 0x80..=0x8F, ..] => 3,
        [0xC2, 0xAD, ..] => 2,
        [0x1B, b'[', rest @ ..] => {
            let parameters = rest.iter().take(32).take_while(|&&b| b.is_ascii_digit() || b == b';').count();
            if matches!(rest.get(parameters), Some(b'm' | b'K')) { parameters + 3 } else { 0 }
        }
        // Up to BEL or ST (ECMA-48 §8.3.89).
        [0x1B, b']', rest @ ..] => match rest.iter().take(COMMAND_BYTES_MAX).position(|&b| b < b' ') {
            Some(len) if rest[len] == 0x07 => len + 3,
            Some(len) if rest[len..].starts_with(b"\x1b\\") => len + 4,
            _ => 0,
        },
        [b'<', b'w' | b'W', b'b' | b'B', b'r' | b'R', rest @ ..] => {
            let tail = rest.iter().take(3).take_while(|&&b| matches!(b, b' ' | b'/')).count();
            if rest.get(tail) == Some(&b'>') { tail + 5 } else { 0 }
        }
        [0x00 | 0x7F, ..] => 1,
        _ => 0,
    }
}

/// True for a byte with which [`invisible`] or a [`wide_dot`] may begin.
pub(crate) fn shows_as_nothing(b: u8) -> bool {
    matches!(b, 0x00 | 0x1B | 0x7F | 0xC2 | 0xE2 | 0xE3 | 0xEF | b'<')
}

/// Length of a full-width full stop.
pub(crate) fn wide_dot(text: &[u8], at: usize) -> usize {
    if text[at..].starts_with(&[0xEF, 0xBC, 0x8E]) || text[at..].starts_with(&[0xE3, 0x80, 0x82]) { 3 } else { 0 }
}

/// Length of what shows as nothing, or of a wide dot, at `at`; 0 where neither begins.
pub(crate) fn hidden_len(text: &[u8], at: usize) -> usize {
    match text.get(at) {
        Some(&b) if shows_as_nothing(b) => invisible(text, at) + wide_dot(text, at),
        _ => 0,
    }
}

/// Most backslashes before one escape: JSON in JSON in JSON doubles them each time.
const SLASHES_MAX: usize = 64;
/// Longest sequence that shows as nothing, written as escapes of its bytes.
const HIDDEN_BYTES_MAX: usize = 16;

/// One escape at `at`, whatever escaped its own sign: its code and its length. `slashes`: how many a backslash of it is.
fn layered(text: &[u8], at: usize, slashes: usize) -> Option<(u32, usize)> {
    match text.get(at)? {
        b'\\' => {
            let run = text[at..].iter().take(SLASHES_MAX).take_while(|&&b| b == b'\\').count();
            // What has a letter of its own (`\"`, `\n`) is no brace, shows as something, and is no sign of another escape.
            if run != slashes || !matches!(text.get(at + run), Some(b'u' | b'U' | b'x' | b'0'..=b'3' | b'\\')) {
                return None;
            }
            let (code, len) = backslash(text, at + run - 1)?;
            Some((code, run - 1 + len))
        }
        b'%' => {
            // `%25E2` as `%E2`.
            let mut sign = at + 1;
            while text[sign..].starts_with(b"25") && sign - at < HIDDEN_BYTES_MAX {
                sign += 2;
            }
            match hex(text, sign, 2) {
                Some(code) => Some((code, sign + 2 - at)),
                None => escape_at(text, at),
            }
        }
        b'&' => {
            // `&amp;#8203;` as `&#8203;`.
            let mut sign = at;
            while text[sign + 1..].starts_with(b"amp;") && sign - at < HIDDEN_BYTES_MAX {
                sign += 4;
            }
            if sign == at {
                return entity(text, at);
            }
            let inner = [b"&", text.get(sign + 1..text.len().min(sign + 1 + HIDDEN_BYTES_MAX))?].concat();
            entity(&inner, 0).map(|(code, len)| (code, sign - at + len))
        }
        _ => None,
    }
}

/// A brace that is written as an escape at `at`, and its length.
pub(crate) fn brace(text: &[u8], at: usize) -> Option<(u8, usize)> {
    brace_under(text, at, SIGNS_MAX)
}

/// Most signs of escapes that are written as escapes themselves, one in the other.
const SIGNS_MAX: usize = 3;

fn brace_under(text: &[u8], at: usize, signs: usize) -> Option<(u8, usize)> {
    let slashes = text[at..].iter().take(SLASHES_MAX).take_while(|&&b| b == b'\\').count();
    match layered(text, at, slashes)? {
        (0x7B, len) => Some((b'{', len)),
        (0x7D, len) => Some((b'}', len)),
        // The sign of another escape: `\u0026#123;` as `&#123;`.
        (code @ (0x25 | 0x26 | 0x5C), len) if signs > 0 => {
            let rest = text.get(at + len..text.len().min(at + len + HIDDEN_BYTES_MAX))?;
            let (brace, inner) = brace_under(&[&[code as u8], rest].concat(), 0, signs - 1)?;
            Some((brace, len + inner - 1))
        }
        _ => None,
    }
}

/// The bytes that an escape stands for: percent, `\x` and octal escapes give bytes, the others characters.
fn layered_bytes(text: &[u8], at: usize, code: u32, len: usize, out: &mut Vec<u8>) {
    let last = text[at..at + len].iter().rposition(|&b| matches!(b, b'\\' | b'%')).map_or(at, |i| at + i);
    let byte = match text[at] {
        b'\\' => matches!(text.get(last + 1), Some(b'x' | b'0'..=b'3')),
        b'&' => false,
        _ => !matches!(text.get(at + 1), Some(b'u' | b'U')),
    };
    match u8::try_from(code) {
        Ok(code) if byte || code < 0x80 => out.push(code),
        _ => out.extend_from_slice(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Length of what shows as nothing at `at` and is written in escapes (`\u200b`, `\x1b[0m`, `&#8203;`, `%E2%80%8B`, `\u0000`),
/// a backslash as so many, and what it stands for. `None`: nothing that does.
pub(crate) fn escaped_hidden_as(text: &[u8], at: usize, slashes: usize) -> Option<(usize, Option<u8>)> {
    let (code, len) = layered(text, at, slashes)?;
    // An entity without its semicolon may go on.
    if !(code == 0 || code == 0x1B || code >= 0x7F) || text[at] == b'&' && text[at + len - 1] != b';' {
        return None;
    }
    let mut bytes = Vec::with_capacity(HIDDEN_BYTES_MAX);
    layered_bytes(text, at, code, len, &mut bytes);
    if !shows_as_nothing(bytes[0]) {
        return None;
    }
    let mut end = at + len;
    // A character of several bytes, each of them escaped, or the colour behind an escaped ESC.
    for _ in 0..HIDDEN_BYTES_MAX {
        let dot = wide_dot(&bytes, 0);
        if dot > 0 {
            return Some((end - at, Some(b'.')));
        }
        if invisible(&bytes, 0) == bytes.len() {
            return Some((end - at, None));
        }
        match layered(text, end, slashes) {
            Some((code, len)) => {
                layered_bytes(text, end, code, len, &mut bytes);
                end += len;
            }
            None => {
                bytes.push(*text.get(end)?);
                end += 1;
            }
        }
    }
    None
}

/// False where no escape has the digits or the letter of one that shows as nothing ([`layered`]), and no byte does: a quick look.
fn may_hide(text: &[u8]) -> bool {
    // The upper digit of 0, of ESC, of DEL, and of what is no ASCII.
    let is_upper = |b: u8| (b == b'0') | (b == b'1') | (b.wrapping_sub(b'7') < 3) | ((b | 0x20).wrapping_sub(b'a') < 6);
    let is_raw = |b: u8| (b == 0) | (b == 0x1B) | (b >= 0x7F) | (b == b'<');
    any_triple(text, |a, b, c| {
        let percent = (a == b'%') & (is_upper(b) | (b | 0x20 == b'u')) | (a == b'2') & (b == b'5') & is_upper(c);
        let backslash = (a == b'\\') & ((b | 0x20 == b'u') | (b == b'x') | (b.wrapping_sub(b'0') < 4));
        percent | backslash | (a == b'&') | is_raw(a)
    }) || text[text.len().saturating_sub(2)..].iter().any(|&b| is_raw(b))
}

/// The text without what shows as nothing between two letters, raw or in escapes, and with full-width dots as dots. `None`: nothing of it.
pub(crate) fn visible(text: &[u8]) -> Option<View> {
    if may_hide(text) {
        return without_hidden(text);
    }
    debug_assert!(without_hidden(text).is_none());
    None
}

/// As [`visible`], of any text.
fn without_hidden(text: &[u8]) -> Option<View> {
    // How often the sign of an escape is escaped itself is the same all over a text: what has fewer backslashes than the
    // others shows it (`\\x00` may be a backslash and `\x00`).
    let mut slashes = usize::MAX;
    let mut hidden = false;
    let mut at = 0;
    static MAY_HIDE: [bool; 256] = table_of(b"\0\x1B\x7F\xC2\xE2\xE3\xEF<\\%&");
    let is_sign = |&b: &u8| MAY_HIDE[b as usize];
    while let Some(plain) = text[at..].iter().position(is_sign) {
        at += plain;
        let run = text[at..].iter().take(SLASHES_MAX).take_while(|&&b| b == b'\\').count();
        if run > 0 {
            if escaped_hidden_as(text, at, run).is_some() {
                slashes = slashes.min(run);
                hidden = true;
            }
            at += run;
            continue;
        }
        hidden |= hidden_len(text, at) > 0 || matches!(text[at], b'%' | b'&') && escaped_hidden_as(text, at, 0).is_some();
        at += 1;
    }
    if !hidden {
        return None;
    }
    let mut view = View::with_capacity(text.len());
    view.hides = true;
    let mut at = 0;
    while at < text.len() {
        let plain = text[at..].iter().position(is_sign).unwrap_or(text.len() - at);
        view.copy(text, at..at + plain);
        at += plain;
        if at == text.len() {
            break;
        }
        let len = hidden_len(text, at);
        let run = text[at..].iter().take(SLASHES_MAX).take_while(|&&b| b == b'\\').count();
        let (skip, hidden) = if len > 0 {
            (0, Some((len, (wide_dot(text, at) > 0).then_some(b'.'))))
        } else if run >= slashes {
            (run - slashes, escaped_hidden_as(text, at + run - slashes, slashes))
        } else if run == 0 && matches!(text[at], b'%' | b'&') {
            (0, escaped_hidden_as(text, at, 0))
        } else {
            (0, None)
        };
        match hidden {
            Some((len, stands_for)) => {
                view.copy(text, at..at + skip);
                at += skip;
                if let Some(byte) = stands_for {
                    view.push(byte, at, at + len);
                }
                at += len;
            }
            None => {
                view.copy(text, at..at + run.max(1));
                at += run.max(1);
            }
        }
    }
    Some(view)
}

/// A line without what shows as nothing, zero bytes of UTF-16 included. `None`: there is nothing of it.
#[must_use]
pub fn visible_line(line: &[u8]) -> Option<Vec<u8>> {
    visible(line).map(|view| view.text)
}

/// A line with up to two layers of escapes taken off, as those take them off that carry a divided record on. `None`: it has none.
#[must_use]
pub fn unescaped_line(line: &[u8]) -> Option<Vec<u8>> {
    let once = unescaped(line)?.text;
    Some(unescaped(&once).map_or(once, |twice| twice.text))
}

/// Byte order of UTF-16 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wide {
    /// Low byte first.
    Little,
    /// High byte first.
    Big,
}

/// ASCII text as UTF-16 read as bytes. `None` where no long stretch of it is.
pub(crate) fn narrowed(text: &[u8], order: Wide) -> Option<View> {
    const STRETCH_MIN: usize = 16;
    let pair = |at: usize| match (order, text.get(at..at + 2)) {
        (Wide::Little, Some(&[c, 0])) | (Wide::Big, Some(&[0, c])) if c != 0 => Some(c),
        _ => None,
    };
    let mut view = View::with_capacity(text.len() / 2);
    let (mut at, mut stretch, mut longest) = (0, 0, 0);
    while at < text.len() {
        if let Some(c) = pair(at) {
            view.push(c, at, at + 2);
            at += 2;
            stretch += 1;
            longest = longest.max(stretch);
        } else {
            // What is not UTF-16 keeps its neighbours apart.
            if stretch > 0 || view.text.is_empty() {
                view.push(b'\n', at, at + 1);
            }
            stretch = 0;
            at += 1;
        }
    }
    (longest >= STRETCH_MIN).then_some(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(view: Option<View>, text: &str, at: usize, source: Range<usize>) {
        let view = view.expect("a view");
        assert_eq!(String::from_utf8_lossy(&view.text), text);
        assert_eq!(view.source(&(at..at + 1)), source);
    }

    #[test]
    fn escapes() {
        check(unescaped(b"a%2Eb"), "a.b", 1, 1..4);
        check(unescaped(br"\u0065y\x4A\112\/"), "eyJJ/", 1, 6..7);
        check(unescaped(b"a&#46;b&#x2e;c&period;&quot;"), "a.b.c.\"", 3, 7..13);
        assert!(unescaped(b"100% of a & b \\ c").is_none());
    }

    #[test]
    fn quoted_printable_only_where_it_is_plain() {
        let line = "b".repeat(70);
        check(unquoted(format!("a=2E{line}=\r\nc").as_bytes()), &format!("a.{line}c"), 72, 77..78);
        assert!(unquoted(b"token=abc=\nDec 10 next line").is_none());
        assert!(unquoted(b"a=b&c=DE").is_none());
    }

    #[test]
    fn wide_text() {
        let text: Vec<u8> = "eyJhbGciOiJIUzI1NiJ9".bytes().flat_map(|b| [b, 0]).collect();
        check(narrowed(&text, Wide::Little), "eyJhbGciOiJIUzI1NiJ9", 1, 2..4);
        assert!(narrowed(b"plain text that goes on and on and on", Wide::Little).is_none());
    }

    #[test]
    fn a_joined_value_is_plain_where_nothing_in_it_is_escaped() {
        use crate::token::Whole;
        use crate::wrap::{Alphabet, joined};
        let line = "Ab1-".repeat(16);
        let check = |text: String, plain: bool| {
            let view = joined(text.as_bytes(), Alphabet::Compact, &Whole::default()).expect("joined lines");
            assert_eq!(view.joins_plain_text(text.as_bytes()), plain, "{text}");
        };
        check(format!("%41\nt: {line}\n{line}\nCd2\n%41\n"), true);
        check(format!("t: {line}\n{line}\nCd2 \\n%41\n"), true);
        check(format!("%41 t: {line}\n{line}\nCd2\n"), false);
        check(format!("t: {}%2\nE{}\nCd2\n", &line[..62], &line[..63]), false);
        check(format!("t: {line}\n{line}\nCd2%41\n"), false);
        check(format!("t: {line}\n{line}\nCd2\\n\n"), false);
        check(format!("t: {line}\n{line}\nCd2=\n"), false);
        check(format!("t: {line}\n{line}\nCd2==\n"), true);
    }
}
