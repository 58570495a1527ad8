//! When the next commit begins: at once, or when those who were just answered have had time to
//! come back.
//!
//! Waiters split into groups that take turns, each waiting for the other's sync as well as its
//! own; one group of all of them has half as many syncs to wait for. So after a commit of few
//! batches the next one begins when as many have come as were answered or waited already, or
//! after about the time in which a client answers. It knows no clock; where waiting brought
//! nobody, it is not tried again for a while.

use std::time::Duration;

/// More batches than this in one commit are a stream, not waiters.
const WAITERS_MAX: usize = 64;
/// Longest wait: a receipt on its way out, and the next message on its way in.
pub(crate) const PAUSE: Duration = Duration::from_micros(200);
/// Commits without another try after waiting was in vain.
const REST: u32 = 32;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    resting: u32,
}

impl Gathering {
    /// After a commit that answered so many, while `queued` wait already: how many to wait for.
    pub(crate) fn next(&mut self, answered: usize, queued: usize) -> usize {
        self.resting = self.resting.saturating_sub(1);
        let wanted = answered + queued;
        if wanted <= 1 || answered == 0 || wanted > WAITERS_MAX || self.resting > 0 {
            return 1;
        }
        wanted
    }

    /// So many were waited for, and so many came.
    pub(crate) fn ended(&mut self, wanted: usize, came: usize) {
        if wanted > 1 && came < wanted - wanted / 4 {
            self.resting = REST;
        }
    }
}
