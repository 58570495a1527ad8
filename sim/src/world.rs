//! One run: a broker, its stores on simulated disks, clients, a clock, and a generator of chance
//! that decides what happens next. Everything is on one thread; nothing happens between steps.

use crate::client::{Client, Scene, add_home, dead_letters};
use crate::disk::{Faults, Reboot, SimDisk};
use crate::finding::{Checker, Violation};
use crate::ledger::{HomeId, Ledger, SendId, queue_home};
use crate::plan::Plan;
use crate::random::Random;
use crate::stores::AnyStore;
use crate::trace::Trace;
use floodway_broker::Broker;
use floodway_broker::settings::BrokerSettings;
use floodway_message::{Destination, Now};
use std::collections::BTreeMap;
use std::sync::Arc;

mod drain;
mod in_doubt;
mod life;
mod quiet;
mod setting;

/// Milliseconds since 1970 at which a run begins.
const WALL_START_MS: i64 = 1_700_000_000_000;

/// Something that goes wrong at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Misfortune {
    Die(Reboot),
    CleanStop,
    SyncFails,
    WriteFails,
    DiskFull,
    DiskFree,
    /// An operator sets something.
    Change,
}

/// See the module.
pub(crate) struct World {
    plan: Plan,
    random: Random,
    trace: Trace,
    ledger: Ledger,
    disk: Arc<SimDisk>,
    spool_disk: Arc<SimDisk>,
    store: AnyStore,
    spool: AnyStore,
    broker: Option<Arc<Broker>>,
    clients: BTreeMap<u64, Client>,
    connections: u64,
    now: Now,
    /// What each life begins with; the plan has what was set since.
    settings: BrokerSettings,
    /// The loosest memory limit that a destination has had in this life; 0 is none.
    loosest: BTreeMap<Destination, u64>,
    /// By step.
    misfortunes: BTreeMap<u64, Vec<Misfortune>>,
    /// How the life ends when the disk dies.
    death: Reboot,
    /// Steps left until somebody restarts a broker whose store has failed.
    restart_in: Option<u64>,
    /// Sends with a sequence that were not answered, to be sent again by their client.
    again: BTreeMap<u64, Vec<SendId>>,
    /// Bytes that may have come back into memory when the life began.
    recovered_bytes: BTreeMap<HomeId, u64>,
    /// Bytes of branches that were in doubt when the life began.
    in_doubt_bytes: u64,
}

/// How a run went.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Hash of everything that happened.
    pub trace_hash: u64,
    /// Broken promises; empty when all is well.
    pub violations: Vec<Violation>,
    /// What happened, if it was asked for.
    pub lines: Vec<String>,
    /// Steps taken.
    pub steps: u64,
    /// Messages sent.
    pub messages: u64,
    /// Lives of the broker.
    pub lives: u64,
    /// Changes made to the disk.
    pub disk_operations: u64,
}

impl World {
    pub(crate) fn new(seed: u64, trace: Trace) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::draw(&mut random);
        trace.note(format_args!("seed {seed}: {plan:?}"));
        let disk = SimDisk::new(random.fork(), trace.clone());
        let spool_disk = SimDisk::new(random.fork(), trace.clone());
        let mut ledger = Ledger::default();
        for queue in &plan.queues {
            let mut home = queue_home(queue, dead_letters(&plan, queue, None));
            home.stores = plan.stores();
            home.prioritized = plan.policy(queue).prioritized_messages;
            add_home(&mut ledger, home);
        }
        let misfortunes = draw_misfortunes(&plan, &mut random);
        let now = Now {
            monotonic_ms: 1000,
            wall_ms: WALL_START_MS,
        };
        ledger.set_wall(now.wall_ms);
        Self {
            settings: plan.settings.clone(),
            loosest: BTreeMap::new(),
            plan,
            random,
            trace,
            ledger,
            disk,
            spool_disk,
            store: AnyStore::None,
            spool: AnyStore::None,
            broker: None,
            clients: BTreeMap::new(),
            connections: 0,
            now,
            misfortunes,
            death: Reboot::PowerLoss,
            restart_in: None,
            again: BTreeMap::new(),
            recovered_bytes: BTreeMap::new(),
            in_doubt_bytes: 0,
        }
    }

    /// Runs to the end, or to the first violation.
    pub(crate) fn run(mut self) -> Outcome {
        self.begin_life();
        let mut step = 0;
        while step < self.plan.steps && !self.ledger.findings.any() {
            step += 1;
            self.set_step(step);
            self.step();
        }
        if !self.ledger.findings.any() {
            self.set_step(step + 1);
            self.drain();
        }
        self.outcome(step)
    }

    fn outcome(mut self, steps: u64) -> Outcome {
        let outcome = Outcome {
            trace_hash: self.trace.hash(),
            violations: std::mem::take(&mut self.ledger.findings.violations),
            lines: self.trace.take_lines(),
            steps,
            messages: self.ledger.sends.len() as u64,
            lives: self.disk.lives() + 1,
            disk_operations: self.disk.operations(),
        };
        self.bury();
        outcome
    }

    fn set_step(&mut self, step: u64) {
        self.ledger.findings.step = step;
        self.trace.set_step(step);
    }

    pub(crate) fn steps_done(&self) -> u64 {
        self.ledger.findings.step
    }

    fn step(&mut self) {
        let now = self.steps_done();
        for misfortune in self.misfortunes.remove(&now).unwrap_or_default() {
            self.strike(misfortune);
        }
        match self.random.below(100) {
            0..=39 => self.a_client_acts(),
            40..=64 => self.a_client_listens(),
            65..=74 => {
                self.store.commit_step();
            }
            75..=78 => {
                self.store.maintain_step();
            }
            79..=81 => {
                self.spool.commit_step();
                self.spool.maintain_step();
            }
            82..=89 => self.page_step(),
            90..=94 => self.let_time_pass(),
            95..=97 => self.connect_somebody(),
            98 => self.disconnect_somebody(),
            _ => self.be_quiet(),
        }
        self.check_limits();
        self.look_after_the_store();
    }

    fn page_step(&mut self) {
        let now = self.now;
        if let Some(broker) = &self.broker {
            broker.page_step(now);
        }
    }

    /// Calls something with a client and what is around it.
    fn with_client<T>(
        &mut self,
        slot: u64,
        act: impl FnOnce(&mut Client, &mut Scene<'_>) -> T,
    ) -> Option<T> {
        let store_failed = self.disk.has_failed();
        let client = self.clients.get_mut(&slot)?;
        let mut scene = Scene {
            plan: &self.plan,
            ledger: &mut self.ledger,
            random: &mut self.random,
            trace: &self.trace,
            now: self.now,
            store_failed,
            failure_noticed: self.restart_in.is_some(),
        };
        Some(act(client, &mut scene))
    }

    fn some_client(&mut self) -> Option<u64> {
        let slots: Vec<u64> = self.clients.keys().copied().collect();
        self.random.pick(&slots)
    }

    fn a_client_acts(&mut self) {
        match self.some_client() {
            Some(slot) => {
                self.with_client(slot, Client::act);
            }
            None => self.connect_somebody(),
        }
    }

    fn a_client_listens(&mut self) {
        if let Some(slot) = self.some_client() {
            self.with_client(slot, Client::take_events);
        }
    }

    /// Lets time pass: little, mostly.
    fn let_time_pass(&mut self) {
        let ms = match self.random.below(20) {
            0 => self.random.between(1000, 5000),
            1..=5 => self.random.between(100, 1000),
            _ => self.random.between(0, 100),
        };
        if self.plan.features.clock_jumps && self.random.percent(10) {
            let hours = self.random.one_of([-10_000, -1, 1, 3]);
            self.now.wall_ms += hours * 3_600_000;
        }
        self.pass(ms);
    }

    fn pass(&mut self, ms: u64) {
        self.now.monotonic_ms += ms;
        self.now.wall_ms += i64::try_from(ms).unwrap_or(0);
        self.ledger.set_wall(self.now.wall_ms);
        self.trace.note(format_args!("tick {:?}", self.now));
        if let Some(broker) = &self.broker {
            broker.tick(self.now);
        }
    }

    fn connect_somebody(&mut self) {
        let count = self.plan.clients_max as u64;
        let free: Vec<u64> = (0..count)
            .filter(|slot| !self.clients.contains_key(slot))
            .collect();
        if let Some(slot) = self.random.pick(&free) {
            self.connect(slot);
        }
    }

    fn connect(&mut self, slot: u64) {
        let Some(broker) = self.broker.clone() else {
            return;
        };
        self.connections += 1;
        // The first clients own the durable subscriptions.
        let client_id = match slot {
            0 | 1 => format!("d{slot}"),
            _ => format!("c{slot}"),
        };
        let ids = (slot, self.connections);
        let mut scene = self.scene();
        let client = Client::connect(&broker, ids, &client_id, &mut scene);
        self.clients.insert(slot, client);
        if let Some(again) = self.again.remove(&slot) {
            self.with_client(slot, |client, scene| client.send_again(&again, scene));
        }
    }

    fn disconnect_somebody(&mut self) {
        if let Some(slot) = self.some_client() {
            self.disconnect(slot);
        }
    }

    fn disconnect(&mut self, slot: u64) {
        let Some(client) = self.clients.remove(&slot) else {
            return;
        };
        let unanswered = client.close(&mut self.scene());
        self.settle_orphans();
        if self.plan.features.sequences {
            self.again.insert(slot, unanswered);
        }
    }

    fn strike(&mut self, misfortune: Misfortune) {
        self.trace.note(format_args!("misfortune {misfortune:?}"));
        let soon = self.disk.operations() + self.random.between(1, 30);
        let faults = self.disk.faults();
        match misfortune {
            Misfortune::Die(how) => {
                self.death = how;
                if self.random.percent(20) || !self.has_disk() {
                    self.die(how);
                } else {
                    self.disk.arm(Faults {
                        dies_at: Some(soon),
                        ..faults
                    });
                }
            }
            Misfortune::CleanStop => self.stop_cleanly(),
            Misfortune::SyncFails => self.disk.arm(Faults {
                sync_fails_at: Some(soon),
                ..faults
            }),
            Misfortune::WriteFails => self.disk.arm(Faults {
                write_fails_at: Some(soon),
                ..faults
            }),
            Misfortune::DiskFull => {
                let least = self.plan.disk_bytes_min();
                let space = self.disk.used_bytes().max(least) + self.random.below(10_000);
                self.disk.arm(Faults {
                    space_bytes: Some(space),
                    ..faults
                });
            }
            Misfortune::Change => self.change_something(),
            Misfortune::DiskFree => self.disk.arm(Faults {
                space_bytes: None,
                ..faults
            }),
        }
    }

    fn has_disk(&self) -> bool {
        matches!(self.store, AnyStore::Journal(_))
    }

    /// Notices that the process has died, or that its store has failed.
    fn look_after_the_store(&mut self) {
        if self.disk.is_dead() {
            let how = self.death;
            return self.die(how);
        }
        if !self.disk.has_failed() {
            return;
        }
        let left = match self.restart_in {
            None => {
                self.hear_everything();
                self.random.between(1, 40)
            }
            Some(left) => left - 1,
        };
        self.restart_in = Some(left);
        if left == 0 {
            let how = self.random.one_of([Reboot::Kill, Reboot::PowerLoss]);
            self.die(how);
        }
    }

    /// All clients take all events.
    fn hear_everything(&mut self) {
        let slots: Vec<u64> = self.clients.keys().copied().collect();
        for slot in slots {
            while self.with_client(slot, Client::take_events) == Some(true) {}
        }
    }

    fn report(&mut self, checker: Checker, text: impl Into<String>) {
        self.ledger.report(checker, text);
    }
}

fn draw_misfortunes(plan: &Plan, random: &mut Random) -> BTreeMap<u64, Vec<Misfortune>> {
    let faults = plan.faults;
    let mut all = Vec::new();
    for (count, misfortune) in [
        (faults.power_losses, Misfortune::Die(Reboot::PowerLoss)),
        (faults.kills, Misfortune::Die(Reboot::Kill)),
        (faults.clean_stops, Misfortune::CleanStop),
        (faults.failed_syncs, Misfortune::SyncFails),
        (faults.failed_writes, Misfortune::WriteFails),
    ] {
        for _ in 0..count {
            all.push((random.between(1, plan.steps), misfortune));
        }
    }
    // Drawn apart, so that runs without changes stay what they were.
    let mut changes = random.clone().fork();
    for _ in 0..changes.one_of([0, 0, 1, 4, 12]) {
        all.push((changes.between(1, plan.steps), Misfortune::Change));
    }
    if faults.full_disk {
        let from = random.between(1, plan.steps);
        all.push((from, Misfortune::DiskFull));
        if random.percent(70) {
            all.push((from + random.between(10, 200), Misfortune::DiskFree));
        }
    }
    let mut by_step: BTreeMap<u64, Vec<Misfortune>> = BTreeMap::new();
    for (step, misfortune) in all {
        by_step.entry(step).or_default().push(misfortune);
    }
    by_step
}
