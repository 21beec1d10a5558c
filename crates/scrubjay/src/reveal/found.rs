//! Finds claim sets in a line, and the marker that each stands in.

use scrubjay_claims::ClaimSet;
use scrubjay_scrub::{MARKER_BYTES_MAX, Marker};
use scrubjay_token::json::Value;

/// How the header of a claim set begins in base64url: `{"alg":"`.
const OPENING: &[u8] = b"eyJhbGciOi";

/// Every claim set of a line in our spelling, with the marker round it. One may stand without: in a field of its own, or in a
/// sidecar.
pub(super) fn claim_sets(line: &[u8]) -> Vec<(ClaimSet<'_>, Option<Marker>)> {
    let mut sets = Vec::new();
    let mut at = 0;
    while let Some(begin) = find(line, OPENING, at) {
        let run = line.get(begin..).unwrap_or_default();
        let end = begin + run.iter().take_while(|&&b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)).count();
        if let Some(set) = line.get(begin..end).and_then(ClaimSet::parse) {
            sets.push((set, marker_round(line, begin, end)));
        }
        // A header holds no second opening that counts: what follows is behind this run.
        at = end.max(begin + 1);
    }
    sets
}

fn find(line: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let rest = line.get(from..)?;
    rest.windows(needle.len()).position(|window| window == needle).map(|at| from + at)
}

/// The marker that holds `begin..end` as its value `sealed`.
fn marker_round(line: &[u8], begin: usize, end: usize) -> Option<Marker> {
    let inside = |&&b: &&u8| b.is_ascii_alphanumeric() || b"._-/:@!~".contains(&b);
    let before = line.get(begin.saturating_sub(MARKER_BYTES_MAX)..begin)?;
    let back = before.iter().rev().take_while(inside).count();
    let paren = begin.checked_sub(back + 1).filter(|&at| line.get(at) == Some(&b'('))?;
    let kind = line.get(..paren)?.iter().rev().take_while(|b| b.is_ascii_lowercase()).count();
    let after = line.get(end..)?;
    let close = end + after.iter().take(MARKER_BYTES_MAX).take_while(inside).count();
    let text = std::str::from_utf8(line.get(paren - kind..=close)?).ok()?;
    let set = std::str::from_utf8(line.get(begin..end)?).ok()?;
    Marker::parse(text).filter(|marker| marker.all("sealed").any(|sealed| sealed == set))
}

/// A value as JSON on one line. Numbers keep their text.
pub(super) fn render(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(s) => string(s),
        Value::Array(list) => format!("[{}]", list.iter().map(render).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            format!(
                "{{{}}}",
                members.iter().map(|(name, value)| format!("{}:{}", string(name), render(value))).collect::<Vec<_>>().join(",")
            )
        }
    }
}

/// A string as JSON, with every control character escaped: JSON itself asks for that below U+0020 only, and a terminal obeys
/// some above, too.
pub(super) fn string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.chars().map(|c| if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}
