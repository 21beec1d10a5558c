//! Objects over several lines: whether they are one. What stands between the braces is JSON (RFC 8259), or else a line of
//! another writer stands there.

use std::ops::Range;

use super::{SECRET_CHARS_MIN, SLASHES_MAX, opening, string_end};
use crate::base64::is_base64;
use crate::token::Found;
use crate::view::View;

/// What stands outside of strings: the signs and the names of values, in JSON and as other languages write them.
const WORDS: [&[u8]; 8] = [b"true", b"false", b"null", b"True", b"False", b"None", b"nil", b"=>"];

/// The pieces of an object in lines of their own are one text of JSON, whose strings are in quotes like `quote`.
pub(super) fn is_json_in_lines(text: &[u8], pieces: &[Range<usize>], quote: &[u8]) -> bool {
    let mut joints = Vec::with_capacity(pieces.len());
    let mut object = Vec::new();
    for piece in pieces {
        joints.push(object.len());
        object.extend_from_slice(&text[piece.clone()]);
        object.push(b'\n');
    }
    is_json(&object, &joints, quote, is_unbroken)
}

/// What was found in a view without line ends, if it is an object, is one text of JSON, as far as it is told of: up to the quote
/// behind its last value. `filled`: the lines are filled up to one column, which proves them, so that a string may have blanks.
pub(crate) fn is_json_in_view(text: &[u8], view: &View, found: &Found, filled: bool) -> bool {
    let (start, end) = (found.start(), found.span().end);
    if found.quote.is_none() && found.from.is_none() && view.text.get(start) != Some(&b'{') {
        return true;
    }
    let Some(first) = memchr::memchr2(b'"', b'\'', &view.text[start..end]) else { return true };
    let quote = &view.text[opening(&view.text, start + first)];
    let is_closed = found.from.is_none() || view.text[end..].starts_with(quote);
    let source = |at: usize| view.source(&(at..at + 1));
    // The bytes of one character may be of one escape.
    let is_joint = |&at: &usize| text.get(source(at - 1).end..source(at).start).is_some_and(|between| between.contains(&b'\n'));
    let joints: Vec<usize> = (start + 1..end).filter(is_joint).map(|at| at - start).collect();
    let may_go_on = if filled { is_no_cut_value } else { is_unbroken };
    joints.is_empty() || is_closed && is_json(&view.text[start..end], &joints, quote, may_go_on)
}

/// A string that goes on in the next line has no blanks, as base64 has none: prose has.
fn is_unbroken(before: &[u8], behind: &[u8]) -> bool {
    !before.iter().chain(behind).any(|b| matches!(b, b' ' | b'\t'))
}

/// A value that must not come out is no text with blanks.
fn is_no_cut_value(before: &[u8], behind: &[u8]) -> bool {
    before.len() < SECRET_CHARS_MIN || !before.iter().all(|&b| is_base64(b)) || is_unbroken(before, behind)
}

/// `joints`: where lines begin. `may_go_on`: what stands before and behind one may be one string. The last string may have no end.
fn is_json(object: &[u8], joints: &[usize], quote: &[u8], may_go_on: fn(&[u8], &[u8]) -> bool) -> bool {
    let Some(&sign) = quote.last() else { return false };
    let mut at = 0;
    loop {
        let next = memchr::memchr(sign, &object[at..]).map(|i| opening(object, at + i).start.max(at));
        if !is_between(&object[at..next.unwrap_or(object.len())]) {
            return false;
        }
        let Some(start) = next else { return true };
        if !object[start..].starts_with(quote) {
            return false;
        }
        let chars = start + quote.len();
        let end = match string_end(object, chars, quote) {
            Some(end) => end,
            None if memchr::memchr(sign, &object[chars..]).is_none() => object.len(),
            None => return false,
        };
        let joint = joints.get(joints.partition_point(|&joint| joint < chars)).filter(|&&joint| joint < end);
        if joint.is_some_and(|&joint| !may_go_on(&object[chars..joint], &object[joint..end])) {
            return false;
        }
        at = end;
    }
}

/// Signs, numbers, names of values and line ends that are written as escapes.
fn is_between(text: &[u8]) -> bool {
    let is_sign = |b: &u8| b.is_ascii_whitespace() || b"{}[]:,".contains(b);
    let is_number = |word: &[u8]| word.iter().all(|b| b.is_ascii_digit() || b"+-.eE".contains(b)) && word.iter().any(u8::is_ascii_digit);
    let is_line_end = |word: &[u8]| {
        let parts = word.split(|&b| b == b'\\').filter(|part| !part.is_empty());
        word.starts_with(b"\\") && word.len() <= SLASHES_MAX && parts.into_iter().all(|part| matches!(part, b"n" | b"r" | b"t"))
    };
    let mut words = text.split(is_sign).filter(|word| !word.is_empty());
    words.all(|word| WORDS.contains(&word) || is_number(word) || is_line_end(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &str, quote: &str, expected: bool) {
        let text = format!("{quote}{lines}");
        let mut at = quote.len();
        let pieces: Vec<Range<usize>> = lines.split('\n').map(|line| (at..at + line.len(), at += line.len() + 1).0).collect();
        assert_eq!(is_json_in_lines(text.as_bytes(), &pieces, quote.as_bytes()), expected, "{lines}");
    }

    #[test]
    fn lines_of_an_object_and_lines_between_them() {
        for (lines, expected) in [
            ("{\"kty\": \"oct\",\n  \"n\": [1, -2.5e3, true, null],\n  \"k\": \"abc\"\n}", true),
            ("{\"kty\": \"oct\", \"k\": \"ab\nc\"}", true),
            ("{\"kty\": \"oct\", \"kid\": \"a key of ours\", \"k\":\n\"abc\"}", true),
            ("{\"kty\": \"oct\",\nan ordinary line\n\"k\": \"abc\"}", false),
            ("{\"kty\": \"oct\", \"k\": \"abc\nan ordinary line, said \"hi\"}", false),
            ("{\"kty\": \"oct\", \"k\": \"abc\nan ordinary line\", \"n\": 1}", false),
            ("{\"kty\": \"oct\", \"k\": \"abc\"\n10:00:00 INFO {\"n\": 1}", false),
        ] {
            check(lines, "\"", expected);
            check(&lines.replace('"', "'"), "'", expected);
            check(&lines.replace('"', "\\\""), "\\\"", expected);
            check(&lines.replace('"', "\"\""), "\"\"", expected);
        }
        check(r#"{\n  \"kty\": \"oct\",\n\t\"k\": \"a\\\"b\"\n}"#, r#"\""#, true);
    }
}
