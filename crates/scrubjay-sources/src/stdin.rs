//! Standard input as one lane of lines.

use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::sync::mpsc as thread_mpsc;
use std::time::Duration;

use async_trait::async_trait;
use scrubjay_delivery::{AckId, LaneId};
use scrubjay_pipeline::{Problem, Settled, Source, SourceEvent};
use scrubjay_scrub::{Batch, Framing, Origin};
use tokio::sync::mpsc;

/// Largest read, in bytes.
const READ_BYTES_MAX: usize = 256 * 1024;
/// How long to wait before an empty non-blocking input is tried again.
const WOULD_BLOCK_WAIT: Duration = Duration::from_millis(5);

/// Reads a byte stream that cannot be read twice: standard input, a pipe. One lane, framed as lines; batches are cut
/// where reads end, because the lane carries the scrubber's state.
///
/// There is no position to keep: what is read and not delivered at a crash is gone.
///
/// The blocking reads happen on a thread of their own and not on tokio's pool, because a runtime waits for its pool
/// when it is dropped, and a read of a terminal may never return. The thread reads only when it is asked, and no more
/// than it was asked for, so that the runner's byte budget holds.
pub struct StdinSource {
    origin: Arc<Origin>,
    ask: thread_mpsc::Sender<usize>,
    chunks: mpsc::Receiver<Result<Vec<u8>, ErrorKind>>,
    /// A read was asked for whose answer has not been taken yet. Survives a dropped call to `next`.
    asked: bool,
    /// What an earlier, larger request brought beyond the present bound.
    rest: Vec<u8>,
    next_seq: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The input is over; the lane's last batch (empty) is still to be given.
    Ending,
    Over,
}

impl StdinSource {
    /// The process's standard input. `name` is the source's name in the pipeline file (`stdin` for `scrub`).
    ///
    /// # Errors
    /// A [`Problem`] when no thread can be started.
    pub fn new(name: &str) -> Result<Self, Problem> {
        // `Stdin` and not its lock: the lock cannot be sent to a thread.
        Self::from_reader(name, std::io::stdin())
    }

    /// Any blocking reader in the place of standard input.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static) -> Result<Self, Problem> {
        let (ask, asks) = thread_mpsc::channel();
        let (give, chunks) = mpsc::channel(1);
        std::thread::Builder::new()
            .name("stdin".into())
            .spawn(move || answer(reader, &asks, &give))
            .map_err(|e| Problem::new("standard input", format!("cannot start a thread: {e}"), "raise the limit on threads"))?;
        let origin = Arc::new(Origin { source: name.to_owned(), name: "stdin".to_owned() });
        Ok(Self { origin, ask, chunks, asked: false, rest: Vec::new(), next_seq: 0, state: State::Open })
    }

    fn batch(&mut self, bytes: Vec<u8>, lane_ends: bool) -> SourceEvent {
        let ack = AckId { lane: LaneId(0), seq: self.next_seq };
        self.next_seq += 1;
        SourceEvent::Batch(Batch {
            ack,
            origin: Arc::clone(&self.origin),
            bytes,
            line_before: Vec::new(),
            framing: Framing::Lines,
            lane_ends,
        })
    }

    /// Gives at most `bytes_max` and keeps the rest for the next call.
    fn bounded(&mut self, mut bytes: Vec<u8>, bytes_max: usize) -> SourceEvent {
        if bytes.len() > bytes_max {
            self.rest = bytes.split_off(bytes_max);
        }
        self.batch(bytes, false)
    }

    fn end(&mut self) -> SourceEvent {
        let given = self.next_seq > 0;
        if self.state == State::Ending && given {
            self.state = State::Over;
            return self.batch(Vec::new(), true);
        }
        SourceEvent::End
    }
}

#[async_trait]
impl Source for StdinSource {
    async fn next(&mut self, bytes_max: usize) -> SourceEvent {
        let bytes_max = bytes_max.clamp(1, READ_BYTES_MAX);
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            return self.bounded(rest, bytes_max);
        }
        if self.state != State::Open {
            return self.end();
        }
        if !self.asked {
            // A thread that is gone shows below, as a closed channel.
            let _ = self.ask.send(bytes_max);
            self.asked = true;
        }
        // The one place that waits. `recv` is cancel safe: a dropped call leaves the answer in the channel.
        let answer = self.chunks.recv().await;
        self.asked = false;
        match answer {
            Some(Ok(bytes)) if !bytes.is_empty() => self.bounded(bytes, bytes_max),
            Some(Ok(_)) => {
                self.state = State::Ending;
                self.end()
            }
            failed => {
                self.state = State::Ending;
                let why = failed.and_then(Result::err).unwrap_or(ErrorKind::Other);
                SourceEvent::Problem(Problem::new("standard input", format!("cannot be read: {why}"), "what came before it is processed"))
            }
        }
    }

    fn settle(&mut self, _settled: Settled) {}

    async fn persist(&mut self) -> Result<(), Problem> {
        Ok(())
    }

    async fn close(&mut self) -> Result<(), Problem> {
        Ok(())
    }
}

/// The reading thread: one read for each request, until the end of the input or of the source.
fn answer(mut reader: impl Read, asks: &thread_mpsc::Receiver<usize>, give: &mpsc::Sender<Result<Vec<u8>, ErrorKind>>) {
    while let Ok(bytes_max) = asks.recv() {
        let chunk = read_some(&mut reader, bytes_max);
        let over = chunk.as_ref().map_or(true, Vec::is_empty);
        if give.blocking_send(chunk).is_err() || over {
            return;
        }
    }
}

fn read_some(reader: &mut impl Read, bytes_max: usize) -> Result<Vec<u8>, ErrorKind> {
    let mut bytes = vec![0; bytes_max];
    loop {
        match reader.read(&mut bytes) {
            Ok(n) => {
                bytes.truncate(n);
                // An interactive input gives a line at a time; a batch must not hold a quarter of a MiB for it.
                if n < bytes_max / 4 {
                    bytes.shrink_to_fit();
                }
                return Ok(bytes);
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            // Whoever started us may have left the input non-blocking.
            Err(e) if e.kind() == ErrorKind::WouldBlock => std::thread::sleep(WOULD_BLOCK_WAIT),
            Err(e) => return Err(e.kind()),
        }
    }
}
