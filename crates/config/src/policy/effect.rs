//! What an entry says without effect: because of what it is for, or because of something else
//! that it says.
//!
//! Contradictions are warnings, what is merely idle is information.

use floodway_broker::settings::{Cursor, PendingMessageLimit, PolicyEntry};
use roxmltree::Node;

use crate::reader::{Reader, children, name};
use crate::report::{Disposition, Severity};
use crate::value::size_text;

#[cfg(test)]
mod tests;

/// Attributes and elements that mean something for queues only.
const OF_QUEUES: &[&str] = &[
    "queuePrefetch",
    "queueBrowserPrefetch",
    "maxBrowsePageSize",
    "allConsumersExclusiveByDefault",
    "pendingQueuePolicy",
];
/// And for topics only.
const OF_TOPICS: &[&str] = &[
    "topicPrefetch",
    "durableTopicPrefetch",
    "alwaysRetroactive",
    "pendingSubscriberPolicy",
    "pendingDurableSubscriberPolicy",
    "subscriptionRecoveryPolicy",
];
/// These lose messages in ActiveMQ, so that somebody may count on them.
const OF_TOPICS_LOUD: &[&str] = &["pendingMessageLimitStrategy", "messageEvictionStrategy"];

/// Tells about all of it.
pub(super) fn check(reader: &mut Reader<'_, '_, '_>, node: Node<'_, '_>, entry: &PolicyEntry) {
    check_waiting(reader, node, entry);
    check_kind(reader, node, entry);
    check_idle(reader, node, entry);
}

fn says(node: Node<'_, '_>, what: &str) -> bool {
    node.has_attribute(what) || children(node).any(|child| name(child) == what)
}

/// What happens to a send without room.
fn check_waiting(reader: &mut Reader<'_, '_, '_>, node: Node<'_, '_>, entry: &PolicyEntry) {
    let place = reader.place(node);
    let waits = entry.send_fail_after_timeout_ms.is_some_and(|ms| ms > 0);
    let fails = entry.send_fail_if_no_space == Some(true);
    if fails && waits {
        let words = "sendFailIfNoSpace refuses at once, so that sendFailIfNoSpaceAfterTimeout \
                     never counts";
        reader.warn(&place, (words, "keep the one that is meant"));
    }
    if !entry.producer_flow_control && (fails || waits) {
        let setting = if fails {
            "sendFailIfNoSpace"
        } else {
            "sendFailIfNoSpaceAfterTimeout"
        };
        let words = format!(
            "producerFlowControl=\"false\" switches the memory limit off, so that {setting} only \
             counts for a full disk"
        );
        reader.warn(&place, (words, "leave producerFlowControl out"));
    }
    let (limit, least) = (entry.memory_limit_bytes, entry.minimum_message_size);
    if limit > 0 && least >= limit {
        let words = format!(
            "minimumMessageSize {} fills the memoryLimit {} with a single message",
            size_text(least),
            size_text(limit)
        );
        reader.warn(&place, (words, "lower one, or raise the other"));
    }
}

/// What is for the other kind of destination.
fn check_kind(reader: &mut Reader<'_, '_, '_>, node: Node<'_, '_>, entry: &PolicyEntry) {
    let names_both = ["queue", "tempQueue"].iter().any(|one| says(node, one))
        && ["topic", "tempTopic"].iter().any(|one| says(node, one));
    // The entry for all others is for both as well.
    let is_default = node
        .parent_element()
        .is_some_and(|parent| name(parent) == "defaultEntry");
    if names_both || is_default {
        return;
    }
    let place = reader.place(node);
    let (idle, loud, here, there) = if entry.kind.is_queue() {
        (OF_TOPICS, OF_TOPICS_LOUD, "queues", "topic")
    } else {
        (OF_QUEUES, &[] as &[&str], "topics", "queue")
    };
    for what in loud.iter().filter(|what| says(node, what)) {
        let words = format!("{what} has no effect on {here}");
        reader.warn(
            &place,
            (words, format!("move it to the entry of a {there}")),
        );
    }
    let idle: Vec<&str> = idle
        .iter()
        .copied()
        .filter(|what| says(node, what))
        .collect();
    if !idle.is_empty() {
        let verb = if idle.len() == 1 { "has" } else { "have" };
        let words = format!("{} {verb} no effect on {here}", idle.join(", "));
        tell(reader, node, (words, "remove it"));
    }
}

/// What another setting switches off.
fn check_idle(reader: &mut Reader<'_, '_, '_>, node: Node<'_, '_>, entry: &PolicyEntry) {
    if entry.kind.is_queue() && entry.pending_queue_policy == Cursor::Memory {
        for what in ["cursorMemoryHighWaterMark", "useCache"] {
            if says(node, what) {
                let words = format!("{what} has no effect with vmQueueCursor: all stay in memory");
                tell(reader, node, (words, "leave one of them out"));
            }
        }
    }
    let keeps_all = match entry.pending_message_limit {
        PendingMessageLimit::None => true,
        PendingMessageLimit::Constant(limit) => limit < 0,
        PendingMessageLimit::PrefetchRate(_) => false,
    };
    if !entry.kind.is_queue() && keeps_all && says(node, "messageEvictionStrategy") {
        let words = "messageEvictionStrategy has no effect without a pending message limit: \
                     nothing is discarded";
        tell(reader, node, (words, "add a pendingMessageLimitStrategy"));
    }
    let gives_time = ["inactiveTimeoutBeforeGC", "inactiveTimoutBeforeGC"];
    if !entry.gc_inactive_destinations && gives_time.iter().any(|one| says(node, one)) {
        let words = "inactiveTimeoutBeforeGC has no effect without gcInactiveDestinations";
        tell(
            reader,
            node,
            (words, "write gcInactiveDestinations=\"true\""),
        );
    }
    if entry.store_usage_high_water_mark > 100 {
        let words = "storeUsageHighWaterMark above 100 counts as 100";
        tell(reader, node, (words, "remove it"));
    }
}

fn tell(
    reader: &mut Reader<'_, '_, '_>,
    node: Node<'_, '_>,
    words: (impl Into<String>, &'static str),
) {
    let place = reader.place(node);
    reader.tell(&place, Disposition::Used, Severity::Info, words);
}
