//! Strategies for slow consumers, and who is slow now where they apply.

use crate::broker::Broker;
use crate::destination::Node;
use crate::queue::Queue;
use crate::settings::{PolicyEntry, SlowConsumerStrategy};
use crate::slow::slow_since_ms;
use floodway_message::Now;
use floodway_message::session::ConsumerId;
use std::collections::BTreeMap;

/// A strategy that applies to some destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowStrategyView {
    /// What it is called.
    pub name: String,
    /// What it says.
    pub strategy: SlowConsumerStrategy,
    /// Who is slow by it.
    pub slow: Vec<SlowView>,
}

/// A consumer that is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowView {
    /// Its connection.
    pub connection: u64,
    /// Its number there.
    pub consumer: ConsumerId,
    /// How often it was found slow.
    pub count: u32,
    /// How long it has been slow, milliseconds.
    pub slow_ms: u64,
}

/// What the strategy of a policy entry is called: as the file says, or as its entry.
pub fn slow_strategy_name(entry: &PolicyEntry) -> Option<String> {
    entry.slow_consumers?;
    let given = entry.slow_consumers_name.clone();
    Some(given.unwrap_or_else(|| format!("{}{}", entry.kind.scheme(), entry.pattern)))
}

impl Broker {
    /// All strategies that apply to existing destinations, by name. Those of one name are one.
    pub fn slow_strategies(&self, now: Now) -> Vec<SlowStrategyView> {
        let nodes: Vec<Node> = self.nodes.read().values().cloned().collect();
        let mut found: BTreeMap<String, SlowStrategyView> = BTreeMap::new();
        for node in &nodes {
            let policy = node.live_policy().get();
            let (Some(name), Some(strategy)) = (slow_strategy_name(&policy), policy.slow_consumers)
            else {
                continue;
            };
            let view = found.entry(name.clone()).or_insert(SlowStrategyView {
                name,
                strategy,
                slow: Vec::new(),
            });
            match node {
                Node::Queue(queue) => slow_at(queue, strategy, now, &mut view.slow),
                Node::Topic(topic) => {
                    for one in topic.subscriptions().iter() {
                        slow_at(&one.queue, strategy, now, &mut view.slow);
                    }
                }
            }
        }
        found.into_values().collect()
    }
}

fn slow_at(queue: &Queue, strategy: SlowConsumerStrategy, now: Now, into: &mut Vec<SlowView>) {
    let state = queue.lock();
    for one in &state.attachments {
        let consumer = &one.consumer;
        let Some(since_ms) = slow_since_ms(one, strategy, now.monotonic_ms) else {
            continue;
        };
        let view = SlowView {
            connection: consumer.outbox.id,
            consumer: consumer.id,
            count: consumer.slow_count(),
            slow_ms: now.monotonic_ms.saturating_sub(since_ms),
        };
        let is_same = |other: &SlowView| {
            other.connection == view.connection && other.consumer == view.consumer
        };
        if !into.iter().any(is_same) {
            into.push(view);
        }
    }
}
