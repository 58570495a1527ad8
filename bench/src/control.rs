//! What the measuring thread and the lanes share: the phase, the clock and the counters.
//!
//! Invariant: counters only grow, and each lane adds to them once per turn of its loop, so that
//! sharing costs nothing per message. The clock counts nanoseconds since the run began.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Instant;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Load runs, nothing is recorded.
    Warm,
    /// Load runs and latencies are recorded.
    Measure,
    /// Producers have stopped, consumers take what is left.
    Drain,
    /// Lanes end.
    Quit,
}

/// Shared state of one run.
pub struct Control {
    phase: AtomicU8,
    begin: Instant,
    pub counters: Counters,
}

/// Messages so far.
#[derive(Default)]
pub struct Counters {
    /// Given a sequence number.
    pub stamped: AtomicU64,
    /// Wholly handed to the socket.
    pub sent: AtomicU64,
    /// Confirmed by the broker.
    pub confirmed: AtomicU64,
    /// Received by consumers.
    pub consumed: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub stamped: u64,
    pub sent: u64,
    pub confirmed: u64,
    pub consumed: u64,
}

impl Control {
    /// A run that begins now, in the warm-up.
    pub fn new() -> Self {
        Self {
            phase: AtomicU8::new(0),
            begin: Instant::now(),
            counters: Counters::default(),
        }
    }

    /// Nanoseconds since the run began.
    #[inline]
    pub fn now_nanos(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The present phase.
    #[inline]
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Warm,
            1 => Phase::Measure,
            2 => Phase::Drain,
            _ => Phase::Quit,
        }
    }

    /// Enters a phase.
    pub fn enter(&self, phase: Phase) {
        let number = match phase {
            Phase::Warm => 0,
            Phase::Measure => 1,
            Phase::Drain => 2,
            Phase::Quit => 3,
        };
        self.phase.store(number, Ordering::Relaxed);
    }

    /// The counters now.
    pub fn totals(&self) -> Totals {
        Totals {
            stamped: self.counters.stamped.load(Ordering::Relaxed),
            sent: self.counters.sent.load(Ordering::Relaxed),
            confirmed: self.counters.confirmed.load(Ordering::Relaxed),
            consumed: self.counters.consumed.load(Ordering::Relaxed),
        }
    }

    /// Adds what one turn of a lane has done.
    pub fn add(&self, turn: Totals) {
        let pairs = [
            (&self.counters.stamped, turn.stamped),
            (&self.counters.sent, turn.sent),
            (&self.counters.confirmed, turn.confirmed),
            (&self.counters.consumed, turn.consumed),
        ];
        for (counter, count) in pairs {
            if count > 0 {
                counter.fetch_add(count, Ordering::Relaxed);
            }
        }
    }
}

impl Default for Control {
    fn default() -> Self {
        Self::new()
    }
}
