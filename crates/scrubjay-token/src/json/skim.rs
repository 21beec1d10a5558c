//! A look at a document of which nothing is kept: most of what looks like one is none.

use super::{DEPTH_MAX, MEMBERS_MAX, Reader, Status, Step, Value, plain_len};

/// What a look at a document says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Skimmed {
    /// As [`super::Parsed::status`].
    pub(crate) status: Status,
    /// The value is an object, or the beginning of one, and has a member with one of the names.
    pub(crate) named: bool,
}

/// What [`super::parse`] would say of `text`, and whether one of these `names` is a member's, at a tenth of the price: nothing is
/// kept. Most of what looks like a document is none.
pub(crate) fn skim(text: &[u8], names: &[&str]) -> Skimmed {
    skim_plain(text, names).unwrap_or_else(|| skim_any(text, names))
}

/// As [`skim`], of any document.
fn skim_any(text: &[u8], names: &[&str]) -> Skimmed {
    let mut reader = Reader::of(text);
    let mut named = false;
    let status = match reader.skim(0, names, &mut named) {
        Ok(()) => Status::Complete { end: reader.at },
        Err(status) => status,
    };
    Skimmed { status, named }
}

/// As [`skim`], of an object as most programs write one: of nothing but strings without escapes, and without a blank; whole, or cut.
/// `None`: it is another.
fn skim_plain(text: &[u8], names: &[&str]) -> Option<Skimmed> {
    let cut = |named| Some(Skimmed { status: Status::Cut, named });
    let mut rest = text.strip_prefix(b"{")?;
    let mut named = false;
    for _ in 0..PLAIN_MEMBERS_MAX {
        let mut parts: [&[u8]; 2] = [b""; 2];
        for (part, before) in parts.iter_mut().zip([&b"\""[..], b":\""]) {
            let Some(string) = rest.strip_prefix(before) else {
                return if before.starts_with(rest) { cut(named) } else { None };
            };
            let Some(len) = plain_len(string) else { return cut(named) };
            rest = string[len..].strip_prefix(b"\"")?;
            *part = &string[..len];
        }
        named |= is_one_of(parts[0], names);
        match *rest {
            [] => return cut(named),
            [b'}', ref behind @ ..] => {
                return Some(Skimmed { status: Status::Complete { end: text.len() - behind.len() }, named });
            }
            [b',', ref behind @ ..] => rest = behind,
            _ => return None,
        }
    }
    None
}

/// The name is one of `names`: most are told by their first byte.
pub(crate) fn is_one_of(name: &[u8], names: &[&str]) -> bool {
    names.iter().any(|one| one.as_bytes().first() == name.first() && one.as_bytes() == name)
}

/// The text that [`super::parse`] would read as the value of the member `name` of a whole document. `None`: there is none.
pub(crate) fn skim_text(text: &[u8], name: &str) -> Option<String> {
    plain_text(text, name).map(str::to_owned).or_else(|| read_text(text, name))
}

fn read_text(text: &[u8], name: &str) -> Option<String> {
    let mut reader = Reader::of(text);
    reader.skim(0, &[name], &mut false).ok()?;
    let at = reader.first.filter(|&at| text.get(at) == Some(&b'"'))?;
    lone_string(text, at)
}

/// The string at `at`, by itself. `None`: it does not end, or is none.
fn lone_string(text: &[u8], at: usize) -> Option<String> {
    let mut reader = Reader { at, kept: Some(String::new()), ..Reader::of(text) };
    reader.string().ok()?;
    reader.kept
}

/// The same, of an object as most programs write one: of nothing but plain strings, without a blank. `None`: it is another, or has no
/// such member.
fn plain_text<'a>(text: &'a [u8], name: &str) -> Option<&'a str> {
    fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
        let text = text.strip_prefix(b"\"")?;
        let len = text.iter().position(|b| !matches!(b, b' '..=b'~') || matches!(b, b'"' | b'\\'))?;
        Some((&text[..len], text[len..].strip_prefix(b"\"")?))
    }
    let mut found = None;
    let mut rest = text.strip_prefix(b"{")?;
    for _ in 0..PLAIN_MEMBERS_MAX {
        let (key, value) = string(rest)?;
        let (value, behind) = string(value.strip_prefix(b":")?)?;
        if found.is_none() && key == name.as_bytes() {
            found = Some(value);
        }
        if behind == b"}" {
            return std::str::from_utf8(found?).ok();
        }
        rest = behind.strip_prefix(b",")?;
    }
    None
}

/// Most members of an object that is read so.
const PLAIN_MEMBERS_MAX: usize = 8;

impl Reader<'_> {
    /// Steps over a string.
    fn skim_string(&mut self) -> Step {
        self.at += 1;
        loop {
            self.plain()?;
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => {
                    self.escape()?;
                }
                _ => return self.invalid(),
            }
        }
    }

    /// Steps over a value. `named` becomes true where a member of it has one of `names`.
    fn skim(&mut self, depth: usize, names: &[&str], named: &mut bool) -> Step {
        self.white();
        match self.peek()? {
            b'{' | b'[' if depth >= DEPTH_MAX => Err(Status::Limit),
            b'{' => self.skim_object(depth, names, named),
            b'[' => self.skim_array(depth),
            b'"' => self.skim_string(),
            b't' => self.word(b"true", Value::Null, &mut Value::Null),
            b'f' => self.word(b"false", Value::Null, &mut Value::Null),
            b'n' => self.word(b"null", Value::Null, &mut Value::Null),
            b'-' | b'0'..=b'9' => self.number_text().map(|_| ()),
            _ => self.invalid(),
        }
    }

    fn skim_array(&mut self, depth: usize) -> Step {
        self.at += 1;
        self.white();
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(());
        }
        for _ in 0..MEMBERS_MAX {
            self.skim(depth + 1, &[], &mut false)?;
            if self.comma_or(b']')? {
                return Ok(());
            }
        }
        Err(Status::Limit)
    }

    fn skim_object(&mut self, depth: usize, names: &[&str], named: &mut bool) -> Step {
        self.at += 1;
        self.white();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        for _ in 0..MEMBERS_MAX {
            self.white();
            if self.peek()? != b'"' {
                return self.invalid();
            }
            let start = self.at;
            self.skim_string()?;
            let name = self.text.get(start + 1..self.at - 1).unwrap_or_default();
            let is_one = if names.is_empty() {
                false
            } else if memchr::memchr(b'\\', name).is_some() {
                // Written in escapes: read as what it says.
                lone_string(self.text, start).is_some_and(|name| names.contains(&name.as_str()))
            } else {
                is_one_of(name, names)
            };
            self.white();
            if self.peek()? != b':' {
                return self.invalid();
            }
            self.at += 1;
            self.white();
            if is_one && self.first.is_none() {
                self.first = Some(self.at);
            }
            let opens = matches!(self.peek(), Ok(b'{' | b'[')) && depth + 1 < DEPTH_MAX;
            let read = self.skim(depth + 1, &[], &mut false);
            // As much of a member as [`Reader::members`] keeps.
            *named |= is_one && (read.is_ok() || opens);
            read?;
            if self.comma_or(b'}')? {
                return Ok(());
            }
        }
        Err(Status::Limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    /// The cheap look and the dear one, on whole documents, on all their beginnings, and on what chance makes of them.
    #[track_caller]
    fn check_skim(text: &[u8]) {
        let names = ["alg", "b", "k\u{e9}y"];
        let read = parse(text);
        let named = read.value.members().iter().any(|(name, _)| names.contains(&name.as_str()));
        assert_eq!(skim(text, &names), Skimmed { status: read.status, named }, "{}", text.escape_ascii());
        for name in names {
            let whole = matches!(read.status, Status::Complete { .. });
            let said = read.value.get(name).and_then(Value::as_str).filter(|_| whole);
            assert_eq!(skim_text(text, name).as_deref(), said, "{name} of {}", text.escape_ascii());
        }
    }

    /// Whatever an object is cut to, both ways of skimming it say the same.
    #[test]
    fn plain_objects_are_skimmed_as_any_other() {
        let mut plain = 0;
        for object in [
            r#"{"alg":"RS256","typ":"at+jwt","kid":"a b"} rest"#,
            r#"{"alg":"","x":"\u0061","enc":"A"}"#,
            r#"{"a":"é","alg" :"x"}"#,
            r#"{"alg":"x","b":{"enc":"y"}}"#,
            r#"{"alg":"x",}"#,
            r#"{"alg":"x"]"#,
            r#"{"":"","alg":7}"#,
            r#"{"1":"","2":"","3":"","4":"","5":"","6":"","7":"","8":"","alg":""}"#,
        ] {
            for len in 0..=object.len() {
                let text = &object.as_bytes()[..len];
                for names in [&["alg", "enc"][..], &[]] {
                    let skimmed = skim_plain(text, names);
                    plain += usize::from(skimmed.is_some());
                    assert!(skimmed.is_none_or(|skimmed| skimmed == skim_any(text, names)), "{}", &String::from_utf8_lossy(text));
                }
            }
        }
        assert!(plain > 300, "{plain}");
    }

    #[test]
    fn what_is_plain_is_what_it_is() {
        for (text, want) in [
            (r#"{"alg":"RS256"}"#, Some("RS256")),
            (r#"{"typ":"JWT","alg":"RS256","kid":"a b"}"#, Some("RS256")),
            (r#"{"alg":"RS256","alg":"none"}"#, Some("RS256")),
            (r#"{"typ":"JWT"}"#, None),
            (r#"{"alg":"RS\u0032"}"#, None),
            (r#"{"alg": "RS256"}"#, None),
            (r#"{"alg":"RS256","n":1}"#, None),
            (r#"{"alg":"RS256"} "#, None),
            (r#"{"alg":"RS256""#, None),
            (r#"{"alg":"RS256","#, None),
            ("{\"alg\":\"\u{e9}\"}", None),
            ("", None),
        ] {
            let plain = plain_text(text.as_bytes(), "alg");
            assert_eq!(plain, want, "{text}");
            assert!(plain.is_none() || plain == read_text(text.as_bytes(), "alg").as_deref(), "{text}");
        }
    }

    #[test]
    fn skimming_says_what_reading_says() {
        let many: Vec<String> = (0..300).map(|i| format!("\"m{i}\":[1]")).collect();
        let texts = [
            r#" {"a":[1,-2.5e3,"x\u00e9\ud83d\ude80\n"],"b":{"c":null},"d":true} tail"#.to_owned(),
            r#"{"\u0061lg":"none","alg":{"x":[{}]}}"#.to_owned(),
            r#"{"k\u00e9y":[false,1,{"a":"b"}],"k":01}"#.to_owned(),
            format!("{{\"x\":{{\"b\":1}},{}}}", many.join(",")),
            format!("[{}]", vec!["0"; 300].join(",")),
            format!("{{\"b\":{}", "[".repeat(20)),
            format!("{{\"b\":{}", "{\"b\":".repeat(20)),
        ];
        for text in &texts {
            for end in 0..=text.len() {
                check_skim(&text.as_bytes()[..end]);
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn skimming_says_what_reading_says_of_anything(text in r#"[{}\[\],:"\\0-9a-f.n\- ultrs]{0,40}"#) {
            check_skim(text.as_bytes());
            check_skim(format!("{{\"alg\":{text}").as_bytes());
        }
    }
}
