//! The end of a run: producers stop, consumers take everything, time passes for what expires,
//! and then nothing may be left, neither with the ledger nor in the broker's books.

use crate::client::Client;
use crate::disk::{Faults, Reboot};
use crate::finding::Checker;
use crate::ledger::{Exists, HomeKind};
use crate::plan::DurablePlan;
use crate::world::World;
use floodway_message::Destination;

/// Slot of the client that consumes from all queues.
const DRAINER: u64 = 1000;
/// Rounds of consuming; each lets some time pass.
const ROUNDS_MAX: u64 = 400;

impl World {
    /// See the module.
    pub(super) fn drain(&mut self) {
        self.end_faults();
        self.be_quiet();
        self.stop_producing();
        self.consume_everything();
        self.now.wall_ms = self.ledger.wall_max_ms() + 600_000;
        self.pass(1000);
        self.consume_everything();
        if self.ledger.findings.any() {
            return;
        }
        self.check_nobody_waits();
        self.ledger.finish();
        self.check_leftovers();
    }

    fn end_faults(&mut self) {
        let space_bytes = self
            .disk
            .faults()
            .space_bytes
            .filter(|_| self.random.percent(50))
            // What is scheduled cannot be sent on while the disk takes nothing more.
            .filter(|_| !self.plan.features.scheduled);
        loop {
            self.misfortunes.clear();
            self.disk.arm(Faults {
                space_bytes,
                ..Faults::default()
            });
            // A start may bring faults of its own.
            if self.disk.is_dead() {
                self.die(self.death);
            } else if self.disk.has_failed() {
                self.die(Reboot::Kill);
            } else {
                return;
            }
        }
    }

    fn stop_producing(&mut self) {
        let over: Vec<u64> = self.clients.keys().copied().collect();
        for slot in over {
            if self.clients.get(&slot).is_some_and(|client| client.is_over) {
                self.disconnect(slot);
            }
            self.with_client(slot, Client::end_all_transactions);
        }
        let keeps = self.random.percent(50);
        let slots: Vec<u64> = self.clients.keys().copied().collect();
        for slot in slots {
            self.with_client(slot, |client, scene| client.only_consume(keeps, scene));
        }
    }

    fn consume_everything(&mut self) {
        for round in 0..ROUNDS_MAX {
            if self.ledger.findings.any() || self.disk.is_dead() {
                return;
            }
            if round == ROUNDS_MAX / 2 {
                self.give_room_to_commits();
            }
            self.open_drains();
            if !self.settle() {
                return;
            }
            let slots: Vec<u64> = self.clients.keys().copied().collect();
            for slot in slots {
                self.with_client(slot, Client::acknowledge_all);
            }
            if round > 0 && self.is_drained() {
                return self.be_quiet();
            }
            let ms = self.random.between(1, 400);
            self.pass(ms);
        }
        self.be_quiet();
        let view = self.broker.as_ref().map(|broker| broker.view());
        self.report(
            Checker::Stuck,
            format!("consumers do not get everything: {view:?}"),
        );
    }

    /// On a full disk a commit may wait for the very segments that hold what it has acknowledged:
    /// then somebody has to make room.
    fn give_room_to_commits(&mut self) {
        let waits = self.clients.values().any(Client::waits_for_commit);
        let store = self.store.as_store().map(|store| store.usage());
        if waits && store.is_some_and(|usage| usage.refuses_adds) {
            self.disk.arm(Faults::default());
        }
    }

    /// Consumers for all queues and durable subscriptions that have none of ours.
    fn open_drains(&mut self) {
        if !self.clients.contains_key(&DRAINER) {
            self.connect(DRAINER);
            self.with_client(DRAINER, |client, _| client.drains = true);
        }
        let queues: Vec<Destination> = self
            .ledger
            .homes
            .iter()
            .filter(|home| home.is_queue() && !home.destination.kind().is_temporary())
            .map(|home| home.destination.clone())
            .collect();
        for queue in queues {
            let home = self.ledger.queue(&queue);
            self.with_client(DRAINER, |client, scene| {
                let known = home.is_some_and(|home| client.consumes(home));
                if !known {
                    client.open(vec![queue], false, scene);
                }
            });
        }
        let durables: Vec<DurablePlan> = self.plan.durables.clone();
        for durable in durables {
            self.drain_durable(&durable);
        }
    }

    fn drain_durable(&mut self, durable: &DurablePlan) {
        let waits = self.ledger.homes.iter().any(|home| {
            let is_it = matches!(&home.kind, HomeKind::Durable(client, name)
                if *client == durable.client_id && *name == durable.name);
            is_it && home.exists != Exists::No && !home.attached
        });
        if !waits {
            return;
        }
        let slot = u64::from(&*durable.client_id == "d1");
        if !self.clients.contains_key(&slot) {
            self.connect(slot);
        }
        self.with_client(slot, |client, scene| {
            client.drains = true;
            client.open_durable(durable, scene);
        });
    }

    fn is_drained(&self) -> bool {
        let Some(broker) = &self.broker else {
            return false;
        };
        let view = broker.view();
        let waits = |pending: u64, in_flight: usize| pending > 0 || in_flight > 0;
        let queues = view
            .destinations
            .iter()
            .any(|one| waits(one.messages.pending, one.messages.in_flight) || one.parked > 0);
        let durables = view
            .durables
            .iter()
            .any(|one| waits(one.messages.pending, one.messages.in_flight));
        let jobs = self.jobs() > 0 || self.parked_jobs() > 0;
        !queues && !durables && !jobs && self.ledger.held().is_empty()
    }

    fn check_nobody_waits(&mut self) {
        for client in self.clients.values() {
            if !client.paused.is_empty() {
                let text = format!(
                    "connection {}: {:?} were not resumed",
                    client.connection, client.paused
                );
                self.ledger.report(Checker::Pause, text);
            }
        }
    }

    /// With everything consumed and everybody gone, all books are empty.
    fn check_leftovers(&mut self) {
        let slots: Vec<u64> = self.clients.keys().copied().collect();
        for slot in slots {
            self.disconnect(slot);
        }
        if !self.settle() {
            return;
        }
        let Some(broker) = self.broker.clone() else {
            return;
        };
        let view = broker.view();
        if view.memory_used_bytes > 0 {
            let text = format!("{} bytes of memory are in use", view.memory_used_bytes);
            self.report(Checker::Leftover, text);
        }
        for one in view.destinations {
            if one.memory_used_bytes > 0 || one.parked > 0 || one.messages.pending > 0 {
                self.report(Checker::Leftover, format!("left behind: {one:?}"));
            }
        }
        for (name, store) in [("store", self.store.clone()), ("spool", self.spool.clone())] {
            let Some(store) = store.as_store() else {
                continue;
            };
            for list in store.lists().iter().filter(|list| list.pending > 0) {
                self.report(Checker::Leftover, format!("in the {name}: {list:?}"));
            }
            let live = store.usage().live_bytes;
            if live > 0 {
                self.report(
                    Checker::Leftover,
                    format!("{live} bytes are live in the {name}"),
                );
            }
        }
    }
}
