//! Several lanes, one output: no line of one lane is ever cut by a line of another.
//!
//! A batch may end inside a line. What follows its last newline is kept back (not copied) until the lane's line is
//! complete, so other lanes write in between. A line that grows over [`LineLimits::open_line_bytes_max`] is written as
//! it comes; until it ends, its lane owns the end of the output and the batches of other lanes wait, in order.
//!
//! Whatever is kept back is not settled and so holds the process's byte budget. Two limits keep a line that never ends
//! from stopping everything: [`LineLimits::held_bytes_max`] and [`LineLimits::stall_max`]. When one bites, the open
//! line is ended with a newline and goes on later as a line of its own. No byte is lost by it, and it is reported.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use scrubjay_delivery::LaneId;

use super::chunk::{Chunk, Piece};

/// Limits on what is kept back so that lines stay whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineLimits {
    /// Bytes of one unfinished line that are kept back before the line is written as it comes. Default 1 MiB.
    pub open_line_bytes_max: usize,
    /// Bytes of batches that are kept back in all, before an open line is ended for the others' sake. Must be well
    /// below the process's byte budget (64 MiB). Default 32 MiB.
    pub held_bytes_max: usize,
    /// How long other lanes wait for a long line of which nothing more comes. Default 30 s.
    pub stall_max: Duration,
}

impl Default for LineLimits {
    fn default() -> Self {
        Self { open_line_bytes_max: 1 << 20, held_bytes_max: 32 << 20, stall_max: Duration::from_secs(30) }
    }
}

/// How lanes are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    /// Lines stay whole; a lane that ends inside a line gets a newline before another lane follows.
    Lines(LineLimits),
    /// Byte for byte in the order of arrival, nothing between, as `cat` does.
    Exact,
}

#[derive(Default)]
struct OpenLine {
    chunks: Vec<Chunk>,
    line_bytes: usize,
    held_bytes: usize,
}

/// Decides the order of bytes. Pure: batches in, chunks out. A chunk that [`Chunk::starts`] a record goes on a line of
/// its own: whoever writes it puts a newline first where the output does not stand at the beginning of a line.
pub(crate) struct Weaver {
    join: Join,
    out: VecDeque<Chunk>,
    /// The lane whose unfinished line is at the end of the output.
    owner: Option<LaneId>,
    owner_moved: Option<Instant>,
    open: BTreeMap<LaneId, OpenLine>,
    waiting: VecDeque<Piece>,
    waiting_since: Option<Instant>,
    held_bytes: usize,
    lines_cut: u64,
}

impl Weaver {
    pub(crate) fn new(join: Join) -> Self {
        Self {
            join,
            out: VecDeque::new(),
            owner: None,
            owner_moved: None,
            open: BTreeMap::new(),
            waiting: VecDeque::new(),
            waiting_since: None,
            held_bytes: 0,
            lines_cut: 0,
        }
    }

    /// Takes a batch. What can be written comes out of [`Self::take`].
    pub(crate) fn admit(&mut self, piece: Piece, now: Instant) {
        let Join::Lines(limits) = self.join else {
            let all = 0..piece.data.bytes().len();
            self.put(Chunk::of(&piece, all));
            return;
        };
        if self.owner.is_some_and(|owner| owner != piece.lane()) {
            self.held_bytes += piece.data.bytes().len();
            self.waiting.push_back(piece);
            self.waiting_since.get_or_insert(now);
        } else {
            self.owner_moved = Some(now);
            self.place(piece);
            self.drain(limits, now);
        }
        self.relieve(limits, now);
    }

    /// What is to be written next, in order.
    pub(crate) fn take(&mut self) -> Option<Chunk> {
        self.out.pop_front()
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn stalled_at(&self) -> Option<Instant> {
        let Join::Lines(limits) = self.join else { return None };
        let since = self.waiting_since?.max(self.owner_moved?);
        self.owner.map(|_| since + limits.stall_max)
    }

    /// Ends the open line if others have waited for it too long.
    pub(crate) fn tick(&mut self, now: Instant) {
        if let Join::Lines(limits) = self.join
            && self.stalled_at().is_some_and(|at| now >= at)
        {
            self.cut_line(limits, now);
        }
    }

    /// Nothing more will come: everything that was kept back comes out, each unfinished line on a line of its own.
    pub(crate) fn finish(&mut self, now: Instant) {
        let Join::Lines(limits) = self.join else { return };
        loop {
            self.owner = None;
            if self.waiting.is_empty() {
                break;
            }
            self.drain(limits, now);
        }
        for lane in self.open.keys().copied().collect::<Vec<_>>() {
            self.flush_open(lane);
            self.owner = None;
        }
    }

    /// Number of lines that were ended before their time.
    pub(crate) fn lines_cut(&self) -> u64 {
        self.lines_cut
    }

    /// Places a batch of the owner, or any batch when there is no owner.
    fn place(&mut self, piece: Piece) {
        let (lane, bytes) = (piece.lane(), piece.data.bytes());
        let len = bytes.len();
        let all = piece.ends.is_some() || piece.lane_ends;
        let cut = if all { len } else { memchr::memrchr(b'\n', bytes).map_or(0, |i| i + 1) };
        if cut > 0 || all {
            self.flush_open(lane);
            self.put(Chunk::of(&piece, 0..cut));
            self.owner = None;
        }
        if cut == len && (len > 0 || all) {
            return;
        }
        let rest = Chunk::of(&piece, cut..len);
        if self.owner.is_some() || len == 0 {
            self.put(rest);
            return;
        }
        let line = self.open.entry(lane).or_default();
        line.line_bytes += len - cut;
        line.held_bytes += rest.held();
        self.held_bytes += rest.held();
        line.chunks.push(rest);
    }

    /// Gives the end of the output to a line that is too long to be kept back, unless another such line has it.
    fn own_longest(&mut self, limits: LineLimits) {
        let longest = self.open.iter().max_by_key(|(_, line)| line.line_bytes);
        if let Some((&lane, _)) = longest.filter(|(_, line)| self.owner.is_none() && line.line_bytes > limits.open_line_bytes_max) {
            self.own(lane);
        }
    }

    /// Writes the lane's unfinished line as far as it is known; more of it follows at once.
    fn own(&mut self, lane: LaneId) {
        self.flush_open(lane);
        self.owner = Some(lane);
    }

    fn flush_open(&mut self, lane: LaneId) {
        let Some(line) = self.open.remove(&lane) else { return };
        self.held_bytes = self.held_bytes.saturating_sub(line.held_bytes);
        let mut starts = true;
        for mut chunk in line.chunks {
            chunk.starts = starts;
            starts = false;
            self.out.push_back(chunk);
        }
        // What is put next continues this line, until the caller says that the line has ended.
        self.owner = Some(lane);
    }

    fn put(&mut self, mut chunk: Chunk) {
        chunk.starts = self.owner.is_none();
        self.out.push_back(chunk);
    }

    /// Places what waits, as far as it can go: the owner's batches first while there is an owner, else the oldest.
    fn drain(&mut self, limits: LineLimits, now: Instant) {
        loop {
            let next = match self.owner {
                None => 0,
                Some(owner) => self.waiting.iter().position(|p| p.lane() == owner).unwrap_or(self.waiting.len()),
            };
            let Some(piece) = self.waiting.remove(next) else { break };
            self.held_bytes = self.held_bytes.saturating_sub(piece.data.bytes().len());
            self.owner_moved = Some(now);
            self.place(piece);
        }
        self.own_longest(limits);
        self.waiting_since = if self.waiting.is_empty() { None } else { Some(now) };
    }

    fn relieve(&mut self, limits: LineLimits, now: Instant) {
        while self.held_bytes > limits.held_bytes_max {
            if self.owner.is_some() {
                self.cut_line(limits, now);
            } else if let Some(lane) = self.open.iter().max_by_key(|(_, line)| line.held_bytes).map(|(&lane, _)| lane) {
                self.own(lane);
                self.owner_moved = Some(now);
            } else {
                debug_assert!(false, "bytes are held without a holder");
                break;
            }
        }
    }

    fn cut_line(&mut self, limits: LineLimits, now: Instant) {
        if self.owner.take().is_some() {
            self.lines_cut += 1;
        }
        self.drain(limits, now);
    }
}
