//! Where a token stands, as far as its marker depends on that.

use std::ops::Range;

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

/// What the run of a URL is made of, as far as it matters here.
fn is_url(b: u8) -> bool {
    let sign = matches!(b, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~' | b'%' | b'\\' | b'&' | b'#' | b';' | b'!' | 0);
    b.is_ascii_alphanumeric() || sign
}

/// What of a token's surroundings decides with it; nothing before `floor` is seen. In a key every marker is the short one.
pub(crate) fn site_in<'s>(buffer: &[u8], source: &'s str, is_key: bool, floor: usize, span: Range<usize>) -> Site<'s> {
    let before = buffer.get(floor..span.start).unwrap_or_default();
    let place = if is_key { Place::Short } else { place(before, buffer.get(span.end).copied()) };
    Site { place, ..Site::of(source) }.behind(before)
}

/// Where a token stands, as far as its own run of bytes tells: the run of a URL begins with the `//` behind its scheme,
/// that of a request's path with `/`; a `?` ends the run, so what follows it is a query. A password in userinfo is
/// followed by `@`.
fn place(before: &[u8], next: Option<u8>) -> Place {
    let run = before.iter().rev().take(URL_BYTES_MAX).take_while(|&&b| is_url(b)).count();
    let before = before.get(before.len() - run..).unwrap_or_default();
    let path = before.first() == Some(&b'/') && !before.contains(&b'#') && !before.contains(&b'&') && !before.contains(&b'=');
    if path || next == Some(b'@') { Place::Short } else { Place::Text }
}

/// How far back the beginning of a URL is looked for.
const URL_BYTES_MAX: usize = 2048;
