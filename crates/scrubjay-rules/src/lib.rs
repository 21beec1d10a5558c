//! Credentials that are no JOSE, found by rules that are data: vendor keys, bearer values, session cookies, passwords in URLs.
//!
//! It never decides what is shown, never checks a credential with anybody, never looks across a line end, and knows no
//! runtime. Text goes in, places come out; what stands there instead is for the caller.
//!
//! ```text
//!   block ──fragments (SIMD)──▶ keyword? ──▶ expression, from the keyword on ──▶ judge ──▶ Hit
//!           4 bytes of each      any case     lazy DFA, at most 4 KiB, one line   placeholder, randomness,
//!                                                                                 checksum, neighbours
//! ```
//!
//! A rule is a keyword, an expression that begins with it, and conditions on the value: see [`Rule`] and `docs/rules.md`. The
//! rules that are built in are in `rules/`, each with examples of what fires and what stays, which a test runs.
//!
//! # Cost
//!
//! Clean text is only searched for four bytes of each keyword, the rarest ones. At a keyword the expression looks at 4 KiB at most,
//! and at eight bytes for each byte of the line: a line that asks for more was written to be slow, and what follows its
//! keywords is reported as [`Hit::over_budget`].
//!
//! ```
//! use scrubjay_rules::{RulePack, Selection, parse};
//!
//! let mut selection = Selection::default();
//! selection.silence.push("url-password".into());
//! selection.add.extend(parse("own.yaml", r"
//! - id: acme-key
//!   description: key of our own shop
//!   keywords: [acme_]
//!   regex: '\bacme_[0-9a-f]{16}\b'
//!   fires: ['k=«acme_00ff17a2b3c4d5e6»']
//!   stays: ['acme_shop']
//! ").unwrap());
//! let pack = RulePack::build(&selection).unwrap();
//!
//! let mut found = Vec::new();
//! pack.find(b"GET /?k=acme_00ff17a2b3c4d5e6 HTTP/1.1\n", &mut found);
//! assert_eq!(found[0].span, 8..29);
//! assert_eq!(pack.rules()[found[0].rule].id, "acme-key");
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod checksum;
mod compile;
mod fragments;
mod judge;
mod mistake;
mod pack;
mod parse;
mod rule;
mod search;

pub use mistake::{Mistake, Place};
pub use pack::{RulePack, Selection, builtin_rules};
pub use parse::{FILE_BYTES_MAX, parse};
pub use rule::{Checksum, KEYWORD_BYTES_MIN, Rule};
pub use search::{Hit, LineWords, WINDOW_BYTES_MAX, WORK_PER_BYTE_MAX};
