//! The schemas say what the readers accept, neither more nor less, as far as a schema can see. They are judged by Python's
//! jsonschema, which `tests/install-interop.sh` installs; what the readers accept they say themselves, in their remedies.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use scrubjay_scrub::Policy;
use scrubjay_token::{Class, Risk};
use scrubjay_yaml::{Document, Kind, Mistakes, Node, Notes};
use serde_json::{Map, Value, json};

use super::{SchemaOf, pipeline, text};
use crate::config;

// ---- The validator ----

struct Validator {
    _child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// One process for all tests; it ends when this one does, because its input ends.
static VALIDATOR: LazyLock<Mutex<Validator>> = LazyLock::new(|| {
    let cache = std::env::var_os("SCRUBJAY_TEST_CACHE").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or("/root".into())).join(".cache/scrubjay-tests");
    let packages = cache.unwrap_or_else(home).join("interop");
    assert!(packages.join("jsonschema").is_dir(), "no jsonschema in {}: run tests/install-interop.sh (or tests/run)", packages.display());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/schema.py");
    let mut python = Command::new("python3");
    python.arg(script).env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONWARNINGS", "ignore");
    let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut ask, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    writeln!(ask, "{}", json!({"pipeline": pipeline(), "policy": policy()})).unwrap();
    Mutex::new(Validator { _child: child, ask, answers })
});

fn policy() -> Value {
    serde_json::from_str(&text(SchemaOf::Policy)).unwrap()
}

/// Why a schema refuses an instance.
fn refusal(schema: &str, instance: &Value) -> Option<String> {
    let mut validator = VALIDATOR.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    writeln!(validator.ask, "{}", json!([schema, instance])).unwrap();
    let mut answer = String::new();
    validator.answers.read_line(&mut answer).unwrap();
    assert!(!answer.is_empty(), "the validator has ended");
    Some(answer.trim_end().to_owned()).filter(|answer| answer != "ok")
}

/// What YAML 1.2 makes of a text; `None`: it is no YAML, or not to our reader.
fn instance(yaml: &str) -> Option<Value> {
    let mut notes = Notes::new("", Document { noun: "", needs: "" });
    let root = scrubjay_yaml::parse(yaml, &mut notes)?;
    (!notes.has_mistakes()).then(|| json_of(&root))
}

fn json_of(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Plain(text) => match text.as_str() {
            "true" | "True" | "TRUE" => true.into(),
            "false" | "False" | "FALSE" => false.into(),
            _ => text.trim_start_matches('+').parse().map_or_else(|_| Value::from(text.as_str()), Value::Number),
        },
        Kind::Quoted(text) => text.as_str().into(),
        Kind::List(items) => items.iter().map(|item| json_of(item)).collect(),
        Kind::Map(members) => members.iter().map(|(key, value)| (key.text.clone(), json_of(value))).collect::<Map<_, _>>().into(),
    }
}

// ---- What is right, what is wrong ----

/// What a schema can see: fields, types, words, whole numbers. Not places, files, names that stand for each other, amounts
/// with units.
fn is_visible(mistake: &str, remedy: &str) -> bool {
    // What a file is like that is named.
    if mistake.starts_with("the key file ") || mistake.starts_with("the secret file ") {
        return false;
    }
    let amount = mistake.contains(" is out of range: ") || mistake.contains(" is negative: ");
    let shape = [
        "unknown field ",
        " has no field ",
        " cannot be ",
        " must be ",
        " must not be empty",
        " is empty",
        " has more than 256 ",
        " is no name of ",
        " is not known",
        " has a field of its own",
        " is set by scrubjay",
    ];
    shape.iter().any(|said| mistake.contains(said)) || amount && remedy.contains("a whole number")
}

/// For the tables of mistakes in pipeline files: the schema refuses what the reader refuses in shape, and takes what it takes.
#[track_caller]
pub(crate) fn agrees(yaml: &str, wrong: Option<&Mistakes>) {
    let Some(instance) = instance(yaml) else { return };
    let refusal = refusal("pipeline", &instance);
    match wrong {
        None => assert_eq!(refusal, None, "the schema refuses what is right:\n{yaml}"),
        Some(wrong) => {
            // What is wrong in another file is for that file's schema.
            let visible = wrong.list.iter().find(|m| m.place.is_some() && !m.what.contains(".yaml") && is_visible(&m.what, &m.remedy));
            assert!(visible.is_none() || refusal.is_some(), "the schema takes {}:\n{yaml}", visible.map_or("", |m| &m.what));
        }
    }
}

#[track_caller]
fn check_policy(yaml: &str) {
    let refusal = refusal("policy", &instance(yaml).unwrap());
    let wrong = Policy::parse("p.yaml", yaml).err().or_else(|| crate::test::mistakes(yaml));
    assert_eq!(
        refusal.is_some(),
        wrong.is_some(),
        "{yaml}\nschema: {refusal:?}\nreader: {}",
        wrong.map_or(String::new(), |w| w.to_string())
    );
}

#[test]
fn every_file_of_ours_is_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for (folder, schema) in [("pipelines", "pipeline"), ("pipelines/sealing", "pipeline"), ("pipelines/policies", "policy")] {
        for file in glob::glob(root.join(folder).join("*.yaml").to_str().unwrap()).unwrap().map(Result::unwrap) {
            let text = fs::read_to_string(&file).unwrap();
            assert_eq!(refusal(schema, &instance(&text).unwrap()), None, "{}", file.display());
            count += 1;
        }
    }
    assert!(count >= 11, "{count} files");
    assert_eq!(
        refusal("policy", &instance(scrubjay_scrub::policy::DEFAULT_POLICY.replace("name: default", "name: d").as_str()).unwrap()),
        None
    );
}

#[test]
fn policies_that_are_right_or_wrong_in_shape() {
    let rule = |more: &str| format!("policy: [{{match: {{}}, claims: {{}}, {more}}}]\n");
    let claims = |lines: &str| format!("policy: [{{match: {{}}, claims: {{{lines}}}}}]\n");
    let matches = |conditions: &str| format!("policy: [{{match: {{{conditions}}}, claims: {{}}}}]\n");
    for right in [
        "policy: []\n".to_owned(),
        "version: 1\ntenant: t\nrisks: {show: all, lifetime_max: 1h}\nfield: {preset: otel}\npolicy: [{match: {}}]\n".to_owned(),
        "risks: {show: [no-audience], scopes_max: 0}\npolicy: []\n".to_owned(),
        rule("name: a, header: {kid: pseudonym, alg: {show: none}}, placement: field, seal_to: field"),
        rule("seal_to: sidecar, extends: default"),
        claims("sub: keep, a.b: {show: none, seal: [soc, b.c]}, \"*\": none, \"a.*\": count, \"/a~1b/c*\": mask, x: {as: n}, y: {}"),
        matches("class: id, kind: [jwt, jwe], iss: \"https://*\", audiences: {min: 1, max: 2}, cut: false, risk: alg-none, has: [a]"),
        "policy: []\ntests: [{input: 17, output: x}, {input: '{token}', token: {claims: {a: 1}}, shows: {aud: 2}}]\n".to_owned(),
    ] {
        check_policy(&right);
        assert!(Policy::parse("p.yaml", &right).is_ok(), "{right}");
    }
    for wrong in [
        "{}\n".to_owned(),
        "version: 2\npolicy: []\n".to_owned(),
        "policy: {}\n".to_owned(),
        "policy: [{claims: {}}]\n".to_owned(),
        "polcy: []\npolicy: []\n".to_owned(),
        "risks: {show: [], lifetime_max: 5}\npolicy: []\n".to_owned(),
        "risks: {show: some}\npolicy: []\n".to_owned(),
        "risks: {scopes_max: -1}\npolicy: []\n".to_owned(),
        "field: {preset: splunk}\npolicy: []\n".to_owned(),
        "field: {}\npolicy: []\n".to_owned(),
        "tenant: 7\npolicy: []\n".to_owned(),
        rule("name: default"),
        rule("header: {kid: mask}"),
        rule("header: {alg: {}}"),
        rule("header: {jku: none}"),
        rule("placement: beside"),
        rule("seal_to: field"),
        claims("sub: pseudonim"),
        claims("sub: {show: keep, to: x}"),
        claims("a*b: keep"),
        claims("/a~2: keep"),
        claims("sub: {seal: ['a b']}"),
        claims("sub: {seal: []}"),
        claims("sub: {as: 'a b'}"),
        claims("sub: [keep]"),
        matches("class: idd"),
        matches("class: []"),
        matches("audiences: 3"),
        matches("audiences: {min: 10001}"),
        matches("cut: maybe"),
        matches("iss: {}"),
        "policy: []\ntests: [{output: x}]\n".to_owned(),
        "policy: []\ntests: [{input: x}]\n".to_owned(),
        "policy: []\ntests: [{input: x, unchanged: false}]\n".to_owned(),
        "policy: []\ntests: {}\n".to_owned(),
        "policy: []\ntests: [{input: x, shows: [a]}]\n".to_owned(),
    ] {
        check_policy(&wrong);
        assert!(refusal("policy", &instance(&wrong).unwrap()).is_some(), "{wrong}");
    }
}

// ---- One source of truth: the readers ----

/// A word that is near to none that is known, so that a remedy lists all.
const STRANGER: &str = "zzzzzzzzzz";

/// What a reader says of a text, each mistake with its remedy.
fn said(schema: &str, yaml: &str) -> Vec<(String, String)> {
    let wrong = match schema {
        "policy" if yaml.contains("tests:") => crate::test::mistakes(yaml),
        "policy" => Policy::parse("p.yaml", yaml).err(),
        _ => config::load_str(yaml, Path::new("/base/p.yaml")).err(),
    };
    wrong.map_or_else(Vec::new, |wrong| wrong.list.into_iter().map(|m| (m.what, m.remedy)).collect())
}

/// The words that a remedy lists: `it can have a, b`, `it can be a, b`.
fn listed(schema: &str, yaml: &str, what: &str) -> BTreeSet<String> {
    let said = said(schema, yaml);
    let remedies = said.iter().filter(|(mistake, _)| mistake.contains(STRANGER)).filter_map(|(_, remedy)| remedy.strip_prefix(what));
    let lists: Vec<&str> = remedies.collect();
    let [list] = lists.as_slice() else { panic!("{yaml}: {said:?}") };
    list.split(", ").map(str::to_owned).collect()
}

/// Places in a schema where something holds, but not in conditions.
fn places(value: &Value, at: &str, holds: &dyn Fn(&Value) -> bool, out: &mut BTreeSet<String>) {
    if holds(value) {
        out.insert(at.to_owned());
    }
    let mut each = |name: &str, value: &Value| places(value, &format!("{at}/{name}"), holds, out);
    match value {
        Value::Object(members) => {
            members.iter().filter(|(n, _)| !["if", "then", "not"].contains(&n.as_str())).for_each(|(n, v)| each(n, v))
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| each(&i.to_string(), v)),
        _ => {}
    }
}

/// Every place of a schema where `holds` is in the table, and there it says what the reader says.
#[track_caller]
fn check(table: &[(&str, &str, String)], holds: &dyn Fn(&Value) -> bool, of_schema: &dyn Fn(&Value) -> BTreeSet<String>, what: &str) {
    for (name, schema) in [("policy", policy()), ("pipeline", serde_json::from_str(super::PIPELINE).unwrap())] {
        let mut there = BTreeSet::new();
        places(&schema, "", holds, &mut there);
        let known: BTreeSet<String> = table.iter().filter(|(n, ..)| *n == name).map(|(_, at, _)| (*at).to_owned()).collect();
        assert_eq!(there, known, "places in the schema of {name}, and those that are checked");
        for (_, at, yaml) in table.iter().filter(|(n, ..)| *n == name) {
            assert_eq!(of_schema(schema.pointer(at).unwrap()), listed(name, yaml, what), "{name} {at}");
        }
    }
}

fn in_policy(at: &'static str, yaml: &str) -> (&'static str, &'static str, String) {
    ("policy", at, yaml.replace("ZZ", STRANGER))
}

fn in_pipeline(at: &'static str, yaml: &str) -> (&'static str, &'static str, String) {
    let mut text = yaml.replace("ZZ", STRANGER);
    for (field, rest) in [
        ("sources:", "sources: {in: {type: stdin}}\n"),
        ("sinks:", "sinks: {out: {type: stdout}}\n"),
        ("pipelines:", "pipelines: [{from: in, to: out}]\n"),
    ] {
        if !text.contains(field) {
            text.push_str(rest);
        }
    }
    ("pipeline", at, text)
}

#[test]
fn fields() {
    let table = [
        in_policy("/$defs/policy.file", "policy: []\nZZ: 1\n"),
        in_policy("/$defs/policy.file/properties/field", "policy: []\nfield: {preset: ecs, ZZ: 1}\n"),
        in_policy("/$defs/policy.rule", "policy: [{match: {}, ZZ: 1}]\n"),
        in_policy("/$defs/policy.rule/properties/header", "policy: [{match: {}, header: {ZZ: none}}]\n"),
        in_policy("/$defs/policy.match", "policy: [{match: {ZZ: 1}}]\n"),
        in_policy("/$defs/policy.match/properties/audiences", "policy: [{match: {audiences: {ZZ: 1}}}]\n"),
        in_policy("/$defs/policy.parameter/oneOf/1", "policy: [{match: {}, header: {alg: {show: none, ZZ: 1}}}]\n"),
        in_policy("/$defs/policy.kid/oneOf/1", "policy: [{match: {}, header: {kid: {show: none, ZZ: 1}}}]\n"),
        in_policy("/$defs/policy.answer/oneOf/1", "policy: [{match: {}, claims: {a: {ZZ: 1}}}]\n"),
        in_policy("/$defs/policy.risks", "policy: []\nrisks: {ZZ: 1}\n"),
        in_policy("/$defs/policy.test", "tests: [{input: a, class: id, ZZ: 1}]\n"),
        in_policy("/$defs/policy.test/properties/token", "tests: [{input: '{token}', class: id, token: {ZZ: 1}}]\n"),
        in_pipeline("", "ZZ: 1\n"),
        in_pipeline("/properties/keys", "keys: {ZZ: 1}\n"),
        in_pipeline("/properties/limits", "limits: {ZZ: 1}\n"),
        in_pipeline("/properties/rules", "rules: {ZZ: 1}\n"),
        in_pipeline("/$defs/source.file", "sources: {in: {type: file, include: a, ZZ: 1}}\n"),
        in_pipeline("/$defs/source.stdin", "sources: {in: {type: stdin, ZZ: 1}}\n"),
        in_pipeline("/$defs/source.kafka", "sources: {in: {type: kafka, brokers: b, topics: t, group: g, ZZ: 1}}\n"),
        in_pipeline(
            "/$defs/source.kafka/properties/properties/additionalProperties/oneOf/1",
            "sources: {in: {type: kafka, brokers: b, topics: t, group: g, properties: {a: {file: f, ZZ: 1}}}}\n",
        ),
        in_pipeline("/$defs/sink.file", "sinks: {out: {type: file, path: p, ZZ: 1}}\n"),
        in_pipeline("/$defs/sink.file/properties/rotate", "sinks: {out: {type: file, path: p, rotate: {age_max: 1d, ZZ: 1}}}\n"),
        in_pipeline("/$defs/sink.stdout", "sinks: {out: {type: stdout, ZZ: 1}}\n"),
        in_pipeline("/$defs/sink.kafka", "sinks: {out: {type: kafka, brokers: b, topic: t, ZZ: 1}}\n"),
        in_pipeline(
            "/$defs/sink.kafka/properties/properties/additionalProperties/oneOf/1",
            "sinks: {out: {type: kafka, brokers: b, topic: t, properties: {a: {file: f, ZZ: 1}}}}\n",
        ),
        in_pipeline("/$defs/pipeline", "pipelines: [{from: in, to: out, ZZ: 1}]\n"),
    ];
    let names = |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect();
    check(&table, &|schema| schema.get("additionalProperties") == Some(&Value::Bool(false)), &names, "it can have ");
}

#[test]
fn words() {
    let table = [
        in_policy("/$defs/policy.file/properties/field/properties/preset", "policy: []\nfield: {preset: ZZ}\n"),
        in_policy("/$defs/policy.rule/properties/placement", "policy: [{match: {}, placement: ZZ}]\n"),
        in_policy("/$defs/policy.rule/properties/seal_to", "policy: [{match: {}, seal_to: ZZ}]\n"),
        in_policy("/$defs/policy.match/properties/class/oneOf/0", "policy: [{match: {class: ZZ}}]\n"),
        in_policy("/$defs/policy.match/properties/class/oneOf/1/items", "policy: [{match: {class: [ZZ]}}]\n"),
        in_policy("/$defs/policy.match/properties/kind/oneOf/0", "policy: [{match: {kind: ZZ}}]\n"),
        in_policy("/$defs/policy.match/properties/kind/oneOf/1/items", "policy: [{match: {kind: [ZZ]}}]\n"),
        in_policy("/$defs/policy.match/properties/risk/oneOf/0", "policy: [{match: {risk: ZZ}}]\n"),
        in_policy("/$defs/policy.match/properties/risk/oneOf/1/items", "policy: [{match: {risk: [ZZ]}}]\n"),
        in_policy("/$defs/policy.parameter/oneOf/0", "policy: [{match: {}, header: {alg: ZZ}}]\n"),
        in_policy("/$defs/policy.parameter/oneOf/1/properties/show", "policy: [{match: {}, header: {cty: {show: ZZ}}}]\n"),
        in_policy("/$defs/policy.kid/oneOf/0", "policy: [{match: {}, header: {kid: ZZ}}]\n"),
        in_policy("/$defs/policy.kid/oneOf/1/properties/show", "policy: [{match: {}, header: {kid: {show: ZZ}}}]\n"),
        in_policy("/$defs/policy.show", "policy: [{match: {}, claims: {a: ZZ}}]\n"),
        in_policy("/$defs/policy.risks/properties/show/anyOf/1/oneOf/0", "policy: []\nrisks: {show: ZZ}\n"),
        in_policy("/$defs/policy.risks/properties/show/anyOf/1/oneOf/1/items", "policy: []\nrisks: {show: [ZZ]}\n"),
        in_pipeline("/properties/keys/properties/mode", "keys: {mode: ZZ}\n"),
        in_pipeline("/$defs/source/properties/type", "sources: {in: {type: ZZ}}\n"),
        in_pipeline("/$defs/source.file/properties/start", "sources: {in: {type: file, include: a, start: ZZ}}\n"),
        in_pipeline("/$defs/source.kafka/properties/start", "sources: {in: {type: kafka, brokers: b, topics: t, group: g, start: ZZ}}\n"),
        in_pipeline("/$defs/sink/properties/type", "sinks: {out: {type: ZZ}}\n"),
        in_pipeline("/$defs/sink.file/properties/compression", "sinks: {out: {type: file, path: p, compression: ZZ}}\n"),
        in_pipeline("/$defs/sink.kafka/properties/compression", "sinks: {out: {type: kafka, brokers: b, topic: t, compression: ZZ}}\n"),
        in_pipeline("/$defs/pipeline/properties/delivery", "pipelines: [{from: in, to: out, delivery: ZZ}]\n"),
    ];
    // The class that a test asks for is not read as a word: it is compared with what a marker says.
    let holds = |schema: &Value| schema.get("enum").is_some() && schema["description"] != "Class of the first marker";
    let words = |schema: &Value| schema["enum"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect();
    check(&table, &holds, &words, "it can be ");
    let all = |names: Vec<&str>| names.into_iter().map(Value::from).collect::<Vec<_>>();
    assert_eq!(
        policy().pointer("/$defs/policy.test/properties/class/enum"),
        Some(&all(Class::ALL.iter().map(|c| c.name()).collect()).into())
    );
    assert_eq!(
        policy().pointer("/$defs/policy.match/properties/risk/oneOf/0/enum"),
        Some(&all(Risk::ALL.iter().map(|r| r.name()).collect()).into())
    );
}

#[test]
fn ranges() {
    let table = [
        in_policy("/$defs/policy.match/properties/audiences/properties/min", "policy: [{match: {audiences: {min: ZZ}}}]\n"),
        in_policy("/$defs/policy.match/properties/audiences/properties/max", "policy: [{match: {audiences: {max: ZZ}}}]\n"),
        in_policy("/$defs/policy.risks/properties/audiences_max", "policy: []\nrisks: {audiences_max: ZZ}\n"),
        in_policy("/$defs/policy.risks/properties/scopes_max", "policy: []\nrisks: {scopes_max: ZZ}\n"),
        in_pipeline("/properties/threads", "threads: ZZ\n"),
        in_pipeline("/$defs/sink.file/properties/level", "sinks: {out: {type: file, path: p, compression: zstd, level: ZZ}}\n"),
        in_pipeline(
            "/$defs/sink.file/properties/rotate/properties/keep",
            "sinks: {out: {type: file, path: p, rotate: {age_max: 1d, keep: ZZ}}}\n",
        ),
    ];
    let holds = |schema: &Value| schema.get("maximum").is_some();
    let range = |schema: &Value| BTreeSet::from([format!("{} to {}", schema["minimum"], schema["maximum"])]);
    check(&table, &holds, &range, "write a whole number from ");
}
