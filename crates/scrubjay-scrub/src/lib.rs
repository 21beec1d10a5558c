//! The pure scrubbing core: what a token becomes (policy, marker), and the rewrite of a batch into [`Scrubbed`].
//!
//! It never reads a clock, a file or a socket, and never writes: whoever embeds it brings bytes and takes bytes.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod batch;
mod scrubbed;
mod scrubber;
mod stats;

pub use batch::{Batch, Framing, Message, Origin};
pub use scrubbed::Scrubbed;
pub use scrubber::Scrubber;
pub use stats::Stats;
