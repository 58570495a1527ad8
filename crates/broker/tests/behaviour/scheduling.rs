//! Scheduled messages: when they come, what they look like, that they outlive the broker, and how
//! they are managed.

use crate::client::{Client, START_WALL_MS, World, consumer, message, property, queue_policy};
use floodway_broker::Broker;
use floodway_broker::settings::{BrokerSettings, Cursor, SchedulerSettings, SystemUsage};
use floodway_message::session::{
    AckKind, AckRange, Command, Destinations, Event, Failure, FailureKind, Send, Xid,
};
use floodway_message::{BodyKind, Destination, Message, MessageBuilder, PropertyValue};
use floodway_store::disk::OsDisk;
use floodway_store::{Journal, JournalSettings};
use std::sync::Arc;

pub const Q: &str = "queue://Q";
const MANAGEMENT: &str = "topic://ActiveMQ.Scheduler.Management";
pub const ALL: std::ops::RangeInclusive<i64> = i64::MIN..=i64::MAX;

pub fn settings() -> BrokerSettings {
    BrokerSettings {
        scheduler: SchedulerSettings {
            support: true,
            repeat_max: 5,
            ..SchedulerSettings::default()
        },
        ..BrokerSettings::default()
    }
}

fn scheduled(body: &str, properties: &[(&str, &str)]) -> MessageBuilder {
    let mut builder = message(&format!("ID:p:1:{body}"));
    builder.body(BodyKind::Text, body.to_owned().into());
    for (name, value) in properties {
        let name = match *name {
            "job" => "scheduledJobId".to_owned(),
            "action" => "AMQ_SCHEDULER_ACTION".to_owned(),
            "start" | "end" => format!("ACTION_{}_TIME", name.to_uppercase()),
            name => format!("AMQ_SCHEDULED_{}", name.to_uppercase()),
        };
        property(&mut builder, &name, value);
    }
    builder
}

impl Client<'_> {
    pub fn schedule(&self, body: &str, properties: &[(&str, &str)]) {
        let reply = self.send_to(Q, scheduled(body, properties));
        assert_eq!(self.answer(reply), Some(Ok(())));
    }

    fn refused(&self, properties: &[(&str, &str)]) -> Failure {
        let reply = self.send_to(Q, scheduled("x", properties));
        self.answer(reply).unwrap().unwrap_err()
    }

    pub fn manage(
        &self,
        properties: &[(&str, &str)],
        reply_to: Option<&str>,
    ) -> Result<(), Failure> {
        let mut builder = scheduled("manage", properties);
        if let Some(name) = reply_to {
            builder.reply_to(&Destination::parse(name).unwrap());
        }
        let reply = self.send_to(MANAGEMENT, builder);
        self.world.pass(0);
        self.answer(reply).unwrap()
    }

    /// Messages delivered since the last look, each acknowledged.
    pub fn taken(&self) -> Vec<Arc<Message>> {
        let mut taken = Vec::new();
        for event in self.events() {
            if let Event::Delivery(delivery) = event {
                self.ack_as(
                    delivery.consumer,
                    AckRange::One(delivery.delivery),
                    AckKind::Consumed,
                    None,
                );
                taken.push(delivery.message);
            }
        }
        taken
    }

    pub fn taken_bodies(&self) -> Vec<String> {
        let taken = self.taken();
        taken.iter().map(|message| body(message)).collect()
    }
}

pub fn body(message: &Message) -> String {
    String::from_utf8(message.body().to_vec()).unwrap()
}

pub fn text<'m>(message: &'m Message, name: &str) -> Option<&'m str> {
    match message.property(name)? {
        PropertyValue::String(text) => Some(text),
        _ => None,
    }
}

pub fn count(broker: &Broker) -> usize {
    broker.scheduler().unwrap().jobs
}

fn ids(broker: &Broker) -> Vec<String> {
    let page = broker.jobs(ALL, None, 100);
    page.jobs.into_iter().map(|job| job.id).collect()
}

#[test]
fn a_delayed_message_comes_after_its_delay_without_its_schedule() {
    let world = World::new(settings());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.schedule("later", &[("delay", "1000"), ("repeat", "0")]);
    assert_eq!(count(&world.broker), 1);
    let id = ids(&world.broker).pop().unwrap();
    world.pass(999);
    assert!(client.taken().is_empty());
    world.pass(1);
    let taken = client.taken();
    assert_eq!(body(&taken[0]), "later");
    assert_eq!(taken[0].id(), "ID:p:1:later");
    assert_eq!(text(&taken[0], "scheduledJobId"), Some(id.as_str()));
    assert_eq!(taken[0].properties().count(), 1, "{:?}", taken[0]);
    assert_eq!((taken.len(), count(&world.broker)), (1, 0));
    assert_eq!(world.broker.scheduler().unwrap().used_bytes, 0);
    world.pass(100_000);
    assert!(client.taken().is_empty());
}

#[test]
fn without_support_the_properties_mean_nothing() {
    let world = World::new(BrokerSettings::default());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.schedule("now", &[("delay", "1000"), ("cron", "nonsense")]);
    let taken = client.taken();
    assert_eq!(text(&taken[0], "AMQ_SCHEDULED_DELAY"), Some("1000"));
    assert_eq!(world.broker.scheduler(), None);
}

#[test]
fn no_delay_comes_at_once_and_a_job_of_before_is_not_scheduled_again() {
    let world = World::new(settings());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.schedule("zero", &[("delay", "0")]);
    client.schedule("again", &[("delay", "1000"), ("job", "ID:x:1")]);
    let taken = client.taken();
    assert_eq!(
        (body(&taken[0]), body(&taken[1])),
        ("zero".into(), "again".into())
    );
    assert!(text(&taken[0], "scheduledJobId").is_some());
    assert_eq!(text(&taken[0], "AMQ_SCHEDULED_DELAY"), None);
    assert_eq!(text(&taken[1], "scheduledJobId"), Some("ID:x:1"));
}

#[test]
fn a_repeated_message_comes_again_with_ids_of_its_own() {
    let world = World::new(settings());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.schedule("r", &[("delay", "100"), ("period", "50"), ("repeat", "2")]);
    let mut times = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for at in (0..500).step_by(10) {
        for message in client.taken() {
            times.push(at);
            seen.insert(message.id().to_owned());
        }
        world.pass(10);
    }
    assert_eq!(times, [100, 150, 200]);
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(count(&world.broker), 0);
}

#[test]
fn a_cron_entry_comes_every_time_and_begins_rounds() {
    // 22:13:20, so that the next minute is 40 s away.
    let world = World::new(settings());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.schedule("minute", &[("cron", "* * * * *")]);
    world.pass(39_999);
    assert!(client.taken().is_empty());
    world.pass(1);
    assert_eq!(client.taken_bodies(), ["minute"]);
    world.pass(60_000);
    assert_eq!(client.taken_bodies(), ["minute"]);
    assert_eq!(world.broker.remove_jobs(ALL, world.now()), Ok(1));

    client.schedule(
        "round",
        &[("cron", "* * * * *"), ("period", "1000"), ("repeat", "1")],
    );
    // The first time and the period, then another period for the first of the round.
    world.pass(61_000);
    assert!(client.taken().is_empty());
    assert_eq!(count(&world.broker), 2);
    world.pass(1_000);
    assert_eq!(client.taken_bodies(), ["round"]);
    world.pass(1_000);
    assert_eq!(client.taken_bodies(), ["round"]);
    world.pass(10_000);
    assert!(client.taken().is_empty());
    assert_eq!(count(&world.broker), 1);
}

#[test]
fn what_cannot_be_scheduled_is_refused_by_the_name_of_its_property() {
    let world = World::new(settings());
    let client = world.client("c");
    for (properties, expected) in [
        (&[("delay", "abc")][..], "AMQ_SCHEDULED_DELAY"),
        (&[("cron", "* * *")], "AMQ_SCHEDULED_CRON"),
        (&[("cron", "0 0 30 2 *")], "AMQ_SCHEDULED_CRON"),
        (&[("period", "1"), ("repeat", "6")], "AMQ_SCHEDULED_REPEAT"),
    ] {
        let failure = client.refused(properties);
        assert_eq!(failure.kind, FailureKind::Invalid);
        assert!(failure.text.contains(expected), "{failure}");
    }
    assert_eq!(count(&world.broker), 0);
}

#[test]
fn jobs_of_a_transaction_begin_with_its_commit_and_vanish_with_its_rollback() {
    let world = World::new(settings());
    let client = world.client("c");
    client.open(consumer(1, Q));
    for (tx, commits) in [(1, false), (2, true)] {
        client.ask(|reply| Command::Begin { tx, reply });
        client.send_message_in(tx, Q, scheduled("later", &[("delay", "1000")]));
        client.send_in(tx, Q, "now");
        assert_eq!(count(&world.broker), 0);
        world.pass(2000);
        let end = |reply| match commits {
            true => Command::Commit { tx, reply },
            false => Command::Rollback { tx, reply },
        };
        assert_eq!(client.ask(end), Some(Ok(())));
    }
    assert_eq!(client.taken_bodies(), ["now"]);
    world.pass(999);
    assert!(client.taken().is_empty());
    world.pass(1);
    assert_eq!(client.taken_bodies(), ["later"]);

    client.ask(|reply| Command::Begin { tx: 3, reply });
    client.send_in(3, Q, "never");
    client.send_message_in(3, Q, scheduled("bad", &[("cron", "*")]));
    let failure = client.ask(|reply| Command::Commit { tx: 3, reply });
    assert!(
        failure
            .unwrap()
            .unwrap_err()
            .text
            .contains("AMQ_SCHEDULED_CRON")
    );
    assert!(client.taken().is_empty());
}

#[test]
fn jobs_of_a_prepared_branch_begin_with_its_commit_also_after_a_restart() {
    let world = World::new(settings());
    let client = world.client("c");
    let xid = Xid::new(1, b"g", b"b").unwrap();
    client.ask(|reply| Command::Begin { tx: 1, reply });
    client.send_message_in(1, Q, scheduled("later", &[("delay", "1000")]));
    let named = xid.clone();
    let prepared = client.ask(|reply| Command::Prepare {
        tx: 1,
        xid: named,
        reply,
    });
    assert_eq!(prepared, Some(Ok(())));
    let second = world.reopened();
    let client = second.client("d");
    assert_eq!(count(&second.broker), 0);
    let committed = client.ask(|reply| Command::CommitPrepared { xid, reply });
    assert_eq!((committed, count(&second.broker)), (Some(Ok(())), 1));
    client.open(consumer(1, Q));
    second.pass(1000);
    assert_eq!(client.taken_bodies(), ["later"]);
}

#[test]
fn each_target_of_a_composite_gets_its_job() {
    let world = World::new(settings());
    let client = world.client("c");
    client.open(consumer(1, "queue://A"));
    client.open(consumer(2, "topic://B"));
    let targets = ["queue://A", "topic://B"].map(|name| Destination::parse(name).unwrap());
    let answer = client.ask(|reply| {
        Command::Send(Send {
            producer: 1,
            destinations: Destinations::Many(targets.into()),
            message: scheduled("both", &[("delay", "10")]).build(0).unwrap(),
            tx: None,
            reply,
        })
    });
    assert_eq!((answer, count(&world.broker)), (Some(Ok(())), 2));
    world.pass(10);
    assert_eq!(client.taken_bodies(), ["both", "both"]);
}

#[test]
fn jobs_survive_a_restart_and_what_was_due_meanwhile_comes_once() {
    let folder = tempdir();
    let open = || {
        let journal = JournalSettings::default();
        Journal::open(Arc::new(OsDisk::new(&folder.0).unwrap()), journal).unwrap()
    };
    let world = World::on_journal(settings(), open());
    let client = world.client("c");
    let mut volatile = scheduled("volatile", &[("delay", "1000")]);
    volatile.persistent(false);
    client.send_to(Q, volatile);
    client.schedule("kept", &[("delay", "1000")]);
    client.schedule("every", &[("period", "400"), ("repeat", "3")]);
    client.schedule("removed", &[("delay", "1000")]);
    let id = ids(&world.broker).pop().unwrap();
    client
        .manage(&[("action", "REMOVE"), ("job", &id)], None)
        .unwrap();
    world.pass(400);
    drop(client);
    drop(world);

    let world = World::on_journal(settings(), open());
    let client = world.client("c");
    client.open(consumer(1, Q));
    assert_eq!(client.taken_bodies(), ["every"]);
    assert_eq!(count(&world.broker), 3);
    let bytes = world.broker.scheduler().unwrap().used_bytes;
    assert!(bytes > 0);
    // The repeated one does not make up for what it missed.
    world.pass(100_000);
    let mut bodies = client.taken_bodies();
    bodies.sort();
    assert_eq!(bodies, ["every", "kept", "volatile"]);
    for _ in 0..2 {
        world.pass(400);
        assert_eq!(client.taken_bodies(), ["every"]);
    }
    world.pass(400);
    assert!(client.taken().is_empty());
    assert_eq!(world.broker.scheduler().unwrap().used_bytes, 0);
}

#[test]
fn a_full_destination_keeps_its_jobs_waiting_and_holds_up_no_other() {
    let policy = queue_policy("FULL", |entry| {
        entry.memory_limit_bytes = 2048;
        entry.pending_queue_policy = Cursor::Memory;
    });
    let world = World::new(BrokerSettings {
        policies: vec![policy],
        ..settings()
    });
    let client = world.client("c");
    for body in ["a", "b", "c", "d"] {
        let later = scheduled(body, &[("delay", "100")]);
        client.send_to("queue://FULL", later);
    }
    client.schedule("other", &[("delay", "100")]);
    client.open(consumer(1, Q));
    world.pass(100);
    assert_eq!(client.taken_bodies(), ["other"]);
    let waiting = count(&world.broker);
    assert!((1..4).contains(&waiting), "{waiting}");
    client.open(consumer(2, "queue://FULL"));
    let mut bodies = Vec::new();
    for _ in 0..5 {
        bodies.append(&mut client.taken_bodies());
        world.pass(200);
    }
    assert_eq!(bodies, ["a", "b", "c", "d"]);
    assert_eq!(count(&world.broker), 0);
}

#[test]
fn a_job_leaves_a_store_that_it_fills() {
    let world = World::new(BrokerSettings {
        usage: SystemUsage {
            store_limit_bytes: 200,
            ..SystemUsage::default()
        },
        ..settings()
    });
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.schedule("heavy".repeat(100).as_str(), &[("delay", "100")]);
    world.pass(100);
    assert_eq!(client.taken_bodies().len(), 1);
    assert_eq!(count(&world.broker), 0);
}

#[test]
fn a_full_scheduler_parks_its_senders_until_a_job_has_gone() {
    let world = World::new(BrokerSettings {
        usage: SystemUsage {
            job_scheduler_limit_bytes: 300,
            ..SystemUsage::default()
        },
        ..settings()
    });
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.schedule("one", &[("delay", "1000")]);
    let reply = client.send_to(Q, scheduled("two", &[("delay", "1000")]));
    assert_eq!(client.answer(reply), None);
    let blocked = world.broker.blocked(world.now());
    assert_eq!(blocked[0].destination.to_string(), MANAGEMENT);
    // What is not scheduled goes on.
    client.send(Q, "plain");
    assert_eq!(client.taken_bodies(), ["plain"]);
    world.pass(1000);
    assert_eq!(client.answer(reply), Some(Ok(())));
    assert_eq!(client.taken_bodies(), ["one"]);
    world.pass(1000);
    assert_eq!(client.taken_bodies(), ["two"]);
}

#[test]
fn a_full_scheduler_refuses_where_configured() {
    let world = World::new(BrokerSettings {
        usage: SystemUsage {
            job_scheduler_limit_bytes: 300,
            send_fail_if_no_space: true,
            ..SystemUsage::default()
        },
        ..settings()
    });
    let client = world.client("c");
    client.schedule("one", &[("delay", "1000")]);
    let failure = client.refused(&[("delay", "1000")]);
    assert_eq!(failure.kind, FailureKind::NoSpace);
    assert!(failure.text.contains("job scheduler limit"), "{failure}");
}

#[test]
fn there_are_only_so_many_jobs() {
    let mut few = settings();
    few.scheduler.jobs_max = 1;
    let world = World::new(few);
    let client = world.client("c");
    client.schedule("one", &[("delay", "1000")]);
    assert_eq!(client.refused(&[("delay", "1")]).kind, FailureKind::NoSpace);
}

#[test]
fn time_to_live_begins_when_a_message_is_due() {
    let world = World::new(settings());
    let client = world.client("c");
    client.open(consumer(1, Q));
    let mut builder = scheduled("short", &[("delay", "1000")]);
    builder
        .timestamp_ms(START_WALL_MS)
        .expiration_ms(START_WALL_MS + 500);
    client.send_to(Q, builder);
    world.pass(1000);
    let taken = client.taken();
    assert_eq!(taken[0].timestamp_ms(), START_WALL_MS + 1000);
    assert_eq!(taken[0].expiration_ms(), START_WALL_MS + 1500);
}

#[test]
fn a_job_goes_with_its_temporary_destination() {
    let world = World::new(settings());
    let owner = world.client("owner");
    let temporary = Destination::parse("temp-queue://T").unwrap();
    owner.ask(|reply| Command::CreateDestination {
        destination: temporary,
        reply,
    });
    let client = world.client("c");
    client.send_to("temp-queue://T", scheduled("lost", &[("delay", "100")]));
    assert_eq!(count(&world.broker), 1);
    owner.close();
    world.pass(100);
    assert_eq!(count(&world.broker), 0);
}

#[test]
fn a_repeated_send_of_one_message_makes_one_job() {
    let world = World::new(settings());
    let client = world.client("c");
    for _ in 0..2 {
        let mut builder = scheduled("once", &[("delay", "100")]);
        builder.producer_sequence("p", 1);
        let reply = client.send_to(Q, builder);
        assert_eq!(client.answer(reply), Some(Ok(())));
    }
    assert_eq!(count(&world.broker), 1);
    client.open(consumer(1, Q));
    world.pass(100);
    assert_eq!(client.taken_bodies(), ["once"]);
}

#[test]
fn a_broker_without_a_store_schedules_in_memory() {
    let now = floodway_message::Now {
        monotonic_ms: 0,
        wall_ms: START_WALL_MS,
    };
    let broker = Broker::open(settings(), None, None, now).unwrap();
    let world = World {
        broker,
        ..World::new(settings())
    };
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.schedule("m", &[("period", "100"), ("repeat", "1")]);
    assert_eq!(count(&world.broker), 1);
    world.pass(100);
    world.pass(100);
    world.pass(100);
    assert_eq!(client.taken_bodies(), ["m", "m"]);
    assert_eq!(count(&world.broker), 0);
}

struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn tempdir() -> Folder {
    let name = format!("floodway-scheduling-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::remove_dir_all(&path).ok();
    std::fs::create_dir_all(&path).unwrap();
    Folder(path)
}
