//! Durable subscriptions.

use crate::client::{World, consumer, message, selecting};
use floodway_broker::settings::BrokerSettings;
use floodway_message::session::{AckKind, AckRange, Command, FailureKind, OpenConsumer};

const T: &str = "topic://T";

fn durable(id: u64, name: &str) -> OpenConsumer {
    let mut open = consumer(id, T);
    open.durable_name = Some(name.into());
    open
}

#[test]
fn what_is_published_while_it_is_away_waits_for_it() {
    let world = World::new(BrokerSettings::default());
    let sender = world.client("sender");
    let client = world.client("client");
    client.open(durable(1, "one"));
    client.open(durable(2, "two"));
    sender.send(T, "a");
    assert_eq!(client.bodies(), ["a", "a"]);
    client.ack(1, 1);
    client.close();
    sender.send(T, "b");
    let mut volatile = message("volatile");
    volatile.persistent(false);
    sender.send_to(T, volatile);
    let client = world.client("client");
    client.open(durable(1, "one"));
    assert_eq!(client.bodies(), ["b", "volatile"]);
    client.open(durable(2, "two"));
    assert_eq!(client.bodies(), ["a", "b", "volatile"]);
}

#[test]
fn removing_it_forgets_what_it_held() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("client");
    client.open(durable(1, "one"));
    let remove = |reply| Command::RemoveDurable {
        client_id: None,
        name: "one".into(),
        reply,
    };
    assert!(
        client
            .ask(remove)
            .unwrap()
            .unwrap_err()
            .text
            .contains("in use")
    );
    client.close_consumer(1);
    client.send(T, "a");
    assert_eq!(client.ask(remove), Some(Ok(())));
    client.open(durable(2, "one"));
    assert!(client.got().is_empty());
    assert!(world.stores[0].lists().iter().all(|list| list.pending == 0));
}

#[test]
fn a_changed_selector_makes_a_new_subscription() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("client");
    client.open(durable(1, "one"));
    client.close_consumer(1);
    client.send(T, "a");
    client.open(selecting(durable(2, "one"), "a = 1"));
    assert!(client.got().is_empty());
}

#[test]
fn no_local_leaves_out_what_its_connection_sends_while_it_listens() {
    let world = World::new(BrokerSettings::default());
    let other = world.client("other");
    let client = world.client("client");
    let mut open = durable(1, "one");
    open.no_local = true;
    client.open(open.clone());
    client.send(T, "own");
    other.send(T, "foreign");
    assert_eq!(client.bodies(), ["foreign"]);
    client.ack(1, 1);
    client.close();
    let client = world.client("client");
    client.send(T, "before");
    client.open(open);
    client.send(T, "own again");
    assert_eq!(client.bodies(), ["before"]);
    client.ack(1, 1);
    client.close_consumer(1);
    client.open(durable(1, "one"));
    client.send(T, "all");
    assert_eq!(client.bodies(), ["all"]);
}

#[test]
fn two_consumers_at_once_are_refused() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("client");
    client.open(durable(1, "one"));
    let mut open = durable(2, "one");
    let answer = client.ask(|reply| {
        open.reply = reply;
        Command::OpenConsumer(Box::new(open))
    });
    assert!(answer.unwrap().unwrap_err().text.contains("in use"));
}

#[test]
fn a_message_is_gone_when_the_last_of_them_has_it() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("client");
    for (id, name) in [(1, "one"), (2, "two"), (3, "three")] {
        client.open(durable(id, name));
        client.close_consumer(id);
    }
    client.send(T, &"x".repeat(100_000));
    for (id, name) in [(11, "one"), (12, "two"), (13, "three")] {
        client.open(durable(id, name));
        assert_eq!(client.got().len(), 1);
        client.ack_as(id, AckRange::UpTo(1), AckKind::Consumed, None);
    }
    assert_eq!(world.stores[0].usage().live_bytes, 0);
}

#[test]
fn one_that_could_not_be_stored_is_refused_however_often_it_is_asked_for() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("client");
    client.open(durable(1, "known"));
    client.close_consumer(1);
    world.stores[0].close().unwrap();
    for id in [2, 3] {
        let mut open = durable(id, "new");
        let answer = client.ask(|reply| {
            open.reply = reply;
            Command::OpenConsumer(Box::new(open))
        });
        let failure = answer.unwrap().unwrap_err();
        assert_eq!(failure.kind, FailureKind::Store, "attempt {id}");
    }
    // What is stored serves on.
    client.open(durable(4, "known"));
}
