//! Kafka: scrubbed lines and messages become records of one topic.
//!
//! Records are written by an idempotent producer with `acks=all` and never expire: a batch is delivered when the brokers
//! have acknowledged all of its records, and a broker that is away is waited for. What a broker refuses for good ends the
//! run with a [`Problem`]; a refused batch never settles, so the next run reads it again.
//!
//! **Lines.** Each line is a record: its value is the line without the newline (a carriage return stays). Lines of one
//! lane go to one partition, chosen by a hash of what the source reads (path, connection), so their order holds, across
//! restarts too, as long as the topic's number of partitions stays. A line longer than a message may be is sent in
//! parts, in order: each has the headers [`LINE_HEADER`] (the same for all parts of a line, as other records may come
//! between them) and [`PART_HEADER`] (`1`, `2`, …), the last one also [`LAST_HEADER`] (`true`), and their values joined
//! are the line. Parts without a last one are a line that was cut off by a stop; the next run sends it again from its
//! beginning.
//!
//! **Messages** keep key, value, headers and time, and their partition where the topic has it; else the key decides
//! (as in Java clients), and without a key the partition's number modulo the count. Null stays null. Two things Kafka's
//! client cannot carry: the time 0 (1970-01-01T00:00:00.000Z) becomes 1 ms, and a header's name that is not UTF-8 gets
//! U+FFFD as all readers show it.

mod config;
mod connect;
mod context;
mod ledger;
mod lines;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer};
use scrubjay_delivery::LaneId;
use scrubjay_pipeline::{Problem, Settlement, Sink, SinkSummary};
use scrubjay_scrub::{Framing, Message, Scrubbed};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

pub use config::KafkaSinkConfig;
use connect::{Connected, connect, denied};
use context::Served;
use ledger::Slot;
use lines::{OpenLine, Part, Piece};

/// Header of a record that is a part of a line: a name of the line, unique for the topic.
pub const LINE_HEADER: &str = "sj-line";
/// Header of a record that is a part of a line: its number, counted from 1, in decimal.
pub const PART_HEADER: &str = "sj-part";
/// Header of the last part of a line; its value is `true`.
pub const LAST_HEADER: &str = "sj-last";

/// Wait before the next try while the client's queue is full.
const FULL_WAIT: Duration = Duration::from_millis(2);
/// Longest wait for acknowledgements at the end.
const CLOSE_MAX: Duration = Duration::from_secs(20);
/// One step of that wait. Short, so that a process that gives up earlier is not held up.
const CLOSE_STEP: Duration = Duration::from_millis(200);
/// Lets the client choose the partition by the key.
const BY_KEY: i32 = -1;

/// Writes scrubbed batches to one topic. See the [module](self).
pub struct KafkaSink {
    config: KafkaSinkConfig,
    served: Served,
    partitions: i32,
    value_bytes_max: usize,
    lanes: HashMap<LaneId, Lane>,
    /// Sum over [`Self::lanes`].
    held_bytes: u64,
    /// Tells the lines of this run, that are sent in parts, from those of others.
    run: u64,
    lines_cut: u64,
    /// The problem that ended this sink has been handed out.
    told: bool,
}

/// A lane inside a line.
struct Lane {
    line: OpenLine,
    partition: i32,
    /// Number of the line that is sent in parts.
    line_cut: u64,
    /// The batches with bytes in `line`.
    holders: Vec<Slot>,
    /// Input bytes of those batches.
    held_bytes: u64,
}

type Record<'a> = BaseRecord<'a, [u8], [u8], Slot>;

impl KafkaSink {
    /// Connects and checks the topic. Waits up to [`KafkaSinkConfig::connect_wait`] for a broker.
    ///
    /// # Errors
    /// A [`Problem`] with a remedy: settings that are refused, no broker, failed authentication, a topic that does not
    /// exist or may not be written to.
    pub async fn connect(config: KafkaSinkConfig) -> Result<Self, Problem> {
        config.check()?;
        let Connected { served, partitions, value_bytes_max } = connect(&config).await?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = since.as_secs() << 32 | u64::from(since.subsec_nanos()) ^ u64::from(std::process::id());
        Ok(Self { config, served, partitions, value_bytes_max, lanes: HashMap::new(), held_bytes: 0, run, lines_cut: 0, told: false })
    }

    async fn accept_batch(&mut self, batch: &Scrubbed) -> Result<(), Problem> {
        self.alive()?;
        match batch.framing() {
            Framing::Lines => self.lines(batch).await,
            Framing::Messages(messages) => self.messages(batch, messages).await,
        }
    }

    async fn messages(&mut self, batch: &Scrubbed, messages: &[Message]) -> Result<(), Problem> {
        let bytes = batch.bytes();
        let part = |range: &std::ops::Range<usize>| bytes.get(range.clone()).unwrap_or_default();
        let count = messages.len() as u64;
        let slot = {
            let mut ledger = self.served.producer.context().ledger();
            let slot = ledger.batch(batch.ack(), count + 1, bytes.len() as u64);
            ledger.count(slot, count);
            slot
        };
        for message in messages {
            let mut record = self.record(slot, self.partition_of(message, &batch.origin().name));
            record.key = message.key.as_ref().map(part);
            record.payload = message.value.as_ref().map(part);
            // The client takes 0 for "now".
            record.timestamp = message.timestamp_ms.map(|ms| if ms == 0 { 1 } else { ms });
            if !message.headers.is_empty() {
                let headers = OwnedHeaders::new_with_capacity(message.headers.len());
                record.headers = Some(message.headers.iter().fold(headers, |headers, (name, value)| {
                    headers.insert(Header { key: &String::from_utf8_lossy(part(name)), value: value.as_ref().map(part) })
                }));
            }
            self.send(record).await?;
        }
        self.release(slot, 1);
        Ok(())
    }

    async fn lines(&mut self, batch: &Scrubbed) -> Result<(), Problem> {
        let mut rest = batch.bytes();
        let newlines = memchr::memchr_iter(b'\n', rest).count() as u64;
        // As many as could be, and one for this function: what is too much is given back at the end.
        let slot = self.served.producer.context().ledger().batch(batch.ack(), newlines + 1, rest.len() as u64);
        let lane_id = batch.ack().lane;
        let mut lane = match self.lanes.remove(&lane_id) {
            Some(lane) => lane,
            None => Lane {
                line: OpenLine::default(),
                partition: self.partition_by(&batch.origin().name),
                line_cut: 0,
                holders: Vec::new(),
                held_bytes: 0,
            },
        };
        self.held_bytes -= lane.held_bytes;
        let mut whole = 0;
        while let Some(piece) = lane.line.next(&mut rest, self.value_bytes_max) {
            if let Piece::Line(line) = &piece {
                let mut record = self.record(slot, lane.partition);
                record.payload = Some(*line);
                self.send(record).await?;
                whole += 1;
            } else {
                self.hold(&mut lane, slot);
                self.joined(&mut lane, piece).await?;
            }
        }
        if batch.lane_ends()
            && let Some(piece) = lane.line.end()
        {
            self.hold(&mut lane, slot);
            self.joined(&mut lane, piece).await?;
        }
        if lane.line.holds() && !batch.bytes().is_empty() {
            self.hold(&mut lane, slot);
            lane.held_bytes += batch.stats().bytes_in.max(1);
        }
        if !lane.line.is_empty() {
            self.held_bytes += lane.held_bytes;
            self.lanes.insert(lane_id, lane);
        }
        self.served.producer.context().ledger().count(slot, whole);
        self.release(slot, 1 + newlines - whole);
        self.relieve().await
    }

    /// The batch has bytes in the lane's line.
    fn hold(&self, lane: &mut Lane, slot: Slot) {
        self.served.producer.context().ledger().hold(slot);
        lane.holders.push(slot);
    }

    /// Sends a line or a part that may be made of several batches, and lets go of them with its acknowledgement.
    async fn joined(&mut self, lane: &mut Lane, piece: Piece<'_>) -> Result<(), Problem> {
        let Piece::Joined(text, part) = piece else { return Ok(()) };
        let records = u64::from(part.is_none_or(|part| part.last));
        if part.is_some_and(|part| part.number == 1) {
            self.lines_cut += 1;
            lane.line_cut = self.lines_cut;
        }
        let line = format!("{:x}-{}", self.run, lane.line_cut);
        lane.held_bytes = 0;
        let slot = self.served.producer.context().ledger().joint(std::mem::take(&mut lane.holders), records);
        let mut record = self.record(slot, lane.partition);
        record.payload = Some(&text);
        record.headers = part.map(|part| part_headers(&line, part));
        self.send(record).await
    }

    /// Sends unfinished lines in parts while too much waits for their ends.
    async fn relieve(&mut self) -> Result<(), Problem> {
        while self.held_bytes > self.config.held_bytes_max {
            let Some(id) = self.lanes.iter().max_by_key(|(_, lane)| lane.held_bytes).map(|(id, _)| *id) else { return Ok(()) };
            let Some(mut lane) = self.lanes.remove(&id) else { return Ok(()) };
            self.held_bytes -= lane.held_bytes;
            if let Some(piece) = lane.line.cut() {
                self.joined(&mut lane, piece).await?;
            }
            self.held_bytes += lane.held_bytes;
            self.lanes.insert(id, lane);
        }
        Ok(())
    }

    /// Nothing more will come: what there is of unfinished lines is sent as a part without a last one.
    async fn cut_all(&mut self) -> Result<(), Problem> {
        for mut lane in std::mem::take(&mut self.lanes).into_values() {
            if let Some(piece) = lane.line.cut() {
                self.joined(&mut lane, piece).await?;
            }
        }
        self.held_bytes = 0;
        Ok(())
    }

    fn record(&self, slot: Slot, partition: i32) -> Record<'_> {
        BaseRecord::with_opaque_to(&self.config.topic, slot).partition(partition)
    }

    /// Queues a record; waits while the queue is full.
    async fn send(&self, mut record: Record<'_>) -> Result<(), Problem> {
        loop {
            match self.served.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    self.alive()?;
                    record = back;
                    sleep(FULL_WAIT).await;
                }
                Err((error, _)) => {
                    self.served.producer.context().ledger().refuse(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown));
                    return self.alive();
                }
            }
        }
    }

    fn partition_by(&self, name: &str) -> i32 {
        i32::try_from(fnv1a(name.as_bytes()) % u64::from(self.partitions.unsigned_abs().max(1))).unwrap_or(0)
    }

    fn partition_of(&self, message: &Message, name: &str) -> i32 {
        match message.partition {
            Some(partition) if (0..self.partitions).contains(&partition) => partition,
            _ if message.key.is_some() => BY_KEY,
            Some(partition) => partition.rem_euclid(self.partitions.max(1)),
            None => self.partition_by(name),
        }
    }

    fn release(&self, slot: Slot, count: u64) {
        let context = self.served.producer.context();
        if context.ledger().release(slot, count) {
            context.changed.notify_one();
        }
    }

    /// An error once a record was refused.
    fn alive(&self) -> Result<(), Problem> {
        let refused = self.served.producer.context().ledger().refused();
        refused.map_or(Ok(()), |code| Err(self.refusal(code)))
    }

    fn refusal(&self, code: RDKafkaErrorCode) -> Problem {
        use RDKafkaErrorCode as Code;
        let problem = |what: &str, remedy: &str| Problem::new(self.config.place(), what, remedy);
        match code {
            Code::MessageSizeTooLarge => problem("a record is larger than the topic takes", "raise the topic's `max.message.bytes`"),
            Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => denied(&self.config),
            // "Destroyed" is what the client says of a record that it had queued for a partition when the metadata lost it
            // (librdkafka 2.x, `rd_kafka_toppar_destroy_final`); this client itself is not being destroyed here.
            Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition | Code::UnknownTopicId | Code::BrokerDestroy => {
                problem("the topic or the partition does not exist any more", "create it again; scrubjay creates no topics")
            }
            Code::InvalidRecord => problem("the broker refuses a record as invalid", "a compacted topic takes no record without a key"),
            Code::InvalidTimestamp => problem(
                "the broker refuses the time of a record",
                "see the topic's `message.timestamp.before.max.ms` and `message.timestamp.after.max.ms`",
            ),
            Code::Fatal => {
                let cause = self.served.producer.client().fatal_error().map_or(code, |(cause, _)| cause);
                problem(&format!("the client has given up: {cause:?}"), "start again; what was not acknowledged is sent again")
            }
            other => problem(
                &format!("a record was not taken: {other:?}"),
                "see the broker's log; what was not acknowledged is sent again by the next run",
            ),
        }
    }

    async fn settled_now(&mut self) -> Result<Vec<Settlement>, Problem> {
        loop {
            // One permit is kept for a waker that comes between the look and the wait.
            let settled = self.served.producer.context().ledger().take();
            if !settled.is_empty() {
                return Ok(settled);
            }
            self.alive().inspect_err(|_| self.told = true)?;
            self.served.producer.context().changed.notified().await;
        }
    }

    async fn close_now(&mut self) -> Result<Vec<Settlement>, Problem> {
        let deadline = Instant::now() + CLOSE_MAX;
        let cut = if self.alive().is_ok() {
            tokio::time::timeout_at(deadline, self.cut_all()).await.unwrap_or_else(|_| Err(self.late()))
        } else {
            Ok(())
        };
        // What else is under way may still arrive, also after a refusal: it need not be sent again then.
        while self.served.producer.in_flight_count() > 0 && Instant::now() < deadline {
            let producer = Arc::clone(&self.served.producer);
            let _ = spawn_blocking(move || producer.flush(CLOSE_STEP)).await;
        }
        let mut problem = cut.and_then(|()| self.alive());
        if problem.is_ok() && self.served.producer.context().ledger().open() > 0 {
            problem = Err(self.late());
        }
        if let Err(problem) = problem
            && !std::mem::replace(&mut self.told, true)
        {
            return Err(problem);
        }
        Ok(self.served.producer.context().ledger().take())
    }

    fn late(&self) -> Problem {
        let what = format!("not every record was acknowledged within {} s", CLOSE_MAX.as_secs());
        Problem::new(self.config.place(), what, "check the brokers; what was not acknowledged is sent again by the next run")
    }
}

#[async_trait]
impl Sink for KafkaSink {
    async fn accept(&mut self, batch: Arc<Scrubbed>) -> Result<(), Problem> {
        let accepted = self.accept_batch(&batch).await;
        self.told |= accepted.is_err();
        accepted
    }

    async fn settled(&mut self) -> Result<Vec<Settlement>, Problem> {
        self.settled_now().await
    }

    async fn close(&mut self) -> Result<Vec<Settlement>, Problem> {
        self.close_now().await
    }

    fn summary(&self) -> SinkSummary {
        let (records, bytes) = self.served.producer.context().ledger().totals();
        SinkSummary { target: format!("{} at {}", self.config.place(), self.config.brokers), records, bytes }
    }
}

fn part_headers(line: &str, part: Part) -> OwnedHeaders {
    let headers = OwnedHeaders::new_with_capacity(3)
        .insert(Header { key: LINE_HEADER, value: Some(line) })
        .insert(Header { key: PART_HEADER, value: Some(&part.number.to_string()) });
    if part.last { headers.insert(Header { key: LAST_HEADER, value: Some("true") }) } else { headers }
}

/// FNV-1a with 64 bits: the same in every version of this program, or files would change their partition.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::fnv1a;

    /// Test vectors of the hash's authors (draft-eastlake-fnv, appendix C).
    #[test]
    fn the_partition_of_a_file_never_changes() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
