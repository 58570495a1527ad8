//! Goal: every place where the process or the computer can die, and what must hold after it.
//! Method: a fixed run is repeated and dies one operation later each time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::disk::{Dice, TestDisk};
use super::{Witness, add, open, positions, small};
use crate::settings::SyncPolicy;
use crate::{Change, Journal, JournalSettings, Store, StoreError};

/// Adds and removes so that segments fill, die and are used again. Returns what was receipted:
/// positions added and positions removed.
fn run(journal: &Journal) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
    let Ok(list) = journal.define(Bytes::from_static(b"queue")) else {
        return (added, removed);
    };
    let mut waiting: Vec<(u64, bool, u64)> = Vec::new();
    for position in 0..60 {
        let body = vec![1; 150 + usize::try_from(position * 7 % 300).unwrap()];
        let Ok(number) = journal.append(&mut vec![add(list, position, &body)]) else {
            break;
        };
        waiting.push((number, true, position));
        // Every fifth record stays.
        if position >= 8 && (position - 8) % 5 != 0 {
            let position = position - 8;
            let Ok(number) = journal.append(&mut vec![Change::Remove { list, position }]) else {
                break;
            };
            waiting.push((number, false, position));
        }
        if position % 2 == 0 {
            journal.commit_step();
        }
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

#[test]
fn every_crash_point_keeps_what_was_receipted() {
    let settings = || JournalSettings {
        cancel_removed_adds: false,
        ..small()
    };
    let whole = TestDisk::new();
    run(&open(&whole, settings()));
    let operations = whole.operations();
    assert!(operations > 100, "{operations}");
    for dies_after in 0..operations {
        let disk = TestDisk::new();
        let journal = open(&disk, settings());
        disk.die_after(dies_after);
        let (added, removed) = run(&journal);
        for seed in 0..6 {
            let disk = match seed {
                0 => disk.after_kill(),
                seed => disk.after_power_loss(&mut Dice(dies_after * 31 + seed)),
            };
            check(
                &open(&disk, settings()),
                (&added, &removed),
                &format!("{dies_after}, {seed}"),
            );
        }
    }
}

/// What was receipted must be as it was receipted.
fn check(journal: &Journal, (added, removed): (&BTreeSet<u64>, &BTreeSet<u64>), place: &str) {
    assert_eq!(journal.damaged_count(), 0, "{place}");
    let Some(list) = journal.lists().first().map(|info| info.list) else {
        assert!(added.is_empty(), "lost everything at {place}");
        return;
    };
    let found: BTreeSet<u64> = positions(journal, list).into_iter().collect();
    let returned: Vec<_> = found.intersection(removed).collect();
    assert!(returned.is_empty(), "{returned:?} returned at {place}");
    let kept = |at: &&u64| found.contains(at) || !at.is_multiple_of(5) && **at < 52;
    let lost: Vec<_> = added.iter().filter(|at| !kept(at)).collect();
    assert!(lost.is_empty(), "{lost:?} lost at {place}");
}

#[test]
fn no_room_now_and_then_loses_nothing_whenever_it_crashes() {
    let settings = || JournalSettings {
        cancel_removed_adds: false,
        ..small()
    };
    let mut receipted = 0;
    for seed in 0..400 {
        let disk = TestDisk::new();
        let journal = open(&disk, settings());
        disk.set_flaky(Some(2 + seed % 9), seed);
        if seed % 3 > 0 {
            disk.die_after(seed % 150);
        }
        let (added, removed) = run(&journal);
        receipted += added.len();
        let crashed = match seed % 2 {
            0 => disk.after_kill(),
            _ => disk.after_power_loss(&mut Dice(seed)),
        };
        check(
            &open(&crashed, settings()),
            (&added, &removed),
            &format!("{seed}"),
        );
        if seed % 3 == 0 {
            // Once there is room everything is written.
            disk.set_flaky(None, 0);
            while journal.maintain_step() || journal.commit_step() {}
            assert!(
                !journal.is_congested() && !journal.usage().refuses_adds,
                "{seed}"
            );
            let list = journal.lists()[0].list;
            let expected = (0..60)
                .filter(|at| at % 5 == 0 || *at >= 52)
                .collect::<Vec<u64>>();
            assert_eq!(positions(&journal, list), expected, "{seed}");
        }
    }
    assert!(receipted > 5000, "{receipted}");
}

#[test]
fn failed_sync_stops_the_store_for_good() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let witness = Arc::new(Witness::default());
    journal.observe(Arc::clone(&witness) as _);
    let list = journal.define(Bytes::new()).unwrap();
    journal.commit_step();
    disk.fail_syncs(true);
    journal.append(&mut vec![add(list, 0, b"lost")]).unwrap();
    assert!(!journal.commit_step());
    disk.fail_syncs(false);
    let operations = disk.operations();
    assert!(!journal.commit_step() && !journal.maintain_step());
    for refused in [
        journal.append(&mut vec![add(list, 1, b"x")]).err(),
        journal.define(Bytes::new()).err(),
        journal.drop_list(list).err(),
        journal.close().err(),
    ] {
        assert!(
            matches!(refused, Some(StoreError::Stopped { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(disk.operations(), operations, "nothing is tried again");
    assert_eq!(witness.durable.load(Ordering::SeqCst), 1);
    assert_eq!(witness.failures.load(Ordering::SeqCst), 1);
}

#[test]
fn weaker_policies_survive_a_killed_process_and_sync_when_told() {
    for sync in [SyncPolicy::Periodic { interval_ms: 100 }, SyncPolicy::Never] {
        let disk = TestDisk::new();
        let journal = open(&disk, JournalSettings { sync, ..small() });
        let list = journal.define(Bytes::new()).unwrap();
        for position in 0..30 {
            journal
                .append(&mut vec![add(list, position, &[1; 300])])
                .unwrap();
            journal.commit_step();
        }
        assert_eq!(journal.durable(), 31);
        let killed = open(&disk.after_kill(), small());
        assert_eq!(positions(&killed, list).len(), 30);
        // Upkeep syncs by the clock only with the periodic policy.
        journal.maintain_step();
        let after = open(&disk.after_power_loss(&mut Dice(3)), small());
        if sync != SyncPolicy::Never {
            assert_eq!(positions(&after, list).len(), 30);
        }
        journal.close().unwrap();
        let after = open(&disk.after_power_loss(&mut Dice(3)), small());
        assert_eq!(positions(&after, list).len(), 30);
    }
}

#[test]
fn space_is_not_used_again_before_removals_are_on_disk() {
    // With a weaker policy the newest records may be lost, but nothing that was on disk before.
    for seed in 0..50 {
        let disk = TestDisk::new();
        let journal = open(
            &disk,
            JournalSettings {
                sync: SyncPolicy::Never,
                ..small()
            },
        );
        let list = journal.define(Bytes::new()).unwrap();
        journal
            .append(&mut (0..8).map(|at| add(list, at, &[9; 400])).collect())
            .unwrap();
        journal.commit_step();
        journal.close().unwrap();
        drop(journal);
        let disk = disk.after_power_loss(&mut Dice(seed));
        let journal = open(
            &disk,
            JournalSettings {
                sync: SyncPolicy::Never,
                ..small()
            },
        );
        // Each record moves on: removed at one place, added at another in the same batch.
        for position in 8..60 {
            let mut moved = vec![
                Change::Remove {
                    list,
                    position: position - 8,
                },
                add(list, position, &[9; 400]),
            ];
            journal.append(&mut moved).unwrap();
            journal.commit_step();
            journal.maintain_step();
        }
        let disk = disk.after_power_loss(&mut Dice(seed));
        let journal = open(&disk, small());
        let found = positions(&journal, list);
        assert!(
            found.len() >= 8 || journal.damaged_count() > 0,
            "{found:?} with {seed}"
        );
    }
}
