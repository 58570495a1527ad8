//! Evacuation: what is still needed in old segments is written again at the end of the journal,
//! so that few old records do not keep many large files.
//!
//! It is done only where it pays: in segments of which the smaller part is needed, and only while
//! the files have more bytes that nobody needs than ones that somebody does, or the usage limit is
//! near. A record is copied as it is; the copy says so (kind `Move`), and is written between two
//! commits, so that no removal can come between the look at what is live and the copy.
//!
//! Invariant: a record is known at its new place only after the copy is as durable as any commit;
//! the old segment is given back as any other one, when nothing in it is needed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use crate::StoreError;
use crate::journal::Shared;
use crate::journal::extent::{Entries, Entry};
use crate::journal::index::{Index, Segment};
use crate::journal::queue::{BatchEnd, Group, Op};
use crate::journal::record;
use crate::journal::scan::Scanner;
use crate::journal::segment::log_name;
use crate::journal::sidecar::Slice;

/// So many segments are evacuated before the next are given back.
const SEGMENTS_MAX: usize = 4;

/// Copies are written, and the commits let through, when there are so many bytes.
const CHUNK_BYTES: u64 = 256 * 1024;

/// The usage limit is near at this part of it, in percent.
const NEAR_LIMIT_PERCENT: u64 = 70;

/// Of a segment at most so much may be needed, in percent, and if the limit is near.
const NEEDED_PERCENT_MAX: u64 = 50;
const NEEDED_PERCENT_MAX_NEAR_LIMIT: u64 = 75;

/// Newest full segments that are left alone: most records do not get old.
const YOUNG_SEGMENTS: usize = 2;
const YOUNG_SEGMENTS_NEAR_LIMIT: usize = 1;

/// Where some entries of an extent are.
enum Places {
    Here(Vec<Entry>),
    InSidecar(Slice),
}

impl Shared {
    /// Empties some segments, if it pays. `false` if there was nothing to do.
    pub(crate) fn evacuate(&self) -> Result<bool, StoreError> {
        let chosen = self.to_evacuate();
        for number in &chosen {
            if !self.evacuate_segment(*number)? {
                break;
            }
        }
        Ok(!chosen.is_empty())
    }

    /// The segments that are cheapest to empty.
    fn to_evacuate(&self) -> Vec<u64> {
        let limit_bytes = self.limit_bytes.load(Ordering::Relaxed);
        let mut index = self.index.lock();
        let used_bytes = index.counted_bytes();
        let unneeded = used_bytes.saturating_sub(index.live_bytes);
        index.evacuation_due_bytes = unneeded + self.segment_bytes() / 2;
        if index.extents() >= self.settings.evacuation_extents_max {
            return Vec::new();
        }
        let is_near = limit_bytes > 0 && used_bytes >= limit_bytes / 100 * NEAR_LIMIT_PERCENT
            || self.waits_for_room();
        let (percent, young) = if is_near {
            (NEEDED_PERCENT_MAX_NEAR_LIMIT, YOUNG_SEGMENTS_NEAR_LIMIT)
        } else {
            (NEEDED_PERCENT_MAX, YOUNG_SEGMENTS)
        };
        let sealed = index.segments.iter().rev().filter(|(_, one)| one.is_sealed);
        let old = sealed.skip(young).filter(|(_, one)| one.live > 0);
        let old: Vec<_> = old.collect();
        let needed: u64 = old.iter().map(|(_, one)| one.needed_bytes()).sum();
        let held: u64 = old.iter().map(|(_, one)| one.end).sum();
        let tolerated = if is_near { 0 } else { needed } + self.segment_bytes();
        let mut excess = held.saturating_sub(needed).saturating_sub(tolerated);
        let pays = |one: &Segment| {
            !one.is_damaged
                && one.needed_bytes() <= one.end / 100 * percent
                && self.has_room_to_move(one.needed_bytes())
        };
        let mut paying: Vec<_> = old.into_iter().filter(|(_, one)| pays(one)).collect();
        paying.sort_by_key(|(number, one)| (one.needed_bytes() * 100 / one.end.max(1), **number));
        let mut chosen = Vec::new();
        for (number, one) in paying.into_iter().take(SEGMENTS_MAX) {
            if excess == 0 {
                break;
            }
            excess = excess.saturating_sub(one.end - one.needed_bytes());
            chosen.push(*number);
        }
        chosen
    }

    /// On a full disk only what additions may use anyway is used.
    fn has_room_to_move(&self, bytes: u64) -> bool {
        let room = self.active_room_bytes.load(Ordering::Relaxed)
            + self.pool_room_bytes.load(Ordering::Relaxed);
        !self.waits_for_room() || room >= bytes + self.queue_limit_bytes()
    }

    /// Copies all that is needed. `false` if it could not be written for want of room.
    fn evacuate_segment(&self, number: u64) -> Result<bool, StoreError> {
        let Some(offsets) = self.needed_offsets(number)? else {
            // Its index is built again when somebody reads it.
            self.leave_alone(number);
            return Ok(true);
        };
        let file = self.files.open(self.disk.as_ref(), log_name(number))?;
        let (salt, end) = {
            let index = self.index.lock();
            let segment = index.segments.get(&number);
            segment.map_or((0, 0), |one| (one.salt, one.end))
        };
        let Some(file) = file else {
            return Ok(true);
        };
        let mut scanner = Scanner::new(Arc::clone(&file), number, salt, end);
        let mut group = Group::default();
        let mut bytes = 0;
        for offset in offsets {
            let Some(header) = scanner.at(offset)? else {
                tracing::warn!(
                    file = log_name(number),
                    offset,
                    "a record cannot be read while its segment is emptied; the segment is kept"
                );
                self.leave_alone(number);
                continue;
            };
            let Some(record) = scanner.record(offset, header)? else {
                continue;
            };
            group.ops.push(Op::Move {
                from: number,
                targets: record.targets().collect(),
                expiration_ms: header.expiration_ms,
                head: Bytes::copy_from_slice(record.head),
                body: Bytes::copy_from_slice(record.body),
            });
            bytes += header.padded();
            if bytes >= CHUNK_BYTES {
                if !self.write_moves(std::mem::take(&mut group))? {
                    return Ok(false);
                }
                bytes = 0;
            }
        }
        self.write_moves(group)
    }

    fn leave_alone(&self, number: u64) {
        if let Some(segment) = self.index.lock().segments.get_mut(&number) {
            segment.is_damaged = true;
        }
    }

    /// Where the needed records of a segment stand, ascending; `None` if that cannot be read.
    fn needed_offsets(&self, number: u64) -> Result<Option<Vec<u64>>, StoreError> {
        let mut offsets = Vec::new();
        let needed = self.index.lock().needed_in(number);
        for (live, places) in needed {
            let read;
            let entries = match &places {
                Places::Here(entries) => entries,
                Places::InSidecar(slice) => match self.sidecar_entries(number, *slice)? {
                    Some(entries) => {
                        read = entries;
                        &read
                    }
                    None => return Ok(None),
                },
            };
            let entries = live.iter().filter_map(|at| entries.get(*at));
            offsets.extend(entries.map(|entry| u64::from(entry.at) * 8));
        }
        offsets.sort_unstable();
        offsets.dedup();
        Ok(Some(offsets))
    }

    /// Writes copies of what is still needed, as one commit. `false` if there is no room.
    fn write_moves(&self, mut group: Group) -> Result<bool, StoreError> {
        let mut writer = self.writer.lock();
        {
            let index = self.index.lock();
            group.ops.retain_mut(|op| op.keep_needed(&index));
        }
        for (place, op) in group.ops.iter().enumerate() {
            group.batches.push(BatchEnd {
                ops: place + 1,
                bytes: op.record_bytes(),
                has_adds: true,
            });
        }
        let written = writer.write_group(self, &group, false)?;
        parking_lot::MutexGuard::unlock_fair(writer);
        let moved = group.batches.iter().take(written.batches_done);
        let bytes = moved.map(|batch| batch.bytes).sum();
        self.moved_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(written.batches_done == group.batches.len())
    }
}

impl Op {
    /// Of a copy, keeps the targets that still stand where it was read. `false` if there are none.
    fn keep_needed(&mut self, index: &Index) -> bool {
        let Self::Move { from, targets, .. } = self else {
            return true;
        };
        targets.retain(|target| index.is_live_in(*from, target.list, target.position));
        !targets.is_empty()
    }

    /// What a copy takes in a segment.
    fn record_bytes(&self) -> u64 {
        let Self::Move {
            targets,
            head,
            body,
            ..
        } = self
        else {
            return 0;
        };
        let payload = head.len() as u64 + body.len() as u64;
        record::padded(record::length(targets.len(), payload))
    }
}

impl Index {
    fn extents(&self) -> usize {
        self.lists.values().map(|list| list.extents.len()).sum()
    }

    /// `true` once when it is time to look for something to evacuate.
    pub(crate) fn takes_evacuation_due(&mut self) -> bool {
        let unneeded = self.counted_bytes().saturating_sub(self.live_bytes);
        let is_due = unneeded >= self.evacuation_due_bytes;
        if is_due {
            self.evacuation_due_bytes = u64::MAX;
        }
        is_due
    }

    /// The live positions of all extents in a segment, counted from the first of their entries.
    fn needed_in(&self, number: u64) -> Vec<(Vec<usize>, Places)> {
        let entries_at = self.segments.get(&number).and_then(|one| one.sidecar);
        let extents = self.lists.values().flat_map(|list| &list.extents);
        let needed = extents.filter(|extent| extent.segment == number && extent.live > 0);
        let found = needed.map(|extent| {
            let mut live = Vec::new();
            let mut from = extent.first;
            while let Some(position) = extent.next_live(from) {
                live.extend(usize::try_from(position - extent.first));
                from = position + 1;
            }
            let places = match &extent.entries {
                Entries::Memory(entries) => Places::Here(entries.clone()),
                Entries::Sidecar(slot) => Places::InSidecar(Slice {
                    entries_at: entries_at.unwrap_or(u64::MAX / 2),
                    slot: *slot,
                    count: extent.count,
                }),
            };
            (live, places)
        });
        found.collect()
    }
}
