//! The broker: `type=Broker,brokerName=…`. What can be called is in `operations`.

use super::{java, percent};
use crate::jolokia::bean::{Attribute, reads};
use crate::jolokia::data::Data;
use crate::jolokia::scene::Scene;
use crate::rest::status::sum_of_totals;
use floodway_broker::view::{DestinationView, SubscriptionView};
use floodway_message::DestinationKind;
use floodway_message::advisory::is_advisory;

use super::destination::set;

pub(crate) mod operations;

pub(crate) const ATTRIBUTES: &[Attribute<()>] = &[
    reads(
        "BrokerName",
        java::STRING,
        "name of the broker",
        |(), scene| scene.broker_name().into(),
    ),
    reads(
        "BrokerId",
        java::STRING,
        "id of the broker, as its clients know it",
        |(), scene| {
            scene
                .broker()
                .settings()
                .advisories
                .origin_id
                .as_str()
                .into()
        },
    ),
    reads(
        "BrokerVersion",
        java::STRING,
        "version of Floodway",
        |(), _| env!("CARGO_PKG_VERSION").into(),
    ),
    reads(
        "Uptime",
        java::STRING,
        "time since the start, for people",
        |(), scene| uptime(scene.now.monotonic_ms).into(),
    ),
    reads(
        "UptimeMillis",
        java::LONG,
        "milliseconds since the start",
        |(), scene| scene.now.monotonic_ms.into(),
    ),
    reads(
        "Slave",
        java::BOOL,
        "always false: the broker serves clients",
        |(), _| false.into(),
    ),
    reads(
        "Persistent",
        java::BOOL,
        "persistent messages survive a restart",
        |(), scene| scene.stores().store.is_some().into(),
    ),
    reads(
        "StatisticsEnabled",
        java::BOOL,
        "always true: messages are counted",
        |(), _| true.into(),
    ),
    reads(
        "VMURL",
        java::STRING,
        "name of the broker as a vm address",
        |(), scene| format!("vm://{}", scene.broker_name()).into(),
    ),
    reads(
        "DataDirectory",
        java::STRING,
        "directory of the broker's data",
        |(), scene| scene.house.settings.data_directory.as_str().into(),
    ),
    reads(
        "TransportConnectors",
        java::MAP,
        "addresses of the connectors by name",
        |(), scene| {
            let all = scene.house.settings.connectors.iter();
            Data::Map(
                all.map(|one| (one.name.clone(), one.uri.as_str().into()))
                    .collect(),
            )
        },
    ),
    // Connections and messages.
    reads(
        "CurrentConnectionsCount",
        java::INT,
        "connections now",
        |(), scene| scene.connections().len().into(),
    ),
    reads(
        "TotalConnectionsCount",
        java::LONG,
        "connections since the start",
        |(), scene| scene.view().connected.into(),
    ),
    reads(
        "TotalEnqueueCount",
        java::LONG,
        "messages sent to destinations",
        |(), scene| sum_of_totals(scene.view()).enqueued.into(),
    ),
    reads(
        "TotalDequeueCount",
        java::LONG,
        "messages acknowledged, expired or discarded",
        |(), scene| {
            let sum = sum_of_totals(scene.view());
            (sum.dequeued + sum.expired + sum.discarded).into()
        },
    ),
    reads(
        "TotalConsumerCount",
        java::LONG,
        "consumers, those of advisories left out",
        |(), scene| {
            let advises =
                |one: &DestinationView| is_advisory(one.destination.kind(), one.destination.name());
            let all = scene.destinations().filter(|one| !advises(one));
            all.map(|one| one.messages.consumers).sum::<usize>().into()
        },
    ),
    reads(
        "TotalProducerCount",
        java::LONG,
        "producers with a destination",
        |(), scene| {
            let all = scene.producers().iter();
            all.map(|one| one.destinations.len()).sum::<usize>().into()
        },
    ),
    reads(
        "TotalMessageCount",
        java::LONG,
        "messages in all queues",
        |(), scene| {
            let all = scene.destinations();
            let queues = all.filter(|one| one.destination.kind().is_queue());
            let count =
                |one: &DestinationView| one.messages.pending + one.messages.in_flight as u64;
            queues.map(count).sum::<u64>().into()
        },
    ),
    reads(
        "AverageMessageSize",
        java::LONG,
        "bytes of a message on average",
        |(), scene| {
            let sizes = sum_of_totals(scene.view()).sizes;
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
        "bytes of the largest message",
        |(), scene| sum_of_totals(scene.view()).sizes.max.into(),
    ),
    reads(
        "MinMessageSize",
        java::LONG,
        "bytes of the smallest message",
        |(), scene| sum_of_totals(scene.view()).sizes.min.into(),
    ),
    // Destinations.
    reads("TotalQueuesCount", java::INT, "queues", |(), scene| {
        of_kind(scene, DestinationKind::Queue).count().into()
    }),
    reads("TotalTopicsCount", java::INT, "topics", |(), scene| {
        of_kind(scene, DestinationKind::Topic).count().into()
    }),
    reads(
        "TotalManagedQueuesCount",
        java::INT,
        "queues with an MBean: all",
        |(), scene| of_kind(scene, DestinationKind::Queue).count().into(),
    ),
    reads(
        "TotalManagedTopicsCount",
        java::INT,
        "topics with an MBean: all",
        |(), scene| of_kind(scene, DestinationKind::Topic).count().into(),
    ),
    reads(
        "TotalTemporaryQueuesCount",
        java::INT,
        "temporary queues",
        |(), scene| of_kind(scene, DestinationKind::TempQueue).count().into(),
    ),
    reads(
        "TotalTemporaryTopicsCount",
        java::INT,
        "temporary topics",
        |(), scene| of_kind(scene, DestinationKind::TempTopic).count().into(),
    ),
    reads("Queues", java::NAMES, "queues", |(), scene| {
        names(scene, DestinationKind::Queue)
    }),
    reads("Topics", java::NAMES, "topics", |(), scene| {
        names(scene, DestinationKind::Topic)
    }),
    reads(
        "TemporaryQueues",
        java::NAMES,
        "temporary queues",
        |(), scene| names(scene, DestinationKind::TempQueue),
    ),
    reads(
        "TemporaryTopics",
        java::NAMES,
        "temporary topics",
        |(), scene| names(scene, DestinationKind::TempTopic),
    ),
    // Subscribers and producers.
    reads(
        "QueueSubscribers",
        java::NAMES,
        "consumers of queues",
        |(), scene| subscribers(scene, DestinationKind::Queue),
    ),
    reads(
        "TopicSubscribers",
        java::NAMES,
        "consumers of topics",
        |(), scene| subscribers(scene, DestinationKind::Topic),
    ),
    reads(
        "TemporaryQueueSubscribers",
        java::NAMES,
        "of temporary queues",
        |(), scene| subscribers(scene, DestinationKind::TempQueue),
    ),
    reads(
        "TemporaryTopicSubscribers",
        java::NAMES,
        "of temporary topics",
        |(), scene| subscribers(scene, DestinationKind::TempTopic),
    ),
    reads(
        "DurableTopicSubscribers",
        java::NAMES,
        "durable, with a consumer",
        |(), scene| {
            subscribed(scene, |one| {
                one.durable_name.is_some() && one.connection.is_some()
            })
        },
    ),
    reads(
        "InactiveDurableTopicSubscribers",
        java::NAMES,
        "durable, consumer away",
        |(), scene| subscribed(scene, |one| one.connection.is_none()),
    ),
    reads(
        "QueueProducers",
        java::NAMES,
        "producers of queues",
        |(), scene| producers(scene, DestinationKind::Queue),
    ),
    reads(
        "TopicProducers",
        java::NAMES,
        "producers of topics",
        |(), scene| producers(scene, DestinationKind::Topic),
    ),
    reads(
        "TemporaryQueueProducers",
        java::NAMES,
        "of temporary queues",
        |(), scene| producers(scene, DestinationKind::TempQueue),
    ),
    reads(
        "TemporaryTopicProducers",
        java::NAMES,
        "of temporary topics",
        |(), scene| producers(scene, DestinationKind::TempTopic),
    ),
    reads(
        "DynamicDestinationProducers",
        java::NAMES,
        "without a destination",
        |(), scene| {
            let all = scene.producers().iter();
            let free = all.filter(|one| one.destinations.is_empty());
            free.map(|one| scene.producer_name(one, None))
                .collect::<Vec<_>>()
                .into()
        },
    ),
    // Limits.
    reads::<()>(
        "MemoryLimit",
        java::LONG,
        "bytes of memory for messages; 0 is no limit",
        |(), scene| scene.view().memory_limit_bytes.into(),
    )
    .writes(|(), scene, value| set(scene, None, ("memoryLimit", value))),
    reads(
        "MemoryPercentUsage",
        java::INT,
        "percent of the memory limit in use",
        |(), scene| {
            percent(
                scene.view().memory_used_bytes,
                scene.view().memory_limit_bytes,
            )
            .into()
        },
    ),
    reads::<()>(
        "StoreLimit",
        java::LONG,
        "bytes of the store; 0 is no limit",
        |(), scene| {
            scene
                .stores()
                .store
                .map_or(0, |store| store.limit_bytes)
                .into()
        },
    )
    .writes(|(), scene, value| set(scene, None, ("storeLimit", value))),
    reads(
        "StorePercentUsage",
        java::INT,
        "percent of the store limit in use",
        |(), scene| {
            let store = scene.stores().store;
            store
                .map_or(0, |store| percent(store.used_bytes, store.limit_bytes))
                .into()
        },
    ),
    reads::<()>(
        "TempLimit",
        java::LONG,
        "bytes of the temp store; 0 is no limit",
        |(), scene| {
            scene
                .stores()
                .temp
                .map_or(0, |temp| temp.limit_bytes)
                .into()
        },
    )
    .writes(|(), scene, value| set(scene, None, ("tempLimit", value))),
    reads(
        "TempPercentUsage",
        java::INT,
        "percent of the temp limit in use",
        |(), scene| {
            let temp = scene.stores().temp;
            temp.map_or(0, |temp| percent(temp.used_bytes, temp.limit_bytes))
                .into()
        },
    ),
    reads(
        "JMSJobScheduler",
        java::NAME,
        "MBean of the scheduler",
        |(), scene| scene.scheduler_name().into(),
    ),
    reads::<()>(
        "JobSchedulerStoreLimit",
        java::LONG,
        "bytes of scheduled messages; 0 is no limit",
        |(), scene| {
            let jobs = scene.broker().scheduler();
            jobs.map_or(0, |jobs| jobs.limit_bytes).into()
        },
    )
    .writes(|(), scene, value| set(scene, None, ("jobSchedulerLimit", value))),
    reads(
        "JobSchedulerStorePercentUsage",
        java::INT,
        "percent of that limit in use",
        |(), scene| {
            let jobs = scene.broker().scheduler();
            jobs.map_or(0, |jobs| percent(jobs.used_bytes, jobs.limit_bytes))
                .into()
        },
    ),
    reads(
        "TotalMaxUncommittedExceededCount",
        java::LONG,
        "sends too many for their transaction",
        |(), scene| sum_of_totals(scene.view()).uncommitted_exceeded.into(),
    ),
    reads(
        "MaxUncommittedCount",
        java::INT,
        "most messages of one transaction",
        |(), scene| scene.broker().settings().uncommitted_count_max.into(),
    ),
];

fn of_kind<'s>(
    scene: &'s Scene<'_>,
    kind: DestinationKind,
) -> impl Iterator<Item = &'s DestinationView> {
    scene
        .destinations()
        .filter(move |one| one.destination.kind() == kind)
}

fn names(scene: &Scene<'_>, kind: DestinationKind) -> Data {
    let all = of_kind(scene, kind).map(|one| scene.destination_name(&one.destination));
    all.collect::<Vec<_>>().into()
}

/// Those that are not durable.
fn subscribers(scene: &Scene<'_>, kind: DestinationKind) -> Data {
    subscribed(scene, |one| {
        let first = one.destinations.first();
        one.durable_name.is_none() && first.is_some_and(|first| first.kind() == kind)
    })
}

fn subscribed(scene: &Scene<'_>, wanted: impl Fn(&SubscriptionView) -> bool) -> Data {
    let all = scene.subscriptions().iter().filter(|one| wanted(one));
    all.map(|one| scene.subscription_name(one))
        .collect::<Vec<_>>()
        .into()
}

fn producers(scene: &Scene<'_>, kind: DestinationKind) -> Data {
    let mut all = Vec::new();
    for one in scene.producers() {
        for to in one.destinations.iter().filter(|to| to.kind() == kind) {
            all.push(scene.producer_name(one, Some(to)));
        }
    }
    all.into()
}

/// As ActiveMQ tells it: the two greatest units.
fn uptime(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let plural = |count: u64, unit: &str| {
        let s = if count == 1 { "" } else { "s" };
        format!("{count} {unit}{s}")
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{}.{:03} seconds", seconds, milliseconds % 1000),
        (0, 0, _) => plural(minutes, "minute"),
        (0, ..) => format!(
            "{} {}",
            plural(hours, "hour"),
            plural(minutes % 60, "minute")
        ),
        _ => format!("{} {}", plural(days, "day"), plural(hours % 24, "hour")),
    }
}
