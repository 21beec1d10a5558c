//! The algorithm, once ([`generic`]), and what each instruction set contributes to it.

pub(crate) mod generic;
pub(crate) mod look;
pub(crate) mod scalar;

#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "x86_64")]
pub(crate) mod sse2;

use generic::{Out, State};

/// A back end's entry point: takes `block`, whose first byte has the absolute offset `base`, and brings `state` forward.
///
/// # Safety
/// The processor must have the features that the back end is built for; [`crate::Backend`] checks that.
pub(crate) type Feed = unsafe fn(state: &mut State, block: &[u8], base: u64, out: &mut Out<'_>);

/// The window of a vector at the end of a text: what is not there is `filler`.
pub(crate) fn filled_up<const WINDOW: usize>(rest: &[u8], filler: u8) -> [u8; WINDOW] {
    let mut window = [filler; WINDOW];
    if let Some(to) = window.get_mut(..rest.len()) {
        to.copy_from_slice(rest);
    }
    window
}
