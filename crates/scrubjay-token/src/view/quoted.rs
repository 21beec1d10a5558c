//! Quoted-printable (RFC 2045 §6.7).

use super::View;
use super::escapes::hex;
use crate::base64::{is_base64, tail_len};
use crate::compact::is_dense;
use crate::runs::any_pair;
use crate::wrap::{is_piece, mark_end};

/// The text without quoted-printable (RFC 2045 §6.7): soft line breaks joined, `=HH` decoded. Only where it is plain
/// that it is quoted-printable: a soft break, or an escaped character that a token has.
pub(crate) fn unquoted(text: &[u8]) -> Option<View> {
    // A soft break, or the upper digit of a character that tells: most signs are between a name and its value.
    if !any_pair(text, |a, b| (a == b'=') & ((b == b'2') | (b == b'3') | (b == b'5') | (b == b'7') | (b == b'\n') | (b == b'\r'))) {
        return None;
    }
    let soft = |at: usize| soft_break(text, at);
    let byte = |at: usize| hex(text, at + 1, 2).filter(|_| !text[at + 1..at + 3].iter().any(u8::is_ascii_lowercase));
    let telling = |at: usize| soft(at).is_some() || matches!(byte(at), Some(0x2E | 0x2D | 0x5F | 0x3D | 0x7E));
    let mut signs = memchr::memchr_iter(b'=', text);
    if !signs.clone().any(telling) {
        // Quotes are written so in pairs.
        signs.by_ref().filter(|&at| byte(at) == Some(0x22)).nth(1)?;
    }
    let mut view = View::with_capacity(text.len());
    view.decoded = true;
    let mut copied = 0;
    for at in memchr::memchr_iter(b'=', text) {
        let (soft, byte) = (soft(at), byte(at));
        if at < copied || soft.is_none() && byte.is_none() {
            continue;
        }
        view.copy(text, copied..at);
        copied = at + soft.unwrap_or(3);
        if let Some(code) = byte.filter(|_| soft.is_none()) {
            view.push(code as u8, at, copied);
        }
    }
    view.copy(text, copied..text.len());
    Some(view)
}

/// Lengths of a line that an encoder fills and ends in a soft break, its `=` included (RFC 2045 §6.7): another escaped character
/// would not have had room in it.
const FILLED_BYTES: std::ops::RangeInclusive<usize> = 73..=76;
/// Shortest line that ends in a soft break by itself: some encoders fill other widths than the standard's.
const SOFT_LINE_BYTES_MIN: usize = 60;
/// Shortest line that does so where a neighbour does, too, that is as long.
const NARROW_LINE_BYTES_MIN: usize = 20;
/// Longest line that is looked at (RFC 5322 §2.1.1).
const SOFT_LINE_BYTES_MAX: usize = 998;
/// Shortest beginning of the line behind a soft break in a line that is not filled.
const SOFT_NEXT_CHARS_MIN: usize = 16;

/// Shortest line of wrapped base64.
const WRAPPED_CHARS_MIN: usize = 60;

/// Length of a soft line break at `at`. A `=` at a line's end is padding, mostly: the line has to be filled, or as long as a
/// neighbour that ends in such a sign too, and the next one has to go on.
fn soft_break(text: &[u8], at: usize) -> Option<usize> {
    let len = match text.get(at + 1..) {
        Some([b'\n', ..]) => 2,
        Some([b'\r', b'\n', ..]) => 3,
        _ => return None,
    };
    // Padding, which quoted-printable would have escaped.
    if at > 0 && text[at - 1] == b'=' {
        return None;
    }
    let line = text[..at].iter().rev().take(SOFT_LINE_BYTES_MAX).take_while(|&&b| b != b'\n').count() + 1;
    if !(NARROW_LINE_BYTES_MIN..=SOFT_LINE_BYTES_MAX).contains(&line) {
        return None;
    }
    // Behind a full line of base64 that has no soft break, the sign is padding: quoted-printable breaks every line.
    let before = text[..at + 1 - line].strip_suffix(b"\n").unwrap_or_default();
    let above = before.iter().rev().skip_while(|b| b"\r\\\"'+ ".contains(b)).take_while(|&&b| is_base64(b));
    if above.take(WRAPPED_CHARS_MIN).count() == WRAPPED_CHARS_MIN {
        return None;
    }
    // Where the lines are indented or marked alike, that is the frame's.
    let (start, behind) = (at + 1 - line, &text[at + len..]);
    let mark = &text[start..mark_end(text, &(start..at))];
    // One blank may be the text's own.
    let framed = matches!(mark, [.., _, b' '] | [.., b'\t']) && behind.starts_with(mark);
    let mark = if framed { mark.len() } else { 0 };
    let next = &behind[mark..];
    // A date begins a record.
    if matches!(next, [a, b, c, d, b'-', e, f, b'-', ..] if [a, b, c, d, e, f].into_iter().all(u8::is_ascii_digit)) {
        return None;
    }
    let run = tail_len(&text[..at]);
    // The parts of compact tokens have none (RFC 7515 §2).
    let is_padding = run % 4 == 3 && !text[..at - run].ends_with(b".");
    // A container's line is not filled by anybody: the runtime's head is part of it.
    let filled = FILLED_BYTES.contains(&line) && crate::partials::part(&text[at + 1 - line..at]).is_none();
    // In a short line the sign is one of a value's, too, that would be as long without its padding.
    let is_alone =
        if line < SOFT_LINE_BYTES_MIN { is_dense(&text[at - run..at]) && !is_padding } else { line <= *FILLED_BYTES.end() || !is_padding };
    let is_soft = filled || is_as_wide(before, line, behind, len) || is_value(next) && is_alone;
    is_soft.then_some(len + mark)
}

/// A neighbour of a line of `line` bytes is as long and ends in the same sign: the last one in `before` or the first one in `next`.
fn is_as_wide(before: &[u8], line: usize, next: &[u8], line_end: usize) -> bool {
    let above = before.strip_suffix(b"\r").unwrap_or(before);
    let above = above.len().checked_sub(line).is_some_and(|start| {
        let (before, above) = above.split_at(start);
        matches!(before, [] | [.., b'\n']) && above.ends_with(b"=") && !above.ends_with(b"==") && !above.contains(&b'\n')
    });
    let below = next.get(..line).is_some_and(|below| below.ends_with(b"=") && !below.ends_with(b"==") && !below.contains(&b'\n'));
    above || below && matches!(next.get(line..line + line_end - 1), Some([b'\n'] | [b'\r', b'\n']))
}

/// Behind a line that is not filled a value goes on, and no word or digest: both cases, as base64 has.
fn is_value(next: &[u8]) -> bool {
    let piece = &next[..next.iter().take_while(|&&b| is_piece(b)).count()];
    piece.len() >= SOFT_NEXT_CHARS_MIN && piece.iter().any(u8::is_ascii_uppercase) && piece.iter().any(u8::is_ascii_lowercase)
}
