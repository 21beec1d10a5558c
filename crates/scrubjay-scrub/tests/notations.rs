//! Keys and tokens that are objects, as languages and formats other than JSON print them.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token};
use support::{AFTER, BEFORE, cases, check_same, first_seed, pieces, shown, whole};

const OBJECTS: [Form; 6] = [Form::JwkRsa, Form::JwkEc, Form::JwkOkp, Form::JwkOct, Form::JsonJwsFlat, Form::JsonJweFlat];

/// Names and values of a flat object.
fn members(token: &Token) -> Vec<(String, String)> {
    let text = token.text.replace(['{', '}', '\n', '\r', ' ', '\t'], "");
    let member = |m: &str| m.split_once(':').map(|(n, v)| (n.trim_matches('"').to_owned(), v.trim_matches('"').to_owned()));
    text.split(',').filter_map(member).collect()
}

/// `write` gives the text of an object with these members; the members of a key that are not private have to stay.
#[track_caller]
fn check(write: impl Fn(&[(String, String)]) -> String) {
    for seed in first_seed()..first_seed() + cases(6) {
        for form in OBJECTS {
            let token = form.make(&mut Random::new(seed * 31 + form as u64));
            let members = members(&token);
            let document = format!("{BEFORE}{}\n{AFTER}", write(&members));
            let out = whole(Limits::default(), document.as_bytes());
            let shown = || format!("seed {seed} {form:?}\n  in  {}\n  out {}", shown(document.as_bytes()), shown(&out));
            let text = String::from_utf8_lossy(&out);
            let found = leaks(&out, &token.secrets, &token.claims);
            assert!(found.is_empty(), "leaks {:?} {:?} {}", found.runs.first(), found.claims, shown());
            assert!(text.starts_with(BEFORE) && text.ends_with(AFTER), "a neighbour changed: {}", shown());
            assert_eq!(text.lines().count(), document.lines().count(), "lines: {}", shown());
            for (name, value) in &members {
                let stays = matches!(name.as_str(), "kty" | "crv" | "n" | "e" | "x" | "y" | "kid");
                assert!(!stays || text.contains(value.as_str()), "{name} is gone: {}", shown());
            }
            let twice = whole(Limits::default(), &out);
            assert_eq!(text, String::from_utf8_lossy(&twice), "twice: {}", shown());
            let cut = document.len() / 2;
            assert_eq!(text, String::from_utf8_lossy(&pieces(Limits::default(), document.as_bytes(), &[cut])), "cut: {}", shown());
            let public: Vec<_> =
                members.iter().filter(|(n, _)| matches!(n.as_str(), "kty" | "crv" | "n" | "e" | "x" | "y" | "kid")).cloned().collect();
            if public.len() > 1 {
                check_same(&write(&public));
            }
        }
    }
}

fn list(members: &[(String, String)], member: impl Fn(&str, &str) -> String, between: &str) -> String {
    members.iter().map(|(name, value)| member(name, value)).collect::<Vec<_>>().join(between)
}

#[test]
fn in_one_line() {
    check(|m| format!("{{ {} }}", list(m, |n, v| format!("{n}: '{v}'"), ", ")));
    check(|m| format!("{{:{}}}", list(m, |n, v| format!("{n}=>\"{v}\""), ", :")));
    check(|m| format!("%{{{}}}", list(m, |n, v| format!("{n}: \"{v}\""), ", ")));
    check(|m| {
        let mut sorted = m.to_vec();
        sorted.sort();
        format!("map[{}]", list(&sorted, |n, v| format!("{n}:{v}"), " "))
    });
    check(|m| format!("{{{}}}", list(m, |n, v| format!("{n}={v}"), ", ")));
    check(|m| format!("Jwk({})", list(m, |n, v| format!("{n}='{v}'"), ", ")));
    check(|m| format!("level=info {} n=1", list(m, |n, v| format!("{n}={v}"), " ")));
    check(|m| list(m, |n, v| format!("{n} = \"{v}\""), " "));
    check(|m| format!("POST a=1&{}&b=2", list(m, |n, v| format!("{n}={v}"), "&")));
    check(|m| format!("{{\"msg\":\"key {{ {} }}\"}}", list(m, |n, v| format!("{n}: '{v}'"), ", ")));
    check(|m| format!("{{\"msg\":\"{{:{}}}\"}}", list(m, |n, v| format!("{n}=>\\\"{v}\\\""), ", :")));
}

/// A name as languages write it that capitalise fields.
fn capitalised(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

#[test]
fn with_something_around_names_or_values() {
    check(|m| format!("key={{{}}}", list(m, |n, v| format!("{}:{v}", capitalised(n)), " ")));
    check(|m| format!("main.JWK{{{}}}", list(m, |n, v| format!("{}:\"{v}\"", capitalised(n)), ", ")));
    check(|m| format!("Jwk {{ {} }}", list(m, |n, v| format!("{} = {v}", capitalised(n)), ", ")));
    check(|m| format!("Jwk {{ {} }}", list(m, |n, v| format!("{n}: Some(\"{v}\")"), ", ")));
    check(|m| format!("Object {{{}}}", list(m, |n, v| format!("\"{n}\": String(\"{v}\")"), ", ")));
    check(|m| format!("{{\"msg\":\"Object {{{}}}\"}}", list(m, |n, v| format!("\\\"{n}\\\": String(\\\"{v}\\\")"), ", ")));
    check(|m| format!("{{{}}}", list(m, |n, v| format!("\"{n}\":{{\"S\":\"{v}\"}}"), ",")));
    check(|m| format!("{{\"values\":[{}]}}", list(m, |n, v| format!("{{\"key\":\"{n}\",\"value\":{{\"stringValue\":\"{v}\"}}}}"), ",")));
    check(|m| format!("[{}]", list(m, |n, v| format!("{{\"name\": \"{n}\", \"value\": \"{v}\"}}"), ", ")));
    check(|m| format!("#{{{}}}", list(m, |n, v| format!("<<\"{n}\">> => <<\"{v}\">>"), ",")));
    check(|m| format!("<key>{}</key>", list(m, |n, v| format!("<{n}>{v}</{n}>"), "")));
    check(|m| format!("<key {}/>", list(m, |n, v| format!("{n}=\"{v}\""), " ")));
    check(|m| format!("<table>{}</table>", list(m, |n, v| format!("<tr><td>{n}</td><td>{v}</td></tr>"), "")));
}

#[test]
fn with_something_around_them_over_several_lines() {
    check(|m| format!("array (\n  {},\n)", list(m, |n, v| format!("'{n}' => '{v}'"), ",\n  ")));
    check(|m| format!("<key>\n  {}\n</key>", list(m, |n, v| format!("<{n}>{v}</{n}>"), "\n  ")));
    check(|m| format!("| {} |", list(m, |n, v| format!("{n:<5} | {v}"), " |\n| ")));
    check(|m| list(m, |n, v| format!(" {n:<5} | {v}"), "\n"));
    check(|m| format!("│ {} │", list(m, |n, v| format!("{n:<5} │ {v}"), " │\n│ ")));
}

#[test]
fn over_several_lines() {
    check(|m| format!("{{\n  {}\n}}", list(m, |n, v| format!("{n}: '{v}'"), ",\n  ")));
    check(|m| format!("key:\n  {}\nnext: 1", list(m, |n, v| format!("{n}: {v}"), "\n  ")));
    check(|m| format!("keys:\n  - {}\nnext: 1", list(m, |n, v| format!("{n}: {v}"), "\n    ")));
    check(|m| format!("Array\n(\n    [{}\n)", list(m, |n, v| format!("{n}] => {v}"), "\n    [")));
    check(|m| list(m, |n, v| format!("jwk.{n}={v}"), "\n"));
    check(|m| list(m, |n, v| format!("  {n} = \"{v}\""), "\n"));
    check(|m| {
        let frame = "2026-11-23T12:00:00.123456789Z stdout F";
        format!("{frame} {{\n{frame}   {}\n{frame} }}", list(m, |n, v| format!("{n}: '{v}'"), &format!(",\n{frame}   ")))
    });
    check(|m| format!("{{:{}}}", list(m, |n, v| format!("{n}=>\"{v}\""), ",\n :")));
}

/// A record of a number and a text.
type Record<'a> = &'a dyn Fn(usize, &str) -> String;

/// A program's output line by line, each in a record of its own.
#[test]
fn a_line_in_each_record() {
    let records =
        |lines: &[String], record: Record<'_>| lines.iter().enumerate().map(|(i, line)| record(i, line)).collect::<Vec<_>>().join("\n");
    let node = |m: &[(String, String)]| {
        let members = m.iter().enumerate().map(|(i, (n, v))| format!("  {n}: '{v}'{}", if i + 1 < m.len() { "," } else { "" }));
        std::iter::once("{".to_owned()).chain(members).chain(["}".to_owned()]).collect::<Vec<_>>()
    };
    let yaml =
        |m: &[(String, String)]| std::iter::once("key:".to_owned()).chain(m.iter().map(|(n, v)| format!("  {n}: {v}"))).collect::<Vec<_>>();
    let frames: [Record<'_>; 5] = [
        &|i, line| format!("2026-11-23T12:00:00.12345678{i}Z stdout F {line}"),
        &|i, line| format!(r#"{{"log":"{line}\n","stream":"stdout","time":"2026-11-23T12:00:00.1234567{i}Z"}}"#),
        &|i, line| format!(r#"{{"level":"info","ts":{i}.5,"msg":"{line}"}}"#),
        &|_, line| format!("web-1  | {line}"),
        &|i, line| format!("2026-11-23 12:00:{i:02} INFO [main] {line}"),
    ];
    for record in frames {
        check(|m| records(&node(m), record));
        check(|m| records(&yaml(m), record));
    }
}

#[test]
fn ordinary_members_stay() {
    let long = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";
    for text in [
        "{ d: 'x', k: 'y' }".to_owned(),
        format!("{{ d: '{long}', id: 7 }}"),
        format!("{{ kty: 'EC', crv: 'P-256', x: '{long}', y: '{long}' }} d=5"),
        "{ kty: 'EC', d: 'private' }".to_owned(),
        format!("map[d:{long} kind:EC]"),
        format!("kty: unknown d: {long}"),
        format!("git commit kty d={long}"),
        format!("key:\n  d: {long}\n  kind: EC"),
        format!("signature: '{long}', protected: true, payload: 5"),
        format!("{{Kty:EC Crv:P-256 X:{long} Y:{long}}}"),
        format!("Item {{ Kind = EC, D = {long} }}"),
        format!("{{\"d\":{{\"S\":\"{long}\"}},\"kind\":{{\"S\":\"kty\"}}}}"),
        format!("<a><d>{long}</d><kind>EC</kind></a>"),
        format!("| kty | {long} |\n| other | EC |\n| d | x |"),
        "<path d=\"M12 2C6.48 2 2 6.48 2 12s4.48 10 10 10 10-4.48 10-10S17.52 2 12 2zm0 18c-4.42 0-8-3.58-8-8\"/>".to_owned(),
    ] {
        check_same(&text);
    }
}
