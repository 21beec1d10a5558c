//! The near edge: where batches come from.

use async_trait::async_trait;
use scrubjay_delivery::{AckId, Outcome};
use scrubjay_scrub::Batch;

use crate::Problem;

/// What a source has to say.
pub enum SourceEvent {
    /// Raw input. Batches of one lane come in order, with sequence numbers 0, 1, 2, … without gaps.
    Batch(Batch),
    /// Something went wrong with a part of the input; the rest goes on. Makes the exit code 1.
    Problem(Problem),
    /// Nothing more will come (`--once`, end of standard input). No call to [`Source::next`] follows.
    End,
}

/// The frontier of a lane has moved (or stopped) at a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The last batch of the settled prefix. Every batch of the lane before it is settled too.
    pub ack: AckId,
    /// `Delivered`: durable at every sink. `Failed`: the lane stops at this batch, positions must not pass it.
    pub outcome: Outcome,
    /// Input bytes before the end of that batch that must be read again after a restart
    /// ([`scrubjay_scrub::Scrubbed::resume_lag`]).
    pub resume_lag: u64,
}

/// Gives batches; is told what became of them; alone knows what a position means.
#[async_trait]
pub trait Source: Send {
    /// The next event. `bytes_max` bounds the size of a batch in bytes: the runner has taken it from the process's byte
    /// budget before the call (a single message may be larger, up to the source's own message limit).
    ///
    /// Must be cancel safe: a call that is dropped before it returns loses nothing. Waits while there is nothing new.
    async fn next(&mut self, bytes_max: usize) -> SourceEvent;

    /// Told by the runner that a lane's frontier moved. Only notes it; [`Self::persist`] makes it durable.
    fn settle(&mut self, settled: Settled);

    /// Makes the noted positions durable (checkpoint file, committed offsets). Called now and then, and before
    /// [`Self::close`]. Positions may lag, never lead.
    ///
    /// # Errors
    /// A [`Problem`]; the positions that were durable before stay valid, and the next call tries again.
    async fn persist(&mut self) -> Result<(), Problem>;

    /// Persists and lets go of everything. Nothing is called after it.
    ///
    /// # Errors
    /// As [`Self::persist`].
    async fn close(&mut self) -> Result<(), Problem>;
}
