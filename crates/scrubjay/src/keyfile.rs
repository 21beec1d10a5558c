//! Reads key files, and refuses those that others can read.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use scrubjay_scrub::{FingerprintKey, KEY_BYTES_MAX};
use scrubjay_token::{base64, json};

use crate::safe;

/// The fingerprint key of a file, or one for this run.
///
/// # Errors
/// What is wrong with the file and how it is mended.
pub(crate) fn fingerprint_key(file: Option<&Path>) -> Result<FingerprintKey, String> {
    let Some(path) = file else {
        return FingerprintKey::random().map_err(|e| e.to_string());
    };
    let secret = read_secret(path)?;
    let secret = jwk_set(path, &secret)?.unwrap_or(secret);
    FingerprintKey::from_bytes(&secret)
        .map_err(|e| format!("{}: {e}; make one: head -c 32 /dev/urandom > FILE && chmod 600 FILE", safe::path(path)))
}

/// The bytes of a secret file: a regular file, mode 0600 or stricter, owned by who runs the program (or root).
fn read_secret(path: &Path) -> Result<Vec<u8>, String> {
    let shown = safe::path(path);
    let link = fs::symlink_metadata(path).map_err(|e| format!("{shown}: {}; check the path", reason(&e)))?;
    if !link.is_file() {
        return Err(format!("{shown}: a key is a regular file, not a link, folder or pipe"));
    }
    let mut file = File::open(path).map_err(|e| format!("{shown}: {}", reason(&e)))?;
    let meta = file.metadata().map_err(|e| format!("{shown}: {}", reason(&e)))?;
    if meta.mode() & 0o077 != 0 {
        return Err(format!("{shown}: others can read this key (mode {:04o}); mend it: chmod 600 {shown}", meta.mode() & 0o7777));
    }
    let mut secret = Vec::new();
    file.by_ref().take(KEY_BYTES_MAX as u64 + 1).read_to_end(&mut secret).map_err(|e| format!("{shown}: {}", reason(&e)))?;
    Ok(secret)
}

/// The secret of a JWK Set with one `oct` key (RFC 7517 §5). Rings of several keys are not supported yet.
fn jwk_set(path: &Path, text: &[u8]) -> Result<Option<Vec<u8>>, String> {
    if text.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        return Ok(None);
    }
    let parsed = json::parse(text);
    let Some(json::Value::Array(keys)) = parsed.value.get("keys") else { return Ok(None) };
    match keys.as_slice() {
        [key] if key.get("kty").and_then(json::Value::as_str) == Some("oct") => {
            Ok(key.get("k").and_then(json::Value::as_str).map(|k| base64::decode(k.as_bytes())))
        }
        _ => Err(format!("{}: a fingerprint key set has exactly one key of type oct in this version", safe::path(path))),
    }
}

/// An error of the system in a few words.
pub(crate) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::IsADirectory => "is a directory".into(),
        _ => error.to_string(),
    }
}
