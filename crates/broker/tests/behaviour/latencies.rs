//! How long messages waited, producers were blocked, and commits took.

use crate::client::{START_WALL_MS, World, consumer, message, queue_policy};
use floodway_broker::Latencies;
use floodway_broker::settings::{BrokerSettings, Cursor};
use floodway_broker::view::TotalsView;
use floodway_message::Destination;
use floodway_store::disk::OsDisk;
use floodway_store::{Journal, JournalSettings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const Q: &str = "queue://Q";

fn totals(world: &World, destination: &str) -> TotalsView {
    let destination = Destination::parse(destination).unwrap();
    let all = world.broker.view().destinations;
    let found = all.into_iter().find(|one| one.destination == destination);
    found.unwrap().totals
}

/// Number and sum.
fn spread(times: &Latencies) -> (u64, u64) {
    (times.spread.count, times.spread.sum)
}

#[test]
fn a_message_waits_from_its_arrival_whatever_its_timestamp_says() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    for (body, timestamp_ms) in [("old", 1), ("future", START_WALL_MS * 2), ("none", 0)] {
        let mut builder = message(body);
        builder.timestamp_ms(timestamp_ms);
        client.send_to(Q, builder);
    }
    world.pass(300);
    client.open(consumer(1, Q));
    client.ack(1, 1);
    assert_eq!(spread(&totals(&world, Q).waits), (1, 300));
    world.pass(50);
    client.ack(1, 2);
    client.ack(1, 3);
    assert_eq!(spread(&totals(&world, Q).waits), (3, 1000));
}

#[test]
fn messages_of_a_topic_wait_at_each_of_its_subscriptions() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, "topic://T"));
    client.open(consumer(2, "topic://T"));
    client.send("topic://T", "news");
    world.pass(20);
    client.ack(1, 1);
    world.pass(20);
    client.ack(2, 1);
    assert_eq!(spread(&totals(&world, "topic://T").waits), (2, 60));
}

#[test]
fn a_message_is_held_until_it_is_delivered_to_a_client() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    for destination in [Q, "topic://T"] {
        client.send(destination, "first");
        world.pass(300);
        client.open(consumer(1, destination));
        client.send(destination, "second");
        world.pass(200);
        client.close_consumer(1);
    }
    let held = |destination: &str| totals(&world, destination).held;
    assert_eq!((held(Q).count, held(Q).sum, held(Q).max), (2, 300, 300));
    let of_topic = held("topic://T");
    assert_eq!((of_topic.count, of_topic.sum), (1, 0), "at once");
    assert_eq!(
        spread(&totals(&world, Q).waits),
        (0, 0),
        "nobody acknowledged"
    );
}

#[test]
fn what_an_operator_takes_is_delivered_to_nobody() {
    let world = World::new(BrokerSettings::default());
    world.client("c").send(Q, "message");
    world.pass(300);
    let operator = world.operator();
    operator.open(consumer(1, Q));
    assert_eq!(operator.got().len(), 1);
    let seen = totals(&world, Q);
    assert_eq!((seen.dispatched, seen.held.count), (0, 0));
}

#[test]
fn what_is_read_back_from_disk_counts_from_its_timestamp() {
    let world = World::new(BrokerSettings::default());
    let mut builder = message("stored");
    builder.timestamp_ms(START_WALL_MS - 7);
    world.client("c").send_to(Q, builder);
    let world = world.reopened();
    let client = world.client("c");
    world.pass(100);
    client.open(consumer(1, Q));
    client.ack(1, 1);
    assert_eq!(spread(&totals(&world, Q).waits), (1, 107));
}

#[test]
fn a_send_that_waited_for_space_is_timed_once_it_is_over_and_can_be_reset() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 25 * 1024;
        entry.pending_queue_policy = Cursor::Memory;
    }));
    let client = world.client("c");
    let body = "x".repeat(9 * 1024);
    let mut waiting = 0;
    for _ in 0..4 {
        let reply = client.send_to(Q, message(&body));
        waiting += usize::from(client.answer(reply).is_none());
    }
    assert_eq!(waiting, 1, "the fourth waits");
    world.pass(1500);
    assert_eq!(spread(&totals(&world, Q).blocked), (0, 0));
    client.open(consumer(1, Q));
    client.ack(1, 1);
    assert_eq!(spread(&totals(&world, Q).blocked), (1, 1500));
    world.broker.reset_totals(None);
    assert_eq!(spread(&totals(&world, Q).blocked), (0, 0));
}

#[test]
fn one_batch_of_each_commit_is_timed_until_it_is_durable() {
    let folder = format!("floodway-commits-{}", std::process::id());
    let folder = std::env::temp_dir().join(folder);
    let disk = Arc::new(OsDisk::new(&folder).unwrap());
    let journal = Journal::open(disk, JournalSettings::default()).unwrap();
    let world = World::on_journal(BrokerSettings::default(), journal);
    // Every look at this clock is 10 ms later.
    let looks = AtomicU64::new(0);
    let stopwatch = move || Duration::from_millis(10 * looks.fetch_add(1, Ordering::Relaxed));
    world.broker.measure_commits(Box::new(stopwatch));
    let client = world.client("c");
    client.send(Q, "first");
    client.send(Q, "second");
    let times = world.broker.view().commits;
    assert_eq!(spread(&times), (2, 20_000));
    assert!((times.sum_seconds() - 0.02).abs() < 1e-9);
    drop(client);
    drop(world);
    std::fs::remove_dir_all(folder).unwrap();
}
