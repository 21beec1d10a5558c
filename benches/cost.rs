//! One fixed text through the scrubber, for `benches/cost`, which counts instructions with callgrind.
//!
//! ```text
//! cost                what can be measured: a name, its bytes, the scanner's back end
//! cost NAME           makes the text and scrubs it, in the function `measured`
//! cost LETTER:BYTES   the same with a text that was written to be slow, of any size
//! cost file:PATH      the same with a file
//! ```
//!
//! It never reads the clock: instructions are the same on a busy machine.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;

use scrubjay_delivery::{AckId, LaneId};
use scrubjay_scan::Scanner;
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Origin, Scrubber};
use scrubjay_testkit::text::{Profile, Text, adversarial};

/// Bytes of a batch, as `scrub` and `run` read.
const BATCH_BYTES: usize = 256 * 1024;
const KIB: usize = 1024;

/// A name, and how its text is made.
type Input = (&'static str, usize, fn(usize) -> Vec<u8>);

/// Small enough for a minute of callgrind, large enough that what is done once does not show.
const INPUTS: [Input; 13] = [
    ("web-clean", 2048 * KIB, |bytes| Text::generate(Profile::Web, 0, false, bytes).bytes),
    ("json-clean", 2048 * KIB, |bytes| Text::generate(Profile::Json, 0, false, bytes).bytes),
    ("names-clean", 2048 * KIB, |bytes| Text::generate(Profile::Names, 0, false, bytes).bytes),
    ("encoded-1", 2048 * KIB, |bytes| Text::generate(Profile::Encoded, 1, false, bytes).bytes),
    ("web-1", 2048 * KIB, |bytes| Text::generate(Profile::Web, 1, false, bytes).bytes),
    ("web-10", 1024 * KIB, |bytes| Text::generate(Profile::Web, 10, false, bytes).bytes),
    ("web-10-repeated", 1024 * KIB, |bytes| Text::generate(Profile::Web, 10, true, bytes).bytes),
    ("web-50", 512 * KIB, |bytes| Text::generate(Profile::Web, 50, false, bytes).bytes),
    ("json-10", 1024 * KIB, |bytes| Text::generate(Profile::Json, 10, false, bytes).bytes),
    ("openings", 512 * KIB, |bytes| adversarial("a", bytes)),
    ("dotted-names", 512 * KIB, |bytes| adversarial("c", bytes)),
    ("chain", 512 * KIB, |bytes| adversarial("f", bytes)),
    ("base64-json", 512 * KIB, |bytes| adversarial("i", bytes)),
];

fn main() -> ExitCode {
    let Some(name) = std::env::args().nth(1) else {
        for (name, bytes, make) in INPUTS {
            println!("{name} {} {}", make(bytes).len(), Scanner::new().backend());
        }
        return ExitCode::SUCCESS;
    };
    let known = INPUTS.iter().find(|(known, ..)| *known == name).map(|(_, bytes, make)| make(*bytes));
    let asked = name.split_once(':').and_then(|(letter, of)| match letter {
        "file" => std::fs::read(of).ok(),
        letter => Some(adversarial(letter, of.parse().ok()?)),
    });
    let Some(text) = known.or(asked).filter(|text| !text.is_empty()) else {
        eprintln!("cost: there is no input {name:?}");
        return ExitCode::FAILURE;
    };
    let origin = Arc::new(Origin { source: "cost".into(), name: "cost".into() });
    let last = text.chunks(BATCH_BYTES).count().saturating_sub(1);
    let batch = |(seq, bytes): (usize, &[u8])| Batch {
        ack: AckId { lane: LaneId(0), seq: seq as u64 },
        origin: Arc::clone(&origin),
        bytes: bytes.to_vec(),
        line_before: Vec::new(),
        framing: Framing::Lines,
        lane_ends: seq == last,
    };
    let batches: Vec<Batch> = text.chunks(BATCH_BYTES).enumerate().map(batch).collect();
    let scrubber = FingerprintKey::from_bytes(&[7; 32]).map(|key| Scrubber::new(key, Limits::default()));
    let Ok(mut scrubber) = scrubber else { return ExitCode::FAILURE };
    let (bytes, tokens) = measured(&mut scrubber, batches);
    // What was done, and on what: the record is for this back end (valgrind knows no AVX-512).
    println!("{name} {} {} {bytes} {tokens}", text.len(), Scanner::new().backend());
    ExitCode::SUCCESS
}

/// All that is counted.
#[inline(never)]
fn measured(scrubber: &mut Scrubber, batches: Vec<Batch>) -> (usize, u64) {
    let mut done = (0, 0);
    for batch in batches {
        let clean = black_box(scrubber.scrub(batch));
        done = (done.0 + clean.bytes().len(), done.1 + clean.stats().tokens());
    }
    done
}
