//! Snapshots of the core in plain data, for whoever watches it: what is used of which limit, and
//! what waits where. Reading one locks each destination for a moment; numbers of different
//! destinations are not of the same instant. Sizes are bytes.

use crate::broker::Broker;
use crate::destination::Node;
use crate::queue::Queue;
use floodway_message::Destination;
use std::sync::Arc;

/// The whole core.
#[derive(Debug, Clone)]
pub struct BrokerView {
    /// Bytes of messages in memory.
    pub memory_used_bytes: u64,
    /// Their limit; 0 is unlimited.
    pub memory_limit_bytes: u64,
    /// All queues and topics, by name.
    pub destinations: Vec<DestinationView>,
    /// All durable subscriptions, by client id and name.
    pub durables: Vec<DurableView>,
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
    /// Messages that wait; always zero for a topic.
    pub messages: MessagesView,
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

impl Broker {
    /// What is used and what waits, now.
    pub fn view(&self) -> BrokerView {
        let nodes = self.nodes.read().clone();
        let durables = self.durables.lock().clone();
        BrokerView {
            memory_used_bytes: self.memory.used_bytes(),
            memory_limit_bytes: self.memory.limit_bytes(),
            destinations: nodes.into_iter().map(destination_view).collect(),
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
    let (usage, parked, messages) = match &node {
        Node::Queue(queue) => {
            let parked = queue.lock().parking.len();
            (&queue.usage, parked, messages_view(queue))
        }
        Node::Topic(topic) => (&topic.usage, topic.parked(), MessagesView::default()),
    };
    DestinationView {
        destination,
        memory_used_bytes: usage.used_bytes(),
        memory_limit_bytes: usage.limit_bytes(),
        parked,
        messages,
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
