//! The pure scrubbing core: what a token becomes (policy, marker), and the rewrite of a batch into [`Scrubbed`].
//!
//! It never reads a clock, a file or a socket, and never writes: whoever embeds it brings bytes and takes bytes.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod batch;
mod cache;
mod claimset;
mod engine;
mod fence;
mod marker;
mod others;
pub mod policy;
mod runs;
mod scrubbed;
mod scrubber;
mod sealing;
mod shape;
mod site;
mod stats;
mod teller;
mod unit;

pub use batch::{Batch, Framing, Message, Origin};
pub use engine::{Limits, TOKEN_BYTES_MAX, TOKEN_BYTES_MAX_MAX};
pub use marker::{MARKER_BYTES_MAX, Marker, Place, of_secret as secret_marker, withheld as withheld_marker};
pub use policy::{Policy, Told};
pub use scrubbed::Scrubbed;
pub use scrubber::Scrubber;
pub use scrubjay_claims::{ActiveKeys, FingerprintKey, KEY_BYTES_MAX, KEY_BYTES_MIN, KeyError};
pub use shape::{
    NAME_BYTES_MAX, alg as shown_alg, date as shown_date, enc as shown_enc, media_type as shown_media_type, name as shown_name,
};
pub use site::Site;
pub use stats::Stats;
pub use teller::{Account, Teller, token_fingerprint};
pub use unit::{Before, KeysBefore, last_boundary};
