//! The strings around objects, and what stands in them.

use std::ops::Range;

use super::{Frame, SECRETS, SLASHES_MAX, ends_value, member, opening, sign, slashes_before, string_end, value};
use crate::base64::tail_len;
use crate::members::{KEY, SECRET_CHARS_MIN};
use crate::runs::any_triple;
use crate::token::Kind;

/// Levels of escaping that a quote behind so many backslashes is under: each doubles what is there, and adds one.
fn level(slashes: usize) -> u32 {
    slashes.trailing_ones()
}

/// The quote at `at` ends a string around an object whose members are in quotes like `own`: it is escaped fewer times, or it
/// is like the quotes of the object `around`, and what follows is what follows a string.
pub(super) fn ends_around<'a>(text: &[u8], at: usize, own: &Range<usize>, around: impl FnOnce() -> Option<&'a Range<usize>>) -> bool {
    let sign = text[at];
    let quote = &text[own.clone()];
    let own_slashes = quote.iter().take_while(|&&b| b == b'\\').count();
    if quote.last() != Some(&sign) {
        let is_around = |around: &Range<usize>| text[around.clone()] == text[at - slashes_before(text, at)..=at];
        return around().is_some_and(is_around) && ends_value(text, at + 1);
    }
    if quote.len() > own_slashes + 1 {
        // Doubled ones: of an odd number one is none of them.
        let is_first = at == 0 || text[at - 1] != sign;
        let run = text[at..].iter().take(SLASHES_MAX).take_while(|&&b| b == sign).count();
        return is_first && run % 2 == 1 && slashes_before(text, at) == 0;
    }
    is_around(text, at, quote)
}

/// A member of a key has a value that a key's has, in quotes of any kind ([`Members::told`] judges what is beside it).
pub(crate) fn has_key_member(text: &[u8]) -> bool {
    // Quotes are many, and few have such letters behind them.
    let is_quote = |b: u8| (b == b'"') | (b == b'\'');
    let is_first = |b: u8| (b == b'd') | (b == b'k') | (b | 1 == b'q');
    let is_second = |b: u8| (b | 1 == b'q') | (b == b'i') | (b == b'\\') | is_quote(b);
    any_triple(text, |a, b, c| is_quote(a) & is_first(b) & is_second(c))
        && memchr::memchr2_iter(b'"', b'\'', text).any(|at| {
            let behind = match text.get(at + 1..) {
                Some([b'"' | b'\'', behind @ ..]) => behind,
                behind => behind.unwrap_or_default(),
            };
            matches!(behind, [b'd' | b'k' | b'p' | b'q', b'p' | b'q' | b'i' | b'"' | b'\'' | b'\\', ..])
                && member(text, at).is_some_and(|(name, _, end)| {
                    KEY.iter().any(|key| key.as_bytes() == name) && value(text, end).len() >= SECRET_CHARS_MIN
                })
        })
}

/// What follows of an object of which there is no beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Later {
    /// Members whose values must not come out: where the name begins, and the value's characters.
    pub members: Vec<(usize, Range<usize>)>,
    /// Where the object ends in this text.
    pub closed: Option<usize>,
}

/// The members of an object of ours in what follows one of its values; `quote` opens its strings. Where it does not end, the
/// last of its members may be cut.
///
/// ```
/// let later = scrubjay_token::later_members(br#"", "n":1, "signature":"QUJD"}, "signature":"no""#, b"\"");
/// assert_eq!((later.members, later.closed), (vec![(10, 23..27)], Some(28)));
/// ```
#[must_use]
pub fn later_members(text: &[u8], quote: &[u8]) -> Later {
    let mut later = Later::default();
    let (mut depth, mut at) = (0usize, 0);
    while at < text.len() {
        let (byte, len) = sign(text, at);
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Later { closed: Some(at), ..later },
            b'}' => depth -= 1,
            b'"' | b'\'' if text[opening(text, at)] == *quote => {
                if let Some((name, open, end)) = member(text, at) {
                    let chars = value(text, end);
                    let is_secret = SECRETS.iter().any(|secret| secret.as_bytes() == name) && !chars.is_empty();
                    let behind = if text[end..].starts_with(quote) { string_end(text, end + quote.len(), quote) } else { None };
                    at = behind.unwrap_or(chars.end).max(end);
                    if is_secret {
                        later.members.push((open.start, chars));
                    }
                    continue;
                }
            }
            b'"' | b'\'' if is_around(text, at, quote) => return Later { closed: Some(at), ..later },
            _ => {}
        }
        at += len;
    }
    later
}

/// The quote at `at` is that of a string around those in `quote`.
fn is_around(text: &[u8], at: usize, quote: &[u8]) -> bool {
    let slashes = quote.iter().take_while(|&&b| b == b'\\').count();
    let level_of_quote = level(slashes);
    // Nothing is below the lowest level.
    level_of_quote > 0 && quote.last() == Some(&text[at]) && quote.len() == slashes + 1 && level(slashes_before(text, at)) < level_of_quote
}

/// The text ends in a backslash and a line end, perhaps a soft one (RFC 2045 §6.7): a quote behind it is escaped.
fn is_parted_from_slash(before: &[u8]) -> bool {
    let line = before.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    line.is_some_and(|line| line.strip_suffix(b"=").unwrap_or(line).ends_with(b"\\"))
}

/// `values` of an object that lost its beginning, with the one before its first member, of which the name is cut away: the encrypted
/// key of a JWE, the payload of a JWS.
pub(super) fn with_cut_value(text: &[u8], frame: &Frame, kind: Kind, mut values: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let is_cut = frame.headless && (kind == Kind::Jwe || kind == Kind::Jws && !frame.has("payload"));
    let before = frame.quote.as_ref().filter(|_| is_cut).map(|quote| text[..quote.start].trim_ascii_end());
    let value = before.and_then(|before| before.strip_suffix(b",")).and_then(|before| before.strip_suffix(b"\""));
    if let Some(value) = value {
        let end = value.iter().rposition(|&b| b != b'\\').map_or(0, |at| at + 1);
        let len = tail_len(&value[..end]);
        if len >= CUT_CHARS_MIN {
            values.insert(0, end - len..end);
        }
    }
    values
}

/// Shortest rest of a value.
const CUT_CHARS_MIN: usize = 16;

/// A stretch of text begins outside of the string in which it ends, whose quotes are the same as `quote` but with fewer backslashes.
pub(super) fn ends_in_string(stretch: &[u8], quote: &[u8]) -> bool {
    last_opened(stretch, quote.iter().take_while(|&&b| b == b'\\').count()).is_some()
}

/// Where the string begins in which a stretch of text ends that begins outside of it. Its quotes have fewer than so many backslashes.
pub(crate) fn last_opened(stretch: &[u8], slashes: usize) -> Option<usize> {
    let outer = |at: &usize| {
        let own = stretch[..*at].iter().rev().take(slashes).take_while(|&&b| b == b'\\').count();
        own < slashes && !is_parted_from_slash(&stretch[..at - own])
    };
    let quotes = memchr::memchr_iter(b'"', stretch).filter(outer);
    let (count, last) = quotes.fold((0, 0), |(count, _), at| (count + 1, at));
    (count % 2 == 1).then_some(last + 1)
}
