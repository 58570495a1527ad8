//! A configuration that was read again: its policies and limits take the place of the old ones.
//!
//! Destinations that exist get what can change under them; those that come later get all of it.
//! Invariant: the table is swapped before destinations are looked at, so that none that is made
//! meanwhile keeps the old entry. What a destination was built with (the cursor of a queue,
//! `prioritizedMessages`, what a topic recovers) stays until it is made anew.

use super::{OF_BROKER, OF_DESTINATION, Setting, list, look_again};
use crate::broker::Broker;
use crate::destination::Node;
use crate::policy::PolicyTable;
use crate::settings::{PolicyEntry, SystemUsage};
use crate::turn::Turn;
use floodway_message::{Destination, Now};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// What was set while the broker ran and is not in its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Where; `None` is the broker.
    pub target: Option<Destination>,
    /// Its value is that of the running broker, the one before that of the configuration.
    pub settings: Vec<Setting>,
}

/// A configuration that takes the place of the old one.
#[derive(Debug, Clone)]
pub struct Adoption {
    /// Policies.
    pub policies: Arc<PolicyTable>,
    /// Limits of the broker; `None` leaves them.
    pub usage: Option<SystemUsage>,
    /// What was set on destinations while the broker ran stays where the configuration did not
    /// change; `false` replaces it.
    pub keep_strays: bool,
}

impl Broker {
    /// The policies that destinations get when they are made.
    pub fn policy_table(&self) -> Arc<PolicyTable> {
        self.policies.table()
    }

    /// All destinations, by name.
    pub fn destinations(&self) -> Vec<Destination> {
        self.nodes.read().keys().cloned().collect()
    }

    /// The limits that apply now.
    pub fn limits(&self) -> SystemUsage {
        SystemUsage::clone(&self.usage.load())
    }

    /// What was set on destinations, and is not what the table of policies says.
    pub fn strays(&self) -> Vec<Stray> {
        let table = self.policies.table();
        let stray = |node: Node| {
            let base = table.of(node.destination());
            let live = node.live_policy().get();
            if Arc::ptr_eq(&live, base) {
                return None;
            }
            let settings = differing(&list(OF_DESTINATION, &**base), list(OF_DESTINATION, &live));
            (!settings.is_empty()).then(|| Stray {
                target: Some(node.destination().clone()),
                settings,
            })
        };
        self.all_nodes().into_iter().filter_map(stray).collect()
    }

    fn all_nodes(&self) -> Vec<Node> {
        self.nodes.read().values().cloned().collect()
    }

    /// Puts a configuration in the place of the old one. Waiting sends are looked at again.
    pub fn adopt(&self, adoption: &Adoption, now: Now) {
        let mut turn = Turn::new(self, now);
        let old = self.policies.table();
        self.policies.replace(Arc::clone(&adoption.policies));
        for node in self.all_nodes() {
            let name = node.destination();
            let (base, new) = (old.of(name), adoption.policies.of(name));
            let policy = node.live_policy();
            policy.exchange(|live| merged((live, base, new), adoption.keep_strays));
            let limit = policy.get().memory_limit_bytes;
            node.usage().set_limit_bytes(limit);
            look_again(&node, &mut turn);
        }
        if let Some(usage) = &adoption.usage {
            self.usage.store(Arc::new(usage.clone()));
            self.memory.set_limits(usage);
            if let Some(scheduler) = &self.scheduler {
                scheduler.set_limit_bytes(usage.job_scheduler_limit_bytes);
            }
        }
        self.signal.raise();
        turn.finish();
    }
}

/// The settings whose value is another one than that of `base`.
fn differing(base: &[Setting], live: Vec<Setting>) -> Vec<Setting> {
    let pairs = base.iter().zip(live);
    pairs
        .filter(|(base, live)| base.value != live.value)
        .map(|(base, live)| Setting {
            before: base.value.clone(),
            ..live
        })
        .collect()
}

/// The new entry as it can apply to a destination that exists.
fn merged(
    (live, base, new): (&PolicyEntry, &PolicyEntry, &Arc<PolicyEntry>),
    keep_strays: bool,
) -> Arc<PolicyEntry> {
    let same_build = live.pending_queue_policy == new.pending_queue_policy
        && live.prioritized_messages == new.prioritized_messages
        && live.subscription_recovery == new.subscription_recovery;
    let is_kept = |attribute: &super::Attribute<PolicyEntry>| {
        let (was, is) = ((attribute.get)(base), (attribute.get)(live));
        keep_strays && is != was && (attribute.get)(new) == was
    };
    let kept: Vec<_> = OF_DESTINATION.iter().filter(|one| is_kept(one)).collect();
    if same_build && kept.is_empty() {
        return Arc::clone(new);
    }
    let mut entry = PolicyEntry {
        pending_queue_policy: live.pending_queue_policy,
        prioritized_messages: live.prioritized_messages,
        subscription_recovery: live.subscription_recovery,
        ..PolicyEntry::clone(new)
    };
    for attribute in kept {
        (attribute.set)(&mut entry, (attribute.get)(live));
    }
    Arc::new(entry)
}

/// The limits that a configuration asks for now: those that it changed are `new`, the others as
/// before (`base`), or with `keep_strays` as they were set since (`live`).
pub fn wanted_usage(
    (base, live): (&SystemUsage, &SystemUsage),
    (new, is_changed): (&SystemUsage, impl Fn(&str) -> bool),
    keep_strays: bool,
) -> SystemUsage {
    let mut wanted = if keep_strays { live } else { base }.clone();
    for attribute in OF_BROKER.iter().filter(|one| is_changed(one.name)) {
        (attribute.set)(&mut wanted, (attribute.get)(new));
    }
    wanted
}
