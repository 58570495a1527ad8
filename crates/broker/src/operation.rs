//! Sends and acknowledgements that become final together: a committed transaction, a composite
//! send, or a message for several durable subscriptions.
//!
//! All queues concerned are locked in id order, everything is one batch of the store, and only
//! then is anything dispatched. An operation is admitted as a whole when none of its destinations
//! is full, so a transaction never waits on itself.

use crate::consumer::Consumer;
use crate::dead_letter::DeadLetter;
use crate::destination::Node;
use crate::flow::admission::{Treatment, treatment};
use crate::flow::parking::{Full, Parked, Waiting};
use crate::flow::usage::Promise;
use crate::outbox::Outbox;
use crate::queue::add::{Writes, record};
use crate::queue::in_flight::Mark;
use crate::queue::lane::Kept;
use crate::queue::{Queue, QueueState};
use crate::scheduler::{Firing, Jobs};
use crate::topic::{Shared, Topic};
use crate::turn::{Moved, Turn, Work};
use floodway_message::Message;
use floodway_message::session::{Failure, Reply, Xid};
use floodway_store::{Change, Targets};
use parking_lot::MutexGuard;
use std::collections::BTreeMap;
use std::sync::Arc;

/// See the module.
pub(crate) struct Operation {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) reply: Option<Reply>,
    /// The connection that sends.
    pub(crate) sender: u64,
    pub(crate) sends: Vec<(Node, Message)>,
    /// The transaction's.
    pub(crate) mark: Mark,
    pub(crate) acks: Vec<Acknowledged>,
    /// Once admitted it is not carried out but kept under this name.
    pub(crate) prepares: Option<Xid>,
    /// It was prepared: what forgets that in the store. It cannot be refused any more.
    settles: Option<Vec<Change>>,
    /// It sends on the message of a job.
    fires: Option<Firing>,
    /// Once it has waited: its place among the operations of its connection, and what it frees.
    waited: Option<Waited>,
    /// Messages that were accepted before are left out; they may not be written yet.
    repeats: bool,
}

/// Where a transaction has acknowledged deliveries.
#[derive(Clone)]
pub(crate) struct Acknowledged {
    pub(crate) queue: Arc<Queue>,
    /// Of whom; nobody's, when the branch was found again after a restart.
    pub(crate) consumer: Option<Arc<Consumer>>,
}

impl Acknowledged {
    pub(crate) fn is(&self, queue: &Arc<Queue>, consumer: &Arc<Consumer>) -> bool {
        let own = self.consumer.as_ref();
        Arc::ptr_eq(&self.queue, queue) && own.is_some_and(|own| Arc::ptr_eq(own, consumer))
    }

    /// The deliveries are open again.
    pub(crate) fn unmark(&self, mark: Mark, turn: &mut Turn<'_>) {
        self.queue.unmark(self.consumer.as_ref(), mark, turn);
    }
}

struct Waited {
    ticket: u64,
    /// Held for their drop.
    _promises: Vec<Promise>,
}

type Locked<'a> = BTreeMap<u64, (&'a Arc<Queue>, MutexGuard<'a, QueueState>)>;

impl Operation {
    /// Messages to be sent together.
    pub(crate) fn new(
        sends: Vec<(Node, Message)>,
        outbox: &Arc<Outbox>,
        reply: Option<Reply>,
    ) -> Self {
        Self {
            outbox: Arc::clone(outbox),
            reply,
            sender: outbox.id,
            sends,
            mark: 0,
            acks: Vec::new(),
            prepares: None,
            settles: None,
            fires: None,
            waited: None,
            repeats: false,
        }
    }

    /// With what a transaction has acknowledged.
    pub(crate) fn committing(self, mark: Mark, acks: Vec<Acknowledged>) -> Self {
        Self { mark, acks, ..self }
    }

    /// As the second phase of what `sender` prepared; `changes` forget the first.
    pub(crate) fn settling(self, sender: u64, changes: Vec<Change>) -> Self {
        let settles = Some(changes);
        Self {
            sender,
            settles,
            ..self
        }
    }

    /// As what becomes of a job whose time has come.
    pub(crate) fn firing(self, job: Firing) -> Self {
        let sender = self.sender;
        Self {
            fires: Some(job),
            ..self.settling(sender, Vec::new())
        }
    }

    /// Applies the operation, or lets it wait at, or be refused by, the first full destination.
    pub(crate) fn offer(mut self: Box<Self>, turn: &mut Turn<'_>) {
        let outbox = Arc::clone(&self.outbox);
        let ticket = self.waited.as_ref().map(|waited| waited.ticket);
        // Operations of one connection keep their order, wherever they wait.
        if let Some((node, full)) = outbox
            .waits_before(ticket)
            .or_else(|| self.own_before(ticket))
        {
            return self.park(&node, full, None, turn);
        }
        if self.first_full(turn).is_some() {
            self.promise();
        }
        match self.first_full(turn) {
            None => self.without_repeated(turn).apply(turn),
            Some((node, full)) => self.refuse_or_park(&node, full, turn),
        }
    }

    /// Where earlier sends of the same connection wait, which these must not overtake.
    fn own_before(&self, ticket: Option<u64>) -> Option<(Node, Full)> {
        if !self.outbox.has_parked() {
            return None;
        }
        self.sends.iter().find_map(|(node, _)| {
            let full = node.waits_for(self.outbox.id, ticket.unwrap_or(u64::MAX))?;
            Some((node.clone(), full))
        })
    }

    fn first_full(&self, turn: &mut Turn<'_>) -> Option<(Node, Full)> {
        self.sends.iter().find_map(|(node, _)| {
            let full = match node {
                Node::Queue(queue) => queue.commit_full(turn),
                Node::Topic(topic) => topic.commit_full(turn),
            };
            full.map(|full| (node.clone(), full))
        })
    }

    /// Its place among what waits of its connection; 0 before it has waited.
    pub(crate) fn ticket(&self) -> u64 {
        self.waited.as_ref().map_or(0, |waited| waited.ticket)
    }

    /// Makes known what the operation will free.
    fn promise(&mut self) {
        if self.waited.is_none() {
            let acks = self.acks.iter();
            let promises = acks.flat_map(|ack| ack.queue.promise(ack.consumer.as_ref(), self.mark));
            self.waited = Some(Waited {
                ticket: self.outbox.next_ticket(),
                _promises: promises.collect(),
            });
        }
    }

    fn refuse_or_park(self: Box<Self>, node: &Node, full: Full, turn: &mut Turn<'_>) {
        let policy = match node {
            Node::Queue(queue) => queue.policy(),
            Node::Topic(topic) => topic.policy(),
        };
        let deadline_ms = match treatment(&full, &policy, turn) {
            Treatment::Refuse => {
                let failure = match node {
                    Node::Queue(queue) => full.failure(&queue.destination, 0),
                    Node::Topic(topic) => full.failure(&topic.destination, 0),
                };
                return self.abandon(failure, turn);
            }
            Treatment::Park { deadline_ms } => deadline_ms,
        };
        self.park(node, full, deadline_ms, turn);
    }

    fn park(
        mut self: Box<Self>,
        node: &Node,
        full: Full,
        deadline_ms: Option<u64>,
        turn: &mut Turn<'_>,
    ) {
        self.promise();
        if let Some(waited) = &self.waited {
            self.outbox.waits(waited.ticket, node, &full);
        }
        let outbox = Arc::clone(&self.outbox);
        let since_ms = turn.now.monotonic_ms;
        let waiting = Waiting::Commit(self);
        let destination = match node {
            Node::Queue(queue) => queue.destination.clone(),
            Node::Topic(topic) => topic.destination.clone(),
        };
        let parked = Parked {
            outbox,
            destination,
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
    pub(crate) fn abandon(mut self, failure: Failure, turn: &mut Turn<'_>) {
        end(&self.outbox, self.waited.take(), turn);
        // The client knows of it before anything comes again.
        turn.answer(&self.outbox, self.reply, Err(failure));
        for ack in &self.acks {
            ack.unmark(self.mark, turn);
        }
    }

    /// Leaves out what was accepted before. Copies of one message have one number.
    fn without_repeated(mut self, turn: &Turn<'_>) -> Self {
        let count = self.sends.len();
        let mut known: BTreeMap<(String, u64), bool> = BTreeMap::new();
        self.sends.retain(|(_, message)| {
            let Some((producer, sequence)) = message.producer_sequence() else {
                return true;
            };
            let number = (producer.to_owned(), sequence);
            let repeated = known
                .entry(number)
                .or_insert_with(|| turn.broker.is_repeated(message));
            !*repeated
        });
        self.repeats = self.sends.len() < count;
        self
    }

    /// Does (or prepares) everything, whatever the limits say.
    pub(crate) fn apply(mut self, turn: &mut Turn<'_>) {
        let (outbox, waited) = (Arc::clone(&self.outbox), self.waited.take());
        match self.prepares.take() {
            Some(xid) => turn.broker.prepared.keep(xid, self, turn),
            None => self.carry_out(turn),
        }
        end(&outbox, waited, turn);
    }

    fn carry_out(mut self, turn: &mut Turn<'_>) {
        let (mut sends, expired) = self.targets(turn);
        let queues = involved(&sends, &self.acks);
        let mut locked: Locked<'_> = queues
            .values()
            .map(|queue| (queue.id, (queue, queue.lock())))
            .collect();
        if self.settles.is_some() {
            // Gone with its destination, as if that had been removed a little later.
            sends.retain(|send| send.gone(&locked).is_none());
        } else if let Some(failure) = sends.iter().find_map(|send| send.gone(&locked)) {
            drop(locked);
            return self.abandon(failure, turn);
        }
        let mut writes = Writes::default();
        let mut jobs = self.lock_jobs(&sends, turn);
        let places = (&mut locked, jobs.as_mut());
        let result = self.collect(&sends, places, &mut writes, turn);
        let has_batch =
            !locked.is_empty() || jobs.is_some() || self.settles.is_some() || self.repeats;
        let with_batch = expired.is_empty() && has_batch && result.is_ok();
        if with_batch {
            let durable = !writes.stored.is_empty() || self.repeats;
            writes.confirm(&self.outbox, self.reply, durable);
        }
        let written = writes.write(turn);
        if let Some(jobs) = jobs {
            jobs.finish();
        }
        if let Ok((stored, spooled)) = written {
            for (queue, state) in locked.values_mut() {
                queue.departures.note(stored, spooled);
                queue.dispatch_locked(state, turn);
            }
        }
        drop(locked);
        publish(&sends, self.sender, turn);
        if !with_batch {
            let result = result.and(written.map(|_| ()));
            let queues = queues.into_values().collect();
            self.bury(expired, queues, result, turn);
        }
    }

    /// Locks the jobs, after the queues, if any comes or goes.
    fn lock_jobs<'b>(&self, sends: &[Target], turn: &Turn<'b>) -> Option<Jobs<'b>> {
        let any = self.fires.is_some() || sends.iter().any(|send| matches!(send, Target::Job(_)));
        let broker = turn.broker;
        broker
            .scheduler
            .as_ref()
            .filter(|_| any)
            .map(|one| one.lock())
    }

    /// Takes everything in, and notes what is to be written.
    fn collect(
        &mut self,
        sends: &[Target],
        (locked, mut jobs): (&mut Locked<'_>, Option<&mut Jobs<'_>>),
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        let mut result = Ok(());
        for send in sends {
            // The number of one that was prepared is known since then.
            if self.settles.is_none() && send.message().is_persistent() {
                writes.number(send.message(), &self.outbox);
            }
            result = result.and_then(|()| match (send, jobs.as_mut()) {
                (Target::Job(message), Some(jobs)) => jobs.add(message, writes, turn),
                _ => send.take_in(locked, self.sender, writes, turn),
            });
        }
        for ack in &self.acks {
            if let Some((queue, state)) = locked.get_mut(&ack.queue.id) {
                queue.take_marked(state, (ack.consumer.as_ref(), self.mark), writes, turn);
            }
        }
        // What could not be taken in is there again after a restart.
        if let (Ok(()), Some(changes)) = (&result, &mut self.settles) {
            writes.stored.append(changes);
            if let (Some(jobs), Some(job)) = (jobs, self.fires.take()) {
                jobs.settle(job, writes, turn);
            }
        }
        result
    }

    /// Moves what has expired to dead letter queues, and answers when all that is written.
    fn bury(
        self,
        expired: Vec<(Arc<Queue>, Message)>,
        mut queues: Vec<Arc<Queue>>,
        result: Result<(), Failure>,
        turn: &mut Turn<'_>,
    ) {
        for (queue, message) in expired {
            let letter = DeadLetter::expired(Arc::new(message), &queue, None);
            turn.later(Work::DeadLetter(Box::new(letter)));
            queues.push(queue);
        }
        let (outbox, reply) = (self.outbox, self.reply);
        if let Err(failure) = result {
            return turn.answer(&outbox, reply, Err(failure));
        }
        turn.later(Work::Moved(Moved {
            outbox,
            reply,
            queues,
        }));
    }

    /// Takes the sends out, and apart from them those to queues that have expired.
    fn targets(&mut self, turn: &mut Turn<'_>) -> (Vec<Target>, Vec<(Arc<Queue>, Message)>) {
        let wall_ms = turn.now.wall_ms;
        let mut expired = Vec::new();
        let mut targets = Vec::with_capacity(self.sends.len());
        for (node, message) in std::mem::take(&mut self.sends) {
            let scheduler = turn.broker.scheduler.as_ref();
            match node {
                // Its life begins when it is due.
                node if scheduler.is_some_and(|one| one.is_node(&node)) => {
                    targets.push(Target::Job(message));
                }
                // What was prepared is not answered for a second time: it expires in its queue.
                _ if self.settles.is_some() || !message.is_expired(wall_ms) => {
                    targets.push(Target::new(node, message));
                }
                Node::Queue(queue) => expired.push((queue, message)),
                Node::Topic(topic) => topic.advise_expired(&message, turn),
            }
        }
        (targets, expired)
    }
}

/// An operation is over, one way or the other.
fn end(outbox: &Outbox, waited: Option<Waited>, turn: &Turn<'_>) {
    if let Some(waited) = waited
        && outbox.waits_no_more(waited.ticket)
    {
        turn.broker.signal.raise();
    }
}

/// A message and where it goes.
enum Target {
    Queue(Arc<Queue>, Message),
    Topic(Arc<Topic>, Shared),
    /// The scheduler.
    Job(Message),
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

    fn message(&self) -> &Message {
        match self {
            Self::Queue(_, message) | Self::Job(message) => message,
            Self::Topic(_, shared) => &shared.message,
        }
    }

    /// Why it cannot be sent any more.
    fn gone(&self, locked: &Locked<'_>) -> Option<Failure> {
        match self {
            Self::Queue(queue, _) => {
                let found = locked.get(&queue.id);
                let closed = found.is_none_or(|(_, state)| state.closed);
                closed.then(|| queue.gone())
            }
            Self::Topic(..) | Self::Job(_) => None,
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
                give_to_durables(topic, shared, locked, sender, writes, turn)
            }
            Self::Job(_) => Ok(()),
        }
    }
}

/// Gives a message to all durable subscriptions that want it; if it is stored, as one record.
fn give_to_durables(
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
        if state.closed || !subscription.wants(message, sender) {
            continue;
        }
        if !queue.stores(message, turn) {
            queue.take_shared(state, shared, writes, turn);
            continue;
        }
        let spot = queue.spot(state, (message, shared.usage()), turn)?;
        queue.note_expiration(state, message.expiration_ms(), turn);
        if let Some((Kept::Stored, target)) = spot.target() {
            targets.push(target);
        }
        if spot.keep {
            let message = Arc::clone(message);
            let entry = Queue::entry_with(message, shared.held(), spot.order, spot.place);
            state.push(spot.lane, entry.arriving(turn.now));
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
fn involved(sends: &[Target], acks: &[Acknowledged]) -> BTreeMap<u64, Arc<Queue>> {
    let mut queues = BTreeMap::new();
    let mut add = |queue: &Arc<Queue>| {
        queues.entry(queue.id).or_insert_with(|| Arc::clone(queue));
    };
    for send in sends {
        match send {
            Target::Queue(queue, _) => add(queue),
            Target::Topic(topic, _) => {
                let subscriptions = topic.subscriptions();
                let durables = subscriptions.iter().filter(|s| s.is_durable());
                durables.map(|s| &s.queue).for_each(&mut add);
            }
            Target::Job(_) => {}
        }
    }
    acks.iter().for_each(|ack| add(&ack.queue));
    queues
}

/// Gives messages to the subscriptions that are not durable.
fn publish(sends: &[Target], sender: u64, turn: &mut Turn<'_>) {
    for send in sends {
        if let Target::Topic(topic, shared) = send {
            topic.advise_arrival(&shared.message, turn);
            topic.publish_transient(std::slice::from_ref(shared), sender, false, turn);
        }
    }
}
