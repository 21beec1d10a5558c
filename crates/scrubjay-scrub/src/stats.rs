//! Counts of what was seen and done.

use std::collections::BTreeMap;

/// Counts over some stretch of input. They name kinds and reasons, never content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes given out.
    pub bytes_out: u64,
    /// Lines or messages read. A last line without its newline counts when its lane ends.
    pub records: u64,
    /// Tokens replaced, by class (`access`, `id`, `jwe`, …).
    pub classes: BTreeMap<&'static str, u64>,
    /// Tokens replaced, by `alg` as the marker shows it (a registered name, or `other`; `none` included).
    pub algs: BTreeMap<&'static str, u64>,
    /// Other credentials replaced, by the id of the rule that found them.
    pub rules: BTreeMap<String, u64>,
    /// Claim sets sealed.
    pub sealed: u64,
    /// Places withheld because they could not be decided, and claims that could not be sealed, by reason (`oversize`, `no-recipient`, …).
    pub withheld: BTreeMap<&'static str, u64>,
}

impl Stats {
    /// Number of tokens replaced.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.classes.values().sum()
    }

    /// Number of other credentials replaced.
    #[must_use]
    pub fn secrets(&self) -> u64 {
        self.rules.values().sum()
    }

    /// Number of places withheld.
    #[must_use]
    pub fn withheld_total(&self) -> u64 {
        self.withheld.values().sum()
    }

    /// Adds another stretch to this one.
    pub fn add(&mut self, other: &Self) {
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.records += other.records;
        self.sealed += other.sealed;
        for (into, from) in [(&mut self.classes, &other.classes), (&mut self.algs, &other.algs), (&mut self.withheld, &other.withheld)] {
            for (name, count) in from {
                *into.entry(name).or_default() += count;
            }
        }
        for (rule, count) in &other.rules {
            match self.rules.get_mut(rule) {
                Some(sum) => *sum += count,
                None => _ = self.rules.insert(rule.clone(), *count),
            }
        }
    }
}
