//! The upkeep step: everything that no commit has to wait for.
//!
//! It syncs when the policy is not to sync with every commit, moves the index of sealed segments
//! into sidecars, writes checkpoints, gives dead segments back, and prepares new ones.
//!
//! Invariants: the index holds only what was committed, so what is written from it was too; what
//! depends on the journal being durable is done after a sync of it; a segment is known as given up
//! only after its new name is durable, because facts about it elsewhere are needed until then.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::StoreError;
use crate::disk::File;
use crate::journal::Shared;
use crate::journal::checkpoint;
use crate::journal::extent::Entries;
use crate::journal::files::{sync_names, write_whole};
use crate::journal::index::Index;
use crate::journal::pool::{Fill, prepare};
use crate::journal::recovery;
use crate::journal::segment::{log_name, sidecar_name};
use crate::journal::sidecar::{self, Image};
use crate::settings::SyncPolicy;

/// So many segments are not filled with zeros once that was found to be in the way.
const UNZEROED_SEGMENTS: u64 = 16;

/// A file and the room that it has taken.
type Sized = (Arc<dyn File>, u64);

/// Name of a segment that the upkeep step prepares.
const SPARE_NAME: &str = "spare.new";

impl Shared {
    /// See [`crate::Journal::maintain_step`].
    pub(crate) fn maintain_step(&self) -> bool {
        let _one_at_a_time = self.upkeep_turn.lock();
        if self.failure().is_some() {
            return false;
        }
        match self.maintain() {
            Ok(did_something) => did_something,
            Err(error) => {
                self.fail(&error);
                false
            }
        }
    }

    fn maintain(&self) -> Result<bool, StoreError> {
        let mut did = false;
        if matches!(self.settings.sync, SyncPolicy::Periodic { .. }) {
            self.sync_journal()?;
        }
        let mut is_full = false;
        for done in [
            self.write_sidecars(self.settings.sidecar_lag_segments),
            self.evacuate(),
            self.reclaim(),
            self.prepare_spares(),
        ] {
            match self.soften(done)? {
                Some(done) => did |= done,
                None => is_full = true,
            }
        }
        if is_full || self.is_stalled.load(Ordering::Relaxed) {
            // What they kept is given back with the next step.
            did |= self.end_snapshots();
        }
        if !is_full {
            self.disk_is_full.store(false, Ordering::Relaxed);
        }
        self.publish_usage();
        // Also when nothing was done: the room may have come before the commit step gave up.
        if (did || !is_full) && self.is_stalled.load(Ordering::Relaxed) {
            self.wake_commit();
        }
        Ok(did)
    }

    /// A full disk is an ordinary state, here `None`: what could not be done is tried again later.
    fn soften(&self, done: Result<bool, StoreError>) -> Result<Option<bool>, StoreError> {
        match done {
            Err(error) if error.is_full() => {
                if !self.disk_is_full.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "the disk is full");
                }
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Makes durable what was written and not synced by the commit step.
    pub(crate) fn sync_journal(&self) -> Result<(), StoreError> {
        if self.is_scratch || self.settings.sync == SyncPolicy::Always {
            return Ok(());
        }
        // Taken first: what cannot be synced must never be taken for durable later.
        let files = self.writer.lock().take_unsynced();
        for (number, file) in files {
            file.sync_data()
                .map_err(|cause| StoreError::file("syncing", log_name(number), cause))?;
        }
        Ok(())
    }

    /// Moves the index of sealed segments to files, but for the `lag` newest ones.
    pub(crate) fn write_sidecars(&self, lag: usize) -> Result<bool, StoreError> {
        let numbers: Vec<u64> = {
            let index = self.index.lock();
            let sealed = index
                .segments
                .iter()
                .rev()
                .filter(|(_, segment)| segment.is_sealed);
            let wanting = sealed
                .skip(lag)
                .filter(|(_, segment)| segment.sidecar.is_none() && segment.live > 0);
            wanting.map(|(number, _)| *number).collect()
        };
        for number in numbers.iter().rev() {
            let image = sidecar::encode(&self.index.lock(), *number);
            let Some(image) = image else { continue };
            let name = sidecar_name(*number);
            write_whole(self.disk.as_ref(), &name, &image.bytes, !self.is_scratch)?;
            self.files.close(&name);
            self.index.lock().move_entries(*number, &image);
        }
        Ok(!numbers.is_empty())
    }

    /// Gives segments back in which nothing is needed.
    fn reclaim(&self) -> Result<bool, StoreError> {
        let (is_blocked, free) = {
            let index = self.index.lock();
            let dead = || {
                index
                    .segments
                    .iter()
                    .filter(|(number, _)| index.is_dead(**number))
            };
            let is_blocked = dead().any(|(number, _)| !index.is_free(*number));
            (is_blocked, dead().next().is_some())
        };
        if !free {
            return Ok(false);
        }
        if self.settings.sync != SyncPolicy::Always {
            // Removals must be durable before the space of what they removed is used again.
            self.sync_journal()?;
        }
        if is_blocked && !self.is_scratch {
            self.checkpoint()?;
        }
        let mut did = false;
        while let Some(number) = self.next_free() {
            self.give_back(number)?;
            did = true;
        }
        Ok(did)
    }

    fn next_free(&self) -> Option<u64> {
        let index = self.index.lock();
        let is_free = |number: u64| {
            if self.is_scratch {
                index.is_dead(number)
            } else {
                index.is_free(number)
            }
        };
        index
            .segments
            .keys()
            .copied()
            .find(|number| is_free(*number))
    }

    /// Writes all facts of sealed segments into the checkpoint file.
    pub(crate) fn checkpoint(&self) -> Result<(), StoreError> {
        let (image, covered) = {
            let index = self.index.lock();
            let Some(covered) = sealed_up_to(&index) else {
                return Ok(());
            };
            (checkpoint::encode(&index, covered), covered)
        };
        // With a weaker policy the index may be ahead of the disk.
        self.sync_journal()?;
        match checkpoint::write(self.disk.as_ref(), &image) {
            Err(error) if error.is_full() && self.sacrifice_spare(0)? => {
                checkpoint::write(self.disk.as_ref(), &image)?;
            }
            other => other?,
        }
        let mut index = self.index.lock();
        index.covered = covered;
        for (_, segment) in index.segments.range_mut(..=covered) {
            segment.facts = Vec::new();
        }
        Ok(())
    }

    /// Gives the room of one prepared segment to what must be written on a full disk, if there are
    /// more than `kept`.
    pub(crate) fn sacrifice_spare(&self, kept: usize) -> Result<bool, StoreError> {
        let spare = {
            let mut pool = self.pool.lock();
            let spare = if pool.ready.len() > kept {
                pool.ready.pop_back()
            } else {
                None
            };
            self.note_pool(&pool);
            spare
        };
        let Some(spare) = spare else { return Ok(false) };
        self.remove_file(&log_name(spare.number))?;
        Ok(true)
    }

    fn remove_file(&self, name: &str) -> Result<(), StoreError> {
        self.files.close(name);
        match self.disk.remove(name) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::file("removing", name.to_owned(), cause))
            }
            _ => Ok(()),
        }
    }

    /// Makes a dead segment a prepared one, or removes it if there are enough.
    fn give_back(&self, number: u64) -> Result<(), StoreError> {
        let name = log_name(number);
        let sidecar = self
            .index
            .lock()
            .segments
            .get(&number)
            .and_then(|one| one.sidecar);
        if sidecar.is_some() {
            self.remove_file(&sidecar_name(number))?;
        }
        let is_wanted = self.pool.lock().ready.len() < self.spares_max();
        if is_wanted && let Some(found) = self.reusable(&name)? {
            self.files.close(&name);
            let mut pool = self.pool.lock();
            pool.adopt(self.disk.as_ref(), &name, found, !self.is_scratch)?;
            self.note_pool(&pool);
            drop(pool);
            self.files.close(&name);
        } else {
            self.remove_file(&name)?;
            if !self.is_scratch {
                sync_names(self.disk.as_ref())?;
            }
        }
        self.index.lock().give_up(number);
        Ok(())
    }

    /// The file with the size of a new segment, if it can have that.
    fn reusable(&self, name: &str) -> Result<Option<Sized>, StoreError> {
        let fail = |cause| StoreError::file("opening", name.to_owned(), cause);
        let wanted = self.segment_bytes();
        let file = match self.disk.open(name) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(fail)?,
        };
        let length = file.length().map_err(fail)?;
        if length > wanted {
            file.set_length(wanted).map_err(fail)?;
        } else if length < wanted && !self.is_scratch {
            match file.allocate(wanted) {
                Err(cause) if crate::disk::is_full(&cause) => return Ok(None),
                done => done.map_err(fail)?,
            }
        }
        Ok(Some((file, wanted)))
    }

    /// Most prepared segments that are kept when segments become free.
    fn spares_max(&self) -> usize {
        let reserve = if self.is_scratch {
            0
        } else {
            self.settings.reserve_segments
        };
        reserve + self.settings.spare_segments
    }

    /// Prepared segments that there should be now. Not as many as are kept, and above the reserve
    /// only once records are written at some rate: segments that become free are better than new
    /// ones.
    fn spares_wanted(&self) -> usize {
        let reserve = if self.is_scratch {
            0
        } else {
            self.settings.reserve_segments
        };
        let is_busy = {
            let index = self.index.lock();
            let active = index
                .segments
                .values()
                .next_back()
                .map_or(0, |segment| segment.end);
            index.segments.len() > 1 || active > self.segment_bytes() / 4
        };
        if is_busy {
            reserve + self.settings.spare_segments / 2
        } else {
            reserve
        }
    }

    /// How the next segment is prepared. Zeros make commits faster, but when much was written while
    /// a segment was filled with them, the disk has better things to do for a while.
    fn fill(&self, ready: usize) -> Fill {
        if self.is_scratch {
            return Fill::Grow;
        }
        let left = self.unzeroed_left.load(Ordering::Relaxed);
        if ready < self.settings.reserve_segments || left > 0 {
            self.unzeroed_left
                .store(left.saturating_sub(1), Ordering::Relaxed);
            return Fill::Allocate;
        }
        Fill::Zeros
    }

    pub(crate) fn prepare_spares(&self) -> Result<bool, StoreError> {
        let mut did = false;
        while self.pool.lock().ready.len() < self.spares_wanted() {
            let ready = self.pool.lock().ready.len();
            let capacity = self.segment_bytes();
            let fill = self.fill(ready);
            let before = self.written_bytes.load(Ordering::Relaxed);
            let file = prepare(self.disk.as_ref(), SPARE_NAME, capacity, fill)?;
            let written = self.written_bytes.load(Ordering::Relaxed) - before;
            if fill == Fill::Zeros && written > capacity / 4 {
                self.unzeroed_left
                    .store(UNZEROED_SEGMENTS, Ordering::Relaxed);
            }
            let found = (file, capacity);
            let mut pool = self.pool.lock();
            pool.adopt(self.disk.as_ref(), SPARE_NAME, found, !self.is_scratch)?;
            self.note_pool(&pool);
            drop(pool);
            did = true;
        }
        Ok(did)
    }
}

impl Shared {
    /// Writes all that is left, for a start without repairs.
    pub(crate) fn finish(&self) -> Result<(), StoreError> {
        while self.commit_step() {}
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        if self.is_scratch {
            return recovery::wipe(self.disk.as_ref()).map(|_| ());
        }
        self.sync_journal()?;
        self.writer.lock().seal_and_cut(self)?;
        self.soften(self.write_sidecars(0))?;
        self.soften(self.checkpoint().map(|()| true))?;
        if self.is_stalled.load(Ordering::Relaxed) {
            return Err(StoreError::Stopped {
                cause: "the disk is full".into(),
            });
        }
        Ok(())
    }
}

/// The newest sealed segment such that everything before is sealed too.
fn sealed_up_to(index: &Index) -> Option<u64> {
    let sealed = index
        .segments
        .iter()
        .take_while(|(_, segment)| segment.is_sealed);
    sealed.map(|(number, _)| *number).last()
}

impl Index {
    /// The entries of a segment are in its sidecar now.
    pub(crate) fn move_entries(&mut self, number: u64, image: &Image) {
        let Some(segment) = self.segments.get_mut(&number) else {
            return;
        };
        segment.sidecar = Some(image.entries_at);
        segment.extents = Vec::new();
        segment.facts = Vec::new();
        for (list, first, slot) in &image.moved {
            let Some(list) = self.lists.get_mut(list) else {
                continue;
            };
            let place = list.search(*first);
            if let Some(extent) = list.extents.get_mut(place)
                && extent.segment == number
                && extent.first == *first
            {
                extent.entries = Entries::Sidecar(*slot);
            }
        }
    }
}
