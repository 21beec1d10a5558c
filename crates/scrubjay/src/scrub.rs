//! `scrubjay scrub`: a Unix filter. Reads blocks, not lines; each file is a lane of its own.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use scrubjay_delivery::{AckId, LaneId};
use scrubjay_scrub::{Batch, Framing, Limits, Origin, Scrubber, Stats};

use crate::cli::ScrubArgs;
use crate::exit::{Exit, complain};
use crate::keyfile::{self, reason};
use crate::{rules, safe};

/// Bytes of one read: what stays in a core's second-level cache between reading, scanning and writing.
const BLOCK_BYTES: usize = 256 * 1024;

pub(crate) fn run(args: &ScrubArgs) -> Exit {
    let key = match keyfile::fingerprint_key(args.fingerprint_key.as_deref()) {
        Ok(key) => key,
        Err(what) => {
            complain(&what);
            return Exit::Usage;
        }
    };
    let rules = match rules::pack(&args.rules) {
        Ok(rules) => rules,
        Err(what) => {
            complain(&what);
            return Exit::Usage;
        }
    };
    if args.fingerprint_key.is_none() && io::stderr().is_terminal() {
        eprintln!("scrubjay: fingerprints use a key made for this run; --fingerprint-key FILE makes them comparable between runs");
    }
    let started = Instant::now();
    let mut filter = Filter {
        scrubber: Scrubber::with_rules(key, Limits::default(), rules),
        out: File::from(stdout_fd()),
        stats: Stats::default(),
        lane: 0,
    };
    let ended = filter.files(args);
    if args.stats {
        eprintln!("{}", stats_json(&filter.stats, started.elapsed().as_secs_f64()));
    }
    match ended {
        Ok(Exit::Done) if args.strict && filter.stats.tokens() + filter.stats.secrets() + filter.stats.withheld_total() > 0 => Exit::Strict,
        Ok(exit) => exit,
        Err(Stop::ReaderGone) => Exit::Done,
        Err(Stop::Write(error)) => {
            complain(&format!("standard output: {}; what follows was not written", reason(&error)));
            Exit::Partly
        }
    }
}

/// Why the filter stops before the end of its input.
enum Stop {
    /// Nobody reads standard output any more.
    ReaderGone,
    Write(io::Error),
}

struct Filter {
    scrubber: Scrubber,
    out: File,
    stats: Stats,
    lane: u64,
}

impl Filter {
    fn files(&mut self, args: &ScrubArgs) -> Result<Exit, Stop> {
        let standard_input = [Path::new("-").to_owned()];
        let files = if args.files.is_empty() { &standard_input[..] } else { &args.files };
        let mut exit = Exit::Done;
        for path in files {
            if let Err(error) = self.file(path)? {
                let name = if path == Path::new("-") { "standard input".into() } else { safe::path(path) };
                complain(&format!("{name}: {}", reason(&error)));
                exit = Exit::Partly;
            }
        }
        Ok(exit)
    }

    /// Scrubs one file to its end. The inner error is the input's, the outer one ends everything.
    fn file(&mut self, path: &Path) -> Result<Result<(), io::Error>, Stop> {
        let mut input = match open(path) {
            Ok(input) => input,
            Err(error) => return Ok(Err(error)),
        };
        match self.is_output(&input) {
            Ok(false) => {}
            Ok(true) => return Ok(Err(io::Error::other("input is also the output; write to another file"))),
            Err(error) => return Ok(Err(error)),
        }
        self.lane += 1;
        let origin = Arc::new(Origin { source: "stdin".into(), name: path.to_string_lossy().into_owned() });
        let mut seq = 0;
        let mut spare = Vec::new();
        loop {
            let mut bytes = std::mem::take(&mut spare);
            bytes.resize(BLOCK_BYTES, 0);
            let read = read_some(&mut input, &mut bytes);
            bytes.truncate(read.as_ref().copied().unwrap_or(0));
            // An input that fails ends like one that ends: what it gave is decided and written.
            let lane_ends = bytes.is_empty();
            let ack = AckId { lane: LaneId(self.lane), seq };
            let clean = self.scrubber.scrub(Batch { ack, origin: Arc::clone(&origin), bytes, framing: Framing::Lines, lane_ends });
            self.stats.add(clean.stats());
            write_all(&mut self.out, clean.bytes())?;
            if lane_ends {
                return Ok(read.map(|_| ()));
            }
            spare = clean.recycle();
            seq += 1;
        }
    }

    /// True when the input is the file that standard output appends to or overwrites.
    fn is_output(&self, input: &File) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        let (i, o) = (input.metadata()?, self.out.metadata()?);
        Ok(i.is_file() && o.is_file() && (i.dev(), i.ino()) == (o.dev(), o.ino()))
    }
}

fn open(path: &Path) -> io::Result<File> {
    if path == Path::new("-") {
        return io::stdin().as_fd().try_clone_to_owned().map(File::from);
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

fn stdout_fd() -> std::os::fd::OwnedFd {
    // Standard output is duplicated so that `File` may own it; without descriptors left nothing works at all.
    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(fd) => fd,
        Err(error) => {
            complain(&format!("standard output: {}", reason(&error)));
            std::process::exit(1)
        }
    }
}

fn read_some(input: &mut File, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(into) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(input, rustix::event::PollFlags::IN),
            other => return other,
        }
    }
}

fn write_all(out: &mut File, mut bytes: &[u8]) -> Result<(), Stop> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(Stop::Write(ErrorKind::WriteZero.into())),
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(out, rustix::event::PollFlags::OUT),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(Stop::ReaderGone),
            Err(error) => return Err(Stop::Write(error)),
        }
    }
    Ok(())
}

/// Waits until a non-blocking descriptor that somebody handed us is ready.
fn wait(file: &File, flags: rustix::event::PollFlags) {
    let _ = rustix::event::poll(&mut [rustix::event::PollFd::new(file, flags)], None);
}

/// Writes to standard output; a reader that has gone away is no mistake.
pub(crate) fn write_quietly(bytes: &[u8]) -> Exit {
    match write_all(&mut File::from(stdout_fd()), bytes) {
        Ok(()) | Err(Stop::ReaderGone) => Exit::Done,
        Err(Stop::Write(error)) => {
            complain(&format!("standard output: {}", reason(&error)));
            Exit::Partly
        }
    }
}

fn stats_json(stats: &Stats, seconds: f64) -> String {
    serde_json::json!({
        "bytes": stats.bytes_in,
        "bytes_out": stats.bytes_out,
        "records": stats.records,
        "tokens": stats.tokens(),
        "classes": stats.classes,
        "algs": stats.algs,
        "secrets": stats.secrets(),
        "rules": stats.rules,
        "withheld": stats.withheld,
        "seconds": (seconds * 1e6).round() / 1e6,
    })
    .to_string()
}
