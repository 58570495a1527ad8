//! Undo of the removal of scheduled messages: they are scheduled again, for the times at which
//! they were due. One whose time is over is due at once.
//!
//! A scheduled message is two records, its message and its schedule. Each has a snapshot of its
//! own, in the same order, so that they are read side by side. Invariant: a message and its
//! schedule are put back in one batch, or neither is.

use super::put_back::Work;
use super::{UndoError, What};
use crate::broker::Broker;
use crate::destination::Node;
use crate::flow::parking::Full;
use crate::outbox::Outbox;
use crate::queue::add::Writes;
use crate::scheduler::{JobRecord, Scheduler};
use crate::turn::Turn;
use floodway_message::session::{Failure, Reply};
use floodway_message::{Message, Now};
use floodway_store::RecalledRecord;
use std::sync::Arc;

impl Broker {
    /// Has scheduled messages removed that can be put back; tells how many.
    ///
    /// # Errors
    /// When the store has stopped.
    pub(crate) fn remove_scheduled(
        &self,
        now: Now,
        remove: impl FnOnce(&Scheduler, &mut Turn<'_>) -> Result<u64, Failure>,
    ) -> Result<u64, Failure> {
        let Some(scheduler) = &self.scheduler else {
            return Ok(0);
        };
        let mut turn = Turn::new(self, now);
        let from = scheduler.node().destination();
        let token = self.begin_undo_of(from, What::Jobs, now);
        if let Some(token) = token {
            let state = self.undos.0.lock();
            turn.drops_into = state
                .open
                .get(&token)
                .map_or([None; 2], |one| one.snapshots);
        }
        let removed = remove(scheduler, &mut turn);
        turn.finish();
        if let Some(token) = token {
            let count = removed.as_ref().map_or(0, |count| *count);
            self.note_removed(token, count, now);
            self.finish_undo(token, now);
        }
        removed
    }

    /// Schedules some again; `true` when nothing is left.
    pub(super) fn put_jobs_back(
        &self,
        work: &mut Work,
        (outbox, reply): (&Arc<Outbox>, Reply),
        turn: &mut Turn<'_>,
    ) -> Result<bool, UndoError> {
        let scheduler = self.scheduler.as_ref().ok_or(UndoError::Unknown)?;
        let messages = self.recalled(work, 0)?;
        let schedules = self.recalled(work, 1)?;
        let Some(known) = schedules.last().map(|last| last.number) else {
            turn.answer_again(outbox, Some(reply), true);
            return Ok(true);
        };
        if messages.is_empty() {
            turn.answer_again(outbox, Some(reply), true);
            return Ok(true);
        }
        let mut stopped = Ok(());
        let mut next = known + 1;
        let mut writes = Writes::default();
        let mut jobs = scheduler.lock();
        for message in &messages {
            if message.number > known {
                break;
            }
            let Some((record, parsed)) = pair(message, &schedules) else {
                continue;
            };
            match room(scheduler, turn) {
                None => {}
                Some(full) => {
                    next = message.number;
                    if full != Full::Congested {
                        let short = format!("{full} ({} more were put back)", work.count);
                        stopped = Err(UndoError::NoRoom { short });
                    }
                    break;
                }
            }
            if let Err(failure) = jobs.take_back(record, &parsed, &mut writes, turn) {
                next = message.number;
                stopped = Err(UndoError::Refused(failure));
                break;
            }
            work.count += 1;
        }
        // No further than both were read.
        let read = messages.last().map_or(0, |last| last.number + 1);
        work.next = [next.min(read); 2];
        writes.confirm(outbox, Some(reply), true);
        writes.write(turn).map_err(UndoError::Refused)?;
        jobs.finish();
        stopped.map(|()| false)
    }
}

/// The limit that has no room for another one.
fn room(scheduler: &Scheduler, turn: &mut Turn<'_>) -> Option<Full> {
    match scheduler.node() {
        Node::Topic(topic) => topic.commit_full(turn),
        Node::Queue(_) => None,
    }
}

/// A message with its schedule.
fn pair(message: &RecalledRecord, schedules: &[RecalledRecord]) -> Option<(JobRecord, Message)> {
    let at = schedules.binary_search_by_key(&message.number, |one| one.number);
    let schedule = schedules.get(at.ok()?)?;
    let record = JobRecord::read(&schedule.stored.head)?;
    let is_same = record.number == message.stored.position + 1;
    let stored = &message.stored;
    let parsed = Message::from_parts(stored.head.clone(), stored.body.clone()).ok()?;
    is_same.then_some((record, parsed))
}
