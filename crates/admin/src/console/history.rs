//! How the broker and its destinations were in the last half hour, for the charts.
//!
//! A point is kept every `history_interval_ms`, at most `history_points_max` of each, of the broker
//! and of at most `history_destinations_max` destinations: whoever comes first, until it was empty
//! and idle for as long as is kept. Knows no markup. Milliseconds and bytes.

use crate::Settings;
use floodway_broker::view::{BrokerView, DestinationView};
use floodway_message::{Destination, Now};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[cfg(test)]
mod tests;

/// How it was at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) at_ms: u64,
    pub(crate) pending: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) enqueued: u64,
    pub(crate) dequeued: u64,
}

/// Points, the oldest first.
pub(crate) type Series = VecDeque<Point>;

/// See the module.
#[derive(Debug)]
pub(crate) struct History {
    points_max: usize,
    destinations_max: usize,
    broker: Series,
    destinations: BTreeMap<Destination, Series>,
}

impl History {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            points_max: settings.history_points_max.max(2),
            destinations_max: settings.history_destinations_max,
            broker: Series::new(),
            destinations: BTreeMap::new(),
        }
    }

    /// Of the whole broker.
    pub(crate) fn broker(&self) -> &Series {
        &self.broker
    }

    /// Of one destination; none if it is not kept.
    pub(crate) fn of(&self, destination: &Destination) -> Option<&Series> {
        self.destinations.get(destination)
    }

    /// Takes a point of everything.
    pub(crate) fn look(&mut self, view: &BrokerView, now: Now) {
        let at_ms = now.monotonic_ms;
        let mut whole = Point {
            at_ms,
            pending: view.messages().pending,
            memory_bytes: view.memory_used_bytes,
            enqueued: 0,
            dequeued: 0,
        };
        for one in &view.destinations {
            whole.enqueued += one.totals.enqueued;
            whole.dequeued += one.totals.dequeued;
        }
        push(&mut self.broker, whole, self.points_max);
        let points_max = self.points_max;
        self.destinations
            .retain(|_, series| series.len() < points_max || !is_idle(series));
        self.admit(&view.destinations);
        let all = view.destinations.iter();
        let mut seen = BTreeSet::new();
        for one in all {
            if let Some(series) = self.destinations.get_mut(&one.destination) {
                push(series, point(one, at_ms), points_max);
                seen.insert(&one.destination);
            }
        }
        self.destinations.retain(|one, _| seen.contains(one));
    }

    /// Gives free places away, first to those in which something waits.
    fn admit(&mut self, all: &[DestinationView]) {
        let waits = |one: &&DestinationView| one.messages.pending > 0;
        let moved = |one: &&DestinationView| one.totals.enqueued > 0;
        for one in all.iter().filter(waits).chain(all.iter().filter(moved)) {
            if self.destinations.len() >= self.destinations_max {
                return;
            }
            self.destinations
                .entry(one.destination.clone())
                .or_default();
        }
    }
}

fn point(one: &DestinationView, at_ms: u64) -> Point {
    Point {
        at_ms,
        pending: one.messages.pending,
        memory_bytes: one.memory_used_bytes,
        enqueued: one.totals.enqueued,
        dequeued: one.totals.dequeued,
    }
}

fn push(series: &mut Series, point: Point, points_max: usize) {
    while series.len() >= points_max {
        series.pop_front();
    }
    series.push_back(point);
}

/// Nothing was there and nothing came.
fn is_idle(series: &Series) -> bool {
    let came = series.front().map(|one| one.enqueued) != series.back().map(|one| one.enqueued);
    !came && series.iter().all(|one| one.pending == 0)
}

/// How often something happened each second, between each two points; totals that began again
/// count from 0.
pub(crate) fn rates(series: &Series, total: fn(&Point) -> u64) -> Vec<f64> {
    let pairs = series.iter().zip(series.iter().skip(1));
    pairs
        .map(|(before, after)| {
            let elapsed_ms = after.at_ms.saturating_sub(before.at_ms).max(1);
            let happened = match total(after).checked_sub(total(before)) {
                Some(happened) => happened,
                None => total(after),
            };
            happened as f64 * 1000.0 / elapsed_ms as f64
        })
        .collect()
}
