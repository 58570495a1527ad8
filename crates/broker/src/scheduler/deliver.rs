//! The way of a message into the scheduler, and the message that comes out of it.

use super::schedule::{self, CRON, DELAY, JOB_ID, PERIOD, REPEAT, Schedule};
use super::{MANAGEMENT, Scheduler, job_id};
use crate::destination::Node;
use crate::turn::Turn;
use floodway_message::session::{Destinations, Failure, FailureKind, Send};
use floodway_message::{Message, MessageError, PropertyValue};

/// How a send goes on.
pub(crate) enum Routed {
    /// As any other.
    On,
    /// Into the scheduler.
    Scheduled,
    /// It says what to do with jobs.
    Management,
}

impl Scheduler {
    /// What kind of send it is.
    pub(crate) fn route(send: &Send) -> Routed {
        if let Destinations::One(destination) = &send.destinations
            && is_management(destination.name())
        {
            return Routed::Management;
        }
        let scheduled = send
            .message
            .properties()
            .any(|(name, _)| [DELAY, PERIOD, CRON].contains(&name));
        if scheduled {
            Routed::Scheduled
        } else {
            Routed::On
        }
    }

    /// Is the message to be scheduled? What is due at once comes back as it is to be delivered.
    ///
    /// # Errors
    /// When its schedule is not what it should be, or there are too many jobs.
    pub(crate) fn admit(
        &self,
        message: &Message,
        turn: &Turn<'_>,
    ) -> Result<Option<Admitted>, Failure> {
        let Some(schedule) = Schedule::of(message)? else {
            return Ok(None);
        };
        schedule.bounded(self.settings.repeat_max)?;
        if schedule.is_at_once() {
            // No job has the number 0.
            let id = job_id(message.id(), 0);
            let delivered = delivered(message, &id, None, turn.now.wall_ms);
            return Ok(Some(Admitted::AtOnce(delivered.map_err(too_long)?)));
        }
        schedule.first_ms(turn.now.wall_ms, &self.settings.time_zone)?;
        let count = self.state.lock().jobs.len();
        if count >= self.settings.jobs_max {
            let text = format!(
                "the message is not scheduled: there are {count} jobs already; remove some, or \
                 raise the limit"
            );
            return Err(Failure::new(FailureKind::NoSpace, text));
        }
        Ok(Some(Admitted::Later))
    }

    /// Where a message of a prepared branch goes, if it is to be scheduled.
    pub(crate) fn node_for(&self, message: &Message) -> Option<Node> {
        let schedule = Schedule::of(message).ok()??;
        (!schedule.is_at_once()).then(|| self.node().clone())
    }
}

/// A message that the scheduler takes.
pub(crate) enum Admitted {
    /// A job.
    Later,
    /// It is sent on as this.
    AtOnce(Message),
}

fn is_management(name: &str) -> bool {
    let start = name.as_bytes().get(..MANAGEMENT.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(MANAGEMENT.as_bytes()))
}

/// The message as it is delivered: with its job's id, without its schedule. One that comes more
/// than once gets an id of its own.
pub(super) fn delivered(
    message: &Message,
    job_id: &str,
    again: Option<u32>,
    now_ms: i64,
) -> Result<Message, MessageError> {
    let mut builder = message.rebuild();
    builder.remove_properties(|name| [DELAY, PERIOD, REPEAT, CRON].contains(&name));
    builder.remove_producer_sequence();
    builder.property(JOB_ID, PropertyValue::String(job_id));
    if let Some(count) = again {
        builder.id(&format!("{job_id}:{count}"));
    }
    let (timestamp, expiration) = (message.timestamp_ms(), message.expiration_ms());
    // Its time to live begins now.
    if timestamp > 0 && expiration > 0 {
        let life_ms = expiration.saturating_sub(timestamp);
        let renewed = now_ms.saturating_add(life_ms);
        if renewed > expiration {
            builder.timestamp_ms(now_ms);
            if life_ms > 0 {
                builder.expiration_ms(renewed);
            }
        }
    }
    builder.build(0)
}

/// The message of a round that a cron entry begins.
pub(super) fn round(message: &Message) -> Result<Message, MessageError> {
    let mut builder = message.rebuild();
    builder.remove_properties(|name| name == CRON);
    let schedule = schedule::Schedule::of(message).ok().flatten();
    let waits = schedule.is_some_and(|one| one.delay_ms > 0 || one.period_ms > 0);
    if !waits {
        builder.remove_properties(|name| name == DELAY);
        builder.property(DELAY, PropertyValue::Long(0));
    }
    builder.build(0)
}

fn too_long(error: MessageError) -> Failure {
    Failure::new(FailureKind::Invalid, error.to_string())
}
