//! `scrubjay explain`: what each token is and what becomes of it, never more than was asked for.

mod support;

use std::fs;

use support::{Canaries, access, encrypted, run, scrubjay, unsigned};

/// What is said, without the line of the whole marker.
fn explained(args: &[&str], input: &str) -> String {
    let ended = run(scrubjay(["explain"]).args(args), input.as_bytes());
    ended.exits(0);
    assert_eq!(ended.err, "");
    ended.text().to_owned()
}

#[test]
fn it_says_what_a_token_is() {
    let jws = access(1);
    let (header, rest) = jws.split_once('.').unwrap();
    let (payload, _) = rest.split_once('.').unwrap();
    let lifetime = unsigned();
    let (jwe, cut, headless) = (encrypted(2), format!("{header}.{}", &payload[..60]), rest.to_owned());
    let cases: &[(&str, &str, &[&str], &[&str])] = &[
        (
            "a signed token",
            &jws,
            &[
                "kind jwt",
                "class access",
                "verified no: ",
                "header alg: shown as ES256",
                "claim iss: shown as idp.example.com",
                "claim aud: shown as orders",
                "claim sub: dropped",
                "claim email: dropped",
                "claim jti: dropped",
                "becomes jwt(class:access~alg:ES256~",
            ],
            &["cut "],
        ),
        (
            "an encrypted token",
            &jwe,
            &[
                "kind jwe",
                "class encrypted",
                "header alg: shown as RSA-OAEP-256",
                "header enc: shown as A256GCM",
                "becomes jwe(class:encrypted~",
            ],
            &["claim "],
        ),
        (
            "a token without signature",
            &lifetime,
            &["risks alg-none", "header alg: shown as none", "claim role: dropped", "becomes jwt(class:"],
            &[],
        ),
        ("a token that is cut", &cut, &["cut payload: ", "header alg: shown as ES256", "~cut:payload)"], &["~fp:"]),
        ("a token without its header", &headless, &["cut header: ", "claim sub: dropped", "~cut:header)"], &["header ", "~fp:"]),
    ];
    for (name, token, said, unsaid) in cases {
        let input = format!("first line\nt={token} and more\n");
        let text = explained(&[], &input);
        let lines: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines[0], format!("token 1 at line 2, column 3, {} bytes", token.len()), "{name}");
        for said in *said {
            assert!(lines.iter().any(|l| l.starts_with(said) || said.starts_with('~') && l.ends_with(said)), "{name}: {said} in\n{text}");
        }
        for unsaid in *unsaid {
            assert!(
                !lines.iter().any(|l| l.starts_with(unsaid) || unsaid.starts_with('~') && l.contains(unsaid)),
                "{name}: {unsaid} in\n{text}"
            );
        }
        Canaries::of([&jws, &jwe, &lifetime]).absent(name, text.as_bytes());
    }
}

#[test]
fn several_tokens_are_told_apart() {
    let text = explained(&[], &format!("{} {}\n\n{}", access(1), access(2), encrypted(3)));
    let places: Vec<&str> = text.lines().filter(|l| l.trim_start().starts_with("token ")).collect();
    assert_eq!(places.len(), 3);
    assert!(places[1].contains("2 at line 1, column "));
    assert!(places[2].contains("3 at line 3, column 1,"));
}

/// Where a policy asks for a field, a JSON record gets another marker than any other text.
#[test]
fn a_field_of_the_record_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let policy = dir.path().join("p.yaml");
    fs::write(&policy, "field: {preset: ecs}\npolicy: [{match: {}, placement: field, claims: {iss: keep}}]\n").unwrap();
    let out = explained(&["--policy", policy.to_str().unwrap()], &access(1));
    let line = out.lines().find(|line| line.trim_start().starts_with("in JSON")).unwrap_or_else(|| panic!("{out}"));
    assert!(line.contains("jwt(fp:f") && !line.contains("iss:") && line.contains("preset ecs"), "{line}");
    fs::write(&policy, "policy: [{match: {}, claims: {iss: keep}}]\n").unwrap();
    assert!(!explained(&["--policy", policy.to_str().unwrap()], &access(1)).contains("in JSON"));
}

#[test]
fn nothing_found_is_said() {
    for input in ["", "nothing here\n", "eyJhZnRlciI6IDg4MDAsICJkaXIiOiAibmV4dCJ9\n"] {
        assert_eq!(explained(&[], input), "no token found\n");
    }
}

#[test]
fn hidden_claims_appear_only_when_asked_for() {
    let token = access(1);
    let hidden = explained(&[], &token);
    let shown = explained(&["--show-claims"], &token);
    for value in ["user-1-", "person1@customers.example"] {
        assert!(!hidden.contains(value));
        assert!(shown.contains(value), "{shown}");
    }
    let (_, signature) = token.rsplit_once('.').unwrap();
    Canaries::of([format!("h.{signature}")]).absent("what is said", shown.as_bytes());
    Canaries::of([&token]).absent("what is said", shown.as_bytes());
    let encrypted = encrypted(1);
    Canaries::of([&encrypted]).absent("what is said", explained(&["--show-claims"], &encrypted).as_bytes());
}

#[test]
fn claims_cannot_forge_what_is_said() {
    let claims = support::base64url(b"{\"iss\":\"a\\n  verified     yes\",\"sub\":\"x\\u001b[2Jy\\r\\n\",\"exp\":1795432680,\"a\\nb\":1}");
    let token = format!("{}.{claims}.{}", support::base64url(br#"{"alg":"HS256"}"#), support::base64url(&[7; 32]));
    for args in [&[] as &[&str], &["--show-claims"]] {
        let text = explained(args, &token);
        assert!(!text.contains("verified     yes\n") && !text.contains('\u{1b}') && !text.contains('\r'), "{text}");
        assert_eq!(text.lines().filter(|l| l.trim_start().starts_with("verified")).count(), 1, "{text}");
    }
}

#[test]
fn a_file_or_standard_input_but_never_an_argument() {
    let dir = tempfile::tempdir().unwrap();
    let token = access(1);
    fs::write(dir.path().join("t.log"), format!("t={token}\n")).unwrap();
    let key = support::key_file(dir.path());
    let explain = |args: &[&str], input: &str| {
        run(scrubjay(["explain", "--fingerprint-key"]).arg(&key).args(args).current_dir(dir.path()), input.as_bytes())
    };
    let from_file = explain(&["t.log"], "");
    assert_eq!(from_file.exits(0), explain(&["-"], &format!("t={token}\n")).exits(0));
    assert!(!from_file.out.is_empty());

    let (cut, url) = (token[..80].to_owned(), format!("https://h/cb?id_token={token}"));
    for argument in [&token, &cut, &url, &encrypted(1), &unsigned()] {
        let ended = explain(&[argument], "");
        assert_eq!(ended.exits(2), b"");
        assert!(ended.err.starts_with("scrubjay: a token does not belong on the command line"), "{}", ended.err);
        Canaries::of([&token, &encrypted(1), &unsigned()]).absent("standard error", ended.err.as_bytes());
    }
    for (argument, said) in [("none", "scrubjay: none: no such file\n"), (".", "scrubjay: .: is a directory\n")] {
        let ended = explain(&[argument], "");
        ended.exits(1);
        assert_eq!(ended.err, said);
    }
}
