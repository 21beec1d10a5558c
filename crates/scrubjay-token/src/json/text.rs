//! The strings of a document: all of them share one buffer, so that a document takes few allocations, whatever it says.

use std::cell::OnceCell;
use std::fmt;
use std::ops::{Deref, Range};
use std::rc::Rc;

/// A string or a number of a document; it reads as a `str`.
///
/// What a token says stays with the thread that decides of it: this is not `Send`.
#[derive(Clone)]
pub struct Text {
    said: Said,
    from: u32,
    to: u32,
}

/// The text of which all strings and numbers of a document are parts; empty until all is read.
#[derive(Clone, Default)]
pub(super) struct Said(Rc<OnceCell<String>>);

impl Said {
    /// A part of what will stand there. `None`: that is over 4 GiB.
    pub(super) fn part(&self, from: usize, to: usize) -> Option<Text> {
        Some(Text { from: from.try_into().ok()?, to: to.try_into().ok()?, said: self.clone() })
    }

    /// All is read.
    pub(super) fn fill(&self, text: String) {
        let filled = self.0.set(text);
        debug_assert!(filled.is_ok(), "a document is read once");
    }
}

impl Text {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.said.0.get().and_then(|said| said.get(self.range())).unwrap_or_default()
    }

    pub(super) fn range(&self) -> Range<usize> {
        self.from as usize..self.to as usize
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        // Most names that are asked for have another length.
        self.range().len() == other.len() && self.as_str() == other
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let said = Said::default();
        said.fill(text.to_owned());
        Self { from: 0, to: text.len().try_into().unwrap_or(u32::MAX), said }
    }
}
