//! One pending message of one queue or subscription, as held in memory.

use crate::flow::usage::Charge;
use floodway_message::{Message, Now};
use floodway_store::{Change, ListId};
use std::sync::Arc;

/// Where a message is kept besides memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere.
    Memory,
    /// In the journal.
    Stored { list: ListId, position: u64 },
    /// In the spool.
    Spooled { list: ListId, position: u64 },
}

/// Bytes charged for a message: alone, or shared by the subscriptions of a topic.
#[derive(Debug)]
pub(crate) enum Held {
    Alone { charge: Charge },
    Shared { charge: Arc<Charge> },
}

impl Held {
    pub(crate) fn charge(&self) -> &Charge {
        match self {
            Self::Alone { charge } => charge,
            Self::Shared { charge } => charge,
        }
    }
}

/// A pending message.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) message: Arc<Message>,
    /// Dropped with the entry, which frees the bytes.
    pub(crate) held: Held,
    /// Order within its queue: later ones are greater.
    pub(crate) order: u64,
    pub(crate) place: Place,
    pub(crate) expiration_ms: i64,
    /// When it came here, by the wall clock; 0 if that is not known.
    pub(crate) arrived_ms: i64,
    pub(crate) redeliveries: u32,
    /// The message belongs to a message group.
    pub(crate) grouped: bool,
}

impl Entry {
    /// The message comes here now.
    pub(crate) fn arriving(self, now: Now) -> Self {
        Self {
            arrived_ms: now.wall_ms,
            ..self
        }
    }

    /// How long it has been here, if that is known.
    pub(crate) fn age_ms(&self, now: Now) -> Option<u64> {
        let age_ms = now.wall_ms.saturating_sub(self.arrived_ms);
        (self.arrived_ms > 0).then(|| u64::try_from(age_ms).unwrap_or_default())
    }

    pub(crate) fn is_expired(&self, wall_ms: i64) -> bool {
        self.expiration_ms > 0 && self.expiration_ms <= wall_ms
    }

    /// The change that removes the message from where it is kept.
    pub(crate) fn removal(&self) -> Option<Change> {
        match self.place {
            Place::Memory => None,
            Place::Stored { list, position } | Place::Spooled { list, position } => {
                Some(Change::Remove { list, position })
            }
        }
    }
}
