//! One look at every byte of a text, which says which of the dearer looks can find anything.

/// What a text has.
#[derive(Clone, Copy, Default)]
pub(crate) struct Survey {
    flags: u8,
    /// Longest run of base64 of either alphabet, in bytes.
    pub(crate) base64: usize,
    /// Longest run of hex digits.
    pub(crate) hex: usize,
    /// Longest run of what lists of numbers are made of.
    pub(crate) list: usize,
}

/// A byte that begins an escape (`% \ & !`).
const ESCAPE: u8 = 1;
/// `=`: quoted-printable, perhaps.
const EQUALS: u8 = 2;
/// NUL: UTF-16, perhaps.
const NUL: u8 = 4;
/// A byte of what shows as nothing.
const ODD: u8 = 8;
/// `{`.
const BRACE: u8 = 16;
/// A line end with something behind it.
const LINES: u8 = 32;
/// A quote of either kind.
const QUOTE: u8 = 64;

/// Per byte: flags in the low bits; base64, hex and list membership in the high ones.
static CLASS: [u16; 256] = classes();

const BASE64: u16 = 1 << 8;
const HEX: u16 = 1 << 9;
const LIST: u16 = 1 << 10;

const fn classes() -> [u16; 256] {
    let mut t = [0u16; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'/') {
            t[i] |= BASE64;
        }
        if b.is_ascii_hexdigit() {
            t[i] |= HEX | LIST;
        }
        if matches!(b, b' ' | b',' | b':' | b';' | b'-' | b'\t' | b'x' | b'X' | b'\r' | b'\n') {
            t[i] |= LIST;
        }
        t[i] |= match b {
            b'%' | b'\\' | b'&' | b'!' => ESCAPE as u16,
            b'=' => EQUALS as u16,
            0 => (NUL | ODD) as u16,
            0x1B | 0x7F | 0xC2 | 0xE2 | 0xE3 | 0xEF | b'<' => ODD as u16,
            b'{' => BRACE as u16,
            b'"' | b'\'' => QUOTE as u16,
            b'\n' => LINES as u16,
            _ => 0,
        };
        i += 1;
    }
    t
}

impl Survey {
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut survey = Self::default();
        let mut flags = 0;
        let (mut base64, mut hex, mut list) = (0, 0, 0);
        for &b in text.strip_suffix(b"\n").unwrap_or(text) {
            let class = CLASS[b as usize];
            flags |= class;
            base64 = if class & BASE64 == 0 { 0 } else { base64 + 1 };
            hex = if class & HEX == 0 { 0 } else { hex + 1 };
            list = if class & LIST == 0 { 0 } else { list + 1 };
            survey.base64 = survey.base64.max(base64);
            survey.hex = survey.hex.max(hex);
            survey.list = survey.list.max(list);
        }
        survey.flags = flags as u8;
        survey
    }

    pub(crate) fn escapes(self) -> bool {
        self.flags & ESCAPE != 0
    }

    pub(crate) fn equals(self) -> bool {
        self.flags & EQUALS != 0
    }

    pub(crate) fn nul(self) -> bool {
        self.flags & NUL != 0
    }

    pub(crate) fn odd(self) -> bool {
        self.flags & ODD != 0
    }

    pub(crate) fn braces(self) -> bool {
        self.flags & BRACE != 0
    }

    pub(crate) fn quotes(self) -> bool {
        self.flags & QUOTE != 0
    }

    pub(crate) fn lines(self) -> bool {
        self.flags & LINES != 0
    }
}
