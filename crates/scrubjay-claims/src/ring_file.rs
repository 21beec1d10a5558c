//! The file that holds a ring: at least 32 random bytes, or a JWK Set (RFC 7517 §5) of `oct` keys (RFC 7518 §6.4).
//!
//! ```json
//! {"keys":[{"kty":"oct","kid":"2f9a01","nbf":1795392000,"exp":1803254400,"k":"…"}]}
//! ```
//!
//! `k` is the secret, 32 to 4096 bytes in base64url. `nbf` and `exp` are whole seconds since 1970 and may be missing. `kid` may be
//! anything; six hexadecimal digits are taken for our key id and have to be it, so that a secret that was copied in part
//! is noticed here, and not by fingerprints that match on no other node. Other members are not looked at.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{CorrelationRing, FingerprintKey, KEY_BYTES_MAX, KEY_BYTES_MIN, KeyError, Period, RingError, RingKey};

/// Largest file of a ring in bytes.
pub const RING_BYTES_MAX: usize = 1024 * 1024;
/// Most keys in a ring: more than two centuries of quarters.
pub const RING_KEYS_MAX: usize = 1024;
/// Latest time that is taken: 9999-12-31T23:59:59Z.
const SECONDS_MAX: i64 = 253_402_300_799;
/// What some editors put in front of UTF-8.
const BOM: &[u8] = b"\xEF\xBB\xBF";
const KTY: &[u8] = b"\"kty\"";

/// A file that holds no ring. Says where it is wrong, and never what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingFileError {
    /// Raw bytes that are no key.
    Raw(KeyError),
    /// Zero bytes only: the file was made and never written.
    Zeros,
    /// Larger than [`RING_BYTES_MAX`], or more than [`RING_KEYS_MAX`] keys.
    Large,
    /// JSON, but no JWK Set, at this line and column (from 1).
    Json {
        /// Line.
        line: usize,
        /// Column in bytes.
        column: usize,
    },
    /// A key of the set (from 1) is wrong.
    Key {
        /// Which key.
        number: usize,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// The keys make no ring.
    Ring(RingError),
}

/// What is wrong with a key of a JWK Set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// `kty` is not `oct`: a public or private key, which is for something else.
    NotOct,
    /// `k` is missing or not base64url without padding.
    NotBase64,
    /// The secret is too short or too long.
    Length(KeyError),
    /// `nbf` or `exp` is no whole number of seconds from 0 to 253402300799.
    Date(&'static str),
    /// `kid` looks like a key id and is not the one of this secret.
    Changed,
}

impl fmt::Display for RingFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(error) => error.fmt(f),
            Self::Zeros => f.write_str("it holds zero bytes only, which are no secret"),
            Self::Large => write!(f, "it is larger than {RING_BYTES_MAX} bytes or holds more than {RING_KEYS_MAX} keys"),
            Self::Json { line, column } => {
                write!(f, "it is no JWK Set of keys of type oct (RFC 7517): see line {line}, column {column}")
            }
            Self::Key { number, fault } => write!(f, "key {number} of the set {fault}"),
            Self::Ring(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOct => f.write_str("is not of type oct (kty)"),
            Self::NotBase64 => f.write_str("has no secret in base64url without padding (k)"),
            Self::Length(KeyError::Long) => write!(f, "has a secret of more than {KEY_BYTES_MAX} bytes (k)"),
            Self::Length(_) => write!(f, "has a secret of less than {KEY_BYTES_MIN} bytes (k)"),
            Self::Date(name) => write!(f, "has a date that is no whole number of seconds since 1970 ({name})"),
            Self::Changed => f.write_str("has an id (kid) that is not the one of its secret (k): one of the two was changed"),
        }
    }
}

impl std::error::Error for RingFileError {}

/// What a ring file says. Strings stay in the file's own bytes, so that no copy of a secret is left in memory; `k` needs no
/// escapes.
#[derive(Deserialize)]
struct Set<'a> {
    #[serde(borrow)]
    keys: Vec<Jwk<'a>>,
}

#[derive(Deserialize)]
struct Jwk<'a> {
    kty: &'a str,
    #[serde(borrow)]
    k: Option<&'a str>,
    kid: Option<serde_json::Value>,
    nbf: Option<serde_json::Value>,
    exp: Option<serde_json::Value>,
}

impl CorrelationRing {
    /// The ring of a file's bytes. What looks like JSON is a JWK Set or an error; everything else is one raw key.
    ///
    /// # Errors
    /// [`RingFileError`].
    pub fn from_file(bytes: &[u8]) -> Result<Self, RingFileError> {
        if bytes.len() > RING_BYTES_MAX {
            return Err(RingFileError::Large);
        }
        if looks_like_json(bytes) {
            return jwk_set(bytes);
        }
        if bytes.len() >= KEY_BYTES_MIN && bytes.iter().all(|&b| b == 0) {
            return Err(RingFileError::Zeros);
        }
        FingerprintKey::from_bytes(bytes).map(Self::from).map_err(RingFileError::Raw)
    }
}

/// True for text that begins as a JSON object does or has a member `kty`, damaged or not: a set that cannot be read must not
/// become a raw key, which would match on no other node. Random bytes may begin with `{` too; but that 7 of 8 are text
/// happens to 32 of them once in some 10^9 files.
fn looks_like_json(bytes: &[u8]) -> bool {
    let text = bytes.iter().filter(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()).count();
    let begins = bytes.strip_prefix(BOM).unwrap_or(bytes).trim_ascii_start().starts_with(b"{");
    text * 8 >= bytes.len() * 7 && (begins || bytes.windows(KTY.len()).any(|w| w == KTY))
}

fn jwk_set(bytes: &[u8]) -> Result<CorrelationRing, RingFileError> {
    let json = bytes.strip_prefix(BOM).unwrap_or(bytes);
    // The error's own text may quote the file.
    let set: Set<'_> = serde_json::from_slice(json).map_err(|e| RingFileError::Json { line: e.line(), column: e.column() })?;
    if set.keys.len() > RING_KEYS_MAX {
        return Err(RingFileError::Large);
    }
    let mut keys = Vec::with_capacity(set.keys.len());
    for (i, jwk) in set.keys.iter().enumerate() {
        keys.push(ring_key(jwk).map_err(|fault| RingFileError::Key { number: i + 1, fault })?);
    }
    CorrelationRing::new(keys).map_err(RingFileError::Ring)
}

fn ring_key(jwk: &Jwk<'_>) -> Result<RingKey, KeyFault> {
    if jwk.kty != "oct" {
        return Err(KeyFault::NotOct);
    }
    let encoded = jwk.k.ok_or(KeyFault::NotBase64)?;
    let mut secret = Zeroizing::new(Vec::with_capacity(encoded.len()));
    URL_SAFE_NO_PAD.decode_vec(encoded, &mut secret).map_err(|_| KeyFault::NotBase64)?;
    let key = FingerprintKey::from_bytes(&secret).map_err(KeyFault::Length)?;
    let kid = jwk.kid.as_ref().and_then(serde_json::Value::as_str);
    if kid.is_some_and(|kid| is_key_id(kid) && kid != key.id()) {
        return Err(KeyFault::Changed);
    }
    let period = Period { not_before: date(jwk.nbf.as_ref(), "nbf")?, expires: date(jwk.exp.as_ref(), "exp")? };
    Ok(RingKey { key, period })
}

fn is_key_id(kid: &str) -> bool {
    kid.len() == 6 && kid.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn date(value: Option<&serde_json::Value>, name: &'static str) -> Result<Option<i64>, KeyFault> {
    let Some(value) = value else { return Ok(None) };
    value.as_i64().filter(|seconds| (0..=SECONDS_MAX).contains(seconds)).map(Some).ok_or(KeyFault::Date(name))
}

/// Periods that follow each other, each with a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Beginning of the first period, in seconds since 1970.
    pub start: i64,
    /// Length of a period in seconds, at least 1.
    pub period_seconds: u32,
    /// Seconds for which a key is still used after its successor has begun; less than a period.
    pub overlap_seconds: u32,
    /// Number of periods, 1 to [`RING_KEYS_MAX`].
    pub count: usize,
}

impl Schedule {
    /// The periods, the earliest first.
    #[must_use]
    pub fn periods(&self) -> Vec<Period> {
        let start =
            |n: usize| self.start.saturating_add(i64::from(self.period_seconds).saturating_mul(i64::try_from(n).unwrap_or(i64::MAX)));
        let period = |n| Period { not_before: Some(start(n)), expires: Some(start(n + 1).saturating_add(i64::from(self.overlap_seconds))) };
        (0..self.count.min(RING_KEYS_MAX)).map(period).collect()
    }

    /// A JWK Set with a new random key for each period, to be written to a file as it is.
    ///
    /// # Errors
    /// [`KeyError::NoEntropy`].
    pub fn new_file(&self) -> Result<Zeroizing<String>, KeyError> {
        let periods = self.periods();
        // All the room at once: a text that grows leaves copies of itself behind.
        let mut file = Zeroizing::new(String::with_capacity(64 + periods.len() * 256));
        file.push_str("{\"keys\":[");
        for (i, period) in periods.iter().enumerate() {
            let mut secret = Zeroizing::new([0u8; KEY_BYTES_MIN]);
            getrandom::fill(secret.as_mut()).map_err(|_| KeyError::NoEntropy)?;
            let id = FingerprintKey::from_bytes(secret.as_ref())?.id().to_owned();
            let dates = [("nbf", period.not_before), ("exp", period.expires)];
            let dates: String = dates.iter().filter_map(|(name, at)| at.map(|at| format!("\"{name}\":{at},"))).collect();
            file.push_str(if i == 0 { "\n" } else { ",\n" });
            file.push_str(&format!("{{\"kty\":\"oct\",\"kid\":\"{id}\",{dates}\"k\":\""));
            URL_SAFE_NO_PAD.encode_string(secret.as_ref(), &mut file);
            file.push_str("\"}");
        }
        file.push_str("\n]}\n");
        Ok(file)
    }
}

#[cfg(test)]
mod tests;
