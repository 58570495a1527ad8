//! Limits: producers are paused, refused, resumed.

use crate::client::{Client, World, consumer, message, queue_policy};
use floodway_broker::settings::{BrokerSettings, Cursor, PolicyEntry};
use floodway_broker::view::{BlockedView, LimitView};
use floodway_message::Destination;
use floodway_message::session::*;
use floodway_store::disk::OsDisk;
use floodway_store::{Journal, JournalSettings};
use std::sync::Arc;

const Q: &str = "queue://Q";

fn limited(change: impl FnOnce(&mut PolicyEntry)) -> World {
    World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 1 << 20;
        entry.pending_queue_policy = Cursor::Memory;
        change(entry);
    }))
}

fn fill(client: &crate::client::Client<'_>) -> usize {
    let body = "x".repeat(10 * 1024);
    for sent in 0.. {
        let reply = client.send_to(Q, message(&body));
        match client.answer(reply) {
            Some(Ok(())) => {}
            Some(Err(_)) | None => return sent,
        }
    }
    unreachable!("the limit was never reached")
}

#[test]
fn a_memory_cursor_parks_the_send_after_the_limit_and_one_ack_resumes_it() {
    let world = limited(|_| {});
    let client = world.client("c");
    assert_eq!(fill(&client), 94);
    assert!(
        client
            .events()
            .iter()
            .any(|e| matches!(e, Event::Pause { producer: 1 }))
    );
    // The same connection goes on with everything else.
    client.send("queue://OTHER", "hello");
    client.open(consumer(2, "queue://OTHER"));
    assert_eq!(client.bodies(), ["hello"]);
    client.ack(2, 1);
    let mut open = consumer(1, Q);
    open.prefetch = Some(1);
    client.open(open);
    assert_eq!(client.got().len(), 1);
    assert!(
        !client
            .events()
            .iter()
            .any(|e| matches!(e, Event::Resume { .. }))
    );
    client.ack(1, 1);
    let events = client.events();
    assert!(
        events
            .iter()
            .any(|e| matches!(e, Event::Resume { producer: 1 }))
    );
    assert!(events.iter().any(|e| matches!(e, Event::Done { .. })));
}

#[test]
fn a_store_cursor_never_parks_for_memory() {
    let world = limited(|entry| entry.pending_queue_policy = Cursor::Store);
    let client = world.client("c");
    let body = "x".repeat(10 * 1024);
    for number in 0..1000 {
        let mut builder = message(&body);
        builder.persistent(number % 2 == 0);
        let reply = client.send_to(Q, builder);
        assert_eq!(client.answer(reply), Some(Ok(())), "message {number}");
    }
}

#[test]
fn a_high_water_mark_above_100_brings_throttling_back() {
    let world = limited(|entry| {
        entry.pending_queue_policy = Cursor::Store;
        entry.cursor_memory_high_water_mark = 200;
    });
    assert_eq!(fill(&world.client("c")), 94);
}

#[test]
fn send_fail_if_no_space_refuses_with_the_numbers() {
    let world = limited(|entry| entry.send_fail_if_no_space = Some(true));
    let client = world.client("c");
    assert_eq!(fill(&client), 94);
    let reply = client.send_to(Q, message("more"));
    let failure = client.answer(reply).unwrap().unwrap_err();
    assert_eq!(failure.kind, FailureKind::NoSpace);
    assert!(failure.text.contains("1048576"), "{}", failure.text);
    assert!(failure.text.contains("queue://Q"), "{}", failure.text);
}

#[test]
fn send_fail_after_timeout_waits_first() {
    let world = limited(|entry| entry.send_fail_after_timeout_ms = Some(500));
    let client = world.client("c");
    assert_eq!(fill(&client), 94);
    let reply = client.send_to(Q, message("more"));
    world.pass(499);
    assert_eq!(client.answer(reply), None);
    world.pass(1);
    let failure = client.answer(reply).unwrap().unwrap_err();
    assert!(failure.text.contains("waited 500 ms"), "{}", failure.text);
}

#[test]
fn without_producer_flow_control_memory_grows_past_the_limit() {
    let world = limited(|entry| entry.producer_flow_control = false);
    let client = world.client("c");
    for _ in 0..200 {
        client.send(Q, &"x".repeat(10 * 1024));
    }
}

#[test]
fn a_producer_that_disconnects_takes_its_parked_message_with_it() {
    let world = limited(|_| {});
    let producer = world.client("producer");
    assert_eq!(fill(&producer), 94);
    producer.close();
    let client = world.client("c");
    client.open(consumer(1, Q));
    assert_eq!(client.got().len(), 94);
    client.ack_as(1, AckRange::UpTo(94), AckKind::Consumed, None);
    assert!(client.got().is_empty());
}

#[test]
fn parked_bytes_of_a_connection_stop_its_reader_and_room_restarts_it() {
    let world = World::new(BrokerSettings {
        parked_send_limit_bytes: 128 << 10,
        policies: vec![queue_policy("Q", |entry| {
            entry.memory_limit_bytes = 1 << 20;
            entry.pending_queue_policy = Cursor::Memory;
        })],
        ..BrokerSettings::default()
    });
    let client = world.client("c");
    fill(&client);
    for _ in 0..4 {
        client.send_to(Q, message(&"x".repeat(10 * 1024)));
    }
    assert!(!client.session.must_wait());
    for _ in 0..5 {
        client.send_to(Q, message(&"x".repeat(10 * 1024)));
    }
    assert!(client.session.must_wait());
    let other = world.client("other");
    other.open(consumer(1, Q));
    other.ack_as(1, AckRange::UpTo(90), AckKind::Consumed, None);
    assert!(!client.session.must_wait());
}

#[test]
fn a_full_broker_limit_names_the_broker() {
    let mut settings = BrokerSettings::default();
    settings.usage.memory_limit_bytes = 100 << 10;
    settings.usage.send_fail_if_no_space = true;
    settings.policies = vec![queue_policy(">", |entry| {
        entry.pending_queue_policy = Cursor::Memory;
    })];
    let world = World::new(settings);
    let client = world.client("c");
    for _ in 0..10 {
        client.send_to("queue://A", message(&"x".repeat(10 * 1024)));
    }
    let reply = client.send_to("queue://B", message("small"));
    let failure = client.answer(reply).unwrap().unwrap_err();
    assert!(
        failure.text.contains("memory limit of broker"),
        "{}",
        failure.text
    );
}

#[test]
fn an_empty_queue_dispatches_its_backlog_though_the_broker_is_full() {
    let mut settings = BrokerSettings::default();
    settings.usage.memory_limit_bytes = 200 << 10;
    settings.policies = vec![queue_policy("HOG", |entry| {
        entry.pending_queue_policy = Cursor::Memory;
        entry.producer_flow_control = false;
    })];
    let world = World::new(settings);
    let client = world.client("c");
    for _ in 0..30 {
        client.send("queue://HOG", &"x".repeat(10 * 1024));
    }
    for number in 0..20 {
        client.send(Q, &number.to_string());
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
    let expected: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    assert_eq!(seen, expected);
}

#[test]
fn what_is_read_back_from_disk_stops_at_the_memory_limit() {
    let limit = 10_000;
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = limit;
    }));
    let client = world.client("c");
    let bodies: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    for body in &bodies {
        client.send("queue://Q", body);
    }
    client.open(consumer(1, "queue://Q"));
    let mut got = Vec::new();
    while got.len() < bodies.len() {
        let used = world.broker.view().memory_used_bytes;
        assert!(used <= limit + 1100, "{used} bytes of small messages");
        let more = client.got();
        let last = more.last().map(|got| got.delivery).unwrap();
        got.extend(more.into_iter().map(|got| got.body));
        client.ack_as(1, AckRange::UpTo(last), AckKind::Consumed, None);
    }
    assert_eq!(got, bodies);
}

/// Twenty sends come while the journal is busy; then it has written what it had, and the memory
/// limit is met.
fn meets_the_limit_after_congestion(
    name: &str,
    change: impl FnOnce(&mut PolicyEntry),
    check: impl FnOnce(&World, &Client<'_>, &[Reply]),
) {
    let name = format!("floodway-busy-{name}-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let settings = JournalSettings {
        segment_bytes: 64 << 10,
        commit_queue_limit_bytes: 20 << 10,
        ..JournalSettings::default()
    };
    let journal = Journal::open(Arc::new(OsDisk::new(&folder).unwrap()), settings).unwrap();
    let settings = BrokerSettings {
        policies: vec![queue_policy("Q", |entry| {
            entry.memory_limit_bytes = 50 << 10;
            entry.cursor_memory_high_water_mark = 200;
            change(entry);
        })],
        ..BrokerSettings::default()
    };
    let world = World::on_journal(settings, journal);
    let client = world.client("c");
    let destination = Destination::parse(Q).unwrap();
    let mut replies = Vec::new();
    for number in 0..20 {
        let mut builder = message(&format!("{number:010240}"));
        builder.destination(&destination);
        let send = Command::Send(Send {
            producer: 1,
            destinations: Destinations::One(destination.clone()),
            message: builder.build(1 << 14).unwrap(),
            tx: None,
            reply: Some(client.reply()),
        });
        if let Command::Send(Send { reply, .. }) = &send {
            replies.extend(*reply);
        }
        // Not settled: the journal has no time to write.
        client.session.submit(&mut vec![send], world.now());
    }
    let is_congested = |view: &BlockedView| matches!(view.limit, LimitView::Congested);
    assert!(world.broker.blocked(world.now()).iter().all(is_congested));
    world.pass(1);
    for reply in replies.iter().take(5) {
        assert_eq!(client.answer(*reply), Some(Ok(())));
    }
    check(&world, &client, &replies[5..]);
    drop(client);
    drop(world);
    std::fs::remove_dir_all(&folder).ok();
}

#[test]
fn what_waited_for_a_busy_store_waits_for_the_limit_that_it_meets_then() {
    meets_the_limit_after_congestion(
        "wait",
        |_| {},
        |world, client, waiting| {
            let blocked = world.broker.blocked(world.now());
            let LimitView::Memory { limit_bytes, .. } = blocked[0].limit else {
                panic!("{:?}", blocked[0].limit);
            };
            assert_eq!((limit_bytes, blocked[0].sends), (50 << 10, waiting.len()));
            client.open(consumer(1, Q));
            client.ack_as(1, AckRange::UpTo(5), AckKind::Consumed, None);
            world.pass(1);
            assert_eq!(client.answer(waiting[0]), Some(Ok(())));
        },
    );
}

#[test]
fn what_waited_for_a_busy_store_is_refused_by_the_limit_that_it_meets_then() {
    let refusing = |entry: &mut PolicyEntry| entry.send_fail_if_no_space = Some(true);
    meets_the_limit_after_congestion("fail", refusing, |world, client, waiting| {
        for reply in waiting {
            let failure = client.answer(*reply).unwrap().unwrap_err();
            assert_eq!(failure.kind, FailureKind::NoSpace);
        }
        assert!(world.broker.blocked(world.now()).is_empty());
    });
    let timing_out = |entry: &mut PolicyEntry| entry.send_fail_after_timeout_ms = Some(500);
    meets_the_limit_after_congestion("timeout", timing_out, |world, client, waiting| {
        assert_eq!(client.answer(waiting[0]), None);
        world.pass(500);
        for reply in waiting {
            assert!(client.answer(*reply).unwrap().is_err());
        }
    });
}

#[test]
fn a_number_that_was_refused_may_be_sent_again() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 1024;
        entry.pending_queue_policy = Cursor::Memory;
        entry.send_fail_if_no_space = Some(true);
    }));
    let client = world.client("c");
    client.send("queue://Q", "a");
    let numbered = || {
        let mut builder = message("b");
        builder.producer_sequence("p", 1);
        builder
    };
    let refused = client.send_to("queue://Q", numbered());
    assert!(client.answer(refused).unwrap().is_err());
    client.open(consumer(1, "queue://Q"));
    client.ack(1, 1);
    for _ in 0..2 {
        let again = client.send_to("queue://Q", numbered());
        assert_eq!(client.answer(again), Some(Ok(())));
    }
    assert_eq!(client.bodies(), ["a", "b"]);
}
