//! Tests of the journal on a disk that forgets, tears, fills up and fails.

mod disk;
mod model;

use std::sync::Arc;

use bytes::Bytes;

use self::disk::TestDisk;
use super::*;
use crate::{Target, Targets};

/// Small segments and units, so that few records cross all borders.
pub(crate) fn small() -> JournalSettings {
    JournalSettings {
        segment_bytes: 4096,
        spare_segments: 1,
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
        assert!(!page.unwritten);
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

fn positions(store: &dyn Store, list: ListId) -> Vec<u64> {
    read_all(store, list)
        .into_iter()
        .map(|(position, ..)| position)
        .collect()
}

fn commit_all(journal: &Journal) {
    while journal.commit_step() {}
    while journal.maintain_step() {}
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
