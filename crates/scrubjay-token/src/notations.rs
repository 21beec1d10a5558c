//! Keys and tokens that are objects (RFC 7517, RFC 7515 §7.2, RFC 7516 §7.2) and that a program printed in its own notation:
//! member names without quotes, as in `{ kty: 'EC', d: '…' }`, `map[d:… kty:EC]`, `{:d=>"…"}`, `kty=EC&d=…`, YAML, HCL, logfmt; or
//! something around the value, as in `"d": String("…")`, `{"d":{"S":"…"}}`, `{"key":"d","value":{"stringValue":"…"}}`, XML, tables.
//!
//! Such text has no end that could be relied on, so only the values that must not come out are replaced, and only where the
//! key's type stands beside them and they are as long as the type makes them.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::base64::{head_len, padding_len};
use crate::members::KEY;
use crate::objects::{Frame, judge};
use crate::opening::is_opening;
use crate::partials::part;
use crate::token::{Found, Kind};

/// Deepest nesting of brackets that is followed.
const DEPTH_MAX: usize = 64;
/// Longest name of a member, with the path in front of it (`jwk.d`).
const NAME_BYTES_MAX: usize = 64;
/// Most blanks on either side of the sign between a name and its value.
const BLANKS_MAX: usize = 24;
/// Shortest symmetric key, in characters: 80 bits.
const OCTETS_CHARS_MIN: usize = 14;
/// The private number of an elliptic curve (RFC 7518 §6.2.2.1, RFC 8037 §2): 32 to 66 bytes, perhaps without leading zeros.
const CURVE_CHARS: std::ops::RangeInclusive<usize> = 42..=88;
/// Longest frame of a record before what it says, in bytes, with the name of a member.
const FRAME_BYTES_MAX: usize = 2048;
/// Shortest private exponent and shortest prime of RSA: 512 bits.
const EXPONENT_CHARS_MIN: usize = 84;
const PRIME_CHARS_MIN: usize = 42;
/// Shortest signature, in characters.
const PART_CHARS_MIN: usize = 16;

/// Members that are read, the private ones first.
const NAMES: [&str; 19] = [
    "d",
    "k",
    "p",
    "q",
    "dp",
    "dq",
    "qi",
    "priv",
    "payload",
    "signature",
    "ciphertext",
    "encrypted_key",
    "protected",
    "aad",
    "kty",
    "header",
    "iv",
    "tag",
    "crv",
];
/// The names in front, whose values must not come out.
const SECRETS: usize = 14;
/// Names of other members of a key (RFC 7517 §4, RFC 7518 §6, Web Cryptography §16) or a token, and of what is around one.
const OTHERS: [&str; 20] = [
    "n",
    "e",
    "x",
    "y",
    "r",
    "t",
    "oth",
    "pub",
    "use",
    "alg",
    "enc",
    "kid",
    "ext",
    "key_ops",
    "x5u",
    "x5c",
    "x5t",
    "signatures",
    "unprotected",
    "recipients",
];

/// Longest of these names.
const KNOWN_BYTES_MAX: usize = "encrypted_key".len();

/// The known name that this is, in whatever case: languages capitalise the names of fields.
fn known(name: &[u8]) -> Option<&'static str> {
    // Most words are none, and no times and addresses.
    let letter = usize::from(name.first()?.to_ascii_lowercase().wrapping_sub(b'a'));
    let mut may_be = BEGIN.get(letter)? & OF_LENGTH.get(name.len())?;
    while may_be != 0 {
        let known = KNOWN[may_be.trailing_zeros() as usize];
        if known.as_bytes().eq_ignore_ascii_case(name) {
            return Some(known);
        }
        may_be &= may_be - 1;
    }
    None
}

/// All of these names.
const KNOWN: [&str; NAMES.len() + OTHERS.len()] = {
    let mut all = [""; NAMES.len() + OTHERS.len()];
    let mut i = 0;
    while i < all.len() {
        all[i] = if i < NAMES.len() { NAMES[i] } else { OTHERS[i - NAMES.len()] };
        i += 1;
    }
    all
};

/// Which of [`KNOWN`] begin with each letter, as bits.
const BEGIN: [u64; 26] = {
    let mut begin = [0; 26];
    let mut i = 0;
    while i < KNOWN.len() {
        begin[(KNOWN[i].as_bytes()[0] - b'a') as usize] |= 1 << i;
        i += 1;
    }
    begin
};

/// Which of [`KNOWN`] are so long, as bits.
const OF_LENGTH: [u64; KNOWN_BYTES_MAX + 1] = {
    let mut of_length = [0; KNOWN_BYTES_MAX + 1];
    let mut i = 0;
    while i < KNOWN.len() {
        of_length[KNOWN[i].len()] |= 1 << i;
        i += 1;
    }
    of_length
};

/// True for such a name.
pub(crate) fn is_known(name: &[u8]) -> bool {
    known(name).is_some()
}

/// A member of an object, in a notation without quotes around names, or with something around the value.
struct Member {
    name: &'static str,
    value: Range<usize>,
    /// Where what is around the value ends.
    end: usize,
    /// The value is nothing but base64 or a word, and ends where it seems to.
    whole: bool,
    /// The name is a value itself (`{"key":"d","value":…}`): the object of the member is the one around its own.
    paired: bool,
}

/// What is of the name of every key's type, and of the member that every token has, without their first letters.
static TELLING: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| [b"ty".as_slice(), b"TY", b"rotected"].map(Finder::new));

/// Finds what must not come out of `text`, each key or token as one: its values are the pieces.
pub(crate) fn notations(text: &[u8]) -> Vec<Found> {
    if !TELLING.iter().any(|finder| finder.find_iter(text).any(|at| at > 0 && member(text, at - 1).is_some())) {
        return Vec::new();
    }
    let mut reading = Reading { text, open: vec![Object::default()], found: Vec::new(), idle: true };
    reading.read();
    reading.found
}

/// Where the member begins that is all that a record says.
pub(crate) fn lone_member(line: &[u8]) -> Option<usize> {
    let line = &line[..line.len().min(FRAME_BYTES_MAX)];
    memchr::memchr2_iter(b':', b'=', line).find_map(|sign| {
        // Most names are quoted, and most signs are of times and addresses.
        if !line[..sign].last().is_some_and(|b| b.is_ascii_alphabetic() || b.is_ascii_whitespace() || *b == b']') {
            return None;
        }
        let before = line[..sign].trim_ascii_end();
        let before = before.strip_suffix(b"]").unwrap_or(before);
        let len = before.iter().rev().take(NAME_BYTES_MAX).take_while(|b| is_name(**b)).count();
        let at = before.len() - len;
        let member = Some(at).filter(|&at| len > 0 && begins_name(line, at)).and_then(|at| member(line, at))?;
        let value = line.get(member.value.clone()).unwrap_or_default();
        let is_long = member.name.len() > 1 || value.len() >= OCTETS_CHARS_MIN || value == b"AQAB";
        let rest = line.get(member.value.end..).unwrap_or_default();
        let close = rest.iter().take_while(|b| b",;)}]'`".contains(b)).count();
        let ends = matches!(rest[close..].trim_ascii_end().first(), None | Some(b'"' | b'\\' | b'['));
        (is_long && ends).then_some(at)
    })
}

/// True where `line` is a record that says nothing but a member of a key or of a token: the next one may say another.
#[must_use]
pub fn is_member_record(line: &[u8]) -> bool {
    lone_member(line).is_some()
}

/// An object that is open.
#[derive(Default)]
struct Object {
    frame: Frame,
    /// Which of [`NAMES`] it has, as bits.
    has: u32,
    /// It is no more than a name and a value, as a member of the object around it.
    pair: bool,
}

/// One reading of a text.
struct Reading<'a> {
    text: &'a [u8],
    /// The objects that are open; the first one is what stands outside of all brackets.
    open: Vec<Object>,
    found: Vec<Found>,
    /// No member in this line so far.
    idle: bool,
}

impl Reading<'_> {
    fn read(&mut self) {
        let text = self.text;
        let mut at = 0;
        while at < text.len() {
            match text[at] {
                b'[' if in_brackets(text, at) => {}
                b'{' | b'[' | b'(' => self.open_bracket(),
                b'}' | b']' | b')' => self.close(),
                b'\n' => self.line_end(at),
                b if b.is_ascii_alphabetic() && begins_name(text, at) => {
                    if let Some(member) = member(text, at) {
                        at = member.end.max(at + member.name.len());
                        self.add(&member);
                        continue;
                    }
                    at += text[at..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        while !self.open.is_empty() {
            self.judge_last();
        }
    }

    fn open_bracket(&mut self) {
        if self.open.len() == DEPTH_MAX {
            self.open.remove(1);
        }
        self.open.push(Object::default());
    }

    fn close(&mut self) {
        if self.open.len() > 1 {
            self.judge_last();
        }
    }

    /// What stands outside of all brackets goes on in the next line where each line has a member.
    fn line_end(&mut self, at: usize) {
        let is_item = self.text[at + 1..].trim_ascii_start().starts_with(b"- ");
        if std::mem::replace(&mut self.idle, true) && self.open.len() == 1 && !is_item {
            self.begin_anew();
        }
    }

    fn begin_anew(&mut self) {
        self.judge_last();
        self.open.push(Object::default());
    }

    fn add(&mut self, member: &Member) {
        self.idle = false;
        let name = member.name;
        let Some(number) = NAMES.iter().position(|n| *n == name) else { return };
        let bit = 1 << number;
        let is_known = |open: &[Object]| open.last().is_some_and(|object| object.has & bit != 0);
        // Outside of brackets another key begins where a member comes once more.
        if self.open.len() == 1 && is_known(&self.open) && matches!(name, "kty" | "d" | "k" | "payload" | "ciphertext") {
            self.begin_anew();
        }
        let is_new = number < SECRETS || !is_known(&self.open);
        if let Some(object) = self.open.last_mut().filter(|_| member.whole && is_new) {
            object.has |= bit;
            object.pair |= member.paired;
            object.frame.members.push((name, member.value.clone()));
        }
    }

    /// Ends the innermost object. What one of several signatures or recipients has is its object's.
    fn judge_last(&mut self) {
        let Some(Object { frame, pair, .. }) = self.open.pop() else { return };
        if let Some(found) = secrets(self.text, &frame) {
            self.found.push(found);
        } else if let Some(around) = self.open.last_mut() {
            let shared = ["protected", "signature", "encrypted_key", "header"];
            around.frame.members.extend(frame.members.into_iter().filter(|(name, _)| pair || shared.contains(name)));
        }
    }
}

/// What must not come out of an object that is one of ours.
fn secrets(text: &[u8], frame: &Frame) -> Option<Found> {
    let kty = frame.value("kty").map_or(&b""[..], |value| &text[value.clone()]);
    let is_private = |name: &str, len: usize| match (kty, name) {
        (b"oct", "k") => len >= OCTETS_CHARS_MIN,
        (b"EC" | b"OKP", "d") => CURVE_CHARS.contains(&len),
        (b"AKP", "priv") => len >= *CURVE_CHARS.start(),
        (b"RSA", "d") => len >= EXPONENT_CHARS_MIN,
        (b"RSA", "p" | "q" | "dp" | "dq" | "qi") => len >= PRIME_CHARS_MIN,
        _ => false,
    };
    let is_key = frame.members.iter().any(|(name, value)| is_private(name, value.len()));
    let protected = || frame.value("protected").is_some_and(|value| is_opening(text, value.start));
    let is_long = |name| frame.members.iter().any(|(n, value)| *n == name && value.len() >= PART_CHARS_MIN);
    if !is_key && !(protected() && (frame.has("ciphertext") || frame.has("payload") && is_long("signature"))) {
        return None;
    }
    let token = judge(text, frame)?;
    let is_secret = |name: &str, len: usize| match token.kind {
        Kind::Jwk => is_private(name, len),
        _ => !KEY.contains(&name),
    };
    let secret = |name: &str| NAMES[..SECRETS].contains(&name);
    let members = frame.members.iter().filter(|(name, value)| secret(name) && is_secret(name, value.len()) && !value.is_empty());
    let mut pieces: Vec<Range<usize>> = members.map(|(_, value)| value.clone()).collect();
    pieces.sort_unstable_by_key(|piece| piece.start);
    (!pieces.is_empty()).then_some(Found { pieces, token, quote: None, wide: None, from: None })
}

/// What stands before `at` lets a name begin there.
fn begins_name(text: &[u8], at: usize) -> bool {
    at == 0 || b" \t\r\n{[(,;&?|\"'`:.-@%<>".contains(&text[at - 1])
}

/// A name in brackets, as PHP prints it (`[d] => …`).
fn in_brackets(text: &[u8], at: usize) -> bool {
    let len = name_len(text, at + 1);
    len > 0 && text.get(at + 1 + len) == Some(&b']') && sign(text, at + 1 + len).is_some()
}

fn name_len(text: &[u8], at: usize) -> usize {
    text[at..].iter().take(NAME_BYTES_MAX).take_while(|b| is_name(**b)).count()
}

fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

fn blanks(text: &[u8], at: usize) -> usize {
    text[at..].iter().take(BLANKS_MAX).take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Length of a quote at `at`, which may be escaped. 0: there is none.
fn quote_len(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let slashes = rest.iter().take(BLANKS_MAX).take_while(|&&b| b == b'\\').count();
    let quote = usize::from(matches!(rest.get(slashes), Some(b'"' | b'\'' | b'`')));
    if quote > 0 { slashes + quote } else { 0 }
}

/// Where the value begins behind the sign that follows a name at `at` (`:`, `=`, `=>`).
fn sign(text: &[u8], at: usize) -> Option<usize> {
    let at = at + usize::from(text.get(at) == Some(&b']'));
    let at = at + text.get(at..).map_or(0, |_| blanks(text, at));
    let len = match text.get(at..)? {
        [b'=', b'>', ..] => 2,
        [b'=' | b':', ..] => 1,
        _ => return None,
    };
    Some(at + len + blanks(text, at + len))
}

/// As [`sign`], where name and value stand in cells of a table, or the name is a tag.
fn cell_sign(text: &[u8], name: &Range<usize>) -> Option<usize> {
    let before = &text[..name.start];
    if before.ends_with(b"<") && text.get(name.end) == Some(&b'>') {
        return Some(name.end + 1);
    }
    let at = name.end + blanks(text, name.end);
    let rest = text.get(at..)?;
    if rest.starts_with(b"</") {
        // `</td><td>`
        let close = rest.iter().take(NAME_BYTES_MAX).position(|&b| b == b'>')? + 1;
        let open = rest[close..].strip_prefix(b"<").filter(|open| open.first().is_some_and(u8::is_ascii_alphabetic))?;
        return Some(at + close + 2 + open.iter().take(NAME_BYTES_MAX).position(|&b| b == b'>')?);
    }
    let bar = [b"|".as_slice(), "│".as_bytes()].into_iter().find(|bar| rest.starts_with(bar))?;
    let blank = before.iter().rev().take(BLANKS_MAX).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let before = &before[..before.len() - blank];
    let is_cell = before.is_empty() || before.ends_with(b"\n") || before.ends_with(bar);
    is_cell.then(|| at + bar.len() + blanks(text, at + bar.len()))
}

/// Where the value begins behind the quote that closes a name at `at`, and whether name and value are a pair. In quotes a name
/// is JSON's, unless the sign behind it or what is around the value says otherwise ([`crate::objects`] reads that).
fn quoted_sign(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let at = at + quote_len(text, at);
    let erlang = text.get(at..)?.starts_with(b">>");
    let at = at + if erlang { 2 } else { 0 };
    if let Some(value) = sign(text, at) {
        let is_arrow = text[at + blanks(text, at)] == b'=';
        return (is_arrow || erlang || wrapper_len(text, value) > 0).then_some((value, false));
    }
    // `,"value":`
    let rest = text.get(at..)?.strip_prefix(b",")?;
    let at = text.len() - rest.len();
    let at = at + blanks(text, at);
    let name = at + quote_len(text, at);
    let is_value = text.get(name..name + 5).is_some_and(|name| name.eq_ignore_ascii_case(b"value"));
    let end = name + 5;
    is_value.then(|| sign(text, end + quote_len(text, end))).flatten().map(|value| (value, true))
}

/// Length of what is around a value at `at`, up to its quote: `String(`, `{"S":`, `<<`. 0: nothing is.
fn wrapper_len(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    if rest.starts_with(b"<<") {
        return 2;
    }
    let is_object = rest.starts_with(b"{");
    let start = if is_object { 1 + blanks(text, at + 1) } else { 0 };
    let quote = if is_object { quote_len(text, at + start) } else { 0 };
    let name = start + quote;
    let len = rest[name.min(rest.len())..].iter().take(WRAPPER_CHARS_MAX).take_while(|b| b.is_ascii_alphabetic()).count();
    match rest.get(name + len) {
        Some(b'(') if !is_object && len > 0 => len + 1,
        Some(_) if is_object && quote > 0 && len > 0 => {
            let end = at + name + len;
            sign(text, end + quote_len(text, end)).map_or(0, |value| value - at)
        }
        _ => 0,
    }
}

/// Longest name of a type around a value.
const WRAPPER_CHARS_MAX: usize = 16;
/// Most types around one value (`Some(String("…"))`).
const WRAPPERS_MAX: usize = 3;

/// Length of a line end and the indentation behind it.
fn line_break(text: &[u8], at: usize) -> usize {
    let behind = text.get(at..).unwrap_or_default();
    let len = behind.iter().take(BREAK_BYTES_MAX).take_while(|b| b.is_ascii_whitespace()).count();
    if behind[..len].contains(&b'\n') { len } else { 0 }
}

/// Longest line end with the indentation behind it.
const BREAK_BYTES_MAX: usize = 64;

/// The member whose name begins at `at`.
fn member(text: &[u8], at: usize) -> Option<Member> {
    let end = at + name_len(text, at);
    let name = known(&text[at..end])?;
    let bare = || sign(text, end).or_else(|| cell_sign(text, &(at..end))).map(|value| (value, false));
    let (mut start, paired) = if quote_len(text, end) > 0 { quoted_sign(text, end)? } else { bare()? };
    let mut closers = Vec::new();
    while closers.len() < WRAPPERS_MAX
        && let len @ 1.. = wrapper_len(text, start)
    {
        closers.push(match text[start] {
            b'{' => b"}".as_slice(),
            b'<' => b">>",
            _ => b")",
        });
        start += len;
    }
    // Rust prints what is in a type on lines of its own.
    if !closers.is_empty() {
        start += line_break(text, start);
    }
    let quote = quote_len(text, start);
    start += quote;
    let len = head_len(text.get(start..)?);
    let value = start..start + len + padding_len(text, start + len);
    let whole = text.get(value.end).is_none_or(|b| b.is_ascii_whitespace() || b",;&}])>\"'`\\<|".contains(b));
    let mut end = value.end;
    if quote > 0 && !closers.is_empty() {
        end += quote_len(text, end);
    }
    for closer in closers.iter().rev() {
        let comma = usize::from(text.get(end) == Some(&b','));
        let at = match line_break(text, end + comma) {
            0 => end + blanks(text, end),
            len => end + comma + len,
        };
        end = if text[at..].starts_with(closer) { at + closer.len() } else { end };
    }
    Some(Member { name, value, end, whole, paired })
}

/// True for a line that is a member of a key or of a token in such a notation, and nothing else: the next line may be another.
#[must_use]
pub fn is_member_line(line: &[u8]) -> bool {
    // Only such lines may be a container runtime's.
    let part = if line.get(10) == Some(&b'T') || line.starts_with(b"{\"log\"") { part(line) } else { None };
    let line = part.map_or(line, |part| &line[part.text]).trim_ascii_start();
    let line = line.strip_prefix(b"- ").unwrap_or(line);
    // A path in front of the name, or a sign that is a part of it.
    let path = line.iter().take(NAME_BYTES_MAX).take_while(|b| b.is_ascii_alphanumeric() || b"_.-:[{".contains(b)).count();
    let start = line[..path].iter().rposition(|b| b".:[{".contains(b)).map_or(0, |i| i + 1);
    let start = if line[..path].ends_with(b":") { 0 } else { start };
    // Cells, tags and quotes begin lines, too.
    let cell = line.iter().take(BLANKS_MAX).take_while(|b| b"|<\"' \t".contains(b) || "│".as_bytes().contains(b)).count();
    member(line, start).is_some() || cell > 0 && member(line, cell).is_some()
}

/// Longest name of a private member: `priv`.
const KEY_NAME_CHARS_MAX: usize = 4;

/// The letters in which the names of [`KEY`] end, of either case.
pub(crate) static ENDS_NAME: [bool; 256] = {
    let mut ends = [false; 256];
    let mut i = 0;
    while i < KEY.len() {
        if let Some(last) = KEY[i].as_bytes().last() {
            ends[*last as usize] = true;
            ends[last.to_ascii_uppercase() as usize] = true;
        }
        i += 1;
    }
    ends
};

/// The run at `start` may be the value of a key's private member in such a notation: its name stands before it, and the key's
/// type is not far.
pub(crate) fn is_private_value(text: &[u8], start: usize) -> bool {
    let mut before = &text[..start];
    for _ in 0..=WRAPPERS_MAX {
        let is_gap =
            |b: &u8| matches!(b, b' ' | b'\t' | b'\\' | b'"' | b'\'' | b'`' | b':' | b'=' | b',' | b'(' | b'{' | b'<' | b'>' | b'|');
        let gap = before.iter().rev().take(BLANKS_MAX).take_while(|b| is_gap(b)).count();
        let (rest, signs) = before.split_at(before.len() - gap);
        before = rest.strip_suffix("│".as_bytes()).map_or(rest, <[u8]>::trim_ascii_end);
        // What is around a value is in brackets, or named so.
        let is_wrapper = signs.iter().any(|b| matches!(b, b'(' | b'{' | b'<' | b'>' | b'|')) || before.ends_with(b"alue");
        // Most words end in another letter than those names.
        if !is_wrapper && !before.last().is_some_and(|&b| ENDS_NAME[b as usize]) {
            return false;
        }
        let most = if is_wrapper { WRAPPER_CHARS_MAX } else { KEY_NAME_CHARS_MAX + 1 };
        let len = before.iter().rev().take(most).take_while(|b| is_name(**b)).count();
        let at = before.len() - len;
        let is_private =
            (1..=KEY_NAME_CHARS_MAX).contains(&len) && KEY.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(&before[at..]));
        if is_private && begins_name(text, at) && member(text, at).is_some_and(|member| member.value.start == start) {
            let near = &text[start.saturating_sub(FRAME_BYTES_MAX)..text.len().min(start + FRAME_BYTES_MAX)];
            return memchr::memchr2_iter(b'k', b'K', near)
                .any(|at| near[at + 1..].get(..2).is_some_and(|ty| ty.eq_ignore_ascii_case(b"ty")));
        }
        if len == 0 || !is_wrapper {
            return false;
        }
        before = &before[..at];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, secrets: &[&str]) {
        let found = notations(text.as_bytes());
        let pieces: Vec<&str> = found.iter().flat_map(|f| &f.pieces).map(|piece| &text[piece.clone()]).collect();
        assert_eq!(pieces, secrets, "{text}");
    }

    #[test]
    fn names_are_known_in_any_case_and_as_a_whole() {
        for name in KNOWN {
            let title = format!("{}{}", name[..1].to_ascii_uppercase(), &name[1..]);
            for written in [name, &name.to_ascii_uppercase(), &title] {
                assert_eq!(known(written.as_bytes()), Some(name), "{written}");
            }
            for other in [format!("{name}_"), format!("1{name}"), name.replace(|c: char| c.is_ascii_alphabetic(), "z")] {
                assert_eq!(known(other.as_bytes()), None, "{other}");
            }
        }
        assert_eq!((known(b""), known(b"encrypted_keys"), known(b"@")), (None, None, None));
    }

    #[test]
    fn values_that_are_private_and_values_that_are_not() {
        let d = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";
        for text in [
            format!("{{ kty: 'EC', x: '{d}', d: '{d}' }}"),
            format!("{{:d=>\"{d}\", :kty=>\"EC\"}}"),
            format!("%{{crv: \"P-256\", d: \"{d}\", kty: \"OKP\"}}"),
            format!("map[crv:P-256 d:{d} kty:EC x:{d}]"),
            format!("{{kty=EC, key_ops=[sign, verify], d={d}, x={d}}}"),
            format!("key:\n  kty: EC\n  x: {d}\n  d: {d}\nnext: 1\n"),
            format!("level=info kty=EC crv=P-256 d={d} n=1"),
            format!("kty = \"EC\" d = \"{d}\""),
            format!("a=1&kty=EC&d={d}&b=2"),
            format!("Array\n(\n    [kty] => EC\n    [d] => {d}\n)\n"),
            format!("Jwk {{ kty: \"EC\", d: Some(\"{d}\") }}"),
            format!("jwk.kty=EC\njwk.d={d}\n"),
        ] {
            check(&text, &[d]);
        }
        check(&format!("{{kty=EC, x={d}}}, {{d={d}, kty=RSA}}"), &[]);
        check(&format!("kty=EC x={d}\nother line\nd={d}"), &[]);
        check(&format!("{{ kty: 'XY', d: '{d}' }} {{ kty: 'EC', d: 'x' }} {{ kty: 'EC', d: '{d}/a.b' }}"), &[]);
        check(&format!("{{\"kty\":\"EC\",\"d\":\"{d}\"}}"), &[]);
        check(&format!("kty=EC d={d}\nkty=oct k={d}\n"), &[d, d]);
        check("d: 5, k: 'AQIDBAUGBwgJCgsMDQ4PEBES', protected: true, signature: 'AQIDBAUGBwgJCgsMDQ4PEBES'", &[]);
    }

    #[test]
    fn signed_and_encrypted_objects() {
        let (head, payload, long) = ("eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJqbyJ9", "PD0-P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWls");
        check(&format!("{{ payload: '{payload}', protected: '{head}', signature: '{long}' }}"), &[payload, head, long]);
        check(
            &format!(
                "{{ payload: '{payload}', signatures: [ {{ protected: '{head}', signature: '{long}' }}, {{ signature: '{long}' }} ] }}"
            ),
            &[payload, head, long, long],
        );
        check(&format!("map[ciphertext:{long} iv:AAAA protected:{head} tag:BBBB]"), &[long, head]);
        check(&format!("{{protected={head}, recipients=[{{encrypted_key={long}}}], ciphertext={long}, tag=AAAA}}"), &[head, long, long]);
    }

    #[test]
    fn lines_that_are_a_member() {
        for line in [
            "  kty: 'EC',",
            " :d=>\"x\",",
            "  d = \"x\"",
            "- kty: EC",
            "jwk.d=x",
            "    [d] => x",
            "2026-11-23T12:00:00.1Z stdout F   d: 'x',",
        ] {
            assert!(is_member_line(line.as_bytes()), "{line}");
        }
        for line in ["", "INFO d: x", "day: 5", "}", "\"d\": 1", "d", "2026-11-23T12:00:00.1Z stdout F done"] {
            assert!(!is_member_line(line.as_bytes()), "{line}");
        }
    }
}
