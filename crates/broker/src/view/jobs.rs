//! Scheduled messages, a page at a time, and their removal. Pages are read from disk: call these on
//! a thread that may wait for it. Times are milliseconds since 1970, sizes bytes.

use crate::broker::Broker;
use crate::scheduler::Found;
use floodway_message::session::Failure;
use floodway_message::{Destination, Now};
use std::ops::RangeInclusive;

/// A scheduled message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    /// Its id: what delivered messages have as `scheduledJobId`.
    pub id: String,
    /// Where its message is sent to.
    pub destination: Destination,
    /// When it was scheduled.
    pub start_ms: i64,
    /// When it is due next, or was: it may wait for room at its destination.
    pub next_ms: i64,
    /// `AMQ_SCHEDULED_DELAY`.
    pub delay_ms: i64,
    /// `AMQ_SCHEDULED_PERIOD`.
    pub period_ms: i64,
    /// Repetitions left; less than zero for no end.
    pub repeat: i32,
    /// `AMQ_SCHEDULED_CRON`; empty for none.
    pub cron: String,
    /// How often it was due.
    pub count: u32,
    /// What it takes of the limit.
    pub bytes: u64,
}

/// Where a page of jobs begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobCursor(crate::scheduler::Key);

/// A page of jobs.
#[derive(Debug, Clone)]
pub struct JobsView {
    /// In the order of their next times.
    pub jobs: Vec<JobView>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<JobCursor>,
}

/// The scheduler as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchedulerView {
    /// Scheduled messages.
    pub jobs: usize,
    /// When the first is due, or was.
    pub next_ms: Option<i64>,
    /// Bytes of all.
    pub used_bytes: u64,
    /// Their limit; 0 is unlimited.
    pub limit_bytes: u64,
}

impl Broker {
    /// The scheduler; `None` where there is none (`schedulerSupport`).
    pub fn scheduler(&self) -> Option<SchedulerView> {
        let scheduler = self.scheduler.as_ref()?;
        Some(SchedulerView {
            jobs: scheduler.count(),
            next_ms: scheduler.first_ms(),
            used_bytes: scheduler.used_bytes(),
            limit_bytes: scheduler.limit_bytes(),
        })
    }

    /// At most `max` jobs that are due within a span of time, from a cursor on. A job that was
    /// scheduled a moment ago may not be written, and then is left out.
    pub fn jobs(
        &self,
        due_ms: RangeInclusive<i64>,
        from: Option<JobCursor>,
        max: usize,
    ) -> JobsView {
        let start = from.map_or((*due_ms.start(), 0), |cursor| cursor.0);
        let scheduler = self.scheduler.as_ref();
        let found = scheduler.map(|one| one.find(start, *due_ms.end(), max));
        let Found { jobs, next } = found.unwrap_or(Found {
            jobs: Vec::new(),
            next: None,
        });
        JobsView {
            jobs: jobs.into_iter().map(JobView::of).collect(),
            next: next.map(JobCursor),
        }
    }

    /// The job of an id.
    pub fn job(&self, id: &str) -> Option<JobView> {
        let found = self.scheduler.as_ref()?.find_one(id)?;
        Some(JobView::of(found))
    }

    /// Removes the job of an id, which can be undone for a while; `false` when there is none.
    ///
    /// # Errors
    /// When the store has stopped.
    pub fn remove_job(&self, id: &str, now: Now) -> Result<bool, Failure> {
        let removed = self.remove_scheduled(now, |scheduler, turn| {
            scheduler.remove_one(id, turn).map(u64::from)
        });
        removed.map(|count| count > 0)
    }

    /// Removes all jobs that are due within a span of time, which can be undone for a while;
    /// returns how many.
    ///
    /// # Errors
    /// When the store has stopped.
    pub fn remove_jobs(&self, due_ms: RangeInclusive<i64>, now: Now) -> Result<u64, Failure> {
        let (start, end) = due_ms.into_inner();
        self.remove_scheduled(now, |scheduler, turn| {
            scheduler.remove_all(start, end, turn)
        })
    }
}

impl JobView {
    fn of(record: crate::scheduler::JobRecord) -> Self {
        Self {
            id: record.id,
            destination: record.destination,
            start_ms: record.start_ms,
            next_ms: record.next_ms,
            delay_ms: record.delay_ms,
            period_ms: record.period_ms,
            repeat: record.left,
            cron: record.cron,
            count: record.fired,
            bytes: record.bytes,
        }
    }
}
