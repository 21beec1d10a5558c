//! Token spans to decoded tokens: the JOSE grammar, encodings peeled, class, risk.
//!
//! It never decides what is shown, never verifies a signature, and never touches the network or a clock.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod analyze;
pub mod base64;
mod carried;
mod chunked;
mod claim_set;
mod class;
mod compact;
mod edges;
mod elision;
mod escape_rows;
mod find;
mod fold;
mod foreign;
mod fragments;
mod frames;
mod gate;
mod holder;
mod interrupted;
pub mod json;
mod lines;
mod lists;
mod literals;
mod loose;
#[cfg(test)]
mod made;
mod members;
mod merge;
mod narrow;
mod notations;
mod objects;
mod octets;
mod opening;
mod partials;
mod parts;
mod pem;
mod records;
mod risk;
mod rows;
mod runs;
mod sd_jwt;
mod short_rows;
mod survey;
mod tables;
mod tails;
mod token;
mod torn;
mod unencoded;
mod view;
mod wrap;

pub use analyze::{DEPTH_MAX, Exhausted, WORK_PER_BYTE_MAX, analyze, analyze_open, work_max};
pub use chunked::{is_http_chunk, sizes_http_chunk};
pub use class::{Class, class, class_in, named_class};
pub use compact::{HEADER_BYTES_MAX, is_signed};
pub use escape_rows::goes_on_in_escapes;
pub use find::{Rest, find, find_within};
pub use fold::begin_alike;
pub use frames::{is_cut_size, sets_chunk};
pub use gate::{Gate, Sighted};
pub use holder::{Delegation, SenderConstraint, delegation, sender_constraint};
pub use lists::{is_dump_line, line_pieces};
pub use literals::ends_in_operator;
pub use narrow::goes_on_at_width;
pub use notations::{is_member_line, is_member_record};
pub use objects::{Later, later_members};
pub use opening::opens_object;
pub use partials::{Part, part};
pub use parts::{ends_in_cipher_part, ends_in_part};
pub use pem::{
    KEY_LABEL_BYTES_MAX, KEY_LINES_MAX, KeyMark, OpenKey, continues_key, holds_key_line, key_labels, key_marks, leads_to_key_end,
    no_key_is_open, opens_key,
};
pub use records::goes_on_in_next;
pub use risk::{Risk, RiskLimits, numeric_date, risks};
pub use rows::goes_on_in_row;
pub use runs::long_runs;
pub use short_rows::{goes_on_in_short_row, short_rows};
pub use tables::has_full_cell;
pub use tails::goes_on_framed;
pub use token::{Cut, Found, Kind, Token};
pub use view::{Wide, unescaped_line, visible_line};
