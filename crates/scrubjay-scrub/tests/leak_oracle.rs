//! Nothing of a token is left, in any form, damage, encoding and carrier; and nothing but the token is gone.
//!
//! `SCRUBJAY_CASES=20` runs twenty times as many cases, `SCRUBJAY_SEED=N` others, `SCRUBJAY_SHOW='Cri|Jwk'` prints input and
//! output of the failing cases whose name holds one of the words.

mod support;

use scrubjay_scrub::{Limits, TOKEN_BYTES_MAX};
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Carrier, Case, Damage, Encoding, Form, Framing};
use support::{cases, first_seed, shown, whole};

/// What is wrong with the output of a case.
fn fault(case: &Case) -> Option<String> {
    let document = case.document();
    let out = whole(Limits::default(), &document);
    let found = leaks(&out, &case.secrets, &case.claims);
    if !found.is_empty() {
        return Some(format!("leaks {} runs ({:?}), claims {:?}", found.runs.len(), found.runs.first(), found.claims));
    }
    let count = |text: &[u8]| text.iter().filter(|&&b| b == b'\n').count();
    if count(&out) != count(&document) {
        return Some(format!("{} line ends became {}", count(&document), count(&out)));
    }
    if !out.starts_with(&case.before) || !out.ends_with(&case.after) {
        return Some("a neighbouring line changed".into());
    }
    // What is longer than the limit is withheld to the end of its run.
    let exact = case.exact && document.len() <= TOKEN_BYTES_MAX;
    if exact && (!out[case.before.len()..].starts_with(&case.prefix) || !out[..out.len() - case.after.len()].ends_with(&case.suffix)) {
        return Some("bytes outside the token changed".into());
    }
    None
}

/// No case fails. What cannot be known is not made, and the generator says why.
#[track_caller]
fn check(cases: impl Iterator<Item = (String, Case)>) {
    let mut failures = Vec::new();
    let mut count = 0;
    for (label, case) in cases {
        count += 1;
        let Some(fault) = fault(&case) else { continue };
        let show = std::env::var("SCRUBJAY_SHOW").is_ok_and(|words| words.split('|').any(|w| case.name.contains(w)));
        let detail = match failures.len() {
            _ if show || failures.len() < 3 => {
                format!("\n  in  {}\n  out {}", shown(&case.document()), shown(&whole(Limits::default(), &case.document())))
            }
            _ => String::new(),
        };
        failures.push(format!("{label} {}: {fault}{detail}", case.name));
    }
    println!("{} of {count} cases fail", failures.len());
    assert!(failures.is_empty(), "{} of {count} cases fail:\n{}", failures.len(), failures.join("\n"));
}

/// One document for each seed, so that a failure can be run again by itself.
fn random(layers: usize, from: u64, count: u64) -> impl Iterator<Item = (String, Case)> {
    (from..from + count).map(move |seed| (format!("seed {seed}"), Case::any(seed, layers)))
}

#[test]
fn every_form_in_every_carrier() {
    check((0..cases(1)).flat_map(|seed| {
        Form::ALL.into_iter().flat_map(move |form| {
            Carrier::ALL.into_iter().flat_map(move |carrier| {
                Framing::ALL.into_iter().map(move |framing| {
                    let mut r = Random::new(first_seed() + seed * 1000 + carrier as u64 * 8 + framing as u64);
                    (format!("seed {seed}"), Case::of(&mut r, form, Damage::None, &[], carrier, framing))
                })
            })
        })
    }));
}

#[test]
fn every_damage_of_every_compact_form() {
    check((0..cases(4)).flat_map(|seed| {
        [Form::Jws, Form::JwsNone, Form::JwsNested, Form::Jwe, Form::JweDirect].into_iter().flat_map(move |form| {
            Damage::ALL.into_iter().flat_map(move |damage| {
                Carrier::ALL.into_iter().map(move |carrier| {
                    let mut r = Random::new(first_seed() + seed * 1000 + carrier as u64 * 16 + damage as u64);
                    (format!("seed {seed}"), Case::of(&mut r, form, damage, &[], carrier, Framing::Lines))
                })
            })
        })
    }));
}

#[test]
fn every_form_in_every_encoding() {
    check((0..cases(2)).flat_map(|seed| {
        Form::ALL.into_iter().flat_map(move |form| {
            Encoding::ALL.into_iter().map(move |encoding| {
                let mut r = Random::new(first_seed() + seed * 1000 + encoding as u64);
                let carrier = *r.pick(&Carrier::ALL);
                (format!("seed {seed}"), Case::of(&mut r, form, Damage::None, &[encoding], carrier, Framing::Lines))
            })
        })
    }));
}

#[test]
fn any_case_with_up_to_two_encodings() {
    check(random(2, first_seed() + 1_000_000, cases(1500)));
}

#[test]
fn any_case_with_up_to_three_encodings() {
    check(random(3, first_seed() + 2_000_000, cases(1500)));
}
