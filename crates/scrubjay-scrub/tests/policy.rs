//! Policy files: what they decide, what is wrong with them, what attackers put into tokens.

mod support;

use std::sync::Arc;

use scrubjay_rules::RulePack;
use scrubjay_scrub::{FingerprintKey, Limits, Marker, Policy, Scrubber, Site, Teller};
use scrubjay_token::base64;

fn teller(policy: &str) -> Teller {
    let policy = Policy::parse("policy.yaml", policy).unwrap_or_else(|wrong| panic!("{wrong}"));
    Teller::new(FingerprintKey::from_bytes(&[7; 32]).unwrap(), RulePack::builtin()).with_policy(Arc::new(policy))
}

/// A token with these members; its signature is noise of the right length.
fn token(header: &str, claims: &str) -> String {
    let signature: Vec<u8> = (0..64u8).map(|b| b.wrapping_mul(157) ^ 0x5a).collect();
    format!("{}.{}.{}", base64::encode(header.as_bytes()), base64::encode(claims.as_bytes()), base64::encode(&signature))
}

fn scrub(policy: &str, source: &str, line: &str) -> String {
    let mut scrubber = Scrubber::of(teller(policy), Limits::default());
    let clean = scrubber.scrub(support::batch_of(source, line.as_bytes()));
    String::from_utf8(clean.bytes().to_vec()).unwrap()
}

const ES256: &str = r#"{"alg":"ES256","typ":"JWT"}"#;

/// The marker of a token with these claims, without its fingerprint.
#[track_caller]
fn check(policy: &str, claims: &str, expected: &str) {
    let out = scrub(policy, "app", &format!("a {} z\n", token(ES256, claims)));
    let marker = out.strip_prefix("a ").and_then(|o| o.strip_suffix(" z\n")).unwrap_or_else(|| panic!("{out}"));
    let mut marker = Marker::parse(marker).unwrap_or_else(|| panic!("{out}"));
    marker.fields.retain(|(name, _)| !matches!(name.as_str(), "fp" | "alg" | "typ"));
    assert_eq!(marker.to_string(), format!("jwt({expected})"), "{claims}");
}

/// A policy of one rule for every token.
fn claims(lines: &str) -> String {
    format!("policy:\n  - match: {{}}\n    claims: {lines}\n")
}

#[test]
fn a_claim_that_no_line_names_is_not_shown() {
    let policy = claims("{iss: keep}");
    check(&policy, r#"{"iss":"https://idp.example/","sub":"jo","x":{"iss":"y"}}"#, "class:other~iss:idp.example");
    check(&claims("{}"), r#"{"iss":"https://idp.example/","sub":"jo"}"#, "class:other");
}

#[test]
fn paths() {
    let policy = claims(
        r#"{realm_access.roles: count, kubernetes.io.namespace: keep, "https://idp.example/groups": keep, "/a~1b/c.d": keep, "address.*": present, address.country: keep, flat.name: keep}"#,
    );
    let token = r#"{"realm_access":{"roles":["a","b"],"x":1},"kubernetes.io":{"namespace":"ns","pod":"p"},
        "https://idp.example/groups":["g"],"a/b":{"c.d":"deep","c":{"d":"other"}},"address":{"country":"DE","street":"x"},"flat.name":"f"}"#;
    check(
        &policy,
        token,
        "class:service-account~realm_access.roles:2~kubernetes.io.namespace:ns~https!3A//idp.example/groups:g~a/b.c.d:deep\
         ~address.street:yes~address.country:DE~flat.name:f",
    );
    // What is said of a member holds for all inside, until a line says more of something there.
    check(&claims("{a: keep, a.b: none}"), r#"{"a":{"b":"secret","c":"x","e":["y","z"]}}"#, "class:other~a.c:x~a.e:y~a.e:z");
}

#[test]
fn the_first_rule_that_matches_decides_and_the_default_otherwise() {
    let policy = r#"
policy:
  - {match: {class: refresh}, claims: {}}
  - {match: {iss: "https://a.example/*", source: app}, claims: {sub: keep}}
  - {match: {iss: b.example, audiences: {min: 2}}, claims: {aud: count}}
  - {match: {has: [tenant]}, claims: {tenant: keep}}
  - {match: {risk: no-audience, alg: ES256}, claims: {jti: present}}
"#;
    check(policy, r#"{"iss":"https://a.example/r","sub":"jo"}"#, "class:other~sub:jo");
    check(policy, r#"{"iss":"https://b.example/","aud":["x","y"]}"#, "class:other~aud:2");
    check(policy, r#"{"iss":"https://b.example/","aud":"x","sub":"jo"}"#, "class:other~iss:b.example~aud:x");
    check(policy, r#"{"tenant":"t","aud":"x"}"#, "class:other~tenant:t");
    check(policy, r#"{"jti":"17","exp":1}"#, "class:other~jti:yes");
    let line = format!("{}\n", token(ES256, r#"{"iss":"https://a.example/r","sub":"jo","aud":"x"}"#));
    assert!(scrub(policy, "app", &line).contains("~sub:jo~"));
    assert!(scrub(policy, "other", &line).contains("~iss:a.example/r~aud:x~"), "another source, another rule");
}

/// One scrubber, two sources: the cache gives neither the other's answer.
#[test]
fn two_sources_never_get_each_others_answer() {
    let policy = "policy:\n  - {match: {source: a}, claims: {sub: keep}}\n  - {match: {source: b}, claims: {sub: none}}\n";
    let mut scrubber = Scrubber::of(teller(policy), Limits::default());
    let line = format!("{}\n", token(ES256, r#"{"sub":"jo-visible"}"#));
    for _ in 0..4 {
        for (source, visible) in [("a", true), ("b", false)] {
            let clean = scrubber.scrub(support::batch_of(source, line.as_bytes()));
            assert_eq!(String::from_utf8_lossy(clean.bytes()).contains("jo-visible"), visible, "{source}");
        }
    }
    scrubber.set_policy(Arc::new(Policy::parse("p", &claims("{sub: none}")).unwrap()));
    let clean = scrubber.scrub(support::batch_of("a", line.as_bytes()));
    assert!(!String::from_utf8_lossy(clean.bytes()).contains("jo-visible"), "another policy forgets what is known");
}

/// What an encrypted token is for is told by the name in front of it, if by anything: each place gets its own answer, known or not.
#[test]
fn a_token_that_does_not_tell_is_of_the_class_that_it_is_named_by() {
    let policy = "policy:\n  - match: {class: id}\n    header: {kid: none}\n    claims: {}\n";
    let part = |n: usize| base64::encode(&(0..n).map(|i| (i * 157) as u8 ^ 0x5a).collect::<Vec<_>>());
    let header = base64::encode(br#"{"alg":"dir","enc":"A256GCM","kid":"k7"}"#);
    let jwe = format!("{header}..{}.{}.{}", part(12), part(120), part(16));
    let mut scrubber = Scrubber::of(teller(policy), Limits::default());
    let before =
        ["GET /cb?id_token=", "GET /cb?x=", "{\"refresh_token\": \"", "{\\\"idToken\\\":\\\"", "Authorization: Bearer ", "the id_token "];
    for _ in 0..3 {
        let classes: Vec<String> = before
            .iter()
            .map(|before| {
                let clean = scrubber.scrub(support::batch_of("app", format!("{before}{jwe}\" z\n").as_bytes()));
                let out = String::from_utf8(clean.bytes().to_vec()).unwrap();
                let marker = Marker::parse(out.trim_start_matches(before).trim_end_matches("\" z\n")).unwrap_or_else(|| panic!("{out}"));
                format!("{} {}", marker.get("class").unwrap_or("-"), marker.get("kid").unwrap_or("-"))
            })
            .collect();
        assert_eq!(classes, ["id -", "encrypted k7", "refresh k7", "id -", "access k7", "encrypted k7"]);
    }
    // One that tells is not overruled.
    let out = scrub(policy, "app", &format!("id_token={}\n", token(r#"{"alg":"ES256","typ":"at+jwt"}"#, "{}")));
    assert!(out.contains("class:access"), "{out}");
}

#[test]
fn a_rule_that_extends_can_only_tighten() {
    let policy = r#"
policy:
  - {name: base, match: {class: id}, claims: {iss: keep, email: domain, "*": present}}
  - {name: tight, match: {iss: b.example}, extends: base, claims: {email: none}}
  - {match: {}, extends: default, claims: {aud: none}}
"#;
    check(policy, r#"{"iss":"https://b.example","email":"jo@c.example","sub":"x"}"#, "class:other~iss:b.example~sub:yes");
    check(policy, r#"{"iss":"https://d.example","aud":"a","sub":"x","exp":0}"#, "class:other~iss:d.example~exp:1970-01-01T00:00:00Z");
}

/// What attackers and odd issuers write is shown in a safe shape, or not at all (DESIGN §5).
#[test]
fn hostile_members() {
    let inner = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqbyJ9.3Zt_9s1kQ2";
    let github =
        "ghp_0123456789abcdefghijklmnopqrstuvwxyz".replace("0123456789abcdefghijklmnopqrstuvwxyz", "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx");
    let policy = claims("{iss: keep, aud: keep, sub: keep, exp: keep, htu: keep}");
    for (claims, hidden) in [
        (format!(r#"{{"iss":"{inner}"}}"#), inner),
        (format!(r#"{{"aud":["{inner}","ok"]}}"#), inner),
        (format!(r#"{{"sub":"{inner}"}}"#), inner),
        (format!(r#"{{"sub":"{github}"}}"#), github.as_str()),
        (r#"{"iss":"jo@example.org"}"#.to_owned(), "jo@"),
        (r#"{"iss":"https://jo:pw@h.example/x?y"}"#.to_owned(), "pw"),
        (r#"{"htu":"https://h.example/cb?code=c0de"}"#.to_owned(), "c0de"),
        (r#"{"sub":"a\u001b[31m\nb"}"#.to_owned(), "31m"),
        (r#"{"sub":"jo","sub":"other"}"#.to_owned(), "sub:"),
    ] {
        let out = scrub(&policy, "app", &format!("{}\n", token(ES256, &claims)));
        assert!(!out.contains(hidden) && out.starts_with("jwt("), "{claims}: {out}");
        assert!(out.is_ascii() && out.lines().count() == 1 && Marker::parse(out.trim_end()).is_some(), "{out}");
        assert_eq!(scrub(&policy, "app", &out), out, "scrubbing twice equals scrubbing once");
    }
    check(&policy, r#"{"exp":1e400,"sub":"jo"}"#, "class:other~sub:jo~why:range");
    check(
        &claims(r#"{"*": keep}"#),
        r#"{"fp":"forged","class":"id","why":"x","ok":"y"}"#,
        "class:other~claim.fp:forged~claim.class:id~claim.why:x~ok:y",
    );
    check(&claims(r#"{"*": keep}"#), &format!(r#"{{"{inner}":"x","a b":"y","ok":"z"}}"#), "class:other~ok:z");
    let many: String = (0..10_000).map(|n| format!(r#""m{n}":{n},"#)).collect();
    let out = scrub(&claims(r#"{"*": keep}"#), "app", &format!("{}\n", token(ES256, &format!("{{{many}\"z\":1}}"))));
    assert!(out.len() <= 16 * 1024 + 1 && Marker::parse(out.trim_end()).is_some(), "{}", out.len());
    let deep = format!("{{\"a\":{}1{},\"sub\":\"jo\"}}", "[".repeat(10_000), "]".repeat(10_000));
    let out = scrub(&policy, "app", &format!("{}\n", token(ES256, &deep)));
    assert!(Marker::parse(out.trim_end()).is_some(), "{out}");
}

/// As [`hostile_members`], for names of members, nested ones too: shown is a name that the policy itself names, or a plain one.
#[test]
fn hostile_names() {
    let inner = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqbyJ9.3Zt_9s1kQ2";
    check(
        &claims("{\"*\": keep, a: keep, a.b: none, m: keep, \"m.*\": keep, größe: keep}"),
        r#"{"x\u001b[31my":1,"jo@example.org":2,"l\nm":3,"":4,"a":{"jo@example.org":5,"ok":6,"b":7,"\u0000":8,"c~d)":9},
            "m":{"hunter2!":10,"fine":11},"größe":12,"https://u:p@h.example/x":13}"#,
        "class:other~a.ok:6~m.fine:11~gr!C3!B6!C3!9Fe:12",
    );
    let long = "x".repeat(65);
    for name in
        [inner, long.as_str(), "a\\u001b]0;t\\u0007b", "\\u202e", "(", "~", "jwt(class:id)", "https://h.example/9f8a7c6b5d4e3f2a1b0c9d8e/x"]
    {
        check(&claims("{\"*\": keep, a: keep, a.b: none}"), &format!(r#"{{"{name}":"v","a":{{"{name}":"w"}}}}"#), "class:other");
    }
}

/// What stands in headers is shown in a safe shape, or not at all.
#[test]
fn hostile_headers() {
    let inner = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqbyJ9.3Zt_9s1kQ2";
    let policy = claims("{sub: keep}");
    for (member, hidden) in [
        (format!(r#""kid":"{inner}""#), inner),
        (format!(r#""typ":"{inner}""#), inner),
        (format!(r#""cty":"{inner}""#), inner),
        (format!(r#""enc":"{inner}""#), inner),
        (r#""kid":"jo@example.org""#.to_owned(), "jo@"),
        (r#""kid":"a\u001b[31mb""#.to_owned(), "31m"),
        (r#""kid":"https://u:pass@h.example/k?secret""#.to_owned(), "pass"),
        (r#""kid":"h.example/../../etc/passwd\u0000""#.to_owned(), "passwd"),
        (r#""kid":["jo-in-a-list"]"#.to_owned(), "jo-in"),
        (r#""jku":"https://attacker.example/jwks","x5u":"attacker.example","jwk":{"kty":"attacker"}"#.to_owned(), "attacker"),
        (r#""iss":"jo-in-the-header""#.to_owned(), "jo-in"),
        (r#""typ":"jo-typ","cty":"jo-cty""#.to_owned(), "jo-"),
    ] {
        let line = format!("{}\n", token(&format!(r#"{{"alg":"HS256",{member}}}"#), r#"{"sub":"jo"}"#));
        let out = scrub(&policy, "app", &line);
        assert!(!out.contains(hidden) && out.starts_with("jw"), "{member}: {out}");
        assert!(out.is_ascii() && Marker::parse(out.trim_end()).is_some(), "{out}");
        assert_eq!(scrub(&policy, "app", &out), out, "scrubbing twice equals scrubbing once");
    }
}

#[test]
fn odd_dates_are_no_dates() {
    let policy = claims("{exp: keep, iat: day, nbf: hour}");
    for odd in ["1e400", "-1", "1e18", "253402300800", "\"0\"", "null", "[1]", "{}", "99999999999999999999999999999999999999", "-0.5e999"] {
        for name in ["exp", "iat", "nbf"] {
            check(&policy, &format!(r#"{{"{name}":{odd},"x":1}}"#), "class:other~why:range");
        }
    }
    check(&policy, r#"{"exp":253402300799,"iat":0,"nbf":3600.9}"#, "class:other~exp:9999-12-31T23:59:59Z~iat:1970-01-01~nbf:1970-01-01T01");
}

/// No slow path, by count and not by clock: what is looked at is bounded by the token, what is written by the limit.
#[test]
fn work_is_bounded_by_the_token() {
    let many = |n: usize, member: &dyn Fn(usize) -> String| (0..n).map(member).collect::<Vec<_>>().join(",");
    let named: String = (0..200).map(|n| format!("n{n}.a.b: keep, \"/n{n}/c\": {{show: keep, as: x}}, ")).collect();
    let named: String = named.split_inclusive(", ").take(250).collect();
    let policies = [claims("{\"*\": keep}"), claims(&format!("{{{named}\"*\": {{show: keep, as: y}}}}"))];
    let tokens = [
        many(10_000, &|n| format!(r#""m{n}":{n}"#)),
        many(10_000, &|_| r#""m":1"#.to_owned()),
        many(200, &|n| format!(r#""n{n}":{{{}}}"#, many(250, &|m| format!(r#""{m}":1"#)))),
        many(200, &|n| format!(r#""n{n}":{{"a":{{"b":"x"}},"c":"y"}}"#)),
        format!(r#""l":[{}]"#, many(10_000, &|n| format!(r#""v{n}""#))),
        format!(r#""s":{}1{}"#, "{\"a\":".repeat(10_000), "}".repeat(10_000)),
        format!(r#""s":{}{}"#, "[".repeat(10_000), "]".repeat(10_000)),
        format!(r#""{}":1,"z":"{}""#, "n".repeat(20_000), "v".repeat(20_000)),
        format!(r#""s":"{}""#, "\\u0000".repeat(5_000)),
        format!(r#""n":{}"#, "9".repeat(20_000)),
    ];
    for policy in &policies {
        let teller = teller(policy);
        for members in &tokens {
            let text = token(ES256, &format!("{{{members}}}"));
            let name = &members[..30];
            for found in scrubjay_token::analyze(text.as_bytes()).unwrap() {
                let (mut asked, mut steps, mut shown) = (0, 0, 0);
                let account = teller.tell_why(&found.token, &Site::of("app"), &mut |decided| {
                    asked += 1;
                    steps += decided.path.len();
                    shown += decided.fate.shown.iter().map(String::len).sum::<usize>();
                });
                assert!(asked <= members.len() / 4 + 8, "{name}: {asked} decisions");
                assert!(steps <= 16 * text.len() && shown <= 16 * text.len(), "{name}: {steps} bytes of paths, {shown} of values");
                let marker = account.marker();
                assert!(marker.written_len() <= 16 * 1024, "{name}: {}", marker.written_len());
                assert_eq!(Marker::parse(&marker.to_string()).as_ref(), Some(&marker), "{name}");
            }
            let out = scrub(policy, "app", &format!("{text}\n"));
            assert!(out.len() <= 17 * 1024 && out.ends_with(")\n"), "{name}: {} bytes", out.len());
        }
    }
}

#[test]
fn risks_are_shown_where_the_policy_asks() {
    let policy = format!("risks: {{show: [no-audience, long-lifetime], lifetime_max: 1h}}\n{}", claims("{}"));
    check(&policy, r#"{"iat":0,"exp":3601}"#, "class:other~risk:long-lifetime~risk:no-audience");
    check(&policy, r#"{"iat":0,"exp":3600,"aud":"a"}"#, "class:other");
}

/// RFC 9449 §4.2: a proof carries the hash of the access token that it was sent with.
#[test]
fn an_access_token_and_its_proofs_join() {
    let policy = format!("ath: true\n{}", claims("{}"));
    let access = token(r#"{"alg":"ES256","typ":"at+jwt"}"#, r#"{"iss":"https://idp.example","scope":"a"}"#);
    let proof = |of: &str| {
        let ath = scrubjay_claims::ath(of.as_bytes());
        token(r#"{"alg":"ES256","typ":"dpop+jwt"}"#, &format!(r#"{{"htm":"GET","htu":"https://api.example/","ath":"{ath}"}}"#))
    };
    let out = scrub(&policy, "app", &format!("{access}\n{}\n{}\n", proof(&access), proof("another")));
    let shown: Vec<_> = out.lines().map(|line| Marker::parse(line).unwrap().get("ath").unwrap().to_owned()).collect();
    assert!(shown[0].starts_with('h') && shown[0] == shown[1] && shown[1] != shown[2], "{out}");
    assert!(!scrub(&claims("{}"), "app", &format!("{access}\n")).contains("ath:"));
}

#[test]
fn a_header_is_shown_unless_the_policy_says_otherwise() {
    let policy = "policy:\n  - {match: {}, header: {kid: none, typ: {show: none}}, claims: {}}\n";
    let out = scrub(policy, "app", &format!("{}\n", token(r#"{"alg":"ES256","typ":"JWT","kid":"k1"}"#, r#"{"sub":"jo"}"#)));
    assert!(out.starts_with("jwt(class:other~alg:ES256~fp:"), "{out}");
}

// ---- Mistakes ----

#[track_caller]
fn mistakes(text: &str, expected: &[&str]) {
    let said = match Policy::parse("p.yaml", text) {
        Ok(policy) => policy.warnings().iter().map(|w| format!("warning: {} ({})", w.what, w.remedy)).collect(),
        Err(wrong) => wrong.to_string().lines().map(str::to_owned).collect::<Vec<_>>(),
    };
    assert_eq!(said, expected, "{text}");
}

#[test]
fn every_mistake_is_said_at_once_with_place_and_remedy() {
    mistakes(
        "version: 2\npolcy: []\n",
        &[
            "p.yaml:1:1: the policy has no field \"policy\" (write policy: and below it a list of rules)",
            "p.yaml:1:10: this version of a policy is not known (write version: 1)",
            "p.yaml:2:1: unknown field \"polcy\" in the policy (did you mean \"policy\"?)",
        ],
    );
    mistakes(
        "policy:\n  - match: {class: idd, has: []}\n    claims: {sub: pseudonim, a**b: keep, x: {show: keep, seal: [soc, soc, 'a b']}}\n",
        &[
            "p.yaml:2:20: \"class\" of \"match\" of rule 1 cannot be \"idd\" (did you mean \"id\"? It can be access, id, refresh, logout, set, dpop, client-assertion, request, jarm, introspection, sd-jwt, key-binding, service-account, spiffe, ci, nested, encrypted, key, other)",
            "p.yaml:2:30: \"has\" of \"match\" of rule 1 must not be empty (name at least one)",
            "p.yaml:3:19: claim \"sub\" cannot be \"pseudonim\" (did you mean \"pseudonym\"? It can be keep, none, pseudonym, mask, domain, prefix, count, hour, day, present)",
            "p.yaml:3:30: \"a**b\" names no claim: \"*\" can stand at the end only (write a name, a.b, a pointer /a/b, or a pattern a.*)",
            "p.yaml:3:70: audience \"soc\" is named twice (remove one)",
            "p.yaml:3:75: \"a b\" is no name of an audience (letters, digits, \".\", \"_\" and \"-\", at most 64, the first a letter or digit)",
        ],
    );
    mistakes(
        "policy:\n  - {name: a, match: {class: id}, claims: {sub: mask, email: {show: none, seal: [soc]}}}\n  - {name: b, match: {kind: jwe}, extends: a, claims: {sub: keep, email: {seal: [hr]}, x: present}}\n  - {name: c, match: {}, extends: nobody}\n",
        &[
            "p.yaml:3:56: \"b\" shows more of \"sub\" than \"a\" does: keep instead of mask (a rule that extends another can only tighten; remove \"extends\" to be free)",
            "p.yaml:3:67: \"b\" opens \"email\" to audience \"hr\", which \"a\" does not (a rule that extends another can only tighten; remove \"extends\" to be free)",
            "p.yaml:3:88: \"b\" shows more of \"x\" than \"a\" does: present instead of none (a rule that extends another can only tighten; remove \"extends\" to be free)",
            "p.yaml:4:35: no rule before this one has the name \"nobody\" (it can be a, b, default)",
        ],
    );
    // However a path is written, and whether its dots are levels or parts of a name.
    mistakes(
        "policy:\n  - {name: a, match: {class: id}, claims: {a: keep, /a.b: none, x*: count, /x.io: none}}\n  - {name: b, match: {kind: jwe}, extends: a, claims: {a.b: count, x.io.n: present, a.c: count}}\n",
        &[
            "p.yaml:3:56: \"b\" shows more of \"a.b\" than \"a\" does: count instead of none (a rule that extends another can only tighten; remove \"extends\" to be free)",
            "p.yaml:3:68: \"b\" shows more of \"x.io.n\" than \"a\" does: present instead of none (a rule that extends another can only tighten; remove \"extends\" to be free)",
        ],
    );
    mistakes(
        "policy:\n  - {match: {}, seal_to: field, claims: {jti: keep, iat: {show: keep, as: fp}}}\n  - {name: default, match: {}, extends: default}\n",
        &[
            "p.yaml:2:17: \"seal_to: field\" needs a field (write placement: field, too)",
            "p.yaml:2:42: \"jti\" is never shown: it stands for the token itself (use pseudonym, present or none)",
            "p.yaml:2:75: \"fp\" cannot be a name in a marker (use letters, digits, \".\", \"_\", \"-\", and none of the names in docs/markers.md)",
            "p.yaml:3:12: \"default\" is the name of the built-in rule (choose another name)",
            "p.yaml:3:5: warning: \"default\" is never asked: \"rule 1\" in line 2 matches every token (put it before that one)",
        ],
    );
}

#[test]
fn what_is_worth_a_look_is_a_warning() {
    mistakes(
        "policy:\n  - match: {}\n    claims: {phone_number: pseudonym, \"*\": keep, sub: {show: none, seal: [a, b, c, d]}}\n",
        &[
            "warning: a pseudonym of \"phone_number\" can be guessed: it has few values, and whoever writes lines and reads the output can try them (use none, count or present, or seal it)",
            "warning: \"*\" shows claims that nobody has looked at (name the claims that may be shown)",
            "warning: \"sub\" is sealed to 4 audiences (each audience is a copy for more readers: name those that need it)",
        ],
    );
}
