//! `destinationPolicy`: the table of policy entries.
//!
//! Each entry becomes one [`PolicyEntry`] per destination pattern it names. Sizes are bytes, times
//! milliseconds, as in ActiveMQ. Parts of an entry that are elements are read in [`strategy`].

use floodway_broker::settings::{AdvisoryPolicy, PolicyEntry};
use floodway_message::DestinationKind;
use floodway_message::destination::NAME_BYTES_MAX;
use roxmltree::Node;

use crate::reader::{Place, Reader, children, is_core, name};
use crate::value::quoted;

mod effect;
mod strategy;
#[cfg(test)]
mod tests;

/// Most policy entries of a broker.
const ENTRIES_MAX: usize = 10_000;

/// What the file says about destinations.
pub(crate) struct Policies {
    /// All entries; for each its place in the file.
    pub(crate) entries: Vec<(PolicyEntry, Place)>,
    /// For destinations that no entry matches.
    pub(crate) default: Option<PolicyEntry>,
}

/// Reads the policy map of a broker.
pub(crate) fn read<'d, 'i>(reader: &mut Reader<'d, 'i, '_>, broker: Node<'d, 'i>) -> Policies {
    let mut policies = Policies {
        entries: Vec::new(),
        default: None,
    };
    let Some(property) = reader.property(broker, "destinationPolicy") else {
        return policies;
    };
    let Some(map) = reader.property(property, "policyMap") else {
        return policies;
    };
    if let Some(default) = reader.property(map, "defaultEntry")
        && let Some(node) = reader.property(default, "policyEntry")
    {
        let mut entry = PolicyEntry::new(DestinationKind::Queue, ">");
        read_entry(reader, node, &mut entry);
        policies.default = Some(entry);
    }
    let Some(list) = reader.property(map, "policyEntries") else {
        return policies;
    };
    let nodes = children(list).filter(|node| is_core(*node) && name(*node) == "policyEntry");
    for node in nodes {
        reader.take(node);
        let place = reader.place(node);
        let patterns = destinations(reader, node);
        if patterns.is_empty() {
            reader.refuse(
                &place,
                (
                    "names no destination",
                    "write queue=\">\" or topic=\">\", or a narrower pattern such as \"ORDERS.>\"",
                ),
            );
            continue;
        }
        let mut entry = PolicyEntry::new(DestinationKind::Queue, ">");
        entry.line = place.line;
        if let Some((kind, _)) = patterns.first() {
            entry.kind = *kind;
        }
        read_entry(reader, node, &mut entry);
        for (kind, pattern) in patterns {
            if policies.entries.len() >= ENTRIES_MAX {
                let message = format!("there are more than {ENTRIES_MAX} policy entries");
                reader.refuse(&place, (message, "use patterns with * and >"));
                return policies;
            }
            let entry = PolicyEntry {
                kind,
                pattern,
                ..entry.clone()
            };
            policies.entries.push((entry, place.clone()));
        }
    }
    policies
}

/// The destination patterns that an element names by its attributes or by an element inside.
pub(crate) fn destinations<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
) -> Vec<(DestinationKind, String)> {
    let mut found = Vec::new();
    for (attribute, kind) in [
        ("queue", DestinationKind::Queue),
        ("topic", DestinationKind::Topic),
        ("tempQueue", DestinationKind::TempQueue),
        ("tempTopic", DestinationKind::TempTopic),
    ] {
        let Some(value) = reader.value(node, attribute) else {
            continue;
        };
        let text = match value.text.trim() {
            // In ActiveMQ these two are truth values.
            "true" if kind.is_temporary() => ">",
            "false" if kind.is_temporary() => continue,
            text => text,
        };
        add_patterns(reader, (kind, text), &value.place, &mut found);
    }
    if let Some(property) = reader.property(node, "destination")
        && let Some(inner) = reader.inside(property)
    {
        let kind = match name(inner) {
            "queue" => DestinationKind::Queue,
            "topic" => DestinationKind::Topic,
            "tempQueue" => DestinationKind::TempQueue,
            "tempTopic" => DestinationKind::TempTopic,
            _ => return found,
        };
        reader.take(inner);
        if let Some(value) = reader.value(inner, "physicalName") {
            add_patterns(reader, (kind, &value.text), &value.place, &mut found);
        }
    }
    found
}

fn add_patterns(
    reader: &mut Reader<'_, '_, '_>,
    (kind, text): (DestinationKind, &str),
    place: &Place,
    found: &mut Vec<(DestinationKind, String)>,
) {
    for part in text.split(',') {
        let part = part.trim();
        let (kind, part) = [DestinationKind::Queue, DestinationKind::Topic]
            .into_iter()
            .find_map(|kind| Some((kind, part.strip_prefix(kind.scheme())?)))
            .unwrap_or((kind, part));
        if part.is_empty() || part.len() > NAME_BYTES_MAX {
            let message = format!(
                "\"{}\" is not a destination: a name has 1 to {NAME_BYTES_MAX} bytes",
                quoted(part)
            );
            reader.refuse(
                place,
                (message, "write a name or a pattern such as \"ORDERS.>\""),
            );
        } else {
            found.push((kind, part.into()));
        }
    }
}

fn read_entry<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
    entry: &mut PolicyEntry,
) {
    read_limits(reader, node, entry);
    read_dispatch(reader, node, entry);
    read_expiry(reader, node, entry);
    read_advisories(reader, node, &mut entry.advisories);
    strategy::read_cursors(reader, node, entry);
    strategy::read_pending_limit(reader, node, entry);
    strategy::read_eviction(reader, node, entry);
    strategy::read_slow_consumers(reader, node, entry);
    strategy::read_dead_letters(reader, node, entry);
    strategy::read_recovery(reader, node, entry);
    effect::check(reader, node, entry);
}

/// Memory, paging and flow control.
fn read_limits(reader: &mut Reader<'_, '_, '_>, node: Node<'_, '_>, entry: &mut PolicyEntry) {
    reader.set_size(node, "memoryLimit", &mut entry.memory_limit_bytes);
    reader.set_truth(
        node,
        "producerFlowControl",
        &mut entry.producer_flow_control,
    );
    if let Some(fail) = reader.truth(node, "sendFailIfNoSpace") {
        entry.send_fail_if_no_space = Some(fail);
    }
    let timeout = reader.number(node, "sendFailIfNoSpaceAfterTimeout", (-1, i64::MAX));
    // -1 is ActiveMQ's way of saying: as the broker.
    entry.send_fail_after_timeout_ms = timeout.and_then(|ms| u64::try_from(ms).ok());
    if let Some(ms) = reader.number(node, "blockedProducerWarningInterval", (-1, i64::MAX)) {
        entry.blocked_producer_warning_interval_ms = u64::try_from(ms).unwrap_or(0);
    }
    for (attribute, target) in [
        (
            "storeUsageHighWaterMark",
            &mut entry.store_usage_high_water_mark,
        ),
        (
            "cursorMemoryHighWaterMark",
            &mut entry.cursor_memory_high_water_mark,
        ),
        ("queuePrefetch", &mut entry.queue_prefetch),
        ("queueBrowserPrefetch", &mut entry.queue_browser_prefetch),
        ("topicPrefetch", &mut entry.topic_prefetch),
        ("durableTopicPrefetch", &mut entry.durable_topic_prefetch),
    ] {
        reader.set_number(node, attribute, target);
    }
    reader.set_size(node, "minimumMessageSize", &mut entry.minimum_message_size);
    reader.set_number(node, "maxPageSize", &mut entry.page_size_max);
    reader.set_number(node, "maxBrowsePageSize", &mut entry.browse_page_size_max);
    reader.set_truth(node, "useCache", &mut entry.use_cache);
}

/// Who gets a message, and when.
fn read_dispatch(reader: &mut Reader<'_, '_, '_>, node: Node<'_, '_>, entry: &mut PolicyEntry) {
    for (attribute, target) in [
        ("strictOrderDispatch", &mut entry.strict_order_dispatch),
        ("useConsumerPriority", &mut entry.use_consumer_priority),
        (
            "allConsumersExclusiveByDefault",
            &mut entry.all_consumers_exclusive_by_default,
        ),
        ("prioritizedMessages", &mut entry.prioritized_messages),
        ("enableAudit", &mut entry.enable_audit),
    ] {
        reader.set_truth(node, attribute, target);
    }
    let before = &mut entry.time_before_dispatch_starts_ms;
    reader.set_number(node, "timeBeforeDispatchStarts", before);
    let consumers = &mut entry.consumers_before_dispatch_starts;
    reader.set_number(node, "consumersBeforeDispatchStarts", consumers);
}

/// When messages and destinations go.
fn read_expiry(reader: &mut Reader<'_, '_, '_>, node: Node<'_, '_>, entry: &mut PolicyEntry) {
    reader.set_number(
        node,
        "expireMessagesPeriod",
        &mut entry.expire_messages_period_ms,
    );
    reader.set_truth(
        node,
        "gcInactiveDestinations",
        &mut entry.gc_inactive_destinations,
    );
    // The first spelling is ActiveMQ's own from its early days, and it still takes it.
    for attribute in ["inactiveTimoutBeforeGC", "inactiveTimeoutBeforeGC"] {
        reader.set_number(node, attribute, &mut entry.inactive_timeout_before_gc_ms);
    }
}

/// What is told of what happens.
fn read_advisories(
    reader: &mut Reader<'_, '_, '_>,
    node: Node<'_, '_>,
    advisories: &mut AdvisoryPolicy,
) {
    for (attribute, target) in [
        ("advisoryForConsumed", &mut advisories.consumed),
        ("advisoryForDelivery", &mut advisories.delivered),
        ("advisoryForDispatched", &mut advisories.dispatched),
        ("advisoryForDiscardingMessages", &mut advisories.discarded),
        ("advisoryForSlowConsumers", &mut advisories.slow_consumers),
        ("advisoryForFastProducers", &mut advisories.fast_producers),
        ("advisoryWhenFull", &mut advisories.when_full),
        ("sendAdvisoryIfNoConsumers", &mut advisories.no_consumers),
        ("includeBodyForAdvisory", &mut advisories.with_body),
    ] {
        reader.set_truth(node, attribute, target);
    }
}
