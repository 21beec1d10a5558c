//! The closer look at a stretch of text, written once over a vector of bytes ([`Bytes`]).

use crate::look::{FILLER, Look};

/// Bytes that one [`Look`] is about.
pub(crate) const STEP: usize = 64;
/// What it may read: the two bytes after the step belong to triples that begin in it.
pub(crate) const WINDOW: usize = STEP + 2;

/// A back end's entry point: appends one [`Look`] for each 64 bytes of the text.
///
/// # Safety
/// The processor must have the features that the back end is built for; [`crate::Backend`] checks that.
pub(crate) type LookFn = unsafe fn(text: &[u8], looks: &mut Vec<Look>);

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

/// # Safety
/// The processor must have the features of `V`.
#[inline(always)]
pub(crate) unsafe fn look<V: Bytes>(text: &[u8], looks: &mut Vec<Look>) {
    let mut rest = text;
    while let Some(window) = rest.first_chunk::<WINDOW>() {
        // SAFETY: the caller vouches for the features of `V`.
        looks.push(unsafe { step::<V>(window) });
        rest = rest.get(STEP..).unwrap_or_default();
    }
    while !rest.is_empty() {
        let mut window = [FILLER; WINDOW];
        window.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        // SAFETY: the caller vouches for the features of `V`.
        looks.push(unsafe { step::<V>(&window) });
        rest = rest.get(STEP..).unwrap_or_default();
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
        // `ey` with `A B C H I J K @`; `ew` with `k o 0`.
        let object = b.is(b'y').and(c.with(0x0b).is(0x4b)).or(b.is(b'w').and(c.with(0x04).is(b'o').or(c.is(b'0'))));
        // `V1`, `V3`, `V5`, `V7`; `ld`, `le` with `U 2 z`; `ZX`.
        let second = a.is(b'V').and(b.with(0x06).is(b'7'));
        let third = a.is(b'l').and(b.with(0x01).is(b'e')).and(c.is(b'U').or(c.is(b'2')).or(c.is(b'z')));
        let base64 = a.is(b'Z').and(b.is(b'X')).or(second).or(third);
        let hex = a.is(b'6').and(b.is(b'5')).and(c.is(b'7'));
        let dashes = a.is(b'-').and(b.is(b'-')).and(c.is(b'-'));
        let key_type = a.is(b'k').and(b.is(b't')).and(c.is(b'y'));
        // NUL between two bytes above it.
        let wide = b.is(0).and(a.within(1, 0x7f)).and(c.within(1, 0x7f));
        a.is(b'e').and(object).or(base64).or(hex).or(dashes).or(key_type).or(wide)
    }
}
