//! Keyed fingerprints: equal for equal tokens, useless for guessing (DESIGN §7).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Smallest key in bytes.
pub const KEY_BYTES_MIN: usize = 32;
/// Largest key in bytes: more is a mistake (some other file was named).
pub const KEY_BYTES_MAX: usize = 4096;
/// Bytes of a fingerprint: 128 bits.
const FINGERPRINT_BYTES: usize = 16;

/// Length of a fingerprint as it is written: a letter, six digits, a sign, 22 characters.
const TAG_BYTES: usize = 30;

/// The key for fingerprints, for keyed hashes of odd values and for pseudonyms: one secret, split for each use, each part
/// as the state of the hash behind it. Wiped on drop (by `sha2`), never printed. A copy (one for each worker) is wiped by itself.
#[derive(Clone)]
pub struct FingerprintKey {
    id: String,
    tokens: Hmac<Sha256>,
    values: Hmac<Sha256>,
    claims: Hmac<Sha256>,
}

/// The key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// Shorter than [`KEY_BYTES_MIN`] bytes.
    Short,
    /// Longer than [`KEY_BYTES_MAX`] bytes.
    Long,
    /// The system gave no random bytes.
    NoEntropy,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => write!(f, "a fingerprint key has at least {KEY_BYTES_MIN} random bytes"),
            Self::Long => write!(f, "a fingerprint key has at most {KEY_BYTES_MAX} bytes"),
            Self::NoEntropy => f.write_str("the system's random number generator gave nothing"),
        }
    }
}

impl std::error::Error for KeyError {}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FingerprintKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl FingerprintKey {
    /// A key from raw secret bytes, split by HKDF (RFC 5869) for each use. Its id is a hash of the key: the same on
    /// every node that has the same file.
    ///
    /// # Errors
    /// [`KeyError`] when the length is out of range.
    pub fn from_bytes(secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() < KEY_BYTES_MIN {
            return Err(KeyError::Short);
        }
        if secret.len() > KEY_BYTES_MAX {
            return Err(KeyError::Long);
        }
        let hkdf = Hkdf::<Sha256>::new(Some(b"scrubjay correlation key v1"), secret);
        let derive = |label: &[u8]| {
            let mut key = Zeroizing::new([0u8; 64]);
            // 64 bytes (the block size of SHA-256) are within HKDF's 255 × 32: it cannot fail.
            let _ = hkdf.expand(label, key.as_mut());
            key
        };
        let public = derive(b"key id");
        let digest = Sha256::digest(public.as_ref());
        let id = digest.iter().take(3).map(|b| format!("{b:02x}")).collect();
        let keyed = |label: &[u8]| <Hmac<Sha256> as KeyInit>::new((&*derive(label)).into());
        Ok(Self { id, tokens: keyed(b"token fingerprint"), values: keyed(b"value hash"), claims: keyed(b"claim pseudonym") })
    }

    /// A key for this run only, from the kernel's random numbers.
    ///
    /// # Errors
    /// [`KeyError::NoEntropy`].
    pub fn random() -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new([0u8; KEY_BYTES_MIN]);
        getrandom::fill(secret.as_mut()).map_err(|_| KeyError::NoEntropy)?;
        Self::from_bytes(secret.as_ref())
    }

    /// The key's id, six hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `f<key id>_<22 characters>` over a token's kind (`jws`, `jwe`, `key`) and the parts that identify it, each with its
    /// length, so that no two tokens run together. `None` when there are no parts: an incomplete token has no fingerprint.
    #[must_use]
    pub fn fingerprint(&self, kind: &str, parts: &[Vec<u8>]) -> Option<String> {
        if parts.is_empty() {
            return None;
        }
        Some(self.tag('f', &self.tokens, std::iter::once(kind.as_bytes()).chain(parts.iter().map(Vec::as_slice))))
    }

    /// `h<key id>_<22 characters>`: a keyed hash of a shown value that has no safe shape, for the member `name`.
    #[must_use]
    pub fn hash(&self, name: &str, value: &[u8]) -> String {
        self.tag('h', &self.values, [name.as_bytes(), value].into_iter())
    }

    /// `p<key id>_<22 characters>`: a pseudonym of a claim, equal wherever the tenant, the claim and its value are equal.
    ///
    /// `tenant` comes from the configuration, never from a token: whoever writes tokens must not choose whose pseudonyms
    /// they get. `path` is the claim's place, a name for each level. `value` is the text of a string without its JSON
    /// escapes, or a number as it was written. Whoever can write lines and read the output can test guesses: see
    /// [`low_entropy`](crate::low_entropy).
    #[must_use]
    pub fn pseudonym(&self, tenant: &str, path: &[&str], value: &[u8]) -> String {
        // The number of levels stands before them, so that a level and a value cannot change places.
        let levels = (path.len() as u64).to_be_bytes();
        let place = [tenant.as_bytes(), &levels].into_iter().chain(path.iter().map(|level| level.as_bytes()));
        self.tag('p', &self.claims, place.chain(std::iter::once(value)))
    }

    fn tag<'a>(&self, letter: char, keyed: &Hmac<Sha256>, parts: impl Iterator<Item = &'a [u8]>) -> String {
        let mut mac = keyed.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let bytes = mac.finalize().into_bytes();
        let half = bytes.first_chunk::<FINGERPRINT_BYTES>().copied().unwrap_or_default();
        let mut tag = String::with_capacity(TAG_BYTES);
        tag.push(letter);
        tag.push_str(&self.id);
        tag.push('_');
        URL_SAFE_NO_PAD.encode_string(half, &mut tag);
        tag
    }
}
