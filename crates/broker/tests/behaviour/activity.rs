//! What connections are doing, as it is shown: transactions, sends, and waits for space.

use crate::client::{Client, World, consumer, message, queue_policy};
use floodway_broker::settings::{BrokerSettings, Cursor};
use floodway_broker::view::{ActivityView, ProducedView};
use floodway_message::Destination;
use floodway_message::session::{AckKind, AckRange, Command, OpenProducer};

const Q: &str = "queue://Q";

fn open_producer(client: &Client<'_>) {
    client.submit(Command::OpenProducer(Box::new(OpenProducer {
        producer: 1,
        destinations: vec![Destination::parse(Q).unwrap()],
        window_bytes: 1024,
        introduction: None,
    })));
}

/// Of the only client but those of other names.
fn activity(world: &World, id: &str) -> ActivityView {
    let all = world.broker.connections();
    let own = all.iter().find(|one| &*one.client_id == id).unwrap();
    world.broker.activity(world.now())[&own.id].clone()
}

fn connection(world: &World) -> u64 {
    world.broker.connections()[0].id
}

#[test]
fn transactions_are_counted_while_they_are_open() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    let mut expected = activity(&world, "c");
    assert_eq!(
        (expected.transactions, expected.oldest_transaction_ms),
        (0, None)
    );
    for tx in [1, 2] {
        assert_eq!(
            client.ask(|reply| Command::Begin { tx, reply }),
            Some(Ok(()))
        );
        world.pass(30);
    }
    client.send_in(1, Q, "a");
    expected = activity(&world, "c");
    assert_eq!(
        (expected.transactions, expected.oldest_transaction_ms),
        (2, Some(60))
    );
    assert_eq!(
        client.ask(|reply| Command::Commit { tx: 1, reply }),
        Some(Ok(()))
    );
    expected = activity(&world, "c");
    assert_eq!(
        (expected.transactions, expected.oldest_transaction_ms),
        (1, Some(30))
    );
    assert_eq!(
        client.ask(|reply| Command::Rollback { tx: 2, reply }),
        Some(Ok(()))
    );
    assert_eq!(activity(&world, "c").transactions, 0);
}

#[test]
fn sends_of_a_producer_that_told_of_itself_are_counted_until_it_closes() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.send(Q, "before");
    assert!(activity(&world, "c").producers.is_empty());
    open_producer(&client);
    client.send(Q, "a");
    client.send("topic://T", "b");
    assert_eq!(
        client.ask(|reply| Command::Begin { tx: 1, reply }),
        Some(Ok(()))
    );
    client.send_in(1, Q, "c");
    let expected = ProducedView {
        sent: 3,
        window_bytes: 1024,
        ..ProducedView::default()
    };
    assert_eq!(activity(&world, "c").producers[&1], expected);
    world.broker.reset_sent(connection(&world), 1);
    assert_eq!(activity(&world, "c").producers[&1].sent, 0);
    client.submit(Command::CloseProducer { producer: 1 });
    assert!(activity(&world, "c").producers.is_empty());
    assert_eq!(activity(&world, "c").waiting, 0);
    let other = world.client("other");
    other.open(consumer(1, Q));
    client.send(Q, "not taken yet");
    assert_eq!(activity(&world, "other").waiting, 1);
}

#[test]
fn time_that_a_producer_waits_for_space_is_counted_once_for_all_its_sends() {
    let world = World::with_policy(queue_policy(">", |entry| {
        entry.memory_limit_bytes = 1500;
        entry.pending_queue_policy = Cursor::Memory;
    }));
    let client = world.client("c");
    open_producer(&client);
    client.send(Q, "a");
    client.send(Q, "b");
    client.send_to(Q, message("waits"));
    world.pass(300);
    client.send_to(Q, message("waits, too"));
    world.pass(200);
    let produced = || activity(&world, "c").producers[&1];
    assert_eq!((produced().sent, produced().blocked_sends), (4, 2));
    assert_eq!(produced().blocked_ms, 500);
    let number = connection(&world);
    world.broker.reset_blocked(number, 1, world.now());
    world.pass(100);
    assert_eq!((produced().blocked_sends, produced().blocked_ms), (0, 100));

    let other = world.client("other");
    other.open(consumer(1, Q));
    while let Some(last) = other.got().pop() {
        other.ack_as(1, AckRange::UpTo(last.delivery), AckKind::Consumed, None);
    }
    world.pass(1000);
    assert_eq!(produced().blocked_ms, 100);
    world.broker.reset_blocked(number, 1, world.now());
    assert_eq!((produced().sent, produced().blocked_ms), (4, 0));
}
