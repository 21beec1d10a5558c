//! When to try again: exponential back-off with `now` as an argument.

use std::time::Duration;

/// Limits of a [`Backoff`].
#[derive(Clone, Copy, Debug)]
pub struct BackoffLimits {
    /// Wait before the second try.
    pub first: Duration,
    /// Longest wait between two tries.
    pub wait_max: Duration,
}

impl Default for BackoffLimits {
    fn default() -> Self {
        Self { first: Duration::from_millis(100), wait_max: Duration::from_secs(10) }
    }
}

/// Doubling waits between tries, reset by success. Never gives up by itself: giving up loses data, so it is the
/// caller's decision (a shutdown deadline, say).
#[derive(Debug)]
pub struct Backoff {
    limits: BackoffLimits,
    tries: u32,
}

impl Backoff {
    /// A back-off that has not failed yet.
    #[must_use]
    pub fn new(limits: BackoffLimits) -> Self {
        Self { limits, tries: 0 }
    }

    /// A try failed: how long to wait before the next one.
    pub fn failed(&mut self) -> Duration {
        let wait = self.limits.first.saturating_mul(1u32.checked_shl(self.tries).unwrap_or(u32::MAX));
        self.tries = self.tries.saturating_add(1);
        wait.min(self.limits.wait_max)
    }

    /// A try succeeded: the next failure starts from the first wait again.
    pub fn succeeded(&mut self) {
        self.tries = 0;
    }

    /// Number of failures since the last success.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.tries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_reset() {
        let limits = BackoffLimits { first: Duration::from_millis(100), wait_max: Duration::from_millis(350) };
        let mut b = Backoff::new(limits);
        let waits: Vec<u128> = (0..40).map(|_| b.failed().as_millis()).collect();
        assert_eq!(waits[..4], [100, 200, 350, 350]);
        assert_eq!(waits[39], 350);
        b.succeeded();
        assert_eq!(b.failed(), Duration::from_millis(100));
    }
}
