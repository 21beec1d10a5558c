//! What goes into the scrubber.

use std::ops::Range;
use std::sync::Arc;

use scrubjay_delivery::AckId;

/// One contiguous buffer of raw input with its origin. Plain data; it has no `Debug` or `Display`, because its bytes
/// must never reach a log.
pub struct Batch {
    /// Names the batch for its source and for the delivery core.
    pub ack: AckId,
    /// Where the bytes come from. Policies may match on it.
    pub origin: Arc<Origin>,
    /// The raw bytes.
    pub bytes: Vec<u8>,
    /// The line before them, whole and with its end, where a lane begins behind one: what a line is may depend on the one before it.
    /// Otherwise empty. It is never written.
    pub line_before: Vec<u8>,
    /// How `bytes` divides into records.
    pub framing: Framing,
    /// True when nothing will follow in this lane: what the scrubber holds back is decided and comes out now.
    pub lane_ends: bool,
}

/// Where a batch comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The source's name in the pipeline file (`stdin` for `scrub`).
    pub source: String,
    /// What the source reads: a path, a topic. Never shown unscrubbed.
    pub name: String,
}

/// How the bytes of a batch divide into records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A stretch of a byte stream whose records are lines. A batch may begin or end inside a line: the lane carries the state.
    Lines,
    /// Whole messages (Kafka records, say). Each is complete; nothing is carried from one to the next.
    Messages(Vec<Message>),
}

/// One message: ranges of the batch's bytes. A part that is `None` was absent (null), which is not the same as empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The key.
    pub key: Option<Range<usize>>,
    /// The value.
    pub value: Option<Range<usize>>,
    /// Headers in order: name, value.
    pub headers: Vec<(Range<usize>, Option<Range<usize>>)>,
    /// Milliseconds since the epoch, where the source has one.
    pub timestamp_ms: Option<i64>,
    /// The partition that the message came from.
    pub partition: Option<i32>,
}
