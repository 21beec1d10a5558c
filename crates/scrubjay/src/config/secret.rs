//! A value that must not be seen.

use std::fmt;

use zeroize::Zeroizing;

/// A password or a key. Its `Debug` tells nothing; it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value in.
    pub(super) fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value, for the one who needs it. Never for a message.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
