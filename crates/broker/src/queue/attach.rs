//! Consumers come and go.

use crate::consumer::Consumer;
use crate::entry::Entry;
use crate::queue::browse::Browse;
use crate::queue::in_flight::InFlight;
use crate::queue::{Attachment, Promised, Queue, QueueState, Role};
use crate::turn::Turn;
use std::sync::Arc;

impl Queue {
    /// Adds a consumer (or browser) and dispatches to it.
    pub(crate) fn attach(self: &Arc<Self>, consumer: &Arc<Consumer>, turn: &mut Turn<'_>) {
        let mut state = self.lock();
        if consumer.browser {
            let browse = Browse::new(Arc::clone(consumer), &state);
            state.browsers.push(browse);
            return self.dispatch_locked(&mut state, turn);
        }
        if state.attachments.is_empty() {
            state.dispatch_after_ms =
                turn.now.monotonic_ms + self.policy().time_before_dispatch_starts_ms;
            let waits = self.policy().time_before_dispatch_starts_ms > 0
                || self.policy().consumers_before_dispatch_starts > 0;
            if waits {
                turn.broker
                    .wake_at(turn.now, self.policy().time_before_dispatch_starts_ms, self);
            }
        }
        let attachment = Attachment {
            consumer: Arc::clone(consumer),
            in_flight: InFlight::default(),
            wanted_from: u64::MAX,
        };
        let priority = consumer.priority;
        let at = state
            .attachments
            .partition_point(|other| other.consumer.priority >= priority);
        state.attachments.insert(at, attachment);
        self.watch_slow(turn);
        state.next_attachment = 0;
        state.rescan_from = 0;
        state.rewind_wanted = true;
        self.dispatch_locked(&mut state, turn);
    }

    /// Removes a consumer; what it had not acknowledged goes to the others.
    pub(crate) fn detach(self: &Arc<Self>, consumer: &Arc<Consumer>, turn: &mut Turn<'_>) {
        let mut state = self.lock();
        state
            .browsers
            .retain(|browse| !Arc::ptr_eq(&browse.consumer, consumer));
        let Some(at) = state.attachment_at(consumer) else {
            return;
        };
        let mut attachment = state.attachments.remove(at);
        state.next_attachment = 0;
        state.rescan_from = 0;
        state.rewind_wanted = true;
        let connection = consumer.outbox.id;
        let id = consumer.id;
        state
            .groups
            .retain(|_, owner| owner.connection != connection || owner.consumer != id);
        state.idle_since_ms = turn.now.monotonic_ms;
        let open = attachment.in_flight.take_all();
        if matches!(self.role, Role::Subscription) {
            state.in_flight_count -= open.len();
            drop(open);
            return self.clear(&mut state, turn);
        }
        for delivered in open {
            let mut entry = delivered.entry;
            // What a transaction has acknowledged stays with it.
            if let Some(tx) = delivered.tx {
                state.promised.push(Promised { tx, entry });
                continue;
            }
            state.in_flight_count -= 1;
            entry.redeliveries += 1;
            state.give_back(self, entry);
        }
        self.dispatch_locked(&mut state, turn);
    }

    /// Forgets all messages (of a queue that ends).
    pub(crate) fn clear(&self, state: &mut QueueState, turn: &mut Turn<'_>) {
        state.closed = true;
        for parked in state.parking.remove(turn, |_| true) {
            parked.refuse(self.gone(), turn);
        }
        let entries: Vec<Entry> = state
            .lanes
            .iter_mut()
            .flat_map(|lane| {
                let stored = lane.stored.staged.drain(..);
                lane.window
                    .drain(..)
                    .chain(stored)
                    .chain(lane.spooled.staged.drain(..))
            })
            .collect();
        drop(entries);
        state.promised.clear();
        state.expiring.clear();
        let lists: Vec<_> = state.lists().collect();
        for (kept, list) in lists {
            turn.broker.drop_list_into(turn.drops_into, kept, list);
        }
        for lane in &mut state.lanes {
            *lane = crate::queue::lane::Lane::default();
        }
    }

    /// Since when the queue has been empty and unused; `None` while it is not.
    pub(crate) fn idle_since_ms(&self) -> Option<u64> {
        let state = self.lock();
        let idle = state.attachments.is_empty()
            && state.browsers.is_empty()
            && state.parking.is_empty()
            && state.promised.is_empty()
            && state.pending() == 0;
        idle.then_some(state.idle_since_ms)
    }

    /// Ends the queue: consumers are detached, messages forgotten.
    pub(crate) fn close(self: &Arc<Self>, turn: &mut Turn<'_>) {
        let mut state = self.lock();
        state.attachments.clear();
        state.browsers.clear();
        state.in_flight_count = 0;
        self.clear(&mut state, turn);
    }
}
