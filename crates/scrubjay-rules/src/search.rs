//! The second stage: what stands at a keyword is matched, judged and reported.

use std::ops::Range;

use crate::compile::Cache;
use crate::judge::{ends_marker, entropy, is_marker, is_placeholder, is_random};
use crate::pack::RulePack;
use crate::rule::Rule;
use memchr::{memchr, memchr2_iter, memrchr};

/// How far from its keyword on an expression may look, in bytes. A longer secret is taken to the end of its run.
pub const WINDOW_BYTES_MAX: usize = 4096;
/// Bytes that expressions may look at, for each byte of the line behind its first keyword.
pub const WORK_PER_BYTE_MAX: usize = 8;
/// What a line is granted to begin with.
const WORK_BYTES_MIN: usize = 4 * WINDOW_BYTES_MAX;

/// A credential that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The bytes that are secret, within one line and never empty.
    pub span: Range<usize>,
    /// The beginning of the keyword that led to it; at most `span.start`.
    pub start: usize,
    /// The rule, as an index of [`RulePack::rules`].
    pub rule: usize,
    /// The line asked for more work than it is granted: the run of bytes behind the keyword was taken unseen.
    pub over_budget: bool,
}

/// Memory that a search needs, kept for the next one.
#[derive(Default)]
pub(crate) struct Scratch {
    candidates: Vec<usize>,
    caches: Vec<Option<Cache>>,
    /// For each rule the end of its last hit.
    covered: Vec<usize>,
    /// For each rule with [`Rule::before`]: how far this line was searched for its words, and whether one was found.
    before: Vec<(usize, bool)>,
}

/// Less than this behind a token of others belongs to it.
const BEHIND_TOKEN_BYTES_MAX: usize = 16;

/// One search over one text.
struct Search<'a> {
    pack: &'a RulePack,
    text: &'a [u8],
    /// What others have found.
    taken: &'a [Range<usize>],
    scratch: &'a mut Scratch,
    found: &'a mut Vec<Hit>,
    /// The line that the last keyword was in.
    line: Range<usize>,
    /// Bytes looked at in that line.
    work: usize,
}

/// Which words of [`Rule::before`] stand in a line so far, for a line that is searched in pieces. At its beginning: none.
#[derive(Clone, Debug, Default)]
pub struct LineWords(Vec<bool>);

impl LineWords {
    /// Takes note of the words that begin in the first `end` bytes of `text`, which is a part of one line.
    pub fn read(&mut self, pack: &RulePack, text: &[u8], end: usize) {
        self.0.resize(pack.rules().len(), false);
        for (seen, rule) in self.0.iter_mut().zip(pack.rules()) {
            let begins = |word: &String| {
                let within = text.get(..text.len().min(end + word.len().max(1) - 1)).unwrap_or_default();
                has_word(within, word)
            };
            *seen = *seen || rule.before.iter().any(begins);
        }
    }
}

/// The word stands in the text, and not as a part of a rule's id in a marker: what was scrubbed before is no other text.
fn has_word(text: &[u8], word: &str) -> bool {
    let in_marker = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        let id = before.iter().rev().take(ID_BYTES_MAX).take_while(is_id).count();
        before.get(..at - id).unwrap_or_default().ends_with(b"(rule:")
    };
    let Some(&first) = word.as_bytes().first() else { return false };
    let begins = memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text);
    let stands = |at: usize| text.get(at..at + word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word.as_bytes()));
    begins.into_iter().any(|at| stands(at) && !in_marker(at))
}

fn is_id(b: &&u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')
}

/// Longest id of a rule that is looked through.
const ID_BYTES_MAX: usize = 80;

pub(crate) fn find(
    pack: &RulePack,
    text: &[u8],
    taken: &[Range<usize>],
    words: &LineWords,
    scratch: &mut Scratch,
    found: &mut Vec<Hit>,
) -> u64 {
    let first = found.len();
    scratch.caches.resize_with(pack.rules().len(), || None);
    scratch.covered.clear();
    scratch.covered.resize(pack.rules().len(), 0);
    scratch.before.clear();
    scratch.before.extend(words.0.iter().map(|&seen| (0, seen)));
    scratch.before.resize(pack.rules().len(), (0, false));
    let mut candidates = std::mem::take(&mut scratch.candidates);
    let mut search = Search { pack, text, taken, scratch, found, line: 0..0, work: 0 };
    let mut total = 0;
    pack.fragments().each(text, &mut candidates, |keyword, start| {
        let before = search.work;
        search.enter(start);
        let before = if search.work < before { 0 } else { before };
        for &rule in &keyword.rules {
            search.keyword(rule, start, keyword.text.len());
        }
        total += (search.work - before) as u64;
    });
    scratch.candidates = candidates;
    merge(found, first);
    total
}

impl Search<'_> {
    /// Finds the line of a keyword. A fragment may lie behind another that begins a longer keyword, so a place can be a
    /// little before the last one.
    fn enter(&mut self, start: usize) {
        if start < self.line.end {
            return;
        }
        let end = self.text.get(start..).and_then(|t| memchr(b'\n', t)).map_or(self.text.len(), |i| start + i);
        let begin = self.text.get(self.line.end..start).and_then(|t| memrchr(b'\n', t)).map_or(self.line.end, |i| self.line.end + i + 1);
        self.line = begin..end;
        self.work = 0;
    }

    fn keyword(&mut self, index: usize, start: usize, len: usize) {
        let covered = self.scratch.covered.get(index).copied().unwrap_or(0);
        let Some(rule) = self.pack.rules().get(index).filter(|_| start >= covered) else { return };
        let Some(matcher) = self.pack.matcher(index) else { return };
        let granted = WORK_BYTES_MIN + WORK_PER_BYTE_MAX * start.saturating_sub(self.line.start);
        if self.work > granted {
            return self.unseen(index, start, len);
        }
        let mut window = start..self.line.end.min(start + WINDOW_BYTES_MAX);
        // A token that begins in the window ends it, unless more than a scrap hangs on to its end.
        let next = self.taken.get(self.taken.partition_point(|t| t.end <= start)).filter(|t| t.start < window.end);
        if let Some(token) = next.cloned() {
            if token.start <= start {
                return;
            }
            if self.run(token.end, BEHIND_TOKEN_BYTES_MAX) < BEHIND_TOKEN_BYTES_MAX {
                window.end = token.start;
            }
        }
        let Some(slot) = self.scratch.caches.get_mut(index) else { return };
        let cache = slot.get_or_insert_with(|| matcher.cache());
        let attempt = matcher.attempt(cache, self.text, window.clone());
        self.work += attempt.looked;
        let Some(end) = attempt.end else { return };
        let Some(mut span) = matcher.secret(cache, self.text, start..end) else { return };
        self.work += end - start;
        if span.end == start + WINDOW_BYTES_MAX {
            span.end += self.run(span.end, usize::MAX);
        }
        // A full stop or an ellipsis ends no secret: it is the sentence's, or the logger's that cut the value.
        let dots = self.text.get(span.clone()).unwrap_or_default().iter().rev().take_while(|&&b| b == b'.').count();
        span.end -= dots;
        if !span.is_empty() && self.is_secret(index, rule, start, &span) {
            self.report(Hit { span, start, rule: index, over_budget: false });
        }
    }

    /// The line was written to be slow: what follows the keyword is taken as it is, to the end of its run.
    fn unseen(&mut self, index: usize, start: usize, len: usize) {
        let from = start + len;
        let name = self.text.get(from..self.line.end).unwrap_or_default();
        let gap = name.iter().take(8).take_while(|b| b" =:\"'\\".contains(b)).count();
        let span = from + gap..from + gap + self.run(from + gap, usize::MAX);
        if !span.is_empty() {
            self.report(Hit { span, start, rule: index, over_budget: true });
        }
    }

    fn report(&mut self, hit: Hit) {
        if let Some(covered) = self.scratch.covered.get_mut(hit.rule) {
            *covered = hit.span.end;
        }
        self.found.push(hit);
    }

    /// Length of the run of characters that credentials consist of, up to `most`.
    fn run(&self, from: usize, most: usize) -> usize {
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"-._~+/=%".contains(b);
        self.text.get(from..self.line.end).unwrap_or_default().iter().take(most).take_while(|b| is_part(b)).count()
    }

    fn is_secret(&mut self, index: usize, rule: &Rule, start: usize, span: &Range<usize>) -> bool {
        let value = self.text.get(span.clone()).unwrap_or_default();
        (!rule.random || is_random(value))
            && !is_placeholder(value)
            && !is_marker(value, self.text.get(span.end..).unwrap_or_default())
            && !ends_marker(self.text.get(..span.start).unwrap_or_default(), value)
            && rule.entropy_min.is_none_or(|min| entropy(value) >= min)
            && rule.checksum.is_none_or(|c| c.holds(value))
            && (rule.before.is_empty() || self.has_before(index, &rule.before, start))
            && (rule.with.is_empty() || self.has_companion(&rule.with, start))
    }

    /// One of the words stands before `start` in the same line. However far back: a distance would change when what lies
    /// between becomes a marker. Each byte is searched once.
    fn has_before(&mut self, index: usize, words: &[String], start: usize) -> bool {
        let Some((searched, found)) = self.scratch.before.get_mut(index) else { return false };
        if *searched < self.line.start {
            (*searched, *found) = (self.line.start, false);
        }
        if !*found && *searched < start {
            let longest = words.iter().map(String::len).max().unwrap_or(0);
            let from = searched.saturating_sub(longest).max(self.line.start);
            let new = self.text.get(from..start).unwrap_or_default();
            *found = words.iter().any(|word| has_word(new, word));
            *searched = start;
            self.work += new.len();
        }
        *found
    }

    /// One of the parameters stands in the query string or form around `start`.
    fn has_companion(&mut self, names: &[String], start: usize) -> bool {
        let ends = |b: &u8| b.is_ascii_whitespace() || b"\"'<>`".contains(b);
        let back = self.text.get(self.line.start..start).unwrap_or_default();
        let from = start - back.iter().rev().take_while(|b| !ends(b)).count();
        let ahead = self.text.get(start..self.line.end).unwrap_or_default();
        let to = start + ahead.iter().take_while(|b| !ends(b)).count();
        self.work += to - from;
        let query = self.text.get(from..to).unwrap_or_default();
        // `&` may be written as `&amp;` or `\u0026`, or percent-encoded when the whole URL is a parameter.
        let begins = |at: usize| {
            let before = query.get(..at).unwrap_or_default();
            before.is_empty() || [&b"?"[..], b"&", b";", b"#", b"u0026", b"%26", b"%3F", b"%3f"].iter().any(|s| before.ends_with(s))
        };
        let follows =
            |at: usize| query.get(at..).is_some_and(|rest| rest.starts_with(b"=") || rest.starts_with(b"%3D") || rest.starts_with(b"%3d"));
        names.iter().any(|name| memchr::memmem::find_iter(query, name).any(|at| begins(at) && follows(at + name.len())))
    }
}

/// Puts hits in order and makes one of those that overlap: it covers them all and has the name of the rule that is first in
/// the pack, which is the more particular one.
fn merge(found: &mut Vec<Hit>, first: usize) {
    let mut hits = found.split_off(first.min(found.len()));
    hits.sort_by_key(|h| (h.span.start, h.rule));
    for hit in hits {
        match found.get_mut(first..).and_then(|f| f.last_mut()).filter(|last| hit.span.start < last.span.end) {
            Some(last) => {
                last.span.end = last.span.end.max(hit.span.end);
                last.start = last.start.min(hit.start);
                last.rule = last.rule.min(hit.rule);
                last.over_budget |= hit.over_budget;
            }
            None => found.push(hit),
        }
    }
}
