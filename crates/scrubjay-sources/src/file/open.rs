//! Opening files: never one that blocks, never more than are allowed, and by identity when the path leads elsewhere.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirEntryExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use scrubjay_pipeline::Problem;
use scrubjay_scrub::Batch;

use super::identity::{FileId, Proof, Stamp};
use super::told::{at, is_gone, unreadable, wrong_kind};
use super::{FileKey, FileSource};

/// Most readings of a folder that does not come to rest.
const TRIES_MAX: usize = 50;

/// Why a file could not be opened.
pub(super) enum NotOpen {
    /// It is nowhere to be found any more.
    Gone,
    /// It is there, but.
    Failed(io::Error),
}

/// Opens a regular file for reading.
///
/// # Errors
/// As told by the system; [`io::ErrorKind::InvalidInput`] when it is something else than a regular file.
pub(super) fn open_regular(path: &Path) -> io::Result<(File, Metadata)> {
    let regular = |meta: Metadata| if meta.is_file() { Ok(meta) } else { Err(io::Error::from(io::ErrorKind::InvalidInput)) };
    // Looked at first, because opening a device can do things; O_NONBLOCK and the second look, because it may have
    // become a FIFO in between, which must not block.
    regular(fs::metadata(path)?)?;
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let meta = regular(file.metadata()?)?;
    Ok((file, meta))
}

/// A file with this identity: at `path`, or under any name in the folder of `real`.
pub(super) fn locate(id: &FileId, path: &Path, real: &Path) -> Result<File, NotOpen> {
    match open_regular(path) {
        Ok((file, meta)) if FileId::of(&meta).is(id) => return Ok(file),
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => return Err(NotOpen::Failed(e)),
        _ => {}
    }
    let folder = real.parent().ok_or(NotOpen::Gone)?;
    for _ in 0..TRIES_MAX {
        let found = match list(folder, |_, ino| ino == id.ino) {
            Ok(found) => found,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(NotOpen::Gone),
            Err(e) => return Err(NotOpen::Failed(e)),
        };
        if !found.iter().any(|b| b.id.is(id)) {
            return Err(NotOpen::Gone);
        }
        for beside in found {
            match open_regular(&beside.path) {
                Ok((file, meta)) if FileId::of(&meta).is(id) => return Ok(file),
                Err(e) if e.kind() == io::ErrorKind::PermissionDenied => return Err(NotOpen::Failed(e)),
                // Renamed again since.
                _ => {}
            }
        }
    }
    Err(NotOpen::Gone)
}

/// A regular file in a folder.
pub(super) struct Beside {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) stamp: Stamp,
}

/// The regular files of a folder whose name and inode `keep` wants.
///
/// A folder is not read at one instant: a file that is renamed meanwhile may be missed, or its name may lead to
/// another file by now. So it is read until two readings in a row agree.
pub(super) fn list(folder: &Path, keep: impl Fn(&OsStr, u64) -> bool) -> io::Result<Vec<Beside>> {
    let mut last: Option<BTreeMap<PathBuf, u64>> = None;
    let mut found = Vec::new();
    for _ in 0..TRIES_MAX {
        let entries = fs::read_dir(folder)?.flatten().filter(|e| keep(&e.file_name(), e.ino()));
        let now: BTreeMap<PathBuf, u64> = entries.map(|e| (e.path(), e.ino())).collect();
        if last.as_ref() == Some(&now) {
            break;
        }
        let looked = now.iter().filter_map(|(path, ino)| {
            let meta = fs::symlink_metadata(path).ok()?;
            let id = FileId::of(&meta);
            (meta.is_file() && id.ino == *ino).then(|| Beside { path: path.clone(), id, stamp: Stamp::of(&meta) })
        });
        found = looked.collect();
        last = Some(now);
    }
    Ok(found)
}

impl FileSource {
    /// Regular files in the folder of `real` whose names are the name of `real` and `more` (what is behind it), and
    /// that are not followed.
    pub(super) fn strangers_beside(&self, real: &Path, more: impl Fn(&str) -> bool) -> Vec<Beside> {
        let (Some(folder), Some(name)) = (real.parent(), real.file_name()) else { return Vec::new() };
        let name = name.to_string_lossy();
        let found = list(folder, |other, _| other.to_string_lossy().strip_prefix(&*name).is_some_and(&more));
        found.unwrap_or_default().into_iter().filter(|b| !self.by_place.contains_key(&b.id.place())).collect()
    }

    /// The newest unknown file beside `real` that begins with the content that `proof` speaks of: the copy that
    /// copytruncate made.
    pub(super) fn find_copy(&self, real: &Path, proof: &Proof) -> Option<(Beside, File)> {
        if proof.checked() == 0 {
            return None;
        }
        let mut copies = self.strangers_beside(real, |more| !more.is_empty());
        copies.sort_by_key(|b| std::cmp::Reverse(b.stamp.changed()));
        copies.into_iter().find_map(|b| {
            let file = locate(&b.id, &b.path, real).ok()?;
            proof.holds(&file, &self.key).is_ok_and(|holds| holds).then_some((b, file))
        })
    }

    /// Opens a file that is not open, letting go of another one where there are too many.
    pub(super) fn ensure_open(&mut self, key: FileKey) -> Result<(), NotOpen> {
        let Some(file) = self.files.get(&key) else { return Err(NotOpen::Gone) };
        if file.file.is_some() {
            return Ok(());
        }
        let opened = locate(&file.id, &file.path, &file.real)?;
        self.keep_open(key, opened)
    }

    /// Takes an opened file for `key`.
    pub(super) fn keep_open(&mut self, key: FileKey, opened: File) -> Result<(), NotOpen> {
        self.make_room();
        let Some(file) = self.files.get_mut(&key) else { return Err(NotOpen::Gone) };
        file.attach(opened, &self.key).map_err(NotOpen::Failed)?;
        self.open.push_back(key);
        Ok(())
    }

    /// True when another file may be open without one being closed for it.
    pub(super) fn has_room(&self) -> bool {
        self.open.len() < self.config.files_open_max
    }

    fn make_room(&mut self) {
        let can_close = |source: &Self, key: &FileKey, idle: bool| {
            source.files.get(key).is_none_or(|f| (f.rotated.is_none() || f.unread() == 0 && f.drained) && !(idle && f.queued))
        };
        for idle in [true, false] {
            if self.has_room() {
                return;
            }
            if let Some(key) = self.open.iter().find(|key| can_close(self, key, idle)).copied() {
                self.let_go(key);
            }
        }
    }

    /// Closes a file.
    pub(super) fn let_go(&mut self, key: FileKey) {
        self.open.retain(|k| *k != key);
        if let Some(file) = self.files.get_mut(&key) {
            file.file = None;
        }
    }

    /// A file could not be opened: told once; the generation is over if the file is gone.
    pub(super) fn cannot_open(&mut self, key: FileKey, why: NotOpen) -> Option<Batch> {
        match why {
            NotOpen::Failed(e) => {
                self.tell_unreadable(key, &e);
                None
            }
            NotOpen::Gone => {
                let file = self.files.get_mut(&key)?;
                file.note_rotated(std::time::Instant::now(), false);
                let unread = file.unread();
                if unread > 0 {
                    let what = format!("left its folder or was deleted before its last {unread} bytes were read");
                    let remedy = "rotate later, or raise files_open_max";
                    self.problems.push_back(at(&file.path, what, remedy));
                }
                // Nothing is left to look at, so nothing is told twice.
                file.forget_unread();
                self.end(key)
            }
        }
    }

    /// Tells, once, that a followed file cannot be read.
    pub(super) fn tell_unreadable(&mut self, key: FileKey, error: &io::Error) {
        if let Some(file) = self.files.get(&key) {
            let path = file.path.clone();
            if is_gone(&path, error) {
                return;
            }
            self.tell(&path, |path| unreadable(path, error));
        }
    }

    /// Tells, once, that something matched is no regular file, or cannot be looked at.
    pub(super) fn tell_kind(&mut self, path: &Path, looked: &io::Result<Metadata>) {
        if looked.as_ref().is_err_and(|e| is_gone(path, e)) {
            return;
        }
        self.tell(path, |path| match looked {
            Ok(meta) => wrong_kind(path, meta.file_type()),
            Err(e) => unreadable(path, e),
        });
    }

    pub(super) fn tell(&mut self, path: &Path, problem: impl FnOnce(&Path) -> Problem) {
        if self.told.insert(path.to_owned()) {
            self.problems.push_back(problem(path));
        }
    }
}
