//! A marker in the making: most of what it says is borrowed from the token and the policy.

use std::borrow::Cow;

use super::{Marker, escape, field_len};

/// Fields that most markers have no more of.
const FIELDS_FEW: usize = 16;

/// A [`Marker`] that is not finished.
#[derive(Clone)]
pub(crate) struct Draft<'a> {
    pub(crate) kind: &'a str,
    /// In the order in which they are written.
    pub(crate) fields: Vec<Field<'a>>,
}

/// A name and its value, unescaped.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: Cow<'a, str>,
    /// Length as written, in bytes.
    pub(crate) len: usize,
}

impl<'a> Field<'a> {
    pub(crate) fn new(name: Cow<'a, str>, value: Cow<'a, str>) -> Self {
        Self { len: field_len(&name, &value), name, value }
    }

    fn write(&self, written: &mut String) {
        if self.len == self.name.len() + 1 + self.value.len() {
            // Of every other byte more is written.
            written.push_str(&self.name);
            written.push(':');
            written.push_str(&self.value);
        } else {
            escape(&self.name, false, written);
            written.push(':');
            escape(&self.value, true, written);
        }
    }
}

impl<'a> Draft<'a> {
    /// A marker that says nothing yet, with room for what most say.
    pub(crate) fn new(kind: &'a str) -> Self {
        Self { kind, fields: Vec::with_capacity(FIELDS_FEW) }
    }

    /// Adds a value.
    pub(crate) fn add(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.fields.push(Field::new(name.into(), value.into()));
    }

    /// All values of a name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |field| field.name == name).map(|field| &*field.value)
    }

    /// The marker as it is written.
    pub(crate) fn written(&self) -> String {
        let mut written = String::with_capacity(self.written_len());
        written.push_str(self.kind);
        for (i, field) in self.fields.iter().enumerate() {
            written.push(if i == 0 { '(' } else { '~' });
            field.write(&mut written);
        }
        written.push_str(if self.fields.is_empty() { "()" } else { ")" });
        written
    }

    /// Length as written, in bytes.
    pub(crate) fn written_len(&self) -> usize {
        let fields: usize = self.fields.iter().map(|field| field.len).sum();
        self.kind.len() + 2 + fields + self.fields.len().saturating_sub(1)
    }

    /// Leaves out values, from the last one on and never the fingerprint, until the marker fits into `bytes_max`; then it
    /// says `why:size`. Kind, fingerprint and reason always stay.
    pub(crate) fn fit(&mut self, bytes_max: usize) {
        let mut written = self.written_len();
        if written <= bytes_max {
            return;
        }
        written += "~why:size".len();
        let mut at = self.fields.len();
        while written > bytes_max && at > 0 {
            at -= 1;
            if self.fields.get(at).is_some_and(|field| !matches!(&*field.name, "fp" | "why")) {
                written -= self.fields.remove(at).len + 1;
            }
        }
        self.add("why", "size");
    }
}

impl<'a> From<&'a Marker> for Draft<'a> {
    fn from(marker: &'a Marker) -> Self {
        let fields = marker.fields.iter().map(|(name, value)| Field::new(name.into(), value.into()));
        Self { kind: &marker.kind, fields: fields.collect() }
    }
}

impl From<&Draft<'_>> for Marker {
    fn from(draft: &Draft<'_>) -> Self {
        let fields = draft.fields.iter().map(|field| (field.name.to_string(), field.value.to_string()));
        Self { kind: draft.kind.to_owned(), fields: fields.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_over_the_limit_keeps_its_fingerprint_and_says_so() {
        let mut marker = Draft::new("jwt");
        marker.add("class", "id");
        for n in 0..50 {
            marker.add("aud", format!("audience-{n}-é"));
        }
        marker.add("fp", "f1_x");
        for bytes_max in [40, 100, 256, 1000] {
            let mut small = marker.clone();
            small.fit(bytes_max);
            let text = small.written();
            assert!(text.len() <= bytes_max && text.len() == small.written_len(), "{text}");
            assert!(text.contains("fp:f1_x") && text.ends_with("why:size)"), "{text}");
        }
        let mut whole = marker.clone();
        whole.fit(marker.written_len());
        assert_eq!(whole.written(), marker.written());
    }

    proptest::proptest! {
        #[test]
        fn a_draft_is_written_as_its_marker(fields in proptest::collection::vec((".{1,12}", ".{0,40}"), 0..6)) {
            let mut draft = Draft::new("jwt");
            fields.into_iter().for_each(|(name, value)| draft.add(name, value));
            let text = draft.written();
            proptest::prop_assert_eq!(text.len(), draft.written_len());
            proptest::prop_assert_eq!(text, Marker::from(&draft).to_string());
        }
    }
}
