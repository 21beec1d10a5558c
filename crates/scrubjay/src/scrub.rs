//! `scrubjay scrub`: a Unix filter. Reads blocks, not lines; each file is a text of its own.
//!
//! ```text
//! input.rs: files → pieces that are independent of each other ──▶ a worker's Scrubber ──▶ output.rs: in the order of the input
//! ```
//!
//! A worker does all three for its piece: what it has read stays in its core's cache until it is written. Reading and
//! writing are one worker's turn at a time (`workers.rs`).

mod input;
mod output;
mod workers;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use scrubjay_claims::is_audience;
use scrubjay_scrub::policy::SealTo;
use scrubjay_scrub::{Limits, Policy, Scrubber, Stats, Teller};

use crate::cli::ScrubArgs;
use crate::config::SealingPlan;
use crate::exit::{Exit, complain, or_usage};
use crate::keyfile::{self, reason};
use crate::sealing::{self, Seals, Tender};
use crate::{policy, rules, safe};

use input::Input;
pub(crate) use output::write_quietly;
use output::{Output, Stop};

/// Workers without `--threads`, at most: reading and writing are one at a time, so that more of them only help with
/// texts that are full of tokens.
const THREADS_DEFAULT_MAX: usize = 4;

pub(crate) fn run(args: &ScrubArgs) -> Exit {
    checked(args).unwrap_or_else(|exit| exit)
}

/// `Err`: what was asked for is a mistake, which was said.
fn checked(args: &ScrubArgs) -> Result<Exit, Exit> {
    let ring = Arc::new(or_usage(keyfile::ring_for_now(args.fingerprint_key.as_deref()))?);
    let rules = or_usage(rules::pack(&args.rules))?;
    let policy = or_usage(policy::load(args.policy.policy.as_deref()))?;
    if args.fingerprint_key.is_none() && io::stderr().is_terminal() {
        eprintln!("scrubjay: fingerprints use a key made for this run; --fingerprint-key FILE makes them comparable between runs");
    }
    let started = Instant::now();
    let output = Output::standard();
    let input = Input::new(&args.files, &args.policy.source, output.identity());
    let seals = or_usage(seals(args, &policy, output.identity()))?;
    let now = keyfile::now();
    let mut teller = Teller::new(ring.active(now), rules).with_policy(policy).at(u64::try_from(now).unwrap_or_default());
    if let Some(seals) = &seals {
        teller = teller.with_sealer(Arc::clone(&seals.sealer));
    }
    let scrubbers = (0..threads(args)).map(|_| Scrubber::of(teller.clone(), Limits::default())).collect();
    let (did, ended) = workers::run(input, output, scrubbers, &Arc::new(Tender::new(ring, seals.clone())));
    seals.iter().for_each(|seals| sealing::say_alarms(&seals.sealer));
    if args.stats {
        eprintln!("{}", stats_json(&did.stats, started.elapsed().as_secs_f64()));
    }
    Ok(match ended {
        Ok(()) if did.exit == Exit::Done && args.strict && did.stats.tokens() + did.stats.secrets() + did.stats.withheld_total() > 0 => {
            Exit::Strict
        }
        Ok(()) => did.exit,
        Err(Stop::ReaderGone) => Exit::Done,
        Err(Stop::Write(error)) => {
            complain(&format!("standard output: {}; what follows was not written", reason(&error)));
            Exit::Partly
        }
        // What went wrong was said where it happened.
        Err(Stop::WorkerGone) => Exit::Partly,
    })
}

/// Who seals what the policy says, for the audiences of the flags.
fn seals(args: &ScrubArgs, policy: &Policy, output: Option<(u64, u64)>) -> Result<Option<Seals>, String> {
    if args.seal_to.is_empty() {
        return match args.epochs {
            Some(_) => Err("--epochs: nothing is sealed without --seal-to NAME=FILE; add it, or leave --epochs out".to_owned()),
            None => Ok(None),
        };
    }
    let mut audiences: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for word in &args.seal_to {
        let named = word.split_once('=').filter(|(name, file)| is_audience(name) && !file.is_empty());
        let (name, file) =
            named.ok_or_else(|| format!("--seal-to {}: write NAME=FILE, such as soc=keys/soc.public.jwk", safe::text(word, false)))?;
        audiences.entry(name.to_owned()).or_default().push(file.into());
    }
    if let Some(name) = policy.audiences().into_iter().find(|name| !audiences.contains_key(*name)) {
        return Err(format!("the policy seals to audience {name}, which has no keys; add --seal-to {name}=FILE"));
    }
    if policy.audiences().is_empty() {
        return Err("--seal-to: the policy seals nothing; write seal: [AUDIENCE] in one and give it with --policy".to_owned());
    }
    if let Some(name) = audiences.keys().find(|name| !policy.audiences().contains(name.as_str())) {
        return Err(format!("--seal-to {name}: the policy seals nothing to this audience; leave it out, or name it in the policy"));
    }
    if policy.rules().iter().any(|rule| rule.seal_to == SealTo::Sidecar) {
        return Err("seal_to: sidecar needs a second output, which `scrub` does not have; use `run`, or seal_to: inline".to_owned());
    }
    let epochs = args.epochs.clone().ok_or("--seal-to needs --epochs FILE, where the records are kept that open what is sealed")?;
    if let Some(what) = collision(&epochs, &args.files, output) {
        return Err(format!("--epochs {}: {what}; give the records a file of their own", safe::path(&epochs)));
    }
    let plan = SealingPlan { audiences, epochs, identity: None, standalone: false };
    sealing::open(&plan).map(Some)
}

/// Why the epochs file cannot be this one: records would stand in the middle of the output, or be read as a log. By device and
/// inode, so that links are found.
fn collision(epochs: &Path, files: &[PathBuf], output: Option<(u64, u64)>) -> Option<&'static str> {
    let identity = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
    let epochs = identity(std::fs::metadata(epochs).ok()?);
    if output == Some(epochs) {
        return Some("is the output, too");
    }
    let meta = |path: &PathBuf| if path == Path::new("-") { of_stdin() } else { std::fs::metadata(path).ok() };
    let read = if files.is_empty() { of_stdin().into_iter().collect() } else { files.iter().filter_map(meta).collect::<Vec<_>>() };
    read.into_iter().any(|file| identity(file) == epochs).then_some("is an input, too")
}

fn of_stdin() -> Option<std::fs::Metadata> {
    std::fs::File::from(io::stdin().as_fd().try_clone_to_owned().ok()?).metadata().ok()
}

fn threads(args: &ScrubArgs) -> usize {
    let given = args.threads.map(usize::from);
    given.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(THREADS_DEFAULT_MAX))
}

fn stats_json(stats: &Stats, seconds: f64) -> String {
    serde_json::json!({
        "bytes": stats.bytes_in,
        "bytes_out": stats.bytes_out,
        "records": stats.records,
        "tokens": stats.tokens(),
        "classes": stats.classes,
        "algs": stats.algs,
        "secrets": stats.secrets(),
        "rules": stats.rules,
        "sealed": stats.sealed,
        "withheld": stats.withheld,
        "seconds": (seconds * 1e6).round() / 1e6,
    })
    .to_string()
}
