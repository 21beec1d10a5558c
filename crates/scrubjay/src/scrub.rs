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

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::time::Instant;

use scrubjay_scrub::{Limits, Scrubber, Stats, Teller};

use crate::cli::ScrubArgs;
use crate::exit::{Exit, complain};
use crate::keyfile::{self, reason};
use crate::{policy, rules};

use input::Input;
pub(crate) use output::write_quietly;
use output::{Output, Stop};

/// Workers without `--threads`, at most: reading and writing are one at a time, so that more of them only help with
/// texts that are full of tokens.
const THREADS_DEFAULT_MAX: usize = 4;

pub(crate) fn run(args: &ScrubArgs) -> Exit {
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
    let policy = match policy::load(args.policy.policy.as_deref()) {
        Ok(policy) => policy,
        Err(what) => {
            complain(&what);
            return Exit::Usage;
        }
    };
    if args.fingerprint_key.is_none() && io::stderr().is_terminal() {
        eprintln!("scrubjay: fingerprints use a key made for this run; --fingerprint-key FILE makes them comparable between runs");
    }
    let started = Instant::now();
    let output = Output::standard();
    let input = Input::new(&args.files, &args.policy.source, output.identity());
    let teller = Teller::new(key, rules).with_policy(policy);
    let scrubbers = (0..threads(args)).map(|_| Scrubber::of(teller.clone(), Limits::default())).collect();
    let (did, ended) = workers::run(input, output, scrubbers);
    if args.stats {
        eprintln!("{}", stats_json(&did.stats, started.elapsed().as_secs_f64()));
    }
    match ended {
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
    }
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
        "withheld": stats.withheld,
        "seconds": (seconds * 1e6).round() / 1e6,
    })
    .to_string()
}
