//! What librdkafka calls back: rebalances, errors, logs. No text of librdkafka's own is ever passed on, only its codes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::lanes::{Lanes, Position};
use super::lock;

/// One line for each facility of the client's log in this time.
const LOG_EVERY: Duration = Duration::from_secs(60);
/// Most errors that wait to be told.
const ERRORS_MAX: usize = 64;

pub(super) struct Context {
    place: String,
    lanes: Arc<Mutex<Lanes>>,
    errors: Mutex<Vec<RDKafkaErrorCode>>,
    logged: Mutex<HashMap<String, Instant>>,
}

impl Context {
    pub(super) fn new(place: String, lanes: Arc<Mutex<Lanes>>) -> Self {
        Self { place, lanes, errors: Mutex::default(), logged: Mutex::default() }
    }

    /// The errors since the last call.
    pub(super) fn take_errors(&self) -> Vec<RDKafkaErrorCode> {
        std::mem::take(&mut *lock(&self.errors))
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, _text: &str) {
        if level as u8 > RDKafkaLogLevel::Error as u8 {
            return;
        }
        let facility: String = facility.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
        let now = Instant::now();
        let mut logged = lock(&self.logged);
        if logged.get(&facility).is_some_and(|last| now.duration_since(*last) < LOG_EVERY) || logged.len() >= ERRORS_MAX {
            return;
        }
        eprintln!("scrubjay: {}: client log: {facility} ({level:?})", self.place);
        logged.insert(facility, now);
    }

    fn stats_raw(&self, _statistics: &[u8]) {}

    fn error(&self, error: KafkaError, _reason: &str) {
        let mut errors = lock(&self.errors);
        if let Some(code) = error.rdkafka_error_code()
            && errors.len() < ERRORS_MAX
        {
            errors.push(code);
        }
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => lock(&self.lanes).assign(&partitions(list)),
            Rebalance::Revoke(list) => {
                let partitions = partitions(list);
                let positions = lock(&self.lanes).to_commit(Some(&partitions));
                // A commit that fails here costs repeats at the next owner, never a loss.
                let _ = commit(consumer, &positions);
                lock(&self.lanes).revoke(&partitions);
            }
            Rebalance::Error(_) => {}
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        // The client keeps a partition paused from one assignment to the next, when nobody would resume it.
        if let Rebalance::Assign(list) = rebalance {
            let _ = consumer.resume(list);
        }
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<(String, i32)> {
    list.elements().iter().map(|e| (e.topic().to_owned(), e.partition())).collect()
}

/// Commits positions and waits for the coordinator's answer (librdkafka bounds the wait by the session timeout).
pub(super) fn commit<C: ConsumerContext>(consumer: &BaseConsumer<C>, positions: &[Position]) -> Result<(), KafkaError> {
    if positions.is_empty() {
        return Ok(());
    }
    let mut list = TopicPartitionList::with_capacity(positions.len());
    for position in positions {
        list.add_partition_offset(&position.topic, position.partition, Offset::Offset(position.offset))?;
    }
    consumer.commit(&list, CommitMode::Sync)
}

/// Says nothing: for a client whose errors are return values.
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _text: &str) {}
    fn stats_raw(&self, _statistics: &[u8]) {}
    fn error(&self, _error: KafkaError, _reason: &str) {}
}

impl ConsumerContext for Quiet {}
