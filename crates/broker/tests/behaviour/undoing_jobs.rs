//! Undo of the removal of scheduled messages, on a real journal.

use crate::client::{START_WALL_MS, World, consumer};
use crate::scheduling::{ALL, Q, count, settings};
use crate::undoing::{Folder, undo};
use floodway_broker::settings::{BrokerSettings, SystemUsage};
use floodway_broker::undo::{Removed, UndoError, UndoView};
use floodway_broker::view::JobView;

fn jobs(world: &World) -> Vec<JobView> {
    world.broker.jobs(ALL, None, 10_000).jobs
}

fn newest(world: &World) -> UndoView {
    let all = world.broker.undos(world.now());
    all.into_iter().next().unwrap()
}

/// Without what is new when it is put back.
fn anonymous(mut job: JobView) -> JobView {
    job.id.clear();
    job
}

#[test]
fn removed_job_comes_back_for_its_time() {
    let folder = Folder::new();
    let world = folder.world(settings());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.schedule("a", &[("delay", "5000")]);
    client.schedule("b", &[("delay", "9000")]);
    let before = jobs(&world);
    let used = world.broker.scheduler().unwrap().used_bytes;
    assert_eq!(
        world.broker.remove_job(&before[0].id, world.now()),
        Ok(true)
    );
    world.tidy();
    let view = newest(&world);
    assert_eq!((view.removed, view.restorable), (1, 1));
    assert_eq!(view.what, Removed::Jobs);
    assert!(!view.is_deleted() && view.is_complete && view.bytes > 0);
    assert_eq!(count(&world.broker), 1);

    world.pass(1000);
    assert_eq!(undo(&world, view.token).unwrap(), 1);
    let after = jobs(&world);
    assert_ne!(after[0].id, before[0].id);
    let all = |jobs: Vec<JobView>| jobs.into_iter().map(anonymous).collect::<Vec<_>>();
    assert_eq!(all(after), all(before));
    assert_eq!(world.broker.scheduler().unwrap().used_bytes, used);
    world.pass(3999);
    assert_eq!(client.taken_bodies(), [""; 0]);
    world.pass(1);
    assert_eq!(client.taken_bodies(), ["a"]);
    world.pass(4000);
    assert_eq!(client.taken_bodies(), ["b"]);
    let again = undo(&world, view.token).unwrap_err();
    assert!(matches!(again, UndoError::Done { messages: 1 }), "{again}");
}

#[test]
fn what_was_due_meanwhile_comes_at_once_and_repetitions_go_on() {
    let folder = Folder::new();
    let world = folder.world(settings());
    let client = world.client("c");
    client.open(consumer(1, Q));
    client.schedule("once", &[("delay", "3000")]);
    let repeated = [("delay", "1000"), ("period", "10000"), ("repeat", "3")];
    client.schedule("often", &repeated);
    client.schedule("cron", &[("cron", "0 0 1 1 *")]);
    world.pass(1000);
    assert_eq!(client.taken_bodies(), ["often"]);
    let before = jobs(&world);
    assert_eq!(world.broker.remove_jobs(ALL, world.now()), Ok(3));
    world.tidy();
    assert_eq!(count(&world.broker), 0);
    world.pass(4000);
    let view = newest(&world);
    assert_eq!((view.removed, view.restorable), (3, 3));
    assert_eq!(undo(&world, view.token).unwrap(), 3);
    let all = |jobs: Vec<JobView>| jobs.into_iter().map(anonymous).collect::<Vec<_>>();
    assert_eq!(all(jobs(&world)), all(before));
    world.pass(0);
    assert_eq!(client.taken_bodies(), ["once"]);
    world.pass(6000);
    assert_eq!(client.taken_bodies(), ["often"]);
    assert_eq!(count(&world.broker), 2);
}

#[test]
fn many_jobs_in_any_order_come_back_and_outlive_a_crash() {
    const JOBS: usize = 1200;
    let folder = Folder::new();
    let before = {
        let world = folder.world(settings());
        let client = world.client("c");
        for at in 0..JOBS {
            let delay = 100_000 + (at * 7919) % JOBS;
            client.schedule(&format!("{at}"), &[("delay", &delay.to_string())]);
        }
        world.tidy();
        let before = jobs(&world);
        assert_eq!(before.len(), JOBS);
        assert_eq!(world.broker.remove_jobs(ALL, world.now()), Ok(JOBS as u64));
        world.tidy();
        let view = newest(&world);
        assert_eq!(view.restorable, JOBS as u64);
        assert_eq!(undo(&world, view.token).unwrap(), JOBS as u64);
        before
        // Nothing is closed: the process ends here.
    };
    let world = folder.world(settings());
    let times = |jobs: &[JobView]| jobs.iter().map(|one| one.next_ms).collect::<Vec<_>>();
    assert_eq!(times(&jobs(&world)), times(&before));
    assert_eq!(world.broker.remove_jobs(ALL, world.now()), Ok(JOBS as u64));
    world.tidy();
    drop(world);
    let world = folder.world(settings());
    assert_eq!(count(&world.broker), 0);
    assert!(world.broker.undos(world.now()).is_empty());
}

#[test]
fn limit_of_scheduled_messages_holds_for_an_undo() {
    let folder = Folder::new();
    let world = folder.world(BrokerSettings {
        usage: SystemUsage {
            job_scheduler_limit_bytes: 10_000,
            ..SystemUsage::default()
        },
        ..settings()
    });
    let client = world.client("c");
    let large = "x".repeat(3000);
    client.schedule(&large, &[("delay", "90000")]);
    client.schedule("small", &[("delay", "90000")]);
    assert_eq!(world.broker.remove_jobs(ALL, world.now()), Ok(2));
    world.tidy();
    let view = newest(&world);
    client.schedule(&large, &[("delay", "80000")]);
    let short = undo(&world, view.token).unwrap_err();
    assert!(matches!(short, UndoError::NoRoom { .. }), "{short}");
    assert!(
        short.to_string().contains("job scheduler's limit"),
        "{short}"
    );
    assert_eq!(count(&world.broker), 1);
    let span = START_WALL_MS..=START_WALL_MS + 80_000;
    assert_eq!(world.broker.remove_jobs(span, world.now()), Ok(1));
    world.tidy();
    // Removals in a row are one undo.
    assert_eq!(newest(&world).removed, 3);
}

#[test]
fn nothing_is_kept_of_what_clients_remove_or_what_is_in_memory() {
    let folder = Folder::new();
    let world = folder.world(settings());
    let client = world.client("c");
    client.schedule("a", &[("delay", "5000")]);
    client.manage(&[("action", "REMOVEALL")], None).unwrap();
    assert_eq!(count(&world.broker), 0);
    assert!(world.broker.undos(world.now()).is_empty());
    // There was nothing to remove.
    assert_eq!(world.broker.remove_jobs(ALL, world.now()), Ok(0));
    assert!(world.broker.undos(world.now()).is_empty());

    let world = World::new(settings());
    world.client("c").schedule("a", &[("delay", "5000")]);
    assert_eq!(world.broker.remove_jobs(ALL, world.now()), Ok(1));
    assert!(world.broker.undos(world.now()).is_empty());
}
