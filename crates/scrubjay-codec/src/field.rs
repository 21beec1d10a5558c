//! What is told of the tokens of a record as members of that record, in the words of whoever reads it.
//!
//! The tables are in `docs/markers.md`. Three rules hold in each vocabulary: `verified` is false, because nobody has
//! verified a signature; what the vocabulary has no word for stands in a name space of ours; and what the record says of itself
//! is never said again.

mod date;
mod ecs;
mod ocsf;
mod otel;
mod text;

use crate::json;
use text::Text;

/// Most tokens of one record that are told of in members.
pub const TOKENS_MAX: usize = 64;

/// A vocabulary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Preset {
    /// The names that markers have, one object for each token in the member `scrubjay`.
    #[default]
    Scrubjay,
    /// Elastic Common Schema 8: `related.*` and `user.hash`; the rest in `scrubjay.tokens`, as ECS advises for custom fields.
    Ecs,
    /// Open Cybersecurity Schema Framework 1.3 and later: `session`, `authentication_token`, and all of it in `unmapped.scrubjay`.
    Ocsf,
    /// OpenTelemetry attributes, flat: `user.hash`, and `scrubjay.token.*`.
    Otel,
}

impl Preset {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Scrubjay, Self::Ecs, Self::Ocsf, Self::Otel];

    /// The name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scrubjay => "scrubjay",
            Self::Ecs => "ecs",
            Self::Ocsf => "ocsf",
            Self::Otel => "otel",
        }
    }

    /// The preset of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// Names of which the record may have none, or the members are not put in: they would be there twice. Each is one name, or, where
    /// it ends in a dot, all names that begin with it.
    fn own(self) -> &'static [&'static str] {
        match self {
            Self::Scrubjay | Self::Ecs => &["scrubjay"],
            Self::Ocsf => &["unmapped"],
            Self::Otel => &["scrubjay", "scrubjay."],
        }
    }

    /// Names that are left out where the record has them, or something in their place.
    fn shared(self) -> &'static [Shared] {
        match self {
            Self::Scrubjay => &[],
            Self::Ecs => &[Shared { name: "related", under: "related." }, Shared { name: "user", under: "user." }],
            Self::Ocsf => {
                &[Shared { name: "session", under: "session." }, Shared { name: "authentication_token", under: "authentication_token." }]
            }
            Self::Otel => &[Shared { name: "user.hash", under: "user" }],
        }
    }
}

/// A member of the vocabulary that the record may have itself.
struct Shared {
    name: &'static str,
    /// The other name that stands for the same thing: flat where the member is nested, nested where it is flat. To whoever
    /// indexes a record, `{"user": "jo", "user.hash": "…"}` is a contradiction, and such a record is refused as a whole.
    under: &'static str,
}

/// What a marker tells of a token: its kind, and names with values in their order; a list repeats its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// `jwt`, `jwe` …
    pub kind: &'a str,
    /// As in the marker, without its escapes.
    pub fields: &'a [(String, String)],
}

impl<'a> Token<'a> {
    /// The first value of a name.
    fn get(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All values of a name.
    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The subject, if it is a pseudonym (DESIGN §7).
    fn pseudonym(&self) -> Option<&'a str> {
        self.get("sub").filter(|sub| is_keyed(sub, 'p'))
    }
}

/// A keyed hash of DESIGN §7: its letter, the id of its key in hexadecimal, `_`, and 128 bits in base64url.
fn is_keyed(value: &str, letter: char) -> bool {
    let Some((id, hash)) = value.strip_prefix(letter).and_then(|v| v.split_once('_')) else { return false };
    let is_hash = hash.len() == 22 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit()) && is_hash
}

/// A line with the members in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Where the text is put in, in bytes of the line.
    pub at: usize,
    /// The text.
    pub text: String,
}

/// Puts what is told of the tokens of a line into that line. `None`, and the markers have to tell it themselves: the line is not one
/// whole JSON object (see [`json::object`]), it has a member of one of our names already, or there are more than [`TOKENS_MAX`]
/// tokens, or none.
///
/// Values of `sealed` are not told: they pass only in a marker that has the token's `fp` (DESIGN §4), and stay there.
///
/// ```
/// use scrubjay_codec::field::{Preset, Token, splice};
///
/// let fields = [("class".to_owned(), "access".to_owned()), ("aud".to_owned(), "api".to_owned())];
/// let tokens = [Token { kind: "jwt", fields: &fields }];
/// let splice = splice(br#"{"auth":"Bearer jwt(fp:f1_x)"}"#, Preset::Scrubjay, &tokens).unwrap();
/// assert_eq!(splice.at, 29);
/// assert_eq!(splice.text, r#","scrubjay":[{"kind":"jwt","class":"access","aud":["api"],"verified":false}]"#);
/// ```
#[must_use]
pub fn splice(line: &[u8], preset: Preset, tokens: &[Token<'_>]) -> Option<Splice> {
    if tokens.is_empty() || tokens.len() > TOKENS_MAX {
        return None;
    }
    let (own, shared) = (preset.own(), preset.shared());
    let names: Vec<&str> = own.iter().copied().chain(shared.iter().flat_map(|s| [s.name, s.under])).collect();
    let object = json::object(line, &names)?;
    if (0..own.len()).any(|i| object.has(i)) {
        return None;
    }
    let free = |name: &str| {
        let place = shared.iter().position(|s| s.name == name).map(|i| own.len() + 2 * i);
        place.is_some_and(|i| !object.has(i) && !object.has(i + 1))
    };
    let tokens = once(tokens);
    let mut text = Text::new();
    match preset {
        Preset::Scrubjay => text.list("scrubjay", &tokens, of_token),
        Preset::Ecs => ecs::members(&mut text, &tokens, free),
        Preset::Ocsf => ocsf::members(&mut text, &tokens, free),
        Preset::Otel => otel::members(&mut text, &tokens, free),
    }
    Some(Splice { at: object.close, text: object.added(&text.finish()) })
}

/// Each token once: one that stands in the record twice is told of once. Claims are sealed anew each time, so these tell nothing apart.
fn once<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let told = |token: &Token<'a>| token.fields.iter().filter(|(name, _)| !SEALED.contains(&name.as_str()));
    let mut seen: Vec<Token<'a>> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if !seen.iter().any(|s| s.kind == token.kind && told(s).eq(told(token))) {
            seen.push(*token);
        }
    }
    seen
}

/// Names of which a token may have several values by their standards: always a list, so that a member has one type. `aud` of RFC
/// 7519 §4.1.3; `amr` of RFC 8176; `groups`, `roles` and `entitlements` of RFC 9068 §2.2.3.1; ours the rest.
const LISTS: [&str; 8] = ["aud", "amr", "groups", "roles", "entitlements", "risk", "why", "sealed_claims"];
/// Claim sets: those of a marker, and those that a field has, each in a marker of its own.
const SEALED: [&str; 2] = ["sealed", "sealed_claims"];

/// What is told of a token, as members of one object: `kind`, its names in their order, `verified`.
fn of_token(text: &mut Text, token: &Token<'_>) {
    text.string("kind", token.kind);
    for (name, values) in named(token, str::to_owned) {
        text.one_or_list(&name, &values, LISTS.contains(&name.as_str()));
    }
    text.raw("verified", "false");
}

/// Names with all their values, in the order of their first. `sealed` is left out; a claim that has a name of ours is `claim.NAME`, as in a
/// marker.
fn named<'a>(token: &Token<'a>, as_written: impl Fn(&str) -> String) -> Vec<(String, Vec<&'a str>)> {
    let mut all: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, value) in token.fields.iter().filter(|(name, _)| name != "sealed") {
        let own = as_written(name);
        let name = if matches!(own.as_str(), "kind" | "verified") { as_written(&format!("claim.{name}")) } else { own };
        match all.iter_mut().find(|(n, _)| *n == name) {
            Some((_, values)) => values.push(value),
            None => all.push((name, vec![value])),
        }
    }
    all
}

/// A name in lower case with `_` for all else than letters and digits, as ECS and OpenTelemetry ask of custom names.
fn snake(name: &str) -> String {
    let words: Vec<String> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_ascii_lowercase).collect();
    if words.is_empty() { "claim".to_owned() } else { words.join("_") }
}

#[cfg(test)]
mod tests;
