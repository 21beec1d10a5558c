//! What changed since the last look: new files, renamed ones, truncated ones, files that are done with.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use scrubjay_pipeline::Problem;
use scrubjay_scrub::Batch;

use super::checkpoint::path_mac;
use super::globs::Expansion;
use super::identity::{FileId, Mac, Stamp};
use super::open::{Beside, locate, open_regular};
use super::told::{at, escape, is_gone, unreadable};
use super::tracked::Tracked;
use super::{FileKey, FileSource};

/// A regular file at a path of the patterns.
pub(super) struct Seen {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) stamp: Stamp,
}

impl FileSource {
    /// Evaluates the patterns and looks at every file. Takes some milliseconds for thousands of files; it is done on the
    /// runtime's worker, and seldom enough to take at most a tenth of the time.
    pub(super) fn look(&mut self) {
        let began = Instant::now();
        let expansion = self.globs.expand();
        let seen = self.look_at(&expansion.paths);
        self.tell_unreadable_folders(&expansion);
        self.told.retain(|path| {
            let folder = expansion.unreadable.iter().any(|(folder, _)| folder == path);
            folder || expansion.paths.contains(path) || self.by_path.contains_key(path)
        });
        self.note_places(&seen, began);
        self.take_up(&seen, false);
        self.note_successors();
        let wait = self.config.rotate_wait;
        let wanting = self.files.iter().filter(|(_, f)| !f.stopped && !f.replaced && f.wants_read(began, wait));
        let wanting: Vec<FileKey> = wanting.map(|(key, _)| *key).collect();
        wanting.into_iter().for_each(|key| self.enqueue(key));
        self.forget(began);
        let took = began.elapsed();
        self.next_look = began + took + self.config.poll_interval.max(took * 9);
    }

    /// The regular files among `paths`. Others are told.
    pub(super) fn look_at(&mut self, paths: &BTreeSet<PathBuf>) -> Vec<Seen> {
        let mut seen = Vec::new();
        for path in paths {
            if self.store.as_ref().is_some_and(|store| store.owns(path)) {
                continue;
            }
            match fs::metadata(path) {
                Ok(meta) if meta.is_file() => {
                    seen.push(Seen { path: path.clone(), id: FileId::of(&meta), stamp: Stamp::of(&meta) });
                }
                // Renamed or deleted since the pattern was evaluated; a link that leads nowhere is told.
                Err(e) if e.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {}
                other => self.tell_kind(path, &other),
            }
        }
        seen
    }

    /// The file that is followed under this identity.
    fn known(&self, id: &FileId) -> Option<FileKey> {
        let key = self.by_place.get(&id.place())?;
        self.files.get(key).filter(|f| f.id.same_birth(id)).map(|_| *key)
    }

    /// Notes where each followed file is now.
    fn note_places(&mut self, seen: &[Seen], now: Instant) {
        let mut places: HashMap<FileKey, Vec<&Seen>> = HashMap::new();
        for s in seen {
            if let Some(key) = self.known(&s.id) {
                places.entry(key).or_default().push(s);
            }
        }
        for (key, file) in self.files.iter_mut().filter(|(_, f)| !f.replaced) {
            let Some(at) = places.get(key) else {
                file.note_rotated(now, false);
                file.stamp = file.file.as_ref().and_then(|f| f.metadata().ok()).map(|m| Stamp::of(&m));
                continue;
            };
            file.stamp = at.first().map(|s| s.stamp);
            if !at.iter().any(|s| s.path == file.path)
                && let Some(s) = at.first()
            {
                file.note_rotated(now, true);
                file.path.clone_from(&s.path);
                file.real = fs::canonicalize(&s.path).unwrap_or_else(|_| s.path.clone());
                file.home = path_mac(&self.key, &s.path);
                self.by_path.insert(s.path.clone(), *key);
                self.dirty = true;
            }
            // Back again after a moment away; or done with under its old name, and followed under this one.
            if file.drained || (file.successor.is_none() && file.rotated.is_some_and(|r| !r.moved)) {
                file.rotated = None;
            }
        }
    }

    /// Begins to follow what is not followed yet.
    pub(super) fn take_up(&mut self, seen: &[Seen], at_start: bool) {
        for s in seen {
            if self.known(&s.id).is_some() {
                continue;
            }
            // Its inode belonged to a file that is gone.
            if let Some(gone) = self.by_place.remove(&s.id.place()) {
                self.let_go(gone);
                if let Some(file) = self.files.get_mut(&gone) {
                    file.note_rotated(Instant::now(), false);
                    file.stamp = None;
                }
            }
            let parked = self.parked.iter().position(|e| e.id.is(&s.id));
            if let Some(entry) = parked.map(|at| self.parked.remove(at)) {
                self.resume(&entry, &s.path, &s.id);
                if self.known(&s.id).is_some() {
                    self.told.remove(&s.path);
                    continue;
                }
                if self.parked.iter().any(|e| e.id.is(&s.id)) {
                    continue;
                }
            }
            if let Err(e) = self.take_up_new(s, at_start)
                && !is_gone(&s.path, &e)
            {
                self.tell(&s.path, |path| unreadable(path, &e));
            }
        }
    }

    fn take_up_new(&mut self, seen: &Seen, at_start: bool) -> io::Result<()> {
        let (file, meta) = open_regular(&seen.path)?;
        if !FileId::of(&meta).is(&seen.id) {
            return Ok(());
        }
        self.told.remove(&seen.path);
        let (offset, head, tail) = self.first_position(&file, at_start)?;
        let mut before = self.predecessor(&seen.path);
        for missed in self.missed_between(seen, before) {
            let opened = locate(&missed.id, &missed.path, &missed.path).ok();
            let missed_file = Tracked::fresh(missed.path, &self.config.name, missed.id, &self.key);
            let key = self.follow(missed_file, opened, missed.stamp);
            if let Some(file) = self.files.get_mut(&key) {
                file.home = path_mac(&self.key, &seen.path);
                file.note_rotated(Instant::now(), false);
            }
            before.inspect(|before| self.link(*before, key));
            before = Some(key);
        }
        let tracked = Tracked::new(seen.path.clone(), &self.config.name, seen.id, offset, head, tail, &self.key);
        let home = tracked.home;
        let key = self.follow(tracked, Some(file), Stamp::of(&meta));
        before.inspect(|before| self.link(*before, key));
        self.by_old_path.remove(&home);
        Ok(())
    }

    /// The file that had this path before.
    fn predecessor(&self, path: &Path) -> Option<FileKey> {
        let here = self.by_path.get(path);
        let key = here.or_else(|| self.by_old_path.get(&path_mac(&self.key, path)));
        key.copied().filter(|key| self.files.contains_key(key))
    }

    /// Generations that came and were renamed between two looks (or while no agent ran): files beside the new one whose
    /// names are its name and a number or date, and that were born after its predecessor.
    fn missed_between(&self, new: &Seen, before: Option<FileKey>) -> Vec<Beside> {
        let home = path_mac(&self.key, &new.path);
        let parked = || self.parked.iter().rfind(|e| e.path == home).map(|e| e.id);
        let Some(before) = before.and_then(|key| self.files.get(&key)).map(|f| f.id).or_else(parked) else { return Vec::new() };
        let (Some(from), Some(to)) = (before.born_ns, new.id.born_ns) else { return Vec::new() };
        let real = fs::canonicalize(&new.path).unwrap_or_else(|_| new.path.clone());
        let mut missed = self.strangers_beside(&real, is_rotation_suffix);
        missed.retain(|b| {
            let remembered = || self.parked.iter().any(|e| e.id.is(&b.id));
            let between = b.id.born_ns.is_some_and(|born| (from..=to).contains(&born));
            between && b.id.place() != new.id.place() && !remembered() && !self.globs.excludes(&b.path)
        });
        missed.sort_by_key(|b| (b.id.born_ns, b.stamp.changed()));
        missed
    }

    /// Follows a file; keeps it open if there is room.
    pub(super) fn follow(&mut self, mut tracked: Tracked, file: Option<fs::File>, stamp: Stamp) -> FileKey {
        let key = self.next_key;
        self.next_key += 1;
        tracked.stamp = Some(stamp);
        self.by_place.insert(tracked.id.place(), key);
        self.by_path.insert(tracked.path.clone(), key);
        if let Some(file) = file.filter(|_| self.has_room()) {
            tracked.file = Some(file);
            self.open.push_back(key);
        }
        self.files.insert(key, tracked);
        self.dirty = true;
        key
    }

    /// `next` is read after `before`, whose path it took.
    pub(super) fn link(&mut self, before: FileKey, next: FileKey) {
        let Some(file) = self.files.get_mut(&before) else { return };
        file.successor = Some(next);
        file.note_rotated(Instant::now(), false);
        let drained = file.drained;
        if let Some(file) = self.files.get_mut(&next).filter(|_| !drained) {
            file.after = Some(before);
        }
    }

    /// Notes which renamed files have a successor with content.
    fn note_successors(&mut self) {
        let succeeded: Vec<FileKey> = self.files.iter().filter(|(_, f)| f.rotated.is_some_and(|r| !r.succeeded)).map(|(k, _)| *k).collect();
        for key in succeeded {
            let successor = |key: &FileKey| self.files.get(key).and_then(|f| f.successor);
            let mut later = std::iter::successors(successor(&key), successor);
            if !later.any(|key| self.files.get(&key).is_some_and(|f| f.size() > 0)) {
                continue;
            }
            if let Some(rotated) = self.files.get_mut(&key).and_then(|f| f.rotated.as_mut()) {
                rotated.succeeded = true;
            }
        }
    }

    /// Lets go of files that have left the patterns, are read, settled, and were quiet for long enough.
    fn forget(&mut self, now: Instant) {
        let wait = self.config.rotate_wait;
        let done = self.files.iter().filter(|(_, f)| {
            let quiet = f.replaced || f.rotated.is_some_and(|r| now.duration_since(r.since) >= wait);
            quiet && f.drained && !f.stopped && !f.is_in_flight() && !f.queued
        });
        let done: BTreeSet<FileKey> = done.map(|(key, _)| *key).collect();
        if done.is_empty() {
            return;
        }
        for key in &done {
            let deleted = self.files.get(key).and_then(|f| f.file.as_ref()?.metadata().ok()).is_some_and(|m| m.nlink() == 0);
            self.let_go(*key);
            let Some(file) = self.files.remove(key) else { continue };
            if self.by_place.get(&file.id.place()) == Some(key) {
                self.by_place.remove(&file.id.place());
                if !deleted {
                    // Should it come back, it is not new.
                    self.parked.push(self.entry(&file));
                }
            }
        }
        self.by_path.retain(|_, key| !done.contains(key));
        self.by_old_path.retain(|_, key| !done.contains(key));
        self.dirty = true;
        self.bound_parked();
    }

    /// The content that was being read is gone. Its rest is read from the copy that was made before, if there is one;
    /// the file begins again.
    pub(super) fn truncated(&mut self, key: FileKey) -> Option<Batch> {
        let file = self.files.get(&key)?;
        let (path, id) = (file.path.clone(), file.id);
        let copy = self.find_copy(&file.real, &file.proof(&self.key));
        let lost = file.unread_at_last_read();
        let opened = self.files.get_mut(&key).and_then(|f| f.file.take());
        self.let_go(key);
        self.by_place.remove(&id.place());
        self.dirty = true;
        if !self.config.once {
            self.begin_again(key, opened);
        }
        if let Some((copy, file)) = copy {
            self.by_place.insert(copy.id.place(), key);
            self.open.push_back(key);
            self.files.get_mut(&key)?.go_on_in(copy.path, copy.id, file, copy.stamp);
            self.enqueue(key);
            return None;
        }
        if lost > 0 {
            let what = format!("was truncated before its last {lost} bytes were read");
            self.problems.push_back(at(&path, what, "rotate by renaming, or keep the copy beside it under its name and more"));
        }
        self.files.get_mut(&key)?.replaced = true;
        self.end(key)
    }

    /// Follows the new content of a truncated file, behind the old one.
    fn begin_again(&mut self, key: FileKey, opened: Option<fs::File>) {
        let Some(old) = self.files.get(&key) else { return };
        let successor = old.successor;
        let mut new = Tracked::fresh(old.path.clone(), &self.config.name, old.id, &self.key);
        (new.home, new.rotated, new.successor, new.after) = (old.home, old.rotated, successor, Some(key));
        let Some(stamp) = opened.as_ref().and_then(|f| f.metadata().ok()).map(|m| Stamp::of(&m)).or(old.stamp) else { return };
        let new = self.follow(new, opened, stamp);
        if let Some(next) = successor.and_then(|next| self.files.get_mut(&next)) {
            next.after = next.after.map(|_| new);
        }
        if let Some(old) = self.files.get_mut(&key) {
            old.successor = Some(new);
        }
    }

    /// Tells what the patterns did not lead to, once, at the start. A pattern that matches nothing is a problem only
    /// with `once`, and only if no other leads anywhere; a plain path that does not exist always is.
    pub(super) fn tell_empty(&mut self, expansion: &Expansion, known_paths: &BTreeSet<Mac>) {
        self.tell_unreadable_folders(expansion);
        let nothing = expansion.paths.is_empty() && known_paths.is_empty();
        for (written, is_plain) in &expansion.empty {
            let known = std::path::absolute(written).is_ok_and(|path| known_paths.contains(&path_mac(&self.key, &path)));
            let place = escape(written.as_ref());
            if *is_plain && !known {
                let remedy = if self.config.once { "check the path" } else { "check the path; it is read when it appears" };
                self.problems.push_back(Problem::new(place, "does not exist", remedy));
            } else if self.config.once && nothing {
                self.problems.push_back(Problem::new(place, "matches no file", "check the pattern"));
            }
        }
    }

    fn tell_unreadable_folders(&mut self, expansion: &Expansion) {
        for (folder, error) in &expansion.unreadable {
            self.tell(folder, |path| unreadable(path, error));
        }
    }
}

/// True for what log rotation puts behind a name: `.1`, `-20261123`, `.2026-11-23T10:00`. Not for `.1.gz`.
fn is_rotation_suffix(more: &str) -> bool {
    let rest = more.strip_prefix(['.', '-', '_']).unwrap_or_default();
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.bytes().all(|b| b.is_ascii_digit() || b"-_.:T".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::is_rotation_suffix;

    #[test]
    fn rotation_suffixes_are_numbers_and_dates() {
        for yes in [".1", ".12", "-20261123", "-20261123-1764000000", ".2026-11-23", ".2026-11-23T10:00:00"] {
            assert!(is_rotation_suffix(yes), "{yes}");
        }
        for no in ["", ".gz", ".1.gz", ".bak", "1", ".", "~", ".swp", "-copy"] {
            assert!(!is_rotation_suffix(no), "{no}");
        }
    }
}
