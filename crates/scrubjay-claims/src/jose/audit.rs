//! The audit log of revealing: one JSON object to a line, each with the hash of the one before.
//!
//! An entry is `{"seq":…,"time":…,"prev":…,"event":…,"actor":…,"reason":…,…,"hash":…}`; `hash` is base64url SHA-256 over
//! everything before `,"hash"`, and `prev` the hash of the entry before. So an edit, a cut or another order is seen by
//! whoever has the log. That entries at its end are missing is seen only by somebody who knows how far it went: the head is
//! kept in a file beside it, can be sent to the system's log, and can be given to [`verify`]. Whoever can write all of these
//! can make a new history; the log binds users of the tool, not the owner of the machine.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::fence::encode;
use super::json::Object;
use super::regular;
use crate::claim_set::is_hash;
use crate::date::rfc3339;

/// Longest entry in bytes.
pub const ENTRY_BYTES_MAX: usize = 64 * 1024;
/// What stands before an entry's own hash.
const HASH: &str = ",\"hash\":\"";

/// An audit log at a path.
#[derive(Clone, Debug)]
pub struct AuditLog {
    path: PathBuf,
    anchor: Option<PathBuf>,
}

/// What is to be written down.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Seconds since 1970.
    pub now: u64,
    /// What is done: `reveal`, `revealed`.
    pub event: &'a str,
    /// Who does it.
    pub actor: &'a str,
    /// Why.
    pub reason: &'a str,
    /// What else: names and values of further members. Never a claim.
    pub details: Vec<(&'a str, Value)>,
}

/// Proof that an entry is durable. Only [`AuditLog::append`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    seq: u64,
    hash: String,
}

impl Receipt {
    /// The entry's number, from 1.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The head of the log: what to keep elsewhere.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// An entry could not be made durable. Then nothing may be revealed.
#[derive(Debug)]
pub enum AuditError {
    /// The system says so.
    Io(io::Error),
    /// The log's last entry is damaged or cut.
    Damaged,
    /// The log ends before the head that was kept beside it.
    Truncated,
    /// The entry is too long.
    Long,
    /// The head could not be sent to the system's log.
    Anchor(io::Error),
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Damaged => f.write_str(
                "its last entry is damaged or cut; look at it with scrubjay audit-log verify, then move it away with its .head file",
            ),
            Self::Truncated => f.write_str("it ends before its .head file says, so entries were cut off; see scrubjay audit-log verify"),
            Self::Long => write!(f, "an entry of more than {} KiB", ENTRY_BYTES_MAX / 1024),
            Self::Anchor(error) => write!(f, "the system's log does not take its head: {error}"),
        }
    }
}

impl std::error::Error for AuditError {}

impl From<io::Error> for AuditError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl AuditLog {
    /// A log at `path`, which need not exist yet. With an anchor (the socket of the system's log, `/dev/log`) each head is
    /// sent there too, and what cannot be anchored counts as not written.
    #[must_use]
    pub fn new(path: PathBuf, anchor: Option<PathBuf>) -> Self {
        Self { path, anchor }
    }

    /// Appends an entry and makes it durable, with the folder and the head beside it.
    ///
    /// # Errors
    /// [`AuditError`].
    pub fn append(&self, entry: &Entry<'_>) -> Result<Receipt, AuditError> {
        let mut file = regular::open(&self.path, OpenOptions::new().read(true).append(true).create(true).mode(0o600))?;
        file.lock()?;
        let last = last_entry(&mut file)?;
        let kept = kept_head(&self.path)?;
        if kept.as_ref().is_some_and(|(seq, hash)| *seq > last.seq || *seq == last.seq && *hash != last.hash) {
            return Err(AuditError::Truncated);
        }
        // No log of ours comes to the last number: whoever wrote it wants us to fail.
        let seq = last.seq.checked_add(1).ok_or(AuditError::Damaged)?;
        let (line, hash) = render(entry, seq, &last.hash);
        if line.len() > ENTRY_BYTES_MAX {
            return Err(AuditError::Long);
        }
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        let receipt = Receipt { seq, hash };
        keep_head(&self.path, &receipt)?;
        if let Some(socket) = &self.anchor {
            anchor(socket, &receipt).map_err(AuditError::Anchor)?;
        }
        Ok(receipt)
    }
}

fn render(entry: &Entry<'_>, seq: u64, prev: &str) -> (String, String) {
    let mut members = vec![
        ("seq", json!(seq)),
        ("time", json!(rfc3339(entry.now))),
        ("prev", json!(prev)),
        ("event", json!(entry.event)),
        ("actor", json!(entry.actor)),
        ("reason", json!(entry.reason)),
    ];
    members.extend(entry.details.iter().cloned());
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    let body = format!("{{{}", members.join(","));
    let hash = encode(&Sha256::digest(&body));
    (format!("{body}{HASH}{hash}\"}}\n"), hash)
}

/// An entry's place in the chain.
struct Link {
    seq: u64,
    prev: String,
    hash: String,
}

impl Link {
    fn start() -> Self {
        Self { seq: 0, prev: String::new(), hash: encode(&Sha256::digest(b"scrubjay audit log v1")) }
    }

    /// Reads a line without its end. The second is whether its own hash is right.
    fn read(line: &[u8]) -> Option<(Self, bool)> {
        let object = Object::parse(line)?;
        let (seq, prev, hash) = (object.number("seq")?, object.text("prev")?.to_owned(), object.text("hash")?.to_owned());
        let end = format!("{HASH}{hash}\"}}");
        let body = line.strip_suffix(end.as_bytes())?;
        let right = is_hash(&hash) && encode(&Sha256::digest(body)) == hash;
        Some((Self { seq, prev, hash }, right))
    }
}

/// The last entry of an open log; the start of the chain when there is none.
fn last_entry(file: &mut File) -> Result<Link, AuditError> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Ok(Link::start());
    }
    file.seek(SeekFrom::Start(length.saturating_sub(ENTRY_BYTES_MAX as u64 + 1)))?;
    let mut tail = Vec::new();
    file.take(ENTRY_BYTES_MAX as u64 + 1).read_to_end(&mut tail)?;
    let line = tail.strip_suffix(b"\n").ok_or(AuditError::Damaged)?;
    let line = line.rsplit(|&b| b == b'\n').next().ok_or(AuditError::Damaged)?;
    match Link::read(line) {
        Some((link, true)) => Ok(link),
        _ => Err(AuditError::Damaged),
    }
}

fn head_path(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".head");
    PathBuf::from(name)
}

/// The head that is kept beside a log: `SEQ HASH`.
fn kept_head(log: &Path) -> Result<Option<(u64, String)>, AuditError> {
    let mut text = String::new();
    match regular::read(&head_path(log)) {
        Ok(file) => file.take(256).read_to_string(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    parse_head(&text).map(Some).ok_or(AuditError::Damaged)
}

/// Reads `SEQ HASH` or `SEQ:HASH`.
#[must_use]
pub fn parse_head(text: &str) -> Option<(u64, String)> {
    let (seq, hash) = text.trim().split_once([' ', ':'])?;
    is_hash(hash).then_some(Some((seq.parse().ok()?, hash.to_owned()))).flatten()
}

/// By a new file and a renaming, so that a crash leaves the old head or the new one.
fn keep_head(log: &Path, receipt: &Receipt) -> Result<(), AuditError> {
    let path = head_path(log);
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let mut file = regular::open(&new, OpenOptions::new().write(true).create(true).truncate(true).mode(0o600))?;
    writeln!(file, "{} {}", receipt.seq, receipt.hash)?;
    file.sync_all()?;
    std::fs::rename(&new, &path)?;
    let folder = log.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// One message of facility authpriv, severity notice (RFC 3164 §4.1.1: 10 × 8 + 5).
fn anchor(socket: &Path, receipt: &Receipt) -> io::Result<()> {
    let sender = UnixDatagram::unbound()?;
    sender.connect(socket)?;
    let message = format!("<85>scrubjay: audit log head {}:{}", receipt.seq, receipt.hash);
    if sender.send(message.as_bytes())? == message.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// What is wrong with a log, and at which line (from 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The line is no entry.
    NoEntry,
    /// The entry's own hash is not that of its text.
    Edited,
    /// Entries before it are missing.
    Cut,
    /// It does not come after the one before it.
    Order,
    /// It is the successor of another entry than the one before it: that one was replaced.
    Replaced,
    /// The line has no end: the writer was interrupted, or the log was cut within a line.
    Incomplete,
    /// The log ends before the head that is known of it.
    Truncated,
    /// The known head is that of another history.
    OtherHead,
}

impl Fault {
    /// In a few words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoEntry => "this is no entry",
            Self::Edited => "the entry was edited",
            Self::Cut => "entries before this one are missing",
            Self::Order => "the entry is out of order",
            Self::Replaced => "the entry before this one was replaced",
            Self::Incomplete => "the line is cut",
            Self::Truncated => "entries after this one were cut off",
            Self::OtherHead => "the known head belongs to another history",
        }
    }
}

/// What a log proves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Entries read.
    pub entries: u64,
    /// Number and hash of the last one.
    pub head: Option<(u64, String)>,
    /// Every fault and the line where it shows.
    pub faults: Vec<(u64, Fault)>,
    /// The last entry that a head from elsewhere vouches for. What comes behind it, or all when there is none, may have been
    /// longer once: the tail cannot be proven.
    pub proven: Option<u64>,
}

/// Most faults that are listed.
const FAULTS_MAX: usize = 100;

/// Walks a log from its beginning. `heads` are heads kept elsewhere; the one beside the log is looked at as well, but as
/// whoever cuts the log can write that too, it finds truncation and proves nothing.
///
/// # Errors
/// The log cannot be read.
pub fn verify(path: &Path, heads: &[(u64, String)]) -> io::Result<Verdict> {
    let mut verdict = Verdict::default();
    let kept = match kept_head(path) {
        Ok(kept) => kept,
        Err(AuditError::Io(error)) => return Err(error),
        Err(_) => {
            verdict.faults.push((0, Fault::OtherHead));
            None
        }
    };
    let known: Vec<(u64, String, bool)> =
        heads.iter().map(|(seq, hash)| (*seq, hash.clone(), true)).chain(kept.map(|(seq, hash)| (seq, hash, false))).collect();
    let mut walk = Walk { before: Link::start(), line: 0, seen: vec![false; known.len()] };
    let mut file = BufReader::new(regular::read(path)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        if file.by_ref().take(ENTRY_BYTES_MAX as u64 + 2).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        walk.line += 1;
        let ended = line.pop_if(|b| *b == b'\n').is_some();
        if !ended && line.len() > ENTRY_BYTES_MAX {
            file.skip_until(b'\n')?;
        }
        for fault in walk.step(&line, ended, &known) {
            if verdict.faults.len() < FAULTS_MAX {
                verdict.faults.push((walk.line, fault));
            }
        }
        verdict.entries += 1;
    }
    for ((seq, _, elsewhere), seen) in known.iter().zip(&walk.seen) {
        match seen {
            true if *elsewhere => verdict.proven = verdict.proven.max(Some(*seq)),
            true => {}
            false if *seq > walk.before.seq => verdict.faults.push((walk.line, Fault::Truncated)),
            false => verdict.faults.push((walk.line, Fault::OtherHead)),
        }
    }
    verdict.head = (walk.before.seq > 0).then_some((walk.before.seq, walk.before.hash));
    Ok(verdict)
}

struct Walk {
    before: Link,
    line: u64,
    seen: Vec<bool>,
}

impl Walk {
    fn step(&mut self, line: &[u8], ended: bool, known: &[(u64, String, bool)]) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !ended {
            faults.push(Fault::Incomplete);
        }
        let Some((link, right)) = Link::read(line) else {
            if ended {
                faults.push(Fault::NoEntry);
            }
            return faults;
        };
        if !right {
            faults.push(Fault::Edited);
        }
        if self.before.seq.checked_add(1).is_some_and(|next| link.seq > next) {
            faults.push(Fault::Cut);
        } else if link.seq <= self.before.seq {
            faults.push(Fault::Order);
        } else if link.prev != self.before.hash {
            faults.push(Fault::Replaced);
        }
        for (known, seen) in known.iter().zip(&mut self.seen) {
            *seen |= right && (known.0, known.1.as_str()) == (link.seq, link.hash.as_str());
        }
        self.before = link;
        faults
    }
}

#[cfg(test)]
mod tests;
