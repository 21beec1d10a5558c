//! The pure delivery core: acknowledgements as values, the frontier of each lane, limits on what is in flight.
//!
//! It never reads a clock, opens a file or knows what a batch contains: `now` and sizes are arguments, decisions are
//! return values.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod ack;
mod frontier;
mod retry;

pub use ack::{AckId, FailReason, LaneId, Outcome};
pub use frontier::{Advance, Frontier, FrontierError};
pub use retry::{Backoff, BackoffLimits};
