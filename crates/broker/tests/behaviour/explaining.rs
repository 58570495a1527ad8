//! What the broker says of producers that are blocked.

use crate::client::{World, consumer, message, queue_policy};
use floodway_broker::settings::Cursor;
use floodway_broker::view::LimitView;
use floodway_message::session::Event;
use floodway_message::{Destination, PropertyValue};

const Q: &str = "queue://Q";

fn memory_queue() -> World {
    World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 100 * 1024;
        entry.pending_queue_policy = Cursor::Memory;
        entry.line = 42;
    }))
}

/// Sends until one waits; says how many were accepted.
fn fill(client: &crate::client::Client<'_>) -> usize {
    let body = "x".repeat(10 * 1024);
    for sent in 0.. {
        let reply = client.send_to(Q, message(&body));
        if client.answer(reply).is_none() {
            return sent;
        }
    }
    unreachable!()
}

#[test]
fn nothing_is_explained_when_nothing_is_blocked() {
    let world = memory_queue();
    let explanation = world.broker.explain(None, world.now());
    assert!(explanation.limits.is_empty());
    assert!(explanation.to_string().contains("No producer is blocked"));
}

#[test]
fn the_blocked_producer_its_limit_and_the_consumer_behind_it_are_named() {
    let world = memory_queue();
    let slow = world.client("slow");
    let mut open = consumer(9, Q);
    open.prefetch = Some(3);
    slow.open(open);
    let producer = world.client("producer");
    let sent = fill(&producer);
    world.now.set(5000);
    let explanation = world.broker.explain(None, world.now());
    let [blockage] = explanation.limits.as_slice() else {
        panic!("{explanation:?}")
    };
    let [blocked] = blockage.blocked.as_slice() else {
        panic!("{explanation:?}")
    };
    assert_eq!(blocked.connection.client_id.as_ref(), "producer");
    assert_eq!((blocked.blocked_ms, blocked.sends), (5000, 1));
    assert_eq!(
        (blocked.policy.pattern.as_str(), blocked.policy.line),
        ("Q", 42)
    );
    assert_eq!(blockage.holders[0].messages.pending as usize, sent - 3);
    let text = explanation.to_string();
    for expected in [
        "memory limit of queue://Q",
        "producer 1 of client producer",
        "line 42",
        "consumer 9 of client slow",
        "holds 3 messages (prefetch 3) and has not acknowledged anything",
        "floodway set queue://Q memoryLimit=2mb",
        "<policyEntry queue=\"Q\" memoryLimit=\"2 mb\"/>",
        "<storeCursor/>",
    ] {
        assert!(text.contains(expected), "no {expected} in:\n{text}");
    }
    let other = Destination::parse("queue://OTHER").unwrap();
    let explanation = world.broker.explain(Some(&other), world.now());
    assert!(explanation.limits.is_empty());
}

#[test]
fn whoever_listens_is_told_who_is_blocked_why_and_when_it_is_over() {
    let world = memory_queue();
    let watching = world.client("watching");
    watching.open(consumer(1, "topic://ActiveMQ.Advisory.ProducerBlocked.>"));
    let client = world.client("producer");
    client.open(consumer(1, Q));
    fill(&client);
    world.now.set(5000);
    client.ack(1, 1);
    let told: Vec<_> = watching.events().into_iter().collect();
    let told: Vec<_> = told
        .iter()
        .filter_map(|event| match event {
            Event::Delivery(delivery) => Some(&delivery.message),
            _ => None,
        })
        .collect();
    let [blocked, over] = told.as_slice() else {
        panic!("{told:?}")
    };
    let topic = "topic://ActiveMQ.Advisory.ProducerBlocked.Queue.Q";
    for (message, is_blocked, waited) in [(blocked, true, 0), (over, false, 5000)] {
        assert_eq!(message.destination().unwrap().to_string(), topic);
        let expected = [
            ("blocked", PropertyValue::Boolean(is_blocked)),
            ("blockedMillis", PropertyValue::Long(waited)),
            ("producerId", PropertyValue::String("1")),
            ("clientId", PropertyValue::String("producer")),
            ("usageName", PropertyValue::String(Q)),
            ("usageLimit", PropertyValue::Long(100 * 1024)),
        ];
        for (name, value) in expected {
            assert_eq!(message.property(name), Some(value), "{name}");
        }
    }
    let Some(PropertyValue::String(text)) = blocked.property("explanation") else {
        panic!("no explanation")
    };
    assert!(
        text.contains("floodway set queue://Q memoryLimit="),
        "{text}"
    );
}

#[test]
fn the_offered_change_frees_the_producer() {
    let world = memory_queue();
    let client = world.client("c");
    fill(&client);
    let waiting = world.broker.blocked(world.now());
    assert_eq!(waiting.len(), 1);
    let explanation = world.broker.explain(None, world.now());
    let remedies = &explanation.limits[0].remedies;
    let change = remedies.iter().find_map(|one| one.memory_limit.clone());
    let (destination, limit_bytes) = change.unwrap();
    assert!(
        world
            .broker
            .set_memory_limit(destination.as_ref(), limit_bytes, world.now())
    );
    assert!(world.broker.blocked(world.now()).is_empty());
    client.send(Q, "more");
}

#[test]
fn of_the_brokers_limit_the_destination_that_holds_most_comes_first() {
    let mut settings = floodway_broker::settings::BrokerSettings::default();
    settings.usage.memory_limit_bytes = 200 * 1024;
    settings.default_policy.pending_queue_policy = Cursor::Memory;
    let world = World::new(settings);
    let client = world.client("c");
    for _ in 0..3 {
        client.send("queue://SMALL", &"x".repeat(10 * 1024));
    }
    fill(&client);
    let explanation = world.broker.explain(None, world.now());
    let blockage = &explanation.limits[0];
    assert!(matches!(
        blockage.limit,
        LimitView::Memory {
            destination: None,
            ..
        }
    ));
    let names: Vec<String> = blockage
        .holders
        .iter()
        .map(|one| one.destination.to_string())
        .collect();
    assert_eq!(names, [Q, "queue://SMALL"]);
    let text = explanation.to_string();
    assert!(text.contains("nobody consumes from queue://Q"), "{text}");
    assert!(text.contains("floodway set broker memoryLimit="), "{text}");
}
