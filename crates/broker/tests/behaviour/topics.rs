//! Topics and their subscriptions.

use crate::client::{World, consumer, message, property, selecting};
use crate::folder::Folder;
use floodway_broker::settings::{
    BrokerSettings, PendingMessageLimit, PolicyEntry, SubscriptionRecovery,
};
use floodway_message::session::{AckKind, AckRange, Command};
use floodway_message::{Destination, DestinationKind};
use floodway_store::{JournalSettings, MemoryStore, Store, open_spool};
use std::sync::Arc;

const T: &str = "topic://T";

#[test]
fn every_subscription_gets_every_message() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.send(T, "nobody listens");
    client.open(consumer(1, T));
    client.open(consumer(2, T));
    client.send(T, "a");
    let got: Vec<_> = client
        .got()
        .into_iter()
        .map(|got| (got.consumer, got.body))
        .collect();
    assert_eq!(got, [(1, "a".into()), (2, "a".into())]);
}

#[test]
fn a_topic_counts_what_is_sent_to_it_whoever_listens() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    let totals = || {
        let all = world.broker.view().destinations;
        let topic = all.into_iter().find(|one| one.destination.name() == "T");
        let totals = topic.unwrap().totals;
        (totals.enqueued, totals.sizes.count, totals.sizes.min > 1024)
    };
    client.send(T, "nobody listens");
    assert_eq!(totals(), (1, 1, true));
    client.ask(|reply| Command::Begin { tx: 1, reply });
    client.send_in(1, T, "nor to a transaction");
    assert_eq!(totals(), (1, 1, true));
    client.ask(|reply| Command::Commit { tx: 1, reply });
    assert_eq!(totals(), (2, 2, true));
    client.open(consumer(1, T));
    client.open(consumer(2, T));
    client.send(T, "two listen");
    assert_eq!(totals(), (3, 3, true));
}

#[test]
fn a_subscription_selects_at_the_topic() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(selecting(consumer(1, T), "color = 'red'"));
    for color in ["red", "blue", "red"] {
        let mut builder = message(color);
        property(&mut builder, "color", color);
        client.send_to(T, builder);
    }
    assert_eq!(client.bodies(), ["red", "red"]);
}

#[test]
fn no_local_leaves_out_what_the_same_connection_sent() {
    let world = World::new(BrokerSettings::default());
    let one = world.client("one");
    let other = world.client("other");
    let mut open = consumer(1, T);
    open.no_local = true;
    one.open(open);
    one.send(T, "own");
    other.send(T, "foreign");
    assert_eq!(one.bodies(), ["foreign"]);
}

#[test]
fn a_wildcard_subscription_covers_later_topics() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, "topic://A.>"));
    client.send("topic://A.B.C", "a");
    client.send("topic://B", "b");
    assert_eq!(client.bodies(), ["a"]);
}

#[test]
fn a_composite_send_reaches_queues_and_topics_alike() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, "queue://A,topic://B"));
    let destinations =
        ["queue://A", "topic://B"].map(|uri| floodway_message::Destination::parse(uri).unwrap());
    let mut builder = message("both");
    builder.destination(&destinations[0]);
    let answer = client.ask(|reply| {
        floodway_message::session::Command::Send(floodway_message::session::Send {
            producer: 1,
            destinations: floodway_message::session::Destinations::Many(destinations.into()),
            message: builder.build(0).unwrap(),
            tx: None,
            reply,
        })
    });
    assert_eq!(answer, Some(Ok(())));
    assert_eq!(client.bodies(), ["both", "both"]);
}

#[test]
fn the_pending_limit_discards_the_oldest_beyond_the_prefetch() {
    let mut entry = PolicyEntry::new(DestinationKind::Topic, ">");
    entry.pending_message_limit = PendingMessageLimit::Constant(3);
    let world = World::with_policy(entry);
    let client = world.client("c");
    let mut open = consumer(1, T);
    open.prefetch = Some(2);
    client.open(open);
    for number in 0..10 {
        client.send(T, &number.to_string());
    }
    assert_eq!(client.bodies(), ["0", "1"]);
    client.ack_as(1, AckRange::UpTo(2), AckKind::Consumed, None);
    assert_eq!(client.bodies(), ["7", "8"]);
}

#[test]
fn a_slow_subscription_spools_and_the_others_go_on() {
    let mut entry = PolicyEntry::new(DestinationKind::Topic, ">");
    entry.memory_limit_bytes = 200 << 10;
    let world = World::with_policy(entry);
    let client = world.client("c");
    let mut open = consumer(1, T);
    open.prefetch = Some(1);
    client.open(open);
    client.open(consumer(2, T));
    let mut fast = 0;
    for number in 0..200 {
        let mut builder = message(&format!("{number} {}", "x".repeat(10 * 1024)));
        builder.persistent(false);
        let reply = client.send_to(T, builder);
        assert_eq!(client.answer(reply), Some(Ok(())), "message {number}");
        for got in client.got().into_iter().filter(|got| got.consumer == 2) {
            fast += 1;
            client.ack(2, got.delivery);
        }
    }
    assert_eq!(fast, 200);
    let mut slow = 1;
    client.ack(1, 1);
    loop {
        let got = client.got();
        let Some(one) = got.first() else { break };
        let number: u64 = one.body.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(number, slow);
        slow += 1;
        client.ack(1, one.delivery);
    }
    assert_eq!(slow, 200);
}

#[test]
fn subscriptions_that_are_behind_share_what_the_spool_keeps() {
    let mut entry = PolicyEntry::new(DestinationKind::Topic, ">");
    entry.memory_limit_bytes = 100 << 10;
    let temp = Folder::new();
    let spool = Arc::new(open_spool(temp.disk(), JournalSettings::spool()).unwrap());
    let settings = BrokerSettings {
        policies: vec![entry],
        ..BrokerSettings::default()
    };
    let world = World {
        spool: Some(Arc::clone(&spool)),
        ..World::on(
            settings,
            [Arc::new(MemoryStore::new()), Arc::clone(&spool) as _],
        )
    };
    let publisher = world.client("publisher");
    let slow: Vec<_> = (0..6)
        .map(|nth| world.client(&format!("slow {nth}")))
        .collect();
    for (nth, client) in slow.iter().enumerate() {
        let mut open = consumer(1, T);
        open.prefetch = Some(1);
        if nth >= 4 {
            // The last two want one half each.
            open = selecting(open, &format!("half = '{}'", nth - 4));
        }
        client.open(open);
    }
    let used = || spool.usage().used_bytes;
    let mut before = 0;
    for number in 0..400 {
        let mut builder = message(&format!("{number} {}", "x".repeat(1024)));
        builder.persistent(false);
        property(&mut builder, "half", &(number % 2).to_string());
        publisher.send_to(T, builder);
        if number == 199 {
            before = used();
        }
    }
    // By now all are behind: each message is there once, not five times.
    let each = (used() - before) / 200;
    assert!((1024..2 * 1500).contains(&each), "{each}");
    for (nth, client) in slow.iter().enumerate() {
        let mut seen = Vec::new();
        loop {
            let got = client.got();
            let Some(one) = got.first() else { break };
            seen.push(
                one.body
                    .split(' ')
                    .next()
                    .unwrap()
                    .parse::<usize>()
                    .unwrap(),
            );
            client.ack(1, one.delivery);
        }
        let wanted = |number: &usize| nth < 4 || number % 2 == nth - 4;
        let expected: Vec<usize> = (0..400).filter(wanted).collect();
        assert_eq!(seen, expected, "subscription {nth}");
    }
    world.tidy();
    assert_eq!(spool.usage().live_bytes, 0, "what all have taken is gone");
}

#[test]
fn a_retroactive_subscriber_gets_what_the_policy_kept() {
    let mut entry = PolicyEntry::new(DestinationKind::Topic, ">");
    entry.subscription_recovery = SubscriptionRecovery::FixedCount(3);
    let world = World::with_policy(entry);
    let client = world.client("c");
    for number in 1..=5 {
        client.send(T, &number.to_string());
    }
    client.open(consumer(1, T));
    assert!(client.bodies().is_empty(), "it did not ask for older ones");
    let mut open = consumer(2, T);
    open.retroactive = true;
    client.open(open);
    assert_eq!(client.bodies(), ["3", "4", "5"]);
    client.send(T, "6");
    assert_eq!(client.bodies(), ["6", "6"]);
}

#[test]
fn what_is_kept_for_a_time_is_gone_after_it() {
    let mut entry = PolicyEntry::new(DestinationKind::Topic, ">");
    entry.subscription_recovery = SubscriptionRecovery::Timed(1000);
    entry.always_retroactive = true;
    let world = World::with_policy(entry);
    let client = world.client("c");
    client.send(T, "old");
    world.pass(900);
    client.send(T, "young");
    world.pass(200);
    client.open(consumer(1, T));
    assert_eq!(client.bodies(), ["young"]);
}

#[test]
fn a_destination_with_consumers_is_not_removed() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.send("queue://Q", "kept");
    for name in ["queue://Q", T] {
        let number = name.len() as u64;
        client.open(consumer(number, name));
        let remove = || {
            client.ask(|reply| Command::RemoveDestination {
                destination: Destination::parse(name).unwrap(),
                reply,
            })
        };
        let failure = remove().unwrap().unwrap_err();
        assert!(failure.text.contains("active subscriptions"), "{failure}");
        client.close_consumer(number);
        assert_eq!(remove(), Some(Ok(())));
    }
    client.open(consumer(1, "queue://Q"));
    assert_eq!(client.bodies(), ["kept"], "delivered before it was removed");
}
