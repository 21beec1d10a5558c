//! Quoted-printable (RFC 2045 §6.7).

use super::{View, hex};
use crate::base64::is_base64;
use crate::wrap::is_piece;

/// The text without quoted-printable (RFC 2045 §6.7): soft line breaks joined, `=HH` decoded. Only where it is plain
/// that it is quoted-printable: a soft break, or an escaped character that a token has.
pub(crate) fn unquoted(text: &[u8]) -> Option<View> {
    let soft = |at: usize| soft_break(text, at);
    let byte = |at: usize| hex(text, at + 1, 2).filter(|_| !text[at + 1..at + 3].iter().any(u8::is_ascii_lowercase));
    let telling = |at: usize| soft(at).is_some() || matches!(byte(at), Some(0x2E | 0x2D | 0x5F | 0x3D | 0x7E));
    memchr::memchr_iter(b'=', text).find(|&at| telling(at))?;
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

/// Lengths of a line that ends in a soft break, its `=` included: encoders fill lines up to 76 (RFC 2045 §6.7).
const SOFT_LINE_BYTES: std::ops::RangeInclusive<usize> = 60..=76;
/// A line of this length would not have held another escaped character: it is filled.
const SOFT_FILLED_BYTES: usize = 73;
/// Shortest beginning of the line behind a soft break in a line that is not filled.
const SOFT_NEXT_CHARS_MIN: usize = 16;

/// Shortest line of wrapped base64.
const WRAPPED_CHARS_MIN: usize = 60;

/// Length of a soft line break at `at`. A `=` at a line's end is padding, mostly: the line has to be filled, and the
/// next one has to go on.
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
    let line = text[..at].iter().rev().take(80).take_while(|&&b| b != b'\n').count() + 1;
    // Behind a full line of base64 that has no soft break, the sign is padding: quoted-printable breaks every line.
    let above = text[..at + 1 - line].strip_suffix(b"\n").unwrap_or_default();
    let above = above.iter().rev().skip_while(|b| b"\r\\\"'+ ".contains(b)).take_while(|&&b| is_base64(b));
    if above.take(WRAPPED_CHARS_MIN).count() == WRAPPED_CHARS_MIN {
        return None;
    }
    let next = &text[at + len..];
    // A date begins a record.
    if matches!(next, [a, b, c, d, b'-', e, f, b'-', ..] if [a, b, c, d, e, f].into_iter().all(u8::is_ascii_digit)) {
        return None;
    }
    let piece = next.iter().take_while(|&&b| is_piece(b)).count();
    // Behind a line that is not filled a value goes on, and no word or digest: both cases, as base64 has.
    let piece = &next[..piece];
    let value = piece.len() >= SOFT_NEXT_CHARS_MIN && piece.iter().any(u8::is_ascii_uppercase) && piece.iter().any(u8::is_ascii_lowercase);
    // A container's line is not filled by anybody: the runtime's head is part of it.
    let filled = line >= SOFT_FILLED_BYTES && crate::partials::part(&text[at + 1 - line..at]).is_none();
    (SOFT_LINE_BYTES.contains(&line) && (filled || value)).then_some(len)
}
