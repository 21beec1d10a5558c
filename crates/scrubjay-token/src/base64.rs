//! Base64url as tokens carry it (RFC 7515 §2), read leniently: logs also hold the standard alphabet and padding.

/// Value of a byte in the base64url or the standard alphabet, or [`NOT`].
pub(crate) static VALUE: [u8; 256] = table();
/// Marks a byte that is in neither alphabet.
pub(crate) const NOT: u8 = 0xFF;

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

/// Bytes that are looked at at once, where a run is as long: the compiler makes a few vector operations of it.
const STEP: usize = 16;

/// Which bytes are counted: those whose value is less.
#[derive(Clone, Copy, PartialEq)]
enum Below {
    /// Letters and digits.
    Signs = 62,
    /// All of either alphabet.
    Not = 64,
}

impl Below {
    fn holds(self, byte: u8) -> bool {
        VALUE[byte as usize] < self as u8
    }

    fn holds_all(self, bytes: &[u8; STEP]) -> bool {
        let signs = self == Self::Not;
        bytes.iter().fold(true, |all, &b| {
            let letter = (b | 0x20).wrapping_sub(b'a') < 26;
            let digit = b.wrapping_sub(b'0') < 10;
            all & (letter | digit | signs & ((b == b'-') | (b == b'_') | (b == b'+') | (b == b'/')))
        })
    }

    /// How many of the first bytes are counted.
    fn len(self, text: &[u8]) -> usize {
        let count = |text: &[u8]| text.iter().take_while(|&&b| self.holds(b)).count();
        let short = count(&text[..text.len().min(STEP)]);
        if short < STEP {
            return short;
        }
        let whole = STEP * text.as_chunks().0.iter().take_while(|bytes| self.holds_all(bytes)).count();
        whole + count(&text[whole..])
    }
}

/// Length of the base64 at the beginning of a text.
pub(crate) fn head_len(text: &[u8]) -> usize {
    Below::Not.len(text)
}

/// Length of the letters and digits at the beginning of a text.
pub(crate) fn alphanumeric_len(text: &[u8]) -> usize {
    Below::Signs.len(text)
}

/// Length of the base64 at the end of a text.
pub(crate) fn tail_len(text: &[u8]) -> usize {
    let count = |text: &[u8]| text.iter().rev().take_while(|&&b| is_base64(b)).count();
    let short = count(&text[text.len() - text.len().min(STEP)..]);
    if short < STEP {
        return short;
    }
    let whole = STEP * text.as_rchunks().1.iter().rev().take_while(|bytes| Below::Not.holds_all(bytes)).count();
    whole + count(&text[..text.len() - whole])
}

/// Length of the padding at `at`: no more than two characters (RFC 4648 §4).
pub(crate) fn padding_len(text: &[u8], at: usize) -> usize {
    text.get(at..).unwrap_or_default().iter().take(2).take_while(|&&b| b == b'=').count()
}

/// Decodes as far as the bytes are base64 of either alphabet; stops at the first other byte. Bits of an incomplete last
/// group that do not fill a byte are dropped, so a cut segment still decodes. Appends to `out`.
pub fn decode_into(text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    // With room for the rest, so that it moves nothing.
    out.reserve(text.len() / 4 * 3 + 3);
    out.resize(start + text.len() / 4 * 3, 0);
    let mut whole = 0;
    for (g, to) in text.chunks_exact(4).zip(out[start..].chunks_exact_mut(3)) {
        let v = [VALUE[g[0] as usize], VALUE[g[1] as usize], VALUE[g[2] as usize], VALUE[g[3] as usize]];
        if (v[0] | v[1] | v[2] | v[3]) & 0xC0 != 0 {
            break;
        }
        let n = u32::from(v[0]) << 18 | u32::from(v[1]) << 12 | u32::from(v[2]) << 6 | u32::from(v[3]);
        to.copy_from_slice(&n.to_be_bytes()[1..]);
        whole += 1;
    }
    out.truncate(start + whole * 3);
    decode_rest(&text[whole * 4..text.len().min(whole * 4 + 4)], out);
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
    let mut len = 0;
    let mut whole = 0;
    for (g, to) in text.chunks_exact(4).zip(out.chunks_exact_mut(3)) {
        let v = [VALUE[g[0] as usize], VALUE[g[1] as usize], VALUE[g[2] as usize], VALUE[g[3] as usize]];
        if (v[0] | v[1] | v[2] | v[3]) & 0xC0 != 0 {
            break;
        }
        let n = u32::from(v[0]) << 18 | u32::from(v[1]) << 12 | u32::from(v[2]) << 6 | u32::from(v[3]);
        to.copy_from_slice(&n.to_be_bytes()[1..]);
        len += 3;
        whole += 4;
    }
    let (mut bits, mut count) = (0u32, 0);
    for &b in &text[whole..] {
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

    proptest::proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            proptest::prop_assert_eq!(decode(encode(&bytes).as_bytes()), bytes);
        }
    }
}
