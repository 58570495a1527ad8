//! Where a new message is kept: in the window, in the journal, in the spool.
//!
//! The rule is one: a message enters the window while everything before it is in the window and
//! there is room in memory; otherwise it waits on disk and is read back in order. Persistent
//! messages are in the journal in either case.

use crate::entry::{Entry, Place};
use crate::flow::usage::Usage;
use crate::outbox::Outbox;
use crate::queue::lane::Kept;
use crate::queue::{Queue, QueueState, Role};
use crate::settings::Cursor;
use crate::turn::Turn;
use floodway_message::Message;
use floodway_message::session::{Failure, FailureKind, Reply};
use floodway_store::{BatchNumber, Change, ListId, StoreError, Target, Targets};
use std::sync::Arc;

/// What a locked queue wants written, and whom to answer then.
#[derive(Default)]
pub(crate) struct Writes {
    pub(crate) stored: Vec<Change>,
    pub(crate) spooled: Vec<Change>,
    pub(crate) answers: Vec<Answer>,
    /// Somebody waits until removals are durable.
    pub(crate) is_awaited: bool,
    /// Producers and numbers of stored messages that may be sent again after a crash.
    pub(crate) numbers: Vec<(Box<str>, u64)>,
}

impl Writes {
    /// Notes the number of a message that is stored, if its connection may send it again.
    pub(crate) fn number(&mut self, message: &Message, outbox: &Outbox) {
        if outbox.resends()
            && let Some((producer, sequence)) = message.producer_sequence()
        {
            self.numbers.push((producer.into(), sequence));
        }
    }

    /// Notes the record of a message for its places.
    pub(crate) fn record(
        &mut self,
        message: &Message,
        (kept, targets): (Kept, Targets),
        turn: &mut Turn<'_>,
    ) {
        let bytes = message.head().len() + message.body().len();
        match kept {
            Kept::Stored => {
                turn.count_stored(bytes);
                self.stored.push(record(message, targets));
            }
            Kept::Spooled => {
                turn.count_spooled(bytes);
                self.spooled.push(record(message, targets));
            }
        }
    }

    /// Answers when this, and everything before, is safe.
    pub(crate) fn confirm(&mut self, outbox: &Arc<Outbox>, reply: Option<Reply>, durable: bool) {
        let Some(reply) = reply else { return };
        self.answers.push(Answer {
            outbox: Arc::clone(outbox),
            reply,
            durable,
        });
    }

    /// Writes what was noted and answers whom it concerns.
    ///
    /// # Errors
    /// When the journal or the spool has stopped.
    pub(crate) fn write(&mut self, turn: &mut Turn<'_>) -> Written {
        let mut batch = None;
        let mut spooled = None;
        let mut result = Ok(());
        // Without changes the batch tells when everything before it is durable.
        let any_durable = self.answers.iter().any(|answer| answer.durable);
        if (any_durable || !self.stored.is_empty())
            && let Some(store) = &turn.broker.store
        {
            // Locked until they are appended: notes reach the store in their order.
            let mut audit = (!self.numbers.is_empty()).then(|| turn.broker.audit.lock());
            if let Some(audit) = &mut audit {
                audit.keep(&mut self.numbers, &mut self.stored);
            }
            let times = &turn.broker.commit_times;
            let begun = times.begin();
            let appended = store.append(&mut self.stored);
            times.handed_over(begun, appended.as_ref().ok().copied());
            // It may have been durable before this was known.
            if begun.is_some() {
                times.durable(store.durable());
            }
            match appended {
                Ok(number) => batch = Some(number),
                Err(error) => result = Err(store_failure(&error)),
            }
        }
        if !self.spooled.is_empty()
            && let Some(spool) = &turn.broker.spool
        {
            match spool.append(&mut self.spooled) {
                Ok(number) => spooled = Some(number),
                Err(error) => result = Err(store_failure(&error)),
            }
        }
        for answer in self.answers.drain(..) {
            match &result {
                Err(failure) => {
                    turn.answer(&answer.outbox, Some(answer.reply), Err(failure.clone()));
                }
                Ok(()) => {
                    let batch = batch.filter(|_| answer.durable);
                    turn.answer_after(&answer.outbox, Some(answer.reply), batch);
                }
            }
        }
        result.map(|()| (batch, spooled))
    }
}

/// A reply that is due when the writes are safe.
pub(crate) struct Answer {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) reply: Reply,
    /// Only after the journal has synced.
    pub(crate) durable: bool,
}

/// Where a message will be.
pub(crate) struct Spot {
    pub(crate) lane: usize,
    pub(crate) order: u64,
    pub(crate) place: Place,
    /// It is in the window, too.
    pub(crate) keep: bool,
}

impl Spot {
    /// The target of a record in the journal or the spool.
    pub(crate) fn target(&self) -> Option<(Kept, Target)> {
        match self.place {
            Place::Memory => None,
            Place::Stored { list, position } => Some((
                Kept::Stored,
                Target {
                    list,
                    position,
                    order: self.order,
                },
            )),
            Place::Spooled { list, position } => Some((
                Kept::Spooled,
                Target {
                    list,
                    position,
                    order: self.order,
                },
            )),
        }
    }
}

/// The batches of the journal and of the spool, or why there are none.
pub(crate) type Written = Result<(Option<BatchNumber>, Option<BatchNumber>), Failure>;

/// A new record of a message.
pub(crate) fn record(message: &Message, targets: Targets) -> Change {
    Change::Add {
        targets,
        expiration_ms: message.expiration_ms(),
        head: message.head().clone(),
        body: message.body().clone(),
    }
}

/// A failure of the store as clients see it.
pub(crate) fn store_failure(error: &StoreError) -> Failure {
    Failure::new(
        FailureKind::Store,
        format!("the message was not stored: {error}"),
    )
}

impl Queue {
    /// Does the message go to the journal?
    pub(crate) fn stores(&self, message: &Message, turn: &Turn<'_>) -> bool {
        message.is_persistent()
            && turn.broker.store.is_some()
            && !matches!(self.role, Role::Subscription)
            && !self.destination.kind().is_temporary()
    }

    /// Would the message be kept in memory, charged to `usage`?
    pub(crate) fn keeps(
        &self,
        state: &QueueState,
        (message, usage): (&Message, &Usage),
        turn: &Turn<'_>,
    ) -> bool {
        let stored = self.stores(message, turn);
        let Some(lane) = state.lanes.get(self.lane_of(message)) else {
            return true;
        };
        if self.cursor == Cursor::Memory {
            return !stored || lane.all_in_window();
        }
        if !stored && (turn.broker.spool.is_none() || !self.spools()) {
            return true;
        }
        let has_space = self.has_space(state, &self.usage) && self.has_space(state, usage);
        lane.all_in_window() && has_space && (self.policy().use_cache || !stored)
    }

    /// Room to keep a message in memory. A topic's subscriptions share its memory; one that keeps
    /// up may use the share above the high-water mark, so that a slow one does not slow it down.
    pub(crate) fn has_space(&self, state: &QueueState, usage: &Usage) -> bool {
        let keeps_up =
            !matches!(self.role, Role::Queue) && state.held_count() < self.policy().page_size_max;
        if keeps_up {
            return usage.full_node().is_none();
        }
        usage.has_space(self.memory_percent())
    }

    /// How much of its memory limit the queue may fill.
    pub(crate) fn memory_percent(&self) -> u32 {
        match self.cursor {
            Cursor::Memory => 100,
            Cursor::Store | Cursor::File => self.policy().cursor_memory_high_water_mark,
        }
    }

    /// Chooses the place of a message that was admitted, and is charged to `usage`.
    ///
    /// # Errors
    /// When the store cannot define a list any more.
    pub(crate) fn spot(
        &self,
        state: &mut QueueState,
        (message, usage): (&Message, &Usage),
        turn: &Turn<'_>,
    ) -> Result<Spot, Failure> {
        let keep = self.keeps(state, (message, usage), turn);
        let lane_number = self.lane_of(message);
        let place = if self.stores(message, turn) {
            let list = self.list(state, lane_number, Kept::Stored, turn)?;
            let lane = state.lanes.get_mut(lane_number);
            let position = lane.map_or(0, |lane| lane.stored.assign(keep));
            Place::Stored { list, position }
        } else if keep {
            Place::Memory
        } else {
            let list = self.list(state, lane_number, Kept::Spooled, turn)?;
            let lane = state.lanes.get_mut(lane_number);
            let position = lane.map_or(0, |lane| lane.spooled.assign(false));
            self.set_spooling(true);
            Place::Spooled { list, position }
        };
        let order = state.next_order;
        state.next_order += 1;
        state.counts.enqueued += 1;
        state.counts.sizes.note(self.charge_bytes(message));
        state.idle_since_ms = turn.now.monotonic_ms;
        Ok(Spot {
            lane: lane_number,
            order,
            place,
            keep,
        })
    }

    fn list(
        &self,
        state: &mut QueueState,
        lane: usize,
        kept: Kept,
        turn: &Turn<'_>,
    ) -> Result<ListId, Failure> {
        let Some(backlog) = state.lanes.get_mut(lane).map(|lane| lane.backlog(kept)) else {
            return Err(Failure::new(
                FailureKind::Store,
                "the queue has no such priority",
            ));
        };
        if let Some(list) = backlog.list {
            return Ok(list);
        }
        let store = match kept {
            Kept::Stored => turn.broker.store.as_ref(),
            Kept::Spooled => turn.broker.spool.as_ref(),
        };
        let Some(store) = store else {
            return Err(Failure::new(FailureKind::Store, "the broker has no store"));
        };
        let descriptor = crate::recover::describe(&self.destination, &self.role, lane);
        let list = store
            .define(descriptor)
            .map_err(|error| store_failure(&error))?;
        backlog.list = Some(list);
        Ok(list)
    }

    /// Takes in one message that was admitted: chooses its place, and notes what to write.
    ///
    /// # Errors
    /// As [`Queue::spot`].
    pub(crate) fn take_in(
        &self,
        state: &mut QueueState,
        message: Message,
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        let spot = self.spot(state, (&message, &self.usage), turn)?;
        self.note_spot(&spot, &message, writes, turn);
        self.note_expiration(state, message.expiration_ms(), turn);
        // A subscription's were told of when they came to their topic.
        if matches!(self.role, Role::Queue) {
            self.advise_arrival(state, &message, turn);
        }
        if spot.keep {
            let entry = self.entry(message, spot.order, spot.place);
            state.push(spot.lane, entry.arriving(turn.now));
        }
        Ok(())
    }

    /// Notes the record of a message for its place.
    pub(crate) fn note_spot(
        &self,
        spot: &Spot,
        message: &Message,
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) {
        if let Some((kept, target)) = spot.target() {
            writes.record(message, (kept, Targets::One(target)), turn);
        }
    }
}

impl QueueState {
    /// Appends a new entry to a lane.
    pub(crate) fn push(&mut self, lane: usize, entry: Entry) {
        if entry.expiration_ms > 0 {
            self.expiring
                .insert((entry.expiration_ms, lane as u8, entry.order));
        }
        self.rescan_from = self.rescan_from.min(entry.order);
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.append(entry);
        }
    }
}
