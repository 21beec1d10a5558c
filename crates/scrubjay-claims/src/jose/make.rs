//! Makes key pairs, and the public half of a private one.

use std::fmt;

use josekit::jwk::KeyPair as _;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::ecx::{EcxCurve, EcxKeyPair};
use josekit::jwk::alg::ed::{EdCurve, EdKeyPair};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::fence::guarded;
use super::identity;
use super::json::Object;
use super::key::{KeyKind, PrivateKey, private_jwk_of_pem, thumbprint};
use super::keyfile::KeyFileFault;
use super::pem;

/// What a key pair is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A recipient of an audience: X25519.
    Recipient,
    /// The same with P-256, where X25519 is not to be had.
    RecipientP256,
    /// An agent's identity: Ed25519.
    Agent,
}

/// A new key pair as two JWKs of one line each.
pub struct KeyPair {
    /// Its RFC 7638 thumbprint.
    pub kid: String,
    /// For agents (recipients' keys), or for those who reveal (agents' keys).
    pub public: String,
    /// For its owner only.
    pub private: Zeroizing<String>,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl KeyPair {
    /// Makes one. `made_at` and `expires` become `iat` and `exp`, in seconds since 1970: from the latter on nothing is sealed to it.
    ///
    /// # Errors
    /// [`KeyFileFault::Unusable`]: the system gave no random bytes.
    pub fn generate(role: Role, made_at: u64, expires: Option<u64>) -> Result<Self, KeyFileFault> {
        let jwk = guarded(|| match role {
            Role::Recipient => EcxKeyPair::generate(EcxCurve::X25519).ok().map(|pair| pair.to_jwk_key_pair()),
            Role::RecipientP256 => EcKeyPair::generate(EcCurve::P256).ok().map(|pair| pair.to_jwk_key_pair()),
            Role::Agent => EdKeyPair::generate(EdCurve::Ed25519).ok().map(|pair| pair.to_jwk_key_pair()),
        })
        .map_err(|_| KeyFileFault::Unusable)?;
        let jwk = Object::of(Value::Object(jwk.into())).ok_or(KeyFileFault::Unusable)?;
        let (usage, alg, members): (_, _, &[&str]) = match role {
            Role::Recipient => ("enc", KeyKind::X25519.alg(), &["crv", "kty", "x"]),
            Role::RecipientP256 => ("enc", KeyKind::P256.alg(), &["crv", "kty", "x", "y"]),
            Role::Agent => ("sig", "EdDSA", &identity::MEMBERS),
        };
        let kid = thumbprint(&jwk, members)?;
        let mut extra = Map::new();
        extra.insert("use".into(), usage.into());
        extra.insert("alg".into(), alg.into());
        extra.insert("kid".into(), kid.clone().into());
        extra.insert("iat".into(), made_at.into());
        extra.extend(expires.map(|end| ("exp".to_owned(), end.into())));
        let public = render(&jwk, members, &extra);
        let private = render(&jwk, &[members, &["d"]].concat(), &extra);
        Ok(Self { kid, public: public.to_string(), private })
    }
}

/// The public JWK of a private key (JWK or PEM), recipient's or agent's: everything but the private members.
///
/// # Errors
/// [`KeyFileFault`].
pub fn public_of(text: &[u8]) -> Result<String, KeyFileFault> {
    let jwk = if pem::is_pem(text) { private_jwk_of_pem(text)? } else { Object::parse(text).ok_or(KeyFileFault::Unreadable)? };
    if !jwk.has("d") {
        return Err(KeyFileFault::PublicKey);
    }
    let members: &[&str] = match (jwk.text("kty"), jwk.text("crv")) {
        (Some("OKP"), Some("X25519" | "Ed25519")) => &["crv", "kty", "x"],
        (Some("EC"), Some("P-256")) => &["crv", "kty", "x", "y"],
        (Some("RSA"), None) => &["e", "kty", "n"],
        _ => return Err(KeyFileFault::Kind),
    };
    if jwk.text("crv") != Some("Ed25519") && !pem::is_pem(text) {
        PrivateKey::read_all(text)?;
    }
    let mut extra = Map::new();
    for name in ["use", "alg", "kid", "iat", "nbf", "exp"] {
        extra.extend(jwk.members().get(name).map(|value| (name.to_owned(), value.clone())));
    }
    if !extra.contains_key("kid") {
        extra.insert("kid".into(), thumbprint(&jwk, members)?.into());
    }
    Ok(render(&jwk, members, &extra).to_string())
}

/// A JWK on one line, with room for all of it, so that growing leaves no copy behind.
fn render(jwk: &Object, members: &[&str], extra: &Map<String, Value>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(16 * 1024));
    text.push('{');
    for name in members {
        for part in ["\"", name, "\":\"", jwk.text(name).unwrap_or_default(), "\","] {
            text.push_str(part);
        }
    }
    let extra: Vec<String> = extra.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    text.push_str(&extra.join(","));
    text.push('}');
    text
}
