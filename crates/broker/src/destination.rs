//! A destination as the core holds it.

use crate::explain::Kind;
use crate::flow::parking::{Full, Incoming};
use crate::flow::usage::Usage;
use crate::forward::Forwards;
use crate::outbox::Outbox;
use crate::policy::LivePolicy;
use crate::queue::Queue;
use crate::topic::Topic;
use crate::turn::Turn;
use floodway_message::{Destination, Now};
use std::sync::Arc;

/// A queue or a topic.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Queue(Arc<Queue>),
    Topic(Arc<Topic>),
}

impl Node {
    /// Takes in a batch of one connection.
    pub(crate) fn send(
        &self,
        batch: &mut Vec<Incoming>,
        outbox: &Arc<Outbox>,
        turn: &mut Turn<'_>,
    ) {
        match self {
            Self::Queue(queue) => queue.send(batch, outbox, turn),
            Self::Topic(topic) => topic.send(batch, outbox, turn),
        }
    }

    /// Takes in parked sends as far as there is room.
    pub(crate) fn resume(&self, turn: &mut Turn<'_>) {
        match self {
            Self::Queue(queue) => queue.resume(turn),
            Self::Topic(topic) => topic.resume(turn),
        }
    }

    /// The limit that something of a connection waits for here, if it came before the ticket.
    pub(crate) fn waits_for(&self, connection: u64, ticket: u64) -> Option<Full> {
        match self {
            Self::Queue(queue) => queue.lock().parking.waits_for(connection, ticket),
            Self::Topic(topic) => topic.waits_for(connection, ticket),
        }
    }

    /// Forgets what a connection had parked here.
    pub(crate) fn forget_parked(&self, connection: u64, turn: &mut Turn<'_>) {
        match self {
            Self::Queue(queue) => queue.forget_parked(connection, turn),
            Self::Topic(topic) => topic.forget_parked(connection, turn),
        }
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Queue(one), Self::Queue(other)) => Arc::ptr_eq(one, other),
            (Self::Topic(one), Self::Topic(other)) => Arc::ptr_eq(one, other),
            (Self::Queue(_), Self::Topic(_)) | (Self::Topic(_), Self::Queue(_)) => false,
        }
    }

    /// Where what is sent to it goes besides.
    pub(crate) fn forwards(&self) -> Option<&Forwards> {
        match self {
            Self::Queue(queue) => queue.forwards.as_ref(),
            Self::Topic(topic) => topic.forwards.as_ref(),
        }
    }

    pub(crate) fn destination(&self) -> &Destination {
        match self {
            Self::Queue(queue) => &queue.destination,
            Self::Topic(topic) => &topic.destination,
        }
    }

    /// Its node of the memory usage tree.
    pub(crate) fn usage(&self) -> &Arc<Usage> {
        match self {
            Self::Queue(queue) => &queue.usage,
            Self::Topic(topic) => &topic.usage,
        }
    }

    /// Its policy, to be read or changed.
    pub(crate) fn live_policy(&self) -> &Arc<LivePolicy> {
        match self {
            Self::Queue(queue) => &queue.policy,
            Self::Topic(topic) => &topic.policy,
        }
    }

    /// What of it decides how it can be freed.
    pub(crate) fn kind(&self, now: Now) -> Kind {
        match self {
            Self::Queue(queue) => {
                let state = queue.lock();
                Kind {
                    cursor: queue.cursor,
                    in_doubt: state.promised.len(),
                    paused: queue.is_paused(),
                    not_started: queue.not_started(&state, now),
                    ..Kind::default()
                }
            }
            Self::Topic(topic) => Kind {
                cursor: topic.policy().pending_subscriber_policy,
                durables_away: topic.durables_away(),
                ..Kind::default()
            },
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Queue(queue) => queue.lock().closed,
            Self::Topic(topic) => topic.is_closed(),
        }
    }
}
