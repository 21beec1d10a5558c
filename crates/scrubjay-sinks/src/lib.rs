//! One module for each sink: files, standard output, Kafka.
//!
//! A sink never sees raw input: it takes [`scrubjay_scrub::Scrubbed`] only.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod file;
pub mod kafka;
pub mod stdout;
