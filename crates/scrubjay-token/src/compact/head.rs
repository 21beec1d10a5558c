//! What the first segment of a compact token says: most openings are accidents, which its first characters show.

use super::{HEADER_CHARS_MAX, HEADER_NAMES};
use crate::base64::decode_into;
use crate::json::{self, Skimmed, Status, Value};

/// What the segment at an opening says.
pub(super) enum Head {
    /// A JOSE header: an object with `alg` or `enc`.
    Jose(Value, bool),
    /// Damaged, but with a parameter that only headers have.
    Damaged,
    /// A JSON object that is no header.
    Object(Value, bool),
    /// No JSON object.
    Other,
    /// The text ends inside it.
    Cut,
}

/// Reads the segment at an opening, decoded to `bytes`. `named`: its beginning has a parameter of headers.
pub(super) fn read_head(chars: &[u8], named: bool, at_end: bool, bytes: &mut Vec<u8>) -> Head {
    decode_into(&chars[..chars.len().min(HEADER_CHARS_MAX)], bytes);
    let is_whole = |status: Status| {
        let Status::Complete { end } = status else { return false };
        bytes[end..].iter().all(u8::is_ascii_whitespace) && chars.len() <= HEADER_CHARS_MAX
    };
    if !named {
        let skimmed = json::skim(bytes, &HEADER_NAMES);
        if !is_whole(skimmed.status) {
            return unread(skimmed, at_end);
        }
    }
    let json::Parsed { value, status, duplicates } = json::parse(bytes);
    if !is_whole(status) {
        return unread(Skimmed { status, named: has_any(&value, &HEADER_NAMES) }, at_end);
    }
    let jose = ["alg", "enc"].iter().any(|n| matches!(value.get(n), Some(Value::String(_))));
    if jose {
        Head::Jose(value, duplicates)
    } else if has_any(&value, &["typ", "kid", "jku", "x5c"]) && !has_any(&value, &["exp", "iat", "sub"]) {
        Head::Damaged
    } else {
        Head::Object(value, duplicates)
    }
}

/// What a segment is that is no whole object.
pub(super) fn unread(skimmed: Skimmed, at_end: bool) -> Head {
    match skimmed.status {
        Status::Cut if at_end => Head::Cut,
        // Too deep or too large to read: it cannot be decided, so it counts as a header.
        Status::Limit => Head::Damaged,
        _ if skimmed.named => Head::Damaged,
        _ => Head::Other,
    }
}

/// True for an object with a member of one of these names.
pub(crate) fn has_any(value: &Value, names: &[&str]) -> bool {
    value.members().iter().any(|(n, _)| names.contains(&n.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64::encode;
    use crate::opening::{PROBE_BYTES, Probe, is_header, probe};

    /// What a header is known by at once says what the long way says.
    #[test]
    fn a_header_by_its_first_member() {
        let behind = [r#","b":[1,"x"#, "}", "} ", "}x", r#","alg":"none"}"#, "x", "\u{1}", ""];
        for member in [
            r#""alg":"RS256""#,
            r#""typ":"J T""#,
            r#""kid":"""#,
            r#""alg":"\u0041""#,
            r#""sub":"x""#,
            r#""alg":1"#,
            r#""alg":"RS"#,
            r#""alg" :"x""#,
        ] {
            for behind in behind {
                let text = format!("{{{member}{behind}");
                let skimmed = json::skim(text.as_bytes(), &HEADER_NAMES);
                assert!(!is_header(text.as_bytes()) || skimmed.named, "{text}");
                let chars = encode(text.as_bytes());
                let long = encode(format!("{text}{}", " ".repeat(PROBE_BYTES)).as_bytes());
                let at_once = matches!(probe(long.as_bytes(), 0), Some(Probe::Header));
                assert_eq!(at_once, is_header(text.as_bytes()), "{text}");
                // Whether it is skimmed first changes nothing.
                let said = |named| match read_head(chars.as_bytes(), named, true, &mut Vec::new()) {
                    Head::Jose(_, twice) => (0, twice),
                    Head::Damaged => (1, false),
                    Head::Object(_, twice) => (2, twice),
                    Head::Other => (3, false),
                    Head::Cut => (4, false),
                };
                assert_eq!(said(true), said(false), "{text}");
            }
        }
        assert!(is_header(br#"{"alg":"RS256""#) && is_header(br#"{"kid":"","x"#));
        assert!(!is_header(br#"{ "alg":"RS256""#) && !is_header(br#"{"alg":"RS256"#) && !is_header(br#"{"sub":"x""#));
    }
}
