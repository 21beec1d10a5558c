//! What records say of which each is a line of one text: a program's output line by line, through a logger, a container
//! runtime or syslog. What proves that they belong together is that all are framed alike, and that each says a line of an
//! object and nothing else.

use std::ops::Range;

use crate::compact::is_mixed;
use crate::lines::raw_lines;
use crate::lists::{is_dump_line, line_pieces};
use crate::literals::{FIRST_CHARS_MIN, ends_in_literal, joins_literal};
use crate::narrow::{OPENING_CHARS_MIN, WIDTHS, are_full, ends_narrow};
use crate::notations::{is_known, lone_member};
use crate::octets::{goes_on_in_octets, octets_at};
use crate::opening::opens_object;
use crate::partials::part;
use crate::pem::framed_as;
use crate::token::Found;
use crate::view::{View, unescaped};
use crate::wrap::{is_of_others, is_piece, pieces_len};

/// Longest frame before what a record says, in bytes.
const FRAME_BYTES_MAX: usize = 2048;
/// Longest identifier in a frame, in characters: a UUID has 36.
const FRAME_WORD_CHARS_MAX: usize = 40;
/// Longest name of a member, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Shortest full line of a value (DESIGN §4).
const WIDTH_CHARS_MIN: usize = 60;
/// Shortest run that is no base64 if it has no capitals: of 24 characters, four in a million are so.
const SMALL_CHARS_MIN: usize = 24;

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
            let line = |k: Option<usize>| k.and_then(|k| lines.get(k)).map_or(&[][..], |line| &text[line.clone()]);
            let below = line(Some(k + 1));
            let wrapped = || wrapped_at(line(k.checked_sub(1)), bytes, Some(below)).or_else(|| numbers_at(bytes, Some(below)));
            let member = if k < next { None } else { member_at(bytes).or_else(wrapped) };
            let Some(frame) = member.map(|at| frame(bytes, at)).filter(|frame| is_frame(frame)) else { continue };
            let record = |line: &Range<usize>| {
                said(frame, &text[line.clone()]).map(|said| (line.clone(), line.start + said.start..line.start + said.end))
            };
            let first = k - lines[next..k].iter().rev().map_while(record).count();
            let alike: Vec<_> = lines[first..].iter().map_while(record).collect();
            next = (first + alike.len()).max(k + 1);
            // One proves nothing.
            records.extend(alike.into_iter().filter(|_| next > first + 1));
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

    /// Leaves the records' frames out of what was found over several of them, and what `told` tells, which was found in what they
    /// say and is in order.
    pub(crate) fn leave_frames(&self, text: &[u8], found: &mut [Found], told: &[Found]) {
        let pieces: Vec<Range<usize>> = told.iter().flat_map(|f| f.pieces.iter().cloned()).collect();
        let is_told = |piece: &Range<usize>| {
            let before = &pieces[..pieces.partition_point(|p| p.start <= piece.start)];
            before.last().is_some_and(|p| p.end >= piece.end)
        };
        let is_theirs = |span: &Range<usize>| {
            let before = &told[..told.partition_point(|f| f.span().start < span.end)];
            before.last().is_some_and(|f| f.span().end > span.start)
        };
        for f in found {
            let span = f.span();
            if is_theirs(&span) && memchr::memchr(b'\n', &text[span]).is_some() {
                f.pieces = f.pieces.iter().flat_map(|piece| line_pieces(text, piece.clone())).collect();
                self.without_frames(&mut f.pieces);
                f.pieces.retain(|piece| piece.start < piece.end && !is_told(piece));
            }
        }
    }

    /// What lies in these pieces of what the records say, and what does not lie in the records at all.
    fn without_frames(&self, pieces: &mut [Range<usize>]) {
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

/// A frame has no data: what stands in front in a dump or in a wrapped text is none.
fn is_frame(frame: &[u8]) -> bool {
    let mut words = frame.split(|b| !b.is_ascii_alphanumeric() && !b"-_".contains(b));
    !frame.is_empty() && !is_dump_line(frame) && words.all(|word| word.len() <= FRAME_WORD_CHARS_MAX || !is_mixed(word))
}

/// What a record says that is framed so: up to the end of the string that is open there, or the rest of the line.
fn said(frame: &[u8], line: &[u8]) -> Option<Range<usize>> {
    let start = framed_as(frame, line)?;
    Some(start..said_end(line, start))
}

/// Where what is said at `at` of a line ends: with the string that is open there, or with the line.
pub(crate) fn said_end(line: &[u8], at: usize) -> usize {
    let end = open_string(&line[..at]).and_then(|slashes| string_end(line, at, slashes));
    end.map_or(line.len(), |end| at + without_line_end(&line[at..end]).len())
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

/// Where a string ends that begins at `start` behind a quote with so many backslashes: before a quote with as many, or with
/// fewer, which ends a string around it.
fn string_end(text: &[u8], start: usize, slashes: usize) -> Option<usize> {
    let quotes = memchr::memchr_iter(b'"', &text[start..]);
    quotes.map(|at| start + at - slashes_before(&text[start..], at)).find(|end| text[*end..].iter().take(slashes + 1).any(|&b| b == b'"'))
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

/// True where `record` says nothing but a member of a key or of a token.
pub(crate) fn says_member(record: &[u8]) -> bool {
    member_at(record).is_some()
}

/// True where what `record` says may go on in the next one, as the ones around it tell: it says a line of an object, which it
/// opens, or a member of a key or of a token, or one behind another that is framed alike; or a full line of a value, and the next one more of it. `None`: the next
/// one is not there yet, and may be anything.
#[must_use]
pub fn goes_on_in_next(before: &[u8], record: &[u8], next: Option<&[u8]>) -> bool {
    let is_behind = |above: Line<'_>| {
        let frame = frame(before, above.start);
        !frame.is_empty() && framed_as(frame, record).is_some()
    };
    let goes_on = |line: Line<'_>| line.opens || is_known(line.name) || json_line(before).is_some_and(is_behind);
    let quotes = Quotes::of(record);
    json_line_at(record, quotes).is_some_and(goes_on)
        || wrapped_as(before, record, next, quotes).is_some()
        || numbers_as(record, next, quotes).is_some()
}

/// What the quotes of a record may be, as the bytes beside them say: of most records this is enough to know that it says nothing in
/// its strings that goes on.
#[derive(Clone, Copy)]
struct Quotes {
    /// A string may begin in which it says a line of an object.
    say_line: bool,
    /// From here on, one may end in a literal or in a full line; `None`: none does.
    full_from: Option<usize>,
    /// One may end in numbers.
    end_numbers: bool,
}

impl Quotes {
    /// Nothing is known of them.
    const ANY: Self = Self { say_line: true, full_from: Some(0), end_numbers: true };

    fn of(record: &[u8]) -> Self {
        let is_object = record.starts_with(b"{");
        let mut quotes = Self { say_line: false, full_from: None, end_numbers: false };
        for at in memchr::memchr_iter(b'"', record) {
            let before = &record[..at];
            quotes.say_line |= at < FRAME_BYTES_MAX && may_say_line(record, at) && (before.ends_with(b"\\") || begins_string(before));
            if may_end(record, at) {
                let text = &record[..StringEnd::of(record, at).at];
                if quotes.full_from.is_none() && (ends_full(text) || ends_in_literal(text)) {
                    quotes.full_from = Some(at);
                }
                quotes.end_numbers |= is_object && octets_at(text).is_some();
            }
        }
        quotes
    }
}

/// Where what a record says begins that ends in a full line of a value, where the next record, framed alike, goes on with a
/// line that is no longer; or in a string literal, where it goes on with one.
fn wrapped_at(before: &[u8], record: &[u8], next: Option<&[u8]>) -> Option<usize> {
    wrapped_as(before, record, next, Quotes::ANY)
}

fn wrapped_as(before: &[u8], record: &[u8], next: Option<&[u8]>, quotes: Quotes) -> Option<usize> {
    let text = literal_or_full(record, quotes)?;
    let Some(next) = next else { return Some(text.start) };
    let frame = frame(record, text.start);
    let (own, more) = (&record[text.clone()], next[said(frame, next)?].trim_ascii_start());
    if ends_in_literal(own) {
        return goes_on_in_literal(own, more).then_some(text.start);
    }
    let len = more.iter().take_while(|&&b| is_piece(b)).count();
    let begins_anew = opens_object(&more[..len]) && !own.ends_with(b".");
    let run = &more[..len];
    // A word before others is no end of a value, and a name in small letters no part of one.
    let is_small = len >= SMALL_CHARS_MIN && !run.iter().any(u8::is_ascii_uppercase) && !run.iter().all(u8::is_ascii_hexdigit);
    let is_word = is_small || len < more.len() && !is_mixed(run);
    let is_other = is_of_others(own, run);
    // A smaller width shows in two full lines.
    let above = || said(frame, before).map(|above| before[above].trim_ascii());
    let is_wide = || ends_wide(own) || are_full(own.trim_ascii(), more) || above().is_some_and(|above| are_full(above, own.trim_ascii()));
    let goes_on = len > 0 && len <= text.len() && !begins_anew && !is_word && !is_other && json_line(record).is_none();
    (goes_on && is_wide()).then_some(text.start)
}

/// Where a record that says nothing but numbers in hex begins to say them, where the next one, framed alike, says more of them.
fn numbers_at(record: &[u8], next: Option<&[u8]>) -> Option<usize> {
    numbers_as(record, next, Quotes::ANY)
}

fn numbers_as(record: &[u8], next: Option<&[u8]>, quotes: Quotes) -> Option<usize> {
    let ends = |text: &[u8]| octets_at(text).is_some();
    let in_string = if quotes.end_numbers && record.starts_with(b"{") { string_that(record, ends) } else { None };
    let text = in_string.or_else(|| Some(0..record.trim_ascii_end().len()).filter(|text| ends(&record[text.clone()])))?;
    let at = text.start + octets_at(&record[text.clone()])?;
    let frame = frame(record, at);
    let Some(next) = next else { return Some(at) };
    let is_said = !frame.is_empty() && goes_on_in_octets(&record[at..text.end], &next[said(frame, next)?]);
    is_said.then_some(at)
}

/// What a record says, in a string or as a part of a container's line, that ends in a string literal, or else in a full line of a
/// value.
fn literal_or_full(record: &[u8], quotes: Quotes) -> Option<Range<usize>> {
    let mut full = None;
    for end in quotes.full_from.into_iter().flat_map(|from| string_ends(record, from)) {
        let text = &record[..end.at];
        if ends_in_literal(text)
            && let Some(string) = end.string(record)
        {
            return Some(string);
        }
        if full.is_none() && ends_full(text) {
            full = end.string(record);
        }
    }
    let part = part(record).map(|part| part.text);
    let that = |ends: fn(&[u8]) -> bool| part.clone().filter(|text| ends(&record[text.clone()]));
    that(ends_in_literal).or(full).or_else(|| that(ends_full))
}

/// The string of a record that ends so.
fn string_that(record: &[u8], ends: fn(&[u8]) -> bool) -> Option<Range<usize>> {
    string_ends(record, 0).filter(|end| ends(&record[..end.at])).find_map(|end| end.string(record))
}

/// Where a string may end in a record, without the line end that is written there, and the backslashes before its quote.
struct StringEnd {
    at: usize,
    slashes: usize,
}

impl StringEnd {
    /// Of the quote at `at`.
    fn of(record: &[u8], at: usize) -> Self {
        let slashes = slashes_before(record, at);
        Self { at: without_line_end(&record[..at - slashes]).len(), slashes }
    }

    fn string(&self, record: &[u8]) -> Option<Range<usize>> {
        // Quotes of what it says have more backslashes.
        let quote = memchr::memrchr_iter(b'"', &record[..self.at]).find(|&quote| slashes_before(record, quote) <= self.slashes)?;
        begins_string(&record[..quote - slashes_before(record, quote)]).then_some(quote + 1..self.at)
    }
}

fn string_ends(record: &[u8], from: usize) -> impl Iterator<Item = StringEnd> + '_ {
    let quotes = memchr::memchr_iter(b'"', &record[from..]).map(move |at| from + at);
    quotes.filter(|&at| may_end(record, at)).map(|at| StringEnd::of(record, at))
}

/// Of most quotes the bytes before them are enough to know; a line end in escapes may stand between.
fn may_end(record: &[u8], at: usize) -> bool {
    at >= FIRST_CHARS_MIN + 10 && (is_piece(record[at - 10]) || b" :".contains(&record[at - 10]))
}

/// The string literal in which a text ends goes on in the one with which the next text begins. Both may be in escapes.
fn goes_on_in_literal(text: &[u8], next: &[u8]) -> bool {
    let plain = |text: &[u8]| unescaped(text).map(|view| view.text);
    if text.contains(&b'\\')
        && let (Some(text), Some(next)) = (plain(text), plain(next))
    {
        return joins_literal(&text, &next).is_some();
    }
    joins_literal(text, next).is_some()
}

fn ends_wide(text: &[u8]) -> bool {
    text.len() >= WIDTH_CHARS_MIN && pieces_len(&text[text.len() - WIDTH_CHARS_MIN..]) == WIDTH_CHARS_MIN
}

/// The text ends in a full line of a value, perhaps one that is too short to tell by itself.
fn ends_full(text: &[u8]) -> bool {
    may_end_full(text) && (ends_wide(text) || ends_narrow(text))
}

/// Of most texts a few bytes are enough to know that what they end in is too short, and that they are not as wide themselves.
fn may_end_full(text: &[u8]) -> bool {
    let Some(far) = text.len().checked_sub(WIDTHS.start) else { return false };
    let is_narrow = || text.len() < WIDTHS.end || text[0].is_ascii_whitespace();
    is_piece(text[text.len() - 1]) && is_piece(text[text.len() - OPENING_CHARS_MIN]) && (is_piece(text[far]) || is_narrow())
}

/// The line of an object in JSON that is all that a record says: in a string of the record, or at its end.
fn json_line(record: &[u8]) -> Option<Line<'_>> {
    json_line_at(record, Quotes::ANY)
}

fn json_line_at(record: &[u8], quotes: Quotes) -> Option<Line<'_>> {
    let said = |(string, slashes): (Range<usize>, usize)| {
        let text = &record[string.clone()];
        let start = text.len() - without_indentation(text).len();
        line_of(&text[start..], Some(slashes)).map(|line| line.behind(string.start + start))
    };
    let in_string = if quotes.say_line { strings(record).find_map(said) } else { None };
    in_string.or_else(|| {
        let text = record.trim_ascii_end();
        let quote = memchr::memchr(b'"', &text[..text.len().min(FRAME_BYTES_MAX)]).filter(|_| !text.starts_with(b"{"));
        let start = quote
            .map(|at| at - slashes_before(text, at))
            .unwrap_or_else(|| text.len() - text.iter().rev().take_while(|b| b"{}[],".contains(b)).count());
        let is_alone = start == 0 || matches!(text[start - 1], b' ' | b'\t');
        is_alone.then(|| line_of(&text[start..], None)).flatten().map(|line| line.behind(start))
    })
}

/// The strings in which a record may say a line of an object, and how many backslashes their quotes have; strings in strings,
/// too. The line end of what is said, written as an escape, is no part of it.
fn strings(record: &[u8]) -> impl Iterator<Item = (Range<usize>, usize)> + '_ {
    memchr::memchr_iter(b'"', &record[..record.len().min(FRAME_BYTES_MAX)]).filter_map(|at| {
        let slashes = if may_say_line(record, at) { slashes_before(record, at) } else { return None };
        let end = begins_string(&record[..at - slashes]).then(|| string_end(record, at + 1, slashes)).flatten()?;
        let text = without_line_end(&record[at + 1..end]);
        Some((at + 1..at + 1 + text.len(), slashes))
    })
}

/// What stands behind a quote may be the beginning of a line: a quote, or a tab, in escapes; a blank; a bracket.
fn may_say_line(record: &[u8], at: usize) -> bool {
    matches!(record.get(at + 1), Some(b'\\' | b' ' | b'{' | b'}' | b'[' | b']'))
}

/// A string may begin behind this text.
fn begins_string(text: &[u8]) -> bool {
    matches!(text.last(), Some(b':' | b'=' | b' ' | b'[' | b'{' | b',' | b'('))
}

/// A line of an object that is all there is of `text`, which stands in quotes with so many backslashes.
fn line_of(text: &[u8], around: Option<usize>) -> Option<Line<'_>> {
    let slashes = text.iter().take_while(|&&b| b == b'\\').count();
    if text.get(slashes) == Some(&b'"') {
        return if around.is_none_or(|around| slashes > around) { member_line(text, slashes) } else { None };
    }
    let is_brackets = text.iter().all(|b| b"{}[], ".contains(b)) && text.iter().any(|b| b"{}[]".contains(b));
    is_brackets.then(|| Line { start: 0, name: b"", opens: is_opening(text) })
}

impl Line<'_> {
    fn behind(self, offset: usize) -> Self {
        Self { start: self.start + offset, ..self }
    }
}

/// A text behind its blanks, and tabs in escapes.
fn without_indentation(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_start();
        match text.strip_prefix(b"\\t").or_else(|| text.strip_prefix(b"\\\\t")) {
            Some(rest) => text = rest,
            None => return text,
        }
    }
}

fn is_opening(text: &[u8]) -> bool {
    matches!(text.trim_ascii_end().last(), Some(b'{' | b'['))
}

/// A member, or a string of an array, whose quotes have so many backslashes, and that is all there is of `text`.
fn member_line(text: &[u8], slashes: usize) -> Option<Line<'_>> {
    let start = slashes + 1;
    let end = string_end(text, start, slashes)?;
    let rest = text.get(end + slashes + 1..)?.trim_ascii_start();
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
    fn what_ends_in_a_full_line_may_do_so() {
        let chars = "aB3dEfGh".repeat(10);
        for len in 0..chars.len() {
            for before in ["", " ", "token: ", "a sentence of more than sixty characters, and what it says is a value: "] {
                for behind in ["", "<", " ", "."] {
                    let text = format!("{before}{}{behind}", &chars[..len]);
                    let text = text.as_bytes();
                    assert_eq!(ends_full(text), ends_wide(text) || ends_narrow(text), "{}", String::from_utf8_lossy(text));
                }
            }
        }
    }

    #[test]
    fn records_that_say_a_line_of_an_object() {
        for (record, start, name, opens) in [
            ("2026-11-28T10:00:00.1Z stdout F   \"d\": \"AAAA\",", 34, "d", false),
            ("2026-11-28T10:00:00.1Z stdout F   },", 34, "", false),
            ("web-1  | \"keys\": [", 9, "keys", true),
            (r#"{"log":"  \"d\": \"AAAA\",\n","stream":"stdout","time":"t"}"#, 10, "d", false),
            (r#"{"log":"{\n","stream":"stdout","time":"t"}"#, 8, "", true),
            (r#"{"ts":1,"msg":"\t],"}"#, 17, "", false),
            (r#"{"ts":1,"msg":"\t\t\"e\": 1"}"#, 19, "e", false),
            (r#"level=debug msg="  \"WyJhIl0\"" n=1"#, 19, "", false),
            (r#"{"log":"{\"msg\":\"  \\\"d\\\": \\\"A\\\",\"}\n","stream":"stdout","time":"t"}"#, 21, "d", false),
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
            // A quote that is escaped more often than the one that ends the string around it.
            r#"msg="{\"ca\":\"-----END CERTIFICATE-----\\n\"}""#,
            r#"-----\\n\""#,
            r#"INFO user "jo" logged in"#,
            r#"{"log":"{\"level\":\"info\",\"a\":\"\"}\n","stream":"stdout","time":"t"}"#,
        ] {
            assert!(json_line(record.as_bytes()).is_none(), "{record}");
        }
    }
}
