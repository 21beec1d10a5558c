//! The only maker of [`Scrubbed`]: raw batches in, clean batches out, with the state of each lane in between.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use scrubjay_delivery::LaneId;
use scrubjay_rules::RulePack;

use crate::batch::{Batch, Framing, Message};
use crate::engine::{Decision, Engine, LaneState, Limits};
use crate::fingerprint::FingerprintKey;
use crate::others::Others;
use crate::scrubbed::Scrubbed;
use crate::stats::Stats;

/// Scrubs batches. One for each pipeline; lanes are independent of each other.
///
/// ```
/// use scrubjay_delivery::{AckId, LaneId};
/// use scrubjay_scrub::{Batch, FingerprintKey, Framing, Limits, Origin, Scrubber};
///
/// let mut scrubber = Scrubber::new(FingerprintKey::from_bytes(&[7; 32])?, Limits::default());
/// let clean = scrubber.scrub(Batch {
///     ack: AckId { lane: LaneId(0), seq: 0 },
///     origin: std::sync::Arc::new(Origin { source: "app".into(), name: "app.log".into() }),
///     bytes: b"token=eyJhbGciOiJub25lIn0.eyJzdWIiOiJqbyJ9. ok\n".to_vec(),
///     framing: Framing::Lines,
///     lane_ends: true,
/// });
/// assert!(clean.bytes().starts_with(b"token=jwt(class:other~alg:none~fp:f"));
/// assert!(clean.bytes().ends_with(b") ok\n"));
/// # Ok::<(), scrubjay_scrub::KeyError>(())
/// ```
pub struct Scrubber {
    engine: Engine,
    lanes: HashMap<LaneId, Lane>,
}

/// What a lane of lines carries between batches.
#[derive(Default)]
struct Lane {
    state: LaneState,
    /// Input whose fate is not decided yet. At most the token limit.
    held: Vec<u8>,
    /// Input bytes from the beginning of the line that holds the first undecided byte to the end of what was read.
    lag: u64,
    /// The last byte read was no line end.
    in_line: bool,
}

impl Scrubber {
    /// A scrubber with the default policy and the rules for other credentials that are built in.
    #[must_use]
    pub fn new(key: FingerprintKey, limits: Limits) -> Self {
        Self::with_rules(key, limits, RulePack::builtin())
    }

    /// A scrubber with these rules for credentials that are no tokens.
    #[must_use]
    pub fn with_rules(key: FingerprintKey, limits: Limits, rules: Arc<RulePack>) -> Self {
        Self { engine: Engine::new(key, limits, Others { rules }), lanes: HashMap::new() }
    }

    /// Scrubs one batch. The batches of a lane must come in the order of their sequence numbers; what one batch leaves
    /// undecided comes out with the next.
    pub fn scrub(&mut self, batch: Batch) -> Scrubbed {
        let mut stats = Stats { bytes_in: batch.bytes.len() as u64, ..Stats::default() };
        let Batch { ack, origin, bytes, framing, lane_ends } = batch;
        let (bytes, framing, resume_lag) = match framing {
            Framing::Lines => {
                let (bytes, lag) = self.lines(ack.lane, bytes, lane_ends, &mut stats);
                (bytes, Framing::Lines, lag)
            }
            Framing::Messages(messages) => {
                stats.records = messages.len() as u64;
                let (bytes, messages) = self.messages(&bytes, &messages, &mut stats);
                (bytes, Framing::Messages(messages), 0)
            }
        };
        stats.bytes_out = bytes.len() as u64;
        Scrubbed { ack, origin, bytes, framing, lane_ends, resume_lag, stats }
    }

    fn lines(&mut self, id: LaneId, bytes: Vec<u8>, ends: bool, stats: &mut Stats) -> (Vec<u8>, u64) {
        let mut lane = self.lanes.remove(&id).unwrap_or_default();
        count_records(&mut lane, &bytes, ends, stats);
        lane.lag += bytes.len() as u64;
        let mut buffer = bytes;
        if !lane.held.is_empty() {
            let mut joined = std::mem::take(&mut lane.held);
            joined.extend_from_slice(&buffer);
            buffer = joined;
        }
        let decision = self.engine.decide(&mut lane.state, &buffer, ends, stats);
        let decided = buffer.get(..decision.consumed).unwrap_or_default();
        if let Some(line_end) = memchr::memrchr(b'\n', decided) {
            lane.lag = (buffer.len() - line_end - 1) as u64;
        }
        lane.held = buffer.get(decision.consumed..).unwrap_or_default().to_vec();
        let out = apply(buffer, &decision);
        let lag = if ends { 0 } else { lane.lag };
        if !ends {
            debug_assert!(lane.lag > 0 || lane.held.is_empty() && lane.state.is_clean());
            self.lanes.insert(id, lane);
        }
        (out, lag)
    }

    /// Messages are complete each: nothing is carried over, and a part is scrubbed by itself.
    fn messages(&mut self, bytes: &[u8], messages: &[Message], stats: &mut Stats) -> (Vec<u8>, Vec<Message>) {
        let mut out = Vec::with_capacity(bytes.len());
        let messages = messages
            .iter()
            .map(|m| Message {
                key: m.key.clone().map(|r| self.part(bytes, r, &mut out, stats)),
                value: m.value.clone().map(|r| self.part(bytes, r, &mut out, stats)),
                headers: m
                    .headers
                    .iter()
                    .map(|(n, v)| (self.part(bytes, n.clone(), &mut out, stats), v.clone().map(|r| self.part(bytes, r, &mut out, stats))))
                    .collect(),
                timestamp_ms: m.timestamp_ms,
                partition: m.partition,
            })
            .collect();
        (out, messages)
    }

    fn part(&mut self, bytes: &[u8], range: Range<usize>, out: &mut Vec<u8>, stats: &mut Stats) -> Range<usize> {
        let text = bytes.get(range).unwrap_or_default();
        let start = out.len();
        let decision = self.engine.decide(&mut LaneState::default(), text, true, stats);
        append(text, &decision, out);
        let end = out.len();
        // The byte between two parts belongs to none; it keeps them apart for whoever scans the buffer again.
        out.push(b'\n');
        start..end
    }
}

fn count_records(lane: &mut Lane, bytes: &[u8], ends: bool, stats: &mut Stats) {
    stats.records = memchr::memchr_iter(b'\n', bytes).count() as u64;
    if let Some(&last) = bytes.last() {
        lane.in_line = last != b'\n';
    }
    if ends && lane.in_line {
        stats.records += 1;
    }
}

/// The decided part of the buffer with its edits. A clean buffer is passed on as it is.
fn apply(mut buffer: Vec<u8>, decision: &Decision) -> Vec<u8> {
    if decision.edits.is_empty() {
        buffer.truncate(decision.consumed);
        return buffer;
    }
    let mut out = Vec::with_capacity(decision.consumed + 64);
    append(&buffer, decision, &mut out);
    out
}

fn append(text: &[u8], decision: &Decision, out: &mut Vec<u8>) {
    let mut at = 0;
    for edit in &decision.edits {
        out.extend_from_slice(text.get(at..edit.span.start).unwrap_or_default());
        out.extend_from_slice(&edit.text);
        at = edit.span.end;
    }
    out.extend_from_slice(text.get(at..decision.consumed).unwrap_or_default());
}
