//! Every rule that is built in, by its own examples.

use std::collections::BTreeSet;

use scrubjay_rules::{Hit, RulePack, Selection, builtin_rules};

/// All rules, those that are off by default too.
fn everything() -> RulePack {
    let enable = builtin_rules().iter().filter(|r| !r.on).map(|r| r.id.clone()).collect();
    RulePack::build(&Selection { enable, ..Selection::default() }).expect("the built-in rules")
}

fn find(pack: &RulePack, text: &str) -> Vec<Hit> {
    let mut found = Vec::new();
    pack.find(text.as_bytes(), &mut found);
    found
}

/// The text with « and » around what was found.
fn marked(text: &str, found: &[Hit]) -> String {
    let mut out = text.to_owned();
    for hit in found.iter().rev() {
        out.insert(hit.span.end, '»');
        out.insert(hit.span.start, '«');
    }
    out
}

fn plain(text: &str) -> String {
    text.replace(['«', '»'], "")
}

/// Each rule alone: its examples come out as they say, wherever they stand in the text.
#[test]
fn examples_come_out_as_they_say() {
    let mut failures = Vec::new();
    for rule in builtin_rules() {
        let silence = builtin_rules().iter().filter(|r| r.id != rule.id && r.on).map(|r| r.id.clone()).collect();
        let enable = if rule.on { Vec::new() } else { vec![rule.id.clone()] };
        let pack = RulePack::build(&Selection { silence, enable, ..Selection::default() }).expect("one rule");
        assert_eq!(pack.rules().len(), 1);
        for (text, name) in rule.fires.iter().map(|t| (t, "fires")).chain(rule.stays.iter().map(|t| (t, "stays"))) {
            for (before, after) in [("", ""), ("first line\n", "\nnext\n"), ("a ", " z\n"), ("\r\n", "\r\n")] {
                let whole = format!("{before}{text}{after}");
                let got = marked(&plain(&whole), &find(&pack, &plain(&whole)));
                if got != whole || name == "fires" && !text.contains('«') {
                    failures.push(format!("{} {name}\n  wrong {got}\n  right {whole}", rule.id));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// All rules together: what one rule's example shows as secret is covered, and what stays, stays but for rules that are off
/// by default.
#[test]
fn examples_hold_in_company() {
    let pack = RulePack::builtin();
    let mut failures = Vec::new();
    for rule in builtin_rules().iter().filter(|r| r.on) {
        for text in &rule.fires {
            let got = find(&pack, &plain(text));
            let want: Vec<&str> = text.split('«').skip(1).filter_map(|part| part.split('»').next()).collect();
            for secret in want {
                let at = plain(text).find(secret).expect("a secret");
                if !got.iter().any(|h| h.span.start <= at && at + secret.len() <= h.span.end) {
                    failures.push(format!("{}: {} leaves {secret}", rule.id, marked(&plain(text), &got)));
                }
            }
        }
        for text in &rule.stays {
            let got = find(&pack, text);
            for hit in got {
                failures.push(format!("{}: {} by {}", rule.id, marked(text, std::slice::from_ref(&hit)), pack.rules()[hit.rule].id));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_rule_is_whole() {
    let mut ids = BTreeSet::new();
    for rule in builtin_rules() {
        assert!(ids.insert(&rule.id), "{} is there twice", rule.id);
        assert!(!rule.description.is_empty() && !rule.description.ends_with('.'), "{}", rule.id);
        assert!(rule.fires.len() >= 2 && rule.stays.len() >= 2, "{} has too few examples", rule.id);
        assert!(rule.place.is_some() && rule.file.starts_with("rules/"));
        // As a user's rule it passes everything that a user's rule has to pass.
        let own = scrubjay_rules::Rule { id: format!("own-{}", rule.id).chars().take(64).collect(), ..rule.clone() };
        if let Err(mistakes) = RulePack::build(&Selection { add: vec![own], ..Selection::default() }) {
            panic!("{}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
    }
    assert!(ids.len() > 70, "{}", ids.len());
    assert_eq!(everything().rules().len(), ids.len());
}
