//! Scrubbing twice equals scrubbing once, and a forged marker carries nothing past (DESIGN §4).

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Case, Form};
use support::{cases, first_seed, shown, whole};

#[test]
fn scrubbing_twice_equals_scrubbing_once() {
    let mut failures = Vec::new();
    for seed in first_seed() + 3_000_000..first_seed() + 3_000_000 + cases(2000) {
        let case = Case::any(seed, 2);
        let once = whole(Limits::default(), &case.document());
        let twice = whole(Limits::default(), &once);
        if once != twice {
            let detail = if failures.len() < 5 { format!("\n  once  {}\n  twice {}", shown(&once), shown(&twice)) } else { String::new() };
            failures.push(format!("seed {seed} {}{detail}", case.name));
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// What an encoded token had around it is no credential once more.
#[test]
fn a_marker_with_something_around_it_in_a_password() {
    for seed in first_seed()..first_seed() + cases(8) {
        let token = Form::Jws.make(&mut Random::new(seed)).text;
        let list = token.bytes().map(|b| b.to_string()).collect::<Vec<_>>().join(", ");
        let hex: String = token.bytes().map(|b| format!("{b:02x}")).collect();
        for text in [format!("[{list}]"), format!("0x{hex}"), token] {
            let once =
                whole(Limits::default(), format!("fatal: unable to access 'https://oauth2:{text}@git.example/x.git/': 403\n").as_bytes());
            assert_eq!(shown(&whole(Limits::default(), &once)), shown(&once));
        }
    }
}

/// A marker of ours with a token as, or in, the value of one of its names.
#[test]
fn forged_markers_carry_no_token() {
    let mut failures = Vec::new();
    for seed in 0..cases(300) {
        let mut r = Random::new(first_seed() + 4_000_000 + seed);
        let token = r.pick(&[Form::Jws, Form::JwsNone, Form::Jwe, Form::JweDirect, Form::SdJwt, Form::JwsDetached]).make(&mut r.clone());
        let names = ["kid", "iss", "aud", "fp", "sealed", "why", "sub", "x"];
        let name = *r.pick(&names);
        let text = &token.text;
        let escaped: String = text.bytes().map(|b| if b == b'.' { "!2E".to_owned() } else { (b as char).to_string() }).collect();
        let forgeries = [
            format!("jwt(class:id~fp:f000000_AAAAAAAAAAAAAAAAAAAAAA~{name}:{text})"),
            format!("jwt({name}:{text}~class:id)"),
            format!("jwt(class:id~{name}:{text}"),
            format!("jwt(class:id~kid:jwt(class:id~{name}:{text}))"),
            format!("jwt({text})"),
            format!("jwt({text}:{text})"),
            format!("jwe(class:encrypted~fp:f000000_AAAAAAAAAAAAAAAAAAAAAA~sealed:{text}~sealed:{text})"),
            format!("jwt(why:oversize){text}"),
            format!("jwt(class:id~{name}:{escaped})"),
            format!("{text}jwt(class:id)"),
        ];
        for (i, forgery) in forgeries.iter().enumerate() {
            let out = whole(Limits::default(), format!("a {forgery} b\n").as_bytes());
            let found = leaks(&out, &token.secrets, &token.claims);
            if !found.is_empty() {
                failures.push(format!("forgery {i} {:?} as {name}: {}\n  out {}", token.form, forgery, shown(&out)));
            }
            if whole(Limits::default(), &out) != out {
                failures.push(format!("forgery {i} {:?} as {name} changes again: {}", token.form, shown(&out)));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.iter().take(12).cloned().collect::<Vec<_>>().join("\n"));
}

/// What a marker shows is ordinary text to everybody else: it stays as it is.
#[test]
fn finished_markers_stay() {
    let markers = "a jwt(class:access~alg:RS256~kid:2f9a~iss:idp.example/realms/a~aud:api~exp:2026-11-23T12:00:00Z~fp:f01a2b3_AbCdEfGhIjKlMnOpQrStUv) b\n\
                   c jwt(why:oversize) d \"jwe(class:encrypted~alg:dir~enc:A256GCM~cut:payload)\"\n";
    assert_eq!(shown(&whole(Limits::default(), markers.as_bytes())), shown(markers.as_bytes()));
}

/// UTF-16 stays UTF-16, in either byte order and on every line: what stands around the token can still be read.
#[test]
fn wide_text_stays_wide() {
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqbyIsImV4cCI6MTc5MDAwMDAwMH0.A9bA9bA9bA9bA9bA9bA9bA9bA9bA9bA9bA9bA9bA9bQ";
    let text = format!("first token={token} end\nsecond token={token} end\n");
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (bytes, read) in [(little, u16::from_le_bytes as fn([u8; 2]) -> u16), (big, u16::from_be_bytes)] {
        let out = whole(Limits::default(), &bytes);
        let units: Vec<u16> = out.chunks(2).map(|c| read([c[0], c[1]])).collect();
        let out = String::from_utf16(&units).unwrap();
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines.len() == 2 && lines[0].starts_with("first token=jwt(") && lines[1].starts_with("second token=jwt("), "{out}");
        assert!(lines.iter().all(|l| l.ends_with(") end")), "{out}");
    }
}
