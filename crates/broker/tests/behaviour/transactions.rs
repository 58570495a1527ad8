//! Local transactions.

use crate::client::{START_WALL_MS, World, consumer, message, queue_policy};
use floodway_broker::settings::{BrokerSettings, Cursor, PolicyEntry};
use floodway_message::DestinationKind;
use floodway_message::session::{AckKind, AckRange, Command, FailureKind};

const Q: &str = "queue://Q";

#[test]
fn nothing_is_seen_before_the_commit_and_all_of_it_after() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.open(consumer(2, "queue://R"));
    assert_eq!(
        client.ask(|reply| Command::Begin { tx: 7, reply }),
        Some(Ok(()))
    );
    client.send_in(7, Q, "a");
    client.send_in(7, "queue://R", "b");
    assert!(client.got().is_empty());
    assert_eq!(
        client.ask(|reply| Command::Commit { tx: 7, reply }),
        Some(Ok(()))
    );
    let mut bodies = client.bodies();
    bodies.sort();
    assert_eq!(bodies, ["a", "b"]);
}

#[test]
fn rollback_forgets_sends_and_reopens_deliveries() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.send(Q, "a");
    client.got();
    client.ask(|reply| Command::Begin { tx: 1, reply });
    client.send_in(1, Q, "never");
    client.ack_as(1, AckRange::One(1), AckKind::Consumed, Some(1));
    assert_eq!(
        client.ask(|reply| Command::Rollback { tx: 1, reply }),
        Some(Ok(()))
    );
    assert!(client.got().is_empty());
    client.ack(1, 1);
    client.close_consumer(1);
    client.open(consumer(2, Q));
    assert!(client.got().is_empty());
}

#[test]
fn a_disconnect_rolls_back() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.send(Q, "a");
    client.got();
    client.ask(|reply| Command::Begin { tx: 1, reply });
    client.send_in(1, Q, "never");
    client.ack_as(1, AckRange::One(1), AckKind::Consumed, Some(1));
    client.close();
    let client = world.client("c");
    client.open(consumer(1, Q));
    assert_eq!(client.bodies(), ["a"]);
}

#[test]
fn committed_acknowledgements_are_final() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.send(Q, "a");
    client.ask(|reply| Command::Begin { tx: 1, reply });
    client.ack_as(1, AckRange::One(1), AckKind::Consumed, Some(1));
    assert_eq!(
        client.ask(|reply| Command::Commit { tx: 1, reply }),
        Some(Ok(()))
    );
    assert!(world.stores[0].lists().iter().all(|list| list.pending == 0));
}

#[test]
fn a_transaction_larger_than_the_limit_does_not_wait_on_itself() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 1 << 20;
        entry.pending_queue_policy = Cursor::Memory;
    }));
    let client = world.client("c");
    client.ask(|reply| Command::Begin { tx: 1, reply });
    for _ in 0..200 {
        client.send_in(1, Q, &"x".repeat(10 * 1024));
    }
    assert_eq!(
        client.ask(|reply| Command::Commit { tx: 1, reply }),
        Some(Ok(()))
    );
}

#[test]
fn a_commit_waits_as_a_whole_while_its_destination_is_full() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 100 << 10;
        entry.pending_queue_policy = Cursor::Memory;
    }));
    let client = world.client("c");
    for _ in 0..10 {
        client.send(Q, &"x".repeat(10 * 1024));
    }
    client.ask(|reply| Command::Begin { tx: 1, reply });
    client.send_in(1, Q, "in tx");
    let reply = client.reply();
    client.submit(Command::Commit {
        tx: 1,
        reply: Some(reply),
    });
    assert_eq!(client.answer(reply), None);
    client.open(consumer(1, Q));
    client.got();
    client.ack(1, 1);
    assert_eq!(client.answer(reply), Some(Ok(())));
    assert_eq!(client.bodies(), ["in tx"]);
}

#[test]
fn a_transaction_over_its_cap_is_refused_with_the_cap() {
    let world = World::new(BrokerSettings {
        uncommitted_count_max: 3,
        ..BrokerSettings::default()
    });
    let client = world.client("c");
    client.send(Q, "there already");
    client.ask(|reply| Command::Begin { tx: 1, reply });
    for body in ["a", "b", "c"] {
        client.send_in(1, Q, body);
    }
    let destination = floodway_message::Destination::parse(Q).unwrap();
    let message = crate::client::message("d").build(0).unwrap();
    let answer = client.ask(|reply| {
        Command::Send(floodway_message::session::Send {
            producer: 1,
            destinations: floodway_message::session::Destinations::One(destination),
            message,
            tx: Some(1),
            reply,
        })
    });
    let failure = answer.unwrap().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Transaction);
    assert!(failure.text.contains("at most 3"), "{}", failure.text);
    let exceeded = world.broker.view().destinations[0].totals;
    assert_eq!(exceeded.uncommitted_exceeded, 1);
}

#[test]
fn what_a_closed_consumer_acknowledged_stays_with_its_transaction() {
    for commits in [true, false] {
        let world = World::new(BrokerSettings::default());
        let client = world.client("c");
        client.open(consumer(1, Q));
        client.send(Q, "a");
        client.got();
        client.ask(|reply| Command::Begin { tx: 1, reply });
        client.ack_as(1, AckRange::One(1), AckKind::Consumed, Some(1));
        client.close_consumer(1);
        client.open(consumer(2, Q));
        assert!(client.got().is_empty(), "the transaction has it");
        let tx = 1;
        client.ask(|reply| match commits {
            true => Command::Commit { tx, reply },
            false => Command::Rollback { tx, reply },
        });
        let returned: Vec<u32> = client.got().iter().map(|got| got.redeliveries).collect();
        let expected: &[u32] = if commits { &[] } else { &[1] };
        assert_eq!(returned, expected);
    }
}

#[test]
fn what_expired_before_the_commit_goes_to_the_dead_letter_queue() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, "queue://ActiveMQ.DLQ"));
    client.ask(|reply| Command::Begin { tx: 1, reply });
    let mut builder = message("a");
    builder.expiration_ms(START_WALL_MS + 10);
    client.send_message_in(1, Q, builder);
    world.pass(20);
    let answer = client.ask(|reply| Command::Commit { tx: 1, reply });
    assert_eq!(answer, Some(Ok(())));
    assert_eq!(client.bodies(), ["a"]);
}

#[test]
fn a_commit_makes_room_for_what_waits_before_it_also_by_way_of_a_subscription_to_many_topics() {
    for topics in ["topic://T", "topic://T.>"] {
        let mut entry = PolicyEntry::new(DestinationKind::Topic, ">");
        entry.memory_limit_bytes = 30 << 10;
        entry.pending_durable_subscriber_policy = Cursor::Memory;
        let world = World::with_policy(entry);
        let client = world.client("c");
        let mut open = consumer(1, topics);
        open.durable_name = Some("d".into());
        client.open(open);
        for _ in 0..3 {
            client.send("topic://T", &"x".repeat(10 * 1024));
        }
        let last = client.got().last().unwrap().delivery;
        client.ask(|reply| Command::Begin { tx: 1, reply });
        client.ack_as(1, AckRange::UpTo(last), AckKind::Consumed, Some(1));
        client.send_in(1, "topic://T", "in tx");
        let waiting = client.send_to("topic://T", message("waits"));
        assert_eq!(client.answer(waiting), None, "{topics}");
        let reply = client.reply();
        client.submit(Command::Commit {
            tx: 1,
            reply: Some(reply),
        });
        world.pass(1000);
        assert_eq!(client.answer(reply), Some(Ok(())), "{topics}");
        assert_eq!(client.answer(waiting), Some(Ok(())), "{topics}");
        assert_eq!(client.bodies(), ["waits", "in tx"], "{topics}");
    }
}
