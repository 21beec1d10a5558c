//! Files that are followed through rotation, truncation and restarts.
//!
//! - `globs`: patterns to paths. `watch`: what changed since the last look. `start`: what the checkpoint says about what
//!   is there now. `tracked`: one file and its positions. `identity`: which file is it. `checkpoint`: what is durable.
//!
//! A *generation* is one content of one file; each is a lane. A generation ends when its last line is known to be the
//! last: the file was renamed or deleted and its successor has content (or it was quiet for a while), it was truncated,
//! or (`once`) the size that was taken at the start is reached. The generation that takes its path is read after it.
//! What a late writer adds to a file whose generation has ended comes as a new lane from there.
//!
//! What is lost in spite of all this: what was truncated before it was read and not copied beside the file first; a file
//! that is created and deleted between two looks; a file that leaves its folder while it is not open.

mod checkpoint;
mod config;
mod globs;
mod identity;
mod open;
mod start;
mod told;
mod tracked;
mod watch;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use scrubjay_delivery::{AckId, LaneId, Outcome};
use scrubjay_pipeline::{Problem, Settled, Source, SourceEvent};
use scrubjay_scrub::{Batch, Framing};
use tokio::task::JoinHandle;

use checkpoint::{Checkpoint, Entry, Store};
pub use config::{FileSourceConfig, Start};
use globs::Globs;
use identity::{Key, Mac};
use tracked::{Chunk, Tracked};

/// Most entries of a checkpoint that are kept though their file is not followed: it was read to its end and left the
/// patterns, or it is not there, since its disk may not be mounted yet.
const PARKED_MAX: usize = 1024;

/// Names a followed file within the source.
type FileKey = u64;

/// Follows files through rotation, truncation and restarts; or, with `once`, reads what is there at the start.
///
/// Each generation of a file (one content of it) is a lane of [`Framing::Lines`]. Only whole lines are given, except that
/// a line which does not fit into a batch or is longer than [`FileSourceConfig::line_bytes_max`] comes in fragments, and
/// that the last line of a generation needs no newline. A generation that was renamed away is given to its end before
/// the one that took its path. A truncated file begins again; its unread rest is taken from the copy beside it
/// (`copytruncate`), if there is one.
///
/// Reads are done on the runtime's worker: a batch comes from the page cache in some 50 µs.
pub struct FileSource {
    config: FileSourceConfig,
    globs: Globs,
    store: Option<Store>,
    key: Key,
    files: BTreeMap<FileKey, Tracked>,
    /// By device and inode. Every file of `files` that was not replaced is here.
    by_place: HashMap<(u64, u64), FileKey>,
    /// The file that was last followed at a path.
    by_path: HashMap<PathBuf, FileKey>,
    /// Files that were renamed while no agent ran, by the hash of the path that they had.
    by_old_path: HashMap<Mac, FileKey>,
    /// Entries of the checkpoint whose file is not followed now, oldest first.
    parked: Vec<Entry>,
    lanes: HashMap<LaneId, FileKey>,
    /// Files that may have something to read; the first is next.
    queue: VecDeque<FileKey>,
    /// Open files, the one opened first in front.
    open: VecDeque<FileKey>,
    problems: VecDeque<Problem>,
    /// Places whose problem has been told.
    told: HashSet<PathBuf>,
    next_key: FileKey,
    next_lane: u64,
    next_look: Instant,
    /// No checkpoint was there: the very first start.
    is_first_start: bool,
    /// The checkpoint on disk is not what it would be now.
    dirty: bool,
    writing: Option<JoinHandle<Result<(), Problem>>>,
}

impl FileSource {
    /// Checks the settings, locks and reads the checkpoint, finds the files and (with `once`) takes their sizes.
    ///
    /// # Errors
    /// A [`Problem`] for a setting or pattern that is wrong, and for a checkpoint that is corrupt, of an unknown
    /// version, not writable, or in use by another agent. Files that cannot be read are no error; they are told by
    /// [`Source::next`].
    pub fn new(config: FileSourceConfig) -> Result<Self, Problem> {
        config.check()?;
        let globs = Globs::new(&config.include, &config.exclude)?;
        let store = config.state_file.as_deref().map(Store::open).transpose()?;
        let stored = match &store {
            Some(store) => store.load()?,
            None => None,
        };
        let is_first_start = stored.is_none();
        let (key, entries) = match stored {
            Some((key, checkpoint)) => (key, checkpoint.files),
            None => (Key::random()?, Vec::new()),
        };
        let mut source = Self {
            config,
            globs,
            store,
            key,
            files: BTreeMap::new(),
            by_place: HashMap::new(),
            by_path: HashMap::new(),
            by_old_path: HashMap::new(),
            parked: Vec::new(),
            lanes: HashMap::new(),
            queue: VecDeque::new(),
            open: VecDeque::new(),
            problems: VecDeque::new(),
            told: HashSet::new(),
            next_key: 0,
            next_lane: 0,
            next_look: Instant::now(),
            is_first_start,
            dirty: true,
            writing: None,
        };
        source.begin(entries);
        // Now, so that a state folder that cannot be written to shows before anything is read, and so that
        // `start: end` means the same place after a crash.
        source.write_now()?;
        Ok(source)
    }

    /// The next event that is there without waiting.
    fn step(&mut self, bytes_max: usize) -> Option<SourceEvent> {
        loop {
            if let Some(problem) = self.problems.pop_front() {
                return Some(SourceEvent::Problem(problem));
            }
            if !self.config.once && Instant::now() >= self.next_look {
                self.look();
                continue;
            }
            let Some(key) = self.queue.pop_front() else {
                return self.config.once.then_some(SourceEvent::End);
            };
            if let Some(batch) = self.read(key, bytes_max) {
                return Some(SourceEvent::Batch(batch));
            }
        }
    }

    /// Reads the next piece of a file and puts the file at the end of the queue if there may be more.
    fn read(&mut self, key: FileKey, bytes_max: usize) -> Option<Batch> {
        let file = self.files.get_mut(&key)?;
        file.queued = false;
        if !self.may_read(key) {
            return None;
        }
        if let Err(gone) = self.ensure_open(key) {
            return self.cannot_open(key, gone);
        }
        let want = bytes_max.min(self.config.batch_bytes_max).max(1);
        let file = self.files.get_mut(&key)?;
        let is_final = file.is_final(Instant::now(), self.config.rotate_wait);
        match file.read(want, self.config.line_bytes_max, is_final, &self.key) {
            Ok(Chunk::Data(bytes, ends)) => {
                if ends {
                    self.wake_successor(key);
                } else {
                    self.enqueue(key);
                }
                self.batch(key, bytes, ends)
            }
            Ok(Chunk::End) => self.end(key),
            Ok(Chunk::Nothing) => None,
            Ok(Chunk::Truncated) => self.truncated(key),
            Err(e) => {
                // Tried again after the next look; with `once` this file is given up.
                self.let_go(key);
                self.tell_unreadable(key, &e);
                None
            }
        }
    }

    /// False while something else must come first, or for good.
    fn may_read(&self, key: FileKey) -> bool {
        let Some(file) = self.files.get(&key) else { return false };
        let behind = file.after.is_some_and(|before| self.files.contains_key(&before));
        // A lane after a lane of the same file begins when that one is settled: positions must not pass it.
        let held = !file.has_lane() && file.is_in_flight();
        !file.stopped && !behind && !held
    }

    /// The generation is over: the last batch of its lane, if it ever had one.
    fn end(&mut self, key: FileKey) -> Option<Batch> {
        self.wake_successor(key);
        let file = self.files.get_mut(&key)?;
        if file.has_lane() {
            return self.batch(key, Vec::new(), true);
        }
        file.drain();
        None
    }

    fn batch(&mut self, key: FileKey, bytes: Vec<u8>, lane_ends: bool) -> Option<Batch> {
        let file = self.files.get_mut(&key)?;
        let next_lane = &mut self.next_lane;
        let (lane, seq) = file.open_batch(bytes.len() as u64, || {
            *next_lane += 1;
            LaneId(*next_lane - 1)
        });
        let mut line_before = Vec::new();
        if seq == 0 {
            self.lanes.insert(lane, key);
            line_before = file.line_before();
        }
        if lane_ends {
            file.drain();
        }
        let ack = AckId { lane, seq };
        Some(Batch { ack, origin: Arc::clone(&file.origin), bytes, line_before, framing: Framing::Lines, lane_ends })
    }

    fn enqueue(&mut self, key: FileKey) {
        if let Some(file) = self.files.get_mut(&key)
            && !file.queued
        {
            file.queued = true;
            self.queue.push_back(key);
        }
    }

    /// The file that took the path of this one may be read now.
    fn wake_successor(&mut self, key: FileKey) {
        let Some(successor) = self.files.get(&key).and_then(|f| f.successor) else { return };
        if let Some(file) = self.files.get_mut(&successor) {
            file.after = None;
        }
        self.enqueue(successor);
    }

    fn checkpoint(&self) -> Checkpoint {
        let entries = self.files.values().filter(|f| !f.replaced).map(|f| self.entry(f));
        let entries = self.parked.iter().cloned().chain(entries);
        Checkpoint::new(&self.key, entries.collect())
    }

    fn entry(&self, file: &Tracked) -> Entry {
        let (offset, proof) = file.settled(&self.key);
        Entry { path: file.home, id: file.id, offset, proof }
    }

    fn write_now(&mut self) -> Result<(), Problem> {
        if let Some(store) = &self.store {
            store.writer(self.checkpoint())()?;
        }
        self.dirty = false;
        Ok(())
    }
}

#[async_trait]
impl Source for FileSource {
    async fn next(&mut self, bytes_max: usize) -> SourceEvent {
        loop {
            if let Some(event) = self.step(bytes_max) {
                return event;
            }
            // The only place that waits, and nothing is held across it: a call that is dropped here loses nothing.
            tokio::time::sleep_until(self.next_look.into()).await;
        }
    }

    fn settle(&mut self, settled: Settled) {
        let Some(key) = self.lanes.get(&settled.ack.lane) else { return };
        let Some(file) = self.files.get_mut(key) else { return };
        match settled.outcome {
            Outcome::Delivered => self.dirty |= file.settle(settled.ack.seq, settled.resume_lag),
            // The runner has told what came before it already; no position of this file moves any more.
            Outcome::Failed(_) => file.stopped = true,
        }
        // The next look finds a file whose lane is settled and that has grown since.
        if !file.has_lane() && !file.is_in_flight() {
            self.lanes.remove(&settled.ack.lane);
        }
    }

    async fn persist(&mut self) -> Result<(), Problem> {
        if self.writing.is_none() {
            let Some(store) = self.store.as_ref().filter(|_| self.dirty) else { return Ok(()) };
            // fsync may take seconds. The handle is kept, so that a dropped call neither forgets an error nor lets two
            // writes overtake each other.
            self.writing = Some(tokio::task::spawn_blocking(store.writer(self.checkpoint())));
            self.dirty = false;
        }
        let Some(writing) = &mut self.writing else { return Ok(()) };
        let written = writing.await;
        self.writing = None;
        let written = written.unwrap_or_else(|_| Err(Problem::new("checkpoint", "the task that writes it was stopped", "")));
        self.dirty |= written.is_err();
        written
    }

    async fn close(&mut self) -> Result<(), Problem> {
        if self.writing.is_some() {
            // Of an earlier, dropped call; what it wrote may be older than what there is now.
            self.persist().await?;
        }
        self.persist().await?;
        // Letting go of the store lets go of the lock.
        self.store = None;
        self.files.clear();
        Ok(())
    }
}
