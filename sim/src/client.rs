//! A simulated connection: it submits commands to the core, takes events when it is woken (as
//! the transport does), and tells the ledger what it knows.
//!
//! Whatever a client does is drawn from the run's seed. It knows nothing of bytes or protocols.

use crate::finding::Checker;
use crate::ledger::{CopyId, HomeId, HomeKind, Ledger, SendId, TxIndex};
use crate::plan::Plan;
use crate::random::Random;
use crate::trace::Trace;
use floodway_broker::{Broker, Session};
use floodway_message::session::{
    Command, Connect, ConsumerId, DeliveryId, Event, ProducerId, Reply, TxId,
};
use floodway_message::{Destination, Now};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

mod ack;
mod act;
mod consumer;
mod hear;
mod send;

pub(crate) use consumer::{Consumer, add_home, dead_letters};

/// Everything around a client.
pub(crate) struct Scene<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) random: &'a mut Random,
    pub(crate) trace: &'a Trace,
    pub(crate) now: Now,
    /// The store may refuse things: a fault has struck it.
    pub(crate) store_failed: bool,
    /// Everybody has heard all that was said before.
    pub(crate) failure_noticed: bool,
}

/// What a client has asked for and was not answered yet.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Connect,
    Open(ConsumerId),
    Close,
    /// Removal of a durable subscription that must, or must not, succeed.
    Remove(HomeId, Vec<CopyId>, Expected),
    Send(SendId),
    SendInTx(TxIndex, SendId),
    Ack(Vec<CopyId>),
    Poison(Vec<CopyId>),
    GiveBack,
    AckInTx(TxIndex, Vec<CopyId>),
    Begin,
    Commit(TxIndex),
    Prepare(TxIndex),
    CommitPrepared(TxIndex),
    Rollback,
    Create,
    Destroy,
    Disconnect,
}

/// What answer a client expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Done,
    Refused,
    Either,
}

/// See the module.
pub(crate) struct Client {
    /// Who it is, for all its connections.
    pub(crate) slot: u64,
    /// Number of the connection.
    pub(crate) connection: u64,
    pub(crate) client_id: Arc<str>,
    session: Session,
    woken: Arc<AtomicBool>,
    more_events: bool,
    pub(super) connected: bool,
    /// It has said goodbye.
    pub(crate) is_over: bool,
    /// Nothing is read from it until it is woken.
    pub(crate) reader_waits: bool,
    replies: u64,
    pub(super) consumer_count: u64,
    tx_count: u64,
    pub(super) ops: BTreeMap<Reply, Op>,
    pub(crate) consumers: BTreeMap<ConsumerId, Consumer>,
    pub(super) transactions: BTreeMap<TxId, TxIndex>,
    pub(crate) paused: BTreeSet<ProducerId>,
    pub(super) commits_waiting: u64,
    /// Sends that asked for no answer, since the last quiet moment.
    pub(crate) silent_sends: Vec<SendId>,
    /// It only consumes, and acknowledges everything at once.
    pub(crate) drains: bool,
    pub(super) temporaries: Vec<Destination>,
    pub(super) commands: Vec<Command>,
}

impl Client {
    pub(crate) fn connect(
        broker: &Arc<Broker>,
        (slot, connection): (u64, u64),
        client_id: &str,
        scene: &mut Scene<'_>,
    ) -> Self {
        let woken = Arc::new(AtomicBool::new(false));
        let wake = Arc::clone(&woken);
        let wake = Box::new(move || wake.store(true, Ordering::Relaxed));
        let mut client = Self {
            slot,
            connection,
            client_id: client_id.into(),
            session: broker.connect("sim", wake),
            woken,
            more_events: false,
            connected: false,
            is_over: false,
            reader_waits: false,
            replies: 0,
            consumer_count: 0,
            tx_count: 0,
            ops: BTreeMap::new(),
            consumers: BTreeMap::new(),
            transactions: BTreeMap::new(),
            paused: BTreeSet::new(),
            commits_waiting: 0,
            silent_sends: Vec::new(),
            drains: false,
            temporaries: Vec::new(),
            commands: Vec::new(),
        };
        let reply = client.ask(Op::Connect);
        client.commands.push(Command::Connect(Box::new(Connect {
            client_id: Arc::clone(&client.client_id),
            user: None,
            password: None,
            protocol: "sim",
            resends: false,
            session: None,
            introduction: None,
            reply,
        })));
        client.submit(scene);
        client
    }

    /// A new reply number for an operation.
    pub(super) fn ask(&mut self, op: Op) -> Reply {
        self.replies += 1;
        self.ops.insert(self.replies, op);
        self.replies
    }

    /// Asks for an answer sometimes.
    pub(super) fn ask_sometimes(&mut self, op: Op, random: &mut Random) -> Option<Reply> {
        random.percent(70).then(|| self.ask(op))
    }

    pub(super) fn next_tx(&mut self) -> TxId {
        self.tx_count += 1;
        self.tx_count
    }

    /// Hands the gathered commands to the core.
    pub(super) fn submit(&mut self, scene: &mut Scene<'_>) {
        if self.commands.is_empty() {
            return;
        }
        for command in &self.commands {
            scene
                .trace
                .note(format_args!("c{} > {command:?}", self.connection));
        }
        self.session.submit(&mut self.commands, scene.now);
        self.reader_waits = self.session.must_wait();
    }

    /// Has it been woken, or not taken all events?
    pub(crate) fn has_events(&self) -> bool {
        self.more_events || self.woken.load(Ordering::Relaxed)
    }

    /// Takes events as the transport does: only when woken. `true` if there were any.
    pub(crate) fn take_events(&mut self, scene: &mut Scene<'_>) -> bool {
        if !self.has_events() {
            return false;
        }
        self.woken.store(false, Ordering::Relaxed);
        let mut events: Vec<Event> = Vec::new();
        self.more_events = self.session.take_events(&mut events, scene.plan.events_max);
        if self.reader_waits {
            self.reader_waits = self.session.must_wait();
        }
        let any = !events.is_empty();
        for event in events {
            scene
                .trace
                .note(format_args!("c{} < {event:?}", self.connection));
            self.hear(event, scene);
        }
        if self.drains {
            self.acknowledge_all(scene);
        }
        any
    }

    /// Answers are outstanding that no wait for space explains.
    pub(crate) fn unanswered(&self) -> Vec<String> {
        let waits = |op: &Op| match op {
            Op::Send(_) => !self.paused.is_empty(),
            Op::Commit(_) | Op::Prepare(_) => self.paused.contains(&ProducerId::MAX),
            _ => false,
        };
        let open = self.ops.iter().filter(|(_, op)| !waits(op));
        open.map(|(reply, op)| format!("{op:?} (reply {reply})"))
            .collect()
    }

    /// Its reader waits although it could go on, and nobody woke it.
    pub(crate) fn waits_for_nothing(&self) -> bool {
        self.reader_waits && !self.has_events() && !self.session.must_wait()
    }

    pub(crate) fn consumes(&self, home: HomeId) -> bool {
        let mut consumers = self.consumers.values();
        consumers.any(|consumer| !consumer.browser && consumer.homes.contains(&home))
    }

    /// From now on it only consumes; without `keeps`, nothing but what nobody else can consume.
    pub(crate) fn only_consume(&mut self, keeps: bool, scene: &mut Scene<'_>) {
        self.drains = true;
        let ids: Vec<ConsumerId> = self.consumers.keys().copied().collect();
        for id in ids {
            let Some(consumer) = self.consumers.get(&id) else {
                continue;
            };
            let in_the_way = consumer.selector.is_some() || consumer.browser;
            let owns = consumer.homes.iter().any(|home| {
                let home = scene.ledger.homes.get(*home);
                home.is_some_and(|home| home.destination.kind().is_temporary())
            });
            if in_the_way || !(keeps || owns) {
                self.close_one(id, scene);
            } else if consumer.prefetch == 0 {
                self.grant(id, 10, scene);
            }
        }
        for destination in self.temporaries.clone() {
            let home = scene.ledger.queue(&destination);
            if !home.is_some_and(|home| self.consumes(home)) {
                self.open(vec![destination], false, scene);
            }
        }
        self.acknowledge_all(scene);
    }

    /// The connection breaks, or its end was answered.
    pub(crate) fn close(mut self, scene: &mut Scene<'_>) -> Vec<SendId> {
        scene
            .trace
            .note(format_args!("c{} closes", self.connection));
        self.session.close(scene.now);
        let unanswered = self.unanswered_sends();
        self.end(scene.ledger);
        unanswered
    }

    /// A commit that it has asked for is not answered.
    pub(crate) fn waits_for_commit(&self) -> bool {
        let mut ops = self.ops.values();
        ops.any(|op| matches!(op, Op::Commit(_) | Op::CommitPrepared(_)))
    }

    fn unanswered_sends(&self) -> Vec<SendId> {
        let sends = self.ops.values().filter_map(|op| match op {
            Op::Send(send) => Some(*send),
            _ => None,
        });
        sends.collect()
    }

    /// What the ledger has to know about the end of the connection.
    pub(super) fn end(&mut self, ledger: &mut Ledger) {
        for op in std::mem::take(&mut self.ops).into_values() {
            if let Op::Send(send) = op {
                ledger.send_forgotten(send);
            }
        }
        for send in std::mem::take(&mut self.silent_sends) {
            ledger.send_forgotten(send);
        }
        self.consumers_end(ledger);
    }

    /// Consumers, transactions and temporary destinations end.
    pub(super) fn consumers_end(&mut self, ledger: &mut Ledger) {
        self.end_transactions(ledger);
        for consumer in std::mem::take(&mut self.consumers).into_values() {
            consumer.end(ledger, &mut |_| true);
        }
        for destination in self.temporaries.clone() {
            self.forget_temporary(&destination, ledger);
        }
    }

    /// A temporary destination ends, with everything in it.
    pub(super) fn forget_temporary(&mut self, destination: &Destination, ledger: &mut Ledger) {
        self.temporaries.retain(|other| other != destination);
        ledger.temporaries.retain(|other| other != destination);
        let Some(home) = ledger.queue(destination) else {
            return;
        };
        ledger.close_home(home, true);
        for consumer in self.consumers.values_mut() {
            let is_there = |id: CopyId| ledger.copies.get(id).is_none_or(|c| c.home != home);
            consumer.held.retain(|_, (id, _)| is_there(*id));
        }
    }

    /// Transactions end with the connection.
    pub(super) fn end_transactions(&mut self, ledger: &mut Ledger) {
        for index in 0..ledger.transactions.len() {
            let own = self.transactions.values().any(|tx| *tx == index);
            if own || self.is_committing(index) {
                ledger.abandon(index);
            }
        }
        // Those whose consumer was closed before have nobody else to give them back.
        for id in 0..ledger.copies.len() {
            let held = ledger.copies.get(id).is_some_and(|copy| {
                copy.tx_ack.is_some()
                    && copy.holder.is_some_and(|h| h.connection == self.connection)
            });
            if held {
                ledger.given_back(id, false);
            }
        }
        self.transactions.clear();
        self.commits_waiting = 0;
    }

    fn is_committing(&self, index: TxIndex) -> bool {
        let mut ops = self.ops.values();
        ops.any(|op| match op {
            Op::Commit(other) | Op::Prepare(other) | Op::CommitPrepared(other) => *other == index,
            _ => false,
        })
    }

    /// It has asked to prepare the branch, and will end it when it hears of it.
    pub(crate) fn is_preparing(&self, index: TxIndex) -> bool {
        let mut ops = self.ops.values();
        ops.any(|op| matches!(op, Op::Prepare(other) if *other == index))
    }

    /// The process died: nobody can be told anything, and nobody asked.
    pub(crate) fn drop_after_death(self, now: Now) {
        // Breaks the circles between sessions and queues; nothing of it reaches the disk.
        self.session.close(now);
    }

    pub(super) fn complain(&self, scene: &mut Scene<'_>, checker: Checker, text: &str) {
        let text = format!("connection {}: {text}", self.connection);
        scene.ledger.report(checker, text);
    }
}

/// Homes of a durable subscription by client id and name.
pub(super) fn durable_home(ledger: &Ledger, client_id: &str, name: &str) -> Option<HomeId> {
    ledger.homes.iter().position(|home| {
        matches!(&home.kind, HomeKind::Durable(client, other)
            if **client == *client_id && **other == *name)
    })
}

/// A delivery that is held, oldest first.
pub(super) type Held = BTreeMap<DeliveryId, (CopyId, Option<TxIndex>)>;
