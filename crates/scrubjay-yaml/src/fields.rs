//! Reading typed values out of nodes. Every function notes what it does not like and returns `None`.

use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

use crate::mistake::{Notes, Place, nearest, quoted};
use crate::units;
use crate::yaml::{Key, Kind, Node};

/// A list, and the sources, sinks and pipelines of a file, have at most this many members.
pub const MEMBERS_MAX: usize = 256;

/// A value and where it was written.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// Where.
    pub place: Place,
    /// The value.
    pub value: T,
}

/// A mapping with known fields.
pub struct Fields<'n> {
    /// What it describes, for messages: `sink "clean"`.
    owner: String,
    place: Place,
    entries: &'n [(Key, Rc<Node>)],
}

impl<'n> Fields<'n> {
    /// The fields of a node that must be a mapping.
    pub fn of(node: &'n Node, owner: impl Into<String>, notes: &mut Notes) -> Option<Self> {
        let owner = owner.into();
        let entries = entries(node, &owner, notes)?;
        Some(Self { owner, place: node.place, entries })
    }

    /// What the mapping describes.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Notes every field that is not among `known`.
    pub fn only(&self, known: &[&str], notes: &mut Notes) {
        for (key, _) in self.entries {
            if known.contains(&key.text.as_str()) {
                continue;
            }
            let remedy = match nearest(&key.text, known.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None if key.text == "<<" => "merge keys are not part of YAML 1.2: repeat the fields".to_owned(),
                None => format!("it can have {}", known.join(", ")),
            };
            notes.mistake(key.place, format!("unknown field {} in {}", quoted(&key.text), self.owner), remedy);
        }
    }

    /// Where a field's name stands.
    pub fn key(&self, name: &str) -> Option<Place> {
        self.entries.iter().find(|(key, _)| key.text == name).map(|(key, _)| key.place)
    }

    /// A field that may be missing.
    pub fn get(&self, name: &str) -> Option<Value<'n>> {
        let (_, node) = self.entries.iter().find(|(key, _)| key.text == name)?;
        Some(Value { node, label: format!("\"{name}\" of {}", self.owner) })
    }

    /// A field that must be there.
    pub fn require(&self, name: &str, remedy: &str, notes: &mut Notes) -> Option<Value<'n>> {
        let value = self.get(name);
        if value.is_none() {
            notes.mistake(self.place, format!("{} has no field \"{name}\"", self.owner), remedy);
        }
        value
    }
}

/// The members of a mapping, whatever their names.
pub fn entries<'n>(node: &'n Node, label: &str, notes: &mut Notes) -> Option<&'n [(Key, Rc<Node>)]> {
    match &node.kind {
        Kind::Map(entries) => Some(entries),
        other => {
            notes.mistake(node.place, format!("{label} must be a mapping, found {}", found(other)), "write fields as `name: value`");
            None
        }
    }
}

/// A field's value with the name that messages give it.
pub struct Value<'n> {
    /// The value.
    pub node: &'n Node,
    /// Its name: `"path" of sink "clean"`.
    pub label: String,
}

impl Value<'_> {
    /// Text that is not empty.
    pub fn text(&self, notes: &mut Notes) -> Option<At<String>> {
        text(self.node, &self.label, notes)
    }

    /// One text, or a list of at least one. Bad members are noted and left out.
    pub fn texts(&self, notes: &mut Notes) -> Vec<At<String>> {
        match &self.node.kind {
            Kind::List(items) if items.is_empty() => {
                self.wrong(notes, "must not be empty", "name at least one");
                Vec::new()
            }
            Kind::List(items) if items.len() > MEMBERS_MAX => {
                self.wrong(notes, "has more than 256 members", "use a pattern, or several files");
                Vec::new()
            }
            Kind::List(items) => {
                let label = format!("each of {}", self.label);
                items.iter().filter_map(|item| text(item, &label, notes)).collect()
            }
            Kind::Map(_) | Kind::Null => {
                self.must_be::<Vec<_>>("text or a list of text", "write one value, or [a, b]", notes).unwrap_or_default()
            }
            Kind::Plain(_) | Kind::Quoted(_) => self.text(notes).into_iter().collect(),
        }
    }

    /// One of some words.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)], notes: &mut Notes) -> Option<At<T>> {
        let allowed = || choices.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        let (Kind::Plain(word) | Kind::Quoted(word)) = &self.node.kind else {
            return self.must_be("a word", &format!("one of {}", allowed()), notes);
        };
        let choice = choices.iter().find(|(name, _)| name == word);
        if choice.is_none() {
            let remedy = match nearest(word, choices.iter().map(|(name, _)| *name)) {
                Some(near) => format!("did you mean \"{near}\"? It can be {}", allowed()),
                None => format!("it can be {}", allowed()),
            };
            self.wrong(notes, &format!("cannot be {}", quoted(word)), &remedy);
        }
        choice.map(|(_, value)| At { place: self.node.place, value: *value })
    }

    /// A whole number.
    pub fn number(&self, range: RangeInclusive<u64>, notes: &mut Notes) -> Option<At<u64>> {
        let remedy = format!("write a whole number from {} to {}", range.start(), range.end());
        let Kind::Plain(digits) = &self.node.kind else {
            return self.must_be("a whole number", &remedy, notes);
        };
        self.amount(digits, digits.parse().ok(), "a whole number", range, &remedy, notes)
    }

    /// A size in bytes.
    pub fn size(&self, range: RangeInclusive<u64>, notes: &mut Notes) -> Option<At<u64>> {
        let (from, to) = (units::show_size(*range.start()), units::show_size(*range.end()));
        let remedy = format!("write a size from {from} to {to}, such as 64KiB or 10MB");
        let (Kind::Plain(text) | Kind::Quoted(text)) = &self.node.kind else {
            return self.must_be("a size", &remedy, notes);
        };
        self.amount(text, units::size(text), "a size", range, &remedy, notes)
    }

    /// A duration.
    pub fn duration(&self, range: RangeInclusive<Duration>, notes: &mut Notes) -> Option<At<Duration>> {
        let (from, to) = (units::show_duration(*range.start()), units::show_duration(*range.end()));
        let remedy = format!("write a duration from {from} to {to}, such as 250ms, 5s or 1h");
        let (Kind::Plain(text) | Kind::Quoted(text)) = &self.node.kind else {
            return self.must_be("a duration", &remedy, notes);
        };
        self.amount(text, units::duration(text), "a duration", range, &remedy, notes)
    }

    /// Notes that this version does not have it yet.
    pub fn not_yet(&self, place: Place, what: &str, remedy: &str, notes: &mut Notes) {
        notes.mistake(place, format!("{} is not in this version: {what}", self.label), remedy);
    }

    fn amount<T: PartialOrd>(
        &self,
        text: &str,
        value: Option<T>,
        expected: &str,
        range: RangeInclusive<T>,
        remedy: &str,
        notes: &mut Notes,
    ) -> Option<At<T>> {
        match value {
            Some(value) if range.contains(&value) => return Some(At { place: self.node.place, value }),
            Some(_) => self.wrong(notes, &format!("is out of range: {}", bare(text)), remedy),
            None if is_negative(text) => self.wrong(notes, &format!("is negative: {}", bare(text)), remedy),
            None => self.wrong(notes, &format!("must be {expected}, found {}", quoted(text)), remedy),
        }
        None
    }

    /// Notes a wrong type; always `None`.
    fn must_be<T>(&self, expected: &str, remedy: &str, notes: &mut Notes) -> Option<T> {
        self.wrong(notes, &format!("must be {expected}, found {}", found(&self.node.kind)), remedy);
        None
    }

    fn wrong(&self, notes: &mut Notes, what: &str, remedy: &str) {
        notes.mistake(self.node.place, format!("{} {what}", self.label), remedy);
    }
}

/// What was found instead. Text is not shown: in the wrong place it may be a password.
fn found(kind: &Kind) -> String {
    match kind {
        Kind::Null => "nothing".to_owned(),
        Kind::Plain(text) if is_number(text) => format!("the number {}", bare(text)),
        Kind::Plain(text) if is_switch(text) => text.clone(),
        Kind::Plain(_) | Kind::Quoted(_) => "text".to_owned(),
        Kind::List(_) => "a list".to_owned(),
        Kind::Map(_) => "a mapping".to_owned(),
    }
}

/// A number as it was written, without quotes.
fn bare(text: &str) -> String {
    quoted(text).trim_matches('"').to_owned()
}

fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    digits.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok()
}

fn is_negative(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_switch(text: &str) -> bool {
    matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

/// Text that is not empty; `label` names it in messages.
pub fn text(node: &Node, label: &str, notes: &mut Notes) -> Option<At<String>> {
    let value = match &node.kind {
        Kind::Plain(text) if !is_number(text) && !is_switch(text) => text,
        Kind::Quoted(text) => text,
        other => {
            let remedy = match other {
                Kind::Plain(_) => "put it in quotes if it is meant as text",
                Kind::Null => "give it a value, or remove the field",
                _ => "write one value",
            };
            notes.mistake(node.place, format!("{label} must be text, found {}", found(other)), remedy);
            return None;
        }
    };
    checked_text(value, node.place, label, notes)
}

/// A value of a map of free settings: text, a number or a switch, as it was written.
pub fn setting(value: &Value<'_>, notes: &mut Notes) -> Option<At<String>> {
    match &value.node.kind {
        Kind::Plain(text) | Kind::Quoted(text) => checked_text(text, value.node.place, &value.label, notes),
        _ => value.must_be("text, a number, a switch or {file: PATH}", "write one value", notes),
    }
}

fn checked_text(value: &str, place: Place, label: &str, notes: &mut Notes) -> Option<At<String>> {
    if value.is_empty() {
        notes.mistake(place, format!("{label} is empty"), "give it a value, or remove the field");
        return None;
    }
    if value.chars().any(char::is_control) {
        notes.mistake(place, format!("{label} contains a control character"), "write it on one line, without escapes such as \\n");
        return None;
    }
    if value.contains("${") {
        notes.warning(place, format!("\"${{\" in {label} is taken as it stands"), "environment variables are not expanded");
    }
    Some(At { place, value: value.to_owned() })
}
