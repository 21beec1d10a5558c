//! What a policy hides is hidden: random tokens under random policies in random records. No value that the policy does not
//! show is in the output, in any encoding that the oracle takes off; neither is a piece of payload or signature.
//!
//! The oracle has an idea of its own of what a policy means (`answer`), written as docs/policy.md says it, and shares no
//! code with the engine. `SCRUBJAY_CASES=20` runs twenty times as many cases, `SCRUBJAY_SEED=N` others.

mod support;

use std::fmt::Write as _;
use std::sync::Arc;

use scrubjay_rules::RulePack;
use scrubjay_scrub::{FingerprintKey, Limits, Marker, Policy, Scrubber, Teller};
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Carrier, Case, Encoding, Form, Token, base64_url};
use serde_json::{Map, Value, json};
use support::{cases, first_seed, shown};

const SHOWS: [&str; 10] = ["keep", "none", "pseudonym", "mask", "domain", "prefix", "count", "hour", "day", "present"];
/// Claims whose value is shown as a name, and dates.
const NAMED: [&str; 6] = ["iss", "aud", "client_id", "azp", "exp", "auth_time"];

/// A value at the end of a path, and what of it can be told apart.
#[derive(Debug)]
struct Leaf {
    path: Vec<String>,
    value: Value,
    /// Never shown, whatever the policy says.
    never: Vec<String>,
    /// Shown by `domain` and `keep` at most.
    domain: Vec<String>,
    /// Shown by `keep` at most; `mask` shows the first character.
    plain: Vec<String>,
}

impl Leaf {
    fn of(path: Vec<String>, value: Value) -> Self {
        Self { path, value, never: Vec::new(), domain: Vec::new(), plain: Vec::new() }
    }

    /// What must not be found under this answer.
    fn hidden(&self, show: &str) -> Vec<String> {
        let mut hidden = self.never.clone();
        if show != "keep" {
            hidden.extend(self.plain.iter().map(|word| match show {
                "mask" => word.chars().skip(1).collect(),
                _ => word.clone(),
            }));
            if show != "domain" {
                hidden.extend(self.domain.iter().map(|word| word.chars().skip(1).collect::<String>()));
            }
        }
        hidden.retain(|word| word.chars().count() >= 6);
        hidden
    }
}

/// A value of one of many shapes.
fn leaf(r: &mut Random, path: Vec<String>) -> Leaf {
    let words: Vec<String> = (0..4).map(|_| format!("q{}", r.word(11))).collect();
    let [a, b, c, d] = words.as_slice() else { unreachable!() };
    match r.below(14) {
        0 => Leaf { plain: vec![a.clone()], ..Leaf::of(path, json!(a)) },
        1 => Leaf { plain: vec![a.clone(), b.clone()], ..Leaf::of(path, json!(format!("{a} {b}"))) },
        2 => {
            let mail = format!("{a}@{b}.example");
            Leaf { plain: vec![a.clone(), mail.clone()], domain: vec![b.clone()], ..Leaf::of(path, json!(mail)) }
        }
        3 => Leaf {
            never: vec![a.clone(), b.clone(), d.clone()],
            domain: vec![c.clone()],
            ..Leaf::of(path, json!(format!("https://{a}:{b}@{c}.example/x?k={d}#{d}")))
        },
        4 => Leaf {
            never: vec![d.clone()],
            domain: vec![a.clone()],
            plain: vec![b.clone(), format!("{a}.example/{b}")],
            ..Leaf::of(path, json!(format!("https://{a}.example/{b}?k={d}")))
        },
        5 => {
            let text = format!("Ж{a}\u{1F600}ß");
            Leaf { plain: vec![a.clone(), text.clone()], ..Leaf::of(path, json!(text)) }
        }
        6 => {
            let number = 10_000_000_000_u64 + r.next_u64() % 90_000_000_000;
            Leaf { plain: vec![number.to_string()], ..Leaf::of(path, json!(number)) }
        }
        7 => {
            let address = format!("203.0.{}.{}", r.between(100, 250), r.between(100, 250));
            Leaf { plain: vec![address.clone()], ..Leaf::of(path, json!(address)) }
        }
        8 => Leaf { plain: words.clone(), ..Leaf::of(path, json!(words)) },
        // Never in a safe shape: control bytes, too long, mixed, a token.
        9 => {
            let odd = *r.pick(&["\u{1b}[31m", "\n", "\u{0}", "\u{202e}", "\r\n\t"]);
            Leaf { never: vec![a.clone(), b.clone()], ..Leaf::of(path, json!(format!("{a}{odd}{b}"))) }
        }
        10 => Leaf { never: words.clone(), ..Leaf::of(path, json!(format!("{} {}", words.join("-"), words.join("_").repeat(2)))) },
        11 => Leaf { never: words.clone(), ..Leaf::of(path, json!([{"x": a, "y": [b]}, {"z": {c.clone(): d}}])) },
        12 => {
            let inner = Form::Jws.make(r);
            Leaf { never: inner.claims, ..Leaf::of(path, json!(inner.text)) }
        }
        _ => Leaf { plain: vec![a.clone()], ..Leaf::of(path, json!([a, 17, true, null])) },
    }
}

fn name(r: &mut Random, depth: usize) -> String {
    if depth == 0 && r.chance(25) {
        return (*r.pick(&NAMED)).to_owned();
    }
    let word = r.word(6);
    match r.below(8) {
        0 => format!("https://{word}.example/claims/n"),
        1 => format!("{word}.io"),
        2 => format!("größe-{word}"),
        3 => format!("a/{word}~b"),
        _ => format!("n{word}"),
    }
}

fn members(r: &mut Random, path: &[String], leaves: &mut Vec<Leaf>) -> Map<String, Value> {
    let mut object = Map::new();
    for _ in 0..r.between(1, if path.is_empty() { 7 } else { 3 }) {
        let name = name(r, path.len());
        if object.contains_key(&name) {
            continue;
        }
        let here = [path, std::slice::from_ref(&name)].concat();
        let value = if path.len() < 3 && r.chance(30) && !NAMED.contains(&name.as_str()) {
            Value::Object(members(r, &here, leaves))
        } else {
            leaves.push(leaf(r, here));
            leaves.last().map(|leaf| leaf.value.clone()).unwrap_or_default()
        };
        object.insert(name, value);
    }
    object
}

/// What a line of a policy names, by the names of members; `more`: everything below.
struct Line {
    path: Vec<String>,
    more: bool,
    show: &'static str,
    /// As written.
    text: String,
}

/// One of the ways to write a path.
fn written(r: &mut Random, path: &[String]) -> String {
    let dotted = path.join(".");
    if r.chance(60) && !dotted.starts_with('/') && !dotted.contains('*') {
        return dotted;
    }
    path.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

fn lines(r: &mut Random, leaves: &[Leaf]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut add = |r: &mut Random, path: &[String], more: bool| {
        if !lines.iter().any(|line| line.path == path && line.more == more) {
            let text = if more { format!("{}*", path.iter().map(|step| format!("{step}.")).collect::<String>()) } else { written(r, path) };
            let show = *r.pick(&SHOWS);
            lines.push(Line { path: path.to_vec(), more, show, text });
        }
    };
    for leaf in leaves {
        if r.chance(70) {
            add(r, &leaf.path, false);
        }
        if leaf.path.len() > 1 && r.chance(30) {
            let above = r.between(1, leaf.path.len() - 1);
            add(r, &leaf.path[..above], false);
        }
        if leaf.path.len() > 1 && r.chance(15) {
            add(r, &leaf.path[..1], true);
        }
    }
    if r.chance(50) {
        add(r, &[], true);
    }
    lines
}

/// What the lines say of a claim: the most specific one decides, and a line holds for everything in its claim.
fn answer(lines: &[Line], path: &[String]) -> &'static str {
    let deepest = lines
        .iter()
        .filter(|line| path.starts_with(&line.path) && (!line.more || path.len() > line.path.len()))
        .max_by_key(|line| if line.more { line.path.len() * 2 } else { line.path.len() * 2 - 1 });
    deepest.map_or("none", |line| line.show)
}

struct Asked {
    policy: String,
    in_field: bool,
    /// The answer for `kid`.
    kid: &'static str,
    /// What the policy hides.
    hidden: Vec<String>,
    /// What it could show, to see that something is shown at all.
    kept: Vec<String>,
}

fn asked(r: &mut Random, leaves: &[Leaf]) -> Asked {
    let lines = lines(r, leaves);
    // A rule that extends: it may write the path of a line another way, and tightens it.
    let tightened: Vec<Option<&'static str>> = lines
        .iter()
        .map(|line| (!line.more && r.chance(40)).then_some(if line.show == "none" { "none" } else { *r.pick(&["none", "present"]) }))
        .collect();
    let extends = r.chance(40);
    let kid = *r.pick(&["keep", "none", "pseudonym"]);
    let in_field = r.chance(35);
    let preset = *r.pick(&["scrubjay", "ecs", "ocsf", "otel"]);
    let mut policy = format!("field: {{preset: {preset}}}\npolicy:\n");
    let header = format!("header: {{kid: {kid}, typ: {}}}", r.pick(&["keep", "none"]));
    let placement = if in_field { "field" } else { "inline" };
    let matches = if extends { "{source: nowhere}" } else { "{}" };
    writeln!(policy, "  - name: base\n    match: {matches}\n    {header}\n    placement: {placement}\n    claims:").unwrap();
    for line in &lines {
        writeln!(policy, "      {}: {}", json!(line.text), line.show).unwrap();
    }
    if lines.is_empty() {
        policy.push_str("      {}\n");
    }
    if extends {
        writeln!(
            policy,
            "  - name: tight\n    match: {{}}\n    extends: base\n    placement: {placement}\n    claims:\n      zz.none: none"
        )
        .unwrap();
        for (line, show) in lines.iter().zip(&tightened) {
            if let Some(show) = show {
                // What shows something has to be written as the line that it tightens: other readings may say less.
                let text = if *show == "none" { written(r, &line.path) } else { line.text.clone() };
                writeln!(policy, "      {}: {show}", json!(text)).unwrap();
            }
        }
    }
    let lines: Vec<Line> = lines
        .into_iter()
        .zip(tightened)
        .map(|(line, tight)| Line { show: tight.filter(|_| extends).unwrap_or(line.show), ..line })
        .collect();
    let hidden = leaves.iter().flat_map(|leaf| leaf.hidden(answer(&lines, &leaf.path))).collect();
    let kept = leaves.iter().filter(|leaf| answer(&lines, &leaf.path) == "keep").flat_map(|leaf| leaf.plain.clone()).collect();
    Asked { policy, in_field, kid, hidden, kept }
}

/// A token with these claims: signed, cut, encrypted with claims in its header (RFC 7519 §5.3), or with a disclosure.
fn token(r: &mut Random, claims: Map<String, Value>, kid: &str, hidden: &mut Vec<String>) -> Token {
    let encode = |value: &Value| base64_url(value.to_string().as_bytes());
    let signature = base64_url(&r.bytes(64));
    let payload = encode(&Value::Object(claims.clone()));
    let header = encode(&json!({"alg": "ES256", "typ": "JWT", "kid": kid}));
    let (form, parts, secrets) = match r.below(10) {
        0 => {
            let mut header = claims;
            header.extend([("alg".to_owned(), json!("dir")), ("enc".to_owned(), json!("A256GCM")), ("kid".to_owned(), json!(kid))]);
            let text = base64_url(&r.bytes(120));
            let parts =
                vec![encode(&Value::Object(header)), String::new(), base64_url(&r.bytes(12)), text.clone(), base64_url(&r.bytes(16))];
            (Form::JweDirect, parts, vec![text])
        }
        1 if payload.len() > 60 => {
            let cut = payload[..r.between(40, payload.len() - 1)].to_owned();
            (Form::Jws, vec![header, cut.clone()], vec![cut])
        }
        2 => {
            let secret = format!("q{}", r.word(11));
            let disclosure = encode(&json!(["2GLC42sKQveCfGfryNRN9w", "given_name", secret]));
            hidden.push(secret);
            let text = format!("{header}.{payload}.{signature}~{disclosure}~");
            return Token { form: Form::SdJwt, text, parts: Vec::new(), secrets: vec![payload, signature, disclosure], claims: Vec::new() };
        }
        _ => (Form::Jws, vec![header, payload.clone(), signature.clone()], vec![payload, signature]),
    };
    Token { form, text: parts.join("."), parts, secrets, claims: Vec::new() }
}

/// `!HH` taken off, as whoever reads a marker does.
fn unmarked(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let pair = text.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.filter(|_| byte == b'!').and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// What is wrong in the case of a seed; whether something that the policy keeps was shown.
fn fault(seed: u64, layers: usize) -> Result<bool, String> {
    let mut r = Random::new(seed);
    let mut leaves = Vec::new();
    let claims = members(&mut r, &[], &mut leaves);
    let mut asked = asked(&mut r, &leaves);
    let kid = format!("k{}", r.word(11));
    if asked.kid != "keep" {
        asked.hidden.push(kid.clone());
    }
    let token = token(&mut r, claims, &kid, &mut asked.hidden);
    let encodings: Vec<Encoding> = (0..layers).map(|_| *r.pick(&Encoding::ALL)).collect();
    let carrier = if asked.in_field && layers == 0 { Carrier::Json } else { *r.pick(&Carrier::ALL) };
    let case = Case::with(&mut r, token, &encodings, carrier);
    let policy = Policy::parse("p.yaml", &asked.policy).map_err(|wrong| format!("the policy is refused:\n{wrong}{}", asked.policy))?;
    let teller = Teller::new(FingerprintKey::from_bytes(&[7; 32]).unwrap(), RulePack::builtin()).with_policy(Arc::new(policy));
    let scrub = |text: &[u8]| Scrubber::of(teller.clone(), Limits::default()).scrub(support::batch_of("app", text)).bytes().to_vec();
    let out = scrub(&case.document());
    let told = |what: &str| {
        Err(format!("seed {seed} {}: {what}\n{}in  {}\nout {}", case.name, asked.policy, shown(&case.document()), shown(&out)))
    };
    for text in [out.clone(), unmarked(&out)] {
        let found = leaks(&text, &case.secrets, &asked.hidden);
        if !found.is_empty() {
            return told(&format!("leaks {:?} {:?}", found.runs.first(), found.claims));
        }
    }
    if scrub(&out) != out {
        return told(&format!("scrubbed again it is {}", shown(&scrub(&out))));
    }
    let text = String::from_utf8_lossy(&out).into_owned();
    if layers == 0 {
        let record = out.strip_prefix(&case.before[..]).and_then(|out| out.strip_suffix(&case.after[..])).unwrap_or_default();
        let is_marker = |text: &[u8]| std::str::from_utf8(text).ok().and_then(Marker::parse).is_some();
        if asked.in_field && carrier == Carrier::Json {
            if serde_json::from_slice::<Value>(record).is_err() {
                return told("the record is no JSON");
            }
        } else if !record.strip_prefix(&case.prefix[..]).and_then(|rest| rest.strip_suffix(&case.suffix[..])).is_some_and(is_marker) {
            return told("no marker, or more than that has changed");
        }
    }
    let plain = String::from_utf8_lossy(&unmarked(&out)).into_owned();
    Ok(asked.kept.iter().any(|word| plain.contains(word.as_str()) || text.contains(word.as_str())))
}

#[track_caller]
fn check(from: u64, count: u64, layers: usize) {
    let outcomes: Vec<Result<bool, String>> = (from..from + count).map(|seed| fault(seed, layers)).collect();
    let failures: Vec<&String> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    let shown = outcomes.iter().filter(|outcome| matches!(outcome, Ok(true))).count() as u64;
    let some: Vec<&str> = failures.iter().take(5).map(|failure| failure.as_str()).collect();
    assert!(failures.is_empty(), "{} of {count} cases:\n{}", failures.len(), some.join("\n\n"));
    // A policy that shows nothing hides everything: that would prove little.
    assert!(shown * 8 > count, "only {shown} of {count} cases show something that the policy keeps");
}

#[test]
fn nothing_that_a_policy_hides_is_shown() {
    check(first_seed(), cases(1200), 0);
}

#[test]
fn nor_is_it_where_the_token_is_encoded() {
    check(first_seed() + 1_000_000, cases(500), 1);
}
