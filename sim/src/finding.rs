//! What a checker found: a promise of the broker that was not kept.

use std::fmt;

/// The promises that are checked. Each name is also what a report shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checker {
    /// Nothing receipted is lost.
    Loss,
    /// Nothing acknowledged returns.
    Return,
    /// No message appears that was never sent, was refused, or was rolled back.
    Phantom,
    /// Bodies and headers arrive as they were sent.
    Corruption,
    /// Messages of a producer come in order.
    Order,
    /// A message is with one consumer at a time, and in one place.
    OnePlace,
    /// Redeliveries are counted.
    Redelivery,
    /// A transaction is all or nothing.
    Transaction,
    /// Memory, store and temp limits hold.
    Limit,
    /// Every pause is followed by a resume when there is room.
    Pause,
    /// Every command that asks for an answer gets one.
    Reply,
    /// Nothing is refused without a reason.
    Refusal,
    /// What waits is dispatched when somebody has room for it.
    Stuck,
    /// A prefetch window is not exceeded.
    Prefetch,
    /// What is counted agrees with what is there.
    Count,
    /// Nothing is left when everything was consumed.
    Leftover,
    /// The broker opens on what a crash left.
    Recovery,
    /// After a failed sync the store gives no receipts.
    FailedSync,
    /// The code under test panicked.
    Panic,
}

/// One broken promise.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Which promise.
    pub checker: Checker,
    /// Step of the run at which it was noticed.
    pub step: u64,
    /// What was seen.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at step {}: {}", self.checker, self.step, self.text)
    }
}

/// Most violations kept of one run; the first one is what matters.
const KEPT_MAX: usize = 5;

/// All that was found in a run.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) step: u64,
    pub(crate) violations: Vec<Violation>,
}

impl Findings {
    pub(crate) fn report(&mut self, checker: Checker, text: impl Into<String>) {
        if self.violations.len() < KEPT_MAX {
            let (step, text) = (self.step, text.into());
            self.violations.push(Violation {
                checker,
                step,
                text,
            });
        }
    }

    pub(crate) fn any(&self) -> bool {
        !self.violations.is_empty()
    }
}
