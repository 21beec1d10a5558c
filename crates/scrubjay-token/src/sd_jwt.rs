//! The disclosures of SD-JWTs (RFC 9901 §4): behind their issuer's JWT, and by themselves, where that was cut off.

use crate::base64::{decode, head_len, is_base64, tail_len};
use crate::compact::{At, is_mixed, token_at};
use crate::json::{self, Status, Value};
use crate::opening::is_opening;
use crate::token::{Cut, Found, Kind, Token};

/// Most disclosures of one SD-JWT that are followed one by one; the span goes on, they are just not counted.
const DISCLOSURES_MAX: usize = 1024;
/// Shortest salt of a disclosure that stands without its JWT, in characters: 128 bits in base64url (RFC 9901 §9.3).
const SALT_CHARS_MIN: usize = 22;
/// Shortest rest of a disclosure or signature before a disclosure: a shorter one holds nothing, and may be a name.
const REST_CHARS_MIN: usize = 16;

/// Follows the `~disclosure~…~[kb-jwt]` of an SD-JWT (RFC 9901 §4) from the end of the issuer's JWT. `None`: the text
/// ends first and more follows.
pub(crate) fn disclosures(text: &[u8], token: &mut Token, mut end: usize, more: bool, work: &mut usize) -> Option<usize> {
    while text.get(end) == Some(&b'~') {
        let start = end + 1;
        let len = head_len(&text[start..]);
        if more && start + len >= text.len() {
            return None;
        }
        if is_opening(text, start) {
            // The key binding JWT; nothing follows it.
            return match token_at(text, start, more, work) {
                At::Token(kb) => {
                    token.key_bound = kb.token.whole;
                    token.whole &= kb.token.whole;
                    Some(kb.span().end)
                }
                At::Open => None,
                At::Nothing => {
                    token.whole = false;
                    Some(end)
                }
            };
        }
        let probe = decode(&text[start..start + len.min(16)]);
        let array = probe.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
        // The last `~` has nothing behind it, or the key binding JWT: a word behind it is somebody else's.
        let ended = text.get(start + len) == Some(&b'~');
        if !array && !(token.kind == Kind::SdJwt && (ended || len == 0)) {
            end += usize::from(token.kind == Kind::SdJwt);
            break;
        }
        if len > 0 && token.disclosures < DISCLOSURES_MAX {
            token.disclosures += 1;
        }
        token.kind = Kind::SdJwt;
        // What ends in a disclosure was cut.
        token.whole &= ended || len == 0;
        end = start + len;
    }
    Some(end)
}

/// Decides what stands around a `~` that no token reaches: the rest of a disclosure or signature, and disclosures behind it.
/// `from`: where the last token ended.
pub(crate) fn disclosed_at(text: &[u8], tilde: usize, from: usize, more: bool, work: &mut usize) -> At {
    let chars = |at: usize| head_len(&text[at..]);
    let len = chars(tilde + 1);
    if more && tilde + 1 + len >= text.len() {
        return At::Open;
    }
    let left = tail_len(&text[from..tilde]);
    *work += left + len;
    let before = &text[tilde - left..tilde];
    // Before the first `~` stands the end of a signature, a whole disclosure, or the end of one.
    let is_whole = is_disclosure(before);
    if !(is_disclosure(&text[tilde + 1..tilde + 1 + len]) || is_whole && ends(text, tilde + 1 + len)) {
        return At::Nothing;
    }
    let mut token = Token { cut: Some(Cut::Header), disclosures: usize::from(is_whole), ..Token::bare(Kind::SdJwt) };
    let start = if is_whole || left >= REST_CHARS_MIN { tilde - left } else { tilde };
    let end = disclosures(text, &mut token, tilde, more, work);
    end.map_or(At::Open, |end| At::Token(Found::plain(start..end, token)))
}

/// Decides what [begins](begins_listed) like a disclosure without a `~`: one of a list of them, or of those that a member holds
/// (RFC 9901 §8). Base64 of other arrays has no salt, or is not of three elements; `beside`: disclosures stand next to it, of
/// which one of an array's element has two.
pub(crate) fn listed_at(text: &[u8], at: usize, beside: bool, more: bool, work: &mut usize) -> At {
    let len = head_len(&text[at..]);
    *work += len;
    if more && at + len >= text.len() {
        return At::Open;
    }
    let chars = &text[at..at + len];
    let count = if ends(text, at + len) && text.get(at + len) != Some(&b'=') { elements(chars) } else { 0 };
    if count == 3 || count == 2 && beside {
        let token = Token { cut: Some(Cut::Header), disclosures: 1, ..Token::bare(Kind::SdJwt) };
        return At::Token(Found::plain(at..at + len, token));
    }
    At::Nothing
}

/// An array with a salt begins here, and nothing that goes on with it stands before it.
pub(crate) fn begins_listed(text: &[u8], at: usize) -> bool {
    let begins = is_array(&text[at..]) && (at == 0 || !(is_base64(text[at - 1]) || b".=~".contains(&text[at - 1])));
    if !begins {
        return false;
    }
    let head = decode(&text[at..text.len().min(at + SALT_HEAD_CHARS)]);
    let salt = head.strip_prefix(b"[").map(<[u8]>::trim_ascii_start).and_then(|rest| rest.strip_prefix(b"\""));
    salt.is_some_and(|salt| {
        let len = head_len(salt);
        len >= SALT_CHARS_MIN && is_mixed(&salt[..len]) && matches!(salt.get(len), None | Some(b'"'))
    })
}

/// Characters in which a salt of the shortest length ends, with blanks before it.
const SALT_HEAD_CHARS: usize = 40;

fn is_array(chars: &[u8]) -> bool {
    matches!(chars, [b'W', b'y' | b'w', ..])
}

/// A text may hold disclosures: an array in base64 stands beside a `~`, or begins with a salt.
pub(crate) fn has_disclosures(text: &[u8]) -> bool {
    memchr::memchr_iter(b'~', text).any(|tilde| {
        let left = tail_len(&text[..tilde]);
        is_array(&text[tilde + 1..]) || left >= SALT_CHARS_MIN && is_array(&text[tilde - left..])
    }) || memchr::memchr_iter(b'W', text).any(|at| begins_listed(text, at))
}

/// Nothing follows that would be glued to it.
fn ends(text: &[u8], at: usize) -> bool {
    !text.get(at).is_some_and(|&b| is_base64(b) || b == b'~' || b == b'.')
}

/// The base64url of a salt, a name and a value, or of a salt and a value (RFC 9901 §4.2).
fn is_disclosure(chars: &[u8]) -> bool {
    elements(chars) > 0
}

/// How many elements a disclosure has; 0: it is none.
fn elements(chars: &[u8]) -> usize {
    if chars.len() < SALT_CHARS_MIN || !chars.starts_with(b"W") {
        return 0;
    }
    let bytes = decode(chars);
    let parsed = json::parse(&bytes);
    let Value::Array(list) = &parsed.value else { return 0 };
    let is_whole = matches!(parsed.status, Status::Complete { end } if bytes[end..].iter().all(u8::is_ascii_whitespace));
    let salted = list.first().and_then(Value::as_str).is_some_and(|salt| salt.len() >= SALT_CHARS_MIN);
    let named = list.len() == 2 || list.len() == 3 && list.get(1).is_some_and(|name| name.as_str().is_some());
    if is_whole && salted && named { list.len() } else { 0 }
}
