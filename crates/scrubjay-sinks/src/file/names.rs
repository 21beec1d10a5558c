//! Names of rotated files: `clean.log` → `clean-000001.log`, `clean.log.gz` → `clean-000001.log.gz`.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

const DIGITS_MIN: usize = 6;

/// The names that the rotated files of one path have.
pub(crate) struct Names {
    folder: PathBuf,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Names {
    /// For a path that ends in a file name.
    pub(crate) fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().as_bytes();
        let plain = [b".gz".as_slice(), b".zst"].iter().find_map(|end| name.strip_suffix(*end)).filter(|p| !p.is_empty()).unwrap_or(name);
        let stem = Path::new(OsStr::from_bytes(plain)).file_stem().unwrap_or_default().len();
        let (before, after) = name.split_at_checked(stem).unwrap_or((name, b""));
        let folder = path.parent().unwrap_or(Path::new(".")).to_path_buf();
        Self { folder, before: before.to_vec(), after: after.to_vec() }
    }

    fn path(&self, number: u64) -> PathBuf {
        let mut name = self.before.clone();
        name.extend_from_slice(format!("-{number:0DIGITS_MIN$}").as_bytes());
        name.extend_from_slice(&self.after);
        self.folder.join(OsString::from_vec(name))
    }

    fn number(&self, name: &OsStr) -> Option<u64> {
        let digits = name.as_bytes().strip_prefix(&*self.before)?.strip_prefix(b"-")?.strip_suffix(&*self.after)?;
        let well_formed = digits.len() >= DIGITS_MIN && digits.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(digits).ok().filter(|_| well_formed)?.parse().ok()
    }

    /// The rotated files that are there, oldest first.
    pub(crate) fn existing(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if let Some(number) = self.number(&entry.file_name()) {
                found.push((number, entry.path()));
            }
        }
        found.sort();
        Ok(found)
    }

    /// The name after the highest that is taken. Gaps are not filled: order by name stays order by time.
    pub(crate) fn next(&self) -> io::Result<PathBuf> {
        let last = self.existing()?.last().map_or(0, |(number, _)| *number);
        Ok(self.path(last.saturating_add(1)))
    }

    /// Deletes the oldest so that `keep` are left.
    pub(crate) fn prune(&self, keep: usize) -> io::Result<()> {
        let found = self.existing()?;
        let surplus = found.len().saturating_sub(keep);
        for (_, path) in found.iter().take(surplus) {
            if fs::symlink_metadata(path)?.is_file() {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_goes_before_the_extension() {
        for (path, expected) in [
            ("/o/clean.log", "/o/clean-000001.log"),
            ("/o/clean.log.gz", "/o/clean-000001.log.gz"),
            ("/o/clean.zst", "/o/clean-000001.zst"),
            ("/o/clean", "/o/clean-000001"),
            ("/o/a.b.c", "/o/a.b-000001.c"),
            ("/o/.hidden", "/o/.hidden-000001"),
            ("/o/.gz", "/o/.gz-000001"),
        ] {
            let names = Names::of(Path::new(path));
            assert_eq!(names.path(1), Path::new(expected));
            assert_eq!(names.number(Path::new(expected).file_name().unwrap()), Some(1));
        }
    }

    #[test]
    fn other_files_are_not_ours() {
        let names = Names::of(Path::new("/o/clean.log"));
        for other in
            ["clean.log", "clean-1.log", "clean-00000x.log", "clean-000001.log.gz", "cleaner-000001.log", "clean-000001-000001.log"]
        {
            assert_eq!(names.number(OsStr::new(other)), None, "{other}");
        }
        assert_eq!(names.number(OsStr::new("clean-1234567.log")), Some(1_234_567));
    }
}
