//! Messages are decided together and come out as if each were alone: no neighbour is seen, whatever it is.

mod support;

use std::ops::Range;
use std::sync::Arc;

use scrubjay_delivery::{AckId, LaneId};
use scrubjay_scrub::{Batch, Framing, Limits, Message, Origin, Scrubbed};
use scrubjay_testkit::random::Random;
use scrubjay_testkit::text::{Profile, Text};
use scrubjay_testkit::tokens::Case;
use support::{cases, first_seed, scrubber, shown, small, whole};

/// Parts of messages that depend on their neighbours, if anybody sees these.
const PARTS: [&str; 14] = [
    "",
    "\n",
    "{",
    "}",
    "-----BEGIN PRIVATE KEY-----",
    "MIGHAgEAMBMGByqGSM49",
    "-----END PRIVATE KEY-----",
    "65 79 4a 68 62 47 63 69 4f 69 4a 49 55 7a 49 31\r",
    "  101,\n  121,\n  74,\n  104,",
    "2026-11-23T12:00:00.1Z stdout P eyJhbGciOiJIUzI1NiJ9",
    "password=",
    "AKIAIOSFODNN7EXAMPLE and AKIAQ3EGRIJZ5ZCXB2UA",
    "https://jo:hunter2hunter2@db.example/x",
    "an ordinary line of an ordinary service, with nothing in it at all",
];

/// The value of each message; one in three has a key, one in three a header of the same bytes.
fn batch_of(values: &[Vec<u8>]) -> Batch {
    let (mut bytes, mut messages) = (Vec::new(), Vec::new());
    let mut put = |part: &[u8]| -> Range<usize> {
        bytes.extend_from_slice(part);
        bytes.len() - part.len()..bytes.len()
    };
    for (k, value) in values.iter().enumerate() {
        let key = (k % 3 == 0).then(|| put(value));
        let headers = if k % 3 == 1 { vec![(put(b"name"), Some(put(value)))] } else { Vec::new() };
        messages.push(Message { key, value: Some(put(value)), headers, timestamp_ms: Some(k as i64), partition: None });
    }
    Batch {
        ack: AckId { lane: LaneId(1), seq: 0 },
        origin: Arc::new(Origin { source: "test".into(), name: "test".into() }),
        bytes,
        line_before: Vec::new(),
        framing: Framing::Messages(messages),
        lane_ends: false,
    }
}

/// Key, value and the header's value of each message.
fn parts_of(scrubbed: &Scrubbed) -> Vec<[Option<Vec<u8>>; 3]> {
    let Framing::Messages(messages) = scrubbed.framing() else { panic!("messages stay messages") };
    let part = |range: &Range<usize>| scrubbed.bytes()[range.clone()].to_vec();
    let header = |m: &Message| m.headers.first().and_then(|(_, value)| value.as_ref().map(part));
    messages.iter().map(|m| [m.key.as_ref().map(part), m.value.as_ref().map(part), header(m)]).collect()
}

/// Ordinary lines, lines and pieces of lines of anything with tokens, and what looks at its neighbours.
fn value(r: &mut Random) -> Vec<u8> {
    let line = |text: &[u8], r: &mut Random| {
        let lines: Vec<&[u8]> = text.split(|&b| b == b'\n').collect();
        r.pick(&lines).to_vec()
    };
    match r.below(5) {
        0 => Case::any(r.next_u64(), 2).document(),
        1 => line(&Case::any(r.next_u64(), 2).document(), r),
        2 => r.pick(&PARTS).as_bytes().to_vec(),
        3 => {
            let document = Case::any(r.next_u64(), 1).document();
            let (a, b) = (r.below(document.len() + 1), r.below(document.len() + 1));
            document[a.min(b)..a.max(b)].to_vec()
        }
        _ => {
            let profile = *r.pick(&[Profile::Web, Profile::Json, Profile::Names, Profile::Encoded]);
            line(&Text::generate(profile, 10, false, 4096).bytes, r)
        }
    }
}

#[test]
fn a_message_among_others_is_as_it_is_alone() {
    for seed in first_seed()..first_seed() + cases(60) {
        let mut r = Random::new(seed * 7919);
        let limits = if r.chance(30) { small(2048) } else { Limits::default() };
        let values: Vec<Vec<u8>> = (0..r.between(1, 40)).map(|_| value(&mut r)).collect();
        let together = parts_of(&scrubber(limits).scrub(batch_of(&values)));
        for (k, (value, parts)) in values.iter().zip(&together).enumerate() {
            let alone = &parts_of(&scrubber(limits).scrub(batch_of(&[value.clone(), value.clone()])));
            // The first one of those has a key, the second one a header.
            let expected = [alone[0][0].clone(), alone[0][1].clone(), alone[1][2].clone()];
            for (got, expected) in parts.iter().zip(&expected).filter(|(got, _)| got.is_some()) {
                assert_eq!(got.as_deref().map(shown), expected.as_deref().map(shown), "seed {seed}, message {k}: {}", shown(value));
            }
            assert_eq!(parts[1].as_deref().map(shown), Some(shown(&whole(limits, value))), "seed {seed}, message {k} as a text");
        }
    }
}

#[test]
fn what_makes_a_credential_stands_in_one_message() {
    let out = parts_of(&scrubber(Limits::default()).scrub(batch_of(&[b"password=".to_vec(), b"hunter2hunter2x9".to_vec()])));
    assert_eq!(out[1][1].as_deref(), Some(&b"hunter2hunter2x9"[..]));
    let body = b"BG0wawIBAQQgVrolyw7k".to_vec();
    let out =
        parts_of(&scrubber(Limits::default()).scrub(batch_of(&[b"-----BEGIN PRIVATE KEY-----".to_vec(), b"x".to_vec(), body.clone()])));
    assert_eq!(out[2][1].as_deref(), Some(&body[..]), "its label stands in another message");
}
