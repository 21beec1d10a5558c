//! The closer look at a stretch of text, written once over a vector of bytes ([`Bytes`]).

use std::marker::PhantomData;

use super::filled_up;
use crate::look::{FILLER, GLANCE_BYTES_MAX, Glance, Look};

/// Bytes that one [`Look`] is about.
pub(crate) const STEP: usize = 64;
/// What it may read: the two bytes after the step belong to triples that begin in it.
pub(crate) const WINDOW: usize = STEP + 2;

/// A back end's entry point: appends one [`Look`] for each 64 bytes of the text.
///
/// # Safety
/// The processor must have the features that the back end is built for; [`crate::Backend`] checks that.
pub(crate) type LookFn = unsafe fn(text: &[u8], looks: &mut Vec<Look>);

/// What a glance may read.
pub(crate) const GLANCE_WINDOW: usize = GLANCE_BYTES_MAX + WINDOW - STEP;

/// A back end's entry point: what the first `len` bytes are. `len` is from 1 to [`GLANCE_BYTES_MAX`].
///
/// # Safety
/// As [`LookFn`].
pub(crate) type GlanceFn = unsafe fn(window: &[u8; GLANCE_WINDOW], len: usize) -> Glance;

/// A vector of bytes, each all ones or all zeros once it has been compared.
pub(crate) trait Bytes: Copy {
    /// Bytes of a vector; a divisor of 64.
    const LEN: usize;

    /// # Safety
    /// `LEN` bytes from `at` must be readable; the processor must have the features of the implementation.
    unsafe fn load(at: *const u8) -> Self;
    /// # Safety
    /// The processor must have the features of the implementation; so for all that follow.
    unsafe fn is(self, byte: u8) -> Self;
    /// Bytes from `low` to `high`.
    ///
    /// # Safety
    /// As [`Bytes::is`].
    unsafe fn within(self, low: u8, high: u8) -> Self;
    /// The bytes with these bits set.
    ///
    /// # Safety
    /// As [`Bytes::is`].
    unsafe fn with(self, bits: u8) -> Self;
    /// # Safety
    /// As [`Bytes::is`].
    unsafe fn and(self, other: Self) -> Self;
    /// # Safety
    /// As [`Bytes::is`].
    unsafe fn or(self, other: Self) -> Self;
    /// Bit `i` is set where byte `i` is all ones.
    ///
    /// # Safety
    /// As [`Bytes::is`].
    unsafe fn mask(self) -> u64;
}

/// What looks at one step.
pub(crate) trait Step {
    /// # Safety
    /// The processor must have the features of the implementation.
    unsafe fn step(window: &[u8; WINDOW]) -> Look;
}

/// By comparing, a vector at a time.
pub(crate) struct Compare<V>(PhantomData<V>);

impl<V: Bytes> Step for Compare<V> {
    #[inline(always)]
    unsafe fn step(window: &[u8; WINDOW]) -> Look {
        // SAFETY: the caller vouches for the features of `V`.
        unsafe { step::<V>(window) }
    }
}

/// # Safety
/// The processor must have the features of `S`.
#[inline(always)]
pub(crate) unsafe fn look<S: Step>(text: &[u8], looks: &mut Vec<Look>) {
    let first = looks.len();
    looks.resize(first + text.len().div_ceil(STEP), Look::default());
    let mut rest = text;
    // Written where they belong: where a branch parts the masks from their store (as in `push`), the compiler takes them to
    // pieces, bit by bit.
    for look in looks.iter_mut().skip(first) {
        let filled;
        let window = match rest.first_chunk::<WINDOW>() {
            Some(window) => window,
            None => {
                filled = filled_up(rest, FILLER);
                &filled
            }
        };
        // SAFETY: the caller vouches for the features of `S`.
        *look = unsafe { S::step(window) };
        rest = rest.get(STEP..).unwrap_or_default();
    }
}

/// # Safety
/// The processor must have the features of `S`.
#[inline(always)]
pub(crate) unsafe fn glance<S: Step>(window: &[u8; GLANCE_WINDOW], len: usize) -> Glance {
    let (Some(low), Some(high)) = (window.first_chunk(), window.last_chunk()) else { return Glance::default() };
    // SAFETY: the caller vouches for the features of `S`.
    let low = unsafe { S::step(low) };
    // Bits of bytes that are asked for; `len` is no more than two steps.
    let there = |len: usize| u64::MAX >> (STEP - len.clamp(1, STEP));
    if len <= STEP {
        return joined(low, there(len), Look::default(), 0);
    }
    // SAFETY: as above.
    joined(low, u64::MAX, unsafe { S::step(high) }, there(len - STEP))
}

/// The bytes of two steps that are there.
#[inline(always)]
fn joined(low: Look, in_low: u64, high: Look, in_high: u64) -> Glance {
    let both = |low: u64, high: u64| u128::from(low & in_low) | u128::from(high & in_high) << STEP;
    Glance {
        base64: both(low.base64, high.base64),
        hex: both(low.hex, high.hex),
        text_digit: both(low.text_digit, high.text_digit),
        upper: both(low.upper, high.upper),
        dot: both(low.dot, high.dot),
        hyphen: both(low.hyphen, high.hyphen),
        edge: both(low.edge, high.edge),
        triple: both(low.triple, high.triple),
    }
}

/// # Safety
/// The processor must have the features of `V`.
#[inline(always)]
unsafe fn step<V: Bytes>(window: &[u8; WINDOW]) -> Look {
    let mut look = Look::default();
    for at in (0..STEP).step_by(V::LEN) {
        // SAFETY: the loads begin at most 2 bytes behind a place that has V::LEN of 64 bytes, and the window has 66. The
        // caller vouches for the features of `V`.
        unsafe {
            let from = window.as_ptr().add(at);
            let (a, b, c) = (V::load(from), V::load(from.add(1)), V::load(from.add(2)));
            let lower = a.with(0x20);
            let (upper, digit) = (a.within(b'A', b'Z'), a.within(b'0', b'9'));
            let other = a.is(b'_').or(a.is(b'-')).or(a.is(b'+')).or(a.is(b'/'));
            let base64 = upper.or(a.within(b'a', b'z')).or(digit).or(other);
            let text_digit = a.within(b'2', b'7').or(a.is(b'0'));
            let escape = a.is(b'%').or(a.is(b'\\')).or(a.is(b'&')).or(a.is(b'!'));
            look.base64 |= base64.mask() << at;
            look.hex |= digit.or(lower.within(b'a', b'f')).mask() << at;
            look.text_digit |= text_digit.mask() << at;
            look.upper |= upper.mask() << at;
            look.dot |= a.is(b'.').mask() << at;
            look.equals |= a.is(b'=').mask() << at;
            let odd = a.is(0).or(a.is(0x1b)).or(a.within(0x7f, 0xff));
            look.odd |= odd.mask() << at;
            look.escape |= escape.mask() << at;
            look.hyphen |= a.is(b'-').mask() << at;
            // `A C I K`, `N J`, `k o`, and one by one the rest.
            let pairs = a.with(0x0a).is(b'K').or(a.with(0x04).is(b'N')).or(a.with(0x04).is(b'o'));
            let ones = a.is(b'9').or(a.is(b'0')).or(a.is(b'Q')).or(a.is(b'g')).or(a.is(b'D')).or(a.is(b'e'));
            look.edge |= pairs.or(ones).mask() << at;
            look.triple |= triple(a, b, c).mask() << at;
        }
    }
    look
}

/// Where three bytes may begin something ([`Look::triple`]).
///
/// # Safety
/// The processor must have the features of `V`.
#[inline(always)]
unsafe fn triple<V: Bytes>(a: V, b: V, c: V) -> V {
    // SAFETY: the caller vouches for the features of `V`.
    unsafe {
        // `ey` with `A B C H I J K @`; `ew` with `k o 0`, and with `; ? ` and a backtick.
        let line = c.with(0x04);
        let line = line.is(b'o').or(line.is(b'?')).or(c.is(b'0')).or(c.is(b'`'));
        let object = b.is(b'y').and(c.with(0x0b).is(0x4b)).or(b.is(b'w').and(line));
        // `Z` and `V` with lower nibbles of 1, 3, 5, 7 and 8; `ld`, `le` with `U u Z z 2`.
        let second = a.is(b'Z').or(a.is(b'V')).and(b.with(0x66).is(b'w').or(b.with(0x60).is(b'x')));
        let case = c.with(0x20);
        let third = a.is(b'l').and(b.with(0x01).is(b'e')).and(case.is(b'u').or(case.is(b'z')).or(c.is(b'2')));
        let base64 = second.and(c.within(0, 0x7f)).or(third);
        let hex = a.is(b'6').and(b.is(b'5')).and(c.is(b'7'));
        let dashes = a.is(b'-').and(b.is(b'-')).and(c.is(b'-'));
        let key_type = a.with(0x20).is(b'k').and(b.is(b't')).and(c.is(b'y'));
        // NUL between two bytes above it.
        let wide = b.is(0).and(a.within(1, 0x7f)).and(c.within(1, 0x7f));
        a.is(b'e').and(object).or(base64).or(hex).or(dashes).or(key_type).or(wide)
    }
}

/// The classes as tables, for who can look up nibbles, or bytes.
#[cfg(target_arch = "x86_64")]
mod tables {
    use crate::class::{folded_table, nibble_table};

    /// Bits of [`bits`].
    pub(crate) const IS_BASE64: u8 = 1;
    pub(crate) const IS_HEX: u8 = 2;
    pub(crate) const IS_TEXT_DIGIT: u8 = 4;
    pub(crate) const IS_UPPER: u8 = 8;
    pub(crate) const IS_DOT: u8 = 16;
    pub(crate) const IS_EQUALS: u8 = 32;
    pub(crate) const IS_ODD: u8 = 64;
    pub(crate) const IS_ESCAPE: u8 = 128;

    /// All classes of a byte.
    pub(crate) const fn bits(byte: u8) -> u8 {
        (is_base64(byte) as u8 * IS_BASE64)
            | (is_hex(byte) as u8 * IS_HEX)
            | (is_text_digit(byte) as u8 * IS_TEXT_DIGIT)
            | (is_upper(byte) as u8 * IS_UPPER)
            | ((byte == b'.') as u8 * IS_DOT)
            | ((byte == b'=') as u8 * IS_EQUALS)
            | (is_odd(byte) as u8 * IS_ODD)
            | (is_escape(byte) as u8 * IS_ESCAPE)
    }

    /// Bits of [`more_bits`].
    pub(crate) const IS_HYPHEN: u8 = 1;
    pub(crate) const IS_EDGE: u8 = 2;

    /// The classes that one byte has no room for.
    pub(crate) const fn more_bits(byte: u8) -> u8 {
        ((byte == b'-') as u8 * IS_HYPHEN) | (is_edge(byte) as u8 * IS_EDGE)
    }

    /// Triples as bits, one for each product of three sets, of which each is one of sets of nibbles, or of any byte.
    pub(crate) const fn triple_first(byte: u8) -> u8 {
        match byte {
            b'e' => 0b0000_0011,
            b'l' => 0b0000_1100,
            b'6' => 0b0001_0000,
            b'-' => 0b0010_0000,
            b'k' | b'K' => 0b0100_0000,
            b'Z' | b'V' => 0b1000_0000,
            _ => 0,
        }
    }

    /// See [`triple_first`].
    pub(crate) const fn triple_second(byte: u8) -> u8 {
        // `1357X`, and what has such nibbles.
        let is_other = byte < 0x80 && byte >> 4 & 1 == 1 && matches!(byte & 15, 1 | 3 | 5 | 7 | 8);
        (is_other as u8 * TRIPLES_OF_TWO)
            | match byte {
                b'y' => 0b0000_0001,
                b'w' => 0b0000_0010,
                b'd' | b'e' => 0b0000_1100,
                b'5' => 0b0001_0000,
                b'-' => 0b0010_0000,
                b't' => 0b0100_0000,
                _ => 0,
            }
    }

    /// See [`triple_first`].
    pub(crate) const fn triple_third(byte: u8) -> u8 {
        let any = if byte < 0x80 { TRIPLES_OF_TWO } else { 0 };
        any | match byte {
            b'@'..=b'C' | b'H'..=b'K' => 0b0000_0001,
            b'k' | b'o' | b'0' | b';' | b'?' | b'`' => 0b0000_0010,
            b'U' | b'u' | b'z' | b'Z' => 0b0000_0100,
            b'2' => 0b0000_1000,
            b'7' => 0b0001_0000,
            b'-' => 0b0010_0000,
            b'y' => 0b0100_0000,
            _ => 0,
        }
    }

    /// Those of which the third byte may be any of ASCII.
    pub(crate) const TRIPLES_OF_TWO: u8 = 0b1000_0000;

    const fn is_base64(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/')
    }

    const fn is_text_digit(byte: u8) -> bool {
        matches!(byte, b'0' | b'2'..=b'7')
    }

    const fn is_odd(byte: u8) -> bool {
        matches!(byte, 0 | 0x1b | 0x7f)
    }

    const fn is_escape(byte: u8) -> bool {
        matches!(byte, b'%' | b'\\' | b'&' | b'!')
    }

    const fn is_edge(byte: u8) -> bool {
        matches!(byte, b'e' | b'I' | b'C' | b'D' | b'9' | b'0' | b'Q' | b'K' | b'o' | b'g' | b'A' | b'N' | b'J' | b'k')
    }

    const fn is_hex(byte: u8) -> bool {
        byte.is_ascii_hexdigit()
    }

    const fn is_upper(byte: u8) -> bool {
        byte.is_ascii_uppercase()
    }

    pub(crate) const BASE64: [u8; 16] = nibble_table!(is_base64);
    pub(crate) const HEX: [u8; 16] = nibble_table!(is_hex);
    pub(crate) const TEXT_DIGIT: [u8; 16] = nibble_table!(is_text_digit);
    pub(crate) const UPPER: [u8; 16] = nibble_table!(is_upper);
    pub(crate) const ODD: [u8; 16] = nibble_table!(is_odd);
    pub(crate) const ESCAPE: [u8; 16] = nibble_table!(is_escape);

    pub(crate) const EDGE: [u8; 16] = nibble_table!(is_edge);

    /// By place: by lower and by upper nibble. A triple is where all six entries share a bit.
    pub(crate) const TRIPLES: [[[u8; 16]; 2]; 3] = [
        [folded_table!(16, triple_first, 0), folded_table!(16, triple_first, 4)],
        [folded_table!(16, triple_second, 0), folded_table!(16, triple_second, 4)],
        [folded_table!(16, triple_third, 0), folded_table!(16, triple_third, 4)],
    ];
}
#[cfg(target_arch = "x86_64")]
pub(crate) use tables::*;
