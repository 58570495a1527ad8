//! One turn of the core: the work that one submission, tick or disk read sets off.
//!
//! Invariant: at most one destination is locked at a time (a transaction locks its destinations
//! in id order). What one destination wants of another is put on the turn's list and done after
//! the lock is gone; connections are woken at the very end, once each.

use crate::advisory::Happening;
use crate::broker::Broker;
use crate::dead_letter::DeadLetter;
use crate::destination::Node;
use crate::operation::Operation;
use crate::outbox::Outbox;
use crate::queue::Queue;
use crate::queue::add::store_failure;
use crate::undo::Snapshots;
use floodway_message::session::{Event, Failure, Reply};
use floodway_message::{Destination, Now};
use floodway_store::{BatchNumber, Store, StoreUsage};
use std::collections::VecDeque;
use std::sync::Arc;

/// Something to do when no destination is locked.
pub(crate) enum Work {
    /// See whether anything can be dispatched.
    Dispatch(Arc<Queue>),
    /// See whether parked sends have room now.
    Resume(Node),
    /// Put a message into its dead letter queue.
    DeadLetter(Box<DeadLetter>),
    /// Say in the log why sends wait at a destination.
    Explain(Destination),
    /// Try a parked commit again.
    Commit(Box<Operation>),
    /// Answer when the dead letters before it have moved.
    Moved(Moved),
    /// Undo a commit that waited too long.
    Abandon(Box<Operation>, Failure),
    /// Tell whoever listens what has happened.
    Advise(Box<Happening>),
}

/// An acknowledgement that moved messages to their dead letter queue.
pub(crate) struct Moved {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) reply: Option<Reply>,
    /// Where the messages were.
    pub(crate) queues: Vec<Arc<Queue>>,
}

/// Collects what a turn sets off.
pub(crate) struct Turn<'a> {
    pub(crate) broker: &'a Broker,
    pub(crate) now: Now,
    touched: Vec<Arc<Outbox>>,
    work: VecDeque<Work>,
    /// What remembers the queue, or the scheduled messages, that are removed in this turn.
    pub(crate) drops_into: Snapshots,
    store_used: Option<StoreUsage>,
    spool_used: Option<StoreUsage>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(broker: &'a Broker, now: Now) -> Self {
        Self {
            broker,
            now,
            touched: Vec::new(),
            work: VecDeque::new(),
            drops_into: Snapshots::default(),
            store_used: None,
            spool_used: None,
        }
    }

    pub(crate) fn later(&mut self, work: Work) {
        self.work.push_back(work);
    }

    /// Wakes the connection at the end of the turn.
    pub(crate) fn touch(&mut self, outbox: &Arc<Outbox>) {
        self.touched.push(Arc::clone(outbox));
    }

    pub(crate) fn push(&mut self, outbox: &Arc<Outbox>, event: Event) {
        if outbox.push(event) {
            self.touch(outbox);
        }
    }

    pub(crate) fn answer(
        &mut self,
        outbox: &Arc<Outbox>,
        reply: Option<Reply>,
        result: Result<(), Failure>,
    ) {
        if outbox.answer(reply, result) {
            self.touch(outbox);
        }
    }

    /// Answers when the batch is durable; at once when there is none.
    pub(crate) fn answer_after(
        &mut self,
        outbox: &Arc<Outbox>,
        reply: Option<Reply>,
        batch: Option<BatchNumber>,
    ) {
        let Some(reply) = reply else { return };
        let Some(batch) = batch.filter(|batch| self.waits_for(*batch)) else {
            return self.answer(outbox, Some(reply), Ok(()));
        };
        if outbox.answer_after(batch, reply) {
            self.broker.await_commit(outbox, self);
        }
    }

    /// Answers a message that was accepted before, when everything before it is durable.
    pub(crate) fn answer_again(
        &mut self,
        outbox: &Arc<Outbox>,
        reply: Option<Reply>,
        stored: bool,
    ) {
        let store = self.broker.store.as_ref().filter(|_| stored);
        match store.map(|store| store.append(&mut Vec::new())) {
            None => self.answer(outbox, reply, Ok(())),
            Some(Ok(batch)) => self.answer_after(outbox, reply, Some(batch)),
            Some(Err(error)) => self.answer(outbox, reply, Err(store_failure(&error))),
        }
    }

    /// Is the batch not durable yet? Asked for each answer: a commit that ends between two
    /// answers of one batch tells only those who wait already.
    fn waits_for(&self, batch: BatchNumber) -> bool {
        let store = self.broker.store.as_ref();
        store.is_some_and(|store| store.durable() < batch)
    }

    /// Bytes used in the store when they have reached the limit (0: unlimited), or when the disk
    /// under it takes no more.
    pub(crate) fn store_full(&mut self, limit_bytes: u64) -> Option<u64> {
        full(
            self.broker.store.as_deref(),
            &mut self.store_used,
            limit_bytes,
        )
    }

    /// The same of the spool.
    pub(crate) fn spool_full(&mut self, limit_bytes: u64) -> Option<u64> {
        full(
            self.broker.spool.as_deref(),
            &mut self.spool_used,
            limit_bytes,
        )
    }

    pub(crate) fn store_congested(&self) -> bool {
        self.broker
            .store
            .as_ref()
            .is_some_and(|store| store.is_congested())
    }

    pub(crate) fn spool_congested(&self) -> bool {
        self.broker
            .spool
            .as_ref()
            .is_some_and(|spool| spool.is_congested())
    }

    /// Counts bytes that this turn adds to the store.
    pub(crate) fn count_stored(&mut self, bytes: usize) {
        if let Some(used) = &mut self.store_used {
            used.used_bytes += bytes as u64;
        }
    }

    /// Counts bytes that this turn adds to the spool.
    pub(crate) fn count_spooled(&mut self, bytes: usize) {
        if let Some(used) = &mut self.spool_used {
            used.used_bytes += bytes as u64;
        }
    }

    /// Does all work, then wakes the connections.
    pub(crate) fn finish(mut self) {
        loop {
            if self.broker.signal.take() {
                self.broker.list_parked(&mut self.work);
            }
            let Some(work) = self.work.pop_front() else {
                break;
            };
            match work {
                Work::Dispatch(queue) => queue.dispatch(&mut self),
                Work::Resume(node) => node.resume(&mut self),
                Work::DeadLetter(letter) => letter.send(&mut self),
                Work::Abandon(operation, failure) => operation.abandon(failure, &mut self),
                Work::Explain(destination) => self.broker.log_explanation(&destination, self.now),
                Work::Commit(operation) => operation.offer(&mut self),
                Work::Moved(moved) => moved.answer(&mut self),
                Work::Advise(happening) => happening.tell(&mut self),
            }
        }
        for outbox in &self.touched {
            outbox.wake();
        }
    }
}

impl Moved {
    fn answer(self, turn: &mut Turn<'_>) {
        if let Some(failure) = turn.broker.failure() {
            return turn.answer(&self.outbox, self.reply, Err(failure));
        }
        let batches = self.queues.iter().map(|queue| queue.departures.stored());
        let batch = batches.max();
        turn.answer_after(&self.outbox, self.reply, batch);
    }
}

/// The store is asked once per turn; what the turn itself adds is counted on top.
fn full(
    store: Option<&dyn Store>,
    known: &mut Option<StoreUsage>,
    limit_bytes: u64,
) -> Option<u64> {
    let store = store?;
    let usage = known.get_or_insert_with(|| store.usage());
    let over = limit_bytes > 0 && usage.used_bytes >= limit_bytes;
    (over || usage.refuses_adds).then_some(usage.used_bytes)
}
