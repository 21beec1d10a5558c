//! What tests do with a broker: topics, producing, reading back, offsets.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::KafkaCluster;

/// Longest that any one request of a test may take on a busy machine.
const WAIT: Duration = Duration::from_secs(60);

/// A record as a test writes or reads it. `None` is null, which is not the same as empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The partition; when writing, `None` lets the key decide.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// Headers in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since the epoch; when writing, `None` is now.
    pub timestamp_ms: Option<i64>,
    /// The offset; ignored when writing.
    pub offset: i64,
}

impl Record {
    /// A record with a value only, for a partition.
    #[must_use]
    pub fn value(partition: i32, value: impl Into<Vec<u8>>) -> Self {
        Self { partition: Some(partition), value: Some(value.into()), ..Self::default() }
    }
}

/// True when the broker answers a metadata request.
pub(super) fn reachable(bootstrap: &str) -> bool {
    let consumer: BaseConsumer = config(bootstrap).create().expect("a client");
    consumer.fetch_metadata(None, Duration::from_secs(5)).is_ok_and(|m| !m.brokers().is_empty())
}

fn config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("allow.auto.create.topics", "false");
    config
}

impl KafkaCluster {
    /// Creates a topic with `partitions` partitions and a name that begins with `prefix`, and returns the name.
    ///
    /// # Panics
    /// When the broker refuses.
    pub fn topic(&self, prefix: &str, partitions: i32) -> String {
        let name = Self::unique(prefix);
        self.create_topic(&name, partitions, &[]);
        name
    }

    /// Creates a topic with settings of its own, and waits until the broker knows its leaders.
    ///
    /// # Panics
    /// When the broker refuses.
    pub fn create_topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let admin: AdminClient<DefaultClientContext> = config(self.bootstrap()).create().expect("an admin client");
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in settings {
            topic = topic.set(key, value);
        }
        let results = on_runtime(|| admin.create_topics([&topic], &AdminOptions::new().request_timeout(Some(WAIT))));
        results.expect("the request").remove(0).expect("the topic is created");
        let deadline = Instant::now() + WAIT;
        while self.leaders(name) < partitions {
            assert!(Instant::now() < deadline, "topic {name} has no leaders");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn leaders(&self, topic: &str) -> i32 {
        let consumer: BaseConsumer = config(self.bootstrap()).create().expect("a client");
        let metadata = consumer.fetch_metadata(Some(topic), WAIT).expect("metadata");
        let led = metadata.topics().iter().flat_map(|t| t.partitions()).filter(|p| p.leader() >= 0).count();
        i32::try_from(led).expect("few partitions")
    }

    /// Writes records in their order and waits until all are acknowledged.
    ///
    /// # Panics
    /// When one is not.
    pub fn produce(&self, topic: &str, records: &[Record]) {
        let producer = self.producer(&[]);
        send_all(&producer, topic, records);
        producer.flush(WAIT).expect("all records are acknowledged");
    }

    /// Writes records in one transaction, which is committed or aborted.
    ///
    /// # Panics
    /// When a step fails.
    pub fn produce_transaction(&self, topic: &str, records: &[Record], commit: bool) {
        let producer = self.producer(&[("transactional.id", &Self::unique("txn"))]);
        producer.init_transactions(WAIT).expect("transactions");
        producer.begin_transaction().expect("a transaction begins");
        send_all(&producer, topic, records);
        producer.flush(WAIT).expect("all records are acknowledged");
        if commit { producer.commit_transaction(WAIT) } else { producer.abort_transaction(WAIT) }.expect("the transaction ends");
    }

    fn producer(&self, settings: &[(&str, &str)]) -> ThreadedProducer<DefaultProducerContext> {
        let mut config = config(self.bootstrap());
        config.set("enable.idempotence", "true").set("linger.ms", "2");
        for (key, value) in settings {
            config.set(*key, *value);
        }
        config.create().expect("a producer")
    }

    /// Everything that a reader of committed records finds in the topic, by partition and offset.
    ///
    /// # Panics
    /// When the topic cannot be read to its end.
    pub fn consume_all(&self, topic: &str) -> Vec<Record> {
        let ends = self.end_offsets(topic);
        (0i32..).zip(ends).flat_map(|(partition, _)| self.consume_partition(topic, partition)).collect()
    }

    fn consume_partition(&self, topic: &str, partition: i32) -> Vec<Record> {
        let consumer: BaseConsumer = config(self.bootstrap())
            .set("group.id", "scrubjay-testkit-reader")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed")
            .set("fetch.queue.backoff.ms", "10")
            .create()
            .expect("a consumer");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Beginning).expect("a partition");
        consumer.assign(&list).expect("an assignment");
        let mut records = Vec::new();
        let mut deadline = Instant::now() + WAIT;
        loop {
            assert!(Instant::now() < deadline, "the end of {topic}/{partition} does not come");
            match consumer.poll(Duration::from_millis(200)) {
                Some(Ok(message)) => {
                    records.push(record(&message));
                    deadline = Instant::now() + WAIT;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => return records,
                // Trouble with a broker that comes back is told on the way; the deadline decides.
                Some(Err(_)) | None => {}
            }
        }
    }

    /// The end offset of each partition, as a reader of committed records sees it.
    ///
    /// # Panics
    /// When the broker does not tell.
    pub fn end_offsets(&self, topic: &str) -> Vec<i64> {
        let consumer: BaseConsumer = config(self.bootstrap()).set("isolation.level", "read_committed").create().expect("a client");
        let metadata = consumer.fetch_metadata(Some(topic), WAIT).expect("metadata");
        let count = metadata.topics().first().map_or(0, |t| t.partitions().len());
        let count = i32::try_from(count).expect("few partitions");
        (0..count).map(|p| consumer.fetch_watermarks(topic, p, WAIT).expect("watermarks").1).collect()
    }

    /// The committed offset of a group for each of `partitions` partitions.
    ///
    /// # Panics
    /// When the broker does not tell.
    pub fn committed(&self, group: &str, topic: &str, partitions: i32) -> Vec<Option<i64>> {
        let consumer: BaseConsumer = config(self.bootstrap()).set("group.id", group).create().expect("a client");
        let mut list = TopicPartitionList::new();
        list.add_partition_range(topic, 0, partitions - 1);
        let committed = consumer.committed_offsets(list, WAIT).expect("committed offsets");
        committed.elements().iter().map(|e| if let Offset::Offset(at) = e.offset() { Some(at) } else { None }).collect()
    }
}

fn send_all(producer: &ThreadedProducer<DefaultProducerContext>, topic: &str, records: &[Record]) {
    for record in records {
        let mut base: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic);
        base.partition = record.partition;
        base.key = record.key.as_deref();
        base.payload = record.value.as_deref();
        base.timestamp = record.timestamp_ms;
        if !record.headers.is_empty() {
            let headers = record
                .headers
                .iter()
                .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: value.as_ref() }));
            base.headers = Some(headers);
        }
        while let Err((error, back)) = producer.send(base) {
            assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), "the record is queued");
            base = back;
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn record<M: Message>(message: &M) -> Record {
    let headers = message
        .headers()
        .map_or_else(Vec::new, |headers| headers.iter().map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec))).collect());
    Record {
        partition: Some(message.partition()),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers,
        timestamp_ms: message.timestamp().to_millis(),
        offset: message.offset(),
    }
}

/// Runs a future to its end, also when the caller is inside a runtime of its own.
fn on_runtime<T: Send, F: Future<Output = T>>(make: impl FnOnce() -> F + Send) -> T {
    thread::scope(|scope| {
        let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(make());
        scope.spawn(run).join().expect("the future ends")
    })
}
