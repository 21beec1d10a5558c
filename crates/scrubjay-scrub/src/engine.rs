//! Decides, block by block, what of a byte stream is replaced by what.
//!
//! The scanner works on the whole block and names the few runs that may hold a token; clean bytes are never touched one by
//! one. Around each run the unit is built that is decided as a whole: its line, or the chain of lines that belong
//! together. What may still be changed by bytes that are not there yet (an incomplete line, an open chain) is held back, so
//! a decision never depends on where a read happened to end (DESIGN §4, boundary exactness).
//!
//! A line that is longer than the token limit is decided in windows: each begins where the last one was committed, and
//! commits at most half of itself, so that whatever is shorter than half a window is seen whole by one of them.

mod field;
mod lane;
mod parts;
mod swallow;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use scrubjay_rules::{Hit, LineWords};
use scrubjay_scan::{Run, Scanner, is_word};
use scrubjay_token::{Found, Gate, Sighted, Wide, analyze, analyze_open};

use crate::cache::{Cache, Known, Tag};
use crate::engine::field::{Asked, Decided};
pub(crate) use crate::engine::lane::LaneState;
pub(crate) use crate::engine::parts::Part;
use crate::engine::swallow::swallow;
use crate::fence::{decided, fenced};
use crate::marker::{self, Place};
use crate::others::{self, Others};
use crate::policy::Told;
use crate::runs::scan;
use crate::sealing::Ours;
use crate::site::{Site, site_in};
use crate::stats::Stats;
use crate::teller::Teller;
use crate::unit::{Keys, Lines, around, chain_start, key_lines, line_at};

/// Default of [`Limits::token_bytes_max`]: 64 KiB (DESIGN §10).
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;
/// Largest settable [`Limits::token_bytes_max`]: 1 MiB.
pub const TOKEN_BYTES_MAX_MAX: usize = 1024 * 1024;

/// Longest escape of one character, in bytes: those of three layers are 70 (`\u0065`, each as `&#92;`, of that each as `%26`).
const ESCAPE_BYTES_MAX: usize = 256;

/// Limits of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest token, in bytes of input. It bounds what is held back; a longer one is withheld as it streams.
    pub token_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { token_bytes_max: TOKEN_BYTES_MAX }
    }
}

/// A stretch of input and the text that takes its place.
pub(crate) struct Edit {
    pub(crate) span: Range<usize>,
    pub(crate) text: Vec<u8>,
}

/// What was decided of a buffer.
#[derive(Default)]
pub(crate) struct Decision {
    /// In order, without overlap, all within `consumed`.
    pub(crate) edits: Vec<Edit>,
    /// Bytes of the buffer whose fate is final. The rest must be given again, with more input behind it.
    pub(crate) consumed: usize,
    /// Claim sets that do not go with the markers, one line each.
    pub(crate) sidecar: Vec<u8>,
}

/// Finds and decides. Holds no input.
pub(crate) struct Engine {
    scanner: Scanner,
    limits: Limits,
    teller: Teller,
    others: Others,
    /// Says which runs are looked at at all. Tests do without, to see that nothing else is found.
    gate: Option<Gate>,
    cache: Option<Cache>,
    runs: Vec<Run>,
}

/// Where a token stands, and its key in the cache.
type Sited<'s> = (Site<'s>, Option<Tag>);

/// A token in plain sight. What is decided of it holds unless a unit around a later line takes its line in, too.
struct Plain {
    span: Range<usize>,
    place: Place,
    known: Known,
}

/// What one call works with.
struct Work<'a> {
    state: &'a mut LaneState,
    /// Where the buffer came from: rules of the policy may ask for it.
    source: &'a str,
    buffer: &'a [u8],
    /// The lines of the buffer.
    lines: Lines<'a>,
    /// Nothing follows the buffer.
    ends: bool,
    stats: &'a mut Stats,
    edits: Vec<Edit>,
    /// Edits for credentials that are no tokens.
    others: Vec<Edit>,
    /// Tokens in plain sight whose lines may still belong to a unit, in order.
    plain: Vec<Plain>,
    /// Parts of long lines: what is not in them are whole lines.
    long: Vec<Range<usize>>,
    /// Edits whose story may go into a field of the record.
    asked: Vec<Asked>,
    /// Lines for the sidecar.
    sidecar: Vec<u8>,
    gate: Option<Gate>,
    cache: Option<Cache>,
    /// Labels of private keys in the lines that are whole.
    keys: Keys,
}

impl Work<'_> {
    fn count(&mut self, told: Told) {
        *self.stats.classes.entry(told.class.name()).or_default() += 1;
        *self.stats.algs.entry(told.alg).or_default() += 1;
    }

    /// As [`Work::may_hold`], of a part of a long line: where a read ended must not be seen there.
    fn part_may_hold(&mut self, text: &[u8], runs: &[Run]) -> bool {
        let Some(gate) = &mut self.gate else { return !runs.is_empty() };
        gate.expect_more(true);
        let may_hold = runs.iter().any(|run| fenced(|| gate.lets_through(text, run)).unwrap_or(true));
        gate.expect_more(!self.ends);
        may_hold
    }

    fn may_hold(&mut self, text: &[u8], run: &Run) -> bool {
        self.gate.as_mut().is_none_or(|gate| fenced(|| gate.lets_through(text, run)).unwrap_or(true))
    }
}

impl Engine {
    pub(crate) fn new(teller: Teller, limits: Limits) -> Self {
        let scanner = Scanner::new();
        let others = Others { rules: Arc::clone(teller.rules()) };
        Self { scanner, limits, teller, others, gate: Some(Gate::new(scanner)), cache: Cache::new(), runs: Vec::new() }
    }

    /// Tells by what this makes of the teller from now on. What is known by the old one is forgotten.
    pub(crate) fn retell(&mut self, change: impl FnOnce(Teller) -> Teller) {
        self.teller = change(self.teller.clone());
        self.others.rules = Arc::clone(self.teller.rules());
        self.cache = Cache::new();
    }

    /// The time, in seconds since 1970.
    pub(crate) fn set_now(&mut self, now: u64) {
        self.teller.now = now;
    }

    pub(crate) fn now(&self) -> u64 {
        self.teller.now
    }

    /// Decides as much of `buffer`, which came from `source`, as can be decided. With `ends`, nothing follows and everything
    /// is decided.
    pub(crate) fn decide(&mut self, state: &mut LaneState, source: &str, buffer: &[u8], ends: bool, stats: &mut Stats) -> Decision {
        let (gate, cache) = (self.gate.take(), self.cache.take());
        let is_record = !state.is_bare;
        let before = std::mem::take(&mut state.before);
        let lines = if state.is_clean() { Lines::behind(&before, buffer) } else { Lines::within(buffer) };
        let mut work = Work {
            state,
            source,
            buffer,
            lines,
            ends,
            stats,
            edits: Vec::new(),
            others: Vec::new(),
            plain: Vec::new(),
            long: Vec::new(),
            asked: Vec::new(),
            sidecar: Vec::new(),
            gate,
            cache,
            keys: Keys::default(),
        };
        if let Some(gate) = &mut work.gate {
            gate.expect_more(!ends);
        }
        let mut runs = std::mem::take(&mut self.runs);
        let consumed = self.walk(&mut work, &mut runs);
        self.runs = runs;
        let long = std::mem::take(&mut work.long);
        for lines in others::rest(consumed, &long) {
            self.secrets_of_lines(&mut work, lines);
        }
        if !ends {
            work.state.before = lines.last_of(consumed, self.limits.token_bytes_max).to_vec();
        }
        (self.gate, self.cache) = (work.gate, work.cache);
        let mut edits = others::merge(work.edits, work.others);
        if is_record {
            edits = self.in_fields(Decided { buffer, edits, asked: work.asked, long: &long });
        }
        Decision { edits, consumed, sidecar: work.sidecar }
    }

    /// Credentials that are no tokens, in whole lines. One that is over the token limit was not walked in windows when
    /// nothing in it may be a token: that is done now, because it would be had it come in pieces.
    fn secrets_of_lines(&self, work: &mut Work<'_>, lines: Range<usize>) {
        // What is known of the last, unfinished line is of no use to these.
        let words = std::mem::take(&mut work.state.words);
        let (mut from, mut at) = (lines.start, lines.start);
        while lines.end - at > self.limits.token_bytes_max {
            let most = work.buffer.get(at..at + self.limits.token_bytes_max).unwrap_or_default();
            if let Some(line_end) = memchr::memrchr(b'\n', most) {
                at += line_end + 1;
                continue;
            }
            self.secrets(work, from, work.buffer.get(from..at).unwrap_or_default());
            let state = std::mem::take(work.state);
            at = self.long_part(work, at).0;
            *work.state = state;
            from = at;
        }
        self.secrets(work, from, work.buffer.get(from..lines.end).unwrap_or_default());
        work.state.words = words;
    }

    /// Credentials that are no tokens, in text that is decided as a whole.
    fn secrets(&self, work: &mut Work<'_>, base: usize, text: &[u8]) {
        let hits = self.foreign(text, self.others.find_beside(text, base, &work.edits, &work.state.words));
        self.others.edit(&hits, base, &work.edits, &mut work.others, work.stats);
    }

    /// The hits of a text that are not within a claim set of ours: its noise may look like anything.
    fn foreign(&self, text: &[u8], mut hits: Vec<Hit>) -> Vec<Hit> {
        if !hits.is_empty() {
            let ours = Ours::of(text, self.teller.rules());
            hits.retain(|hit| !ours.hold(&hit.span));
        }
        hits
    }

    fn walk(&self, work: &mut Work<'_>, runs: &mut Vec<Run>) -> usize {
        let buffer = work.buffer;
        let mut at = swallow(work);
        if work.state.swallowing {
            return at;
        }
        if work.state.mid_line {
            at = self.long_line(work, at);
            if work.state.mid_line {
                return at;
            }
        }
        // Lines that are whole; the last one may still grow.
        let whole = if work.ends { buffer.len() } else { memchr::memrchr(b'\n', buffer).map_or(at, |i| at.max(i + 1)) };
        let rest = buffer.len() - whole;
        runs.clear();
        let text = buffer.get(at..whole).unwrap_or_default();
        scan(self.scanner, text, runs);
        // Below a label the lines of a key may be too short for a run.
        work.keys = Keys::among(runs, buffer, at..whole);
        let (base, mut line) = (at, at..at);
        let mut plain_to = at;
        for (k, run) in runs.iter().enumerate() {
            let start = base + run.start;
            if start < at.max(plain_to) {
                continue;
            }
            if start >= line.end {
                line = line_at(buffer.get(..whole).unwrap_or_default(), start);
                line.start = line.start.max(at);
            }
            // In pieces it would be walked in windows, whatever its runs are: so it is as a whole.
            if line.len() > self.limits.token_bytes_max {
                self.settle(work, line.start);
                work.state.mid_line = true;
                at = self.long_line(work, line.start);
                if work.state.mid_line {
                    return at;
                }
                continue;
            }
            if !work.keys.begin_at(start) && !work.may_hold(text, run) {
                continue;
            }
            if self.in_plain_sight(work, base..whole, &line, runs.get(k..).unwrap_or_default()) {
                plain_to = line.end;
                continue;
            }
            let unit = around(work.lines.up_to(whole), line.clone(), at, self.limits.token_bytes_max, &work.keys);
            self.settle(work, unit.lines.start);
            if unit.open && !work.ends && rest <= self.limits.token_bytes_max {
                return unit.lines.start;
            }
            at = unit.lines.end;
            self.unit(work, unit.lines);
        }
        if rest > self.limits.token_bytes_max {
            self.settle(work, whole);
            work.state.mid_line = true;
            return self.long_line(work, whole);
        }
        let end = if work.ends { whole } else { chain_start(work.lines.up_to(whole), whole, at, self.limits.token_bytes_max) };
        self.settle(work, end);
        end
    }

    /// Decides a line, or lines that belong together.
    fn unit(&self, work: &mut Work<'_>, lines: Range<usize>) {
        if work.state.withholding {
            return self.withhold(work, lines, "oversize");
        }
        let text = work.buffer.get(lines.clone()).unwrap_or_default();
        match decided(|| analyze(text)) {
            Ok(found) => {
                let ours = if found.is_empty() { Ours::default() } else { Ours::of(text, self.teller.rules()) };
                found.iter().for_each(|f| self.replace(work, lines.start, &ours, f));
            }
            Err(why) => self.withhold(work, lines, why),
        }
    }

    /// Notes the tokens of a line if all of them are in plain sight, which most tokens are, whatever the lines around it are; false: it takes
    /// more to tell. `runs` are those of the `whole` lines, from the first one on that passes the gate in this line.
    fn in_plain_sight(&self, work: &mut Work<'_>, whole: Range<usize>, line: &Range<usize>, runs: &[Run]) -> bool {
        let Some(gate) = work.gate.as_mut().filter(|_| !work.state.withholding && !work.keys.are_in(line)) else { return false };
        let (buffer, source, cache) = (work.buffer, work.source, &work.cache);
        let (base, is_key) = (whole.start, work.state.is_key);
        let text = buffer.get(whole).unwrap_or_default();
        let sited = |span: &Range<usize>| {
            let site = site_in(buffer, source, is_key, line.start, base + span.start..base + span.end);
            let tag = cache.as_ref().zip(text.get(span.clone())).map(|(cache, token)| cache.tag(token, &site));
            (site, tag)
        };
        let mut asked: Vec<(Range<usize>, Sited<'_>)> = Vec::new();
        let is_known = |span: Range<usize>| {
            let tag = match asked.iter().find(|(asked, _)| *asked == span) {
                Some((_, (_, tag))) => *tag,
                None => {
                    let (site, tag) = sited(&span);
                    asked.push((span, (site, tag)));
                    tag
                }
            };
            tag.zip(cache.as_ref()).is_some_and(|(tag, cache)| cache.get(tag).is_some())
        };
        let in_text = line.start - base..line.end - base;
        let Some(sighted) = fenced(|| gate.in_plain_sight(text, in_text, runs, is_known)).flatten() else { return false };
        // What is known is fetched before anything is put, which may push it out.
        let (first, mut new) = (work.plain.len(), Vec::new());
        let ours = Ours::of(buffer.get(line.clone()).unwrap_or_default(), self.teller.rules());
        for Sighted { span, token } in sighted {
            let at = base + span.start..base + span.end;
            if ours.hold(&(at.start - line.start..at.end - line.start)) {
                continue;
            }
            let (site, tag): Sited<'_> = asked.iter().find(|(asked, _)| *asked == span).map_or_else(|| sited(&span), |(_, sited)| *sited);
            let known = match (tag.zip(cache.as_ref()).and_then(|(tag, cache)| cache.get(tag)).cloned(), token) {
                (Some(known), _) => known,
                (None, Some(token)) => {
                    new.extend(tag.map(|tag| (tag, work.plain.len())));
                    self.known(&token, &site)
                }
                (None, None) => {
                    work.plain.truncate(first);
                    return false;
                }
            };
            work.plain.push(Plain { span: at, place: site.place, known });
        }
        for (tag, k) in new {
            if let Some((cache, plain)) = work.cache.as_mut().zip(work.plain.get(k)) {
                cache.put(tag, || plain.known.clone());
            }
        }
        true
    }

    /// Replaces the tokens in plain sight before `end`, where a unit begins or the decided part of the buffer ends. What was noted of later
    /// ones is forgotten: they are that unit's, or come again.
    fn settle(&self, work: &mut Work<'_>, end: usize) {
        let plain = std::mem::take(&mut work.plain);
        for Plain { span, place, known } in plain.into_iter().filter(|plain| plain.span.start < end) {
            work.count(known.told);
            let (marker, story) = self.occurrence(&known, place, work.stats, &mut work.sidecar);
            if let Some(story) = story {
                work.asked.push(Asked { span: span.clone(), story, quote: String::new() });
            }
            work.edits.push(Edit { span, text: marker.into() });
        }
    }

    /// These lines cannot be decided: every run in them that may hold a token goes.
    fn withhold(&self, work: &mut Work<'_>, lines: Range<usize>, why: &'static str) {
        let text = work.buffer.get(lines.clone()).unwrap_or_default();
        let mut runs = Vec::new();
        scan(self.scanner, text, &mut runs);
        let mut runs: Vec<Range<usize>> = runs.iter().map(|run| run.start..run.end).collect();
        runs.extend(key_lines(text));
        runs.sort_unstable_by_key(|run| run.start);
        let mut end = lines.start;
        for run in runs {
            let mut span = (lines.start + run.start).max(end)..lines.start + run.end;
            // A backslash before a quote escapes it: without it the record around would be none.
            if matches!(work.buffer.get(span.end), Some(b'"' | b'\'')) {
                let run = work.buffer.get(span.clone()).unwrap_or_default();
                span.end -= run.iter().rev().take_while(|&&b| b == b'\\').count();
            }
            if span.start < span.end {
                end = span.end;
                *work.stats.withheld.entry(why).or_default() += 1;
                work.edits.push(Edit { span, text: marker::withheld("jwt", why).into_bytes() });
            }
        }
    }

    /// Puts a marker where a token stands: in its first piece; the others become empty.
    fn replace(&self, work: &mut Work<'_>, base: usize, ours: &Ours, found: &Found) {
        if found.wide.is_none() && ours.hold(&found.span()) {
            return;
        }
        let at = |r: &Range<usize>| base + r.start..base + r.end;
        let Some(first) = found.pieces.first().map(at) else { return };
        let end = base + found.span().end;
        let site = site_in(work.buffer, work.source, work.state.is_key, base, first.start..end);
        let known = self.known(&found.token, &site);
        let told = known.told;
        let (marker, story) = self.occurrence(&known, site.place, work.stats, &mut work.sidecar);
        let quote = found.quote.as_ref().and_then(|q| work.buffer.get(at(q))).unwrap_or_default();
        let quote = String::from_utf8_lossy(quote).into_owned();
        let text = [quote.as_bytes(), &marker, quote.as_bytes()].concat();
        let text = match found.wide {
            None => text,
            Some(Wide::Little) => text.iter().flat_map(|&b| [b, 0]).collect(),
            Some(Wide::Big) => text.iter().flat_map(|&b| [0, b]).collect(),
        };
        let is_in_one_line = !work.buffer.get(first.start..end).unwrap_or_default().contains(&b'\n');
        if let Some(story) = story.filter(|_| is_in_one_line && found.wide.is_none()) {
            work.asked.push(Asked { span: first.clone(), story, quote });
        }
        work.count(told);
        work.edits.push(Edit { span: first, text });
        work.edits.extend(found.pieces.iter().skip(1).map(|p| Edit { span: at(p), text: Vec::new() }));
    }

    /// Decides what is there of a line that is longer than the token limit, from `at` on, and returns how far it is
    /// decided. The line's end clears `mid_line`.
    fn long_line(&self, work: &mut Work<'_>, at: usize) -> usize {
        let (line_end, end) = self.long_part(work, at);
        work.long.push(at..line_end);
        end
    }

    /// As [`Self::long_line`]: how far the line is decided, and how far the lines are that go on with its last part.
    fn long_part(&self, work: &mut Work<'_>, mut at: usize) -> (usize, usize) {
        let line_end = work.buffer.get(at..).and_then(|b| memchr::memchr(b'\n', b)).map(|i| at + i + 1);
        let end = line_end.unwrap_or(work.buffer.len());
        let last = line_end.is_some() || work.ends;
        while end - at > self.limits.token_bytes_max {
            at = self.window_with_secrets(work, at, end, last);
            if work.state.swallowing {
                return (at, at);
            }
        }
        if !last {
            return (at, at);
        }
        // Without a run there is nothing to decide, here as anywhere else.
        let text = work.buffer.get(at..end).unwrap_or_default();
        let mut runs = Vec::new();
        scan(self.scanner, text, &mut runs);
        let mut decided = end;
        if work.state.withholding && !runs.is_empty() {
            self.unit(work, at..end);
        } else if !work.state.withholding && work.part_may_hold(text, &runs) {
            // The next lines may go on with it; what stands before it is decided, and not seen any more.
            let buffer = work.buffer;
            let whole = if work.ends { buffer.len() } else { memchr::memrchr(b'\n', buffer).map_or(end, |i| end.max(i + 1)) };
            let rest = buffer.len() - whole;
            let lines = buffer.get(at..whole).unwrap_or_default();
            let unit = around(Lines::behind(b"", lines), 0..end - at, 0, self.limits.token_bytes_max, &Keys::default());
            if unit.open && !work.ends && rest <= self.limits.token_bytes_max {
                return (at, at);
            }
            decided = at + unit.lines.end;
            self.unit(work, at..decided);
        }
        self.rest_of_object(work, at..end, end, end, last);
        work.state.object = work.state.object.take().filter(|_| line_end.is_none());
        self.secrets(work, at, text);
        work.state.mid_line = line_end.is_none();
        work.state.withholding &= work.state.mid_line;
        if !work.state.mid_line {
            work.state.words = LineWords::default();
        }
        (end, decided)
    }

    /// As [`Engine::window`], with the credentials that are no tokens. One that reaches from before the cut to the end of
    /// the window is swallowed to its end.
    fn window_with_secrets(&self, work: &mut Work<'_>, at: usize, line_end: usize, last: bool) -> usize {
        let size = self.limits.token_bytes_max;
        let text = work.buffer.get(at..at + size).unwrap_or_default();
        let hits = self.foreign(text, self.others.find(text, &work.state.words));
        let in_object = work.state.object.is_some();
        let mut end = self.window(work, &hits, at, line_end, last);
        if in_object {
            end = self.rest_of_object(work, at..end, at + size, line_end, last);
        }
        work.state.words.read(&self.others.rules, text, end - at);
        let decided = hits.iter().filter(|h| at + h.span.end <= end).count();
        self.others.edit(hits.get(..decided).unwrap_or_default(), at, &work.edits, &mut work.others, work.stats);
        let goes_on = decided > 0 && decided == hits.len() && hits.last().is_some_and(|h| h.span.end == size) && end == at + size;
        if goes_on && !work.state.swallowing { self.swallow_run(work, end, line_end, last, Vec::new()) } else { end }
    }

    /// Decides the first part of a window of a long line, and returns where the next one begins.
    fn window(&self, work: &mut Work<'_>, hits: &[Hit], at: usize, line_end: usize, last: bool) -> usize {
        let size = self.limits.token_bytes_max;
        let text = work.buffer.get(at..at + size).unwrap_or_default();
        let mut runs = Vec::new();
        scan(self.scanner, text, &mut runs);
        // Half of the window, at the end of a run where there is one.
        let half = text.get(size / 4..size / 2).and_then(|t| t.iter().rposition(|&b| !is_word(b))).map_or(size / 2, |i| size / 4 + i + 1);
        let half = others::cut(half, hits, &[]);
        if work.state.withholding {
            return self.withhold_run(work, at, at + half, line_end, last, "oversize");
        }
        if !work.part_may_hold(text, &runs) {
            return at + half;
        }
        let (found, open) = match decided(|| analyze_open(text)) {
            Ok(found) => found,
            Err(why) => return self.withhold_run(work, at, at + half, line_end, last, why),
        };
        let mut commit = open.map_or(half, |open| half.min(open));
        for f in &found {
            let span = f.span();
            if f.start() >= commit {
                break;
            }
            // What touches the end of the window is not seen whole: it gets a window of its own.
            commit = if reaches_end(text, f) { f.start() } else { commit.max(span.end) };
        }
        let ours = if found.is_empty() { Ours::default() } else { Ours::of(text, self.teller.rules()) };
        // A marker of ours that was cut would bind its claim sets no more.
        commit = others::cut(commit, hits, &found.iter().map(Found::span).chain(ours.markers.iter().cloned()).collect::<Vec<_>>());
        if commit == 0 {
            let is_long = |f: &&Found| f.start() == 0 && f.from.is_some() && reaches_end(text, f);
            if let Some(object) = found.iter().find(is_long) {
                found.iter().take_while(|f| f.span().end <= object.span().start).for_each(|f| self.replace(work, at, &ours, f));
                return self.oversize_object(work, object, at, line_end, last);
            }
            if text.first().copied().is_some_and(is_word) {
                return self.oversize(work, at, line_end, last);
            }
            work.state.withholding = true;
            return self.withhold_run(work, at, at + half, line_end, last, "oversize");
        }
        found.iter().filter(|f| f.span().start < commit).for_each(|f| self.replace(work, at, &ours, f));
        at + commit
    }

    /// Withholds what may hold a token up to `end`, and the run that goes on there to its own end.
    fn withhold_run(&self, work: &mut Work<'_>, at: usize, end: usize, line_end: usize, last: bool, why: &'static str) -> usize {
        self.withhold(work, at..end, why);
        let goes_on = end > at && work.buffer.get(end - 1).copied().is_some_and(is_word);
        if goes_on { self.swallow_run(work, end, line_end, last, Vec::new()) } else { end }
    }
}

/// What was found goes on up to the end of the window, or up to the escape that the window cuts.
fn reaches_end(window: &[u8], found: &Found) -> bool {
    let rest = window.get(found.span().end..).unwrap_or_default();
    rest.is_empty() || rest.len() < ESCAPE_BYTES_MAX && !found.is_complete() && rest.iter().all(|&b| is_word(b))
}
