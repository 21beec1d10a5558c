//! Tokens and keys that are JSON objects: JWS and JWE JSON serialization (RFC 7515 §7.2, RFC 7516 §7.2), private JWKs
//! (RFC 7517, RFC 7518 §6), in any quoting.
//!
//! Objects are recognised by their members' names and shapes, not by parsing the document: a log line is seldom valid
//! JSON as a whole. Quotes may be escaped any number of times, or be single ones.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::base64::{decode, is_base64};
use crate::compact::is_opening;
use crate::frames::header;
use crate::json::{self, Status, Value};
use crate::lists::{is_dump_line, line_pieces};
use crate::partials::part;
use crate::token::{Cut, Found, Kind, Token};
use crate::view::{View, brace};

/// Deepest nesting of braces that is followed; deeper ones are not objects of ours.
const DEPTH_MAX: usize = 64;
/// Shortest secret member of a key, in characters of base64url: 80 bits.
const SECRET_CHARS_MIN: usize = 14;
/// Shortest signature or ciphertext, in characters.
const PART_CHARS_MIN: usize = 16;

const NAMES: [&str; 22] = [
    "kty",
    "k",
    "d",
    "p",
    "q",
    "dp",
    "dq",
    "qi",
    "oth",
    "kid",
    "payload",
    "signature",
    "signatures",
    "protected",
    "header",
    "ciphertext",
    "encrypted_key",
    "iv",
    "tag",
    "recipients",
    "unprotected",
    "crv",
];

/// One of these is in every object of ours.
static TELLING: LazyLock<[Finder<'static>; 5]> =
    LazyLock::new(|| ["kty", "signature", "ciphertext", "protected", "encrypted_key"].map(|name| Finder::new(name.as_bytes())));

/// An object whose closing brace is not seen yet.
#[derive(Default)]
struct Frame {
    start: usize,
    /// Its opening brace is missing: it begins with the first member that is known.
    headless: bool,
    quote: Option<Range<usize>>,
    members: Vec<(&'static str, Range<usize>)>,
}

impl Frame {
    fn value(&self, name: &str) -> Option<&Range<usize>> {
        self.members.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn long(&self, name: &str, chars: usize) -> bool {
        self.value(name).is_some_and(|v| v.len() >= chars)
    }
}

/// Finds the objects of `text`; an object that contains another one takes it along.
pub(crate) fn objects(text: &[u8]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    if !TELLING.iter().any(|finder| finder.find(text).is_some()) {
        return found;
    }
    let mut frames: Vec<Frame> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (sign, len) = sign(text, at);
        match sign {
            b'{' => open(&mut frames, Frame { start: at, ..Frame::default() }),
            b'}' => match frames.pop() {
                Some(frame) if frame.headless => close_cut(text, frame, Cut::Header, &mut found),
                Some(frame) => close(text, frame, at + len, None, &mut found),
                None => {}
            },
            b'"' | b'\'' => {
                if let Some((name, quote, end)) = member(text, at) {
                    let value = value(text, end);
                    at = value.end.max(end) - len;
                    let name = NAMES.iter().find(|n| n.as_bytes() == name);
                    add_member(text, &mut frames, name.copied(), quote, value, &mut found);
                }
            }
            _ => {}
        }
        at += len;
    }
    while let Some(frame) = frames.pop() {
        let cut = if frame.headless { Cut::Header } else { Cut::Payload };
        close_cut(text, frame, cut, &mut found);
    }
    found
}

/// The byte at `at`, and its length; a brace counts however it is written, because an encoder may escape the first
/// character of a text only.
fn sign(text: &[u8], at: usize) -> (u8, usize) {
    match text[at] {
        b'\\' | b'%' | b'&' => brace(text, at).unwrap_or((0, 1)),
        b => (b, 1),
    }
}

fn open(frames: &mut Vec<Frame>, frame: Frame) {
    if frames.len() >= DEPTH_MAX {
        frames.remove(0);
    }
    frames.push(frame);
}

/// A member of the innermost object. One in other quotes belongs to an object of its own whose beginning is missing, as
/// does one outside of all objects.
fn add_member(
    text: &[u8],
    frames: &mut Vec<Frame>,
    name: Option<&'static str>,
    quote: Range<usize>,
    value: Range<usize>,
    found: &mut Vec<Found>,
) {
    let is_quoted = |frame: &Frame| frame.quote.as_ref().is_some_and(|q| text[q.clone()] == text[quote.clone()]);
    // An object around one without a beginning goes on behind it.
    while frames.iter().any(is_quoted)
        && frames.last().is_some_and(|last| last.headless && !is_quoted(last))
        && let Some(frame) = frames.pop()
    {
        close_cut(text, frame, Cut::Header, found);
    }
    let belongs = match frames.last_mut() {
        Some(frame) => {
            let first = frame.quote.get_or_insert(quote.clone()).clone();
            text[first] == text[quote.clone()]
        }
        None => false,
    };
    let Some(name) = name else { return };
    if !belongs {
        open(frames, Frame { start: quote.start, headless: true, quote: Some(quote), ..Frame::default() });
    }
    if let Some(frame) = frames.last_mut() {
        frame.members.push((name, value));
    }
}

/// The text without the line ends, and the indentation behind them, that divide an object (a terminal's width, a folded
/// line): they may stand within a name or a value. `None`: there are none.
pub(crate) fn divided(text: &[u8]) -> Option<View> {
    let mut view = View::with_capacity(text.len());
    let (mut depth, mut any, mut at) = (0usize, false, 0);
    while at < text.len() {
        let b = text[at];
        if depth > 0 && matches!(b, b'\n' | b'\r') {
            any = true;
            at += 1 + text[at + 1..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            continue;
        }
        match b {
            b'{' if depth > 0 || opens_object(&text[at + 1..]) => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        view.push(b, at, at + 1);
        at += 1;
    }
    any.then_some(view)
}

/// What follows a brace is a member's name, or the line's end.
fn opens_object(behind: &[u8]) -> bool {
    let next = behind.iter().find(|b| !b.is_ascii_whitespace());
    matches!(next, Some(b'"' | b'\'' | b'\\' | b'&' | b'%'))
}

/// A member name at its opening quote: the name, the whole opening quote with its escapes, and where its value begins.
fn member(text: &[u8], quote: usize) -> Option<(&[u8], Range<usize>, usize)> {
    let slashes = text[..quote].iter().rev().take(16).take_while(|&&b| b == b'\\').count();
    // CSV doubles its quotes (RFC 4180 §2).
    let doubled = usize::from(text.get(quote + 1) == Some(&text[quote]));
    let open = quote - slashes..quote + 1 + doubled;
    let name_len = text[open.end..].iter().take(32).take_while(|b| b.is_ascii_alphanumeric() || b"_#-.".contains(b)).count();
    let name = &text[open.end..open.end + name_len];
    let close = &text[open.end + name_len..];
    if name.is_empty() || !close.starts_with(&text[open.clone()]) {
        return None;
    }
    let mut at = open.end + name_len + open.len();
    at += blanks(text, at);
    if text.get(at) != Some(&b':') && !text[at..].starts_with(b"=>") {
        return None;
    }
    at += if text[at] == b':' { 1 } else { 2 };
    at += blanks(text, at);
    Some((name, open, at))
}

fn blanks(text: &[u8], at: usize) -> usize {
    text[at.min(text.len())..].iter().take_while(|b| b.is_ascii_whitespace()).count()
}

/// The characters of a base64 string value; empty for anything else.
fn value(text: &[u8], at: usize) -> Range<usize> {
    let slashes = text[at.min(text.len())..].iter().take_while(|&&b| b == b'\\').count();
    let open = at + slashes;
    if !matches!(text.get(open), Some(b'"' | b'\'')) {
        return at..at;
    }
    let start = open + 1 + usize::from(text.get(open + 1) == Some(&text[open]));
    let len = text[start..].iter().take_while(|&&b| is_base64(b) || b == b'=').count();
    start..start + len
}

/// As [`close`], where the object's own end or beginning is missing: it reaches from its first to its last known member.
fn close_cut(text: &[u8], frame: Frame, cut: Cut, found: &mut Vec<Found>) {
    let end = frame.members.iter().map(|(_, v)| v.end).max().unwrap_or(frame.start);
    close(text, frame, end, Some(cut), found);
}

fn close(text: &[u8], frame: Frame, end: usize, cut: Option<Cut>, found: &mut Vec<Found>) {
    let Some(mut token) = judge(text, &frame) else { return };
    token.cut = token.cut.or(cut);
    // What lies inside is part of it: a signature of a general JWS, say.
    found.retain(|f| f.span().start < frame.start);
    let quote = if cut.is_none() { frame.quote } else { None };
    let span = frame.start..end;
    // An object that is cut keeps its opening brace out of the span: nothing will close it.
    let pieces = line_pieces(text, span);
    let pieces = without_frames(text, pieces);
    found.push(Found { pieces, token, quote, wide: None });
}

/// The pieces without what a logger, a container runtime or a dump put in front of the lines.
pub(crate) fn without_frames(text: &[u8], pieces: Vec<Range<usize>>) -> Vec<Range<usize>> {
    if pieces.len() < 2 {
        return pieces;
    }
    let line_of = |at: usize| {
        let start = text[..at].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let end = text[at..].iter().position(|&b| b == b'\n').map_or(text.len(), |i| at + i);
        start..end
    };
    let mut before = line_of(pieces[0].start);
    let mut out = Vec::with_capacity(pieces.len());
    for (i, mut piece) in pieces.into_iter().enumerate() {
        let line = if i == 0 { before.clone() } else { line_of(piece.start) };
        let bytes = text[line.clone()].strip_suffix(b"\r").unwrap_or(&text[line.clone()]);
        if let Some(part) = part(bytes) {
            piece = piece.start.max(line.start + part.text.start)..piece.end.min(line.start + part.text.end);
        } else if is_dump_line(bytes) {
            continue;
        } else if i > 0 {
            piece.start = piece.start.max(line.start + header(&text[before.clone()], bytes));
        }
        if piece.start < piece.end {
            out.push(piece);
        }
        before = line;
    }
    out
}

fn judge(text: &[u8], frame: &Frame) -> Option<Token> {
    let secret = ["d", "k", "p", "q", "dp", "dq", "qi"].iter().any(|n| frame.long(n, SECRET_CHARS_MIN));
    if frame.has("kty") && (secret || frame.has("oth")) {
        return Some(Token::bare(Kind::Jwk));
    }
    let encrypted = frame.long("ciphertext", 1)
        && ["protected", "iv", "tag", "encrypted_key", "recipients", "unprotected"].iter().any(|n| frame.has(n))
        || frame.long("encrypted_key", PART_CHARS_MIN) && frame.has("header");
    if encrypted {
        let mut token = Token::bare(Kind::Jwe);
        read_header(text, frame, &mut token);
        let parts: Option<Vec<Vec<u8>>> =
            ["protected", "iv", "ciphertext", "tag"].iter().map(|n| frame.value(n).map(|v| decode(&text[v.clone()]))).collect();
        token.identity = parts.unwrap_or_default();
        return Some(token);
    }
    let protected = frame.value("protected").is_some_and(|v| is_opening(text, v.start));
    let payload = frame.value("payload").is_some_and(|v| is_opening(text, v.start));
    let signed = frame.long("signature", PART_CHARS_MIN) && (protected || payload || frame.has("header") && frame.long("payload", 1));
    let payload_signed = frame.has("payload") && (frame.has("signatures") || frame.long("signature", 1) && protected);
    if !(signed || payload_signed) {
        return None;
    }
    let mut token = Token::bare(Kind::Jws);
    read_header(text, frame, &mut token);
    if let Some(payload) = frame.value("payload") {
        let bytes = decode(&text[payload.clone()]);
        let parsed = json::parse(&bytes);
        token.ambiguous |= parsed.duplicates;
        if matches!(parsed.value, Value::Object(_)) {
            token.claims = Some(parsed.value);
            token.claims_whole = matches!(parsed.status, Status::Complete { .. });
        }
        if let Some(header) = frame.value("protected").filter(|_| !bytes.is_empty()) {
            token.identity = vec![decode(&text[header.clone()]), bytes];
        }
    }
    Some(token)
}

fn read_header(text: &[u8], frame: &Frame, token: &mut Token) {
    let Some(protected) = frame.value("protected") else { return };
    let parsed = json::parse(&decode(&text[protected.clone()]));
    token.ambiguous |= parsed.duplicates;
    if matches!(parsed.value, Value::Object(_)) {
        token.header = Some(parsed.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kind: Option<Kind>, quote: &str) {
        let found = objects(text.as_bytes());
        assert_eq!(found.first().map(|f| f.token.kind), kind, "{text}");
        if let Some(f) = found.first() {
            assert_eq!(f.quote.as_ref().map(|q| &text[q.clone()]), Some(quote), "{text}");
        }
    }

    #[test]
    fn objects_in_any_quoting() {
        let jwk = r#"{"kty":"EC","crv":"P-256","d":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","x":"BBBB"}"#;
        check(&format!("key {jwk} end"), Some(Kind::Jwk), "\"");
        check(&format!("msg={}", jwk.replace('"', "\\\"")), Some(Kind::Jwk), "\\\"");
        check(&format!("msg={}", jwk.replace('"', "'").replace(':', ": ")), Some(Kind::Jwk), "'");
        check(r#"{"kty":"RSA","n":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","e":"AQAB"}"#, None, "");
        let jws = r#"{"payload":"eyJzdWIiOiJqbyJ9","protected":"eyJhbGciOiJFUzI1NiJ9","signature":"AAAAAAAAAAAAAAAAAAAAAAAA"}"#;
        check(jws, Some(Kind::Jws), "\"");
        let general =
            r#"{"payload":"eyJzdWIiOiJqbyJ9","signatures":[{"protected":"eyJhbGciOiJFUzI1NiJ9","signature":"AAAAAAAAAAAAAAAAAAAAAAAA"}]}"#;
        check(general, Some(Kind::Jws), "\"");
        assert_eq!(objects(general.as_bytes())[0].span(), 0..general.len());
        check(&jwk.replace('"', "\"\""), Some(Kind::Jwk), "\"\"");
        check(r#"{"ciphertext":"AAAA","iv":"AAAA","tag":"AAAA"}"#, Some(Kind::Jwe), "\"");
        check(r#"{"payload":{"id":1},"signature":"sha256=5fd5aaaaaaaaaaaaaaaaaaaaaaaa","protected":true}"#, None, "");
        check(r#"{"user":"x","signature":"AAAAAAAAAAAAAAAAAAAAAAAA"}"#, None, "");
    }
}
