//! The first look at what may begin a token: base64 of a brace and a name. Most openings are accidents, and are told by their first
//! characters.

use crate::base64::{NOT, VALUE, alphanumeric_len, decode, decode_head, head_len, is_base64, padding_len};
use crate::compact::{HEADER_CHARS_MAX, HEADER_NAMES, SUSPECT_CHARS_MIN};
use crate::elision::{ELLIPSIS_CHARS_MIN, REACH as MARK_REACH, may_be_mark};
use crate::json::{self, Skimmed, Status};

/// True where `text[at..]` may be the beginning of a base64url JSON object: `{` after optional white space (RFC 8259 §2).
///
/// `ey` is `{"` or `{ `, `ew` is `{` and a tab or line end. White space before the brace gives other letters.
#[inline]
pub(crate) fn is_opening(text: &[u8], at: usize) -> bool {
    let pair = (text.get(at).copied().unwrap_or(0), text.get(at + 1).copied().unwrap_or(0));
    matches!(
        pair,
        (b'e', b'y' | b'w') | (b'I', b'H' | b'C' | b'A') | (b'C', b'n' | b'i' | b'g' | b'X' | b'S' | b'Q') | (b'D', b'X' | b'S' | b'Q')
    )
}

/// True where a text begins with base64 of white space, a brace and a name: a header or a claim set, whole or not.
#[must_use]
pub fn opens_object(text: &[u8]) -> bool {
    let mut bytes = [0; 12];
    let chars = &text[..text.iter().take(16).take_while(|&&b| is_base64(b)).count()];
    let len = if is_opening(text, 0) { decode_head(chars, &mut bytes) } else { 0 };
    let name = bytes[..len].trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    name.is_some_and(|name| name.is_empty() || name[0] == b'"')
}

/// True where a text begins with a JOSE header and its dot, or with as much of one as fits in it: another token than the one
/// before it.
pub(crate) fn opens_token(text: &[u8]) -> bool {
    if !is_opening(text, 0) || !may_be_head(text, 0) {
        return false;
    }
    let chars = &text[..head_len(&text[..text.len().min(HEADER_CHARS_MAX)])];
    // Most headers are short.
    let mut short = [0; SHORT_CHARS / 4 * 3];
    let long;
    let bytes = if chars.len() <= SHORT_CHARS {
        let len = decode_head(chars, &mut short);
        &short[..len]
    } else {
        long = decode(chars);
        &long
    };
    let header = json::skim(bytes, &["alg", "enc", "typ"]);
    let read = match text.get(chars.len()) {
        Some(b'.') => matches!(header.status, Status::Complete { .. }),
        None => header.status == Status::Cut,
        _ => false,
    };
    read && header.named
}

/// Characters that are decoded without allocation.
const SHORT_CHARS: usize = 256;

/// Characters that are decoded before a whole segment is looked at.
pub(crate) const PROBE_CHARS: usize = 64;
/// Bytes that they stand for.
pub(crate) const PROBE_BYTES: usize = PROBE_CHARS / 4 * 3;

/// Longest name of a first member.
const NAME_BYTES_MAX: usize = 40;

/// False where the first characters already show that no JSON object begins: most openings are accidents, and a run of
/// base64 has many.
pub(crate) fn may_be_head(text: &[u8], start: usize) -> bool {
    probe(text, start).is_some()
}

/// What the first characters of a header say.
#[derive(Clone, Copy)]
pub(crate) enum Probe {
    /// The first member is a parameter that headers have, with a text: whatever follows, it is looked at.
    Header,
    /// As much as they say of an object.
    Object(Skimmed),
}

/// What the first characters, [`PROBE_CHARS`] of them, say of a header. `None`: no JSON object begins.
pub(crate) fn probe(text: &[u8], start: usize) -> Option<Probe> {
    let chars = &text[start..text.len().min(start + PROBE_CHARS)];
    let mut probe = [0; PROBE_BYTES];
    let len = decode_head(chars, &mut probe);
    let probe = &probe[..len];
    // Shorter ones are read nearly as soon, and most of them are none.
    if probe.len() >= PROBE_BYTES / 2 && is_header(probe) {
        return Some(Probe::Header);
    }
    // The first member's name is text and short: accidents seldom are, and each costs a look at a whole segment.
    let name = match probe {
        [b'{', name @ ..] if name.starts_with(b"\"") => name,
        _ => probe.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start(),
    };
    let len = name.iter().skip(1).take_while(|&&b| b >= 0x20 && b != 0x7F && b != b'"').count();
    if !matches!(name.first(), Some(b'"' | b'}') | None) || len + 1 < name.len() && name[len + 1] != b'"' || len > NAME_BYTES_MAX {
        return None;
    }
    let name = &name[..name.len().min(len + 1)];
    if !name.is_ascii() && std::str::from_utf8(name).is_err_and(|e| e.error_len().is_some()) {
        return None;
    }
    let early = json::skim(probe, &HEADER_NAMES);
    let may_be = match early.status {
        Status::Invalid { at } => at + 1 >= probe.len() || early.named,
        // Text goes on behind the object: a line of a log, in base64.
        Status::Complete { end } => probe[end..].iter().all(u8::is_ascii_whitespace) || early.named,
        _ => true,
    };
    may_be.then_some(Probe::Object(early))
}

/// True for `{"alg":"RS256"` and its like, of which all holds that [`probe`] asks of others: the name is text and short, and skimming
/// sees the member.
pub(crate) fn is_header(probe: &[u8]) -> bool {
    let Some((name, value)) = probe.strip_prefix(b"{\"").and_then(<[u8]>::split_first_chunk) else { return false };
    [b"alg", b"typ", b"kid", b"enc"].contains(&name) && value.strip_prefix(b"\":\"").is_some_and(json::ends_plain)
}

/// Fewest characters of a header (`{"alg":""}`) and of the beginning of one before an ellipsis.
pub(crate) const HEAD_CHARS_MIN: usize = if ELLIPSIS_CHARS_MIN < 13 { ELLIPSIS_CHARS_MIN } else { 13 };

/// What begins at `start` is too short for a header, no dot follows, and the text goes on: whatever it decodes to, it is
/// nothing.
#[inline]
pub(crate) fn is_scrap(text: &[u8], start: usize) -> bool {
    let head = text[start..].get(..=HEAD_CHARS_MIN).unwrap_or_default();
    let len = head.iter().position(|&b| VALUE[b as usize] == NOT);
    len.is_some_and(|len| {
        // Padding is none of it.
        let padding = if head[len] == b'=' { padding_len(text, start + len) } else { 0 };
        len < HEAD_CHARS_MIN && text.get(start + len + padding).is_some_and(|&next| next != b'.')
    })
}

/// What begins at `start`, of which the first characters say so much, is no object that can be told, no mark follows that stands for the
/// rest of it, and it is too short for a suspect: it is nothing. The text has to go on far enough to see that.
#[inline]
pub(crate) fn is_broken(text: &[u8], start: usize, probe: Option<Probe>) -> bool {
    let is_other = probe.is_none_or(|probe| match probe {
        Probe::Header => false,
        Probe::Object(early) => !early.named && matches!(early.status, Status::Cut | Status::Invalid { .. }),
    });
    let rest = text.get(start..start + SUSPECT_CHARS_MIN + MARK_REACH).filter(|_| is_other).unwrap_or_default();
    let len = alphanumeric_len(&rest[..rest.len().min(SUSPECT_CHARS_MIN)]);
    len < SUSPECT_CHARS_MIN && rest.get(len).is_some_and(|&next| next != b'=' && !is_base64(next)) && !may_be_mark(rest, len)
}
