//! The loops of the journal's two threads, and their end.
//!
//! The commit thread sleeps until somebody waits for a batch, or until lazy ones have waited long
//! enough; the upkeep thread until it is wanted. What they do is in `commit` and `upkeep`; a
//! simulator calls that itself and starts neither.

use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use crate::journal::queue::State;
use crate::journal::{Shared, gathering};
use crate::settings::SyncPolicy;

/// How long batches that nobody waits for may wait for company.
const LAZY_PAUSE: Duration = Duration::from_millis(10);
/// How often upkeep looks again while the disk is full.
const FULL_DISK_RETRY: Duration = Duration::from_secs(1);

impl Shared {
    pub(super) fn run_commits(&self) {
        let mut gathering = gathering::Gathering::default();
        loop {
            self.commit_step();
            let mut queue = self.queue.lock();
            let answered = std::mem::take(&mut queue.taken);
            let wanted = gathering.next(answered, queue.urgent);
            queue.wanted = wanted;
            let mut gathers = wanted > 1;
            while (queue.urgent < queue.wanted || queue.urgent == 0) && !queue.is_kicked {
                if self.is_ending.load(Ordering::Relaxed) {
                    if queue.waiting.batches.is_empty() {
                        return;
                    }
                    break;
                }
                queue.is_idle = true;
                let timed_out = if queue.waiting.batches.is_empty() && !gathers {
                    self.commit_wake.wait(&mut queue);
                    false
                } else {
                    let pause = if gathers {
                        gathering::PAUSE
                    } else {
                        LAZY_PAUSE
                    };
                    self.commit_wake.wait_for(&mut queue, pause).timed_out()
                };
                queue.is_idle = false;
                if timed_out && !gathers {
                    break;
                }
                if timed_out {
                    // Whoever was expected does not come: go on with those who did.
                    gathers = false;
                    queue.wanted = 1;
                }
            }
            gathering.ended(wanted, queue.urgent);
            queue.wanted = 1;
            queue.is_kicked = false;
            if matches!(queue.state, State::Failed(_)) {
                return;
            }
        }
    }

    pub(super) fn run_upkeep(&self) {
        while !self.is_ending.load(Ordering::Relaxed) {
            self.maintain_step();
            let pause = match self.settings.sync {
                _ if self.waits_for_room() => Some(FULL_DISK_RETRY),
                SyncPolicy::Periodic { interval_ms } => Some(Duration::from_millis(interval_ms)),
                SyncPolicy::Always | SyncPolicy::Never => None,
            };
            let mut wanted = self.upkeep_wanted.lock();
            while !*wanted && !self.is_ending.load(Ordering::Relaxed) {
                match pause {
                    Some(pause) => {
                        if self.upkeep_wake.wait_for(&mut wanted, pause).timed_out() {
                            break;
                        }
                    }
                    None => self.upkeep_wake.wait(&mut wanted),
                }
            }
            *wanted = false;
        }
    }

    /// Lets both threads finish and waits for them.
    pub(super) fn end_threads(&self, threads: &Mutex<Vec<JoinHandle<()>>>) {
        self.is_ending.store(true, Ordering::Relaxed);
        self.wake_commit();
        self.wake_upkeep();
        for thread in std::mem::take(&mut *threads.lock()) {
            // The last owner may be one of the threads itself, through an observer.
            if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
                tracing::error!("a thread of the store ended with a panic");
            }
        }
    }
}
