//! Bytes of a text written as numbers, in rows of which each stands behind what carries it: a mark, a time, a container's header. Without
//! that they are a list like others.

use std::ops::Range;

use crate::lines::raw_lines;
use crate::lists::is_text_in_hex;
use crate::tails::Framed;
use crate::view::View;

/// Fewest numbers of a row that goes on.
const NUMBERS_MIN: usize = 8;
/// Longest sign between two numbers: a comma and a blank.
const SIGN_BYTES_MAX: usize = 2;

/// How the numbers of a row are written.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// `0x65`
    Prefixed,
    /// `65`
    Pairs,
    /// `6579`
    Words,
    /// `101`
    Decimal,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Prefixed, Self::Pairs, Self::Words, Self::Decimal];

    /// The word is a number of this kind, of bytes that are seen or blank.
    fn is_text(self, word: &[u8]) -> bool {
        let is_hex = |digits: &[u8], len: usize| digits.len() == len && is_text_in_hex(digits);
        match self {
            Self::Prefixed => word.strip_prefix(b"0x").is_some_and(|digits| is_hex(digits, 2)),
            Self::Pairs => is_hex(word, 2),
            Self::Words => is_hex(word, 4),
            Self::Decimal => {
                let number = |word| std::str::from_utf8(word).ok()?.parse::<u8>().ok();
                matches!(word.len(), 2 | 3) && number(word).is_some_and(|b| (b' '..=b'~').contains(&b))
            }
        }
    }
}

/// A row of numbers with which a line ends.
struct Row<'a> {
    framed: Framed<'a>,
    kind: Kind,
    sign: &'a [u8],
}

impl<'a> Row<'a> {
    /// The row of a line, of whatever kind.
    fn of(line: &'a [u8]) -> Option<Self> {
        // Of most lines the last byte is enough to know.
        if !line.last().is_some_and(|b| b.is_ascii_hexdigit() || b" ,:;-\r}".contains(b)) {
            return None;
        }
        let framed = Framed::whole(line);
        let text = &line[..framed.end];
        let end = text.iter().rposition(|b| !b" ,:;-".contains(b)).filter(|&last| text[last].is_ascii_hexdigit())? + 1;
        let word = text[..end].iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
        let sign_end = end - word;
        let sign = text[..sign_end].iter().rev().take(SIGN_BYTES_MAX).take_while(|b| b" ,:;-".contains(b)).count();
        let sign = &text[sign_end - sign..sign_end];
        Kind::ALL.into_iter().find_map(|kind| {
            let (start, count) = start_of(&text[..end], kind, sign);
            (count >= NUMBERS_MIN).then(|| Self { framed: Framed { piece: start..framed.end, ..framed.clone() }, kind, sign })
        })
    }

    /// More of these numbers, behind what stands before them here, too: where they stand in the next line, and what stands before
    /// them in this one.
    fn goes_on_in(&self, next: &'a [u8]) -> Option<(Range<usize>, usize)> {
        let end = Framed::whole(next).end;
        let digits = next[..end].iter().rposition(|b| !b" ,:;-".contains(b))? + 1;
        let (start, count) = start_of(&next[..digits], self.kind, self.sign);
        let head = self.framed.head_of(next, start).filter(|_| count > 0)?;
        Some((start..end, head.frame.min(self.framed.piece.start)))
    }

    fn is_bare(&self) -> bool {
        self.framed.line[..self.framed.piece.start].trim_ascii().is_empty()
    }
}

/// Where the numbers of a kind begin in which a text ends, with the same sign between all of them, and how many they are.
fn start_of(text: &[u8], kind: Kind, sign: &[u8]) -> (usize, usize) {
    let (mut start, mut count, mut end) = (text.len(), 0, text.len());
    loop {
        let len = text[..end].iter().rev().take(5).take_while(|b| b.is_ascii_alphanumeric()).count();
        if !kind.is_text(&text[end - len..end]) {
            return (start, count);
        }
        (start, count) = (end - len, count + 1);
        match text[..start].strip_suffix(sign) {
            Some(rest) if !sign.is_empty() => end = rest.len(),
            _ => return (start, count),
        }
    }
}

/// The text without what carries the rows of a list, so that they stand below each other. `None`: nothing carries any.
pub(crate) fn uncarried(text: &[u8]) -> Option<View> {
    let lines: Vec<Range<usize>> = raw_lines(text).collect();
    let mut view = View::default();
    let (mut copied, mut inside) = (0, false);
    for pair in lines.windows(2) {
        let [line, next] = pair else { break };
        let row = Row::of(&text[line.clone()]).filter(|row| !row.is_bare());
        let Some((row, (more, frame))) = row.and_then(|row| row.goes_on_in(&text[next.clone()]).map(|more| (row, more))) else {
            inside = false;
            continue;
        };
        if !inside {
            view.copy(text, copied..line.start);
            view.copy(text, line.start + frame..line.start + row.framed.end);
        }
        inside = true;
        view.copy(text, line.end..next.start);
        view.copy(text, next.start + more.start..next.start + more.end);
        copied = next.end;
    }
    if copied == 0 {
        return None;
    }
    view.copy(text, copied..text.len());
    Some(view)
}

/// True where the numbers in which `line` ends go on in the next one, behind what stands before them here. `None`: it is not there yet.
#[must_use]
pub fn goes_on_in_row<'a>(line: &'a [u8], next: impl FnOnce() -> Option<&'a [u8]>) -> bool {
    Row::of(line).is_some_and(|row| next().is_none_or(|next| row.goes_on_in(next.trim_ascii_end()).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Option<&str>) {
        let view = uncarried(text.as_bytes());
        assert_eq!(view.map(|v| String::from_utf8_lossy(&v.text).into_owned()).as_deref(), want, "{text}");
        let (line, next) = text.split_once('\n').unwrap();
        assert_eq!(goes_on_in_row(line.as_bytes(), || next.lines().next().map(str::as_bytes)), want.is_some(), "{text}");
    }

    #[test]
    fn rows_that_something_carries() {
        for (number, sign, end) in
            [("0x65", ", ", ","), ("0x65", ",", ","), ("65", " ", ""), ("65", ":", ":"), ("6579", " ", ""), ("101", ", ", ",")]
        {
            let row = [number; 8].join(sign);
            for head in ["> ", "+", "12:00:00 INFO [main] - ", "2026-11-28T10:00:00.1Z stdout F   ", "data: "] {
                let text = format!("{head}{row}{end}\n{head}{row}{end}\n{head}{number}\n{head}bye\n");
                let view = uncarried(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
                let rows = format!("{row}{end}\n{row}{end}\n{number}\n{head}bye\n");
                assert!(String::from_utf8_lossy(&view.text).ends_with(&rows), "{text}");
            }
        }
        let row = ["65"; 8].join(" ");
        for text in [
            format!("{row}\n{row}\n"),
            format!("> {row}\n> done\n"),
            format!("> {row}\n{row} done\n"),
            format!("a {row}\nb {row}\n"),
            format!("> {row}\n> {}\n", ["65"; 8].join(":")),
            format!("> {0}\n> {0}\n", ["9f"; 8].join(" ")),
            format!("> {0}\n> {0}\n", ["65"; 7].join(" ")),
        ] {
            if text.starts_with("65") {
                assert!(uncarried(text.as_bytes()).is_none());
            } else {
                check(&text, None);
            }
        }
    }
}
