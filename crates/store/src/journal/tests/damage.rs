//! Goal: damaged files cost the damaged records only, and are reported. Method: bits are flipped
//! and files removed between a clean end and the next start.

use std::sync::Arc;

use bytes::Bytes;

use super::disk::{Dice, TestDisk};
use super::{add, commit_all, open, small};
use crate::journal::segment::{log_number, sidecar_number};
use crate::{Change, Journal, ListId, PageRequest, Store};

/// A closed store with some old and some new records, and its records.
fn closed() -> (Arc<TestDisk>, ListId, Vec<(u64, Bytes)>) {
    let disk = TestDisk::new();
    let journal = open(&disk, small());
    let list = journal.define(Bytes::from_static(b"queue")).unwrap();
    let note = Change::Note {
        key: Bytes::from_static(b"key"),
        value: Bytes::from_static(b"v"),
    };
    journal.append(&mut vec![note]).unwrap();
    for position in 0..50 {
        let body = vec![u8::try_from(position).unwrap(); 200];
        journal
            .append(&mut vec![add(list, position, &body)])
            .unwrap();
    }
    commit_all(&journal);
    for position in (0..50).filter(|position| position % 3 == 0 || *position < 10) {
        journal
            .append(&mut vec![Change::Remove { list, position }])
            .unwrap();
    }
    commit_all(&journal);
    journal.close().unwrap();
    let (records, damaged) = read(&journal, list);
    assert_eq!((records.len(), damaged), (27, 0));
    drop(journal);
    (disk, list, records)
}

fn read(journal: &Journal, list: ListId) -> (Vec<(u64, Bytes)>, u64) {
    let (mut records, mut damaged, mut from) = (Vec::new(), 0, 0);
    loop {
        let request = PageRequest {
            list,
            from,
            records_max: 5,
            bytes_max: 2000,
        };
        let page = journal.page(request).unwrap();
        damaged += page.damaged;
        if page.next == from {
            return (records, damaged);
        }
        from = page.next;
        records.extend(page.records.into_iter().map(|one| (one.position, one.body)));
    }
}

#[test]
fn flipped_bit_costs_at_most_the_record_it_is_in() {
    let (disk, list, expected) = closed();
    let mut dice = Dice(42);
    let mut hits = 0;
    for _ in 0..3000 {
        let names = disk.names();
        let name = &names[usize::try_from(dice.roll(names.len() as u64)).unwrap()];
        let length = disk.content(name).len();
        if length == 0 {
            continue;
        }
        let bit = usize::try_from(dice.roll(length as u64 * 8)).unwrap();
        let disk = disk.after_kill();
        disk.flip_bit(name, bit);
        let journal = open(&disk, small());
        let (found, damaged) = read(&journal, list);
        let lost = expected.iter().filter(|one| !found.contains(one)).count();
        let place = format!("bit {bit} of {name}: {damaged} damaged, {lost} lost");
        assert!(found.iter().all(|one| expected.contains(one)), "{place}");
        assert!(lost <= 1, "{place}");
        assert!(
            lost == 0 || damaged + journal.damaged_count() > 0,
            "{place}"
        );
        assert_eq!(journal.notes().len(), 1, "{place}");
        assert_eq!(journal.lists().len(), 1, "{place}");
        hits += lost;
        // What was set aside stays so, and the store goes on.
        journal.append(&mut vec![add(list, 50, b"new")]).unwrap();
        commit_all(&journal);
        assert_eq!(
            journal.list(list).unwrap().pending,
            found.len() as u64 + 1,
            "{place}"
        );
        drop(journal);
        let (again, damaged) = read(&open(&disk, small()), list);
        assert_eq!((again.len(), damaged), (found.len() + 1, 0), "{place}");
    }
    assert!(hits > 50, "{hits}");
}

#[test]
fn missing_or_foreign_sidecar_is_built_again() {
    let (disk, list, expected) = closed();
    let sidecars: Vec<String> = disk
        .names()
        .into_iter()
        .filter(|name| sidecar_number(name).is_some())
        .collect();
    assert!(sidecars.len() > 3);
    let content = disk.content(&sidecars[1]);
    disk.patch(&sidecars[0], |bytes| *bytes = content);
    disk.patch(&sidecars[2], |bytes| bytes.truncate(100));
    disk.patch(&sidecars[3], |bytes| bytes.clear());
    let journal = open(&disk, small());
    assert_eq!(read(&journal, list), (expected.clone(), 0));
    assert_eq!(journal.damaged_count(), 0);
    commit_all(&journal);
    assert_eq!(read(&journal, list), (expected.clone(), 0));

    // Without any of them, and found out only while reading.
    for name in disk
        .names()
        .iter()
        .filter(|name| sidecar_number(name).is_some())
    {
        disk.patch(name, |bytes| bytes.truncate(bytes.len() - 4000));
    }
    assert_eq!(read(&journal, list), (expected.clone(), 0));
    commit_all(&journal);
    drop(journal);
    for name in disk
        .names()
        .iter()
        .filter(|name| sidecar_number(name).is_some())
    {
        disk.patch(name, Vec::clear);
    }
    assert_eq!(read(&open(&disk, small()), list), (expected, 0));
}

#[test]
fn cut_segments_cost_what_was_cut_off() {
    let (disk, list, expected) = closed();
    let logs: Vec<String> = disk
        .names()
        .into_iter()
        .filter(|name| log_number(name).is_some())
        .collect();
    for log in &logs {
        for length in [0, 63, 64, 127, 128, 129, 1000, 2000] {
            for with_sidecar in [true, false] {
                let disk = disk.after_kill();
                disk.patch(log, |bytes| bytes.truncate(length));
                if !with_sidecar {
                    let sidecar = crate::journal::segment::sidecar_name(log_number(log).unwrap());
                    if disk.names().contains(&sidecar) {
                        disk.patch(&sidecar, Vec::clear);
                    }
                }
                let journal = open(&disk, small());
                let (found, _) = read(&journal, list);
                assert!(
                    found.iter().all(|one| expected.contains(one)),
                    "{log} at {length}"
                );
                assert!(found.len() + 20 > expected.len(), "{log} at {length}");
                commit_all(&journal);
                journal.close().unwrap();
            }
        }
    }
}

#[test]
fn segment_without_header_is_set_aside_whole() {
    let (disk, list, expected) = closed();
    let name = disk.names().into_iter().find(|name| {
        log_number(name).is_some_and(|number| {
            disk.names()
                .contains(&crate::journal::segment::sidecar_name(number))
        })
    });
    let name = name.unwrap();
    disk.patch(&name, |bytes| bytes[..128].fill(0));
    let journal = open(&disk, small());
    let (found, _) = read(&journal, list);
    assert!(found.len() < expected.len());
    assert!(found.iter().all(|one| expected.contains(one)));
    assert_eq!(journal.damaged_count(), 1);
    assert!(
        disk.names().contains(&format!("damaged-{name}")),
        "{:?}",
        disk.names()
    );
}

#[test]
fn checkpoint_damaged_twice_is_one_clear_failure() {
    let (disk, ..) = closed();
    disk.patch("checkpoint", |bytes| bytes.fill(0));
    let refused = Journal::open(Arc::clone(&disk) as _, small());
    let error = refused.err().unwrap().to_string();
    assert!(error.starts_with("checkpoint is damaged"), "{error}");
}

#[test]
fn record_inside_a_message_is_never_taken_for_one() {
    // The body of a message is a whole record of this very segment, but without the salt that
    // only the store knows.
    let (disk, list, _) = closed();
    let journal = open(&disk, small());
    let number = disk
        .names()
        .iter()
        .filter_map(|name| log_number(name))
        .max()
        .unwrap();
    let mut fake = Vec::new();
    for segment in 0..=number + 1 {
        let mut span = Vec::new();
        let removed = crate::journal::record::Span {
            list,
            count: 50,
            first: 0,
        };
        removed.put(&mut span);
        let draft = crate::journal::record::Draft {
            kind: crate::journal::record::Kind::Remove,
            flags: 3,
            expiration_ms: 0,
            targets: &[],
            head: &[],
            body: &span,
        };
        draft.put(&mut fake, segment, 0, true);
        fake.resize(fake.len().next_multiple_of(8), 0);
    }
    let before = read(&journal, list).0.len();
    for shift in 0..8 {
        let body = [&vec![0; shift], fake.as_slice()].concat();
        journal
            .append(&mut vec![add(list, 50 + shift as u64, &body)])
            .unwrap();
        journal.commit_step();
    }
    drop(journal);
    // The headers of these messages are damaged, so that their bodies are searched for records.
    for name in disk
        .names()
        .iter()
        .filter(|name| log_number(name).is_some())
    {
        disk.patch(name, |bytes| {
            for at in (128..bytes.len().saturating_sub(48)).step_by(8) {
                let is_add = bytes[at + 8] == 1 && bytes[at + 10] == 1;
                if is_add && bytes[at + 36] >= 50 && bytes[at + 36] < 58 {
                    bytes[at] ^= 0x80;
                }
            }
        });
    }
    let journal = open(&disk, small());
    assert!(journal.damaged_count() > 0);
    assert_eq!(read(&journal, list).0.len(), before);
}
