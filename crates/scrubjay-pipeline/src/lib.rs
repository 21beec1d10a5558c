//! The tokio shell: the [`Source`] and [`Sink`] traits, the runner (the whole data path in one file), shutdown.
//!
//! It never looks inside a batch and never decides what a token becomes; it moves batches and outcomes.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod problem;
mod runner;
mod sink;
mod source;

pub use problem::Problem;
pub use runner::{Pipeline, RunLimits, RunReport, Tend, run};
pub use sink::{Settlement, Sink, SinkSummary};
pub use source::{Settled, Source, SourceEvent};
