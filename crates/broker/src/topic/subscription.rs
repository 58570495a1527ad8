//! A subscription to a topic: what it wants, and the queue that its messages wait in.
//!
//! It does not know which topics feed it: one to a pattern is fed by many. What it stores itself
//! came with the topic's own record and is not taken in here.

use super::Shared;
use crate::filter::Filter;
use crate::queue::add::Writes;
use crate::queue::lane::Kept;
use crate::queue::{Queue, Role};
use crate::recover::DurableNote;
use crate::selection::Selection;
use crate::turn::Turn;
use floodway_message::Message;
use floodway_store::{BatchNumber, Targets};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One subscription: where its messages go and which ones.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) queue: Arc<Queue>,
    pub(crate) filter: Filter,
    /// It does not want what its own connection sends.
    pub(crate) no_local: bool,
    /// The connection that subscribed last; 0 before any did.
    owner: AtomicU64,
    /// The batch that stores a durable one; 0 for one of an earlier life.
    noted: AtomicU64,
}

impl Subscription {
    pub(crate) fn new(queue: Arc<Queue>, filter: Filter, no_local: bool) -> Arc<Self> {
        Arc::new(Self {
            queue,
            filter,
            no_local,
            owner: AtomicU64::new(0),
            noted: AtomicU64::new(0),
        })
    }

    /// A connection subscribes (again, if durable).
    pub(crate) fn owned_by(&self, connection: u64) {
        self.owner.store(connection, Ordering::Relaxed);
    }

    /// It is stored once this batch is.
    pub(crate) fn noted_in(&self, batch: BatchNumber) {
        self.noted.store(batch, Ordering::Relaxed);
    }

    /// The batch that stores it: whoever subscribes again before that waits for it, too.
    pub(crate) fn noted(&self) -> BatchNumber {
        self.noted.load(Ordering::Relaxed)
    }

    pub(crate) fn is_durable(&self) -> bool {
        matches!(self.queue.role, Role::Durable { .. })
    }

    /// All that is to be known of a durable one to make it again.
    pub(crate) fn note(&self) -> Option<DurableNote> {
        let Role::Durable { client_id, name } = &self.queue.role else {
            return None;
        };
        Some(DurableNote {
            client_id: Arc::clone(client_id),
            name: Arc::clone(name),
            destination: self.queue.destination.clone(),
            no_local: self.no_local,
            selector: self.filter.text().map(str::to_owned),
        })
    }

    /// Does it get what the one of this note gets?
    pub(crate) fn is_as(&self, note: &DurableNote) -> bool {
        self.queue.destination == note.destination
            && self.filter.text() == note.selector.as_deref()
            && self.no_local == note.no_local
    }

    /// Takes in those of a batch of messages that it wants and does not store.
    pub(crate) fn take(&self, batch: &[Shared], sender: u64, turn: &mut Turn<'_>) {
        let queue = &self.queue;
        let mut state = queue.lock();
        if state.closed {
            return;
        }
        let mut writes = Writes::default();
        for shared in batch {
            let message = &shared.message;
            if self.is_durable() && queue.stores(message, turn) {
                continue;
            }
            if self.wants(message, sender) {
                queue.take_shared(&mut state, shared, &mut writes, turn);
            }
        }
        if writes.write(turn).is_ok() {
            queue.dispatch_locked(&mut state, turn);
            queue.evict(&mut state, turn);
        }
    }

    /// As [`Subscription::take`] of several, which must be sorted by the id of their queues: a
    /// message that they keep in the spool is written once for all of them.
    pub(super) fn take_together(
        subscriptions: &[&Arc<Self>],
        batch: &[Shared],
        sender: u64,
        turn: &mut Turn<'_>,
    ) {
        let mut locked: Vec<_> = subscriptions
            .iter()
            .map(|one| (*one, one.queue.lock()))
            .filter(|(_, state)| !state.closed)
            .collect();
        let mut writes = Writes::default();
        for shared in batch {
            let message = &shared.message;
            let mut spooled = Vec::new();
            for (one, state) in &mut locked {
                let is_stored = one.is_durable() && one.queue.stores(message, turn);
                if is_stored || !one.wants(message, sender) {
                    continue;
                }
                match one.queue.place_shared(state, shared, turn) {
                    Some((Kept::Spooled, target)) => spooled.push(target),
                    Some((kept, target)) => {
                        writes.record(message, (kept, Targets::One(target)), turn);
                    }
                    None => {}
                }
            }
            if !spooled.is_empty() {
                let targets = Targets::Many(spooled.into());
                writes.record(message, (Kept::Spooled, targets), turn);
            }
        }
        if writes.write(turn).is_ok() {
            for (one, state) in &mut locked {
                one.queue.dispatch_locked(state, turn);
                one.queue.evict(state, turn);
            }
        }
    }

    pub(crate) fn wants(&self, message: &Message, sender: u64) -> bool {
        let own = self.no_local && self.owner.load(Ordering::Relaxed) == sender;
        !own && (self.filter.is_open() || self.filter.passes(&Selection::new(message, 0)))
    }
}
