//! What comes out of the scrubber, and all that may be written anywhere.

use std::sync::Arc;

use scrubjay_delivery::AckId;

use crate::batch::{Framing, Origin};
use crate::stats::Stats;

/// Scrubbed bytes. Only [`crate::Scrubber::scrub`] makes one: fields are private, there is no other constructor.
/// Sinks, buffers and files accept nothing else, so a leak cannot be written by mistake.
///
/// ```compile_fail
/// let forged = scrubjay_scrub::Scrubbed { bytes: vec![] };
/// ```
pub struct Scrubbed {
    pub(crate) ack: AckId,
    pub(crate) origin: Arc<Origin>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) framing: Framing,
    pub(crate) lane_ends: bool,
    pub(crate) resume_lag: u64,
    pub(crate) stats: Stats,
    pub(crate) sidecar: Vec<u8>,
}

impl Scrubbed {
    /// The batch that this came from.
    #[must_use]
    pub fn ack(&self) -> AckId {
        self.ack
    }

    /// Where the batch came from.
    #[must_use]
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// The bytes to write. With [`Framing::Lines`] they continue what the lane's last batch gave, and may end inside a line.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How [`Self::bytes`] divides into records.
    #[must_use]
    pub fn framing(&self) -> &Framing {
        &self.framing
    }

    /// True when nothing follows in this lane: a last line without its newline is complete.
    #[must_use]
    pub fn lane_ends(&self) -> bool {
        self.lane_ends
    }

    /// Number of input bytes, counted back from the batch's end, that must be read again after a restart because the
    /// scrubber still holds them or carries state from them. A position that is persisted for this batch is its end
    /// minus this. 0 for [`Framing::Messages`].
    #[must_use]
    pub fn resume_lag(&self) -> u64 {
        self.resume_lag
    }

    /// What was found in this batch.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// What goes to the sidecar instead of into markers (`seal_to: sidecar`): lines of JSON, as a batch of its own with the
    /// same [`AckId`]. `None`: nothing does.
    #[must_use]
    pub fn take_sidecar(&mut self) -> Option<Self> {
        if self.sidecar.is_empty() {
            return None;
        }
        let bytes = std::mem::take(&mut self.sidecar);
        Some(Self {
            ack: self.ack,
            origin: Arc::clone(&self.origin),
            bytes,
            framing: Framing::Lines,
            lane_ends: self.lane_ends,
            resume_lag: self.resume_lag,
            stats: Stats::default(),
            sidecar: Vec::new(),
        })
    }

    /// Lets go of the bytes and gives back their buffer, emptied, for the next read.
    #[must_use]
    pub fn recycle(mut self) -> Vec<u8> {
        self.bytes.clear();
        self.bytes
    }
}
