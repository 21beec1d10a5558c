//! Record formats, as far as something has to be placed in a record: JSON objects, and the vocabularies that their readers know.
//!
//! It never fails on a record: what it cannot read is no record of that format. It never decides what is told of a token, and never
//! touches a clock, a file or the network.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod field;
pub mod json;
