//! What the core says at one moment, asked for as far as it is needed and at most once, and the
//! MBeans that it amounts to.
//!
//! Invariant: names are ActiveMQ's, so that tools find what they look for.

use super::bean::{Bean, Subject};
use super::fault::Fault;
use super::object_name::ObjectName;
use crate::routes::House;
use crate::settings::ServedConnector;
use floodway_broker::Broker;
use floodway_broker::view::{
    ActivityView, BlockedView, BrokerView, ConnectionView, DestinationView, PeerView, ProducerView,
    StoresView, SubscriptionView,
};
use floodway_message::session::{Command, Event, Xid};
use floodway_message::{Destination, DestinationKind, Now};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Most MBeans that one request may concern.
const BEANS_MAX: usize = 100_000;
/// Why more are refused.
const TOO_MANY: &str = "more than 100000 MBeans match; use a narrower pattern";

/// See the module.
pub(crate) struct Scene<'a> {
    pub(crate) house: &'a House,
    pub(crate) now: Now,
    view: OnceLock<BrokerView>,
    stores: OnceLock<StoresView>,
    subscriptions: OnceLock<Vec<SubscriptionView>>,
    connections: OnceLock<BTreeMap<u64, ConnectionView>>,
    producers: OnceLock<Vec<ProducerView>>,
    blocked: OnceLock<Vec<BlockedView>>,
    branches: OnceLock<Vec<Xid>>,
    peers: OnceLock<Vec<PeerView>>,
    activity: OnceLock<BTreeMap<u64, ActivityView>>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(house: &'a House) -> Self {
        Self {
            house,
            now: (house.watched.now)(),
            view: OnceLock::new(),
            stores: OnceLock::new(),
            subscriptions: OnceLock::new(),
            connections: OnceLock::new(),
            producers: OnceLock::new(),
            blocked: OnceLock::new(),
            branches: OnceLock::new(),
            peers: OnceLock::new(),
            activity: OnceLock::new(),
        }
    }

    pub(crate) fn broker(&self) -> &'a Arc<Broker> {
        &self.house.watched.broker
    }

    pub(crate) fn broker_name(&self) -> &'a str {
        &self.broker().settings().name
    }

    pub(crate) fn view(&self) -> &BrokerView {
        self.view.get_or_init(|| self.broker().view())
    }

    pub(crate) fn stores(&self) -> &StoresView {
        self.stores.get_or_init(|| self.broker().stores())
    }

    pub(crate) fn subscriptions(&self) -> &[SubscriptionView] {
        let all = || self.broker().subscriptions();
        self.subscriptions.get_or_init(all)
    }

    /// By number.
    pub(crate) fn connections(&self) -> &BTreeMap<u64, ConnectionView> {
        self.connections.get_or_init(|| {
            let all = self.broker().connections().into_iter();
            all.map(|one| (one.id, one)).collect()
        })
    }

    pub(crate) fn producers(&self) -> &[ProducerView] {
        self.producers.get_or_init(|| self.broker().producers())
    }

    pub(crate) fn blocked(&self) -> &[BlockedView] {
        self.blocked.get_or_init(|| self.broker().blocked(self.now))
    }

    /// Prepared branches that wait for their outcome.
    pub(crate) fn branches(&self) -> &[Xid] {
        self.branches.get_or_init(|| {
            let session = self.broker().administer("administration", Box::new(|| {}));
            session.submit(&mut vec![Command::ListPrepared { reply: 0 }], self.now);
            let mut events = Vec::new();
            session.take_events(&mut events, 1);
            session.close(self.now);
            let found = events.into_iter().find_map(|event| match event {
                Event::Prepared { branches, .. } => Some(branches),
                _ => None,
            });
            found.unwrap_or_default()
        })
    }

    pub(crate) fn peers(&self) -> &[PeerView] {
        self.peers.get_or_init(|| self.broker().peers())
    }

    /// What connections do, by number.
    pub(crate) fn activity(&self) -> &BTreeMap<u64, ActivityView> {
        let all = || self.broker().activity(self.now);
        self.activity.get_or_init(all)
    }

    pub(crate) fn destinations(&self) -> impl Iterator<Item = &DestinationView> {
        self.view().destinations.iter()
    }

    /// The MBeans that a name or pattern means.
    ///
    /// # Errors
    /// When there are too many.
    pub(crate) fn beans(&self, pattern: &ObjectName) -> Result<Vec<Bean>, Fault> {
        let mut found = Vec::new();
        for (keys, group) in GROUPS {
            if !keys.iter().any(|keys| pattern.could_match(keys)) {
                continue;
            }
            group(self, &mut |name, subject| {
                if pattern.matches(&name) && found.len() <= BEANS_MAX {
                    let subject = subject();
                    found.push(Bean { name, subject });
                }
            });
        }
        if found.len() > BEANS_MAX {
            return Err(Fault::illegal(TOO_MANY));
        }
        Ok(found)
    }

    /// The MBean of a name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn bean(&self, name: &ObjectName) -> Result<Bean, Fault> {
        let found = self.beans(name)?.into_iter().next();
        found.ok_or_else(|| Fault::no_instance(name.registered()))
    }

    pub(crate) fn broker_bean(&self) -> ObjectName {
        ObjectName::new(&[("type", "Broker"), ("brokerName", self.broker_name())])
    }

    pub(crate) fn destination_name(&self, destination: &Destination) -> ObjectName {
        ObjectName::new(&[
            ("type", "Broker"),
            ("brokerName", self.broker_name()),
            ("destinationType", type_of(destination.kind())),
            ("destinationName", destination.name()),
        ])
    }

    pub(crate) fn subscription_name(&self, one: &SubscriptionView) -> ObjectName {
        let consumer = match &one.durable_name {
            Some(name) => format!("Durable({}:{name})", one.client_id),
            None => one.id.to_string(),
        };
        let kind = one.destinations.first().map(Destination::kind);
        ObjectName::new(&[
            ("type", "Broker"),
            ("brokerName", self.broker_name()),
            ("destinationType", kind.map_or("Queue", type_of)),
            ("destinationName", &names_of(&one.destinations)),
            ("endpoint", "Consumer"),
            ("clientId", &one.client_id),
            ("consumerId", &consumer),
        ])
    }

    pub(crate) fn producer_name(&self, one: &ProducerView, to: Option<&Destination>) -> ObjectName {
        let connection = self.connections().get(&one.connection);
        let client_id = connection.map_or("", |connection| &connection.client_id);
        let broker = ("brokerName", self.broker_name());
        match to {
            Some(to) => ObjectName::new(&[
                ("type", "Broker"),
                broker,
                ("destinationType", type_of(to.kind())),
                ("destinationName", to.name()),
                ("endpoint", "Producer"),
                ("clientId", client_id),
                ("producerId", &one.id),
            ]),
            None => ObjectName::new(&[
                ("type", "Broker"),
                broker,
                ("endpoint", "dynamicProducer"),
                ("clientId", client_id),
                ("producerId", &one.id),
            ]),
        }
    }

    /// By client id, as others refer to a connection.
    pub(crate) fn connection_name(&self, one: &ConnectionView) -> ObjectName {
        self.connection_named(one, "clientId", &one.client_id)
    }

    fn connection_named(&self, one: &ConnectionView, by: &str, name: &str) -> ObjectName {
        ObjectName::new(&[
            ("type", "Broker"),
            ("brokerName", self.broker_name()),
            ("connector", "clientConnectors"),
            ("connectorName", &one.connector),
            ("connectionViewType", by),
            ("connectionName", name),
        ])
    }

    fn connector_name(&self, one: &ServedConnector) -> ObjectName {
        ObjectName::new(&[
            ("type", "Broker"),
            ("brokerName", self.broker_name()),
            ("connector", "clientConnectors"),
            ("connectorName", &one.name),
        ])
    }

    /// Of the scheduler, if there is one.
    pub(crate) fn scheduler_name(&self) -> Option<ObjectName> {
        self.broker().scheduler()?;
        Some(ObjectName::new(&[
            ("type", "Broker"),
            ("brokerName", self.broker_name()),
            ("service", "JobScheduler"),
            ("name", "JMS"),
        ]))
    }

    /// Of a strategy for slow consumers.
    pub(crate) fn strategy_name(&self, name: &str) -> ObjectName {
        ObjectName::new(&[
            ("type", "Broker"),
            ("brokerName", self.broker_name()),
            ("service", "SlowConsumerStrategy"),
            ("instanceName", name),
        ])
    }

    fn service_name(&self, service: &str) -> ObjectName {
        ObjectName::new(&[
            ("type", "Broker"),
            ("brokerName", self.broker_name()),
            ("service", service),
        ])
    }
}

/// Where a connection comes from, as ActiveMQ writes it.
pub(crate) fn remote_address(one: &ConnectionView) -> String {
    format!("tcp://{}", one.peer)
}

/// `Queue` and the like.
pub(crate) fn type_of(kind: DestinationKind) -> &'static str {
    match kind {
        DestinationKind::Queue => "Queue",
        DestinationKind::Topic => "Topic",
        DestinationKind::TempQueue => "TempQueue",
        DestinationKind::TempTopic => "TempTopic",
    }
}

/// What is subscribed to, several separated by commas.
pub(crate) fn names_of(destinations: &[Destination]) -> String {
    let names = destinations.iter().map(Destination::name);
    names.collect::<Vec<_>>().join(",")
}

/// Takes a name, and how to make the subject if it is wanted.
type Take<'t> = &'t mut dyn FnMut(ObjectName, &mut dyn FnMut() -> Subject);
/// Keys that names of a group have, and the group.
type Group = (&'static [&'static [&'static str]], fn(&Scene<'_>, Take<'_>));

const GROUPS: [Group; 11] = [
    (&[&["type", "brokerName"]], the_broker),
    (&[&["type", "brokerName", "service"]], health),
    (&[&["type", "brokerName", "service", "instanceName"]], store),
    (
        &[&["type", "brokerName", "service", "instanceName"]],
        strategies,
    ),
    (&[&["type", "brokerName", "service", "name"]], jobs),
    (
        &[&["type", "brokerName", "destinationType", "destinationName"]],
        destinations,
    ),
    (
        &[&[
            "type",
            "brokerName",
            "destinationType",
            "destinationName",
            "endpoint",
            "clientId",
            "consumerId",
        ]],
        subscriptions,
    ),
    (
        &[
            &[
                "type",
                "brokerName",
                "destinationType",
                "destinationName",
                "endpoint",
                "clientId",
                "producerId",
            ],
            &["type", "brokerName", "endpoint", "clientId", "producerId"],
        ],
        producers,
    ),
    (
        &[&[
            "type",
            "brokerName",
            "connector",
            "connectorName",
            "connectionViewType",
            "connectionName",
        ]],
        connections,
    ),
    (
        &[&["type", "brokerName", "connector", "connectorName"]],
        connectors,
    ),
    (
        &[&["type", "brokerName", "transactionType", "xid"]],
        branches,
    ),
];

fn the_broker(scene: &Scene<'_>, take: Take<'_>) {
    take(scene.broker_bean(), &mut || Subject::Broker);
}

fn health(scene: &Scene<'_>, take: Take<'_>) {
    take(scene.service_name("Health"), &mut || Subject::Health);
}

fn store(scene: &Scene<'_>, take: Take<'_>) {
    if scene.stores().store.is_some() {
        let name = ObjectName::new(&[
            ("type", "Broker"),
            ("brokerName", scene.broker_name()),
            ("service", "PersistenceAdapter"),
            ("instanceName", super::beans::store::NAME),
        ]);
        take(name, &mut || Subject::Store);
    }
}

fn strategies(scene: &Scene<'_>, take: Take<'_>) {
    for one in scene.broker().slow_strategies(scene.now) {
        take(scene.strategy_name(&one.name), &mut || {
            Subject::Slow(Box::new(one.clone()))
        });
    }
}

fn jobs(scene: &Scene<'_>, take: Take<'_>) {
    if let Some(name) = scene.scheduler_name() {
        take(name, &mut || Subject::Scheduler);
    }
}

fn destinations(scene: &Scene<'_>, take: Take<'_>) {
    for one in scene.destinations() {
        take(scene.destination_name(&one.destination), &mut || {
            let is_queue = one.destination.kind().is_queue();
            let one = Box::new(one.clone());
            if is_queue {
                Subject::Queue(one)
            } else {
                Subject::Topic(one)
            }
        });
    }
}

fn subscriptions(scene: &Scene<'_>, take: Take<'_>) {
    for one in scene.subscriptions() {
        take(scene.subscription_name(one), &mut || {
            let view = Box::new(one.clone());
            let first = one.destinations.first();
            if one.durable_name.is_some() {
                Subject::Durable(view)
            } else if first.is_some_and(|first| !first.kind().is_queue()) {
                Subject::TopicSubscription(view)
            } else {
                Subject::Subscription(view)
            }
        });
    }
}

fn producers(scene: &Scene<'_>, take: Take<'_>) {
    for one in scene.producers() {
        for to in &one.destinations {
            take(scene.producer_name(one, Some(to)), &mut || {
                Subject::Producer(Box::new((one.clone(), Some(to.clone()))))
            });
        }
        if one.destinations.is_empty() {
            take(scene.producer_name(one, None), &mut || {
                Subject::Producer(Box::new((one.clone(), None)))
            });
        }
    }
}

fn connections(scene: &Scene<'_>, take: Take<'_>) {
    for one in scene.connections().values() {
        let subject = || Subject::Connection(Box::new(one.clone()));
        take(scene.connection_name(one), &mut { subject });
        let address = remote_address(one);
        let name = scene.connection_named(one, "remoteAddress", &address);
        take(name, &mut { subject });
    }
}

fn connectors(scene: &Scene<'_>, take: Take<'_>) {
    for one in &scene.house.settings.connectors {
        take(scene.connector_name(one), &mut || {
            Subject::Connector(Box::new(one.clone()))
        });
    }
}

fn branches(scene: &Scene<'_>, take: Take<'_>) {
    for one in scene.branches() {
        let name = ObjectName::new(&[
            ("type", "Broker"),
            ("brokerName", scene.broker_name()),
            ("transactionType", "RecoveredXaTransaction"),
            ("xid", &one.to_string()),
        ]);
        take(name, &mut || Subject::Branch(one.clone()));
    }
}
