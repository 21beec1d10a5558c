//! What is owed for each batch: the messages that the broker has not acknowledged yet. Pure.

use rdkafka::error::RDKafkaErrorCode;
use scrubjay_delivery::{AckId, Outcome};
use scrubjay_pipeline::Settlement;

/// Names an entry of the ledger. It travels through librdkafka with each message, so no message needs memory of its own.
pub(super) type Slot = usize;

/// Counts what is pending. An entry is a batch, or a message that is made of several batches: when that is acknowledged,
/// it releases the batches that wait for it. An entry that is never released never settles: nothing is taken for
/// delivered by default.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
    free: Vec<Slot>,
    settled: Vec<Settlement>,
    refused: Option<RDKafkaErrorCode>,
    records: u64,
    bytes: u64,
}

#[derive(Default)]
struct Entry {
    pending: u64,
    ack: Option<AckId>,
    releases: Vec<Slot>,
    records: u64,
    bytes: u64,
}

impl Ledger {
    /// A batch with this many messages of its own to come.
    pub(super) fn batch(&mut self, ack: AckId, pending: u64, bytes: u64) -> Slot {
        self.insert(Entry { pending, ack: Some(ack), bytes, ..Entry::default() })
    }

    /// One message that holds bytes of each of these entries, of which each has a pending place for it.
    pub(super) fn joint(&mut self, releases: Vec<Slot>, records: u64) -> Slot {
        self.insert(Entry { pending: 1, releases, records, ..Entry::default() })
    }

    /// One more thing that the entry waits for.
    pub(super) fn hold(&mut self, slot: Slot) {
        if let Some(entry) = self.entries.get_mut(slot) {
            entry.pending += 1;
        }
    }

    /// Records that count as written when the entry settles.
    pub(super) fn count(&mut self, slot: Slot, records: u64) {
        if let Some(entry) = self.entries.get_mut(slot) {
            entry.records += records;
        }
    }

    /// `count` of what the entry waits for is done. True when a batch has settled by it.
    pub(super) fn release(&mut self, slot: Slot, count: u64) -> bool {
        let Some(entry) = self.entries.get_mut(slot) else { return false };
        debug_assert!(entry.pending >= count);
        entry.pending = entry.pending.saturating_sub(count);
        if entry.pending > 0 {
            return false;
        }
        let done = std::mem::take(entry);
        self.free.push(slot);
        self.records += done.records;
        self.bytes += done.bytes;
        let mut settled = false;
        if let Some(ack) = done.ack {
            self.settled.push(Settlement { ack, outcome: Outcome::Delivered });
            settled = true;
        }
        // Joint messages wait for nothing but batches, so this goes one level deep.
        for slot in done.releases {
            settled |= self.release(slot, 1);
        }
        settled
    }

    /// A message was refused for good: its entry never settles. The first reason is kept.
    pub(super) fn refuse(&mut self, code: RDKafkaErrorCode) {
        self.refused.get_or_insert(code);
    }

    pub(super) fn refused(&self) -> Option<RDKafkaErrorCode> {
        self.refused
    }

    /// The batches that have settled since the last call.
    pub(super) fn take(&mut self) -> Vec<Settlement> {
        std::mem::take(&mut self.settled)
    }

    /// Number of entries that have not settled.
    pub(super) fn open(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Records and bytes settled.
    pub(super) fn totals(&self) -> (u64, u64) {
        (self.records, self.bytes)
    }

    fn insert(&mut self, entry: Entry) -> Slot {
        match self.free.pop() {
            Some(slot) => {
                if let Some(place) = self.entries.get_mut(slot) {
                    *place = entry;
                }
                slot
            }
            None => {
                self.entries.push(entry);
                self.entries.len() - 1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use scrubjay_delivery::LaneId;

    use super::*;

    fn ack(seq: u64) -> AckId {
        AckId { lane: LaneId(0), seq }
    }

    #[test]
    fn a_batch_settles_with_its_last_message() {
        let mut ledger = Ledger::default();
        let slot = ledger.batch(ack(0), 3, 10);
        ledger.count(slot, 2);
        assert!(!ledger.release(slot, 2) && ledger.take().is_empty() && ledger.totals() == (0, 0));
        assert!(ledger.release(slot, 1));
        assert_eq!(ledger.take(), [Settlement { ack: ack(0), outcome: Outcome::Delivered }]);
        assert_eq!((ledger.totals(), ledger.open()), ((2, 10), 0));
        assert_eq!(ledger.batch(ack(1), 1, 0), slot, "places are used again");
    }

    #[test]
    fn a_joint_message_settles_all_of_its_batches() {
        let mut ledger = Ledger::default();
        let batches: Vec<Slot> = (0..3).map(|seq| ledger.batch(ack(seq), 1, 1)).collect();
        ledger.hold(batches[2]);
        let joint = ledger.joint(batches, 1);
        assert!(ledger.release(joint, 1));
        assert_eq!(ledger.take().iter().map(|s| s.ack.seq).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(ledger.open(), 1, "the third waits for a message of its own");
    }

    #[test]
    fn a_refused_message_never_settles() {
        let mut ledger = Ledger::default();
        let slot = ledger.batch(ack(0), 2, 1);
        ledger.refuse(RDKafkaErrorCode::InvalidRecord);
        ledger.refuse(RDKafkaErrorCode::PurgeQueue);
        assert!(!ledger.release(slot, 1) && ledger.take().is_empty());
        assert_eq!(ledger.refused(), Some(RDKafkaErrorCode::InvalidRecord));
    }
}
