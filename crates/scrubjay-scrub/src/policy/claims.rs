//! What a rule says of the claims of one token.

use std::collections::HashSet;

use scrubjay_token::json::Value;
use scrubjay_token::{Class, Kind, Token};

use super::path::{Rest, Step};
use super::show::{Hashes, Shown};
use super::{Line, Rule, Show};
use crate::claimset::Member;
use crate::shape;

/// Names that a marker uses for what is ours, or the header's: a claim of such a name is written `claim.NAME`.
const OURS: [&str; 15] =
    ["class", "fp", "risk", "cut", "sealed", "why", "rule", "kind", "verified", "alg", "enc", "typ", "cty", "kid", "fields"];
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

/// True for a name that a marker uses for something else than a claim.
pub(super) fn is_ours(name: &str) -> bool {
    OURS.contains(&name)
}

/// What a rule makes of a token's claims.
#[derive(Default)]
pub(crate) struct Story<'a> {
    /// Names and values of a marker, in the order of the rule's lines.
    pub(crate) fields: Vec<(String, String)>,
    /// Something was left out for want of room.
    pub(crate) more: bool,
    /// A date is out of range.
    pub(crate) out_of_range: bool,
    /// Claims that are sealed, and to whom.
    pub(crate) sealed: Vec<(&'a [String], Member<'a>)>,
}

/// Applies a rule to the claims of a token.
pub(crate) fn decide<'a>(rule: &'a Rule, token: &'a Token, hashes: &Hashes<'_>, note: Note<'_, 'a>) -> Story<'a> {
    let mut walk = Walk {
        rule,
        hashes,
        note,
        shown: Vec::with_capacity(rule.lines.len()),
        path: Vec::new(),
        text: String::new(),
        story: Story::default(),
    };
    let rests: Vec<(usize, Rest<'a>)> = rule.lines.iter().enumerate().map(|(i, line)| (i, line.path.rest())).collect();
    // A JWE may repeat claims in its header (RFC 7519 §5.3); parameters of JOSE are none.
    let from_header = token.header.as_ref().filter(|_| token.kind == Kind::Jwe).map_or(&[][..], Value::members);
    for (name, value) in token.claims.as_ref().map_or(&[][..], Value::members) {
        walk.member(name, value, &rests, None);
    }
    for (name, value) in from_header.iter().filter(|(name, _)| !is_parameter(name)) {
        walk.member(name, value, &rests, None);
    }
    let Walk { mut shown, mut story, .. } = walk;
    shown.sort_by_key(|(line, ..)| *line);
    let is_any_renamed = shown.iter().any(|(.., stands_for)| *stands_for);
    let mut names = HashSet::new();
    for (_, name, values, stands_for) in shown {
        // A line with another name gives way to the claim that has that name.
        if !is_any_renamed || names.insert(name.clone()) || !stands_for {
            story.fields.extend(values.into_iter().map(|value| (name.clone(), value)));
        }
    }
    story
}

struct Walk<'a, 'c, 'n> {
    rule: &'a Rule,
    hashes: &'c Hashes<'c>,
    note: Note<'n, 'a>,
    /// Line, name in the marker, values, and whether that name is another claim's own.
    shown: Vec<(usize, String, Vec<String>, bool)>,
    path: Vec<&'a str>,
    /// The path, dotted.
    text: String,
    story: Story<'a>,
}

impl<'a> Walk<'a, '_, '_> {
    /// Decides a member by the lines that say something of it; `inherited` is what was said of what it stands in.
    fn member(&mut self, name: &'a str, value: &'a Value, lines: &[(usize, Rest<'a>)], inherited: Option<usize>) {
        let mut answer = inherited;
        let mut specific = None;
        let mut inside = Vec::new();
        for &(line, rest) in lines {
            match rest.step(name) {
                Some(Step::Here) => (answer, specific) = (Some(line), Some(usize::MAX)),
                Some(Step::Covers(len)) if specific.is_none_or(|s| s < len) => (answer, specific) = (Some(line), Some(len)),
                Some(Step::Inside(rest)) => inside.push((line, rest)),
                _ => {}
            }
        }
        let len = self.text.len();
        if !self.path.is_empty() {
            self.text.push('.');
        }
        self.text.push_str(name);
        self.path.push(name);
        if let (false, Value::Object(members), true) = (inside.is_empty(), value, self.path.len() < DEPTH_MAX) {
            for (name, value) in members {
                self.member(name, value, &inside, answer);
            }
        } else {
            self.leaf(value, answer);
        }
        self.path.pop();
        self.text.truncate(len);
    }

    fn leaf(&mut self, value: &'a Value, answer: Option<usize>) {
        let line = answer.and_then(|i| self.rule.lines.get(i));
        let show = line.map_or(Show::None, |l| l.show);
        let sealed = line.map_or(&[][..], |l| &l.seal);
        let name = if show == Show::None { None } else { self.name(line) };
        let Shown { values, more, out_of_range } = match &name {
            Some(_) => self.hashes.shown(show, &self.path, &self.text, value),
            None => Shown::default(),
        };
        self.story.more |= more;
        self.story.out_of_range |= out_of_range;
        if !sealed.is_empty() {
            self.story.sealed.push((sealed, Member { path: self.path.clone(), value }));
        }
        if let Some(note) = &mut self.note {
            note(Decided { path: self.text.clone(), value, line, in_header: false, fate: Fate { shown: values.clone(), sealed } });
        }
        if let (Some(name), Some(i), false) = (name, answer, values.is_empty()) {
            self.shown.push((i, name, values, line.is_some_and(|l| l.shown_as.is_some())));
        }
    }

    /// The name in the marker. `None`: the claim's own is nothing to show, and the policy does not name it.
    fn name(&self, line: Option<&Line>) -> Option<String> {
        let line = line?;
        if let Some(name) = &line.shown_as {
            return Some(name.clone());
        }
        // Names of claims are written by whoever wrote the token, unless the policy itself names them. A line for a claim is
        // inherited by members that it does not name.
        if !line.path.is_name(&self.text) && !shape::is_plain_name(&self.text) {
            return None;
        }
        Some(if is_ours(&self.text) { format!("claim.{}", self.text) } else { self.text.clone() })
    }
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
