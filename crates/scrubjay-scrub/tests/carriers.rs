//! A marker is safe in its carrier (DESIGN §6): where a token was, the record still parses with the parser of its own format, every
//! other field is as it was, the token's field is the marker, and no decoder changes a marker.
//!
//! The parsers are Python's own (`carriers/parse.py`), apart from YAML's.

mod support;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use regex::Regex;
use scrubjay_scrub::Limits;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::Form;
use serde_json::{Value, json};
use support::whole;

/// How a text is written into a carrier so that the carrier means it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    /// As it is. Only for what needs no escapes there.
    Plain,
    /// As JSON, unquoted: an object in a record.
    Json,
    /// Inside quotes that a backslash escapes.
    Backslash,
    /// Percent-encoded.
    Percent,
    /// Quotes doubled.
    Doubled,
    /// `&quot;` and its like.
    Entities,
}

impl Writing {
    fn write(self, text: &str) -> String {
        match self {
            Self::Plain | Self::Json => text.to_owned(),
            Self::Backslash => text.replace('\\', "\\\\").replace('"', "\\\""),
            Self::Percent => text.bytes().fold(String::new(), |mut out, b| {
                let _ =
                    if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) { write!(out, "{}", b as char) } else { write!(out, "%{b:02X}") };
                out
            }),
            Self::Doubled => text.replace('"', "\"\""),
            Self::Entities => text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;"),
        }
    }

    /// Whether a text of this kind can stand there.
    fn takes(self, text: &str) -> bool {
        match self {
            Self::Plain => text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)),
            Self::Json => text.starts_with('{'),
            _ => true,
        }
    }
}

/// Format, record with `@@` where the token goes, how it is written there, and the path of its field.
const CARRIERS: &[(&str, &str, Writing, &str)] = &[
    ("json", r#"{"a":"é\n","token":"@@","b":[1e400,-0.0,{"c":null}],"a":2}"#, Writing::Backslash, ".token"),
    ("json", r#"{"msg":"got Bearer @@, then \"x\"","n":1}"#, Writing::Backslash, ".msg"),
    ("json", r#"{"a":[true,"@@",false]}"#, Writing::Backslash, ".a.1"),
    ("json", r#"{"a":1,"token":@@,"b":2}"#, Writing::Json, ".token"),
    ("json", r#"[@@,1]"#, Writing::Json, ".0"),
    ("json", r#"@@"#, Writing::Json, ""),
    ("json", r#"{"u":"/cb?id_token=@@&state=x","n":"1"}"#, Writing::Percent, ".u"),
    ("csv", "a,@@,\"b,\"\"c\"", Writing::Plain, "0.1"),
    ("csv", "a,\"@@\",\"b,\"\"c\"", Writing::Doubled, "0.1"),
    ("csv;", "a;@@;b", Writing::Plain, "0.1"),
    ("tsv", "a\t@@\tb", Writing::Plain, "0.1"),
    ("form", "grant_type=x&assertion=@@&scope=a+b", Writing::Percent, "query.assertion"),
    ("url", "https://h.example:8443/cb?a=%26&access_token=@@&b=c%3Dd#end", Writing::Percent, "query.access_token"),
    ("url", "https://h.example/cb?x=@@", Writing::Percent, "query.x"),
    ("url", "https://h.example/cb#@@", Writing::Plain, "fragment"),
    ("url", "https://h.example/a/@@/b?c=d", Writing::Plain, "path.2"),
    ("url", "https://h.example/@@", Writing::Plain, "path.1"),
    ("url", "https://jo:@@@h.example:8443/a/b?c=d", Writing::Plain, "password"),
    ("cookie", "lang=en; session=@@; theme=dark", Writing::Plain, "session"),
    ("cookie", "lang=en; id_token=\"@@\"; theme=dark", Writing::Plain, "id_token"),
    ("cookie", "sid=@@; Path=/; HttpOnly; Max-Age=60", Writing::Plain, "sid"),
    ("header", "Host: h.example\r\nAuthorization: Bearer @@\r\nAccept: */*", Writing::Plain, "Authorization"),
    ("header", "Host: h.example\r\nX-Forwarded-Access-Token: @@\r\nAccept: */*", Writing::Plain, "X-Forwarded-Access-Token"),
    (
        "combined",
        r#"203.0.113.7 - jo [23/Nov/2026:11:00:01 +0000] "GET /cb?id_token=@@&state=a%20b HTTP/1.1" 200 12 "-" "curl/8.5 (x; \"y\")""#,
        Writing::Percent,
        "request.query.id_token",
    ),
    (
        "combined",
        r#"203.0.113.7 - jo [23/Nov/2026:11:00:01 +0000] "GET /t/@@/x HTTP/1.1" 404 - "https://h.example/?a=b" "x""#,
        Writing::Plain,
        "request.path.2",
    ),
    (
        "combined",
        r#"203.0.113.7 - jo [23/Nov/2026:11:00:01 +0000] "GET / HTTP/1.1" 200 12 "https://h.example/cb?code=1&access_token=@@" "x""#,
        Writing::Percent,
        "referer.query.access_token",
    ),
    ("combined", r#"203.0.113.7 - @@ [23/Nov/2026:11:00:01 +0000] "GET / HTTP/1.1" 200 12"#, Writing::Plain, "user"),
    ("logfmt", "at=info token=@@ took=3ms flag msg=\"it is \\\"so\\\"\"", Writing::Plain, "token"),
    ("logfmt", "at=info msg=\"got @@ here\" took=3ms", Writing::Backslash, "msg"),
    ("cef", r"CEF:0|Acme|Gate|1.0|100|log\|in|5|src=10.0.0.1 cs1=@@ cs1Label=token msg=a \= b", Writing::Plain, "cs1"),
    ("cef", "CEF:0|Acme|Gate|1.0|100|login|5|msg=refused @@ today src=10.0.0.1", Writing::Plain, "msg"),
    ("cef", "CEF:0|Acme|Gate|1.0|@@|login|5|src=10.0.0.1", Writing::Plain, "header.4"),
    ("sd", r#"[auth@32473 user="jo" token="@@" note="a\]b"] and more"#, Writing::Plain, "token"),
    ("xml", r#"<e a="1"><t kind="x">@@</t>tail<u/></e>"#, Writing::Entities, "/e.0/t"),
    ("xml", r#"<e a="1" token="@@" b="&lt;2&gt;">text</e>"#, Writing::Entities, "/e@token"),
    ("xml", r#"<e><![CDATA[ @@ ]]></e>"#, Writing::Plain, "/e"),
    ("yaml", "{a: 1, token: @@, b: [2, c]}", Writing::Plain, "token"),
    ("yaml", "{a: 1, token: \"@@\", b: [2, c]}", Writing::Backslash, "token"),
    ("yaml", "token: @@", Writing::Plain, "token"),
    ("yaml", "- @@ # remark", Writing::Plain, "0"),
];

/// Tokens of every form on one line, with claims that hope to break out, and a credential that is no token.
fn credentials() -> Vec<String> {
    let forms = [
        Form::Jws,
        Form::JwsNone,
        Form::JwsDetached,
        Form::JwsNested,
        Form::Jwe,
        Form::JweDirect,
        Form::SdJwt,
        Form::SdJwtBound,
        Form::JsonJwsFlat,
        Form::JsonJwsGeneral,
        Form::JsonJweFlat,
        Form::JsonJweGeneral,
        Form::JwkRsa,
        Form::JwkEc,
        Form::JwkOct,
    ];
    let mut all: Vec<String> = forms.iter().enumerate().map(|(i, form)| form.make(&mut Random::new(i as u64)).text).collect();
    // As compact JSON: how objects are laid out is not what this is about, and a line is a record.
    for text in &mut all {
        if let Ok(Value::Object(object)) = serde_json::from_str(text) {
            *text = Value::Object(object).to_string();
        }
    }
    let odd = ["jo@example.org", "a&b=c;d, \"e\"|f\\g", "%2522<x>&lt;&#34;", "=?utf-8?q?x?=\r\n\u{1b}[31m", "é\u{0}"];
    for (i, value) in odd.iter().enumerate() {
        let header = json!({"alg": value, "typ": value, "cty": value, "kid": value, "enc": value});
        let mut claims =
            json!({"iss": value, "aud": [value, "api", format!("https://{value}/x")], "sub": value, "exp": 1_795_435_200, "iat": 1e9});
        claims["client_id"] = json!(format!("{value}{i}"));
        claims["scope"] = json!("a b");
        let part = |v: &Value| scrubjay_testkit::tokens::base64_url(v.to_string().as_bytes());
        let signature = scrubjay_testkit::tokens::base64_url(&Random::new(900 + i as u64).bytes(64));
        all.push(format!("{}.{}.{signature}", part(&header), part(&claims)));
    }
    all.push("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".to_owned());
    all
}

/// Asks Python, which answers each job with one value.
fn ask(jobs: &[Value]) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/carriers/parse.py");
    let mut child =
        Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("tests/run installs python3");
    let mut stdin = child.stdin.take().expect("a pipe");
    let text: String = jobs.iter().map(|job| format!("{job}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let out = child.wait_with_output().expect("python3 ends");
    writer.join().expect("no panic").expect("python3 reads all of it");
    assert!(out.status.success(), "python3: {}", out.status);
    let answers: Vec<Value> =
        out.stdout.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
    assert_eq!(answers.len(), jobs.len(), "an answer to each");
    answers
}

/// YAML as saphyr-parser reads it, in the form of Python's answers.
fn yaml(text: &str) -> Value {
    use saphyr_parser::{Event, Parser};
    // Paths of what is open, each with the name or number of the next value in it.
    let mut open: Vec<(bool, Option<String>, usize)> = Vec::new();
    let mut fields = Vec::new();
    for event in Parser::new_from_str(text) {
        match event {
            Err(error) => return json!({"error": error.to_string()}),
            Ok((Event::MappingStart(..), _)) => open.push((true, None, 0)),
            Ok((Event::SequenceStart(..), _)) => open.push((false, None, 0)),
            Ok((Event::MappingEnd | Event::SequenceEnd, _)) => {
                open.pop();
                settle(&mut open);
            }
            Ok((Event::Scalar(value, ..), _)) => match open.last_mut() {
                Some((true, name @ None, _)) => *name = Some(value.to_string()),
                _ => {
                    let path: Vec<String> = open.iter().map(|(_, name, i)| name.clone().unwrap_or_else(|| i.to_string())).collect();
                    fields.push(json!([path.join("."), value]));
                    settle(&mut open);
                }
            },
            Ok(_) => {}
        }
    }
    json!({"fields": fields})
}

/// A value is there: the next one has another name or number.
fn settle(open: &mut [(bool, Option<String>, usize)]) {
    if let Some((_, name, i)) = open.last_mut() {
        *name = None;
        *i += 1;
    }
}

fn scrubbed(record: &str) -> String {
    let out = whole(Limits::default(), format!("{record}\n").as_bytes());
    let out = String::from_utf8(out).expect("text stays text");
    assert_eq!(out.matches('\n').count(), record.matches('\n').count() + 1, "lines stay lines: {out}");
    out.strip_suffix('\n').expect("the line end stays").to_owned()
}

fn markers() -> Regex {
    Regex::new(r#"(?:"|%22)?(jwt|jwe|sdjwt|jwk|pem|secret)\([A-Za-z0-9._/:@!~-]*\)(?:"|%22)?"#).unwrap()
}

/// The fields that are the token's (its path, or below it), and the others.
fn divide<'a>(answer: &'a Value, path: &str) -> (Vec<&'a Value>, Vec<&'a Value>) {
    let below = format!("{path}.");
    let is_tokens = |field: &&Value| field[0] == path || field[0].as_str().is_some_and(|p| p.starts_with(&below));
    answer["fields"].as_array().expect("fields").iter().partition(is_tokens)
}

#[test]
fn records_parse_and_only_the_field_of_the_token_is_another() {
    let credentials = credentials();
    let mut cases = Vec::new();
    for &(format, record, writing, path) in CARRIERS {
        for credential in credentials.iter().filter(|c| writing.takes(c)) {
            let before = record.replace("@@", &writing.write(credential));
            let after = scrubbed(&before);
            cases.push((format, path, [credential.clone(), writing.write(credential)], before, after));
        }
    }
    let jobs: Vec<Value> = cases
        .iter()
        .filter(|(format, ..)| *format != "yaml")
        .flat_map(|(format, _, _, before, after)| [before, after].map(|text| json!({"format": format, "text": text})))
        .collect();
    let mut answers = ask(&jobs).into_iter();
    let mut failures = Vec::new();
    for (format, path, credential, before, after) in &cases {
        let pair = if *format == "yaml" { (yaml(before), yaml(after)) } else { (answers.next().unwrap(), answers.next().unwrap()) };
        if let Err(why) = compare(&pair, path, credential) {
            failures.push(format!("{format}: {why}\n  before {before}\n  after  {after}"));
        }
    }
    assert!(cases.len() > 400, "{} cases", cases.len());
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        cases.len(),
        failures.iter().take(20).cloned().collect::<Vec<_>>().join("\n")
    );
}

fn compare((before, after): &(Value, Value), path: &str, written: &[String; 2]) -> Result<(), String> {
    if let Some(error) = before.get("error") {
        return Err(format!("the test's own record does not parse: {error}"));
    }
    if let Some(error) = after.get("error") {
        return Err(format!("does not parse: {error}"));
    }
    let ((was, others), (is, still)) = (divide(before, path), divide(after, path));
    if others != still {
        return Err(format!("another field has changed: {others:?}, now {still:?}"));
    }
    let [is] = is.as_slice() else { return Err(format!("the token's field: {is:?}")) };
    let is = is[1].as_str().ok_or("the token's field is no text")?;
    let markers = markers();
    let found: Vec<&str> = markers.find_iter(is).map(|m| m.as_str()).collect();
    if let ([was], false) = (was.as_slice(), found.is_empty()) {
        let was = was[1].as_str().unwrap_or_default();
        // A parser takes off the escapes of its own format; what is encoded inside of it stays.
        let parts = written.iter().find_map(|credential| was.split_once(credential.as_str()));
        let (prefix, suffix) = parts.unwrap_or_else(|| panic!("the credential is not in its own record: {was}"));
        return match (is.strip_prefix(prefix).and_then(|is| is.strip_suffix(suffix)), found.as_slice()) {
            (Some(is), [marker]) if is == *marker => Ok(()),
            _ => Err(format!("around the marker: {is}")),
        };
    }
    // An object has become a string.
    match found.as_slice() {
        [marker] if *marker == is => Ok(()),
        _ => Err(format!("no marker: {is}")),
    }
}

/// To a URL parser the colon of a marker that is the whole userinfo divides user and password. Everything else is as it was.
#[test]
fn a_token_that_is_the_whole_userinfo() {
    let url = |user: &str| json!({"format": "url", "text": format!("https://{user}@h.example:8443/a/b?c=d#e")});
    let token = credentials().swap_remove(0);
    let out = scrubbed(url(&token)["text"].as_str().unwrap());
    let answers = ask(&[url(&token), json!({"format": "url", "text": out})]);
    let fields = |i: usize| answers[i]["fields"].as_array().expect("fields").clone();
    let of = |i: usize, name: &str| fields(i).iter().find(|f| f[0] == name).map(|f| f[1].as_str().unwrap_or_default().to_owned()).unwrap();
    let userinfo = format!("{}:{}", of(1, "user"), of(1, "password"));
    assert!(userinfo.starts_with("jwt(fp:f") && userinfo.ends_with(')'), "{userinfo}");
    assert_eq!(scrubbed(&out), out, "what looks like a password is the end of a marker");
    let others = |i: usize| fields(i).into_iter().filter(|f| f[0] != "user" && f[0] != "password").collect::<Vec<_>>();
    assert_eq!(others(0), others(1));
}

#[test]
fn no_decoder_changes_a_marker() {
    let mut markers: Vec<String> = Vec::new();
    for credential in credentials() {
        for record in [format!("token {credential} end"), format!("https://h.example/a/{credential}/b")] {
            let out = scrubbed(&record);
            markers.extend(self::markers().find_iter(&out).map(|m| m.as_str().trim_matches('"').to_owned()));
        }
    }
    markers.extend(["budget", "oversize"].map(|why| scrubjay_scrub::withheld_marker("jwt", why)));
    markers.push(scrubjay_scrub::secret_marker("http/basic-auth", Some("budget")));
    assert!(markers.len() > 30, "{}", markers.len());
    let answers = ask(&markers.iter().map(|marker| json!({"decode": marker})).collect::<Vec<_>>());
    let mut failures = Vec::new();
    for (marker, answer) in markers.iter().zip(&answers) {
        match answer.get("texts").and_then(Value::as_object) {
            Some(texts) => {
                failures.extend(texts.iter().filter(|(_, text)| *text != marker).map(|(how, text)| format!("{how}: {marker} → {text}")))
            }
            None => failures.push(format!("{marker}: {answer}")),
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.iter().take(20).cloned().collect::<Vec<_>>().join("\n"));
}
