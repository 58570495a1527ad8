//! Work that may read from disk, or that the store's threads set off: done by the paging threads.
//!
//! The queue of jobs is bounded by the number of destinations: each backlog has at most one read
//! under way, each browser one.

use crate::broker::Broker;
use crate::consumer::Consumer;
use crate::queue::Queue;
use crate::queue::lane::Kept;
use crate::queue::page::PageJob;
use crate::turn::Turn;
use floodway_message::Now;
use floodway_store::{BatchNumber, CommitObserver, Page, StoreError};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

enum Job {
    Page(PageJob),
    Browse(PageJob, Arc<Consumer>),
    Dispatch(Arc<Queue>),
    /// Send on what is scheduled for now.
    Schedule,
    /// Nothing but the end of a turn: parked sends are looked at.
    Turn,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Background {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    turn_queued: bool,
    schedule_queued: bool,
    closed: bool,
}

impl Background {
    fn push(&self, job: Job) {
        self.state.lock().jobs.push_back(job);
        self.ready.notify_one();
    }

    pub(crate) fn dispatch(&self, queue: Arc<Queue>) {
        self.push(Job::Dispatch(queue));
    }

    pub(crate) fn turn(&self) {
        let mut state = self.state.lock();
        if !std::mem::replace(&mut state.turn_queued, true) {
            state.jobs.push_back(Job::Turn);
            drop(state);
            self.ready.notify_one();
        }
    }

    pub(crate) fn schedule(&self) {
        let mut state = self.state.lock();
        if !std::mem::replace(&mut state.schedule_queued, true) {
            state.jobs.push_back(Job::Schedule);
            drop(state);
            self.ready.notify_one();
        }
    }

    fn pop(&self) -> Option<Job> {
        let mut state = self.state.lock();
        let job = state.jobs.pop_front()?;
        match job {
            Job::Turn => state.turn_queued = false,
            Job::Schedule => state.schedule_queued = false,
            Job::Page(_) | Job::Browse(..) | Job::Dispatch(_) => {}
        }
        Some(job)
    }

    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.ready.notify_all();
    }
}

impl Broker {
    pub(crate) fn page(&self, job: PageJob) {
        self.work.push(Job::Page(job));
    }

    pub(crate) fn page_for_browser(&self, job: PageJob, consumer: Arc<Consumer>) {
        self.work.push(Job::Browse(job, consumer));
    }

    /// Waits until there is work for [`Broker::page_step`]; `false` when the broker has closed.
    pub fn wait_for_page_work(&self) -> bool {
        let mut state = self.work.state.lock();
        while state.jobs.is_empty() && !state.closed {
            self.work.ready.wait(&mut state);
        }
        !state.closed
    }

    /// Does one piece of background work; `false` when there was none. May read from disk.
    pub fn page_step(&self, now: Now) -> bool {
        let Some(job) = self.work.pop() else {
            return false;
        };
        let mut turn = Turn::new(self, now);
        match job {
            Job::Page(job) => self.run_page(&job, &mut turn),
            Job::Browse(job, consumer) => {
                let result = self.read(&job);
                job.queue.browsed(&consumer, result, &mut turn);
            }
            Job::Dispatch(queue) => queue.dispatch(&mut turn),
            Job::Schedule => {
                let scheduler = self.scheduler.as_ref();
                if scheduler.is_some_and(|scheduler| scheduler.step(&mut turn)) {
                    self.work.schedule();
                }
            }
            Job::Turn => {}
        }
        turn.finish();
        true
    }

    fn run_page(&self, job: &PageJob, turn: &mut Turn<'_>) {
        let durable = || match job.kept {
            Kept::Stored => self.store.as_ref().map(|store| store.durable()),
            Kept::Spooled => self.spool.as_ref().map(|spool| spool.durable()),
        };
        let before = durable();
        let result = self.read(job);
        job.queue.paged(job, result, turn);
        if durable() != before {
            // A commit came while the page was read: whoever waits for it must not miss it.
            self.requeue_pages();
        }
    }

    fn read(&self, job: &PageJob) -> Result<Page, StoreError> {
        let store = match job.kept {
            Kept::Stored => self.store.as_ref(),
            Kept::Spooled => self.spool.as_ref(),
        };
        store.ok_or(StoreError::Closed)?.page(job.request)
    }
}

/// Has both stores tell the broker what they have written.
pub(crate) fn observe(broker: &Arc<Broker>) {
    if let Some(store) = &broker.store {
        store.observe(Arc::new(JournalObserver(Arc::downgrade(broker))));
    }
    if let Some(spool) = &broker.spool {
        spool.observe(Arc::new(SpoolObserver(Arc::downgrade(broker))));
    }
}

struct JournalObserver(Weak<Broker>);

impl CommitObserver for JournalObserver {
    fn committed(&self, durable: BatchNumber) {
        if let Some(broker) = self.0.upgrade() {
            broker.commit_times.durable(durable);
            broker.committed(durable);
            broker.written();
        }
    }

    fn failed(&self, error: &StoreError) {
        if let Some(broker) = self.0.upgrade() {
            broker.store_failed(error);
        }
    }
}

struct SpoolObserver(Weak<Broker>);

impl CommitObserver for SpoolObserver {
    fn committed(&self, _durable: BatchNumber) {
        if let Some(broker) = self.0.upgrade() {
            broker.written();
        }
    }

    fn failed(&self, error: &StoreError) {
        tracing::error!(
            "the spool has stopped, messages that overflow memory are refused: {error}"
        );
    }
}
