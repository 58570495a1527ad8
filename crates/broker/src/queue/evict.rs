//! The pending message limit of a topic subscription: what is over it is discarded, chosen by
//! the eviction strategy.

use crate::entry::Entry;
use crate::queue::add::Writes;
use crate::queue::{Queue, QueueState, acknowledge};
use crate::settings::MessageEviction;
use crate::turn::Turn;
use floodway_message::Message;
use std::sync::Arc;

/// How many of the oldest messages an eviction strategy may choose from.
const CANDIDATES_MAX: usize = 1000;

impl Queue {
    /// Discards what is over the limit.
    pub(crate) fn evict(&self, state: &mut QueueState, turn: &mut Turn<'_>) {
        let Some(limit) = state.limit_pending else {
            return;
        };
        let mut writes = Writes::default();
        while state.pending() > limit {
            let wall_ms = turn.now.wall_ms;
            let Some((lane, at)) = self.candidate(state, wall_ms) else {
                break;
            };
            let Some(entry) = state.take_at(lane, at) else {
                break;
            };
            if entry.expiration_ms > 0 {
                state
                    .expiring
                    .remove(&(entry.expiration_ms, lane as u8, entry.order));
            }
            state.counts.discarded += 1;
            self.advise_discarded(state, &entry.message, turn);
            acknowledge::remove(&entry, &mut writes);
        }
        self.write_removals(&mut writes, turn);
    }

    fn candidate(&self, state: &QueueState, wall_ms: i64) -> Option<(usize, usize)> {
        let (lane_number, lane) = state
            .lanes
            .iter()
            .enumerate()
            .find(|(_, lane)| !lane.window.is_empty())?;
        let candidates = || lane.window.iter().take(CANDIDATES_MAX).enumerate();
        if let Some((at, _)) = candidates().find(|(_, entry)| entry.is_expired(wall_ms)) {
            return Some((lane_number, at));
        }
        let at = match &self.policy().message_eviction {
            MessageEviction::Oldest => 0,
            MessageEviction::OldestWithLowestPriority => {
                candidates()
                    .min_by_key(|(_, entry)| entry.message.priority())?
                    .0
            }
            MessageEviction::UniqueProperty(name) => superseded(lane.window.iter(), name),
        };
        Some((lane_number, at))
    }
}

/// The oldest message for which a newer one has the same value of the property; the oldest of
/// all where every value stands once.
fn superseded<'a>(entries: impl Iterator<Item = &'a Entry>, name: &str) -> usize {
    let messages: Vec<&Arc<Message>> = entries
        .take(CANDIDATES_MAX)
        .map(|entry| &entry.message)
        .collect();
    let value = |message: &Message| message.property(name).map(|value| format!("{value:?}"));
    let values: Vec<_> = messages.iter().map(|message| value(message)).collect();
    let repeated = values.iter().enumerate().find(|(at, value)| {
        value.is_some() && values.iter().skip(at + 1).any(|later| later == *value)
    });
    repeated.map_or(0, |(at, _)| at)
}
