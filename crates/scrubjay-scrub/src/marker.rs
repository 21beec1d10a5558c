//! The marker: the text that stands where a token stood (DESIGN §6).
//!
//! `kind(name:value~name:value…)`, ASCII; a list repeats its name. Bytes outside `A-Za-z0-9._-/:@` are written `!HH`, which
//! no URL, JSON, HTML or MIME decoder touches, so decoding a marker changes nothing. In a name `:` is written so too.

mod draft;

use std::fmt;

pub(crate) use draft::{Draft, Field};

/// Largest marker in bytes unless the limit `marker_bytes_max` says otherwise (DESIGN §10). Values that would pass it are
/// left out, with `why:size`; a marker is never cut.
pub const MARKER_BYTES_MAX: usize = 16 * 1024;

/// Where a token stands, as far as it decides the marker's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Anywhere that takes the whole marker.
    Text,
    /// In a URL's path or userinfo, or in a key: the short form, the fingerprint only.
    Short,
}

/// A marker as data: what it says, in its order.
///
/// ```
/// use scrubjay_scrub::Marker;
///
/// let text = "jwt(class:access~iss:idp.example~aud:a~aud:b~exp:2026-11-23T12:00:00Z)";
/// let marker = Marker::parse(text).expect("a marker");
/// assert_eq!((marker.kind.as_str(), marker.get("iss")), ("jwt", Some("idp.example")));
/// assert_eq!(marker.all("aud").collect::<Vec<_>>(), ["a", "b"]);
/// assert_eq!(marker.to_string(), text);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// `jwt`, `jwe`, `sdjwt`, `jwk`, `pem`, or `secret` for what is no token.
    pub kind: String,
    /// Names and values, unescaped, in the order in which they are written.
    pub fields: Vec<(String, String)>,
}

impl Marker {
    /// A marker that says nothing yet.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        Self { kind: kind.to_owned(), fields: Vec::new() }
    }

    /// Adds a value.
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        self.fields.push((name.to_owned(), value.into()));
    }

    /// The first value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Length as written, in bytes.
    #[must_use]
    pub fn written_len(&self) -> usize {
        Draft::from(self).written_len()
    }

    /// The short form: the fingerprint, and where there is none what is missing, why, or what it was. Sealed values stay, because they pass
    /// only beside their fingerprint (DESIGN §4).
    #[must_use]
    pub fn short(&self) -> Self {
        let told: &[&str] = if self.get("fp").is_some() { &["fp", "sealed"] } else { &["cut", "why"] };
        let some = |names: &[&str]| -> Vec<_> { self.fields.iter().filter(|(n, _)| names.contains(&n.as_str())).cloned().collect() };
        let fields = some(told);
        Self { kind: self.kind.clone(), fields: if fields.is_empty() { some(&["class"]) } else { fields } }
    }

    /// Reads a marker; the whole text has to be one. `None`: it is none in our form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('(')?;
        let inside = rest.strip_suffix(')')?;
        if kind.is_empty() || !kind.bytes().all(|b| b.is_ascii_lowercase()) {
            return None;
        }
        let mut marker = Self::new(kind);
        if inside.is_empty() {
            return Some(marker);
        }
        for pair in inside.split('~') {
            let (name, value) = pair.split_once(':')?;
            let name = unescape(name)?;
            if name.is_empty() {
                return None;
            }
            marker.fields.push((name, unescape(value)?));
        }
        Some(marker)
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Draft::from(self).written())
    }
}

/// Length of a field as written, in bytes.
fn field_len(name: &str, value: &str) -> usize {
    let odd = |text: &str, plain: &[bool; 256]| text.bytes().filter(|&b| plain.get(usize::from(b)) == Some(&false)).count();
    name.len() + 1 + value.len() + 2 * (odd(name, &PLAIN) + odd(value, &PLAIN_VALUE))
}

fn is_plain(b: u8, colon: bool) -> bool {
    let plain = if colon { &PLAIN_VALUE } else { &PLAIN };
    plain.get(usize::from(b)) == Some(&true)
}

/// What is written as it is in names.
static PLAIN: [bool; 256] = plain(false);
/// What is written as it is in values.
static PLAIN_VALUE: [bool; 256] = plain(true);

#[expect(clippy::indexing_slicing, reason = "all of it happens when this is compiled")]
const fn plain(colon: bool) -> [bool; 256] {
    let mut plain = [false; 256];
    let mut b = 0;
    while b < plain.len() {
        plain[b] = match b as u8 {
            b':' => colon,
            b'.' | b'_' | b'-' | b'/' | b'@' => true,
            b => b.is_ascii_alphanumeric(),
        };
        b += 1;
    }
    plain
}

/// Plain stretches as they are, everything else as `!HH`.
fn escape(text: &str, colon: bool, written: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| !is_plain(b, colon)) {
        // Every byte before `at` is ASCII, so it is a boundary; of a character of several bytes each is written.
        let (plain, odd) = rest.split_at_checked(at).unwrap_or((rest, ""));
        written.push_str(plain);
        let char_len = odd.chars().next().map_or(0, char::len_utf8);
        for b in odd.bytes().take(char_len) {
            let digit = |n: u8| char::from(if n < 10 { b'0' + n } else { b'A' + n - 10 });
            written.extend(['!', digit(b >> 4), digit(b & 15)]);
        }
        rest = odd.get(char_len..).unwrap_or_default();
    }
    written.push_str(rest);
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        if b == b'!' {
            let digit = |b: u8| char::from(b).to_digit(16).filter(|_| !b.is_ascii_lowercase());
            let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else if is_plain(b, true) {
            bytes.push(b);
        } else {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}

/// The marker of a credential that is no token: the rule that found it, and nothing of the credential. `why` where it was
/// withheld unseen.
#[must_use]
pub fn of_secret(rule: &str, why: Option<&str>) -> String {
    let mut m = Marker::new("secret");
    m.add("rule", rule);
    if let Some(why) = why {
        m.add("why", why);
    }
    m.to_string()
}

/// The marker of a place that could not be decided.
#[must_use]
pub fn withheld(kind: &str, why: &str) -> String {
    let mut m = Marker::new(kind);
    m.add("why", why);
    m.to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_marker() {
        for text in [
            "",
            "jwt",
            "jwt(",
            "jwt)",
            "(a:b)",
            "JWT(a:b)",
            "jwt(a)",
            "jwt(:b)",
            "jwt(a:b~)",
            "jwt(a:b!2)",
            "jwt(a:!2a)",
            "jwt(a:b c)",
            "jwt(a:!FF)",
        ] {
            assert_eq!(Marker::parse(text), None, "{text}");
        }
        assert_eq!(Marker::parse("jwt()"), Some(Marker::new("jwt")));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(fields in prop::collection::vec((".{1,12}", ".{0,40}"), 0..6)) {
            let marker = Marker { kind: "jwt".into(), fields };
            let text = marker.to_string();
            prop_assert!(text.is_ascii());
            prop_assert_eq!(text.len(), marker.written_len());
            prop_assert!(text.bytes().all(|b| is_plain(b, true) || b"!~()".contains(&b)));
            prop_assert_eq!(Marker::parse(&text), Some(marker));
        }
    }
}
