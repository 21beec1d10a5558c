//! The checkpoint file: where each file has been read to.
//!
//! JSON, version 1: `{"version":1,"key":HEX,"files":[ENTRY…]}`. The key (random, the file is 0600) keys every
//! hash in it. Paths are stored as keyed hashes only: a file's name can hold a token as well as a line can.
//!
//! It is replaced as a whole: temporary file beside it, fsync, rename, fsync of the folder. A checkpoint that cannot be
//! understood is an error, never a reason to begin again silently.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use scrubjay_pipeline::Problem;
use serde::{Deserialize, Serialize};

use super::identity::{FileId, Key, Mac, Proof};
use super::told::at;

const VERSION: u64 = 1;

/// All that is remembered.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    version: u64,
    key: String,
    pub(super) files: Vec<Entry>,
}

/// One file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Keyed hash of the path that it was found at.
    pub(super) path: Mac,
    pub(super) id: FileId,
    /// Everything before it is delivered.
    pub(super) offset: u64,
    pub(super) proof: Proof,
}

impl Checkpoint {
    pub(super) fn new(key: &Key, files: Vec<Entry>) -> Self {
        Self { version: VERSION, key: key.to_hex(), files }
    }
}

/// The keyed hash that stands for a path in the checkpoint.
pub(super) fn path_mac(key: &Key, path: &Path) -> Mac {
    key.mac(b"path", path.as_os_str().as_bytes())
}

/// The checkpoint file, locked for this agent as long as this value lives.
pub(super) struct Store {
    path: PathBuf,
    /// What this store writes: checkpoint, lock, temporary file.
    own: [PathBuf; 3],
    _lock: File,
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u64,
}

impl Store {
    /// Creates the folder (0700) where needed, and takes the lock.
    ///
    /// # Errors
    /// A [`Problem`] when the folder or the lock file cannot be made, or another agent holds the lock.
    pub(super) fn open(path: &Path) -> Result<Self, Problem> {
        let path = std::path::absolute(path).map_err(|e| at(path, format!("cannot be made absolute: {e}"), ""))?;
        let folder = folder_of(&path);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|e| at(folder, format!("cannot be created: {e}"), "choose a state folder that scrubjay may write to"))?;
        let lock_path = beside(&path, "", ".lock");
        let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&lock_path);
        let lock =
            lock.map_err(|e| at(&lock_path, format!("cannot be opened: {e}"), "choose a state folder that scrubjay may write to"))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|e| match e {
            rustix::io::Errno::WOULDBLOCK => {
                at(&path, "is in use by another scrubjay", "stop the other one, or give each its own state_dir")
            }
            e => at(&lock_path, format!("cannot be locked: {e}"), "put the state on a local file system"),
        })?;
        let own = [path.clone(), lock_path, temporary(&path)];
        Ok(Self { path, own, _lock: lock })
    }

    /// The stored checkpoint and its key; `None` before the first one.
    ///
    /// # Errors
    /// A [`Problem`] when it is there but cannot be read or understood. Its content is not shown.
    pub(super) fn load(&self) -> Result<Option<(Key, Checkpoint)>, Problem> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(at(&self.path, format!("cannot be read: {e}"), "mend its permissions, or restore it")),
        };
        let remedy = "restore it from a copy, or move it away: then every file is read again as at a first start";
        let corrupt = |what: String| at(&self.path, format!("is not a checkpoint: {what}"), remedy);
        let place = |e: serde_json::Error| corrupt(format!("line {}, column {}", e.line(), e.column()));
        let VersionOnly { version } = serde_json::from_slice(&bytes).map_err(place)?;
        if version != VERSION {
            let what = format!("is a checkpoint of version {version}, this scrubjay knows version {VERSION}");
            return Err(at(&self.path, what, "run the scrubjay that wrote it, or move it away to begin as at a first start"));
        }
        let checkpoint: Checkpoint = serde_json::from_slice(&bytes).map_err(place)?;
        let key = Key::from_hex(&checkpoint.key).ok_or_else(|| corrupt("its key is damaged".into()))?;
        if !checkpoint.files.iter().all(|e| e.proof.is_sound() && e.offset <= e.proof.checked()) {
            return Err(corrupt("a position does not fit its proof".into()));
        }
        Ok(Some((key, checkpoint)))
    }

    /// What writes a checkpoint; may be sent to a thread that may block.
    pub(super) fn writer(&self, checkpoint: Checkpoint) -> impl FnOnce() -> Result<(), Problem> + Send + 'static {
        let path = self.path.clone();
        move || {
            let written = replace(&path, &checkpoint);
            written.map_err(|e| {
                at(&path, format!("cannot be written: {e}"), "make room, or mend its permissions; positions stay where they were")
            })
        }
    }

    /// True for the files that this store itself writes.
    pub(super) fn owns(&self, path: &Path) -> bool {
        let folder = |path: &Path| fs::canonicalize(folder_of(path)).ok();
        self.own.iter().any(|own| own.file_name() == path.file_name() && folder(own) == folder(path))
    }
}

fn replace(path: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    let bytes = serde_json::to_vec(checkpoint)?;
    let temporary = temporary(path);
    // A new file each time: after a failed fsync the old descriptor proves nothing any more.
    match fs::remove_file(&temporary) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    // Without this the rename is undone by a power cut.
    File::open(folder_of(path))?.sync_all()
}

fn temporary(path: &Path) -> PathBuf {
    beside(path, ".", ".tmp")
}

fn beside(path: &Path, before: &str, after: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(before);
    name.push(path.file_name().unwrap_or_default());
    name.push(after);
    path.with_file_name(name)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}
