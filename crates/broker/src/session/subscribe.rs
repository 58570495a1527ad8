//! Consumers, browsers and durable subscriptions of a session.

use super::{Session, SessionState, close};
use crate::consumer::{Consumer, ConsumerParts};
use crate::destination::Node;
use crate::filter::Filter;
use crate::queue::{Queue, Role};
use crate::recover::DurableNote;
use crate::registry::{Earlier, Pattern, PatternTarget, pending_limit};
use crate::topic::Subscription;
use crate::turn::Turn;
use crate::undo::Snapshots;
use floodway_message::Destination;
use floodway_message::session::{ConsumerId, Failure, FailureKind, OpenConsumer, Reply};
use floodway_store::BatchNumber;
use std::sync::Arc;

impl Session {
    pub(super) fn open_consumer(
        &self,
        state: &mut SessionState,
        open: OpenConsumer,
        turn: &mut Turn<'_>,
    ) {
        let reply = open.reply;
        let result = self.check(state, &open).and_then(|()| {
            if open.durable_name.is_some() {
                self.open_durable(state, open, turn)
            } else {
                self.open_plain(state, open, turn)
            }
        });
        if let Err(failure) = result {
            turn.answer(&self.outbox, reply, Err(failure));
        }
    }

    fn check(&self, state: &SessionState, open: &OpenConsumer) -> Result<(), Failure> {
        let refuse = |kind, text: String| Err(Failure::new(kind, text));
        if state.consumers.contains_key(&open.consumer) {
            return refuse(
                FailureKind::InUse,
                format!("consumer {} exists", open.consumer),
            );
        }
        let max = self.broker.settings.consumers_per_connection_max;
        if state.consumers.len() >= max {
            let text = format!("the connection has {max} consumers already; close some first");
            return refuse(FailureKind::Invalid, text);
        }
        for destination in &open.destinations {
            let kind = destination.kind();
            if kind.is_temporary() && !state.temporaries.contains(destination) {
                let text =
                    format!("cannot consume from {destination}: it belongs to another connection");
                return refuse(FailureKind::Destination, text);
            }
            if open.browser && !kind.is_queue() {
                return refuse(
                    FailureKind::Invalid,
                    format!("{destination} cannot be browsed: only queues can"),
                );
            }
            if open.durable_name.is_some() && kind.is_queue() {
                let text =
                    format!("no durable subscription to {destination}: only topics have them");
                return refuse(FailureKind::Invalid, text);
            }
        }
        Ok(())
    }

    fn open_plain(
        &self,
        state: &mut SessionState,
        open: OpenConsumer,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        let (queues, topics): (Vec<Destination>, Vec<Destination>) = open
            .destinations
            .iter()
            .cloned()
            .partition(|d| d.kind().is_queue());
        let consumer = self.consumer(&open, queues.first(), turn);
        let mut attached = Vec::new();
        for destination in &queues {
            self.find_queues(destination, &consumer, &mut attached, turn)?;
        }
        let mut subscribed = Vec::new();
        for destination in &topics {
            let queue = self
                .broker
                .subscription_queue(destination, Role::Subscription, turn);
            let limit = pending_limit(&queue.policy(), consumer.prefetch(), open.pending_limit);
            queue.lock().limit_pending = limit;
            subscribed.push((destination.clone(), queue));
        }
        let all = attached
            .iter()
            .chain(subscribed.iter().map(|(_, queue)| queue));
        *consumer.queues.lock() = all.map(Arc::clone).collect();
        state.consumers.insert(open.consumer, Arc::clone(&consumer));
        // The answer comes before the first delivery.
        turn.answer(&self.outbox, open.reply, Ok(()));
        for (destination, queue) in subscribed {
            queue.attach(&consumer, turn);
            let filter = Filter::new(open.selector.clone());
            let subscription = Subscription::new(queue, filter, open.no_local);
            subscription.owned_by(self.outbox.id);
            let earlier = if open.retroactive {
                Earlier::Wanted
            } else {
                Earlier::ByPolicy
            };
            self.broker
                .subscribe(&destination, &subscription, earlier, turn)?;
        }
        for queue in attached {
            queue.attach(&consumer, turn);
        }
        self.broker.consumer_came(&consumer, turn);
        Ok(())
    }

    /// A consumer with the prefetch that its policy gives it where it asks for none. What a topic
    /// subscription selects is selected before it reaches the consumer.
    fn consumer(
        &self,
        open: &OpenConsumer,
        queue: Option<&Destination>,
        turn: &Turn<'_>,
    ) -> Arc<Consumer> {
        let destination = queue.or(open.destinations.first());
        let policy = destination.map(|destination| self.broker.policies.of(destination));
        let by_policy = policy.as_ref().map_or(1, |policy| match queue {
            Some(_) if open.browser => policy.queue_browser_prefetch,
            Some(_) => policy.queue_prefetch,
            None if open.durable_name.is_some() => policy.durable_topic_prefetch,
            None => policy.topic_prefetch,
        });
        let exclusive = policy.is_some_and(|policy| policy.all_consumers_exclusive_by_default);
        let selector = open.selector.clone().filter(|_| queue.is_some());
        let prefetch = open.prefetch.unwrap_or(by_policy);
        Consumer::new(ConsumerParts {
            id: open.consumer,
            outbox: Arc::clone(&self.outbox),
            filter: Filter::new(selector),
            browser: open.browser,
            exclusive: open.exclusive || exclusive || self.outbox.administers,
            priority: open.priority,
            prefetch,
            network: open.network,
            retroactive: open.retroactive,
            opened_ms: turn.now.monotonic_ms,
            // Nobody is told of what operators do.
            facts: (!self.outbox.administers)
                .then(|| self.broker.consumer_facts(open, self.outbox.id, prefetch))
                .flatten(),
        })
    }

    fn find_queues(
        &self,
        destination: &Destination,
        consumer: &Arc<Consumer>,
        found: &mut Vec<Arc<Queue>>,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        let nodes = if destination.is_pattern() {
            if !consumer.browser {
                let target = PatternTarget::Consumer(Arc::clone(consumer));
                let pattern = destination.clone();
                self.broker
                    .patterns
                    .lock()
                    .push(Pattern { pattern, target });
            }
            self.broker.matching(destination)
        } else {
            vec![self.broker.node(destination, turn)?]
        };
        for node in nodes {
            if let Node::Queue(queue) = node
                && !found.iter().any(|other| Arc::ptr_eq(other, &queue))
            {
                found.push(queue);
            }
        }
        Ok(())
    }

    fn open_durable(
        &self,
        state: &mut SessionState,
        open: OpenConsumer,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        let client_id = state.client_id.clone().unwrap_or_else(|| "".into());
        let name = open.durable_name.clone().unwrap_or_else(|| "".into());
        let [destination] = open.destinations.as_slice() else {
            let text = "a durable subscription has exactly one topic";
            return Err(Failure::new(FailureKind::Invalid, text));
        };
        let note = DurableNote {
            client_id,
            name,
            destination: destination.clone(),
            no_local: open.no_local,
            selector: open
                .selector
                .as_ref()
                .map(|selector| selector.text().to_owned()),
        };
        let _changing = self.broker.durables_changing.lock();
        let (subscription, batch) = self.durable(&note, turn)?;
        subscription.owned_by(self.outbox.id);
        let consumer = self.consumer(&open, None, turn);
        consumer.queues.lock().push(Arc::clone(&subscription.queue));
        state.consumers.insert(open.consumer, Arc::clone(&consumer));
        turn.answer_after(&self.outbox, open.reply, batch);
        subscription.queue.attach(&consumer, turn);
        self.broker.consumer_came(&consumer, turn);
        self.broker.listen_again(&subscription, turn);
        Ok(())
    }

    /// The existing durable subscription if it is the same, else a new one.
    fn durable(
        &self,
        note: &DurableNote,
        turn: &mut Turn<'_>,
    ) -> Result<(Arc<Subscription>, Option<BatchNumber>), Failure> {
        let key = (Arc::clone(&note.client_id), Arc::clone(&note.name));
        let existing = self.broker.durables.lock().get(&key).map(Arc::clone);
        if let Some(subscription) = existing {
            if !subscription.queue.lock().attachments.is_empty() {
                let text = format!(
                    "durable subscription {} of client {} is in use; close its consumer first",
                    note.name, note.client_id
                );
                return Err(Failure::new(FailureKind::InUse, text));
            }
            if subscription.is_as(note) {
                let noted = subscription.noted();
                return Ok((subscription, Some(noted)));
            }
            self.broker
                .remove_durable(&note.client_id, &note.name, turn)?;
        }
        self.broker.make_durable(note, Earlier::ByPolicy, turn)
    }

    pub(super) fn remove_durable(
        &self,
        state: &SessionState,
        client_id: Option<Arc<str>>,
        name: &Arc<str>,
        reply: Option<Reply>,
        turn: &mut Turn<'_>,
    ) {
        let own = state.client_id.clone().unwrap_or_else(|| "".into());
        let client_id = client_id.unwrap_or(own);
        let key = (Arc::clone(&client_id), Arc::clone(name));
        let _changing = self.broker.durables_changing.lock();
        let found = self.broker.durables.lock().get(&key).map(Arc::clone);
        let Some(subscription) = found else {
            let text = format!("client {client_id} has no durable subscription {name}");
            let failure = Failure::new(FailureKind::Invalid, text);
            return turn.answer(&self.outbox, reply, Err(failure));
        };
        if !subscription.queue.lock().attachments.is_empty() {
            let text = format!("durable subscription {name} is in use; close its consumer first");
            let failure = Failure::new(FailureKind::InUse, text);
            return turn.answer(&self.outbox, reply, Err(failure));
        }
        // Applications mean it; operators may want it back.
        let by_operator = self.outbox.administers;
        let undo = by_operator.then(|| self.broker.undo_of_durable(&subscription, turn));
        let removed = self.broker.remove_durable(&client_id, name, turn);
        turn.drops_into = Snapshots::default();
        match removed {
            Ok(batch) => turn.answer_after(&self.outbox, reply, batch),
            Err(failure) => {
                if let Some(token) = undo.flatten() {
                    self.broker.drop_undo(token);
                }
                turn.answer(&self.outbox, reply, Err(failure));
            }
        }
    }

    pub(super) fn close_consumer(
        &self,
        state: &mut SessionState,
        consumer: ConsumerId,
        reply: Option<Reply>,
        turn: &mut Turn<'_>,
    ) {
        let Some(consumer) = state.consumers.remove(&consumer) else {
            if state.aborted.remove(&consumer) {
                // Closed twice, by the core and by its client: it was told once.
                return turn.answer(&self.outbox, reply, Ok(()));
            }
            let failure = Failure::new(FailureKind::Invalid, "there is no such consumer");
            return turn.answer(&self.outbox, reply, Err(failure));
        };
        close::detach(&consumer, turn);
        turn.answer(&self.outbox, reply, Ok(()));
    }

    pub(super) fn set_prefetch(
        &self,
        state: &SessionState,
        consumer: ConsumerId,
        prefetch: u32,
        turn: &mut Turn<'_>,
    ) {
        let Some(consumer) = state.consumers.get(&consumer) else {
            return;
        };
        consumer.set_prefetch(prefetch);
        let queues: Vec<_> = consumer.queues.lock().iter().map(Arc::clone).collect();
        for queue in queues {
            let mut locked = queue.lock();
            locked.rescan_from = 0;
            locked.rewind_wanted = true;
            queue.dispatch_locked(&mut locked, turn);
        }
    }
}
