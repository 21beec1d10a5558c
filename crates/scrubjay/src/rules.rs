//! The rules for credentials that are no tokens: files of rules, the choice that flags make, the list for people.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use scrubjay_rules::{FILE_BYTES_MAX, Rule, RulePack, Selection, builtin_rules, parse};

use crate::cli::{RuleArgs, RulesArgs};
use crate::exit::{Exit, complain};
use crate::{keyfile, safe, scrub};

/// Reads a file of rules.
///
/// # Errors
/// Every mistake, each with its place and remedy.
pub(crate) fn read(path: &Path) -> Result<Vec<Rule>, Vec<String>> {
    let shown = safe::path(path);
    let mut bytes = Vec::new();
    let read = keyfile::open_regular(path).and_then(|file| file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return Err(vec![format!("{shown}: {} (give the path of a readable rule file)", keyfile::reason(&error))]);
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(vec![format!("{shown}: is not valid UTF-8 (save it as UTF-8)")]);
    };
    parse(&shown, &text).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

/// The rules that flags choose.
///
/// # Errors
/// Every mistake in files and ids, one for each line.
pub(crate) fn pack(args: &RuleArgs) -> Result<Arc<RulePack>, String> {
    if args.rules.is_empty() && args.silence.is_empty() && args.enable.is_empty() {
        return Ok(RulePack::builtin());
    }
    build(&selection(args)?)
}

fn selection(args: &RuleArgs) -> Result<Selection, String> {
    let mut selection = Selection { silence: args.silence.clone(), enable: args.enable.clone(), add: Vec::new() };
    let mut mistakes = Vec::new();
    for path in &args.rules {
        match read(path) {
            Ok(rules) => selection.add.extend(rules),
            Err(wrong) => mistakes.extend(wrong),
        }
    }
    if mistakes.is_empty() { Ok(selection) } else { Err(safe::text(&mistakes.join("\n"), true)) }
}

/// Whoever writes a token into a rule or a flag does not find it in an error.
fn build(selection: &Selection) -> Result<Arc<RulePack>, String> {
    RulePack::build(selection).map(Arc::new).map_err(|wrong| {
        let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        safe::text(&lines.join("\n"), true)
    })
}

/// `scrubjay rules`: every rule with its id, whether it acts, and what it finds.
pub(crate) fn list(args: &RulesArgs) -> Exit {
    let built = selection(&args.rules).and_then(|selection| build(&selection).map(|pack| (selection.add, pack)));
    let (own, pack) = match built {
        Ok(built) => built,
        Err(what) => {
            complain(&what);
            return Exit::Usage;
        }
    };
    let all = || own.iter().chain(builtin_rules());
    let width = all().map(|r| r.id.len()).max().unwrap_or(0);
    let line = |rule: &Rule| {
        let acts = if pack.rules().iter().any(|r| r.id == rule.id) { "on " } else { "off" };
        format!("{:width$}  {acts}  {}\n", rule.id, rule.description)
    };
    scrub::write_quietly(safe::text(&all().map(line).collect::<String>(), true).as_bytes())
}
