//! Lines out of a stretch of a byte stream: whole, joined over batches, or in parts. Pure.

/// What a lane has of a line that has not ended.
#[derive(Default)]
pub(super) struct OpenLine {
    text: Vec<u8>,
    parts: u32,
}

/// A part of a line that is too long for one message: numbered from 1, and whether it is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) number: u32,
    pub(super) last: bool,
}

/// The value of the next message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A whole line, all of it in the batch at hand, without its newline.
    Line(&'a [u8]),
    /// A line, or a part of one, that may have begun in an earlier batch.
    Joined(Vec<u8>, Option<Part>),
}

impl OpenLine {
    /// True between lines.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.parts == 0
    }

    /// True while bytes wait here that are in no message yet.
    pub(super) fn holds(&self) -> bool {
        !self.text.is_empty()
    }

    /// The next message from `rest`, which is moved on; `None` when `rest` is used up. No value is longer than `max`.
    pub(super) fn next<'a>(&mut self, rest: &mut &'a [u8], max: usize) -> Option<Piece<'a>> {
        if rest.is_empty() {
            return None;
        }
        let room = max.saturating_sub(self.text.len());
        let window = rest.get(..room.saturating_add(1)).unwrap_or(rest);
        match memchr::memchr(b'\n', window) {
            Some(at) => {
                let (line, after) = rest.split_at(at);
                *rest = after.get(1..).unwrap_or_default();
                if self.is_empty() {
                    return Some(Piece::Line(line));
                }
                self.text.extend_from_slice(line);
                self.end()
            }
            None if window.len() > room => {
                let (line, after) = rest.split_at(room);
                *rest = after;
                self.text.extend_from_slice(line);
                self.cut()
            }
            None => {
                self.text.extend_from_slice(rest);
                *rest = &[];
                None
            }
        }
    }

    /// The line is complete.
    pub(super) fn end(&mut self) -> Option<Piece<'static>> {
        if self.is_empty() {
            return None;
        }
        let part = (self.parts > 0).then(|| Part { number: self.parts.saturating_add(1), last: true });
        self.parts = 0;
        Some(Piece::Joined(std::mem::take(&mut self.text), part))
    }

    /// What there is becomes a part; more of the line may follow.
    pub(super) fn cut(&mut self) -> Option<Piece<'static>> {
        if self.text.is_empty() {
            return None;
        }
        self.parts = self.parts.saturating_add(1);
        Some(Piece::Joined(std::mem::take(&mut self.text), Some(Part { number: self.parts, last: false })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages that a text becomes when it comes in pieces of `step` bytes.
    fn messages(text: &[u8], step: usize, max: usize) -> Vec<(Vec<u8>, Option<Part>)> {
        let mut line = OpenLine::default();
        let mut out = Vec::new();
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Line(line) => out.push((line.to_vec(), None)),
            Piece::Joined(text, part) => out.push((text, part)),
        };
        for mut chunk in text.chunks(step) {
            while let Some(piece) = line.next(&mut chunk, max) {
                take(piece);
            }
        }
        line.end().into_iter().for_each(take);
        assert!(line.is_empty());
        out
    }

    #[test]
    fn messages_depend_on_bytes_only() {
        let text = b"one\r\n\n\nlonger line \xff\xfe\0\nexactly ten\nelevenbytes\nno newline at the end";
        for max in [1, 2, 3, 10, 11, 12, 100] {
            let whole = messages(text, text.len(), max);
            for step in 1..text.len() {
                assert_eq!(messages(text, step, max), whole, "step {step}, max {max}");
            }
            let mut lines: Vec<Vec<u8>> = Vec::new();
            let mut open = false;
            for (value, part) in whole {
                assert!(value.len() <= max);
                if open {
                    lines.last_mut().unwrap().extend(value);
                } else {
                    lines.push(value);
                }
                open = part.is_some_and(|p| !p.last);
            }
            assert!(!open);
            assert_eq!(lines, text.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>());
        }
    }

    #[test]
    fn parts_are_numbered_from_one() {
        let numbers =
            |text: &[u8]| messages(text, 2, 4).into_iter().map(|(v, p)| (v.len(), p.map(|p| (p.number, p.last)))).collect::<Vec<_>>();
        assert_eq!(numbers(b"0123456789\nx\n"), [(4, Some((1, false))), (4, Some((2, false))), (2, Some((3, true))), (1, None)]);
        assert_eq!(numbers(b"0123\n"), [(4, None)]);
        assert_eq!(numbers(b""), []);
    }

    #[test]
    fn a_line_that_was_cut_early_ends_with_a_last_part() {
        let mut line = OpenLine::default();
        assert_eq!(line.next(&mut &b"abc"[..], 10), None);
        assert_eq!(line.cut(), Some(Piece::Joined(b"abc".to_vec(), Some(Part { number: 1, last: false }))));
        assert!(!line.is_empty() && !line.holds() && line.cut().is_none());
        let mut rest = &b"\nnext\n"[..];
        assert_eq!(line.next(&mut rest, 10), Some(Piece::Joined(vec![], Some(Part { number: 2, last: true }))));
        assert_eq!(line.next(&mut rest, 10), Some(Piece::Line(b"next")));
    }
}
