//! Files with keys: read whole, and refused when others could have read a secret.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

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
    /// A link, a folder, a pipe.
    NotAFile,
    /// Others can read a secret; the mode.
    Mode(u32),
    /// It belongs to somebody else.
    Owner,
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
            Self::NotAFile => f.write_str("a private key is a regular file, not a link, folder or pipe"),
            Self::Mode(mode) => write!(f, "others can read this key (mode {mode:04o}); mend it with chmod 600"),
            Self::Owner => f.write_str("the key belongs to somebody else; mend it with chown"),
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
        let file = File::open(path).map_err(KeyFileFault::Io)?;
        whole(file).map(|bytes| bytes.to_vec())
    };
    read().map_err(|fault| KeyFileError { path: path.to_owned(), fault })
}

/// The bytes of a private key file: a regular file and no link, of whoever runs the program or root, mode 0600 or stricter.
///
/// # Errors
/// [`KeyFileError`].
pub fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let read = || {
        // NONBLOCK, so that a pipe does not hold us before it is refused. What is checked is what was opened.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path).map_err(|error| {
            if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
                KeyFileFault::NotAFile
            } else {
                KeyFileFault::Io(error)
            }
        })?;
        let meta = file.metadata().map_err(KeyFileFault::Io)?;
        if !meta.is_file() {
            return Err(KeyFileFault::NotAFile);
        }
        if meta.mode() & 0o077 != 0 {
            return Err(KeyFileFault::Mode(meta.mode() & 0o7777));
        }
        if meta.uid() != 0 && meta.uid() != rustix::process::geteuid().as_raw() {
            return Err(KeyFileFault::Owner);
        }
        whole(file)
    };
    read().map_err(|fault| KeyFileError { path: path.to_owned(), fault })
}

fn whole(file: File) -> Result<Zeroizing<Vec<u8>>, KeyFileFault> {
    let size = file.metadata().map_err(KeyFileFault::Io)?.len();
    if size > KEY_FILE_BYTES_MAX as u64 {
        return Err(KeyFileFault::Large);
    }
    // Room for all of it, so that growing leaves no copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES_MAX + 1));
    file.take(KEY_FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(KeyFileFault::Io)?;
    if bytes.len() > KEY_FILE_BYTES_MAX { Err(KeyFileFault::Large) } else { Ok(bytes) }
}
