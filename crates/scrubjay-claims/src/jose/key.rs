//! Recipients' keys: who can be sealed to, and who can open.

use std::fmt;

use josekit::jwe::{ECDH_ES_A256KW, JweDecrypter, JweEncrypter, JweHeader, RSA_OAEP_256};
use josekit::jwk::Jwk;
use josekit::jwk::KeyPair as _;
use josekit::jwk::alg::ec::EcKeyPair;
use josekit::jwk::alg::ecx::EcxKeyPair;
use josekit::jwk::alg::rsa::RsaKeyPair;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::fence::{decode, decode_exactly, encode, guarded};
use super::json::Object;
use super::keyfile::KeyFileFault;
use super::pem::{self, Spki};

/// Longest `kid` in bytes.
const KID_BYTES_MAX: usize = 256;
/// Bits of an RSA modulus (RFC 7518 §4.3 asks for 2048 at least; above 8192 an opening takes seconds).
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Members that only private keys and secrets have (RFC 7518 §6, RFC 8037 §2).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What kind of key a recipient has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// X25519 (RFC 8037), the default.
    X25519,
    /// NIST P-256.
    P256,
    /// RSA with 2048 to 8192 bits, for recipients who have nothing better.
    Rsa,
}

impl KeyKind {
    /// The key management algorithm (RFC 7518 §4.1) that goes with it. A header never chooses one.
    #[must_use]
    pub fn alg(self) -> &'static str {
        match self {
            Self::X25519 | Self::P256 => "ECDH-ES+A256KW",
            Self::Rsa => "RSA-OAEP-256",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::X25519 => "X25519",
            Self::P256 => "P-256",
            Self::Rsa => "RSA",
        }
    }

    /// The members of a public JWK that make up the key, in the order of RFC 7638 §3.3.
    fn members(self) -> &'static [&'static str] {
        match self {
            Self::X25519 => &["crv", "kty", "x"],
            Self::P256 => &["crv", "kty", "x", "y"],
            Self::Rsa => &["e", "kty", "n"],
        }
    }
}

/// A recipient's public key.
#[derive(Clone)]
pub struct PublicKey {
    kid: String,
    thumbprint: String,
    kind: KeyKind,
    not_before: Option<u64>,
    expires: Option<u64>,
    pub(crate) encrypter: Box<dyn JweEncrypter>,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("kid", &self.kid).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        let parts = |key: &Self| (key.kid.clone(), key.thumbprint.clone(), key.not_before, key.expires);
        parts(self) == parts(other)
    }
}

/// What `from_jwk` makes of the key of a JWK, or of each of a JWK Set (RFC 7517 §5).
fn each_jwk<T>(text: &[u8], from_jwk: impl Fn(&Object) -> Result<T, KeyFileFault>) -> Result<Vec<T>, KeyFileFault> {
    let mut object = Object::parse(text).ok_or(KeyFileFault::Unreadable)?;
    if !object.has("keys") {
        return Ok(vec![from_jwk(&object)?]);
    }
    let Some(Value::Array(keys)) = object.take("keys") else { return Err(KeyFileFault::Unreadable) };
    if keys.is_empty() {
        return Err(KeyFileFault::Empty);
    }
    keys.into_iter().map(|key| Object::of(key).ok_or(KeyFileFault::Unreadable)).map(|key| from_jwk(&key?)).collect()
}

impl PublicKey {
    /// Every key of a JWK, a JWK Set (RFC 7517) or a PEM file.
    ///
    /// # Errors
    /// [`KeyFileFault`]: the first key that cannot be used. A private key is refused: agents hold public keys only.
    pub fn read_all(text: &[u8]) -> Result<Vec<Self>, KeyFileFault> {
        if pem::is_pem(text) {
            return pem::public_keys(text)?.iter().map(|key| Self::from_jwk(&jwk_of(key)?)).collect();
        }
        each_jwk(text, Self::from_jwk)
    }

    fn from_jwk(jwk: &Object) -> Result<Self, KeyFileFault> {
        if PRIVATE_MEMBERS.iter().any(|name| jwk.has(name)) {
            return Err(KeyFileFault::PrivateKey);
        }
        let kind = checked_kind(jwk)?;
        let thumbprint = thumbprint(jwk, kind.members())?;
        let clean = clean(jwk, kind.members())?;
        let encrypter = guarded(|| -> Option<Box<dyn JweEncrypter>> {
            match kind {
                KeyKind::X25519 | KeyKind::P256 => Some(Box::new(ECDH_ES_A256KW.encrypter_from_jwk(&clean).ok()?)),
                KeyKind::Rsa => Some(Box::new(RSA_OAEP_256.encrypter_from_jwk(&clean).ok()?)),
            }
        })
        .map_err(|_| KeyFileFault::Unusable)?;
        // A point of small order is taken by every parser and fails in use: now is the time to know.
        guarded(|| encrypter.encrypt(&[0; 32], &JweHeader::new(), &mut JweHeader::new()).ok()?).map_err(|_| KeyFileFault::Unusable)?;
        let kid = kid(jwk)?.unwrap_or_else(|| thumbprint.clone());
        Ok(Self { kid, thumbprint, kind, not_before: jwk.number("nbf"), expires: jwk.number("exp"), encrypter })
    }

    /// Its id: the `kid` of its JWK, or its thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its RFC 7638 thumbprint with SHA-256.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Its member `exp`, in seconds since 1970: from then on nothing is sealed to it.
    #[must_use]
    pub fn expires(&self) -> Option<u64> {
        self.expires
    }

    /// True when its time (members `nbf`, `exp`) has come and not gone. `now` is in seconds since 1970.
    #[must_use]
    pub fn is_valid(&self, now: u64) -> bool {
        self.not_before.is_none_or(|begin| begin <= now) && self.expires.is_none_or(|end| now < end)
    }
}

/// A recipient's private key. It is for `reveal`, never for an agent.
pub struct PrivateKey {
    kid: String,
    thumbprint: String,
    kind: KeyKind,
    pub(crate) decrypter: Box<dyn JweDecrypter>,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("kid", &self.kid).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// The key of a private JWK or PEM file, or all of a JWK Set. What josekit keeps of it is not wiped before the process ends.
    ///
    /// # Errors
    /// [`KeyFileFault`].
    pub fn read_all(text: &[u8]) -> Result<Vec<Self>, KeyFileFault> {
        if pem::is_pem(text) {
            return Ok(vec![Self::from_jwk(&private_jwk_of_pem(text)?)?]);
        }
        each_jwk(text, Self::from_jwk)
    }

    fn from_jwk(jwk: &Object) -> Result<Self, KeyFileFault> {
        let kind = checked_kind(jwk)?;
        if !jwk.has("d") {
            return Err(KeyFileFault::PublicKey);
        }
        let thumbprint = thumbprint(jwk, kind.members())?;
        let private: &[&str] = if kind == KeyKind::Rsa { &["d", "p", "q", "dp", "dq", "qi"] } else { &["d"] };
        let clean = clean(jwk, &[kind.members(), private].concat())?;
        let decrypter = guarded(|| -> Option<Box<dyn JweDecrypter>> {
            match kind {
                KeyKind::X25519 | KeyKind::P256 => Some(Box::new(ECDH_ES_A256KW.decrypter_from_jwk(&clean).ok()?)),
                KeyKind::Rsa => Some(Box::new(RSA_OAEP_256.decrypter_from_jwk(&clean).ok()?)),
            }
        })
        .map_err(|_| KeyFileFault::Unusable)?;
        let kid = kid(jwk)?.unwrap_or_else(|| thumbprint.clone());
        Ok(Self { kid, thumbprint, kind, decrypter })
    }

    /// Its id: the `kid` of its JWK, or its thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its RFC 7638 thumbprint with SHA-256.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// True when a recipient's `kid` names this key.
    pub(crate) fn is_named(&self, kid: &str) -> bool {
        kid == self.kid || kid == self.thumbprint
    }
}

/// The kind of a key, when all that it says fits: curve, lengths, `use`, `alg`.
fn checked_kind(jwk: &Object) -> Result<KeyKind, KeyFileFault> {
    let kind = match (jwk.text("kty"), jwk.text("crv")) {
        (Some("OKP"), Some("X25519")) => KeyKind::X25519,
        (Some("EC"), Some("P-256")) => KeyKind::P256,
        (Some("RSA"), None) => KeyKind::Rsa,
        _ => return Err(KeyFileFault::Kind),
    };
    let coordinate = |name: &str| jwk.text(name).and_then(decode_exactly::<32>).is_some();
    let fits = match kind {
        KeyKind::X25519 => coordinate("x"),
        KeyKind::P256 => coordinate("x") && coordinate("y"),
        KeyKind::Rsa => {
            let n = jwk.text("n").and_then(decode).unwrap_or_default();
            let e = jwk.text("e").and_then(decode).unwrap_or_default();
            // Leading zeros would be another spelling of the same number, with another thumbprint (RFC 7518 §6.3.1).
            let plain = n.first().is_some_and(|&b| b > 0) && e.first().is_some_and(|&b| b > 0);
            let odd = |number: &[u8]| number.last().is_some_and(|b| b % 2 == 1);
            let large = n.len() > *RSA_BYTES.start() || n.first().is_some_and(|&b| b >= 0x80);
            plain && large && RSA_BYTES.contains(&n.len()) && odd(&n) && odd(&e) && e.len() <= 4 && e != [1]
        }
    };
    if !fits {
        return Err(KeyFileFault::Length);
    }
    let says = |name: &str, value: &str| !jwk.has(name) || jwk.text(name) == Some(value);
    if !says("use", "enc") || !says("alg", kind.alg()) {
        return Err(KeyFileFault::Purpose);
    }
    for name in ["nbf", "exp"] {
        if jwk.has(name) && jwk.number(name).is_none() {
            return Err(KeyFileFault::Unreadable);
        }
    }
    Ok(kind)
}

fn kid(jwk: &Object) -> Result<Option<String>, KeyFileFault> {
    match jwk.text("kid") {
        None if jwk.has("kid") => Err(KeyFileFault::Unreadable),
        None => Ok(None),
        Some(kid) if kid.is_empty() || kid.len() > KID_BYTES_MAX || kid.chars().any(char::is_control) => Err(KeyFileFault::Unreadable),
        Some(kid) => Ok(Some(kid.to_owned())),
    }
}

/// RFC 7638: SHA-256 over the members that make up the key, in alphabetical order, in base64url.
pub(crate) fn thumbprint(jwk: &Object, members: &[&str]) -> Result<String, KeyFileFault> {
    let mut text = Vec::new();
    for name in members {
        // No member needs an escape: names of curves and base64url.
        text.push(format!("\"{name}\":\"{}\"", jwk.text(name).ok_or(KeyFileFault::Unreadable)?));
    }
    Ok(encode(&Sha256::digest(format!("{{{}}}", text.join(",")))))
}

/// A JWK with these members and no other: josekit judges a key by members that are none of its business here.
pub(crate) fn clean(jwk: &Object, members: &[&str]) -> Result<Jwk, KeyFileFault> {
    let mut map = Map::new();
    for name in members {
        let value = jwk.text(name).ok_or(KeyFileFault::Unreadable)?;
        map.insert((*name).to_owned(), Value::String(value.to_owned()));
    }
    Jwk::from_map(map).map_err(|_| KeyFileFault::Unusable)
}

fn jwk_of(key: &Spki) -> Result<Object, KeyFileFault> {
    let members = match key {
        Spki::X25519(x) => vec![("kty", "OKP".to_owned()), ("crv", "X25519".to_owned()), ("x", encode(x))],
        Spki::P256 { x, y } => vec![("kty", "EC".to_owned()), ("crv", "P-256".to_owned()), ("x", encode(x)), ("y", encode(y))],
        Spki::Rsa { n, e } => vec![("kty", "RSA".to_owned()), ("n", encode(n)), ("e", encode(e))],
    };
    let map = members.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
    Object::of(Value::Object(map)).ok_or(KeyFileFault::Unreadable)
}

/// The JWK of a private key in PEM. The file is its owner's own, so that josekit may parse it.
pub(crate) fn private_jwk_of_pem(text: &[u8]) -> Result<Object, KeyFileFault> {
    if pem::is_public(text) {
        return Err(KeyFileFault::PublicKey);
    }
    let jwk = guarded(|| {
        let ecx = || EcxKeyPair::from_pem(text).ok().map(|pair| pair.to_jwk_key_pair());
        let ec = || EcKeyPair::from_pem(text, None).ok().map(|pair| pair.to_jwk_key_pair());
        let rsa = || RsaKeyPair::from_pem(text).ok().map(|pair| pair.to_jwk_key_pair());
        ecx().or_else(ec).or_else(rsa)
    })
    .map_err(|_| KeyFileFault::Unreadable)?;
    let mut map: Map<String, Value> = jwk.into();
    map.remove("use");
    map.remove("alg");
    Object::of(Value::Object(map)).ok_or(KeyFileFault::Unreadable)
}

#[cfg(test)]
mod tests;
