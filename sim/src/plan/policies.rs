//! The settings of a run's broker: small limits and pages, so that few messages reach them.

use crate::plan::{Features, StorePlan};
use crate::random::Random;
use floodway_broker::settings::{
    BrokerSettings, Cursor, DeadLetterQueue, DeadLetterStrategy, MessageEviction,
    PendingMessageLimit, PolicyEntry, SchedulerSettings, SystemUsage,
};
use floodway_message::{Destination, DestinationKind};

/// The destinations of a run.
pub(super) struct Names {
    pub(super) queues: Vec<Destination>,
    pub(super) topics: Vec<Destination>,
}

impl Names {
    pub(super) fn draw(random: &mut Random, features: Features) -> Self {
        let make = |kind, prefix: &str, count: u64| {
            let names = (0..count).map(|number| format!("{prefix}.{number}"));
            names
                .filter_map(|name| Destination::new(kind, &name).ok())
                .collect()
        };
        let topics = if features.topics {
            random.between(1, 2)
        } else {
            0
        };
        Self {
            queues: make(DestinationKind::Queue, "Q", random.between(1, 3)),
            topics: make(DestinationKind::Topic, "T", topics),
        }
    }
}

/// Everything an operator would configure.
pub(super) fn settings(
    random: &mut Random,
    names: &Names,
    features: Features,
    store: &StorePlan,
) -> BrokerSettings {
    let mut policies = Vec::new();
    for destination in names.queues.iter().chain(&names.topics) {
        if random.percent(80) {
            let mut entry = PolicyEntry::new(destination.kind(), destination.name());
            vary(random, &mut entry, features);
            policies.push(entry);
        }
    }
    let mut default_policy = PolicyEntry::new(DestinationKind::Queue, ">");
    if random.percent(30) {
        default_policy.page_size_max = random.one_of([1, 3, 200]);
        default_policy.memory_limit_bytes = random.one_of([0, 8192]);
    }
    BrokerSettings {
        usage: usage(random),
        policies,
        default_policy,
        destinations: names.queues.iter().chain(&names.topics).cloned().collect(),
        persistent: !matches!(store, StorePlan::None),
        parked_send_limit_bytes: random.one_of([1000, 10_000, 4 << 20]),
        uncommitted_count_max: random.one_of([5, 1000]),
        uncommitted_bytes_max: random.one_of([10_000, 64 << 20]),
        // Every producer that sends again must be remembered.
        audited_producers_max: if features.sequences { 2048 } else { 1 },
        message_groups_max: random.one_of([1, 65_536]),
        scheduler: SchedulerSettings {
            support: features.scheduled,
            ..SchedulerSettings::default()
        },
        ..BrokerSettings::default()
    }
}

fn usage(random: &mut Random) -> SystemUsage {
    SystemUsage {
        // Drawn apart, as what is scheduled.
        job_scheduler_limit_bytes: random.clone().fork().one_of([0, 1000, 5000]),
        memory_limit_bytes: random.one_of([0, 1 << 30, 1 << 30, 200_000, 40_000]),
        store_limit_bytes: random.one_of([0, 100 << 30, 100 << 30, 400_000, 100_000]),
        temp_limit_bytes: random.one_of([0, 50 << 30, 100_000, 30_000]),
        send_fail_if_no_space: random.percent(10),
        send_fail_after_timeout_ms: random.one_of([0, 0, 0, 500]),
        ..SystemUsage::default()
    }
}

fn vary(random: &mut Random, entry: &mut PolicyEntry, features: Features) {
    entry.memory_limit_bytes = random.one_of([0, 0, 4096, 16_384, 60_000]);
    entry.producer_flow_control = random.percent(90);
    entry.send_fail_if_no_space = random.one_of([None, None, None, Some(true), Some(false)]);
    entry.send_fail_after_timeout_ms = random.one_of([None, None, None, Some(0), Some(300)]);
    entry.store_usage_high_water_mark = random.one_of([100, 100, 70]);
    entry.cursor_memory_high_water_mark = random.one_of([70, 70, 30, 100, 110]);
    entry.minimum_message_size = random.one_of([1024, 1024, 0, 5000]);
    entry.pending_queue_policy = random.one_of([Cursor::Store, Cursor::Memory, Cursor::File]);
    entry.pending_subscriber_policy = random.one_of([Cursor::Memory, Cursor::File]);
    entry.pending_durable_subscriber_policy =
        random.one_of([Cursor::Store, Cursor::Memory, Cursor::File]);
    entry.page_size_max = random.one_of([1, 2, 5, 20, 200]);
    entry.use_cache = random.percent(80);
    entry.strict_order_dispatch = random.percent(10);
    // Drawn apart, as what is scheduled.
    let small = random.clone().fork().one_of([0, 4096, 8192, 16_384]);
    entry.prioritized_messages = features.priorities && random.percent(60);
    if entry.prioritized_messages && small > 0 {
        // A backlog that memory does not hold.
        entry.memory_limit_bytes = small;
    }
    entry.all_consumers_exclusive_by_default = features.exclusive && random.percent(20);
    if random.percent(10) {
        entry.time_before_dispatch_starts_ms = 200;
        entry.consumers_before_dispatch_starts = random.index(3);
    }
    if !entry.kind.is_queue() && random.percent(20) {
        entry.pending_message_limit = random.one_of([
            PendingMessageLimit::Constant(3),
            PendingMessageLimit::PrefetchRate(0.5),
        ]);
        entry.message_eviction = match random.below(3) {
            0 => MessageEviction::Oldest,
            1 => MessageEviction::OldestWithLowestPriority,
            _ => MessageEviction::UniqueProperty("k".into()),
        };
    }
    entry.dead_letter = DeadLetterStrategy {
        queue: dead_letter_queue(random),
        process_expired: random.percent(80),
        process_non_persistent: random.percent(30),
        expiration_ms: 0,
    };
}

fn dead_letter_queue(random: &mut Random) -> DeadLetterQueue {
    match random.below(5) {
        0..=2 => DeadLetterQueue::Shared("ActiveMQ.DLQ".into()),
        3 => DeadLetterQueue::Individual {
            queue_prefix: "DLQ.".into(),
            topic_prefix: "DLQ.".into(),
            queue_suffix: String::new(),
            topic_suffix: String::new(),
            queue_for_queues: true,
            queue_for_topics: true,
            per_durable_subscriber: random.percent(50),
        },
        _ => DeadLetterQueue::Discard,
    }
}
