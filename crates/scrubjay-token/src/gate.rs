//! A cheap look at one run of the scanner: can [`analyze`](crate::analyze) find anything in it at all?
//!
//! Most runs of a log are paths, class names, digests, identifiers and images. Each look of `analyze` needs something to
//! begin with: an opening, the shape of a fragment, an escape, a stretch of base64 or hex that decodes to text or to an
//! opening. Here the same conditions are asked of the run's bytes alone, without allocation and without building anything.
//! The answer may be yes for nothing; a no has to be right, which `tests/gate.rs` and the leak oracle hold it to.
//!
//! A token that runs over several lines is not seen whole here. It is enough that one of its runs says yes: the unit around
//! it is then analyzed as a whole. What does so: the run with the header; the first line of an encoded text; the first
//! line below `BEGIN … PRIVATE KEY`.

use std::ops::Range;

use crate::analyze::{BASE64_CHARS_MIN, BASE64_STARTS_MAX, DEPTH_MAX, HEX_DIGITS_MIN, LIST_BYTES_MIN, is_readable, is_worth_a_look};
use crate::base64::{VALUE, decode_into, is_base64};
use crate::compact::{
    FRAGMENT_LEFT_CHARS_MIN, FRAGMENT_PART_CHARS_MIN, HEADER_CHARS_MAX, HEADER_NAMES, SUSPECT_CHARS_MIN, closes_object, has_any,
    is_jwe_shape, is_opening, may_be_head,
};
use crate::json::{self, Status};
use crate::lists::{decode_hex, dumps, lists, lists_from};
use crate::partials::part;
use crate::survey::Survey;
use crate::view::{escape_at, invisible, shows_as_nothing, unescaped, unquoted, visible, wide_dot};

/// How far to either side of a key's type its object is looked through, in bytes.
const OBJECT_BYTES_MAX: usize = 8 * 1024;
/// Longest sequence that shows as nothing and begins before a run, as far as it lies there, in bytes.
const INVISIBLE_BYTES_MAX: usize = 6;
/// How far before a run the name of its JSON member is looked for, in bytes.
const NAME_BYTES_MAX: usize = 32;
/// Bytes of decoded text that show whether it is readable, as many as [`is_worth_a_look`] asks for.
const HEAD_BYTES: usize = 48;
/// Fewest numbers of a list that goes on in the next line.
const NUMBERS_MIN: usize = 8;
/// Longest line above a run that may announce a key.
const KEY_LINE_BYTES_MAX: usize = 256;

/// False where no token, whole or part of one, has any of its bytes in `run` of `text`, a run of class W
/// (`scrubjay_scan::RunKind::Word`): then nothing needs to be analyzed for its sake.
///
/// `text` has to begin and end with lines; it is looked at up to the line above the run.
#[must_use]
pub fn may_hold(text: &[u8], run: Range<usize>) -> bool {
    let Some(bytes) = text.get(run.clone()) else { return true };
    let goes_on = ends_line(text, &run);
    let seen = look(bytes);
    holds(bytes, seen, DEPTH_MAX, goes_on)
        || seen & KEY_TYPE != 0 && has_private_key(text, &run)
        || is_named(text, run.start)
        || is_interrupted(text, &run)
        || seen & DOT != 0 && is_wrapped_end(text, &run)
        || is_cut_by_runtime(text, &run)
        || goes_on && (seen & UPPER != 0 && is_below_key(text, &run) || seen & (DOT | ESCAPE) != 0 && is_wrapped_shape(bytes))
}

/// As [`may_hold`], for a run of class L (`scrubjay_scan::RunKind::List`).
#[must_use]
pub fn may_list(text: &[u8], run: Range<usize>) -> bool {
    let Some(list) = text.get(run.clone()) else { return true };
    let beginning = || lists_from(list, NUMBERS_MIN).iter().any(|numbers| is_readable(&numbers.bytes));
    lists(list).iter().chain(&dumps(line_of(text, &run))).any(|numbers| is_worth_a_look(&numbers.bytes))
        || ends_line(text, &run) && beginning()
}

/// The line that the run stands in, without its end.
fn line_of<'a>(text: &'a [u8], run: &Range<usize>) -> &'a [u8] {
    let start = memchr::memrchr(b'\n', &text[..run.start]).map_or(0, |i| i + 1);
    let end = memchr::memchr(b'\n', &text[run.end..]).map_or(text.len(), |i| run.end + i);
    &text[start..end]
}

/// The same for a run under up to `depth` layers of encoding. What `goes_on` in the next line has to be no more than
/// readable: the names that tell what it is may be there.
fn holds(run: &[u8], seen: u8, depth: usize, goes_on: bool) -> bool {
    seen & PAIR != 0 && has_telling_pair(run)
        || seen & (UPPER | DIGIT | DOT) != 0 && has_part(run, seen, depth, goes_on)
        || depth > 0 && (seen & ESCAPE != 0 && is_escaped(run, depth - 1, goes_on) || seen & EQUALS != 0 && is_quoted(run, depth - 1))
}

/// The same for a decoded text. It is no run of one class, so what its neighbours would have said is asked of it too.
/// Decoded text is rare, so this may say yes too often.
fn inner(text: &[u8], depth: usize) -> bool {
    let survey = Survey::of(text);
    let long_lines = survey.lines() && survey.base64 >= BASE64_CHARS_MIN;
    let numbers = || survey.list >= LIST_BYTES_MIN && lists(text).iter().chain(&dumps(text)).any(|n| is_worth_a_look(&n.bytes));
    let interrupted = survey.odd() && (text.last().is_some_and(|&b| shows_as_nothing(b)) || visible(text).is_some());
    interrupted || long_lines || has_name(text) || holds(text, look(text), depth, false) || numbers()
}

/// What [`look`] may see in a text.
const PAIR: u8 = 1;
/// An upper-case letter: no base64 of a text is without.
const UPPER: u8 = 2;
/// `%`, `\\` or `&`, or the `!` of a marker.
const ESCAPE: u8 = 4;
/// `=`
const EQUALS: u8 = 8;
/// `.`
const DOT: u8 = 16;
/// The beginning of `kty`.
const KEY_TYPE: u8 = 32;
/// `2` to `7`: no hex of a text is without.
const DIGIT: u8 = 64;

/// Bytes of which [`look`] sees all at one time.
const CHUNK: usize = 32;
/// A byte that begins nothing, to fill up the last window.
const FILLER: u8 = b'"';

/// One look at every byte, which says which of the dearer looks can find anything.
fn look(text: &[u8]) -> u8 {
    let mut seen = 0;
    let mut at = 0;
    while at < text.len() {
        seen |= match text[at..].first_chunk() {
            Some(whole) => look_at(whole),
            None => {
                let mut window = [FILLER; CHUNK + 1];
                window.iter_mut().zip(&text[at..]).for_each(|(to, from)| *to = *from);
                look_at(&window)
            }
        };
        at += CHUNK;
    }
    seen
}

/// Pairs that may begin something: `ey`, `ew` and white space an object; `ZX`, `V5`, `V3`, `le`, `ld` an object in base64 of
/// base64, at the three alignments; `65` one in hex; `--` a key; a NUL behind a letter UTF-16. Everything is compared,
/// nothing looked up: the compiler makes vectors of it.
fn look_at(window: &[u8; CHUNK + 1]) -> u8 {
    let mut seen = 0u8;
    for i in 0..CHUNK {
        let (a, b) = (window[i], window[i + 1]);
        let is = |x: u8, y: u8| u8::from(a == x) & u8::from(b == y);
        let either = |x: u8, y: u8, z: u8| u8::from(a == x) & (u8::from(b == y) | u8::from(b == z));
        let pair = either(b'e', b'y', b'w') | either(b'V', b'5', b'3') | either(b'l', b'e', b'd');
        let pair = pair | is(b'Z', b'X') | is(b'6', b'5') | is(b'-', b'-') | u8::from(a != 0) & u8::from(b == 0);
        let escape = u8::from(a == b'%') | u8::from(a == b'\\') | u8::from(a == b'&') | u8::from(a == b'!');
        seen |= pair * PAIR
            | u8::from(a.wrapping_sub(b'A') < 26) * UPPER
            | escape * ESCAPE
            | u8::from(a == b'=') * EQUALS
            | u8::from(a == b'.') * DOT
            | is(b'k', b't') * KEY_TYPE
            | u8::from(a.wrapping_sub(b'2') < 6) * DIGIT;
    }
    seen
}

/// A telling pair, and behind it what has to follow for it to be more than an accident.
fn has_telling_pair(text: &[u8]) -> bool {
    let mut at = 0;
    while at < text.len() {
        let end = text.len().min(at + CHUNK);
        if look(&text[at..text.len().min(end + 1)]) & PAIR != 0 && (at..end).any(|i| is_telling(text, i)) {
            return true;
        }
        at = end;
    }
    false
}

fn is_telling(text: &[u8], at: usize) -> bool {
    let next = |i: usize| text.get(at + i).copied().unwrap_or(FILLER);
    let before = if at == 0 { 0 } else { VALUE[text[at - 1] as usize] };
    match text[at] {
        b'e' => matches!(next(1), b'y' | b'w') && is_object(text, at),
        b'Z' => matches!([next(1), next(2), next(3)], [b'X', b'l', b'K' | b'B' | b'J'] | [b'X', b'd', b'v' | b'r'] | [b'X', b'c', b'w']),
        // The bits of `e` that the character before holds (or what escapes and slashes made of it).
        b'V' => before & 15 == 6 && matches!([next(1), next(2)], [b'5', b'S' | b'Q'] | [b'3', b'b' | b'M' | b'a']),
        b'l' => {
            before & 3 == 1
                && matches!(
                    [next(1), next(2), next(3)],
                    [b'e', b'U', b'E'..=b'H' | b'o'..=b'r'] | [b'd', b'2', b'8' | b'9' | b'+' | b'-' | b'/' | b'_' | b's'..=b'v'] | [b'd', b'z', b'A'..=b'D']
                )
        }
        b'6' => matches!([next(1), next(2), next(3), next(4)], [b'5', b'7', b'9' | b'7', b'3' | b'4' | b'6']),
        b'-' => text[at..].starts_with(b"-----") && text[..at].ends_with(b"KEY"),
        other => other != 0 && [next(1), next(3), next(5)] == [0; 3] && next(2) != 0 && next(4) != 0,
    }
}

/// An object begins here that may be a header or a claim set, or something that only looks like one.
fn is_object(text: &[u8], at: usize) -> bool {
    let alone = at == 0 || !is_base64(text[at - 1]);
    if !may_be_head(text, at) {
        return alone && text[at..].starts_with(b"eyJ") && part_len(text, at, SUSPECT_CHARS_MIN) == SUSPECT_CHARS_MIN;
    }
    // An object by itself is a cursor, a setting, a cookie: claims that are a token's have something behind them. What is
    // not whole may go on elsewhere; what is inside it, the look at base64 sees.
    let len = text[at..].iter().take(HEADER_CHARS_MAX).take_while(|&&b| is_base64(b)).count();
    let padding = text[at + len..].iter().take(2).take_while(|&&b| b == b'=').count();
    let alone = text.get(at + len + padding).is_none_or(|b| b"&;".contains(b));
    !alone || !is_whole_object(&text[at..at + len])
}

/// A JSON object from its first to its last byte that has neither `alg` nor `enc`.
fn is_whole_object(chars: &[u8]) -> bool {
    let mut bytes = Vec::new();
    decode_into(chars, &mut bytes);
    let parsed = json::parse(&bytes);
    let whole = matches!(parsed.status, Status::Complete { end } if bytes[end..].iter().all(u8::is_ascii_whitespace));
    whole && !has_any(&parsed.value, &HEADER_NAMES)
}

/// The run names a key's type, and the object that it stands in has a private member ([`crate::objects`]), or no end yet.
fn has_private_key(text: &[u8], run: &Range<usize>) -> bool {
    let bytes = &text[run.clone()];
    let Some(at) = bytes.windows(3).position(|w| w == b"kty") else { return false };
    let before = &text[..run.start + at];
    let behind = &text[run.start + at..];
    let mut depth = 0;
    let open = before.iter().rev().take(OBJECT_BYTES_MAX).position(|&b| closes(&mut depth, b, b'}', b'{'));
    depth = 0;
    let close = behind.iter().take(OBJECT_BYTES_MAX).position(|&b| closes(&mut depth, b, b'{', b'}'));
    let (Some(open), Some(close)) = (open, close) else { return true };
    // In a container's log the braces may be the frame's, and the object on several lines.
    if part(line_of(text, run)).is_some() {
        return true;
    }
    let object = &text[before.len() - open..before.len() + close];
    // A name may be written in any way there is; only plain ones are read here.
    let plain =
        |w: &[u8]| !shows_as_nothing(w[0]) && !matches!(w[0], b'%' | b'&') && !(w[0] == b'\\' && matches!(w[1], b'u' | b'x' | b'0'..=b'7'));
    object.windows(4).any(|w| {
        let quote = |b: u8| matches!(b, b'"' | b'\'' | b'\\');
        let one = matches!(w[1], b'd' | b'k' | b'p' | b'q') && quote(w[2]);
        let two = matches!([w[1], w[2]], [b'd', b'p' | b'q'] | [b'q', b'i']) && quote(w[3]) || w[1..] == *b"oth";
        !plain(w) || quote(w[0]) && (one || two)
    })
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

/// Length of the base64 at `at`, counted no further than `most`.
fn part_len(text: &[u8], at: usize, most: usize) -> usize {
    text.get(at..).unwrap_or_default().iter().take(most).take_while(|&&b| is_base64(b)).count()
}

/// Base64, hex, an object behind white space, or the parts of a fragment.
fn has_part(text: &[u8], seen: u8, depth: usize, goes_on: bool) -> bool {
    let mut lengths = [0; 3];
    let mut at = 0;
    while at < text.len() {
        let len = text[at..].iter().take_while(|&&b| is_base64(b)).count();
        let part = &text[at..at + len];
        if len >= BASE64_CHARS_MIN && depth > 0 {
            let base64 = seen & UPPER != 0 && is_base64_of(part, depth - 1, goes_on);
            if base64 || seen & DIGIT != 0 && (is_hex_of(part, depth - 1, goes_on) || is_hyphenated(part)) {
                return true;
            }
        }
        if len > 0 && part[0] != b'e' && is_opening(text, at) && may_be_head(text, at) {
            return true;
        }
        // Behind a tag in the URL's alphabet, a slash belongs to the neighbourhood.
        let tag = part.iter().position(|b| matches!(b, b'/' | b'+')).unwrap_or(len);
        lengths = [lengths[1], lengths[2], len];
        if is_jwe_shape(lengths[0], lengths[1], len) || is_jwe_shape(lengths[0], lengths[1], tag) {
            return true;
        }
        if len >= FRAGMENT_LEFT_CHARS_MIN && is_end_of_object(part) {
            return true;
        }
        at += len;
        let padding = text[at..].iter().take(2).take_while(|&&b| b == b'=').count();
        if text.get(at + padding) != Some(&b'.') {
            lengths = [0; 3];
            at += usize::from(len == 0);
            continue;
        }
        at += padding + 1;
        if len >= FRAGMENT_LEFT_CHARS_MIN && has_long_part(text, at) && closes_object(part) {
            return true;
        }
    }
    false
}

/// The part is the end of an object whose beginning is missing.
fn is_end_of_object(part: &[u8]) -> bool {
    // The last character of `}` at the three alignments.
    matches!(part.last(), Some(b'9' | b'0' | b'Q')) && !is_opening(part, 0) && closes_object(part)
}

/// One of the four parts that begin at `at` is long enough to be a payload, a signature or a ciphertext.
fn has_long_part(text: &[u8], mut at: usize) -> bool {
    for _ in 0..4 {
        let len = part_len(text, at, FRAGMENT_PART_CHARS_MIN);
        if len == FRAGMENT_PART_CHARS_MIN {
            return true;
        }
        at += len;
        at += text.get(at..).unwrap_or_default().iter().take(2).take_while(|&&b| b == b'=').count();
        if text.get(at) != Some(&b'.') {
            return false;
        }
        at += 1;
    }
    false
}

/// The run is base64 of something that may hold a token: at its beginning at any alignment, or behind a slash. Openings
/// further on are [`has_telling_pair`]'s.
fn is_base64_of(run: &[u8], depth: usize, goes_on: bool) -> bool {
    let mut bytes = Vec::new();
    let mut decoded = |chars: &[u8]| {
        bytes.clear();
        decode_into(chars, &mut bytes);
        goes_on || inner(&bytes, depth)
    };
    if (0..4).any(|skip| is_readable_base64(&run[skip..], HEAD_BYTES) && decoded(&run[skip..])) {
        return true;
    }
    let slashes = run.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(i, _)| i + 1).take(BASE64_STARTS_MAX);
    let mut starts = slashes.take_while(|start| run.len() - start >= BASE64_CHARS_MIN);
    starts.any(|start| is_readable_base64(&run[start..], BASE64_CHARS_MIN / 4 * 3) && decoded(&run[start..]))
}

/// What [`is_readable`] says of the first `head` bytes that the characters stand for, given up as soon as it is no.
fn is_readable_base64(chars: &[u8], head: usize) -> bool {
    let mut bytes = [0u8; HEAD_BYTES];
    let head = head.min(chars.len() * 3 / 4);
    let (mut len, mut odd) = (0, 0);
    for group in chars.chunks_exact(4) {
        let n = group.iter().fold(0u32, |n, &b| n << 6 | u32::from(VALUE[b as usize] & 63));
        for byte in [(n >> 16) as u8, (n >> 8) as u8, n as u8] {
            if len == head {
                return is_readable(&bytes[..len]);
            }
            bytes[len] = byte;
            len += 1;
            odd += usize::from(is_odd(byte));
        }
        if odd * 5 > head {
            return false;
        }
    }
    is_readable(&bytes[..len])
}

/// Neither text nor the zeros of UTF-16: [`is_readable`] takes a fifth of them.
fn is_odd(byte: u8) -> bool {
    !(0x20..0x7F).contains(&byte) && !matches!(byte, 0 | b'\t' | b'\n' | b'\r')
}

/// The run holds hex digits that decode to something that may hold a token. An escape's digits may be glued to them.
fn is_hex_of(run: &[u8], depth: usize, goes_on: bool) -> bool {
    let mut at = 0;
    while at < run.len() {
        let len = run[at..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let digits = &run[at..at + len];
        if len >= HEX_DIGITS_MIN
            && (0..5).any(|skip| is_readable_hex(&digits[skip..]) && (goes_on || inner(&decode_hex(&digits[skip..]), depth)))
        {
            return true;
        }
        at += len.max(1);
    }
    false
}

/// Bytes in hex with hyphens between them that may be a token, as .NET's `BitConverter` writes them.
fn is_hyphenated(part: &[u8]) -> bool {
    let hyphens = |from: usize| (from..from + 15).step_by(3).all(|at| part.get(at) == Some(&b'-'));
    (0..3).any(hyphens) && lists(part).iter().any(|numbers| is_worth_a_look(&numbers.bytes))
}

/// As [`is_readable_base64`], for hex digits.
fn is_readable_hex(digits: &[u8]) -> bool {
    let digits = &digits[..digits.len().min(2 * HEAD_BYTES)];
    let mut odd = 0;
    for pair in digits.chunks_exact(2) {
        // The upper digit tells text (2 to 7), white space and zeros (0) from the rest.
        odd += usize::from(!matches!(pair[0], b'0' | b'2'..=b'7'));
        if odd * 10 > digits.len() {
            return false;
        }
    }
    is_readable(&decode_hex(digits))
}

/// Escapes, and behind them something.
fn is_escaped(text: &[u8], depth: usize, goes_on: bool) -> bool {
    memchr::memchr3_iter(b'%', b'\\', b'&', text).any(|at| escape_at(text, at).is_some())
        && unescaped(text).is_some_and(|view| inner(&view.text, depth) || goes_on && is_wrapped_shape(&view.text))
}

/// Quoted-printable, and behind it something.
fn is_quoted(text: &[u8], depth: usize) -> bool {
    memchr::memchr(b'=', text).is_some() && unquoted(text).is_some_and(|view| inner(&view.text, depth))
}

/// Names of members that need no opening ([`crate::objects`]).
const NAMES: [&[u8]; 4] = [b"signature", b"ciphertext", b"encrypted_key", b"payload"];

fn has_name(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"kty").is_some()
        || NAMES.iter().any(|name| memchr::memmem::find(text, name).is_some())
        || memchr::memmem::find(text, b"-----BEGIN ").is_some()
}

/// The run is the value of a JSON member with such a name, whatever quotes it.
fn is_named(text: &[u8], start: usize) -> bool {
    let before = &text[start.saturating_sub(NAME_BYTES_MAX)..start];
    let quoted = matches!(before.last(), Some(b'"' | b'\''));
    // Quotes that are written as an escape belong to the run itself.
    if !quoted && !matches!(text.get(start), Some(b'&' | b'%' | b'\\')) {
        return false;
    }
    let is_name = |b: &u8| b.is_ascii_lowercase() || *b == b'_';
    let end = before.iter().rposition(is_name).map_or(0, |i| i + 1);
    NAMES.iter().any(|name| before[..end].ends_with(name)) || !quoted && has_name(before)
}

/// What shows as nothing, or a wide dot, parts the run from a neighbour that it belongs to.
fn is_interrupted(text: &[u8], run: &Range<usize>) -> bool {
    let gap = |at: usize| match text.get(at) {
        Some(&b) if shows_as_nothing(b) => invisible(text, at) + wide_dot(text, at),
        _ => 0,
    };
    let goes_on = |at: usize| text.get(at).is_some_and(|&b| is_base64(b) || shows_as_nothing(b) || b"\\%&.=".contains(&b));
    let behind = gap(run.end);
    if behind > 0 && goes_on(run.end + behind) {
        return true;
    }
    // A colour ends in letters and digits, which the run begins with.
    if !text[..run.start].last().is_some_and(|&b| b >= 0x7F || matches!(b, b'[' | b'>')) {
        return false;
    }
    (run.start.saturating_sub(INVISIBLE_BYTES_MAX)..run.start).any(|at| {
        let len = gap(at);
        len > 0 && at + len >= run.start && at > 0 && goes_on(at - 1)
    })
}

/// The line above the run announces a private key.
fn is_below_key(text: &[u8], run: &Range<usize>) -> bool {
    let Some(above) = memchr::memrchr(b'\n', &text[..run.start]) else { return false };
    let from = text[..above].iter().rev().take(KEY_LINE_BYTES_MAX).take_while(|&&b| b != b'\n').count();
    memchr::memmem::find(&text[above - from..above], b"PRIVATE KEY-----").is_some()
}

/// The run goes on in the next line, and what there is of it may be the beginning of a JWE that lost its header, or of
/// anything at all, written in escapes.
fn is_wrapped_shape(run: &[u8]) -> bool {
    let escapes = run.iter().filter(|b| matches!(b, b'%' | b'\\' | b'&')).count();
    if escapes * 6 >= run.len() {
        return true;
    }
    let parts = run.split(|&b| b == b'.').map(|part| part.iter().rev().skip_while(|&&b| b == b'=').take_while(|&&b| is_base64(b)).count());
    parts.clone().zip(parts.skip(1)).any(|(iv, ciphertext)| matches!(iv, 16 | 22) && ciphertext >= FRAGMENT_PART_CHARS_MIN)
}

/// The run goes on from the line above, so that too little of a payload stands before its dot to be seen.
fn is_wrapped_end(text: &[u8], run: &Range<usize>) -> bool {
    let left = part_len(text, run.start, FRAGMENT_LEFT_CHARS_MIN);
    let padding = text[run.start + left..].iter().take(2).take_while(|&&b| b == b'=').count();
    let dot = run.start + left + padding;
    if left == FRAGMENT_LEFT_CHARS_MIN || text.get(dot) != Some(&b'.') || !has_long_part(text, dot + 1) {
        return false;
    }
    let above = text[..run.start].iter().rposition(|b| !matches!(b, b' ' | b'\t' | b'"' | b'\''));
    above.is_some_and(|at| text[at] == b'\n' && at > 0)
}

/// The run touches the place where a container runtime has cut a line ([`crate::partials`]).
fn is_cut_by_runtime(text: &[u8], run: &Range<usize>) -> bool {
    let (before, behind) = (&text[..run.start], &text[run.end..]);
    let ends_piece = matches!(behind.first(), None | Some(b'\n' | b'\r')) || behind.starts_with(b"\",\"stream\":\"");
    if ends_piece && part(line_of(text, run)).is_some_and(|part| part.partial) {
        return true;
    }
    let begins_piece = before.ends_with(b" F ") || before.ends_with(b" P ") || before.ends_with(b"{\"log\":\"");
    let above = || memchr::memrchr(b'\n', before).and_then(|at| part(line_of(text, &(at..at))));
    begins_piece && above().is_some_and(|part| part.partial)
}

/// Nothing follows in the run's line but what joins two pieces of a text.
fn ends_line(text: &[u8], run: &Range<usize>) -> bool {
    text[run.end..].iter().find(|b| !b" \t\r\"'+&.,;)\\=".contains(b)).is_none_or(|&b| b == b'\n')
}
