//! Values that a carrier divided: over several records that begin with the same header (a dump written to a logger line by
//! line, a syslog message cut at its size), or over several numbered cookies.

use std::ops::Range;

use crate::lines::lines;
use crate::lists::is_dump_line;
use crate::literals::joins_literal;
use crate::narrow;
use crate::partials::part;
use crate::token::Whole;
use crate::view::{View, hidden_len};
use crate::wrap::{Alphabet, is_piece, is_value_end, mark_end, may_be_value};

/// Shortest header that tells records from wrapped text.
const HEADER_BYTES_MIN: usize = 8;
/// Shortest gutter: a number and what parts it from the text.
const GUTTER_BYTES_MIN: usize = 3;
/// Shortest end of a value behind lines of one width.
const PROVEN_CHARS_MIN: usize = 16;
/// Most digits of a line's number.
const NUMBER_DIGITS_MAX: usize = 9;
/// Most digits of a number in a list of bytes, or in a time.
const LISTED_DIGITS_MAX: usize = 3;
/// Longest header.
const HEADER_BYTES_MAX: usize = 200;
/// Shortest width of lines that prove each other by it (DESIGN §4).
const WIDTH_CHARS_MIN: usize = 60;
/// Sizes at which syslog senders and receivers cut a message, in bytes: RFC 3164 §4.1 (1024), RFC 5424 §6.1 (480, 2048),
/// and the buffers of common daemons; with or without a terminator.
const CUT_BYTES: [usize; 14] = [480, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 8193, 16384];

/// True for a line of exactly a size at which records are cut, its line end not counted.
#[must_use]
pub fn is_cut_size(line: &[u8]) -> bool {
    CUT_BYTES.contains(&line.len())
}

/// Length of the header that `b` has in common with `a`, digits aside: up to a blank. 0: none.
pub(crate) fn header(a: &[u8], b: &[u8]) -> usize {
    headers(a, b).map_or(0, |heads| heads.own)
}

/// Lengths of the header that two lines have in common, as [`header`], in the first one and in the second one.
pub(crate) fn heads(a: &[u8], b: &[u8]) -> Option<(usize, usize)> {
    headers(a, b).map(|heads| (heads.above, heads.own))
}

/// True for a line whose header has a number in it that is the next one behind that of the line before it.
pub(crate) fn is_numbered(before: &[u8], line: &[u8]) -> bool {
    headers(before, line).is_some_and(|heads| heads.counts)
}

/// A header that two lines have in common.
struct Heads {
    /// Its length in the first one.
    above: usize,
    /// Its length in the second one.
    own: usize,
    /// A number of it counts the lines.
    counts: bool,
}

/// The header that two lines have in common, up to a blank or to a number that counts them: other numbers may be others, and
/// longer or shorter ones.
fn headers(a: &[u8], b: &[u8]) -> Option<Heads> {
    let count = |text: &[u8], is: fn(&u8) -> bool| text.iter().take(HEADER_BYTES_MAX).take_while(|b| is(b)).count();
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t');
    let (mut i, mut j, mut len) = (0, 0, (0, 0));
    let mut counts = false;
    while let (Some(x), Some(y)) = (a.get(i), b.get(j))
        && j < HEADER_BYTES_MAX
    {
        if (i == 0 || is_blank(&a[i - 1]) || b":-".contains(x))
            && let Some((m, n)) = counted(&a[i..], &b[j..])
        {
            (i, j, counts) = (i + m, j + n, true);
            len = (i, j);
            continue;
        }
        if x == y && !x.is_ascii_digit() {
            (i, j) = (i + 1, j + 1);
            if is_blank(x) {
                len = (i, j);
            }
            continue;
        }
        // Numbers of another length are set flush with blanks.
        let (p, q) = (i + count(&a[i..], is_blank), j + count(&b[j..], is_blank));
        let (m, n) = (count(&a[p..], u8::is_ascii_digit), count(&b[q..], u8::is_ascii_digit));
        if m == 0 || n == 0 {
            break;
        }
        (i, j) = (p + m, q + n);
    }
    let head = &b[..len.1];
    let numbers = head.iter().any(u8::is_ascii_digit) && head.iter().any(|b| b"|:".contains(b));
    let least = if numbers { GUTTER_BYTES_MIN } else { HEADER_BYTES_MIN };
    let is_header = (counts || len.1 >= least) && len.0 > 0 && !head.iter().all(u8::is_ascii_whitespace);
    is_header.then_some(Heads { above: len.0, own: len.1, counts })
}

/// Lengths of the numbers with which two lines begin, and of what parts them from what stands behind them, where the second is
/// the next one: `cat -n`, `nl`, `grep -n`. Where a line matches grep writes `FILE:12:` or `12:`, and around it `FILE-13-` or `13-`.
fn counted(a: &[u8], b: &[u8]) -> Option<(usize, usize)> {
    let number = |text: &[u8]| {
        let sign = text.first().copied().filter(|b| b":-".contains(b));
        let before = sign.map_or_else(|| text.iter().take_while(|b| matches!(b, b' ' | b'\t')).count(), |_| 1);
        let digits = text[before..].iter().take(NUMBER_DIGITS_MAX + 1).take_while(|b| b.is_ascii_digit()).count();
        let behind = *text.get(before + digits)?;
        let parts = sign.map_or_else(|| b":-\t ".contains(&behind), |sign| sign == behind);
        let number = text[before..before + digits].iter().fold(0, |n: u64, b| n * 10 + u64::from(b - b'0'));
        // A number of several is one of a list, or of a time.
        let rest = &text[before + digits + 1..];
        let others = rest.iter().take(LISTED_DIGITS_MAX + 1).take_while(|b| b.is_ascii_hexdigit()).count();
        let parts_more = || rest.get(others).map_or(sign.is_some(), |&b| b == behind);
        let is_listed = (1..=LISTED_DIGITS_MAX).contains(&others) && parts_more();
        let is_number = (1..=NUMBER_DIGITS_MAX).contains(&digits) && parts && !is_listed;
        is_number.then_some((number, behind, before + digits + 1))
    };
    let ((m, sign, i), (n, other, j)) = (number(a)?, number(b)?);
    (n == m + 1 && (sign == other || b":-".contains(&sign) && b":-".contains(&other))).then_some((i, j))
}

/// A record of a group that begins with one header.
struct Record {
    line: Range<usize>,
    /// Length of the header that it has in common with the record before (the first one: with the next).
    head: usize,
    /// Length of that header in the record before.
    above: usize,
}

/// How a record continues the one before it.
#[derive(Clone, Copy, PartialEq)]
enum Link {
    None,
    /// Only a token that comes out whole proves it.
    Perhaps,
    /// One width proves it.
    Sure,
    /// The record before was cut at its size: there is no line end between them.
    Cut,
}

/// The text without the headers of the records that continue another one. `None`: no record does.
///
/// `whole`: tokens that are whole by themselves.
pub(crate) fn unframed(text: &[u8], whole: &Whole) -> Option<View> {
    let lines: Vec<Range<usize>> = lines(text).collect();
    let mut view = View::default();
    let mut continued = false;
    let mut rest = lines.as_slice();
    while !rest.is_empty() {
        let group = group(text, rest);
        rest = &rest[group.len()..];
        let links = links(text, &group, whole);
        let proven = links.iter().any(|l| matches!(l, Link::Sure | Link::Cut));
        continued |= links.iter().any(|&l| l != Link::None);
        for (k, record) in group.iter().enumerate() {
            let begins = links[k] == Link::None && links.get(k + 1).is_some_and(|&l| l != Link::None);
            let head = match group.get(k + 1) {
                Some(next) if begins => next.above,
                _ if proven || links[k] != Link::None => record.head,
                _ => 0,
            };
            let start = record.line.start + head;
            if record.line.start > 0 && links[k] != Link::Cut {
                view.push(b'\n', record.line.start - 1, record.line.start);
            }
            if links[k] == Link::None {
                view.copy(text, start..record.line.end);
            } else {
                let own = text[start..record.line.end].iter().take_while(|&&b| is_piece(b)).count();
                view.join(text, start..record.line.end, own, links[k] != Link::Perhaps);
            }
        }
    }
    continued.then_some(view)
}

/// The records at the beginning of `lines` that have a header in common; at least one line.
fn group(text: &[u8], lines: &[Range<usize>]) -> Vec<Record> {
    let mut group = vec![Record { line: lines[0].clone(), head: 0, above: 0 }];
    for line in &lines[1..] {
        let last = group.len() - 1;
        // Container runtimes say themselves what goes on.
        let this = &text[line.clone()];
        let heads = headers(&text[group[last].line.clone()], this).filter(|_| part(this).is_none() && !is_dump_line(this));
        let Some(Heads { above, own, .. }) = heads else { break };
        if last == 0 {
            group[0].head = above;
        }
        group.push(Record { line: line.clone(), head: own, above });
    }
    group
}

/// How each record of a group continues the one before it.
fn links(text: &[u8], group: &[Record], whole: &Whole) -> Vec<Link> {
    let content = |k: usize, head: usize| &text[group[k].line.start + head..group[k].line.end];
    let mut links = vec![Link::None; group.len()];
    let mut width = 0;
    for k in 1..group.len() {
        // What a value goes on in has the header that it began with; a whole token does not go on.
        let is_whole = whole.has_end(group[k - 1].line.end) || whole.has_start(group[k].line.start + group[k].head);
        if is_whole || links[k - 1] != Link::None && group[k].above != group[k - 1].head {
            continue;
        }
        let (before, this) = (content(k - 1, group[k].above), content(k, group[k].head));
        if is_cut_size(&text[group[k - 1].line.clone()]) {
            links[k] = Link::Cut;
            continue;
        }
        if let Some(sure) = joins_literal(before, this) {
            links[k] = if sure { Link::Sure } else { Link::Perhaps };
            continue;
        }
        let tail = before.iter().rev().take_while(|&&b| Alphabet::Json.has(b)).count();
        let len = this.iter().take_while(|&&b| Alphabet::Json.has(b)).count();
        let all = len == this.len();
        // Two full lines prove a smaller width, and what follows them ends the value.
        let is_narrow = narrow::are_full(before, this) || links[k - 1] == Link::Sure && before.len() == width;
        let least = if is_narrow { narrow::WIDTHS.start } else { WIDTH_CHARS_MIN };
        if len == 0 || tail < least && before.len() < least || len > tail && !may_be_value(before, len) {
            continue;
        }
        let end = is_value_end(&before[before.len() - tail..], &this[..len]);
        let next = || {
            let next = content(k + 1, group[k + 1].head);
            next.len() == len && next.iter().all(|&b| Alphabet::Json.has(b))
        };
        let full = all && len >= least;
        let proven = || len == tail || may_be_value(before, len) || k + 1 < group.len() && next();
        links[k] = if full && proven() {
            width = len;
            Link::Sure
        } else if links[k - 1] == Link::Sure && before.len() == width && len <= width && (end || len >= PROVEN_CHARS_MIN) {
            Link::Sure
        } else if all || end || matches!(this[len], b'<' | b')' | b'`') || links[k - 1] == Link::Sure && before.len() == width {
            Link::Perhaps
        } else {
            Link::None
        };
    }
    links
}

/// The pieces without what a logger, a container runtime, a quotation or a dump put in front of the lines.
pub(crate) fn without_frames(text: &[u8], pieces: Vec<Range<usize>>) -> Vec<Range<usize>> {
    if pieces.len() < 2 {
        return pieces;
    }
    let line_of = |at: usize| {
        let start = text[..at].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let end = text[at..].iter().position(|&b| b == b'\n').map_or(text.len(), |i| at + i);
        start..end
    };
    let mut before = line_of(pieces[0].start);
    // Base64 has both signs of a difference between two files: all lines have to have it.
    let sign = text[before.clone()].first().copied().filter(|b| matches!(b, b'+' | b'-'));
    let mut out = Vec::with_capacity(pieces.len());
    for (i, mut piece) in pieces.into_iter().enumerate() {
        let line = if i == 0 { before.clone() } else { line_of(piece.start) };
        let bytes = text[line.clone()].strip_suffix(b"\r").unwrap_or(&text[line.clone()]);
        if let Some(part) = part(bytes) {
            piece = piece.start.max(line.start + part.text.start)..piece.end.min(line.start + part.text.end);
        } else if is_dump_line(bytes) {
            continue;
        } else if i > 0 {
            let signed = usize::from(sign.is_some() && bytes.first().copied() == sign);
            let sign_end = line.start + signed + hidden_len(bytes, signed);
            let mark = mark_end(text, &(sign_end..line.end));
            piece.start = piece.start.max(line.start + header(&text[before.clone()], bytes)).max(mark);
        }
        if piece.start < piece.end {
            out.push(piece);
        }
        before = line;
    }
    out
}

/// Shortest value of a numbered cookie.
const CHUNK_CHARS_MIN: usize = 16;
/// Longest name of a cookie.
const NAME_BYTES_MAX: usize = 80;
/// Most names that are followed at the same time.
const CHAINS_MAX: usize = 8;

/// A numbered value: `name.0=VALUE`, `"name_1": "VALUE"`, `{"name":"name.1","value":"VALUE"}`.
struct Chunk<'a> {
    name: &'a [u8],
    number: u32,
    value: Range<usize>,
}

/// Chunks of one name, so far.
struct Chain<'a> {
    name: &'a [u8],
    next: u32,
    pieces: Vec<Range<usize>>,
}

/// The chunk whose number begins at `at`.
fn chunk(text: &[u8], at: usize) -> Option<Chunk<'_>> {
    let digits = text[at..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    // The kernel's audit log divides long arguments: `a1[0]=`.
    let digits_end = at + digits + usize::from(text[at - 1] == b'[' && text.get(at + digits) == Some(&b']'));
    let gap = text[digits_end..].iter().take(8).take_while(|b| b"=:\"'\\ >".contains(b)).count();
    let between = &text[digits_end..digits_end + gap];
    if gap == 0 || !(1..=2).contains(&digits) {
        return None;
    }
    let is_signed = between.contains(&b'=') || between.contains(&b':');
    let start = if is_signed { digits_end + gap } else { paired_value(text, digits_end)? };
    let name_len = text[..at].iter().rev().take(NAME_BYTES_MAX).take_while(|&&b| b.is_ascii_alphanumeric() || b"_-.[".contains(&b)).count();
    if name_len < 2 || text[at - 1].is_ascii_digit() {
        return None;
    }
    let number = text[at..at + digits].iter().fold(0, |n, &b| n * 10 + u32::from(b - b'0'));
    let len = text[start..].iter().take_while(|&&b| is_piece(b)).count();
    (len >= CHUNK_CHARS_MIN).then_some(Chunk { name: &text[at - name_len..at], number, value: start..start + len })
}

/// Where the value begins of the object whose `name` ends at `at` with its quote: `{"name":"s.0","value":"…"}`, as browsers list
/// cookies.
fn paired_value(text: &[u8], at: usize) -> Option<usize> {
    let object = &text[at..text.len().min(at + PAIR_BYTES_MAX)];
    let object = &object[..memchr::memchr2(b'{', b'}', object).unwrap_or(object.len())];
    let is_name = |i: usize| matches!(object[i - 1], b'v' | b'V') && matches!(object[i - 2], b'"' | b'\'');
    let name = memchr::memmem::find_iter(object, b"alue").find(|&i| i > 2 && is_name(i))? + 4;
    let is_quoted = matches!(object.iter().find(|&&b| b != b'\\'), Some(b'"' | b'\''));
    let gap = object[name..].iter().take(8).take_while(|b| b":\"'\\ ".contains(b)).count();
    (is_quoted && object[name..name + gap].contains(&b':')).then_some(at + name + gap)
}

/// Most bytes between the name of a divided value and the value.
const PAIR_BYTES_MAX: usize = 256;

/// The values of cookies that were divided because they were too long, joined. `None`: there are none.
pub(crate) fn chunks(text: &[u8]) -> Option<View> {
    // One of the first two numbers has to be there.
    let ends = memchr::memchr2_iter(b'0', b'1', text).filter(|at| text.get(at + 1).is_some_and(|b| b"=:\"'\\ >]".contains(b)));
    let mut firsts = ends.map(|at| at - usize::from(at > 0 && text[at - 1] == b'0'));
    if !firsts.any(|at| at > 0 && chunk(text, at).is_some_and(|c| c.number <= 1)) {
        return None;
    }
    let mut chains: Vec<Chain<'_>> = Vec::new();
    let mut done = Vec::new();
    let mut at = 1;
    while at < text.len() {
        let is_number = text[at].is_ascii_digit() && !text[at - 1].is_ascii_digit();
        let Some(c) = is_number.then(|| chunk(text, at)).flatten() else {
            at += 1;
            continue;
        };
        at = c.value.end;
        match chains.iter_mut().find(|chain| chain.name == c.name && chain.next == c.number) {
            Some(chain) => {
                chain.next += 1;
                chain.pieces.push(c.value);
            }
            None if c.number <= 1 => {
                if chains.len() == CHAINS_MAX {
                    done.push(chains.remove(0));
                }
                chains.push(Chain { name: c.name, next: c.number + 1, pieces: Vec::from_iter([c.value]) });
            }
            None => {}
        }
    }
    done.extend(chains);
    done.retain(|chain| chain.pieces.len() > 1);
    let mut view = View::with_gaps();
    for Chain { pieces, .. } in &done {
        let end = pieces.last().map_or(0, |p| p.end);
        pieces.iter().for_each(|p| view.copy(text, p.clone()));
        view.push(b'\n', end, end);
    }
    (!done.is_empty()).then_some(view)
}

/// True for a line that sets a numbered cookie: the next line may set the next one.
#[must_use]
pub fn sets_chunk(line: &[u8]) -> bool {
    let head = &line[..line.len().min(HEADER_BYTES_MAX)];
    let is_name =
        |colon: usize| colon >= 10 && head[colon - 1] | 0x20 == b'e' && head[colon - 10..colon].eq_ignore_ascii_case(b"set-cookie");
    let Some(at) = memchr::memchr_iter(b':', head).find(|&colon| is_name(colon)).map(|colon| colon - 10) else { return false };
    let Some(equals) = line[at..].iter().take(NAME_BYTES_MAX).position(|&b| b == b'=') else { return false };
    line[..at + equals].last().is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_one_value_and_records_of_several() {
        let a = "A".repeat(64);
        let h = "2026-11-23T12:00:00Z INFO [x] ";
        let text = format!("{h}-----BEGIN\n{h}{a}\n{h}{a}\n{h}BBB\nplain\n");
        assert_eq!(unframed(text.as_bytes(), &Whole::default()).unwrap().text, format!("-----BEGIN\n{a}\n{a}\nBBB\nplain\n").as_bytes());
        let view = unframed(format!("{h}{a}\n{h}started\n{h}done\n").as_bytes(), &Whole::default()).unwrap();
        assert!(!view.is_sure() && view.text.ends_with(format!("\n{h}done\n").as_bytes()));
        let count = |n: usize| format!("app part {n}/11: ");
        let text = format!("{}x={a}\n{}{a}\n{}B4c\" n=1", count(9), count(10), count(11));
        let view = unframed(text.as_bytes(), &Whole::default()).unwrap();
        assert!(view.is_sure());
        assert_eq!(view.text, format!("x={a}\n{a}\nB4c\" n=1").as_bytes());
        let h = "<14>Nov 23 12:00:00 host app[17]: ";
        let cut = format!("{h}{}", "B".repeat(1024 - h.len()));
        let view = unframed(format!("{cut}\n{h}CC d\n").as_bytes(), &Whole::default()).unwrap();
        assert_eq!(view.text, format!("{}CC d\n", &cut[h.len()..]).as_bytes());
    }

    #[test]
    fn headers_of_two_lines() {
        for (a, b, want) in [
            ("12:eyJh", "13:AAAA", Some((3, true))),
            ("9:eyJh", "10:AAAA", Some((3, true))),
            ("     9\teyJh", "    10\tAAAA", Some((7, true))),
            (" 9  eyJh", "10  AAAA", Some((4, true))),
            ("a.log:12:eyJh", "a.log:13:AAAA", Some((9, true))),
            ("a.log:12:eyJh", "a.log-13-AAAA", Some((9, true))),
            ("12-eyJh", "13:AAAA", Some((3, true))),
            ("web-1  | eyJh", "web-1  | AAAA", Some((9, false))),
            ("12:eyJh", "14:AAAA", None),
            ("12 eyJh", "12 AAAA", None),
            ("a.log:12:eyJh", "b.log:13:AAAA", None),
            ("12=eyJh", "13=AAAA", None),
            ("12\teyJh", "13:AAAA", None),
            ("69-4A-53", "70-50-65", None),
            ("12:00:00 eyJh", "13:00:01 AAAA", Some((9, false))),
        ] {
            let heads = headers(a.as_bytes(), b.as_bytes());
            assert_eq!(heads.map(|heads| (heads.own, heads.counts)), want, "{a} {b}");
        }
    }

    #[test]
    fn numbered_cookies_are_joined() {
        let (a, b) = ("A".repeat(40), "B".repeat(30));
        for text in [
            format!("Cookie: s.0={a}; s.1={b}; x=1"),
            format!("Set-Cookie: AuthC1={a}; Path=/\nSet-Cookie: AuthC2={b}"),
            format!("{{\"t_0\": \"{a}\", \"t_1\": \"{b}\"}}"),
        ] {
            let view = chunks(text.as_bytes()).unwrap();
            assert_eq!(view.text, format!("{a}{b}\n").as_bytes());
            assert_eq!(view.pieces(text.as_bytes(), &(0..70)).len(), 2);
        }
        assert!(chunks(format!("s.0={a}; t.1={b}; s.2={b}").as_bytes()).is_none());
        assert!(sets_chunk(b"< Set-Cookie: s.0=AAAA; Path=/") && !sets_chunk(b"Set-Cookie: s=AAAA; v1=7"));
    }
}
