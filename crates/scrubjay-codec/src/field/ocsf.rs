//! Open Cybersecurity Schema Framework (OCSF 1.3 and later, `objects/session.json` and `authentication_token.json`).
//!
//! `session` and `authentication_token` are one object each, so they are written only where the record has one token: of
//! two, nobody could say whose session it is. `unmapped` is OCSF's place for what it has no attribute for, and has everything.

use super::text::Text;
use super::{Token, date, of_token};

pub(super) fn members(text: &mut Text, tokens: &[Token<'_>], free: impl Fn(&str) -> bool) {
    if let [token] = tokens {
        if free("session") {
            text.object("session", |session| of_session(session, token));
        }
        if free("authentication_token") {
            text.object("authentication_token", |own| of_authentication_token(own, token));
        }
    }
    text.object("unmapped", |unmapped| unmapped.list("scrubjay", tokens, of_token));
}

/// The session that the token stands for: its issuer, its id (`sid` of OpenID Connect) and the credential.
fn of_session(text: &mut Text, token: &Token<'_>) {
    for (attribute, name) in [("uid", "sid"), ("issuer", "iss"), ("credential_uid", "fp")] {
        if let Some(value) = token.get(name) {
            text.string(attribute, value);
        }
    }
}

/// Times are `timestamp_t`: milliseconds since 1970. Key material is no token.
fn of_authentication_token(text: &mut Text, token: &Token<'_>) {
    if matches!(token.kind, "jwk" | "pem" | "secret") {
        return;
    }
    // OCSF has numbers for two of our classes; 99 is "other", named by its source.
    let (id, kind) = match token.get("class") {
        None | Some("other" | "nested" | "encrypted") => (0, "Unknown"),
        Some("id") => (3, "Identity Token"),
        Some("refresh") => (4, "Refresh Token"),
        Some("access") => (99, "Access Token"),
        Some(class) => (99, class),
    };
    text.string("type", kind);
    text.raw("type_id", &id.to_string());
    for (attribute, name) in [("created_time", "iat"), ("expiration_time", "exp")] {
        if let Some(time) = token.get(name).and_then(date::milliseconds) {
            text.raw(attribute, &time.to_string());
        }
    }
}
