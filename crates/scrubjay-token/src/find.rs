//! Finds the compact tokens of a stretch of text as it stands, without taking encodings off.

use std::ops::Range;

use crate::analyze::Exhausted;
use crate::base64::is_base64;
use crate::compact::{At, token_at};
use crate::fragments::{FRAGMENT_PART_CHARS_MIN, PARTS_REACH, fragment_at};
use crate::opening::is_opening;
use crate::runs::{long_runs, table_of};
use crate::sd_jwt::{begins_listed, disclosed_at, listed_at};
use crate::token::{Found, Kind};

/// What [`find`] left undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Everything is decided.
    Decided,
    /// A candidate begins at this offset and cannot be decided before more text is seen.
    Open(usize),
}

/// Longest text between the parts of an SD-JWT that stand on lines of their own, or in a list.
const PARTS_GAP_BYTES_MAX: usize = 160;

/// The bytes at which something may begin: a dot, the `~` of disclosures, the first ones of an opening and of an array.
static BEGINS: [bool; 256] = table_of(b".~eICDW");

/// Finds the compact tokens of `text` and their fragments, in order and without overlap, and pushes them to `found`.
///
/// With `more`, the end of `text` is not the end of the input: a candidate that reaches it is not reported but returned
/// as [`Rest::Open`].
///
/// ```
/// let log = b"user=jo token=eyJhbGciOiJub25lIn0.eyJzdWIiOiJqbyJ9. ok";
/// let mut found = Vec::new();
/// scrubjay_token::find(log, false, &mut found);
/// assert_eq!(found[0].span(), 14..51);
/// assert_eq!(found[0].token.header_str("alg"), Some("none"));
/// ```
pub fn find(text: &[u8], more: bool, found: &mut Vec<Found>) -> Rest {
    let mut work = usize::MAX;
    find_within(text, more, found, &mut work).unwrap_or(Rest::Decided)
}

/// As [`find`], with a limit on the bytes that may be looked at, which shrinks by what was.
///
/// # Errors
/// [`Exhausted`]: the limit is reached; the text was written to be slow.
pub fn find_within(text: &[u8], more: bool, found: &mut Vec<Found>, budget: &mut usize) -> Result<Rest, Exhausted> {
    Search::default().go_on(text, more, found, budget)
}

/// How far a text is searched.
#[derive(Default)]
pub(crate) struct Search {
    at: usize,
    /// Where the last token ended.
    from: usize,
    /// The first run of base64 that ends behind the last dot that was asked for, and is long enough for a part of a fragment; one behind the
    /// text where there is none.
    part: Range<usize>,
}

impl Search {
    /// As [`find_within`], from where it stopped. What was [`Rest::Open`] can be asked again, of the same text, without `more`.
    pub(crate) fn go_on(&mut self, text: &[u8], more: bool, found: &mut Vec<Found>, budget: &mut usize) -> Result<Rest, Exhausted> {
        let Self { at, from, part } = self;
        while *at < text.len() {
            let begins = |(i, &b): (usize, &u8)| {
                BEGINS[b as usize]
                    && match b {
                        b'.' | b'~' => true,
                        b'W' => begins_listed(text, *at + i),
                        _ => is_opening(text, *at + i),
                    }
            };
            *at += text[*at..].iter().enumerate().position(begins).unwrap_or(text.len() - *at);
            let mut work = 0;
            let decided = match text.get(*at) {
                None => break,
                Some(b'.') if !has_part(text, *at, part) => {
                    debug_assert!(matches!(fragment_at(text, *at, *from, more, &mut 0), At::Nothing));
                    At::Nothing
                }
                Some(b'.') => fragment_at(text, *at, *from, more, &mut work),
                Some(b'~') => disclosed_at(text, *at, *from, more, &mut work),
                Some(b'W') => {
                    let beside = |f: &Found| f.token.kind == Kind::SdJwt && *at - f.span().end <= PARTS_GAP_BYTES_MAX;
                    listed_at(text, *at, found.last().is_some_and(beside), more, &mut work)
                }
                Some(_) => token_at(text, *at, more, &mut work),
            };
            *budget = budget.checked_sub(work).ok_or(Exhausted)?;
            match decided {
                At::Token(mut token) => {
                    // A fragment may reach back to what was read before it, never into another token.
                    token.pieces[0].start = token.pieces[0].start.max(*from);
                    *at = token.span().end.max(*at + 1);
                    *from = *at;
                    found.push(token);
                }
                At::Nothing => *at += 1,
                At::Open => return Ok(Rest::Open(*at)),
            }
        }
        Ok(Rest::Decided)
    }
}

/// False where none of the parts behind the dot is long enough for a fragment ([`fragment_at`]). `part` is the first run that may be one, of
/// those that end behind the dot; it moves on with the dots.
fn has_part(text: &[u8], dot: usize, part: &mut Range<usize>) -> bool {
    if part.end <= dot {
        let next = long_runs(&text[dot..], FRAGMENT_PART_CHARS_MIN, is_base64).next();
        *part = next.map_or(usize::MAX..usize::MAX, |run| dot + run.start..dot + run.end);
    }
    part.start <= dot + PARTS_REACH
}
