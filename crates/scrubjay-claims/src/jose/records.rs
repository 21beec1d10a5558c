//! The epochs file, read: where each epoch's records are, found by id without opening any.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::record::{RECORD_BYTES_MAX, Record, RecordHead, peek};
use super::regular;

/// Most records that are looked at for one epoch. There is one; more are repetitions, or somebody's attempt.
const RECORDS_PER_EPOCH_MAX: usize = 16;

/// An index over epochs files. It holds about 100 bytes for each record.
#[derive(Default)]
pub struct Records {
    files: Vec<File>,
    places: HashMap<String, Vec<Place>>,
    /// Lines that are no epoch records.
    pub damaged: u64,
}

#[derive(Clone, Copy)]
struct Place {
    file: usize,
    at: u64,
    bytes: u32,
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("epochs", &self.places.len()).finish_non_exhaustive()
    }
}

impl Records {
    /// Adds a file: one record to a line. Lines that are none are counted and left out.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn add(&mut self, path: &Path) -> io::Result<()> {
        let (opened, file) = (regular::read(path)?, self.files.len());
        let (mut places, mut damaged) = (Vec::new(), 0);
        each_line(&opened, |at, line| match line.and_then(|line| peek(line).map(|head| (head, line.len()))) {
            Some((head, bytes)) => places.push((head.epoch, Place { file, at, bytes: u32::try_from(bytes).unwrap_or_default() })),
            None => damaged += 1,
        })?;
        self.files.push(opened);
        self.damaged += damaged;
        for (epoch, place) in places {
            let known = self.places.entry(epoch).or_default();
            if known.len() < RECORDS_PER_EPOCH_MAX {
                known.push(place);
            }
        }
        Ok(())
    }

    /// How many epochs are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// True when none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The records of an epoch that pass the fence.
    pub fn of(&mut self, epoch: &str) -> Vec<Record> {
        let places = self.places.get(epoch).cloned().unwrap_or_default();
        places.iter().filter_map(|place| Record::parse(&self.line(*place).ok()?).ok()).collect()
    }

    fn line(&mut self, place: Place) -> io::Result<Vec<u8>> {
        let file = self.files.get_mut(place.file).ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(place.at))?;
        let mut line = vec![0; place.bytes as usize];
        file.read_exact(&mut line)?;
        Ok(line)
    }

    /// What each record of a file says of itself, in the file's order. Nothing vouches for it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn heads(path: &Path) -> io::Result<Vec<RecordHead>> {
        let mut heads = Vec::new();
        each_line(&regular::read(path)?, |_, line| {
            heads.extend(line.and_then(|line| Record::parse(line).ok()).map(|record| record.head().clone()))
        })?;
        Ok(heads)
    }
}

/// Gives each line that is not empty, without its end, and where it begins; `None` for one that is too long for a record.
fn each_line(file: &File, mut give: impl FnMut(u64, Option<&[u8]>)) -> io::Result<()> {
    let mut file = BufReader::with_capacity(256 * 1024, file);
    let (mut at, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let read = file.by_ref().take(RECORD_BYTES_MAX as u64 + 2).read_until(b'\n', &mut line)? as u64;
        if read == 0 {
            return Ok(());
        }
        let mut next = at + read;
        let ended = line.pop_if(|b| *b == b'\n').is_some();
        if line.len() > RECORD_BYTES_MAX {
            give(at, None);
            if !ended {
                next += file.skip_until(b'\n')? as u64;
            }
        } else if !line.is_empty() {
            give(at, Some(&line));
        }
        at = next;
    }
}
