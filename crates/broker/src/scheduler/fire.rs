//! Jobs whose time has come are sent on. Runs on the threads that may read from disk.
//!
//! What finds no room at its destination stays due and is tried again when there is room; it holds
//! up nothing else. A job goes on in the batch that adds its message to the queues.

use super::deliver::{self, delivered};
use super::record::JobRecord;
use super::schedule::Schedule;
use super::state::{Job, Key};
use super::{Firing, Scheduler};
use crate::destination::Node;
use crate::flow::parking::Full;
use crate::operation::Operation;
use crate::queue::add::Writes;
use crate::turn::Turn;
use floodway_message::session::Destinations;
use floodway_message::{Destination, Message};
use floodway_store::{PageRequest, Stored};

/// Most jobs of one step.
const STEP_JOBS_MAX: usize = 256;
/// Messages read at a time: bytes.
const PAGE_BYTES: usize = 1 << 20;
/// A job whose destination cannot be had is tried again after so long.
const POSTPONED_MS: i64 = 30_000;

impl Scheduler {
    /// Lets time pass; `true` when there is something to do in [`Scheduler::step`].
    pub(crate) fn tick(&self, turn: &mut Turn<'_>) -> bool {
        let mut state = self.state.lock();
        state.tick();
        let first = state.due.first();
        let is_due = first.is_some_and(|key| key.0 <= turn.now.wall_ms);
        let acts = is_due || !state.actions.is_empty();
        let nodes: Vec<Node> = state.waiting.values().map(|one| one.node.clone()).collect();
        if state.stepping {
            return false;
        }
        drop(state);
        acts || nodes.iter().any(|node| has_room(node, turn))
    }

    /// Sends on some of what is due; `true` when there may be more. May read from disk.
    pub(crate) fn step(&self, turn: &mut Turn<'_>) -> bool {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.stepping, true) {
            return false;
        }
        drop(state);
        let mut more = self.act(turn);
        let places: Vec<(Destination, Node)> = {
            let state = self.state.lock();
            let places = state.waiting.iter();
            places
                .map(|(destination, queued)| (destination.clone(), queued.node.clone()))
                .collect()
        };
        for (destination, node) in places {
            if has_room(&node, turn) {
                more |= self.fire_waiting(&destination, turn);
            }
        }
        let keys = self.state.lock().take_due(turn.now.wall_ms, STEP_JOBS_MAX);
        more |= keys.len() == STEP_JOBS_MAX;
        self.fire_all(&keys, turn);
        self.state.lock().stepping = false;
        more
    }

    /// Tries jobs again that wait at a destination; `true` when some went, and more may.
    fn fire_waiting(&self, destination: &Destination, turn: &mut Turn<'_>) -> bool {
        let before = self.state.lock().waiting_at(destination);
        let keys = {
            let mut state = self.state.lock();
            state.take_waiting(destination, STEP_JOBS_MAX)
        };
        self.fire_all(&keys, turn);
        keys.len() == STEP_JOBS_MAX && self.state.lock().waiting_at(destination) < before
    }

    /// Sends jobs on in order; those whose messages stand next to each other are read together.
    fn fire_all(&self, keys: &[Key], turn: &mut Turn<'_>) {
        let neighbours = |one: &Key, other: &Key| one.1.checked_add(1) == Some(other.1);
        for run in keys.chunk_by(neighbours) {
            let mut left = run;
            while !left.is_empty() {
                left = self.fire_page(left, turn);
            }
        }
    }

    /// Sends on as many of neighbouring jobs as one page holds; returns the others.
    fn fire_page<'k>(&self, keys: &'k [Key], turn: &mut Turn<'_>) -> &'k [Key] {
        let Some((_, first)) = keys.first() else {
            return &[];
        };
        let list = self.state.lock().messages.list;
        let from = first - 1;
        let page = list.map(|list| {
            self.store.page(PageRequest {
                list,
                from,
                records_max: keys.len(),
                bytes_max: PAGE_BYTES,
            })
        });
        let page = match page {
            Some(Ok(page)) if page.next > from => page,
            Some(Ok(page)) if page.unwritten => return self.retry_all(keys),
            Some(Err(error)) => {
                tracing::error!("scheduled messages cannot be read, and stay due: {error}");
                return self.retry_all(keys);
            }
            Some(Ok(_)) | None => return self.retry_all(keys),
        };
        let mut records = page.records.into_iter().peekable();
        let passed = usize::try_from(page.next - from).unwrap_or(usize::MAX);
        let (passed, left) = keys.split_at(passed.min(keys.len()));
        for key in passed {
            let record = records.next_if(|record| record.position == key.1 - 1);
            match record {
                Some(record) => self.fire(*key, record, turn),
                None => self.lose(*key, turn),
            }
        }
        left
    }

    fn retry_all(&self, keys: &[Key]) -> &'static [Key] {
        let mut state = self.state.lock();
        keys.iter().for_each(|key| state.retry(*key));
        &[]
    }

    /// The message of a job is damaged; the store has said so.
    fn lose(&self, key: Key, turn: &mut Turn<'_>) {
        let (_, number) = key;
        let cancelled = self.state.lock().firing.get(&number).copied();
        if cancelled == Some(false) {
            tracing::error!("the message of the scheduled job {number} is damaged and lost");
        }
        self.drop_job(number, turn);
    }

    /// Removes a job without sending it.
    fn drop_job(&self, number: u64, turn: &mut Turn<'_>) {
        let mut writes = Writes::default();
        let mut jobs = self.lock();
        let firing = Firing::last(number, turn.now.wall_ms);
        jobs.settle(firing, &mut writes, turn);
        if let Err(failure) = writes.write(turn) {
            tracing::debug!("a job is not removed: {failure}");
        }
        jobs.finish();
    }

    fn fire(&self, key: Key, record: Stored, turn: &mut Turn<'_>) {
        let (_, number) = key;
        let state = self.state.lock();
        let cancelled = state.firing.get(&number).copied().unwrap_or(true);
        let job = state.jobs.get(&number).copied();
        drop(state);
        let message = Message::from_parts(record.head, record.body);
        let (Some(job), false) = (job, cancelled) else {
            return self.drop_job(number, turn);
        };
        let Ok(message) = message else {
            return self.lose(key, turn);
        };
        let (firing, sent) = match self.plan(key, &job, &message, turn) {
            Ok(plan) => plan,
            Err(error) => {
                tracing::error!("the scheduled job {number} is given up: {error}");
                return self.drop_job(number, turn);
            }
        };
        let mut sends = Vec::new();
        if let Some(sent) = sent {
            let Some(destination) = message.destination() else {
                return self.drop_job(number, turn);
            };
            let place = Destinations::One(destination.clone());
            if let Err(failure) = turn.broker.expand(&place, &sent, &mut sends, turn) {
                if destination.kind().is_temporary() {
                    tracing::info!("a scheduled message goes with its destination: {failure}");
                    return self.drop_job(number, turn);
                }
                tracing::warn!("a scheduled message has to wait: {failure}");
                let later = turn.now.wall_ms.saturating_add(POSTPONED_MS);
                return self.state.lock().postpone(key, later);
            }
        } else if full(self.node(), turn).is_some() {
            return self.state.lock().wait(key, self.node());
        }
        let is_last = firing.next.is_none();
        let mut nodes = sends.iter().map(|(node, _)| node);
        if let Some(node) = nodes.find(|node| holds_back(node, is_last, turn)) {
            return self.state.lock().wait(key, node);
        }
        Operation::new(sends, &self.outbox, None)
            .firing(firing)
            .apply(turn);
    }

    /// What becomes of a job, and the message that is sent now, if one is.
    fn plan(
        &self,
        (due_ms, number): Key,
        job: &Job,
        message: &Message,
        turn: &Turn<'_>,
    ) -> Result<(Firing, Option<Message>), floodway_message::MessageError> {
        let now_ms = turn.now.wall_ms;
        let schedule = Schedule::of(message).ok().flatten().unwrap_or_default();
        let mut firing = Firing::last(number, now_ms);
        let repeats = schedule.is_cron() || job.left != 0;
        let id = super::job_id(message.id(), number);
        let fired = job.fired.saturating_add(1);
        if repeats && let Some(mut record) = self.record(number, job, message, &schedule) {
            record.fired = fired;
            if schedule.is_cron() {
                let next = schedule.cron_ms(now_ms, &self.settings.time_zone);
                firing.next = next.map(|next_ms| JobRecord { next_ms, ..record });
            } else {
                record.left -= i32::from(record.left > 0);
                record.next_ms = schedule.repeated_ms(due_ms, now_ms);
                firing.next = Some(record);
            }
        }
        if schedule.is_cron() && schedule.repeat != 0 {
            firing.round = Some(deliver::round(message)?);
            return Ok((firing, None));
        }
        let again = (schedule.is_cron() || schedule.repeat != 0).then_some(fired);
        let sent = delivered(message, &id, again, now_ms)?;
        Ok((firing, Some(sent)))
    }

    /// The schedule of a job as it is written; made up again where it is damaged.
    fn record(
        &self,
        number: u64,
        job: &Job,
        message: &Message,
        schedule: &Schedule,
    ) -> Option<JobRecord> {
        if let Some(record) = self.read_schedule(job.schedule)
            && record.number == number
        {
            return Some(record);
        }
        Some(JobRecord {
            number,
            next_ms: job.next_ms,
            start_ms: job.next_ms,
            delay_ms: schedule.delay_ms,
            period_ms: schedule.period_ms,
            left: job.left,
            fired: job.fired,
            bytes: job.bytes.into(),
            id: super::job_id(message.id(), number),
            destination: message.destination()?,
            cron: schedule.cron.clone(),
        })
    }

    /// The schedule at a position, if it is written and whole.
    pub(super) fn read_schedule(&self, position: u64) -> Option<JobRecord> {
        let list = self.state.lock().schedules.list?;
        let record = self.read_one(list, position)?;
        JobRecord::read(&record.head)
    }

    /// The message of a job, if it is written and whole.
    pub(super) fn read_message(&self, number: u64) -> Option<Message> {
        let list = self.state.lock().messages.list?;
        let record = self.read_one(list, number.checked_sub(1)?)?;
        Message::from_parts(record.head, record.body).ok()
    }

    fn read_one(&self, list: floodway_store::ListId, position: u64) -> Option<Stored> {
        let page = self.store.page(PageRequest {
            list,
            from: position,
            records_max: 1,
            bytes_max: PAGE_BYTES,
        });
        let record = page.ok()?.records.into_iter().next()?;
        (record.position == position).then_some(record)
    }
}

/// Can jobs that wait for a destination be tried again?
fn has_room(node: &Node, turn: &mut Turn<'_>) -> bool {
    node.is_closed() || !holds_back(node, true, turn)
}

/// Does a limit hold a job back? The last delivery of a job frees in the store what it takes there,
/// and so the store's limit does not count: nothing else might ever make room.
fn holds_back(node: &Node, is_last: bool, turn: &mut Turn<'_>) -> bool {
    match full(node, turn) {
        None => false,
        Some(Full::Store { .. }) if is_last => {
            turn.store_full(0).is_some() || turn.store_congested()
        }
        Some(_) => true,
    }
}

/// The limit that holds a job back at a destination.
pub(super) fn full(node: &Node, turn: &mut Turn<'_>) -> Option<Full> {
    match node {
        Node::Queue(queue) => queue.commit_full(turn),
        Node::Topic(topic) => topic.commit_full(turn),
    }
}
