//! Which lines belong together: the units that are decided as a whole.
//!
//! A line is linked to the next one where it says so itself: a value wrapped at its end, JSON that is still open, a key's
//! first line, a dump. Units are chains of linked lines, so they depend on bytes only, never on where a read ended. Most
//! lines are never looked at: units are built only around runs that may hold a token, and at the end of what was read.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memchr3, memchr3_iter, memrchr};

/// Shortest wrap width that links a line to the next one.
const WRAP_CHARS_MIN: usize = 60;
/// Shortest end of a line that links where the line says that it goes on.
const PROVEN_CHARS_MIN: usize = 16;
/// Shortest line of numbers that links.
const LIST_BYTES_MIN: usize = 40;
/// Longest line of base64 in PEM and MIME (RFC 7468 §2, RFC 2045 §6.8).
const BODY_LINE_CHARS_MAX: usize = 76;
/// Longest member name that is looked at.
const NAME_BYTES_MAX: usize = 80;

/// The line that holds `at`, with its line end.
pub(crate) fn line_at(buffer: &[u8], at: usize) -> Range<usize> {
    let start = buffer.get(..at).and_then(|b| memrchr(b'\n', b)).map_or(0, |i| i + 1);
    let end = buffer.get(at..).and_then(|b| memchr(b'\n', b)).map_or(buffer.len(), |i| at + i + 1);
    start..end
}

/// The unit around a line, and whether it is linked to a line that is not there yet.
pub(crate) struct Unit {
    pub(crate) lines: Range<usize>,
    pub(crate) open: bool,
}

/// The chain of linked lines around `line`, within `floor..ceiling` and at most `reach` bytes to either side.
pub(crate) fn around(buffer: &[u8], line: Range<usize>, floor: usize, ceiling: usize, reach: usize) -> Unit {
    let start = chain_start(buffer, line.start, floor, reach);
    let limit = line.start.saturating_add(reach);
    let mut end = line.end;
    let mut last = line;
    loop {
        if !goes_on(buffer, floor, &last) && unfinished(buffer, start, end).is_none() {
            return Unit { lines: start..end, open: false };
        }
        if end >= ceiling {
            return Unit { lines: start..end, open: true };
        }
        let next = line_at(buffer, end);
        if next.end > limit {
            return Unit { lines: start..end, open: false };
        }
        end = next.end;
        last = next;
    }
}

/// Where the chain of lines that leads up to the line end at `end` begins; `end` itself when there is none.
pub(crate) fn chain_start(buffer: &[u8], end: usize, floor: usize, reach: usize) -> usize {
    let limit = floor.max(end.saturating_sub(reach));
    let mut start = end;
    while start > limit {
        let line = line_at(buffer, start - 1);
        let from = if goes_on(buffer, floor, &line) { Some(line.start) } else { unfinished(buffer, limit, start) };
        match from {
            Some(from) if from >= limit => start = from,
            _ => break,
        }
    }
    start
}

/// True for a line that the next one may continue, as it says itself or as the line before it says.
fn goes_on(buffer: &[u8], floor: usize, line: &Range<usize>) -> bool {
    is_linked(buffer, line)
        || ends_body(buffer, floor, line)
        || ends_key_headers(buffer, floor, line)
        || fills(buffer, floor, line)
        || is_folded(buffer, floor, line)
        || begins_body(buffer, floor, line)
        || continues_records(buffer, floor, line)
        || is_part_behind(buffer, floor, line)
}

/// The line is a chunk of HTTP's or a part of a JWE, as the line before it tells.
fn is_part_behind(buffer: &[u8], floor: usize, line: &Range<usize>) -> bool {
    let text = buffer.get(line.clone()).unwrap_or_default();
    let before = if line.start > floor { buffer.get(line_at(buffer, line.start - 1)).unwrap_or_default() } else { b"" };
    scrubjay_token::is_in_chunk(before, text) || line.start > floor && scrubjay_token::ends_in_cipher_part(before.trim_ascii_end(), text)
}

/// A line that is as long as the one before it, which goes on: they are filled up to one column.
fn fills(buffer: &[u8], floor: usize, line: &Range<usize>) -> bool {
    if line.len() <= WRAP_CHARS_MIN || line.start <= floor {
        return false;
    }
    let before = line_at(buffer, line.start - 1);
    before.len() == line.len() && before.start >= floor && is_linked(buffer, &before)
}

/// The first line of a key's body may have lost its beginning.
fn begins_body(buffer: &[u8], floor: usize, line: &Range<usize>) -> bool {
    let text = buffer.get(line.clone()).unwrap_or_default().trim_ascii();
    line.start > floor
        && (1..WRAP_CHARS_MIN).contains(&text.len())
        && text.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b))
        && scrubjay_token::opens_key(buffer.get(line_at(buffer, line.start - 1)).unwrap_or_default())
}

/// A line of a key, of an object or of a wrapped value, each of whose lines is framed in the same way as the line before.
fn continues_records(buffer: &[u8], floor: usize, line: &Range<usize>) -> bool {
    let before = if line.start > floor { buffer.get(line_at(buffer, line.start - 1)).unwrap_or_default() } else { b"" };
    let text = buffer.get(line.clone()).unwrap_or_default();
    let next = buffer.get(line_at(buffer, line.end)).filter(|next| next.ends_with(b"\n"));
    line.start > floor && scrubjay_token::continues_key(before, text) || scrubjay_token::goes_on_in_next(before, text, next)
}

/// A line in the middle of a folded object: of the width of the line before it, or behind the line in which an object of ours
/// is open.
fn is_folded(buffer: &[u8], floor: usize, line: &Range<usize>) -> bool {
    let raw = buffer.get(line.clone()).unwrap_or_default();
    if line.start <= floor || raw.len() < WRAP_CHARS_MIN {
        return false;
    }
    let raw_before = buffer.get(line_at(buffer, line.start - 1)).unwrap_or_default();
    let (text, before) = (raw.trim_ascii(), raw_before.trim_ascii());
    if memchr(b'{', before).is_some() && opens_object(before) && braces(before) + braces(text) > 0 {
        return true;
    }
    if before.len() != text.len() && raw_before.len() != raw.len() {
        return false;
    }
    let pairs = text.iter().zip(before).take(RECORD_HEAD_BYTES);
    let is_record = pairs.filter(|(a, b)| a == b || a.is_ascii_digit() && b.is_ascii_digit()).count() == RECORD_HEAD_BYTES;
    let is_whole = text.starts_with(b"{") && text.ends_with(b"}");
    !is_record && !is_whole
}

/// Beginnings of this length that are equal but for their digits are those of records.
const RECORD_HEAD_BYTES: usize = 8;

/// An object with a member begins in this line and does not end in it.
fn opens_object(text: &[u8]) -> bool {
    let member = |at: usize| matches!(text.get(at + 1..), Some([b'"' | b'\'' | b'\\' | b'&', ..] | [b' ', b'"' | b'\'', ..]));
    memchr(b'{', text).is_some() && braces(text) > 0 && memchr_iter(b'{', text).any(member)
}

/// Braces that are opened and not closed.
fn braces(text: &[u8]) -> isize {
    let count = |brace: u8| memchr_iter(brace, text).count() as isize;
    count(b'{') - count(b'}')
}

/// True for a line that says itself that the next one may continue it.
fn is_linked(buffer: &[u8], at: &Range<usize>) -> bool {
    let line = buffer.get(at.clone()).unwrap_or_default();
    let whole = || ends_whole(buffer, at);
    // What shows as nothing hides how a line begins and ends.
    let raw = || memchr3(0, 0x1B, 0xE2, line).is_some() || memchr3(0xC2, 0xEF, b'<', line).is_some();
    is_linked_as(line, whole)
        || (hides(line) || raw()) && scrubjay_token::visible_line(line).is_some_and(|line| is_linked_as(&line, whole))
        || quotes_in_escapes(line) && ends_in_escaped_json(line)
}

/// JSON in escapes that somebody cut.
fn ends_in_escaped_json(line: &[u8]) -> bool {
    let Some(plain) = scrubjay_token::unescaped_line(line.trim_ascii_end()) else { return false };
    let text = plain.trim_ascii_end();
    let text = text.get(memrchr(b'\n', text).map_or(0, |at| at + 1)..).unwrap_or_default();
    // A string literal goes on where the next one stands.
    let long = line.len() >= WRAP_CHARS_MIN || line.trim_ascii_end().ends_with(b"\"");
    text.last().is_some_and(|&last| opens_object(text) || long && ends_in_json(text, last))
}

/// Quotes are written in escapes here. Those that have a backslash before them are seen as they are.
fn quotes_in_escapes(line: &[u8]) -> bool {
    memchr3_iter(b'\\', b'%', b'&', line).any(|at| {
        let rest = line.get(at..).unwrap_or_default();
        [&b"%22"[..], b"%2522", b"\\u0022", b"\\x22", b"&quot;", b"&#34;", b"&#x22;", b"&amp;quot;", b"&amp;#"]
            .iter()
            .any(|quote| rest.starts_with(quote))
    })
}

/// The line ends in a JWS that is whole, and the next one holds nothing like the rest of a longer signature. Lines that end in a
/// token are frequent, and each would be taken for the first one of a wrapped value.
fn ends_whole(buffer: &[u8], line: &Range<usize>) -> bool {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"-_.".contains(b);
    let text = buffer.get(line.clone()).unwrap_or_default().trim_ascii_end();
    let run = text.iter().rev().take_while(|b| is_part(b)).count();
    let run = text.get(text.len() - run..).unwrap_or_default();
    let next = buffer.get(line_at(buffer, line.end)).unwrap_or_default();
    // Before the next line is there, nothing is decided.
    if !run.starts_with(b"ey") || !next.ends_with(b"\n") {
        return false;
    }
    let mut pieces = next.split(|b| !is_part(b));
    !pieces.any(|piece| piece.len() >= WRAP_CHARS_MIN && !piece.starts_with(b"ey")) && scrubjay_token::is_signed(run)
}

fn is_linked_as(line: &[u8], ends_whole: impl Fn() -> bool) -> bool {
    let text = line.trim_ascii_end();
    if scrubjay_token::is_cut_size(line.strip_suffix(b"\n").unwrap_or(line)) {
        return true;
    }
    let Some(&last) = text.last() else { return false };
    is_open_json(line, text, last)
        || opens_object(text)
        || ends_in_piece(text, last) && !ends_whole()
        || text.len() >= WRAP_CHARS_MIN && ends_in_json(text, last)
        || ends_in_opening(text)
        || scrubjay_token::opens_key(text)
        || scrubjay_token::part(text).is_some_and(|p| p.partial)
        || scrubjay_token::sets_chunk(text)
        || says_one_thing(text)
        || is_key_header(text)
        || text.trim_ascii_start() == b"."
        || scrubjay_token::is_dump_line(text)
        || scrubjay_token::ends_in_part(text)
        || scrubjay_token::has_full_cell(text)
        || scrubjay_token::ends_in_operator(text)
        || is_list_line(text)
}

/// The line, or the record in it, is a member of a printed object or a line of a key, and nothing else. A line that holds a compact
/// token says something else.
fn says_one_thing(text: &[u8]) -> bool {
    memchr::memmem::find(text, b".eyJ").is_none()
        && (scrubjay_token::is_member_line(text) || scrubjay_token::is_member_record(text) || scrubjay_token::holds_key_line(text))
}

/// What shows as nothing may be written in escapes here.
fn hides(line: &[u8]) -> bool {
    memchr3_iter(b'\\', b'%', b'&', line).any(|at| match line.get(at..).unwrap_or_default() {
        [b'\\', next, ..] => matches!(next, b'u' | b'x' | b'U' | b'0'..=b'3'),
        [b'%', next, ..] => matches!(next, b'E' | b'C' | b'e' | b'c' | b'0' | b'1' | b'u'),
        [b'&', next, ..] => matches!(next, b'#' | b's' | b'z' | b'Z' | b'a'),
        _ => false,
    })
}

/// A header of an encrypted key (RFC 1421 §4.6): its body follows.
fn is_key_header(text: &[u8]) -> bool {
    let head = text.get(..text.len().min(KEY_HEADER_REACH)).unwrap_or_default();
    // Both names have a hyphen, and few lines have many.
    memchr_iter(b'-', head).any(|at| {
        let (before, behind) = head.split_at(at);
        before.ends_with(b"Proc") && behind.starts_with(b"-Type:")
            || behind.starts_with(b"-Info:") && (before == b"DEK" || before.ends_with(b" DEK") || before.ends_with(b"\"DEK"))
    })
}

/// An empty line between the headers of a key and its body.
fn ends_key_headers(buffer: &[u8], floor: usize, line: &Range<usize>) -> bool {
    let text = buffer.get(line.clone()).unwrap_or_default();
    let empty = text.len() <= HEADER_GAP_BYTES_MAX && text.iter().all(|b| b.is_ascii_whitespace() || b"\"'+\\nr.".contains(b));
    empty && line.start > floor && is_key_header(buffer.get(line_at(buffer, line.start - 1)).unwrap_or_default().trim_ascii_end())
}

/// How far into a line a key's header is looked for.
const KEY_HEADER_REACH: usize = 160;
/// Longest line between the headers of a key and its body, quotes and operators included.
const HEADER_GAP_BYTES_MAX: usize = 40;

/// The short last line of a wrapped base64 text: what ends the text (`-----END …`) may follow.
fn ends_body(buffer: &[u8], floor: usize, line: &Range<usize>) -> bool {
    let is_body = |b: &u8| b.is_ascii_alphanumeric() || b"+/=".contains(b);
    // Both may stand behind a header of one length.
    let parts = |line: Range<usize>| {
        let text = buffer.get(line).unwrap_or_default().trim_ascii();
        let body = text.iter().rev().take(BODY_LINE_CHARS_MAX + 1).take_while(|b| is_body(b)).count();
        (text.len() - body, body)
    };
    let (head, body) = parts(line.clone());
    if body == 0 || body > WRAP_CHARS_MIN || !body.is_multiple_of(4) || line.start <= floor {
        return false;
    }
    let (head_before, body_before) = parts(line_at(buffer, line.start - 1));
    head == head_before && (WRAP_CHARS_MIN..=BODY_LINE_CHARS_MAX).contains(&body_before)
}

/// The line ends in a run that may go on in the next line.
fn ends_in_piece(text: &[u8], last: u8) -> bool {
    let is_piece = |b: &u8| b.is_ascii_alphanumeric() || b"-_+/=.~%".contains(b);
    let escaped = |text: &[u8]| text.iter().rev().take(WRAP_CHARS_MIN).take_while(|b| is_piece(b) || b"\\&#;".contains(b)).count();
    let proven = match last {
        b'\\' => text.strip_suffix(b"\\"),
        b'=' => text.strip_suffix(b"="),
        // PowerShell, cmd.
        b'`' | b'^' => text.get(..text.len() - 1),
        b'"' | b'\'' | b'+' | b'&' => {
            let cut = text.trim_ascii_end().strip_suffix(b"+").or_else(|| text.strip_suffix(b"&")).unwrap_or(text).trim_ascii_end();
            cut.strip_suffix(b"\"").or_else(|| cut.strip_suffix(b"'")).map(|t| t.strip_suffix(b"\\n").unwrap_or(t))
        }
        _ => None,
    };
    let tail = |text: &[u8], most: usize| text.iter().rev().take(most).take_while(|b| is_piece(b)).count();
    // Quoted-printable fills its lines (RFC 2045 §6.7).
    let soft = last == b'=' && (WRAP_CHARS_MIN..=BODY_LINE_CHARS_MAX).contains(&text.len());
    let dot = last == b'.' && tail(text, PROVEN_CHARS_MIN) >= PROVEN_CHARS_MIN;
    let list = |text: &[u8]| text.iter().rev().take(WRAP_CHARS_MIN).take_while(|b| b.is_ascii_hexdigit() || b" ,:\tx".contains(b)).count();
    let signed = (last == b'\\' || last == b'+' && proven.is_some()) && text.len() >= PROVEN_CHARS_MIN;
    signed
        || proven.is_some_and(|t| tail(t, PROVEN_CHARS_MIN) >= PROVEN_CHARS_MIN || is_literal(t))
        || dot
        || soft
        || tail(text, WRAP_CHARS_MIN) >= WRAP_CHARS_MIN
        || escaped(text) >= WRAP_CHARS_MIN && text.iter().rev().take(WRAP_CHARS_MIN).any(|b| matches!(b, b'\\' | b'&'))
        || list(text) >= if matches!(last, b',' | b':') { WRAP_CHARS_MIN / 2 } else { WRAP_CHARS_MIN }
}

/// JSON, or text full of escapes, that somebody cut: the line ends in a member, in an escape, or before all is closed.
fn ends_in_json(text: &[u8], last: u8) -> bool {
    let near = text.get(text.len() - text.len().min(JSON_REACH)..).unwrap_or_default();
    if matches!(last, b'}' | b']') {
        return is_open(near);
    }
    let Some(quote) = memrchr(b'"', near) else { return ends_in_escapes(near) };
    let before = near.get(..quote).unwrap_or_default().iter().rev().find(|&&b| b != b'\\');
    let opens = match before {
        Some(b':' | b'[' | b'{' | b',') => true,
        Some(b' ') => near.get(..quote).unwrap_or_default().iter().rev().find(|b| !b"\\ ".contains(b)).is_some_and(|b| b":[{,".contains(b)),
        _ => false,
    };
    match near.get(quote + 1) {
        // A value opens, or a name; or one is closed, where it is JSON: not an empty field of a table.
        None => opens || has_member(near) && !matches!(before, Some(b'}' | b']')),
        Some(b':' | b',') => near.len() == quote + 2 || ends_in_number(near.get(quote + 2..).unwrap_or_default()),
        Some(_) => opens || ends_in_escapes(near.get(quote + 1..).unwrap_or_default()),
    }
}

/// A name of a member, quoted in any way, and the sign behind it.
fn has_member(text: &[u8]) -> bool {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\":"));
    FINDER.find(text).is_some()
}

/// More is opened than closed.
fn is_open(text: &[u8]) -> bool {
    let count = |set: &[u8]| text.iter().filter(|b| set.contains(b)).count();
    count(b"{[") > count(b"}]") && has_member(text)
}

/// Behind a member's name: a number, or a name that is not yet quoted.
fn ends_in_number(text: &[u8]) -> bool {
    text.iter().all(|b| b.is_ascii_digit() || b" .+-eE[{".contains(b))
}

/// A long piece with an escape in it.
fn ends_in_escapes(text: &[u8]) -> bool {
    let is_piece = |b: &u8| b.is_ascii_alphanumeric() || b"-_+/=.~%\\&#;".contains(b);
    let tail = text.iter().rev().take_while(|b| is_piece(b)).count();
    let tail = text.get(text.len() - tail..).unwrap_or_default();
    tail.len() >= WRAP_CHARS_MIN && memchr::memchr2(b'\\', b'&', tail).is_some()
}

/// How far back from a line's end JSON is looked at.
const JSON_REACH: usize = 256;

/// A full line ends in the beginning of a token, in any writing.
fn ends_in_opening(text: &[u8]) -> bool {
    let piece = |b: &u8| b.is_ascii_alphanumeric() || b"-_+/.~%\\&#;".contains(b);
    let tail = text.iter().rev().take(WRAP_CHARS_MIN).take_while(|b| piece(b)).count();
    let tail = text.get(text.len() - tail..).unwrap_or_default();
    text.len() >= WRAP_CHARS_MIN && (scrubjay_token::opens_object(tail) || OPENINGS.iter().any(|opening| tail.starts_with(opening)))
}

/// Beginnings of tokens and keys in base64, in hex, in escapes.
const OPENINGS: [&[u8]; 8] = [b"ZXlK", b"ZXdv", b"ZXcw", b"ZXlB", b"LS0tLS1C", b"65794", b"%65%79", b"\\u0065"];

/// A string literal by itself, perhaps behind the operator that joins it to the line before.
fn is_literal(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let operator = text.strip_prefix(b"+").or_else(|| text.strip_prefix(b".")).or_else(|| text.strip_prefix(b"&"));
    operator.is_some_and(|rest| matches!(rest.trim_ascii_start().first(), Some(b'"' | b'\'')))
}

/// Nothing but numbers: a line of a dump without offsets, or of a long list.
fn is_list_line(text: &[u8]) -> bool {
    text.len() >= LIST_BYTES_MIN && text.iter().all(|b| b.is_ascii_hexdigit() || b" ,:\tx".contains(b))
}

/// Pretty-printed JSON that is not closed by this line.
fn is_open_json(line: &[u8], text: &[u8], last: u8) -> bool {
    let inner = text.trim_ascii_start();
    let indented = line.first().is_some_and(|b| matches!(b, b' ' | b'\t'));
    match inner.first() {
        _ if matches!(last, b'{' | b'[') => true,
        Some(b'{') => !matches!(last, b'}' | b']'),
        Some(b'[') => !matches!(last, b'}' | b']') && opens_array(inner),
        Some(b'}' | b']') => indented || last == b',',
        Some(b'"') => is_member(inner) || indented && (last == b'"' || text.ends_with(b"\",")),
        _ => false,
    }
}

/// An array begins with a value. Most lines that begin with a bracket are records, which begin with their time or level.
fn opens_array(text: &[u8]) -> bool {
    let value = text.get(1..).unwrap_or_default().trim_ascii_start();
    let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
    match value.get(digits..).unwrap_or_default() {
        [] => true,
        [b',', ..] => digits > 0,
        [first, ..] => digits == 0 && b"{[\"'\\&%".contains(first),
    }
}

/// `"name":` at the beginning.
fn is_member(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"\"") else { return false };
    let Some(close) = rest.iter().take(NAME_BYTES_MAX).position(|&b| b == b'"') else { return false };
    rest.get(close + 1..).is_some_and(|r| r.trim_ascii_start().first() == Some(&b':'))
}

/// Most lines of other streams between two parts of a line.
const BETWEEN_PARTS_MAX: usize = 16;

/// Where a part of a line begins that no later line within `lines` has finished. Looks at the last few lines only.
fn unfinished(buffer: &[u8], floor: usize, end: usize) -> Option<usize> {
    match parts(buffer, floor, end) {
        Parts::Unfinished(start) => Some(start),
        Parts::Finished | Parts::Unknown => None,
    }
}

/// What the last few lines say of parts of lines.
enum Parts {
    Finished,
    /// A part that begins here goes on.
    Unfinished(usize),
    /// Only parts up to the floor, all of them finished; what stands before it is not looked at.
    Unknown,
}

fn parts(buffer: &[u8], floor: usize, end: usize) -> Parts {
    let mut finished: Vec<&[u8]> = Vec::new();
    let mut at = end;
    for _ in 0..BETWEEN_PARTS_MAX {
        if at <= floor {
            return Parts::Unknown;
        }
        let line = line_at(buffer, at - 1);
        let text = buffer.get(line.clone()).unwrap_or_default().trim_ascii_end();
        let Some(part) = scrubjay_token::part(text) else { return Parts::Finished };
        let stream = text.get(part.stream).unwrap_or_default();
        if part.partial && !finished.contains(&stream) {
            return Parts::Unfinished(line.start);
        }
        finished.push(stream);
        at = line.start;
    }
    Parts::Finished
}

/// The last boundary in `text` behind `from`: a place behind a line end that no unit spans, so that what stands before
/// it and what comes after it are decided independently of each other, by two scrubbers as well as by one.
///
/// `whole` says that `text` itself begins at a boundary (or with its lane); otherwise it may begin inside a line, and
/// only what its own lines prove counts. Lines before `from` are looked at only where a later one depends on them.
/// Whatever links a line to the next one must be seen in that line, the one before it and the one behind it, or in the parts of a
/// container's line: `around` and this go by the same functions. Linear: each line from `from` on is looked at, and at most 16 before it.
///
/// ```
/// use scrubjay_scrub::last_boundary;
///
/// assert_eq!(last_boundary(b"one\ntwo\nthr", 0, true), Some(8));
/// assert_eq!(last_boundary(b"one\n{\n  \"two\": 2,\n", 0, true), Some(4));
/// assert_eq!(last_boundary(b"...e\n", 0, false), None);
/// ```
#[must_use]
pub fn last_boundary(text: &[u8], from: usize, whole: bool) -> Option<usize> {
    let floor = if whole { 0 } else { memchr(b'\n', text)? + 1 };
    let mut end = memrchr(b'\n', text)? + 1;
    while end > floor.max(from) {
        let line = line_at(text, end - 1);
        let finished = || match parts(text, floor, end) {
            Parts::Finished => true,
            Parts::Unfinished(_) => false,
            Parts::Unknown => whole,
        };
        // What a line is may depend on the one before it, and that may be cut here.
        let known = whole || line.start > floor;
        if known && !goes_on(text, floor, &line) && finished() {
            return Some(end);
        }
        end = line.start;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(line: &str) -> bool {
        is_linked(line.as_bytes(), &(0..line.len()))
    }

    #[test]
    fn lines_that_are_linked_and_lines_that_are_not() {
        let wrapped = format!("token: {}", "a".repeat(64));
        for line in [
            "{",
            "DEBUG body: {",
            "  \"alg\": \"x\",",
            "  \"alg\": \"x\"",
            "  },",
            wrapped.as_str(),
            "-----BEGIN EC PRIVATE KEY-----",
            "2026-11-23T12:00:00.123456789Z stdout P part",
            r#"{"log":"part","stream":"stdout","time":"x"}"#,
            r#"["one","#,
            "[101, 121, 74,",
        ] {
            assert!(linked(&format!("{line}\r\n")), "{line}");
        }
        for line in [
            "",
            "}",
            "]",
            r#"{"a":1}"#,
            "2026-11-23 INFO ordinary line",
            "[2026-11-23 12:00:00,123] INFO ordinary line (kafka.log.Log)",
            "[10/Feb/2024:21:23:40 +0100] GET / 200",
            "[error] 1124#1124: open() failed",
            "\"quoted\",\"csv\"",
            r#"{"log":"whole\n","stream":"stdout","time":"x"}"#,
            "2026-11-23T12:00:00.123456789Z stdout F whole",
        ] {
            assert!(!linked(&format!("{line}\n")), "{line}");
        }
    }

    #[test]
    fn chains_have_limits() {
        let text = "{\n  \"a\": 1,\n  \"b\": 2\n}\nnext\n";
        let middle = line_at(text.as_bytes(), 5);
        let unit = around(text.as_bytes(), middle.clone(), 0, text.len(), 1000);
        assert_eq!((unit.lines, unit.open), (0..23, false));
        let unit = around(text.as_bytes(), middle, 0, 12, 1000);
        assert_eq!((unit.lines, unit.open), (0..12, true));
        assert_eq!(chain_start(text.as_bytes(), 21, 0, 1000), 0);
        assert_eq!(chain_start(text.as_bytes(), 21, 0, 11), 12);
        assert_eq!(chain_start(text.as_bytes(), text.len(), 0, 1000), text.len());
    }

    #[test]
    fn boundaries_are_behind_lines_that_nothing_continues() {
        let t = "2026-11-23T12:00:00.123456789Z";
        let (part, other, rest) = (format!("{t} stdout P a\n"), format!("{t} stderr F b\n"), format!("{t} stdout F c\n"));
        // The last line of a wrapped text is one by the line before it.
        let body = format!("one\n{}\nQUJD\n", "QUJD".repeat(16));
        let cut = format!("{part}{other}");
        let whole = format!("one\n{cut}{rest}");
        let cases: &[(&str, usize, bool, Option<usize>)] = &[
            ("", 0, true, None),
            ("no line end", 0, true, None),
            ("one\n", 0, true, Some(4)),
            ("one\n", 4, true, None),
            ("one\ntwo\nthree", 0, true, Some(8)),
            ("one\n{\n  \"a\": 1,\n", 0, true, Some(4)),
            ("one\n{\n  \"a\": 1,\n", 4, true, None),
            ("one\n{\n  \"a\": 1\n}\n", 0, true, Some(17)),
            // The first line may be the end of anything.
            ("one\n", 0, false, None),
            ("one\ntwo\n", 0, false, None),
            ("one\ntwo\nthree\n", 0, false, Some(14)),
            (&body, 0, true, Some(4)),
            ("one\n{\n", 0, false, None),
            (&cut, 0, true, None),
            (&whole, 0, true, Some(whole.len())),
            (&whole, 0, false, None),
            (&rest, 0, true, Some(rest.len())),
        ];
        for (text, from, whole, expected) in cases {
            assert_eq!(last_boundary(text.as_bytes(), *from, *whole), *expected, "{text:?} from {from}, whole {whole}");
        }
        // Sixteen finished lines are enough to know, whatever stands before them.
        let many = format!("one\n{}", other.repeat(BETWEEN_PARTS_MAX));
        assert_eq!(last_boundary(many.as_bytes(), 0, false), Some(many.len()));
    }

    #[test]
    fn a_line_that_ends_in_a_whole_token_is_linked_to_its_rest_only() {
        let part = |n: usize| "Ab1-".repeat(n / 4 + 1)[..n].to_owned();
        let token = |alg: &str, signature: usize| {
            let header = scrubjay_token::base64::encode(format!("{{\"alg\":\"{alg}\"}}").as_bytes());
            format!("token={header}.{}.{}", scrubjay_token::base64::encode(br#"{"sub":"jo","exp":1795435200}"#), part(signature))
        };
        let cases = [
            (token("HS256", 43), token("HS256", 43), false),
            (token("HS256", 43), "started".to_owned(), false),
            (token("RS256", 342), token("RS256", 342), false),
            (token("RS256", 342), part(341), true),
            (token("HS256", 42), "started".to_owned(), true),
        ];
        for (line, next, linked) in cases {
            let buffer = format!("{line}\n{next}\n");
            assert_eq!(is_linked(buffer.as_bytes(), &(0..line.len() + 1)), linked, "{buffer}");
            // Before the whole next line is there, it may be anything.
            assert!(is_linked(&buffer.as_bytes()[..buffer.len() - 1], &(0..line.len() + 1)), "{buffer}");
        }
    }
}
