//! Memory that is split between producers and consumers.

use crate::client::{Client, World, consumer, message, queue_policy};
use floodway_broker::settings::{BrokerSettings, Cursor, PolicyEntry, SystemUsage};
use floodway_message::DestinationKind;
use floodway_message::session::*;

const KB: u64 = 1024;

fn world(usage: SystemUsage) -> World {
    let mut topics = PolicyEntry::new(DestinationKind::Topic, ">");
    topics.pending_subscriber_policy = Cursor::File;
    let queues = queue_policy(">", |entry| entry.pending_queue_policy = Cursor::Memory);
    World::new(BrokerSettings {
        usage,
        policies: vec![topics, queues],
        ..BrokerSettings::default()
    })
}

fn split(producers: u32, consumers: u32) -> SystemUsage {
    SystemUsage {
        memory_limit_bytes: 200 * KB,
        split: true,
        producer_portion_percent: producers,
        consumer_portion_percent: consumers,
        ..SystemUsage::default()
    }
}

/// How many sends of 10 kb a queue takes before one waits.
fn taken(client: &Client<'_>) -> usize {
    let body = "x".repeat(10 * 1024);
    for sent in 0..100 {
        let reply = client.send_to("queue://Q", message(&body));
        if client.answer(reply).is_none() {
            return sent;
        }
    }
    panic!("no send waits");
}

#[test]
fn producers_wait_at_their_part_and_not_at_the_whole() {
    assert_eq!(taken(&world(split(50, 50)).client("c")), 10);
    let whole = SystemUsage {
        split: false,
        ..split(50, 50)
    };
    assert_eq!(taken(&world(whole).client("c")), 19);
}

#[test]
fn a_part_above_the_whole_ends_at_the_whole() {
    let mut usage = split(100, 100);
    usage.producer_portion_percent = 300;
    assert_eq!(taken(&world(usage).client("c")), 19);
}

#[test]
fn a_full_producers_part_does_not_keep_subscriptions_from_reading_back() {
    let world = world(split(50, 50));
    let slow = world.client("slow");
    let mut open = consumer(1, "topic://T");
    open.prefetch = Some(1);
    slow.open(open);
    let publisher = world.client("publisher");
    for number in 0..40 {
        let body = format!("{number} {}", "x".repeat(10 * 1024));
        let mut builder = message(&body);
        builder.persistent(false);
        let reply = publisher.send_to("topic://T", builder);
        assert_eq!(publisher.answer(reply), Some(Ok(())), "{number}: spooled");
    }
    // The producers' part is full of what a queue holds.
    let filler = world.client("filler");
    taken(&filler);
    let mut next = 0;
    while next < 40 {
        let got = slow.got();
        assert!(!got.is_empty(), "message {next} is not read back");
        for one in got {
            assert_eq!(one.body.split(' ').next(), Some(&*next.to_string()));
            slow.ack_as(1, AckRange::One(one.delivery), AckKind::Consumed, None);
            next += 1;
        }
    }
}

#[test]
fn portions_can_be_set_only_where_memory_is_split() {
    let portion = [("producerSystemUsagePortion", "80")];
    let whole = world(SystemUsage::default());
    assert!(whole.broker.set(None, &portion, whole.now()).is_err());
    let world = world(split(50, 50));
    let changed = world.broker.set(None, &portion, world.now()).unwrap();
    assert_eq!((&*changed[0].before, &*changed[0].value), ("50", "80"));
    assert_eq!(taken(&world.client("c")), 15);
    // Parts follow the whole.
    let larger = [("memoryLimit", "400kb")];
    world.broker.set(None, &larger, world.now()).unwrap();
    assert_eq!(taken(&world.client("d")), 14, "one more waited");
}
