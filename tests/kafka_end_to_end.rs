//! The program with a real Kafka on either side: nothing lost, nothing leaked, whatever stops it.

mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;
use scrubjay_testkit::kafka::{KafkaCluster, Record};
use support::{
    Bench, Canaries, Ended, access, delivered, delivered_once, encrypted, key_file, numbered_line, numbered_lines, run, scrub, scrubjay,
    wait_until,
};

/// A bench with one of the files in `pipelines/`, with the brokers, topics and paths of this test in place of its own.
fn example(name: &str, kafka: &KafkaCluster, changes: &[(&str, &str)]) -> Bench {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines").join(name);
    let mut yaml = fs::read_to_string(file).unwrap();
    let always = [("127.0.0.1:9092", kafka.bootstrap())];
    for (from, to) in always.iter().chain(changes) {
        assert!(yaml.contains(from), "{name} says {from}");
        yaml = yaml.replace(from, to);
    }
    let bench = Bench::new(&yaml);
    fs::create_dir(bench.path("in")).unwrap();
    bench
}

fn source(kafka: &KafkaCluster, topic: &str) -> String {
    format!("{{type: kafka, brokers: \"{}\", topics: [{topic}], group: {}}}", kafka.bootstrap(), KafkaCluster::unique("group"))
}

fn sink(kafka: &KafkaCluster, topic: &str) -> String {
    format!("{{type: kafka, brokers: \"{}\", topic: {topic}, compression: none}}", kafka.bootstrap())
}

/// One source, one sink, the fixed key.
fn bench(source: &str, sink: &str) -> Bench {
    let bench = Bench::new(&format!(
        "state_dir: ./state\nkeys: {{fingerprint: ./test.key}}\nsources: {{in: {source}}}\nsinks: {{out: {sink}}}\npipelines: [{{from: in, to: out}}]\n"
    ));
    key_file(&bench.path(""));
    bench
}

/// The numbered lines of a lane as records of one partition.
fn records(lane: &str, range: std::ops::Range<usize>) -> Vec<Record> {
    range.map(|n| Record::value(0, numbered_line(lane, n).trim_end())).collect()
}

/// The values of a topic as lines.
fn lines(records: &[Record]) -> String {
    records.iter().map(|r| format!("{}\n", String::from_utf8_lossy(r.value.as_deref().expect("a value")))).collect()
}

/// Everything in a topic as it stands in keys, values and headers.
fn everything(records: &[Record]) -> Vec<u8> {
    let parts = records.iter().flat_map(|r| {
        let headers = r.headers.iter().flat_map(|(name, value)| [Some(name.as_bytes()), value.as_deref()]);
        [r.key.as_deref(), r.value.as_deref()].into_iter().chain(headers).flatten().flat_map(|part| [part, b"\n"])
    });
    parts.collect::<Vec<_>>().concat()
}

// ---- The files in pipelines/ ----

#[test]
fn the_files_to_kafka_pipeline_runs() {
    let kafka = KafkaCluster::shared();
    let clean = kafka.topic("clean", 1);
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/sample");
    let bench = example(
        "files-to-kafka.yaml",
        kafka,
        &[
            ("topic: clean", &format!("topic: {clean}")),
            ("../target/files-to-kafka/state", "./state"),
            ("sample/*.log", &format!("{}/*.log", sample.display())),
        ],
    );
    let ended = bench.once();
    ended.exits(0);
    assert!(ended.err.contains(&clean) && ended.err.contains(" 117 records, "), "{}", ended.err);
    let sample = fs::read(sample.join("app.log")).unwrap();
    let expected = run(scrubjay(["scrub", "--fingerprint-key"]).arg(bench.path("state/fingerprint.key")), &sample);
    assert_eq!(lines(&kafka.consume_all(&clean)), String::from_utf8_lossy(expected.exits(0)));
}

#[test]
fn the_kafka_to_kafka_pipeline_runs() {
    let kafka = KafkaCluster::shared();
    let (raw, clean, group) = (kafka.topic("raw", 2), kafka.topic("clean", 2), KafkaCluster::unique("group"));
    let bench = example(
        "kafka-to-kafka.yaml",
        kafka,
        &[
            ("topic: clean", &format!("topic: {clean}")),
            ("topics: [raw]", &format!("topics: [{raw}]")),
            ("group: scrubjay", &format!("group: {group}")),
            ("../target/kafka-to-kafka/state", "./state"),
        ],
    );
    let token = access(1);
    let text = |s: &str| Some(s.as_bytes().to_vec());
    let sent = [
        Record { value: text(&format!("GET /a?access_token={token}")), key: text("order-1"), ..Record::default() },
        Record { value: text("nothing here\r\n\0"), ..Record::default() },
        Record { value: None, key: text("deleted"), ..Record::default() },
        Record { value: text(""), key: text(""), ..Record::default() },
        Record { value: text(&format!("two\nlines {}", encrypted(2))), key: text(&token), ..Record::default() },
        Record {
            value: text("with headers"),
            headers: vec![("authorization".into(), text(&format!("Bearer {token}"))), ("empty".into(), text("")), ("null".into(), None)],
            timestamp_ms: Some(1_795_431_600_000),
            ..Record::default()
        },
    ];
    kafka.produce(&raw, &sent);
    bench.once().exits(0);

    let got = kafka.consume_all(&clean);
    Canaries::of([token, encrypted(2)]).absent("the clean topic", &everything(&got));
    assert_eq!(got.len(), sent.len());
    let find = |start: &str| got.iter().find(|r| r.value.as_deref().is_some_and(|v| v.starts_with(start.as_bytes()))).expect("the record");
    assert!(find("GET /a?access_token=jwt(class:access~").key == text("order-1"));
    assert!(find("nothing here\r\n\0").key.is_none());
    assert!(got.iter().any(|r| r.value.is_none() && r.key == text("deleted")), "a deletion stays one");
    assert!(got.iter().any(|r| r.value == text("") && r.key == text("")), "empty is not null");
    find("two\nlines jwe(class:encrypted~");
    let headers = find("with headers");
    assert!(headers.headers[0].1.as_deref().is_some_and(|v| v.starts_with(b"Bearer jwt(")));
    assert_eq!(headers.headers[1..], [("empty".to_owned(), text("")), ("null".to_owned(), None)]);
    assert_eq!(headers.timestamp_ms, Some(1_795_431_600_000));
    assert_eq!(kafka.committed(&group, &raw, 2).iter().map(|at| at.unwrap_or(0)).sum::<i64>(), 6, "the group has seen all");
}

// ---- Kafka → file ----

#[test]
fn from_kafka_to_a_file_each_record_once() {
    const LINES: usize = 3000;
    let kafka = KafkaCluster::shared();
    let raw = kafka.topic("raw", 1);
    let bench = bench(&source(kafka, &raw), "{type: file, path: out/clean.log}");
    kafka.produce(&raw, &records("a", 0..LINES));
    bench.once().exits(0);
    delivered_once(&bench.read("out/clean.log"), &[("a", LINES)]);
    kafka.produce(&raw, &records("a", LINES..2 * LINES));
    bench.once().exits(0);
    bench.once().exits(0);
    delivered_once(&bench.read("out/clean.log"), &[("a", 2 * LINES)]);
    let canaries = Canaries::numbered(0..2 * LINES);
    canaries.absent_below(&bench.path("out"));
    canaries.absent_below(&bench.path("state"));
}

#[test]
fn from_kafka_to_a_file_stops_and_kills_lose_nothing() {
    const LINES: usize = 20_000;
    let kafka = KafkaCluster::shared();
    let raw = kafka.topic("raw", 1);
    let bench = bench(&source(kafka, &raw), "{type: file, path: out/clean.log}");
    kafka.produce(&raw, &records("a", 0..LINES));
    for signal in [Signal::TERM, Signal::KILL, Signal::TERM] {
        let length = bench.read("out/clean.log").len();
        let mut running = bench.start();
        wait_until("some output", || bench.read("out/clean.log").len() > length || running.ended());
        assert!(!running.ended(), "{}", running.wait().err);
        // The topic may be finished by now: then the program waits for more and must stop all the same.
        running.signal(signal);
        let ended = running.wait();
        if signal == Signal::TERM {
            ended.exits(0);
        }
        kafka.produce(&raw, &records("b", 0..1));
    }
    bench.once().exits(0);
    let clean = bench.read("out/clean.log").replace(&String::from_utf8(scrub(numbered_line("b", 0).as_bytes())).unwrap(), "");
    delivered(&clean, &[("a", LINES)], 1);
}

// ---- file → Kafka → file ----

#[test]
fn from_file_over_kafka_to_file_nothing_is_lost_or_leaked() {
    const LINES: usize = 10_000;
    // A broker of its own: its folder is searched.
    let kafka = KafkaCluster::start();
    let topic = kafka.topic("clean", 1);
    let there = bench("{type: file, include: in.log}", &sink(&kafka, &topic));
    there.write("in.log", numbered_lines("a", 0..LINES));
    there.once().exits(0);
    let back = bench(&source(&kafka, &topic), "{type: file, path: out/clean.log}");
    back.once().exits(0);

    let got = kafka.consume_all(&topic);
    delivered_once(&lines(&got), &[("a", LINES)]);
    delivered_once(&back.read("out/clean.log"), &[("a", LINES)]);
    let canaries = Canaries::numbered(0..LINES);
    canaries.absent("the topic", &everything(&got));
    assert!(canaries.absent_below(kafka.folder().expect("a broker of its own")) > 1);
    canaries.absent_below(&there.path("state"));
    canaries.absent_below(&back.path("out"));
}

#[test]
fn from_file_to_kafka_kills_lose_nothing() {
    const LINES: usize = 4000;
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("clean", 1);
    let bench = bench("{type: file, include: in.log, poll_interval: 10ms}", &sink(kafka, &topic));
    for round in 0..3 {
        bench.append("in.log", numbered_lines("a", round * LINES..(round + 1) * LINES));
        let before = kafka.end_offsets(&topic)[0];
        let mut running = bench.start();
        wait_until("records in the topic", || kafka.end_offsets(&topic)[0] > before || running.ended());
        assert!(!running.ended(), "{}", running.wait().err);
        running.signal(Signal::KILL);
        running.wait();
    }
    bench.once().exits(0);
    delivered(&lines(&kafka.consume_all(&topic)), &[("a", 3 * LINES)], 0);
}

// ---- Kafka → Kafka ----

#[test]
fn a_stop_under_load_between_topics_loses_nothing() {
    const LINES: usize = 20_000;
    let kafka = KafkaCluster::shared();
    let (raw, clean) = (kafka.topic("raw", 1), kafka.topic("clean", 1));
    let bench = bench(&source(kafka, &raw), &sink(kafka, &clean));
    kafka.produce(&raw, &records("a", 0..LINES));
    for _ in 0..2 {
        let before = kafka.end_offsets(&clean)[0];
        let mut running = bench.start();
        wait_until("records in the topic", || kafka.end_offsets(&clean)[0] > before || running.ended());
        assert!(!running.ended(), "{}", running.wait().err);
        running.signal(Signal::TERM);
        running.wait().exits(0);
        kafka.produce(&raw, &records("b", 0..1));
    }
    bench.once().exits(0);
    let got = kafka.consume_all(&clean);
    let text = lines(&got).replace(&String::from_utf8(scrub(numbered_line("b", 0).as_bytes())).unwrap(), "");
    delivered(&text, &[("a", LINES)], 0);
    Canaries::numbered(0..LINES).absent("the clean topic", &everything(&got));
}

// ---- What is not there ----

#[track_caller]
fn fails(ended: &Ended, said: &[&str]) {
    ended.exits(1);
    said.iter().for_each(|said| assert!(ended.err.contains(said), "{said} in {}", ended.err));
}

#[test]
fn a_missing_topic_is_said() {
    let kafka = KafkaCluster::shared();
    let none = KafkaCluster::unique("none");
    let from = bench(&source(kafka, &none), "{type: file, path: out/clean.log}");
    fails(&from.once(), &[&none, "topic"]);
    let to = bench("{type: file, include: in.log}", &sink(kafka, &none));
    to.write("in.log", "one\n");
    fails(&to.once(), &[&none, "topic"]);
    // Nothing was delivered, so a later run begins at the beginning.
    kafka.create_topic(&none, 1, &[]);
    to.once().exits(0);
    assert_eq!(lines(&kafka.consume_all(&none)), "one\n");
}

#[test]
fn a_stop_gets_through_while_the_broker_is_away() {
    let away = "{type: kafka, brokers: \"127.0.0.1:1\", topics: [raw], group: g}";
    let bench = bench(away, "{type: file, path: out/clean.log}");
    let checked = run(scrubjay(["check", "-c", "pipeline.yaml"]).current_dir(bench.path("")).stdin(Stdio::null()), b"");
    checked.exits(0);
    let running = bench.start();
    wait_until("the output", || bench.path("out/clean.log").exists());
    running.signal(Signal::TERM);
    running.wait().exits(0);
}
