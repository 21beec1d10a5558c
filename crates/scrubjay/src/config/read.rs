//! Nodes → the file as written: known fields, right types, amounts within their limits.

use std::ops::RangeInclusive;
use std::time::Duration;

use scrubjay_claims::is_audience;
use scrubjay_scrub::Policy;

use super::plan::{Compression, KafkaCompression, LimitsPlan, Start};
use super::properties::{self, End};
use super::rules;
use super::written::{
    Named, WrittenFile, WrittenFileSink, WrittenFileSource, WrittenKafkaSink, WrittenKafkaSource, WrittenKeys, WrittenLimits,
    WrittenPipeline, WrittenPolicy, WrittenRotate, WrittenSink, WrittenSource,
};
use scrubjay_yaml::{At, Fields, MEMBERS_MAX, Value, entries};
use scrubjay_yaml::{Kind, Node};
use scrubjay_yaml::{Notes, quoted};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Limits: the range and the default of each, in bytes.
const TOKEN_BYTES: (RangeInclusive<u64>, u64) = (KIB..=MIB, 64 * KIB);
const LINE_BYTES: (RangeInclusive<u64>, u64) = (KIB..=1024 * MIB, MIB);
const BUDGET_BYTES: (RangeInclusive<u64>, u64) = (4 * MIB..=65536 * MIB, 64 * MIB);
const MARKER_BYTES: (RangeInclusive<u64>, u64) = (256..=MIB, 16 * KIB);

const POLL_INTERVAL: (RangeInclusive<Duration>, Duration) =
    (Duration::from_millis(10)..=Duration::from_secs(3600), Duration::from_millis(250));
const ROTATE_BYTES: RangeInclusive<u64> = KIB..=1024 * 1024 * MIB;
const ROTATE_AGE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3650 * 86_400);
const ROTATE_KEEP: RangeInclusive<u64> = 1..=100_000;

const THREADS: RangeInclusive<u64> = 1..=crate::cli::THREADS_MAX as u64;

const SWITCH: [(&str, bool); 2] = [("true", true), ("false", false)];
const FILE_START: [(&str, Start); 2] = [("beginning", Start::Beginning), ("end", Start::End)];
const KAFKA_START: [(&str, Start); 4] =
    [("earliest", Start::Beginning), ("latest", Start::End), ("beginning", Start::Beginning), ("end", Start::End)];
const FILE_COMPRESSION: [(&str, Compression); 3] = [("none", Compression::None), ("gzip", Compression::Gzip), ("zstd", Compression::Zstd)];
const KAFKA_COMPRESSION: [(&str, KafkaCompression); 5] = [
    ("none", KafkaCompression::None),
    ("gzip", KafkaCompression::Gzip),
    ("snappy", KafkaCompression::Snappy),
    ("lz4", KafkaCompression::Lz4),
    ("zstd", KafkaCompression::Zstd),
];

/// Reads the whole file.
pub(super) fn file(root: &Node, notes: &mut Notes) -> Option<WrittenFile> {
    let fields = Fields::of(root, "the pipeline file", notes)?;
    fields.only(
        &["version", "state_dir", "start_afresh", "threads", "policy", "keys", "limits", "rules", "sources", "sinks", "pipelines", "tests"],
        notes,
    );
    version(&fields, notes);
    Some(WrittenFile {
        state_dir: fields.get("state_dir").and_then(|v| v.text(notes)),
        start_afresh: fields.get("start_afresh").and_then(|v| v.choice(&SWITCH, notes)).is_some_and(|at| at.value),
        threads: fields.get("threads").and_then(|v| v.number(THREADS, notes)),
        keys: fields.get("keys").and_then(|v| keys(&v, notes)).unwrap_or_default(),
        limits: limits(fields.get("limits"), notes),
        policy: fields.get("policy").and_then(|v| policy(&v, notes)),
        rules: fields.get("rules").and_then(|v| rules::read(&v, notes)),
        sources: named(&fields, "sources", "source", source, notes),
        sinks: named(&fields, "sinks", "sink", sink, notes),
        pipelines: pipelines(&fields, notes),
    })
}

/// Only `1`: what another version means is not known here.
fn version(fields: &Fields<'_>, notes: &mut Notes) {
    let Some(Value { node, .. }) = fields.get("version") else { return };
    if !matches!(&node.kind, Kind::Plain(text) if text == "1") {
        notes.mistake(node.place, "this version of the pipeline file is not known", "write version: 1");
    }
}

/// A path, or the policy itself.
fn policy(value: &Value<'_>, notes: &mut Notes) -> Option<WrittenPolicy> {
    match &value.node.kind {
        Kind::List(_) | Kind::Map(_) => Policy::read(value.node, notes).map(|policy| WrittenPolicy::Here(Box::new(policy))),
        _ => value.text(notes).map(WrittenPolicy::File),
    }
}

fn keys(value: &Value<'_>, notes: &mut Notes) -> Option<WrittenKeys> {
    const MODE: [(&str, bool); 2] = [("epochs", false), ("standalone", true)];
    let fields = Fields::of(value.node, "\"keys\"", notes)?;
    fields.only(&["fingerprint", "audiences", "epochs", "identity", "mode"], notes);
    Some(WrittenKeys {
        fingerprint: fields.get("fingerprint").and_then(|v| v.text(notes)),
        audiences: fields.get("audiences").map_or_else(Vec::new, |v| audiences(&v, notes)),
        epochs: fields.get("epochs").and_then(|v| v.text(notes)),
        identity: fields.get("identity").and_then(|v| v.text(notes)),
        standalone: fields.get("mode").and_then(|v| v.choice(&MODE, notes)).is_some_and(|at| at.value),
    })
}

/// Audiences, each with the files of its public keys.
fn audiences(value: &Value<'_>, notes: &mut Notes) -> Vec<(At<String>, Vec<At<String>>)> {
    let Some(members) = entries(value.node, &value.label, notes) else { return Vec::new() };
    let mut out = Vec::new();
    for (key, node) in members {
        if !is_audience(&key.text) {
            let what = format!("{} is no name of an audience", quoted(&key.text));
            notes.mistake(key.place, what, "letters, digits, \".\", \"_\" and \"-\", at most 64, the first a letter or digit");
            continue;
        }
        let files = Value { node, label: format!("audience {}", quoted(&key.text)) }.texts(notes);
        out.push((At { place: key.place, value: key.text.clone() }, files));
    }
    out
}

fn limits(value: Option<Value<'_>>, notes: &mut Notes) -> WrittenLimits {
    let fields = value.and_then(|v| Fields::of(v.node, "\"limits\"", notes));
    let mut limit = |name: &str, (range, _): &(RangeInclusive<u64>, u64)| {
        let value = fields.as_ref().and_then(|fields| fields.get(name))?;
        value.size(range.clone(), notes)
    };
    let token = limit("token_bytes_max", &TOKEN_BYTES);
    let line = limit("line_bytes_max", &LINE_BYTES);
    let budget = limit("budget_bytes_max", &BUDGET_BYTES);
    let marker = limit("marker_bytes_max", &MARKER_BYTES);
    if let Some(fields) = &fields {
        fields.only(&["token_bytes_max", "line_bytes_max", "budget_bytes_max", "marker_bytes_max"], notes);
    }
    let bytes = |at: &Option<At<u64>>, default: u64| usize::try_from(at.as_ref().map_or(default, |at| at.value)).unwrap_or(usize::MAX);
    let values = LimitsPlan {
        token_bytes_max: bytes(&token, TOKEN_BYTES.1),
        line_bytes_max: bytes(&line, LINE_BYTES.1),
        budget_bytes_max: bytes(&budget, BUDGET_BYTES.1),
        marker_bytes_max: bytes(&marker, MARKER_BYTES.1),
    };
    WrittenLimits { values, line, marker }
}

/// Reads `sources` or `sinks`: a mapping of names, at least one.
fn named<T>(
    fields: &Fields<'_>,
    field: &str,
    noun: &str,
    read: impl Fn(&Fields<'_>, &mut Notes) -> Option<T>,
    notes: &mut Notes,
) -> Vec<Named<T>> {
    let Some(value) = fields.require(field, &format!("write `{field}: {{NAME: {{type: file, …}}}}`"), notes) else {
        return Vec::new();
    };
    let Some(entries) = entries(value.node, &format!("\"{field}\""), notes) else {
        return Vec::new();
    };
    if entries.is_empty() {
        notes.mistake(value.node.place, format!("\"{field}\" is empty"), format!("name at least one {noun}"));
    }
    too_many(entries.len(), &format!("\"{field}\""), value.node, notes);
    let mut list = Vec::new();
    for (key, node) in entries.iter().take(MEMBERS_MAX) {
        if !is_name(&key.text) {
            let what = format!("{} cannot be the name of a {noun}", quoted(&key.text));
            notes.mistake(key.place, what, "a name is 1 to 64 letters, digits, \"_\" or \"-\"");
        }
        let body = Fields::of(node, format!("{noun} {}", quoted(&key.text)), notes).and_then(|fields| read(&fields, notes));
        list.push(Named { name: At { place: key.place, value: key.text.clone() }, body });
    }
    list
}

fn too_many(members: usize, label: &str, node: &Node, notes: &mut Notes) {
    if members > MEMBERS_MAX {
        notes.mistake(node.place, format!("{label} has more than 256 members"), "use several pipeline files");
    }
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

#[derive(Clone, Copy)]
enum Type {
    File,
    Standard,
    Kafka,
}

fn source(fields: &Fields<'_>, notes: &mut Notes) -> Option<WrittenSource> {
    let choices = [("file", Type::File), ("stdin", Type::Standard), ("kafka", Type::Kafka)];
    let kind = fields.require("type", "it can be file, stdin, kafka", notes)?.choice(&choices, notes)?;
    Some(match kind.value {
        Type::File => {
            fields.only(&["type", "include", "exclude", "start", "poll_interval"], notes);
            WrittenSource::File(WrittenFileSource {
                include: fields
                    .require("include", "name the files to read, such as include: [\"logs/*.log\"]", notes)
                    .map_or_else(Vec::new, |v| v.texts(notes)),
                exclude: optional_texts(fields, "exclude", notes),
                start: choice_or(fields, "start", &FILE_START, Start::Beginning, notes),
                poll_interval: fields
                    .get("poll_interval")
                    .and_then(|v| v.duration(POLL_INTERVAL.0, notes))
                    .map_or(POLL_INTERVAL.1, |at| at.value),
            })
        }
        Type::Standard => {
            fields.only(&["type"], notes);
            WrittenSource::Stdin
        }
        Type::Kafka => {
            fields.only(&["type", "brokers", "topics", "group", "start", "properties"], notes);
            WrittenSource::Kafka(WrittenKafkaSource {
                brokers: brokers(fields, notes),
                topics: fields
                    .require("topics", "name the topics to read, such as topics: [raw]", notes)
                    .map_or_else(Vec::new, |v| v.texts(notes)),
                group: fields.require("group", "name the consumer group, such as group: scrubjay", notes).and_then(|v| v.text(notes)),
                start: choice_or(fields, "start", &KAFKA_START, Start::Beginning, notes),
                properties: properties::read(fields, End::Source, notes),
            })
        }
    })
}

fn sink(fields: &Fields<'_>, notes: &mut Notes) -> Option<WrittenSink> {
    let choices = [("file", Type::File), ("stdout", Type::Standard), ("kafka", Type::Kafka)];
    let kind = fields.require("type", "it can be file, stdout, kafka", notes)?.choice(&choices, notes)?;
    Some(match kind.value {
        Type::File => {
            fields.only(&["type", "path", "compression", "level", "rotate"], notes);
            WrittenSink::File(WrittenFileSink {
                path: fields.require("path", "name the file to write, such as path: out/clean.log", notes).and_then(|v| v.text(notes)),
                compression: choice_or(fields, "compression", &FILE_COMPRESSION, Compression::None, notes),
                level: fields.get("level").and_then(|v| v.number(1..=22, notes)),
                rotate: fields.get("rotate").and_then(|v| rotate(&v, notes)),
            })
        }
        Type::Standard => {
            fields.only(&["type"], notes);
            WrittenSink::Stdout
        }
        Type::Kafka => {
            fields.only(&["type", "brokers", "topic", "compression", "properties"], notes);
            WrittenSink::Kafka(WrittenKafkaSink {
                brokers: brokers(fields, notes),
                topic: fields.require("topic", "name the topic to write to, such as topic: clean", notes).and_then(|v| v.text(notes)),
                compression: choice_or(fields, "compression", &KAFKA_COMPRESSION, KafkaCompression::None, notes),
                properties: properties::read(fields, End::Sink, notes),
            })
        }
    })
}

fn rotate(value: &Value<'_>, notes: &mut Notes) -> Option<At<WrittenRotate>> {
    let fields = Fields::of(value.node, value.label.clone(), notes)?;
    fields.only(&["bytes_max", "age_max", "keep"], notes);
    let rotate = WrittenRotate {
        bytes_max: fields.get("bytes_max").and_then(|v| v.size(ROTATE_BYTES, notes)).map(|at| at.value),
        age_max: fields.get("age_max").and_then(|v| v.duration(ROTATE_AGE, notes)).map(|at| at.value),
        keep: fields.get("keep").and_then(|v| v.number(ROTATE_KEEP, notes)).map(|at| at.value),
        limited: fields.key("bytes_max").or(fields.key("age_max")).is_some(),
    };
    Some(At { place: value.node.place, value: rotate })
}

fn brokers(fields: &Fields<'_>, notes: &mut Notes) -> Vec<At<String>> {
    let value = fields.require("brokers", "name at least one broker, such as brokers: \"127.0.0.1:9092\"", notes);
    value.map_or_else(Vec::new, |v| v.texts(notes))
}

fn optional_texts(fields: &Fields<'_>, name: &str, notes: &mut Notes) -> Vec<At<String>> {
    match fields.get(name) {
        // Nothing to leave out is a thing that can be said.
        Some(Value { node: Node { kind: Kind::List(items), .. }, .. }) if items.is_empty() => Vec::new(),
        Some(value) => value.texts(notes),
        None => Vec::new(),
    }
}

fn choice_or<T: Copy>(fields: &Fields<'_>, name: &str, choices: &[(&str, T)], default: T, notes: &mut Notes) -> T {
    fields.get(name).and_then(|v| v.choice(choices, notes)).map_or(default, |at| at.value)
}

fn pipelines(fields: &Fields<'_>, notes: &mut Notes) -> Vec<WrittenPipeline> {
    const REMEDY: &str = "write `pipelines: [{from: [SOURCE], to: [SINK]}]`";
    let Some(value) = fields.require("pipelines", REMEDY, notes) else {
        return Vec::new();
    };
    let Kind::List(items) = &value.node.kind else {
        notes.mistake(value.node.place, "\"pipelines\" must be a list", REMEDY);
        return Vec::new();
    };
    if items.is_empty() {
        notes.mistake(value.node.place, "\"pipelines\" is empty", REMEDY);
    }
    too_many(items.len(), "\"pipelines\"", value.node, notes);
    items.iter().take(MEMBERS_MAX).enumerate().filter_map(|(i, item)| pipeline(item, i + 1, notes)).collect()
}

fn pipeline(node: &Node, number: usize, notes: &mut Notes) -> Option<WrittenPipeline> {
    let fields = Fields::of(node, format!("pipeline {number}"), notes)?;
    fields.only(&["from", "to", "sidecar", "delivery"], notes);
    let from = fields.require("from", "name the sources, such as from: [app]", notes).map_or_else(Vec::new, |v| v.texts(notes));
    let to = fields.require("to", "name the sinks, such as to: [clean]", notes).map_or_else(Vec::new, |v| v.texts(notes));
    let sidecar = fields.get("sidecar").map_or_else(Vec::new, |v| v.texts(notes));
    if let Some(delivery) = fields.get("delivery") {
        let exactly_once = delivery.choice(&[("at-least-once", false), ("exactly-once", true)], notes);
        if let Some(At { place, value: true }) = exactly_once {
            let what = "exactly-once delivery is not in this version: after a crash some records may come twice, none is lost";
            notes.mistake(place, what, "write at-least-once, or remove the field");
        }
    }
    Some(WrittenPipeline { from, to, sidecar })
}
