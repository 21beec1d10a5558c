//! Bodies that HTTP divided into chunks (RFC 9112 §7.1): a line with a size in hex, so many bytes, a line end.

use std::ops::Range;

use crate::view::View;
use crate::wrap::is_piece;

/// Longest size: of a chunk below 16 MiB.
const SIZE_DIGITS_MAX: usize = 6;

/// The size that the line at `at` names, and where its chunk begins: digits and a line end, nothing else.
fn size(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let line = text.get(at..)?;
    let digits = line.iter().take(SIZE_DIGITS_MAX).take_while(|b| b.is_ascii_hexdigit()).count();
    let size = usize::from_str_radix(std::str::from_utf8(&line[..digits]).ok()?, 16).ok()?;
    line[digits..].starts_with(b"\r\n").then_some((size, at + digits + 2))
}

/// The chunk whose size stands at `at`: it ends where its size says, in a line end and another size.
fn chunk(text: &[u8], at: usize) -> Option<Range<usize>> {
    let (len, start) = size(text, at)?;
    let end = start.checked_add(len).filter(|_| len > 0)?;
    (text.get(end..)?.starts_with(b"\r\n") && size(text, end + 2).is_some()).then_some(start..end)
}

/// The text with chunks joined. `None`: there are none.
pub(crate) fn unchunked(text: &[u8]) -> Option<View> {
    let mut view = View::default();
    let (mut copied, mut at) = (0, 0);
    while at < text.len() {
        let Some(mut data) = chunk(text, at) else {
            at = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |i| at + i + 1);
            continue;
        };
        while let Some(next) = chunk(text, data.end + 2) {
            view.copy(text, copied..data.end);
            let own = text[next.clone()].iter().take_while(|&&b| is_piece(b)).count();
            view.join(text, next.clone(), own, true);
            copied = next.end;
            data = next;
        }
        at = data.end + 2;
    }
    view.copy(text, copied..text.len());
    view.is_joined().then_some(view)
}

/// True for a line with the size of a chunk of HTTP's: the chunk follows.
#[must_use]
pub fn sizes_http_chunk(line: &[u8]) -> bool {
    line.ends_with(b"\r\n") && size(line, 0).is_some_and(|(len, start)| start == line.len() && len > 0)
}

/// True for a line that is a chunk of the size that the line before it tells: the next size follows.
#[must_use]
pub fn is_http_chunk(before: &[u8], line: &[u8]) -> bool {
    line.ends_with(b"\r\n") && size(before, 0).is_some_and(|(len, start)| start == before.len() && line.len() == len.saturating_add(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_as_long_as_they_say() {
        let view = unchunked(b"HTTP/1.1 200\r\n\r\n5\r\nhello\r\n3\r\n wo\r\n3\r\nrld\r\n0\r\n\r\n").unwrap();
        assert_eq!(view.text, b"HTTP/1.1 200\r\n\r\n5\r\nhello world\r\n0\r\n\r\n");
        for text in
            [&b"5\r\nhello\r\n0\r\n\r\n"[..], b"5\r\nhell\r\n3\r\nrld\r\n0\r\n", b"5\nhello\n5\nhello\n0\n", b"0\r\n\r\n0\r\n\r\n", b""]
        {
            assert!(unchunked(text).is_none(), "{}", text.escape_ascii());
        }
        assert!(sizes_http_chunk(b"1a\r\n") && is_http_chunk(b"5\r\n", b"hello\r\n"));
        assert!(!sizes_http_chunk(b"1a\n") && !is_http_chunk(b"5\r\n", b"hell\r\n"));
    }
}
