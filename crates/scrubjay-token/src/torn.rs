//! Pieces of a claim set that lost both its ends: base64 that begins and ends anywhere, and no dot of a token is left.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::analyze::BASE64_CHARS_MIN;
use crate::base64::{decode, decode_head, is_base64};
use crate::claim_set::Claim;
use crate::compact::is_mixed;
use crate::edges::{behind_escape, fragment_start};
use crate::json::{self, Status};
use crate::runs::long_runs;
use crate::token::{Cut, Found, Kind, Token};
use crate::wrap::WRAP_CHARS_MIN;

/// How many commas are tried as the one before the first whole member.
const TRIES_MAX: usize = 8;
/// Bytes that show whether it is text.
const HEAD_BYTES: usize = 24;
/// Shortest last line.
const REST_CHARS_MIN: usize = 16;
/// Longest name of a claim.
const NAME_BYTES_MAX: usize = 40;

/// What the members of a torn claim set say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Torn {
    /// One claim that tells of a token: it takes an ellipsis beside it to be a token's.
    One,
    /// A date of a token, or several claims.
    Sure,
}

/// Runs that are pieces of claim sets and that nothing of what was found, in order and without overlap, has a part of.
pub(crate) fn torn_runs(text: &[u8], found: &[Found]) -> Vec<Found> {
    let is_alone = |run: &Range<usize>| {
        let next = found.get(found.partition_point(|f| f.span().end <= run.start));
        next.is_none_or(|f| run.end <= f.span().start)
    };
    let mut torn: Vec<Found> = Vec::new();
    for run in long_runs(text, BASE64_CHARS_MIN, is_base64).filter(|run| is_alone(run)) {
        let end = torn.last().map_or(0, |last| last.span().end);
        if run.start < end {
            continue;
        }
        let Some(mut found) = torn_run(text, &(behind_escape(text, run.clone())..run.end)) else { continue };
        found.pieces = with_neighbours(text, &found.span(), |line| end <= line.start && is_alone(line));
        torn.push(found);
    }
    torn
}

/// A run that is all of its line, and those above and below it that are of the same width and of nothing else: one wrapped value, of which
/// somebody else's lines took its beginning. The last line may be shorter.
fn with_neighbours(text: &[u8], run: &Range<usize>, is_free: impl Fn(&Range<usize>) -> bool) -> Vec<Range<usize>> {
    let mut pieces = Vec::from([run.clone()]);
    let line_start = |at: usize| memchr::memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
    let own = line_start(run.start);
    let is_whole = matches!(text[run.end..], [] | [b'\n' | b'\r', ..]) && text[own..run.start].iter().all(|b| matches!(b, b' ' | b'\t'));
    if !is_whole || run.len() < WRAP_CHARS_MIN {
        return pieces;
    }
    let indent = run.start - own;
    // What a line is of nothing but, behind the same indentation.
    let value = |line: Range<usize>| {
        let bare = line.start..line.start + text[line.clone()].trim_ascii_end().len();
        let value = bare.start + indent..bare.end;
        let fits = value.start < value.end && text[bare.start..value.start] == text[own..run.start];
        let chars = text.get(value.clone()).filter(|_| fits)?;
        (chars.iter().all(|&b| is_base64(b)) && is_mixed(chars) && is_free(&value)).then_some(value)
    };
    let mut start = own;
    while let Some(end) = start.checked_sub(1) {
        start = line_start(end);
        let Some(above) = value(start..end).filter(|value| value.len() == run.len()) else { break };
        pieces.insert(0, above);
    }
    let mut end = memchr::memchr(b'\n', &text[run.end..]).map_or(text.len(), |len| run.end + len + 1);
    while end < text.len() {
        let next = memchr::memchr(b'\n', &text[end..]).map_or(text.len(), |len| end + len + 1);
        let Some(below) = value(end..next).filter(|value| (REST_CHARS_MIN..=run.len()).contains(&value.len())) else { break };
        end = if below.len() < run.len() { text.len() } else { next };
        pieces.push(below);
    }
    pieces
}

/// A run that is a piece of a claim set, behind what it is glued to.
fn torn_run(text: &[u8], run: &Range<usize>) -> Option<Found> {
    let run = fragment_start(text, run.start, run.end)..run.end;
    let torn = (0..4).find_map(|skip| {
        let chars = text.get(run.start + skip..run.end)?;
        // Most are told by their first characters.
        let mut head = [0; HEAD_BYTES];
        let len = decode_head(chars, &mut head);
        if is_text(&head[..len]) { torn(&decode(chars)) } else { None }
    })?;
    let beside_mark = || {
        let before = &text[..run.start];
        before.ends_with(b"...")
            || before.ends_with("…".as_bytes())
            || text[run.end..].starts_with(b"...")
            || text[run.end..].starts_with("…".as_bytes())
    };
    let token = Token { cut: Some(Cut::Header), ..Token::bare(Kind::Jws) };
    (torn == Torn::Sure || beside_mark()).then(|| Found::plain(run, token))
}

/// The bytes are a piece out of a JSON object, and members of it are claims with values of their types. A whole object is none:
/// it is a cursor, a cookie, a setting, or its own proof.
pub(crate) fn torn(bytes: &[u8]) -> Option<Torn> {
    static MEMBER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\":"));
    if !is_text(&bytes[..bytes.len().min(HEAD_BYTES)]) || MEMBER.find(bytes).is_none() {
        return None;
    }
    let (mut telling, mut sure, mut common) = (0, false, false);
    for claim in members(bytes).filter_map(|(_, name, value)| Claim::of(name, value)) {
        sure |= claim == Claim::Date;
        telling += usize::from(claim != Claim::Common);
        common |= claim == Claim::Common;
    }
    sure |= telling > 1 || common;
    if telling == 0 || !is_text(bytes) || !is_piece(bytes) {
        return None;
    }
    Some(if sure { Torn::Sure } else { Torn::One })
}

/// What looks like members: where the quote before the name stands, the name, and what follows the colon.
fn members(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8], &[u8])> {
    memchr::memchr_iter(b':', bytes).filter_map(|colon| {
        let quoted = bytes[..colon].trim_ascii_end().strip_suffix(b"\"")?;
        let from = quoted.len().saturating_sub(NAME_BYTES_MAX);
        let quote = from + memchr::memrchr(b'"', &quoted[from..])?;
        Some((quote, &quoted[quote + 1..], bytes[colon + 1..].trim_ascii_start()))
    })
}

/// Text, of which characters of other scripts may be cut at both ends.
fn is_text(bytes: &[u8]) -> bool {
    let first = bytes.iter().take(3).take_while(|&&b| b & 0xC0 == 0x80).count();
    let controls = bytes.iter().any(|&b| b < b' ' && !b.is_ascii_whitespace() || b == 0x7F);
    !controls && std::str::from_utf8(&bytes[first..]).map_or_else(|e| e.error_len().is_none(), |_| true)
}

/// The inside of an object, from anywhere in a member to anywhere in another, or to its end.
fn is_piece(bytes: &[u8]) -> bool {
    // An object that begins here, perhaps behind what is glued to it, is whole or goes on.
    if let Some(open) = memchr::memchr2(b'{', b'"', bytes).filter(|&at| bytes[at] == b'{') {
        match json::skim(&bytes[open..], &[]).status {
            Status::Cut => return true,
            Status::Complete { end } if bytes[open + end..].iter().all(u8::is_ascii_whitespace) => return false,
            _ => {}
        }
    }
    let mut text = bytes.to_vec();
    let commas = members(bytes).filter_map(|(quote, ..)| Some(bytes[..quote].trim_ascii_end().strip_suffix(b",")?.len()));
    commas.take(TRIES_MAX).any(|comma| goes_to_end(&mut text, comma))
        // The only whole member may be the first one.
        || bytes.starts_with(b"\"") && goes_to_end(&mut [b"{", bytes].concat(), 0)
}

/// Members follow each other from the comma on, of this object and of those around it, up to the end.
fn goes_to_end(text: &mut [u8], mut comma: usize) -> bool {
    loop {
        text[comma] = b'{';
        let status = json::skim(&text[comma..], &[]).status;
        text[comma] = b',';
        let Status::Complete { end } = status else { return status == Status::Cut };
        let closed = |b: &u8| b.is_ascii_whitespace() || b"}]".contains(b);
        comma += end + text[comma + end..].iter().take_while(|b| closed(b)).count();
        match text.get(comma) {
            None => return true,
            Some(b',') => {}
            Some(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_claim_sets_and_other_json() {
        for (text, want) in [
            (r#"o","iss":"https://a.example","aud":"x","iat":17"#, Some(Torn::Sure)),
            (r#"3,"exp":1767747268,"cid":"0oa40f"#, Some(Torn::Sure)),
            (r#"x"},"sub":"jo","tags":["a","b"],"na"#, Some(Torn::One)),
            (r#"3","email_verified":true,"name":"Jo","pic"#, Some(Torn::Sure)),
            (r#":{"a":1},"session_state":"1f","acr":"1""#, Some(Torn::Sure)),
            (r#"id":7,"email":"jo@a.example","name":"Jo","roles":["a"],"picture":"x"#, None),
            (r#"l":3,"exp":1200,"name":"goblin","typ":"orc","x"#, None),
            (r#":3,"sources":["a.js"],"names":["sub","iss","aud"],"mappings":"AAAA"}"#, None),
            (r#""aud":["x"],"own":{"n":1}},"title":"Jo"}"#, Some(Torn::One)),
            (r#"{"sub":"jo","iss":"https://a.exam"#, Some(Torn::Sure)),
            (r#"{"sub":"jo","iss":"https://a.example","exp":1767747268}"#, None),
            (r#"x9{"iat":1767747268.08,"iss":"https://a.example","org":"acme"}"#, None),
            (r#"t":3,"next":"abc","order":"desc","limit":100"#, None),
            (r#"GET /a {"sub":"jo","iss":"x"} 200"#, None),
            (r#"set "sub": "jo", then "iss": "x", and so on"#, None),
            (r#"1,"exp":12,"level":"debug""#, None),
        ] {
            assert_eq!(torn(text.as_bytes()), want, "{text}");
        }
    }
}
