//! The journal on the real disk with its own threads.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};

use super::disk::TestDisk;
use super::{add, open, positions, small};
use crate::disk::OsDisk;
use crate::{
    BatchNumber, Change, CommitObserver, Journal, JournalSettings, Store, StoreError, SyncPolicy,
};

/// A directory of its own that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("floodway-store-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn open(&self, settings: JournalSettings) -> Result<Journal, StoreError> {
        Journal::open(Arc::new(OsDisk::new(&self.0)?), settings)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Lets threads wait for a commit.
#[derive(Default)]
struct Bell {
    durable: Mutex<BatchNumber>,
    rung: Condvar,
}

impl Bell {
    fn wait(&self, number: BatchNumber) {
        let mut durable = self.durable.lock();
        while *durable < number {
            self.rung.wait(&mut durable);
        }
    }
}

impl CommitObserver for Bell {
    fn committed(&self, durable: BatchNumber) {
        *self.durable.lock() = durable;
        self.rung.notify_all();
    }

    fn failed(&self, error: &StoreError) {
        panic!("{error}");
    }
}

#[test]
fn many_threads_append_and_everything_is_there_after_a_restart() {
    let folder = Folder::new();
    let settings = JournalSettings {
        segment_bytes: 64 * 1024,
        ..JournalSettings::default()
    };
    let journal = Arc::new(folder.open(settings.clone()).unwrap());
    let bell = Arc::new(Bell::default());
    journal.observe(Arc::clone(&bell) as _);
    journal.start().unwrap();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (journal, bell) = (Arc::clone(&journal), Arc::clone(&bell));
            thread::spawn(move || {
                let list = journal.define(Bytes::new()).unwrap();
                for position in 0..200 {
                    let number = journal
                        .append(&mut vec![add(list, position, &[1; 700])])
                        .unwrap();
                    bell.wait(number);
                    if position % 4 != 0 {
                        let removal = Change::Remove { list, position };
                        bell.wait(journal.append(&mut vec![removal]).unwrap());
                    }
                }
                list
            })
        })
        .collect();
    let lists: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let expected: Vec<u64> = (0..200).filter(|position| position % 4 == 0).collect();
    for list in &lists {
        assert_eq!(positions(journal.as_ref(), *list), expected);
    }
    // Without a clean end, and with one.
    drop(journal);
    let journal = folder.open(settings.clone()).unwrap();
    journal.start().unwrap();
    for list in &lists {
        assert_eq!(positions(&journal, *list), expected);
    }
    journal.close().unwrap();
    assert!(matches!(
        journal.append(&mut Vec::new()),
        Err(StoreError::Closed)
    ));
    drop(journal);
    let journal = folder.open(settings).unwrap();
    assert_eq!(journal.damaged_count(), 0);
    for list in &lists {
        assert_eq!(positions(&journal, *list), expected);
    }
}

#[test]
fn threads_go_on_by_themselves_when_the_disk_has_room_again() {
    let disk = TestDisk::new();
    disk.set_space(Some(12 * 4096));
    let journal = open(&disk, small());
    let bell = Arc::new(Bell::default());
    journal.observe(Arc::clone(&bell) as _);
    journal.start().unwrap();
    let list = journal.define(Bytes::new()).unwrap();
    let mut position = 0;
    let mut last = 0;
    while !journal.usage().refuses_adds {
        bell.wait(last);
        last = journal
            .append(&mut vec![add(list, position, &[1; 500])])
            .unwrap();
        position += 1;
    }
    // Twice what the disk holds.
    for _ in 0..200 {
        last = journal
            .append(&mut vec![add(list, position, &[1; 500])])
            .unwrap();
        position += 1;
    }
    while !journal.is_congested() {
        thread::yield_now();
    }
    assert!(journal.durable() < last);
    disk.set_space(None);
    bell.wait(last);
    journal.close().unwrap();
    assert_eq!(positions(&journal, list).len() as u64, position);
}

#[test]
fn directory_is_taken_by_one_journal_at_a_time() {
    let folder = Folder::new();
    let journal = folder.open(JournalSettings::default()).unwrap();
    let refused = folder.open(JournalSettings::default());
    assert!(matches!(refused, Err(StoreError::Locked { .. })));
    journal.close().unwrap();
    drop(folder.open(JournalSettings::default()).unwrap());
    folder.open(JournalSettings::default()).unwrap();
}

#[test]
fn directory_is_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let journal = folder.open(JournalSettings::default()).unwrap();
    let list = journal.define(Bytes::new()).unwrap();
    journal.append(&mut vec![add(list, 0, b"secret")]).unwrap();
    journal.close().unwrap();
    assert_eq!(
        std::fs::metadata(&folder.0).unwrap().permissions().mode() & 0o777,
        0o700
    );
    for entry in std::fs::read_dir(&folder.0).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn directory_that_cannot_be_made_is_one_clear_failure() {
    let error = OsDisk::new("/dev/null/store").err().unwrap().to_string();
    assert!(
        error.starts_with("creating directory /dev/null/store failed"),
        "{error}"
    );
}

#[test]
fn large_backlog_is_known_again_after_a_restart() {
    // A million when optimized, as the promise says; fewer otherwise.
    let count: u64 = if cfg!(debug_assertions) {
        50_000
    } else {
        1_000_000
    };
    let folder = Folder::new();
    let settings = JournalSettings {
        sync: SyncPolicy::Never,
        ..JournalSettings::default()
    };
    let journal = folder.open(settings.clone()).unwrap();
    let list = journal.define(Bytes::new()).unwrap();
    for position in 0..count {
        journal
            .append(&mut vec![add(list, position, &[1; 200])])
            .unwrap();
        if position % 1000 == 999 {
            journal.commit_step();
            journal.maintain_step();
        }
    }
    journal.commit_step();
    drop(journal);
    let journal = folder.open(settings).unwrap();
    let info = journal.list(list).unwrap();
    assert_eq!((info.first, info.next, info.pending), (0, count, count));
}
