//! The policy table: the most specific matching entry applies to a destination, alone.

use crate::settings::{BrokerSettings, PolicyEntry};
use arc_swap::{ArcSwap, Guard};
use floodway_message::{Destination, wildcard};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// A policy entry as it applies to one destination. It is read on the way of each message, and
/// changed while the broker runs (see `live`).
#[derive(Debug)]
pub(crate) struct LivePolicy(ArcSwap<PolicyEntry>);

impl LivePolicy {
    pub(crate) fn new(entry: Arc<PolicyEntry>) -> Arc<Self> {
        Arc::new(Self(ArcSwap::new(entry)))
    }

    #[inline]
    pub(crate) fn get(&self) -> Guard<Arc<PolicyEntry>> {
        self.0.load()
    }

    /// Replaces the entry by what `change` makes of it.
    pub(crate) fn exchange(&self, change: impl Fn(&PolicyEntry) -> Arc<PolicyEntry>) {
        self.0.rcu(|entry| change(entry));
    }

    /// Replaces the entry by a changed copy; returns what `change` does at last.
    pub(crate) fn change<T: Default>(&self, change: impl Fn(&mut PolicyEntry) -> T) -> T {
        let mut result = T::default();
        self.0.rcu(|entry| {
            let mut entry = PolicyEntry::clone(entry);
            result = change(&mut entry);
            Arc::new(entry)
        });
        result
    }
}

/// The entries of a configuration, and the one for all other destinations.
#[derive(Debug, Clone)]
pub struct PolicyTable {
    entries: Vec<Arc<PolicyEntry>>,
    fallback: Arc<PolicyEntry>,
}

impl PolicyTable {
    /// The table of a configuration.
    pub fn new(settings: &BrokerSettings) -> Self {
        let entries = settings.policies.iter().cloned().map(Arc::new).collect();
        Self {
            entries,
            fallback: Arc::new(settings.default_policy.clone()),
        }
    }

    /// The entry for a destination. Temporary destinations fall back to the default entry, not to
    /// the patterns of permanent ones.
    pub fn of(&self, destination: &Destination) -> &Arc<PolicyEntry> {
        let name = destination.name();
        let applies = |entry: &&Arc<PolicyEntry>| {
            entry.kind == destination.kind() && wildcard::matches(&entry.pattern, name)
        };
        let specific = |entry: &&Arc<PolicyEntry>| wildcard::specificity(&entry.pattern);
        let found = self.entries.iter().filter(applies).max_by_key(specific);
        found.unwrap_or(&self.fallback)
    }
}

/// The table that applies to destinations when they are made; replaced when the configuration is
/// read again.
pub(crate) struct Policies(ArcSwap<PolicyTable>);

impl Policies {
    pub(crate) fn new(settings: &BrokerSettings) -> Self {
        Self(ArcSwap::from_pointee(PolicyTable::new(settings)))
    }

    pub(crate) fn of(&self, destination: &Destination) -> Arc<PolicyEntry> {
        Arc::clone(self.0.load().of(destination))
    }

    pub(crate) fn table(&self) -> Arc<PolicyTable> {
        self.0.load_full()
    }

    pub(crate) fn replace(&self, table: Arc<PolicyTable>) {
        self.0.store(table);
    }
}
