//! The store of a broker without persistence, and the model against which the journal is tested.
//!
//! Everything lives in memory and is forgotten with the value. A batch is durable as soon as
//! [`Store::append`] returns, and the observer is told on the appending thread, after the store's
//! own lock was released.
//!
//! Invariant: the records of a list are dense from its first pending position on; a removed
//! position keeps its place (as a hole) until everything before it was removed too.
//! Sizes are bytes of heads and bodies.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::{
    BatchNumber, Change, CommitObserver, ListId, ListInfo, Page, PageRequest, Store, StoreError,
    StoreUsage, Stored, Target,
};

/// A store that keeps everything in memory.
#[derive(Default)]
pub struct MemoryStore {
    content: Mutex<Content>,
    observer: OnceLock<Arc<dyn CommitObserver>>,
}

#[derive(Default)]
struct Content {
    lists: BTreeMap<ListId, List>,
    lists_defined: ListId,
    notes: BTreeMap<Bytes, Bytes>,
    batches: BatchNumber,
    closed: bool,
}

#[derive(Default)]
struct List {
    descriptor: Bytes,
    first: u64,
    order: u64,
    records: VecDeque<Option<Record>>,
    expirations: BTreeSet<(i64, u64)>,
    pending: u64,
    pending_bytes: u64,
}

#[derive(Clone)]
struct Record {
    order: u64,
    expiration_ms: i64,
    head: Bytes,
    body: Bytes,
}

impl Record {
    fn len(&self) -> u64 {
        self.head.len() as u64 + self.body.len() as u64
    }
}

impl List {
    fn next(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    fn info(&self, list: ListId) -> ListInfo {
        ListInfo {
            list,
            descriptor: self.descriptor.clone(),
            first: self.first,
            next: self.next(),
            order: self.order,
            pending: self.pending,
            pending_bytes: self.pending_bytes,
        }
    }

    fn add(&mut self, target: Target, record: Record) {
        if target.position < self.next() || target.position == u64::MAX {
            tracing::error!(
                list = target.list,
                position = target.position,
                next = self.next(),
                "a record was added at a position already used; it is ignored"
            );
            return;
        }
        if self.records.is_empty() {
            self.first = target.position;
        }
        while self.next() < target.position {
            self.records.push_back(None);
        }
        self.order = self.order.max(record.order);
        self.pending += 1;
        self.pending_bytes += record.len();
        if record.expiration_ms > 0 {
            self.expirations
                .insert((record.expiration_ms, target.position));
        }
        self.records.push_back(Some(record));
    }

    fn remove(&mut self, position: u64) {
        let index = position
            .checked_sub(self.first)
            .and_then(|index| usize::try_from(index).ok());
        let slot = index.and_then(|index| self.records.get_mut(index));
        let Some(record) = slot.and_then(Option::take) else {
            return;
        };
        self.pending -= 1;
        self.pending_bytes -= record.len();
        self.expirations.remove(&(record.expiration_ms, position));
        while let Some(None) = self.records.front() {
            self.records.pop_front();
            self.first += 1;
        }
    }

    fn page(&self, request: PageRequest) -> Page {
        let mut page = Page {
            next: request.from.max(self.first),
            ..Page::default()
        };
        let mut bytes = 0;
        let skipped = usize::try_from(page.next - self.first).unwrap_or(usize::MAX);
        for slot in self.records.iter().skip(skipped) {
            if let Some(record) = slot {
                bytes += record.head.len() + record.body.len();
                let full = page.records.len() >= request.records_max;
                if full || (!page.records.is_empty() && bytes > request.bytes_max) {
                    break;
                }
                page.records.push(Stored {
                    position: page.next,
                    order: record.order,
                    head: record.head.clone(),
                    body: record.body.clone(),
                });
            }
            page.next += 1;
        }
        page
    }
}

impl Content {
    fn apply(&mut self, change: Change) {
        match change {
            Change::Add {
                targets,
                expiration_ms,
                head,
                body,
            } => {
                for target in targets.as_slice() {
                    let (head, body) = (head.clone(), body.clone());
                    let record = Record {
                        order: target.order,
                        expiration_ms,
                        head,
                        body,
                    };
                    if let Some(list) = self.lists.get_mut(&target.list) {
                        list.add(*target, record);
                    }
                }
            }
            Change::Remove { list, position } => {
                if let Some(list) = self.lists.get_mut(&list) {
                    list.remove(position);
                }
            }
            Change::Note { key, value } => {
                if value.is_empty() {
                    self.notes.remove(&key);
                } else {
                    self.notes.insert(key, value);
                }
            }
        }
    }

    fn open(&mut self) -> Result<&mut Self, StoreError> {
        if self.closed {
            Err(StoreError::Closed)
        } else {
            Ok(self)
        }
    }

    fn list(&self, list: ListId) -> Result<&List, StoreError> {
        self.lists
            .get(&list)
            .ok_or(StoreError::UnknownList { list })
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn tell(&self, durable: BatchNumber) -> BatchNumber {
        if let Some(observer) = self.observer.get() {
            observer.committed(durable);
        }
        durable
    }
}

impl Store for MemoryStore {
    fn lists(&self) -> Vec<ListInfo> {
        self.content
            .lock()
            .lists
            .iter()
            .map(|(list, content)| content.info(*list))
            .collect()
    }

    fn list(&self, list: ListId) -> Option<ListInfo> {
        self.content
            .lock()
            .lists
            .get(&list)
            .map(|content| content.info(list))
    }

    fn notes(&self) -> Vec<(Bytes, Bytes)> {
        let content = self.content.lock();
        content
            .notes
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    fn define(&self, descriptor: Bytes) -> Result<ListId, StoreError> {
        let mut content = self.content.lock();
        let content = content.open()?;
        content.lists_defined += 1;
        let list = content.lists_defined;
        content.lists.insert(
            list,
            List {
                descriptor,
                ..List::default()
            },
        );
        Ok(list)
    }

    fn drop_list(&self, list: ListId) -> Result<BatchNumber, StoreError> {
        let durable = {
            let mut content = self.content.lock();
            let content = content.open()?;
            content.lists.remove(&list);
            content.batches += 1;
            content.batches
        };
        Ok(self.tell(durable))
    }

    fn append(&self, changes: &mut Vec<Change>) -> Result<BatchNumber, StoreError> {
        let durable = {
            let mut content = self.content.lock();
            let content = content.open()?;
            for change in changes.drain(..) {
                content.apply(change);
            }
            content.batches += 1;
            content.batches
        };
        Ok(self.tell(durable))
    }

    fn durable(&self) -> BatchNumber {
        self.content.lock().batches
    }

    fn page(&self, request: PageRequest) -> Result<Page, StoreError> {
        Ok(self.content.lock().list(request.list)?.page(request))
    }

    fn expiring(
        &self,
        list: ListId,
        wall_ms: i64,
        from: u64,
        max: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let content = self.content.lock();
        let due = content
            .list(list)?
            .expirations
            .range(..=(wall_ms, u64::MAX));
        let mut positions: Vec<u64> = due.map(|(_, at)| *at).filter(|at| *at >= from).collect();
        positions.sort_unstable();
        positions.truncate(max);
        Ok(positions)
    }

    fn next_expiration_ms(&self, list: ListId) -> Option<i64> {
        self.content
            .lock()
            .lists
            .get(&list)?
            .expirations
            .first()
            .map(|(at, _)| *at)
    }

    fn usage(&self) -> StoreUsage {
        let live_bytes = self
            .content
            .lock()
            .lists
            .values()
            .map(|list| list.pending_bytes)
            .sum();
        StoreUsage {
            used_bytes: live_bytes,
            live_bytes,
            ..StoreUsage::default()
        }
    }

    fn is_congested(&self) -> bool {
        false
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        if self.observer.set(observer).is_err() {
            tracing::warn!("the store has an observer already; the second one is ignored");
        }
    }

    fn close(&self) -> Result<(), StoreError> {
        self.content.lock().closed = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
