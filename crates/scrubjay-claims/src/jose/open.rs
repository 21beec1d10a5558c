//! Opens claim sets with private keys and epoch records: the half that `reveal` is made of.

use std::collections::HashMap;
use std::fmt;

use zeroize::Zeroizing;

use super::audit::Receipt;
use super::identity::{AgentKeys, Origin};
use super::key::PrivateKey;
use super::record::EpochKey;
use super::records::Records;
use super::standalone;
use crate::CannotOpen;
use crate::claim_set::{ClaimSet, Mode};

/// Most epoch keys that are kept at a time.
const EPOCHS_KEPT_MAX: usize = 4096;

/// Why a claim set was not opened. The first two are said of public names only, before any cryptography.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unopened {
    /// No record of its epoch is in the epochs files.
    NoRecord,
    /// It is for other recipients.
    OtherRecipients,
    /// It cannot be opened, for a reason that is not told.
    CannotOpen,
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRecord => "no record of its epoch in the epochs files",
            Self::OtherRecipients => "for other recipients",
            Self::CannotOpen => "it cannot be opened",
        })
    }
}

impl From<CannotOpen> for Unopened {
    fn from(CannotOpen: CannotOpen) -> Self {
        Self::CannotOpen
    }
}

/// The claims of one token for one audience. They are wiped on drop.
pub struct Opened {
    /// Whom they were sealed for. `None` in standalone mode, where no audience is named.
    pub audience: Option<String>,
    /// The agent that says to have sealed them.
    pub agent: Option<String>,
    /// Whether that agent has signed for it.
    pub origin: Origin,
    /// The fingerprint that they are bound to.
    pub fp: String,
    /// The JSON object of the claims.
    pub claims: Zeroizing<String>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("audience", &self.audience).field("fp", &self.fp).finish_non_exhaustive()
    }
}

/// Private keys, agents' public keys and epoch records.
pub struct Opener {
    keys: Vec<PrivateKey>,
    agents: AgentKeys,
    records: Records,
    epochs: HashMap<String, Result<EpochKey, Unopened>>,
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("keys", &self.keys).field("records", &self.records).finish_non_exhaustive()
    }
}

impl Opener {
    /// Opens what is sealed to `keys` in epochs of `records`; origins are judged by `agents`.
    #[must_use]
    pub fn new(keys: Vec<PrivateKey>, records: Records, agents: AgentKeys) -> Self {
        Self { keys, agents, records, epochs: HashMap::new() }
    }

    /// Opens a claim set. `_receipt` proves that an entry in the audit log is durable: there is no other way to a claim.
    ///
    /// # Errors
    /// [`Unopened`].
    pub fn open(&mut self, set: &ClaimSet<'_>, _receipt: &Receipt) -> Result<Opened, Unopened> {
        if set.mode == Mode::Standalone {
            let key = self.keys.iter().find(|key| key.is_named(&set.kid)).ok_or(Unopened::OtherRecipients)?;
            let claims = standalone::open(set, key)?;
            return Ok(Opened { audience: None, agent: None, origin: Origin::Unsigned, fp: set.fp.clone(), claims });
        }
        let epoch = self.epoch(&set.kid).as_ref().map_err(|why| *why)?;
        let claims = set.open(&epoch.key)?;
        let (audience, agent) = (Some(epoch.audience.clone()), Some(epoch.agent.clone()));
        Ok(Opened { audience, agent, origin: epoch.origin.clone(), fp: set.fp.clone(), claims })
    }

    fn epoch(&mut self, id: &str) -> &Result<EpochKey, Unopened> {
        if !self.epochs.contains_key(id) {
            if self.epochs.len() >= EPOCHS_KEPT_MAX {
                self.epochs.clear();
            }
            let found = self.find(id);
            self.epochs.insert(id.to_owned(), found);
        }
        self.epochs.get(id).unwrap_or(&Err(Unopened::NoRecord))
    }

    /// The key of an epoch, from the first of its records that one of our keys opens.
    fn find(&mut self, id: &str) -> Result<EpochKey, Unopened> {
        let records = self.records.of(id);
        if records.is_empty() {
            return Err(Unopened::NoRecord);
        }
        let mut why = Unopened::OtherRecipients;
        for record in &records {
            for key in self.keys.iter().filter(|key| record.is_for(key)) {
                match record.open(key, &self.agents) {
                    Ok(epoch) => return Ok(epoch),
                    Err(CannotOpen) => why = Unopened::CannotOpen,
                }
            }
        }
        Err(why)
    }
}
