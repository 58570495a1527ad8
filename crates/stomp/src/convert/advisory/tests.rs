//! Advisories in words.

use super::*;
use bytes::Bytes;
use floodway_message::advisory::{ConnectionFacts, Introduction, ProducerFacts};
use floodway_message::{BodyKind, MessageBuilder};
use std::sync::Arc;

fn told(advisory: &Advisory) -> String {
    let mut builder = MessageBuilder::new();
    builder.body(BodyKind::Advisory, advisory.encode());
    json(&builder.build(0).unwrap()).unwrap()
}

fn introduction() -> Introduction {
    Introduction {
        id: "ID:1".into(),
        command: Bytes::from_static(b"\x02secret"),
    }
}

#[test]
fn things_are_named_as_in_activemq() {
    let queue = Destination::parse("queue://a\"b\\c").unwrap();
    let destination = Thing::Destination {
        destination: queue.clone(),
        owner: None,
    };
    assert_eq!(
        told(&Advisory::Present(destination)),
        r#"{"DestinationInfo":{"destination":"queue://a\"b\\c","operation":"add"}}"#
    );
    let connection = Thing::Connection(Arc::new(ConnectionFacts {
        introduction: introduction(),
        client_id: "a\nb".into(),
        user: None,
        peer: "peer".into(),
    }));
    assert_eq!(
        told(&Advisory::Present(connection)),
        r#"{"ConnectionInfo":{"connectionId":"ID:1","clientId":"a\u000ab","clientIp":"peer"}}"#
    );
    let producer = Thing::Producer(Arc::new(ProducerFacts {
        introduction: introduction(),
        destinations: Vec::new(),
    }));
    assert_eq!(
        told(&Advisory::Gone(producer)),
        r#"{"RemoveInfo":{"objectId":"ID:1"}}"#
    );
    assert_eq!(told(&Advisory::Properties), "{}");
}

#[test]
fn other_messages_are_no_advisories() {
    let mut builder = MessageBuilder::new();
    builder.body(BodyKind::Text, "{}".into());
    assert!(json(&builder.build(0).unwrap()).is_none());
}
