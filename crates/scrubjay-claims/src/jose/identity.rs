//! Who made an epoch: an agent's own Ed25519 key signs the epoch's key before it is wrapped.

use std::collections::BTreeMap;
use std::fmt;

use josekit::jws::alg::eddsa::{EddsaJwsSigner, EddsaJwsVerifier};
use josekit::jws::{EdDSA, JwsContext, JwsHeader};
use serde_json::Value;
use zeroize::Zeroizing;

use super::fence::{decode, decode_exactly, guarded};
use super::json::Object;
use super::key::{clean, thumbprint};
use super::keyfile::KeyFileFault;
use crate::CannotOpen;

/// The members of an Ed25519 key (RFC 8037 §2), in the order of RFC 7638.
pub(crate) const MEMBERS: [&str; 3] = ["crv", "kty", "x"];
/// The media type of a signed epoch key.
const TYP: &str = "scrubjay-epoch+jws";
/// Largest signed epoch key in characters.
const JWS_CHARS_MAX: usize = 4096;

/// What is known of an epoch's origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The record is not signed: whoever can write to the epochs file may have made it.
    Unsigned,
    /// It is signed by a key that was not given, so that the signature says nothing.
    Unknown {
        /// The thumbprint that the signature names.
        kid: String,
    },
    /// It is signed by this agent key.
    Verified {
        /// The key's thumbprint.
        kid: String,
    },
}

impl Origin {
    /// In a word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Unknown { .. } => "unknown-signer",
            Self::Verified { .. } => "verified",
        }
    }
}

/// An agent's identity: its private Ed25519 key.
pub struct Identity {
    kid: String,
    signer: EddsaJwsSigner,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Identity {
    /// From a private JWK.
    ///
    /// # Errors
    /// [`KeyFileFault`].
    pub fn read(text: &[u8]) -> Result<Self, KeyFileFault> {
        let jwk = Object::parse(text).ok_or(KeyFileFault::Unreadable)?;
        check(&jwk)?;
        if !jwk.has("d") {
            return Err(KeyFileFault::PublicKey);
        }
        let kid = thumbprint(&jwk, &MEMBERS)?;
        let clean = clean(&jwk, &["crv", "kty", "x", "d"])?;
        let signer = guarded(|| EdDSA.signer_from_jwk(&clean).ok()).map_err(|_| KeyFileFault::Unusable)?;
        Ok(Self { kid, signer })
    }

    /// The key's thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// `payload` as a compact JWS (RFC 7515 §7.1).
    pub(crate) fn sign(&self, payload: &[u8]) -> Option<Zeroizing<String>> {
        let mut header = JwsHeader::new();
        header.set_algorithm("EdDSA");
        header.set_key_id(&self.kid);
        header.set_token_type(TYP);
        guarded(|| JwsContext::new().serialize_compact(payload, &header, &self.signer).ok()).map(Zeroizing::new).ok()
    }
}

/// Public keys of agents, by their thumbprints.
#[derive(Default)]
pub struct AgentKeys(BTreeMap<String, EddsaJwsVerifier>);

impl fmt::Debug for AgentKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AgentKeys").field(&self.0.keys()).finish()
    }
}

impl AgentKeys {
    /// Adds every key of a public JWK or JWK Set.
    ///
    /// # Errors
    /// [`KeyFileFault`].
    pub fn add(&mut self, text: &[u8]) -> Result<(), KeyFileFault> {
        let mut object = Object::parse(text).ok_or(KeyFileFault::Unreadable)?;
        let keys = match object.take("keys") {
            Some(Value::Array(keys)) if !keys.is_empty() => keys.into_iter().map(Object::of).collect(),
            Some(_) => return Err(KeyFileFault::Empty),
            None => vec![Some(object)],
        };
        for key in keys {
            let jwk = key.ok_or(KeyFileFault::Unreadable)?;
            if jwk.has("d") {
                return Err(KeyFileFault::PrivateKey);
            }
            check(&jwk)?;
            let clean = clean(&jwk, &MEMBERS)?;
            let verifier = guarded(|| EdDSA.verifier_from_jwk(&clean).ok()).map_err(|_| KeyFileFault::Unusable)?;
            self.0.insert(thumbprint(&jwk, &MEMBERS)?, verifier);
        }
        Ok(())
    }

    /// The payload of a compact JWS and who signed it. The header is checked before josekit sees it: it has `alg`, `kid` and
    /// `typ` and nothing else, so that there is no `crit`, no `b64`, no key of the signer's own choosing.
    pub(crate) fn verify(&self, jws: &str) -> Result<(Zeroizing<Vec<u8>>, Origin), CannotOpen> {
        let parts: Vec<&str> = jws.splitn(4, '.').collect();
        let [header, payload, signature] = parts.as_slice() else { return Err(CannotOpen) };
        if jws.len() > JWS_CHARS_MAX || decode_exactly::<64>(signature).is_none() {
            return Err(CannotOpen);
        }
        let payload = decode(payload).map(Zeroizing::new).ok_or(CannotOpen)?;
        let header = decode(header).and_then(|text| Object::parse(&text)).ok_or(CannotOpen)?;
        if !header.only(&["alg", "kid", "typ"]) || header.text("alg") != Some("EdDSA") || header.text("typ") != Some(TYP) {
            return Err(CannotOpen);
        }
        let kid = header.text("kid").filter(|kid| crate::claim_set::is_hash(kid)).ok_or(CannotOpen)?.to_owned();
        let Some(verifier) = self.0.get(&kid) else { return Ok((payload, Origin::Unknown { kid })) };
        let (verified, _) = guarded(|| JwsContext::new().deserialize_compact(jws, verifier).ok())?;
        if Zeroizing::new(verified) != payload {
            return Err(CannotOpen);
        }
        Ok((payload, Origin::Verified { kid }))
    }
}

/// True for an Ed25519 key that is for signing.
fn check(jwk: &Object) -> Result<(), KeyFileFault> {
    if jwk.text("kty") != Some("OKP") || jwk.text("crv") != Some("Ed25519") {
        return Err(KeyFileFault::Kind);
    }
    let says = |name: &str, value: &str| !jwk.has(name) || jwk.text(name) == Some(value);
    if !says("use", "sig") || !says("alg", "EdDSA") {
        return Err(KeyFileFault::Purpose);
    }
    jwk.text("x").and_then(decode_exactly::<32>).map(|_| ()).ok_or(KeyFileFault::Length)
}
