//! Bytes to candidate spans: SIMD search for the runs that may hold JOSE material.
//!
//! It never decodes, allocates per byte, or knows what a token means. All `unsafe` of the workspace is in this crate.
