//! The marker: the text that stands where a token stood (DESIGN §6).
//!
//! `kind(name:value~name:value…)`, ASCII. Bytes outside `A-Za-z0-9._-/:@` are written `!HH`, which no URL, JSON, HTML or MIME
//! decoder touches, so decoding a marker changes nothing.

use scrubjay_claims::FingerprintKey;
use scrubjay_token::json::Value;
use scrubjay_token::{Class, Kind, Token, class};

use crate::shape;

/// Largest marker in bytes (DESIGN §10). Values that would pass it are left out, with `why:size`; a marker is never cut.
pub const MARKER_BYTES_MAX: usize = 16 * 1024;
/// Most audiences that are shown; the rest is counted in `why:size`.
const AUDIENCES_MAX: usize = 16;

/// Where a token stands, as far as it decides the marker's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Anywhere that takes the whole marker.
    Text,
    /// In a URL's path or userinfo, or in a key: the short form, the fingerprint only.
    Short,
}

/// Collects the values of one marker.
struct Marker {
    text: String,
    first: bool,
    dropped: bool,
}

impl Marker {
    fn new(kind: &str) -> Self {
        Self { text: format!("{kind}("), first: true, dropped: false }
    }

    fn add(&mut self, name: &str, value: &str) {
        if self.text.len() + name.len() + 3 * value.len() + 16 > MARKER_BYTES_MAX {
            self.dropped = true;
            return;
        }
        if !self.first {
            self.text.push('~');
        }
        self.first = false;
        self.text.push_str(name);
        self.text.push(':');
        for b in value.bytes() {
            if b.is_ascii_alphanumeric() || b"._-/:@".contains(&b) {
                self.text.push(b as char);
            } else {
                self.text.push_str(&format!("!{b:02X}"));
            }
        }
    }

    fn finish(mut self) -> String {
        if self.dropped {
            self.add("why", "size");
        }
        self.text.push(')');
        self.text
    }
}

/// What a marker says of a token, for statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The token's class.
    pub class: Class,
    /// Its `alg` as shown; `none` included, `unknown` when the header could not be read.
    pub alg: &'static str,
}

/// The marker of a token under the default policy of DESIGN §5: shown are class, alg, enc, typ, kid, iss, aud, client_id,
/// iat, nbf, exp and the number of scopes; everything else is dropped.
#[must_use]
pub fn of_token(token: &Token, key: &FingerprintKey, place: Place) -> (String, Told) {
    let told = Told {
        class: class(token),
        alg: token.header.as_ref().map_or("unknown", |h| h.get("alg").and_then(Value::as_str).map_or("other", shape::alg)),
    };
    let mut m = Marker::new(token.kind.name());
    let fingerprint = fingerprint_of(token, key);
    if place == Place::Short {
        match &fingerprint {
            Some(fp) => m.add("fp", fp),
            None => m.add("cut", token.cut.map_or("payload", |c| c.name())),
        }
        return (m.finish(), told);
    }
    m.add("class", told.class.name());
    if token.ambiguous {
        m.add("why", "duplicate");
    } else {
        header(&mut m, token, key);
        claims(&mut m, token, key);
    }
    if let Some(fp) = &fingerprint {
        m.add("fp", fp);
    }
    if let Some(cut) = token.cut {
        m.add("cut", cut.name());
    }
    (m.finish(), told)
}

/// The fingerprint that a token's marker carries under a key; `None` for an incomplete token.
#[must_use]
pub fn fingerprint_of(token: &Token, key: &FingerprintKey) -> Option<String> {
    key.fingerprint(identity_label(token.kind), &token.identity)
}

/// What a fingerprint is keyed on beside the token's parts. An SD-JWT is identified by its issuer's JWT, so it shares
/// the label of a JWS.
fn identity_label(kind: Kind) -> &'static str {
    match kind {
        Kind::Jwe => "jwe",
        Kind::Jws | Kind::SdJwt => "jws",
        Kind::Jwk | Kind::Pem => "key",
    }
}

/// The marker of a credential that is no token: the rule that found it, and nothing of the credential. `why` where it was
/// withheld unseen.
#[must_use]
pub fn of_secret(rule: &str, why: Option<&str>) -> String {
    let mut m = Marker::new("secret");
    m.add("rule", rule);
    if let Some(why) = why {
        m.add("why", why);
    }
    m.finish()
}

/// The marker of a place that could not be decided.
#[must_use]
pub fn withheld(kind: &str, why: &str) -> String {
    let mut m = Marker::new(kind);
    m.add("why", why);
    m.finish()
}

fn header(m: &mut Marker, token: &Token, key: &FingerprintKey) {
    let Some(header) = &token.header else { return };
    for (member, shown) in
        [("alg", shape::alg as fn(&str) -> &'static str), ("enc", shape::enc), ("typ", shape::media_type), ("cty", shape::media_type)]
    {
        match header.get(member) {
            Some(Value::String(text)) => m.add(member, shown(text)),
            Some(_) => m.add(member, "other"),
            None => {}
        }
    }
    if let Some(Value::String(kid)) = header.get("kid") {
        m.add("kid", &shape::name("kid", kid, key));
    }
}

fn claims(m: &mut Marker, token: &Token, key: &FingerprintKey) {
    if let Some(Value::String(iss)) = token.claim("iss") {
        m.add("iss", &shape::name("iss", iss, key));
    }
    match token.claim("aud") {
        Some(Value::String(aud)) => m.add("aud", &shape::name("aud", aud, key)),
        Some(Value::Array(list)) => {
            for aud in list.iter().take(AUDIENCES_MAX).filter_map(Value::as_str) {
                m.add("aud", &shape::name("aud", aud, key));
            }
            m.dropped |= list.len() > AUDIENCES_MAX;
        }
        _ => {}
    }
    // `azp` is OpenID Connect's name for the client that a token was issued to.
    if let Some(client) = token.claim("client_id").or_else(|| token.claim("azp")).and_then(Value::as_str) {
        m.add("client_id", &shape::name("client_id", client, key));
    }
    if let Some(count) = token.claim("scope").or_else(|| token.claim("scp")).and_then(shape::scope_count) {
        m.add("scope", &count.to_string());
    }
    let mut out_of_range = false;
    for member in ["iat", "nbf", "exp"] {
        match token.claim(member).map(shape::date) {
            Some(Some(date)) => m.add(member, &date),
            Some(None) => out_of_range = true,
            None => {}
        }
    }
    if out_of_range {
        m.add("why", "range");
    }
}
