//! Pieces of values: what a line ends in that may go on in the next one.

use memchr::memchr2_iter;

use super::line::{Line, Signs, tail};
use super::line_at;
use super::links::{BODY_LINE_CHARS_MAX, WRAP_CHARS_MIN};

/// Shortest end of a line that links where the line says that it goes on.
const PROVEN_CHARS_MIN: usize = 16;
/// How much of the run at the end of a line is looked at: more than the digits of the longest digest.
const RUN_LOOK: usize = 160;
/// Fewest digits that are taken for a digest.
const DIGEST_DIGITS_MIN: usize = 32;
/// Shortest run that is no piece of anything if it has no capitals.
const SMALL_CHARS_MIN: usize = 40;

/// The line ends in a run that may go on in the next line.
pub(super) fn ends_in_piece(line: &Line<'_>) -> bool {
    let (text, last) = (line.text, line.last());
    let proven = match last {
        b'\\' | b'=' => text.get(..text.len() - 1),
        // PowerShell, cmd.
        b'`' | b'^' => text.get(..text.len() - 1),
        b'"' | b'\'' | b'+' | b'&' => {
            let cut = text.strip_suffix(b"+").or_else(|| text.strip_suffix(b"&")).unwrap_or(text).trim_ascii_end();
            cut.strip_suffix(b"\"").or_else(|| cut.strip_suffix(b"'")).map(|t| t.strip_suffix(b"\\n").unwrap_or(t))
        }
        _ => None,
    };
    let is_long = |text: &[u8], least: usize| {
        let run = tail(text, Signs::PIECE, RUN_LOOK);
        run >= least && is_piece(text.get(text.len() - run..).unwrap_or_default())
    };
    // Quoted-printable fills its lines (RFC 2045 §6.7).
    let soft = last == b'=' && (WRAP_CHARS_MIN..=BODY_LINE_CHARS_MAX).contains(&text.len());
    let dot = last == b'.' && is_long(text, PROVEN_CHARS_MIN) && !ends_in_word(text);
    let signed = (last == b'\\' || last == b'+' && proven.is_some()) && text.len() >= PROVEN_CHARS_MIN;
    signed
        || proven.is_some_and(|text| is_long(text, PROVEN_CHARS_MIN) && !is_argument(line) || is_literal(text))
        || dot
        || soft
        || is_long(text, WRAP_CHARS_MIN)
        || ends_in_escapes(text.get(text.len() - text.len().min(WRAP_CHARS_MIN)..).unwrap_or_default())
        || ends_in_list(line)
}

/// Numbers in a row. Digits without anything between them are a run like others.
fn ends_in_list(line: &Line<'_>) -> bool {
    let least = if matches!(line.last(), b',' | b':') { WRAP_CHARS_MIN / 2 } else { WRAP_CHARS_MIN };
    let len = line.tail(Signs::LIST, WRAP_CHARS_MIN);
    len >= least && !line.text.get(line.text.len() - len..).unwrap_or_default().iter().all(u8::is_ascii_hexdigit)
}

/// The run at the end of a line may be a piece of base64 or of an escape of it: not a digest, and no path or name in small letters.
fn is_piece(run: &[u8]) -> bool {
    // Percent and quoted-printable write all in digits, and no digest has their signs.
    if run.iter().filter(|&&b| matches!(b, b'%' | b'=')).count() > 1 {
        return true;
    }
    // Hyphens or other signs may part the digits.
    let digits = || run.iter().rev().filter(|b| b.is_ascii_alphanumeric()).take_while(|b| b.is_ascii_hexdigit());
    if digits().nth(DIGEST_DIGITS_MIN - 1).is_some() {
        let mixed = digits().any(u8::is_ascii_lowercase) && digits().any(u8::is_ascii_uppercase);
        if !mixed {
            return is_text_in_hex(&digits().copied().collect::<Vec<u8>>());
        }
    }
    // Of 40 characters of base64, one in a thousand million is without a capital.
    run.len() < SMALL_CHARS_MIN || run.iter().any(u8::is_ascii_uppercase)
}

/// The digits, the last of them first, are those of a text, perhaps in UTF-16, from the first or from the second one on: a line may
/// be cut between the two of a byte.
fn is_text_in_hex(digits: &[u8]) -> bool {
    let is_text = |from: usize| {
        let pairs = digits.get(from..).unwrap_or_default().chunks_exact(2);
        let all = pairs.len();
        let text = pairs.clone().filter(|pair| matches!(pair, [_, b'2'..=b'7'])).count();
        let zeros = pairs.filter(|pair| matches!(pair, [b'0', b'0'])).count();
        (text + zeros.min(text + 1)) * 8 >= all * 7
    };
    is_text(0) || is_text(1)
}

/// The part before the dot at the end is a name or a word. A JSON object in base64 ends in a digit or in a capital.
fn ends_in_word(text: &[u8]) -> bool {
    let word = text.rsplit(|b| !b.is_ascii_alphanumeric()).nth(1).unwrap_or_default();
    word.len() < DIGEST_DIGITS_MIN
        && word.iter().all(u8::is_ascii_alphabetic)
        && !word.windows(2).any(|pair| pair.iter().all(u8::is_ascii_uppercase))
        && word.last().is_some_and(u8::is_ascii_lowercase)
}

/// The string at the end is one of several in its line, and no string begins the next one: `"GET / HTTP/1.1" 200 "curl/7.68.0"`.
fn is_argument(line: &Line<'_>) -> bool {
    let next = line.behind.get(line_at(line.behind, 0)).unwrap_or_default();
    let is_quote = |b: &&u8| matches!(b, b'"' | b'\'');
    matches!(line.last(), b'"' | b'\'')
        && line.text.iter().filter(is_quote).nth(2).is_some()
        // Before the next line is there, nothing is decided.
        && next.ends_with(b"\n")
        && !next.iter().find(|b| !b" \t+.&".contains(b)).is_some_and(|b| is_quote(&b))
}

/// A long piece with an escape in it.
pub(super) fn ends_in_escapes(text: &[u8]) -> bool {
    let piece = text.get(text.len() - tail(text, Signs::ESCAPED_PIECE, text.len())..).unwrap_or_default();
    piece.len() >= WRAP_CHARS_MIN && memchr2_iter(b'\\', b'&', piece).any(|at| is_escape(piece.get(at..).unwrap_or_default()))
}

/// A backslash, or the beginning of an entity: in a form an ampersand parts the fields.
fn is_escape(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"&") else { return true };
    let name = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
    matches!(rest.get(name), None | Some(b';'))
}

/// A string literal by itself, perhaps behind the operator that joins it to the line before.
fn is_literal(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let operator = text.strip_prefix(b"+").or_else(|| text.strip_prefix(b".")).or_else(|| text.strip_prefix(b"&"));
    operator.is_some_and(|rest| matches!(rest.trim_ascii_start().first(), Some(b'"' | b'\'')))
}

/// The line ends in a JWS that is whole, and the next one holds nothing like the rest of a longer signature. Lines that end in a
/// token are frequent, and each would be taken for the first one of a wrapped value.
pub(super) fn ends_whole(line: &Line<'_>) -> bool {
    let text = line.written;
    let run = text.get(text.len() - tail(text, Signs::TOKEN, text.len())..).unwrap_or_default();
    let next = line.behind.get(line_at(line.behind, 0)).unwrap_or_default();
    // Before the next line is there, nothing is decided.
    if !run.starts_with(b"ey") || !next.ends_with(b"\n") {
        return false;
    }
    let mut runs = scrubjay_token::long_runs(next, WRAP_CHARS_MIN, |b| Signs::of(b).hold(Signs::TOKEN));
    runs.all(|run| next.get(run).is_some_and(|run| run.starts_with(b"ey"))) && scrubjay_token::is_signed(run)
}
