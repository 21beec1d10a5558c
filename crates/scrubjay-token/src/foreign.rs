//! A token in which one character was replaced by one that no part of a token has, or where one was put between two: a mask, a
//! blank, the mark of a decoder that could not read a byte. What proves the rest is that its lengths are those of the algorithm.

use crate::base64::head_len;
use crate::compact::{Segment, is_dense, signature_fits};
use crate::token::Kind;

/// Base64 lengths of the tags of RFC 7518 §5: 128, 192 and 256 bits.
pub(crate) fn is_tag_length(chars: usize) -> bool {
    matches!(chars, 22 | 32 | 43)
}

/// Shortest rest of a last part: less than 128 bits tell nothing.
const REST_CHARS_MIN: usize = 16;

/// Where the token ends that has these parts behind its header, the last of which ends at `end` before such a character. `alg` as its
/// header says. `None`: nothing proves that what stands behind is its rest.
pub(crate) fn behind_foreign(text: &[u8], end: usize, alg: Option<&str>, parts: &[Segment], kind: Kind) -> Option<usize> {
    let last = parts.last()?;
    let rest = end + foreign_len(text, end)?;
    let mut len = head_len(&text[rest..]);
    let mut at = rest + len;
    if len == 0 || alg.is_none() {
        return None;
    }
    let most = if kind == Kind::Jwe { 4 } else { 2 };
    // Of a short rest the length proves little: a word may have it.
    let is_word = || len < REST_CHARS_MIN || !is_dense(&text[rest..at]);
    if parts.len() == most && is_word() {
        return None;
    }
    // The character was put in, or it stands for one.
    let mut lens = [last.len() + len, last.len() + len + 1];
    for _ in parts.len()..most {
        let behind = text[at..].strip_prefix(b".")?;
        len = head_len(behind);
        at += 1 + len;
        lens = [len; 2];
    }
    let fits = |len: usize| if kind == Kind::Jwe { is_tag_length(len) } else { signature_fits(alg, len) };
    lens.into_iter().any(fits).then_some(at)
}

/// Length of a character that may stand within a part without being one of it: none that parts a token from what follows it in a
/// line, a URL, a string or an escape.
fn foreign_len(text: &[u8], at: usize) -> Option<usize> {
    let &first = text.get(at)?;
    match first {
        b'*' | b' ' | b'\t' | b'|' | b'!' | b'$' | b'^' | b'@' => Some(1),
        0..0x80 => None,
        _ => {
            let len = first.leading_ones() as usize;
            let more = text.get(at + 1..at + len).unwrap_or_default();
            (more.len() + 1 == len && more.iter().all(|&b| b & 0xC0 == 0x80)).then_some(len)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::base64::encode;
    use crate::find::find;

    #[test]
    fn the_rest_of_a_part_is_told_by_the_lengths() {
        let header = |header: &str| encode(header.as_bytes());
        let part = |n: usize| "aB3-eFgH".repeat(n / 8 + 1)[..n].to_owned();
        let (hs, dir) = (header(r#"{"alg":"HS256"}"#), header(r#"{"alg":"dir","enc":"A128GCM"}"#));
        let claims = encode(br#"{"sub":"jo","email":"jo@example.org"}"#);
        for sign in ["*", " ", "\u{fffd}", "|"] {
            for (text, rest) in [
                // Put in, and in place of one, in each part.
                (format!("{hs}.{claims}.{}{sign}{}", part(20), part(23)), ""),
                (format!("{hs}.{claims}.{}{sign}{}", part(20), part(22)), ""),
                (format!("{hs}.{}{sign}{}.{}", &claims[..20], &claims[20..], part(43)), ""),
                (format!("{dir}..{}.{}{sign}{}.{}", part(16), part(40), part(50), part(22)), ""),
                (format!("{dir}..{}.{}.{}{sign}{}", part(16), part(40), part(5), part(17)), ""),
                // What others say.
                (format!("{hs}.{claims}.{}{sign}outcome", part(36)), "outcome"),
                (format!("{hs}.{claims}.{}{sign}outcome", part(35)), "outcome"),
                (format!("{hs}.{claims}.{}{sign}{}", part(20), part(30)), &part(30)),
                (format!("{hs}.{claims}.{}{sign}started", part(20)), "started"),
            ] {
                let mut found = Vec::new();
                find(text.as_bytes(), false, &mut found);
                let end = found.first().map_or(0, |f| f.span().end);
                assert_eq!(text[end..].strip_prefix(sign).unwrap_or(&text[end..]), rest, "{text}");
            }
        }
        // A token that is whole has no rest.
        let text = format!("{hs}.{claims}.{} {}", part(43), part(43));
        let mut found = Vec::new();
        find(text.as_bytes(), false, &mut found);
        assert_eq!(found[0].span().end, text.len() - 44);
    }
}
