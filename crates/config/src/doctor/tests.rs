use super::*;
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
    let row = text
        .lines()
        .find(|line| line.starts_with("queue://ORDERS.>"))
        .unwrap();
    let cells: Vec<_> = row
        .split("  ")
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    assert_eq!(
        cells,
        [
            "queue://ORDERS.>",
            "3",
            "1 mb",
            "wait 3000 ms",
            "store",
            "1000",
            "all",
            "DLQ.*"
        ]
    );
    assert!(text.contains("all others"), "{text}");
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
