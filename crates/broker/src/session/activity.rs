//! What a connection is doing, for whoever watches: open transactions, what waits to be told to it,
//! and what each of its producers has sent.
//!
//! Only producers that told of themselves are counted, at most [`PRODUCERS_COUNTED_MAX`] of a
//! connection. A send counts when it comes, also one that waits or is refused then.

use super::{Client, SessionState};
use crate::consumer::Consumer;
use crate::outbox::PRODUCERS_COUNTED_MAX;
use crate::view::{ActivityView, ProducedView};
use floodway_message::Now;
use floodway_message::session::{ConsumerId, OpenProducer, ProducerId};
use std::sync::Arc;

/// Of one producer.
pub(super) struct Produced {
    sent: u64,
    window_bytes: u32,
}

impl SessionState {
    pub(super) fn count_producer(&mut self, open: &OpenProducer) {
        if self.produced.len() < PRODUCERS_COUNTED_MAX {
            let window_bytes = open.window_bytes;
            let new = Produced {
                sent: 0,
                window_bytes,
            };
            self.produced.entry(open.producer).or_insert(new);
        }
    }

    #[inline]
    pub(super) fn count_sent(&mut self, producer: ProducerId) {
        if let Some(produced) = self.produced.get_mut(&producer) {
            produced.sent += 1;
        }
    }
}

impl Client {
    /// What it does now; `None` when it is gone. No session may be locked.
    pub(crate) fn activity(&self, now: Now) -> Option<ActivityView> {
        let state = self.state.upgrade()?;
        let state = state.lock();
        let (outbox, now_ms) = (&self.outbox, now.monotonic_ms);
        let begun = state.transactions.values().map(|one| one.begun_ms).min();
        let producers = state.produced.iter().map(|(producer, produced)| {
            let (blocked_sends, blocked_ms) = outbox.blocked(*producer, now_ms);
            let view = ProducedView {
                sent: produced.sent,
                window_bytes: produced.window_bytes,
                blocked_sends,
                blocked_ms,
            };
            (*producer, view)
        });
        Some(ActivityView {
            transactions: state.transactions.len(),
            oldest_transaction_ms: begun.map(|begun| now_ms.saturating_sub(begun)),
            waiting: outbox.waiting(),
            producers: producers.collect(),
        })
    }

    /// Counts what a producer sends from 0 again.
    pub(crate) fn reset_sent(&self, producer: ProducerId) {
        if let Some(state) = self.state.upgrade()
            && let Some(produced) = state.lock().produced.get_mut(&producer)
        {
            produced.sent = 0;
        }
    }

    /// Its consumer of a number.
    pub(crate) fn consumer(&self, consumer: ConsumerId) -> Option<Arc<Consumer>> {
        let state = self.state.upgrade()?;
        state.lock().consumers.get(&consumer).map(Arc::clone)
    }
}
