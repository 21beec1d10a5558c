//! One look at every byte of a text, which says which of the dearer looks can find anything.

use std::sync::LazyLock;

use memchr::{memchr, memchr2};
use scrubjay_scan::{Look, Scanner};

use crate::runs::{long_runs, table_of};
use crate::view::has_control;

/// What a text has.
#[derive(Clone, Copy, Default)]
pub(crate) struct Survey {
    /// A byte that begins an escape (`% \ & !`), or a control character in others.
    pub(crate) escapes: bool,
    /// A control character that is written in letters a token has.
    pub(crate) control: bool,
    /// `=`: quoted-printable, perhaps.
    pub(crate) equals: bool,
    /// NUL: UTF-16, perhaps.
    pub(crate) nul: bool,
    /// A byte with which what shows as nothing may begin.
    pub(crate) odd: bool,
    /// `{`.
    pub(crate) braces: bool,
    /// A line end with something behind it.
    pub(crate) lines: bool,
    /// A quote of either kind.
    pub(crate) quotes: bool,
    /// A run of base64 of either alphabet as long as a line of a key, [`LINE_CHARS`].
    pub(crate) base64_line: bool,
    /// A run of base64 of [`RUN_CHARS`].
    pub(crate) base64: bool,
    /// A run of hex digits of [`RUN_CHARS`].
    pub(crate) hex: bool,
    /// A run of [`RUN_CHARS`] of what lists of numbers are made of.
    pub(crate) list: bool,
}

/// Shortest line of a key's body.
const LINE_CHARS: u32 = crate::analyze::PEM_LINE_CHARS_MIN as u32;
/// Shortest run of base64 or hex, and shortest list, that may hold a token.
const RUN_CHARS: u32 = 32;
const _: () = assert!(
    RUN_CHARS as usize == crate::analyze::BASE64_CHARS_MIN
        && RUN_CHARS as usize == crate::analyze::HEX_DIGITS_MIN
        && RUN_CHARS as usize == crate::analyze::LIST_BYTES_MIN
);

static SCANNER: LazyLock<Scanner> = LazyLock::new(Scanner::new);

impl Survey {
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut looks = Vec::with_capacity(text.len() / 64 + 1);
        SCANNER.look(text, &mut looks);
        Self::of_looks(text, &looks)
    }

    /// Of a text that was looked at.
    pub(crate) fn of_looks(text: &[u8], looks: &[Look]) -> Self {
        let (mut base64, mut hex) = (Runs::default(), Runs::default());
        let mut survey = Self::default();
        let (mut escape, mut equals, mut odd) = (0, 0, 0);
        for look in looks {
            escape |= look.escape;
            equals |= look.equals;
            odd |= look.odd;
            base64.push(look.base64);
            hex.push(look.hex);
            survey.base64_line |= base64.holds(LINE_CHARS);
            survey.base64 |= base64.holds(RUN_CHARS);
            survey.hex |= hex.holds(RUN_CHARS);
        }
        survey.control = has_control(text);
        survey.escapes = escape != 0 || survey.control;
        survey.equals = equals != 0;
        survey.odd = odd != 0 || memchr(b'<', text).is_some();
        survey.nul = odd != 0 && memchr(0, text).is_some();
        survey.braces = memchr(b'{', text).is_some();
        survey.lines = has_lines(text);
        survey.quotes = memchr2(b'"', b'\'', text).is_some();
        survey.list = has_list(text);
        survey
    }
}

/// A line end has something behind it.
pub(crate) fn has_lines(text: &[u8]) -> bool {
    memchr(b'\n', text.strip_suffix(b"\n").unwrap_or(text)).is_some()
}

/// A run of what lists of numbers are made of is long enough to be one.
pub(crate) fn has_list(text: &[u8]) -> bool {
    long_runs(text.strip_suffix(b"\n").unwrap_or(text), RUN_CHARS as usize, is_list).next().is_some()
}

/// What lists of numbers are made of.
fn is_list(b: u8) -> bool {
    LIST[b as usize]
}

static LIST: [bool; 256] = table_of(b"0123456789abcdefABCDEFxX ,:;-\t\r\n");

/// A stream of masks: the last two, of 128 bytes.
#[derive(Default)]
struct Runs(u128);

impl Runs {
    fn push(&mut self, mask: u64) {
        self.0 = self.0 >> 64 | u128::from(mask) << 64;
    }

    /// Whether so many bits in a row are set, at most 64: a power of two.
    fn holds(&self, bits: u32) -> bool {
        let (mut set, mut step) = (self.0, 1);
        while step < bits {
            set &= set >> step;
            step *= 2;
        }
        set != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_seen_at_every_place_and_length() {
        for len in [15, 16, 31, 32, 33, 64, 100] {
            for at in 0..140 {
                let check = |run: &str, fill: &str, survey: fn(Survey) -> [bool; 4], expected: [bool; 4]| {
                    let text = [fill.repeat(at), run.repeat(len), fill.repeat(70)].concat();
                    assert_eq!(survey(Survey::of(text.as_bytes())), expected, "{len} of {run} behind {at}");
                };
                let all = |s: Survey| [s.base64_line, s.base64, s.hex, s.list];
                let (line, whole) = (len >= LINE_CHARS as usize, len >= RUN_CHARS as usize);
                check("g", ".", all, [line, whole, false, false]);
                check("7", ".", all, [line, whole, whole, whole]);
                check(",", ".", all, [false, false, false, whole]);
            }
        }
    }

    #[test]
    fn single_bytes() {
        let has = |text: &str| {
            let s = Survey::of(text.as_bytes());
            [s.escapes, s.equals, s.nul, s.odd, s.braces, s.lines, s.quotes]
        };
        assert_eq!(has("plain text 1.2\n"), [false; 7]);
        assert_eq!(has("a\\b%=\0<{\nb'"), [true; 7]);
        assert_eq!(has("a<b"), [false, false, false, true, false, false, false]);
        assert_eq!(has("a\u{200b}b"), [false, false, false, true, false, false, false]);
    }
}
