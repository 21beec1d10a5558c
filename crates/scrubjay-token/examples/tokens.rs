//! Names every token of a text: where it stands, what it is, what of it is missing, and its risks; never what it says.
//!
//! `cargo run -p scrubjay-token --example tokens < app.log`

use std::io::Read;

use scrubjay_scan::Scanner;
use scrubjay_token::{Gate, RiskLimits, analyze, class, risks};

fn main() -> std::io::Result<()> {
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text)?;
    let scanner = Scanner::new();
    let mut gate = Gate::new(scanner);
    let mut runs = Vec::new();
    for (number, line) in text.split_inclusive(|&b| b == b'\n').enumerate() {
        runs.clear();
        scanner.scan_complete(line, &mut runs);
        // Most lines end here: they have no run, or none that anything can be found in.
        if !runs.iter().any(|run| gate.lets_through(line, run)) {
            continue;
        }
        let Ok(found) = analyze(line) else {
            println!("line {}: cannot be decided", number + 1);
            continue;
        };
        for found in found {
            let (span, token) = (found.span(), &found.token);
            let state = token.cut.map_or("whole", |cut| cut.name());
            let (class, kind) = (class(token).name(), token.kind.name());
            println!(
                "line {}, bytes {}..{}: {kind}, {class}, {state}, {:?}",
                number + 1,
                span.start,
                span.end,
                risks(token, &RiskLimits::default())
            );
        }
    }
    Ok(())
}
