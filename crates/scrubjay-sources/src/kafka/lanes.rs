//! Which partition is which lane, and how far each may be committed. Pure: it knows no client.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use scrubjay_delivery::{LaneId, Outcome};
use scrubjay_pipeline::Settled;
use scrubjay_scrub::Origin;

/// A partition's offset: the first record that is *not* done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
}

/// The lanes of the partitions that are assigned now.
pub(super) struct Lanes {
    source: String,
    next: u64,
    /// Grows with each change of the assignment.
    generation: u64,
    lanes: HashMap<LaneId, Lane>,
    by_partition: HashMap<String, HashMap<i32, LaneId>>,
}

struct Lane {
    topic: String,
    partition: i32,
    origin: Arc<Origin>,
    seq_next: u64,
    /// Batches under way: sequence number and the offset after the batch's last record.
    open: VecDeque<(u64, i64)>,
    settled: Option<i64>,
    committed: Option<i64>,
    /// Nothing readable lies before this offset but what was read (once mode): it may be committed when all is settled.
    drained_to: Option<i64>,
    failed: bool,
}

impl Lane {
    fn to_commit(&self) -> Option<i64> {
        let drained = if self.open.is_empty() && !self.failed { self.drained_to } else { None };
        self.settled.max(drained).filter(|offset| self.committed.is_none_or(|at| at < *offset))
    }
}

impl Lanes {
    pub(super) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), next: 0, generation: 0, lanes: HashMap::new(), by_partition: HashMap::new() }
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Partitions were assigned. Each becomes a new lane.
    pub(super) fn assign(&mut self, partitions: &[(String, i32)]) {
        self.revoke(partitions);
        for (topic, partition) in partitions {
            let id = LaneId(self.next);
            self.next += 1;
            let lane = Lane {
                topic: topic.clone(),
                partition: *partition,
                origin: Arc::new(Origin { source: self.source.clone(), name: topic.clone() }),
                seq_next: 0,
                open: VecDeque::new(),
                settled: None,
                committed: None,
                drained_to: None,
                failed: false,
            };
            self.lanes.insert(id, lane);
            self.by_partition.entry(topic.clone()).or_default().insert(*partition, id);
        }
    }

    /// Partitions went away. What settles for them from now on is ignored.
    pub(super) fn revoke(&mut self, partitions: &[(String, i32)]) {
        self.generation += 1;
        for (topic, partition) in partitions {
            if let Some(id) = self.by_partition.get_mut(topic).and_then(|of_topic| of_topic.remove(partition)) {
                self.lanes.remove(&id);
            }
        }
    }

    pub(super) fn lane(&self, topic: &str, partition: i32) -> Option<LaneId> {
        self.by_partition.get(topic)?.get(&partition).copied()
    }

    pub(super) fn assigned(&self) -> HashMap<(String, i32), LaneId> {
        self.lanes.iter().map(|(id, lane)| ((lane.topic.clone(), lane.partition), *id)).collect()
    }

    pub(super) fn origin(&self, id: LaneId) -> Option<Arc<Origin>> {
        self.lanes.get(&id).map(|lane| Arc::clone(&lane.origin))
    }

    /// A batch of a lane goes out that ends before `offset`: its sequence number. `None` when the lane is gone.
    pub(super) fn open(&mut self, id: LaneId, offset: i64) -> Option<u64> {
        let lane = self.lanes.get_mut(&id)?;
        let seq = lane.seq_next;
        lane.seq_next += 1;
        lane.open.push_back((seq, offset));
        Some(seq)
    }

    pub(super) fn settle(&mut self, settled: Settled) {
        let Some(lane) = self.lanes.get_mut(&settled.ack.lane) else { return };
        if settled.outcome != Outcome::Delivered {
            lane.failed = true;
        }
        while !lane.failed && lane.open.front().is_some_and(|(seq, _)| *seq <= settled.ack.seq) {
            lane.settled = lane.open.pop_front().map(|(_, offset)| offset);
        }
    }

    /// All that lies before `offset` in this partition was read.
    pub(super) fn drained(&mut self, topic: &str, partition: i32, offset: i64) {
        if let Some(lane) = self.lane(topic, partition).and_then(|id| self.lanes.get_mut(&id)) {
            lane.drained_to = Some(offset);
        }
    }

    pub(super) fn has_news(&self) -> bool {
        self.lanes.values().any(|lane| lane.to_commit().is_some())
    }

    /// What may be committed and is not; of these partitions, or of all.
    pub(super) fn to_commit(&self, of: Option<&[(String, i32)]>) -> Vec<Position> {
        let wanted = |lane: &Lane| of.is_none_or(|of| of.iter().any(|(t, p)| *t == lane.topic && *p == lane.partition));
        self.lanes
            .values()
            .filter(|lane| wanted(lane))
            .filter_map(|lane| lane.to_commit().map(|offset| Position { topic: lane.topic.clone(), partition: lane.partition, offset }))
            .collect()
    }

    pub(super) fn committed(&mut self, positions: &[Position]) {
        for position in positions {
            if let Some(lane) = self.lane(&position.topic, position.partition).and_then(|id| self.lanes.get_mut(&id)) {
                lane.committed = Some(position.offset);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use scrubjay_delivery::{AckId, FailReason};

    use super::*;

    fn settled(lane: LaneId, seq: u64, outcome: Outcome) -> Settled {
        Settled { ack: AckId { lane, seq }, outcome, resume_lag: 0 }
    }

    fn one() -> (Lanes, LaneId) {
        let mut lanes = Lanes::new("s");
        lanes.assign(&[("t".into(), 0)]);
        let id = lanes.lane("t", 0).unwrap();
        for offset in [10, 20, 30] {
            lanes.open(id, offset);
        }
        (lanes, id)
    }

    fn offsets(lanes: &Lanes) -> Vec<i64> {
        lanes.to_commit(None).iter().map(|p| p.offset).collect()
    }

    #[test]
    fn only_what_is_settled_is_committed_and_only_once() {
        let (mut lanes, id) = one();
        assert!(!lanes.has_news());
        lanes.settle(settled(id, 1, Outcome::Delivered));
        assert_eq!(offsets(&lanes), [20]);
        let positions = lanes.to_commit(None);
        lanes.committed(&positions);
        assert!(!lanes.has_news());
    }

    #[test]
    fn a_failure_stops_the_lane_before_its_batch() {
        let (mut lanes, id) = one();
        lanes.settle(settled(id, 0, Outcome::Delivered));
        lanes.settle(settled(id, 1, Outcome::Failed(FailReason::Rejected)));
        lanes.settle(settled(id, 2, Outcome::Delivered));
        lanes.drained("t", 0, 40);
        assert_eq!(offsets(&lanes), [10]);
    }

    #[test]
    fn a_drained_partition_is_committed_to_its_end_after_the_last_batch() {
        let (mut lanes, id) = one();
        lanes.drained("t", 0, 33);
        lanes.settle(settled(id, 1, Outcome::Delivered));
        assert_eq!(offsets(&lanes), [20]);
        lanes.settle(settled(id, 2, Outcome::Delivered));
        assert_eq!(offsets(&lanes), [33]);
    }

    #[test]
    fn a_new_assignment_is_a_new_lane_and_the_old_one_is_forgotten() {
        let (mut lanes, old) = one();
        lanes.assign(&[("t".into(), 0)]);
        assert_ne!(lanes.lane("t", 0), Some(old));
        assert_eq!(lanes.open(old, 40), None);
        lanes.settle(settled(old, 2, Outcome::Delivered));
        assert!(!lanes.has_news());
    }
}
