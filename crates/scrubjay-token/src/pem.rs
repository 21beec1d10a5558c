//! PEM private keys (RFC 7468): the base64 between `BEGIN … PRIVATE KEY` and its end, or as far as it goes.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::lists::line_pieces;
use crate::token::{Cut, Found, Kind, Token};

const DASHES: &[u8] = b"-----";
/// Shortest body, in characters of base64, that is a key and not a text about one.
const BODY_CHARS_MIN: usize = 32;

static BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"-----BEGIN "));

/// Finds private keys, whole or cut.
pub(crate) fn pem_keys(text: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = BEGIN.find(&text[from..]).map(|i| from + i) {
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

/// Shortest run that is taken from a line which goes on with something else.
const PART_CHARS_MIN: usize = 16;

/// Where the key material ends, and where the key ends with its last line. A body is lines of nothing but base64, the last
/// one shorter, perhaps with header lines before them (RFC 1421 §4.6); what follows a key that was cut is left alone.
fn body(text: &[u8], start: usize) -> (usize, usize, Option<Cut>) {
    let (mut at, mut last, mut width) = (start, start, 0);
    loop {
        at += gap(text, at);
        let rest = &text[at..];
        if rest.starts_with(b"-----END ") {
            let close = position(text, at + 9, DASHES).filter(|end| end - at <= 80);
            return match close {
                Some(close) => (last, close + DASHES.len(), None),
                None => (last, text.len(), Some(Cut::Payload)),
            };
        }
        if rest.starts_with(b"Proc-Type:") || rest.starts_with(b"DEK-Info:") {
            at += (0..rest.len()).position(|i| line_end(&rest[i..]) > 0).unwrap_or(rest.len());
            continue;
        }
        let len = rest.iter().take_while(|&&b| is_body(b) || b == b'=').count();
        let whole = rest.len() == len || gap(text, at + len) > 0 || rest[len..].starts_with(b"-----END ");
        // A line shorter than the one before it is the last one.
        let fits = width == 0 || len <= width;
        if len == 0 || !fits || !whole && len < PART_CHARS_MIN {
            return (last, last, Some(Cut::Payload));
        }
        at += len;
        last = at;
        if !whole {
            return (last, last, Some(Cut::Payload));
        }
        if width != 0 && len < width && !text[at + gap(text, at)..].starts_with(b"-----END ") {
            return (last, last, Some(Cut::Payload));
        }
        width = len;
    }
}

/// Length of a line end, escaped or not.
fn line_end(text: &[u8]) -> usize {
    match text {
        [b'\n' | b'\r', ..] => 1,
        [b'\\', rest @ ..] => {
            let slashes = rest.iter().take(8).take_while(|&&b| b == b'\\').count();
            if matches!(rest.get(slashes), Some(b'n' | b'r')) { slashes + 2 } else { 0 }
        }
        _ => 0,
    }
}

/// Length of the line ends and blanks between two lines of a body. Blanks alone are none: they come between words.
fn gap(text: &[u8], at: usize) -> usize {
    let (mut end, mut lines) = (at, false);
    loop {
        let len = line_end(&text[end..]);
        lines |= len > 0;
        match text.get(end) {
            _ if len > 0 => end += len,
            Some(b' ' | b'\t') => end += 1,
            _ => break,
        }
    }
    if lines { end - at } else { 0 }
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
