//! The sink without its runtime: what is written where, what is durable, what is settled.
//!
//! Chunks stand in one queue in the order of the output. Behind the cursor (`next`, `offset`) they are written, before
//! it they are not; the front is settled and let go when a sync that covers it has succeeded. So everything that is not
//! proven durable is still in memory and can be written again, to a new file if need be.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use scrubjay_delivery::Outcome;
use scrubjay_pipeline::{Problem, Settlement, SinkSummary};

use super::chunk::{Chunk, Piece};
use super::codec::{Codec, MEMBER_BYTES_MAX};
use super::live::{Live, OpenError, Whereabouts, problem};
use super::media::Media;
use super::names::Names;
use super::notice::Notices;
use super::weave::{Join, Weaver};
use super::{Compression, FileSinkConfig, Rotate};

/// Largest single write, in bytes.
const WRITE_BYTES_MAX: usize = 256 << 10;
/// How long rotation is left alone after a rename that failed.
const ROTATE_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// Failed syncs in a row that end the run: the first is answered with a new file.
const SYNC_FAILURES_MAX: u32 = 2;

/// Why work stopped before it was done.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Trouble that may pass. Calling again goes on from the exact byte.
    Wait(io::Error),
    /// [`Core::rotate`] must be called, with no sync under way.
    Rotate,
    /// This sink is finished for this run.
    Fatal(Problem),
}

/// A sync to be run away from the runtime's threads.
pub(crate) struct Ticket {
    media: Arc<dyn Media>,
    file: Option<Arc<File>>,
    folders: Vec<PathBuf>,
}

impl Ticket {
    pub(crate) fn run(&self) -> io::Result<()> {
        if let Some(file) = &self.file {
            self.media.sync(file)?;
        }
        self.folders.iter().try_for_each(|folder| self.media.sync_folder(folder))
    }
}

pub(crate) struct Core {
    media: Arc<dyn Media>,
    path: PathBuf,
    names: Names,
    compression: Compression,
    rotate: Option<Rotate>,
    sync_interval: Duration,
    sync_bytes: u64,
    weaver: Weaver,
    queue: VecDeque<Chunk>,
    next: usize,
    offset: usize,
    /// Bytes of the front chunk that are durable in a file that was rotated away since: whole records.
    proven: usize,
    codec: Codec,
    /// A closed member on its way to the file, and how much of it is there.
    member: Vec<u8>,
    member_written: usize,
    live: Option<Live>,
    /// Chunks at the front of the queue that the sync under way covers.
    syncing: Option<usize>,
    sync_failures: u32,
    unsynced_bytes: u64,
    unsynced_since: Option<Instant>,
    rotate_not_before: Option<Instant>,
    settled: Vec<Settlement>,
    summary: SinkSummary,
    pub(crate) notices: Notices,
    lines_cut: u64,
}

impl Core {
    pub(crate) fn open(config: FileSinkConfig, media: Arc<dyn Media>, now: Instant) -> Result<Self, Problem> {
        let named = &config.path;
        let cannot = |e: io::Error| problem(named, format!("cannot be opened: {e}"), "check the path and its permissions");
        if named.file_name().is_none() {
            return Err(problem(named, "is not the path of a file", "give the path of a file"));
        }
        let mut path = std::path::absolute(named).map_err(cannot)?;
        if std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_symlink()) {
            // Rotation must rename the file, not the link that leads to it.
            path = std::fs::canonicalize(&path).map_err(cannot)?;
        }
        let mut core = Self {
            names: Names::of(&path),
            path,
            media,
            compression: config.compression,
            rotate: config.rotate,
            sync_interval: config.sync_interval,
            sync_bytes: config.sync_bytes,
            weaver: Weaver::new(Join::Lines(config.lines)),
            queue: VecDeque::new(),
            next: 0,
            offset: 0,
            proven: 0,
            codec: Codec::new(config.compression),
            member: Vec::new(),
            member_written: 0,
            live: None,
            syncing: None,
            sync_failures: 0,
            unsynced_bytes: 0,
            unsynced_since: None,
            rotate_not_before: None,
            settled: Vec::new(),
            summary: SinkSummary { target: named.display().to_string(), ..SinkSummary::default() },
            notices: Notices::default(),
            lines_cut: 0,
        };
        match core.open_live(now) {
            Ok(()) => Ok(core),
            Err(OpenError::Refused(p)) => Err(p),
            Err(OpenError::Io(e)) => Err(cannot(e)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn admit(&mut self, piece: Piece, now: Instant) {
        self.weaver.admit(piece, now);
        self.take_woven(now);
    }

    /// Does what time alone asks for.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.weaver.tick(now);
        self.take_woven(now);
    }

    /// No more batches come: lets go of what was kept back.
    pub(crate) fn finish(&mut self, now: Instant) {
        self.weaver.finish(now);
        self.take_woven(now);
    }

    fn take_woven(&mut self, now: Instant) {
        while let Some(chunk) = self.weaver.take() {
            self.queue.push_back(chunk);
        }
        if self.weaver.lines_cut() > self.lines_cut {
            self.lines_cut = self.weaver.lines_cut();
            let what = "a long line was ended before its time, because others had to wait for it";
            self.notices.give(&problem(&self.path, what, "give sources with such lines a sink of their own"), now);
        }
    }

    /// Something is queued that is not written yet.
    pub(crate) fn has_unwritten(&self) -> bool {
        self.next < self.queue.len() || self.member_written < self.member.len()
    }

    /// Writes all that is queued.
    pub(crate) fn write(&mut self, now: Instant) -> Result<(), Stop> {
        if self.live.is_none() {
            self.open_live(now).map_err(|e| match e {
                OpenError::Refused(p) => Stop::Fatal(p),
                OpenError::Io(e) => Stop::Wait(e),
            })?;
        }
        self.write_member()?;
        while let Some(chunk) = self.queue.get(self.next) {
            let Some(live) = self.live.as_mut() else { return Ok(()) };
            if self.offset >= chunk.bytes().len() {
                self.next += 1;
                self.offset = 0;
                self.unsynced_since.get_or_insert(now);
                continue;
            }
            let may_rotate = self.rotate_not_before.is_none_or(|at| now >= at);
            if self.offset == 0 && chunk.starts && (live.moved || may_rotate && self.rotate_due(now)) {
                return Err(Stop::Rotate);
            }
            self.write_some(now, may_rotate)?;
        }
        self.settle_empty();
        Ok(())
    }

    fn rotate_due(&self, now: Instant) -> bool {
        let (Some(rotate), Some(live)) = (&self.rotate, &self.live) else { return false };
        let len = live.len + self.codec.pending() as u64;
        let empty = live.len == 0 && !self.codec.is_open();
        let old = rotate.age_max.is_some_and(|max| now.saturating_duration_since(live.opened) >= max);
        !live.null && !empty && (old || rotate.bytes_max.is_some_and(|max| len >= max))
    }

    /// Writes or compresses the next part of the chunk at the cursor, at most one write's worth.
    fn write_some(&mut self, now: Instant, may_rotate: bool) -> Result<(), Stop> {
        let (Some(chunk), Some(live)) = (self.queue.get(self.next), self.live.as_mut()) else { return Ok(()) };
        let bytes = chunk.bytes();
        let from = self.offset;
        if chunk.boundary(from) && !live.at_line_start {
            // The last line of another lane, or of an earlier run, has no newline: it and ours must not become one.
            return put(&*self.media, &self.path, live, &mut self.codec, b"\n").map(|_| ());
        }
        let mut to = bytes.len();
        if let Some(max) = self.rotate.as_ref().and_then(|r| r.bytes_max).filter(|_| may_rotate && self.codec.is_plain() && !live.null) {
            let room = usize::try_from(max.saturating_sub(live.len)).unwrap_or(usize::MAX);
            if from == 0 && chunk.starts && live.len > 0 && record_len(self.queue.range(self.next..)) > room {
                return Err(Stop::Rotate);
            }
            if to - from > room {
                match chunk.boundary_before(from, from + room) {
                    Some(cut) => to = cut,
                    None if live.len > 0 && chunk.boundary(from) => return Err(Stop::Rotate),
                    None => to = chunk.boundary_after(from),
                }
            }
        }
        let part = bytes.get(from..to.min(from + WRITE_BYTES_MAX)).unwrap_or_default();
        let taken = put(&*self.media, &self.path, live, &mut self.codec, part)?;
        self.offset += taken;
        self.unsynced_bytes += taken as u64;
        self.unsynced_since.get_or_insert(now);
        Ok(())
    }

    fn write_member(&mut self) -> Result<(), Stop> {
        let Some(live) = self.live.as_mut() else { return Ok(()) };
        while let Some(rest) = self.member.get(self.member_written..).filter(|rest| !rest.is_empty()) {
            let part = rest.get(..WRITE_BYTES_MAX).unwrap_or(rest);
            let at_line_start = live.at_line_start;
            self.member_written += write_once(&*self.media, live, part).map_err(|e| stop(&self.path, e))?;
            live.at_line_start = at_line_start;
        }
        self.member = Vec::new();
        self.member_written = 0;
        Ok(())
    }

    /// A batch without bytes is delivered as soon as nothing before it is still open.
    fn settle_empty(&mut self) {
        let idle = self.syncing.is_none() && self.unsynced_bytes == 0 && !self.codec.is_open();
        if idle && self.next == self.queue.len() && self.queue.iter().all(|chunk| chunk.bytes().is_empty()) {
            self.settle(self.next);
            self.unsynced_since = None;
        }
    }

    /// When [`Self::tick`] or a sync is due next; `now` or earlier means at once.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        let sync = if self.sync_due(now) { Some(now) } else { self.unsynced_since.map(|since| since + self.sync_interval) };
        [sync.filter(|_| self.syncing.is_none()), self.weaver.stalled_at()].into_iter().flatten().min()
    }

    pub(crate) fn sync_due(&self, now: Instant) -> bool {
        let full = self.unsynced_bytes >= self.sync_bytes || self.codec.pending() >= MEMBER_BYTES_MAX;
        self.syncing.is_none() && self.unsynced_since.is_some_and(|since| full || now >= since + self.sync_interval)
    }

    /// Everything written so far is to be made durable: run the ticket, then call [`Self::end_sync`]. `None` when there
    /// is nothing to do.
    pub(crate) fn begin_sync(&mut self, now: Instant) -> Result<Option<Ticket>, Stop> {
        debug_assert!(self.syncing.is_none(), "one sync at a time");
        if self.codec.is_open() {
            self.write_member()?;
            self.member = self.codec.close().map_err(|e| Stop::Fatal(problem(&self.path, format!("cannot compress: {e}"), "")))?;
        }
        self.write_member()?;
        let Some(live) = self.live.as_ref().filter(|_| self.next > 0 || self.offset > 0) else {
            self.unsynced_since = None;
            return Ok(None);
        };
        self.syncing = Some(self.next);
        self.unsynced_bytes = 0;
        self.unsynced_since = (self.offset > 0).then_some(now);
        let file = (!live.null).then(|| Arc::clone(&live.file));
        Ok(Some(Ticket { media: Arc::clone(&self.media), file, folders: live.folders.clone() }))
    }

    /// Takes the result of a sync. The ticket must be gone: a file that is abandoned is closed here.
    pub(crate) fn end_sync(&mut self, result: io::Result<()>, now: Instant) -> Result<(), Stop> {
        let covered = self.syncing.take().unwrap_or_default();
        if let Err(e) = result {
            return self.sync_failed(&e, now);
        }
        self.sync_failures = 0;
        let Some(live) = self.live.as_mut() else { return Ok(()) };
        live.folders.clear();
        match live.whereabouts(&self.path) {
            Whereabouts::Here => {}
            Whereabouts::Moved => live.moved = true,
            Whereabouts::Removed => {
                // What was synced went away with the file. It is still in the queue.
                self.start_over();
                return Ok(());
            }
        }
        self.settle(covered);
        Ok(())
    }

    /// After a failed sync the kernel may have dropped the pages and call the next sync a success, so this file is
    /// never synced again: it keeps what it has under a rotated name, and all that is not proven is written anew.
    fn sync_failed(&mut self, e: &io::Error, now: Instant) -> Result<(), Stop> {
        self.sync_failures += 1;
        let found = problem(&self.path, format!("cannot be made durable: {e}"), "check the disk");
        if self.sync_failures >= SYNC_FAILURES_MAX {
            return Err(Stop::Fatal(found));
        }
        self.notices.give(&found, now);
        if self.live.as_ref().is_some_and(|live| !live.null && live.whereabouts(&self.path) == Whereabouts::Here) {
            let renamed = self.names.next().and_then(|to| self.media.rename(&self.path, &to));
            if let Err(e) = renamed {
                self.notices.give(&problem(&self.path, format!("cannot be set aside: {e}"), "make its folder writable"), now);
            }
        }
        self.start_over();
        Ok(())
    }

    fn start_over(&mut self) {
        self.live = None;
        self.next = 0;
        self.offset = self.proven;
        self.codec.reset();
        self.member = Vec::new();
        self.member_written = 0;
        self.unsynced_bytes = 0;
        self.unsynced_since = None;
    }

    /// Syncs the file and moves on to a new one. Blocks. Must not be called while a sync is under way.
    pub(crate) fn rotate(&mut self, now: Instant) -> Result<(), Stop> {
        if let Some(ticket) = self.begin_sync(now)? {
            let result = ticket.run();
            drop(ticket);
            self.end_sync(result, now)?;
        }
        let Some(live) = &self.live else { return Ok(()) };
        debug_assert_eq!(self.next, 0, "a successful sync covers all that is written");
        self.proven = self.offset;
        if live.moved {
            self.live = None;
            return Ok(());
        }
        match self.names.next().and_then(|to| self.media.rename(&self.path, &to)) {
            Ok(()) => {
                self.live = None;
                self.after_rename(now);
            }
            // A file that grows too long loses nothing; a pipeline that stands still might.
            Err(e) => {
                self.rotate_not_before = Some(now + ROTATE_AGAIN_AFTER);
                self.notices.give(&problem(&self.path, format!("cannot be rotated: {e}"), "make its folder writable"), now);
            }
        }
        Ok(())
    }

    fn after_rename(&mut self, now: Instant) {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let synced = self.media.sync_folder(folder);
        let keep = self.rotate.as_ref().and_then(|rotate| rotate.keep);
        // Only what is durably renamed may push older files out.
        if let Err(e) = synced.and_then(|()| keep.map_or(Ok(()), |keep| self.names.prune(keep))) {
            self.notices.give(&problem(folder, format!("old files cannot be deleted: {e}"), "make the folder writable"), now);
        }
    }

    fn open_live(&mut self, now: Instant) -> Result<(), OpenError> {
        let fresh = self.compression != Compression::None;
        self.live = Some(Live::open(&*self.media, &self.path, &self.names, fresh, now)?);
        Ok(())
    }

    fn settle(&mut self, chunks: usize) {
        for done in self.queue.drain(..chunks.min(self.queue.len())).filter_map(|chunk| chunk.done) {
            self.settled.push(Settlement { ack: done.ack, outcome: Outcome::Delivered });
            self.summary.records += done.records;
            self.summary.bytes += done.bytes;
        }
        self.next = self.next.saturating_sub(chunks);
        if chunks > 0 {
            self.proven = 0;
        }
    }

    /// The settlements that were not given out yet.
    pub(crate) fn take_settled(&mut self) -> Vec<Settlement> {
        std::mem::take(&mut self.settled)
    }

    pub(crate) fn summary(&self) -> SinkSummary {
        self.summary.clone()
    }
}

/// Length of the record that begins the first of these chunks, as far as it is known.
fn record_len<'a>(chunks: impl Iterator<Item = &'a Chunk>) -> usize {
    let mut len = 0;
    for (n, chunk) in chunks.enumerate() {
        if n > 0 && chunk.starts {
            break;
        }
        let end = chunk.boundary_after(0);
        len += end;
        if end < chunk.bytes().len() {
            break;
        }
    }
    len
}

/// Writes or compresses some of `bytes`; returns how many were taken.
fn put(media: &dyn Media, path: &Path, live: &mut Live, codec: &mut Codec, bytes: &[u8]) -> Result<usize, Stop> {
    if codec.is_plain() {
        return write_once(media, live, bytes).map_err(|e| stop(path, e));
    }
    codec.feed(bytes).map_err(|e| Stop::Fatal(problem(path, format!("cannot compress: {e}"), "choose another level")))?;
    live.at_line_start = bytes.last() == Some(&b'\n');
    Ok(bytes.len())
}

/// One write. Notes length and line state of what was taken; 0 bytes taken is an error, as it would go on for ever.
fn write_once(media: &dyn Media, live: &mut Live, bytes: &[u8]) -> io::Result<usize> {
    let taken = loop {
        match media.write(&live.file, bytes) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    if taken == 0 {
        return Err(io::ErrorKind::WriteZero.into());
    }
    live.len += taken as u64;
    if let Some(last) = bytes.get(taken - 1) {
        live.at_line_start = *last == b'\n';
    }
    Ok(taken)
}

fn stop(path: &Path, e: io::Error) -> Stop {
    match e.kind() {
        io::ErrorKind::FileTooLarge => {
            Stop::Fatal(problem(path, "has reached the largest size that a file may have here", "set rotate.bytes_max"))
        }
        io::ErrorKind::InvalidInput => Stop::Fatal(problem(path, format!("cannot be written: {e}"), "use another file system")),
        _ => Stop::Wait(e),
    }
}
