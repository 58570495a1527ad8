//! Messages of STOMP as JSON, and how long is waited.

use super::super::stomp::Frame;
use super::{Wait, as_json, selector_of, text_of};
use serde_json::json;

fn message(headers: &[(&str, &str)], body: &[u8]) -> Frame {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Frame {
        verb: "MESSAGE".into(),
        headers: headers.iter().map(own).collect(),
        body: body.to_vec(),
    }
}

#[test]
fn headers_have_their_names_of_jms() {
    let headers = [
        ("message-id", "ID:a"),
        ("destination", "/queue/A.B"),
        ("ack", "7"),
        ("subscription", "0"),
        ("timestamp", "12"),
        ("priority", "x"),
        ("persistent", "true"),
        ("colour", "red"),
    ];
    let expected = json!({
        "JMSMessageID": "ID:a", "JMSDestination": "queue://A.B", "JMSTimestamp": 12,
        "JMSPriority": null, "JMSDeliveryMode": "PERSISTENT", "JMSRedelivered": false,
        "StringProperties": {"colour": "red"}, "Text": "hello",
    });
    assert_eq!(as_json(&message(&headers, b"hello"), "hello"), expected);
}

#[test]
fn what_is_no_text_is_refused_by_its_id() {
    let message = message(&[("message-id", "ID:\u{7}b")], b"\xff");
    let said = text_of(&message).unwrap_err().to_string();
    assert!(said.contains("ID:\\u{7}b is no text and stays"), "{said}");
}

#[test]
fn waits_are_counted_in_rounds() {
    assert_eq!(Wait::seconds(0), Wait::No);
    assert_eq!(Wait::seconds(2), Wait::Rounds(8));
    assert_eq!(Wait::seconds(u64::MAX), Wait::Rounds(u64::MAX));
}

#[test]
fn messages_are_asked_for_by_their_ids() {
    let listed = [
        json!({"JMSMessageID": "ID:a"}),
        json!({"JMSMessageID": "it's"}),
    ];
    assert_eq!(selector_of(&listed), "JMSMessageID IN ('ID:a','it''s')");
}
