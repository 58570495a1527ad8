use super::{clean, connections, queues, size, time};
use serde_json::json;

#[test]
fn name_cannot_command_the_terminal() {
    assert_eq!(clean("a\u{1b}[2Jb\r\u{9b}c\n"), "a\\u{1b}[2Jb\\r\\u{9b}c\n");
    let rows = json!([{"clientId": "x\ny", "peer": "p", "user": null, "protocol": "STOMP 1.2"}]);
    let text = connections(&rows);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("x\\ny"), "{text}");
}

#[test]
fn queues_stand_in_columns_and_blocked_ones_say_so() {
    let row = |name: &str, blocked: u64| {
        json!({
            "destination": name, "pending": 1, "inFlight": 2, "consumers": 3, "blocked": blocked,
            "totals": {"enqueued": 4, "dequeued": 5},
            "memory": {"usedBytes": 512, "limitBytes": 1024, "percent": 50},
        })
    };
    let text = queues(&json!([row("queue://a.long.name", 0), row("queue://b", 1)]));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0].find("PENDING"), lines[2].find('1'), "{text}");
    assert!(lines[1].ends_with("512 bytes of 1.0 kb (50 %)"), "{text}");
    assert!(lines[2].ends_with(" BLOCKED"), "{text}");
}

#[test]
fn sizes_and_times_are_in_units_of_people() {
    assert_eq!(size(1023), "1023 bytes");
    assert_eq!(size(1536), "1.5 kb");
    assert_eq!(size(u64::MAX), "17179869183.9 gb");
    assert_eq!(time(119_999), "119 s");
    assert_eq!(time(120_000), "2 min");
}
