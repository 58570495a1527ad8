//! A queue: pending messages, the consumers they are dispatched to, and the sends that wait for
//! room. A topic subscription, durable or not, is a queue of its own that the topic feeds.
//!
//! All state is behind one lock that is never held across input or output; whoever touches the
//! queue runs it to completion.

use crate::consumer::Consumer;
use crate::entry::{Entry, Held, Place};
use crate::flow::parking::Parking;
use crate::flow::usage::{Charge, Usage};
use crate::forward::Forwards;
use crate::latency::Latencies;
use crate::policy::LivePolicy;
use crate::rates::{Slope, time_ms};
use crate::settings::{Cursor, PolicyEntry};
use arc_swap::Guard;
use floodway_message::{Destination, Message, Now};
use floodway_store::ListId;
use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) mod acknowledge;
pub(crate) mod add;
pub(crate) mod attach;
pub(crate) mod browse;
pub(crate) mod dispatch;
pub(crate) mod evict;
pub(crate) mod expire;
pub(crate) mod in_flight;
pub(crate) mod lane;
pub(crate) mod page;
pub(crate) mod passing;
pub(crate) mod priority;
pub(crate) mod send;

use browse::Browse;
use in_flight::{InFlight, Mark};
use lane::Lane;

/// Whose messages these are.
#[derive(Debug, Clone)]
pub(crate) enum Role {
    /// A queue destination.
    Queue,
    /// A topic subscription that ends with its consumer.
    Subscription,
    /// A durable subscription.
    Durable { client_id: Arc<str>, name: Arc<str> },
}

/// What the next page of a queue may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Messages that are not written yet.
    Written,
    /// Room in memory.
    Room,
}

/// See the module.
pub(crate) struct Queue {
    /// Unique for the life of the broker; the order in which several queues are locked.
    pub(crate) id: u64,
    /// The queue, or the topic (or topic pattern) subscribed to.
    pub(crate) destination: Destination,
    pub(crate) role: Role,
    pub(crate) usage: Arc<Usage>,
    pub(crate) policy: Arc<LivePolicy>,
    pub(crate) cursor: Cursor,
    pub(crate) forwards: Option<Forwards>,
    /// Messages wait in the spool.
    spooling: AtomicBool,
    /// Messages of an earlier life, to be kept in memory only, are still being read.
    reading_back: AtomicBool,
    /// Nothing is dispatched, because an operator said so.
    paused: AtomicBool,
    waits_written: AtomicBool,
    waits_room: AtomicBool,
    /// Its consumers are looked at from time to time.
    watched: AtomicBool,
    /// What has left and is not removed from disk yet.
    pub(crate) departures: passing::Departures,
    state: Mutex<QueueState>,
}

/// What the lock guards.
pub(crate) struct QueueState {
    /// One per priority where messages are prioritized (index = priority), else one.
    pub(crate) lanes: Vec<Lane>,
    pub(crate) next_order: u64,
    pub(crate) attachments: Vec<Attachment>,
    /// Acknowledged in open or prepared transactions by consumers that were closed since.
    pub(crate) promised: Vec<Promised>,
    /// Where the next round of dispatch begins.
    pub(crate) next_attachment: usize,
    pub(crate) browsers: Vec<Browse>,
    pub(crate) parking: Parking,
    /// Owner of each message group, by consumer and connection.
    pub(crate) groups: BTreeMap<Arc<str>, Owner>,
    /// Messages in memory that expire, by time: (expiration, lane, order).
    pub(crate) expiring: BTreeSet<(i64, u8, u64)>,
    /// Lowest order that may be dispatchable again, for consumers with selectors or groups.
    pub(crate) rescan_from: u64,
    /// Messages that were passed over may be wanted again.
    pub(crate) rewind_wanted: bool,
    /// The same, but a consumer has so little room that it can wait for the next tick.
    pub(crate) rewind_later: bool,
    pub(crate) in_flight_count: usize,
    /// No dispatch before this time (monotonic), once a first consumer came.
    pub(crate) dispatch_after_ms: u64,
    pub(crate) limit_pending: Option<u64>,
    pub(crate) idle_since_ms: u64,
    pub(crate) expiry_registered_ms: i64,
    pub(crate) closed: bool,
    pub(crate) counts: Counts,
    /// How fast messages come, and go.
    pub(crate) rates: (Slope, Slope),
}

/// The consumer that owns a message group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) connection: u64,
    pub(crate) consumer: u64,
}

/// A consumer at this queue.
pub(crate) struct Attachment {
    pub(crate) consumer: Arc<Consumer>,
    pub(crate) in_flight: InFlight,
    /// Lowest rank ([`QueueState::rank`]) that it would have taken but for want of room.
    pub(crate) wanted_from: u64,
}

/// A delivery that an open or prepared transaction has acknowledged, of a consumer that was closed.
pub(crate) struct Promised {
    pub(crate) tx: Mark,
    pub(crate) entry: Entry,
}

/// Totals since the start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) enqueued: u64,
    pub(crate) dispatched: u64,
    pub(crate) dequeued: u64,
    pub(crate) expired: u64,
    pub(crate) discarded: u64,
    /// Sends that were one too many for their transaction.
    pub(crate) uncommitted_exceeded: u64,
    /// Bytes of messages that were accepted, as charged.
    pub(crate) sizes: Spread,
    /// Milliseconds from a message's arrival to its acknowledgement.
    pub(crate) waits: Latencies,
    /// Milliseconds from a message's arrival to each of its deliveries.
    pub(crate) held: Spread,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.enqueued += other.enqueued;
        self.dispatched += other.dispatched;
        self.dequeued += other.dequeued;
        self.expired += other.expired;
        self.discarded += other.discarded;
        self.uncommitted_exceeded += other.uncommitted_exceeded;
        self.sizes.add(other.sizes);
        self.waits.add(&other.waits);
        self.held.add(other.held);
    }

    /// Counts a delivery to a client.
    pub(crate) fn dispatch(&mut self, entry: &Entry, now: Now) {
        self.dispatched += 1;
        if let Some(age_ms) = entry.age_ms(now) {
            self.held.note(age_ms);
        }
    }

    /// Counts an acknowledged message.
    pub(crate) fn dequeue(&mut self, entry: &Entry, now: Now) {
        self.dequeued += 1;
        if let Some(age_ms) = entry.age_ms(now) {
            self.waits.note(age_ms);
        }
    }
}

/// Number, sum and range of some values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spread {
    /// Number of values.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
    /// The least; 0 if there is none.
    pub min: u64,
    /// The greatest.
    pub max: u64,
}

impl Spread {
    pub(crate) fn note(&mut self, value: u64) {
        self.add(Self {
            count: 1,
            sum: value,
            min: value,
            max: value,
        });
    }

    /// Puts two sets of values together.
    pub fn add(&mut self, other: Self) {
        self.min = match (self.count, other.count) {
            (0, _) => other.min,
            (_, 0) => self.min,
            _ => self.min.min(other.min),
        };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
    }
}

/// What a queue is made of.
pub(crate) struct QueueParts {
    pub(crate) id: u64,
    pub(crate) destination: Destination,
    pub(crate) role: Role,
    pub(crate) usage: Arc<Usage>,
    pub(crate) policy: Arc<LivePolicy>,
    pub(crate) cursor: Cursor,
    pub(crate) forwards: Option<Forwards>,
    pub(crate) now_ms: u64,
}

impl Queue {
    pub(crate) fn new(parts: QueueParts) -> Arc<Self> {
        let lanes = if parts.policy.get().prioritized_messages {
            10
        } else {
            1
        };
        let state = QueueState {
            lanes: (0..lanes).map(|_| Lane::default()).collect(),
            next_order: 0,
            attachments: Vec::new(),
            promised: Vec::new(),
            next_attachment: 0,
            browsers: Vec::new(),
            parking: Parking::default(),
            groups: BTreeMap::new(),
            expiring: BTreeSet::new(),
            rescan_from: 0,
            rewind_wanted: false,
            rewind_later: false,
            in_flight_count: 0,
            dispatch_after_ms: 0,
            limit_pending: None,
            idle_since_ms: parts.now_ms,
            expiry_registered_ms: i64::MAX,
            closed: false,
            counts: Counts::default(),
            rates: Default::default(),
        };
        Arc::new(Self {
            id: parts.id,
            destination: parts.destination,
            role: parts.role,
            usage: parts.usage,
            policy: parts.policy,
            cursor: parts.cursor,
            forwards: parts.forwards,
            spooling: AtomicBool::new(false),
            reading_back: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            waits_written: AtomicBool::new(false),
            waits_room: AtomicBool::new(false),
            watched: AtomicBool::new(false),
            departures: passing::Departures::default(),
            state: Mutex::new(state),
        })
    }

    /// Do messages wait in the spool?
    pub(crate) fn is_spooling(&self) -> bool {
        self.spooling.load(Ordering::Relaxed)
    }

    pub(crate) fn set_spooling(&self, spooling: bool) {
        self.spooling.store(spooling, Ordering::Relaxed);
    }

    /// Is dispatch stopped, until an operator lets it go on?
    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    pub(crate) fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    /// Are messages of an earlier life, to be kept in memory only, still being read?
    pub(crate) fn is_reading_back(&self) -> bool {
        self.reading_back.load(Ordering::Relaxed)
    }

    /// `true` if the last of them has just been read.
    pub(crate) fn note_reading_back(&self, state: &QueueState) -> bool {
        let unread = |lane: &Lane| !lane.stored.is_empty();
        let reading = self.cursor == Cursor::Memory && state.lanes.iter().any(unread);
        self.reading_back.swap(reading, Ordering::Relaxed) && !reading
    }

    /// `false` if the queue waits for that already.
    pub(crate) fn start_waiting(&self, what: Waits) -> bool {
        !self.flag(what).swap(true, Ordering::SeqCst)
    }

    pub(crate) fn is_waiting(&self, what: Waits) -> bool {
        self.flag(what).load(Ordering::SeqCst)
    }

    pub(crate) fn stop_waiting(&self, what: Waits) {
        self.flag(what).store(false, Ordering::SeqCst);
    }

    /// `false` if its consumers are watched already.
    pub(crate) fn start_watching(&self) -> bool {
        !self.watched.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn stop_watching(&self) {
        self.watched.store(false, Ordering::Relaxed);
    }

    fn flag(&self, what: Waits) -> &AtomicBool {
        match what {
            Waits::Written => &self.waits_written,
            Waits::Room => &self.waits_room,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock()
    }

    /// The policy that applies now.
    #[inline]
    pub(crate) fn policy(&self) -> Guard<Arc<PolicyEntry>> {
        self.policy.get()
    }

    /// The lane of a priority.
    pub(crate) fn lane_of(&self, message: &Message) -> usize {
        if self.policy().prioritized_messages {
            usize::from(message.priority().min(9))
        } else {
            0
        }
    }

    /// Bytes that a message of this destination is charged with.
    pub(crate) fn charge_bytes(&self, message: &Message) -> u64 {
        self.policy().minimum_message_size + message.charge_bytes() as u64
    }

    /// A new entry with a charge of its own, of a message that arrived in an earlier turn: its
    /// timestamp is the nearest that is known.
    pub(crate) fn entry(&self, message: Message, order: u64, place: Place) -> Entry {
        let charge = Charge::new(&self.usage, self.charge_bytes(&message));
        Self::entry_with(Arc::new(message), Held::Alone { charge }, order, place)
    }

    pub(crate) fn entry_with(message: Arc<Message>, held: Held, order: u64, place: Place) -> Entry {
        let expiration_ms = message.expiration_ms();
        let arrived_ms = message.timestamp_ms();
        let grouped = message.group_id().is_some();
        Entry {
            message,
            held,
            order,
            place,
            expiration_ms,
            arrived_ms,
            redeliveries: 0,
            grouped,
        }
    }

    /// Can messages wait in the spool instead of in memory?
    pub(crate) fn spools(&self) -> bool {
        self.cursor != Cursor::Memory && !self.destination.kind().is_temporary()
    }
}

impl QueueState {
    /// Undispatched messages.
    pub(crate) fn pending(&self) -> u64 {
        self.lanes.iter().map(Lane::count).sum()
    }

    pub(crate) fn look_at_rates(&mut self, now: Now) {
        let Counts {
            enqueued,
            dequeued,
            expired,
            discarded,
            ..
        } = self.counts;
        self.rates.0.look(now, enqueued);
        self.rates.1.look(now, dequeued + expired + discarded);
    }

    /// When all messages will have gone, at the rate at which they go now.
    pub(crate) fn gone_in_ms(&self) -> Option<u64> {
        let count = self.pending() + self.in_flight_count as u64;
        if count == 0 {
            return Some(0);
        }
        time_ms(count, self.rates.1.per_second()?)
    }

    /// Messages held in memory.
    pub(crate) fn held_count(&self) -> usize {
        let waiting: usize = self.lanes.iter().map(|lane| lane.window.len()).sum();
        waiting + self.in_flight_count
    }

    /// All messages that were dispatched and not removed.
    pub(crate) fn in_flight(&self) -> impl Iterator<Item = &Entry> {
        let held = self.attachments.iter();
        let held = held.flat_map(|attachment| attachment.in_flight.iter());
        let promised = self.promised.iter().map(|promised| &promised.entry);
        held.map(|delivered| &delivered.entry).chain(promised)
    }

    /// The lists that hold messages of this queue.
    pub(crate) fn lists(&self) -> impl Iterator<Item = (lane::Kept, ListId)> {
        self.lanes.iter().flat_map(|lane| {
            let stored = lane.stored.list.map(|list| (lane::Kept::Stored, list));
            let spooled = lane.spooled.list.map(|list| (lane::Kept::Spooled, list));
            stored.into_iter().chain(spooled)
        })
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("id", &self.id)
            .field("destination", &self.destination)
            .finish()
    }
}
