//! Goal: what was remembered is read back as it was, costs no usage, and hinders nobody for longer
//! than it may. Method: a journal of small segments whose steps the test takes itself.

use std::sync::Arc;

use bytes::Bytes;

use crate::disk::Disk;
use crate::journal::tests::disk::TestDisk;
use crate::journal::tests::{add, commit_all, open, positions, small};
use crate::{
    Change, Journal, JournalSettings, ListId, RecallRequest, SnapshotId, Store, open_spool,
};

/// A list with so many records of 500 bytes, all written.
fn filled(journal: &Journal, count: u64) -> ListId {
    let list = journal.define(Bytes::new()).unwrap();
    // One by one: a batch is in one segment, however long that gets.
    for at in 0..count {
        let record = add(list, at, &[at as u8; 500]);
        journal.append(&mut vec![record]).unwrap();
    }
    commit_all(journal);
    list
}

fn remove(journal: &Journal, list: ListId, positions: impl Iterator<Item = u64>) {
    let removals = positions.map(|position| Change::Remove { list, position });
    journal.append(&mut removals.collect()).unwrap();
    commit_all(journal);
}

/// Everything that a snapshot gives, some records at a time: positions, and missing ones.
fn recalled(journal: &Journal, snapshot: SnapshotId) -> Option<(Vec<u64>, u64)> {
    let (mut found, mut missing, mut from) = (Vec::new(), 0, 0);
    loop {
        let request = RecallRequest {
            snapshot,
            from,
            records_max: 7,
            bytes_max: 2000,
        };
        let some = journal.recall(request).unwrap()?;
        if some.next == from {
            return Some((found, missing));
        }
        assert!(
            some.records
                .iter()
                .all(|one| (from..some.next).contains(&one.number))
        );
        from = some.next;
        missing += some.missing;
        for one in some.records {
            let position = one.stored.position;
            assert_eq!(one.stored.head, format!("head {position}"));
            assert_eq!(&one.stored.body[..], &[position as u8; 500]);
            assert_eq!(one.stored.order, position * 10);
            found.push(position);
        }
    }
}

#[test]
fn removed_records_are_recalled_in_their_order() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = filled(&journal, 100);
    let snapshot = journal.open_snapshot().unwrap();
    // All but a few, from sidecars and from memory, with small and with great gaps.
    let chosen: Vec<u64> = (0..100)
        .filter(|at| at % 7 != 3 && !(20..70).contains(at))
        .collect();
    for some in chosen.chunks(9) {
        let done = journal.remember(snapshot, list, some);
        assert_eq!(done, some.len() as u64);
        remove(&journal, list, some.iter().copied());
    }
    let info = journal.snapshot(snapshot).unwrap();
    assert_eq!(info.records, chosen.len() as u64);
    assert!(info.bytes >= 500 * info.records && info.bytes < 700 * info.records);
    assert_eq!(recalled(&journal, snapshot), Some((chosen.clone(), 0)));
    let rest: Vec<u64> = (0..100).filter(|at| !chosen.contains(at)).collect();
    assert_eq!(positions(&journal, list), rest);
    // Removed before: not to be remembered.
    assert_eq!(journal.remember(snapshot, list, &chosen), 0);
}

#[test]
fn purge_frees_usage_at_once_and_disk_when_the_snapshot_ends() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = filled(&journal, 200);
    let (full, files) = (journal.usage().used_bytes, disk.used());
    let snapshot = journal.open_snapshot().unwrap();
    let all: Vec<u64> = (0..200).collect();
    journal.remember(snapshot, list, &all);
    remove(&journal, list, 0..200);
    let usage = journal.usage();
    assert!(usage.used_bytes < 3 * 4096, "{usage:?} of {full}");
    assert!(disk.used() >= files, "nothing was used again");
    // The limit is free for others, whose records come and go in other segments.
    let other = filled(&journal, 100);
    remove(&journal, other, 0..100);
    assert!(journal.usage().used_bytes < 3 * 4096);
    assert_eq!(recalled(&journal, snapshot), Some((all, 0)));

    journal.end_snapshot(snapshot);
    assert_eq!(recalled(&journal, snapshot), None);
    assert_eq!(journal.snapshot(snapshot), None);
    commit_all(&journal);
    assert!(disk.used() < files / 2, "{} of {files}", disk.used());
    assert!(journal.usage().used_bytes < 3 * 4096);
}

#[test]
fn dropped_list_is_remembered_as_it_was_when_the_drop_was_written() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = filled(&journal, 60);
    let snapshot = journal.open_snapshot().unwrap();
    // None of this is written yet.
    journal
        .append(&mut vec![add(list, 60, &[60; 500])])
        .unwrap();
    let gone = Change::Remove { list, position: 30 };
    journal.append(&mut vec![gone]).unwrap();
    journal.drop_list_into(snapshot, list).unwrap();
    let info = journal.snapshot(snapshot).unwrap();
    assert_eq!((info.records, info.is_complete), (0, false));
    commit_all(&journal);
    let info = journal.snapshot(snapshot).unwrap();
    assert_eq!((info.records, info.is_complete), (60, true));
    let expected = (0..61).filter(|at| *at != 30).collect();
    assert_eq!(recalled(&journal, snapshot), Some((expected, 0)));
    assert!(journal.list(list).is_none());
    assert!(journal.usage().used_bytes < 3 * 4096);
}

#[test]
fn record_that_is_not_written_yet_is_said_to_be_so() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = filled(&journal, 3);
    let snapshot = journal.open_snapshot().unwrap();
    journal.append(&mut vec![add(list, 3, &[3; 500])]).unwrap();
    assert!(journal.is_written(list, 2) && !journal.is_written(list, 3));
    // Position 9 was never used.
    assert_eq!(journal.remember(snapshot, list, &[1, 3, 9]), 1);
    commit_all(&journal);
    assert!(journal.is_written(list, 3));
    assert_eq!(journal.remember(snapshot, list, &[3]), 1);
    assert_eq!(recalled(&journal, snapshot), Some((vec![1, 3], 0)));
}

#[test]
fn nothing_is_remembered_beyond_the_process() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = filled(&journal, 100);
    let keeper = filled(&journal, 1);
    let snapshot = journal.open_snapshot().unwrap();
    journal.remember(snapshot, list, &(0..100).collect::<Vec<_>>());
    remove(&journal, list, 0..100);
    let dropped = filled(&journal, 50);
    journal.drop_list_into(snapshot, dropped).unwrap();
    commit_all(&journal);
    drop(journal);
    let journal = open(&disk, small());
    assert_eq!(journal.snapshot(snapshot), None);
    assert_eq!(positions(&journal, list), []);
    assert_eq!(positions(&journal, keeper), [0]);
    assert!(journal.list(dropped).is_none());
    commit_all(&journal);
    let usage = journal.usage();
    assert!(usage.used_bytes < 4 * 4096, "{usage:?}");
    assert!(disk.used() < 10 * 4096, "{}", disk.used());
}

#[test]
fn full_disk_ends_all_snapshots() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = filled(&journal, 40);
    let snapshot = journal.open_snapshot().unwrap();
    journal.remember(snapshot, list, &(0..40).collect::<Vec<_>>());
    remove(&journal, list, 0..40);
    disk.set_space(Some(disk.used() + 4096));
    // More than there is room for without what is remembered, less than with it.
    let other = filled(&journal, 20);
    assert_eq!(journal.snapshot(snapshot), None);
    // Once that room was found.
    commit_all(&journal);
    assert_eq!(positions(&journal, other).len(), 20);
    assert!(!journal.is_congested() && !journal.usage().refuses_adds);
    assert!(journal.open_snapshot().is_some());
}

#[test]
fn older_snapshots_make_room_for_newer_ones() {
    let disk = TestDisk::new();
    let settings = JournalSettings {
        // Two slices of one record each, or one of 16.
        recall_memory_bytes_max: 2 * (192 + 16),
        recall_snapshots_max: 3,
        sidecar_lag_segments: 99,
        ..small()
    };
    let journal = open(&disk, settings);
    let list = filled(&journal, 5);
    let first = journal.open_snapshot().unwrap();
    let second = journal.open_snapshot().unwrap();
    assert_eq!(journal.remember(first, list, &[0]), 1);
    assert_eq!(journal.remember(second, list, &[1]), 1);
    // Full: the older one ends.
    assert_eq!(journal.remember(second, list, &[2]), 1);
    assert_eq!(recalled(&journal, first), None);
    assert_eq!(recalled(&journal, second), Some((vec![1, 2], 0)));
    // Nothing older is left to make room.
    let many: Vec<u64> = (5..25).collect();
    let adds = many.iter().map(|at| add(list, *at, &[*at as u8; 1]));
    journal.append(&mut adds.collect()).unwrap();
    commit_all(&journal);
    let kept = journal.remember(second, list, &many);
    assert!(kept < 20, "{kept}");
    // One too many by number.
    journal.open_snapshot().unwrap();
    journal.open_snapshot().unwrap();
    assert!(journal.snapshot(second).is_some());
    journal.open_snapshot().unwrap();
    assert_eq!(journal.snapshot(second), None);
}

#[test]
fn spool_remembers_too() {
    let disk = TestDisk::new();
    let spool = open_spool(Arc::clone(&disk) as Arc<dyn Disk>, small()).unwrap();
    let list = filled(&spool, 50);
    let snapshot = spool.open_snapshot().unwrap();
    let all: Vec<u64> = (0..50).collect();
    spool.remember(snapshot, list, &all);
    remove(&spool, list, 0..50);
    let other = filled(&spool, 50);
    remove(&spool, other, 0..50);
    assert!(spool.usage().used_bytes < 3 * 4096);
    assert_eq!(recalled(&spool, snapshot), Some((all, 0)));
    spool.end_snapshot(snapshot);
    commit_all(&spool);
    assert!(disk.used() < 5 * 4096, "{}", disk.used());
}

#[test]
fn what_is_remembered_stays_readable_while_its_neighbours_are_moved() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = filled(&journal, 300);
    let full = journal.usage().used_bytes;
    let first = journal.open_snapshot().unwrap();
    // One in four stays, and moves together with others of its kind.
    let gone: Vec<u64> = (0..300).filter(|at| at % 4 != 0).collect();
    let stays: Vec<u64> = (0..300).step_by(4).collect();
    assert_eq!(journal.remember(first, list, &gone), gone.len() as u64);
    remove(&journal, list, gone.iter().copied());
    let moved = journal.usage().used_bytes;
    assert!(moved < full / 2, "{moved} of {full}: nothing was moved");
    assert_eq!(recalled(&journal, first), Some((gone.clone(), 0)));

    // From where they were moved to.
    let second = journal.open_snapshot().unwrap();
    assert_eq!(journal.remember(second, list, &stays), stays.len() as u64);
    remove(&journal, list, stays.iter().copied());
    assert!(journal.usage().used_bytes < 3 * 4096);
    assert_eq!(recalled(&journal, first), Some((gone, 0)));
    assert_eq!(recalled(&journal, second), Some((stays, 0)));
    journal.end_snapshot(first);
    journal.end_snapshot(second);
    commit_all(&journal);
    assert!(disk.used() < 10 * 4096, "{}", disk.used());
    drop(journal);
    let journal = open(&disk, small());
    assert_eq!(positions(&journal, list), []);
}
