//! Consumers that are slow for long are closed, where a policy entry says so
//! (`slowConsumerStrategy`): what they held goes to others.
//!
//! A queue with such a policy is looked at each check period as long as it has consumers, and not
//! at all otherwise. Consumers are judged under the queue's lock and closed after it, because
//! closing one locks its session. Times are monotonic milliseconds.

use crate::broker::Broker;
use crate::consumer::Consumer;
use crate::outbox::Outbox;
use crate::queue::{Attachment, Queue};
use crate::session::Client;
use crate::settings::{Slow, SlowConsumerStrategy};
use crate::turn::Turn;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// When which queue is to be looked at.
#[derive(Default)]
pub(crate) struct SlowChecks(Mutex<BTreeSet<(u64, u64)>>);

impl SlowChecks {
    fn add(&self, at_ms: u64, queue: u64) {
        self.0.lock().insert((at_ms, queue));
    }

    fn due(&self, now_ms: u64) -> BTreeSet<(u64, u64)> {
        let mut checks = self.0.lock();
        let later = checks.split_off(&(now_ms + 1, 0));
        std::mem::replace(&mut *checks, later)
    }
}

/// A consumer that is to go.
struct Verdict {
    consumer: Arc<Consumer>,
    strategy: SlowConsumerStrategy,
    slow_ms: u64,
    count: u32,
}

impl Queue {
    /// A consumer has come: has the queue looked at from now on.
    pub(crate) fn watch_slow(&self, turn: &Turn<'_>) {
        if let Some(strategy) = self.policy().slow_consumers
            && self.start_watching()
        {
            let at_ms = turn.now.monotonic_ms + strategy.check_period_ms;
            turn.broker.slow_checks.add(at_ms, self.id);
        }
    }

    fn check_slow(&self, strategy: SlowConsumerStrategy, turn: &Turn<'_>) -> Vec<Verdict> {
        let now_ms = turn.now.monotonic_ms;
        let state = self.lock();
        if state.attachments.is_empty() {
            self.stop_watching();
            return Vec::new();
        }
        let at_ms = now_ms + strategy.check_period_ms;
        turn.broker.slow_checks.add(at_ms, self.id);
        let judged = state.attachments.iter();
        judged
            .filter_map(|one| judge(one, strategy, now_ms))
            .collect()
    }
}

/// Since when a consumer has been slow, as the strategy means it.
pub(crate) fn slow_since_ms(
    one: &Attachment,
    strategy: SlowConsumerStrategy,
    now_ms: u64,
) -> Option<u64> {
    let consumer = &one.consumer;
    if consumer.network && strategy.ignore_network_consumers {
        return None;
    }
    match strategy.slow {
        Slow::Full => consumer.slow_since_ms(),
        Slow::Unacknowledged { after_ms, idle_too } => {
            let is_idle = one.in_flight.iter().next().is_none();
            let last_ms = consumer.acknowledged_ms().unwrap_or(consumer.opened_ms);
            let since_ms = last_ms + after_ms;
            ((idle_too || !is_idle) && since_ms <= now_ms).then_some(since_ms)
        }
    }
}

fn judge(one: &Attachment, strategy: SlowConsumerStrategy, now_ms: u64) -> Option<Verdict> {
    let consumer = &one.consumer;
    let since_ms = slow_since_ms(one, strategy, now_ms)?;
    if matches!(strategy.slow, Slow::Unacknowledged { .. }) {
        consumer.count_slow();
    }
    let (slow_ms, count) = (now_ms.saturating_sub(since_ms), consumer.slow_count());
    let too_long = strategy
        .slow_duration_max_ms
        .is_some_and(|max| slow_ms >= max);
    let too_often = strategy.slow_count_max.is_some_and(|max| count >= max);
    (too_long || too_often).then(|| Verdict {
        consumer: Arc::clone(consumer),
        strategy,
        slow_ms,
        count,
    })
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.slow_ms as f64 / 1000.0;
        let what = match self.strategy.slow {
            Slow::Full => "did not take what waits for it",
            Slow::Unacknowledged { .. } => "did not acknowledge",
        };
        write!(
            f,
            "the consumer {what} for {seconds:.1} s (slow {} times): closed by the \
             slowConsumerStrategy of its destination; make it faster, or lower its prefetch",
            self.count
        )
    }
}

impl Broker {
    /// Looks at the queues whose time has come, and closes consumers that are slow for too long.
    pub(crate) fn check_slow(&self, turn: &mut Turn<'_>) {
        for (_, id) in self.slow_checks.due(turn.now.monotonic_ms) {
            let Some(queue) = self.queue(id) else {
                continue;
            };
            let Some(strategy) = queue.policy().slow_consumers else {
                continue;
            };
            for verdict in queue.check_slow(strategy, turn) {
                let consumer = &verdict.consumer;
                let reason = verdict.to_string();
                tracing::warn!(
                    peer = %consumer.outbox.peer,
                    consumer = consumer.id,
                    "{}: {reason}",
                    queue.destination
                );
                let client = self.client_of(&consumer.outbox);
                match client {
                    Some(client) if strategy.abort_connection => client.end(reason, turn),
                    Some(client) => client.abort(consumer, reason, turn),
                    None => {}
                }
            }
        }
    }

    fn client_of(&self, outbox: &Outbox) -> Option<Client> {
        let clients = self.clients.lock();
        let client = clients.get(&outbox.client()?.id)?;
        (client.outbox.id == outbox.id).then(|| client.clone())
    }
}
