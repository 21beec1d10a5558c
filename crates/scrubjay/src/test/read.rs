//! Tests as they are written.

use scrubjay_token::base64;
use scrubjay_yaml::{At, Document, Fields, Kind, Mistakes, Node, Notes, Value, entries, parse, quoted};

const DOCUMENT: Document = Document { noun: "the file", needs: "it needs a policy and tests" };
/// Signature of a token that a test asks for: as long as one of ES256, and no signature of anything.
const SIGNATURE: [u8; 64] = *b"scrubjay made this token for a test: it was never signed by ...!";

/// One test.
pub(super) struct Test {
    pub(super) name: String,
    pub(super) place: (usize, usize),
    pub(super) input: String,
    /// The token in it was made here, so it is nobody's.
    pub(super) made: bool,
    pub(super) source: String,
    pub(super) checks: Vec<Check>,
}

/// What has to be true of the output.
pub(super) enum Check {
    /// It is this text, in which `*` stands for anything.
    Output(String),
    /// The values of these claims are not in it, in any encoding that is looked for.
    Hides(Vec<String>),
    /// Its markers have these names with these values.
    Shows(Vec<(String, String)>),
    /// Its first marker has this class.
    Class(String),
    /// This rule of the policy decided.
    Rule(String),
    /// It is the input.
    Unchanged,
}

/// Whether a file has what only pipeline files have. What is no YAML is told by whoever reads it as a policy.
pub(crate) fn is_pipeline(text: &str) -> bool {
    let mut notes = Notes::new("", DOCUMENT);
    let Some(root) = parse(text, &mut notes) else { return false };
    let Kind::Map(members) = &root.kind else { return false };
    members.iter().any(|(key, _)| matches!(key.text.as_str(), "pipelines" | "sources" | "sinks"))
}

/// The tests of a file.
///
/// # Errors
/// Every mistake, with its place and remedy.
pub(super) fn tests(file: &str, text: &str) -> Result<Vec<Test>, Mistakes> {
    let mut notes = Notes::new(file, DOCUMENT);
    let tests = parse(text, &mut notes).map(|root| read(&root, &mut notes)).unwrap_or_default();
    let (mistakes, _) = notes.finish();
    if mistakes.list.is_empty() { Ok(tests) } else { Err(mistakes) }
}

fn read(root: &Node, notes: &mut Notes) -> Vec<Test> {
    let Some(value) = Fields::of(root, "the file", notes).and_then(|f| f.get("tests")) else { return Vec::new() };
    let Kind::List(items) = &value.node.kind else {
        notes.mistake(value.node.place, "\"tests\" must be a list", "write each test as \"- name: …\" with \"input:\" below");
        return Vec::new();
    };
    items.iter().enumerate().filter_map(|(i, item)| test(item, i + 1, notes)).collect()
}

fn test(item: &Node, number: usize, notes: &mut Notes) -> Option<Test> {
    let owner = format!("test {number}");
    let fields = Fields::of(item, &owner, notes)?;
    fields.only(&["name", "input", "token", "source", "output", "hides", "shows", "class", "rule", "unchanged"], notes);
    let text = |name: &str, notes: &mut Notes| fields.get(name).and_then(|v| raw(&v, notes));
    let name = text("name", notes).unwrap_or(owner);
    let token = fields.get("token").map(|v| made(&v, notes));
    let input = fields.require("input", "write the line that is scrubbed", notes).and_then(|v| raw(&v, notes))?;
    let has_place = input.contains("{token}");
    let input = match &token {
        Some(token) if !has_place => {
            notes.mistake(
                item.place,
                format!("{} has a \"token\" and no place for it", quoted(&name)),
                "write {token} where it stands in \"input\"",
            );
            token.clone().unwrap_or_default()
        }
        Some(token) => input.replace("{token}", token.as_deref().unwrap_or_default()),
        None => input,
    };
    let mut checks = Vec::new();
    checks.extend(text("output", notes).map(Check::Output));
    checks.extend(fields.get("hides").map(|v| Check::Hides(v.texts(notes).into_iter().map(|at| at.value).collect())));
    checks.extend(fields.get("shows").and_then(|v| pairs(&v, notes)).map(Check::Shows));
    checks.extend(text("class", notes).map(Check::Class));
    checks.extend(text("rule", notes).map(Check::Rule));
    if fields.get("unchanged").and_then(|v| v.choice(&[("true", true), ("false", false)], notes)).is_some_and(|at| at.value) {
        checks.push(Check::Unchanged);
    }
    if checks.is_empty() {
        notes.mistake(item.place, format!("{} checks nothing", quoted(&name)), "add output, hides, shows, class, rule or unchanged");
    }
    let source = text("source", notes).unwrap_or_else(|| "test".to_owned());
    Some(Test { name, place: (item.place.line, item.place.column), input, made: token.is_some(), source, checks })
}

/// A text as it stands, line ends included.
fn raw(value: &Value<'_>, notes: &mut Notes) -> Option<String> {
    match &value.node.kind {
        Kind::Plain(text) | Kind::Quoted(text) => Some(text.clone()),
        _ => value.text(notes).map(|At { value, .. }| value),
    }
}

fn pairs(value: &Value<'_>, notes: &mut Notes) -> Option<Vec<(String, String)>> {
    let members = entries(value.node, &value.label, notes)?;
    let mut pairs = Vec::new();
    for (key, node) in members {
        let value = Value { node, label: format!("{} of {}", quoted(&key.text), value.label) };
        pairs.extend(raw(&value, notes).map(|text| (key.text.clone(), text)));
    }
    Some(pairs)
}

/// A compact JWS of the members that a test gives. It was never signed.
fn made(value: &Value<'_>, notes: &mut Notes) -> Option<String> {
    let fields = Fields::of(value.node, &value.label, notes)?;
    fields.only(&["header", "claims"], notes);
    let part = |name: &str, default: &str| {
        let mut json = String::new();
        match fields.get(name) {
            Some(value) => write(value.node, &mut json),
            None => json.push_str(default),
        }
        base64::encode(json.as_bytes())
    };
    let (header, claims) = (part("header", r#"{"alg":"ES256","typ":"JWT"}"#), part("claims", "{}"));
    Some(format!("{header}.{claims}.{}", base64::encode(&SIGNATURE)))
}

/// YAML as the JSON that it stands for.
fn write(node: &Node, out: &mut String) {
    match &node.kind {
        Kind::Null => out.push_str("null"),
        Kind::Plain(text) if matches!(text.as_str(), "true" | "false") || is_json_number(text) => out.push_str(text),
        Kind::Plain(text) | Kind::Quoted(text) => out.push_str(&serde_json::Value::from(text.as_str()).to_string()),
        Kind::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Kind::Map(members) => {
            out.push('{');
            for (i, (key, value)) in members.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                out.push_str(&serde_json::Value::from(key.text.as_str()).to_string());
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn is_json_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok()
}
