//! The blocked registry: which producer waits, on which limit, since when, and who holds the space.

use super::consumers::{ConnectionView, ConsumerView, consumers_of};
use super::{MessagesView, PolicyView, messages_view};
use crate::broker::Broker;
use crate::destination::Node;
use crate::flow::parking::{Full, ParkedView};
use crate::flow::parts::PRODUCERS;
use crate::queue::Queue;
use crate::queue::lane::Kept;
use floodway_message::session::ProducerId;
use floodway_message::{Destination, Now};
use std::sync::Arc;

/// Most holders that are told of one limit.
const HOLDERS_MAX: usize = 10;

/// A producer, or a commit, that waits for space at one destination.
#[derive(Debug, Clone)]
pub struct BlockedView {
    /// Whose it is.
    pub connection: ConnectionView,
    /// Its producer; `None` for a commit, or a send to several destinations.
    pub producer: Option<ProducerId>,
    /// Where it waits.
    pub destination: Destination,
    /// For what.
    pub limit: LimitView,
    /// For so long, milliseconds.
    pub blocked_ms: u64,
    /// Sends that wait.
    pub sends: usize,
    /// Their bytes.
    pub bytes: usize,
    /// `storeUsageHighWaterMark` of the destination: percent of the store's limit that it may use.
    pub store_mark_percent: u32,
    /// The policy of the destination.
    pub policy: PolicyView,
}

/// A limit that is reached. Bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitView {
    /// Memory: of one destination, or of the whole broker (`None`).
    Memory {
        /// Whose limit.
        destination: Option<Destination>,
        /// Of the broker's, only the part that is for producers (percent).
        portion_percent: Option<u32>,
        /// Used now.
        used_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The store.
    Store {
        /// Used now.
        used_bytes: u64,
        /// The limit; not reached, if the disk is full before it.
        limit_bytes: u64,
    },
    /// The temp store.
    Temp {
        /// Used now.
        used_bytes: u64,
        /// The limit; not reached, if the disk is full before it.
        limit_bytes: u64,
    },
    /// Scheduled messages.
    Jobs {
        /// Used now.
        used_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// None: the disk is slower than the producers for a moment.
    Congested,
}

/// A destination that holds space.
#[derive(Debug, Clone)]
pub struct HolderView {
    /// Which one.
    pub destination: Destination,
    /// Bytes that it holds of what is limited.
    pub bytes: u64,
    /// Its messages.
    pub messages: MessagesView,
    /// When they will all have gone, at the rate at which they go now; `None` if that is not
    /// known, or never.
    pub gone_in_ms: Option<u64>,
    /// Its consumers, the one that holds most first.
    pub consumers: Vec<ConsumerView>,
    /// Its policy.
    pub policy: PolicyView,
}

impl LimitView {
    fn of(full: &Full, broker: &Broker) -> Self {
        match full {
            Full::Memory {
                node,
                used_bytes,
                limit_bytes,
            } => Self::Memory {
                // Names of the broker's own nodes are no destinations.
                destination: node
                    .contains("://")
                    .then(|| Destination::parse(node).ok())
                    .flatten(),
                portion_percent: (**node == *PRODUCERS)
                    .then(|| broker.usage.load().producer_portion_percent),
                used_bytes: *used_bytes,
                limit_bytes: *limit_bytes,
            },
            Full::Store {
                used_bytes,
                limit_bytes,
            } => Self::Store {
                used_bytes: *used_bytes,
                limit_bytes: *limit_bytes,
            },
            Full::Temp {
                used_bytes,
                limit_bytes,
            } => Self::Temp {
                used_bytes: *used_bytes,
                limit_bytes: *limit_bytes,
            },
            Full::Jobs {
                used_bytes,
                limit_bytes,
            } => Self::Jobs {
                used_bytes: *used_bytes,
                limit_bytes: *limit_bytes,
            },
            Full::Congested => Self::Congested,
        }
    }
}

impl Broker {
    /// Changes the memory limit of a destination, or of the broker (`None`), until the next start;
    /// 0 is none of its own. Sends that have room then go on at once. `false` if there is no such
    /// destination.
    pub fn set_memory_limit(
        &self,
        destination: Option<&Destination>,
        limit_bytes: u64,
        now: Now,
    ) -> bool {
        let limit = limit_bytes.to_string();
        self.set(destination, &[("memoryLimit", &limit)], now)
            .is_ok()
    }

    /// Every producer that waits for space, the longest first.
    pub fn blocked(&self, now: Now) -> Vec<BlockedView> {
        let mut blocked = Vec::new();
        for node in self.parked_nodes() {
            let (destination, policy, parked) = match &node {
                Node::Queue(queue) => {
                    let parked = queue.lock().parking.view(now);
                    (&queue.destination, queue.policy(), parked)
                }
                Node::Topic(topic) => (&topic.destination, topic.policy(), topic.parked_view(now)),
            };
            let told = |one: ParkedView| BlockedView {
                connection: ConnectionView::of(&one.outbox),
                producer: one.producer,
                destination: destination.clone(),
                limit: LimitView::of(&one.full, self),
                blocked_ms: one.waited_ms,
                sends: one.sends,
                bytes: one.bytes,
                store_mark_percent: policy.store_usage_high_water_mark,
                policy: PolicyView::of(&policy),
            };
            blocked.extend(parked.into_iter().map(told));
        }
        blocked.sort_by_key(|one| std::cmp::Reverse(one.blocked_ms));
        blocked
    }

    /// Who holds the space of a limit, the one with most first.
    pub fn holders(&self, limit: &LimitView, now: Now) -> Vec<HolderView> {
        let nodes = self.nodes.read().clone();
        let only = match limit {
            LimitView::Memory { destination, .. } => destination.as_ref(),
            LimitView::Store { .. } | LimitView::Temp { .. } => None,
            LimitView::Jobs { .. } | LimitView::Congested => return Vec::new(),
        };
        let mut held: Vec<(u64, Destination, Node)> = nodes
            .into_iter()
            .filter(|(destination, _)| only.is_none_or(|only| only == destination))
            .map(|(destination, node)| (self.held_bytes(limit, &node), destination, node))
            .filter(|(bytes, ..)| *bytes > 0)
            .collect();
        held.sort_by_key(|(bytes, ..)| std::cmp::Reverse(*bytes));
        held.truncate(HOLDERS_MAX);
        held.into_iter()
            .map(|(bytes, destination, node)| {
                let mut consumers = consumers_of(&node, now);
                consumers.sort_by_key(|one| std::cmp::Reverse(one.unacknowledged_bytes));
                let (messages, gone_in_ms, policy) = match &node {
                    Node::Queue(queue) => {
                        let gone_in_ms = queue.lock().gone_in_ms();
                        (messages_view(queue), gone_in_ms, queue.policy())
                    }
                    Node::Topic(topic) => {
                        let mut all = MessagesView::default();
                        // Of several subscriptions the last one counts; one that never ends has
                        // no time.
                        let mut last = Some(0);
                        for subscription in topic.subscriptions().iter() {
                            all.add(messages_view(&subscription.queue));
                            let gone_in_ms = subscription.queue.lock().gone_in_ms();
                            last = last.zip(gone_in_ms).map(|(one, other)| one.max(other));
                        }
                        (all, last, topic.policy())
                    }
                };
                HolderView {
                    destination,
                    bytes,
                    messages,
                    gone_in_ms,
                    consumers,
                    policy: PolicyView::of(&policy),
                }
            })
            .collect()
    }

    fn held_bytes(&self, limit: &LimitView, node: &Node) -> u64 {
        let kept = match limit {
            LimitView::Memory { .. } => {
                return match node {
                    Node::Queue(queue) => queue.usage.used_bytes(),
                    Node::Topic(topic) => topic.usage.used_bytes(),
                };
            }
            LimitView::Store { .. } => Kept::Stored,
            LimitView::Temp { .. } => Kept::Spooled,
            LimitView::Jobs { .. } | LimitView::Congested => return 0,
        };
        match node {
            Node::Queue(queue) => self.kept_bytes(queue, kept),
            Node::Topic(topic) => {
                let subscriptions = topic.subscriptions();
                let queues = subscriptions.iter().map(|one| &one.queue);
                queues.map(|queue| self.kept_bytes(queue, kept)).sum()
            }
        }
    }

    pub(crate) fn kept_bytes(&self, queue: &Arc<Queue>, kept: Kept) -> u64 {
        let store = match kept {
            Kept::Stored => &self.store,
            Kept::Spooled => &self.spool,
        };
        let Some(store) = store else { return 0 };
        let lists: Vec<_> = queue.lock().lists().collect();
        let of_kind = lists.into_iter().filter(|(other, _)| *other == kept);
        of_kind
            .filter_map(|(_, list)| Some(store.list(list)?.pending_bytes))
            .sum()
    }
}
