//! Acknowledgements, in and outside of transactions.

use crate::client::{Client, Op, Scene};
use crate::ledger::{CopyId, TxIndex};
use floodway_message::session::{Ack, AckKind, AckRange, Command, ConsumerId, DeliveryId, TxId};

/// An acknowledgement to be submitted.
struct Chosen {
    consumer: ConsumerId,
    range: AckRange,
    copies: Vec<(DeliveryId, CopyId)>,
}

impl Client {
    /// Says something of deliveries of one consumer.
    pub(super) fn acknowledge_something(&mut self, scene: &mut Scene<'_>) {
        if scene.random.percent(10) {
            return self.browser_goes_on(scene);
        }
        if self.waits_in_transaction() {
            // It is not known which deliveries the transaction has taken.
            return;
        }
        let Some(chosen) = self.choose_deliveries(scene) else {
            return;
        };
        let open: Vec<(TxId, TxIndex)> = self.open_transactions(scene);
        if let Some((tx, index)) = scene.random.pick(&open)
            && scene.random.percent(50)
        {
            return self.acknowledge_in(tx, index, chosen, scene);
        }
        let poison = scene.plan.features.poison;
        let kind = match scene.random.below(100) {
            0..=7 if poison => AckKind::Poison,
            8..=13 => AckKind::Released,
            14..=19 => AckKind::Redeliver,
            _ => AckKind::Consumed,
        };
        self.say(chosen, kind, scene);
        self.submit(scene);
    }

    pub(super) fn open_transactions(&self, scene: &Scene<'_>) -> Vec<(TxId, TxIndex)> {
        let open = self.transactions.iter().map(|(tx, index)| (*tx, *index));
        open.filter(|(_, index)| self.is_open(scene, *index))
            .collect()
    }

    fn choose_deliveries(&self, scene: &mut Scene<'_>) -> Option<Chosen> {
        let ids: Vec<ConsumerId> = self
            .consumers
            .iter()
            .filter(|(_, consumer)| consumer.open_count() > 0)
            .map(|(id, _)| *id)
            .collect();
        let id = scene.random.pick(&ids)?;
        let open: Vec<(DeliveryId, CopyId)> = self
            .consumers
            .get(&id)?
            .held
            .iter()
            .filter(|(_, (_, tx))| tx.is_none())
            .map(|(delivery, (copy, _))| (*delivery, *copy))
            .collect();
        let (delivery, copy) = scene.random.pick(&open)?;
        // What a commit that may yet be refused has acknowledged must not be said twice.
        if scene.random.percent(50) || self.commits_waiting > 0 {
            return Some(Chosen {
                consumer: id,
                range: AckRange::One(delivery),
                copies: vec![(delivery, copy)],
            });
        }
        let copies = open.into_iter().filter(|(other, _)| *other <= delivery);
        Some(Chosen {
            consumer: id,
            range: AckRange::UpTo(delivery),
            copies: copies.collect(),
        })
    }

    fn say(&mut self, chosen: Chosen, kind: AckKind, scene: &mut Scene<'_>) {
        let Chosen {
            consumer,
            range,
            copies,
        } = chosen;
        let ids: Vec<CopyId> = copies.iter().map(|(_, copy)| *copy).collect();
        let op = match kind {
            AckKind::Consumed => Op::Ack(ids.clone()),
            AckKind::Poison => Op::Poison(ids.clone()),
            AckKind::Released | AckKind::Redeliver => Op::GiveBack,
        };
        for id in ids {
            match kind {
                AckKind::Consumed => scene.ledger.acked(id),
                AckKind::Poison => scene.ledger.poisoned(id),
                AckKind::Released => scene.ledger.given_back(id, false),
                AckKind::Redeliver => scene.ledger.given_back(id, true),
            }
        }
        if let Some(consumer) = self.consumers.get_mut(&consumer) {
            for (delivery, _) in copies {
                consumer.held.remove(&delivery);
            }
        }
        let reply = if self.drains {
            Some(self.ask(op))
        } else {
            self.ask_sometimes(op, scene.random)
        };
        self.commands.push(Command::Ack(Ack {
            consumer,
            range,
            kind,
            cause: None,
            tx: None,
            reply,
        }));
    }

    fn acknowledge_in(&mut self, tx: TxId, index: TxIndex, chosen: Chosen, scene: &mut Scene<'_>) {
        let ids: Vec<CopyId> = chosen.copies.iter().map(|(_, copy)| *copy).collect();
        for id in &ids {
            scene.ledger.ack_in(index, *id);
        }
        if let Some(consumer) = self.consumers.get_mut(&chosen.consumer) {
            for (delivery, _) in &chosen.copies {
                if let Some((_, mark)) = consumer.held.get_mut(delivery) {
                    *mark = Some(index);
                }
            }
        }
        let reply = Some(self.ask(Op::AckInTx(index, ids)));
        self.commands.push(Command::Ack(Ack {
            consumer: chosen.consumer,
            range: chosen.range,
            kind: AckKind::Consumed,
            cause: None,
            tx: Some(tx),
            reply,
        }));
        self.submit(scene);
    }

    /// Acknowledges all that is held, as a draining consumer does.
    pub(crate) fn acknowledge_all(&mut self, scene: &mut Scene<'_>) {
        let ids: Vec<ConsumerId> = self.consumers.keys().copied().collect();
        for id in ids {
            let Some(consumer) = self.consumers.get(&id) else {
                continue;
            };
            if consumer.browser {
                self.take_browsed(id);
                continue;
            }
            let copies: Vec<(DeliveryId, CopyId)> = consumer
                .held
                .iter()
                .filter(|(_, (_, tx))| tx.is_none())
                .map(|(delivery, (copy, _))| (*delivery, *copy))
                .collect();
            let Some((last, _)) = copies.last().copied() else {
                continue;
            };
            let chosen = Chosen {
                consumer: id,
                range: AckRange::UpTo(last),
                copies,
            };
            self.say(chosen, AckKind::Consumed, scene);
        }
        self.submit(scene);
    }

    fn browser_goes_on(&mut self, scene: &mut Scene<'_>) {
        let browsers = self.consumers.iter().filter(|(_, c)| c.browser);
        let ids: Vec<ConsumerId> = browsers.map(|(id, _)| *id).collect();
        if let Some(id) = scene.random.pick(&ids) {
            self.take_browsed(id);
            self.submit(scene);
        }
    }

    fn take_browsed(&mut self, id: ConsumerId) {
        let browsed = self.consumers.get(&id).map_or(0, |c| c.browsed);
        if browsed > 0 {
            let reply = Some(self.ask(Op::GiveBack));
            self.commands.push(Command::Ack(Ack {
                consumer: id,
                range: AckRange::UpTo(browsed),
                kind: AckKind::Consumed,
                cause: None,
                tx: None,
                reply,
            }));
            if let Some(consumer) = self.consumers.get_mut(&id) {
                consumer.browsed = 0;
            }
        }
    }

    /// What a committed transaction has acknowledged is no longer held.
    pub(super) fn forget_marked(&mut self, index: TxIndex) {
        for consumer in self.consumers.values_mut() {
            consumer.held.retain(|_, (_, tx)| *tx != Some(index));
        }
    }

    /// An acknowledgement was not taken into its transaction.
    pub(super) fn unmark(&mut self, index: TxIndex, copies: &[CopyId], scene: &mut Scene<'_>) {
        for copy in copies {
            if let Some(copy) = scene.ledger.copies.get_mut(*copy) {
                copy.tx_ack = None;
            }
            if let Some(tx) = scene.ledger.transactions.get_mut(index) {
                tx.acks.retain(|(other, _)| other != copy);
            }
        }
        self.reopen(index, copies, scene);
    }

    /// Deliveries that a transaction had acknowledged are open again.
    pub(super) fn reopen(&mut self, index: TxIndex, copies: &[CopyId], scene: &mut Scene<'_>) {
        for copy in copies {
            let mut found = false;
            for consumer in self.consumers.values_mut() {
                for (held, tx) in consumer.held.values_mut() {
                    if held == copy && *tx == Some(index) {
                        *tx = None;
                        found = true;
                        consumer.overfull = true;
                    }
                }
            }
            if !found {
                scene.ledger.given_back(*copy, false);
            }
        }
    }
}
