//! Who is connected, and what each consumer holds.

use crate::broker::Broker;
use crate::destination::Node;
use crate::outbox::Outbox;
use crate::queue::{Attachment, Queue, Role};
use floodway_message::session::ConsumerId;
use floodway_message::{Destination, Now};
use std::sync::Arc;

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionView {
    /// Unique for the life of the broker.
    pub id: u64,
    /// Address of the peer.
    pub peer: String,
    /// Empty before the client has named itself.
    pub client_id: Arc<str>,
    /// User name, if it gave one.
    pub user: Option<Arc<str>>,
    /// `STOMP 1.2` and the like.
    pub protocol: &'static str,
    /// Name of the connector that it came by; empty if none.
    pub connector: String,
}

/// A consumer at one queue or subscription.
#[derive(Debug, Clone)]
pub struct ConsumerView {
    /// Its connection.
    pub connection: ConnectionView,
    /// Its number there.
    pub consumer: ConsumerId,
    /// Name of its durable subscription.
    pub durable_name: Option<Arc<str>>,
    /// Selector, if it has one.
    pub selector: Option<String>,
    /// It gets everything while it lives.
    pub exclusive: bool,
    /// Higher ones are served first.
    pub priority: i8,
    /// Most deliveries at a time that are not acknowledged.
    pub prefetch: u32,
    /// Delivered and not acknowledged.
    pub unacknowledged: usize,
    /// Of these, acknowledged in a transaction that is open.
    pub in_transaction: usize,
    /// Bytes charged for what is not acknowledged.
    pub unacknowledged_bytes: u64,
    /// Milliseconds since it acknowledged anything; `None` if it never did.
    pub since_acknowledged_ms: Option<u64>,
    /// Message groups that it owns.
    pub groups: usize,
}

impl ConnectionView {
    pub(super) fn of(outbox: &Outbox) -> Self {
        let client = outbox.client();
        Self {
            id: outbox.id,
            peer: outbox.peer.to_string(),
            client_id: client.map_or_else(|| "".into(), |client| Arc::clone(&client.id)),
            user: client.and_then(|client| client.user.clone()),
            protocol: client.map_or("", |client| client.protocol),
            connector: outbox.connector.to_string(),
        }
    }
}

impl Broker {
    /// All connections that have named themselves, by client id.
    pub fn connections(&self) -> Vec<ConnectionView> {
        let clients = self.clients.lock();
        clients
            .values()
            .map(|client| ConnectionView::of(&client.outbox))
            .collect()
    }

    /// The consumers of a queue, or of all subscriptions of a topic; empty if there is no such
    /// destination.
    pub fn consumers(&self, destination: &Destination, now: Now) -> Vec<ConsumerView> {
        let node = self.nodes.read().get(destination).cloned();
        node.map_or_else(Vec::new, |node| consumers_of(&node, now))
    }
}

pub(super) fn consumers_of(node: &Node, now: Now) -> Vec<ConsumerView> {
    match node {
        Node::Queue(queue) => consumers_at(queue, now),
        Node::Topic(topic) => topic
            .subscriptions()
            .iter()
            .flat_map(|subscription| consumers_at(&subscription.queue, now))
            .collect(),
    }
}

fn consumers_at(queue: &Queue, now: Now) -> Vec<ConsumerView> {
    let state = queue.lock();
    let attachments = state.attachments.iter();
    attachments
        .map(|attachment| {
            let consumer = &attachment.consumer;
            let owns = |owner: &&crate::queue::Owner| {
                owner.consumer == consumer.id && owner.connection == consumer.outbox.id
            };
            ConsumerView {
                groups: state.groups.values().filter(owns).count(),
                ..consumer_view(queue, attachment, now)
            }
        })
        .collect()
}

fn consumer_view(queue: &Queue, attachment: &Attachment, now: Now) -> ConsumerView {
    let consumer = &attachment.consumer;
    let in_flight = || attachment.in_flight.iter();
    let acknowledged_ms = consumer.acknowledged_ms();
    ConsumerView {
        connection: ConnectionView::of(&consumer.outbox),
        consumer: consumer.id,
        durable_name: match &queue.role {
            Role::Durable { name, .. } => Some(Arc::clone(name)),
            Role::Queue | Role::Subscription => None,
        },
        selector: consumer.filter.text().map(str::to_owned),
        exclusive: consumer.exclusive,
        priority: consumer.priority,
        prefetch: consumer.prefetch(),
        unacknowledged: in_flight().count(),
        in_transaction: in_flight().filter(|one| one.tx.is_some()).count(),
        unacknowledged_bytes: in_flight()
            .map(|one| queue.charge_bytes(&one.entry.message))
            .sum(),
        since_acknowledged_ms: acknowledged_ms.map(|at| now.monotonic_ms.saturating_sub(at)),
        groups: 0,
    }
}
