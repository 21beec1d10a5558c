//! YAML as people write it: values with their places, typed fields, every mistake noted at once.
//!
//! It reads text that it is given; it never opens a file, and never gives up at the first mistake.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod fields;
mod mistake;
mod units;
mod yaml;

pub use fields::{At, Fields, MEMBERS_MAX, Value, entries, setting, text};
pub use mistake::{Document, Mistake, Mistakes, Notes, Place, clean, nearest, quoted, write_line};
pub use units::{duration, show_duration, show_size, size};
pub use yaml::{Key, Kind, Node, parse};
