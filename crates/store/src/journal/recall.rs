//! Snapshots: records that were removed and can still be read for a while.
//!
//! A snapshot knows where its records stand, nothing more: slices of the index, whose entries stay
//! in a sidecar where they are there already. A segment in which nothing is needed but by a
//! snapshot is *idle*: it is neither used again nor removed, and does not count as used, so that
//! removing frees the usage limit at once. Snapshots are in memory alone: after a restart their
//! segments are dead like any other. The disk has the last word: when it is found full, all end.
//!
//! Invariants: every slice pins its segment; what is read is the very record that was remembered,
//! or counts as missing. Memory for slices is bounded in bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::disk::File;
use crate::journal::Shared;
use crate::journal::extent::{Entries, Entry, Extent, HOLE};
use crate::journal::index::Index;
use crate::journal::record::Record;
use crate::journal::segment::{log_name, read_up_to};
use crate::journal::sidecar::Slice;
use crate::{
    JournalSettings, ListId, RecallRequest, Recalled, RecalledRecord, SnapshotId, SnapshotInfo,
    StoreError, Stored,
};

/// Memory that a slice is counted with, besides its entries.
const SLICE_BYTES: u64 = 192;
/// Memory of an entry.
const ENTRY_BYTES: u64 = 16;
/// A gap of more positions than this begins a new slice.
const GAP_MAX: u64 = 32;

/// All snapshots, and what they keep.
#[derive(Default)]
pub(crate) struct Recall {
    snapshots: BTreeMap<SnapshotId, Snapshot>,
    /// Greatest number ever given to a snapshot.
    opened: SnapshotId,
    /// Lists whose drop is not written yet, and what remembers them then.
    awaited: BTreeMap<ListId, SnapshotId>,
    /// Slices of each segment.
    pins: BTreeMap<u64, u64>,
    /// Segments that did not count as used when they became dead, until they are given up: bytes.
    idle: BTreeMap<u64, u64>,
    idle_bytes: u64,
    memory_bytes: u64,
    memory_bytes_max: u64,
    snapshots_max: usize,
}

#[derive(Default)]
struct Snapshot {
    slices: Vec<Remembered>,
    records: u64,
    bytes: u64,
    memory_bytes: u64,
}

/// Some records of one list in one segment.
struct Remembered {
    list: ListId,
    salt: u32,
    extent: Extent,
}

/// What is read with one look into the index.
struct Part {
    list: ListId,
    segment: u64,
    salt: u32,
    positions: Vec<u64>,
    /// Position of the first entry.
    entries_from: u64,
    entries: PartEntries,
}

enum PartEntries {
    Here(Vec<Entry>),
    InSidecar(Slice),
}

impl Recall {
    pub(crate) fn new(settings: &JournalSettings) -> Self {
        Self {
            memory_bytes_max: settings.recall_memory_bytes_max,
            snapshots_max: settings.recall_snapshots_max,
            ..Self::default()
        }
    }

    /// `true` if a snapshot needs the segment.
    pub(crate) fn pins(&self, segment: u64) -> bool {
        self.pins.contains_key(&segment)
    }

    /// A segment is dead, but for snapshots.
    pub(crate) fn note_dead(&mut self, segment: u64, bytes: u64) {
        if self.pins(segment) && self.idle.insert(segment, bytes).is_none() {
            self.idle_bytes += bytes;
        }
    }

    /// A segment is no more.
    pub(crate) fn given_up(&mut self, segment: u64) {
        if let Some(bytes) = self.idle.remove(&segment) {
            self.idle_bytes -= bytes;
        }
    }

    fn open(&mut self) -> Option<SnapshotId> {
        while !self.snapshots.is_empty() && self.snapshots.len() >= self.snapshots_max {
            let oldest = self.snapshots.keys().next().copied()?;
            self.end(oldest);
        }
        if self.snapshots_max == 0 || self.memory_bytes_max == 0 {
            return None;
        }
        self.opened += 1;
        self.snapshots.insert(self.opened, Snapshot::default());
        Some(self.opened)
    }

    fn end(&mut self, id: SnapshotId) {
        let Some(snapshot) = self.snapshots.remove(&id) else {
            return;
        };
        self.awaited.retain(|_, into| *into != id);
        self.memory_bytes -= snapshot.memory_bytes;
        for slice in snapshot.slices {
            let segment = slice.extent.segment;
            if let Some(count) = self.pins.get_mut(&segment) {
                *count -= 1;
                if *count == 0 {
                    self.pins.remove(&segment);
                }
            }
        }
    }

    fn end_all(&mut self) -> usize {
        let ids: Vec<SnapshotId> = self.snapshots.keys().copied().collect();
        ids.iter().for_each(|id| self.end(*id));
        ids.len()
    }

    /// Takes memory for a snapshot, at the cost of older ones. `false` if there is not so much.
    fn take_memory(&mut self, id: SnapshotId, bytes: u64) -> bool {
        while self.memory_bytes + bytes > self.memory_bytes_max {
            let Some(oldest) = self.snapshots.keys().copied().find(|other| *other < id) else {
                return false;
            };
            self.end(oldest);
        }
        let Some(snapshot) = self.snapshots.get_mut(&id) else {
            return false;
        };
        snapshot.memory_bytes += bytes;
        self.memory_bytes += bytes;
        true
    }

    /// Adds a slice; `false` if there is no memory for it.
    fn push(&mut self, id: SnapshotId, list: ListId, salt: u32, extent: Extent) -> bool {
        let entries = match &extent.entries {
            Entries::Memory(entries) => entries.len() as u64 * ENTRY_BYTES,
            Entries::Sidecar(_) => 0,
        };
        let bits = extent.removed.words().len() as u64 * 8;
        if !self.take_memory(id, SLICE_BYTES + entries + bits) {
            return false;
        }
        let Some(snapshot) = self.snapshots.get_mut(&id) else {
            return false;
        };
        *self.pins.entry(extent.segment).or_default() += 1;
        snapshot.records += u64::from(extent.live);
        snapshot.bytes += extent.live_bytes();
        snapshot.slices.push(Remembered { list, salt, extent });
        true
    }

    /// Adds one record to the last slice, if it is near enough.
    fn extend(&mut self, id: SnapshotId, list: ListId, record: &Extent) -> bool {
        let Some(last) = self.snapshots.get(&id).and_then(|one| one.slices.last()) else {
            return false;
        };
        let extent = &last.extent;
        let Some(gap) = record.first.checked_sub(extent.end()) else {
            return false;
        };
        let is_near = last.list == list
            && extent.segment == record.segment
            && gap <= GAP_MAX
            && extent.count < u32::MAX / 2;
        let continues = match (&extent.entries, &record.entries) {
            (Entries::Memory(_), Entries::Memory(_)) => true,
            (Entries::Sidecar(first), Entries::Sidecar(slot)) => {
                u64::from(*first) + (record.first - extent.first) == u64::from(*slot)
            }
            _ => false,
        };
        let memory_bytes = match &record.entries {
            Entries::Memory(_) => ENTRY_BYTES * (gap + 1),
            Entries::Sidecar(_) => gap,
        };
        if !is_near || !continues || !self.take_memory(id, memory_bytes) {
            return false;
        }
        let Some(snapshot) = self.snapshots.get_mut(&id) else {
            return false;
        };
        let Some(last) = snapshot.slices.last_mut() else {
            return false;
        };
        while last.extent.end() < record.first {
            last.extent.push_hole();
        }
        let entry = match &record.entries {
            Entries::Memory(entries) => entries.first().copied().unwrap_or(HOLE),
            Entries::Sidecar(_) => HOLE,
        };
        last.extent.push(entry, record.order, record.bytes);
        snapshot.records += 1;
        snapshot.bytes += record.bytes;
        true
    }

    fn info(&self, id: SnapshotId) -> Option<SnapshotInfo> {
        let snapshot = self.snapshots.get(&id)?;
        Some(SnapshotInfo {
            records: snapshot.records,
            bytes: snapshot.bytes,
            is_complete: !self.awaited.values().any(|into| *into == id),
        })
    }
}

impl Index {
    /// Bytes of segments that count as used.
    pub(crate) fn counted_bytes(&self) -> u64 {
        self.used_bytes.saturating_sub(self.recall.idle_bytes)
    }

    /// Remembers live records, positions ascending; tells how many.
    fn remember(&mut self, id: SnapshotId, list: ListId, positions: &[u64]) -> u64 {
        let Some(found) = self.lists.get(&list) else {
            return 0;
        };
        let mut kept = 0;
        for position in positions {
            let extent = found.extents.get(found.search(*position));
            let Some(extent) = extent.filter(|extent| extent.is_live(*position)) else {
                continue;
            };
            let Some(record) = one_of(extent, *position) else {
                continue;
            };
            let salt = self.segments.get(&extent.segment).map_or(0, |one| one.salt);
            let is_kept =
                self.recall.extend(id, list, &record) || self.recall.push(id, list, salt, record);
            kept += u64::from(is_kept);
        }
        kept
    }

    /// A list is about to be dropped.
    pub(crate) fn remember_dropped(&mut self, list: ListId) {
        let Some(id) = self.recall.awaited.remove(&list) else {
            return;
        };
        let Some(found) = self.lists.get(&list) else {
            return;
        };
        for extent in found.extents.iter().filter(|extent| extent.live > 0) {
            let salt = self.segments.get(&extent.segment).map_or(0, |one| one.salt);
            if !self.recall.push(id, list, salt, extent.clone()) {
                return;
            }
        }
    }

    /// Where the records from number `from` on stand, of one slice. `Some(None)` is the end.
    fn part(&self, request: RecallRequest, from: u64, most: usize) -> Option<Option<Part>> {
        let snapshot = self.recall.snapshots.get(&request.snapshot)?;
        let mut skip = from;
        for Remembered { list, salt, extent } in &snapshot.slices {
            if skip >= u64::from(extent.live) {
                skip -= u64::from(extent.live);
                continue;
            }
            let mut positions = Vec::new();
            let mut at = nth_live(extent, skip);
            while positions.len() < most
                && let Some(position) = extent.next_live(at)
            {
                positions.push(position);
                at = position + 1;
            }
            let (Some(first), Some(last)) = (positions.first(), positions.last()) else {
                continue;
            };
            let (entries_from, count) = (*first, last - first + 1);
            let entries = self.entries_of(extent, (entries_from, count));
            return Some(Some(Part {
                list: *list,
                segment: extent.segment,
                salt: *salt,
                positions,
                entries_from,
                entries,
            }));
        }
        Some(None)
    }

    fn entries_of(&self, extent: &Extent, (first, count): (u64, u64)) -> PartEntries {
        let offset = u32::try_from(first - extent.first).unwrap_or(u32::MAX);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        match &extent.entries {
            Entries::Memory(entries) => {
                let begin = usize::try_from(offset).unwrap_or(usize::MAX);
                let end = begin.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
                PartEntries::Here(entries.get(begin..end).unwrap_or_default().to_vec())
            }
            Entries::Sidecar(slot) => {
                let sidecar = self.segments.get(&extent.segment);
                let entries_at = sidecar.and_then(|one| one.sidecar).unwrap_or(u64::MAX / 2);
                PartEntries::InSidecar(Slice {
                    entries_at,
                    slot: slot.saturating_add(offset),
                    count,
                })
            }
        }
    }
}

/// Position of the live record with that number, from 0 on; there are more than `number`.
fn nth_live(extent: &Extent, mut number: u64) -> u64 {
    let mut at = extent.first;
    for word in extent.removed.words().iter() {
        let live = u64::from(word.count_zeros());
        if number < live {
            while number > 0
                && let Some(position) = extent.next_live(at)
            {
                at = position + 1;
                number -= 1;
            }
            return at;
        }
        number -= live;
        at += 64;
    }
    at + number
}

/// A slice of one record.
fn one_of(extent: &Extent, position: u64) -> Option<Extent> {
    let index = extent.index(position)?;
    let mut one = Extent::new(extent.segment, position);
    let (entry, bytes) = match &extent.entries {
        Entries::Memory(entries) => {
            let entry = *entries.get(usize::try_from(index).ok()?)?;
            (entry, u64::from(entry.length))
        }
        Entries::Sidecar(slot) => {
            one.entries = Entries::Sidecar(slot.checked_add(index)?);
            (HOLE, extent.bytes / u64::from(extent.filled.max(1)))
        }
    };
    one.push(entry, extent.order, bytes);
    Some(one)
}

impl Shared {
    /// See [`crate::Store::open_snapshot`].
    pub(crate) fn open_snapshot(&self) -> Option<SnapshotId> {
        if self.waits_for_room() {
            return None;
        }
        self.change_recall(Recall::open)
    }

    /// See [`crate::Store::end_snapshot`].
    pub(crate) fn end_snapshot(&self, id: SnapshotId) {
        self.change_recall(|recall| recall.end(id));
    }

    /// The room that snapshots keep is wanted; `true` if there were any.
    pub(crate) fn end_snapshots(&self) -> bool {
        let count = self.change_recall(Recall::end_all);
        if count > 0 {
            tracing::warn!(
                "the disk is full: what was removed in the last {count} purges and deletions \
                 cannot be put back any more"
            );
        }
        count > 0
    }

    /// What ends may set segments free.
    fn change_recall<T>(&self, change: impl FnOnce(&mut Recall) -> T) -> T {
        let mut index = self.index.lock();
        let before = index.recall.pins.len();
        let result = change(&mut index.recall);
        let has_freed = index.recall.pins.len() < before;
        drop(index);
        if has_freed {
            self.wake_upkeep();
        }
        result
    }

    /// See [`crate::Store::remember`].
    pub(crate) fn remember(&self, id: SnapshotId, list: ListId, positions: &[u64]) -> u64 {
        self.index.lock().remember(id, list, positions)
    }

    /// The list goes to a snapshot when its drop is written.
    pub(crate) fn await_dropped(&self, id: SnapshotId, list: ListId) {
        let mut index = self.index.lock();
        if index.recall.snapshots.contains_key(&id) {
            index.recall.awaited.insert(list, id);
        }
    }

    /// See [`crate::Store::snapshot`].
    pub(crate) fn snapshot(&self, id: SnapshotId) -> Option<SnapshotInfo> {
        self.index.lock().recall.info(id)
    }

    /// See [`crate::Store::recall`].
    pub(crate) fn recall(&self, request: RecallRequest) -> Result<Option<Recalled>, StoreError> {
        let mut recalled = Recalled {
            next: request.from,
            ..Recalled::default()
        };
        let mut bytes_left = request.bytes_max as u64;
        loop {
            let most = request.records_max.saturating_sub(recalled.records.len());
            if most == 0 {
                break;
            }
            let part = self.index.lock().part(request, recalled.next, most);
            match part {
                None => return Ok(None),
                Some(None) => break,
                Some(Some(part)) => {
                    if !self.read_part(&part, &mut recalled, &mut bytes_left)? {
                        break;
                    }
                }
            }
        }
        // One that ended meanwhile may have lost its segments before they were read.
        let is_open = self.snapshot(request.snapshot).is_some();
        Ok(is_open.then_some(recalled))
    }

    /// `false` when no more bytes are wanted.
    fn read_part(
        &self,
        part: &Part,
        recalled: &mut Recalled,
        bytes_left: &mut u64,
    ) -> Result<bool, StoreError> {
        let read;
        let entries = match &part.entries {
            PartEntries::Here(entries) => entries.as_slice(),
            PartEntries::InSidecar(slice) => {
                read = self.sidecar_entries(part.segment, *slice)?;
                read.as_deref().unwrap_or_default()
            }
        };
        let name = log_name(part.segment);
        let file = self.files.open(self.disk.as_ref(), name)?;
        for position in &part.positions {
            let place = usize::try_from(position - part.entries_from);
            let entry = place.ok().and_then(|place| entries.get(place));
            let record = match (entry, &file) {
                (Some(entry), Some(file)) => {
                    let number = recalled.next;
                    let stored = read_record(file, part, (*position, *entry))?;
                    stored.map(|stored| RecalledRecord {
                        number,
                        list: part.list,
                        stored,
                    })
                }
                _ => None,
            };
            let Some(record) = record else {
                recalled.missing += 1;
                recalled.next += 1;
                continue;
            };
            let bytes = record.stored.head.len() as u64 + record.stored.body.len() as u64;
            if bytes > *bytes_left && !recalled.records.is_empty() {
                return Ok(false);
            }
            *bytes_left = bytes_left.saturating_sub(bytes);
            recalled.next += 1;
            recalled.records.push(record);
        }
        Ok(true)
    }
}

/// The record of a position, if it is still there.
fn read_record(
    file: &Arc<dyn File>,
    part: &Part,
    (position, entry): (u64, Entry),
) -> Result<Option<Stored>, StoreError> {
    let fail = |cause| StoreError::file("reading", log_name(part.segment), cause);
    let at = u64::from(entry.at) * 8;
    // A damaged index may ask for more than the file has: no memory is taken for that.
    let room = file.length().map_err(fail)?.saturating_sub(at);
    let length = u64::from(entry.length).min(room);
    let mut buffer = vec![0; usize::try_from(length).unwrap_or_default()];
    let read = read_up_to(file.as_ref(), &mut buffer, at).map_err(fail)?;
    buffer.truncate(read);
    let bytes = Bytes::from(buffer);
    Ok((|| {
        let record = Record::read(&bytes, part.segment, part.salt)?;
        let is_this =
            |target: &crate::Target| target.list == part.list && target.position == position;
        let target = record.targets().find(is_this)?;
        let payload = bytes.slice_ref(bytes.get(usize::try_from(record.header.head_at()).ok()?..)?);
        Some(Stored {
            position,
            order: target.order,
            head: payload.slice(..record.head.len()),
            body: payload.slice(record.head.len()..),
        })
    })())
}

#[cfg(test)]
mod tests;
