//! An operator who changes limits and policies while the broker runs.
//!
//! The plan's settings are those that apply now; a life begins with the configured ones. What was
//! taken in under a looser limit may stay, so limits are checked against the loosest of a life.

use crate::finding::Checker;
use crate::world::World;
use floodway_broker::live::{change_entry, change_usage};
use floodway_message::Destination;

impl World {
    /// Sets one thing on a destination, or on the broker.
    pub(super) fn change_something(&mut self) {
        let Some(broker) = self.broker.clone() else {
            return;
        };
        let targets = self.plan.settings.destinations.clone();
        let at = self.random.index(targets.len() + 1);
        let target = targets.get(at);
        let (name, value) = match target {
            Some(_) => self.draw_policy(),
            None => self.draw_limit(),
        };
        let value = value.to_string();
        let asked = [(name, value.as_str())];
        self.trace
            .note(format_args!("set {target:?} {name}={value}"));
        if broker.set(target, &asked, self.now).is_err() {
            // The destination is gone, or has not come yet.
            return;
        }
        let noted = match target {
            Some(destination) => self.note_policy(destination, &asked),
            None => change_usage(&mut self.plan.settings.usage, &asked).is_ok(),
        };
        if !noted {
            let text = format!("the broker has taken {asked:?}, which its tables do not know");
            self.report(Checker::Refusal, text);
        }
    }

    fn draw_policy(&mut self) -> (&'static str, u64) {
        match self.random.below(5) {
            0 | 1 => (
                "memoryLimit",
                self.random.one_of([0, 4096, 16_384, 60_000, 1 << 20]),
            ),
            2 => ("maxPageSize", self.random.one_of([1, 2, 5, 20, 200])),
            3 => (
                "cursorMemoryHighWaterMark",
                self.random.one_of([30, 70, 100, 110]),
            ),
            _ => ("storeUsageHighWaterMark", self.random.one_of([70, 100])),
        }
    }

    fn draw_limit(&mut self) -> (&'static str, u64) {
        match self.random.below(3) {
            0 => (
                "memoryLimit",
                self.random.one_of([1 << 30, 200_000, 40_000]),
            ),
            1 => ("storeLimit", self.random.one_of([0, 400_000, 100_000])),
            _ => ("tempLimit", self.random.one_of([0, 100_000, 30_000])),
        }
    }

    /// Gives the destination a policy of its own, with the change.
    fn note_policy(&mut self, destination: &Destination, asked: &[(&str, &str)]) -> bool {
        let before = self.allowed_by_policy(destination);
        let loosest = self.loosest.get(destination).copied();
        let loosest = loosest.map_or(before, |known| looser(known, before));
        self.loosest.insert(destination.clone(), loosest);
        let mut entry = self.plan.policy(destination).clone();
        let noted = change_entry(&mut entry, asked).is_ok();
        self.plan.changed.insert(destination.clone(), entry);
        noted
    }

    /// What the destination's own limit allows now; 0 is everything.
    fn allowed_by_policy(&self, destination: &Destination) -> u64 {
        let policy = self.plan.policy(destination);
        // A mark above 100 % is a greater limit.
        let mark = u64::from(policy.cursor_memory_high_water_mark.max(100));
        policy.memory_limit_bytes * mark / 100
    }

    /// What its own limits have allowed at most in this life; 0 is everything.
    pub(super) fn allowed(&self, destination: &Destination) -> u64 {
        let now = self.allowed_by_policy(destination);
        let known = self.loosest.get(destination).copied();
        known.map_or(now, |known| looser(known, now))
    }
}

/// The looser of two limits, of which 0 is none.
fn looser(one: u64, other: u64) -> u64 {
    if one == 0 || other == 0 {
        0
    } else {
        one.max(other)
    }
}
