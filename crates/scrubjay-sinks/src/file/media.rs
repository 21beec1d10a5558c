//! The operations on the file system that can fail while a sink runs, behind a trait so that tests make them fail.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, RenameFlags};

const FILE_MODE: u32 = 0o640;
const FOLDER_MODE: u32 = 0o755;

/// Device and inode.
pub(crate) type Identity = (u64, u64);

pub(crate) trait Media: Send + Sync {
    /// Opens for appending, creating the file if there is none.
    fn open(&self, path: &Path) -> io::Result<File>;
    /// Writes some bytes at the end.
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize>;
    /// Makes what was written durable.
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Makes the entries of a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Renames; an existing `to` is an error.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
}

/// The real file system.
pub(crate) struct Disk;

impl Media for Disk {
    fn open(&self, path: &Path) -> io::Result<File> {
        // Non-blocking, so that a FIFO put in the file's place cannot hang us; regular files do not care.
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        OpenOptions::new().read(true).append(true).create(true).mode(FILE_MODE).custom_flags(flags).open(path)
    }

    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut file, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        match File::open(folder)?.sync_all() {
            // Some file systems have no such operation for folders and need none.
            Err(e) if e.kind() == io::ErrorKind::InvalidInput || e.kind() == io::ErrorKind::Unsupported => Ok(()),
            other => other,
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if !to.exists() => fs::rename(from, to),
            other => other.map_err(io::Error::from),
        }
    }
}

pub(crate) fn identity(meta: &fs::Metadata) -> Identity {
    (meta.dev(), meta.ino())
}

/// Makes the folders above `path` that are missing. Returns those whose entries must be synced for `path` to be
/// durable, its own folder first.
pub(crate) fn make_folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let Some(parent) = path.parent() else { return Ok(Vec::new()) };
    let mut to_sync = vec![parent.to_path_buf()];
    let mut missing = parent;
    while !missing.exists() {
        let Some(above) = missing.parent() else { break };
        to_sync.push(above.to_path_buf());
        missing = above;
    }
    fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(parent)?;
    Ok(to_sync)
}

/// Takes the lock of the single writer; false when another one has it.
pub(crate) fn lock(file: &File) -> io::Result<bool> {
    use rustix::io::Errno;
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        // A file system without locks: two agents cannot be told apart there.
        Err(Errno::NOTSUP | Errno::NOSYS | Errno::NOLCK) => Ok(true),
        Err(e) => Err(e.into()),
    }
}
