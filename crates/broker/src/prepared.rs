//! Branches of distributed transactions that are prepared and wait for their outcome, of whatever
//! connection they were.
//!
//! Invariant: a branch that was answered as prepared stays, over restarts, until it is committed
//! or rolled back; its commit is refused by no limit. What it has acknowledged is withheld from
//! everybody, marked as that of an open transaction.
//!
//! All branches share one list of the store. A branch is one batch: a record of its name and
//! acknowledgements (see [`record`]), then its persistent messages, all with the position of the
//! first as their order. The outcome removes them in the batch that carries it out. Non-persistent
//! messages are in memory only. Sizes are bytes.

use crate::destination::Node;
use crate::operation::{Acknowledged, Operation};
use crate::outbox::Outbox;
use crate::prepared::record::Description;
use crate::queue::add::{Writes, store_failure};
use crate::queue::in_flight::Mark;
use crate::turn::Turn;
use bytes::Bytes;
use floodway_message::Message;
use floodway_message::session::{Failure, FailureKind, Reply, Xid};
use floodway_store::{BatchNumber, Change, ListId, Target, Targets};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

mod record;
mod restart;

pub(crate) use record::is_descriptor;
pub(crate) use restart::{InDoubt, withhold};

/// Memory that a branch, and each message of it, takes besides its bytes.
const OVERHEAD_BYTES: usize = 256;

/// See the module.
#[derive(Default)]
pub(crate) struct Prepared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    branches: BTreeMap<Xid, Branch>,
    bytes: usize,
    list: Option<ListId>,
    /// Position of the next record.
    next: u64,
}

/// A prepared branch.
struct Branch {
    mark: Mark,
    /// The connection that prepared it; 0 after a restart.
    sender: u64,
    /// Each to the destination that its head names.
    messages: Vec<Message>,
    acks: Vec<Acknowledged>,
    bytes: usize,
    /// Its records in the store.
    records: Range<u64>,
}

impl State {
    fn insert(&mut self, xid: Xid, branch: Branch) {
        self.bytes += branch.bytes;
        self.branches.insert(xid, branch);
    }

    fn take(&mut self, xid: &Xid) -> Option<Branch> {
        let branch = self.branches.remove(xid)?;
        self.bytes -= branch.bytes;
        Some(branch)
    }

    /// What makes the store forget a branch.
    fn removals(&self, branch: &Branch) -> Vec<Change> {
        let positions = branch.records.clone();
        let list = self.list.into_iter();
        list.flat_map(|list| {
            let positions = positions.clone();
            positions.map(move |position| Change::Remove { list, position })
        })
        .collect()
    }
}

impl Prepared {
    /// The names of all branches, ascending.
    pub(crate) fn list(&self) -> Vec<Xid> {
        self.state.lock().branches.keys().cloned().collect()
    }

    /// Keeps an operation that was admitted until its outcome, or gives it up.
    pub(crate) fn keep(&self, xid: Xid, mut operation: Operation, turn: &mut Turn<'_>) {
        match self.try_keep(xid, &mut operation, turn) {
            Ok(batch) => turn.answer_after(&operation.outbox, operation.reply, batch),
            Err(failure) => operation.abandon(failure, turn),
        }
    }

    fn try_keep(
        &self,
        xid: Xid,
        operation: &mut Operation,
        turn: &mut Turn<'_>,
    ) -> Result<Option<BatchNumber>, Failure> {
        let mut description = Description::new(xid.clone());
        let mut bytes = OVERHEAD_BYTES;
        for ack in &operation.acks {
            let state = ack.queue.lock();
            for entry in state.marked(ack.consumer.as_ref(), operation.mark) {
                description.acknowledge(entry.place);
                bytes += bytes_of(&entry.message);
            }
        }
        let messages = operation.sends.iter().map(|(_, message)| message);
        let kept = messages.clone().filter(|message| is_kept(message));
        description.messages = u32::try_from(kept.count()).unwrap_or(u32::MAX);
        bytes += messages.map(bytes_of).sum::<usize>();
        let mut state = self.state.lock();
        if state.branches.contains_key(&xid) {
            if operation.sends.is_empty() && operation.acks.is_empty() {
                // Sent again by a client that had lost its connection: all of it was known.
                let store = turn.broker.store.as_ref();
                let batch = store.map(|store| store.append(&mut Vec::new()));
                return batch.transpose().map_err(|error| store_failure(&error));
            }
            let text = format!("{xid} is prepared already; commit it or roll it back first");
            return Err(Failure::new(FailureKind::InUse, text));
        }
        let limit = turn.broker.settings.prepared_bytes_max;
        if state.bytes.saturating_add(bytes) > limit {
            let text = format!(
                "{xid} is not prepared: with its {bytes} bytes all prepared branches would have \
                 more than {limit}; commit, or roll back, those that are in doubt"
            );
            return Err(Failure::new(FailureKind::NoSpace, text));
        }
        let (batch, records) = state.store(&description, operation, turn)?;
        let sends = std::mem::take(&mut operation.sends).into_iter();
        let branch = Branch {
            mark: operation.mark,
            sender: operation.sender,
            messages: sends.map(|(_, message)| message).collect(),
            acks: std::mem::take(&mut operation.acks),
            bytes,
            records,
        };
        state.insert(xid, branch);
        Ok(batch)
    }

    /// Carries out what was prepared.
    pub(crate) fn commit(
        &self,
        xid: &Xid,
        (outbox, reply): (&Arc<Outbox>, Option<Reply>),
        turn: &mut Turn<'_>,
    ) {
        let found = self.state.lock().branches.get(xid).map(Branch::messages);
        let sends = match found.map(|messages| addressed(messages, turn)) {
            Some(Ok(sends)) => sends,
            Some(Err(failure)) => return turn.answer(outbox, reply, Err(failure)),
            None => return turn.answer(outbox, reply, Err(unknown(xid))),
        };
        let mut state = self.state.lock();
        let Some(branch) = state.take(xid) else {
            drop(state);
            return turn.answer(outbox, reply, Err(unknown(xid)));
        };
        let changes = state.removals(&branch);
        drop(state);
        Operation::new(sends, outbox, reply)
            .committing(branch.mark, branch.acks)
            .settling(branch.sender, changes)
            .apply(turn);
    }

    /// Undoes what was prepared.
    pub(crate) fn roll_back(
        &self,
        xid: &Xid,
        (outbox, reply): (&Arc<Outbox>, Option<Reply>),
        turn: &mut Turn<'_>,
    ) {
        let mut state = self.state.lock();
        let Some(branch) = state.take(xid) else {
            drop(state);
            return turn.answer(outbox, reply, Err(unknown(xid)));
        };
        let mut changes = state.removals(&branch);
        let store = turn.broker.store.as_ref().filter(|_| !changes.is_empty());
        let batch = match store.map(|store| store.append(&mut changes)).transpose() {
            Ok(batch) => batch,
            Err(error) => {
                state.insert(xid.clone(), branch);
                drop(state);
                return turn.answer(outbox, reply, Err(store_failure(&error)));
            }
        };
        drop(state);
        turn.answer_after(outbox, reply, batch);
        for ack in &branch.acks {
            ack.unmark(branch.mark, turn);
        }
    }
}

impl Branch {
    fn messages(&self) -> Vec<Message> {
        self.messages.clone()
    }
}

impl State {
    /// Appends a branch to the store, as one batch.
    fn store(
        &mut self,
        description: &Description,
        operation: &Operation,
        turn: &mut Turn<'_>,
    ) -> Result<(Option<BatchNumber>, Range<u64>), Failure> {
        let Some(store) = &turn.broker.store else {
            return Ok((None, 0..0));
        };
        let list = match self.list {
            Some(list) => list,
            None => {
                let defined = store.define(record::descriptor());
                *self
                    .list
                    .insert(defined.map_err(|error| store_failure(&error))?)
            }
        };
        let (first, mut end) = (self.next, self.next);
        let mut writes = Writes::default();
        let mut add = |head, body| {
            let (position, order) = (end, first);
            end += 1;
            Change::Add {
                targets: Targets::One(Target {
                    list,
                    position,
                    order,
                }),
                expiration_ms: 0,
                head,
                body,
            }
        };
        writes.stored.push(add(description.write(), Bytes::new()));
        let messages = operation.sends.iter().map(|(_, message)| message);
        for message in messages.filter(|message| is_kept(message)) {
            writes.number(message, &operation.outbox);
            let (head, body) = (message.head().clone(), message.body().clone());
            writes.stored.push(add(head, body));
        }
        let (batch, _) = writes.write(turn)?;
        self.next = end;
        Ok((batch, first..end))
    }
}

/// Does a message of a branch survive a restart?
fn is_kept(message: &Message) -> bool {
    let destination = message.destination();
    message.is_persistent() && destination.is_some_and(|name| !name.kind().is_temporary())
}

fn bytes_of(message: &Message) -> usize {
    message.head().len() + message.body().len() + OVERHEAD_BYTES
}

fn unknown(xid: &Xid) -> Failure {
    let text = format!("{xid} is not prepared: it never was, or its outcome has come already");
    Failure::new(FailureKind::UnknownBranch, text)
}

/// Messages with their destinations, created again if need be.
fn addressed(messages: Vec<Message>, turn: &mut Turn<'_>) -> Result<Vec<(Node, Message)>, Failure> {
    let mut sends = Vec::with_capacity(messages.len());
    for message in messages {
        let Some(destination) = message.destination() else {
            continue;
        };
        let scheduler = turn.broker.scheduler.as_ref();
        if let Some(node) = scheduler.and_then(|one| one.node_for(&message)) {
            sends.push((node, message));
            continue;
        }
        match turn.broker.node(&destination, turn) {
            Ok(node) => sends.push((node, message)),
            // It went with its connection, and everything in it.
            Err(_) if destination.kind().is_temporary() => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(sends)
}
