//! Several cores for one input, with the bytes of one.
//!
//! All workers are alike: each reads a piece, scrubs it, and writes it when all that was read before it is written. The
//! input is a lock: who holds it reads, and keeps it while its strand goes on. The output has a turn: the number of the
//! strand that may be written. So there are as many pieces in memory as workers, no queue, and what is slow (the disk, the
//! reader, a piece full of tokens) holds back the rest.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use scrubjay_scrub::{Scrubbed, Scrubber};

use super::input::{Input, Piece};
use super::output::{Did, Output, Stop};
use crate::exit::complain;
use crate::keyfile::reason;
use crate::sealing::Tender;

/// Scrubs all of the input, with one worker for each scrubber. The bytes do not depend on their number.
pub(super) fn run(input: Input, output: Output, mut scrubbers: Vec<Scrubber>, tender: &Arc<Tender>) -> (Did, Result<(), Stop>) {
    match scrubbers.pop() {
        Some(scrubber) if scrubbers.is_empty() => alone(input, output, scrubber, tender),
        last => together(input, output, scrubbers.into_iter().chain(last), tender),
    }
}

fn alone(mut input: Input, mut output: Output, mut scrubber: Scrubber, tender: &Tender) -> (Did, Result<(), Stop>) {
    let mut spare = Vec::new();
    while let Some(Piece { batch, trouble }) = input.next(spare) {
        tender.tend(&mut scrubber);
        let clean = scrubber.scrub(batch);
        if let Err(stop) = output.write(&clean, trouble.as_deref()) {
            return (output.take(), Err(stop));
        }
        spare = clean.recycle();
    }
    (output.take(), Ok(()))
}

/// What the workers share.
struct Desk {
    input: Mutex<Input>,
    output: Mutex<Turn>,
    /// The turn went on, or all is over.
    moved: Condvar,
}

struct Turn {
    output: Output,
    /// The strand whose pieces may be written now.
    strand: u64,
    working: usize,
    stopped: Option<Stop>,
}

fn together(input: Input, output: Output, scrubbers: impl Iterator<Item = Scrubber>, tender: &Arc<Tender>) -> (Did, Result<(), Stop>) {
    let turn = Turn { output, strand: 0, working: 0, stopped: None };
    let desk = Arc::new(Desk { input: Mutex::new(input), output: Mutex::new(turn), moved: Condvar::new() });
    let mut started = 0;
    for scrubber in scrubbers {
        lock(&desk.output).working += 1;
        let (seat, tender) = (Seat(Arc::clone(&desk)), Arc::clone(tender));
        match thread::Builder::new().name("scrub".into()).spawn(move || seat.work(scrubber, &tender)) {
            Ok(_) => started += 1,
            // The others do its work.
            Err(_) if started > 0 => break,
            Err(error) => {
                complain(&format!("threads: {}; --threads 1 needs none", reason(&error)));
                lock(&desk.output).stopped = Some(Stop::WorkerGone);
                break;
            }
        }
    }
    let turn = lock(&desk.output);
    let mut turn = desk.moved.wait_while(turn, |turn| turn.working > 0 && turn.stopped.is_none()).unwrap_or_else(PoisonError::into_inner);
    // Workers that still wait for input end with the process: nobody would see what they read.
    (turn.output.take(), turn.stopped.take().map_or(Ok(()), Err))
}

/// A worker's place. Giving it up is noticed, also by a panic.
struct Seat(Arc<Desk>);

impl Seat {
    fn work(self, mut scrubber: Scrubber, tender: &Tender) {
        let mut spare = Vec::new();
        let mut reading = None;
        loop {
            let mut input = match reading.take() {
                Some(input) => input,
                // Whoever panicked with the input in hand has left a strand without its state: nobody may go on with it.
                None => match self.0.input.lock() {
                    Ok(input) => input,
                    Err(_) => return,
                },
            };
            let Some(piece) = input.next(spare) else { return };
            let (strand, goes_on) = (piece.strand(), piece.goes_on());
            if goes_on {
                reading = Some(input);
            } else {
                drop(input);
            }
            tender.tend(&mut scrubber);
            let clean = scrubber.scrub(piece.batch);
            if !self.write(strand, goes_on, &clean, piece.trouble.as_deref()) {
                return;
            }
            spare = clean.recycle();
        }
    }

    /// Writes a piece in its turn; false when all is over.
    fn write(&self, strand: u64, goes_on: bool, clean: &Scrubbed, trouble: Option<&str>) -> bool {
        let turn = lock(&self.0.output);
        let waiting = |turn: &mut Turn| turn.strand != strand && turn.stopped.is_none();
        let mut turn = self.0.moved.wait_while(turn, waiting).unwrap_or_else(PoisonError::into_inner);
        if turn.stopped.is_some() {
            return false;
        }
        if let Err(stop) = turn.output.write(clean, trouble) {
            turn.stopped = Some(stop);
        } else if !goes_on {
            turn.strand += 1;
        }
        self.0.moved.notify_all();
        turn.stopped.is_none()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut turn = lock(&self.0.output);
        turn.working -= 1;
        if thread::panicking() {
            turn.stopped.get_or_insert(Stop::WorkerGone);
        }
        drop(turn);
        self.0.moved.notify_all();
    }
}

/// The output is never left half changed: a panic before it is one before the write, or after it.
fn lock(output: &Mutex<Turn>) -> MutexGuard<'_, Turn> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}
