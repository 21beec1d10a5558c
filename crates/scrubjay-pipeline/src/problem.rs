//! Something went wrong that a person should know of.

use std::fmt;

/// A problem with a place, told without any content of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: a path, a topic, an address; taken from the configuration, or scrubbed.
    pub place: String,
    /// What happened, in a few words.
    pub what: String,
    /// What the reader can do about it.
    pub remedy: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)?;
        if !self.remedy.is_empty() {
            write!(f, " ({})", self.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
