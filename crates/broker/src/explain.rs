//! Why producers are blocked, and what would free them: the answer to the question that users
//! ask first.
//!
//! From the views of the core alone: which limit is reached, who holds the space and why it is
//! not freed, and the smallest changes that would unblock, the one that helps most first. It
//! changes nothing. Bytes and milliseconds.

use crate::broker::Broker;
use crate::settings::Cursor;
use crate::view::{BlockedView, ConsumerView, HolderView, LimitView};
use floodway_message::{Destination, Now};
use std::collections::BTreeMap;
use std::sync::Arc;

mod cause;
mod remedy;
#[cfg(test)]
mod tests;
mod text;

pub use cause::Cause;
pub use remedy::Remedy;

/// Everything that is blocked, by the limit that it waits for.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// Of the limit that has blocked longest first; empty when nothing is blocked.
    pub limits: Vec<Blockage>,
}

/// One limit that is reached, and what waits for it.
#[derive(Debug, Clone)]
pub struct Blockage {
    /// The limit.
    pub limit: LimitView,
    /// Who waits, the longest first.
    pub blocked: Vec<BlockedView>,
    /// Who holds the space, the one with most first.
    pub holders: Vec<HolderView>,
    /// Why the space is not freed, for each of the holders.
    pub causes: Vec<Cause>,
    /// What would help, the best first.
    pub remedies: Vec<Remedy>,
}

/// What of a destination decides about remedies.
#[derive(Debug, Default)]
pub(crate) struct Kind {
    pub(crate) cursor: Cursor,
    pub(crate) durables_away: Vec<(Arc<str>, Arc<str>)>,
    /// Acknowledged in open or prepared transactions of consumers that are gone.
    pub(crate) in_doubt: usize,
    /// An operator has paused it.
    pub(crate) paused: bool,
    /// Dispatch begins when so many consumers more have come, or after so many milliseconds.
    pub(crate) not_started: Option<(usize, u64)>,
}

impl Broker {
    /// Explains every blocked producer; with a destination, only those that send to it.
    pub fn explain(&self, only: Option<&Destination>, now: Now) -> Explanation {
        self.explain_some(
            |blocked| only.is_none_or(|only| *only == blocked.destination),
            now,
        )
    }

    /// Explains those of the blocked producers that a test picks.
    pub fn explain_some(&self, picks: impl Fn(&BlockedView) -> bool, now: Now) -> Explanation {
        let mut by_limit: BTreeMap<LimitKey, Vec<BlockedView>> = BTreeMap::new();
        for blocked in self.blocked(now).into_iter().filter(|one| picks(one)) {
            let key = LimitKey::of(&blocked.limit);
            by_limit.entry(key).or_default().push(blocked);
        }
        let explained = by_limit
            .into_values()
            .filter_map(|blocked| self.explain_limit(blocked, now));
        let mut limits: Vec<Blockage> = explained.collect();
        let longest = |one: &Blockage| one.blocked.first().map_or(0, |first| first.blocked_ms);
        limits.sort_by_key(|one| std::cmp::Reverse(longest(one)));
        Explanation { limits }
    }

    /// The same of one destination, in one line per limit.
    pub(crate) fn explain_briefly(&self, destination: &Destination, now: Now) -> String {
        let limits = self.explain(Some(destination), now).limits;
        let lines = limits.iter().map(|one| text::OneLine(one).to_string());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Says in the log who holds the space that sends to a destination wait for, why, and what
    /// would help.
    pub(crate) fn log_explanation(&self, destination: &Destination, now: Now) {
        for blockage in self.explain(Some(destination), now).limits {
            tracing::warn!("{destination}: {}", text::OneLine(&blockage));
        }
    }

    fn explain_limit(&self, blocked: Vec<BlockedView>, now: Now) -> Option<Blockage> {
        let limit = self.current(&blocked.first()?.limit);
        let holders = self.holders(&limit, now);
        let mut causes = Vec::new();
        for holder in &holders {
            let kind = self.kind_of(&holder.destination, now);
            causes.extend(cause::of_holder(holder, &kind));
        }
        if let LimitView::Store {
            used_bytes,
            limit_bytes,
        }
        | LimitView::Temp {
            used_bytes,
            limit_bytes,
        } = &limit
            && (*limit_bytes == 0 || used_bytes < limit_bytes)
        {
            causes.insert(0, Cause::DiskFull);
        }
        if let Some(set_bytes) = self.set_beyond_disk(&limit) {
            causes.insert(0, Cause::DiskShort { set_bytes });
        }
        let cursors = |destination: &Destination| self.kind_of(destination, now).cursor;
        let remedies = remedy::of_limit(&limit, &blocked, &causes, cursors);
        Some(Blockage {
            limit,
            blocked,
            holders,
            causes,
            remedies,
        })
    }

    /// What is set, where the disk has less room than that.
    fn set_beyond_disk(&self, limit: &LimitView) -> Option<u64> {
        let usage = self.usage.load();
        let (room, set) = match limit {
            LimitView::Store { .. } => (&self.disks.store, usage.store_limit_bytes),
            LimitView::Temp { .. } => (&self.disks.temp, usage.temp_limit_bytes),
            LimitView::Memory { .. } | LimitView::Jobs { .. } | LimitView::Congested => {
                return None;
            }
        };
        room.is_short_of(set).then_some(set)
    }

    /// The limit as it is now, not as it was when the first one was blocked.
    fn current(&self, limit: &LimitView) -> LimitView {
        match limit {
            LimitView::Memory {
                destination,
                portion_percent,
                ..
            } => {
                let node = destination.as_ref().and_then(|name| {
                    let nodes = self.nodes.read();
                    nodes.get(name).map(|node| Arc::clone(node.usage()))
                });
                let own = match portion_percent {
                    Some(_) => &self.memory.producers,
                    None => &self.memory.whole,
                };
                let usage = node.unwrap_or_else(|| Arc::clone(own));
                LimitView::Memory {
                    destination: destination.clone(),
                    portion_percent: *portion_percent,
                    used_bytes: usage.used_bytes(),
                    limit_bytes: usage.limit_bytes(),
                }
            }
            LimitView::Store { limit_bytes, .. } => LimitView::Store {
                used_bytes: self
                    .store
                    .as_ref()
                    .map_or(0, |store| store.usage().used_bytes),
                limit_bytes: *limit_bytes,
            },
            LimitView::Temp { limit_bytes, .. } => LimitView::Temp {
                used_bytes: self
                    .spool
                    .as_ref()
                    .map_or(0, |spool| spool.usage().used_bytes),
                limit_bytes: *limit_bytes,
            },
            LimitView::Jobs { limit_bytes, .. } => LimitView::Jobs {
                used_bytes: self.scheduler.as_ref().map_or(0, |one| one.used_bytes()),
                limit_bytes: *limit_bytes,
            },
            LimitView::Congested => LimitView::Congested,
        }
    }

    fn kind_of(&self, destination: &Destination, now: Now) -> Kind {
        let node = self.nodes.read().get(destination).cloned();
        node.map_or_else(Kind::default, |node| node.kind(now))
    }
}

/// Which limit it is, whatever is used of it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum LimitKey {
    Memory(Option<Destination>, bool),
    Store,
    Temp,
    Jobs,
    Congested,
}

impl LimitKey {
    fn of(limit: &LimitView) -> Self {
        match limit {
            LimitView::Memory {
                destination,
                portion_percent,
                ..
            } => Self::Memory(destination.clone(), portion_percent.is_some()),
            LimitView::Store { .. } => Self::Store,
            LimitView::Temp { .. } => Self::Temp,
            LimitView::Jobs { .. } => Self::Jobs,
            LimitView::Congested => Self::Congested,
        }
    }
}

/// How people tell one consumer from another.
pub(crate) fn name_of(consumer: &ConsumerView) -> String {
    let connection = &consumer.connection;
    let user = connection.user.as_ref();
    let user = user.map_or_else(String::new, |user| format!(", user {user}"));
    format!(
        "consumer {} of client {} ({}{user})",
        consumer.consumer, connection.client_id, connection.peer
    )
}
