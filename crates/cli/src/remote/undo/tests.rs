//! What people read of undos.

use super::{list, told};
use serde_json::json;

#[test]
fn undos_are_a_table_with_their_tokens() {
    let rows = json!([
        {"token": "u2", "destination": "queue://A\n", "deleted": true, "removed": 7,
            "restorable": 5, "bytes": 2048, "leftMs": 59_000},
        {"token": "u1", "destination": "queue://B", "deleted": false, "removed": 1,
            "restorable": 1, "bytes": 100, "leftMs": 999},
    ]);
    let text = list(&rows);
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let lines: Vec<_> = text.lines().map(words).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[1][0], "u2");
    assert!(text.contains("deleted") && text.contains("59 s"), "{text}");
    assert_eq!(lines[2][..4], ["u1", "queue://B", "emptied", "1"]);
    assert_eq!(
        list(&json!([])),
        "nothing was removed that could be undone\n"
    );
}

#[test]
fn subscriptions_and_scheduled_messages_are_named() {
    let rows = json!([
        {"token": "u2", "destination": "topic://T", "what": "subscription", "clientId": "c",
            "subscription": "s", "deleted": true, "removed": 7, "restorable": 5, "bytes": 2048,
            "leftMs": 59_000},
        {"token": "u1", "destination": "topic://M", "what": "jobs", "deleted": false,
            "removed": 1, "restorable": 1, "bytes": 100, "leftMs": 999},
    ]);
    let text = list(&rows);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("u2 s of c at topic://T deleted 7 5"),
        "{words}"
    );
    assert!(
        words.contains("u1 scheduled messages removed 1 1"),
        "{words}"
    );
}

#[test]
fn purge_names_the_command_that_undoes_it() {
    let undo = json!({"token": "u2", "removed": 7, "restorable": 5, "leftMs": 60_000});
    let text = "5 of 7 can be put back for 60 s: floodway undo u2\n";
    assert_eq!(told(&undo), text);
    let lost = told(&json!({"token": "u2", "removed": 7, "restorable": 0}));
    assert!(lost.contains("in memory only"), "{lost}");
}
