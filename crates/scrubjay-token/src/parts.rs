//! Tokens whose parts somebody wrote one by one: a list of them, a line for each, perhaps with its name. The header proves
//! itself, and so does a claim set; what else belongs to it has the length that the header's algorithms give.

use std::ops::Range;

use crate::analyze::is_readable;
use crate::base64::{decode, has_both_cases, head_len, is_base64, padding_len, tail_len};
use crate::claim_set::REGISTERED_CLAIMS;
use crate::compact::{HEADER_CHARS_MAX, is_dense, signature_fits};
use crate::fold::begin_alike;
use crate::fragments::FRAGMENT_PART_CHARS_MIN;
use crate::json::{self, Status, Value};
use crate::opening::{is_opening, may_be_head};
use crate::runs::long_runs;
use crate::view::View;

/// Longest text between two parts: quotes, a line end, what begins a record, a name.
const GAP_BYTES_MAX: usize = 160;
/// Names of which each header has one (RFC 7515 §4.1.1, RFC 7516 §4.1.2).
const HEADER_NAMES: [&str; 2] = ["alg", "enc"];
/// Shortest header: `{"alg":"x"}`.
const HEADER_CHARS_MIN: usize = 15;
/// Shortest token without its dots: a header, a claim, a signature.
const GLUED_CHARS_MIN: usize = 60;
/// Longest mark before a line.
const MARK_BYTES_MAX: usize = 4;
/// Shortest object that a line of the smallest width ends in.
const OBJECT_CHARS_MIN: usize = 60;
/// Longest padding (RFC 4648 §4).
const PADDING_CHARS_MAX: usize = 2;
/// Shortest signature by name: 128 bits.
const SIGNATURE_CHARS_MIN: usize = 22;
/// Lengths of encrypted keys: by AES key wrap (RFC 7518 §4.4) of keys of 16, 24, 32, 48 and 64 bytes, by RSA of 2048 to 4096 bits.
const KEY_CHARS: [usize; 8] = [32, 43, 54, 75, 96, 342, 512, 683];
/// Characters of a payload that show whether it is text.
const HEAD_CHARS: usize = 64;

/// The parts of tokens, joined by dots; one token for each line of the view. `None`: no header is followed by its parts.
pub(crate) fn parted(text: &[u8]) -> Option<View> {
    let mut view = View::with_gaps();
    let mut from = 0;
    // Base64 that begins like an object, and not within a longer text.
    for chars in long_runs(text, HEADER_CHARS_MIN - PADDING_CHARS_MAX, is_base64) {
        let end = chars.end + padding_len(text, chars.end);
        let head = opening(text, &chars)..end;
        // A path may go on behind it.
        let own = || memchr::memchr(b'/', &text[head.start..chars.end]).filter(|_| head.start > chars.start);
        let run = head.start..own().map_or(chars.end, |len| head.start + len);
        if run.start >= from
            && let Some(value) = glued(text, &run)
        {
            from = run.end;
            view.append(value);
            continue;
        }
        if head.start < from || !is_opening(text, head.start) || !goes_on(text, head.end) {
            continue;
        }
        let Some(header) = header(text, &head) else { continue };
        let mut value = view_of(text, &head);
        let end = if header.get("enc").is_some() {
            encrypted(text, &header, head.end, &mut value)
        } else {
            let end = signed(text, &header, head.end, &mut value);
            bound(text, end).map_or(end, |header| signed(text, &header, end, &mut value))
        };
        if value.is_joined() {
            value.push(b'\n', end, end);
            view.append(value);
            from = end;
        }
    }
    view.is_joined().then_some(view)
}

/// The parts of a token whose dots are gone: a header that is all there and what stands right behind it, of which its algorithms tell
/// the lengths. `None`: the run is none.
fn glued(text: &[u8], run: &Range<usize>) -> Option<View> {
    if run.len() < GLUED_CHARS_MIN || !is_opening(text, run.start) || !may_be_head(text, run.start) {
        return None;
    }
    let chars = &text[run.clone()];
    let (head, _) = leading_object(&chars[..chars.len().min(HEADER_CHARS_MAX)])?;
    let header = header(text, &(run.start..run.start + head))?;
    let rest = chars.len() - head;
    let lens = if header.get("enc").is_some() { sealed_lens(&header, rest)? } else { signed_lens(&header, &chars[head..])? };
    let mut value = view_of(text, &(run.start..run.start + head));
    let mut at = run.start + head;
    for len in lens {
        value.push(b'.', at, at);
        if len > 0 {
            value.join(text, at..at + len, len, true);
        }
        at += len;
    }
    value.push(b'\n', at, at);
    Some(value)
}

/// How many characters the object has that begins a run, where more of the run follows, and whether it has the name of an algorithm.
fn leading_object(chars: &[u8]) -> Option<(usize, bool)> {
    let skimmed = json::skim(&decode(chars), &HEADER_NAMES);
    let Status::Complete { end } = skimmed.status else { return None };
    Some(((end * 4).div_ceil(3), skimmed.named)).filter(|(len, _)| *len < chars.len())
}

/// The lengths of a payload and a signature that stand behind each other.
fn signed_lens(header: &Value, chars: &[u8]) -> Option<Vec<usize>> {
    let alg = header.get("alg").and_then(Value::as_str);
    let (payload, is_header) = if is_opening(chars, 0) { leading_object(chars) } else { None }?;
    let signature = chars.len() - payload;
    (!is_header && signature_fits(alg, signature) && is_dense(&chars[payload..])).then(|| vec![payload, signature])
}

/// The lengths of an encrypted key, an IV, a ciphertext and a tag (RFC 7518 §4 and §5) that make `all` characters.
fn sealed_lens(header: &Value, all: usize) -> Option<Vec<usize>> {
    let name = |of: &str| header.get(of).and_then(Value::as_str);
    let (alg, enc) = (name("alg")?, name("enc")?);
    let (content_key, iv, tag) = match enc {
        "A128GCM" => (16, 16, 22),
        "A192GCM" => (24, 16, 22),
        "A256GCM" => (32, 16, 22),
        "A128CBC-HS256" => (32, 22, 22),
        "A192CBC-HS384" => (48, 22, 32),
        "A256CBC-HS512" => (64, 22, 43),
        _ => return None,
    };
    let key = match alg {
        "dir" | "ECDH-ES" => 0,
        _ if alg.starts_with("RSA") => 342,
        _ if alg.ends_with("GCMKW") => (content_key * 4usize).div_ceil(3),
        _ => ((content_key + 8) * 4usize).div_ceil(3),
    };
    let ciphertext = all.checked_sub(key + iv + tag).filter(|&len| len > 0)?;
    Some(vec![key, iv, ciphertext, tag])
}

/// Where base64 begins like an object, behind the path or the sign of a difference that it is glued to. Headers have neither sign
/// (RFC 7515 §2).
fn opening(text: &[u8], chars: &Range<usize>) -> usize {
    if is_opening(text, chars.start) {
        return chars.start;
    }
    let behind_sign = |sign: usize| chars.start + sign + 1;
    let mut behind = memchr::memchr2_iter(b'/', b'+', &text[chars.clone()]).map(behind_sign);
    let is_marked = || text[chars.clone()].starts_with(b"-") && is_line_mark(text, chars.start + 1);
    behind.find(|&at| is_opening(text, at)).unwrap_or_else(|| chars.start + usize::from(is_marked()))
}

/// What stands before `at` in its line is no more than the mark of a difference or of a quotation.
fn is_line_mark(text: &[u8], at: usize) -> bool {
    let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
    at - start <= MARK_BYTES_MAX && text[start..at].iter().all(|b| b"+->| \t".contains(b))
}

fn view_of(text: &[u8], range: &Range<usize>) -> View {
    let mut view = View::with_gaps();
    view.copy(text, range.clone());
    view
}

/// The base64 that begins at `at`, and its padding.
fn run(text: &[u8], at: usize) -> Range<usize> {
    let end = at + head_len(&text[at..]);
    at..end + padding_len(text, end)
}

/// The header that is all of `head`.
fn header(text: &[u8], head: &Range<usize>) -> Option<Value> {
    if !(HEADER_CHARS_MIN..=HEADER_CHARS_MAX).contains(&head.len()) || !may_be_head(text, head.start) {
        return None;
    }
    let header = json::parse(&object(&text[head.clone()]).filter(|object| object.is_header)?.bytes).value;
    HEADER_NAMES.iter().any(|name| matches!(header.get(name), Some(Value::String(_)))).then_some(header)
}

/// A JSON object that was base64.
struct Object {
    bytes: Vec<u8>,
    /// It has the name of an algorithm, as headers have.
    is_header: bool,
}

/// The header of a key binding JWT (RFC 9901 §4.3) that ends at `end` behind disclosures: its other parts follow.
fn bound(text: &[u8], end: usize) -> Option<Value> {
    let start = end - text[..end].iter().rev().take(HEADER_CHARS_MAX).take_while(|&&b| is_base64(b)).count();
    if text[..start].ends_with(b"~") { header(text, &(start..end)) } else { None }
}

/// The JSON object that all of the characters stand for.
fn object(chars: &[u8]) -> Option<Object> {
    let bytes = decode(chars);
    let skimmed = json::skim(&bytes, &HEADER_NAMES);
    let whole = matches!(skimmed.status, Status::Complete { end } if bytes[end..].iter().all(u8::is_ascii_whitespace));
    (whole && bytes.trim_ascii_start().starts_with(b"{")).then_some(Object { bytes, is_header: skimmed.named })
}

/// Something stands behind a header that ends at `head` that may be its payload, its key or its IV: no whole token does.
fn goes_on(text: &[u8], head: usize) -> bool {
    if text.get(head) == Some(&b'.') { text.get(run(text, head + 1).end) != Some(&b'.') } else { next(text, head).is_some() }
}

/// The next run that is no word, behind what parts it from the one that ends at `end`.
fn next(text: &[u8], end: usize) -> Option<Range<usize>> {
    let mut at = end;
    let mut ends = 0;
    while at < text.len() && at - end <= GAP_BYTES_MAX {
        if !is_base64(text[at]) {
            ends += usize::from(text[at] == b'\n');
            // A line of something else, or what belongs to something else.
            if ends > 2 {
                return None;
            }
            at += 1;
            continue;
        }
        let part = run(text, at);
        if part.len() >= FRAGMENT_PART_CHARS_MIN {
            // What has a dot before it belongs to what stands before that, if anything does.
            let is_apart = text[at - 1] != b'.' || at == end + 1 || text[at - 2].is_ascii_whitespace() || is_line_mark(text, at - 1);
            return is_apart.then_some(part);
        }
        at = part.end;
    }
    None
}

/// Appends the payload and the signature of a JWS; returns where they end.
fn signed(text: &[u8], header: &Value, head: usize, value: &mut View) -> usize {
    // The signing input (RFC 7515 §5.1) may be in one piece.
    let whole = text.get(head) == Some(&b'.');
    let payload = if whole { Some(run(text, head + 1)) } else { next(text, head) };
    let Some(payload) = payload.filter(|p| !whole || text.get(p.end) != Some(&b'.')) else { return head };
    let claims = if is_opening(text, payload.start) { object(&text[payload.clone()]) } else { None };
    // Two headers in a row are no token. Claims make a payload of what has the name of an algorithm.
    let is_header = |object: &Object| object.is_header && !json::skim(&object.bytes, &REGISTERED_CLAIMS).named;
    if claims.as_ref().is_some_and(is_header) {
        return head;
    }
    let claims = claims.is_some();
    let signature = signature(text, header, payload.end);
    // Text that is no claim set (RFC 7515 §4.1.10) is a payload where a signature follows.
    let bytes = decode(&text[payload.start..payload.end.min(payload.start + HEAD_CHARS)]);
    if !claims && (whole || signature.is_none() || !is_readable(&bytes)) {
        return head;
    }
    push_dot(text, value, head, payload.start);
    if whole {
        value.copy(text, payload.clone());
    } else {
        value.join(text, payload.clone(), payload.len(), claims);
    }
    let Some((signature, named)) = signature else { return payload.end };
    push_dot(text, value, payload.end, signature.start);
    value.join(text, signature.clone(), signature.len(), named);
    signature.end
}

/// Appends the dot between a part that ends at `end` and the next one: its own, if that has one before it.
fn push_dot(text: &[u8], value: &mut View, end: usize, next: usize) {
    let dot = if text[end..next].ends_with(b".") { next - 1..next } else { end..end };
    value.push(b'.', dot.start, dot.end);
}

/// The signature behind a payload that ends at `end`, with disclosures (RFC 9901 §4), and whether it is called one.
fn signature(text: &[u8], header: &Value, end: usize) -> Option<(Range<usize>, bool)> {
    let part = next(text, end + usize::from(text.get(end) == Some(&b'.')))?;
    let label = text[end..part.start].to_ascii_lowercase();
    let named = memchr::memmem::find(&label, b"sig").is_some() && part.len() >= SIGNATURE_CHARS_MIN;
    if !named && is_of_others_line(text, end, part.start) {
        return None;
    }
    let fits = |part: &Range<usize>| {
        let chars = text[part.clone()].iter().filter(|&&b| b != b'=').count();
        signature_fits(header.get("alg").and_then(Value::as_str), chars)
    };
    // A path may go on behind it.
    let slash = memchr::memchr(b'/', &text[part.clone()]).map_or(part.end, |len| part.start + len);
    let part = Some(part.start..slash).filter(|before| !fits(&part) && fits(before)).unwrap_or(part);
    if !(named || fits(&part)) || !is_dense(&text[part.clone()]) {
        return None;
    }
    let behind = &text[part.end..];
    let rest =
        if behind.first() == Some(&b'~') { behind.iter().take_while(|&&b| b == b'~' || b == b'.' || is_base64(b)).count() } else { 0 };
    Some((part.start..part.end + rest, named))
}

/// Words before a part in a line of its own, at most: a name, and what opens the value.
const LABEL_WORDS_MAX: usize = 2;

/// A part stands in another line than the one before it, which ends at `end`, behind more than a name, and that line does not begin
/// like the other: it says something of its own (`example.org/worker v2.22.9 h1:…`).
fn is_of_others_line(text: &[u8], end: usize, part: usize) -> bool {
    let Some(own) = memchr::memrchr(b'\n', &text[end..part]).map(|at| end + at + 1) else { return false };
    let above = memchr::memrchr(b'\n', &text[..end]).map_or(0, |at| at + 1);
    let words = text[own..part].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
    words > LABEL_WORDS_MAX && !begin_alike(&text[own..part], &text[above..end])
}

/// Appends key, IV, ciphertext and tag of a JWE (RFC 7516 §7.1) if all of them are there; returns where they end.
fn encrypted(text: &[u8], header: &Value, head: usize, value: &mut View) -> usize {
    // What has its dots is somebody else's to read.
    if text.get(head) == Some(&b'.') {
        return head;
    }
    let parts = || {
        let agreed = matches!(header.get("alg").and_then(Value::as_str), Some("dir" | "ECDH-ES"));
        let key = if agreed { head..head } else { next(text, head)? };
        let iv = next(text, key.end).filter(|iv| matches!(iv.len(), 16 | 22 | 24))?;
        let ciphertext = next(text, iv.end)?;
        let tag = next(text, ciphertext.end).filter(|tag| matches!(tag.len(), 22 | 24 | 32 | 43 | 44))?;
        Some([key, iv, ciphertext, tag])
    };
    let Some(parts) = parts() else { return head };
    let mut end = head;
    for part in parts {
        value.push(b'.', end, end);
        if !part.is_empty() {
            value.join(text, part.clone(), part.len(), false);
        }
        end = part.end;
    }
    end
}

/// True for a line that ends in a header, a claim set or a signing input: the next line may hold the next part.
#[must_use]
pub fn ends_in_part(line: &[u8]) -> bool {
    let run = last_run(line);
    let part = &run[opening(run, &(0..run.len()))..];
    let opens = part.len() >= HEADER_CHARS_MIN && part.len() <= HEADER_CHARS_MAX && is_opening(part, 0);
    opens && object(part).is_some()
}

/// True for a value that ends in the base64 of an object which is all there, and which is no part of a token as far as its members say:
/// what stands in the next line is none of it.
pub(crate) fn ends_in_object(value: &[u8]) -> bool {
    let bare = &value[..value.iter().rposition(|&b| b != b'=').map_or(0, |last| last + 1)];
    let start = bare.len() - tail_len(bare);
    let part = &bare[start..];
    let is_own = |object: &Object| object.is_header || json::skim(&object.bytes, &REGISTERED_CLAIMS).named;
    let opens = start.checked_sub(1).is_none_or(|before| bare[before] != b'.') && part.len() >= OBJECT_CHARS_MIN && is_opening(part, 0);
    opens && object(part).is_some_and(|object| !is_own(&object))
}

/// True for a line below the header of a JWE (`before`), for one that ends in what may be an IV, with an encrypted key or nothing
/// before it, and for a ciphertext behind an IV: the next line may hold the next part.
#[must_use]
pub fn ends_in_cipher_part(before: &[u8], line: &[u8]) -> bool {
    // Of the line's own part it matters whether it is as long as an IV, and whether it is long.
    let (above, part) = (last_run(before), last_run_within(line, IV_CHARS_MAX + 1));
    let is_iv = |part: &[u8]| matches!(part.len(), 16 | 22) && has_both_cases(part);
    // An agreed key is an empty part, perhaps with a name.
    let empty = || before.trim_ascii_end().last().is_none_or(|b| b":=\"',.".contains(b));
    let behind_key = || above.is_empty() && empty() || KEY_CHARS.contains(&above.len());
    is_iv(part) && behind_key() || is_iv(above) && part.len() >= FRAGMENT_PART_CHARS_MIN || is_encrypted(above)
}

/// Most characters of an IV in base64.
const IV_CHARS_MAX: usize = 22;
const _: () = assert!(FRAGMENT_PART_CHARS_MIN <= IV_CHARS_MAX);

/// The header of a JWE.
fn is_encrypted(part: &[u8]) -> bool {
    let may_be = (HEADER_CHARS_MIN..=HEADER_CHARS_MAX).contains(&part.len()) && is_opening(part, 0);
    may_be && object(part).is_some_and(|header| json::skim(&header.bytes, &["enc"]).named)
}

/// The base64 at the end of a line, before what closes it.
fn last_run(line: &[u8]) -> &[u8] {
    last_run_within(line, line.len())
}

/// The same, no more than so many of its last characters.
fn last_run_within(line: &[u8], most: usize) -> &[u8] {
    let closes = |b: &u8| matches!(b, b'"' | b'\'' | b'`' | b',' | b';' | b')' | b']' | b'}' | b'=' | b' ' | b'\t' | b'\r' | b'\n');
    let end = line.iter().rposition(|b| !closes(b)).map_or(0, |i| i + 1);
    &line[end - tail_len(&line[end.saturating_sub(most)..end])..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "eyJhbGciOiJIUzI1NiJ9";
    const CLAIMS: &str = "eyJzdWIiOiJhbGljZSJ9";

    fn check(text: &str, want: Option<&str>) {
        let view = parted(text.as_bytes());
        assert_eq!(view.map(|v| String::from_utf8_lossy(&v.text).into_owned()).as_deref(), want, "{text}");
    }

    #[test]
    fn parts_of_one_token_and_others() {
        let s = "Ab1".repeat(15)[..43].to_owned();
        let whole = format!("{HEAD}.{CLAIMS}.{s}\n");
        for text in [
            format!("{HEAD}\n{CLAIMS}\n{s}\n"),
            format!("header: {HEAD}\npayload: {CLAIMS}\nsignature: {s}\n"),
            format!("header={HEAD} payload={CLAIMS} signature={s} n=1"),
            format!("input: {HEAD}.{CLAIMS}\nsignature: {s}\n"),
            format!("2026-11-23 DEBUG t: {HEAD}\n2026-11-23 DEBUG t: {CLAIMS}\n2026-11-23 DEBUG t: {s}\n"),
        ] {
            check(&text, Some(&whole));
        }
        check(&format!("{HEAD}\n{CLAIMS}\nnext line\n"), Some(&format!("{HEAD}.{CLAIMS}\n")));
        check(&format!("{HEAD}\n{CLAIMS}\n{}\n", &s[1..]), Some(&format!("{HEAD}.{CLAIMS}\n")));
        let dir = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0";
        let (iv, tag, c) = ("AAECAwQFBgcICQoL", "yMnKy8zNzs_Q0dLT1NXW1w", "x9X".repeat(30));
        check(&format!("['{dir}', '', '{iv}', '{c}', '{tag}']"), Some(&format!("{dir}..{iv}.{c}.{tag}\n")));
        check(&format!("{dir}\n\n{iv}\n{c}\n{tag}"), Some(&format!("{dir}..{iv}.{c}.{tag}\n")));
        for text in
            [format!("{HEAD}.{CLAIMS}.{s}"), format!("{HEAD}\nnext line\n"), format!("{HEAD}\n{HEAD}\n"), format!("{dir}\n{iv}\n{tag}\nx")]
        {
            check(&text, None);
        }
    }
}
