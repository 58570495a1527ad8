//! The one clock of a broker process.
//!
//! Everything below this room gets time as an argument; this is where it is read. Monotonic
//! milliseconds count from the creation of the clock.

use floodway_message::Now;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Reads the time. Copies agree with each other.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts at zero.
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The time.
    pub fn now(&self) -> Now {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        Now {
            monotonic_ms: self.elapsed_ms(),
            wall_ms: since_1970.map_or(0, |passed| milliseconds(passed) as i64),
        }
    }

    /// Since the start.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Milliseconds since the start.
    pub fn elapsed_ms(&self) -> u64 {
        milliseconds(self.elapsed())
    }

    pub(crate) fn instant(&self, monotonic_ms: u64) -> tokio::time::Instant {
        // A century is far enough, and can always be added.
        let passed = Duration::from_millis(monotonic_ms.min(100 * 365 * 86_400_000));
        tokio::time::Instant::from_std(self.start + passed)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
