//! Tokens that stand in plain sight: whole, raw, with nothing beside them that could be anything else.
//!
//! Most tokens of a log are such, and `analyze` would look for everything else in their lines too. Here each token is read
//! where its opening stands, and what is left of the text has to pass the gate as if it were a decoded text.

use std::ops::Range;

use scrubjay_scan::Run;

use super::shape::OBJECT;
use super::{Gate, Sight};
use crate::analyze::DEPTH_MAX;
use crate::base64::{dotted_len, is_base64};
use crate::compact::{At, token_at};
use crate::opening::{is_opening, may_be_head};
use crate::partials::part;
use crate::runs::any_triple;
use crate::token::{Found, Kind, Token};
use crate::view::escape_at;

/// Shortest rest of a run beside a token that is judged by itself.
const REST_BYTES_MIN: usize = 8;
/// Most backslashes before a quote: of strings four deep.
const SLASHES_MAX: usize = 15;
/// Longest line that is looked at, in bytes.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// A token in plain sight.
pub struct Sighted {
    /// The bytes that it covers.
    pub span: Range<usize>,
    /// What it is; `None` for one that is known.
    pub token: Option<Token>,
}

impl Gate {
    /// The tokens of the line at `line` of a text, where all of them are in plain sight and nothing else in it may be a token or a
    /// part of one, by itself or with other lines: the same as [`crate::analyze`] finds in any unit with this line in which no other
    /// line has a run that passes the gate. `None`: it takes that to tell.
    ///
    /// `runs` are those of a scan of the text from the first one on that passes the gate in this line. `is_known` is asked of each token's
    /// span before the token is read: one that was in plain sight before, byte for byte, is not read again.
    pub fn in_plain_sight(
        &mut self,
        text: &[u8],
        line: Range<usize>,
        runs: &[Run],
        mut is_known: impl FnMut(Range<usize>) -> bool,
    ) -> Option<Vec<Sighted>> {
        if line.len() > LINE_BYTES_MAX {
            return None;
        }
        self.begin(line.len());
        let bytes = &text[line.clone()];
        let mut is_known = |span: Range<usize>| is_known(line.start + span.start..line.start + span.end);
        let mut found = known(bytes, &mut is_known).or_else(|| {
            let mut looks = std::mem::take(&mut self.looks);
            let found = read(&Sight::new(bytes, self.scanner, &mut looks), &mut is_known);
            self.looks = looks;
            found
        })?;
        found.iter_mut().for_each(|f| f.span = line.start + f.span.start..line.start + f.span.end);
        let runs = &runs[..runs.iter().take_while(|run| run.start < line.end).count()];
        let may_hold = self.gaps_may_hold(text, line, &found) || self.runs_may_hold(text, runs, &found);
        (!may_hold).then_some(found)
    }

    /// Something that is no run of its own may lie beside the tokens of a line: what is too short for the gate may tell where there is one.
    fn gaps_may_hold(&mut self, text: &[u8], line: Range<usize>, tokens: &[Sighted]) -> bool {
        // A line that a container runtime has cut goes on elsewhere, whatever it ends in.
        if part(text[line.clone()].trim_ascii_end()).is_some_and(|part| part.partial) {
            return true;
        }
        let mut from = line.start;
        tokens.iter().map(|token| token.span.clone()).chain(std::iter::once(line.end..line.end)).any(|token| {
            let gap = &text[from..token.start];
            from = token.end;
            self.inner(gap, DEPTH_MAX)
        })
    }

    /// One of the runs of a line, as far as it is no token's, may hold something together with the lines around it.
    fn runs_may_hold(&mut self, text: &[u8], runs: &[Run], tokens: &[Sighted]) -> bool {
        runs.iter().any(|run| {
            let mut from = run.start;
            tokens.iter().map(|token| token.span.clone()).chain(std::iter::once(run.end..run.end)).any(|token| {
                let piece = Run { start: from, end: token.start.clamp(from, run.end), kind: run.kind };
                from = token.end.clamp(from, run.end);
                // A run that is short as a whole is one for what it opens.
                let whole = piece.start == run.start && piece.end == run.end;
                (whole || piece.end - piece.start >= REST_BYTES_MIN) && self.lets_through(text, &piece)
            })
        })
    }
}

/// The tokens of a text all of which are known, where nothing else in it opens like one: what [`read`] finds, without a look at
/// each of their bytes. `None`: it takes that to tell.
fn known(text: &[u8], is_known: &mut impl FnMut(Range<usize>) -> bool) -> Option<Vec<Sighted>> {
    let mut found = Vec::new();
    let mut from = 0;
    for at in OBJECT.find_iter(text) {
        if at < from {
            continue;
        }
        let end = at + dotted_len(&text[at..]);
        if has_opening(&text[from..at]) || !stands_alone(text, at, end) || !is_known(at..end) {
            return None;
        }
        from = end;
        found.push(Sighted { span: at..end, token: None });
    }
    (!found.is_empty() && !has_opening(&text[from..])).then_some(found)
}

/// What [`read`] looks at where it is no token's: an opening with a letter behind it that may follow ([`scrubjay_scan::Look::triple`]).
fn has_opening(gap: &[u8]) -> bool {
    any_triple(gap, |a, b, c| {
        let named = (b == b'y') & (c | 0x0B == 0x4B);
        let blank = (b == b'w') & ((c | 0x04 == b'o') | (c == b'0'));
        (a == b'e') & (named | blank)
    })
}

/// The tokens at the openings of a text. `None`: there is none, or one of them is not in plain sight.
fn read(sight: &Sight<'_>, is_known: &mut impl FnMut(Range<usize>) -> bool) -> Option<Vec<Sighted>> {
    let text = sight.text;
    let mut found = Vec::new();
    let mut from = 0;
    for at in sight.bits(|look| look.triple) {
        if at < from || !is_opening(text, at) {
            continue;
        }
        let end = sight.end(at, |look| look.base64 | look.dot);
        if stands_alone(text, at, end) && is_known(at..end) {
            from = end;
            found.push(Sighted { span: at..end, token: None });
            continue;
        }
        let Found { pieces, token, .. } = match token_at(text, at, false, &mut 0) {
            At::Token(found) => found,
            At::Nothing if !may_be_head(text, at) => continue,
            At::Nothing | At::Open => return None,
        };
        let whole = token.whole && token.cut.is_none() && token.header.is_some() && matches!(token.kind, Kind::Jws | Kind::Jwe);
        let span = pieces.into_iter().next().filter(|span| span.start == at)?;
        if !whole || !stands_alone(text, at, span.end) {
            return None;
        }
        from = span.end;
        found.push(Sighted { span, token: Some(token) });
    }
    (!found.is_empty()).then_some(found)
}

/// What stands before and behind the token parts it from its neighbours, under no layer of encoding.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let before = match text[..start].last() {
        None => true,
        // The digits of an escape (`Bearer%20eyJ…`).
        Some(&b) if is_base64(b) => start >= 3 && text[start - 3] == b'%' && parts(text, start - 3, 3, b" \t\r\n\"'=:,;()[]{}<>|&@/?"),
        Some(b) => b" \t\r\n\"'=:,;()[]{}<>|&@`?".contains(b),
    };
    before
        && match text.get(end) {
            None => true,
            Some(b'<') => !matches!(text.get(end + 1), Some(b'w' | b'W')),
            Some(b'%' | b'\\' | b'&') => match escape_at(text, end) {
                // A quote in a string in a string.
                Some((0x5C, _)) => {
                    let slashes = text[end..].iter().take(SLASHES_MAX).take_while(|&&b| b == b'\\').count();
                    matches!(text.get(end + slashes), Some(b'"' | b'\''))
                }
                Some((_, len)) => parts(text, end, len, b" \t\r\n\"',;()[]{}>|&:"),
                None => text[end] == b'&',
            },
            Some(b) => b" \t\r\n\"',;()[]{}>|@:`".contains(b),
        }
}

/// The escape at `at`, of `len` bytes, stands for one of `set`.
fn parts(text: &[u8], at: usize, len: usize, set: &[u8]) -> bool {
    escape_at(text, at).is_some_and(|(code, n)| n == len && u8::try_from(code).is_ok_and(|b| set.contains(&b)))
}
