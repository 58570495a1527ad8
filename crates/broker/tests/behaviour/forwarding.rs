//! Virtual topics and composite destinations.

use crate::client::{World, consumer, message};
use floodway_broker::settings::{BrokerSettings, Forward, VirtualDestination};
use floodway_message::Destination;
use floodway_message::session::Command;

const TOPIC: &str = "topic://VirtualTopic.Orders";
const A: &str = "queue://Consumer.A.VirtualTopic.Orders";
const B: &str = "queue://Consumer.B.VirtualTopic.Orders";

fn named(uri: &str) -> Destination {
    Destination::parse(uri).unwrap()
}

fn composite(from: &str, to: &[&str], forward_only: bool) -> VirtualDestination {
    VirtualDestination::Composite {
        destination: named(from),
        forward_to: to
            .iter()
            .map(|uri| Forward::new(named(uri), None))
            .collect(),
        forward_only,
    }
}

fn world(rules: Vec<VirtualDestination>) -> World {
    World::new(BrokerSettings {
        virtual_destinations: rules,
        ..BrokerSettings::default()
    })
}

#[test]
fn a_virtual_topic_feeds_every_queue_named_after_it_and_its_own_subscribers() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.send(TOPIC, "nobody");
    client.open(consumer(1, A));
    client.open(consumer(2, TOPIC));
    client.send(TOPIC, "one");
    client.open(consumer(3, B));
    client.send(TOPIC, "two");
    let mut got: Vec<_> = client
        .got()
        .into_iter()
        .map(|got| (got.consumer, got.body))
        .collect();
    got.sort();
    let expected = [(1, "one"), (1, "two"), (2, "one"), (2, "two"), (3, "two")];
    assert_eq!(got, expected.map(|(id, body)| (id, body.to_owned())));
}

#[test]
fn its_queue_keeps_messages_while_nobody_consumes_and_they_name_the_queue() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, A));
    client.close_consumer(1);
    client.send(TOPIC, "kept");
    client.open(consumer(2, A));
    let found = client.events().into_iter().find_map(|event| match event {
        floodway_message::session::Event::Delivery(delivery) => Some(delivery.message),
        _ => None,
    });
    let message = found.unwrap();
    assert_eq!(message.destination(), Some(named(A)));
    assert_eq!(message.original_destination(), Some(named(TOPIC)));
}

#[test]
fn forwarding_is_part_of_the_transaction() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, A));
    for commits in [false, true] {
        let tx = 1;
        client.ask(|reply| Command::Begin { tx, reply });
        client.send_message_in(tx, TOPIC, message(if commits { "kept" } else { "undone" }));
        assert!(client.bodies().is_empty());
        client.ask(|reply| {
            if commits {
                Command::Commit { tx, reply }
            } else {
                Command::Rollback { tx, reply }
            }
        });
    }
    assert_eq!(client.bodies(), ["kept"]);
}

#[test]
fn a_composite_queue_forwards_only_or_keeps_its_own() {
    let world = world(vec![
        composite("queue://ONLY", &["queue://X", "topic://Y"], true),
        composite("queue://BOTH", &["queue://Z"], false),
    ]);
    let client = world.client("c");
    for (id, uri) in (1..).zip([
        "queue://ONLY",
        "queue://X",
        "topic://Y",
        "queue://BOTH",
        "queue://Z",
    ]) {
        client.open(consumer(id, uri));
    }
    client.send("queue://ONLY", "a");
    client.send("queue://BOTH", "b");
    let mut got: Vec<_> = client
        .got()
        .into_iter()
        .map(|got| (got.consumer, got.body))
        .collect();
    got.sort();
    let expected = [(2, "a"), (3, "a"), (4, "b"), (5, "b")];
    assert_eq!(got, expected.map(|(id, body)| (id, body.to_owned())));
}

#[test]
fn a_circle_is_refused() {
    let world = world(vec![
        composite("queue://A", &["queue://B"], true),
        composite("queue://B", &["queue://A"], true),
    ]);
    let client = world.client("c");
    let reply = client.send_to("queue://A", message("round"));
    let failure = client.answer(reply).unwrap().unwrap_err();
    assert!(failure.text.contains("circle"), "{failure}");
}
