//! The commit step: everything queued becomes durable with one write and one sync.
//!
//! It takes all that waits, encodes it unit by unit, writes, syncs (by the policy), applies the
//! changes to the index and only then says so. There is no timer: while one step waits for the
//! disk, the next one's work gathers.
//!
//! Invariants: batches are published in the order in which they were appended; an old segment is
//! durable before anything stands in a newer one; after a failed write or sync nothing is tried
//! again. A full disk is no failure: additions wait, removals go on in the reserve.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::Change;
use crate::StoreError;
use crate::disk::File;
use crate::journal::Shared;
use crate::journal::encoder::Encoder;
use crate::journal::index::{Index, Segment};
use crate::journal::pool::{Fill, Pool, prepare};
use crate::journal::queue::{BatchEnd, Group, Op};
use crate::journal::record::SYNCED_BEFORE;
use crate::journal::segment::{RECORDS_AT, SegmentHeader, log_name};
use crate::journal::unit::{Unit, UnitRules};
use crate::settings::SyncPolicy;

/// Encoded bytes are written, though not synced, when there are so many.
const WRITE_BYTES: u64 = 1024 * 1024;

/// The same for parts of a vectored write.
const WRITE_PARTS: usize = 1000;

/// Segments may grow for a large unit up to here, so that offsets fit an index entry.
const SEGMENT_BYTES_MAX: u64 = 32 * 1024 * 1024 * 1024;

/// No segment is smaller than this, also when only removals are to go there.
const SMALL_SEGMENT_BYTES_MIN: u64 = 1024;

/// Name of a segment that the commit step prepares itself.
const SPARE_NOW_NAME: &str = "spare-now.new";

/// What the commit step keeps from one time to the next.
#[derive(Default)]
pub(crate) struct Writer {
    /// Batches that found no room, before everything that waits in the queue.
    stalled: Group,
    /// Removals taken out of `stalled` that are not written yet.
    pulled: Group,
    pub(crate) active: Option<Active>,
    /// Number and end of the last segment written to.
    pub(crate) last: (u64, u64),
    /// Sealed segments that the policy did not ask to sync.
    unsynced: Vec<(u64, Arc<dyn File>)>,
    encoder: Encoder,
    unit: Unit,
}

/// The segment being written.
pub(crate) struct Active {
    pub(crate) number: u64,
    pub(crate) file: Arc<dyn File>,
    capacity: u64,
    /// It was taken out of the reserve: nothing more is admitted for it.
    is_reserve: bool,
    /// It is not the first of the reserve: additions do not go here.
    for_removals: bool,
    /// End of what is written, synced as the policy says, and applied.
    pub(crate) end: u64,
}

/// How far a group is written.
#[derive(Clone, Copy, Default)]
pub(crate) struct Progress {
    /// Batches and operations encoded.
    batches: usize,
    ops: usize,
    /// The same, applied to the index.
    pub(crate) batches_done: usize,
    ops_done: usize,
}

impl Progress {
    /// What was encoded but not applied is to be done again.
    fn rewind(&mut self) {
        self.batches = self.batches_done;
        self.ops = self.ops_done;
    }
}

impl Shared {
    /// See [`crate::Journal::commit_step`].
    pub(crate) fn commit_step(&self) -> bool {
        let mut writer = self.writer.lock();
        if self.failure().is_some() {
            return false;
        }
        let mut group = std::mem::take(&mut writer.stalled);
        self.take(&mut group);
        if group.batches.is_empty() && writer.pulled.batches.is_empty() {
            return false;
        }
        let written = writer.write_all(self, &mut group);
        writer.stalled = group;
        match written {
            Ok(did_something) => {
                self.set_stalled(&writer);
                did_something
            }
            Err(error) => {
                drop(writer);
                self.fail(&error);
                false
            }
        }
    }

    /// Moves everything queued to the end of `group`.
    fn take(&self, group: &mut Group) {
        let mut queue = self.queue.lock();
        queue.taken = std::mem::take(&mut queue.urgent);
        if group.batches.is_empty() {
            std::mem::swap(group, &mut queue.waiting);
            return;
        }
        let base = group.ops.len();
        group.ops.append(&mut queue.waiting.ops);
        let moved = queue.waiting.batches.drain(..);
        group.batches.extend(moved.map(|batch| BatchEnd {
            ops: base + batch.ops,
            ..batch
        }));
    }

    fn set_stalled(&self, writer: &Writer) {
        let is_stalled = !writer.stalled.batches.is_empty();
        let was_stalled = self.is_stalled.swap(is_stalled, Ordering::Relaxed);
        if is_stalled && !was_stalled {
            tracing::warn!(
                "the disk is full; new messages wait until there is room, removals go on"
            );
            self.wake_upkeep();
        } else if was_stalled && !is_stalled {
            tracing::info!("there is room on the disk again; waiting messages were written");
        }
    }
}

impl Group {
    /// Takes the first batches away.
    fn drop_front(&mut self, progress: Progress) {
        self.ops.drain(..progress.ops_done);
        self.batches.drain(..progress.batches_done);
        for batch in &mut self.batches {
            batch.ops -= progress.ops_done;
        }
    }

    /// Moves batches that only remove existing positions to `into`, leaving empty ones behind.
    fn pull_removals(&mut self, index: &Index, into: &mut Group) {
        let mut begin = 0;
        for batch in &mut self.batches {
            let end = batch.ops;
            let ops = self.ops.get_mut(begin..end).unwrap_or_default();
            begin = end;
            let is_removal = |op: &Op| match op {
                Op::Change(Change::Remove { list, position }) => index
                    .lists
                    .get(list)
                    .is_some_and(|list| *position < list.next),
                _ => false,
            };
            if ops.is_empty() || batch.has_adds || !ops.iter().all(is_removal) {
                continue;
            }
            for op in ops {
                // List 0 does not exist, so what stays behind says nothing.
                let nothing = Op::Change(Change::Remove {
                    list: 0,
                    position: 0,
                });
                let pulled = std::mem::replace(op, nothing);
                if !matches!(pulled, Op::Change(Change::Remove { list: 0, .. })) {
                    into.ops.push(pulled);
                }
            }
            into.batches.push(BatchEnd {
                ops: into.ops.len(),
                ..*batch
            });
        }
    }
}

impl Writer {
    /// A writer that goes on behind a segment of that number and end.
    pub(crate) fn after(last: (u64, u64)) -> Self {
        Self {
            last,
            ..Self::default()
        }
    }

    /// Writes as much as there is room for. `true` if anything was written.
    fn write_all(&mut self, shared: &Shared, group: &mut Group) -> Result<bool, StoreError> {
        let mut pulled = std::mem::take(&mut self.pulled);
        let first = self.write_group(shared, &pulled, false)?;
        pulled.drop_front(first);
        let second = if pulled.batches.is_empty() {
            self.write_group(shared, group, true)?
        } else {
            Progress::default()
        };
        group.drop_front(second);
        let mut batches = first.batches_done + second.batches_done;
        if !group.batches.is_empty() && pulled.batches.is_empty() {
            group.pull_removals(&shared.index.lock(), &mut pulled);
            let third = self.write_group(shared, &pulled, false)?;
            pulled.drop_front(third);
            batches += third.batches_done;
        }
        self.pulled = pulled;
        self.rotate_if_drained(shared)?;
        Ok(batches > 0)
    }

    /// Writes batches in order until one finds no room. With `publish` they count as durable.
    pub(crate) fn write_group(
        &mut self,
        shared: &Shared,
        group: &Group,
        publish: bool,
    ) -> Result<Progress, StoreError> {
        let mut progress = Progress::default();
        let settings = &shared.settings;
        let mut unit = std::mem::take(&mut self.unit);
        while progress.batches < group.batches.len() {
            let bytes_max = settings.unit_bytes.min(shared.segment_bytes() / 4);
            let rules = UnitRules {
                bytes_max,
                cancels: settings.cancel_removed_adds,
            };
            unit.plan(group, progress.batches, rules);
            if unit.records > 0
                && !self.make_room(shared, &unit, (group, &mut progress, publish))?
            {
                break;
            }
            self.encode(shared, group, &unit);
            progress.batches += unit.batches;
            progress.ops = unit.ops.end;
            let is_much =
                self.encoder.waiting() > WRITE_BYTES || self.encoder.parts() > WRITE_PARTS;
            if is_much && !self.write_waiting(shared)? {
                progress.rewind();
                break;
            }
        }
        self.unit = unit;
        self.flush(shared, (group, &mut progress, publish))?;
        Ok(progress)
    }

    fn encode(&mut self, shared: &Shared, group: &Group, unit: &Unit) {
        // Only the first unit of a flush proves something, and only if everything is synced.
        let is_first = self
            .active
            .as_ref()
            .is_some_and(|active| self.encoder.end() == active.end && active.end > RECORDS_AT);
        let synced = is_first && shared.settings.sync == SyncPolicy::Always;
        self.encoder
            .unit(&group.ops, unit, if synced { SYNCED_BEFORE } else { 0 });
    }

    /// Sees that the active segment has room for a unit. `false` if the disk has none.
    fn make_room(
        &mut self,
        shared: &Shared,
        unit: &Unit,
        flush: (&Group, &mut Progress, bool),
    ) -> Result<bool, StoreError> {
        let is_usable = |now: &&Active| !(now.for_removals && unit.has_adds);
        let usable = self.active.as_ref().filter(is_usable);
        if usable.is_some_and(|now| self.encoder.end() + unit.bytes <= now.capacity) {
            return Ok(true);
        }
        let is_fresh = usable.is_some() && self.encoder.end() == RECORDS_AT;
        if !self.flush(shared, flush)? {
            return Ok(false);
        }
        if !is_fresh && !self.activate(shared, unit.has_adds)? {
            return Ok(false);
        }
        let Some(active) = &mut self.active else {
            return Ok(false);
        };
        let wanted = RECORDS_AT + unit.bytes;
        if wanted <= active.capacity {
            return Ok(true);
        }
        if wanted > SEGMENT_BYTES_MAX {
            let (bytes, limit_bytes) = (wanted, SEGMENT_BYTES_MAX);
            return Err(StoreError::TooLarge { bytes, limit_bytes });
        }
        let reserve = shared.settings.reserve_segments;
        loop {
            match active.file.allocate(wanted) {
                Ok(()) => break,
                // What lies ready for others is room, too.
                Err(cause) if crate::disk::is_full(&cause) => {
                    if !shared.sacrifice_spare(reserve)? {
                        return Ok(false);
                    }
                }
                Err(cause) => {
                    return Err(StoreError::file("growing", log_name(active.number), cause));
                }
            }
        }
        active.capacity = wanted;
        Ok(true)
    }

    /// Goes on in the next prepared segment. `false` if there is none and no room for one.
    fn activate(&mut self, shared: &Shared, has_adds: bool) -> Result<bool, StoreError> {
        let reserve = shared.settings.reserve_segments;
        let mut pool = shared.pool.lock();
        if pool.ready.len() <= reserve {
            // The writer is faster than the preparation. The new one goes behind those there are,
            // because segments are used in the order of their numbers.
            let capacity = shared.segment_bytes();
            let fill = if shared.is_scratch {
                Fill::Grow
            } else {
                Fill::Allocate
            };
            match prepare(shared.disk.as_ref(), SPARE_NOW_NAME, capacity, fill) {
                Ok(file) => {
                    let disk = shared.disk.as_ref();
                    pool.adopt(disk, SPARE_NOW_NAME, (file, capacity), !shared.is_scratch)?;
                }
                Err(error) if error.is_full() => {
                    shared.disk_is_full.store(true, Ordering::Relaxed);
                    if pool.ready.is_empty() && !has_adds {
                        prepare_small(shared, &mut pool)?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        // What was admitted before the disk was found full may use the first of the reserve.
        let is_reserve = pool.ready.len() <= reserve;
        let for_removals = pool.ready.len() < reserve;
        if for_removals && has_adds {
            return Ok(false);
        }
        let Some(spare) = pool.ready.pop_front() else {
            return Ok(false);
        };
        shared.note_pool(&pool);
        drop(pool);
        self.seal(shared);
        let (previous, previous_end) = self.last;
        let (number, salt) = (spare.number, shared.salt);
        self.encoder.begin_segment(SegmentHeader {
            number,
            previous,
            previous_end,
            salt,
        });
        shared
            .index
            .lock()
            .segments
            .insert(number, Segment::new(salt));
        let (file, capacity) = (spare.file, spare.capacity);
        self.active = Some(Active {
            number,
            file,
            capacity,
            is_reserve,
            for_removals,
            end: RECORDS_AT,
        });
        shared.wake_upkeep();
        Ok(true)
    }

    /// Ends the active segment.
    pub(crate) fn seal(&mut self, shared: &Shared) {
        let Some(active) = self.active.take() else {
            return;
        };
        // A segment without records may not even have a header: it is no link of the chain.
        if active.end > RECORDS_AT {
            self.last = (active.number, active.end);
        }
        self.encoder.forget();
        shared.index.lock().seal(active.number);
        if shared.settings.sync != SyncPolicy::Always && !shared.is_scratch {
            self.unsynced.push((active.number, active.file));
        }
    }

    /// Ends the active segment and cuts off what may stand behind its end.
    pub(crate) fn seal_and_cut(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let Some(active) = &self.active else {
            return Ok(());
        };
        let fail = |cause| StoreError::file("cutting", log_name(active.number), cause);
        active.file.set_length(active.end).map_err(fail)?;
        if !shared.is_scratch {
            active.file.sync_all().map_err(fail)?;
        }
        self.seal(shared);
        Ok(())
    }

    /// All files with content that was written and not synced.
    pub(crate) fn take_unsynced(&mut self) -> Vec<(u64, Arc<dyn File>)> {
        let mut files = std::mem::take(&mut self.unsynced);
        files.extend(
            self.active
                .iter()
                .map(|now| (now.number, Arc::clone(&now.file))),
        );
        files
    }

    /// Gives a segment back early when nothing in it is needed, so that usage falls after a drain
    /// even when the limit is small.
    fn rotate_if_drained(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let Some(active) = &self.active else {
            return Ok(());
        };
        if active.end <= active.capacity / 4 {
            return Ok(());
        }
        let live = shared
            .index
            .lock()
            .segments
            .get(&active.number)
            .map(|segment| segment.live);
        if live == Some(0) {
            self.seal(shared);
            shared.publish_usage();
            shared.wake_upkeep();
        }
        Ok(())
    }

    /// Writes what is encoded. `false` if the disk was full: then nothing since the last flush
    /// counts, and the segment ends there, because parts of it may have reached the disk.
    fn write_waiting(&mut self, shared: &Shared) -> Result<bool, StoreError> {
        let Some(active) = &self.active else {
            return Ok(true);
        };
        if self.encoder.waiting() == 0 {
            return Ok(true);
        }
        let (at, mut parts) = self.encoder.parts_to_write();
        match active.file.write_all_at(&mut parts, at) {
            Ok(()) => {
                self.encoder.written();
                Ok(true)
            }
            Err(cause) if crate::disk::is_full(&cause) => {
                shared.disk_is_full.store(true, Ordering::Relaxed);
                self.seal_and_cut(shared)?;
                Ok(false)
            }
            Err(cause) => Err(StoreError::file("writing", log_name(active.number), cause)),
        }
    }

    /// Writes, syncs, applies and publishes what is encoded. `false` if the disk was full.
    fn flush(
        &mut self,
        shared: &Shared,
        (group, progress, publish): (&Group, &mut Progress, bool),
    ) -> Result<bool, StoreError> {
        if progress.batches == progress.batches_done {
            return Ok(true);
        }
        let has_bytes = self
            .active
            .as_ref()
            .is_some_and(|now| self.encoder.end() > now.end);
        if !self.write_waiting(shared)? {
            progress.rewind();
            return Ok(false);
        }
        if let Some(active) = &mut self.active
            && has_bytes
        {
            if shared.settings.sync == SyncPolicy::Always && !shared.is_scratch {
                let synced = active.file.sync_data();
                synced
                    .map_err(|cause| StoreError::file("syncing", log_name(active.number), cause))?;
            }
            let end = self.encoder.end();
            shared
                .written_bytes
                .fetch_add(end - active.end, Ordering::Relaxed);
            active.end = end;
        }
        self.apply(shared, group, *progress);
        let batches = group.batches.get(progress.batches_done..progress.batches);
        let bytes = batches
            .unwrap_or_default()
            .iter()
            .map(|batch| batch.bytes)
            .sum();
        let count = progress.batches - progress.batches_done;
        progress.batches_done = progress.batches;
        progress.ops_done = progress.ops;
        if publish {
            shared.publish(count as u64, bytes);
        }
        Ok(true)
    }

    /// Tells the index what was written.
    fn apply(&mut self, shared: &Shared, group: &Group, progress: Progress) {
        let mut index = shared.index.lock();
        let number = self.active.as_ref().map_or(0, |active| active.number);
        let ops = group.ops.get(progress.ops_done..progress.ops);
        let mut placed = self.encoder.placed.drain(..);
        for op in ops.unwrap_or_default() {
            index.apply(number, op, &mut placed);
        }
        drop(placed);
        if let Some(active) = &self.active {
            index.set_end(number, active.end);
        }
        if let Some(segment) = index.segments.get_mut(&number) {
            segment.facts.append(&mut self.encoder.facts);
        }
        let wants_upkeep = std::mem::take(&mut index.has_new_dead) | index.takes_evacuation_due();
        drop(index);
        let room = |now: &Active| {
            if now.is_reserve {
                0
            } else {
                now.capacity.saturating_sub(now.end)
            }
        };
        let room = self.active.as_ref().map_or(0, room);
        shared.active_room_bytes.store(room, Ordering::Relaxed);
        shared.publish_usage();
        if wants_upkeep {
            shared.wake_upkeep();
        }
    }
}

/// The reserve is used up, by starts on a full disk: removals go where the last segment was cut
/// off, however small that is, or the disk could never be drained.
fn prepare_small(shared: &Shared, pool: &mut Pool) -> Result<(), StoreError> {
    let disk = shared.disk.as_ref();
    let mut capacity = shared.segment_bytes() / 2;
    while capacity >= SMALL_SEGMENT_BYTES_MIN {
        match prepare(disk, SPARE_NOW_NAME, capacity, Fill::Allocate) {
            Ok(file) => {
                return pool.adopt(disk, SPARE_NOW_NAME, (file, capacity), !shared.is_scratch);
            }
            Err(error) if error.is_full() => capacity /= 2,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
