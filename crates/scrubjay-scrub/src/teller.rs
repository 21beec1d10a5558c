//! What is told of a token: its marker, as the policy has it.

use std::borrow::Cow;
use std::sync::Arc;

use scrubjay_claims::{ActiveKeys, FingerprintKey, Sealer, Withheld};
use scrubjay_rules::RulePack;
use scrubjay_scan::Scanner;
use scrubjay_token::json::Value;
use scrubjay_token::{Class, Kind, Token, analyze, risks};

use crate::claimset::Member;
use crate::fence::decided;
use crate::marker::{Draft, Field, MARKER_BYTES_MAX, Marker, Place};
use crate::policy::{self, Decided, Facts, Note, Policy, Rule, Show, Told};
use crate::sealing::{Ours, Sealing};
use crate::shape;
use crate::site::Site;

/// Tells what a token was. One for each policy, key and set of rules.
#[derive(Clone)]
pub struct Teller {
    policy: Arc<Policy>,
    builtin: Arc<Policy>,
    keys: ActiveKeys,
    rules: Arc<RulePack>,
    scanner: Scanner,
    pub(crate) marker_bytes_max: usize,
    sealer: Option<Arc<Sealer>>,
    /// Seconds since 1970, as far as this knows: epochs of sealing keys end by it.
    pub(crate) now: u64,
}

/// What is told of one token.
pub struct Account<'a> {
    draft: Draft<'a>,
    /// The marker as it is written.
    pub(crate) written: String,
    /// The rule of the policy that decided; `None`: the token has no readable members, so none was asked.
    pub rule: Option<&'a Rule>,
    /// For statistics.
    pub told: Told,
    /// What is to be sealed.
    pub(crate) sealing: Option<Sealing>,
}

impl Account<'_> {
    /// The marker.
    #[must_use]
    pub fn marker(&self) -> Marker {
        Marker::from(&self.draft)
    }
}

impl Teller {
    /// Tells by the built-in default policy, with the keys of now.
    #[must_use]
    pub fn new(keys: impl Into<ActiveKeys>, rules: Arc<RulePack>) -> Self {
        let builtin = Policy::builtin();
        let keys = keys.into();
        Self {
            policy: Arc::clone(&builtin),
            builtin,
            keys,
            rules,
            scanner: Scanner::new(),
            marker_bytes_max: MARKER_BYTES_MAX,
            sealer: None,
            now: 0,
        }
    }

    /// Tells by this policy.
    #[must_use]
    pub fn with_policy(self, policy: Arc<Policy>) -> Self {
        Self { policy, ..self }
    }

    /// Makes markers of at most so many bytes.
    #[must_use]
    pub fn with_marker_bytes_max(self, marker_bytes_max: usize) -> Self {
        Self { marker_bytes_max, ..self }
    }

    /// Seals the claims that the policy says. Without one they are dropped.
    #[must_use]
    pub fn with_sealer(self, sealer: Arc<Sealer>) -> Self {
        Self { sealer: Some(sealer), ..self }
    }

    /// Who seals.
    pub(crate) fn sealer(&self) -> Option<&Arc<Sealer>> {
        self.sealer.as_ref()
    }

    /// With the time, in seconds since 1970.
    #[must_use]
    pub fn at(self, now: u64) -> Self {
        Self { now, ..self }
    }

    /// Uses other keys from now on.
    pub fn set_keys(&mut self, keys: ActiveKeys) {
        self.keys = keys;
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The rules for other credentials.
    #[must_use]
    pub fn rules(&self) -> &Arc<RulePack> {
        &self.rules
    }

    /// Tells of a token that stands there.
    #[must_use]
    pub fn tell<'a>(&'a self, token: &'a Token, site: &Site<'_>) -> Account<'a> {
        self.account(token, site, None)
    }

    /// As [`Self::tell`]; `note` hears what became of each claim and header parameter.
    pub fn tell_why<'a>(&'a self, token: &'a Token, site: &Site<'_>, note: &mut dyn FnMut(Decided<'a>)) -> Account<'a> {
        self.account(token, site, Some(note))
    }

    fn account<'a>(&'a self, token: &'a Token, site: &Site<'_>, note: Note<'_, 'a>) -> Account<'a> {
        let facts = Facts::of(token, site);
        let alg = token.header.as_ref().map_or("unknown", |h| h.get("alg").and_then(Value::as_str).map_or("other", shape::alg));
        let told = Told { class: facts.class, alg: if token.ambiguous { "unknown" } else { alg } };
        let rule = self.policy.rule_for(&facts, &self.builtin);
        let mut marker = Draft::new(token.kind.name());
        let mut fingerprints = self.keys.fingerprints(identity_label(token.kind), &token.identity);
        let fingerprint = fingerprints.next();
        let former = fingerprints.next();
        drop(fingerprints);
        if site.place == Place::Short {
            match fingerprint {
                Some(fp) => marker.add("fp", fp),
                None => marker.add("cut", token.cut.map_or("payload", |c| c.name())),
            }
            return Account { written: marker.written(), draft: marker, rule, told, sealing: None };
        }
        let sealed = if token.ambiguous {
            marker.add("why", "duplicate");
            Vec::new()
        } else {
            self.story(&mut marker, token, facts.class, rule, note)
        };
        let sealing = self.sealing(&mut marker, rule, fingerprint.as_deref(), &sealed);
        for fp in fingerprint.into_iter().chain(former) {
            marker.add("fp", fp);
        }
        if self.keys.current().is_none() {
            marker.add("why", "no-key");
        }
        if let Some(cut) = token.cut {
            marker.add("cut", cut.name());
        }
        marker.fit(self.marker_bytes_max);
        let written = self.guard(&mut marker);
        Account { draft: marker, written, rule, told, sealing }
    }

    fn story<'a>(
        &'a self,
        marker: &mut Draft<'a>,
        token: &'a Token,
        class: Class,
        rule: Option<&'a Rule>,
        mut note: Note<'_, 'a>,
    ) -> Vec<(&'a [String], Member<'a>)> {
        marker.add("class", class.name());
        self.header(marker, token, rule, &mut note);
        let Some(rule) = rule else { return Vec::new() };
        let hashes = policy::Hashes { key: self.keys.current(), tenant: &self.policy.tenant };
        let story = policy::decide(rule, token, &hashes, note, marker);
        if let Some(shown) = self.policy.risks.as_ref() {
            for risk in risks(token, &shown.limits).into_iter().filter(|r| shown.shown.contains(r)) {
                marker.add("risk", risk.name());
            }
        }
        if self.policy.ath {
            self.ath(marker, token, class);
        }
        if story.out_of_range {
            marker.add("why", "range");
        }
        if story.more {
            marker.add("why", "size");
        }
        story.sealed
    }

    /// The keyed hash by which an access token and the DPoP proofs that were sent with it find each other (RFC 9449 §4.2).
    fn ath(&self, marker: &mut Draft<'_>, token: &Token, class: Class) {
        let Some(key) = self.keys.current() else { return };
        let shown = match class {
            Class::Access => token.compact().map(|text| key.ath_of_token(text.as_bytes())),
            Class::Dpop => token.claim("ath").and_then(Value::as_str).and_then(|claim| key.ath_of_proof(claim)),
            _ => None,
        };
        if let Some(shown) = shown {
            // Whatever a line shows of the claim stands for the same thing, and less safely.
            marker.fields.retain(|field| field.name != "ath");
            marker.add("ath", shown);
        }
    }

    /// What is to be sealed. Without a fingerprint there is nothing to bind claims to, so they are withheld.
    fn sealing(
        &self,
        marker: &mut Draft<'_>,
        rule: Option<&Rule>,
        fp: Option<&str>,
        claims: &[(&[String], Member<'_>)],
    ) -> Option<Sealing> {
        self.sealer.as_ref().filter(|_| !claims.is_empty())?;
        let Some(fp) = fp else {
            marker.add("why", Withheld::Unbound.name());
            return None;
        };
        Sealing::of(marker.kind, fp, rule.map(|r| r.seal_to).unwrap_or_default(), claims)
    }

    fn header<'a>(&'a self, marker: &mut Draft<'a>, token: &'a Token, rule: Option<&'a Rule>, note: &mut Note<'_, 'a>) {
        let Some(header) = &token.header else { return };
        let show = |name: &str| {
            let answer = rule.and_then(|r| r.header.iter().find(|(p, _)| p == name));
            answer.map_or(Show::Keep, |(_, show)| *show)
        };
        for name in ["alg", "enc", "typ", "cty"] {
            let Some(value) = header.get(name).filter(|_| show(name) == Show::Keep) else { continue };
            let registered = |text: &str| match name {
                "alg" => shape::alg(text),
                "enc" => shape::enc(text),
                _ => shape::media_type(text),
            };
            marker.add(name, value.as_str().map_or("other", registered));
        }
        if let Some(kid) = header.get("kid").and_then(Value::as_str) {
            match show("kid") {
                Show::Keep => marker.add("kid", shape::name("kid", kid, self.keys.current())),
                Show::Pseudonym => {
                    let pseudonym = self.keys.current().map(|key| key.pseudonym(&self.policy.tenant, &["kid"], kid.as_bytes()));
                    marker.add("kid", pseudonym.map_or(Cow::Borrowed(shape::WITHHELD), Cow::Owned));
                }
                _ => {}
            }
        }
        let Some(note) = note else { return };
        for (name, value) in header.members() {
            let shown = marker.all(name).map(str::to_owned).collect();
            note(Decided::of_header(name, value, shown));
        }
    }

    /// A finished marker is scanned before it is written, so that scrubbing twice equals scrubbing once: values that fire
    /// become `withheld` (DESIGN §4). Returns it as it is written.
    fn guard(&self, marker: &mut Draft<'_>) -> String {
        for _ in 0..2 {
            let text = marker.written();
            let fired = self.fired(text.as_bytes());
            if fired.is_empty() {
                return text;
            }
            let mut at = marker.kind.len() + 1;
            marker.fields.retain_mut(|field| {
                let (name_start, end) = (at, at + field.len);
                at = end + 1;
                if !fired.iter().any(|r| r.start < end && name_start < r.end) {
                    return true;
                }
                *field = Field::new(std::mem::take(&mut field.name), Cow::Borrowed(shape::WITHHELD));
                // A name that fires by itself, with this value, is nothing to write either.
                self.fired(Draft { kind: "jwt", fields: vec![field.clone()] }.written().as_bytes()).is_empty()
            });
        }
        if !self.fired(marker.written().as_bytes()).is_empty() {
            marker.fields.retain(|field| matches!(&*field.name, "class" | "fp" | "cut"));
            marker.add("why", "withheld");
        }
        marker.written()
    }

    /// True for a text in which something would be found. Claim sets in their own markers are not.
    pub(crate) fn fires(&self, text: &[u8]) -> bool {
        let fired = self.fired(text);
        let ours = if fired.is_empty() { Ours::default() } else { Ours::of(text, &self.rules) };
        fired.iter().any(|span| !ours.hold(span))
    }

    /// What of a text is a token or another credential.
    fn fired(&self, text: &[u8]) -> Vec<std::ops::Range<usize>> {
        let mut runs = Vec::new();
        self.scanner.scan_complete(text, &mut runs);
        let mut fired = Vec::new();
        if !runs.is_empty() {
            match decided(|| analyze(text)) {
                Ok(found) => fired.extend(found.iter().map(|f| f.span())),
                Err(_) => fired.push(0..text.len()),
            }
        }
        let mut hits = Vec::new();
        self.rules.find(text, &mut hits);
        fired.extend(hits.into_iter().map(|hit| hit.span));
        fired
    }
}

/// The fingerprint that a token's marker carries under a key; `None` for an incomplete token.
#[must_use]
pub fn token_fingerprint(token: &Token, key: &FingerprintKey) -> Option<String> {
    key.fingerprint(identity_label(token.kind), &token.identity)
}

/// What a fingerprint is keyed on beside the token's parts. An SD-JWT is identified by its issuer's JWT, so it shares
/// the label of a JWS.
fn identity_label(kind: Kind) -> &'static str {
    match kind {
        Kind::Jwe => "jwe",
        Kind::Jws | Kind::SdJwt => "jws",
        Kind::Jwk | Kind::Pem => "key",
    }
}
