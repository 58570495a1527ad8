//! Goal: few old records keep little of the disk, and moving them loses nothing and brings nothing
//! back, whenever it is interrupted.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::disk::{Dice, TestDisk};
use super::{add, commit_all, open, positions, read_all, small};
use crate::{Change, Journal, JournalSettings, ListId, MemoryStore, Store, Target, Targets};

fn settings() -> JournalSettings {
    JournalSettings {
        cancel_removed_adds: false,
        ..small()
    }
}

/// Adds `count` records and removes all but every `every`th one.
fn scatter(journal: &Journal, list: ListId, positions: std::ops::Range<u64>, every: u64) {
    for position in positions {
        journal
            .append(&mut vec![add(list, position, &[7; 200])])
            .unwrap();
        if position % every != 0 {
            journal
                .append(&mut vec![Change::Remove { list, position }])
                .unwrap();
        }
        commit_all(journal);
    }
}

#[test]
fn few_old_records_keep_little_of_the_disk() {
    let disk = TestDisk::new();
    let journal = open(&disk, settings());
    let list = journal.define(Bytes::new()).unwrap();
    scatter(&journal, list, 0..3000, 20);
    let expected: Vec<u64> = (0..150).map(|nth| nth * 20).collect();
    assert_eq!(positions(&journal, list), expected);
    // 150 records of about 270 bytes are 40 KB, of 800 KB that were written.
    let used = journal.usage().used_bytes;
    assert!(used < 110_000, "{used}");
    // Most were moved more than once, none for nothing.
    let moved = journal.moved_bytes();
    assert!(moved > 30_000 && moved < 800_000, "{moved}");
    let before = read_all(&journal, list);
    drop(journal);
    let again = open(&disk.after_kill(), settings());
    assert_eq!(read_all(&again, list), before);
    let usage = again.usage();
    assert!(usage.used_bytes < 110_000, "{usage:?}");
    // What is removed after it was moved stays so.
    for position in expected {
        again
            .append(&mut vec![Change::Remove { list, position }])
            .unwrap();
    }
    commit_all(&again);
    let usage = again.usage();
    assert!(
        usage.used_bytes < 20_000 && usage.live_bytes == 0,
        "{usage:?}"
    );
    let last = open(&disk.after_kill(), settings());
    assert!(positions(&last, list).len() <= 150);
}

#[test]
fn segments_of_which_most_is_needed_are_left_alone() {
    let disk = TestDisk::new();
    let journal = open(&disk, settings());
    let list = journal.define(Bytes::new()).unwrap();
    for position in 0..600 {
        journal
            .append(&mut vec![add(list, position, &[7; 200])])
            .unwrap();
        // One in four goes.
        if position % 4 == 0 {
            journal
                .append(&mut vec![Change::Remove { list, position }])
                .unwrap();
        }
        commit_all(&journal);
    }
    assert_eq!(journal.moved_bytes(), 0);
}

#[test]
fn a_backlog_that_is_taken_from_its_front_is_not_moved() {
    let disk = TestDisk::new();
    let journal = open(&disk, settings());
    let list = journal.define(Bytes::new()).unwrap();
    for position in 0..600 {
        journal
            .append(&mut vec![add(list, position, &[7; 200])])
            .unwrap();
    }
    commit_all(&journal);
    for position in 0..590 {
        journal
            .append(&mut vec![Change::Remove { list, position }])
            .unwrap();
        commit_all(&journal);
    }
    assert_eq!(journal.moved_bytes(), 0);
    assert_eq!(positions(&journal, list).len(), 10);
}

#[test]
fn a_record_shared_by_lists_is_moved_once_with_those_that_need_it() {
    let disk = TestDisk::new();
    let journal = open(&disk, settings());
    let lists: Vec<ListId> = (0..3)
        .map(|_| journal.define(Bytes::new()).unwrap())
        .collect();
    for position in 0..900 {
        let target = |list: &ListId| Target {
            list: *list,
            position,
            order: position,
        };
        let record = Change::Add {
            targets: Targets::Many(lists.iter().map(target).collect()),
            expiration_ms: 0,
            head: Bytes::new(),
            body: Bytes::from(vec![5; 200]),
        };
        journal.append(&mut vec![record]).unwrap();
        // The first list needs nothing, the others every 30th record.
        for (nth, list) in lists.iter().enumerate() {
            if nth == 0 || position % 30 != 0 {
                let list = *list;
                journal
                    .append(&mut vec![Change::Remove { list, position }])
                    .unwrap();
            }
        }
        commit_all(&journal);
    }
    let moved = journal.moved_bytes();
    assert!(moved > 0 && moved < 30 * 300 * 20, "{moved}");
    let expected: Vec<u64> = (0..30).map(|nth| nth * 30).collect();
    for journal in [journal, open(&disk.after_kill(), settings())] {
        let found: Vec<Vec<u64>> = lists
            .iter()
            .map(|list| positions(&journal, *list))
            .collect();
        assert_eq!(found, [vec![], expected.clone(), expected.clone()]);
    }
}

/// Adds and removes so that old records are moved. Returns what was receipted as added and as
/// removed.
fn run(journal: &Journal) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
    let Ok(list) = journal.define(Bytes::from_static(b"queue")) else {
        return (added, removed);
    };
    let mut waiting: Vec<(u64, bool, u64)> = Vec::new();
    for position in 0..220 {
        let body = vec![1; 150 + usize::try_from(position * 7 % 300).unwrap()];
        let mut change = |change: Change, is_addition: bool, position: u64| {
            let appended = journal.append(&mut vec![change]);
            waiting.extend(appended.ok().map(|number| (number, is_addition, position)));
        };
        change(add(list, position, &body), true, position);
        // Every 13th record stays, half of those until they are 100 records old.
        let gone = position.checked_sub(3).filter(|at| at % 13 != 0);
        let old = position.checked_sub(100).filter(|at| at % 26 == 0);
        for position in gone.into_iter().chain(old) {
            change(Change::Remove { list, position }, false, position);
        }
        journal.commit_step();
        if position % 3 == 0 {
            journal.maintain_step();
        }
        for (_, is_addition, position) in waiting.extract_if(.., |one| one.0 <= journal.durable()) {
            if is_addition {
                added.insert(position)
            } else {
                removed.insert(position)
            };
        }
    }
    (added, removed)
}

fn is_kept(position: u64) -> bool {
    position.is_multiple_of(13) && (!position.is_multiple_of(26) || position >= 120)
        || position >= 217
}

#[test]
fn every_crash_point_of_an_evacuation_keeps_what_was_receipted() {
    let settings = || JournalSettings {
        limit_bytes: 10_000,
        ..settings()
    };
    let whole = TestDisk::new();
    let journal = open(&whole, settings());
    run(&journal);
    let (operations, moved) = (whole.operations(), journal.moved_bytes());
    assert!(operations > 300 && moved > 3000, "{operations}, {moved}");
    for dies_after in 0..operations {
        let disk = TestDisk::new();
        let journal = open(&disk, settings());
        disk.die_after(dies_after);
        let (added, removed) = run(&journal);
        for seed in 0..3 {
            let disk = match seed {
                0 => disk.after_kill(),
                seed => disk.after_power_loss(&mut Dice(dies_after * 31 + seed)),
            };
            let mut place = format!("{dies_after}, {seed}");
            let mut journal = open(&disk, settings());
            // Also when it goes on and is opened once more.
            for _ in 0..2 {
                check(&journal, (&added, &removed), &place);
                commit_all(&journal);
                place += ", again";
                journal = open(&disk.after_kill(), settings());
            }
        }
    }
}

fn check(journal: &Journal, (added, removed): (&BTreeSet<u64>, &BTreeSet<u64>), place: &str) {
    assert_eq!(journal.damaged_count(), 0, "{place}");
    let Some(list) = journal.lists().first().map(|info| info.list) else {
        assert!(added.is_empty(), "lost everything at {place}");
        return;
    };
    let found: BTreeSet<u64> = positions(journal, list).into_iter().collect();
    let returned: Vec<_> = found.intersection(removed).collect();
    assert!(returned.is_empty(), "{returned:?} returned at {place}");
    let lost = added
        .iter()
        .filter(|at| is_kept(**at) && !found.contains(at));
    let lost: Vec<_> = lost.collect();
    assert!(lost.is_empty(), "{lost:?} lost at {place}");
}

#[test]
fn index_files_lost_after_an_evacuation_are_built_again() {
    let disk = TestDisk::new();
    let journal = open(&disk, settings());
    let list = journal.define(Bytes::new()).unwrap();
    scatter(&journal, list, 0..1500, 20);
    assert!(journal.moved_bytes() > 0);
    let before = read_all(&journal, list);
    let killed = disk.after_kill();
    for name in killed.names() {
        if name.ends_with(".idx") {
            killed.patch(&name, |bytes| bytes.truncate(40));
        }
    }
    let again = open(&killed, settings());
    assert_eq!(read_all(&again, list), before);
    // The same while the journal is open.
    for name in disk.names() {
        if name.ends_with(".idx") {
            disk.patch(&name, |bytes| bytes.truncate(40));
        }
    }
    assert_eq!(read_all(&journal, list), before);
}

#[test]
fn moved_records_expire_when_they_should() {
    let disk = TestDisk::new();
    let journal = open(&disk, settings());
    let list = journal.define(Bytes::new()).unwrap();
    let model = MemoryStore::new();
    let same = model.define(Bytes::new()).unwrap();
    for position in 0..1200 {
        let add = |list| Change::Add {
            targets: Targets::One(Target {
                list,
                position,
                order: 0,
            }),
            expiration_ms: 1000 + i64::try_from(position).unwrap(),
            head: Bytes::new(),
            body: Bytes::from(vec![1; 200]),
        };
        journal.append(&mut vec![add(list)]).unwrap();
        model.append(&mut vec![add(same)]).unwrap();
        if position % 20 != 0 {
            let remove = |list| Change::Remove { list, position };
            journal.append(&mut vec![remove(list)]).unwrap();
            model.append(&mut vec![remove(same)]).unwrap();
        }
        commit_all(&journal);
    }
    assert!(journal.moved_bytes() > 0);
    for wall_ms in [1000, 1333, 9999] {
        let due = journal.expiring(list, wall_ms, 0, 1000).unwrap();
        assert_eq!(due, model.expiring(same, wall_ms, 0, 1000).unwrap());
    }
    let next = journal.next_expiration_ms(list).unwrap();
    assert!(next <= 1000, "{next}");
    let again = open(&disk.after_kill(), settings());
    let due = again.expiring(list, 9999, 0, 1000).unwrap();
    assert_eq!(due, model.expiring(same, 9999, 0, 1000).unwrap());
}

#[test]
fn little_is_moved_when_the_index_has_as_many_extents_as_it_may() {
    let disk = TestDisk::new();
    let journal = open(
        &disk,
        JournalSettings {
            evacuation_extents_max: 4,
            ..settings()
        },
    );
    let list = journal.define(Bytes::new()).unwrap();
    scatter(&journal, list, 0..1000, 20);
    let moved = journal.moved_bytes();
    assert!(moved < 2000, "{moved}");
    assert_eq!(positions(&journal, list).len(), 50);
}

/// The disk is an [`Arc`], so that a test can look at it while the journal has it.
#[test]
fn a_full_disk_is_left_by_moving_what_is_needed() {
    let disk: Arc<TestDisk> = TestDisk::new();
    disk.set_space(Some(64 * 1024));
    let journal = open(&disk, settings());
    let list = journal.define(Bytes::new()).unwrap();
    let mut next = 0;
    while !journal.usage().refuses_adds && next < 2000 {
        journal
            .append(&mut vec![add(list, next, &[7; 200])])
            .unwrap();
        commit_all(&journal);
        next += 1;
    }
    assert!(journal.usage().refuses_adds);
    let kept = |position: &u64| position.is_multiple_of(20);
    for position in (0..next).filter(|position| !kept(position)) {
        journal
            .append(&mut vec![Change::Remove { list, position }])
            .unwrap();
        commit_all(&journal);
    }
    assert!(!journal.usage().refuses_adds, "{:?}", journal.usage());
    let expected: Vec<u64> = (0..next).filter(kept).collect();
    assert_eq!(positions(&journal, list), expected);
}

#[test]
fn a_record_moved_out_of_a_segment_that_stays_does_not_come_back() {
    let disk = TestDisk::new();
    let journal = open(&disk, settings());
    let list = journal.define(Bytes::new()).unwrap();
    let other = journal.define(Bytes::new()).unwrap();
    scatter(&journal, list, 0..10, 4);
    // The first record cannot be read any more, so its segment stays.
    let is_segment = |name: &&String| name.ends_with(".log");
    let name = disk
        .names()
        .into_iter()
        .find(|name| is_segment(&name))
        .unwrap();
    disk.patch(&name, |bytes| {
        let body = bytes
            .windows(100)
            .position(|part| part == [7; 100])
            .unwrap();
        bytes[body] = 8;
    });
    scatter(&journal, list, 10..400, 4);
    assert!(journal.moved_bytes() > 0 && disk.names().contains(&name));
    // Everything else goes, and so do the segments that say so.
    let mut passing = 1;
    for position in (1..100).rev().map(|nth| nth * 4) {
        let removal = Change::Remove { list, position };
        journal.append(&mut vec![removal]).unwrap();
        scatter(&journal, other, passing..passing + 20, 10_000);
        passing += 20;
        let info = journal.list(list).unwrap();
        let again = open(&disk.after_kill(), settings());
        assert_eq!(again.list(list).unwrap(), info, "without {position}");
    }
    assert!(disk.names().contains(&name));
    assert_eq!(journal.list(list).unwrap().pending, 1);
}
