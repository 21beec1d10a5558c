//! Exit codes (DESIGN §9).

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All input was processed.
    Done,
    /// Some input could not be read, or some output could not be written; the rest was processed.
    Partly,
    /// Usage or configuration.
    Usage,
    /// `--strict`: something was replaced or withheld.
    Strict,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Partly => 1,
            Exit::Usage => 2,
            Exit::Strict => 3,
        })
    }
}

/// Says what went wrong, without any content of a record.
pub(crate) fn complain(what: &str) {
    eprintln!("scrubjay: {what}");
}
