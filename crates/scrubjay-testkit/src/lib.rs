//! Development only: what tests share. Never a dependency of anything that ships.
#![forbid(unsafe_code)]

pub mod kafka;
