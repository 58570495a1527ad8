//! Subscriptions as clients made them: a consumer is one, however many queues it is attached to,
//! and so is a durable subscription whose consumer is away.

use super::ConnectionView;
use crate::broker::Broker;
use crate::consumer::Consumer;
use crate::destination::Node;
use crate::queue::{Queue, Role};
use crate::registry::PatternTarget;
use crate::topic::Subscription;
use floodway_message::Destination;
use floodway_message::session::ConsumerId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A consumer, a browser, or a durable subscription.
#[derive(Debug, Clone)]
pub struct SubscriptionView {
    /// Whose it is; `None` of a durable one whose consumer is away.
    pub connection: Option<ConnectionView>,
    /// Client id.
    pub client_id: Arc<str>,
    /// Number of the consumer in its connection; 0 if it is away.
    pub consumer: ConsumerId,
    /// Id of the consumer in the words of its protocol.
    pub id: Arc<str>,
    /// What it consumes from, as its client said it.
    pub destinations: Vec<Destination>,
    /// Name of a durable one.
    pub durable_name: Option<Arc<str>>,
    /// Selector, if it has one.
    pub selector: Option<String>,
    /// It gets everything while it lives.
    pub exclusive: bool,
    /// It looks and takes nothing.
    pub browser: bool,
    /// It wants nothing of its own connection.
    pub no_local: bool,
    /// It is another broker's.
    pub network: bool,
    /// It asked for what was sent before it came.
    pub retroactive: bool,
    /// More waits than it takes, or it was found to be so and has had no room since.
    pub slow: bool,
    /// Higher ones are served first.
    pub priority: i8,
    /// Most deliveries at a time that are not acknowledged.
    pub prefetch: u32,
    /// Most messages that wait for it, if there is such a limit.
    pub pending_limit: Option<u64>,
    /// Messages that wait for it alone; those of a queue belong to all its consumers.
    pub pending: u64,
    /// Delivered and not acknowledged.
    pub unacknowledged: u64,
    /// Messages that matched, since the start.
    pub enqueued: u64,
    /// Deliveries, repeated ones included.
    pub dispatched: u64,
    /// Acknowledged.
    pub dequeued: u64,
    /// Discarded by the pending limit.
    pub discarded: u64,
}

impl Broker {
    /// All subscriptions; what acts for operators is left out.
    pub fn subscriptions(&self) -> Vec<SubscriptionView> {
        let mut found = BTreeMap::new();
        let nodes: Vec<Node> = self.nodes.read().values().cloned().collect();
        for node in &nodes {
            match node {
                Node::Queue(queue) => gather(queue, None, &mut found),
                Node::Topic(topic) => {
                    for one in topic.subscriptions().iter() {
                        gather(&one.queue, Some(one), &mut found);
                    }
                }
            }
        }
        for pattern in self.patterns.lock().iter() {
            match &pattern.target {
                PatternTarget::Consumer(consumer) => note(consumer, None, &mut found),
                PatternTarget::Subscription(one) => {
                    gather(&one.queue, Some(one), &mut found);
                }
            }
        }
        let mut views: Vec<SubscriptionView> = found
            .into_values()
            .map(|(consumer, subscription)| view_of(&consumer, subscription.as_deref()))
            .collect();
        let durables = self.durables.lock().clone();
        for subscription in durables.values() {
            if subscription.queue.lock().attachments.is_empty() {
                views.extend(view_of_durable(subscription));
            }
        }
        views
    }
}

type Found = BTreeMap<(u64, ConsumerId), (Arc<Consumer>, Option<Arc<Subscription>>)>;

fn gather(queue: &Queue, subscription: Option<&Arc<Subscription>>, found: &mut Found) {
    let state = queue.lock();
    let attached = state.attachments.iter().map(|one| &one.consumer);
    let browsing = state.browsers.iter().map(|one| &one.consumer);
    for consumer in attached.chain(browsing) {
        note(consumer, subscription, found);
    }
}

fn note(consumer: &Arc<Consumer>, subscription: Option<&Arc<Subscription>>, found: &mut Found) {
    if !consumer.outbox.administers {
        let key = (consumer.outbox.id, consumer.id);
        let one = (Arc::clone(consumer), subscription.map(Arc::clone));
        found.entry(key).or_insert(one);
    }
}

fn view_of(consumer: &Arc<Consumer>, subscription: Option<&Subscription>) -> SubscriptionView {
    let connection = ConnectionView::of(&consumer.outbox);
    let queues: Vec<Arc<Queue>> = consumer.queues.lock().iter().map(Arc::clone).collect();
    let unacknowledged = queues.iter().map(|queue| in_flight_of(queue, consumer));
    let unacknowledged: u64 = unacknowledged.sum();
    let dispatched = consumer.next_delivery.load(Ordering::Relaxed);
    let dispatched = dispatched.saturating_sub(1);
    let facts = consumer.facts.as_deref();
    let id = facts.map(|facts| Arc::clone(&facts.introduction.id));
    let own_id = || format!("ID:{}:1:{}", connection.id, consumer.id).into();
    let given = facts.map(|facts| facts.destinations.clone());
    let attached = || queues.iter().map(|queue| queue.destination.clone());
    // Of its own accord the core looks only where a policy asks for it.
    let is_behind =
        |queue: &Arc<Queue>| !consumer.browser && queue.is_behind(&queue.lock(), consumer);
    let mut view = SubscriptionView {
        client_id: Arc::clone(&connection.client_id),
        consumer: consumer.id,
        id: id.unwrap_or_else(own_id),
        destinations: given.unwrap_or_else(|| attached().collect()),
        durable_name: None,
        selector: consumer.filter.text().map(str::to_owned),
        exclusive: consumer.exclusive,
        browser: consumer.browser,
        no_local: facts.is_some_and(|facts| facts.no_local),
        network: consumer.network,
        retroactive: consumer.retroactive,
        slow: consumer.slow_since_ms().is_some() || queues.iter().any(is_behind),
        priority: consumer.priority,
        prefetch: consumer.prefetch(),
        pending_limit: None,
        pending: 0,
        unacknowledged,
        enqueued: dispatched,
        dispatched,
        dequeued: dispatched.saturating_sub(unacknowledged),
        discarded: 0,
        connection: Some(connection),
    };
    if let Some(subscription) = subscription {
        of_subscription(&mut view, subscription);
    }
    view
}

/// What a topic's subscription knows better than its consumer.
fn of_subscription(view: &mut SubscriptionView, subscription: &Subscription) {
    let queue = &subscription.queue;
    let state = queue.lock();
    view.selector = subscription.filter.text().map(str::to_owned);
    view.no_local = subscription.no_local;
    view.pending_limit = state.limit_pending;
    view.pending = state.pending();
    view.enqueued = state.counts.enqueued;
    view.dequeued = state.counts.dequeued;
    view.discarded = state.counts.discarded;
    if let Role::Durable { name, .. } = &queue.role {
        view.durable_name = Some(Arc::clone(name));
    }
}

fn view_of_durable(subscription: &Subscription) -> Option<SubscriptionView> {
    let Role::Durable { client_id, name } = &subscription.queue.role else {
        return None;
    };
    let mut view = SubscriptionView {
        connection: None,
        client_id: Arc::clone(client_id),
        consumer: 0,
        id: Arc::clone(name),
        destinations: vec![subscription.queue.destination.clone()],
        durable_name: Some(Arc::clone(name)),
        selector: None,
        exclusive: false,
        browser: false,
        no_local: false,
        network: false,
        retroactive: false,
        slow: false,
        priority: 0,
        prefetch: subscription.queue.policy().durable_topic_prefetch,
        pending_limit: None,
        pending: 0,
        unacknowledged: 0,
        enqueued: 0,
        dispatched: subscription.queue.lock().counts.dispatched,
        dequeued: 0,
        discarded: 0,
    };
    of_subscription(&mut view, subscription);
    Some(view)
}

fn in_flight_of(queue: &Queue, consumer: &Arc<Consumer>) -> u64 {
    let state = queue.lock();
    let mut attachments = state.attachments.iter();
    let own = attachments.find(|one| Arc::ptr_eq(&one.consumer, consumer));
    own.map_or(0, |own| own.in_flight.iter().count() as u64)
}
