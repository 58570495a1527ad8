//! Transactions as clients know them, and what shows whether one was carried out.

use crate::finding::Checker;
use crate::ledger::places::Places;
use crate::ledger::{CopyId, Ledger, SendId, TxFact, TxIndex, TxState};
use floodway_message::session::Xid;

impl Ledger {
    pub(crate) fn begin(&mut self) -> TxIndex {
        self.transactions.push(TxFact {
            state: TxState::Open,
            sends: Vec::new(),
            acks: Vec::new(),
            done_by: None,
            undone_by: None,
            life: 0,
            prepared: false,
            settled: false,
        });
        self.transactions.len() - 1
    }

    pub(crate) fn send_in(&mut self, tx: TxIndex, send: SendId) {
        if let Some(tx) = self.transactions.get_mut(tx) {
            tx.sends.push(send);
        }
    }

    pub(crate) fn ack_in(&mut self, tx: TxIndex, copy: CopyId) {
        if let Some(found) = self.copies.get_mut(copy) {
            found.tx_ack = Some(tx);
        }
        if let Some(tx) = self.transactions.get_mut(tx) {
            tx.acks.push((copy, false));
        }
    }

    /// A send that the transaction refused is not part of it.
    pub(crate) fn not_in(&mut self, tx: TxIndex, send: SendId) {
        if let Some(tx) = self.transactions.get_mut(tx) {
            tx.sends.retain(|other| *other != send);
        }
    }

    /// The client asked for the commit.
    pub(crate) fn committing(&mut self, index: TxIndex) {
        let Some(tx) = self.transactions.get_mut(index) else {
            return;
        };
        tx.state = TxState::Committing;
        tx.life = self.life;
        let (sends, acks) = (tx.sends.clone(), tx.acks.clone());
        let charges = sends.iter().filter_map(|send| self.sends.get(*send));
        let charge: u64 = charges.map(|send| send.charge_bytes).sum();
        self.tx_charge_max = self.tx_charge_max.max(charge);
        for send in sends {
            let order = self.next_order();
            if let Some(fact) = self.sends.get_mut(send) {
                fact.order = fact.order.map(|_| order);
            }
            self.launch(send);
        }
        let mut marked = Vec::new();
        for (id, _) in acks {
            let Some(copy) = self.copies.get_mut(id) else {
                continue;
            };
            if copy.tx_ack != Some(index) {
                continue;
            }
            marked.push((id, copy.durable.is_only(Places::HOME)));
            copy.now = copy.now.with(Places::GONE);
            copy.durable = copy.durable.with(Places::GONE);
            copy.tx_doubt = Some(index);
        }
        if let Some(tx) = self.transactions.get_mut(index) {
            tx.acks = marked;
        }
    }

    /// The first phase was confirmed.
    pub(crate) fn prepared(&mut self, index: TxIndex) {
        if let Some(tx) = self.transactions.get_mut(index) {
            tx.prepared = true;
        }
    }

    /// The second phase is asked for: the messages come after all that was sent meanwhile.
    pub(crate) fn reorder(&mut self, index: TxIndex) {
        let sends = self.transactions.get(index).map(|tx| tx.sends.clone());
        for send in sends.unwrap_or_default() {
            let order = self.next_order();
            if let Some(fact) = self.sends.get_mut(send) {
                fact.order = fact.order.map(|_| order);
            }
        }
    }

    /// It is not known any more that it is prepared.
    pub(crate) fn not_prepared(&mut self, index: TxIndex) {
        if let Some(tx) = self.transactions.get_mut(index) {
            tx.prepared = false;
        }
    }

    /// What messages, sent and acknowledged, of a transaction cost.
    pub(crate) fn charge_of(&self, index: TxIndex) -> u64 {
        let Some(tx) = self.transactions.get(index) else {
            return 0;
        };
        let acks = tx.acks.iter().filter_map(|(id, _)| self.copies.get(*id));
        let sends = tx.sends.iter().copied().chain(acks.map(|copy| copy.send));
        let facts = sends.filter_map(|send| self.sends.get(send));
        facts.map(|send| send.charge_bytes).sum()
    }

    /// A branch of which nobody knew any more has had its outcome.
    pub(crate) fn settled(&mut self, index: TxIndex, commits: bool, how: &str) {
        if let Some(tx) = self.transactions.get_mut(index) {
            tx.settled = true;
        }
        self.evidence(index, commits, format!("branch {index} {how}"));
    }

    /// The branches that are in doubt after a restart are these: of the others that were prepared
    /// the commit, which was asked for, must have been carried out.
    pub(crate) fn in_doubt(&mut self, listed: &[TxIndex]) {
        for index in 0..self.transactions.len() {
            let Some(tx) = self.transactions.get(index) else {
                return;
            };
            let unknown = tx.prepared && !tx.settled && tx.state == TxState::Unknown;
            if unknown && !listed.contains(&index) {
                self.settled(index, true, "was prepared and is not in doubt");
            }
        }
    }

    /// The commit was confirmed.
    pub(crate) fn committed(&mut self, index: TxIndex) {
        let Some(tx) = self.transactions.get_mut(index) else {
            return;
        };
        tx.state = TxState::Committed;
        let (sends, acks) = (tx.sends.clone(), tx.acks.clone());
        sends.into_iter().for_each(|send| self.send_done(send));
        for (id, _) in acks {
            if let Some(copy) = self.copies.get_mut(id) {
                copy.now = Places::GONE;
                copy.durable = Places::GONE;
                copy.holder = None;
                copy.tx_ack = None;
                copy.tx_doubt = None;
            }
        }
    }

    /// The commit was refused, or the transaction rolled back: what it acknowledged is open
    /// again. Returns those copies.
    pub(crate) fn aborted(&mut self, index: TxIndex) -> Vec<CopyId> {
        let Some(tx) = self.transactions.get_mut(index) else {
            return Vec::new();
        };
        let was_committing = tx.state == TxState::Committing;
        tx.state = TxState::Aborted;
        let (sends, acks) = (tx.sends.clone(), std::mem::take(&mut tx.acks));
        sends.into_iter().for_each(|send| self.send_refused(send));
        let mut open = Vec::new();
        for (id, _) in acks {
            let Some(copy) = self.copies.get_mut(id) else {
                continue;
            };
            if copy.tx_ack != Some(index) {
                continue;
            }
            copy.tx_ack = None;
            copy.tx_doubt = None;
            copy.rolled_back = true;
            if was_committing {
                copy.now = copy.now.without(Places::GONE);
                copy.durable = copy.durable.without(Places::GONE);
            }
            open.push(id);
        }
        open
    }

    /// Only the disk knows now whether a commit of this life was carried out.
    pub(super) fn forget_evidence(&mut self, index: TxIndex) {
        let life = self.life;
        if let Some(tx) = self.transactions.get_mut(index)
            && tx.life == life
        {
            tx.done_by = None;
            tx.undone_by = None;
        }
    }

    /// Something shows that the transaction was carried out, or that it was not.
    pub(crate) fn evidence(&mut self, index: TxIndex, done: bool, what: String) {
        let Some(tx) = self.transactions.get_mut(index) else {
            return;
        };
        let place = if done {
            &mut tx.done_by
        } else {
            &mut tx.undone_by
        };
        place.get_or_insert(what);
        if let (Some(done_by), Some(undone_by)) = (&tx.done_by, &tx.undone_by) {
            let text =
                format!("transaction {index} was carried out in part: {done_by}, but {undone_by}");
            self.report(Checker::Transaction, text);
        }
    }
}

/// The name under which a transaction is prepared.
#[expect(clippy::expect_used, reason = "a number is short enough for a name")]
pub(crate) fn xid_of(index: TxIndex) -> Xid {
    let number = (index as u64).to_be_bytes();
    Xid::new(1, &number, &[]).expect("a number is short enough for a name")
}

/// The transaction of a name.
pub(crate) fn index_of(xid: &Xid) -> TxIndex {
    let number = xid.global().try_into().map_or(u64::MAX, u64::from_be_bytes);
    usize::try_from(number).unwrap_or(usize::MAX)
}
