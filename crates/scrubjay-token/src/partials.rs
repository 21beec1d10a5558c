//! Lines that a container runtime has cut: Kubernetes' CRI log format, Docker's JSON file log, and what Docker's drivers hand on.
//!
//! Both say themselves that a line goes on, so joining them needs no guess; the frames between the parts stay.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::lines::lines;
use crate::view::View;

/// One line of a container log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The text, without the frame around it.
    pub text: Range<usize>,
    /// `stdout` or `stderr`, as a range; lines of the two are cut independently.
    pub stream: Range<usize>,
    /// The next line of the stream continues this one.
    pub partial: bool,
}

/// Reads a line (without its line end) as one of a container log. Ranges are relative to the line.
#[must_use]
pub fn part(line: &[u8]) -> Option<Part> {
    match line {
        [b'{', ..] => handed_on(line).or_else(|| docker(line)),
        _ => cri(line),
    }
}

/// `{"log":"TEXT","partial_message":"true","partial_id":"ID","partial_ordinal":"1","partial_last":"false"}`, in any order: a
/// message that Docker divided, and whose pieces its fluentd driver sends on. Each names the message that it is of.
fn handed_on(line: &[u8]) -> Option<Part> {
    static NAMES: LazyLock<[Finder<'static>; 3]> =
        LazyLock::new(|| ["\"partial_id\":\"", "\"log\":\"", "\"partial_last\":"].map(|name| Finder::new(name.as_bytes())));
    let [id, log, last] = &*NAMES;
    let string = |finder: &Finder<'_>| {
        let start = finder.find(line)? + finder.needle().len();
        let ends = |&at: &usize| line[at] == b'"' && line[..at].iter().rev().take_while(|&&b| b == b'\\').count() % 2 == 0;
        (start..line.len()).find(ends).map(|end| start..end)
    };
    let stream = string(id)?;
    let is_last = |at: usize| {
        let value = line[at + last.needle().len()..].trim_ascii_start();
        value.strip_prefix(b"\"").unwrap_or(value).starts_with(b"true")
    };
    Some(Part { text: string(log)?, stream, partial: !last.find(line).is_some_and(is_last) })
}

/// `TIME STREAM TAG TEXT` (Kubernetes CRI): the tag is `P` (partial) or `F` (full).
fn cri(line: &[u8]) -> Option<Part> {
    // Of nearly all lines this is enough to know.
    if line.get(10) != Some(&b'T') {
        return None;
    }
    let mut spaces = line.iter().take(64).enumerate().filter(|(_, b)| **b == b' ').map(|(i, _)| i);
    let (first, second) = (spaces.next()?, spaces.next()?);
    // Nothing but blanks may stand behind the tag, and they may be taken off.
    let third = spaces.next().unwrap_or(line.len());
    let (time, stream, tag) = (&line[..first], first + 1..second, &line[second + 1..third]);
    let known = matches!(&line[stream.clone()], b"stdout" | b"stderr") && time.len() >= 20 && time[10] == b'T';
    let partial = match tag {
        b"P" => true,
        b"F" => false,
        _ => return None,
    };
    known.then_some(Part { text: line.len().min(third + 1)..line.len(), stream, partial })
}

/// `{"log":"TEXT","stream":"stdout","time":"…"}`: a text without `\n` at its end goes on.
fn docker(line: &[u8]) -> Option<Part> {
    if !line.starts_with(b"{\"log\":\"") {
        return None;
    }
    const BETWEEN: &[u8] = b"\",\"stream\":\"";
    let start = b"{\"log\":\"".len();
    let end = line.windows(BETWEEN.len()).rposition(|w| w == BETWEEN)?;
    let stream = end + BETWEEN.len();
    let stream_len = line[stream..].iter().take(8).position(|&b| b == b'"')?;
    let text = &line[start.min(end)..end];
    // A line end is `\n`; `\\n` is a backslash and a letter.
    let slashes = text.strip_suffix(b"n").map_or(0, |t| t.iter().rev().take_while(|&&b| b == b'\\').count());
    let partial = slashes.is_multiple_of(2);
    let end = if partial { end } else { end - 2 };
    (start <= end).then_some(Part { text: start..end, stream: stream..stream + stream_len, partial })
}

/// The texts of lines that were cut, joined; one joined text for each line of the view. `None`: no line is cut.
pub(crate) fn partials(text: &[u8]) -> Option<View> {
    let mut chains: Vec<(Vec<u8>, Vec<Range<usize>>, bool)> = Vec::new();
    for line in lines(text) {
        let start = line.start;
        let line = &text[line];
        if let Some(p) = part(line) {
            let stream = &line[p.stream];
            let piece = start + p.text.start..start + p.text.end;
            match chains.iter_mut().rfind(|(s, _, open)| *open && s == stream) {
                Some((_, pieces, open)) => {
                    pieces.push(piece);
                    *open = p.partial;
                }
                None if p.partial => chains.push((stream.to_vec(), Vec::from_iter([piece]), true)),
                None => {}
            }
        }
    }
    let mut view = View::default();
    for (_, pieces, _) in chains.iter().filter(|(_, pieces, _)| pieces.len() > 1) {
        let end = pieces.last().map_or(0, |p| p.end);
        pieces.iter().for_each(|p| view.copy(text, p.clone()));
        view.push(b'\n', end, end);
    }
    (!view.text.is_empty()).then_some(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_joined_by_stream() {
        let t = "2026-11-23T12:00:00.1Z";
        let text = format!("{t} stdout P abc\n{t} stderr F other\n{t} stdout F def\n");
        let view = partials(text.as_bytes()).unwrap();
        assert_eq!(view.text, b"abcdef\n");
        assert_eq!(view.pieces(text.as_bytes(), &(0..6)).len(), 2);
        let text = "{\"log\":\"abc\",\"stream\":\"stdout\",\"time\":\"t\"}\n{\"log\":\"def\\n\",\"stream\":\"stdout\",\"time\":\"t\"}\n";
        assert_eq!(partials(text.as_bytes()).unwrap().text, b"abcdef\n");
        let text = format!("{t} stdout P abc\n{t} stdout P  \n{t} stdout P\n{t} stdout F def\n");
        assert_eq!(partials(text.as_bytes()).unwrap().text, b"abc def\n", "a part of blanks, and one without any");
        assert!(partials(b"2026-11-23T12:00:00.1Z stdout F whole\nplain\n").is_none());
        let text = "{\"log\":\"a\\\\n\",\"stream\":\"stdout\",\"time\":\"t\"}\n{\"log\":\"b\\n\",\"stream\":\"stdout\",\"time\":\"t\"}\n";
        assert_eq!(partials(text.as_bytes()).unwrap().text, b"a\\\\nb\n", "an escaped backslash before an n is no line end");
    }
}
