//! Base64url as tokens carry it (RFC 7515 §2), read leniently: logs also hold the standard alphabet and padding.

use crate::runs::{self, STEP, all};

/// Value of a byte in the base64url or the standard alphabet, or [`NOT`].
pub(crate) static VALUE: [u8; 256] = VALUE_TABLE;
const VALUE_TABLE: [u8; 256] = table();
/// Marks a byte that is in neither alphabet.
pub(crate) const NOT: u8 = 0xFF;
/// The least value that is none of a letter or a digit.
const SIGN: u8 = 62;

const fn table() -> [u8; 256] {
    let mut t = [NOT; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut i = 0;
    while i < alphabet.len() {
        t[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    t[b'-' as usize] = 62;
    t[b'+' as usize] = 62;
    t[b'_' as usize] = 63;
    t[b'/' as usize] = 63;
    t
}

/// True for a byte of the base64url or the standard alphabet, padding excluded.
#[must_use]
pub fn is_base64(byte: u8) -> bool {
    VALUE[byte as usize] != NOT
}

fn letter(b: u8) -> bool {
    (b | 0x20).wrapping_sub(b'a') < 26
}

/// A digit, or one of `-`, `.` and `/`, which stand before those.
fn digit_or_sign(b: u8) -> bool {
    b.wrapping_sub(b'-') <= b'9' - b'-'
}

/// A byte of base64, or a dot: compared, not looked up, for [`all`].
#[inline(always)]
pub(crate) fn is_dotted(b: u8) -> bool {
    letter(b) | digit_or_sign(b) | (b == b'_') | (b == b'+')
}

fn are_base64(bytes: &[u8; STEP]) -> bool {
    all(bytes, |b| is_dotted(b) & (b != b'.'))
}

/// Letters of upper and of lower case.
pub(crate) fn has_both_cases(chars: &[u8]) -> bool {
    chars.iter().any(u8::is_ascii_uppercase) && chars.iter().any(u8::is_ascii_lowercase)
}

/// Length of the base64 at the beginning of a text.
pub(crate) fn head_len(text: &[u8]) -> usize {
    runs::head_len(text, is_base64, are_base64)
}

/// Length of the letters and digits at the beginning of a text.
pub(crate) fn alphanumeric_len(text: &[u8]) -> usize {
    runs::head_len(text, |b| VALUE[b as usize] < SIGN, |bytes| all(bytes, |b| letter(b) | (b.wrapping_sub(b'0') < 10)))
}

/// Length of the base64url at the beginning of a text.
pub(crate) fn url_len(text: &[u8]) -> usize {
    let url = |b| letter(b) | digit_or_sign(b) & (b != b'.') & (b != b'/') | (b == b'_');
    runs::head_len(text, |b| VALUE[b as usize] < SIGN || matches!(b, b'-' | b'_'), |bytes| all(bytes, url))
}

/// Length of the base64 and the dots at the beginning of a text.
pub(crate) fn dotted_len(text: &[u8]) -> usize {
    runs::long_head_len(text, |b| is_base64(b) || b == b'.', |bytes| all(bytes, is_dotted))
}

/// Length of the base64 at the end of a text.
pub(crate) fn tail_len(text: &[u8]) -> usize {
    runs::tail_len(text, is_base64, are_base64)
}

/// Length of the padding at `at`: no more than two characters (RFC 4648 §4).
pub(crate) fn padding_len(text: &[u8], at: usize) -> usize {
    text.get(at..).unwrap_or_default().iter().take(2).take_while(|&&b| b == b'=').count()
}

/// The three bytes that four characters stand for. `None`: one of them is no base64.
fn group(chars: &[u8; 4]) -> Option<[u8; 3]> {
    let [over, bytes @ ..] = bits(chars).to_be_bytes();
    (over == 0).then_some(bytes)
}

/// The six bytes that eight characters stand for: two groups at once.
fn groups(chars: &[u8; 8]) -> Option<[u8; 6]> {
    let &[a, b, c, d, e, f, g, h] = chars;
    let (first, second) = (bits(&[a, b, c, d]), bits(&[e, f, g, h]));
    let [_, _, bytes @ ..] = (u64::from(first) << 24 | u64::from(second)).to_be_bytes();
    ((first | second) < NO_GROUP).then_some(bytes)
}

fn bits(chars: &[u8; 4]) -> u32 {
    let [a, b, c, d] = chars.map(usize::from);
    BITS[0][a] | BITS[1][b] | BITS[2][c] | BITS[3][d]
}

/// A bit that no group has.
const NO_GROUP: u32 = 1 << 31;

/// The bits of each character at each place of a group; of what is no base64, [`NO_GROUP`].
static BITS: [[u32; 256]; 4] = {
    let mut bits = [[NO_GROUP; 256]; 4];
    let mut byte = 0;
    while byte < 256 {
        let mut place = 0;
        while place < 4 && VALUE_TABLE[byte] != NOT {
            bits[place][byte] = (VALUE_TABLE[byte] as u32) << (18 - 6 * place);
            place += 1;
        }
        byte += 1;
    }
    bits
};

/// Decodes as far as the bytes are base64 of either alphabet; stops at the first other byte. Bits of an incomplete last
/// group that do not fill a byte are dropped, so a cut segment still decodes. Appends to `out`.
pub fn decode_into(text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    // With room for the rest, so that it moves nothing.
    out.reserve(text.len() / 4 * 3 + 3);
    out.resize(start + text.len() / 4 * 3, 0);
    let whole = decode_groups(text, &mut out[start..]);
    out.truncate(start + whole * 3);
    decode_rest(&text[whole * 4..text.len().min(whole * 4 + 4)], out);
}

/// Decodes the groups of base64 at the beginning of a text, as many as fit; returns their number.
#[inline]
fn decode_groups(text: &[u8], out: &mut [u8]) -> usize {
    let mut whole = 0;
    for (g, to) in text.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
        let Some(bytes) = groups(g) else { break };
        *to = bytes;
        whole += 2;
    }
    for (g, to) in text[whole * 4..].as_chunks().0.iter().zip(out[whole * 3..].as_chunks_mut().0) {
        let Some(bytes) = group(g) else { break };
        *to = bytes;
        whole += 1;
    }
    whole
}

fn decode_rest(group: &[u8], out: &mut Vec<u8>) {
    let mut bits = 0u32;
    let mut count = 0;
    for &b in group {
        let v = VALUE[b as usize];
        if v == NOT {
            break;
        }
        bits = bits << 6 | u32::from(v);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
}

/// Decodes as [`decode_into`] does as much as fits into `out`, without allocation; returns the number of bytes.
pub(crate) fn decode_head(text: &[u8], out: &mut [u8]) -> usize {
    let whole = decode_groups(text, out);
    let mut len = whole * 3;
    let (mut bits, mut count) = (0u32, 0);
    for &b in &text[whole * 4..] {
        let v = VALUE[b as usize];
        if v == NOT || len == out.len() {
            break;
        }
        bits = bits << 6 | u32::from(v);
        count += 6;
        if count >= 8 {
            count -= 8;
            out[len] = (bits >> count) as u8;
            len += 1;
        }
    }
    len
}

/// Decodes as [`decode_into`] does, into a new buffer.
#[must_use]
pub fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    decode_into(text, &mut out);
    out
}

/// Encodes as base64url without padding (RFC 7515 §2).
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, &b| n << 8 | u32::from(b)) << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            out.push(ALPHABET[(n >> (18 - 6 * i)) as usize & 63] as char);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4648_vectors_and_both_alphabets() {
        for (plain, text) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")] {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text.as_bytes()), plain.as_bytes());
        }
        assert_eq!(decode(b"-_-_"), decode(b"+/+/"));
        assert_eq!(decode(b"Zm9vYg=="), b"foob");
        assert_eq!(decode(b"Zm9v.Zm9v"), b"foo");
        assert_eq!(decode(b"Zm9vY"), b"foo");
        let mut head = [0; 4];
        assert_eq!((decode_head(b"Zm9vYmFy", &mut head), &head), (4, b"foob"));
        assert_eq!(decode_head(b"Zm.", &mut head), 1);
    }

    #[test]
    fn lengths_end_at_the_first_other_byte() {
        for other in 0..=u8::MAX {
            for len in [0, 1, 15, 16, 17, 40] {
                let text = [&b"aZ0-_9kQ".repeat(5)[..len], &[other], b"abc"].concat();
                let behind = |is: bool| if is { 4 } else { 0 };
                assert_eq!(url_len(&text), len + behind(other.is_ascii_alphanumeric() || b"-_".contains(&other)), "{other} at {len}");
                assert_eq!(
                    alphanumeric_len(&[&b"aZ09".repeat(10)[..len], &[other], b"abc"].concat()),
                    len + behind(other.is_ascii_alphanumeric())
                );
                assert_eq!(dotted_len(&text), len + behind(is_base64(other) || other == b'.'), "{other} at {len}");
                assert_eq!(
                    tail_len(&[&b"abc"[..], &[other], &text[..len]].concat()),
                    len + behind(is_base64(other)),
                    "{other} before {len}"
                );
                assert_eq!(head_len(&text), len + behind(is_base64(other)), "{other} at {len}");
            }
        }
    }

    #[test]
    fn a_group_is_what_its_characters_say() {
        for byte in 0..=u8::MAX {
            for place in 0..4 {
                let mut chars = *b"Zm9v";
                chars[place] = byte;
                let bits = chars.iter().fold(0u32, |bits, &b| bits << 6 | u32::from(VALUE[b as usize] & 63));
                let want = is_base64(byte).then_some([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
                assert_eq!(group(&chars), want, "{byte} at {place}");
                let [a, b, c, d] = chars;
                for (eight, want) in [
                    ([a, b, c, d, b'Z', b'm', b'9', b'v'], want.map(|[a, b, c]| [a, b, c, b'f', b'o', b'o'])),
                    ([b'Z', b'm', b'9', b'v', a, b, c, d], want.map(|[a, b, c]| [b'f', b'o', b'o', a, b, c])),
                ] {
                    assert_eq!(groups(&eight), want, "{byte} at {place}");
                }
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            proptest::prop_assert_eq!(decode(encode(&bytes).as_bytes()), bytes);
        }
    }
}
