//! Bytes of a text in rows of escapes, as programs print them for C, Python or a shell: a string literal on each line, and nothing in it
//! but `\x65\x79…`. Each is too short to be looked at by itself.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use scrubjay_scan::WORD_RUN_MIN;

use crate::lists::{Numbers, byte_in_hex};
use crate::short_rows::Said;

/// Bytes of an escape.
const ESCAPE_BYTES: usize = 4;
/// Fewest escapes of a row.
const ESCAPES_MIN: usize = 2;
/// Fewest bytes of rows that are worth a look.
const BYTES_MIN: usize = 16;
/// Longest name and operator in front of a row, and longest sign behind it.
const HEAD_BYTES_MAX: usize = 80;
const TAIL_BYTES_MAX: usize = 8;

static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\\x"));

/// A line that has nothing but escapes in one literal, or on its own.
struct Row<'a> {
    /// What stands before them, without the indentation.
    head: &'a [u8],
    /// Where they are in the line.
    escapes: Range<usize>,
    /// What stands behind them.
    tail: &'a [u8],
}

impl<'a> Row<'a> {
    fn of(line: &'a [u8]) -> Option<Self> {
        let text = line.trim_ascii_end();
        let start = ESCAPE.find(&text[..text.len().min(HEAD_BYTES_MAX)])?;
        let len = ESCAPE_BYTES * text[start..].chunks_exact(ESCAPE_BYTES).take_while(|escape| byte(escape).is_some()).count();
        let (head, tail) = (text[..start].trim_ascii_start(), &text[start + len..]);
        let is_alone = tail.len() <= TAIL_BYTES_MAX && quote(head) == tail.first().copied().filter(|b| is_quote(*b));
        let row = Self { head, escapes: start..start + len, tail };
        (is_alone && len >= ESCAPES_MIN * ESCAPE_BYTES && said(&text[start..start + len]).is_text()).then_some(row)
    }

    /// The text goes on in the next row: as it begins here, or with nothing before it but what joins two literals.
    fn goes_on_in(&self, next: &Self) -> bool {
        let is_joined = self.tail.iter().all(|&b| is_quote(b) || b" \t\\+.&_,|<>~".contains(&b));
        let letters = |head: &[u8]| head.iter().rev().skip_while(|b| is_quote(**b)).take_while(|b| b.is_ascii_alphanumeric()).count();
        let is_known = || {
            let quotes = next.head.iter().rev().take_while(|b| is_quote(**b)).count();
            let before = &next.head[..next.head.len() - quotes - letters(next.head).min(next.head.len() - quotes)];
            letters(next.head) <= PREFIX_BYTES_MAX && before.iter().all(|b| b" \t+.&|<>~,".contains(b))
        };
        is_joined && quote(self.head) == quote(next.head) && (self.head == next.head || is_known())
    }
}

/// Longest prefix of a literal: `u8`.
const PREFIX_BYTES_MAX: usize = 2;

fn byte(escape: &[u8]) -> Option<u8> {
    escape.strip_prefix(b"\\x")?.first_chunk().and_then(byte_in_hex)
}

fn said(escapes: &[u8]) -> Said {
    let mut said = Said::default();
    escapes.chunks_exact(ESCAPE_BYTES).filter_map(byte).for_each(|b| said.add(b));
    said
}

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'')
}

/// The quote in which a head ends.
fn quote(head: &[u8]) -> Option<u8> {
    head.last().copied().filter(|b| is_quote(*b))
}

/// What rows of escapes say that go on from line to line.
pub(crate) fn escape_rows(text: &[u8]) -> Vec<Numbers> {
    let mut found: Vec<Numbers> = Vec::new();
    let mut above: Option<(usize, Row<'_>)> = None;
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| ESCAPE.find(rest)).map(|at| from + at) {
        let start = memchr::memrchr(b'\n', &text[from..at]).map_or(from, |end| from + end + 1);
        let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
        from = end + 1;
        let Some(row) = Row::of(&text[start..end]) else { continue };
        let goes_on = above.as_ref().is_some_and(|(end, above)| end + 1 == start && above.goes_on_in(&row));
        if !goes_on {
            found.push(Numbers::default());
        }
        if let Some(numbers) = found.last_mut() {
            let escapes = start + row.escapes.start..start + row.escapes.end;
            numbers.bytes.extend(text[escapes.clone()].chunks_exact(ESCAPE_BYTES).filter_map(byte));
            numbers.pieces.push(escapes);
        }
        above = Some((end, row));
    }
    found.retain(|numbers| numbers.pieces.len() > 1 && numbers.bytes.len() >= BYTES_MIN);
    found
}

/// True where `line` is a row of escapes that goes on in the next one. `None`: that is not there yet.
#[must_use]
pub fn goes_on_in_escapes(line: &[u8], next: Option<&[u8]>) -> bool {
    Row::of(line).is_some_and(|row| next.is_none_or(|next| Row::of(next).is_some_and(|next| row.goes_on_in(&next))))
}

/// The run of escapes and nothing else is too short to hold anything by itself.
pub(crate) fn is_short(run: &[u8]) -> bool {
    run.len() < WORD_RUN_MIN
        && run.len().is_multiple_of(ESCAPE_BYTES)
        && run.chunks_exact(ESCAPE_BYTES).all(|escape| byte(escape).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_go_on_and_others() {
        for (line, next, want) in [
            (r#""\x65\x79""#, r#""\x4a\x68";"#, true),
            (r#"  "\x65\x79""#, r#"  "\x4a\x68""#, true),
            (r#"char b[] = "\x65\x79""#, r#"  "\x4a\x68""#, true),
            (r#"buf += b"\x65\x79""#, r#"buf += b"\x4a\x68""#, true),
            (r#"x = '\x65\x79' +"#, r#"    '\x4a\x68'"#, true),
            (r#"x = '\x65\x79'"#, r#"  . '\x4a\x68'"#, true),
            (r#"\x65\x79\"#, r#"\x4a\x68"#, true),
            (r#""\x65\x79";"#, r#""\x4a\x68""#, false),
            (r#"a = "\x65\x79""#, r#"b = "\x4a\x68""#, false),
            (r#""\x65\x79""#, r#"'\x4a\x68'"#, false),
            (r#""\x16\x03""#, r#""\x01\x00""#, false),
            (r#""\x65\x79 is" "#, r#""\x4a\x68""#, false),
            (r#""\x65""#, r#""\x79""#, false),
            (r#""\x65\x79""#, "started", false),
        ] {
            assert_eq!(goes_on_in_escapes(line.as_bytes(), Some(next.as_bytes())), want, "{line} {next}");
            let row = |text: &str| text.replace(r"\x", r"\x41\x41\x41\x41\x41\x41\x41\x41\x");
            let is_found = !escape_rows(format!("{}\n{}\n", row(line), row(next)).as_bytes()).is_empty();
            assert!(!want || is_found, "{line} {next}");
        }
    }
}
