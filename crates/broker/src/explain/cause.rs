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
    /// Consumers fetch messages one by one (prefetch 0), and ask for none.
    NotPulling {
        /// Where.
        destination: Destination,
        /// The first of them.
        consumer: ConsumerView,
    },
    /// Consumers acknowledged in transactions that have no outcome yet, and went away.
    InDoubt {
        /// Where.
        destination: Destination,
        /// How many messages.
        messages: usize,
    },
    /// An operator has paused the queue.
    Paused {
        /// Which one.
        destination: Destination,
    },
    /// The policy lets dispatch begin when more consumers have come, or after a time.
    NotStarted {
        /// Where.
        destination: Destination,
        /// So many consumers more.
        missing: usize,
        /// Or after so long.
        wait_ms: u64,
    },
    /// The messages are on their way: consumers take them, more slowly than producers send.
    Consuming {
        /// Where.
        destination: Destination,
    },
    /// The disk has no room, whatever the limit says.
    DiskFull,
    /// The disk has room for less than the limit that is set.
    DiskShort {
        /// What is set.
        set_bytes: u64,
    },
}

impl Cause {
    /// Its name for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoConsumer { .. } => "noConsumer",
            Self::NotAcknowledged { .. } => "notAcknowledged",
            Self::TransactionOpen { .. } => "transactionOpen",
            Self::NothingSelected { .. } => "nothingSelected",
            Self::GroupOwnerStalled { .. } => "groupOwnerStalled",
            Self::DurableAway { .. } => "durableAway",
            Self::NotPulling { .. } => "notPulling",
            Self::InDoubt { .. } => "inDoubt",
            Self::Paused { .. } => "paused",
            Self::NotStarted { .. } => "notStarted",
            Self::Consuming { .. } => "consuming",
            Self::DiskFull => "diskFull",
            Self::DiskShort { .. } => "diskShort",
        }
    }

    /// Where it is, if at one destination.
    pub fn destination(&self) -> Option<&Destination> {
        match self {
            Self::NoConsumer { destination }
            | Self::NotAcknowledged { destination, .. }
            | Self::TransactionOpen { destination, .. }
            | Self::NothingSelected { destination, .. }
            | Self::GroupOwnerStalled { destination, .. }
            | Self::DurableAway { destination, .. }
            | Self::NotPulling { destination, .. }
            | Self::InDoubt { destination, .. }
            | Self::NotStarted { destination, .. }
            | Self::Paused { destination }
            | Self::Consuming { destination } => Some(destination),
            Self::DiskFull | Self::DiskShort { .. } => None,
        }
    }

    /// The consumer behind it, if there is one.
    pub fn consumer(&self) -> Option<&ConsumerView> {
        match self {
            Self::NotAcknowledged { consumer, .. }
            | Self::TransactionOpen { consumer, .. }
            | Self::GroupOwnerStalled { consumer, .. }
            | Self::NotPulling { consumer, .. } => Some(consumer),
            _ => None,
        }
    }
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
    if kind.in_doubt > 0 {
        causes.push(Cause::InDoubt {
            destination: destination.clone(),
            messages: kind.in_doubt,
        });
    }
    if kind.paused {
        let destination = destination.clone();
        causes.push(Cause::Paused { destination });
        return causes;
    }
    if let Some((missing, wait_ms)) = kind.not_started {
        causes.push(Cause::NotStarted {
            destination: destination.clone(),
            missing,
            wait_ms,
        });
        return causes;
    }
    if holder.consumers.is_empty() {
        if kind.durables_away.is_empty() {
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
        && consumer.in_transaction * 2 >= consumer.unacknowledged
    {
        let consumer = consumer.clone();
        return Cause::TransactionOpen {
            destination,
            consumer,
        };
    }
    if let Some(consumer) = holder.consumers.first()
        && holder
            .consumers
            .iter()
            .all(|one| one.prefetch == 0 && one.unacknowledged == 0)
    {
        let consumer = consumer.clone();
        return Cause::NotPulling {
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
        // Each subscription of a topic has a backlog of its own.
        Some(consumer) if !destination.kind().is_queue() => Cause::NotAcknowledged {
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
