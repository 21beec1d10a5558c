//! Views: a text with one layer of encoding taken off, and where each of its bytes came from.

use std::ops::Range;

/// A decoded text; each byte knows the bytes of the original that it stands for.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) text: Vec<u8>,
    from: Vec<u32>,
    to: Vec<u32>,
    /// Where joined lines meet: begin and end of each continuation, in this text.
    joints: Vec<Joint>,
}

/// A line that was taken for the continuation of the one before.
struct Joint {
    span: Range<usize>,
    /// The carrier says so, or the width does. Otherwise only a token that comes out whole proves it.
    sure: bool,
}

impl View {
    fn with_capacity(bytes: usize) -> Self {
        Self { text: Vec::with_capacity(bytes), from: Vec::with_capacity(bytes), to: Vec::with_capacity(bytes), joints: Vec::new() }
    }

    pub(crate) fn push(&mut self, byte: u8, from: usize, to: usize) {
        self.text.push(byte);
        self.from.push(from as u32);
        self.to.push(to as u32);
    }

    pub(crate) fn copy(&mut self, text: &[u8], range: Range<usize>) {
        for at in range {
            self.push(text[at], at, at + 1);
        }
    }

    /// The bytes of the original that a non-empty span of this text stands for.
    pub(crate) fn source(&self, span: &Range<usize>) -> Range<usize> {
        if span.is_empty() {
            let at = self.from.get(span.start).copied().or(self.to.last().copied()).unwrap_or(0) as usize;
            return at..at;
        }
        self.from[span.start] as usize..self.to[span.end - 1] as usize
    }

    /// True where lines were joined.
    pub(crate) fn is_joined(&self) -> bool {
        !self.joints.is_empty()
    }

    /// False for a span that has run into a line of somebody else: it ends within a continuation, or crosses into one that
    /// nothing proves (`whole`: the token comes out whole, which does).
    pub(crate) fn respects_joints(&self, span: &Range<usize>, whole: bool) -> bool {
        let crossed = self.joints.iter().filter(|j| span.start < j.span.start && j.span.start < span.end);
        crossed.into_iter().all(|j| span.end >= j.span.end && (j.sure || whole))
    }

    /// As [`Self::source`], in pieces: what was left out with a line end (a break, an indentation, a prefix) stays, what was
    /// left out within a line goes with its neighbours.
    pub(crate) fn pieces(&self, original: &[u8], span: &Range<usize>) -> Vec<Range<usize>> {
        let mut pieces: Vec<Range<usize>> = Vec::new();
        for at in span.clone() {
            let (from, to) = (self.from[at] as usize, self.to[at] as usize);
            match pieces.last_mut() {
                Some(last) if from <= last.end || !original[last.end..from].contains(&b'\n') => last.end = last.end.max(to),
                _ => pieces.push(from..to),
            }
        }
        pieces
    }
}

fn hex(text: &[u8], at: usize, digits: usize) -> Option<u32> {
    let digits = text.get(at..at + digits)?;
    digits.iter().try_fold(0, |n, &b| Some(n << 4 | (b as char).to_digit(16)?))
}

/// One character of the text: its code and how many bytes wrote it. `None`: it stands for itself.
pub(crate) fn escape_at(text: &[u8], at: usize) -> Option<(u32, usize)> {
    match text[at] {
        b'%' if matches!(text.get(at + 1), Some(b'u' | b'U')) => Some((hex(text, at + 2, 4)?, 6)),
        b'%' => Some((hex(text, at + 1, 2)?, 3)),
        b'\\' => backslash(text, at),
        b'&' => entity(text, at),
        // Our own markers write other bytes so; a forged one may hide a token in it.
        b'!' => Some((hex(text, at + 1, 2).filter(|_| !text[at + 1..at + 3].iter().any(u8::is_ascii_lowercase))?, 3)),
        _ => None,
    }
}

/// Escapes of JSON (RFC 8259 §7), C, JavaScript and Python strings.
fn backslash(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let next = *text.get(at + 1)?;
    match next {
        b'u' if text.get(at + 2) == Some(&b'{') => {
            let len = text[at + 3..].iter().take(7).position(|&b| b == b'}')?;
            Some((hex(text, at + 3, len)?, len + 4))
        }
        b'u' => Some((hex(text, at + 2, 4)?, 6)),
        b'U' => Some((hex(text, at + 2, 8)?, 10)),
        b'x' => Some((hex(text, at + 2, 2)?, 4)),
        b'0'..=b'3' => {
            let octal = text.get(at + 1..at + 4)?;
            let code = octal.iter().try_fold(0, |n, &b| Some(n << 3 | (b as char).to_digit(8)?))?;
            Some((code, 4))
        }
        b'/' | b'"' | b'\'' | b'\\' => Some((u32::from(next), 2)),
        b'n' => Some((10, 2)),
        b'r' => Some((13, 2)),
        b't' => Some((9, 2)),
        b'b' => Some((8, 2)),
        b'f' => Some((12, 2)),
        _ => None,
    }
}

/// HTML character references: numeric, and the named ones of what a token, its quotes and its separators are made of.
fn entity(text: &[u8], at: usize) -> Option<(u32, usize)> {
    const NAMES: [(&str, u8); 17] = [
        ("amp", b'&'),
        ("lt", b'<'),
        ("gt", b'>'),
        ("quot", b'"'),
        ("QUOT", b'"'),
        ("apos", b'\''),
        ("period", b'.'),
        ("lowbar", b'_'),
        ("UnderBar", b'_'),
        ("equals", b'='),
        ("plus", b'+'),
        ("sol", b'/'),
        ("bsol", b'\\'),
        ("percnt", b'%'),
        ("colon", b':'),
        ("comma", b','),
        ("num", b'#'),
    ];
    let rest = text.get(at + 1..)?;
    let len = rest.iter().take(12).position(|&b| b == b';')?;
    let name = &rest[..len];
    let code = match name {
        [b'#', b'x' | b'X', digits @ ..] if !digits.is_empty() => {
            digits.iter().try_fold(0u32, |n, &b| Some(n.checked_mul(16)? + (b as char).to_digit(16)?))?
        }
        [b'#', digits @ ..] if !digits.is_empty() => {
            digits.iter().try_fold(0u32, |n, &b| Some(n.checked_mul(10)? + (b as char).to_digit(10)?))?
        }
        _ => u32::from(NAMES.iter().find(|(n, _)| n.as_bytes() == name)?.1),
    };
    Some((code, len + 2))
}

/// The text with one layer of percent (RFC 3986 §2.1), string and HTML escapes taken off. `None`: there are none.
pub(crate) fn unescaped(text: &[u8]) -> Option<View> {
    let first = (0..text.len()).find(|&at| matches!(text[at], b'%' | b'\\' | b'&' | b'!') && escape_at(text, at).is_some())?;
    let mut view = View::with_capacity(text.len());
    view.copy(text, 0..first);
    let mut at = first;
    while at < text.len() {
        let escape = if matches!(text[at], b'%' | b'\\' | b'&' | b'!') { escape_at(text, at) } else { None };
        let Some((code, len)) = escape else {
            view.push(text[at], at, at + 1);
            at += 1;
            continue;
        };
        match u8::try_from(code) {
            // A percent or \x escape gives a byte; above ASCII it does not matter which.
            Ok(byte) => view.push(byte, at, at + len),
            Err(_) => {
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                for &byte in c.encode_utf8(&mut [0; 4]).as_bytes() {
                    view.push(byte, at, at + len);
                }
            }
        }
        at += len;
    }
    Some(view)
}

/// The text without quoted-printable (RFC 2045 §6.7): soft line breaks joined, `=HH` decoded. Only where it is plain
/// that it is quoted-printable: a soft break, or an escaped character that a token has.
pub(crate) fn unquoted(text: &[u8]) -> Option<View> {
    let soft = |at: usize| soft_break(text, at);
    let byte = |at: usize| hex(text, at + 1, 2).filter(|_| !text[at + 1..at + 3].iter().any(u8::is_ascii_lowercase));
    let telling = |at: usize| soft(at).is_some() || matches!(byte(at), Some(0x2E | 0x2D | 0x5F | 0x3D | 0x7E));
    text.iter().enumerate().find(|&(at, &b)| b == b'=' && telling(at))?;
    let mut view = View::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if text[at] == b'=' {
            if let Some(len) = soft(at) {
                at += len;
                continue;
            }
            if let Some(code) = byte(at) {
                view.push(code as u8, at, at + 3);
                at += 3;
                continue;
            }
        }
        view.push(text[at], at, at + 1);
        at += 1;
    }
    Some(view)
}

/// Lengths of a line that ends in a soft break, its `=` included: encoders fill lines up to 76 (RFC 2045 §6.7).
const SOFT_LINE_BYTES: std::ops::RangeInclusive<usize> = 60..=76;
/// Shortest beginning of the line behind a soft break; a shorter one has to be the whole line.
const SOFT_NEXT_CHARS_MIN: usize = 16;

/// Length of a soft line break at `at`. A `=` at a line's end is padding, mostly: the line has to be filled, and the
/// next one has to go on.
fn soft_break(text: &[u8], at: usize) -> Option<usize> {
    let len = match text.get(at + 1..) {
        Some([b'\n', ..]) => 2,
        Some([b'\r', b'\n', ..]) => 3,
        _ => return None,
    };
    let line = text[..at].iter().rev().take(80).take_while(|&&b| b != b'\n').count() + 1;
    let next = &text[at + len..];
    let piece = next.iter().take_while(|&&b| is_piece(b)).count();
    let whole = piece > 0 && matches!(next.get(piece), None | Some(b'\r' | b'\n'));
    (SOFT_LINE_BYTES.contains(&line) && (whole || piece >= SOFT_NEXT_CHARS_MIN)).then_some(len)
}

/// Length of a sequence that shows as nothing: zero-width characters, soft hyphens, byte order marks, terminal colours,
/// `<wbr>`, control bytes.
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

/// The text without what shows as nothing between two letters, and with full-width dots as dots. `None`: nothing of it.
pub(crate) fn visible(text: &[u8]) -> Option<View> {
    (0..text.len()).find(|&at| shows_as_nothing(text[at]) && (wide_dot(text, at) > 0 || invisible(text, at) > 0))?;
    let mut view = View::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if shows_as_nothing(text[at]) {
            let dot = wide_dot(text, at);
            if dot > 0 {
                view.push(b'.', at, at + dot);
                at += dot;
                continue;
            }
            let len = invisible(text, at);
            if len > 0 {
                at += len;
                continue;
            }
        }
        view.push(text[at], at, at + 1);
        at += 1;
    }
    Some(view)
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

/// Shortest wrap width that counts without a sign of the carrier.
const WRAP_CHARS_MIN: usize = 60;
/// Shortest piece where the carrier says that the line goes on (`\` at its end, a closed and opened quote).
const PROVEN_CHARS_MIN: usize = 16;

fn is_piece(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-_+/=.~%".contains(&b)
}

/// One line as a piece of a wrapped value.
struct Piece {
    /// The piece's own bytes.
    core: Range<usize>,
    /// The whole line is the piece, apart from indentation and quotes.
    whole: bool,
    /// The carrier says that the next line continues this one.
    proven: bool,
    /// A quote opens the piece.
    quoted: bool,
    /// A closed quote is what says that the next line continues: it has to open one.
    wants_quote: bool,
}

fn piece(text: &[u8], line: Range<usize>) -> Piece {
    let mut end = line.end;
    let trim = |end: &mut usize, set: &[u8]| {
        let before = *end;
        while *end > line.start && set.contains(&text[*end - 1]) {
            *end -= 1;
        }
        before != *end
    };
    trim(&mut end, b"\r \t");
    let mut proven = trim(&mut end, b"\\");
    let mut wants_quote = false;
    if !proven {
        let joined = end;
        trim(&mut end, b"+&.,;)");
        trim(&mut end, b" \t");
        if end > line.start && matches!(text[end - 1], b'"' | b'\'') {
            end -= 1;
            proven = true;
            wants_quote = true;
        } else {
            end = joined;
        }
    }
    let mut start = line.start;
    while start < end && matches!(text[start], b' ' | b'\t') {
        start += 1;
    }
    let quoted = start < end && matches!(text[start], b'"' | b'\'');
    start += usize::from(quoted);
    let tail = text[start..end].iter().rev().take_while(|&&b| is_piece(b)).count();
    Piece { core: end - tail..end, whole: end - tail == start && tail > 0, proven, quoted, wants_quote }
}

/// Widths at which programs wrap base64: RFC 7468, RFC 2045, RFC 5322, terminals, and round numbers.
const WRAP_WIDTHS: [usize; 15] = [60, 64, 68, 70, 72, 74, 75, 76, 77, 78, 79, 80, 100, 120, 128];

/// How many of `lines` continue a value that `first` ends in, and whether that is sure.
fn continuations(text: &[u8], first: &Piece, lines: &[Range<usize>]) -> (usize, bool) {
    let mut width = first.core.len();
    if width < if first.proven { PROVEN_CHARS_MIN } else { WRAP_CHARS_MIN } {
        return (0, false);
    }
    let (mut proven, mut wants_quote) = (first.proven, first.wants_quote);
    let mut sure = proven || WRAP_WIDTHS.contains(&width);
    let mut count = 0;
    while let Some(line) = lines.get(count) {
        let next = piece(text, line.clone());
        let len = next.core.len();
        if !next.whole || len > width && !proven || wants_quote && !next.quoted {
            break;
        }
        count += 1;
        wants_quote = next.wants_quote;
        // Behind a name that is glued to the first piece the width shows in the second.
        if count == 1 && len < width && len >= WRAP_CHARS_MIN {
            width = len;
            proven = next.proven;
            continue;
        }
        sure |= count > 1 || len == width;
        proven = next.proven;
        if len != width && !proven {
            break;
        }
    }
    (count, sure)
}

/// The text with hard-wrapped values joined: pieces of one width of 60 or more over at least two lines, the last one
/// shorter, or lines that say themselves that they go on. A continuation line is nothing but its piece, so that a line
/// of another writer is never taken for one. `None`: nothing is wrapped.
pub(crate) fn joined(text: &[u8]) -> Option<View> {
    let mut lines = Vec::new();
    let mut start = 0;
    for at in text.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i).chain([text.len()]) {
        lines.push(start..at);
        start = at + 1;
    }
    let mut view = View::with_capacity(text.len());
    let mut copied = 0;
    let mut i = 0;
    while i + 1 < lines.len() {
        let first = piece(text, lines[i].clone());
        let (count, sure) = continuations(text, &first, &lines[i + 1..]);
        if count > 0 {
            view.copy(text, copied..first.core.end);
        }
        for line in &lines[i + 1..=i + count] {
            let core = piece(text, line.clone()).core;
            copied = core.end;
            let start = view.text.len();
            view.copy(text, core);
            view.joints.push(Joint { span: start..view.text.len(), sure });
        }
        i += count + 1;
    }
    if copied == 0 {
        return None;
    }
    view.copy(text, copied..text.len());
    Some(view)
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
    fn wrapped_lines_join_and_others_do_not() {
        let a = "A".repeat(64);
        let text = format!("token: {a}\n  {a}\n  BBB\nnext line\n");
        check(joined(text.as_bytes()), &format!("token: {a}{a}BBB\nnext line\n"), 7 + 64, 74..75);
        assert!(joined(format!("token: {a}\n2026-11-23T12:00:00Z INFO next\n").as_bytes()).is_none());
        check(joined(format!("x = \"{}\" +\n    \"BBB\";", &a[..20]).as_bytes()), &format!("x = \"{}BBB\";", &a[..20]), 25, 34..35);
    }
}
