//! Credentials that are no tokens, through the whole scrubber: what comes out, wherever reads end, however often.

mod support;

use std::sync::Arc;

use scrubjay_rules::{RulePack, Selection, builtin_rules};
use scrubjay_scrub::{FingerprintKey, Limits, Scrubber};
use scrubjay_testkit::random::Random;
use support::{cases, first_seed, pieces, push, scrubber, shown, small, whole};

#[track_caller]
fn check(text: &str, expected: &str) {
    let out = String::from_utf8(whole(Limits::default(), text.as_bytes())).expect("text");
    assert_eq!(out, expected);
    assert_eq!(shown(&whole(Limits::default(), out.as_bytes())), shown(out.as_bytes()), "scrubbed again");
}

#[test]
fn a_marker_stands_where_the_secret_stood() {
    check("GET /cb?code=SplxlOBeZQQYbYS6WxSbIA9f&state=af0 HTTP/1.1\n", "GET /cb?code=secret(rule:oauth-code)&state=af0 HTTP/1.1\n");
    check("redis://:hunter2@cache:6379/0\r\n", "redis://:secret(rule:url-password)@cache:6379/0\r\n");
    check("Cookie: a=b; sid=8fKq2mZtR4xWvB7nYc3L; _ga=GA1.2.3", "Cookie: a=b; sid=secret(rule:http-cookie-session); _ga=GA1.2.3");
    check("AKIAQ3EGRIZ5PSIX5YQ2 stays, theme=dark too\n", "AKIAQ3EGRIZ5PSIX5YQ2 stays, theme=dark too\n");
}

const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqbyJ9.";

/// A bearer value that is a JWT is a jwt marker, and what stands beside it in one value is covered when it is long.
#[test]
fn tokens_win() {
    for text in [format!("Authorization: Bearer {TOKEN}\n"), format!("?access_token={TOKEN}&x=1\n"), format!("https://jo:{TOKEN}@host/\n")]
    {
        let out = String::from_utf8(whole(Limits::default(), text.as_bytes())).expect("text");
        assert!(out.contains("jwt(") && !out.contains("secret("), "{out}");
    }
}

#[test]
fn rules_are_counted() {
    let mut s = scrubber(Limits::default());
    let clean = push(&mut s, 0, b"redis://:hunter2@a/\nredis://:hunter3@a/\nAuthorization: Basic am86Y29ycmVjdCBob3JzZQ==\n", true);
    let counts: Vec<(&str, u64)> = clean.stats().rules.iter().map(|(r, n)| (r.as_str(), *n)).collect();
    assert_eq!(counts, [("http-basic", 1), ("url-password", 2)]);
    assert_eq!((clean.stats().secrets(), clean.stats().tokens()), (3, 0));
}

#[test]
fn chosen_rules_act_and_no_others() {
    let selection = Selection { silence: vec!["url-password".into()], enable: vec!["password".into()], add: Vec::new() };
    let rules = Arc::new(RulePack::build(&selection).expect("rules"));
    let mut s = Scrubber::with_rules(FingerprintKey::from_bytes(&[7; 32]).expect("a key"), Limits::default(), rules);
    let clean = push(&mut s, 0, b"redis://:hunter2@a/ password=hunter3\n", true);
    assert_eq!(shown(clean.bytes()), "redis://:hunter2@a/ password=secret(rule:password)\\n");
}

/// Lines with credentials of every rule that acts, in an order by the seed, some of them glued to one long line.
fn document(seed: u64, glue: usize) -> Vec<u8> {
    let mut r = Random::new(seed);
    let mut texts: Vec<String> = builtin_rules()
        .iter()
        .filter(|rule| rule.on)
        .flat_map(|rule| rule.fires.iter().chain(&rule.stays))
        .map(|text| text.replace(['«', '»'], ""))
        .collect();
    let mut out = Vec::new();
    while !texts.is_empty() {
        out.extend_from_slice(texts.swap_remove(r.below(texts.len())).as_bytes());
        out.extend_from_slice(if r.below(glue) == 0 { b"\n" } else { b" | " });
    }
    out
}

/// However the input is cut, and however long its lines are beside the token limit, the output is the same.
#[test]
fn every_cut_gives_the_same() {
    let mut failures = Vec::new();
    let mut r = Random::new(first_seed() + 9);
    for seed in 0..cases(8) {
        for (limits, glue) in [(Limits::default(), 1), (small(4096), 8), (small(1024), 1000), (Limits::default(), 100_000)] {
            let document = document(first_seed() + seed, glue);
            let expected = whole(limits, &document);
            for _ in 0..12 {
                let mut cuts: Vec<usize> = (0..r.between(1, 4)).map(|_| r.below(document.len() + 1)).collect();
                cuts.sort_unstable();
                if pieces(limits, &document, &cuts) != expected {
                    failures.push(format!("seed {seed} {limits:?} glue {glue} cuts {cuts:?}"));
                }
            }
            let again = whole(limits, &expected);
            if limits == Limits::default() && again != expected {
                let at = again.iter().zip(&expected).position(|(a, b)| a != b).unwrap_or(0);
                failures.push(format!(
                    "seed {seed} glue {glue} changes again: {}",
                    shown(&expected[at.saturating_sub(80)..expected.len().min(at + 80)])
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// The secrets that examples mark do not come out, be the lines short or one long line.
#[test]
fn no_example_leaks() {
    let secrets: Vec<String> = builtin_rules()
        .iter()
        .filter(|rule| rule.on)
        .flat_map(|rule| rule.fires.iter())
        .flat_map(|text| text.split('«').skip(1).filter_map(|part| part.split('»').next()).map(str::to_owned))
        .filter(|secret| secret.len() >= 8)
        .collect();
    assert!(secrets.len() > 150);
    let mut failures = Vec::new();
    for seed in 0..cases(6) {
        for (limits, glue) in [(Limits::default(), 1), (Limits::default(), 100_000), (small(8192), 100_000)] {
            let out = whole(limits, &document(seed, glue));
            for secret in &secrets {
                if memchr::memmem::find(&out, secret.as_bytes()).is_some() {
                    failures.push(format!("seed {seed} {limits:?} glue {glue}: {secret}"));
                }
            }
        }
    }
    failures.dedup();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.iter().take(20).cloned().collect::<Vec<_>>().join("\n"));
}

/// A value that is longer than any window is swallowed to its end.
#[test]
fn a_secret_longer_than_the_limit_goes_as_a_whole() {
    let mut r = Random::new(3);
    let value: String = (0..300_000).map(|_| char::from(*r.pick(b"0123456789abcdefABCDEFGHxyz"))).collect();
    let text = format!("first\n{}Authorization: Bearer {value} end\nlast\n", "x ".repeat(20_000));
    for limits in [Limits::default(), small(4096)] {
        let out = String::from_utf8(whole(limits, text.as_bytes())).expect("text");
        assert!(out.ends_with("Authorization: Bearer secret(rule:http-bearer) end\nlast\n"), "{}", &out[out.len() - 100..]);
        for cut in [40_010, 40_030, 50_000, 100_000, 300_000] {
            assert_eq!(shown(&pieces(limits, text.as_bytes(), &[cut])), shown(out.as_bytes()), "cut at {cut}, {limits:?}");
        }
    }
}
