//! Local transactions and composite sends: collected here, made final (or prepared) as one
//! [`Operation`].
//!
//! What is sent in a transaction waits in memory, bounded by count, and by bytes for all
//! transactions together; it is not charged to its destinations before the commit, so a
//! transaction never waits on itself.

use super::{Session, SessionState};
use crate::broker::Broker;
use crate::consumer::Consumer;
use crate::destination::Node;
use crate::flow::usage::Charge;
use crate::forward;
use crate::operation::{Acknowledged, Operation};
use crate::queue::Queue;
use crate::queue::in_flight::Mark;
use crate::scheduler::Admitted;
use crate::turn::Turn;
use floodway_message::session::{Destinations, Failure, FailureKind, Reply, Send, TxId, Xid};
use floodway_message::{Destination, Message};
use std::sync::Arc;

/// An open transaction.
pub(crate) struct Transaction {
    /// What its acknowledgements are marked with.
    pub(super) mark: Mark,
    /// When it was begun, monotonic ms.
    pub(super) begun_ms: u64,
    sends: Vec<(Destinations, Message)>,
    /// Bytes of the sends, among all that are uncommitted.
    charges: Vec<Charge>,
    pub(super) count: usize,
    acks: Vec<Acknowledged>,
}

impl Transaction {
    fn new(mark: Mark, begun_ms: u64) -> Self {
        Self {
            mark,
            begun_ms,
            sends: Vec::new(),
            charges: Vec::new(),
            count: 0,
            acks: Vec::new(),
        }
    }

    pub(super) fn acknowledged(
        &mut self,
        queue: &Arc<Queue>,
        consumer: &Arc<Consumer>,
        count: usize,
    ) {
        self.count += count;
        let known = self.acks.iter().any(|ack| ack.is(queue, consumer));
        if !known {
            self.acks.push(Acknowledged {
                queue: Arc::clone(queue),
                consumer: Some(Arc::clone(consumer)),
            });
        }
    }

    pub(super) fn undo(&self, turn: &mut Turn<'_>) {
        for ack in &self.acks {
            ack.unmark(self.mark, turn);
        }
    }
}

/// Most open transactions of one connection.
const TRANSACTIONS_MAX: usize = 1000;

impl Session {
    pub(super) fn no_transaction(&self, tx: TxId, reply: Option<Reply>, turn: &mut Turn<'_>) {
        let text = format!("transaction {tx} is not open; begin it first");
        let failure = Failure::new(FailureKind::Transaction, text);
        turn.answer(&self.outbox, reply, Err(failure));
    }

    pub(super) fn begin(
        &self,
        state: &mut SessionState,
        tx: TxId,
        reply: Option<Reply>,
        turn: &mut Turn<'_>,
    ) {
        let result = if state.transactions.contains_key(&tx) {
            let text = format!("transaction {tx} is open already");
            Err(Failure::new(FailureKind::Transaction, text))
        } else if state.transactions.len() >= TRANSACTIONS_MAX {
            let text = format!("{TRANSACTIONS_MAX} transactions are open already; end some first");
            Err(Failure::new(FailureKind::Transaction, text))
        } else {
            let mark = self.broker.next_id();
            state
                .transactions
                .insert(tx, Transaction::new(mark, turn.now.monotonic_ms));
            Ok(())
        };
        turn.answer(&self.outbox, reply, result);
    }

    pub(super) fn send_in_transaction(
        &self,
        state: &mut SessionState,
        send: Send,
        turn: &mut Turn<'_>,
    ) {
        let Send {
            destinations,
            message,
            tx,
            reply,
            ..
        } = send;
        let tx = tx.unwrap_or_default();
        let settings = &self.broker.settings;
        let bytes = message.head().len() + message.body().len();
        let uncommitted = &self.broker.uncommitted;
        let over = uncommitted.used_bytes() + bytes as u64 > uncommitted.limit_bytes();
        let Some(transaction) = state.transactions.get_mut(&tx) else {
            return self.no_transaction(tx, reply, turn);
        };
        if over || transaction.count >= settings.uncommitted_count_max {
            let text = format!(
                "the transaction is too large: it may have at most {} operations, and all that are \
                 uncommitted {} bytes of messages; commit more often",
                settings.uncommitted_count_max, settings.uncommitted_bytes_max
            );
            let failure = Failure::new(FailureKind::Transaction, text);
            self.broker.note_uncommitted_exceeded(&destinations);
            return turn.answer(&self.outbox, reply, Err(failure));
        }
        transaction.sends.push((destinations, message));
        transaction
            .charges
            .push(Charge::new(uncommitted, bytes as u64));
        transaction.count += 1;
        turn.answer(&self.outbox, reply, Ok(()));
    }

    pub(super) fn commit(
        &self,
        state: &mut SessionState,
        tx: TxId,
        reply: Option<Reply>,
        turn: &mut Turn<'_>,
    ) {
        if let Some(operation) = self.end_transaction(state, tx, reply, turn) {
            operation.offer(turn);
        }
    }

    pub(super) fn prepare(
        &self,
        state: &mut SessionState,
        (tx, xid): (TxId, Xid),
        reply: Option<Reply>,
        turn: &mut Turn<'_>,
    ) {
        let Some(mut operation) = self.end_transaction(state, tx, reply, turn) else {
            return;
        };
        let scheduler = self.broker.scheduler.as_ref();
        for (node, message) in &mut operation.sends {
            if scheduler.is_some_and(|one| one.is_node(node)) {
                continue;
            }
            let destination = node.destination();
            if message.destination().as_ref() == Some(destination) {
                continue;
            }
            // Only the message itself is kept.
            match readdressed(message, destination) {
                Ok(copy) => *message = copy,
                Err(failure) => return operation.abandon(failure, turn),
            }
        }
        operation.prepares = Some(xid);
        operation.offer(turn);
    }

    /// Everything done in a transaction, as one; `None` when it was refused.
    fn end_transaction(
        &self,
        state: &mut SessionState,
        tx: TxId,
        reply: Option<Reply>,
        turn: &mut Turn<'_>,
    ) -> Option<Box<Operation>> {
        let Some(transaction) = state.transactions.remove(&tx) else {
            self.no_transaction(tx, reply, turn);
            return None;
        };
        let mut sends = Vec::with_capacity(transaction.sends.len());
        for (destinations, message) in &transaction.sends {
            if let Err(failure) = self.broker.expand(destinations, message, &mut sends, turn) {
                turn.answer(&self.outbox, reply, Err(failure));
                transaction.undo(turn);
                return None;
            }
        }
        let operation = Operation::new(sends, &self.outbox, reply);
        Some(Box::new(
            operation.committing(transaction.mark, transaction.acks),
        ))
    }

    pub(super) fn rollback(
        &self,
        state: &mut SessionState,
        tx: TxId,
        reply: Option<Reply>,
        turn: &mut Turn<'_>,
    ) {
        let Some(transaction) = state.transactions.remove(&tx) else {
            return self.no_transaction(tx, reply, turn);
        };
        turn.answer(&self.outbox, reply, Ok(()));
        transaction.undo(turn);
    }

    /// A send to several destinations, or to a pattern, outside of any transaction.
    pub(super) fn send_composite(&self, send: Send, turn: &mut Turn<'_>) {
        let Send {
            destinations,
            message,
            reply,
            ..
        } = send;
        let mut sends = Vec::new();
        if let Err(failure) = self
            .broker
            .expand(&destinations, &message, &mut sends, turn)
        {
            return turn.answer(&self.outbox, reply, Err(failure));
        }
        Box::new(Operation::new(sends, &self.outbox, reply)).offer(turn);
    }
}

impl Broker {
    /// Where a message goes: each target gets a copy that names it; the body is shared.
    ///
    /// # Errors
    /// When a target cannot be had, or the message cannot be scheduled as it says.
    pub(crate) fn expand(
        &self,
        destinations: &Destinations,
        message: &Message,
        sends: &mut Vec<(Node, Message)>,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        let scheduler = self.scheduler.as_ref();
        if let Some(scheduler) = scheduler
            && let Some(admitted) = scheduler.admit(message, turn)?
        {
            let now = match admitted {
                Admitted::AtOnce(delivered) => delivered,
                Admitted::Later => {
                    for destination in destinations.iter() {
                        let job = readdressed(message, destination)?;
                        sends.push((scheduler.node().clone(), job));
                    }
                    return Ok(());
                }
            };
            return self.expand(destinations, &now, sends, turn);
        }
        if let Destinations::One(destination) = destinations
            && !destination.is_pattern()
        {
            let node = self.node(destination, turn)?;
            return forward::spread(node, message.clone(), sends, turn);
        }
        for destination in destinations.iter() {
            let nodes = if destination.is_pattern() {
                self.matching(destination)
            } else {
                vec![self.node(destination, turn)?]
            };
            for node in nodes {
                let copy = readdressed(message, node.destination())?;
                forward::spread(node, copy, sends, turn)?;
            }
        }
        Ok(())
    }
}

fn readdressed(message: &Message, destination: &Destination) -> Result<Message, Failure> {
    let mut builder = message.rebuild();
    builder.destination(destination);
    builder
        .build(0)
        .map_err(|error| Failure::new(FailureKind::Invalid, error.to_string()))
}
