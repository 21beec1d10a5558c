//! PEM private keys (RFC 7468): the base64 between `BEGIN … PRIVATE KEY` and its end, or as far as it goes.

use crate::lists::line_pieces;
use crate::token::{Cut, Found, Kind, Token};

const DASHES: &[u8] = b"-----";
/// Shortest body, in characters of base64, that is a key and not a text about one.
const BODY_CHARS_MIN: usize = 32;

/// Finds private keys, whole or cut.
pub(crate) fn pem_keys(text: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = position(text, from, b"-----BEGIN ") {
        from = at + 11;
        let label_end = match position(text, from, DASHES) {
            Some(end) if end - from <= 64 && text[from..end].ends_with(b"PRIVATE KEY") => end + DASHES.len(),
            _ => continue,
        };
        let (body_end, end, cut) = body(text, label_end);
        let chars = text[label_end..body_end].iter().filter(|&&b| is_body(b)).count();
        from = end.max(from);
        if chars >= BODY_CHARS_MIN {
            let token = Token { cut, ..Token::bare(Kind::Pem) };
            found.push(Found { pieces: line_pieces(text, at..end), token, quote: None, wide: None });
        }
    }
    found
}

/// The standard alphabet: PEM has no other (RFC 7468 §3).
fn is_body(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')
}

fn position(text: &[u8], from: usize, word: &[u8]) -> Option<usize> {
    memchr::memmem::find(text.get(from..)?, word).map(|i| from + i)
}

/// Where the key material ends, and where the key ends with its last line.
fn body(text: &[u8], start: usize) -> (usize, usize, Option<Cut>) {
    let mut at = start;
    let mut last = start;
    while at < text.len() {
        if text[at..].starts_with(b"-----END ") {
            let close = position(text, at + 9, DASHES).filter(|end| end - at <= 80);
            return match close {
                Some(close) => (last, close + DASHES.len(), None),
                None => (last, text.len(), Some(Cut::Payload)),
            };
        }
        let len = word(text, at);
        if len == 0 {
            break;
        }
        at += len;
        if text[at - len..at].iter().any(|&b| is_body(b)) {
            last = at;
        }
    }
    (last, last, Some(Cut::Payload))
}

/// Bytes that may stand in a body: base64, blanks, line ends (also escaped), header lines (RFC 1421 §4.6).
fn word(text: &[u8], at: usize) -> usize {
    match &text[at..] {
        [b'\\', b'n' | b'r', ..] => 2,
        [b, ..] if is_body(*b) || b"= \t\r\n:,".contains(b) => 1,
        _ => 0,
    }
}

/// True where a line opens a private key, so that what follows belongs to it.
#[must_use]
pub fn opens_key(line: &[u8]) -> bool {
    position(line, 0, b"-----BEGIN ").is_some_and(|at| position(line, at, b"PRIVATE KEY-----").is_some())
        && position(line, 0, b"-----END ").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_no_keys() {
        let body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        for (text, pieces) in [
            (format!("x -----BEGIN PRIVATE KEY-----\n{body}\n{body}\n-----END PRIVATE KEY-----\ny"), 4),
            (format!(r#""key":"-----BEGIN EC PRIVATE KEY-----\n{body}\n-----END EC PRIVATE KEY-----\n""#), 1),
            (format!("-----BEGIN PRIVATE KEY-----\n{body}\n"), 2),
        ] {
            let found = pem_keys(text.as_bytes());
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].pieces.len(), pieces, "{text}");
        }
        assert!(pem_keys(format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----").as_bytes()).is_empty());
        assert!(pem_keys(b"expected -----BEGIN PRIVATE KEY----- at the beginning").is_empty());
    }
}
