//! Priorities: what surely waited while all was quiet goes before what is lower.
//!
//! Only of persistent messages, which can always leave memory for those of another priority and
//! be read again; and only of those that nobody gave back, because they may be held in memory.
//! What several consumers get is heard of in any order: a message was overtaken if its consumer
//! gets it later, or if it still waits when all is quiet again.

use crate::finding::Checker;
use crate::ledger::places::Places;
use crate::ledger::{Copy, CopyId, Holder, HomeId, Ledger};
use floodway_message::Message;

impl Ledger {
    /// All is quiet: what waits now is written, and whoever is given anything is given it later.
    pub(crate) fn rest(&mut self) {
        for id in 0..self.copies.len() {
            let Some(copy) = self.copies.get(id) else {
                continue;
            };
            let rested = self.surely_waits(copy);
            let overtaken = copy.overtaken.filter(|_| rested);
            if let Some(copy) = self.copies.get_mut(id) {
                copy.rested = rested;
                copy.overtaken = None;
            }
            if let Some((_, lower)) = overtaken {
                self.report_overtaken(id, lower);
            }
        }
    }

    /// The broker gave it to a consumer that did not take it: it comes when it comes.
    pub(crate) fn unrest(&mut self, message: &Message) {
        let number = crate::body::read(message.body());
        let send = number.and_then(|number| usize::try_from(number).ok());
        for id in send.map_or_else(Vec::new, |send| self.copies_of(send)) {
            if let Some(copy) = self.copies.get_mut(id) {
                (copy.rested, copy.overtaken) = (false, None);
            }
        }
    }

    /// The same of all that waited in a home when a consumer ended: nobody knows what it was given.
    pub(crate) fn unrest_home(&mut self, home: HomeId) {
        for copy in self.copies.iter_mut().filter(|copy| copy.home == home) {
            (copy.rested, copy.overtaken) = (false, None);
        }
    }

    fn surely_waits(&self, copy: &Copy) -> bool {
        let free = copy.holder.is_none() && copy.tx_ack.is_none() && copy.tx_doubt.is_none();
        free && !copy.disturbed && !copy.maybe && self.places(copy, copy.now).is_only(Places::HOME)
    }

    /// A copy was just delivered to `holder`.
    pub(crate) fn check_precedence(&mut self, id: CopyId, holder: Holder) {
        let Some(copy) = self.copies.get(id).filter(|copy| !copy.disturbed) else {
            return;
        };
        if let Some((by, lower)) = copy.overtaken
            && (by.connection, by.consumer) == (holder.connection, holder.consumer)
        {
            return self.report_overtaken(id, lower);
        }
        let Some(send) = self.sends.get(copy.send).filter(|send| send.persistent) else {
            return;
        };
        let is_higher = |other: &Copy| {
            let fact = self.sends.get(other.send);
            other.home == copy.home
                && other.rested
                && fact.is_some_and(|fact| fact.priority > send.priority)
                && self.surely_waits(other)
        };
        let copies = self.copies.iter().enumerate();
        let higher: Vec<CopyId> = copies
            .filter(|(_, other)| is_higher(other))
            .map(|(id, _)| id)
            .collect();
        for higher in higher {
            if let Some(higher) = self.copies.get_mut(higher) {
                higher.overtaken = Some((holder, id));
            }
        }
    }

    fn report_overtaken(&mut self, id: CopyId, lower: CopyId) {
        let (higher, lower) = (self.describe(id), self.describe(lower));
        self.report(Checker::Order, format!("{lower} came before {higher}"));
    }
}
