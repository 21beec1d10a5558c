//! Policy: which claims of which tokens are shown, in which shape, and which are sealed, to whom (DESIGN §5).
//!
//! A policy is a list of rules. For each token the first rule whose `match` holds decides; each claim gets two orthogonal
//! answers, [`Show`] and the audiences that may open it. What no line names is not shown. Where no rule holds, and
//! without a policy, the built-in default decides (`policy/default.yaml`).

mod claims;
mod matches;
mod path;
mod read;
mod show;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use scrubjay_codec::field::Preset;
use scrubjay_token::{Risk, RiskLimits};
use scrubjay_yaml::{Document, Mistake, Mistakes, Node, Notes, Place};

pub use claims::{Decided, Fate, Told};
pub(crate) use claims::{Note, decide};
pub use matches::{Facts, glob};
pub(crate) use show::Hashes;
pub use show::Show;

use matches::Matches;
use path::Path;

/// The built-in default, as its users could have written it.
pub const DEFAULT_POLICY: &str = include_str!("policy/default.yaml");
/// Largest policy file, in bytes: 1 MiB.
pub const POLICY_BYTES_MAX: usize = 1024 * 1024;

/// A checked policy.
#[derive(Debug)]
pub struct Policy {
    pub(crate) tenant: String,
    pub(crate) risks: Option<Risks>,
    /// Names of the members that a record gets with `placement: field`.
    pub(crate) field: Preset,
    /// Access tokens and DPoP proofs show a keyed hash of `ath` that they share (RFC 9449 §4.2).
    pub(crate) ath: bool,
    rules: Vec<Rule>,
    warnings: Vec<Mistake>,
}

/// Which findings are shown, and from where on they are findings.
#[derive(Clone, Debug)]
pub(crate) struct Risks {
    pub(crate) limits: RiskLimits,
    /// Those that markers show.
    pub(crate) shown: Vec<Risk>,
}

/// Where the story of a token is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// Where the token stood.
    #[default]
    Inline,
    /// In a field of the record, with a short marker where the token stood; in records that have no fields, inline.
    Field,
}

/// Where sealed claim sets are put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SealTo {
    /// In the marker.
    #[default]
    Inline,
    /// In the field of the record that `placement: field` makes.
    Field,
    /// In a sink of their own.
    Sidecar,
}

/// One rule: whom it is for, and what it says.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, or `rule N`.
    pub name: String,
    /// Where it begins in its file.
    pub place: Place,
    /// Where the story goes.
    pub placement: Placement,
    /// Where sealed claims go.
    pub seal_to: SealTo,
    pub(crate) matches: Matches,
    /// What of the header is not shown as it is: parameter and answer.
    pub(crate) header: Vec<(String, Show)>,
    pub(crate) lines: Vec<Line>,
}

/// What a rule says of one claim, or of those that a pattern names.
#[derive(Clone, Debug)]
pub struct Line {
    /// As written.
    pub claim: String,
    /// Where it is written.
    pub place: Place,
    /// The rule that it is written in: another one where it was inherited.
    pub rule: Arc<str>,
    /// How it is shown.
    pub show: Show,
    /// The audiences that may open it.
    pub seal: Vec<String>,
    /// The name that a marker gives it; otherwise its own.
    pub(crate) shown_as: Option<String>,
    pub(crate) path: Path,
}

impl Policy {
    /// The built-in default.
    #[must_use]
    pub fn builtin() -> Arc<Self> {
        static DEFAULT: OnceLock<Arc<Policy>> = OnceLock::new();
        Arc::clone(DEFAULT.get_or_init(|| {
            let policy = read::text("built-in", DEFAULT_POLICY, true);
            debug_assert!(policy.is_ok(), "{:?}", policy.as_ref().err());
            Arc::new(policy.unwrap_or_else(|_| Self::nothing()))
        }))
    }

    /// Shows nothing but class and fingerprint.
    fn nothing() -> Self {
        Self { tenant: String::new(), risks: None, field: Preset::default(), ath: false, rules: Vec::new(), warnings: Vec::new() }
    }

    /// Reads and checks the text of a policy file; `file` is its name as it may be printed.
    ///
    /// # Errors
    /// Every mistake, each with its place and remedy.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistakes> {
        read::text(file, text, false)
    }

    /// Reads a policy that stands in another file, as a list of rules or a mapping with the members of a policy file.
    /// Mistakes are noted; `None` when there are some that leave no policy.
    pub fn read(node: &Node, notes: &mut Notes) -> Option<Self> {
        read::inline(node, notes)
    }

    /// What is not wrong but worth a look, by place.
    #[must_use]
    pub fn warnings(&self) -> &[Mistake] {
        &self.warnings
    }

    /// Names of the audiences that claims are sealed to.
    #[must_use]
    pub fn audiences(&self) -> BTreeSet<&str> {
        self.rules.iter().flat_map(|r| &r.lines).flat_map(|l| &l.seal).map(String::as_str).collect()
    }

    /// The name of the words that fields of records use (`field: {preset: …}`).
    #[must_use]
    pub fn preset(&self) -> &'static str {
        self.field.name()
    }

    /// From where on a finding is one.
    #[must_use]
    pub fn risk_limits(&self) -> &RiskLimits {
        static DEFAULT: OnceLock<RiskLimits> = OnceLock::new();
        self.risks.as_ref().map_or_else(|| DEFAULT.get_or_init(RiskLimits::default), |risks| &risks.limits)
    }

    /// The rules in their order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule for a token: the first that matches, or the built-in default.
    pub(crate) fn rule_for<'a>(&'a self, facts: &Facts<'_>, builtin: &'a Self) -> Option<&'a Rule> {
        self.rules.iter().chain(&builtin.rules).find(|rule| rule.matches.holds(facts))
    }
}

/// What the reader of a policy file says of the file as a whole.
pub(crate) const DOCUMENT: Document = Document { noun: "the policy file", needs: "it needs `policy`, a list of rules" };
