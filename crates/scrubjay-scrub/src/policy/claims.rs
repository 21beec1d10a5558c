//! What a rule says of the claims of one token.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use scrubjay_token::json::Value;
use scrubjay_token::{Class, Kind, Token};

use super::path::{Rest, Step};
use super::show::{Hashes, Left};
use super::{Line, Rule, Show};
use crate::claimset::Member;
use crate::marker::Draft;
use crate::shape;

/// Deepest nesting at which claims are told apart.
const DEPTH_MAX: usize = 16;

/// What a marker says of a token, for statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The token's class.
    pub class: Class,
    /// Its `alg` as shown; `none` included, `unknown` when the header could not be read.
    pub alg: &'static str,
}

/// What was decided of one claim or header parameter, for whoever wants to know why.
pub struct Decided<'a> {
    /// Its path, dotted.
    pub path: String,
    /// Its value. Not for any output.
    pub value: &'a Value,
    /// The line that decided; `None`: no line names it.
    pub line: Option<&'a Line>,
    /// It is a parameter of the header.
    pub in_header: bool,
    /// What becomes of it.
    pub fate: Fate<'a>,
}

impl<'a> Decided<'a> {
    pub(crate) fn of_header(name: &str, value: &'a Value, shown: Vec<String>) -> Self {
        Self { path: name.to_owned(), value, line: None, in_header: true, fate: Fate { shown, sealed: &[] } }
    }
}

/// Who hears what was decided, if anybody does.
pub(crate) type Note<'n, 'a> = Option<&'n mut dyn FnMut(Decided<'a>)>;

/// What becomes of a claim.
pub struct Fate<'a> {
    /// The values that are shown; none: it is hidden.
    pub shown: Vec<String>,
    /// Who may open it.
    pub sealed: &'a [String],
}

/// True for a name that a marker uses for what is ours, or the header's: a claim of such a name is written `claim.NAME`.
pub(super) fn is_ours(name: &str) -> bool {
    matches!(
        name,
        "class"
            | "fp"
            | "risk"
            | "cut"
            | "sealed"
            | "why"
            | "rule"
            | "kind"
            | "verified"
            | "alg"
            | "enc"
            | "typ"
            | "cty"
            | "kid"
            | "fields"
    )
}

/// What a rule makes of a token's claims.
#[derive(Default)]
pub(crate) struct Story<'a> {
    /// Something was left out for want of room.
    pub(crate) more: bool,
    /// A date is out of range.
    pub(crate) out_of_range: bool,
    /// Claims that are sealed, and to whom.
    pub(crate) sealed: Vec<(&'a [String], Member<'a>)>,
}

/// Applies a rule to the claims of a token. Names and values go into its marker, in the order of the rule's lines.
pub(crate) fn decide<'a>(rule: &'a Rule, token: &'a Token, hashes: &Hashes<'_>, note: Note<'_, 'a>, marker: &mut Draft<'a>) -> Story<'a> {
    let shown = Vec::with_capacity(rule.lines.len());
    let values = Vec::with_capacity(rule.lines.len());
    let path = Vec::with_capacity(DEPTH_MAX);
    let mut walk = Walk { rule, hashes, note, shown, values, path, story: Story::default() };
    let rests: Vec<Open<'a>> = rule.lines.iter().enumerate().map(|(i, line)| Open::of(i, line.path.rest())).collect();
    // A JWE may repeat claims in its header (RFC 7519 §5.3); parameters of JOSE are none.
    let from_header = token.header.as_ref().filter(|_| token.kind == Kind::Jwe).map_or(&[][..], Value::members);
    for (name, value) in token.claims.as_ref().map_or(&[][..], Value::members) {
        walk.member(name, value, &rests, None);
    }
    for (name, value) in from_header.iter().filter(|(name, _)| !is_parameter(name)) {
        walk.member(name, value, &rests, None);
    }
    let Walk { mut shown, mut values, story, .. } = walk;
    shown.sort_by_key(|claim| claim.line);
    let mut names = shown.iter().any(|claim| claim.stands_for).then(HashSet::new);
    for Claim { name, values: own, stands_for, .. } in shown {
        // A line with another name gives way to the claim that has that name.
        if names.as_mut().is_none_or(|names| names.insert(name.clone())) || !stands_for {
            let own = values.get_mut(own).unwrap_or_default();
            own.iter_mut().for_each(|value| marker.add(name.clone(), std::mem::take(value)));
        }
    }
    story
}

struct Walk<'a, 'c, 'n> {
    rule: &'a Rule,
    hashes: &'c Hashes<'c>,
    note: Note<'n, 'a>,
    shown: Vec<Claim<'a>>,
    /// The values of all that is shown.
    values: Vec<Cow<'a, str>>,
    path: Vec<&'a str>,
    story: Story<'a>,
}

/// A line that may say something of a member.
struct Open<'a> {
    line: usize,
    rest: Rest<'a>,
    /// As [`Rest::first`].
    first: Option<u8>,
}

impl<'a> Open<'a> {
    fn of(line: usize, rest: Rest<'a>) -> Self {
        Self { line, rest, first: rest.first() }
    }
}

/// A claim that is shown.
struct Claim<'a> {
    /// The line that decided.
    line: usize,
    /// Its name in the marker.
    name: Cow<'a, str>,
    /// Its values, of those of the walk.
    values: Range<usize>,
    /// The name is another claim's own.
    stands_for: bool,
}

impl<'a> Walk<'a, '_, '_> {
    /// Decides a member by the lines that say something of it; `inherited` is what was said of what it stands in.
    fn member(&mut self, name: &'a str, value: &'a Value, lines: &[Open<'a>], inherited: Option<usize>) {
        let mut answer = inherited;
        let mut specific = None;
        let mut inside = Vec::new();
        let first = name.bytes().next();
        for &Open { line, rest, first: own } in lines {
            // Of nearly all the first letter is another one.
            if matches!((own, first), (Some(own), Some(first)) if own != first) {
                continue;
            }
            match rest.step(name) {
                Some(Step::Here) => (answer, specific) = (Some(line), Some(usize::MAX)),
                Some(Step::Covers(len)) if specific.is_none_or(|s| s < len) => (answer, specific) = (Some(line), Some(len)),
                Some(Step::Inside(rest)) => inside.push(Open::of(line, rest)),
                _ => {}
            }
        }
        self.path.push(name);
        if let (false, Value::Object(members), true) = (inside.is_empty(), value, self.path.len() < DEPTH_MAX) {
            for (name, value) in members {
                self.member(name, value, &inside, answer);
            }
        } else {
            self.leaf(value, answer);
        }
        self.path.pop();
    }

    fn leaf(&mut self, value: &'a Value, answer: Option<usize>) {
        let line = answer.and_then(|i| self.rule.lines.get(i));
        let show = line.map_or(Show::None, |l| l.show);
        let sealed = line.map_or(&[][..], |l| &l.seal);
        if show == Show::None && sealed.is_empty() && self.note.is_none() {
            return;
        }
        let text = match *self.path {
            [name] => Cow::Borrowed(name),
            _ => Cow::Owned(self.path.join(".")),
        };
        let name = if show == Show::None { None } else { name(line, &text) };
        let from = self.values.len();
        if name.is_some() {
            let Left { more, out_of_range } = self.hashes.show(show, &self.path, &text, value, &mut self.values);
            self.story.more |= more;
            self.story.out_of_range |= out_of_range;
        }
        if !sealed.is_empty() {
            self.story.sealed.push((sealed, Member { path: self.path.clone(), value }));
        }
        let values = from..self.values.len();
        if let Some(note) = &mut self.note {
            let shown = self.values.iter().skip(from).map(|value| value.to_string()).collect();
            note(Decided { path: text.to_string(), value, line, in_header: false, fate: Fate { shown, sealed } });
        }
        if let (Some(name), Some(line_at), false) = (name, answer, values.is_empty()) {
            let stands_for = line.is_some_and(|l| l.shown_as.is_some());
            self.shown.push(Claim { line: line_at, name, values, stands_for });
        }
    }
}

/// The name in the marker of a claim whose dotted path is `text`. `None`: that is nothing to show, and the policy does not name it.
fn name<'a>(line: Option<&'a Line>, text: &Cow<'a, str>) -> Option<Cow<'a, str>> {
    let line = line?;
    if let Some(name) = &line.shown_as {
        return Some(Cow::Borrowed(name));
    }
    // Names of claims are written by whoever wrote the token, unless the policy itself names them. A line for a claim is
    // inherited by members that it does not name.
    if !line.path.is_name(text) && !shape::is_plain_name(text) {
        return None;
    }
    Some(if is_ours(text) { Cow::Owned(format!("claim.{text}")) } else { text.clone() })
}

/// Header parameters of RFC 7515 §4.1, RFC 7516 §4.1, RFC 7518 §4.6 and §4.8, RFC 7797, RFC 9449.
fn is_parameter(name: &str) -> bool {
    matches!(
        name,
        "alg"
            | "enc"
            | "typ"
            | "cty"
            | "kid"
            | "zip"
            | "jku"
            | "jwk"
            | "x5u"
            | "x5c"
            | "x5t"
            | "x5t#S256"
            | "crit"
            | "epk"
            | "apu"
            | "apv"
            | "iv"
            | "tag"
            | "p2s"
            | "p2c"
            | "b64"
    )
}
