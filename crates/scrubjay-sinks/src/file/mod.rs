//! The file sink: at-least-once appends, rotated and compressed on request.
//!
//! **Durable.** A batch is delivered only after `fdatasync` of the file and, once for each new file, `fsync` of its
//! folder. Syncs are grouped by time and size. After a sync that failed the file is never synced again: it is set aside
//! under a rotated name and everything that is not proven durable is written to a new file; a second failure in a row
//! ends the sink. Trouble with writing (a full disk, say) is waited out, which holds the pipeline back, and the write
//! goes on from the exact byte. The same record may stand in the output twice after a crash or such trouble.
//!
//! **Lines stay lines.** Several lanes may share a file ([`LineLimits`] says how and how far). A record that begins
//! where the file does not stand at the beginning of a line gets a newline first. That is the case after a lane that
//! ended without one, and after an existing file whose last line has none, be it torn by a crash or complete: the two
//! cannot be told apart, and a newline is right for both. A run with one lane adds nothing: out is what went in.
//!
//! **Messages** are written as value and newline; a null value writes nothing and is settled. A value that contains
//! newlines is written as it is. Keys and headers are not written.
//!
//! **Compressed** output is a row of whole gzip members or zstd frames, one for each sync, so whatever was settled can
//! be read with `gzip -dc` or `zstd -dc` at any time. A member is made in memory (at most 8 MiB compressed) and then
//! written, so a crash can tear only the one that was being written. Nothing is ever appended to a compressed file of an
//! earlier run, whose end may be torn: such a file gets its rotated name at start. `gzip -dc` reads it up to the tear.
//!
//! **Rotation** happens between records only. `clean.log` becomes `clean-000001.log`, `clean.log.gz` becomes
//! `clean-000001.log.gz`; numbers only go up. A record that is longer than `bytes_max` has a file of its own (a line
//! over [`LineLimits::open_line_bytes_max`] may share one with what stands before it). The size of compressed files is
//! known when a member is closed, so they may be longer by one member. Age counts from the file's creation and is looked
//! at when a record is written.
//!
//! When another program renames the file, a new one is begun after the next sync; when it removes the file, what was not
//! settled by then is written again to the new one. (With `copytruncate` that program loses what was written between its
//! copy and its truncation; use rename.)
//!
//! **One writer.** The file is locked (`flock`) while it is open. Folders are created with mode 0755, files with 0640.

pub(crate) mod chunk;
mod codec;
mod core;
mod live;
mod media;
mod names;
mod notice;
pub(crate) mod weave;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use scrubjay_delivery::{Backoff, BackoffLimits};
use scrubjay_pipeline::{Problem, Settlement, Sink, SinkSummary};
use scrubjay_scrub::Scrubbed;
use tokio::task::JoinHandle;

use self::chunk::Piece;
use self::core::{Core, Stop};
use self::live::problem;
use self::media::{Disk, Media};
use self::notice::Notices;

pub use self::weave::LineLimits;

/// What a file sink is to do; checked by whoever makes it, apart from the path, which is checked by [`FileSink::open`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSinkConfig {
    /// The file, used exactly as given: compression adds no ending.
    pub path: PathBuf,
    /// How the output is compressed.
    pub compression: Compression,
    /// When to begin a new file; `None` never does so by itself.
    pub rotate: Option<Rotate>,
    /// Longest time between a write and its sync. Default 200 ms, 1 s for compressed output.
    pub sync_interval: Duration,
    /// Bytes, before compression, after which a sync begins at once. Default 8 MiB, 32 MiB for compressed output.
    pub sync_bytes: u64,
    /// What is kept back so that lines of several lanes stay whole.
    pub lines: LineLimits,
}

impl FileSinkConfig {
    /// The defaults for a path and a compression. Compressed output is synced less often: each sync closes a member,
    /// and small members compress badly.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, compression: Compression) -> Self {
        let (sync_interval, sync_bytes) = match compression {
            Compression::None => (Duration::from_millis(200), 8 << 20),
            Compression::Gzip { .. } | Compression::Zstd { .. } => (Duration::from_secs(1), 32 << 20),
        };
        Self { path: path.into(), compression, rotate: None, sync_interval, sync_bytes, lines: LineLimits::default() }
    }
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip (RFC 1952).
    Gzip {
        /// 0 (none) to 9 (best); larger values count as 9. 6 is usual.
        level: u32,
    },
    /// Zstandard (RFC 8878), with content checksums.
    Zstd {
        /// 1 (fast) to 22 (best); 3 is usual, 0 means the library's default.
        level: i32,
    },
}

/// When a new file is begun, and how many old ones stay. With neither limit set files are never rotated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotate {
    /// Size in bytes, as stored, that a file does not pass (a longer record has a file of its own).
    pub bytes_max: Option<u64>,
    /// Age after which the next record goes to a new file.
    pub age_max: Option<Duration>,
    /// Number of rotated files of this path that stay; the oldest are deleted. `None` keeps all.
    pub keep: Option<usize>,
}

/// Writes scrubbed batches to a file. See the [module](self) for what it promises.
pub struct FileSink {
    core: Core,
    job: Option<JoinHandle<io::Result<()>>>,
    backoff: Backoff,
    /// Set after trouble: nothing is tried before.
    retry_at: Option<Instant>,
    dead: Option<Problem>,
}

impl FileSink {
    /// Opens the output, creating folders and file as needed, and locks it.
    ///
    /// # Errors
    /// A [`Problem`] when the path cannot be opened, is no regular file (`/dev/null` is allowed), or is being written by
    /// another process.
    pub fn open(config: FileSinkConfig) -> Result<Self, Problem> {
        Self::with_media(config, Arc::new(Disk), BackoffLimits::default())
    }

    fn with_media(config: FileSinkConfig, media: Arc<dyn Media>, limits: BackoffLimits) -> Result<Self, Problem> {
        let core = Core::open(config, media, Instant::now())?;
        Ok(Self { core, job: None, backoff: Backoff::new(limits), retry_at: None, dead: None })
    }

    /// Where trouble that is being waited out is told, at most every ten seconds. The default is standard error.
    #[must_use]
    pub fn on_trouble(mut self, notice: impl Fn(&Problem) + Send + 'static) -> Self {
        self.core.notices = Notices::to(notice);
        self
    }

    async fn accept_piece(&mut self, piece: Piece) -> Result<(), Problem> {
        if let Some(dead) = &self.dead {
            return Err(dead.clone());
        }
        self.core.admit(piece, Instant::now());
        self.pump().await?;
        // Begun here too, so that a busy runner that seldom asks for settlements does not put syncs off.
        if self.job.is_none() && self.core.sync_due(Instant::now()) {
            self.start_sync()?;
        }
        Ok(())
    }

    /// Writes all that is queued, however long it takes. Cancel safe.
    async fn pump(&mut self) -> Result<(), Problem> {
        loop {
            if let Some(at) = self.retry_at {
                tokio::time::sleep_until(at.into()).await;
                self.retry_at = None;
            }
            let now = Instant::now();
            match self.core.write(now) {
                Ok(()) => {
                    self.backoff.succeeded();
                    return Ok(());
                }
                Err(Stop::Rotate) => {
                    self.finish_job().await?;
                    let done = off_runtime(|| self.core.rotate(now));
                    self.check(done)?;
                }
                stopped @ Err(_) => self.check(stopped)?,
            }
        }
    }

    /// Sorts out why something stopped: trouble that may pass is noted, anything else ends the sink.
    fn check(&mut self, done: Result<(), Stop>) -> Result<(), Problem> {
        match done {
            Ok(()) | Err(Stop::Rotate) => Ok(()),
            Err(Stop::Wait(e)) => {
                let now = Instant::now();
                self.retry_at = Some(now + self.backoff.failed());
                let what = format!("cannot be written now: {e}; nothing is dropped, the input waits");
                let found = problem(self.core.path(), what, "make room there or mend the access");
                self.core.notices.give(&found, now);
                Ok(())
            }
            Err(Stop::Fatal(p)) => {
                self.dead = Some(p.clone());
                Err(p)
            }
        }
    }

    fn start_sync(&mut self) -> Result<(), Problem> {
        match self.core.begin_sync(Instant::now()) {
            Ok(None) => Ok(()),
            Ok(Some(ticket)) => {
                self.job = Some(tokio::task::spawn_blocking(move || ticket.run()));
                Ok(())
            }
            Err(stopped) => self.check(Err(stopped)),
        }
    }

    /// Waits for the sync that is under way. Cancel safe: the result stays in the handle until it is taken.
    async fn finish_job(&mut self) -> Result<(), Problem> {
        let Some(job) = &mut self.job else { return Ok(()) };
        let result = job.await.unwrap_or_else(|e| Err(io::Error::other(e)));
        self.job = None;
        let done = self.core.end_sync(result, Instant::now());
        self.check(done)
    }

    /// One step towards a settlement. Cancel safe.
    async fn settle_more(&mut self) -> Result<(), Problem> {
        if self.core.has_unwritten() || self.retry_at.is_some() {
            return self.pump().await;
        }
        if self.job.is_some() {
            return self.finish_job().await;
        }
        let now = Instant::now();
        match self.core.due_at(now) {
            None => std::future::pending().await,
            Some(at) if at > now => tokio::time::sleep_until(at.into()).await,
            Some(_) => {
                self.core.tick(now);
                if self.core.sync_due(now) {
                    self.start_sync()?;
                }
            }
        }
        Ok(())
    }

    async fn settled_now(&mut self) -> Result<Vec<Settlement>, Problem> {
        loop {
            let settled = self.core.take_settled();
            if !settled.is_empty() {
                return Ok(settled);
            }
            if let Some(dead) = &self.dead {
                return Err(dead.clone());
            }
            self.settle_more().await?;
        }
    }

    async fn close_now(&mut self) -> Result<Vec<Settlement>, Problem> {
        if let Some(dead) = &self.dead {
            return Err(dead.clone());
        }
        self.core.finish(Instant::now());
        while !self.close_step().await? {}
        Ok(self.core.take_settled())
    }

    /// True when everything is durable.
    async fn close_step(&mut self) -> Result<bool, Problem> {
        self.pump().await?;
        self.finish_job().await?;
        if self.core.has_unwritten() {
            return Ok(false);
        }
        self.start_sync()?;
        let idle = self.job.is_none() && self.retry_at.is_none();
        self.finish_job().await?;
        Ok(idle)
    }
}

/// Runs what may block for long without holding up other tasks, where the runtime allows it.
fn off_runtime<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[async_trait]
impl Sink for FileSink {
    async fn accept(&mut self, batch: Arc<Scrubbed>) -> Result<(), Problem> {
        self.accept_piece(Piece::of(batch)?).await
    }

    async fn settled(&mut self) -> Result<Vec<Settlement>, Problem> {
        self.settled_now().await
    }

    async fn close(&mut self) -> Result<Vec<Settlement>, Problem> {
        self.close_now().await
    }

    fn summary(&self) -> SinkSummary {
        self.core.summary()
    }
}
