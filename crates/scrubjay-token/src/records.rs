//! What records say of which each is a line of one text: a program's output line by line, through a logger, a container
//! runtime or syslog. What proves that they belong together is that all are framed alike, and that each says a line of an
//! object and nothing else.

use std::ops::Range;

use crate::lines::raw_lines;
use crate::notations::{is_known, lone_member};
use crate::pem::framed_as;
use crate::view::View;

/// Longest frame before what a record says, in bytes.
const FRAME_BYTES_MAX: usize = 2048;
/// Longest name of a member, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// A line of an object in JSON that is all that a record says.
struct Line<'a> {
    /// Where it begins in the record, behind its indentation.
    start: usize,
    /// The name of its member; empty: it has none.
    name: &'a [u8],
    /// More is opened in it than closed.
    opens: bool,
}

/// Records that are framed alike, around each that says a member of a key or of a token: where each stands, and what it says.
#[derive(Default)]
pub(crate) struct Records(Vec<(Range<usize>, Range<usize>)>);

impl Records {
    pub(crate) fn of(text: &[u8]) -> Self {
        let lines: Vec<Range<usize>> = raw_lines(text).collect();
        let mut records = Vec::new();
        let mut next = 0;
        for k in 0..lines.len() {
            let bytes = &text[lines[k].clone()];
            let member = if k < next { None } else { member_at(bytes) };
            let Some(frame) = member.map(|at| frame(bytes, at)).filter(|frame| !frame.is_empty()) else { continue };
            let record = |line: &Range<usize>| {
                said(frame, &text[line.clone()]).map(|said| (line.clone(), line.start + said.start..line.start + said.end))
            };
            let first = k - lines[next..k].iter().rev().map_while(record).count();
            let before = records.len();
            records.extend(lines[first..].iter().map_while(record));
            next = (first + records.len() - before).max(k + 1);
        }
        Self(records)
    }

    /// What they say, each in a line of its own. `None`: there are none.
    pub(crate) fn view(&self, text: &[u8]) -> Option<View> {
        let mut view = View::default();
        for (_, said) in &self.0 {
            view.copy(text, said.clone());
            view.push(b'\n', said.end, said.end);
        }
        (!self.0.is_empty()).then_some(view)
    }

    /// What lies in these pieces of what the records say, and what does not lie in the records at all: their frames stay.
    pub(crate) fn without_frames(&self, pieces: &mut [Range<usize>]) {
        for piece in pieces {
            let at = self.0.partition_point(|(line, _)| line.end <= piece.start);
            if let Some((_, said)) = self.0.get(at).filter(|(line, _)| line.start <= piece.start) {
                *piece = piece.start.max(said.start)..piece.end.min(said.end);
            }
        }
    }
}

/// What stands before `at` in a record, without the indentation of what it says.
fn frame(record: &[u8], at: usize) -> &[u8] {
    let mut frame = record[..at].trim_ascii_end();
    while let Some(rest) = frame.strip_suffix(b"\\t") {
        frame = rest.strip_suffix(b"\\").unwrap_or(rest).trim_ascii_end();
    }
    frame
}

/// What a record says that is framed so: up to the end of the string that is open there, or the rest of the line.
fn said(frame: &[u8], line: &[u8]) -> Option<Range<usize>> {
    let start = framed_as(frame, line)?;
    let Some(slashes) = open_string(frame) else { return Some(start..line.len()) };
    let end = string_end(line, start, slashes).map_or(line.len(), |(end, _)| end);
    Some(start..start + without_line_end(&line[start..end]).len())
}

/// Backslashes before the quote that opens the innermost string in which a text ends. `None`: it does not end in one.
fn open_string(text: &[u8]) -> Option<usize> {
    let mut open: Vec<usize> = Vec::new();
    for at in memchr::memchr_iter(b'"', text) {
        let slashes = slashes_before(text, at);
        match open.iter().position(|&s| s >= slashes) {
            Some(0) if open[0] > slashes => open.clear(),
            Some(i) => {
                let closes = open[i] == slashes;
                open.truncate(i);
                if !closes {
                    open.push(slashes);
                }
            }
            None => open.push(slashes),
        }
    }
    open.last().copied()
}

fn slashes_before(text: &[u8], at: usize) -> usize {
    text[..at].iter().rev().take_while(|&&b| b == b'\\').count()
}

/// Where a string ends that begins at `start` behind a quote with so many backslashes, and where the line goes on.
fn string_end(text: &[u8], start: usize, slashes: usize) -> Option<(usize, usize)> {
    let quotes = memchr::memchr_iter(b'"', &text[start..]).map(|at| start + at);
    quotes.map(|at| (slashes_before(&text[start..], at - start), at)).find(|(s, _)| *s <= slashes).map(|(s, at)| (at - s, at + 1))
}

/// A text without the line end, written as an escape, at its end.
fn without_line_end(text: &[u8]) -> &[u8] {
    let Some(rest) = text.strip_suffix(b"n") else { return text };
    let slashes = slashes_before(rest, rest.len());
    // Of pairs each is a backslash.
    if slashes % 2 == 1 || slashes > 2 { &rest[..rest.len() - slashes] } else { text }
}

/// Where what a record says begins that is a member of a key or of a token, and nothing else.
fn member_at(record: &[u8]) -> Option<usize> {
    let quoted = || json_line(record).filter(|line| is_known(line.name)).map(|line| line.start);
    lone_member(record).or_else(quoted)
}

/// True where `record` says nothing but a member of a key or of a token: the next one may say another.
#[must_use]
pub fn is_member_record(record: &[u8]) -> bool {
    member_at(record).is_some()
}

/// True where `record` says a line of an object, and the next one may say another: it opens something, or the one before
/// it, framed alike, says such a line too.
#[must_use]
pub fn continues_object(before: &[u8], record: &[u8]) -> bool {
    let Some(line) = json_line(record) else { return false };
    line.opens || json_line(before).is_some_and(|above| framed_as(frame(before, above.start), record).is_some())
}

/// The line of an object in JSON that is all that a record says: in a string of the record, or at its end.
fn json_line(record: &[u8]) -> Option<Line<'_>> {
    let head = &record[..record.len().min(FRAME_BYTES_MAX)];
    let mut before: Option<(usize, usize)> = None;
    for at in memchr::memchr_iter(b'"', head) {
        let slashes = slashes_before(head, at);
        // A quote right behind the one that opens the string, with more backslashes.
        if let Some((end, outer)) = before
            && slashes > outer
            && is_indentation(&head[end..at - slashes])
        {
            let (end, _) = string_end(record, at + 1, outer)?;
            return member_line(without_line_end(&record[at - slashes..end]), slashes).map(|line| line.behind(at - slashes));
        }
        // A string of brackets.
        if let Some((end, outer)) = before
            && outer == slashes
            && begins_string(&head[..end - 1 - outer])
            && let Some(start) = brackets_at(without_line_end(&head[end..at]))
        {
            return Some(Line { start: end + start, name: b"", opens: is_opening(without_line_end(&head[end..at])) });
        }
        before = Some((at + 1, slashes));
    }
    if head.starts_with(b"{") && before.is_some() {
        return None;
    }
    let text = record.trim_ascii_end();
    let brackets = text.iter().rev().take_while(|b| b"{}[],".contains(b)).count();
    let first = memchr::memchr(b'"', &head[..text.len().min(head.len())]);
    match first {
        Some(at) if at == 0 || matches!(text[at - 1], b' ' | b'\t') => member_line(&text[at..], 0).map(|line| line.behind(at)),
        None if brackets > 0 => {
            let start = text.len() - brackets;
            let alone = start == 0 || matches!(text[start - 1], b' ' | b'\t');
            alone.then(|| Line { start, name: b"", opens: is_opening(text) })
        }
        _ => None,
    }
}

impl Line<'_> {
    fn behind(self, offset: usize) -> Self {
        Self { start: self.start + offset, ..self }
    }
}

/// A string may begin behind this text.
fn begins_string(text: &[u8]) -> bool {
    matches!(text.last(), Some(b':' | b'=' | b' ' | b'[' | b'{' | b','))
}

/// Blanks, and tabs in escapes.
fn is_indentation(text: &[u8]) -> bool {
    frame(text, text.len()).is_empty()
}

/// Where brackets begin behind their indentation that are all there is of `text`.
fn brackets_at(text: &[u8]) -> Option<usize> {
    let len = text.trim_ascii_end().iter().rev().take_while(|b| b"{}[],".contains(b)).count();
    let start = text.trim_ascii_end().len() - len;
    (text.trim_ascii_end() != b"," && len > 0 && is_indentation(&text[..start])).then_some(start)
}

fn is_opening(text: &[u8]) -> bool {
    matches!(text.trim_ascii_end().last(), Some(b'{' | b'['))
}

/// A member, or a string of an array, whose quotes have so many backslashes, and that is all there is of `text`.
fn member_line(text: &[u8], slashes: usize) -> Option<Line<'_>> {
    let start = slashes + 1;
    let (end, next) = string_end(text, start, slashes)?;
    let rest = text[next..].trim_ascii_start();
    let Some(value) = rest.strip_prefix(b":") else {
        return matches!(rest, b"" | b",").then_some(Line { start: 0, name: b"", opens: false });
    };
    let ends = matches!(value.trim_ascii_end().last(), Some(b',' | b'"' | b'{' | b'[' | b'}' | b']' | b'0'..=b'9' | b'e' | b'l'));
    (end - start <= NAME_BYTES_MAX && ends).then(|| Line { start: 0, name: &text[start..end], opens: is_opening(value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_say_a_line_of_an_object() {
        for (record, start, name, opens) in [
            ("2026-11-28T10:00:00.1Z stdout F   \"d\": \"AAAA\",", 34, "d", false),
            ("2026-11-28T10:00:00.1Z stdout F   },", 34, "", false),
            ("web-1  | \"keys\": [", 9, "keys", true),
            (r#"{"log":"  \"d\": \"AAAA\",\n","stream":"stdout","time":"t"}"#, 10, "d", false),
            (r#"{"log":"{\n","stream":"stdout","time":"t"}"#, 8, "", true),
            (r#"{"ts":1,"msg":"\t],"}"#, 16, "", false),
            (r#"{"ts":1,"msg":"\t\t\"e\": 1"}"#, 19, "e", false),
            (r#"level=debug msg="  \"WyJhIl0\"" n=1"#, 19, "", false),
            (r#"{"log":"{\"msg\":\"  \\\"d\\\": \\\"A\\\",\"}\n","stream":"stdout","time":"t"}"#, 20, "d", false),
        ] {
            let line = json_line(record.as_bytes()).unwrap_or_else(|| panic!("{record}"));
            assert_eq!((line.start, line.name, line.opens), (start, name.as_bytes(), opens), "{record}");
        }
        for record in [
            "",
            "2026-11-28T10:00:00.1Z stdout F started",
            r#"{"ts":1,"msg":"started","n":[1]}"#,
            r#"{"ts":1,"msg":"a \"quoted\" word"}"#,
            r#"{"ts":1,"msg":"\"quoted\" words"}"#,
            r#"{"ts":1,"msg":""}"#,
            r#"INFO user "jo" logged in"#,
            r#"{"log":"{\"level\":\"info\",\"a\":\"\"}\n","stream":"stdout","time":"t"}"#,
        ] {
            assert!(json_line(record.as_bytes()).is_none(), "{record}");
        }
    }
}
