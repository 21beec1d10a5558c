//! The epochs file, written: one record to a line, durable before its key is used, shared by several agents.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::identity::Identity;
use super::keyfile::KeyFileError;
use super::recipients::Recipients;
use super::{record, regular, standalone};
use crate::seal::Standalone;
use crate::{EpochStore, NewEpoch, Published, Withheld};

/// How often an append is begun again because the file was moved away meanwhile.
const MOVED_TRIES: usize = 8;
/// Longest wait for somebody else's append.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(2);

/// Wraps epoch keys for the recipients and appends the records to a file.
pub struct EpochFile {
    path: PathBuf,
    agent: String,
    recipients: RwLock<Recipients>,
    identity: Option<Identity>,
}

impl fmt::Debug for EpochFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EpochFile").field("path", &self.path).field("agent", &self.agent).finish_non_exhaustive()
    }
}

impl EpochFile {
    /// Records go to `path`, which need not exist, and name `agent` (at most 256 bytes are kept). With an identity they are signed.
    #[must_use]
    pub fn new(path: PathBuf, agent: &str, recipients: Recipients, identity: Option<Identity>) -> Self {
        let agent = agent.chars().filter(|c| !c.is_control()).take(64).collect();
        Self { path, agent, recipients: RwLock::new(recipients), identity }
    }

    /// Reads the recipients' key files again, see [`Recipients::reload`].
    ///
    /// # Errors
    /// Every file that cannot be used; then all stays as it was.
    pub fn reload(&self) -> Result<Vec<String>, Vec<KeyFileError>> {
        self.recipients.write().unwrap_or_else(PoisonError::into_inner).reload()
    }
}

impl EpochStore for EpochFile {
    fn publish(&self, epoch: &NewEpoch<'_>, now: u64) -> Result<Published, Withheld> {
        let recipients = self.recipients.read().unwrap_or_else(PoisonError::into_inner);
        let (valid, left_out) = recipients.valid(epoch.audience, now);
        let line = record::write(epoch, &self.agent, &valid, self.identity.as_ref())?;
        append(&self.path, &line).map_err(|_| Withheld::NoRecord)?;
        Ok(Published { valid_until: valid.iter().filter_map(|key| key.expires()).min(), left_out })
    }
}

impl Standalone for EpochFile {
    fn seal(&self, audience: &str, fp: &str, plain: &[u8], now: u64, left_out: &mut Vec<String>) -> Result<Vec<String>, Withheld> {
        let recipients = self.recipients.read().unwrap_or_else(PoisonError::into_inner);
        let (valid, others) = recipients.valid(audience, now);
        left_out.extend(others);
        if valid.is_empty() {
            return Err(Withheld::NoRecipient);
        }
        valid.iter().map(|key| standalone::seal(key, fp, plain)).collect()
    }
}

/// Appends a line and makes it durable, with its folder. A line that a crash cut short before is ended first, so that it
/// spoils nothing but itself.
fn append(path: &Path, line: &str) -> io::Result<()> {
    for _ in 0..MOVED_TRIES {
        let mut file = regular::open(path, OpenOptions::new().read(true).append(true).create(true).mode(0o640))?;
        lock(&file)?;
        let here = file.metadata()?;
        if !here.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        match std::fs::metadata(path) {
            Ok(there) if (there.dev(), there.ino()) == (here.dev(), here.ino()) => {}
            // Somebody has rotated it between opening and locking: a record there might never be found again.
            _ => continue,
        }
        let mut text = String::with_capacity(line.len() + 2);
        if !ends_a_line(&mut file, here.len())? {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return File::open(folder)?.sync_all();
    }
    Err(io::Error::other("the file is moved away again and again"))
}

/// Locks the file until it is closed. Other agents on this node wait meanwhile, and log flow with them: so not for ever.
fn lock(file: &File) -> io::Result<()> {
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_WAIT_MAX => std::thread::sleep(Duration::from_millis(5)),
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::TimedOut.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn ends_a_line(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests;
