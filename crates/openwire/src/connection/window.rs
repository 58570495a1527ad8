//! What was dispatched to one consumer and not acknowledged, in the order of dispatch.
//!
//! Clients name messages by their ids; a hash of the id stands for it here. They also send our
//! stamp back, which finds the place at once; where it does not, the list is searched.

use crate::codec::Text;
use crate::generated::MessageId;
use floodway_message::session::{DeliveryId, TxId};
use foldhash::fast::RandomState;
use std::collections::VecDeque;
use std::hash::BuildHasher;

/// One message dispatched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dispatched {
    pub(super) delivery: DeliveryId,
    /// Number within the connection; the client sends it back.
    pub(super) stamp: i64,
    pub(super) id_hash: u64,
    pub(super) expiration_ms: i64,
    /// The transaction that acknowledged it.
    pub(super) tx: Option<TxId>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Window {
    list: VecDeque<Dispatched>,
    hasher: RandomState,
    /// Dispatched since the consumer was opened.
    pub(super) total: u64,
}

impl Window {
    /// The hash of an id: producer and number count, as with Java.
    pub(super) fn hash(&self, id: &MessageId) -> u64 {
        self.hasher
            .hash_one((&id.producer_id, id.producer_sequence_id))
    }

    pub(super) fn hash_text(&self, text: &Text) -> u64 {
        self.hasher.hash_one(text)
    }

    pub(super) fn push(&mut self, dispatched: Dispatched) {
        self.total += 1;
        self.list.push_back(dispatched);
    }

    /// The place of a message that is not acknowledged.
    pub(super) fn find(&self, id: &MessageId) -> Option<usize> {
        let hash = self.hash(id);
        let is_it = |at: usize| {
            let one = self.list.get(at);
            one.is_some_and(|one| one.id_hash == hash && one.tx.is_none())
        };
        if is_it(0) {
            return Some(0);
        }
        let stamped = self
            .list
            .binary_search_by_key(&id.broker_sequence_id, |one| one.stamp);
        if let Some(at) = stamped.ok().filter(|at| is_it(*at)) {
            return Some(at);
        }
        (0..self.list.len()).find(|at| is_it(*at))
    }

    /// The open ones from one place to another, both included.
    pub(super) fn open_in(&self, first: usize, last: usize) -> Vec<Dispatched> {
        let range = self
            .list
            .range(first.min(self.list.len())..(last + 1).min(self.list.len()));
        range.filter(|one| one.tx.is_none()).copied().collect()
    }

    /// The last one that is not acknowledged, at or before a stamp.
    pub(super) fn open_before(&self, stamp: i64) -> Option<usize> {
        let end = self.list.partition_point(|one| one.stamp <= stamp);
        (0..end)
            .rev()
            .find(|at| self.list.get(*at).is_some_and(|one| one.tx.is_none()))
    }

    /// `true` when nothing before the place is open.
    pub(super) fn is_first_open(&self, at: usize) -> bool {
        self.list.iter().take(at).all(|one| one.tx.is_some())
    }

    /// Open ones, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Dispatched> {
        self.list.iter().filter(|one| one.tx.is_none())
    }

    /// How many are open.
    pub(super) fn open_count(&self) -> usize {
        self.iter().count()
    }

    /// Takes out, or marks within a transaction, the open ones between two places.
    pub(super) fn settle(&mut self, first: usize, last: usize, tx: Option<TxId>) {
        if tx.is_some() {
            for one in self.list.range_mut(first..(last + 1).min(self.list.len())) {
                one.tx = one.tx.or(tx);
            }
        } else if first == 0 {
            let end = (last + 1).min(self.list.len());
            let marked: Vec<_> = self
                .list
                .drain(..end)
                .filter(|one| one.tx.is_some())
                .collect();
            marked
                .into_iter()
                .rev()
                .for_each(|one| self.list.push_front(one));
        } else {
            let mut at = 0;
            self.list.retain(|one| {
                let inside = (first..=last).contains(&at);
                at += 1;
                !inside || one.tx.is_some()
            });
        }
    }

    /// Forgets what a transaction acknowledged.
    pub(super) fn commit(&mut self, tx: TxId) {
        self.list.retain(|one| one.tx != Some(tx));
    }

    /// What a transaction acknowledged is open again.
    pub(super) fn roll_back(&mut self, tx: TxId) {
        for one in self.list.iter_mut().filter(|one| one.tx == Some(tx)) {
            one.tx = None;
        }
    }
}
