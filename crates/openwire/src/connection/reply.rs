//! Answers of the core that are awaited, and what is to be done when they come.
//!
//! A reply number is a place in a table, given back by its one answer.

use super::conversation::Ask;
use super::transaction::Outcome;
use crate::generated::ProducerId;
use floodway_message::session::{ConsumerId, Reply, TxId, Xid};
use slab::Slab;

/// What to do when an answer comes.
#[derive(Debug)]
pub(super) enum Pending {
    /// Log the client in; whether it wants to be controlled.
    Connect(Ask, bool),
    /// Respond.
    Respond(Ask),
    /// Respond, or forget the consumer.
    Consumer(Ask, ConsumerId),
    /// Respond to the end of a transaction.
    Commit(Ask),
    /// Respond to the first phase of a branch.
    Prepare(Ask, Xid),
    /// Respond to the outcome of a prepared branch.
    Settle(Ask, Xid, Outcome),
    /// Respond with the prepared branches.
    Recover(Ask),
    /// Respond to the removal of a durable subscription.
    Unsubscribe(Ask),
    /// Tell the producer that there is room for so many bytes again.
    Window(ProducerId, i32, Option<TxId>),
    /// A send within a transaction that nobody waits for.
    InTransaction(Ask, TxId),
    /// Respond and wait for the client to close.
    Disconnect(Ask),
}

/// Answers that are awaited.
#[derive(Debug, Default)]
pub(super) struct Replies {
    pending: Slab<Pending>,
}

impl Replies {
    pub(super) fn open(&mut self, pending: Pending) -> Reply {
        self.pending.insert(pending) as Reply
    }

    pub(super) fn take(&mut self, reply: Reply) -> Option<Pending> {
        self.pending.try_remove(usize::try_from(reply).ok()?)
    }
}
