//! Latency histograms: recorded in nanoseconds, reported in microseconds.
//!
//! Two significant digits are enough for a comparison and keep a histogram in the CPU's cache.
//! Invariant: a value outside the bounds is clamped, never dropped.

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::Serialize;

const LOWEST_NANOS: u64 = 256;
const HIGHEST_NANOS: u64 = 600_000_000_000;

/// Collected latencies.
pub struct Latencies {
    histogram: Histogram<u64>,
}

impl Latencies {
    /// An empty histogram.
    pub fn new() -> Result<Self> {
        let histogram = Histogram::new_with_bounds(LOWEST_NANOS, HIGHEST_NANOS, 2)?;
        Ok(Self { histogram })
    }

    /// Adds one latency.
    #[inline]
    pub fn record(&mut self, nanos: u64) {
        self.histogram.saturating_record(nanos);
    }

    /// Adds the latencies of another lane.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.histogram.add(&other.histogram)?;
        Ok(())
    }

    /// The figures of the report, or nothing if nothing was recorded.
    pub fn summary(&self) -> Option<Summary> {
        if self.histogram.is_empty() {
            return None;
        }
        let at = |quantile: f64| micros(self.histogram.value_at_quantile(quantile));
        Some(Summary {
            count: self.histogram.len(),
            mean_us: self.histogram.mean() / 1000.0,
            p50_us: at(0.5),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: micros(self.histogram.max()),
        })
    }
}

/// Percentiles in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Summary {
    pub count: u64,
    pub mean_us: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub p999_us: f64,
    pub max_us: f64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "latencies are far below 2^52 nanoseconds"
)]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1000.0
}

#[cfg(test)]
mod tests;
