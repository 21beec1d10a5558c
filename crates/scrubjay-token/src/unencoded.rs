//! JWS whose payload stands in place as it is (RFC 7797 §5.2): `header.{"amount":"1"}.signature`.

use std::ops::Range;

use crate::base64::{decode, head_len, is_base64};
use crate::compact::{At, signature_fits};
use crate::json::{self, Status, Value};
use crate::token::{Cut, Found, Kind, Token};

/// What stands behind a header whose `b64` is `false`. A payload that is base64 too is read as any other.
///
/// It has no dot where the writer keeps to the RFC. Where he does not, it ends before the first dot that a signature of the
/// algorithm's length follows; a JSON object ends where it is closed, and may run over several lines.
pub(crate) fn unencoded(text: &[u8], header: &Value, head: Range<usize>, more: bool) -> At {
    if header.get("b64") != Some(&Value::Bool(false)) || text.get(head.end) != Some(&b'.') {
        return At::Nothing;
    }
    let start = head.end + 1;
    let rest = &text[start..];
    // Detached: the payload is elsewhere.
    if rest.starts_with(b".") {
        return At::Nothing;
    }
    let is_object = matches!(rest.first(), Some(b'{' | b'['));
    let line = if is_object { rest.len() } else { memchr::memchr(b'\n', rest).unwrap_or(rest.len()) };
    let line = &rest[..line];
    if line.iter().take_while(|&&b| is_base64(b) || b == b'.').count() == line.len() {
        return if more && line.len() == rest.len() && !is_object { At::Open } else { At::Nothing };
    }
    let alg = header.get("alg").and_then(Value::as_str);
    let chars = |at: usize| head_len(&line[at..]);
    let signed = memchr::memchr_iter(b'.', line).find(|&dot| signature_fits(alg, chars(dot + 1)) && !line[..dot].is_empty());
    if let Some(dot) = signed.filter(|&dot| line[..dot].iter().any(|&b| !is_base64(b) && b != b'.')) {
        let end = dot + 1 + chars(dot + 1);
        if more && end == line.len() {
            return At::Open;
        }
        let payload = line[..dot].to_vec();
        let parsed = json::parse(&payload);
        let is_claims = matches!(parsed.value, Value::Object(_));
        let token = Token {
            header: Some(header.clone()),
            ambiguous: parsed.duplicates,
            claims_whole: is_claims && matches!(parsed.status, Status::Complete { .. }),
            claims: is_claims.then_some(parsed.value),
            identity: vec![decode(&text[head.start..head.end]), payload],
            whole: true,
            ..Token::bare(Kind::Jws)
        };
        return At::Token(Found::plain(head.start..start + end, token));
    }
    if more {
        return At::Open;
    }
    if !is_object {
        return At::Nothing;
    }
    // The signature is cut, or the object is.
    let end = match json::skim(line, &[]).status {
        Status::Complete { end } if line.get(end) == Some(&b'.') => end + 1 + chars(end + 1),
        Status::Complete { end } | Status::Invalid { at: end } => end,
        Status::Cut | Status::Limit => memchr::memchr(b'\n', line).unwrap_or(line.len()),
    };
    let token = Token { header: Some(header.clone()), cut: Some(Cut::Signature), ..Token::bare(Kind::Jws) };
    At::Token(Found::plain(head.start..start + end, token))
}
