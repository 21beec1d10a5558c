//! Which file is it? Four parts, because every scheme with fewer has lost data somewhere: device and inode (with the
//! time of birth, since inodes are used again), a hash of the head that grows with the file, the size, and a hash of
//! the bytes just before the position.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::UNIX_EPOCH;

use hmac::{Hmac, KeyInit, Mac as _};
use scrubjay_pipeline::Problem;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Bytes of the head that take part in the identity.
pub(super) const HEAD_BYTES: usize = 1024;
/// Bytes before the position that take part in the identity.
pub(super) const TAIL_BYTES: usize = 64;

/// Keys the hashes of a checkpoint. Plain hashes would let a reader of the checkpoint guess what 64 bytes of log say.
/// It has no `Debug`.
#[derive(Clone, Copy)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// A fresh key.
    ///
    /// # Errors
    /// A [`Problem`] when the system has no randomness to give.
    pub(super) fn random() -> Result<Self, Problem> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|e| Problem::new("getrandom", format!("no random bytes: {e}"), ""))?;
        Ok(Self(bytes))
    }

    pub(super) fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }

    pub(super) fn to_hex(self) -> String {
        to_hex(&self.0)
    }

    /// The keyed hash of `bytes`; `label` keeps hashes of different things apart.
    pub(super) fn mac(&self, label: &[u8], bytes: &[u8]) -> Mac {
        // HMAC pads a short key with zeros to its block (RFC 2104 §2); doing it here needs no error case.
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(label);
        mac.update(&[0]);
        mac.update(bytes);
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut half = [0; 16];
        half.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        Mac(half)
    }
}

/// A keyed hash, 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Mac([u8; 16]);

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        to_hex(&mac.0)
    }
}

impl TryFrom<String> for Mac {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        from_hex(&text).map(Self).ok_or("not 32 hex digits")
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Device, inode and time of birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileId {
    pub(super) dev: u64,
    pub(super) ino: u64,
    /// Nanoseconds since the epoch, where the file system knows it.
    pub(super) born_ns: Option<i64>,
}

impl FileId {
    pub(super) fn of(meta: &Metadata) -> Self {
        let born = meta.created().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        Self { dev: meta.dev(), ino: meta.ino(), born_ns: born.and_then(|d| i64::try_from(d.as_nanos()).ok()) }
    }

    /// Device and inode: what two files that exist at the same time never share.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.dev, self.ino)
    }

    /// False when the two are known to have been born at different times: the inode was used again.
    pub(super) fn same_birth(&self, other: &Self) -> bool {
        match (self.born_ns, other.born_ns) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }

    /// True when both are one file.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.place() == other.place() && self.same_birth(other)
    }
}

/// What changes when somebody writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self { size: meta.size(), changed: (meta.mtime(), meta.mtime_nsec()) }
    }

    /// For choosing the newest of several.
    pub(super) fn changed(&self) -> (i64, i64) {
        self.changed
    }
}

/// The head of a file as far as it has been read, at most [`HEAD_BYTES`].
#[derive(Clone)]
pub(super) enum Head {
    /// Not all of it yet: the bytes, since the hash of a longer head cannot be made from that of a shorter one.
    Growing(Vec<u8>),
    /// All [`HEAD_BYTES`].
    Full(Mac),
}

impl Head {
    pub(super) fn empty() -> Self {
        Self::Growing(Vec::new())
    }

    /// The head of a file whose first `position` bytes count as read.
    pub(super) fn read(file: &File, position: u64, key: &Key) -> io::Result<Self> {
        let mut head = Self::empty();
        let len = usize::try_from(position).unwrap_or(HEAD_BYTES).min(HEAD_BYTES);
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, 0)?;
        head.grow(&bytes, key);
        Ok(head)
    }

    /// The next bytes of the file were read.
    pub(super) fn grow(&mut self, bytes: &[u8], key: &Key) {
        let Self::Growing(head) = self else { return };
        let room = HEAD_BYTES - head.len();
        head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if head.len() == HEAD_BYTES {
            *self = Self::Full(key.mac(b"head", head));
        }
    }

    fn proof(&self, key: &Key) -> (u32, Mac) {
        match self {
            Self::Growing(bytes) => (u32::try_from(bytes.len()).unwrap_or(0), key.mac(b"head", bytes)),
            Self::Full(mac) => (HEAD_BYTES as u32, *mac),
        }
    }
}

/// The last bytes before a position, at most [`TAIL_BYTES`].
#[derive(Clone, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    /// The bytes before `position`.
    pub(super) fn read(file: &File, position: u64) -> io::Result<Self> {
        let len = usize::try_from(position).unwrap_or(TAIL_BYTES).min(TAIL_BYTES);
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, position - len as u64)?;
        Ok(Self(bytes))
    }

    /// The tail after `bytes` were read.
    pub(super) fn after(&self, bytes: &[u8]) -> Self {
        let from_new = bytes.len().min(TAIL_BYTES);
        let from_old = (TAIL_BYTES - from_new).min(self.0.len());
        let old = self.0.get(self.0.len() - from_old..).unwrap_or_default();
        let new = bytes.get(bytes.len() - from_new..).unwrap_or_default();
        Self([old, new].concat())
    }

    /// True when the file still has these bytes before `position`. False means: it was truncated, and perhaps has grown
    /// past the position since.
    pub(super) fn holds(&self, file: &File, position: u64) -> io::Result<bool> {
        match Self::read(file, position) {
            Ok(now) => Ok(now.0 == self.0),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(e) => Err(e),
        }
    }
}

/// What must hold of a file before reading goes on in it from a remembered position.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    head_len: u32,
    head: Mac,
    /// The file must reach to here; the tail lies before it.
    checked: u64,
    tail_len: u32,
    tail: Mac,
}

impl Proof {
    pub(super) fn new(head: &Head, tail: &Tail, checked: u64, key: &Key) -> Self {
        let (head_len, head) = head.proof(key);
        Self { head_len, head, checked, tail_len: u32::try_from(tail.0.len()).unwrap_or(0), tail: key.mac(b"tail", &tail.0) }
    }

    /// The position whose surroundings this proves.
    pub(super) fn checked(&self) -> u64 {
        self.checked
    }

    /// True when the lengths can be those of a proof that this program made.
    pub(super) fn is_sound(&self) -> bool {
        let head = u64::from(self.head_len);
        head <= HEAD_BYTES as u64 && u64::from(self.tail_len) == self.checked.min(TAIL_BYTES as u64)
    }

    /// True when `file` is what it was, as far as the proof goes.
    pub(super) fn holds(&self, file: &File, key: &Key) -> io::Result<bool> {
        let mac = |label: &[u8], len: u32, at: u64| -> io::Result<Mac> {
            let mut bytes = vec![0; len as usize];
            file.read_exact_at(&mut bytes, at)?;
            Ok(key.mac(label, &bytes))
        };
        let tail_at = self.checked.saturating_sub(u64::from(self.tail_len));
        let both = || -> io::Result<bool> {
            Ok(mac(b"head", self.head_len, 0)? == self.head && mac(b"tail", self.tail_len, tail_at)? == self.tail)
        };
        match both() {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut f = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut f, bytes).unwrap();
        f
    }

    #[test]
    fn a_proof_notices_every_change_it_should() {
        let key = Key::random().unwrap();
        let bytes: Vec<u8> = (0..3000u32).map(|i| (i % 251) as u8).collect();
        for position in [0u64, 1, 63, 64, 65, 1023, 1024, 1025, 3000] {
            let f = file(&bytes);
            let head = Head::read(&f, position, &key).unwrap();
            let tail = Tail::read(&f, position).unwrap();
            let proof = Proof::new(&head, &tail, position, &key);
            assert!(proof.is_sound() && proof.holds(&f, &key).unwrap());
            assert!(proof.holds(&file(&[&bytes[..], b"more"].concat()), &key).unwrap());
            if position == 0 {
                continue;
            }
            assert!(!proof.holds(&file(&bytes[..position as usize - 1]), &key).unwrap(), "shorter");
            for changed in [0, position as usize - 1] {
                let mut other = bytes.clone();
                other[changed] ^= 1;
                assert!(!proof.holds(&file(&other), &key).unwrap(), "byte {changed} of {position}");
            }
            assert!(!proof.holds(&f, &Key::random().unwrap()).unwrap(), "another key");
        }
    }

    #[test]
    fn head_and_tail_do_not_depend_on_read_sizes() {
        let key = Key::random().unwrap();
        let bytes: Vec<u8> = (0..2000u32).map(|i| (i % 253) as u8).collect();
        for step in [1, 7, 63, 64, 65, 1000, 2000] {
            let (mut head, mut tail) = (Head::empty(), Tail::default());
            for chunk in bytes.chunks(step) {
                head.grow(chunk, &key);
                tail = tail.after(chunk);
            }
            assert!(tail.0 == bytes[bytes.len() - TAIL_BYTES..]);
            assert!(head.proof(&key) == (1024, key.mac(b"head", &bytes[..1024])));
        }
    }

    #[test]
    fn hex_goes_there_and_back_and_nothing_else_is_taken() {
        let key = Key::random().unwrap();
        assert_eq!(Key::from_hex(&key.to_hex()).unwrap().to_hex(), key.to_hex());
        for bad in ["", "00", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
            assert!(Key::from_hex(bad).is_none());
        }
    }
}
