//! What the clients of a run know: every message they sent, where it may be, and what they were
//! told about it. The checkers compare what the broker does with this.
//!
//! A message has a *copy* in each *home* it was sent to: a queue, or the subscription of a
//! topic. Of each copy the ledger keeps the set of places where it may be now, and the set where
//! it may be after a crash. It knows only what clients can know, never the broker's state.

use crate::finding::{Checker, Findings};
use crate::ledger::places::Places;
use floodway_message::session::{Destinations, ProducerId};
use floodway_message::{Destination, DestinationKind, Message, wildcard};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod delivery;
mod fate;
pub(crate) mod places;
mod precedence;
mod transaction;
mod verdict;

pub(crate) use delivery::{Orders, SELECTED_PROPERTY, Seen, message_id};
pub(crate) use transaction::{index_of, xid_of};

pub(crate) type HomeId = usize;
pub(crate) type SendId = usize;
pub(crate) type CopyId = usize;
pub(crate) type TxIndex = usize;

/// What a home is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HomeKind {
    Queue,
    /// Client id and name.
    Durable(Arc<str>, Arc<str>),
    /// Ends with its consumer.
    Subscription,
}

/// Is a home there?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exists {
    Yes,
    No,
    /// A crash left open whether it had been made or removed.
    Maybe,
}

/// The queue of dead letters.
#[derive(Debug, Clone)]
pub(crate) enum DeadLetterTarget {
    /// One for all.
    Shared(Destination),
    /// One for each destination, named after it, with this suffix.
    Individual(String),
}

/// Where dead letters of a home go.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeadLetters {
    pub(crate) target: Option<DeadLetterTarget>,
    pub(crate) expired: bool,
    pub(crate) non_persistent: bool,
}

/// A queue, or the subscription of a topic.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) kind: HomeKind,
    /// The queue, or the topic or pattern subscribed to.
    pub(crate) destination: Destination,
    pub(crate) exists: Exists,
    /// Will it be there after a crash?
    pub(crate) exists_after_crash: Exists,
    /// A durable subscription has a consumer.
    pub(crate) attached: bool,
    /// The broker may discard what waits here.
    pub(crate) lossy: bool,
    /// Persistent messages outlive the process here.
    pub(crate) stores: bool,
    /// Messages are ordered by priority first.
    pub(crate) prioritized: bool,
    pub(crate) dead_letters: DeadLetters,
    /// Only messages with this value come here.
    pub(crate) selector: Option<u8>,
}

impl Home {
    pub(crate) fn takes(&self, destination: &Destination, k: u8) -> bool {
        let same_kind = self.destination.kind() == destination.kind();
        same_kind
            && wildcard::matches(self.destination.name(), destination.name())
            && self.selector.is_none_or(|value| value == k)
    }

    pub(crate) fn is_queue(&self) -> bool {
        self.kind == HomeKind::Queue
    }
}

impl std::fmt::Display for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            HomeKind::Queue => write!(f, "{}", self.destination),
            HomeKind::Durable(client, name) => {
                write!(f, "durable {client}:{name} of {}", self.destination)
            }
            HomeKind::Subscription => write!(f, "subscription of {}", self.destination),
        }
    }
}

/// What a client was told of a send or a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing yet.
    Nothing,
    /// It is safe.
    Done,
    /// It was refused.
    Refused,
    /// Nobody will ever be told.
    Never,
}

/// A message as its producer knows it.
#[derive(Debug, Clone)]
pub(crate) struct SendFact {
    pub(crate) targets: Vec<Destination>,
    pub(crate) persistent: bool,
    pub(crate) expiration_ms: i64,
    pub(crate) priority: u8,
    /// The producer, for all lives and connections.
    pub(crate) producer: u64,
    /// Property `k`, which selectors ask for.
    pub(crate) k: u8,
    /// Message group.
    pub(crate) group: Option<&'static str>,
    /// What it costs of memory, at most.
    pub(crate) charge_bytes: u64,
    /// It was sent once more.
    pub(crate) repeated: bool,
    pub(crate) tx: Option<TxIndex>,
    pub(crate) told: Told,
    /// The message itself, where it may be sent again.
    pub(crate) again: Option<(ProducerId, Destinations, Message)>,
    /// Order among the sends of its producer; `None`: comes when it comes.
    pub(crate) order: Option<u64>,
}

/// Who has a delivery and has not said anything about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Number of the connection.
    pub(crate) connection: u64,
    pub(crate) consumer: u64,
    pub(crate) delivery: u64,
}

/// A message in one home.
#[derive(Debug, Clone)]
pub(crate) struct Copy {
    pub(crate) send: SendId,
    pub(crate) home: HomeId,
    /// Which of the message's targets brought it here.
    pub(crate) target: usize,
    pub(crate) now: Places,
    pub(crate) durable: Places,
    /// The home came after the message was on its way: it may have missed it.
    pub(crate) maybe: bool,
    pub(crate) holder: Option<Holder>,
    /// An open transaction has acknowledged it.
    pub(crate) tx_ack: Option<TxIndex>,
    /// A commit whose outcome is not known would have acknowledged it.
    pub(crate) tx_doubt: Option<TxIndex>,
    /// So many redeliveries are known of in this life.
    pub(crate) returns: u32,
    /// Given back in this life, so that its order is lost.
    pub(crate) disturbed: bool,
    /// A transaction that had acknowledged it was rolled back: it is in memory, whatever came
    /// into the room that it was to free.
    pub(crate) rolled_back: bool,
    pub(crate) seen: bool,
    /// It surely waited when all was quiet last: see `precedence`.
    pub(crate) rested: bool,
    /// Since then, who got a copy of a lower priority, and which.
    pub(crate) overtaken: Option<(Holder, CopyId)>,
    /// Life of the broker in which it was sent.
    pub(crate) life: u64,
}

/// A transaction.
#[derive(Debug, Clone)]
pub(crate) struct TxFact {
    pub(crate) state: TxState,
    pub(crate) sends: Vec<SendId>,
    /// Copies acknowledged; `true`: nothing but the transaction can make it disappear.
    pub(crate) acks: Vec<(CopyId, bool)>,
    /// What shows that it was, or was not, carried out.
    pub(crate) done_by: Option<String>,
    pub(crate) undone_by: Option<String>,
    /// Life in which the commit was asked for.
    pub(crate) life: u64,
    /// The client was told that it is prepared.
    pub(crate) prepared: bool,
    /// What became of it after it had been prepared is known.
    pub(crate) settled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TxState {
    Open,
    Committing,
    Committed,
    Aborted,
    Unknown,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) findings: Findings,
    pub(crate) homes: Vec<Home>,
    pub(crate) sends: Vec<SendFact>,
    pub(crate) copies: Vec<Copy>,
    pub(crate) transactions: Vec<TxFact>,
    /// Sends that are not answered, outside of transactions or in one being committed.
    pub(crate) unanswered: BTreeSet<SendId>,
    /// Temporary destinations that are there.
    pub(crate) temporaries: Vec<Destination>,
    queues: BTreeMap<Destination, HomeId>,
    /// By message, home, and which of its targets it is.
    by_place: BTreeMap<(SendId, HomeId, usize), CopyId>,
    /// The latest time of day there ever was, in milliseconds.
    wall_max_ms: i64,
    orders: u64,
    life: u64,
    charge_max: u64,
    tx_charge_max: u64,
}

impl Ledger {
    pub(crate) fn report(&mut self, checker: Checker, text: impl Into<String>) {
        self.findings.report(checker, text);
    }

    pub(crate) fn set_wall(&mut self, wall_ms: i64) {
        self.wall_max_ms = self.wall_max_ms.max(wall_ms);
    }

    pub(crate) fn wall_max_ms(&self) -> i64 {
        self.wall_max_ms
    }

    /// The most that one message costs.
    pub(crate) fn charge_max(&self) -> u64 {
        self.charge_max
    }

    /// The most that one transaction costs.
    pub(crate) fn tx_charge_max(&self) -> u64 {
        self.tx_charge_max
    }

    /// What all messages that may be in a home cost.
    pub(crate) fn charge_at(&self, home: HomeId) -> u64 {
        let here = self.copies.iter().filter(|copy| copy.home == home);
        here.filter(|copy| copy.now.has(places::Places::HOME))
            .filter_map(|copy| self.sends.get(copy.send))
            .map(|send| send.charge_bytes)
            .sum()
    }

    /// Bytes at a home that transactions have acknowledged and not freed, or not in the end, as far
    /// as is known.
    pub(crate) fn promised_at(&self, home: HomeId) -> u64 {
        let here = self.copies.iter().filter(|copy| copy.home == home);
        let stays = |copy: &&Copy| copy.rolled_back && copy.now.has(places::Places::HOME);
        here.filter(|copy| copy.tx_ack.is_some() || stays(copy))
            .filter_map(|copy| self.sends.get(copy.send))
            .map(|send| send.charge_bytes)
            .sum()
    }

    pub(crate) fn next_order(&mut self) -> u64 {
        self.orders += 1;
        self.orders
    }

    /// The home that is a queue.
    pub(crate) fn queue(&self, destination: &Destination) -> Option<HomeId> {
        self.queues.get(destination).copied()
    }

    /// Adds a home; a queue that is known is not added again.
    pub(crate) fn add_home(&mut self, home: Home) -> HomeId {
        if let Some(known) = self.queue(&home.destination)
            && home.is_queue()
        {
            return known;
        }
        let id = self.homes.len();
        if home.is_queue() {
            self.queues.insert(home.destination.clone(), id);
        }
        self.homes.push(home);
        id
    }

    /// A subscription begins, or one that was removed begins again.
    pub(crate) fn open_home(&mut self, id: HomeId) {
        let Some(home) = self.homes.get_mut(id) else {
            return;
        };
        home.exists = Exists::Yes;
        let home = home.clone();
        // What waits to be published may still come here.
        let waiting: Vec<SendId> = self.unanswered.iter().copied().collect();
        for send in waiting {
            let Some(fact) = self.sends.get(send) else {
                continue;
            };
            let targets = fact.targets.iter().enumerate();
            let wanted: Vec<usize> = targets
                .filter(|(_, target)| home.takes(target, fact.k))
                .map(|(target, _)| target)
                .collect();
            for target in wanted {
                self.add_copy((send, id, target), true);
            }
        }
    }

    pub(crate) fn is_attached(&self, id: HomeId) -> bool {
        self.homes.get(id).is_some_and(|home| home.attached)
    }

    /// A consumer opens a durable subscription, which makes it if need be.
    pub(crate) fn attach(&mut self, id: HomeId) {
        if self
            .homes
            .get(id)
            .is_some_and(|home| home.exists != Exists::Yes)
        {
            self.open_home(id);
        }
        if let Some(home) = self.homes.get_mut(id) {
            home.attached = true;
            if home.exists_after_crash == Exists::No {
                home.exists_after_crash = Exists::Maybe;
            }
        }
    }

    pub(crate) fn detach(&mut self, id: HomeId) {
        // What is not persistent comes only while somebody listens.
        for copy in self.copies.iter_mut().filter(|copy| copy.home == id) {
            let persistent = self
                .sends
                .get(copy.send)
                .is_some_and(|send| send.persistent);
            let stores = self.homes.get(id).is_some_and(|home| home.stores);
            copy.maybe |= !(persistent && stores);
        }
        if let Some(home) = self.homes.get_mut(id) {
            home.attached = false;
        }
    }

    /// The client was told that the durable subscription is there.
    pub(crate) fn attach_done(&mut self, id: HomeId) {
        if let Some(home) = self.homes.get_mut(id)
            && home.exists == Exists::Yes
        {
            home.exists_after_crash = Exists::Yes;
        }
    }

    /// The client was told that the durable subscription is gone, with the copies it held.
    pub(crate) fn remove_done(&mut self, id: HomeId, copies: &[CopyId]) {
        if let Some(home) = self.homes.get_mut(id)
            && home.exists == Exists::No
        {
            home.exists_after_crash = Exists::No;
        }
        for copy in copies {
            if let Some(copy) = self.copies.get_mut(*copy)
                && !copy.now.has(Places::HOME)
                && copy.durable.has(Places::HOME)
            {
                copy.durable = copy.durable.without(Places::HOME).with(Places::GONE);
            }
        }
    }

    pub(crate) fn copies_at(&self, home: HomeId) -> Vec<CopyId> {
        let copies = self.copies.iter().enumerate();
        copies
            .filter(|(_, copy)| copy.home == home)
            .map(|(id, _)| id)
            .collect()
    }

    /// Everything in the home is forgotten by the broker; `lasting`: also after a crash.
    pub(crate) fn empty_home(&mut self, id: HomeId, lasting: bool) {
        for id in self.copies_at(id) {
            let Some(copy) = self.copies.get(id) else {
                continue;
            };
            // It may have expired before.
            let (now, durable) = (self.places(copy, copy.now), self.places(copy, copy.durable));
            let Some(copy) = self.copies.get_mut(id) else {
                continue;
            };
            (copy.now, copy.durable) = (now, durable);
            if copy.now.has(Places::HOME) {
                copy.now = copy.now.without(Places::HOME).with(Places::GONE);
            }
            if copy.durable.has(Places::HOME) {
                copy.durable = copy.durable.with(Places::GONE);
                if lasting {
                    copy.durable = copy.durable.without(Places::HOME);
                }
            }
            copy.maybe = true;
            copy.holder = None;
        }
    }

    /// The home ends.
    pub(crate) fn close_home(&mut self, id: HomeId, lasting: bool) {
        self.empty_home(id, lasting);
        if let Some(home) = self.homes.get_mut(id) {
            home.exists = Exists::No;
            if home.exists_after_crash == Exists::Yes {
                home.exists_after_crash = Exists::Maybe;
            }
        }
    }

    /// Notes a send that was submitted. Copies come to be when it is carried out.
    pub(crate) fn add_send(&mut self, fact: SendFact) -> SendId {
        let id = self.sends.len();
        self.charge_max = self.charge_max.max(fact.charge_bytes);
        self.sends.push(fact);
        id
    }

    /// The message is sent once more, with the same number.
    pub(crate) fn repeat(&mut self, send: SendId) {
        self.unanswered.insert(send);
        if let Some(fact) = self.sends.get_mut(send) {
            fact.repeated = true;
            // It may have been refused the first time, when later ones were accepted.
            fact.order = None;
        }
        // Who subscribed since may get it, if it was not accepted the first time.
        for (place, _) in self.places_of(send) {
            if !self.by_place.contains_key(&place) {
                self.add_copy(place, true);
            }
        }
    }

    /// The send is on its way to its homes.
    pub(crate) fn launch(&mut self, send: SendId) {
        self.unanswered.insert(send);
        for (place, maybe) in self.places_of(send) {
            self.add_copy(place, maybe);
        }
    }

    /// Where a message goes that is sent now, and whether it may pass a place by.
    fn places_of(&self, send: SendId) -> Vec<((SendId, HomeId, usize), bool)> {
        let mut places = Vec::new();
        let Some(fact) = self.sends.get(send) else {
            return places;
        };
        let is_heard = |home: &Home| {
            let durable = matches!(home.kind, HomeKind::Durable(..));
            (fact.persistent && home.stores) || !durable || home.attached
        };
        for (index, target) in fact.targets.iter().enumerate() {
            if target.kind().is_queue() {
                let home = self.queue(target);
                places.extend(home.map(|home| ((send, home, index), false)));
                continue;
            }
            let homes = self.homes.iter().enumerate();
            let homes = homes
                .filter(|(_, home)| !home.is_queue() && home.takes(target, fact.k))
                .filter(|(_, home)| home.exists != Exists::No);
            places.extend(homes.map(|(id, home)| {
                let maybe = home.exists == Exists::Maybe || !is_heard(home);
                ((send, id, index), maybe)
            }));
        }
        places
    }

    /// The queue to which a copy would go as a dead letter.
    pub(crate) fn dead_letter_queue(&self, copy: &Copy) -> Option<Destination> {
        let home = self.homes.get(copy.home)?;
        match home.dead_letters.target.as_ref()? {
            DeadLetterTarget::Shared(queue) => Some(queue.clone()),
            DeadLetterTarget::Individual(suffix) => {
                let from = self.sends.get(copy.send)?.targets.get(copy.target)?;
                let name = format!("DLQ.{}{suffix}", from.name());
                Destination::new(DestinationKind::Queue, &name).ok()
            }
        }
    }

    fn add_copy(&mut self, (send, home, target): (SendId, HomeId, usize), maybe: bool) {
        if let Some(known) = self.by_place.get(&(send, home, target)) {
            if let Some(copy) = self.copies.get_mut(*known) {
                copy.maybe = true;
                copy.now = copy.now.with(Places::UNSENT).with(Places::HOME);
                copy.durable = copy.durable.with(Places::UNSENT).with(Places::HOME);
            }
            return;
        }
        let places = Places::UNSENT.with(Places::HOME);
        self.by_place
            .insert((send, home, target), self.copies.len());
        self.copies.push(Copy {
            send,
            home,
            target,
            now: places,
            durable: places,
            maybe,
            holder: None,
            tx_ack: None,
            tx_doubt: None,
            returns: 0,
            disturbed: false,
            rolled_back: false,
            seen: false,
            rested: false,
            overtaken: None,
            life: self.life,
        });
        let target = self
            .copies
            .last()
            .and_then(|copy| self.dead_letter_queue(copy));
        if let Some(target) = target {
            self.add_home(queue_home(&target, DeadLetters::default()));
        }
    }

    pub(crate) fn copies_of(&self, send: SendId) -> Vec<CopyId> {
        let range = (send, 0, 0)..=(send, HomeId::MAX, usize::MAX);
        self.by_place.range(range).map(|(_, copy)| *copy).collect()
    }

    /// What a report says of a copy.
    pub(crate) fn describe(&self, id: CopyId) -> String {
        let Some(copy) = self.copies.get(id) else {
            return format!("copy {id}");
        };
        let (Some(send), Some(home)) = (self.sends.get(copy.send), self.homes.get(copy.home))
        else {
            return format!("copy {id}");
        };
        format!(
            "message {} ({}, told {:?}, expires {}, tx {:?}) in {home}, now {:?}, after a crash {:?}",
            copy.send,
            if send.persistent {
                "persistent"
            } else {
                "non-persistent"
            },
            send.told,
            send.expiration_ms,
            send.tx,
            copy.now,
            copy.durable
        )
    }
}

/// A queue home.
pub(crate) fn queue_home(destination: &Destination, dead_letters: DeadLetters) -> Home {
    Home {
        kind: HomeKind::Queue,
        destination: destination.clone(),
        exists: Exists::Yes,
        exists_after_crash: Exists::Yes,
        attached: false,
        lossy: false,
        stores: destination.kind() == DestinationKind::Queue,
        prioritized: false,
        dead_letters,
        selector: None,
    }
}
