//! Development only: what tests share. Never a dependency of anything that ships.
#![forbid(unsafe_code)]

#[cfg(feature = "kafka")]
pub mod kafka;
pub mod leak;
#[cfg(feature = "oidc")]
pub mod oidc;
pub mod random;
pub mod text;
pub mod tokens;
