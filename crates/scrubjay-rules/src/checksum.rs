//! Tests that values carry in themselves.

use crate::rule::Checksum;

/// Characters of the checksum at the end of a token, and of what it is taken over.
const CHECK_CHARS: usize = 6;
const BODY_CHARS: usize = 30;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Checksum {
    pub(crate) fn holds(self, value: &[u8]) -> bool {
        match self {
            Self::Crc32Base62 => crc32_base62(value),
            Self::Basic => basic(value),
        }
    }
}

/// `prefix_` + 30 characters + their CRC-32 in six digits of base62
/// (<https://github.blog/engineering/behind-githubs-new-authentication-token-formats/>).
fn crc32_base62(value: &[u8]) -> bool {
    let Some((rest, check)) = value.split_at_checked(value.len().saturating_sub(CHECK_CHARS)) else { return false };
    let Some(body) = rest.get(rest.len().saturating_sub(BODY_CHARS)..).filter(|b| b.len() == BODY_CHARS) else { return false };
    let mut left = crc32(body);
    let mut digits = [b'0'; CHECK_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62.get((left % 62) as usize).copied().unwrap_or(b'0');
        left /= 62;
    }
    digits == check
}

/// CRC-32 as in ISO 3309 (zip, Ethernet). A token has 30 bytes: no table is worth it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(u32::MAX, |crc, &b| (0..8).fold(crc ^ u32::from(b), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }))
}

/// RFC 7617 §2: base64 of a user's name, a colon and a password. Only UTF-8 counts (§2.1): of English words that follow
/// "Basic", too many decode to something else with a colon in it.
fn basic(value: &[u8]) -> bool {
    let Some(text) = decode(value).and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
    let text = text.as_bytes();
    let Some(colon) = text.iter().position(|&b| b == b':') else { return false };
    colon + 1 < text.len() && text.iter().all(|&b| b >= b' ' && b != 0x7f)
}

/// Base64 in either alphabet, with or without padding; `None` when it is none.
fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let body = value.strip_suffix(b"==").or_else(|| value.strip_suffix(b"=")).unwrap_or(value);
    if body.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0u32, 0);
    for &b in body {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    /// The body is the revoked token of public discussions of the format; the check digits were computed with zlib.
    #[test]
    fn tokens_with_check_digits() {
        assert!(crc32_base62(b"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"));
        assert!(!crc32_base62(b"ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18"));
        assert!(!crc32_base62(b"ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkj0mLq17"));
        assert!(!crc32_base62(b"0mLq17"));
        assert!(!crc32_base62(b""));
    }

    #[test]
    fn basic_is_a_name_and_a_password() {
        for good in ["dXNlcjpwYXNz", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "OnB3", "dXNlcjpwYXNzPw"] {
            assert!(basic(good.as_bytes()), "{good}");
        }
        // No colon; no password; binary; no base64.
        for bad in ["dXNlcg==", "dXNlcjo=", "AAECAzo0NTY3ODk", "dXNlcjpwYXNz!", "A", ""] {
            assert!(!basic(bad.as_bytes()), "{bad}");
        }
    }
}
