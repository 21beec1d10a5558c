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
/// Most ways of quoting in one text; those of further ones are read with all braces.
const QUOTES_MAX: usize = 6;
/// Most backslashes before a quote that are looked at.
const SLASHES_MAX: usize = 16;
/// Members that must not come out.
const SECRETS: [&str; 12] = ["k", "d", "p", "q", "dp", "dq", "qi", "payload", "signature", "ciphertext", "encrypted_key", "protected"];

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
pub(crate) struct Frame {
    start: usize,
    /// Its opening brace is missing: it begins with the first member that is known.
    headless: bool,
    quote: Option<Range<usize>>,
    pub(crate) members: Vec<(&'static str, Range<usize>)>,
}

impl Frame {
    pub(crate) fn value(&self, name: &str) -> Option<&Range<usize>> {
        self.members.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn long(&self, name: &str, chars: usize) -> bool {
        self.value(name).is_some_and(|v| v.len() >= chars)
    }
}

/// Finds the objects of `text`; an object that contains another one takes it along.
///
/// The text is read once with all braces and quotes, which bears any breakage, and once more for each way of quoting
/// that holds members of ours, with the braces within its strings passed over. What the second reading finds is exact;
/// of the first one stays what has a secret elsewhere.
pub(crate) fn objects(text: &[u8]) -> Vec<Found> {
    if !TELLING.iter().any(|finder| finder.find(text).is_some()) {
        return Vec::new();
    }
    let mut rough = Reading::default();
    rough.read(text, None);
    let mut found: Vec<Found> = Vec::new();
    for quote in std::mem::take(&mut rough.quotes) {
        let mut exact = Reading::default();
        exact.read(text, Some(&text[quote]));
        found.append(&mut exact.found);
    }
    let spans: Vec<Range<usize>> = found.iter().map(Found::span).collect();
    let covered = spanned(spans);
    let last_before = |at: usize| covered[..covered.partition_point(|span| span.start < at)].last();
    let is_covered = |secret: &Range<usize>| last_before(secret.start + 1).is_some_and(|span| span.end >= secret.end);
    let secrets = rough.secrets;
    found.extend(rough.found.into_iter().filter(|f| {
        let span = f.span();
        let first = secrets.partition_point(|secret| secret.start < span.start);
        let mut within = secrets[first..].iter().take_while(|secret| secret.start < span.end);
        last_before(span.end).is_none_or(|last| last.end <= span.start) || !within.all(is_covered)
    }));
    found
}

/// The spans in order, those that overlap as one.
fn spanned(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_unstable_by_key(|span| span.start);
    let mut out: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    out
}

/// One reading of a text.
#[derive(Default)]
struct Reading {
    frames: Vec<Frame>,
    found: Vec<Found>,
    /// Values that must not come out, in their order.
    secrets: Vec<Range<usize>>,
    /// An example of each way of quoting that holds a member of ours.
    quotes: Vec<Range<usize>>,
}

impl Reading {
    /// `only`: the opening quote of the members that count, and of the strings whose braces do not.
    fn read(&mut self, text: &[u8], only: Option<&[u8]>) {
        let mut at = 0;
        while at < text.len() {
            let (sign, len) = sign(text, at);
            let mut next = at + len;
            match sign {
                b'{' => open(&mut self.frames, Frame { start: at, ..Frame::default() }),
                b'}' => match self.frames.pop() {
                    Some(frame) if frame.headless => close_cut(text, frame, Cut::Header, &mut self.found),
                    Some(frame) => close(text, frame, next, None, &mut self.found),
                    None => {}
                },
                b'"' | b'\'' => next = self.quoted(text, at, only),
                _ => {}
            }
            at = next;
        }
        while let Some(frame) = self.frames.pop() {
            let cut = if frame.headless { Cut::Header } else { Cut::Payload };
            close_cut(text, frame, cut, &mut self.found);
        }
    }

    /// Reads what begins with the quote at `at`; gives where to go on.
    fn quoted(&mut self, text: &[u8], at: usize, only: Option<&[u8]>) -> usize {
        if only.is_some_and(|only| text[opening(text, at)] != *only) {
            return at + 1;
        }
        let Some((name, quote, end)) = member(text, at) else {
            let string = only.filter(|_| begins_value(text, opening(text, at).start));
            return string.and_then(|only| string_end(text, opening(text, at).end, only)).unwrap_or(at + 1);
        };
        let value = value(text, end);
        let rough = value.end.max(end);
        let next = match only {
            Some(only) if text[end..].starts_with(only) => string_end(text, end + only.len(), only).unwrap_or(rough),
            _ => rough,
        };
        let name = NAMES.iter().find(|n| n.as_bytes() == name).copied();
        if name.is_some() && self.quotes.len() < QUOTES_MAX && self.quotes.iter().all(|q| text[q.clone()] != text[quote.clone()]) {
            self.quotes.push(quote.clone());
        }
        if name.is_some_and(|name| SECRETS.contains(&name) && (value.len() >= SECRET_CHARS_MIN || name == "ciphertext")) {
            self.secrets.push(value.clone());
        }
        add_member(text, &mut self.frames, name, quote, value, &mut self.found);
        next
    }
}

/// The opening quote at `at` with the backslashes before it and, in CSV (RFC 4180 §2), its double.
pub(crate) fn opening(text: &[u8], at: usize) -> Range<usize> {
    let slashes = text[..at].iter().rev().take(SLASHES_MAX).take_while(|&&b| b == b'\\').count();
    at - slashes..at + 1 + usize::from(text.get(at + 1) == Some(&text[at]))
}

/// What stands before a quote lets a string begin there.
fn begins_value(text: &[u8], quote: usize) -> bool {
    let mut before = &text[..quote];
    loop {
        before = before.trim_ascii_end();
        // A line end or a tab may be escaped as often as the quotes are.
        match before {
            [rest @ .., b'\\', b'n' | b'r' | b't'] => {
                let slashes = rest.iter().rev().take(SLASHES_MAX).take_while(|&&b| b == b'\\').count();
                before = &rest[..rest.len() - slashes];
            }
            _ => return matches!(before.last(), Some(b'{' | b'[' | b',' | b':')),
        }
    }
}

/// The end of the string that begins at `start` behind the opening quote `quote`, with its closing quote. `None`: what
/// follows the next quote of its kind is nothing that follows a string, so that this is none: a quote of prose, say.
/// No name of a member in the same quotes is ever passed over.
pub(crate) fn string_end(text: &[u8], start: usize, quote: &[u8]) -> Option<usize> {
    let slashes = quote.iter().take_while(|&&b| b == b'\\').count();
    let (sign, doubled) = (*quote.get(slashes)?, quote.len() > slashes + 1);
    let mut from = start;
    loop {
        let at = from + memchr::memchr(sign, text.get(from..)?)?;
        let before = text[from..at].iter().rev().take_while(|&&b| b == b'\\').count();
        // What is escaped n times has 2^n - 1 backslashes before its own quotes, and pairs of those for each of the content.
        if before & (2 * slashes + 1) == slashes {
            let end = at + 1 + usize::from(doubled);
            return (!doubled || text.get(at + 1) == Some(&sign)).then_some(end).filter(|&end| ends_value(text, end));
        }
        if before < slashes {
            return None;
        }
        from = at + 1 + usize::from(doubled);
    }
}

/// What stands behind a closing quote lets a string end there.
fn ends_value(text: &[u8], mut at: usize) -> bool {
    loop {
        at += blanks(text, at);
        let slashes = text[at.min(text.len())..].iter().take(SLASHES_MAX).take_while(|&&b| b == b'\\').count();
        match text.get(at + slashes) {
            Some(b'n' | b'r' | b't') if slashes > 0 => at += slashes + 1,
            next => return slashes == 0 && matches!(next, None | Some(b',' | b'}' | b']' | b':')),
        }
    }
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
    let open = opening(text, quote);
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
    while found.pop_if(|f| f.span().start >= frame.start).is_some() {}
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

pub(crate) fn judge(text: &[u8], frame: &Frame) -> Option<Token> {
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

    #[test]
    fn braces_within_strings_are_none_of_the_object() {
        let k = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for kid in ["{", "}", "x{", "x}", "}{", "a}b{", r#"x\"}"#, r#"\"{\""#, r"\\", r#"\\\"}"#] {
            for object in [
                format!(r#"{{"kty":"oct","kid":"{kid}","k":"{k}"}}"#),
                format!(r#"{{"kty":"oct","k":"{k}","key_ops":[1, "{kid}"]}}"#),
                format!(r#"{{"kty":"oct","{kid}":"{kid}","k":"{k}"}}"#),
            ] {
                let mut text = object;
                for quote in ["\"", r#"\""#, r#"\\\""#] {
                    for before in ["", "it's \"", r#"{"a":""#, r#"{"msg":"{", "key":"#] {
                        let found = objects(format!("{before}{text},\"z\":2}}").as_bytes());
                        assert_eq!(found.len(), 1, "{before}{text}");
                        assert_eq!(found[0].span(), before.len()..before.len() + text.len(), "{before}{text}");
                        check(&text, Some(Kind::Jwk), quote);
                    }
                    text = text.replace('\\', r"\\").replace('"', r#"\""#);
                }
            }
        }
    }
}
