//! Values that a table wrapped within a column: `| eyJ… |` over several rows (prettytable, rich, psql).

use std::ops::Range;

use crate::compact::is_dense;
use crate::lines::lines;
use crate::view::View;
use crate::wrap::{is_piece, is_value_end};

/// Shortest piece that fills a cell.
const CELL_CHARS_MIN: usize = 16;
/// Shortest rows that prove each other by their width alone (DESIGN §4).
const WIDTH_CHARS_MIN: usize = 60;
/// Most cells of a row that are looked at.
const CELLS_MAX: usize = 64;

/// What parts two columns: an ASCII bar, or one of box drawing (`│ ┃ ║`).
fn bar(text: &[u8], at: usize) -> usize {
    match &text[at..] {
        [b'|', ..] => 1,
        [0xE2, 0x94, 0x82 | 0x83, ..] | [0xE2, 0x95, 0x91, ..] => 3,
        _ => 0,
    }
}

/// The cells of a line, those before the first bar and behind the last one included. Empty: it is no row.
fn cells(text: &[u8], line: &Range<usize>) -> Vec<Range<usize>> {
    let mut cells = Vec::new();
    let mut start = line.start;
    for i in memchr::memchr2_iter(b'|', 0xE2, &text[line.clone()]) {
        let at = line.start + i;
        let len = bar(text, at);
        if len > 0 && cells.len() < CELLS_MAX {
            cells.push(start..at);
            start = at + len;
        }
    }
    if !cells.is_empty() {
        cells.push(start..line.end);
    }
    cells
}

/// A cell's value, without the blanks around it.
fn value(text: &[u8], cell: &Range<usize>) -> Range<usize> {
    let inner = &text[cell.clone()];
    let end = cell.start + inner.trim_ascii_end().len();
    end - inner.trim_ascii().len()..end
}

/// The piece at the end of a cell that is filled to its column's width.
fn first(text: &[u8], cell: &Range<usize>) -> Option<Range<usize>> {
    let value = value(text, cell);
    let len = text[value.clone()].iter().rev().take_while(|&&b| is_piece(b)).count();
    (cell.end - value.end <= 1 && len >= CELL_CHARS_MIN).then_some(value.end - len..value.end)
}

/// A value that goes on in the next row.
struct Open {
    cell: Range<usize>,
    pieces: Vec<(Range<usize>, bool)>,
    /// Other cells of its first row are filled too.
    beside: bool,
}

impl Open {
    /// Takes the cell below along if it goes on there. `alone`: nothing else is in that row, which goes on for no other reason.
    /// `ends`: no bar follows.
    fn go_on(&mut self, text: &[u8], cell: &Range<usize>, alone: bool, ends: bool) -> bool {
        let is_proven = self.pieces.len() > 1 && self.pieces.iter().all(|(_, sure)| *sure);
        let Some((last, _)) = self.pieces.last_mut() else { return false };
        let (value, mut piece) = (value(text, cell), value(text, cell));
        let full = self.cell.end - last.end <= 1;
        if !full || cell.len() > self.cell.len() || value.is_empty() || value.start - cell.start > 1 {
            return false;
        }
        // psql does not fill up the last column, and others no cell.
        let mut sure = alone && self.beside && (cell.len() == self.cell.len() || ends);
        // It marks where it wraps, in the margins of both rows, or where the value has a line end, in the margin of the first one.
        if last.end == self.cell.end && value.start == cell.start && text[last.end - 1] == b'.' && text[value.start] == b'.' {
            last.end -= 1;
            piece.start += 1;
            sure = true;
        } else if last.end == self.cell.end && text[last.end - 1] == b'+' {
            last.end -= 1;
            sure = true;
        }
        if piece.is_empty() || !text[piece.clone()].iter().all(|&b| is_piece(b)) {
            return false;
        }
        let width = last.len();
        sure |= width >= WIDTH_CHARS_MIN && piece.len() == width;
        // The last one behind rows of one width.
        sure |= width >= WIDTH_CHARS_MIN && is_proven && piece.len() < width && is_value_end(&text[last.clone()], &text[piece.clone()]);
        self.pieces.push((piece, sure));
        self.cell = cell.clone();
        true
    }
}

/// The values that go on in the next rows of their columns, joined; one for each line of the view. `None`: there are none.
pub(crate) fn columns(text: &[u8]) -> Option<View> {
    let mut view = View::with_gaps();
    let mut open: Vec<Option<Open>> = Vec::new();
    for line in lines(text) {
        let cells = cells(text, &line);
        if cells.len() != open.len() {
            open.drain(..).flatten().for_each(|value| close(text, value, &mut view));
            open.resize_with(cells.len(), || None);
        }
        let filled = cells.iter().filter(|cell| !value(text, cell).is_empty()).count();
        for (column, cell) in open.iter_mut().zip(&cells) {
            if column.as_mut().is_some_and(|open| open.go_on(text, cell, filled == 1, cell.end == line.end)) {
                continue;
            }
            column.take().into_iter().for_each(|value| close(text, value, &mut view));
            *column = first(text, cell).map(|piece| Open { cell: cell.clone(), pieces: vec![(piece, true)], beside: filled > 1 });
        }
    }
    open.drain(..).flatten().for_each(|value| close(text, value, &mut view));
    view.is_joined().then_some(view)
}

fn close(text: &[u8], value: Open, view: &mut View) {
    let [(first, _), next @ ..] = value.pieces.as_slice() else { return };
    let Some((last, _)) = next.last() else { return };
    view.copy(text, first.clone());
    next.iter().for_each(|(piece, sure)| view.join(text, piece.clone(), piece.len(), *sure));
    view.push(b'\n', last.end, last.end);
}

/// True for a row of a table with a filled cell that the next row may continue: what looks like base64, up to its bar.
#[must_use]
pub fn has_full_cell(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    let opens = text.first().is_some_and(|b| matches!(b, b'|' | 0xE2)) && bar(text, 0) > 0;
    let closes = text.ends_with(b"|") || text.len() > 3 && bar(text, text.len() - 3) == 3;
    opens && closes && cells(text, &(0..text.len())).iter().any(|cell| first(text, cell).is_some_and(|piece| is_dense(&text[piece])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Option<&str>) {
        let view = columns(text.as_bytes());
        assert_eq!(view.map(|v| String::from_utf8_lossy(&v.text).into_owned()).as_deref(), want, "{text}");
    }

    #[test]
    fn values_in_columns() {
        let a = "A".repeat(20);
        let want = format!("{a}BBBBBBBBBBBBBBBBBBBBCC\n");
        let b = "B".repeat(20);
        let text = format!("| id | {a} |\n|    | {b} |\n|    | CC{:18} |\n| x  | DD{:18} |\n", "", "");
        check(&text, Some(&want));
        assert!(columns(text.as_bytes()).unwrap().is_sure());
        check(&text.replace('|', "│"), Some(&want));
        let wrapped = format!(" 1 | {a}.\n   |.{b}.\n   |.CC\n");
        check(&wrapped, Some(&want));
        check(&format!(" 1 | {a}+\n   | {b}+\n   | CC\n"), Some(&want));
        check(&format!("| {a} |\n| CC |\n"), Some(&format!("{a}CC\n")));
        let wide = "A".repeat(64);
        let text = format!("| {wide} |\n| {wide} |\n| Bc1 |\n| done |\n");
        check(&text, Some(&format!("{wide}{wide}Bc1\n")));
        assert!(columns(text.as_bytes()).unwrap().is_sure());
        assert!(!columns(text.replace("Bc1", "bcd").as_bytes()).unwrap().is_sure());
        check(&format!("| {a} |\n| {b} |\n"), Some(&format!("{a}{b}\n")));
        check(&format!("| id | {a}  |\n|    | {b}  |\n"), None);
        check(&format!("| id | {a} |\n|    | and more             |\n"), None);
        check(&format!("| id | {a} |\n+----+----------------------+\n| 2  | {b} |\n"), None);
        assert!(has_full_cell(b"| id | eyJhbGciOiJIUzI1NiJ9 |\n") && !has_full_cell(b"| id | 0123456789abcdef0123456789abcdef |\n"));
        assert!(!has_full_cell(b"2026 | INFO | eyJhbGciOiJIUzI1NiJ9"));
    }
}
