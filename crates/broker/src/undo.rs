//! What operators removed, and can have back for a while.
//!
//! Whoever removes messages by an [administering](Broker::administer) session begins an undo,
//! has each message remembered by the store while it is in flight to that session, and then
//! removes it. Deleting a queue remembers all that is in it. The records themselves stay where
//! they are on disk ([`Store::open_snapshot`]); here is only whose they were and until when.
//! Messages that were in memory alone are not remembered.
//!
//! Invariants: what is remembered was removed, once; at most [`UNDOS_MAX`] at a time, the oldest
//! ends for a new one. Times are milliseconds.

use crate::broker::Broker;
use crate::consumer::Consumer;
use crate::entry::{Entry, Place};
use crate::outbox::Outbox;
use crate::queue::lane::Kept;
use crate::queue::{Queue, QueueState};
use crate::session::Session;
use crate::turn::Turn;
use floodway_message::session::{ConsumerId, DeliveryId, Failure, Reply};
use floodway_message::{Destination, Now};
use floodway_store::{ListId, SnapshotId, Store, StoreError};
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

mod put_back;

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
/// Both places that are remembered.
const KEPT: [Kept; 2] = [Kept::Stored, Kept::Spooled];

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

/// Why nothing, or not all, was put back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndoError {
    /// No such undo, at least not since the start.
    #[error("there is nothing to undo of this name; look at the list of what can be undone")]
    Unknown,
    /// It was put back.
    #[error("this was undone already: {messages} messages were put back")]
    Done {
        /// How many.
        messages: u64,
    },
    /// Its time is over.
    #[error("the time for this undo is over: messages are kept for {grace_ms} ms after removal")]
    Over {
        /// How long it could have been undone.
        grace_ms: u64,
    },
    /// The store needed the room.
    #[error(
        "the messages are gone: the store needed their room, because the disk is short or more was \
         removed since"
    )]
    GivenUp,
    /// Somebody is at it.
    #[error("this is being undone already")]
    Busy,
    /// The limits do not allow for it.
    #[error(
        "not undone: {short}; let consumers take messages or raise the limit, then undo again in \
         time"
    )]
    NoRoom {
        /// What is short.
        short: String,
    },
    /// The core refused.
    #[error("not undone: {0}")]
    Refused(Failure),
    /// The store could not be read.
    #[error("not undone, the messages cannot be read: {0}")]
    Unreadable(#[source] StoreError),
}

/// Something that can be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoView {
    /// Its name.
    pub token: UndoToken,
    /// Where the messages were.
    pub destination: Destination,
    /// The destination itself was deleted with them.
    pub deleted: bool,
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

/// Redeliveries of messages that had some.
type Redelivered = BTreeMap<(usize, ListId, u64), u32>;

/// The snapshots of the journal and of the spool.
pub(crate) type Snapshots = [Option<SnapshotId>; 2];

#[derive(Debug)]
struct Undo {
    destination: Destination,
    deleted: bool,
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
    fn is_continued(&self, destination: &Destination, now: Now) -> bool {
        let passed = |since_ms: u64| now.monotonic_ms.saturating_sub(since_ms);
        let is_untouched = !self.deleted && !self.is_busy && self.next == [0; 2];
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
    fn end(&mut self, token: UndoToken, end: End) -> Option<Snapshots> {
        let undo = self.open.remove(&token)?;
        if self.ended.len() >= ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back((token, end));
        Some(undo.snapshots)
    }
}

impl Broker {
    /// Begins to remember what is removed from a queue, or goes on with what was removed from it
    /// just before: many removals in a row are one undo. `None` when nothing can be remembered: it
    /// is switched off, the stores keep nothing, or it is no queue.
    pub fn begin_undo(&self, destination: &Destination, now: Now) -> Option<UndoToken> {
        let newest = {
            let state = self.undos.0.lock();
            let newest = state.open.last_key_value();
            let same = newest.filter(|(_, undo)| undo.is_continued(destination, now));
            same.map(|(token, _)| *token)
        };
        newest.or_else(|| self.open_undo(destination, false, now))
    }

    fn open_undo(&self, destination: &Destination, deleted: bool, now: Now) -> Option<UndoToken> {
        let grace_ms = self.settings.undo_grace_ms;
        let kind = destination.kind();
        if grace_ms == 0 || !kind.is_queue() || kind.is_temporary() {
            return None;
        }
        let snapshots = KEPT.map(|kept| self.kept(kept)?.open_snapshot());
        if snapshots.iter().all(Option::is_none) {
            return None;
        }
        let mut state = self.undos.0.lock();
        let wall = u64::try_from(now.wall_ms).unwrap_or_default();
        state.last = wall.max(state.last + 1);
        let token = UndoToken(state.last);
        let undo = Undo {
            destination: destination.clone(),
            deleted,
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
        self.end_snapshots(ended.unwrap_or_default());
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
        if view.removed == 0 {
            self.drop_undo(token);
            return None;
        }
        Some(view)
    }

    /// As if it had never begun.
    fn drop_undo(&self, token: UndoToken) {
        let undo = self.undos.0.lock().open.remove(&token);
        self.end_snapshots(undo.map(|undo| undo.snapshots).unwrap_or_default());
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
        let (pending, redelivered) = {
            let state = queue.lock();
            // Prepared branches have acknowledged some, and may yet commit that.
            if state.pending() == 0 || !state.promised.is_empty() {
                return None;
            }
            (state.pending(), redelivered(state.in_memory()))
        };
        let token = self.open_undo(destination, true, turn.now)?;
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
            .filter(|view| view.removed > 0)
            .collect()
    }

    /// The same of one.
    pub fn undo(&self, token: UndoToken, now: Now) -> Option<UndoView> {
        let state = self.undos.0.lock();
        self.view_of_undo(token, state.open.get(&token)?, now)
    }

    fn view_of_undo(&self, token: UndoToken, undo: &Undo, now: Now) -> Option<UndoView> {
        let (mut restorable, mut bytes, mut is_complete) = (0, 0, true);
        for ((kept, snapshot), next) in KEPT.into_iter().zip(undo.snapshots).zip(undo.next) {
            let Some(snapshot) = snapshot else { continue };
            let info = self.kept(kept)?.snapshot(snapshot)?;
            let left = info.records.saturating_sub(next);
            restorable += left;
            bytes += u64::try_from(
                u128::from(info.bytes) * u128::from(left) / u128::from(info.records.max(1)),
            )
            .unwrap_or(u64::MAX);
            is_complete &= info.is_complete;
        }
        Some(UndoView {
            token,
            destination: undo.destination.clone(),
            deleted: undo.deleted,
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
        let ended: Vec<Snapshots> = ending
            .into_iter()
            .filter_map(|(token, end)| state.end(token, end))
            .collect();
        drop(state);
        ended.into_iter().for_each(|one| self.end_snapshots(one));
    }

    /// The disk has only so much room, what the store uses included: what is kept gives way.
    pub(crate) fn spare_disk(&self, room: u64, now_used: u64) {
        let mut state = self.undos.0.lock();
        let kept: u64 = state
            .open
            .values()
            .filter_map(|undo| undo.snapshots[0])
            .filter_map(|id| self.store.as_ref()?.snapshot(id))
            .map(|info| info.bytes)
            .sum();
        if kept == 0 || kept <= room.saturating_sub(now_used) {
            return;
        }
        tracing::warn!("the disk is short of space: what was purged or deleted is not kept");
        let tokens: Vec<UndoToken> = state.open.keys().copied().collect();
        let ended: Vec<Snapshots> = tokens
            .into_iter()
            .filter_map(|token| state.end(token, End::GivenUp))
            .collect();
        drop(state);
        ended.into_iter().for_each(|one| self.end_snapshots(one));
    }

    fn end_snapshots(&self, snapshots: Snapshots) {
        for (kept, snapshot) in KEPT.into_iter().zip(snapshots) {
            if let (Some(store), Some(snapshot)) = (self.kept(kept), snapshot) {
                store.end_snapshot(snapshot);
            }
        }
    }

    fn kept(&self, kept: Kept) -> Option<&Arc<dyn Store>> {
        match kept {
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
        let store = |at: usize| self.kept(*KEPT.get(at)?);
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
