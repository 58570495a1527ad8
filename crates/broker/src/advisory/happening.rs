//! What happens to messages, producers and limits, and is told where the policy says so.
//!
//! Noticed under a destination's lock and told at the end of the turn. Expired messages and dead
//! letters are always told; the rest only where a policy entry switches it on.

use super::Class;
use crate::broker::Broker;
use crate::consumer::Consumer;
use crate::flow::parking::{Full, Parked};
use crate::outbox::Outbox;
use crate::queue::{Queue, QueueState, Role};
use crate::settings::{AdvisoryPolicy, PolicyEntry};
use crate::topic::Topic;
use crate::turn::{Turn, Work};
use floodway_message::advisory::{ConsumerFacts, Thing, is_advisory};
use floodway_message::session::ProducerId;
use floodway_message::{Advisory, Destination, Message, PropertyValue};
use std::sync::Arc;

/// Something to tell when no destination is locked.
pub(crate) enum Happening {
    /// Something happened to a message.
    Message {
        class: Class,
        message: Arc<Message>,
        destination: Destination,
        consumer: Option<Arc<ConsumerFacts>>,
        discarded: u64,
        has_body: bool,
    },
    /// A message came to where nobody consumes: it is passed on itself.
    NoConsumer(Arc<Message>, Destination),
    /// More waits for a consumer than it takes.
    SlowConsumer(Arc<ConsumerFacts>, Destination),
    /// A producer met a limit.
    Blocked(Blocked),
    /// A producer waits, or waits no more.
    Waiting(Box<Waiting>),
}

/// A producer that begins to wait for room, or goes on.
pub(crate) struct Waiting {
    outbox: Arc<Outbox>,
    producer: ProducerId,
    destination: Destination,
    full: Full,
    waited_ms: u64,
    is_over: bool,
}

/// A send or commit that met a limit.
pub(crate) struct Blocked {
    destination: Destination,
    usage_name: Box<str>,
    used_bytes: u64,
    producer: (u64, ProducerId),
    policy: AdvisoryPolicy,
}

impl AdvisoryPolicy {
    fn tells(&self, class: Class) -> bool {
        match class {
            Class::Consumed => self.consumed,
            Class::Delivered => self.delivered,
            Class::Dispatched => self.dispatched,
            Class::Discarded => self.discarded,
            Class::NoConsumer => self.no_consumers,
            _ => true,
        }
    }
}

impl Queue {
    /// Notices what happened to a message here.
    #[inline]
    pub(crate) fn advise(
        &self,
        class: Class,
        message: &Arc<Message>,
        consumer: Option<&Consumer>,
        turn: &mut Turn<'_>,
    ) {
        if turn.broker.advisories.hears(class) && self.policy().advisories.tells(class) {
            let destination = match self.role {
                Role::Queue => self.destination.clone(),
                // It may be to a pattern; the message's own destination never is one.
                Role::Subscription | Role::Durable { .. } => {
                    let own = message.destination();
                    own.unwrap_or_else(|| self.destination.clone())
                }
            };
            let consumer = consumer.and_then(|consumer| consumer.facts.clone());
            notice(
                (class, message, destination),
                (consumer, 0),
                &self.policy(),
                turn,
            );
        }
    }

    /// A message is taken in.
    #[inline]
    pub(crate) fn advise_arrival(
        &self,
        state: &QueueState,
        message: &Message,
        turn: &mut Turn<'_>,
    ) {
        let policy = &self.policy().advisories;
        if policy.delivered {
            self.advise(Class::Delivered, &Arc::new(message.clone()), None, turn);
        }
        if policy.no_consumers && state.attachments.is_empty() {
            advise_nobody(message, &self.destination, turn);
        }
    }

    /// A message was discarded for the only consumer of a subscription.
    pub(crate) fn advise_discarded(
        &self,
        state: &QueueState,
        message: &Arc<Message>,
        turn: &mut Turn<'_>,
    ) {
        let class = Class::Discarded;
        if turn.broker.advisories.hears(class) && self.policy().advisories.discarded {
            let own = message.destination();
            let destination = own.unwrap_or_else(|| self.destination.clone());
            let consumer = state.attachments.first();
            let consumer = consumer.and_then(|one| one.consumer.facts.clone());
            let told = (consumer, state.counts.discarded);
            notice((class, message, destination), told, &self.policy(), turn);
        }
    }

    /// Notices consumers for which more waits than they take: of a queue, anything while their
    /// window is full; of a topic, more than another window.
    #[inline]
    pub(crate) fn note_slow(&self, state: &QueueState, turn: &mut Turn<'_>) {
        let is_told = self.policy().advisories.slow_consumers;
        if !is_told && self.policy().slow_consumers.is_none() {
            return;
        }
        for attachment in &state.attachments {
            let consumer = &attachment.consumer;
            if consumer.has_room() {
                consumer.is_not_slow();
            } else if self.is_behind(state, consumer)
                && consumer.becomes_slow(turn.now)
                && is_told
                && turn.broker.advisories.hears(Class::SlowConsumer)
                && let Some(facts) = &consumer.facts
                && !is_advisory(self.destination.kind(), self.destination.name())
            {
                let slow = Happening::SlowConsumer(Arc::clone(facts), self.destination.clone());
                turn.later(Work::Advise(Box::new(slow)));
            }
        }
    }

    /// Waits more for a consumer than it takes?
    pub(crate) fn is_behind(&self, state: &QueueState, consumer: &Consumer) -> bool {
        let (pending, prefetch) = (state.pending(), u64::from(consumer.prefetch()));
        let waits = match self.role {
            Role::Queue => pending > 0 && prefetch > 0,
            Role::Subscription | Role::Durable { .. } => prefetch > 1 && pending > prefetch,
        };
        waits && !consumer.has_room()
    }
}

impl Topic {
    /// A message is taken in.
    #[inline]
    pub(crate) fn advise_arrival(&self, message: &Message, turn: &mut Turn<'_>) {
        let policy = &self.policy().advisories;
        if policy.delivered && turn.broker.advisories.hears(Class::Delivered) {
            let message = Arc::new(message.clone());
            let what = (Class::Delivered, &message, self.destination.clone());
            notice(what, (None, 0), &self.policy(), turn);
        }
        if policy.no_consumers && self.subscriptions().is_empty() {
            advise_nobody(message, &self.destination, turn);
        }
    }

    /// A message had expired when it came.
    pub(crate) fn advise_expired(&self, message: &Message, turn: &mut Turn<'_>) {
        if turn.broker.advisories.hears(Class::Expired) {
            let message = Arc::new(message.clone());
            let what = (Class::Expired, &message, self.destination.clone());
            notice(what, (None, 0), &self.policy(), turn);
        }
    }
}

fn notice(
    (class, message, destination): (Class, &Arc<Message>, Destination),
    (consumer, discarded): (Option<Arc<ConsumerFacts>>, u64),
    policy: &PolicyEntry,
    turn: &mut Turn<'_>,
) {
    if is_advisory(destination.kind(), destination.name()) {
        return;
    }
    turn.later(Work::Advise(Box::new(Happening::Message {
        class,
        message: Arc::clone(message),
        destination,
        consumer,
        discarded,
        has_body: policy.advisories.with_body,
    })));
}

/// A message that is not stored came to where nobody consumes.
fn advise_nobody(message: &Message, destination: &Destination, turn: &mut Turn<'_>) {
    if !message.is_persistent()
        && turn.broker.advisories.hears(Class::NoConsumer)
        && !is_advisory(destination.kind(), destination.name())
    {
        let message = Arc::new(message.clone());
        let happening = Happening::NoConsumer(message, destination.clone());
        turn.later(Work::Advise(Box::new(happening)));
    }
}

impl Blocked {
    /// What is to be told of a send that met a limit, if anything is.
    pub(crate) fn notice(
        full: &Full,
        producer: (u64, ProducerId),
        (destination, policy): (&Destination, &PolicyEntry),
        turn: &mut Turn<'_>,
    ) {
        let policy = policy.advisories;
        if !policy.when_full && !policy.fast_producers {
            return;
        }
        let (usage_name, used_bytes) = match full {
            Full::Memory {
                node, used_bytes, ..
            } => (node.clone(), *used_bytes),
            Full::Store { used_bytes, .. } => ("store".into(), *used_bytes),
            Full::Temp { used_bytes, .. } => ("temp".into(), *used_bytes),
            Full::Jobs { used_bytes, .. } => ("jobScheduler".into(), *used_bytes),
            Full::Congested => return,
        };
        let destination = destination.clone();
        turn.later(Work::Advise(Box::new(Happening::Blocked(Self {
            destination,
            usage_name,
            used_bytes,
            producer,
            policy,
        }))));
    }

    /// The same of one that begins to wait.
    pub(crate) fn notice_parked(
        parked: &Parked,
        place: (&Destination, &PolicyEntry),
        turn: &mut Turn<'_>,
    ) {
        Self::notice(
            &parked.full,
            (parked.outbox.id, parked.producer()),
            place,
            turn,
        );
    }

    fn tell(self, broker: &Broker, turn: &mut Turn<'_>) {
        let (kind, name) = (self.destination.kind(), self.destination.name());
        if is_advisory(kind, name) {
            return;
        }
        if self.policy.when_full && broker.advisories.hears(Class::Full) {
            let used = i64::try_from(self.used_bytes).unwrap_or(i64::MAX);
            let properties = [
                ("usageName", PropertyValue::String(&self.usage_name)),
                ("usageCount", PropertyValue::Long(used)),
            ];
            let topic = Class::Full.topic_for(kind, name);
            broker.tell(&topic, &Advisory::Properties, &properties, turn);
        }
        if self.policy.fast_producers && broker.advisories.hears(Class::FastProducer) {
            let (connection, number) = self.producer;
            let known = broker.advisories.known.lock();
            let facts = known.producer(self.producer).cloned();
            drop(known);
            // Clients of some protocols do not say that they have a producer.
            let made = || {
                broker
                    .advisories
                    .introduction(None, connection, Some(number))
                    .id
            };
            let id = facts
                .as_ref()
                .map(|facts| Arc::clone(&facts.introduction.id));
            let id = id.unwrap_or_else(made);
            let told = facts.map_or(Advisory::Properties, |facts| {
                Advisory::Present(Thing::Producer(facts))
            });
            let properties = [("producerId", PropertyValue::String(&id))];
            let topic = Class::FastProducer.topic_for(kind, name);
            broker.tell(&topic, &told, &properties, turn);
        }
    }
}

impl Waiting {
    /// What is to be told of a producer that begins to wait, or goes on, if anybody listens.
    pub(crate) fn notice(parked: &Parked, is_over: bool, turn: &mut Turn<'_>) {
        let is_own = is_advisory(parked.destination.kind(), parked.destination.name());
        if is_own || !turn.broker.advisories.hears(Class::ProducerBlocked) {
            return;
        }
        let waiting = Self {
            outbox: Arc::clone(&parked.outbox),
            producer: parked.producer(),
            destination: parked.destination.clone(),
            full: parked.full.clone(),
            waited_ms: turn.now.monotonic_ms.saturating_sub(parked.since_ms),
            is_over,
        };
        turn.later(Work::Advise(Box::new(Happening::Waiting(Box::new(
            waiting,
        )))));
    }

    fn tell(&self, broker: &Broker, turn: &mut Turn<'_>) {
        let (limit, used, size) = match &self.full {
            Full::Memory {
                node,
                used_bytes,
                limit_bytes,
            } => (&**node, *used_bytes, *limit_bytes),
            Full::Store {
                used_bytes,
                limit_bytes,
            } => ("store", *used_bytes, *limit_bytes),
            Full::Temp {
                used_bytes,
                limit_bytes,
            } => ("temp", *used_bytes, *limit_bytes),
            Full::Jobs {
                used_bytes,
                limit_bytes,
            } => ("jobScheduler", *used_bytes, *limit_bytes),
            Full::Congested => return,
        };
        let long = |number: u64| PropertyValue::Long(i64::try_from(number).unwrap_or(i64::MAX));
        let known = broker.advisories.known.lock();
        let facts = known.producer((self.outbox.id, self.producer)).cloned();
        drop(known);
        let id = facts
            .as_ref()
            .map(|facts| Arc::clone(&facts.introduction.id));
        let id = id.unwrap_or_else(|| self.producer.to_string().into());
        let client = self.outbox.client();
        let explanation = if self.is_over {
            String::new()
        } else {
            broker.explain_briefly(&self.destination, turn.now)
        };
        let mut properties = vec![
            ("blocked", PropertyValue::Boolean(!self.is_over)),
            ("blockedMillis", long(self.waited_ms)),
            ("producerId", PropertyValue::String(&id)),
            (
                "clientId",
                PropertyValue::String(client.map_or("", |client| &client.id)),
            ),
            ("remoteAddress", PropertyValue::String(&self.outbox.peer)),
            ("usageName", PropertyValue::String(limit)),
            ("usageCount", long(used)),
            ("usageLimit", long(size)),
        ];
        if !self.is_over {
            properties.push(("explanation", PropertyValue::String(&explanation)));
        }
        let told = facts.map_or(Advisory::Properties, |facts| {
            Advisory::Present(Thing::Producer(facts))
        });
        let (kind, name) = (self.destination.kind(), self.destination.name());
        let topic = Class::ProducerBlocked.topic_for(kind, name);
        broker.tell(&topic, &told, &properties, turn);
    }
}

impl Happening {
    /// Tells it.
    pub(crate) fn tell(self, turn: &mut Turn<'_>) {
        let broker = turn.broker;
        match self {
            Self::Blocked(blocked) => blocked.tell(broker, turn),
            Self::Waiting(waiting) => waiting.tell(broker, turn),
            Self::SlowConsumer(facts, destination) => {
                let id = Arc::clone(&facts.introduction.id);
                let properties = [("consumerId", PropertyValue::String(&id))];
                let told = Advisory::Present(Thing::Consumer(facts));
                let topic = Class::SlowConsumer.topic_for(destination.kind(), destination.name());
                broker.tell(&topic, &told, &properties, turn);
            }
            Self::NoConsumer(message, destination) => {
                let topic = Class::NoConsumer.topic_for(destination.kind(), destination.name());
                broker.pass_on(&message, &topic, turn);
            }
            Self::Message {
                class,
                message,
                destination,
                consumer,
                discarded,
                has_body,
            } => {
                let from = destination.to_string();
                let mut properties = Vec::new();
                if class == Class::Discarded {
                    let count = i32::try_from(discarded).unwrap_or(i32::MAX);
                    properties.push(("discardedCount", PropertyValue::Integer(count)));
                }
                // So spelled.
                properties.push(("orignalMessageId", PropertyValue::String(message.id())));
                properties.push(("orignalDestination", PropertyValue::String(&from)));
                let consumer = consumer.as_ref().map(|one| &*one.introduction.id);
                let consumer = consumer.map(|id| ("consumerId", PropertyValue::String(id)));
                properties.extend(consumer);
                let told = Advisory::Message {
                    message: (*message).clone(),
                    has_body,
                };
                let topic = class.topic_for(destination.kind(), destination.name());
                broker.tell(&topic, &told, &properties, turn);
            }
        }
    }
}

impl Broker {
    /// Gives a copy of a message to whoever listens to an advisory topic.
    fn pass_on(&self, message: &Message, topic: &str, turn: &mut Turn<'_>) {
        let listening = self.advisories.listening(topic);
        let topic = Destination::new(floodway_message::DestinationKind::Topic, topic);
        if listening.is_empty() {
            return;
        }
        if let Ok(topic) = topic {
            let mut builder = message.rebuild();
            builder.destination(&topic);
            if let Ok(copy) = builder.build(0) {
                self.advisories.give(copy, &listening, turn);
            }
        }
    }
}
