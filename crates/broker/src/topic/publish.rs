//! How messages that are not stored come to the subscriptions of a topic.
//!
//! Each subscription's queue is locked once for a batch; those that are behind are locked
//! together, so that the spool keeps a message once for all of them.

use super::{Shared, Subscription, Topic};
use crate::queue::add::Writes;
use crate::queue::lane::Kept;
use crate::queue::{Queue, QueueState, Spread};
use crate::turn::Turn;
use floodway_store::{Target, Targets};
use std::sync::Arc;

/// So many subscriptions that are behind are locked at a time, to write what they have in common
/// once.
const BEHIND_TOGETHER_MAX: usize = 64;

impl Topic {
    /// Gives messages to all subscriptions that do not store them, durable ones only if asked: a
    /// batch per subscription, so that each is locked once.
    pub(crate) fn publish_transient(
        &self,
        batch: &[Shared],
        sender: u64,
        with_durables: bool,
        turn: &mut Turn<'_>,
    ) {
        if batch.is_empty() {
            return;
        }
        self.note_sent(batch);
        let mut recent = self.recent.as_ref().map(|recent| recent.lock());
        if let Some(recent) = &mut recent {
            batch
                .iter()
                .for_each(|shared| recent.note(&shared.message, turn.now));
        }
        let subscriptions = self.subscriptions();
        let concerned = || {
            let all = subscriptions.iter();
            all.filter(|one| with_durables || !one.is_durable())
        };
        let is_behind = |one: &&Arc<Subscription>| one.queue.is_spooling();
        if concerned().filter(is_behind).nth(1).is_none() {
            return concerned().for_each(|one| one.take(batch, sender, turn));
        }
        let (behind, others): (Vec<_>, Vec<_>) = concerned().partition(is_behind);
        others
            .into_iter()
            .for_each(|one| one.take(batch, sender, turn));
        for part in behind.chunks(BEHIND_TOGETHER_MAX) {
            Subscription::take_together(part, batch, sender, turn);
        }
    }

    /// Counts messages: each comes this way once, also those that are stored or that nobody wants.
    fn note_sent(&self, batch: &[Shared]) {
        let mut sizes = Spread::default();
        for shared in batch {
            sizes.note(shared.charge.bytes());
        }
        self.sent.lock().add(sizes);
    }
}

impl Queue {
    /// Takes in a message of a topic that is not stored.
    pub(crate) fn take_shared(
        &self,
        state: &mut QueueState,
        shared: &Shared,
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) {
        if let Some((kept, target)) = self.place_shared(state, shared, turn) {
            writes.record(&shared.message, (kept, Targets::One(target)), turn);
        }
    }

    /// The same without its record: says where that is to stand.
    pub(super) fn place_shared(
        &self,
        state: &mut QueueState,
        shared: &Shared,
        turn: &mut Turn<'_>,
    ) -> Option<(Kept, Target)> {
        let message = &shared.message;
        let spot = self.spot(state, (message, shared.usage()), turn).ok()?;
        self.note_expiration(state, message.expiration_ms(), turn);
        if spot.keep {
            let message = Arc::clone(message);
            let entry = Self::entry_with(message, shared.held(), spot.order, spot.place);
            state.push(spot.lane, entry.arriving(turn.now));
        }
        spot.target()
    }
}
