//! How fast things change, for forecasts: when a limit will be full, when a backlog will be gone.
//!
//! Counters are looked at with the tick, every few seconds, and each look counts half of what is
//! known, so that a burst of a moment does not make a forecast and a change of habit soon does.
//! Rates are per second; they are estimates, and nothing but what people read depends on them.

use crate::broker::Broker;
use crate::destination::Node;
use floodway_message::Now;
use parking_lot::Mutex;

#[cfg(test)]
mod tests;

/// Time between two looks.
const PERIOD_MS: u64 = 5000;
/// A slower change is none.
const PER_SECOND_MIN: f64 = 0.01;
/// Forecasts do not reach further: what takes longer than ten days is not foreseen.
const FORECAST_MS_MAX: f64 = 10.0 * 24.0 * 3600.0 * 1000.0;

/// A number and how fast it changes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Slope {
    seen: Option<(u64, u64)>,
    per_second: Option<f64>,
}

impl Slope {
    #[expect(
        clippy::cast_precision_loss,
        reason = "an estimate of counters far below 2^52 per period"
    )]
    pub(crate) fn look(&mut self, now: Now, value: u64) {
        let now_ms = now.monotonic_ms;
        if let Some((seen_ms, before)) = self.seen
            && now_ms > seen_ms
        {
            let change = value as f64 - before as f64;
            let fresh = change * 1000.0 / (now_ms - seen_ms) as f64;
            let known = self.per_second.unwrap_or(fresh);
            self.per_second = Some(f64::midpoint(known, fresh));
        }
        self.seen = Some((now_ms, value));
    }

    /// Change per second; `None` before the second look.
    pub(crate) fn per_second(&self) -> Option<f64> {
        self.per_second
    }

    /// When it will have risen from `used` to `limit` (0 is none).
    pub(crate) fn full_in_ms(&self, used: u64, limit: u64) -> Option<u64> {
        let left = limit.checked_sub(used).filter(|left| *left > 0)?;
        time_ms(left, self.per_second?)
    }
}

/// How long `count` takes at a rate per second; `None` if that cannot be foreseen.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, checked to be positive and below ten days"
)]
pub(crate) fn time_ms(count: u64, per_second: f64) -> Option<u64> {
    if per_second < PER_SECOND_MIN {
        return None;
    }
    let ms = count as f64 * 1000.0 / per_second;
    (ms <= FORECAST_MS_MAX).then_some(ms as u64)
}

/// Of what is used of the broker's limits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Slopes {
    pub(crate) memory: Slope,
    pub(crate) store: Slope,
    pub(crate) temp: Slope,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Rates(Mutex<(u64, Slopes)>);

impl Rates {
    pub(crate) fn slopes(&self) -> Slopes {
        self.0.lock().1
    }

    fn is_due(&self, now: Now) -> bool {
        let mut state = self.0.lock();
        let is_due = now.monotonic_ms >= state.0;
        if is_due {
            state.0 = now.monotonic_ms + PERIOD_MS;
        }
        is_due
    }
}

impl Broker {
    /// Looks at all counters, if it is time.
    pub(crate) fn look_at_rates(&self, now: Now) {
        if !self.rates.is_due(now) {
            return;
        }
        let used = |store: Option<&std::sync::Arc<dyn floodway_store::Store>>| {
            store.map_or(0, |store| store.usage().used_bytes)
        };
        let (store, temp) = (used(self.store.as_ref()), used(self.spool.as_ref()));
        let mut rates = self.rates.0.lock();
        rates.1.memory.look(now, self.memory.whole.used_bytes());
        rates.1.store.look(now, store);
        rates.1.temp.look(now, temp);
        drop(rates);
        let nodes: Vec<Node> = self.nodes.read().values().cloned().collect();
        for node in nodes {
            match node {
                Node::Queue(queue) => queue.lock().look_at_rates(now),
                Node::Topic(topic) => {
                    for subscription in topic.subscriptions().iter() {
                        subscription.queue.lock().look_at_rates(now);
                    }
                }
            }
        }
    }
}
