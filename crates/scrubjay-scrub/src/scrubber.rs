//! The only maker of [`Scrubbed`]: raw batches in, clean batches out, with the state of each lane in between.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use scrubjay_delivery::LaneId;
use scrubjay_rules::RulePack;
use scrubjay_scan::line_ends;

use crate::batch::{Batch, Framing, Message};
use crate::engine::{Decision, Engine, LaneState, Limits, Part};
use crate::policy::Policy;
use crate::scrubbed::Scrubbed;
use crate::stats::Stats;
use crate::teller::Teller;
use scrubjay_claims::ActiveKeys;

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
///     line_before: Vec::new(),
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
    /// Lines for the sidecar of the batch that is being scrubbed.
    sidecar: Vec<u8>,
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
    pub fn new(keys: impl Into<ActiveKeys>, limits: Limits) -> Self {
        Self::with_rules(keys, limits, RulePack::builtin())
    }

    /// A scrubber with these rules for credentials that are no tokens.
    #[must_use]
    pub fn with_rules(keys: impl Into<ActiveKeys>, limits: Limits, rules: Arc<RulePack>) -> Self {
        Self::of(Teller::new(keys, rules), limits)
    }

    /// A scrubber that tells what this teller tells.
    #[must_use]
    pub fn of(teller: Teller, limits: Limits) -> Self {
        Self { engine: Engine::new(teller, limits), lanes: HashMap::new(), sidecar: Vec::new() }
    }

    /// Uses other keys from the next batch on: a new period of the correlation ring has begun.
    pub fn set_keys(&mut self, keys: ActiveKeys) {
        self.engine.retell(|mut teller| {
            teller.set_keys(keys);
            teller
        });
    }

    /// Tells the scrubber the time, in seconds since 1970: epochs of sealing keys end by it.
    pub fn set_now(&mut self, now: u64) {
        self.engine.set_now(now);
    }

    /// The time that it was told last.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.engine.now()
    }

    /// Uses another policy from the next batch on.
    pub fn set_policy(&mut self, policy: Arc<Policy>) {
        self.engine.retell(|teller| teller.with_policy(policy));
    }

    /// Scrubs one batch. The batches of a lane must come in the order of their sequence numbers; what one batch leaves
    /// undecided comes out with the next.
    pub fn scrub(&mut self, batch: Batch) -> Scrubbed {
        let mut stats = Stats { bytes_in: batch.bytes.len() as u64, ..Stats::default() };
        let Batch { ack, origin, bytes, line_before, framing, lane_ends } = batch;
        let (bytes, framing, resume_lag) = match framing {
            Framing::Lines => {
                let (bytes, lag) = self.lines(ack.lane, &origin.source, line_before, bytes, lane_ends, &mut stats);
                (bytes, Framing::Lines, lag)
            }
            Framing::Messages(messages) => {
                stats.records = messages.len() as u64;
                let (bytes, messages) = self.messages(&origin.source, &bytes, &messages, &mut stats);
                (bytes, Framing::Messages(messages), 0)
            }
        };
        stats.bytes_out = bytes.len() as u64;
        Scrubbed { ack, origin, bytes, framing, lane_ends, resume_lag, stats, sidecar: std::mem::take(&mut self.sidecar) }
    }

    fn lines(&mut self, id: LaneId, source: &str, before: Vec<u8>, bytes: Vec<u8>, ends: bool, stats: &mut Stats) -> (Vec<u8>, u64) {
        let new = || Lane { state: LaneState::behind(before), ..Lane::default() };
        let mut lane = self.lanes.remove(&id).unwrap_or_else(new);
        count_records(&mut lane, &bytes, ends, stats);
        lane.lag += bytes.len() as u64;
        let mut buffer = bytes;
        if !lane.held.is_empty() {
            put_before(&lane.held, &mut buffer);
        }
        let mut decision = self.engine.decide(&mut lane.state, source, &buffer, ends, stats);
        self.sidecar.append(&mut decision.sidecar);
        let decided = buffer.get(..decision.consumed).unwrap_or_default();
        if let Some(line_end) = memchr::memrchr(b'\n', decided) {
            lane.lag = (buffer.len() - line_end - 1) as u64;
        }
        lane.held.clear();
        lane.held.extend_from_slice(buffer.get(decision.consumed..).unwrap_or_default());
        let out = apply(buffer, &decision);
        let lag = if ends { 0 } else { lane.lag };
        if !ends {
            debug_assert!(lane.lag > 0 || lane.held.is_empty() && lane.state.is_clean());
            self.lanes.insert(id, lane);
        }
        (out, lag)
    }

    /// Messages are complete each: nothing is carried over, and a part is scrubbed by itself.
    fn messages(&mut self, source: &str, bytes: &[u8], messages: &[Message], stats: &mut Stats) -> (Vec<u8>, Vec<Message>) {
        let mut joined = Vec::with_capacity(bytes.len() + messages.len());
        let mut parts: Vec<Part> = Vec::with_capacity(messages.len());
        let messages = each_part(messages, |range, state| {
            let start = joined.len();
            joined.extend_from_slice(bytes.get(range).unwrap_or_default());
            let at = start..joined.len();
            // The byte between two parts belongs to none; it keeps them apart for whoever scans the buffer again.
            joined.push(b'\n');
            parts.push(Part { at: at.clone(), state });
            at
        });
        let mut parted = self.engine.decide_parts(&parts, source, &joined, stats);
        self.sidecar.append(&mut parted.sidecar);
        if parted.edits.is_empty() {
            return (joined, messages);
        }
        let mut out = Vec::with_capacity(joined.len());
        let mut edits = parted.edits.into_iter().peekable();
        let messages = each_part(&messages, |range, _| {
            let (start, mut at) = (out.len(), range.start);
            while let Some(edit) = edits.next_if(|edit| edit.span.start < range.end) {
                out.extend_from_slice(joined.get(at..edit.span.start).unwrap_or_default());
                out.extend_from_slice(&edit.text);
                at = edit.span.end;
            }
            out.extend_from_slice(joined.get(at..range.end).unwrap_or_default());
            let end = out.len();
            out.push(b'\n');
            start..end
        });
        (out, messages)
    }
}

/// The messages with what `place` makes of each of their parts, which it is given in order, with the state in which it is decided.
fn each_part(messages: &[Message], mut place: impl FnMut(Range<usize>, fn() -> LaneState) -> Range<usize>) -> Vec<Message> {
    let message = |m: &Message| Message {
        key: m.key.clone().map(|at| place(at, LaneState::key)),
        value: m.value.clone().map(|at| place(at, LaneState::default)),
        headers: m
            .headers
            .iter()
            .map(|(n, v)| (place(n.clone(), LaneState::bare), v.clone().map(|at| place(at, LaneState::bare))))
            .collect(),
        timestamp_ms: m.timestamp_ms,
        partition: m.partition,
    };
    messages.iter().map(message).collect()
}

/// In place: a buffer that is used again and again grows once, and a new one for each batch would be new pages of memory for
/// each (a tenth of what clean text takes).
fn put_before(held: &[u8], buffer: &mut Vec<u8>) {
    let bytes = buffer.len();
    buffer.extend_from_slice(held);
    buffer.copy_within(..bytes, held.len());
    if let Some(front) = buffer.get_mut(..held.len()) {
        front.copy_from_slice(held);
    }
}

fn count_records(lane: &mut Lane, bytes: &[u8], ends: bool, stats: &mut Stats) {
    stats.records = line_ends(bytes) as u64;
    if let Some(&last) = bytes.last() {
        lane.in_line = last != b'\n';
    }
    if ends && lane.in_line {
        stats.records += 1;
    }
}

/// The decided part of the buffer with its edits. A clean buffer is passed on as it is; one whose markers find room
/// where the tokens stood is changed in place, so that the buffer lives on.
fn apply(mut buffer: Vec<u8>, decision: &Decision) -> Vec<u8> {
    let mut written = 0;
    let mut read = 0;
    let fits = decision.edits.iter().all(|edit| {
        written += edit.span.start - read + edit.text.len();
        read = edit.span.end;
        written <= read
    });
    if !fits {
        let mut out = Vec::with_capacity(decision.consumed + 64);
        append(&buffer, decision, &mut out);
        return out;
    }
    let (mut to, mut from) = (0, 0);
    for edit in &decision.edits {
        to = pull(&mut buffer, from..edit.span.start, to);
        if let Some(place) = buffer.get_mut(to..to + edit.text.len()) {
            place.copy_from_slice(&edit.text);
        }
        to += edit.text.len();
        from = edit.span.end;
    }
    let end = pull(&mut buffer, from..decision.consumed, to);
    buffer.truncate(end);
    buffer
}

/// Moves a stretch of the buffer to the front, to `to`, and returns where it ends there.
fn pull(buffer: &mut [u8], stretch: Range<usize>, to: usize) -> usize {
    let len = stretch.len();
    if to < stretch.start && stretch.end <= buffer.len() {
        buffer.copy_within(stretch, to);
    }
    to + len
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Edit;

    #[test]
    fn edits_in_place_equal_edits_in_a_copy() {
        let text = b"0123456789";
        /// The spans and the lengths of the texts that take their places; then how much is decided.
        type Case<'a> = (&'a [(Range<usize>, usize)], usize);
        let cases: &[Case<'_>] = &[
            (&[], 10),
            (&[], 4),
            (&[(0..3, 1)], 10),
            (&[(0..3, 0), (3..5, 2), (9..10, 1)], 10),
            (&[(2..5, 1), (7..8, 3)], 9),
            (&[(0..10, 0)], 10),
            // No room: the first is longer than what it replaces, or the second uses up what the first has saved.
            (&[(2..3, 2)], 10),
            (&[(0..3, 1), (4..5, 4)], 10),
            (&[(0..0, 1)], 0),
        ];
        for (edits, consumed) in cases {
            let edits = edits.iter().map(|(span, len)| Edit { span: span.clone(), text: vec![b'x'; *len] }).collect();
            let decision = Decision { edits, consumed: *consumed, sidecar: Vec::new() };
            let mut expected = Vec::new();
            append(text, &decision, &mut expected);
            assert_eq!(apply(text.to_vec(), &decision), expected);
        }
    }
}
