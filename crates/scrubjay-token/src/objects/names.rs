//! Names of members, and what they are to an object.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::has_key_member;

/// Members that must not come out.
pub(super) const SECRETS: [&str; 13] =
    ["k", "d", "p", "q", "dp", "dq", "qi", "priv", "payload", "signature", "ciphertext", "encrypted_key", "protected"];

/// Members that are read.
pub(super) const NAMES: [&str; 23] = [
    "kty",
    "k",
    "d",
    "p",
    "q",
    "dp",
    "dq",
    "qi",
    "priv",
    "oth",
    "kid",
    "payload",
    "signature",
    "signatures",
    "protected",
    "header",
    "ciphertext",
    "encrypted_key",
    "iv",
    "tag",
    "recipients",
    "unprotected",
    "crv",
];

/// Further members of a token or a key (RFC 7516 §7.2.1, RFC 7517 §4, RFC 9901 §8), which need not be a record's own.
pub(super) const OTHERS: [&str; 8] = ["pub", "aad", "x5u", "x5c", "x5t", "x5t#S256", "disclosures", "kb_jwt"];

/// Members whose values are lists that must not come out (RFC 7518 §6.3.2.7, RFC 9901 §8).
pub(super) const OPAQUE: [&str; 2] = ["oth", "disclosures"];

/// Objects hold members of these names. The value of one that is elsewhere would be a member of another object.
pub(super) const HOLDERS: [&str; 4] = ["signatures", "recipients", "oth", "header"];

/// The text has a member's name that tells, or a member of a key without its type.
pub(crate) fn may_hold_members(text: &[u8]) -> bool {
    static TELLING: LazyLock<[Finder<'static>; 6]> = LazyLock::new(|| {
        ["kty", "signature", "ciphertext", "protected", "encrypted_key", "payload"].map(|name| Finder::new(name.as_bytes()))
    });
    TELLING.iter().any(|finder| finder.find(text).is_some()) || has_key_member(text)
}
