//! What waits to be told to one connection: events, and receipts that wait for the store.
//!
//! The connection is woken once per turn, not per event. Events hold references to messages, so
//! their number is bounded by the consumers' prefetch windows and the sends in flight.

use crate::destination::Node;
use crate::flow::parking::Full;
use floodway_message::Message;
use floodway_message::session::{
    ConsumerId, Delivery, DeliveryId, Event, Failure, ProducerId, Reply,
};
use floodway_store::BatchNumber;
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Called when events wait; must be cheap and must not call back into the core.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// Producers of one connection that are counted one by one.
pub(crate) const PRODUCERS_COUNTED_MAX: usize = 10_000;

/// The way back to one connection.
pub(crate) struct Outbox {
    /// Unique for the life of the broker.
    pub(crate) id: u64,
    /// Address of the peer, for people to read.
    pub(crate) peer: Box<str>,
    /// Name of the connector that it came by; empty if none.
    pub(crate) connector: Box<str>,
    /// It acts for an operator: see [`Broker::administer`](crate::Broker::administer).
    pub(crate) administers: bool,
    wake: Wake,
    state: Mutex<State>,
    parked_bytes: AtomicUsize,
    reader_waits: AtomicBool,
    resends: AtomicBool,
    client: OnceLock<Client>,
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Origin<'a> {
    pub(crate) peer: &'a str,
    pub(crate) connector: &'a str,
    pub(crate) administers: bool,
}

/// How a client named itself.
pub(crate) struct Client {
    pub(crate) id: Arc<str>,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) protocol: &'static str,
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// Replies in the order of their batches.
    awaiting: VecDeque<(BatchNumber, Reply)>,
    /// Listed among those whom the next commit concerns.
    listed: bool,
    /// A wake-up is on its way or events have not been taken since.
    woken: bool,
    closed: bool,
    parked: BTreeMap<ProducerId, usize>,
    blocked: BTreeMap<ProducerId, Blocked>,
    /// Operations that wait, by ticket: where, and for which limit.
    operations: BTreeMap<u64, (Node, Full)>,
    tickets: u64,
}

/// How much a producer has waited for space.
#[derive(Debug, Clone, Copy, Default)]
struct Blocked {
    /// Sends that waited.
    sends: u64,
    /// Milliseconds, but for the time since the last one began.
    ended_ms: u64,
    since_ms: Option<u64>,
}

impl Blocked {
    fn until(&self, now_ms: u64) -> u64 {
        let since = self.since_ms.map(|since| now_ms.saturating_sub(since));
        self.ended_ms + since.unwrap_or_default()
    }
}

impl State {
    fn note_parked(&mut self, producer: ProducerId, now_ms: u64) {
        let is_known = self.blocked.contains_key(&producer);
        if is_known || self.blocked.len() < PRODUCERS_COUNTED_MAX {
            let blocked = self.blocked.entry(producer).or_default();
            blocked.sends += 1;
            blocked.since_ms.get_or_insert(now_ms);
        }
    }

    fn note_resumed(&mut self, producer: ProducerId, now_ms: u64) {
        if let Some(blocked) = self.blocked.get_mut(&producer) {
            blocked.ended_ms = blocked.until(now_ms);
            blocked.since_ms = None;
        }
    }

    fn release(&mut self, durable: BatchNumber) -> bool {
        let mut released = false;
        while let Some((batch, reply)) = self.awaiting.front().copied() {
            if batch > durable {
                break;
            }
            self.awaiting.pop_front();
            self.events.push_back(Event::Done { reply });
            released = true;
        }
        released
    }
}

impl Outbox {
    pub(crate) fn new(id: u64, origin: Origin<'_>, wake: Wake) -> Arc<Self> {
        Arc::new(Self {
            id,
            peer: origin.peer.into(),
            connector: origin.connector.into(),
            administers: origin.administers,
            wake,
            state: Mutex::new(State::default()),
            parked_bytes: AtomicUsize::new(0),
            reader_waits: AtomicBool::new(false),
            resends: AtomicBool::new(false),
            client: OnceLock::new(),
        })
    }

    /// The client has named itself.
    pub(crate) fn named(&self, client: Client) {
        // The first name stays.
        self.client.set(client).ok();
    }

    pub(crate) fn client(&self) -> Option<&Client> {
        self.client.get()
    }

    /// The client will send again, after a reconnect, what was not answered.
    pub(crate) fn set_resends(&self, resends: bool) {
        self.resends.store(resends, Ordering::Relaxed);
    }

    pub(crate) fn resends(&self) -> bool {
        self.resends.load(Ordering::Relaxed)
    }

    /// Something of the connection waits for room.
    pub(crate) fn has_parked(&self) -> bool {
        !self.state.lock().parked.is_empty()
    }

    /// A place behind all operations of the connection that have waited.
    pub(crate) fn next_ticket(&self) -> u64 {
        let mut state = self.state.lock();
        state.tickets += 1;
        state.tickets
    }

    /// Where the first operation waits that comes before one with this ticket, or before a new one.
    pub(crate) fn waits_before(&self, ticket: Option<u64>) -> Option<(Node, Full)> {
        let state = self.state.lock();
        let (first, place) = state.operations.first_key_value()?;
        let is_before = ticket.is_none_or(|ticket| *first < ticket);
        is_before.then(|| place.clone())
    }

    /// An operation waits.
    pub(crate) fn waits(&self, ticket: u64, node: &Node, full: &Full) {
        let place = (node.clone(), full.clone());
        self.state.lock().operations.insert(ticket, place);
    }

    /// An operation is over; `true` if others waited behind it.
    pub(crate) fn waits_no_more(&self, ticket: u64) -> bool {
        let mut state = self.state.lock();
        state.operations.remove(&ticket).is_some() && !state.operations.is_empty()
    }

    /// Appends an event; `true` when the connection must be woken for it.
    pub(crate) fn push(&self, event: Event) -> bool {
        let mut state = self.state.lock();
        if state.closed {
            return false;
        }
        match (state.events.back_mut(), &event) {
            // Only the newest counts, so that a peer that does not read keeps one.
            (Some(last @ Event::PeerBrokers { .. }), Event::PeerBrokers { .. }) => *last = event,
            _ => state.events.push_back(event),
        }
        !std::mem::replace(&mut state.woken, true)
    }

    /// Appends a delivery and numbers it; the numbers of a consumer are in the order of events.
    pub(crate) fn deliver(
        &self,
        consumer: ConsumerId,
        numbers: &AtomicU64,
        message: &Arc<Message>,
        redeliveries: u32,
    ) -> (DeliveryId, bool) {
        let mut state = self.state.lock();
        let delivery = numbers.fetch_add(1, Ordering::Relaxed);
        if state.closed {
            return (delivery, false);
        }
        let message = Arc::clone(message);
        state.events.push_back(Event::Delivery(Delivery {
            consumer,
            delivery,
            message,
            redeliveries,
        }));
        (delivery, !std::mem::replace(&mut state.woken, true))
    }

    /// Appends the answer to a command.
    pub(crate) fn answer(&self, reply: Option<Reply>, result: Result<(), Failure>) -> bool {
        match (reply, result) {
            (Some(reply), Ok(())) => self.push(Event::Done { reply }),
            (None, Ok(())) => false,
            (reply, Err(failure)) => self.push(Event::Failed { reply, failure }),
        }
    }

    /// Holds a reply back until its batch is durable; `true` when the outbox must be listed for
    /// the next commit.
    pub(crate) fn answer_after(&self, batch: BatchNumber, reply: Reply) -> bool {
        let mut state = self.state.lock();
        if state.closed {
            return false;
        }
        state.awaiting.push_back((batch, reply));
        !std::mem::replace(&mut state.listed, true)
    }

    /// Releases replies of an outbox that stays listed for the next commit.
    pub(crate) fn release_listed(&self, durable: BatchNumber) -> bool {
        let mut state = self.state.lock();
        let released = state.release(durable);
        released && !std::mem::replace(&mut state.woken, true)
    }

    /// Releases the replies of batches up to `durable`. Returns whether to wake the connection,
    /// and whether the outbox stays listed.
    pub(crate) fn release(&self, durable: BatchNumber) -> (bool, bool) {
        let mut state = self.state.lock();
        let released = state.release(durable);
        state.listed = !state.awaiting.is_empty();
        let wake = released && !std::mem::replace(&mut state.woken, true);
        (wake, state.listed)
    }
    /// Fails all replies that wait for the store.
    pub(crate) fn fail_awaiting(&self, failure: &Failure) {
        let mut state = self.state.lock();
        let awaiting = std::mem::take(&mut state.awaiting);
        for (_, reply) in awaiting {
            let failure = failure.clone();
            state.events.push_back(Event::Failed {
                reply: Some(reply),
                failure,
            });
        }
        state.listed = false;
        state.woken = true;
        drop(state);
        self.wake();
    }

    /// Moves at most `max` events; `true` when more wait.
    pub(crate) fn take(&self, events: &mut Vec<Event>, max: usize) -> bool {
        let mut state = self.state.lock();
        let count = state.events.len().min(max);
        events.extend(state.events.drain(..count));
        state.woken = !state.events.is_empty();
        if state.events.is_empty() && state.events.capacity() > 4096 {
            state.events.shrink_to(256);
        }
        state.woken
    }

    pub(crate) fn wake(&self) {
        (self.wake)();
    }

    /// Counts a send of a producer that waits for space; `true` for the producer's first.
    pub(crate) fn park(&self, producer: ProducerId, bytes: usize, now_ms: u64) -> bool {
        self.parked_bytes.fetch_add(bytes, Ordering::Relaxed);
        let mut state = self.state.lock();
        state.note_parked(producer, now_ms);
        let count = state.parked.entry(producer).or_default();
        *count += 1;
        *count == 1
    }

    /// Takes back [`Outbox::park`]; `true` when nothing of the producer waits any more.
    pub(crate) fn unpark(&self, producer: ProducerId, bytes: usize, now_ms: u64) -> bool {
        self.parked_bytes.fetch_sub(bytes, Ordering::Relaxed);
        let mut state = self.state.lock();
        let Some(count) = state.parked.get_mut(&producer) else {
            return false;
        };
        *count -= 1;
        if *count > 0 {
            return false;
        }
        state.parked.remove(&producer);
        state.note_resumed(producer, now_ms);
        true
    }

    /// Sends of a producer that waited for space, and for how many milliseconds it was blocked.
    pub(crate) fn blocked(&self, producer: ProducerId, now_ms: u64) -> (u64, u64) {
        let state = self.state.lock();
        let blocked = state.blocked.get(&producer);
        blocked.map_or((0, 0), |one| (one.sends, one.until(now_ms)))
    }

    /// Counts what a producer waits from 0 again.
    pub(crate) fn reset_blocked(&self, producer: ProducerId, now_ms: u64) {
        let mut state = self.state.lock();
        if let Some(blocked) = state.blocked.remove(&producer)
            && blocked.since_ms.is_some()
        {
            let waits = Blocked {
                since_ms: Some(now_ms),
                ..Blocked::default()
            };
            state.blocked.insert(producer, waits);
        }
    }

    /// Deliveries that wait to be told.
    pub(crate) fn waiting(&self) -> usize {
        let state = self.state.lock();
        let events = state.events.iter();
        events
            .filter(|event| matches!(event, Event::Delivery(_)))
            .count()
    }

    /// `true` while sends that wait for space hold more than `limit` bytes; the reader then
    /// waits for a wake-up.
    pub(crate) fn must_wait(&self, limit: usize) -> bool {
        if self.parked_bytes.load(Ordering::Relaxed) <= limit {
            return false;
        }
        self.reader_waits.store(true, Ordering::SeqCst);
        // Looked at again: the bytes may have gone between the two lines above.
        self.parked_bytes.load(Ordering::SeqCst) > limit
    }

    /// `true` once when a waiting reader may go on.
    pub(crate) fn reader_released(&self, limit: usize) -> bool {
        self.reader_waits.load(Ordering::Relaxed)
            && self.parked_bytes.load(Ordering::SeqCst) <= limit
            && self.reader_waits.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        *state = State {
            closed: true,
            ..State::default()
        };
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox")
            .field("id", &self.id)
            .field("peer", &self.peer)
            .finish()
    }
}
