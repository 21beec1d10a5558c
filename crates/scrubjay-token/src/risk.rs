//! What about a token deserves a second look: findings that redaction would otherwise hide.
//!
//! None depends on the clock, so a marker says the same of a token today and next year. Like classes they are about what
//! a token says; what it does not say is held against it only where its claim set was read to its end.

use crate::class::{Class, class};
use crate::holder::sender_constraint;
use crate::json::Value;
use crate::token::{Kind, Token};

/// A finding about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Risk {
    /// `alg: none`: anyone can make one (RFC 7519 §6, RFC 8725 §3.2).
    AlgNone,
    /// Signed with a shared secret, so each verifier can issue (RFC 7518 §3.2; weak secrets: RFC 8725 §3.5).
    SymmetricAlg,
    /// Encrypted in a way that is to be avoided: RSA with PKCS #1 v1.5 padding (RFC 8725 §3.2), a password (RFC 7518 §8.8),
    /// or compressed before (RFC 8725 §3.6).
    WeakEncryption,
    /// The header brings the key or the place where it is, so an attacker may choose it (RFC 7515 §4.1.2, 4.1.3, 4.1.5; RFC
    /// 8725 §3.10). A DPoP proof has to (RFC 9449 §4.2) and is no finding.
    EmbeddedKey,
    /// A `kid` that looks like a path, a query or a command, is longer than [`RiskLimits::kid_bytes_max`], or is no string
    /// (RFC 8725 §3.10).
    KidSuspicious,
    /// Two members have one name: what it says depends on the reader (RFC 7515 §4, RFC 7519 §4).
    DuplicateMember,
    /// No `exp` that could be read as a date: it never ends (RFC 7519 §4.1.4).
    NoExpiry,
    /// Lives longer than [`RiskLimits`] say, from `iat` or `nbf` to `exp`.
    LongLifetime,
    /// No `aud`: valid anywhere (RFC 8725 §3.9).
    NoAudience,
    /// More audiences than [`RiskLimits::audiences_max`]: each of them can use it at the others (RFC 8725 §3.9).
    ManyAudiences,
    /// A scope that means everything or administration, or more scopes than [`RiskLimits::scopes_max`] (RFC 9700 §2.3).
    BroadScope,
    /// An access token that is not bound to its sender (`cnf`, RFC 7800): whoever holds it can use it (RFC 9700 §2.2.1).
    NoSenderConstraint,
    /// A refresh token: it makes others (RFC 9700 §4.14).
    RefreshToken,
    /// A private or secret key, by itself or inside a token (RFC 7517 §9.2).
    PrivateKey,
}

impl Risk {
    /// Every risk, in the order in which [`risks`] gives them.
    pub const ALL: [Self; 14] = [
        Self::AlgNone,
        Self::SymmetricAlg,
        Self::WeakEncryption,
        Self::EmbeddedKey,
        Self::KidSuspicious,
        Self::DuplicateMember,
        Self::NoExpiry,
        Self::LongLifetime,
        Self::NoAudience,
        Self::ManyAudiences,
        Self::BroadScope,
        Self::NoSenderConstraint,
        Self::RefreshToken,
        Self::PrivateKey,
    ];

    /// The finding as markers and policies name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AlgNone => "alg-none",
            Self::SymmetricAlg => "symmetric-alg",
            Self::WeakEncryption => "weak-encryption",
            Self::EmbeddedKey => "embedded-key",
            Self::KidSuspicious => "kid-suspicious",
            Self::DuplicateMember => "duplicate-member",
            Self::NoExpiry => "no-expiry",
            Self::LongLifetime => "long-lifetime",
            Self::NoAudience => "no-audience",
            Self::ManyAudiences => "many-audiences",
            Self::BroadScope => "broad-scope",
            Self::NoSenderConstraint => "no-sender-constraint",
            Self::RefreshToken => "refresh-token",
            Self::PrivateKey => "private-key",
        }
    }

    /// The risk of this name, exactly as [`Risk::name`] writes it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|risk| risk.name() == name)
    }
}

/// Up to where nothing is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskLimits {
    /// Longest life of a token, in seconds. Default 86400, a day: what it may do can change, and it cannot be called back.
    pub lifetime_seconds_max: u64,
    /// Longest life of a refresh token, in seconds. Default 2592000, 30 days. Its issuer can revoke it.
    pub refresh_lifetime_seconds_max: u64,
    /// Most audiences. Default 3.
    pub audiences_max: usize,
    /// Most scopes. Default 20.
    pub scopes_max: usize,
    /// Longest `kid`, in bytes. Default 256: a thumbprint URI (RFC 9278) has 91, a DID with a fragment seldom more than 200.
    pub kid_bytes_max: usize,
}

impl Default for RiskLimits {
    fn default() -> Self {
        Self {
            lifetime_seconds_max: 24 * 3600,
            refresh_lifetime_seconds_max: 30 * 24 * 3600,
            audiences_max: 3,
            scopes_max: 20,
            kid_bytes_max: 256,
        }
    }
}

/// The risks of a token, in the order of [`Risk::ALL`].
#[must_use]
pub fn risks(token: &Token, limits: &RiskLimits) -> Vec<Risk> {
    let subject = Subject { token, class: class(token), limits };
    Risk::ALL.into_iter().filter(|&risk| subject.has(risk)).collect()
}

struct Subject<'a> {
    token: &'a Token,
    class: Class,
    limits: &'a RiskLimits,
}

impl Subject<'_> {
    fn has(&self, risk: Risk) -> bool {
        match risk {
            Risk::AlgNone => self.header_texts("alg").any(|alg| alg.eq_ignore_ascii_case("none")),
            Risk::SymmetricAlg => self.header_texts("alg").any(|alg| alg.starts_with("HS")),
            Risk::WeakEncryption => self.weak_encryption(),
            Risk::EmbeddedKey => self.class != Class::Dpop && self.header_any(&["jwk", "jku", "x5u"]),
            Risk::KidSuspicious => self.header("kid").any(|kid| self.odd_kid(kid)),
            Risk::DuplicateMember => self.token.ambiguous,
            Risk::NoExpiry => self.lacks(&EXPIRES) && !self.token.claim("exp").is_some_and(is_number),
            Risk::LongLifetime => self.believed() && self.long_lifetime(),
            Risk::NoAudience => self.lacks(&ADDRESSED) && audiences(self.token.claim("aud")) == 0,
            Risk::ManyAudiences => self.believed() && audiences(self.token.claim("aud")) > self.limits.audiences_max,
            Risk::BroadScope => self.believed() && self.broad_scope(),
            Risk::NoSenderConstraint => self.lacks(&[Class::Access]) && sender_constraint(self.token).is_none(),
            Risk::RefreshToken => self.class == Class::Refresh,
            Risk::PrivateKey => self.private_key(),
        }
    }

    /// The members of the header with this name: with two of them, both count.
    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        let members = self.token.header.as_ref().map_or(&[][..], Value::members);
        members.iter().filter(move |(n, _)| n == name).map(|(_, value)| value)
    }

    fn header_texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.header(name).filter_map(Value::as_str)
    }

    fn header_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.header(name).next().is_some())
    }

    /// Its claims mean one thing.
    fn believed(&self) -> bool {
        !self.token.ambiguous
    }

    /// It is of one of these classes and its claims are known to the last, so that one can be missing.
    fn lacks(&self, classes: &[Class]) -> bool {
        self.believed() && self.token.claims_whole && classes.contains(&self.class)
    }

    fn weak_encryption(&self) -> bool {
        let weak = |alg: &str| alg == "RSA1_5" || alg.starts_with("PBES2-");
        self.token.kind == Kind::Jwe && (self.header_texts("alg").any(weak) || self.header_any(&["zip"]))
    }

    fn odd_kid(&self, kid: &Value) -> bool {
        kid.as_str().is_none_or(|text| text.len() > self.limits.kid_bytes_max || reads_as_code(text))
    }

    fn long_lifetime(&self) -> bool {
        let seconds = |name| self.token.claim(name).and_then(numeric_date);
        let max = match self.class {
            Class::Refresh => self.limits.refresh_lifetime_seconds_max,
            _ => self.limits.lifetime_seconds_max,
        };
        match (seconds("iat").or_else(|| seconds("nbf")), seconds("exp")) {
            (Some(from), Some(to)) => u64::try_from(to.saturating_sub(from)).is_ok_and(|life| life > max),
            // Without a beginning only an end that lies outside the calendar is known to be far away.
            (None, Some(to)) => to > DATE_MAX,
            // `1e400`: a number, and beyond every date.
            (_, None) => self.token.claim("exp").is_some_and(|exp| matches!(exp, Value::Number(text) if !text.starts_with('-'))),
        }
    }

    fn broad_scope(&self) -> bool {
        let scopes = ["scope", "scp", "permissions"].iter().filter_map(|name| self.token.claim(name)).flat_map(words);
        let mut count = 0;
        for scope in scopes {
            count += 1;
            if count > self.limits.scopes_max || is_broad(scope) {
                return true;
            }
        }
        // Entra puts an application's permissions there; roles are no scopes, so they are not counted.
        self.class == Class::Access && self.token.claim("roles").is_some_and(|roles| words(roles).any(is_broad))
    }

    fn private_key(&self) -> bool {
        let secret = |key: &Value| ["d", "k", "p", "q", "oth"].iter().any(|name| key.get(name).is_some());
        let bound = self.token.claim("cnf").and_then(|cnf| cnf.get("jwk"));
        matches!(self.token.kind, Kind::Jwk | Kind::Pem) || self.header("jwk").chain(bound).any(secret)
    }
}

/// Credentials, which have to end. Proofs are judged by `iat` (RFC 9449 §4.3, RFC 9901 §4.3); an event does not end (RFC
/// 8417 §2.2), nor does an answer (RFC 9701 §5); a request may (RFC 9101 §4).
const EXPIRES: [Class; 10] = [
    Class::Access,
    Class::Id,
    Class::Refresh,
    Class::Logout,
    Class::ClientAssertion,
    Class::Jarm,
    Class::ServiceAccount,
    Class::Spiffe,
    Class::Ci,
    Class::Other,
];

/// What is made for somebody. A DPoP proof names its target (`htu`), a credential with disclosures is shown to whom its
/// holder likes, and an event need not (RFC 8417 §2.2).
const ADDRESSED: [Class; 12] = [
    Class::Access,
    Class::Id,
    Class::Refresh,
    Class::Logout,
    Class::ClientAssertion,
    Class::Request,
    Class::Jarm,
    Class::Introspection,
    Class::ServiceAccount,
    Class::Spiffe,
    Class::Ci,
    Class::Other,
];

/// 9999-12-31T23:59:59Z.
const DATE_MAX: i64 = 253_402_300_799;

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Number(_))
}

/// RFC 7519 §4.1.3: a string, or an array of them. Anything else is no audience.
fn audiences(aud: Option<&Value>) -> usize {
    let named = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    match aud {
        Some(Value::Array(list)) => list.iter().filter(|value| named(value)).count(),
        Some(one) => usize::from(named(one)),
        None => 0,
    }
}

/// The words of a scope: separated by spaces (RFC 6749 §3.3), or one an element.
fn words(scope: &Value) -> impl Iterator<Item = &str> {
    let (list, one) = match scope {
        Value::Array(list) => (list.as_slice(), None),
        one => (&[][..], one.as_str()),
    };
    list.iter().filter_map(Value::as_str).chain(one).flat_map(str::split_ascii_whitespace)
}

/// Everything, or administration: `*`, `repo:*`, `admin:org`, `https://graph.microsoft.com/.default`, `…ReadWrite.All`,
/// Google's `cloud-platform`, Salesforce's `full`, Entra's `user_impersonation`.
fn is_broad(scope: &str) -> bool {
    const PARTS: [&str; 5] = ["admin", "administrator", "root", "superuser", "sudo"];
    const NAMES: [&str; 5] = ["full", "full_access", "cloud-platform", "user_impersonation", "all"];
    let lower = scope.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or_default();
    let wildcard = lower.strip_suffix('*').is_some_and(|rest| rest.is_empty() || rest.ends_with([':', '/', '.']));
    wildcard
        || name == ".default"
        || lower.ends_with(".readwrite.all")
        || NAMES.contains(&name)
        || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| PARTS.contains(&part))
}

/// What a key lookup that trusts its input could be made to run or to read: a path that climbs or is absolute, quotes,
/// comments and separators of SQL and shells, control characters, all of it percent-encoded too.
fn reads_as_code(kid: &str) -> bool {
    const SIGNS: [&str; 22] = [
        "..",
        "'",
        "\"",
        "`",
        ";",
        "|",
        "$",
        "<",
        "\\",
        "--",
        "/*",
        "%00",
        "%27",
        "%22",
        "%2e%2e",
        "%5c",
        "file:",
        "union select",
        "or 1=",
        "and 1=",
        "select ",
        "*)(",
    ];
    let lower = kid.to_ascii_lowercase();
    // Standard base64 may begin with a slash: a path of the system is in lower case and has no `+` or `=`.
    let path =
        |segment: &str| !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    let absolute = kid.strip_prefix('/').is_some_and(|rest| rest.contains('/') && rest.split('/').all(path));
    absolute || SIGNS.iter().any(|sign| lower.contains(sign)) || kid.chars().any(char::is_control)
}

/// A NumericDate (RFC 7519 §2) in whole seconds since the epoch, where it is a number that fits. Fractions are cut.
#[must_use]
pub fn numeric_date(value: &Value) -> Option<i64> {
    let Value::Number(text) = value else { return None };
    if let Ok(n) = text.parse::<i64>() {
        return Some(n);
    }
    let n = text.parse::<f64>().ok()?;
    (n.is_finite() && n.abs() < 9e15).then_some(n as i64)
}

#[cfg(test)]
mod tests;
