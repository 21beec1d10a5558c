//! What a token is for (its class), and what about it deserves a second look (its risks).

use crate::json::Value;
use crate::token::{Kind, Token};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Access token (RFC 9068 and the de-facto kinds).
    Access,
    /// OpenID Connect ID token.
    Id,
    /// Refresh token.
    Refresh,
    /// Logout token (OpenID Connect Back-Channel Logout).
    Logout,
    /// Security event token (RFC 8417).
    Set,
    /// DPoP proof (RFC 9449).
    Dpop,
    /// Client assertion (RFC 7523).
    ClientAssertion,
    /// Authorization request object (RFC 9101).
    Request,
    /// Introspection response (RFC 9701).
    Introspection,
    /// SD-JWT or its key binding (RFC 9901).
    SdJwt,
    /// Kubernetes service account token.
    ServiceAccount,
    /// Encrypted: what it is for cannot be seen.
    Encrypted,
    /// Key material: a private JWK or PEM key.
    Key,
    /// None of these can be told.
    Other,
}

impl Class {
    /// The class as markers and policies name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Id => "id",
            Self::Refresh => "refresh",
            Self::Logout => "logout",
            Self::Set => "set",
            Self::Dpop => "dpop",
            Self::ClientAssertion => "client-assertion",
            Self::Request => "request",
            Self::Introspection => "introspection",
            Self::SdJwt => "sd-jwt",
            Self::ServiceAccount => "service-account",
            Self::Encrypted => "encrypted",
            Self::Key => "key",
            Self::Other => "other",
        }
    }
}

/// The class of a token: its `typ` decides where it is explicit (RFC 8725 §3.11), its claims otherwise.
#[must_use]
pub fn class(token: &Token) -> Class {
    let typ = token.header_str("typ").unwrap_or_default().to_ascii_lowercase();
    match typ.strip_prefix("application/").unwrap_or(&typ) {
        "at+jwt" => return Class::Access,
        "secevent+jwt" => return Class::Set,
        "logout+jwt" => return Class::Logout,
        "dpop+jwt" => return Class::Dpop,
        "client-authentication+jwt" => return Class::ClientAssertion,
        "oauth-authz-req+jwt" => return Class::Request,
        "token-introspection+jwt" => return Class::Introspection,
        "kb+jwt" => return Class::SdJwt,
        _ => {}
    }
    match token.kind {
        Kind::SdJwt => Class::SdJwt,
        Kind::Jwe => Class::Encrypted,
        Kind::Jwk | Kind::Pem => Class::Key,
        Kind::Jws => by_claims(token),
    }
}

fn by_claims(token: &Token) -> Class {
    let has = |name| token.claim(name).is_some();
    let text = |name| token.claim(name).and_then(Value::as_str).unwrap_or_default();
    if has("kubernetes.io") || text("sub").starts_with("system:serviceaccount:") {
        return Class::ServiceAccount;
    }
    match (text("token_use"), text("typ")) {
        ("id", _) | (_, "ID") => return Class::Id,
        ("access", _) | (_, "Bearer") => return Class::Access,
        (_, "Refresh" | "Offline") => return Class::Refresh,
        (_, "Logout") => return Class::Logout,
        _ => {}
    }
    if has("at_hash") || has("c_hash") || has("nonce") && has("aud") {
        return Class::Id;
    }
    if has("events") {
        return Class::Set;
    }
    if has("htm") && has("htu") {
        return Class::Dpop;
    }
    if has("scope") || has("scp") || has("client_id") || has("cid") || has("appid") || has("permissions") {
        return Class::Access;
    }
    Class::Other
}

/// A finding about a token that redaction would otherwise hide. None depends on the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Risk {
    /// `alg: none`: anyone can make one (RFC 8725 §3.2).
    AlgNone,
    /// Symmetric signature: every verifier can issue.
    SymmetricAlg,
    /// No `exp`: it never ends.
    NoExpiry,
    /// `exp` lies more than a day after `iat`.
    LongLifetime,
    /// No `aud`: valid anywhere (RFC 8725 §3.9).
    NoAudience,
    /// More than three audiences.
    ManyAudiences,
    /// Not bound to its sender (no `cnf`, RFC 7800): whoever holds it can use it.
    Bearer,
    /// A refresh token: it makes others.
    RefreshToken,
}

impl Risk {
    /// The finding as markers name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AlgNone => "alg-none",
            Self::SymmetricAlg => "symmetric-alg",
            Self::NoExpiry => "no-expiry",
            Self::LongLifetime => "long-lifetime",
            Self::NoAudience => "no-audience",
            Self::ManyAudiences => "many-audiences",
            Self::Bearer => "no-sender-constraint",
            Self::RefreshToken => "refresh-token",
        }
    }
}

const LIFETIME_SECONDS_MAX: i64 = 24 * 3600;
const AUDIENCES_MAX: usize = 3;

/// The risks of a token, in a fixed order.
#[must_use]
pub fn risks(token: &Token) -> Vec<Risk> {
    let mut out = Vec::new();
    match token.header_str("alg") {
        Some(alg) if alg.eq_ignore_ascii_case("none") => out.push(Risk::AlgNone),
        Some(alg) if alg.starts_with("HS") => out.push(Risk::SymmetricAlg),
        _ => {}
    }
    let class = class(token);
    if token.claims.is_some() && token.cut.is_none() {
        let seconds = |name| token.claim(name).and_then(numeric_date);
        match (seconds("iat"), seconds("exp")) {
            (_, None) if token.claim("exp").is_none() && class != Class::Dpop => out.push(Risk::NoExpiry),
            (Some(iat), Some(exp)) if exp.saturating_sub(iat) > LIFETIME_SECONDS_MAX => out.push(Risk::LongLifetime),
            _ => {}
        }
        match token.claim("aud") {
            None if class != Class::Dpop => out.push(Risk::NoAudience),
            Some(Value::Array(list)) if list.len() > AUDIENCES_MAX => out.push(Risk::ManyAudiences),
            _ => {}
        }
        if class == Class::Access && token.claim("cnf").is_none() {
            out.push(Risk::Bearer);
        }
    }
    if class == Class::Refresh {
        out.push(Risk::RefreshToken);
    }
    out
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
