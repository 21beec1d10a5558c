//! The lines of a text.

use std::ops::Range;

/// The lines of a text without their ends; behind the last line end stands a line too, be it empty.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    raw_lines(text).map(|line| line.start..line.end - usize::from(text[line.clone()].ends_with(b"\r")))
}

/// The same, with a carriage return before the line end.
pub(crate) fn raw_lines(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    memchr::memchr_iter(b'\n', text).chain([text.len()]).map(move |end| std::mem::replace(&mut start, end + 1)..end)
}
