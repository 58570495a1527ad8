//! Advisories survive their encoding; damaged ones are no advisories.

use super::*;
use crate::MessageBuilder;

fn told(advisory: &Advisory) -> Message {
    let mut builder = MessageBuilder::new();
    builder.body(BodyKind::Advisory, advisory.encode());
    builder.build(0).unwrap()
}

fn queue(name: &str) -> Destination {
    Destination::new(DestinationKind::Queue, name).unwrap()
}

fn introduction() -> Introduction {
    Introduction {
        id: "ID:a-1:1".into(),
        command: Bytes::from_static(&[2, 1, 0]),
    }
}

fn things() -> Vec<Thing> {
    vec![
        Thing::Connection(Arc::new(ConnectionFacts {
            introduction: introduction(),
            client_id: "client".into(),
            user: Some("".into()),
            peer: "tcp://127.0.0.1:1".into(),
        })),
        Thing::Consumer(Arc::new(ConsumerFacts {
            introduction: introduction(),
            destinations: vec![queue("A"), queue("B.>")],
            client_id: "client".into(),
            selector: Some("a = 1".into()),
            durable_name: None,
            prefetch: 1000,
            browser: true,
            no_local: false,
            exclusive: true,
            priority: -5,
        })),
        Thing::Producer(Arc::new(ProducerFacts {
            introduction: introduction(),
            destinations: Vec::new(),
        })),
        Thing::Destination {
            destination: Destination::new(DestinationKind::TempTopic, "ID:a:1").unwrap(),
            owner: Some("ID:a".into()),
        },
    ]
}

#[test]
fn what_comes_and_goes_is_told_as_it_is() {
    for thing in things() {
        let present = told(&Advisory::Present(thing.clone()));
        assert!(matches!(Advisory::of(&present), Some(Advisory::Present(other)) if other == thing));
        let gone = told(&Advisory::Gone(thing.clone()));
        assert!(matches!(Advisory::of(&gone), Some(Advisory::Gone(other)) if other == thing));
    }
}

#[test]
fn a_message_is_told_with_or_without_its_body() {
    let mut builder = MessageBuilder::new();
    builder.id("ID:1").body(BodyKind::Text, "text".into());
    let message = builder.build(0).unwrap();
    for has_body in [false, true] {
        let message = message.clone();
        let told = told(&Advisory::Message { message, has_body });
        let Some(Advisory::Message { message, .. }) = Advisory::of(&told) else {
            panic!("{told:?}");
        };
        assert_eq!(message.id(), "ID:1");
        assert_eq!(message.body().is_empty(), !has_body);
    }
}

#[test]
fn damage_is_found() {
    for thing in things() {
        let whole = Advisory::Present(thing).encode();
        for length in 0..whole.len() {
            let mut builder = MessageBuilder::new();
            builder.body(BodyKind::Advisory, whole.slice(..length));
            assert!(Advisory::of(&builder.build(0).unwrap()).is_none());
        }
    }
    let mut plain = MessageBuilder::new();
    plain.body(BodyKind::Bytes, Advisory::Properties.encode());
    assert!(Advisory::of(&plain.build(0).unwrap()).is_none());
}
