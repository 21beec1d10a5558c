//! `scrubjay explain`: what each token is, what deserves a second look, what becomes of each claim.

use std::sync::Arc;

use scrubjay_rules::{Hit, RulePack};
use scrubjay_scrub::policy::{Decided, Placement, Policy, Rule};
use scrubjay_scrub::{Site, Teller, secret_marker};
use scrubjay_token::json::Value;
use scrubjay_token::{Found, delegation, risks, sender_constraint};

use crate::asked::{self, Prompt};
use crate::cli::ExplainArgs;
use crate::exit::{Exit, complain, or_usage};
use crate::{keyfile, policy, rules, safe, scrub};

pub(crate) fn run(args: &ExplainArgs) -> Exit {
    checked(args).unwrap_or_else(|exit| exit)
}

/// `Err`: what was asked for is a mistake, which was said.
fn checked(args: &ExplainArgs) -> Result<Exit, Exit> {
    let path = or_usage(asked::source(args.file.as_deref(), "explain"))?;
    let key = or_usage(keyfile::active_keys(args.fingerprint_key.as_deref()))?;
    let rules = or_usage(rules::pack(&args.rules))?;
    let policy = or_usage(policy::load(args.policy.policy.as_deref()))?;
    let teller = Teller::new(key, Arc::clone(&rules)).with_policy(policy);
    let asked = Asked { teller, args };
    let text = match asked::read(path, Prompt::Text) {
        Ok(text) => text,
        Err(error) => {
            complain(&format!("{}: {}", safe::path(path), keyfile::reason(&error)));
            return Ok(Exit::Partly);
        }
    };
    let Ok(found) = scrubjay_token::analyze(&text) else {
        complain("the text was written to be slow; scrub withholds such places");
        return Ok(Exit::Partly);
    };
    let mut out = String::new();
    for (i, f) in found.iter().enumerate() {
        asked.explain(&mut out, i + 1, f, &text);
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
    Ok(scrub::write_quietly(out.as_bytes()))
}

/// What was asked, and who answers.
struct Asked<'a> {
    teller: Teller,
    args: &'a ExplainArgs,
}

impl Asked<'_> {
    fn explain(&self, out: &mut String, number: usize, found: &Found, text: &[u8]) {
        let token = &found.token;
        let (line, column) = line_and_column(text, found.span().start);
        let mut say = |name: &str, what: &str| out.push_str(&format!("  {name:<12} {what}\n"));
        let mut fates = Vec::new();
        let site = Site::of_found(&self.args.policy.source, text, found);
        let account = self.teller.tell_why(token, &site, &mut |decided| fates.push(decided));
        say("token", &format!("{number} at line {line}, column {column}, {} bytes", found.span().len()));
        say("kind", token.kind.name());
        say("class", account.told.class.name());
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
        let delegation = delegation(token).filter(|d| d.depth > 0).map(|d| format!("acts for another (RFC 8693), {} deep", d.depth));
        delegation.iter().for_each(|what| say("delegation", what));
        sender_constraint(token).iter().for_each(|what| say("bound to", what.name()));
        let risks: Vec<&str> = risks(token, self.teller.policy().risk_limits()).iter().map(|r| r.name()).collect();
        say("risks", &if risks.is_empty() { "none found".to_owned() } else { risks.join(", ") });
        say("policy", &self.rule(account.rule));
        for decided in &fates {
            say(if decided.in_header { "header" } else { "claim" }, &self.fate(decided));
        }
        say("becomes", &account.marker().to_string());
        if account.rule.is_some_and(|rule| rule.placement == Placement::Field) {
            let preset = self.teller.policy().preset();
            say(
                "in JSON",
                &format!("{}, and the rest in a field of the record (placement: field, preset {preset})", account.marker().short()),
            );
        }
        out.push('\n');
    }

    /// The rule that decided, and where it stands.
    fn rule(&self, rule: Option<&Rule>) -> String {
        match rule {
            None => "none".to_owned(),
            Some(rule) if Policy::builtin().rules().iter().any(|r| std::ptr::eq(r, rule)) => "built-in default".to_owned(),
            Some(rule) => format!("{} (line {} of {})", safe::text(&rule.name, false), rule.place.line, self.policy_file()),
        }
    }

    fn policy_file(&self) -> String {
        self.args.policy.policy.as_deref().map_or_else(|| "the policy".to_owned(), safe::path)
    }

    /// What becomes of a claim, and which line says so.
    fn fate(&self, decided: &Decided<'_>) -> String {
        let shown = &decided.fate.shown;
        let mut fate = if shown.is_empty() { "dropped".to_owned() } else { format!("shown as {}", safe::text(&shown.join(", "), false)) };
        if !decided.fate.sealed.is_empty() {
            fate.push_str(&format!(", for {}", decided.fate.sealed.join(", ")));
        }
        if let Some(line) = decided.line.filter(|_| self.args.policy.policy.is_some()) {
            fate.push_str(&format!(
                " (line {}, {:?} of {})",
                line.place.line,
                safe::text(&line.claim, false),
                safe::text(&line.rule, false)
            ));
        } else if decided.line.is_none() && !decided.in_header && self.args.policy.policy.is_some() {
            fate.push_str(" (no line names it)");
        }
        let value = if self.args.show_claims { format!(" = {}", safe::text(&render(decided.value), false)) } else { String::new() };
        format!("{}: {fate}{value}", safe::text(&decided.path, false))
    }
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

fn render(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(s) => format!("{:?}", s.as_str()),
        Value::Array(list) => format!("[{}]", list.iter().map(render).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            format!("{{{}}}", members.iter().map(|(n, v)| format!("{:?}: {}", n.as_str(), render(v))).collect::<Vec<_>>().join(", "))
        }
    }
}
