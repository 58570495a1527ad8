//! What a page and a look for expired records return.

use bytes::Bytes;

use super::disk::TestDisk;
use super::{add, commit_all, open, small};
use crate::{Change, JournalSettings, PageRequest, Store, Target, Targets};

#[test]
fn page_stops_at_its_limits_and_says_where_to_go_on() {
    let disk = TestDisk::new();
    let journal = open(
        &disk,
        JournalSettings {
            segment_bytes: 100_000,
            ..small()
        },
    );
    let list = journal.define(Bytes::new()).unwrap();
    let mut changes: Vec<Change> = (0..20).map(|at| add(list, at, &[0; 94])).collect();
    journal.append(&mut changes).unwrap();
    commit_all(&journal);
    for position in [0, 4, 5, 19] {
        journal
            .append(&mut vec![Change::Remove { list, position }])
            .unwrap();
    }
    commit_all(&journal);
    // Head and body are 100 bytes for the first ten records.
    for (from, records_max, bytes_max, expected, next) in [
        (0, 3, 9999, vec![1, 2, 3], 4),
        (0, 4, 9999, vec![1, 2, 3, 6], 7),
        (0, 9, 300, vec![1, 2, 3], 6),
        (0, 9, 299, vec![1, 2], 3),
        (0, 9, 0, vec![1], 2),
        (16, 9, 9999, vec![16, 17, 18], 20),
        (19, 9, 9999, vec![], 20),
        (99, 9, 9999, vec![], 99),
    ] {
        let page = journal
            .page(PageRequest {
                list,
                from,
                records_max,
                bytes_max,
            })
            .unwrap();
        let found: Vec<u64> = page.records.iter().map(|one| one.position).collect();
        assert_eq!(
            found, expected,
            "from {from}, {records_max} records, {bytes_max} bytes"
        );
        assert!(page.next == next || (page.next..next).all(|at| [4, 5, 19].contains(&at)));
        assert!(!page.unwritten);
    }
}

#[test]
fn page_tells_of_records_that_are_not_written_yet() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = journal.define(Bytes::new()).unwrap();
    journal.append(&mut vec![add(list, 0, b"a")]).unwrap();
    let request = PageRequest {
        list,
        from: 0,
        records_max: 9,
        bytes_max: 999,
    };
    let page = journal.page(request).unwrap();
    assert!(page.unwritten && page.records.is_empty() && page.next == 0);
    journal.commit_step();
    journal.append(&mut vec![add(list, 1, b"b")]).unwrap();
    let page = journal.page(request).unwrap();
    assert!(page.unwritten && page.records.len() == 1 && page.next == 1);
    journal.commit_step();
    let page = journal.page(request).unwrap();
    assert!(!page.unwritten && page.records.len() == 2 && page.next == 2);
    let info = journal.list(list).unwrap();
    assert_eq!((info.next, info.order), (2, 10));
}

#[test]
fn small_record_does_not_pin_a_large_buffer() {
    let disk = TestDisk::new();
    let settings = JournalSettings {
        page_read_bytes: 1 << 20,
        ..JournalSettings::default()
    };
    let journal = open(&disk, settings);
    let list = journal.define(Bytes::new()).unwrap();
    journal
        .append(&mut (0..100).map(|at| add(list, at, &[1; 100])).collect())
        .unwrap();
    commit_all(&journal);
    let request = PageRequest {
        list,
        from: 0,
        records_max: 100,
        bytes_max: 1 << 20,
    };
    let page = journal.page(request).unwrap();
    let mut records = page.records.into_iter();
    let (first, second) = (records.next().unwrap(), records.next().unwrap());
    // Memory of their own: the second does not follow the first as on disk.
    assert_eq!(
        first.body.as_ptr() as usize,
        first.head.as_ptr() as usize + first.head.len()
    );
    let distance = (second.head.as_ptr() as usize).abs_diff(first.head.as_ptr() as usize);
    assert_ne!(distance, 160, "records are slices of one buffer");
}

#[test]
fn time_of_the_next_expiration_moves_on() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = journal.define(Bytes::new()).unwrap();
    for position in 0..40_u64 {
        let mut change = add(list, position, &[1; 300]);
        if let Change::Add { expiration_ms, .. } = &mut change {
            *expiration_ms = if position % 2 == 0 {
                0
            } else {
                1000 - position as i64
            };
        }
        journal.append(&mut vec![change]).unwrap();
    }
    commit_all(&journal);
    assert_eq!(journal.next_expiration_ms(list), Some(961));
    assert_eq!(
        journal.expiring(list, 960, 0, 99).unwrap(),
        Vec::<u64>::new()
    );
    assert_eq!(
        journal.expiring(list, 965, 0, 99).unwrap(),
        vec![35, 37, 39]
    );
    for position in [35, 37, 39] {
        journal
            .append(&mut vec![Change::Remove { list, position }])
            .unwrap();
    }
    commit_all(&journal);
    // The removed ones may still be counted once, not again and again.
    assert_eq!(
        journal.expiring(list, 965, 0, 99).unwrap(),
        Vec::<u64>::new()
    );
    assert_eq!(journal.next_expiration_ms(list), Some(967));
}

#[test]
fn shared_record_has_the_order_of_the_list_that_is_read() {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let lists = [(); 3].map(|()| journal.define(Bytes::new()).unwrap());
    let targets = lists.map(|list| Target {
        list,
        position: 0,
        order: u64::from(list) * 100,
    });
    let change = Change::Add {
        targets: Targets::Many(Box::new(targets)),
        expiration_ms: 0,
        head: Bytes::new(),
        body: Bytes::from(vec![1; 9000]),
    };
    journal.append(&mut vec![change]).unwrap();
    commit_all(&journal);
    for list in lists {
        let request = PageRequest {
            list,
            from: 0,
            records_max: 1,
            bytes_max: 1,
        };
        let page = journal.page(request).unwrap();
        assert_eq!(page.records[0].order, u64::from(list) * 100);
        assert_eq!(
            (page.records[0].head.len(), page.records[0].body.len()),
            (0, 9000)
        );
    }
}
