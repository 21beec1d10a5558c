//! Token spans to decoded tokens: the JOSE grammar, encodings peeled, class, risk.
//!
//! It never decides what is shown, never verifies a signature, and never touches the network.
#![forbid(unsafe_code)]
