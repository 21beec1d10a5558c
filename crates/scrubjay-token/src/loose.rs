//! Tokens whose dots were replaced, or whose payload was masked: what still belongs to a token that is no longer one.

use crate::base64::{decode, head_len, is_base64};
use crate::compact::{HEADER_CHARS_MAX, has_any, is_opening};
use crate::json;

/// Longest text between two parts whose dot was replaced, in bytes.
pub(crate) const SEPARATOR_BYTES_MAX: usize = 12;
/// Longest mask in place of a payload, in bytes.
const MASK_BYTES_MAX: usize = 24;
/// Shortest part that is taken along behind a replaced dot or a mask.
const LOOSE_CHARS_MIN: usize = 16;

/// Length of what stands where a dot was (` . `, `[.]`, `(dot)`, `","`); 0: none of it.
pub(crate) fn separator(text: &[u8], at: usize) -> usize {
    let marks = |at: usize| {
        text[at.min(text.len())..]
            .iter()
            .take(SEPARATOR_BYTES_MAX + 1)
            .take_while(|&&b| !is_base64(b) && b != b'\n' && b != b'=' || b"+-/".contains(&b))
            .count()
    };
    let before = marks(at);
    let word = text[at + before..].get(..3).is_some_and(|w| w.eq_ignore_ascii_case(b"dot"));
    let behind = if word { marks(at + before + 3) } else { 0 };
    let len = if behind > 0 && before > 0 { before + 3 + behind } else { before };
    if len <= SEPARATOR_BYTES_MAX { len } else { 0 }
}

/// Where a token ends whose header is certain but whose dots were replaced (`H . P . S`, `H[.]P[.]S`, `"H","P","S"`), or
/// whose payload was masked (`H.***.S`, `H.[PAYLOAD].S`).
pub(crate) fn loose(text: &[u8], end: usize) -> Option<usize> {
    let run = |at: usize| head_len(&text[at..]);
    let gap = separator(text, end);
    if gap == 0 {
        return masked(text, end);
    }
    let payload = end + gap;
    // Two dots stand for an empty part: a detached payload, or a JWE without encrypted key.
    let plain_dots = gap <= 2 && text[end..payload].iter().all(|&b| b == b'.');
    if !plain_dots && is_opening(text, payload) && run(payload) >= LOOSE_CHARS_MIN && is_claims(&text[payload..payload + run(payload)]) {
        let mut at = payload + run(payload);
        let gap = separator(text, at);
        if gap > 0 && run(at + gap) >= LOOSE_CHARS_MIN {
            at += gap + run(at + gap);
        }
        return Some(at);
    }
    masked(text, end)
}

/// A JSON object with a member that is no header: two headers in a row are no token, and what decodes to a brace is an accident.
fn is_claims(chars: &[u8]) -> bool {
    let parsed = json::parse(&decode(&chars[..chars.len().min(HEADER_CHARS_MAX)]));
    !parsed.value.members().is_empty() && !has_any(&parsed.value, &["alg", "enc"])
}

/// Where `.***.S`, `.[PAYLOAD].S` or `.<payload>.S` ends.
fn masked(text: &[u8], dot: usize) -> Option<usize> {
    let mask = text.get(dot..)?.strip_prefix(b".")?;
    let is_mark = |b: u8| b"*#[]<>{}() ".contains(&b) || b.is_ascii_alphabetic() || !b.is_ascii();
    let len = mask.iter().take(MASK_BYTES_MAX + 1).take_while(|&&b| is_mark(b)).count();
    let is_mask = len > 0 && len <= MASK_BYTES_MAX && (b"*#[<{(".contains(&mask[0]) || !mask[0].is_ascii());
    let rest = mask.get(len..)?.strip_prefix(b".")?;
    let signature = head_len(rest);
    (is_mask && signature >= LOOSE_CHARS_MIN).then_some(dot + 2 + len + signature)
}
