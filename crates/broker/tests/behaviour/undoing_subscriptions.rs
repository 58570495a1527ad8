//! Undo of the removal of durable subscriptions, on a real journal.

use crate::client::{Client, World, consumer, message, property, selecting};
use crate::undoing::{Folder, undo};
use floodway_broker::settings::BrokerSettings;
use floodway_broker::undo::{Removed, UndoError, UndoView};
use floodway_message::session::{AckKind, AckRange, Command, OpenConsumer};

const T: &str = "topic://T";

fn durable(name: &str) -> OpenConsumer {
    let mut open = consumer(1, T);
    open.durable_name = Some(name.into());
    open.prefetch = Some(5000);
    open
}

/// What only wants blue ones, and none of its own.
fn particular() -> OpenConsumer {
    let mut open = selecting(durable("one"), "color = 'blue'");
    open.no_local = true;
    open
}

/// Makes the subscription of a client, who leaves.
fn subscribe(world: &World, open: OpenConsumer) {
    let client = world.client("client");
    client.open(open);
    client.close();
}

fn publish(client: &Client<'_>, count: usize) -> Vec<String> {
    let bodies: Vec<String> = (0..count).map(|at| format!("{at:04}")).collect();
    bodies.iter().for_each(|body| client.send(T, body));
    bodies
}

fn removal(name: &str) -> impl FnOnce(Option<u64>) -> Command {
    let (client_id, name) = (Some("client".into()), name.into());
    move |reply| Command::RemoveDurable {
        client_id,
        name,
        reply,
    }
}

/// An operator removes it.
fn remove(world: &World, name: &str) -> UndoView {
    let operator = world.operator();
    assert_eq!(operator.ask(removal(name)), Some(Ok(())));
    operator.close();
    world.tidy();
    let all = world.broker.undos(world.now());
    all.into_iter().next().unwrap()
}

/// Takes and acknowledges all that waits for it.
fn drain(world: &World, open: OpenConsumer) -> Vec<String> {
    let client = world.client("client");
    client.open(open);
    let got = client.got();
    if let Some(last) = got.last() {
        let upto = AckRange::UpTo(last.delivery);
        client.ack_as(1, upto, AckKind::Consumed, None);
    }
    client.close();
    world.tidy();
    got.into_iter().map(|one| one.body).collect()
}

fn names(world: &World) -> Vec<String> {
    let all = world.broker.view().durables;
    all.iter().map(|one| one.name.to_string()).collect()
}

#[test]
fn removed_subscription_comes_back_as_it_was_with_what_it_had_not_acknowledged() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    subscribe(&world, particular());
    let sender = world.client("sender");
    for at in 0..6 {
        let mut builder = message(&format!("{at}"));
        let color = if at % 2 == 0 { "blue" } else { "red" };
        property(&mut builder, "color", color);
        sender.send_to(T, builder);
    }
    let client = world.client("client");
    client.open(particular());
    assert_eq!(client.bodies(), ["0", "2", "4"]);
    client.ack_as(1, AckRange::One(1), AckKind::Consumed, None);
    client.close();

    let view = remove(&world, "one");
    assert_eq!((view.removed, view.restorable), (2, 2));
    assert_eq!(view.destination.to_string(), T);
    let (client_id, name) = ("client".into(), "one".into());
    assert_eq!(view.what, Removed::Durable { client_id, name });
    assert!(view.is_deleted() && view.is_complete && view.left_ms == 60_000);
    assert_eq!(names(&world), [""; 0]);

    assert_eq!(undo(&world, view.token).unwrap(), 2);
    let all = world.broker.subscriptions();
    let [back] = &all[..] else {
        panic!("{all:?}");
    };
    assert_eq!(back.selector.as_deref(), Some("color = 'blue'"));
    assert!(back.no_local && back.pending == 2, "{back:?}");
    let mut late = message("late");
    property(&mut late, "color", "blue");
    sender.send_to(T, late);
    assert_eq!(drain(&world, particular()), ["2", "4", "late"]);
    assert_eq!(drain(&world, particular()), [""; 0]);
    let again = undo(&world, view.token).unwrap_err();
    assert!(matches!(again, UndoError::Done { messages: 2 }), "{again}");
}

#[test]
fn subscription_without_messages_comes_back_too() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    subscribe(&world, durable("one"));
    let view = remove(&world, "one");
    assert_eq!((view.removed, view.restorable), (0, 0));
    let sender = world.client("sender");
    sender.send(T, "missed");
    assert_eq!(undo(&world, view.token).unwrap(), 0);
    sender.send(T, "got");
    assert_eq!(names(&world), ["one"]);
    assert_eq!(drain(&world, durable("one")), ["got"]);
}

#[test]
fn messages_go_to_the_same_subscription_that_its_client_has_made_again() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    subscribe(&world, durable("one"));
    let sender = world.client("sender");
    sender.send(T, "before");
    let view = remove(&world, "one");
    let client = world.client("client");
    client.open(durable("one"));
    sender.send(T, "between");
    assert_eq!(client.bodies(), ["between"]);
    assert_eq!(undo(&world, view.token).unwrap(), 1);
    assert_eq!(client.bodies(), ["before"]);
    client.ack_as(1, AckRange::UpTo(2), AckKind::Consumed, None);
    client.close();
    assert_eq!(drain(&world, durable("one")), [""; 0]);
}

#[test]
fn another_subscription_of_the_same_name_gets_nothing_of_the_old_one() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    subscribe(&world, durable("one"));
    let sender = world.client("sender");
    sender.send(T, "before");
    let view = remove(&world, "one");
    subscribe(&world, particular());
    let refused = undo(&world, view.token).unwrap_err();
    assert!(matches!(refused, UndoError::Replaced { .. }), "{refused}");
    let text = refused.to_string();
    assert!(
        text.contains("client client") && text.contains("one again"),
        "{text}"
    );
    assert_eq!(drain(&world, particular()), [""; 0]);

    let client = world.client("client");
    assert_eq!(client.ask(removal("one")), Some(Ok(())));
    client.close();
    assert_eq!(undo(&world, view.token).unwrap(), 1);
    assert_eq!(drain(&world, durable("one")), ["before"]);
}

#[test]
fn what_others_have_acknowledged_since_comes_back_to_it_alone() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    subscribe(&world, durable("one"));
    subscribe(&world, durable("two"));
    let sender = world.client("sender");
    let bodies = publish(&sender, 300);
    let view = remove(&world, "one");
    assert_eq!(drain(&world, durable("two")), bodies);
    // New records, which would take the place of the old ones.
    publish(&sender, 300);
    assert_eq!(drain(&world, durable("two")).len(), 300);
    assert_eq!(undo(&world, view.token).unwrap(), 300);
    assert_eq!(drain(&world, durable("one")), bodies);
    assert_eq!(drain(&world, durable("two")), [""; 0]);
}

#[test]
fn what_was_put_back_outlives_a_crash_and_nothing_comes_twice() {
    let folder = Folder::new();
    let bodies = {
        let world = folder.world(BrokerSettings::default());
        subscribe(&world, durable("one"));
        let bodies = publish(&world.client("sender"), 700);
        let view = remove(&world, "one");
        let operator = world.operator();
        let step = operator
            .session
            .put_back(view.token, 1, world.now())
            .unwrap();
        assert!(step.count == 500 && !step.is_over, "{step:?}");
        world.settle();
        bodies
        // The process ends in the middle of it.
    };
    let world = folder.world(BrokerSettings::default());
    assert_eq!(names(&world), ["one"]);
    assert!(world.broker.undos(world.now()).is_empty());
    assert_eq!(drain(&world, durable("one")), bodies[..500]);
    drop(world);
    let world = folder.world(BrokerSettings::default());
    assert_eq!(drain(&world, durable("one")), [""; 0]);

    publish(&world.client("sender"), 5);
    remove(&world, "one");
    drop(world);
    let world = folder.world(BrokerSettings::default());
    assert_eq!(names(&world), [""; 0]);
}

#[test]
fn what_an_application_removes_is_gone() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings::default());
    subscribe(&world, durable("one"));
    publish(&world.client("sender"), 3);
    let client = world.client("client");
    assert_eq!(client.ask(removal("one")), Some(Ok(())));
    assert!(world.broker.undos(world.now()).is_empty());
}
