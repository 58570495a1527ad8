//! One connection's session: it turns commands into work on destinations.
//!
//! Commands are carried out in order. Consecutive sends to one destination go in under one lock.

use crate::broker::Broker;
use crate::consumer::Consumer;
use crate::destination::Node;
use crate::flow::parking::Incoming;
use crate::outbox::Outbox;
use crate::scheduler::{Routed, Scheduler};
use crate::session::transaction::Transaction;
use crate::turn::Turn;
pub(crate) use connect::Client;
use floodway_message::session::{
    Command, ConsumerId, Destinations, Event, Failure, ProducerId, Reply, Send, TxId,
};
use floodway_message::{Destination, Now};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod ack;
mod activity;
mod close;
mod connect;
mod subscribe;
mod transaction;

/// A connection, as the core sees it.
pub struct Session {
    broker: Arc<Broker>,
    outbox: Arc<Outbox>,
    state: Arc<Mutex<SessionState>>,
}

#[derive(Default)]
pub(crate) struct SessionState {
    client_id: Option<Arc<str>>,
    consumers: BTreeMap<ConsumerId, Arc<Consumer>>,
    /// Consumers that the core has closed and their client has not.
    aborted: BTreeSet<ConsumerId>,
    routes: BTreeMap<ProducerId, Route>,
    transactions: BTreeMap<TxId, Transaction>,
    temporaries: Vec<Destination>,
    /// What producers that told of themselves have sent.
    produced: BTreeMap<ProducerId, activity::Produced>,
    closed: bool,
}

/// Where a producer's sends go, as long as they go there.
struct Route {
    destination: Destination,
    node: Node,
}

/// Most producers whose route is remembered.
const ROUTES_MAX: usize = 1024;

/// Sends to one destination that were not submitted yet.
#[derive(Default)]
struct Batch {
    node: Option<Node>,
    sends: Vec<Incoming>,
}

impl Batch {
    fn flush(&mut self, session: &Session, turn: &mut Turn<'_>) {
        if let Some(node) = self.node.take() {
            node.send(&mut self.sends, &session.outbox, turn);
        }
    }
}

impl Session {
    pub(crate) fn new(broker: Arc<Broker>, outbox: Arc<Outbox>) -> Self {
        Self {
            broker,
            outbox,
            state: Arc::default(),
        }
    }

    pub(crate) fn broker(&self) -> &Arc<Broker> {
        &self.broker
    }

    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    pub(crate) fn consumer_of(&self, consumer: ConsumerId) -> Option<Arc<Consumer>> {
        self.state.lock().consumers.get(&consumer).map(Arc::clone)
    }

    /// Carries out commands in order, taking them out of `commands`.
    pub fn submit(&self, commands: &mut Vec<Command>, now: Now) {
        let mut turn = Turn::new(&self.broker, now);
        let mut state = self.state.lock();
        if state.closed {
            // Its client has gone on with another connection.
            commands.clear();
        }
        let mut batch = Batch::default();
        for command in commands.drain(..) {
            match command {
                Command::Send(send) => self.send(&mut state, send, &mut batch, &mut turn),
                other => {
                    batch.flush(self, &mut turn);
                    self.execute(&mut state, other, &mut turn);
                }
            }
        }
        batch.flush(self, &mut turn);
        drop(state);
        turn.finish();
    }

    /// Moves waiting events, at most `max`, to `events`; `true` when more wait.
    pub fn take_events(&self, events: &mut Vec<Event>, max: usize) -> bool {
        self.outbox.take(events, max)
    }

    /// While `true`, nothing more is to be read from the connection: sends of it that wait for
    /// space have reached the limit. The wake-up comes when it ends.
    pub fn must_wait(&self) -> bool {
        self.outbox
            .must_wait(self.broker.settings.parked_send_limit_bytes)
    }

    fn send(&self, state: &mut SessionState, send: Send, batch: &mut Batch, turn: &mut Turn<'_>) {
        state.count_sent(send.producer);
        if let Some(scheduler) = &self.broker.scheduler {
            match Scheduler::route(&send) {
                Routed::Management => {
                    batch.flush(self, turn);
                    return scheduler.manage(send, &self.outbox, turn);
                }
                Routed::Scheduled if send.tx.is_none() => {
                    batch.flush(self, turn);
                    return self.send_composite(send, turn);
                }
                Routed::Scheduled | Routed::On => {}
            }
        }
        if send.tx.is_some() {
            batch.flush(self, turn);
            return self.send_in_transaction(state, send, turn);
        }
        let destination = match &send.destinations {
            Destinations::One(destination) if !destination.is_pattern() => destination,
            Destinations::One(_) | Destinations::Many(_) => {
                batch.flush(self, turn);
                return self.send_composite(send, turn);
            }
        };
        let node = match self.route(state, send.producer, destination, turn) {
            Ok(node) => node,
            Err(failure) => return turn.answer(&self.outbox, send.reply, Err(failure)),
        };
        if node.forwards().is_some() {
            batch.flush(self, turn);
            return self.send_composite(send, turn);
        }
        if batch.node.as_ref().is_none_or(|other| !other.is(&node)) {
            batch.flush(self, turn);
            batch.node = Some(node);
        }
        let Send {
            message,
            producer,
            reply,
            ..
        } = send;
        batch.sends.push(Incoming {
            message,
            producer,
            reply,
        });
    }

    fn route(
        &self,
        state: &mut SessionState,
        producer: ProducerId,
        destination: &Destination,
        turn: &mut Turn<'_>,
    ) -> Result<Node, Failure> {
        if let Some(route) = state.routes.get(&producer)
            && route.destination == *destination
            && !route.node.is_closed()
        {
            return Ok(route.node.clone());
        }
        let node = self.broker.node(destination, turn)?;
        if state.routes.len() >= ROUTES_MAX {
            state.routes.pop_first();
        }
        let route = Route {
            destination: destination.clone(),
            node: node.clone(),
        };
        state.routes.insert(producer, route);
        Ok(node)
    }

    fn execute(&self, state: &mut SessionState, command: Command, turn: &mut Turn<'_>) {
        match command {
            Command::Connect(connect) => self.open(state, *connect, turn),
            Command::OpenConsumer(open) => self.open_consumer(state, *open, turn),
            Command::CloseConsumer { consumer, reply } => {
                self.close_consumer(state, consumer, reply, turn);
            }
            Command::RemoveDurable {
                client_id,
                name,
                reply,
            } => {
                self.remove_durable(state, client_id, &name, reply, turn);
            }
            Command::Send(_) => debug_assert!(false, "sends are batched"),
            Command::OpenProducer(open) => {
                state.count_producer(&open);
                self.broker.producer_came(*open, self.outbox.id, turn);
            }
            Command::CloseProducer { producer } => {
                state.produced.remove(&producer);
                self.broker.producer_gone((self.outbox.id, producer), turn);
            }
            Command::Ack(ack) => self.acknowledge(state, &ack, turn),
            Command::SetPrefetch { consumer, prefetch } => {
                self.set_prefetch(state, consumer, prefetch, turn);
            }
            Command::Begin { tx, reply } => self.begin(state, tx, reply, turn),
            Command::Commit { tx, reply } => self.commit(state, tx, reply, turn),
            Command::Rollback { tx, reply } => self.rollback(state, tx, reply, turn),
            Command::Prepare { tx, xid, reply } => self.prepare(state, (tx, xid), reply, turn),
            Command::CommitPrepared { xid, reply } => {
                turn.broker
                    .prepared
                    .commit(&xid, (&self.outbox, reply), turn);
            }
            Command::RollbackPrepared { xid, reply } => {
                turn.broker
                    .prepared
                    .roll_back(&xid, (&self.outbox, reply), turn);
            }
            Command::ListPrepared { reply } => {
                let branches = self.broker.prepared.list();
                turn.push(&self.outbox, Event::Prepared { reply, branches });
            }
            Command::CreateDestination { destination, reply } => {
                self.create_destination(state, destination, reply, turn);
            }
            Command::RemoveDestination { destination, reply } => {
                let result = self.broker.remove_unused(&destination, turn);
                if result.is_ok() {
                    state.temporaries.retain(|other| *other != destination);
                }
                turn.answer(&self.outbox, reply, result);
            }
            Command::PeerBroker(peer) => self.broker.peer_came(peer, self.outbox.id, turn),
            Command::Disconnect { reply } => {
                close::end(state, &self.outbox, turn);
                turn.answer(&self.outbox, reply, Ok(()));
            }
        }
    }

    fn create_destination(
        &self,
        state: &mut SessionState,
        destination: Destination,
        reply: Option<Reply>,
        turn: &mut Turn<'_>,
    ) {
        let result = self.broker.create(&destination, turn).map(|_| ());
        if result.is_ok()
            && destination.kind().is_temporary()
            && !state.temporaries.contains(&destination)
        {
            let owner = Some(self.outbox.id);
            self.broker.destination_came(&destination, owner, turn);
            state.temporaries.push(destination);
        }
        turn.answer(&self.outbox, reply, result);
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("outbox", &self.outbox)
            .finish_non_exhaustive()
    }
}
