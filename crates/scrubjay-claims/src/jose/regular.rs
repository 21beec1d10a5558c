//! Files that have to be files.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens what is a regular file or not there yet: a pipe would make us wait for its other end for ever. A folder is left to
/// the system, which says so.
pub(super) fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    match fs::metadata(path) {
        Ok(meta) if !meta.is_file() && !meta.is_dir() => Err(io::Error::other("not a regular file")),
        _ => options.open(path),
    }
}

/// [`open`] for reading.
pub(super) fn read(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().read(true))
}
