//! Objects of a view without escapes, and the strings of the text that they stand in.

use std::ops::Range;

use crate::objects::{last_opened, objects};
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
            None => {
                let is_object = view.decoded && (found.quote.is_some() || found.from.is_some()) && text[source.start] == b'{';
                let Some(start) = is_object.then(|| last_opened(&text[source.clone()], 1)).flatten() else { return true };
                view.before(&span, source.start + start)..span.end
            }
        };
        let objects = objects(&view.text[string.clone()]).into_iter();
        inner.extend(objects.map(|f| f.behind(string.start)));
        // Compact tokens have ends of their own.
        false
    });
    tokens.append(&mut inner);
}
