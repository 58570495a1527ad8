//! One consumer: its prefetch window over all the queues and subscriptions it is attached to.
//!
//! Deliveries are numbered per consumer, whatever queue they come from, so that a cumulative
//! acknowledgement means the same for a wildcard subscription as for a single queue.

use crate::filter::Filter;
use crate::outbox::Outbox;
use crate::queue::Queue;
use floodway_message::Now;
use floodway_message::advisory::ConsumerFacts;
use floodway_message::session::{AckRange, ConsumerId};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// A consumer, shared by the queues it is attached to.
#[derive(Debug)]
pub(crate) struct Consumer {
    pub(crate) id: ConsumerId,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) filter: Filter,
    pub(crate) browser: bool,
    pub(crate) exclusive: bool,
    pub(crate) priority: i8,
    /// What is told of it; `None` while advisories are off.
    pub(crate) facts: Option<Arc<ConsumerFacts>>,
    /// It is another broker's.
    pub(crate) network: bool,
    /// It asked for what was sent before it came.
    pub(crate) retroactive: bool,
    /// When it came, monotonic ms.
    pub(crate) opened_ms: u64,
    /// Since when it has been slow, monotonic ms plus 1; 0 when it is not.
    slow_since: AtomicU64,
    slow_count: AtomicU32,
    prefetch: AtomicU32,
    unacked: AtomicU32,
    browsed: AtomicU64,
    /// When it acknowledged last, monotonic ms plus 1; 0 for never.
    acknowledged: AtomicU64,
    pub(crate) next_delivery: AtomicU64,
    /// The queues and subscriptions it is attached to.
    pub(crate) queues: Mutex<Vec<Arc<Queue>>>,
}

/// What a consumer is made of.
pub(crate) struct ConsumerParts {
    pub(crate) id: ConsumerId,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) filter: Filter,
    pub(crate) browser: bool,
    pub(crate) exclusive: bool,
    pub(crate) priority: i8,
    pub(crate) prefetch: u32,
    pub(crate) network: bool,
    pub(crate) retroactive: bool,
    pub(crate) opened_ms: u64,
    pub(crate) facts: Option<Arc<ConsumerFacts>>,
}

impl Consumer {
    pub(crate) fn new(parts: ConsumerParts) -> Arc<Self> {
        Arc::new(Self {
            id: parts.id,
            outbox: parts.outbox,
            filter: parts.filter,
            browser: parts.browser,
            exclusive: parts.exclusive,
            priority: parts.priority,
            facts: parts.facts,
            network: parts.network,
            retroactive: parts.retroactive,
            opened_ms: parts.opened_ms,
            slow_since: AtomicU64::new(0),
            slow_count: AtomicU32::new(0),
            prefetch: AtomicU32::new(parts.prefetch),
            unacked: AtomicU32::new(0),
            browsed: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            next_delivery: AtomicU64::new(1),
            queues: Mutex::new(Vec::new()),
        })
    }

    /// Room for one more delivery.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.unacked.load(Ordering::Relaxed) < self.prefetch.load(Ordering::Relaxed)
    }

    /// At least half of the window is free.
    pub(crate) fn has_much_room(&self) -> bool {
        self.unacked.load(Ordering::Relaxed) <= self.prefetch.load(Ordering::Relaxed) / 2
    }

    pub(crate) fn set_prefetch(&self, prefetch: u32) {
        self.prefetch.store(prefetch, Ordering::Relaxed);
    }

    pub(crate) fn prefetch(&self) -> u32 {
        self.prefetch.load(Ordering::Relaxed)
    }

    /// Counts a delivery against the window.
    #[inline]
    pub(crate) fn occupy(&self) {
        self.unacked.fetch_add(1, Ordering::Relaxed);
    }

    /// Frees room in the window.
    #[inline]
    pub(crate) fn free(&self, count: u32) {
        self.unacked.fetch_sub(count, Ordering::Relaxed);
    }

    /// It has acknowledged something.
    pub(crate) fn note_acknowledged(&self, now: Now) {
        self.acknowledged
            .store(now.monotonic_ms + 1, Ordering::Relaxed);
    }

    /// When it acknowledged last (monotonic).
    pub(crate) fn acknowledged_ms(&self) -> Option<u64> {
        self.acknowledged.load(Ordering::Relaxed).checked_sub(1)
    }

    /// It cannot take what waits for it; `true` if it could until now.
    pub(crate) fn becomes_slow(&self, now: Now) -> bool {
        let now_ms = now.monotonic_ms + 1;
        let order = Ordering::Relaxed;
        let became = self
            .slow_since
            .compare_exchange(0, now_ms, order, order)
            .is_ok();
        if became {
            self.count_slow();
        }
        became
    }

    /// It has room again.
    pub(crate) fn is_not_slow(&self) {
        self.slow_since.store(0, Ordering::Relaxed);
    }

    /// Since when it has been slow (monotonic).
    pub(crate) fn slow_since_ms(&self) -> Option<u64> {
        self.slow_since.load(Ordering::Relaxed).checked_sub(1)
    }

    pub(crate) fn count_slow(&self) {
        self.slow_count.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it was found slow.
    pub(crate) fn slow_count(&self) -> u32 {
        self.slow_count.load(Ordering::Relaxed)
    }

    /// Deliveries of a browser that were taken: room in its window.
    pub(crate) fn browsed(&self, range: AckRange) {
        let upto = match range {
            AckRange::One(_) => self.browsed.load(Ordering::Relaxed) + 1,
            AckRange::UpTo(delivery) => delivery,
        };
        let before = self.browsed.fetch_max(upto, Ordering::Relaxed);
        let count = u32::try_from(upto.saturating_sub(before)).unwrap_or(u32::MAX);
        self.free(count.min(self.unacked.load(Ordering::Relaxed)));
    }
}
