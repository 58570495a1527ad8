//! What becomes of copies: answers to sends, acknowledgements, ends of connections and lives.

use crate::ledger::places::Places;
use crate::ledger::{Copy, CopyId, Exists, Home, HomeId, HomeKind, Ledger, SendId, Told, TxState};

impl Home {
    /// A durable subscription exists for sure once its opening was confirmed.
    pub(crate) fn surely_exists(&self) -> bool {
        let durable = matches!(self.kind, HomeKind::Durable(..));
        !durable || self.exists_after_crash == Exists::Yes
    }
}

impl Ledger {
    /// Where an expired copy may go.
    pub(super) fn place_of_expired(&self, copy: &Copy) -> Places {
        let dead = self.homes.get(copy.home).map(|home| &home.dead_letters);
        let persistent = self
            .sends
            .get(copy.send)
            .is_some_and(|send| send.persistent);
        let kept = dead.is_some_and(|dead| {
            dead.target.is_some() && dead.expired && (persistent || dead.non_persistent)
        });
        let place = if kept { Places::DEAD } else { Places::GONE };
        // A topic does not take in what has expired already.
        let topic = self
            .homes
            .get(copy.home)
            .is_some_and(|home| !home.is_queue());
        if topic {
            place.with(Places::GONE)
        } else {
            place
        }
    }

    fn place_of_poison(&self, copy: &Copy) -> Places {
        let dead = self.homes.get(copy.home).map(|home| &home.dead_letters);
        let persistent = self
            .sends
            .get(copy.send)
            .is_some_and(|send| send.persistent);
        let kept =
            dead.is_some_and(|dead| dead.target.is_some() && (persistent || dead.non_persistent));
        if kept { Places::DEAD } else { Places::GONE }
    }

    /// Where a copy may be, given that time has passed.
    pub(crate) fn places(&self, copy: &Copy, known: Places) -> Places {
        if !known.has(Places::HOME) {
            return known;
        }
        let mut places = known;
        let expiration = self.sends.get(copy.send).map_or(0, |s| s.expiration_ms);
        if expiration > 0 && expiration <= self.wall_max_ms {
            places = places.with(self.place_of_expired(copy));
        }
        if self.homes.get(copy.home).is_some_and(|home| home.lossy) {
            places = places.with(Places::GONE);
        }
        places
    }

    /// The producer was told that the message is safe.
    pub(crate) fn send_done(&mut self, send: SendId) {
        self.tell(send, Told::Done);
        for id in self.copies_of(send) {
            let home = self
                .copies
                .get(id)
                .and_then(|copy| self.homes.get(copy.home));
            // A durable subscription that turns out not to be stored got nothing.
            let sure = home.is_some_and(Home::surely_exists);
            let Some(copy) = self.copies.get_mut(id).filter(|copy| !copy.maybe && sure) else {
                continue;
            };
            copy.now = copy.now.without(Places::UNSENT);
            copy.durable = copy.durable.without(Places::UNSENT);
        }
    }

    fn tell(&mut self, send: SendId, told: Told) {
        self.unanswered.remove(&send);
        if let Some(fact) = self.sends.get_mut(send) {
            fact.told = told;
        }
    }

    /// The producer was told that the message was refused.
    pub(crate) fn send_refused(&mut self, send: SendId) {
        if self.sends.get(send).is_some_and(|fact| fact.repeated) {
            // It may have been accepted the first time.
            return self.send_forgotten(send);
        }
        self.tell(send, Told::Refused);
        for id in self.copies_of(send) {
            if self.copies.get(id).is_some_and(|copy| copy.seen) {
                let text = format!("{} was delivered and then refused", self.describe(id));
                self.report(crate::finding::Checker::Phantom, text);
            }
            if let Some(copy) = self.copies.get_mut(id) {
                copy.now = Places::UNSENT;
                copy.durable = Places::UNSENT;
            }
        }
    }

    /// The send asked for no answer and was not refused: it was accepted, as long as the process
    /// lives.
    pub(crate) fn send_settled(&mut self, send: SendId) {
        self.tell(send, Told::Never);
        for id in self.copies_of(send) {
            if let Some(copy) = self.copies.get_mut(id).filter(|copy| !copy.maybe) {
                copy.now = copy.now.without(Places::UNSENT);
            }
        }
    }

    /// Nobody will be told what became of the send.
    pub(crate) fn send_forgotten(&mut self, send: SendId) {
        self.tell(send, Told::Never);
    }

    /// Some send of a connection was refused: this one, or it still waits, or it was accepted.
    pub(crate) fn send_doubtful(&mut self, send: SendId) {
        self.send_forgotten(send);
        self.unanswered.insert(send);
    }

    /// The consumer said that it has consumed the copy.
    pub(crate) fn acked(&mut self, id: CopyId) {
        if let Some(copy) = self.copies.get_mut(id) {
            copy.now = Places::GONE;
            copy.durable = copy.durable.with(Places::GONE);
            copy.holder = None;
        }
    }

    /// The acknowledgement was confirmed.
    pub(crate) fn ack_done(&mut self, id: CopyId) {
        if let Some(copy) = self.copies.get_mut(id) {
            copy.durable = copy.durable.from(Places::GONE);
        }
    }

    /// The consumer said that it cannot process the copy.
    pub(crate) fn poisoned(&mut self, id: CopyId) {
        let Some(copy) = self.copies.get(id) else {
            return;
        };
        let was_dead = copy.now.has(Places::DEAD);
        let place = if was_dead {
            Places::GONE
        } else {
            self.place_of_poison(copy)
        };
        if let Some(copy) = self.copies.get_mut(id) {
            copy.now = place;
            copy.durable = copy.durable.with(place);
            copy.holder = None;
            copy.returns = 0;
            copy.disturbed = true;
        }
    }

    pub(crate) fn poison_done(&mut self, id: CopyId) {
        let Some(copy) = self.copies.get(id) else {
            return;
        };
        let place = self.place_of_poison(copy);
        if let Some(copy) = self.copies.get_mut(id) {
            copy.durable = copy.durable.from(place);
        }
    }

    /// The consumer gave the copy back, or went away: `counted` as a failed delivery.
    pub(crate) fn given_back(&mut self, id: CopyId, counted: bool) {
        if let Some(copy) = self.copies.get_mut(id) {
            copy.holder = None;
            copy.rolled_back |= copy.tx_ack.take().is_some();
            copy.disturbed = true;
            copy.returns += u32::from(counted);
        }
    }

    /// The process is gone. `clean`: it was stopped in an orderly way, so all that was said
    /// holds.
    pub(crate) fn end_life(&mut self, clean: bool) {
        for index in 0..self.transactions.len() {
            self.abandon(index);
            if !clean {
                self.forget_evidence(index);
            }
        }
        for send in std::mem::take(&mut self.unanswered) {
            self.tell(send, Told::Never);
        }
        for id in 0..self.copies.len() {
            let Some(copy) = self.copies.get(id) else {
                continue;
            };
            let known = if clean { copy.now } else { copy.durable };
            let survives = self.survivors(copy, self.places(copy, known));
            let Some(copy) = self.copies.get_mut(id) else {
                continue;
            };
            copy.now = survives;
            copy.durable = survives;
            copy.holder = None;
            copy.tx_ack = None;
            copy.returns = 0;
            copy.disturbed = false;
            copy.rolled_back = false;
            copy.rested = false;
            copy.overtaken = None;
            // What was seen may never have reached the disk.
            copy.seen &= !copy.durable.has(Places::UNSENT);
        }
        for home in &mut self.homes {
            home.attached = false;
            match &home.kind {
                HomeKind::Subscription => home.exists = Exists::No,
                HomeKind::Queue if !home.stores => home.exists = Exists::No,
                HomeKind::Queue => {}
                HomeKind::Durable(..) => {
                    if !clean {
                        home.exists = home.exists_after_crash;
                    }
                    home.exists_after_crash = home.exists;
                }
            }
        }
        self.life += 1;
    }

    fn survivors(&self, copy: &Copy, places: Places) -> Places {
        let persistent = self
            .sends
            .get(copy.send)
            .is_some_and(|send| send.persistent);
        if !persistent {
            return Places::GONE;
        }
        let stores = self.homes.get(copy.home).is_some_and(|home| home.stores);
        if !stores && places.has(Places::HOME) {
            return places.without(Places::HOME).with(Places::GONE);
        }
        places
    }

    /// The client was told that the durable subscription may not be there.
    pub(crate) fn attach_doubtful(&mut self, id: HomeId) {
        let Some(home) = self.homes.get_mut(id) else {
            return;
        };
        let durable = matches!(home.kind, HomeKind::Durable(..));
        if durable && home.exists_after_crash != Exists::Yes {
            home.exists = Exists::Maybe;
            for copy in self.copies.iter_mut().filter(|copy| copy.home == id) {
                copy.maybe = true;
            }
        }
    }

    /// A transaction whose connection is gone.
    pub(crate) fn abandon(&mut self, index: usize) {
        let Some(tx) = self.transactions.get_mut(index) else {
            return;
        };
        let may_come = match tx.state {
            TxState::Open => {
                tx.state = TxState::Aborted;
                false
            }
            TxState::Committing => {
                tx.state = TxState::Unknown;
                true
            }
            TxState::Committed | TxState::Aborted | TxState::Unknown => return,
        };
        for send in tx.sends.clone() {
            if may_come {
                // A prepared branch may be committed, or its commit may wait for room, while
                // subscriptions come to which it is published then.
                self.send_doubtful(send);
            } else {
                self.send_forgotten(send);
            }
        }
    }
}
