//! What stands before a token in the log: often the only sign of what an encrypted token is for.

use super::{Class, class};
use crate::token::Token;

/// Bytes before a token that are looked at.
const REACH: usize = 48;

/// The class of a token, and where the token itself does not tell, the class that it is named by ([`named_class`]). A token
/// that tells is never overruled.
#[must_use]
pub fn class_in(token: &Token, named: Option<Class>) -> Class {
    match class(token) {
        told @ (Class::Encrypted | Class::Nested | Class::Other) if !token.ambiguous => named.unwrap_or(told),
        told => told,
    }
}

/// Names of values, in lower case with underscores.
const NAMES: [(&str, Class); 7] = [
    ("access_token", Class::Access),
    ("id_token", Class::Id),
    ("id_token_hint", Class::Id),
    ("refresh_token", Class::Refresh),
    ("logout_token", Class::Logout),
    ("client_assertion", Class::ClientAssertion),
    ("dpop", Class::Dpop),
];

/// The class that the name in front of a token gives: `id_token=`, `"refresh_token": "`, `Authorization: Bearer `. `before` is
/// the text up to the token; its last 48 bytes are looked at.
#[must_use]
pub fn named_class(before: &[u8]) -> Option<Class> {
    let near = before.get(before.len().saturating_sub(REACH)..)?;
    let (near, assigned) = without_delimiters(near);
    let len = near.iter().rev().take_while(|&&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
    let mut name = [0; REACH];
    for (to, &b) in name.iter_mut().zip(near.get(near.len() - len..)?) {
        *to = if b == b'-' { b'_' } else { b.to_ascii_lowercase() };
    }
    let name = name.get(..len)?;
    // RFC 6750 §2.1 and RFC 9449 §7.1: behind the name of the scheme stands an access token. A proof has a header of its own.
    if name == b"bearer" || name == b"dpop" && !assigned {
        return Some(Class::Access);
    }
    // `idToken`, `X-Forwarded-Access-Token`; not `invalid_token`.
    let is = |known: &str| {
        name.strip_suffix(known.as_bytes()).is_some_and(|before| before.is_empty() || before.ends_with(b"_"))
            || known.bytes().filter(|&b| b != b'_').eq(name.iter().copied())
    };
    NAMES.iter().find(|(known, _)| assigned && is(known)).map(|(_, class)| *class)
}

/// The text without what stands between a name and its value, and whether that was more than blanks.
fn without_delimiters(text: &[u8]) -> (&[u8], bool) {
    const ESCAPED: [&[u8]; 6] = [b"%3D", b"%3d", b"%22", b"%20", b"%3A", b"&quot;"];
    let mut rest = text;
    let mut assigned = false;
    loop {
        let len = match rest {
            [.., b' ' | b'\t' | b'+'] => 1,
            [.., b'=' | b':' | b'"' | b'\'' | b'\\' | b'[' | b'>'] => {
                assigned = true;
                1
            }
            _ => match ESCAPED.iter().find(|e| rest.ends_with(e)) {
                Some(escaped) => {
                    assigned |= *escaped != b"%20";
                    escaped.len()
                }
                None => return (rest, assigned),
            },
        };
        rest = rest.get(..rest.len() - len).unwrap_or_default();
    }
}
