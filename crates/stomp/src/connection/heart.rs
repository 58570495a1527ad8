//! Heart-beats in both directions (STOMP 1.1 and 1.2, "Heart-beating").
//!
//! Times are monotonic milliseconds. A peer counts as silent after twice the interval it
//! promised, stretched by the grace setting: ActiveMQ looks once per interval and so waits
//! between one and two of them. Our own beat is one line feed, sent a little before it is due and
//! only when nothing else was written lately.

use crate::settings::{HeartBeat, Settings};
use floodway_message::session::ConnectionEnd;
use floodway_message::{Now, Output};

#[cfg(test)]
mod tests;

/// When something last went each way, and how long it may take until something goes again.
#[derive(Debug, Default)]
pub(super) struct Heart {
    /// 0: the peer promised nothing.
    silence_ms_max: u64,
    /// 0: we promised nothing.
    beat_every_ms: u64,
    received_ms: u64,
    sent_ms: u64,
}

impl Heart {
    /// Starts with what was agreed.
    pub(super) fn start(&mut self, now: Now, agreed: HeartBeat, settings: &Settings) {
        let stretched = agreed.receive_ms as f64 * settings.heart_beat_grace.max(0.0) * 2.0;
        self.silence_ms_max = stretched as u64;
        self.beat_every_ms = match agreed.send_ms {
            0 => 0,
            every => (every - every / 5).max(1),
        };
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

    /// Beats when it is time; returns when to be called again.
    pub(super) fn tick(
        &mut self,
        now: Now,
        output: &mut Output,
    ) -> Result<Option<u64>, ConnectionEnd> {
        let now_ms = now.monotonic_ms;
        let mut next = None;
        // Ours first: a peer that may not be read for a while must still hear us.
        if self.beat_every_ms > 0 {
            if now_ms.saturating_sub(self.sent_ms) >= self.beat_every_ms {
                output.put(b"\n");
                self.sent_ms = now_ms;
            }
            next = Some(self.sent_ms.saturating_add(self.beat_every_ms));
        }
        if self.silence_ms_max > 0 {
            let silent_ms = now_ms.saturating_sub(self.received_ms);
            if silent_ms >= self.silence_ms_max {
                return Err(ConnectionEnd::Silent(silent_ms));
            }
            let due = self.received_ms.saturating_add(self.silence_ms_max);
            next = Some(next.map_or(due, |earlier| earlier.min(due)));
        }
        Ok(next)
    }
}
