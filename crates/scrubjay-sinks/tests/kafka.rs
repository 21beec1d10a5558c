//! The Kafka sink against a real broker, through the real scrubber.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use scrubjay_delivery::{AckId, LaneId, Outcome};
use scrubjay_pipeline::{Problem, Settlement, Sink};
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Message, Origin, Scrubbed, Scrubber};
use scrubjay_sinks::kafka::{KafkaSink, KafkaSinkConfig, LAST_HEADER, LINE_HEADER, PART_HEADER};
use scrubjay_testkit::kafka::{KafkaCluster, Record};
use tokio::time::timeout;

/// Longest that anything may take on a busy machine.
const WAIT: Duration = Duration::from_secs(120);
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2huLmRvZUBleGFtcGxlLmNvbSIsImlzcyI6ImlkcCJ9.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU";

/// Makes batches, numbered in each lane.
struct Feed {
    scrubber: Scrubber,
    next: std::collections::HashMap<u64, u64>,
}

impl Feed {
    fn new() -> Self {
        Self { scrubber: Scrubber::new(FingerprintKey::from_bytes(&[7; 32]).unwrap(), Limits::default()), next: Default::default() }
    }

    fn scrub(&mut self, lane: u64, bytes: &[u8], framing: Framing, lane_ends: bool) -> Arc<Scrubbed> {
        let seq = self.next.entry(lane).or_default();
        let ack = AckId { lane: LaneId(lane), seq: *seq };
        *seq += 1;
        let origin = Arc::new(Origin { source: "app".into(), name: format!("lane-{lane}.log") });
        Arc::new(self.scrubber.scrub(Batch { ack, origin, bytes: bytes.to_vec(), line_before: Vec::new(), framing, lane_ends }))
    }

    fn lines(&mut self, lane: u64, bytes: &[u8]) -> Arc<Scrubbed> {
        self.scrub(lane, bytes, Framing::Lines, false)
    }

    fn last_lines(&mut self, lane: u64, bytes: &[u8]) -> Arc<Scrubbed> {
        self.scrub(lane, bytes, Framing::Lines, true)
    }

    fn messages(&mut self, records: &[Record]) -> Arc<Scrubbed> {
        let mut bytes = Vec::new();
        let mut part = |part: &[u8]| {
            let begin = bytes.len();
            bytes.extend_from_slice(part);
            begin..bytes.len()
        };
        let messages = records
            .iter()
            .map(|r| Message {
                key: r.key.as_deref().map(&mut part),
                value: r.value.as_deref().map(&mut part),
                headers: r.headers.iter().map(|(n, v)| (part(n.as_bytes()), v.as_deref().map(&mut part))).collect(),
                timestamp_ms: r.timestamp_ms,
                partition: r.partition,
            })
            .collect();
        self.scrub(900, &bytes.clone(), Framing::Messages(messages), false)
    }
}

fn config(kafka: &KafkaCluster, topic: &str) -> KafkaSinkConfig {
    KafkaSinkConfig::new("out", kafka.bootstrap(), topic)
}

async fn sink(kafka: &KafkaCluster, topic: &str) -> KafkaSink {
    KafkaSink::connect(config(kafka, topic)).await.unwrap()
}

async fn accept(sink: &mut dyn Sink, batch: Arc<Scrubbed>) {
    timeout(WAIT, sink.accept(batch)).await.expect("the batch is queued").unwrap();
}

/// Waits for this many settlements.
async fn settle(sink: &mut dyn Sink, count: usize) -> Vec<AckId> {
    let mut acks = Vec::new();
    while acks.len() < count {
        acks.extend(delivered(&timeout(WAIT, sink.settled()).await.expect("batches settle").unwrap()));
    }
    acks.sort();
    acks
}

fn delivered(settlements: &[Settlement]) -> Vec<AckId> {
    settlements
        .iter()
        .map(|s| {
            assert_eq!(s.outcome, Outcome::Delivered);
            s.ack
        })
        .collect()
}

fn acks(lane: u64, seqs: std::ops::Range<u64>) -> Vec<AckId> {
    seqs.map(|seq| AckId { lane: LaneId(lane), seq }).collect()
}

async fn nothing_settles(sink: &mut dyn Sink) {
    // Not about time: whatever comes within it is wrong.
    assert!(timeout(Duration::from_millis(300), sink.settled()).await.is_err(), "nothing may settle yet");
}

fn values(records: &[Record]) -> Vec<Vec<u8>> {
    records.iter().map(|r| r.value.clone().unwrap()).collect()
}

fn header<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    record.headers.iter().find(|(n, _)| n == name).map(|(_, v)| std::str::from_utf8(v.as_ref().unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_is_a_record() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("lines", 3);
    let mut feed = Feed::new();
    let mut sink = sink(kafka, &topic).await;
    accept(&mut sink, feed.last_lines(1, b"one\ntwo\r\n\n\xff\xfe\0 three\n\r\nno end")).await;
    accept(&mut sink, feed.lines(2, b"")).await;
    assert_eq!(settle(&mut sink, 2).await, [acks(1, 0..1), acks(2, 0..1)].concat());
    assert_eq!(sink.close().await.unwrap(), []);
    let read = kafka.consume_all(&topic);
    assert_eq!(values(&read), [&b"one"[..], b"two\r", b"", b"\xff\xfe\0 three", b"\r", b"no end"]);
    assert!(read.iter().all(|r| r.key.is_none() && r.headers.is_empty() && r.partition == read[0].partition));
    let summary = sink.summary();
    assert_eq!((summary.records, summary.bytes), (6, 28));
    assert_eq!(summary.target, format!("kafka topic {topic} at {}", kafka.bootstrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_over_several_batches_is_one_record() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("spanning", 1);
    let mut feed = Feed::new();
    let mut sink = sink(kafka, &topic).await;
    // The scrubber holds back as much as a token may be long: these are longer, so what comes out ends inside the line.
    let words = |word: &str| format!("{word} ").repeat(20_000).into_bytes();
    let whole = [&b"whole\n"[..], &words("begin")].concat();
    for bytes in [&whole, &words("middle")] {
        let batch = feed.lines(1, bytes);
        assert!(batch.bytes().last().is_some_and(|b| *b != b'\n'));
        accept(&mut sink, batch).await;
    }
    accept(&mut sink, feed.lines(2, b"")).await;
    assert_eq!(settle(&mut sink, 1).await, acks(2, 0..1), "an empty batch waits for nothing");
    nothing_settles(&mut sink).await;
    let after = [&b"end\nnext\n"[..], &words("rest")].concat();
    accept(&mut sink, feed.lines(1, &after)).await;
    assert_eq!(settle(&mut sink, 2).await, acks(1, 0..2));
    nothing_settles(&mut sink).await;
    accept(&mut sink, feed.last_lines(1, b"")).await;
    assert_eq!(settle(&mut sink, 2).await, acks(1, 2..4));
    let read = kafka.consume_all(&topic);
    let line = [words("begin"), words("middle"), b"end".to_vec()].concat();
    assert!(values(&read) == [b"whole".to_vec(), line, b"next".to_vec(), words("rest")]);
    assert!(read.iter().all(|r| r.headers.is_empty()));
    assert_eq!(sink.summary().records, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_sends_the_rest_and_settles_everything() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("close", 1);
    let mut feed = Feed::new();
    let mut sink = sink(kafka, &topic).await;
    let open = "open ".repeat(30_000);
    let batch = feed.lines(1, format!("whole\n{open}").as_bytes());
    let seen = batch.bytes()[6..].to_vec();
    assert!(!seen.is_empty());
    accept(&mut sink, batch).await;
    accept(&mut sink, feed.lines(1, b"held by the scrubber")).await;
    let mut settled = delivered(&sink.close().await.unwrap());
    settled.sort();
    assert_eq!(settled, acks(1, 0..2));
    let read = kafka.consume_all(&topic);
    assert_eq!(read.len(), 2);
    assert!(read[1].value.as_ref().unwrap().starts_with(&seen));
    assert_eq!((header(&read[1], PART_HEADER), header(&read[1], LAST_HEADER)), (Some("1"), None), "it says that it was cut off");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_line_comes_in_parts_that_join_to_the_line() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("long", 2);
    let mut feed = Feed::new();
    let mut sink = sink(kafka, &topic).await;
    let long: Vec<u8> = (0..3_000_000u32).map(|i| b"abcdefghij klmno-pq \xf0\x01"[(i % 22) as usize]).collect();
    let text = [b"before\n", &long[..], b"\nafter\n"].concat();
    let mut batches = 0;
    for chunk in text.chunks(256 << 10) {
        accept(&mut sink, feed.lines(1, chunk)).await;
        batches += 1;
    }
    assert_eq!(settle(&mut sink, batches).await.len(), batches);
    let read = kafka.consume_all(&topic);
    let (first, last) = (&read[0], read.last().unwrap());
    assert_eq!((first.value.as_deref(), last.value.as_deref()), (Some(&b"before"[..]), Some(&b"after"[..])));
    let parts = &read[1..read.len() - 1];
    assert_eq!(parts.len(), 4);
    for (n, part) in parts.iter().enumerate() {
        assert_eq!(header(part, PART_HEADER), Some((n + 1).to_string().as_str()));
        assert_eq!(header(part, LAST_HEADER), (n == 3).then_some("true"));
        assert!(header(part, LINE_HEADER).is_some() && header(part, LINE_HEADER) == header(&parts[0], LINE_HEADER));
        assert!(part.value.as_ref().unwrap().len() <= 983_040);
    }
    assert!(values(parts).concat() == long);
    assert_eq!(sink.summary().records, 3, "parts are one record");
}

/// Each batch holds a share of the process's byte budget: were all of them held for lines that do not end, nothing more
/// could be read, not even the ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_lines_of_many_lanes_do_not_hold_everything() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("held", 4);
    let mut feed = Feed::new();
    let mut sink = KafkaSink::connect(KafkaSinkConfig { held_bytes_max: 1_000_000, ..config(kafka, &topic) }).await.unwrap();
    let line = |lane: u64| format!("{lane:02} ").repeat(40_000);
    for lane in 0..20 {
        accept(&mut sink, feed.lines(lane, line(lane).as_bytes())).await;
    }
    assert!(settle(&mut sink, 12).await.len() >= 12, "8 batches of 120,000 bytes may be held");
    for lane in 0..20 {
        accept(&mut sink, feed.lines(lane, b"end\n")).await;
    }
    sink.close().await.unwrap();
    let read = kafka.consume_all(&topic);
    assert!(read.iter().any(|r| header(r, LAST_HEADER).is_some()) && read.iter().any(|r| r.headers.is_empty()));
    for lane in 0..20 {
        let first = read.iter().find(|r| r.value.as_ref().unwrap().starts_with(format!("{lane:02} ").as_bytes())).unwrap();
        // Parts of two lanes may alternate in a partition.
        let of_lane: Vec<Record> = match header(first, LINE_HEADER) {
            Some(line) => read.iter().filter(|r| header(r, LINE_HEADER) == Some(line)).cloned().collect(),
            None => vec![first.clone()],
        };
        assert!(values(&of_lane).concat() == (line(lane) + "end").into_bytes(), "lane {lane}");
    }
    assert_eq!(sink.summary().records, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_keep_their_order_and_their_partition() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("lanes", 4);
    for run in 0..2u32 {
        let mut feed = Feed::new();
        let mut sink = sink(kafka, &topic).await;
        for n in 0..200u32 {
            for lane in [1, 2] {
                accept(&mut sink, feed.lines(lane, format!("{lane} {run} {n:04} a\n{lane} {run} {n:04} b\n{lane} {run} ").as_bytes()))
                    .await;
                accept(&mut sink, feed.scrub(lane, format!("{n:04} c\n").as_bytes(), Framing::Lines, n == 199)).await;
            }
        }
        assert_eq!(settle(&mut sink, 800).await, [acks(1, 0..400), acks(2, 0..400)].concat());
        sink.close().await.unwrap();
    }
    let read = kafka.consume_all(&topic);
    for lane in ["1 ", "2 "] {
        let of_lane: Vec<&Record> = read.iter().filter(|r| r.value.as_ref().unwrap().starts_with(lane.as_bytes())).collect();
        assert_eq!(of_lane.len(), 1200);
        assert!(of_lane.is_sorted_by_key(|r| r.value.clone()));
        assert!(of_lane.iter().all(|r| r.partition == of_lane[0].partition), "restarts included");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_stay_what_they_were() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("messages", 3);
    let some = |text: &str| Some(text.as_bytes().to_vec());
    let records = [
        Record { partition: Some(0), key: some("k"), value: some("v"), timestamp_ms: Some(1_700_000_000_123), ..Record::default() },
        Record { partition: Some(0), key: some(""), value: None, timestamp_ms: Some(1), ..Record::default() },
        Record { partition: Some(0), key: None, value: some(""), timestamp_ms: Some(1_700_000_000_000), ..Record::default() },
        Record {
            partition: Some(2),
            key: some("key"),
            value: Some(b"\xff\0line\nline\n".to_vec()),
            headers: vec![
                ("h".into(), None),
                ("h".into(), some("")),
                ("\u{e4}".into(), Some(b"\xff\0".to_vec())),
                (String::new(), some("v")),
            ],
            timestamp_ms: Some(1_600_000_000_000),
            ..Record::default()
        },
    ];
    let mut feed = Feed::new();
    let mut sink = sink(kafka, &topic).await;
    accept(&mut sink, feed.messages(&records)).await;
    accept(&mut sink, feed.messages(&[])).await;
    assert_eq!(settle(&mut sink, 2).await, acks(900, 0..2));
    let mut read = kafka.consume_all(&topic);
    read.iter_mut().for_each(|r| r.offset = 0);
    assert_eq!(read, records);
    assert_eq!(sink.summary().records, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_partitions_that_the_topic_has_not() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("partitions", 3);
    let message = |partition, key: Option<&str>, value: &str| Record { partition, key: key.map(|k| k.into()), ..Record::value(0, value) };
    let mut feed = Feed::new();
    let mut sink = sink(kafka, &topic).await;
    let mut batch: Vec<Record> = (0..30)
        .map(|n| Record { partition: Some(7 + n % 2), ..message(None, Some(&format!("key{}", n % 5)), &format!("{n:02}")) })
        .collect();
    batch.extend((0..9).map(|n| Record { partition: Some(n), ..message(None, None, &format!("null {n}")) }));
    accept(&mut sink, feed.messages(&batch)).await;
    settle(&mut sink, 1).await;
    let read = kafka.consume_all(&topic);
    assert_eq!(read.len(), 39);
    for n in 0..5 {
        let key = format!("key{n}").into_bytes();
        let of_key: Vec<&Record> = read.iter().filter(|r| r.key.as_ref() == Some(&key)).collect();
        assert_eq!(of_key.len(), 6);
        assert!(of_key.iter().all(|r| r.partition == of_key[0].partition) && of_key.is_sorted_by_key(|r| r.value.clone()));
    }
    for record in read.iter().filter(|r| r.key.is_none()) {
        let value = String::from_utf8(record.value.clone().unwrap()).unwrap();
        let from: i32 = value.trim_start_matches("null ").parse().unwrap();
        assert_eq!(record.partition, Some(from % 3));
    }
}

/// A key decides as it does in Kafka's own clients: murmur2 of "21" is -973932308 (Kafka's UtilsTest).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_decides_as_in_java_clients() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("murmur", 7);
    let mut feed = Feed::new();
    let mut sink = sink(kafka, &topic).await;
    accept(&mut sink, feed.messages(&[Record { partition: None, key: Some(b"21".to_vec()), ..Record::value(0, "v") }])).await;
    settle(&mut sink, 1).await;
    let want = (-973_932_308i32 & 0x7fff_ffff) % 7;
    assert_eq!(kafka.consume_all(&topic)[0].partition, Some(want));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_reaches_the_broker() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("tokens", 1);
    let mut feed = Feed::new();
    let mut sink = sink(kafka, &topic).await;
    let (head, tail) = TOKEN.split_at(TOKEN.len() / 2);
    accept(&mut sink, feed.lines(1, format!("a {TOKEN} b\nc {head}").as_bytes())).await;
    accept(&mut sink, feed.last_lines(1, format!("{tail} d\n").as_bytes())).await;
    let token = || Some(TOKEN.as_bytes().to_vec());
    let headers = vec![("authorization".to_owned(), Some(format!("Bearer {TOKEN}").into_bytes())), (TOKEN.to_owned(), None)];
    accept(&mut sink, feed.messages(&[Record { key: token(), headers, partition: Some(0), value: token(), ..Record::default() }])).await;
    settle(&mut sink, 3).await;
    let read = kafka.consume_all(&topic);
    assert_eq!(read.len(), 3);
    let wire = format!("{read:?}");
    let mut seen: Vec<u8> = Vec::new();
    for record in &read {
        seen.extend(record.key.iter().chain(&record.value).flatten());
        record.headers.iter().for_each(|(n, v)| seen.extend(n.bytes().chain(v.iter().flatten().copied())));
    }
    let secret = &TOKEN.as_bytes()[TOKEN.find('.').unwrap() + 1..];
    for run in secret.windows(16) {
        assert!(!seen.windows(16).any(|w| w == run));
    }
    assert!(wire.len() > 100 && String::from_utf8(read[0].value.clone().unwrap()).unwrap().starts_with("a jwt("));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_waited_for() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("full", 1);
    let mut feed = Feed::new();
    let properties = vec![("queue.buffering.max.messages".to_owned(), "10".to_owned())];
    let mut sink = KafkaSink::connect(KafkaSinkConfig { properties, ..config(kafka, &topic) }).await.unwrap();
    let text: String = (0..500).map(|n| format!("line {n:04}\n")).collect();
    accept(&mut sink, feed.lines(1, text.as_bytes())).await;
    assert_eq!(settle(&mut sink, 1).await, acks(1, 0..1));
    let read = kafka.consume_all(&topic);
    assert_eq!(values(&read), text.lines().map(|l| l.as_bytes().to_vec()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_compression_arrives() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("compression", 1);
    for compression in ["none", "lz4", "zstd", "gzip", "snappy"] {
        let config = KafkaSinkConfig { compression: compression.into(), ..config(kafka, &topic) };
        let mut sink = KafkaSink::connect(config).await.unwrap();
        let text = format!("{compression} {}\n", "compress me ".repeat(50)).repeat(20);
        accept(&mut sink, Feed::new().lines(1, text.as_bytes())).await;
        assert_eq!(delivered(&sink.close().await.unwrap()).len(), 1);
        assert_eq!(sink.summary().bytes, text.len() as u64);
    }
    assert_eq!(kafka.consume_all(&topic).len(), 100);
}

/// A batch of librdkafka's usual size would be refused as a whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_takes_little_gets_little() {
    let kafka = KafkaCluster::shared();
    let topic = KafkaCluster::unique("little");
    kafka.create_topic(&topic, 1, &[("max.message.bytes", "20000")]);
    let mut feed = Feed::new();
    let mut sink = sink(kafka, &topic).await;
    let lines: String = (0..3000).map(|n| format!("line {n:05} {}\n", "z".repeat(100))).collect();
    accept(&mut sink, feed.lines(1, lines.as_bytes())).await;
    accept(&mut sink, feed.lines(1, format!("{}\n", "long ".repeat(20_000)).as_bytes())).await;
    settle(&mut sink, 2).await;
    let read = kafka.consume_all(&topic);
    assert_eq!(values(&read[..3000]), lines.lines().map(|l| l.as_bytes().to_vec()).collect::<Vec<_>>());
    assert_eq!(values(&read[3000..]).concat(), "long ".repeat(20_000).as_bytes());
    let last = read.last().unwrap();
    assert_eq!(header(last, LAST_HEADER), Some("true"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_too_large_ends_the_run() {
    let kafka = KafkaCluster::shared();
    let topic = KafkaCluster::unique("large");
    kafka.create_topic(&topic, 1, &[("max.message.bytes", "20000")]);
    let mut feed = Feed::new();
    let mut sink = sink(kafka, &topic).await;
    accept(&mut sink, feed.messages(&[Record::value(0, "fits")])).await;
    settle(&mut sink, 1).await;
    accept(&mut sink, feed.messages(&[Record::value(0, "fits too"), Record::value(0, "large ".repeat(5000))])).await;
    let problem = timeout(WAIT, sink.settled()).await.unwrap().unwrap_err();
    assert_eq!(problem.place, format!("kafka topic {topic}"));
    assert!(problem.remedy.contains("max.message.bytes") && !problem.to_string().contains("large large"), "{problem}");
    assert_eq!(sink.accept(feed.lines(1, b"more\n")).await.unwrap_err(), problem);
    assert_eq!(sink.close().await.unwrap(), [], "told once, and the batch never settles");
}

/// K9: the topic is deleted while the sink runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_goes_away_ends_the_run() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("deleted", 1);
    let mut feed = Feed::new();
    // What is unknown may be unknown for a moment only: the client asks again for 30 s unless told otherwise.
    let properties = vec![("topic.metadata.propagation.max.ms".to_owned(), "1000".to_owned())];
    let mut sink = KafkaSink::connect(KafkaSinkConfig { properties, ..config(kafka, &topic) }).await.unwrap();
    accept(&mut sink, feed.lines(1, b"before\n")).await;
    settle(&mut sink, 1).await;
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", kafka.bootstrap()).create().unwrap();
    admin.delete_topics(&[&topic], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    accept(&mut sink, feed.lines(1, b"after\n")).await;
    let problem = timeout(WAIT, sink.settled()).await.unwrap().unwrap_err();
    assert!(problem.what.contains("does not exist any more"), "{problem}");
    assert_eq!(sink.close().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_larger_than_the_queue_is_refused_not_waited_for() {
    let kafka = KafkaCluster::shared();
    let topic = kafka.topic("huge", 1);
    let mut sink = sink(kafka, &topic).await;
    let huge = Feed::new().messages(&[Record::value(0, vec![b'-'; 40 << 20])]);
    let problem = timeout(WAIT, sink.accept(huge)).await.unwrap().unwrap_err();
    assert!(problem.remedy.contains("max.message.bytes"), "{problem}");
}

async fn connect_problem(config: KafkaSinkConfig) -> Problem {
    timeout(WAIT, KafkaSink::connect(config)).await.expect("an answer").err().expect("a problem")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_topic_and_a_missing_broker_are_told_apart() {
    let kafka = KafkaCluster::shared();
    let missing = connect_problem(config(kafka, "no-such-topic")).await;
    assert_eq!((missing.place.as_str(), missing.what.as_str()), ("kafka topic no-such-topic", "does not exist"));
    let invalid = connect_problem(config(kafka, "no/such topic")).await;
    assert!(invalid.what.contains("not a name"), "{invalid}");
    // Nobody listens on the port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let away = KafkaSinkConfig { connect_wait: Duration::from_secs(1), ..KafkaSinkConfig::new("out", format!("127.0.0.1:{port}"), "t") };
    let unreachable = connect_problem(away).await;
    assert_eq!(unreachable.place, format!("kafka brokers 127.0.0.1:{port}"));
    assert!(unreachable.what.starts_with("no broker has answered in 1 s"), "{unreachable}");
    assert!(!missing.remedy.is_empty() && !unreachable.remedy.is_empty());
    let refused = KafkaSinkConfig { properties: vec![("acks".into(), "0".into())], ..config(kafka, "t") };
    assert!(connect_problem(refused).await.what.contains("acks"));
}

/// K1: the broker is killed under load, and comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_broker_loses_nothing_and_reorders_nothing() {
    let mut kafka = KafkaCluster::start();
    let topic = kafka.topic("killed", 3);
    let mut sink = sink(&kafka, &topic).await;
    let (done, mut progress) = tokio::sync::watch::channel(0u64);
    let work = tokio::spawn(async move {
        let mut feed = Feed::new();
        let mut settled = Vec::new();
        for n in 0..400u64 {
            for lane in 0..3 {
                let text: String = (0..200).map(|i| format!("{lane} {n:06} {i:04} {}\n", "p".repeat(80))).collect();
                accept(&mut sink, feed.scrub(lane, text.as_bytes(), Framing::Lines, n == 399)).await;
            }
            // Between two batches, as the runner does; dropping the call must lose nothing.
            if let Ok(some) = timeout(Duration::from_millis(1), sink.settled()).await {
                settled.extend(delivered(&some.unwrap()));
            }
            done.send_replace(n + 1);
        }
        while settled.len() < 1200 {
            settled.extend(delivered(&timeout(WAIT, sink.settled()).await.expect("the broker is back").unwrap()));
        }
        settled.extend(delivered(&sink.close().await.unwrap()));
        settled
    });
    progress.wait_for(|n| *n >= 50).await.unwrap();
    let mut kafka = tokio::task::spawn_blocking(move || {
        kafka.kill();
        std::thread::sleep(Duration::from_secs(3));
        kafka.restart();
        kafka
    })
    .await
    .unwrap();
    let mut settled = timeout(WAIT, work).await.expect("all is sent").unwrap();
    settled.sort();
    assert_eq!(settled, [acks(0, 0..400), acks(1, 0..400), acks(2, 0..400)].concat(), "each once");
    let read = kafka.consume_all(&topic);
    for lane in 0..3 {
        let prefix = format!("{lane} ").into_bytes();
        let of_lane: Vec<&[u8]> = read.iter().map(|r| r.value.as_deref().unwrap()).filter(|v| v.starts_with(&prefix)).collect();
        assert_eq!(of_lane.len(), 80_000, "nothing lost, nothing twice");
        assert!(of_lane.is_sorted());
    }
    kafka.stop();
}

/// While the broker is away nothing settles, and close gives up with a problem instead of hanging or dropping silently.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_without_a_broker_tells_that_records_are_missing() {
    let mut kafka = KafkaCluster::start();
    let topic = kafka.topic("away", 1);
    let mut sink = sink(&kafka, &topic).await;
    kafka.kill();
    accept(&mut sink, Feed::new().lines(1, b"line\n")).await;
    nothing_settles(&mut sink).await;
    let problem = timeout(WAIT, sink.close()).await.unwrap().unwrap_err();
    assert!(problem.what.contains("not every record"), "{problem}");
    assert_eq!(sink.summary().records, 0);
}
