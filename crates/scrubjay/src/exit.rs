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
    /// The shutdown deadline passed before everything was settled.
    Deadline,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Partly => 1,
            Self::Usage => 2,
            Self::Strict => 3,
            Self::Deadline => 75,
        }
    }

    /// The worse of two ends.
    pub(crate) fn worse(self, other: Self) -> Self {
        if other.code() > self.code() { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Says what went wrong, without any content of a record.
pub(crate) fn complain(what: &str) {
    eprintln!("scrubjay: {what}");
}

/// What was asked for, or what is wrong with it, said.
pub(crate) fn or_usage<T>(asked: Result<T, String>) -> Result<T, Exit> {
    asked.map_err(|what| {
        complain(&what);
        Exit::Usage
    })
}
