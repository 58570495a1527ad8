//! Jobs as administration sees them: found by time or id, a page at a time, and removed.

use super::Scheduler;
use super::manage::after;
use super::record::JobRecord;
use super::state;
use crate::turn::Turn;
use floodway_message::session::Failure;

pub(crate) use state::Key;

/// A page of jobs.
pub(crate) struct Found {
    pub(crate) jobs: Vec<JobRecord>,
    /// Where the next page begins; `None` at the end.
    pub(crate) next: Option<Key>,
}

impl Scheduler {
    /// How many jobs there are.
    pub(crate) fn count(&self) -> usize {
        self.state.lock().jobs.len()
    }

    /// When the first is due, or was.
    pub(crate) fn first_ms(&self) -> Option<i64> {
        self.state.lock().first_ms()
    }

    /// Jobs from a key on and up to a time, by time. What is not written yet is left out. Reads
    /// from disk.
    pub(crate) fn find(&self, from: Key, end_ms: i64, max: usize) -> Found {
        let keys = self.state.lock().keys(from, end_ms, max);
        let next = keys.last().filter(|_| keys.len() == max).map(after);
        let jobs = keys.iter().filter_map(|(_, number)| self.get(*number));
        Found {
            jobs: jobs.collect(),
            next,
        }
    }

    /// The job of an id. Reads from disk.
    pub(crate) fn find_one(&self, id: &str) -> Option<JobRecord> {
        let number = self.state.lock().number_of(id)?;
        self.get(number).filter(|record| record.id == id)
    }

    fn get(&self, number: u64) -> Option<JobRecord> {
        let job = self.state.lock().jobs.get(&number).copied()?;
        let record = self.read_schedule(job.schedule)?;
        (record.number == number).then_some(record)
    }

    /// Removes the job of an id; `false` when there is none.
    ///
    /// # Errors
    /// When the store has stopped.
    pub(crate) fn remove_one(&self, id: &str, turn: &mut Turn<'_>) -> Result<bool, Failure> {
        self.remove(id, turn).map(|(found, _)| found)
    }

    /// Removes all jobs of a span of time; returns how many.
    ///
    /// # Errors
    /// When the store has stopped.
    pub(crate) fn remove_all(
        &self,
        start_ms: i64,
        end_ms: i64,
        turn: &mut Turn<'_>,
    ) -> Result<u64, Failure> {
        let (mut from, mut count) = ((start_ms, 0), 0);
        loop {
            let (keys, _) = self.remove_some(from, end_ms, turn)?;
            let Some(last) = keys.last() else {
                return Ok(count);
            };
            count += keys.len() as u64;
            from = after(last);
        }
    }
}
