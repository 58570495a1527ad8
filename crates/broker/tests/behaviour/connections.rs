//! Clients that come again: after a broken connection, after a crash of the broker.

use crate::client::{Client, World, consumer, message};
use floodway_broker::settings::BrokerSettings;
use floodway_message::Destination;
use floodway_message::session::{Command, Connect, Destinations, Event, PeerBroker, Send};
use floodway_store::disk::OsDisk;
use floodway_store::{Journal, JournalSettings};
use std::sync::Arc;

const Q: &str = "queue://Q";

fn send(client: &Client<'_>, number: u64) {
    let mut builder = message(&number.to_string());
    builder.producer_sequence("p", number);
    let reply = client.send_to(Q, builder);
    assert_eq!(client.answer(reply), Some(Ok(())), "message {number}");
}

#[test]
fn what_was_accepted_before_a_crash_is_not_taken_again() {
    let world = World::new(BrokerSettings::default());
    let client = world.client_with("c", true, None);
    for number in [1, 2, 4] {
        send(&client, number);
    }
    client.open(consumer(1, Q));
    assert_eq!(client.bodies(), ["1", "2", "4"]);
    client.ack(1, 1);
    let world = world.reopened();
    let client = world.client_with("c", true, None);
    for number in 1..=5 {
        send(&client, number);
    }
    client.open(consumer(1, Q));
    assert_eq!(client.bodies(), ["2", "4", "3", "5"], "1 was consumed");
    // What the second life accepted does not make the third forget the first.
    let world = world.reopened();
    let client = world.client_with("c", true, None);
    for number in 1..=6 {
        send(&client, number);
    }
    client.open(consumer(1, Q));
    assert_eq!(client.bodies(), ["2", "4", "3", "5", "6"]);
}

#[test]
fn numbers_of_producers_long_gone_do_not_stay_in_the_store() {
    let world = World::new(BrokerSettings {
        audited_producers_max: 10,
        ..BrokerSettings::default()
    });
    let client = world.client_with("c", true, None);
    for producer in 0..100 {
        let mut builder = message("x");
        builder.producer_sequence(&format!("producer-{producer}"), 1);
        client.send_to(Q, builder);
    }
    assert_eq!(world.stores[0].notes().len(), 10);
}

#[test]
fn a_client_that_does_not_send_again_costs_no_notes() {
    let world = World::new(BrokerSettings::default());
    send(&world.client("c"), 1);
    assert!(world.stores[0].notes().is_empty());
}

#[test]
fn a_new_connection_of_the_same_session_takes_over() {
    let world = World::new(BrokerSettings::default());
    let old = world.client_with("c", true, Some("ID:1"));
    old.open(consumer(1, Q));
    old.send(Q, "a");
    assert_eq!(old.bodies(), ["a"]);
    let new = world.client_with("c", true, Some("ID:1"));
    let told = old.events();
    assert!(
        matches!(&told[..], [Event::Closed { reason }] if reason.contains("connected again")),
        "{told:?}"
    );
    new.open(consumer(1, Q));
    assert_eq!(new.bodies(), ["a"], "given back by the old one");
    // What the old one still sends counts for nothing, and its end harms nobody.
    old.submit(Command::CloseConsumer {
        consumer: 1,
        reply: None,
    });
    old.close();
    new.send(Q, "b");
    assert_eq!(new.bodies(), ["b"]);
}

#[test]
fn another_session_does_not_take_a_client_id_in_use() {
    let world = World::new(BrokerSettings::default());
    let _first = world.client_with("c", true, Some("ID:1"));
    for other in [None, Some("ID:2")] {
        let session = world.broker.connect("other", Box::new(|| {}));
        let connect = Connect {
            client_id: "c".into(),
            user: None,
            password: None,
            protocol: "test",
            resends: true,
            session: other.map(Into::into),
            introduction: None,
            reply: 7,
        };
        session.submit(&mut vec![Command::Connect(Box::new(connect))], world.now());
        let mut events = Vec::new();
        session.take_events(&mut events, 10);
        assert!(
            matches!(&events[..], [Event::Failed { reply: Some(7), failure }] if failure.text.contains("in use")),
            "{events:?}"
        );
        session.close(world.now());
    }
}

/// The lists of brokers that a client was told since the last look: name and whether connected.
fn peers(client: &Client<'_>) -> Vec<Vec<(String, bool)>> {
    let told = client.events().into_iter();
    told.filter_map(|event| match event {
        Event::PeerBrokers { brokers } => Some(
            brokers
                .iter()
                .map(|one| (one.name.to_string(), one.connected))
                .collect(),
        ),
        _ => None,
    })
    .collect()
}

fn bridge<'a>(world: &'a World, name: &str) -> Client<'a> {
    let client = world.client(name);
    client.submit(Command::PeerBroker(PeerBroker {
        name: name.into(),
        url: format!("tcp://{name}:1").into(),
        connected: true,
    }));
    client
}

#[test]
fn clients_that_can_go_elsewhere_learn_of_brokers_that_come_and_go() {
    let world = World::new(BrokerSettings::default());
    let plain = world.client("plain");
    let able = world.client_with("able", true, None);
    assert!(peers(&able).is_empty());
    let first = bridge(&world, "a");
    let known = |name: &str, connected| (name.to_owned(), connected);
    assert_eq!(peers(&able), [[known("a", true)]]);
    let second = bridge(&world, "b");
    first.session.close(world.now());
    let now = [known("a", false), known("b", true)];
    // Only the newest list waits for one that has not looked.
    assert_eq!(peers(&able), std::slice::from_ref(&now));
    let late = world.client_with("late", true, None);
    assert_eq!(peers(&late), [now]);
    // It comes again on another connection before the old one has ended.
    let again = bridge(&world, "c");
    again.submit(Command::PeerBroker(PeerBroker {
        name: "b".into(),
        url: "tcp://b:1".into(),
        connected: true,
    }));
    second.session.close(world.now());
    let now = [known("a", false), known("b", true), known("c", true)];
    assert_eq!(peers(&late), [now]);
    assert!(peers(&plain).is_empty());
}

#[test]
fn brokers_that_are_gone_make_room_and_there_is_a_limit() {
    let world = World::new(BrokerSettings::default());
    let able = world.client_with("able", true, None);
    let mut bridges: Vec<_> = (0..64).map(|n| bridge(&world, &format!("b{n}"))).collect();
    let refused = bridge(&world, "too-many");
    assert_eq!(peers(&able).last().map(Vec::len), Some(64));
    bridges.remove(5).session.close(world.now());
    refused.session.close(world.now());
    bridge(&world, "new");
    let told = peers(&able).pop().unwrap();
    assert_eq!(told.len(), 64);
    assert_eq!(told[63].0, "new");
    assert!(told.iter().all(|(name, _)| name != "b5"));
}

/// What a resent message is confirmed with must hold: it may still be on its way to the disk.
#[test]
fn a_message_that_is_sent_again_is_confirmed_when_it_is_stored() {
    let name = format!("floodway-resent-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let disk = Arc::new(OsDisk::new(&folder).unwrap());
    let journal = Journal::open(disk, JournalSettings::default()).unwrap();
    let world = World::on_journal(BrokerSettings::default(), journal);
    for (number, to) in ["queue://A", "queue://A,queue://B", "topic://T"]
        .into_iter()
        .enumerate()
    {
        let clients = ["first", "again"].map(|id| world.client(&format!("{id}{number}")));
        if to.starts_with("topic") {
            let mut open = consumer(1, to);
            open.durable_name = Some("d".into());
            clients[0].open(open);
        }
        let destinations: Vec<_> = to
            .split(',')
            .map(|one| Destination::parse(one).unwrap())
            .collect();
        let replies = clients.each_ref().map(|client| {
            let mut builder = message("m");
            builder.destination(&destinations[0]);
            builder.producer_sequence("p", number as u64 + 1);
            let reply = client.reply();
            let send = Command::Send(Send {
                producer: 1,
                destinations: Destinations::Many(destinations.clone().into()),
                message: builder.build(0).unwrap(),
                tx: None,
                reply: Some(reply),
            });
            // The disk has no time to write.
            client.session.submit(&mut vec![send], world.now());
            reply
        });
        for (client, reply) in clients.iter().zip(replies) {
            assert_eq!(client.answer(reply), None, "{to}: not written yet");
        }
        world.settle();
        for (client, reply) in clients.iter().zip(replies) {
            assert_eq!(client.answer(reply), Some(Ok(())), "{to}");
        }
    }
    drop(world);
    std::fs::remove_dir_all(&folder).ok();
}
