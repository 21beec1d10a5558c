//! Which lines belong together: the units that are decided as a whole.
//!
//! A line is linked to the next one where it says so itself: a value wrapped at its end, JSON that is still open, a key's
//! first line, a dump. Units are chains of linked lines, so they depend on bytes only, never on where a read ended. Most
//! lines are never looked at: units are built only around runs that may hold a token, and at the end of what was read.

mod keys;
mod line;
mod links;
mod pieces;

use std::cmp::Ordering;
use std::ops::Range;

use memchr::{memchr, memrchr};
use scrubjay_token::OpenKey;

use crate::engine::TOKEN_BYTES_MAX;

pub use self::keys::KeysBefore;
use self::keys::Spans;
pub(crate) use self::keys::{Keys, key_lines};
use self::line::Line;

/// The line that holds `at`, with its line end.
pub(crate) fn line_at(buffer: &[u8], at: usize) -> Range<usize> {
    let start = buffer.get(..at).and_then(|b| memrchr(b'\n', b)).map_or(0, |i| i + 1);
    let end = buffer.get(at..).and_then(|b| memchr(b'\n', b)).map_or(buffer.len(), |i| at + i + 1);
    start..end
}

/// The lines of a buffer, and the one before them: what a line is may depend on it.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'a> {
    buffer: &'a [u8],
    /// Where the first line of the buffer begins that is not the rest of one.
    begin: usize,
    /// The line before that one. Empty: there is none, or it is too long to say anything of the next.
    before: &'a [u8],
}

impl<'a> Lines<'a> {
    /// Those of a buffer that begins with a line, behind this one.
    pub(crate) fn behind(before: &'a [u8], buffer: &'a [u8]) -> Self {
        Self { buffer, begin: 0, before }
    }

    /// Those of a buffer that begins inside a line which is over the limit.
    pub(crate) fn within(buffer: &'a [u8]) -> Self {
        let begin = memchr(b'\n', buffer).map_or(buffer.len(), |at| at + 1);
        Self { buffer, begin, before: b"" }
    }

    /// The same, of a buffer that ends earlier.
    pub(crate) fn up_to(self, end: usize) -> Self {
        Self { buffer: self.buffer.get(..end).unwrap_or_default(), ..self }
    }

    /// The line before the one that begins at `start`, if there is one and it is no longer than `bytes_max`. Empty: there is none.
    pub(crate) fn before(&self, start: usize, bytes_max: usize) -> &'a [u8] {
        let before = match start.cmp(&self.begin) {
            Ordering::Less => b"",
            Ordering::Equal => self.before,
            Ordering::Greater => self.buffer.get(line_at(self.buffer, start - 1)).unwrap_or_default(),
        };
        if before.len() <= bytes_max { before } else { b"" }
    }

    /// The last line of what stands before `end`, for what comes behind: empty where `end` is inside a line, and as in [`Self::before`].
    pub(crate) fn last_of(&self, end: usize, bytes_max: usize) -> &'a [u8] {
        let is_line_end = end == 0 || self.buffer.get(end - 1) == Some(&b'\n');
        if is_line_end { self.before(end, bytes_max) } else { b"" }
    }

    /// True for a line that the next one may continue, as it says itself or as the line before it says.
    fn goes_on(&self, line: &Range<usize>, bytes_max: usize) -> bool {
        let before = Some(self.before(line.start, bytes_max)).filter(|before| !before.is_empty());
        let before = before.map(|before| Line::of(before, self.buffer.get(line.start..).unwrap_or_default()));
        links::link(before.as_ref(), &Line::at(self.buffer, line.clone())).is_some()
    }
}

/// The unit around a line, and whether it is linked to a line that is not there yet.
pub(crate) struct Unit {
    pub(crate) lines: Range<usize>,
    pub(crate) open: bool,
}

/// The chain of linked lines around `line`, and the lines of `keys` that begin in it, from `floor` on and at most `reach` bytes to
/// either side.
pub(crate) fn around(lines: Lines<'_>, line: Range<usize>, floor: usize, reach: usize, keys: &Keys) -> Unit {
    let buffer = lines.buffer;
    let start = chain_start(lines, line.start, floor, reach);
    let limit = line.start.saturating_add(reach);
    let mut end = line.end;
    let mut last = line;
    let mut key = keys.open_behind(buffer, &(start..end));
    let ends_with = |last: &Range<usize>, end: usize| !lines.goes_on(last, reach) && unfinished(buffer, start, end).is_none();
    loop {
        if key.is_none() && ends_with(&last, end) {
            return Unit { lines: start..end, open: false };
        }
        if end >= buffer.len() {
            return Unit { lines: start..end, open: true };
        }
        let next = line_at(buffer, end);
        if next.end > limit {
            return Unit { lines: start..end, open: false };
        }
        if let Some(mut open) = key.take() {
            let text = buffer.get(next.clone()).unwrap_or_default();
            if open.takes(text) {
                key = Some(open).filter(OpenKey::is_open);
            } else if ends_with(&last, end) {
                return Unit { lines: start..end, open: false };
            }
        }
        key = keys.announced_in(buffer, &next).or(key);
        end = next.end;
        last = next;
    }
}

/// Where the chain of lines that leads up to the line end at `end` begins; `end` itself when there is none.
pub(crate) fn chain_start(lines: Lines<'_>, end: usize, floor: usize, reach: usize) -> usize {
    let limit = floor.max(end.saturating_sub(reach));
    let mut start = end;
    while start > limit {
        let line = line_at(lines.buffer, start - 1);
        let from = if lines.goes_on(&line, reach) { Some(line.start) } else { unfinished(lines.buffer, limit, start) };
        match from {
            Some(from) if from >= limit => start = from,
            _ => break,
        }
    }
    start
}

/// Most lines of other streams between two parts of a line.
const BETWEEN_PARTS_MAX: usize = 16;

/// Where a part of a line begins that no later line within `lines` has finished. Looks at the last few lines only.
fn unfinished(buffer: &[u8], floor: usize, end: usize) -> Option<usize> {
    match parts(buffer, floor, end) {
        Parts::Unfinished(start) => Some(start),
        Parts::Finished | Parts::Unknown => None,
    }
}

/// What the last few lines say of parts of lines.
enum Parts {
    Finished,
    /// A part that begins here goes on.
    Unfinished(usize),
    /// Only parts up to the floor, all of them finished; what stands before it is not looked at.
    Unknown,
}

fn parts(buffer: &[u8], floor: usize, end: usize) -> Parts {
    let mut finished: Vec<&[u8]> = Vec::new();
    let mut at = end;
    for _ in 0..BETWEEN_PARTS_MAX {
        if at <= floor {
            return Parts::Unknown;
        }
        let line = line_at(buffer, at - 1);
        let text = buffer.get(line.clone()).unwrap_or_default().trim_ascii_end();
        let Some(part) = scrubjay_token::part(text) else { return Parts::Finished };
        let stream = text.get(part.stream).unwrap_or_default();
        if part.partial && !finished.contains(&stream) {
            return Parts::Unfinished(line.start);
        }
        finished.push(stream);
        at = line.start;
    }
    Parts::Finished
}

/// What is known of what stands before a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before<'a> {
    /// The text begins at a boundary behind this line, whole and with its end, or with its lane: then it is empty.
    Boundary(&'a [u8]),
    /// It may begin inside a line, but inside no private key ([`KeysBefore`]).
    NoKey,
    /// It may begin inside anything.
    Anything,
}

/// The last boundary in `text` behind `from`: a place behind a line end that no unit spans, so that what stands before
/// it and what comes after it are decided independently of each other, by two scrubbers as well as by one.
///
/// Unless `text` itself begins at a boundary it may begin inside a line, and only what its own lines prove counts. Lines before
/// `from` are looked at only where a later one depends on them.
/// Whatever links a line to the next one must be seen in that line, the one before it and the two behind it, or in the parts of a
/// container's line: `around` and this go by the same functions. Linear: each line from `from` on is looked at, and at most 16 before it.
///
/// ```
/// use scrubjay_scrub::{Before, last_boundary};
///
/// assert_eq!(last_boundary(b"one\ntwo\nthr", 0, Before::Boundary(b"")), Some(8));
/// assert_eq!(last_boundary(b"one\n{\n  \"two\": 2,\n", 0, Before::Boundary(b"zero\n")), Some(4));
/// assert_eq!(last_boundary(b"...e\n", 0, Before::Anything), None);
/// ```
#[must_use]
pub fn last_boundary(text: &[u8], from: usize, before: Before<'_>) -> Option<usize> {
    let (lines, whole) = match before {
        Before::Boundary(line) => (Lines::behind(line, text), true),
        Before::NoKey | Before::Anything => (Lines::within(text), false),
    };
    let floor = lines.begin;
    let mut end = memrchr(b'\n', text)? + 1;
    let keys = {
        let reach = floor.max(from.saturating_sub(TOKEN_BYTES_MAX));
        Spans::of(text, line_at(text, reach).start.max(floor)..text.len(), !matches!(before, Before::Anything))
    };
    while end > floor.max(from) {
        match keys.start(end) {
            Some(at) if at == end => {}
            Some(at) => {
                end = at;
                continue;
            }
            None => return None,
        }
        let line = line_at(text, end - 1);
        let finished = || match parts(text, floor, end) {
            Parts::Finished => true,
            Parts::Unfinished(_) => false,
            Parts::Unknown => whole,
        };
        // What a line is may depend on the one before it, and that may be cut here.
        let known = whole || line.start > floor;
        if known && !lines.goes_on(&line, TOKEN_BYTES_MAX) && finished() && is_alike_before(lines, &line, floor) {
            return Some(end);
        }
        end = line.start;
    }
    None
}

/// Most lines behind a line of which it may depend whether it goes on.
const BEHIND_LINES_MAX: usize = 4;

/// The lines before `line` go on, or do not, whether anything follows it or nothing: who sees no more than `line` decides them alike.
fn is_alike_before(lines: Lines<'_>, line: &Range<usize>, floor: usize) -> bool {
    let cut = lines.up_to(line.end);
    let mut start = line.start;
    (1..BEHIND_LINES_MAX).all(|_| {
        if start <= floor {
            return true;
        }
        let before = line_at(lines.buffer, start - 1);
        start = before.start;
        cut.goes_on(&before, TOKEN_BYTES_MAX) == lines.goes_on(&before, TOKEN_BYTES_MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(line: &str) -> bool {
        links::own_link(&Line::at(line.as_bytes(), 0..line.len())).is_some()
    }

    #[test]
    fn lines_that_are_linked_and_lines_that_are_not() {
        let wrapped = format!("token: {}", "Zm9v".repeat(16));
        let digits = format!("token={}", "65794a68".repeat(8));
        let halves = format!("token={}", "5794a686".repeat(8));
        let parted = format!("token={}", "65-79-4a-68-".repeat(8));
        for line in [
            "{",
            "DEBUG body: {",
            "  \"alg\": \"x\",",
            "  \"alg\": \"x\"",
            "  },",
            &wrapped,
            // Digits of a text, the same cut in the middle of a byte, and parted.
            &digits,
            &halves,
            &parted,
            r#"f("a", "eyJhbGciOiJIUzI1NiJ9""#,
            "-----BEGIN EC PRIVATE KEY-----",
            "2026-11-23T12:00:00.123456789Z stdout P part",
            r#"{"log":"part","stream":"stdout","time":"x"}"#,
            r#"["one","#,
            "[101, 121, 74,",
        ] {
            assert!(linked(&format!("{line}\r\n")), "{line}");
        }
        for line in [
            "",
            "}",
            "]",
            r#"{"a":1}"#,
            "2026-11-23 INFO ordinary line",
            "[2026-11-23 12:00:00,123] INFO ordinary line (kafka.log.Log)",
            "[10/Feb/2024:21:23:40 +0100] GET / 200",
            "[error] 1124#1124: open() failed",
            "\"quoted\",\"csv\"",
            r#"{"log":"whole\n","stream":"stdout","time":"x"}"#,
            "2026-11-23T12:00:00.123456789Z stdout F whole",
            r#"{"event":"-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo\n-----END"}"#,
            "body=-----BEGIN%20PUBLIC%20KEY-----%0AMIIBIgIBAJzcaxqmN1ZcmePclfiPoqvV21SQ7VZaGhOwE3K50trE-----END%20PUBLIC%20KEY-----&x=1",
            // A digest, and a path.
            "pulled sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "lease_id=auth/kubernetes/login/h9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "path=/var/log/pods/team-a_api-7d9f8b6c5d-x2x4z_0c1d2e3f/api/0.log",
            "initialized by client WindowsUpdateAgent.",
        ] {
            assert!(!linked(&format!("{line}\n")), "{line}");
        }
    }

    /// What ends in a string goes on in the next line's string, if there are no others that it could be one of.
    #[test]
    fn a_string_goes_on_in_a_string() {
        let cases = [
            (r#"1.2.3.4 "GET / HTTP/1.1" 200 "Go-http-client/1.1""#, r#"1.2.3.5 "GET / HTTP/1.1" 200 "-""#, false),
            (r#"f("a", "eyJhbGciOiJIUzI1NiJ9""#, r#"  "eyJzdWIiOiJqbyJ9")"#, true),
            (r#"f("a", "eyJhbGciOiJIUzI1NiJ9""#, r#"  + "eyJzdWIiOiJqbyJ9")"#, true),
            (r#"INFO "eyJhbGciOiJIUzI1NiJ9""#, r#"INFO "eyJzdWIiOiJqbyJ9""#, true),
        ];
        for (line, next, is_linked) in cases {
            let text = format!("{line}\n{next}\n");
            assert_eq!(links::own_link(&Line::at(text.as_bytes(), 0..line.len() + 1)).is_some(), is_linked, "{text}");
        }
    }

    #[test]
    fn chains_have_limits() {
        let text = "{\n  \"a\": 1,\n  \"b\": 2\n}\nnext\n";
        let lines = Lines::behind(b"", text.as_bytes());
        let middle = line_at(text.as_bytes(), 5);
        let unit = around(lines, middle.clone(), 0, 1000, &Keys::default());
        assert_eq!((unit.lines, unit.open), (0..23, false));
        let unit = around(lines.up_to(12), middle, 0, 1000, &Keys::default());
        assert_eq!((unit.lines, unit.open), (0..12, true));
        assert_eq!(chain_start(lines, 21, 0, 1000), 0);
        assert_eq!(chain_start(lines, 21, 0, 11), 12);
        assert_eq!(chain_start(lines, text.len(), 0, 1000), text.len());
    }

    /// A line of the width of the one before it, wherever that one stands, and whatever was decided of it.
    #[test]
    fn the_line_before_is_the_one_that_was_written_before() {
        let (one, two) = (
            "the service has been asked once more for what it has not got yet, and so on\n",
            "and here is what another one of its kind has said of that: it does not know\n",
        );
        let text = format!("{one}{two}next\n");
        let unit = |lines: Lines<'_>, at: usize, floor: usize, reach: usize| {
            around(lines, line_at(lines.buffer, at), floor, reach, &Keys::default()).lines
        };
        let all = Lines::behind(b"", text.as_bytes());
        assert_eq!(unit(all, one.len(), 0, 1000), one.len()..text.len());
        // It is decided.
        assert_eq!(unit(all, one.len(), one.len(), 1000), one.len()..text.len());
        // It was read before.
        let rest = &text.as_bytes()[one.len()..];
        assert_eq!(unit(Lines::behind(one.as_bytes(), rest), 0, 0, 1000), 0..rest.len());
        assert_eq!(unit(Lines::behind(b"", rest), 0, 0, 1000), 0..two.len());
        // It is too long to be looked at, or the buffer begins in it.
        assert_eq!(unit(Lines::behind(one.as_bytes(), rest), 0, 0, one.len() - 1), 0..two.len());
        assert_eq!(unit(Lines::within(text.as_bytes()), one.len(), one.len(), 1000), one.len()..one.len() + two.len());
        let boundary = |before: &[u8]| last_boundary(two.as_bytes(), 0, Before::Boundary(before));
        assert_eq!((boundary(b""), boundary(one.as_bytes())), (Some(two.len()), None));
    }

    #[test]
    fn boundaries_are_behind_lines_that_nothing_continues() {
        let t = "2026-11-23T12:00:00.123456789Z";
        let (part, other, rest) = (format!("{t} stdout P a\n"), format!("{t} stderr F b\n"), format!("{t} stdout F c\n"));
        // The last line of a wrapped text is one by the line before it.
        let body = format!("one\n{}\nQUJD\n", "QUJD".repeat(16));
        let cut = format!("{part}{other}");
        let whole = format!("one\n{cut}{rest}");
        // Lines of a key that are too short for a link, and behind its end.
        let key = "one\n-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqG\nMIGHAgEAMBMGByqG\n";
        let closed = format!("{key}-----END PRIVATE KEY-----\ntwo\n");
        let cases: &[(&str, usize, bool, Option<usize>)] = &[
            ("", 0, true, None),
            ("no line end", 0, true, None),
            ("one\n", 0, true, Some(4)),
            ("one\n", 4, true, None),
            ("one\ntwo\nthree", 0, true, Some(8)),
            ("one\n{\n  \"a\": 1,\n", 0, true, Some(4)),
            ("one\n{\n  \"a\": 1,\n", 4, true, None),
            ("one\n{\n  \"a\": 1\n}\n", 0, true, Some(17)),
            // The first line may be the end of anything.
            ("one\n", 0, false, None),
            ("one\ntwo\n", 0, false, None),
            // A key may be open before it, unless some lines say that none is.
            ("one\ntwo\nthree\n", 0, false, None),
            ("one\na b\na b\na b\na b\nthree\n", 0, false, Some(26)),
            (&body, 0, true, Some(4)),
            ("one\n{\n", 0, false, None),
            (&cut, 0, true, None),
            (key, 0, true, Some(4)),
            (key, 4, true, None),
            (&closed, 0, true, Some(closed.len())),
            (&whole, 0, true, Some(whole.len())),
            (&whole, 0, false, None),
            (&rest, 0, true, Some(rest.len())),
        ];
        for (text, from, whole, expected) in cases {
            let before = if *whole { Before::Boundary(b"") } else { Before::Anything };
            assert_eq!(last_boundary(text.as_bytes(), *from, before), *expected, "{text:?} from {from}, {before:?}");
        }
        // Sixteen finished lines are enough to know, whatever stands before them.
        let many = format!("one\n{}", other.repeat(BETWEEN_PARTS_MAX));
        assert_eq!(last_boundary(many.as_bytes(), 0, Before::Anything), Some(many.len()));
        // Without a key before it, no line need prove that there is none.
        assert_eq!(last_boundary(b"one\ntwo\nthree\n", 0, Before::NoKey), Some(14));
        assert_eq!(last_boundary(b"one\n", 0, Before::NoKey), None);
    }

    /// Where two lines are all that is there, the second may be of the width of a third one; the third says it is not. (A reviewer's.)
    #[test]
    fn no_boundary_is_where_the_lines_before_it_need_what_follows() {
        let lines = [
            "ewogImFsZyI6ICJSU0EtT0FFUCIsCiAiZW5jIjog\n",
            "\"IkEyNTZHQ00iCn0.tM9D9cLrXN2iPgk2Hgu8gS6e\n",
            "\"JRJn7_sx._K6k9KnMydiutMpEYOtRag.mA.pbr4A\n",
            "\"359pdXVF5RzrOOxAA \n",
        ];
        let text = lines.concat();
        let goes_on = |text: &str| Lines::behind(b"", text.as_bytes()).goes_on(&(0..lines[0].len()), TOKEN_BYTES_MAX);
        assert!(goes_on(&text[..lines[0].len() + lines[1].len()]) && !goes_on(&text));
        assert_eq!(last_boundary(text.as_bytes(), 0, Before::Boundary(b"")), Some(lines[0].len()));
    }

    #[test]
    fn a_line_that_ends_in_a_whole_token_is_linked_to_its_rest_only() {
        let part = |n: usize| "Ab1-".repeat(n / 4 + 1)[..n].to_owned();
        let token = |alg: &str, signature: usize| {
            let header = scrubjay_token::base64::encode(format!("{{\"alg\":\"{alg}\"}}").as_bytes());
            format!("token={header}.{}.{}", scrubjay_token::base64::encode(br#"{"sub":"jo","exp":1795435200}"#), part(signature))
        };
        let cases = [
            (token("HS256", 43), token("HS256", 43), false),
            (token("HS256", 43), "started".to_owned(), false),
            (token("RS256", 342), token("RS256", 342), false),
            (token("RS256", 342), part(341), true),
            (token("HS256", 42), "started".to_owned(), true),
        ];
        for (line, next, linked) in cases {
            let buffer = format!("{line}\n{next}\n");
            let is_linked = |buffer: &str| links::own_link(&Line::at(buffer.as_bytes(), 0..line.len() + 1)).is_some();
            assert_eq!(is_linked(&buffer), linked, "{buffer}");
            // Before the whole next line is there, it may be anything.
            assert!(is_linked(&buffer[..buffer.len() - 1]), "{buffer}");
        }
    }
}
