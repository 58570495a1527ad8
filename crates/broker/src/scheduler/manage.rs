//! Jobs as clients manage them: messages to [`super::MANAGEMENT`] with a property that says what to
//! do (ActiveMQ's `ScheduledMessage`).
//!
//! What concerns many jobs is done in the background, in small pieces and in the order in which it
//! was asked for; copies for a browser wait for room at its destination.

use super::fire::full;
use super::schedule::JOB_ID;
use super::state::Key;
use super::{MANAGEMENT, Scheduler};
use crate::operation::Operation;
use crate::outbox::Outbox;
use crate::queue::add::Writes;
use crate::turn::Turn;
use floodway_message::session::{Failure, FailureKind, Reply, Send};
use floodway_message::{Destination, Message, MessageError, PropertyValue};
use floodway_store::BatchNumber;
use std::sync::Arc;

/// Property that says what to do.
const ACTION: &str = "AMQ_SCHEDULER_ACTION";
/// First time of interest, milliseconds since 1970.
const START_TIME: &str = "ACTION_START_TIME";
/// Last one.
const END_TIME: &str = "ACTION_END_TIME";

/// Most actions that wait.
const ACTIONS_MAX: usize = 64;
/// Jobs removed at a time, under one lock.
const REMOVED_AT_ONCE: usize = 1000;
/// Jobs browsed at a time.
const BROWSED_AT_ONCE: usize = 100;

/// What concerns many jobs.
pub(super) enum Action {
    /// Copies of all jobs are sent to somebody.
    Browse {
        to: Destination,
        from: Key,
        end_ms: i64,
    },
    /// All jobs are removed.
    Remove {
        from: Key,
        end_ms: i64,
        outbox: Arc<Outbox>,
        reply: Option<Reply>,
    },
}

/// What came of a piece of an action.
enum Piece {
    Done,
    More(Action),
    /// It goes on with the next tick.
    Waits(Action),
}

impl Scheduler {
    /// Does what a message says.
    pub(crate) fn manage(&self, send: Send, outbox: &Arc<Outbox>, turn: &mut Turn<'_>) {
        match self.asked(&send.message, outbox, send.reply) {
            Err(failure) => turn.answer(outbox, send.reply, Err(failure)),
            Ok(Asked::Nothing) => turn.answer(outbox, send.reply, Ok(())),
            Ok(Asked::Remove(id)) => match self.remove(&id, turn) {
                Ok((_, batch)) => turn.answer_after(outbox, send.reply, batch),
                Err(failure) => turn.answer(outbox, send.reply, Err(failure)),
            },
            Ok(Asked::Later(action)) => {
                // A browser is answered when it is heard.
                let browses = matches!(action, Action::Browse { .. });
                let mut state = self.state.lock();
                if state.actions.len() >= ACTIONS_MAX {
                    drop(state);
                    let text = format!(
                        "{ACTIONS_MAX} requests to {MANAGEMENT} wait already; try again later"
                    );
                    let failure = Failure::new(FailureKind::NoSpace, text);
                    return turn.answer(outbox, send.reply, Err(failure));
                }
                state.actions.push_back(action);
                drop(state);
                turn.broker.work.schedule();
                if browses {
                    turn.answer(outbox, send.reply, Ok(()));
                }
            }
        }
    }

    fn asked(
        &self,
        message: &Message,
        outbox: &Arc<Outbox>,
        reply: Option<Reply>,
    ) -> Result<Asked, Failure> {
        let Some(PropertyValue::String(action)) = message.property(ACTION) else {
            return Ok(Asked::Nothing);
        };
        let start_ms = time(message, START_TIME)?;
        let end_ms = time(message, END_TIME)?;
        let (start_ms, end_ms) = start_ms.zip(end_ms).unwrap_or((i64::MIN, i64::MAX));
        let from = (start_ms, 0);
        match action {
            "BROWSE" => match message.reply_to() {
                Some(to) => Ok(Asked::Later(Action::Browse { to, from, end_ms })),
                None => Err(refusal("BROWSE needs a destination to reply to")),
            },
            "REMOVE" => match message.property(JOB_ID) {
                Some(PropertyValue::String(id)) => Ok(Asked::Remove(id.into())),
                _ => Err(refusal("REMOVE needs the property scheduledJobId")),
            },
            "REMOVEALL" => Ok(Asked::Later(Action::Remove {
                from,
                end_ms,
                outbox: Arc::clone(outbox),
                reply,
            })),
            _ => Err(refusal("it is BROWSE, REMOVE or REMOVEALL")),
        }
    }

    /// Removes a job; tells if there was one, and the batch that does it.
    ///
    /// # Errors
    /// When the store has stopped.
    pub(super) fn remove(
        &self,
        id: &str,
        turn: &mut Turn<'_>,
    ) -> Result<(bool, Option<BatchNumber>), Failure> {
        let mut jobs = self.lock();
        let Some(number) = jobs.state.number_of(id) else {
            return Ok((false, None));
        };
        let mut writes = Writes::default();
        jobs.cancel(number, &mut writes, turn);
        let (batch, _) = writes.write(turn)?;
        jobs.finish();
        Ok((true, batch))
    }

    /// Removes some jobs from a key on; returns where to go on, and the batch.
    ///
    /// # Errors
    /// When the store has stopped.
    pub(super) fn remove_some(
        &self,
        from: Key,
        end_ms: i64,
        turn: &mut Turn<'_>,
    ) -> Result<(Vec<Key>, Option<BatchNumber>), Failure> {
        let mut jobs = self.lock();
        let keys = jobs.state.keys(from, end_ms, REMOVED_AT_ONCE);
        let mut writes = Writes::default();
        // What stands together in the store is remembered together.
        let mut numbers: Vec<u64> = keys.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        for number in numbers {
            jobs.cancel(number, &mut writes, turn);
        }
        // Also without changes: it tells when earlier removals are safe.
        let (batch, _) = writes.write(turn)?;
        jobs.finish();
        Ok((keys, batch))
    }

    /// Does a piece of what was asked for; `true` when there is more to do now.
    pub(super) fn act(&self, turn: &mut Turn<'_>) -> bool {
        let Some(action) = self.state.lock().actions.pop_front() else {
            return false;
        };
        let piece = match action {
            Action::Browse { to, from, end_ms } => self.browse(to, from, end_ms, turn),
            Action::Remove {
                from,
                end_ms,
                outbox,
                reply,
            } => match self.remove_some(from, end_ms, turn) {
                Ok((keys, batch)) if keys.len() < REMOVED_AT_ONCE => {
                    turn.answer_after(&outbox, reply, batch);
                    Piece::Done
                }
                Ok((keys, _)) => Piece::More(Action::Remove {
                    from: keys.last().map_or(from, after),
                    end_ms,
                    outbox,
                    reply,
                }),
                Err(failure) => {
                    turn.answer(&outbox, reply, Err(failure));
                    Piece::Done
                }
            },
        };
        let mut state = self.state.lock();
        match piece {
            Piece::Done => !state.actions.is_empty(),
            Piece::More(action) => {
                state.actions.push_front(action);
                true
            }
            Piece::Waits(action) => {
                // Whoever does not read their copies holds up nobody else.
                state.actions.push_back(action);
                false
            }
        }
    }

    fn browse(&self, to: Destination, from: Key, end_ms: i64, turn: &mut Turn<'_>) -> Piece {
        let keys = self.state.lock().keys(from, end_ms, BROWSED_AT_ONCE);
        let mut at = from;
        for key in &keys {
            let node = match turn.broker.node(&to, turn) {
                Ok(node) => node,
                Err(failure) => {
                    tracing::debug!("nobody browses the jobs any more: {failure}");
                    return Piece::Done;
                }
            };
            if full(&node, turn).is_some() {
                let from = at;
                return Piece::Waits(Action::Browse { to, from, end_ms });
            }
            at = after(key);
            let Some(message) = self.read_message(key.1) else {
                continue;
            };
            let number = turn.broker.next_id();
            if let Ok(copy) = browsed(&message, key.1, number, &to) {
                Operation::new(vec![(node, copy)], &self.outbox, None).apply(turn);
            }
        }
        if keys.len() < BROWSED_AT_ONCE {
            return Piece::Done;
        }
        let from = at;
        Piece::More(Action::Browse { to, from, end_ms })
    }
}

impl super::Jobs<'_> {
    /// Removes a job, or has it removed when it is sent, which has begun already.
    fn cancel(&mut self, number: u64, writes: &mut Writes, turn: &Turn<'_>) {
        if let Some(cancelled) = self.state.firing.get_mut(&number) {
            *cancelled = true;
        } else {
            self.remember(number, turn.drops_into);
            self.remove(number, writes, turn);
        }
    }
}

/// What a message asks for.
enum Asked {
    Nothing,
    Remove(String),
    Later(Action),
}

/// The key after one.
pub(super) fn after(key: &Key) -> Key {
    (key.0, key.1.saturating_add(1))
}

/// The copy of a job's message that a browser gets.
fn browsed(
    message: &Message,
    job: u64,
    number: u64,
    to: &Destination,
) -> Result<Message, MessageError> {
    let mut builder = message.rebuild();
    if let Some(destination) = message.destination() {
        builder.original_destination(&destination);
    }
    let id = super::job_id(message.id(), job);
    builder
        .destination(to)
        .persistent(false)
        .message_type("Advisory")
        .id(&format!("ID:floodway-browse:{job}:{number}"))
        .property(JOB_ID, PropertyValue::String(&id));
    builder.build(0)
}

fn time(message: &Message, name: &str) -> Result<Option<i64>, Failure> {
    match message.property(name) {
        None | Some(PropertyValue::Null) => Ok(None),
        Some(PropertyValue::Long(time)) => Ok(Some(time)),
        Some(PropertyValue::Integer(time)) => Ok(Some(time.into())),
        Some(PropertyValue::String(text)) => match text.trim().parse() {
            Ok(time) => Ok(Some(time)),
            Err(error) => Err(refusal(&format!("{name} is not a time: {error}"))),
        },
        Some(_) => Err(refusal(&format!("{name} is not a time in milliseconds"))),
    }
}

fn refusal(why: &str) -> Failure {
    let text = format!("{ACTION} of a message to {MANAGEMENT}: {why}");
    Failure::new(FailureKind::Invalid, text)
}
