//! `scrubjay test`: the tests that stand beside a policy.
//!
//! ```yaml
//! tests:
//!   - name: an ID token tells no address
//!     input: 'GET /cb Authorization: Bearer {token}'
//!     token: {header: {alg: RS256}, claims: {iss: https://idp.example, sub: jo, email: jo@example.org}}
//!     output: 'GET /cb Authorization: Bearer jwt(class:id~*)'
//!     hides: [sub, email]
//!     shows: {iss: idp.example}
//! ```

mod found;
mod junit;
mod read;

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use scrubjay_delivery::{AckId, LaneId};
use scrubjay_rules::RulePack;
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Origin, Policy, Scrubber, Teller};

use crate::cli::TestArgs;
use crate::exit::{Exit, complain};
use crate::{config, policy, safe, scrub};

pub(crate) use read::is_pipeline;
use read::{Check, Test};

/// Fingerprints and pseudonyms in tests are made with this key, so that whole outputs can be written down.
const TEST_KEY: &[u8; 32] = b"scrubjay test: not a secret key!";

/// What came of one test.
pub(super) struct Outcome {
    pub(super) name: String,
    /// Where the test begins: line and column.
    pub(super) place: (usize, usize),
    /// Scrubbed texts only.
    pub(super) failures: Vec<String>,
    pub(super) warnings: Vec<String>,
}

pub(crate) fn run(args: &TestArgs) -> Exit {
    let suite = match load(&args.config) {
        Ok(suite) => suite,
        Err(what) => {
            eprint!("{what}");
            return Exit::Usage;
        }
    };
    if suite.tests.is_empty() {
        complain(&format!("{}: has no tests (write them below \"tests:\", docs/policy.md says how)", suite.file));
        return Exit::Usage;
    }
    let outcomes: Vec<Outcome> = suite.tests.iter().map(|test| judge(test, &suite)).collect();
    let mut out = String::new();
    for outcome in &outcomes {
        tell(&mut out, outcome, &suite.file);
    }
    let failed = outcomes.iter().filter(|o| !o.failures.is_empty()).count();
    out.push_str(&format!("{} passed, {failed} failed\n", outcomes.len() - failed));
    let written = scrub::write_quietly(out.as_bytes());
    if let Some(path) = &args.junit
        && let Err(error) = std::fs::write(path, junit::report(&suite.file, &outcomes))
    {
        complain(&format!("{}: {}", safe::path(path), crate::keyfile::reason(&error)));
        return Exit::Partly;
    }
    if failed > 0 { Exit::Partly } else { written }
}

fn tell(out: &mut String, outcome: &Outcome, file: &str) {
    let (line, column) = outcome.place;
    let word = if outcome.failures.is_empty() { "ok    " } else { "FAILED" };
    out.push_str(&format!("{word} {} ({file}:{line}:{column})\n", outcome.name));
    for failure in &outcome.failures {
        out.push_str(&format!("       {}\n", failure.replace('\n', "\n       ")));
    }
    for warning in &outcome.warnings {
        out.push_str(&format!("       warning: {warning}\n"));
    }
}

/// A policy and its tests.
struct Suite {
    file: String,
    policy: Arc<Policy>,
    rules: Arc<RulePack>,
    tests: Vec<Test>,
}

/// Of a pipeline file the policy that it names, or has in itself; of a policy file that one.
fn load(path: &Path) -> Result<Suite, String> {
    let line = |what: String| format!("scrubjay: {what}\n");
    let text = policy::read(path).map_err(line)?;
    if !read::is_pipeline(&text) {
        let file = safe::path(path);
        let parsed = Policy::parse(&file, &text).map(Arc::new);
        return suite(file, parsed.map_err(|wrong| safe::text(&wrong.to_string(), true))?, RulePack::builtin(), &text);
    }
    let plan = config::load(path).map_err(|wrong| safe::text(&wrong.to_string(), true))?;
    match &plan.policy_file {
        Some(policy_file) => {
            let text = policy::read(policy_file).map_err(line)?;
            suite(safe::path(policy_file), plan.policy, plan.rules, &text)
        }
        None => suite(safe::path(path), plan.policy, plan.rules, &text),
    }
}

fn suite(file: String, policy: Arc<Policy>, rules: Arc<RulePack>, text: &str) -> Result<Suite, String> {
    let tests = read::tests(&file, text).map_err(|wrong| safe::text(&wrong.to_string(), true))?;
    Ok(Suite { file, policy, rules, tests })
}

/// What is wrong with the tests of a file, for the schema's tests.
#[cfg(test)]
pub(crate) fn mistakes(text: &str) -> Option<scrubjay_yaml::Mistakes> {
    read::tests("p.yaml", text).err()
}

fn judge(test: &Test, suite: &Suite) -> Outcome {
    let mut outcome = Outcome { name: safe::text(&test.name, false), place: test.place, failures: Vec::new(), warnings: Vec::new() };
    let Ok(key) = FingerprintKey::from_bytes(TEST_KEY) else { return outcome };
    let teller = Teller::new(key, Arc::clone(&suite.rules)).with_policy(Arc::clone(&suite.policy));
    let batch = Batch {
        ack: AckId { lane: LaneId(0), seq: 0 },
        origin: Arc::new(Origin { source: test.source.clone(), name: "test".into() }),
        bytes: test.input.as_bytes().to_vec(),
        line_before: Vec::new(),
        framing: Framing::Lines,
        lane_ends: true,
    };
    let clean = Scrubber::of(teller.clone(), Limits::default()).scrub(batch);
    let output = String::from_utf8_lossy(clean.bytes()).into_owned();
    let tokens = found::tokens(&test.input, &test.source);
    for check in &test.checks {
        let failure = match check {
            Check::Output(pattern) => found::not_like(pattern, &output),
            Check::Hides(claims) => found::not_hidden(claims, &tokens, &teller, &output),
            Check::Shows(pairs) => found::not_shown(pairs, &output),
            Check::Class(class) => found::not_of_class(class, &output),
            Check::Rule(rule) => found::not_by_rule(rule, &tokens, &teller),
            Check::Unchanged => (output != test.input).then(|| "was to stay as it is".to_owned()),
        };
        outcome.failures.extend(failure);
    }
    if !outcome.failures.is_empty() {
        // What the policy's own rules left in, and what would move the terminal's cursor, is for the output, not for a report.
        outcome.failures.push(format!("became: {}", safe::text(output.trim_end(), true)));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    if !test.made && tokens.iter().any(|(t, _)| found::is_live(t, now)) {
        outcome
            .warnings
            .push("holds a token that has not expired: whoever reads this file may use it; take an old one, or \"token:\"".to_owned());
    }
    outcome
}
