//! What a token is for.
//!
//! A `typ` that names a kind of token decides, whatever the claims look like: that is what explicit typing is for (RFC
//! 8725 §3.11). `typ: JWT` names none; then the content type of what is inside, the form, and at last the claims tell.
//! Nothing is verified: a class is what a token says of itself, and whoever writes a log can make a token say anything.

mod claims;
mod context;

use crate::token::{Kind, Token};

pub use context::{class_in, named_class};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Access token: RFC 9068, and the kinds that issuers had before it (Entra, Okta, Auth0, Keycloak, Cognito, Google).
    Access,
    /// OpenID Connect ID token (OpenID Connect Core §2).
    Id,
    /// Refresh token (RFC 6749 §1.5).
    Refresh,
    /// Logout token (OpenID Connect Back-Channel Logout §2.4).
    Logout,
    /// Security event token (RFC 8417).
    Set,
    /// DPoP proof (RFC 9449 §4.2).
    Dpop,
    /// Client assertion or authorization grant (RFC 7523 §2).
    ClientAssertion,
    /// Authorization request object, JAR (RFC 9101).
    Request,
    /// Authorization response, JARM (JWT Secured Authorization Response Mode §2.1).
    Jarm,
    /// Introspection response (RFC 9701).
    Introspection,
    /// Selective-disclosure JWT, with its key binding where it has one (RFC 9901 §4).
    SdJwt,
    /// The key binding JWT of an SD-JWT by itself (RFC 9901 §4.3).
    KeyBinding,
    /// Kubernetes service account token, legacy (a secret) or bound (`TokenRequest`).
    ServiceAccount,
    /// SPIFFE JWT-SVID.
    Spiffe,
    /// Token of a CI job (GitHub Actions, GitLab CI and others), to be exchanged at a cloud.
    Ci,
    /// Its content is another JWT (`cty: JWT`, RFC 7519 §5.2), so it tells nothing more.
    Nested,
    /// Encrypted: what it is for cannot be seen.
    Encrypted,
    /// Key material: a private JWK or PEM key.
    Key,
    /// None of these can be told.
    Other,
}

impl Class {
    /// Every class, in the order in which they are declared.
    pub const ALL: [Self; 19] = [
        Self::Access,
        Self::Id,
        Self::Refresh,
        Self::Logout,
        Self::Set,
        Self::Dpop,
        Self::ClientAssertion,
        Self::Request,
        Self::Jarm,
        Self::Introspection,
        Self::SdJwt,
        Self::KeyBinding,
        Self::ServiceAccount,
        Self::Spiffe,
        Self::Ci,
        Self::Nested,
        Self::Encrypted,
        Self::Key,
        Self::Other,
    ];

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
            Self::Jarm => "jarm",
            Self::Introspection => "introspection",
            Self::SdJwt => "sd-jwt",
            Self::KeyBinding => "key-binding",
            Self::ServiceAccount => "service-account",
            Self::Spiffe => "spiffe",
            Self::Ci => "ci",
            Self::Nested => "nested",
            Self::Encrypted => "encrypted",
            Self::Key => "key",
            Self::Other => "other",
        }
    }

    /// The class of this name, exactly as [`Class::name`] writes it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// The class of a token, from the token alone.
///
/// A token with two members of one name means different things to different readers (RFC 7515 §4), so nothing but its
/// form is believed.
#[must_use]
pub fn class(token: &Token) -> Class {
    if token.ambiguous {
        return by_form(token.kind);
    }
    if let Some(class) = token.header_str("typ").and_then(by_type) {
        return class;
    }
    match token.header_str("cty").map(media_type) {
        Some(cty) if cty == "jwt" => return Class::Nested,
        Some(cty) => {
            if let Some(class) = by_type(&cty) {
                return class;
            }
        }
        None => {}
    }
    let said = match (token.kind, &token.claims) {
        (Kind::Jws, None) if holds_token(token) => Class::Nested,
        (Kind::Jws, Some(claims)) => claims::class(claims),
        // Claims may be replicated in the header of an encrypted token (RFC 7519 §5.3).
        (Kind::Jwe, _) => token.header.as_ref().map_or(Class::Other, claims::class),
        _ => Class::Other,
    };
    if said == Class::Other { by_form(token.kind) } else { said }
}

fn by_form(kind: Kind) -> Class {
    match kind {
        Kind::Jws => Class::Other,
        Kind::Jwe => Class::Encrypted,
        Kind::SdJwt => Class::SdJwt,
        Kind::Jwk | Kind::Pem => Class::Key,
    }
}

/// A media type as the header writes it: without `application/` (RFC 7515 §4.1.9) and in lower case.
fn media_type(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    lower.strip_prefix("application/").map(str::to_owned).unwrap_or(lower)
}

/// The class that a media type names. `None`: it names no kind of token (`JWT`, `JOSE`, things that are no media types).
fn by_type(text: &str) -> Option<Class> {
    let name = media_type(text);
    Some(match name.as_str() {
        // The second one is what Okta's own API takes.
        "at+jwt" | "okta-internal-at+jwt" => Class::Access,
        // The second one is OpenIddict's.
        "rt+jwt" | "oi_reft+jwt" => Class::Refresh,
        "secevent+jwt" => Class::Set,
        "logout+jwt" => Class::Logout,
        "dpop+jwt" => Class::Dpop,
        // RFC 7523bis; the others attest a client's instance (attestation-based client authentication).
        "client-authentication+jwt" | "authorization-grant+jwt" | "oauth-client-attestation+jwt" | "oauth-client-attestation-pop+jwt" => {
            Class::ClientAssertion
        }
        "oauth-authz-req+jwt" => Class::Request,
        "token-introspection+jwt" => Class::Introspection,
        "kb+jwt" => Class::KeyBinding,
        "sd-jwt" => Class::SdJwt,
        _ if name.ends_with("+sd-jwt") => Class::SdJwt,
        // Typed, and none of ours: the type forbids to read it as anything else.
        _ if name.ends_with("+jwt") => Class::Other,
        _ => return None,
    })
}

/// True where the payload is a compact JWS or JWE, though no `cty` says so.
fn holds_token(token: &Token) -> bool {
    let Some(payload) = token.identity.get(1) else { return false };
    let dots = payload.iter().filter(|&&b| b == b'.').count();
    payload.starts_with(b"ey") && matches!(dots, 2 | 4) && payload.iter().all(|&b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests;
