//! Expiry and dead letters.

use crate::client::{START_WALL_MS, World, body_of, consumer, message, queue_policy};
use floodway_broker::settings::{BrokerSettings, Cursor, DeadLetterQueue};
use floodway_message::PropertyValue;
use floodway_message::session::{Ack, AckKind, AckRange, Command, Event};

const Q: &str = "queue://Q";

#[test]
fn a_poisoned_message_moves_to_the_dead_letter_queue_with_its_cause() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.send(Q, "bad");
    client.got();
    client.ack_as(1, AckRange::One(1), AckKind::Poison, None);
    client.open(consumer(2, "queue://ActiveMQ.DLQ"));
    let events = client.events();
    let Some(Event::Delivery(delivery)) = events.last() else {
        panic!("nothing: {events:?}")
    };
    assert_eq!(body_of(&delivery.message), "bad");
    assert_eq!(
        delivery.message.original_destination().unwrap().to_string(),
        Q
    );
    let cause = delivery.message.property("dlqDeliveryFailureCause");
    assert!(matches!(cause, Some(PropertyValue::String(text)) if text.contains("NACK")));
    let pending: u64 = world.stores[0]
        .lists()
        .iter()
        .map(|list| list.pending)
        .sum();
    assert_eq!(pending, 1, "it is stored in one place");
}

#[test]
fn the_cause_that_a_client_gives_is_kept() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.send("queue://Q", "bad");
    client.open(consumer(1, "queue://Q"));
    client.submit(Command::Ack(Ack {
        consumer: 1,
        range: AckRange::One(1),
        kind: AckKind::Poison,
        cause: Some("java.lang.Throwable: too often".into()),
        tx: None,
        reply: None,
    }));
    client.events();
    client.open(consumer(2, "queue://ActiveMQ.DLQ"));
    let events = client.events();
    let Some(Event::Delivery(delivery)) = events.last() else {
        panic!("nothing: {events:?}")
    };
    let cause = delivery.message.property("dlqDeliveryFailureCause");
    let expected = "java.lang.Throwable: too often";
    assert!(matches!(cause, Some(PropertyValue::String(text)) if text == expected));
}

#[test]
fn messages_expire_in_time_order_wherever_they_wait() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 20 << 10;
    }));
    let client = world.client("c");
    for number in 0..100 {
        let mut builder = message(&number.to_string());
        // Every second message, deep in the backlog too, lives for a second.
        builder.expiration_ms(if number % 2 == 0 {
            START_WALL_MS + 1000
        } else {
            0
        });
        client.send_to(Q, builder);
    }
    world.pass(999);
    let pending = || -> Vec<u64> { world.stores[0].lists().iter().map(|l| l.pending).collect() };
    assert_eq!(pending(), [100]);
    world.pass(1);
    assert_eq!(
        pending(),
        [50, 50],
        "half of them are in the dead letter queue"
    );
    client.open(consumer(1, Q));
    let mut seen = Vec::new();
    loop {
        let got = client.got();
        let Some(last) = got.last().map(|got| got.delivery) else {
            break;
        };
        seen.extend(got.into_iter().map(|got| got.body));
        client.ack_as(1, AckRange::UpTo(last), AckKind::Consumed, None);
    }
    let expected: Vec<String> = (0..100)
        .filter(|n| n % 2 == 1)
        .map(|n| n.to_string())
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn expiry_frees_a_blocked_producer() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 20 << 10;
        entry.pending_queue_policy = Cursor::Memory;
        entry.dead_letter.process_expired = false;
    }));
    let client = world.client("c");
    for _ in 0..2 {
        let mut builder = message(&"x".repeat(10 * 1024));
        builder.expiration_ms(START_WALL_MS + 100);
        client.send_to(Q, builder);
    }
    let reply = client.send_to(Q, message("waits"));
    assert_eq!(client.answer(reply), None);
    world.pass(100);
    assert_eq!(client.answer(reply), Some(Ok(())));
}

#[test]
fn non_persistent_dead_letters_are_dropped_unless_asked_for() {
    for asked in [false, true] {
        let world = World::with_policy(queue_policy("Q", |entry| {
            entry.dead_letter.process_non_persistent = asked;
            entry.dead_letter.queue = DeadLetterQueue::Individual {
                queue_prefix: "DLQ.".into(),
                topic_prefix: "DLT.".into(),
                queue_suffix: String::new(),
                topic_suffix: String::new(),
                queue_for_queues: true,
                queue_for_topics: true,
                per_durable_subscriber: false,
            };
        }));
        let client = world.client("c");
        let mut builder = message("gone");
        builder.persistent(false).expiration_ms(START_WALL_MS - 1);
        client.send_to(Q, builder);
        client.open(consumer(1, "queue://DLQ.Q"));
        assert_eq!(client.got().len(), usize::from(asked));
    }
}
