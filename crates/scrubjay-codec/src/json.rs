//! One JSON object (RFC 8259): where it ends, which members it has, and new members put before its last brace.
//!
//! The record's own bytes are never written anew: the order of members, numbers, escapes, blanks and duplicates stay as they are.
//! One pass, no recursion, nothing allocated for a value.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n, take_while1};
use nom::character::complete::{digit1, one_of};
use nom::combinator::{opt, recognize, verify};
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

/// Deepest nesting that is read, the record's own object included. Anything deeper is no record to us.
pub const DEPTH_MAX: u32 = 64;
/// Most names that can be asked for at once.
pub const NAMES_MAX: usize = 64;

/// A line that is one whole JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// Offset of its last `}`, in bytes.
    pub close: usize,
    /// It has no members.
    pub is_empty: bool,
    /// One bit for each name that was asked for.
    taken: u64,
}

impl Object {
    /// True when a member of the object itself has the name at this place of the list that was asked for.
    #[must_use]
    pub fn has(&self, name: usize) -> bool {
        name < NAMES_MAX && self.taken >> name & 1 == 1
    }

    /// The text that adds `members` (`"name":value`, divided by commas) to the object, to be put in at [`Object::close`].
    #[must_use]
    pub fn added(&self, members: &str) -> String {
        if self.is_empty || members.is_empty() { members.to_owned() } else { format!(",{members}") }
    }
}

/// Reads a line that is one whole JSON object, with blanks (RFC 8259 §2) around it or without. `None`: it is anything else,
/// or deeper than [`DEPTH_MAX`].
///
/// `names` are looked for among the names of the object's own members, as they read without their escapes; of more than
/// [`NAMES_MAX`] the rest is not looked for. A name that ends in a dot stands for all names that begin with it.
///
/// ```
/// use scrubjay_codec::json;
///
/// let object = json::object(br#"{"msg": "hi", "\u0061ud": {"sub": 1}}"#, &["aud", "sub"]).unwrap();
/// assert_eq!((object.close, object.has(0), object.has(1)), (36, true, false));
/// assert_eq!(json::object(br#"{"msg": "hi"} and more"#, &[]), None);
/// ```
#[must_use]
pub fn object(line: &[u8], names: &[&str]) -> Option<Object> {
    let mut rest = blanks(line).strip_prefix(b"{")?;
    let mut open = Open::new();
    let mut next = Next::FirstName;
    let (mut taken, mut is_empty) = (0, true);
    loop {
        rest = blanks(rest);
        let (&first, after) = rest.split_first()?;
        let closes = match next {
            Next::FirstName => first == b'}',
            Next::FirstValue => first == b']',
            Next::More => first == if open.is_object() { b'}' } else { b']' },
            Next::Name | Next::Value => false,
        };
        if closes {
            if open.close() {
                let close = line.len() - rest.len();
                return blanks(after).is_empty().then_some(Object { close, is_empty, taken });
            }
            (rest, next) = (after, Next::More);
            continue;
        }
        (rest, next) = match (next, first) {
            (Next::FirstName | Next::Name, _) => {
                let (after, name) = string(rest).ok()?;
                if open.depth == 1 {
                    is_empty = false;
                    taken |= asked_for(name, names);
                }
                (blanks(after).strip_prefix(b":")?, Next::Value)
            }
            (Next::More, b',') => (after, if open.is_object() { Next::Name } else { Next::Value }),
            (Next::More, _) => return None,
            (Next::FirstValue | Next::Value, b'{' | b'[') => {
                open = open.deeper(first == b'{')?;
                (after, if first == b'{' { Next::FirstName } else { Next::FirstValue })
            }
            (Next::FirstValue | Next::Value, _) => (scalar(rest).ok()?.0, Next::More),
        };
    }
}

/// Puts `members` (`"name":value`, divided by commas) into a line that is one whole JSON object: the offset and the text to
/// be put in there. `None`: the line is no such object. Whether a name is there already is for [`object`] to say.
///
/// ```
/// use scrubjay_codec::json::splice;
///
/// assert_eq!(splice(br#"{"a":1}"#, r#""b":2"#), Some((6, r#","b":2"#.to_owned())));
/// assert_eq!(splice(b"{ }", r#""b":2"#), Some((2, r#""b":2"#.to_owned())));
/// assert_eq!(splice(b"[1]", r#""b":2"#), None);
/// ```
#[must_use]
pub fn splice(line: &[u8], members: &str) -> Option<(usize, String)> {
    object(line, &[]).map(|object| (object.close, object.added(members)))
}

/// What the grammar takes next.
#[derive(Clone, Copy)]
enum Next {
    /// A name, or the end of an object that has none.
    FirstName,
    Name,
    /// A value, or the end of an array that has none.
    FirstValue,
    Value,
    /// A comma, or the end of what is open.
    More,
}

/// The objects and arrays that are open: one bit for each, an object's is set.
#[derive(Clone, Copy)]
struct Open {
    bits: u64,
    depth: u32,
}

impl Open {
    fn new() -> Self {
        Self { bits: 1, depth: 1 }
    }

    fn is_object(self) -> bool {
        self.bits & 1 == 1
    }

    fn deeper(self, object: bool) -> Option<Self> {
        (self.depth < DEPTH_MAX).then_some(Self { bits: self.bits << 1 | u64::from(object), depth: self.depth + 1 })
    }

    /// Closes the innermost; true when it was the last.
    fn close(&mut self) -> bool {
        self.bits >>= 1;
        self.depth -= 1;
        self.depth == 0
    }
}

/// A step that gives what it read; why it could not is of no use to anybody.
type Read<'a> = IResult<&'a [u8], &'a [u8], ()>;

fn blanks(text: &[u8]) -> &[u8] {
    let blank: Read<'_> = take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).parse(text);
    blank.map_or(text, |(rest, _)| rest)
}

/// The inside of a string (RFC 8259 §7), which has to be UTF-8 (§8.1).
fn string(text: &[u8]) -> Read<'_> {
    // An ASCII byte is never a part of another character, so each stretch between escapes is UTF-8 by itself.
    let plain = verify(take_while1(|b| b >= 0x20 && b != b'"' && b != b'\\'), |t: &[u8]| std::str::from_utf8(t).is_ok());
    let unicode = preceded(tag("u"), take_while_m_n(4, 4, |b: u8| b.is_ascii_hexdigit()));
    let escape = preceded(tag("\\"), alt((recognize(one_of("\"\\/bfnrt")), unicode)));
    delimited(tag("\""), recognize(many0_count(alt((plain, escape)))), tag("\"")).parse(text)
}

/// A string, a number (RFC 8259 §6) or a literal (§3).
fn scalar(text: &[u8]) -> Read<'_> {
    let exponent = (one_of("eE"), opt(one_of("+-")), digit1);
    let number = recognize((opt(tag("-")), alt((tag("0"), digit1)), opt((tag("."), digit1)), opt(exponent)));
    alt((string, number, tag("true"), tag("false"), tag("null"))).parse(text)
}

/// One bit for each of `names` that the inside of a string reads as.
fn asked_for(raw: &[u8], names: &[&str]) -> u64 {
    let Ok(raw) = std::str::from_utf8(raw) else { return 0 };
    let bits = names.iter().take(NAMES_MAX).enumerate().map(|(i, name)| u64::from(reads_as(raw, name)) << i);
    bits.fold(0, |all, bit| all | bit)
}

fn reads_as(raw: &str, name: &str) -> bool {
    let mut raw = Unescaped(raw);
    let begins = name.chars().all(|c| raw.next() == Some(c));
    begins && (name.ends_with('.') || raw.next().is_none())
}

/// The characters of a string without its escapes. Half of a surrogate pair is U+FFFD.
struct Unescaped<'a>(&'a str);

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.take()? {
            '\\' => Some(match self.take()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => self.code_point(),
                other => other,
            }),
            plain => Some(plain),
        }
    }
}

impl Unescaped<'_> {
    fn take(&mut self) -> Option<char> {
        let mut chars = self.0.chars();
        let first = chars.next();
        self.0 = chars.as_str();
        first
    }

    fn unit(&mut self) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(4)?;
        let unit = u32::from_str_radix(digits, 16).ok()?;
        self.0 = rest;
        Some(unit)
    }

    /// What follows `\u`: a unit of UTF-16, or two of them.
    fn code_point(&mut self) -> char {
        let Some(high) = self.unit() else { return char::REPLACEMENT_CHARACTER };
        if !(0xD800..0xDC00).contains(&high) {
            return char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        let mut ahead = Unescaped(self.0.strip_prefix("\\u").unwrap_or_default());
        match ahead.unit() {
            Some(low @ 0xDC00..0xE000) => {
                self.0 = ahead.0;
                char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => char::REPLACEMENT_CHARACTER,
        }
    }
}

#[cfg(test)]
mod tests;
