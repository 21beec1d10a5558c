//! The ring of correlation keys: which key makes fingerprints, pseudonyms and hashes at a given time (DESIGN §7).
//!
//! Pure: the time is an argument. Nodes with the same ring choose the same key at the same time, whatever the order of the
//! keys in their files. Where no key's period covers the time there is none: no other key stands in for it, because
//! a period that has ended was ended on purpose (docs/adr/011-key-ring.md).

use std::fmt;

use crate::FingerprintKey;

/// When a key is used, in seconds since 1970-01-01T00:00:00Z (NumericDate, RFC 7519 §2). Without limits: always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// First second; `None` is since ever (`nbf`, RFC 7519 §4.1.5).
    pub not_before: Option<i64>,
    /// First second after the last; `None` is for ever (`exp`, RFC 7519 §4.1.4: not used *on or after* it).
    pub expires: Option<i64>,
}

impl Period {
    /// True from `not_before` on and before `expires`.
    #[must_use]
    pub fn covers(&self, now: i64) -> bool {
        self.not_before.is_none_or(|start| start <= now) && self.expires.is_none_or(|end| now < end)
    }
}

/// A key and when it is used.
#[derive(Clone, Debug)]
pub struct RingKey {
    /// The key.
    pub key: FingerprintKey,
    /// Its period.
    pub period: Period,
}

/// Correlation keys with their periods, newest first. Never empty.
#[derive(Clone, Debug)]
pub struct CorrelationRing {
    /// In order of their beginning, the latest first.
    keys: Vec<RingKey>,
}

/// Keys that make no ring. Keys are named by their number, from 1, in the order in which they were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingError {
    /// No key.
    Empty,
    /// A key's period ends before it begins.
    Backwards(usize),
    /// Two keys are the same: a new period with an old key is no new period.
    SameKey(usize, usize),
    /// Two keys begin at the same time: nothing says which of them is used.
    SameStart(usize, usize),
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is no key"),
            Self::Backwards(n) => write!(f, "key {n} ends (exp) before it begins (nbf)"),
            Self::SameKey(a, b) => write!(f, "keys {a} and {b} are the same key; each period has one of its own"),
            Self::SameStart(a, b) => write!(f, "keys {a} and {b} begin at the same time (nbf), so nothing says which one is used"),
        }
    }
}

impl std::error::Error for RingError {}

impl From<FingerprintKey> for CorrelationRing {
    /// A ring of one key that is always used.
    fn from(key: FingerprintKey) -> Self {
        Self { keys: Vec::from([RingKey { key, period: Period::default() }]) }
    }
}

impl CorrelationRing {
    /// A ring of these keys, in any order.
    ///
    /// # Errors
    /// [`RingError`] when it would not say clearly which key is used when.
    pub fn new(mut keys: Vec<RingKey>) -> Result<Self, RingError> {
        if keys.is_empty() {
            return Err(RingError::Empty);
        }
        for (i, one) in keys.iter().enumerate() {
            let Period { not_before, expires } = one.period;
            if expires.is_some_and(|end| not_before.is_some_and(|start| end <= start)) {
                return Err(RingError::Backwards(i + 1));
            }
            for (j, other) in keys.iter().enumerate().take(i) {
                if other.key.id() == one.key.id() {
                    return Err(RingError::SameKey(j + 1, i + 1));
                }
                if other.period.not_before == not_before {
                    return Err(RingError::SameStart(j + 1, i + 1));
                }
            }
        }
        // No two are equal, and `None`, since ever, is the least.
        keys.sort_by_key(|k| std::cmp::Reverse(k.period.not_before));
        Ok(Self { keys })
    }

    /// All keys, the one that begins last first.
    #[must_use]
    pub fn keys(&self) -> &[RingKey] {
        &self.keys
    }

    /// The key that is used at `now` (seconds since 1970): of those whose period covers it, the one that began last.
    /// `None` when there is none, and then nothing may be fingerprinted.
    #[must_use]
    pub fn at(&self, now: i64) -> Option<&FingerprintKey> {
        self.covering(now).next()
    }

    /// The keys that act at `now`: the one of [`at`](Self::at), and the one before it where the periods overlap.
    #[must_use]
    pub fn active(&self, now: i64) -> ActiveKeys {
        let mut keys = self.covering(now);
        ActiveKeys { current: keys.next().cloned(), former: keys.next().cloned() }
    }

    fn covering(&self, now: i64) -> impl Iterator<Item = &FingerprintKey> {
        self.keys.iter().filter(move |k| k.period.covers(now)).map(|k| &k.key)
    }

    /// The next time after `now` at which [`active`](Self::active) may give something else; `None` when it never will.
    #[must_use]
    pub fn changes_after(&self, now: i64) -> Option<i64> {
        let limits = self.keys.iter().flat_map(|k| [k.period.not_before, k.period.expires]);
        limits.flatten().filter(|&limit| limit > now).min()
    }

    /// The first time from `now` on at which no key is used: the end of the ring, or a gap in it. `None` when there is
    /// always one. For warnings, so that the next key comes in time.
    #[must_use]
    pub fn uncovered_from(&self, now: i64) -> Option<i64> {
        let mut at = now;
        // Each turn leaves at least one key behind for good, so it ends.
        loop {
            let covering = self.keys.iter().filter(|k| k.period.covers(at));
            let mut last = at;
            for key in covering {
                last = last.max(key.period.expires?);
            }
            if last == at {
                return Some(at);
            }
            at = last;
        }
    }
}

/// The keys that act at one time. With none, which is also the default, everything below gives nothing: no fingerprint
/// is better than one under a key whose time is over.
#[derive(Clone, Debug, Default)]
pub struct ActiveKeys {
    current: Option<FingerprintKey>,
    former: Option<FingerprintKey>,
}

impl From<FingerprintKey> for ActiveKeys {
    fn from(key: FingerprintKey) -> Self {
        Self { current: Some(key), former: None }
    }
}

impl ActiveKeys {
    /// The key that everything is made with.
    #[must_use]
    pub fn current(&self) -> Option<&FingerprintKey> {
        self.current.as_ref()
    }

    /// The key of the period before, while the two overlap: a second fingerprint is made with it, and nothing else.
    #[must_use]
    pub fn former(&self) -> Option<&FingerprintKey> {
        self.former.as_ref()
    }

    /// The fingerprints of a token, at most two, the current key's first. A marker shows each as an `fp` of its own, so
    /// that a token which is seen while two periods overlap joins what was written before with what is written after.
    /// None for an incomplete token ([`FingerprintKey::fingerprint`]).
    pub fn fingerprints<'a>(&'a self, kind: &'a str, parts: &'a [Vec<u8>]) -> impl Iterator<Item = String> + 'a {
        self.current.iter().chain(&self.former).filter_map(move |key| key.fingerprint(kind, parts))
    }
}

#[cfg(test)]
mod tests;
