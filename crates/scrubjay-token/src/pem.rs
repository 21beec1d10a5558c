//! PEM private keys (RFC 7468): the base64 between `BEGIN … PRIVATE KEY` and its end, or as far as it goes.

mod der;
mod frame;
mod headless;
mod open;

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::base64::has_both_cases;
use crate::fold::{HEADER_BYTES, begins_as};
use crate::runs::long_runs;
use crate::token::{Cut, Found, Kind, Token};

pub(crate) use der::begins_key;
pub(crate) use frame::framed_as;
pub use frame::{continues_key, holds_key_line};
pub use headless::leads_to_key_end;
pub use open::{KEY_LABEL_BYTES_MAX, KEY_LINES_MAX, KeyMark, OpenKey, key_labels, key_marks, no_key_is_open};

const DASHES: &[u8] = b"-----";
/// What begins the label of a key.
const BEGIN_LABEL: &[u8] = b"-----BEGIN";
/// What begins the marker at a key's end.
const END_LABEL: &[u8] = b"-----END";
/// Shortest body, in characters of base64, that is a key and not a text about one.
const BODY_CHARS_MIN: usize = 32;

static BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(BEGIN_LABEL));

/// Finds private keys, whole or cut.
pub(crate) fn pem_keys(text: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = BEGIN.find(&text[from..]).map(|i| from + i) {
        from = at + 10;
        let Some(label_end) = label(text, from).filter(|&end| !is_field(text, &(at..end))) else { continue };
        let body = body_of(text, &(at..label_end));
        from = body.end.max(from);
        if is_body_of_key(text, body.chars, &body.lines) {
            found.push(key(text, std::iter::once(at..label_end).chain(body.lines), body.cut));
        }
    }
    headless::headless(text, &mut found);
    der::unlabelled(text, &mut found);
    found
}

/// Lines behind a label are a key's: there are enough of them, or the first one begins as a key does, or stands behind its headers.
fn is_body_of_key(text: &[u8], chars: usize, lines: &[Range<usize>]) -> bool {
    let is_below_headers = |line: &Range<usize>| {
        let before = &text[line.start.saturating_sub(HEADER_REACH)..line.start];
        line.len() >= PART_CHARS_MIN && memchr::memmem::find(before, b"DEK-Info:").is_some()
    };
    chars >= BODY_CHARS_MIN || lines.first().is_some_and(|line| der::begins_any_key(&text[line.clone()]) || is_below_headers(line))
}

/// How far before the first line of a body its header is looked for, in bytes: both may stand in long records.
const HEADER_REACH: usize = 4096;

/// A key of a view without the backslash before its first dash, where the other dashes have none: it is a path's.
pub(crate) fn without_backslash(text: &[u8], mut found: Found) -> Found {
    if let Some(first) = found.pieces.first_mut().filter(|first| text[first.start..].starts_with(b"\\-----BEGIN")) {
        first.start += usize::from(found.token.kind == Kind::Pem);
    }
    found
}

/// Longest label, in bytes.
const LABEL_BYTES_MAX: usize = 64;

/// Where the label of a private key that begins at `from` ends, with its dashes. A form body has `+` for its blanks.
fn label(text: &[u8], from: usize) -> Option<usize> {
    let near = &text[..text.len().min(from + LABEL_BYTES_MAX + DASHES.len())];
    let end = position(near, from, DASHES)?;
    let label = text.get(from..end)?;
    let is_key = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE+KEY");
    (is_key && matches!(label.first(), Some(b' ' | b'+')) && !label.contains(&b'\n')).then_some(end + DASHES.len())
}

/// A label by itself in quotes, with words or short fields behind it: `key="-----BEGIN PRIVATE KEY-----" n=58`. Where the next record
/// begins alike, or ends in what a body is made of, its lines may be the key's.
fn is_field(text: &[u8], label: &Range<usize>) -> bool {
    let quote = text[..label.start].last().filter(|quote| matches!(quote, b'"' | b'\''));
    let Some(rest) = text.get(label.end + 1..).filter(|_| quote.is_some() && text.get(label.end) == quote) else { return false };
    let (rest, next) = memchr::memchr(b'\n', rest).map_or((rest, &[][..]), |end| (&rest[..end], &rest[end + 1..]));
    let has_words = matches!(rest, [b' ', first, ..] if first.is_ascii_alphabetic());
    let line = memchr::memrchr(b'\n', &text[..label.start]).map_or(0, |end| end + 1);
    let head = &text[line..label.start.min(line + HEADER_BYTES)];
    let goes_on = || begins_as(next, head) || ends_in_body(next);
    has_words && long_runs(rest, PART_CHARS_MIN, is_body).next().is_none() && !goes_on()
}

/// The first line of a text ends in base64 that is no part of a token, perhaps before what closes it.
fn ends_in_body(text: &[u8]) -> bool {
    let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    let end = line.iter().rposition(|b| !b" \t\r\"'`,;=".contains(b)).map_or(0, |last| last + 1);
    let len = line[..end].iter().rev().take_while(|&&b| is_body(b)).count();
    len >= PART_CHARS_MIN && !matches!(line[..end - len].last(), Some(b'.' | b'-' | b'_' | b'~'))
}

/// True for the marker at a key's end.
fn is_end(text: &[u8]) -> bool {
    matches!(text.strip_prefix(b"-----END"), Some([b' ' | b'+', ..]))
}

/// Where the marker at a key's end ends, which begins at `at`.
fn label_end(text: &[u8], at: usize) -> Option<usize> {
    let near = &text[..text.len().min(at + 80 + DASHES.len())];
    position(near, at + 9, DASHES).filter(|&end| !text[at..end].contains(&b'\n')).map(|end| end + DASHES.len())
}

/// The body behind a label: lines of nothing but base64, or lines that stand apart in the same way.
fn body_of(text: &[u8], label: &Range<usize>) -> Body {
    let plain = without_signs(text, label, body(text, label.end));
    if plain.cut.is_none() && plain.chars >= BODY_CHARS_MIN {
        return plain;
    }
    let better = |a: Body, b: Body| if (b.cut.is_none(), b.chars) > (a.cut.is_none(), a.chars) { b } else { a };
    let plain = Body { cut: plain.cut.or((plain.chars < BODY_CHARS_MIN).then_some(Cut::Payload)), ..plain };
    [frame::framed(text, label), frame::separated(text, label)].into_iter().flatten().fold(plain, better)
}

/// The body without the sign of a difference before its lines, or that of a table's column behind them, which the label's line
/// has too: both are of the alphabet.
fn without_signs(text: &[u8], label: &Range<usize>, mut body: Body) -> Body {
    let begins = |at: usize| text[at..].starts_with(b"+") && matches!(text[..at].last(), None | Some(b'\n'));
    let ends = |at: usize| text[..at].ends_with(b"+") && matches!(text.get(at), None | Some(b'\r' | b'\n'));
    let (before, behind) = (label.start > 0 && begins(label.start - 1), label.end < text.len() && ends(label.end + 1));
    for line in &mut body.lines {
        line.start += usize::from(before && begins(line.start));
        line.end -= usize::from(behind && line.start < line.end && ends(line.end));
    }
    body.lines.retain(|line| !line.is_empty());
    body
}

/// A key of these pieces; what lies between two of them stays only if it holds a line end.
fn key(text: &[u8], lines: impl IntoIterator<Item = Range<usize>>, cut: Option<Cut>) -> Found {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    for line in lines {
        match pieces.last_mut() {
            Some(last) if !text[last.end..line.start].contains(&b'\n') => last.end = line.end,
            _ => pieces.push(line),
        }
    }
    Found { pieces, token: Token { cut, ..Token::bare(Kind::Pem) }, quote: None, wide: None, from: None }
}

/// The standard alphabet: PEM has no other (RFC 7468 §3).
fn is_body(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')
}

fn position(text: &[u8], from: usize, word: &[u8]) -> Option<usize> {
    memchr::memmem::find(text.get(from..)?, word).map(|i| from + i)
}

/// Shortest run that is taken from a line which goes on with something else.
const PART_CHARS_MIN: usize = 16;

/// The body of a key.
struct Body {
    /// Its lines, and the marker at its end.
    lines: Vec<Range<usize>>,
    end: usize,
    chars: usize,
    cut: Option<Cut>,
}

/// A body is lines of nothing but base64, the last one shorter, perhaps with header lines before them (RFC 1421 §4.6);
/// what follows a key that was cut is left alone.
fn body(text: &[u8], start: usize) -> Body {
    let (mut at, mut width) = (start, 0);
    let mut body = Body { lines: Vec::new(), end: start, chars: 0, cut: Some(Cut::Payload) };
    let ends = reaches_end(text, start);
    let (mut most, mut doubled, mut has_headers) = (usize::MAX, false, false);
    loop {
        let between = gap(text, at);
        let is_blank = has_blank_line(&text[at..at + between]);
        at += between;
        // An environment variable has blanks where the line ends were.
        if text.get(at) == Some(&b' ') && (body.lines.is_empty() || width >= BLANK_LINE_CHARS_MIN || is_end(&text[at + 1..])) {
            at += 1;
        }
        let rest = &text[at..];
        if is_end(rest) {
            if let Some(close) = label_end(text, at) {
                body.cut = None;
                body.end = close;
                body.lines.push(at..close);
            }
            return body;
        }
        if rest.starts_with(b"Proc-Type:") || rest.starts_with(b"DEK-Info:") {
            has_headers = true;
            at += (0..rest.len()).position(|i| line_end(&rest[i..]) > 0).unwrap_or(rest.len());
            continue;
        }
        let len = rest.iter().take_while(|&&b| is_body(b) || b == b'=').count();
        let whole = rest.len() == len || gap(text, at + len) > 0 || is_end(&rest[len..]) || is_blank_end(&rest[len..], len);
        // A line shorter than the one before it is the last one. The first one may have lost its beginning.
        let fits = width == 0 || len <= width || ends || body.lines.len() == 1 && whole && len <= LINE_CHARS_MAX;
        if len == 0 || !fits || !whole && len < PART_CHARS_MIN {
            return body;
        }
        // Without the key's end a digest is somebody else's, and so is what stands behind an empty line, or behind all that the key
        // says it has; and a word, where no full line goes on.
        let line = &rest[..len];
        let is_of_words = |line: &[u8], width: usize| match width {
            0 => len >= PART_CHARS_MIN && is_word(line),
            _ => len != width && !is_rest(line),
        };
        let is_others = || is_digest(line) || is_blank && width != 0 && !doubled || body.chars >= most;
        if !ends && !is_end(text[at + len + gap(text, at + len)..].trim_ascii_start()) && (is_others() || is_of_words(line, width)) {
            return body;
        }
        if width == 0 {
            (doubled, most) = (is_blank && !has_headers, der::key_chars(line).unwrap_or(most));
        }
        body.lines.push(at..at + len);
        body.chars += len;
        at += len;
        body.end = at;
        if !whole || !ends && width != 0 && len < width && !is_end(text[at + gap(text, at)..].trim_ascii_start()) {
            return body;
        }
        width = len;
    }
}

/// An empty line stands between two line ends, which may be escaped.
fn has_blank_line(gap: &[u8]) -> bool {
    [b'\n', b'n'].iter().any(|&end| memchr::memchr_iter(end, gap).nth(1).is_some())
}

/// The last line of a body by itself, which may be cut: whole groups, or more than a word, and no word.
pub(crate) fn is_rest(line: &[u8]) -> bool {
    let is_long = line.len() >= PART_CHARS_MIN;
    (is_long || line.len().is_multiple_of(4) && (line.ends_with(b"=") || has_both_cases(line))) && !is_word(line)
}

/// A word, a number, a path or an identifier in hex, as people and programs write them: words of letters of one case, or with one
/// capital before small ones, and digits behind them. Base64 of 16 characters is one by accident in one of 100 000 cases.
fn is_word(line: &[u8]) -> bool {
    let is_part = |part: &[u8]| {
        let digits = part.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let letters = &part[..part.len() - digits];
        let is_small = letters.iter().skip(1).all(u8::is_ascii_lowercase) && letters.first().is_none_or(u8::is_ascii_alphabetic);
        is_small || letters.iter().all(u8::is_ascii_uppercase)
    };
    line.split(|&b| b == b'/').all(is_part) || line.len() >= HEX_CHARS_MIN && is_hex(line) || is_camel(line)
}

/// Words that are written as one, each with a capital. Those that are as long as a piece of a key is have longer words in them.
fn is_camel(line: &[u8]) -> bool {
    let letters = line.len() - line.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let least = if line.len() < PART_CHARS_MIN { 2 } else { 4 };
    let is_long = line.len() >= LONG_WORD_CHARS_MIN && letters == line.len();
    let mut words = line[..letters].chunk_by(|_, next| !next.is_ascii_uppercase());
    (line.len() < PART_CHARS_MIN || is_long)
        && words.all(|word| word.len() >= least && word[0].is_ascii_alphabetic() && word[1..].iter().all(u8::is_ascii_lowercase))
}

/// Shortest word of several, in characters, where it is as long as a piece of a key.
const LONG_WORD_CHARS_MIN: usize = 20;

/// Shortest identifier in hex: of as many characters of base64 one in ten million is one.
const HEX_CHARS_MIN: usize = 12;

/// Digits of one case.
fn is_hex(line: &[u8]) -> bool {
    let is_hex = |letter: fn(&u8) -> bool| line.iter().all(|b| b.is_ascii_digit() || b.is_ascii_hexdigit() && letter(b));
    is_hex(u8::is_ascii_lowercase) || is_hex(u8::is_ascii_uppercase)
}

/// Shortest digest: 128 bits. Base64 of this length is one by accident in one of 10¹⁹ cases.
const DIGEST_CHARS_MIN: usize = 32;

/// Digits of one case, and so many that base64 has others.
fn is_digest(line: &[u8]) -> bool {
    line.len() >= DIGEST_CHARS_MIN && is_hex(line)
}

/// Nothing but base64 and line ends up to the marker at the end: all of it is the body, however it is wrapped.
fn reaches_end(text: &[u8], mut at: usize) -> bool {
    loop {
        let len = text[at..].iter().take_while(|&&b| is_body(b) || b == b'=').count();
        let gap = gap(text, at + len);
        if len + gap == 0 {
            return is_end(&text[at..]);
        }
        at += len + gap;
    }
}

/// Longest line of a body (RFC 1421 §4.3.2.4 has 64, others up to 76).
const LINE_CHARS_MAX: usize = 76;

/// Shortest line of a body behind which a blank stands for a line end.
const BLANK_LINE_CHARS_MIN: usize = 60;

/// A blank in place of a line end.
fn is_blank_end(behind: &[u8], len: usize) -> bool {
    behind.starts_with(b" ") && (len >= BLANK_LINE_CHARS_MIN || is_end(&behind[1..]))
}

/// Length of a line end, escaped or not.
fn line_end(text: &[u8]) -> usize {
    match text {
        [b'\n' | b'\r', ..] => 1,
        [b'\\', rest @ ..] => {
            let slashes = rest.iter().take(8).take_while(|&&b| b == b'\\').count();
            if matches!(rest.get(slashes), Some(b'n' | b'r')) { slashes + 2 } else { 0 }
        }
        _ => 0,
    }
}

/// Length of a backslash and the line end that it escapes.
fn continued(text: &[u8]) -> usize {
    match text {
        [b'\\', b'\n', ..] => 2,
        [b'\\', b'\r', b'\n', ..] => 3,
        _ => 0,
    }
}

/// Length of the line ends and blanks between two lines of a body. Blanks alone are none: they come between words.
fn gap(text: &[u8], at: usize) -> usize {
    let (mut end, mut lines) = (at, false);
    loop {
        // The line goes on, as properties and shells write it.
        let len = line_end(&text[end..]).max(continued(&text[end..]));
        lines |= len > 0;
        match text.get(end) {
            _ if len > 0 => end += len,
            Some(b'"' | b'\'') if lines => match splice(text, end) {
                0 => break,
                len => end += len,
            },
            Some(b' ' | b'\t') => end += 1,
            _ => break,
        }
    }
    if lines { end - at } else { 0 }
}

/// Length of a string's end and the beginning of the next one on the next line (`" +`, `"`), as source code concatenates.
fn splice(text: &[u8], at: usize) -> usize {
    let blanks = |at: usize| text[at..].iter().take(80).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let mut end = at + 1;
    end += blanks(end);
    end += usize::from(matches!(text.get(end), Some(b'+' | b'.' | b'\\' | b'&')));
    end += blanks(end);
    let line = text[end..].iter().take(2).take_while(|b| matches!(b, b'\r' | b'\n')).count();
    end += line;
    end += blanks(end);
    if line > 0 && text.get(end) == text.get(at) { end + 1 - at } else { 0 }
}

/// True where a line opens a private key, so that what follows belongs to it. The dashes may be escaped, and a form body
/// has `+` for blanks.
#[must_use]
pub fn opens_key(line: &[u8]) -> bool {
    static KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"PRIVATE"));
    let labels =
        || KEY.find_iter(line).filter(|&at| matches!(&line[at + 7..], [b' ' | b'+', b'K', b'E', b'Y', b'-' | b'&' | b'\\' | b'%', ..]));
    let Some(last) = labels().last() else { return false };
    let before = &line[last.saturating_sub(LABEL_BYTES_MAX)..last];
    memchr::memmem::rfind(before, b"BEGIN") > memchr::memmem::rfind(before, b"END")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_no_keys() {
        let body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        for (text, pieces) in [
            (format!("x -----BEGIN PRIVATE KEY-----\n{body}\n{body}\n-----END PRIVATE KEY-----\ny"), 4),
            (format!(r#""key":"-----BEGIN EC PRIVATE KEY-----\n{body}\n-----END EC PRIVATE KEY-----\n""#), 1),
            (format!("-----BEGIN PRIVATE KEY-----\n{body}\n"), 2),
        ] {
            let found = pem_keys(text.as_bytes());
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].pieces.len(), pieces, "{text}");
        }
        let public = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERx";
        assert!(pem_keys(format!("-----BEGIN PUBLIC KEY-----\n{public}\n-----END PUBLIC KEY-----").as_bytes()).is_empty());
        assert!(pem_keys(b"expected -----BEGIN PRIVATE KEY----- at the beginning").is_empty());
    }

    #[test]
    fn words_and_pieces_of_base64() {
        for word in [
            "done",
            "Started",
            "ERROR",
            "v1",
            "2024",
            "startServer1",
            "NullPointerException",
            "/usr/local/bin/python3",
            "opt/App/Data",
            "4bf92f3577b34da6",
            "DA39A3EE5E6B",
        ] {
            assert!(is_word(word.as_bytes()) && !is_rest(word.as_bytes()), "{word}");
        }
        for piece in
            ["aB3d", "YGJTWvkj", "Vrolyw==", "bg==", "ajIXyIZAUg0IoAoGCCqGSM49", "MIGHAgEAMBMGByqG", "IhkBSDQihRANCAASdv/ysXxVGaFRoGmj"]
        {
            assert!(!is_word(piece.as_bytes()) && is_rest(piece.as_bytes()), "{piece}");
        }
    }

    /// What stands behind all that a key has, below an empty line, or in a line that is no key's, stays.
    #[test]
    fn bodies_of_keys_without_their_end() {
        let body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCAkKCwwNDg8QERIT";
        let rest = "FBUWFxgZGhscHR4fICEiIyQlJqFEA0IABGludGVncml0eSBvZiB0aGUgc3lzdGVt";
        let last = "IGhhcyB0byBiZSBrZXB0IGF0IGFsbCB0aW1lcywgYnkgYWxsIG9mIHVz";
        let id = "aB3dEfGh1jKlMn0pQr5t";
        for (lines, own) in [
            ([body, rest, "aB3dEfGh1jKlMn0p", "ok"], 3),
            ([body, rest, "aB3d", "ok"], 3),
            ([body, rest, "started", "ok"], 2),
            ([body, rest, "/usr/local/bin/app", "ok"], 2),
            ([body, rest, "", id], 2),
            ([body, rest, last, id], 3),
            ([body, "", rest, last], 1),
            (["", body, "", rest], 4),
        ] {
            for head in ["", "> ", "INFO "] {
                let lines: Vec<String> = ["-----BEGIN PRIVATE KEY-----"].iter().chain(&lines).map(|line| format!("{head}{line}")).collect();
                let found = pem_keys(lines.join("\n").as_bytes());
                let end = found.first().map(|found| found.span().end);
                assert_eq!(end, Some(lines[..=own].join("\n").len()), "{lines:#?}");
            }
        }
    }
}
