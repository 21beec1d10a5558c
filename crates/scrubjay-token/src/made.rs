//! Tokens for the tests of this crate.

use crate::analyze::analyze;
use crate::base64::encode;
use crate::token::Token;

/// An encrypted token with this header.
pub(crate) fn jwe(header: &str) -> Token {
    found(&format!("{}.{}.{}.{}.{}", encode(header.as_bytes()), encode(&[1; 256]), encode(&[2; 12]), encode(&[3; 300]), encode(&[4; 16])))
}

/// The one token that is found in a text.
pub(crate) fn found(text: &str) -> Token {
    let mut found = analyze(format!("t={text} x").as_bytes()).expect("within the budget");
    assert_eq!(found.len(), 1, "{text}");
    found.remove(0).token
}
