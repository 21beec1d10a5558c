//! What was looked at already: equal texts are not looked at twice, on whatever ways they are reached.

use std::collections::HashMap;

/// Texts that were looked at, and how many layers deep.
#[derive(Default)]
pub(super) struct Seen(HashMap<Vec<u8>, usize>);

impl Seen {
    pub(super) fn has(&self, text: &[u8], depth: usize) -> bool {
        self.0.get(text).is_some_and(|&d| d >= depth)
    }

    pub(super) fn add(&mut self, text: &[u8], depth: usize) {
        self.0.insert(text.to_vec(), depth);
    }
}

/// Views of one text that were looked at. What is found beneath a view that is not sure may be turned down: it is no reason to pass
/// over the same view elsewhere, but it is one to do so beneath the same view.
#[derive(Default)]
pub(super) struct Views {
    sure: Seen,
    /// Beneath each view that is not sure and leads to the text at hand.
    doubtful: Vec<Seen>,
}

impl Views {
    pub(super) fn has(&self, text: &[u8], depth: usize) -> bool {
        self.sure.has(text, depth) || self.doubtful.iter().any(|seen| seen.has(text, depth))
    }

    /// `barren`: nothing was found in it that could be turned down.
    pub(super) fn add(&mut self, text: &[u8], depth: usize, barren: bool) {
        let seen = if barren { None } else { self.doubtful.last_mut() };
        seen.unwrap_or(&mut self.sure).add(text, depth);
    }

    /// What follows is beneath a view that is not sure, up to [`Self::settle`].
    pub(super) fn doubt(&mut self) {
        self.doubtful.push(Seen::default());
    }

    /// What was beneath the last view that is not sure is told by that.
    pub(super) fn settle(&mut self) {
        self.doubtful.pop();
    }

    /// The text at hand is beneath a view that is not sure.
    pub(super) fn in_doubt(&self) -> bool {
        !self.doubtful.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beneath_a_doubtful_view_equal_texts_are_one_and_elsewhere_another() {
        let mut views = Views::default();
        views.doubt();
        views.add(b"fruitful", 2, false);
        views.add(b"barren", 2, true);
        assert!(views.has(b"fruitful", 2) && views.has(b"fruitful", 1) && !views.has(b"fruitful", 3));
        views.doubt();
        assert!(views.has(b"fruitful", 2) && views.in_doubt());
        views.add(b"inner", 2, false);
        views.settle();
        assert!(!views.has(b"inner", 2));
        views.settle();
        assert!(!views.has(b"fruitful", 2) && views.has(b"barren", 2) && !views.in_doubt());
        views.add(b"fruitful", 2, false);
        views.doubt();
        assert!(views.has(b"fruitful", 2));
    }
}
