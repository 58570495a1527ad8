//! Scheduled messages: jobs, each a message with a time at which it is sent on, once or again and
//! again.
//!
//! A job is in the store from the moment its sender is answered: its message in one list, its
//! schedule in another (see [`record`]). In memory are only numbers and times, about 100 bytes for
//! each. What is due is read, sent on and removed (or written with its next time) in one batch, so
//! that a crash neither loses nor repeats a delivery. It does not know when it is: times come with
//! turns, and the time zone of cron entries with the settings. A broker without a store keeps jobs
//! in a store in memory.
//!
//! Sends without room in the job scheduler's limit wait at a topic of the scheduler's own, which
//! is the one by which jobs are managed. Times are milliseconds since 1970, sizes bytes.

use crate::destination::Node;
use crate::flow::parking::Full;
use crate::flow::usage::Usage;
use crate::outbox::{Origin, Outbox};
use crate::policy::Policies;
use crate::queue::add::{Writes, store_failure};
use crate::settings::{BrokerSettings, SchedulerSettings};
use crate::topic::Topic;
use crate::turn::Turn;
use crate::undo::Snapshots;
use floodway_message::session::{Failure, FailureKind};
use floodway_message::{Destination, DestinationKind, Message};
use floodway_store::{Change, ListId, MemoryStore, Store, Target, Targets};
use parking_lot::{Mutex, MutexGuard};
use schedule::Schedule;
use state::{Job, State};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

mod cron;
mod deliver;
mod fire;
mod jobs;
mod manage;
mod record;
mod restart;
mod schedule;
mod state;

pub(crate) use deliver::{Admitted, Routed};
pub(crate) use jobs::{Found, Key};
pub(crate) use record::{JobRecord, is_descriptor};

/// Where jobs are managed, and where sends wait for room.
pub(crate) const MANAGEMENT: &str = "ActiveMQ.Scheduler.Management";

/// What a job takes in the store and in memory besides its message.
const OVERHEAD_BYTES: u64 = 256;
/// A message with a longer id gives its job another one.
const ID_BYTES_MAX: usize = 1024;

/// See the module.
pub(crate) struct Scheduler {
    settings: SchedulerSettings,
    limit_bytes: AtomicU64,
    used_bytes: AtomicU64,
    store: Arc<dyn Store>,
    /// The store is the broker's.
    shared: bool,
    node: Node,
    /// Of what the scheduler itself sends.
    outbox: Arc<Outbox>,
    state: Mutex<State>,
}

/// The jobs, locked from the choice of a position until it is appended.
pub(crate) struct Jobs<'a> {
    scheduler: &'a Scheduler,
    state: MutexGuard<'a, State>,
    /// What goes to a store of the scheduler's own.
    own: Vec<Change>,
}

/// A job whose message is sent on with the operation that has this.
pub(crate) struct Firing {
    number: u64,
    /// Its schedule from now on; `None` when this was the last time.
    next: Option<JobRecord>,
    /// Instead of being sent, the message begins a round of repetitions.
    round: Option<Message>,
    now_ms: i64,
}

impl Scheduler {
    /// `None` where the settings say so. `id` is that of a connection.
    pub(crate) fn new(
        settings: &BrokerSettings,
        (policies, memory): (&Policies, &Arc<Usage>),
        store: Option<&Arc<dyn Store>>,
        id: u64,
    ) -> Option<Self> {
        if !settings.scheduler.support {
            return None;
        }
        let topic = Destination::new(DestinationKind::Topic, MANAGEMENT).ok()?;
        let usage = Usage::child(memory, &topic.to_string(), 0);
        let policy = policies.of(&topic);
        let mut limit_bytes = settings.usage.job_scheduler_limit_bytes;
        if store.is_none() {
            // They are in memory.
            let most = settings.usage.memory_limit_bytes;
            limit_bytes = match (limit_bytes, most) {
                (0, limit) | (limit, 0) => limit,
                (limit, most) => limit.min(most),
            };
        }
        let origin = Origin {
            peer: "the scheduler",
            ..Origin::default()
        };
        Some(Self {
            settings: settings.scheduler.clone(),
            limit_bytes: AtomicU64::new(limit_bytes),
            used_bytes: AtomicU64::new(0),
            shared: store.is_some(),
            store: store.map_or_else(|| Arc::new(MemoryStore::new()) as _, Arc::clone),
            node: Node::Topic(Topic::for_jobs(topic, usage, policy)),
            outbox: Outbox::new(id, origin, Box::new(|| {})),
            state: Mutex::default(),
        })
    }

    /// Where messages go that are to be scheduled.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Is it where messages go that are to be scheduled?
    pub(crate) fn is_node(&self, node: &Node) -> bool {
        self.node.is(node)
    }

    /// The limit that leaves no room for another job.
    pub(crate) fn full(&self) -> Option<Full> {
        let used_bytes = self.used_bytes();
        let limit_bytes = self.limit_bytes();
        let over = limit_bytes > 0 && used_bytes >= limit_bytes;
        over.then_some(Full::Jobs {
            used_bytes,
            limit_bytes,
        })
    }

    pub(crate) fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn limit_bytes(&self) -> u64 {
        self.limit_bytes.load(Ordering::Relaxed)
    }

    /// Says what is short if so many jobs, with messages of so many bytes, do not fit.
    pub(crate) fn short_of(&self, bytes: u64, jobs: u64) -> Option<String> {
        let wanted = bytes.saturating_add(jobs.saturating_mul(OVERHEAD_BYTES));
        let limit = self.limit_bytes();
        let free = limit.saturating_sub(self.used_bytes());
        (limit > 0 && wanted > free).then(|| {
            format!(
                "the scheduled messages need {wanted} bytes of the job scheduler's limit, and \
                 {free} of {limit} are free"
            )
        })
    }

    /// Changes the limit.
    pub(crate) fn set_limit_bytes(&self, limit_bytes: u64) {
        self.limit_bytes.store(limit_bytes, Ordering::Relaxed);
    }

    pub(crate) fn lock(&self) -> Jobs<'_> {
        Jobs {
            scheduler: self,
            state: self.state.lock(),
            own: Vec::new(),
        }
    }

    fn count_bytes(&self, bytes: u64) {
        self.used_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Room is free again.
    fn uncount_bytes(&self, bytes: u64, turn: &Turn<'_>) {
        let before = self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
        if before >= self.limit_bytes() {
            turn.broker.signal.raise();
        }
    }
}

impl Jobs<'_> {
    /// Takes a message in as a job.
    ///
    /// # Errors
    /// When the store defines no more lists, or the schedule has no time.
    pub(crate) fn add(
        &mut self,
        message: &Message,
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        let Some(schedule) = Schedule::of(message)? else {
            return Ok(());
        };
        let (now_ms, zone) = (turn.now.wall_ms, &self.scheduler.settings.time_zone);
        let next_ms = schedule.first_ms(now_ms, zone)?;
        self.add_at(message, &schedule, (next_ms, now_ms), writes, turn)
    }

    fn add_at(
        &mut self,
        message: &Message,
        schedule: &Schedule,
        (next_ms, start_ms): (i64, i64),
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        let Some(destination) = message.destination() else {
            return Err(Failure::new(FailureKind::Invalid, "no destination"));
        };
        let mut builder = message.rebuild();
        // It was compared with others when it came, and may be sent many times.
        builder.remove_producer_sequence();
        let message = builder
            .build(0)
            .map_err(|error| Failure::new(FailureKind::Invalid, error.to_string()))?;
        let record = JobRecord {
            number: 0,
            next_ms,
            start_ms,
            delay_ms: schedule.delay_ms,
            period_ms: schedule.period_ms,
            left: schedule.repeat,
            fired: 0,
            bytes: 0,
            id: String::new(),
            destination,
            cron: schedule.cron.clone(),
        };
        self.take_back(record, &message, writes, turn)
    }

    /// Takes a job in with its message and its schedule, under a new number.
    ///
    /// # Errors
    /// When the store defines no more lists.
    pub(crate) fn take_back(
        &mut self,
        record: JobRecord,
        message: &Message,
        writes: &mut Writes,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failure> {
        let messages = self.list(record::MESSAGES)?;
        let position = self.state.messages.assign();
        let length = message.head().len() + message.body().len();
        let record = JobRecord {
            number: position + 1,
            bytes: length as u64 + OVERHEAD_BYTES,
            id: job_id(message.id(), position + 1),
            ..record
        };
        turn.count_stored(length);
        let (head, body) = (message.head().clone(), message.body().clone());
        let change = added(messages, position, head, body);
        self.changes(writes).push(change);
        let schedule = self.write_schedule(&record, writes)?;
        self.scheduler.count_bytes(record.bytes);
        self.state.insert(Job::of(&record, schedule), record.number);
        Ok(())
    }

    /// A message was sent on, or has begun a round: its job is removed, or gets its next time.
    pub(crate) fn settle(&mut self, firing: Firing, writes: &mut Writes, turn: &mut Turn<'_>) {
        let Firing {
            number,
            next,
            round,
            now_ms,
        } = firing;
        let cancelled = self.state.firing.remove(&number).unwrap_or_default();
        let next = next.filter(|_| !cancelled);
        let rewritten = next.and_then(|record| {
            let schedule = self.write_schedule(&record, writes).ok()?;
            Some((record, schedule))
        });
        match rewritten {
            None => self.remove(number, writes, turn),
            Some((record, schedule)) => {
                if let Some((list, old)) = self.state.take(number) {
                    let position = old.schedule;
                    self.changes(writes).push(Change::Remove { list, position });
                }
                self.state.insert(Job::of(&record, schedule), number);
            }
        }
        if let Some(message) = round
            && let Ok(Some(schedule)) = Schedule::of(&message)
            && let Ok(first_ms) = schedule.first_ms(now_ms, &self.scheduler.settings.time_zone)
        {
            let times = (first_ms, now_ms);
            if let Err(failure) = self.add_at(&message, &schedule, times, writes, turn) {
                tracing::error!("a round of repetitions is not begun: {failure}");
            }
        }
    }

    /// Has the store keep a job, which is removed next, for an undo. What is not written yet cannot
    /// be kept.
    fn remember(&self, number: u64, [messages, schedules]: Snapshots) {
        let (Some(messages), Some(schedules)) = (messages, schedules) else {
            return;
        };
        let state = &self.state;
        let job = state.jobs.get(&number);
        let (Some(job), Some(message_list), Some(schedule_list)) =
            (job, state.messages.list, state.schedules.list)
        else {
            return;
        };
        let (store, position) = (&self.scheduler.store, number - 1);
        if !store.is_written(message_list, position)
            || !store.is_written(schedule_list, job.schedule)
        {
            return;
        }
        // In this order: a schedule without its message is the last one, for want of memory.
        if store.remember(schedules, schedule_list, &[job.schedule]) == 1 {
            store.remember(messages, message_list, &[position]);
        }
    }

    /// Takes a job out, and notes that for the store.
    fn remove(&mut self, number: u64, writes: &mut Writes, turn: &Turn<'_>) {
        let Some((list, job)) = self.state.take(number) else {
            return;
        };
        self.scheduler.uncount_bytes(job.bytes.into(), turn);
        let position = job.schedule;
        self.changes(writes).push(Change::Remove { list, position });
        if let Some(list) = self.state.messages.list {
            let position = number - 1;
            self.changes(writes).push(Change::Remove { list, position });
        }
    }

    fn write_schedule(&mut self, record: &JobRecord, writes: &mut Writes) -> Result<u64, Failure> {
        let list = self.list(record::SCHEDULES)?;
        let position = self.state.schedules.assign();
        let change = added(list, position, record.write(), bytes::Bytes::new());
        self.changes(writes).push(change);
        Ok(position)
    }

    fn list(&mut self, descriptor: &'static [u8]) -> Result<ListId, Failure> {
        let lists = &mut *self.state;
        let end = if descriptor == record::SCHEDULES {
            &mut lists.schedules
        } else {
            &mut lists.messages
        };
        if let Some(list) = end.list {
            return Ok(list);
        }
        let defined = self
            .scheduler
            .store
            .define(bytes::Bytes::from_static(descriptor));
        let list = defined.map_err(|error| store_failure(&error))?;
        end.list = Some(list);
        Ok(list)
    }

    /// Where changes go.
    fn changes<'w>(&'w mut self, writes: &'w mut Writes) -> &'w mut Vec<Change> {
        if self.scheduler.shared {
            &mut writes.stored
        } else {
            &mut self.own
        }
    }

    /// To be called when the broker's own store has what it is to have.
    pub(crate) fn finish(mut self) {
        if !self.own.is_empty()
            && let Err(error) = self.scheduler.store.append(&mut self.own)
        {
            tracing::error!("jobs in memory are not changed: {error}");
        }
    }
}

impl Firing {
    /// Nothing follows.
    fn last(number: u64, now_ms: i64) -> Self {
        Self {
            number,
            next: None,
            round: None,
            now_ms,
        }
    }
}

fn added(list: ListId, position: u64, head: bytes::Bytes, body: bytes::Bytes) -> Change {
    Change::Add {
        targets: Targets::One(Target {
            list,
            position,
            order: position,
        }),
        expiration_ms: 0,
        head,
        body,
    }
}

/// The id of a job: the producer's part of the message's, and the number.
fn job_id(message_id: &str, number: u64) -> String {
    let producer = message_id.rsplit_once(':').map(|(producer, _)| producer);
    let fitting = producer.filter(|producer| (1..=ID_BYTES_MAX).contains(&producer.len()));
    format!("{}:{number}", fitting.unwrap_or("ID:floodway-job"))
}
