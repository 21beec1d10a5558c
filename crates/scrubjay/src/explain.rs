//! `scrubjay explain`: what each token is, what deserves a second look, what becomes of each claim.

use scrubjay_rules::{Hit, RulePack};
use scrubjay_scrub::{FingerprintKey, Place, marker, secret_marker};
use scrubjay_token::json::Value;
use scrubjay_token::{Found, class, risks};

use crate::asked::{self, Asked};
use crate::cli::ExplainArgs;
use crate::exit::{Exit, complain};
use crate::{keyfile, rules, safe, scrub};

pub(crate) fn run(args: &ExplainArgs) -> Exit {
    let path = match asked::source(args.file.as_deref(), "explain") {
        Ok(path) => path,
        Err(what) => {
            complain(&what);
            return Exit::Usage;
        }
    };
    let key = match keyfile::fingerprint_key(args.fingerprint_key.as_deref()) {
        Ok(key) => key,
        Err(what) => {
            complain(&what);
            return Exit::Usage;
        }
    };
    let rules = match rules::pack(&args.rules) {
        Ok(rules) => rules,
        Err(what) => {
            complain(&what);
            return Exit::Usage;
        }
    };
    let text = match asked::read(path, Asked::Text) {
        Ok(text) => text,
        Err(error) => {
            complain(&format!("{}: {}", safe::path(path), keyfile::reason(&error)));
            return Exit::Partly;
        }
    };
    let Ok(found) = scrubjay_token::analyze(&text) else {
        complain("the text was written to be slow; scrub withholds such places");
        return Exit::Partly;
    };
    let mut out = String::new();
    for (i, f) in found.iter().enumerate() {
        explain(&mut out, i + 1, f, &text, &key, args.show_claims);
    }
    let mut secrets = Vec::new();
    rules.find(&text, &mut secrets);
    secrets.retain(|hit| !found.iter().any(|f| f.span().start < hit.span.end && hit.span.start < f.span().end));
    for (i, hit) in secrets.iter().enumerate() {
        explain_secret(&mut out, i + 1, hit, &text, &rules);
    }
    if found.is_empty() && secrets.is_empty() {
        out.push_str("no token found\n");
    }
    scrub::write_quietly(out.as_bytes())
}

fn explain(out: &mut String, number: usize, found: &Found, text: &[u8], key: &FingerprintKey, show_claims: bool) {
    let token = &found.token;
    let (line, column) = line_and_column(text, found.span().start);
    let mut say = |name: &str, what: &str| out.push_str(&format!("  {name:<12} {what}\n"));
    let (shown, _) = marker(token, key, Place::Text);
    say("token", &format!("{number} at line {line}, column {column}, {} bytes", found.span().len()));
    say("kind", token.kind.name());
    say("class", class(token).name());
    if let Some(cut) = token.cut {
        say("cut", &format!("{}: missing or incomplete", cut.name()));
    }
    if token.ambiguous {
        say("ambiguous", "duplicate members: what it says depends on the reader, so nothing of it is shown");
    }
    if token.disclosures > 0 {
        say("disclosures", &format!("{} (removed with the token)", token.disclosures));
    }
    say("verified", "no: this is what the token says; its signature was not checked");
    let risks: Vec<&str> = risks(token).iter().map(|r| r.name()).collect();
    say("risks", &if risks.is_empty() { "none found".to_owned() } else { risks.join(", ") });
    say("policy", "built-in default");
    members(&mut say, "header", token.header.as_ref(), &shown, show_claims);
    members(&mut say, "claim", token.claims.as_ref(), &shown, show_claims);
    say("becomes", &shown);
    out.push('\n');
}

/// A credential that is no token: which rule found it, and what becomes of it. Its value is never shown.
fn explain_secret(out: &mut String, number: usize, hit: &Hit, text: &[u8], rules: &RulePack) {
    let Some(rule) = rules.rules().get(hit.rule) else { return };
    let (line, column) = line_and_column(text, hit.span.start);
    let mut say = |name: &str, what: &str| out.push_str(&format!("  {name:<12} {what}\n"));
    say("credential", &format!("{number} at line {line}, column {column}, {} bytes", hit.span.len()));
    say("rule", &format!("{}: {}", rule.id, rule.description));
    say("becomes", &secret_marker(&rule.id, hit.over_budget.then_some("budget")));
    out.push('\n');
}

/// Both from 1, in bytes.
pub(crate) fn line_and_column(text: &[u8], at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    (line, before.iter().rev().take_while(|&&b| b != b'\n').count() + 1)
}

/// One line for each member: shown as the marker shows it, or dropped.
fn members(say: &mut impl FnMut(&str, &str), what: &str, object: Option<&Value>, marker: &str, show_claims: bool) {
    let Some(object) = object else { return };
    for (name, value) in object.members() {
        let shown = shown_values(marker, name);
        let fate = if shown.is_empty() { "dropped".to_owned() } else { format!("shown as {}", shown.join(", ")) };
        let value = if show_claims { format!(" = {}", safe::text(&render(value), false)) } else { String::new() };
        say(what, &format!("{}: {fate}{value}", safe::text(name, false)));
    }
}

/// The values that a marker shows for a member.
fn shown_values<'a>(marker: &'a str, member: &str) -> Vec<&'a str> {
    let name = match member {
        "scp" => "scope",
        "azp" => "client_id",
        other => other,
    };
    let inside = marker.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
    inside
        .split('~')
        .filter_map(|pair| pair.split_once(':'))
        .filter(|(n, _)| *n == name && !matches!(*n, "class" | "fp" | "cut" | "why"))
        .map(|(_, v)| v)
        .collect()
}

fn render(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.clone(),
        Value::String(s) => format!("{s:?}"),
        Value::Array(list) => format!("[{}]", list.iter().map(render).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            format!("{{{}}}", members.iter().map(|(n, v)| format!("{n:?}: {}", render(v))).collect::<Vec<_>>().join(", "))
        }
    }
}
