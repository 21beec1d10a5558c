//! The shapes in which a claim can be shown.

use std::borrow::Cow;
use std::net::IpAddr;

use scrubjay_claims::FingerprintKey;
use scrubjay_token::json::Value;

use crate::shape;

/// Most values of a list that are shown; that there were more is said by `why:size`.
const VALUES_MAX: usize = 16;
/// Longest number that is shown, in characters.
const NUMBER_CHARS_MAX: usize = 20;

/// How a claim is shown. Whatever the answer: what an attacker or an odd issuer put there is shown in a safe shape, or as
/// a keyed hash (DESIGN §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Show {
    /// Not at all.
    None,
    /// As it is: a name, a short text, a number, a date; of a list each.
    Keep,
    /// A keyed hash that is equal for equal values of this claim (DESIGN §7).
    Pseudonym,
    /// The first character of a text.
    Mask,
    /// The domain of an e-mail address, the host of a URL.
    Domain,
    /// The network of an IP address: 24 bits of IPv4, 48 bits of IPv6.
    Prefix,
    /// The number of elements, members or words.
    Count,
    /// A date to the hour.
    Hour,
    /// A date to the day.
    Day,
    /// That it is there.
    Present,
}

impl Show {
    /// All answers with their names in a policy.
    pub const NAMES: [(&'static str, Self); 10] = [
        ("keep", Self::Keep),
        ("none", Self::None),
        ("pseudonym", Self::Pseudonym),
        ("mask", Self::Mask),
        ("domain", Self::Domain),
        ("prefix", Self::Prefix),
        ("count", Self::Count),
        ("hour", Self::Hour),
        ("day", Self::Day),
        ("present", Self::Present),
    ];

    /// The name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, show)| *show == self).map_or("none", |(name, _)| name)
    }

    /// Whether this answer shows no more than `other` does.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        self == other
            || self == Self::None
            || other == Self::Keep
            || self == Self::Present && other != Self::None
            || self == Self::Day && other == Self::Hour
    }
}

/// Why less is shown than a claim says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    /// There were more values than a marker takes.
    pub(crate) more: bool,
    /// A date outside the years 1970 to 9999, or no date at all.
    pub(crate) out_of_range: bool,
}

/// What a marker shows of a value.
type Said<'v> = Option<Cow<'v, str>>;

/// What values are hashed with.
pub(crate) struct Hashes<'a> {
    /// Without one, what would be hashed is withheld.
    pub(crate) key: Option<&'a FingerprintKey>,
    pub(crate) tenant: &'a str,
}

impl Hashes<'_> {
    /// Adds to `values` what is shown of a claim. `name`: its path, dotted.
    pub(crate) fn show<'v>(&self, show: Show, path: &[&str], name: &str, value: &'v Value, values: &mut Vec<Cow<'v, str>>) -> Left {
        let mut dated = |chars| {
            let date = dated(value, chars);
            let left = Left { out_of_range: date.is_none(), more: false };
            values.extend(date);
            left
        };
        match show {
            Show::None => {}
            Show::Present => values.push(Cow::Borrowed("yes")),
            Show::Count => values.push(Cow::Owned(count(value).to_string())),
            Show::Hour => return dated(13),
            Show::Day => return dated(10),
            Show::Keep if is_date(name) => return dated(usize::MAX),
            Show::Keep => return each(value, values, |v| Some(self.kept(name, v))),
            Show::Pseudonym => return each(value, values, |v| Some(self.pseudonym(path, &plain(v)))),
            Show::Mask => return each(value, values, |v| Some(masked(v))),
            Show::Domain => return each(value, values, |v| self.domain(name, v)),
            Show::Prefix => return each(value, values, network),
        }
        Left::default()
    }

    fn pseudonym<'v>(&self, path: &[&str], value: &str) -> Cow<'v, str> {
        self.key.map_or(Cow::Borrowed(shape::WITHHELD), |key| Cow::Owned(key.pseudonym(self.tenant, path, value.as_bytes())))
    }

    fn kept<'v>(&self, name: &str, value: &'v Value) -> Cow<'v, str> {
        match value {
            Value::Null => Cow::Borrowed("null"),
            Value::Bool(true) => Cow::Borrowed("true"),
            Value::Bool(false) => Cow::Borrowed("false"),
            Value::Number(n) if n.len() <= NUMBER_CHARS_MAX => Cow::Borrowed(n),
            Value::String(text) if matches!(name, "iss" | "aud" | "kid" | "client_id" | "azp") || text.contains("://") => {
                shape::name(name, text, self.key)
            }
            Value::String(text) => shape::text(name, text, self.key),
            other => shape::hash(name, plain(other).as_bytes(), self.key),
        }
    }

    fn domain<'v>(&self, name: &str, value: &'v Value) -> Said<'v> {
        let text = value.as_str()?;
        let domain = match text.split_once("://") {
            Some((_, rest)) => rest.split(['/', '?', '#']).next()?.rsplit('@').next()?,
            None => text.rsplit_once('@')?.1,
        };
        Some(shape::name(name, domain, self.key))
    }
}

/// Of a list each element, of anything else the value itself.
fn each<'v>(value: &'v Value, values: &mut Vec<Cow<'v, str>>, said: impl Fn(&'v Value) -> Said<'v>) -> Left {
    let Value::Array(list) = value else {
        values.extend(said(value));
        return Left::default();
    };
    values.extend(list.iter().take(VALUES_MAX).filter_map(said));
    Left { more: list.len() > VALUES_MAX, out_of_range: false }
}

/// Claims whose value is a NumericDate (RFC 7519 §2; OpenID Connect Core §2, §5.1).
fn is_date(name: &str) -> bool {
    matches!(name, "iat" | "nbf" | "exp" | "auth_time" | "updated_at" | "toe")
}

/// The first characters of a date: `2026-11-23T12:00:00Z`.
fn dated<'v>(value: &Value, chars: usize) -> Said<'v> {
    let mut date = shape::date(value)?;
    date.truncate(chars);
    Some(Cow::Owned(date))
}

fn count(value: &Value) -> usize {
    match value {
        Value::String(s) => s.split_ascii_whitespace().count(),
        Value::Array(list) => list.len(),
        Value::Object(members) => members.len(),
        _ => 1,
    }
}

/// The first character of a text. Of what is no text, or a single character, that would be all of it.
fn masked<'v>(value: &Value) -> Cow<'v, str> {
    let mut chars = value.as_str().unwrap_or_default().chars();
    let first = chars.next().filter(|c| c.is_alphanumeric() && chars.next().is_some());
    Cow::Owned(format!("{}...", first.map(String::from).unwrap_or_default()))
}

/// The network of an address, with the number of its bits.
fn network<'v>(value: &Value) -> Said<'v> {
    Some(Cow::Owned(match value.as_str()?.parse().ok()? {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }))
}

/// The text of a string; of anything else its JSON.
fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => {
            let mut out = String::new();
            crate::claimset::write(other, &mut out);
            Cow::Owned(out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(show: Show, name: &str, json: &str) -> Vec<String> {
        let key = FingerprintKey::from_bytes(&[7; 32]).unwrap();
        let object = scrubjay_token::json::parse(format!("{{\"v\":{json}}}").as_bytes()).value;
        let mut values = Vec::new();
        Hashes { key: Some(&key), tenant: "" }.show(show, &[name], name, object.get("v").unwrap(), &mut values);
        values.into_iter().map(Cow::into_owned).collect()
    }

    #[track_caller]
    fn check(show: Show, name: &str, json: &str, expected: &[&str]) {
        assert_eq!(shown(show, name, json), expected, "{show:?} {json}");
    }

    #[test]
    fn every_answer() {
        use Show::*;
        check(None, "a", "\"x\"", &[]);
        check(Present, "a", "{}", &["yes"]);
        check(Keep, "amr", r#"["pwd","otp"]"#, &["pwd", "otp"]);
        check(Keep, "email", r#""jo@example.org""#, &["jo@example.org"]);
        check(Keep, "name", r#""Jo Öl""#, &["Jo Öl"]);
        check(Keep, "n", "17", &["17"]);
        check(Keep, "n", "true", &["true"]);
        check(Keep, "exp", "951782400", &["2000-02-29T00:00:00Z"]);
        check(Keep, "exp", "\"951782400\"", &[]);
        check(Keep, "htu", r#""https://h.example/cb?code=secret""#, &["h.example/cb"]);
        check(Hour, "iat", "951786000", &["2000-02-29T01"]);
        check(Day, "iat", "951786000", &["2000-02-29"]);
        check(Mask, "name", r#""jo""#, &["j..."]);
        check(Mask, "name", r#""""#, &["..."]);
        check(Mask, "sex", r#""f""#, &["..."]);
        check(Mask, "adult", "false", &["..."]);
        check(Mask, "age", "7", &["..."]);
        check(Domain, "email", r#""jo@Example.org""#, &["Example.org"]);
        check(Domain, "email", r#""jo""#, &[]);
        check(Domain, "url", r#""https://u:p@h.example/x""#, &["h.example"]);
        check(Prefix, "ip", r#""192.0.2.77""#, &["192.0.2.0/24"]);
        check(Prefix, "ip", r#""2001:db8:1:2::3""#, &["2001:db8:1::/48"]);
        check(Prefix, "ip", r#""localhost""#, &[]);
        check(Count, "groups", r#"["a","b"]"#, &["2"]);
        check(Count, "scope", r#""a b c""#, &["3"]);
    }

    #[test]
    fn odd_values_are_hashed() {
        let long = format!("\"{}\"", "x".repeat(65));
        for (name, json) in [
            ("iss", r#""jo@example.org""#),
            ("sub", long.as_str()),
            ("sub", r#""a\u001b[31m""#),
            ("sub", r#"{"a":1}"#),
            ("sub", "123456789012345678901234567890"),
            ("htu", r#""https://u:p@h.example/""#),
        ] {
            let shown = shown(Show::Keep, name, json);
            assert!(shown.len() == 1 && shown[0].starts_with('h') && shown[0].len() < 40, "{name} {json}: {shown:?}");
        }
    }

    #[test]
    fn a_rule_that_extends_another_can_only_tighten() {
        use Show::*;
        for (narrow, wide, is_within) in [
            (None, Pseudonym, true),
            (Mask, Keep, true),
            (Keep, Mask, false),
            (Domain, Mask, false),
            (Day, Hour, true),
            (Hour, Day, false),
            (Present, None, false),
            (Present, Count, true),
        ] {
            assert_eq!(narrow.is_within(wide), is_within, "{narrow:?} {wide:?}");
        }
    }
}
