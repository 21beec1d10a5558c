//! The shapes in which values may be shown: attackers write them, and issuers put odd things there (DESIGN §5).

use std::borrow::Cow;

use scrubjay_token::json::Value;
use scrubjay_token::numeric_date;

use scrubjay_claims::{DATE_SECONDS_MAX, FingerprintKey, rfc3339};

/// What stands where a value may not be shown in any shape.
pub(crate) const WITHHELD: &str = "withheld";
/// Longest name that is shown, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// From this length on a path segment of mixed letters and digits counts as random.
const RANDOM_CHARS_MIN: usize = 20;

/// JWS algorithms of RFC 7518, 8037, 8812 and 9864, and JWE key management algorithms of RFC 7518.
const ALGS: [&str; 36] = [
    "none",
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "ES256K",
    "EdDSA",
    "Ed25519",
    "Ed448",
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "RSA-OAEP-384",
    "RSA-OAEP-512",
    "A128KW",
    "A192KW",
    "A256KW",
    "dir",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "A128GCMKW",
    "A192GCMKW",
    "A256GCMKW",
    "PBES2-HS256+A128KW",
    "PBES2-HS384+A192KW",
    "PBES2-HS512+A256KW",
];
/// JWE content encryption algorithms of RFC 7518 §5.
const ENCS: [&str; 6] = ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];
/// Registered `typ` and `cty` values (IANA media types `application/…`, RFC 7519, 8417, 9068, 9101, 9449, 9701, 9901, OpenID).
const TYPES: [&str; 20] = [
    "JWT",
    "JWE",
    "JWS",
    "JOSE",
    "at+jwt",
    "logout+jwt",
    "secevent+jwt",
    "dpop+jwt",
    "oauth-authz-req+jwt",
    "token-introspection+jwt",
    "client-authentication+jwt",
    "kb+jwt",
    "dc+sd-jwt",
    "vc+sd-jwt",
    "example+sd-jwt",
    "sd-jwt",
    "entity-statement+jwt",
    "vp+jwt",
    "vc+jwt",
    "JWK",
];

/// A registered `alg`, or `other`.
#[must_use]
pub fn alg(text: &str) -> &'static str {
    ALGS.iter().find(|a| **a == text).copied().unwrap_or("other")
}

/// A registered `enc`, or `other`.
#[must_use]
pub fn enc(text: &str) -> &'static str {
    ENCS.iter().find(|a| **a == text).copied().unwrap_or("other")
}

/// A registered `typ` or `cty` without `application/`, in its usual spelling, or `other`.
#[must_use]
pub fn media_type(text: &str) -> &'static str {
    let short = text.get(..12).filter(|p| p.eq_ignore_ascii_case("application/")).map_or(text, |p| text.get(p.len()..).unwrap_or_default());
    TYPES.iter().find(|t| t.eq_ignore_ascii_case(short)).copied().unwrap_or("other")
}

/// A name as it may be shown: a dotted or plain name of at most 64 safe characters, or a URL without scheme, userinfo,
/// query and fragment and without a random-looking segment. Anything else becomes a keyed hash.
#[must_use]
pub fn name<'t>(member: &str, text: &'t str, key: Option<&FingerprintKey>) -> Cow<'t, str> {
    match shown_name(text) {
        // A whole token fits into 64 characters: what would be found again is not shown.
        Some(shown) if fires(shown) => Cow::Borrowed(WITHHELD),
        Some(shown) => Cow::Borrowed(shown),
        None => hash(member, text.as_bytes(), key),
    }
}

/// A keyed hash; without a key the value is withheld.
pub(crate) fn hash<'t>(member: &str, value: &[u8], key: Option<&FingerprintKey>) -> Cow<'t, str> {
    key.map_or(Cow::Borrowed(WITHHELD), |key| Cow::Owned(key.hash(member, value)))
}

/// A short text as it may be shown: at most 64 bytes without control characters. Anything else becomes a keyed hash.
#[must_use]
pub(crate) fn text<'t>(member: &str, text: &'t str, key: Option<&FingerprintKey>) -> Cow<'t, str> {
    if text.is_empty() || text.len() > NAME_BYTES_MAX || text.chars().any(|c| c.is_control() || !c.is_ascii() && c.escape_debug().len() > 1)
    {
        return hash(member, text.as_bytes(), key);
    }
    Cow::Borrowed(if fires(text) { WITHHELD } else { text })
}

/// A member's name that may be shown although the policy does not name it.
#[must_use]
pub(crate) fn is_plain_name(text: &str) -> bool {
    let bare = scheme(text).map_or(text, |(_, rest)| rest);
    !bare.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(is_safe) && !bare.split('/').any(is_random) && !fires(text)
}

/// True when the text holds a token.
fn fires(text: &str) -> bool {
    let mut found = Vec::new();
    scrubjay_token::find(text.as_bytes(), false, &mut found);
    !found.is_empty()
}

/// A URL's scheme, and what stands behind its `://`.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let at =
        memchr::memchr_iter(b':', text.as_bytes()).find(|&at| text.as_bytes().get(at..).is_some_and(|rest| rest.starts_with(b"://")))?;
    Some((text.get(..at)?, text.get(at + 3..)?))
}

/// A byte that a name may have.
fn is_safe(b: u8) -> bool {
    is_word(b) || matches!(b, b':' | b'/')
}

/// A byte that a name may have that is no URL.
fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')
}

fn shown_name(text: &str) -> Option<&str> {
    let fits = |t: &str| !t.is_empty() && t.len() <= NAME_BYTES_MAX;
    // Without a colon there is no scheme to look for.
    if fits(text) && text.bytes().all(is_word) {
        return Some(text);
    }
    let safe = |t: &str| fits(t) && t.bytes().all(is_safe);
    let Some((scheme, rest)) = scheme(text) else {
        return Some(text).filter(|t| safe(t) && !t.contains('/'));
    };
    if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b)) {
        return None;
    }
    let bare = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = bare.split_once('/').unwrap_or((bare, ""));
    if authority.contains('@') {
        return None;
    }
    let bare = bare.trim_end_matches('/');
    (safe(bare) && !path.split('/').any(is_random)).then_some(bare)
}

/// True for a path segment that looks like a key or a token: long, letters and digits mixed, no words. A UUID is an
/// identifier (a tenant, mostly), not a secret.
fn is_random(segment: &str) -> bool {
    if segment.len() < RANDOM_CHARS_MIN {
        return false;
    }
    let is_uuid = segment.len() == 36
        && segment.bytes().enumerate().all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() });
    let longest = segment.split(['-', '_', '.', ':']).map(str::len).max().unwrap_or(0);
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    !is_uuid && longest >= RANDOM_CHARS_MIN && digits >= 2 && digits < segment.len()
}

/// A date as it may be shown, RFC 3339 in UTC to the second. `None`: not a date between 1970 and 9999.
#[must_use]
pub fn date(value: &Value) -> Option<String> {
    let seconds = u64::try_from(numeric_date(value)?).ok()?;
    (seconds <= DATE_SECONDS_MAX).then(|| rfc3339(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_only_in_safe_shapes() {
        let cases = [
            ("https://idp.example/realms/a", Some("idp.example/realms/a")),
            ("https://acme.eu.auth0.com/", Some("acme.eu.auth0.com")),
            ("https://sts.windows.net/6f1a2b3c-0000-4000-8000-123456789abc/", Some("sts.windows.net/6f1a2b3c-0000-4000-8000-123456789abc")),
            ("accounts.google.com", Some("accounts.google.com")),
            ("api://default", Some("default")),
            ("api", Some("api")),
            ("https://h.example/cb?token=secret#x", Some("h.example/cb")),
            ("https://user:pw@h.example/", None),
            ("https://h.example/9f8a7c6b5d4e3f2a1b0c9d8e/x", None),
            ("jo@example.org", None),
            ("two words", None),
            ("", None),
            ("a/b", None),
            ("https://", None),
        ];
        for (text, shown) in cases {
            assert_eq!(shown_name(text), shown, "{text}");
        }
        assert_eq!(shown_name(&"a".repeat(65)), None);
    }

    #[test]
    fn dates_and_their_range() {
        let number = |t: &str| date(&Value::Number(t.into()));
        assert_eq!(number("0").as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(number("1795435200").as_deref(), Some("2026-11-23T12:00:00Z"));
        assert_eq!(number("951782400.75").as_deref(), Some("2000-02-29T00:00:00Z"));
        assert_eq!(number("253402300799").as_deref(), Some("9999-12-31T23:59:59Z"));
        for odd in ["253402300800", "-1", "1e400", "1e18"] {
            assert_eq!(number(odd), None, "{odd}");
        }
        assert_eq!(date(&Value::String("0".into())), None);
    }

    #[test]
    fn registered_values_or_other() {
        assert_eq!((alg("RS256"), alg("rs256"), enc("A256GCM"), enc("x")), ("RS256", "other", "A256GCM", "other"));
        assert_eq!((media_type("application/AT+JWT"), media_type("jwt"), media_type("jo@example.org")), ("at+jwt", "JWT", "other"));
    }
}
