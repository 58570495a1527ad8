//! One timer per connection that is only ever moved forward to an earlier deadline.
//!
//! Deadlines move with every byte received, usually to later; the timer is then left alone and
//! the connection looks again when it fires. Times are monotonic milliseconds of the clock.

use crate::clock::Clock;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use tokio::time::Sleep;

#[derive(Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    at_ms: Option<u64>,
}

impl Timer {
    /// `true` if it fired; otherwise the task is woken at `deadline`, or a little before.
    pub(crate) fn passed(
        &mut self,
        cx: &mut Context<'_>,
        clock: &Clock,
        deadline: Option<u64>,
    ) -> bool {
        if let Some(deadline) = deadline
            && self.at_ms.is_none_or(|at| deadline < at)
        {
            let instant = clock.instant(deadline);
            match &mut self.sleep {
                Some(sleep) => sleep.as_mut().reset(instant),
                None => self.sleep = Some(Box::pin(tokio::time::sleep_until(instant))),
            }
            self.at_ms = Some(deadline);
        }
        let Some(sleep) = self.sleep.as_mut().filter(|_| self.at_ms.is_some()) else {
            return false;
        };
        let fired = sleep.as_mut().poll(cx).is_ready();
        if fired {
            self.at_ms = None;
        }
        fired
    }
}
