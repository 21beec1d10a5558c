//! Private keys that are open: which of the lines behind the one with the label are the key's, before anybody has seen all of them.

use std::ops::Range;

use super::frame::{EMPTY_LINES_MAX, FRAME_BYTES_MAX, Frame, LINES_MAX, PLAIN, Said, body_len};
use super::{BEGIN_LABEL, DASHES, END_LABEL, LABEL_BYTES_MAX, PART_CHARS_MIN, is_body, label};
use crate::runs::long_runs;

/// A private key that a line announces and does not end, while the lines behind it are read: which of them are its.
pub struct OpenKey<'a> {
    frame: Frame<'a>,
    /// Lines without a line of its body since the last one.
    idle: usize,
    lines: usize,
    is_open: bool,
}

impl<'a> OpenKey<'a> {
    /// The key whose label stands at `label` of a line.
    #[must_use]
    pub fn announced(line: &'a [u8], label: &Range<usize>) -> Self {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let frame = Frame { before: text.get(..label.start).unwrap_or_default(), behind: text.get(label.end..).unwrap_or_default() };
        Self { frame, idle: 0, lines: 0, is_open: frame.before.len() <= FRAME_BYTES_MAX && frame.behind.len() <= FRAME_BYTES_MAX }
    }

    /// More lines may follow.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether the next line is the key's: it says a line of a body, of any width, a header, or nothing, framed as the label is or
    /// in no frame at all (the label may stand behind a name), or it ends the key.
    pub fn takes(&mut self, line: &[u8]) -> bool {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let said = if self.is_open { self.frame.said(line, 0..line.len()).or_else(|| PLAIN.said(line, 0..line.len())) } else { None };
        self.lines += 1;
        match said {
            Some(Said::Header) => {}
            Some(Said::Body(body)) if may_be_body(line, &body) => self.idle = 0,
            Some(Said::Empty | Said::Body(_)) => self.idle += 1,
            Some(Said::End(_)) => self.is_open = false,
            None => {
                self.is_open = false;
                return false;
            }
        }
        self.is_open &= self.lines < LINES_MAX && self.idle <= IDLE_LINES_MAX;
        true
    }
}

/// Most lines of a key behind the one with its label: behind so many it is open no more.
pub const KEY_LINES_MAX: usize = LINES_MAX;
/// Longest label of a private key, with its dashes, in bytes.
pub const KEY_LABEL_BYTES_MAX: usize = BEGIN_LABEL.len() + LABEL_BYTES_MAX + DASHES.len();

/// Most lines in a row without a full line of a body, in a key that is open: the last one is short, and two may be empty.
const IDLE_LINES_MAX: usize = EMPTY_LINES_MAX + 1;

/// A line of a body that tells by itself that a key may be open: it is long, or there is nothing beside it.
fn may_be_body(line: &[u8], body: &Range<usize>) -> bool {
    body.len() >= PART_CHARS_MIN || line.trim_ascii().len() == body.len()
}

/// Where, at most, a key may be open of which only the lines behind its label are seen: behind so many lines that hold nothing of a
/// body there is none. `None`: it may be open at the end.
#[must_use]
pub fn no_key_is_open(text: &[u8]) -> Option<usize> {
    let (mut idle, mut at) = (0, 0);
    while let Some(end) = memchr::memchr(b'\n', text.get(at..)?).map(|i| at + i) {
        let line = &text[at..end];
        let is_body = long_runs(line, PART_CHARS_MIN, |b| is_body(b) || b == b'=').next().is_some()
            || body_len(line.trim_ascii(), 0) == line.trim_ascii().len() && !line.trim_ascii().is_empty();
        let is_header = || [&b"Proc-Type:"[..], b"DEK-Info:"].iter().any(|name| memchr::memmem::find(line, name).is_some());
        idle = if is_body || is_header() { 0 } else { idle + 1 };
        at = end + 1;
        if idle > IDLE_LINES_MAX {
            return Some(at);
        }
    }
    None
}

/// A label of a private key, with its dashes, and the marker at its end.
pub struct KeyMark {
    /// Where it stands.
    pub at: Range<usize>,
    /// It ends the key.
    pub ends: bool,
}

/// Where the labels of private keys stand whose bodies may follow in the next lines.
#[must_use]
pub fn key_labels(text: &[u8]) -> Vec<Range<usize>> {
    key_marks(text).into_iter().filter(|mark| !mark.ends).map(|mark| mark.at).collect()
}

/// Where the labels of private keys stand, and the markers at their ends, above which one may have lost its beginning.
#[must_use]
pub fn key_marks(text: &[u8]) -> Vec<KeyMark> {
    // Few texts have this letter, and no token has the word.
    let words = memchr::memchr_iter(b'Y', text).filter(|&at| text[..at].ends_with(b"KE") && text[at + 1..].starts_with(DASHES));
    words.filter_map(|at| mark_before(text, at + 1)).collect()
}

/// The label of a private key whose word `KEY` ends at `end`, and which ends there with its dashes.
fn mark_before(text: &[u8], end: usize) -> Option<KeyMark> {
    let from = end.saturating_sub(LABEL_BYTES_MAX + BEGIN_LABEL.len());
    let last = |begin: &[u8]| memchr::memmem::rfind(&text[from..end], begin).map(|i| (from + i, from + i + begin.len()));
    let (label_of, end_of) = (last(BEGIN_LABEL), last(END_LABEL));
    let (start, behind) = label_of.max(end_of)?;
    let close = label(text, behind)?;
    (close == end + DASHES.len()).then(|| KeyMark { at: start..close, ends: end_of > label_of })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of the lines behind the first one the key takes, and whether it is open then.
    fn taken(text: &str) -> Option<(usize, bool)> {
        let (first, rest) = text.split_once('\n')?;
        let label = key_labels(first.as_bytes()).pop()?;
        let mut key = OpenKey::announced(first.as_bytes(), &label);
        let count = rest.lines().take_while(|line| key.takes(line.as_bytes())).count();
        Some((count, key.is_open()))
    }

    #[test]
    fn lines_that_a_key_takes() {
        const BODY: &str = "MIGHAgEAMBMGByqGSM49";
        let key = |line: &dyn Fn(&str) -> String| {
            ["-----BEGIN EC PRIVATE KEY-----", BODY, BODY, "AwEHBG0w", "-----END EC PRIVATE KEY-----"].map(line).join("\n")
        };
        let headers =
            ["-----BEGIN RSA PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED", "DEK-Info: DES-CBC,01", "", BODY].map(|line| format!("> {line}"));
        for (text, want) in [
            (key(&|line| line.into()), Some((4, false))),
            (key(&|line| format!("  {line}\r")), Some((4, false))),
            (key(&|line| format!("Nov 23 12:00:00 host app[17]: {line}")), Some((4, false))),
            (key(&|line| format!(r#"{{"log":"{line}\n","stream":"stdout"}}"#)), Some((4, false))),
            (headers.join("\n"), Some((4, true))),
            // Of any width, where there is no frame.
            ("k: -----BEGIN PRIVATE KEY-----\nMIGH\nAgEA\n\nMBMG".into(), Some((4, true))),
            ("-----BEGIN PRIVATE KEY-----\nMIGH\n\n\n\n\nMIGH".into(), Some((5, false))),
            ("INFO -----BEGIN PRIVATE KEY-----\nINFO started with 3 of them\n".into(), Some((0, false))),
            ("-----BEGIN PUBLIC KEY-----\nMIGH".into(), None),
            ("-----BEGIN PRIVATE KEY----\nMIGH".into(), None),
            ("-----END PRIVATE KEY-----\nMIGH".into(), None),
        ] {
            assert_eq!(taken(&text), want, "{text}");
        }
    }

    #[test]
    fn behind_idle_lines_no_key_is_open() {
        let idle = "INFO one of a few\n".repeat(IDLE_LINES_MAX + 1);
        assert_eq!(no_key_is_open(idle.as_bytes()), Some(idle.len()));
        assert_eq!(no_key_is_open(&idle.as_bytes()[..idle.len() - 1]), None);
        for line in ["MIGH", "INFO MIGHAgEAMBMGByqGSM49", "> Proc-Type: 4,ENCRYPTED"] {
            assert_eq!(no_key_is_open(format!("a b\n{line}\n{idle}").as_bytes()), Some(4 + line.len() + 1 + idle.len()), "{line}");
        }
    }
}
