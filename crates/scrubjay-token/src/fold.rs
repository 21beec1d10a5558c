//! Text that was folded at one width wherever that fell: within an escape, within a number of a list. What is made of base64
//! alone, [`crate::wrap`] joins with more care.

use std::ops::Range;

use crate::lines::lines;
use crate::lists::is_dump_line;
use crate::short_rows::digit_rows;
use crate::view::View;
use crate::wrap::is_piece;

/// Shortest width that counts (DESIGN §4).
const WIDTH_BYTES_MIN: usize = 60;
/// Beginnings of this length that are equal but for their digits are those of records.
pub(crate) const HEADER_BYTES: usize = 8;

/// The text with folded lines joined: at least two lines of one width, which are no records, and one before or behind
/// them. What holds none of the signs of an escape or a list needs no such care. `None`: nothing is folded.
pub(crate) fn folded(text: &[u8]) -> Option<View> {
    let lines: Vec<Range<usize>> = lines(text).collect();
    let mut view = View::with_capacity(text.len());
    let (mut copied, mut i) = (0, 0);
    while i + 1 < lines.len() {
        let count = continuations(text, &lines[i..]);
        let indent = |line: &Range<usize>| text[line.clone()].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let margin = lines[i + 1..=i + count].iter().map(indent).min().unwrap_or(0);
        for pair in lines[i..=i + count].windows(2) {
            view.copy(text, copied..pair[0].end);
            copied = pair[1].start + margin;
        }
        i += count.max(1);
    }
    if copied == 0 {
        return None;
    }
    view.copy(text, copied..text.len());
    Some(view)
}

/// How many lines continue the first one.
fn continuations(text: &[u8], lines: &[Range<usize>]) -> usize {
    let digits = digit_rows(text, lines);
    if digits > 0 {
        return digits;
    }
    let width = lines[1].len();
    if width < WIDTH_BYTES_MIN
        || !is_dense(&text[lines[1].clone()])
        || is_dump_line(&text[lines[0].clone()])
        || is_dump_line(&text[lines[1].clone()])
        || text[lines[1].clone()].trim_ascii().iter().all(|&b| is_piece(b))
    {
        return 0;
    }
    let is_record = |i: usize| {
        let (a, b) = (&text[lines[i - 1].clone()], &text[lines[i].clone()]);
        begin_alike(a, b) && (!is_dense(b) || has_head(b))
    };
    let full = (1..lines.len()).take_while(|&i| lines[i].len() == width && is_dense(&text[lines[i].clone()]) && !is_record(i)).count();
    if full + usize::from(lines[0].len() == width) < 2 || lines[0].is_empty() {
        return 0;
    }
    let rest = lines.get(full + 1).is_some_and(|last| is_rest(&text[last.clone()], &text[lines[full].clone()]));
    full + usize::from(rest)
}

/// True for lines whose beginnings are equal but for their digits, as those of records are.
#[must_use]
pub fn begin_alike(a: &[u8], b: &[u8]) -> bool {
    a.get(..HEADER_BYTES).is_some_and(|head| begins_as(b, head))
}

/// True for a line that begins with this head, but for its digits.
pub(crate) fn begins_as(line: &[u8], head: &[u8]) -> bool {
    let is_alike = |(a, b): (&u8, &u8)| a == b || a.is_ascii_digit() && b.is_ascii_digit();
    line.len() >= head.len() && line.iter().zip(head).all(is_alike)
}

/// It begins with what a record does, which has a number in it (a time, a count), and neither with an escape nor with the rest of one.
fn has_head(line: &[u8]) -> bool {
    let text = line.trim_ascii_start();
    let head = &text[..text.len().min(HEADER_BYTES)];
    let has_sign = head.iter().any(|b| b"\\&%#;".contains(b));
    !has_sign && head.iter().any(u8::is_ascii_digit) && !head.iter().all(u8::is_ascii_hexdigit) && !is_numbers(line)
}

/// The line begins with what the one before it is made of, up to its end or to what closes a value.
fn is_rest(line: &[u8], before: &[u8]) -> bool {
    let indent = line.len() - line.trim_ascii_start().len();
    let line = line.trim_ascii();
    let list = is_numbers(before);
    let value = |b: u8| if list { is_number(b) } else { is_piece(b) || b"\\&#;%".contains(&b) };
    let len = line.iter().take_while(|&&b| value(b)).count();
    let closed = line.get(len).is_none_or(|b| b"\"'`<>)]},;|".contains(b) || !list && *b == b' ');
    (1..=before.len()).contains(&(indent + len)) && len > 0 && closed && (list || len <= ESCAPE_BYTES_MAX || signs(&line[..len]) > 0)
}

/// A line of escapes or of numbers, and nothing that a record may be.
fn is_dense(line: &[u8]) -> bool {
    is_numbers(line) || signs(line) * BYTES_PER_ESCAPE_MAX >= line.len()
}

/// Longest escape that counts (`\U00000065`), in bytes.
const BYTES_PER_ESCAPE_MAX: usize = 10;

/// Longest rest of a text in escapes that has none of their signs.
const ESCAPE_BYTES_MAX: usize = 8;

/// How many escapes there may be.
fn signs(line: &[u8]) -> usize {
    line.iter().filter(|b| matches!(b, b'\\' | b'&' | b'%')).count()
}

/// A byte of a list of numbers.
fn is_number(b: u8) -> bool {
    b.is_ascii_hexdigit() || b" ,:;-\tx".contains(&b)
}

/// Nothing but numbers and what parts them: lines of a list begin alike.
fn is_numbers(line: &[u8]) -> bool {
    line.iter().all(|&b| is_number(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_text_and_records() {
        let list: Vec<String> = (0..120).map(|n| (n + 48).to_string()).collect();
        let list = list.join(",");
        let lines = |width: usize| list.as_bytes().chunks(width).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>();
        let text = format!("data: {}\nnext line\n", lines(70).join("\n  "));
        let view = folded(text.as_bytes()).unwrap();
        assert!(String::from_utf8_lossy(&view.text).starts_with(&format!("data: {list}")));
        let record = "2026-11-23T12:00:00Z INFO request done id=17 status=200 bytes=1234 ok\n";
        assert!(folded(record.repeat(4).as_bytes()).is_none());
    }
}
