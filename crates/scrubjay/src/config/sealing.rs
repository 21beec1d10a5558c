//! The fields `audiences`, `epochs`, `identity` of `keys`, and what the policy asks of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use scrubjay_claims::jose::Recipients;
use scrubjay_scrub::Policy;
use scrubjay_scrub::policy::SealTo;
use scrubjay_yaml::{At, Notes, Place, clean, nearest, quoted};

use super::check::no_tilde;
use super::paths::{self, Base};
use super::plan::SealingPlan;
use super::written::{WrittenKeys, WrittenPipeline};

/// An audience with more keys than this is asked about.
const KEYS_WARN: usize = 5;
/// Epoch records without a path of their own.
const EPOCHS: &str = "epochs.jsonl";
const IDENTITY_BYTES: std::ops::RangeInclusive<u64> = 1..=64 * 1024;

pub(super) fn check(
    written: &WrittenKeys,
    policy: &Policy,
    policy_place: Option<Place>,
    state_dir: &Path,
    base: &Base,
    notes: &mut Notes,
) -> Option<SealingPlan> {
    let known: Vec<&str> = written.audiences.iter().map(|(name, _)| name.value.as_str()).collect();
    let wanted = policy.audiences();
    if known.is_empty() {
        if let Some(first) = wanted.first() {
            let what = format!("the policy seals claims to {}, and \"keys\" has no audiences: those claims are dropped", quoted(first));
            notes.warning(policy_place.unwrap_or(Place { line: 1, column: 1 }), what, "add keys: {audiences: {NAME: [FILE]}}");
        }
        return None;
    }
    for audience in wanted.iter().filter(|a| !known.contains(*a)) {
        let remedy = match nearest(audience, known.iter().copied()) {
            Some(near) => format!("did you mean {near:?}? Or add it to \"audiences\" of \"keys\""),
            None => "add it to \"audiences\" of \"keys\"".to_owned(),
        };
        notes.mistake(policy_place, format!("the policy seals to audience {}, which has no keys", quoted(audience)), remedy);
    }
    let audiences = recipients(&written.audiences, &wanted, base, notes);
    let epochs = written.epochs.as_ref().map_or_else(
        || state_dir.join(EPOCHS),
        |at| {
            no_tilde(at, notes);
            base.path(&at.value)
        },
    );
    if epochs.is_dir() {
        let place = written.epochs.as_ref().map(|at| at.place);
        notes.mistake(
            place,
            format!("the epochs file {} is a folder", clean(&epochs.to_string_lossy())),
            "give the path of a file; it is made when it is missing",
        );
    }
    let identity = written.identity.as_ref().map(|at| identity(at, base, notes));
    Some(SealingPlan { audiences, epochs, identity, standalone: written.standalone })
}

/// The key files of each audience, read once to see that they can be.
fn recipients(
    written: &[(At<String>, Vec<At<String>>)],
    wanted: &std::collections::BTreeSet<&str>,
    base: &Base,
    notes: &mut Notes,
) -> BTreeMap<String, Vec<PathBuf>> {
    let mut audiences = BTreeMap::new();
    for (name, files) in written {
        let paths: Vec<PathBuf> = files.iter().map(|at| base.path(&at.value)).collect();
        for (at, path) in files.iter().zip(&paths) {
            no_tilde(at, notes);
            let one = BTreeMap::from([(name.value.clone(), vec![path.clone()])]);
            for wrong in Recipients::read(one).err().into_iter().flatten() {
                let what = format!("the key file {} cannot be used: {}", clean(&path.to_string_lossy()), wrong.fault);
                notes.mistake(at.place, what, "give a public key: JWK, JWK Set or PEM (scrubjay keys new --audience NAME makes one)");
            }
        }
        if let Ok(read) = Recipients::read(BTreeMap::from([(name.value.clone(), paths.clone())])) {
            let keys = read.of(&name.value).len();
            if keys > KEYS_WARN {
                let what = format!("audience {} has {keys} keys: each of their holders can open what is sealed to it", quoted(&name.value));
                notes.warning(name.place, what, "divide it, or take out keys that are not needed any more");
            }
        }
        if !wanted.contains(name.value.as_str()) {
            notes.warning(
                name.place,
                format!("no claim is sealed to audience {}", quoted(&name.value)),
                "name it in \"seal\" of the policy, or remove it",
            );
        }
        audiences.insert(name.value.clone(), paths);
    }
    audiences
}

fn identity(at: &At<String>, base: &Base, notes: &mut Notes) -> PathBuf {
    let path = base.path(&at.value);
    no_tilde(at, notes);
    if let Err((what, remedy)) = paths::private_file(&path, IDENTITY_BYTES) {
        let remedy = if path.exists() { remedy } else { "make one: scrubjay keys new --agent --dir DIR".to_owned() };
        notes.mistake(at.place, format!("the key file {} {what}", clean(&path.to_string_lossy())), remedy);
    }
    path
}

/// Where the policy keeps claim sets apart, every pipeline needs a place for them.
pub(super) fn check_sidecars(pipelines: &[WrittenPipeline], policy: &Policy, policy_place: Option<Place>, notes: &mut Notes) {
    let wants = policy.rules().iter().any(|rule| rule.seal_to == SealTo::Sidecar);
    for (i, pipeline) in pipelines.iter().enumerate() {
        match (wants, pipeline.sidecar.first()) {
            (true, None) => notes.mistake(
                policy_place,
                format!("the policy has seal_to: sidecar, and pipeline {} has no \"sidecar\"", i + 1),
                "name a sink for claim sets: sidecar: [vault]",
            ),
            (false, Some(at)) => notes.warning(
                at.place,
                "nothing is written to this sidecar",
                "write seal_to: sidecar in a rule of the policy, or remove it",
            ),
            _ => {}
        }
    }
}
