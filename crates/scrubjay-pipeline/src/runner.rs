//! The data path of one pipeline, top to bottom: source → worker → runner → sinks → outcome → frontier → position.
//!
//! Each source, each worker and each sink is a task of its own. A lane has one worker, which scrubs its batches in order.
//! The runner takes what is scrubbed in the order in which it was read (a renamed file's last lines come before the first
//! ones of its successor, which is another lane), gives it to the sinks, counts, and keeps the frontier of each lane.
//! Values move: a batch that is lost on the way has no outcome, so its lane's position cannot pass it. The queues run one
//! way and are bounded: whatever waits holds back what is before it, and nothing waits for itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use scrubjay_delivery::{AckId, Advance, FailReason, Frontier, LaneId, Outcome};
use scrubjay_scrub::{Batch, Scrubbed, Scrubber, Stats};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
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
    /// Batches that are with the workers together, and that wait before one sink.
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
    /// Where claim sets go that the policy keeps apart from the logs (`seal_to: sidecar`). A batch is settled when they have
    /// settled theirs, too.
    pub sidecars: Vec<Box<dyn Sink>>,
    /// The only way from one to the other; at least one. Each gets a worker, and the lanes are divided among them, so that
    /// several cores can scrub. They must decide alike (same key, same limits).
    pub scrubbers: Vec<Scrubber>,
    /// Tells a scrubber before each batch what time has brought: the time itself, other keys, another policy.
    pub tend: Option<Arc<Tend>>,
    /// Limits of the run.
    pub limits: RunLimits,
}

/// Brings a scrubber up to date. It runs before each batch, so it has to be quick when there is nothing to do.
pub type Tend = dyn Fn(&mut Scrubber) + Send + Sync;

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    /// Counts over everything that was scrubbed.
    pub stats: Stats,
    /// One summary for each sink, in the order of [`Pipeline::sinks`], then for each sidecar.
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
    let Pipeline { sources, sinks, sidecars, scrubbers, tend, limits } = pipeline;
    debug_assert!(!scrubbers.is_empty(), "somebody has to scrub");
    let (problems_in, mut problems) = mpsc::channel(sources.len().max(1));
    let (order_in, order) = mpsc::channel(limits.queue_batches_max.max(2 * scrubbers.len()));
    let (outcomes_in, outcomes) = mpsc::unbounded_channel();
    let budget = Arc::new(Semaphore::new(limits.budget_bytes_max.max(limits.batch_bytes_max)));
    let feed = Feed { workers: scrubbers.into_iter().map(|s| start_worker(s, tend.clone(), limits)).collect(), order: order_in };
    let sources = sources
        .into_iter()
        .enumerate()
        .map(|(i, s)| SourceTask::start(i, s, feed.clone(), problems_in.clone(), Arc::clone(&budget), limits))
        .collect();
    let mains = sinks.len();
    let sinks: Vec<SinkTask> =
        sinks.into_iter().chain(sidecars).enumerate().map(|(i, s)| SinkTask::start(i, s, outcomes_in.clone(), limits)).collect();
    // Only sources hold a feed: when all of them have ended and all is scrubbed, the runner sees the end of the order.
    drop((feed, problems_in, outcomes_in));
    let mut runner = Runner {
        sources,
        lanes: HashMap::new(),
        flights: HashMap::new(),
        report: RunReport { sinks: vec![SinkSummary::default(); sinks.len()], ..RunReport::default() },
        sinks,
        mains,
        problem: report,
        stopping: false,
    };
    runner.drive(&mut problems, order, outcomes, stop, limits).await;
    // What was said just before the last source ended.
    while let Ok(problem) = problems.try_recv() {
        runner.note(&problem);
    }
    runner.close().await
}

/// Input on its way to a worker, with its share of the byte budget.
struct Raw {
    batch: Batch,
    permit: OwnedSemaphorePermit,
    done: oneshot::Sender<Clean>,
}

/// What a worker gives to the runner.
struct Clean {
    batch: Arc<Scrubbed>,
    sidecar: Option<Arc<Scrubbed>>,
    permit: OwnedSemaphorePermit,
}

/// Where a source puts what it has read.
#[derive(Clone)]
struct Feed {
    workers: Vec<mpsc::Sender<Raw>>,
    /// To the runner: what is being scrubbed, in the order in which it was read.
    order: mpsc::Sender<oneshot::Receiver<Clean>>,
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
    sources: Vec<SourceTask>,
    /// First those that get every batch, then the sidecars.
    sinks: Vec<SinkTask>,
    mains: usize,
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
        problems: &mut mpsc::Receiver<Problem>,
        mut order: mpsc::Receiver<oneshot::Receiver<Clean>>,
        mut outcomes: mpsc::UnboundedReceiver<(usize, Heard)>,
        stop: watch::Receiver<bool>,
        limits: RunLimits,
    ) {
        let mut persist = interval(limits.persist_interval);
        persist.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut more = true;
        let mut head = None;
        let mut open_sinks = self.sinks.len();
        let mut deadline = None;
        loop {
            if !more || self.stopping {
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
                Some(problem) = problems.recv() => self.note(&problem),
                clean = next_clean(&mut order, &mut head), if !self.stopping && more => match clean {
                    Some(Ok(clean)) => self.give(clean, &stop).await,
                    Some(Err(WorkerLost)) => self.worker_lost(),
                    None => more = false,
                },
            }
        }
    }

    /// The walk of one scrubbed batch: noted as under way, then given to every sink.
    async fn give(&mut self, Clean { batch, sidecar, permit }: Clean, stop: &watch::Receiver<bool>) {
        let ack = batch.ack();
        self.report.stats.add(batch.stats());
        let seq = self.lanes.entry(ack.lane).or_default().open(batch.resume_lag());
        debug_assert_eq!(seq, ack.seq, "a source numbers the batches of a lane without gaps, and a worker keeps their order");
        let (mains, sidecars) = self.sinks.split_at(self.mains);
        let apart = sidecar.iter().flat_map(|set| sidecars.iter().map(move |sink| (sink, set)));
        let all: Vec<(&SinkTask, &Arc<Scrubbed>)> = mains.iter().map(|sink| (sink, &batch)).chain(apart).collect();
        self.flights.insert(ack, Flight { waiting: all.len(), outcome: Outcome::Delivered, lane_ends: batch.lane_ends(), _permit: permit });
        for (sink, batch) in all {
            // A sink may wait for ever (a disk that stays full): a stop must get through all the same. What a sink was not
            // given has no outcome, so its lane stays where it is.
            tokio::select! {
                biased;
                () = sink.give(Arc::clone(batch)) => {}
                () = stopped(stop) => {
                    self.stopping = true;
                    return;
                }
            }
        }
    }

    /// A worker ended by a mistake of ours: what it had has no outcome, and its lanes cannot go on.
    fn worker_lost(&mut self) {
        self.note(&Problem::new("scrubbing", "a worker ended unexpectedly", "please report this"));
        self.stopping = true;
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

/// A worker ended with a batch in hand.
struct WorkerLost;

/// The next batch in the order in which batches were read; `None` when the last one was. Cancel safe: `head` is the one
/// that is being waited for.
async fn next_clean(
    order: &mut mpsc::Receiver<oneshot::Receiver<Clean>>,
    head: &mut Option<oneshot::Receiver<Clean>>,
) -> Option<Result<Clean, WorkerLost>> {
    let scrubbing = match head {
        Some(scrubbing) => scrubbing,
        None => head.insert(order.recv().await?),
    };
    let clean = scrubbing.await;
    *head = None;
    Some(clean.map_err(|_| WorkerLost))
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

/// Starts a worker and gives its queue. It never waits for anything but its queue, and ends when no source is left that
/// could fill it.
fn start_worker(mut scrubber: Scrubber, tend: Option<Arc<Tend>>, limits: RunLimits) -> mpsc::Sender<Raw> {
    let (queue, mut queued) = mpsc::channel::<Raw>(limits.queue_batches_max);
    tokio::spawn(async move {
        while let Some(Raw { batch, permit, done }) = queued.recv().await {
            if let Some(tend) = &tend {
                tend(&mut scrubber);
            }
            let mut clean = scrubber.scrub(batch);
            let sidecar = clean.take_sidecar().map(Arc::new);
            // Nobody waits for it any more once the runner has stopped.
            let _ = done.send(Clean { batch: Arc::new(clean), sidecar, permit });
        }
    });
    queue
}

impl Feed {
    /// Gives a batch to the worker of its lane. False when nobody listens any more.
    async fn put(&self, batch: Batch, permit: OwnedSemaphorePermit) -> bool {
        let Ok(place) = self.order.reserve().await else { return false };
        let (done, scrubbing) = oneshot::channel();
        let Some(worker) = self.workers.get(worker_of(batch.ack.lane, self.workers.len())) else { return false };
        let taken = worker.send(Raw { batch, permit, done }).await.is_ok();
        // Also when it was not taken: so the runner learns that the worker is lost.
        place.send(scrubbing);
        taken
    }
}

/// The worker of a lane: always the same one. Sources number their lanes in the order in which they come up, so they
/// spread evenly.
fn worker_of(lane: LaneId, workers: usize) -> usize {
    let (source, LaneId(lane)) = local(lane);
    ((lane + source as u64) % workers.max(1) as u64) as usize
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
        feed: Feed,
        problems: mpsc::Sender<Problem>,
        budget: Arc<Semaphore>,
        limits: RunLimits,
    ) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let task = tokio::spawn(source_task(index, source, feed, problems, told, budget, limits));
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
    feed: Feed,
    problems: mpsc::Sender<Problem>,
    mut told: mpsc::UnboundedReceiver<Tell>,
    budget: Arc<Semaphore>,
    limits: RunLimits,
) -> Result<(), Problem> {
    // Let go of when nothing more is read: the runner waits for that.
    let mut feed = Some(feed);
    loop {
        tokio::select! {
            biased;
            tell = told.recv() => match tell {
                Some(Tell::Settled(settled)) => source.settle(settled),
                Some(Tell::Persist) => if let Err(problem) = source.persist().await {
                    let _ = problems.send(problem).await;
                },
                Some(Tell::Stop) => feed = None,
                None => return source.close().await,
            },
            (event, permit) = read(&mut source, &budget, limits), if feed.is_some() => match event {
                SourceEvent::Batch(mut batch) => {
                    batch.ack.lane = global(index, batch.ack.lane);
                    let taken = match &feed {
                        Some(feed) => feed.put(batch, permit).await,
                        None => false,
                    };
                    // Once the runner has stopped, what was read is read again by the next run.
                    feed = feed.filter(|_| taken);
                }
                SourceEvent::Problem(problem) => drop(problems.send(problem).await),
                SourceEvent::End => feed = None,
            },
        }
    }
}

/// The budget is taken before reading: what cannot be held is not read.
async fn read(source: &mut Box<dyn Source>, budget: &Arc<Semaphore>, limits: RunLimits) -> (SourceEvent, OwnedSemaphorePermit) {
    let share = u32::try_from(limits.batch_bytes_max).unwrap_or(u32::MAX);
    let Ok(mut permit) = Arc::clone(budget).acquire_many_owned(share).await else { return std::future::pending().await };
    let event = source.next(limits.batch_bytes_max).await;
    if let SourceEvent::Batch(batch) = &event {
        // Even an empty batch takes a byte, so that their number is bounded too.
        let unused = limits.batch_bytes_max.saturating_sub(batch.bytes.len().max(1));
        drop(permit.split(unused));
    }
    (event, permit)
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
