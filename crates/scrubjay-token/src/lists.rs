//! Text written as numbers: hex digits in a row, lists of byte values, hex dumps.

use std::ops::Range;

use crate::base64::alphanumeric_len;
use crate::records::said_end;
use crate::runs::{long_runs, table_of};
use crate::view::unescaped;

/// Fewest bytes that are worth a look: the shortest token has more.
const BYTES_MIN: usize = 16;

/// Most bytes on one line of a dump.
const DUMP_LINE_BYTES_MAX: usize = 64;

/// Bytes written as numbers, and where.
#[derive(Default)]
pub(crate) struct Numbers {
    /// The pieces of the text that write them: one for each line of a dump.
    pub(crate) pieces: Vec<Range<usize>>,
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
}

/// Value of a hex digit, or [`NOT`].
static DIGIT: [u8; 256] = {
    let mut table = [NOT; 256];
    let mut i = 0;
    while i < 22 {
        table[b"0123456789abcdefABCDEF"[i] as usize] = if i < 16 { i as u8 } else { i as u8 - 6 };
        i += 1;
    }
    table
};
/// Marks a byte that is no hex digit.
const NOT: u8 = 0xFF;

/// Decodes pairs of hex digits.
pub(crate) fn decode_hex(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    decode_hex_into(text, &mut bytes);
    bytes
}

fn decode_hex_into(text: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend(text.as_chunks().0.iter().map_while(byte_in_hex));
}

/// The byte that two hex digits stand for.
pub(crate) fn byte_in_hex(&[high, low]: &[u8; 2]) -> Option<u8> {
    let (high, low) = (DIGIT[high as usize], DIGIT[low as usize]);
    ((high | low) & 0xF0 == 0).then_some(high << 4 | low)
}

/// Pairs of hex digits, each of a character that is seen or a blank: of 20 bytes of a digest, two in a thousand million are so.
pub(crate) fn is_text_in_hex(digits: &[u8]) -> bool {
    let is_text = |pair: &[u8]| matches!(pair[0], b'2'..=b'7') && pair[1].is_ascii_hexdigit() && !matches!(pair, [b'7', b'f' | b'F']);
    digits.len().is_multiple_of(2) && digits.chunks_exact(2).all(is_text)
}

/// Runs of at least 32 hex digits with nothing in between.
pub(crate) fn hex_runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    long_runs(text, 2 * BYTES_MIN, |b| b.is_ascii_hexdigit())
}

/// One number of a list: its digits, and what they may mean.
struct Group {
    span: Range<usize>,
    decimal: Option<u8>,
    /// So many hex digits at its end are bytes; 0: none.
    hex_digits: usize,
}

fn group(text: &[u8], at: usize) -> Option<Group> {
    let len = text.get(at..)?.iter().take(11).take_while(|b| b.is_ascii_alphanumeric()).count();
    let word = &text[at..at + len];
    let prefixed = word.strip_prefix(b"0x").or_else(|| word.strip_prefix(b"0X"));
    let digits = prefixed.unwrap_or(word);
    let is_hex = matches!(digits.len(), 2 | 4 | 8) && digits.iter().all(u8::is_ascii_hexdigit);
    let hex_digits = if is_hex { digits.len() } else { 0 };
    let decimal = if prefixed.is_none() { decimal(word) } else { None };
    (decimal.is_some() || is_hex).then_some(Group { span: at..at + len, decimal, hex_digits })
}

/// The byte that some decimal digits stand for.
fn decimal(word: &[u8]) -> Option<u8> {
    if !(1..=3).contains(&word.len()) || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    u8::try_from(word.iter().fold(0u16, |n, &b| 10 * n + u16::from(b - b'0'))).ok()
}

/// Bytes between two numbers of a list: blanks, commas, colons, semicolons, hyphens (.NET's `BitConverter`); also a line end with its indentation.
fn separator(text: &[u8], at: usize) -> usize {
    let (mut len, mut breaks) = (0, 0);
    while len < SEPARATOR_BYTES_MAX {
        match text.get(at + len) {
            Some(b' ' | b',' | b':' | b';' | b'-' | b'\t' | b'\r') => len += 1,
            Some(b'\n') => {
                len += 1;
                breaks += 1;
            }
            Some(b'\\') => match escaped_end(&text[at + len..]) {
                0 => break,
                end => {
                    breaks += usize::from(text[at + len + end - 1] == b'n');
                    len += end;
                }
            },
            _ => break,
        }
    }
    if breaks > 1 || breaks == 0 && len > 3 || breaks == 1 && !is_list_to_end(&text[at + len..]) { 0 } else { len }
}

/// Longest separator, a line end and the next line's indentation included.
const SEPARATOR_BYTES_MAX: usize = 80;

/// Length of a line end or tab that is written as an escape, however often its backslash is doubled.
fn escaped_end(text: &[u8]) -> usize {
    let slashes = text.iter().take(16).take_while(|&&b| b == b'\\').count();
    if matches!(text.get(slashes), Some(b'n' | b'r' | b't')) { slashes + 1 } else { 0 }
}

/// The line holds nothing but numbers, up to its end or to what closes the list: another line's date is no part of a list.
fn is_list_to_end(line: &[u8]) -> bool {
    // The next line of a dump has an offset in front.
    let offset = line.iter().take(17).take_while(|b| b.is_ascii_hexdigit()).count();
    if offset > 8 || offset >= 4 && matches!(line.get(offset), Some(b':')) {
        return false;
    }
    let len = line.iter().take(LINE_BYTES_MAX).take_while(|&&b| b.is_ascii_hexdigit() || b" ,:;-\tx".contains(&b)).count();
    line.get(len).is_none_or(|b| b"\r\n]})\"'<\\".contains(b))
}

/// Longest line of a list of numbers that is looked at.
const LINE_BYTES_MAX: usize = 1024;

/// Lists of numbers: decimal byte values (`101, 121, …`), hex pairs or longer groups (`65 79`, `65:79`, `0x65, 0x79`, `6579 4a68`).
pub(crate) fn lists(text: &[u8]) -> Vec<Numbers> {
    lists_from(text, BYTES_MIN)
}

/// As [`lists`], of at least so many bytes.
pub(crate) fn lists_from(text: &[u8], bytes_min: usize) -> Vec<Numbers> {
    let mut out = Vec::new();
    // A list of single digits has one byte between each two.
    let least = 2 * bytes_min - 1;
    for run in long_runs(text, least, may_be_of_list) {
        lists_of_run(text, run.start..run.end + 1 - least, bytes_min, &mut out);
    }
    out
}

/// The lists that begin at one of `starts`.
fn lists_of_run(text: &[u8], starts: Range<usize>, bytes_min: usize, out: &mut Vec<Numbers>) {
    let mut at = starts.start;
    let mut groups = Vec::with_capacity(GROUPS_FEW);
    while at < starts.end {
        if !text[at].is_ascii_hexdigit() {
            at += 1;
            continue;
        }
        if at > 0 && text[at - 1].is_ascii_alphanumeric() && !is_glued_pair(&text[at..]) {
            // Within a word only its last two characters may begin a list.
            let word = alphanumeric_len(&text[at..]);
            at = (at + word).saturating_sub(2).max(at + 1);
            continue;
        }
        groups.clear();
        let restart = read_groups(text, at, &mut groups);
        let end = groups.last().map_or(at + 1, |g| g.span.end);
        if groups.len() >= GROUPS_MIN {
            // What is a number in one of the readings only ends the other.
            let decimals = groups.iter().take_while(|g| g.decimal.is_some()).count();
            if decimals >= bytes_min {
                let pieces = line_pieces(text, at..groups[decimals - 1].span.end);
                out.push(Numbers { pieces, bytes: groups.iter().map_while(|g| g.decimal).collect() });
            }
            let hexes = groups.iter().take_while(|g| g.hex_digits > 0).count();
            let count = groups[..hexes].iter().map(|g| g.hex_digits / 2).sum();
            if count >= bytes_min {
                let mut bytes = Vec::with_capacity(count);
                groups[..hexes].iter().for_each(|g| decode_hex_into(&text[g.span.end - g.hex_digits..g.span.end], &mut bytes));
                out.push(Numbers { pieces: line_pieces(text, at..groups[hexes - 1].span.end), bytes });
            }
        }
        at = restart.unwrap_or(end).max(at + 1);
    }
}

/// Numbers that many a list has no more of: room for them is made at once.
const GROUPS_FEW: usize = 16;
/// Fewest numbers of a list.
const GROUPS_MIN: usize = 4;

/// The first of some pairs of hex digits, with text glued to it: without that byte nobody knows what the others are.
fn is_glued_pair(text: &[u8]) -> bool {
    let pair = |at: usize| text.get(at..at + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
    matches!(text.get(2), Some(b':' | b'-')) && text.get(5) == text.get(2) && text.get(8) == text.get(2) && [0, 3, 6].into_iter().all(pair)
}

/// Appends the numbers of the list that begins at `at`, all of one kind, with one sign between them; says where the next list begins
/// if it is not behind them.
fn read_groups(text: &[u8], at: usize, groups: &mut Vec<Group>) -> Option<usize> {
    let mut next = at;
    let mut sign = None;
    while let Some(g) = text.get(next).and_then(|_| group(text, next)) {
        if let Some(f) = groups.first() {
            let decimal = f.decimal.is_some() && g.decimal.is_some();
            // Words have one length; the last one may be shorter. A year is no byte.
            let last = || group(text, g.span.end + separator(text, g.span.end)).is_none();
            let (own, more) = (f.hex_digits, g.hex_digits);
            let hex = own > 0 && (own == more || more > 0 && more < own && last());
            if !decimal && !hex {
                // What is glued to the first number made a longer one of it.
                let own = f.span.end - 2.min(f.span.len());
                let glued = groups.len() == 1 && own > at && is_glued_pair(&text[own..]);
                return Some(if glued { own } else { next });
            }
        }
        let (start, end) = (g.span.start, g.span.end);
        groups.push(g);
        let gap = match separator(text, end) {
            0 => break,
            gap => &text[end..end + gap],
        };
        next = end + gap.len();
        // A list has one sign between its numbers: another one parts it from the next field of its record. Where a line
        // ends it may be missing, and a dump has a hyphen in the middle of sixteen bytes.
        let own = if gap == b"\t" { Some(b'\t') } else { gap.iter().copied().find(|b| b",:;-".contains(b)) };
        let first = *sign.get_or_insert(own);
        let middle = first.is_none() && gap == b"-" && groups.len() % 16 == 8;
        if own != first && !middle && !gap.iter().any(|b| matches!(b, b'\n' | b'\\')) {
            // The number between two signs is the first one behind a comma or a tab, and the last one of a date.
            let restart = if groups.len() == 2 && matches!(first, Some(b',' | b'\t')) { start } else { next };
            return Some(restart);
        }
    }
    None
}

/// A byte of a number, or of what parts two ([`separator`]), line ends in escapes included.
fn may_be_of_list(b: u8) -> bool {
    OF_LIST[b as usize]
}

static OF_LIST: [bool; 256] = table_of(b"0123456789abcdefABCDEFxX ,:;-\t\r\n\\nrt");

/// A span cut into the pieces of its lines, without line ends, carriage returns and indentation.
#[must_use]
pub fn line_pieces(text: &[u8], span: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = span.start;
    for end in (span.start..span.end).filter(|&i| text[i] == b'\n').chain([span.end]) {
        let line = &text[start..end];
        let from = if start == span.start { 0 } else { line.len() - line.trim_ascii_start().len() };
        let to = if end == span.end { line.len() } else { line.trim_ascii_end().len() };
        if from < to {
            pieces.push(start + from..start + to);
        }
        start = end + 1;
    }
    pieces
}

/// Lines of a hex dump (`xxd`, `hexdump`, `od -tx1`, Wireshark, `tcpdump -X`, Netty, OpenSSL, GnuTLS, gdb, WinDbg): an offset, some bytes in hex, the
/// same as text. A line whose offset is not where the one before it ended belongs to no dump, or to another.
pub(crate) fn dumps(text: &[u8]) -> Vec<Numbers> {
    let mut out: Vec<Dump> = Vec::new();
    let mut current: Option<Dump> = None;
    let mut expected = Vec::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text).chain([text.len()]) {
        match dump_line(text, start..end) {
            Some(line) => {
                let offsets = line.offsets(text);
                if !expected.iter().any(|n| offsets.contains(n)) {
                    out.extend(current.take());
                }
                expected = offsets.iter().map(|n| n.saturating_add(line.bytes.len() as u64)).collect();
                let dump = current.get_or_insert(Dump::default());
                dump.numbers.pieces.push(line.piece);
                let known = dump.turned.len();
                dump.turned.extend_from_slice(&line.bytes);
                dump.turned[known..].chunks_mut(line.word).for_each(<[u8]>::reverse);
                dump.words |= line.word > 1;
                dump.numbers.bytes.extend(line.bytes);
            }
            None => out.extend(current.take()),
        }
        start = end + 1;
    }
    out.extend(current);
    out.retain(|d| d.numbers.bytes.len() >= BYTES_MIN);
    // Words are written as they are read (xxd), or as the machine holds them, low byte first (od, hexdump, gdb).
    out.into_iter().flat_map(Dump::readings).collect()
}

/// Lines of a dump.
#[derive(Default)]
struct Dump {
    numbers: Numbers,
    /// The bytes, those of each word from the last to the first.
    turned: Vec<u8>,
    words: bool,
}

impl Dump {
    fn readings(self) -> impl Iterator<Item = Numbers> {
        let turned = self.words.then(|| Numbers { pieces: self.numbers.pieces.clone(), bytes: self.turned });
        std::iter::once(self.numbers).chain(turned)
    }
}

/// One line of a dump.
struct DumpLine {
    offset: Range<usize>,
    /// Everything behind the offset.
    piece: Range<usize>,
    bytes: Vec<u8>,
    /// Bytes of a word: of as many digits as its first number has.
    word: usize,
}

impl DumpLine {
    /// What the offset may mean: hex, octal (`od`) or decimal.
    fn offsets(&self, text: &[u8]) -> Vec<u64> {
        let digits = std::str::from_utf8(&text[self.offset.clone()]).unwrap_or_default();
        [16, 8, 10].iter().filter_map(|&radix| u64::from_str_radix(digits, radix).ok()).collect()
    }
}

/// Bytes of a line within which the offset of a dump's line begins.
const OFFSET_REACH: usize = 201;
/// Fewest and most digits of it.
const OFFSET_DIGITS_MIN: usize = 4;
const OFFSET_DIGITS_MAX: usize = 16;

/// Fewest bytes in a line of a dump that goes on. Two are in many a record: a time, and the number of a thread.
const FULL_LINE_BYTES_MIN: usize = 4;

/// True for a line of a hex dump that may go on in the next one.
#[must_use]
pub fn is_dump_line(line: &[u8]) -> bool {
    dump_line(line, 0..line.len()).is_some_and(|line| line.bytes.len() >= FULL_LINE_BYTES_MIN)
}

fn dump_line(text: &[u8], line: Range<usize>) -> Option<DumpLine> {
    // The offset may stand behind a log's own prefix: the first run of 4 to 16 hex digits followed by a colon or a blank.
    let reach = line.end.min(line.start + OFFSET_REACH);
    let head = &text[line.start..line.end.min(reach + OFFSET_DIGITS_MAX + 1)];
    if !may_have_offset(&text[line.start..line.end.min(line.start + head.len() + 1)]) {
        return None;
    }
    long_runs(head, OFFSET_DIGITS_MIN, |b| b.is_ascii_hexdigit()).find_map(|digits| {
        let (at, end) = (line.start + digits.start, line.start + digits.end);
        let alone = at == line.start || !text[at - 1].is_ascii_alphanumeric() || text[line.start..at].ends_with(b"0x");
        if digits.len() > OFFSET_DIGITS_MAX || digits.end == head.len() || at >= reach || !alone {
            return None;
        }
        let start = end + offset_gap(&text[end..line.end])?;
        // The number behind a date or an epoch is the offset.
        if is_offset(&text[start..line.end]) {
            return None;
        }
        let (bytes, word, behind) = dump_bytes(text, start, line.end)?;
        // What follows a number without a blank is none of the dump: the end of the string that it stands in.
        let closes = text[..behind].last().is_some_and(u8::is_ascii_hexdigit) && text.get(behind).is_some_and(|b| b"\\\"'".contains(b));
        let text_end = line.end - usize::from(text[line.clone()].last() == Some(&b'\r'));
        let said_end = if closes { behind } else { line.start + said_end(&text[line.start..text_end], start - line.start) };
        let column = text_column(text, behind..said_end, &bytes);
        // The numbers of a process and of its thread are no bytes: behind so few of these stands nothing else.
        let is_alone = || text[behind.min(said_end)..said_end].trim_ascii().is_empty();
        let is_dump = column.is_some() || bytes.len() >= FULL_LINE_BYTES_MIN || is_alone();
        is_dump.then(|| DumpLine { offset: at..end, piece: start..column.unwrap_or(said_end), bytes, word })
    })
}

/// Some digits stand before what may part an offset from the bytes: of most lines this is enough to know.
fn may_have_offset(head: &[u8]) -> bool {
    // A blank or a tab is it, or stands behind it.
    memchr::memchr2_iter(b' ', b'\t', head).any(|at| {
        let end = at - usize::from(at > 0 && matches!(head[at - 1], b':' | b'|'));
        end >= OFFSET_DIGITS_MIN && head[end - OFFSET_DIGITS_MIN..end].iter().rev().all(u8::is_ascii_hexdigit)
    })
}

/// The number at the beginning is an offset by itself: behind a word of a dump stands one blank, and then another.
fn is_offset(text: &[u8]) -> bool {
    let len = text.iter().take(OFFSET_DIGITS_MAX + 1).take_while(|b| b.is_ascii_hexdigit()).count();
    let gap = || offset_gap(&text[len..]).filter(|&gap| gap > 1);
    (4..=OFFSET_DIGITS_MAX).contains(&len) && gap().is_some_and(|gap| dump_bytes(text, len + gap, text.len()).is_some())
}

/// Length of what stands between an offset and the bytes: `: `, `| `, ` - ` (OpenSSL, GnuTLS), ` <buffer+16>:` (gdb).
fn offset_gap(behind: &[u8]) -> Option<usize> {
    if !matches!(behind, [b' ', ..] | [b':', b' ' | b'\t', ..] | [b'|', b' ', ..]) {
        return None;
    }
    let symbol = if behind.starts_with(b" <") {
        behind.iter().take(SYMBOL_BYTES_MAX).position(|&b| b == b'>').filter(|&at| behind.get(at + 1) == Some(&b':'))? + 1
    } else {
        0
    };
    let blanks = |at: usize| behind[at..].iter().take_while(|b| b": \t|".contains(b)).count();
    let gap = symbol + blanks(symbol);
    Some(if behind[gap..].starts_with(b"- ") { gap + 1 + blanks(gap + 1) } else { gap })
}

/// Longest name of a place in memory, and what is around it.
const SYMBOL_BYTES_MAX: usize = 80;

/// Where the column ends in which a dump shows its bytes as text; `None`: there is no such column, or it shows something else.
fn text_column(text: &[u8], behind: Range<usize>, bytes: &[u8]) -> Option<usize> {
    if let Some(end) = shown_column(text, behind.clone(), bytes) {
        return Some(end);
    }
    // Where escapes were read in the text around, they were read in the column, too.
    let mut layers = std::iter::successors(unescaped(bytes), |shown| unescaped(&shown.text)).take(ESCAPES_MAX);
    layers.find_map(|shown| shown_column(text, behind.clone(), &shown.text))
}

/// Most layers of escapes that are read in a dump's column of text.
const ESCAPES_MAX: usize = 2;

fn shown_column(text: &[u8], behind: Range<usize>, bytes: &[u8]) -> Option<usize> {
    let line = &text[..behind.end];
    let bar = line.get(behind.start).filter(|b| b"|>".contains(b)).copied();
    // The column may begin with blanks itself.
    let blanks = if bar.is_some() { 0 } else { bytes.iter().take_while(|&&b| b == b' ').count() };
    let start = behind.start.saturating_sub(blanks) + usize::from(bar.is_some());
    let shown = line.get(start..start + bytes.len())?;
    let same = shown.iter().zip(bytes).filter(|(a, b)| a == b || **a == b'.').count();
    let end = start + bytes.len();
    let closed = bar.is_some() && line.get(end).is_some_and(|b| b"|<".contains(b));
    (same == bytes.len()).then_some(end + usize::from(closed))
}

/// The bytes of a dump's line, how many of them are a word, and where they end with the blanks behind them.
fn dump_bytes(text: &[u8], start: usize, end: usize) -> Option<(Vec<u8>, usize, usize)> {
    let mut bytes = Vec::with_capacity(DUMP_LINE_BYTES_MAX / 4);
    let (mut at, mut word) = (start, 0);
    while at < end && bytes.len() < DUMP_LINE_BYTES_MAX {
        let prefix = if text[at..end].starts_with(b"0x") { 2 } else { 0 };
        let digits = at + prefix;
        let len = text[digits..end].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        // OpenSSL and WinDbg have a hyphen in the middle.
        let middle = len == 2 && bytes.len() == 7 && matches!(text.get(digits + 2..end), Some([b'-', b, ..]) if b.is_ascii_hexdigit());
        let is_word = matches!(len, 2 | 4 | 8) || prefix > 0 && len == 16;
        if !is_word || !middle && !text.get(digits + len).is_none_or(|b| b" \t\r\n|\\\"".contains(b)) {
            break;
        }
        decode_hex_into(&text[digits..digits + len], &mut bytes);
        word = if word == 0 { len / 2 } else { word };
        at = digits + len + usize::from(middle);
        let blanks = text[at..end].iter().take_while(|b| b" \t".contains(b)).count();
        at += blanks;
        // The text column stands behind a wider gap; hexdump -C has one in the middle of its bytes too.
        if blanks >= 2 && (bytes.len() != 8 || blanks > 2) {
            break;
        }
    }
    (bytes.len() >= 2).then_some((bytes, word.max(1), at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_bytes() {
        let word = b"eyJhbGciOiJIUzI1NiJ9";
        let decimal: Vec<String> = word.iter().map(u8::to_string).collect();
        let hex: Vec<String> = word.iter().map(|b| format!("{b:02x}")).collect();
        for text in [decimal.join(", "), decimal.join(" "), hex.join(":"), hex.join(" "), format!("0x{}", hex.join(", 0x"))] {
            let line = format!("data=[{text}] end");
            let found = lists(line.as_bytes());
            assert!(found.iter().any(|n| n.bytes == word && n.pieces[0] == (6..6 + text.len())), "{line}");
        }
    }

    #[test]
    fn a_list_has_one_sign_and_one_length() {
        let hex: Vec<String> = b"eyJhbGciOiJIUzI1NiJ9".iter().map(|b| format!("{b:02x}")).collect();
        let list = hex.join(" ");
        for (before, behind) in [("4,", ",2025-11-28"), ("2025-11-28 ", " 2025-11-28"), ("10:00:00 ", ";17"), ("", " 20251128")] {
            let line = format!("{before}{list}{behind}");
            let found = lists(line.as_bytes());
            assert!(found.iter().any(|n| n.pieces[0] == (before.len()..before.len() + list.len())), "{line}");
        }
        let line = format!("{}-{}", hex[..8].join(" "), hex[8..16].join(" "));
        assert_eq!(lists(line.as_bytes())[0].bytes, b"eyJhbGciOiJIUzI1");
        assert_eq!(lists(b"6579 4a68 6247 6369 4f69 4a49 557a 4931 4e  N")[0].bytes, b"eyJhbGciOiJIUzI1N");
    }

    #[test]
    fn lines_that_are_a_dump_s() {
        let is_dump = |line: &str| dump_line(line.as_bytes(), 0..line.len()).is_some();
        for line in ["00000010: 4e69  Ni", "0000020 394e", "00000010: 4e69 4a39 41  more", r#"{"msg":"0010 - 4e 69   Ni","n":1}"#] {
            assert!(is_dump(line), "{line}");
        }
        // As far into a line as an offset may begin, and as far as its digits may go from there.
        for (before, is_one) in [(OFFSET_REACH - 1, true), (OFFSET_REACH, false)] {
            for offset in ["0010", "0000000000000010"] {
                assert_eq!(is_dump(&format!("{}{offset} 4e69 4a39", ".".repeat(before))), is_one, "{offset} behind {before}");
            }
        }
        for line in ["11-28 10:00:00.123  1234  1250 D OkHttp  : {", "1732780800 1234 started", "00000010: 4e69 and more"] {
            assert!(!is_dump(line), "{line}");
        }
    }

    #[test]
    fn dumps_of_several_kinds() {
        let xxd = "00000000: 6579 4a68 6247 6369 4f69 4a49 557a 4931  eyJhbGciOiJIUzI1\n00000010: 4e69 4a39                                NiJ9\n";
        let c = "DEBUG 00000000  65 79 4a 68 62 47 63 69  4f 69 4a 49 55 7a 49 31  |eyJhbGciOiJIUzI1|\nDEBUG 00000010  4e 69 4a 39                                       |NiJ9|\nplain";
        let openssl = "0000 - 65 79 4a 68 62 47 63 69-4f 69 4a 49 55 7a 49 31   eyJhbGciOiJIUzI1\n0010 - 4e 69 4a 39                                       NiJ9\n";
        let gdb = "0x7ffe0000 <b>:\t0x65\t0x79\t0x4a\t0x68\t0x62\t0x47\t0x63\t0x69\t0x4f\t0x69\n0x7ffe000a <b+10>:\t0x4a\t0x49\t0x55\t0x7a\t0x49\t0x31\t0x4e\t0x69\t0x4a\t0x39\n";
        for (text, first) in [(xxd, 10), (c, 16), (openssl, 7), (gdb, 16)] {
            let found = dumps(text.as_bytes());
            assert_eq!(found[0].bytes, b"eyJhbGciOiJIUzI1NiJ9");
            assert_eq!((found[0].pieces.len(), found[0].pieces[0].start), (2, first));
            assert_eq!(found.len(), if text == xxd { 2 } else { 1 });
        }
        let od = "0000000 7965 684a 4762 6963 694f 494a 7a55 3149\n0000020 694e 394a\n0000024\n";
        assert_eq!(dumps(od.as_bytes())[1].bytes, b"eyJhbGciOiJIUzI1NiJ9");
    }
}
