//! An epoch: the life of one sealing key, for one audience and one agent (DESIGN §7).

use std::fmt;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::KeyInit;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Withheld;

/// Bytes of an epoch's key.
pub const EPOCH_KEY_BYTES: usize = 32;

/// An epoch's key that has just been made, for whoever makes its record durable. It is wiped on drop.
pub struct NewEpoch<'a> {
    /// Who is to be able to open what it seals.
    pub audience: &'a str,
    /// Its id, see [`epoch_id`].
    pub id: &'a str,
    /// When it was made, in seconds since 1970.
    pub issued_at: u64,
    pub(crate) key: &'a [u8; EPOCH_KEY_BYTES],
}

impl NewEpoch<'_> {
    /// The key itself, to be wrapped for the recipients. Whoever copies it has to wipe the copy.
    #[must_use]
    pub fn key(&self) -> &[u8; EPOCH_KEY_BYTES] {
        self.key
    }
}

impl fmt::Debug for NewEpoch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEpoch").field("audience", &self.audience).field("id", &self.id).finish_non_exhaustive()
    }
}

/// An epoch's record is durable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// When the first of the recipients expires, in seconds since 1970: then the epoch ends too.
    pub valid_until: Option<u64>,
    /// Key ids of recipients that were left out because they have expired or are not valid yet.
    pub left_out: Vec<String>,
}

/// Where epoch records are kept. The program implements it with public-key cryptography and a file or a topic.
pub trait EpochStore: Send + Sync {
    /// Wraps the epoch's key for each recipient of its audience and makes that record durable by itself. It returns only
    /// after that: synced, with its folder, or acknowledged. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Withheld`]: nothing was published, so nothing may be sealed with the key.
    fn publish(&self, epoch: &NewEpoch<'_>, now: u64) -> Result<Published, Withheld>;
}

/// The id of an epoch's key: `e1_` and the first 22 characters of base64url SHA-256 over a label, the audience and the key,
/// each behind its length as eight bytes, big end first. It binds the key to the audience, and tells nothing of it.
#[must_use]
pub fn epoch_id(audience: &str, key: &[u8; EPOCH_KEY_BYTES]) -> String {
    let mut hash = Sha256::new();
    for part in [b"scrubjay epoch v1".as_slice(), audience.as_bytes(), key] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let text = URL_SAFE_NO_PAD.encode(hash.finalize());
    format!("e1_{}", text.get(..22).unwrap_or_default())
}

/// A published epoch: its id and the cipher with its key, which is wiped when the last user lets go.
pub(crate) struct Epoch {
    pub(crate) id: String,
    pub(crate) cipher: Aes256Gcm,
    pub(crate) issued_at: u64,
    pub(crate) valid_until: Option<u64>,
}

impl Epoch {
    /// Makes a key from the kernel's random numbers and publishes it.
    pub(crate) fn begin(audience: &str, store: &dyn EpochStore, now: u64) -> Result<(Self, Vec<String>), Withheld> {
        let mut key = Zeroizing::new([0u8; EPOCH_KEY_BYTES]);
        getrandom::fill(key.as_mut()).map_err(|_| Withheld::NoEntropy)?;
        let id = epoch_id(audience, &key);
        let published = store.publish(&NewEpoch { audience, id: &id, issued_at: now, key: &key }, now)?;
        let cipher = Aes256Gcm::new((&*key).into());
        Ok((Self { id, cipher, issued_at: now, valid_until: published.valid_until }, published.left_out))
    }
}
