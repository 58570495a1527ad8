//! Putting back: messages are read from the store and sent to the end of their queue, some at a
//! time, as they were: with their ids, properties and times.
//!
//! They are no new sends: nobody looks whether they were accepted before, and they are not
//! forwarded again. Invariants: the limits are those of any send; what finds no room stays to be
//! tried again; whoever is answered finds everything that was counted after a crash.

use super::{End, Redelivered, State, Undo, UndoError, UndoToken, What, kept_at};
use crate::broker::Broker;
use crate::destination::Node;
use crate::flow::admission::percent_of;
use crate::flow::parking::Full;
use crate::outbox::Outbox;
use crate::queue::add::Writes;
use crate::queue::lane::Kept;
use crate::queue::{Queue, QueueState};
use crate::turn::Turn;
use floodway_message::session::Reply;
use floodway_message::{Destination, Message};
use floodway_store::{RecallRequest, RecalledRecord};
use std::sync::Arc;

/// Messages at a time.
const RECORDS_MAX: usize = 500;
/// Bytes at a time, unless one message has more.
const BYTES_MAX: usize = 1 << 20;

/// What was done in one go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PutBack {
    /// Messages that were put back by this call.
    pub count: u64,
    /// All that were put back since the undo began.
    pub total: u64,
    /// Nothing is left. While it is not, and `count` is 0, the store is busy: wait a little.
    pub is_over: bool,
}

/// What one call works with.
pub(super) struct Work {
    destination: Destination,
    pub(super) what: What,
    snapshots: super::Snapshots,
    /// Numbers of the next records.
    pub(super) next: [u64; 2],
    /// Nothing was done before.
    is_first: bool,
    redelivered: Redelivered,
    /// Messages that this call has put back.
    pub(super) count: u64,
}

impl State {
    fn begin(&mut self, token: UndoToken, broker: &Broker, now_ms: u64) -> Result<Work, UndoError> {
        let grace_ms = broker.settings.undo_grace_ms;
        let Some(undo) = self.open.get_mut(&token) else {
            let ended = self.ended.iter().find(|(other, _)| *other == token);
            return Err(match ended {
                None => UndoError::Unknown,
                Some((_, End::Done(messages))) => UndoError::Done {
                    messages: *messages,
                },
                Some((_, End::Over)) => UndoError::Over { grace_ms },
                Some((_, End::GivenUp)) => UndoError::GivenUp,
            });
        };
        if undo.is_busy {
            return Err(UndoError::Busy);
        }
        let is_first = undo.put_back == 0 && undo.next == [0; 2];
        if is_first && undo.until_ms <= now_ms {
            return Err(UndoError::Over { grace_ms });
        }
        undo.is_busy = true;
        Ok(Work {
            destination: undo.destination.clone(),
            what: undo.what.clone(),
            snapshots: undo.snapshots,
            next: undo.next,
            is_first,
            redelivered: std::mem::take(&mut undo.redelivered),
            count: 0,
        })
    }
}

impl Undo {
    fn take(&mut self, work: Work) {
        self.is_busy = false;
        self.next = work.next;
        self.put_back += work.count;
        self.redelivered = work.redelivered;
    }
}

impl Broker {
    pub(super) fn put_back(
        &self,
        token: UndoToken,
        answer: (&Arc<Outbox>, Reply),
        turn: &mut Turn<'_>,
    ) -> Result<PutBack, UndoError> {
        let now_ms = turn.now.monotonic_ms;
        let mut work = self.undos.0.lock().begin(token, self, now_ms)?;
        let done = self.put_some_back(&mut work, answer, turn);
        let mut state = self.undos.0.lock();
        let count = work.count;
        let Some(undo) = state.open.get_mut(&token) else {
            // The disk was found short meanwhile.
            return done.and(Err(UndoError::GivenUp));
        };
        undo.take(work);
        if count > 0 {
            // Whoever is at it gets the time for it.
            let grace_ms = self.settings.undo_grace_ms;
            undo.until_ms = undo.until_ms.max(now_ms.saturating_add(grace_ms));
        }
        let total = undo.put_back;
        let ended = match &done {
            Ok(true) => state.end(token, End::Done(total)),
            Err(UndoError::GivenUp) => state.end(token, End::GivenUp),
            Ok(false) | Err(_) => None,
        };
        drop(state);
        self.let_go(ended);
        done.map(|is_over| PutBack {
            count,
            total,
            is_over,
        })
    }

    /// `true` when nothing is left.
    fn put_some_back(
        &self,
        work: &mut Work,
        answer: (&Arc<Outbox>, Reply),
        turn: &mut Turn<'_>,
    ) -> Result<bool, UndoError> {
        if work.is_first && !self.check_room(work)? {
            return Ok(false);
        }
        let queue = match &work.what {
            What::Jobs => return self.put_jobs_back(work, answer, turn),
            What::Durable(note) => self.subscription_again(note, turn)?,
            What::Messages | What::Queue => {
                let node = self.node(&work.destination, turn);
                let Node::Queue(queue) = node.map_err(UndoError::Refused)? else {
                    return Err(UndoError::Unknown);
                };
                queue
            }
        };
        for at in 0..work.snapshots.len() {
            let records = self.recalled(work, at)?;
            if !records.is_empty() {
                queue.take_back(work, (at, records), answer, turn)?;
                return Ok(false);
            }
        }
        turn.answer_again(answer.0, Some(answer.1), true);
        Ok(true)
    }

    /// The next records of one of the stores; none when all were read.
    pub(super) fn recalled(
        &self,
        work: &mut Work,
        at: usize,
    ) -> Result<Vec<RecalledRecord>, UndoError> {
        let snapshot = work.snapshots.get(at).copied().flatten();
        let store = self.store_of(&work.what, at);
        let next = work.next.get_mut(at);
        let (Some(snapshot), Some(store), Some(next)) = (snapshot, store, next) else {
            return Ok(Vec::new());
        };
        let request = RecallRequest {
            snapshot,
            from: *next,
            records_max: RECORDS_MAX,
            bytes_max: BYTES_MAX,
        };
        let recalled = store.recall(request);
        let recalled = recalled.map_err(UndoError::Unreadable)?;
        let recalled = recalled.ok_or(UndoError::GivenUp)?;
        if recalled.records.is_empty() {
            // Only what could not be read was left.
            *next = recalled.next;
        }
        Ok(recalled.records)
    }

    /// All or nothing, as far as that can be known before. `false`: it is not known yet what there
    /// is, because the end of a queue is not written.
    fn check_room(&self, work: &Work) -> Result<bool, UndoError> {
        let limits = self.usage.load();
        for (at, snapshot) in work.snapshots.into_iter().enumerate() {
            let (Some(store), Some(snapshot)) = (self.store_of(&work.what, at), snapshot) else {
                continue;
            };
            let info = store.snapshot(snapshot).ok_or(UndoError::GivenUp)?;
            if !info.is_complete {
                return Ok(false);
            }
            if let (What::Jobs, 0, Some(scheduler)) = (&work.what, at, &self.scheduler) {
                let short = scheduler.short_of(info.bytes, info.records);
                short.map_or(Ok(()), |short| Err(UndoError::NoRoom { short }))?;
            }
            let (name, limit_bytes) = match kept_at(&work.what, at) {
                Kept::Stored => {
                    let policy = self.policies.of(&work.destination);
                    let percent = u64::from(policy.store_usage_high_water_mark.min(100));
                    let limit = self.disks.store.of(limits.store_limit_bytes);
                    ("store", percent_of(limit, percent))
                }
                Kept::Spooled => ("temp", self.disks.temp.of(limits.temp_limit_bytes)),
            };
            let used_bytes = store.usage().used_bytes;
            let free_bytes = limit_bytes.saturating_sub(used_bytes);
            if limit_bytes > 0 && info.records > 0 && info.bytes > free_bytes {
                let short = format!(
                    "the messages need {} bytes of the {name} limit, and {free_bytes} of \
                     {limit_bytes} are free",
                    info.bytes
                );
                return Err(UndoError::NoRoom { short });
            }
        }
        Ok(true)
    }
}

impl Queue {
    /// Takes removed messages in again, as far as there is room.
    fn take_back(
        self: &Arc<Self>,
        work: &mut Work,
        (at, records): (usize, Vec<RecalledRecord>),
        (outbox, reply): (&Arc<Outbox>, Reply),
        turn: &mut Turn<'_>,
    ) -> Result<(), UndoError> {
        let mut state = self.lock();
        if state.closed {
            return Err(UndoError::Refused(self.gone()));
        }
        let mut writes = Writes::default();
        let mut stopped = Ok(());
        let mut next = work.next.get(at).copied().unwrap_or_default();
        let mut count = 0;
        for record in records {
            let place = (at, record.list, record.stored.position);
            let message = Message::from_parts(record.stored.head, record.stored.body);
            let message = message.ok().filter(|one| !one.is_expired(turn.now.wall_ms));
            if let Some(message) = message {
                let redeliveries = work.redelivered.get(&place).copied().unwrap_or_default();
                let taken =
                    self.take_one_back(&mut state, (message, redeliveries), &mut writes, turn);
                match taken {
                    Ok(None) => count += 1,
                    Ok(Some(Full::Congested)) => break,
                    Ok(Some(full)) => {
                        let done = work.count + count;
                        let short = format!("{full} ({done} more messages were put back)");
                        stopped = Err(UndoError::NoRoom { short });
                        break;
                    }
                    Err(failure) => {
                        stopped = Err(UndoError::Refused(failure));
                        break;
                    }
                }
            }
            next = record.number + 1;
        }
        writes.confirm(outbox, Some(reply), true);
        writes.write(turn).map_err(UndoError::Refused)?;
        work.count += count;
        if let Some(slot) = work.next.get_mut(at) {
            *slot = next;
        }
        self.dispatch_locked(&mut state, turn);
        stopped
    }

    /// The limit that has no room for the message, if there is one.
    fn take_one_back(
        self: &Arc<Self>,
        state: &mut QueueState,
        (message, redeliveries): (Message, u32),
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) -> Result<Option<Full>, floodway_message::session::Failure> {
        if let Some(full) = self.fullness(state, (&message, false), turn) {
            return Ok(Some(full));
        }
        let (lane, order) = (self.lane_of(&message), state.next_order);
        self.take_in(state, message, writes, turn)?;
        if redeliveries > 0
            && let Some(lane) = state.lanes.get_mut(lane)
        {
            // One that waits on disk counts as delivered for the first time.
            let newest = lane
                .aside
                .back_mut()
                .into_iter()
                .chain(lane.window.back_mut());
            for entry in newest.filter(|entry| entry.order == order) {
                entry.redeliveries = redeliveries;
            }
        }
        Ok(None)
    }
}
