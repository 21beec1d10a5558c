//! Development only: what tests share. Never a dependency of anything that ships.
#![forbid(unsafe_code)]

#[cfg(feature = "kafka")]
pub mod kafka;
pub mod leak;
pub mod random;
pub mod text;
pub mod tokens;
