//! Trouble that is waited out is told to a person now and then, not each time.

use std::io::Write;
use std::time::{Duration, Instant};

use scrubjay_pipeline::Problem;

const INTERVAL_MIN: Duration = Duration::from_secs(10);

/// Gives at most one notice in ten seconds.
pub(crate) struct Notices {
    last: Option<Instant>,
    to: Box<dyn Fn(&Problem) + Send>,
}

impl Default for Notices {
    fn default() -> Self {
        Self::to(|problem| {
            // Nobody can be told that nobody can be told.
            let _ = writeln!(std::io::stderr(), "scrubjay: {problem}");
        })
    }
}

impl Notices {
    pub(crate) fn to(to: impl Fn(&Problem) + Send + 'static) -> Self {
        Self { last: None, to: Box::new(to) }
    }

    pub(crate) fn give(&mut self, problem: &Problem, now: Instant) {
        if self.last.is_none_or(|last| now.saturating_duration_since(last) >= INTERVAL_MIN) {
            self.last = Some(now);
            (self.to)(problem);
        }
    }
}
