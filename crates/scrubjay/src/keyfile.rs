//! Key files: read, refused when others can read them, written once.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::OFlags;
use scrubjay_claims::{ActiveKeys, CorrelationRing, DATE_SECONDS_MAX, FingerprintKey, RING_BYTES_MAX, rfc3339};
use zeroize::Zeroizing;

use crate::safe;

/// What is wrong with a key file, and how it is mended. No byte of the file is in it.
#[derive(Debug)]
pub(crate) struct Fault {
    /// What is wrong: `others can read this key (mode 0644)`.
    pub(crate) what: String,
    /// What to do: `chmod 600 FILE`.
    pub(crate) remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; mend it: {}", self.what, self.remedy)
    }
}

fn fault(what: impl Into<String>, remedy: impl Into<String>) -> Fault {
    Fault { what: what.into(), remedy: remedy.into() }
}

/// The correlation keys of a file for now, or one for this run.
///
/// # Errors
/// Those of [`ring_for_now`].
pub(crate) fn active_keys(file: Option<&Path>) -> Result<ActiveKeys, String> {
    ring_for_now(file).map(|ring| ring.active(now()))
}

/// The ring of a file, or of a key for this run.
///
/// # Errors
/// What is wrong with the file and how it is mended. A ring without a key for now is an error: another key of it would be
/// used against what its owner wrote.
pub(crate) fn ring_for_now(file: Option<&Path>) -> Result<CorrelationRing, String> {
    let Some(path) = file else {
        return FingerprintKey::random().map(CorrelationRing::from).map_err(|e| e.to_string());
    };
    let told = |wrong: Fault| format!("{}: {wrong}", safe::path(path));
    let now = now();
    let none = || fault(format!("no key of it is for now, {}", shown_time(now)), "add one whose period covers now (docs/keys.md)");
    let ring = ring(path).map_err(told)?;
    if ring.at(now).is_some() { Ok(ring) } else { Err(told(none())) }
}

/// The ring of a file.
///
/// # Errors
/// What is wrong with the file and how it is mended.
pub(crate) fn ring(path: &Path) -> Result<CorrelationRing, Fault> {
    let bytes = read_private(path, RING_BYTES_MAX)?;
    CorrelationRing::from_file(&bytes).map_err(|e| fault(e.to_string(), "make a new one in an empty folder: scrubjay keys new --dir DIR"))
}

/// The bytes of a secret file, one more than `bytes_max` at most: a regular file, mode 0600 or stricter, owned by who runs the
/// program or by root. What is checked is the open file, so that nothing can be put in its place between check and reading.
///
/// # Errors
/// What is wrong with the file and how it is mended.
pub(crate) fn read_private(path: &Path, bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let shown = safe::path(path);
    let no_file = || fault("a key is a regular file, not a link, folder or pipe", "give the path of the file itself");
    // Opening a pipe would wait for a writer.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = opened.map_err(|e| match e.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::LOOP) => no_file(),
        _ => fault(reason(&e), "give the path of a file that scrubjay may read"),
    })?;
    let unread = |e: &io::Error| fault(reason(e), "give the path of a file that scrubjay may read");
    let meta = file.metadata().map_err(|e| unread(&e))?;
    if !meta.is_file() {
        return Err(no_file());
    }
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me && meta.uid() != 0 {
        let what = format!("this key belongs to user {}, who can change it, and scrubjay runs as user {me}", meta.uid());
        return Err(fault(what, format!("chown {me} {shown}")));
    }
    if meta.mode() & 0o077 != 0 {
        let what = format!("others can read this key (mode {:04o})", meta.mode() & 0o7777);
        return Err(fault(what, format!("chmod 600 {shown}")));
    }
    // Room for all of it: a buffer that grows leaves copies of the key behind.
    let room = usize::try_from(meta.len()).unwrap_or(bytes_max).min(bytes_max) + 2;
    let mut secret = Zeroizing::new(Vec::with_capacity(room));
    file.take(bytes_max as u64 + 1).read_to_end(&mut secret).map_err(|e| unread(&e))?;
    Ok(secret)
}

/// Opens a file that is configuration: a pipe would make the program wait for a writer for ever.
///
/// # Errors
/// The system's, and for what is no regular file. A folder opens, and fails when it is read.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    let meta = file.metadata()?;
    if meta.is_file() || meta.is_dir() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

/// Writes a new secret file with mode 0600, and its folder (0700) where that is missing. Durable when it returns.
///
/// # Errors
/// The system's. `AlreadyExists` when something has the name: a key is never written over.
pub(crate) fn write_private(path: &Path, secret: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(secret).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key is worse than none.
        let _ = fs::remove_file(path);
    }
    written.and_then(|()| File::open(folder)?.sync_all())
}

/// The time in seconds since 1970.
pub(crate) fn now() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
    }
}

/// A time as RFC 3339 has it.
pub(crate) fn shown_time(seconds: i64) -> String {
    match u64::try_from(seconds) {
        Ok(seconds) if seconds <= DATE_SECONDS_MAX => rfc3339(seconds),
        _ => format!("{seconds}s"),
    }
}

/// An error of the system in a few words.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "is a directory".into(),
        _ => error.to_string(),
    }
}
