//! What links a line to the next one, in one table: each link is told by the line itself, or by it and the line before it.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memchr2_iter, memchr3_iter, memrchr};

use super::line::{Line, Signs};
use super::pieces::{ends_in_escapes, ends_in_piece, ends_whole};
use crate::fence::fenced;

/// Shortest wrap width that links a line to the next one.
pub(super) const WRAP_CHARS_MIN: usize = 60;
/// Shortest line of numbers that links.
const LIST_BYTES_MIN: usize = 40;
/// Longest line of base64 in PEM and MIME (RFC 7468 §2, RFC 2045 §6.8).
pub(super) const BODY_LINE_CHARS_MAX: usize = 76;
/// Longest member name that is looked at.
const NAME_BYTES_MAX: usize = 80;
/// How far back from a line's end JSON is looked at.
const JSON_REACH: usize = 256;
/// How far into a line a key's header is looked for.
const KEY_HEADER_REACH: usize = 160;
/// Longest line between the headers of a key and its body, quotes and operators included.
const HEADER_GAP_BYTES_MAX: usize = 40;

/// One way in which a line is linked to the next one.
struct Link {
    name: &'static str,
    /// Shortest line, its end included. Of a shorter one, and of one without the signs, the judge is not asked.
    bytes_min: usize,
    /// Signs of which each is in the line.
    signs: Signs,
    /// Signs of which one is the last byte of the line's text.
    last: Signs,
    judge: Judge,
}

/// Who tells whether the link holds.
enum Judge {
    /// A line itself, as it is written or as it is shown.
    Shown(fn(&Line<'_>) -> bool),
    /// A line itself, as it is written.
    Written(fn(&Line<'_>) -> bool),
    /// A line behind the one before it, which comes first.
    Behind(fn(&Line<'_>, &Line<'_>) -> bool),
    /// The same, where there need not be one.
    Among(fn(Option<&Line<'_>>, &Line<'_>) -> bool),
}

/// The links, those that are soon told first.
const LINKS: [Link; 36] = {
    use Judge::{Among, Behind, Shown, Written};
    use Signs as S;
    const fn link(name: &'static str, bytes_min: usize, signs: Signs, last: Signs, judge: Judge) -> Link {
        Link { name, bytes_min, signs, last, judge }
    }
    const WIDE: usize = WRAP_CHARS_MIN;
    const SOFT: usize = 20;
    const PIECE_ENDS: Signs = S::ESCAPED_PIECE.or(S::LIST).or(S::CONTINUED);
    [
        link("cut at a size of records", WIDE, S::NONE, S::ANY, Shown(is_cut)),
        link("open JSON", 0, S::JSON, S::ANY, Shown(is_open_json)),
        link("open object", 0, S::BRACE, S::ANY, Shown(|line| leaves_object_open(line.text))),
        link("piece of a value", 0, S::NONE, PIECE_ENDS, Shown(|line| ends_in_piece(line) && !ends_whole(line))),
        link("cut JSON", WIDE, S::CUT_JSON, S::ANY, Shown(|line| line.text.len() >= WRAP_CHARS_MIN && ends_in_json(line.text))),
        link("opening of a token", WIDE, S::NONE, S::HEAD, Shown(ends_in_opening)),
        link("opening of a key", 0, S::KEY, S::ANY, Shown(|line| scrubjay_token::opens_key(line.text))),
        link("part of a container's line", 0, S::NONE, S::ANY, Shown(is_part)),
        link("numbered cookie", 0, S::COLON, S::ANY, Shown(|line| scrubjay_token::sets_chunk(line.text))),
        link("lone member", 0, S::MEMBER, S::ANY, Shown(|line| !holds_compact(line) && is_lone_member(line))),
        link("line of a key", WIDE, S::NONE, S::ANY, Shown(|line| !holds_compact(line) && scrubjay_token::holds_key_line(line.text))),
        link("header of a key", 0, S::HYPHEN, S::ANY, Shown(|line| is_key_header(line.text))),
        link("lone dot", 0, S::NONE, S::HEAD, Shown(|line| line.text.trim_ascii_start() == b".")),
        link("line of a dump", 0, S::GAP, S::ANY, Shown(|line| scrubjay_token::is_dump_line(line.text))),
        link("part of a token", 0, S::NONE, S::ANY, Shown(|line| scrubjay_token::ends_in_part(line.text))),
        link("cell of a table", 0, S::BAR, S::ANY, Shown(|line| scrubjay_token::has_full_cell(line.text))),
        link("operator", 0, S::STRING, S::OPERATOR, Shown(|line| scrubjay_token::ends_in_operator(line.text))),
        link("list of numbers", LIST_BYTES_MIN, S::NONE, S::LIST, Shown(is_list_line)),
        link("size of a chunk", 0, S::RETURN, S::ANY, Written(|line| scrubjay_token::sizes_http_chunk(line.bytes))),
        link("hidden", 0, S::HIDING, S::ANY, Written(is_linked_as_shown)),
        link("cut JSON in escapes", 0, S::ESCAPE, S::ANY, Written(|line| quotes_in_escapes(line.bytes) && ends_in_escaped_json(line))),
        link("end of a body", 0, S::NONE, S::BODY, Behind(ends_body)),
        link("end of a key's headers", 0, S::NONE, S::ANY, Behind(ends_key_headers)),
        link("one width", WIDE, S::NONE, S::ANY, Behind(is_as_wide)),
        link("in an object", WIDE, S::NONE, S::ANY, Behind(is_in_object)),
        link("one small width", SOFT, S::NONE, S::PIECE, Among(goes_on_at_width)),
        link("lines framed alike", 0, S::NONE, S::ANY, Among(goes_on_framed)),
        link("row of numbers", 0, S::NONE, S::ANY, Written(goes_on_in_row)),
        link("short row of numbers", 0, S::NONE, S::ANY, Among(goes_on_in_short_row)),
        link("row of escapes", 0, S::ESCAPE, S::CONTINUED.or(S::OPERATOR).or(S::LIST), Shown(goes_on_in_escapes)),
        link("beginning of a body", 0, S::NONE, S::BODY, Behind(begins_body)),
        link("framed line of a key", 0, S::NONE, S::ANY, Behind(|before, line| scrubjay_token::continues_key(before.bytes, line.bytes))),
        link("line of an object or a value in records", 0, S::NONE, S::ANY, Among(goes_on_in_next)),
        link("chunk", 0, S::RETURN, S::ANY, Behind(|before, line| scrubjay_token::is_http_chunk(before.bytes, line.bytes))),
        link("rest of a key", 0, S::NONE, S::ANY, Among(leads_to_key_end)),
        link("part of a JWE", 0, S::NONE, S::ANY, Behind(|before, line| scrubjay_token::ends_in_cipher_part(before.text, line.bytes))),
    ]
};

/// The name of a link between a line and the next one, as the line says itself or as the line before it says.
pub(super) fn link(before: Option<&Line<'_>>, line: &Line<'_>) -> Option<&'static str> {
    let holds = |judge: &Judge| match judge {
        Judge::Shown(holds) | Judge::Written(holds) => holds(line),
        Judge::Behind(holds) => before.is_some_and(|before| holds(before, line)),
        Judge::Among(holds) => holds(before, line),
    };
    // Where nobody can tell, the next line is seen with it.
    fenced(|| first(line, holds)).unwrap_or(Some("error"))
}

/// The same, as the line says itself.
pub(super) fn own_link(line: &Line<'_>) -> Option<&'static str> {
    link(None, line)
}

/// The first link that a line has the signs of and whose judge says yes.
fn first(line: &Line<'_>, holds: impl Fn(&Judge) -> bool) -> Option<&'static str> {
    let (signs, last) = (line.signs(), line.text.last().map_or(Signs::NONE, |&b| Signs::of(b)));
    let may_hold =
        |link: &&Link| line.bytes.len() >= link.bytes_min && signs.hold(link.signs) && (link.last == Signs::ANY || last.meet(link.last));
    LINKS.iter().filter(may_hold).find(|link| holds(&link.judge)).map(|link| link.name)
}

fn is_cut(line: &Line<'_>) -> bool {
    scrubjay_token::is_cut_size(line.bytes.strip_suffix(b"\n").unwrap_or(line.bytes))
}

fn is_part(line: &Line<'_>) -> bool {
    scrubjay_token::part(line.text).is_some_and(|part| part.partial)
}

fn is_lone_member(line: &Line<'_>) -> bool {
    scrubjay_token::is_member_line(line.text) || scrubjay_token::is_member_record(line.text)
}

/// What the record says goes on in the next one, if that is there yet.
fn goes_on_in_next(before: Option<&Line<'_>>, line: &Line<'_>) -> bool {
    scrubjay_token::goes_on_in_next(before.map_or(b"", |before| before.bytes), line.bytes, line.next())
}

/// What is left of a key whose end follows.
fn leads_to_key_end(before: Option<&Line<'_>>, line: &Line<'_>) -> bool {
    !holds_compact(line) && scrubjay_token::leads_to_key_end(before.map(|before| before.bytes), line.bytes, line.behind)
}

/// Two full lines of a value prove a width that is too small to tell by itself.
fn goes_on_at_width(before: Option<&Line<'_>>, line: &Line<'_>) -> bool {
    scrubjay_token::goes_on_at_width(before.map(|before| before.text), line.text, line.next())
}

/// Full lines of a value that are framed alike, or that an empty line parts.
fn goes_on_framed(before: Option<&Line<'_>>, line: &Line<'_>) -> bool {
    scrubjay_token::goes_on_framed(before.map(|before| before.text), line.text, line.behind)
}

/// Numbers behind what carries each of their rows.
fn goes_on_in_row(line: &Line<'_>) -> bool {
    scrubjay_token::goes_on_in_row(line.text, || line.next())
}

/// Numbers in rows that are too short to tell by themselves.
fn goes_on_in_short_row(before: Option<&Line<'_>>, line: &Line<'_>) -> bool {
    scrubjay_token::goes_on_in_short_row(before.map(|before| before.text), line.text, line.next())
}

/// Escapes in a literal, and nothing else.
fn goes_on_in_escapes(line: &Line<'_>) -> bool {
    scrubjay_token::goes_on_in_escapes(line.text, line.next())
}

/// What shows as nothing hides how a line begins and ends.
fn is_linked_as_shown(line: &Line<'_>) -> bool {
    let may_hide = line.signs().hold(Signs::HIDDEN) || hides(line.bytes);
    let shown = if may_hide { scrubjay_token::visible_line(line.bytes) } else { None };
    let is_linked = |line: &Line<'_>| first(line, |judge| matches!(judge, Judge::Shown(holds) if holds(line))).is_some();
    shown.is_some_and(|bytes| is_linked(&line.shown(&bytes)))
}

/// What shows as nothing may be written in escapes here.
fn hides(line: &[u8]) -> bool {
    memchr3_iter(b'\\', b'%', b'&', line).any(|at| match line.get(at..).unwrap_or_default() {
        [b'\\', next, ..] => matches!(next, b'u' | b'x' | b'U' | b'0'..=b'3'),
        [b'%', next, ..] => matches!(next, b'E' | b'C' | b'e' | b'c' | b'0' | b'1' | b'u'),
        [b'&', next, ..] => matches!(next, b'#' | b's' | b'z' | b'Z' | b'a'),
        _ => false,
    })
}

/// Pretty-printed JSON that is not closed by this line.
fn is_open_json(line: &Line<'_>) -> bool {
    let (text, last) = (line.text, line.last());
    let inner = text.trim_ascii_start();
    let indented = line.bytes.first().is_some_and(|b| matches!(b, b' ' | b'\t'));
    match inner.first() {
        _ if matches!(last, b'{' | b'[') => true,
        Some(b'{') => !matches!(last, b'}' | b']'),
        Some(b'[') => !matches!(last, b'}' | b']') && opens_array(inner),
        Some(b'}' | b']') => indented || last == b',',
        // Of a type around a value.
        Some(b')') => indented && last == b',',
        Some(b'"') => is_member(inner) || indented && (last == b'"' || text.ends_with(b"\",")),
        _ => false,
    }
}

/// An array begins with a value. Most lines that begin with a bracket are records, which begin with their time or level.
fn opens_array(text: &[u8]) -> bool {
    let value = text.get(1..).unwrap_or_default().trim_ascii_start();
    let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
    match value.get(digits..).unwrap_or_default() {
        [] => true,
        [b',', ..] => digits > 0,
        [first, ..] => digits == 0 && b"{[\"'\\&%".contains(first),
    }
}

/// `"name":` at the beginning.
fn is_member(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"\"") else { return false };
    let Some(close) = rest.iter().take(NAME_BYTES_MAX).position(|&b| b == b'"') else { return false };
    rest.get(close + 1..).is_some_and(|r| r.trim_ascii_start().first() == Some(&b':'))
}

/// An object with a member begins in this line and does not end in it.
fn leaves_object_open(text: &[u8]) -> bool {
    let member = |at: usize| matches!(text.get(at + 1..), Some([b'"' | b'\'' | b'\\' | b'&', ..] | [b' ', b'"' | b'\'', ..]));
    memchr(b'{', text).is_some() && braces(text) > 0 && memchr_iter(b'{', text).any(member)
}

/// Braces that are opened and not closed.
fn braces(text: &[u8]) -> isize {
    let count = |brace: u8| memchr_iter(brace, text).count() as isize;
    count(b'{') - count(b'}')
}

/// Behind a line in which an object of ours is open.
fn is_in_object(before: &Line<'_>, line: &Line<'_>) -> bool {
    leaves_object_open(before.text) && braces(before.text) + braces(line.text) > 0
}

/// JSON, or text full of escapes, that somebody cut: the line ends in a member, in an escape, or before all is closed.
fn ends_in_json(text: &[u8]) -> bool {
    let near = text.get(text.len() - text.len().min(JSON_REACH)..).unwrap_or_default();
    if near.last().is_some_and(|b| matches!(b, b'}' | b']')) {
        let count = |open: u8, array: u8| memchr2_iter(open, array, near).count();
        return count(b'{', b'[') > count(b'}', b']') && has_member(near);
    }
    let Some(quote) = memrchr(b'"', near) else { return ends_in_escapes(near) };
    let head = near.get(..quote).unwrap_or_default();
    let before = head.iter().rev().find(|&&b| b != b'\\');
    let opens = match before {
        Some(b':' | b'[' | b'{' | b',') => true,
        Some(b' ') => head.iter().rev().find(|b| !b"\\ ".contains(b)).is_some_and(|b| b":[{,".contains(b)),
        _ => false,
    };
    match near.get(quote + 1..).unwrap_or_default() {
        // A value opens, or a name; or one is closed, where it is JSON: not an empty field of a table.
        [] => opens || has_member(near) && !matches!(before, Some(b'}' | b']')),
        [b':' | b',', rest @ ..] => ends_in_number(rest),
        rest => opens || ends_in_escapes(rest),
    }
}

/// A name of a member, quoted in any way, and the sign behind it.
fn has_member(text: &[u8]) -> bool {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\":"));
    FINDER.find(text).is_some()
}

/// Behind a member's name: a number, or a name that is not yet quoted.
fn ends_in_number(text: &[u8]) -> bool {
    text.iter().all(|b| b.is_ascii_digit() || b" .+-eE[{".contains(b))
}

/// JSON in escapes that somebody cut.
fn ends_in_escaped_json(line: &Line<'_>) -> bool {
    let Some(plain) = scrubjay_token::unescaped_line(line.text) else { return false };
    let text = plain.trim_ascii_end();
    let text = text.get(memrchr(b'\n', text).map_or(0, |at| at + 1)..).unwrap_or_default();
    // A string literal goes on where the next one stands.
    let long = line.bytes.len() >= WRAP_CHARS_MIN || line.text.ends_with(b"\"");
    is_open_json(&line.shown(text)) || leaves_object_open(text) || long && !text.is_empty() && ends_in_json(text)
}

/// Quotes are written in escapes here. Those that have a backslash before them are seen as they are.
fn quotes_in_escapes(line: &[u8]) -> bool {
    memchr3_iter(b'\\', b'%', b'&', line).any(|at| {
        let rest = line.get(at..).unwrap_or_default();
        [&b"%22"[..], b"%2522", b"\\u0022", b"\\x22", b"&quot;", b"&#34;", b"&#x22;", b"&amp;quot;", b"&amp;#"]
            .iter()
            .any(|quote| rest.starts_with(quote))
    })
}

/// A full line ends in the beginning of a token, in any writing.
fn ends_in_opening(line: &Line<'_>) -> bool {
    let text = line.text;
    let tail = text.get(text.len() - line.tail(Signs::HEAD, WRAP_CHARS_MIN)..).unwrap_or_default();
    text.len() >= WRAP_CHARS_MIN && (scrubjay_token::opens_object(tail) || OPENINGS.iter().any(|opening| tail.starts_with(opening)))
}

/// Beginnings of tokens and keys in base64, in hex, in escapes.
const OPENINGS: [&[u8]; 8] = [b"ZXlK", b"ZXdv", b"ZXcw", b"ZXlB", b"LS0tLS1C", b"65794", b"%65%79", b"\\u0065"];

/// A compact token is in the line: it says more than one member or one line of a key.
fn holds_compact(line: &Line<'_>) -> bool {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b".eyJ"));
    *line.holds_compact.get_or_init(|| FINDER.find(line.text).is_some())
}

/// A header of an encrypted key (RFC 1421 §4.6): its body follows.
fn is_key_header(text: &[u8]) -> bool {
    let head = text.get(..text.len().min(KEY_HEADER_REACH)).unwrap_or_default();
    // Both names have a hyphen, and few lines have many.
    memchr_iter(b'-', head).any(|at| {
        let (before, behind) = head.split_at(at);
        before.ends_with(b"Proc") && behind.starts_with(b"-Type:")
            || behind.starts_with(b"-Info:") && (before == b"DEK" || before.ends_with(b" DEK") || before.ends_with(b"\"DEK"))
    })
}

/// An empty line between the headers of a key and its body.
fn ends_key_headers(before: &Line<'_>, line: &Line<'_>) -> bool {
    let is_empty = |text: &[u8]| text.iter().all(|b| b.is_ascii_whitespace() || b"\"'+\\nr.".contains(b));
    line.bytes.len() <= HEADER_GAP_BYTES_MAX && is_empty(line.bytes) && is_key_header(before.text)
}

/// Nothing but numbers: a line of a dump without offsets, or of a long list.
fn is_list_line(line: &Line<'_>) -> bool {
    line.text.len() >= LIST_BYTES_MIN && line.tail(Signs::LIST, line.text.len()) == line.text.len()
}

/// The short last line of a wrapped base64 text: what ends the text (`-----END …`) may follow.
fn ends_body(before: &Line<'_>, line: &Line<'_>) -> bool {
    // Both may stand behind a header of one length.
    let parts = |line: &Line<'_>| {
        let body = line.tail(Signs::BODY, BODY_LINE_CHARS_MAX + 1);
        (line.text.trim_ascii_start().len() - body, body)
    };
    let ((head_before, body_before), (head, body)) = (parts(before), parts(line));
    (1..=WRAP_CHARS_MIN).contains(&body)
        && body.is_multiple_of(4)
        && head == head_before
        && (WRAP_CHARS_MIN..=BODY_LINE_CHARS_MAX).contains(&body_before)
}

/// The first line of a key's body may have lost its beginning.
fn begins_body(before: &Line<'_>, line: &Line<'_>) -> bool {
    let text = line.text.trim_ascii_start();
    (1..WRAP_CHARS_MIN).contains(&text.len()) && line.tail(Signs::BODY, text.len()) == text.len() && scrubjay_token::opens_key(before.bytes)
}

/// A line in the middle of a folded text: of the width of the line before it, which is no record of its kind, or which goes on.
fn is_as_wide(before: &Line<'_>, line: &Line<'_>) -> bool {
    let (text, text_before) = (line.text.trim_ascii_start(), before.text.trim_ascii_start());
    let is_whole = || text.starts_with(b"{") && text.ends_with(b"}");
    let filled = line.bytes.len() == before.bytes.len();
    (filled || text.len() == text_before.len()) && !scrubjay_token::begin_alike(text, text_before) && !is_whole()
        || filled && line.bytes.len() > WRAP_CHARS_MIN && own_link(before).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::line_at;
    use super::*;

    /// The first link of a line behind another one.
    fn link_of(before: &str, line: &str) -> Option<&'static str> {
        let text = format!("{before}\n{line}\nnext\nno word\n").into_bytes();
        let at = |at: usize| Line::at(&text, line_at(&text, at));
        link(Some(&at(0)), &at(before.len() + 1))
    }

    /// An example of each link, and a neighbour that goes no further.
    #[test]
    fn what_links_and_what_does_not() {
        const JWE: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0";
        const KEY: &str = "-----BEGIN PRIVATE KEY-----";
        const KEY_END: &str = "-----END PRIVATE KEY-----";
        const PLAIN: &str = "the service has been asked once more for what it has not got yet, and so on";
        const OTHER: &str = "and here is what another one of its kind has said of that: it does not know";
        let body = "QUJDRA1z".repeat(8);
        let narrow = "QUJDRA1z".repeat(5);
        let framed = format!("{narrow}<br>");
        let cut = format!("{}abcde", "word ".repeat(95));
        let cases: [(&str, &str, String, String); LINKS.len()] = [
            ("cut at a size of records", "", cut.clone(), format!("{cut} ")),
            ("open JSON", "", "{".into(), "}".into()),
            ("open object", "", r#"got {"a": 1,"#.into(), r#"got {"a": 1},"#.into()),
            ("piece of a value", "", format!("token: {}", "Z".repeat(60)), format!("token: {}", "Z".repeat(59))),
            ("cut JSON", "", format!(r#"{PLAIN} "name":"#), format!(r#"{PLAIN} "name": it"#)),
            ("opening of a token", "", format!("{PLAIN}: eyJhbGciOiJ"), format!("{PLAIN}: eyeglasses")),
            ("opening of a key", "", KEY.into(), "-----END PRIVATE KEY-----".into()),
            ("part of a container's line", "", "2026-11-23T12:00:00.1Z stdout P a".into(), "2026-11-23T12:00:00.1Z stdout F a".into()),
            ("numbered cookie", "", "Set-Cookie: a.1=b; Path=/".into(), "Set-Cookie: a=b; Path=/".into()),
            ("lone member", "", "  kty: EC,".into(), "  count: 5,".into()),
            ("line of a key", "", format!("row [{body}] end"), format!("row [.{body}] end")),
            ("header of a key", "", "Proc-Type: 4,ENCRYPTED".into(), "Content-Type: text/plain".into()),
            ("lone dot", "", " .".into(), "..".into()),
            ("line of a dump", "", "00000000: 6579 4a68 6247".into(), "081109 204815 1001 INFO done".into()),
            ("part of a token", "", "part eyJhbGciOiJIUzI1NiJ9".into(), "part eyJhbGciOiJIUzI1NiJ".into()),
            ("cell of a table", "", "| id | eyJhbGciOiJIUzI1NiJ9 |".into(), "| id | done |".into()),
            ("operator", "", "text = 'eyJhbGciOiJIUzI1NiJ9' ||".into(), "text = 'done' ||".into()),
            ("list of numbers", "", "65 79 4a 68 62 47 63 69 4f 69 4a 49 55 7a 49 31".into(), "65 79 4a 68 62 47 63 69".into()),
            ("size of a chunk", "", "1a\r".into(), "1a".into()),
            ("hidden", "", "got {\u{200b}".into(), "got \u{200b}".into()),
            ("cut JSON in escapes", "", "%7B%22a%22:1,".into(), "%7B%22a%22:1%7D".into()),
            ("end of a body", &body, "QUJD".into(), "- done".into()),
            ("end of a key's headers", "DEK-Info: AES-128-CBC,00", "".into(), "done".into()),
            ("one width", PLAIN, OTHER.into(), format!("{OTHER}.")),
            ("in an object", r#"got {"a": "b", "#, PLAIN.into(), format!("{PLAIN} }}")),
            ("one small width", &narrow, narrow.clone(), "QUJDRA1z".into()),
            ("lines framed alike", &framed, framed.clone(), "done<br>".into()),
            ("row of numbers", "", "> 65 79 4a 68 62 47 63 69\n> 4f".into(), "> 65 79 4a 68 62 47 63 69".into()),
            ("short row of numbers", "", "  101,\n  121,".into(), "  101,".into()),
            ("row of escapes", "", "'\\x65\\x79'\n'\\x4a\\x68'".into(), "'\\x65\\x79'".into()),
            ("beginning of a body", KEY, "QUJDRA==".into(), "no key".into()),
            ("framed line of a key", KEY, format!("2 {}", &body[..40]), "2 done".into()),
            (
                "line of an object or a value in records",
                "",
                "2026-11-28T10:00:00.1Z stdout F   \"d\": \"AAAA\",".into(),
                "2026-11-28T10:00:00.1Z stdout F done".into(),
            ),
            ("chunk", "5\r", "hello\r".into(), "hell\r".into()),
            ("rest of a key", "a b", format!("Vrolyw==\n{KEY_END}"), "Vrolyw==\n-----END PUBLIC KEY-----".into()),
            ("part of a JWE", JWE, "done".into(), "done".into()),
        ];
        let mut wrong = Vec::new();
        for ((name, before, line, other), Link { name: of_table, .. }) in cases.into_iter().zip(&LINKS) {
            // The next part may be anything.
            let expected = Some(name).filter(|&name| name == "part of a JWE");
            let got = (*of_table, link_of(before, &line), link_of(before, &other));
            if got != (name, Some(name), expected) {
                wrong.push((name, got, line));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
