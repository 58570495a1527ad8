use super::*;
use crate::DiskSpace;
use crate::testing::{broker, options};

fn examine(text: &str) -> Diagnosis {
    let source = Source::Text {
        name: "/amq/conf/a.xml".into(),
        text: text.into(),
    };
    doctor(&source, &options())
}

#[test]
fn the_shipped_configuration_is_without_warnings() {
    let diagnosis = doctor(&Source::BuiltIn, &options());
    let text = diagnosis.to_string();
    assert_eq!(diagnosis.errors_count(), 0);
    assert_eq!(diagnosis.warnings_count(), 0, "{text}");
    assert!(text.contains("0 errors, 0 warnings, 1 note\n"), "{text}");
    assert!(
        text.contains("tcp://127.0.0.1:61616, at most 1000 connections"),
        "{text}"
    );
    assert!(
        text.contains("stomp://127.0.0.1:61613, at most 1000 connections"),
        "{text}"
    );
    assert!(
        text.contains("memory 716.8 mb, store 100 gb, temp 50 gb"),
        "{text}"
    );
    assert!(text.lines().count() <= 24, "more than one screen: {text}");
}

#[test]
fn effective_settings_are_shown_per_pattern() {
    let text = examine(&broker(
        "",
        "<destinationPolicy><policyMap><policyEntries>
         <policyEntry queue='ORDERS.>' memoryLimit='1 mb' sendFailIfNoSpaceAfterTimeout='3000'>
         <deadLetterStrategy><individualDeadLetterStrategy queuePrefix='DLQ.'/></deadLetterStrategy>
         </policyEntry></policyEntries></policyMap></destinationPolicy>",
    ))
    .to_string();
    assert_eq!(
        rows(&text, "queue://ORDERS.>"),
        [
            vec!["queue://ORDERS.>", "3", "store", "1000", "all", "DLQ.*"],
            vec![
                "queue://ORDERS.>",
                "1 mb of 716.8 mb",
                "to disk from 70 %",
                "100 gb",
                "50 gb",
                "waits 3000 ms, then refused"
            ]
        ]
    );
    assert_eq!(rows(&text, "all others").len(), 2, "{text}");
}

/// The cells of all rows that begin so.
fn rows<'t>(text: &'t str, name: &str) -> Vec<Vec<&'t str>> {
    let rows = text.lines().filter(|line| line.starts_with(name));
    rows.map(|row| {
        let cells = row.split("  ").map(str::trim);
        cells.filter(|cell| !cell.is_empty()).collect()
    })
    .collect()
}

/// The row of gates of the only entry of a broker.
fn gates(attributes: &str, entry: &str) -> String {
    let inside = format!(
        "<destinationPolicy><policyMap><policyEntries>{entry}</policyEntries></policyMap>\
         </destinationPolicy><systemUsage><systemUsage><memoryUsage><memoryUsage limit='10 mb'/>\
         </memoryUsage><storeUsage><storeUsage limit='1 gb'/></storeUsage></systemUsage>\
         </systemUsage>"
    );
    let text = examine(&broker(attributes, &inside)).to_string();
    let name = ["queue='", "topic='", "tempQueue='"]
        .iter()
        .zip(["queue://", "topic://", "temp-queue://"])
        .find_map(|(named, name)| entry.contains(named).then_some(name));
    let found = rows(&text, name.unwrap());
    let gates = found.last().unwrap_or_else(|| panic!("{text}"));
    gates.get(1..).unwrap().join(" | ")
}

#[test]
fn gates_say_what_happens_when_each_limit_is_full() {
    let memory = "<pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>";
    for (attributes, entry, expected) in [
        (
            "",
            "<policyEntry queue='A'/>".to_owned(),
            "10 mb | to disk from 70 % | 1 gb | 50 gb | producer waits",
        ),
        (
            "",
            format!("<policyEntry queue='A' memoryLimit='1 mb'>{memory}</policyEntry>"),
            "1 mb of 10 mb | no room | 1 gb | - | producer waits",
        ),
        (
            "",
            format!("<policyEntry queue='A' producerFlowControl='false'>{memory}</policyEntry>"),
            "10 mb | grows on | 1 gb | - | producer waits",
        ),
        (
            "",
            "<policyEntry queue='A' memoryLimit='99 mb' cursorMemoryHighWaterMark='110' \
             storeUsageHighWaterMark='50' sendFailIfNoSpace='true'/>"
                .to_owned(),
            "10 mb | no room | 512 mb (50 %) | 50 gb | refused",
        ),
        (
            "persistent='false'",
            "<policyEntry queue='A'/>".to_owned(),
            "10 mb | no room | - | - | producer waits",
        ),
        (
            "",
            "<policyEntry tempQueue='true'/>".to_owned(),
            "10 mb | no room | - | - | producer waits",
        ),
        (
            "",
            "<policyEntry topic='A'><pendingMessageLimitStrategy>\
             <constantPendingMessageLimitStrategy limit='50'/></pendingMessageLimitStrategy>\
             </policyEntry>"
                .to_owned(),
            "10 mb | to disk from 70 %; over 50 pending the oldest discarded | 1 gb | 50 gb | \
             producer waits",
        ),
        (
            "",
            "<policyEntry topic='A'><pendingSubscriberPolicy><vmCursor/></pendingSubscriberPolicy>\
             </policyEntry>"
                .to_owned(),
            "10 mb | no room | 1 gb | - | producer waits",
        ),
    ] {
        assert_eq!(gates(attributes, &entry), expected, "{entry}");
    }
}

#[test]
fn limits_that_one_disk_cannot_hold_together_are_told() {
    let space = |gigabytes: u64| DiskSpace {
        total_bytes: 1 << 40,
        available_bytes: gigabytes << 30,
    };
    let page = |gigabytes| {
        let options = Options {
            environment: options().environment.with_disk(space(gigabytes)),
            ..options()
        };
        doctor(&Source::BuiltIn, &options).to_string()
    };
    let text = page(120);
    assert!(
        text.contains("16 gb of memory; 120 gb of disk for the store; 120 gb for temp, on the same disk, which is"),
        "{text}"
    );
    assert!(!page(160).contains("same disk"));
}

#[test]
fn a_broken_configuration_is_told_without_settings() {
    let diagnosis = examine("<broker brokerName='${x}' useJmx='true'/>");
    assert_eq!(diagnosis.errors_count(), 1);
    let text = diagnosis.to_string();
    assert!(
        text.ends_with("The broker does not start with this file.\n"),
        "{text}"
    );
    assert!(text.contains("/amq/conf/a.xml:1: error: "), "{text}");
    let diagnosis = examine("<broker>");
    assert_eq!(diagnosis.errors_count(), 1);
    assert!(diagnosis.to_string().contains("close every open element"));
}

#[test]
fn a_divided_memory_is_shown_and_counts_at_every_gate() {
    let text = examine(&broker(
        "splitSystemUsageForProducersConsumers='true'",
        "<systemUsage><systemUsage><memoryUsage><memoryUsage limit='100 mb'/></memoryUsage>
         </systemUsage></systemUsage>
         <destinationPolicy><policyMap><policyEntries>
         <policyEntry queue='A' memoryLimit='1 mb'/></policyEntries></policyMap>
         </destinationPolicy>",
    ))
    .to_string();
    let limits = "memory 100 mb (60 % for producers, 40 % for consumers), store";
    assert!(text.contains(limits), "{text}");
    assert_eq!(rows(&text, "queue://A")[1][1], "1 mb of 60 mb");
}
