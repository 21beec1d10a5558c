//! The file as written → the plan: names resolved, paths absolute, nothing that contradicts itself.

use std::collections::HashMap;
use std::sync::Arc;

use scrubjay_scrub::Policy;

use super::loops;
use super::paths::{self, Base};
use super::plan::{
    Compression, Delivery, FileSinkPlan, FileSourcePlan, KafkaSinkPlan, KafkaSourcePlan, NamedSink, NamedSource, PipelinePlan, Plan,
    RotatePlan, SinkPlan, SourcePlan,
};
use super::properties;
use super::written::{
    Named, WrittenFile, WrittenFileSink, WrittenFileSource, WrittenKafkaSink, WrittenKafkaSource, WrittenLimits, WrittenPipeline,
    WrittenPolicy, WrittenSink, WrittenSource,
};
use super::{rules, sealing};
use scrubjay_yaml::At;
use scrubjay_yaml::{Notes, Place, clean, nearest, quoted};

/// A fingerprint key file holds 32 raw bytes or more, or a JWK Set.
const KEY_BYTES: std::ops::RangeInclusive<u64> = 32..=1024 * 1024;

/// A source or sink that was checked, with the places that later mistakes point at.
pub(super) struct Checked<T> {
    /// The name.
    pub(super) name: At<String>,
    /// The plan; `None` when a mistake is noted.
    pub(super) plan: Option<T>,
    /// The places of the paths, patterns or topics.
    pub(super) at: Vec<At<String>>,
}

/// Checks everything. The plan is of use only when no mistake is noted.
pub(super) fn plan(written: WrittenFile, base: &Base, notes: &mut Notes) -> Option<Plan> {
    let state_dir = state_dir(written.state_dir.as_ref(), base, notes);
    let fingerprint_key = written.keys.fingerprint.as_ref().map(|at| fingerprint_key(at, base, notes));
    check_limits(&written.limits, notes);
    let rules = rules::check(written.rules.as_ref(), base, notes);
    let policy_file = match &written.policy {
        Some(WrittenPolicy::File(at)) => Some(base.path(&at.value)),
        _ => None,
    };
    let policy_place = policy_place(written.policy.as_ref());
    let policy = policy(written.policy, base, notes);
    let sealing = sealing::check(&written.keys, &policy, policy_place, &state_dir, base, notes);
    let sources: Vec<_> = written.sources.into_iter().map(|s| source(s, base, notes)).collect();
    let sinks: Vec<_> = written.sinks.into_iter().map(|s| sink(s, base, notes)).collect();
    one_only(sources.iter().filter(|s| matches!(s.plan, Some(SourcePlan::Stdin))).map(|s| &s.name), "source", "standard input", notes);
    one_only(sinks.iter().filter(|s| matches!(s.plan, Some(SinkPlan::Stdout))).map(|s| &s.name), "sink", "standard output", notes);
    let epochs = sealing.as_ref().filter(|plan| !plan.standalone).map(|plan| plan.epochs.as_path());
    loops::check(&sources, &sinks, &state_dir, fingerprint_key.as_deref(), epochs, base, notes);
    let pipelines = pipelines(&written.pipelines, &sources, &sinks, notes)?;
    sealing::check_sidecars(&written.pipelines, &policy, policy_place, notes);
    Some(Plan {
        file: base.named.clone(),
        state_dir,
        start_afresh: written.start_afresh,
        fingerprint_key,
        threads: written.threads.map(|at| at.value as usize),
        limits: written.limits.values,
        policy,
        policy_file,
        sealing,
        rules,
        pipelines,
        warnings: Vec::new(),
    })
}

fn state_dir(written: Option<&At<String>>, base: &Base, notes: &mut Notes) -> std::path::PathBuf {
    let dir = base.path(written.map_or("state", |at| &at.value));
    if dir.exists() && !dir.is_dir() {
        let what = format!("the state folder {} is not a folder", quoted_path(&dir));
        notes.mistake(written.map(|at| at.place), what, "give the path of a folder; it is made when it is missing");
    }
    if let Some(at) = written {
        no_tilde(at, notes);
    }
    dir
}

fn fingerprint_key(at: &At<String>, base: &Base, notes: &mut Notes) -> std::path::PathBuf {
    let path = base.path(&at.value);
    no_tilde(at, notes);
    let ring = || crate::keyfile::ring(&path).map(drop).map_err(|fault| (format!("is refused: {}", fault.what), fault.remedy));
    if let Err((what, remedy)) = paths::private_file(&path, KEY_BYTES).and_then(|()| ring()) {
        let word = paths::shell_word(&path);
        let remedy = if path.exists() { remedy } else { format!("make one: (umask 077; head -c 32 /dev/urandom > {word})") };
        notes.mistake(at.place, format!("the key file {} {what}", clean(&path.to_string_lossy())), remedy);
    }
    path
}

/// Where the policy is named.
fn policy_place(written: Option<&WrittenPolicy>) -> Option<Place> {
    match written? {
        WrittenPolicy::File(at) => Some(at.place),
        WrittenPolicy::Here(policy) => policy.rules().first().map(|rule| rule.place),
    }
}

/// The policy in force. What is wrong in its file is noted where the file is named.
fn policy(written: Option<WrittenPolicy>, base: &Base, notes: &mut Notes) -> Arc<Policy> {
    let at = match written {
        None => return Policy::builtin(),
        Some(WrittenPolicy::Here(policy)) => return Arc::new(*policy),
        Some(WrittenPolicy::File(at)) => at,
    };
    no_tilde(&at, notes);
    let path = base.path(&at.value);
    let shown = clean(&path.to_string_lossy());
    let text = match crate::policy::read(&path) {
        Ok(text) => text,
        Err(what) => {
            notes.mistake(at.place, what, "");
            return Policy::builtin();
        }
    };
    match Policy::parse(&shown, &text) {
        Ok(policy) => {
            for warning in policy.warnings() {
                let line = warning.place.map_or(0, |p| p.line);
                notes.warning(at.place, format!("{shown}:{line}: {}", warning.what), warning.remedy.as_str());
            }
            Arc::new(policy)
        }
        Err(wrong) => {
            wrong.to_string().lines().for_each(|line| notes.mistake(at.place, line, ""));
            Policy::builtin()
        }
    }
}

fn check_limits(limits: &WrittenLimits, notes: &mut Notes) {
    let values = &limits.values;
    for (at, name) in [(&limits.line, "line_bytes_max"), (&limits.marker, "marker_bytes_max")] {
        let Some(at) = at else { continue };
        if at.value > values.budget_bytes_max as u64 {
            notes.mistake(at.place, format!("\"{name}\" is larger than \"budget_bytes_max\""), "lower it, or raise the budget");
        }
    }
}

fn source(named: Named<WrittenSource>, base: &Base, notes: &mut Notes) -> Checked<SourcePlan> {
    let Named { name, body } = named;
    let (plan, at) = match body {
        None => (None, Vec::new()),
        Some(WrittenSource::Stdin) => (Some(SourcePlan::Stdin), Vec::new()),
        Some(WrittenSource::File(file)) => (file_source(&file, base, notes).map(SourcePlan::File), file.include),
        Some(WrittenSource::Kafka(kafka)) => {
            let at = kafka.topics.clone();
            (kafka_source(kafka, &name.value, base, notes).map(SourcePlan::Kafka), at)
        }
    };
    Checked { name, plan, at }
}

fn file_source(file: &WrittenFileSource, base: &Base, notes: &mut Notes) -> Option<FileSourcePlan> {
    let include: Vec<_> = file.include.iter().filter_map(|at| pattern(at, base.pattern(&at.value), notes)).collect();
    let exclude: Vec<_> = file
        .exclude
        .iter()
        .filter_map(|at| {
            // A bare name leaves out files of that name anywhere, as in other tools.
            let absolute = if at.value.contains('/') { base.pattern(&at.value) } else { format!("/**/{}", at.value) };
            pattern(at, absolute, notes)
        })
        .collect();
    let whole = include.len() == file.include.len() && !include.is_empty();
    whole.then_some(FileSourcePlan { include, exclude, start: file.start, poll_interval: file.poll_interval })
}

fn pattern(at: &At<String>, absolute: String, notes: &mut Notes) -> Option<String> {
    no_tilde(at, notes);
    if at.value.ends_with('/') {
        notes.mistake(at.place, format!("{} names a folder", quoted(&at.value)), "add the files, such as logs/*.log");
        return None;
    }
    if let Err(e) = glob::Pattern::new(&absolute) {
        notes.mistake(
            at.place,
            format!("{} is no valid pattern: {}", quoted(&at.value), e.msg),
            "`*`, `?`, `[a-z]` and `**` as a whole folder name can be used",
        );
        return None;
    }
    if at.value.contains('{') {
        notes.warning(at.place, "\"{\" has no special meaning in a pattern", "write a list of patterns");
    }
    Some(absolute)
}

fn kafka_source(kafka: WrittenKafkaSource, name: &str, base: &Base, notes: &mut Notes) -> Option<KafkaSourcePlan> {
    let owner = format!("source {}", quoted(name));
    let brokers = brokers(&kafka.brokers, notes);
    let mut seen: Vec<&str> = Vec::new();
    for at in &kafka.topics {
        topic(at, notes);
        if seen.contains(&at.value.as_str()) {
            notes.mistake(at.place, format!("{owner} names topic {} twice", quoted(&at.value)), "keep one of them");
        }
        seen.push(&at.value);
    }
    let properties = properties::check(kafka.properties, base, notes);
    let topics: Vec<_> = kafka.topics.into_iter().map(|at| at.value).collect();
    Some(KafkaSourcePlan { brokers, topics, group: kafka.group?.value, start: kafka.start, properties })
}

fn sink(named: Named<WrittenSink>, base: &Base, notes: &mut Notes) -> Checked<SinkPlan> {
    let Named { name, body } = named;
    let (plan, at) = match body {
        None => (None, Vec::new()),
        Some(WrittenSink::Stdout) => (Some(SinkPlan::Stdout), Vec::new()),
        Some(WrittenSink::File(file)) => (file_sink(&file, &name.value, base, notes).map(SinkPlan::File), file.path.into_iter().collect()),
        Some(WrittenSink::Kafka(kafka)) => {
            let at = kafka.topic.iter().cloned().collect();
            (kafka_sink(kafka, base, notes).map(SinkPlan::Kafka), at)
        }
    };
    Checked { name, plan, at }
}

fn file_sink(file: &WrittenFileSink, name: &str, base: &Base, notes: &mut Notes) -> Option<FileSinkPlan> {
    let owner = format!("sink {}", quoted(name));
    let level = file.level.as_ref().and_then(|at| level(at, file.compression, &owner, notes));
    let rotate = file.rotate.as_ref().map(|at| {
        if !at.value.limited {
            notes.mistake(at.place, format!("\"rotate\" of {owner} says not when"), "give bytes_max or age_max");
        }
        let keep = at.value.keep.and_then(|keep| u32::try_from(keep).ok());
        RotatePlan { bytes_max: at.value.bytes_max, age_max: at.value.age_max, keep }
    });
    let at = file.path.as_ref()?;
    no_tilde(at, notes);
    let path = base.path(&at.value);
    if at.value.ends_with('/') || path.file_name().is_none() || path.is_dir() {
        notes.mistake(at.place, format!("\"path\" of {owner} names a folder"), "add the name of a file");
        return None;
    }
    if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
        notes.mistake(
            at.place,
            format!("\"path\" of {owner} names a hidden file"),
            "finished output is never hidden: take the leading dot away",
        );
    }
    Some(FileSinkPlan { path, compression: file.compression, level, rotate })
}

fn level(at: &At<u64>, compression: Compression, owner: &str, notes: &mut Notes) -> Option<u32> {
    match compression {
        Compression::None => {
            notes.mistake(
                at.place,
                format!("\"level\" of {owner} has no meaning without compression"),
                "remove it, or add compression: gzip or zstd",
            );
        }
        Compression::Gzip if at.value > 9 => {
            notes.mistake(
                at.place,
                format!("\"level\" of {owner} is out of range for gzip: {}", at.value),
                "write a whole number from 1 to 9",
            );
        }
        Compression::Gzip | Compression::Zstd => return u32::try_from(at.value).ok(),
    }
    None
}

fn kafka_sink(kafka: WrittenKafkaSink, base: &Base, notes: &mut Notes) -> Option<KafkaSinkPlan> {
    let brokers = brokers(&kafka.brokers, notes);
    let properties = properties::check(kafka.properties, base, notes);
    let at = kafka.topic?;
    topic(&at, notes);
    Some(KafkaSinkPlan { brokers, topic: at.value, compression: kafka.compression, properties })
}

/// The limits of Kafka's own `Topic.validate`.
fn topic(at: &At<String>, notes: &mut Notes) {
    let name = &at.value;
    let legal = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if name.starts_with('^') {
        notes.mistake(
            at.place,
            format!("topic {} is a pattern", quoted(name)),
            "patterns of topics are not in this version: list the topics",
        );
    } else if !legal || name.len() > 249 || name == "." || name == ".." {
        notes.mistake(
            at.place,
            format!("{} cannot be the name of a topic", quoted(name)),
            "a name is 1 to 249 letters, digits, \".\", \"_\" or \"-\"",
        );
    }
}

/// The brokers one by one: a list may be written in one text, with commas.
fn brokers(written: &[At<String>], notes: &mut Notes) -> Vec<String> {
    let mut brokers = Vec::new();
    for at in written {
        for broker in at.value.split(',').map(str::trim) {
            if !is_broker(broker) {
                notes.mistake(at.place, format!("{} is no address of a broker", quoted(broker)), "write host:port, such as 127.0.0.1:9092");
            }
            brokers.push(broker.to_owned());
        }
    }
    brokers
}

fn is_broker(broker: &str) -> bool {
    let address = broker.split_once("://").map_or(broker, |(_, address)| address);
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (address, None),
    };
    let ipv6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_fine = match ipv6 {
        Some(ipv6) => ipv6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')),
    };
    host_is_fine && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// `~` is the shell's; here it would make a folder of that name.
pub(super) fn no_tilde(at: &At<String>, notes: &mut Notes) {
    if at.value.starts_with("~/") {
        notes.mistake(at.place, format!("{} begins with `~`, which only a shell expands", quoted(&at.value)), "write the whole path");
    }
}

fn one_only<'c>(mut users: impl Iterator<Item = &'c At<String>>, noun: &str, what: &str, notes: &mut Notes) {
    let Some(first) = users.next() else { return };
    for other in users {
        let what = format!("{noun} {} uses {what}, as does {noun} {}", quoted(&other.value), quoted(&first.value));
        notes.mistake(other.place, what, "there is only one: remove one of them");
    }
}

fn pipelines(
    written: &[WrittenPipeline],
    sources: &[Checked<SourcePlan>],
    sinks: &[Checked<SinkPlan>],
    notes: &mut Notes,
) -> Option<Vec<PipelinePlan>> {
    let source_names = index(sources);
    let sink_names = index(sinks);
    let mut source_uses: HashMap<&str, usize> = HashMap::new();
    let mut sink_uses: HashMap<&str, usize> = HashMap::new();
    let mut plans = Vec::new();
    for (i, pipeline) in written.iter().enumerate() {
        let number = i + 1;
        let mut plan = PipelinePlan { from: Vec::new(), to: Vec::new(), sidecar: Vec::new(), delivery: Delivery::AtLeastOnce };
        for at in &pipeline.from {
            let Some(source) = find(at, &source_names, ("source", "sources"), ("sink", &sink_names), notes) else { continue };
            if let Some(before) = source_uses.insert(&source.name.value, number) {
                let what = format!("source {} already feeds pipeline {before}", quoted(&at.value));
                notes.mistake(at.place, what, "a source feeds one pipeline: list all its sinks there");
            }
            plan.from.extend(source.plan.clone().map(|plan| NamedSource { name: at.value.clone(), plan }));
        }
        for (names, into) in [(&pipeline.to, &mut plan.to), (&pipeline.sidecar, &mut plan.sidecar)] {
            for at in names {
                let Some(sink) = find(at, &sink_names, ("sink", "sinks"), ("source", &source_names), notes) else { continue };
                let before = sink_uses.insert(&sink.name.value, number);
                shared_sink(at, sink.plan.as_ref(), before, number, notes);
                into.extend(sink.plan.clone().map(|plan| NamedSink { name: at.value.clone(), plan }));
            }
        }
        plans.push(plan);
    }
    // With a mistake elsewhere, what looks unused may only be misspelt.
    if !notes.has_mistakes() {
        unused(sources, &source_uses, "source", "read", notes);
        unused(sinks, &sink_uses, "sink", "written", notes);
    }
    let whole = !plans.is_empty() && plans.iter().all(|plan| !plan.from.is_empty() && !plan.to.is_empty());
    whole.then_some(plans)
}

fn shared_sink(at: &At<String>, plan: Option<&SinkPlan>, before: Option<usize>, number: usize, notes: &mut Notes) {
    let Some(before) = before else { return };
    let name = quoted(&at.value);
    if before == number {
        notes.mistake(at.place, format!("pipeline {number} names sink {name} twice"), "keep one of them");
    } else if matches!(plan, Some(SinkPlan::File(_) | SinkPlan::Stdout)) {
        let what = format!("sink {name} is already written by pipeline {before}: two writers would mix their lines in it");
        notes.mistake(at.place, what, "put the sources into one pipeline, or give this one a sink of its own");
    }
}

fn index<T>(list: &[Checked<T>]) -> HashMap<&str, &Checked<T>> {
    list.iter().map(|checked| (checked.name.value.as_str(), checked)).collect()
}

fn find<'c, T, U>(
    at: &At<String>,
    names: &HashMap<&'c str, &'c Checked<T>>,
    (noun, field): (&str, &str),
    (other_noun, others): (&str, &HashMap<&str, &Checked<U>>),
    notes: &mut Notes,
) -> Option<&'c Checked<T>> {
    let found = names.get(at.value.as_str()).copied();
    if found.is_none() {
        let mut known: Vec<&str> = names.keys().copied().collect();
        known.sort_unstable();
        let remedy = match nearest(&at.value, known.iter().copied()) {
            _ if others.contains_key(at.value.as_str()) => format!("{} is a {other_noun}", quoted(&at.value)),
            Some(near) => format!("did you mean {}?", quoted(near)),
            None => format!("add it under \"{field}\", or name one that is there"),
        };
        notes.mistake(at.place, format!("there is no {noun} {}", quoted(&at.value)), remedy);
    }
    found
}

fn unused<T>(list: &[Checked<T>], uses: &HashMap<&str, usize>, noun: &str, done: &str, notes: &mut Notes) {
    for Checked { name, .. } in list {
        if !uses.contains_key(name.value.as_str()) {
            let what = format!("no pipeline uses {noun} {}: it will not be {done}", quoted(&name.value));
            notes.warning(name.place, what, "name it in a pipeline, or remove it");
        }
    }
}

fn quoted_path(path: &std::path::Path) -> String {
    clean(&path.to_string_lossy())
}
