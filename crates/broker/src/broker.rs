//! The broker: the table of destinations, what waits for the store, and the passing of time.
//!
//! It owns no thread. Connections submit through their [`Session`]; the server calls
//! [`Broker::tick`] now and then and [`Broker::page_step`] on threads that may read from disk.

use crate::advisory::Advisories;
use crate::error::BrokerError;
use crate::flow::disks::Disks;
use crate::flow::parts::Memory;
use crate::flow::usage::{Signal, Usage};
use crate::outbox::{Origin, Outbox, Wake};
use crate::policy::Policies;
use crate::prepared::Prepared;
use crate::queue::add::{Writes, store_failure};
use crate::queue::lane::Kept;
use crate::queue::{Queue, Waits};
use crate::scheduler::Scheduler;
use crate::session::Session;
use crate::settings::{BrokerSettings, SystemUsage};
use crate::topic::Subscription;
use crate::turn::{Turn, Work};
use crate::undo::Snapshots;
use crate::{destination::Node, registry::Pattern};
use arc_swap::ArcSwap;
use floodway_message::session::{Failure, FailureKind};
use floodway_message::{Destination, Now};
use floodway_store::{BatchNumber, Change, ListId, Store, StoreError};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// See the module.
pub struct Broker {
    pub(crate) settings: BrokerSettings,
    pub(crate) store: Option<Arc<dyn Store>>,
    pub(crate) spool: Option<Arc<dyn Store>>,
    pub(crate) memory: Memory,
    pub(crate) disks: Disks,
    /// The limits that apply now.
    pub(crate) usage: ArcSwap<SystemUsage>,
    /// What is sent in open transactions.
    pub(crate) uncommitted: Arc<Usage>,
    pub(crate) signal: Arc<Signal>,
    pub(crate) policies: Policies,
    pub(crate) nodes: RwLock<BTreeMap<Destination, Node>>,
    /// Changes when a destination comes or goes.
    pub(crate) generation: AtomicU64,
    pub(crate) patterns: Mutex<Vec<Pattern>>,
    pub(crate) durables: Mutex<BTreeMap<DurableKey, Arc<Subscription>>>,
    /// Held while one is made, taken up or removed: each is one step.
    pub(crate) durables_changing: Mutex<()>,
    pub(crate) clients: Mutex<BTreeMap<Arc<str>, crate::session::Client>>,
    pub(crate) prepared: Prepared,
    pub(crate) work: crate::background::Background,
    pub(crate) audit: Mutex<crate::audit::Audit>,
    pub(crate) advisories: Advisories,
    pub(crate) peers: crate::peers::Peers,
    pub(crate) scheduler: Option<Scheduler>,
    pub(crate) undos: crate::undo::Undos,
    parked: Mutex<Vec<Node>>,
    awaiting: Mutex<Vec<Arc<Outbox>>>,
    awaiting_pages: Mutex<Vec<Arc<Queue>>>,
    /// Queues whose next page waits for room in memory, to be looked at again with each tick.
    awaiting_room: Mutex<Vec<Arc<Queue>>>,
    /// When queues have something to expire: (wall-clock ms, queue).
    timers: Mutex<BTreeSet<(i64, u64)>>,
    starts: Mutex<Vec<(u64, Weak<Queue>)>>,
    queues: Mutex<BTreeMap<u64, Weak<Queue>>>,
    next_id: AtomicU64,
    failed: AtomicBool,
    purged_ms: AtomicU64,
    pub(crate) slow_checks: crate::slow::SlowChecks,
    pub(crate) rates: crate::rates::Rates,
    /// Connections that were accepted since the start.
    pub(crate) connected: AtomicU64,
    pub(crate) commit_times: crate::latency::CommitTimes,
}

/// What became of removals.
#[derive(Default)]
pub(crate) struct Removals {
    /// The batch in the journal.
    pub(crate) stored: Option<BatchNumber>,
    /// The batch in the spool.
    pub(crate) spooled: Option<BatchNumber>,
    /// The journal did not take them.
    pub(crate) failure: Option<Failure>,
}

/// Client id and subscription name.
pub(crate) type DurableKey = (Arc<str>, Arc<str>);

impl Broker {
    /// Opens the core on its stores and finds what they hold. `spool` is where messages overflow
    /// to; without one, and without a store, everything stays in memory.
    ///
    /// # Errors
    /// When the store holds something unknown, or cannot be written.
    pub fn open(
        settings: BrokerSettings,
        store: Option<Arc<dyn Store>>,
        spool: Option<Arc<dyn Store>>,
        now: Now,
    ) -> Result<Arc<Self>, BrokerError> {
        let signal = Arc::new(Signal::default());
        let memory = Memory::new(&settings.usage, &signal);
        let producers = &memory.producers;
        let policies = Policies::new(&settings);
        let scheduler = Scheduler::new(&settings, (&policies, producers), store.as_ref(), 1);
        let broker = Arc::new(Self {
            advisories: Advisories::new(&settings, &policies, producers, now),
            scheduler,
            memory,
            disks: Disks::default(),
            usage: ArcSwap::from_pointee(settings.usage.clone()),
            uncommitted: Usage::root(
                "uncommitted",
                settings.uncommitted_bytes_max as u64,
                Arc::clone(&signal),
            ),
            policies,
            audit: Mutex::new(crate::audit::Audit::new(settings.audited_producers_max)),
            settings,
            store,
            spool,
            signal,
            nodes: RwLock::default(),
            generation: AtomicU64::new(1),
            patterns: Mutex::default(),
            durables: Mutex::default(),
            durables_changing: Mutex::default(),
            prepared: Prepared::default(),
            peers: crate::peers::Peers::default(),
            undos: crate::undo::Undos::default(),
            clients: Mutex::default(),
            work: crate::background::Background::default(),
            parked: Mutex::default(),
            awaiting: Mutex::default(),
            awaiting_pages: Mutex::default(),
            awaiting_room: Mutex::default(),
            timers: Mutex::default(),
            starts: Mutex::default(),
            queues: Mutex::default(),
            // 1 is the scheduler.
            next_id: AtomicU64::new(2),
            failed: AtomicBool::new(false),
            purged_ms: AtomicU64::new(now.monotonic_ms),
            slow_checks: crate::slow::SlowChecks::default(),
            rates: crate::rates::Rates::default(),
            connected: AtomicU64::new(0),
            commit_times: crate::latency::CommitTimes::default(),
        });
        crate::background::observe(&broker);
        let mut turn = Turn::new(&broker, now);
        crate::registry::recover(&broker, &mut turn)?;
        turn.finish();
        Ok(broker)
    }

    /// Has commits of the store timed, with two readings of this clock for each.
    pub fn measure_commits(&self, stopwatch: crate::latency::Stopwatch) {
        self.commit_times.measure_with(stopwatch);
    }

    /// What it was opened with.
    pub fn settings(&self) -> &BrokerSettings {
        &self.settings
    }

    /// A new connection. `wake` is called when events wait for it or its reader may go on.
    pub fn connect(self: &Arc<Self>, peer: &str, wake: Wake) -> Session {
        self.connect_at("", peer, wake)
    }

    /// The same of a connection that came by a connector of this name.
    pub fn connect_at(self: &Arc<Self>, connector: &str, peer: &str, wake: Wake) -> Session {
        let origin = Origin {
            peer,
            connector,
            administers: false,
        };
        self.open_session(origin, wake)
    }

    pub(crate) fn open_session(self: &Arc<Self>, origin: Origin<'_>, wake: Wake) -> Session {
        let outbox = Outbox::new(self.next_id(), origin, wake);
        Session::new(Arc::clone(self), outbox)
    }

    /// Lets time pass: expiry, time-outs, and limits of the disk, which are polled.
    pub fn tick(&self, now: Now) {
        let mut turn = Turn::new(self, now);
        for node in self.parked.lock().iter() {
            turn.later(Work::Resume(node.clone()));
        }
        self.requeue_pages();
        let waiting = std::mem::take(&mut *self.awaiting_room.lock());
        for queue in waiting {
            queue.stop_waiting(Waits::Room);
            queue.go_back();
            turn.later(Work::Dispatch(queue));
        }
        let mut starts = self.starts.lock();
        for (_, queue) in starts.extract_if(.., |(at, _)| *at <= now.monotonic_ms) {
            if let Some(queue) = queue.upgrade() {
                turn.later(Work::Dispatch(queue));
            }
        }
        drop(starts);
        if self
            .scheduler
            .as_ref()
            .is_some_and(|one| one.tick(&mut turn))
        {
            self.work.schedule();
        }
        let period = self.settings.destination_purge_period_ms;
        if period > 0 && now.monotonic_ms >= self.purged_ms.load(Ordering::Relaxed) + period {
            self.purged_ms.store(now.monotonic_ms, Ordering::Relaxed);
            self.purge_inactive(&mut turn);
        }
        for queue in self.due(now) {
            queue.expire_due(&mut turn);
        }
        self.check_slow(&mut turn);
        self.look_at_undos(now);
        turn.finish();
        self.look_at_rates(now);
    }

    fn due(&self, now: Now) -> Vec<Arc<Queue>> {
        let mut timers = self.timers.lock();
        let later = timers.split_off(&(now.wall_ms + 1, 0));
        let due = std::mem::replace(&mut *timers, later);
        drop(timers);
        let queues = self.queues.lock();
        due.iter()
            .filter_map(|(_, id)| queues.get(id)?.upgrade())
            .collect()
    }

    /// Accepts nothing more and lets the paging threads end. The stores are closed by whoever
    /// opened them.
    pub fn close(&self) {
        self.work.close();
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes a queue findable by its id.
    pub(crate) fn register(&self, queue: &Arc<Queue>) {
        self.queues.lock().insert(queue.id, Arc::downgrade(queue));
    }

    pub(crate) fn unregister(&self, queue: &Queue) {
        self.queues.lock().remove(&queue.id);
    }

    /// The queue or subscription of an id, while it lives.
    pub(crate) fn queue(&self, id: u64) -> Option<Arc<Queue>> {
        self.queues.lock().get(&id)?.upgrade()
    }

    /// Sends wait at this destination.
    pub(crate) fn list(&self, node: Node) {
        self.parked.lock().push(node);
    }

    /// Nothing waits at this destination any more.
    pub(crate) fn unlist(&self, node: &Node) {
        self.parked.lock().retain(|other| !other.is(node));
    }

    /// All destinations where sends wait are to be looked at.
    pub(crate) fn list_parked(&self, work: &mut VecDeque<Work>) {
        work.extend(self.parked.lock().iter().cloned().map(Work::Resume));
    }

    pub(crate) fn parked_nodes(&self) -> Vec<Node> {
        self.parked.lock().clone()
    }

    /// The connection has replies that wait for the store.
    pub(crate) fn await_commit(&self, outbox: &Arc<Outbox>, turn: &mut Turn<'_>) {
        self.awaiting.lock().push(Arc::clone(outbox));
        // The commit may have come between the append and this line.
        let Some(store) = &self.store else { return };
        if let Some(failure) = self.failure() {
            return outbox.fail_awaiting(&failure);
        }
        if outbox.release_listed(store.durable()) {
            turn.touch(outbox);
        }
    }

    /// Everything up to `durable` is safe: answers whom it concerns. Runs on the commit thread.
    pub(crate) fn committed(&self, durable: BatchNumber) {
        let concerned = std::mem::take(&mut *self.awaiting.lock());
        let mut staying = Vec::new();
        for outbox in concerned {
            let (wake, stays) = outbox.release(durable);
            if wake {
                outbox.wake();
            }
            if stays {
                staying.push(outbox);
            }
        }
        if !staying.is_empty() {
            self.awaiting.lock().append(&mut staying);
        }
    }

    /// The store has written something: what waited for that can go on.
    pub(crate) fn written(&self) {
        self.requeue_pages();
        if !self.parked.lock().is_empty() {
            self.signal.raise();
            self.work.turn();
        }
    }

    /// The store has stopped: nobody will get a receipt any more.
    pub(crate) fn store_failed(&self, error: &StoreError) {
        self.failed.store(true, Ordering::SeqCst);
        tracing::error!("no more receipts are given: {error}");
        for outbox in std::mem::take(&mut *self.awaiting.lock()) {
            outbox.fail_awaiting(&stopped());
        }
    }

    /// The queue's next page is not written yet.
    pub(crate) fn await_pages(&self, queue: &Arc<Queue>) {
        if queue.start_waiting(Waits::Written) {
            self.awaiting_pages.lock().push(Arc::clone(queue));
        }
    }

    pub(crate) fn requeue_pages(&self) {
        let waiting = std::mem::take(&mut *self.awaiting_pages.lock());
        for queue in waiting {
            queue.stop_waiting(Waits::Written);
            self.work.dispatch(queue);
        }
    }

    /// There is no room in memory for the queue's next page.
    pub(crate) fn await_room(&self, queue: &Arc<Queue>) {
        if queue.start_waiting(Waits::Room) {
            self.awaiting_room.lock().push(Arc::clone(queue));
        }
    }

    /// Moves a queue's next visit for expiry.
    pub(crate) fn expires_at(&self, before_ms: i64, expiration_ms: i64, queue: u64) {
        let mut timers = self.timers.lock();
        timers.remove(&(before_ms, queue));
        timers.insert((expiration_ms, queue));
    }

    /// Has the queue dispatch after some time.
    pub(crate) fn wake_at(&self, now: Now, after_ms: u64, queue: &Arc<Queue>) {
        self.starts
            .lock()
            .push((now.monotonic_ms + after_ms, Arc::downgrade(queue)));
    }

    /// Writes removals: soon if somebody waits for them, else together with the next batch, so that
    /// acknowledgements cost no sync of their own. What a store that has stopped did not remove is delivered again after a
    /// restart.
    pub(crate) fn write_removals(&self, writes: &mut Writes) -> Removals {
        let is_awaited = writes.is_awaited;
        let append = |store: &Option<Arc<dyn Store>>, changes: &mut Vec<Change>| {
            if changes.is_empty() {
                return Ok(None);
            }
            match store {
                Some(store) if is_awaited => store.append(changes).map(Some),
                Some(store) => store.append_lazily(changes).map(Some),
                None => Ok(None),
            }
        };
        let mut removals = Removals::default();
        match append(&self.store, &mut writes.stored) {
            Ok(batch) => removals.stored = batch,
            Err(error) => removals.failure = Some(store_failure(&error)),
        }
        match append(&self.spool, &mut writes.spooled) {
            Ok(batch) => removals.spooled = batch,
            Err(error) => tracing::debug!("not removed from the spool: {error}"),
        }
        removals
    }

    /// Why nothing can be stored any more.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failed.load(Ordering::SeqCst).then(stopped)
    }

    pub(crate) fn drop_list(&self, kept: Kept, list: ListId) {
        self.drop_list_into(Snapshots::default(), kept, list);
    }

    /// Drops a list, whose records are remembered for a while where a snapshot is given.
    pub(crate) fn drop_list_into(&self, [stored, spooled]: Snapshots, kept: Kept, list: ListId) {
        let (store, snapshot) = match kept {
            Kept::Stored => (&self.store, stored),
            Kept::Spooled => (&self.spool, spooled),
        };
        let Some(store) = store else { return };
        let dropped = match snapshot {
            Some(snapshot) => store.drop_list_into(snapshot, list),
            None => store.drop_list(list),
        };
        if let Err(error) = dropped {
            tracing::debug!("a list was not dropped: {error}");
        }
    }
}

fn stopped() -> Failure {
    Failure::new(
        FailureKind::Store,
        "the store has stopped after a failed write; nothing is accepted until the broker restarts",
    )
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker")
            .field("name", &self.settings.name)
            .finish_non_exhaustive()
    }
}
