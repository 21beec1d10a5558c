//! Files in order, as pieces that can be scrubbed independently of each other.
//!
//! A piece ends where no unit of lines goes on ([`last_boundary`]); what was read behind that place begins the next one.
//! Where there is no such place in all that a scrubber could hold back, the piece is given out as it is and *goes on*: the
//! one who took it must take what follows too, up to a piece that does not.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::event::PollFlags;
use scrubjay_delivery::{AckId, LaneId};
use scrubjay_scrub::{Batch, Before, Framing, KeysBefore, Origin, TOKEN_BYTES_MAX, last_boundary};

use super::output::wait;
use crate::keyfile::reason;
use crate::safe;

/// Bytes of a piece: what stays in a core's second-level cache between reading, scanning and writing.
const PIECE_BYTES_MAX: usize = 256 * 1024;
/// Bytes that wait for what follows them. A scrubber would hold back as much.
const CARRY_BYTES_MAX: usize = TOKEN_BYTES_MAX;

/// All the input of a run.
pub(super) struct Input {
    files: std::vec::IntoIter<PathBuf>,
    /// The source's name, which rules of the policy may ask for.
    source: String,
    /// Device and inode of the output, where it is a file.
    output: Option<(u64, u64)>,
    open: Option<Open>,
    /// The number of the strand that is being read: pieces of which all but the last go on. Each is a lane.
    strand: u64,
    /// The number of the next piece in its strand.
    seq: u64,
    /// What was read and belongs to the next piece. It begins at a boundary.
    carry: Vec<u8>,
    /// The line before the strand, which is another strand's, until its first piece takes it. Empty at the beginning of a file.
    line_before: Vec<u8>,
    /// Whether a private key may be open behind the pieces of the strand that were given out.
    keys: KeysBefore,
}

struct Open {
    file: File,
    origin: Arc<Origin>,
    shown: String,
}

/// A piece of the input, and what is to be said behind its output.
pub(super) struct Piece {
    pub(super) batch: Batch,
    pub(super) trouble: Option<String>,
}

impl Piece {
    /// Pieces of one strand are scrubbed by one scrubber, in order.
    pub(super) fn strand(&self) -> u64 {
        self.batch.ack.lane.0
    }

    /// What follows belongs to the same strand.
    pub(super) fn goes_on(&self) -> bool {
        !self.batch.lane_ends
    }
}

impl Input {
    /// The input of these files; standard input where there are none. The file that the output goes to is refused.
    pub(super) fn new(files: &[PathBuf], source: &str, output: Option<(u64, u64)>) -> Self {
        let files = if files.is_empty() { vec![PathBuf::from("-")] } else { files.to_vec() };
        Self {
            files: files.into_iter(),
            source: source.to_owned(),
            output,
            open: None,
            strand: 0,
            seq: 0,
            carry: Vec::new(),
            line_before: Vec::new(),
            keys: KeysBefore::default(),
        }
    }

    /// The next piece, read into `spare` where it has the size; `None` at the end of the last file. An input that fails
    /// ends like one that ends: what it gave comes out.
    pub(super) fn next(&mut self, spare: Vec<u8>) -> Option<Piece> {
        if self.open.is_none() {
            let path = self.files.next()?;
            let shown = if path == Path::new("-") { "standard input".into() } else { safe::path(&path) };
            let origin = Arc::new(Origin { source: self.source.clone(), name: path.to_string_lossy().into_owned() });
            match open(&path, self.output) {
                Ok(file) => self.open = Some(Open { file, origin, shown }),
                Err(error) => return Some(self.last(&origin, spare, Some(trouble(&shown, &error)))),
            }
        }
        let Open { file, origin, shown } = self.open.take()?;
        let mut bytes = buffer(spare);
        bytes.append(&mut self.carry);
        // Line ends up to here are known to be no boundaries.
        let mut searched = bytes.iter().rposition(|&b| b == b'\n').unwrap_or(0);
        loop {
            match read_some(&file, &mut bytes) {
                Ok(0) => return Some(self.last(&origin, bytes, None)),
                Ok(_) => {}
                Err(error) => return Some(self.last(&origin, bytes, Some(trouble(&shown, &error)))),
            }
            let within = searched.max(bytes.len().saturating_sub(CARRY_BYTES_MAX));
            let begins = self.seq == 0;
            let before = match self.keys.none_is_open() {
                _ if begins => Before::Boundary(&self.line_before),
                true => Before::NoKey,
                false => Before::Anything,
            };
            if let Some(end) = last_boundary(&bytes, within, before) {
                self.carry.extend_from_slice(bytes.get(end..).unwrap_or_default());
                bytes.truncate(end);
                let line_before = last_line(&bytes).to_vec();
                let piece = self.last(&origin, bytes, None);
                self.line_before = line_before;
                self.open = Some(Open { file, origin, shown });
                return Some(piece);
            }
            if !begins || bytes.len() > CARRY_BYTES_MAX {
                self.keys.read(&bytes);
                let piece = self.piece(&origin, bytes, false, None);
                self.open = Some(Open { file, origin, shown });
                return Some(piece);
            }
            // Whether the last line goes on may be seen in the one that follows it.
            searched = bytes.iter().rposition(|&b| b == b'\n').unwrap_or(0);
        }
    }

    /// The piece that ends its strand.
    fn last(&mut self, origin: &Arc<Origin>, bytes: Vec<u8>, trouble: Option<String>) -> Piece {
        let piece = self.piece(origin, bytes, true, trouble);
        self.strand += 1;
        self.seq = 0;
        self.keys = KeysBefore::default();
        piece
    }

    fn piece(&mut self, origin: &Arc<Origin>, bytes: Vec<u8>, lane_ends: bool, trouble: Option<String>) -> Piece {
        let ack = AckId { lane: LaneId(self.strand), seq: self.seq };
        self.seq += 1;
        let (origin, line_before) = (Arc::clone(origin), std::mem::take(&mut self.line_before));
        Piece { batch: Batch { ack, origin, bytes, line_before, framing: Framing::Lines, lane_ends }, trouble }
    }
}

/// The last of whole lines, with its end.
fn last_line(lines: &[u8]) -> &[u8] {
    let before = lines.strip_suffix(b"\n").unwrap_or(lines);
    let start = before.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    lines.get(start..).unwrap_or_default()
}

/// An empty buffer with room for a piece. One that a text of many markers has made large is let go.
fn buffer(mut spare: Vec<u8>) -> Vec<u8> {
    if spare.capacity() > 2 * PIECE_BYTES_MAX {
        spare = Vec::new();
    }
    spare.clear();
    spare.reserve_exact(PIECE_BYTES_MAX);
    spare
}

fn trouble(shown: &str, error: &io::Error) -> String {
    format!("{shown}: {}", reason(error))
}

fn open(path: &Path, output: Option<(u64, u64)>) -> io::Result<File> {
    let file = if path == Path::new("-") { File::from(io::stdin().as_fd().try_clone_to_owned()?) } else { File::open(path)? };
    let meta = file.metadata()?;
    if meta.is_dir() && path != Path::new("-") {
        return Err(ErrorKind::IsADirectory.into());
    }
    if meta.is_file() && output == Some((meta.dev(), meta.ino())) {
        return Err(io::Error::other("input is also the output; write to another file"));
    }
    Ok(file)
}

/// One read into the room behind `bytes`; 0 at the end.
fn read_some(input: &File, bytes: &mut Vec<u8>) -> io::Result<usize> {
    loop {
        match rustix::io::read(input, rustix::buffer::spare_capacity(bytes)) {
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => wait(input, PollFlags::IN),
            other => return Ok(other?),
        }
    }
}
