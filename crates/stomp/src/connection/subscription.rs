//! The subscriptions of a connection and what each has delivered and not got back.
//!
//! Consumers are numbered 1, 2, 3 …, so a list in the order of opening is sorted. Unacknowledged
//! deliveries are kept for the modes in which the client acknowledges, in the order of delivery;
//! their number is bounded by the prefetch. An acknowledgement within a transaction only marks
//! them until the transaction ends.

use crate::codec::Version;
use crate::convert::Template;
use floodway_message::session::{ConsumerId, DeliveryId, TxId};
use floodway_message::{Destination, Message};
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// Who acknowledges, and how much by one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AckMode {
    /// The broker, as soon as a message is written.
    Auto,
    /// The client, all messages up to the named one.
    Client,
    /// The client, one message at a time.
    Individual,
}

/// A subscription.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) consumer: ConsumerId,
    /// Bytes of its SUBSCRIBE headers, which stand for the memory it takes.
    pub(super) header_bytes: usize,
    /// The client's id for it, escapes resolved; not unique, as with ActiveMQ.
    pub(super) id: Option<Box<[u8]>>,
    pub(super) mode: AckMode,
    pub(super) browser: bool,
    pub(super) durable: Option<Arc<str>>,
    pub(super) destinations: Vec<Destination>,
    pub(super) template: Template,
    pub(super) unacked: Unacked,
    /// The last delivery written and not yet acknowledged by us; 0 for none.
    pub(super) written: DeliveryId,
}

/// Deliveries that a client has not acknowledged.
#[derive(Debug)]
pub(super) struct Unacked {
    entries: VecDeque<Entry>,
    /// Message ids are known by their hash (1.0 and 1.1); 1.2 acknowledges by delivery.
    by_message_id: bool,
    hasher: RandomState,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    delivery: DeliveryId,
    message_hash: u64,
    /// The transaction that acknowledged it; 0 for none.
    tx: TxId,
}

impl Unacked {
    pub(super) fn new(version: Version) -> Self {
        Self {
            entries: VecDeque::new(),
            by_message_id: version < Version::V1_2,
            hasher: RandomState::new(),
        }
    }

    /// Notes a delivery.
    #[inline]
    pub(super) fn push(&mut self, delivery: DeliveryId, message: &Message) {
        let message_hash = if self.by_message_id {
            self.hasher.hash_one(message.id().as_bytes())
        } else {
            0
        };
        self.entries.push_back(Entry {
            delivery,
            message_hash,
            tx: 0,
        });
    }

    /// The open delivery of a message id.
    pub(super) fn by_message_id(&self, message_id: &[u8]) -> Option<DeliveryId> {
        let message_hash = self.hasher.hash_one(message_id);
        let found = self
            .entries
            .iter()
            .find(|entry| entry.message_hash == message_hash && entry.tx == 0);
        found.map(|entry| entry.delivery)
    }

    /// `true` for a delivery that is open.
    pub(super) fn contains(&self, delivery: DeliveryId) -> bool {
        let at = self.place(delivery).and_then(|at| self.entries.get(at));
        at.is_some_and(|entry| entry.tx == 0)
    }

    /// Takes out one open delivery, or marks it within a transaction.
    pub(super) fn acknowledge(&mut self, delivery: DeliveryId, tx: Option<TxId>) {
        let Some(at) = self.place(delivery) else {
            return;
        };
        match (tx, self.entries.get_mut(at)) {
            (Some(tx), Some(entry)) => entry.tx = tx,
            _ if at == 0 => drop(self.entries.pop_front()),
            _ => drop(self.entries.remove(at)),
        }
    }

    /// Takes out, or marks, all open deliveries up to and including one.
    pub(super) fn acknowledge_up_to(&mut self, delivery: DeliveryId, tx: Option<TxId>) {
        if let Some(tx) = tx {
            for entry in &mut self.entries {
                if entry.delivery > delivery {
                    break;
                }
                if entry.tx == 0 {
                    entry.tx = tx;
                }
            }
            return;
        }
        let end = self
            .entries
            .partition_point(|entry| entry.delivery <= delivery);
        let marked: Vec<Entry> = self
            .entries
            .drain(..end)
            .filter(|entry| entry.tx != 0)
            .collect();
        for entry in marked.into_iter().rev() {
            self.entries.push_front(entry);
        }
    }

    fn commit(&mut self, tx: TxId) {
        self.entries.retain(|entry| entry.tx != tx);
    }

    fn abort(&mut self, tx: TxId) {
        for entry in self.entries.iter_mut().filter(|entry| entry.tx == tx) {
            entry.tx = 0;
        }
    }

    fn place(&self, delivery: DeliveryId) -> Option<usize> {
        if self
            .entries
            .front()
            .is_some_and(|first| first.delivery == delivery)
        {
            return Some(0);
        }
        self.entries
            .binary_search_by_key(&delivery, |entry| entry.delivery)
            .ok()
    }
}

/// All subscriptions, oldest first.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    list: Vec<Subscription>,
    opened: ConsumerId,
    header_bytes: usize,
    /// Place of the one used last.
    recent: usize,
    /// Those with deliveries to be acknowledged by us.
    pub(super) written: Vec<ConsumerId>,
}

impl Subscriptions {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Bytes of the headers of all together.
    pub(super) fn header_bytes(&self) -> usize {
        self.header_bytes
    }

    /// A new consumer's number.
    pub(super) fn next_consumer(&mut self) -> ConsumerId {
        self.opened += 1;
        self.opened
    }

    /// `true` for a number that was given out.
    pub(super) fn was_opened(&self, consumer: ConsumerId) -> bool {
        (1..=self.opened).contains(&consumer)
    }

    /// Adds one; consumers are added in the order of their numbers.
    pub(super) fn add(&mut self, subscription: Subscription) {
        self.header_bytes += subscription.header_bytes;
        self.list.push(subscription);
    }

    #[inline]
    pub(super) fn get_mut(&mut self, consumer: ConsumerId) -> Option<&mut Subscription> {
        let recent = self.list.get(self.recent);
        if recent.is_none_or(|recent| recent.consumer != consumer) {
            let found = self
                .list
                .binary_search_by_key(&consumer, |one| one.consumer);
            self.recent = found.ok()?;
        }
        self.list.get_mut(self.recent)
    }

    pub(super) fn remove(&mut self, consumer: ConsumerId) -> Option<Subscription> {
        let found = self
            .list
            .binary_search_by_key(&consumer, |one| one.consumer);
        let removed = self.list.remove(found.ok()?);
        self.header_bytes -= removed.header_bytes;
        Some(removed)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Subscription> {
        self.list.iter()
    }

    /// Those of a client's id, newest first.
    pub(super) fn of_id<'a>(&'a self, id: &'a [u8]) -> impl Iterator<Item = &'a Subscription> {
        let wanted = move |one: &&Subscription| one.id.as_deref() == Some(id);
        self.list.iter().rev().filter(wanted)
    }

    /// Forgets what a transaction acknowledged.
    pub(super) fn commit(&mut self, tx: TxId) {
        for subscription in &mut self.list {
            subscription.unacked.commit(tx);
        }
    }

    /// Takes back what a transaction acknowledged.
    pub(super) fn abort(&mut self, tx: TxId) {
        for subscription in &mut self.list {
            subscription.unacked.abort(tx);
        }
    }
}
