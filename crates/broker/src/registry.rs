//! The table of destinations: found or created by name, with the wildcard subscriptions that new
//! ones must be told of, and the durable subscriptions.

use crate::broker::Broker;
use crate::consumer::Consumer;
use crate::destination::Node;
use crate::error::BrokerError;
use crate::filter::Filter;
use crate::flow::usage::Usage;
use crate::forward::Forwards;
use crate::policy::LivePolicy;
use crate::prepared::{self, InDoubt};
use crate::queue::add::store_failure;
use crate::queue::in_flight::Mark;
use crate::queue::{Queue, QueueParts, Role};
use crate::recover::{self, Described, DurableNote};
use crate::scheduler;
use crate::settings::{Cursor, PendingMessageLimit, PolicyEntry};
use crate::topic::{Subscription, Topic};
use crate::turn::Turn;
use floodway_message::selector::Selector;
use floodway_message::session::{Failure, FailureKind};
use floodway_message::{Destination, DestinationKind, Now, wildcard};
use floodway_store::{BatchNumber, Change, ListInfo, Stored};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A subscription to all destinations that match, existing and future.
pub(crate) struct Pattern {
    pub(crate) pattern: Destination,
    pub(crate) target: PatternTarget,
}

/// Who subscribes.
pub(crate) enum PatternTarget {
    Consumer(Arc<Consumer>),
    Subscription(Arc<Subscription>),
}

/// What a new subscription gets of messages that were sent before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// It asked for them.
    Wanted,
    /// As the policy of the topic says.
    ByPolicy,
    /// It has had them.
    Unwanted,
}

impl Broker {
    /// The destination of a name, created if need be.
    ///
    /// # Errors
    /// When there are too many destinations, or a temporary one does not exist.
    pub(crate) fn node(
        &self,
        destination: &Destination,
        turn: &mut Turn<'_>,
    ) -> Result<Node, Failure> {
        if let Some(node) = self.nodes.read().get(destination) {
            return Ok(node.clone());
        }
        if destination.kind().is_temporary() {
            let text = format!(
                "{destination} does not exist: its connection has closed or never created it"
            );
            return Err(Failure::new(FailureKind::Destination, text));
        }
        self.create(destination, turn)
    }

    /// Creates a destination; the existing one if there is one.
    ///
    /// # Errors
    /// When there are too many destinations.
    pub(crate) fn create(
        &self,
        destination: &Destination,
        turn: &mut Turn<'_>,
    ) -> Result<Node, Failure> {
        if destination.is_pattern() {
            let text = format!("{destination} is a pattern, not the name of a destination");
            return Err(Failure::new(FailureKind::Destination, text));
        }
        let mut nodes = self.nodes.write();
        if let Some(node) = nodes.get(destination) {
            return Ok(node.clone());
        }
        if nodes.len() >= self.settings.destinations_max {
            let text = format!(
                "{destination} is not created: there are {} destinations already; delete some or \
                 raise the limit",
                nodes.len()
            );
            return Err(Failure::new(FailureKind::Destination, text));
        }
        let node = self.build(destination, turn.now);
        nodes.insert(destination.clone(), node.clone());
        self.generation.fetch_add(1, Ordering::Release);
        drop(nodes);
        tracing::debug!(%destination, "created");
        if !destination.kind().is_temporary() {
            self.destination_came(destination, None, turn);
        }
        self.introduce(&node, destination, turn);
        Ok(node)
    }

    fn build(&self, destination: &Destination, now: Now) -> Node {
        let policy = self.policies.of(destination);
        let usage = Usage::child(
            &self.memory.producers,
            &destination.to_string(),
            policy.memory_limit_bytes,
        );
        let forwards = Forwards::of(&self.settings.virtual_destinations, destination);
        if !destination.kind().is_queue() {
            let policy = LivePolicy::new(policy);
            return Node::Topic(Topic::new(destination.clone(), usage, policy, forwards));
        }
        let temporary = destination.kind().is_temporary();
        let in_memory = temporary || (self.store.is_none() && self.spool.is_none());
        let cursor = if in_memory {
            Cursor::Memory
        } else {
            policy.pending_queue_policy
        };
        let queue = Queue::new(QueueParts {
            id: self.next_id(),
            destination: destination.clone(),
            role: Role::Queue,
            usage,
            policy: LivePolicy::new(policy),
            cursor,
            forwards,
            now_ms: now.monotonic_ms,
        });
        self.register(&queue);
        Node::Queue(queue)
    }

    /// Attaches the wildcard subscriptions that match a new destination.
    fn introduce(&self, node: &Node, destination: &Destination, turn: &mut Turn<'_>) {
        let patterns = self.patterns.lock();
        let mut consumers = Vec::new();
        for Pattern { pattern, target } in patterns.iter().filter(|p| covers(p, destination)) {
            match (node, target) {
                (Node::Queue(_), PatternTarget::Consumer(consumer)) => {
                    consumers.push(Arc::clone(consumer));
                }
                (Node::Topic(topic), PatternTarget::Subscription(subscription)) => {
                    topic.subscribe(subscription);
                }
                _ => debug_assert!(false, "{pattern} has another kind than {destination}"),
            }
        }
        drop(patterns);
        if let Node::Queue(queue) = node {
            for consumer in consumers {
                consumer.queues.lock().push(Arc::clone(queue));
                queue.attach(&consumer, turn);
            }
        }
    }

    /// All existing destinations that a name or pattern addresses.
    pub(crate) fn matching(&self, pattern: &Destination) -> Vec<Node> {
        let nodes = self.nodes.read();
        let covered = nodes.iter().filter(|(name, _)| {
            name.kind() == pattern.kind() && wildcard::matches(pattern.name(), name.name())
        });
        covered.map(|(_, node)| node.clone()).collect()
    }

    /// Removes a destination with everything in it, unless somebody consumes from it.
    ///
    /// # Errors
    /// When it has consumers.
    pub(crate) fn remove_unused(
        &self,
        destination: &Destination,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        let consumers = match self.nodes.read().get(destination) {
            Some(Node::Queue(queue)) => queue.lock().attachments.len(),
            Some(Node::Topic(topic)) => topic.subscriptions().len(),
            None => 0,
        };
        if consumers > 0 {
            let text = format!(
                "{destination} still has {consumers} active subscriptions; close them first"
            );
            return Err(Failure::new(FailureKind::Invalid, text));
        }
        self.remove(destination, turn);
        Ok(())
    }

    /// Removes a destination with everything in it.
    pub(crate) fn remove(&self, destination: &Destination, turn: &mut Turn<'_>) {
        let Some(node) = self.nodes.write().remove(destination) else {
            return;
        };
        self.generation.fetch_add(1, Ordering::Release);
        match node {
            Node::Queue(queue) => {
                queue.close(turn);
                self.unregister(&queue);
            }
            Node::Topic(topic) => topic.close(turn),
        }
        self.destination_gone(destination, turn);
    }

    /// Removes destinations that have been empty and unused for longer than their policy allows.
    pub(crate) fn purge_inactive(&self, turn: &mut Turn<'_>) {
        let now = turn.now.monotonic_ms;
        let inactive: Vec<(Destination, u64)> = self
            .nodes
            .read()
            .iter()
            .filter_map(|(destination, node)| {
                let (policy, since) = match node {
                    Node::Queue(queue) => (queue.policy(), queue.idle_since_ms()?),
                    Node::Topic(topic) => (topic.policy(), topic.idle_since_ms()?),
                };
                let idle_ms = now.saturating_sub(since);
                let over = idle_ms >= policy.inactive_timeout_before_gc_ms;
                let purged =
                    policy.gc_inactive_destinations && over && !destination.kind().is_temporary();
                purged.then(|| (destination.clone(), idle_ms))
            })
            .collect();
        for (destination, idle_ms) in inactive {
            tracing::info!("{destination} was inactive for {idle_ms} ms and is removed");
            self.remove(&destination, turn);
        }
    }

    /// The queue behind a topic subscription. Its memory is the topic's, or of the part that
    /// consumers have.
    pub(crate) fn subscription_queue(
        &self,
        destination: &Destination,
        role: Role,
        turn: &mut Turn<'_>,
    ) -> Arc<Queue> {
        let (usage, policy) = match self.node_of_pattern(destination, turn) {
            Some(Node::Topic(topic)) => (Arc::clone(&topic.usage), Arc::clone(&topic.policy)),
            _ => (
                Usage::child(&self.memory.producers, &destination.to_string(), 0),
                LivePolicy::new(self.policies.of(destination)),
            ),
        };
        let own = self.memory.consumers.as_ref();
        let usage = own.map_or(usage, |part| {
            Usage::child(part, &destination.to_string(), 0)
        });
        let configured = match role {
            Role::Durable { .. } => policy.get().pending_durable_subscriber_policy,
            Role::Queue | Role::Subscription => policy.get().pending_subscriber_policy,
        };
        let in_memory = self.store.is_none() && self.spool.is_none();
        let cursor = if in_memory {
            Cursor::Memory
        } else {
            configured
        };
        let queue = Queue::new(QueueParts {
            id: self.next_id(),
            destination: destination.clone(),
            role,
            usage,
            policy,
            cursor,
            forwards: None,
            now_ms: turn.now.monotonic_ms,
        });
        self.register(&queue);
        queue
    }

    fn node_of_pattern(&self, destination: &Destination, turn: &mut Turn<'_>) -> Option<Node> {
        if destination.is_pattern() {
            None
        } else {
            self.node(destination, turn).ok()
        }
    }

    /// Connects a subscription to its topics, existing and future.
    ///
    /// # Errors
    /// When the topic cannot be created.
    pub(crate) fn subscribe(
        &self,
        destination: &Destination,
        subscription: &Arc<Subscription>,
        earlier: Earlier,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        let subscribe = |topic: &Topic, turn: &mut Turn<'_>| {
            let is_wanted = match earlier {
                Earlier::Wanted => true,
                Earlier::ByPolicy => topic.policy().always_retroactive,
                Earlier::Unwanted => false,
            };
            if is_wanted {
                topic.subscribe_retroactively(subscription, turn);
            } else {
                topic.subscribe(subscription);
            }
        };
        if !destination.is_pattern() {
            if let Node::Topic(topic) = self.node(destination, turn)? {
                subscribe(&topic, turn);
            }
            self.listen(subscription, turn);
            return Ok(());
        }
        let target = PatternTarget::Subscription(Arc::clone(subscription));
        self.patterns.lock().push(Pattern {
            pattern: destination.clone(),
            target,
        });
        for node in self.matching(destination) {
            if let Node::Topic(topic) = node {
                subscribe(&topic, turn);
            }
        }
        self.listen(subscription, turn);
        Ok(())
    }

    /// Disconnects a subscription from all topics.
    pub(crate) fn unsubscribe(&self, queue: &Arc<Queue>, turn: &mut Turn<'_>) {
        self.patterns
            .lock()
            .retain(|pattern| match &pattern.target {
                PatternTarget::Subscription(other) => !Arc::ptr_eq(&other.queue, queue),
                PatternTarget::Consumer(_) => true,
            });
        let topics: Vec<Arc<Topic>> = self
            .nodes
            .read()
            .values()
            .filter_map(|node| match node {
                Node::Topic(topic) => Some(Arc::clone(topic)),
                Node::Queue(_) => None,
            })
            .collect();
        for topic in topics {
            topic.unsubscribe(queue, turn);
        }
        self.advisories.remove_listener(queue);
        self.unregister(queue);
    }

    /// Makes (or finds again after a restart) a durable subscription.
    ///
    /// # Errors
    /// When its topic cannot be created.
    pub(crate) fn add_durable(
        &self,
        note: &DurableNote,
        earlier: Earlier,
        turn: &mut Turn<'_>,
    ) -> Result<Arc<Subscription>, Failure> {
        let role = Role::Durable {
            client_id: Arc::clone(&note.client_id),
            name: Arc::clone(&note.name),
        };
        let queue = self.subscription_queue(&note.destination, role, turn);
        let selector = note
            .selector
            .as_deref()
            .and_then(|text| Selector::parse(text).ok());
        let filter = Filter::new(selector.map(Arc::new));
        let subscription = Subscription::new(queue, filter, note.no_local);
        self.subscribe(&note.destination, &subscription, earlier, turn)?;
        let key = (Arc::clone(&note.client_id), Arc::clone(&note.name));
        self.durables.lock().insert(key, Arc::clone(&subscription));
        Ok(subscription)
    }

    /// Makes a durable subscription and stores that it is there, with the batch that does so.
    ///
    /// # Errors
    /// When its topic cannot be created, or the store has failed.
    pub(crate) fn make_durable(
        &self,
        note: &DurableNote,
        earlier: Earlier,
        turn: &mut Turn<'_>,
    ) -> Result<(Arc<Subscription>, Option<BatchNumber>), Failure> {
        let subscription = self.add_durable(note, earlier, turn)?;
        let Some(store) = &self.store else {
            return Ok((subscription, None));
        };
        let mut changes = vec![Change::Note {
            key: DurableNote::key(&note.client_id, &note.name),
            value: note.value(),
        }];
        match store.append(&mut changes) {
            Ok(batch) => {
                subscription.noted_in(batch);
                Ok((subscription, Some(batch)))
            }
            Err(error) => {
                // It would be gone after a restart: whoever asks again must not find it.
                let (client_id, name) = (&note.client_id, &note.name);
                self.remove_durable(client_id, name, turn).ok();
                Err(store_failure(&error))
            }
        }
    }

    /// Removes a durable subscription with everything it holds.
    ///
    /// # Errors
    /// When the store has failed: after a restart the subscription is there again.
    pub(crate) fn remove_durable(
        &self,
        client_id: &Arc<str>,
        name: &Arc<str>,
        turn: &mut Turn<'_>,
    ) -> Result<Option<BatchNumber>, Failure> {
        let key = (Arc::clone(client_id), Arc::clone(name));
        let Some(subscription) = self.durables.lock().remove(&key) else {
            return Ok(None);
        };
        self.unsubscribe(&subscription.queue, turn);
        subscription.queue.close(turn);
        let key = DurableNote::key(client_id, name);
        let mut changes = vec![Change::Note {
            key,
            value: bytes::Bytes::new(),
        }];
        match &self.store {
            Some(store) => {
                let appended = store.append(&mut changes);
                appended.map(Some).map_err(|error| store_failure(&error))
            }
            None => Ok(None),
        }
    }
}

fn covers(pattern: &Pattern, destination: &Destination) -> bool {
    pattern.pattern.kind() == destination.kind()
        && wildcard::matches(pattern.pattern.name(), destination.name())
}

/// Most messages pending for a topic subscription, by policy and by the consumer's own wish.
pub(crate) fn pending_limit(
    policy: &PolicyEntry,
    prefetch: u32,
    asked: Option<u32>,
) -> Option<u64> {
    let by_policy = match policy.pending_message_limit {
        PendingMessageLimit::None => None,
        PendingMessageLimit::Constant(limit) => u64::try_from(limit).ok(),
        PendingMessageLimit::PrefetchRate(rate) => {
            let limit = f64::from(prefetch) * rate;
            (limit >= 0.0).then_some(limit as u64)
        }
    };
    by_policy.into_iter().chain(asked.map(u64::from)).min()
}

/// Creates the configured destinations and those that the store holds messages of.
pub(crate) fn recover(broker: &Broker, turn: &mut Turn<'_>) -> Result<(), BrokerError> {
    for destination in &broker.settings.destinations {
        if let Err(failure) = broker.create(destination, turn) {
            tracing::warn!("{failure}");
        }
    }
    let Some(store) = broker.store.clone() else {
        return Ok(());
    };
    for (key, value) in store.notes() {
        if broker.audit.lock().restore(&key, &value) {
            continue;
        }
        if let Some(note) = DurableNote::read(&key, &value)
            && let Err(failure) = broker.add_durable(&note, Earlier::ByPolicy, turn)
        {
            tracing::warn!("a durable subscription is not restored: {failure}");
        }
    }
    let (prepared, lists): (Vec<_>, Vec<_>) = store
        .lists()
        .into_iter()
        .partition(|info| prepared::is_descriptor(&info.descriptor));
    let (jobs, lists): (Vec<_>, Vec<_>) = lists
        .into_iter()
        .partition(|info| scheduler::is_descriptor(&info.descriptor));
    match &broker.scheduler {
        Some(scheduler) => scheduler.recover(&jobs, turn.now)?,
        None if jobs.iter().any(|info| info.pending > 0) => tracing::warn!(
            "scheduled messages of an earlier start wait until schedulerSupport is on again"
        ),
        None => {}
    }
    let mut in_doubt = InDoubt::default();
    for info in prepared {
        in_doubt = broker.prepared.recover(broker, &*store, &info)?;
    }
    for info in lists {
        let withheld = in_doubt.read(&*store, info.list)?;
        restore(broker, &info, withheld, turn)?;
    }
    Ok(())
}

/// Gives a list to the queue that it is of; what prepared branches have acknowledged of it is
/// `withheld`.
fn restore(
    broker: &Broker,
    info: &ListInfo,
    withheld: Vec<(Mark, Stored)>,
    turn: &mut Turn<'_>,
) -> Result<(), BrokerError> {
    let Some(described) = recover::read(&info.descriptor) else {
        return Err(BrokerError::UnknownList { list: info.list });
    };
    let (queue, lane) = match described {
        Described::Queue { destination, lane } => {
            debug_assert_eq!(
                destination.kind(),
                DestinationKind::Queue,
                "only queues are stored"
            );
            match broker.create(&destination, turn) {
                Ok(Node::Queue(queue)) => (Some(queue), lane),
                Ok(Node::Topic(_)) | Err(_) => (None, lane),
            }
        }
        Described::Durable {
            client_id,
            name,
            lane,
            ..
        } => {
            let key = (client_id.into(), name.into());
            let found = broker
                .durables
                .lock()
                .get(&key)
                .map(|s| Arc::clone(&s.queue));
            (found, lane)
        }
    };
    let Some(queue) = queue else {
        // A subscription that was removed just before the crash.
        broker.drop_list(crate::queue::lane::Kept::Stored, info.list);
        return Ok(());
    };
    let mut state = queue.lock();
    recover::restore(&mut state, lane, info);
    prepared::withhold(broker, (&queue, &mut state), (lane, info.list), withheld);
    if let Some(next) = broker
        .store
        .as_ref()
        .and_then(|s| s.next_expiration_ms(info.list))
    {
        queue.note_expiration(&mut state, next, turn);
    }
    queue.note_reading_back(&state);
    queue.dispatch_locked(&mut state, turn);
    Ok(())
}
