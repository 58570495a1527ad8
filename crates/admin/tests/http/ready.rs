//! Readiness: a broker that cannot take messages any more says so, and lives on.

use crate::served::{NOW, Served};
use floodway_broker::settings::BrokerSettings;
use floodway_message::session::{Command, Destinations, Send as SendCommand};
use floodway_message::{Destination, MessageBuilder};
use floodway_store::disk::{Disk, File, OsDisk};
use floodway_store::{Journal, JournalSettings, Store};
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The disk of this machine, until syncs begin to fail.
struct Breaking {
    disk: OsDisk,
    broken: Arc<AtomicBool>,
}

struct BreakingFile {
    file: Arc<dyn File>,
    broken: Arc<AtomicBool>,
}

impl Breaking {
    fn wrapped(&self, file: io::Result<Arc<dyn File>>) -> io::Result<Arc<dyn File>> {
        let broken = Arc::clone(&self.broken);
        file.map(|file| Arc::new(BreakingFile { file, broken }) as Arc<dyn File>)
    }
}

impl Disk for Breaking {
    fn describe(&self) -> String {
        self.disk.describe()
    }
    fn salt(&self) -> u32 {
        self.disk.salt()
    }
    fn available_bytes(&self) -> io::Result<u64> {
        self.disk.available_bytes()
    }
    fn lock(&self) -> io::Result<bool> {
        self.disk.lock()
    }
    fn unlock(&self) {
        self.disk.unlock();
    }
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.wrapped(self.disk.open(name))
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.wrapped(self.disk.create(name))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }
    fn sync_dir(&self) -> io::Result<()> {
        self.disk.sync_dir()
    }
}

impl File for BreakingFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
    fn write_all_at(&self, parts: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        self.file.write_all_at(parts, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk is broken"));
        }
        self.file.sync_data()
    }
    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
    fn allocate(&self, length: u64) -> io::Result<()> {
        self.file.allocate(length)
    }
    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_length(length)
    }
    fn forget_cached(&self) {
        self.file.forget_cached();
    }
}

#[test]
fn broker_whose_store_has_failed_is_alive_and_not_ready() {
    let folder = std::env::temp_dir().join(format!("floodway-ready-{}", std::process::id()));
    let broken = Arc::new(AtomicBool::new(false));
    let disk = Breaking {
        disk: OsDisk::new(&folder).unwrap(),
        broken: Arc::clone(&broken),
    };
    let settings = JournalSettings {
        segment_bytes: 1 << 20,
        ..JournalSettings::default()
    };
    let journal = Arc::new(Journal::open(Arc::new(disk), settings).unwrap());
    let store = Arc::clone(&journal) as Arc<dyn Store>;
    let served = Served::of(BrokerSettings::default(), Some(store), |_| {});
    assert_eq!(served.ask("GET /readyz", "", "").status, 200);

    broken.store(true, Ordering::SeqCst);
    let queue = Destination::parse("queue://Q").unwrap();
    let mut message = MessageBuilder::new();
    message.persistent(true).destination(&queue);
    let session = served.broker.connect("test", Box::new(|| {}));
    let send = Command::Send(SendCommand {
        producer: 1,
        destinations: Destinations::One(queue),
        message: message.build(0).unwrap(),
        tx: None,
        reply: Some(1),
    });
    session.submit(&mut vec![send], NOW);
    // What the store's own thread does.
    while journal.commit_step() {}
    let answer = served.ask("GET /readyz", "", "");
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("the store has failed"), "{answer:?}");
    assert_eq!(served.ask("GET /livez", "", "").status, 200);
    session.close(NOW);
    drop(served);
    std::fs::remove_dir_all(folder).ok();
}
