//! Lines of one width that is too small to tell by itself that a value goes on: two that are full prove it for each other.

use std::ops::Range;

use crate::compact::is_dense;
use crate::frames::heads;
use crate::lists::is_text_in_hex;
use crate::opening::opens_object;
use crate::wrap::{is_piece, mark_end, pieces_len};

/// Widths that two full lines prove, from the shortest on; what is wider proves itself (DESIGN §4).
pub(crate) const WIDTHS: Range<usize> = 40..60;
/// Shortest end of a line that may be the first piece of a value, where it does not open one.
const TAIL_CHARS_MIN: usize = 16;
/// Shortest line of quoted-printable that goes on.
const SOFT_BYTES_MIN: usize = 20;
/// Shortest opening.
pub(crate) const OPENING_CHARS_MIN: usize = 8;

/// Length of the piece in which a text ends, counted no further than the largest of these widths and one more.
fn tail_len(text: &[u8]) -> usize {
    pieces_len(&text[text.len() - text.len().min(WIDTHS.end)..])
}

/// The line ends in what may be a piece of a value: base64 of some length, or the opening of a token.
fn ends_in_piece(line: &[u8]) -> bool {
    let tail = &line[line.len() - tail_len(line)..];
    tail.len() >= TAIL_CHARS_MIN && is_of_value(tail) || tail.len() >= OPENING_CHARS_MIN && opens_object(&tail[behind_name(tail)..])
}

/// As [`ends_in_piece`], of a text that is as wide as a full line, or whose piece is.
pub(crate) fn ends_narrow(text: &[u8]) -> bool {
    (WIDTHS.contains(&text.trim_ascii_start().len()) || WIDTHS.contains(&tail_len(text))) && ends_in_piece(text)
}

/// The line ends in a soft break or in padding.
fn is_soft(line: &[u8]) -> bool {
    line.len() >= SOFT_BYTES_MIN && line.ends_with(b"=") && !line.ends_with(b"==") && is_piece(line[line.len() - 2])
}

/// Where a value begins that stands behind its name (`token=`).
fn behind_name(tail: &[u8]) -> usize {
    memchr::memrchr(b'=', tail).filter(|at| at + 1 < tail.len()).map_or(0, |at| at + 1)
}

/// Base64, or text in hex.
pub(crate) fn is_of_value(chars: &[u8]) -> bool {
    is_dense(chars) || is_text_in_hex(chars)
}

/// The text is a full line of a wrapped value, and nothing else.
fn is_full(text: &[u8]) -> bool {
    WIDTHS.contains(&text.len()) && text.iter().all(|&b| is_piece(b)) && is_of_value(text)
}

/// Two texts that follow each other are full lines of one width: the second is nothing else, and so is the first, or as much of it
/// is as fits behind what stands before it.
pub(crate) fn are_full(first: &[u8], second: &[u8]) -> bool {
    is_full(second) && ends_in_piece(first) && (first.len() == second.len() || tail_len(first) == second.len())
}

/// The same of two lines, whose indentations, marks and headers are no part of them; or may be, where the lines are as long.
pub(crate) fn are_full_lines(first: &[u8], second: &[u8]) -> bool {
    let (first, second) = (first.trim_ascii_end(), second.trim_ascii_end());
    // Of most lines their end is enough to know.
    let tail = tail_len(second);
    if tail < WIDTHS.start || tail == WIDTHS.end && !may_be_counted(second) {
        return false;
    }
    let (above, own) = heads(first, second).unwrap_or_else(|| (mark_end(first, &(0..first.len())), mark_end(second, &(0..second.len()))));
    let (text, next) = (&first[above..], &second[own..]);
    are_full(text, next) || first.len() == second.len() && is_full(next) && ends_in_piece(first)
}

/// A number and the hyphen behind it may stand before a full line: of what parts a line from what stands before it, the hyphen alone is
/// a byte that lines are made of.
fn may_be_counted(line: &[u8]) -> bool {
    let near = &line[line.len().saturating_sub(WIDTHS.end + 1)..line.len() - WIDTHS.start];
    near.windows(2).any(|pair| matches!(pair, [b'0'..=b'9', b'-']))
}

/// True where a value goes on behind `line` as lines of one width do that is too small to tell by itself: `line` and the next
/// one, or `before` and `line`, are full. `None`: the next one is not there yet, and may be anything.
#[must_use]
pub fn goes_on_at_width(before: Option<&[u8]>, line: &[u8], next: Option<&[u8]>) -> bool {
    let line = line.trim_ascii_end();
    let Some(next) = next else { return ends_in_piece(line) || is_soft(line) };
    // Quoted-printable breaks its lines so (RFC 2045 §6.7).
    let is_as_soft = |other: &[u8]| other.trim_ascii_end().len() == line.len() && is_soft(other.trim_ascii_end());
    if is_soft(line) && (is_as_soft(next) || before.is_some_and(is_as_soft)) {
        return true;
    }
    ends_in_piece(line) && (are_full_lines(line, next) || before.is_some_and(|before| are_full_lines(before, line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_width_and_others() {
        let full = |n: usize| "aB3dEfGh".repeat(8)[..n].to_owned();
        let (a, b) = (full(44), full(30));
        for (before, line, next, want) in [
            ("", a.clone(), a.clone(), true),
            ("", a.clone(), format!("{a}\r"), true),
            ("", format!("  {a}"), format!("  {a}"), true),
            ("", format!("token: {}", full(37)), a.clone(), true),
            ("", "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9".into(), full(42), true),
            ("", format!("token: {a}"), a.clone(), true),
            ("", format!("2026-11-23T12:00:00Z INFO {a}"), format!("2026-11-23T12:00:01Z INFO {a}"), true),
            ("x", a.clone(), b.clone(), false),
            (&a, a.clone(), b.clone(), true),
            (&a, a.clone(), "2026-11-23T12:00:00Z INFO started".into(), true),
            (&a, b.clone(), a.clone(), false),
            // Text in hex.
            ("", "65794a68624763694f694a49557a49314e694a39".into(), "65794a68624763694f694a49557a49314e694a39".into(), true),
            // A width of one line, of short lines, of digests and of words.
            ("", a.clone(), full(43), false),
            // What `grep` sets in front is made of the same bytes.
            ("", format!("src/pages/a.log-12-{a}"), format!("src/pages/a.log-13-{a}"), true),
            ("", format!("src/pages/a.log-12-{a}"), format!("src/pages/a.log-14-{a}"), false),
            ("", b.clone(), b.clone(), false),
            ("", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b".into(), "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b".into(), false),
            ("", format!("the last of these forty-four letters is {}", &a[..4]), a.clone(), false),
            ("", format!("{a} started"), a.clone(), false),
            ("", "Authorization: Bearer eyJra=".into(), "iOiJrZXktZXAxbzV3IiwidHlwIj=".into(), true),
            ("", "Authorization: Bearer eyJra=".into(), "iOiJrZXktZXAxbzV3IiwidHlwIj".into(), false),
        ] {
            let before = Some(before.as_bytes()).filter(|before| !before.is_empty());
            assert_eq!(goes_on_at_width(before, line.as_bytes(), Some(next.as_bytes())), want, "{line} {next}");
        }
        assert!(goes_on_at_width(None, a.as_bytes(), None) && !goes_on_at_width(None, b"INFO started with 17 of them and more", None));
    }
}
