//! Bytes of a text written as numbers in rows so short that none of them says what it is: one number on each line (`JSON.stringify(buffer,
//! null, 2)`), eight bytes (a C array), as many digits as a digest has (`xxd -p -c 20`). What tells them from other numbers is that
//! each row reads as text, and that the next one goes on as it does.

use std::ops::Range;

use crate::lists::byte_in_hex;

/// Fewest bytes of rows that are worth a look: the shortest list has as many.
const BYTES_MIN: usize = 16;
/// Longest row that is looked at, in bytes. What is longer says by itself what it is.
const ROW_BYTES_MAX: usize = 256;
/// Digits of a row of digits alone that goes on. What is longer says by itself what it is.
const WIDTHS: Range<usize> = 32..60;
/// Fewest numbers of a row that something stands in front of.
const NUMBERS_MIN: usize = 4;
/// Longest sign between two numbers, and longest number: `0x65`.
const SIGN_BYTES_MAX: usize = 3;
const NUMBER_BYTES_MAX: usize = 4;
/// Numbers of which one need not be text.
const NUMBERS_PER_ODD_MIN: usize = 8;
/// Most bytes that no text has in a row that is one.
const BAD_MAX: usize = 2;
/// Most of a row that is given to the gate: with it no list is long enough to be one of itself.
const SHOWN_BYTES_MAX: usize = 32;

/// How the numbers of a row may be written: each bit is a way.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ways(u8);

impl Ways {
    /// `0x65`
    const PREFIXED: Self = Self(1);
    /// `65`
    const PAIRS: Self = Self(1 << 1);
    /// `6579`
    const WORDS: Self = Self(1 << 2);
    /// `101`
    const DECIMAL: Self = Self(1 << 3);
    /// `65794a68…`, and nothing else.
    const DIGITS: Self = Self(1 << 4);
    /// All in which there are several numbers in a row.
    const LISTS: [Self; 4] = [Self::PREFIXED, Self::PAIRS, Self::WORDS, Self::DECIMAL];

    fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The bytes that a number means when it is written in one way; the second one is that of a word. `None`: it is not.
    fn read(self, number: &[u8]) -> Option<(u8, Option<u8>)> {
        let pair = |digits: &[u8]| digits.first_chunk().and_then(byte_in_hex);
        match (self, number) {
            (Self::PREFIXED, [b'0', b'x' | b'X', digits @ ..]) if digits.len() == 2 => pair(digits).map(|b| (b, None)),
            (Self::PAIRS, [_, _]) => pair(number).map(|b| (b, None)),
            (Self::WORDS, [_, _, rest @ ..]) if matches!(rest.len(), 0 | 2) => {
                let second = if rest.is_empty() { None } else { Some(pair(rest)?) };
                pair(&number[..2]).map(|b| (b, second))
            }
            (Self::DECIMAL, _) if number.len() <= 3 => std::str::from_utf8(number).ok()?.parse().ok().map(|b| (b, None)),
            _ => None,
        }
    }
}

/// What a row says in one way of writing.
#[derive(Clone, Copy, Default)]
pub(crate) struct Said {
    bytes: usize,
    /// Bytes that are no ASCII text.
    odd: usize,
    /// Bytes that no text has.
    bad: usize,
    /// Its letters are [`SMALL`], [`CAPITAL`].
    letters: u8,
}

/// What letters there are. Base64 has both kinds in any few of its characters.
const SMALL: u8 = 1;
const CAPITAL: u8 = 2;

impl Said {
    pub(crate) fn add(&mut self, byte: u8) {
        let is_text = matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
        self.bytes += 1;
        self.odd += usize::from(!is_text);
        self.bad += usize::from(!is_text && byte.is_ascii());
        self.letters |= match byte {
            b'a'..=b'z' => SMALL,
            b'A'..=b'Z' => CAPITAL,
            _ => 0,
        };
    }

    /// Of some bytes one may be anything; of a few, part of a character that is not ASCII.
    pub(crate) fn is_text(self) -> bool {
        self.odd * NUMBERS_PER_ODD_MIN <= self.bytes || self.bytes < NUMBERS_PER_ODD_MIN && self.bad == 0
    }
}

/// A line that is a row of numbers.
#[derive(Clone, Copy)]
struct Row {
    ways: Ways,
    /// What it says in the first of them.
    said: Said,
    /// The letters that it says in each.
    letters: [u8; Ways::LISTS.len()],
    /// Numbers of it.
    numbers: usize,
    /// The sign between its numbers, and the one behind the last.
    between: Option<u8>,
    sign: Option<u8>,
    /// The list is closed behind it.
    closed: bool,
}

impl Row {
    /// The row of a line that says nothing else.
    fn of(line: &[u8]) -> Option<Self> {
        let text = &line[start_of(line)..].trim_ascii_end();
        if !text.first()?.is_ascii_hexdigit() || text.len() > ROW_BYTES_MAX {
            return None;
        }
        Self::of_digits(text).or_else(|| Self::of_list(text))
    }

    /// Digits alone. What is as short as a number may be one.
    fn of_digits(text: &[u8]) -> Option<Self> {
        if text.len() <= NUMBER_BYTES_MAX || !text.len().is_multiple_of(2) {
            return None;
        }
        let mut said = Said::default();
        for pair in text.as_chunks().0 {
            said.add(byte_in_hex(pair)?);
            // Most digests end here.
            if said.odd * NUMBERS_PER_ODD_MIN > text.len() / 2 {
                return None;
            }
        }
        Some(Self { ways: Ways::DIGITS, said, letters: [said.letters; 4], numbers: said.bytes, between: None, sign: None, closed: false })
    }

    fn of_list(text: &[u8]) -> Option<Self> {
        let mut ways = Ways::LISTS.iter().fold(0, |all, way| all | way.0);
        let mut said = [Said::default(); Ways::LISTS.len()];
        let (mut at, mut numbers, mut sign) = (0, 0, None);
        let end = loop {
            let len = text[at..].iter().take(NUMBER_BYTES_MAX + 1).take_while(|b| b.is_ascii_alphanumeric()).count();
            for (way, said) in Ways::LISTS.into_iter().zip(&mut said) {
                if ways & way.0 == 0 {
                    continue;
                }
                match way.read(&text[at..at + len]) {
                    Some((first, second)) => {
                        said.add(first);
                        second.into_iter().for_each(|b| said.add(b));
                    }
                    None => ways &= !way.0,
                }
            }
            // So much in so short a row is none of a text.
            if ways == 0 || Ways::LISTS.into_iter().zip(&said).all(|(way, said)| ways & way.0 == 0 || said.bad > BAD_MAX) {
                return None;
            }
            (at, numbers) = (at + len, numbers + 1);
            let gap = text[at..].iter().take(SIGN_BYTES_MAX + 1).take_while(|b| is_sign(**b)).count();
            if !text.get(at + gap).is_some_and(u8::is_ascii_alphanumeric) {
                break at + gap;
            }
            let gap = &text[at..at + gap];
            if gap.is_empty() || *sign.get_or_insert(gap) != gap {
                return None;
            }
            at += gap.len();
        };
        let closing = &text[end..];
        let is_text = |(way, said): (Ways, Said)| (ways & way.0 != 0 && said.is_text()).then_some((way, said));
        let letters = said.map(|said| said.letters);
        let texts = || Ways::LISTS.into_iter().zip(said).filter_map(is_text);
        let (ways, said) = (texts().fold(0, |ways, (way, _)| ways | way.0), texts().next().map(|(_, said)| said));
        let mark = |sign: &[u8]| sign.iter().copied().find(|b| *b != b' ');
        let row = Self {
            ways: Ways(ways),
            said: said?,
            letters,
            numbers,
            between: sign.map(|sign| mark(sign).unwrap_or(b' ')),
            sign: mark(&text[at..end]),
            closed: !closing.is_empty(),
        };
        closing.iter().all(|b| is_closing(*b)).then_some(row)
    }

    /// The row in which a line ends, where something stands in front of it.
    fn at_end_of(line: &[u8]) -> Option<Self> {
        let reach = line.len() - line.len().min(ROW_BYTES_MAX);
        let near = &line[reach..];
        let before = near.iter().rposition(|b| !b.is_ascii_hexdigit() && !is_sign(*b) && !b"xX".contains(b))?;
        // What is glued to the sign before may be a number: `data: 65 79`.
        let behind_word = |from: usize| from + near[from..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let starts = [before + 1, behind_word(before + 1)];
        starts.into_iter().find_map(|start| {
            let text = near[start..].trim_ascii_start();
            let text = text.strip_prefix(b":").or_else(|| text.strip_prefix(b"-")).unwrap_or(text);
            Self::of_list(text.trim_ascii()).filter(|row| row.numbers >= NUMBERS_MIN)
        })
    }

    fn in_which_ends(line: &[u8]) -> Option<Self> {
        if !line.last().is_some_and(|&b| b.is_ascii_hexdigit() || is_sign(b)) {
            return None;
        }
        Self::of(line).or_else(|| Self::at_end_of(line))
    }

    /// The list goes on in the next row: numbers that are written alike, with the same sign behind them, or without one at the end.
    fn goes_on_in(&self, next: &Self) -> bool {
        let ways = self.ways.both(next.ways);
        let is_alike = match self.ways {
            Ways::DIGITS => WIDTHS.contains(&(self.numbers * 2)) && next.is_rest_of(self),
            // A year on each line is no text.
            _ => !ways.is_none() && (ways != Ways::WORDS || self.numbers > 1),
        };
        let is_parted = self.between.zip(next.between).is_some_and(|(own, more)| own != more);
        is_alike && !is_parted && !self.closed && (next.sign == self.sign || next.sign.is_none())
    }

    /// Behind a row of digits: as many, or fewer at the end, which may be a number or two as well.
    fn is_rest_of(&self, row: &Self) -> bool {
        let is_shorter = self.numbers < row.numbers && (self.ways == Ways::DIGITS || self.numbers == 1);
        self.ways == Ways::DIGITS && self.numbers == row.numbers || is_shorter && self.said.odd == 0
    }
}

/// What may stand between two numbers, and behind the last one of a row.
fn is_sign(b: u8) -> bool {
    matches!(b, b' ' | b',' | b':' | b';' | b'-' | b'\t')
}

/// What may stand behind the last number of a list.
fn is_closing(b: u8) -> bool {
    b"]})>\"',; ".contains(&b)
}

/// Where a line begins behind its indentation, and behind the mark of an item.
fn start_of(line: &[u8]) -> usize {
    let indent = line.iter().take_while(|b| b" \t".contains(b)).count();
    indent + if line[indent..].starts_with(b"- ") { 2 } else { 0 }
}

/// Where rows of numbers begin that are too short for runs and together are worth a look. They are lines of `text`, and lie within
/// `within`. The first bytes of each are given.
#[must_use]
pub fn short_rows(text: &[u8], within: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = match within.start.checked_sub(1) {
        Some(before) if text[before] != b'\n' => {
            memchr::memchr(b'\n', &text[within.clone()]).map_or(within.end, |at| within.start + at + 1)
        }
        _ => within.start,
    };
    let mut above: Option<Row> = None;
    let (mut first, mut said, mut letters, mut rows) = (0..0, Said::default(), [0; Ways::LISTS.len()], 0);
    while start < within.end {
        let end = memchr::memchr(b'\n', &text[start..within.end]).map_or(within.end, |at| start + at);
        // What something else ends is no row.
        let line = if text.get(end).is_none_or(|&b| b == b'\n') { &text[start..end] } else { b"" };
        let row = Row::of(line);
        if let Some(row) = row {
            if rows == 0 || !above.is_some_and(|above| above.goes_on_in(&row)) {
                let at = start + start_of(line);
                (first, said, letters, rows) = (at..end.min(at + SHOWN_BYTES_MAX), Said::default(), [0; Ways::LISTS.len()], 0);
            }
            (said.bytes, said.odd, rows) = (said.bytes + row.said.bytes, said.odd + row.said.odd, rows + 1);
            letters.iter_mut().zip(row.letters).for_each(|(all, own)| *all |= own);
            if rows > 1 && said.bytes >= BYTES_MIN {
                // As much of it is text as of what is readable. Temperatures and ages have no letters, or one kind.
                if said.odd * 5 <= said.bytes && letters.contains(&(SMALL | CAPITAL)) {
                    found.push(first.clone());
                }
                rows = 0;
            }
        } else {
            rows = 0;
        }
        above = row;
        start = end + 1;
    }
    found
}

/// True where `line` ends in a row of numbers that goes on in the next line, or the next line closes the list of which it has the last
/// one. `None`: it is not there yet.
#[must_use]
pub fn goes_on_in_short_row(before: Option<&[u8]>, line: &[u8], next: Option<&[u8]>) -> bool {
    let Some(next) = next else { return Row::in_which_ends(line).is_some() };
    if let Some(next) = Row::of(next) {
        return Row::in_which_ends(line).is_some_and(|row| row.goes_on_in(&next));
    }
    let closing = next.trim_ascii();
    closing.first().is_some_and(|b| b"]})".contains(b))
        && closing.iter().all(|&b| is_closing(b))
        && Row::of(line).is_some_and(|row| before.and_then(Row::in_which_ends).is_some_and(|before| before.goes_on_in(&row)))
}

/// How many of `lines` behind the first one go on with its digits, and hold nothing else: one at least that is as wide, and the rest.
pub(crate) fn digit_rows(text: &[u8], lines: &[Range<usize>]) -> usize {
    let row = |line: &Range<usize>| Row::of(&text[line.clone()]);
    let Some(first) = lines.first().and_then(row).filter(|row| row.ways == Ways::DIGITS) else { return 0 };
    let is_full = |line: &&Range<usize>| row(line).is_some_and(|row| row.numbers == first.numbers && first.goes_on_in(&row));
    let full = lines[1..].iter().take_while(is_full).count();
    let rest = || lines.get(full + 1).and_then(row).is_some_and(|rest| first.goes_on_in(&rest));
    full + usize::from(full > 0 && rest())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "65794a68624763694f694a49557a49314e694a39";
    const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b";

    #[test]
    fn rows_that_go_on_and_others() {
        for (before, line, next, want) in [
            ("", DIGITS, DIGITS, true),
            ("", "  65794a68624763694f694a49557a4931", "  65794a68624763694f694a49557a4931\r", true),
            ("", DIGITS, "65794a", true),
            ("", DIGITS, "65", true),
            ("", "    101,", "    121,\r", true),
            ("", "    101,", "    121", true),
            ("", "  - 101", "  - 121", true),
            ("", "0x65,", "0x79,", true),
            ("", "0x65, 0x79,", "0x4a };", true),
            ("", "65 79 4a 68", "62 47", true),
            ("", "65:79:4a:68:", "62:47", true),
            ("", "6579 4a68", "6247 63", true),
            ("", "data: 65 79 4a 68", "62 47 63 69", true),
            ("", "data = {0x65, 0x79, 0x4a, 0x68,", "0x62, 0x47,", true),
            // What is not ASCII.
            ("", "74, 195,", "182, 114,", true),
            ("  101,", "  121", "]", true),
            ("  101,", "  121", "  ],", true),
            ("[", "  121", "]", false),
            ("", DIGEST, DIGEST, false),
            ("", DIGITS, DIGEST, false),
            ("", DIGITS, "dead", false),
            ("", DIGITS, "65794a68624763694f694a49557a49314e694a396579", false),
            ("", "    101", "    121,", false),
            ("", "    101,", "    1121,", false),
            ("", "    101,", "    2,", false),
            ("", "    1.5,", "    2.5,", false),
            ("", "2024", "2025", false),
            ("", "1, 2, 3,", "4, 5, 6,", false),
            ("", "0x65 };", "0x79", false),
            ("", "65 79 4a 68", "62:47:63", false),
            ("", "id 65", "79", false),
            ("", "65 79 4a 68", "started", false),
        ] {
            let before = Some(before.as_bytes()).filter(|before| !before.is_empty());
            assert_eq!(goes_on_in_short_row(before, line.as_bytes(), Some(next.as_bytes())), want, "{line} {next}");
        }
        assert!(goes_on_in_short_row(None, b"  101,", None) && !goes_on_in_short_row(None, b"started", None));
    }

    #[test]
    fn rows_that_are_worth_a_look() {
        let numbers = |n: usize, end: &str| (0..n).map(|n| format!("  {}{end}\n", [101, 121, 74, 104][n % 4])).collect::<String>();
        for (text, want) in [
            (format!("x\n{}y\n", numbers(16, ",")), 1),
            (format!("x\n{}y\n", numbers(15, ",")), 0),
            (format!("x\n{}y\n", numbers(33, ",")), 2),
            (format!("{}{}", numbers(9, ","), numbers(9, ";")), 0),
            (format!("{DIGITS}\n{DIGITS}\n"), 1),
            (format!("  {DIGITS}\n  {DIGITS}"), 1),
            (format!("{DIGITS}\n"), 0),
            (format!("{DIGITS}\n{DIGITS}."), 0),
            (format!("{DIGEST}\n").repeat(9), 0),
            ("65 79 4a 68 62 47 63 69\n".repeat(2), 1),
            ("150, 160, 170,\n".repeat(9), 0),
        ] {
            assert_eq!(short_rows(text.as_bytes(), 0..text.len()).len(), want, "{text}");
            // What stands before is no line of it.
            let shifted = format!("  9{text}");
            let rows = short_rows(shifted.as_bytes(), 3..shifted.len());
            assert!(rows.len() <= want && rows.iter().all(|row| row.start > 3), "{shifted}");
        }
    }

    #[test]
    fn digits_over_lines() {
        for (lines, want) in [
            (vec![DIGITS, DIGITS, "65794a", "65"], 2),
            (vec![DIGITS, DIGITS, "65"], 2),
            (vec![DIGITS, DIGITS, "done"], 1),
            (vec![DIGITS, DIGITS, "dead"], 1),
            (vec![DIGITS, "65794a"], 0),
            (vec![DIGITS], 0),
            (vec![DIGEST, DIGEST], 0),
        ] {
            let text = lines.join("\n");
            let ranges: Vec<_> = crate::lines::lines(text.as_bytes()).collect();
            assert_eq!(digit_rows(text.as_bytes(), &ranges), want, "{text}");
        }
    }
}
