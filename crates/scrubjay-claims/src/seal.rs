//! Seals the claims of a token for an audience.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::claim_set::{self, IV_BYTES};
use crate::epoch::{Epoch, EpochStore};

/// Most claim sets under one key: random IVs of 96 bits allow 2^32 (NIST SP 800-38D §8.3), we stop well before.
pub const EPOCH_SEALS_MAX: u64 = 1 << 28;
/// Age in seconds at which an epoch is replaced.
pub const EPOCH_AGE_MAX_S: u64 = 3600;
/// Seconds until a record that could not be made durable is tried again. Each try waits for a disk or a broker.
pub const PUBLISH_RETRY_S: u64 = 5;
/// Longest name of an audience in bytes.
pub const AUDIENCE_BYTES_MAX: usize = 64;
/// Seconds by which `now` may run backwards: workers read the clock at different instants.
const CLOCK_SLACK_S: u64 = 60;
/// Most alarms that are kept until somebody takes them.
const ALARMS_MAX: usize = 64;

/// Why claims were not sealed. They are dropped then, and the marker says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Withheld {
    /// Nobody is known by that name.
    NoAudience,
    /// No recipient of the audience has a key that is valid now.
    NoRecipient,
    /// The epoch's record could not be made durable.
    NoRecord,
    /// The claims do not fit the largest bucket, 4096 bytes.
    Size,
    /// The token has no fingerprint to bind the claims to, or they are no JSON object.
    Unbound,
    /// The system gave no random bytes.
    NoEntropy,
    /// A cryptographic operation failed.
    Crypto,
}

impl Withheld {
    /// The reason as a marker says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoAudience => "no-audience",
            Self::NoRecipient => "no-recipient",
            Self::NoRecord => "no-epoch-record",
            Self::Size => "size",
            Self::Unbound => "unbound",
            Self::NoEntropy => "no-entropy",
            Self::Crypto => "crypto",
        }
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for Withheld {}

/// Something that whoever runs the agent should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// A recipient's key has expired or is not valid yet: it was left out of an epoch's record.
    LeftOut {
        /// Whose recipient it is.
        audience: String,
        /// The key's id.
        kid: String,
    },
    /// An epoch could not begin, so that nothing is sealed for its audience.
    NoEpoch {
        /// Whose epoch.
        audience: String,
        /// Why.
        why: Withheld,
    },
}

/// Makes claim sets that hold for themselves, without an epoch ([`crate::Mode::Standalone`]).
pub trait Standalone: Send + Sync {
    /// One claim set for each recipient of the audience. `plain` is padded already; `now` is in seconds since 1970. Key ids
    /// of recipients that were left out go to `left_out`.
    ///
    /// # Errors
    /// [`Withheld`].
    fn seal(&self, audience: &str, fp: &str, plain: &[u8], now: u64, left_out: &mut Vec<String>) -> Result<Vec<String>, Withheld>;
}

/// When an epoch is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochLimits {
    /// Seconds, [`EPOCH_AGE_MAX_S`] by default.
    pub age_max_s: u64,
    /// Claim sets, [`EPOCH_SEALS_MAX`] by default and at most.
    pub seals_max: u64,
}

impl Default for EpochLimits {
    fn default() -> Self {
        Self { age_max_s: EPOCH_AGE_MAX_S, seals_max: EPOCH_SEALS_MAX }
    }
}

enum How {
    Epochs(Arc<dyn EpochStore>),
    Standalone(Arc<dyn Standalone>),
}

/// Seals claims, for each audience under a key of its own that only the audience's private keys can bring back. It is shared
/// by all workers of a process.
pub struct Sealer {
    how: How,
    limits: EpochLimits,
    audiences: BTreeMap<String, Mutex<Open>>,
    alarms: Mutex<Vec<Alarm>>,
}

/// What is open for an audience.
#[derive(Default)]
struct Open {
    epoch: Option<Arc<Epoch>>,
    seals: u64,
    /// After a failure: what it was, and when to try again.
    failed: Option<(Withheld, u64)>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("audiences", &self.audiences.keys()).finish_non_exhaustive()
    }
}

impl Sealer {
    /// A sealer with a key for each audience and epoch, whose records go to `store`.
    #[must_use]
    pub fn new(audiences: impl IntoIterator<Item = String>, store: Arc<dyn EpochStore>, limits: EpochLimits) -> Self {
        Self::with(audiences, How::Epochs(store), limits)
    }

    /// A sealer that wraps a key for each claim set: 50 to 100 times slower, and no epochs are needed to open what it made.
    #[must_use]
    pub fn standalone(audiences: impl IntoIterator<Item = String>, recipients: Arc<dyn Standalone>) -> Self {
        Self::with(audiences, How::Standalone(recipients), EpochLimits::default())
    }

    fn with(audiences: impl IntoIterator<Item = String>, how: How, limits: EpochLimits) -> Self {
        let audiences = audiences.into_iter().filter(|name| is_audience(name)).map(|name| (name, Mutex::default())).collect();
        let limits = EpochLimits { seals_max: limits.seals_max.clamp(1, EPOCH_SEALS_MAX), ..limits };
        Self { how, limits, audiences, alarms: Mutex::default() }
    }

    /// The audiences that can be sealed to.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.audiences.keys().map(String::as_str)
    }

    /// Seals the JSON object `claims_json` of the token with the fingerprint `fp`: a compact JWE for the epoch's key, or in
    /// standalone mode one for each recipient. Equal claims give different bytes each time. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Withheld`]: then the claims may not be shown anywhere.
    pub fn seal(&self, audience: &str, fp: &str, claims_json: &str, now: u64) -> Result<Vec<String>, Withheld> {
        let open = self.audiences.get(audience).ok_or(Withheld::NoAudience)?;
        if !claim_set::is_fingerprint(fp) || !claim_set::is_object(claims_json) {
            return Err(Withheld::Unbound);
        }
        let plain = claim_set::padded(claims_json).ok_or(Withheld::Size)?;
        let store = match &self.how {
            How::Epochs(store) => store,
            How::Standalone(recipients) => {
                let mut left_out = Vec::new();
                let sealed = recipients.seal(audience, fp, &plain, now, &mut left_out);
                self.left_out(audience, left_out);
                return sealed;
            }
        };
        let epoch = self.current(audience, open, store.as_ref(), now)?;
        let mut iv = [0u8; IV_BYTES];
        getrandom::fill(&mut iv).map_err(|_| Withheld::NoEntropy)?;
        claim_set::seal(&epoch.cipher, &epoch.id, fp, iv, plain).map(|text| vec![text]).ok_or(Withheld::Crypto)
    }

    /// Ends the epochs of one audience, or of all: the next seal begins a new one. To be called when recipients or the policy
    /// change.
    pub fn close(&self, audience: Option<&str>) {
        for (_, open) in self.audiences.iter().filter(|(name, _)| audience.is_none_or(|a| a == name.as_str())) {
            *locked(open) = Open::default();
        }
    }

    /// What has come up since it was last asked, without repetitions. At most 64 are kept.
    pub fn take_alarms(&self) -> Vec<Alarm> {
        std::mem::take(&mut *locked(&self.alarms))
    }

    /// The epoch to seal with, counted once more. Begins one when there is none or it has had its time; others who want to
    /// seal for the same audience wait for that, since they need it too.
    fn current(&self, audience: &str, open: &Mutex<Open>, store: &dyn EpochStore, now: u64) -> Result<Arc<Epoch>, Withheld> {
        let mut open = locked(open);
        let fits = |epoch: &&Arc<Epoch>| {
            now < epoch.issued_at.saturating_add(self.limits.age_max_s)
                && now.saturating_add(CLOCK_SLACK_S) >= epoch.issued_at
                && epoch.valid_until.is_none_or(|end| now < end)
                && open.seals < self.limits.seals_max
        };
        if let Some(epoch) = open.epoch.as_ref().filter(fits).cloned() {
            open.seals += 1;
            return Ok(epoch);
        }
        open.epoch = None;
        if let Some((why, retry_at)) = open.failed
            && now < retry_at
            && retry_at - now <= PUBLISH_RETRY_S
        {
            return Err(why);
        }
        match Epoch::begin(audience, store, now) {
            Ok((epoch, left_out)) => {
                let epoch = Arc::new(epoch);
                *open = Open { epoch: Some(Arc::clone(&epoch)), seals: 1, failed: None };
                self.left_out(audience, left_out);
                Ok(epoch)
            }
            Err(why) => {
                open.failed = Some((why, now.saturating_add(PUBLISH_RETRY_S)));
                self.alarm(Alarm::NoEpoch { audience: audience.to_owned(), why });
                Err(why)
            }
        }
    }

    fn left_out(&self, audience: &str, kids: Vec<String>) {
        for kid in kids {
            self.alarm(Alarm::LeftOut { audience: audience.to_owned(), kid });
        }
    }

    fn alarm(&self, alarm: Alarm) {
        let mut alarms = locked(&self.alarms);
        if alarms.len() < ALARMS_MAX && !alarms.contains(&alarm) {
            alarms.push(alarm);
        }
    }
}

/// A name that may stand in a record and in a file's name: letters, digits, `.`, `_`, `-`, at most 64, the first a letter or digit.
#[must_use]
pub fn is_audience(name: &str) -> bool {
    name.len() <= AUDIENCE_BYTES_MAX
        && name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Nothing is left half done by a panic under these locks, so that a poisoned one is as good as any.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
