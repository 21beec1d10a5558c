//! Patterns to paths.
//!
//! The walk is our own and only the matching of a single name is the `glob` crate's: its walk silently skips names that
//! are not UTF-8, and lines must not be lost because of a file's name.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};
use scrubjay_pipeline::Problem;

use super::told::escape;

const NAME: MatchOptions = MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
const PATH: MatchOptions = MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// The checked patterns of a source.
pub(super) struct Globs {
    include: Vec<Include>,
    exclude: Vec<Exclude>,
}

struct Include {
    /// As the user wrote it.
    written: String,
    /// The same as an absolute path. A file may really be called `app[1].log`.
    literal: PathBuf,
    parts: Vec<Part>,
}

enum Part {
    Name(OsString),
    Match(Pattern),
    /// `**`
    Deep,
}

struct Exclude {
    pattern: Pattern,
    whole_path: bool,
}

/// What the patterns lead to now.
#[derive(Default)]
pub(super) struct Expansion {
    /// Everything that matches and is not excluded, whatever it is.
    pub(super) paths: BTreeSet<PathBuf>,
    /// Patterns (as written) that lead to nothing, and whether they are plain paths.
    pub(super) empty: Vec<(String, bool)>,
    /// Folders that could not be read.
    pub(super) unreadable: Vec<(PathBuf, io::Error)>,
}

impl Globs {
    /// Checks the patterns and makes them absolute.
    ///
    /// # Errors
    /// A [`Problem`] whose place is the pattern.
    pub(super) fn new(include: &[String], exclude: &[String]) -> Result<Self, Problem> {
        let include = include.iter().map(|written| Include::new(written)).collect::<Result<_, _>>()?;
        let exclude = exclude.iter().map(|written| Exclude::new(written)).collect::<Result<_, _>>()?;
        Ok(Self { include, exclude })
    }

    /// Evaluates every pattern.
    pub(super) fn expand(&self) -> Expansion {
        let mut all = Expansion::default();
        for include in &self.include {
            let mut one = Expansion::default();
            if include.literal.symlink_metadata().is_ok() {
                one.paths.insert(include.literal.clone());
            }
            walk(PathBuf::from("/"), &include.parts, false, &mut one);
            one.paths.retain(|p| !self.excludes(p));
            if one.paths.is_empty() {
                all.empty.push((include.written.clone(), include.is_plain()));
            }
            all.paths.append(&mut one.paths);
            all.unreadable.append(&mut one.unreadable);
        }
        all
    }

    /// The folders that files of these patterns live in: where to look for a file that has another name now.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        let mut all = Expansion::default();
        for include in &self.include {
            if let Some((last, folder)) = include.parts.split_last() {
                let folder = if matches!(last, Part::Deep) { &include.parts } else { folder };
                walk(PathBuf::from("/"), folder, true, &mut all);
            }
        }
        all.paths
    }

    /// True when a pattern leaves this path out.
    pub(super) fn excludes(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.exclude
            .iter()
            .any(|e| if e.whole_path { e.pattern.matches_with(&path.to_string_lossy(), PATH) } else { e.pattern.matches_with(&name, PATH) })
    }
}

impl Include {
    fn new(written: &str) -> Result<Self, Problem> {
        let literal = absolute(written)?;
        // The working directory is not pattern text, even if its name has brackets in it.
        let folder = if Path::new(written).is_absolute() { PathBuf::from("/") } else { absolute(".")? };
        let mut parts: Vec<Part> = names(&folder).map(|name| Part::Name(name.to_owned())).collect();
        for name in names(Path::new(written)) {
            parts.push(Part::new(&name.to_string_lossy(), written)?);
        }
        // `logs/**` means the files below, not the folders.
        if matches!(parts.last(), Some(Part::Deep)) {
            parts.push(Part::new("*", written)?);
        }
        Ok(Self { written: written.to_owned(), literal, parts })
    }

    fn is_plain(&self) -> bool {
        self.parts.iter().all(|p| matches!(p, Part::Name(_)))
    }
}

impl Part {
    fn new(text: &str, written: &str) -> Result<Self, Problem> {
        match text {
            "**" => Ok(Self::Deep),
            _ if text.contains(['*', '?', '[']) => Ok(Self::Match(pattern(text, written)?)),
            _ => Ok(Self::Name(text.into())),
        }
    }
}

impl Exclude {
    fn new(written: &str) -> Result<Self, Problem> {
        let whole_path = written.contains('/');
        let mut text = written.to_owned();
        if whole_path {
            let folder = if Path::new(written).is_absolute() { PathBuf::from("/") } else { absolute(".")? };
            let folder = names(&folder).map(|name| Pattern::escape(&name.to_string_lossy()));
            let own = names(Path::new(written)).map(|name| name.to_string_lossy().into_owned());
            text = folder.chain(own).fold(String::new(), |path, name| path + "/" + &name);
        }
        Ok(Self { pattern: pattern(&text, written)?, whole_path })
    }
}

fn pattern(text: &str, written: &str) -> Result<Pattern, Problem> {
    let remedy = "write * ? [a-z] or **, and [*] for a star that is part of a name";
    Pattern::new(text).map_err(|e| Problem::new(escape(OsStr::new(written)), format!("is not a pattern: {}", e.msg), remedy))
}

/// The components of a path without its root and without `.`.
fn names(path: &Path) -> impl Iterator<Item = &OsStr> {
    path.components().filter(|c| !matches!(c, Component::RootDir | Component::CurDir)).map(|c| c.as_os_str())
}

fn absolute(written: &str) -> Result<PathBuf, Problem> {
    if written.is_empty() {
        return Err(Problem::new("include or exclude", "has an empty entry", "remove it or write a path"));
    }
    let path = std::path::absolute(written);
    path.map_err(|e| Problem::new(escape(OsStr::new(written)), format!("cannot be made absolute: {e}"), "write an absolute path"))
}

/// Collects what `parts` lead to below `base`.
fn walk(base: PathBuf, parts: &[Part], folders: bool, found: &mut Expansion) {
    let Some((first, rest)) = parts.split_first() else {
        if !folders || base.is_dir() {
            found.paths.insert(base);
        }
        return;
    };
    match first {
        Part::Name(name) => {
            let next = base.join(name);
            if !rest.is_empty() || next.symlink_metadata().is_ok() {
                walk(next, rest, folders, found);
            }
        }
        Part::Match(pattern) => {
            for (path, _) in entries(&base, found) {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if pattern.matches_with(&name, NAME) {
                    walk(path, rest, folders, found);
                }
            }
        }
        Part::Deep => {
            for (path, is_folder) in entries(&base, found) {
                // Hidden folders as in a shell; links to folders are not followed, so that there are no loops.
                if is_folder && !path.file_name().unwrap_or_default().as_bytes().starts_with(b".") {
                    walk(path, parts, folders, found);
                }
            }
            walk(base, rest, folders, found);
        }
    }
}

fn entries(folder: &Path, found: &mut Expansion) -> Vec<(PathBuf, bool)> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|e| (e.path(), e.file_type().is_ok_and(|t| t.is_dir()))).collect(),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Vec::new(),
        Err(e) => {
            found.unreadable.push((folder.to_owned(), e));
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    fn names(dir: &Path, include: &[&str], exclude: &[&str]) -> Vec<String> {
        let at = |p: &&str| if p.contains('/') || exclude.is_empty() { dir.join(p).to_str().unwrap().to_owned() } else { (*p).to_owned() };
        let include: Vec<String> = include.iter().map(|p| dir.join(p).to_str().unwrap().to_owned()).collect();
        let globs = Globs::new(&include, &exclude.iter().map(at).collect::<Vec<_>>()).unwrap();
        globs.expand().paths.iter().map(|p| escape(p.strip_prefix(dir).unwrap().as_os_str())).collect()
    }

    #[test]
    fn patterns_lead_where_a_shell_would_go() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = tmp.path();
        std::fs::create_dir_all(dir.join("a/b/c")).unwrap();
        std::fs::create_dir_all(dir.join(".hid")).unwrap();
        for f in ["x.log", "y.log", "x.txt", ".z.log", "app[1].log", "a/1.log", "a/b/2.log", "a/b/c/3.log", ".hid/4.log"] {
            std::fs::write(dir.join(f), "").unwrap();
        }
        std::fs::write(dir.join(OsString::from_vec(b"bad\xff.log".to_vec())), "").unwrap();
        std::os::unix::fs::symlink(dir, dir.join("a/loop")).unwrap();

        assert_eq!(names(dir, &["*.log"], &[]), ["app[1].log", "bad\\xff.log", "x.log", "y.log"]);
        assert_eq!(names(dir, &["?.log"], &["y*"]), ["x.log"]);
        assert_eq!(names(dir, &["app[1].log"], &[]), ["app[1].log"]);
        assert_eq!(names(dir, &["a/**/*.log"], &[]), ["a/1.log", "a/b/2.log", "a/b/c/3.log"]);
        assert_eq!(names(dir, &["a/**/*.log"], &["a/b/*"]), ["a/1.log", "a/b/c/3.log"]);
        assert_eq!(names(dir, &["./a/../x.log"], &[]).len(), 1);
        assert_eq!(names(dir, &["nothing*"], &[]), [""; 0]);
        assert_eq!(names(dir, &[".z*"], &[]), [".z.log"]);
    }

    #[test]
    fn a_bad_pattern_is_named() {
        for bad in ["/tmp/a[", "/tmp/a***b", ""] {
            let problem = Globs::new(&[bad.to_owned()], &[]).err().unwrap();
            assert!(!problem.remedy.is_empty());
        }
    }

    #[test]
    fn folders_are_those_of_the_patterns() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = tmp.path();
        std::fs::create_dir_all(dir.join("p/q")).unwrap();
        std::fs::write(dir.join("f"), "").unwrap();
        let globs = Globs::new(&[dir.join("*/x.log").to_str().unwrap().into(), dir.join("p/**/*.log").to_str().unwrap().into()], &[]);
        let folders: Vec<_> = globs.unwrap().folders().into_iter().collect();
        assert_eq!(folders, [dir.join("p"), dir.join("p/q")]);
    }
}
