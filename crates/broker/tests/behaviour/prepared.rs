//! Prepared branches: what they hold, who ends them, and that they outlive connection and broker.

use crate::client::{Client, Got, START_WALL_MS, World, consumer, message, queue_policy};
use floodway_broker::settings::{BrokerSettings, Cursor};
use floodway_message::session::{
    AckKind, AckRange, Command, Event, Failure, FailureKind, OpenConsumer, Reply, TxId, Xid,
};
use floodway_store::disk::OsDisk;
use floodway_store::{Journal, JournalSettings};
use std::sync::Arc;

const Q: &str = "queue://Q";
const OUT: &str = "queue://OUT";

fn xid(number: u8) -> Xid {
    Xid::new(1, &[number; 64], b"branch").unwrap()
}

impl Client<'_> {
    fn begin(&self, tx: TxId) {
        let answer = self.ask(|reply| Command::Begin { tx, reply });
        assert_eq!(answer, Some(Ok(())));
    }

    fn try_prepare(&self, tx: TxId, number: u8) -> Option<Result<(), Failure>> {
        let xid = xid(number);
        self.ask(|reply| Command::Prepare { tx, xid, reply })
    }

    fn prepare(&self, tx: TxId, number: u8) {
        assert_eq!(self.try_prepare(tx, number), Some(Ok(())));
    }

    fn end(&self, number: u8, commits: bool) -> Result<(), Failure> {
        let xid = xid(number);
        let end = |reply: Option<Reply>| match commits {
            true => Command::CommitPrepared { xid, reply },
            false => Command::RollbackPrepared { xid, reply },
        };
        self.ask(end).unwrap()
    }

    fn in_doubt(&self) -> Vec<Xid> {
        self.submit(Command::ListPrepared { reply: 0 });
        match self.events().pop() {
            Some(Event::Prepared { reply: 0, branches }) => branches,
            other => panic!("{other:?}"),
        }
    }

    fn consumed_in(&self, tx: TxId, delivery: u64) {
        self.ack_as(1, AckRange::One(delivery), AckKind::Consumed, Some(tx));
    }

    /// Receives `a` of `a`, `b`, sends `out` and a volatile one, and prepares it all.
    fn prepare_a_move(&self) {
        self.open(consumer(1, Q));
        self.send(Q, "a");
        self.send(Q, "b");
        self.got();
        self.begin(1);
        self.consumed_in(1, 1);
        self.send_in(1, OUT, "out");
        let mut volatile = message("volatile");
        volatile.persistent(false);
        self.send_message_in(1, OUT, volatile);
        self.prepare(1, 1);
    }
}

fn what(got: &[Got]) -> Vec<(&str, u32)> {
    got.iter()
        .map(|one| (one.body.as_str(), one.redeliveries))
        .collect()
}

fn durable(id: u64, topic: &str) -> OpenConsumer {
    OpenConsumer {
        durable_name: Some("d".into()),
        ..consumer(id, topic)
    }
}

#[test]
fn nothing_of_a_prepared_branch_is_seen_until_its_outcome() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.prepare_a_move();
    let other = world.client("other");
    assert_eq!(other.in_doubt(), [xid(1)]);
    other.open(consumer(1, OUT));
    assert!(other.got().is_empty());
    assert_eq!(other.end(1, true), Ok(()));
    assert_eq!(other.bodies(), ["out", "volatile"]);
    assert!(other.in_doubt().is_empty());
    client.close_consumer(1);
    other.open(consumer(2, Q));
    assert_eq!(other.bodies(), ["b"]);
    for commits in [true, false] {
        let failure = other.end(1, commits).unwrap_err();
        assert_eq!(failure.kind, FailureKind::UnknownBranch, "{failure}");
    }
}

#[test]
fn a_branch_stays_prepared_when_its_connection_ends() {
    for commits in [true, false] {
        let world = World::new(BrokerSettings::default());
        let client = world.client("c");
        client.prepare_a_move();
        client.close();
        let client = world.client("c");
        client.open(consumer(1, Q));
        assert_eq!(what(&client.got()), [("b", 1)], "a is withheld");
        assert_eq!(client.end(1, commits), Ok(()));
        let expected: &[(&str, u32)] = if commits { &[] } else { &[("a", 1)] };
        assert_eq!(what(&client.got()), expected);
        client.open(consumer(2, OUT));
        let expected: &[&str] = if commits { &["out", "volatile"] } else { &[] };
        assert_eq!(client.bodies(), expected);
    }
}

#[test]
fn an_open_branch_is_rolled_back_with_its_connection() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.begin(1);
    client.send_in(1, OUT, "out");
    client.close();
    let client = world.client("c");
    assert!(client.in_doubt().is_empty());
}

#[test]
fn after_a_rollback_the_consumer_still_has_its_deliveries() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.prepare_a_move();
    // The number of the transaction is free again, and means another one.
    client.begin(1);
    client.consumed_in(1, 2);
    assert_eq!(client.end(1, false), Ok(()));
    assert!(client.got().is_empty(), "clients deliver from memory");
    client.ack(1, 1);
    let rolled_back = client.ask(|reply| Command::Rollback { tx: 1, reply });
    assert_eq!(rolled_back, Some(Ok(())));
    client.close_consumer(1);
    client.open(consumer(2, Q));
    assert_eq!(client.bodies(), ["b"]);
}

#[test]
fn a_branch_in_doubt_survives_a_restart() {
    for commits in [true, false] {
        let world = World::new(BrokerSettings::default());
        let client = world.client("c");
        client.prepare_a_move();
        drop(client);
        let world = world.reopened();
        let client = world.client("c");
        assert_eq!(client.in_doubt(), [xid(1)]);
        client.open(consumer(1, Q));
        assert_eq!(what(&client.got()), [("b", 0)], "a is withheld");
        assert_eq!(client.end(1, commits), Ok(()));
        let expected: &[(&str, u32)] = if commits { &[] } else { &[("a", 1)] };
        assert_eq!(what(&client.got()), expected);
        client.open(consumer(2, OUT));
        let expected: &[&str] = if commits { &["out"] } else { &[] };
        assert_eq!(client.bodies(), expected, "what was volatile is lost");
        drop(client);
        // The outcome is as final as the branch was.
        let world = world.reopened();
        let client = world.client("c");
        assert!(client.in_doubt().is_empty());
        client.open(consumer(1, Q));
        client.open(consumer(2, OUT));
        let expected: &[&str] = if commits { &["b", "out"] } else { &["a", "b"] };
        assert_eq!(client.bodies(), expected);
    }
}

#[test]
fn several_branches_are_told_apart_after_two_restarts() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    for number in 1..=3 {
        client.begin(1);
        client.send_in(1, Q, &format!("{number}a"));
        client.send_in(1, Q, &format!("{number}b"));
        client.prepare(1, number);
    }
    assert_eq!(client.end(2, false), Ok(()));
    drop(client);
    let world = world.reopened().reopened();
    let client = world.client("c");
    assert_eq!(client.in_doubt(), [xid(1), xid(3)]);
    client.begin(1);
    client.send_in(1, Q, "4");
    client.prepare(1, 4);
    client.open(consumer(1, Q));
    for number in [3, 4, 1] {
        assert_eq!(client.end(number, true), Ok(()));
    }
    assert_eq!(client.bodies(), ["3a", "3b", "4", "1a", "1b"]);
}

#[test]
fn what_comes_back_after_a_restart_keeps_its_place() {
    let world = World::with_policy(queue_policy("Q", |entry| entry.page_size_max = 2));
    let client = world.client("c");
    client.open(consumer(1, Q));
    for body in ["a", "b", "c", "d", "e", "f"] {
        client.send(Q, body);
    }
    client.begin(1);
    for delivery in [1, 4, 6] {
        client.consumed_in(1, delivery);
    }
    client.prepare(1, 1);
    drop(client);
    let world = world.reopened();
    let client = world.client("c");
    let mut browser = consumer(9, Q);
    browser.browser = true;
    client.open(browser);
    assert_eq!(client.bodies(), ["a", "b", "c", "d", "e", "f"], "each once");
    client.close_consumer(9);
    assert_eq!(client.end(1, false), Ok(()));
    client.open(OpenConsumer {
        prefetch: Some(1),
        ..consumer(1, Q)
    });
    let mut seen = Vec::new();
    for delivery in 1..=6 {
        seen.extend(client.bodies());
        client.ack(1, delivery);
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e", "f"]);
    assert!(world.stores[0].lists().iter().all(|list| list.pending == 0));
}

#[test]
fn a_durable_subscription_gets_and_gives_back_with_a_branch_in_doubt() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(durable(1, "topic://T"));
    client.send("topic://T", "a");
    client.got();
    client.begin(1);
    client.consumed_in(1, 1);
    client.send_in(1, "topic://T", "b");
    client.prepare(1, 1);
    drop(client);
    let world = world.reopened();
    let client = world.client("c");
    client.open(durable(1, "topic://T"));
    assert!(client.got().is_empty());
    assert_eq!(client.end(1, true), Ok(()));
    assert_eq!(client.bodies(), ["b"]);
}

#[test]
fn a_commit_is_refused_by_no_limit_but_the_prepare_waits_for_room() {
    let world = World::with_policy(queue_policy("Q", |entry| {
        entry.memory_limit_bytes = 100 << 10;
        entry.pending_queue_policy = Cursor::Memory;
    }));
    let client = world.client("c");
    client.begin(1);
    client.send_in(1, Q, "in the branch");
    client.prepare(1, 1);
    for _ in 0..10 {
        client.send(Q, &"x".repeat(10 * 1024));
    }
    assert_eq!(client.end(1, true), Ok(()), "it was promised");
    client.begin(2);
    client.send_in(2, Q, "later");
    let asked = client.reply();
    client.submit(Command::Prepare {
        tx: 2,
        xid: xid(2),
        reply: Some(asked),
    });
    assert_eq!(client.answer(asked), None);
    assert!(world.client("other").in_doubt().is_empty());
    client.open(consumer(1, Q));
    client.ack_as(1, AckRange::UpTo(2), AckKind::Consumed, None);
    assert_eq!(client.answer(asked), Some(Ok(())));
}

#[test]
fn prepared_bytes_are_limited_exactly_and_free_again_after_the_outcome() {
    // A message of this size and one for the branch itself, with what each takes besides.
    let bytes = {
        let mut builder = message("1");
        builder.destination(&floodway_message::Destination::parse(Q).unwrap());
        let message = builder.build(0).unwrap();
        message.head().len() + message.body().len() + 2 * 256
    };
    for (limit, fits) in [(2 * bytes - 1, false), (2 * bytes, true)] {
        let world = World::new(BrokerSettings {
            prepared_bytes_max: limit,
            ..BrokerSettings::default()
        });
        let client = world.client("c");
        let prepare = |number: u8| {
            client.begin(1);
            client.send_in(1, Q, &number.to_string());
            client.try_prepare(1, number).unwrap()
        };
        assert_eq!(prepare(1), Ok(()));
        let second = prepare(2);
        assert_eq!(second.is_ok(), fits, "{second:?}");
        if let Err(failure) = second {
            assert_eq!(failure.kind, FailureKind::NoSpace);
            assert!(failure.text.contains(&limit.to_string()), "{failure}");
            assert_eq!(client.in_doubt(), [xid(1)]);
        }
        assert_eq!(client.end(1, false), Ok(()));
        assert_eq!(prepare(3), Ok(()));
    }
}

#[test]
fn a_name_is_prepared_once_and_what_is_refused_is_rolled_back() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.prepare_a_move();
    client.begin(2);
    client.consumed_in(2, 2);
    let failure = client.try_prepare(2, 1).unwrap().unwrap_err();
    assert_eq!(failure.kind, FailureKind::InUse, "{failure}");
    client.ack(1, 2);
    let failure = client.try_prepare(2, 2).unwrap().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Transaction, "it is over");
}

#[test]
fn a_branch_that_a_failover_client_sends_again_is_prepared_once() {
    for restarts in [false, true] {
        let mut world = World::new(BrokerSettings::default());
        for life in 0..2 {
            let client = world.client_with("c", true, None);
            client.begin(1);
            let mut numbered = message("a");
            numbered.producer_sequence("p", 1);
            client.send_message_in(1, Q, numbered);
            client.prepare(1, 1);
            if life == 1 {
                break;
            }
            client.close();
            if restarts {
                world = world.reopened();
            }
        }
        let client = world.client("other");
        client.open(consumer(1, Q));
        assert_eq!(client.end(1, true), Ok(()));
        assert_eq!(client.bodies(), ["a"]);
    }
}

#[test]
fn a_queue_with_messages_in_doubt_is_not_inactive() {
    let idle = || BrokerSettings {
        destination_purge_period_ms: 10,
        policies: vec![queue_policy(">", |entry| {
            entry.gc_inactive_destinations = true;
            entry.inactive_timeout_before_gc_ms = 10;
        })],
        ..BrokerSettings::default()
    };
    let world = World::new(idle());
    let client = world.client("c");
    client.prepare_a_move();
    client.ack(1, 2);
    client.close_consumer(1);
    world.pass(100);
    assert_eq!(client.end(1, false), Ok(()));
    client.open(consumer(2, Q));
    assert_eq!(client.bodies(), ["a"]);
}

#[test]
fn what_expires_while_in_doubt_goes_to_the_dead_letter_queue_after_the_commit() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, "queue://ActiveMQ.DLQ"));
    client.begin(1);
    let mut builder = message("a");
    builder.expiration_ms(START_WALL_MS + 10);
    client.send_message_in(1, Q, builder);
    client.prepare(1, 1);
    world.pass(20);
    assert_eq!(client.end(1, true), Ok(()));
    world.pass(20);
    assert_eq!(client.bodies(), ["a"]);
}

#[test]
fn messages_to_what_was_removed_meanwhile_do_not_hold_up_the_commit() {
    let world = World::new(BrokerSettings::default());
    let owner = world.client("owner");
    let destination = floodway_message::Destination::parse("temp-queue://T").unwrap();
    let created = owner.ask(|reply| Command::CreateDestination { destination, reply });
    assert_eq!(created, Some(Ok(())));
    let client = world.client("c");
    client.begin(1);
    client.send_in(1, "temp-queue://T", "gone");
    client.send_in(1, Q, "kept");
    client.prepare(1, 1);
    owner.close();
    client.open(consumer(1, Q));
    assert_eq!(client.end(1, true), Ok(()));
    assert_eq!(client.bodies(), ["kept"]);
}

#[test]
fn without_a_store_branches_are_kept_in_memory() {
    let now = floodway_message::Now {
        monotonic_ms: 0,
        wall_ms: START_WALL_MS,
    };
    let broker = floodway_broker::Broker::open(BrokerSettings::default(), None, None, now).unwrap();
    let world = World {
        broker,
        ..World::new(BrokerSettings::default())
    };
    let client = world.client("c");
    client.prepare_a_move();
    assert_eq!(client.end(1, true), Ok(()));
    client.open(consumer(2, OUT));
    assert_eq!(client.bodies(), ["out", "volatile"]);
}

/// A folder that is removed in the end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn open(&self) -> Journal {
        let settings = JournalSettings {
            segment_bytes: 64 << 10,
            ..JournalSettings::default()
        };
        Journal::open(Arc::new(OsDisk::new(&self.0).unwrap()), settings).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn a_journal_brings_branches_back_as_they_were_when_it_was_left() {
    let name = format!("floodway-prepared-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    for commits in [true, false] {
        let world = World::on_journal(BrokerSettings::default(), folder.open());
        let client = world.client("c");
        client.prepare_a_move();
        // Nothing is closed: the process ends here.
        drop(client);
        drop(world);
        let world = World::on_journal(BrokerSettings::default(), folder.open());
        let client = world.client("c");
        assert_eq!(client.in_doubt(), [xid(1)]);
        assert_eq!(client.end(1, commits), Ok(()));
        drop(client);
        drop(world);
        let world = World::on_journal(BrokerSettings::default(), folder.open());
        let client = world.client("c");
        assert!(client.in_doubt().is_empty());
        client.open(consumer(1, Q));
        client.open(consumer(2, OUT));
        let expected: &[&str] = if commits { &["b", "out"] } else { &["a", "b"] };
        assert_eq!(client.bodies(), expected);
        client.ack_as(1, AckRange::UpTo(9), AckKind::Consumed, None);
        if commits {
            client.ack(2, 1);
        }
    }
}
