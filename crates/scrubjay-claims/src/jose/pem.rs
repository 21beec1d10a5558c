//! Public keys in PEM (RFC 7468): SubjectPublicKeyInfo (RFC 5280 §4.1) and PKCS #1, as far as recipients' keys need it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::keyfile::KeyFileFault;

/// Most keys of a file.
const KEYS_MAX: usize = 64;

/// What a public key is made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Spki {
    X25519([u8; 32]),
    P256 { x: [u8; 32], y: [u8; 32] },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// SubjectPublicKeyInfo up to the key: X25519 (RFC 8410 §4).
const X25519: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00];
/// The same for P-256 with an uncompressed point (RFC 5480 §2).
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
    0x07, 0x03, 0x42, 0x00, 0x04,
];
/// rsaEncryption with its parameters (RFC 8017 §A.1).
const RSA: &[u8] = &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

pub(crate) fn is_pem(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"-----BEGIN ")
}

/// True when it says that it is a public key.
pub(crate) fn is_public(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    text.starts_with(b"-----BEGIN PUBLIC KEY-----") || text.starts_with(b"-----BEGIN RSA PUBLIC KEY-----")
}

/// Every public key of a PEM file.
pub(crate) fn public_keys(text: &[u8]) -> Result<Vec<Spki>, KeyFileFault> {
    let text = std::str::from_utf8(text).map_err(|_| KeyFileFault::Unreadable)?;
    let mut keys = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (label, after) = rest.strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----")).ok_or(KeyFileFault::Unreadable)?;
        if label.contains("PRIVATE") {
            return Err(KeyFileFault::PrivateKey);
        }
        let (body, after) = after.split_once(&format!("-----END {label}-----")).ok_or(KeyFileFault::Unreadable)?;
        let body: String = body.split_ascii_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| KeyFileFault::Unreadable)?;
        let key = match label {
            "PUBLIC KEY" => spki(&der),
            "RSA PUBLIC KEY" => pkcs1(&der),
            _ => return Err(KeyFileFault::Kind),
        };
        keys.push(key.ok_or(KeyFileFault::Kind)?);
        if keys.len() > KEYS_MAX {
            return Err(KeyFileFault::Unreadable);
        }
        rest = after.trim_start();
    }
    if keys.is_empty() { Err(KeyFileFault::Empty) } else { Ok(keys) }
}

fn spki(der: &[u8]) -> Option<Spki> {
    if let Some(key) = der.strip_prefix(X25519) {
        return Some(Spki::X25519(key.try_into().ok()?));
    }
    if let Some(point) = der.strip_prefix(P256) {
        let (x, y) = point.split_at_checked(32)?;
        return Some(Spki::P256 { x: x.try_into().ok()?, y: y.try_into().ok()? });
    }
    let (body, rest) = element(der, 0x30)?;
    let (bits, end) = element(body.strip_prefix(RSA)?, 0x03)?;
    if !rest.is_empty() || !end.is_empty() {
        return None;
    }
    pkcs1(bits.strip_prefix(&[0])?)
}

/// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` (RFC 8017 §A.1.1).
fn pkcs1(der: &[u8]) -> Option<Spki> {
    let (body, rest) = element(der, 0x30)?;
    let (n, body) = element(body, 0x02)?;
    let (e, body) = element(body, 0x02)?;
    let number = |bytes: &[u8]| bytes.strip_prefix(&[0]).unwrap_or(bytes).to_vec();
    (rest.is_empty() && body.is_empty()).then(|| Spki::Rsa { n: number(n), e: number(e) })
}

/// The contents of an element with this tag, and what comes behind it (X.690 §8.1, definite lengths of at most two bytes).
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 => rest.split_first().map(|(&a, rest)| (usize::from(a), rest))?,
        0x82 => {
            let (bytes, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*bytes)), rest)
        }
        _ => return None,
    };
    (first == tag).then(|| rest.split_at_checked(length)).flatten()
}
