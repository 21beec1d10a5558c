//! Policy files.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use scrubjay_scrub::Policy;
use scrubjay_scrub::policy::POLICY_BYTES_MAX;
use zeroize::Zeroizing;

use crate::{keyfile, safe};

/// The policy of a file, or the built-in default.
///
/// # Errors
/// Every mistake in it, one for each line.
pub(crate) fn load(path: Option<&Path>) -> Result<Arc<Policy>, String> {
    let Some(path) = path else { return Ok(Policy::builtin()) };
    let text = read(path)?;
    // Whoever writes a token into a policy does not find it in an error.
    Policy::parse(&safe::path(path), &text).map(Arc::new).map_err(|wrong| safe::text(wrong.to_string().trim_end(), true))
}

/// The text of a policy file, which may hold tests with tokens.
///
/// # Errors
/// Why it cannot be read, and what helps.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, String> {
    let shown = safe::path(path);
    let mut bytes = Zeroizing::new(Vec::new());
    let read = keyfile::open_regular(path).and_then(|file| file.take(POLICY_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return Err(format!("{shown}: {} (give the path of a readable policy file)", keyfile::reason(&error)));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(format!("{shown}: is not valid UTF-8 (save it as UTF-8)")),
    }
}
