//! Snapshots of the core in plain data, for whoever watches it: what is used of which limit, and
//! what waits where. Reading one locks each destination for a moment; numbers of different
//! destinations are not of the same instant. Sizes are bytes.

use crate::broker::Broker;
use crate::destination::Node;
use crate::latency::Latencies;
pub use crate::peers::PeerView;
pub use crate::queue::Spread;
use crate::queue::{Counts, Queue};
use crate::settings::PolicyEntry;
use crate::topic::Topic;
use floodway_message::Destination;
use std::sync::Arc;
use std::sync::atomic::Ordering;

mod activity;
mod blocked;
mod consumers;
mod jobs;
mod producers;
mod slow;
mod stores;
mod subscriptions;

pub use activity::{ActivityView, ProducedView};
pub use blocked::{BlockedView, HolderView, LimitView};
pub use consumers::{ConnectionView, ConsumerView};
pub use jobs::{JobCursor, JobView, JobsView, SchedulerView};
pub use producers::ProducerView;
pub use slow::{SlowStrategyView, SlowView, slow_strategy_name};
pub use stores::{StoreView, StoresView};
pub use subscriptions::SubscriptionView;

/// The whole core.
#[derive(Debug, Clone)]
pub struct BrokerView {
    /// Bytes of messages in memory.
    pub memory_used_bytes: u64,
    /// Their limit; 0 is unlimited.
    pub memory_limit_bytes: u64,
    /// When the limit will be reached, if use goes on rising as now.
    pub memory_full_in_ms: Option<u64>,
    /// All queues and topics, by name.
    pub destinations: Vec<DestinationView>,
    /// All durable subscriptions, by client id and name.
    pub durables: Vec<DurableView>,
    /// Connections since the start.
    pub connected: u64,
    /// Microseconds from handing a batch of persistent messages to the store until it was
    /// durable: of one batch per commit; none unless [`Broker::measure_commits`] was called.
    pub commits: Latencies,
}

impl BrokerView {
    /// Messages of all queues and topics, of durable subscriptions to patterns as well, and
    /// consumers of all destinations.
    pub fn messages(&self) -> MessagesView {
        let mut all = MessagesView::default();
        for one in &self.destinations {
            all.add(one.messages);
        }
        // Those of one topic are counted there.
        for one in self
            .durables
            .iter()
            .filter(|one| one.destination.is_pattern())
        {
            all.add(MessagesView {
                consumers: 0,
                ..one.messages
            });
        }
        all
    }
}

/// A queue or a topic.
#[derive(Debug, Clone)]
pub struct DestinationView {
    /// Which one.
    pub destination: Destination,
    /// Bytes of its messages in memory.
    pub memory_used_bytes: u64,
    /// Its own limit, or that of the broker; 0 is unlimited.
    pub memory_limit_bytes: u64,
    /// Sends and commits that wait for room here.
    pub parked: usize,
    /// Messages that wait, and consumers. Of a topic: at its subscriptions, durable ones among
    /// them, those to patterns left out; as consumers, all subscriptions.
    pub messages: MessagesView,
    /// What happened to messages since the start. Of a topic: what was sent to it, and what
    /// became of it at subscriptions, those to patterns left out.
    pub totals: TotalsView,
    /// The policy that applies.
    pub policy: PolicyView,
    /// All that the policy says.
    pub entry: Arc<PolicyEntry>,
    /// Nothing is dispatched, because an operator said so.
    pub paused: bool,
}

/// Which policy entry applies to a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyView {
    /// Its pattern.
    pub pattern: String,
    /// Line of the configuration file; 0 for the default entry.
    pub line: u32,
}

/// Messages since the start of the broker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TotalsView {
    /// Accepted.
    pub enqueued: u64,
    /// Sent to consumers of clients, repeated deliveries included.
    pub dispatched: u64,
    /// Acknowledged, or moved to a dead letter queue by a consumer.
    pub dequeued: u64,
    /// Expired.
    pub expired: u64,
    /// Discarded by a pending limit.
    pub discarded: u64,
    /// Sends that were refused because their transaction had grown too large.
    pub uncommitted_exceeded: u64,
    /// Bytes of accepted messages, as charged to the memory limit.
    pub sizes: Spread,
    /// Milliseconds from a message's arrival to its acknowledgement. What was read back from disk
    /// counts from its timestamp.
    pub waits: Latencies,
    /// Milliseconds from a message's arrival to each of its deliveries, counted from as above.
    pub held: Spread,
    /// Milliseconds that sends waited for space, once they had it or were refused.
    pub blocked: Latencies,
}

impl TotalsView {
    fn of(counts: &Counts, blocked: Latencies) -> Self {
        Self {
            enqueued: counts.enqueued,
            dispatched: counts.dispatched,
            dequeued: counts.dequeued,
            expired: counts.expired,
            discarded: counts.discarded,
            uncommitted_exceeded: counts.uncommitted_exceeded,
            sizes: counts.sizes,
            waits: counts.waits,
            held: counts.held,
            blocked,
        }
    }
}

impl PolicyView {
    fn of(entry: &PolicyEntry) -> Self {
        Self {
            pattern: entry.pattern.clone(),
            line: entry.line,
        }
    }
}

/// A durable subscription.
#[derive(Debug, Clone)]
pub struct DurableView {
    /// Client id.
    pub client_id: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// Topic, or pattern of topics.
    pub destination: Destination,
    /// Messages that wait.
    pub messages: MessagesView,
}

/// The messages of a queue or subscription.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessagesView {
    /// Not dispatched, in memory or on disk.
    pub pending: u64,
    /// Dispatched and not acknowledged.
    pub in_flight: usize,
    /// Consumers, browsers not counted.
    pub consumers: usize,
}

impl MessagesView {
    fn add(&mut self, other: Self) {
        self.pending += other.pending;
        self.in_flight += other.in_flight;
        self.consumers += other.consumers;
    }
}

impl Broker {
    /// What is used and what waits, now.
    pub fn view(&self) -> BrokerView {
        let nodes = self.nodes.read().clone();
        let durables = self.durables.lock().clone();
        BrokerView {
            memory_used_bytes: self.memory.whole.used_bytes(),
            memory_limit_bytes: self.memory.whole.limit_bytes(),
            memory_full_in_ms: self.rates.slopes().memory.full_in_ms(
                self.memory.whole.used_bytes(),
                self.memory.whole.limit_bytes(),
            ),
            destinations: nodes.into_iter().map(destination_view).collect(),
            connected: self.connected.load(Ordering::Relaxed),
            commits: self.commit_times.times(),
            durables: durables
                .into_iter()
                .map(|((client_id, name), subscription)| DurableView {
                    client_id,
                    name,
                    destination: subscription.queue.destination.clone(),
                    messages: messages_view(&subscription.queue),
                })
                .collect(),
        }
    }
}

fn destination_view((destination, node): (Destination, Node)) -> DestinationView {
    let (usage, policy, parked, messages, totals) = match &node {
        Node::Queue(queue) => {
            let state = queue.lock();
            let totals = TotalsView::of(&state.counts, state.parking.times());
            let parked = state.parking.len();
            drop(state);
            let messages = messages_view(queue);
            (&queue.usage, queue.policy(), parked, messages, totals)
        }
        Node::Topic(topic) => {
            let totals = TotalsView::of(&topic.counts(), topic.parked_times());
            let messages = messages_of_topic(topic);
            (
                &topic.usage,
                topic.policy(),
                topic.parked(),
                messages,
                totals,
            )
        }
    };
    DestinationView {
        destination,
        memory_used_bytes: usage.used_bytes(),
        memory_limit_bytes: usage.limit_bytes(),
        parked,
        messages,
        totals,
        policy: PolicyView::of(&policy),
        paused: matches!(&node, Node::Queue(queue) if queue.is_paused()),
        entry: Arc::clone(&policy),
    }
}

fn messages_of_topic(topic: &Topic) -> MessagesView {
    let subscriptions = topic.subscriptions();
    let mut all = MessagesView::default();
    for one in subscriptions.iter() {
        if !one.queue.destination.is_pattern() {
            all.add(messages_view(&one.queue));
        }
    }
    MessagesView {
        consumers: subscriptions.len(),
        ..all
    }
}

fn messages_view(queue: &Queue) -> MessagesView {
    let state = queue.lock();
    MessagesView {
        pending: state.pending(),
        in_flight: state.in_flight_count,
        consumers: state.attachments.len(),
    }
}
