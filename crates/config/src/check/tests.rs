use std::path::Path;

use crate::testing::{broker, load_with, loaded, notes, notes_of, options};
use crate::{DiskSpace, Environment, Options};

fn map(entries: &str) -> String {
    format!(
        "<destinationPolicy><policyMap><policyEntries>\n{entries}\n</policyEntries></policyMap>\
         </destinationPolicy>"
    )
}

const LIMITS: &str = "<systemUsage><systemUsage>
    <memoryUsage><memoryUsage limit='11 gb'/></memoryUsage>
    <storeUsage><storeUsage limit='100 gb'/></storeUsage>
    <tempUsage><tempUsage limit='5 gb'/></tempUsage></systemUsage></systemUsage>";

fn small_machine() -> Options {
    Options {
        data_directory: None,
        admin: None,
        environment: Environment::fixed(Path::new("/amq"), 10 << 30, []).with_disk(DiskSpace {
            total_bytes: 40 << 30,
            available_bytes: 30 << 30,
        }),
    }
}

#[test]
fn limits_beyond_the_machine_are_lowered_and_told() {
    let result = load_with(&broker("", LIMITS), &small_machine());
    let usage = &result.as_ref().unwrap().settings.broker.usage;
    assert_eq!(usage.memory_limit_bytes, (10_u64 << 30) / 100 * 70);
    assert_eq!(usage.store_limit_bytes, 30 << 30);
    assert_eq!(usage.temp_limit_bytes, 5 << 30);
    let told = notes_of(result);
    assert!(
        told.contains("3: info: memoryUsage: the memoryUsage limit is more than"),
        "{told}"
    );
    assert!(
        told.contains("4: info: storeUsage: the storeUsage limit is more than the 30 gb"),
        "{told}"
    );
}

#[test]
fn limits_stay_where_the_machine_has_enough() {
    let found = load_with(&broker("", LIMITS), &options()).unwrap();
    assert_eq!(found.settings.broker.usage.memory_limit_bytes, 11 << 30);
    assert_eq!(found.settings.broker.usage.store_limit_bytes, 100 << 30);
}

#[test]
fn without_adjusting_such_limits_are_errors() {
    let told = notes_of(load_with(
        &broker("adjustUsageLimits='false'", LIMITS),
        &small_machine(),
    ));
    assert!(told.contains("3: error: memoryUsage"), "{told}");
    assert!(told.contains("4: error: storeUsage"), "{told}");
    assert!(!told.contains("error: tempUsage"), "{told}");
}

#[test]
fn of_two_entries_for_one_pattern_the_last_one_counts() {
    let inside = map(
        "<policyEntry queue='>' queuePrefetch='1'/>\n<policyEntry topic='>'/>\n\
         <policyEntry queue='>' queuePrefetch='2'/>",
    );
    let policies = loaded("", &inside).settings.broker.policies;
    assert_eq!(policies.len(), 2);
    assert_eq!((policies[0].line, policies[0].queue_prefetch), (5, 2));
    let told = notes("", &inside);
    assert!(
        told.contains("5: warning: policyEntry: is the second entry for queue://>, and hides the one on line 3"),
        "{told}"
    );
}

#[test]
fn a_limit_that_is_never_reached_is_told() {
    let memory = "<systemUsage><systemUsage><memoryUsage><memoryUsage limit='64 mb'/>\
                  </memoryUsage></systemUsage></systemUsage>";
    let told = notes(
        "",
        &format!(
            "{memory}{}",
            map("<policyEntry topic='A' memoryLimit='64mb'/>")
        ),
    );
    assert!(
        told.contains("memoryLimit 64 mb is never reached"),
        "{told}"
    );
    let told = notes(
        "",
        &format!(
            "{memory}{}",
            map("<policyEntry topic='A' memoryLimit='63mb'/>")
        ),
    );
    assert_eq!(told, "");
}

#[test]
fn garbage_collection_needs_its_period() {
    let inside = map("<policyEntry topic='A' gcInactiveDestinations='true'/>");
    assert!(notes("", &inside).contains("without schedulePeriodForDestinationPurge"));
    assert_eq!(
        notes("schedulePeriodForDestinationPurge='10000'", &inside),
        ""
    );
}

#[test]
fn what_a_memory_limit_does_is_explained() {
    let told = notes("", &map("<policyEntry queue='A' memoryLimit='1mb'/>"));
    assert!(
        told.contains("info: policyEntry: this queue keeps about 716.8 kb in memory"),
        "{told}"
    );
    let cursor = "<pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>";
    let told = notes(
        "",
        &map(&format!(
            "<policyEntry queue='A' memoryLimit='1mb'>{cursor}</policyEntry>"
        )),
    );
    assert_eq!(told, "");
    let told = notes(
        "",
        &map(&format!(
            "<policyEntry queue='A' producerFlowControl='false'>{cursor}</policyEntry>"
        )),
    );
    assert!(told.contains("has no limit at all"), "{told}");
}
