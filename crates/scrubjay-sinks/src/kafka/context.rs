//! What librdkafka calls back: deliveries, errors, logs. No text of librdkafka's own is ever passed on, only its codes.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, DeliveryResult, ProducerContext};
use tokio::sync::Notify;

use super::ledger::{Ledger, Slot};

/// One line for each kind of message in this time.
const SAY_EVERY: Duration = Duration::from_secs(60);
/// Most kinds of messages that are remembered.
const KINDS_MAX: usize = 64;
/// How long the thread of a producer that is no longer wanted may go on.
const POLL: Duration = Duration::from_millis(100);

pub(super) struct Context {
    place: String,
    ledger: Mutex<Ledger>,
    /// Woken when a batch has settled or nothing more will.
    pub(super) changed: Notify,
    /// Before a broker has answered, errors are the business of whoever connects.
    connected: AtomicBool,
    last_error: Mutex<Option<RDKafkaErrorCode>>,
    said: Mutex<HashMap<String, Instant>>,
}

impl Context {
    pub(super) fn new(place: String) -> Self {
        Self {
            place,
            ledger: Mutex::default(),
            changed: Notify::new(),
            connected: AtomicBool::new(false),
            last_error: Mutex::default(),
            said: Mutex::default(),
        }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    pub(super) fn connected(&self) {
        self.connected.store(true, Ordering::Relaxed);
    }

    /// The last error that concerns the client as a whole. One of authentication is kept: what follows from it says less.
    pub(super) fn last_error(&self) -> Option<RDKafkaErrorCode> {
        *lock(&self.last_error)
    }

    fn say(&self, what: String) {
        if !self.connected.load(Ordering::Relaxed) {
            return;
        }
        let now = Instant::now();
        let mut said = lock(&self.said);
        if said.get(&what).is_some_and(|last| now.duration_since(*last) < SAY_EVERY) || said.len() >= KINDS_MAX {
            return;
        }
        eprintln!("scrubjay: {}: {what}", self.place);
        said.insert(what, now);
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, _text: &str) {
        if level as u8 <= RDKafkaLogLevel::Error as u8 {
            let facility: String = facility.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
            self.say(format!("client log: {facility} ({level:?})"));
        }
    }

    fn stats_raw(&self, _statistics: &[u8]) {}

    fn error(&self, error: KafkaError, _reason: &str) {
        let Some(code) = error.rdkafka_error_code() else { return };
        if code == RDKafkaErrorCode::Fatal {
            self.ledger().refuse(code);
            self.changed.notify_one();
        }
        self.say(format!("client error: {code:?}"));
        let mut last = lock(&self.last_error);
        if *last != Some(RDKafkaErrorCode::Authentication) {
            *last = Some(code);
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Slot;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: Slot) {
        let wake = match result {
            Ok(_) => self.ledger().release(slot, 1),
            Err((error, _)) => {
                self.ledger().refuse(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown));
                true
            }
        };
        if wake {
            self.changed.notify_one();
        }
    }
}

/// A producer and the thread that serves its callbacks. When this is dropped, the thread ends and takes the producer with
/// it; what was not acknowledged by then has not settled.
pub(super) struct Served {
    pub(super) producer: Arc<BaseProducer<Context>>,
    stop: Arc<AtomicBool>,
}

impl Served {
    pub(super) fn start(producer: BaseProducer<Context>) -> io::Result<Self> {
        let (producer, stop) = (Arc::new(producer), Arc::new(AtomicBool::new(false)));
        let (served, told) = (Arc::clone(&producer), Arc::clone(&stop));
        thread::Builder::new().name("kafka-sink".to_owned()).spawn(move || {
            while !told.load(Ordering::Relaxed) {
                served.poll(POLL);
            }
        })?;
        Ok(Self { producer, stop })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Says nothing: for a client whose errors are return values.
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _text: &str) {}
    fn stats_raw(&self, _statistics: &[u8]) {}
    fn error(&self, _error: KafkaError, _reason: &str) {}
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds a lock; if it did, the counts are still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
