//! Consumers and durable subscriptions: `endpoint=Consumer,clientId=…,consumerId=…`.

use super::{call, java, percent};
use crate::jolokia::bean::{Act, Attribute, Operation, reads};
use crate::jolokia::data::Data;
use crate::jolokia::scene::{Scene, names_of};
use floodway_broker::view::{DestinationView, SubscriptionView};
use floodway_message::Destination;

pub(crate) const ATTRIBUTES: &[Attribute<SubscriptionView>] = &[
    reads(
        "ClientId",
        java::STRING,
        "client id of its connection",
        |one, _| (&*one.client_id).into(),
    ),
    reads(
        "Connection",
        java::NAME,
        "MBean of its connection",
        |one, scene| {
            let connection = one.connection.as_ref();
            connection
                .map(|connection| scene.connection_name(connection))
                .into()
        },
    ),
    reads(
        "ConnectionId",
        java::STRING,
        "id of its connection",
        |one, _| match &one.connection {
            None => "NOTSET".into(),
            Some(connection) => connection_id(&one.id, connection.id).into(),
        },
    ),
    reads(
        "SessionId",
        java::LONG,
        "number of its session",
        |one, _| id_part(&one.id, 1).into(),
    ),
    reads(
        "SubscriptionId",
        java::LONG,
        "number of the consumer",
        |one, _| match one.connection {
            None => (-1).into(),
            Some(_) => id_part(&one.id, 0).into(),
        },
    ),
    reads("UserName", java::STRING, "who it logged in as", |one, _| {
        let user = one
            .connection
            .as_ref()
            .and_then(|connection| connection.user.as_deref());
        user.into()
    }),
    reads(
        "DestinationName",
        java::STRING,
        "what it consumes from",
        |one, _| names_of(&one.destinations).into(),
    ),
    reads(
        "DestinationQueue",
        java::BOOL,
        "it consumes from a queue",
        |one, _| first(one, |first| first.kind().is_queue()),
    ),
    reads(
        "DestinationTopic",
        java::BOOL,
        "it consumes from a topic",
        |one, _| first(one, |first| !first.kind().is_queue()),
    ),
    reads(
        "DestinationTemporary",
        java::BOOL,
        "from a temporary destination",
        |one, _| first(one, |first| first.kind().is_temporary()),
    ),
    reads("Selector", java::STRING, "selector", |one, _| {
        one.selector.clone().into()
    }),
    reads(
        "SubscriptionName",
        java::STRING,
        "name of a durable one",
        |one, _| one.durable_name.as_deref().into(),
    ),
    reads("Durable", java::BOOL, "it is durable", |one, _| {
        one.durable_name.is_some().into()
    }),
    reads(
        "Active",
        java::BOOL,
        "its consumer is connected",
        |one, _| one.connection.is_some().into(),
    ),
    reads(
        "Exclusive",
        java::BOOL,
        "it gets everything while it lives",
        |one, _| one.exclusive.into(),
    ),
    reads(
        "NoLocal",
        java::BOOL,
        "nothing of its own connection",
        |one, _| one.no_local.into(),
    ),
    reads("Network", java::BOOL, "another broker's", |one, _| {
        one.network.into()
    }),
    reads(
        "Retroactive",
        java::BOOL,
        "it asked for earlier messages",
        |one, _| one.retroactive.into(),
    ),
    reads("DispatchAsync", java::BOOL, "always true", |_, _| {
        true.into()
    }),
    reads(
        "Priority",
        java::BYTE,
        "higher ones are served first",
        |one, _| i64::from(one.priority).into(),
    ),
    reads(
        "PrefetchSize",
        java::INT,
        "most deliveries not acknowledged",
        |one, _| one.prefetch.into(),
    ),
    reads(
        "MaximumPendingMessageLimit",
        java::INT,
        "most that wait; 0 is no limit",
        |one, _| one.pending_limit.unwrap_or_default().into(),
    ),
    reads(
        "SlowConsumer",
        java::BOOL,
        "it leaves its deliveries",
        |one, _| one.slow.into(),
    ),
    // Messages.
    reads(
        "PendingQueueSize",
        java::INT,
        "messages that wait for it alone",
        |one, _| one.pending.into(),
    ),
    reads(
        "DispatchedQueueSize",
        java::INT,
        "delivered, not acknowledged",
        |one, _| one.unacknowledged.into(),
    ),
    reads(
        "MessageCountAwaitingAcknowledge",
        java::INT,
        "the same",
        |one, _| one.unacknowledged.into(),
    ),
    reads("EnqueueCounter", java::LONG, "messages for it", |one, _| {
        one.enqueued.into()
    }),
    reads("DispatchedCounter", java::LONG, "deliveries", |one, _| {
        one.dispatched.into()
    }),
    reads("DequeueCounter", java::LONG, "acknowledged", |one, _| {
        one.dequeued.into()
    }),
    reads("ConsumedCount", java::LONG, "acknowledged", |one, _| {
        one.dequeued.into()
    }),
];

/// Of consumers of topics that are not durable.
pub(crate) const OF_TOPICS: &[Attribute<SubscriptionView>] = &[
    reads(
        "DiscardedCount",
        java::INT,
        "discarded over the limit",
        |one, _| one.discarded.into(),
    ),
    reads(
        "MaximumPendingQueueSize",
        java::INT,
        "most that wait; -1 is no limit",
        |one, _| {
            let limit = one.pending_limit.map(Data::from);
            limit.unwrap_or(Data::Int(-1))
        },
    ),
];

/// Of durable subscriptions. Their memory is that of the topic.
pub(crate) const OF_DURABLES: &[Attribute<SubscriptionView>] = &[
    reads(
        "CursorMemoryUsage",
        java::LONG,
        "bytes of the topic in memory",
        |one, scene| {
            topic(one, scene)
                .map_or(0, |topic| topic.memory_used_bytes)
                .into()
        },
    ),
    reads(
        "CursorPercentUsage",
        java::INT,
        "percent of the topic's limit",
        |one, scene| {
            let share = |topic: &DestinationView| {
                percent(topic.memory_used_bytes, topic.memory_limit_bytes)
            };
            topic(one, scene).map_or(0, share).into()
        },
    ),
    reads(
        "CursorFull",
        java::BOOL,
        "the topic's limit is reached",
        |one, scene| {
            topic(one, scene)
                .is_some_and(super::destination::is_full)
                .into()
        },
    ),
];

pub(crate) const OPERATIONS: &[Operation] = &[
    call(
        "resetStatistics",
        java::VOID,
        "not possible",
        Act::Refuse("totals of a subscription cannot be reset; reset those of its destination"),
    ),
    call(
        "isMatchingQueue",
        java::BOOL,
        "would it get messages of this queue?",
        Act::MatchesQueue,
    )
    .with(&[("queueName", java::STRING)]),
    call(
        "isMatchingTopic",
        java::BOOL,
        "would it get messages of this topic?",
        Act::MatchesTopic,
    )
    .with(&[("topicName", java::STRING)]),
];

const NO_BROWSE: &str = "messages of a durable subscription cannot be browsed or removed singly \
                         yet; its consumer can take them";

pub(crate) const DURABLE_OPERATIONS: &[Operation] = &[
    call(
        "destroy",
        java::VOID,
        "removes the subscription with its messages",
        Act::Destroy,
    ),
    call(
        "cursorSize",
        java::INT,
        "messages that wait",
        Act::CursorSize,
    ),
    call(
        "doesCursorHaveMessagesBuffered",
        java::BOOL,
        "some wait",
        Act::CursorBuffers,
    ),
    call(
        "doesCursorHaveSpace",
        java::BOOL,
        "memory has room",
        Act::CursorHasSpace,
    ),
    call("browse", java::ROWS, "not possible", Act::Refuse(NO_BROWSE)),
    call(
        "browseAsTable",
        java::TABLE,
        "not possible",
        Act::Refuse(NO_BROWSE),
    ),
    call(
        "removeMessage",
        java::VOID,
        "not possible",
        Act::Refuse(NO_BROWSE),
    )
    .with(&[("messageId", java::STRING)]),
];

fn first(one: &SubscriptionView, is: impl Fn(&Destination) -> bool) -> Data {
    one.destinations.first().is_some_and(is).into()
}

fn topic<'s>(one: &SubscriptionView, scene: &'s Scene<'_>) -> Option<&'s DestinationView> {
    let name = one.destinations.first()?;
    scene
        .destinations()
        .find(|other| other.destination == *name)
}

/// `ID:host-1-2:3` of a consumer's `ID:host-1-2:3:1:1`.
pub(crate) fn connection_id(id: &str, number: u64) -> String {
    let mut parts = id.rsplitn(3, ':').skip(2);
    parts
        .next()
        .map_or_else(|| number.to_string(), str::to_owned)
}

/// A number at the end of an id, counted from there; 0 if there is none.
pub(crate) fn id_part(id: &str, at: usize) -> i64 {
    let part = id.rsplit(':').nth(at);
    part.and_then(|part| part.parse().ok()).unwrap_or_default()
}
