//! `docs/markers.md` names every word that a marker can say, and its examples are markers.

use regex::Regex;
use scrubjay_scrub::Marker;
use scrubjay_scrub::policy::Show;
use scrubjay_token::{Class, Kind, Risk};

const DOC: &str = include_str!("../../../docs/markers.md");

#[test]
fn every_word_is_in_the_glossary() {
    let kinds = [Kind::Jws, Kind::Jwe, Kind::SdJwt, Kind::Jwk, Kind::Pem].map(Kind::name);
    let ours = ["class", "fp", "cut", "why", "risk", "sealed", "rule"];
    let reasons = ["duplicate", "range", "size", "withheld", "budget", "oversize"];
    let words = Class::ALL.iter().map(|c| c.name()).chain(Risk::ALL.iter().map(|r| r.name())).chain(kinds).chain(ours).chain(reasons);
    let missing: Vec<&str> = words.filter(|word| !DOC.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for show in [Show::Hour, Show::Day] {
        assert!(DOC.contains(&format!("`show: {}`", show.name())), "{show:?}");
    }
}

#[test]
fn its_examples_are_markers() {
    let examples: Vec<&str> = Regex::new(r"(?m)^jwt\(.*\)$").unwrap().find_iter(DOC).map(|m| m.as_str()).collect();
    assert!(!examples.is_empty());
    for text in examples {
        let marker = Marker::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(marker.to_string(), text);
        assert!(DOC.contains("`!2B` is `+`") && marker.get("typ") == Some("at+jwt"), "{text}");
    }
}
