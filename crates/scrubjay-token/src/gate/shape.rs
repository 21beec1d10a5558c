//! Parts and triples that are more than an accident.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::part_len;
use crate::analyze::{BASE64_CHARS_MIN, BASE64_STARTS_MAX, is_readable, is_worth_a_look};
use crate::base64::{VALUE, decode_head, decode_into, head_len, is_base64, padding_len, tail_len};
use crate::claim_set::DATE_CLAIMS;
use crate::compact::{HEADER_CHARS_MAX, HEADER_NAMES, SUSPECT_CHARS_MIN};
use crate::fragments::{FRAGMENT_LEFT_CHARS_MIN, FRAGMENT_PART_CHARS_MIN, closes_end, closes_object, is_jwe_shape};
use crate::json::{self, Status};
use crate::lists::{decode_hex, lists};
use crate::opening::{is_opening, may_be_head};

/// Bytes of decoded text that show whether it is readable, as many as [`is_worth_a_look`] asks for.
const HEAD_BYTES: usize = 48;

/// What a triple ([`scrubjay_scan::Look::triple`]) begins is more than an accident. A key's type is not judged here.
pub(super) fn is_telling(text: &[u8], at: usize) -> bool {
    let next = |i: usize| text.get(at + i).copied().unwrap_or(b'"');
    if next(1) == 0 {
        return [next(3), next(5)] == [0; 2] && next(2) != 0 && next(4) != 0;
    }
    let before = if at == 0 { 0 } else { VALUE[text[at - 1] as usize] };
    match text[at] {
        b'e' => is_object(text, at),
        b'Z' => {
            matches!([next(1), next(2), next(3)], [b'X', b'l', b'K' | b'B' | b'J'] | [b'X', b'd', b'v' | b'r'] | [b'X', b'c', b'w'])
        }
        // The bits of `e` that the character before holds.
        b'V' => before & 15 == 6 && matches!([next(1), next(2)], [b'5', b'S' | b'Q'] | [b'3', b'b' | b'M' | b'a']),
        b'l' => {
            before & 3 == 1
                && matches!(
                    [next(1), next(2), next(3)],
                    [b'e', b'U', b'E'..=b'H' | b'o'..=b'r']
                        | [b'd', b'2', b'8' | b'9' | b'+' | b'-' | b'/' | b'_' | b's'..=b'v']
                        | [b'd', b'z', b'A'..=b'D']
                )
        }
        b'6' => {
            matches!([next(1), next(2), next(3), next(4)], [b'5', b'7', b'9' | b'7', b'3' | b'4' | b'6'])
        }
        b'-' => text[at..].starts_with(b"-----") && text[..at].ends_with(b"KEY"),
        // `kty`.
        _ => false,
    }
}

/// Where an object in plain base64 begins that has a member.
pub(super) static OBJECT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"eyJ"));

/// Most tokens are as long, and most other runs are not.
const TOKEN_CHARS_FEW: usize = 128;

/// The first object in plain base64 that stands in a run begins like a header, and something stands behind it: [`is_telling`] is true
/// of it, and nothing else has to be asked.
pub(super) fn tells(run: &[u8]) -> bool {
    run.len() >= TOKEN_CHARS_FEW && OBJECT.find(run).is_some_and(|at| opens_header(run, at) && !is_alone(run, at, head_at(run, at)))
}

/// Length of the base64 that begins at `at`, as far as a header may be long.
fn head_at(text: &[u8], at: usize) -> usize {
    head_len(&text[at..text.len().min(at + HEADER_CHARS_MAX)])
}

/// What begins at `at` and is so long is all there is of a value.
fn is_alone(text: &[u8], at: usize, len: usize) -> bool {
    let padding = padding_len(text, at + len);
    text.get(at + len + padding).is_none_or(|b| b"&;".contains(b))
}

/// An object begins here that may be a header or a claim set, or something that only looks like one.
fn is_object(text: &[u8], at: usize) -> bool {
    let alone = at == 0 || !is_base64(text[at - 1]);
    if !opens_header(text, at) && !may_be_head(text, at) {
        return alone && text[at..].starts_with(b"eyJ") && part_len(text, at, SUSPECT_CHARS_MIN) == SUSPECT_CHARS_MIN;
    }
    // An object by itself is a cursor, a setting, a cookie, unless it has a date that claim sets have. What is not whole may
    // go on elsewhere; what is inside it, the look at base64 sees.
    let len = head_at(text, at);
    !is_alone(text, at, len) || !is_whole_object(&text[at..at + len])
}

/// Characters that are decoded to see the first member of a header.
const OPENING_CHARS: usize = 32;

/// The object begins with a member of a header whose value is a plain string. Of such [`may_be_head`] is true, and most headers
/// begin so.
fn opens_header(text: &[u8], start: usize) -> bool {
    let mut opening = [0; OPENING_CHARS / 4 * 3];
    let len = decode_head(&text[start..text.len().min(start + OPENING_CHARS)], &mut opening);
    let Some(rest) = opening[..len].strip_prefix(b"{\"") else { return false };
    let Some(close) = rest.iter().position(|&b| b == b'"') else { return false };
    let Some(value) = rest[close + 1..].strip_prefix(b":\"") else { return false };
    let is_plain = value.iter().find(|b| matches!(b, b'"' | b'\\' | 0..=0x1F)) == Some(&b'"');
    is_plain && HEADER_NAMES.iter().any(|name| name.as_bytes() == &rest[..close])
}

/// A JSON object from its first to its last byte that is neither a header nor a claim set.
fn is_whole_object(chars: &[u8]) -> bool {
    let mut bytes = Vec::new();
    decode_into(chars, &mut bytes);
    let skimmed = json::skim(&bytes, &HEADER_NAMES);
    let whole = matches!(skimmed.status, Status::Complete { end } if bytes[end..].iter().all(u8::is_ascii_whitespace));
    whole && !skimmed.named && !json::skim(&bytes, &DATE_CLAIMS).named
}

/// The part that ends at `end` is the end of an object whose beginning is missing, or that a dot and something long follow.
#[inline(always)]
pub(super) fn ends_object(text: &[u8], end: usize) -> bool {
    may_close(&text[end.saturating_sub(3)..end]) && is_end_of_object(text, end)
}

/// The characters before may be the end of what decodes to a brace or to white space behind it: the last character at the three
/// alignments, and the bits of such a byte that the one before it has. (Of a character too many the last one says nothing.)
#[inline(always)]
fn may_close(last: &[u8]) -> bool {
    let pair = |before: u8, last: u8| {
        let value = VALUE[before as usize];
        match last {
            b'9' => value & 3 == 1,
            b'K' | b'N' | b'J' | b'M' => value & 3 == 0 || before == b'D',
            b'0' => matches!(value & 15, 0 | 7),
            b'o' | b'k' => value & 15 == 0 || before == b'C',
            b'Q' => matches!(before, b'f' | b'D' | b'C'),
            b'g' => value & 3 == 0 || before == b'C',
            b'A' => value & 15 == 2 || matches!(before, b'I' | b'D'),
            _ => false,
        }
    };
    let [first, second, third] = match *last {
        [first, second, third] => [first, second, third],
        [second, third] => [0, second, third],
        _ => return false,
    };
    matches!(third, b'9' | b'0' | b'Q' | b'K' | b'o' | b'g' | b'A' | b'N' | b'J' | b'k') && (pair(second, third) || pair(first, second))
}

fn is_end_of_object(text: &[u8], end: usize) -> bool {
    let len = tail_len(&text[..end]);
    let part = &text[end - len..end];
    let padding = padding_len(text, end);
    let dot = text.get(end + padding) == Some(&b'.');
    if len < FRAGMENT_LEFT_CHARS_MIN {
        return dot && has_long_part(text, end + padding + 1) && closes_end(part);
    }
    (dot && has_long_part(text, end + padding + 1) || !dot && !is_opening(part, 0)) && closes_object(part)
}

/// Parts of the lengths of a JWE without its header.
pub(super) fn has_jwe_shape(text: &[u8]) -> bool {
    let mut lengths = [0; 2];
    for part in text.split(|&b| b == b'.') {
        let len = head_len(part);
        // Behind a tag in the URL's alphabet, a slash belongs to the neighbourhood.
        let tag = part.iter().take(len).position(|b| matches!(b, b'/' | b'+')).unwrap_or(len);
        let [iv, ciphertext] = lengths;
        if is_jwe_shape(iv, ciphertext, len) || is_jwe_shape(iv, ciphertext, tag) {
            return true;
        }
        let tail = tail_len(without_padding(part));
        lengths = [lengths[1], tail];
    }
    false
}

/// A part without the signs that fill it up.
pub(super) fn without_padding(part: &[u8]) -> &[u8] {
    &part[..part.iter().rposition(|&b| b != b'=').map_or(0, |at| at + 1)]
}

/// An object behind white space begins at the beginning of a part.
#[inline(always)]
pub(super) fn begins_object(text: &[u8], at: usize) -> bool {
    match text[at] {
        b'I' | b'C' | b'D' => is_opening(text, at) && may_be_head(text, at),
        // A brace, a quote and a letter that is not ASCII.
        b'e' => matches!(text[at..], [_, b'y', b'L', ..]) && may_be_head(text, at),
        _ => false,
    }
}

/// One of the four parts that begin at `at` is long enough to be a payload, a signature or a ciphertext.
pub(super) fn has_long_part(text: &[u8], mut at: usize) -> bool {
    for _ in 0..4 {
        let len = part_len(text, at, FRAGMENT_PART_CHARS_MIN);
        if len == FRAGMENT_PART_CHARS_MIN {
            return true;
        }
        at += len;
        at += padding_len(text, at);
        if text.get(at) != Some(&b'.') {
            return false;
        }
        at += 1;
    }
    false
}

/// The upper bit of each byte that a character has it of: of the first, second or third of its group, where the character is at
/// place 0, 1 or 2. A group may begin at each of four places: lane `n` of an entry is for a character whose group begins `n`
/// further on (or `4 - n` before it).
static UPPER_BITS: [u32; 256] = {
    let mut bits = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = VALUE[byte] as u32;
        bits[byte] = value >> 5 & 1 | (value >> 3 & 1) << 24 | (value >> 1 & 1) << 16;
        byte += 1;
    }
    bits
};
/// Characters between two looks at what was counted.
const COUNTED: usize = 16;

/// Where in a part base64 of something readable may begin: at its beginning, at any alignment, or behind a slash.
pub(super) fn readable_starts(part: &[u8]) -> impl Iterator<Item = usize> {
    let may_be = may_be_readable_base64(part);
    let first = (0..4).filter(move |&skip| may_be[skip] && is_readable_base64(&part[skip..], HEAD_BYTES));
    let slashes = memchr::memchr_iter(b'/', part).map(|at| at + 1).take(BASE64_STARTS_MAX);
    let long = slashes.take_while(|start| part.len() - start >= BASE64_CHARS_MIN);
    first.chain(long.filter(|&start| is_readable_base64(&part[start..], BASE64_CHARS_MIN / 4 * 3)))
}

/// Whether [`is_readable_base64`] may be true for the part without its first 0, 1, 2, 3 characters: not where upper bits alone show
/// that more than a fifth of the bytes is not ASCII. So it is for most paths and digests, at all four.
fn may_be_readable_base64(part: &[u8]) -> [bool; 4] {
    let head = HEAD_BYTES.min(part.len() * 3 / 4);
    let most = 0x80 - (head / 5 + 1) as u32;
    let upper = |sums: u32| (sums + most * 0x0101_0101) & 0x8080_8080;
    // What is in whole groups of all four, wherever they begin.
    let counted = part.get(4..(HEAD_BYTES / 3 * 4).min(part.len().saturating_sub(3))).unwrap_or_default();
    let mut sums = 0;
    for some in counted.chunks(COUNTED) {
        for group in some.chunks_exact(4) {
            for (place, &b) in group.iter().enumerate() {
                sums += UPPER_BITS[b as usize].rotate_left(8 * place as u32);
            }
        }
        if upper(sums) == 0x8080_8080 {
            return [false; 4];
        }
    }
    [0, 1, 2, 3].map(|lane| upper(sums) >> (8 * lane) & 0x80 == 0)
}

/// What [`is_readable`] says of the first `head` bytes that the characters stand for, given up as soon as it is no.
fn is_readable_base64(chars: &[u8], head: usize) -> bool {
    let head = head.min(chars.len() * 3 / 4);
    let mut upper = 0;
    for group in chars.chunks_exact(4).take(head / 3) {
        let bit = |place: usize| UPPER_BITS[group[place] as usize].rotate_left(8 * place as u32) as usize & 1;
        upper += bit(0) + bit(1) + bit(2);
        if upper * 5 > head {
            return false;
        }
    }
    let mut bytes = [0u8; HEAD_BYTES];
    let (mut len, mut odd) = (0, 0);
    for group in chars.chunks_exact(4) {
        let n = group.iter().fold(0u32, |n, &b| n << 6 | u32::from(VALUE[b as usize] & 63));
        for byte in [(n >> 16) as u8, (n >> 8) as u8, n as u8] {
            if len == head {
                return is_readable(&bytes[..len]);
            }
            bytes[len] = byte;
            len += 1;
            odd += usize::from(is_odd(byte));
        }
        if odd * 5 > head {
            return false;
        }
    }
    is_readable(&bytes[..len])
}

/// Neither text nor the zeros of UTF-16: [`is_readable`] takes a fifth of them.
fn is_odd(byte: u8) -> bool {
    !(0x20..0x7F).contains(&byte) && !matches!(byte, 0 | b'\t' | b'\n' | b'\r')
}

/// Longest text that is glued to the first of some bytes in hex.
const GLUE_BYTES_MAX: usize = 32;

/// Bytes in hex with hyphens between them that may be a token, as .NET's `BitConverter` writes them.
pub(super) fn is_hyphenated(part: &[u8]) -> bool {
    let hyphens = |from: usize| (from..from + 15).step_by(3).all(|at| part.get(at) == Some(&b'-'));
    (0..GLUE_BYTES_MAX).any(hyphens) && lists(part).iter().any(|numbers| is_worth_a_look(&numbers.bytes))
}

/// From how many of the first digits on bytes in hex are read: those of an escape, up to four, may be glued to them.
const HEX_STARTS: usize = 5;

/// How many of the first digits are left out where hex of something readable may begin. `upper`: which of the digits
/// [`may_be_readable_hex`] asks for.
pub(super) fn readable_skips(upper: u128, digits: &[u8]) -> impl Iterator<Item = usize> {
    let skips = if may_be_readable_hex_anywhere(upper, digits.len()) { HEX_STARTS } else { 0 };
    (0..skips).filter(move |&skip| {
        let digits = &digits[skip..];
        may_be_readable_hex(upper >> skip, digits.len()) && is_readable_hex(digits)
    })
}

/// As [`is_readable_base64`], for hex digits.
fn is_readable_hex(digits: &[u8]) -> bool {
    is_readable(&decode_hex(&digits[..digits.len().min(2 * HEAD_BYTES)]))
}

/// False where the digits, `len` of them, are not readable: the upper one of a pair tells text (2 to 7), white space and
/// zeros (0) from the rest, of which [`is_readable`] takes a fifth. `upper`: which of the digits are such.
fn may_be_readable_hex(upper: u128, len: usize) -> bool {
    let len = len.min(2 * HEAD_BYTES);
    let pairs = ((1u128 << (len & !1)) - 1) & (u128::MAX / 3);
    (!upper & pairs).count_ones() as usize * 10 <= len
}

/// How many more than [`may_be_readable_hex`] bears there can be among the digits it is asked of, when these begin up to four
/// digits later and may end one earlier.
const DIGITS_ASIDE_MAX: u32 = 3;

/// False where [`may_be_readable_hex`] is false for the digits from whichever of the first five on: so it is for most digests.
fn may_be_readable_hex_anywhere(upper: u128, len: usize) -> bool {
    let len = len.min(2 * HEAD_BYTES);
    let odd = !upper & ((1u128 << len) - 1);
    let is_few = |count: u32| count.saturating_sub(DIGITS_ASIDE_MAX) as usize * 10 <= len;
    // Of most digests the first 64 digits say it.
    let bears = |places: u128| is_few((odd as u64 & places as u64).count_ones()) && is_few((odd & places).count_ones());
    bears(u128::MAX / 3) || bears((u128::MAX / 3) << 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64::encode;

    /// Text at each alignment, noise, and noise in text, of all lengths.
    #[test]
    fn parts_that_may_not_be_readable_are_not() {
        let mut state = 0x5eed_u64;
        let mut word = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/";
        let (mut rejected, mut readable) = (0, 0);
        for round in 0..40_000 {
            let len = 16 + round % 120;
            let noise = [0, 3, 10, 40, 100][round % 5];
            let text =
                encode(b"a sentence that is text: {\"sub\":\"jo\",\"n\":1}\n0123456789 and what follows on it, and on, and on, and on");
            let shift = word() % 4;
            let mut part: Vec<u8> = std::iter::repeat_n(b'x', shift).chain(text.bytes()).take(len).collect();
            for b in &mut part {
                if word() % 100 < noise {
                    *b = alphabet[word() % alphabet.len()];
                }
            }
            for (skip, may_be) in may_be_readable_base64(&part).into_iter().enumerate() {
                let is = is_readable_base64(&part[skip..], HEAD_BYTES);
                assert!(may_be || !is, "{} {skip}", String::from_utf8_lossy(&part));
                rejected += usize::from(!may_be);
                readable += usize::from(is);
            }
        }
        assert!(rejected > 60_000 && readable > 10_000, "{rejected} {readable}");
    }

    /// Whatever closes an object is let through by its last characters.
    #[test]
    fn what_closes_an_object_may_close() {
        let mut closed = 0;
        for before in [&b"{\"a\":1"[..], b"\"sub\":\"user\"", b"[1,2,3]"] {
            for behind in [&b""[..], b" ", b"\n", b"\r\n", b"\t", b"\x0c", b"  \n"] {
                for (skip, tail) in (0..9).flat_map(|skip| ["", "A", "9", "Q", "o"].map(|tail| (skip, tail))) {
                    let bytes = [&before[skip.min(before.len() - 1)..], b"}", behind].concat();
                    let chars = format!("{}{tail}", encode(&bytes));
                    let chars = chars.as_bytes();
                    if (closes_end(chars) || closes_object(chars)) && b"90QKogANJk".contains(&chars[chars.len() - 1]) {
                        assert!(may_close(&chars[chars.len().saturating_sub(3)..]), "{}", String::from_utf8_lossy(chars));
                        closed += 1;
                    }
                }
            }
        }
        assert!(closed > 100, "{closed}");
        assert!(!may_close(b"abA") && !may_close(b"mm9") && !may_close(b"0"));
    }

    #[test]
    fn a_header_that_begins_plainly_may_be_one() {
        let mut plain = 0;
        for name in HEADER_NAMES.iter().chain(&["Alg", "exp", "\u{e9}", ""]) {
            for value in [
                "\"RS256\"",
                "\"\u{e9}+/.\"",
                "\"\"",
                "\"a\\u0062\"",
                "\"a\tb\"",
                "[\"a\"]",
                "17",
                "true",
                "\"RS256",
                "\"long, too long to end here",
            ] {
                for rest in ["", "}", ",", ",\"typ\":\"JWT\"}", ",}", "\0", " }x", "}}"] {
                    let object = format!("{{\"{name}\":{value}{rest}");
                    let text = encode(object.as_bytes());
                    if opens_header(text.as_bytes(), 0) {
                        plain += 1;
                        assert!(may_be_head(text.as_bytes(), 0), "{object:?}");
                    }
                }
            }
        }
        assert!(plain > 300, "{plain}");
    }

    #[test]
    fn digits_that_are_not_readable_anywhere_are_so_from_each_place_on() {
        let mut state = 0x5eed_u64;
        let mut rejected = 0;
        for round in 0..20_000usize {
            let mut word = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> 32
            };
            // From nearly all to half of the digits are such.
            let mut bits = || (0..4).fold(0u128, |bits, _| bits << 32 | u128::from(word()));
            let upper = match round % 4 {
                0 => bits(),
                1 => bits() | bits(),
                2 => bits() | bits() | bits(),
                _ => bits() | bits() | bits() | bits() | bits(),
            };
            let len = 32 + round % 100;
            if !may_be_readable_hex_anywhere(upper, len) {
                rejected += 1;
                assert!((0..5).all(|skip| !may_be_readable_hex(upper >> skip, len - skip)), "{upper:x} {len}");
            }
        }
        assert!(rejected > 5000, "{rejected}");
    }
}
