//! Inactivity monitoring in both directions.
//!
//! Times are monotonic milliseconds. A peer from which nothing came for the agreed time is dead;
//! a part of a frame is something. When nothing was written for a third of it, KeepAliveInfo is.

use floodway_message::Now;
use floodway_message::session::ConnectionEnd;

/// When something last went each way.
#[derive(Debug, Default)]
pub(super) struct Heart {
    /// 0: nobody watches.
    silence_ms_max: u64,
    /// The peer is not held to it before.
    watch_from_ms: u64,
    received_ms: u64,
    sent_ms: u64,
}

/// What time asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    /// Write something; then ask again at this time.
    Due(u64),
    /// Nothing before this time.
    At(u64),
    /// Never anything.
    Never,
}

impl Heart {
    /// Starts with what was agreed.
    pub(super) fn start(&mut self, now: Now, silence_ms_max: u64, initial_ms: u64) {
        self.silence_ms_max = silence_ms_max;
        self.watch_from_ms = now.monotonic_ms.saturating_add(initial_ms);
        self.received_ms = now.monotonic_ms;
        self.sent_ms = now.monotonic_ms;
    }

    pub(super) fn received(&mut self, now: Now, anything: bool) {
        if anything {
            self.received_ms = now.monotonic_ms;
        }
    }

    pub(super) fn sent(&mut self, now: Now, anything: bool) {
        if anything {
            self.sent_ms = now.monotonic_ms;
        }
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self, now: Now) -> Result<Beat, ConnectionEnd> {
        if self.silence_ms_max == 0 {
            return Ok(Beat::Never);
        }
        let now_ms = now.monotonic_ms;
        let silent_ms = now_ms.saturating_sub(self.received_ms);
        let dead_ms = self.received_ms.saturating_add(self.silence_ms_max);
        let dead_ms = dead_ms.max(self.watch_from_ms);
        if now_ms >= dead_ms {
            return Err(ConnectionEnd::Silent(silent_ms));
        }
        let every = (self.silence_ms_max / 3).max(1);
        let due = now_ms.saturating_sub(self.sent_ms) >= every;
        if due {
            self.sent_ms = now_ms;
        }
        let next = self.sent_ms.saturating_add(every).min(dead_ms);
        Ok(if due { Beat::Due(next) } else { Beat::At(next) })
    }
}
