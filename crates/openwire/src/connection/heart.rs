//! Inactivity monitoring in both directions.
//!
//! Times are monotonic milliseconds. ActiveMQ looks once in the agreed time whether anything came
//! since it looked last, so a peer may be silent for up to twice that; so here. A part of a frame
//! is something. When nothing was written for a third of the time, KeepAliveInfo is.

use floodway_message::Now;
use floodway_message::session::ConnectionEnd;

/// When something last went each way.
#[derive(Debug, Default)]
pub(super) struct Heart {
    /// The agreed time; 0: nobody watches.
    agreed_ms: u64,
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
    pub(super) fn start(&mut self, now: Now, agreed_ms: u64, initial_ms: u64) {
        self.agreed_ms = agreed_ms;
        let initial_ms = initial_ms.saturating_add(agreed_ms);
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
        if self.agreed_ms == 0 {
            return Ok(Beat::Never);
        }
        let now_ms = now.monotonic_ms;
        let silent_ms = now_ms.saturating_sub(self.received_ms);
        let dead_ms = self
            .received_ms
            .saturating_add(self.agreed_ms.saturating_mul(2));
        let dead_ms = dead_ms.max(self.watch_from_ms);
        if now_ms >= dead_ms {
            return Err(ConnectionEnd::Silent(silent_ms));
        }
        let every = (self.agreed_ms / 3).max(1);
        let due = now_ms.saturating_sub(self.sent_ms) >= every;
        if due {
            self.sent_ms = now_ms;
        }
        let next = self.sent_ms.saturating_add(every).min(dead_ms);
        Ok(if due { Beat::Due(next) } else { Beat::At(next) })
    }
}
