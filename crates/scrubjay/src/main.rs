//! The program.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod config;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Stand-in until the command line is there: `scrubjay check -c FILE` and nothing else.
fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let [command, flag, file] = args.as_slice() else {
        eprintln!("usage: scrubjay check -c FILE");
        return ExitCode::from(2);
    };
    if command != "check" || flag != "-c" {
        eprintln!("usage: scrubjay check -c FILE");
        return ExitCode::from(2);
    }
    match config::load(Path::new(file)) {
        Ok(plan) => match write!(std::io::stdout(), "{plan}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(1),
        },
        Err(mistakes) => {
            eprint!("{mistakes}");
            ExitCode::from(2)
        }
    }
}
