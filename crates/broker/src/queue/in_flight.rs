//! Deliveries of one consumer from one queue that are not acknowledged yet.
//!
//! Ordered by delivery number; a cumulative acknowledgement takes from the front. A delivery
//! acknowledged in an open or prepared transaction stays here, marked, until its outcome.

use crate::entry::Entry;
use floodway_message::session::DeliveryId;
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// A transaction, numbered uniquely for the life of the broker.
pub(crate) type Mark = u64;

/// One delivery.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) delivery: DeliveryId,
    pub(crate) entry: Entry,
    /// The transaction that has acknowledged it.
    pub(crate) tx: Option<Mark>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    /// Front slot is never empty.
    slots: VecDeque<(DeliveryId, Option<Delivered>)>,
}

impl InFlight {
    pub(crate) fn push(&mut self, delivery: DeliveryId, entry: Entry) {
        self.slots.push_back((
            delivery,
            Some(Delivered {
                delivery,
                entry,
                tx: None,
            }),
        ));
    }

    fn slot(&self, delivery: DeliveryId) -> Option<usize> {
        if self.slots.front()?.0 == delivery {
            return Some(0);
        }
        self.slots
            .binary_search_by_key(&delivery, |(id, _)| *id)
            .ok()
    }

    /// Takes one delivery that is not part of a transaction.
    pub(crate) fn take(&mut self, delivery: DeliveryId) -> Option<Delivered> {
        let at = self.slot(delivery)?;
        let (_, slot) = self.slots.get_mut(at)?;
        if slot.as_ref()?.tx.is_some() {
            return None;
        }
        let taken = slot.take();
        self.trim();
        taken
    }

    /// Takes the oldest delivery up to and including `delivery` that is not part of a
    /// transaction.
    pub(crate) fn take_up_to(&mut self, delivery: DeliveryId) -> Option<Delivered> {
        let front = self.slots.front()?;
        if front.0 > delivery {
            return None;
        }
        if front
            .1
            .as_ref()
            .is_some_and(|delivered| delivered.tx.is_none())
        {
            let taken = self.slots.pop_front().and_then(|(_, slot)| slot);
            self.trim();
            return taken;
        }
        let open = |slot: &Option<Delivered>| slot.as_ref().is_some_and(|d| d.tx.is_none());
        let (_, slot) = self
            .slots
            .iter_mut()
            .take_while(|(id, _)| *id <= delivery)
            .find(|(_, slot)| open(slot))?;
        slot.take()
    }

    /// Marks one delivery as acknowledged in a transaction; `false` if there is none to mark.
    pub(crate) fn mark(&mut self, delivery: DeliveryId, tx: Mark) -> bool {
        let Some(at) = self.slot(delivery) else {
            return false;
        };
        match self.slots.get_mut(at) {
            Some((_, Some(delivered))) if delivered.tx.is_none() => {
                delivered.tx = Some(tx);
                true
            }
            _ => false,
        }
    }

    /// Marks all deliveries up to and including `delivery`; returns how many.
    pub(crate) fn mark_up_to(&mut self, delivery: DeliveryId, tx: Mark) -> usize {
        let mut marked = 0;
        for (id, slot) in &mut self.slots {
            if *id > delivery {
                break;
            }
            if let Some(delivered) = slot
                && delivered.tx.is_none()
            {
                delivered.tx = Some(tx);
                marked += 1;
            }
        }
        marked
    }

    /// Is there a delivery that nobody has acknowledged yet, not even in a transaction?
    pub(crate) fn has_open(&self) -> bool {
        let mut delivered = self.slots.iter().filter_map(|(_, slot)| slot.as_ref());
        delivered.any(|one| one.tx.is_none())
    }

    /// What a transaction has acknowledged.
    pub(crate) fn marked(&self, tx: Mark) -> impl Iterator<Item = &Entry> {
        let delivered = self.slots.iter().filter_map(|(_, slot)| slot.as_ref());
        delivered
            .filter(move |one| one.tx == Some(tx))
            .map(|one| &one.entry)
    }

    /// Takes all deliveries that a transaction has acknowledged.
    pub(crate) fn take_marked(&mut self, tx: Mark) -> Vec<Delivered> {
        let marked = |slot: &Option<Delivered>| slot.as_ref().is_some_and(|d| d.tx == Some(tx));
        let slots = self.slots.iter_mut().filter(|(_, slot)| marked(slot));
        let taken = slots.filter_map(|(_, slot)| slot.take()).collect();
        self.trim();
        taken
    }

    /// Forgets what a transaction has acknowledged; returns how many deliveries are open again.
    pub(crate) fn unmark(&mut self, tx: Mark) -> usize {
        let mut open = 0;
        for (_, slot) in &mut self.slots {
            if let Some(delivered) = slot
                && delivered.tx == Some(tx)
            {
                delivered.tx = None;
                open += 1;
            }
        }
        open
    }

    /// Takes everything, oldest first.
    pub(crate) fn take_all(&mut self) -> Vec<Delivered> {
        std::mem::take(&mut self.slots)
            .into_iter()
            .filter_map(|(_, slot)| slot)
            .collect()
    }

    /// Messages in flight, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Delivered> {
        self.slots.iter().filter_map(|(_, slot)| slot.as_ref())
    }

    fn trim(&mut self) {
        while self.slots.front().is_some_and(|(_, slot)| slot.is_none()) {
            self.slots.pop_front();
        }
    }
}
