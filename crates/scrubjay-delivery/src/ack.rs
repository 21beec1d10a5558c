//! Acknowledgements are values that the runner moves, not destructors that fire (docs/adr/001-acks-are-values.md).

/// An ordered stream within a source: a file generation, a Kafka partition, a connection.
///
/// The number is chosen by the source and is unique within one run of that source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneId(pub u64);

/// Names one batch: its lane and its place in that lane (0, 1, 2, … without gaps).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AckId {
    /// The lane that the batch belongs to.
    pub lane: LaneId,
    /// The batch's place in its lane, counted from 0 without gaps.
    pub seq: u64,
}

/// What became of a batch. There is no default and no value that a dropped or forgotten batch could be mistaken for:
/// a batch without an outcome holds its lane's frontier for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Durable at the sink: synced to disk, acknowledged by the brokers that must acknowledge, written to standard output.
    Delivered,
    /// Not delivered, and this run will not deliver it. The lane stops here; a restart reads it again.
    Failed(FailReason),
}

/// Why a batch was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailReason {
    /// The sink refused it for good (a full disk that stays full, an authorisation that is missing).
    Rejected,
    /// The process is shutting down and the deadline passed first.
    Shutdown,
    /// The reader of standard output went away.
    ReaderGone,
}

impl Outcome {
    /// The worse of two outcomes: a batch that goes to several sinks is delivered only when all have it.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        match (self, other) {
            (Self::Failed(_), _) => self,
            (Self::Delivered, other) => other,
        }
    }
}
