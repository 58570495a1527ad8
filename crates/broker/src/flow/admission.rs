//! Is there room for one more message? The one place where limits are looked at.
//!
//! Memory limits concern only messages that will wait in memory; store and temp limits those
//! that will be written there. Each is tested before the message, so a limit is exceeded by at
//! most one message per producer.

use crate::flow::parking::Full;
use crate::flow::usage::Usage;
use crate::settings::PolicyEntry;
use crate::turn::Turn;

/// What a message needs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Demand {
    /// It waits in memory only, or the policy asks for throttling by memory.
    pub(crate) memory: bool,
    /// What waiting commits will free counts as free: it is a commit, or comes before one.
    pub(crate) beside_promises: bool,
    /// It is written to the journal.
    pub(crate) store: bool,
    /// It is written to the spool.
    pub(crate) spool: bool,
    /// It becomes a job.
    pub(crate) jobs: bool,
}

/// The limit that leaves no room, if any.
pub(crate) fn fullness(
    demand: Demand,
    usage: &Usage,
    policy: &PolicyEntry,
    turn: &mut Turn<'_>,
) -> Option<Full> {
    let node = if demand.beside_promises {
        usage.full_node_beside_promises()
    } else {
        usage.full_node()
    };
    if demand.memory
        && policy.producer_flow_control
        && let Some(node) = node
    {
        return Some(Full::Memory {
            node: node.name().into(),
            used_bytes: node.used_bytes(),
            limit_bytes: node.limit_bytes(),
        });
    }
    if demand.jobs
        && let Some(scheduler) = &turn.broker.scheduler
        && let Some(full) = scheduler.full()
    {
        return Some(full);
    }
    let limits = turn.broker.usage.load();
    if demand.store {
        let percent = u64::from(policy.store_usage_high_water_mark.min(100));
        let limit_bytes = percent_of(
            turn.broker.disks.store.of(limits.store_limit_bytes),
            percent,
        );
        if let Some(used_bytes) = turn.store_full(limit_bytes) {
            return Some(Full::Store {
                used_bytes,
                limit_bytes,
            });
        }
        if turn.store_congested() {
            return Some(Full::Congested);
        }
    }
    if demand.spool {
        let limit_bytes = turn.broker.disks.temp.of(limits.temp_limit_bytes);
        if let Some(used_bytes) = turn.spool_full(limit_bytes) {
            return Some(Full::Temp {
                used_bytes,
                limit_bytes,
            });
        }
        if turn.spool_congested() {
            return Some(Full::Congested);
        }
    }
    None
}

/// A part of a limit.
pub(crate) fn percent_of(limit: u64, percent: u64) -> u64 {
    u64::try_from(u128::from(limit) * u128::from(percent) / 100).unwrap_or(u64::MAX)
}

/// How a destination treats a send that finds no room.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Treatment {
    /// Refuse it now.
    Refuse,
    /// Let it wait, at most until the deadline (monotonic milliseconds).
    Park { deadline_ms: Option<u64> },
}

/// The destination's own setting, else the broker's; a momentary congestion always waits.
pub(crate) fn treatment(full: &Full, policy: &PolicyEntry, turn: &Turn<'_>) -> Treatment {
    let usage = turn.broker.usage.load();
    if *full == Full::Congested {
        return Treatment::Park { deadline_ms: None };
    }
    if policy
        .send_fail_if_no_space
        .unwrap_or(usage.send_fail_if_no_space)
    {
        return Treatment::Refuse;
    }
    let timeout = policy
        .send_fail_after_timeout_ms
        .unwrap_or(usage.send_fail_after_timeout_ms);
    let deadline = turn.now.monotonic_ms.saturating_add(timeout);
    Treatment::Park {
        deadline_ms: (timeout > 0).then_some(deadline),
    }
}
