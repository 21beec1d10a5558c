//! The reading thread: answers one request after another, and keeps the group membership alive in between.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers, Message as _};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use scrubjay_delivery::{AckId, LaneId};
use scrubjay_pipeline::{Problem, SourceEvent};
use scrubjay_scrub::{Batch, Framing, Message};
use tokio::sync::{mpsc, oneshot};

use super::config::KafkaSourceConfig;
use super::context::{Context, commit};
use super::lanes::Lanes;
use super::lock;
use super::once::{Once, Place};

/// Most messages of a batch.
const BATCH_MESSAGES_MAX: usize = 10_000;
/// Longest wait for more messages after the first.
const LINGER: Duration = Duration::from_millis(20);
/// Longest call into the client while a batch is asked for: commands wait for it.
const POLL: Duration = Duration::from_millis(50);
/// Without a request for this long, reading is paused and only the group is served.
const PAUSE_AFTER: Duration = Duration::from_millis(500);
/// Once mode asks brokers whether the end is reached when nothing came for this long.
const QUIET: Duration = Duration::from_millis(200);
/// Without answers for this long a broker counts as away.
const AWAY_AFTER: Duration = Duration::from_secs(5);
/// The same problem is told once in this time.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// Stands for a header name that is not UTF-8.
const UNREADABLE_NAME: &[u8] = b"sj-unreadable-name";

/// What the source asks of the thread.
pub(super) enum Command {
    Next(usize),
    Persist(oneshot::Sender<Result<(), Problem>>),
    Close(oneshot::Sender<Result<(), Problem>>),
}

enum Phase {
    /// No broker has answered yet.
    Connecting,
    Reading,
    /// `End` was or will be said.
    Ended,
}

pub(super) struct Worker {
    config: KafkaSourceConfig,
    client: ClientConfig,
    consumer: BaseConsumer<Context>,
    lanes: Arc<Mutex<Lanes>>,
    commands: Receiver<Command>,
    events: mpsc::Sender<SourceEvent>,
    phase: Phase,
    once: Option<Once>,
    filling: Filling,
    problems: VecDeque<Problem>,
    told: HashMap<String, Instant>,
    /// When a broker last showed that it is there; at first, when one was first asked for.
    alive: Option<Instant>,
    /// When the last message came, or the end was last asked for.
    quiet_since: Instant,
    /// Errors came that may mean that no broker is there.
    suspect: bool,
    /// The generation of the lanes for which reading is paused.
    paused: Option<u64>,
}

/// Batches under construction, one for each lane that had a message.
#[derive(Default)]
struct Filling {
    parts: VecDeque<Part>,
    bytes: usize,
    messages: usize,
    since: Option<Instant>,
    /// Nothing is added any more until all parts are out.
    full: bool,
}

struct Part {
    lane: LaneId,
    bytes: Vec<u8>,
    messages: Vec<Message>,
    next_offset: i64,
}

impl Worker {
    pub(super) fn new(
        config: KafkaSourceConfig,
        lanes: Arc<Mutex<Lanes>>,
        commands: Receiver<Command>,
        events: mpsc::Sender<SourceEvent>,
    ) -> Result<Self, Problem> {
        let client = config.client()?;
        let context = Context::new(config.place(), Arc::clone(&lanes));
        let consumer = client.create_with_context(context).map_err(|e| config.refused(&e))?;
        let now = Instant::now();
        Ok(Self {
            config,
            client,
            consumer,
            lanes,
            commands,
            events,
            phase: Phase::Connecting,
            once: None,
            filling: Filling::default(),
            problems: VecDeque::new(),
            told: HashMap::new(),
            alive: None,
            quiet_since: now,
            suspect: false,
            paused: None,
        })
    }

    /// Serves commands until the source closes or is dropped. Dropping the consumer leaves the group.
    pub(super) fn run(mut self) {
        let mut asked: Option<usize> = None;
        loop {
            let wait = match (asked, self.paused) {
                (Some(_), _) => Duration::ZERO,
                (None, None) => PAUSE_AFTER,
                (None, Some(_)) => 2 * POLL,
            };
            match self.commands.recv_timeout(wait) {
                Ok(Command::Next(bytes_max)) => {
                    self.resume();
                    asked = Some(bytes_max);
                }
                Ok(Command::Persist(reply)) => {
                    let _ = reply.send(self.persist());
                }
                Ok(Command::Close(reply)) => {
                    let persisted = self.persist();
                    drop(self.consumer);
                    let _ = reply.send(persisted);
                    return;
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            match asked {
                None => self.idle(),
                Some(bytes_max) => {
                    if let Some(event) = self.event(bytes_max) {
                        asked = None;
                        if self.events.blocking_send(event).is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Works on a request for about [`POLL`].
    fn event(&mut self, bytes_max: usize) -> Option<SourceEvent> {
        if let Some(batch) = self.filling.take(&self.lanes) {
            return Some(SourceEvent::Batch(batch));
        }
        if let Some(problem) = self.problems.pop_front() {
            return Some(SourceEvent::Problem(problem));
        }
        match self.phase {
            Phase::Connecting => self.connect(),
            Phase::Reading => self.read(bytes_max),
            Phase::Ended => return Some(SourceEvent::End),
        }
        None
    }

    /// No batch is wanted: stops reading, but answers the group, or it would give the partitions to others.
    fn idle(&mut self) {
        if !matches!(self.phase, Phase::Reading | Phase::Ended) {
            return;
        }
        let generation = lock(&self.lanes).generation();
        if self.paused != Some(generation) {
            if let Ok(assignment) = self.consumer.assignment() {
                let _ = self.consumer.pause(&assignment);
            }
            self.paused = Some(generation);
        }
        self.poll(Duration::ZERO);
    }

    fn resume(&mut self) {
        if self.paused.take().is_some()
            && let Ok(assignment) = self.consumer.assignment()
        {
            let _ = self.consumer.resume(&assignment);
            self.quiet_since = Instant::now();
        }
    }

    fn connect(&mut self) {
        self.alive.get_or_insert_with(Instant::now);
        let wait = Duration::from_secs(1).min(self.config.broker_wait);
        let mut there = Vec::new();
        for topic in self.config.topics.clone() {
            let metadata = self.consumer.fetch_metadata(Some(&topic), wait);
            match metadata.as_ref().map(|m| m.topics().first().map(|t| t.error())) {
                Ok(Some(None)) => there.push(topic),
                Ok(Some(Some(error))) if !passes(error) => self.refuse_topic(&topic, error.into()),
                Ok(_) | Err(_) => {
                    drop(metadata);
                    return self.still_away();
                }
            }
        }
        self.alive = Some(Instant::now());
        if self.config.once {
            if there.is_empty() {
                self.phase = Phase::Ended;
                return;
            }
            match Once::take(&self.consumer, &there) {
                Ok(once) => self.once = Some(once),
                Err(_) => return self.still_away(),
            }
        } else {
            // A topic that is missing now is read when it appears.
            there.clone_from(&self.config.topics);
        }
        let names: Vec<&str> = there.iter().map(String::as_str).collect();
        match self.consumer.subscribe(&names) {
            Ok(()) => self.phase = Phase::Reading,
            Err(_) => self.fatal("the client does not subscribe", "check the topics' names"),
        }
        self.quiet_since = Instant::now();
    }

    fn refuse_topic(&mut self, topic: &str, code: RDKafkaErrorCode) {
        let place = format!("{} topic {topic}", self.config.place());
        let (what, remedy) = match code {
            RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => {
                ("the topic does not exist".to_owned(), "create it, or correct the name")
            }
            other => (other.to_string(), "check the rights of this user"),
        };
        self.tell(Problem::new(place, what, remedy));
    }

    /// For how long no broker has shown that it is there.
    fn away(&mut self) -> Duration {
        self.alive.get_or_insert_with(Instant::now).elapsed()
    }

    /// A broker did not answer: in once mode the end after the configured wait, else told now and then.
    fn still_away(&mut self) {
        let away = self.away();
        let _ = self.consumer.context().take_errors();
        if self.config.once && away >= self.config.broker_wait {
            let what = format!("no broker reached at {} in {} s", self.config.brokers, away.as_secs());
            self.fatal(&what, "check the address and that the broker runs");
        } else if !self.config.once && away >= AWAY_AFTER.min(self.config.broker_wait) {
            let what = format!("no broker reached at {}", self.config.brokers);
            self.tell(Problem::new(self.config.place(), what, "still trying"));
        }
    }

    fn read(&mut self, bytes_max: usize) {
        let until = Instant::now() + POLL;
        while !self.filling.full {
            let now = Instant::now();
            let stop = self.filling.since.map_or(until, |since| since + LINGER);
            if stop <= now {
                break;
            }
            self.poll(stop - now);
            if self.filling.bytes >= bytes_max || self.filling.messages >= BATCH_MESSAGES_MAX {
                self.filling.full = true;
            }
        }
        self.filling.full |= self.filling.since.is_some_and(|since| since.elapsed() >= LINGER);
        self.check_errors();
        if self.filling.parts.is_empty() && self.quiet_since.elapsed() >= QUIET {
            self.check_quiet();
        }
    }

    /// Takes at most one message from the client.
    fn poll(&mut self, wait: Duration) {
        // The consumer lends messages; it is taken apart from the rest of `self` while one is held.
        let Self { consumer, filling, lanes, once, .. } = self;
        let error = match consumer.poll(wait) {
            None => return,
            Some(Ok(message)) => {
                self.quiet_since = Instant::now();
                self.alive = Some(self.quiet_since);
                self.suspect = false;
                if matches!(self.phase, Phase::Ended) {
                    return;
                }
                let Some(lane) = filling.lane(lanes, &message) else { return };
                let place = once.as_mut().map(|o| o.note(lane, message.topic(), message.partition(), message.offset()));
                if place == Some(Place::Beyond) {
                    let mut list = TopicPartitionList::new();
                    list.add_partition(message.topic(), message.partition());
                    let _ = consumer.pause(&list);
                    return;
                }
                if !filling.add(lane, &message) {
                    let place = format!("{} topic {}", self.config.place(), message.topic());
                    drop(message);
                    let what = "a record has a header name that is not UTF-8: that header is withheld";
                    self.tell(Problem::new(place, what, "correct the producer"));
                }
                return;
            }
            Some(Err(error)) => error,
        };
        if let KafkaError::MessageConsumptionFatal(code) = error {
            return self.fatal(&code.to_string(), "another member may use the same group.instance.id");
        }
        if let Some(code) = error.rdkafka_error_code() {
            self.trouble(code);
        }
    }

    fn check_errors(&mut self) {
        for code in self.consumer.context().take_errors() {
            self.trouble(code);
        }
        if self.suspect && self.away() >= AWAY_AFTER.min(self.config.broker_wait) {
            if self.consumer.fetch_metadata(None, Duration::from_secs(1)).is_ok() {
                self.alive = Some(Instant::now());
                self.suspect = false;
            } else {
                self.still_away();
            }
        }
    }

    fn trouble(&mut self, code: RDKafkaErrorCode) {
        use RDKafkaErrorCode as E;
        match code {
            // One connection of several, or one that was idle: the client connects again by itself.
            E::BrokerTransportFailure | E::AllBrokersDown | E::OperationTimedOut | E::Resolve => self.suspect = true,
            E::UnknownTopicOrPartition | E::UnknownTopic | E::UnknownPartition => self.deny("a topic does not exist any more"),
            E::TopicAuthorizationFailed
            | E::GroupAuthorizationFailed
            | E::ClusterAuthorizationFailed
            | E::Authentication
            | E::SaslAuthenticationFailed
            | E::SSL => self.deny(&code.to_string()),
            // The group takes care of these: a rebalance follows.
            E::PollExceeded | E::AssignmentLost | E::RebalanceInProgress | E::IllegalGeneration | E::UnknownMemberId => {}
            other => self.tell(Problem::new(self.config.place(), other.to_string(), "reading goes on")),
        }
    }

    /// Something that only a person can mend. With `once` there is nobody to wait for.
    fn deny(&mut self, what: &str) {
        if self.config.once {
            self.fatal(what, "check the topic, the credentials and the rights of this user");
        } else {
            self.tell(Problem::new(
                self.config.place(),
                what,
                "check the topic, the credentials and the rights of this user; still trying",
            ));
        }
    }

    fn check_quiet(&mut self) {
        let Some(once) = self.once.as_mut() else { return };
        // Asked again in a second, not at once.
        self.quiet_since = Instant::now() + Duration::from_secs(1) - QUIET;
        let (generation, assigned) = {
            let lanes = lock(&self.lanes);
            (lanes.generation(), lanes.assigned())
        };
        if generation > 0 {
            match once.done(&self.consumer, &self.client, self.config.start, &assigned) {
                Ok(true) => self.finish(),
                Ok(false) => self.alive = Some(Instant::now()),
                Err(error) => match error.rdkafka_error_code() {
                    Some(code) => self.trouble(code),
                    None => self.suspect = true,
                },
            }
        }
    }

    fn finish(&mut self) {
        let mut lanes = lock(&self.lanes);
        for (topic, partition, end) in self.once.iter().flat_map(Once::ends) {
            lanes.drained(topic, partition, end);
        }
        drop(lanes);
        self.phase = Phase::Ended;
    }

    fn fatal(&mut self, what: &str, remedy: &str) {
        self.problems.push_back(Problem::new(self.config.place(), what, remedy));
        self.filling = Filling::default();
        self.phase = Phase::Ended;
    }

    fn tell(&mut self, problem: Problem) {
        let now = Instant::now();
        let key = problem.to_string();
        if self.told.len() < 1_000 && self.told.get(&key).is_none_or(|last| now.duration_since(*last) >= TELL_EVERY) {
            self.told.insert(key, now);
            self.problems.push_back(problem);
        }
    }

    fn persist(&mut self) -> Result<(), Problem> {
        let positions = lock(&self.lanes).to_commit(None);
        commit(&self.consumer, &positions).map_err(|error| {
            let what = error.rdkafka_error_code().map_or_else(|| "refused".to_owned(), |code| code.to_string());
            Problem::new(self.config.place(), format!("offsets not committed: {what}"), "tried again; until then a restart repeats records")
        })?;
        lock(&self.lanes).committed(&positions);
        Ok(())
    }
}

/// True for an answer about a topic that is different a moment later.
fn passes(error: RDKafkaRespErr) -> bool {
    matches!(error, RDKafkaRespErr::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE | RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION)
}

impl Filling {
    /// The lane of a message's partition; `None` when the partition is not this member's any more.
    fn lane(&self, lanes: &Mutex<Lanes>, message: &BorrowedMessage<'_>) -> Option<LaneId> {
        lock(lanes).lane(message.topic(), message.partition())
    }

    /// Adds a message. False when a header name had to be replaced.
    fn add(&mut self, lane: LaneId, message: &BorrowedMessage<'_>) -> bool {
        let index = self.part(lane, message);
        let Some(part) = self.parts.get_mut(index) else { return true };
        let before = part.bytes.len();
        let value = message.payload().map(|v| part.put(v));
        let key = message.key().map(|k| part.put(k));
        let mut readable = true;
        let mut headers = Vec::new();
        if let Some(all) = message.headers() {
            for index in 0..all.count() {
                let (name, value) = header(all, index).unwrap_or_else(|| {
                    readable = false;
                    (UNREADABLE_NAME, None)
                });
                headers.push((part.put(name), value.map(|v| part.put(v))));
            }
        }
        part.messages.push(Message {
            key,
            value,
            headers,
            timestamp_ms: message.timestamp().to_millis(),
            partition: Some(message.partition()),
        });
        part.next_offset = message.offset() + 1;
        self.bytes += part.bytes.len() - before;
        self.messages += 1;
        self.since.get_or_insert_with(Instant::now);
        readable
    }

    fn part(&mut self, lane: LaneId, message: &BorrowedMessage<'_>) -> usize {
        // Messages come in runs of one partition: the last part is nearly always the right one.
        if let Some(index) = self.parts.iter().rposition(|part| part.lane == lane) {
            return index;
        }
        self.parts.push_back(Part { lane, bytes: Vec::new(), messages: Vec::new(), next_offset: message.offset() });
        self.parts.len() - 1
    }

    /// The next finished batch. Parts of lanes that are gone are dropped: their records are read again by the next owner.
    fn take(&mut self, lanes: &Mutex<Lanes>) -> Option<Batch> {
        while self.full {
            let Some(part) = self.parts.pop_front() else {
                *self = Self::default();
                return None;
            };
            let mut lanes = lock(lanes);
            let Some((origin, seq)) = lanes.origin(part.lane).zip(lanes.open(part.lane, part.next_offset)) else { continue };
            return Some(Batch {
                ack: AckId { lane: part.lane, seq },
                origin,
                bytes: part.bytes,
                line_before: Vec::new(),
                framing: Framing::Messages(part.messages),
                lane_ends: false,
            });
        }
        None
    }
}

impl Part {
    /// Appends bytes and a separator that belongs to nobody, so that no token seems to run from one part into the next.
    fn put(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let end = self.bytes.len();
        self.bytes.push(b'\n');
        start..end
    }
}

/// A header, or `None` when its name is not UTF-8: the client library panics on such a name, and whoever writes records
/// must not be able to stop the reader.
fn header(headers: &BorrowedHeaders, index: usize) -> Option<(&[u8], Option<&[u8]>)> {
    catch_unwind(AssertUnwindSafe(|| headers.get(index))).ok().map(|header| (header.key.as_bytes(), header.value))
}
