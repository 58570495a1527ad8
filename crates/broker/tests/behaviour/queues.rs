//! Dispatch from queues.

use crate::client::{World, consumer, message, property, queue_policy, selecting};
use floodway_broker::settings::BrokerSettings;
use floodway_message::session::{Ack, AckKind, AckRange, Command, Event, FailureKind};

const Q: &str = "queue://Q";

#[test]
fn each_message_goes_to_one_consumer_in_turn() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.open(consumer(2, Q));
    for body in ["a", "b", "c", "d"] {
        client.send(Q, body);
    }
    let got = client.got();
    let of = |id| -> Vec<_> {
        got.iter()
            .filter(|got| got.consumer == id)
            .map(|got| got.body.as_str())
            .collect()
    };
    assert_eq!(of(1), ["a", "c"]);
    assert_eq!(of(2), ["b", "d"]);
}

#[test]
fn the_prefetch_window_bounds_what_is_not_acknowledged() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    let mut open = consumer(1, Q);
    open.prefetch = Some(2);
    client.open(open);
    for body in ["a", "b", "c"] {
        client.send(Q, body);
    }
    assert_eq!(client.bodies(), ["a", "b"]);
    client.ack(1, 1);
    assert_eq!(client.bodies(), ["c"]);
}

#[test]
fn unacknowledged_messages_return_in_order_and_count_the_redelivery() {
    let world = World::new(BrokerSettings::default());
    let first = world.client("first");
    first.open(consumer(1, Q));
    for body in ["a", "b", "c"] {
        first.send(Q, body);
    }
    assert_eq!(first.bodies(), ["a", "b", "c"]);
    first.ack(1, 2);
    first.close();
    let second = world.client("second");
    second.send(Q, "d");
    second.open(consumer(1, Q));
    let got: Vec<_> = second
        .got()
        .into_iter()
        .map(|got| (got.body, got.redeliveries))
        .collect();
    assert_eq!(got, [("a".into(), 1), ("c".into(), 1), ("d".into(), 0)]);
}

#[test]
fn cumulative_acknowledgement_takes_all_before() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    for body in ["a", "b", "c"] {
        client.send(Q, body);
    }
    client.got();
    client.ack_as(1, AckRange::UpTo(2), AckKind::Consumed, None);
    client.close_consumer(1);
    client.open(consumer(2, Q));
    assert_eq!(client.bodies(), ["c"]);
}

#[test]
fn an_acknowledgement_of_nothing_is_refused() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    let answer = client.ask(|reply| {
        Command::Ack(floodway_message::session::Ack {
            consumer: 1,
            range: AckRange::One(7),
            kind: AckKind::Consumed,
            cause: None,
            tx: None,
            reply,
        })
    });
    assert!(
        answer
            .unwrap()
            .unwrap_err()
            .text
            .contains("unexpected acknowledgement")
    );
}

#[test]
fn a_selective_consumer_gets_what_it_selects_and_the_rest_waits() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(selecting(consumer(1, Q), "color = 'red'"));
    for (body, color) in [("a", "blue"), ("b", "red"), ("c", "blue"), ("d", "red")] {
        let mut builder = message(body);
        property(&mut builder, "color", color);
        client.send_to(Q, builder);
    }
    assert_eq!(client.bodies(), ["b", "d"]);
    client.open(consumer(2, Q));
    assert_eq!(client.bodies(), ["a", "c"]);
}

#[test]
fn a_selective_consumer_finds_its_messages_behind_any_backlog() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 64 << 10;
        entry.page_size_max = 10;
    }));
    let client = world.client("c");
    for number in 0..500 {
        let mut builder = message(&number.to_string());
        property(
            &mut builder,
            "color",
            if number == 450 { "red" } else { "blue" },
        );
        client.send_to(Q, builder);
    }
    client.open(selecting(consumer(1, Q), "color = 'red'"));
    assert_eq!(client.bodies(), ["450"]);
    client.open(consumer(2, Q));
    let mut seen: Vec<String> = Vec::new();
    loop {
        let got = client.got();
        if got.is_empty() {
            break;
        }
        for one in got {
            client.ack(one.consumer, one.delivery);
            seen.push(one.body);
        }
    }
    let expected: Vec<String> = (0..500)
        .filter(|n| *n != 450)
        .map(|n| n.to_string())
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_selective_consumer_finds_its_messages_behind_those_that_are_in_memory_only() {
    let limit = 64 << 10;
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = limit;
        entry.page_size_max = 10;
    }));
    let client = world.client("c");
    for number in 0..500 {
        let mut builder = message(&number.to_string());
        let color = if number % 50 == 49 { "red" } else { "blue" };
        property(&mut builder, "color", color);
        builder.persistent(false);
        client.send_to(Q, builder);
    }
    client.open(selecting(consumer(1, Q), "color = 'red'"));
    for number in 0..10 {
        assert_eq!(client.bodies(), [(number * 50 + 49).to_string()]);
        client.ack(1, number + 1);
    }
    // It is idle now, and another takes the rest without getting more than memory holds.
    client.open(consumer(2, Q));
    let mut seen: Vec<String> = Vec::new();
    loop {
        assert!(world.broker.view().memory_used_bytes <= limit + 1100);
        let got = client.got();
        if got.is_empty() {
            break;
        }
        for one in got {
            client.ack(one.consumer, one.delivery);
            seen.push(one.body);
        }
    }
    let blue = (0..500).filter(|n| n % 50 != 49);
    assert_eq!(seen, blue.map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn priorities_are_served_highest_first_where_the_policy_says_so() {
    let world = World::with_policy(queue_policy("Q", |entry| entry.prioritized_messages = true));
    let client = world.client("c");
    for (body, priority) in [("low", 1), ("high", 9), ("normal", 4), ("high again", 9)] {
        let mut builder = message(body);
        builder.priority(priority);
        client.send_to(Q, builder);
    }
    client.open(consumer(1, Q));
    assert_eq!(client.bodies(), ["high", "high again", "normal", "low"]);
}

#[test]
fn a_message_group_stays_with_one_consumer_until_it_is_closed() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.open(consumer(2, Q));
    let send = |body: &str, group: &str, sequence: i32| {
        let mut builder = message(body);
        builder.group_id(group).group_sequence(sequence);
        client.send_to(Q, builder);
    };
    for number in 0..6 {
        send(&format!("x{number}"), "x", 0);
        send(&format!("y{number}"), "y", 0);
    }
    let got = client.got();
    let owners = |group: &str| -> Vec<u64> {
        let mut owners: Vec<u64> = got
            .iter()
            .filter(|g| g.body.starts_with(group))
            .map(|g| g.consumer)
            .collect();
        owners.dedup();
        owners
    };
    assert_eq!((owners("x").len(), owners("y").len()), (1, 1));
    assert_ne!(owners("x"), owners("y"));
    let owner = owners("x")[0];
    client.close_consumer(owner);
    let other = 3 - owner;
    let moved: Vec<_> = client
        .got()
        .into_iter()
        .filter(|g| g.body.starts_with('x'))
        .collect();
    assert_eq!(moved.len(), 6);
    assert!(moved.iter().all(|got| got.consumer == other));
}

#[test]
fn an_exclusive_consumer_gets_everything_and_the_next_takes_over() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    for id in [1, 2] {
        let mut open = consumer(id, Q);
        open.exclusive = true;
        client.open(open);
    }
    client.send(Q, "a");
    client.send(Q, "b");
    assert!(client.got().iter().all(|got| got.consumer == 1));
    client.close_consumer(1);
    let got = client.got();
    assert_eq!(got.len(), 2);
    assert!(got.iter().all(|got| got.consumer == 2));
}

#[test]
fn consumers_of_higher_priority_are_served_while_they_have_room() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    let mut open = consumer(2, Q);
    open.priority = 5;
    open.prefetch = Some(1);
    client.open(open);
    client.send(Q, "a");
    client.send(Q, "b");
    let got: Vec<_> = client
        .got()
        .into_iter()
        .map(|got| (got.consumer, got.body))
        .collect();
    assert_eq!(got, [(2, "a".into()), (1, "b".into())]);
}

#[test]
fn a_wildcard_consumer_gets_from_existing_and_later_queues() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.send("queue://A.1", "before");
    client.open(consumer(1, "queue://A.*"));
    client.send("queue://A.2", "after");
    client.send("queue://B.1", "elsewhere");
    assert_eq!(client.bodies(), ["before", "after"]);
    client.ack_as(1, AckRange::UpTo(2), AckKind::Consumed, None);
    client.close_consumer(1);
    client.open(consumer(2, "queue://A.>"));
    assert!(client.got().is_empty());
}

#[test]
fn a_browser_sees_everything_and_takes_nothing() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 32 << 10;
        entry.page_size_max = 10;
    }));
    let client = world.client("c");
    for number in 0..300 {
        client.send(Q, &number.to_string());
    }
    let mut open = consumer(1, Q);
    open.browser = true;
    client.open(open);
    let mut seen = client.bodies();
    let expected: Vec<String> = (0..300).map(|n| n.to_string()).collect();
    assert_eq!(seen, expected);
    assert!(
        client
            .events()
            .iter()
            .any(|e| matches!(e, Event::BrowseEnd { consumer: 1 }))
    );
    client.close_consumer(1);
    let mut open = consumer(2, Q);
    open.prefetch = Some(1000);
    client.open(open);
    seen.clear();
    loop {
        let got = client.got();
        let Some(last) = got.last().map(|got| got.delivery) else {
            break;
        };
        seen.extend(got.into_iter().map(|got| got.body));
        client.ack_as(2, AckRange::UpTo(last), AckKind::Consumed, None);
    }
    assert_eq!(seen, expected);
}

#[test]
fn persistent_and_other_messages_keep_one_order_through_spool_and_store() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 20 << 10;
        entry.page_size_max = 7;
    }));
    let client = world.client("c");
    for number in 0..400 {
        let mut builder = message(&number.to_string());
        builder.persistent(number % 3 != 0);
        client.send_to(Q, builder);
    }
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
    let expected: Vec<String> = (0..400).map(|n| n.to_string()).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_temporary_queue_is_consumed_by_its_connection_only_and_ends_with_it() {
    let world = World::new(BrokerSettings::default());
    let owner = world.client("owner");
    let other = world.client("other");
    let temp = "temp-queue://ID:owner:1";
    let destination = floodway_message::Destination::parse(temp).unwrap();
    let answer = owner.ask(|reply| Command::CreateDestination { destination, reply });
    assert_eq!(answer, Some(Ok(())));
    owner.open(consumer(1, temp));
    other.send(temp, "reply");
    assert_eq!(owner.bodies(), ["reply"]);
    let mut open = consumer(1, temp);
    let refused = other.ask(|reply| {
        open.reply = reply;
        Command::OpenConsumer(Box::new(open))
    });
    assert!(
        refused
            .unwrap()
            .unwrap_err()
            .text
            .contains("another connection")
    );
    owner.close();
    let reply = other.send_to(temp, message("late"));
    assert!(
        other
            .answer(reply)
            .unwrap()
            .unwrap_err()
            .text
            .contains("does not exist")
    );
}

#[test]
fn an_inactive_empty_queue_is_removed_where_the_policy_says_so() {
    let world = World::new(BrokerSettings {
        destination_purge_period_ms: 1000,
        policies: vec![queue_policy(">", |entry| {
            entry.gc_inactive_destinations = true;
            entry.inactive_timeout_before_gc_ms = 5000;
        })],
        ..BrokerSettings::default()
    });
    let client = world.client("c");
    client.send("queue://FULL", "stays");
    client.open(consumer(1, Q));
    client.send(Q, "a");
    client.ack(1, 1);
    client.close_consumer(1);
    let existing = || {
        let mut open = consumer(2, "queue://*");
        open.browser = true;
        client.open(open);
        let ends = client
            .events()
            .iter()
            .filter(|e| matches!(e, Event::BrowseEnd { .. }))
            .count();
        client.close_consumer(2);
        ends
    };
    assert_eq!(existing(), 2);
    world.pass(4000);
    assert_eq!(existing(), 2);
    world.pass(2000);
    assert_eq!(existing(), 1, "the one with a message stays");
}

#[test]
fn an_acknowledgement_that_the_store_did_not_take_is_not_confirmed() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, "queue://Q"));
    client.send("queue://Q", "a");
    assert_eq!(client.bodies(), ["a"]);
    world.stores[0].close().unwrap();
    let answer = client.ask(|reply| {
        Command::Ack(Ack {
            consumer: 1,
            range: AckRange::One(1),
            kind: AckKind::Consumed,
            cause: None,
            tx: None,
            reply,
        })
    });
    assert_eq!(answer.unwrap().unwrap_err().kind, FailureKind::Store);
}

#[test]
fn a_consumer_with_little_room_gets_what_was_passed_over_meanwhile() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.use_cache = false;
        entry.page_size_max = 2;
    }));
    let client = world.client("c");
    let mut first = selecting(consumer(1, "queue://Q"), "kind = 'a'");
    first.prefetch = Some(4);
    client.open(first);
    client.open(selecting(consumer(2, "queue://Q"), "kind = 'b'"));
    for (number, kind) in "aaaaaabbbbbbbb".chars().enumerate() {
        let mut builder = message(&format!("{kind}{number}"));
        property(&mut builder, "kind", &kind.to_string());
        client.send_to("queue://Q", builder);
    }
    let mut bodies = client.bodies();
    bodies.sort();
    let expected = [
        "a0", "a1", "a2", "a3", "b10", "b11", "b12", "b13", "b6", "b7", "b8", "b9",
    ];
    assert_eq!(bodies, expected);
    client.ack(1, 1);
    world.pass(100);
    assert_eq!(
        client.bodies(),
        ["a4"],
        "although three of four are not acknowledged"
    );
}
