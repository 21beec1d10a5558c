//! The file that is being written: how it is opened, what is refused, and whether it is still where it should be.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use scrubjay_pipeline::Problem;

use super::media::{Identity, Media, identity, lock, make_folders};
use super::names::Names;

/// How often opening is tried again because the file was moved away between open and lock.
const OPEN_TRIES_MAX: usize = 8;

/// An open output file.
pub(crate) struct Live {
    pub(crate) file: Arc<File>,
    id: Identity,
    /// Length in bytes as far as we know; another program may have changed it.
    pub(crate) len: u64,
    /// The file is empty or its last byte is a newline.
    pub(crate) at_line_start: bool,
    pub(crate) opened: Instant,
    /// Folders whose entries must be synced once before anything in the file counts as durable.
    pub(crate) folders: Vec<PathBuf>,
    /// `/dev/null`: nothing to sync, lock or rotate.
    pub(crate) null: bool,
    /// Someone renamed it: what comes next goes to a new file.
    pub(crate) moved: bool,
}

/// Where the open file is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    Here,
    Moved,
    Removed,
}

/// Why there is no open file.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// It will not work in this run either.
    Refused(Problem),
    /// It may work later.
    Io(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl Live {
    /// Opens `path` for appending and takes the single writer's lock. With `fresh`, a file that is not empty is renamed
    /// to its next rotated name first.
    pub(crate) fn open(media: &dyn Media, path: &Path, names: &Names, fresh: bool, now: Instant) -> Result<Self, OpenError> {
        if let Ok(meta) = fs::metadata(path) {
            refuse_kind(path, &meta)?;
        }
        let folders = make_folders(path)?;
        for _ in 0..OPEN_TRIES_MAX {
            let file = media.open(path)?;
            let meta = file.metadata()?;
            refuse_kind(path, &meta)?;
            let null = meta.file_type().is_char_device();
            if !null && !lock(&file)? {
                return Err(OpenError::Refused(problem(
                    path,
                    "another process writes this file",
                    "give each agent an output path of its own",
                )));
            }
            if !fs::metadata(path).is_ok_and(|there| identity(&there) == identity(&meta)) {
                continue;
            }
            // Read again: until the lock was ours the other writer may have added to it.
            let meta = file.metadata()?;
            if fresh && !null && meta.len() > 0 {
                media.rename(path, &names.next()?)?;
                continue;
            }
            let (len, at_line_start) = if null { (0, true) } else { (meta.len(), ends_line(&file, meta.len())?) };
            let opened = if len == 0 { now } else { began(&meta, now) };
            let id = identity(&meta);
            let folders = if null { Vec::new() } else { folders };
            return Ok(Self { file: Arc::new(file), id, len, at_line_start, opened, folders, null, moved: false });
        }
        Err(OpenError::Io(io::Error::other("the file was moved away each time it was opened")))
    }

    /// Looks for the file under its path.
    pub(crate) fn whereabouts(&self, path: &Path) -> Whereabouts {
        if self.null {
            return Whereabouts::Here;
        }
        match fs::metadata(path) {
            Ok(meta) if identity(&meta) == self.id => Whereabouts::Here,
            Err(e) if e.kind() != io::ErrorKind::NotFound => Whereabouts::Here,
            _ if self.file.metadata().is_ok_and(|meta| meta.nlink() == 0) => Whereabouts::Removed,
            _ => Whereabouts::Moved,
        }
    }
}

fn ends_line(file: &File, len: u64) -> io::Result<bool> {
    let Some(last) = len.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte == *b"\n")
}

/// When a file that was already there began, as far as the file system knows.
fn began(meta: &fs::Metadata, now: Instant) -> Instant {
    let since = meta.created().or_else(|_| meta.modified()).ok();
    let age = since.and_then(|t| SystemTime::now().duration_since(t).ok()).unwrap_or_default();
    now.checked_sub(age).unwrap_or(now)
}

fn refuse_kind(path: &Path, meta: &fs::Metadata) -> Result<(), OpenError> {
    let kind = meta.file_type();
    let refused = |what, remedy| Err(OpenError::Refused(problem(path, what, remedy)));
    if kind.is_file() || is_null(meta) {
        Ok(())
    } else if kind.is_dir() {
        refused("is a folder", "give the path of a file in it")
    } else if kind.is_fifo() {
        refused("is a FIFO, which cannot keep anything", "give a regular file, or use a stdout sink")
    } else if kind.is_socket() {
        refused("is a socket", "give a regular file")
    } else {
        refused("is a device", "give a regular file (of the devices only /dev/null is allowed), or use a stdout sink")
    }
}

fn is_null(meta: &fs::Metadata) -> bool {
    meta.file_type().is_char_device() && fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == meta.rdev())
}

pub(crate) fn problem(path: &Path, what: impl Into<String>, remedy: impl Into<String>) -> Problem {
    // The path comes from the configuration; control characters in it must not reach a terminal.
    Problem::new(path.display().to_string().escape_debug().to_string(), what, remedy)
}
