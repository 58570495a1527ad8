//! Lives of the broker: it is opened on what the disk holds, and ends in one way or another.

use crate::client::Scene;
use crate::disk::{Faults, Reboot};
use crate::finding::Checker;
use crate::stores::AnyStore;
use crate::world::World;
use floodway_broker::Broker;

/// So often the process may die while it starts.
const DEATHS_AT_START_MAX: u64 = 4;
/// Most starts; some more fail of a fault that was drawn before.
const STARTS_MAX: u64 = 2 * DEATHS_AT_START_MAX;

impl World {
    /// Starts the broker on what is there.
    pub(super) fn begin_life(&mut self) {
        for attempt in 0..=STARTS_MAX {
            let dies = self.plan.faults.in_recovery
                && attempt < DEATHS_AT_START_MAX
                && self.disk.lives() > 0
                && self.random.percent(40);
            if dies {
                let soon = self.disk.operations() + self.random.between(1, 12);
                self.disk.arm(Faults {
                    dies_at: Some(soon),
                    ..self.disk.faults()
                });
            }
            match self.open() {
                Ok(()) => return,
                Err(text) if self.disk.is_dead() => {
                    self.trace.note(format_args!("died while starting: {text}"));
                    self.bury();
                    let how = self.random.one_of([Reboot::Kill, Reboot::PowerLoss]);
                    self.reboot(how);
                }
                Err(text) if self.disk.has_failed() => {
                    self.trace
                        .note(format_args!("failed while starting: {text}"));
                    self.bury();
                    self.reboot(Reboot::PowerLoss);
                }
                Err(text) => {
                    return self.report(Checker::Recovery, text);
                }
            }
        }
        self.report(Checker::Recovery, "the broker did not start");
    }

    fn open(&mut self) -> Result<(), String> {
        let before = std::mem::take(&mut self.store);
        self.store = AnyStore::open(&self.plan.store, &self.disk, before)
            .map_err(|error| format!("the store was not opened: {error}"))?;
        if self.store.damaged_count() > 0 {
            let text = format!(
                "{} damaged records after a crash",
                self.store.damaged_count()
            );
            self.report(Checker::Recovery, text);
        }
        self.spool = AnyStore::open_spool(self.plan.spool.as_ref(), &self.spool_disk)
            .map_err(|error| format!("the spool was not opened: {error}"))?;
        // What was set while the broker ran ends with it.
        self.plan.settings = self.settings.clone();
        self.plan.changed.clear();
        self.loosest.clear();
        let broker = Broker::open(
            self.settings.clone(),
            self.store.as_store(),
            self.spool.as_store(),
            self.now,
        );
        let broker = broker.map_err(|error| format!("the broker was not opened: {error}"))?;
        self.broker = Some(broker);
        if self.disk.is_dead() {
            return Err("after it was opened".into());
        }
        self.trace.note(format_args!("life {}", self.disk.lives()));
        self.settle_in_doubt()
    }

    /// The process ends here and now.
    pub(super) fn die(&mut self, how: Reboot) {
        self.trace.note(format_args!("the process dies: {how:?}"));
        self.disk.stop();
        self.bury();
        self.ledger.end_life(false);
        self.next_life(how);
    }

    fn next_life(&mut self, how: Reboot) {
        self.ledger.temporaries.clear();
        self.again.clear();
        self.restart_in = None;
        self.reboot(how);
        self.recovered_bytes.clear();
        for id in 0..self.ledger.homes.len() {
            let Some(home) = self.ledger.homes.get(id) else {
                continue;
            };
            if self.plan.recovers_into_memory(&home.destination) {
                let bytes = self.ledger.charge_at(id);
                self.recovered_bytes.insert(id, bytes);
            }
        }
        self.begin_life();
    }

    fn reboot(&mut self, how: Reboot) {
        self.disk = self.disk.reboot(how);
        self.spool_disk = self.spool_disk.reboot(how);
    }

    /// Everything of the life that ended is dropped.
    pub(super) fn bury(&mut self) {
        self.disk.stop();
        self.spool_disk.stop();
        for client in std::mem::take(&mut self.clients).into_values() {
            client.drop_after_death(self.now);
        }
        if let Some(broker) = self.broker.take() {
            broker.close();
        }
        if matches!(self.store, AnyStore::Journal(_)) {
            self.store = AnyStore::None;
        }
        self.spool = AnyStore::None;
    }

    /// An orderly end: everything is written, whatever happens to the machine afterwards.
    pub(super) fn stop_cleanly(&mut self) {
        let slots: Vec<u64> = self.clients.keys().copied().collect();
        for slot in slots {
            self.disconnect(slot);
        }
        if let Some(broker) = &self.broker {
            broker.close();
        }
        let closed = match (&self.store, self.store.as_store()) {
            (AnyStore::Journal(_), Some(store)) => store.close(),
            _ => Ok(()),
        };
        let clean = match closed {
            Ok(()) => !self.disk.is_dead(),
            Err(error) => {
                self.trace.note(format_args!("closing failed: {error}"));
                let faults = self.disk.faults();
                let explained =
                    self.disk.is_dead() || self.disk.has_failed() || faults.space_bytes.is_some();
                if !explained {
                    self.report(
                        Checker::Recovery,
                        format!("the store was not closed: {error}"),
                    );
                }
                false
            }
        };
        self.disk.stop();
        self.bury();
        self.ledger.end_life(clean);
        self.next_life(Reboot::PowerLoss);
    }

    /// What is around a client.
    pub(super) fn scene(&mut self) -> Scene<'_> {
        Scene {
            plan: &self.plan,
            ledger: &mut self.ledger,
            random: &mut self.random,
            trace: &self.trace,
            now: self.now,
            store_failed: self.disk.has_failed(),
            failure_noticed: self.restart_in.is_some(),
        }
    }
}
