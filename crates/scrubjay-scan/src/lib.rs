//! Bytes to candidate runs: a SIMD search for the places in a block that may hold JOSE material.
//!
//! It never decodes, never looks at what a token means, never allocates but to report a run, and has no dependencies. All
//! `unsafe` of the workspace is in this crate. A run is a *candidate*: what is not in a run needs no further look, what is
//! in a run is for `scrubjay-token` to judge.
//!
//! ```text
//!                        ┌─ class W, 47 bytes or more, or with an opening ──▶ RunKind::Word
//!   block ──▶ Scanner ───┤
//!                        └─ class L, 47 bytes or more, 8 separators, 24 hex ─▶ RunKind::List
//!                        └─ what touches the end ───────────────────────────▶ Tail
//!
//!   chunk, chunk, … ──▶ StreamScanner ──▶ the same runs, whatever the chunking
//! ```
//!
//! # What is found
//!
//! * Class **W** ("word"): `A-Z a-z 0-9 _ - . + / = ~ % \ & # ; ! [`, NUL, ESC and all bytes that are not
//!   ASCII. A [`RunKind::Word`] is a maximal run of it that
//!   is [`WORD_RUN_MIN`] bytes long or longer, or that contains an opening.
//! * An **opening** is `ey` and one of `J I A`, or `ew` and one of `o 0 k`, or `kty` or `Kty`, or `crv`, or `wbr`, or `t` between two NUL, or `\x` and a digit from 2 to 7: how
//!   base64 of a JSON object begins that starts with white space or a member name, the name of a JWK's key type (UTF-16
//!   too), the tag that parts words in HTML, and an escape
//!   of a character that needs none.
//! * Class **L** ("list"): `0-9 a-f A-F x X`, space, comma, colon, TAB, and what may stand within a list: `u m n r \ % & # ; - [`,
//!   NUL, ESC, line ends, carriage returns and all bytes that are not ASCII. A [`RunKind::List`] is a maximal run of it that is
//!   [`LIST_RUN_MIN`] bytes long or longer and has [`LIST_SEPARATORS_MIN`] separators and [`LIST_HEX_DIGITS_MIN`] hex
//!   digits: a token as a hex dump or as a list of byte values, each line of which may be short. A line end stands for four separators.
//!
//! Both kinds are found independently and may overlap.
//!
//! # What is not
//!
//! Lines and records mean nothing here: a line end is a byte of class L and of no other. A token that is wrapped over lines
//! is a run for each line. A piece of a token that is shorter than [`WORD_RUN_MIN`] and has no opening is not found. UTF-16
//! is found by the NUL in class W, no other encoding wider than a byte is.
//!
//! # Cost
//!
//! Linear in the input for every input, with memory for the runs only: at most one word run for every four bytes (an opening
//! and a byte that ends it) and one list run for every 49. On clean text a scan runs at a large part of the speed at which
//! the bytes can be read at all; `benches/scan.rs` measures that, `benches/record/` keeps results.
//!
//! ```
//! use scrubjay_scan::{RunKind, Scanner};
//!
//! let mut runs = Vec::new();
//! Scanner::new().scan_complete(b"GET /?t=eyJh.eyJi.c HTTP/1.1", &mut runs);
//! assert_eq!((runs[0].start, runs[0].end, runs[0].kind), (6, 19, RunKind::Word));
//! ```
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks, clippy::missing_safety_doc)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod arch;
mod backend;
mod class;
mod line_ends;
mod look;
mod needles;
mod run;
mod scanner;
mod stream;
#[doc(hidden)]
pub mod sweep;

pub use backend::Backend;
pub use class::{is_list_run, is_word};
pub use line_ends::line_ends;
pub use look::{GLANCE_BYTES_MAX, Glance, Look};
pub use needles::{NEEDLE_BYTES, Needle, Needles};
pub use run::{OpenRun, Run, Run64, RunKind, Tail};
pub use scanner::Scanner;
pub use stream::StreamScanner;

/// Length, in bytes, from which a word run is reported even without an opening.
pub const WORD_RUN_MIN: usize = 47;

/// Length, in bytes, below which no list run is reported.
pub const LIST_RUN_MIN: usize = 47;

/// Separators (space, comma, colon, TAB; a line end is four) that a list run must have, in bytes.
pub const LIST_SEPARATORS_MIN: usize = 8;

/// Hex digits (`0-9 a-f A-F`) that a list run must have, in bytes.
pub const LIST_HEX_DIGITS_MIN: usize = 24;
