//! How long things took: how many of them took at most so long, for a bounded number of bounds.
//!
//! It reads no clock: who notes a time has measured it. Invariant: every value is counted once,
//! in the first bucket whose bound it does not exceed, or in none if it exceeds them all. Values
//! are in the unit of their scale.

use crate::queue::Spread;
use floodway_store::BatchNumber;
use parking_lot::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(test)]
mod tests;

/// Bounds of buckets; what exceeds the last is in the total only.
const BOUNDS: usize = 16;

/// Bounds and unit of some times.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    /// Ascending.
    bounds: [u64; BOUNDS],
    /// Units in a second.
    per_second: u64,
}

/// Milliseconds, from one to a day: for what waits.
static WAITS: Scale = Scale {
    bounds: [
        1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 60_000, 600_000, 3_600_000,
        86_400_000,
    ],
    per_second: 1_000,
};

/// Microseconds, from a hundred to a minute: for what a disk does.
static COMMITS: Scale = Scale {
    bounds: [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
        1_000_000, 2_500_000, 10_000_000, 60_000_000,
    ],
    per_second: 1_000_000,
};

/// A histogram of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latencies {
    scale: &'static Scale,
    counts: [u64; BOUNDS],
    /// Number, sum and range in the unit of the scale: milliseconds, but microseconds of commits.
    pub spread: Spread,
}

impl Default for Latencies {
    fn default() -> Self {
        Self::of(&WAITS)
    }
}

impl Latencies {
    fn of(scale: &'static Scale) -> Self {
        Self {
            scale,
            counts: [0; BOUNDS],
            spread: Spread::default(),
        }
    }

    pub(crate) fn note(&mut self, value: u64) {
        self.spread.note(value);
        let bucket = self.scale.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
    }

    /// Puts two sets of values of one kind together.
    pub fn add(&mut self, other: &Self) {
        debug_assert_eq!(self.scale, other.scale, "times of different kinds");
        self.spread.add(other.spread);
        for (own, other) in self.counts.iter_mut().zip(other.counts) {
            *own += other;
        }
    }

    /// Every bound in seconds, ascending, and how many values do not exceed it.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let mut sum = 0;
        let each = self.scale.bounds.iter().zip(self.counts);
        each.map(move |(bound, count)| {
            sum += count;
            (self.seconds(*bound), sum)
        })
    }

    /// The sum of all values in seconds.
    pub fn sum_seconds(&self) -> f64 {
        self.seconds(self.spread.sum)
    }

    fn seconds(&self, value: u64) -> f64 {
        value as f64 / self.scale.per_second as f64
    }
}

/// Reads a clock: the time since any fixed moment.
pub type Stopwatch = Box<dyn Fn() -> Duration + Send + Sync>;

/// Measures how long the store takes to make something durable: one batch at a time, so that it
/// costs two readings of the clock per commit, however many batches that has.
#[derive(Default)]
pub(crate) struct CommitTimes {
    stopwatch: OnceLock<Stopwatch>,
    /// A batch is being measured, or about to be.
    busy: AtomicBool,
    state: Mutex<Measured>,
}

struct Measured {
    /// The batch, and when it was handed over.
    under_way: Option<(BatchNumber, Duration)>,
    times: Latencies,
}

impl Default for Measured {
    fn default() -> Self {
        Self {
            under_way: None,
            times: Latencies::of(&COMMITS),
        }
    }
}

impl CommitTimes {
    pub(crate) fn measure_with(&self, stopwatch: Stopwatch) {
        // The first one stays.
        self.stopwatch.set(stopwatch).ok();
    }

    /// A batch is about to be handed over: when, if it is the one to measure.
    pub(crate) fn begin(&self) -> Option<Duration> {
        let stopwatch = self.stopwatch.get()?;
        let free = !self.busy.load(Ordering::Relaxed) && !self.busy.swap(true, Ordering::Acquire);
        free.then(stopwatch)
    }

    /// The store took the batch that [`CommitTimes::begin`] was asked for, or none.
    pub(crate) fn handed_over(&self, begun: Option<Duration>, batch: Option<BatchNumber>) {
        let Some(since) = begun else { return };
        match batch {
            Some(batch) => self.state.lock().under_way = Some((batch, since)),
            None => self.busy.store(false, Ordering::Release),
        }
    }

    /// All batches up to this one are durable.
    pub(crate) fn durable(&self, durable: BatchNumber) {
        if !self.busy.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.state.lock();
        let due = |(batch, _): &mut (BatchNumber, Duration)| *batch <= durable;
        let Some((_, since)) = state.under_way.take_if(due) else {
            return;
        };
        if let Some(stopwatch) = self.stopwatch.get() {
            let took = stopwatch().saturating_sub(since).as_micros();
            state.times.note(u64::try_from(took).unwrap_or(u64::MAX));
        }
        self.busy.store(false, Ordering::Release);
    }

    pub(crate) fn times(&self) -> Latencies {
        self.state.lock().times
    }
}
