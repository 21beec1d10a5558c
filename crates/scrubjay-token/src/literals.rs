//! Values that were divided within a line: string literals that an operator joins, an array of chunks, rows of a terminal.
//! Line ends between two literals are read too, where [`crate::wrap`] does not know the operator.

use std::ops::Range;

use crate::compact::is_dense;
use crate::opening::opens_object;
use crate::view::{View, html_break};
use crate::wrap::is_piece;

/// Shortest first piece: the carrier says that it goes on.
pub(crate) const FIRST_CHARS_MIN: usize = 16;
/// Longest text between two literals, a line end and an indentation included.
const GAP_BYTES_MAX: usize = 80;
/// Shortest row of a terminal that counts (DESIGN §4).
const ROW_BYTES_MIN: usize = 60;
/// What stands between two literals of one text, longest first, and whether it says by itself that they are one: an operator
/// does; a comma may part anything, and so may a blank.
const OPERATORS: [(&[u8], bool); 13] = [
    // Lua, Elixir, Haskell, SQL; VB, which goes on in the next line behind an underscore.
    (b"..", true),
    (b"<>", true),
    (b"++", true),
    (b"||", true),
    (b"& _", true),
    // A shell's line that goes on, and a macro's of C.
    (b"\\\n", true),
    (b"\\\r\n", true),
    // JavaScript, Java, C#, Go, Python; PHP, Perl; VB, Excel; D.
    (b"+", true),
    (b".", true),
    (b"&", true),
    (b"~", true),
    // Arrays; C, Python, records of DNS (RFC 1035 §3.3.14).
    (b",", false),
    (b"", false),
];
/// Letters in front of a literal: bytes, raw, wide, national (C, Python, C#, SQL).
const PREFIXES: &[u8] = b"bBrRuUfFlLnN@$";

/// The pieces of one value.
struct Chain {
    first: Range<usize>,
    /// Each with whether it is sure to continue the one before.
    next: Vec<(Range<usize>, bool)>,
}

/// The texts of literals and rows that belong together, joined; one for each line of the view. `None`: there are none.
pub(crate) fn concatenated(text: &[u8]) -> Option<View> {
    let mut chains = literals(text);
    chains.extend(rows(text));
    let mut view = View::with_gaps();
    for Chain { first, next } in &chains {
        let mut end = first.end;
        view.copy(text, first.clone());
        for (piece, sure) in next {
            view.join(text, piece.clone(), piece.len(), *sure);
            end = piece.end;
        }
        view.push(b'\n', end, end);
    }
    (!chains.is_empty()).then_some(view)
}

/// The piece that ends at `end`.
fn piece_before(text: &[u8], end: usize) -> Range<usize> {
    end - text[..end].iter().rev().take_while(|&&b| is_piece(b)).count()..end
}

/// The piece that begins at `start`.
fn piece_at(text: &[u8], start: usize) -> Range<usize> {
    start..start + text[start..].iter().take_while(|&&b| is_piece(b)).count()
}

fn literals(text: &[u8]) -> Vec<Chain> {
    let mut chains = Vec::new();
    let mut from = 0;
    for close in memchr::memchr3_iter(b'"', b'\'', b'`', text) {
        let behind = text.get(close + 1).copied().unwrap_or(b'x');
        if close < from || !is_piece(text[close.saturating_sub(1)]) || behind.is_ascii_alphanumeric() {
            continue;
        }
        let first = piece_before(text, close);
        if first.len() < FIRST_CHARS_MIN {
            continue;
        }
        let mut next = Vec::new();
        let mut close = close;
        while let Some((piece, sure)) = literal_behind(text, close) {
            if begins_another(&text[..close], &text[piece.clone()]) {
                break;
            }
            close = piece.end;
            let closed = text.get(close) == text.get(first.end);
            next.push((piece, sure));
            if !closed {
                break;
            }
        }
        from = close;
        prove(&mut next);
        let mut last = first.clone();
        for (piece, sure) in &mut next {
            *sure |= are_even(&text[std::mem::replace(&mut last, piece.clone())], &text[piece.clone()]);
        }
        if !next.is_empty() {
            chains.push(Chain { first, next });
        }
    }
    chains
}

/// Who divides a value makes pieces of one length, and a shorter last one. A short piece that is no such end is a word of somebody
/// else's: only a token that comes out whole proves it, and without an operator nothing does.
fn prove(next: &mut Vec<(Range<usize>, bool)>) {
    let width = next.first().map_or(0, |(piece, _)| piece.len());
    let mut even = true;
    for i in 0..next.len() {
        let Some((piece, sure)) = next.get_mut(i) else { return };
        let is_end = i > 0 && even && piece.len() <= width;
        even &= piece.len() == width;
        if piece.len() < FIRST_CHARS_MIN && !is_end {
            if !*sure {
                next.truncate(i);
                return;
            }
            *sure = false;
        }
    }
}

/// The beginning of the literal that continues the one that is closed at `close`, and whether that is sure.
fn literal_behind(text: &[u8], close: usize) -> Option<(Range<usize>, bool)> {
    let quote = text[close];
    let blanks = |at: usize| gap_len(&text[at..]);
    let start = close + 1 + blanks(close + 1);
    OPERATORS.iter().find_map(|&(operator, sure)| {
        let behind = text.get(start..)?.strip_prefix(operator)?;
        let at = text.len() - behind.len();
        let mut open = at + blanks(at);
        if text.get(open).is_some_and(|b| PREFIXES.contains(b)) {
            open += 1;
        }
        let gap = text.get(close + 1..open)?;
        // Two quotes in a row are one that is escaped (SQL, CSV).
        if text.get(open) != Some(&quote) || gap.is_empty() || gap.iter().filter(|&&b| b == b'\n').count() > 1 {
            return None;
        }
        // The line end may stand in the literal that it makes one more of.
        let line_end = match text.get(open + 1..) {
            Some([b'\r', b'\n', ..]) if sure => 2,
            Some([b'\n', ..]) if sure => 1,
            _ => 0,
        };
        let piece = piece_at(text, open + 1 + line_end);
        // What parts other things too has to part whole literals, and no members of an object.
        let behind = text.get(piece.end + 1..).unwrap_or_default();
        let whole = text.get(piece.end) == Some(&quote) && behind.iter().find(|b| !matches!(b, b' ' | b'\t')) != Some(&b':');
        (!piece.is_empty() && (sure || whole)).then_some((piece, sure))
    })
}

/// How much there is of blanks, line ends, and the breaks of HTML at the beginning of a text.
fn gap_len(text: &[u8]) -> usize {
    let near = &text[..text.len().min(GAP_BYTES_MAX)];
    let mut at = 0;
    while let Some(&b) = near.get(at) {
        at += match b {
            b' ' | b'\t' | b'\r' | b'\n' => 1,
            b'<' => match html_break(&near[at..]) {
                0 => return at,
                len => len,
            },
            _ => return at,
        };
    }
    at
}

/// Whether the literal in which `line` ends goes on in the one with which `next` begins, and whether that is sure.
pub(crate) fn joins_literal(line: &[u8], next: &[u8]) -> Option<bool> {
    let close = literal_end(line)?;
    let first = &line[piece_before(line, close)];
    let text = [&line[close..], b"\n", next].concat();
    let (piece, sure) = if first.len() >= FIRST_CHARS_MIN { literal_behind(&text, 0)? } else { return None };
    let next = &text[piece];
    (!begins_another(first, next)).then(|| sure || are_even(first, next))
}

/// The next piece begins another token than the one that the piece before it is of.
fn begins_another(piece: &[u8], next: &[u8]) -> bool {
    !piece.ends_with(b".") && opens_object(next)
}

/// Two whole literals of one length, of base64: who divides a value makes such.
fn are_even(first: &[u8], second: &[u8]) -> bool {
    first.len() == second.len() && first.len() >= FIRST_CHARS_MIN && is_dense(first) && is_dense(second)
}

/// Where the quote stands that closes the last string literal of a line, with no more than an operator behind it.
fn literal_end(line: &[u8]) -> Option<usize> {
    let reach = line.len().saturating_sub(OPERATOR_REACH);
    memchr::memrchr3(b'"', b'\'', b'`', &line[reach..]).map(|at| reach + at)
}

/// True for a text that ends in a string literal of what looks like a piece of a value, whose quotes may be escaped, and in what
/// may join it to the next one.
pub(crate) fn ends_in_literal(text: &[u8]) -> bool {
    // Of most texts the last byte is enough to know.
    let last = text.trim_ascii_end().last();
    if !matches!(last, Some(b'"' | b'\'' | b'`' | b'+' | b'.' | b',' | b'&' | b'~' | b'|' | b'<' | b'>' | b'_' | b'\\')) {
        return false;
    }
    let Some(close) = literal_end(text) else { return false };
    let slashes = text[..close].iter().rev().take_while(|&&b| b == b'\\').count();
    // Backslashes at the end join the lines; escaped they are two.
    let behind = text[close + 1..].trim_ascii();
    let is_operator = behind.iter().all(|&b| b == b'\\') || OPERATORS.iter().any(|(operator, _)| *operator == behind);
    is_operator && piece_before(text, close - slashes).len() >= FIRST_CHARS_MIN
}

/// Longest operator behind a literal at a line's end, with the quote and the blanks around it.
const OPERATOR_REACH: usize = 8;

/// True for a line that ends in a string literal of what looks like base64 and the sign that joins it to the next line.
#[must_use]
pub fn ends_in_operator(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    OPERATORS.iter().any(|&(operator, sure)| {
        // What needs no sign, or one that the unit knows, is not asked here.
        let text = if operator.is_empty() { None } else { line.strip_suffix(operator) };
        let Some(text) = text.map(<[u8]>::trim_ascii_end) else { return false };
        last_literal(text).is_some_and(|piece| sure || is_dense(piece))
    })
}

/// True for a text in which a line ends in a string literal of what may be a piece of a value.
pub(crate) fn holds_literal(text: &[u8]) -> bool {
    let ends_line = |at: usize| {
        let operator = text[at + 1..].iter().take(OPERATOR_REACH).take_while(|b| b" \t\r+.,&~|<>_".contains(b)).count();
        let rest = &text[at + 1 + operator..];
        // What a record says may be a string of its own, and its line end an escape.
        let slashes = rest.iter().take(OPERATOR_REACH).take_while(|&&b| b == b'\\').count();
        matches!(rest.get(slashes), None | Some(b'\n' | b'\r')) || slashes > 0 && matches!(rest.get(slashes), Some(b'n' | b'r'))
    };
    memchr::memchr3_iter(b'"', b'\'', b'`', text).any(|at| {
        let end = at - text[..at].iter().rev().take_while(|&&b| b == b'\\').count();
        end >= FIRST_CHARS_MIN && text[end - FIRST_CHARS_MIN..end].iter().all(|&b| is_piece(b)) && ends_line(at)
    })
}

/// The piece of a value in the string literal in which a text ends.
pub(crate) fn last_literal(text: &[u8]) -> Option<&[u8]> {
    let literal = text.strip_suffix(b"\"").or_else(|| text.strip_suffix(b"'")).or_else(|| text.strip_suffix(b"`"))?;
    let piece = &literal[piece_before(literal, literal.len())];
    (piece.len() >= FIRST_CHARS_MIN).then_some(piece)
}

/// Rows of a terminal: where a line reaches its last column, readline writes a blank and a carriage return.
fn rows(text: &[u8]) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    let mut row = 0;
    for at in memchr::memmem::find_iter(text, b" \r") {
        let (first, piece) = (piece_before(text, at), piece_at(text, at + 2));
        let full = at - row >= ROW_BYTES_MIN;
        row = at + 2;
        if piece.is_empty() || first.is_empty() {
            continue;
        }
        // Two rows of one length prove each other.
        let sure = full && text[piece.end..].starts_with(b" \r") && piece.len() >= ROW_BYTES_MIN;
        match chains.last_mut() {
            Some(last) if last.next.last().is_some_and(|(p, _)| *p == first) => last.next.push((piece, sure || full && last.next[0].1)),
            _ if first.len() >= FIRST_CHARS_MIN && full => chains.push(Chain { first, next: vec![(piece, sure)] }),
            _ => {}
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Option<&str>) {
        let view = concatenated(text.as_bytes());
        assert_eq!(view.map(|v| String::from_utf8_lossy(&v.text).into_owned()).as_deref(), want, "{text}");
    }

    #[test]
    fn literals_of_one_text_and_others() {
        let (a, b) = ("A".repeat(20), "B".repeat(16));
        for gap in [
            "\" + \"",
            "\"+\"",
            "\" \"",
            "\", \"",
            "\" .. \"",
            "\" || \"",
            "\",\n  \"",
            "\" ||\n  \"",
            "\"\\\n\"",
            "\" + b\"",
            "\" +<br>\"",
            "\" + \"\n",
        ] {
            check(&format!("t = \"Bearer {a}{gap}{b}{gap}CC\";"), Some(&format!("{a}{b}CC\n")));
        }
        check(&format!("'{a}' || 'BBB' || x || 'CC'"), Some(&format!("{a}BBB\n")));
        check(&format!("\"{a}\" + \"BBB and more\""), Some(&format!("{a}BBB\n")));
        for text in [
            format!("\"{a}\", \"BBB and more\""),
            format!("\"{a}\" \"EX\" \"3600\""),
            format!("[\"{a}\", \"EX\"]"),
            format!("{{\"t\":\"{a}\",\"next\":\"BBB\"}}"),
            format!("\"{a}\" + 'BBB'"),
            format!("\"{a}\"\"BBB\""),
            format!("\"{a}\" - \"BBB\""),
            format!("\"{a}\"\n\n\"BBB\""),
        ] {
            check(&text, None);
        }
    }

    #[test]
    fn literals_of_two_lines() {
        let a = "A".repeat(20);
        for (end, next, want) in [
            ("' +", "  'BBB'", Some(true)),
            ("'", "  . 'BBB'", Some(true)),
            ("'\\", "'BBB'", Some(true)),
            ("'", "  'BBB'", Some(false)),
            ("' +", "  b", None),
            ("' - ", "  'BBB'", None),
            ("'", "BBB", None),
            ("", "'BBB'", None),
        ] {
            assert_eq!(joins_literal(format!("t = '{a}{end}").as_bytes(), next.as_bytes()), want, "{end} {next}");
        }
        assert_eq!(joins_literal(b"it says 'no' +", b"'BBB'"), None);
    }

    #[test]
    fn rows_of_a_terminal() {
        let (a, b) = ("A".repeat(80), "B".repeat(70));
        check(&format!("$ x={b} \r{a} \rCC\r\n"), Some(&format!("x={b}{a}CC\n")));
        check("done 10% \rdone 20% \rdone", None);
    }

    #[test]
    fn lines_that_end_in_an_operator() {
        for (end, want) in [("' ||", true), ("\" <>", true), ("\",", true), ("\"", false), ("", false), (",", false)] {
            assert_eq!(ends_in_operator(format!("t = 'eyJhbGciOiJIUzI1NiJ9{end}").as_bytes()), want, "{end}");
        }
        assert!(!ends_in_operator(b"\"0123456789abcdef0123\","));
    }
}
