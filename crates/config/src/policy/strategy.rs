//! The parts of a policy entry that are elements of their own: cursors, pending limits, eviction,
//! dead letters.
//!
//! ActiveMQ has a class for each; here each is one variant of a closed enum of the core.

use floodway_broker::settings::{
    Cursor, DeadLetterQueue, DeadLetterStrategy, MessageEviction, PendingMessageLimit, PolicyEntry,
    Slow, SlowConsumerStrategy, SubscriptionRecovery,
};
use roxmltree::Node;

use crate::reader::{Reader, is_spring, name};
use crate::value::quoted;

/// The names of a cursor policy, and what they mean in each place.
const CURSORS: [(&str, Cursor); 8] = [
    ("storeCursor", Cursor::Store),
    ("vmQueueCursor", Cursor::Memory),
    ("fileQueueCursor", Cursor::File),
    ("vmCursor", Cursor::Memory),
    ("fileCursor", Cursor::File),
    ("storeDurableSubscriberCursor", Cursor::Store),
    ("vmDurableCursor", Cursor::Memory),
    ("fileDurableSubscriberCursor", Cursor::File),
];

/// The three places that take a cursor, each with the names that belong there.
const QUEUE: &[&str] = &["storeCursor", "vmQueueCursor", "fileQueueCursor"];
const SUBSCRIBER: &[&str] = &["vmCursor", "fileCursor"];
const DURABLE: &[&str] = &[
    "storeDurableSubscriberCursor",
    "vmDurableCursor",
    "fileDurableSubscriberCursor",
];

pub(super) fn read_cursors<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
    entry: &mut PolicyEntry,
) {
    for (property, names, target) in [
        ("pendingQueuePolicy", QUEUE, &mut entry.pending_queue_policy),
        (
            "pendingSubscriberPolicy",
            SUBSCRIBER,
            &mut entry.pending_subscriber_policy,
        ),
        (
            "pendingDurableSubscriberPolicy",
            DURABLE,
            &mut entry.pending_durable_subscriber_policy,
        ),
    ] {
        let Some(outer) = reader.property(node, property) else {
            continue;
        };
        let Some(inner) = reader.inside(outer) else {
            continue;
        };
        let Some(&(_, cursor)) = CURSORS.iter().find(|(known, _)| *known == name(inner)) else {
            refuse_kind(reader, inner, names);
            continue;
        };
        reader.take(inner);
        if !names.contains(&name(inner)) {
            let place = reader.place(inner);
            let message = format!("does not belong into {property}, and is read as its namesake");
            let advice = format!("write one of {}", names.join(", "));
            reader.warn(&place, (message, advice));
        }
        *target = match cursor {
            // Topic subscriptions have nothing in the store.
            Cursor::Store if property == "pendingSubscriberPolicy" => Cursor::File,
            cursor => cursor,
        };
    }
}

fn refuse_kind(reader: &mut Reader<'_, '_, '_>, node: Node<'_, '_>, names: &[&str]) {
    if is_spring(node, "bean") || is_spring(node, "ref") {
        // A Java class of the user's own: the sweep tells that it does not run.
        return;
    }
    let place = reader.place(node);
    reader.refuse(
        &place,
        (
            format!("<{}> is not known in this place", quoted(name(node))),
            format!("write one of <{}/>", names.join("/>, <")),
        ),
    );
}

pub(super) fn read_pending_limit<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
    entry: &mut PolicyEntry,
) {
    let Some(outer) = reader.property(node, "pendingMessageLimitStrategy") else {
        return;
    };
    let Some(inner) = reader.inside(outer) else {
        return;
    };
    match name(inner) {
        "constantPendingMessageLimitStrategy" => {
            reader.take(inner);
            let limit = reader.number(inner, "limit", (-1, i64::from(i32::MAX)));
            entry.pending_message_limit = match limit {
                Some(limit) => PendingMessageLimit::Constant(limit),
                None => PendingMessageLimit::None,
            };
        }
        "prefetchRatePendingMessageLimitStrategy" => {
            reader.take(inner);
            let given = reader.fraction(inner, "multiplier");
            entry.pending_message_limit = PendingMessageLimit::PrefetchRate(given.unwrap_or(0.5));
        }
        _ => refuse_kind(
            reader,
            inner,
            &[
                "constantPendingMessageLimitStrategy",
                "prefetchRatePendingMessageLimitStrategy",
            ],
        ),
    }
}

pub(super) fn read_eviction<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
    entry: &mut PolicyEntry,
) {
    let Some(outer) = reader.property(node, "messageEvictionStrategy") else {
        return;
    };
    let Some(inner) = reader.inside(outer) else {
        return;
    };
    entry.message_eviction = match name(inner) {
        "oldestMessageEvictionStrategy" => MessageEviction::Oldest,
        "oldestMessageWithLowestPriorityEvictionStrategy" => {
            MessageEviction::OldestWithLowestPriority
        }
        "uniquePropertyMessageEvictionStrategy" => {
            let Some(property) = reader.value(inner, "propertyName") else {
                let place = reader.place(inner);
                let advice = "write propertyName=\"…\"";
                reader.refuse(&place, ("names no property", advice));
                return;
            };
            MessageEviction::UniqueProperty(property.text)
        }
        _ => {
            refuse_kind(
                reader,
                inner,
                &[
                    "oldestMessageEvictionStrategy",
                    "oldestMessageWithLowestPriorityEvictionStrategy",
                    "uniquePropertyMessageEvictionStrategy",
                ],
            );
            return;
        }
    };
    reader.take(inner);
}

/// What a topic keeps for retroactive subscribers.
pub(super) fn read_recovery<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
    entry: &mut PolicyEntry,
) {
    reader.set_truth(node, "alwaysRetroactive", &mut entry.always_retroactive);
    let Some(outer) = reader.property(node, "subscriptionRecoveryPolicy") else {
        return;
    };
    let Some(inner) = reader.inside(outer) else {
        return;
    };
    entry.subscription_recovery = match name(inner) {
        "noSubscriptionRecoveryPolicy" => SubscriptionRecovery::None,
        "lastImageSubscriptionRecoveryPolicy" => SubscriptionRecovery::LastImage,
        "fixedCountSubscriptionRecoveryPolicy" => {
            let mut count = 100;
            reader.set_number(inner, "maximumSize", &mut count);
            SubscriptionRecovery::FixedCount(count)
        }
        "fixedSizedSubscriptionRecoveryPolicy" => {
            let mut bytes = 64 << 10;
            reader.set_size(inner, "maximumSize", &mut bytes);
            SubscriptionRecovery::FixedSized(bytes)
        }
        "timedSubscriptionRecoveryPolicy" => {
            let mut period_ms = 60_000;
            reader.set_number(inner, "recoverDuration", &mut period_ms);
            SubscriptionRecovery::Timed(period_ms)
        }
        _ => {
            refuse_kind(
                reader,
                inner,
                &[
                    "lastImageSubscriptionRecoveryPolicy",
                    "fixedCountSubscriptionRecoveryPolicy",
                    "fixedSizedSubscriptionRecoveryPolicy",
                    "timedSubscriptionRecoveryPolicy",
                    "noSubscriptionRecoveryPolicy",
                ],
            );
            return;
        }
    };
    reader.take(inner);
}

/// When slow consumers are closed.
pub(super) fn read_slow_consumers<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
    entry: &mut PolicyEntry,
) {
    let Some(outer) = reader.property(node, "slowConsumerStrategy") else {
        return;
    };
    let Some(inner) = reader.inside(outer) else {
        return;
    };
    let slow = match name(inner) {
        "abortSlowConsumerStrategy" => Slow::Full,
        "abortSlowAckConsumerStrategy" => {
            let mut after_ms = 30_000;
            reader.set_number(inner, "maxTimeSinceLastAck", &mut after_ms);
            let ignores_idle = reader.truth(inner, "ignoreIdleConsumers");
            let idle_too = !ignores_idle.unwrap_or(true);
            Slow::Unacknowledged { after_ms, idle_too }
        }
        _ => {
            let known = ["abortSlowConsumerStrategy", "abortSlowAckConsumerStrategy"];
            refuse_kind(reader, inner, &known);
            return;
        }
    };
    reader.take(inner);
    let given = reader.value(inner, "name");
    let given = given.map(|value| value.text.trim().to_owned());
    entry.slow_consumers_name = given.filter(|given| !given.is_empty());
    let count = reader.number(inner, "maxSlowCount", (-1, i64::from(u32::MAX)));
    let duration = reader.number(inner, "maxSlowDuration", (-1, i64::MAX));
    let period = reader.number(inner, "checkPeriod", (1, i64::from(u32::MAX)));
    let strategy = SlowConsumerStrategy {
        slow,
        // In ActiveMQ, too, 0 and less is no limit.
        slow_count_max: count
            .and_then(|count| u32::try_from(count).ok())
            .filter(|count| *count > 0),
        slow_duration_max_ms: match duration {
            None => Some(30_000),
            Some(ms) => u64::try_from(ms).ok().filter(|ms| *ms > 0),
        },
        check_period_ms: period
            .and_then(|ms| u64::try_from(ms).ok())
            .unwrap_or(30_000),
        abort_connection: reader.truth(inner, "abortConnection").unwrap_or(false),
        ignore_network_consumers: reader
            .truth(inner, "ignoreNetworkConsumers")
            .unwrap_or(true),
    };
    if strategy.slow_count_max.is_none() && strategy.slow_duration_max_ms.is_none() {
        let place = reader.place(inner);
        let message = "has neither maxSlowCount nor maxSlowDuration, and closes nobody";
        reader.warn(&place, (message, "give one of them"));
    }
    entry.slow_consumers = Some(strategy);
}

pub(super) fn read_dead_letters<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
    entry: &mut PolicyEntry,
) {
    let Some(outer) = reader.property(node, "deadLetterStrategy") else {
        return;
    };
    let Some(inner) = reader.inside(outer) else {
        return;
    };
    let mut strategy = DeadLetterStrategy::default();
    match name(inner) {
        "sharedDeadLetterStrategy" => {
            if let Some(queue) = shared_queue(reader, inner) {
                strategy.queue = DeadLetterQueue::Shared(queue);
            }
        }
        "individualDeadLetterStrategy" => strategy.queue = individual_queue(reader, inner),
        "discarding" | "discardingDeadLetterStrategy" => strategy.queue = DeadLetterQueue::Discard,
        _ => {
            refuse_kind(
                reader,
                inner,
                &[
                    "sharedDeadLetterStrategy",
                    "individualDeadLetterStrategy",
                    "discarding",
                ],
            );
            return;
        }
    }
    reader.take(inner);
    reader.set_truth(inner, "processExpired", &mut strategy.process_expired);
    reader.set_truth(
        inner,
        "processNonPersistent",
        &mut strategy.process_non_persistent,
    );
    if strategy.queue != DeadLetterQueue::Discard {
        reader.set_number(inner, "expiration", &mut strategy.expiration_ms);
    }
    entry.dead_letter = strategy;
}

/// `<deadLetterQueue><queue physicalName="…"/></deadLetterQueue>`.
fn shared_queue<'d, 'i>(reader: &mut Reader<'d, 'i, '_>, node: Node<'d, 'i>) -> Option<String> {
    let property = reader.property(node, "deadLetterQueue")?;
    let inner = reader.inside(property)?;
    let place = reader.place(inner);
    if name(inner) != "queue" {
        let message = format!("<{}> cannot hold dead letters", quoted(name(inner)));
        reader.refuse(&place, (message, "write <queue physicalName=\"…\"/>"));
        return None;
    }
    reader.take(inner);
    let queue = reader
        .value(inner, "physicalName")
        .map(|value| value.text.trim().to_owned());
    if queue.as_ref().is_none_or(String::is_empty) {
        reader.refuse(
            &place,
            ("names no queue", "write physicalName=\"ActiveMQ.DLQ\""),
        );
        return None;
    }
    queue
}

fn individual_queue(reader: &mut Reader<'_, '_, '_>, node: Node<'_, '_>) -> DeadLetterQueue {
    let mut text = |attribute: &str, default: &str| match reader.value(node, attribute) {
        Some(value) => value.text,
        None => default.into(),
    };
    let queue_prefix = text("queuePrefix", "ActiveMQ.DLQ.Queue.");
    let topic_prefix = text("topicPrefix", "ActiveMQ.DLQ.Topic.");
    let queue_suffix = text("queueSuffix", "");
    let topic_suffix = text("topicSuffix", "");
    let mut truth = |attribute: &str, default| reader.truth(node, attribute).unwrap_or(default);
    DeadLetterQueue::Individual {
        queue_prefix,
        topic_prefix,
        queue_suffix,
        topic_suffix,
        queue_for_queues: truth("useQueueForQueueMessages", true),
        queue_for_topics: truth("useQueueForTopicMessages", true),
        per_durable_subscriber: truth("destinationPerDurableSubscriber", false),
    }
}
