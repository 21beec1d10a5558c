//! Tokens whose dots were replaced, or whose payload was masked: what still belongs to a token that is no longer one.

use crate::base64::{decode, has_both_cases, head_len, is_base64};
use crate::compact::{HEADER_CHARS_MAX, has_any, is_dense, signature_fits};
use crate::json::{self, Value};
use crate::opening::{is_opening, may_be_head};

/// Longest text between two parts whose dot was replaced, in bytes.
pub(crate) const SEPARATOR_BYTES_MAX: usize = 12;
/// Longest mask in place of a payload, in bytes.
const MASK_BYTES_MAX: usize = 24;
/// Shortest part that is taken along behind a replaced dot or a mask.
const LOOSE_CHARS_MIN: usize = 16;

/// Length of what stands where a dot was (` . `, `[.]`, `(dot)`, `.<br>`, `","`); 0: none of it.
pub(crate) fn separator(text: &[u8], at: usize) -> usize {
    let marks = |at: usize| {
        text[at.min(text.len())..]
            .iter()
            .take(SEPARATOR_BYTES_MAX + 1)
            .take_while(|&&b| !is_base64(b) && b != b'\n' && b != b'=' || b"+-/".contains(&b))
            .count()
    };
    let before = marks(at);
    let is_word = |word: &&[u8]| text[at + before..].get(..word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word));
    let word = [&b"dot"[..], b"br"].into_iter().find(is_word).map_or(0, <[u8]>::len);
    let behind = if word > 0 { marks(at + before + word) } else { 0 };
    let len = if behind > 0 && before > 0 { before + word + behind } else { before };
    if len <= SEPARATOR_BYTES_MAX { len } else { 0 }
}

/// Where a token ends whose header is certain but whose dots were replaced (`H . P . S`, `H[.]P[.]S`, `"H","P","S"`, `H . . S`,
/// `H. E. I. C. T`), or whose payload was masked (`H.***.S`, `H.[PAYLOAD].S`).
pub(crate) fn loose(text: &[u8], end: usize, header: &Value) -> Option<usize> {
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
    if header.get("enc").is_some() {
        return encrypted(text, end);
    }
    // The payload is elsewhere (RFC 7515 App. F): what follows has exactly the length of the signature.
    let alg = header.get("alg").and_then(Value::as_str).filter(|&alg| alg != "none");
    if !plain_dots && alg.is_some() {
        let signature = run(payload);
        if signature_fits(alg, signature) && is_dense(&text[payload..payload + signature]) {
            return Some(payload + signature);
        }
    }
    masked(text, end)
}

/// Where the parts of a JWE end that stand behind its header, with something beside one of their dots at least.
fn encrypted(text: &[u8], end: usize) -> Option<usize> {
    let (mut at, mut parts, mut plain) = (end, 0, true);
    while parts < 4 {
        let gap = separator(text, at);
        // A hyphen at its end is the part's.
        let own = text[at..at + gap].iter().rev().take_while(|&&b| is_base64(b)).count();
        let sign = &text[at..at + gap - own];
        let start = at + sign.len();
        let part = start..start + head_len(&text[start..]);
        let begins = is_opening(text, part.start) && may_be_head(text, part.start);
        let is_word = || !has_both_cases(&text[part.clone()]);
        let is_dot = sign.contains(&b'.') && !sign.windows(3).any(|w| w == b"...");
        if !is_dot || part.len() < LOOSE_CHARS_MIN || is_word() || begins {
            break;
        }
        plain &= sign.iter().all(|&b| b == b'.');
        at = part.end;
        parts += 1;
    }
    (parts > 1 && !plain).then_some(at)
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
