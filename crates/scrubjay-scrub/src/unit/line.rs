//! A line, and what can be seen in one pass over its bytes.

use std::cell::OnceCell;
use std::ops::Range;

use super::line_at;

/// What bytes there are of: each bit is a class of them, and a byte may be of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signs(u32);

impl Signs {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ANY: Self = Self(u32::MAX);
    /// `{`
    pub(super) const BRACE: Self = Self(1 << 0);
    /// ``" ' ` ``
    pub(super) const STRING: Self = Self(1 << 1);
    /// `{ [ } ] ) "`
    pub(super) const JSON: Self = Self(1 << 2);
    /// `" \ &`: what JSON is told by, quotes in escapes included.
    pub(super) const CUT_JSON: Self = Self(1 << 3);
    /// `\ % &`: what may stand for a quote begins with one of them.
    pub(super) const ESCAPE: Self = Self(1 << 4);
    /// NUL, ESC, `<`, and first bytes of characters that show as nothing.
    pub(super) const HIDDEN: Self = Self(1 << 5);
    /// The same, and what may stand for it in escapes.
    pub(super) const HIDING: Self = Self(1 << 6);
    /// `: = > | │`: what stands between a name and its value.
    pub(super) const MEMBER: Self = Self(1 << 7);
    /// `:`
    pub(super) const COLON: Self = Self(1 << 8);
    /// `| │ ┃ ║`
    pub(super) const BAR: Self = Self(1 << 9);
    /// Blank, `:`, `|`: what stands behind the offset of a dump.
    pub(super) const GAP: Self = Self(1 << 10);
    /// `-`
    pub(super) const HYPHEN: Self = Self(1 << 11);
    /// `V`, as in `PRIVATE KEY`.
    pub(super) const KEY: Self = Self(1 << 12);
    /// A carriage return.
    pub(super) const RETURN: Self = Self(1 << 13);
    /// What a run is made of that may go on in the next line.
    pub(super) const PIECE: Self = Self(1 << 14);
    /// The same in escapes.
    pub(super) const ESCAPED_PIECE: Self = Self(1 << 15);
    /// What the beginning of a token is made of, in any writing.
    pub(super) const HEAD: Self = Self(1 << 16);
    /// The parts of a token and their dots.
    pub(super) const TOKEN: Self = Self(1 << 17);
    /// Base64 with its padding (RFC 4648 §4).
    pub(super) const BODY: Self = Self(1 << 18);
    /// Numbers in hex or decimal, and what parts them.
    pub(super) const LIST: Self = Self(1 << 19);
    /// `` \ = ` ^ " ' + & ``: a program's line or string that goes on may end so.
    pub(super) const CONTINUED: Self = Self(1 << 20);
    /// What operators end in that join string literals.
    pub(super) const OPERATOR: Self = Self(1 << 21);

    /// What letters, digits, `-`, `_` and `.` are all of.
    const COMMON: Self = Self::PIECE.or(Self::ESCAPED_PIECE).or(Self::HEAD).or(Self::TOKEN);

    /// What a byte is.
    pub(super) fn of(byte: u8) -> Self {
        OF.get(usize::from(byte)).copied().unwrap_or(Self::NONE)
    }

    /// These and those.
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// All of those are there.
    pub(super) fn hold(self, all: Self) -> bool {
        self.0 & all.0 == all.0
    }

    /// One of those is there.
    pub(super) fn meet(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }
}

/// The bytes of each class.
const CLASSES: [(Signs, &[u8]); 22] = [
    (Signs::BRACE, b"{"),
    (Signs::STRING, b"\"'`"),
    (Signs::JSON, b"{[}])\""),
    (Signs::CUT_JSON, b"\"\\&"),
    (Signs::ESCAPE, b"\\%&"),
    (Signs::HIDDEN, b"\0\x1b<\xc2\xe2\xef"),
    (Signs::HIDING, b"\0\x1b<\xc2\xe2\xef\\%&"),
    (Signs::MEMBER, b":=>|\xe2"),
    (Signs::COLON, b":"),
    (Signs::BAR, b"|\xe2"),
    (Signs::GAP, b" :|"),
    (Signs::HYPHEN, b"-"),
    (Signs::KEY, b"V"),
    (Signs::RETURN, b"\r"),
    (Signs::PIECE, b"-_+/=.~%"),
    (Signs::ESCAPED_PIECE, b"-_+/=.~%\\&#;"),
    (Signs::HEAD, b"-_+/.~%\\&#;"),
    (Signs::TOKEN, b"-_."),
    (Signs::BODY, b"+/="),
    (Signs::LIST, b" ,:\tx"),
    (Signs::CONTINUED, b"\\=`^\"'+&"),
    (Signs::OPERATOR, b".>+|_&~,"),
];

/// [`Signs::of`], worked out.
#[expect(clippy::indexing_slicing, reason = "all of it happens when this is compiled")]
const OF: [Signs; 256] = {
    let letter = Signs::PIECE.or(Signs::ESCAPED_PIECE).or(Signs::HEAD).or(Signs::TOKEN).or(Signs::BODY);
    let mut of = [Signs::NONE; 256];
    let mut class = 0;
    while class < CLASSES.len() {
        let (sign, bytes) = CLASSES[class];
        let mut i = 0;
        while i < bytes.len() {
            let byte = bytes[i] as usize;
            of[byte] = of[byte].or(sign);
            i += 1;
        }
        class += 1;
    }
    let mut byte = 0;
    while byte < of.len() {
        if (byte as u8).is_ascii_alphanumeric() {
            of[byte] = of[byte].or(letter);
        }
        if (byte as u8).is_ascii_hexdigit() {
            of[byte] = of[byte].or(Signs::LIST);
        }
        byte += 1;
    }
    of
};

/// Bytes that are looked at at once.
const STEP: usize = 32;
/// Bytes that are looked at one by one first: most tails are shorter.
const SHORT: usize = 16;

/// Letters, digits, and the signs that are in each class that [`Signs::COMMON`] says: compared, not looked up, they are a few vector
/// operations.
fn are_common(bytes: &[u8; STEP]) -> bool {
    bytes.iter().fold(true, |all, &b| {
        let letter = (b | 0x20).wrapping_sub(b'a') < 26;
        // From the hyphen to the nines, without the slash.
        let digit_or_sign = (b.wrapping_sub(b'-') <= b'9' - b'-') & (b != b'/');
        all & (letter | digit_or_sign | (b == b'_'))
    })
}

/// How many bytes at the end of a text are of a class, no more than `most`.
pub(super) fn tail(text: &[u8], class: Signs, most: usize) -> usize {
    let count = |text: &[u8]| text.iter().rev().take_while(|&&b| Signs::of(b).hold(class)).count();
    let near = text.get(text.len() - text.len().min(most)..).unwrap_or_default();
    let short = count(near.get(near.len() - near.len().min(SHORT)..).unwrap_or_default());
    if short < SHORT {
        return short;
    }
    let is_common = Signs::COMMON.hold(class);
    let are =
        |bytes: &&[u8; STEP]| is_common && are_common(bytes) || bytes.iter().fold(Signs::ANY, |all, &b| all.and(Signs::of(b))).hold(class);
    let whole = STEP * near.as_rchunks::<STEP>().1.iter().rev().take_while(are).count();
    whole + count(near.get(..near.len() - whole).unwrap_or_default())
}

/// One line of a buffer.
pub(super) struct Line<'a> {
    /// With its end.
    pub(super) bytes: &'a [u8],
    /// Without its end and the blanks before that.
    pub(super) text: &'a [u8],
    /// As it stands in the buffer, without its end.
    pub(super) written: &'a [u8],
    /// What follows it in the buffer.
    pub(super) behind: &'a [u8],
    signs: OnceCell<Signs>,
    /// A compact token is in it, once that was asked.
    pub(super) holds_compact: OnceCell<bool>,
}

impl<'a> Line<'a> {
    /// The line at `at` of a buffer.
    pub(super) fn at(buffer: &'a [u8], at: Range<usize>) -> Self {
        Self::of(buffer.get(at.clone()).unwrap_or_default(), buffer.get(at.end..).unwrap_or_default())
    }

    /// The line of these bytes, its end among them, before those.
    pub(super) fn of(bytes: &'a [u8], behind: &'a [u8]) -> Self {
        let text = bytes.trim_ascii_end();
        Self { bytes, text, written: text, behind, signs: OnceCell::new(), holds_compact: OnceCell::new() }
    }

    /// The same line, as it is shown.
    pub(super) fn shown<'b>(&'b self, bytes: &'b [u8]) -> Line<'b> {
        Line { bytes, text: bytes.trim_ascii_end(), signs: OnceCell::new(), holds_compact: OnceCell::new(), ..*self }
    }

    /// The line behind it, if its end is there.
    pub(super) fn next(&self) -> Option<&'a [u8]> {
        self.behind.get(line_at(self.behind, 0)).filter(|next| next.ends_with(b"\n"))
    }

    /// What bytes it has.
    pub(super) fn signs(&self) -> Signs {
        let with = |signs: Signs, bytes: &[u8]| bytes.iter().fold(signs, |signs, &b| signs.or(Signs::of(b)));
        *self.signs.get_or_init(|| {
            // Of a constant length it is a load and a look-up for each byte, and no loop.
            let (whole, rest) = self.bytes.as_chunks::<16>();
            with(whole.iter().fold(Signs::NONE, |signs, bytes| with(signs, bytes)), rest)
        })
    }

    /// The last byte of its text. 0: there is none.
    pub(super) fn last(&self) -> u8 {
        self.text.last().copied().unwrap_or(0)
    }

    /// How many bytes at the end of its text are of a class, no more than `most`.
    pub(super) fn tail(&self, class: Signs, most: usize) -> usize {
        tail(self.text, class, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_is_what_the_table_says() {
        for byte in 0..=u8::MAX {
            assert_eq!(are_common(&[byte; STEP]), Signs::of(byte).hold(Signs::COMMON), "{byte:#x}");
        }
    }

    #[test]
    fn tails_of_every_length_and_class() {
        for class in [Signs::PIECE, Signs::TOKEN, Signs::BODY, Signs::LIST] {
            for (own, other) in [("A", "\""), ("7", "\""), ("-", "\""), ("+", "\""), ("Ab-._", "\""), (" 7", "\""), ("=", "(")] {
                for len in 0..80 {
                    let run: String = own.chars().cycle().take(len).collect();
                    let text = format!("{own}{other}{run}");
                    let want = |most: usize| text.bytes().rev().take(most).take_while(|&b| Signs::of(b).hold(class)).count();
                    for most in [0, 15, 16, 33, 65, text.len()] {
                        assert_eq!(tail(text.as_bytes(), class, most), want(most), "{class:?} of {text}, at most {most}");
                    }
                }
            }
        }
    }
}
