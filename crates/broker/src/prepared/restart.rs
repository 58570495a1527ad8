//! Prepared branches are found again: their messages, and what they had acknowledged, which is
//! withheld as that of a consumer that was closed since.

use super::record::{Description, Run};
use super::{Branch, OVERHEAD_BYTES, Prepared, bytes_of};
use crate::broker::Broker;
use crate::entry::Place;
use crate::error::BrokerError;
use crate::operation::Acknowledged;
use crate::queue::in_flight::Mark;
use crate::queue::lane::Kept;
use crate::queue::{Promised, Queue, QueueState};
use floodway_message::Message;
use floodway_message::session::Xid;
use floodway_store::{Change, ListId, ListInfo, PageRequest, Store, Stored};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Read at a time.
const PAGE_RECORDS: usize = 256;
const PAGE_BYTES: usize = 1 << 20;

/// What branches have acknowledged, by list, until the lists are restored.
#[derive(Default)]
pub(crate) struct InDoubt {
    by_list: BTreeMap<ListId, Vec<(Mark, Run)>>,
}

/// A branch of which more records may follow.
struct Found {
    xid: Xid,
    branch: Branch,
    /// Messages that it had.
    messages: u32,
}

impl Prepared {
    /// Reads all branches.
    ///
    /// # Errors
    /// When the store cannot be read, or holds a branch of an unknown kind.
    pub(crate) fn recover(
        &self,
        broker: &Broker,
        store: &dyn Store,
        info: &ListInfo,
    ) -> Result<InDoubt, BrokerError> {
        let mut in_doubt = InDoubt::default();
        let mut current = None;
        let mut orphans = Vec::new();
        let mut state = self.state.lock();
        (state.list, state.next) = (Some(info.list), info.next);
        drop(state);
        read(store, info.list, info.first..info.next, |record| {
            if record.order == record.position {
                self.found(current.take());
                current = Some(in_doubt.begin(broker, &record)?);
            } else if !belongs(&mut current, &record) {
                orphans.push(Change::Remove {
                    list: info.list,
                    position: record.position,
                });
            }
            Ok(())
        })?;
        self.found(current);
        if !orphans.is_empty() {
            tracing::error!(
                "{} messages of prepared branches are lost: what branches they belong to is damaged",
                orphans.len()
            );
            store.append_lazily(&mut orphans)?;
        }
        let count = self.list().len();
        if count > 0 {
            tracing::info!("{count} prepared branches wait for their outcome");
        }
        Ok(in_doubt)
    }

    fn found(&self, found: Option<Found>) {
        let Some(Found {
            xid,
            branch,
            messages,
        }) = found
        else {
            return;
        };
        let lost = u64::from(messages).saturating_sub(branch.messages.len() as u64);
        if lost > 0 {
            tracing::error!("{lost} messages of the prepared branch {xid} are damaged and lost");
        }
        self.state.lock().insert(xid, branch);
    }

    /// A branch has messages at a queue.
    fn withheld(&self, mark: Mark, queue: &Arc<Queue>, bytes: usize) {
        let mut state = self.state.lock();
        let mut branches = state.branches.values_mut();
        let Some(branch) = branches.find(|branch| branch.mark == mark) else {
            return;
        };
        branch.bytes += bytes;
        if !branch.acks.iter().any(|ack| Arc::ptr_eq(&ack.queue, queue)) {
            branch.acks.push(Acknowledged {
                queue: Arc::clone(queue),
                consumer: None,
            });
        }
        state.bytes += bytes;
    }
}

impl InDoubt {
    fn begin(&mut self, broker: &Broker, record: &Stored) -> Result<Found, BrokerError> {
        let position = record.position;
        let description =
            Description::read(&record.head).ok_or(BrokerError::UnknownBranch { position })?;
        let mark = broker.next_id();
        for run in description.acknowledged {
            self.by_list.entry(run.list).or_default().push((mark, run));
        }
        let branch = Branch {
            mark,
            sender: 0,
            messages: Vec::new(),
            acks: Vec::new(),
            bytes: OVERHEAD_BYTES,
            records: position..position + 1,
        };
        Ok(Found {
            xid: description.xid,
            branch,
            messages: description.messages,
        })
    }

    /// Reads what branches have acknowledged in a list.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn read(
        &mut self,
        store: &dyn Store,
        list: ListId,
    ) -> Result<Vec<(Mark, Stored)>, BrokerError> {
        let mut found = Vec::new();
        for (mark, run) in self.by_list.remove(&list).unwrap_or_default() {
            let end = run.first.saturating_add(run.count.into());
            read(store, list, run.first..end, |record| {
                found.push((mark, record));
                Ok(())
            })?;
        }
        Ok(found)
    }
}

/// Withholds, in a queue whose list was just given to a lane, what branches have acknowledged.
pub(crate) fn withhold(
    broker: &Broker,
    (queue, state): (&Arc<Queue>, &mut QueueState),
    (lane, list): (usize, ListId),
    records: Vec<(Mark, Stored)>,
) {
    for (tx, record) in records {
        let position = record.position;
        let Ok(message) = Message::from_parts(record.head, record.body) else {
            continue;
        };
        let Some(found) = state.lanes.get_mut(lane) else {
            return;
        };
        let backlog = found.backlog(Kept::Stored);
        if backlog.skip.insert(position) {
            backlog.count = backlog.count.saturating_sub(1);
        }
        broker.prepared.withheld(tx, queue, bytes_of(&message));
        let entry = queue.entry(message, record.order, Place::Stored { list, position });
        state.promised.push(Promised { tx, entry });
        state.in_flight_count += 1;
    }
}

/// Does the record belong to the branch?
fn belongs(found: &mut Option<Found>, record: &Stored) -> bool {
    let Some(Found { branch, .. }) = found else {
        return false;
    };
    if branch.records.start != record.order {
        return false;
    }
    branch.records.end = record.position + 1;
    if let Ok(message) = Message::from_parts(record.head.clone(), record.body.clone()) {
        branch.bytes += bytes_of(&message);
        branch.messages.push(message);
    }
    true
}

/// Reads records one by one.
fn read(
    store: &dyn Store,
    list: ListId,
    positions: Range<u64>,
    mut each: impl FnMut(Stored) -> Result<(), BrokerError>,
) -> Result<(), BrokerError> {
    let mut from = positions.start;
    while from < positions.end {
        let left = usize::try_from(positions.end - from).unwrap_or(PAGE_RECORDS);
        let page = store.page(PageRequest {
            list,
            from,
            records_max: left.min(PAGE_RECORDS),
            bytes_max: PAGE_BYTES,
        })?;
        let records = page.records.into_iter();
        records
            .take_while(|record| record.position < positions.end)
            .try_for_each(&mut each)?;
        if page.next <= from {
            break;
        }
        from = page.next;
    }
    Ok(())
}
