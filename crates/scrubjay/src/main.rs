//! The program: command line, configuration, assembly. One `match` chooses what to do.
//!
//! It never prints a byte of a record, nor an argument that may hold one, without passing it through the scrubber.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod asked;
mod assemble;
mod audit_log;
mod cli;
mod config;
mod diff;
mod exit;
mod explain;
mod fingerprint;
mod keyfile;
mod keys;
mod policy;
mod reveal;
mod rules;
mod run;
mod safe;
mod schema;
mod scrub;
mod sealing;
mod test;

use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use exit::Exit;

/// Most errors of our own that are told on standard error.
const PANICS_TOLD_MAX: usize = 20;

fn main() -> std::process::ExitCode {
    let told = AtomicUsize::new(0);
    std::panic::set_hook(Box::new(move |info| {
        // What a line made go wrong goes wrong with each line of its kind.
        if told.fetch_add(1, Ordering::Relaxed) >= PANICS_TOLD_MAX {
            return;
        }
        // A panic's message may quote what was being worked on: only the place is told.
        let place = info.location().map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        eprintln!("scrubjay: internal error{place}; please report it with the command line (never with the log itself)");
    }));
    run().into()
}

fn run() -> Exit {
    let args = match cli::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return cli::report(&error),
    };
    match args.command {
        cli::Command::Scrub(args) => scrub::run(&args),
        cli::Command::Run(args) => run::run(&args),
        cli::Command::Check(args) => run::check(&args),
        cli::Command::Test(args) => test::run(&args),
        cli::Command::Schema { of } => schema::run(of),
        cli::Command::Explain(args) => explain::run(&args),
        cli::Command::Fingerprint(args) => fingerprint::run(&args),
        cli::Command::Keys(args) => keys::run(&args),
        cli::Command::Reveal(args) => reveal::run(&args),
        cli::Command::AuditLog(args) => audit_log::run(&args),
        cli::Command::Rules(args) => rules::list(&args),
        cli::Command::Completions { shell } => cli::completions(shell),
    }
}
