//! Reads Kafka topics as a member of a consumer group.
//!
//! At-least-once: offsets are committed only after the runner has said that every sink has the records before them.
//! Each assignment of a partition is a lane of its own, so that what settles late, after the partition went to another
//! member, is never committed. All calls into librdkafka happen on one thread of this source's own, because some block.
//!
//! Limits: besides the batch that the runner asked for, at most one more of the same size waits in this source (records
//! of several partitions arrive mixed), and 16 MiB in librdkafka. A header whose name is not UTF-8 cannot be read with
//! this client: it is withheld, a header `sj-unreadable-name` without a value stands for it, and a problem is told.

mod config;
mod context;
mod lanes;
mod once;
mod worker;

use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use scrubjay_pipeline::{Problem, Settled, Source, SourceEvent};
use tokio::sync::{mpsc, oneshot};

pub use config::{KafkaSourceConfig, Start};
use lanes::Lanes;
use worker::{Command, Worker};

/// Longest wait for the group to be left in order; then the process lets go, and the group notices by itself.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(20);

/// A consumer of Kafka topics.
pub struct KafkaSource {
    place: String,
    commands: std_mpsc::Sender<Command>,
    events: mpsc::Receiver<SourceEvent>,
    /// A batch was asked for and has not come: a call of `next` that was dropped left it so.
    asked: bool,
    /// The reading thread ended without being told to.
    lost: bool,
    lanes: Arc<Mutex<Lanes>>,
}

impl KafkaSource {
    /// Starts the reading thread. Needs no broker: one that cannot be reached is told by [`Source::next`].
    ///
    /// # Errors
    /// A [`Problem`] when the configuration is refused (by this source or by librdkafka).
    pub fn open(config: KafkaSourceConfig) -> Result<Self, Problem> {
        let lanes = Arc::new(Mutex::new(Lanes::new(&config.name)));
        let (commands, inbox) = std_mpsc::channel();
        let (outbox, events) = mpsc::channel(1);
        let place = config.place();
        let worker = Worker::new(config, Arc::clone(&lanes), inbox, outbox)?;
        thread::Builder::new()
            .name("kafka-source".to_owned())
            .spawn(move || worker.run())
            .map_err(|e| Problem::new(place.clone(), format!("no thread for the reader: {e}"), "raise the limit on threads"))?;
        Ok(Self { place, commands, events, asked: false, lost: false, lanes })
    }

    fn gone(&self) -> Problem {
        Problem::new(self.place.clone(), "the Kafka reader has stopped", "start again: reading continues at the committed offsets")
    }
}

#[async_trait]
impl Source for KafkaSource {
    /// As the trait says. A batch that was prepared for a call that was dropped may be as large as that call allowed.
    async fn next(&mut self, bytes_max: usize) -> SourceEvent {
        if self.lost {
            return SourceEvent::End;
        }
        if !self.asked {
            self.asked = self.commands.send(Command::Next(bytes_max)).is_ok();
        }
        if let Some(event) = self.events.recv().await {
            self.asked = false;
            return event;
        }
        self.lost = true;
        SourceEvent::Problem(self.gone())
    }

    fn settle(&mut self, settled: Settled) {
        lock(&self.lanes).settle(settled);
    }

    async fn persist(&mut self) -> Result<(), Problem> {
        if !lock(&self.lanes).has_news() {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Persist(reply)).map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())?
    }

    async fn close(&mut self) -> Result<(), Problem> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Close(reply)).map_err(|_| self.gone())?;
        match tokio::time::timeout(CLOSE_WAIT_MAX, answer).await {
            Ok(answered) => answered.map_err(|_| self.gone())?,
            Err(_) => Err(Problem::new(
                self.place.clone(),
                "the group was not left in order: no answer from its coordinator",
                "nothing is lost; what was not committed is read again",
            )),
        }
    }
}

/// Nothing that holds these locks can panic half-way through a change, so a poisoned lock still holds good data.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
