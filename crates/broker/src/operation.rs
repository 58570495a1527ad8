//! Sends and acknowledgements that become final together: a committed transaction, a composite
//! send, or a message for several durable subscriptions.
//!
//! All queues concerned are locked in id order, everything is one batch of the store, and only
//! then is anything dispatched. An operation is admitted as a whole when none of its destinations
//! is full, so a transaction never waits on itself.

use crate::consumer::Consumer;
use crate::destination::Node;
use crate::flow::admission::{Treatment, treatment};
use crate::flow::parking::{Full, Parked, Waiting};
use crate::outbox::Outbox;
use crate::queue::add::{Answer, Writes, record};
use crate::queue::lane::Kept;
use crate::queue::{Queue, QueueState};
use crate::topic::{Shared, Topic};
use crate::turn::Turn;
use floodway_message::Message;
use floodway_message::session::{Failure, Reply, TxId};
use floodway_store::Targets;
use parking_lot::MutexGuard;
use std::collections::BTreeMap;
use std::sync::Arc;

/// See the module.
pub(crate) struct Operation {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) reply: Option<Reply>,
    pub(crate) sends: Vec<(Node, Message)>,
    pub(crate) tx: TxId,
    /// Where the transaction has acknowledged deliveries.
    pub(crate) acks: Vec<(Arc<Queue>, Arc<Consumer>)>,
}

type Locked<'a> = BTreeMap<u64, (&'a Arc<Queue>, MutexGuard<'a, QueueState>)>;

impl Operation {
    /// One message to one destination.
    pub(crate) fn single(
        node: Node,
        message: Message,
        outbox: &Arc<Outbox>,
        reply: Option<Reply>,
    ) -> Self {
        let outbox = Arc::clone(outbox);
        Self {
            outbox,
            reply,
            sends: vec![(node, message)],
            tx: 0,
            acks: Vec::new(),
        }
    }

    /// Applies the operation, or lets it wait at, or be refused by, the first full destination.
    pub(crate) fn offer(self: Box<Self>, turn: &mut Turn<'_>) {
        let full = self.sends.iter().find_map(|(node, _)| {
            let full = match node {
                Node::Queue(queue) => queue.commit_full(turn),
                Node::Topic(topic) => topic.commit_full(turn),
            };
            full.map(|full| (node.clone(), full))
        });
        match full {
            None => self.apply(turn),
            Some((node, full)) => self.refuse_or_park(&node, full, turn),
        }
    }

    fn refuse_or_park(self: Box<Self>, node: &Node, full: Full, turn: &mut Turn<'_>) {
        let policy = match node {
            Node::Queue(queue) => &queue.policy,
            Node::Topic(topic) => &topic.policy,
        };
        let deadline_ms = match treatment(&full, policy, turn) {
            Treatment::Refuse => {
                let failure = match node {
                    Node::Queue(queue) => full.failure(&queue.destination, 0),
                    Node::Topic(topic) => full.failure(&topic.destination, 0),
                };
                return self.abandon(failure, turn);
            }
            Treatment::Park { deadline_ms } => deadline_ms,
        };
        let outbox = Arc::clone(&self.outbox);
        let since_ms = turn.now.monotonic_ms;
        let waiting = Waiting::Commit(self);
        let parked = Parked {
            outbox,
            waiting,
            since_ms,
            deadline_ms,
            full,
        };
        match node {
            Node::Queue(queue) => queue.park(&mut queue.lock(), parked, turn),
            Node::Topic(topic) => topic.park(parked, turn),
        }
    }

    /// Gives the operation up: its acknowledgements are undone, the client is told.
    pub(crate) fn abandon(&self, failure: Failure, turn: &mut Turn<'_>) {
        for (queue, consumer) in &self.acks {
            queue.unmark(consumer, self.tx, turn);
        }
        turn.answer(&self.outbox, self.reply, Err(failure));
    }

    /// Does everything, whatever the limits say.
    pub(crate) fn apply(self, turn: &mut Turn<'_>) {
        let Self {
            outbox,
            reply,
            sends,
            tx,
            acks,
        } = self;
        let sends: Vec<Target> = sends
            .into_iter()
            .filter(|(_, message)| !message.is_expired(turn.now.wall_ms))
            .map(|(node, message)| Target::new(node, message))
            .collect();
        let queues = involved(&sends, &acks, turn);
        let mut locked: Locked<'_> = queues
            .values()
            .map(|queue| (queue.id, (queue, queue.lock())))
            .collect();
        let mut writes = Writes::default();
        let mut result = Ok(());
        for send in &sends {
            result = result.and_then(|()| send.take_in(&mut locked, outbox.id, &mut writes, turn));
        }
        for (queue, consumer) in &acks {
            if let Some((queue, state)) = locked.get_mut(&queue.id) {
                queue.take_marked(state, consumer, tx, &mut writes);
            }
        }
        let Some((first, _)) = locked.values().next() else {
            drop(locked);
            publish_transient(&sends, outbox.id, turn);
            return turn.answer(&outbox, reply, result);
        };
        let durable = !writes.stored.is_empty();
        if let (Some(reply), Ok(())) = (reply, &result) {
            let outbox = Arc::clone(&outbox);
            writes.answers.push(Answer {
                outbox,
                reply,
                durable,
            });
        }
        if let Ok((stored, spooled)) = first.write(&mut writes, turn) {
            for (queue, state) in locked.values_mut() {
                queue.departures.note(stored, spooled);
                queue.dispatch_locked(state, turn);
            }
        }
        drop(locked);
        publish_transient(&sends, outbox.id, turn);
        if let Err(failure) = result {
            turn.answer(&outbox, reply, Err(failure));
        }
    }
}

/// A message and where it goes.
enum Target {
    Queue(Arc<Queue>, Message),
    Topic(Arc<Topic>, Shared),
}

impl Target {
    fn new(node: Node, message: Message) -> Self {
        match node {
            Node::Queue(queue) => Self::Queue(queue, message),
            Node::Topic(topic) => {
                let shared = topic.share(message);
                Self::Topic(topic, shared)
            }
        }
    }

    fn take_in(
        &self,
        locked: &mut Locked<'_>,
        sender: u64,
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        match self {
            Self::Queue(queue, message) => match locked.get_mut(&queue.id) {
                Some((queue, state)) if !state.closed => {
                    queue.take_in(state, message.clone(), writes, turn)
                }
                Some(_) | None => Err(queue.gone()),
            },
            Self::Topic(topic, shared) => {
                store_for_durables(topic, shared, locked, sender, writes, turn)
            }
        }
    }
}

/// One record for all durable subscriptions that want the message.
fn store_for_durables(
    topic: &Topic,
    shared: &Shared,
    locked: &mut Locked<'_>,
    sender: u64,
    writes: &mut Writes,
    turn: &mut Turn<'_>,
) -> Result<(), Failure> {
    let message = &shared.message;
    let mut targets = Vec::new();
    for subscription in topic.subscriptions().iter().filter(|s| s.is_durable()) {
        let Some((queue, state)) = locked.get_mut(&subscription.queue.id) else {
            continue;
        };
        if state.closed || !queue.stores(message, turn) || !subscription.wants(message, sender) {
            continue;
        }
        let spot = queue.spot(state, message, turn)?;
        queue.note_expiration(state, message.expiration_ms(), turn);
        if let Some((Kept::Stored, target)) = spot.target() {
            targets.push(target);
        }
        if spot.keep {
            let message = Arc::clone(message);
            let entry = Queue::entry_with(message, shared.held(), spot.order, spot.place);
            state.push(spot.lane, entry);
        }
    }
    if !targets.is_empty() {
        turn.count_stored(message.head().len() + message.body().len());
        writes
            .stored
            .push(record(message, Targets::Many(targets.into())));
    }
    Ok(())
}

/// The queues that an operation changes, by id.
fn involved(
    sends: &[Target],
    acks: &[(Arc<Queue>, Arc<Consumer>)],
    turn: &Turn<'_>,
) -> BTreeMap<u64, Arc<Queue>> {
    let mut queues = BTreeMap::new();
    let mut add = |queue: &Arc<Queue>| {
        queues.entry(queue.id).or_insert_with(|| Arc::clone(queue));
    };
    for send in sends {
        match send {
            Target::Queue(queue, _) => add(queue),
            Target::Topic(topic, shared) => {
                let durables = topic.subscriptions();
                let stored = |queue: &Arc<Queue>| queue.stores(&shared.message, turn);
                durables
                    .iter()
                    .map(|s| &s.queue)
                    .filter(|queue| stored(queue))
                    .for_each(&mut add);
            }
        }
    }
    acks.iter().for_each(|(queue, _)| add(queue));
    queues
}

fn publish_transient(sends: &[Target], sender: u64, turn: &mut Turn<'_>) {
    for send in sends {
        if let Target::Topic(topic, shared) = send {
            let subscriptions = topic.subscriptions();
            topic.publish_transient(&subscriptions, std::slice::from_ref(shared), sender, turn);
        }
    }
}
