//! Expiry by time: messages in memory are indexed by their expiration, those on disk by the
//! store. A queue is visited when its earliest message is due, not swept from its head.

use crate::dead_letter::DeadLetter;
use crate::entry::Entry;
use crate::queue::lane::Kept;
use crate::queue::{Queue, QueueState};
use crate::turn::{Turn, Work};
use floodway_store::{ListId, Store};
use std::sync::Arc;

/// Most messages expired from one queue's backlog at a time; the rest follows in the next visit.
const EXPIRED_AT_ONCE_MAX: usize = 1000;
/// A backlog where something was due is visited again after so long.
const REVISIT_MS: i64 = 200;

impl Queue {
    /// Remembers when the queue is to be visited.
    pub(crate) fn note_expiration(
        &self,
        state: &mut QueueState,
        expiration_ms: i64,
        turn: &Turn<'_>,
    ) {
        if expiration_ms <= 0
            || self.policy().expire_messages_period_ms == 0
            || expiration_ms >= state.expiry_registered_ms
        {
            return;
        }
        turn.broker
            .expires_at(state.expiry_registered_ms, expiration_ms, self.id);
        state.expiry_registered_ms = expiration_ms;
    }

    /// Expires a message that was taken out of the window.
    pub(crate) fn expire_entry(
        self: &Arc<Self>,
        state: &mut QueueState,
        entry: Entry,
        turn: &mut Turn<'_>,
    ) {
        state.counts.expired += 1;
        let letter = DeadLetter::expired(Arc::clone(&entry.message), self, Some(&entry));
        turn.later(Work::DeadLetter(Box::new(letter)));
    }

    /// Expires all that is due and registers the next visit. The store is asked without the
    /// queue's lock.
    pub(crate) fn expire_due(self: &Arc<Self>, turn: &mut Turn<'_>) {
        let wall_ms = turn.now.wall_ms;
        let mut state = self.lock();
        state.expiry_registered_ms = i64::MAX;
        if state.closed {
            return;
        }
        self.expire_in_memory(&mut state, turn);
        let mut next = state.expiring.first().map(|(expiration, _, _)| *expiration);
        let mut visits = Vec::new();
        for lane in 0..state.lanes.len() {
            for kept in [Kept::Stored, Kept::Spooled] {
                let due = self.visit(&mut state, lane, kept, turn, &mut visits);
                next = next.into_iter().chain(due).min();
            }
        }
        drop(state);
        for visit in &mut visits {
            let found = visit
                .store
                .expiring(visit.list, wall_ms, visit.from, EXPIRED_AT_ONCE_MAX);
            visit.due = found.unwrap_or_default();
        }
        let mut state = self.lock();
        for visit in visits {
            self.expire_visited(&mut state, visit, turn);
        }
        if let Some(next) = next {
            self.note_expiration(&mut state, next.max(wall_ms + 1), turn);
        }
        self.dispatch_locked(&mut state, turn);
    }

    fn expire_in_memory(self: &Arc<Self>, state: &mut QueueState, turn: &mut Turn<'_>) {
        while let Some(&(expiration, lane, order)) = state.expiring.first() {
            if expiration > turn.now.wall_ms {
                break;
            }
            state.expiring.pop_first();
            if let Some(entry) = state.take_order(usize::from(lane), order) {
                self.expire_entry(state, entry, turn);
            }
        }
    }

    /// Plans a visit of a backlog where something is due; returns when to come again. The
    /// backlog is marked as being read, so that no page is read meanwhile.
    fn visit(
        &self,
        state: &mut QueueState,
        lane: usize,
        kept: Kept,
        turn: &Turn<'_>,
        visits: &mut Vec<Visit>,
    ) -> Option<i64> {
        let store = match kept {
            Kept::Stored => turn.broker.store.clone()?,
            Kept::Spooled => turn.broker.spool.clone()?,
        };
        let backlog = state.lanes.get_mut(lane)?.backlog(kept);
        let list = backlog.list.filter(|_| backlog.unread())?;
        let wall_ms = turn.now.wall_ms;
        let next = store.next_expiration_ms(list)?;
        if next > wall_ms {
            return Some(next);
        }
        if !backlog.paging {
            backlog.paging = true;
            let from = backlog.from;
            visits.push(Visit {
                store,
                lane,
                kept,
                list,
                from,
                due: Vec::new(),
            });
        }
        Some(wall_ms + REVISIT_MS)
    }

    fn expire_visited(self: &Arc<Self>, state: &mut QueueState, visit: Visit, turn: &mut Turn<'_>) {
        let Some(lane) = state.lanes.get_mut(visit.lane) else {
            return;
        };
        let backlog = lane.backlog(visit.kept);
        backlog.paging = false;
        let mut expired = 0;
        for position in visit.due {
            if backlog.skip.insert(position) {
                backlog.count = backlog.count.saturating_sub(1);
                expired += 1;
                let letter = DeadLetter::expired_at(self, visit.kept, visit.list, position);
                turn.later(Work::DeadLetter(Box::new(letter)));
            }
        }
        state.counts.expired += expired;
    }
}

/// A look at a backlog for what is due.
struct Visit {
    store: Arc<dyn Store>,
    lane: usize,
    kept: Kept,
    list: ListId,
    from: u64,
    due: Vec<u64>,
}

impl QueueState {
    /// Takes the entry of an order out of a lane, wherever in memory it waits.
    fn take_order(&mut self, lane: usize, order: u64) -> Option<Entry> {
        let lane = self.lanes.get_mut(lane)?;
        let backlogs = [
            &mut lane.window,
            &mut lane.aside,
            &mut lane.stored.staged,
            &mut lane.spooled.staged,
        ];
        for entries in backlogs {
            if let Ok(at) = entries.binary_search_by_key(&order, |entry| entry.order) {
                return entries.remove(at);
            }
        }
        None
    }
}
