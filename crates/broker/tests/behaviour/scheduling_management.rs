//! Jobs are browsed and removed, by clients and by administration.

use crate::client::{START_WALL_MS, World, consumer, queue_policy};
use crate::scheduling::{ALL, Q, body, count, settings, text};
use floodway_broker::settings::{BrokerSettings, Cursor};

#[test]
fn clients_browse_and_remove_jobs_by_messages() {
    let world = World::new(settings());
    let client = world.client("c");
    client.open(consumer(1, "queue://REPLIES"));
    for (body, delay) in [("a", "1000"), ("b", "2000"), ("c", "3000")] {
        client.schedule(body, &[("delay", delay)]);
    }
    let replies = Some("queue://REPLIES");
    client.manage(&[("action", "BROWSE")], replies).unwrap();
    let taken = client.taken();
    let found: Vec<_> = taken.iter().map(|message| body(message)).collect();
    assert_eq!(found, ["a", "b", "c"]);
    assert_eq!(text(&taken[1], "AMQ_SCHEDULED_DELAY"), Some("2000"));
    assert_eq!(taken[1].original_destination().unwrap().to_string(), Q);
    assert_eq!(taken[1].message_type(), Some("Advisory"));
    let id = text(&taken[1], "scheduledJobId").unwrap().to_owned();

    let at = |ms: i64| (START_WALL_MS + ms).to_string();
    let span = [
        ("action", "BROWSE"),
        ("start", &at(2000)),
        ("end", &at(9000)),
    ];
    client.manage(&span, replies).unwrap();
    assert_eq!(client.taken_bodies(), ["b", "c"]);

    client
        .manage(&[("action", "REMOVE"), ("job", &id)], None)
        .unwrap();
    client
        .manage(&[("action", "REMOVE"), ("job", "ID:other:2")], None)
        .unwrap();
    assert_eq!(count(&world.broker), 2);
    let span = [
        ("action", "REMOVEALL"),
        ("start", &at(0)),
        ("end", &at(1000)),
    ];
    client.manage(&span, None).unwrap();
    client.manage(&[("action", "BROWSE")], replies).unwrap();
    assert_eq!(client.taken_bodies(), ["c"]);
    client.manage(&[("action", "REMOVEALL")], None).unwrap();
    assert_eq!(count(&world.broker), 0);
    for wrong in [
        &[("action", "REMOVE")][..],
        &[("action", "BROWSE")],
        &[("action", "DANCE")],
        &[("action", "REMOVEALL"), ("start", "x"), ("end", "1")],
    ] {
        let failure = client.manage(wrong, None).unwrap_err();
        assert!(failure.text.contains("AMQ_SCHEDULER_ACTION"), "{failure}");
    }
    client.manage(&[], None).unwrap();
}

#[test]
fn copies_for_a_browser_wait_for_room() {
    let policy = queue_policy("REPLIES", |entry| {
        entry.memory_limit_bytes = 4096;
        entry.pending_queue_policy = Cursor::Memory;
    });
    let world = World::new(BrokerSettings {
        policies: vec![policy],
        ..settings()
    });
    let client = world.client("c");
    for number in 0..300 {
        client.schedule(&number.to_string(), &[("delay", "1000000")]);
    }
    client
        .manage(&[("action", "BROWSE")], Some("queue://REPLIES"))
        .unwrap();
    let view = world.broker.view();
    let replies = view
        .destinations
        .iter()
        .find(|one| one.destination.name() == "REPLIES");
    assert!(replies.unwrap().messages.pending < 10);
    client.open(consumer(1, "queue://REPLIES"));
    let mut bodies = Vec::new();
    for _ in 0..200 {
        bodies.append(&mut client.taken_bodies());
        world.pass(1);
    }
    let expected: Vec<_> = (0..300).map(|number| number.to_string()).collect();
    assert_eq!(bodies, expected);
}

#[test]
fn administration_sees_jobs_in_pages_and_removes_them() {
    let world = World::new(settings());
    let client = world.client("c");
    for number in 1..=5 {
        let delay = (number * 1000).to_string();
        client.schedule(&number.to_string(), &[("delay", &delay)]);
    }
    client.schedule("cron", &[("cron", "0 0 1 1 *")]);
    let mut seen = Vec::new();
    let mut from = None;
    loop {
        let page = world.broker.jobs(ALL, from, 4);
        assert!(page.jobs.len() <= 4);
        seen.extend(page.jobs);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 6);
    let first = &seen[0];
    assert_eq!(first.next_ms, START_WALL_MS + 1000);
    assert_eq!((first.start_ms, first.delay_ms), (START_WALL_MS, 1000));
    assert_eq!(first.destination.to_string(), Q);
    assert_eq!(seen[5].cron, "0 0 1 1 *");
    assert_eq!(world.broker.job(&first.id).as_ref(), Some(first));
    let whole = world.broker.scheduler().unwrap();
    assert_eq!(whole.next_ms, Some(START_WALL_MS + 1000));
    assert_eq!(
        whole.used_bytes,
        seen.iter().map(|job| job.bytes).sum::<u64>()
    );
    assert_eq!(world.broker.remove_job(&first.id, world.now()), Ok(true));
    assert_eq!(world.broker.remove_job(&first.id, world.now()), Ok(false));
    let span = START_WALL_MS + 2000..=START_WALL_MS + 3000;
    assert_eq!(world.broker.remove_jobs(span, world.now()), Ok(2));
    assert_eq!(count(&world.broker), 3);
    client.open(consumer(1, Q));
    world.pass(10_000);
    assert_eq!(client.taken_bodies(), ["4", "5"]);
}
