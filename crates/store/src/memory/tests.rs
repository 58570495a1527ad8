//! What every caller of a store relies on, shown on the simplest one.

use super::*;
use crate::Targets;

pub(crate) fn add(list: ListId, position: u64, body: &str) -> Change {
    let target = Target {
        list,
        position,
        order: position,
    };
    Change::Add {
        targets: Targets::One(target),
        expiration_ms: 0,
        head: Bytes::from_static(b"head"),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn request(list: ListId, from: u64, records_max: usize, bytes_max: usize) -> PageRequest {
    PageRequest {
        list,
        from,
        records_max,
        bytes_max,
    }
}

#[test]
fn page_skips_removed_positions_and_stops_at_the_limits() {
    let store = MemoryStore::new();
    let list = store.define(Bytes::from_static(b"queue")).unwrap();
    let mut changes: Vec<Change> = (0..6).map(|at| add(list, at, "123456")).collect();
    store.append(&mut changes).unwrap();
    assert!(changes.is_empty());
    store
        .append(&mut vec![Change::Remove { list, position: 1 }])
        .unwrap();

    let page = store.page(request(list, 0, 3, 1000)).unwrap();
    let positions: Vec<u64> = page.records.iter().map(|record| record.position).collect();
    assert_eq!((positions, page.next), (vec![0, 2, 3], 4));
    let page = store.page(request(list, 0, 10, 25)).unwrap();
    assert_eq!((page.records.len(), page.next), (2, 3));
    let page = store.page(request(list, 5, 10, 0)).unwrap();
    assert_eq!((page.records.len(), page.next), (1, 6));
}

#[test]
fn first_follows_the_lowest_pending_position() {
    let store = MemoryStore::new();
    let list = store.define(Bytes::new()).unwrap();
    store
        .append(&mut (0..3).map(|at| add(list, at, "x")).collect())
        .unwrap();
    store
        .append(&mut vec![Change::Remove { list, position: 1 }])
        .unwrap();
    assert_eq!(store.list(list).unwrap().first, 0);
    store
        .append(&mut vec![Change::Remove { list, position: 0 }])
        .unwrap();
    let info = store.list(list).unwrap();
    assert_eq!(
        (info.first, info.next, info.pending, info.pending_bytes),
        (2, 3, 1, 5)
    );
    store
        .append(&mut vec![Change::Remove { list, position: 2 }])
        .unwrap();
    let info = store.list(list).unwrap();
    assert_eq!(
        (info.first, info.next, info.pending, info.order),
        (3, 3, 0, 2)
    );
}

#[test]
fn expiring_lists_due_positions_ascending() {
    let store = MemoryStore::new();
    let list = store.define(Bytes::new()).unwrap();
    let mut changes = Vec::new();
    for (position, at) in [(0, 50), (1, 0), (2, 10), (3, 30)] {
        let mut change = add(list, position, "x");
        if let Change::Add { expiration_ms, .. } = &mut change {
            *expiration_ms = at;
        }
        changes.push(change);
    }
    store.append(&mut changes).unwrap();
    assert_eq!(store.next_expiration_ms(list), Some(10));
    assert_eq!(store.expiring(list, 30, 0, 9).unwrap(), vec![2, 3]);
    assert_eq!(store.expiring(list, 99, 0, 2).unwrap(), vec![0, 2]);
    assert_eq!(store.expiring(list, 99, 3, 9).unwrap(), vec![3]);
    store
        .append(&mut vec![Change::Remove { list, position: 2 }])
        .unwrap();
    assert_eq!(store.next_expiration_ms(list), Some(30));
}

#[test]
fn closed_store_accepts_nothing() {
    let store = MemoryStore::new();
    store.close().unwrap();
    assert!(matches!(
        store.define(Bytes::new()),
        Err(StoreError::Closed)
    ));
    assert!(matches!(
        store.append(&mut Vec::new()),
        Err(StoreError::Closed)
    ));
}

#[test]
fn record_in_two_lists_is_removed_from_each_apart() {
    let store = MemoryStore::new();
    let lists = [
        store.define(Bytes::new()).unwrap(),
        store.define(Bytes::new()).unwrap(),
    ];
    let targets = lists.map(|list| Target {
        list,
        position: 0,
        order: 7,
    });
    let change = Change::Add {
        targets: Targets::Many(Box::new(targets)),
        expiration_ms: 0,
        head: Bytes::new(),
        body: Bytes::from_static(b"shared"),
    };
    store.append(&mut vec![change]).unwrap();
    store
        .append(&mut vec![Change::Remove {
            list: lists[0],
            position: 0,
        }])
        .unwrap();
    assert_eq!(store.list(lists[0]).unwrap().pending, 0);
    let page = store.page(request(lists[1], 0, 1, 1)).unwrap();
    assert_eq!(page.records[0].body, "shared");
    assert_eq!(page.records[0].order, 7);
}
