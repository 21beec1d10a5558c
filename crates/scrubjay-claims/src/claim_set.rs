//! The form of a sealed claim set: a compact JWE (RFC 7516 §7.1) in exactly one spelling (DESIGN §7).
//!
//! One spelling, so that the scanner can let ours pass and nothing else, and so that what opens it needs no parser that
//! an attacker could surprise.

use std::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, Nonce};
#[cfg(any(test, feature = "jose"))]
use aes_gcm::{Tag, aead::KeyInit};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// Lengths of a plaintext in bytes, padding included. What is larger is withheld.
pub const BUCKETS_BYTES: [usize; 6] = [128, 256, 512, 1024, 2048, 4096];
/// Bytes of an initialisation vector (RFC 7518 §5.3).
pub(crate) const IV_BYTES: usize = 12;
/// Bytes of an authentication tag (RFC 7518 §5.3). Nothing shorter is ever accepted.
pub(crate) const TAG_BYTES: usize = 16;
/// Bytes of a wrapped 256-bit key (RFC 3394: the key and eight bytes).
const WRAPPED_BYTES: usize = 40;
/// Bytes of an RSA modulus, from 2048 to 8192 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// Characters of an RFC 7638 thumbprint with SHA-256, and of a coordinate of X25519 or P-256.
const HASH_CHARS: usize = 43;
/// Characters behind the `_` of an epoch id or a fingerprint.
const ID_CHARS: usize = 22;
/// Largest protected header in characters of base64url.
const HEADER_CHARS_MAX: usize = 700;
/// Largest claim set in characters: what the parser looks at.
const CLAIM_SET_CHARS_MAX: usize = 8192;

const PLAIN_OPEN: &[u8] = b"{\"claims\":";

/// How a claim set's key is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `dir`: the epoch's key, which `kid` names.
    Epoch,
    /// A key of its own, wrapped for the recipient that `kid` names by its RFC 7638 thumbprint.
    Standalone,
}

/// A sealed claim set, read but not opened.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimSet<'a> {
    /// How its key is given.
    pub mode: Mode,
    /// The epoch's id (`e1_…`) or the recipient's thumbprint.
    pub kid: String,
    /// Fingerprint of the token that the claims are of. It is authenticated: a claim set that was moved to another marker
    /// opens, but does not bear that marker's `fp`.
    pub fp: String,
    /// Length of the plaintext in bytes with its padding, one of [`BUCKETS_BYTES`].
    pub bucket: usize,
    pub(crate) text: &'a str,
    header: &'a str,
    iv: [u8; IV_BYTES],
    ciphertext: Vec<u8>,
    tag: [u8; TAG_BYTES],
}

impl fmt::Debug for ClaimSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mode, kid, fp, bucket, .. } = self;
        f.debug_struct("ClaimSet").field("mode", mode).field("kid", kid).field("fp", fp).field("bucket", bucket).finish_non_exhaustive()
    }
}

/// The one error of opening. What went wrong is not told: whoever can have things opened would learn from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotOpen;

impl fmt::Display for CannotOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it cannot be opened")
    }
}

impl std::error::Error for CannotOpen {}

impl<'a> ClaimSet<'a> {
    /// Reads a claim set in our canonical spelling: the fixed header, no encrypted key (or one of the exact length), an IV
    /// of 12 bytes, a ciphertext as long as a bucket, a tag of 16 bytes, all in base64url without padding or stray bits.
    /// `None` is anything else, other JWEs included. At most 8192 bytes are looked at.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        if text.len() > CLAIM_SET_CHARS_MAX {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let mut parts = text.split('.');
        let (header, wrapped, iv, ciphertext, tag) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || header.len() > HEADER_CHARS_MAX {
            return None;
        }
        let decoded = URL_SAFE_NO_PAD.decode(header).ok()?;
        let (alg, kid, fp) = read_header(std::str::from_utf8(&decoded).ok()?)?;
        let wrapped = URL_SAFE_NO_PAD.decode(wrapped).ok()?.len();
        let mode = match alg {
            Alg::Dir if wrapped == 0 => Mode::Epoch,
            Alg::Ecdh if wrapped == WRAPPED_BYTES => Mode::Standalone,
            Alg::Rsa if MODULUS_BYTES.contains(&wrapped) => Mode::Standalone,
            _ => return None,
        };
        let iv = URL_SAFE_NO_PAD.decode(iv).ok()?.try_into().ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?.try_into().ok()?;
        let ciphertext = URL_SAFE_NO_PAD.decode(ciphertext).ok()?;
        let bucket = ciphertext.len();
        BUCKETS_BYTES.contains(&bucket).then(|| Self {
            mode,
            kid: kid.to_owned(),
            fp: fp.to_owned(),
            bucket,
            text,
            header,
            iv,
            ciphertext,
            tag,
        })
    }

    /// Opens a claim set of an epoch with the epoch's key. What comes back is the JSON object of the claims, as it was sealed.
    ///
    /// # Errors
    /// [`CannotOpen`]: another key, or a byte was changed.
    #[cfg(any(test, feature = "jose"))]
    pub(crate) fn open(&self, key: &[u8; 32]) -> Result<Zeroizing<String>, CannotOpen> {
        let mut plain = Zeroizing::new(self.ciphertext.clone());
        Aes256Gcm::new(key.into())
            .decrypt_inout_detached(&Nonce::from(self.iv), self.header.as_bytes(), plain.as_mut_slice().into(), &Tag::from(self.tag))
            .map_err(|_| CannotOpen)?;
        claims_of(&plain)
    }
}

/// The claims of a plaintext, which is `{"claims":{…}}` and spaces.
#[cfg(any(test, feature = "jose"))]
pub(crate) fn claims_of(plain: &[u8]) -> Result<Zeroizing<String>, CannotOpen> {
    let plain = std::str::from_utf8(plain).map_err(|_| CannotOpen)?.trim_end_matches(' ');
    let claims = plain.strip_prefix("{\"claims\":").and_then(|rest| rest.strip_suffix('}'));
    claims.filter(|claims| is_object(claims)).map(|claims| Zeroizing::new(claims.to_owned())).ok_or(CannotOpen)
}

/// The text of a JSON object, as far as its ends show. Its maker is the policy, which writes valid JSON.
pub(crate) fn is_object(json: &str) -> bool {
    json.len() >= 2 && json.starts_with('{') && json.ends_with('}')
}

/// `{"claims":…}` with spaces up to the smallest bucket that holds it. `None` when none does.
pub(crate) fn padded(claims_json: &str) -> Option<Zeroizing<Vec<u8>>> {
    let length = PLAIN_OPEN.len() + claims_json.len() + 1;
    let bucket = *BUCKETS_BYTES.iter().find(|&&bucket| length <= bucket)?;
    // With its full capacity at once: a vector that grows leaves copies behind that nobody wipes.
    let mut plain = Zeroizing::new(Vec::with_capacity(bucket));
    plain.extend_from_slice(PLAIN_OPEN);
    plain.extend_from_slice(claims_json.as_bytes());
    plain.push(b'}');
    plain.resize(bucket, b' ');
    Some(plain)
}

/// The protected header of a claim set of an epoch, in exactly these bytes.
fn header(kid: &str, fp: &str) -> String {
    format!("{{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"kid\":\"{kid}\",\"typ\":\"{TYP}\",\"fp\":\"{fp}\"}}")
}

/// The media type of a claim set, without `application/` (RFC 7515 §4.1.9).
pub(crate) const TYP: &str = "scrubjay-claims+jwe";

/// Seals a padded plaintext under an epoch's key. The IV is the caller's, fresh for each.
pub(crate) fn seal(cipher: &Aes256Gcm, kid: &str, fp: &str, iv: [u8; IV_BYTES], mut plain: Zeroizing<Vec<u8>>) -> Option<String> {
    let header = header(kid, fp);
    let chars = |bytes: usize| bytes.div_ceil(3) * 4;
    let mut text = String::with_capacity(chars(header.len()) + chars(IV_BYTES) + chars(plain.len()) + chars(TAG_BYTES) + 4);
    URL_SAFE_NO_PAD.encode_string(header, &mut text);
    // RFC 7516 §5.1 step 14: the associated data are the characters of the encoded header.
    let tag = cipher.encrypt_inout_detached(&Nonce::from(iv), text.as_bytes(), plain.as_mut_slice().into()).ok()?;
    text.push_str("..");
    URL_SAFE_NO_PAD.encode_string(iv, &mut text);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(plain.as_slice(), &mut text);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(tag, &mut text);
    Some(text)
}

/// The ways in which a claim set's key may be given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alg {
    Dir,
    Ecdh,
    Rsa,
}

/// `alg`, `kid` and `fp` of a header, which has to be spelled as ours are.
fn read_header(text: &str) -> Option<(Alg, &str, &str)> {
    let rest = text.strip_prefix("{\"alg\":\"")?;
    let (alg, rest) = rest.split_once("\",\"enc\":\"A256GCM\",\"kid\":\"")?;
    let (kid, rest) = rest.split_once("\",\"typ\":\"")?;
    let (fp, rest) = rest.strip_prefix(TYP)?.strip_prefix("\",\"fp\":\"")?.split_once('"')?;
    let alg = match alg {
        "dir" if rest == "}" && is_epoch_id(kid) => Alg::Dir,
        "ECDH-ES+A256KW" if is_hash(kid) && is_epk(rest) => Alg::Ecdh,
        "RSA-OAEP-256" if is_hash(kid) && rest == "}" => Alg::Rsa,
        _ => return None,
    };
    is_fingerprint(fp).then_some((alg, kid, fp))
}

/// The ephemeral public key (RFC 7518 §4.6.1.1) as josekit writes it, at the end of a header.
fn is_epk(rest: &str) -> bool {
    let okp = || {
        let x = rest.strip_prefix(",\"epk\":{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"")?.strip_suffix("\"}}")?;
        is_hash(x).then_some(())
    };
    let ec = || {
        let points = rest.strip_prefix(",\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"")?.strip_suffix("\"}}")?;
        let (x, y) = points.split_once("\",\"y\":\"")?;
        (is_hash(x) && is_hash(y)).then_some(())
    };
    okp().or_else(ec).is_some()
}

/// 32 bytes in base64url.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == HASH_CHARS && URL_SAFE_NO_PAD.decode(text).is_ok()
}

/// `e1_` and 22 characters.
pub(crate) fn is_epoch_id(text: &str) -> bool {
    text.strip_prefix("e1_").is_some_and(|id| id.len() == ID_CHARS && id.bytes().all(is_base64url))
}

/// `f`, a key's id of at most 16 letters and digits, `_` and 22 characters.
pub(crate) fn is_fingerprint(text: &str) -> bool {
    let Some((key, hash)) = text.strip_prefix('f').and_then(|rest| rest.split_once('_')) else { return false };
    (1..=16).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_alphanumeric())
        && hash.len() == ID_CHARS
        && hash.bytes().all(is_base64url)
}

pub(crate) fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests;
