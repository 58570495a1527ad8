//! Jobs are found again: their schedules are read, their messages only when they are due.

use super::record::{self, JobRecord};
use super::state::Job;
use super::{Scheduler, schedule::Schedule};
use crate::error::BrokerError;
use floodway_message::{Message, Now};
use floodway_store::{Change, ListInfo, PageRequest, Store, Stored};
use std::collections::BTreeSet;
use std::ops::Range;

/// Read at a time.
const PAGE_RECORDS: usize = 4096;
const PAGE_BYTES: usize = 1 << 20;

impl Scheduler {
    /// Reads all schedules of a store that the broker was opened with.
    ///
    /// # Errors
    /// When the store cannot be read, or holds a job of an unknown kind.
    pub(crate) fn recover(&self, lists: &[ListInfo], now: Now) -> Result<(), BrokerError> {
        let of = |descriptor: &[u8]| lists.iter().find(|info| info.descriptor == descriptor);
        let mut state = self.state.lock();
        let (schedules, messages) = (of(record::SCHEDULES), of(record::MESSAGES));
        if let Some(messages) = messages {
            (state.messages.list, state.messages.next) = (Some(messages.list), messages.next);
        }
        if let Some(schedules) = schedules {
            (state.schedules.list, state.schedules.next) = (Some(schedules.list), schedules.next);
        }
        let (Some(schedules), Some(messages)) = (schedules, messages) else {
            // Nothing stands in either before both are defined.
            return Ok(());
        };
        let mut bytes = 0;
        read(&*self.store, schedules, |stored| {
            let position = stored.position;
            let record =
                JobRecord::read(&stored.head).ok_or(BrokerError::UnknownJob { position })?;
            bytes += record.bytes;
            state.insert(Job::of(&record, position), record.number);
            Ok(())
        })?;
        let count = state.jobs.len();
        drop(state);
        self.count_bytes(bytes);
        if messages.pending > count as u64 {
            self.schedule_again(messages, now)?;
        }
        if count > 0 {
            tracing::info!("{count} scheduled messages wait for their time");
        }
        Ok(())
    }

    /// Messages whose schedules are damaged get new ones.
    fn schedule_again(&self, messages: &ListInfo, now: Now) -> Result<(), BrokerError> {
        let mut state = self.state.lock();
        let known: BTreeSet<u64> = state.jobs.keys().copied().collect();
        let mut changes = Vec::new();
        let mut count = 0;
        read(&*self.store, messages, |stored| {
            let number = stored.position + 1;
            if known.contains(&number) {
                return Ok(());
            }
            let message = Message::from_parts(stored.head, stored.body).ok();
            let record = message.and_then(|message| self.made_up(number, &message, now));
            let (Some(record), Some(list)) = (record, state.schedules.list) else {
                let (list, position) = (messages.list, stored.position);
                changes.push(Change::Remove { list, position });
                return Ok(());
            };
            let position = state.schedules.assign();
            let (head, body) = (record.write(), bytes::Bytes::new());
            changes.push(super::added(list, position, head, body));
            self.count_bytes(record.bytes);
            state.insert(Job::of(&record, position), number);
            count += 1;
            Ok(())
        })?;
        tracing::error!("{count} scheduled messages begin anew: their schedules are damaged");
        self.store.append(&mut changes)?;
        Ok(())
    }

    fn made_up(&self, number: u64, message: &Message, now: Now) -> Option<JobRecord> {
        let schedule = Schedule::of(message).ok()??;
        let next_ms = schedule.first_ms(now.wall_ms, &self.settings.time_zone);
        Some(JobRecord {
            number,
            next_ms: next_ms.ok()?,
            start_ms: now.wall_ms,
            delay_ms: schedule.delay_ms,
            period_ms: schedule.period_ms,
            left: schedule.repeat,
            fired: 0,
            bytes: (message.head().len() + message.body().len()) as u64 + super::OVERHEAD_BYTES,
            id: super::job_id(message.id(), number),
            destination: message.destination()?,
            cron: schedule.cron,
        })
    }
}

/// Reads a list record by record.
fn read(
    store: &dyn Store,
    info: &ListInfo,
    mut each: impl FnMut(Stored) -> Result<(), BrokerError>,
) -> Result<(), BrokerError> {
    let Range {
        start: mut from,
        end,
    } = info.first..info.next;
    while from < end {
        let page = store.page(PageRequest {
            list: info.list,
            from,
            records_max: PAGE_RECORDS,
            bytes_max: PAGE_BYTES,
        })?;
        page.records.into_iter().try_for_each(&mut each)?;
        if page.next <= from {
            break;
        }
        from = page.next;
    }
    Ok(())
}
