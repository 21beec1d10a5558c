//! What was found in several views of one text, as one.

use std::ops::Range;

use crate::token::Found;

/// In order, without overlap: what overlaps is one, told by the larger of the two.
pub(crate) fn merged(mut found: Vec<Found>) -> Vec<Found> {
    found.retain(|f| !f.pieces.is_empty());
    found.sort_by_key(|f| (f.span().start, std::cmp::Reverse(f.span().end)));
    let mut out: Vec<Found> = Vec::new();
    for next in found {
        match out.last_mut() {
            Some(last) if next.span().start < last.span().end => merge(last, next),
            _ => out.push(next),
        }
    }
    out
}

fn merge(last: &mut Found, next: Found) {
    let size = |f: &Found| f.pieces.iter().map(ExactSizeIterator::len).sum::<usize>();
    let from = last.from.into_iter().chain(next.from).min();
    let whole = last.span().start == next.span().start && last.span().end == next.span().end && from.is_none();
    let (mut told, other) = if size(&next) > size(last) { (next, &*last) } else { (last.clone(), &next) };
    if !whole {
        // What stands before a piece in its line is none of a token that is whole over several lines.
        let next = if told.is_complete() { told.pieces.get(1..).unwrap_or_default() } else { &[] };
        let is_told = |p: &Range<usize>| next.iter().any(|told| (p.start + 1..p.end).contains(&told.start) && p.end <= told.end);
        let others = other.pieces.iter().filter(|p| !is_told(p));
        let mut pieces: Vec<Range<usize>> = told.pieces.iter().chain(others).cloned().collect();
        pieces.sort_by_key(|p| p.start);
        let mut union: Vec<Range<usize>> = Vec::new();
        for p in pieces {
            match union.last_mut() {
                Some(l) if p.start <= l.end => l.end = l.end.max(p.end),
                _ => union.push(p),
            }
        }
        if union.first().map(|p| p.start) != told.pieces.first().map(|p| p.start) {
            told.quote = None;
        }
        told.pieces = union;
    }
    told.from = from;
    *last = told;
}
