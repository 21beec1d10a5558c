//! Standard output. A batch is delivered once it is written; a reader that goes away ends the run quietly.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use scrubjay_delivery::{Backoff, BackoffLimits, FailReason, Outcome};
use scrubjay_pipeline::{Problem, Settlement, Sink, SinkSummary};
use scrubjay_scrub::Scrubbed;
use tokio::task::JoinHandle;

use crate::file::LineLimits;
use crate::file::chunk::{Chunk, Done, Piece};
use crate::file::weave::{Join, Weaver};

/// Largest single write, in bytes.
const WRITE_BYTES_MAX: usize = 256 << 10;
/// Waits between tries while a non-blocking output has no room.
const FULL_PIPE: BackoffLimits = BackoffLimits { first: Duration::from_millis(1), wait_max: Duration::from_millis(50) };

/// Writes scrubbed batches to standard output, or to any writer.
///
/// When the reader has gone, batches settle as [`FailReason::ReaderGone`]: it is no error, and no more is wanted.
/// Everything else that goes wrong is a [`Problem`] at once, as for any Unix filter: a full disk is not waited out here.
pub struct StdoutSink<W = RawStdout> {
    weaver: Weaver,
    exact: bool,
    output: Arc<Mutex<Output<W>>>,
    /// The write that is under way, and what settles with each of its chunks.
    job: Option<JoinHandle<(usize, io::Result<()>)>>,
    dones: Vec<Option<Done>>,
    settled: Vec<Settlement>,
    summary: SinkSummary,
    reader_gone: bool,
    dead: Option<Problem>,
}

struct Output<W> {
    writer: W,
    at_line_start: bool,
}

/// File descriptor 1 without a buffer.
#[derive(Debug, Default)]
pub struct RawStdout(());

impl Write for RawStdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StdoutSink {
    /// Standard output, byte for byte in the order of arrival with nothing between lanes, as `cat` does.
    #[must_use]
    pub fn exact() -> Self {
        Self::exact_to(RawStdout::default())
    }

    /// Standard output with the lines of several lanes kept whole, as in the [file sink](crate::file).
    #[must_use]
    pub fn lines(limits: LineLimits) -> Self {
        Self::lines_to(RawStdout::default(), limits)
    }
}

impl<W: Write + Send + 'static> StdoutSink<W> {
    /// As [`StdoutSink::exact`], to a writer.
    pub fn exact_to(writer: W) -> Self {
        Self::new(writer, Join::Exact)
    }

    /// As [`StdoutSink::lines`], to a writer.
    pub fn lines_to(writer: W, limits: LineLimits) -> Self {
        Self::new(writer, Join::Lines(limits))
    }

    fn new(writer: W, join: Join) -> Self {
        Self {
            weaver: Weaver::new(join),
            exact: join == Join::Exact,
            output: Arc::new(Mutex::new(Output { writer, at_line_start: true })),
            job: None,
            dones: Vec::new(),
            settled: Vec::new(),
            summary: SinkSummary { target: "stdout".to_owned(), ..SinkSummary::default() },
            reader_gone: false,
            dead: None,
        }
    }

    async fn accept_piece(&mut self, piece: Piece) -> Result<(), Problem> {
        self.weaver.admit(piece, Instant::now());
        self.drain().await
    }

    /// Writes what the weaver lets go, on a thread of its own: a slow reader must not hold up the runtime. Cancel safe:
    /// a write under way is finished by the next call.
    async fn drain(&mut self) -> Result<(), Problem> {
        loop {
            if let Some(job) = &mut self.job {
                let (written, result) = job.await.unwrap_or_else(|e| (0, Err(io::Error::other(e))));
                self.job = None;
                self.finished(written, result);
            }
            if let Some(dead) = &self.dead {
                return Err(dead.clone());
            }
            let chunks: Vec<Chunk> = std::iter::from_fn(|| self.weaver.take()).collect();
            if chunks.is_empty() {
                return Ok(());
            }
            self.dones = chunks.iter().map(|chunk| chunk.done).collect();
            if self.reader_gone {
                self.finished(0, Err(io::ErrorKind::BrokenPipe.into()));
                continue;
            }
            let (output, exact) = (Arc::clone(&self.output), self.exact);
            let work = move || output.lock().unwrap_or_else(PoisonError::into_inner).write_chunks(&chunks, exact);
            self.job = Some(tokio::task::spawn_blocking(work));
        }
    }

    fn finished(&mut self, written: usize, result: io::Result<()>) {
        let dones = std::mem::take(&mut self.dones);
        for done in dones.iter().take(written).flatten() {
            self.settled.push(Settlement { ack: done.ack, outcome: Outcome::Delivered });
            self.summary.records += done.records;
            self.summary.bytes += done.bytes;
        }
        match result {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                self.reader_gone = true;
                let outcome = Outcome::Failed(FailReason::ReaderGone);
                self.settled.extend(dones.iter().skip(written).flatten().map(|done| Settlement { ack: done.ack, outcome }));
            }
            Err(e) => self.dead = Some(Problem::new("stdout", format!("cannot be written: {e}"), "check where it leads to")),
        }
    }

    async fn settled_now(&mut self) -> Result<Vec<Settlement>, Problem> {
        loop {
            if !self.settled.is_empty() {
                return Ok(std::mem::take(&mut self.settled));
            }
            if self.job.is_none() && self.dead.is_none() {
                match self.weaver.stalled_at() {
                    None => std::future::pending().await,
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                }
                self.weaver.tick(Instant::now());
            }
            self.drain().await?;
        }
    }

    async fn close_now(&mut self) -> Result<Vec<Settlement>, Problem> {
        self.weaver.finish(Instant::now());
        self.drain().await?;
        Ok(std::mem::take(&mut self.settled))
    }
}

impl<W: Write> Output<W> {
    /// Returns how many chunks are written whole.
    fn write_chunks(&mut self, chunks: &[Chunk], exact: bool) -> (usize, io::Result<()>) {
        for (n, chunk) in chunks.iter().enumerate() {
            if let Err(e) = self.write_chunk(chunk, exact) {
                return (n, Err(e));
            }
        }
        (chunks.len(), self.writer.flush())
    }

    fn write_chunk(&mut self, chunk: &Chunk, exact: bool) -> io::Result<()> {
        let bytes = chunk.bytes();
        if !exact && chunk.starts && !self.at_line_start && !bytes.is_empty() {
            self.write_all(b"\n")?;
        }
        self.write_all(bytes)
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let mut backoff = Backoff::new(FULL_PIPE);
        while !bytes.is_empty() {
            match self.writer.write(bytes.get(..WRITE_BYTES_MAX).unwrap_or(bytes)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    backoff.succeeded();
                    self.at_line_start = bytes.get(n - 1) == Some(&b'\n');
                    bytes = bytes.get(n..).unwrap_or_default();
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(backoff.failed()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

#[async_trait]
impl<W: Write + Send + 'static> Sink for StdoutSink<W> {
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
        self.summary.clone()
    }
}

#[cfg(test)]
mod tests;
