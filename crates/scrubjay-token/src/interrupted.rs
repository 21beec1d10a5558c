//! Values that something short interrupts within a line: pieces of one width with the same bytes between them, whatever these
//! are, and marks in pairs around a part of the value, as a search puts them around its hits.

use std::ops::Range;

use crate::base64::{is_base64, is_dotted};
use crate::compact::is_mixed;
use crate::opening::opens_token;
use crate::runs;
use crate::token::Whole;
use crate::view::{View, escape_at, hidden_len};
use crate::wrap::is_of_others;

/// Shortest width of pieces. Within one line nobody else's follows, so less will do than for lines (DESIGN §4).
const PIECE_CHARS_MIN: usize = 20;
/// Longest text between two pieces.
const BREAK_BYTES_MAX: usize = 16;
/// How much of what stands before a value is seen with it: the name that tells what it is.
const NAME_BYTES_MAX: usize = 64;
/// Longest mark before or behind a part of a value.
const MARK_BYTES_MAX: usize = 64;

/// A byte of a compact token.
fn is_token(b: u8) -> bool {
    is_base64(b) || b == b'.' || b == b'~'
}

fn run_len(text: &[u8]) -> usize {
    runs::head_len(text, is_token, |bytes| runs::all(bytes, |b| is_dotted(b) | (b == b'~')))
}

/// More of a value: its text, and whether it is sure that it is.
struct Piece {
    text: Range<usize>,
    sure: bool,
}

/// The values of a text that something interrupts, without it: one in each line of the view, behind what may name it. A piece is only taken where
/// characters of tokens touch what stands between on both sides. `None`: there are none.
///
/// `whole`: tokens that are whole by themselves. `single`: the text is of one line, and its line ends are somebody's escapes.
pub(crate) fn interrupted(text: &[u8], whole: &Whole, single: bool) -> Option<View> {
    let mut view = View::default();
    let (mut at, mut copied) = (0, 0);
    while let Some(start) = text[at..].iter().position(|&b| is_token(b)).map(|i| at + i) {
        let end = start + run_len(&text[start..]);
        at = end;
        if whole.has_end(end) {
            continue;
        }
        let mut pieces = marked(text, end);
        if pieces.is_empty() && end - start >= PIECE_CHARS_MIN {
            pieces = columns(text, start..end, single);
        }
        let mut value = View::default();
        for piece in pieces.iter().take_while(|piece| !whole.has_start(piece.text.start)) {
            value.join(text, piece.text.clone(), piece.text.len(), piece.sure);
            at = piece.text.end;
        }
        if value.is_joined() {
            let before = copied.max(start.saturating_sub(NAME_BYTES_MAX));
            let line = memchr::memrchr(b'\n', &text[before..start]).map_or(before, |i| before + i + 1);
            let mut first = View::default();
            first.copy(text, line..end);
            value.push(b'\n', at, at);
            view.append(first);
            view.append(value);
            copied = at;
        }
    }
    view.is_joined().then_some(view)
}

/// The pieces behind the first one, which is a whole piece, that have its width, and the last one, which may be shorter: the same bytes
/// stand before each.
fn columns(text: &[u8], first: Range<usize>, single: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let Some(start) = behind_break(text, first.end) else { return pieces };
    // The letter of PowerShell's escapes is one that tokens have, too.
    let escaped = text[start - 1] == b'`' && text[start].is_ascii_lowercase();
    let start = start + usize::from(escaped);
    let between = &text[first.end..start];
    let len = run_len(&text[start..]);
    // A name may be glued to the first piece, or it begins in the middle of a line: then two others tell the width.
    let again = |end: usize| text[end..].strip_prefix(between).is_some_and(|rest| run_len(rest) == len);
    let width = if len > first.len() || again(start + len) { len } else { first.len() };
    // Lines are one writer's within a string. Asked first: whoever reads all lines behind each line is never done.
    let quote = text[..first.start].last().filter(|b| matches!(b, b'"' | b'\''));
    let of_lines = between.contains(&b'\n') && !single;
    if of_lines && quote.is_none() || !is_break(between) {
        return pieces;
    }
    let mut full = usize::from(first.len() == width);
    let mut end = first.end;
    while let Some(rest) = text[end..].strip_prefix(between) {
        let len = run_len(rest);
        let start = end + between.len();
        let chars = &text[start..start + len];
        if len == 0 || len > width || is_of_others(&text[first.clone()], chars) {
            break;
        }
        full += usize::from(len == width);
        end = start + len;
        // The last one may be anybody's word.
        let fits = len == width || is_mixed(chars);
        pieces.push(Piece { text: start..end, sure: full > 1 && fits });
        if len < width {
            break;
        }
    }
    // One piece proves no width: what stands behind it is anybody's.
    if full < 2 || of_lines && text.get(end) != quote {
        pieces.clear();
    }
    // Two of one width prove the first one, too.
    if full > 2
        && let Some(piece) = pieces.first_mut()
    {
        piece.sure = true;
    }
    pieces
}

/// What may stand within a value: nothing that parts values or names them, no escape of what a token has, which the text
/// without its escapes tells, and nothing that shows as nothing or as a dot, which the visible text does.
fn is_break(between: &[u8]) -> bool {
    let is_escape = |at| escape_at(between, at).is_some_and(|(code, _)| u8::try_from(code).is_ok_and(is_token));
    !between.iter().any(|b| b",:=?{}()%\\".contains(b))
        && !matches!(between, [.., b'!' | b'#' | b'^'])
        && (!between.contains(&b'"') || between == b"\"\"")
        && !memchr::memchr_iter(b'&', between).any(is_escape)
        && (0..between.len()).all(|at| hidden_len(between, at) == 0)
}

/// Where the next piece begins behind what stands at the end of one.
fn behind_break(text: &[u8], end: usize) -> Option<usize> {
    let near = text.len().min(end + BREAK_BYTES_MAX);
    let mut at = end;
    while at < near {
        at += text[at..near].iter().take_while(|&&b| !is_token(b)).count();
        let len = run_len(&text[at..]);
        if len >= PIECE_CHARS_MIN {
            return (at <= near).then_some(at);
        }
        at += len.max(1);
    }
    None
}

/// What a mark at `at` is: its length, what it is called, and whether it can begin or end a marked part.
struct Mark<'a> {
    len: usize,
    name: &'a [u8],
    begins: bool,
    ends: bool,
}

/// `<em>`, `</em>`, `@name@`, `@/name@`, and signs that are written twice or three times (`**`, `||`).
fn mark(text: &[u8], at: usize) -> Option<Mark<'_>> {
    let near = &text[at..text.len().min(at + MARK_BYTES_MAX)];
    let &sign = near.first()?;
    let same = near.iter().take_while(|&&b| b == sign).count();
    if matches!(same, 2 | 3) && sign.is_ascii_punctuation() && !is_token(sign) && !b"\"'\\<>()[]{}%=&".contains(&sign) {
        return Some(Mark { len: same, name: &near[..same], begins: true, ends: true });
    }
    let close = match sign {
        b'<' => b'>',
        b'@' => b'@',
        _ => return None,
    };
    let inner = &near[1..];
    let inner = &inner[..inner.iter().position(|&b| b == close)?];
    let (ends, named) = inner.strip_prefix(b"/").map_or((false, inner), |name| (true, name));
    let name = &named[..named.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).count()];
    // Attributes stand behind a blank.
    let rest = &named[name.len()..];
    let is_mark = !name.is_empty() && (rest.is_empty() || !ends && sign == b'<' && rest.starts_with(b" "));
    is_mark.then_some(Mark { len: inner.len() + 2, name, begins: !ends, ends })
}

/// The part of a value that stands between two marks behind its beginning, and what follows them; so as often as there are more.
fn marked(text: &[u8], end: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut end = end;
    while let Some(begin) = mark(text, end).filter(|m| m.begins) {
        let start = end + begin.len;
        let inner = start..start + run_len(&text[start..]);
        let Some(close) = mark(text, inner.end).filter(|m| m.ends && m.name == begin.name && !inner.is_empty()) else { break };
        let behind = inner.end + close.len;
        let rest = behind..behind + run_len(&text[behind..]);
        if opens_token(&text[inner.clone()]) || opens_token(&text[rest.clone()]) || rest.is_empty() {
            break;
        }
        end = rest.end;
        pieces.extend([inner, rest].map(|text| Piece { text, sure: true }));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Option<&str>) {
        let view = interrupted(text.as_bytes(), &Whole::default(), true);
        assert_eq!(view.map(|v| String::from_utf8_lossy(&v.text).trim_end().to_owned()).as_deref(), want, "{text}");
    }

    #[test]
    fn what_interrupts_a_value_and_what_parts_two() {
        let a = "Ab1".repeat(10);
        for between in ["\r", " ", "\t", "<br>", "&nbsp;", "\u{a0}", "\u{2028}", "]]><![CDATA[", "|", "\"\"", "`", "\n"] {
            check(&format!("t={a}{between}{a}{between}Cd2 end"), Some(&format!("t={a}{a}Cd2")));
        }
        for between in
            [",", "\",\"", ", ", ": ", "\":\"", "?", "%2E", "\\u002e", "&#46;", " and then there was ", "\u{200b}", "\u{ad}", "\u{ff0e}"]
        {
            check(&format!("t={a}{between}{a}{between}Cd2 end"), None);
        }
        for (begin, end) in [("<em>", "</em>"), ("<b class=x>", "</b>"), ("**", "**"), ("@hit@", "@/hit@"), ("||", "||")] {
            check(&format!("t={a}{begin}Cd2{end}{a} end"), Some(&format!("t={a}Cd2{a}")));
            check(&format!("{begin}{a}{end} end"), None);
            check(&format!("t={a} {begin}Cd2{end} end"), None);
        }
        check(&format!("t={a}... GET /{}", "Xy7".repeat(8)), None);
        check(&format!("<td>{a}</td><td>{}</td>", &a[..9]), None);
    }
}
