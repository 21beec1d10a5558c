//! The fence round josekit: what every opening goes through, so that each failure looks the same.

use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwe::JweContext;

use crate::CannotOpen;

/// Runs what calls josekit. A panic in it (0.10.3 has several on lengths that it does not check) is the same failure as any.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Option<T>) -> Result<T, CannotOpen> {
    catch_unwind(AssertUnwindSafe(work)).ok().flatten().ok_or(CannotOpen)
}

/// A context that knows A256GCM only, and no compression: what is not registered cannot be asked for.
pub(crate) fn context() -> JweContext {
    let mut context = JweContext::new();
    context.remove_compression("DEF");
    for enc in ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM"] {
        context.remove_content_encryption(enc);
    }
    context
}

/// Strict base64url (RFC 7515 §2): no padding, no stray bits, no white space.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Exactly `N` bytes in base64url.
pub(crate) fn decode_exactly<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests;
