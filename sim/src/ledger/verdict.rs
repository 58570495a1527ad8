//! The end of a run: everything was consumed, so everything must have been seen.

use crate::finding::Checker;
use crate::ledger::places::Places;
use crate::ledger::{Copy, CopyId, Exists, HomeId, Ledger, TxState};

/// So many messages are named in a report.
const NAMED_MAX: usize = 5;

/// Least and most messages that a home can hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

impl Ledger {
    /// Messages that a home holds, dead letters included.
    pub(crate) fn content(&self, home: HomeId) -> Range {
        let mut range = Range::default();
        for copy in &self.copies {
            let places = self.places(copy, copy.now);
            let place = if copy.home == home {
                Places::HOME
            } else if self.is_dead_letter_home(copy, home) {
                Places::DEAD
            } else {
                continue;
            };
            if places.has(place) {
                range.most += 1;
                range.least += u64::from(places.is_only(place));
            }
        }
        range
    }

    /// Some of the messages that a home must hold.
    pub(crate) fn surely_at(&self, home: HomeId) -> Vec<String> {
        let surely = |copy: &Copy| {
            let places = self.places(copy, copy.now);
            let here = copy.home == home && places.is_only(Places::HOME);
            here || (self.is_dead_letter_home(copy, home) && places.is_only(Places::DEAD))
        };
        let found = self.copies.iter().enumerate();
        let found = found.filter(|(_, copy)| surely(copy)).take(NAMED_MAX);
        found.map(|(id, _)| self.describe(id)).collect()
    }

    /// Is this where the copy would go as a dead letter?
    pub(crate) fn is_dead_letter_home(&self, copy: &Copy, home: HomeId) -> bool {
        let target = self.dead_letter_queue(copy);
        target.is_some_and(|target| self.queue(&target) == Some(home))
    }

    /// Everything that was promised must have been consumed.
    pub(crate) fn finish(&mut self) {
        for id in 0..self.copies.len() {
            let Some(copy) = self.copies.get(id) else {
                continue;
            };
            let places = self.places(copy, copy.now);
            if !places.may_be_nowhere() {
                let text = format!(
                    "never came, though everything was consumed: {}",
                    self.describe(id)
                );
                self.report(Checker::Loss, text);
            }
        }
        for index in 0..self.transactions.len() {
            self.judge(index);
        }
    }

    /// What did not come shows that a transaction in doubt was not carried out; what did not
    /// return, that it was.
    fn judge(&mut self, index: usize) {
        let Some(tx) = self.transactions.get(index) else {
            return;
        };
        if tx.state != TxState::Unknown && tx.state != TxState::Committing {
            return;
        }
        let (sends, acks) = (tx.sends.clone(), tx.acks.clone());
        for send in sends {
            for id in self.copies_of(send) {
                if self.must_have_come(id) {
                    let text = format!("its {} never came", self.describe(id));
                    self.evidence(index, false, text);
                }
            }
        }
        for (id, strong) in acks {
            let Some(copy) = self.copies.get(id) else {
                continue;
            };
            if strong && copy.tx_doubt == Some(index) && self.is_stable(id) {
                let text = format!("the {} it acknowledged did not return", self.describe(id));
                self.evidence(index, true, text);
            }
        }
    }

    /// Would the copy have been seen if it had been sent?
    fn must_have_come(&self, id: CopyId) -> bool {
        let Some(copy) = self.copies.get(id) else {
            return false;
        };
        // An acknowledgement of a former life may have been carried out.
        let consumed = copy.now.has(Places::GONE);
        !copy.seen && !consumed && self.is_stable(id)
    }

    /// Nothing but its consumption can make the copy disappear.
    fn is_stable(&self, id: CopyId) -> bool {
        let Some(copy) = self.copies.get(id) else {
            return false;
        };
        let (Some(send), Some(home)) = (self.sends.get(copy.send), self.homes.get(copy.home))
        else {
            return false;
        };
        let stable = home.stores && !home.lossy && home.exists == Exists::Yes;
        !copy.maybe && stable && send.persistent && send.expiration_ms == 0
    }

    /// Copies that somebody holds.
    pub(crate) fn held(&self) -> Vec<CopyId> {
        let held = self.copies.iter().enumerate();
        held.filter(|(_, copy)| copy.holder.is_some())
            .map(|(id, _)| id)
            .collect()
    }
}
