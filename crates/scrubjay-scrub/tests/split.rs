//! Where reads happen to end changes nothing (DESIGN §4, boundary exactness), and a restart at the reported position gives
//! the rest again.

mod support;

use scrubjay_scrub::{Batch, Before, Limits, last_boundary};
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Carrier, Case, Damage, Encoding, Form, Framing};
use support::{batch_of, cases, first_seed, pieces, push, scrubber, shown, small, whole};

/// The part of two texts from a little before the first difference.
fn difference(whole: &[u8], split: &[u8]) -> String {
    let at = whole.iter().zip(split).position(|(a, b)| a != b).unwrap_or(whole.len().min(split.len()));
    let near = |text: &[u8]| shown(&text[at.saturating_sub(60)..text.len().min(at + 160)]);
    format!("at byte {at} of the output\n  whole …{}\n  split …{}", near(whole), near(split))
}

/// Every split of the document into two.
fn check_all_splits(name: &str, limits: Limits, document: &[u8], failures: &mut Vec<String>) {
    let expected = whole(limits, document);
    let wrong = |at: &usize| pieces(limits, document, &[*at]) != expected;
    if let Some(at) = (0..=document.len()).find(wrong) {
        let count = (0..=document.len()).filter(wrong).count();
        let got = pieces(limits, document, &[at]);
        let cut = format!("{}|{}", shown(&document[..at]), shown(&document[at..]));
        failures.push(format!("{name}: {count} splits, the first at {at}: {}\n  in    {cut}", difference(&expected, &got)));
    }
}

fn check_random_splits(name: &str, limits: Limits, document: &[u8], r: &mut Random, count: u64, failures: &mut Vec<String>) {
    let expected = whole(limits, document);
    for _ in 0..count {
        let mut cuts: Vec<usize> = (0..r.between(1, 3)).map(|_| r.below(document.len() + 1)).collect();
        cuts.sort_unstable();
        let got = pieces(limits, document, &cuts);
        if got != expected {
            failures.push(format!("{name}: cuts {cuts:?}: {}", difference(&expected, &got)));
            return;
        }
    }
}

/// After each batch: a new scrubber that begins at the reported position gives the rest of the output, without a gap.
fn check_resume(name: &str, limits: Limits, document: &[u8], cuts: &[usize], failures: &mut Vec<String>) {
    let expected = whole(limits, document);
    let mut first = scrubber(limits);
    let (mut from, mut written) = (0, 0);
    for (seq, &to) in cuts.iter().enumerate() {
        let scrubbed = push(&mut first, seq as u64, &document[from..to], false);
        written += scrubbed.bytes().len();
        let lag = usize::try_from(scrubbed.resume_lag()).expect("fits");
        let rest = whole_from(limits, document, to - lag);
        if !expected.ends_with(&rest) || expected.len() - rest.len() > written {
            failures.push(format!(
                "{name}: resume after {to} with lag {lag}: {} bytes of {}, {written} written: {}",
                rest.len(),
                expected.len(),
                difference(&expected[expected.len().saturating_sub(rest.len())..], &rest)
            ));
            return;
        }
        from = to;
    }
}

/// What is scrubbed of the document from `from` on, by a scrubber that is told the line before and nothing else of it.
fn whole_from(limits: Limits, document: &[u8], from: usize) -> Vec<u8> {
    part(limits, document, from, document.len())
}

/// The same, up to `to`.
fn part(limits: Limits, document: &[u8], from: usize, to: usize) -> Vec<u8> {
    let before = &document[..from];
    let line = before.strip_suffix(b"\n").map_or(from, |b| b.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1));
    let batch = Batch { line_before: before[line..].to_vec(), ..batch_of("test", &document[from..to]) };
    scrubber(limits).scrub(batch).bytes().to_vec()
}

/// Every boundary of a text, in order.
fn boundaries(text: &[u8], whole: bool) -> Vec<usize> {
    let known = if whole { Before::Boundary(b"") } else { Before::Anything };
    let before = |end: usize| last_boundary(&text[..end], 0, known);
    let mut all: Vec<usize> = std::iter::successors(before(text.len()), |&end| before(end - 1)).collect();
    all.reverse();
    all
}

/// What stands between two boundaries is scrubbed alike by a scrubber that sees nothing else; a reader that begins
/// anywhere takes no place for a boundary that is none. Returns the number of boundaries.
fn check_boundaries(name: &str, limits: Limits, document: &[u8], r: &mut Random, failures: &mut Vec<String>) -> usize {
    let expected = whole(limits, document);
    let all = boundaries(document, true);
    let ends = all.iter().copied().chain([document.len()]);
    let starts = [0].into_iter().chain(all.iter().copied());
    let got: Vec<u8> = starts.zip(ends).flat_map(|(from, to)| part(limits, document, from, to)).collect();
    if got != expected {
        failures.push(format!("{name}: boundaries {all:?}: {}", difference(&expected, &got)));
    }
    for from in (0..20).map(|_| r.below(document.len() + 1)) {
        let seen = boundaries(&document[from..], false);
        if let Some(wrong) = seen.iter().map(|at| from + at).find(|at| !all.contains(at)) {
            failures.push(format!("{name}: {wrong} is no boundary, but is taken for one from {from} on"));
        }
    }
    all.len()
}

#[track_caller]
fn report(failures: &[String]) {
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// Cases of a few hundred bytes to two kilobytes.
fn documents() -> impl Iterator<Item = (String, Vec<u8>)> {
    let forms = [
        Form::Jws,
        Form::JwsNone,
        Form::JwsDetached,
        Form::Jwe,
        Form::JweDirect,
        Form::SdJwt,
        Form::SdJwtBound,
        Form::JsonJwsFlat,
        Form::JsonJweGeneral,
        Form::JwkEc,
        Form::JwkOct,
        Form::Pem,
    ];
    let seeds = first_seed()..first_seed() + cases(48);
    seeds.filter_map(move |seed| {
        let mut r = Random::new(seed);
        let form = forms[seed as usize % forms.len()];
        let damage = if r.chance(40) { *r.pick(&Damage::ALL) } else { Damage::None };
        let encoding = *r.pick(&Encoding::ALL);
        let encodings = if r.chance(60) { vec![encoding] } else { Vec::new() };
        let (carrier, framing) = (*r.pick(&Carrier::ALL), if r.chance(25) { *r.pick(&Framing::ALL) } else { Framing::Lines });
        let case = Case::of(&mut r, form, damage, &encodings, carrier, framing);
        let document = case.document();
        (document.len() < 2500).then(|| (format!("seed {seed} {}", case.name), document))
    })
}

#[test]
fn every_split_of_a_small_document_equals_the_whole() {
    let mut failures = Vec::new();
    for (name, document) in documents() {
        check_all_splits(&name, Limits::default(), &document, &mut failures);
    }
    report(&failures);
}

/// The token limit bites in the middle of tokens, wraps, dumps and objects.
#[test]
fn every_split_with_a_small_limit_equals_the_whole() {
    let mut failures = Vec::new();
    for (i, (name, document)) in documents().enumerate() {
        let limit = [64, 200, 333, 512][i % 4];
        check_all_splits(&format!("limit {limit} {name}"), small(limit), &document, &mut failures);
    }
    report(&failures);
}

/// What has a boundary of its own: line ends, UTF-8, colours, escapes, chains that nothing follows.
#[test]
fn every_split_of_odd_documents_equals_the_whole() {
    let base64 = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2";
    let documents = [
        String::new(),
        "\n".into(),
        "no line end".into(),
        "\r\n\r\n\u{feff}text\r\n".into(),
        format!("{{\n  \"a\": 1,\n  \"b\": \"{base64}\"\n"),
        format!("{{\n  \"a\": {{\n  \"kty\": \"oct\",\n  \"k\": \"{base64}\"\n}}\n}}\nnext\n"),
        format!("{base64}\n{base64}\n{base64}\nshort\n\n{base64}=\nnext\n"),
        format!("{base64}\\\n{base64}\\\n\nnext\n"),
        format!("x = \"{base64}\" +\n\n    \"{base64}\";\n"),
        format!("T {base64}.{base64}.{base64}.{base64}.{base64} x\n").repeat(3),
        "Authorization: Basic am86Y29ycmVjdCBob3JzZQ==\r\nGET /cb?code=SplxlOBeZQQYbYS6WxSbIA9f&state=af0 HTTP/1.1\r\n\
         Cookie: theme=dark; sid=8fKq2mZtR4xWvB7nYc3L; _ga=GA1.2.1\nredis://:hunter2@cache:6379/0\n"
            .into(),
        "{\"access_token\":\"8fKq2mZtR4xWvB7nYc3LpQ\",\"id_token\":\"eyJhbGciOiJub25lIn0.eyJzdWIiOiJqbyJ9.\"}\nBearer Zk2mZtR4xWvB7nYc3LpQ9\n".into(),
        "eyJ\neyJhbGciOiJub25lIn0\neyJhbGciOiJub25lIn0.\neyJhbGciOiJub25lIn0..\neyJhbGciOiJub25lIn0.e30.\n".into(),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqbyJ9.\r\neyJhbGciOiJub25lIn0.eyJzdWIiOiJqbyJ9.\r\n".into(),
        "2026-11-23T12:00:00.123456789Z stdout P eyJhbGciOiJub25lIn0\n2026-11-23T12:00:00.123456789Z stdout P .eyJzdWIiOi\n\
         2026-11-23T12:00:00.123456789Z stderr F other\n2026-11-23T12:00:00.123456789Z stdout F JqbyJ9. end\nnext\n"
            .into(),
        "-----BEGIN PRIVATE KEY-----\n".into(),
        format!("-----BEGIN PRIVATE KEY-----\n{base64}\n{base64}\n"),
        "00000000: 6579 4a68 6247 6369 4f69 4a75 6232 356c  eyJhbGciOiJub25l\n00000010: 496e 302e 6579 4a7a 6457 4969 4f69 4a71  In0.eyJzdWIiOiJq\n\
         00000020: 6279 4a39 2e                             byJ9.\nnext\n"
            .into(),
    ];
    let mut failures = Vec::new();
    for (i, text) in documents.iter().enumerate() {
        for limits in [Limits::default(), small(64), small(100), small(160)] {
            check_all_splits(&format!("document {i}, {limits:?}"), limits, text.as_bytes(), &mut failures);
        }
    }
    report(&failures);
}

/// Documents of some hundred kilobytes, of which each part passes a limit of 1024 bytes.
fn long_documents() -> Vec<(String, Vec<u8>)> {
    let mut r = Random::new(first_seed() + 77);
    let mut case = |form: Form, encodings: &[Encoding]| {
        let case = Case::of(&mut r, form, Damage::None, encodings, Carrier::Line, Framing::Lines);
        [&case.prefix[..], &case.payload, &case.suffix].concat()
    };
    let line = |text: &[u8]| text.iter().map(|&b| if b == b'\n' { b' ' } else { b }).collect::<Vec<u8>>();
    let tokens: Vec<Vec<u8>> = (0..300).map(|i| case(Form::ALL[i % Form::ALL.len()], &[])).collect();
    let one_line: Vec<u8> = tokens.iter().flat_map(|t| line(t)).collect();
    let encoded: Vec<u8> = (0..100).flat_map(|i| line(&case(Form::Jws, &[Encoding::ALL[i % Encoding::ALL.len()]]))).collect();
    let dumps: Vec<u8> = (0..12).flat_map(|i| case(Form::Jws, &[[Encoding::Xxd, Encoding::Hexdump][i % 2]])).collect();
    let wraps: Vec<u8> = (0..60).flat_map(|i| case(Form::Jwe, &[[Encoding::Wrap, Encoding::Backslashes][i % 2]])).collect();
    let compact = case(Form::Jws, &[]);
    let mut pretty = b"{\n".to_vec();
    for i in 0..2000 {
        pretty.extend_from_slice(format!("  \"member{i}\": \"value {i}\",\n").as_bytes());
        if i % 97 == 0 {
            pretty.extend_from_slice(b"  \"t\": \"");
            pretty.extend_from_slice(&compact[..compact.len() - 1]);
            pretty.extend_from_slice(b"\",\n");
        }
    }
    pretty.extend_from_slice(b"}\n");
    let run = [b"image ".to_vec(), b"QUJD".repeat(40_000), b" end\n".to_vec(), compact.clone()].concat();
    let oversize = [b"t=eyJhbGciOiJub25lIn0.".to_vec(), b"QUJD".repeat(20_000), b".c end\n".to_vec(), compact.clone()].concat();
    let dots = [b"a.".repeat(30_000), b"\n".to_vec(), compact.clone(), b".".repeat(50_000), b"\n".to_vec()].concat();
    // A long line that the next ones continue: a wrap, a string that goes on, an object that is open.
    let filler = b"lorem ipsum ".repeat(130);
    let token = String::from_utf8_lossy(&compact).trim_end().to_owned();
    let cut = |width: usize, between: &str| {
        let pieces: Vec<_> = token.as_bytes().chunks(width).map(String::from_utf8_lossy).collect();
        [&filler[..], b"t=", pieces.join(between).as_bytes(), b"\n"].concat()
    };
    let object = [&filler[..], b"{\"kty\":\"oct\",\n\"k\":\"QUJDREVGR0hJSktMTU5PUFFSU1RVVldY\"}\nnext\n"].concat();
    let continued = [cut(64, "\n"), cut(70, "\\\n"), object, filler.clone(), cut(80, "\"+\n\"")].concat();
    let list = [b"[".to_vec(), b"101, 121, 74, 104, ".repeat(6_000), b"0]\n".to_vec(), compact].concat();
    [
        ("tokens", tokens.concat()),
        ("one line", one_line),
        ("encoded in one line", encoded),
        ("dumps", dumps),
        ("wraps", wraps),
        ("pretty", pretty),
        ("run", run),
        ("oversize", oversize),
        ("dots", dots),
        ("list", list),
        ("continued", continued),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .to_vec()
}

#[test]
fn random_splits_of_long_documents_equal_the_whole() {
    let mut failures = Vec::new();
    let mut r = Random::new(first_seed() + 5);
    for (name, document) in long_documents() {
        check_random_splits(&name, small(1024), &document, &mut r, cases(6), &mut failures);
    }
    report(&failures);
}

#[test]
fn a_restart_at_the_reported_position_gives_the_rest() {
    let mut failures = Vec::new();
    let mut r = Random::new(first_seed() + 6);
    let mut cuts = |len: usize, count: usize| {
        let mut cuts: Vec<usize> = (0..count).map(|_| r.below(len + 1)).collect();
        cuts.sort_unstable();
        cuts
    };
    for (name, document) in documents() {
        let cuts = cuts(document.len(), 12);
        check_resume(&name, Limits::default(), &document, &cuts, &mut failures);
        check_resume(&format!("limit 256 {name}"), small(256), &document, &cuts, &mut failures);
    }
    for (name, document) in long_documents() {
        let cuts = cuts(document.len(), 4);
        check_resume(&name, small(1024), &document, &cuts, &mut failures);
    }
    report(&failures);
}

#[test]
fn texts_between_boundaries_are_independent() {
    let mut failures = Vec::new();
    let mut r = Random::new(first_seed() + 7);
    let mut found = 0;
    // Documents of many cases, so that something stands before and behind each.
    let many: Vec<u8> = documents().flat_map(|(_, document)| document).collect();
    for (name, document) in documents().chain([("all".to_owned(), many)]).chain(long_documents()) {
        for limits in [Limits::default(), small(256)] {
            found += check_boundaries(&format!("{name}, {limits:?}"), limits, &document, &mut r, &mut failures);
        }
    }
    report(&failures);
    assert!(found > 100, "{found} boundaries in all documents");
}
