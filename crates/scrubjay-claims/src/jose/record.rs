//! The epoch record: an epoch's key, wrapped for each recipient, as one line of general JSON serialization (RFC 7516 §7.2.1).
//!
//! Its protected header is `{"enc":"A256GCM","typ":"scrubjay-epoch+jwe","cty":…,"epoch":"e1_…","aud":…,"iat":…}`; `cty` is
//! `jwk+json`, or `jose` when the JWK is signed. Each recipient's header has `alg`, `kid` and, for ECDH, `epk`. What is in
//! the header is in the JWK too, and both have to agree.

use std::fmt;

use josekit::jwe::{JweEncrypter, JweHeader, JweHeaderSet};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::fence::{context, decode, decode_exactly, encode, guarded};
use super::identity::{AgentKeys, Identity, Origin};
use super::json::{Object, only};
use super::key::{KeyKind, PrivateKey, PublicKey};
use crate::claim_set::{IV_BYTES, TAG_BYTES, is_epoch_id};
use crate::{CannotOpen, EPOCH_KEY_BYTES, NewEpoch, Withheld, epoch_id, is_audience};

/// Most recipients of a record.
pub const RECIPIENTS_MAX: usize = 64;
/// Longest record in bytes.
pub const RECORD_BYTES_MAX: usize = 128 * 1024;
/// Largest plaintext of a record in bytes.
const PLAIN_BYTES_MAX: usize = 4096;

const TYP: &str = "scrubjay-epoch+jwe";
const CTY_PLAIN: &str = "jwk+json";
const CTY_SIGNED: &str = "jose";

/// What can be read of an epoch record without a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordHead {
    /// The epoch's id.
    pub epoch: String,
    /// Who can open it.
    pub audience: String,
    /// When it began, in seconds since 1970.
    pub issued_at: u64,
    /// Key ids of the recipients.
    pub recipients: Vec<String>,
    /// True when an agent has signed it.
    pub signed: bool,
}

/// An epoch record that has passed the fence.
pub struct Record {
    head: RecordHead,
    protected: String,
    recipients: Vec<Recipient>,
    iv: String,
    ciphertext: String,
    tag: String,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("head", &self.head).finish_non_exhaustive()
    }
}

struct Recipient {
    kid: String,
    kind: KeyKind,
    header: Map<String, Value>,
    encrypted_key: String,
}

/// An epoch's key, come back. It is wiped on drop.
pub struct EpochKey {
    /// Its id.
    pub id: String,
    /// Whom it was made for.
    pub audience: String,
    /// The agent that says to have made it.
    pub agent: String,
    /// When, in seconds since 1970.
    pub issued_at: u64,
    /// Whether that agent has signed it.
    pub origin: Origin,
    pub(crate) key: Zeroizing<[u8; EPOCH_KEY_BYTES]>,
}

impl fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EpochKey").field("id", &self.id).field("audience", &self.audience).finish_non_exhaustive()
    }
}

/// Wraps an epoch's key: one line without its end.
pub(crate) fn write(epoch: &NewEpoch<'_>, agent: &str, recipients: &[&PublicKey], identity: Option<&Identity>) -> Result<String, Withheld> {
    if recipients.is_empty() || recipients.len() > RECIPIENTS_MAX {
        return Err(Withheld::NoRecipient);
    }
    let jwk = jwk(epoch, agent)?;
    let signed = identity.map(|identity| identity.sign(jwk.as_bytes()).ok_or(Withheld::Crypto)).transpose()?;
    let plain = signed.as_ref().unwrap_or(&jwk);
    let mut header = JweHeaderSet::new();
    header.set_content_encryption("A256GCM", true);
    header.set_token_type(TYP, true);
    header.set_content_type(if signed.is_some() { CTY_SIGNED } else { CTY_PLAIN }, true);
    for (name, value) in [("epoch", json!(epoch.id)), ("aud", json!(epoch.audience)), ("iat", json!(epoch.issued_at))] {
        header.set_claim(name, Some(value), true).map_err(|_| Withheld::Crypto)?;
    }
    let headers: Vec<JweHeader> = recipients.iter().map(|key| recipient_header(key)).collect();
    let pairs: Vec<(Option<&JweHeader>, &dyn JweEncrypter)> =
        headers.iter().zip(recipients).map(|(header, key)| (Some(header), key.encrypter.as_ref())).collect();
    let line =
        guarded(|| context().serialize_general_json(plain.as_bytes(), Some(&header), &pairs, None).ok()).map_err(|_| Withheld::Crypto)?;
    // What our own fence would refuse must not be relied on by anybody.
    Record::parse(line.as_bytes()).map_err(|_| Withheld::Crypto)?;
    Ok(line)
}

/// The epoch's key as a JWK (RFC 7517 §4, RFC 7518 §6.4).
fn jwk(epoch: &NewEpoch<'_>, agent: &str) -> Result<Zeroizing<String>, Withheld> {
    let agent = serde_json::to_string(agent).map_err(|_| Withheld::Crypto)?;
    let key = Zeroizing::new(encode(epoch.key()));
    let mut text = Zeroizing::new(String::with_capacity(PLAIN_BYTES_MAX));
    for part in ["{\"kty\":\"oct\",\"k\":\"", &key, "\",\"kid\":\"", epoch.id, "\",\"aud\":\"", epoch.audience, "\",\"agent\":", &agent] {
        text.push_str(part);
    }
    text.push_str(&format!(",\"iat\":{}}}", epoch.issued_at));
    if text.len() > PLAIN_BYTES_MAX / 2 { Err(Withheld::Crypto) } else { Ok(text) }
}

fn recipient_header(key: &PublicKey) -> JweHeader {
    let mut header = JweHeader::new();
    header.set_algorithm(key.kind().alg());
    header.set_key_id(key.kid());
    header
}

impl Record {
    /// Reads a record and checks everything that can be checked without a key: members, algorithms, every length. Nothing
    /// that is not listed in the module's text passes, so neither does `zip`, `crit`, `jku`, `apu` or an `aad`.
    ///
    /// # Errors
    /// [`CannotOpen`].
    pub fn parse(line: &[u8]) -> Result<Self, CannotOpen> {
        Self::read(line).ok_or(CannotOpen)
    }

    fn read(line: &[u8]) -> Option<Self> {
        if line.len() > RECORD_BYTES_MAX {
            return None;
        }
        let mut object = Object::parse(line)?;
        if !object.only(&["protected", "recipients", "iv", "ciphertext", "tag"]) {
            return None;
        }
        let protected = object.text("protected")?.to_owned();
        let mut head = head(&protected)?;
        let iv = object.text("iv").filter(|text| decode_exactly::<IV_BYTES>(text).is_some())?.to_owned();
        let tag = object.text("tag").filter(|text| decode_exactly::<TAG_BYTES>(text).is_some())?.to_owned();
        let ciphertext = object.text("ciphertext")?.to_owned();
        if !(1..=PLAIN_BYTES_MAX).contains(&decode(&ciphertext)?.len()) {
            return None;
        }
        let Value::Array(recipients) = object.take("recipients")? else { return None };
        if recipients.is_empty() || recipients.len() > RECIPIENTS_MAX {
            return None;
        }
        let recipients = recipients.into_iter().map(recipient).collect::<Option<Vec<_>>>()?;
        head.recipients = recipients.iter().map(|r| r.kid.clone()).collect();
        Some(Self { head, protected, recipients, iv, ciphertext, tag })
    }

    /// What it says of itself. Nothing vouches for that before it is opened.
    #[must_use]
    pub fn head(&self) -> &RecordHead {
        &self.head
    }

    /// True when one of its recipients is named like this key.
    #[must_use]
    pub fn is_for(&self, key: &PrivateKey) -> bool {
        self.recipients.iter().any(|r| key.is_named(&r.kid))
    }

    /// Brings the epoch's key back. Its id has to be the one that the key and the audience make.
    ///
    /// # Errors
    /// [`CannotOpen`], whatever the reason.
    pub fn open(&self, key: &PrivateKey, agents: &AgentKeys) -> Result<EpochKey, CannotOpen> {
        let mut ours = self.recipients.iter().filter(|r| key.is_named(&r.kid) && r.kind.alg() == key.kind().alg());
        // Only a few are ours in any record that an agent made; a forged one costs no more than that.
        let plain = ours.by_ref().take(4).find_map(|recipient| self.unwrap(recipient, key)).ok_or(CannotOpen)?;
        let (plain, origin) =
            if self.head.signed { agents.verify(std::str::from_utf8(&plain).map_err(|_| CannotOpen)?)? } else { (plain, Origin::Unsigned) };
        self.epoch_key(&plain, origin).ok_or(CannotOpen)
    }

    /// One recipient's share, given to josekit as a record of its own, made of parts that were checked.
    fn unwrap(&self, recipient: &Recipient, key: &PrivateKey) -> Option<Zeroizing<Vec<u8>>> {
        let alone = json!({
            "protected": self.protected, "header": recipient.header, "encrypted_key": recipient.encrypted_key,
            "iv": self.iv, "ciphertext": self.ciphertext, "tag": self.tag,
        });
        let text = serde_json::to_string(&alone).ok()?;
        guarded(|| context().deserialize_json(text, key.decrypter.as_ref()).ok()).map(|(plain, _)| Zeroizing::new(plain)).ok()
    }

    fn epoch_key(&self, plain: &[u8], origin: Origin) -> Option<EpochKey> {
        let jwk = Object::parse(plain)?;
        if !jwk.only(&["kty", "k", "kid", "aud", "agent", "iat"]) || jwk.text("kty") != Some("oct") {
            return None;
        }
        let key = Zeroizing::new(decode_exactly::<EPOCH_KEY_BYTES>(jwk.text("k")?)?);
        let audience = jwk.text("aud").filter(|&aud| aud == self.head.audience)?;
        let issued_at = jwk.number("iat").filter(|&iat| iat == self.head.issued_at)?;
        let id = epoch_id(audience, &key);
        if id != self.head.epoch || jwk.text("kid") != Some(id.as_str()) {
            return None;
        }
        Some(EpochKey { id, audience: audience.to_owned(), agent: jwk.text("agent")?.to_owned(), issued_at, origin, key })
    }
}

/// The protected header, which has exactly our members.
fn head(protected: &str) -> Option<RecordHead> {
    let header = Object::parse(&decode(protected)?)?;
    let ours = header.only(&["enc", "typ", "cty", "epoch", "aud", "iat"]);
    if !ours || header.text("enc") != Some("A256GCM") || header.text("typ") != Some(TYP) {
        return None;
    }
    let signed = match header.text("cty")? {
        CTY_PLAIN => false,
        CTY_SIGNED => true,
        _ => return None,
    };
    let epoch = header.text("epoch").filter(|id| is_epoch_id(id))?.to_owned();
    let audience = header.text("aud").filter(|name| is_audience(name))?.to_owned();
    Some(RecordHead { epoch, audience, issued_at: header.number("iat")?, recipients: Vec::new(), signed })
}

/// What a line says of itself without reading its recipients: enough for an index.
pub(crate) fn peek(line: &[u8]) -> Option<RecordHead> {
    let rest = line.strip_prefix(b"{\"protected\":\"")?;
    let end = rest.iter().take(2048).position(|&b| b == b'"')?;
    head(std::str::from_utf8(rest.get(..end)?).ok()?)
}

/// A recipient: `header` and `encrypted_key`, with the lengths that its algorithm makes.
fn recipient(value: Value) -> Option<Recipient> {
    let mut object = Object::of(value)?;
    if !object.only(&["header", "encrypted_key"]) {
        return None;
    }
    let encrypted_key = object.text("encrypted_key")?.to_owned();
    let wrapped = decode(&encrypted_key)?.len();
    let Value::Object(header) = object.take("header")? else { return None };
    let kid = header.get("kid")?.as_str().filter(|kid| !kid.is_empty() && kid.len() <= 256)?.to_owned();
    let kind = match header.get("alg")?.as_str()? {
        // RFC 3394: 32 bytes become 40. Below 8, josekit 0.10.3 panics.
        "ECDH-ES+A256KW" if wrapped == 40 && only(&header, &["alg", "kid", "epk"]) => epk(header.get("epk")?.as_object()?)?,
        "RSA-OAEP-256" if (256..=1024).contains(&wrapped) && only(&header, &["alg", "kid"]) => KeyKind::Rsa,
        _ => return None,
    };
    Some(Recipient { kid, kind, header, encrypted_key })
}

/// The curve of an ephemeral key with coordinates of the right length. Whether it is a point of it, OpenSSL checks.
fn epk(epk: &Map<String, Value>) -> Option<KeyKind> {
    let is = |name: &str, value: &str| epk.get(name).and_then(Value::as_str) == Some(value);
    let coordinate = |name: &str| epk.get(name).and_then(Value::as_str).and_then(decode_exactly::<32>).is_some();
    if is("kty", "OKP") && is("crv", "X25519") && coordinate("x") && only(epk, &["kty", "crv", "x"]) {
        return Some(KeyKind::X25519);
    }
    (is("kty", "EC") && is("crv", "P-256") && coordinate("x") && coordinate("y") && only(epk, &["kty", "crv", "x", "y"]))
        .then_some(KeyKind::P256)
}

#[cfg(test)]
mod tests;
