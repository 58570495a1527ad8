//! Advisories: messages on topics `ActiveMQ.Advisory.…` by which the broker tells of itself.
//!
//! An advisory goes straight to the subscriptions that listen to its topic; the topic itself is
//! not created. Whether anybody listens to a class is one load of a counter, so that what nobody
//! wants to know costs nothing. There are no advisories about advisory topics. What is told of
//! messages comes from under a destination's lock and is put off to the end of the turn; what
//! comes and goes is told at once, in `known`.

use crate::broker::Broker;
use crate::policy::{LivePolicy, Policies};
use crate::settings::{AdvisorySettings, BrokerSettings};
use crate::topic::{Subscription, Topic};
use crate::turn::Turn;
use crate::{flow::usage::Usage, queue::Queue};
use floodway_message::advisory::{MESSAGE_TYPE, PREFIX};
use floodway_message::{
    Advisory, BodyKind, Destination, DestinationKind, Message, MessageBuilder, Now, PropertyValue,
    wildcard,
};
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

mod happening;
mod known;

pub(crate) use happening::{Blocked, Happening, Waiting};
use known::Known;

/// What an advisory is about: the third element of its topic's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Connection,
    Queue,
    Topic,
    TempQueue,
    TempTopic,
    Consumer,
    Producer,
    Expired,
    NoConsumer,
    SlowConsumer,
    FastProducer,
    Discarded,
    Delivered,
    Dispatched,
    Consumed,
    DeadLettered,
    Full,
    ProducerBlocked,
    MasterBroker,
}

impl Class {
    const ALL: [(Self, &'static str); 19] = [
        (Self::Connection, "Connection"),
        (Self::Queue, "Queue"),
        (Self::Topic, "Topic"),
        (Self::TempQueue, "TempQueue"),
        (Self::TempTopic, "TempTopic"),
        (Self::Consumer, "Consumer"),
        (Self::Producer, "Producer"),
        (Self::Expired, "Expired"),
        (Self::NoConsumer, "NoConsumer"),
        (Self::SlowConsumer, "SlowConsumer"),
        (Self::FastProducer, "FastProducer"),
        (Self::Discarded, "MessageDiscarded"),
        (Self::Delivered, "MessageDelivered"),
        (Self::Dispatched, "MessageDispatched"),
        (Self::Consumed, "MessageConsumed"),
        (Self::DeadLettered, "MessageDLQd"),
        (Self::Full, "FULL"),
        (Self::ProducerBlocked, "ProducerBlocked"),
        (Self::MasterBroker, "MasterBroker"),
    ];

    fn of_destination(kind: DestinationKind) -> Self {
        match kind {
            DestinationKind::Queue => Self::Queue,
            DestinationKind::Topic => Self::Topic,
            DestinationKind::TempQueue => Self::TempQueue,
            DestinationKind::TempTopic => Self::TempTopic,
        }
    }

    fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(class, _)| *class == self);
        found.map_or("", |(_, name)| name)
    }

    /// The topic of the whole class.
    fn topic(self) -> String {
        format!("{PREFIX}{}", self.name())
    }

    /// The topic for one destination; a temporary one counts as its permanent kind.
    fn topic_for(self, kind: DestinationKind, name: &str) -> String {
        let kind = if kind.is_queue() { "Queue" } else { "Topic" };
        format!("{PREFIX}{}.{kind}.{name}", self.name())
    }

    /// Could a subscription of this name hear anything of the class?
    fn is_heard_at(self, name: &str) -> bool {
        let topic = self.topic();
        wildcard::matches(name, &topic) || wildcard::matches(name, &format!("{topic}.>"))
    }
}

/// Subscriptions that may hear advisories, by the id of their queues.
#[derive(Default)]
struct Listeners {
    exact: BTreeMap<Box<str>, BTreeMap<u64, Arc<Subscription>>>,
    patterns: BTreeMap<u64, Arc<Subscription>>,
}

/// See the module.
pub(crate) struct Advisories {
    settings: AdvisorySettings,
    broker_name: String,
    /// Ids begin with this; unique to this run of the broker.
    own_id: String,
    /// Gives advisories to subscriptions, and is what they are charged to; never registered.
    outlet: Arc<Topic>,
    /// How many listen to each class.
    heard: [AtomicU32; Class::ALL.len()],
    listeners: RwLock<Listeners>,
    /// Held while something is told that new subscribers are told again, so that each of them
    /// learns of everything in the right order.
    known: Mutex<Known>,
    count: AtomicU64,
}

impl Advisories {
    /// All producers that are told of.
    pub(crate) fn producers(&self) -> Vec<known::KnownProducer> {
        self.known.lock().all_producers()
    }

    pub(crate) fn new(
        settings: &BrokerSettings,
        policies: &Policies,
        memory: &Arc<Usage>,
        now: Now,
    ) -> Self {
        let all = "ActiveMQ.Advisory.>";
        #[expect(
            clippy::expect_used,
            reason = "a short name that is part of the program"
        )]
        let all = Destination::new(DestinationKind::Topic, all).expect("a name of 19 bytes");
        let usage = Usage::child(memory, &all.to_string(), 0);
        Self {
            settings: settings.advisories.clone(),
            broker_name: settings.name.clone(),
            own_id: format!("ID:{}-{}", settings.name, now.wall_ms),
            outlet: Topic::new(all.clone(), usage, LivePolicy::new(policies.of(&all)), None),
            heard: Default::default(),
            listeners: RwLock::default(),
            known: Mutex::default(),
            count: AtomicU64::new(0),
        }
    }

    /// Does anybody listen to a class?
    #[inline]
    pub(crate) fn hears(&self, class: Class) -> bool {
        let count = self.heard.get(class as usize);
        count.is_some_and(|count| count.load(Ordering::Relaxed) > 0)
    }

    fn count_listener(&self, name: &str, change: impl Fn(&AtomicU32)) -> bool {
        let mut any = false;
        for ((class, _), count) in Class::ALL.iter().zip(&self.heard) {
            if class.is_heard_at(name) {
                change(count);
                any = true;
            }
        }
        any
    }

    /// Can a subscription to a destination hear anything?
    fn can_hear(&self, destination: &Destination) -> bool {
        self.settings.support
            && destination.kind() == DestinationKind::Topic
            && (destination.name().starts_with(PREFIX) || destination.is_pattern())
    }

    fn add_listener(&self, subscription: &Arc<Subscription>) -> bool {
        let destination = &subscription.queue.destination;
        let name = destination.name();
        let mut listeners = self.listeners.write();
        let is_heard = self.count_listener(name, |count| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        if is_heard {
            let of_name = if destination.is_pattern() {
                &mut listeners.patterns
            } else {
                listeners.exact.entry(name.into()).or_default()
            };
            of_name.insert(subscription.queue.id, Arc::clone(subscription));
        }
        is_heard
    }

    /// A subscription ends.
    pub(crate) fn remove_listener(&self, queue: &Queue) {
        let name = queue.destination.name();
        let mut listeners = self.listeners.write();
        let removed = match listeners.exact.get_mut(name) {
            Some(of_name) => {
                let removed = of_name.remove(&queue.id);
                if of_name.is_empty() {
                    listeners.exact.remove(name);
                }
                removed
            }
            None => listeners.patterns.remove(&queue.id),
        };
        if removed.is_some() {
            self.count_listener(name, |count| {
                count.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }

    /// Who listens to a topic. The topic of a wildcard consumer is a pattern itself.
    fn listening(&self, topic: &str) -> Vec<Arc<Subscription>> {
        let listeners = self.listeners.read();
        let exact = listeners.exact.get(topic).into_iter();
        let mut found: Vec<_> = exact.flat_map(BTreeMap::values).map(Arc::clone).collect();
        let matches =
            |one: &&Arc<Subscription>| wildcard::matches(one.queue.destination.name(), topic);
        found.extend(listeners.patterns.values().filter(matches).map(Arc::clone));
        if wildcard::is_pattern(topic) {
            let others = listeners.exact.values().flat_map(BTreeMap::values);
            found.extend(others.filter(matches).map(Arc::clone));
        }
        found
    }

    /// A message that tells something; `None` when the topic's name would be too long.
    fn message(
        &self,
        topic: &str,
        advisory: &Advisory,
        properties: &[(&str, PropertyValue<'_>)],
    ) -> Option<Message> {
        let topic = Destination::new(DestinationKind::Topic, topic).ok()?;
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let mut builder = MessageBuilder::new();
        builder
            .priority(0)
            .id(&format!("{}-0:1:0:0:{number}", self.own_id))
            .destination(&topic)
            .message_type(MESSAGE_TYPE);
        let AdvisorySettings {
            origin_id,
            origin_url,
            ..
        } = &self.settings;
        let origin = [
            ("originBrokerId", origin_id),
            ("originBrokerName", &self.broker_name),
            ("originBrokerURL", origin_url),
        ];
        for (name, value) in origin {
            builder.property(name, PropertyValue::String(value));
        }
        for (name, value) in properties {
            builder.property(name, *value);
        }
        builder.body(BodyKind::Advisory, advisory.encode());
        builder.build(usize::MAX).ok()
    }

    /// Gives a message to subscriptions.
    fn give(&self, message: Message, to: &[Arc<Subscription>], turn: &mut Turn<'_>) {
        let shared = self.outlet.share(message);
        let batch = std::slice::from_ref(&shared);
        for subscription in to {
            subscription.take(batch, u64::MAX, turn);
        }
    }
}

impl Broker {
    /// Tells whoever listens.
    fn tell(
        &self,
        topic: &str,
        advisory: &Advisory,
        properties: &[(&str, PropertyValue<'_>)],
        turn: &mut Turn<'_>,
    ) {
        let listening = self.advisories.listening(topic);
        if listening.is_empty() {
            return;
        }
        if let Some(message) = self.advisories.message(topic, advisory, properties) {
            self.advisories.give(message, &listening, turn);
        }
    }
}
