//! A topic: it keeps nothing itself, but feeds each subscription's own queue.
//!
//! A message is shared by its subscriptions and charged once, until the last lets go. For durable
//! subscriptions it is stored once, as one record that stands in the lists of all of them; and
//! likewise in the spool for those that are behind.

use crate::advisory::Blocked;
use crate::destination::Node;
use crate::entry::Held;
use crate::flow::admission::{Demand, Treatment, fullness, treatment};
use crate::flow::parking::{Full, Incoming, Parked, ParkedView, Parking, Waiting};
use crate::flow::usage::{Charge, Usage};
use crate::forward::Forwards;
use crate::latency::Latencies;
use crate::operation::Operation;
use crate::outbox::Outbox;
use crate::policy::LivePolicy;
use crate::queue::{Counts, Queue, Role, Spread};
use crate::settings::{Cursor, PolicyEntry};
use crate::turn::{Turn, Work};
use arc_swap::Guard;
use floodway_message::session::{Failure, FailureKind};
use floodway_message::{Destination, Message, Now};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

mod publish;
mod recent;
mod subscription;

use recent::Recent;
pub(crate) use subscription::Subscription;

/// Messages of one connection on their way to the subscriptions.
struct Publishing<'a> {
    outbox: &'a Arc<Outbox>,
    /// Persistent messages are stored, for a durable subscription.
    stores: bool,
    /// Accepted, and not given to the subscriptions yet.
    transient: Vec<Shared>,
}

impl<'a> Publishing<'a> {
    fn new(subscriptions: &[Arc<Subscription>], outbox: &'a Arc<Outbox>, turn: &Turn<'_>) -> Self {
        let durable = |subscription: &Arc<Subscription>| subscription.is_durable();
        Self {
            outbox,
            stores: turn.broker.store.is_some() && subscriptions.iter().any(durable),
            transient: Vec::new(),
        }
    }
}

/// A message and its charge, shared by the subscriptions of a topic.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) message: Arc<Message>,
    charge: Arc<Charge>,
}

impl Shared {
    /// What it is charged to.
    pub(crate) fn usage(&self) -> &Usage {
        self.charge.usage()
    }

    pub(crate) fn held(&self) -> Held {
        Held::Shared {
            charge: Arc::clone(&self.charge),
        }
    }
}

/// See the module.
pub(crate) struct Topic {
    pub(crate) destination: Destination,
    pub(crate) usage: Arc<Usage>,
    pub(crate) policy: Arc<LivePolicy>,
    pub(crate) forwards: Option<Forwards>,
    /// Sorted by the id of their queues.
    subscriptions: RwLock<Arc<Vec<Arc<Subscription>>>>,
    /// Locked while messages are published, so that a retroactive subscriber misses none and gets
    /// none twice.
    recent: Option<Mutex<Recent>>,
    parking: Mutex<Parking>,
    closed: AtomicBool,
    /// Bytes of what was published, as charged.
    sent: Mutex<Spread>,
    /// What subscriptions that have gone counted.
    departed: Mutex<Counts>,
    used_ms: AtomicU64,
    /// What is sent to it becomes jobs.
    is_for_jobs: bool,
}

impl Topic {
    pub(crate) fn new(
        destination: Destination,
        usage: Arc<Usage>,
        policy: Arc<LivePolicy>,
        forwards: Option<Forwards>,
    ) -> Arc<Self> {
        Arc::new(Self::build(destination, usage, policy, forwards))
    }

    /// The one that stands for the scheduler.
    pub(crate) fn for_jobs(
        destination: Destination,
        usage: Arc<Usage>,
        policy: Arc<PolicyEntry>,
    ) -> Arc<Self> {
        Arc::new(Self {
            is_for_jobs: true,
            ..Self::build(destination, usage, LivePolicy::new(policy), None)
        })
    }

    fn build(
        destination: Destination,
        usage: Arc<Usage>,
        policy: Arc<LivePolicy>,
        forwards: Option<Forwards>,
    ) -> Self {
        Self {
            destination,
            usage,
            recent: Recent::new(policy.get().subscription_recovery).map(Mutex::new),
            policy,
            forwards,
            subscriptions: RwLock::new(Arc::new(Vec::new())),
            parking: Mutex::new(Parking::default()),
            closed: AtomicBool::new(false),
            sent: Mutex::default(),
            departed: Mutex::default(),
            used_ms: AtomicU64::new(0),
            is_for_jobs: false,
        }
    }

    /// The policy that applies now.
    #[inline]
    pub(crate) fn policy(&self) -> Guard<Arc<PolicyEntry>> {
        self.policy.get()
    }

    pub(crate) fn subscriptions(&self) -> Arc<Vec<Arc<Subscription>>> {
        Arc::clone(&self.subscriptions.read())
    }

    pub(crate) fn subscribe(&self, subscription: &Arc<Subscription>) {
        let mut current = self.subscriptions.write();
        let mut next: Vec<_> = current.iter().map(Arc::clone).collect();
        if next.iter().any(|other| Arc::ptr_eq(other, subscription)) {
            return;
        }
        let at = next.partition_point(|other| other.queue.id < subscription.queue.id);
        next.insert(at, Arc::clone(subscription));
        *current = Arc::new(next);
    }

    /// Subscribes, and gives the subscription what the policy has kept for it.
    pub(crate) fn subscribe_retroactively(
        &self,
        subscription: &Arc<Subscription>,
        turn: &mut Turn<'_>,
    ) {
        let mut recent = self.recent.as_ref().map(|recent| recent.lock());
        self.subscribe(subscription);
        let Some(recent) = &mut recent else { return };
        let kept: Vec<Shared> = recent
            .messages(turn.now)
            .into_iter()
            .map(|message| self.share_again(message))
            .collect();
        subscription.take(&kept, u64::MAX, turn);
    }

    pub(crate) fn unsubscribe(&self, queue: &Arc<Queue>, turn: &mut Turn<'_>) {
        // Whoever has locked the queue may want the subscriptions.
        let counts = queue.lock().counts;
        let mut current = self.subscriptions.write();
        let kept = current
            .iter()
            .filter(|other| !Arc::ptr_eq(&other.queue, queue));
        let was_here = current.len() > kept.clone().count();
        if was_here && !queue.destination.is_pattern() {
            self.departed.lock().add(&counts);
        }
        *current = Arc::new(kept.map(Arc::clone).collect());
        drop(current);
        // Whatever the subscription held is free now.
        turn.broker.signal.raise();
    }

    /// Since when nothing was sent here; `None` while somebody subscribes or a send waits.
    pub(crate) fn idle_since_ms(&self) -> Option<u64> {
        let nobody = self.subscriptions.read().is_empty();
        let idle = nobody && self.parking.lock().is_empty();
        idle.then(|| self.used_ms.load(Ordering::Relaxed))
    }

    /// The topic ends: sends that wait here are refused.
    pub(crate) fn close(self: &Arc<Self>, turn: &mut Turn<'_>) {
        self.closed.store(true, Ordering::Relaxed);
        let waiting = self.parking.lock().remove(turn, |_| true);
        for parked in waiting {
            let text = format!("{} does not exist any more", self.destination);
            parked.refuse(Failure::new(FailureKind::Destination, text), turn);
        }
        self.note_resumed(turn);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// The limit that something of a connection waits for here, if it came before the ticket.
    pub(crate) fn waits_for(&self, connection: u64, ticket: u64) -> Option<Full> {
        self.parking.lock().waits_for(connection, ticket)
    }

    /// Sends and commits that wait for room here.
    pub(crate) fn parked(&self) -> usize {
        self.parking.lock().len()
    }

    /// How long those waited that wait no more.
    pub(crate) fn parked_times(&self) -> Latencies {
        self.parking.lock().times()
    }

    pub(crate) fn parked_view(&self, now: Now) -> Vec<ParkedView> {
        self.parking.lock().view(now)
    }

    /// Durable subscriptions that hold messages and have no consumer: client id and name.
    pub(crate) fn durables_away(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let subscriptions = self.subscriptions();
        let away = subscriptions.iter().filter_map(|one| {
            let Role::Durable { client_id, name } = &one.queue.role else {
                return None;
            };
            let state = one.queue.lock();
            let is_away = state.attachments.is_empty() && state.pending() > 0;
            is_away.then(|| (Arc::clone(client_id), Arc::clone(name)))
        });
        away.collect()
    }

    /// What was sent since the start, and what became of it at subscriptions, those to patterns
    /// left out.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = *self.departed.lock();
        for subscription in self.subscriptions().iter() {
            if !subscription.queue.destination.is_pattern() {
                counts.add(&subscription.queue.lock().counts);
            }
        }
        let sizes = *self.sent.lock();
        Counts {
            enqueued: sizes.count,
            sizes,
            ..counts
        }
    }

    pub(crate) fn note_uncommitted_exceeded(&self) {
        self.departed.lock().uncommitted_exceeded += 1;
    }

    pub(crate) fn reset_counts(&self) {
        *self.sent.lock() = Spread::default();
        *self.departed.lock() = Counts::default();
        self.parking.lock().reset_times();
    }

    pub(crate) fn share(&self, message: Message) -> Shared {
        self.share_again(Arc::new(message))
    }

    fn share_again(&self, message: Arc<Message>) -> Shared {
        let bytes = self.policy().minimum_message_size + message.charge_bytes() as u64;
        let charge = Arc::new(Charge::new(&self.usage, bytes));
        Shared { message, charge }
    }

    /// Takes in a batch of one connection, in order.
    pub(crate) fn send(
        self: &Arc<Self>,
        batch: &mut Vec<Incoming>,
        outbox: &Arc<Outbox>,
        turn: &mut Turn<'_>,
    ) {
        self.used_ms.store(turn.now.monotonic_ms, Ordering::Relaxed);
        let subscriptions = self.subscriptions();
        let mut publishing = Publishing::new(&subscriptions, outbox, turn);
        for incoming in batch.drain(..) {
            let mut full = self.full_or_waiting(&subscriptions, &incoming.message, turn);
            if full.is_some() && !publishing.transient.is_empty() {
                // What nobody wanted is free again.
                self.flush(&mut publishing, turn);
                full = self.full_or_waiting(&subscriptions, &incoming.message, turn);
            }
            match full {
                None => self.accept(incoming, &mut publishing, turn),
                Some(full) => self.refuse_or_park(full, incoming, outbox, turn),
            }
        }
        self.flush(&mut publishing, turn);
    }

    fn full_or_waiting(
        &self,
        subscriptions: &[Arc<Subscription>],
        message: &Message,
        turn: &mut Turn<'_>,
    ) -> Option<Full> {
        if let Some(parked) = self.parking.lock().front() {
            return Some(parked.full.clone());
        }
        self.fullness(subscriptions, (message, false), turn)
    }

    /// The limit that leaves no room for a message. One that has `waited` may use the room that
    /// a commit behind it will make.
    fn fullness(
        &self,
        subscriptions: &[Arc<Subscription>],
        (message, waited): (&Message, bool),
        turn: &mut Turn<'_>,
    ) -> Option<Full> {
        let spool = turn.broker.spool.is_some();
        let in_memory = |subscription: &Arc<Subscription>| {
            let queue = &subscription.queue;
            !spool || queue.cursor == Cursor::Memory || !queue.spools()
        };
        let demand = Demand {
            memory: subscriptions.iter().any(in_memory)
                || (self.policy().cursor_memory_high_water_mark > 100 && !subscriptions.is_empty()),
            store: message.is_persistent()
                && turn.broker.store.is_some()
                && subscriptions
                    .iter()
                    .any(|subscription| subscription.is_durable()),
            spool: subscriptions
                .iter()
                .any(|subscription| subscription.queue.is_spooling()),
            beside_promises: waited,
            ..Demand::default()
        };
        let reading = |subscription: &Arc<Subscription>| subscription.queue.is_reading_back();
        fullness(demand, &self.usage, &self.policy(), turn)
            .or_else(|| subscriptions.iter().any(reading).then_some(Full::Congested))
    }

    fn refuse_or_park(
        self: &Arc<Self>,
        full: Full,
        incoming: Incoming,
        outbox: &Arc<Outbox>,
        turn: &mut Turn<'_>,
    ) {
        match treatment(&full, &self.policy(), turn) {
            Treatment::Refuse => {
                let failure = full.failure(&self.destination, 0);
                let producer = (outbox.id, incoming.producer);
                Blocked::notice(&full, producer, (&self.destination, &self.policy()), turn);
                turn.answer(outbox, incoming.reply, Err(failure));
            }
            Treatment::Park { deadline_ms } => {
                let (outbox, since_ms) = (Arc::clone(outbox), turn.now.monotonic_ms);
                let waiting = Waiting::Send(incoming);
                self.park(
                    Parked {
                        outbox,
                        destination: self.destination.clone(),
                        waiting,
                        since_ms,
                        deadline_ms,
                        full,
                    },
                    turn,
                );
            }
        }
    }

    pub(crate) fn park(self: &Arc<Self>, parked: Parked, turn: &mut Turn<'_>) {
        let mut parking = self.parking.lock();
        let (full, peer) = (parked.full.clone(), Arc::clone(&parked.outbox));
        parking.push(parked, (&self.destination, &self.policy()), turn);
        if !std::mem::replace(&mut parking.listed, true) {
            turn.broker.list(Node::Topic(Arc::clone(self)));
        }
        let now = turn.now.monotonic_ms;
        let interval = self.policy().blocked_producer_warning_interval_ms;
        if full != Full::Congested && parking.warns(now, interval) {
            parking.log_blocked(&full, &self.destination, &peer, now);
            turn.later(Work::Explain(self.destination.clone()));
        }
    }

    /// Takes in parked sends as far as there is room, oldest first.
    pub(crate) fn resume(self: &Arc<Self>, turn: &mut Turn<'_>) {
        let subscriptions = self.subscriptions();
        let overdue = self.parking.lock().overdue(turn);
        for parked in overdue {
            parked.time_out(&self.destination, turn);
        }
        loop {
            let mut parking = self.parking.lock();
            let Some(front) = parking.front() else { break };
            let full = match &front.waiting {
                Waiting::Send(incoming) => {
                    let message = incoming.message.clone();
                    self.fullness(&subscriptions, (&message, true), turn)
                }
                Waiting::Commit(_) => self.commit_full(turn),
            };
            if let Some(full) = full {
                let policy = self.policy();
                let place = (&self.destination, &**policy);
                let Some(refused) = parking.meet(&full, place, turn) else {
                    break;
                };
                drop(parking);
                refused.refuse(full.failure(&self.destination, 0), turn);
                continue;
            }
            let Some(parked) = parking.pop(turn) else {
                break;
            };
            match parked.waiting {
                Waiting::Send(incoming) => {
                    // Nobody may find the parking empty before this is in its place.
                    let mut publishing = Publishing::new(&subscriptions, &parked.outbox, turn);
                    self.accept(incoming, &mut publishing, turn);
                    self.flush(&mut publishing, turn);
                }
                Waiting::Commit(operation) => {
                    turn.later(Work::Commit(operation));
                    turn.later(Work::Resume(Node::Topic(Arc::clone(self))));
                    break;
                }
            }
        }
        if self.commit_full(turn).is_none() {
            let commit = self.parking.lock().pop_commit(turn);
            if let Some(operation) = commit {
                turn.later(Work::Commit(operation));
                turn.later(Work::Resume(Node::Topic(Arc::clone(self))));
            }
        }
        self.note_resumed(turn);
    }

    /// The limit that holds a commit back.
    pub(crate) fn commit_full(&self, turn: &mut Turn<'_>) -> Option<Full> {
        let subscriptions = self.subscriptions();
        let in_memory = |s: &Arc<Subscription>| s.queue.cursor == Cursor::Memory;
        let memory = turn.broker.spool.is_none() || subscriptions.iter().any(in_memory);
        let demand = Demand {
            memory: memory && !subscriptions.is_empty(),
            beside_promises: true,
            jobs: self.is_for_jobs,
            store: self.is_for_jobs && turn.broker.store.is_some(),
            ..Demand::default()
        };
        fullness(demand, &self.usage, &self.policy(), turn)
    }

    fn note_resumed(self: &Arc<Self>, turn: &mut Turn<'_>) {
        let mut parking = self.parking.lock();
        if !parking.is_empty() {
            return;
        }
        if std::mem::take(&mut parking.listed) {
            turn.broker.unlist(&Node::Topic(Arc::clone(self)));
        }
        parking.log_resumed(&self.destination, turn.now.monotonic_ms);
    }

    pub(crate) fn forget_parked(self: &Arc<Self>, connection: u64, turn: &mut Turn<'_>) {
        let forgotten = self
            .parking
            .lock()
            .remove(turn, |parked| parked.outbox.id == connection);
        forgotten.into_iter().for_each(|parked| parked.forget(turn));
        self.note_resumed(turn);
    }

    /// Takes in a message that was admitted. It is charged at once, so that the next one is
    /// measured against what is left.
    fn accept(
        self: &Arc<Self>,
        incoming: Incoming,
        publishing: &mut Publishing<'_>,
        turn: &mut Turn<'_>,
    ) {
        let Incoming { message, reply, .. } = incoming;
        let outbox = publishing.outbox;
        let stored = publishing.stores && message.is_persistent();
        if turn.broker.is_repeated(&message) {
            turn.answer_again(outbox, reply, stored);
            return;
        }
        if message.is_expired(turn.now.wall_ms) {
            self.advise_expired(&message, turn);
            turn.answer(outbox, reply, Ok(()));
            return;
        }
        if stored {
            self.flush(publishing, turn);
            let node = Node::Topic(Arc::clone(self));
            Operation::new(vec![(node, message)], outbox, reply).apply(turn);
        } else {
            self.advise_arrival(&message, turn);
            publishing.transient.push(self.share(message));
            turn.answer(outbox, reply, Ok(()));
        }
    }

    /// Gives what was accepted to the subscriptions.
    fn flush(&self, publishing: &mut Publishing<'_>, turn: &mut Turn<'_>) {
        let sender = publishing.outbox.id;
        self.publish_transient(&publishing.transient, sender, true, turn);
        publishing.transient.clear();
    }

    /// Publishes one message on behalf of the broker itself.
    pub(crate) fn publish(self: &Arc<Self>, message: Message, turn: &mut Turn<'_>) {
        self.advise_arrival(&message, turn);
        let shared = [self.share(message)];
        self.publish_transient(&shared, u64::MAX, true, turn);
    }
}

impl std::fmt::Debug for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Topic")
            .field("destination", &self.destination)
            .finish()
    }
}
