//! The compact serializations: JWS (RFC 7515 §7.1, detached RFC 7515 App. F), JWE (RFC 7516 §7.1), SD-JWT (RFC 9901 §4),
//! whole or damaged.

mod head;

pub(crate) use head::has_any;

use head::{Head, read_head, unread};

use crate::base64::{VALUE, alphanumeric_len, decode, has_both_cases, is_base64, tail_len, url_len};
use crate::claim_set::{REGISTERED_CLAIMS, is_claim_set, is_lone_claim_set};
use crate::elision::{Behind, ELLIPSIS_CHARS_MIN, behind_marks, has_letters};
use crate::foreign::{behind_foreign, is_tag_length};
use crate::fragments::{header_rest, text_start};
use crate::json::{self, Status, Text, Value};
use crate::loose::loose;
use crate::opening::{HEAD_CHARS_MIN, PROBE_CHARS, Probe, is_broken, is_opening, is_scrap, may_be_head, probe};
use crate::sd_jwt::disclosures;
use crate::token::{Cut, Found, Kind, Token};
use crate::unencoded::unencoded;

/// Largest protected header that is decoded, in bytes of JSON (DESIGN §10).
pub const HEADER_BYTES_MAX: usize = 8 * 1024;
pub(crate) const HEADER_CHARS_MAX: usize = HEADER_BYTES_MAX / 3 * 4;
/// Shortest second part of a `payload.signature` fragment: 128 bits in base64url.
const FRAGMENT_SIGNATURE_CHARS_MIN: usize = 22;

/// Header parameters of RFC 7515 §4.1, RFC 7516 §4.1, RFC 7518 and RFC 7797: one of them makes a damaged header credible.
pub(crate) const HEADER_NAMES: [&str; 21] = [
    "alg", "enc", "typ", "cty", "kid", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "zip", "b64", "epk", "apu", "apv", "p2s",
    "p2c", "iv", "tag",
];
/// Registered claims (RFC 7519 §4.1) and their common companions: they tell a claim set from a paging cursor.
const CLAIM_NAMES: [&str; 17] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "azp",
    "scope",
    "scp",
    "nonce",
    "sid",
    "client_id",
    "email",
    "roles",
    "auth_time",
    "cnf",
];

/// What stands at an opening.
pub(crate) enum At {
    /// A token.
    Token(Found),
    /// Nothing that must go.
    Nothing,
    /// The text ends before it can be decided, and more text follows.
    Open,
}

/// Which of the two base64 alphabets a token uses; unknown until one of `-_+/` is seen.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Unknown,
    Url,
    Standard,
}

/// Reads the segments of one candidate.
pub(crate) struct Segments<'a> {
    pub(crate) text: &'a [u8],
    style: Style,
    /// The `alg` of the header, once it is read: it tells the signature's length.
    alg: Option<Text>,
}

/// One segment: its base64 characters, and where it ends with its padding.
#[derive(Clone, Copy)]
pub(crate) struct Segment {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) padded_end: usize,
}

impl Segment {
    pub(crate) fn len(self) -> usize {
        self.end - self.start
    }
}

impl<'a> Segments<'a> {
    pub(crate) fn of(text: &'a [u8]) -> Self {
        Self { text, style: Style::Unknown, alg: None }
    }

    /// The segment at `start`. In the last segment of a token, whose alphabet is not known yet, a `/` or `+` after a
    /// signature of a usual length is a neighbour (a path goes on), not a part.
    pub(crate) fn read(&mut self, start: usize, last: bool) -> Segment {
        let mut end = start;
        loop {
            // Letters and digits say nothing of the alphabet; its own signs nothing new, once it is known.
            let rest = self.text.get(end..).unwrap_or_default();
            end += if self.style == Style::Url { url_len(rest) } else { alphanumeric_len(rest) };
            let Some(&b) = self.text.get(end) else { break };
            match b {
                b'-' | b'_' if self.style == Style::Standard => break,
                b'-' | b'_' => self.style = Style::Url,
                b'+' | b'/' if self.style == Style::Url => break,
                b'+' | b'/' if self.style == Style::Unknown && last && signature_fits(self.alg.as_deref(), end - start) => break,
                b'+' | b'/' => self.style = Style::Standard,
                b if VALUE[b as usize] == crate::base64::NOT => break,
                _ => {}
            }
            end += 1;
        }
        let mut padded_end = end;
        let missing = (4 - (end - start) % 4) % 4;
        if missing < 3 && end > start && self.text[end..].iter().take(missing).filter(|&&b| b == b'=').count() == missing {
            padded_end = end + missing;
        }
        Segment { start, end, padded_end }
    }

    pub(crate) fn chars(&self, s: Segment) -> &'a [u8] {
        &self.text[s.start..s.end]
    }

    pub(crate) fn dot_at(&self, at: usize) -> bool {
        self.text.get(at) == Some(&b'.')
    }
}

/// True for a length that a signature of this algorithm has; for an unknown one, any usual length.
pub(crate) fn signature_fits(alg: Option<&str>, chars: usize) -> bool {
    match alg {
        Some("none") => chars == 0,
        Some("HS256") => chars == 43,
        Some("HS384") => chars == 64,
        Some("HS512" | "ES256" | "ES256K" | "EdDSA" | "Ed25519") => chars == 86,
        Some("ES384") => chars == 128,
        Some("ES512") => chars == 176,
        Some(alg) if alg.starts_with("RS") || alg.starts_with("PS") => matches!(chars, 171 | 342 | 512 | 683),
        _ => is_signature_length(chars),
    }
}

/// Base64 lengths of the signatures of RFC 7518 §3.1 and RFC 8037: HMAC, ECDSA, EdDSA, RSA with 1024 to 4096 bits.
pub(crate) fn is_signature_length(chars: usize) -> bool {
    matches!(chars, 43 | 64 | 86 | 128 | 171 | 176 | 342 | 512 | 683)
}

/// Decides what stands at the opening `start` of `text`. With `more`, the text's end is not the end of the input.
///
/// `work` grows by the bytes that were looked at.
#[inline]
pub(crate) fn token_at(text: &[u8], start: usize, more: bool, work: &mut usize) -> At {
    let is_nothing = |probe| matches!(probed_at(text, start, probe, more, &mut 0), At::Nothing);
    if is_scrap(text, start) {
        debug_assert!(is_nothing(probe(text, start)));
        *work += HEAD_CHARS_MIN;
        return At::Nothing;
    }
    let probe = probe(text, start);
    let may_be_suspect = || text[start..].starts_with(b"eyJ") && !(start > 0 && is_base64(text[start - 1]));
    if probe.is_none() && !may_be_suspect() {
        return At::Nothing;
    }
    if is_broken(text, start, probe) {
        debug_assert!(is_nothing(probe));
        *work += HEAD_CHARS_MIN;
        return At::Nothing;
    }
    probed_at(text, start, probe, more, work)
}

/// As [`token_at`], behind the first look.
fn probed_at(text: &[u8], start: usize, probe: Option<Probe>, more: bool, work: &mut usize) -> At {
    let mut segments = Segments::of(text);
    let head = segments.read(start, false);
    *work += head.len();
    let at_end = more && head.padded_end >= text.len();
    // The probe may have seen all of it.
    let is_probed = head.len() < PROBE_CHARS && !text.get(head.end).copied().is_some_and(is_base64);
    let mut bytes = Vec::new();
    let read = match probe {
        None => Head::Other,
        Some(Probe::Object(probe)) if is_probed && !matches!(probe.status, Status::Complete { .. }) => unread(probe, at_end),
        Some(Probe::Object(probe)) => read_head(segments.chars(head), probe.named, at_end, &mut bytes),
        Some(Probe::Header) => read_head(segments.chars(head), true, at_end, &mut bytes),
    };
    if at_end {
        return if matches!(read, Head::Other) { At::Nothing } else { At::Open };
    }
    if let Head::Jose(header, ambiguous) = &read {
        match unencoded(text, header, head.start..head.padded_end, more) {
            At::Nothing => {}
            decided => return decided,
        }
        if let Some(end) = loose(text, head.padded_end, header) {
            if more && end >= text.len() {
                return At::Open;
            }
            let bare = Token::bare(Kind::of(header));
            let token = Token { header: Some(header.clone()), ambiguous: *ambiguous, cut: Some(Cut::Payload), ..bare };
            return At::Token(Found::plain(start..end, token));
        }
    }
    if matches!(read, Head::Other | Head::Damaged) && is_path_segment(text, head) {
        return At::Nothing;
    }
    let opens = text[start..].starts_with(b"ey") || !(start > 0 && is_base64(text[start - 1]));
    if head.len() >= ELLIPSIS_CHARS_MIN && opens && !matches!(read, Head::Object(..)) {
        let letters = !matches!(read, Head::Jose(..)) && has_letters(segments.chars(head));
        let from = if letters { chain_end(text, head.padded_end) } else { head.padded_end };
        let end = match behind_marks(text, from, more) {
            Behind::Rest(end) => Some(end),
            Behind::Nothing => letters.then_some(from),
            Behind::Open => return At::Open,
        };
        if let Some(end) = end {
            let token = match read {
                Head::Jose(header, ambiguous) => {
                    let bare = Token::bare(Kind::of(&header));
                    Token { header: Some(header), ambiguous, cut: Some(Cut::Payload), ..bare }
                }
                _ => Token { cut: Some(Cut::Header), ..Token::bare(Kind::Jws) },
            };
            return At::Token(Found::plain(start..end, token));
        }
    }
    let is_alone = || matches!(&read, Head::Object(claims, _) if is_lone_claim_set(claims)) && text_start(text, start) == start;
    if !segments.dot_at(head.padded_end) && !is_alone() {
        return At::Nothing;
    }
    if matches!(read, Head::Other) {
        return suspect(text, &mut segments, head, more);
    }
    if let Head::Jose(header, _) = &read {
        segments.alg = match header.get("alg") {
            Some(Value::String(alg)) => Some(alg.clone()),
            _ => None,
        };
    }
    let parts = read_parts(&mut segments, head, &read);
    let end = parts.last().map_or(head.padded_end, |s| s.padded_end);
    if more && end >= text.len() {
        return At::Open;
    }
    let token = match read {
        Head::Jose(header, ambiguous) => jose(&segments, bytes, &parts, Some(header), ambiguous),
        Head::Damaged | Head::Cut => jose(&segments, bytes, &parts, None, false),
        Head::Object(claims, ambiguous) => fragment(&segments, &parts, claims, ambiguous),
        Head::Other => None,
    };
    let Some(mut token) = token else { return At::Nothing };
    let mut end = end;
    if !token.whole {
        // The middle was cut out: what stands behind the mark is the rest of it.
        match behind_marks(text, end, more) {
            Behind::Rest(rest) => end = rest,
            Behind::Nothing => match behind_foreign(text, end, segments.alg.as_deref(), &parts, token.kind) {
                Some(rest) if more && rest >= text.len() => return At::Open,
                Some(rest) => end = rest,
                None => {}
            },
            Behind::Open => return At::Open,
        }
    }
    let mut span = start..end;
    if parts.len() == 2 && token.kind != Kind::Jwe && token.cut != Some(Cut::Header) {
        end = longer_chain(&mut segments, end);
        span.end = end;
    }
    if token.kind != Kind::Jwe {
        match disclosures(text, &mut token, end, more, work) {
            Some(end) => span.end = end,
            None => return At::Open,
        }
    }
    if token.cut == Some(Cut::Header) && token.header.is_none() {
        // An object within a payload that has lost its beginning opens as a token does.
        span.start = text_start(text, if token.claims.is_some() { header_rest(text, start) } else { start });
    }
    At::Token(Found::plain(span, token))
}

/// Where base64 and dots end.
fn chain_end(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|&&b| is_base64(b) || b == b'.').count()
}

/// An object in base64, a slash and what opens: two segments of a path, of which the second may be a token.
fn is_path_segment(text: &[u8], head: Segment) -> bool {
    let chars = &text[head.start..head.end];
    memchr::memchr_iter(b'/', chars).map(|at| head.start + at).any(|slash| {
        let opens = is_opening(text, slash + 1) && may_be_head(text, slash + 1);
        opens && matches!(json::skim(&decode(&text[head.start..slash]), &[]).status, Status::Complete { .. })
    })
}

/// Three parts are a JWS. Where at least two more follow, nobody knows what it is: all of them go.
fn longer_chain(segments: &mut Segments<'_>, end: usize) -> usize {
    let (mut at, mut count) = (end, 0);
    while segments.dot_at(at) {
        let part = segments.read(at + 1, false);
        if part.len() == 0 {
            break;
        }
        at = part.padded_end;
        count += 1;
    }
    if count >= 2 { at } else { end }
}

/// True for three parts of which the first is a header whose algorithm gives signatures the length of the last.
#[must_use]
pub fn is_signed(run: &[u8]) -> bool {
    let mut dots = memchr::memchr_iter(b'.', run);
    let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else { return false };
    if first + 1 == second || first > HEADER_CHARS_MAX {
        return false;
    }
    let alg = json::skim_text(&decode(&run[..first]), "alg");
    alg.is_some_and(|alg| signature_fits(Some(&alg), run.len() - second - 1))
}

/// The segments after the first one: up to four for a JWE, up to two for a JWS, one for a `payload.signature` fragment.
fn read_parts(segments: &mut Segments<'_>, head: Segment, read: &Head) -> Vec<Segment> {
    let most = match read {
        Head::Jose(h, _) if h.get("enc").is_some() => 4,
        Head::Jose(..) => 2,
        Head::Object(..) => 1,
        _ => 4,
    };
    let mut parts: Vec<Segment> = Vec::with_capacity(4);
    let mut dot = head.padded_end;
    while parts.len() < most && segments.dot_at(dot) {
        let part = segments.read(dot + 1, parts.len() + 1 == most);
        dot = part.padded_end;
        parts.push(part);
    }
    // More than two dots in a row: what is behind them is no next part, but what is left of this one.
    if most == 4
        && let Some(i) = (1..parts.len()).find(|&i| parts[i].len() == 0 && parts.get(i + 1).is_some_and(|next| next.len() == 0))
    {
        parts.truncate(i);
    }
    // A damaged header does not say whether it is a JWE: only five parts are.
    if matches!(read, Head::Damaged | Head::Cut) && parts.len() < 4 {
        parts.truncate(2);
    }
    // The dots of an ellipsis.
    if most == 1 && parts.first().is_some_and(|part| part.len() == 0 && segments.dot_at(part.end)) {
        parts.clear();
    }
    parts
}

/// `head`: the header, decoded, where it could be read.
fn jose(segments: &Segments<'_>, head: Vec<u8>, parts: &[Segment], header: Option<Value>, ambiguous: bool) -> Option<Token> {
    let damaged = header.is_none();
    let encrypted = match &header {
        Some(h) => h.get("enc").is_some(),
        None => parts.len() == 4,
    };
    let longest = parts.iter().map(|s| s.len()).max().unwrap_or(0);
    // `header...` is an ellipsis, and a damaged header needs company that looks like key material or claims.
    if longest == 0 || damaged && longest < 10 {
        return None;
    }
    let mut token = Token { header, ambiguous, ..Token::bare(Kind::Jws) };
    if encrypted {
        token.kind = Kind::Jwe;
        if parts.len() == 4 {
            let others = parts[1..].iter().map(|&s| decode(segments.chars(s)));
            token.identity = std::iter::once(head).chain(others).collect();
            token.whole = is_tag_length(parts[3].len());
        } else {
            token.cut = Some(Cut::Payload);
        }
    } else {
        signed(segments, head, parts, &mut token);
    }
    if damaged {
        token.cut = Some(Cut::Header);
        token.identity.clear();
        token.whole = false;
    }
    Some(token)
}

/// See [`Token::reads_on`].
pub(crate) fn reads_on(payload: &[u8], status: Status) -> bool {
    // A character may be cut, too.
    let is_text = std::str::from_utf8(payload).map_or_else(|e| e.error_len().is_none(), |_| true);
    is_text && matches!(status, Status::Cut | Status::Complete { .. })
}

fn signed(segments: &Segments<'_>, head: Vec<u8>, parts: &[Segment], token: &mut Token) {
    let payload = parts.first().map(|&s| decode(segments.chars(s))).unwrap_or_default();
    let parsed = json::parse(&payload);
    if matches!(parsed.value, Value::Object(_)) {
        token.ambiguous |= parsed.duplicates;
        token.claims = Some(parsed.value);
        token.claims_whole = matches!(parsed.status, Status::Complete { .. });
    }
    token.reads_on = parts.get(1).is_none_or(|s| s.len() == 0) && token.claims.is_some() && reads_on(&payload, parsed.status);
    if parts.len() < 2 {
        token.cut = Some(if matches!(parsed.status, Status::Cut) { Cut::Payload } else { Cut::Signature });
    }
    token.whole = parts.get(1).is_some_and(|s| signature_fits(segments.alg.as_deref(), s.len()));
    if let Some(&signature) = parts.get(1).filter(|_| token.whole) {
        token.signature = segments.chars(signature).to_vec();
    }
    if token.cut != Some(Cut::Payload) {
        token.identity = vec![head, payload];
    }
    if token.header_str("typ").is_some_and(|t| t.as_bytes().windows(6).any(|w| w.eq_ignore_ascii_case(b"sd-jwt"))) {
        token.kind = Kind::SdJwt;
    }
}

/// `payload.signature` whose header is missing. A paging cursor followed by a dot is none: it needs claims, and a signature
/// of at least 128 bits, or none at all behind more than one registered claim (RFC 7519 §6). What is plainly a claim set needs
/// neither: the rest was cut.
fn fragment(segments: &Segments<'_>, parts: &[Segment], claims: Value, ambiguous: bool) -> Option<Token> {
    let is_signed = |signature: &Segment| {
        let dotted = segments.dot_at(signature.padded_end);
        if signature.len() == 0 {
            return !dotted && claims.members().iter().filter(|(name, _)| REGISTERED_CLAIMS.contains(&name.as_str())).count() >= 2;
        }
        let named = has_any(&claims, &CLAIM_NAMES);
        signature.len() >= FRAGMENT_SIGNATURE_CHARS_MIN && (named || !dotted && is_signature_length(signature.len()))
    };
    (parts.first().is_some_and(is_signed) || is_claim_set(&claims)).then(|| Token {
        claims: Some(claims),
        claims_whole: true,
        ambiguous,
        cut: Some(Cut::Header),
        ..Token::bare(Kind::Jws)
    })
}

/// Shortest segment of a suspect: what begins like a header but does not decode.
pub(crate) const SUSPECT_CHARS_MIN: usize = 20;

/// `eyJ….eyJ….…` or `….eyJ….…` whose parts do not decode (a digit lost, a test's dummy): two signs of a header or claim
/// set in a row, or one in the middle of three long parts, are no accident.
fn suspect(text: &[u8], segments: &mut Segments<'_>, head: Segment, more: bool) -> At {
    let opens = |s: Segment| s.len() >= SUSPECT_CHARS_MIN && text[s.start..].starts_with(b"eyJ");
    if !opens(head) || head.start > 0 && is_base64(text[head.start - 1]) {
        return At::Nothing;
    }
    let second = segments.read(head.padded_end + 1, false);
    let before = text[..head.start].strip_suffix(b".").map_or(0, tail_len);
    let mut span = head.start..second.padded_end;
    if opens(second) {
        if segments.dot_at(second.padded_end) {
            span.end = segments.read(second.padded_end + 1, true).padded_end;
        }
    } else if before >= SUSPECT_CHARS_MIN && second.len() >= SUSPECT_CHARS_MIN {
        span.start = head.start - 1 - before;
    } else {
        return if more && second.padded_end >= text.len() { At::Open } else { At::Nothing };
    }
    if more && span.end >= text.len() {
        return At::Open;
    }
    At::Token(Found::plain(span, Token { cut: Some(Cut::Header), ..Token::bare(Kind::Jws) }))
}

/// Upper case, lower case and digits: what host names, packages and numbers are not.
pub(crate) fn is_mixed(chars: &[u8]) -> bool {
    has_both_cases(chars) && chars.iter().any(u8::is_ascii_digit)
}

/// As [`is_mixed`]; a long text of both cases need not have a digit.
pub(crate) fn is_dense(chars: &[u8]) -> bool {
    has_both_cases(chars) && (chars.len() >= DENSE_CHARS || chars.iter().any(u8::is_ascii_digit))
}

/// Base64 of this length seldom is without a digit, but it may be.
const DENSE_CHARS: usize = 24;
