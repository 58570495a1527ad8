use crate::testing::notes;

/// What is told of an entry.
fn told(entry: &str) -> String {
    notes(
        "",
        &format!(
            "<destinationPolicy><policyMap><policyEntries>{entry}</policyEntries></policyMap>\
             </destinationPolicy>"
        ),
    )
}

#[test]
fn idle_and_contradicting_settings_are_told() {
    let memory = "<pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>";
    for (entry, expected) in [
        (
            "<policyEntry queue='A' topicPrefetch='1' alwaysRetroactive='true'/>".to_owned(),
            "info: policyEntry: topicPrefetch, alwaysRetroactive have no effect on queues",
        ),
        (
            format!("<policyEntry topic='A' maxBrowsePageSize='1'>{memory}</policyEntry>"),
            "maxBrowsePageSize, pendingQueuePolicy have no effect on topics",
        ),
        (
            format!("<policyEntry queue='A' cursorMemoryHighWaterMark='50'>{memory}</policyEntry>"),
            "cursorMemoryHighWaterMark has no effect with vmQueueCursor",
        ),
        (
            format!("<policyEntry queue='A' useCache='true'>{memory}</policyEntry>"),
            "useCache has no effect with vmQueueCursor",
        ),
        (
            "<policyEntry topic='A'><messageEvictionStrategy><oldestMessageEvictionStrategy/>\
             </messageEvictionStrategy></policyEntry>"
                .to_owned(),
            "messageEvictionStrategy has no effect without a pending message limit",
        ),
        (
            "<policyEntry queue='A' inactiveTimoutBeforeGC='5'/>".to_owned(),
            "inactiveTimeoutBeforeGC has no effect without gcInactiveDestinations",
        ),
        (
            "<policyEntry queue='A' producerFlowControl='false' \
             sendFailIfNoSpaceAfterTimeout='5'/>"
                .to_owned(),
            "warning: policyEntry: producerFlowControl=\"false\" switches the memory limit off, \
             so that sendFailIfNoSpaceAfterTimeout only counts for a full disk",
        ),
        (
            "<policyEntry queue='A' memoryLimit='4kb' minimumMessageSize='8kb'/>".to_owned(),
            "minimumMessageSize 8 kb fills the memoryLimit 4 kb with a single message",
        ),
        (
            "<policyEntry queue='A' storeUsageHighWaterMark='120'/>".to_owned(),
            "storeUsageHighWaterMark above 100 counts as 100",
        ),
    ] {
        let told = told(&entry);
        assert!(told.contains(expected), "{entry}: {told}");
    }
}

#[test]
fn entry_for_queues_and_topics_is_not_told_about() {
    let told = told("<policyEntry queue='A' topic='A' topicPrefetch='1' queuePrefetch='1'/>");
    assert_eq!(told, "");
}
