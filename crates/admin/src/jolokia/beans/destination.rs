//! Queues and topics: `destinationType=…,destinationName=…`. What can be called is in
//! `operations`.

use super::{java, percent};
use crate::jolokia::bean::{Attribute, reads};

use crate::jolokia::data::Data;
use crate::jolokia::exec::arguments::number;
use crate::jolokia::fault::Fault;
use crate::jolokia::scene::Scene;
use floodway_broker::settings::DeadLetterQueue;
use floodway_broker::view::{DestinationView, slow_strategy_name};
use floodway_message::Destination;
use serde_json::Value;

pub(crate) mod operations;

pub(crate) const ATTRIBUTES: &[Attribute<DestinationView>] = &[
    reads(
        "Name",
        java::STRING,
        "name, as clients write it",
        |one, _| one.destination.name().into(),
    ),
    // Messages now.
    reads(
        "QueueSize",
        java::LONG,
        "messages of the queue, those in flight included; 0 for a topic",
        |one, _| size(one).into(),
    ),
    reads(
        "InFlightCount",
        java::LONG,
        "delivered and not acknowledged",
        |one, _| one.messages.in_flight.into(),
    ),
    reads(
        "ConsumerCount",
        java::LONG,
        "consumers, or subscriptions of a topic",
        |one, _| one.messages.consumers.into(),
    ),
    reads(
        "ProducerCount",
        java::LONG,
        "producers that told of themselves",
        |one, scene| {
            let all = scene.producers().iter();
            all.filter(|other| other.destinations.contains(&one.destination))
                .count()
                .into()
        },
    ),
    reads(
        "Subscriptions",
        java::NAMES,
        "MBeans of its consumers",
        |one, scene| {
            let all = scene.subscriptions().iter();
            let own = all.filter(|other| covers(&other.destinations, &one.destination));
            own.map(|other| scene.subscription_name(other))
                .collect::<Vec<_>>()
                .into()
        },
    ),
    // Messages since the start.
    reads("EnqueueCount", java::LONG, "messages sent", |one, _| {
        one.totals.enqueued.into()
    }),
    reads(
        "DequeueCount",
        java::LONG,
        "acknowledged, expired or discarded",
        |one, _| (one.totals.dequeued + one.totals.expired + one.totals.discarded).into(),
    ),
    reads("DispatchCount", java::LONG, "deliveries", |one, _| {
        one.totals.dispatched.into()
    }),
    reads("ExpiredCount", java::LONG, "expired messages", |one, _| {
        one.totals.expired.into()
    }),
    reads(
        "ForwardCount",
        java::LONG,
        "sent on to other brokers: none",
        |_, _| 0.into(),
    ),
    reads(
        "NetworkEnqueues",
        java::LONG,
        "always 0: not counted apart",
        |_, _| 0.into(),
    ),
    reads(
        "NetworkDequeues",
        java::LONG,
        "always 0: there are no bridges of our own",
        |_, _| 0.into(),
    ),
    reads(
        "DuplicateFromStoreCount",
        java::LONG,
        "read twice from the store: none",
        |_, _| 0.into(),
    ),
    reads(
        "AverageEnqueueTime",
        java::DOUBLE,
        "ms from arrival to delivery",
        |one, _| {
            let held = one.totals.held;
            if held.count == 0 {
                0.0.into()
            } else {
                (held.sum as f64 / held.count as f64).into()
            }
        },
    ),
    reads(
        "MaxEnqueueTime",
        java::LONG,
        "the longest of them",
        |one, _| one.totals.held.max.into(),
    ),
    reads(
        "MinEnqueueTime",
        java::LONG,
        "the shortest of them",
        |one, _| one.totals.held.min.into(),
    ),
    reads(
        "AverageMessageSize",
        java::LONG,
        "bytes of a message on average",
        |one, _| {
            let sizes = one.totals.sizes;
            sizes
                .sum
                .checked_div(sizes.count)
                .unwrap_or_default()
                .into()
        },
    ),
    reads(
        "MaxMessageSize",
        java::LONG,
        "bytes of the largest",
        |one, _| one.totals.sizes.max.into(),
    ),
    reads(
        "MinMessageSize",
        java::LONG,
        "bytes of the smallest",
        |one, _| one.totals.sizes.min.into(),
    ),
    // Space.
    reads::<DestinationView>(
        "MemoryLimit",
        java::LONG,
        "bytes of memory; 0 is no limit of its own",
        |one, _| one.memory_limit_bytes.into(),
    )
    .writes(|one, scene, value| set(scene, Some(&one.destination), ("memoryLimit", value))),
    reads(
        "MemoryUsageByteCount",
        java::LONG,
        "bytes in memory",
        |one, _| one.memory_used_bytes.into(),
    ),
    reads(
        "MemoryPercentUsage",
        java::INT,
        "percent of the memory limit",
        |one, _| percent(one.memory_used_bytes, one.memory_limit_bytes).into(),
    ),
    reads(
        "MemoryUsagePortion",
        java::FLOAT,
        "share of the broker's memory: all",
        |_, _| 1.0.into(),
    ),
    reads(
        "StoreMessageSize",
        java::LONG,
        "bytes of its messages in the store",
        |one, scene| scene.broker().stored_bytes(&one.destination).into(),
    ),
    reads(
        "TempUsageLimit",
        java::LONG,
        "bytes of the broker's temp store",
        |_, scene| {
            scene
                .stores()
                .temp
                .map_or(0, |temp| temp.limit_bytes)
                .into()
        },
    ),
    reads(
        "TempUsagePercentUsage",
        java::INT,
        "percent of the temp limit",
        |_, scene| {
            let temp = scene.stores().temp;
            temp.map_or(0, |temp| percent(temp.used_bytes, temp.limit_bytes))
                .into()
        },
    ),
    // Producers that wait.
    reads(
        "BlockedSends",
        java::LONG,
        "sends that waited for space, or wait now",
        |one, _| (one.totals.blocked.spread.count + one.parked as u64).into(),
    ),
    reads(
        "TotalBlockedTime",
        java::LONG,
        "ms that those waited, together",
        |one, scene| blocked_ms(one, scene).into(),
    ),
    reads(
        "AverageBlockedTime",
        java::DOUBLE,
        "ms that those waited, on average",
        |one, scene| {
            let count = one.totals.blocked.spread.count + one.parked as u64;
            if count == 0 {
                0.0.into()
            } else {
                (blocked_ms(one, scene) as f64 / count as f64).into()
            }
        },
    ),
    reads::<DestinationView>(
        "BlockedProducerWarningInterval",
        java::LONG,
        "ms between warnings",
        |one, _| one.entry.blocked_producer_warning_interval_ms.into(),
    )
    .writes(|one, scene, value| {
        set(
            scene,
            Some(&one.destination),
            ("blockedProducerWarningInterval", value),
        )
    }),
    reads::<DestinationView>(
        "ProducerFlowControl",
        java::BOOL,
        "producers wait at a limit",
        |one, _| one.entry.producer_flow_control.into(),
    )
    .writes(|one, scene, value| {
        set(
            scene,
            Some(&one.destination),
            ("producerFlowControl", value),
        )
    }),
    // Policy.
    reads("DLQ", java::BOOL, "dead letters go here", |one, scene| {
        is_dlq(one, scene).into()
    }),
    reads::<DestinationView>(
        "AlwaysRetroactive",
        java::BOOL,
        "all consumers are retroactive",
        |one, _| one.entry.always_retroactive.into(),
    )
    .writes(|one, scene, value| set(scene, Some(&one.destination), ("alwaysRetroactive", value))),
    reads(
        "PrioritizedMessages",
        java::BOOL,
        "higher priorities go first",
        |one, _| one.entry.prioritized_messages.into(),
    ),
    reads::<DestinationView>(
        "UseCache",
        java::BOOL,
        "new messages stay in memory",
        |one, _| one.entry.use_cache.into(),
    )
    .writes(|one, scene, value| set(scene, Some(&one.destination), ("useCache", value))),
    reads::<DestinationView>(
        "MaxPageSize",
        java::INT,
        "messages read from disk at a time",
        |one, _| one.entry.page_size_max.into(),
    )
    .writes(|one, scene, value| set(scene, Some(&one.destination), ("maxPageSize", value))),
    reads(
        "MaxBrowsePageSize",
        java::INT,
        "most messages of one browse",
        |one, _| one.entry.browse_page_size_max.into(),
    ),
    reads::<DestinationView>(
        "EnableAudit",
        java::BOOL,
        "repeated messages are suppressed",
        |one, _| one.entry.enable_audit.into(),
    )
    .writes(|one, scene, value| set(scene, Some(&one.destination), ("enableAudit", value))),
    reads(
        "MaxProducersToAudit",
        java::INT,
        "producers watched for repetition",
        |_, scene| scene.broker().settings().audited_producers_max.into(),
    ),
    reads(
        "SendDuplicateFromStoreToDLQ",
        java::BOOL,
        "always false",
        |_, _| false.into(),
    ),
    reads(
        "SlowConsumerStrategy",
        java::NAME,
        "what closes slow consumers; null: nothing",
        |one, scene| {
            let name = slow_strategy_name(&one.entry);
            name.map_or(Data::Null, |name| scene.strategy_name(&name).into())
        },
    ),
    reads(
        "MaxUncommittedExceededCount",
        java::LONG,
        "sends too many for their transaction",
        |one, _| one.totals.uncommitted_exceeded.into(),
    ),
    // Of the last message, which nobody notes.
    reads(
        "AdvancedMessageStatisticsEnabled",
        java::BOOL,
        "always false",
        |_, _| false.into(),
    ),
    reads(
        "AdvancedNetworkStatisticsEnabled",
        java::BOOL,
        "always false",
        |_, _| false.into(),
    ),
    none("EnqueuedMessageId", java::STRING),
    none("EnqueuedMessageClientId", java::STRING),
    zero("EnqueuedMessageTimestamp"),
    zero("EnqueuedMessageBrokerInTime"),
    none("DequeuedMessageId", java::STRING),
    none("DequeuedMessageClientId", java::STRING),
    zero("DequeuedMessageTimestamp"),
    zero("DequeuedMessageBrokerInTime"),
    zero("DequeuedMessageBrokerOutTime"),
    reads(
        "Options",
        java::STRING,
        "options in the name: none",
        |_, _| "".into(),
    ),
];

pub(crate) const OF_QUEUES: &[Attribute<DestinationView>] = &[
    reads(
        "Paused",
        java::BOOL,
        "nothing is dispatched to consumers",
        |one, _| one.paused.into(),
    ),
    reads(
        "CacheEnabled",
        java::BOOL,
        "new messages stay in memory",
        |one, _| one.entry.use_cache.into(),
    ),
    reads(
        "CursorMemoryUsage",
        java::LONG,
        "bytes in memory",
        |one, _| one.memory_used_bytes.into(),
    ),
    reads(
        "CursorPercentUsage",
        java::INT,
        "percent of the memory limit",
        |one, _| percent(one.memory_used_bytes, one.memory_limit_bytes).into(),
    ),
    reads(
        "CursorFull",
        java::BOOL,
        "the memory limit is reached",
        |one, _| is_full(one).into(),
    ),
    reads(
        "MessageGroups",
        java::MAP,
        "message groups and who has them",
        |one, scene| {
            let owner = |connection: u64, consumer: u64| {
                let mut all = scene.subscriptions().iter();
                let found = all.find(|other| {
                    let own = other.connection.as_ref().map(|own| own.id);
                    own == Some(connection) && other.consumer == consumer
                });
                Data::from(found.map(|found| found.id.to_string()))
            };
            let groups = scene.broker().groups(&one.destination).into_iter();
            let groups = groups.map(|group| {
                (
                    group.group.to_string(),
                    owner(group.connection, group.consumer),
                )
            });
            Data::Map(groups.collect())
        },
    ),
    reads("MessageGroupType", java::STRING, "always cached", |_, _| {
        "cached".into()
    }),
];

/// What would need `AdvancedMessageStatisticsEnabled`, as ActiveMQ tells it without.
const fn none(name: &'static str, java: &'static str) -> Attribute<DestinationView> {
    reads(name, java, "always null", |_, _| Data::Null)
}

const fn zero(name: &'static str) -> Attribute<DestinationView> {
    reads(name, java::LONG, "always 0", |_, _| 0.into())
}

/// Messages of a queue; a topic has none, as in ActiveMQ.
pub(crate) fn size(one: &DestinationView) -> u64 {
    if one.destination.kind().is_queue() {
        one.messages.pending + one.messages.in_flight as u64
    } else {
        0
    }
}

pub(crate) fn is_full(one: &DestinationView) -> bool {
    one.memory_limit_bytes > 0 && one.memory_used_bytes >= one.memory_limit_bytes
}

/// Changes a setting of a destination, or of the broker, until the next start. A limit below 0 is
/// none, as 0 is.
///
/// # Errors
/// When the value is not of its kind.
pub(crate) fn set(
    scene: &Scene<'_>,
    destination: Option<&Destination>,
    (name, value): (&str, &Value),
) -> Result<(), Fault> {
    let text = match value {
        Value::Bool(is) => is.to_string(),
        Value::String(text) if matches!(text.as_str(), "true" | "false") => text.clone(),
        other => number(other, i64::MIN, i64::MAX)?.max(0).to_string(),
    };
    let changed = scene.broker().set(destination, &[(name, &text)], scene.now);
    changed.map_err(|error| Fault::illegal(error.to_string()))?;
    Ok(())
}

/// Does a subscription to these include the destination?
fn covers(subscribed: &[Destination], one: &Destination) -> bool {
    subscribed.iter().any(|other| {
        let name = other.name();
        other.kind() == one.kind() && floodway_message::wildcard::matches(name, one.name())
    })
}

/// How long sends waited; of those that wait now, each producer's first counts.
fn blocked_ms(one: &DestinationView, scene: &Scene<'_>) -> u64 {
    let all = scene.blocked().iter();
    let here = all.filter(|blocked| blocked.destination == one.destination);
    let now: u64 = here.map(|blocked| blocked.blocked_ms).sum();
    one.totals.blocked.spread.sum.saturating_add(now)
}

/// Is it where some policy sends dead letters to?
pub(crate) fn is_dlq(one: &DestinationView, scene: &Scene<'_>) -> bool {
    let settings = scene.broker().settings();
    let name = one.destination.name();
    let is_queue = one.destination.kind().is_queue();
    let around = |prefix: &str, suffix: &str| {
        !(prefix.is_empty() && suffix.is_empty())
            && name.len() > prefix.len() + suffix.len()
            && name.starts_with(prefix)
            && name.ends_with(suffix)
    };
    let mut policies = settings.policies.iter().chain([&settings.default_policy]);
    policies.any(|policy| match &policy.dead_letter.queue {
        DeadLetterQueue::Shared(shared) => is_queue && shared == name,
        DeadLetterQueue::Individual {
            queue_prefix,
            queue_suffix,
            topic_prefix,
            topic_suffix,
            queue_for_queues,
            queue_for_topics,
            ..
        } => {
            (*queue_for_queues == is_queue && around(queue_prefix, queue_suffix))
                || (*queue_for_topics == is_queue && around(topic_prefix, topic_suffix))
        }
        DeadLetterQueue::Discard => false,
    })
}
