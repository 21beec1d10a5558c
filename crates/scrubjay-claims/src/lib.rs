//! Keyed fingerprints and sealed claim sets: what may still be told of a token once it is gone, and to whom.
//!
//! It never sees a token as such, only its parts and claims; it holds public keys of those who may open, and no private
//! key but for `reveal`.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod ath;
mod claim_set;
mod date;
mod epoch;
mod fingerprint;
#[cfg(feature = "jose")]
pub mod jose;
mod pseudonym;
mod ring;
mod ring_file;
mod seal;

pub use ath::{ATH_CHARS, ath};
pub use claim_set::{BUCKETS_BYTES, CannotOpen, ClaimSet, Mode};
pub use date::{DATE_SECONDS_MAX, rfc3339};
pub use epoch::{EPOCH_KEY_BYTES, EpochStore, NewEpoch, Published, epoch_id};
pub use fingerprint::{FingerprintKey, KEY_BYTES_MAX, KEY_BYTES_MIN, KeyError};
pub use pseudonym::low_entropy;
pub use ring::{ActiveKeys, CorrelationRing, Period, RingError, RingKey};
pub use ring_file::{RING_BYTES_MAX, RING_KEYS_MAX, RingFileError, Schedule};
pub use seal::{
    AUDIENCE_BYTES_MAX, Alarm, EPOCH_AGE_MAX_S, EPOCH_SEALS_MAX, EpochLimits, PUBLISH_RETRY_S, Sealer, Standalone, Withheld, is_audience,
};
