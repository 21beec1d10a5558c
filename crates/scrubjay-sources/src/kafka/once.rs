//! `--once`: the end offsets of the start, and whether they are reached.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use scrubjay_delivery::LaneId;

use super::config::Start;
use super::context::Quiet;

/// Longest wait for one answer of a broker.
const REQUEST_WAIT: Duration = Duration::from_secs(10);

/// The end offsets, by topic and partition.
pub(super) struct Once {
    targets: HashMap<String, Vec<Target>>,
}

struct Target {
    low: i64,
    end: i64,
    /// The lane that the partition was when `position` and `reached` were noted: a new one begins at the group's offset.
    lane: Option<LaneId>,
    position: Option<i64>,
    reached: bool,
}

/// What a record is to this run.
#[derive(PartialEq, Eq)]
pub(super) enum Place {
    /// Before the end: part of the run.
    Inside,
    /// Written after the start.
    Beyond,
}

impl Once {
    /// Asks for the end offsets of all partitions of these topics (as a reader of committed records sees them).
    pub(super) fn take<C: ConsumerContext>(consumer: &BaseConsumer<C>, topics: &[String]) -> Result<Self, KafkaError> {
        let mut targets = HashMap::new();
        for topic in topics {
            let metadata = consumer.fetch_metadata(Some(topic), REQUEST_WAIT)?;
            let count = metadata.topics().first().map_or(0, |t| t.partitions().len());
            let mut of_topic = Vec::with_capacity(count);
            for partition in 0..i32::try_from(count).unwrap_or(i32::MAX) {
                let (low, end) = consumer.fetch_watermarks(topic, partition, REQUEST_WAIT)?;
                of_topic.push(Target { low, end, lane: None, position: None, reached: false });
            }
            targets.insert(topic.clone(), of_topic);
        }
        Ok(Self { targets })
    }

    /// Notes a record that was read.
    pub(super) fn note(&mut self, lane: LaneId, topic: &str, partition: i32, offset: i64) -> Place {
        let target = self.targets.get_mut(topic).zip(usize::try_from(partition).ok()).and_then(|(of_topic, p)| of_topic.get_mut(p));
        // A partition that was added after the start is not part of the run.
        let Some(target) = target else { return Place::Beyond };
        target.is_lane(lane);
        if offset >= target.end {
            target.reached = true;
            return Place::Beyond;
        }
        target.position = Some(offset + 1);
        target.reached = offset + 1 >= target.end;
        Place::Inside
    }

    /// True when all that was assigned is read to its end and the group is done with the rest. Asks brokers, so it is
    /// called only when nothing has come for a while.
    pub(super) fn done<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
        client: &ClientConfig,
        start: Start,
        lanes: &HashMap<(String, i32), LaneId>,
    ) -> Result<bool, KafkaError> {
        let committed = self.committed(consumer)?;
        for (topic, of_topic) in &mut self.targets {
            for (partition, target) in (0i32..).zip(of_topic) {
                let lane = lanes.get(&(topic.clone(), partition)).copied();
                if let Some(lane) = lane {
                    target.is_lane(lane);
                    if target.reached {
                        continue;
                    }
                }
                let of_group = committed.get(&(topic.clone(), partition)).copied().unwrap_or(Offset::Invalid);
                let from = match (lane.and(target.position), of_group, start) {
                    (Some(at), _, _) => at,
                    // An offset outside of the log (the topic was made anew) is reset by the client, as without one.
                    (None, Offset::Offset(at), _) if at >= target.low && at <= target.end => at,
                    (None, _, Start::Earliest) => target.low,
                    // A member that begins at the newest record begins after the end.
                    (None, _, Start::Latest) => target.end,
                };
                if from < target.end && !nothing_before_end(client, topic, partition, from, target.end)? {
                    return Ok(false);
                }
                target.reached = lane.is_some();
            }
        }
        Ok(true)
    }

    /// The end offsets: topic, partition, offset.
    pub(super) fn ends(&self) -> impl Iterator<Item = (&str, i32, i64)> {
        self.targets.iter().flat_map(|(topic, of_topic)| (0i32..).zip(of_topic).map(move |(p, t)| (topic.as_str(), p, t.end)))
    }

    fn committed<C: ConsumerContext>(&self, consumer: &BaseConsumer<C>) -> Result<HashMap<(String, i32), Offset>, KafkaError> {
        let mut list = TopicPartitionList::new();
        for (topic, partition, _) in self.ends() {
            list.add_partition(topic, partition);
        }
        Ok(consumer.committed_offsets(list, REQUEST_WAIT)?.to_topic_map())
    }
}

impl Target {
    fn is_lane(&mut self, lane: LaneId) {
        if self.lane != Some(lane) {
            *self = Self { low: self.low, end: self.end, lane: Some(lane), position: None, reached: false };
        }
    }
}

/// True when no readable record lies between `from` and `end`: transaction markers, aborted records and compaction
/// leave gaps that only a reader of that one partition can tell from records that have not come yet.
fn nothing_before_end(client: &ClientConfig, topic: &str, partition: i32, from: i64, end: i64) -> Result<bool, KafkaError> {
    let mut client = client.clone();
    // Same group (for its rights), no subscription: a reader that is no member.
    client.set("enable.partition.eof", "true").set("auto.offset.reset", "earliest").remove("group.instance.id");
    let probe: BaseConsumer<Quiet> = client.create_with_context(Quiet)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(from))?;
    probe.assign(&list)?;
    let deadline = Instant::now() + REQUEST_WAIT;
    while Instant::now() < deadline {
        match probe.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => return Ok(message.offset() >= end),
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(true),
            Some(Err(_)) | None => {}
        }
    }
    Ok(false)
}
