//! Who may use a token: on whose behalf (RFC 8693 §4) and with which key (RFC 7800).

use crate::json::Value;
use crate::token::Token;

/// A token that somebody uses for somebody else, or may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// Actors in the chain of `act` (RFC 8693 §4.1): 1 is the current actor alone, each nested `act` one before it. 0: no
    /// delegation took place. At most [`crate::json::DEPTH_MAX`].
    pub depth: usize,
    /// Names who may become an actor (`may_act`, RFC 8693 §4.4).
    pub may_act: bool,
}

/// The delegation that a token tells of; `None` without `act` and `may_act`. Members that are no objects are not counted.
#[must_use]
pub fn delegation(token: &Token) -> Option<Delegation> {
    let object = |value: &&Value| matches!(value, Value::Object(_));
    let first = token.claim("act").filter(object);
    let chain = std::iter::successors(first, |actor| actor.get("act").filter(object));
    let found = Delegation { depth: chain.count(), may_act: token.claim("may_act").filter(object).is_some() };
    (found.depth > 0 || found.may_act).then_some(found)
}

/// The key that a token's user has to prove (`cnf`, RFC 7800 §3.1): a token that leaks without it is of little use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SenderConstraint {
    /// A DPoP key (`jkt`, RFC 9449 §6.1).
    Dpop,
    /// A client certificate (`x5t#S256`, RFC 8705 §3.1).
    Mtls,
    /// A key given in another way (`jwk`, `jwe`, `kid`, `jku`: RFC 7800 §3).
    Other,
}

impl SenderConstraint {
    /// The constraint as markers and policies name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dpop => "dpop",
            Self::Mtls => "mtls",
            Self::Other => "other",
        }
    }
}

/// How a token is bound to its sender. `None`: not at all, or in no way that a verifier could check (an empty `cnf`, a
/// thumbprint that is no string).
#[must_use]
pub fn sender_constraint(token: &Token) -> Option<SenderConstraint> {
    let cnf = token.claim("cnf")?;
    let text = |name| cnf.get(name).and_then(Value::as_str).is_some_and(|t| !t.is_empty());
    let object = |name| cnf.get(name).is_some_and(|v| !v.members().is_empty());
    if text("jkt") {
        Some(SenderConstraint::Dpop)
    } else if text("x5t#S256") {
        Some(SenderConstraint::Mtls)
    } else {
        (text("kid") || text("jku") || text("jwe") || object("jwk")).then_some(SenderConstraint::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::token::Kind;

    fn token(claims: &str) -> Token {
        Token { claims: Some(json::parse(claims.as_bytes()).value), ..Token::bare(Kind::Jws) }
    }

    #[test]
    fn delegation_is_counted() {
        let deep = format!("{}1{}", r#"{"act":"#.repeat(40), "}".repeat(40));
        let cases: [(&str, Option<(usize, bool)>); 7] = [
            (r#"{"sub":"a"}"#, None),
            (r#"{"act":{"sub":"svc"}}"#, Some((1, false))),
            (r#"{"act":{"sub":"b","act":{"sub":"a","act":{"sub":"z"}}}}"#, Some((3, false))),
            (r#"{"may_act":{"sub":"svc"}}"#, Some((0, true))),
            (r#"{"act":{"sub":"b"},"may_act":{"sub":"c"}}"#, Some((1, true))),
            (r#"{"act":"svc","may_act":["svc"]}"#, None),
            (&deep, Some((json::DEPTH_MAX - 1, false))),
        ];
        for (claims, expected) in cases {
            let found = delegation(&token(claims));
            assert_eq!(found, expected.map(|(depth, may_act)| Delegation { depth, may_act }), "{claims}");
        }
    }

    #[test]
    fn constraints_are_told_apart() {
        use SenderConstraint::{Dpop, Mtls, Other};
        let cases = [
            (r#"{"cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}"#, Some(Dpop)),
            (r#"{"cnf":{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}"#, Some(Mtls)),
            (r#"{"cnf":{"jwk":{"kty":"EC","crv":"P-256","x":"a","y":"b"}}}"#, Some(Other)),
            (r#"{"cnf":{"kid":"dfd1aa97-6d8d-4575-a0fe-34b96de2bfad"}}"#, Some(Other)),
            (r#"{"cnf":{"x5t#S256":"a","jkt":"b"}}"#, Some(Dpop)),
            (r#"{"cnf":{}}"#, None),
            (r#"{"cnf":{"jkt":""}}"#, None),
            (r#"{"cnf":{"jkt":7,"jwk":{}}}"#, None),
            (r#"{"cnf":"jkt"}"#, None),
            (r#"{"jkt":"a"}"#, None),
        ];
        for (claims, expected) in cases {
            assert_eq!(sender_constraint(&token(claims)), expected, "{claims}");
        }
    }
}
