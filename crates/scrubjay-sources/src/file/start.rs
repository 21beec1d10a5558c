//! What the checkpoint says about the files that are there now.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use scrubjay_scrub::TOKEN_BYTES_MAX_MAX;

use super::checkpoint::{Entry, path_mac};
use super::identity::{FileId, Head, Mac, Stamp, Tail};
use super::open::{Beside, NotOpen, list, locate};
use super::tracked::{Rotated, Tracked};
use super::watch::Seen;
use super::{FileKey, FileSource, PARKED_MAX, Start};

/// Most looks at the start when files are renamed all the time.
const LOOKS_MAX: usize = 5;
/// Step of the search for the last line's end, in bytes.
const SEARCH_BYTES: u64 = 64 * 1024;

impl FileSource {
    /// The first look: finds every file of the checkpoint, then takes up the others.
    pub(super) fn begin(&mut self, entries: Vec<Entry>) {
        let expansion = self.globs.expand();
        let mut seen = self.look_at(&expansion.paths);
        self.resume_all(entries, &seen);
        let known_paths: BTreeSet<Mac> = self.files.values().map(|f| f.home).collect();
        self.tell_empty(&expansion, &known_paths);
        self.take_up(&seen, true);
        // What was renamed between looking and opening shows at another look.
        for _ in 0..LOOKS_MAX {
            if seen.iter().all(|s| self.by_place.contains_key(&s.id.place()) || self.told.contains(&s.path)) {
                break;
            }
            seen = self.look_at(&self.globs.expand().paths);
            self.take_up(&seen, true);
        }
        self.is_first_start = false;
        let keys: Vec<FileKey> = self.files.keys().copied().collect();
        for key in keys {
            if let Some(file) = self.files.get_mut(&key).filter(|_| self.config.once) {
                let size = file.size();
                file.limit = Some(size);
            }
            self.enqueue(key);
        }
        self.next_look = Instant::now() + self.config.poll_interval;
    }

    /// Entries come in the order in which their files were taken up, and are gone through in that order: the files that
    /// had one path after each other are read after each other again.
    fn resume_all(&mut self, entries: Vec<Entry>, seen: &[Seen]) {
        let by_place: HashMap<(u64, u64), &Seen> = seen.iter().map(|s| (s.id.place(), s)).collect();
        let by_path: HashMap<Mac, &Seen> = seen.iter().map(|s| (path_mac(&self.key, &s.path), s)).collect();
        let here = |entry: &Entry| {
            let same = by_place.get(&entry.id.place()).filter(|s| s.id.is(&entry.id));
            // Device numbers may change when the machine starts; the rest of the identity does not.
            let moved_disk = || by_path.get(&entry.path).filter(|s| s.id.ino == entry.id.ino && s.id.same_birth(&entry.id));
            same.or_else(moved_disk).map(|s| (s.path.clone(), s.id))
        };
        let places: Vec<_> = entries.iter().map(here).collect();
        let away = entries.iter().zip(&places).filter(|(_, place)| place.is_none()).map(|(entry, _)| entry.id);
        let renamed = self.find_renamed(away.collect(), seen);
        for (entry, place) in entries.into_iter().zip(places) {
            let renamed = || renamed.iter().find(|b| b.id.is(&entry.id)).map(|b| (b.path.clone(), b.id));
            // At its old path, but no pattern leads there any more: it is not wanted now.
            let wanted = |(path, _): &(PathBuf, FileId)| path_mac(&self.key, path) != entry.path;
            match place.or_else(|| renamed().filter(wanted)) {
                Some((path, id)) => self.resume(&entry, &path, &id),
                None => self.parked.push(entry),
            }
        }
        self.bound_parked();
    }

    pub(super) fn bound_parked(&mut self) {
        let too_many = self.parked.len().saturating_sub(PARKED_MAX);
        self.parked.drain(..too_many);
    }

    /// Looks for files of the checkpoint that are not at a path of the patterns any more, by their inode, in every
    /// folder that they can have been in.
    fn find_renamed(&self, away: Vec<FileId>, seen: &[Seen]) -> Vec<Beside> {
        if away.is_empty() {
            return Vec::new();
        }
        let inodes: BTreeSet<u64> = away.iter().map(|id| id.ino).collect();
        let mut folders = self.globs.folders();
        folders.extend(seen.iter().filter_map(|s| fs::canonicalize(&s.path).ok()?.parent().map(Path::to_owned)));
        folders.iter().filter_map(|folder| list(folder, |_, ino| inodes.contains(&ino)).ok()).flatten().collect()
    }

    /// Goes on with a file at the position of its entry, if it still is what it was.
    pub(super) fn resume(&mut self, entry: &Entry, path: &Path, id: &FileId) {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let resumed = match locate(id, path, &real) {
            Ok(file) => self.resumed(entry, path, file, *id),
            Err(NotOpen::Failed(e)) => Err(e),
            Err(NotOpen::Gone) => return self.parked.push(entry.clone()),
        };
        match resumed {
            Ok(true) => {}
            // Truncated while no agent ran. What was not read before may be in a copy; the file itself begins again.
            Ok(false) => {
                if let Some((copy, file)) = self.find_copy(&real, &entry.proof) {
                    self.resume_copy(entry, copy, file);
                }
            }
            Err(e) => {
                self.tell(path, |path| super::told::unreadable(path, &e));
                self.parked.push(entry.clone());
            }
        }
    }

    fn resumed(&mut self, entry: &Entry, path: &Path, file: File, id: FileId) -> io::Result<bool> {
        if self.by_place.contains_key(&id.place()) {
            return Ok(true);
        }
        if !entry.proof.holds(&file, &self.key)? {
            return Ok(false);
        }
        let tracked = self.tracked_from(entry, path, &file, id)?;
        let moved = tracked.home != entry.path;
        let stamp = Stamp::of(&file.metadata()?);
        let key = self.follow(tracked, Some(file), stamp);
        self.line_up(key, entry.path, moved);
        Ok(true)
    }

    /// The copy of a truncated file is complete: its end is its end.
    fn resume_copy(&mut self, entry: &Entry, copy: Beside, file: File) {
        let Ok(tracked) = self.tracked_from(entry, &copy.path, &file, copy.id) else { return };
        let key = self.follow(tracked, Some(file), copy.stamp);
        self.line_up(key, entry.path, true);
        if let Some(file) = self.files.get_mut(&key) {
            file.rotated = Some(Rotated { since: Instant::now(), moved: true, succeeded: true });
        }
    }

    fn tracked_from(&self, entry: &Entry, path: &Path, file: &File, id: FileId) -> io::Result<Tracked> {
        let (offset, key) = (entry.offset, &self.key);
        let (head, tail) = (Head::read(file, offset, key)?, Tail::read(file, offset)?);
        Ok(Tracked::new(path.to_owned(), &self.config.name, id, offset, head, tail, key))
    }

    /// Puts a resumed file behind the one that had the same path before it, and keeps what path that was: entries come
    /// in the order in which their files were taken up.
    fn line_up(&mut self, key: FileKey, home: Mac, moved: bool) {
        let before = self.by_old_path.insert(home, key);
        if let Some(file) = self.files.get_mut(&key) {
            file.home = home;
            if moved {
                file.note_rotated(Instant::now(), false);
            }
        }
        if let Some(before) = before {
            self.link(before, key);
        }
    }

    /// Where reading begins in a file that no checkpoint knows.
    pub(super) fn first_position(&self, file: &File, at_start: bool) -> io::Result<(u64, Head, Tail)> {
        if !(at_start && self.is_first_start && self.config.start == Start::End) {
            return Ok((0, Head::empty(), Tail::default()));
        }
        let size = file.metadata()?.len();
        let offset = last_line_end(file, size, self.config.line_bytes_max as u64)?;
        Ok((offset, Head::read(file, offset, &self.key)?, Tail::read(file, offset)?))
    }
}

/// The line that ends at `offset`, with its end. Empty where none ends there, or where it is longer than any token may be.
pub(super) fn line_before(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let Some(end) = offset.checked_sub(1) else { return Ok(Vec::new()) };
    let begin = last_line_end(file, end, TOKEN_BYTES_MAX_MAX as u64)?;
    let mut line = vec![0; usize::try_from(offset - begin).unwrap_or(0)];
    file.read_exact_at(&mut line, begin)?;
    Ok(if line.ends_with(b"\n") { line } else { Vec::new() })
}

/// The position after the last newline before `size`: a line that is being written is read whole when it is finished.
/// `size` itself when that line is longer than `line_bytes_max`.
fn last_line_end(file: &File, size: u64, line_bytes_max: u64) -> io::Result<u64> {
    let mut end = size;
    while end > size.saturating_sub(line_bytes_max) {
        let begin = end.saturating_sub(SEARCH_BYTES);
        let mut bytes = vec![0; usize::try_from(end - begin).unwrap_or(0)];
        file.read_exact_at(&mut bytes, begin)?;
        if let Some(at) = memchr::memrchr(b'\n', &bytes) {
            return Ok(begin + at as u64 + 1);
        }
        end = begin;
    }
    Ok(if end == 0 { 0 } else { size })
}
