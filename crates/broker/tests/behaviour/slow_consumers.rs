//! Consumers that are slow for long are closed where a policy says so.

use crate::client::{Client, World, consumer, queue_policy};
use floodway_broker::settings::{
    BrokerSettings, PendingMessageLimit, PolicyEntry, Slow, SlowConsumerStrategy,
};
use floodway_broker::view::SlowView;
use floodway_message::session::*;
use floodway_message::{Destination, DestinationKind};

const Q: &str = "queue://Q";

fn strategy(slow: Slow) -> SlowConsumerStrategy {
    SlowConsumerStrategy {
        slow,
        slow_count_max: None,
        slow_duration_max_ms: Some(10_000),
        check_period_ms: 1000,
        abort_connection: false,
        ignore_network_consumers: true,
    }
}

fn world(strategy: SlowConsumerStrategy) -> World {
    World::with_policy(queue_policy(">", |entry| {
        entry.slow_consumers = Some(strategy);
    }))
}

fn with_prefetch(id: ConsumerId, prefetch: u32) -> OpenConsumer {
    let mut open = consumer(id, Q);
    open.prefetch = Some(prefetch);
    open
}

fn pass_seconds(world: &World, seconds: u64) {
    for _ in 0..seconds {
        world.pass(1000);
    }
}

/// The consumers that were closed since the last look, with the reasons.
fn aborted(client: &Client<'_>) -> Vec<(ConsumerId, String)> {
    let told = client.events().into_iter();
    told.filter_map(|event| match event {
        Event::Aborted { consumer, reason } => Some((consumer, reason.to_string())),
        _ => None,
    })
    .collect()
}

#[test]
fn one_whose_window_is_full_for_too_long_is_closed_and_others_get_what_it_held() {
    let world = world(strategy(Slow::Full));
    let slow = world.client("slow");
    slow.open(with_prefetch(1, 2));
    let sender = world.client("sender");
    for body in ["a", "b", "c"] {
        sender.send(Q, body);
    }
    assert_eq!(slow.bodies(), ["a", "b"]);
    pass_seconds(&world, 9);
    assert_eq!(aborted(&slow), []);
    pass_seconds(&world, 2);
    let told = aborted(&slow);
    assert_eq!(told.len(), 1);
    assert!(told[0].1.contains("did not take"), "{told:?}");
    let other = world.client("other");
    other.open(consumer(1, Q));
    assert_eq!(other.bodies(), ["a", "b", "c"]);
    // What the slow one says now comes too late, and is told only to who asks.
    slow.submit(Command::Ack(Ack {
        consumer: 1,
        range: AckRange::UpTo(2),
        kind: AckKind::Consumed,
        cause: None,
        tx: None,
        reply: None,
    }));
    assert!(slow.events().is_empty());
    slow.close_consumer(1);
    // The connection goes on.
    slow.open(with_prefetch(2, 2));
    slow.send(Q, "d");
}

#[test]
fn one_that_gets_room_again_in_time_stays() {
    let world = world(strategy(Slow::Full));
    let client = world.client("c");
    client.open(with_prefetch(1, 1));
    client.send(Q, "a");
    client.send(Q, "b");
    pass_seconds(&world, 9);
    client.ack(1, 1);
    client.ack(1, 2);
    client.send(Q, "c");
    client.send(Q, "d");
    pass_seconds(&world, 9);
    assert_eq!(aborted(&client), []);
    pass_seconds(&world, 2);
    assert_eq!(aborted(&client).len(), 1);
}

#[test]
fn one_that_was_slow_too_often_is_closed() {
    let world = world(SlowConsumerStrategy {
        slow_count_max: Some(3),
        slow_duration_max_ms: None,
        ..strategy(Slow::Full)
    });
    let client = world.client("c");
    client.open(with_prefetch(1, 1));
    let mut delivery = 0;
    for round in 1..=3 {
        client.send(Q, "a");
        client.send(Q, "b");
        pass_seconds(&world, 100);
        let expected = usize::from(round == 3);
        assert_eq!(aborted(&client).len(), expected, "round {round}");
        if round < 3 {
            client.ack(1, delivery + 1);
            client.ack(1, delivery + 2);
            delivery += 2;
        }
    }
}

#[test]
fn one_that_does_not_acknowledge_is_closed_unless_it_has_nothing_to() {
    let slow = Slow::Unacknowledged {
        after_ms: 5000,
        idle_too: false,
    };
    let world = world(strategy(slow));
    let client = world.client("c");
    client.open(consumer(1, Q));
    pass_seconds(&world, 100);
    assert_eq!(aborted(&client), [], "idle");
    client.send(Q, "a");
    client.ack(1, 1);
    client.send(Q, "b");
    // Five seconds without a word, and ten of being slow.
    pass_seconds(&world, 14);
    assert_eq!(aborted(&client), []);
    pass_seconds(&world, 2);
    assert!(aborted(&client)[0].1.contains("did not acknowledge"));
}

#[test]
fn an_idle_one_is_closed_too_where_that_is_wanted() {
    let slow = Slow::Unacknowledged {
        after_ms: 5000,
        idle_too: true,
    };
    let world = world(strategy(slow));
    let client = world.client("c");
    client.open(consumer(1, Q));
    pass_seconds(&world, 16);
    assert_eq!(aborted(&client).len(), 1);
}

#[test]
fn its_connection_is_closed_with_it_where_that_is_wanted() {
    let world = world(SlowConsumerStrategy {
        abort_connection: true,
        ..strategy(Slow::Full)
    });
    let slow = world.client("slow");
    slow.open(with_prefetch(1, 1));
    slow.send(Q, "a");
    slow.send(Q, "b");
    pass_seconds(&world, 11);
    let is_end = |event: &Event| matches!(event, Event::Closed { .. });
    assert!(slow.events().iter().any(is_end));
    let other = world.client("other");
    other.open(consumer(1, Q));
    assert_eq!(other.bodies(), ["a", "b"]);
}

#[test]
fn that_of_another_broker_stays_unless_the_policy_says_otherwise() {
    for ignored in [true, false] {
        let world = world(SlowConsumerStrategy {
            ignore_network_consumers: ignored,
            ..strategy(Slow::Full)
        });
        let client = world.client("bridge");
        let mut open = with_prefetch(1, 1);
        open.network = true;
        client.open(open);
        client.send(Q, "a");
        client.send(Q, "b");
        pass_seconds(&world, 30);
        assert_eq!(aborted(&client).is_empty(), ignored);
    }
}

#[test]
fn a_slow_topic_subscription_is_closed_and_keeps_nothing() {
    let mut entry = PolicyEntry::new(DestinationKind::Topic, ">");
    entry.slow_consumers = Some(strategy(Slow::Full));
    entry.pending_message_limit = PendingMessageLimit::None;
    let world = World::new(BrokerSettings {
        policies: vec![entry],
        ..BrokerSettings::default()
    });
    let client = world.client("c");
    let mut open = consumer(1, "topic://T");
    open.prefetch = Some(2);
    client.open(open);
    let sender = world.client("sender");
    for body in ["a", "b", "c", "d", "e", "f"] {
        sender.send("topic://T", body);
    }
    assert!(world.broker.view().memory_used_bytes > 0);
    pass_seconds(&world, 11);
    assert_eq!(aborted(&client).len(), 1);
    assert_eq!(world.broker.view().memory_used_bytes, 0);
    let topic = Destination::parse("topic://T").unwrap();
    assert!(world.broker.consumers(&topic, world.now()).is_empty());
}

#[test]
fn whose_window_is_full_while_something_waits_is_shown_as_slow_without_a_policy() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(with_prefetch(1, 2));
    let is_slow = || world.broker.subscriptions().iter().any(|one| one.slow);
    client.send(Q, "a");
    client.send(Q, "b");
    assert!(!is_slow(), "nothing waits");
    client.send(Q, "c");
    assert!(is_slow());
    client.ack(1, 1);
    assert!(!is_slow());
}

#[test]
fn strategies_tell_who_is_slow_and_an_operator_closes_one() {
    let world = World::with_policy(queue_policy(">", |entry| {
        entry.slow_consumers = Some(strategy(Slow::Full));
        entry.slow_consumers_name = Some("mine".to_owned());
    }));
    let (slow, quick) = (world.client("slow"), world.client("quick"));
    assert!(world.broker.slow_strategies(world.now()).is_empty());
    slow.open(with_prefetch(1, 1));
    slow.send(Q, "a");
    let [none] = &world.broker.slow_strategies(world.now())[..] else {
        panic!("one strategy for one queue");
    };
    assert_eq!((none.name.as_str(), none.slow.len()), ("mine", 0));
    slow.send(Q, "b");
    world.pass(700);
    let [found] = &world.broker.slow_strategies(world.now())[..] else {
        panic!("one strategy for one queue");
    };
    let connection = world.broker.connections()[1].id;
    let expected = SlowView {
        connection,
        consumer: 1,
        count: 1,
        slow_ms: 700,
    };
    assert_eq!(found.slow, [expected]);
    let now = world.now();
    assert!(
        !world
            .broker
            .close_consumer((connection, 2), "too slow", now)
    );
    assert!(
        !world
            .broker
            .close_consumer((connection + 99, 1), "too slow", now)
    );
    assert!(
        world
            .broker
            .close_consumer((connection, 1), "too slow", now)
    );
    assert_eq!(aborted(&slow), [(1, "too slow".to_owned())]);
    quick.open(with_prefetch(1, 9));
    assert_eq!(quick.bodies(), ["a", "b"]);
    assert!(world.broker.slow_strategies(now)[0].slow.is_empty());
}

#[test]
fn looking_at_those_who_do_not_acknowledge_does_not_count_them() {
    let world = world(strategy(Slow::Unacknowledged {
        after_ms: 500,
        idle_too: false,
    }));
    let slow = world.client("slow");
    slow.open(with_prefetch(1, 5));
    slow.send(Q, "a");
    world.now.set(900);
    for _ in 0..3 {
        let all = world.broker.slow_strategies(world.now());
        assert_eq!(all[0].name, "queue://>");
        assert_eq!((all[0].slow[0].count, all[0].slow[0].slow_ms), (0, 400));
    }
}
