//! What a client does next.

use crate::client::{Client, Op, Scene};
use crate::ledger::xid_of;
use crate::ledger::{TxIndex, queue_home};
use floodway_message::session::{Command, ConsumerId, TxId};
use floodway_message::{Destination, DestinationKind};

/// Kinds of things that a client can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Send,
    Acknowledge,
    Open,
    Close,
    Begin,
    EndTransaction,
    Prefetch,
    RemoveDurable,
    Temporary,
    Goodbye,
}

/// Most consumers, and open transactions, of a client.
const CONSUMERS_MAX: usize = 4;
const TRANSACTIONS_MAX: usize = 2;

impl Client {
    /// Does one thing, if it can.
    pub(crate) fn act(&mut self, scene: &mut Scene<'_>) {
        if !self.connected || self.is_over || self.reader_waits || self.drains {
            return;
        }
        match choose(scene) {
            Doing::Send => self.send_some(scene),
            Doing::Acknowledge => self.acknowledge_something(scene),
            Doing::Open if self.consumers.len() < CONSUMERS_MAX => self.open_something(scene),
            Doing::Close => self.close_consumer(scene),
            Doing::Begin if self.transactions.len() < TRANSACTIONS_MAX => self.begin(scene),
            Doing::EndTransaction => self.end_some_transaction(scene),
            Doing::Prefetch => self.set_prefetch(scene),
            Doing::RemoveDurable => self.remove_durable(scene),
            Doing::Temporary => self.use_temporary(scene),
            Doing::Goodbye => self.say_goodbye(scene),
            Doing::Open | Doing::Begin => {}
        }
    }

    fn begin(&mut self, scene: &mut Scene<'_>) {
        let tx = self.next_tx();
        let index = scene.ledger.begin();
        self.transactions.insert(tx, index);
        let reply = Some(self.ask(Op::Begin));
        self.commands.push(Command::Begin { tx, reply });
        self.submit(scene);
    }

    /// Something done in a transaction may still be refused.
    pub(super) fn waits_in_transaction(&self) -> bool {
        let mut ops = self.ops.values();
        ops.any(|op| matches!(op, Op::AckInTx(..) | Op::SendInTx(..)))
    }

    fn end_some_transaction(&mut self, scene: &mut Scene<'_>) {
        if self.waits_in_transaction() {
            return;
        }
        let open = self.open_transactions(scene);
        if let Some((tx, index)) = scene.random.pick(&open) {
            self.end_transaction(tx, index, scene);
        }
    }

    fn end_transaction(&mut self, tx: TxId, index: TxIndex, scene: &mut Scene<'_>) {
        self.transactions.remove(&tx);
        if scene.random.percent(70) {
            self.commits_waiting += 1;
            scene.ledger.committing(index);
            if scene.plan.features.two_phases && scene.random.percent(50) {
                let reply = Some(self.ask(Op::Prepare(index)));
                let xid = xid_of(index);
                self.commands.push(Command::Prepare { tx, xid, reply });
            } else {
                let reply = Some(self.ask(Op::Commit(index)));
                self.commands.push(Command::Commit { tx, reply });
            }
            self.submit(scene);
        } else {
            let reply = self.ask_sometimes(Op::Rollback, scene.random);
            self.commands.push(Command::Rollback { tx, reply });
            self.submit(scene);
            let open = scene.ledger.aborted(index);
            self.reopen(index, &open, scene);
        }
    }

    /// The first phase is over: the second follows, mostly.
    pub(super) fn prepared(&mut self, index: TxIndex, scene: &mut Scene<'_>) {
        scene.ledger.prepared(index);
        if self.is_over {
            // Nothing that it says is heard any more: others will have to end it.
            return;
        }
        let xid = xid_of(index);
        if scene.random.percent(80) {
            let reply = Some(self.ask(Op::CommitPrepared(index)));
            scene.ledger.reorder(index);
            self.commands.push(Command::CommitPrepared { xid, reply });
            return self.submit(scene);
        }
        self.commits_waiting = self.commits_waiting.saturating_sub(1);
        let reply = self.ask_sometimes(Op::Rollback, scene.random);
        self.commands.push(Command::RollbackPrepared { xid, reply });
        self.submit(scene);
        let open = scene.ledger.aborted(index);
        self.reopen(index, &open, scene);
    }

    /// Ends all open transactions.
    pub(crate) fn end_all_transactions(&mut self, scene: &mut Scene<'_>) {
        for (tx, index) in self.open_transactions(scene) {
            self.end_transaction(tx, index, scene);
        }
    }

    fn set_prefetch(&mut self, scene: &mut Scene<'_>) {
        let ids: Vec<ConsumerId> = self.consumers.keys().copied().collect();
        let Some(id) = scene.random.pick(&ids) else {
            return;
        };
        let prefetch = scene.random.one_of([0, 1, 3, 50]);
        self.grant(id, prefetch, scene);
    }

    /// Gives a consumer another window.
    pub(crate) fn grant(&mut self, id: ConsumerId, prefetch: u32, scene: &mut Scene<'_>) {
        let Some(consumer) = self.consumers.get_mut(&id) else {
            return;
        };
        consumer.overfull |= prefetch < consumer.prefetch;
        consumer.prefetch = prefetch;
        self.commands.push(Command::SetPrefetch {
            consumer: id,
            prefetch,
        });
        self.submit(scene);
    }

    fn use_temporary(&mut self, scene: &mut Scene<'_>) {
        if scene.random.percent(60) {
            let name = format!("temp.{}.{}", self.connection, self.consumer_count);
            let Ok(destination) = Destination::new(DestinationKind::TempQueue, &name) else {
                return;
            };
            if self.temporaries.contains(&destination) {
                return self.open(vec![destination], false, scene);
            }
            if scene.ledger.queue(&destination).is_some() {
                // Names are not used again.
                return;
            }
            let reply = Some(self.ask(Op::Create));
            self.temporaries.push(destination.clone());
            scene.ledger.temporaries.push(destination.clone());
            let home = queue_home(
                &destination,
                crate::client::dead_letters(scene.plan, &destination, None),
            );
            crate::client::add_home(scene.ledger, home);
            self.commands
                .push(Command::CreateDestination { destination, reply });
            self.submit(scene);
            return;
        }
        let own = self.temporaries.clone();
        let Some(destination) = scene.random.pick_cloned(&own).pop() else {
            return;
        };
        if scene.random.percent(70) {
            return self.open(vec![destination], false, scene);
        }
        // A destination with consumers would not be removed.
        if let Some(home) = scene.ledger.queue(&destination) {
            let there = |one: &&ConsumerId| {
                let consumer = self.consumers.get(one);
                consumer.is_some_and(|consumer| consumer.homes.contains(&home))
            };
            let ids: Vec<ConsumerId> = self.consumers.keys().filter(there).copied().collect();
            for id in ids {
                self.close_one(id, scene);
                if self.consumers.contains_key(&id) {
                    return;
                }
            }
        }
        let reply = Some(self.ask(Op::Destroy));
        self.commands.push(Command::RemoveDestination {
            destination: destination.clone(),
            reply,
        });
        self.submit(scene);
        self.forget_temporary(&destination, scene.ledger);
    }

    fn say_goodbye(&mut self, scene: &mut Scene<'_>) {
        let reply = Some(self.ask(Op::Disconnect));
        self.commands.push(Command::Disconnect { reply });
        self.submit(scene);
        self.is_over = true;
        self.consumers_end(scene.ledger);
    }
}

fn choose(scene: &mut Scene<'_>) -> Doing {
    let features = scene.plan.features;
    if scene.random.percent(scene.plan.send_percent) {
        return Doing::Send;
    }
    match scene.random.below(100) {
        0..=14 => Doing::Open,
        15..=18 => Doing::Close,
        19..=24 if features.transactions => Doing::Begin,
        25..=36 if features.transactions => Doing::EndTransaction,
        37..=38 => Doing::Prefetch,
        39 => Doing::RemoveDurable,
        40..=44 if features.temporaries => Doing::Temporary,
        45 => Doing::Goodbye,
        _ => Doing::Acknowledge,
    }
}
