//! The pieces that a batch is cut into on its way to a file.

use std::ops::Range;
use std::sync::Arc;

use scrubjay_delivery::{AckId, LaneId};
use scrubjay_pipeline::Problem;
use scrubjay_scrub::{Framing, Message, Scrubbed};

/// Bytes that are kept until they are settled, without a copy where that is possible.
#[derive(Clone)]
pub(crate) enum Data {
    /// A batch as the scrubber made it.
    Scrubbed(Arc<Scrubbed>),
    /// Messages laid out as lines.
    Owned(Arc<[u8]>),
}

impl Data {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Scrubbed(batch) => batch.bytes(),
            Self::Owned(bytes) => bytes,
        }
    }
}

/// What is settled when the last byte of a batch is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) ack: AckId,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

/// A batch as the sinks see it.
pub(crate) struct Piece {
    pub(crate) data: Data,
    /// Where the records end, for messages; lines end at their newlines.
    pub(crate) ends: Option<Arc<[usize]>>,
    pub(crate) lane_ends: bool,
    pub(crate) done: Done,
}

impl Piece {
    /// A stretch of a byte stream.
    pub(crate) fn lines(ack: AckId, data: Data, lane_ends: bool, records: u64) -> Self {
        let bytes = data.bytes().len() as u64;
        Self { data, ends: None, lane_ends, done: Done { ack, records, bytes } }
    }

    /// Whole messages: each value and a newline. A null value gives nothing; keys and headers are not for files.
    pub(crate) fn messages(ack: AckId, raw: &[u8], messages: &[Message], lane_ends: bool) -> Result<Self, Problem> {
        let mut laid_out = Vec::with_capacity(raw.len().saturating_add(messages.len()));
        let mut ends = Vec::with_capacity(messages.len());
        for value in messages.iter().filter_map(|m| m.value.clone()) {
            // A range outside the buffer is our own mistake. It must not become a message that silently is not there.
            let value = raw.get(value).ok_or_else(|| Problem::new("sink", "a message lies outside its batch", "please report this"))?;
            laid_out.extend_from_slice(value);
            laid_out.push(b'\n');
            ends.push(laid_out.len());
        }
        let done = Done { ack, records: messages.len() as u64, bytes: laid_out.len() as u64 };
        Ok(Self { data: Data::Owned(laid_out.into()), ends: Some(ends.into()), lane_ends, done })
    }

    pub(crate) fn of(batch: Arc<Scrubbed>) -> Result<Self, Problem> {
        let (ack, lane_ends) = (batch.ack(), batch.lane_ends());
        match batch.framing() {
            Framing::Messages(messages) => Self::messages(ack, batch.bytes(), messages, lane_ends),
            Framing::Lines => {
                let records = batch.stats().records;
                Ok(Self::lines(ack, Data::Scrubbed(batch), lane_ends, records))
            }
        }
    }

    pub(crate) fn lane(&self) -> LaneId {
        self.done.ack.lane
    }
}

/// A stretch of a batch, in the order in which it goes to the output.
pub(crate) struct Chunk {
    data: Data,
    range: Range<usize>,
    ends: Option<Arc<[usize]>>,
    /// Its first byte begins a record.
    pub(crate) starts: bool,
    /// Set on the last chunk of a batch.
    pub(crate) done: Option<Done>,
}

impl Chunk {
    /// `range` of the piece's bytes; the chunk that reaches the piece's end settles it.
    pub(crate) fn of(piece: &Piece, range: Range<usize>) -> Self {
        let done = (range.end == piece.data.bytes().len()).then_some(piece.done);
        Self { data: piece.data.clone(), range, ends: piece.ends.clone(), starts: false, done }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.data.bytes().get(self.range.clone()).unwrap_or_default()
    }

    /// Bytes of memory that it keeps alive.
    pub(crate) fn held(&self) -> usize {
        self.data.bytes().len()
    }

    /// True when a record ends just before `at`, so that the rest may go to another file.
    pub(crate) fn boundary(&self, at: usize) -> bool {
        if at == 0 {
            return self.starts;
        }
        match &self.ends {
            Some(ends) => ends.binary_search(&at).is_ok(),
            None => self.bytes().get(at - 1) == Some(&b'\n'),
        }
    }

    /// The last boundary in `from + 1 ..= to`.
    pub(crate) fn boundary_before(&self, from: usize, to: usize) -> Option<usize> {
        match &self.ends {
            Some(ends) => ends.iter().rev().copied().find(|&e| e <= to).filter(|&e| e > from),
            None => memchr::memrchr(b'\n', self.bytes().get(from..to)?).map(|i| from + i + 1),
        }
    }

    /// The first boundary after `from`, or the chunk's end.
    pub(crate) fn boundary_after(&self, from: usize) -> usize {
        let found = match &self.ends {
            Some(ends) => ends.iter().copied().find(|&e| e > from),
            None => self.bytes().get(from..).and_then(|rest| memchr::memchr(b'\n', rest)).map(|i| from + i + 1),
        };
        found.unwrap_or(self.bytes().len())
    }
}
