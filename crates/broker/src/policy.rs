//! The policy table: the most specific matching entry applies to a destination, alone.

use crate::settings::{BrokerSettings, PolicyEntry};
use floodway_message::{Destination, wildcard};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// See the module.
pub(crate) struct Policies {
    entries: Vec<Arc<PolicyEntry>>,
    fallback: Arc<PolicyEntry>,
}

impl Policies {
    pub(crate) fn new(settings: &BrokerSettings) -> Self {
        let entries = settings.policies.iter().cloned().map(Arc::new).collect();
        Self {
            entries,
            fallback: Arc::new(settings.default_policy.clone()),
        }
    }

    /// The entry for a destination. Temporary destinations fall back to the default entry, not to
    /// the patterns of permanent ones.
    pub(crate) fn of(&self, destination: &Destination) -> Arc<PolicyEntry> {
        let name = destination.name();
        let applies = |entry: &&Arc<PolicyEntry>| {
            entry.kind == destination.kind() && wildcard::matches(&entry.pattern, name)
        };
        let specific = |entry: &&Arc<PolicyEntry>| wildcard::specificity(&entry.pattern);
        let found = self.entries.iter().filter(applies).max_by_key(specific);
        Arc::clone(found.unwrap_or(&self.fallback))
    }
}
