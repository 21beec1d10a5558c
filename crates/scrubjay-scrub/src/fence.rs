//! What happens where our own code fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use scrubjay_token::Exhausted;

/// What `work` gives; `None`: it panicked. Logs are written by attackers, and a line on which we fail must cost no more than
/// itself: whoever asks withholds it. Builds with debug assertions fail as loudly as ever, so that tests and fuzzing see it.
pub(crate) fn fenced<T>(work: impl FnOnce() -> T) -> Option<T> {
    if cfg!(debug_assertions) { Some(work()) } else { caught(work) }
}

/// What `work` finds, or why it cannot tell: as a marker says it.
pub(crate) fn decided<T>(work: impl FnOnce() -> Result<T, Exhausted>) -> Result<T, &'static str> {
    fenced(work).map_or(Err("error"), |found| found.map_err(|Exhausted| "budget"))
}

fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    // Nothing that is looked at is changed by looking; what a gate keeps for later it clears before each use.
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_no_answer() {
        assert_eq!(caught(|| 1), Some(1));
        assert_eq!(caught(|| [1_usize].get(1).copied().unwrap()), None);
    }
}
