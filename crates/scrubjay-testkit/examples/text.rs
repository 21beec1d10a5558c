//! Writes log text of `scrubjay_testkit::text` to standard output, for measurements of whole processes.
//!
//! ```text
//! cargo run --release -p scrubjay-testkit --no-default-features --example text -- PROFILE PERCENT MB [repeated]
//! … --example text -- web 1 134 >/dev/shm/web.log        PROFILE: web, json, names, encoded
//! ```

use std::io::{self, Write};
use std::process::ExitCode;

use scrubjay_testkit::text::{Profile, Text};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [profile, percent, megabytes, rest @ ..] = args.as_slice() else { return usage() };
    let profile = match profile.as_str() {
        "web" => Profile::Web,
        "json" => Profile::Json,
        "names" => Profile::Names,
        "encoded" => Profile::Encoded,
        _ => return usage(),
    };
    let (Ok(percent), Ok(megabytes)) = (percent.parse(), megabytes.parse::<usize>()) else { return usage() };
    let text = Text::generate(profile, percent, rest.first().is_some_and(|word| word == "repeated"), megabytes * 1_000_000);
    match io::stdout().write_all(&text.bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("text: standard output: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: text web|json|names|encoded PERCENT MB [repeated]");
    ExitCode::from(2)
}
