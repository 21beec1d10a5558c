//! Credentials that are no JOSE (`scrubjay-rules`): their markers, beside those of the tokens.
//!
//! A rule acts within one line. Whole lines are searched together, block by block; a line over the token limit is searched
//! in the same windows as its tokens are. Where a token of `scrubjay-token` stands in such a value, its marker wins.

use std::ops::Range;
use std::sync::Arc;

use scrubjay_rules::{Hit, LineWords, RulePack};

use crate::engine::Edit;
use crate::marker;
use crate::stats::Stats;

/// What is left of a credential beside a token in it, from this many bytes on, is a secret too (DESIGN §1).
const LEFT_OVER_BYTES_MIN: usize = 16;

/// The rules that act.
pub(crate) struct Others {
    pub(crate) rules: Arc<RulePack>,
}

impl Others {
    /// Credentials of a window of a long line, before its tokens are known.
    pub(crate) fn find(&self, text: &[u8], words: &LineWords) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.rules.find_in_line(text, &[], words, &mut hits);
        hits
    }

    /// Credentials of a text that begins at `base` of the buffer, beside its tokens. Of the line that it goes on, `words`
    /// knows the beginning.
    pub(crate) fn find_beside(&self, text: &[u8], base: usize, tokens: &[Edit], words: &LineWords) -> Vec<Hit> {
        let first = tokens.partition_point(|t| t.span.end <= base);
        let here = tokens.iter().skip(first).take_while(|t| t.span.start < base + text.len());
        let taken: Vec<Range<usize>> = here.map(|t| t.span.start.saturating_sub(base)..t.span.end - base).collect();
        let mut hits = Vec::new();
        self.rules.find_in_line(text, &taken, words, &mut hits);
        hits
    }

    /// Edits for the hits of a text that begins at `base` of the buffer, beside the edits for tokens.
    pub(crate) fn edit(&self, hits: &[Hit], base: usize, tokens: &[Edit], edits: &mut Vec<Edit>, stats: &mut Stats) {
        for hit in hits {
            let Some(rule) = self.rules.rules().get(hit.rule) else { continue };
            let span = base + hit.span.start..base + hit.span.end;
            let pieces = beside(span.clone(), tokens);
            if pieces.is_empty() {
                continue;
            }
            if hit.over_budget {
                *stats.withheld.entry("budget").or_default() += 1;
            } else if let Some(count) = stats.rules.get_mut(&rule.id) {
                *count += 1;
            } else {
                stats.rules.insert(rule.id.clone(), 1);
            }
            let text = marker::of_secret(&rule.id, hit.over_budget.then_some("budget")).into_bytes();
            edits.extend(pieces.into_iter().map(|span| Edit { span, text: text.clone() }));
        }
    }
}

/// What of a span no token covers: all of it, or the parts of some length.
fn beside(span: Range<usize>, tokens: &[Edit]) -> Vec<Range<usize>> {
    let first = tokens.partition_point(|t| t.span.end <= span.start);
    let mut pieces = Vec::new();
    let mut at = span.start;
    for token in tokens.iter().skip(first).take_while(|t| t.span.start < span.end) {
        pieces.push(at..token.span.start);
        at = at.max(token.span.end);
    }
    if at == span.start && pieces.is_empty() {
        return vec![span];
    }
    pieces.push(at..span.end);
    pieces.retain(|p| p.end >= p.start + LEFT_OVER_BYTES_MIN);
    pieces
}

/// Where a window of a long line is cut: not inside a credential with its keyword, nor inside one of `tokens`.
pub(crate) fn cut(at: usize, hits: &[Hit], tokens: &[Range<usize>]) -> usize {
    let all = || hits.iter().map(|h| h.start..h.span.end).chain(tokens.iter().cloned());
    let mut before = at;
    // Each step goes back, so it ends.
    while let Some(start) = all().filter(|r| r.start < before && before < r.end).map(|r| r.start).min() {
        before = start;
    }
    if before > 0 || at == 0 {
        return before;
    }
    // Something begins where the window does: the cut goes behind it, and behind what it runs into.
    let mut behind = at;
    while let Some(end) = all().filter(|r| r.start < behind && behind < r.end).map(|r| r.end).max() {
        behind = end;
    }
    behind
}

/// The edits of both, in order.
pub(crate) fn merge(mut tokens: Vec<Edit>, mut others: Vec<Edit>) -> Vec<Edit> {
    if !others.is_empty() {
        tokens.append(&mut others);
        tokens.sort_by_key(|e| e.span.start);
    }
    tokens
}

/// The parts of `0..end` that are in none of `taken`, which ascend.
pub(crate) fn rest(end: usize, taken: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut at = 0;
    for range in taken {
        parts.push(at..range.start.min(end));
        at = at.max(range.end);
    }
    parts.push(at..end);
    parts.retain(|p| p.start < p.end);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(span: (usize, usize), tokens: &[(usize, usize)], left: &[(usize, usize)]) {
        let tokens: Vec<Edit> = tokens.iter().map(|&(a, b)| Edit { span: a..b, text: Vec::new() }).collect();
        let got: Vec<(usize, usize)> = beside(span.0..span.1, &tokens).into_iter().map(|r| (r.start, r.end)).collect();
        assert_eq!(got, left);
    }

    #[test]
    fn tokens_win_and_what_is_left_is_covered() {
        check((10, 50), &[], &[(10, 50)]);
        check((10, 50), &[(0, 10), (50, 60)], &[(10, 50)]);
        check((10, 50), &[(10, 50)], &[]);
        check((10, 50), &[(5, 20), (30, 60)], &[]);
        check((10, 50), &[(12, 20)], &[(20, 50)]);
        check((10, 90), &[(30, 50), (60, 70)], &[(10, 30), (70, 90)]);
    }

    #[test]
    fn a_window_is_cut_beside_credentials() {
        let hit = |start: usize, from: usize, end: usize| Hit { span: from..end, start, rule: 0, over_budget: false };
        let hits = [hit(10, 14, 40), hit(30, 45, 60)];
        assert_eq!(cut(50, &hits, &[]), 10, "the keyword of one lies in the value of the other");
        assert_eq!(cut(60, &hits, &[]), 60);
        assert_eq!(cut(25, &[hit(0, 5, 30), hit(20, 28, 50)], &[]), 50);
        assert_eq!(cut(25, &[hit(20, 28, 50)], &[Range { start: 5, end: 22 }]), 5);
        assert_eq!(cut(0, &[hit(0, 5, 30)], &[]), 0);
    }

    #[test]
    fn lines_beside_long_ones() {
        let check = |end: usize, taken: &[(usize, usize)], left: &[(usize, usize)]| {
            let taken: Vec<Range<usize>> = taken.iter().map(|&(a, b)| a..b).collect();
            assert_eq!(rest(end, &taken).into_iter().map(|r| (r.start, r.end)).collect::<Vec<_>>(), left);
        };
        check(10, &[], &[(0, 10)]);
        check(10, &[(0, 3), (3, 5), (8, 10)], &[(5, 8)]);
        check(0, &[], &[]);
    }
}
