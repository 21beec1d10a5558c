//! What is wrong with a rule, where, and what mends it.

use std::fmt;

/// A place in a rule file, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// A mistake in a rule, a rule file or a selection. Shown as `FILE:LINE:COLUMN: rule "id": what (remedy)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file as the caller named it; empty for a rule or selection that came from no file.
    pub file: String,
    /// Where in it.
    pub place: Option<Place>,
    /// The rule's id, where one is known.
    pub rule: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What mends it.
    pub remedy: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:", self.file)?;
            if let Some(Place { line, column }) = self.place {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        if let Some(rule) = &self.rule {
            write!(f, "rule {rule:?}: ")?;
        }
        write!(f, "{} ({})", self.what, self.remedy)
    }
}

impl std::error::Error for Mistake {}
