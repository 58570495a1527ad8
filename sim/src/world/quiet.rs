//! Quiet moments: everything that can go on by itself has gone on, so whatever still waits must
//! have a reason. Also the limits, which are looked at after every step.

use crate::client::{Client, Consumer};
use crate::finding::Checker;
use crate::ledger::places::Places;
use crate::ledger::{Copy, HomeId, HomeKind};
use crate::plan::Plan;
use crate::stores::AnyStore;
use crate::world::World;
use floodway_broker::settings::Cursor;
use floodway_broker::view::{BrokerView, DestinationView, MessagesView};
use floodway_message::Destination;
use floodway_store::StoreUsage;

/// So many rounds are enough for anything to come to rest.
const ROUNDS_MAX: u64 = 3000;

/// Pages that are read at once while nothing can be written.
const PAGES_MAX: usize = 100;

impl World {
    /// A moment without new commands, with all checks that it allows.
    pub(super) fn be_quiet(&mut self) {
        if self.settle() {
            self.check_quiet();
        }
    }

    /// Lets everything go on that can. `false` if the process died meanwhile.
    pub(super) fn settle(&mut self) -> bool {
        let mut rested = false;
        for _ in 0..ROUNDS_MAX {
            if self.disk.is_dead() || self.disk.has_failed() || self.ledger.findings.any() {
                return false;
            }
            if self.go_on() {
                rested = false;
            } else if rested {
                return true;
            } else {
                rested = true;
                self.pass(1);
            }
            self.check_limits();
        }
        self.report(Checker::Stuck, "the broker does not come to rest");
        false
    }

    fn go_on(&mut self) -> bool {
        let mut any = self.store.commit_step() | self.spool.commit_step();
        any |= self.store.maintain_step() | self.spool.maintain_step();
        if let Some(broker) = self.broker.clone() {
            // While a full disk keeps messages from being written, pages of them are asked for
            // again and again; that is no progress.
            let stalled = is_congested(&self.store) || is_congested(&self.spool);
            let mut steps = if stalled { PAGES_MAX } else { 1 };
            while steps > 0 && broker.page_step(self.now) {
                steps -= 1;
                any |= !stalled;
            }
        }
        if self.disk.is_dead() {
            // Whatever is said now, nobody hears it.
            return false;
        }
        let slots: Vec<u64> = self.clients.keys().copied().collect();
        for slot in slots {
            any |= self.with_client(slot, Client::take_events) == Some(true);
        }
        any
    }

    fn check_quiet(&mut self) {
        let Some(broker) = self.broker.clone() else {
            return;
        };
        let view = broker.view();
        self.check_answers();
        self.check_pauses(&view);
        self.note_silent_sends();
        self.ledger.rest();
        for destination in &view.destinations {
            if let Some(home) = self.ledger.queue(&destination.destination) {
                let full = self.is_full(&view, &destination.destination);
                self.check_messages(home, destination.messages, full);
            }
        }
        for durable in &view.durables {
            let is_it = |home: &HomeKind| {
                matches!(home, HomeKind::Durable(client, name)
                    if *client == durable.client_id && *name == durable.name)
            };
            let found = self.ledger.homes.iter().position(|home| is_it(&home.kind));
            match found {
                Some(home) => {
                    let full = self.is_full(&view, &durable.destination);
                    self.check_messages(home, durable.messages, full);
                }
                None => self.report(Checker::Count, format!("{durable:?} was never made")),
            }
        }
    }

    fn check_answers(&mut self) {
        if self.disk.faults().space_bytes.is_some() {
            return;
        }
        let mut texts = Vec::new();
        for client in self.clients.values() {
            for op in client.unanswered() {
                texts.push(format!("connection {}: {op}", client.connection));
            }
            if client.waits_for_nothing() {
                let text = "its reader was not woken when it could go on";
                texts.push(format!("connection {}: {text}", client.connection));
            }
        }
        for text in texts {
            self.report(Checker::Reply, format!("no answer: {text}"));
        }
    }

    /// Whoever waits must wait for something that is full.
    fn check_pauses(&mut self, view: &BrokerView) {
        let parked: usize = view.destinations.iter().map(|one| one.parked).sum();
        let parked = parked + self.parked_jobs();
        for client in self.clients.values() {
            if parked == 0 && !client.paused.is_empty() {
                let text = format!(
                    "connection {}: {:?} are paused, but nothing waits",
                    client.connection, client.paused
                );
                self.ledger.report(Checker::Pause, text);
            }
        }
        let limits = &self.plan.settings.usage;
        let store = usage(&self.store);
        let mark = view
            .destinations
            .iter()
            .map(|one| {
                self.plan
                    .policy(&one.destination)
                    .store_usage_high_water_mark
            })
            .min()
            .map_or(100, u64::from);
        let store_limit = u128::from(limits.store_limit_bytes) * u128::from(mark) / 100;
        let spool = usage(&self.spool);
        let full = |used: u64, limit: u64| limit > 0 && used >= limit;
        let elsewhere = full(view.memory_used_bytes, view.memory_limit_bytes)
            || full(store.used_bytes, u64::try_from(store_limit).unwrap_or(0))
            || full(spool.used_bytes, limits.temp_limit_bytes)
            || store.refuses_adds
            || spool.refuses_adds
            || is_congested(&self.store)
            || is_congested(&self.spool);
        if elsewhere {
            return;
        }
        let any_full = view
            .destinations
            .iter()
            .any(|one| full(one.memory_used_bytes, one.memory_limit_bytes));
        for one in view.destinations.iter().filter(|one| one.parked > 0) {
            // A commit waits at one destination for the room of another.
            if !any_full {
                self.report(
                    Checker::Pause,
                    format!("sends wait though there is room: {one:?}"),
                );
            }
        }
    }

    /// What was not refused by now was accepted.
    fn note_silent_sends(&mut self) {
        for client in self.clients.values_mut() {
            if client.paused.is_empty() {
                for send in std::mem::take(&mut client.silent_sends) {
                    self.ledger.send_settled(send);
                }
            }
        }
    }

    /// Messages that are scheduled.
    pub(super) fn jobs(&self) -> u64 {
        let broker = self.broker.as_ref();
        let scheduler = broker.and_then(|broker| broker.scheduler());
        scheduler.map_or(0, |view| view.jobs as u64)
    }

    /// Sends that wait for room in the scheduler.
    pub(super) fn parked_jobs(&self) -> usize {
        let Some(broker) = self
            .broker
            .as_ref()
            .filter(|_| self.plan.features.scheduled)
        else {
            return 0;
        };
        let blocked = broker.blocked(self.now);
        let is_scheduler = |name: &str| name.starts_with("ActiveMQ.Scheduler");
        let at_scheduler = blocked
            .iter()
            .filter(|one| is_scheduler(one.destination.name()));
        at_scheduler.map(|one| one.sends).sum()
    }

    /// Has a destination no room to read messages from disk?
    fn is_full(&self, view: &BrokerView, destination: &Destination) -> bool {
        let percent = u64::from(self.plan.policy(destination).cursor_memory_high_water_mark);
        let found = view
            .destinations
            .iter()
            .find(|one| one.destination == *destination);
        let own = found.is_none_or(|one| {
            let (used, limit) = (one.memory_used_bytes, one.memory_limit_bytes);
            limit > 0 && used * 100 >= limit * percent.min(100)
        });
        own || (view.memory_limit_bytes > 0
            && view.memory_used_bytes * 100 >= view.memory_limit_bytes * percent.min(100))
    }

    fn check_messages(&mut self, home: HomeId, messages: MessagesView, full: bool) {
        let content = self.ledger.content(home);
        let counted = messages.pending + messages.in_flight as u64;
        // What is scheduled counts as there from the beginning.
        let jobs = self.jobs();
        let name = self.ledger.homes.get(home).map(ToString::to_string);
        let name = name.unwrap_or_default();
        if counted + jobs < content.least || counted > content.most {
            let sure = self.ledger.surely_at(home).join("; ");
            let text =
                format!("{name} holds {counted} messages ({messages:?}), not {content:?}: {sure}");
            self.report(Checker::Count, text);
        }
        // What is in flight may take all the room; somebody must have it.
        let may_wait = full && messages.in_flight > 0;
        if messages.pending > 0
            && jobs == 0
            && !may_wait
            && let Some(text) = self.is_stuck(home)
        {
            let text = format!("{name} ({messages:?}): {text}");
            self.report(Checker::Stuck, text);
        }
    }

    /// A message that somebody with room wants.
    fn is_stuck(&self, home: HomeId) -> Option<String> {
        let destination = &self.ledger.homes.get(home)?.destination;
        let policy = self.plan.policy(destination);
        if policy.time_before_dispatch_starts_ms > 0 || policy.consumers_before_dispatch_starts > 0
        {
            return None;
        }
        let consumers: Vec<&Consumer> = self
            .clients
            .values()
            .flat_map(|client| client.consumers.values())
            .filter(|consumer| !consumer.browser && consumer.homes.contains(&home))
            .collect();
        let features = self.plan.features;
        let plain = !features.groups && !features.exclusive && !features.selectors;
        let ready = if plain {
            consumers.iter().any(|consumer| consumer.has_room())
        } else {
            !consumers.is_empty() && consumers.iter().all(|consumer| consumer.has_room())
        };
        if !ready || (features.exclusive && features.selectors) {
            return None;
        }
        let wanted = |copy: &Copy| {
            let k = self.ledger.sends.get(copy.send).map_or(0, |send| send.k);
            consumers
                .iter()
                .any(|consumer| consumer.selector.is_none_or(|value| value == k))
        };
        let waiting = self.ledger.copies.iter().enumerate().find(|(_, copy)| {
            let place = if copy.home == home {
                Places::HOME
            } else if self.ledger.is_dead_letter_home(copy, home) {
                Places::DEAD
            } else {
                return false;
            };
            let free = copy.holder.is_none() && copy.tx_ack.is_none();
            free && self.ledger.places(copy, copy.now).is_only(place) && wanted(copy)
        });
        waiting.map(|(id, _)| format!("not dispatched: {}", self.ledger.describe(id)))
    }

    /// No limit is exceeded by more than one message, transaction, or page.
    pub(super) fn check_limits(&mut self) {
        let Some(broker) = &self.broker else { return };
        let view = broker.view();
        for one in &view.destinations {
            let limit = self.allowed(&one.destination);
            if limit == 0 || one.memory_used_bytes < limit || self.is_unlimited(&one.destination) {
                continue;
            }
            let allowed = limit + self.overshoot(one);
            if one.memory_used_bytes > allowed {
                let text = format!("memory over {allowed} bytes: {one:?}");
                self.report(Checker::Limit, text);
            }
        }
    }

    fn is_unlimited(&self, destination: &Destination) -> bool {
        let policy = self.plan.policy(destination);
        !policy.producer_flow_control || destination.name().contains("DLQ")
    }

    fn overshoot(&self, one: &DestinationView) -> u64 {
        let homes = self.ledger.homes.iter().enumerate();
        let homes: Vec<HomeId> = homes
            .filter(|(_, home)| home.takes(&one.destination, home.selector.unwrap_or(0)))
            .map(|(id, _)| id)
            .collect();
        let recovered: u64 = homes
            .iter()
            .map(|home| self.recovered_bytes.get(home).copied().unwrap_or(0))
            .sum();
        // A queue or subscription without anything in memory may read one message of each kind,
        // so that no hog starves it.
        let read = 2 * homes.len() as u64 * self.ledger.charge_max();
        // What waiting commits will free counts as free for what waits before them.
        let promised: u64 = homes
            .iter()
            .map(|home| self.ledger.promised_at(*home))
            .sum();
        // A branch that was prepared when there was room is committed when there is none.
        let branches = if self.plan.features.two_phases {
            self.ledger.tx_charge_max() * self.plan.clients_max as u64 + self.in_doubt_bytes
        } else {
            0
        };
        let largest = self.ledger.charge_max().max(self.ledger.tx_charge_max());
        largest + read + recovered + promised + branches
    }
}

fn usage(store: &AnyStore) -> StoreUsage {
    store
        .as_store()
        .map(|store| store.usage())
        .unwrap_or_default()
}

fn is_congested(store: &AnyStore) -> bool {
    store.as_store().is_some_and(|store| store.is_congested())
}

impl Plan {
    /// Bytes that messages recovered from disk may take whatever the limits: those of queues
    /// that are kept in memory.
    pub(crate) fn recovers_into_memory(&self, destination: &Destination) -> bool {
        let policy = self.policy(destination);
        let cursor = if destination.kind().is_queue() {
            policy.pending_queue_policy
        } else {
            policy.pending_durable_subscriber_policy
        };
        cursor == Cursor::Memory
    }
}
