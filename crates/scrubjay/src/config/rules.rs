//! The field `rules`: which rules for credentials that are no tokens act.

use std::sync::Arc;

use scrubjay_rules::{RulePack, Selection, builtin_rules};

use super::paths::Base;
use super::written::WrittenRules;
use scrubjay_yaml::{At, Fields, Value};
use scrubjay_yaml::{Notes, nearest, quoted};

pub(super) fn read(value: &Value<'_>, notes: &mut Notes) -> Option<WrittenRules> {
    let fields = Fields::of(value.node, "\"rules\"", notes)?;
    fields.only(&["silence", "enable", "files"], notes);
    let mut texts = |name: &str| fields.get(name).map_or_else(Vec::new, |v| v.texts(notes));
    Some(WrittenRules { silence: texts("silence"), enable: texts("enable"), files: texts("files") })
}

/// The rules that act, compiled. What is wrong with a rule is noted at the place where its file is named.
pub(super) fn check(written: Option<&WrittenRules>, base: &Base, notes: &mut Notes) -> Arc<RulePack> {
    let Some(written) = written else { return RulePack::builtin() };
    let mut selection = Selection::default();
    for at in &written.files {
        match crate::rules::read(&base.path(&at.value)) {
            Ok(rules) => selection.add.extend(rules),
            Err(mistakes) => mistakes.into_iter().for_each(|what| notes.mistake(at.place, what, "")),
        }
    }
    let known: Vec<String> = builtin_rules().iter().chain(&selection.add).map(|r| r.id.clone()).collect();
    let mut ids = |list: &[At<String>]| -> Vec<String> {
        for at in list.iter().filter(|at| !known.contains(&at.value)) {
            let remedy = match nearest(&at.value, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {near:?}?"),
                None => "`scrubjay rules` lists them".to_owned(),
            };
            notes.mistake(at.place, format!("no rule has the id {}", quoted(&at.value)), remedy);
        }
        list.iter().map(|at| at.value.clone()).filter(|id| known.contains(id)).collect()
    };
    selection.silence = ids(&written.silence);
    selection.enable = ids(&written.enable);
    match RulePack::build(&selection) {
        Ok(pack) => Arc::new(pack),
        Err(mistakes) => {
            let place = written.files.first().or(written.enable.first()).map(|at| at.place);
            mistakes.iter().for_each(|m| notes.mistake(place, m.to_string(), ""));
            RulePack::builtin()
        }
    }
}
