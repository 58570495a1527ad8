//! Sends into a queue: admitted, parked or refused; and parked ones taken in when there is room.

use crate::advisory::Blocked;
use crate::dead_letter::DeadLetter;
use crate::destination::Node;
use crate::flow::admission::{Demand, Treatment, fullness, treatment};
use crate::flow::parking::{Full, Incoming, Parked, Waiting};
use crate::outbox::Outbox;
use crate::queue::add::Writes;
use crate::queue::{Queue, QueueState};
use crate::settings::Cursor;
use crate::turn::{Moved, Turn, Work};
use floodway_message::Message;
use floodway_message::session::{Failure, FailureKind};
use std::sync::Arc;

impl Queue {
    /// Takes in a batch of one connection, in order, and dispatches.
    pub(crate) fn send(
        self: &Arc<Self>,
        batch: &mut Vec<Incoming>,
        outbox: &Arc<Outbox>,
        turn: &mut Turn<'_>,
    ) {
        let mut state = self.lock();
        if state.closed {
            for incoming in batch.drain(..) {
                turn.answer(outbox, incoming.reply, Err(self.gone()));
            }
            return;
        }
        let mut writes = Writes::default();
        for incoming in batch.drain(..) {
            self.offer(&mut state, incoming, outbox, &mut writes, turn);
        }
        if writes.write(turn).is_ok() {
            self.dispatch_locked(&mut state, turn);
        }
    }

    pub(crate) fn gone(&self) -> Failure {
        Failure::new(
            FailureKind::Destination,
            format!("{} does not exist any more", self.destination),
        )
    }

    fn offer(
        self: &Arc<Self>,
        state: &mut QueueState,
        incoming: Incoming,
        outbox: &Arc<Outbox>,
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) {
        if turn.broker.was_accepted(&incoming.message) {
            let durable = self.stores(&incoming.message, turn);
            return writes.confirm(outbox, incoming.reply, durable);
        }
        let full = match state.parking.front() {
            Some(parked) => Some(parked.full.clone()),
            None => self.fullness(state, (&incoming.message, false), turn),
        };
        let Some(full) = full else {
            return self.admit(state, incoming, outbox, writes, turn);
        };
        match treatment(&full, &self.policy(), turn) {
            Treatment::Refuse => {
                let failure = full.failure(&self.destination, 0);
                let producer = (outbox.id, incoming.producer);
                Blocked::notice(&full, producer, (&self.destination, &self.policy()), turn);
                tracing::info!(destination = %self.destination, peer = %outbox.peer, "send refused: {failure}");
                turn.answer(outbox, incoming.reply, Err(failure));
            }
            Treatment::Park { deadline_ms } => {
                let parked = Parked {
                    outbox: Arc::clone(outbox),
                    destination: self.destination.clone(),
                    waiting: Waiting::Send(incoming),
                    since_ms: turn.now.monotonic_ms,
                    deadline_ms,
                    full,
                };
                self.park(state, parked, turn);
            }
        }
    }

    /// Lets a send or commit wait here, and says so in the log.
    pub(crate) fn park(
        self: &Arc<Self>,
        state: &mut QueueState,
        parked: Parked,
        turn: &mut Turn<'_>,
    ) {
        let (full, peer) = (parked.full.clone(), Arc::clone(&parked.outbox));
        let policy = self.policy();
        state
            .parking
            .push(parked, (&self.destination, &policy), turn);
        if !std::mem::replace(&mut state.parking.listed, true) {
            turn.broker.list(Node::Queue(Arc::clone(self)));
        }
        let now = turn.now.monotonic_ms;
        let interval = self.policy().blocked_producer_warning_interval_ms;
        if full != Full::Congested && state.parking.warns(now, interval) {
            state
                .parking
                .log_blocked(&full, &self.destination, &peer, now);
            turn.later(Work::Explain(self.destination.clone()));
        }
    }

    /// The limit that leaves no room for a message. One that has `waited` may use the room that
    /// a commit behind it will make.
    pub(crate) fn fullness(
        &self,
        state: &QueueState,
        (message, waited): (&Message, bool),
        turn: &mut Turn<'_>,
    ) -> Option<Full> {
        let store = self.stores(message, turn);
        let spool = !store && !self.keeps(state, (message, &self.usage), turn);
        let can_spool = turn.broker.spool.is_some() && self.spools();
        let memory = self.cursor == Cursor::Memory
            || self.policy().cursor_memory_high_water_mark > 100
            || (!store && !can_spool);
        let demand = Demand {
            memory,
            store,
            spool,
            beside_promises: waited,
            ..Demand::default()
        };
        fullness(demand, &self.usage, &self.policy(), turn)
            .or_else(|| self.is_reading_back().then_some(Full::Congested))
    }

    fn admit(
        self: &Arc<Self>,
        state: &mut QueueState,
        incoming: Incoming,
        outbox: &Arc<Outbox>,
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) {
        let Incoming { message, reply, .. } = incoming;
        let durable = self.stores(&message, turn);
        if turn.broker.is_repeated(&message) {
            return writes.confirm(outbox, reply, durable);
        }
        if message.is_expired(turn.now.wall_ms) {
            state.counts.expired += 1;
            let letter = DeadLetter::expired(Arc::new(message), self, None);
            turn.later(Work::DeadLetter(Box::new(letter)));
            let (outbox, queues) = (Arc::clone(outbox), vec![Arc::clone(self)]);
            return turn.later(Work::Moved(Moved {
                outbox,
                reply,
                queues,
            }));
        }
        if durable {
            writes.number(&message, outbox);
        }
        match self.take_in(state, message, writes, turn) {
            Ok(()) => writes.confirm(outbox, reply, durable),
            Err(failure) => turn.answer(outbox, reply, Err(failure)),
        }
    }

    /// Takes in parked sends as far as there is room, oldest first.
    pub(crate) fn resume(self: &Arc<Self>, turn: &mut Turn<'_>) {
        let mut state = self.lock();
        self.fail_overdue(&mut state, turn);
        let mut writes = Writes::default();
        let mut taken = 0;
        while let Some(front) = state.parking.front() {
            let full = match &front.waiting {
                Waiting::Send(incoming) => {
                    // A clone of a message is two reference counts.
                    let message = incoming.message.clone();
                    self.fullness(&state, (&message, true), turn)
                }
                Waiting::Commit(_) => self.commit_full(turn),
            };
            if let Some(full) = full {
                let policy = self.policy();
                let place = (&self.destination, &**policy);
                let Some(refused) = state.parking.meet(&full, place, turn) else {
                    break;
                };
                refused.refuse(full.failure(&self.destination, 0), turn);
                continue;
            }
            let Some(parked) = state.parking.pop(turn) else {
                break;
            };
            taken += 1;
            match parked.waiting {
                Waiting::Send(incoming) => {
                    self.admit(&mut state, incoming, &parked.outbox, &mut writes, turn);
                }
                Waiting::Commit(operation) => {
                    turn.later(Work::Commit(operation));
                    turn.later(Work::Resume(Node::Queue(Arc::clone(self))));
                    break;
                }
            }
        }
        // A commit can make the room that everything before it waits for.
        if self.commit_full(turn).is_none()
            && let Some(operation) = state.parking.pop_commit(turn)
        {
            turn.later(Work::Commit(operation));
            turn.later(Work::Resume(Node::Queue(Arc::clone(self))));
        }
        let written = writes.write(turn).is_ok();
        self.note_resumed(&mut state, turn);
        if taken > 0 && written {
            self.dispatch_locked(&mut state, turn);
        }
    }

    /// The limit that holds a commit back.
    pub(crate) fn commit_full(&self, turn: &mut Turn<'_>) -> Option<Full> {
        let memory = self.cursor == Cursor::Memory
            || self.policy().cursor_memory_high_water_mark > 100
            || turn.broker.spool.is_none()
            || !self.spools();
        let store = turn.broker.store.is_some() && !self.destination.kind().is_temporary();
        let demand = Demand {
            memory,
            store,
            beside_promises: true,
            ..Demand::default()
        };
        fullness(demand, &self.usage, &self.policy(), turn)
            .or_else(|| self.is_reading_back().then_some(Full::Congested))
    }

    fn note_resumed(self: &Arc<Self>, state: &mut QueueState, turn: &mut Turn<'_>) {
        if !state.parking.is_empty() {
            return;
        }
        if std::mem::take(&mut state.parking.listed) {
            turn.broker.unlist(&Node::Queue(Arc::clone(self)));
        }
        state
            .parking
            .log_resumed(&self.destination, turn.now.monotonic_ms);
    }

    fn fail_overdue(self: &Arc<Self>, state: &mut QueueState, turn: &mut Turn<'_>) {
        for parked in state.parking.overdue(turn) {
            parked.time_out(&self.destination, turn);
        }
    }

    /// Forgets what a connection that is gone had parked here.
    pub(crate) fn forget_parked(self: &Arc<Self>, connection: u64, turn: &mut Turn<'_>) {
        let mut state = self.lock();
        let forgotten = state
            .parking
            .remove(turn, |parked| parked.outbox.id == connection);
        forgotten.into_iter().for_each(|parked| parked.forget(turn));
        self.note_resumed(&mut state, turn);
    }
}
