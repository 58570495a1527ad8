//! Sends that wait for space, in the order in which they came.
//!
//! What waits is counted against its connection, whose reader stops when that is too much; so
//! parked bytes are bounded. A producer's sends keep their order because whatever comes while
//! something waits, waits behind it.

use crate::advisory::{self, Blocked};
use crate::flow::admission::{Treatment, treatment};
use crate::latency::Latencies;
use crate::operation::Operation;
use crate::outbox::Outbox;
use crate::settings::PolicyEntry;
use crate::turn::{Turn, Work};
use floodway_message::session::{Event, Failure, FailureKind, ProducerId, Reply};
use floodway_message::{Destination, Message, Now};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

/// Memory that anything waiting takes besides its messages.
const OVERHEAD_BYTES: usize = 256;

/// A send on its way into a destination.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) message: Message,
    pub(crate) producer: ProducerId,
    pub(crate) reply: Option<Reply>,
}

/// What has no room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Full {
    /// A node of the memory usage tree.
    Memory {
        node: Box<str>,
        used_bytes: u64,
        limit_bytes: u64,
    },
    /// The store's limit, or the disk under it.
    Store { used_bytes: u64, limit_bytes: u64 },
    /// The spool's limit.
    Temp { used_bytes: u64, limit_bytes: u64 },
    /// The job scheduler's limit.
    Jobs { used_bytes: u64, limit_bytes: u64 },
    /// No limit: more waits to be written than the commit queue holds. Passes by itself.
    Congested,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory {
                node,
                used_bytes,
                limit_bytes,
            } => {
                write!(
                    f,
                    "memory limit of {node}: {used_bytes} of {limit_bytes} bytes used"
                )
            }
            Self::Store {
                used_bytes,
                limit_bytes,
            } => {
                write!(f, "store limit: {used_bytes} of {limit_bytes} bytes used")
            }
            Self::Temp {
                used_bytes,
                limit_bytes,
            } => {
                write!(f, "temp limit: {used_bytes} of {limit_bytes} bytes used")
            }
            Self::Jobs {
                used_bytes,
                limit_bytes,
            } => {
                let words = "job scheduler limit";
                write!(f, "{words}: {used_bytes} of {limit_bytes} bytes used")
            }
            Self::Congested => f.write_str("the store is still writing"),
        }
    }
}

impl Full {
    /// The refusal that a client gets: what is full and what to do about it.
    pub(crate) fn failure(&self, destination: &dyn fmt::Display, waited_ms: u64) -> Failure {
        let text = format!(
            "no space for a message to {destination}: {self}{}; consume messages from it, or raise \
             the limit",
            if waited_ms > 0 {
                format!(", waited {waited_ms} ms")
            } else {
                String::new()
            }
        );
        Failure::new(FailureKind::NoSpace, text)
    }
}

/// What waits.
pub(crate) enum Waiting {
    Send(Incoming),
    Commit(Box<Operation>),
}

/// One waiting send or commit.
pub(crate) struct Parked {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) destination: Destination,
    pub(crate) waiting: Waiting,
    pub(crate) since_ms: u64,
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) full: Full,
}

impl Parked {
    fn is_commit(&self) -> bool {
        matches!(self.waiting, Waiting::Commit(_))
    }

    pub(crate) fn producer(&self) -> ProducerId {
        match &self.waiting {
            Waiting::Send(incoming) => incoming.producer,
            Waiting::Commit(_) => ProducerId::MAX,
        }
    }

    /// Its connection and producer.
    fn who(&self) -> (u64, ProducerId) {
        (self.outbox.id, self.producer())
    }

    /// The time to wait is over.
    pub(crate) fn time_out(self, destination: &dyn fmt::Display, turn: &mut Turn<'_>) {
        let waited_ms = turn.now.monotonic_ms.saturating_sub(self.since_ms);
        let failure = self.full.failure(destination, waited_ms);
        tracing::info!(peer = %self.outbox.peer, "send refused: {failure}");
        self.refuse(failure, turn);
    }

    /// There is no use in waiting any longer.
    pub(crate) fn refuse(self, failure: Failure, turn: &mut Turn<'_>) {
        match self.waiting {
            Waiting::Send(incoming) => turn.answer(&self.outbox, incoming.reply, Err(failure)),
            Waiting::Commit(operation) => turn.later(Work::Abandon(operation, failure)),
        }
    }

    /// Its connection is gone: what a commit would have acknowledged is open again.
    pub(crate) fn forget(self, turn: &mut Turn<'_>) {
        if let Waiting::Commit(operation) = self.waiting {
            let failure = Failure::new(FailureKind::Invalid, "the connection is closed");
            turn.later(Work::Abandon(operation, failure));
        }
    }

    fn bytes(&self) -> usize {
        match &self.waiting {
            Waiting::Send(incoming) => kept_bytes(&incoming.message),
            Waiting::Commit(operation) => {
                let messages = operation.sends.iter().map(|(_, message)| message);
                messages.map(kept_bytes).sum::<usize>() + OVERHEAD_BYTES
            }
        }
    }
}

/// Memory that a waiting message takes.
fn kept_bytes(message: &Message) -> usize {
    message.head().len() + message.body().len() + OVERHEAD_BYTES
}

/// What one producer, or one commit, has waiting at one destination.
pub(crate) struct ParkedView {
    pub(crate) outbox: Arc<Outbox>,
    /// `None` for a commit.
    pub(crate) producer: Option<ProducerId>,
    pub(crate) full: Full,
    pub(crate) waited_ms: u64,
    pub(crate) sends: usize,
    pub(crate) bytes: usize,
}

/// The sends that wait at one destination.
#[derive(Default)]
pub(crate) struct Parking {
    /// With the ticket that each got from its connection.
    fifo: VecDeque<(u64, Parked)>,
    /// How many of them are commits.
    commits: usize,
    /// No deadline is before this; `None` if there is none.
    due_ms: Option<u64>,
    /// Listed among the destinations where something waits.
    pub(crate) listed: bool,
    warned_ms: Option<u64>,
    /// When the first of an unbroken row of waiting sends was parked, and whether it was logged.
    blocked_since_ms: Option<u64>,
    logged: bool,
    /// How long what left here had waited, however it ended; milliseconds. Most destinations have
    /// nothing here, ever.
    times: Option<Box<Latencies>>,
}

impl Parking {
    /// How long those waited that wait no more.
    pub(crate) fn times(&self) -> Latencies {
        self.times.as_deref().copied().unwrap_or_default()
    }

    pub(crate) fn reset_times(&mut self) {
        self.times = None;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fifo.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.fifo.len()
    }

    /// Who waits, in the order of their first send.
    pub(crate) fn view(&self, now: Now) -> Vec<ParkedView> {
        let mut told: Vec<ParkedView> = Vec::new();
        let mut places = BTreeMap::new();
        for (_, parked) in &self.fifo {
            let key = (parked.outbox.id, parked.producer());
            let place = *places.entry(key).or_insert(told.len());
            if let Some(known) = told.get_mut(place) {
                known.sends += 1;
                known.bytes += parked.bytes();
                continue;
            }
            told.push(ParkedView {
                outbox: Arc::clone(&parked.outbox),
                producer: matches!(parked.waiting, Waiting::Send(_)).then(|| parked.producer()),
                full: parked.full.clone(),
                waited_ms: now.monotonic_ms.saturating_sub(parked.since_ms),
                sends: 1,
                bytes: parked.bytes(),
            });
        }
        told
    }

    pub(crate) fn front(&self) -> Option<&Parked> {
        self.fifo.front().map(|(_, parked)| parked)
    }

    pub(crate) fn push(
        &mut self,
        parked: Parked,
        place: (&Destination, &PolicyEntry),
        turn: &mut Turn<'_>,
    ) {
        self.blocked_since_ms.get_or_insert(parked.since_ms);
        let producer = parked.producer();
        if parked
            .outbox
            .park(producer, parked.bytes(), turn.now.monotonic_ms)
        {
            turn.push(&parked.outbox, Event::Pause { producer });
            Blocked::notice_parked(&parked, place, turn);
            advisory::Waiting::notice(&parked, false, turn);
        }
        let ticket = match &parked.waiting {
            Waiting::Send(_) => parked.outbox.next_ticket(),
            Waiting::Commit(operation) => operation.ticket(),
        };
        self.commits += usize::from(parked.is_commit());
        self.note_deadline(parked.deadline_ms);
        self.fifo.push_back((ticket, parked));
    }

    fn note_deadline(&mut self, deadline_ms: Option<u64>) {
        if let Some(deadline_ms) = deadline_ms {
            self.due_ms = Some(self.due_ms.map_or(deadline_ms, |due| due.min(deadline_ms)));
        }
    }

    /// Something leaves.
    fn note_left(&mut self, parked: &Parked, turn: &mut Turn<'_>) {
        self.commits -= usize::from(parked.is_commit());
        let waited_ms = Self::released(parked, turn);
        self.times.get_or_insert_default().note(waited_ms);
    }

    pub(crate) fn pop(&mut self, turn: &mut Turn<'_>) -> Option<Parked> {
        let (_, parked) = self.fifo.pop_front()?;
        self.note_left(&parked, turn);
        Some(parked)
    }

    /// What waits because the store was busy has met a limit. It is treated as if it came now: it
    /// waits for that limit, and that is said; or the first of it is given back, to be refused.
    pub(crate) fn meet(
        &mut self,
        full: &Full,
        place: (&Destination, &PolicyEntry),
        turn: &mut Turn<'_>,
    ) -> Option<Parked> {
        let is_congested = |parked: &Parked| parked.full == Full::Congested;
        if *full == Full::Congested || !self.front().is_some_and(is_congested) {
            return None;
        }
        let Treatment::Park { deadline_ms } = treatment(full, place.1, turn) else {
            Blocked::notice(full, self.front()?.who(), place, turn);
            return self.pop(turn);
        };
        self.note_deadline(deadline_ms);
        let mut told = BTreeSet::new();
        for (_, parked) in &mut self.fifo {
            if parked.full != Full::Congested {
                continue;
            }
            parked.full = full.clone();
            parked.deadline_ms = deadline_ms;
            if told.insert(parked.who()) {
                Blocked::notice_parked(parked, place, turn);
                advisory::Waiting::notice(parked, false, turn);
            }
        }
        self.warn(place, turn);
        None
    }

    /// Says in the log that the first of those who wait is blocked, if it is time to.
    pub(crate) fn warn(
        &mut self,
        (destination, policy): (&Destination, &PolicyEntry),
        turn: &mut Turn<'_>,
    ) {
        let Some((full, outbox)) = self
            .front()
            .map(|one| (one.full.clone(), one.outbox.clone()))
        else {
            return;
        };
        let now_ms = turn.now.monotonic_ms;
        let interval_ms = policy.blocked_producer_warning_interval_ms;
        if full != Full::Congested && self.warns(now_ms, interval_ms) {
            self.log_blocked(&full, destination, &outbox, now_ms);
            turn.later(Work::Explain(destination.clone()));
        }
    }

    /// The limit that something of a connection waits for here, if it came before the ticket.
    pub(crate) fn waits_for(&self, connection: u64, ticket: u64) -> Option<Full> {
        let mut waiting = self.fifo.iter();
        let is_before =
            |(own, parked): &&(u64, Parked)| parked.outbox.id == connection && *own < ticket;
        let (_, own) = waiting.find(is_before)?;
        Some(own.full.clone())
    }

    /// Takes out the first commit of a connection of which nothing else waits before it.
    pub(crate) fn pop_commit(&mut self, turn: &mut Turn<'_>) -> Option<Box<Operation>> {
        if self.commits == 0 {
            return None;
        }
        let mut connections = BTreeSet::new();
        let at = self.fifo.iter().position(|(_, parked)| {
            let is_first = connections.insert(parked.outbox.id);
            is_first && matches!(parked.waiting, Waiting::Commit(_))
        })?;
        let (_, parked) = self.fifo.remove(at)?;
        self.note_left(&parked, turn);
        match parked.waiting {
            Waiting::Commit(operation) => Some(operation),
            Waiting::Send(_) => None,
        }
    }

    /// Takes out all that a test says.
    pub(crate) fn remove(
        &mut self,
        turn: &mut Turn<'_>,
        test: impl Fn(&Parked) -> bool,
    ) -> Vec<Parked> {
        let mut removed = Vec::new();
        let mut kept = VecDeque::with_capacity(self.fifo.len());
        for (ticket, parked) in std::mem::take(&mut self.fifo) {
            if test(&parked) {
                self.note_left(&parked, turn);
                removed.push(parked);
            } else {
                kept.push_back((ticket, parked));
            }
        }
        self.fifo = kept;
        removed
    }

    /// Tells whoever is concerned; gives back how long it waited, milliseconds.
    fn released(parked: &Parked, turn: &mut Turn<'_>) -> u64 {
        let producer = parked.producer();
        if parked
            .outbox
            .unpark(producer, parked.bytes(), turn.now.monotonic_ms)
        {
            turn.push(&parked.outbox, Event::Resume { producer });
            advisory::Waiting::notice(parked, true, turn);
        }
        if parked
            .outbox
            .reader_released(turn.broker.settings.parked_send_limit_bytes)
        {
            turn.touch(&parked.outbox);
        }
        turn.now.monotonic_ms.saturating_sub(parked.since_ms)
    }

    /// Sends whose time to wait is over.
    pub(crate) fn overdue(&mut self, turn: &mut Turn<'_>) -> Vec<Parked> {
        let now = turn.now.monotonic_ms;
        if self.due_ms.is_none_or(|due| due > now) {
            return Vec::new();
        }
        let is_due = |parked: &Parked| parked.deadline_ms.is_some_and(|deadline| deadline <= now);
        let overdue = self.remove(turn, is_due);
        let left = self.fifo.iter();
        self.due_ms = left.filter_map(|(_, parked)| parked.deadline_ms).min();
        overdue
    }

    /// Should a blocked producer be logged now? At the first, then once per interval (0: never
    /// again).
    pub(crate) fn warns(&mut self, now_ms: u64, interval_ms: u64) -> bool {
        let due = match self.warned_ms {
            None => true,
            Some(warned) => interval_ms > 0 && now_ms.saturating_sub(warned) >= interval_ms,
        };
        if due {
            self.warned_ms = Some(now_ms);
            self.logged = true;
        }
        due
    }

    /// Says in the log who is blocked, on what, and since when.
    pub(crate) fn log_blocked(
        &self,
        full: &Full,
        destination: &dyn fmt::Display,
        outbox: &Outbox,
        now_ms: u64,
    ) {
        let seconds = self
            .blocked_since_ms
            .map_or(0, |since| now_ms.saturating_sub(since) / 1000);
        tracing::warn!(
            "Usage Manager: {full}, reached on {destination}; producer on {} is blocked (for \
             {seconds} s, {} sends wait) until messages are consumed or the limit is raised \
             (producer flow control)",
            outbox.peer,
            self.fifo.len(),
        );
    }

    /// Nothing waits any more: if the blocking was logged, says how long it took.
    pub(crate) fn log_resumed(&mut self, destination: &dyn fmt::Display, now_ms: u64) {
        let Some(since) = self.blocked_since_ms.take() else {
            return;
        };
        if std::mem::take(&mut self.logged) {
            let seconds = now_ms.saturating_sub(since) as f64 / 1000.0;
            tracing::info!("producers on {destination} resumed after {seconds:.1} s");
        }
    }
}
