//! Acknowledgements: a message is consumed, given back, or sent to the dead letter queue.

use crate::advisory::Class;
use crate::broker::Removals;
use crate::consumer::Consumer;
use crate::dead_letter::DeadLetter;
use crate::entry::{Entry, Place};
use crate::flow::usage::{Promise, Usage};
use crate::queue::add::Writes;
use crate::queue::in_flight::{Delivered, Mark};
use crate::queue::{Attachment, Queue, QueueState};
use crate::turn::{Turn, Work};
use floodway_message::session::{Ack, AckKind, AckRange, Failure};
use floodway_store::BatchNumber;
use std::sync::Arc;

/// What an acknowledgement did at one queue.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    /// Deliveries found.
    pub(crate) count: usize,
    /// The batch that makes it final, where something was stored.
    pub(crate) batch: Option<BatchNumber>,
    /// Why it will never be final.
    pub(crate) failure: Option<Failure>,
}

impl Queue {
    /// Acknowledges deliveries of a consumer, outside of any transaction.
    pub(crate) fn acknowledge(
        self: &Arc<Self>,
        consumer: &Arc<Consumer>,
        ack: &Ack,
        turn: &mut Turn<'_>,
    ) -> Acknowledged {
        let mut state = self.lock();
        let Some(at) = state.attachment_at(consumer) else {
            return Acknowledged::default();
        };
        let mut writes = Writes {
            is_awaited: ack.reply.is_some(),
            ..Writes::default()
        };
        let mut count = 0;
        while let Some(attachment) = state.attachments.get_mut(at) {
            let taken = match ack.range {
                AckRange::One(delivery) if count == 0 => attachment.in_flight.take(delivery),
                AckRange::One(_) => None,
                AckRange::UpTo(delivery) => attachment.in_flight.take_up_to(delivery),
            };
            let Some(delivered) = taken else { break };
            count += 1;
            self.settle(&mut state, delivered, ack, &mut writes, turn);
        }
        if count == 0 {
            return Acknowledged::default();
        }
        consumer.free(u32::try_from(count).unwrap_or(u32::MAX));
        state.room_freed(at);
        let removals = self.write_removals(&mut writes, turn);
        self.dispatch_locked(&mut state, turn);
        Acknowledged {
            count,
            batch: removals.stored,
            failure: removals.failure,
        }
    }

    /// A consumer has room because of what it acknowledged elsewhere.
    pub(crate) fn room_won(self: &Arc<Self>, consumer: &Arc<Consumer>, turn: &mut Turn<'_>) {
        let mut state = self.lock();
        if let Some(at) = state.attachment_at(consumer) {
            state.room_freed(at);
            self.dispatch_locked(&mut state, turn);
        }
    }

    /// Does to one delivery what its consumer said.
    fn settle(
        self: &Arc<Self>,
        state: &mut QueueState,
        delivered: Delivered,
        ack: &Ack,
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) {
        state.in_flight_count -= 1;
        let mut entry = delivered.entry;
        match ack.kind {
            AckKind::Consumed => {
                state.counts.dequeue(&entry, turn.now);
                self.advise(Class::Consumed, &entry.message, None, turn);
                remove(&entry, writes);
            }
            AckKind::Poison => {
                state.counts.dequeue(&entry, turn.now);
                let cause = ack.cause.as_deref();
                let cause = cause.unwrap_or("poison acknowledgement (NACK) by the consumer");
                let letter = DeadLetter::poison(&entry, self, cause);
                turn.later(Work::DeadLetter(Box::new(letter)));
            }
            AckKind::Released => state.give_back(self, entry),
            AckKind::Redeliver => {
                entry.redeliveries += 1;
                state.give_back(self, entry);
            }
        }
    }

    /// Writes removals; nobody waits for those of the spool.
    pub(crate) fn write_removals(&self, writes: &mut Writes, turn: &Turn<'_>) -> Removals {
        let removals = turn.broker.write_removals(writes);
        self.departures.note(removals.stored, removals.spooled);
        removals
    }

    /// Marks deliveries as acknowledged in a transaction; they no longer fill the window.
    pub(crate) fn mark(
        self: &Arc<Self>,
        consumer: &Arc<Consumer>,
        range: AckRange,
        tx: Mark,
        turn: &mut Turn<'_>,
    ) -> usize {
        let mut state = self.lock();
        let Some(at) = state.attachment_at(consumer) else {
            return 0;
        };
        let Some(attachment) = state.attachments.get_mut(at) else {
            return 0;
        };
        let count = match range {
            AckRange::One(delivery) => usize::from(attachment.in_flight.mark(delivery, tx)),
            AckRange::UpTo(delivery) => attachment.in_flight.mark_up_to(delivery, tx),
        };
        if count > 0 {
            consumer.free(u32::try_from(count).unwrap_or(u32::MAX));
            state.room_freed(at);
            self.dispatch_locked(&mut state, turn);
        }
        count
    }

    /// A transaction was rolled back: its deliveries are open again.
    pub(crate) fn unmark(
        self: &Arc<Self>,
        consumer: Option<&Arc<Consumer>>,
        tx: Mark,
        turn: &mut Turn<'_>,
    ) {
        let mut state = self.lock();
        let promised = state.take_promised(tx);
        if !promised.is_empty() {
            state.in_flight_count -= promised.len();
            for mut entry in promised {
                entry.redeliveries += 1;
                state.give_back_in_order(self, entry);
            }
            self.dispatch_locked(&mut state, turn);
        }
        if let Some(attachment) = state.attachment_mut(consumer) {
            for _ in 0..attachment.in_flight.unmark(tx) {
                attachment.consumer.occupy();
            }
        }
    }

    /// What the end of a transaction will free, where the messages are charged: those of a
    /// subscription to many topics are charged to the topics.
    pub(crate) fn promise(&self, consumer: Option<&Arc<Consumer>>, tx: Mark) -> Vec<Promise> {
        let state = self.lock();
        let mut sums: Vec<(&Arc<Usage>, u64)> = Vec::new();
        for entry in state.marked(consumer, tx) {
            let charge = entry.held.charge();
            let mut known = sums.iter_mut();
            match known.find(|(usage, _)| Arc::ptr_eq(usage, charge.usage())) {
                Some((_, bytes)) => *bytes += charge.bytes(),
                None => sums.push((charge.usage(), charge.bytes())),
            }
        }
        let promises = sums.into_iter();
        promises
            .map(|(usage, bytes)| Promise::new(usage, bytes))
            .collect()
    }

    /// Takes what a committing transaction has acknowledged; the removals go into its batch.
    pub(crate) fn take_marked(
        &self,
        state: &mut QueueState,
        (consumer, tx): (Option<&Arc<Consumer>>, Mark),
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) {
        let mut entries = state.take_promised(tx);
        if let Some(attachment) = state.attachment_mut(consumer) {
            let marked = attachment.in_flight.take_marked(tx);
            entries.extend(marked.into_iter().map(|delivered| delivered.entry));
        }
        for entry in entries {
            state.in_flight_count -= 1;
            state.counts.dequeue(&entry, turn.now);
            self.advise(Class::Consumed, &entry.message, None, turn);
            remove(&entry, writes);
        }
    }
}

/// Notes the removal of a message where it is kept.
pub(crate) fn remove(entry: &Entry, writes: &mut Writes) {
    let Some(change) = entry.removal() else {
        return;
    };
    match entry.place {
        Place::Spooled { .. } => writes.spooled.push(change),
        Place::Stored { .. } | Place::Memory => writes.stored.push(change),
    }
}

impl QueueState {
    pub(crate) fn attachment_at(&self, consumer: &Arc<Consumer>) -> Option<usize> {
        self.attachments
            .iter()
            .position(|attachment| Arc::ptr_eq(&attachment.consumer, consumer))
    }

    fn attachment_mut(&mut self, consumer: Option<&Arc<Consumer>>) -> Option<&mut Attachment> {
        let at = self.attachment_at(consumer?)?;
        self.attachments.get_mut(at)
    }

    /// What a transaction has acknowledged, of a consumer and of those closed since.
    pub(crate) fn marked(
        &self,
        consumer: Option<&Arc<Consumer>>,
        tx: Mark,
    ) -> impl Iterator<Item = &Entry> {
        let at = consumer.and_then(|consumer| self.attachment_at(consumer));
        let attachment = at.and_then(|at| self.attachments.get(at));
        let open = attachment.map(|attachment| attachment.in_flight.marked(tx));
        let closed = self.promised.iter().filter(move |one| one.tx == tx);
        let open = open.into_iter().flatten();
        open.chain(closed.map(|one| &one.entry))
    }

    /// Takes what closed consumers had acknowledged in a transaction.
    fn take_promised(&mut self, tx: Mark) -> Vec<Entry> {
        let own = self.promised.extract_if(.., |promised| promised.tx == tx);
        own.map(|promised| promised.entry).collect()
    }

    /// A consumer has room again: what it could not take is looked at again. Going back to the
    /// disk for it waits until it is worth while, or for the next tick.
    pub(crate) fn room_freed(&mut self, at: usize) {
        let passed = self.has_passed();
        let Some(attachment) = self.attachments.get_mut(at) else {
            return;
        };
        self.rescan_from = self.rescan_from.min(attachment.wanted_from);
        if attachment.wanted_from == u64::MAX {
            return;
        }
        if passed && !attachment.consumer.has_much_room() {
            self.rewind_later = true;
            return;
        }
        attachment.wanted_from = u64::MAX;
        self.rewind_wanted |= passed;
    }

    /// As [`QueueState::give_back`], of a message that was held back for long: messages before it
    /// may still be on disk, and come first.
    fn give_back_in_order(&mut self, queue: &Queue, entry: Entry) {
        let lane = self.home_of(queue, &entry);
        match self.lanes.get_mut(lane) {
            Some(found) if found.is_ahead(&entry.place) => {
                if entry.expiration_ms > 0 {
                    let due = (entry.expiration_ms, lane as u8, entry.order);
                    self.expiring.insert(due);
                }
                found.set_aside(entry);
            }
            _ => self.give_back(queue, entry),
        }
    }

    /// Puts a message back where its order says.
    pub(crate) fn give_back(&mut self, queue: &Queue, entry: Entry) {
        let lane = self.home_of(queue, &entry);
        if entry.expiration_ms > 0 {
            self.expiring
                .insert((entry.expiration_ms, lane as u8, entry.order));
        }
        self.rescan_from = self.rescan_from.min(entry.order);
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.give_back(entry);
        }
    }

    /// The lane that a message came from: of a queue that once was prioritized, the one whose list
    /// holds it.
    fn home_of(&self, queue: &Queue, entry: &Entry) -> usize {
        let several = self.lanes.len() > 1;
        let home = several.then(|| self.lanes.iter().position(|lane| lane.has(&entry.place)));
        home.flatten()
            .unwrap_or_else(|| queue.lane_of(&entry.message))
    }
}
