//! The frontier of one lane: the contiguous prefix of batches that are settled.

use std::collections::VecDeque;

use crate::Outcome;

/// Tracks the batches of one lane that are under way, and says how far the settled prefix reaches.
///
/// Sinks may settle out of order; positions may only follow the prefix. `T` is what the source needs to turn a sequence
/// number into a position (an offset, say); it is handed back when the frontier passes it.
#[derive(Debug)]
pub struct Frontier<T> {
    /// Sequence number of the first entry of `open`.
    base: u64,
    open: VecDeque<Entry<T>>,
    failed: bool,
}

#[derive(Debug)]
struct Entry<T> {
    note: T,
    outcome: Option<Outcome>,
}

/// What a settlement did to the frontier.
#[derive(Debug, PartialEq, Eq)]
pub enum Advance<T> {
    /// An earlier batch is still under way: nothing may be persisted yet.
    Held,
    /// The prefix now reaches up to and including `seq`; `note` is what was given with that batch.
    To {
        /// Sequence number of the last batch of the settled prefix.
        seq: u64,
        /// What the source gave with that batch.
        note: T,
    },
    /// A batch in the prefix failed: the frontier will not move again in this run.
    Stopped {
        /// Sequence number of the batch that failed.
        seq: u64,
        /// Its outcome.
        outcome: Outcome,
    },
}

/// A settlement that cannot be true. Always our own mistake, never the input's.
#[derive(Debug, PartialEq, Eq)]
pub enum FrontierError {
    /// The batch was never opened, or was settled and passed long ago.
    Unknown(u64),
    /// The batch was settled twice.
    Twice(u64),
}

impl<T> Default for Frontier<T> {
    fn default() -> Self {
        Self { base: 0, open: VecDeque::new(), failed: false }
    }
}

impl<T> Frontier<T> {
    /// Notes that the next batch of the lane is under way, and returns its sequence number.
    pub fn open(&mut self, note: T) -> u64 {
        let seq = self.base + self.open.len() as u64;
        self.open.push_back(Entry { note, outcome: None });
        seq
    }

    /// Number of batches that are not yet part of the settled prefix.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.open.len()
    }

    /// Settles one batch.
    ///
    /// # Errors
    /// [`FrontierError`] when the batch is not under way or already has an outcome.
    pub fn settle(&mut self, seq: u64, outcome: Outcome) -> Result<Advance<T>, FrontierError> {
        let index = seq.checked_sub(self.base).ok_or(FrontierError::Unknown(seq))?;
        let entry = usize::try_from(index).ok().and_then(|i| self.open.get_mut(i)).ok_or(FrontierError::Unknown(seq))?;
        if entry.outcome.is_some() {
            return Err(FrontierError::Twice(seq));
        }
        entry.outcome = Some(outcome);
        Ok(self.advance())
    }

    fn advance(&mut self) -> Advance<T> {
        let mut reached = None;
        while !self.failed {
            match self.open.front().and_then(|e| e.outcome) {
                None => break,
                Some(Outcome::Delivered) => {
                    let Some(entry) = self.open.pop_front() else { break };
                    reached = Some((self.base, entry.note));
                    self.base += 1;
                }
                Some(outcome @ Outcome::Failed(_)) => {
                    self.failed = true;
                    // What was reached before the failure is reported first; the failure shows in the next call.
                    if reached.is_none() {
                        return Advance::Stopped { seq: self.base, outcome };
                    }
                }
            }
        }
        match reached {
            Some((seq, note)) => Advance::To { seq, note },
            None => Advance::Held,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailReason;

    #[test]
    fn only_the_contiguous_prefix_moves() {
        let mut f = Frontier::default();
        for pos in [10, 20, 30] {
            f.open(pos);
        }
        assert_eq!(f.settle(2, Outcome::Delivered), Ok(Advance::Held));
        assert_eq!(f.settle(0, Outcome::Delivered), Ok(Advance::To { seq: 0, note: 10 }));
        assert_eq!(f.settle(1, Outcome::Delivered), Ok(Advance::To { seq: 2, note: 30 }));
        assert_eq!(f.in_flight(), 0);
    }

    #[test]
    fn a_failure_stops_the_lane_for_good() {
        let mut f = Frontier::default();
        for pos in [10, 20, 30] {
            f.open(pos);
        }
        let failed = Outcome::Failed(FailReason::Rejected);
        assert_eq!(f.settle(1, failed), Ok(Advance::Held));
        assert_eq!(f.settle(0, Outcome::Delivered), Ok(Advance::To { seq: 0, note: 10 }));
        assert_eq!(f.settle(2, Outcome::Delivered), Ok(Advance::Held));
        assert_eq!(f.in_flight(), 2);
    }

    #[test]
    fn a_settlement_that_cannot_be_true_is_an_error() {
        let mut f = Frontier::default();
        f.open(());
        f.open(());
        assert_eq!(f.settle(7, Outcome::Delivered), Err(FrontierError::Unknown(7)));
        assert_eq!(f.settle(1, Outcome::Delivered), Ok(Advance::Held));
        assert_eq!(f.settle(1, Outcome::Delivered), Err(FrontierError::Twice(1)));
    }

    proptest::proptest! {
        /// Whatever the order of settlement, the frontier ends at the last batch and never passes an unsettled one.
        #[test]
        fn any_order_reaches_the_end(order in proptest::collection::vec(0u64..40, 0..200)) {
            let mut f = Frontier::default();
            for n in 0..40u64 { f.open(n); }
            let mut done = std::collections::BTreeSet::new();
            for seq in order.into_iter().chain(0..40) {
                if !done.insert(seq) { continue; }
                if let Ok(Advance::To { seq, note }) = f.settle(seq, Outcome::Delivered) {
                    proptest::prop_assert_eq!(seq, note);
                    proptest::prop_assert!((0..=seq).all(|s| done.contains(&s)));
                }
            }
            proptest::prop_assert_eq!(f.in_flight(), 0);
        }
    }
}
