//! Objects of a view without escapes, and the strings of the text that they stand in.

use std::ops::Range;

use crate::objects::{is_parted_from_slash, objects};
use crate::token::Found;
use crate::view::View;

/// Objects of a view that are cut in `strings` of the text end with these, and those that end in a string of it begin there: without
/// their escapes, the quotes around an object are like those of its members.
pub(super) fn within_strings(text: &[u8], view: &View, strings: &[Range<usize>], tokens: &mut Vec<Found>) {
    let mut inner = Vec::new();
    tokens.retain(|found| {
        let span = found.start()..found.span().end;
        let source = view.source(&span);
        let known = strings.binary_search_by_key(&source.start, |string| string.start).ok();
        let end = known.and_then(|i| strings.get(i)).map(|string| string.end).filter(|&end| end < source.end);
        let string = match end {
            Some(end) => span.start..view.before(&span, end),
            None => match last_opened(text, &source).filter(|_| view.decoded && (found.quote.is_some() || found.from.is_some())) {
                Some(start) => view.before(&span, start)..span.end,
                None => return true,
            },
        };
        let objects = objects(&view.text[string.clone()]).into_iter();
        inner.extend(objects.map(|f| f.behind(string.start)));
        // Compact tokens have ends of their own.
        false
    });
    tokens.append(&mut inner);
}

/// Where the string begins in which a stretch of the text ends that begins outside of it.
fn last_opened(text: &[u8], stretch: &Range<usize>) -> Option<usize> {
    let plain = |at: &usize| !text[..*at].ends_with(b"\\") && !is_parted_from_slash(&text[..*at]);
    let mut quotes = memchr::memchr_iter(b'"', &text[stretch.clone()]).map(|at| stretch.start + at).filter(plain);
    let (mut opened, mut count) = (None, 0);
    quotes.by_ref().for_each(|at| (opened, count) = (Some(at + 1), count + 1));
    opened.filter(|_| count % 2 == 1 && text[stretch.start] == b'{')
}
