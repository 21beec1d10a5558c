//! Objects that a carrier divided wherever its lines ended: within a name, a value, an escape. Only an object that comes out
//! whole is one, so what stands between its lines may be guessed.

use std::ops::Range;

use crate::frames::header;
use crate::lines::lines;
use crate::view::{View, brace};
use crate::wrap::mark_end;

/// The text without the line ends that divide an object, and what its carrier put around them: headers and marks of lines,
/// backslashes, closed and opened quotes. `None`: there are none.
pub(crate) fn carried(text: &[u8]) -> Option<View> {
    let lines: Vec<Range<usize>> = lines(text).collect();
    let mut view = View::default();
    let (mut depth, mut first) = (0usize, 0);
    // Up to where signs are read, and the text is in the view.
    let (mut at, mut copied) = (0, 0);
    for (k, pair) in lines.windows(2).enumerate() {
        let [line, next] = pair else { break };
        let (end, quoted) = carrier_end(text, line, next);
        while let Some(sign_at) = text.get(at..end).and_then(|rest| rest.iter().position(|&b| SIGNS[b as usize])).map(|i| at + i) {
            let (sign, len) = match text[sign_at] {
                b @ (b'{' | b'}') => (b, 1),
                _ => brace(text, sign_at).filter(|(_, len)| sign_at + len <= end).unwrap_or((0, 1)),
            };
            at = sign_at + len;
            match sign {
                b'{' if depth > 0 || opens_object(&text[at..line.end]) => {
                    first = if depth == 0 { k } else { first };
                    depth += 1;
                }
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth == 0 {
            at = next.start;
            continue;
        }
        view.copy(text, copied..end.max(copied));
        at = carrier_start(text, &lines[first], next, quoted);
        copied = at;
    }
    if copied == 0 {
        return None;
    }
    view.copy(text, copied..text.len());
    Some(view)
}

/// What a brace is, or begins with where it is written as an escape.
static SIGNS: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 5 {
        table[b"{}\\%&"[i] as usize] = true;
        i += 1;
    }
    table
};

/// What follows a brace is a member's name, or the line's end.
fn opens_object(behind: &[u8]) -> bool {
    behind.trim_ascii_start().is_empty() || begins_name(behind)
}

/// What follows a brace is a member's name, in whatever line.
fn begins_name(behind: &[u8]) -> bool {
    matches!(behind.trim_ascii_start().first(), Some(b'"' | b'\'' | b'\\' | b'&' | b'%'))
}

/// The text without the line ends, and the indentation behind them, that divide an object (a terminal's width, a folded
/// line): they may stand within a name or a value. `None`: there are none.
pub(crate) fn divided(text: &[u8]) -> Option<View> {
    let mut view = View::default();
    let (mut depth, mut at, mut copied) = (0usize, 0, 0);
    for brace in memchr::memchr2_iter(b'{', b'}', text).chain([text.len()]) {
        while depth > 0
            && let Some(end) = memchr::memchr2(b'\n', b'\r', &text[at..brace]).map(|i| at + i)
        {
            view.copy(text, copied..end);
            at = end + 1 + text[end + 1..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            copied = at;
        }
        match text.get(brace) {
            Some(b'{') if depth > 0 || begins_name(&text[brace + 1..]) => depth += 1,
            Some(b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        at = brace + 1;
    }
    if copied == 0 {
        return None;
    }
    view.copy(text, copied..text.len());
    Some(view)
}

/// Where the text of a line ends that goes on in the next one, and whether a string literal ends there.
fn carrier_end(text: &[u8], line: &Range<usize>, next: &Range<usize>) -> (usize, bool) {
    let own = &text[line.clone()];
    let shown = own.trim_ascii_end();
    if shown.ends_with(b"\\") {
        return (line.start + shown.len() - 1, false);
    }
    let literal = shown.strip_suffix(b"+").or_else(|| shown.strip_suffix(b"&")).unwrap_or(shown).trim_ascii_end();
    if literal.ends_with(b"\"") && opens_literal(&text[next.clone()]).is_some() {
        return (line.start + literal.len() - 1, true);
    }
    (line.end, false)
}

/// Where the text of a line begins that opens a string literal, perhaps behind the operator that joins it to the line before.
fn opens_literal(line: &[u8]) -> Option<usize> {
    let rest = line.trim_ascii_start();
    let rest = rest.strip_prefix(b"+").or_else(|| rest.strip_prefix(b"&")).unwrap_or(rest).trim_ascii_start();
    rest.strip_prefix(b"\"").map(|rest| line.len() - rest.len())
}

/// Where the text of a line begins that goes on with an object.
fn carrier_start(text: &[u8], first: &Range<usize>, line: &Range<usize>, quoted: bool) -> usize {
    let own = &text[line.clone()];
    if let Some(start) = opens_literal(own).filter(|_| quoted) {
        return line.start + start;
    }
    match header(&text[first.clone()], own) {
        0 => mark_end(text, line),
        len => line.start + len,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_carrier_puts_between_the_lines_of_an_object() {
        let object = r#"{"kty": "EC", "d": "abc"}"#;
        for (text, want) in [
            ("t={\"kty\": \"E\\\nC\", \"d\":\\\n \"abc\"} n=1\\\nnext", format!("t={object} n=1\\\nnext").replace(": \"abc", ":\"abc")),
            ("> {\"kty\": \"E\n> C\", \"d\n> \": \"abc\"}\n> bye", format!("> {object}\n> bye")),
            ("[w-3] DEBUG a - {\"kty\"\n[w-4] DEBUG a - : \"EC\", \"d\": \"abc\"}\n", format!("[w-3] DEBUG a - {object}\n")),
            ("s = \"{\"kty\": \"EC\" +\n  \"\", \"d\": \"\"\n  + \"abc\"}\";", format!("s = \"{object}\";")),
        ] {
            let view = carried(text.as_bytes()).unwrap();
            assert_eq!(String::from_utf8_lossy(&view.text), want, "{text}");
        }
        assert!(carried(b"{\"a\": 1}\n{\"b\": 2}\n").is_none());
    }
}
