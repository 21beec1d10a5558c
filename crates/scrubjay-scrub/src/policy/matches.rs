//! For which tokens a rule is.

use scrubjay_token::json::Value;
use scrubjay_token::{Class, Kind, Risk, RiskLimits, Token, class_in, risks};

use crate::site::Site;

/// Longest value that a pattern with `*` is tried on, in bytes; a longer one equals no pattern.
const VALUE_BYTES_MAX: usize = 1024;

/// What the conditions of rules ask about a token.
pub struct Facts<'a> {
    /// The token.
    pub token: &'a Token,
    /// Its class; `other` where its members are ambiguous.
    pub class: Class,
    /// The source that its record came from.
    pub source: &'a str,
}

impl<'a> Facts<'a> {
    /// The facts about a token that stands there.
    #[must_use]
    pub fn of(token: &'a Token, site: &Site<'a>) -> Self {
        let class = if token.ambiguous { Class::Other } else { class_in(token, site.named) };
        Self { token, class, source: site.source }
    }

    /// A claim, unless the token has duplicate members: then what it says depends on the reader.
    fn claim(&self, name: &str) -> Option<&'a Value> {
        if self.token.ambiguous { None } else { self.token.claim(name) }
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        if self.token.ambiguous { None } else { self.token.header_str(name) }
    }

    fn audiences(&self) -> Vec<&'a str> {
        match self.claim("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// All conditions of a rule; an empty list is no condition. Of the values of one condition, one has to hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matches {
    pub(crate) class: Vec<Class>,
    pub(crate) kind: Vec<Kind>,
    pub(crate) typ: Vec<String>,
    pub(crate) alg: Vec<String>,
    pub(crate) iss: Vec<String>,
    pub(crate) aud: Vec<String>,
    pub(crate) client_id: Vec<String>,
    pub(crate) source: Vec<String>,
    /// Claims that have to be there, all of them.
    pub(crate) has: Vec<String>,
    pub(crate) risk: Vec<Risk>,
    /// The thresholds that `risk` is judged by.
    pub(crate) risk_limits: RiskLimits,
    pub(crate) cut: Option<bool>,
    pub(crate) audiences_min: Option<u64>,
    pub(crate) audiences_max: Option<u64>,
}

impl Matches {
    /// True when there is no condition: every token matches.
    pub(crate) fn is_empty(&self) -> bool {
        let texts = [&self.typ, &self.alg, &self.iss, &self.aud, &self.client_id, &self.source, &self.has];
        texts.iter().all(|t| t.is_empty())
            && self.class.is_empty()
            && self.kind.is_empty()
            && self.risk.is_empty()
            && self.cut.is_none()
            && self.audiences_min.is_none()
            && self.audiences_max.is_none()
    }

    pub(crate) fn holds(&self, facts: &Facts<'_>) -> bool {
        let one_of = |patterns: &[String], value: Option<&str>| {
            patterns.is_empty() || value.is_some_and(|value| patterns.iter().any(|p| matches(p, value)))
        };
        // A name is written as the token has it, or as a marker shows it: a URL without scheme and last slash.
        let named = |patterns: &[String], value: Option<&str>| {
            let bare = value.map(|v| v.split_once("://").map_or(v, |(_, rest)| rest).trim_end_matches('/'));
            one_of(patterns, value) || one_of(patterns, bare)
        };
        let typ = || facts.header("typ").map(|t| t.strip_prefix("application/").unwrap_or(t).to_ascii_lowercase());
        let client = || facts.claim("client_id").or_else(|| facts.claim("azp")).and_then(Value::as_str);
        (self.class.is_empty() || self.class.contains(&facts.class))
            && (self.kind.is_empty() || self.kind.contains(&facts.token.kind))
            && one_of(&self.source, Some(facts.source))
            && self.cut.is_none_or(|cut| cut == facts.token.cut.is_some())
            && (self.typ.is_empty() || one_of(&self.typ, typ().as_deref()))
            && (self.alg.is_empty() || one_of(&self.alg, facts.header("alg")))
            && (self.iss.is_empty() || named(&self.iss, facts.claim("iss").and_then(Value::as_str)))
            && (self.client_id.is_empty() || named(&self.client_id, client()))
            && (self.aud.is_empty() || facts.audiences().into_iter().any(|aud| named(&self.aud, Some(aud))))
            && self.has.iter().all(|name| facts.claim(name).is_some())
            && self.counts(facts)
            && self.risky(facts)
    }

    fn counts(&self, facts: &Facts<'_>) -> bool {
        if self.audiences_min.is_none() && self.audiences_max.is_none() {
            return true;
        }
        let count = facts.audiences().len() as u64;
        self.audiences_min.is_none_or(|min| count >= min) && self.audiences_max.is_none_or(|max| count <= max)
    }

    fn risky(&self, facts: &Facts<'_>) -> bool {
        if self.risk.is_empty() {
            return true;
        }
        !facts.token.ambiguous && risks(facts.token, &self.risk_limits).iter().any(|r| self.risk.contains(r))
    }
}

/// A condition on a value that somebody else wrote: with `*` in it, a value over the limit does not match.
fn matches(pattern: &str, value: &str) -> bool {
    (value.len() <= VALUE_BYTES_MAX || !pattern.contains('*')) && glob(pattern, value)
}

/// Whether a pattern in which `*` stands for any text is the whole value. Linear in the value for each `*`.
#[must_use]
pub fn glob(pattern: &str, value: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == value };
    let Some(mut rest) = value.strip_prefix(head) else { return false };
    let mut parts = tail.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{glob, matches};

    #[test]
    fn patterns() {
        let cases = [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "a", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("ab*bc", "abc", false),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axcxb", false),
            ("*.example", "idp.example", true),
            ("**", "x", true),
        ];
        for (pattern, value, holds) in cases {
            assert_eq!(glob(pattern, value), holds, "{pattern} {value}");
        }
        assert!(!matches("*", &"x".repeat(2000)));
    }
}
