//! The durable store: one shared segmented journal with group commit.
//!
//! Callers append to a queue; the commit step makes everything in it durable with one write and
//! one sync; the upkeep step does what no commit has to wait for. [`Journal::start`] runs both
//! steps on threads of their own; a simulator calls them itself, and nothing happens in between.
//! See `docs/decisions/0002-store-lists-and-extents.md` and the module files for the formats.
//!
//! Lock order: writer, pool, index, queue; none is held while another thread's step is awaited.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use bytes::Bytes;
use foldhash::fast::FixedState;
use parking_lot::{Condvar, Mutex};

use crate::disk::Disk;
use crate::settings::JournalSettings;
use crate::{
    BatchNumber, Change, CommitObserver, ListId, ListInfo, Page, PageRequest, RecallRequest,
    Recalled, SnapshotId, SnapshotInfo, Store, StoreError, StoreUsage,
};

mod apply;
mod checkpoint;
mod commit;
mod encoder;
mod evacuate;
mod expiry;
mod extent;
pub(crate) mod fields;
mod files;
mod gathering;
mod index;
mod page;
mod pool;
mod queue;
mod recall;
mod record;
mod recovery;
mod relocate;
mod repair;
mod scan;
mod segment;
mod sidecar;
mod threads;
mod unit;
mod upkeep;

use commit::Writer;
use index::Index;
use page::FileCache;
use pool::Pool;
use queue::{Op, Queue, State, Tail};

/// A durable store.
pub struct Journal {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What callers and threads share.
pub(crate) struct Shared {
    disk: Arc<dyn Disk>,
    settings: JournalSettings,
    salt: u32,
    /// A spool: nothing is kept for the next start.
    is_scratch: bool,
    limit_bytes: AtomicU64,
    queue: Mutex<Queue>,
    commit_wake: Condvar,
    index: Mutex<Index>,
    writer: Mutex<Writer>,
    pool: Mutex<Pool>,
    files: FileCache,
    upkeep_turn: Mutex<()>,
    upkeep_wanted: Mutex<bool>,
    upkeep_wake: Condvar,
    observer: OnceLock<Arc<dyn CommitObserver>>,
    durable: AtomicU64,
    queued_bytes: AtomicU64,
    used_bytes: AtomicU64,
    live_bytes: AtomicU64,
    /// Room that additions may use in the active segment.
    active_room_bytes: AtomicU64,
    /// The same in prepared segments.
    pool_room_bytes: AtomicU64,
    /// No segment larger than the disk allows.
    segment_bytes_max: u64,
    /// Bytes written to segments since the journal was opened.
    written_bytes: AtomicU64,
    /// Bytes of records that were written again since the journal was opened.
    moved_bytes: AtomicU64,
    /// So many segments are still to be prepared without zeros.
    unzeroed_left: AtomicU64,
    damaged: AtomicU64,
    is_stalled: AtomicBool,
    disk_is_full: AtomicBool,
    is_ending: AtomicBool,
}

impl Journal {
    /// Opens the journal in `disk`, recovering what is there. No thread is started.
    ///
    /// # Errors
    /// When another process has the directory, a file is of a newer version, or the disk cannot
    /// be read.
    pub fn open(disk: Arc<dyn Disk>, settings: JournalSettings) -> Result<Self, StoreError> {
        Self::open_as(disk, settings, false)
    }

    pub(crate) fn open_as(
        disk: Arc<dyn Disk>,
        settings: JournalSettings,
        is_scratch: bool,
    ) -> Result<Self, StoreError> {
        let fail = |cause| StoreError::file("locking", disk.describe(), cause);
        if !disk.lock().map_err(fail)? {
            return Err(StoreError::Locked {
                directory: disk.describe(),
            });
        }
        let opened = Shared::open(Arc::clone(&disk), settings, is_scratch);
        let shared = opened.inspect_err(|_| disk.unlock())?;
        Ok(Self {
            shared: Arc::new(shared),
            threads: Mutex::new(Vec::new()),
        })
    }

    /// Starts the threads `store-commit` and `store-maintain`. They end with [`Store::close`].
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(&self) -> Result<(), StoreError> {
        let fail = |cause| StoreError::file("starting threads for", "the store".to_owned(), cause);
        let mut threads = self.threads.lock();
        for (name, run) in [
            ("store-commit", Shared::run_commits as fn(&Shared)),
            ("store-maintain", Shared::run_upkeep),
        ] {
            let shared = Arc::clone(&self.shared);
            let builder = std::thread::Builder::new().name(name.to_owned());
            threads.push(builder.spawn(move || run(&shared)).map_err(fail)?);
        }
        Ok(())
    }

    /// Makes everything that was appended durable. `false` if there was nothing to do, or
    /// nothing that the full disk has room for.
    pub fn commit_step(&self) -> bool {
        self.shared.commit_step()
    }

    /// Does what no commit has to wait for: sidecars, checkpoints, giving segments back,
    /// preparing new ones. `false` if there was nothing to do.
    pub fn maintain_step(&self) -> bool {
        self.shared.maintain_step()
    }

    /// Tells the usage limit that the caller enforces, 0 for none: it decides the size of new
    /// segments (see [`JournalSettings::segment_bytes_for`]).
    pub fn set_limit_bytes(&self, limit_bytes: u64) {
        self.shared
            .limit_bytes
            .store(limit_bytes, Ordering::Relaxed);
        self.shared.wake_upkeep();
    }

    /// Bytes of records that evacuation wrote again since the journal was opened.
    pub fn moved_bytes(&self) -> u64 {
        self.shared.moved_bytes.load(Ordering::Relaxed)
    }

    /// Damaged records that were set aside since the journal was opened.
    pub fn damaged_count(&self) -> u64 {
        self.shared.damaged.load(Ordering::Relaxed)
    }
}

impl Drop for Journal {
    /// Ends the threads without writing anything more, as a crash would.
    fn drop(&mut self) {
        self.shared.queue.lock().state.close();
        self.shared.end_threads(&self.threads);
        self.shared.disk.unlock();
    }
}

impl Shared {
    fn open(
        disk: Arc<dyn Disk>,
        settings: JournalSettings,
        is_scratch: bool,
    ) -> Result<Self, StoreError> {
        let segment_bytes_max = recovery::segment_bytes_max(disk.as_ref(), &settings)?;
        let segment_bytes = settings
            .segment_bytes_for(settings.limit_bytes)
            .min(segment_bytes_max);
        let recovered = if is_scratch {
            recovery::wipe(disk.as_ref())?
        } else {
            recovery::recover(&disk, segment_bytes)?
        };
        let is_new = recovered.is_new;
        let shared = Self::new((disk, settings), recovered, (is_scratch, segment_bytes_max));
        if is_new && !is_scratch {
            // A new store that has no room at all is told so at once.
            shared.prepare_spares()?;
        }
        Ok(shared)
    }

    fn new(
        (disk, settings): (Arc<dyn Disk>, JournalSettings),
        recovered: recovery::Recovered,
        (is_scratch, segment_bytes_max): (bool, u64),
    ) -> Self {
        let lists = recovered.index.lists.iter();
        let tails: HashMap<ListId, Tail, FixedState> = lists
            .map(|(id, list)| {
                (
                    *id,
                    Tail {
                        next: list.next,
                        order: list.order,
                    },
                )
            })
            .collect();
        let mut index = recovered.index;
        index.recall = recall::Recall::new(&settings);
        let shared = Self {
            salt: disk.salt(),
            disk,
            is_scratch,
            limit_bytes: AtomicU64::new(settings.limit_bytes),
            settings,
            queue: Mutex::new(Queue::new(tails)),
            commit_wake: Condvar::new(),
            index: Mutex::new(index),
            writer: Mutex::new(Writer::after(recovered.last)),
            pool: Mutex::new(recovered.pool),
            files: FileCache::default(),
            upkeep_turn: Mutex::new(()),
            upkeep_wanted: Mutex::new(true),
            upkeep_wake: Condvar::new(),
            observer: OnceLock::new(),
            durable: AtomicU64::new(0),
            queued_bytes: AtomicU64::new(0),
            used_bytes: AtomicU64::new(0),
            live_bytes: AtomicU64::new(0),
            active_room_bytes: AtomicU64::new(0),
            pool_room_bytes: AtomicU64::new(0),
            segment_bytes_max,
            written_bytes: AtomicU64::new(0),
            moved_bytes: AtomicU64::new(0),
            unzeroed_left: AtomicU64::new(0),
            damaged: AtomicU64::new(recovered.damaged),
            is_stalled: AtomicBool::new(false),
            disk_is_full: AtomicBool::new(false),
            is_ending: AtomicBool::new(false),
        };
        shared.publish_usage();
        shared.note_pool(&shared.pool.lock());
        shared
    }

    fn segment_bytes(&self) -> u64 {
        let limit_bytes = self.limit_bytes.load(Ordering::Relaxed);
        self.settings
            .segment_bytes_for(limit_bytes)
            .min(self.segment_bytes_max)
    }

    /// What may wait to be written. It fits into one segment of the reserve, so that it finds room
    /// when the disk turns out to be full.
    fn queue_limit_bytes(&self) -> u64 {
        let limit_bytes = self.settings.commit_queue_limit_bytes;
        if self.is_scratch {
            return limit_bytes;
        }
        limit_bytes.min(self.segment_bytes() / 2)
    }

    fn note_pool(&self, pool: &Pool) {
        let room = pool.room(self.settings.reserve_segments);
        self.pool_room_bytes.store(room, Ordering::Relaxed);
    }

    /// `true` while nothing new may be admitted: the disk is full, and what was prepared before
    /// is needed for what is admitted already.
    fn refuses_adds(&self, queued_bytes: u64) -> bool {
        let room = self.active_room_bytes.load(Ordering::Relaxed)
            + self.pool_room_bytes.load(Ordering::Relaxed);
        let kept = queued_bytes + self.queue_limit_bytes();
        let is_full = self.disk_is_full.load(Ordering::Relaxed) && room < kept;
        is_full || self.is_stalled.load(Ordering::Relaxed)
    }

    fn waits_for_room(&self) -> bool {
        self.disk_is_full.load(Ordering::Relaxed) || self.is_stalled.load(Ordering::Relaxed)
    }

    /// Why nothing is accepted, if the store failed.
    fn failure(&self) -> Option<StoreError> {
        match &self.queue.lock().state {
            State::Failed(cause) => Some(StoreError::Stopped {
                cause: Arc::clone(cause),
            }),
            State::Open | State::Closed => None,
        }
    }

    /// Stops for good.
    fn fail(&self, error: &StoreError) {
        {
            let mut queue = self.queue.lock();
            if matches!(queue.state, State::Failed(_)) {
                return;
            }
            queue.state = State::Failed(error.to_string().into());
        }
        tracing::error!(%error, "the store stops: nothing more is written until restart");
        if let Some(observer) = self.observer.get() {
            observer.failed(error);
        }
    }

    /// `batches` more are durable, of `bytes` in the queue.
    fn publish(&self, batches: u64, bytes: u64) {
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        let durable = self.durable.fetch_add(batches, Ordering::Release) + batches;
        if let Some(observer) = self.observer.get() {
            observer.committed(durable);
        }
    }

    fn publish_usage(&self) {
        let index = self.index.lock();
        let used_bytes = index.counted_bytes();
        self.used_bytes.store(used_bytes, Ordering::Relaxed);
        self.live_bytes.store(index.live_bytes, Ordering::Relaxed);
    }

    fn wake_commit(&self) {
        let mut queue = self.queue.lock();
        queue.is_kicked = true;
        self.commit_wake.notify_one();
    }

    fn wake_upkeep(&self) {
        *self.upkeep_wanted.lock() = true;
        self.upkeep_wake.notify_one();
    }

    /// Queues a batch with `push` and wakes the commit thread.
    fn enqueue(
        &self,
        push: impl FnOnce(&mut Queue) -> (BatchNumber, u64),
    ) -> Result<BatchNumber, StoreError> {
        let mut queue = self.queue.lock();
        queue.state.check()?;
        let (number, bytes) = push(&mut queue);
        self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        // A lazy batch wakes the thread only to have it wait for a limited time.
        let wakes =
            queue.urgent >= queue.wanted || (queue.wanted == 1 && queue.waiting.batches.len() == 1);
        let is_idle = wakes && std::mem::take(&mut queue.is_idle);
        drop(queue);
        if is_idle {
            self.commit_wake.notify_one();
        }
        Ok(number)
    }

    fn check_sizes(&self, changes: &[Change]) -> Result<(), StoreError> {
        let limit_bytes = self.settings.record_bytes_max;
        for change in changes {
            let bytes = match change {
                Change::Add {
                    targets,
                    head,
                    body,
                    ..
                } => {
                    if targets.as_slice().len() > record::TARGETS_MAX {
                        let (bytes, limit_bytes) =
                            (targets.as_slice().len() as u64, record::TARGETS_MAX as u64);
                        return Err(StoreError::TooLarge { bytes, limit_bytes });
                    }
                    head.len() + body.len()
                }
                Change::Remove { .. } => 0,
                Change::Note { key, value } => key.len() + value.len(),
            } as u64;
            if bytes > limit_bytes {
                return Err(StoreError::TooLarge { bytes, limit_bytes });
            }
        }
        Ok(())
    }
}

impl Store for Journal {
    fn lists(&self) -> Vec<ListInfo> {
        let ids: Vec<ListId> = self.shared.index.lock().lists.keys().copied().collect();
        ids.into_iter().filter_map(|list| self.list(list)).collect()
    }

    fn list(&self, list: ListId) -> Option<ListInfo> {
        let tail = *self.shared.queue.lock().tails.get(&list)?;
        let mut info = self.shared.index.lock().lists.get(&list)?.info(list);
        if info.first == info.next {
            // Nothing is pending that is written: the queued records come next.
            info.first = info.next.min(tail.next);
        }
        info.next = info.next.max(tail.next);
        info.order = info.order.max(tail.order);
        Some(info)
    }

    fn notes(&self) -> Vec<(Bytes, Bytes)> {
        let index = self.shared.index.lock();
        index
            .notes
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    fn define(&self, descriptor: Bytes) -> Result<ListId, StoreError> {
        let list = {
            let mut index = self.shared.index.lock();
            let next = index.lists_defined.checked_add(1);
            let list = next.ok_or(StoreError::ListsExhausted)?;
            index.define(list, descriptor.clone());
            list
        };
        let queued = self.shared.enqueue(|queue| {
            queue.urgent += 1;
            queue.tails.insert(list, Tail::default());
            queue.push(Op::Define { list, descriptor })
        });
        if queued.is_err() {
            self.shared.index.lock().drop_list(list);
        }
        queued.map(|_| list)
    }

    fn drop_list(&self, list: ListId) -> Result<BatchNumber, StoreError> {
        self.shared.enqueue(|queue| {
            queue.tails.remove(&list);
            queue.push(Op::DropList { list })
        })
    }

    fn open_snapshot(&self) -> Option<SnapshotId> {
        self.shared.open_snapshot()
    }

    fn is_written(&self, list: ListId, position: u64) -> bool {
        let index = self.shared.index.lock();
        index
            .lists
            .get(&list)
            .is_none_or(|found| position < found.next)
    }

    fn remember(&self, snapshot: SnapshotId, list: ListId, positions: &[u64]) -> u64 {
        self.shared.remember(snapshot, list, positions)
    }

    fn drop_list_into(
        &self,
        snapshot: SnapshotId,
        list: ListId,
    ) -> Result<BatchNumber, StoreError> {
        self.shared.await_dropped(snapshot, list);
        self.drop_list(list)
    }

    fn snapshot(&self, snapshot: SnapshotId) -> Option<SnapshotInfo> {
        self.shared.snapshot(snapshot)
    }

    fn recall(&self, request: RecallRequest) -> Result<Option<Recalled>, StoreError> {
        self.shared.recall(request)
    }

    fn end_snapshot(&self, snapshot: SnapshotId) {
        self.shared.end_snapshot(snapshot);
    }

    fn append(&self, changes: &mut Vec<Change>) -> Result<BatchNumber, StoreError> {
        self.shared.check_sizes(changes)?;
        self.shared.enqueue(|queue| {
            queue.urgent += 1;
            queue.push_changes(changes)
        })
    }

    fn append_lazily(&self, changes: &mut Vec<Change>) -> Result<BatchNumber, StoreError> {
        self.shared.check_sizes(changes)?;
        self.shared.enqueue(|queue| queue.push_changes(changes))
    }

    fn durable(&self) -> BatchNumber {
        self.shared.durable.load(Ordering::Acquire)
    }

    fn page(&self, request: PageRequest) -> Result<Page, StoreError> {
        self.shared.page(request)
    }

    fn expiring(
        &self,
        list: ListId,
        wall_ms: i64,
        from: u64,
        max: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.shared.expiring(list, wall_ms, from, max)
    }

    fn next_expiration_ms(&self, list: ListId) -> Option<i64> {
        self.shared.next_expiration_ms(list)
    }

    fn usage(&self) -> StoreUsage {
        let shared = &self.shared;
        let queued_bytes = shared.queued_bytes.load(Ordering::Relaxed);
        let used_bytes = shared.used_bytes.load(Ordering::Relaxed) + queued_bytes;
        let live_bytes = shared.live_bytes.load(Ordering::Relaxed).min(used_bytes);
        let refuses_adds = shared.refuses_adds(queued_bytes);
        StoreUsage {
            used_bytes,
            live_bytes,
            queued_bytes,
            refuses_adds,
        }
    }

    fn is_congested(&self) -> bool {
        let queued = self.shared.queued_bytes.load(Ordering::Relaxed);
        queued > self.shared.queue_limit_bytes() || self.shared.is_stalled.load(Ordering::Relaxed)
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        if self.shared.observer.set(observer).is_err() {
            tracing::warn!("the store has an observer already; the second one is ignored");
        }
    }

    fn close(&self) -> Result<(), StoreError> {
        self.shared.queue.lock().state.close();
        self.shared.end_threads(&self.threads);
        let finished = self.shared.finish();
        self.shared.disk.unlock();
        finished
    }
}

#[cfg(test)]
pub(crate) mod tests;
