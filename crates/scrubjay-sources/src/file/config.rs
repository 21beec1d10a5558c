//! What a file source is made from, as checked.

use std::path::PathBuf;
use std::time::Duration;

use scrubjay_pipeline::Problem;

/// Where reading begins in files that were there before the first start (no checkpoint yet). Files that appear later
/// are always read from their beginning, or what was written before they were noticed would be lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// From the first byte.
    #[default]
    Beginning,
    /// From the end: after the last complete line.
    End,
}

/// Settings of a [`crate::FileSource`]. [`Self::new`] has the defaults.
#[derive(Clone, Debug)]
pub struct FileSourceConfig {
    /// The source's name in the pipeline file.
    pub name: String,
    /// What to read: paths or patterns (`*`, `?`, `[…]`, `**`), absolute or relative to the working directory. A
    /// pattern does not match names that begin with a dot unless it says so itself.
    pub include: Vec<String>,
    /// What to leave out. A pattern without `/` is matched against the file's name, others against the whole path.
    pub exclude: Vec<String>,
    /// Where reading begins at the very first start.
    pub start: Start,
    /// Read what is there now, then end.
    pub once: bool,
    /// The checkpoint file. `None`: positions are forgotten at the end.
    pub state_file: Option<PathBuf>,
    /// How often patterns are evaluated again and files are looked at. Longer when looking takes long: at most a tenth
    /// of the time is spent on it.
    pub poll_interval: Duration,
    /// How long a file that was renamed or deleted must be quiet before its last line counts as finished, and how long
    /// it is watched after that for a writer that has not noticed. A successor with content finishes it at once.
    pub rotate_wait: Duration,
    /// Most bytes in a batch; the bound given with each call applies as well.
    pub batch_bytes_max: usize,
    /// A longer line is given in fragments as it is read. So is one that does not fit into a batch.
    pub line_bytes_max: usize,
    /// Most files that are kept open. Files that were renamed or deleted before they were read to their end are kept
    /// open beyond it, because nothing else leads to them.
    pub files_open_max: usize,
}

impl FileSourceConfig {
    /// The defaults: from the beginning, tail, no checkpoint, 250 ms, 5 s, 256 KiB, 1 MiB, 512 files.
    #[must_use]
    pub fn new(name: impl Into<String>, include: Vec<String>) -> Self {
        Self {
            name: name.into(),
            include,
            exclude: Vec::new(),
            start: Start::default(),
            once: false,
            state_file: None,
            poll_interval: Duration::from_millis(250),
            rotate_wait: Duration::from_secs(5),
            batch_bytes_max: 256 * 1024,
            line_bytes_max: 1024 * 1024,
            files_open_max: 512,
        }
    }

    /// Checks what the types do not say.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let place = format!("source {}", self.name);
        if self.include.is_empty() {
            return Err(Problem::new(place, "include names no files", "name at least one path or pattern"));
        }
        let limits =
            [("batch_bytes_max", self.batch_bytes_max), ("line_bytes_max", self.line_bytes_max), ("files_open_max", self.files_open_max)];
        match limits.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(Problem::new(place, format!("{name} is 0"), "set it to 1 or more")),
            None => Ok(()),
        }
    }
}
