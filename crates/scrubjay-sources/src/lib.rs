//! One module for each source: files, standard input, Kafka.
//!
//! A source never scrubs and never writes what it reads; it frames bytes into batches and keeps positions.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod file;
pub mod kafka;
mod stdin;

pub use file::{FileSource, FileSourceConfig, Start};
pub use kafka::{KafkaSource, KafkaSourceConfig};
pub use stdin::StdinSource;
