//! What stands around a run: its member's name, the line above, what it is joined to.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use scrubjay_scan::WORD_RUN_MIN;

use super::part_len;
use super::shape::{has_long_part, without_padding};
use crate::base64::{decode, has_both_cases, is_base64, padding_len, tail_len};
use crate::fragments::{FRAGMENT_LEFT_CHARS_MIN, FRAGMENT_PART_CHARS_MIN, closes_object};
use crate::loose::{SEPARATOR_BYTES_MAX, separator};
use crate::members::KEY;
use crate::notations::ENDS_NAME;
use crate::objects::{has_key_member, opening, string_end};
use crate::opening::is_opening;
use crate::partials::part;
use crate::pem::opens_key;
use crate::records::says_member;
use crate::runs::any_pair;
use crate::view::{escape_at, hidden_len, shows_as_nothing};

/// Longest sequence that shows as nothing and begins before a run, as far as it lies there, in bytes.
const INVISIBLE_BYTES_MAX: usize = 6;
/// How far before a run the name of its JSON member is looked for, in bytes.
const NAME_BYTES_MAX: usize = 32;
/// Longest line above a run that may announce a key, and longest line below one that may end it.
const KEY_LINE_BYTES_MAX: usize = 2048;
/// Most bytes behind a run that join it to the next line.
const JOIN_BYTES_MAX: usize = 64;

/// The line that the run stands in, without its end.
pub(super) fn line_of<'a>(text: &'a [u8], run: &Range<usize>) -> &'a [u8] {
    let start = memchr::memrchr(b'\n', &text[..run.start]).map_or(0, |i| i + 1);
    let end = memchr::memchr(b'\n', &text[run.end..]).map_or(text.len(), |i| run.end + i);
    &text[start..end]
}

/// The object in which a key's type is named at `at` has a private member ([`crate::objects`]), or no end that is
/// reached with the bytes that `budget` has left.
pub(super) fn has_private_key(text: &[u8], at: usize, budget: &mut usize) -> bool {
    // The name may be a value itself: its members are objects of their own (`{"key":"kty","value":…}`).
    let closing = text[at + 3..].iter().position(|b| !b"\\\"'".contains(b)).unwrap_or(0);
    if closing > 0 && text[at + 3 + closing] == b',' {
        return true;
    }
    let reach = *budget / 2;
    let before = &text[..at];
    let behind = &text[at..];
    let mut depth = 0;
    let reached = before.get(before.len().saturating_sub(reach)..).unwrap_or_default();
    let braces = memchr::memrchr2_iter(b'{', b'}', reached);
    let open = braces.map(|i| reached.len() - 1 - i).find(|&back| closes(&mut depth, before[before.len() - 1 - back], b'}', b'{'));
    depth = 0;
    let mut braces = memchr::memchr2_iter(b'{', b'}', &behind[..behind.len().min(reach)]);
    let close = braces.find(|&ahead| closes(&mut depth, behind[ahead], b'{', b'}'));
    let (Some(mut open), Some(mut close)) = (open, close) else { return true };
    *budget = budget.saturating_sub(2 * (open + close) + 64);
    // Braces within strings are none of the object's. The name's own quote tells where strings begin; where it is wrong
    // about that, the braces alone are right.
    if at > 0 && matches!(before[at - 1], b'"' | b'\'') {
        let from = at.saturating_sub(reach);
        let to = text.len().min(at.saturating_add(reach));
        let Some(strict) = object_around(&text[from..to], at - from) else { return true };
        *budget = budget.saturating_sub(2 * strict.len());
        open = open.max(at - from - strict.start);
        close = close.max(strict.end - (at - from));
    }
    // In a container's log the braces may be the frame's, and the object on several lines.
    let line = line_of(text, &(at..at));
    if part(line).is_some() || says_member(line) {
        return true;
    }
    // With the brace: a name may stand behind it.
    let object = &text[before.len() - (open + 1).min(before.len())..before.len() + close];
    object.windows(4).any(names_private) || memchr::memchr_iter(b'\n', object).any(|end| divides_name(&object[..end]))
}

/// The name of a private member begins behind the first byte, or might: a name may be written in any way there is, and only plain
/// ones are read here.
fn names_private(w: &[u8]) -> bool {
    // Most bytes of a key are its values'.
    if w[0].is_ascii_alphanumeric() {
        return false;
    }
    let is_escape = matches!(w, [b'%' | b'&', ..] | [b'=', b'2', b'2', _] | [b'\\', b'u' | b'x' | b'0'..=b'7', ..]);
    let quote = |b: u8| matches!(b, b'"' | b'\'' | b'\\');
    let one = matches!(w[1], b'd' | b'k' | b'p' | b'q') && quote(w[2]);
    let two = matches!([w[1], w[2]], [b'd', b'p' | b'q'] | [b'q', b'i']) && quote(w[3]);
    let more = matches!(&w[1..], b"oth" | b"pri");
    shows_as_nothing(w[0]) || is_escape || quote(w[0]) && (one || two || more) || is_bare_private(w)
}

/// The line ends behind the quote that opens a member's name, or behind the first letters of it.
fn divides_name(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let line = line.strip_suffix(b"\\").unwrap_or(line);
    // Where string literals are joined the last quote is the literal's.
    let literal = line.strip_suffix(b"+").map_or(line, <[u8]>::trim_ascii_end).strip_suffix(b"\"");
    [Some(line), literal].into_iter().flatten().any(|line| {
        let letters = line.iter().rev().take(2).take_while(|b| b.is_ascii_lowercase()).count();
        let name = line[..line.len() - letters].strip_suffix(b"\"");
        let before = name.and_then(|before| before.iter().rev().find(|b| !b" \\".contains(b)));
        matches!(before, Some(b',' | b'{'))
    })
}

/// The name of a private member without quotes ([`crate::notations`]), and the sign or blank behind it.
fn is_bare_private(w: &[u8]) -> bool {
    let sign = |b: u8| matches!(b, b':' | b'=' | b' ' | b'\t' | b']' | b'<' | b'>');
    let begins = b" \t\r\n{[(,;&?|\"'`:.-@%<>".contains(&w[0]);
    // Languages capitalise the names of fields.
    let first = w[1].to_ascii_lowercase();
    let one = matches!(first, b'd' | b'k' | b'p' | b'q') && sign(w[2]);
    let two = matches!([first, w[2]], [b'd', b'p' | b'q'] | [b'q', b'i']) && sign(w[3]);
    begins && (one || two || first == b'p' && w[2..] == *b"ri")
}

/// Where the object of the member named at `at` opens and closes, braces within strings in its name's quotes not counted.
fn object_around(text: &[u8], at: usize) -> Option<Range<usize>> {
    let doubled = usize::from(at > 1 && text[at - 2] == text[at - 1]);
    let quote = opening(text, at - 1 - doubled);
    let (sign, slashes) = (text[at - 1], quote.len() - 1 - doubled);
    let slashes_before = |i: usize| text[..i].iter().rev().take_while(|&&b| b == b'\\').count();
    let (mut depth, mut i) = (0, quote.start);
    let quote = &text[quote];
    let open = loop {
        i = i.checked_sub(1)?;
        if text[i] == sign && slashes_before(i - doubled.min(i)) & (2 * slashes + 1) == slashes {
            // The end of a string: its beginning has the backslashes of its own quote only.
            i = i.saturating_sub(doubled);
            loop {
                i = memchr::memrchr(sign, &text[..i])?;
                i = i.saturating_sub(doubled);
                if slashes_before(i) == slashes {
                    break;
                }
            }
        } else if closes(&mut depth, text[i], b'}', b'{') {
            break i;
        }
    };
    (depth, i) = (0, string_end(text, at, quote).unwrap_or(at));
    loop {
        let byte = *text.get(i)?;
        if closes(&mut depth, byte, b'{', b'}') {
            return Some(open + 1..i);
        }
        let opens = byte == sign && slashes_before(i) == slashes && text[i - slashes..].starts_with(quote);
        i = opens.then(|| string_end(text, i + 1 + doubled, quote)).flatten().unwrap_or(i + 1);
    }
}

/// True at the brace that closes what was open at the beginning.
fn closes(depth: &mut usize, byte: u8, opening: u8, closing: u8) -> bool {
    if byte == opening {
        *depth += 1;
    } else if byte == closing {
        match depth.checked_sub(1) {
            Some(less) => *depth = less,
            None => return true,
        }
    }
    false
}

/// Names of members that need no opening ([`crate::objects`]).
const NAMES: [&[u8]; 4] = [b"signature", b"ciphertext", b"encrypted_key", b"payload"];

pub(super) fn has_name(text: &[u8]) -> bool {
    static FINDERS: LazyLock<[Finder<'static>; 6]> = LazyLock::new(|| {
        let [a, b, c, d] = NAMES;
        [b"kty", a, b, c, d, b"-----BEGIN "].map(Finder::new)
    });
    may_have_name(text) && FINDERS.iter().any(|finder| finder.find(text).is_some())
}

/// Two letters of each of those names that few other words have beside each other, or two hyphens.
fn may_have_name(text: &[u8]) -> bool {
    any_pair(text, |a, b| {
        let key = (a == b'k') & (b == b't') | (a == b'-') & (b == b'-');
        let part = (a == b'g') & (b == b'n') | (a == b'p') & (b == b'h') | (a == b'y') & ((b == b'p') | (b == b'l'));
        key | part
    })
}

/// The run is the value of a JSON member with such a name, whatever quotes it, or goes on with one that begins in the line above.
pub(super) fn is_named(text: &[u8], start: usize) -> bool {
    has_name_before(text, start) || begun_above(text, start).is_some_and(|start| has_name_before(text, start))
}

/// Most signs between a word and a run that it is the name of, where nothing but the word is looked at.
const SIGNS_MAX: usize = 6;

/// The run stands behind such signs, and before these a word or a byte that no question about what stands right before a run says yes
/// to ([`super::is_told_before`]).
///
/// Whoever looks for a name goes back over the signs to the last letter. Names of one letter have a sign before it, others end in
/// one of these pairs; `value` has another name before it. Without quotes two still ask: [`is_modulus`], and who looks for a private
/// value, for the letters of [`ENDS_NAME`]. Between a header and a run there are but blanks, dots and the letters of `<br>`, before
/// a piece a letter that is its tag, or `log`. Line ends and what shows as nothing are neither signs nor such bytes.
pub(super) fn is_behind_other_word(text: &[u8], run: &Range<usize>) -> bool {
    let Some(before) = text[..run.start].last_chunk::<{ SIGNS_MAX + 2 }>() else { return false };
    let signs = before.iter().rev().take(SIGNS_MAX).take_while(|&&b| SIGNS[b as usize]).count();
    let (first, last) = (before[SIGNS_MAX - signs], before[SIGNS_MAX + 1 - signs]);
    // A quote that is written as an escape belongs to the run itself, as does a dot.
    if matches!(text[run.start], b'&' | b'%' | b'\\' | b'.') {
        return false;
    }
    let ends_with = |name: &[u8]| text[..run.start - signs].ends_with(name);
    let ends_name = || match &[first, last] {
        b"re" => ends_with(b"signature"),
        b"xt" => ends_with(b"ciphertext"),
        b"ey" => ends_with(b"encrypted_key"),
        b"ad" => ends_with(b"payload"),
        b"og" => ends_with(b"\"log"),
        b"iv" | b"dp" | b"dq" | b"qi" | b"ue" => true,
        _ => false,
    };
    let is_word = first.is_ascii_lowercase() && last.is_ascii_lowercase() && !ends_name();
    if matches!(before.last(), Some(b'"' | b'\'')) {
        return is_word;
    }
    is_word && !matches!(last, b'b' | b'r') || OTHERS[last as usize] && !is_modulus(text, run)
}

/// What stands between most names and their values.
static SIGNS: [bool; 256] = set(b"\"' :=");

/// What is no sign, ends no name, and is no part of `value`, of a gap before a private value, of what parts a header from a run, of
/// a piece's tag, or of what shows as nothing.
static OTHERS: [bool; 256] = {
    let mut others = set(b"acfghjlmnostuwxyzABCEGHJLMNORSTUWXYZ0123456789_]})#$*+-@^~!?;");
    let mut byte = 0;
    while byte < others.len() {
        others[byte] = others[byte] && !ENDS_NAME[byte];
        byte += 1;
    }
    others
};

/// Which bytes these are.
const fn set(bytes: &[u8]) -> [bool; 256] {
    let mut set = [false; 256];
    let mut i = 0;
    while i < bytes.len() {
        set[bytes[i] as usize] = true;
        i += 1;
    }
    set
}

/// Longest beginning of a value that the line below goes on with, in characters.
const BEGUN_CHARS_MAX: usize = 80;

/// Where a value begins that stands at the end of a line, perhaps before the sign that it goes on, and goes on at `start`.
fn begun_above(text: &[u8], start: usize) -> Option<usize> {
    let above = text[..start].strip_suffix(b"\n")?;
    let above = above.strip_suffix(b"\r").unwrap_or(above);
    let above = above.strip_suffix(b"=").or_else(|| above.strip_suffix(b"\\")).unwrap_or(above);
    let len = tail_len(&above[above.len().saturating_sub(BEGUN_CHARS_MAX)..]);
    (1..BEGUN_CHARS_MAX).contains(&len).then_some(above.len() - len)
}

fn has_name_before(text: &[u8], start: usize) -> bool {
    let before = &text[start.saturating_sub(NAME_BYTES_MAX)..start];
    // The value may stand in the next line.
    let quoted = matches!(before.last(), Some(b'"' | b'\'' | b'\n'));
    // Quotes that are written as an escape belong to the run itself.
    if !quoted && !matches!(text.get(start), Some(b'&' | b'%' | b'\\')) {
        return false;
    }
    let is_name = |b: &u8| b.is_ascii_lowercase() || *b == b'_';
    let end = before.iter().rposition(is_name).map_or(0, |i| i + 1);
    let before_sign = &before[..end];
    NAMES.iter().any(|name| before_sign.ends_with(name)) || ends_in_key_name(before_sign) || !quoted && has_any_name(before)
}

/// How far behind the modulus of a key its first private member is looked for, in bytes.
const KEY_GAP_REACH: usize = 96;

/// The run is the modulus of an RSA key, and a private member that is cut, too short for a run, stands behind it.
pub(super) fn is_modulus(text: &[u8], run: &Range<usize>) -> bool {
    let before = &text[run.start.saturating_sub(NAME_BYTES_MAX)..run.start];
    if !any_pair(before, |a, b| ((a == b'"') | (a == b'\'')) & (b == b'n')) {
        return false;
    }
    let end = before.iter().rposition(u8::is_ascii_lowercase).unwrap_or(0);
    matches!(before.get(end.saturating_sub(1)..=end), Some([b'"' | b'\'', b'n']))
        && has_key_member(&text[run.end..text.len().min(run.end + KEY_GAP_REACH)])
}

/// A member of a key has a name of one or two letters, in quotes, but for `priv`.
fn ends_in_key_name(text: &[u8]) -> bool {
    matches!(text, [.., b'"' | b'\'', b'd' | b'k' | b'p' | b'q'] | [.., b'"' | b'\'', b'd', b'p' | b'q'] | [.., b'"' | b'\'', b'q', b'i'])
        || text.ends_with(b"priv")
}

/// The same where quotes are written as escapes (`&quot;d&quot;`, `%22d%22`).
fn has_any_name(text: &[u8]) -> bool {
    let opens = |at: usize| at > 0 && matches!(text[at - 1], b';' | b'2' | b'7' | b'4' | b'9') || at == 0;
    let closes = |at: usize| matches!(text.get(at), Some(b'&' | b'%' | b'\\'));
    has_name(text)
        || (0..text.len()).any(|at| opens(at) && KEY.iter().any(|n| text[at..].starts_with(n.as_bytes()) && closes(at + n.len())))
}

/// The byte may be one of a token's that what shows as nothing parts from the rest.
fn goes_on(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|&b| is_base64(b) || shows_as_nothing(b) || b"\\%&.=".contains(&b))
}

/// What shows as nothing, or a wide dot, parts the run from a neighbour before it that it belongs to.
pub(super) fn is_interrupted(text: &[u8], start: usize) -> bool {
    // `<wbr>` itself is the run.
    let tag = if text[..start].ends_with(b"<") { hidden_len(text, start - 1) } else { 0 };
    if tag > 0 && start > 1 && goes_on(text, start - 2) && goes_on(text, start - 1 + tag) {
        return true;
    }
    // What of it is in class W itself is in the run, where `Sight::is_parted` sees it.
    if !text[..start].last().is_some_and(|&b| b >= 0x7F || matches!(b, b'[' | b'>')) {
        return false;
    }
    (start.saturating_sub(INVISIBLE_BYTES_MAX)..start).any(|at| {
        let len = hidden_len(text, at);
        len > 0 && at + len >= start && at > 0 && (goes_on(text, at - 1) || text[at - 1] >= 0x80)
    })
}

/// The run is the payload of a token whose dots were replaced, and whose header is too short to be a run.
pub(super) fn is_behind_loose_head(text: &[u8], run: &Range<usize>) -> bool {
    is_opening(text, run.start)
        && (1..=SEPARATOR_BYTES_MAX.min(run.start)).any(|gap| {
            let at = run.start - gap;
            let len = text[..at].iter().rev().take(WORD_RUN_MIN).take_while(|&&b| is_base64(b)).count();
            len >= FRAGMENT_LEFT_CHARS_MIN && separator(text, at) == gap && closes_object(&text[at - len..at])
        })
}

/// The run stands behind a dot and blanks, and before these stands the header of a JWE, which is too short to be a run.
pub(super) fn is_behind_apart_head(text: &[u8], run: &Range<usize>) -> bool {
    let start = run.start + usize::from(text[run.start] == b'.');
    let between = text[..start].iter().rev().take(SEPARATOR_BYTES_MAX).take_while(|b| b". \t<br/>".contains(b)).count();
    let end = start - between;
    if between < 2 || !text[end..start].contains(&b'.') {
        return false;
    }
    let head = &text[end.saturating_sub(WORD_RUN_MIN)..end];
    let head = without_padding(head);
    let head = &head[head.len() - tail_len(head)..];
    head.len() >= FRAGMENT_LEFT_CHARS_MIN && memchr::memmem::find(&decode(head), b"\"enc\"").is_some()
}

/// Lines between the one that announces a key and its body: the headers of RFC 1421 §4.6 and an empty line.
const KEY_HEADER_LINES: usize = 4;

/// What announces a private key.
const LABEL: &[u8] = b"PRIVATE KEY-----";

/// What stands before the run in its line, but for a few signs that part lines, announces a private key.
pub(super) fn is_behind_key_label(text: &[u8], run: &Range<usize>) -> bool {
    let near = &text[run.start.saturating_sub(KEY_SIGNS_MAX + LABEL.len())..run.start];
    // Of five hyphens in a row two are at such places, wherever the row begins.
    let (fours, rest) = near.as_chunks::<4>();
    let may_be = fours.iter().any(|four| four.starts_with(b"--")) || rest.starts_with(b"--");
    may_be && near.windows(LABEL.len()).any(|label| label == LABEL)
}

/// Most bytes between a key's label and the first line of its body, where both stand in one line.
const KEY_SIGNS_MAX: usize = 40;

/// The line above the run announces a private key.
pub(super) fn is_below_key(text: &[u8], run: &Range<usize>) -> bool {
    let mut end = run.start;
    for _ in 0..KEY_HEADER_LINES {
        let Some(above) = memchr::memrchr(b'\n', &text[..end]) else { return false };
        let reach = &text[above.saturating_sub(KEY_LINE_BYTES_MAX)..above];
        let line = &reach[memchr::memrchr(b'\n', reach).map_or(0, |end| end + 1)..];
        static FINDERS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| [Finder::new(b"Proc-Type: "), Finder::new(b"DEK-Info: ")]);
        let [proc_type, dek_info] = &*FINDERS;
        if opens_key(line) {
            return true;
        }
        let is_header = proc_type.find(line).is_some() || dek_info.find(line).is_some();
        // The first line of the body may have lost its beginning, so that it is no run.
        let is_body = line.trim_ascii().iter().all(|&b| is_base64(b));
        if !is_header && !is_body && line.iter().filter(|b| !b.is_ascii_whitespace()).nth(KEY_GAP_BYTES_MAX).is_some() {
            return false;
        }
        end = above;
    }
    false
}

/// Most bytes of the empty line between a key's headers and its body, where source code quotes it.
const KEY_GAP_BYTES_MAX: usize = 6;

/// Lines below a run within which the end of a key is looked for: the run's own line may be the last long one of a key
/// that lost its beginning.
const KEY_END_LINES: usize = 2;

/// Longest label of a key's end, dashes included.
const KEY_LABEL_BYTES_MAX: usize = 48;

/// The run or the lines below it end a private key. `goes_on`: nothing follows in its line ([`ends_line`]).
pub(super) fn is_above_key_end(text: &[u8], run: &Range<usize>, goes_on: bool, more: bool) -> bool {
    static FINDERS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| [Finder::new(b"-----END "), Finder::new(LABEL)]);
    let [key_end, key_label] = &*FINDERS;
    if matches!(text[run.clone()], [.., b'-', b'-', b'-', b'-', b'-', b'E', b'N', b'D']) {
        return key_label.find(&text[run.end..text.len().min(run.end + KEY_LABEL_BYTES_MAX)]).is_some();
    }
    if !goes_on {
        return false;
    }
    let mut from = run.end;
    for _ in 0..KEY_END_LINES {
        let behind = &text[from..text.len().min(from + KEY_LINE_BYTES_MAX)];
        match memchr::memchr(b'\n', behind) {
            Some(line) => from += line + 1,
            None if from + behind.len() < text.len() => return false,
            None => from = text.len(),
        }
        // What is not there yet may be the end: where reads end decides nothing.
        if from >= text.len() {
            return more;
        }
        let next = &text[from..text.len().min(from + KEY_LINE_BYTES_MAX)];
        let next = &next[..memchr::memchr(b'\n', next).unwrap_or(next.len())];
        if key_end.find(next).is_some_and(|at| key_label.find(&next[at..]).is_some()) {
            return true;
        }
    }
    false
}

/// A line end that is written as an escape (`\n`, `#012`) follows at `end`: what is wrapped in a string goes on behind it.
pub(super) fn ends_escaped_line(text: &[u8], end: usize) -> bool {
    if matches!(text.get(end), Some(b'#' | b'^')) {
        return matches!(escape_at(text, end), Some((10 | 13, _)));
    }
    let slashes = text[end..].iter().take(8).take_while(|&&b| b == b'\\').count();
    slashes > 0 && matches!(text.get(end + slashes), Some(b'n' | b'r'))
}

/// The run goes on in the next line, and what there is of it may be the beginning of a JWE that lost its header, or of
/// anything at all, written in escapes.
pub(super) fn is_wrapped_shape(run: &[u8]) -> bool {
    let escapes = memchr::memchr3_iter(b'%', b'\\', b'&', run).count();
    if escapes * 6 >= run.len() {
        return true;
    }
    let base64 = |part| {
        let chars = without_padding(part);
        &chars[chars.len() - tail_len(chars)..]
    };
    let mut parts = run.split(|&b| b == b'.').map(base64).peekable();
    let mut iv = parts.next().unwrap_or_default();
    while let Some(ciphertext) = parts.next() {
        // Of the last part most may stand in the next line.
        let is_last = parts.peek().is_none();
        if matches!(iv.len(), 16 | 22) && (ciphertext.len() >= FRAGMENT_PART_CHARS_MIN || is_last && has_both_cases(iv)) {
            return true;
        }
        iv = ciphertext;
    }
    false
}

/// The run goes on from the line above, so that too little of a payload stands before its dot to be seen.
pub(super) fn is_wrapped_end(text: &[u8], run: &Range<usize>) -> bool {
    let above = text[..run.start].iter().rposition(|b| !matches!(b, b' ' | b'\t' | b'"' | b'\''));
    if !above.is_some_and(|at| text[at] == b'\n' && at > 0) {
        return false;
    }
    let left = part_len(text, run.start, FRAGMENT_LEFT_CHARS_MIN);
    let dot = run.start + left + padding_len(text, run.start + left);
    left < FRAGMENT_LEFT_CHARS_MIN && text.get(dot) == Some(&b'.') && has_long_part(text, dot + 1)
}

/// What stands right behind the run tells that it is of a token: what shows as nothing, or a wide dot, parts it from a neighbour that
/// it belongs to, or a container runtime has cut its line there ([`crate::partials`]).
pub(super) fn is_told_behind(text: &[u8], run: &Range<usize>) -> bool {
    let behind = &text[run.end..];
    match behind {
        [b'"', ..] if !behind.starts_with(b"\",\"stream\":\"") => false,
        [] | [b'"' | b'\n' | b'\r', ..] => part(line_of(text, run)).is_some_and(|part| part.partial),
        [b, ..] => {
            shows_as_nothing(*b) && {
                let hidden = hidden_len(text, run.end);
                hidden > 0 && goes_on(text, run.end + hidden)
            }
        }
    }
}

/// The run begins where a container runtime has cut the line above.
pub(super) fn begins_piece(text: &[u8], start: usize) -> bool {
    let before = &text[..start];
    let may_begin = matches!(before, [.., b' ', b'F' | b'P', b' ']) || before.ends_with(b"{\"log\":\"");
    let above = || memchr::memrchr(b'\n', before).and_then(|at| part(line_of(text, &(at..at))));
    may_begin && above().is_some_and(|part| part.partial)
}

/// What joins two pieces of a text.
static JOINS: [bool; 256] = set(b" \t\r\"'+&.,;)\\=");

/// Nothing follows in the run's line but what joins two pieces of a text.
pub(super) fn ends_line(text: &[u8], run: &Range<usize>) -> bool {
    text[run.end..].iter().take(JOIN_BYTES_MAX).find(|&&b| !JOINS[b as usize]).is_none_or(|&b| b == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_may_be_one() {
        for name in [b"kty".as_slice(), b"-----BEGIN "].into_iter().chain(NAMES) {
            for text in [name.to_vec(), [b"{\"a\": \"".as_slice(), name].concat(), [name, b" and all that follows behind it"].concat()] {
                assert!(may_have_name(&text) && has_name(&text), "{}", String::from_utf8_lossy(&text));
            }
        }
        assert!(!has_name(b"GET /graphs/design HTTP/1.1"));
    }
}
