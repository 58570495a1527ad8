//! Settings are changed while the broker runs, and take effect at once.

use crate::client::{Client, World, consumer, message, queue_policy};
use floodway_broker::live::SetError;
use floodway_broker::settings::{BrokerSettings, Cursor, PolicyEntry};
use floodway_message::session::Reply;
use floodway_message::{Destination, DestinationKind};

const Q: &str = "queue://Q";

fn in_memory(change: impl FnOnce(&mut PolicyEntry)) -> World {
    World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 100 * 1024;
        entry.pending_queue_policy = Cursor::Memory;
        change(entry);
    }))
}

fn set(world: &World, name: &str, value: &str) {
    set_on(world, Some(Q), name, value);
}

fn set_on(world: &World, target: Option<&str>, name: &str, value: &str) {
    let target = target.map(|name| Destination::parse(name).unwrap());
    let asked = [(name, value)];
    world
        .broker
        .set(target.as_ref(), &asked, world.now())
        .unwrap();
    world.settle();
}

/// Sends until one waits, and gives its reply.
fn fill(client: &Client<'_>) -> Reply {
    fill_to(client, Q)
}

fn fill_to(client: &Client<'_>, destination: &str) -> Reply {
    let body = "x".repeat(10 * 1024);
    for _ in 0..1000 {
        let reply = client.send_to(destination, message(&body));
        if client.answer(reply).is_none() {
            return reply;
        }
    }
    panic!("no send waits")
}

#[test]
fn a_higher_limit_frees_those_who_wait_and_a_lower_one_blocks() {
    let world = in_memory(|_| ());
    let client = world.client("c");
    let waiting = fill(&client);
    set(&world, "memoryLimit", "1mb");
    assert_eq!(client.answer(waiting), Some(Ok(())));
    client.send(Q, "goes");
    set(&world, "memoryLimit", "10kb");
    let reply = client.send_to(Q, message("waits"));
    assert_eq!(client.answer(reply), None);
}

#[test]
fn without_flow_control_those_who_wait_go_on() {
    let world = in_memory(|_| ());
    let client = world.client("c");
    let waiting = fill(&client);
    set(&world, "producerFlowControl", "false");
    assert_eq!(client.answer(waiting), Some(Ok(())));
    client.send(Q, &"x".repeat(200 * 1024));
    set(&world, "producerFlowControl", "true");
    fill(&client);
}

#[test]
fn sends_are_refused_from_now_on_or_after_a_time() {
    let world = in_memory(|_| ());
    let client = world.client("c");
    let waiting = fill(&client);
    set(&world, "sendFailIfNoSpace", "true");
    let refused = client.send_to(Q, message("refused"));
    assert!(matches!(client.answer(refused), Some(Err(_))));
    // What had begun to wait goes on waiting.
    assert_eq!(client.answer(waiting), None);
    let other = world.client("other");
    client.close();
    let refused = other.send_to(Q, message("refused"));
    assert!(matches!(other.answer(refused), Some(Err(_))));
    set(&world, "sendFailIfNoSpace", "false");
    set(&world, "sendFailIfNoSpaceAfterTimeout", "500");
    let refused = other.send_to(Q, message("refused"));
    assert_eq!(other.answer(refused), None);
    world.pass(600);
    assert!(matches!(other.answer(refused), Some(Err(_))));
}

#[test]
fn the_brokers_own_limits_are_set_too() {
    let world = World::new(BrokerSettings {
        policies: vec![queue_policy("Q", |entry| {
            entry.pending_queue_policy = Cursor::Memory;
        })],
        ..BrokerSettings::default()
    });
    let client = world.client("c");
    client.send(Q, "first");
    set_on(&world, None, "memoryLimit", "100kb");
    let waiting = fill(&client);
    set_on(&world, None, "memoryLimit", "200kb");
    assert_eq!(client.answer(waiting), Some(Ok(())));
    client.send("queue://S", "stored");
    set_on(&world, None, "storeLimit", "1");
    let waiting = fill_to(&client, "queue://S");
    set_on(&world, None, "storeLimit", "1gb");
    assert_eq!(client.answer(waiting), Some(Ok(())));
}

#[test]
fn the_base_charge_of_later_messages_changes_and_earlier_ones_keep_theirs() {
    let world = in_memory(|_| ());
    let client = world.client("c");
    client.send(Q, "a");
    let one = world.broker.view().memory_used_bytes;
    set(&world, "minimumMessageSize", "4kb");
    client.send(Q, "b");
    assert_eq!(world.broker.view().memory_used_bytes, 2 * one + 3072);
    client.open(consumer(1, Q));
    client.ack(1, 1);
    client.ack(1, 2);
    assert_eq!(world.broker.view().memory_used_bytes, 0);
}

#[test]
fn what_waits_on_disk_for_room_is_read_when_the_limit_rises() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 20 * 1024;
    }));
    let client = world.client("c");
    for _ in 0..20 {
        client.send(Q, &"x".repeat(10 * 1024));
    }
    client.open(consumer(1, Q));
    let before = client.got().len();
    assert!(before < 20);
    set(&world, "memoryLimit", "1mb");
    assert_eq!(before + client.got().len(), 20);
}

#[test]
fn a_topics_settings_reach_its_subscriptions() {
    let mut entry = PolicyEntry::new(DestinationKind::Topic, ">");
    entry.memory_limit_bytes = 100 * 1024;
    entry.pending_subscriber_policy = Cursor::Memory;
    let world = World::with_policy(entry);
    let client = world.client("c");
    let mut open = consumer(1, "topic://T");
    open.prefetch = Some(1);
    client.open(open);
    let waiting = fill_to(&client, "topic://T");
    set_on(&world, Some("topic://T"), "memoryLimit", "1mb");
    assert_eq!(client.answer(waiting), Some(Ok(())));
}

#[test]
fn nothing_is_changed_when_one_part_of_a_change_is_wrong() {
    let world = in_memory(|_| ());
    world.client("c").send(Q, "a");
    let queue = Destination::parse(Q).unwrap();
    let before = world.broker.settings_of(Some(&queue)).unwrap();
    for (name, value) in [
        ("memoryLimt", "1"),
        ("prioritizedMessages", "true"),
        ("useCache", "maybe"),
        ("maxPageSize", "-1"),
    ] {
        let asked = [("memoryLimit", "1gb"), (name, value)];
        let refused = world.broker.set(Some(&queue), &asked, world.now());
        let text = refused.unwrap_err().to_string();
        assert!(text.contains(name), "{text}");
    }
    assert_eq!(world.broker.settings_of(Some(&queue)).unwrap(), before);
    let nowhere = Destination::parse("queue://NOWHERE").unwrap();
    let refused = world
        .broker
        .set(Some(&nowhere), &[("memoryLimit", "1")], world.now());
    assert!(matches!(refused, Err(SetError::NoDestination { .. })));
    assert!(world.broker.settings_of(Some(&nowhere)).is_none());
}
