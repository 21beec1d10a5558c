//! Line breaks that are written as escapes, where the lines have to be joined before other escapes can be read.

use super::View;
use crate::runs::any_pair;
use crate::wrap::is_piece;

/// Shortest end of a line that may be a wrapped value's.
const WIDE_CHARS_MIN: usize = 60;
/// Longest beginning of an escape that a line break divides.
const BROKEN_BYTES_MAX: usize = 8;

/// Length of a break of HTML (`<br>`, `<br/>`, `<BR />`) at the beginning of a text; 0: there is none.
pub(crate) fn html_break(text: &[u8]) -> usize {
    let [b'<', b'b' | b'B', b'r' | b'R', rest @ ..] = text else { return 0 };
    let tail = rest.iter().take(2).take_while(|&&b| matches!(b, b' ' | b'/')).count();
    if rest.get(tail) == Some(&b'>') { tail + 4 } else { 0 }
}

/// A line break that is written as an escape at `at`: its length, and what it stands for. One of HTML or of a URL is only one where it
/// divides what is written in other escapes, and stands for nothing.
fn break_at(text: &[u8], at: usize) -> Option<(usize, Option<u8>)> {
    let near = &text[at..];
    match near.first()? {
        b'\\' => {
            let slashes = near.iter().take(8).take_while(|&&b| b == b'\\').count();
            let byte = match near.get(slashes)? {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                _ => return None,
            };
            Some((slashes + 1, Some(byte)))
        }
        b'<' => {
            let len = html_break(near);
            let goes_on = || is_behind_escapes(text, at) && matches!(near.get(len), Some(b'%' | b'&' | b'\\'));
            (len > 0 && (divides_escape(text, at) || goes_on())).then_some((len, None))
        }
        _ => {
            let crlf = usize::from(near.starts_with(b"%0D") || near.starts_with(b"%0d")) * 3;
            let is_break = matches!(&near[crlf..], [b'%', b'0', b'A' | b'a', ..]);
            (is_break && divides_escape(text, at)).then_some((crlf + 3, None))
        }
    }
}

/// A full line of escapes ends at `at`.
fn is_behind_escapes(text: &[u8], at: usize) -> bool {
    let tail = &text[at.saturating_sub(WIDE_CHARS_MIN)..at];
    let signs = tail.iter().filter(|b| matches!(b, b'%' | b'&' | b'\\')).count();
    signs * BROKEN_BYTES_MAX >= WIDE_CHARS_MIN && tail.iter().all(|&b| is_escaped_piece(b))
}

/// A byte of a piece of a value, or of one in escapes.
fn is_escaped_piece(b: u8) -> bool {
    is_piece(b) || b"\\&#;".contains(&b)
}

/// The beginning of an escape of percent, of HTML or of a string ends at `at`.
fn divides_escape(text: &[u8], at: usize) -> bool {
    let tail = &text[at.saturating_sub(BROKEN_BYTES_MAX)..at];
    let Some(sign) = tail.iter().rposition(|b| matches!(b, b'%' | b'&' | b'\\')) else { return false };
    let begun = &tail[sign + 1..];
    let are_digits = |digits: &[u8], count: usize| digits.len() < count && digits.iter().all(u8::is_ascii_hexdigit);
    match tail[sign] {
        b'%' => are_digits(begun, 2),
        b'&' => begun.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'#'),
        _ => match begun {
            [] => true,
            [b'u', digits @ ..] => are_digits(digits, 4),
            [b'x', digits @ ..] => are_digits(digits, 2),
            _ => false,
        },
    }
}

/// The text with its escaped line breaks (`\n`) as line ends, without those of others (`<br>`, `%0A`) within escapes, and nothing else
/// decoded, where such a break divides or touches another escape (`%6\n5`) or wraps a value that holds some: the line has to be joined
/// before the escape can be read. `None`: none does.
pub(crate) fn broken(text: &[u8]) -> Option<View> {
    // Of most texts the first two bytes of a break are enough to know.
    if !any_pair(text, |a, b| {
        (a == b'\\') & ((b == b'n') | (b == b'r') | (b == b't')) | (a == b'%') & (b == b'0') | (a == b'<') & (b | 0x20 == b'b')
    }) {
        return None;
    }
    let divides = |at: usize| {
        let tail = &text[at.saturating_sub(BROKEN_BYTES_MAX)..at];
        let escape = tail.iter().rposition(|b| matches!(b, b'%' | b'&'));
        escape.is_some_and(|i| match tail[i] {
            b'%' => tail.len() - i <= 3 && tail[i + 1..].iter().all(u8::is_ascii_hexdigit),
            _ => tail[i + 1..].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'#' | b';')),
        })
    };
    let tail = |at: usize, of: fn(u8) -> bool| text[..at].iter().rev().take(WIDE_CHARS_MIN).take_while(|&&b| of(b)).count();
    let wide = |at: usize| {
        tail(at, is_escaped_piece) == WIDE_CHARS_MIN || tail(at, |b| b.is_ascii_hexdigit() || b" ,:;x".contains(&b)) == WIDE_CHARS_MIN
    };
    let signs = || memchr::memchr3_iter(b'\\', b'<', b'%', text);
    signs().find(|&at| break_at(text, at).is_some() && (text[at] != b'\\' || divides(at) || wide(at)))?;
    let mut view = View::with_capacity(text.len());
    view.decoded = true;
    let mut done = 0;
    for at in signs() {
        let Some((len, byte)) = break_at(text, at).filter(|_| at >= done) else { continue };
        view.copy(text, done..at);
        if let Some(byte) = byte {
            view.push(byte, at, at + len);
        }
        done = at + len;
    }
    view.copy(text, done..text.len());
    Some(view)
}
