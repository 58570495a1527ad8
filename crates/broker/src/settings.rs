//! What an operator can set on the core, with ActiveMQ's defaults.
//!
//! Sizes are bytes and times milliseconds. The `config` room fills these from activemq.xml; the
//! attribute names are ActiveMQ's in snake_case unless said.

use floodway_message::selector::Selector;
use floodway_message::session::Secret;
use floodway_message::{Destination, DestinationKind};
use std::sync::Arc;

/// Settings of the whole core.
#[derive(Debug, Clone)]
pub struct BrokerSettings {
    /// `brokerName`.
    pub name: String,
    /// `systemUsage`.
    pub usage: SystemUsage,
    /// `destinationPolicy`: the most specific matching entry applies, alone.
    pub policies: Vec<PolicyEntry>,
    /// `policyMap` `defaultEntry`: for destinations that no entry matches.
    pub default_policy: PolicyEntry,
    /// Destinations created at start (`<destinations>`).
    pub destinations: Vec<Destination>,
    /// `simpleAuthenticationPlugin`; `None` lets everyone in.
    pub logins: Option<Logins>,
    /// `virtualDestinations`: the first that matches a destination applies.
    pub virtual_destinations: Vec<VirtualDestination>,
    /// `false` keeps everything in memory: no store and no spool (`persistent`).
    pub persistent: bool,
    /// Bytes of sends of one connection that may wait for space before the connection is read
    /// no further.
    pub parked_send_limit_bytes: usize,
    /// Most messages in one uncommitted transaction (`maxUncommittedCount`).
    pub uncommitted_count_max: usize,
    /// Most bytes of messages in all uncommitted transactions together.
    pub uncommitted_bytes_max: usize,
    /// Most bytes of all prepared branches together: their messages, sent and acknowledged. A
    /// prepare that would bring more is refused.
    pub prepared_bytes_max: usize,
    /// Most destinations at a time.
    pub destinations_max: usize,
    /// Most consumers of one connection.
    pub consumers_per_connection_max: usize,
    /// Producers remembered for duplicate suppression (`maxProducersToAudit`).
    pub audited_producers_max: usize,
    /// Message groups remembered per queue.
    pub message_groups_max: usize,
    /// How often inactive destinations are looked for; 0 is never
    /// (`schedulePeriodForDestinationPurge`).
    pub destination_purge_period_ms: u64,
    /// How long purges and deletions of an operator can be undone, as far as the store still has
    /// the messages; 0 for not at all.
    pub undo_grace_ms: u64,
    /// What the broker tells of itself.
    pub advisories: AdvisorySettings,
    /// Scheduled messages.
    pub scheduler: SchedulerSettings,
}

/// Messages that are delivered later, or again and again.
#[derive(Debug, Clone)]
pub struct SchedulerSettings {
    /// `schedulerSupport`: `false` delivers them at once, as any other.
    pub support: bool,
    /// `maxSchedulerRepeatAllowed`: most repetitions of a message.
    pub repeat_max: u32,
    /// Most jobs at a time: each takes about 100 bytes of memory.
    pub jobs_max: usize,
    /// Where the times of cron entries are local.
    pub time_zone: jiff::tz::TimeZone,
}

impl Default for SchedulerSettings {
    fn default() -> Self {
        Self {
            support: false,
            repeat_max: 1000,
            jobs_max: 5_000_000,
            time_zone: jiff::tz::TimeZone::UTC,
        }
    }
}

/// Advisory messages.
#[derive(Debug, Clone)]
pub struct AdvisorySettings {
    /// `advisorySupport`: `false` tells nothing at all.
    pub support: bool,
    /// `anonymousProducerAdvisorySupport`: producers without a destination are told of, too.
    pub anonymous_producers: bool,
    /// The broker's id, as its clients know it.
    pub origin_id: String,
    /// The address of the broker, as its clients know it.
    pub origin_url: String,
}

impl Default for AdvisorySettings {
    fn default() -> Self {
        Self {
            support: true,
            anonymous_producers: false,
            origin_id: "ID:localhost-0:1".into(),
            origin_url: String::new(),
        }
    }
}

impl Default for BrokerSettings {
    fn default() -> Self {
        Self {
            name: "localhost".into(),
            usage: SystemUsage::default(),
            policies: Vec::new(),
            default_policy: PolicyEntry::new(DestinationKind::Queue, ">"),
            destinations: Vec::new(),
            logins: None,
            virtual_destinations: vec![VirtualDestination::topic("VirtualTopic.>")],
            persistent: true,
            parked_send_limit_bytes: 4 << 20,
            uncommitted_count_max: 100_000,
            uncommitted_bytes_max: 256 << 20,
            prepared_bytes_max: 256 << 20,
            destinations_max: 100_000,
            consumers_per_connection_max: 10_000,
            audited_producers_max: 2048,
            message_groups_max: 65_536,
            destination_purge_period_ms: 0,
            undo_grace_ms: 60_000,
            advisories: AdvisorySettings::default(),
            scheduler: SchedulerSettings::default(),
        }
    }
}

/// Who may connect.
#[derive(Debug, Clone, Default)]
pub struct Logins {
    /// Names and passwords.
    pub users: Vec<(Arc<str>, Secret)>,
    /// `anonymousAccessAllowed`: a client that names nobody may, too.
    pub anonymous: bool,
}

/// Destinations whose messages go to others.
#[derive(Debug, Clone)]
pub enum VirtualDestination {
    /// `virtualTopic`: what is sent to a topic also goes to each existing queue whose name is the
    /// topic's between prefix and postfix.
    Topic {
        /// `name`: pattern of the topics.
        pattern: String,
        /// May hold wildcards: `Consumer.*.`.
        prefix: String,
        /// As prefix.
        postfix: String,
    },
    /// `compositeQueue`, `compositeTopic`.
    Composite {
        /// Name or pattern.
        destination: Destination,
        /// Where messages go.
        forward_to: Vec<Forward>,
        /// They do not go to the destination itself.
        forward_only: bool,
    },
}

impl VirtualDestination {
    /// Virtual topics with ActiveMQ's usual queue names, `Consumer.<name>.<topic>`.
    pub fn topic(pattern: &str) -> Self {
        Self::Topic {
            pattern: pattern.into(),
            prefix: "Consumer.*.".into(),
            postfix: String::new(),
        }
    }
}

/// One target of a composite destination.
#[derive(Debug, Clone)]
pub struct Forward {
    /// The target.
    pub destination: Destination,
    pub(crate) filter: Arc<crate::filter::Filter>,
}

impl Forward {
    /// A target for all messages, or for those that a selector matches.
    pub fn new(destination: Destination, selector: Option<Arc<Selector>>) -> Self {
        Self {
            destination,
            filter: Arc::new(crate::filter::Filter::new(selector)),
        }
    }
}

/// Limits of the whole broker.
#[derive(Debug, Clone)]
pub struct SystemUsage {
    /// `memoryUsage limit`; 0 is unlimited.
    pub memory_limit_bytes: u64,
    /// `storeUsage limit`; 0 is unlimited.
    pub store_limit_bytes: u64,
    /// `tempUsage limit`; 0 is unlimited.
    pub temp_limit_bytes: u64,
    /// `jobSchedulerUsage limit`; 0 is unlimited.
    pub job_scheduler_limit_bytes: u64,
    /// `splitSystemUsageForProducersConsumers`: a part of the memory is for what producers send,
    /// another for what is read back from disk for subscriptions of topics.
    pub split: bool,
    /// `producerSystemUsagePortion`, percent of the memory limit.
    pub producer_portion_percent: u32,
    /// `consumerSystemUsagePortion`, percent of the memory limit.
    pub consumer_portion_percent: u32,
    /// Refuse instead of waiting (`sendFailIfNoSpace`).
    pub send_fail_if_no_space: bool,
    /// Wait so long, then refuse; 0 is for ever (`sendFailIfNoSpaceAfterTimeout`).
    pub send_fail_after_timeout_ms: u64,
}

impl SystemUsage {
    /// What producers may fill of the memory limit: all of it, or their portion; 0 is unlimited.
    pub fn producers_limit_bytes(&self) -> u64 {
        let percent = if self.split {
            u64::from(self.producer_portion_percent)
        } else {
            100
        };
        let part = u128::from(self.memory_limit_bytes) * u128::from(percent) / 100;
        u64::try_from(part).unwrap_or(u64::MAX)
    }
}

impl Default for SystemUsage {
    fn default() -> Self {
        Self {
            memory_limit_bytes: 1 << 30,
            store_limit_bytes: 100 << 30,
            temp_limit_bytes: 50 << 30,
            job_scheduler_limit_bytes: 50 << 30,
            split: false,
            producer_portion_percent: 60,
            consumer_portion_percent: 40,
            send_fail_if_no_space: false,
            send_fail_after_timeout_ms: 0,
        }
    }
}

/// `policyEntry`: settings of the destinations that a pattern matches.
#[derive(Debug, Clone)]
pub struct PolicyEntry {
    /// Queue, topic or temporary.
    pub kind: DestinationKind,
    /// Name, possibly with wildcards.
    pub pattern: String,
    /// Line of the entry in the configuration file; 0 when it is not from a file.
    pub line: u32,
    /// `memoryLimit`; 0 is the broker's limit.
    pub memory_limit_bytes: u64,
    /// `producerFlowControl`: `false` lets memory grow past the limit.
    pub producer_flow_control: bool,
    /// `sendFailIfNoSpace`; `None`: as the broker.
    pub send_fail_if_no_space: Option<bool>,
    /// `sendFailIfNoSpaceAfterTimeout`; `None`: as the broker.
    pub send_fail_after_timeout_ms: Option<u64>,
    /// `blockedProducerWarningInterval`; 0 warns once only.
    pub blocked_producer_warning_interval_ms: u64,
    /// `storeUsageHighWaterMark`, percent of the store limit.
    pub store_usage_high_water_mark: u32,
    /// `cursorMemoryHighWaterMark`, percent of the memory limit.
    pub cursor_memory_high_water_mark: u32,
    /// `minimumMessageSize`: base charge of each message.
    pub minimum_message_size: u64,
    /// `pendingQueuePolicy`.
    pub pending_queue_policy: Cursor,
    /// `pendingSubscriberPolicy`: [`Cursor::Memory`] or [`Cursor::File`].
    pub pending_subscriber_policy: Cursor,
    /// `pendingDurableSubscriberPolicy`.
    pub pending_durable_subscriber_policy: Cursor,
    /// `maxPageSize`: most messages read from disk at a time.
    pub page_size_max: usize,
    /// `maxBrowsePageSize`.
    pub browse_page_size_max: usize,
    /// `useCache`: keep fresh persistent messages in memory while there is room.
    pub use_cache: bool,
    /// `queuePrefetch`.
    pub queue_prefetch: u32,
    /// `queueBrowserPrefetch`.
    pub queue_browser_prefetch: u32,
    /// `topicPrefetch`.
    pub topic_prefetch: u32,
    /// `durableTopicPrefetch`.
    pub durable_topic_prefetch: u32,
    /// `strictOrderDispatch`.
    pub strict_order_dispatch: bool,
    /// `useConsumerPriority`.
    pub use_consumer_priority: bool,
    /// `timeBeforeDispatchStarts`.
    pub time_before_dispatch_starts_ms: u64,
    /// `consumersBeforeDispatchStarts`.
    pub consumers_before_dispatch_starts: usize,
    /// `allConsumersExclusiveByDefault`.
    pub all_consumers_exclusive_by_default: bool,
    /// `prioritizedMessages`.
    pub prioritized_messages: bool,
    /// `pendingMessageLimitStrategy`.
    pub pending_message_limit: PendingMessageLimit,
    /// `messageEvictionStrategy`.
    pub message_eviction: MessageEviction,
    /// `slowConsumerStrategy`; `None` closes nobody.
    pub slow_consumers: Option<SlowConsumerStrategy>,
    /// What that is called (`name` of the strategy), for the MBean that shows it.
    pub slow_consumers_name: Option<String>,
    /// `expireMessagesPeriod`; 0 expires at dispatch only.
    pub expire_messages_period_ms: u64,
    /// `deadLetterStrategy`.
    pub dead_letter: DeadLetterStrategy,
    /// `subscriptionRecoveryPolicy`.
    pub subscription_recovery: SubscriptionRecovery,
    /// `alwaysRetroactive`: all topic consumers are.
    pub always_retroactive: bool,
    /// `gcInactiveDestinations`.
    pub gc_inactive_destinations: bool,
    /// `inactiveTimeoutBeforeGC`.
    pub inactive_timeout_before_gc_ms: u64,
    /// `enableAudit`: suppress repeated producer sequences.
    pub enable_audit: bool,
    /// What is told of what happens here.
    pub advisories: AdvisoryPolicy,
}

/// Advisories that are off unless a policy entry says otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AdvisoryPolicy {
    /// `advisoryForConsumed`: each message that was acknowledged.
    pub consumed: bool,
    /// `advisoryForDelivery`: each message that came.
    pub delivered: bool,
    /// `advisoryForDispatched`: each message on its way to a consumer.
    pub dispatched: bool,
    /// `advisoryForDiscardingMessages`: each message over the pending limit.
    pub discarded: bool,
    /// `advisoryForSlowConsumers`.
    pub slow_consumers: bool,
    /// `advisoryForFastProducers`: each producer that begins to wait for room.
    pub fast_producers: bool,
    /// `advisoryWhenFull`: each limit that holds a send back.
    pub when_full: bool,
    /// `sendAdvisoryIfNoConsumers`: each non-persistent message where nobody consumes.
    pub no_consumers: bool,
    /// `includeBodyForAdvisory`: messages are told with their bodies.
    pub with_body: bool,
}

impl PolicyEntry {
    /// An entry with ActiveMQ's defaults.
    pub fn new(kind: DestinationKind, pattern: &str) -> Self {
        Self {
            kind,
            pattern: pattern.into(),
            line: 0,
            memory_limit_bytes: 0,
            producer_flow_control: true,
            send_fail_if_no_space: None,
            send_fail_after_timeout_ms: None,
            blocked_producer_warning_interval_ms: 30_000,
            store_usage_high_water_mark: 100,
            cursor_memory_high_water_mark: 70,
            minimum_message_size: 1024,
            pending_queue_policy: Cursor::Store,
            pending_subscriber_policy: Cursor::File,
            pending_durable_subscriber_policy: Cursor::Store,
            page_size_max: 200,
            browse_page_size_max: 400,
            use_cache: true,
            queue_prefetch: 1000,
            queue_browser_prefetch: 500,
            topic_prefetch: 32_767,
            durable_topic_prefetch: 100,
            strict_order_dispatch: false,
            use_consumer_priority: true,
            time_before_dispatch_starts_ms: 0,
            consumers_before_dispatch_starts: 0,
            all_consumers_exclusive_by_default: false,
            prioritized_messages: false,
            pending_message_limit: PendingMessageLimit::None,
            message_eviction: MessageEviction::Oldest,
            slow_consumers: None,
            slow_consumers_name: None,
            expire_messages_period_ms: 30_000,
            dead_letter: DeadLetterStrategy::default(),
            subscription_recovery: SubscriptionRecovery::None,
            always_retroactive: false,
            gc_inactive_destinations: false,
            inactive_timeout_before_gc_ms: 60_000,
            enable_audit: true,
            advisories: AdvisoryPolicy::default(),
        }
    }
}

/// Where pending messages wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cursor {
    /// Persistent ones in the store, others in memory and then in the spool (`storeCursor`,
    /// `storeDurableSubscriberCursor`).
    #[default]
    Store,
    /// In memory only (`vmQueueCursor`, `vmCursor`, `vmDurableCursor`).
    Memory,
    /// In memory and then in the spool (`fileQueueCursor`, `fileCursor`,
    /// `fileDurableSubscriberCursor`).
    File,
}

/// Most messages kept pending for a topic subscription beyond its prefetch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PendingMessageLimit {
    /// No limit.
    None,
    /// `constantPendingMessageLimitStrategy`; negative is no limit.
    Constant(i64),
    /// `prefetchRatePendingMessageLimitStrategy`: multiplied with the prefetch.
    PrefetchRate(f64),
}

/// Which messages of a topic are kept for retroactive subscribers that come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionRecovery {
    /// `noSubscriptionRecoveryPolicy`.
    None,
    /// `lastImageSubscriptionRecoveryPolicy`: the last one.
    LastImage,
    /// `fixedCountSubscriptionRecoveryPolicy`: so many.
    FixedCount(usize),
    /// `fixedSizedSubscriptionRecoveryPolicy`: so many bytes.
    FixedSized(u64),
    /// `timedSubscriptionRecoveryPolicy`: those of so many milliseconds.
    Timed(u64),
}

/// Which pending message goes when the limit is passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageEviction {
    /// `oldestMessageEvictionStrategy`.
    Oldest,
    /// `oldestMessageWithLowestPriorityEvictionStrategy`.
    OldestWithLowestPriority,
    /// `uniquePropertyMessageEvictionStrategy propertyName`.
    UniqueProperty(String),
}

/// When a slow consumer is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowConsumerStrategy {
    /// What counts as slow.
    pub slow: Slow,
    /// Closed when it was slow so often (`maxSlowCount`).
    pub slow_count_max: Option<u32>,
    /// Closed when it is slow for so long (`maxSlowDuration`).
    pub slow_duration_max_ms: Option<u64>,
    /// Time between two looks, at least 1 (`checkPeriod`).
    pub check_period_ms: u64,
    /// Its connection is closed with it (`abortConnection`).
    pub abort_connection: bool,
    /// Consumers of other brokers stay (`ignoreNetworkConsumers`).
    pub ignore_network_consumers: bool,
}

/// What makes a consumer slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slow {
    /// Its window is full and messages wait; of a topic, more than another window
    /// (`abortSlowConsumerStrategy`).
    Full,
    /// It has not acknowledged for some time (`abortSlowAckConsumerStrategy`).
    Unacknowledged {
        /// So long (`maxTimeSinceLastAck`).
        after_ms: u64,
        /// Also when it has nothing to acknowledge (`ignoreIdleConsumers="false"`).
        idle_too: bool,
    },
}

/// What happens to messages that nobody can process or that expire.
#[derive(Debug, Clone)]
pub struct DeadLetterStrategy {
    /// Where they go.
    pub queue: DeadLetterQueue,
    /// `processExpired`: expired ones too.
    pub process_expired: bool,
    /// `processNonPersistent`: non-persistent ones too.
    pub process_non_persistent: bool,
    /// `expiration` of the copies, from now; 0 is never.
    pub expiration_ms: u64,
}

impl Default for DeadLetterStrategy {
    fn default() -> Self {
        Self {
            queue: DeadLetterQueue::Shared("ActiveMQ.DLQ".into()),
            process_expired: true,
            process_non_persistent: false,
            expiration_ms: 0,
        }
    }
}

/// Where dead letters go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterQueue {
    /// `sharedDeadLetterStrategy`: one queue for all.
    Shared(String),
    /// `individualDeadLetterStrategy`: one per destination.
    Individual {
        /// `queuePrefix`.
        queue_prefix: String,
        /// `topicPrefix`.
        topic_prefix: String,
        /// `queueSuffix`.
        queue_suffix: String,
        /// `topicSuffix`.
        topic_suffix: String,
        /// `useQueueForQueueMessages`: `false` sends a queue's dead letters to a topic.
        queue_for_queues: bool,
        /// `useQueueForTopicMessages`.
        queue_for_topics: bool,
        /// `destinationPerDurableSubscriber`.
        per_durable_subscriber: bool,
    },
    /// `discarding`: nowhere.
    Discard,
}
