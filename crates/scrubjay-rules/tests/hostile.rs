//! Text that was written to be slow, or to break something: work is counted, not timed.

use scrubjay_rules::{Hit, RulePack, Selection, WORK_PER_BYTE_MAX, builtin_rules, parse};

fn everything() -> RulePack {
    let enable = builtin_rules().iter().filter(|r| !r.on).map(|r| r.id.clone()).collect();
    RulePack::build(&Selection { enable, ..Selection::default() }).expect("the built-in rules")
}

fn find(pack: &RulePack, text: &[u8]) -> (Vec<Hit>, u64) {
    let mut found = Vec::new();
    let work = pack.find_counted(text, &mut found);
    let mut end = 0;
    for hit in &found {
        assert!(end <= hit.span.start && hit.start <= hit.span.start && hit.span.start < hit.span.end && hit.span.end <= text.len());
        assert!(!text[hit.span.clone()].contains(&b'\n'), "a hit holds no line end");
        end = hit.span.end;
    }
    (found, work)
}

/// One rule may go over the budget by one look of each rule at its keyword.
fn most(text: &[u8]) -> u64 {
    ((WORK_PER_BYTE_MAX + 3) * text.len() + 64 * 4096 * (1 + text.iter().filter(|&&b| b == b'\n').count())) as u64
}

/// Ten megabytes of each keyword, alone and with what its rule likes to read on.
#[test]
fn repeated_keywords_stay_linear() {
    let pack = everything();
    let mut keywords: Vec<&String> = builtin_rules().iter().flat_map(|r| &r.keywords).collect();
    keywords.sort();
    keywords.dedup();
    for (i, keyword) in keywords.iter().enumerate() {
        for after in ["", "=", " ", "a", "=\"", ":aB3", "://a:", "=x&state="] {
            let once = format!("{keyword}{after}");
            // All of them at a size that has gone through the budget; a few at ten megabytes.
            let size = if i % 40 == 0 && after.is_empty() { 10_000_000 } else { 60_000 };
            let text = once.repeat(size / once.len());
            let (_, work) = find(&pack, text.as_bytes());
            assert!(work <= most(text.as_bytes()), "{once:?}: {work} for {}", text.len());
        }
    }
}

/// Beyond the budget nothing passes unseen: what follows a keyword is taken.
#[test]
fn a_line_over_its_budget_hides_nothing() {
    let slow = "access_token=a%2".repeat(40_000);
    let secret = "8fKq2mZtR4xWvB7nYc3LpQ";
    let text = format!("{slow} access_token={secret} refresh_token: \"{secret}\" end\n");
    let (found, work) = find(&RulePack::builtin(), text.as_bytes());
    assert!(work <= most(text.as_bytes()));
    for (at, _) in text.match_indices(secret) {
        assert!(found.iter().any(|h| h.span.start <= at && at + secret.len() <= h.span.end), "{at}");
    }
}

#[test]
fn any_bytes_are_searched() {
    let pack = everything();
    let mut state = 88_172_645_463_325_252u64;
    let mut next = |n: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % n
    };
    let keywords: Vec<&String> = builtin_rules().iter().flat_map(|r| &r.keywords).collect();
    for _ in 0..2000 {
        let mut text = Vec::new();
        for _ in 0..next(12) {
            match next(4) {
                0 => text.extend((0..next(40)).map(|_| next(256) as u8)),
                1 => text.extend_from_slice(keywords[next(keywords.len() as u64) as usize].as_bytes()),
                2 => text.extend_from_slice([&b"=\""[..], b": ", b"\n", b"%3D", b"&state=", b"@", b"://u:"][next(7) as usize]),
                _ => text.extend((0..next(60)).map(|_| b"abcXYZ0189+/_-.="[next(16) as usize])),
            }
        }
        find(&pack, &text);
    }
}

/// What a file of rules can hold that must not come through.
#[test]
fn hostile_rules_are_refused_with_place_and_remedy() {
    let check = |regex: &str, expected: &str| {
        let file = format!("- id: own\n  description: d\n  keywords: [abc]\n  regex: '{regex}'\n");
        let rules = parse("own.yaml", &file).expect("YAML");
        let mistakes = RulePack::build(&Selection { add: rules, ..Selection::default() }).expect_err(regex);
        let text: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        assert!(text.iter().all(|t| t.starts_with("own.yaml:1:3: rule \"own\": ") && t.ends_with(')')), "{text:?}");
        assert!(text.iter().any(|t| t.contains(expected)), "{regex}: {text:?}");
    };
    check("", "has no regex");
    check("a*", "matches the empty string");
    check("(?:abc)?", "matches the empty string");
    check("|abc", "matches the empty string");
    check("\\b", "matches the empty string");
    check("[a&&b]", "matches the empty string, or nothing");
    check("abc(", "cannot be read");
    check("abc(?=x)", "cannot be read");
    check("(abc)\\1", "cannot be read");
    check("abc(?:x{1000}){1000}", "too large");
    check(&format!("abc{}", "(".repeat(3000)), "cannot be read");
    check(&format!("abc{}", "x".repeat(5000)), "more than 4096 bytes");
}

#[test]
fn mistakes_in_rules_and_selections() {
    let check = |file: &str, expected: &str| {
        let add = parse("own.yaml", file).expect("YAML");
        let mistakes = RulePack::build(&Selection { add, ..Selection::default() }).expect_err(file);
        assert!(mistakes.iter().any(|m| m.to_string().contains(expected)), "{mistakes:?}");
    };
    check("- id: A b\n  keywords: [abc]\n  regex: abc\n", "no id that can stand in a marker");
    check("- id: a\n  regex: abc\n", "has no keyword");
    check("- id: a\n  keywords: [ab]\n  regex: ab\n", "has the keyword \"ab\"");
    check("- id: url-password\n  keywords: [abc]\n  regex: abc\n", "id of a rule that is built in");
    check("- id: a\n  keywords: [abc]\n  regex: abc\n- id: a\n  keywords: [abc]\n  regex: abc\n", "an id that another rule has");
    check("- id: a\n  keywords: [abc]\n  regex: abc[0-9]+\n  fires: ['abc', '«abc8»']\n", "example 1 under \"fires\"");
    check(
        "- id: a\n  keywords: [abc]\n  regex: abc[0-9]+\n  fires: ['«abc8»', 'x«abc»9']\n",
        "example 2 under \"fires\" comes out otherwise: found is bytes 2 to 5",
    );
    check("- id: a\n  keywords: [abc]\n  regex: abc[0-9]+\n  stays: [abc7]\n", "example 1 under \"stays\"");
    let many = |rules: usize, keywords: usize| -> String {
        let list = |rule: usize| (0..keywords).map(|k| format!("k{rule}x{k}")).collect::<Vec<_>>().join(", ");
        (0..rules).map(|r| format!("- id: a{r}\n  keywords: [{}]\n  regex: 'k[0-9]+x[0-9]+'\n", list(r))).collect()
    };
    check(&many(1, 65), "has 65 keywords, at most 64 can be");
    check(&many(33, 63), "have 2079 keywords, at most 2048 can be");
    check(&many(1025, 1), "1025 rules are added, at most 1024 can be");
    check(&format!("- id: a\n  keywords: [{}]\n  regex: kkk\n", "k".repeat(65)), "has the keyword");
    let selection = Selection { silence: vec!["nope".into(), "password".into()], enable: vec!["password".into()], add: Vec::new() };
    let all: Vec<String> = RulePack::build(&selection).expect_err("ids").iter().map(ToString::to_string).collect();
    assert!(all[0].starts_with("no rule has the id \"nope\"") && all[1].contains("both enabled and silenced"), "{all:?}");
}
