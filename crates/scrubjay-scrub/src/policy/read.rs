//! Policy files: YAML to a checked [`Policy`], with the place of every mistake.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use scrubjay_claims::{is_audience, low_entropy};
use scrubjay_codec::field::Preset;
use scrubjay_token::{Class, Kind, Risk, RiskLimits};
use scrubjay_yaml::{At, Fields, Kind as Yaml, MEMBERS_MAX, Mistakes, Node, Notes, Place, Value, nearest, quoted};

use super::matches::Matches;
use super::path::{Path, Rest, Step};
use super::{DOCUMENT, Line, POLICY_BYTES_MAX, Placement, Policy, Risks, Rule, SealTo, Show};

/// Members of a policy file; `tests` is read by whoever runs them.
const MEMBERS: [&str; 7] = ["version", "tenant", "risks", "field", "ath", "policy", "tests"];
/// A claim that goes to more audiences than this is asked about.
const AUDIENCES_WARN: usize = 3;
/// The name that a rule inherits the built-in default by.
const DEFAULT: &str = "default";

const KINDS: [(&str, Kind); 5] = [("jwt", Kind::Jws), ("jwe", Kind::Jwe), ("sdjwt", Kind::SdJwt), ("jwk", Kind::Jwk), ("pem", Kind::Pem)];
const PLACEMENTS: [(&str, Placement); 2] = [("inline", Placement::Inline), ("field", Placement::Field)];
const SEAL_TO: [(&str, SealTo); 3] = [("inline", SealTo::Inline), ("field", SealTo::Field), ("sidecar", SealTo::Sidecar)];
const SWITCH: [(&str, bool); 2] = [("true", true), ("false", false)];

/// Reads a policy file.
pub(super) fn text(file: &str, text: &str, is_builtin: bool) -> Result<Policy, Mistakes> {
    let mut notes = Notes::new(file, DOCUMENT);
    if text.len() > POLICY_BYTES_MAX {
        notes.mistake(None, "the policy file is larger than 1 MiB", "this is hardly a policy file; give another path");
        return Err(notes.into_mistakes());
    }
    let read = scrubjay_yaml::parse(text, &mut notes).and_then(|root| document(&root, is_builtin, &mut notes));
    let (mistakes, warnings) = notes.finish();
    match read {
        Some(policy) if mistakes.list.is_empty() => Ok(Policy { warnings, ..policy }),
        _ => Err(mistakes),
    }
}

/// A policy within another file: a list of rules, or a mapping as in a policy file.
pub(super) fn inline(node: &Node, notes: &mut Notes) -> Option<Policy> {
    match &node.kind {
        Yaml::List(items) => Some(Policy { rules: rules(items, false, notes), ..Policy::nothing() }),
        _ => document(node, false, notes),
    }
}

fn document(root: &Node, is_builtin: bool, notes: &mut Notes) -> Option<Policy> {
    let fields = Fields::of(root, "the policy", notes)?;
    fields.only(&MEMBERS, notes);
    if let Some(Value { node, .. }) = fields.get("version")
        && !matches!(&node.kind, Yaml::Plain(text) if text == "1")
    {
        notes.mistake(node.place, "this version of a policy is not known", "write version: 1");
    }
    let risks = fields.get("risks").and_then(|v| risks(&v, notes));
    let mut rules = match fields.require("policy", "write policy: and below it a list of rules", notes) {
        Some(value) => match &value.node.kind {
            Yaml::List(items) => rules(items, is_builtin, notes),
            _ => {
                notes.mistake(
                    value.node.place,
                    "\"policy\" must be a list of rules",
                    "write each rule as \"- match: {…}\" with \"claims:\" below",
                );
                Vec::new()
            }
        },
        None => Vec::new(),
    };
    if let Some(risks) = &risks {
        rules.iter_mut().for_each(|rule| rule.matches.risk_limits = risks.limits);
    }
    Some(Policy {
        tenant: fields.get("tenant").and_then(|v| v.text(notes)).map_or_else(String::new, |at| at.value),
        ath: fields.get("ath").and_then(|v| v.choice(&SWITCH, notes)).is_some_and(|at| at.value),
        field: fields.get("field").and_then(|v| field(&v, notes)).unwrap_or_default(),
        risks,
        rules,
        warnings: Vec::new(),
    })
}

fn field(value: &Value<'_>, notes: &mut Notes) -> Option<Preset> {
    let fields = Fields::of(value.node, "\"field\"", notes)?;
    fields.only(&["preset"], notes);
    fields
        .require("preset", "write {preset: scrubjay}", notes)?
        .choice(&Preset::ALL.map(|preset| (preset.name(), preset)), notes)
        .map(|at| at.value)
}

fn risks(value: &Value<'_>, notes: &mut Notes) -> Option<Risks> {
    let fields = Fields::of(value.node, "\"risks\"", notes)?;
    fields.only(&["show", "lifetime_max", "refresh_lifetime_max", "audiences_max", "scopes_max"], notes);
    let default = RiskLimits::default();
    let seconds = |name: &str, default: u64, notes: &mut Notes| {
        let range = std::time::Duration::from_secs(1)..=std::time::Duration::from_secs(3650 * 86_400);
        fields.get(name).and_then(|v| v.duration(range, notes)).map_or(default, |at| at.value.as_secs())
    };
    let lifetime_seconds_max = seconds("lifetime_max", default.lifetime_seconds_max, notes);
    let refresh_lifetime_seconds_max = seconds("refresh_lifetime_max", default.refresh_lifetime_seconds_max, notes);
    let mut number = |name: &str, default: usize| {
        let read = fields.get(name).and_then(|v| v.number(0..=10_000, notes));
        read.map_or(default, |at| usize::try_from(at.value).unwrap_or(usize::MAX))
    };
    let limits = RiskLimits {
        lifetime_seconds_max,
        refresh_lifetime_seconds_max,
        audiences_max: number("audiences_max", default.audiences_max),
        scopes_max: number("scopes_max", default.scopes_max),
        ..default
    };
    let shown = match fields.get("show") {
        None => Risk::ALL.to_vec(),
        Some(value) => match &value.node.kind {
            Yaml::Plain(word) | Yaml::Quoted(word) if word == "all" => Risk::ALL.to_vec(),
            _ => known(&value, notes, Risk::from_name, || Risk::ALL.iter().map(|r| r.name()).collect()),
        },
    };
    Some(Risks { limits, shown })
}

/// Values of a list that have to be known words.
fn known<T>(value: &Value<'_>, notes: &mut Notes, find: impl Fn(&str) -> Option<T>, all: impl Fn() -> Vec<&'static str>) -> Vec<T> {
    let mut out = Vec::new();
    for At { place, value: word } in value.texts(notes) {
        match find(&word) {
            Some(known) => out.push(known),
            None => {
                let all = all();
                let remedy = match nearest(&word, all.iter().copied()) {
                    Some(near) => format!("did you mean \"{near}\"? It can be {}", all.join(", ")),
                    None => format!("it can be {}", all.join(", ")),
                };
                notes.mistake(place, format!("{} cannot be {}", value.label, quoted(&word)), remedy);
            }
        }
    }
    out
}

fn rules(items: &[Rc<Node>], is_builtin: bool, notes: &mut Notes) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    if let Some(last) = items.get(MEMBERS_MAX) {
        notes.mistake(last.place, "the policy has more than 256 rules", "use patterns in \"match\"");
        return rules;
    }
    let mut always: Option<(String, usize)> = None;
    for (i, item) in items.iter().enumerate() {
        let Some(rule) = rule(item, i + 1, &rules, is_builtin, notes) else { continue };
        if let Some((name, line)) = &always {
            notes.warning(
                rule.place,
                format!("{} is never asked: {} in line {line} matches every token", quoted(&rule.name), quoted(name)),
                "put it before that one",
            );
        }
        if always.is_none() && rule.matches.is_empty() {
            always = Some((rule.name.clone(), rule.place.line));
        }
        if let Some(other) = rules.iter().find(|r| r.name == rule.name) {
            notes.mistake(
                rule.place,
                format!("a second rule has the name {} (the first is in line {})", quoted(&rule.name), other.place.line),
                "rename one of them",
            );
        }
        rules.push(rule);
    }
    rules
}

fn rule(item: &Node, number: usize, before: &[Rule], is_builtin: bool, notes: &mut Notes) -> Option<Rule> {
    let owner = format!("rule {number}");
    let fields = Fields::of(item, &owner, notes)?;
    fields.only(&["name", "match", "extends", "header", "claims", "placement", "seal_to"], notes);
    let name = fields.get("name").and_then(|v| v.text(notes)).map_or(owner, |at| {
        if at.value == DEFAULT && !is_builtin {
            notes.mistake(at.place, "\"default\" is the name of the built-in rule", "choose another name");
        }
        at.value
    });
    let matches = match fields.require("match", "write match: {} for every token", notes) {
        Some(value) => conditions(&value, notes)?,
        None => Matches::default(),
    };
    let mut rule = Rule {
        place: item.place,
        placement: fields.get("placement").and_then(|v| v.choice(&PLACEMENTS, notes)).map_or(Placement::default(), |at| at.value),
        seal_to: fields.get("seal_to").and_then(|v| v.choice(&SEAL_TO, notes)).map_or(SealTo::default(), |at| at.value),
        header: fields.get("header").map_or_else(Vec::new, |v| header(&v, notes)),
        lines: fields.get("claims").map_or_else(Vec::new, |v| lines(&v, &name.as_str().into(), notes)),
        matches,
        name,
    };
    if let Some(value) = fields.get("extends") {
        extend(&mut rule, &value, before, notes);
    } else if fields.get("claims").is_none() {
        notes.warning(
            item.place,
            format!("{} has no \"claims\": nothing of such tokens is shown", quoted(&rule.name)),
            "add claims, or extends: default",
        );
    }
    if rule.seal_to == SealTo::Field && rule.placement == Placement::Inline {
        let place = fields.key("seal_to").unwrap_or(item.place);
        notes.mistake(place, "\"seal_to: field\" needs a field", "write placement: field, too");
    }
    Some(rule)
}

fn conditions(value: &Value<'_>, notes: &mut Notes) -> Option<Matches> {
    let fields = Fields::of(value.node, &value.label, notes)?;
    fields.only(&["class", "kind", "typ", "alg", "iss", "aud", "client_id", "source", "has", "risk", "cut", "audiences"], notes);
    let mut texts =
        |name: &str| -> Vec<String> { fields.get(name).map_or_else(Vec::new, |v| v.texts(notes).into_iter().map(|at| at.value).collect()) };
    let (alg, iss, aud) = (texts("alg"), texts("iss"), texts("aud"));
    let (client_id, source, has) = (texts("client_id"), texts("source"), texts("has"));
    let typ = texts("typ").into_iter().map(|t| t.strip_prefix("application/").unwrap_or(&t).to_ascii_lowercase()).collect();
    let (audiences_min, audiences_max) = fields.get("audiences").map_or((None, None), |v| range(&v, notes));
    Some(Matches {
        class: fields
            .get("class")
            .map_or_else(Vec::new, |v| known(&v, notes, Class::from_name, || Class::ALL.iter().map(|c| c.name()).collect())),
        kind: fields.get("kind").map_or_else(Vec::new, |v| {
            let find = |word: &str| KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
            known(&v, notes, find, || KINDS.iter().map(|(name, _)| *name).collect())
        }),
        risk: fields
            .get("risk")
            .map_or_else(Vec::new, |v| known(&v, notes, Risk::from_name, || Risk::ALL.iter().map(|r| r.name()).collect())),
        risk_limits: RiskLimits::default(),
        cut: fields.get("cut").and_then(|v| v.choice(&SWITCH, notes)).map(|at| at.value),
        typ,
        alg,
        iss,
        aud,
        client_id,
        source,
        has,
        audiences_min,
        audiences_max,
    })
}

fn range(value: &Value<'_>, notes: &mut Notes) -> (Option<u64>, Option<u64>) {
    let Some(fields) = Fields::of(value.node, &value.label, notes) else { return (None, None) };
    fields.only(&["min", "max"], notes);
    let mut bound = |name: &str| fields.get(name).and_then(|v| v.number(0..=10_000, notes));
    let (min, max) = (bound("min"), bound("max"));
    if let (Some(min), Some(max)) = (&min, &max)
        && min.value > max.value
    {
        notes.mistake(min.place, "\"min\" is larger than \"max\": no token has such a number", "swap them");
    }
    (min.map(|at| at.value), max.map(|at| at.value))
}

/// Answers for the header: shown unless it says otherwise.
fn header(value: &Value<'_>, notes: &mut Notes) -> Vec<(String, Show)> {
    const PARAMETERS: [&str; 5] = ["alg", "enc", "typ", "cty", "kid"];
    let Some(fields) = Fields::of(value.node, &value.label, notes) else { return Vec::new() };
    fields.only(&PARAMETERS, notes);
    let mut out = Vec::new();
    for parameter in PARAMETERS {
        let words: &[(&str, Show)] = match parameter {
            "kid" => &[("keep", Show::Keep), ("none", Show::None), ("pseudonym", Show::Pseudonym)],
            _ => &[("keep", Show::Keep), ("none", Show::None)],
        };
        let Some(value) = fields.get(parameter) else { continue };
        let answer = match &value.node.kind {
            Yaml::Map(_) => Fields::of(value.node, &value.label, notes).and_then(|inner| {
                inner.only(&["show"], notes);
                inner.require("show", "write show: none", notes)?.choice(words, notes)
            }),
            _ => value.choice(words, notes),
        };
        out.extend(answer.map(|at| (parameter.to_owned(), at.value)));
    }
    out
}

fn lines(value: &Value<'_>, rule: &Arc<str>, notes: &mut Notes) -> Vec<Line> {
    let Some(entries) = scrubjay_yaml::entries(value.node, &value.label, notes) else { return Vec::new() };
    if entries.len() > MEMBERS_MAX {
        notes.mistake(value.node.place, format!("{} has more than 256 lines", value.label), "use patterns such as \"address.*\"");
        return Vec::new();
    }
    let mut out: Vec<Line> = Vec::new();
    for (key, node) in entries {
        let path = match Path::parse(&key.text) {
            Ok(path) => path,
            Err(why) => {
                notes.mistake(
                    key.place,
                    format!("{} names no claim: {why}", quoted(&key.text)),
                    "write a name, a.b, a pointer /a/b, or a pattern a.*",
                );
                continue;
            }
        };
        let value = Value { node, label: format!("claim {}", quoted(&key.text)) };
        if let Some(line) = line(&key.text, key.place, path, &value, rule, notes) {
            out.push(line);
        }
    }
    out
}

fn line(claim: &str, place: Place, path: Path, value: &Value<'_>, rule: &Arc<str>, notes: &mut Notes) -> Option<Line> {
    let mut line =
        Line { claim: claim.to_owned(), place, rule: Arc::clone(rule), show: Show::None, seal: Vec::new(), shown_as: None, path };
    match &value.node.kind {
        Yaml::Map(_) => {
            let fields = Fields::of(value.node, &value.label, notes)?;
            fields.only(&["show", "seal", "as"], notes);
            line.show = fields.get("show").map_or(Some(Show::None), |v| v.choice(&Show::NAMES, notes).map(|at| at.value))?;
            line.seal = fields.get("seal").map_or_else(Vec::new, |v| audiences(&v, notes));
            line.shown_as = fields.get("as").and_then(|v| shown_as(&v, notes));
        }
        _ => line.show = value.choice(&Show::NAMES, notes)?.value,
    }
    judge(&line, notes);
    Some(line)
}

/// What is allowed, and what is worth a look.
fn judge(line: &Line, notes: &mut Notes) {
    let names = |name: &str| {
        matches!(&line.path, Path::Dotted(text) if text == name) || matches!(&line.path, Path::Pointer(steps) if steps.as_slice() == [name])
    };
    if names("jti") && !matches!(line.show, Show::None | Show::Present | Show::Pseudonym) {
        notes.mistake(line.place, "\"jti\" is never shown: it stands for the token itself", "use pseudonym, present or none");
    }
    if line.show == Show::Pseudonym {
        let path: Vec<&str> = match &line.path {
            Path::Pointer(steps) => steps.iter().map(String::as_str).collect(),
            Path::Dotted(text) if text.contains("://") => vec![text],
            Path::Dotted(text) | Path::Prefix(text) => text.split('.').collect(),
        };
        if low_entropy(&path) {
            notes.warning(
                line.place,
                format!(
                    "a pseudonym of {} can be guessed: it has few values, and whoever writes lines and reads the output can try them",
                    quoted(&line.claim)
                ),
                "use none, count or present, or seal it",
            );
        } else if line.path.is_pattern() {
            notes.warning(
                line.place,
                format!("{} gives pseudonyms to claims that may have few values", quoted(&line.claim)),
                "name the claims",
            );
        }
    }
    if line.show == Show::Keep && line.path.is_pattern() {
        notes.warning(
            line.place,
            format!("{} shows claims that nobody has looked at", quoted(&line.claim)),
            "name the claims that may be shown",
        );
    }
    if line.seal.len() > AUDIENCES_WARN {
        let what = format!("{} is sealed to {} audiences", quoted(&line.claim), line.seal.len());
        notes.warning(line.place, what, "each audience is a copy for more readers: name those that need it");
    }
}

fn audiences(value: &Value<'_>, notes: &mut Notes) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for At { place, value: name } in value.texts(notes) {
        if !is_audience(&name) {
            let what = format!("{} is no name of an audience", quoted(&name));
            notes.mistake(place, what, "letters, digits, \".\", \"_\" and \"-\", at most 64, the first a letter or digit");
        } else if !seen.insert(name.clone()) {
            notes.mistake(place, format!("audience {} is named twice", quoted(&name)), "remove one");
        } else {
            out.push(name);
        }
    }
    out
}

fn shown_as(value: &Value<'_>, notes: &mut Notes) -> Option<String> {
    let At { place, value: name } = value.text(notes)?;
    if !crate::shape::is_plain_name(&name) || super::claims::is_ours(&name) {
        notes.mistake(
            place,
            format!("{} cannot be a name in a marker", quoted(&name)),
            "use letters, digits, \".\", \"_\", \"-\", and none of the names in docs/markers.md",
        );
        return None;
    }
    Some(name)
}

/// Adds what the rule inherits. Its own lines may only tighten.
fn extend(rule: &mut Rule, value: &Value<'_>, before: &[Rule], notes: &mut Notes) {
    let Some(At { place, value: parent }) = value.text(notes) else { return };
    let builtin;
    let inherited = if parent == DEFAULT {
        builtin = Policy::builtin();
        builtin.rules.first()
    } else {
        before.iter().find(|r| r.name == parent)
    };
    let Some(inherited) = inherited else {
        let known = before.iter().map(|r| r.name.as_str()).chain([DEFAULT]).collect::<Vec<_>>().join(", ");
        notes.mistake(place, format!("no rule before this one has the name {}", quoted(&parent)), format!("it can be {known}"));
        return;
    };
    for line in &rule.lines {
        for (show, seal) in inherited_answers(inherited, line) {
            if let Some((what, remedy)) = loosened(rule, line, &parent, show, seal) {
                notes.mistake(line.place, what, remedy);
                break;
            }
        }
    }
    // A line replaces the line of the same claim. Others stay, and where they are more specific they decide.
    let own: Vec<Line> = std::mem::take(&mut rule.lines);
    rule.lines = inherited.lines.iter().filter(|theirs| !own.iter().any(|ours| ours.path == theirs.path)).cloned().collect();
    rule.lines.extend(own);
    for (parameter, show) in &inherited.header {
        match rule.header.iter_mut().find(|(p, _)| p == parameter) {
            Some((_, own)) if own.is_within(*show) => {}
            Some((_, own)) => {
                notes.mistake(
                    place,
                    format!("\"header\" of {} shows more of {parameter} than {} does", quoted(&rule.name), quoted(&parent)),
                    "it can only tighten",
                );
                *own = *show;
            }
            None => rule.header.push((parameter.clone(), *show)),
        }
    }
}

/// What a line shows or opens that the rule which it extends does not.
fn loosened(rule: &Rule, line: &Line, parent: &str, show: Show, seal: &[String]) -> Option<(String, &'static str)> {
    const REMEDY: &str = "a rule that extends another can only tighten; remove \"extends\" to be free";
    let (own, claim, parent) = (quoted(&rule.name), quoted(&line.claim), quoted(parent));
    if !line.show.is_within(show) {
        let (more, less) = (line.show.name(), show.name());
        return Some((format!("{own} shows more of {claim} than {parent} does: {more} instead of {less}"), REMEDY));
    }
    let more = line.seal.iter().find(|audience| !seal.contains(audience))?;
    Some((format!("{own} opens {claim} to audience {}, which {parent} does not", quoted(more)), REMEDY))
}

/// What a rule says of the claims of another line, however that line's dots are read. Where only the likeliest reading
/// has an answer, or none has one of its own, that is the answer.
fn inherited_answers<'a>(rule: &'a Rule, line: &Line) -> Vec<(Show, &'a [String])> {
    let answers: Vec<Option<&Line>> = line.path.readings().iter().map(|names| answer(rule, names)).collect();
    let own: Vec<&Line> = answers.iter().flatten().filter(|line| !line.path.is_catch_all()).copied().collect();
    let of = |line: &'a Line| (line.show, line.seal.as_slice());
    match own.as_slice() {
        [] => vec![answers.first().copied().flatten().map_or((Show::None, &[][..]), of)],
        own => own.iter().copied().map(of).collect(),
    }
}

/// The line of a rule that answers for the member that these names lead to.
fn answer<'a>(rule: &'a Rule, names: &[&str]) -> Option<&'a Line> {
    let mut best: Option<(usize, &Line)> = None;
    for theirs in &rule.lines {
        let mut rest = Some(theirs.path.rest());
        let mut found = None;
        for (depth, name) in names.iter().enumerate() {
            let is_last = depth + 1 == names.len();
            match rest.and_then(|rest: Rest<'_>| rest.step(name)) {
                Some(Step::Here) => {
                    found = Some(if is_last { usize::MAX } else { depth * 1000 + 999 });
                    break;
                }
                Some(Step::Covers(len)) => {
                    found = Some(depth * 1000 + len.min(998));
                    break;
                }
                Some(Step::Inside(inside)) => rest = Some(inside),
                None => break,
            }
        }
        if let Some(found) = found
            && best.is_none_or(|(b, _)| b < found)
        {
            best = Some((found, theirs));
        }
    }
    best.map(|(_, line)| line)
}
