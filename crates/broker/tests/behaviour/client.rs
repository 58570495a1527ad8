//! A broker and clients for tests.

use floodway_broker::settings::{BrokerSettings, PolicyEntry};
use floodway_broker::{Broker, Session};
use floodway_message::PropertyValue;
use floodway_message::selector::Selector;
use floodway_message::session::*;
use floodway_message::{BodyKind, Destination, DestinationKind, Message, MessageBuilder, Now};
use floodway_store::{Journal, MemoryStore, Store};
use std::cell::Cell;
use std::sync::Arc;

pub struct World {
    pub broker: Arc<Broker>,
    pub now: Cell<u64>,
    pub stores: [Arc<dyn Store>; 2],
    /// The first of them, if it is one that must be driven.
    pub journal: Option<Arc<Journal>>,
    /// The same of the second.
    pub spool: Option<Arc<Journal>>,
}

pub const START_WALL_MS: i64 = 1_700_000_000_000;

pub fn queue_policy(pattern: &str, change: impl FnOnce(&mut PolicyEntry)) -> PolicyEntry {
    let mut entry = PolicyEntry::new(DestinationKind::Queue, pattern);
    change(&mut entry);
    entry
}

impl World {
    pub fn new(settings: BrokerSettings) -> Self {
        let stores: [Arc<dyn Store>; 2] =
            [Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new())];
        Self::on(settings, stores)
    }

    pub fn with_policy(entry: PolicyEntry) -> Self {
        Self::new(BrokerSettings {
            policies: vec![entry],
            ..BrokerSettings::default()
        })
    }

    /// A broker on a journal.
    pub fn on_journal(settings: BrokerSettings, journal: Journal) -> Self {
        let journal = Arc::new(journal);
        let stores: [Arc<dyn Store>; 2] = [Arc::clone(&journal) as _, Arc::new(MemoryStore::new())];
        Self {
            journal: Some(journal),
            ..Self::on(settings, stores)
        }
    }

    pub fn on(settings: BrokerSettings, stores: [Arc<dyn Store>; 2]) -> Self {
        let now = Now {
            monotonic_ms: 0,
            wall_ms: START_WALL_MS,
        };
        let [store, spool] = &stores;
        let broker = Broker::open(
            settings,
            Some(Arc::clone(store)),
            Some(Arc::clone(spool)),
            now,
        )
        .unwrap();
        Self {
            broker,
            now: Cell::new(0),
            stores,
            journal: None,
            spool: None,
        }
    }

    pub fn now(&self) -> Now {
        let passed = self.now.get();
        Now {
            monotonic_ms: passed,
            wall_ms: START_WALL_MS + passed as i64,
        }
    }

    /// Lets time pass and all background work be done.
    pub fn pass(&self, ms: u64) {
        self.now.set(self.now.get() + ms);
        self.broker.tick(self.now());
        self.settle();
    }

    pub fn settle(&self) {
        let commit = |one: &Option<Arc<Journal>>| one.as_ref().is_some_and(|one| one.commit_step());
        let commits = || commit(&self.journal) | commit(&self.spool);
        while commits() || self.broker.page_step(self.now()) {}
    }

    /// As [`World::settle`], and the stores tidy up.
    pub fn tidy(&self) {
        self.settle();
        for journal in self.journal.iter().chain(&self.spool) {
            while journal.maintain_step() {}
        }
        self.settle();
    }

    /// A session that acts for an operator.
    pub fn operator(&self) -> Client<'_> {
        Client {
            world: self,
            session: self.broker.administer("operator", Box::new(|| {})),
            next: Cell::new(1),
            events: Default::default(),
        }
    }

    /// The broker of the next life, on what the stores of this one hold.
    pub fn reopened(&self) -> Self {
        Self::on(self.broker.settings().clone(), self.stores.clone())
    }

    pub fn client(&self, id: &str) -> Client<'_> {
        self.client_with(id, false, None)
    }

    pub fn client_with(&self, id: &str, resends: bool, session_name: Option<&str>) -> Client<'_> {
        let session = self.broker.connect(id, Box::new(|| {}));
        let client = Client {
            world: self,
            session,
            next: Cell::new(1),
            events: Default::default(),
        };
        client.submit(Command::Connect(Box::new(Connect {
            client_id: id.into(),
            user: None,
            password: None,
            protocol: "test",
            resends,
            session: session_name.map(Into::into),
            introduction: None,
            reply: 0,
        })));
        let mut told = client.events();
        let answer = told.pop();
        assert!(matches!(answer, Some(Event::Connected { reply: 0 })));
        client.events.replace(told);
        client
    }
}

pub struct Client<'a> {
    pub world: &'a World,
    pub session: Session,
    next: Cell<u64>,
    events: std::cell::RefCell<Vec<Event>>,
}

/// A delivery as tests look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    pub consumer: ConsumerId,
    pub delivery: DeliveryId,
    pub body: String,
    pub redeliveries: u32,
}

pub fn message(body: &str) -> MessageBuilder {
    let mut builder = MessageBuilder::new();
    builder
        .persistent(true)
        .id(body)
        .body(BodyKind::Text, body.to_owned().into());
    builder
}

pub fn consumer(id: ConsumerId, destination: &str) -> OpenConsumer {
    let destinations = destination.split(',');
    OpenConsumer::new(
        id,
        destinations
            .map(|d| Destination::parse(d).unwrap())
            .collect(),
    )
}

pub fn selecting(mut open: OpenConsumer, selector: &str) -> OpenConsumer {
    open.selector = Some(Arc::new(Selector::parse(selector).unwrap()));
    open
}

impl Client<'_> {
    pub fn submit(&self, command: Command) {
        self.session.submit(&mut vec![command], self.world.now());
        self.world.settle();
    }

    pub fn reply(&self) -> Reply {
        self.next.set(self.next.get() + 1);
        self.next.get()
    }

    /// Everything told since the last look.
    pub fn events(&self) -> Vec<Event> {
        let mut events = std::mem::take(&mut *self.events.borrow_mut());
        self.session.take_events(&mut events, usize::MAX);
        events
    }

    /// Deliveries since the last look; other events stay.
    pub fn got(&self) -> Vec<Got> {
        let mut got = Vec::new();
        for event in self.events() {
            match event {
                Event::Delivery(delivery) => got.push(Got {
                    consumer: delivery.consumer,
                    delivery: delivery.delivery,
                    body: String::from_utf8(delivery.message.body().to_vec()).unwrap(),
                    redeliveries: delivery.redeliveries,
                }),
                other => self.events.borrow_mut().push(other),
            }
        }
        got
    }

    pub fn bodies(&self) -> Vec<String> {
        self.got().into_iter().map(|got| got.body).collect()
    }

    /// Submits with a reply and says whether it was answered: `None` when not yet.
    pub fn ask(
        &self,
        command: impl FnOnce(Option<Reply>) -> Command,
    ) -> Option<Result<(), Failure>> {
        let asked = self.reply();
        self.submit(command(Some(asked)));
        self.answer(asked)
    }

    /// The answer to a reply, if it has come.
    pub fn answer(&self, asked: Reply) -> Option<Result<(), Failure>> {
        let mut found = None;
        let events = self.events();
        for event in events {
            match event {
                Event::Done { reply } if reply == asked => found = Some(Ok(())),
                Event::Failed {
                    reply: Some(reply),
                    failure,
                } if reply == asked => {
                    found = Some(Err(failure));
                }
                other => self.events.borrow_mut().push(other),
            }
        }
        found
    }

    pub fn send_to(&self, destination: &str, mut builder: MessageBuilder) -> Reply {
        let destination = Destination::parse(destination).unwrap();
        builder.destination(&destination);
        let reply = self.reply();
        self.submit(Command::Send(Send {
            producer: 1,
            destinations: Destinations::One(destination),
            message: builder.build(1 << 14).unwrap(),
            tx: None,
            reply: Some(reply),
        }));
        reply
    }

    /// Without a commit.
    pub fn send_unsettled(&self, destination: &str, mut builder: MessageBuilder) {
        let destination = Destination::parse(destination).unwrap();
        builder.destination(&destination);
        let send = Send {
            producer: 1,
            destinations: Destinations::One(destination),
            message: builder.build(1 << 14).unwrap(),
            tx: None,
            reply: None,
        };
        let mut commands = vec![Command::Send(send)];
        self.session.submit(&mut commands, self.world.now());
    }

    pub fn send(&self, destination: &str, body: &str) {
        let reply = self.send_to(destination, message(body));
        assert_eq!(
            self.answer(reply),
            Some(Ok(())),
            "send of {body} to {destination}"
        );
    }

    pub fn send_in(&self, tx: TxId, destination: &str, body: &str) {
        self.send_message_in(tx, destination, message(body));
    }

    pub fn send_message_in(&self, tx: TxId, destination: &str, mut builder: MessageBuilder) {
        let destination = Destination::parse(destination).unwrap();
        builder.destination(&destination);
        let answer = self.ask(|reply| {
            Command::Send(Send {
                producer: 1,
                destinations: Destinations::One(destination),
                message: builder.build(0).unwrap(),
                tx: Some(tx),
                reply,
            })
        });
        assert_eq!(answer, Some(Ok(())));
    }

    pub fn open(&self, mut open: OpenConsumer) {
        let answer = self.ask(|reply| {
            open.reply = reply;
            Command::OpenConsumer(Box::new(open))
        });
        assert_eq!(answer, Some(Ok(())));
    }

    pub fn ack_as(&self, consumer: ConsumerId, range: AckRange, kind: AckKind, tx: Option<TxId>) {
        let answer = self.ask(|reply| {
            Command::Ack(Ack {
                consumer,
                range,
                kind,
                cause: None,
                tx,
                reply,
            })
        });
        assert_eq!(answer, Some(Ok(())));
    }

    pub fn ack(&self, consumer: ConsumerId, delivery: DeliveryId) {
        self.ack_as(consumer, AckRange::One(delivery), AckKind::Consumed, None);
    }

    pub fn close_consumer(&self, consumer: ConsumerId) {
        let answer = self.ask(|reply| Command::CloseConsumer { consumer, reply });
        assert_eq!(answer, Some(Ok(())));
    }

    pub fn close(self) {
        self.session.close(self.world.now());
        self.world.settle();
    }
}

pub fn property(builder: &mut MessageBuilder, name: &str, value: &str) {
    builder.property(name, PropertyValue::String(value));
}

pub fn body_of(message: &Message) -> &str {
    std::str::from_utf8(message.body()).unwrap()
}
