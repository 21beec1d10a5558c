//! What is known of a lane between two buffers.

use scrubjay_rules::LineWords;

/// State that a lane carries from one buffer to the next.
#[derive(Default)]
pub(crate) struct LaneState {
    /// Inside an over-long run whose beginning was withheld: it is swallowed to its end.
    pub(super) swallowing: bool,
    /// The next byte continues a line whose beginning is decided.
    pub(super) mid_line: bool,
    /// In a line that holds an object longer than the token limit: what may belong to it is withheld to the line's end.
    pub(super) withholding: bool,
    /// Inside an object of ours of which a value was swallowed: how its strings are quoted. What of it follows goes, too.
    pub(super) object: Option<Vec<u8>>,
    /// What the rules for other credentials ask of the beginning of a line that is decided in parts.
    pub(super) words: LineWords,
    /// What comes is no record but a key or a header of one: no field is put into it.
    pub(super) is_bare: bool,
    /// It is a key: equal keys have to stay equal, so every marker in it is the short one.
    pub(super) is_key: bool,
    /// The line before what comes, decided as it is: what the next one is may depend on it. Empty: there is none, or it is over the limit.
    pub(super) before: Vec<u8>,
}

impl LaneState {
    /// For a header of a record.
    pub(crate) fn bare() -> Self {
        Self { is_bare: true, ..Self::default() }
    }

    /// For the key of a record.
    pub(crate) fn key() -> Self {
        Self { is_bare: true, is_key: true, ..Self::default() }
    }

    /// For what comes behind this line.
    pub(crate) fn behind(line: Vec<u8>) -> Self {
        Self { before: Some(line).filter(|line| line.ends_with(b"\n")).unwrap_or_default(), ..Self::default() }
    }

    pub(crate) fn is_clean(&self) -> bool {
        !self.swallowing && !self.mid_line
    }
}
