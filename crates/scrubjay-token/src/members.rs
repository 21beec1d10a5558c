//! What of an object's members tells that they are a token's or a key's where the object is not all there: cut anywhere, or
//! without its beginning (DESIGN §4: JSON serializations are decided member by member).
//!
//! A name alone is no evidence: `payload`, `signature`, `d` and `k` are names of ordinary members, too. It takes a value of
//! the shape that RFC 7515 §7.2, RFC 7516 §7.2 and RFC 7518 §6 give it, and a neighbour that goes with it.

use std::ops::Range;

use crate::base64::decode;
use crate::claim_set::REGISTERED_CLAIMS;
use crate::compact::HEADER_NAMES;
use crate::fragments::is_jwe_shape;
use crate::opening::{is_opening, may_be_head};
use crate::token::Kind;

/// The name of a member that is known, and the characters of its value.
pub(crate) type Member = (&'static str, Range<usize>);

/// Members that are public and tell what those beside them are: RFC 7517 §4, RFC 7518 §6, `ext` of WebCrypto.
pub(crate) const CONTEXT: [&str; 8] = ["n", "e", "x", "y", "alg", "use", "key_ops", "ext"];
/// Members of a key that must not come out (RFC 7518 §6; `priv` of the key type AKP, draft-ietf-cose-dilithium §3).
pub(crate) const KEY: [&str; 8] = ["k", "d", "p", "q", "dp", "dq", "qi", "priv"];
/// Those of a JWS and of a JWE. The header goes with them, as it does in compact serialization.
pub(crate) const SIGNED: [&str; 3] = ["payload", "signature", "protected"];
pub(crate) const ENCRYPTED: [&str; 3] = ["ciphertext", "encrypted_key", "protected"];

/// Shortest secret member of a key, in characters of base64url: 80 bits.
pub(crate) const SECRET_CHARS_MIN: usize = 14;
/// Shortest modulus or prime of an RSA key, in characters: 480 bits.
const RSA_CHARS_MIN: usize = 80;
/// Shortest payload of any kind beside a header.
const PAYLOAD_CHARS_MIN: usize = 16;
/// The usual exponent of RSA, 65537.
const EXPONENT: &[u8] = b"AQAB";
/// Curves of RFC 7518 §6.2.1.1, RFC 8037 §2 and RFC 8812 §3.1.
const CURVES: [&str; 8] = ["P-256", "P-384", "P-521", "secp256k1", "Ed25519", "Ed448", "X25519", "X448"];

/// The members of one object, and of those in it that belong to it (its signatures, its recipients).
pub(crate) struct Members<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) own: &'a [Member],
    pub(crate) nested: &'a [Member],
    /// The beginning of the object is cut away.
    pub(crate) headless: bool,
}

impl<'a> Members<'a> {
    /// What the members are, and the names of those that must not come out. `None`: nothing tells.
    pub(crate) fn told(&self) -> Option<(Kind, &'static [&'static str])> {
        if self.is_key() {
            return Some((Kind::Jwk, &KEY));
        }
        let header = self.get("protected").filter(|chars| is_object(chars)).map(decode);
        if self.is_encrypted(header.as_deref()) {
            return Some((Kind::Jwe, &ENCRYPTED));
        }
        let payload = self.get("payload").filter(|chars| !chars.is_empty())?;
        let is_header = header.as_deref().is_some_and(|header| has_member(header, &HEADER_NAMES));
        let is_signed = header.is_some() || self.has_header();
        if is_header && payload.len() >= PAYLOAD_CHARS_MIN || is_object(payload) && is_signed {
            return Some((Kind::Jws, &SIGNED));
        }
        let is_signed = ["signature", "signatures"].iter().any(|name| self.has(name));
        has_claims(payload).then_some((Kind::Jws, if is_signed { &SIGNED[..] } else { &SIGNED[..1] }))
    }

    /// The values of the members with these names, in order.
    pub(crate) fn values(&self, names: &[&str]) -> Vec<Range<usize>> {
        let members = self.own.iter().chain(self.nested).filter(|(name, value)| names.contains(name) && !value.is_empty());
        let mut values: Vec<Range<usize>> = members.map(|(_, value)| value.clone()).collect();
        values.sort_unstable_by_key(|value| value.start);
        values.dedup();
        values
    }

    fn get(&self, name: &str) -> Option<&'a [u8]> {
        let (_, value) = self.own.iter().chain(self.nested).find(|(n, _)| *n == name)?;
        self.text.get(value.clone())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn len(&self, name: &str) -> usize {
        self.get(name).map_or(0, <[u8]>::len)
    }

    fn is(&self, name: &str, values: &[&str]) -> bool {
        self.get(name).is_some_and(|chars| values.iter().any(|value| value.as_bytes() == chars))
    }

    /// The value is an identifier (RFC 9562 §4).
    fn is_uuid(&self, name: &str) -> bool {
        let is_group = |(group, len): (&[u8], usize)| group.len() == len && group.iter().all(u8::is_ascii_hexdigit);
        self.get(name).is_some_and(|value| value.len() == 36 && value.split(|&b| b == b'-').zip([8, 4, 4, 4, 12]).all(is_group))
    }

    /// An unprotected header (RFC 7515 §7.2.1) that says more than its name.
    fn has_header(&self) -> bool {
        self.has("header") && (self.has("alg") || self.has("kid"))
    }

    fn is_encrypted(&self, header: Option<&[u8]>) -> bool {
        let beside = || ["iv", "tag", "recipients"].iter().any(|name| self.has(name)) || self.has_header();
        // Objects of others have an IV or a tag beside a ciphertext, too: those are whole.
        let (iv, tag) = (self.len("iv"), self.len("tag"));
        let has_shape = |iv: usize, tag: usize| is_jwe_shape(iv, self.len("ciphertext"), tag);
        let either = || self.has("tag") && !self.has("iv") && has_shape(22, tag) || self.has("iv") && !self.has("tag") && has_shape(iv, 22);
        let is_rest = self.headless && (has_shape(iv, tag) || either());
        is_rest || self.len("encrypted_key") > 0 && (header.is_some_and(|header| has_member(header, &["alg", "enc"])) || beside())
    }

    /// A key that does not tell its type (`kty`), which may stand behind the cut.
    fn is_key(&self) -> bool {
        let long = |name: &&str| self.len(name) >= SECRET_CHARS_MIN;
        let (symmetric, private) = ("k", ["d", "p", "q", "dp", "dq", "qi"]);
        let parts = private.iter().filter(|name| long(name)).count();
        let large = private.iter().any(|name| self.len(name) >= RSA_CHARS_MIN);
        let rsa = parts > 0 && (self.len("n") >= RSA_CHARS_MIN || self.get("e") == Some(EXPONENT)) || parts > 1 && large;
        // A coordinate has the size of its curve: 256, 384, 448, 456, 512 or 521 bits.
        let curve = self.is("crv", &CURVES) || matches!(self.len("x"), 43 | 64 | 75 | 76 | 86 | 88);
        let alg = self.get("alg").is_some_and(|alg| [&b"HS"[..], b"A1", b"A2", b"dir", b"PBES2"].iter().any(|head| alg.starts_with(head)));
        let use_or_id = self.is("use", &["sig", "enc"]) || ["key_ops", "ext", "kid"].iter().any(|name| self.has(name));
        rsa || long(&"d") && curve && !self.is_uuid("d") || long(&symmetric) && (alg || use_or_id)
    }
}

/// The base64url of an object, or of its beginning, that has a registered claim.
pub(crate) fn has_claims(chars: &[u8]) -> bool {
    is_object(chars) && has_member(&decode(chars), &REGISTERED_CLAIMS)
}

/// A JSON object begins in these characters of base64.
fn is_object(chars: &[u8]) -> bool {
    is_opening(chars, 0) && may_be_head(chars, 0)
}

/// The object, of which there may be the beginning only, has a member with one of the names: its value need not be there.
pub(crate) fn has_member(object: &[u8], names: &[&str]) -> bool {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(&byte) = object.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let start = at;
                while object.get(at).is_some_and(|&b| b != b'"') {
                    at += 1 + usize::from(object[at] == b'\\');
                }
                let name = object.get(start..at).unwrap_or_default();
                at += 1;
                let behind = object.get(at..).unwrap_or_default().trim_ascii_start();
                if depth == 1 && behind.first() == Some(&b':') && names.iter().any(|n| n.as_bytes() == name) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_members_of_the_outermost_object() {
        for (text, expected) in [
            (r#"{"sub":"x"}"#, true),
            (r#"{ "a":[{"b":"}"}], "sub" : "#, true),
            (r#"{"a":"\"sub\":1","sub":"#, true),
            (r#"{"a":"sub"}"#, false),
            (r#"{"a":{"sub":1}}"#, false),
            (r#"{"a":"\"sub\":1"#, false),
            (r#"{"a":1,"su"#, false),
            (r#"{"sub""#, false),
            ("{\"a\\", false),
        ] {
            assert_eq!(has_member(text.as_bytes(), &["sub"]), expected, "{text}");
        }
    }
}
