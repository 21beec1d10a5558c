//! Paths: absolute ones from those that were written, and the real ones behind symbolic links for comparing.

use std::io::Read;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};

use scrubjay_yaml::Notes;

/// Links that lead to nothing are followed this often.
const DANGLING_LINKS_MAX: usize = 8;

/// The folder that relative paths are relative to.
pub(super) struct Base {
    dir: PathBuf,
    /// The folder as text: patterns are text.
    text: String,
    /// The pipeline file, with links resolved.
    pub(super) file: PathBuf,
    /// The pipeline file as it was named.
    pub(super) named: String,
}

impl Base {
    /// The folder of a pipeline file.
    pub(super) fn of_file(file: &Path, notes: &mut Notes) -> Option<Self> {
        let dir = super::folder_of(file);
        let Some(text) = dir.to_str().map(str::to_owned) else {
            notes.mistake(None, "the folder of the pipeline file has a name that is not UTF-8", "move the file");
            return None;
        };
        let named = super::shown(file);
        let file = dir.join(file.file_name().unwrap_or_default());
        Some(Self { dir, text, file: real(&file), named })
    }

    /// A path as written, made absolute. Leading `..` are taken off the folder, which has no links in it; a `..` after a
    /// name stays, because that name may be a link.
    pub(super) fn path(&self, written: &str) -> PathBuf {
        let (dir, rest) = self.ascend(Path::new(written));
        if rest.as_os_str().is_empty() { dir.to_path_buf() } else { dir.join(rest) }
    }

    /// A pattern as written, made absolute. The folder's own name is taken literally.
    pub(super) fn pattern(&self, written: &str) -> String {
        if written.starts_with('/') {
            return written.to_owned();
        }
        let (dir, rest) = self.ascend(Path::new(written));
        let dir = glob::Pattern::escape(dir.to_str().unwrap_or(&self.text));
        format!("{}/{}", dir.trim_end_matches('/'), rest.to_str().unwrap_or(written))
    }

    fn ascend<'p>(&self, written: &'p Path) -> (&Path, &'p Path) {
        let mut dir = self.dir.as_path();
        let mut rest = written;
        while let Some(first) = rest.components().next() {
            match first {
                Component::CurDir => {}
                Component::ParentDir => dir = dir.parent().unwrap_or(dir),
                Component::RootDir | Component::Prefix(_) | Component::Normal(_) => break,
            }
            let mut components = rest.components();
            components.next();
            rest = components.as_path();
        }
        (dir, rest)
    }
}

/// The path with links resolved as far as it exists. What does not exist yet is taken as it stands.
pub(super) fn real(path: &Path) -> PathBuf {
    real_within(path, DANGLING_LINKS_MAX)
}

fn real_within(path: &Path, links_left: usize) -> PathBuf {
    let mut missing: Vec<&std::ffi::OsStr> = Vec::new();
    let mut at = path;
    loop {
        if let Ok(found) = at.canonicalize() {
            return missing.iter().rev().fold(found, |path, name| step(&path, name));
        }
        // A link to what does not exist yet: writing through it makes that file.
        if let (Ok(target), Some(parent), true) = (at.read_link(), at.parent(), links_left > 0) {
            let found = real_within(&parent.join(target), links_left - 1);
            return missing.iter().rev().fold(found, |path, name| step(&path, name));
        }
        let (Some(parent), Some(name)) = (at.parent(), at.components().next_back()) else {
            return path.to_path_buf();
        };
        missing.push(name.as_os_str());
        at = parent;
    }
}

fn step(path: &Path, name: &std::ffi::OsStr) -> PathBuf {
    if name == ".." { path.parent().unwrap_or(path).to_path_buf() } else { path.join(name) }
}

/// The pattern with links resolved in its leading literal folders.
pub(super) fn real_pattern(pattern: &str) -> String {
    let literal = |name: &str| unescaped(name);
    let mut dir = PathBuf::from("/");
    let mut rest = pattern.trim_start_matches('/');
    while let Some((name, after)) = rest.split_once('/') {
        let Some(name) = literal(name) else { break };
        dir.push(name);
        rest = after.trim_start_matches('/');
    }
    let dir = real(&dir);
    let dir = glob::Pattern::escape(&dir.to_string_lossy());
    let last = literal(rest).map_or_else(|| rest.to_owned(), |name| glob::Pattern::escape(&name));
    format!("{}/{last}", dir.trim_end_matches('/'))
}

/// The name that a part of a pattern stands for, if it stands for one only. Undoes [`glob::Pattern::escape`].
fn unescaped(name: &str) -> Option<String> {
    let plain = ["[[]", "[]]", "[?]", "[*]"].iter().fold(name.to_owned(), |name, escaped| name.replace(escaped, ""));
    if plain.contains(['[', ']', '?', '*']) {
        return None;
    }
    Some(name.replace("[?]", "?").replace("[*]", "*").replace("[]]", "]").replace("[[]", "["))
}

/// Checks that a file holds a secret that only its owner can read.
///
/// # Errors
/// What is wrong and the remedy.
pub(super) fn private_file(path: &Path, bytes: RangeInclusive<u64>) -> Result<(), (String, String)> {
    use std::os::unix::fs::PermissionsExt;
    let unreadable = |e: &std::io::Error| (format!("cannot be read: {e}"), "give the path of a file that scrubjay may read".to_owned());
    let meta = std::fs::metadata(path).map_err(|e| unreadable(&e))?;
    if !meta.is_file() {
        return Err(("is not a regular file".to_owned(), "give the path of a file".to_owned()));
    }
    let mode = meta.permissions().mode() & 0o7777;
    // 0400 is narrower than 0600, and what secret stores mount.
    if mode != 0o600 && mode != 0o400 {
        let remedy = format!("chmod 600 {}", shell_word(path));
        return Err((format!("has mode {mode:04o}, it must be 0600"), remedy));
    }
    // Read, not only looked at: this process may lack the right to.
    let mut content = zeroize::Zeroizing::new(Vec::new());
    let opened = std::fs::File::open(path).and_then(|file| file.take(bytes.end() + 1).read_to_end(&mut content));
    opened.map_err(|e| unreadable(&e))?;
    let length = content.len() as u64;
    if !bytes.contains(&length) {
        let what = if length < *bytes.start() { format!("has {length} bytes only") } else { "is too large".to_owned() };
        return Err((what, format!("it needs {} to {} bytes", bytes.start(), bytes.end())));
    }
    Ok(())
}

/// A path as a word for the shell.
pub(super) fn shell_word(path: &Path) -> String {
    let text = super::shown(path);
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@%,:=".contains(c));
    if plain && !text.is_empty() { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
