//! Tokens and keys that are JSON objects: JWS and JWE JSON serialization (RFC 7515 §7.2, RFC 7516 §7.2), private JWKs
//! (RFC 7517, RFC 7518 §6), in any quoting.
//!
//! Objects are recognised by their members' names and shapes, not by parsing the document: a log line is seldom valid
//! JSON as a whole. Quotes may be escaped any number of times, or be single ones.

use std::ops::Range;

use crate::base64::{decode, is_base64};
use crate::fragments::is_jwe_shape;
use crate::frames::without_frames;
use crate::json::{self, Status, Value};
use crate::lists::line_pieces;
use crate::members::{CONTEXT, ENCRYPTED, KEY, Member, Members, SECRET_CHARS_MIN, SIGNED, has_claims};
use crate::opening::is_opening;
use crate::runs::table_of;
use crate::token::{Cut, Found, Kind, Token};
use crate::view::brace;

mod names;
mod strings;
mod whole;

pub(crate) use self::names::may_hold_members;
pub use self::strings::{Later, later_members};
pub(crate) use self::strings::{has_key_member, last_opened};
pub(crate) use self::whole::is_json_in_view;

use self::names::{HOLDERS, NAMES, OPAQUE, OTHERS, SECRETS};
use self::strings::{ends_around, ends_in_string, with_cut_value};
use self::whole::is_json_in_lines;

/// Deepest nesting of braces that is followed; deeper ones are not objects of ours.
const DEPTH_MAX: usize = 64;
/// Shortest signature or ciphertext, in characters.
const PART_CHARS_MIN: usize = 16;
/// Most ways of quoting in one text; those of further ones are read with all braces.
const QUOTES_MAX: usize = 6;
/// Most backslashes before a quote that are looked at.
const SLASHES_MAX: usize = 16;

/// An object whose closing brace is not seen yet.
#[derive(Default)]
pub(crate) struct Frame {
    start: usize,
    /// Its opening brace is missing: it begins with the first member that is known.
    headless: bool,
    quote: Option<Range<usize>>,
    /// The quotes of its members in a reading that does not read them.
    foreign: Option<Range<usize>>,
    pub(crate) members: Vec<Member>,
    /// Those of the objects in it that are a part of it, and where the last one of these ends.
    nested: Vec<Member>,
    reach: usize,
    /// The string around it ended: what follows belongs to it only where it goes on in quotes of its own.
    ended: bool,
    /// It has members that are none of a token's or a key's.
    mixed: bool,
    /// What must not come out of it is not all in values that are read.
    opaque: bool,
}

impl Frame {
    pub(crate) fn value(&self, name: &str) -> Option<&Range<usize>> {
        self.members.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn len(&self, name: &str) -> usize {
        self.value(name).map_or(0, ExactSizeIterator::len)
    }

    fn long(&self, name: &str, chars: usize) -> bool {
        self.value(name).is_some_and(|v| v.len() >= chars)
    }

    /// It is a record, closed by a brace that ends at `end`, and a token's or a key's members are among its own.
    fn is_record(&self, text: &[u8], end: usize) -> bool {
        self.mixed && !self.opaque && memchr::memchr(b'\n', &text[self.start..end]).is_none()
    }

    fn is_quoted(&self, text: &[u8], quote: &Range<usize>) -> bool {
        self.quote.as_ref().is_some_and(|own| text[own.clone()] == text[quote.clone()])
    }

    /// Takes the members of an object in it that ends at `end` for its own, where that is a part of it.
    fn adopt(&mut self, text: &[u8], inner: &Self, end: usize) {
        let is_part = self.members.last().is_some_and(|(name, _)| HOLDERS.contains(name))
            && !inner.headless
            && !self.ended
            && matches!(text[..inner.start].trim_ascii_end().last(), Some(b':' | b'[' | b','));
        if is_part {
            self.nested.extend(inner.members.iter().chain(&inner.nested).cloned());
            self.opaque |= inner.opaque;
            self.reach = self.reach.max(end);
        }
    }
}

/// Finds the objects of `text`; an object that contains another one takes it along.
///
/// The text is read once with all braces and quotes, which bears any breakage, and once more for each way of quoting
/// that holds members of ours, with the braces within its strings passed over. What the second reading finds is exact;
/// of the first one stays what has a secret elsewhere.
pub(crate) fn objects(text: &[u8]) -> Vec<Found> {
    objects_in_strings(text).0
}

/// As [`objects`], and where objects begin and the strings end in which they are cut: once escapes are taken off, no quote
/// tells that any more.
pub(crate) fn objects_in_strings(text: &[u8]) -> (Vec<Found>, Vec<Range<usize>>) {
    if !may_hold_members(text) {
        return (Vec::new(), Vec::new());
    }
    let mut rough = Reading::default();
    rough.read(text, None);
    let mut found: Vec<Found> = Vec::new();
    let mut strings = std::mem::take(&mut rough.strings);
    for quote in std::mem::take(&mut rough.quotes) {
        let mut exact = Reading::default();
        exact.read(text, Some(&text[quote]));
        found.append(&mut exact.found);
        strings.append(&mut exact.strings);
    }
    strings.sort_unstable_by_key(|string| (string.start, string.end));
    strings.dedup_by_key(|string| string.start);
    let pieces: Vec<Range<usize>> = found.iter().flat_map(|f| f.pieces.iter().cloned()).collect();
    let covered = spanned(pieces);
    let last_before = |at: usize| covered[..covered.partition_point(|span| span.start < at)].last();
    let is_covered = |secret: &Range<usize>| last_before(secret.start + 1).is_some_and(|span| span.end >= secret.end);
    let secrets = rough.secrets;
    found.extend(rough.found.into_iter().filter(|f| {
        let span = f.span();
        let first = secrets.partition_point(|secret| secret.start < span.start);
        let mut within = secrets[first..].iter().take_while(|secret| secret.start < span.end);
        last_before(span.end).is_none_or(|last| last.end <= span.start) || !within.all(is_covered)
    }));
    (found, strings)
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
    /// Where objects begin, and where the strings end in which they stand and have no end.
    strings: Vec<Range<usize>>,
}

impl Reading {
    /// `only`: the opening quote of the members that count, and of the strings whose braces do not.
    fn read(&mut self, text: &[u8], only: Option<&[u8]>) {
        let mut at = 0;
        while let Some(plain) = text.get(at..).and_then(|rest| rest.iter().position(|&b| SIGNS[b as usize])) {
            at += plain;
            if text[at] == b'\\' {
                // A brace has one of these letters behind all of its backslashes.
                let slashes = text[at..].iter().take_while(|&&b| b == b'\\').count();
                if !matches!(text.get(at + slashes), Some(b'u' | b'U' | b'x' | b'0'..=b'3')) {
                    at += slashes;
                    continue;
                }
            }
            let (sign, len) = sign(text, at);
            let mut next = at + len;
            match sign {
                b'{' => self.open(text, Frame { start: at, ..Frame::default() }),
                b'}' => {
                    self.close_ended(text, |_| true);
                    if let Some(frame) = self.frames.pop() {
                        self.close(text, frame, Some(next));
                    }
                }
                b'"' | b'\'' => {
                    self.end_string(text, at);
                    next = self.quoted(text, at, only);
                }
                _ => {}
            }
            at = next;
        }
        while let Some(frame) = self.frames.pop() {
            self.close(text, frame, None);
        }
    }

    fn open(&mut self, text: &[u8], frame: Frame) {
        if self.frames.len() >= DEPTH_MAX {
            let outermost = self.frames.remove(0);
            close(text, outermost, None, &mut self.found);
        }
        self.frames.push(frame);
    }

    /// Closes an object: at its brace, or where there is none behind its last member that is known.
    fn close(&mut self, text: &[u8], frame: Frame, brace: Option<usize>) {
        if let Some(outer) = self.frames.last_mut() {
            outer.adopt(text, &frame, brace.unwrap_or_else(|| last_end(&frame)));
        }
        close(text, frame, brace, &mut self.found);
    }

    /// Closes the innermost objects of which the string around them ended, as far as they are such.
    fn close_ended(&mut self, text: &[u8], is_such: impl Fn(&Frame) -> bool) {
        while let Some(frame) = self.frames.pop_if(|frame| frame.ended && is_such(frame)) {
            self.close(text, frame, None);
        }
    }

    /// The quote at `at` may end the string in which the innermost objects stand.
    fn end_string(&mut self, text: &[u8], at: usize) {
        for i in (0..self.frames.len()).rev() {
            let (below, above) = self.frames.split_at_mut(i);
            let Some(frame) = above.first_mut().filter(|frame| !frame.ended) else { break };
            let Some(quote) = &frame.quote else { continue };
            let others = below.iter().rev().filter_map(|frame| frame.quote.as_ref().or(frame.foreign.as_ref()));
            let around = || others.into_iter().find(|other| text[(*other).clone()] != text[quote.clone()]);
            if !ends_around(text, at, quote, around) {
                break;
            }
            frame.ended = true;
            self.strings.push(frame.start..at - slashes_before(text, at));
        }
    }

    /// Reads what begins with the quote at `at`; gives where to go on.
    fn quoted(&mut self, text: &[u8], at: usize, only: Option<&[u8]>) -> usize {
        let open = opening(text, at);
        if only.is_some_and(|only| text[open.clone()] != *only) {
            if let Some(frame) = self.frames.last_mut().filter(|frame| frame.quote.is_none() && frame.foreign.is_none()) {
                frame.foreign = member_behind(text, open).map(|(_, quote, _)| quote);
            }
            return at + 1;
        }
        let Some((name, quote, end)) = member_behind(text, open.clone()) else {
            let string = only.filter(|_| begins_value(text, open.start));
            return string.and_then(|only| string_end(text, open.end, only)).unwrap_or(at + 1);
        };
        let value = value(text, end);
        let rough = value.end.max(end);
        let next = match only {
            Some(only) if text[end..].starts_with(only) => string_end(text, end + only.len(), only).unwrap_or(rough),
            _ => rough,
        };
        let is_opaque = one_of(&OPAQUE, name).is_some();
        let known = one_of(&NAMES, name).or_else(|| one_of(&CONTEXT, name));
        let is_other = known.is_none() && one_of(&OTHERS, name).is_none();
        let name = known;
        let is_secret = name.is_some_and(|name| SECRETS.contains(&name));
        let begins = name.is_some_and(|name| !CONTEXT.contains(&name));
        if begins && self.quotes.len() < QUOTES_MAX && self.quotes.iter().all(|q| text[q.clone()] != text[quote.clone()]) {
            self.quotes.push(quote.clone());
        }
        if is_secret && (value.len() >= SECRET_CHARS_MIN || name == Some("ciphertext")) {
            self.secrets.push(value.clone());
        }
        let is_opaque = is_opaque || is_secret && !text[value.end..].starts_with(&text[quote.clone()]);
        self.add_member(text, name, quote, value);
        if let Some(frame) = self.frames.last_mut() {
            frame.mixed |= is_other;
            frame.opaque |= is_opaque;
        }
        next
    }

    /// A member of the innermost object. One in other quotes belongs to an object of its own whose beginning is missing, as
    /// does one outside of all objects.
    fn add_member(&mut self, text: &[u8], name: Option<&'static str>, quote: Range<usize>, value: Range<usize>) {
        self.close_ended(text, |frame| !frame.is_quoted(text, &quote));
        // An object around one without a beginning goes on behind it.
        while self.frames.iter().any(|frame| frame.is_quoted(text, &quote))
            && let Some(frame) = self.frames.pop_if(|last| last.headless && !last.is_quoted(text, &quote))
        {
            self.close(text, frame, None);
        }
        let belongs = self.frames.last_mut().is_some_and(|frame| {
            let first = frame.quote.get_or_insert(quote.clone()).clone();
            text[first] == text[quote.clone()]
        });
        let Some(name) = name else { return };
        if !belongs {
            // Names that all objects have begin none.
            let chars = &text[value.clone()];
            if CONTEXT.contains(&name) && chars.len() < SECRET_CHARS_MIN && chars != b"AQAB" {
                return;
            }
            self.open(text, Frame { start: quote.start, headless: true, quote: Some(quote), ..Frame::default() });
        }
        if let Some(frame) = self.frames.last_mut() {
            if std::mem::take(&mut frame.ended) {
                self.strings.pop_if(|string| string.start == frame.start);
            }
            frame.members.push((name, value));
        }
    }
}

fn slashes_before(text: &[u8], at: usize) -> usize {
    text[..at].iter().rev().take(SLASHES_MAX).take_while(|&&b| b == b'\\').count()
}

/// The opening quote at `at` with the backslashes before it and, in CSV (RFC 4180 §2), its double.
pub(crate) fn opening(text: &[u8], at: usize) -> Range<usize> {
    let slashes = slashes_before(text, at);
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

/// The bytes that [`Reading::read`] stops at: braces, quotes, and what escapes of braces begin with.
static SIGNS: [bool; 256] = table_of(b"{}\"'\\%&");

/// The byte at `at`, and its length; a brace counts however it is written, because an encoder may escape the first
/// character of a text only.
fn sign(text: &[u8], at: usize) -> (u8, usize) {
    match text[at] {
        b'\\' | b'%' | b'&' => brace(text, at).unwrap_or((0, 1)),
        b => (b, 1),
    }
}

/// The one of some names that a member has: most are told by their first letter.
fn one_of(names: &[&'static str], name: &[u8]) -> Option<&'static str> {
    names.iter().find(|one| one.as_bytes().first() == name.first() && one.as_bytes() == name).copied()
}

/// A member name at its opening quote: the name, the whole opening quote with its escapes, and where its value begins.
fn member(text: &[u8], quote: usize) -> Option<(&[u8], Range<usize>, usize)> {
    member_behind(text, opening(text, quote))
}

/// What names of members are made of.
static OF_NAMES: [bool; 256] = table_of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_#-.");

/// As [`member`], behind the whole opening quote.
fn member_behind(text: &[u8], open: Range<usize>) -> Option<(&[u8], Range<usize>, usize)> {
    let name_len = text[open.end..].iter().take(32).take_while(|&&b| OF_NAMES[b as usize]).count();
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
    // A marker stands for a value that is not there any more.
    // A quote without one may be that of the string around a member that is cut before its value.
    if len == 0 || text.get(start + len) == Some(&b'(') { at..at } else { start..start + len }
}

/// Where the last member ends that is known of an object, or of one that is a part of it.
fn last_end(frame: &Frame) -> usize {
    frame.members.iter().map(|(_, value)| value.end).max().unwrap_or(frame.start).max(frame.reach)
}

/// `brace`: the end of the brace that closes it. An object of which there is no beginning, or that only some of its members
/// tell, is replaced member by member: what is around them is somebody else's.
fn close(text: &[u8], mut frame: Frame, brace: Option<usize>, found: &mut Vec<Found>) {
    // The brace is the record's around the string: that of the object is cut away.
    frame.headless |= matches!((brace, &frame.quote), (Some(end), Some(q)) if ends_in_string(&text[frame.start..end], &text[q.clone()]));
    let cut = match brace {
        _ if frame.headless => Some(Cut::Header),
        Some(_) => None,
        None => Some(Cut::Payload),
    };
    let is_record = brace.is_some_and(|end| frame.is_record(text, end));
    let nested = if cut.is_some() || is_record { frame.nested.as_slice() } else { &[] };
    let members = Members { text, own: &frame.members, nested, headless: frame.headless };
    let mut names: Option<&[&str]> = None;
    let Some(mut token) = judge(text, &frame).or_else(|| {
        let (kind, told) = members.told()?;
        names = Some(told);
        Some(token_of(text, &members, kind))
    }) else {
        return;
    };
    token.cut = token.cut.or(cut);
    let end = brace.unwrap_or_else(|| last_end(&frame));
    // An object that is cut keeps its opening brace out of the span: nothing will close it.
    let pieces = without_frames(text, line_pieces(text, frame.start..end));
    let quote = frame.quote.as_ref().map(|quote| &text[quote.clone()]);
    let is_broken = pieces.len() > 1 && quote.is_some_and(|quote| !is_json_in_lines(text, &pieces, quote));
    if names.is_none() && is_broken {
        token.cut = token.cut.or(Some(Cut::Payload));
    }
    if names.is_none() && (frame.headless || is_record || is_broken) {
        names = Some(match token.kind {
            Kind::Jwk => &KEY,
            Kind::Jwe => &ENCRYPTED,
            _ => &SIGNED,
        });
    }
    if let Some(names) = names {
        let pieces = with_cut_value(text, &frame, token.kind, members.values(names));
        // Of an object that is a part of it, the members go with its own.
        let is_part = |f: &Found| nested.iter().any(|(_, value)| f.span().contains(&value.start));
        while found.pop_if(|f| f.span().start >= frame.start && is_part(f)).is_some() {}
        if !pieces.is_empty() {
            found.push(Found { pieces, token, quote: None, wide: None, from: Some(frame.start) });
        }
        return;
    }
    // What lies inside is part of it: a signature of a general JWS, say.
    while found.pop_if(|f| f.span().start >= frame.start && f.span().end <= end).is_some() {}
    let quote = if cut.is_none() { frame.quote } else { None };
    found.push(Found { pieces, token, quote, wide: None, from: None });
}

pub(crate) fn judge(text: &[u8], frame: &Frame) -> Option<Token> {
    let secret = KEY.iter().any(|n| frame.long(n, SECRET_CHARS_MIN));
    if frame.has("kty") && (secret || frame.has("oth")) {
        return Some(Token::bare(Kind::Jwk));
    }
    // A header is somewhere (RFC 7516 §7.2.1), or was: whoever encrypts anything has an `iv` and a `ciphertext`.
    let encrypted = frame.long("ciphertext", 1)
        && (["protected", "encrypted_key", "recipients", "unprotected"].iter().any(|n| frame.has(n))
            || is_jwe_shape(frame.len("iv"), frame.len("ciphertext"), frame.len("tag")))
        || frame.long("encrypted_key", PART_CHARS_MIN) && frame.has("header");
    if encrypted {
        let mut token = Token::bare(Kind::Jwe);
        read_header(text, frame.value("protected"), &mut token);
        let parts: Option<Vec<Vec<u8>>> =
            ["protected", "iv", "ciphertext", "tag"].iter().map(|n| frame.value(n).map(|v| decode(&text[v.clone()]))).collect();
        token.identity = parts.unwrap_or_default();
        return Some(token);
    }
    let protected = frame.value("protected").is_some_and(|v| is_opening(text, v.start));
    // Webhooks and envelopes of other kinds have a payload and a signature as well: without a header it has to be claims.
    let claims = || frame.value("payload").is_some_and(|v| has_claims(&text[v.clone()]));
    let signed = frame.long("signature", PART_CHARS_MIN) && (protected || frame.has("header") && frame.long("payload", 1) || claims());
    let nested = || frame.nested.iter().any(|(name, _)| matches!(*name, "protected" | "header"));
    let payload_signed =
        frame.has("payload") && (frame.has("signatures") && (nested() || claims()) || frame.long("signature", 1) && protected);
    if !(signed || payload_signed) {
        return None;
    }
    let mut token = Token::bare(Kind::Jws);
    read_header(text, frame.value("protected"), &mut token);
    read_payload(text, frame.value("payload"), &mut token);
    if let Some((header, payload)) = frame.value("protected").zip(frame.value("payload")) {
        let parts = vec![decode(&text[header.clone()]), decode(&text[payload.clone()])];
        token.identity = if parts[1].is_empty() { Vec::new() } else { parts };
    }
    Some(token)
}

/// What members tell of a token, of which some may be missing. No part of it is known to be whole, so it has no identity.
fn token_of(text: &[u8], members: &Members<'_>, kind: Kind) -> Token {
    let mut token = Token { cut: (kind == Kind::Jws).then_some(Cut::Signature), ..Token::bare(kind) };
    if kind != Kind::Jwk {
        read_header(text, members.values(&["protected"]).first(), &mut token);
    }
    if kind == Kind::Jws {
        read_payload(text, members.values(&["payload"]).first(), &mut token);
    }
    token
}

fn read_payload(text: &[u8], payload: Option<&Range<usize>>, token: &mut Token) {
    let Some(payload) = payload else { return };
    let parsed = json::parse(&decode(&text[payload.clone()]));
    token.ambiguous |= parsed.duplicates;
    if matches!(parsed.value, Value::Object(_)) {
        token.claims = Some(parsed.value);
        token.claims_whole = matches!(parsed.status, Status::Complete { .. });
    }
}

fn read_header(text: &[u8], protected: Option<&Range<usize>>, token: &mut Token) {
    let Some(protected) = protected else { return };
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
        check(r#"{"ciphertext":"AAAAAAAAAAAAAAAA","iv":"AAAAAAAAAAAAAAAA","tag":"AAAAAAAAAAAAAAAAAAAAAA"}"#, Some(Kind::Jwe), "\"");
        check(r#"{"ciphertext":"AAAAAAAAAAAAAAAA","iv":"AAAAAAAAAAAAAAAA","tag":"v1.2.3"}"#, None, "");
        let hook = r#"{"level":"info","payload":"eyJvcmRlciI6MTJ9","signature":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;
        check(hook, None, "");
        // Members among a record's own go one by one.
        let record = hook.replace("eyJvcmRlciI6MTJ9", "eyJzdWIiOiJqbyIsImV4cCI6MX0");
        let pieces: Vec<usize> = objects(record.as_bytes())[0].pieces.iter().map(ExactSizeIterator::len).collect();
        assert_eq!(pieces, [27, 44]);
        let envelope = r#"{"payloadType":"a/b","payload":"eyJfdHlwZSI6ImEvYiJ9","signatures":[{"keyid":"ab","sig":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"}]}"#;
        check(envelope, None, "");
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
