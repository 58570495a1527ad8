//! Scripted situations in which a producer is blocked, or is not: what the explanation says of
//! each. A situation fails, too, when another cause is blamed.

use crate::client::{Client, World, consumer, message, property, queue_policy, selecting};
use floodway_broker::explain::Explanation;
use floodway_broker::settings::{BrokerSettings, Cursor, PolicyEntry, SystemUsage};
use floodway_message::session::*;
use floodway_message::{Destination, DestinationKind};

const Q: &str = "queue://Q";
const T: &str = "topic://T";
const LIMIT: u64 = 100 * 1024;

fn in_memory() -> PolicyEntry {
    queue_policy("Q", |entry| {
        entry.memory_limit_bytes = LIMIT;
        entry.pending_queue_policy = Cursor::Memory;
    })
}

fn world(entry: PolicyEntry) -> World {
    World::with_policy(entry)
}

fn limited(change: impl FnOnce(&mut SystemUsage), policies: Vec<PolicyEntry>) -> World {
    let mut usage = SystemUsage::default();
    change(&mut usage);
    World::new(BrokerSettings {
        usage,
        policies,
        ..BrokerSettings::default()
    })
}

fn with_prefetch(id: ConsumerId, prefetch: u32) -> OpenConsumer {
    let mut open = consumer(id, Q);
    open.prefetch = Some(prefetch);
    open
}

/// Sends until one waits.
fn fill(client: &Client<'_>, destination: &str) {
    fill_with(client, destination, |_, _| ());
}

fn fill_with(
    client: &Client<'_>,
    destination: &str,
    dress: impl Fn(&mut floodway_message::MessageBuilder, usize),
) {
    let body = "x".repeat(10 * 1024);
    for sent in 0..1000 {
        let mut builder = message(&body);
        dress(&mut builder, sent);
        let reply = client.send_to(destination, builder);
        if client.answer(reply).is_none() {
            return;
        }
    }
    panic!("no send waits");
}

fn explained(world: &World) -> Explanation {
    world.broker.explain(None, world.now())
}

/// One limit is reached, these are the causes, and the text has all of that.
fn check(world: &World, causes: &[&str], parts: &[&str]) {
    let explanation = explained(world);
    let text = explanation.to_string();
    let [blockage] = explanation.limits.as_slice() else {
        panic!("{text}")
    };
    let found: Vec<_> = blockage.causes.iter().map(|one| one.name()).collect();
    assert_eq!(found, causes, "{text}");
    for part in parts {
        assert!(text.contains(part), "no {part} in:\n{text}");
    }
    assert!(text.lines().count() <= 25, "more than a screen:\n{text}");
}

#[test]
fn nothing_is_wrong() {
    let world = world(in_memory());
    let client = world.client("c");
    client.send(Q, "a");
    client.open(with_prefetch(1, 1));
    client.send(Q, "b");
    assert!(explained(&world).limits.is_empty());
}

#[test]
fn sends_are_refused_and_nobody_waits() {
    let mut entry = in_memory();
    entry.send_fail_if_no_space = Some(true);
    let world = world(entry);
    let client = world.client("c");
    for _ in 0..30 {
        client.send_to(Q, message(&"x".repeat(10 * 1024)));
    }
    assert!(explained(&world).limits.is_empty());
}

#[test]
fn a_queue_at_its_limit_without_a_consumer() {
    let world = world(in_memory());
    fill(&world.client("c"), Q);
    let parts = [
        "memory limit of queue://Q",
        "nobody consumes from queue://Q",
        "<storeCursor/>",
    ];
    check(&world, &["noConsumer"], &parts);
}

#[test]
fn a_queue_that_is_only_browsed() {
    let world = world(in_memory());
    let mut browser = consumer(1, Q);
    browser.browser = true;
    world.client("b").open(browser);
    fill(&world.client("c"), Q);
    check(&world, &["noConsumer"], &["nobody consumes from queue://Q"]);
}

#[test]
fn a_consumer_that_does_not_acknowledge() {
    let world = world(in_memory());
    let lazy = world.client("lazy");
    lazy.open(with_prefetch(7, 3));
    fill(&world.client("c"), Q);
    let parts = [
        "consumer 7 of client lazy",
        "(prefetch 3) and has not acknowledged anything",
    ];
    check(&world, &["notAcknowledged"], &parts);
}

#[test]
fn a_consumer_that_has_stopped_acknowledging() {
    let world = world(in_memory());
    let lazy = world.client("lazy");
    lazy.open(with_prefetch(7, 3));
    lazy.send(Q, "a");
    lazy.ack(7, 1);
    fill(&world.client("c"), Q);
    world.now.set(90_000);
    check(
        &world,
        &["notAcknowledged"],
        &["acknowledged last 90.0 s ago", "for 90.0 s"],
    );
}

#[test]
fn consumers_that_are_only_slower_than_producers() {
    let world = world(in_memory());
    let client = world.client("c");
    client.open(with_prefetch(1, 1000));
    fill(&client, Q);
    // All that there is was delivered, and the window has room.
    check(&world, &["notAcknowledged"], &["holds"]);
    let slow = limited(
        |usage| usage.memory_limit_bytes = LIMIT,
        vec![queue_policy("Q", |entry| {
            entry.pending_queue_policy = Cursor::Memory;
            entry.strict_order_dispatch = true;
        })],
    );
    let client = slow.client("c");
    client.open(with_prefetch(1, 4));
    fill(&client, Q);
    client.ack_as(1, AckRange::UpTo(2), AckKind::Consumed, None);
    fill(&client, Q);
    check(&slow, &["notAcknowledged"], &["memory limit of the broker"]);
}

#[test]
fn a_selector_that_matches_nothing() {
    let world = world(in_memory());
    let client = world.client("c");
    client.open(selecting(consumer(1, Q), "color = 'blue'"));
    fill_with(&client, Q, |builder, _| property(builder, "color", "red"));
    check(
        &world,
        &["nothingSelected"],
        &["color = 'blue'", "consumer without a selector"],
    );
}

#[test]
fn a_stalled_owner_of_message_groups() {
    let world = world(in_memory());
    let (owner, free) = (world.client("owner"), world.client("free"));
    owner.open(with_prefetch(1, 2));
    owner.send_to(Q, {
        let mut builder = message("first");
        builder.group_id("g").group_sequence(1);
        builder
    });
    free.open(with_prefetch(1, 100));
    fill_with(&owner, Q, |builder, sent| {
        let sequence = i32::try_from(sent).unwrap() + 2;
        builder.group_id("g").group_sequence(sequence);
    });
    check(
        &world,
        &["groupOwnerStalled"],
        &["client owner", "owns 1 message groups"],
    );
}

#[test]
fn an_exclusive_consumer_that_is_idle() {
    let world = world(in_memory());
    let (only, other) = (world.client("only"), world.client("other"));
    let mut open = with_prefetch(1, 2);
    open.exclusive = true;
    only.open(open);
    other.open(with_prefetch(1, 100));
    fill(&other, Q);
    check(&world, &["notAcknowledged"], &["consumer 1 of client only"]);
}

#[test]
fn a_consumers_open_transaction() {
    let world = world(in_memory());
    let client = world.client("c");
    client.open(with_prefetch(1, 3));
    for body in ["a", "b", "c"] {
        client.send(Q, body);
    }
    client.submit(Command::Begin { tx: 1, reply: None });
    client.ack_as(1, AckRange::UpTo(3), AckKind::Consumed, Some(1));
    fill(&world.client("p"), Q);
    let parts = [
        "in a transaction that is open",
        "commit or roll back the transaction",
    ];
    check(&world, &["transactionOpen"], &parts);
}

#[test]
fn a_prepared_transaction_whose_consumer_is_gone() {
    let world = world(in_memory());
    let client = world.client("c");
    client.open(with_prefetch(1, 3));
    client.send(Q, &"x".repeat(10 * 1024));
    client.submit(Command::Begin { tx: 1, reply: None });
    client.ack_as(1, AckRange::UpTo(1), AckKind::Consumed, Some(1));
    let xid = Xid::new(1, b"global", b"branch").unwrap();
    let prepared = client.ask(|reply| Command::Prepare { tx: 1, xid, reply });
    assert_eq!(prepared, Some(Ok(())));
    client.close_consumer(1);
    let _away = client;
    fill(&world.client("p"), Q);
    check(
        &world,
        &["inDoubt", "noConsumer"],
        &["1 messages of queue://Q were acknowledged"],
    );
}

#[test]
fn a_consumer_that_pulls_and_has_not_asked() {
    let world = world(in_memory());
    let client = world.client("puller");
    client.open(with_prefetch(1, 0));
    fill(&client, Q);
    check(&world, &["notPulling"], &["client puller", "asks for none"]);
}

#[test]
fn a_paused_queue() {
    let world = world(in_memory());
    let client = world.client("c");
    client.open(consumer(1, Q));
    let queue = Destination::parse(Q).unwrap();
    assert!(world.broker.set_paused(&queue, true, world.now()));
    fill(&client, Q);
    check(
        &world,
        &["paused"],
        &["queue://Q is paused", "resume queue://Q"],
    );
}

#[test]
fn dispatch_that_waits_for_more_consumers() {
    let mut entry = in_memory();
    entry.consumers_before_dispatch_starts = 3;
    entry.time_before_dispatch_starts_ms = 60_000;
    let world = world(entry);
    let client = world.client("c");
    client.open(consumer(1, Q));
    fill(&client, Q);
    let parts = [
        "waits for 2 more consumers",
        "consumersBeforeDispatchStarts=0",
    ];
    check(&world, &["notStarted"], &parts);
}

#[test]
fn another_destination_holds_the_brokers_memory() {
    let hog = queue_policy("HOG", |entry| entry.pending_queue_policy = Cursor::Memory);
    let empty = queue_policy("Q", |entry| entry.pending_queue_policy = Cursor::Memory);
    let world = limited(|usage| usage.memory_limit_bytes = LIMIT, vec![hog, empty]);
    let client = world.client("c");
    fill(&client, "queue://HOG");
    client.close();
    let client = world.client("victim");
    let reply = client.send_to(Q, message("small"));
    if client.answer(reply).is_some() {
        // An empty queue takes a first message whatever the others hold.
        fill(&client, Q);
    }
    let explanation = explained(&world);
    let text = explanation.to_string();
    let holder = &explanation.limits[0].holders[0];
    assert_eq!(holder.destination.to_string(), "queue://HOG", "{text}");
    for part in [
        "memory limit of the broker",
        "nobody consumes from queue://HOG",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_topic_subscription_that_may_not_spool() {
    let mut entry = PolicyEntry::new(DestinationKind::Topic, ">");
    entry.memory_limit_bytes = LIMIT;
    entry.pending_subscriber_policy = Cursor::Memory;
    let world = world(entry);
    let slow = world.client("slow");
    let mut open = consumer(4, T);
    open.prefetch = Some(1);
    slow.open(open);
    let fast = world.client("fast");
    fast.open(consumer(1, T));
    fill(&world.client("p"), T);
    fast.ack_as(1, AckRange::UpTo(5), AckKind::Consumed, None);
    check(
        &world,
        &["notAcknowledged"],
        &["memory limit of topic://T", "of client slow"],
    );
}

#[test]
fn the_store_is_full_of_a_queue_without_a_consumer() {
    let world = limited(|usage| usage.store_limit_bytes = LIMIT, vec![]);
    fill(&world.client("c"), Q);
    let parts = [
        "store limit",
        "nobody consumes from queue://Q",
        "floodway set broker storeLimit=",
    ];
    check(&world, &["noConsumer"], &parts);
}

#[test]
fn the_store_is_full_of_dead_letters() {
    let world = limited(|usage| usage.store_limit_bytes = LIMIT, vec![]);
    let client = world.client("c");
    client.open(consumer(1, Q));
    for delivery in 1..=4 {
        client.send(Q, &"x".repeat(10 * 1024));
        client.ack_as(1, AckRange::One(delivery), AckKind::Poison, None);
    }
    fill(&client, "queue://OTHER");
    let explanation = explained(&world);
    let holder = &explanation.limits[0].holders[0];
    assert_eq!(
        holder.destination.to_string(),
        "queue://ActiveMQ.DLQ",
        "{explanation}"
    );
}

#[test]
fn a_destinations_mark_in_the_store_is_reached() {
    let entry = queue_policy("Q", |entry| entry.store_usage_high_water_mark = 50);
    let world = limited(|usage| usage.store_limit_bytes = 2 * LIMIT, vec![entry]);
    fill(&world.client("c"), Q);
    let parts = ["store limit", "storeUsageHighWaterMark=100"];
    check(&world, &["noConsumer"], &parts);
}

#[test]
fn an_offline_durable_subscription_fills_the_store() {
    let world = limited(|usage| usage.store_limit_bytes = LIMIT, vec![]);
    let away = world.client("billing");
    let mut open = consumer(1, T);
    open.durable_name = Some("invoices".into());
    away.open(open);
    away.close_consumer(1);
    fill(&world.client("p"), T);
    let parts = ["durable subscription invoices of client billing"];
    check(&world, &["durableAway"], &parts);
}

#[test]
fn a_disk_that_is_short_of_the_limit() {
    let world = limited(|usage| usage.store_limit_bytes = 100 * LIMIT, vec![]);
    world.broker.follow_disks(Some(LIMIT), None, 0);
    fill(&world.client("c"), Q);
    let parts = [
        "store limit",
        "the disk has less room than the 9.8 mb that are set",
        "free space on the disk",
        "nobody consumes from queue://Q",
    ];
    check(&world, &["diskShort", "noConsumer"], &parts);
    let text = explained(&world).to_string();
    assert!(!text.contains("storeLimit="), "it would not help:\n{text}");
    // It has room again, but less than is worth while, then enough.
    world
        .broker
        .follow_disks(Some(LIMIT + 30_000), None, 50_000);
    world.pass(100);
    assert_eq!(explained(&world).limits.len(), 1);
    world.broker.follow_disks(Some(200 * LIMIT), None, 50_000);
    world.pass(100);
    assert!(explained(&world).limits.is_empty());
    assert_eq!(
        world.broker.stores().store.unwrap().limit_bytes,
        100 * LIMIT
    );
}

#[test]
fn the_producers_part_of_the_memory_is_full() {
    let entry = queue_policy("Q", |entry| entry.pending_queue_policy = Cursor::Memory);
    let split = |usage: &mut SystemUsage| {
        usage.memory_limit_bytes = 2 * LIMIT;
        usage.split = true;
        usage.producer_portion_percent = 50;
    };
    let world = limited(split, vec![entry]);
    fill(&world.client("c"), Q);
    let parts = [
        "BLOCKED by the producers' 50 % of the broker's memory limit: 1",
        "nobody consumes from queue://Q",
        "floodway set broker memoryLimit=3mb",
    ];
    check(&world, &["noConsumer"], &parts);
    let now = world.now();
    let larger = [("producerSystemUsagePortion", "90")];
    world.broker.set(None, &larger, now).unwrap();
    world.pass(100);
    assert!(explained(&world).limits.is_empty());
}

#[test]
fn the_spool_is_full() {
    let entry = queue_policy("Q", |entry| entry.memory_limit_bytes = 20 * 1024);
    let world = limited(|usage| usage.temp_limit_bytes = LIMIT, vec![entry]);
    fill_with(&world.client("c"), Q, |builder, _| {
        builder.persistent(false);
    });
    let parts = ["temp limit", "floodway set broker tempLimit="];
    check(&world, &["noConsumer"], &parts);
}

#[test]
fn a_commit_that_waits() {
    let world = world(in_memory());
    let client = world.client("c");
    fill(&client, Q);
    let committer = world.client("committer");
    committer.submit(Command::Begin { tx: 1, reply: None });
    committer.send_in(1, Q, "x");
    let answer = committer.ask(|reply| Command::Commit { tx: 1, reply });
    assert_eq!(answer, None);
    check(&world, &["noConsumer"], &["a commit of client committer"]);
}

#[test]
fn only_what_is_asked_for_is_explained() {
    let world = world(in_memory());
    fill(&world.client("c"), Q);
    let other = Destination::parse("queue://OTHER").unwrap();
    let explanation = world.broker.explain(Some(&other), world.now());
    assert!(explanation.limits.is_empty());
}
