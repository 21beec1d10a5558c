//! How paths and errors are told: escaped, and without any content.

use std::ffi::OsStr;
use std::fs::FileType;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use scrubjay_pipeline::Problem;

/// A path as text that a terminal can be given: control characters, invisible marks that change the reading direction
/// and bytes that are not UTF-8 are escaped.
pub(super) fn escape(path: &OsStr) -> String {
    let mut text = String::new();
    for chunk in path.as_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => text.extend(c.escape_unicode()),
                c if c.is_control() => text.extend(c.escape_default()),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// A problem at a path.
pub(super) fn at(path: &Path, what: impl Into<String>, remedy: &str) -> Problem {
    Problem::new(escape(path.as_os_str()), what, remedy)
}

/// Why something that is no regular file is not read.
pub(super) fn wrong_kind(path: &Path, kind: FileType) -> Problem {
    if kind.is_dir() {
        at(path, "is a directory", "name the files in it, with a pattern such as DIR/*.log")
    } else if kind.is_fifo() {
        at(path, "is a FIFO (named pipe)", "use a source of type stdin and redirect the FIFO to it")
    } else if kind.is_socket() {
        at(path, "is a socket", "name regular files only")
    } else {
        at(path, "is a device", "name regular files only")
    }
}

/// True for a file that was renamed or removed between being listed and being opened: rotation, no problem. A link that
/// leads nowhere is one.
pub(super) fn is_gone(path: &Path, error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound && !path.symlink_metadata().is_ok_and(|meta| meta.is_symlink())
}

/// Why a file cannot be opened or read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Problem {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => "check where the link or the path leads",
        io::ErrorKind::PermissionDenied => "give the user that runs scrubjay the right to read it",
        _ => "it is tried again",
    };
    at(path, format!("cannot be read: {error}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        let bytes = b"/a\n\x1b[31m\x07\xff\xc2\x9b\xe2\x80\xae-\xc3\xa9.log";
        assert_eq!(escape(OsStr::from_bytes(bytes)), "/a\\n\\u{1b}[31m\\u{7}\\xff\\u{9b}\\u{202e}-é.log");
    }
}
