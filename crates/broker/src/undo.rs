//! What operators removed, and can have back for a while.
//!
//! Whoever removes messages by an [administering](Broker::administer) session begins an undo,
//! has each message remembered by the store while it is in flight to that session, and then
//! removes it. Deleting a queue or a durable subscription remembers all that is in it, removing
//! scheduled messages each of them. The records themselves stay where they are on disk
//! ([`Store::open_snapshot`]); here is only whose they were and until when. Messages that were in
//! memory alone are not remembered.
//!
//! Invariants: what is remembered was removed, once; at most [`UNDOS_MAX`] at a time, the oldest
//! ends for a new one. Times are milliseconds.

use crate::broker::Broker;
use crate::consumer::Consumer;
use crate::entry::{Entry, Place};
use crate::outbox::Outbox;
use crate::queue::lane::Kept;
use crate::queue::{Queue, QueueState};
use crate::recover::DurableNote;
use crate::session::Session;
use crate::turn::Turn;
use floodway_message::session::{ConsumerId, DeliveryId, Failure, Reply};
use floodway_message::{Destination, Now};
use floodway_store::{ListId, SnapshotId, Store};
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

mod durable;
mod error;
mod jobs;
mod put_back;

pub use error::UndoError;
pub use put_back::PutBack;

/// Most undos that are kept at a time.
pub const UNDOS_MAX: usize = 64;
/// A removal so soon after the one before, from the same queue, is undone together with it.
const ROW_MS: u64 = 1000;
/// But no longer than so long after the first.
const ROW_MAX_MS: u64 = 60_000;
/// Undos that are over and whose end is still known.
const ENDED_MAX: usize = 256;
/// Redeliveries that are remembered of one undo; messages beyond count as delivered for the first
/// time.
const REDELIVERED_MAX: usize = 10_000;

/// Names something that can be put back. Later ones are greater, also those of a later start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UndoToken(u64);

impl fmt::Display for UndoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "u{:x}", self.0)
    }
}

impl FromStr for UndoToken {
    type Err = UndoError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('u').filter(|digits| digits.len() <= 16);
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.map(Self).ok_or(UndoError::Unknown)
    }
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// Messages of a queue.
    Messages,
    /// A queue, with its messages.
    Queue,
    /// A durable subscription, with its messages.
    Durable {
        /// Client id.
        client_id: Arc<str>,
        /// Name.
        name: Arc<str>,
    },
    /// Scheduled messages.
    Jobs,
}

/// Something that can be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoView {
    /// Its name.
    pub token: UndoToken,
    /// Where the messages were; of scheduled ones, where they are managed.
    pub destination: Destination,
    /// What was removed.
    pub what: Removed,
    /// Messages that were removed.
    pub removed: u64,
    /// Those of them that can still be put back.
    pub restorable: u64,
    /// About so many bytes.
    pub bytes: u64,
    /// How long it can still be undone.
    pub left_ms: u64,
    /// The store has taken note of all of it.
    pub is_complete: bool,
}

impl UndoView {
    /// The place itself was deleted with its messages.
    pub fn is_deleted(&self) -> bool {
        matches!(self.what, Removed::Queue | Removed::Durable { .. })
    }

    /// There is something to put back: a subscription is worth it without messages.
    fn is_worth(&self) -> bool {
        self.removed > 0 || matches!(self.what, Removed::Durable { .. })
    }
}

/// Redeliveries of messages that had some.
type Redelivered = BTreeMap<(usize, ListId, u64), u32>;

/// The snapshots of the journal and of the spool; of scheduled messages, those of messages and of
/// schedules.
pub(crate) type Snapshots = [Option<SnapshotId>; 2];

/// What is needed to put it back.
#[derive(Debug, Clone)]
enum What {
    Messages,
    Queue,
    Durable(Arc<DurableNote>),
    Jobs,
}

impl What {
    fn told(&self) -> Removed {
        match self {
            Self::Messages => Removed::Messages,
            Self::Queue => Removed::Queue,
            Self::Durable(note) => Removed::Durable {
                client_id: Arc::clone(&note.client_id),
                name: Arc::clone(&note.name),
            },
            Self::Jobs => Removed::Jobs,
        }
    }

    /// May removals in a row be one undo?
    fn goes_on_with(&self, next: &Self) -> bool {
        matches!(
            (self, next),
            (Self::Messages, Self::Messages) | (Self::Jobs, Self::Jobs)
        )
    }
}

#[derive(Debug)]
struct Undo {
    destination: Destination,
    what: What,
    removed: u64,
    since_ms: u64,
    removed_ms: u64,
    until_ms: u64,
    snapshots: Snapshots,
    /// Numbers of the first records not put back yet.
    next: [u64; 2],
    put_back: u64,
    redelivered: Redelivered,
    is_busy: bool,
}

#[derive(Debug, Clone)]
enum End {
    Done(u64),
    Over,
    GivenUp,
}

impl Undo {
    /// Is a removal that begins now part of it?
    fn is_continued(&self, (destination, what): (&Destination, &What), now: Now) -> bool {
        let passed = |since_ms: u64| now.monotonic_ms.saturating_sub(since_ms);
        let goes_on = self.what.goes_on_with(what);
        let is_untouched = goes_on && !self.is_busy && self.next == [0; 2];
        let is_same = self.destination == *destination && self.removed > 0;
        let is_new = passed(self.removed_ms) < ROW_MS && passed(self.since_ms) < ROW_MAX_MS;
        is_untouched && is_same && is_new
    }
}

/// All undos.
#[derive(Debug, Default)]
pub(crate) struct Undos(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    open: BTreeMap<UndoToken, Undo>,
    ended: VecDeque<(UndoToken, End)>,
    last: u64,
}

impl State {
    fn end(&mut self, token: UndoToken, end: End) -> Option<Undo> {
        let undo = self.open.remove(&token)?;
        if self.ended.len() >= ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back((token, end));
        Some(undo)
    }
}

impl Broker {
    /// Begins to remember what is removed from a queue, or goes on with what was removed from it
    /// just before: many removals in a row are one undo. `None` when nothing can be remembered: it
    /// is switched off, the stores keep nothing, or it is no queue.
    pub fn begin_undo(&self, destination: &Destination, now: Now) -> Option<UndoToken> {
        let kind = destination.kind();
        if !kind.is_queue() || kind.is_temporary() {
            return None;
        }
        self.begin_undo_of(destination, What::Messages, now)
    }

    fn begin_undo_of(&self, from: &Destination, what: What, now: Now) -> Option<UndoToken> {
        let newest = {
            let state = self.undos.0.lock();
            let newest = state.open.last_key_value();
            let same = newest.filter(|(_, undo)| undo.is_continued((from, &what), now));
            same.map(|(token, _)| *token)
        };
        newest.or_else(|| self.open_undo(from, what, now))
    }

    fn open_undo(&self, destination: &Destination, what: What, now: Now) -> Option<UndoToken> {
        let grace_ms = self.settings.undo_grace_ms;
        if grace_ms == 0 || destination.kind().is_temporary() {
            return None;
        }
        let snapshots = [0, 1].map(|at| self.store_of(&what, at)?.open_snapshot());
        if snapshots.iter().all(Option::is_none) {
            return None;
        }
        let mut state = self.undos.0.lock();
        let wall = u64::try_from(now.wall_ms).unwrap_or_default();
        state.last = wall.max(state.last + 1);
        let token = UndoToken(state.last);
        let undo = Undo {
            destination: destination.clone(),
            what,
            removed: 0,
            since_ms: now.monotonic_ms,
            removed_ms: now.monotonic_ms,
            until_ms: now.monotonic_ms.saturating_add(grace_ms),
            snapshots,
            next: [0; 2],
            put_back: 0,
            redelivered: Redelivered::new(),
            is_busy: false,
        };
        state.open.insert(token, undo);
        let oldest = state.open.iter().find(|(_, one)| !one.is_busy);
        let oldest = oldest.map(|(token, _)| *token);
        let oldest = oldest.filter(|_| state.open.len() > UNDOS_MAX);
        let ended = oldest.and_then(|oldest| state.end(oldest, End::GivenUp));
        drop(state);
        self.let_go(ended);
        Some(token)
    }

    /// Counts messages that were removed, and lets the time for their undo begin.
    pub fn note_removed(&self, token: UndoToken, messages: u64, now: Now) {
        if let Some(undo) = self.undos.0.lock().open.get_mut(&token) {
            undo.removed += messages;
            undo.removed_ms = now.monotonic_ms;
            let grace_ms = self.settings.undo_grace_ms;
            undo.until_ms = now.monotonic_ms.saturating_add(grace_ms);
        }
    }

    /// The removal is over: what can be undone of it. An undo of nothing is forgotten.
    pub fn finish_undo(&self, token: UndoToken, now: Now) -> Option<UndoView> {
        let view = self.undo(token, now)?;
        if !view.is_worth() {
            self.drop_undo(token);
            return None;
        }
        Some(view)
    }

    /// As if it had never begun.
    pub(crate) fn drop_undo(&self, token: UndoToken) {
        let undo = self.undos.0.lock().open.remove(&token);
        self.let_go(undo);
    }

    /// Removes a destination with everything in it, unless somebody consumes from it. Of a queue,
    /// tells what this can be undone with: complete once its messages are gone from the store.
    ///
    /// # Errors
    /// When it has consumers.
    pub fn delete(
        &self,
        destination: &Destination,
        now: Now,
    ) -> Result<Option<UndoToken>, Failure> {
        let mut turn = Turn::new(self, now);
        let token = self.undo_of_delete(destination, &mut turn);
        let result = self.remove_unused(destination, &mut turn);
        turn.drops_into = Snapshots::default();
        turn.finish();
        match (result, token) {
            (Err(failure), token) => {
                token.into_iter().for_each(|token| self.drop_undo(token));
                Err(failure)
            }
            (Ok(()), token) => Ok(token),
        }
    }

    fn undo_of_delete(&self, destination: &Destination, turn: &mut Turn<'_>) -> Option<UndoToken> {
        let queue = self.queue_of(destination)?;
        if queue.lock().pending() == 0 {
            return None;
        }
        self.undo_of_all(&queue, What::Queue, turn)
    }

    /// What is in a queue goes into a new undo when its lists are dropped in this turn.
    fn undo_of_all(&self, queue: &Queue, what: What, turn: &mut Turn<'_>) -> Option<UndoToken> {
        let (pending, redelivered) = {
            let state = queue.lock();
            // Prepared branches have acknowledged some, and may yet commit that.
            if !state.promised.is_empty() {
                return None;
            }
            (state.pending(), redelivered(state.in_memory()))
        };
        let token = self.open_undo(&queue.destination, what, turn.now)?;
        let mut state = self.undos.0.lock();
        let undo = state.open.get_mut(&token)?;
        undo.removed = pending;
        undo.redelivered = redelivered;
        turn.drops_into = undo.snapshots;
        Some(token)
    }

    /// What can be undone, the newest first.
    pub fn undos(&self, now: Now) -> Vec<UndoView> {
        let state = self.undos.0.lock();
        let open = state.open.iter().rev();
        open.filter_map(|(token, undo)| self.view_of_undo(*token, undo, now))
            .filter(UndoView::is_worth)
            .collect()
    }

    /// The same of one.
    pub fn undo(&self, token: UndoToken, now: Now) -> Option<UndoView> {
        let state = self.undos.0.lock();
        self.view_of_undo(token, state.open.get(&token)?, now)
    }

    fn view_of_undo(&self, token: UndoToken, undo: &Undo, now: Now) -> Option<UndoView> {
        let (mut restorable, mut bytes, mut is_complete) = (0, 0, true);
        for ((at, snapshot), next) in undo.snapshots.into_iter().enumerate().zip(undo.next) {
            let Some(snapshot) = snapshot else { continue };
            let info = self.store_of(&undo.what, at)?.snapshot(snapshot)?;
            let left = info.records.saturating_sub(next);
            // A scheduled message counts once.
            if at == 0 || !matches!(undo.what, What::Jobs) {
                restorable += left;
            }
            bytes += u64::try_from(
                u128::from(info.bytes) * u128::from(left) / u128::from(info.records.max(1)),
            )
            .unwrap_or(u64::MAX);
            is_complete &= info.is_complete;
        }
        Some(UndoView {
            token,
            destination: undo.destination.clone(),
            what: undo.what.told(),
            removed: undo.removed,
            restorable,
            bytes,
            left_ms: undo.until_ms.saturating_sub(now.monotonic_ms),
            is_complete,
        })
    }

    /// Lets go of what was kept for long enough, and of what the stores have given up.
    pub(crate) fn look_at_undos(&self, now: Now) {
        let mut state = self.undos.0.lock();
        let idle = state.open.iter().filter(|(_, undo)| !undo.is_busy);
        let ending: Vec<(UndoToken, End)> = idle
            .filter_map(|(token, undo)| {
                if undo.until_ms <= now.monotonic_ms {
                    return Some((*token, End::Over));
                }
                let is_gone = self.view_of_undo(*token, undo, now).is_none();
                is_gone.then_some((*token, End::GivenUp))
            })
            .collect();
        let ended: Vec<Undo> = ending
            .into_iter()
            .filter_map(|(token, end)| state.end(token, end))
            .collect();
        drop(state);
        self.let_go(ended);
    }

    /// The disk has only so much room, what the store uses included: what is kept gives way.
    pub(crate) fn spare_disk(&self, room: u64, now_used: u64) {
        let mut state = self.undos.0.lock();
        let kept: u64 = state.open.values().map(|undo| self.stored_for(undo)).sum();
        if kept == 0 || kept <= room.saturating_sub(now_used) {
            return;
        }
        tracing::warn!("the disk is short of space: what was purged or deleted is not kept");
        let tokens: Vec<UndoToken> = state.open.keys().copied().collect();
        let ended: Vec<Undo> = tokens
            .into_iter()
            .filter_map(|token| state.end(token, End::GivenUp))
            .collect();
        drop(state);
        self.let_go(ended);
    }

    /// Bytes of the journal that an undo keeps.
    fn stored_for(&self, undo: &Undo) -> u64 {
        let all = undo.snapshots.into_iter().enumerate();
        let stored = all.filter(|(at, _)| kept_at(&undo.what, *at) == Kept::Stored);
        stored
            .filter_map(|(_, snapshot)| self.store.as_ref()?.snapshot(snapshot?))
            .map(|info| info.bytes)
            .sum()
    }

    /// The stores need not keep anything for these any more.
    fn let_go(&self, undos: impl IntoIterator<Item = Undo>) {
        for undo in undos {
            for (at, snapshot) in undo.snapshots.into_iter().enumerate() {
                if let (Some(store), Some(snapshot)) = (self.store_of(&undo.what, at), snapshot) {
                    store.end_snapshot(snapshot);
                }
            }
        }
    }

    /// Where a snapshot of an undo is.
    fn store_of(&self, what: &What, at: usize) -> Option<&Arc<dyn Store>> {
        match kept_at(what, at) {
            Kept::Stored => self.store.as_ref(),
            Kept::Spooled => self.spool.as_ref(),
        }
    }

    /// Remembers messages that are in flight.
    fn remember(&self, token: UndoToken, entries: &[(Place, u32)]) -> bool {
        let mut lists: BTreeMap<(usize, ListId), Vec<u64>> = BTreeMap::new();
        for (place, _) in entries {
            if let Some((at, list, position)) = place_of(place) {
                lists.entry((at, list)).or_default().push(position);
            }
        }
        let store = |at: usize| self.store_of(&What::Messages, at);
        let is_written = |(&(at, list), positions): (&(usize, ListId), &Vec<u64>)| {
            let last = positions.iter().max();
            let (Some(store), Some(last)) = (store(at), last) else {
                return true;
            };
            store.is_written(list, *last)
        };
        if !lists.iter().all(is_written) {
            return false;
        }
        let snapshots = {
            let mut state = self.undos.0.lock();
            let Some(undo) = state.open.get_mut(&token) else {
                return true;
            };
            for (place, redeliveries) in entries.iter().filter(|(_, count)| *count > 0) {
                if let Some(place) = place_of(place)
                    && undo.redelivered.len() < REDELIVERED_MAX
                {
                    undo.redelivered.insert(place, *redeliveries);
                }
            }
            undo.snapshots
        };
        for ((at, list), mut positions) in lists {
            positions.sort_unstable();
            let snapshot = snapshots.get(at).copied().flatten();
            if let (Some(store), Some(snapshot)) = (store(at), snapshot) {
                store.remember(snapshot, list, &positions);
            }
        }
        true
    }
}

/// Which store has a snapshot of an undo.
fn kept_at(what: &What, at: usize) -> Kept {
    match (what, at) {
        (What::Jobs, _) | (_, 0) => Kept::Stored,
        _ => Kept::Spooled,
    }
}

/// Where a message is, if that is not memory alone.
fn place_of(place: &Place) -> Option<(usize, ListId, u64)> {
    match place {
        Place::Memory => None,
        Place::Stored { list, position } => Some((0, *list, *position)),
        Place::Spooled { list, position } => Some((1, *list, *position)),
    }
}

fn redelivered<'a>(entries: impl Iterator<Item = &'a Entry>) -> Redelivered {
    let delivered = entries.filter(|entry| entry.redeliveries > 0);
    let places = delivered.filter_map(|entry| Some((place_of(&entry.place)?, entry.redeliveries)));
    places.take(REDELIVERED_MAX).collect()
}

impl Session {
    /// Has what is in flight to a consumer of this session, up to a delivery, remembered, to be
    /// removed next. `false`: some of it is not written yet, and nothing was done; try again after
    /// the next commit.
    pub fn remember(&self, token: UndoToken, consumer: ConsumerId, up_to: DeliveryId) -> bool {
        let Some(consumer) = self.consumer_of(consumer) else {
            return true;
        };
        let queues: Vec<Arc<Queue>> = consumer.queues.lock().iter().map(Arc::clone).collect();
        let mut entries = Vec::new();
        for queue in queues {
            let state = queue.lock();
            state.places_in_flight(&consumer, up_to, &mut entries);
        }
        self.broker().remember(token, &entries)
    }

    /// Sends some of what was removed back to where it was; once all of that is safe, `reply` is
    /// answered. To be called again until nothing is left. Reads from disk.
    ///
    /// # Errors
    /// When nothing, or not all, can be put back; what is left can be tried again.
    pub fn put_back(&self, token: UndoToken, reply: Reply, now: Now) -> Result<PutBack, UndoError> {
        let mut turn = Turn::new(self.broker(), now);
        let outbox: &Arc<Outbox> = self.outbox();
        let result = self.broker().put_back(token, (outbox, reply), &mut turn);
        turn.finish();
        result
    }
}

impl QueueState {
    /// Messages in memory that wait.
    fn in_memory(&self) -> impl Iterator<Item = &Entry> {
        let lanes = self.lanes.iter();
        lanes.flat_map(|lane| lane.window.iter().chain(&lane.aside))
    }

    /// Where the messages are that a consumer has, up to a delivery, and how often they were
    /// delivered again.
    fn places_in_flight(
        &self,
        consumer: &Arc<Consumer>,
        up_to: DeliveryId,
        into: &mut Vec<(Place, u32)>,
    ) {
        let at = self.attachment_at(consumer);
        let Some(attachment) = at.and_then(|at| self.attachments.get(at)) else {
            return;
        };
        let open = attachment.in_flight.iter();
        let open = open.filter(|one| one.tx.is_none() && one.delivery <= up_to);
        into.extend(open.map(|one| (one.entry.place, one.entry.redeliveries)));
    }
}
