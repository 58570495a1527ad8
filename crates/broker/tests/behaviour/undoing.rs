//! Undo of what an operator removed: purges and deletions, on a real journal whose steps the tests
//! take.

use crate::client::{Client, World, consumer, message, property, queue_policy, selecting};
use floodway_broker::settings::{BrokerSettings, SystemUsage};
use floodway_broker::undo::{Removed, UndoError, UndoToken, UndoView};
use floodway_message::session::{AckKind, AckRange, OpenConsumer};
use floodway_message::{BodyKind, Destination, MessageBuilder};
use floodway_store::disk::OsDisk;
use floodway_store::{Journal, JournalSettings, Store, open_spool};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const Q: &str = "queue://Q";

/// A folder that is removed in the end.
pub struct Folder(std::path::PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("floodway-undo-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn disk(&self) -> Arc<OsDisk> {
        Arc::new(OsDisk::new(&self.0).unwrap())
    }

    pub fn world(&self, settings: BrokerSettings) -> World {
        World::on_journal(settings, Journal::open(self.disk(), small()).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn small() -> JournalSettings {
    JournalSettings {
        segment_bytes: 16 << 10,
        ..JournalSettings::default()
    }
}

fn destination() -> Destination {
    Destination::parse(Q).unwrap()
}

/// Removes what a consumer gets, as the console does.
fn remove(world: &World, mut open: OpenConsumer) -> Option<UndoView> {
    open.prefetch = Some(50);
    let token = world.broker.begin_undo(&destination(), world.now());
    let operator = world.operator();
    operator.open(open);
    loop {
        let got = operator.got();
        let Some(last) = got.last() else { break };
        if let Some(token) = token {
            while !operator.session.remember(token, 1, last.delivery) {
                world.settle();
            }
            let count = got.len() as u64;
            world.broker.note_removed(token, count, world.now());
        }
        operator.ack_as(1, AckRange::UpTo(last.delivery), AckKind::Consumed, None);
    }
    operator.close();
    world.tidy();
    world.broker.finish_undo(token?, world.now())
}

fn purge(world: &World) -> UndoView {
    remove(world, consumer(1, Q)).unwrap()
}

/// Puts back all that there is.
pub fn undo(world: &World, token: UndoToken) -> Result<u64, UndoError> {
    let operator = world.operator();
    loop {
        let reply = operator.reply();
        let done = operator.session.put_back(token, reply, world.now());
        world.settle();
        assert_eq!(operator.answer(reply), done.is_ok().then_some(Ok(())));
        let done = done?;
        if done.is_over {
            return Ok(done.total);
        }
    }
}

fn fill(client: &Client<'_>, count: usize) -> Vec<String> {
    let bodies: Vec<String> = (0..count).map(|at| format!("{at:04}")).collect();
    for body in &bodies {
        client.send(Q, body);
    }
    bodies
}

/// Everything that waits, which stays.
fn waiting(world: &World) -> Vec<String> {
    let client = world.client("looks");
    let mut open = consumer(1, Q);
    open.browser = true;
    open.prefetch = Some(5000);
    client.open(open);
    let bodies = client.bodies();
    client.close();
    bodies
}

#[test]
fn purged_messages_come_back_in_their_order_and_only_once() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    let client = world.client("c");
    let bodies = fill(&client, 600);
    let view = purge(&world);
    assert_eq!((view.removed, view.restorable), (600, 600));
    assert!(view.is_complete && view.left_ms == 60_000);
    assert_eq!(view.what, Removed::Messages);
    assert_eq!(view.destination, destination());
    assert_eq!(waiting(&world), [""; 0]);
    assert_eq!(world.broker.undos(world.now()), std::slice::from_ref(&view));

    client.send(Q, "later");
    assert_eq!(undo(&world, view.token).unwrap(), 600);
    let mut expected = vec!["later".to_owned()];
    expected.extend(bodies);
    assert_eq!(waiting(&world), expected);
    let again = undo(&world, view.token).unwrap_err();
    assert!(
        matches!(again, UndoError::Done { messages: 600 }),
        "{again}"
    );
    assert!(world.broker.undos(world.now()).is_empty());
}

#[test]
fn message_is_put_back_as_it_was() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    let client = world.client("c");
    let mut builder = message("body");
    builder.id("ID:one").timestamp_ms(77).priority(7);
    builder.correlation_id("other").producer_sequence("p:1", 5);
    property(&mut builder, "color", "blue");
    client.send_to(Q, builder);
    // Given back once.
    client.open(consumer(1, Q));
    let [got] = client.got().try_into().unwrap();
    client.ack_as(1, AckRange::One(got.delivery), AckKind::Redeliver, None);
    assert_eq!(client.got().len(), 1);
    client.close_consumer(1);
    let before = look(&world);

    let view = purge(&world);
    assert_eq!(undo(&world, view.token).unwrap(), 1);
    assert_eq!(look(&world), before);
    let client = world.client("d");
    client.open(selecting(consumer(1, Q), "color = 'blue'"));
    let [got] = client.got().try_into().unwrap();
    assert_eq!((got.body.as_str(), got.redeliveries), ("body", 2));
}

/// The bytes of the first message that waits.
fn look(world: &World) -> (bytes::Bytes, bytes::Bytes) {
    let client = world.client("looks");
    let mut open = consumer(1, Q);
    open.browser = true;
    client.open(open);
    let found = client.events().into_iter().find_map(|event| match event {
        floodway_message::session::Event::Delivery(one) => Some(one.message),
        _ => None,
    });
    client.close();
    let message = found.unwrap();
    (message.head().clone(), message.body().clone())
}

#[test]
fn only_what_was_chosen_is_removed_and_put_back() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    let client = world.client("c");
    for at in 0..100 {
        let mut builder = message(&format!("{at:02}"));
        property(&mut builder, "odd", if at % 2 == 1 { "yes" } else { "no" });
        client.send_to(Q, builder);
    }
    let view = remove(&world, selecting(consumer(1, Q), "odd = 'yes'")).unwrap();
    assert_eq!((view.removed, view.restorable), (50, 50));
    let even: Vec<String> = (0..100).step_by(2).map(|at| format!("{at:02}")).collect();
    assert_eq!(waiting(&world), even);
    assert_eq!(undo(&world, view.token).unwrap(), 50);
    let odd = (1..100).step_by(2).map(|at| format!("{at:02}"));
    assert_eq!(
        waiting(&world),
        even.into_iter().chain(odd).collect::<Vec<_>>()
    );
    // Nothing was removed: there is nothing to undo.
    assert!(remove(&world, selecting(consumer(1, Q), "odd = 'maybe'")).is_none());
    assert!(world.broker.undos(world.now()).is_empty());
}

#[test]
fn deleted_queue_comes_back_with_its_messages() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    let client = world.client("c");
    let bodies = fill(&client, 300);
    let token = world.broker.delete(&destination(), world.now()).unwrap();
    let token = token.unwrap();
    let view = world.broker.finish_undo(token, world.now()).unwrap();
    assert!(!view.is_complete, "its end is not written yet");
    let operator = world.operator();
    let early = operator.session.put_back(token, 1, world.now()).unwrap();
    assert!(early.count == 0 && !early.is_over, "{early:?}");
    world.tidy();
    let view = world.broker.finish_undo(token, world.now()).unwrap();
    assert!(view.is_complete && view.is_deleted());
    assert_eq!(view.what, Removed::Queue);
    assert_eq!((view.removed, view.restorable), (300, 300));
    let exists = || {
        world
            .broker
            .view()
            .destinations
            .iter()
            .any(|one| one.destination == destination())
    };
    assert!(!exists());
    assert_eq!(undo(&world, token).unwrap(), 300);
    assert!(exists());
    assert_eq!(waiting(&world), bodies);
    // An empty one is gone for good, one with consumers stays.
    remove(&world, consumer(1, Q));
    client.open(consumer(1, Q));
    world
        .broker
        .delete(&destination(), world.now())
        .unwrap_err();
    client.close_consumer(1);
    assert_eq!(
        world.broker.delete(&destination(), world.now()).unwrap(),
        None
    );
}

#[test]
fn messages_in_memory_alone_and_expired_ones_do_not_come_back() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    let client = world.client("c");
    client.send(Q, "kept");
    let mut light = message("light");
    light.persistent(false);
    client.send_to(Q, light);
    let mut short = message("short");
    short.expiration_ms(crate::client::START_WALL_MS + 5000);
    client.send_to(Q, short);
    let view = purge(&world);
    assert_eq!((view.removed, view.restorable), (3, 2));
    world.pass(5000);
    assert_eq!(undo(&world, view.token).unwrap(), 1);
    assert_eq!(waiting(&world), ["kept"]);
}

#[test]
fn grace_time_ends_an_undo_and_frees_the_disk() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings {
        undo_grace_ms: 10_000,
        ..BrokerSettings::default()
    });
    let client = world.client("c");
    fill(&client, 20);
    let view = purge(&world);
    world.pass(9999);
    let left: Vec<u64> = world
        .broker
        .undos(world.now())
        .iter()
        .map(|one| one.left_ms)
        .collect();
    assert_eq!(left, [1]);
    world.pass(1);
    assert!(world.broker.undos(world.now()).is_empty());
    let over = undo(&world, view.token).unwrap_err();
    assert!(
        matches!(over, UndoError::Over { grace_ms: 10_000 }),
        "{over}"
    );
    let unknown = undo(&world, "u123".parse().unwrap()).unwrap_err();
    assert!(matches!(unknown, UndoError::Unknown), "{unknown}");
    let text = view.token.to_string();
    assert_eq!(text.parse::<UndoToken>().unwrap(), view.token);
    for foreign in ["", "u", "123", "uxyz", "u11112222333344445", "é"] {
        assert!(foreign.parse::<UndoToken>().is_err(), "{foreign}");
    }
}

#[test]
fn nothing_is_remembered_where_it_is_switched_off_or_there_is_no_journal() {
    let folder = Folder::new();
    let off = folder.world(BrokerSettings {
        undo_grace_ms: 0,
        ..BrokerSettings::default()
    });
    let in_memory = World::new(BrokerSettings::default());
    for world in [off, in_memory] {
        let client = world.client("c");
        client.send(Q, "a");
        assert!(remove(&world, consumer(1, Q)).is_none());
        client.send(Q, "b");
        assert_eq!(
            world.broker.delete(&destination(), world.now()).unwrap(),
            None
        );
        assert_eq!(waiting(&world), [""; 0]);
    }
}

#[test]
fn purge_of_a_full_store_lets_producers_go_on_and_its_undo_waits_for_room() {
    const LIMIT: u64 = 400 << 10;
    let folder = Folder::new();
    let world = folder.world(BrokerSettings {
        usage: SystemUsage {
            store_limit_bytes: LIMIT,
            ..SystemUsage::default()
        },
        ..BrokerSettings::default()
    });
    let client = world.client("c");
    let large = |id: String| {
        let mut builder = message(&id);
        builder.body(BodyKind::Bytes, vec![b'x'; 4000].into());
        builder
    };
    let mut sent = 0;
    let blocked = loop {
        let reply = client.send_to(Q, large(format!("ID:{sent}")));
        world.tidy();
        if client.answer(reply).is_none() {
            break reply;
        }
        sent += 1;
        assert!(sent < 500);
    };
    assert!(sent > 80, "{sent}");
    let view = purge(&world);
    world.pass(100);
    // What was blocked came in while the purge went on, and nearly all of the limit is free.
    let purged = view.restorable;
    let left = usize::try_from(sent + 1 - purged).unwrap();
    assert!(left <= 1);
    assert_eq!(client.answer(blocked), Some(Ok(())));
    assert!(world.stores[0].usage().used_bytes < LIMIT / 4);

    // With others in its place there is no room for all of it.
    let other = "queue://OTHER";
    for at in 0..sent / 2 {
        let reply = client.send_to(other, large(format!("ID:other-{at}")));
        assert_eq!(client.answer(reply), Some(Ok(())));
    }
    let short = undo(&world, view.token).unwrap_err();
    assert!(matches!(short, UndoError::NoRoom { .. }), "{short}");
    assert!(short.to_string().contains("of the store limit"), "{short}");
    assert_eq!(waiting(&world).len(), left);
    let still = world.broker.undo(view.token, world.now()).unwrap();
    assert_eq!(still.restorable, purged);

    world
        .broker
        .delete(&Destination::parse(other).unwrap(), world.now())
        .unwrap();
    world.tidy();
    assert_eq!(undo(&world, view.token).unwrap(), purged);
    assert_eq!(waiting(&world).len() as u64, sent + 1);
}

#[test]
fn what_was_put_back_outlives_a_crash_and_what_was_not_does_not() {
    let folder = Folder::new();
    let token = {
        let world = folder.world(BrokerSettings::default());
        let client = world.client("c");
        fill(&client, 50);
        let view = purge(&world);
        assert_eq!(undo(&world, view.token).unwrap(), 50);
        view.token
        // Nothing is closed: the process ends here.
    };
    let token = {
        let world = folder.world(BrokerSettings::default());
        assert_eq!(waiting(&world).len(), 50);
        let unknown = undo(&world, token).unwrap_err();
        assert!(matches!(unknown, UndoError::Unknown), "{unknown}");
        purge(&world).token
    };
    let world = folder.world(BrokerSettings::default());
    assert_eq!(waiting(&world), [""; 0]);
    assert!(matches!(
        undo(&world, token).unwrap_err(),
        UndoError::Unknown
    ));
}

#[test]
fn what_is_not_written_yet_is_waited_for() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    let client = world.client("c");
    let operator = world.operator();
    let token = world
        .broker
        .begin_undo(&destination(), world.now())
        .unwrap();
    operator.open(consumer(1, Q));
    client.send_unsettled(Q, message("fresh"));
    let [got] = operator.got().try_into().unwrap();
    assert!(!operator.session.remember(token, 1, got.delivery));
    world.settle();
    assert!(operator.session.remember(token, 1, got.delivery));
    world.broker.note_removed(token, 1, world.now());
    operator.ack_as(1, AckRange::UpTo(got.delivery), AckKind::Consumed, None);
    assert_eq!(undo(&world, token).unwrap(), 1);
    assert_eq!(operator.bodies(), ["fresh"]);
}

#[test]
fn messages_of_the_spool_come_back_too() {
    let (folder, temp) = (Folder::new(), Folder::new());
    let spool = Arc::new(open_spool(temp.disk(), small()).unwrap());
    let journal = Arc::new(Journal::open(folder.disk(), small()).unwrap());
    let settings = BrokerSettings {
        policies: vec![queue_policy(">", |entry| {
            entry.memory_limit_bytes = 8 << 10
        })],
        ..BrokerSettings::default()
    };
    let stores: [Arc<dyn Store>; 2] = [Arc::clone(&journal) as _, Arc::clone(&spool) as _];
    let world = World {
        journal: Some(journal),
        spool: Some(Arc::clone(&spool)),
        ..World::on(settings, stores)
    };
    let client = world.client("c");
    for at in 0..100 {
        let mut builder = MessageBuilder::new();
        builder.persistent(false).id(&format!("ID:{at}"));
        builder.body(BodyKind::Text, format!("{at:0300}").into());
        client.send_to(Q, builder);
    }
    let view = purge(&world);
    assert_eq!(view.removed, 100);
    // The first ones were in memory alone.
    assert!((50..100).contains(&view.restorable), "{view:?}");
    assert_eq!(undo(&world, view.token).unwrap(), view.restorable);
    assert_eq!(waiting(&world).len() as u64, view.restorable);
}

#[test]
fn oldest_undo_ends_for_a_new_one_beyond_the_limit() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings {
        undo_grace_ms: 10_000_000,
        ..BrokerSettings::default()
    });
    let client = world.client("c");
    let mut views = Vec::new();
    for at in 0..=floodway_broker::undo::UNDOS_MAX {
        client.send(Q, &format!("{at}"));
        views.push(purge(&world));
        world.pass(1000);
    }
    let gone = undo(&world, views[0].token).unwrap_err();
    assert!(matches!(gone, UndoError::GivenUp), "{gone}");
    assert_eq!(undo(&world, views[1].token).unwrap(), 1);
    assert_eq!(waiting(&world), ["1"]);
}

#[test]
fn removals_in_a_row_from_one_queue_are_one_undo() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    let client = world.client("c");
    let bodies = fill(&client, 3);
    let mut tokens: Vec<UndoToken> = Vec::new();
    for body in &bodies {
        let chosen = format!("JMSMessageID = '{body}'");
        let view = remove(&world, selecting(consumer(1, Q), &chosen)).unwrap();
        tokens.push(view.token);
        world.pass(if tokens.len() == 1 { 999 } else { 1000 });
    }
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2]);
    assert_eq!(undo(&world, tokens[0]).unwrap(), 2);
    assert_eq!(waiting(&world), bodies[..2]);
}
