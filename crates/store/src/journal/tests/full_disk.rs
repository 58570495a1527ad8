//! Goal: a full disk is an ordinary state: additions wait, removals go on, and everything goes on
//! by itself when there is room.

use std::sync::Arc;

use bytes::Bytes;

use super::disk::{Dice, TestDisk};
use super::{add, commit_all, open, positions, small};
use crate::{Change, Journal, JournalSettings, ListId, Store};

/// A store on a full disk: records are queued that found no room.
fn fill(disk: &Arc<TestDisk>, settings: JournalSettings) -> (Journal, ListId, u64) {
    disk.set_space(Some(12 * 4096));
    let journal = open(disk, settings);
    let list = journal.define(Bytes::new()).unwrap();
    commit_all(&journal);
    let mut position = 0;
    while !journal.is_congested() {
        journal
            .append(&mut vec![add(list, position, &[1; 500])])
            .unwrap();
        commit_all(&journal);
        position += 1;
        assert!(position < 1000);
    }
    (journal, list, position)
}

#[test]
fn admission_ends_before_the_reserve_is_touched() {
    let disk = TestDisk::new();
    disk.set_space(Some(12 * 4096));
    let settings = JournalSettings {
        commit_queue_limit_bytes: 1000,
        ..small()
    };
    let journal = open(&disk, settings);
    let list = journal.define(Bytes::new()).unwrap();
    commit_all(&journal);
    let mut position = 0;
    while !journal.usage().refuses_adds {
        journal
            .append(&mut vec![add(list, position, &[1; 500])])
            .unwrap();
        commit_all(&journal);
        position += 1;
        assert!(position < 1000);
    }
    assert!(position > 30, "{position}");
    assert!(!journal.is_congested(), "what was admitted was written");
    // One more kilobyte, as was promised to the queue.
    journal
        .append(&mut vec![add(list, position, &[1; 500])])
        .unwrap();
    commit_all(&journal);
    assert!(!journal.is_congested());
    disk.set_space(None);
    commit_all(&journal);
    assert!(!journal.usage().refuses_adds);
}

#[test]
fn full_store_is_drained_and_goes_on_by_itself() {
    let disk = TestDisk::new();
    let (journal, list, end) = fill(&disk, small());
    assert!(journal.usage().refuses_adds);
    // Not a byte is left, not even for a checkpoint.
    disk.set_space(Some(disk.used()));
    let stuck = journal
        .append(&mut vec![add(list, end, &[2; 500])])
        .unwrap();
    commit_all(&journal);
    assert!(journal.durable() < stuck);
    // The consumer takes one after the other; each removal is on disk though additions wait.
    for position in 0..end - 1 {
        if !journal.is_congested() {
            break;
        }
        journal
            .append(&mut vec![Change::Remove { list, position }])
            .unwrap();
        commit_all(&journal);
        let killed = open(&disk.after_power_loss(&mut Dice(position)), small());
        assert!(!positions(&killed, list).contains(&position), "{position}");
    }
    assert!(!journal.is_congested() && journal.durable() > stuck);
    let found = positions(&journal, list);
    assert!(found.ends_with(&[end - 1, end]), "{found:?}");
}

#[test]
fn reserve_is_for_removals_however_many_additions_wait() {
    let disk = TestDisk::new();
    let (journal, list, end) = fill(&disk, small());
    disk.set_space(Some(disk.used()));
    for position in end..end + 50 {
        journal
            .append(&mut vec![add(list, position, &[2; 500])])
            .unwrap();
    }
    // No segment becomes free by this, so all of it must find room in the reserve.
    for position in (1..end - 1).step_by(2) {
        journal
            .append(&mut vec![Change::Remove { list, position }])
            .unwrap();
        commit_all(&journal);
    }
    assert!(journal.is_congested());
    let killed = open(&disk.after_power_loss(&mut Dice(1)), small());
    let odd = positions(&killed, list)
        .into_iter()
        .filter(|at| at % 2 == 1 && *at < end - 1);
    assert_eq!(odd.count(), 0);
}

#[test]
fn waiting_additions_are_written_when_there_is_room() {
    for (spare_segments, reserve_segments) in [(2, 3), (0, 2), (1, 0)] {
        let disk = TestDisk::new();
        let settings = JournalSettings {
            spare_segments,
            reserve_segments,
            ..small()
        };
        let (journal, list, end) = fill(&disk, settings);
        assert!(!journal.maintain_step() && journal.usage().refuses_adds);
        disk.set_space(Some(100 * 4096));
        commit_all(&journal);
        journal.commit_step();
        journal.maintain_step();
        assert!(!journal.is_congested() && !journal.usage().refuses_adds);
        assert_eq!(positions(&journal, list).len() as u64, end);
    }
}

#[test]
fn store_starts_while_the_disk_is_full() {
    let disk = TestDisk::new();
    let (journal, list, _) = fill(&disk, small());
    let pending = positions(&journal, list);
    for disk in [disk.after_kill(), disk.after_power_loss(&mut Dice(5))] {
        disk.set_space(Some(disk.used()));
        let journal = open(&disk, small());
        assert_eq!(positions(&journal, list), pending);
        for position in &pending {
            journal
                .append(&mut vec![Change::Remove {
                    list,
                    position: *position,
                }])
                .unwrap();
            commit_all(&journal);
        }
        assert!(!journal.is_congested());
        assert_eq!(positions(&journal, list), Vec::<u64>::new());
        let next = journal.list(list).unwrap().next;
        journal
            .append(&mut vec![add(list, next, b"room again")])
            .unwrap();
        commit_all(&journal);
        assert_eq!(positions(&journal, list), vec![next]);
    }
}

#[test]
fn new_store_without_any_room_is_one_clear_failure() {
    let disk = TestDisk::new();
    disk.set_space(Some(100));
    let refused = Journal::open(Arc::clone(&disk) as _, small());
    let error = refused.err().unwrap().to_string();
    assert!(error.contains("taking room for"), "{error}");
}

#[test]
fn full_disk_at_any_moment_loses_nothing() {
    for moment in 0..200 {
        let disk = TestDisk::new();
        let journal = open(&disk, small());
        let list = journal.define(Bytes::new()).unwrap();
        commit_all(&journal);
        let mut dice = Dice(moment);
        let mut expected = Vec::new();
        for round in 0..60 {
            if round == moment % 60 {
                disk.set_space(Some(
                    disk.used() + usize::try_from(dice.roll(5000)).unwrap(),
                ));
            }
            if round == moment % 60 + 20 {
                disk.set_space(None);
            }
            let size = usize::try_from(dice.roll(900)).unwrap();
            journal
                .append(&mut vec![add(list, round, &vec![3; size])])
                .unwrap();
            expected.push(round);
            if dice.roll(3) > 0 {
                let place = usize::try_from(dice.roll(expected.len() as u64)).unwrap();
                let position = expected.remove(place);
                journal
                    .append(&mut vec![Change::Remove { list, position }])
                    .unwrap();
            }
            journal.commit_step();
            journal.maintain_step();
        }
        disk.set_space(None);
        commit_all(&journal);
        commit_all(&journal);
        assert!(!journal.is_congested());
        assert_eq!(positions(&journal, list), expected, "at {moment}");
        let journal = open(&disk.after_power_loss(&mut dice), small());
        assert_eq!(
            positions(&journal, list),
            expected,
            "after restart at {moment}"
        );
    }
}

#[test]
fn large_write_that_finds_no_room_is_done_again_whole() {
    let disk = TestDisk::new();
    let journal = open(&disk, JournalSettings::default());
    let list = journal.define(Bytes::new()).unwrap();
    commit_all(&journal);
    let durable = journal.durable();
    for position in 0..60 {
        journal
            .append(&mut vec![add(list, position, &vec![7; 100_000])])
            .unwrap();
    }
    disk.set_flaky(Some(1), 0);
    commit_all(&journal);
    assert!(journal.is_congested());
    assert_eq!(journal.durable(), durable);
    disk.set_flaky(None, 0);
    commit_all(&journal);
    commit_all(&journal);
    assert_eq!(journal.durable(), durable + 60);
    assert_eq!(positions(&journal, list), (0..60).collect::<Vec<u64>>());
    let journal = open(
        &disk.after_power_loss(&mut Dice(1)),
        JournalSettings::default(),
    );
    assert_eq!(positions(&journal, list), (0..60).collect::<Vec<u64>>());
}

#[test]
fn full_disk_is_drained_though_each_start_takes_from_the_reserve() {
    let disk = TestDisk::new();
    let (journal, list, end) = fill(&disk, small());
    drop(journal);
    let mut disk = disk.after_kill();
    disk.set_space(Some(disk.used()));
    // Every other record goes: no segment becomes free, and each start begins one.
    let odd = || (1..end).step_by(2);
    for position in odd() {
        let journal = open(&disk, small());
        let removal = journal.append(&mut vec![Change::Remove { list, position }]);
        commit_all(&journal);
        assert!(journal.durable() >= removal.unwrap(), "{position}");
        drop(journal);
        disk = disk.after_kill();
    }
    let journal = open(&disk, small());
    // The last addition had found no room.
    let even: Vec<u64> = (0..end - 1).step_by(2).collect();
    assert_eq!(positions(&journal, list), even);
}

#[test]
fn large_batch_takes_the_room_of_what_lies_ready() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = journal.define(Bytes::new()).unwrap();
    for position in 0..100 {
        journal
            .append(&mut vec![add(list, position, &[1; 500])])
            .unwrap();
        commit_all(&journal);
        let removal = Change::Remove { list, position };
        journal.append(&mut vec![removal]).unwrap();
        commit_all(&journal);
    }
    // Segments are ready, more than the reserve, and nothing else is free.
    disk.set_space(Some(disk.used()));
    let large = journal
        .append(&mut vec![add(list, 100, &[1; 6000])])
        .unwrap();
    commit_all(&journal);
    assert!(journal.durable() >= large, "{:?}", journal.usage());
    assert_eq!(positions(&journal, list), [100]);
}
