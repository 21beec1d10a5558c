//! Where a token stands, as far as its marker depends on that.

use scrubjay_token::{Class, Found, named_class};

use crate::marker::Place;

/// What of a token's surroundings decides with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site<'s> {
    /// The source that its record came from: rules of the policy may ask for it.
    pub source: &'s str,
    /// How much of a marker fits there.
    pub place: Place,
    /// The class that the name in front of it gives (`id_token=`), for a token that does not tell its own.
    pub named: Option<Class>,
}

impl<'s> Site<'s> {
    /// In a record of this source, in ordinary text, without a name.
    #[must_use]
    pub fn of(source: &'s str) -> Self {
        Self { source, place: Place::Text, named: None }
    }

    /// Where a token was found in a text of this source, in ordinary text.
    #[must_use]
    pub fn of_found(source: &'s str, text: &[u8], found: &Found) -> Self {
        Self::of(source).behind(text.get(..found.span().start).unwrap_or_default())
    }

    /// Behind this text.
    #[must_use]
    pub fn behind(self, text: &[u8]) -> Self {
        Self { named: named_class(text), ..self }
    }
}
