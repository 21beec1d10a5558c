//! A bounded JSON reader (RFC 8259) for headers and claim sets.
//!
//! Ours, not serde's, for three reasons: a cut document must still give the members that are complete (a token may be
//! cut anywhere), duplicate members must be seen (RFC 7515 §4: they make a header ambiguous), and numbers must keep
//! their text (`1e400` is legal JSON and no date).

mod skim;
mod text;

pub(crate) use skim::{Skimmed, is_one_of, skim, skim_text};
pub use text::Text;

use text::Said;

/// Deepest nesting that is read.
pub const DEPTH_MAX: usize = 16;
/// Most members of one object, or elements of one array, that are read.
pub const MEMBERS_MAX: usize = 256;

/// Members that most objects have no more of: room for them is made at once.
const MEMBERS_FEW: usize = 12;

/// A JSON value. Objects keep the order and the duplicates of the text.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written.
    Number(Text),
    /// A string, unescaped. Lone surrogates and invalid UTF-8 become U+FFFD.
    String(Text),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(Vec<(Text, Value)>),
}

impl Value {
    /// The member of an object with this name (the first of duplicates).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// The members of an object; empty for anything else.
    #[must_use]
    pub fn members(&self) -> &[(Text, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }
}

impl std::fmt::Debug for Value {
    /// Names the kind only: values are claims, and claims must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        })
    }
}

/// How far a document could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A whole value; `end` is the number of bytes up to and including its last one.
    Complete {
        /// Bytes read.
        end: usize,
    },
    /// The text ends inside the value; what is read so far is good.
    Cut,
    /// Not JSON at this byte offset.
    Invalid {
        /// Offset of the first byte that does not fit.
        at: usize,
    },
    /// Deeper than [`DEPTH_MAX`] or larger than [`MEMBERS_MAX`].
    Limit,
}

/// What was read of a document.
pub struct Parsed {
    /// The value, or its complete beginning.
    pub value: Value,
    /// How far it could be read.
    pub status: Status,
    /// An object in it has two members of the same name.
    pub duplicates: bool,
}

/// Reads one JSON value at the start of `text`; leading white space is skipped, what follows the value is not looked at.
#[must_use]
pub fn parse(text: &[u8]) -> Parsed {
    let mut reader = Reader::of(text);
    let parsed = reader.document();
    // Most strings are what stands between their quotes: then the document itself is all that they say. Between them all is ASCII.
    if !reader.escaped
        && let Ok(said) = std::str::from_utf8(text.get(..reader.at).unwrap_or_default())
    {
        if let Some(parts) = reader.said {
            parts.fill(said.to_owned());
        }
        return parsed;
    }
    let mut reader = Reader { kept: Some(String::new()), ..Reader::of(text) };
    let parsed = reader.document();
    if let Some(parts) = reader.said {
        parts.fill(reader.kept.unwrap_or_default());
    }
    parsed
}

/// How many plain bytes of a string stand at the beginning of a text. `None`: all of them are.
#[inline(always)]
fn plain_len(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let (whole, rest) = text.as_chunks::<8>();
    for (i, bytes) in whole.iter().enumerate() {
        let word = u64::from_le_bytes(*bytes);
        // The highest bit of a byte that is less; of those above one, where it borrows, it may be wrong. The lowest is right.
        let less = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word & HIGH;
        let found = less(word, 0x20) | less(word ^ (ONES * u64::from(b'"')), 1) | less(word ^ (ONES * u64::from(b'\\')), 1);
        if found != 0 {
            return Some(8 * i + found.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F)).map(|at| text.len() - rest.len() + at)
}

/// True for a text that begins with the end of a string and no escape before it.
pub(crate) fn ends_plain(text: &[u8]) -> bool {
    plain_len(text).is_some_and(|len| text[len] == b'"')
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    duplicates: bool,
    /// Where the value of the first member begins that has one of the names that were asked for.
    first: Option<usize>,
    /// What strings and numbers say, where that is not what stands in the text.
    kept: Option<String>,
    /// There is such a string, and nothing is kept.
    escaped: bool,
    /// What all strings and numbers say, when all is read. `None`: there is none yet.
    said: Option<Said>,
}

type Step = Result<(), Status>;

impl<'a> Reader<'a> {
    fn of(text: &'a [u8]) -> Self {
        Self { text, at: 0, duplicates: false, first: None, kept: None, escaped: false, said: None }
    }

    fn document(&mut self) -> Parsed {
        let mut value = Value::Null;
        let status = match self.value(0, &mut value) {
            Ok(()) => Status::Complete { end: self.at },
            Err(status) => status,
        };
        Parsed { value, status, duplicates: self.duplicates }
    }

    fn peek(&self) -> Result<u8, Status> {
        self.text.get(self.at).copied().ok_or(Status::Cut)
    }

    fn white(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn invalid<T>(&self) -> Result<T, Status> {
        Err(Status::Invalid { at: self.at })
    }

    fn value(&mut self, depth: usize, into: &mut Value) -> Step {
        self.white();
        match self.peek()? {
            b'{' | b'[' if depth >= DEPTH_MAX => Err(Status::Limit),
            b'{' => self.object(depth, into),
            b'[' => self.array(depth, into),
            b'"' => {
                *into = Value::String(self.string()?);
                Ok(())
            }
            b't' => self.word(b"true", Value::Bool(true), into),
            b'f' => self.word(b"false", Value::Bool(false), into),
            b'n' => self.word(b"null", Value::Null, into),
            b'-' | b'0'..=b'9' => self.number(into),
            _ => self.invalid(),
        }
    }

    fn word(&mut self, word: &[u8], value: Value, into: &mut Value) -> Step {
        for &b in word {
            if self.peek()? != b {
                return self.invalid();
            }
            self.at += 1;
        }
        *into = value;
        Ok(())
    }

    fn number(&mut self, into: &mut Value) -> Step {
        let from = self.at;
        let text = self.number_text()?;
        *into = Value::Number(self.text(from, text)?);
        Ok(())
    }

    fn number_text(&mut self) -> Result<&'a [u8], Status> {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
        }
        // A number that touches the end of the text may go on: only a following byte proves it whole.
        if self.at == self.text.len() {
            return Err(Status::Cut);
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        if !digits.first().is_some_and(u8::is_ascii_digit) || digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit() {
            self.at = start;
            return self.invalid();
        }
        Ok(text)
    }

    /// Steps to the next byte of a string that is not plain.
    fn plain(&mut self) -> Result<&'a [u8], Status> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let len = plain_len(rest);
        self.at += len.unwrap_or(rest.len());
        let len = len.ok_or(Status::Cut)?;
        Ok(rest.get(..len).unwrap_or_default())
    }

    /// The text that stands at `from` as it is.
    #[inline]
    fn text(&mut self, from: usize, bytes: &[u8]) -> Result<Text, Status> {
        let (from, to) = match &mut self.kept {
            None => (from, from + bytes.len()),
            Some(kept) => {
                let from = kept.len();
                kept.push_str(&String::from_utf8_lossy(bytes));
                (from, kept.len())
            }
        };
        self.said.get_or_insert_default().part(from, to).ok_or(Status::Limit)
    }

    fn string(&mut self) -> Result<Text, Status> {
        self.at += 1;
        let from = self.at;
        let plain = self.plain()?;
        match self.peek()? {
            b'"' => {
                self.at += 1;
                self.text(from, plain)
            }
            // All is read once more, and kept.
            b'\\' if self.kept.is_none() => {
                self.escaped = true;
                Err(Status::Limit)
            }
            b'\\' => {
                let mut said = plain.to_vec();
                self.unescape(&mut said)?;
                self.text(from, &said)
            }
            _ => self.invalid(),
        }
    }

    /// Reads a string from an escape on.
    fn unescape(&mut self, said: &mut Vec<u8>) -> Step {
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => said.extend_from_slice(self.escape()?.encode_utf8(&mut [0; 4]).as_bytes()),
                _ => return self.invalid(),
            }
            said.extend_from_slice(self.plain()?);
        }
    }

    fn escape(&mut self) -> Result<char, Status> {
        self.at += 1;
        let plain = match self.peek()? {
            c @ (b'"' | b'\\' | b'/') => char::from(c),
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return self.invalid(),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, Status> {
        self.at += 1;
        let mut unit = self.hex4()?;
        if (0xD800..0xDC00).contains(&unit) && self.text.get(self.at..).is_some_and(|t| t.starts_with(b"\\u")) {
            self.at += 2;
            let low = self.hex4()?;
            unit = if (0xDC00..0xE000).contains(&low) { 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00) } else { 0xFFFD };
        }
        Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, Status> {
        let mut n = 0;
        for _ in 0..4 {
            let Some(digit) = (self.peek()? as char).to_digit(16) else { return self.invalid() };
            n = n << 4 | digit;
            self.at += 1;
        }
        Ok(n)
    }

    fn array(&mut self, depth: usize, into: &mut Value) -> Step {
        self.at += 1;
        let mut items = Vec::new();
        let end = self.items(depth, &mut items);
        *into = Value::Array(items);
        end
    }

    fn items(&mut self, depth: usize, items: &mut Vec<Value>) -> Step {
        self.white();
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if items.len() >= MEMBERS_MAX {
                return Err(Status::Limit);
            }
            let mut item = Value::Null;
            let read = self.value(depth + 1, &mut item);
            if read.is_ok() || matches!(item, Value::Object(_) | Value::Array(_)) {
                items.push(item);
            }
            read?;
            if self.comma_or(b']')? {
                return Ok(());
            }
        }
    }

    fn object(&mut self, depth: usize, into: &mut Value) -> Step {
        self.at += 1;
        let mut members = Vec::new();
        let end = self.members(depth, &mut members);
        *into = Value::Object(members);
        end
    }

    /// What a text says that was read.
    fn said_by(&self, text: &Text) -> &[u8] {
        let read = self.kept.as_ref().map_or(self.text, String::as_bytes);
        read.get(text.range()).unwrap_or_default()
    }

    /// Length and first letter of a name: few share both.
    fn bit(&self, name: &Text) -> u64 {
        let name = self.said_by(name);
        1 << ((name.first().map_or(0, |&b| usize::from(b)) * 5 + name.len()) % 64)
    }

    fn members(&mut self, depth: usize, members: &mut Vec<(Text, Value)>) -> Step {
        self.white();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        // The bits of all names: one that has another bit is none of them.
        let mut seen = 0;
        loop {
            if members.len() >= MEMBERS_MAX {
                return Err(Status::Limit);
            }
            self.white();
            if self.peek()? != b'"' {
                return self.invalid();
            }
            let name = self.string()?;
            self.white();
            if self.peek()? != b':' {
                return self.invalid();
            }
            self.at += 1;
            let bit = self.bit(&name);
            self.duplicates |= seen & bit != 0 && members.iter().any(|(n, _)| self.said_by(n) == self.said_by(&name));
            seen |= bit;
            let mut value = Value::Null;
            let read = self.value(depth + 1, &mut value);
            if read.is_ok() || matches!(value, Value::Object(_) | Value::Array(_)) {
                if members.is_empty() {
                    members.reserve(MEMBERS_FEW);
                }
                members.push((name, value));
            }
            read?;
            if self.comma_or(b'}')? {
                return Ok(());
            }
        }
    }

    /// Steps over a comma (false) or the closing byte (true).
    fn comma_or(&mut self, close: u8) -> Result<bool, Status> {
        self.white();
        let b = self.peek()?;
        if b != b',' && b != close {
            return self.invalid();
        }
        self.at += 1;
        Ok(b == close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(text: &str) -> Status {
        parse(text.as_bytes()).status
    }

    #[test]
    fn whole_documents() {
        let p = parse(br#" {"a":[1,-2.5e3,"x\u00e9\ud83d\ude80\n"],"b":{"c":null},"d":true} tail"#);
        assert_eq!(p.status, Status::Complete { end: 65 });
        assert_eq!(p.value.get("b").and_then(|b| b.get("c")), Some(&Value::Null));
        let Some(Value::Array(a)) = p.value.get("a") else { panic!("no array") };
        assert!(a[1] == Value::Number("-2.5e3".into()) && a[2] == Value::String("xé🚀\n".into()));
    }

    #[test]
    fn cut_documents_give_what_is_complete() {
        let p = parse(br#"{"alg":"RS256","kid":"ab"#);
        assert_eq!(p.status, Status::Cut);
        assert_eq!(p.value.members().len(), 1);
        assert_eq!(parse(br#"{"exp":17"#).status, Status::Cut);
    }

    #[test]
    fn what_is_no_json_says_where() {
        for (text, at) in [("{x", 1), ("{\"a\"}", 4), ("{\"a\":01}", 5), ("{\"a\":1,}", 7), ("\"\u{1}\"", 1), ("[1 2]", 3)] {
            assert_eq!(status(text), Status::Invalid { at }, "{text}");
        }
    }

    #[test]
    fn plain_bytes_end_at_the_first_other_one() {
        for byte in 0..=u8::MAX {
            for at in 0..24 {
                let mut text = *b"abcdefg\x80\xffz !#[]~abcdefgh";
                text[at] = byte;
                let is_plain = |b: &u8| !matches!(b, b'"' | b'\\' | 0..=0x1F);
                assert_eq!(plain_len(&text), text.iter().position(|b| !is_plain(b)), "{byte} at {at}");
                // Behind it, what a borrow may reach.
                let mut text = [byte.wrapping_add(1); 24];
                text[at] = byte;
                assert_eq!(plain_len(&text), text.iter().position(|b| !is_plain(b)), "{byte} at {at} among its next");
            }
        }
    }

    #[test]
    fn strings_with_escapes_and_without_utf_8() {
        let check = |text: &[u8], want: &[&str]| {
            let parsed = parse(text);
            let Value::Array(list) = &parsed.value else { panic!("no array") };
            assert_eq!(list.iter().map(|v| v.as_str().unwrap()).collect::<Vec<_>>(), want, "{}", text.escape_ascii());
        };
        check(br#"["a","","bc"]"#, &["a", "", "bc"]);
        check(br#"["a","\u0062\n","","c","\\"]"#, &["a", "b\n", "", "c", "\\"]);
        // Halves of a character, that would be one if they stood together.
        check(b"[\"\xC3\",\"\xA9\",\"\xC3\xA9\"]", &["\u{FFFD}", "\u{FFFD}", "\u{e9}"]);
        check(b"[\"\xC3\\n\xA9\",\"x\"]", &["\u{FFFD}\n\u{FFFD}", "x"]);
        // Behind the value anything may stand.
        check(b"[\"a\"]\xFF", &["a"]);
        // Cut within a character and within an escape.
        check(b"[\"a\",\"\xC3", &["a"]);
        check(b"[\"a\",\"\\u00", &["a"]);
        assert!(parse(br#"{"a":1,"\u0061":2}"#).duplicates);
        assert!(parse(b"{\"\xC3\":1,\"\xFF\":2}").duplicates, "both read as U+FFFD");
        assert!(!parse(b"{\"b\":1,\"ab\":2,\"ba\":3}").duplicates);
    }

    #[test]
    fn limits_and_duplicates() {
        assert_eq!(status(&"[".repeat(10_000)), Status::Limit);
        let many: Vec<String> = (0..300).map(|i| format!("\"m{i}\":1")).collect();
        assert_eq!(status(&format!("{{{}}}", many.join(","))), Status::Limit);
        assert!(parse(br#"{"alg":"none","alg":"RS256"}"#).duplicates);
        assert!(!parse(br#"{"a":{"x":1},"b":{"x":1}}"#).duplicates);
    }
}
