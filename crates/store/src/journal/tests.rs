//! Tests of the journal on a disk that forgets, tears, fills up and fails.

mod crash;
mod damage;
pub(crate) mod disk;
mod evacuation;
mod full_disk;
mod model;
mod reading;
mod running;

use std::sync::Arc;

use bytes::Bytes;

use self::disk::TestDisk;
use super::*;
use crate::{Target, Targets};

/// Small segments and units, so that few records cross all borders.
pub(crate) fn small() -> JournalSettings {
    JournalSettings {
        segment_bytes: 4096,
        spare_segments: 2,
        unit_bytes: 600,
        page_gap_bytes: 200,
        page_read_bytes: 1000,
        sidecar_lag_segments: 0,
        ..JournalSettings::default()
    }
}

pub(crate) fn open(disk: &Arc<TestDisk>, settings: JournalSettings) -> Journal {
    Journal::open(Arc::clone(disk) as Arc<dyn Disk>, settings).unwrap()
}

pub(crate) fn add(list: ListId, position: u64, body: &[u8]) -> Change {
    Change::Add {
        targets: Targets::One(Target {
            list,
            position,
            order: position * 10,
        }),
        expiration_ms: 0,
        head: Bytes::from(format!("head {position}")),
        body: Bytes::copy_from_slice(body),
    }
}

/// All pending records of a list.
pub(crate) fn read_all(store: &dyn Store, list: ListId) -> Vec<(u64, u64, Bytes)> {
    let mut found = Vec::new();
    let mut from = 0;
    loop {
        let request = PageRequest {
            list,
            from,
            records_max: 7,
            bytes_max: 4000,
        };
        let page = store.page(request).unwrap();
        assert_eq!(page.damaged, 0);
        if page.next == from || page.records.is_empty() {
            return found;
        }
        from = page.next;
        found.extend(
            page.records
                .into_iter()
                .map(|one| (one.position, one.order, one.body)),
        );
    }
}

pub(crate) fn positions(store: &dyn Store, list: ListId) -> Vec<u64> {
    read_all(store, list)
        .into_iter()
        .map(|(position, ..)| position)
        .collect()
}

pub(crate) fn commit_all(journal: &Journal) {
    while journal.commit_step() {}
    while journal.maintain_step() {}
}

/// Remembers what it was told.
#[derive(Default)]
pub(crate) struct Witness {
    pub(crate) durable: AtomicU64,
    pub(crate) failures: AtomicU64,
}

impl CommitObserver for Witness {
    fn committed(&self, durable: BatchNumber) {
        let before = self.durable.swap(durable, Ordering::SeqCst);
        assert!(before < durable);
    }

    fn failed(&self, _: &StoreError) {
        self.failures.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn records_come_back_after_a_restart() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = journal.define(Bytes::from_static(b"queue")).unwrap();
    for position in 0..100 {
        let body = vec![position as u8; 300];
        journal
            .append(&mut vec![add(list, position, &body)])
            .unwrap();
    }
    assert_eq!(journal.durable(), 0);
    commit_all(&journal);
    assert_eq!(journal.durable(), 101);
    let before = read_all(&journal, list);
    assert_eq!(before.len(), 100);
    drop(journal);

    let journal = open(&disk, small());
    assert_eq!(read_all(&journal, list), before);
    let info = journal.list(list).unwrap();
    assert_eq!(
        (info.first, info.next, info.pending, info.order),
        (0, 100, 100, 990)
    );
    assert_eq!(info.descriptor, "queue");
    journal.close().unwrap();
    drop(journal);
    let journal = open(&disk, small());
    assert_eq!(read_all(&journal, list), before);
    assert_eq!(journal.list(list).unwrap(), info);
}

#[test]
fn drained_segments_are_used_again() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = journal.define(Bytes::new()).unwrap();
    for round in 0..200 {
        journal
            .append(&mut vec![add(list, round, &[7; 500])])
            .unwrap();
        journal.commit_step();
        journal
            .append(&mut vec![Change::Remove {
                list,
                position: round,
            }])
            .unwrap();
        commit_all(&journal);
    }
    assert!(disk.names().len() < 8, "{:?}", disk.names());
    assert!(
        journal.usage().used_bytes < 3 * 4096,
        "{:?}",
        journal.usage()
    );
    drop(journal);
    let journal = open(&disk, small());
    let info = journal.list(list).unwrap();
    assert_eq!(
        (info.first, info.next, info.pending, info.order),
        (200, 200, 0, 1990)
    );
}

#[test]
fn removal_outlives_the_segment_that_says_it() {
    let disk = TestDisk::new();
    let journal = open(
        &disk,
        JournalSettings {
            sidecar_lag_segments: 9,
            ..small()
        },
    );
    let keeper = journal.define(Bytes::new()).unwrap();
    let list = journal.define(Bytes::new()).unwrap();
    // One record keeps the first segment; the other one there is removed from a later segment.
    journal
        .append(&mut vec![
            add(keeper, 0, &[1; 100]),
            add(list, 0, &[2; 100]),
        ])
        .unwrap();
    commit_all(&journal);
    let mut position = 1;
    while disk
        .names()
        .iter()
        .filter(|name| name.ends_with(".log"))
        .count()
        < 5
    {
        journal
            .append(&mut vec![add(list, position, &[3; 500])])
            .unwrap();
        commit_all(&journal);
        position += 1;
    }
    journal
        .append(&mut vec![Change::Remove { list, position: 0 }])
        .unwrap();
    commit_all(&journal);
    for removed in 1..position {
        journal
            .append(&mut vec![Change::Remove {
                list,
                position: removed,
            }])
            .unwrap();
    }
    for _ in 0..100 {
        journal
            .append(&mut vec![add(list, position, &[4; 500])])
            .unwrap();
        commit_all(&journal);
        journal
            .append(&mut vec![Change::Remove { list, position }])
            .unwrap();
        commit_all(&journal);
        position += 1;
    }
    drop(journal);
    let journal = open(&disk, small());
    assert_eq!(positions(&journal, list), Vec::<u64>::new());
    assert_eq!(journal.list(list).unwrap().next, position);
    assert_eq!(positions(&journal, keeper), vec![0]);
}

#[test]
fn batch_larger_than_a_segment_is_kept_whole() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = journal.define(Bytes::new()).unwrap();
    journal.append(&mut vec![add(list, 0, b"before")]).unwrap();
    journal
        .append(&mut (1..41).map(|at| add(list, at, &[5; 400])).collect())
        .unwrap();
    journal
        .append(&mut vec![add(list, 41, &vec![6; 70_000])])
        .unwrap();
    journal.append(&mut vec![add(list, 42, b"after")]).unwrap();
    commit_all(&journal);
    drop(journal);
    let journal = open(&disk, small());
    let found = read_all(&journal, list);
    assert_eq!(found.len(), 43);
    assert_eq!(found[41].2, vec![6; 70_000]);
    let removals = (0..43).map(|position| Change::Remove { list, position });
    journal.append(&mut removals.collect()).unwrap();
    commit_all(&journal);
    let largest = disk
        .names()
        .iter()
        .map(|name| disk.content(name).len())
        .max()
        .unwrap();
    assert_eq!(
        largest, 4096,
        "segments that grew are cut when they are used again"
    );
}

#[test]
fn remains_of_a_former_life_are_never_read() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = journal.define(Bytes::new()).unwrap();
    // Segments become full of whole records that are removed, and are used again.
    for position in 0..60 {
        journal
            .append(&mut vec![add(list, position, &[7; 300])])
            .unwrap();
        commit_all(&journal);
        journal
            .append(&mut vec![Change::Remove { list, position }])
            .unwrap();
        commit_all(&journal);
    }
    journal.append(&mut vec![add(list, 60, b"new")]).unwrap();
    commit_all(&journal);
    let names = disk.names();
    let stale = names.iter().filter(|name| {
        name.ends_with(".log") && disk.content(name).windows(8).any(|bytes| bytes == [7; 8])
    });
    assert!(
        stale.count() > 0,
        "the test needs files that were used before"
    );
    drop(journal);
    let journal = open(&disk, small());
    assert_eq!(positions(&journal, list), vec![60]);
    assert_eq!(journal.damaged_count(), 0);
}

#[test]
fn addition_removed_before_it_was_written_never_reaches_the_disk() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = journal.define(Bytes::new()).unwrap();
    commit_all(&journal);
    let operations = disk.operations();
    journal
        .append(&mut vec![add(list, 0, b"short-lived")])
        .unwrap();
    journal
        .append(&mut vec![Change::Remove { list, position: 0 }])
        .unwrap();
    assert!(journal.commit_step());
    assert_eq!((disk.operations(), journal.durable()), (operations, 3));
    let info = journal.list(list).unwrap();
    assert_eq!((info.first, info.next, info.pending), (1, 1, 0));
    journal.append(&mut vec![add(list, 1, b"stays")]).unwrap();
    commit_all(&journal);
    assert_eq!(positions(&journal, list), vec![1]);
}

#[test]
fn removal_before_the_addition_means_nothing() {
    for cancel_removed_adds in [true, false] {
        let disk = TestDisk::new();
        let settings = JournalSettings {
            cancel_removed_adds,
            ..small()
        };
        let journal = open(&disk, settings);
        let list = journal.define(Bytes::new()).unwrap();
        let removal = || Change::Remove { list, position: 0 };
        journal.append(&mut vec![removal()]).unwrap();
        journal
            .append(&mut vec![removal(), add(list, 0, b"stays")])
            .unwrap();
        commit_all(&journal);
        assert_eq!(positions(&journal, list), vec![0]);
        assert_eq!(positions(&open(&disk.after_kill(), small()), list), vec![0]);
    }
}

#[test]
fn dropped_list_is_forgotten_with_its_records() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let lists = [(); 2].map(|()| journal.define(Bytes::new()).unwrap());
    for position in 0..20 {
        let changes = lists.map(|list| add(list, position, &[1; 300]));
        journal.append(&mut Vec::from(changes)).unwrap();
    }
    commit_all(&journal);
    journal.drop_list(lists[0]).unwrap();
    assert!(journal.list(lists[0]).is_none());
    let request = PageRequest {
        list: lists[0],
        from: 0,
        records_max: 1,
        bytes_max: 1,
    };
    assert!(matches!(
        journal.page(request),
        Err(StoreError::UnknownList { .. })
    ));
    // An addition that comes too late is no failure.
    journal
        .append(&mut vec![add(lists[0], 20, b"late")])
        .unwrap();
    commit_all(&journal);
    let journal = open(&disk.after_kill(), small());
    assert_eq!(journal.lists().len(), 1);
    assert_eq!(positions(&journal, lists[1]).len(), 20);
    assert!(
        journal.define(Bytes::new()).unwrap() > lists[1],
        "numbers are never used again"
    );
}

#[test]
fn record_shared_by_many_lists_is_stored_once() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let lists: Vec<ListId> = (0..9)
        .map(|_| journal.define(Bytes::new()).unwrap())
        .collect();
    let before = journal.usage().used_bytes;
    let targets = lists.iter().map(|list| Target {
        list: *list,
        position: 0,
        order: 4,
    });
    let shared = Change::Add {
        targets: Targets::Many(targets.collect()),
        expiration_ms: 77,
        head: Bytes::from_static(b"h"),
        body: Bytes::from(vec![8; 1000]),
    };
    journal.append(&mut vec![shared]).unwrap();
    commit_all(&journal);
    assert!(journal.usage().used_bytes < before + 2500);
    for list in &lists[1..] {
        journal
            .append(&mut vec![Change::Remove {
                list: *list,
                position: 0,
            }])
            .unwrap();
    }
    commit_all(&journal);
    let journal = open(&disk.after_kill(), small());
    assert_eq!(
        read_all(&journal, lists[0]),
        vec![(0, 4, Bytes::from(vec![8; 1000]))]
    );
    assert_eq!(journal.next_expiration_ms(lists[0]), Some(77));
    assert_eq!(positions(&journal, lists[1]), Vec::<u64>::new());
}

#[test]
fn too_long_a_record_is_refused_and_harms_nothing() {
    let disk = TestDisk::new();
    let journal = open(
        &disk,
        JournalSettings {
            record_bytes_max: 100,
            ..small()
        },
    );
    let list = journal.define(Bytes::new()).unwrap();
    let head = "head 0".len();
    let mut fits = vec![add(list, 0, &vec![1; 100 - head])];
    journal.append(&mut fits).unwrap();
    let mut too_long = vec![add(list, 1, &vec![1; 101 - head])];
    let refused = journal.append(&mut too_long);
    assert!(matches!(
        refused,
        Err(StoreError::TooLarge {
            bytes: 101,
            limit_bytes: 100
        })
    ));
    assert_eq!(too_long.len(), 1);
    commit_all(&journal);
    assert_eq!(positions(&journal, list), vec![0]);
}

#[test]
fn newer_format_is_refused_and_left_alone() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = journal.define(Bytes::new()).unwrap();
    journal.append(&mut vec![add(list, 0, b"x")]).unwrap();
    journal.close().unwrap();
    drop(journal);
    let name = disk
        .names()
        .into_iter()
        .find(|name| name.ends_with(".log"))
        .unwrap();
    disk.patch(&name, |content| {
        for copy in content[..128].chunks_exact_mut(64) {
            copy[8] = 2;
            let crc = crc32c::crc32c_append(crc32c::crc32c(&copy[..12]), &copy[16..]);
            copy[12..16].copy_from_slice(&crc.to_le_bytes());
        }
    });
    let before: Vec<Vec<u8>> = disk.names().iter().map(|name| disk.content(name)).collect();
    let refused = Journal::open(Arc::clone(&disk) as Arc<dyn Disk>, small());
    let error = refused.err().unwrap().to_string();
    assert!(
        error.contains("format version 2, this version reads up to 1"),
        "{error}"
    );
    let after: Vec<Vec<u8>> = disk.names().iter().map(|name| disk.content(name)).collect();
    assert_eq!(before, after);
}
