//! Pieces of a claim set that lost both its ends: base64 that begins and ends anywhere, and no dot of a token is left.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::analyze::BASE64_CHARS_MIN;
use crate::base64::{decode, decode_head, is_base64};
use crate::compact::REGISTERED_CLAIMS;
use crate::edges::{behind_escape, fragment_start};
use crate::json::{self, Status};
use crate::runs::long_runs;
use crate::token::{Cut, Found, Kind, Token};

/// How many commas are tried as the one before the first whole member.
const TRIES_MAX: usize = 8;
/// Bytes that show whether it is text.
const HEAD_BYTES: usize = 24;
/// Digits of a NumericDate (RFC 7519 §2) of these decades.
const DATE_DIGITS: usize = 10;

/// What the members of a torn claim set say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Torn {
    /// One registered claim: it takes an ellipsis beside it to be a token's.
    One,
    /// A date of a token, or several registered claims.
    Sure,
}

/// Runs that are pieces of claim sets and that nothing of what was found, in order and without overlap, has a part of.
pub(crate) fn torn_runs(text: &[u8], found: &[Found]) -> Vec<Found> {
    let is_alone = |run: &Range<usize>| {
        let next = found.get(found.partition_point(|f| f.span().end <= run.start));
        next.is_none_or(|f| run.end <= f.span().start)
    };
    let runs = long_runs(text, BASE64_CHARS_MIN, is_base64).filter(is_alone);
    runs.filter_map(|run| torn_run(text, &(behind_escape(text, run.clone())..run.end))).collect()
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

/// The bytes are a piece out of a JSON object, and members of it are registered claims (RFC 7519 §4.1) with values of their
/// types. A whole object is none: it is a cursor, a cookie, a setting.
pub(crate) fn torn(bytes: &[u8]) -> Option<Torn> {
    static MEMBER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\":"));
    if !is_text(&bytes[..bytes.len().min(HEAD_BYTES)]) || MEMBER.find(bytes).is_none() || !is_text(bytes) {
        return None;
    }
    static CLAIMS: LazyLock<[(&str, Finder<'static>); REGISTERED_CLAIMS.len()]> =
        LazyLock::new(|| REGISTERED_CLAIMS.map(|name| (name, Finder::new(&format!("\"{name}\"")).into_owned())));
    let (mut count, mut date) = (0, false);
    for is_date in CLAIMS.iter().filter_map(|(name, quoted)| member(bytes, name, quoted)) {
        count += 1;
        date |= is_date;
    }
    if count == 0 || !is_piece(bytes) {
        return None;
    }
    Some(if count > 1 || date { Torn::Sure } else { Torn::One })
}

/// Text, of which characters of other scripts may be cut at both ends.
fn is_text(bytes: &[u8]) -> bool {
    let first = bytes.iter().take(3).take_while(|&&b| b & 0xC0 == 0x80).count();
    let controls = bytes.iter().any(|&b| b < b' ' && !b.is_ascii_whitespace() || b == 0x7F);
    !controls && std::str::from_utf8(&bytes[first..]).map_or_else(|e| e.error_len().is_none(), |_| true)
}

/// The registered claim `name`, which `quoted` finds in its quotes, is a member with a value of its type; whether that is a
/// whole date.
fn member(bytes: &[u8], name: &str, quoted: &Finder<'_>) -> Option<bool> {
    quoted.find_iter(bytes).find_map(|at| {
        let value = bytes[at + quoted.needle().len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
        match name {
            "exp" | "nbf" | "iat" => (digits > 0).then_some(digits == DATE_DIGITS && value.len() > digits),
            "aud" => value.first().is_some_and(|b| b"\"[".contains(b)).then_some(false),
            _ => value.starts_with(b"\"").then_some(false),
        }
    })
}

/// The inside of an object, from anywhere in a member to anywhere in another, or to its end.
fn is_piece(bytes: &[u8]) -> bool {
    // An object that begins here, perhaps behind what is glued to it, is whole or goes on.
    if let Some(open) = memchr::memchr2(b'{', b'"', bytes).filter(|&at| bytes[at] == b'{') {
        return matches!(json::skim(&bytes[open..], &[]).status, Status::Cut);
    }
    let mut text = bytes.to_vec();
    let commas: Vec<usize> = memchr::memchr_iter(b',', bytes).filter(|&at| bytes[at + 1..].trim_ascii_start().starts_with(b"\"")).collect();
    commas.into_iter().take(TRIES_MAX).any(|comma| goes_to_end(&mut text, comma))
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
            (r#"x"},"sub":"jo","roles":["a","b"],"na"#, Some(Torn::One)),
            (r#""aud":["x"],"act":{"n":1}},"name":"Jo"}"#, Some(Torn::One)),
            (r#"{"sub":"jo","iss":"https://a.exam"#, Some(Torn::Sure)),
            (r#"{"sub":"jo","iss":"https://a.example","exp":1767747268}"#, None),
            (r#"x9{"iat":1767747268.08,"iss":"https://a.example","org":"acme"}"#, None),
            (r#"t":3,"next":"abc","order":"desc","limit":100"#, None),
            (r#"GET /a {"sub":"jo","iss":"x"} 200"#, None),
            (r#"set "sub": "jo", then "iss": "x", and so on"#, None),
            (r#"1,"exp":12,"level":"debug""#, Some(Torn::One)),
        ] {
            assert_eq!(torn(text.as_bytes()), want, "{text}");
        }
    }
}
