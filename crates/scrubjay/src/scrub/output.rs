//! Standard output, and what was done up to there.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use rustix::event::PollFlags;
use scrubjay_scrub::{Scrubbed, Stats};

use crate::exit::{Exit, complain};
use crate::keyfile::reason;

/// Why the filter stops before the end of its input.
pub(super) enum Stop {
    /// Nobody reads standard output any more.
    ReaderGone,
    Write(io::Error),
    /// A worker ended by a mistake of ours.
    WorkerGone,
}

/// Where clean pieces go, in the order of the input.
pub(super) struct Output {
    file: File,
    did: Did,
}

/// What a run did.
pub(super) struct Did {
    pub(super) stats: Stats,
    /// Whether all input could be read.
    pub(super) exit: Exit,
}

impl Output {
    pub(super) fn standard() -> Self {
        Self { file: File::from(stdout_fd()), did: Did { stats: Stats::default(), exit: Exit::Done } }
    }

    /// Device and inode, where it is a file: it must not be read.
    pub(super) fn identity(&self) -> Option<(u64, u64)> {
        self.file.metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| (meta.dev(), meta.ino()))
    }

    /// Writes a piece and says what trouble its input made.
    pub(super) fn write(&mut self, clean: &Scrubbed, trouble: Option<&str>) -> Result<(), Stop> {
        self.did.stats.add(clean.stats());
        write_all(&mut self.file, clean.bytes())?;
        if let Some(what) = trouble {
            complain(what);
            self.did.exit = Exit::Partly;
        }
        Ok(())
    }

    /// What was done; leaves nothing behind.
    pub(super) fn take(&mut self) -> Did {
        std::mem::replace(&mut self.did, Did { stats: Stats::default(), exit: Exit::Done })
    }
}

fn stdout_fd() -> OwnedFd {
    // Standard output is duplicated so that `File` may own it; without descriptors left nothing works at all.
    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(fd) => fd,
        Err(error) => {
            complain(&format!("standard output: {}", reason(&error)));
            std::process::exit(1)
        }
    }
}

fn write_all(out: &mut File, mut bytes: &[u8]) -> Result<(), Stop> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(Stop::Write(ErrorKind::WriteZero.into())),
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(out, PollFlags::OUT),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(Stop::ReaderGone),
            Err(error) => return Err(Stop::Write(error)),
        }
    }
    Ok(())
}

/// Waits until a non-blocking descriptor that somebody handed us is ready.
pub(super) fn wait(file: &File, flags: PollFlags) {
    let _ = rustix::event::poll(&mut [rustix::event::PollFd::new(file, flags)], None);
}

/// Writes to standard output; a reader that has gone away is no mistake.
pub(crate) fn write_quietly(bytes: &[u8]) -> Exit {
    match write_all(&mut File::from(stdout_fd()), bytes) {
        Ok(()) | Err(Stop::ReaderGone | Stop::WorkerGone) => Exit::Done,
        Err(Stop::Write(error)) => {
            complain(&format!("standard output: {}", reason(&error)));
            Exit::Partly
        }
    }
}
