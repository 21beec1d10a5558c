//! Private keys that lost their beginning: the lines above `END … PRIVATE KEY` that say base64 and nothing else, framed as it is.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::frame::{FRAME_BYTES_MAX, FULL_LINE_CHARS, Frame, LINES_MAX, PLAIN, Said, body_len, framed_as};
use super::{BODY_CHARS_MIN, END_LABEL, LINE_CHARS_MAX, PART_CHARS_MIN, is_body, is_word, key, label};
use crate::base64::has_both_cases;
use crate::compact::is_mixed;
use crate::narrow;
use crate::partials::part;
use crate::runs::long_runs;
use crate::token::{Cut, Found};
use crate::wrap::mark_end;

static END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(END_LABEL));

/// Most lines from the first of what is left of a key to its end, where their width is too small to tell by itself.
const REST_LINES_MAX: usize = 128;
/// How far before the end they may begin, in bytes.
const REST_BYTES_MAX: usize = 16 * 1024;
/// Longest line of what is left of a key, in characters.
const REST_CHARS_MAX: usize = 128;

/// Finds the keys whose end is there and whose beginning is not, where none of `found` covers them.
pub(super) fn headless(text: &[u8], found: &mut Vec<Found>) {
    let mut from = 0;
    while let Some(at) = END.find(&text[from..]).map(|i| from + i) {
        let floor = found.iter().map(|f| f.span().end).filter(|&end| end <= at).max().unwrap_or(0).max(from);
        from = at + END_LABEL.len();
        let Some(label_end) = label(text, from) else { continue };
        if found.iter().any(|f| f.span().contains(&at)) {
            continue;
        }
        let rests = frames(text, &(at..label_end)).map(|frame| rest(text, floor, at, frame));
        let Some(mut lines) = rests.into_iter().flatten().max_by_key(|lines| chars(lines)).filter(|lines| !lines.is_empty()) else {
            continue;
        };
        lines.reverse();
        lines.push(at..label_end);
        found.push(key(text, lines, Some(Cut::Header)));
    }
}

/// The frames in which lines above a key's end may stand: none, where nothing stands before it; and its own.
fn frames<'a>(text: &'a [u8], label: &Range<usize>) -> [Option<Frame<'a>>; 2] {
    let reach = label.start.saturating_sub(FRAME_BYTES_MAX);
    let start = memchr::memrchr(b'\n', &text[reach..label.start]).map(|i| reach + i + 1).or((reach == 0).then_some(0));
    let near = &text[label.end..text.len().min(label.end + FRAME_BYTES_MAX)];
    let end = memchr::memchr(b'\n', near).unwrap_or(near.len());
    let before = start.map(|start| &text[start..label.start]);
    let own = before.map(|before| Frame { before, behind: &near[..end] });
    let is_plain = |bytes: &[u8]| bytes.trim_ascii().is_empty();
    [before.filter(|before| is_plain(before)).map(|_| PLAIN), own.filter(|frame| !is_plain(frame.before) || !is_plain(frame.behind))]
}

fn chars(lines: &[Range<usize>]) -> usize {
    lines.iter().map(ExactSizeIterator::len).sum()
}

/// The lines of a key above its end at `at`, the last one first: all of one width but the last one, and the first one that is left,
/// which may have lost its beginning.
fn rest(text: &[u8], floor: usize, at: usize, frame: Option<Frame<'_>>) -> Option<Vec<Range<usize>>> {
    let frame = frame?;
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut end = memchr::memrchr(b'\n', &text[floor..at]).map(|i| floor + i)?;
    loop {
        let start = memchr::memrchr(b'\n', &text[floor..end]).map_or(floor, |i| floor + i + 1);
        // Above two lines and more of one width none is wider.
        let width = if lines.len() < 2 { usize::MAX } else { lines[1].len() };
        let core = match frame.said(text, start..end) {
            Some(Said::Body(core)) if core.len() <= width && is_padded(&text[core.clone()], lines.is_empty()) => core,
            _ => {
                lines.extend(opened(text, start..end, &lines));
                break;
            }
        };
        let is_cut = lines.last().is_some_and(|below| core.len() < below.len());
        if is_cut && is_word(&text[core.clone()]) {
            break;
        }
        lines.push(core);
        if is_cut || lines.len() == LINES_MAX || start == floor {
            break;
        }
        end = start - 1;
    }
    is_rest(text, &lines).then_some(lines)
}

/// Padding stands at the end of the last line only.
fn is_padded(line: &[u8], is_last: bool) -> bool {
    let padding = line.iter().rev().take_while(|&&b| b == b'=').count();
    (is_last && padding <= 2 || padding == 0) && line.len() > padding && !line[..line.len() - padding].contains(&b'=')
}

/// What stands at the end of the line above `lines`, which begins with something else: a member's name, say.
fn opened(text: &[u8], line: Range<usize>, lines: &[Range<usize>]) -> Option<Range<usize>> {
    let width = lines.last()?.len();
    let line = line.start..line.start + text[line].trim_ascii_end().len();
    let tail = text[line.clone()].iter().rev().take_while(|&&b| is_body(b)).count();
    let before = &text[line.start..line.end - tail];
    let cut_off = before.ends_with(b"..") || before.ends_with("…".as_bytes());
    let is_opened = cut_off || before.last().is_some_and(|b| b"\"'`=: ".contains(b));
    (is_opened && (PART_CHARS_MIN..=width.max(LINE_CHARS_MAX)).contains(&tail)).then_some(line.end - tail..line.end)
}

/// These lines, the last one first, are what is left of a key, and no words that somebody wrote above a key's end.
fn is_rest(text: &[u8], lines: &[Range<usize>]) -> bool {
    let says = |line: &Range<usize>| !is_word(&text[line.clone()]);
    match lines {
        [] => false,
        [last] => says(last),
        // A last line is short, and may look like a word: whole groups behind more of a key.
        [last, others @ ..] => others.iter().any(says) && (says(last) || last.len().is_multiple_of(4) || chars(lines) >= BODY_CHARS_MIN),
    }
}

/// True where `line`, which stands behind `before`, may be of what is left of a private key whose end stands in the lines `behind`
/// it, or may stand in those that are not there yet. Where a full line follows, that one tells.
#[must_use]
pub fn leads_to_key_end(before: Option<&[u8]>, line: &[u8], behind: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let own = said(line);
    // A last line may be short. Of most lines this is enough to know.
    let next = memchr::memchr(b'\n', behind).map(|end| &behind[..end]);
    if own.is_none() && next.is_some_and(|next| END.find(next).is_none()) {
        return false;
    }
    let above = || before.map(<[u8]>::trim_ascii_end).and_then(said);
    let first = match own {
        Some(own) if !is_word(own.chars) => own,
        own => {
            let above = above();
            let own = own.or_else(|| said_below(above.as_ref()?, line));
            let Some(own) = own.filter(|own| own.may_follow(above.as_ref())) else { return false };
            own
        }
    };
    let (mut at, mut full, mut is_closed) = (0, None::<Own<'_>>, false);
    for n in 0..REST_LINES_MAX {
        let Some(end) = behind.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)).map(|i| at + i) else { return true };
        let next = behind[at..end].trim_ascii_end();
        if END.find(next).is_some_and(|i| label(next, i + END_LABEL.len()).is_some()) {
            return true;
        }
        let Some(own) = said(next).or_else(|| said_below(full.as_ref().unwrap_or(&first), next)) else { return false };
        let len = own.chars.len();
        let Some(full) = &full else {
            if !own.may_follow(Some(&first)) {
                return false;
            }
            if FULL_LINE_CHARS.contains(&len) && first.is_cut_line_of(&own) {
                return true;
            }
            full = Some(own);
            at = end + 1;
            continue;
        };
        if full.chars.len() == len && narrow::WIDTHS.contains(&len) && first.is_cut_line_of(full) {
            return true;
        }
        // Two lines are enough by themselves. More of them say nothing else, or the first of them has a width to be cut from.
        let are_alone = first.is_alone && full.is_alone && own.is_alone;
        let is_cut = narrow::WIDTHS.contains(&full.chars.len()) && first.is_cut_line_of(full);
        let goes_on = !is_closed && (are_alone || is_cut) && full.is_long() && len <= full.chars.len();
        // Most lists have no end near by.
        if !goes_on || n == 1 && !may_end_near(behind) {
            return false;
        }
        is_closed = len < full.chars.len();
        at = end + 1;
    }
    false
}

/// A marker stands in the bytes in which a key may have its end, as far as they are there.
fn may_end_near(behind: &[u8]) -> bool {
    behind.get(..REST_BYTES_MAX).is_none_or(|near| END.find(near).is_some())
}

/// What a line may say of a key.
struct Own<'a> {
    head: &'a [u8],
    chars: &'a [u8],
    behind: &'a [u8],
    /// It says nothing else.
    is_alone: bool,
}

impl Own<'_> {
    /// It is no word, or stands below a line of a key: below one that is long enough, or in whole groups.
    fn may_follow(&self, above: Option<&Self>) -> bool {
        let is_whole = self.chars.len().is_multiple_of(4);
        let is_key = |above: &Self| above.is_long() || above.is_alone && is_whole && !is_word(above.chars);
        !is_word(self.chars) || above.is_some_and(is_key)
    }

    /// So many characters of base64 that they are no word: there are letters of both cases among them.
    fn is_long(&self) -> bool {
        self.chars.len() >= PART_CHARS_MIN && has_both_cases(self.chars) && !is_word(self.chars)
    }

    /// It may be what is left of a line like the next one, which is full.
    fn is_cut_line_of(&self, next: &Self) -> bool {
        let is_alike = || framed_as(self.head, next.head).is_some_and(|len| next.head[len..].trim_ascii().is_empty());
        self.chars.len() <= next.chars.len() && next.is_long() && is_alike()
    }
}

/// What `line` may say of a key in one word, below one that says more of it and is framed alike.
fn said_below<'a>(above: &Own<'_>, line: &'a [u8]) -> Option<Own<'a>> {
    let head = framed_as(above.head, line).filter(|_| above.is_long())?;
    let end = head + body_len(line, head);
    let is_alike = end > head && line.get(end) == above.behind.first();
    is_alike.then(|| Own { head: &line[..head], chars: &line[head..end], behind: &line[end..], is_alone: false })
}

/// What `line` may say of a key: all of it does, or all that a container's line says, or its last word; or a string in it.
fn said(line: &[u8]) -> Option<Own<'_>> {
    let text = match part(line) {
        Some(part) => part.text,
        None => mark_end(line, &(0..line.len()))..line.len(),
    };
    let end = text.start + line[text.clone()].trim_ascii_end().len();
    let padding = line[text.start..end].iter().rev().take(2).take_while(|&&b| b == b'=').count();
    let chars = line[text.start..end - padding].iter().rev().take(REST_CHARS_MAX).take_while(|&&b| is_body(b)).count();
    let own = |at: Range<usize>| Own {
        head: &line[..at.start],
        chars: &line[at.clone()],
        behind: &line[at.end..],
        is_alone: at.end == end && line[text.start..at.start].trim_ascii().is_empty(),
    };
    let last = Some(own(end - padding - chars..end))
        .filter(|own| chars > 0 && (own.is_alone || is_mixed(own.chars) || own.chars.ends_with(b"=") || own.is_long()));
    // In a string of a record, or a cell: all that this one says.
    let may_be_enclosed = || line[..end].last().is_some_and(|b| b"\"'}])>|,;+".contains(b)) || memchr::memchr(b'"', line).is_some();
    if last.is_some() || !may_be_enclosed() {
        return last;
    }
    let runs = long_runs(&line[..end], PART_CHARS_MIN, |b| is_body(b) || b == b'=');
    runs.filter(|run| is_enclosed(line, run)).map(own).find(Own::is_long)
}

/// Signs that part strings and cells stand on both sides, or a line end in escapes behind it.
fn is_enclosed(line: &[u8], run: &Range<usize>) -> bool {
    let behind = &line[run.end..];
    let behind = behind.strip_prefix(b"\\r").unwrap_or(behind);
    let behind = behind.strip_prefix(b"\\n").unwrap_or(behind);
    line[..run.start].last().is_some_and(|b| b"\"'>| \t".contains(b)) && behind.first().is_some_and(|b| b"\"'<| \t".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "MIGHAgEAMBMGByqGSM49";

    #[test]
    fn lines_above_the_end_of_a_key_and_others() {
        let full = &LINE.repeat(4)[..64];
        let json = |says: &str| format!(r#"{{"level":"info","ts":1.5,"msg":"{says}","caller":"main.go:1"}}"#);
        for (before, line, behind, want) in [
            ("", "Vrolyw==", "-----END EC PRIVATE KEY-----\n".to_owned(), true),
            ("", "arLha/3/bg", "Vrolyw==\n-----END EC PRIVATE KEY-----\n".into(), true),
            ("", "2026-11-29T09:00:00.1Z stdout F arLh/3bg", "2026-11-29T09:00:00.2Z stdout F -----END PRIVATE KEY-----\n".into(), true),
            ("", LINE, format!("{LINE}\n{LINE}\nVrolyw==\n-----END PRIVATE KEY-----\n"), true),
            (LINE, "abcd", "-----END PRIVATE KEY-----\n".into(), true),
            (&json(LINE), &json("+w=="), format!("{}\n", json("-----END PRIVATE KEY-----")), true),
            // A full line follows, which tells by itself.
            ("", &format!("INFO {LINE}"), format!("INFO {full}\n"), true),
            ("", &json(LINE), format!("{}\n", json(full)), true),
            // What follows is not there yet.
            ("", "Vrolyw==", String::new(), true),
            ("", "Vrolyw==", "-----END".into(), true),
            ("", &format!("INFO {LINE}"), String::new(), true),
            (LINE, LINE, LINE.into(), true),
            // Words, sentences, paths, digests; and what others follow.
            ("", "done", String::new(), false),
            ("", "NullPointerException", String::new(), false),
            ("", "/usr/local/bin/app", String::new(), false),
            ("", "INFO started with 17 of them", String::new(), false),
            ("", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", String::new(), false),
            ("", "lease_id=auth/kubernetes/login/h9f86d081884c7d659a2feaa0c55ad015", String::new(), false),
            ("", "Vrolyw==", "no key follows\n".into(), false),
            ("", "Vrolyw==", "-----END PUBLIC KEY-----\n".into(), false),
            ("", LINE, format!("{LINE}\n{LINE}{LINE}\n"), false),
            ("", &format!("INFO {LINE}"), format!("INFO {LINE}\nINFO {LINE}\n"), false),
            ("", &json(LINE), format!("{}\n{}\n", json(LINE), json(LINE)), false),
            ("", &json(&format!("{LINE}\\n{LINE}")), String::new(), false),
        ] {
            let before = Some(before.as_bytes()).filter(|before| !before.is_empty());
            assert_eq!(leads_to_key_end(before, line.as_bytes(), behind.as_bytes()), want, "{before:?} {line} {behind}");
        }
        // Whatever follows: so many lines are no key's.
        assert!(!leads_to_key_end(None, LINE.as_bytes(), format!("{LINE}\n").repeat(REST_LINES_MAX).as_bytes()));
    }

    #[test]
    fn what_is_left_of_keys() {
        for (text, pieces) in [
            (format!("{LINE}\n{LINE}\nVrolyw==\n-----END PRIVATE KEY-----"), 4),
            (format!("> {LINE}\n> {LINE}\n> Vrolyw==\n> -----END PRIVATE KEY-----"), 4),
            (format!("started\n+/bg\n{LINE}\n{LINE}\nabcd\n-----END PRIVATE KEY-----"), 5),
            ("arLha/3/bg\nVrolyw==\n-----END EC PRIVATE KEY-----".into(), 3),
            ("INFO arLha/3/bg\nINFO Vrolyw==\nINFO -----END EC PRIVATE KEY-----".into(), 3),
            ("done\nVrolyw==\n-----END EC PRIVATE KEY-----".into(), 2),
            // Words; another frame; no key's.
            ("started\ndone\n-----END EC PRIVATE KEY-----".into(), 0),
            ("/usr/local/share/applications/desktop/app\n-----END EC PRIVATE KEY-----".into(), 0),
            ("REDACTED\n-----END EC PRIVATE KEY-----".into(), 0),
            (format!("WARN {LINE}\nINFO -----END EC PRIVATE KEY-----"), 0),
            (format!("{LINE}\n{LINE}\n-----END PUBLIC KEY-----"), 0),
        ] {
            let mut found = Vec::new();
            headless(text.as_bytes(), &mut found);
            assert_eq!(found.first().map_or(0, |found| found.pieces.len()), pieces, "{text}");
        }
    }
}
