use floodway_broker::settings::{
    Cursor, DeadLetterQueue, MessageEviction, PendingMessageLimit, Slow, SlowConsumerStrategy,
};

use super::*;
use crate::testing::{loaded, notes};

fn map(entries: &str) -> String {
    format!(
        "<destinationPolicy><policyMap><policyEntries>\n{entries}\n</policyEntries></policyMap>\
         </destinationPolicy>"
    )
}

fn entry(text: &str) -> PolicyEntry {
    loaded("", &map(text)).settings.broker.policies.remove(0)
}

#[test]
fn an_entry_has_all_its_attributes() {
    let found = entry(
        "<policyEntry queue='A.>' memoryLimit='1 mb' producerFlowControl='false'
          sendFailIfNoSpace='false' sendFailIfNoSpaceAfterTimeout='5'
          blockedProducerWarningInterval='-1' storeUsageHighWaterMark='90'
          cursorMemoryHighWaterMark='50' minimumMessageSize='512' maxPageSize='10'
          maxBrowsePageSize='20' useCache='false' queuePrefetch='1' queueBrowserPrefetch='2'
          topicPrefetch='3' durableTopicPrefetch='4' strictOrderDispatch='true'
          useConsumerPriority='false' timeBeforeDispatchStarts='6'
          consumersBeforeDispatchStarts='7' allConsumersExclusiveByDefault='true'
          prioritizedMessages='true' expireMessagesPeriod='0' gcInactiveDestinations='true'
          inactiveTimoutBeforeGC='9' enableAudit='false'/>",
    );
    assert_eq!(
        (found.kind, found.pattern.as_str(), found.line),
        (DestinationKind::Queue, "A.>", 3)
    );
    assert_eq!(found.memory_limit_bytes, 1 << 20);
    assert!(!found.producer_flow_control);
    assert_eq!(found.send_fail_if_no_space, Some(false));
    assert_eq!(found.send_fail_after_timeout_ms, Some(5));
    assert_eq!(found.blocked_producer_warning_interval_ms, 0);
    assert_eq!(found.store_usage_high_water_mark, 90);
    assert_eq!(found.cursor_memory_high_water_mark, 50);
    assert_eq!(found.minimum_message_size, 512);
    assert_eq!((found.page_size_max, found.browse_page_size_max), (10, 20));
    assert!(!found.use_cache);
    assert_eq!((found.queue_prefetch, found.queue_browser_prefetch), (1, 2));
    assert_eq!((found.topic_prefetch, found.durable_topic_prefetch), (3, 4));
    assert!(found.strict_order_dispatch && !found.use_consumer_priority);
    assert_eq!(found.time_before_dispatch_starts_ms, 6);
    assert_eq!(found.consumers_before_dispatch_starts, 7);
    assert!(found.all_consumers_exclusive_by_default && found.prioritized_messages);
    assert_eq!(found.expire_messages_period_ms, 0);
    assert!(found.gc_inactive_destinations);
    assert_eq!(found.inactive_timeout_before_gc_ms, 9);
    assert!(!found.enable_audit);
}

#[test]
fn advisories_are_switched_one_by_one() {
    let switches = [
        "advisoryForConsumed",
        "advisoryForDelivery",
        "advisoryForDispatched",
        "advisoryForDiscardingMessages",
        "advisoryForSlowConsumers",
        "advisoryForFastProducers",
        "advisoryWhenFull",
        "sendAdvisoryIfNoConsumers",
        "includeBodyForAdvisory",
    ];
    for (at, switch) in switches.iter().enumerate() {
        let text = format!("<policyEntry queue='A' {switch}='true'/>");
        let found = entry(&text).advisories;
        let all = [
            found.consumed,
            found.delivered,
            found.dispatched,
            found.discarded,
            found.slow_consumers,
            found.fast_producers,
            found.when_full,
            found.no_consumers,
            found.with_body,
        ];
        let on: Vec<usize> = (0..all.len()).filter(|at| all[*at]).collect();
        assert_eq!(on, [at], "{switch}");
        assert!(!notes("", &map(&text)).contains(switch), "it is used");
    }
}

#[test]
fn an_entry_without_attributes_has_the_defaults_of_activemq() {
    let found = entry("<policyEntry topic='>'/>");
    let expected = PolicyEntry {
        line: 3,
        ..PolicyEntry::new(DestinationKind::Topic, ">")
    };
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
}

#[test]
fn destinations_are_named_in_all_forms() {
    let policies = loaded(
        "",
        &map("<policyEntry queue='A, topic://B,queue://C.*'/>
              <policyEntry tempQueue='true'/><policyEntry tempTopic='true' tempQueue='false'/>
              <policyEntry><destination><topic physicalName='D'/></destination></policyEntry>"),
    )
    .settings
    .broker
    .policies;
    let names: Vec<_> = policies
        .iter()
        .map(|entry| format!("{}{}", entry.kind.scheme(), entry.pattern))
        .collect();
    let expected = [
        "queue://A",
        "topic://B",
        "queue://C.*",
        "temp-queue://>",
        "temp-topic://>",
        "topic://D",
    ];
    assert_eq!(names, expected);
}

#[test]
fn an_entry_without_destination_is_an_error() {
    let told = notes("", &map("<policyEntry memoryLimit='1mb'/>"));
    assert!(
        told.contains("3: error: policyEntry: names no destination; write queue="),
        "{told}"
    );
    let told = notes("", &map("<policyEntry queue=' , '/>"));
    assert!(told.contains("is not a destination"), "{told}");
}

#[test]
fn the_default_entry_is_for_all_others() {
    let found = loaded(
        "",
        "<destinationPolicy><policyMap><defaultEntry><policyEntry memoryLimit='2 mb'/>\
         </defaultEntry></policyMap></destinationPolicy>",
    );
    assert_eq!(
        found.settings.broker.default_policy.memory_limit_bytes,
        2 << 20
    );
}

#[test]
fn cursors_are_closed_choices() {
    for (text, expected) in [
        ("<vmQueueCursor/>", Cursor::Memory),
        ("<fileQueueCursor/>", Cursor::File),
        ("<storeCursor/>", Cursor::Store),
    ] {
        let found = entry(&format!(
            "<policyEntry queue='A'><pendingQueuePolicy>{text}</pendingQueuePolicy></policyEntry>"
        ));
        assert_eq!(found.pending_queue_policy, expected, "{text}");
    }
    let found = entry(
        "<policyEntry topic='A'><pendingSubscriberPolicy><vmCursor/></pendingSubscriberPolicy>
         <pendingDurableSubscriberPolicy><fileDurableSubscriberCursor/>
         </pendingDurableSubscriberPolicy></policyEntry>",
    );
    assert_eq!(found.pending_subscriber_policy, Cursor::Memory);
    assert_eq!(found.pending_durable_subscriber_policy, Cursor::File);
}

#[test]
fn a_cursor_in_the_wrong_place_is_told_and_an_unknown_one_refused() {
    let told = notes(
        "",
        &map(
            "<policyEntry queue='A'><pendingQueuePolicy><vmCursor/></pendingQueuePolicy>\
              </policyEntry>",
        ),
    );
    assert!(
        told.contains("warning: vmCursor: does not belong into pendingQueuePolicy"),
        "{told}"
    );
    let told = notes(
        "",
        &map(
            "<policyEntry queue='A'><pendingQueuePolicy><quickCursor/></pendingQueuePolicy>\
              </policyEntry>",
        ),
    );
    assert!(told.contains("error: quickCursor"), "{told}");
    assert!(
        told.contains("write one of <storeCursor/>, <vmQueueCursor/>"),
        "{told}"
    );
}

#[test]
fn pending_limits_are_constant_or_a_rate() {
    let limit = |text: &str| {
        entry(&format!(
            "<policyEntry topic='A'><pendingMessageLimitStrategy>{text}\
             </pendingMessageLimitStrategy></policyEntry>"
        ))
        .pending_message_limit
    };
    assert_eq!(
        limit("<constantPendingMessageLimitStrategy limit='1000'/>"),
        PendingMessageLimit::Constant(1000)
    );
    assert_eq!(
        limit("<constantPendingMessageLimitStrategy/>"),
        PendingMessageLimit::None
    );
    assert_eq!(
        limit("<prefetchRatePendingMessageLimitStrategy multiplier='2.5'/>"),
        PendingMessageLimit::PrefetchRate(2.5)
    );
    assert_eq!(
        limit("<prefetchRatePendingMessageLimitStrategy/>"),
        PendingMessageLimit::PrefetchRate(0.5)
    );
}

#[test]
fn eviction_is_a_closed_choice() {
    let eviction = |text: &str| {
        entry(&format!(
            "<policyEntry topic='A'><messageEvictionStrategy>{text}</messageEvictionStrategy>\
             </policyEntry>"
        ))
        .message_eviction
    };
    assert_eq!(
        eviction("<oldestMessageWithLowestPriorityEvictionStrategy/>"),
        MessageEviction::OldestWithLowestPriority
    );
    assert_eq!(
        eviction("<uniquePropertyMessageEvictionStrategy propertyName='STOCK'/>"),
        MessageEviction::UniqueProperty("STOCK".into())
    );
}

#[test]
fn slow_consumers_are_closed_as_the_strategy_says() {
    let slow = |text: &str| {
        let text = format!(
            "<policyEntry queue='A'><slowConsumerStrategy>{text}</slowConsumerStrategy></policyEntry>"
        );
        entry(&text).slow_consumers.unwrap()
    };
    let by_default = SlowConsumerStrategy {
        slow: Slow::Full,
        slow_count_max: None,
        slow_duration_max_ms: Some(30_000),
        check_period_ms: 30_000,
        abort_connection: false,
        ignore_network_consumers: true,
    };
    assert_eq!(slow("<abortSlowConsumerStrategy/>"), by_default);
    let named = "<policyEntry queue='A'><slowConsumerStrategy>
        <abortSlowConsumerStrategy name=' mine '/></slowConsumerStrategy></policyEntry>";
    assert_eq!(entry(named).slow_consumers_name.as_deref(), Some("mine"));
    let given = slow(
        "<abortSlowAckConsumerStrategy name='s' maxSlowCount='5' maxSlowDuration='-1'
          checkPeriod='100' abortConnection='true' ignoreNetworkConsumers='false'
          maxTimeSinceLastAck='7' ignoreIdleConsumers='false'/>",
    );
    let expected = SlowConsumerStrategy {
        slow: Slow::Unacknowledged {
            after_ms: 7,
            idle_too: true,
        },
        slow_count_max: Some(5),
        slow_duration_max_ms: None,
        check_period_ms: 100,
        abort_connection: true,
        ignore_network_consumers: false,
    };
    assert_eq!(given, expected);
    let text = "<policyEntry queue='A'><slowConsumerStrategy>
        <abortSlowConsumerStrategy maxSlowDuration='0'/></slowConsumerStrategy></policyEntry>";
    assert!(notes("", &map(text)).contains("closes nobody"));
}

#[test]
fn dead_letters_are_shared_individual_or_discarded() {
    let dead = |text: &str| {
        entry(&format!(
            "<policyEntry queue='A'><deadLetterStrategy>{text}</deadLetterStrategy></policyEntry>"
        ))
        .dead_letter
    };
    let shared = dead(
        "<sharedDeadLetterStrategy processExpired='false' processNonPersistent='true'
          expiration='7'><deadLetterQueue><queue physicalName='DEAD'/></deadLetterQueue>
         </sharedDeadLetterStrategy>",
    );
    assert_eq!(shared.queue, DeadLetterQueue::Shared("DEAD".into()));
    assert!(!shared.process_expired && shared.process_non_persistent);
    assert_eq!(shared.expiration_ms, 7);
    let individual = dead(
        "<individualDeadLetterStrategy queuePrefix='DLQ.' topicSuffix='.DLQ'
          useQueueForTopicMessages='false'/>",
    );
    assert_eq!(
        individual.queue,
        DeadLetterQueue::Individual {
            queue_prefix: "DLQ.".into(),
            topic_prefix: "ActiveMQ.DLQ.Topic.".into(),
            queue_suffix: String::new(),
            topic_suffix: ".DLQ".into(),
            queue_for_queues: true,
            queue_for_topics: false,
            per_durable_subscriber: false,
        }
    );
    assert_eq!(dead("<discarding/>").queue, DeadLetterQueue::Discard);
}

#[test]
fn dead_letters_need_a_queue() {
    let strategy = |inside: &str| {
        notes(
            "",
            &map(&format!(
                "<policyEntry queue='A'><deadLetterStrategy><sharedDeadLetterStrategy>\
                 <deadLetterQueue>{inside}</deadLetterQueue></sharedDeadLetterStrategy>\
                 </deadLetterStrategy></policyEntry>"
            )),
        )
    };
    assert!(strategy("<topic physicalName='A'/>").contains("cannot hold dead letters"));
    assert!(strategy("<queue/>").contains("names no queue"));
}

#[test]
fn settings_that_do_nothing_where_they_stand_are_told() {
    let told = notes(
        "",
        &map(
            "<policyEntry queue='A' sendFailIfNoSpace='true' producerFlowControl='false'
               sendFailIfNoSpaceAfterTimeout='3'><pendingMessageLimitStrategy>
               <constantPendingMessageLimitStrategy limit='1'/></pendingMessageLimitStrategy>
               </policyEntry>",
        ),
    );
    for part in [
        "sendFailIfNoSpaceAfterTimeout never counts",
        "switches the memory limit off",
        "pendingMessageLimitStrategy has no effect on queues",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_java_class_as_a_strategy_is_told_and_left_out() {
    let told = notes(
        "",
        &map("<policyEntry queue='A'><deadLetterStrategy>
              <bean xmlns='http://www.springframework.org/schema/beans' class='my.Strategy'/>
              </deadLetterStrategy></policyEntry>"),
    );
    assert!(
        told.contains("warning: bean: Java classes do not run"),
        "{told}"
    );
}
