//! The runner with sources and sinks in memory: order, acknowledgements and ends, with one worker and with several.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use scrubjay_delivery::{AckId, FailReason, LaneId, Outcome};
use scrubjay_pipeline::{Pipeline, Problem, RunLimits, RunReport, Settled, Settlement, Sink, SinkSummary, Source, SourceEvent, run};
use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Origin, Scrubbed, Scrubber};
use tokio::sync::watch;

const WORKERS: [usize; 3] = [1, 2, 5];

/// What happened, for the test to look at.
#[derive(Default)]
struct Seen {
    /// Output of each lane at each sink, in the order of acceptance.
    out: Mutex<BTreeMap<(usize, LaneId), Vec<u8>>>,
    /// Batches as each sink accepted them.
    order: Mutex<BTreeMap<usize, Vec<AckId>>>,
    /// What each source was told last of each of its lanes.
    told: Mutex<BTreeMap<(usize, LaneId), (u64, Outcome)>>,
    closed: Mutex<Vec<usize>>,
}

// ---- A source ----

/// Gives the batches of its lanes in turn.
struct Lanes {
    number: usize,
    batches: VecDeque<Batch>,
    /// Waits for ever after the last batch, as a source that follows does.
    follows: bool,
    seen: Arc<Seen>,
}

#[async_trait]
impl Source for Lanes {
    async fn next(&mut self, bytes_max: usize) -> SourceEvent {
        match self.batches.pop_front() {
            Some(batch) => {
                assert!(batch.bytes.len() <= bytes_max);
                SourceEvent::Batch(batch)
            }
            None if self.follows => std::future::pending().await,
            None => SourceEvent::End,
        }
    }

    fn settle(&mut self, settled: Settled) {
        let mut told = self.seen.told.lock().unwrap();
        let before = told.insert((self.number, settled.ack.lane), (settled.ack.seq, settled.outcome));
        assert!(before.is_none_or(|(seq, outcome)| seq < settled.ack.seq && outcome == Outcome::Delivered));
    }

    async fn persist(&mut self) -> Result<(), Problem> {
        Ok(())
    }

    async fn close(&mut self) -> Result<(), Problem> {
        self.seen.closed.lock().unwrap().push(self.number);
        Ok(())
    }
}

/// Lines of a lane, in batches that end anywhere.
fn batches(lane: u64, count: usize) -> Vec<Batch> {
    let line = |i| format!("lane {lane} line {i} t=eyJhbGciOiJub25lIn0.eyJzdWIiOiJqbyJ9.\n{{\n  \"n\": {i}\n}}\n");
    let text: String = (0..count * TOKENS_PER_BATCH).map(line).collect();
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(text.len().div_ceil(count).max(1)).collect();
    let origin = Arc::new(Origin { source: "test".into(), name: format!("lane {lane}") });
    let batch = |(seq, bytes): (usize, &&[u8])| Batch {
        ack: AckId { lane: LaneId(lane), seq: seq as u64 },
        origin: Arc::clone(&origin),
        bytes: bytes.to_vec(),
        line_before: Vec::new(),
        framing: Framing::Lines,
        lane_ends: seq + 1 == pieces.len(),
    };
    pieces.iter().enumerate().map(batch).collect()
}

const TOKENS_PER_BATCH: usize = 7;

/// Number of batches of a lane: not the same for all.
fn count_of(lane: u64, count: usize) -> usize {
    count + lane as usize % 3
}

fn interleaved(lanes: u64, count: usize) -> VecDeque<Batch> {
    let mut lanes: Vec<_> = (0..lanes).map(|lane| VecDeque::from(batches(lane, count_of(lane, count)))).collect();
    let mut all = VecDeque::new();
    while lanes.iter().any(|lane| !lane.is_empty()) {
        all.extend(lanes.iter_mut().filter_map(VecDeque::pop_front));
    }
    all
}

fn scrubber() -> Scrubber {
    Scrubber::new(FingerprintKey::from_bytes(&[7; 32]).unwrap(), Limits::default())
}

/// What must come out of the first batches of a lane.
fn expected(lane: u64, count: usize, first: usize) -> Vec<u8> {
    let mut scrubber = scrubber();
    let batches = batches(lane, count_of(lane, count)).into_iter().take(first);
    batches.flat_map(|batch| scrubber.scrub(batch).bytes().to_vec()).collect()
}

// ---- A sink ----

/// How a sink behaves.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// Settles whatever it was given, some at a time.
    Good,
    /// Takes this many batches, then no more.
    FailsAfter(usize),
    /// Takes one batch and then waits for ever, as with a disk that stays full.
    Stuck,
    /// Loses its reader after this many batches.
    LosesReader(usize),
}

struct Memory {
    number: usize,
    manner: Manner,
    taken: usize,
    open: Vec<AckId>,
    seen: Arc<Seen>,
}

impl Memory {
    fn settle_all(&mut self) -> Vec<Settlement> {
        let gone = matches!(self.manner, Manner::LosesReader(count) if self.taken > count);
        let outcome = if gone { Outcome::Failed(FailReason::ReaderGone) } else { Outcome::Delivered };
        // Out of order, as acknowledgements come.
        self.open.drain(..).rev().map(|ack| Settlement { ack, outcome }).collect()
    }
}

#[async_trait]
impl Sink for Memory {
    async fn accept(&mut self, batch: Arc<Scrubbed>) -> Result<(), Problem> {
        self.taken += 1;
        match self.manner {
            Manner::FailsAfter(count) if self.taken > count => return Err(Problem::new("memory", "is full", "")),
            Manner::Stuck if self.taken > 1 => std::future::pending().await,
            _ => {}
        }
        self.open.push(batch.ack());
        self.seen.order.lock().unwrap().entry(self.number).or_default().push(batch.ack());
        let mut out = self.seen.out.lock().unwrap();
        out.entry((self.number, batch.ack().lane)).or_default().extend_from_slice(batch.bytes());
        Ok(())
    }

    async fn settled(&mut self) -> Result<Vec<Settlement>, Problem> {
        if self.open.is_empty() {
            std::future::pending::<()>().await;
        }
        // Some more may come in the meantime.
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(self.settle_all())
    }

    async fn close(&mut self) -> Result<Vec<Settlement>, Problem> {
        Ok(self.settle_all())
    }

    fn summary(&self) -> SinkSummary {
        SinkSummary { target: format!("memory {}", self.number), ..SinkSummary::default() }
    }
}

// ---- A run ----

struct Setup {
    workers: usize,
    lanes: u64,
    count: usize,
    follows: bool,
    sinks: Vec<Manner>,
    stop_after: Option<Duration>,
    limits: RunLimits,
}

impl Setup {
    fn new(workers: usize, sinks: &[Manner]) -> Self {
        let limits = RunLimits { queue_batches_max: 2, drain_max: Duration::from_millis(300), ..RunLimits::default() };
        Self { workers, lanes: 9, count: 20, follows: false, sinks: sinks.to_vec(), stop_after: None, limits }
    }

    /// Two sources with the same lanes each: the runner tells them apart.
    fn run(&self) -> (RunReport, Arc<Seen>) {
        let seen = Arc::new(Seen::default());
        let source = |number| {
            let batches = interleaved(self.lanes, self.count);
            Box::new(Lanes { number, batches, follows: self.follows, seen: Arc::clone(&seen) }) as Box<dyn Source>
        };
        let sink = |(number, manner): (usize, &Manner)| {
            Box::new(Memory { number, manner: *manner, taken: 0, open: Vec::new(), seen: Arc::clone(&seen) }) as Box<dyn Sink>
        };
        let pipeline = Pipeline {
            sources: (0..2).map(source).collect(),
            sinks: self.sinks.iter().enumerate().map(sink).collect(),
            sidecars: Vec::new(),
            scrubbers: (0..self.workers).map(|_| scrubber()).collect(),
            tend: None,
            limits: self.limits,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(self.workers.max(2)).enable_all().build().unwrap();
        let report = runtime.block_on(async {
            let (stop, stopped) = watch::channel(false);
            if let Some(after) = self.stop_after {
                let stop = stop.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    stop.send_replace(true);
                });
            }
            let ran = tokio::time::timeout(Duration::from_secs(60), run(pipeline, stopped, &|_| {})).await;
            ran.expect("the run ends")
        });
        assert_eq!(*seen.closed.lock().unwrap(), [0, 1], "every source is closed");
        (report, seen)
    }
}

/// Lanes are named as the runner does: the source's number in the upper bits.
fn lane(source: usize, lane: u64) -> LaneId {
    LaneId((source as u64) << 48 | lane)
}

#[test]
fn every_sink_gets_every_lane_in_order() {
    for workers in WORKERS {
        for (lanes, count) in [(1, 40), (9, 20), (60, 3)] {
            let setup = Setup { lanes, count, ..Setup::new(workers, &[Manner::Good, Manner::Good]) };
            let (report, seen) = setup.run();
            assert_eq!((report.problems, report.deadline_passed, report.reader_gone), (0, false, false));
            let (out, told) = (seen.out.lock().unwrap(), seen.told.lock().unwrap());
            let mut batches = 0;
            for id in 0..lanes {
                let of_lane = count_of(id, count);
                let expected = expected(id, count, of_lane);
                for source in 0..2 {
                    for sink in 0..2 {
                        assert!(out[&(sink, lane(source, id))] == expected, "{workers} workers, lane {id}");
                    }
                    let last = (of_lane as u64 - 1, Outcome::Delivered);
                    assert_eq!(told[&(source, LaneId(id))], last, "{workers} workers, lane {id}");
                    batches += of_lane;
                }
            }
            assert_eq!(out.len() as u64, 4 * lanes);
            // Lanes may follow each other (a file and its successor): what was read first comes out first.
            let read: Vec<AckId> = interleaved(lanes, count).iter().map(|batch| batch.ack).collect();
            for accepted in seen.order.lock().unwrap().values() {
                for source in 0..2 {
                    let of_source = accepted.iter().filter(|ack| ack.lane.0 >> 48 == source);
                    let of_source: Vec<AckId> = of_source.map(|a| AckId { lane: LaneId(a.lane.0 & 0xffff), seq: a.seq }).collect();
                    assert_eq!(of_source, read, "{workers} workers");
                }
            }
            assert_eq!(report.stats.tokens(), (batches * TOKENS_PER_BATCH) as u64, "{workers} workers");
        }
    }
}

/// No position passes what was not delivered, whichever end it was.
#[track_caller]
fn nothing_leads(setup: &Setup, seen: &Seen) {
    let (out, told) = (seen.out.lock().unwrap(), seen.told.lock().unwrap());
    for (&(source, LaneId(id)), &(seq, outcome)) in told.iter() {
        if outcome != Outcome::Delivered {
            continue;
        }
        let given = expected(id, setup.count, seq as usize + 1);
        for sink in 0..setup.sinks.len() {
            assert!(out[&(sink, lane(source, id))].starts_with(&given), "lane {id} of source {source} at sink {sink}, up to {seq}");
        }
    }
}

#[test]
fn a_stop_under_load_settles_what_was_given() {
    for workers in WORKERS {
        for after in [0, 1, 5, 20] {
            let stop_after = Some(Duration::from_millis(after));
            let setup = Setup { lanes: 30, count: 60, stop_after, ..Setup::new(workers, &[Manner::Good]) };
            let (report, seen) = setup.run();
            assert_eq!((report.problems, report.deadline_passed), (0, false), "{workers} workers");
            nothing_leads(&setup, &seen);
        }
    }
}

#[test]
fn a_source_that_follows_ends_with_a_stop_only() {
    for workers in WORKERS {
        let stop_after = Some(Duration::from_millis(1000));
        let setup = Setup { follows: true, stop_after, ..Setup::new(workers, &[Manner::Good, Manner::Good]) };
        let (report, seen) = setup.run();
        assert_eq!((report.problems, report.deadline_passed), (0, false));
        // There was time enough for all of it.
        let expected = expected(8, setup.count, usize::MAX);
        assert!(seen.out.lock().unwrap()[&(1, lane(1, 8))] == expected, "{workers} workers");
        nothing_leads(&setup, &seen);
    }
}

#[test]
fn a_sink_that_fails_ends_the_run() {
    for workers in WORKERS {
        for taken in [0, 1, 50] {
            let setup = Setup { follows: taken == 1, ..Setup::new(workers, &[Manner::Good, Manner::FailsAfter(taken)]) };
            let (report, seen) = setup.run();
            assert_eq!((report.problems, report.deadline_passed), (1, false), "{workers} workers, {taken} taken");
            nothing_leads(&setup, &seen);
        }
        let (report, seen) = Setup::new(workers, &[Manner::LosesReader(7)]).run();
        assert_eq!((report.problems, report.reader_gone), (0, true), "{workers} workers");
        assert!(seen.told.lock().unwrap().values().any(|(_, outcome)| *outcome == Outcome::Failed(FailReason::ReaderGone)));
    }
}

#[test]
fn a_sink_that_is_stuck_holds_back_the_sources_until_the_deadline() {
    for workers in WORKERS {
        let stop_after = Some(Duration::from_millis(100));
        let setup = Setup { stop_after, lanes: 40, count: 30, ..Setup::new(workers, &[Manner::Stuck]) };
        let (report, seen) = setup.run();
        assert!(report.deadline_passed, "{workers} workers");
        nothing_leads(&setup, &seen);
    }
}

#[test]
fn a_budget_of_one_batch_is_enough() {
    for workers in WORKERS {
        let mut setup = Setup::new(workers, &[Manner::Good]);
        setup.limits = RunLimits { budget_bytes_max: 1, batch_bytes_max: 64 * 1024, ..setup.limits };
        let (report, seen) = setup.run();
        assert_eq!(report.problems, 0);
        assert!(seen.out.lock().unwrap()[&(0, lane(0, 3))] == expected(3, setup.count, usize::MAX), "{workers} workers");
    }
}
