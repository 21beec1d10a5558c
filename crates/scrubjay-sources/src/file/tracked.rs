//! One file that is followed: what it is, how far it has been read, what of that is settled.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use scrubjay_delivery::LaneId;
use scrubjay_scrub::Origin;

use super::FileKey;
use super::checkpoint::path_mac;
use super::identity::{FileId, Head, Key, Mac, Proof, Stamp, Tail};
use super::start::line_before;

/// Room for what is written between looking at the size and reading, in bytes.
const SLACK_BYTES: u64 = 4096;

/// A followed file.
pub(super) struct Tracked {
    /// Where it was last seen under a pattern (or found, when no pattern leads to it).
    pub(super) path: PathBuf,
    /// `path` without symbolic links: its folder is where renamed files are looked for.
    pub(super) real: PathBuf,
    pub(super) origin: Arc<Origin>,
    pub(super) id: FileId,
    pub(super) file: Option<File>,
    /// Its predecessor at the same path: nothing is read here before that one is drained.
    pub(super) after: Option<FileKey>,
    /// What took its path.
    pub(super) successor: Option<FileKey>,
    pub(super) rotated: Option<Rotated>,
    /// Read only up to here (`once`).
    pub(super) limit: Option<u64>,
    /// Its last line was given; the lane, if there was one, is over. More may still be written: then a new lane begins.
    pub(super) drained: bool,
    /// A batch failed: nothing is read any more in this run.
    pub(super) stopped: bool,
    /// It was truncated, its identity now belongs to another generation. Nothing of it is remembered.
    pub(super) replaced: bool,
    /// It is in the queue of files to read.
    pub(super) queued: bool,
    /// The keyed hash of the path under a pattern that it had last: what the checkpoint knows of its name.
    pub(super) home: Mac,
    /// What it looked like when it was last looked at.
    pub(super) stamp: Option<Stamp>,
    /// Its size at the last read that found it intact.
    size_read: u64,
    lane: Option<Lane>,
    /// Where the lane of the batches in flight began: no position goes back behind it.
    lane_start: u64,
    read_pos: u64,
    head: Head,
    tail: Tail,
    /// The last batch ended inside a line, so the rest of that line is given as it is read.
    mid_line: bool,
    /// What the file looked like when there was nothing left to read.
    idle_at: Option<Stamp>,
    /// The file changed under a read.
    suspect: bool,
    in_flight: VecDeque<InFlight>,
    settled: Settled,
}

/// It no longer is at the path where it was followed.
#[derive(Clone, Copy)]
pub(super) struct Rotated {
    /// When that, or something written to it since, was last noticed.
    pub(super) since: Instant,
    /// It was seen at another path of the patterns.
    pub(super) moved: bool,
    /// Its successor has content. Whoever wrote that had left this file, so its end is its end.
    pub(super) succeeded: bool,
}

struct Lane {
    id: LaneId,
    next_seq: u64,
}

struct InFlight {
    seq: u64,
    end: u64,
    tail: Tail,
}

/// The position that may be made durable.
struct Settled {
    offset: u64,
    checked: u64,
    tail: Tail,
}

/// What a read brought.
pub(super) enum Chunk {
    /// Bytes for the lane, and whether the lane ends with them.
    Data(Vec<u8>, bool),
    /// Nothing more, and the lane ends.
    End,
    /// Nothing yet.
    Nothing,
    /// The bytes before the position are gone: this is another content now.
    Truncated,
}

impl Tracked {
    /// A file that is read from `offset`; `head` and `tail` are what lies before it.
    pub(super) fn new(path: PathBuf, source: &str, id: FileId, offset: u64, head: Head, tail: Tail, key: &Key) -> Self {
        let home = path_mac(key, &path);
        let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let origin = Arc::new(Origin { source: source.to_owned(), name: path.to_string_lossy().into_owned() });
        let settled = Settled { offset, checked: offset, tail: tail.clone() };
        Self {
            path,
            real,
            origin,
            id,
            file: None,
            after: None,
            successor: None,
            rotated: None,
            limit: None,
            drained: false,
            stopped: false,
            replaced: false,
            queued: false,
            home,
            stamp: None,
            size_read: offset,
            lane: None,
            lane_start: offset,
            read_pos: offset,
            head,
            tail,
            mid_line: false,
            idle_at: None,
            suspect: false,
            in_flight: VecDeque::new(),
            settled,
        }
    }

    /// A file that is read from its beginning.
    pub(super) fn fresh(path: PathBuf, source: &str, id: FileId, key: &Key) -> Self {
        Self::new(path, source, id, 0, Head::empty(), Tail::default(), key)
    }

    /// Its size when it was last looked at, at least what has been read of it.
    pub(super) fn size(&self) -> u64 {
        self.stamp.map_or(0, |s| s.size).max(self.size_read).max(self.read_pos)
    }

    /// Bytes that were seen and have not been read.
    pub(super) fn unread(&self) -> u64 {
        self.limit.unwrap_or(self.size()).saturating_sub(self.read_pos)
    }

    /// What was not read never will be.
    pub(super) fn forget_unread(&mut self) {
        (self.stamp, self.size_read, self.limit) = (None, self.read_pos, None);
    }

    /// Bytes that were surely there when it was last read, and have not been read: lost if it is truncated.
    pub(super) fn unread_at_last_read(&self) -> u64 {
        self.limit.unwrap_or(self.size_read).saturating_sub(self.read_pos)
    }

    /// True while batches are under way.
    pub(super) fn is_in_flight(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// True when it has a lane that has not ended.
    pub(super) fn has_lane(&self) -> bool {
        self.lane.is_some()
    }

    /// True when a read may bring something: bytes, or the end of its generation.
    pub(super) fn wants_read(&self, now: Instant, wait: Duration) -> bool {
        let changed = match self.stamp {
            Some(stamp) => self.idle_at != Some(stamp),
            None => !self.drained,
        };
        changed || (!self.drained && self.is_final(now, wait))
    }

    /// It is another content under another name from here on: the copy that was made before it was truncated. That
    /// copy is complete.
    pub(super) fn go_on_in(&mut self, path: PathBuf, id: FileId, file: File, stamp: Stamp) {
        self.real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        self.path = path;
        self.id = id;
        self.file = Some(file);
        self.stamp = Some(stamp);
        self.suspect = false;
        self.idle_at = None;
        self.limit = self.limit.map(|limit| limit.min(stamp.size));
        self.rotated = Some(Rotated { since: Instant::now(), moved: true, succeeded: true });
    }

    /// Marks it as not at its path any more, or as written to since.
    pub(super) fn note_rotated(&mut self, now: Instant, moved: bool) {
        let rotated = self.rotated.get_or_insert(Rotated { since: now, moved, succeeded: false });
        rotated.moved |= moved;
    }

    /// True when the end of the file, once reached, is its end for good.
    pub(super) fn is_final(&self, now: Instant, wait: Duration) -> bool {
        self.rotated.is_some_and(|r| r.succeeded || now.duration_since(r.since) >= wait)
    }

    /// What reading on from here needs to hold: for finding the same content elsewhere.
    pub(super) fn proof(&self, key: &Key) -> Proof {
        Proof::new(&self.head, &self.tail, self.read_pos, key)
    }

    /// What a checkpoint remembers: the settled position, and its proof.
    pub(super) fn settled(&self, key: &Key) -> (u64, Proof) {
        (self.settled.offset, Proof::new(&self.head, &self.settled.tail, self.settled.checked, key))
    }

    /// Takes an opened file. One whose content before the position is another is noticed by the next read.
    pub(super) fn attach(&mut self, file: File, key: &Key) -> io::Result<()> {
        self.suspect |= !self.proof(key).holds(&file, key)?;
        self.file = Some(file);
        Ok(())
    }

    /// Reads the next piece, at most `want` bytes. `is_final` says that the end of the file is its end for good.
    ///
    /// Big blocking reads from the page cache are what a worker of the runtime can afford (a quarter of a MiB takes
    /// some 50 µs); handing each to another thread would cost more than the read.
    pub(super) fn read(&mut self, want: usize, line_bytes_max: usize, is_final: bool, key: &Key) -> io::Result<Chunk> {
        let Some(file) = &self.file else { return Ok(Chunk::Nothing) };
        // Looked at before the read, so that what is written after it shows as a change.
        let stamp = Stamp::of(&file.metadata()?);
        if self.suspect || stamp.size < self.read_pos || !self.tail.holds(file, self.read_pos)? {
            return Ok(Chunk::Truncated);
        }
        self.size_read = stamp.size;
        let room = self.limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.read_pos));
        let there = (stamp.size - self.read_pos).saturating_add(SLACK_BYTES);
        let capacity = usize::try_from(there.min(room)).unwrap_or(want).min(want);
        let (mut bytes, at_eof) = read_at(file, capacity, self.read_pos)?;
        let at_limit = bytes.len() as u64 >= room;
        if at_eof && bytes.is_empty() && !at_limit && self.limit.is_some() {
            return Ok(Chunk::Truncated);
        }
        let ends = at_limit || (at_eof && is_final);
        let cut = if ends { bytes.len() } else { self.cut(&bytes, want, line_bytes_max) };
        if cut == 0 {
            self.idle_at = Some(stamp);
            self.stamp = Some(stamp);
            return Ok(if ends { Chunk::End } else { Chunk::Nothing });
        }
        // A truncation between the first look and the read: what was read may be of the new content. It is given
        // (again, at worst, when the new generation is read) and not thrown away.
        self.suspect = !self.tail.holds(file, self.read_pos)?;
        bytes.truncate(cut);
        if cut < bytes.capacity() / 4 {
            bytes.shrink_to_fit();
        }
        self.advance(&bytes, key);
        Ok(Chunk::Data(bytes, ends))
    }

    /// How much of what was read is given: up to the last line's end. The rest is read again when there is more of it;
    /// a line that is too long for that is given as it comes.
    fn cut(&self, bytes: &[u8], want: usize, line_bytes_max: usize) -> usize {
        let lines = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let rest = bytes.len() - lines;
        let in_fragments = lines == 0 && (self.mid_line || bytes.len() >= want);
        if in_fragments || rest >= line_bytes_max { bytes.len() } else { lines }
    }

    fn advance(&mut self, bytes: &[u8], key: &Key) {
        self.head.grow(bytes, key);
        self.tail = self.tail.after(bytes);
        self.read_pos += bytes.len() as u64;
        self.mid_line = bytes.last() != Some(&b'\n');
        self.idle_at = None;
        if let Some(rotated) = &mut self.rotated {
            rotated.since = Instant::now();
        }
    }

    /// The sequence number of the next batch, whose end is the position. `bytes` is its length; `new_lane` gives the
    /// lane's number if one must begin.
    pub(super) fn open_batch(&mut self, bytes: u64, new_lane: impl FnOnce() -> LaneId) -> (LaneId, u64) {
        let (lane_start, begin) = (&mut self.lane_start, self.read_pos - bytes);
        let lane = self.lane.get_or_insert_with(|| {
            *lane_start = begin;
            Lane { id: new_lane(), next_seq: 0 }
        });
        self.drained = false;
        let seq = lane.next_seq;
        lane.next_seq += 1;
        self.in_flight.push_back(InFlight { seq, end: self.read_pos, tail: self.tail.clone() });
        (lane.id, seq)
    }

    /// The line before the lane, as far as the file still says it: whether it is what it was is seen when it is read on.
    pub(super) fn line_before(&self) -> Vec<u8> {
        let read = |file| line_before(file, self.lane_start).ok();
        self.file.as_ref().and_then(read).unwrap_or_default()
    }

    /// The batch that was opened last ends the lane. A next one waits until this one is settled, so that positions
    /// never pass what is under way.
    pub(super) fn drain(&mut self) {
        self.drained = true;
        self.mid_line = false;
        self.lane = None;
    }

    /// The lane is settled up to `seq`, of which `lag` bytes must be read again. True when the position moved.
    pub(super) fn settle(&mut self, seq: u64, lag: u64) -> bool {
        if self.stopped {
            return false;
        }
        let mut last = None;
        while self.in_flight.front().is_some_and(|b| b.seq <= seq) {
            last = self.in_flight.pop_front();
        }
        let Some(batch) = last else { return false };
        self.settled = Settled { offset: batch.end.saturating_sub(lag).max(self.lane_start), checked: batch.end, tail: batch.tail };
        true
    }
}

/// Fills at most `capacity` bytes from `at`; true when the end of the file came first.
fn read_at(file: &File, capacity: usize, at: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::with_capacity(capacity);
    while bytes.len() < capacity {
        let position = at + bytes.len() as u64;
        match rustix::io::pread(file, spare_capacity(&mut bytes), position) {
            Ok(0) => return Ok((bytes, true)),
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    // An allocator may give more room than was asked for.
    bytes.truncate(capacity);
    Ok((bytes, false))
}
