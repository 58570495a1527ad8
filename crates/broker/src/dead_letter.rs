//! Dead letters: messages that expired, or that no consumer can process, are moved to a queue
//! where people find them, with the cause in a property.
//!
//! The move is one batch of the store: after a crash the message is in exactly one place. Dead
//! letters are never held back by limits, so that a full destination can always be drained.

use crate::advisory::Class;
use crate::destination::Node;
use crate::entry::{Entry, Place};
use crate::queue::add::Writes;
use crate::queue::lane::Kept;
use crate::queue::{Queue, Role};
use crate::settings::DeadLetterQueue;
use crate::turn::Turn;
use floodway_message::{Destination, DestinationKind, Message, PropertyValue};
use floodway_store::{BatchNumber, Change, ListId, PageRequest};
use std::sync::Arc;

/// Property that names the cause.
const CAUSE_PROPERTY: &str = "dlqDeliveryFailureCause";

/// A message on its way to a dead letter queue.
pub(crate) struct DeadLetter {
    source: Source,
    place: Place,
    /// The queue it leaves; told when the move is written.
    origin: Arc<Queue>,
    cause: String,
    expired: bool,
}

enum Source {
    Message(Arc<Message>),
    Kept {
        kept: Kept,
        list: ListId,
        position: u64,
    },
}

impl DeadLetter {
    fn new(source: Source, place: Place, queue: &Arc<Queue>, cause: &str, expired: bool) -> Self {
        queue.departures.leave();
        Self {
            source,
            place,
            origin: Arc::clone(queue),
            cause: cause.into(),
            expired,
        }
    }

    pub(crate) fn expired(
        message: Arc<Message>,
        queue: &Arc<Queue>,
        entry: Option<&Entry>,
    ) -> Self {
        let place = entry.map_or(Place::Memory, |entry| entry.place);
        Self::new(
            Source::Message(message),
            place,
            queue,
            "Message Expired",
            true,
        )
    }

    /// A message that expired on disk; it is read when it is moved.
    pub(crate) fn expired_at(queue: &Arc<Queue>, kept: Kept, list: ListId, position: u64) -> Self {
        let place = match kept {
            Kept::Stored => Place::Stored { list, position },
            Kept::Spooled => Place::Spooled { list, position },
        };
        Self::new(
            Source::Kept {
                kept,
                list,
                position,
            },
            place,
            queue,
            "Message Expired",
            true,
        )
    }

    pub(crate) fn poison(entry: &Entry, queue: &Arc<Queue>, cause: &str) -> Self {
        Self::new(
            Source::Message(Arc::clone(&entry.message)),
            entry.place,
            queue,
            cause,
            false,
        )
    }

    /// Moves the message, or drops it where the strategy says so.
    pub(crate) fn send(self, turn: &mut Turn<'_>) {
        let mut writes = Writes::default();
        if let Some(change) = self.removal() {
            match self.place {
                Place::Spooled { .. } => writes.spooled.push(change),
                Place::Stored { .. } | Place::Memory => writes.stored.push(change),
            }
        }
        let letter = self.message(turn);
        if let (true, Some(message)) = (self.expired, &letter) {
            self.origin.advise(Class::Expired, message, None, turn);
        }
        let letter = letter.filter(|message| self.is_kept(message));
        let target = letter.and_then(|message| {
            let target = self.target(&message)?;
            let copy = self.copy(&message, &target, turn)?;
            self.origin
                .advise(Class::DeadLettered, &message, None, turn);
            Some((copy, target))
        });
        let Some((copy, target)) = target else {
            let removals = turn.broker.write_removals(&mut writes);
            let departures = &self.origin.departures;
            return departures.note(removals.stored, removals.spooled);
        };
        match turn.broker.node(&target, turn) {
            Ok(Node::Queue(queue)) => {
                if let Some((stored, spooled)) = queue.put(copy, &mut writes, turn) {
                    self.origin.departures.note(stored, spooled);
                }
            }
            Ok(Node::Topic(topic)) => {
                let removals = turn.broker.write_removals(&mut writes);
                let departures = &self.origin.departures;
                departures.note(removals.stored, removals.spooled);
                topic.publish(copy, turn);
            }
            Err(failure) => {
                tracing::error!(from = %self.origin.destination, "a dead letter stays where it is: {failure}");
            }
        }
    }

    fn removal(&self) -> Option<Change> {
        match self.place {
            Place::Memory => None,
            Place::Stored { list, position } | Place::Spooled { list, position } => {
                Some(Change::Remove { list, position })
            }
        }
    }

    fn message(&self, turn: &Turn<'_>) -> Option<Arc<Message>> {
        match &self.source {
            Source::Message(message) => Some(Arc::clone(message)),
            Source::Kept {
                kept,
                list,
                position,
            } => {
                let store = match kept {
                    Kept::Stored => turn.broker.store.as_ref()?,
                    Kept::Spooled => turn.broker.spool.as_ref()?,
                };
                let request = PageRequest {
                    list: *list,
                    from: *position,
                    records_max: 1,
                    bytes_max: usize::MAX,
                };
                let record = store.page(request).ok()?.records.into_iter().next()?;
                let found = record.position == *position;
                let message = Message::from_parts(record.head, record.body).ok()?;
                found.then(|| Arc::new(message))
            }
        }
    }

    fn is_kept(&self, message: &Message) -> bool {
        let strategy = &self.origin.policy().dead_letter;
        (message.is_persistent() || strategy.process_non_persistent)
            && (!self.expired || strategy.process_expired)
            && strategy.queue != DeadLetterQueue::Discard
            && self.target(message).as_ref() != Some(&self.origin.destination)
    }

    fn target(&self, message: &Message) -> Option<Destination> {
        // A subscription may be to a pattern; the message's own destination never is one.
        let from = message.destination();
        let from = from.as_ref().unwrap_or(&self.origin.destination);
        let from_queue = self.origin.destination.kind().is_queue();
        let (kind, name) = match &self.origin.policy().dead_letter.queue {
            DeadLetterQueue::Discard => return None,
            DeadLetterQueue::Shared(name) => (DestinationKind::Queue, name.clone()),
            DeadLetterQueue::Individual {
                queue_prefix,
                topic_prefix,
                queue_suffix,
                topic_suffix,
                queue_for_queues,
                queue_for_topics,
                per_durable_subscriber,
            } => {
                let (prefix, suffix, to_queue) = if from_queue {
                    (queue_prefix, queue_suffix, *queue_for_queues)
                } else {
                    (topic_prefix, topic_suffix, *queue_for_topics)
                };
                let subscriber = match &self.origin.role {
                    Role::Durable { client_id, name } if *per_durable_subscriber => {
                        format!(".{client_id}.{name}")
                    }
                    Role::Durable { .. } | Role::Queue | Role::Subscription => String::new(),
                };
                let kind = if to_queue {
                    DestinationKind::Queue
                } else {
                    DestinationKind::Topic
                };
                (kind, format!("{prefix}{}{subscriber}{suffix}", from.name()))
            }
        };
        Destination::new(kind, &name).ok()
    }

    fn copy(&self, message: &Message, target: &Destination, turn: &Turn<'_>) -> Option<Message> {
        let mut builder = message.rebuild();
        let original = message
            .original_destination()
            .or_else(|| message.destination());
        builder.original_destination(original.as_ref().unwrap_or(&self.origin.destination));
        builder.destination(target);
        let life_ms = self.origin.policy().dead_letter.expiration_ms;
        let expiration = match i64::try_from(life_ms) {
            Ok(life_ms) if life_ms > 0 => turn.now.wall_ms.saturating_add(life_ms),
            _ => 0,
        };
        if message.expiration_ms() > 0 {
            let old = PropertyValue::Long(message.expiration_ms());
            builder.property("originalExpiration", old);
        }
        builder.expiration_ms(expiration);
        builder.property(CAUSE_PROPERTY, PropertyValue::String(&self.cause));
        builder.build(0).ok()
    }
}

impl Drop for DeadLetter {
    fn drop(&mut self) {
        self.origin.departures.left();
    }
}

impl Queue {
    /// Takes a message in whatever the limits say, in one batch with other writes.
    fn put(
        self: &Arc<Self>,
        message: Message,
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) -> Option<(Option<BatchNumber>, Option<BatchNumber>)> {
        let mut state = self.lock();
        let taken = self.take_in(&mut state, message, writes, turn);
        match taken.and_then(|()| writes.write(turn)) {
            Ok(batches) => {
                self.dispatch_locked(&mut state, turn);
                Some(batches)
            }
            Err(failure) => {
                tracing::error!(destination = %self.destination, "a dead letter was not stored: {failure}");
                None
            }
        }
    }
}
