//! Where a run of base64 begins that may be glued to what stands before it.

use crate::base64::tail_len;

/// Where the rest of a token begins whose next part follows the dot at `dot`; nothing before `from` is its own.
///
/// What the run holds is not known, so in doubt it is taken. The letters of an escape and of a terminal's colour before it are
/// not in doubt, nor are the first segments of a path.
pub(crate) fn fragment_start(text: &[u8], from: usize, dot: usize) -> usize {
    let padding = text[from..dot].iter().rev().take(2).take_while(|&&b| b == b'=').count();
    let chars = tail_len(&text[from..dot - padding]);
    // The sign between a name and an empty value is no padding.
    if padding > 0 && (!(chars + padding).is_multiple_of(4) || chars < PADDED_CHARS_MIN) {
        return dot;
    }
    let start = behind_colour(text, dot - padding - chars, dot);
    behind_path(text, behind_escape(text, start..dot))
}

/// Shortest part that is taken with its padding.
const PADDED_CHARS_MIN: usize = 8;

/// Where a run begins behind the end of a terminal's colour (`[0m`, `[1;32m`) that it is glued to.
pub(crate) fn behind_colour(text: &[u8], start: usize, end: usize) -> usize {
    let bracket = text[..start].iter().rev().take(8).position(|&b| !(b.is_ascii_digit() || b == b';'));
    let in_colour = bracket.is_some_and(|i| text[start - 1 - i] == b'[');
    let digits = text[start..end].iter().take_while(|b| b.is_ascii_digit()).count();
    if in_colour && text.get(start + digits) == Some(&b'm') { start + digits + 1 } else { start }
}

/// Where a run begins behind the digits and letters of an escape (`%3D`, `%253D`, `\n`, `\x22`, `\u0022`) that it is glued to.
pub(crate) fn behind_escape(text: &[u8], run: std::ops::Range<usize>) -> usize {
    let chars = &text[run.clone()];
    let hex = |at: usize, len: usize| chars.get(at..at + len).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let len = match text[..run.start].last() {
        Some(b'%') => {
            let signs = chars.chunks_exact(2).take_while(|pair| pair == b"25").count() * 2;
            if hex(signs, 2) { signs + 2 } else { 0 }
        }
        Some(b'\\') => match chars.first() {
            Some(b'n' | b'r' | b't' | b'b' | b'f') => 1,
            Some(b'x') if hex(1, 2) => 3,
            Some(b'u') if hex(1, 4) => 5,
            _ => 0,
        },
        _ => 0,
    };
    run.start + len
}

/// Where a run begins behind the first segments of a path that it is the end of (`/verify/…`).
fn behind_path(text: &[u8], mut start: usize) -> usize {
    while text.get(start) == Some(&b'/') {
        let segment = &text[start + 1..text.len().min(start + 1 + SEGMENT_CHARS_MAX)];
        let Some(len) = segment.iter().position(|&b| b == b'/').filter(|&len| segment[..len].iter().all(|&b| is_of_word(b))) else {
            // What is behind the last slash may be the token.
            return start + 1;
        };
        start += 1 + len;
    }
    start
}

/// Where the last segments of a path begin (`…/confirm`) that a run ends in.
pub(crate) fn before_path(text: &[u8], run: &std::ops::Range<usize>) -> usize {
    let mut end = run.end;
    while let Some(at) = text[run.start..end].iter().rposition(|&b| b == b'/').map(|at| run.start + at)
        && end - at - 1 <= SEGMENT_CHARS_MAX
        && text[at + 1..end].iter().all(|&b| is_of_word(b))
    {
        end = at;
    }
    end
}

/// Longest segment of a path that is no part of a token: a longer one may be a piece of its payload.
const SEGMENT_CHARS_MAX: usize = 15;

/// What the segments of paths are made of, mostly: base64 of so many characters has capitals as well.
fn is_of_word(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_is_glued_to() {
        let cases = [
            ("x iJod.", 2),
            ("x\\niJod.", 3),
            ("x\\u0022iJod.", 7),
            ("x\\x22iJod.", 5),
            ("x%3DiJod.", 4),
            ("x%253DiJod.", 6),
            ("x%25253DiJod.", 8),
            ("GET /a/b/iJod.", 9),
            ("GET /iJod.", 5),
            ("GET /Ab9/iJod.", 5),
            ("?d=.", 3),
            ("?iJodHRwczov=.", 1),
            ("\u{1b}[0miJod.", 4),
        ];
        for (text, start) in cases {
            assert_eq!(fragment_start(text.as_bytes(), 0, text.len() - 1), start, "{text}");
        }
    }
}
