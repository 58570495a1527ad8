//! What the parts of a broker make of each other: limits that another one hides, and settings
//! that wait for another one.

use floodway_broker::settings::{BrokerSettings, PolicyEntry};
use floodway_message::wildcard;
use roxmltree::Node;

use crate::reader::{Place, Reader, children, name};
use crate::report::{Disposition, Severity};
use crate::usage::UsagePlaces;
use crate::value::size_text;

#[cfg(test)]
mod tests;

/// Tells what has no effect together.
pub(crate) fn check(
    reader: &mut Reader<'_, '_, '_>,
    node: Node<'_, '_>,
    broker: &BrokerSettings,
    places: &UsagePlaces,
) {
    let own = reader.place(node);
    if !broker.persistent {
        for (place, what) in [(&places.store, "storeUsage"), (&places.temp, "tempUsage")] {
            if let Some(place) = place {
                let words = format!(
                    "{what} has no effect with persistent=\"false\": all messages stay in memory, \
                     and the memory limit holds producers back"
                );
                tell(reader, place, (words, "remove it"));
            }
        }
        let marks = |entry: &&PolicyEntry| entry.store_usage_high_water_mark < 100;
        if let Some(entry) = broker.policies.iter().find(marks) {
            let words = format!(
                "storeUsageHighWaterMark of {}{} has no effect with persistent=\"false\"",
                entry.kind.scheme(),
                entry.pattern
            );
            tell(reader, &own, (words, "remove it"));
        }
    }
    check_sum(reader, &own, broker);
    let collects = |entry: &PolicyEntry| entry.gc_inactive_destinations;
    if broker.destination_purge_period_ms > 0
        && !broker.policies.iter().any(collects)
        && !collects(&broker.default_policy)
    {
        let words = "schedulePeriodForDestinationPurge has no effect: no policyEntry has \
                     gcInactiveDestinations=\"true\"";
        tell(reader, &own, (words, "add it, or remove the period"));
    }
    let limits_jobs = node
        .descendants()
        .any(|inner| name(inner) == "jobSchedulerUsage" && children(inner).next().is_none());
    if limits_jobs && !broker.scheduler.support {
        let words = "jobSchedulerUsage has no effect without schedulerSupport=\"true\"";
        tell(reader, &own, (words, "remove it"));
    }
}

/// Limits of single destinations that cannot all be reached.
fn check_sum(reader: &mut Reader<'_, '_, '_>, own: &Place, broker: &BrokerSettings) {
    let all = broker.usage.memory_limit_bytes;
    let single = |entry: &&PolicyEntry| {
        entry.memory_limit_bytes > 0
            && entry.memory_limit_bytes < all
            && !wildcard::is_pattern(&entry.pattern)
    };
    let limits: Vec<u64> = broker
        .policies
        .iter()
        .filter(single)
        .map(|entry| entry.memory_limit_bytes)
        .collect();
    let sum = limits
        .iter()
        .fold(0_u64, |sum, one| sum.saturating_add(*one));
    if all > 0 && sum > all {
        let words = format!(
            "the memoryLimits of {} single destinations are {} together, more than the broker's \
             {}: that one is met first when they are all full",
            limits.len(),
            size_text(sum),
            size_text(all)
        );
        tell(
            reader,
            own,
            (words, "raise the broker's memoryUsage, or lower them"),
        );
    }
}

fn tell(reader: &mut Reader<'_, '_, '_>, place: &Place, words: (impl Into<String>, &'static str)) {
    reader.tell(place, Disposition::Used, Severity::Info, words);
}
