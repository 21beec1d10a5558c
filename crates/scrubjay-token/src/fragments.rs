//! Fragments of compact tokens: what is left where the header, or the beginning of it, is cut away.

use crate::base64::{decode, decode_head, head_len, is_base64};
use crate::compact::{At, Segment, Segments, is_mixed, is_signature_length, reads_on};
use crate::edges::fragment_start;
use crate::elision::{Behind, behind_marks};
use crate::json;
use crate::opening::is_opening;
use crate::sd_jwt::disclosures;
use crate::token::{Cut, Found, Kind, Token};

/// Decides what stands around the first dot of a chain whose beginning was not recognised: a token that lost its header's
/// beginning, or its whole header (`from`: where the last token ended).
pub(crate) fn fragment_at(text: &[u8], dot: usize, from: usize, more: bool, work: &mut usize) -> At {
    if !(1..=FRAGMENT_REACH).any(|i| text.get(dot + i).copied().is_some_and(is_base64)) {
        return At::Nothing;
    }
    let left = Segment { start: fragment_start(text, from, dot), end: dot, padded_end: dot };
    let mut segments = Segments::of(text);
    let mut parts = [Segment { start: dot, end: dot, padded_end: dot }; 4];
    let (mut known, mut end) = (0, dot);
    while known < 4 && segments.dot_at(end) {
        parts[known] = segments.read(end + 1, false);
        end = parts[known].padded_end;
        known += 1;
    }
    *work += left.len() + end - dot;
    if !parts.iter().any(|p| p.len() >= FRAGMENT_PART_CHARS_MIN) {
        return At::Nothing;
    }
    let Some((kind, count)) = shape(&segments, left, &parts[..known]) else { return At::Nothing };
    let end = parts[count - 1].padded_end;
    let end = match behind_marks(text, end, more) {
        Behind::Rest(end) => end,
        Behind::Nothing => end,
        Behind::Open => return At::Open,
    };
    if more && end >= text.len() {
        return At::Open;
    }
    let is_last = kind == Kind::Jws && (known == 1 || parts[1].len() == 0);
    let reads_on = is_last && {
        let payload = decode(segments.chars(parts[0]));
        payload.trim_ascii_start().starts_with(b"{") && reads_on(&payload, json::skim(&payload, &[]).status)
    };
    let mut token = Token { cut: Some(Cut::Header), reads_on, ..Token::bare(kind) };
    let end = if kind == Kind::Jws { disclosures(text, &mut token, end, more, work) } else { Some(end) };
    end.map_or(At::Open, |end| At::Token(Found::plain(left.start..end, token)))
}

/// What the rest `left` of a part and the parts behind it are, and how many of these belong to it.
fn shape(segments: &Segments<'_>, left: Segment, parts: &[Segment]) -> Option<(Kind, usize)> {
    // What follows the last part that holds anything are full stops.
    let used = parts.iter().rposition(|part| part.len() > 0).map_or(0, |i| i + 1);
    let closes = |part: Segment| closes_end(segments.chars(part));
    let mixed = |part: Segment| part.len() >= FRAGMENT_PART_CHARS_MIN && is_mixed(segments.chars(part));
    // The end of a header may have the length of an IV.
    let encrypted = |iv: Segment, ct: Segment, tag: Segment| is_jwe_shape(iv.len(), ct.len(), tag.len()) && mixed(ct) && !closes(iv);
    match *parts {
        // Cut at both ends, within the header and within the ciphertext.
        [_, iv, ct, ..] if matches!(iv.len(), 16 | 22) && mixed(ct) && closes(left) => Some((Kind::Jwe, used)),
        [_, iv, ct, tag] if encrypted(iv, ct, tag) => Some((Kind::Jwe, 4)),
        [iv, ct, tag, ..] if encrypted(iv, ct, tag) => Some((Kind::Jwe, 3)),
        // Cut behind the encrypted key, with its dot.
        [ct, tag, ..] if encrypted(left, ct, tag) => Some((Kind::Jwe, 2)),
        // Of the payload no more is left than its end.
        [signature, ..] if left.len() < FRAGMENT_LEFT_CHARS_MIN => {
            (used == 1 && is_signature_length(signature.len()) && mixed(signature) && closes(left)).then_some((Kind::Jws, 1))
        }
        [first, ..] if closes_object(segments.chars(left)) => {
            let signed = parts.get(1).is_some_and(|part| is_signature_length(part.len()));
            let payload_follows = signed || closes_object(segments.chars(first)) || is_opening(segments.text, first.start);
            let count = if used == 4 {
                4
            } else if payload_follows {
                parts.len().min(2)
            } else {
                1
            };
            (first.len() >= FRAGMENT_PART_CHARS_MIN || count > 1).then_some((Kind::Jws, count))
        }
        _ => None,
    }
}

/// Bytes behind a dot within which a part has to begin: another empty part may stand between.
const FRAGMENT_REACH: usize = 2;
/// Shortest part behind the rest of a cut header or payload.
pub(crate) const FRAGMENT_PART_CHARS_MIN: usize = 16;
/// How far behind a dot the first long part may begin: behind three shorter ones, each with its padding and its dot.
pub(crate) const PARTS_REACH: usize = 1 + 3 * (FRAGMENT_PART_CHARS_MIN - 1 + 2 + 1);
/// Shortest rest of a cut header or payload.
pub(crate) const FRAGMENT_LEFT_CHARS_MIN: usize = 12;

/// IV and tag have the lengths of the algorithms of RFC 7518 §5: 96 or 128 bits; 128, 192 or 256 bits.
pub(crate) fn is_jwe_shape(iv: usize, ciphertext: usize, tag: usize) -> bool {
    matches!((iv, tag), (16, 22) | (22, 22 | 32 | 43)) && ciphertext >= FRAGMENT_PART_CHARS_MIN
}

/// The end of a segment decodes, at one of the four alignments, to readable text that closes an object.
pub(crate) fn closes_object(chars: &[u8]) -> bool {
    let chars = chars.strip_suffix(b"==").or_else(|| chars.strip_suffix(b"=")).unwrap_or(chars);
    ends_in_brace(&chars[chars.len() - chars.len().min(END_CHARS)..], |text| text.len() >= 6)
}

/// As [`closes_object`], of a part that may be shorter: it closes an object behind the end of a value.
pub(crate) fn closes_end(chars: &[u8]) -> bool {
    if chars.len() >= FRAGMENT_LEFT_CHARS_MIN {
        return closes_object(chars);
    }
    let closes_value = |text: &[u8]| {
        let value = text.trim_ascii_end().strip_suffix(b"}").map(<[u8]>::trim_ascii_end);
        value.and_then(<[u8]>::last).is_some_and(|b| b.is_ascii_digit() || b"\"]}el".contains(b))
    };
    ends_in_brace(chars, closes_value)
}

/// How much of the end of a segment is looked at.
const END_CHARS: usize = 24;

/// The characters, no more than [`END_CHARS`], decode at one of the four alignments to readable text that ends in a brace and
/// that `closes` says yes to.
fn ends_in_brace(chars: &[u8], closes: impl Fn(&[u8]) -> bool) -> bool {
    let mut bytes = [0; END_CHARS / 4 * 3];
    let chars = &chars[..head_len(chars)];
    let mut decodes = |from: usize, is: &dyn Fn(&[u8]) -> bool| {
        let len = decode_head(&chars[from..], &mut bytes);
        is(&bytes[..len])
    };
    (0..4.min(chars.len())).any(|skip| {
        // The last group tells most that do not.
        let last = skip + (chars.len() - skip).saturating_sub(2) / 4 * 4;
        decodes(last, &|text| text.last().is_some_and(|&b| b == b'}' || b.is_ascii_whitespace()))
            && decodes(skip, &|text| {
                text.trim_ascii_end().ends_with(b"}")
                    && text.iter().all(|&b| (0x20..0x7F).contains(&b) || b.is_ascii_whitespace())
                    && closes(text)
            })
    })
}

/// Where the base64 text begins that an object at `start` is in the middle of, if what stands before it is text too.
pub(crate) fn text_start(text: &[u8], start: usize) -> usize {
    let from = fragment_start(text, 0, start);
    let groups = (start - from) / 4 * 4;
    let before = decode(&text[start - groups..start]);
    let is_text = std::str::from_utf8(&before).is_ok_and(|t| !t.chars().any(char::is_control));
    if groups >= 2 * 4 && is_text { from } else { start }
}

/// Where a `payload.signature` fragment at `start` follows the rest of a cut header (`…In0.`), the rest goes with it.
pub(crate) fn header_rest(text: &[u8], start: usize) -> usize {
    if start < 3 || text[start - 1] != b'.' {
        return start;
    }
    let from = fragment_start(text, 0, start - 1);
    if closes_end(&text[from..start - 1]) { from } else { start }
}
