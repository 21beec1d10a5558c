//! What a token turned out to be.

use std::ops::Range;

use crate::base64::{decode, encode};
use crate::json::Value;
use crate::view::Wide;

/// The family of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// JSON Web Signature (RFC 7515), signed JWTs included.
    Jws,
    /// JSON Web Encryption (RFC 7516).
    Jwe,
    /// Selective-disclosure JWT with its disclosures (RFC 9901).
    SdJwt,
    /// JSON Web Key with private members (RFC 7517 §9.2).
    Jwk,
    /// PEM private key (RFC 7468 §10, 11).
    Pem,
}

impl Kind {
    /// What a compact token is that begins with this header.
    pub(crate) fn of(header: &Value) -> Self {
        if header.get("enc").is_some() { Self::Jwe } else { Self::Jws }
    }

    /// The kind as markers name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jws => "jwt",
            Self::Jwe => "jwe",
            Self::SdJwt => "sdjwt",
            Self::Jwk => "jwk",
            Self::Pem => "pem",
        }
    }
}

/// The part of a token that is missing or incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    /// The header is missing, cut or unreadable.
    Header,
    /// The payload or ciphertext is cut.
    Payload,
    /// The signature or tag is missing or cut.
    Signature,
}

impl Cut {
    /// The part as markers name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        }
    }
}

/// A decoded token. Holds claims in the clear: it is never written anywhere, and its `Debug` names the kind only.
#[derive(Clone)]
pub struct Token {
    /// The family.
    pub kind: Kind,
    /// The JOSE header, where it could be read. Not verified: it is what the token says.
    pub header: Option<Value>,
    /// The claim set, where the payload is a JSON object that could be read (RFC 7519 §4). Cut payloads give the members
    /// that are complete.
    pub claims: Option<Value>,
    /// The claim set was read to its end, within the reader's limits: a claim that is not there is not in the token.
    pub claims_whole: bool,
    /// A header or claim set has two members of one name, so what it says depends on the reader (RFC 7515 §4): show nothing.
    pub ambiguous: bool,
    /// The first part that is missing or incomplete.
    pub cut: Option<Cut>,
    /// The parts that identify the token, decoded: header and payload of a JWS; header, IV, ciphertext and tag of a JWE.
    /// Empty when one of them is incomplete. The signature is no part: re-signed or cut, it is the same token.
    pub identity: Vec<Vec<u8>>,
    /// All parts are there, and the last one has a length that its algorithm gives: nothing that follows belongs to it.
    pub whole: bool,
    /// The payload is the last part there is, and text of a claim set up to its end: what was taken for more of it was.
    pub reads_on: bool,
    /// Number of disclosures of an SD-JWT.
    pub disclosures: usize,
    /// An SD-JWT that ends in its key binding JWT, which is whole (RFC 9901 §4.3): nothing that follows belongs to it.
    pub key_bound: bool,
    /// The signature of a JWS that is [whole](Self::whole), in base64url as it stands; otherwise empty. No part of its identity.
    pub signature: Vec<u8>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("kind", &self.kind).field("cut", &self.cut).finish_non_exhaustive()
    }
}

impl Token {
    /// A string parameter of the header.
    #[must_use]
    pub fn header_str(&self, name: &str) -> Option<&str> {
        self.header.as_ref()?.get(name)?.as_str()
    }

    /// A JWS that is [whole](Self::whole) in compact serialization (RFC 7515 §7.1), as it was sent if its base64url was
    /// canonical. A credential: for hashing only. `None` for anything else.
    #[must_use]
    pub fn compact(&self) -> Option<String> {
        let [header, payload] = self.identity.as_slice() else { return None };
        let is_whole = self.kind == Kind::Jws && self.whole && !self.signature.is_empty();
        let part = |bytes: &[u8]| encode(bytes);
        is_whole.then(|| format!("{}.{}.{}", part(header), part(payload), part(&decode(&self.signature))))
    }

    /// A claim: from the claim set, or replicated in a JWE's header (RFC 7519 §5.3).
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.as_ref().and_then(|c| c.get(name)).or_else(|| match self.kind {
            Kind::Jwe => self.header.as_ref().and_then(|h| h.get(name)),
            _ => None,
        })
    }
}

impl Token {
    /// A token of which nothing is known but its kind.
    pub(crate) fn bare(kind: Kind) -> Self {
        Self {
            kind,
            header: None,
            claims: None,
            claims_whole: false,
            ambiguous: false,
            cut: None,
            identity: Vec::new(),
            whole: false,
            reads_on: false,
            disclosures: 0,
            key_bound: false,
            signature: Vec::new(),
        }
    }
}

/// A token and the bytes that it covers.
#[derive(Clone, Debug)]
pub struct Found {
    /// The bytes to replace, in order: nothing of the neighbourhood, everything of the token. More than one piece where
    /// the token runs over several lines; line ends and indentation between the pieces are not the token's.
    pub pieces: Vec<Range<usize>>,
    /// What it is.
    pub token: Token,
    /// Where the token is a JSON object (RFC 7515 §7.2, RFC 7516 §7.2, RFC 7517): the bytes that open its first member
    /// name. The replacement goes between two copies of them, so that valid JSON stays valid.
    pub quote: Option<Range<usize>>,
    /// The text is UTF-16: the replacement has to be, too.
    pub wide: Option<Wide>,
    /// Where the object begins of which the pieces are members: without what stands there, nothing tells what they are.
    pub from: Option<usize>,
}

/// Where tokens of a text begin and end that are whole by themselves: no line end divides them.
#[derive(Default)]
pub(crate) struct Whole {
    starts: Vec<usize>,
    ends: Vec<usize>,
}

impl Whole {
    pub(crate) fn of(text: &[u8], found: &[Found]) -> Self {
        let (mut starts, mut ends): (Vec<usize>, Vec<usize>) =
            found.iter().filter(|f| f.is_closed(text)).map(|f| (f.span().start, f.span().end)).unzip();
        starts.sort_unstable();
        ends.sort_unstable();
        Self { starts, ends }
    }

    pub(crate) fn has_start(&self, at: usize) -> bool {
        self.starts.binary_search(&at).is_ok()
    }

    pub(crate) fn has_end(&self, at: usize) -> bool {
        self.ends.binary_search(&at).is_ok()
    }
}

impl Found {
    /// A token in one piece.
    pub(crate) fn plain(span: Range<usize>, token: Token) -> Self {
        Self { pieces: Vec::from([span]), token, quote: None, wide: None, from: None }
    }

    /// The same token, standing at `span`.
    pub(crate) fn at(mut self, span: Range<usize>) -> Self {
        self.pieces.clear();
        self.pieces.push(span);
        self.from = None;
        self
    }

    /// The same token, of a text that begins at `offset` of another one.
    pub(crate) fn behind(mut self, offset: usize) -> Self {
        let moved = |range: &mut Range<usize>| *range = range.start + offset..range.end + offset;
        self.pieces.iter_mut().for_each(moved);
        self.quote.iter_mut().for_each(moved);
        self.from.iter_mut().for_each(|from| *from += offset);
        self
    }

    /// Leaves out what stands from `end` on.
    pub(crate) fn cut_at(&mut self, end: usize) {
        if self.span().end <= end {
            return;
        }
        self.pieces.retain(|piece| piece.start < end);
        self.pieces.iter_mut().for_each(|piece| piece.end = piece.end.min(end));
        self.token.cut = self.token.cut.or(Some(Cut::Payload));
        self.token.identity.clear();
        self.quote = None;
    }

    /// Nothing that follows belongs to it: a compact token of which all is there, or an object or a key that is closed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.token.whole || self.token.cut.is_none() && (self.quote.is_some() || self.token.kind == Kind::Pem)
    }

    /// As [`Self::is_complete`], of a compact token of `text` that no next line goes on with: behind the last `~` of a line the
    /// key binding JWT may follow.
    pub(crate) fn is_closed(&self, text: &[u8]) -> bool {
        let end = self.span().end;
        let may_go_on =
            || self.token.kind == Kind::SdJwt && text[..end].ends_with(b"~") && matches!(text.get(end), None | Some(b'\r' | b'\n'));
        self.token.whole && !may_go_on()
    }

    /// Where what tells that this is a token begins: before its span, for members of an object.
    #[must_use]
    pub fn start(&self) -> usize {
        let start = self.span().start;
        self.from.map_or(start, |from| from.min(start))
    }

    /// Everything from the first byte to the last.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        let start = self.pieces.first().map_or(0, |p| p.start);
        start..self.pieces.last().map_or(start, |p| p.end)
    }
}
