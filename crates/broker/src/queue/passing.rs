//! Passing over: how a selective consumer, or one beside full consumers, finds its messages
//! behind any number that it does not get.
//!
//! When the window is full of messages that nobody with room wants, those that are on disk anyway
//! are let go and the backlog is read on. When that can have changed (a consumer comes, goes, or
//! has room again) the queue goes back to the first of them. Going back waits until everything
//! that was taken meanwhile has been removed from disk for good, so nothing is read twice.

use crate::entry::Place;
use crate::queue::{Queue, QueueState};
use crate::turn::Turn;
use floodway_store::BatchNumber;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Removals that are on their way to disk.
#[derive(Debug, Default)]
pub(crate) struct Departures {
    stored: AtomicU64,
    spooled: AtomicU64,
    /// Dead letters that have left the queue but are not moved yet.
    leaving: AtomicUsize,
}

impl Departures {
    /// The batches that hold the latest removals.
    pub(crate) fn note(&self, stored: Option<BatchNumber>, spooled: Option<BatchNumber>) {
        self.stored
            .fetch_max(stored.unwrap_or_default(), Ordering::Relaxed);
        self.spooled
            .fetch_max(spooled.unwrap_or_default(), Ordering::Relaxed);
    }

    /// The batch of the journal that holds the latest removal.
    pub(crate) fn stored(&self) -> BatchNumber {
        self.stored.load(Ordering::Relaxed)
    }

    pub(crate) fn leave(&self) {
        self.leaving.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn left(&self) {
        self.leaving.fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn are_done(&self, turn: &Turn<'_>) -> bool {
        let durable = |store: &Option<Arc<dyn floodway_store::Store>>| {
            store.as_ref().map_or(u64::MAX, |store| store.durable())
        };
        self.leaving.load(Ordering::SeqCst) == 0
            && self.stored.load(Ordering::Relaxed) <= durable(&turn.broker.store)
            && self.spooled.load(Ordering::Relaxed) <= durable(&turn.broker.spool)
    }
}

impl Queue {
    /// Lets go of what nobody with room wants, where there is more behind it.
    pub(crate) fn pass_over(&self, state: &mut QueueState) {
        let low = self.policy().page_size_max.max(1);
        let full = !self.has_space(state, &self.usage);
        for lane in &mut state.lanes {
            let unread = lane.stored.unread() || lane.spooled.unread();
            if unread && (lane.window.len() >= low || (full && !lane.window.is_empty())) {
                lane.pass_over();
            }
        }
    }

    /// Time has passed: what a consumer with little room could have is not kept from it any
    /// longer.
    pub(crate) fn go_back(&self) {
        let mut state = self.lock();
        if std::mem::take(&mut state.rewind_later) {
            state.rewind_wanted = true;
        }
    }

    /// Goes back to what was passed over, when it is wanted and safe. `false` while it is not
    /// safe yet: what comes later must not overtake it.
    pub(crate) fn rewind(self: &Arc<Self>, state: &mut QueueState, turn: &Turn<'_>) -> bool {
        if !state.rewind_wanted {
            return true;
        }
        if !state.has_passed() {
            state.all_looked_at_again();
            return true;
        }
        if !self.departures.are_done(turn) {
            turn.broker.await_pages(self);
            return false;
        }
        state.rescan_from = 0;
        state.all_looked_at_again();
        let in_flight: Vec<Place> = state.in_flight().map(|entry| entry.place).collect();
        for lane in &mut state.lanes {
            lane.rewind(&in_flight);
        }
        for lane in &mut state.lanes {
            // The rescan mark is at the beginning already.
            lane.merge();
        }
        true
    }
}

impl QueueState {
    /// Something was passed over. What was let go is another matter: nothing is taken from its lane
    /// until the lane has gone back.
    pub(crate) fn has_passed(&self) -> bool {
        let mut lanes = self.lanes.iter();
        lanes.any(|lane| lane.has_passed() && lane.let_go_from.is_none())
    }

    fn all_looked_at_again(&mut self) {
        self.rewind_wanted = false;
        for attachment in &mut self.attachments {
            attachment.wanted_from = u64::MAX;
        }
    }
}
