//! Time that has passed, for those verbs that measure it.
//!
//! It knows no time of day. The only place of the command line that reads a clock; unit:
//! microseconds.

use std::time::{Duration, Instant};

/// Begins at its making; copies tell the same time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    pub(super) fn micros(self) -> u64 {
        u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
