//! Values whose lines are all framed alike: `<br>` at their ends, the `$` of `cat -A`, the bar of a cell, a colour, a name in front; or
//! that empty lines part. What the frame is does not matter: two full lines of one width prove it for each other.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::compact::is_dense;
use crate::frames::heads;
use crate::lines::raw_lines;
use crate::narrow;
use crate::opening::opens_object;
use crate::partials::part;
use crate::runs::long_runs;
use crate::view::View;
use crate::wrap::{is_of_others, is_piece, is_value_end, mark_end, pieces_len};

/// Widths of full lines. What is longer is no line that somebody filled.
const WIDTHS: Range<usize> = narrow::WIDTHS.start..133;
/// Shortest first piece.
const FIRST_CHARS_MIN: usize = 16;
/// Longest tail.
const TAIL_BYTES_MAX: usize = 32;
/// Longest tail of a quoted piece.
const QUOTE_REACH: usize = 8;
/// An empty line is shorter than the one above by at least this.
const EMPTY_BYTES_LESS: usize = 16;

/// A line, the piece of a value in it, and where what it says ends.
#[derive(Clone)]
pub(crate) struct Framed<'a> {
    pub(crate) line: &'a [u8],
    pub(crate) piece: Range<usize>,
    pub(crate) end: usize,
}

impl<'a> Framed<'a> {
    /// All that a line says.
    pub(crate) fn whole(line: &'a [u8]) -> Self {
        let end = end_of(line);
        Self { line, piece: 0..end, end }
    }

    /// The last piece of a line that a value may go on behind, with no more than a tail behind it.
    fn of(line: &'a [u8]) -> Option<Self> {
        let end = end_of(line);
        if !may_have_piece(&line[..end]) {
            return None;
        }
        let reach = end.saturating_sub(TAIL_BYTES_MAX);
        let mut at = end;
        loop {
            at = reach + line[reach..at].iter().rposition(|&b| is_piece(b))? + 1;
            let len = pieces_len(&line[at - at.min(WIDTHS.end + NAME_BYTES_MAX)..at]);
            if len >= FIRST_CHARS_MIN {
                let start = at - len + colour_len(&line[..at], at - len);
                return Some(Self { line, piece: start..at, end }).filter(Self::may_go_on);
            }
            at -= len;
            if at <= reach {
                return None;
            }
        }
    }

    /// What stands before the piece is a frame: that has no data.
    fn has_frame(&self) -> bool {
        long_runs(&self.line[..self.piece.start], WIDTHS.start, is_piece).all(|run| !is_dense(&self.line[run]))
    }

    fn chars(&self) -> &'a [u8] {
        &self.line[self.piece.clone()]
    }

    fn tail(&self) -> &'a [u8] {
        &self.line[self.piece.end..self.end]
    }

    /// A full line of a value, and no name glued to it.
    fn is_full(&self) -> bool {
        let is_wide = WIDTHS.contains(&self.piece.len()) || self.is_quoted() && self.piece.len() < WIDTHS.end;
        is_wide && is_of_value(self.chars()) && self.value().len() == self.piece.len()
    }

    /// The piece without a name that is glued to it.
    fn value(&self) -> &'a [u8] {
        let name = memchr::memrchr(b'=', self.chars()).filter(|at| at + 1 < self.piece.len());
        &self.chars()[name.map_or(0, |at| at + 1)..]
    }

    /// A value may go on behind it: one begins there, or it is full.
    fn may_go_on(&self) -> bool {
        self.piece.len() < WIDTHS.end + NAME_BYTES_MAX && (opens_object(self.value()) || self.is_full())
    }

    /// Quotes stand around the piece.
    fn is_quoted(&self) -> bool {
        let quote = self.line[..self.piece.start].last();
        let closes = || self.tail().iter().find(|b| !b"\\nr".contains(b)) == quote && !self.tail().contains(&b'}');
        quote.is_some_and(|b| matches!(b, b'"' | b'\'' | b'`')) && closes()
    }

    /// Where the piece of the next line begins, if what stands before it there stands here, too: it is alike but for its numbers,
    /// or it is a mark; or it is what opens the piece here.
    pub(crate) fn head_of(&self, next: &[u8], start: usize) -> Option<Head> {
        let (above, own) = heads(self.line, next).filter(|&(above, own)| above <= self.piece.end && own <= start).unwrap_or((0, 0));
        let said = |line: &[u8]| part(line).map_or(0, |part| part.text.start);
        let mark = mark_end(next, &(own.max(said(next).min(start))..next.len()));
        let head = next[mark.min(start)..start].trim_ascii_start();
        let is_known = mark >= start;
        let above = mark_end(self.line, &(above.max(said(self.line).min(self.piece.start))..self.line.len())).min(self.piece.end);
        let here = &self.line[above..self.piece.end];
        let indent = here.len() - here.trim_ascii_start().len();
        let alike = here.get(indent..indent + head.len()).filter(|here| are_alike(here, head));
        let frame = above + alike.map_or(0, |alike| indent + alike.len());
        let operator = head.iter().take_while(|b| b"+.&<| ".contains(b)).count();
        let opening = Some(&head[operator..]).filter(|opening| !opening.is_empty());
        let opens = || opening.is_some_and(|opening| self.line[..self.piece.start].ends_with(opening));
        (is_known || alike.is_some() || opens()).then_some(Head { frame, is_known })
    }

    /// The next line is full, alike, and as wide as this one.
    fn is_above(&self, next: &Self) -> Option<Head> {
        if !next.is_full() || !are_alike(self.tail(), next.tail()) || is_of_others(self.chars(), next.chars()) {
            return None;
        }
        let width = next.piece.len();
        let head = if self.has_frame() { self.head_of(next.line, next.piece.start)? } else { return None };
        let fills = self.piece.len() == width || self.value().len() == width || self.piece.end == head.frame + width;
        fills.then_some(head)
    }

    /// Others do not see that the line goes on with the one above, as much of which stands before its piece as `head` says.
    fn is_news(&self, head: &Head) -> bool {
        let is_padded = || self.piece.start > 0 && self.end < self.line.len();
        // What a container's line says has a frame of its own.
        let is_framed = || part(self.line).is_some_and(|part| self.piece.start > part.text.start);
        !head.is_known || !self.tail().is_empty() || is_padded() || is_framed()
    }

    /// The piece of the last line, which is shorter, and where that line goes on: behind the tail, if it has the same.
    fn rest(&self, next: &[u8]) -> Option<(Range<usize>, usize)> {
        let end = end_of(next);
        let (above, own) = heads(self.line, next).filter(|&(above, own)| above <= self.piece.start && own <= end).unwrap_or((0, 0));
        let head = &self.line[above..self.piece.start];
        let is_alike = next.get(own..own + head.len()).is_some_and(|here| are_alike(here, head));
        let said = || part(next).map_or(0, |part| part.text.start);
        let start = if is_alike { own + head.len() } else { mark_end(next, &(own..end)).max(said()) };
        let len = next.get(start..end)?.iter().take_while(|&&b| is_piece(b)).count();
        let rest = &next[start + len..end];
        let has_tail = are_alike(rest.trim_ascii_start(), self.tail().trim_ascii_start());
        (1..=self.piece.len()).contains(&len).then(|| (start..start + len, if has_tail { next.len() } else { start + len }))
    }

    /// The rest of a value is framed as this line is, or it could be nothing else.
    fn is_sure(&self, next: &[u8], piece: &Range<usize>, behind: usize) -> bool {
        let chars = &next[piece.clone()];
        let is_framed = behind > piece.end && !self.tail().is_empty();
        let is_closed = || next.get(behind).is_none_or(|b| !b.is_ascii_whitespace());
        !is_of_others(self.chars(), chars) && (is_framed || is_value_end(self.chars(), chars) && is_closed())
    }

    /// What follows behind an empty line may be more of the value.
    fn may_go_on_in(&self, next: &[u8]) -> bool {
        self.piece.len() >= WIDTHS.start && self.has_frame() && self.rest(next).is_some_and(|(piece, _)| !opens_object(&next[piece]))
    }
}

/// What stands before the piece of a line.
pub(crate) struct Head {
    /// How much of the line above stands before what that says.
    pub(crate) frame: usize,
    /// Others know it for a frame or a mark.
    is_known: bool,
}

/// Longest name that is glued to a value.
const NAME_BYTES_MAX: usize = 40;

/// Where what a line says ends.
fn end_of(line: &[u8]) -> usize {
    let said = if line.starts_with(b"{\"log\":\"") { part(line).map(|part| part.text.end) } else { None };
    said.unwrap_or(line.trim_ascii_end().len())
}

/// Length of a colour's number and letter at `at`, where its first bytes stand before that.
fn colour_len(line: &[u8], at: usize) -> usize {
    let digits = line[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let is_colour = line[..at].ends_with(b"[") && matches!(line.get(at + digits), Some(b'm' | b'K'));
    if is_colour { digits + 1 } else { 0 }
}

/// Base64 of some length, or text in hex.
fn is_of_value(chars: &[u8]) -> bool {
    chars.len() >= FIRST_CHARS_MIN && narrow::is_of_value(chars)
}

/// Equal but for their digits.
fn are_alike(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || a.is_ascii_digit() && b.is_ascii_digit())
}

/// More of a value.
struct More {
    /// Its line.
    line: usize,
    /// Its piece in the text.
    piece: Range<usize>,
    /// Where its line goes on behind the tail.
    behind: usize,
    /// It is full, or framed as the lines before.
    is_sure: bool,
}

/// A value over several lines.
#[derive(Default)]
struct Value {
    /// How much of its first line stands before what that says, and where its piece ends there.
    first: Range<usize>,
    /// Its other lines.
    more: Vec<More>,
    /// Others do not see it.
    is_news: bool,
}

/// The lines of a text, without the sign of a difference between two files in front.
struct Lines<'a> {
    text: &'a [u8],
    lines: Vec<Range<usize>>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a [u8]) -> Self {
        let mut lines: Vec<Range<usize>> = raw_lines(text).collect();
        let mut before = None;
        for k in 0..lines.len() {
            let sign = sign_of(&text[lines[k].clone()]);
            let behind = || lines.get(k + 1).and_then(|next| sign_of(&text[next.clone()]));
            if sign.is_some() && (sign == before || sign == behind()) {
                lines[k].start += 1;
            }
            before = sign;
        }
        Self { text, lines }
    }

    /// Line `k` has lost its sign.
    fn is_signed(&self, k: usize) -> bool {
        let start = self.lines[k].start;
        start > 0 && self.text[start - 1] != b'\n'
    }

    fn line(&self, k: usize) -> Option<&'a [u8]> {
        self.lines.get(k).map(|line| &self.text[line.clone()])
    }

    /// The line behind line `k`, or the one behind that, if nothing is said in the first; and whether that is so.
    fn below(&self, k: usize) -> Option<(usize, bool)> {
        let (above, line) = (self.line(k)?, self.line(k + 1)?);
        let gap = may_be_empty(above, line) && is_empty(above, line);
        Some((k + 1 + usize::from(gap), gap))
    }

    /// The value that goes on behind line `k`: in two full lines at least, and what may be the rest.
    fn value(&self, k: usize) -> Value {
        let mut value = Value::default();
        let Some(mut above) = self.line(k).and_then(Framed::of) else { return value };
        value.first = 0..above.piece.end;
        let mut at = k;
        while let Some((next, gap)) = self.below(at)
            && let Some(line) = self.line(next)
        {
            let Range { start, end } = self.lines[next].clone();
            let full = Framed::of(line).and_then(|full| Some((above.is_above(&full)?, full)));
            let Some((head, full)) = full else {
                let rest = above.rest(line).filter(|_| !value.more.is_empty());
                value.more.extend(rest.map(|(piece, behind)| More {
                    line: next,
                    is_sure: above.is_sure(line, &piece, behind),
                    piece: start + piece.start..start + piece.end,
                    behind: start + behind,
                }));
                break;
            };
            value.is_news |= gap || self.is_signed(next) || full.is_news(&head);
            if value.more.is_empty() {
                value.first.start = head.frame.min(above.piece.start);
            }
            value.more.push(More { line: next, piece: start + full.piece.start..start + full.piece.end, behind: end, is_sure: true });
            (above, at) = (full, next);
        }
        value
    }
}

/// The text without what frames the lines of a value, so that they stand below each other, and those that are sure to go on say so.
/// `None`: there are no such lines.
pub(crate) fn untailed(text: &[u8]) -> Option<View> {
    let all = Lines::of(text);
    let mut view = View::default();
    let (mut copied, mut k) = (0, 0);
    while k + 1 < all.lines.len() {
        let Value { first, more, is_news } = all.value(k);
        let start = all.lines[k].start;
        if is_news {
            // Without what frames it, it goes on with nothing above all the same.
            let line = start - usize::from(all.is_signed(k));
            view.copy(text, copied..line);
            if line > 0 {
                view.push(b'\n', line, line);
            }
            view.copy(text, start + first.start..start + first.end);
        }
        k += 1;
        for More { line, piece, is_sure, behind } in more {
            k = line + 1;
            if !is_news {
                continue;
            }
            let end = all.lines[line - 1].end;
            if is_sure {
                view.push(b'\\', end, end);
            }
            view.copy(text, end..end + 1);
            view.copy(text, piece);
            copied = behind;
        }
    }
    if copied == 0 {
        return None;
    }
    view.copy(text, copied..text.len());
    Some(view)
}

/// True where a value goes on behind `line` as [`untailed`] reads it: `line` and the next one are full lines that are framed alike, or
/// `before` and `line` are, and the next one has the rest; or an empty line is between the two. `behind`: what follows the line; what is not there yet may be anything.
#[must_use]
pub fn goes_on_framed(before: Option<&[u8]>, line: &[u8], behind: &[u8]) -> bool {
    let may_begin = |line: &[u8]| may_have_piece(&line[..end_of(line)]);
    if !may_begin(line) && !before.is_some_and(|before| may_be_empty(before, line) && may_begin(before)) {
        return false;
    }
    let next = whole_line(behind);
    let sign = sign_of(line);
    let is_signed = sign.is_some() && [before, next.map(|(next, _)| next)].into_iter().flatten().any(|other| sign_of(other) == sign);
    let signs = |line: &[u8]| usize::from(is_signed && sign_of(line) == sign);
    let (before, line) = (before.map(|before| &before[signs(before)..]), &line[signs(line)..]);
    let Some(own) = Framed::of(line) else {
        let above = before.filter(|before| may_be_empty(before, line)).and_then(Framed::of);
        return above
            .is_some_and(|above| is_empty(above.line, line) && next.is_none_or(|(next, _)| above.may_go_on_in(&next[signs(next)..])));
    };
    let Some((next, behind)) = next.map(|(next, behind)| (&next[signs(next)..], behind)) else { return own.has_frame() };
    if may_be_empty(line, next) && is_empty(line, next) {
        return whole_line(behind).is_none_or(|(next, _)| own.may_go_on_in(&next[signs(next)..]));
    }
    let follows = |above: &Framed<'_>, full: &Framed<'_>| above.is_above(full).is_some_and(|head| is_signed || full.is_news(&head));
    Framed::of(next).is_some_and(|next| follows(&own, &next))
        || before.filter(|_| own.is_full()).and_then(Framed::of).is_some_and(|before| follows(&before, &own)) && own.rest(next).is_some()
}

/// The sign of a difference between two files, with which a line may begin.
fn sign_of(line: &[u8]) -> Option<u8> {
    line.first().copied().filter(|b| matches!(b, b'+' | b'-'))
}

/// The first line of a text, if its end is there, and what follows it.
fn whole_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    memchr::memchr(b'\n', text).map(|end| (text[..end].trim_ascii_end(), &text[end + 1..]))
}

/// What there may be to see of a piece at the end of what a line says: a wide one, the quote behind it, or the beginning of a token.
fn may_have_piece(text: &[u8]) -> bool {
    static OPENING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"eyJ"));
    let end = text.len();
    let are_piece = |from: usize, to: usize| pieces_len(&text[from..to]) == to - from;
    let is_wide = || end >= WIDTHS.start && are_piece(end - WIDTHS.start, end - TAIL_BYTES_MAX);
    let is_quoted = || {
        let reach = end.saturating_sub(QUOTE_REACH);
        let quote = text[reach..].iter().rposition(|b| matches!(b, b'"' | b'\'' | b'`')).map(|at| reach + at);
        // A line end in escapes may stand before it.
        let is_of_piece = |at: &usize| *at >= FIRST_CHARS_MIN && are_piece(at - FIRST_CHARS_MIN, at - ESCAPE_BYTES_MAX);
        quote.filter(is_of_piece).is_some() && text[end - 1] != b'}'
    };
    let opens = || {
        let at = end.checked_sub(OPENING_REACH).filter(|&at| is_piece(text[at]));
        at.is_some() && OPENING.find(&text[end.saturating_sub(TAIL_BYTES_MAX + WIDTHS.start)..]).is_some()
    };
    is_wide() || is_quoted() || opens()
}

/// Longest line end that is written in escapes, itself in escapes.
const ESCAPE_BYTES_MAX: usize = 4;
/// Within so many bytes before the end a piece is seen that begins a token and is not wide.
const OPENING_REACH: usize = 16;

/// Of most lines their length is enough to know.
fn may_be_empty(above: &[u8], line: &[u8]) -> bool {
    line.len() + EMPTY_BYTES_LESS <= above.len()
}

/// The line says nothing: it is empty behind what it begins with as the line above does.
fn is_empty(above: &[u8], line: &[u8]) -> bool {
    let text = line.trim_ascii_end();
    let said = if text.starts_with(b"{\"log\":\"") { part(text).map(|part| part.text.is_empty()) } else { None };
    let is_frame = || above.get(text.len()).is_some_and(u8::is_ascii_whitespace) && are_alike(text, &above[..text.len()]);
    let framed = || is_frame() || heads(above, line).is_some_and(|(_, own)| own >= text.len());
    said.unwrap_or_else(|| text.iter().all(|&b| b == b' ' || b">|#*".contains(&b)) || framed())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "aB3dEfGhaB3dEfGhaB3dEfGhaB3dEfGhaB3dEfGh";
    const HEX: &str = "65794a68624763694f694a49557a49314e694a396579";
    const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b";

    fn check(text: &str, want: Option<&str>) {
        let view = untailed(text.as_bytes());
        assert_eq!(view.map(|v| String::from_utf8_lossy(&v.text).into_owned()).as_deref(), want, "{text}");
    }

    #[test]
    fn lines_that_are_framed_alike() {
        let want = format!("t: {FULL}\\\n{FULL}\\\n{FULL}\\\nBc1\nbye\n");
        for tail in ["<br>", "$", " |", "^M$", " \\", "\u{1b}[0m", "&#10;", "\\n", ",", "</p>"] {
            check(&format!("t: {FULL}{tail}\n{FULL}{tail}\n{FULL}{tail}\nBc1{tail}\nbye\n"), Some(&want));
        }
        check(&format!("t: {FULL}\n\n{FULL}\n\n{FULL}\n\nBc1\nbye\n"), Some(&want));
        check(&format!("> t: {FULL}$\n> {FULL}$\n> {FULL}$\n> Bc1$\nbye\n"), Some(&want));
        check(&format!("- {FULL}|\n- {FULL}|\n- {FULL}|\nbye\n"), Some(&format!("{FULL}\\\n{FULL}\\\n{FULL}\nbye\n")));
        check(&format!("hex: {HEX}\nhex: {HEX}\nhex: 65\nbye\n"), Some(&format!("{HEX}\\\n{HEX}\n65\nbye\n")));
        let short = &FULL[..16];
        check(&format!("t = u8\"{short}\"\n  u8\"{short}\"\n  u8\"Bc1\";\n"), Some(&format!("t = u8\"{short}\\\n{short}\\\nBc1\";\n")));
        for text in [
            format!("{FULL}\n{FULL}\n"),
            format!("{FULL}<br>\ndone<br>\n"),
            format!("{FULL}<br>\n{}<br>\n", &FULL[1..]),
            format!("{FULL}<br>\n{FULL}$\n"),
            format!("{FULL}<br>\n{DIGEST}<br>\n"),
            format!("{FULL}<br>\n\n\n{FULL}<br>\n"),
            format!("a {FULL}<br>\nb {FULL}<br>\n"),
            format!("hex: {DIGEST}\nhex: {DIGEST}\n"),
            format!("t = \"{short}\"\nu = \"{short}\"\n"),
            format!("({short})\n({short})\n"),
        ] {
            check(&text, None);
        }
    }

    #[test]
    fn lines_that_go_on() {
        let framed = format!("{FULL}<br>");
        for (before, line, behind, want) in [
            ("", framed.as_str(), format!("{framed}\n"), true),
            ("", &framed, String::new(), true),
            (&framed, &framed, "Bc1<br>\n".into(), true),
            (FULL, "", "Bc1\n".into(), true),
            ("", FULL, "\nBc1\n".into(), true),
            ("", FULL, "\n".into(), true),
            ("", &framed, "Bc1<br>\n".into(), false),
            ("", FULL, "\n\nBc1\n".into(), false),
            ("", FULL, "\n[1]\n".into(), false),
            ("", "done<br>", "done<br>\n".into(), false),
            ("", &format!("{DIGEST}<br>"), format!("{DIGEST}<br>\n"), false),
        ] {
            let before = Some(before.as_bytes()).filter(|before| !before.is_empty());
            assert_eq!(goes_on_framed(before, line.as_bytes(), behind.as_bytes()), want, "{line} {behind:?}");
        }
    }
}
