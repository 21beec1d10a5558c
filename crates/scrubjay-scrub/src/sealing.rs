//! Claims of a token that go sealed with its marker: for each audience a claim set of its own, sealed anew each time.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;
use scrubjay_claims::{ClaimSet, Sealer};
use scrubjay_rules::RulePack;
use scrubjay_token::{analyze, base64};
use zeroize::Zeroizing;

use crate::claimset::{self, Member};
use crate::fence::decided;
use crate::marker::{MARKER_BYTES_MAX, Marker};
use crate::policy::SealTo;
use crate::stats::Stats;

/// The name of the member of a record's field that holds claim sets, as markers with nothing but `fp` and `sealed`: so they
/// pass a second scrubber.
pub(crate) const FIELD_MEMBER: &str = "sealed_claims";

/// Longest claim set, in characters: what its parser looks at.
const CLAIM_SET_CHARS_MAX: usize = 8192;

/// What is to be sealed of one token. It holds claims in the clear: it is never written, and has no `Debug`.
#[derive(Clone)]
pub(crate) struct Sealing {
    kind: String,
    fp: String,
    sets: Arc<[(String, Zeroizing<String>)]>,
    pub(crate) to: SealTo,
}

impl Sealing {
    /// One claim set for each audience that a claim names. `None`: there are none.
    pub(crate) fn of(kind: &str, fp: &str, to: SealTo, claims: &[(&[String], Member<'_>)]) -> Option<Self> {
        let mut audiences: Vec<&String> = Vec::new();
        for name in claims.iter().flat_map(|(names, _)| *names) {
            if !audiences.contains(&name) {
                audiences.push(name);
            }
        }
        audiences.sort();
        let sets: Arc<[_]> = audiences
            .into_iter()
            .map(|audience| {
                let theirs = claims.iter().filter(|(names, _)| names.contains(audience)).map(|(_, member)| member);
                (audience.clone(), Zeroizing::new(claimset::object(theirs)))
            })
            .collect();
        (!sets.is_empty()).then(|| Self { kind: kind.to_owned(), fp: fp.to_owned(), sets, to })
    }

    /// Bytes that it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.kind.len() + self.fp.len() + self.sets.iter().map(|(name, set)| name.len() + set.len()).sum::<usize>()
    }

    /// Seals each set, afresh. What cannot be sealed is withheld, and counted by its reason.
    pub(crate) fn seal(&self, sealer: &Sealer, now: u64, stats: &mut Stats) -> Sealed {
        let mut sealed = Sealed::default();
        for (audience, claims) in self.sets.iter() {
            match sealer.seal(audience, &self.fp, claims, now) {
                Ok(sets) => {
                    stats.sealed += 1;
                    sealed.sets.extend(sets.into_iter().map(|set| (audience.clone(), set)));
                }
                Err(why) => {
                    *stats.withheld.entry(why.name()).or_default() += 1;
                    if !sealed.withheld.contains(&why.name()) {
                        sealed.withheld.push(why.name());
                    }
                }
            }
        }
        sealed
    }

    /// The lines of a sidecar: which token, for whom, what.
    pub(crate) fn sidecar(&self, sealed: &Sealed, out: &mut Vec<u8>) {
        for (audience, set) in &sealed.sets {
            // None of these has a character that JSON would escape. The marker is what passes a second scrubber.
            let Self { kind, fp, .. } = self;
            out.extend_from_slice(
                format!("{{\"fp\":\"{fp}\",\"audience\":\"{audience}\",\"sealed\":\"{kind}(fp:{fp}~sealed:{set})\"}}\n").as_bytes(),
            );
        }
    }

    /// The marker with the claim sets in it. What does not fit is dropped, and said.
    pub(crate) fn written(&self, marker: &[u8], sealed: &Sealed, bytes_max: usize) -> Box<[u8]> {
        let mut text = marker.strip_suffix(b")").unwrap_or(marker).to_vec();
        let mut dropped = false;
        let add = |name: &str, value: &str, text: &mut Vec<u8>| {
            if !text.ends_with(b"(") {
                text.push(b'~');
            }
            text.extend_from_slice(format!("{name}:{value}").as_bytes());
        };
        if self.to != SealTo::Sidecar {
            for (_, set) in &sealed.sets {
                if text.len() + set.len() + "~sealed:~why:size)".len() > bytes_max {
                    dropped = true;
                } else {
                    add("sealed", set, &mut text);
                }
            }
        }
        for why in &sealed.withheld {
            add("why", why, &mut text);
        }
        if dropped {
            add("why", "size", &mut text);
        }
        text.push(b')');
        text.into()
    }

    /// The marker for the field of a record, with the claim sets as a member of it.
    pub(crate) fn told_in_field(&self, story: &[u8], sealed: &Sealed) -> Option<Box<[u8]>> {
        let mut marker = Marker::parse(std::str::from_utf8(story).ok()?)?;
        for (_, set) in &sealed.sets {
            marker.add(FIELD_MEMBER, format!("{}(fp:{}~sealed:{set})", self.kind, self.fp));
        }
        for why in &sealed.withheld {
            marker.add("why", *why);
        }
        Some(marker.to_string().into_bytes().into())
    }
}

/// What came of sealing.
#[derive(Default)]
pub(crate) struct Sealed {
    /// Audience and claim set.
    sets: Vec<(String, String)>,
    withheld: Vec<&'static str>,
}

/// Claim sets of ours in a text, each in the marker that it is bound to: they pass, and only they do (DESIGN §4).
#[derive(Default)]
pub(crate) struct Ours {
    sets: Vec<Range<usize>>,
    /// The markers around them.
    pub(crate) markers: Vec<Range<usize>>,
}

impl Ours {
    /// Those of a text that is decided together. They are looked for by themselves: an initialisation vector is noise, and
    /// may look like the beginning of a token to whoever looks for one.
    pub(crate) fn of(text: &[u8], rules: &RulePack) -> Self {
        let mut ours = Self::default();
        static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"sealed:"));
        for at in FINDER.find_iter(text) {
            let start = at + b"sealed:".len();
            let is_char = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            let len = text.get(start..).unwrap_or_default().iter().take(CLAIM_SET_CHARS_MAX + 1).take_while(is_char).count();
            if let Some(marker) = bound(text, &(start..start + len), rules) {
                ours.sets.push(start..start + len);
                if ours.markers.last() != Some(&marker) {
                    ours.markers.push(marker);
                }
            }
        }
        ours
    }

    /// Whether what was found is nothing but a part of one of ours.
    pub(crate) fn hold(&self, span: &Range<usize>) -> bool {
        let at = self.sets.partition_point(|set| set.end < span.end);
        self.sets.get(at).is_some_and(|set| set.start <= span.start && span.end <= set.end)
    }
}

/// The marker that a claim set is bound to. `None`: it is none of ours, or stands elsewhere.
fn bound(text: &[u8], span: &Range<usize>, rules: &RulePack) -> Option<Range<usize>> {
    let before = text.get(..span.start).filter(|b| b.ends_with(b"~sealed:") || b.ends_with(b"(sealed:"))?;
    let set = text.get(span.clone())?;
    let claims = ClaimSet::parse(set)?;
    let (place, marker) = marker_around(text, before, span)?;
    let is_its_own = marker.all("fp").any(|fp| fp == claims.fp) && marker.all("sealed").any(|s| s.as_bytes() == set);
    let mut parts = set.split(|&b| b == b'.').map(base64::decode);
    let (wrapped, ciphertext) = (parts.nth(1)?, parts.nth(1)?);
    (is_its_own && is_noise(&wrapped, rules) && is_noise(&ciphertext, rules)).then_some(place)
}

/// What is encrypted is noise: half of its bytes are no ASCII. Whoever forges a claim set could put a credential there.
fn is_noise(bytes: &[u8], rules: &RulePack) -> bool {
    let odd = bytes.iter().filter(|b| !b.is_ascii()).count();
    let mut hits = Vec::new();
    rules.find(bytes, &mut hits);
    odd >= bytes.len() / 8 && hits.is_empty() && decided(|| analyze(bytes)).is_ok_and(|found| found.is_empty())
}

/// The marker that a claim set stands in.
fn marker_around(text: &[u8], before: &[u8], span: &Range<usize>) -> Option<(Range<usize>, Marker)> {
    let floor = before.len().saturating_sub(MARKER_BYTES_MAX);
    let open = floor + memchr::memrchr(b'(', before.get(floor..)?)?;
    let kind = before.get(..open)?.iter().rev().take_while(|b| b.is_ascii_lowercase()).take(16).count();
    let behind = text.get(span.end..(span.end + MARKER_BYTES_MAX).min(text.len()))?;
    let close = span.end + memchr::memchr(b')', behind)?;
    let place = open - kind..close + 1;
    Marker::parse(std::str::from_utf8(text.get(place.clone())?).ok()?).map(|marker| (place, marker))
}
