//! Headers of SEND frames in messages.

use super::*;
use crate::Settings;
use crate::codec::{Decoder, Version};
use bytes::BytesMut;

fn convert(headers: &str, body: &[u8]) -> Result<Message, StompError> {
    let mut input = BytesMut::from("SEND\ndestination:/queue/a\n");
    input.extend_from_slice(headers.as_bytes());
    input.extend_from_slice(b"\n");
    input.extend_from_slice(body);
    input.extend_from_slice(b"\0");
    let mut decoder = Decoder::new();
    decoder.log_in(Version::V1_2);
    let span = decoder
        .next(&Settings::default(), &mut input)?
        .expect("a whole frame");
    let body = Body::Borrowed(&input[span.body_start..span.body_end]);
    let frame = decoder.frame(&input, body);
    let destination = Destination::parse("queue://a").unwrap();
    let now = Now {
        monotonic_ms: 0,
        wall_ms: 77,
    };
    let origin = Origin {
        now,
        id: "ID:1",
        destination: &destination,
        reply_to: None,
    };
    message(&mut MessageBuilder::new(), &frame, &origin)
}

fn message_of(headers: &str) -> Message {
    convert(headers, b"body").unwrap()
}

fn properties(message: &Message) -> Vec<(String, String)> {
    let text = |value| match value {
        PropertyValue::String(text) => text.to_owned(),
        other => panic!("{other:?} is no text"),
    };
    let listed = message.properties();
    listed
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect()
}

fn text(name: &str, value: &str) -> (String, String) {
    (name.into(), value.into())
}

#[test]
fn a_message_without_headers_has_the_defaults() {
    let message = message_of("");
    assert_eq!(message.destination().unwrap().to_string(), "queue://a");
    assert_eq!(message.id(), "ID:1");
    assert_eq!(
        (
            message.timestamp_ms(),
            message.expiration_ms(),
            message.priority()
        ),
        (77, 0, 4)
    );
    assert!(!message.is_persistent());
    assert_eq!(message.body_kind(), BodyKind::Text);
    assert_eq!(&message.body()[..], b"body");
    assert_eq!(message.correlation_id(), None);
    assert_eq!(message.message_type(), None);
    assert_eq!(message.group_id(), None);
    assert_eq!(properties(&message), []);
}

#[test]
fn headers_with_a_meaning_become_fields() {
    let message = message_of(
        "correlation-id:c\\c1\nexpires:9\ntimestamp:8\npriority:7\ntype:t\npersistent:true\n\
         JMSXGroupID:g\nJMSXGroupSeq:-1\n",
    );
    assert_eq!(message.correlation_id(), Some("c:1"));
    assert_eq!(message.message_type(), Some("t"));
    assert_eq!(
        (message.group_id(), message.group_sequence()),
        (Some("g"), -1)
    );
    assert_eq!(
        (
            message.timestamp_ms(),
            message.expiration_ms(),
            message.priority()
        ),
        (8, 9, 7)
    );
    assert!(message.is_persistent());
    assert_eq!(properties(&message), []);
    let message = message_of(
        "JMSCorrelationID:c\nJMSExpiration:9\nJMSTimestamp:8\nJMSPriority:7\nJMSType:t\n",
    );
    assert_eq!(
        (message.correlation_id(), message.message_type()),
        (Some("c"), Some("t"))
    );
    assert_eq!(
        (
            message.timestamp_ms(),
            message.expiration_ms(),
            message.priority()
        ),
        (8, 9, 7)
    );
}

#[test]
fn only_true_makes_a_message_persistent() {
    for value in ["false", "TRUE", "1", "yes", ""] {
        assert!(
            !message_of(&format!("persistent:{value}\n")).is_persistent(),
            "{value}"
        );
    }
    assert!(message_of("persistent: true\n").is_persistent());
}

#[test]
fn priorities_are_clamped_and_numbers_may_have_blanks() {
    for (value, expected) in [("-3", 0), ("0", 0), ("9", 9), ("10", 9), (" 5 ", 5)] {
        assert_eq!(
            message_of(&format!("priority:{value}\n")).priority(),
            expected
        );
    }
}

#[test]
fn what_only_the_broker_may_set_is_dropped() {
    let message = message_of(
        "message-id:x\nredelivered:true\nsubscription:s\nJMSXUserID:root\nJMSXDeliveryCount:9\n\
         JMSRedelivered:true\nreceipt:r\ntransaction:t\n",
    );
    assert_eq!(message.id(), "ID:1");
    assert_eq!(message.user_id(), None);
    assert_eq!(properties(&message), []);
}

#[test]
fn all_other_headers_are_properties_in_order_and_the_first_one_counts() {
    let message = message_of(
        "b:1\na\\c:x\\ny\nAMQ_SCHEDULED_DELAY:1000\nb:2\nempty\ncontent-type:text/plain\nb:3\n\
         priority:5\npriority:9\n",
    );
    assert_eq!(
        properties(&message),
        [
            text("b", "1"),
            text("a:", "x\ny"),
            text("AMQ_SCHEDULED_DELAY", "1000"),
            text("empty", ""),
            text("content-type", "text/plain"),
        ]
    );
    assert_eq!(message.priority(), 5);
}

#[test]
fn the_first_one_counts_among_many_headers_too() {
    let headers: String = (0..500).map(|n| format!("h{}:{n}\n", n % 100)).collect();
    let found = properties(&message_of(&headers));
    assert_eq!(found.len(), 100);
    assert_eq!(found[99], text("h99", "99"));
}

#[test]
fn a_length_makes_bytes_and_the_wished_type_overrides_it() {
    for (headers, kind) in [
        ("", BodyKind::Text),
        ("content-length:4\n", BodyKind::Bytes),
        ("content-length:4\namq-msg-type:text\n", BodyKind::Text),
        ("amq-msg-type:BYTES\n", BodyKind::Bytes),
        ("amq-msg-type:bytes\namq-msg-type:text\n", BodyKind::Bytes),
    ] {
        let message = message_of(headers);
        assert_eq!(message.body_kind(), kind, "{headers}");
        assert_eq!(message.property("content-length"), None);
    }
    assert_eq!(
        message_of("amq-msg-type:text\n").property("amq-msg-type"),
        Some(PropertyValue::String("text"))
    );
}

#[test]
fn text_that_is_not_utf_8_stays_bytes() {
    let message = convert("", b"a\xff").unwrap();
    assert_eq!(message.body_kind(), BodyKind::Bytes);
    assert_eq!(&message.body()[..], b"a\xff");
    let message = convert("", "größe".as_bytes()).unwrap();
    assert_eq!(message.body_kind(), BodyKind::Text);
}

#[test]
fn a_transformation_is_kept_and_said_to_be_unsupported() {
    let message = message_of("transformation:jms-map-json\n");
    assert_eq!(
        properties(&message),
        [
            text("transformation", "jms-map-json"),
            text(
                "transformation-error",
                "transformations are not supported; the body is unchanged"
            ),
        ]
    );
    let message = message_of("transformation:jms-byte\ncontent-length:4\n");
    assert_eq!(properties(&message), [text("transformation", "jms-byte")]);
}
