//! Advisories: who is told what, and when nothing is told at all.

use crate::client::{Client, World, consumer, message, queue_policy, selecting};
use floodway_broker::settings::{
    AdvisorySettings, BrokerSettings, Cursor, PendingMessageLimit, PolicyEntry,
};
use floodway_message::advisory::Thing;
use floodway_message::session::*;
use floodway_message::{Advisory, Destination, DestinationKind, Message, PropertyValue};
use std::sync::Arc;

const Q: &str = "queue://Q";

/// What a client was told by advisories since the last look, other messages by their bodies:
/// the topic without what all have in common, and what is told in a few words.
fn told(client: &Client<'_>) -> Vec<String> {
    let mut told = Vec::new();
    for event in client.events() {
        if let Event::Delivery(delivery) = event {
            told.push(in_words(&delivery.message));
        }
    }
    told
}

fn in_words(message: &Message) -> String {
    let destination = message.destination().unwrap().to_string();
    let topic = destination.replace("topic://ActiveMQ.Advisory.", "~");
    let mut words = match Advisory::of(message) {
        None => format!("{topic} {}", String::from_utf8_lossy(message.body())),
        Some(Advisory::Present(thing)) => format!("{topic} + {}", name_of(&thing)),
        Some(Advisory::Gone(thing)) => format!("{topic} - {}", name_of(&thing)),
        Some(Advisory::Message { message, has_body }) => {
            let body = if has_body { message.body() } else { &"".into() };
            format!("{topic} {}{}", message.id(), String::from_utf8_lossy(body))
        }
        Some(_) => topic,
    };
    for name in ["consumerCount", "producerCount", "discardedCount"] {
        if let Some(PropertyValue::Integer(count)) = message.property(name) {
            words.push_str(&format!(" {count}"));
        }
    }
    words
}

fn name_of(thing: &Thing) -> String {
    match thing {
        Thing::Connection(facts) => facts.client_id.to_string(),
        Thing::Consumer(facts) => format!("{:?}", facts.destinations),
        Thing::Producer(facts) => format!("{:?}", facts.destinations),
        Thing::Destination { destination, .. } => destination.to_string(),
        _ => "?".into(),
    }
}

fn advisory(id: ConsumerId, topics: &str) -> OpenConsumer {
    let topics: Vec<String> = topics
        .split(',')
        .map(|topic| format!("topic://ActiveMQ.Advisory.{topic}"))
        .collect();
    consumer(id, &topics.join(","))
}

fn watching<'a>(world: &'a World, topics: &str) -> Client<'a> {
    let client = world.client("watching");
    client.open(advisory(1, topics));
    client
}

fn open_producer(client: &Client<'_>, producer: ProducerId, destinations: &[&str]) {
    let parse = |text: &&str| Destination::parse(text).unwrap();
    client.submit(Command::OpenProducer(Box::new(OpenProducer {
        producer,
        destinations: destinations.iter().map(parse).collect(),
        window_bytes: 0,
        introduction: None,
    })));
}

fn policy(change: impl FnOnce(&mut PolicyEntry)) -> World {
    World::with_policy(queue_policy(">", change))
}

fn topic_policy(change: impl FnOnce(&mut PolicyEntry)) -> World {
    let mut entry = PolicyEntry::new(DestinationKind::Topic, ">");
    change(&mut entry);
    World::with_policy(entry)
}

#[test]
fn consumers_are_told_of_with_their_number() {
    let world = World::new(BrokerSettings::default());
    let watching = watching(&world, "Consumer.Queue.Q,Consumer.Topic.T");
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.open(consumer(2, Q));
    client.open(consumer(3, "topic://T"));
    client.open(consumer(4, "queue://OTHER"));
    client.close_consumer(1);
    client.close();
    let expected = [
        "~Consumer.Queue.Q + [queue://Q] 1",
        "~Consumer.Queue.Q + [queue://Q] 2",
        "~Consumer.Topic.T + [topic://T] 1",
        "~Consumer.Queue.Q - [queue://Q] 1",
        "~Consumer.Queue.Q - [queue://Q] 0",
        "~Consumer.Topic.T - [topic://T] 0",
    ];
    assert_eq!(told(&watching), expected);
}

#[test]
fn a_new_subscriber_is_told_what_is_there_of_its_class_and_nobody_else_is() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.open(consumer(2, "queue://W.>"));
    open_producer(&client, 1, &[Q]);
    client.submit(Command::CreateDestination {
        destination: Destination::new(DestinationKind::TempTopic, "ID:t").unwrap(),
        reply: None,
    });
    let watching = watching(&world, "Queue");
    assert_eq!(told(&watching), ["~Queue + queue://Q"]);
    let latecomer = world.client("late");
    for (topics, expected) in [
        (
            "Connection",
            &[
                "~Connection + c",
                "~Connection + watching",
                "~Connection + late",
            ][..],
        ),
        ("TempQueue,TempTopic", &["~TempTopic + temp-topic://ID:t"]),
        ("Producer.Queue.>", &["~Producer.Queue.Q + [queue://Q] 1"]),
        ("Consumer.Queue.Q", &["~Consumer.Queue.Q + [queue://Q] 1"]),
        (
            "Consumer.Queue.W.X",
            &["~Consumer.Queue.W.> + [queue://W.>] 0"],
        ),
        (">", &["~MasterBroker"]),
    ] {
        latecomer.open(advisory(1, topics));
        assert_eq!(told(&latecomer), expected, "{topics}");
        latecomer.close_consumer(1);
    }
    assert_eq!(told(&watching), [] as [&str; 0]);
}

#[test]
fn a_bridge_hears_of_consumers_and_temporary_destinations_by_one_composite() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    let bridge = watching(&world, "Consumer.>,TempQueue,TempTopic");
    client.open(selecting(consumer(2, "topic://T"), "a = 1"));
    let temporary = Destination::new(DestinationKind::TempQueue, "ID:t").unwrap();
    for destination in [temporary.clone(), temporary] {
        let reply = None;
        client.submit(Command::CreateDestination { destination, reply });
    }
    let expected = [
        "~Consumer.Queue.Q + [queue://Q] 1",
        "~Consumer.Topic.T + [topic://T] 1",
        "~TempQueue + temp-queue://ID:t",
    ];
    assert_eq!(told(&bridge), expected);
}

#[test]
fn a_temporary_destination_is_told_of_before_any_message_that_names_it() {
    let world = World::new(BrokerSettings::default());
    let replier = world.client("replier");
    // The requests come first in the order of subscriptions.
    replier.open(consumer(1, Q));
    replier.open(advisory(2, "TempQueue,TempTopic"));
    let client = world.client("c");
    let destination = Destination::new(DestinationKind::TempQueue, "ID:t").unwrap();
    let queue = Destination::parse(Q).unwrap();
    let mut request = message("request");
    request.destination(&queue).reply_to(&destination);
    let mut commands = vec![
        Command::CreateDestination {
            destination,
            reply: None,
        },
        Command::Send(Send {
            producer: 1,
            destinations: Destinations::One(queue),
            message: request.build(0).unwrap(),
            tx: None,
            reply: None,
        }),
    ];
    client.session.submit(&mut commands, world.now());
    world.settle();
    let expected = ["~TempQueue + temp-queue://ID:t", "queue://Q request"];
    assert_eq!(told(&replier), expected);
    client.close();
    assert_eq!(told(&replier), ["~TempQueue - temp-queue://ID:t"]);
}

#[test]
fn what_a_connection_leaves_open_is_told_to_go_before_itself() {
    let world = World::new(BrokerSettings::default());
    let watching = watching(&world, "Connection,Consumer.>,Producer.>,TempQueue");
    told(&watching);
    let client = world.client("c");
    client.open(consumer(1, Q));
    open_producer(&client, 1, &[Q]);
    open_producer(&client, 2, &[Q]);
    client.submit(Command::CreateDestination {
        destination: Destination::new(DestinationKind::TempQueue, "ID:t").unwrap(),
        reply: None,
    });
    client.submit(Command::CloseProducer { producer: 1 });
    let came = [
        "~Connection + c",
        "~Consumer.Queue.Q + [queue://Q] 1",
        "~Producer.Queue.Q + [queue://Q] 1",
        "~Producer.Queue.Q + [queue://Q] 2",
        "~TempQueue + temp-queue://ID:t",
        "~Producer.Queue.Q - [queue://Q] 1",
    ];
    assert_eq!(told(&watching), came);
    client.close();
    let went = [
        "~Consumer.Queue.Q - [queue://Q] 0",
        "~Producer.Queue.Q - [queue://Q] 0",
        "~TempQueue - temp-queue://ID:t",
        "~Connection - c",
    ];
    assert_eq!(told(&watching), went);
}

#[test]
fn several_destinations_stand_in_one_name() {
    let world = World::new(BrokerSettings::default());
    let watching = watching(&world, "Consumer.>,Producer.>");
    let client = world.client("c");
    client.open(consumer(1, "queue://A,queue://B,topic://C"));
    open_producer(&client, 1, &["queue://A", "queue://B"]);
    let expected = [
        "~Consumer.Queue.A&sbquo;B&sbquo;topic://C + [queue://A, queue://B, topic://C] 0",
        "~Producer.Queue.A&sbquo;B + [queue://A, queue://B] 0",
    ];
    assert_eq!(told(&watching), expected);
}

#[test]
fn producers_without_a_destination_are_told_of_only_where_that_is_asked_for() {
    for anonymous_producers in [false, true] {
        let world = World::new(BrokerSettings {
            advisories: AdvisorySettings {
                anonymous_producers,
                ..AdvisorySettings::default()
            },
            ..BrokerSettings::default()
        });
        let watching = watching(&world, "Producer.>");
        open_producer(&world.client("c"), 1, &[]);
        let expected = ["~Producer.Anonymous + [] 0"];
        let count = usize::from(anonymous_producers);
        assert_eq!(told(&watching), expected[..count]);
    }
}

#[test]
fn destinations_are_told_of_when_they_come_and_go() {
    let world = World::new(BrokerSettings::default());
    let watching = watching(&world, "Queue,Topic");
    let client = world.client("c");
    client.send(Q, "a");
    client.send(Q, "b");
    client.send("topic://T", "a");
    client.submit(Command::RemoveDestination {
        destination: Destination::parse(Q).unwrap(),
        reply: None,
    });
    let expected = [
        "~Queue + queue://Q",
        "~Topic + topic://T",
        "~Queue - queue://Q",
    ];
    assert_eq!(told(&watching), expected);
}

#[test]
fn advisory_topics_are_not_advised_themselves_and_not_created() {
    let world = World::new(BrokerSettings::default());
    let watching = watching(&world, "Topic,Consumer.>,Producer.>");
    told(&watching);
    let client = world.client("c");
    client.open(advisory(1, "Queue"));
    open_producer(&client, 1, &["topic://ActiveMQ.Advisory.Queue"]);
    assert_eq!(told(&watching), [] as [&str; 0]);
    client.send(Q, "a");
    let destinations = world.broker.view().destinations;
    let names: Vec<_> = destinations
        .iter()
        .map(|one| one.destination.name())
        .collect();
    let expected = ["Q", "ActiveMQ.Advisory.Queue", "ActiveMQ.Advisory.Topic"];
    assert_eq!(names, expected, "those that somebody named, and no more");
}

#[test]
fn nothing_is_told_where_advisories_are_switched_off() {
    let world = World::new(BrokerSettings {
        advisories: AdvisorySettings {
            support: false,
            ..AdvisorySettings::default()
        },
        ..BrokerSettings::default()
    });
    let watching = watching(&world, ">");
    let client = world.client("c");
    client.open(consumer(1, Q));
    open_producer(&client, 1, &[Q]);
    client.close();
    assert_eq!(told(&watching), [] as [&str; 0]);
}

#[test]
fn an_advisory_tells_where_it_is_from() {
    let world = World::new(BrokerSettings {
        name: "here".into(),
        advisories: AdvisorySettings {
            origin_id: "ID:here".into(),
            origin_url: "tcp://here:1".into(),
            ..AdvisorySettings::default()
        },
        ..BrokerSettings::default()
    });
    let watching = watching(&world, "Queue");
    watching.send(Q, "a");
    let events = watching.events();
    let Some(Event::Delivery(delivery)) = events.last() else {
        panic!("{events:?}");
    };
    let message = &delivery.message;
    assert_eq!(message.message_type(), Some("Advisory"));
    assert!(!message.is_persistent());
    assert_eq!((message.priority(), message.timestamp_ms()), (0, 0));
    let property = |name| match message.property(name) {
        Some(PropertyValue::String(text)) => text.to_owned(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(property("originBrokerId"), "ID:here");
    assert_eq!(property("originBrokerName"), "here");
    assert_eq!(property("originBrokerURL"), "tcp://here:1");
}

#[test]
fn selectors_choose_among_advisories() {
    let world = World::new(BrokerSettings::default());
    let watching = world.client("watching");
    watching.open(selecting(advisory(1, "Consumer.>"), "consumerCount = 2"));
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.open(consumer(2, Q));
    assert_eq!(told(&watching), ["~Consumer.Queue.Q + [queue://Q] 2"]);
}

#[test]
fn expired_messages_and_dead_letters_are_always_told_of() {
    let world = World::new(BrokerSettings::default());
    let watching = watching(&world, "Expired.>,MessageDLQd.>");
    let client = world.client("c");
    client.send(Q, "poison");
    client.open(consumer(1, Q));
    client.ack_as(1, AckRange::One(1), AckKind::Poison, None);
    client.close_consumer(1);
    let mut expiring = message("late");
    expiring.expiration_ms(world.now().wall_ms + 5);
    client.send_to(Q, expiring);
    let mut expired = message("too late");
    expired.expiration_ms(1);
    client.send_to("topic://T", expired);
    world.pass(10);
    let expected = [
        "~MessageDLQd.Queue.Q poison",
        "~Expired.Topic.T too late",
        "~Expired.Queue.Q late",
        "~MessageDLQd.Queue.Q late",
    ];
    assert_eq!(told(&watching), expected);
}

#[test]
fn messages_on_their_way_are_told_of_where_the_policy_says_so() {
    for is_on in [false, true] {
        for with_body in [false, true] {
            let world = policy(|entry| {
                entry.advisories.delivered = is_on;
                entry.advisories.dispatched = is_on;
                entry.advisories.consumed = is_on;
                entry.advisories.with_body = with_body;
            });
            let watching = watching(
                &world,
                "MessageDelivered.>,MessageDispatched.>,MessageConsumed.>",
            );
            let client = world.client("c");
            client.send(Q, "a");
            client.open(consumer(1, Q));
            client.ack(1, 1);
            let body = if with_body { "a" } else { "" };
            let expected = ["Delivered", "Dispatched", "Consumed"]
                .map(|what| format!("~Message{what}.Queue.Q a{body}"));
            let count = if is_on { 3 } else { 0 };
            assert_eq!(told(&watching), expected[..count]);
        }
    }
}

#[test]
fn acknowledgements_are_told_of_when_their_transaction_commits() {
    let world = policy(|entry| entry.advisories.consumed = true);
    let watching = watching(&world, "MessageConsumed.>");
    let client = world.client("c");
    client.send(Q, "a");
    client.open(consumer(1, Q));
    client.submit(Command::Begin { tx: 1, reply: None });
    client.ack_as(1, AckRange::One(1), AckKind::Consumed, Some(1));
    assert_eq!(told(&watching), [] as [&str; 0]);
    client.submit(Command::Commit { tx: 1, reply: None });
    assert_eq!(told(&watching), ["~MessageConsumed.Queue.Q a"]);
}

#[test]
fn messages_that_nobody_awaits_are_passed_on_where_the_policy_says_so() {
    let mut topics = PolicyEntry::new(DestinationKind::Topic, ">");
    topics.advisories.no_consumers = true;
    let world = World::new(BrokerSettings {
        policies: vec![
            queue_policy(">", |entry| entry.advisories.no_consumers = true),
            topics,
        ],
        ..BrokerSettings::default()
    });
    let watching = watching(&world, "NoConsumer.>");
    let client = world.client("c");
    let send = |destination, body, persistent| {
        let mut builder = message(body);
        builder.persistent(persistent);
        client.send_to(destination, builder);
    };
    send(Q, "kept", true);
    send(Q, "a", false);
    send("topic://T", "b", false);
    let expected = ["~NoConsumer.Queue.Q a", "~NoConsumer.Topic.T b"];
    assert_eq!(told(&watching), expected);
    client.open(consumer(1, Q));
    client.open(consumer(2, "topic://T"));
    send(Q, "a", false);
    send("topic://T", "b", false);
    assert_eq!(told(&watching), [] as [&str; 0]);
}

#[test]
fn slow_subscribers_and_what_they_lose_are_told_of_where_the_policy_says_so() {
    let world = topic_policy(|entry| {
        entry.advisories.slow_consumers = true;
        entry.advisories.discarded = true;
        entry.pending_message_limit = PendingMessageLimit::Constant(3);
    });
    let watching = watching(&world, "SlowConsumer.>,MessageDiscarded.>");
    let client = world.client("c");
    let mut open = consumer(1, "topic://T");
    open.prefetch = Some(2);
    client.open(open);
    for body in ["a", "b", "c", "d", "e", "f", "g"] {
        client.send("topic://T", body);
    }
    let expected = [
        "~SlowConsumer.Topic.T + [topic://T]",
        "~MessageDiscarded.Topic.T c 1",
        "~MessageDiscarded.Topic.T d 2",
    ];
    assert_eq!(told(&watching), expected);
}

#[test]
fn a_slow_consumer_of_a_queue_is_told_of_once_until_it_has_room_again() {
    let world = policy(|entry| entry.advisories.slow_consumers = true);
    let watching = watching(&world, "SlowConsumer.>");
    let client = world.client("c");
    let mut open = consumer(1, Q);
    open.prefetch = Some(1);
    client.open(open);
    for body in ["a", "b", "c"] {
        client.send(Q, body);
    }
    assert_eq!(told(&watching), ["~SlowConsumer.Queue.Q + [queue://Q]"]);
    client.ack_as(1, AckRange::UpTo(1), AckKind::Consumed, None);
    client.ack_as(1, AckRange::UpTo(2), AckKind::Consumed, None);
    client.ack_as(1, AckRange::UpTo(3), AckKind::Consumed, None);
    told(&watching);
    client.send(Q, "d");
    assert_eq!(told(&watching), [] as [&str; 0]);
    client.send(Q, "e");
    assert_eq!(told(&watching), ["~SlowConsumer.Queue.Q + [queue://Q]"]);
}

#[test]
fn full_destinations_and_their_producers_are_told_of_where_the_policy_says_so() {
    let world = policy(|entry| {
        entry.advisories.when_full = true;
        entry.advisories.fast_producers = true;
        entry.memory_limit_bytes = 10_000;
        entry.pending_queue_policy = Cursor::Memory;
    });
    let watching = watching(&world, "FULL.>,FastProducer.>");
    let client = world.client("c");
    open_producer(&client, 1, &[Q]);
    for _ in 0..12 {
        client.send_to(Q, message(&"x".repeat(1000)));
    }
    let events = watching.events();
    let [Event::Delivery(full), Event::Delivery(fast)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(in_words(&full.message), "~FULL.Queue.Q");
    let usage = full.message.property("usageName");
    assert!(matches!(usage, Some(PropertyValue::String("queue://Q"))));
    let used = full.message.property("usageCount");
    assert!(matches!(used, Some(PropertyValue::Long(10_000..))));
    assert_eq!(
        in_words(&fast.message),
        "~FastProducer.Queue.Q + [queue://Q]"
    );
    let Some(Advisory::Present(Thing::Producer(facts))) = Advisory::of(&fast.message) else {
        panic!("{fast:?}");
    };
    let id = fast.message.property("producerId");
    let Some(PropertyValue::String(id)) = id else {
        panic!("{id:?}");
    };
    assert_eq!(id, &*facts.introduction.id);
}

#[test]
fn things_keep_the_ids_that_their_clients_gave_them() {
    let world = World::new(BrokerSettings::default());
    let watching = watching(&world, "Consumer.>");
    let client = world.client("c");
    let introduction = floodway_message::advisory::Introduction {
        id: "ID:c:1:1".into(),
        command: bytes::Bytes::from_static(b"\x02command"),
    };
    let mut open = consumer(1, Q);
    open.introduction = Some(introduction.clone());
    client.open(open);
    let events = watching.events();
    let Some(Event::Delivery(delivery)) = events.last() else {
        panic!("{events:?}");
    };
    let told = Advisory::of(&delivery.message);
    let Some(Advisory::Present(Thing::Consumer(facts))) = told else {
        panic!("{told:?}");
    };
    assert_eq!(facts.introduction, introduction);
    assert_eq!(facts.client_id, Arc::from("c"));
}
