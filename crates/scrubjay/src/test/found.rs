//! What of a test's output is as it has to be. Every failure is a text that may be printed: names and patterns of the
//! policy's author, and what is scrubbed.

use scrubjay_scrub::policy::glob;
use scrubjay_scrub::{Marker, Site, Teller, shown_date};
use scrubjay_token::json::Value;
use scrubjay_token::{Token, analyze, base64, numeric_date};

use crate::safe;

/// Values shorter than this are looked for as whole words only: `1` is in every line.
const PIECE_CHARS_MIN: usize = 5;

/// The tokens of an input of this source, and where they stand.
pub(super) fn tokens<'s>(input: &str, source: &'s str) -> Vec<(Token, Site<'s>)> {
    let found = analyze(input.as_bytes()).unwrap_or_default();
    found.into_iter().map(|f| (f.token.clone(), Site::of_found(source, input.as_bytes(), &f))).collect()
}

/// Whether the token's `exp` lies behind `now`, both in seconds since 1970; without `exp` it never ends.
pub(super) fn is_live(token: &Token, now: u64) -> bool {
    token.cut.is_none()
        && token.claims.is_some()
        && token.claim("exp").is_none_or(|exp| numeric_date(exp).is_none_or(|exp| exp > now as i64))
}

/// The output has to be the pattern, in which `*` stands for anything.
pub(super) fn not_like(pattern: &str, output: &str) -> Option<String> {
    (!glob(pattern, output)).then(|| format!("expected: {}", safe::text(pattern, true)))
}

/// The values of these claims must not be in the output, and no marker may show them.
pub(super) fn not_hidden(claims: &[String], tokens: &[(Token, Site<'_>)], teller: &Teller, output: &str) -> Option<String> {
    let mut wrong = Vec::new();
    let mut decided: Vec<(&Value, Vec<String>)> = Vec::new();
    for (token, site) in tokens {
        teller.tell_why(token, site, &mut |claim| decided.push((claim.value, claim.fate.shown)));
    }
    for claim in claims {
        let mut values = Vec::new();
        tokens.iter().filter_map(|(t, _)| t.claims.as_ref()).for_each(|claims| at(claims, claim, &mut values));
        if values.is_empty() {
            wrong.push(format!("hides: no token of the input has {claim:?}"));
        }
        let all: Vec<&Value> = values.iter().flat_map(|v| within(v)).collect();
        // What a marker says of the claim: under whatever name, and however short.
        let shown = decided.iter().filter(|(value, _)| all.iter().any(|v| std::ptr::eq(*v, *value))).flat_map(|(_, shown)| shown);
        let told: Vec<String> = all.iter().flat_map(|v| texts(v).into_iter().chain(as_marked(v))).collect();
        if shown.into_iter().any(|shown| told.iter().any(|text| text.eq_ignore_ascii_case(shown)))
            || values.iter().flat_map(|v| texts(v)).any(|text| holds(output, &text))
        {
            wrong.push(format!("hides: the value of {claim:?} is in the output"));
        }
    }
    (!wrong.is_empty()).then(|| safe::text(&wrong.join("\n"), true))
}

/// What a path leads to, written as in a policy: dots are levels or parts of a name, a JSON Pointer (RFC 6901) has only levels.
fn at<'v>(value: &'v Value, path: &str, found: &mut Vec<&'v Value>) {
    if let Some(pointer) = path.strip_prefix('/') {
        let mut steps = pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
        found.extend(steps.try_fold(value, |value, name| value.get(&name)));
        return;
    }
    found.extend(value.get(path));
    for (dot, _) in path.match_indices('.') {
        let (Some(name), Some(rest)) = (path.get(..dot), path.get(dot + 1..)) else { continue };
        if let Some(inside) = value.get(name) {
            at(inside, rest, found);
        }
    }
}

/// A value and all that it holds.
fn within(value: &Value) -> Vec<&Value> {
    let inside: Vec<&Value> = match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(members) => members.iter().map(|(_, v)| v).collect(),
        _ => Vec::new(),
    };
    std::iter::once(value).chain(inside.into_iter().flat_map(within)).collect()
}

/// What a marker writes for a value instead of its text: words, and a date for a number.
fn as_marked(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("null".to_owned()),
        Value::Bool(is) => Some(is.to_string()),
        _ => shown_date(value),
    }
}

/// The texts of a value: a string, a number, each of a list or object.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) | Value::Number(text) => vec![text.to_string()],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(members) => members.iter().flat_map(|(_, v)| texts(v)).collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

/// Whether a text is in the output: as it is, percent-encoded, in hexadecimal, or in base64 at any alignment.
fn holds(output: &str, text: &str) -> bool {
    if text.is_empty() {
        return false;
    }
    if text.chars().count() < PIECE_CHARS_MIN {
        let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        return output.match_indices(text).any(|(at, _)| {
            let (before, after) = (output.get(..at).unwrap_or_default(), output.get(at + text.len()..).unwrap_or_default());
            ends(before.chars().next_back()) && ends(after.chars().next())
        });
    }
    let lower = output.to_ascii_lowercase();
    let percent: String =
        text.bytes().map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02x}") }).collect();
    let bang: String =
        text.bytes().map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("!{b:02x}") }).collect();
    let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
    let small = [text.to_ascii_lowercase(), percent.to_ascii_lowercase(), bang.to_ascii_lowercase(), hex];
    let urlsafe = output.replace('+', "-").replace('/', "_");
    small.iter().any(|form| lower.contains(form.as_str()))
        || (0..3).any(|shift| {
            // The characters that depend on this text alone, whatever stands before and behind it.
            let padded: Vec<u8> = std::iter::repeat_n(0, shift).chain(text.bytes()).collect();
            let whole = padded.len() / 3 * 4;
            let inner = base64::encode(&padded);
            inner.get(if shift == 0 { 0 } else { 4 }..whole).is_some_and(|inner| inner.len() >= 6 && urlsafe.contains(inner))
        })
}

fn markers(output: &str) -> Vec<Marker> {
    let starts = output.match_indices('(').filter_map(|(at, _)| {
        let before = output.get(..at)?;
        let kind = before.bytes().rev().take_while(u8::is_ascii_lowercase).count();
        let text = output.get(at - kind..)?;
        Marker::parse(text.get(..=text.find(')')?)?)
    });
    starts.collect()
}

/// The markers have to show these values; `*` stands for anything.
pub(super) fn not_shown(pairs: &[(String, String)], output: &str) -> Option<String> {
    let markers = markers(output);
    let wrong: Vec<String> = pairs
        .iter()
        .filter(|(name, value)| !markers.iter().any(|m| m.all(name).any(|shown| glob(value, shown))))
        .map(|(name, value)| format!("shows: no marker has {name}:{value}"))
        .collect();
    (!wrong.is_empty()).then(|| safe::text(&wrong.join("\n"), true))
}

/// The first marker has to have this class.
pub(super) fn not_of_class(class: &str, output: &str) -> Option<String> {
    let markers = markers(output);
    let shown = markers.first().and_then(|m| m.get("class"));
    (shown != Some(class)).then(|| safe::text(&format!("class: {} instead of {class}", shown.unwrap_or("no marker")), false))
}

/// The first token has to be decided by this rule.
pub(super) fn not_by_rule(rule: &str, tokens: &[(Token, Site<'_>)], teller: &Teller) -> Option<String> {
    let Some((token, site)) = tokens.first() else { return Some("rule: the input has no token".to_owned()) };
    let account = teller.tell(token, site);
    let decided = account.rule.map_or("none", |r| r.name.as_str());
    (decided != rule).then(|| safe::text(&format!("rule: {decided:?} decided instead of {rule:?}"), false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_every_form() {
        for output in [
            "x secret-é y",
            "SECRET-é",
            "secret%2D%C3%A9",
            "secret!2D!C3!A9",
            "7365637265742dc3a9",
            "c2VjcmV0LcOp",
            "YXNlY3JldC3DqQ",
            "YWFzZWNyZXQtw6k",
        ] {
            assert!(holds(output, "secret-é"), "{output}");
        }
        assert!(!holds("a sec ret", "secret-é") && !holds("n 17 m", "1") && holds("n=17;", "17"));
        assert!(holds("(a:a-b~", "a-b") && !holds("xa-b", "a-b"));
    }

    #[test]
    fn paths_are_those_of_a_policy() {
        let claims = scrubjay_token::json::parse(br#"{"a":{"b":"1","c.d":{"e":"2"}},"a.b":"3","x/y":{"z":"4"}}"#).value;
        for (path, expected) in [("a.b", "3 1"), ("a.c.d.e", "2"), ("/a/b", "1"), ("/a.b", "3"), ("/x~1y/z", "4"), ("a.x", ""), ("b", "")] {
            let mut found = Vec::new();
            at(&claims, path, &mut found);
            assert_eq!(found.iter().filter_map(|v| v.as_str()).collect::<Vec<_>>().join(" "), expected, "{path}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, output, is) in
            [("a", "a", true), ("a", "b", false), ("a*c", "abbc", true), ("*b*", "abc", true), ("a*b", "ab c", false)]
        {
            assert_eq!(not_like(pattern, output).is_none(), is, "{pattern}");
        }
    }
}
