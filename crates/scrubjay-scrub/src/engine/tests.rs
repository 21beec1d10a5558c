use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Case, Form};

use std::sync::Arc;

use scrubjay_claims::FingerprintKey;
use scrubjay_rules::RulePack;

use super::*;

fn edits(gated: bool, limits: Limits, text: &[u8]) -> Vec<(Range<usize>, Vec<u8>)> {
    let gate = gated.then(|| Gate::new(Scanner::new()));
    let mut engine =
        Engine { gate, ..Engine::new(Teller::new(FingerprintKey::from_bytes(&[7; 32]).unwrap(), Arc::new(RulePack::none())), limits) };
    let decision = engine.decide(&mut LaneState::default(), "", text, true, &mut Stats::default());
    decision.edits.into_iter().map(|e| (e.span, e.text)).collect()
}

/// The gate saves work and changes nothing else. What is found without any run of its own, because the gate let a neighbour
/// through, does not count.
#[track_caller]
fn check(name: &str, text: &[u8], token_bytes_max: &[usize]) {
    let mut runs = Vec::new();
    scan(Scanner::new(), text, &mut runs);
    for limits in token_bytes_max.iter().map(|&token_bytes_max| Limits { token_bytes_max }) {
        let (gated, all) = (edits(true, limits, text), edits(false, limits, text));
        let has_run = |span: &Range<usize>| runs.iter().any(|r| r.start < span.end && span.start < r.end);
        let lost =
            all.iter().find(|edit| !gated.contains(edit) && has_run(&edit.0)).or_else(|| gated.iter().find(|edit| !all.contains(edit)));
        if let Some((span, marker)) = lost {
            let around = &text[span.start.saturating_sub(60)..text.len().min(span.end + 60)];
            panic!("{name}: {span:?} {} in {}", marker.escape_ascii(), around.escape_ascii());
        }
    }
}

const LIMITS: [usize; 2] = [TOKEN_BYTES_MAX, 2048];

#[test]
fn the_gate_hides_nothing_of_generated_cases() {
    let factor = std::env::var("SCRUBJAY_CASES").map_or(1, |n| n.parse().expect("SCRUBJAY_CASES is a whole number"));
    for seed in 0..1500 * factor {
        let case = Case::any(10_000_000 + seed, 3);
        // A token of several lines that is longer than the limit is not seen whole with the gate or without it.
        let limits = if case.payload.contains(&b'\n') { &LIMITS[..1] } else { &LIMITS };
        check(&format!("seed {seed} {}", case.name), &case.document(), limits);
    }
}

/// Pieces of tokens under pieces of encodings, at random: what no carrier would write.
#[test]
fn the_gate_hides_nothing_of_debris() {
    for seed in 0..1500 {
        let mut random = Random::new(seed);
        let mut text = Vec::new();
        for _ in 0..random.between(1, 4) {
            let case = Case::any(random.next_u64(), 2);
            let (a, b) = (random.between(0, case.payload.len()), random.between(0, case.payload.len()));
            text.extend_from_slice(&case.payload[a.min(b)..a.max(b)]);
            text.extend_from_slice([&b" "[..], b"\n", b".", b"", b"%2E", b"\": \""][random.between(0, 5)]);
        }
        check(&format!("seed {seed}"), &text, &LIMITS[..1]);
    }
}

#[test]
fn the_gate_hides_nothing_of_the_corpus_where_it_is_present() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/data");
    let mut folders = Vec::from([folder]);
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            println!("no {}: generated cases only", folder.display());
            continue;
        };
        for path in entries.map(|e| e.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "log") {
                check(&path.display().to_string(), &std::fs::read(&path).unwrap(), &LIMITS[..1]);
            }
        }
    }
}

/// Keys that are announced by nothing in their own run.
#[test]
fn keys_pass_the_gate() {
    let mut random = Random::new(1);
    for form in [Form::JwkRsa, Form::JwkEc, Form::JwkOkp, Form::JwkOct].repeat(20) {
        let text = format!("before\n{}\nafter\n", form.make(&mut random).text);
        check("jwk", text.as_bytes(), &LIMITS);
        assert!(!edits(true, Limits::default(), text.as_bytes()).is_empty());
    }
}

/// Lines that cannot be decided are withheld; those of a key are too short for the scanner to see.
#[test]
fn the_lines_of_a_key_are_withheld_however_short() {
    let mut engine = Engine::new(Teller::new(FingerprintKey::from_bytes(&[7; 32]).unwrap(), Arc::new(RulePack::none())), Limits::default());
    let withheld = |engine: &mut Engine, text: &str| {
        let mut state = LaneState { withholding: true, ..LaneState::default() };
        let decision = engine.decide(&mut state, "", text.as_bytes(), true, &mut Stats::default());
        decision.edits.iter().map(|e| text[e.span.clone()].to_owned()).collect::<Vec<_>>()
    };
    let body = ["MIGHAgEAMBMGByqGSM49", "AwEHBG0wawIBAQQgevZz", "Jv7qGA=="];
    let key = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", body.join("\n"));
    assert_eq!(withheld(&mut engine, &key), body);
    let in_records = format!("> -----BEGIN PRIVATE KEY-----\n> {}\n> {}\n", body[0], body[1]);
    assert_eq!(withheld(&mut engine, &in_records), body[..2]);
    assert_eq!(withheld(&mut engine, &key.replace("PRIVATE", "PUBLIC")), [""; 0]);
}
