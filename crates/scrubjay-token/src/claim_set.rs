//! What tells a claim set (RFC 7519 §4) from any other JSON object, where no header stands before it.

use crate::json::{self, Value};

/// Registered claims (RFC 7519 §4.1): they tell a claim set from any other object.
pub(crate) const REGISTERED_CLAIMS: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
/// Those that are a NumericDate (RFC 7519 §2).
pub(crate) const DATE_CLAIMS: [&str; 3] = ["exp", "nbf", "iat"];
/// Those that say whose token it is, who has made it and for whom.
const PARTY_CLAIMS: [&str; 3] = ["iss", "sub", "aud"];
/// Seconds of a NumericDate of these decades: ten digits.
const DATES: std::ops::Range<f64> = 1e9..1e10;

/// Plainly the claims of a token, where a dot says that more stood beside them: a date, and a party to it.
pub(crate) fn is_claim_set(object: &Value) -> bool {
    matches!(dates_and_parties(object), (1.., 1..))
}

/// The same, without anything beside them: more of either. A state or a cursor may have one of each.
pub(crate) fn is_lone_claim_set(object: &Value) -> bool {
    matches!(dates_and_parties(object), (1.., 2..) | (2.., 1..))
}

fn dates_and_parties(object: &Value) -> (usize, usize) {
    let is_date =
        |name: &&str| matches!(object.get(name), Some(Value::Number(n)) if n.parse().is_ok_and(|seconds| DATES.contains(&seconds)));
    let is_party = |name: &&str| matches!(object.get(name), Some(Value::String(_) | Value::Array(_)));
    (DATE_CLAIMS.iter().filter(|name| is_date(name)).count(), PARTY_CLAIMS.iter().filter(|name| is_party(name)).count())
}

/// What a member of an object, or of a piece of one, is to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// A date of these decades that is registered as a claim.
    Date,
    /// A claim that hardly anything but tokens and the answers of those who issue them has.
    Telling,
    /// A claim whose name any record of a user or a client may have, or a number that may be a date which is cut.
    Common,
}

/// Claims that tell of a token, and the bytes that their values begin with. RFC 7519 §4.1, OpenID Connect Core §2 and §5.1,
/// RFC 7800 §3, RFC 8693 §4; then those of Keycloak, Cognito, Entra, Auth0, Kubernetes and GitHub.
const TELLING: [(&str, &[u8]); 37] = [
    ("iss", b"\""),
    ("sub", b"\""),
    ("aud", b"\"["),
    ("jti", b"\""),
    ("azp", b"\""),
    ("auth_time", b"123456789"),
    ("at_hash", b"\""),
    ("c_hash", b"\""),
    ("s_hash", b"\""),
    ("acr", b"\""),
    ("amr", b"["),
    ("email_verified", b"tf\""),
    ("phone_number_verified", b"tf\""),
    ("preferred_username", b"\""),
    ("cnf", b"{"),
    ("may_act", b"{"),
    ("scp", b"\"["),
    ("session_state", b"\""),
    ("realm_access", b"{"),
    ("resource_access", b"{"),
    ("allowed-origins", b"["),
    ("token_use", b"\""),
    ("origin_jti", b"\""),
    ("cognito:username", b"\""),
    ("cognito:groups", b"["),
    ("unique_name", b"\""),
    ("upn", b"\""),
    ("uti", b"\""),
    ("appidacr", b"\""),
    ("azpacr", b"\""),
    ("gty", b"\""),
    ("kubernetes.io", b"{"),
    ("serviceaccount", b"{"),
    ("repository_owner_id", b"\""),
    ("repository_visibility", b"\""),
    ("job_workflow_ref", b"\""),
    ("runner_environment", b"\""),
];

/// Claims of the same sources that other objects have as well.
const COMMON: [&str; 17] = [
    "nonce",
    "sid",
    "scope",
    "client_id",
    "email",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "picture",
    "locale",
    "phone_number",
    "roles",
    "groups",
    "permissions",
    "typ",
    "act",
];

impl Claim {
    /// What the member `name` is, whose value begins `value`.
    pub(crate) fn of(name: &[u8], value: &[u8]) -> Option<Self> {
        if json::is_one_of(name, &DATE_CLAIMS) {
            let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
            let is_whole = digits == DATE_DIGITS && value.len() > digits;
            return (digits > 0).then_some(if is_whole { Self::Date } else { Self::Common });
        }
        let first = value.first()?;
        if TELLING.iter().any(|(telling, begins)| json::is_one_of(name, &[telling]) && begins.contains(first)) {
            return Some(Self::Telling);
        }
        json::is_one_of(name, &COMMON).then_some(Self::Common)
    }
}

/// Digits of [`DATES`].
const DATE_DIGITS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn claim_sets_and_other_objects() {
        for (text, want) in [
            (r#"{"exp":1767747268,"sub":"jo"}"#, true),
            (r#"{"iat":1767747268.25,"aud":["a","b"]}"#, true),
            (r#"{"nbf":1.767747268E9,"iss":"https://a.example"}"#, true),
            (r#"{"exp":1767747268,"user":"jo"}"#, false),
            (r#"{"iss":"https://a.example","sub":"jo","jti":"1"}"#, false),
            (r#"{"exp":1200,"sub":"goblin"}"#, false),
            (r#"{"exp":1767747268000,"sub":"jo"}"#, false),
            (r#"{"exp":"1767747268","sub":"jo"}"#, false),
            (r#"{"iat":1767747268,"sub":17}"#, false),
            (r#"{"a":{"exp":1767747268,"sub":"jo"}}"#, false),
            (r#"["exp",1767747268,"sub","jo"]"#, false),
        ] {
            assert_eq!(is_claim_set(&parse(text.as_bytes()).value), want, "{text}");
        }
        for (text, want) in [
            (r#"{"exp":1767747268,"sub":"jo","iss":"https://a.example"}"#, true),
            (r#"{"exp":1767747268,"iat":1767747260,"sub":"jo"}"#, true),
            (r#"{"redirect":"/home","nonce":"abcd","iat":1700000000,"iss":"web"}"#, false),
            (r#"{"sub":"install","shop":"a.example","exp":1700000600}"#, false),
        ] {
            assert_eq!(is_lone_claim_set(&parse(text.as_bytes()).value), want, "{text}");
        }
    }

    #[test]
    fn claims_and_other_members() {
        for (name, value, want) in [
            ("exp", "1767747268,", Some(Claim::Date)),
            ("exp", "1767747268", Some(Claim::Common)),
            ("exp", "\"never\"", None),
            ("aud", "[\"a\"]", Some(Claim::Telling)),
            ("aud", "17.20", None),
            ("email_verified", "true", Some(Claim::Telling)),
            ("email", "\"jo@", Some(Claim::Common)),
            ("limit", "100", None),
        ] {
            assert_eq!(Claim::of(name.as_bytes(), value.as_bytes()), want, "{name}");
        }
    }
}
