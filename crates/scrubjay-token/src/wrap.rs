//! Values that somebody wrapped: hard line breaks of one width, folded headers (RFC 9112 §5.2), continued and
//! concatenated string literals, quoted mail.

use std::collections::HashMap;
use std::ops::Range;

use crate::base64::{is_dotted, tail_len};
use crate::compact::is_mixed;
use crate::frames::is_numbered;
use crate::lines::raw_lines;
use crate::lists::is_dump_line;
use crate::literals::last_literal;
use crate::narrow;
use crate::opening::{opens_object, opens_token};
use crate::partials::part;
use crate::parts::ends_in_object;
use crate::runs::{self, STEP};
use crate::token::Whole;
use crate::view::View;

/// Shortest wrap width that counts without a sign of the carrier.
pub(crate) const WRAP_CHARS_MIN: usize = 60;
/// Shortest piece where the carrier says that the line goes on (`\` at its end, a closed and opened quote, a dot).
const PROVEN_CHARS_MIN: usize = 16;
/// Widths at which programs wrap base64: RFC 7468, RFC 2045, RFC 5322, terminals, and round numbers.
const WRAP_WIDTHS: [usize; 15] = [60, 64, 68, 70, 72, 74, 75, 76, 77, 78, 79, 80, 100, 120, 128];
/// How far before the end of a line the escapes are looked for that its last backslash may be one of.
const ESCAPE_REACH: usize = 256;
/// Longest run of a line's beginning that is looked at for a quoting mark (`> > `, `// `).
const MARK_BYTES_MAX: usize = 16;

/// A byte that a wrapped value is made of.
pub(crate) fn is_piece(b: u8) -> bool {
    PIECE[b as usize]
}

/// [`is_piece`], worked out.
static PIECE: [bool; 256] = {
    let mut piece = [false; 256];
    let mut b = 0;
    while b < 256 {
        piece[b] = (b as u8).is_ascii_alphanumeric() || matches!(b as u8, b'-' | b'_' | b'+' | b'/' | b'=' | b'.' | b'~' | b'%');
        b += 1;
    }
    piece
};

/// All of some bytes are so. Most pieces are of letters and digits.
fn are_pieces(bytes: &[u8; STEP]) -> bool {
    runs::all(bytes, |b| is_dotted(b) | (b == b'=') | (b == b'~') | (b == b'%'))
}

/// How many bytes at the end of a text are so.
pub(crate) fn pieces_len(text: &[u8]) -> usize {
    runs::tail_len(text, is_piece, are_pieces)
}

/// What the pieces of a wrapped value are made of.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Alphabet {
    /// Compact tokens, base64, hex, percent escapes.
    Compact,
    /// JSON without blanks too, and the escapes of strings and of HTML.
    Json,
    /// Any text: lines of one width.
    Any,
}

impl Alphabet {
    pub(crate) fn has(self, b: u8) -> bool {
        self == Self::Any && b >= b' ' || is_piece(b) || self == Self::Json && b"\\\"'{}[]:,&#;".contains(&b)
    }

    /// How many bytes at the beginning of a text are of it.
    fn head_len(self, text: &[u8]) -> usize {
        runs::head_len(text, |b| self.has(b), |bytes| self.has_all(bytes))
    }

    /// How many at its end.
    fn tail_len(self, text: &[u8]) -> usize {
        runs::tail_len(text, |b| self.has(b), |bytes| self.has_all(bytes))
    }

    fn has_all(self, bytes: &[u8; STEP]) -> bool {
        are_pieces(bytes) || bytes.iter().all(|&b| self.has(b))
    }
}

/// What stands behind a piece in its line.
#[derive(Clone, Copy, PartialEq)]
enum Behind {
    /// Nothing.
    End,
    /// A sign that the next line goes on.
    Proof,
    /// A closed quote, perhaps with an operator: if the next line opens one, it goes on.
    Quote,
    /// The value is closed and the line goes on: the last piece.
    Close,
    /// A blank, or something that no value is closed by.
    Other,
}

/// One line as a piece of a wrapped value.
struct Piece {
    /// The piece's own bytes.
    core: Range<usize>,
    behind: Behind,
    /// A quote opens the piece.
    quoted: bool,
    indented: bool,
}

impl Piece {
    fn len(&self) -> usize {
        self.core.len()
    }
}

/// Lines that are read as pieces.
struct Lines<'a> {
    text: &'a [u8],
    lines: &'a [Range<usize>],
    alphabet: Alphabet,
}

impl Lines<'_> {
    /// The end of a line as the first piece of a value.
    fn first(&self, i: usize) -> Piece {
        let line = &self.lines[i];
        let (end, behind) = self.end(i);
        let from = line.start + usize::from(self.sign(i).is_some());
        let tail = self.alphabet.tail_len(&self.text[from.min(end)..end]);
        Piece { core: end - tail..end, behind, quoted: false, indented: is_blank(self.text, line.start) }
    }

    /// Where a line's own text ends, and what says how it goes on.
    fn end(&self, i: usize) -> (usize, Behind) {
        let (text, line) = (self.text, &self.lines[i]);
        let trim = |mut end: usize, set: &[u8]| {
            while end > line.start && set.contains(&text[end - 1]) {
                end -= 1;
            }
            end
        };
        let end = trim(line.end, b"\r \t");
        // PowerShell and cmd have signs of their own; two backticks are around a code.
        let ticks = || memchr::memchr_iter(b'`', &text[line.start..end]).count() % 2 == 1;
        if self.alphabet == Alphabet::Compact && end > line.start && (text[end - 1] == b'^' || text[end - 1] == b'`' && ticks()) {
            return (end - 1, Behind::Proof);
        }
        let mut continued = trim(end, b"\\");
        // A shell's line, or a macro's, goes on behind a whole literal: with the next one.
        let closed = trim(continued, b" \t");
        let opens = || self.lines.get(i + 1).is_some_and(|next| opens_quote(text, next));
        if continued != end && last_literal(&text[line.start..closed]).is_some() && opens() {
            return (closed - 1, Behind::Quote);
        }
        // One of them continues the line; the one before it may be the sign of an escape.
        if self.alphabet == Alphabet::Json && continued + 2 <= end && self.ends_in_sign(i) {
            continued = end - 1;
        }
        if continued != end && !(self.alphabet == Alphabet::Json && self.divides_escape(i)) {
            return (continued, Behind::Proof);
        }
        let quote = trim(trim(end, b"+&."), b" \t");
        let quoted = quote > line.start && matches!(text[quote - 1], b'"' | b'\'');
        // A quote is JSON's own unless the next line opens another.
        let quoted = quoted && (self.alphabet == Alphabet::Compact || self.lines.get(i + 1).is_some_and(|next| opens_quote(text, next)));
        // A line end that is written as an escape stays with the quote.
        let escaped = self.alphabet == Alphabet::Json && text[line.start..quote.max(line.start + 1) - 1].ends_with(b"\\n");
        let quote = if quoted && escaped { quote - 2 } else { quote };
        if quoted { (quote - 1, Behind::Quote) } else { (end, Behind::End) }
    }

    /// The shortest width that counts for a value that ends in line `i`: two full lines prove a smaller one.
    fn width_min(&self, i: usize) -> usize {
        let line = |i: usize| self.lines.get(i).map_or(&[][..], |line| &self.text[line.clone()]);
        let is_narrow = self.alphabet == Alphabet::Compact && narrow::are_full_lines(line(i), line(i + 1));
        if is_narrow { narrow::WIDTHS.start } else { WRAP_CHARS_MIN }
    }

    /// The sign of a difference between two files, if all lines of a value have it: the first one begins with it.
    fn sign(&self, i: usize) -> Option<u8> {
        let sign = |i: usize| self.text[self.lines.get(i)?.clone()].first().copied();
        sign(i).filter(|&b| matches!(b, b'+' | b'-') && sign(i + 1) == Some(b))
    }

    /// The literals in line `i` and behind it are joined alike, as far as the break behind so many of them: a literal that
    /// stands by itself is no part of those that an operator joins.
    fn joins_literals(&self, i: usize, count: usize) -> bool {
        let has_operator = |k: usize| {
            let next = self.lines.get(k + 1).map_or(&[][..], |next| self.text[mark_end(self.text, next)..next.end].trim_ascii_start());
            let line = self.text[self.lines[k].clone()].trim_ascii_end();
            matches!(next.first(), Some(b'+' | b'.' | b'&')) || matches!(line.last(), Some(b'+' | b'.' | b'&'))
        };
        count == 0 || has_operator(i + count) || !has_operator(i)
    }

    /// The backslash at the end of a line belongs to an escape that goes on in the next one.
    fn divides_escape(&self, i: usize) -> bool {
        let Some(next) = self.lines.get(i + 1) else { return false };
        let text = &self.text[mark_end(self.text, next)..next.end];
        let near = &self.text[self.lines[i].end.saturating_sub(ESCAPE_REACH)..self.lines[i].end];
        let line_end = text.starts_with(b"n") && memchr::memmem::find(near, b"\\n").is_some();
        let goes_on = matches!(text.first(), Some(b'\\' | b'"' | b'/')) || text.starts_with(b"u00") || line_end;
        goes_on && !text.trim_ascii_end().ends_with(b"\\")
    }

    /// An escape whose sign stands before the backslash at the end of the line goes on in the next one.
    fn ends_in_sign(&self, i: usize) -> bool {
        let Some(next) = self.lines.get(i + 1) else { return false };
        let text = &self.text[mark_end(self.text, next)..next.end];
        matches!(text.first(), Some(b'n' | b'r' | b't' | b'/' | b'"' | b'\'' | b'x')) || text.starts_with(b"u0")
    }

    /// A line as a continuation: nothing but indentation or a quoting mark in front of its piece.
    fn next(&self, i: usize, before: Behind, sign: Option<u8>) -> Piece {
        let (text, line) = (self.text, &self.lines[i]);
        let indented = is_blank(text, line.start);
        let signed = sign.is_some() && text[line.clone()].first().copied() == sign;
        let mut start = mark_end(text, &(line.start + usize::from(signed)..line.end));
        let may_be_quoted = self.alphabet == Alphabet::Compact || before == Behind::Quote;
        // An operator in front of the quote (`+ "…"`, `. '…'`) belongs to the break.
        if may_be_quoted && matches!(text.get(start), Some(b'+' | b'.' | b'&')) {
            let gap = text[start + 1..line.end].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            if matches!(text.get(start + 1 + gap), Some(b'"' | b'\'')) {
                start += 1 + gap;
            }
        }
        let quoted = may_be_quoted && start < line.end && matches!(text[start], b'"' | b'\'');
        start += usize::from(quoted);
        let len = self.alphabet.head_len(&text[start..line.end]);
        let (end, behind) = self.end(i);
        let mut core = start..start + len;
        // A string literal is a piece as a whole.
        let literal = self.alphabet == Alphabet::Json && quoted && behind == Behind::Quote;
        if core.end >= end || literal {
            core.end = end.max(core.start);
            return Piece { core, behind, quoted, indented };
        }
        let behind = match text[core.end] {
            b'"' | b'\'' | b'`' | b'\\' | b'<' | b';' | b')' | b']' | b'}' => Behind::Close,
            _ => Behind::Other,
        };
        Piece { core, behind, quoted, indented }
    }
}

fn is_blank(text: &[u8], at: usize) -> bool {
    matches!(text.get(at), Some(b' ' | b'\t'))
}

/// A line that begins with a quote, perhaps behind an operator.
fn opens_quote(text: &[u8], line: &Range<usize>) -> bool {
    let rest = text[line.clone()].trim_ascii_start();
    let rest = rest.strip_prefix(b"+").or_else(|| rest.strip_prefix(b".")).or_else(|| rest.strip_prefix(b"&")).unwrap_or(rest);
    matches!(rest.trim_ascii_start().first(), Some(b'"' | b'\''))
}

/// Where the text of a line begins behind its indentation and the mark of a quotation or a comment.
pub(crate) fn mark_end(text: &[u8], line: &Range<usize>) -> usize {
    let head = &text[line.start..line.end.min(line.start + MARK_BYTES_MAX)];
    let blanks = |at: usize| head[at..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let indent = blanks(0);
    let mark = head[indent..].iter().take_while(|b| b">|#*".contains(b) || **b == b' ').count();
    let marked = head[indent..].iter().take(mark).any(|&b| b != b' ');
    let comment = if head[indent..].starts_with(b"// ") { 3 } else { 0 };
    let end = if marked { indent + mark } else { indent + comment };
    if end < head.len() {
        line.start + end
    } else {
        line.start + text[line.start..line.end].iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
    }
}

/// What begins a line and goes on with a blank is the end of a value, and not a date, a host or a word of another record.
pub(crate) fn is_value_end(first: &[u8], chars: &[u8]) -> bool {
    // .NET puts hyphens between the bytes.
    let hex = |chars: &[u8]| chars.iter().all(|&b| b.is_ascii_hexdigit() || b == b'-');
    let percents = |chars: &[u8]| chars.iter().filter(|&&b| b == b'%').count() * 4 > chars.len();
    is_mixed(chars)
        || chars.ends_with(b"-----END")
        || chars.len() >= PROVEN_CHARS_MIN
            && (hex(chars) && hex(&first[first.len() - first.len().min(WRAP_CHARS_MIN)..]) || percents(chars))
}

/// A value of this length may stand at the end of a text: it is all of it, or begins behind a blank, a quote, or the sign that
/// parts it from its name.
pub(crate) fn may_be_value(text: &[u8], len: usize) -> bool {
    match text.len().checked_sub(len) {
        None => false,
        Some(0) => true,
        Some(start) => b" \t=:\"'>([{,".contains(&text[start - 1]),
    }
}

/// How a value goes on behind its first line.
#[derive(Clone, Copy, Default)]
struct Course {
    /// How many lines continue it.
    count: usize,
    /// That is sure, of all of them but the last.
    sure: bool,
    /// And of the last one too.
    fits: bool,
}

/// How a value goes on that ends in line `i`.
fn continuations(all: &Lines<'_>, rows: &mut Rows, i: usize, first: &Piece) -> Course {
    // An ellipsis ends a value.
    if all.text[..first.core.end].ends_with(b"...") {
        return Course::default();
    }
    // A terminal wraps the line, not the value.
    if all.alphabet == Alphabet::Any {
        return Course { count: rows.full(all, i, first.core.end - all.lines[i].start), ..Course::default() };
    }
    let is_dotted = || all.lines.get(i + 1).is_some_and(|next| all.text[mark_end(all.text, next)..next.end].starts_with(b"."));
    if first.behind == Behind::End && ends_in_object(&all.text[first.core.clone()]) && !is_dotted() {
        return Course::default();
    }
    let least = all.width_min(i);
    is_short(all, i, first, least).map_or_else(Course::default, |short| course(all, i, first, short, least))
}

/// As [`continuations`]; `short`: the first piece does not tell by itself that it goes on; `least`: the shortest width that counts.
fn course(all: &Lines<'_>, i: usize, first: &Piece, short: bool, least: usize) -> Course {
    let text = all.text;
    let first_line = &all.lines[i];
    let lines = &all.lines[i + 1..];
    let own = &text[first.core.clone()];
    let dotted = |p: &Piece| text[..p.core.end].ends_with(b".");
    let proof = |p: &Piece| matches!(p.behind, Behind::Proof | Behind::Quote) || dotted(p);
    // What marks each line (`> `, `+`) is no part of its width.
    let sign = all.sign(i);
    let mark = if sign.is_some() { 1 } else { mark_end(text, first_line) - first_line.start };
    let marked = text[first_line.clone()].iter().take(mark).any(|b| !b.is_ascii_whitespace());
    let column = first.core.end - first_line.start;
    let column = if marked && mark <= column { column - mark } else { column };
    let fills = |len: usize| len == column || may_be_value(&text[first_line.start..first.core.end], len);
    let usual = all.alphabet == Alphabet::Compact && !short && WRAP_WIDTHS.contains(&first.len());
    let mut course = Course { count: 0, sure: matches!(first.behind, Behind::Proof | Behind::Quote) || usual, fits: true };
    let mut width = if short { column } else { first.len() };
    let mut before = (first.behind, dotted(first));
    let mut glued = false;
    while course.count < lines.len() {
        let next = all.next(i + 1 + course.count, before.0, sign);
        let chars = without_ellipsis(&text[next.core.clone()]);
        let len = chars.len();
        if len == 0 || before.0 == Behind::Quote && !(next.quoted && all.joins_literals(i, course.count)) {
            break;
        }
        let proven = matches!(before.0, Behind::Proof | Behind::Quote);
        // Whoever joins literals may join two tokens.
        let is_other = if proven { !before.1 && opens_object(chars) } else { is_of_others(own, chars) };
        if is_other {
            break;
        }
        if next.behind == Behind::Other && !is_value_end(own, chars) {
            // Behind lines of one width, or that say themselves that they go on, a token that comes out whole proves it.
            let may_end = course.count > 0 && (course.sure || glued) && len <= width;
            return if may_end { Course { count: course.count + 1, fits: proven, ..course } } else { course };
        }
        // Behind a short beginning comes a full line, or the last one.
        let last =
            next.behind != Behind::End || lines.get(course.count + 1).is_none_or(|line| line.len() < PROVEN_CHARS_MIN || line.len() > len);
        if short && course.count == 0 && !proven && !fills(len) && !last {
            break;
        }
        // A folded line may be longer than the one before, and so may one behind a dot: only a whole token proves it.
        if len > width && !proven {
            if course.count == 0 && fills(len) {
                width = len;
            } else if before.1 || next.indented && !first.indented && len >= PROVEN_CHARS_MIN {
                course.sure = next.indented && is_header_line(text, first_line);
                width = width.max(len);
            } else if course.count == 0 && begins_token(own) && !own.ends_with(b"~") && is_mixed(chars) && !opens_object(chars) {
                // Somebody broke it once, and not at a width.
                return Course { count: 1, sure: false, fits: false };
            } else {
                break;
            }
        }
        course.count += 1;
        if matches!(next.behind, Behind::Close | Behind::Other) {
            let is_name = text[next.core.end..].starts_with(b"\":");
            course.fits = next.behind == Behind::Other || !is_name || len >= PROVEN_CHARS_MIN && belongs(own, chars);
            // One line of another writer may begin with anything.
            course.sure &= proven || course.count > 1 || next.behind == Behind::Close;
            break;
        }
        // The last piece may be anybody's line: a word, a digest, an identifier.
        let digest = chars.iter().all(u8::is_ascii_hexdigit);
        course.fits = len >= least && !digest || proof(&next) || belongs(own, chars);
        before = (next.behind, dotted(&next));
        let full = fills(len) || len == first.len();
        // Behind a name that is glued to the first piece the width shows in the second, and one more has to prove it.
        if course.count == 1 && len < width && len >= least && !proven {
            (width, glued) = (len, full);
            course.sure &= !usual;
            continue;
        }
        course.sure |= len >= least && (course.count > 1 && len == width || full);
        if len != width && !proof(&next) {
            break;
        }
    }
    course
}

/// The piece begins with a token, perhaps behind its name, and has one of its dots.
fn begins_token(piece: &[u8]) -> bool {
    let head = &piece[..memchr::memchr(b'.', piece).map_or(0, |dot| dot + 1)];
    let name = memchr::memrchr(b'=', head.strip_suffix(b"=.").unwrap_or(head)).map_or(0, |at| at + 1);
    opens_token(&head[name..])
}

/// A line that cannot go on with what `first` is made of: a digest behind base64, a name of short words parted by dots, where
/// parts of tokens are long, or the beginning of another token.
pub(crate) fn is_of_others(first: &[u8], chars: &[u8]) -> bool {
    let hex = |chars: &[u8]| chars.iter().all(u8::is_ascii_hexdigit);
    let digest = chars.len() >= DIGEST_CHARS_MIN && hex(chars) && !hex(&first[first.len() - first.len().min(WRAP_CHARS_MIN)..]);
    let mut parts = chars.split(|&b| b == b'.').skip(1).peekable();
    // What stands between two dots is a whole part: an empty one, or a long one.
    let inner = std::iter::from_fn(|| parts.next().filter(|_| parts.peek().is_some()));
    let name = inner.map(<[u8]>::len).any(|len| (1..PROVEN_CHARS_MIN).contains(&len)) && chars.iter().all(|&b| is_piece(b));
    // Behind the last disclosure the key binding JWT may follow, which has none.
    let may_bind = first.ends_with(b"~") && !chars.contains(&b'~');
    digest || name || !may_bind && opens_token(chars) && !is_behind_header(first, chars)
}

/// A payload with the dot of its signature, behind a header with its own: two parts, whatever claims the second one has.
fn is_behind_header(first: &[u8], chars: &[u8]) -> bool {
    let Some(parts) = first.strip_suffix(b".") else { return false };
    opens_token(&first[parts.len() - tail_len(parts)..]) && memchr::memchr_iter(b'.', chars).count() < 2
}

/// Shortest run of hex digits that base64 of this length has not.
const DIGEST_CHARS_MIN: usize = 32;

/// The dots of an ellipsis are not counted to a line's width.
fn without_ellipsis(chars: &[u8]) -> &[u8] {
    if !chars.ends_with(b"...") {
        return chars;
    }
    &chars[..chars.iter().rposition(|&b| b != b'.').map_or(0, |at| at + 1)]
}

/// Whether the first piece of a value is too short to tell by itself that it goes on. `None`: nothing else tells it either.
fn is_short(all: &Lines<'_>, i: usize, first: &Piece, least: usize) -> Option<bool> {
    let text = &all.text[all.lines[i].start..first.core.end];
    let json = all.alphabet == Alphabet::Json;
    let proven = matches!(first.behind, Behind::Proof | Behind::Quote) || text.ends_with(b".");
    let literal = json && first.behind == Behind::Quote;
    // A backslash says of a whole line that it goes on.
    let len = if json && first.behind == Behind::Proof { text.len() } else { first.len() };
    let short = !literal && len < if proven { PROVEN_CHARS_MIN } else { least };
    // The label of a key has blanks.
    let begun = first.len() >= TAIL_CHARS_MIN || json && memchr::memmem::find(text, b"-----BEGIN ").is_some();
    (!short || text.len() >= least && begun).then_some(short)
}

/// Whether a short last piece may be a value's rest: both cases, as base64 has, or more of what the first piece is made of.
fn belongs(first: &[u8], chars: &[u8]) -> bool {
    let parted = |chars: &[u8]| chars.iter().all(|&b| b.is_ascii_hexdigit() || b == b'-');
    // The end of a text in hex is text.
    let hex = first[first.len() - first.len().min(WRAP_CHARS_MIN)..].iter().chain(chars).all(u8::is_ascii_hexdigit);
    hex && chars.len().is_multiple_of(2) && chars.chunks(2).all(|pair| matches!(pair[0], b'2'..=b'7'))
        || chars.iter().any(u8::is_ascii_uppercase) && chars.iter().any(u8::is_ascii_lowercase)
        || is_value_end(first, chars)
        || chars.len() >= PROVEN_CHARS_MIN && parted(chars) && parted(&first[first.len() - first.len().min(WRAP_CHARS_MIN)..])
}

/// The lines of a text as the rows of a terminal.
#[derive(Default)]
struct Rows {
    /// How long each is.
    lens: Vec<usize>,
    /// The first row with a blank in it, from each on.
    blanks: Vec<usize>,
    /// For each width, where the rows end that were last seen to be full: rows are many, and each begins such a stretch.
    ends: HashMap<usize, usize>,
}

impl Rows {
    fn of(all: &Lines<'_>) -> Self {
        let lens = (0..all.lines.len()).map(|k| all.next(k, Behind::End, None).len()).collect();
        let mut blanks = vec![usize::MAX; all.lines.len()];
        let mut first = usize::MAX;
        for (k, line) in all.lines.iter().enumerate().rev() {
            first = if all.text[line.clone()].contains(&b' ') { k } else { first };
            blanks[k] = first;
        }
        Self { lens, blanks, ends: HashMap::new() }
    }

    fn len(&self, k: usize) -> usize {
        self.lens.get(k).copied().unwrap_or(0)
    }

    /// How many of the lines behind line `i` are filled up to one column, as `i` is, with the one behind them. Nothing else
    /// tells that they belong together.
    fn full(&mut self, all: &Lines<'_>, i: usize, column: usize) -> usize {
        let width = self.len(i + 1).max(self.len(i + 2));
        // A blank at either end is not counted.
        let is_full = |len: usize| len <= width && len + BLANKS_MAX >= width;
        let indent = mark_end(all.text, &all.lines[i]) - all.lines[i].start;
        let proven = is_full(column) || is_full(column.saturating_sub(indent)) || is_full(self.len(i + 2));
        if width < WRAP_CHARS_MIN
            || column < width
            || !is_full(self.len(i + 1))
            || !proven
            || is_dump_line(&all.text[all.lines[i + 1].clone()])
        {
            return 0;
        }
        let known = self.ends.get(&width).copied().filter(|&end| end > i + 1);
        let end = known.unwrap_or_else(|| i + 1 + self.lens[i + 1..].iter().take_while(|&&len| is_full(len)).count());
        self.ends.insert(width, end);
        let last = if self.len(end) > width || self.len(end) == 0 { end - 1 } else { end };
        if self.blanks[i] <= last { last - i } else { 0 }
    }
}

/// Most blanks at the ends of a full line.
const BLANKS_MAX: usize = 2;

/// Shortest beginning of a value at the end of a full line.
const TAIL_CHARS_MIN: usize = 4;

/// Longest name of a header.
const HEADER_NAME_BYTES_MAX: usize = 40;

/// `Name: …`, perhaps behind the mark of a trace (`> `, `< `): the next line, if it is indented, is folded (RFC 9112 §5.2).
fn is_header_line(text: &[u8], line: &Range<usize>) -> bool {
    let line = &text[line.clone()];
    let line = line.strip_prefix(b"> ").or_else(|| line.strip_prefix(b"< ")).unwrap_or(line);
    let name = line.iter().take(HEADER_NAME_BYTES_MAX).take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    name > 1 && line[name..].starts_with(b": ")
}

/// The text with hard-wrapped values joined: pieces of one width of 60 or more over at least two lines, the last one
/// shorter, or lines that say themselves that they go on. A continuation line is nothing but its piece, or the rest of the
/// value and what closes it, so that a line of another writer is never taken for one. `None`: nothing is wrapped.
///
/// `whole`: tokens that are whole by themselves.
pub(crate) fn joined(text: &[u8], alphabet: Alphabet, whole: &Whole) -> Option<View> {
    let lines: Vec<Range<usize>> = raw_lines(text).collect();
    let all = Lines { text, lines: &lines, alphabet };
    let mut rows = if alphabet == Alphabet::Any { Rows::of(&all) } else { Rows::default() };
    // What is compact all through is not joined as JSON once more.
    let mut news = alphabet == Alphabet::Compact;
    let mut view = View::default();
    // What goes on in a container's line is for the runtime to say, and behind a line's number there is a frame.
    let framed = |k: usize| part(&text[lines[k].clone()]).is_some();
    let numbered = |k: usize| is_numbered(&text[lines[k - 1].clone()], &text[lines[k].clone()]);
    let mut copied = 0;
    let mut i = 0;
    while i + 1 < lines.len() {
        let first = all.first(i);
        let ended = whole.has_end(first.core.end) || framed(i);
        let course = if ended { Course::default() } else { continuations(&all, &mut rows, i, &first) };
        let begins = |k: usize| whole.has_start(mark_end(text, &lines[k]));
        let count = (i + 1..=i + course.count).take_while(|&k| !framed(k) && !begins(k) && !numbered(k)).count();
        if count > 0 {
            view.copy(text, copied..first.core.end);
            news |= text[first.core.end - first.len()..first.core.end].iter().any(|&b| !is_piece(b));
        }
        let mut before = first.behind;
        for k in i + 1..=i + count {
            let next = all.next(k, before, all.sign(i));
            copied = next.core.end;
            // As much of it has to be a token's as is of one value.
            let own = text[next.core.clone()].iter().take_while(|&&b| is_piece(b)).count();
            news |= own < next.len();
            view.join(text, next.core, own, course.sure && (course.fits || k < i + course.count));
            before = next.behind;
        }
        // What stands behind a value in its last line may be the beginning of another.
        let closed = count > 0 && matches!(before, Behind::Close | Behind::Other);
        i += if closed { count } else { count + 1 };
    }
    if copied == 0 || !news {
        return None;
    }
    view.copy(text, copied..text.len());
    Some(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Option<&str>) {
        let view = joined(text.as_bytes(), Alphabet::Compact, &Whole::default());
        assert_eq!(view.map(|v| String::from_utf8_lossy(&v.text).into_owned()).as_deref(), want, "{text}");
    }

    #[test]
    fn wrapped_lines_join_and_others_do_not() {
        let a = "A".repeat(64);
        check(&format!("token: {a}\n  {a}\n  BBB\nnext line\n"), Some(&format!("token: {a}{a}BBB\nnext line\n")));
        check(&format!("token: {a}\n2026-11-23T12:00:00Z INFO next\n"), None);
        let b = "A".repeat(20);
        check(&format!("x = \"{b}\" +\n    \"BBB\";"), Some(&format!("x = \"{b}BBB\";")));
        check(&format!("x = \"{b}\"\n    + \"BBB\"\n    + \"CC\";"), Some(&format!("x = \"{b}BBBCC\";")));
        check(&format!("x = \"{b}\"\nplain"), None);
        check(&format!("t=\"{a}\n{a}\nBBB\", n=1\n"), Some(&format!("t=\"{a}{a}BBB\", n=1\n")));
        check(&format!("> {a}\n> {a}\n> BBB\n> bye\n"), Some(&format!("> {a}{a}BBB\n> bye\n")));
        check(&format!("+t: {a}\n+{a}\n+BBB\n+next line\n"), Some(&format!("+t: {a}{a}BBB\n+next line\n")));
        check(&format!(">> my token: {}\n>> {a}\n>> BBB\n>> bye\n", &a[..54]), Some(&format!(">> my token: {}{a}BBB\n>> bye\n", &a[..54])));
        check(&format!("t={b}`\nBBB`\nCC\n"), Some(&format!("t={b}BBBCC\n")));
        check(&format!("`t={b}`\nBBB\n"), None);
        check(&format!("set t={b}^\nBBB\n"), Some(&format!("set t={b}BBB\n")));
        check(&format!("Bearer {b}.\n {a}.\n BBB\nX-Id: 7\n"), Some(&format!("Bearer {b}.{a}.BBB\nX-Id: 7\n")));
    }
}
