//! Why a destination keeps the space that it holds.

use super::Kind;
use crate::view::{ConsumerView, HolderView};
use floodway_message::Destination;
use std::sync::Arc;

/// See the module.
#[derive(Debug, Clone)]
pub enum Cause {
    /// Messages wait and nobody consumes.
    NoConsumer {
        /// Where.
        destination: Destination,
    },
    /// All consumers have as many unacknowledged messages as they may.
    NotAcknowledged {
        /// Where.
        destination: Destination,
        /// The one that holds most.
        consumer: ConsumerView,
    },
    /// What is delivered was acknowledged in a transaction that is still open.
    TransactionOpen {
        /// Where.
        destination: Destination,
        /// Whose transaction.
        consumer: ConsumerView,
    },
    /// Consumers have room, but their selectors match nothing of what is read.
    NothingSelected {
        /// Where.
        destination: Destination,
        /// The selectors.
        selectors: Vec<String>,
    },
    /// Consumers have room, but the owner of the message groups in front has none.
    GroupOwnerStalled {
        /// Where.
        destination: Destination,
        /// The owner.
        consumer: ConsumerView,
    },
    /// A durable subscription whose consumer is away keeps its messages.
    DurableAway {
        /// The topic.
        destination: Destination,
        /// Client id.
        client_id: Arc<str>,
        /// Name of the subscription.
        name: Arc<str>,
    },
    /// The messages are on their way: consumers take them, more slowly than producers send.
    Consuming {
        /// Where.
        destination: Destination,
    },
    /// The disk has no room, whatever the limit says.
    DiskFull,
}

/// The causes at one destination.
pub(super) fn of_holder(holder: &HolderView, kind: &Kind) -> Vec<Cause> {
    let destination = &holder.destination;
    let away = kind.durables_away.iter();
    let mut causes: Vec<Cause> = away
        .map(|(client_id, name)| Cause::DurableAway {
            destination: destination.clone(),
            client_id: Arc::clone(client_id),
            name: Arc::clone(name),
        })
        .collect();
    if holder.consumers.is_empty() {
        if causes.is_empty() {
            let destination = destination.clone();
            causes.push(Cause::NoConsumer { destination });
        }
        return causes;
    }
    causes.push(among_consumers(holder));
    causes
}

fn among_consumers(holder: &HolderView) -> Cause {
    let destination = holder.destination.clone();
    let full = |one: &&ConsumerView| one.unacknowledged >= one.prefetch as usize;
    let in_transaction = |one: &&ConsumerView| one.in_transaction > 0;
    if let Some(consumer) = holder.consumers.iter().find(in_transaction)
        && consumer.in_transaction * 2 > consumer.unacknowledged
    {
        let consumer = consumer.clone();
        return Cause::TransactionOpen {
            destination,
            consumer,
        };
    }
    let stalled = holder.consumers.iter().find(full);
    match stalled {
        Some(consumer) if holder.consumers.iter().all(|one| full(&one)) => Cause::NotAcknowledged {
            destination,
            consumer: consumer.clone(),
        },
        Some(consumer) if consumer.groups > 0 => Cause::GroupOwnerStalled {
            destination,
            consumer: consumer.clone(),
        },
        Some(consumer) if consumer.exclusive => Cause::NotAcknowledged {
            destination,
            consumer: consumer.clone(),
        },
        _ => with_room(holder, destination),
    }
}

/// At least one consumer has room.
fn with_room(holder: &HolderView, destination: Destination) -> Cause {
    let selectors: Vec<String> = holder
        .consumers
        .iter()
        .filter_map(|one| one.selector.clone())
        .collect();
    let select = selectors.len() == holder.consumers.len();
    if select && holder.messages.pending > 0 {
        return Cause::NothingSelected {
            destination,
            selectors,
        };
    }
    if holder.messages.pending == 0
        && let Some(consumer) = holder.consumers.first()
    {
        let consumer = consumer.clone();
        return Cause::NotAcknowledged {
            destination,
            consumer,
        };
    }
    Cause::Consuming { destination }
}
