//! The far edge: where scrubbed batches go.

use std::sync::Arc;

use async_trait::async_trait;
use scrubjay_delivery::{AckId, Outcome};
use scrubjay_scrub::Scrubbed;

use crate::Problem;

/// A batch and what became of it at one sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The batch.
    pub ack: AckId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What a sink did, for the summary of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkSummary {
    /// Where it went: a path, a topic, `stdout`.
    pub target: String,
    /// Records written and settled.
    pub records: u64,
    /// Bytes written and settled, before compression.
    pub bytes: u64,
}

/// Takes scrubbed batches and says when they are durable.
#[async_trait]
pub trait Sink: Send {
    /// Takes a batch. Returns as soon as it is written or queued; it counts as delivered only when [`Self::settled`]
    /// says so. Trouble that may pass (a full disk, a broker that is away) is waited out here, which holds the
    /// pipeline back; nothing is dropped. Not cancel safe: the runner lets it finish.
    ///
    /// # Errors
    /// A [`Problem`] when this sink will not take anything any more in this run: the batch fails.
    async fn accept(&mut self, batch: Arc<Scrubbed>) -> Result<(), Problem>;

    /// Waits until at least one accepted batch is settled and returns all that are; waits for ever while nothing is in
    /// flight. Must be cancel safe: a call that is dropped loses no settlement. A sink that syncs in groups does the sync
    /// here when its time or size is reached.
    ///
    /// # Errors
    /// A [`Problem`] when the batches in flight cannot be made durable in this run: all of them fail.
    async fn settled(&mut self) -> Result<Vec<Settlement>, Problem>;

    /// No more batches will come: makes everything durable now, returns the rest of the settlements, and closes.
    ///
    /// # Errors
    /// As [`Self::settled`].
    async fn close(&mut self) -> Result<Vec<Settlement>, Problem>;

    /// What it did so far.
    fn summary(&self) -> SinkSummary;
}
