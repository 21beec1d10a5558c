//! Files with keys, and what may be wrong with one. Whether a secret file is safe to read, the program checks (its mode, its owner).

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::regular;

/// Largest key file in bytes.
pub const KEY_FILE_BYTES_MAX: usize = 256 * 1024;

/// A key file cannot be used.
#[derive(Debug)]
pub struct KeyFileError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub fault: KeyFileFault,
}

/// What is wrong with a key, without a byte of it.
#[derive(Debug)]
pub enum KeyFileFault {
    /// The system says so.
    Io(io::Error),
    /// Larger than 256 KiB.
    Large,
    /// Neither a JWK, nor a JWK Set, nor PEM; or a member is damaged or there twice.
    Unreadable,
    /// No key in it.
    Empty,
    /// A kind that is not supported.
    Kind,
    /// A coordinate or modulus of the wrong length.
    Length,
    /// Its `use` or `alg` says that it is for something else.
    Purpose,
    /// A private key, where a public one is wanted.
    PrivateKey,
    /// A public key, where a private one is wanted.
    PublicKey,
    /// No point of its curve, or a weak one.
    Unusable,
}

impl fmt::Display for KeyFileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::NotFound => f.write_str("no such file"),
            Self::Io(error) => write!(f, "{error}"),
            Self::Large => write!(f, "larger than {} KiB, so it is no key file", KEY_FILE_BYTES_MAX / 1024),
            Self::Unreadable => f.write_str("neither a JWK, nor a JWK Set, nor a key in PEM"),
            Self::Empty => f.write_str("there is no key in it"),
            Self::Kind => f.write_str("not a key to seal to: X25519, P-256, or RSA"),
            Self::Length => f.write_str("a part of the key has the wrong length (RSA: 2048 to 8192 bits)"),
            Self::Purpose => f.write_str("its use or alg says that it is for something else"),
            Self::PrivateKey => f.write_str("a private key: agents hold public keys only; make one with scrubjay keys public"),
            Self::PublicKey => f.write_str("a public key; the private one is needed here"),
            Self::Unusable => f.write_str("the key cannot be used: no point of its curve, or a weak one"),
        }
    }
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.fault)
    }
}

impl std::error::Error for KeyFileError {}

/// The bytes of a public key file. Any mode and links are fine: it is no secret, and volumes of Kubernetes are links.
///
/// # Errors
/// [`KeyFileError`].
pub fn read_public(path: &Path) -> Result<Vec<u8>, KeyFileError> {
    let read = || {
        let mut bytes = Vec::new();
        regular::read(path)
            .map_err(KeyFileFault::Io)?
            .take(KEY_FILE_BYTES_MAX as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(KeyFileFault::Io)?;
        if bytes.len() > KEY_FILE_BYTES_MAX { Err(KeyFileFault::Large) } else { Ok(bytes) }
    };
    read().map_err(|fault| KeyFileError { path: path.to_owned(), fault })
}
