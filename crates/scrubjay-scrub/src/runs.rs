//! The runs of a text, each within a line, and the rows of numbers that are too short for one.

use std::ops::Range;

use scrubjay_scan::{Run, RunKind, Scanner, is_list_run};
use scrubjay_token::short_rows;

/// Appends the runs of `text` that a scan gives, in order: of a list over several lines the part in each line, if that is long
/// enough by itself, and the rows that are worth a look together.
pub(crate) fn scan(scanner: Scanner, text: &[u8], runs: &mut Vec<Run>) {
    let first = runs.len();
    scanner.scan_complete(text, runs);
    let is_over_lines = |run: &Run| run.kind == RunKind::List && memchr::memchr(b'\n', part(text, run.start..run.end)).is_some();
    if !runs.iter().skip(first).any(is_over_lines) {
        return;
    }
    let list = |at: Range<usize>| Run { start: at.start, end: at.end, kind: RunKind::List };
    for run in runs.split_off(first) {
        if !is_over_lines(&run) {
            runs.push(run);
            continue;
        }
        let mut start = run.start;
        for end in memchr::memchr_iter(b'\n', part(text, run.start..run.end)).map(|at| run.start + at).chain([run.end]) {
            let line = part(text, start..end);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if is_list_run(line) {
                runs.push(list(start..start + line.len()));
            }
            start = end + 1;
        }
        runs.extend(short_rows(text, run.start..run.end).into_iter().map(list));
    }
    if let Some(new) = runs.get_mut(first..) {
        new.sort_by_key(|run| (run.start, run.kind));
    }
}

fn part(text: &[u8], range: Range<usize>) -> &[u8] {
    text.get(range).unwrap_or_default()
}
