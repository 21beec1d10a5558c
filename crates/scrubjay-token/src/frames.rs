//! Values that a carrier divided: over several records that begin with the same header (a dump written to a logger line by
//! line, a syslog message cut at its size), or over several numbered cookies.

use std::ops::Range;

use crate::partials::part;
use crate::view::View;
use crate::wrap::is_piece;

/// Shortest header that tells records from wrapped text.
const HEADER_BYTES_MIN: usize = 8;
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

/// Length of the header that two lines have in common, digits aside: up to a blank. 0: none.
pub(crate) fn header(a: &[u8], b: &[u8]) -> usize {
    let same = a.iter().zip(b).take(HEADER_BYTES_MAX).take_while(|(a, b)| a == b || a.is_ascii_digit() && b.is_ascii_digit()).count();
    let len = b[..same].iter().rposition(|&c| c == b' ' || c == b'\t').map_or(0, |i| i + 1);
    if len < HEADER_BYTES_MIN || b[..len].iter().all(u8::is_ascii_whitespace) { 0 } else { len }
}

fn is_wide_piece(text: &[u8]) -> bool {
    text.len() >= WIDTH_CHARS_MIN && text.iter().all(|&b| is_piece(b))
}

/// The text without the headers of the records that continue another one. `None`: no record does.
pub(crate) fn unframed(text: &[u8]) -> Option<View> {
    let mut lines = Vec::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text).chain([text.len()]) {
        lines.push(start..end - usize::from(text[start..end].ends_with(b"\r")));
        start = end + 1;
    }
    let line = |i: usize| &text[lines[i].clone()];
    let mut view = View::default();
    let mut continued = false;
    let mut i = 0;
    while i < lines.len() {
        let mut end = i + 1;
        let mut proven = false;
        while end < lines.len() {
            let len = header(line(end - 1), line(end));
            // Container runtimes say themselves what goes on.
            if len == 0 || part(line(end)).is_some() {
                break;
            }
            let (before, this) = (line(end - 1).get(len..).unwrap_or_default(), &line(end)[len..]);
            proven |= is_cut_size(line(end - 1)) || is_wide_piece(before) && is_wide_piece(this) && before.len() == this.len();
            end += 1;
        }
        let group = i..end;
        for k in group.clone() {
            let cut = k > i && is_cut_size(line(k - 1));
            let pair = if k > i { k - 1..=k } else { k..=(k + 1).min(end - 1) };
            let skip = if proven { header(line(*pair.start()), line(*pair.end())).min(lines[k].len()) } else { 0 };
            if k > 0 && !cut {
                view.push(b'\n', lines[k].start - 1, lines[k].start);
            }
            view.copy(text, lines[k].start + skip..lines[k].end);
        }
        continued |= proven;
        i = end;
    }
    continued.then_some(view)
}

/// Shortest value of a numbered cookie.
const CHUNK_CHARS_MIN: usize = 16;
/// Longest name of a cookie.
const NAME_BYTES_MAX: usize = 80;
/// Most names that are followed at the same time.
const CHAINS_MAX: usize = 8;

/// A numbered value: `name.0=VALUE`, `"name_1": "VALUE"`.
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
    let gap = text[at + digits..].iter().take(8).take_while(|b| b"=:\"'\\ >".contains(b)).count();
    let between = &text[at + digits..at + digits + gap];
    if !(1..=2).contains(&digits) || !between.contains(&b'=') && !between.contains(&b':') {
        return None;
    }
    let name_len = text[..at].iter().rev().take(NAME_BYTES_MAX).take_while(|&&b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)).count();
    if name_len < 2 || text[at - 1].is_ascii_digit() {
        return None;
    }
    let number = text[at..at + digits].iter().fold(0, |n, &b| n * 10 + u32::from(b - b'0'));
    let start = at + digits + gap;
    let len = text[start..].iter().take_while(|&&b| is_piece(b)).count();
    (len >= CHUNK_CHARS_MIN).then_some(Chunk { name: &text[at - name_len..at], number, value: start..start + len })
}

/// The values of cookies that were divided because they were too long, joined. `None`: there are none.
pub(crate) fn chunks(text: &[u8]) -> Option<View> {
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
    let Some(at) = head.windows(11).position(|w| w.eq_ignore_ascii_case(b"set-cookie:")) else { return false };
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
        assert_eq!(unframed(text.as_bytes()).unwrap().text, format!("-----BEGIN\n{a}\n{a}\nBBB\nplain\n").as_bytes());
        assert!(unframed(format!("{h}{a}\n{h}started\n{h}done\n").as_bytes()).is_none());
        let h = "<14>Nov 23 12:00:00 host app[17]: ";
        let cut = format!("{h}{}", "B".repeat(1024 - h.len()));
        let view = unframed(format!("{cut}\n{h}CC d\n").as_bytes()).unwrap();
        assert_eq!(view.text, format!("{}CC d\n", &cut[h.len()..]).as_bytes());
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
