//! What the spool keeps while it is open, and forgets after.

use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::journal::tests::disk::TestDisk;
use crate::journal::tests::{add, commit_all, positions, small};
use crate::{Change, Store};

fn open(disk: &Arc<TestDisk>) -> Journal {
    open_spool(Arc::clone(disk) as Arc<dyn Disk>, small()).unwrap()
}

#[test]
fn spool_gives_back_what_it_got_and_uses_its_space_again() {
    let disk = TestDisk::new();
    let spool = open(&disk);
    let list = spool.define(Bytes::new()).unwrap();
    let mut next = 0;
    for _ in 0..20 {
        let changes = (next..next + 30).map(|at| add(list, at, &[1; 300]));
        let number = spool.append(&mut changes.collect()).unwrap();
        commit_all(&spool);
        assert_eq!(spool.durable(), number);
        assert_eq!(
            positions(&spool, list),
            (next..next + 30).collect::<Vec<_>>()
        );
        let removals = (next..next + 30).map(|position| Change::Remove { list, position });
        spool.append(&mut removals.collect()).unwrap();
        commit_all(&spool);
        next += 30;
    }
    assert_eq!(disk.syncs(), 0);
    assert!(disk.used() < 30_000, "{}", disk.used());
}

#[test]
fn spool_is_empty_after_a_crash_and_leaves_nothing_when_closed() {
    let disk = TestDisk::new();
    let spool = open(&disk);
    let list = spool.define(Bytes::new()).unwrap();
    spool
        .append(&mut (0..50).map(|at| add(list, at, &[1; 300])).collect())
        .unwrap();
    commit_all(&spool);
    let disk = disk.after_kill();
    let spool = open(&disk);
    assert_eq!(spool.lists(), Vec::new());
    let list = spool.define(Bytes::new()).unwrap();
    spool
        .append(&mut (0..50).map(|at| add(list, at, &[1; 300])).collect())
        .unwrap();
    commit_all(&spool);
    spool.close().unwrap();
    assert_eq!(disk.names(), Vec::<String>::new());
}
