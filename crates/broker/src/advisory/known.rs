//! What comes and goes (connections, consumers, producers, destinations), and telling new
//! subscribers of what is there already.
//!
//! Kept only while advisories are on. Its lock is taken before those of subscriptions and never
//! while a destination is locked. Bounded by the limits on connections, and per connection by
//! those on consumers and [`PRODUCERS_MAX`].

use super::{Advisories, Class};
use crate::broker::Broker;
use crate::destination::Node;
use crate::outbox::Outbox;
use crate::topic::Subscription;
use crate::turn::Turn;
use floodway_message::advisory::{
    ConnectionFacts, ConsumerFacts, Introduction, PREFIX, ProducerFacts, Thing, is_advisory,
};
use floodway_message::session::{Connect, ConsumerId, OpenConsumer, OpenProducer, ProducerId};
use floodway_message::{Advisory, Destination, PropertyValue, wildcard};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most producers of one connection that are told of.
const PRODUCERS_MAX: usize = 10_000;
/// What stands for a comma in the name of an advisory topic.
const COMMA: &str = "&sbquo;";

/// Connection, number, and what is told of a producer.
pub(crate) type KnownProducer = ((u64, ProducerId), Arc<ProducerFacts>);

/// What is there, by connection and number.
#[derive(Default)]
pub(super) struct Known {
    connections: BTreeMap<u64, Arc<ConnectionFacts>>,
    consumers: BTreeMap<(u64, ConsumerId), Arc<ConsumerFacts>>,
    producers: BTreeMap<(u64, ProducerId), Arc<ProducerFacts>>,
    producer_counts: BTreeMap<Destination, i32>,
    /// Temporary destinations with the ids of the connections that they belong to.
    temporaries: BTreeMap<Destination, Option<Arc<str>>>,
}

impl Known {
    pub(super) fn producer(&self, key: (u64, ProducerId)) -> Option<&Arc<ProducerFacts>> {
        self.producers.get(&key)
    }

    pub(super) fn all_producers(&self) -> Vec<KnownProducer> {
        let producers = self.producers.iter();
        producers
            .map(|(key, facts)| (*key, Arc::clone(facts)))
            .collect()
    }

    fn producer_count(&self, destinations: &[Destination]) -> i32 {
        let count = single(destinations).and_then(|one| self.producer_counts.get(one));
        count.copied().unwrap_or_default()
    }
}

impl Advisories {
    /// The id of a connection, consumer or producer whose protocol has none.
    pub(super) fn introduction(
        &self,
        given: Option<&Introduction>,
        connection: u64,
        number: Option<u64>,
    ) -> Introduction {
        given.cloned().unwrap_or_else(|| {
            let part = number.map(|number| format!(":1:{number}"));
            let part = part.unwrap_or_default();
            Introduction {
                id: format!("{}-{connection}:1{part}", self.own_id).into(),
                command: bytes::Bytes::new(),
            }
        })
    }
}

impl Broker {
    pub(crate) fn connection_came(&self, connect: &Connect, outbox: &Outbox, turn: &mut Turn<'_>) {
        if !self.advisories.settings.support {
            return;
        }
        let introduction = connect.introduction.as_ref();
        let facts = Arc::new(ConnectionFacts {
            introduction: self.advisories.introduction(introduction, outbox.id, None),
            client_id: Arc::clone(&connect.client_id),
            user: connect.user.clone(),
            peer: (*outbox.peer).into(),
        });
        let mut known = self.advisories.known.lock();
        known.connections.insert(outbox.id, Arc::clone(&facts));
        let told = Advisory::Present(Thing::Connection(facts));
        self.tell_class(Class::Connection, &told, turn);
    }

    pub(crate) fn connection_gone(&self, connection: u64, turn: &mut Turn<'_>) {
        let mut known = self.advisories.known.lock();
        if let Some(facts) = known.connections.remove(&connection) {
            let told = Advisory::Gone(Thing::Connection(facts));
            self.tell_class(Class::Connection, &told, turn);
        }
    }

    fn tell_class(&self, class: Class, told: &Advisory, turn: &mut Turn<'_>) {
        if self.advisories.hears(class) {
            self.tell(&class.topic(), told, &[], turn);
        }
    }

    /// What is told of a consumer; `None` while advisories are off.
    pub(crate) fn consumer_facts(
        &self,
        open: &OpenConsumer,
        connection: u64,
        prefetch: u32,
    ) -> Option<Arc<ConsumerFacts>> {
        if !self.advisories.settings.support {
            return None;
        }
        let known = self.advisories.known.lock();
        let owner = known.connections.get(&connection);
        let number = Some(open.consumer);
        let given = open.introduction.as_ref();
        Some(Arc::new(ConsumerFacts {
            introduction: self.advisories.introduction(given, connection, number),
            destinations: open.destinations.clone(),
            client_id: owner.map_or_else(|| "".into(), |owner| Arc::clone(&owner.client_id)),
            selector: open.selector.as_ref().map(|one| one.text().into()),
            durable_name: open.durable_name.clone(),
            prefetch,
            browser: open.browser,
            no_local: open.no_local,
            exclusive: open.exclusive,
            priority: open.priority,
        }))
    }

    pub(crate) fn consumer_came(&self, consumer: &crate::consumer::Consumer, turn: &mut Turn<'_>) {
        let Some(facts) = consumer
            .facts
            .as_ref()
            .filter(|one| is_told(&one.destinations))
        else {
            return;
        };
        let key = (consumer.outbox.id, consumer.id);
        let mut known = self.advisories.known.lock();
        known.consumers.insert(key, Arc::clone(facts));
        self.tell_consumer(facts, Advisory::Present, turn);
    }

    pub(crate) fn consumer_gone(&self, consumer: &crate::consumer::Consumer, turn: &mut Turn<'_>) {
        let key = (consumer.outbox.id, consumer.id);
        let mut known = self.advisories.known.lock();
        if let Some(facts) = known.consumers.remove(&key) {
            self.tell_consumer(&facts, Advisory::Gone, turn);
        }
    }

    fn tell_consumer(
        &self,
        facts: &Arc<ConsumerFacts>,
        how: fn(Thing) -> Advisory,
        turn: &mut Turn<'_>,
    ) {
        if !self.advisories.hears(Class::Consumer) {
            return;
        }
        if let Some(topic) = topic_of(Class::Consumer, &facts.destinations) {
            let told = how(Thing::Consumer(Arc::clone(facts)));
            let count = PropertyValue::Integer(self.consumer_count(&facts.destinations));
            self.tell(&topic, &told, &[("consumerCount", count)], turn);
        }
    }

    /// Consumers and browsers of a single destination, durable subscriptions counted.
    fn consumer_count(&self, destinations: &[Destination]) -> i32 {
        let node = single(destinations).and_then(|one| self.nodes.read().get(one).cloned());
        let count = match node {
            Some(Node::Queue(queue)) => {
                let state = queue.lock();
                state.attachments.len() + state.browsers.len()
            }
            Some(Node::Topic(topic)) => topic.subscriptions().len(),
            None => 0,
        };
        i32::try_from(count).unwrap_or(i32::MAX)
    }

    pub(crate) fn producer_came(&self, open: OpenProducer, connection: u64, turn: &mut Turn<'_>) {
        let advisories = &self.advisories;
        let is_named = !open.destinations.is_empty();
        if !advisories.settings.support
            || !is_told(&open.destinations)
            || !(is_named || advisories.settings.anonymous_producers)
        {
            return;
        }
        let key = (connection, open.producer);
        let mut known = advisories.known.lock();
        let of_connection = known
            .producers
            .range((connection, 0)..=(connection, u64::MAX));
        if known.producers.contains_key(&key) || of_connection.count() >= PRODUCERS_MAX {
            return;
        }
        let given = open.introduction.as_ref();
        let facts = Arc::new(ProducerFacts {
            introduction: advisories.introduction(given, connection, Some(open.producer)),
            destinations: open.destinations,
        });
        if let Some(one) = single(&facts.destinations) {
            *known.producer_counts.entry(one.clone()).or_default() += 1;
        }
        known.producers.insert(key, Arc::clone(&facts));
        self.tell_producer(&known, &facts, Advisory::Present, turn);
    }

    pub(crate) fn producer_gone(&self, key: (u64, ProducerId), turn: &mut Turn<'_>) {
        let mut known = self.advisories.known.lock();
        let Some(facts) = known.producers.remove(&key) else {
            return;
        };
        if let Some(one) = single(&facts.destinations)
            && let Some(count) = known.producer_counts.get_mut(one)
        {
            *count -= 1;
            if *count == 0 {
                known.producer_counts.remove(one);
            }
        }
        self.tell_producer(&known, &facts, Advisory::Gone, turn);
    }

    /// All producers of a connection go.
    pub(crate) fn producers_gone(&self, connection: u64, turn: &mut Turn<'_>) {
        let all = (connection, 0)..=(connection, u64::MAX);
        let known = self.advisories.known.lock();
        let keys: Vec<_> = known.producers.range(all).map(|(key, _)| *key).collect();
        drop(known);
        for key in keys {
            self.producer_gone(key, turn);
        }
    }

    fn tell_producer(
        &self,
        known: &Known,
        facts: &Arc<ProducerFacts>,
        how: fn(Thing) -> Advisory,
        turn: &mut Turn<'_>,
    ) {
        if !self.advisories.hears(Class::Producer) {
            return;
        }
        if let Some(topic) = producer_topic(&facts.destinations) {
            let told = how(Thing::Producer(Arc::clone(facts)));
            let count = PropertyValue::Integer(known.producer_count(&facts.destinations));
            self.tell(&topic, &told, &[("producerCount", count)], turn);
        }
    }

    /// A destination was created; a temporary one belongs to a connection.
    pub(crate) fn destination_came(
        &self,
        destination: &Destination,
        owner: Option<u64>,
        turn: &mut Turn<'_>,
    ) {
        if !self.advisories.settings.support {
            return;
        }
        let mut known = self.advisories.known.lock();
        let owner = owner.and_then(|owner| known.connections.get(&owner));
        let owner = owner.map(|owner| Arc::clone(&owner.introduction.id));
        if destination.kind().is_temporary() {
            known.temporaries.insert(destination.clone(), owner.clone());
        }
        self.tell_destination(destination, owner, Advisory::Present, turn);
    }

    /// A destination was removed.
    pub(crate) fn destination_gone(&self, destination: &Destination, turn: &mut Turn<'_>) {
        let mut known = self.advisories.known.lock();
        let owner = known.temporaries.remove(destination).flatten();
        self.tell_destination(destination, owner, Advisory::Gone, turn);
    }

    fn tell_destination(
        &self,
        destination: &Destination,
        owner: Option<Arc<str>>,
        how: fn(Thing) -> Advisory,
        turn: &mut Turn<'_>,
    ) {
        if !is_advisory(destination.kind(), destination.name()) {
            let destination = destination.clone();
            let class = Class::of_destination(destination.kind());
            let told = how(Thing::Destination { destination, owner });
            self.tell_class(class, &told, turn);
        }
    }

    /// A subscription that may hear advisories is there: it is told what exists already, if its
    /// name says of which class. A durable one is told when its consumer comes.
    pub(crate) fn listen(&self, subscription: &Arc<Subscription>, turn: &mut Turn<'_>) {
        if !self.advisories.can_hear(&subscription.queue.destination) {
            return;
        }
        let known = self.advisories.known.lock();
        if self.advisories.add_listener(subscription) && !subscription.is_durable() {
            self.replay(&known, subscription, turn);
        }
    }

    /// Tells the consumer of a durable subscription what exists already.
    pub(crate) fn listen_again(&self, subscription: &Arc<Subscription>, turn: &mut Turn<'_>) {
        if self.advisories.can_hear(&subscription.queue.destination) {
            let known = self.advisories.known.lock();
            self.replay(&known, subscription, turn);
        }
    }

    fn replay(&self, known: &Known, subscription: &Arc<Subscription>, turn: &mut Turn<'_>) {
        let to = std::slice::from_ref(subscription);
        let name = subscription.queue.destination.name();
        let mut tell = |topic: &str, thing: Option<Thing>, count: Option<(&str, i32)>| {
            if !wildcard::matches(name, topic) {
                return;
            }
            let told = thing.map_or(Advisory::Properties, Advisory::Present);
            let count = count.map(|(name, count)| (name, PropertyValue::Integer(count)));
            let message = self.advisories.message(topic, &told, count.as_slice());
            if let Some(message) = message {
                self.advisories.give(message, to, turn);
            }
        };
        tell(&Class::MasterBroker.topic(), None, None);
        let class = name.strip_prefix(PREFIX).unwrap_or_default();
        let class = class.split('.').next().unwrap_or_default();
        let class = Class::ALL.iter().find(|(_, name)| *name == class);
        match class.map(|(class, _)| *class) {
            Some(class @ Class::Connection) => {
                for facts in known.connections.values() {
                    let thing = Thing::Connection(Arc::clone(facts));
                    tell(&class.topic(), Some(thing), None);
                }
            }
            Some(class @ (Class::Queue | Class::Topic | Class::TempQueue | Class::TempTopic)) => {
                for thing in self.destinations_of(class, known) {
                    tell(&class.topic(), Some(thing), None);
                }
            }
            Some(class @ Class::Consumer) => {
                for facts in known.consumers.values() {
                    if let Some(topic) = topic_of(class, &facts.destinations) {
                        let count = self.consumer_count(&facts.destinations);
                        let thing = Thing::Consumer(Arc::clone(facts));
                        tell(&topic, Some(thing), Some(("consumerCount", count)));
                    }
                }
            }
            Some(Class::Producer) => {
                for facts in known.producers.values() {
                    if let Some(topic) = producer_topic(&facts.destinations) {
                        let count = known.producer_count(&facts.destinations);
                        let thing = Thing::Producer(Arc::clone(facts));
                        tell(&topic, Some(thing), Some(("producerCount", count)));
                    }
                }
            }
            _ => {}
        }
    }

    fn destinations_of(&self, class: Class, known: &Known) -> Vec<Thing> {
        let nodes = self.nodes.read();
        let of_class = nodes.keys().filter(|one| {
            Class::of_destination(one.kind()) == class && !is_advisory(one.kind(), one.name())
        });
        let thing = |destination: &Destination| Thing::Destination {
            destination: destination.clone(),
            owner: known.temporaries.get(destination).cloned().flatten(),
        };
        of_class.map(thing).collect()
    }
}

/// The destination, if there is one and no more.
fn single(destinations: &[Destination]) -> Option<&Destination> {
    match destinations {
        [one] => Some(one),
        _ => None,
    }
}

fn is_told(destinations: &[Destination]) -> bool {
    !destinations
        .iter()
        .any(|one| is_advisory(one.kind(), one.name()))
}

fn producer_topic(destinations: &[Destination]) -> Option<String> {
    if destinations.is_empty() {
        return Some(format!("{PREFIX}Producer.Anonymous"));
    }
    topic_of(Class::Producer, destinations)
}

/// The topic for a destination; several are named in one, as clients write them.
fn topic_of(class: Class, destinations: &[Destination]) -> Option<String> {
    let (first, others) = destinations.split_first()?;
    let mut name = first.name().to_owned();
    for one in others {
        name.push_str(COMMA);
        if one.kind() != first.kind() {
            name.push_str(one.kind().scheme());
        }
        name.push_str(one.name());
        if name.len() > floodway_message::destination::NAME_BYTES_MAX {
            return None;
        }
    }
    Some(class.topic_for(first.kind(), &name))
}
