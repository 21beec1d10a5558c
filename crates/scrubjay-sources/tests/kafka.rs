//! The Kafka source against a real broker.

use std::collections::BTreeMap;
use std::time::Duration;

use scrubjay_delivery::{AckId, FailReason, LaneId, Outcome};
use scrubjay_pipeline::{Problem, Settled, Source, SourceEvent};
use scrubjay_scrub::{Batch, Framing};
use scrubjay_sources::kafka::Start;
use scrubjay_sources::{KafkaSource, KafkaSourceConfig};
use scrubjay_testkit::kafka::{KafkaCluster, Record};

const BYTES_MAX: usize = 64 * 1024;
/// Only so that a test that cannot end fails instead of hanging.
const LIMIT: Duration = Duration::from_secs(60);

/// What a run of a source gave.
#[derive(Default)]
struct Seen {
    records: Vec<Record>,
    problems: Vec<Problem>,
    batches: Vec<AckId>,
    ended: bool,
}

fn config(kafka: &KafkaCluster, topic: &str, group: &str) -> KafkaSourceConfig {
    KafkaSourceConfig::new("in", kafka.bootstrap(), vec![topic.to_owned()], group)
}

fn once(kafka: &KafkaCluster, topic: &str, group: &str) -> KafkaSourceConfig {
    KafkaSourceConfig { once: true, ..config(kafka, topic, group) }
}

fn unpack(batch: &Batch) -> Vec<Record> {
    let Framing::Messages(messages) = &batch.framing else { panic!("a Kafka source frames messages") };
    let get = |range: &std::ops::Range<usize>| batch.bytes[range.clone()].to_vec();
    messages
        .iter()
        .map(|m| Record {
            partition: m.partition,
            key: m.key.as_ref().map(get),
            value: m.value.as_ref().map(get),
            headers: m.headers.iter().map(|(n, v)| (String::from_utf8(get(n)).unwrap(), v.as_ref().map(get))).collect(),
            timestamp_ms: m.timestamp_ms,
            offset: 0,
        })
        .collect()
}

/// Reads until `enough` says so or the source ends. With `settle` each batch counts as delivered at once.
async fn read(source: &mut KafkaSource, settle: bool, mut enough: impl FnMut(&Seen) -> bool) -> Seen {
    let mut seen = Seen::default();
    let mut next_seq: BTreeMap<LaneId, u64> = BTreeMap::new();
    while !enough(&seen) && !seen.ended {
        let event = tokio::time::timeout(LIMIT, source.next(BYTES_MAX)).await;
        let event = event.unwrap_or_else(|_| panic!("nothing more after {} records, {:?}", seen.records.len(), seen.problems));
        match event {
            SourceEvent::Batch(batch) => {
                let expected = next_seq.entry(batch.ack.lane).or_insert(batch.ack.seq);
                assert_eq!(batch.ack.seq, *expected, "sequence numbers have no gaps");
                *expected += 1;
                seen.records.extend(unpack(&batch));
                seen.batches.push(batch.ack);
                if settle {
                    source.settle(delivered(batch.ack));
                }
            }
            SourceEvent::Problem(problem) => seen.problems.push(problem),
            SourceEvent::End => seen.ended = true,
        }
    }
    seen
}

fn delivered(ack: AckId) -> Settled {
    Settled { ack, outcome: Outcome::Delivered, resume_lag: 0 }
}

fn without_time(mut records: Vec<Record>) -> Vec<Record> {
    for record in &mut records {
        record.timestamp_ms = None;
        record.offset = 0;
    }
    records
}

fn values(records: &[Record], partition: i32) -> Vec<String> {
    let of = records.iter().filter(|r| r.partition == Some(partition));
    of.map(|r| String::from_utf8(r.value.clone().unwrap()).unwrap()).collect()
}

fn numbered(range: std::ops::Range<u32>, partitions: i32) -> Vec<Record> {
    range.map(|n| Record::value(n as i32 % partitions, format!("record {n}"))).collect()
}

#[tokio::test]
async fn every_part_of_a_record_arrives() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("parts", 1);
    let sent = vec![
        Record { key: Some(b"key".to_vec()), timestamp_ms: Some(1_600_000_000_001), ..Record::value(0, "value") },
        Record { partition: Some(0), ..Record::default() },
        Record { key: Some(vec![]), ..Record::value(0, "") },
        Record {
            headers: vec![
                ("a".into(), Some(b"1".to_vec())),
                ("a".into(), None),
                ("".into(), Some(vec![])),
                ("b".into(), Some(vec![0, 255, 10])),
            ],
            ..Record::value(0, vec![0u8, 0xff, b'\r', b'\n'])
        },
        Record::value(0, vec![b'x'; 3 * BYTES_MAX]),
    ];
    kafka.produce(&topic, &sent);
    let mut source = KafkaSource::open(once(kafka, &topic, &KafkaCluster::unique("g"))).unwrap();
    let seen = read(&mut source, true, |_| false).await;
    assert_eq!(seen.problems, []);
    assert_eq!(seen.records[0].timestamp_ms, Some(1_600_000_000_001));
    assert!(without_time(seen.records) == without_time(sent));
    source.close().await.unwrap();
}

#[tokio::test]
async fn order_holds_in_each_partition_for_a_slow_reader_too() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("order", 3);
    kafka.produce(&topic, &numbered(0..30_000, 3));
    let group = KafkaCluster::unique("g");
    let mut source = KafkaSource::open(once(kafka, &topic, &group)).unwrap();
    // A pause between two calls that is longer than the source reads on without being asked.
    let mut all = Vec::new();
    for batches in [1, 3, usize::MAX] {
        let seen = read(&mut source, true, |seen| seen.batches.len() >= batches).await;
        assert_eq!(seen.problems, []);
        all.extend(seen.records);
        tokio::time::sleep(Duration::from_millis(1_200)).await;
    }
    for partition in 0..3 {
        assert!(values(&all, partition) == values(&numbered(0..30_000, 3), partition), "partition {partition}");
    }
    source.persist().await.unwrap();
    assert_eq!(kafka.committed(&group, &topic, 3), [Some(10_000); 3]);
    source.close().await.unwrap();
}

#[tokio::test]
async fn what_is_not_settled_is_read_again() {
    let kafka = KafkaCluster::shared();
    let (topic, group) = (kafka.topic("settle", 1), KafkaCluster::unique("g"));
    kafka.produce(&topic, &numbered(0..100, 1));
    let mut source = KafkaSource::open(config(kafka, &topic, &group)).unwrap();
    let first = read(&mut source, true, |seen| seen.records.len() >= 100).await;
    assert_eq!(first.records.len(), 100);
    source.persist().await.unwrap();
    kafka.produce(&topic, &numbered(100..200, 1));
    // Read, but nobody says that it was delivered.
    assert_eq!(read(&mut source, false, |seen| seen.records.len() >= 100).await.records.len(), 100);
    source.persist().await.unwrap();
    drop(source);
    let mut again = KafkaSource::open(once(kafka, &topic, &group)).unwrap();
    let second = read(&mut again, true, |_| false).await;
    assert_eq!(values(&second.records, 0), values(&numbered(100..200, 1), 0));
    again.close().await.unwrap();
    assert_eq!(kafka.committed(&group, &topic, 1), [Some(200)]);
}

#[tokio::test]
async fn a_failed_batch_is_never_passed() {
    let kafka = KafkaCluster::shared();
    let (topic, group) = (kafka.topic("failed", 1), KafkaCluster::unique("g"));
    let mut source = KafkaSource::open(config(kafka, &topic, &group)).unwrap();
    let mut acks = Vec::new();
    for n in 0..3 {
        kafka.produce(&topic, &numbered(n..n + 1, 1));
        acks.extend(read(&mut source, false, |seen| !seen.batches.is_empty()).await.batches);
    }
    source.settle(delivered(acks[0]));
    source.settle(Settled { outcome: Outcome::Failed(FailReason::Rejected), ..delivered(acks[1]) });
    source.settle(delivered(acks[2]));
    source.close().await.unwrap();
    assert_eq!(kafka.committed(&group, &topic, 1), [Some(1)]);
}

#[tokio::test]
async fn once_ends_at_the_end_offsets_of_the_start() {
    let kafka = KafkaCluster::shared();
    let (topic, group) = (kafka.topic("once", 3), KafkaCluster::unique("g"));
    kafka.produce(&topic, &numbered(0..3_000, 2));
    let mut source = KafkaSource::open(once(kafka, &topic, &group)).unwrap();
    let mut seen = read(&mut source, true, |seen| !seen.records.is_empty()).await;
    kafka.produce(&topic, &[Record::value(0, "later"), Record::value(2, "later")]);
    seen.records.extend(read(&mut source, true, |_| false).await.records);
    assert_eq!(seen.records.len(), 3_000);
    source.close().await.unwrap();
    assert_eq!(kafka.committed(&group, &topic, 3), [Some(1_500), Some(1_500), Some(0)]);
    let mut next = KafkaSource::open(once(kafka, &topic, &group)).unwrap();
    let rest = read(&mut next, true, |_| false).await;
    assert_eq!(rest.records.len(), 2);
    next.close().await.unwrap();
    assert_eq!(kafka.committed(&group, &topic, 3), [Some(1_501), Some(1_500), Some(1)]);
}

#[tokio::test]
async fn once_ends_behind_transaction_markers_and_aborted_records() {
    let kafka = KafkaCluster::shared();
    // Two topics, so that a partition number alone says nothing.
    let (topic, other, group) = (kafka.topic("txn", 1), kafka.topic("txn", 1), KafkaCluster::unique("g"));
    kafka.produce_transaction(&topic, &numbered(0..5, 1), true);
    kafka.produce_transaction(&topic, &numbered(100..105, 1), false);
    kafka.produce_transaction(&other, &numbered(0..2, 1), false);
    let settings = KafkaSourceConfig { topics: vec![topic.clone(), other.clone()], ..once(kafka, &topic, &group) };
    let mut source = KafkaSource::open(settings).unwrap();
    let seen = read(&mut source, true, |_| false).await;
    assert_eq!(values(&seen.records, 0), values(&numbered(0..5, 1), 0));
    assert_eq!(seen.problems, []);
    source.close().await.unwrap();
    assert_eq!(kafka.committed(&group, &topic, 1), [Some(12)]);
    assert_eq!(kafka.committed(&group, &other, 1), [Some(3)]);
}

#[tokio::test]
async fn latest_skips_what_is_there_and_remembers_it() {
    let kafka = KafkaCluster::shared();
    let (topic, group) = (kafka.topic("latest", 1), KafkaCluster::unique("g"));
    kafka.produce(&topic, &numbered(0..10, 1));
    for (expected, committed) in [(0, 10), (3, 13)] {
        let mut source = KafkaSource::open(KafkaSourceConfig { start: Start::Latest, ..once(kafka, &topic, &group) }).unwrap();
        let seen = read(&mut source, true, |_| false).await;
        assert_eq!(seen.records.len(), expected);
        source.close().await.unwrap();
        assert_eq!(kafka.committed(&group, &topic, 1), [Some(committed)]);
        kafka.produce(&topic, &numbered(0..3, 1));
    }
}

#[tokio::test]
async fn a_missing_topic_is_told_and_the_others_are_read() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("there", 1);
    kafka.produce(&topic, &numbered(0..7, 1));
    let settings = once(kafka, &topic, &KafkaCluster::unique("g"));
    let both = KafkaSourceConfig { topics: vec!["no-such-topic".into(), topic], ..settings.clone() };
    for (settings, records) in [(both, 7), (KafkaSourceConfig { topics: vec!["no-such-topic".into()], ..settings }, 0)] {
        let mut source = KafkaSource::open(settings).unwrap();
        let seen = read(&mut source, true, |_| false).await;
        assert_eq!((seen.records.len(), seen.problems.len()), (records, 1));
        assert!(
            seen.problems[0].place.contains("no-such-topic") && seen.problems[0].what.contains("does not exist"),
            "{}",
            seen.problems[0]
        );
        source.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_topic_that_appears_later_is_read() {
    let kafka = KafkaCluster::shared();
    let topic = KafkaCluster::unique("later");
    let mut settings = config(kafka, &topic, &KafkaCluster::unique("g"));
    settings.extra.insert("topic.metadata.refresh.interval.ms".into(), "500".into());
    let mut source = KafkaSource::open(settings).unwrap();
    let seen = read(&mut source, true, |seen| !seen.problems.is_empty()).await;
    assert!(seen.problems[0].what.contains("does not exist"));
    kafka.create_topic(&topic, 1, &[]);
    kafka.produce(&topic, &numbered(0..3, 1));
    assert_eq!(read(&mut source, true, |seen| seen.records.len() >= 3).await.records.len(), 3);
    source.close().await.unwrap();
}

#[tokio::test]
async fn an_unreachable_broker_ends_a_run_once_and_is_told_otherwise() {
    let settings = KafkaSourceConfig {
        broker_wait: Duration::from_secs(2),
        once: true,
        // Port 1 of this machine: refused.
        ..KafkaSourceConfig::new("in", "127.0.0.1:1", vec!["t".into()], "g")
    };
    let mut source = KafkaSource::open(settings.clone()).unwrap();
    let seen = read(&mut source, true, |_| false).await;
    assert!(seen.ended && seen.problems.len() == 1 && seen.problems[0].what.contains("no broker reached"));
    source.close().await.unwrap();

    let mut source = KafkaSource::open(KafkaSourceConfig { once: false, ..settings }).unwrap();
    let seen = read(&mut source, true, |seen| !seen.problems.is_empty()).await;
    assert!(!seen.ended && seen.problems[0].what.contains("no broker reached"));
    source.close().await.unwrap();
}

#[tokio::test]
async fn a_call_that_is_dropped_loses_nothing() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("cancel", 2);
    kafka.produce(&topic, &numbered(0..5_000, 2));
    let mut source = KafkaSource::open(once(kafka, &topic, &KafkaCluster::unique("g"))).unwrap();
    let mut seen = Seen::default();
    let mut dropped = 0u32;
    while !seen.ended {
        // The limit cuts most calls at some moment of their work.
        match tokio::time::timeout(Duration::from_micros(u64::from(dropped % 40) * 500), source.next(4 * 1024)).await {
            Err(_) => dropped += 1,
            Ok(SourceEvent::Batch(batch)) => seen.records.extend(unpack(&batch)),
            Ok(SourceEvent::Problem(problem)) => panic!("{problem}"),
            Ok(SourceEvent::End) => seen.ended = true,
        }
    }
    assert!(dropped > 0);
    for partition in 0..2 {
        assert!(values(&seen.records, partition) == values(&numbered(0..5_000, 2), partition));
    }
    source.close().await.unwrap();
}

/// A second member takes over a partition while batches of the first are under way.
#[tokio::test]
async fn what_settles_after_a_partition_went_away_is_not_committed() {
    let kafka = KafkaCluster::shared();
    let (topic, group) = (kafka.topic("rebalance", 2), KafkaCluster::unique("g"));
    kafka.produce(&topic, &numbered(0..200, 2));
    let mut first = KafkaSource::open(config(kafka, &topic, &group)).unwrap();
    let mine = read(&mut first, false, |seen| seen.records.len() >= 200).await;
    let mut second = KafkaSource::open(config(kafka, &topic, &group)).unwrap();
    // The first one serves the group although it is not asked for more.
    let theirs = read(&mut second, true, |seen| seen.records.len() >= 100).await;
    second.persist().await.unwrap();
    let partition = theirs.records[0].partition.unwrap();
    assert_eq!(values(&theirs.records, partition), values(&numbered(0..200, 2), partition), "read again from its beginning");
    let index = usize::try_from(partition).unwrap();
    assert_eq!(kafka.committed(&group, &topic, 2)[index], Some(100));
    kafka.produce(&topic, &numbered(200..400, 2));
    read(&mut second, true, |seen| seen.records.len() >= 100).await;
    second.persist().await.unwrap();
    for ack in mine.batches {
        first.settle(delivered(ack));
    }
    first.persist().await.unwrap();
    let committed = kafka.committed(&group, &topic, 2);
    assert_eq!((committed[index], committed[1 - index]), (Some(200), Some(100)), "the lane that went away cannot wind the offset back");
    first.close().await.unwrap();
    second.close().await.unwrap();
}

/// The broker is away for longer than the group's patience, while the source is idle and paused: the member loses its
/// partitions, gets them again, and must read on.
#[tokio::test]
async fn a_broker_that_is_killed_costs_no_record_and_no_order() {
    let mut kafka = KafkaCluster::start();
    let (topic, group) = (kafka.topic("kill", 2), KafkaCluster::unique("g"));
    kafka.produce(&topic, &numbered(0..20_000, 2));
    let mut settings = config(&kafka, &topic, &group);
    settings.extra.insert("session.timeout.ms".into(), "3000".into());
    settings.extra.insert("heartbeat.interval.ms".into(), "500".into());
    let mut source = KafkaSource::open(settings).unwrap();
    let mut all = read(&mut source, true, |seen| seen.records.len() >= 3_000).await.records;
    kafka.kill();
    tokio::time::sleep(Duration::from_secs(5)).await;
    kafka.restart();
    kafka.produce(&topic, &numbered(20_000..30_000, 2));
    // What was not committed is repeated, so the count of records says nothing; the committed offsets do.
    while kafka.committed(&group, &topic, 2) != [Some(15_000); 2] {
        let batches = usize::from(!source.persist().await.is_ok_and(|()| kafka.committed(&group, &topic, 2) == [Some(15_000); 2]));
        all.extend(read(&mut source, true, |seen| seen.batches.len() >= batches).await.records);
    }
    source.close().await.unwrap();
    for partition in 0..2 {
        // The first sight of each record must be in order, and none may be missing.
        let mut known = std::collections::HashSet::new();
        let firsts: Vec<String> = values(&all, partition).into_iter().filter(|v| known.insert(v.clone())).collect();
        assert!(firsts == values(&numbered(0..30_000, 2), partition), "partition {partition}");
    }
}
