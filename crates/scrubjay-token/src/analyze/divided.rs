//! Objects whose lines a carrier divided: those that come out whole without what divides them.

use std::ops::Range;

use super::{CARRIER_LAYERS_MAX, Exhausted, Work, mapped};
use crate::frames::without_frames;
use crate::objects::{is_json_in_view, objects};
use crate::token::{Found, Kind};
use crate::view::{View, unescaped};

/// Looks for whole objects in a text whose carrier divided them, and encoded it once or twice.
///
/// `strings` are those in which objects are cut, up to where they end.
pub(super) fn carried_objects(
    text: &[u8],
    mut view: View,
    strings: &[Range<usize>],
    work: &mut Work,
    found: &mut Vec<Found>,
) -> Result<(), Exhausted> {
    // A string that a literal or a line ends may go on in the next one; behind one that its record ends stands more of that.
    let ends = |string: &Range<usize>| {
        let rest = &text[string.end..];
        let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
        line.iter().any(u8::is_ascii_alphanumeric)
    };
    let is_cut = |f: &Found| strings.iter().any(|string| string.start == f.start() && string.end < f.span().end && ends(string));
    let mut texts = Vec::new();
    // So many of them hold an object, or come before one that does.
    let mut fruitful = 0;
    for layers in (0..=CARRIER_LAYERS_MAX).rev() {
        if work.undivided.has(&view.text, layers) {
            break;
        }
        work.spend(view.text.len())?;
        let objects = whole(&view);
        fruitful = if objects.is_empty() { fruitful } else { texts.len() + 1 };
        // One in a line is divided by nothing, and the text as it stands tells where its string ends.
        let objects = in_place(text, &view, objects);
        found.extend(objects.filter(|f| memchr::memchr(b'\n', &text[f.span()]).is_some() && !is_cut(f)));
        let plain = unescaped(&view.text);
        texts.push((std::mem::take(&mut view.text), layers));
        let Some(plain) = plain else { break };
        view = view.then(&plain);
    }
    for (text, layers) in texts.drain(fruitful..) {
        work.undivided.add(&text, layers);
    }
    Ok(())
}

/// The objects that are whole in a view without line ends, where they stand in the text.
pub(super) fn whole_objects<'a>(text: &'a [u8], view: &'a View) -> impl Iterator<Item = Found> + use<'a> {
    in_place(text, view, whole(view))
}

/// The objects that are whole in a view.
fn whole(view: &View) -> Vec<Found> {
    objects(&view.text).into_iter().filter(|f| f.token.cut.is_none()).collect()
}

/// Those of a view's objects that are JSON in the text, too, where they stand there.
fn in_place<'a>(text: &'a [u8], view: &'a View, objects: Vec<Found>) -> impl Iterator<Item = Found> + use<'a> {
    let json = objects.into_iter().filter(|f| is_json_in_view(text, view, f, false));
    json.map(|f| mapped(text, view, f)).map(|f| Found { pieces: without_frames(text, f.pieces), ..f })
}

/// Where the keys stand that are whole, in order: to join their lines tells nothing more of them.
pub(super) fn whole_keys(found: &[Found]) -> Vec<Range<usize>> {
    let keys = found.iter().filter(|f| f.token.kind == Kind::Pem && f.token.cut.is_none());
    let mut pieces: Vec<Range<usize>> = keys.flat_map(|f| f.pieces.iter().cloned()).collect();
    pieces.sort_unstable_by_key(|p| p.start);
    pieces
}
