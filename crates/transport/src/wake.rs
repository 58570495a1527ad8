//! Waking a connection's task from any thread, at the price of one atomic swap while it runs.
//!
//! A task that is at work looks for news itself before it rests, so a wake that reaches it then
//! only leaves a mark: it is not scheduled a second time. Invariant: a wake after
//! [`Wake::begin`] is seen by [`Wake::rest`] or schedules the task; none is lost.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Waker;

const RESTING: u8 = 0;
const WORKING: u8 = 1;
const WOKEN: u8 = 2;

#[cfg(test)]
mod tests;

/// Shared by a task and those who wake it.
#[derive(Debug)]
pub(crate) struct Wake {
    state: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

impl Wake {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU8::new(WORKING),
            waker: Mutex::new(None),
        }
    }

    /// Makes the task look for news.
    pub(crate) fn wake(&self) {
        if self.state.swap(WOKEN, Ordering::AcqRel) == RESTING
            && let Some(waker) = self.waker.lock().as_ref()
        {
            waker.wake_by_ref();
        }
    }

    /// The task is at work. `true` if it was woken since it last asked.
    pub(crate) fn begin(&self) -> bool {
        self.state.swap(WORKING, Ordering::AcqRel) == WOKEN
    }

    /// The task has nothing to do. `false` if it was woken meanwhile and must look again.
    pub(crate) fn rest(&self, waker: &Waker) -> bool {
        {
            let mut kept = self.waker.lock();
            if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
                *kept = Some(waker.clone());
            }
        }
        self.state
            .compare_exchange(WORKING, RESTING, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}
