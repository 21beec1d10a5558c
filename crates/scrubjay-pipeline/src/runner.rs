//! The data path of one pipeline, top to bottom: source → scrub → sinks → outcome → frontier → position.
//!
//! Each source and each sink is a task of its own; the runner between them scrubs, counts and keeps the frontier of each
//! lane. It moves values: a batch that is lost on the way has no outcome, so its lane's position cannot pass it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use scrubjay_delivery::{AckId, Advance, FailReason, Frontier, LaneId, Outcome};
use scrubjay_scrub::{Batch, Scrubbed, Scrubber, Stats};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::{Problem, Settled, Settlement, Sink, SinkSummary, Source, SourceEvent};

/// Limits of a run (DESIGN §10).
#[derive(Clone, Copy, Debug)]
pub struct RunLimits {
    /// Bytes of input that may be under way at one time, in all sources together.
    pub budget_bytes_max: usize,
    /// Bytes of one batch.
    pub batch_bytes_max: usize,
    /// Batches that wait before one sink.
    pub queue_batches_max: usize,
    /// Time between two calls of [`Source::persist`].
    pub persist_interval: Duration,
    /// Time that draining may take after a stop before it is given up.
    pub drain_max: Duration,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            budget_bytes_max: 64 * 1024 * 1024,
            batch_bytes_max: 256 * 1024,
            queue_batches_max: 16,
            persist_interval: Duration::from_secs(1),
            drain_max: Duration::from_secs(20),
        }
    }
}

/// One pipeline, ready to run.
pub struct Pipeline {
    /// Where batches come from.
    pub sources: Vec<Box<dyn Source>>,
    /// Where scrubbed batches go; each gets all of them.
    pub sinks: Vec<Box<dyn Sink>>,
    /// The only way from one to the other.
    pub scrubber: Scrubber,
    /// Limits of the run.
    pub limits: RunLimits,
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    /// Counts over everything that was scrubbed.
    pub stats: Stats,
    /// One summary for each sink, in the order of [`Pipeline::sinks`].
    pub sinks: Vec<SinkSummary>,
    /// Number of problems reported.
    pub problems: u64,
    /// The shutdown deadline passed before everything was settled. What was not is read again by the next run.
    pub deadline_passed: bool,
    /// The reader of standard output went away: the run ended early, and nothing is wrong.
    pub reader_gone: bool,
}

/// Runs a pipeline until its sources end, a sink fails for good, or `stop` becomes true. `report` is told of every problem
/// as it happens.
pub async fn run(pipeline: Pipeline, stop: watch::Receiver<bool>, report: &(dyn Fn(&Problem) + Send + Sync)) -> RunReport {
    let Pipeline { sources, sinks, scrubber, limits } = pipeline;
    let (events_in, events) = mpsc::channel(sources.len().max(1));
    let (outcomes_in, outcomes) = mpsc::unbounded_channel();
    let budget = Arc::new(Semaphore::new(limits.budget_bytes_max.max(limits.batch_bytes_max)));
    let sources =
        sources.into_iter().enumerate().map(|(i, s)| SourceTask::start(i, s, events_in.clone(), Arc::clone(&budget), limits)).collect();
    let sinks: Vec<SinkTask> = sinks.into_iter().enumerate().map(|(i, s)| SinkTask::start(i, s, outcomes_in.clone(), limits)).collect();
    drop((events_in, outcomes_in));
    let mut runner = Runner {
        scrubber,
        sources,
        lanes: HashMap::new(),
        flights: HashMap::new(),
        report: RunReport { sinks: vec![SinkSummary::default(); sinks.len()], ..RunReport::default() },
        sinks,
        problem: report,
        stopping: false,
    };
    runner.drive(events, outcomes, stop, limits).await;
    runner.close().await
}

/// What a source task says to the runner.
enum Said {
    Batch(Batch, OwnedSemaphorePermit),
    Problem(Problem),
    End,
}

/// What the runner says to a source task.
enum Tell {
    Settled(Settled),
    Persist,
    Stop,
}

/// What a sink task says to the runner.
enum Heard {
    Settled(Vec<Settlement>),
    Failed(Problem),
    Closed(SinkSummary),
}

struct Runner<'a> {
    scrubber: Scrubber,
    sources: Vec<SourceTask>,
    sinks: Vec<SinkTask>,
    lanes: HashMap<LaneId, Frontier<u64>>,
    flights: HashMap<AckId, Flight>,
    report: RunReport,
    problem: &'a (dyn Fn(&Problem) + Send + Sync),
    stopping: bool,
}

/// A batch under way: the sinks that have not settled it, the worst outcome so far, and its share of the byte budget.
struct Flight {
    waiting: usize,
    outcome: Outcome,
    lane_ends: bool,
    _permit: OwnedSemaphorePermit,
}

impl Runner<'_> {
    async fn drive(
        &mut self,
        mut events: mpsc::Receiver<(usize, Said)>,
        mut outcomes: mpsc::UnboundedReceiver<(usize, Heard)>,
        stop: watch::Receiver<bool>,
        limits: RunLimits,
    ) {
        let mut persist = interval(limits.persist_interval);
        persist.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut open_sources = self.sources.len();
        let mut open_sinks = self.sinks.len();
        let mut deadline = None;
        loop {
            if open_sources == 0 || self.stopping {
                self.sinks.iter_mut().for_each(SinkTask::finish);
                if self.stopping && deadline.is_none() {
                    deadline = Some(Instant::now() + limits.drain_max);
                    self.sources.iter().for_each(|s| s.tell(Tell::Stop));
                }
                if open_sinks == 0 {
                    return;
                }
            }
            tokio::select! {
                biased;
                Some((sink, heard)) = outcomes.recv() => {
                    open_sinks -= usize::from(self.heard(sink, heard));
                }
                () = async { sleep_until(deadline.unwrap_or_else(Instant::now)).await }, if deadline.is_some() => {
                    self.report.deadline_passed = true;
                    return;
                }
                _ = persist.tick() => self.sources.iter().for_each(|s| s.tell(Tell::Persist)),
                () = stopped(&stop), if !self.stopping => self.stopping = true,
                Some((source, said)) = events.recv(), if !self.stopping && open_sources > 0 => match said {
                    Said::Batch(batch, permit) => self.batch(source, batch, permit, &stop).await,
                    Said::Problem(problem) => self.note(&problem),
                    Said::End => open_sources -= 1,
                },
            }
        }
    }

    /// The walk of one batch: scrubbed in memory, then given to every sink.
    async fn batch(&mut self, source: usize, mut batch: Batch, permit: OwnedSemaphorePermit, stop: &watch::Receiver<bool>) {
        batch.ack.lane = global(source, batch.ack.lane);
        let ack = batch.ack;
        let clean = Arc::new(self.scrubber.scrub(batch));
        self.report.stats.add(clean.stats());
        let seq = self.lanes.entry(ack.lane).or_default().open(clean.resume_lag());
        debug_assert_eq!(seq, ack.seq, "a source numbers the batches of a lane without gaps");
        self.flights
            .insert(ack, Flight { waiting: self.sinks.len(), outcome: Outcome::Delivered, lane_ends: clean.lane_ends(), _permit: permit });
        for sink in &self.sinks {
            // A sink may wait for ever (a disk that stays full): a stop must get through all the same. What a sink was not
            // given has no outcome, so its lane stays where it is.
            tokio::select! {
                biased;
                () = sink.give(Arc::clone(&clean)) => {}
                () = stopped(stop) => {
                    self.stopping = true;
                    return;
                }
            }
        }
    }

    /// Takes what a sink says; true when it has closed.
    fn heard(&mut self, sink: usize, heard: Heard) -> bool {
        match heard {
            Heard::Settled(settlements) => {
                for s in settlements {
                    self.settled(s);
                }
                false
            }
            Heard::Failed(problem) => {
                self.note(&problem);
                self.stopping = true;
                false
            }
            Heard::Closed(summary) => {
                if let Some(place) = self.report.sinks.get_mut(sink) {
                    *place = summary;
                }
                true
            }
        }
    }

    /// One sink has settled a batch; when all have, the lane's frontier may move and its source is told.
    fn settled(&mut self, settlement: Settlement) {
        let Settlement { ack, outcome } = settlement;
        let Some(flight) = self.flights.get_mut(&ack) else {
            debug_assert!(false, "a sink settles each batch once");
            return;
        };
        flight.outcome = flight.outcome.worst(outcome);
        flight.waiting = flight.waiting.saturating_sub(1);
        if outcome == Outcome::Failed(FailReason::ReaderGone) {
            self.report.reader_gone = true;
        }
        self.stopping |= matches!(outcome, Outcome::Failed(_));
        if flight.waiting > 0 {
            return;
        }
        let Some(flight) = self.flights.remove(&ack) else { return };
        let Some(frontier) = self.lanes.get_mut(&ack.lane) else { return };
        let (source, lane) = local(ack.lane);
        let tell = match frontier.settle(ack.seq, flight.outcome) {
            Ok(Advance::To { seq, note }) => Some(Settled { ack: AckId { lane, seq }, outcome: Outcome::Delivered, resume_lag: note }),
            Ok(Advance::Stopped { seq, outcome }) => Some(Settled { ack: AckId { lane, seq }, outcome, resume_lag: 0 }),
            Ok(Advance::Held) | Err(_) => None,
        };
        if flight.lane_ends && frontier.in_flight() == 0 {
            self.lanes.remove(&ack.lane);
        }
        if let (Some(settled), Some(source)) = (tell, self.sources.get(source)) {
            source.tell(Tell::Settled(settled));
        }
    }

    fn note(&mut self, problem: &Problem) {
        self.report.problems += 1;
        (self.problem)(problem);
    }

    /// Positions are persisted last, after every outcome that will come has come.
    async fn close(mut self) -> RunReport {
        for source in std::mem::take(&mut self.sources) {
            if let Err(problem) = source.close().await {
                self.note(&problem);
            }
        }
        self.report
    }
}

/// Returns when a stop is asked for; never when nobody can ask any more.
async fn stopped(stop: &watch::Receiver<bool>) {
    if stop.clone().wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

/// Lanes are numbered by each source for itself; the runner tells them apart by the source's number in the upper bits.
const SOURCE_SHIFT: u32 = 48;

fn global(source: usize, lane: LaneId) -> LaneId {
    debug_assert!(lane.0 >> SOURCE_SHIFT == 0);
    LaneId((source as u64) << SOURCE_SHIFT | lane.0)
}

fn local(lane: LaneId) -> (usize, LaneId) {
    ((lane.0 >> SOURCE_SHIFT) as usize, LaneId(lane.0 & ((1 << SOURCE_SHIFT) - 1)))
}

/// A source in its task, and the line to it.
struct SourceTask {
    tell: mpsc::UnboundedSender<Tell>,
    task: JoinHandle<Result<(), Problem>>,
}

impl SourceTask {
    fn start(
        index: usize,
        source: Box<dyn Source>,
        events: mpsc::Sender<(usize, Said)>,
        budget: Arc<Semaphore>,
        limits: RunLimits,
    ) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let task = tokio::spawn(source_task(index, source, events, told, budget, limits));
        Self { tell, task }
    }

    fn tell(&self, what: Tell) {
        // A task that has ended needs to be told nothing.
        let _ = self.tell.send(what);
    }

    async fn close(self) -> Result<(), Problem> {
        drop(self.tell);
        self.task.await.unwrap_or_else(|_| Err(Problem::new("a source", "its task ended unexpectedly", "please report this")))
    }
}

async fn source_task(
    index: usize,
    mut source: Box<dyn Source>,
    events: mpsc::Sender<(usize, Said)>,
    mut told: mpsc::UnboundedReceiver<Tell>,
    budget: Arc<Semaphore>,
    limits: RunLimits,
) -> Result<(), Problem> {
    let mut reading = true;
    loop {
        tokio::select! {
            biased;
            tell = told.recv() => match tell {
                Some(Tell::Settled(settled)) => source.settle(settled),
                Some(Tell::Persist) => if let Err(problem) = source.persist().await {
                    let _ = events.send((index, Said::Problem(problem))).await;
                },
                Some(Tell::Stop) => reading = false,
                None => return source.close().await,
            },
            said = read(&mut source, &budget, limits), if reading => {
                reading = !matches!(said, Said::End);
                // Nobody listens any more once the runner has stopped: what was read is read again by the next run.
                reading &= events.send((index, said)).await.is_ok();
            }
        }
    }
}

/// The budget is taken before reading: what cannot be held is not read.
async fn read(source: &mut Box<dyn Source>, budget: &Arc<Semaphore>, limits: RunLimits) -> Said {
    let share = u32::try_from(limits.batch_bytes_max).unwrap_or(u32::MAX);
    let Ok(mut permit) = Arc::clone(budget).acquire_many_owned(share).await else { return Said::End };
    match source.next(limits.batch_bytes_max).await {
        SourceEvent::Batch(batch) => {
            // Even an empty batch takes a byte, so that their number is bounded too.
            let unused = limits.batch_bytes_max.saturating_sub(batch.bytes.len().max(1));
            drop(permit.split(unused));
            Said::Batch(batch, permit)
        }
        SourceEvent::Problem(problem) => Said::Problem(problem),
        SourceEvent::End => Said::End,
    }
}

/// A sink in its task, and the queue before it.
struct SinkTask {
    queue: Option<mpsc::Sender<Arc<Scrubbed>>>,
    _task: JoinHandle<()>,
}

impl SinkTask {
    fn start(index: usize, sink: Box<dyn Sink>, outcomes: mpsc::UnboundedSender<(usize, Heard)>, limits: RunLimits) -> Self {
        let (queue, queued) = mpsc::channel(limits.queue_batches_max);
        Self { queue: Some(queue), _task: tokio::spawn(sink_task(index, sink, queued, outcomes)) }
    }

    async fn give(&self, batch: Arc<Scrubbed>) {
        if let Some(queue) = &self.queue {
            // A sink that has failed takes nothing; its batches stay without outcome, and their lanes stay where they are.
            let _ = queue.send(batch).await;
        }
    }

    fn finish(&mut self) {
        self.queue = None;
    }
}

async fn sink_task(
    index: usize,
    mut sink: Box<dyn Sink>,
    mut queued: mpsc::Receiver<Arc<Scrubbed>>,
    outcomes: mpsc::UnboundedSender<(usize, Heard)>,
) {
    let say = |heard| {
        let _ = outcomes.send((index, heard));
    };
    loop {
        tokio::select! {
            settled = sink.settled() => match settled {
                Ok(settlements) => say(Heard::Settled(settlements)),
                Err(problem) => {
                    say(Heard::Failed(problem));
                    break;
                }
            },
            batch = queued.recv() => match batch {
                Some(batch) => if let Err(problem) = sink.accept(batch).await {
                    say(Heard::Failed(problem));
                    break;
                },
                None => break,
            },
        }
    }
    match sink.close().await {
        Ok(settlements) => say(Heard::Settled(settlements)),
        Err(problem) => say(Heard::Failed(problem)),
    }
    say(Heard::Closed(sink.summary()));
}
