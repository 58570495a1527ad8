//! Opening a journal: finding out what it says after a clean end or a crash.
//!
//! The checkpoint tells lists, notes and what is needed in older segments. A sealed segment is
//! known from its sidecar, or read through if that is missing or damaged. The log ends with the
//! last whole unit of the last segment; what a crash tore behind it was never receipted.
//! Damage anywhere else costs the damaged records only, and is reported with file and offset.
//!
//! Invariants: nothing is written into a segment of an earlier life; what recovery builds upon is
//! durable before it returns; memory is bounded by the index, whatever the files say.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::StoreError;
use crate::disk::{Disk, File};
use crate::journal::checkpoint::{self, Checkpoint, SavedList};
use crate::journal::extent::Entry;
use crate::journal::fields::Fields;
use crate::journal::files::{names, remove, sync_names, write_whole};
use crate::journal::index::{Index, Segment};
use crate::journal::pool::{Pool, Spare};
use crate::journal::record::{self, Header, Kind, Record, SYNCED_BEFORE, UNIT_ENDS};
use crate::journal::repair::{self, SET_ASIDE_PREFIX};
use crate::journal::scan::Scanner;
use crate::journal::segment::{
    CHECKPOINT_NAME, NEW_SUFFIX, RECORDS_AT, SegmentHeader, log_name, log_number, read_up_to,
    sidecar_name, sidecar_number,
};
use crate::journal::sidecar;
use crate::settings::JournalSettings;

/// What was found.
pub(crate) struct Recovered {
    pub(crate) index: Index,
    /// Number and end of the last segment.
    pub(crate) last: (u64, u64),
    pub(crate) pool: Pool,
    pub(crate) damaged: u64,
    /// There was nothing.
    pub(crate) is_new: bool,
}

/// A file that may be a segment.
struct Candidate {
    number: u64,
    file: Arc<dyn File>,
    length: u64,
    header: Option<SegmentHeader>,
    has_sidecar: bool,
}

/// Removes all files of a spool.
pub(crate) fn wipe(disk: &dyn Disk) -> Result<Recovered, StoreError> {
    for name in names(disk)? {
        let is_ours = log_number(&name).is_some()
            || sidecar_number(&name).is_some()
            || name.ends_with(NEW_SUFFIX)
            || name == CHECKPOINT_NAME;
        if is_ours {
            remove(disk, &name)?;
        }
    }
    let pool = Pool {
        ready: VecDeque::new(),
        next_number: 1,
    };
    Ok(Recovered {
        index: Index::default(),
        last: (0, 0),
        pool,
        damaged: 0,
        is_new: true,
    })
}

/// Reads everything that is in the directory.
pub(crate) fn recover(disk: &Arc<dyn Disk>, segment_bytes: u64) -> Result<Recovered, StoreError> {
    let mut candidates = candidates(disk.as_ref())?;
    let checkpoint = checkpoint::read(disk.as_ref())?.unwrap_or_default();
    let is_new = candidates.is_empty() && checkpoint.lists_defined == 0;
    let highest = candidates
        .last()
        .map_or(0, |last| last.number)
        .max(checkpoint.covered);
    let mut recovery = Recovery::begin(disk.as_ref(), checkpoint);
    let is_used = |one: &mut Candidate| one.header.is_some();
    let used: Vec<Candidate> = candidates.extract_if(.., is_used).collect();
    for (place, candidate) in used.iter().enumerate() {
        let after = used.get(place + 1).and_then(|next| next.header);
        let known_end = after.filter(|after| after.previous == candidate.number);
        let known_end = known_end.map(|after| after.previous_end);
        recovery.segment(candidate, (known_end, after.is_some()))?;
    }
    recovery.finish();
    candidates = recovery.set_aside_headless(&used, candidates)?;
    let mut ready = VecDeque::new();
    let mut next_number = highest + 1;
    for spare in candidates {
        if let Some(spare) = adopt(disk.as_ref(), spare, next_number, segment_bytes)? {
            ready.push_back(spare);
            next_number += 1;
        }
    }
    if !ready.is_empty() {
        sync_names(disk.as_ref())?;
    }
    let Recovery {
        index,
        last,
        damaged,
        ..
    } = recovery;
    Ok(Recovered {
        index,
        last,
        pool: Pool { ready, next_number },
        damaged,
        is_new,
    })
}

/// Segments must be small against what the disk can hold, or the reserve would take it all.
pub(crate) fn segment_bytes_max(
    disk: &dyn Disk,
    settings: &JournalSettings,
) -> Result<u64, StoreError> {
    let fail = |cause| StoreError::file("measuring", disk.describe(), cause);
    let mut bytes = disk.available_bytes().map_err(fail)?;
    for name in names(disk)? {
        if log_number(&name).is_some()
            && let Ok(file) = disk.open(&name)
        {
            bytes = bytes.saturating_add(file.length().map_err(fail)?);
        }
    }
    Ok(settings.segment_bytes_for(bytes.max(1)))
}

/// All segment files in order of their numbers; removes what a crash left half written.
fn candidates(disk: &dyn Disk) -> Result<Vec<Candidate>, StoreError> {
    let names = names(disk)?;
    let mut found = Vec::new();
    for name in &names {
        if name.ends_with(NEW_SUFFIX) {
            remove(disk, name)?;
        }
        let Some(number) = log_number(name).filter(|number| log_name(*number) == *name) else {
            continue;
        };
        let fail = |cause| StoreError::file("opening", name.clone(), cause);
        let file = disk.open(name).map_err(fail)?;
        let length = file.length().map_err(fail)?;
        let header = SegmentHeader::read(file.as_ref(), number)?;
        let has_sidecar = names.binary_search(&sidecar_name(number)).is_ok();
        found.push(Candidate {
            number,
            file,
            length,
            header,
            has_sidecar,
        });
    }
    found.sort_unstable_by_key(|candidate| candidate.number);
    for name in &names {
        let orphan = |number| {
            !found
                .iter()
                .any(|one| one.number == number && one.header.is_some())
        };
        if sidecar_number(name).is_some_and(orphan) {
            remove(disk, name)?;
        }
    }
    Ok(found)
}

/// Gives a prepared segment a number that no record in it can carry. Files that cannot have the
/// full size are removed.
fn adopt(
    disk: &dyn Disk,
    spare: Candidate,
    number: u64,
    capacity: u64,
) -> Result<Option<Spare>, StoreError> {
    let old = log_name(spare.number);
    let sized = if spare.length < capacity {
        spare.file.allocate(capacity)
    } else {
        spare.file.set_length(capacity)
    };
    match sized {
        Err(cause) if crate::disk::is_full(&cause) => {
            remove(disk, &old)?;
            return Ok(None);
        }
        done => done.map_err(|cause| StoreError::file("sizing", old.clone(), cause))?,
    }
    disk.rename(&old, &log_name(number))
        .map_err(|cause| StoreError::file("renaming", old, cause))?;
    Ok(Some(Spare {
        number,
        file: spare.file,
        capacity,
    }))
}

/// State while segments are read in order.
struct Recovery<'a> {
    disk: &'a dyn Disk,
    index: Index,
    covered: u64,
    saved: BTreeMap<u32, SavedList>,
    last: (u64, u64),
    /// Segments that were read through and whose entries are in memory.
    scanned: VecDeque<u64>,
    damaged: u64,
}

/// So many segments that were read through keep their entries in memory.
const SCANNED_IN_MEMORY_MAX: usize = 2;

/// So many bytes of a damaged place are kept.
const REPORT_BYTES: usize = 64 * 1024;

/// Bytes that are written again at a time.
const REWRITE_BYTES: usize = 1024 * 1024;

/// What is left to do with the records of a unit until its end is seen.
struct Pending {
    at: u64,
    header: Header,
}

impl<'a> Recovery<'a> {
    fn begin(disk: &'a dyn Disk, checkpoint: Checkpoint) -> Self {
        let mut index = Index {
            covered: checkpoint.covered,
            ..Index::default()
        };
        for (id, list) in &checkpoint.lists {
            index.define(*id, list.descriptor.clone());
        }
        index.lists_defined = index.lists_defined.max(checkpoint.lists_defined);
        index.notes = checkpoint.notes;
        let (covered, saved) = (checkpoint.covered, checkpoint.lists);
        let scanned = VecDeque::new();
        Self {
            disk,
            index,
            covered,
            saved,
            last: (0, 0),
            scanned,
            damaged: 0,
        }
    }

    /// Reads one segment. `known_end` is where its successor says that it ends.
    fn segment(
        &mut self,
        candidate: &Candidate,
        (known_end, has_successor): (Option<u64>, bool),
    ) -> Result<(), StoreError> {
        let Some(header) = candidate.header else {
            return Ok(());
        };
        let number = candidate.number;
        let mut segment = Segment::new(header.salt);
        segment.is_sealed = true;
        self.index.segments.insert(number, segment);
        let end = match self.read_sidecar(candidate, header.salt)? {
            Some(end) => end,
            None => {
                self.scanned.push_back(number);
                self.scan(candidate, header, (known_end, has_successor))?
            }
        };
        self.index.set_end(number, end);
        self.last = (number, end);
        self.bound_memory()
    }

    /// Many segments without a sidecar must not fill the memory with their entries.
    fn bound_memory(&mut self) -> Result<(), StoreError> {
        while self.scanned.len() > SCANNED_IN_MEMORY_MAX
            && let Some(number) = self.scanned.pop_front()
        {
            let Some(image) = sidecar::encode(&self.index, number) else {
                continue;
            };
            match write_whole(self.disk, &sidecar_name(number), &image.bytes, true) {
                // Upkeep tries again when there is room.
                Err(error) if error.is_full() => return Ok(()),
                done => done?,
            }
            self.index.move_entries(number, &image);
        }
        Ok(())
    }

    /// Takes over what the sidecar says; `None` if the segment has to be read through.
    fn read_sidecar(
        &mut self,
        candidate: &Candidate,
        salt: u32,
    ) -> Result<Option<u64>, StoreError> {
        if !candidate.has_sidecar {
            return Ok(None);
        }
        let number = candidate.number;
        let name = sidecar_name(number);
        let opened = self.disk.open(&name);
        let file = opened.map_err(|cause| StoreError::file("opening", name.clone(), cause))?;
        let table = sidecar::read(file.as_ref(), number)?;
        let Some(table) = table.filter(|table| table.end <= candidate.length) else {
            tracing::warn!(
                file = name,
                "the index of a segment is damaged; it is built again"
            );
            return Ok(None);
        };
        if let Some(segment) = self.index.segments.get_mut(&number) {
            segment.sidecar = Some(table.entries_at);
            // What it says of older segments must be known elsewhere before it is given up.
            segment.has_moved = table.has_moved;
            segment.needs_checkpoint |= table.has_moved;
        }
        let log = Arc::clone(&candidate.file);
        let mut scanner = Scanner::new(log, number, salt, table.end);
        self.facts(&mut scanner, number, (&table.facts, true))?;
        for (list, extent) in table.extents {
            if !self.index.insert(list, extent) {
                tracing::error!(file = name, list, "positions of a list are out of order");
            }
        }
        for target in table.traces {
            self.index.skip(target);
            self.index.leave_trace(number, target.list);
        }
        self.facts(&mut scanner, number, (&table.facts, false))?;
        Ok(Some(table.end))
    }

    /// Applies the facts of a segment: definitions before its records are known, the others after.
    fn facts(
        &mut self,
        scanner: &mut Scanner,
        number: u64,
        (places, definitions): (&[(u32, u32)], bool),
    ) -> Result<(), StoreError> {
        if number <= self.covered {
            return Ok(());
        }
        for (at, _) in places {
            let at = u64::from(*at) * 8;
            match scanner.at(at)? {
                Some(header) if (Kind::of(header.kind) == Some(Kind::Define)) == definitions => {
                    self.apply_unit(scanner, number, &mut vec![Pending { at, header }])?;
                }
                Some(_) => {}
                None if definitions => self.report(number, at, at),
                None => {}
            }
        }
        Ok(())
    }

    /// Reads a segment record by record; returns where it ends.
    fn scan(
        &mut self,
        candidate: &Candidate,
        header: SegmentHeader,
        (known_end, has_successor): (Option<u64>, bool),
    ) -> Result<u64, StoreError> {
        let number = candidate.number;
        let end = known_end.unwrap_or(candidate.length).min(candidate.length);
        let mut scanner = Scanner::new(Arc::clone(&candidate.file), number, header.salt, end);
        let mut unit: Vec<Pending> = Vec::new();
        let mut at = RECORDS_AT;
        let mut unit_end = at;
        // Everything before this was synced when it was written.
        let mut proven = 0;
        while at < end {
            if let Some(header) = scanner.at(at)? {
                if header.has(SYNCED_BEFORE) {
                    proven = at;
                }
                unit.push(Pending { at, header });
                at += header.padded();
                if header.has(UNIT_ENDS) {
                    self.apply_unit(&mut scanner, number, &mut unit)?;
                    unit_end = at;
                }
                continue;
            }
            match scanner.search(at, !has_successor)? {
                Some(next) => {
                    // What is damaged was durable, and so was everything around it.
                    self.report(number, at, next);
                    self.apply_unit(&mut scanner, number, &mut unit)?;
                    at = next;
                    unit_end = at;
                }
                None => break,
            }
        }
        if has_successor {
            if let Some(known) = known_end.filter(|known| unit_end < *known) {
                self.report(number, unit_end, known);
            }
            self.apply_unit(&mut scanner, number, &mut unit)?;
            return Ok(known_end.map_or(unit_end, |_| end.max(unit_end)));
        }
        self.cut(candidate, proven..unit_end)?;
        Ok(unit_end)
    }

    /// Ends the log. What was recovered is made durable before anything is built upon it, and
    /// what a crash tore is cut off.
    ///
    /// What no later record proves to have been synced is written again: after a failed sync the
    /// system may show it, and call it synced, though it never reached the disk.
    fn cut(&self, candidate: &Candidate, unproven: Range<u64>) -> Result<(), StoreError> {
        let fail = |action| {
            let name = log_name(candidate.number);
            move |cause| StoreError::file(action, name, cause)
        };
        let file = candidate.file.as_ref();
        file.set_length(unproven.end).map_err(fail("cutting"))?;
        let mut window = vec![0; REWRITE_BYTES];
        let mut at = unproven.start;
        while at < unproven.end {
            let wanted = usize::try_from(unproven.end - at).unwrap_or(usize::MAX);
            window.resize(wanted.min(REWRITE_BYTES), 0);
            let read = read_up_to(file, &mut window, at).map_err(fail("reading"))?;
            let Some(bytes) = window.get(..read).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            let written = file.write_all_at(&mut [IoSlice::new(bytes)], at);
            match written {
                // Some file systems need room even for that; it was no more than a precaution.
                Err(cause) if crate::disk::is_full(&cause) => break,
                done => done.map_err(fail("writing again"))?,
            }
            at += read as u64;
        }
        file.sync_all().map_err(fail("syncing"))
    }

    fn report(&mut self, number: u64, at: u64, next: u64) {
        self.damaged += 1;
        let lost = next.saturating_sub(at);
        tracing::error!(
            file = log_name(number),
            offset = at,
            bytes = lost,
            "damaged bytes in the journal; the records in them are lost and set aside"
        );
        let mut bytes = vec![
            0;
            usize::try_from(lost)
                .unwrap_or(usize::MAX)
                .min(REPORT_BYTES)
        ];
        let read = self
            .disk
            .open(&log_name(number))
            .and_then(|file| read_up_to(file.as_ref(), &mut bytes, at));
        bytes.truncate(read.unwrap_or_default());
        repair::set_aside(self.disk, number, at, &bytes);
    }

    fn apply_unit(
        &mut self,
        scanner: &mut Scanner,
        number: u64,
        unit: &mut Vec<Pending>,
    ) -> Result<(), StoreError> {
        for Pending { at, header } in unit.drain(..) {
            if let Some(kind @ (Kind::Add | Kind::Move)) = Kind::of(header.kind) {
                let at_units = u32::try_from(at / 8).unwrap_or(u32::MAX);
                let (length, expiration_ms) = (header.length, header.expiration_ms);
                let entry = Entry {
                    at: at_units,
                    length,
                    expiration_ms,
                };
                for target in record::targets(scanner.targets(at, header)?) {
                    if kind == Kind::Add {
                        self.index.add(number, target, entry, header.payload());
                    } else {
                        self.index
                            .relocate(number, target, (entry, header.payload()));
                    }
                }
            } else {
                if let Some(segment) = self.index.segments.get_mut(&number)
                    && segment.sidecar.is_none()
                {
                    segment
                        .facts
                        .push((u32::try_from(at / 8).unwrap_or(u32::MAX), header.length));
                }
                if let Some(record) = scanner.record(at, header)? {
                    self.apply_fact(number, &record);
                }
            }
        }
        Ok(())
    }

    /// Applies what is no addition. Facts that the checkpoint covers are in it already.
    fn apply_fact(&mut self, number: u64, record: &Record<'_>) {
        if number <= self.covered {
            return;
        }
        if let Some(segment) = self.index.segments.get_mut(&number) {
            segment.needs_checkpoint = true;
        }
        let list = Fields(record.head).u32();
        match (Kind::of(record.header.kind), list) {
            (Some(Kind::Remove), _) => {
                for span in record::spans(record.body) {
                    self.index.remove_span(number, span);
                }
            }
            (Some(Kind::Define), Some(list)) => {
                self.index.define(list, Bytes::copy_from_slice(record.body));
            }
            (Some(Kind::DropList), Some(list)) => {
                self.index.drop_list(list);
                self.saved.remove(&list);
            }
            (Some(Kind::Note), _) => {
                let key = Bytes::copy_from_slice(record.head);
                self.index.note(key, Bytes::copy_from_slice(record.body));
            }
            _ => tracing::error!(
                file = log_name(number),
                kind = record.header.kind,
                "a record of an unknown kind is ignored"
            ),
        }
    }

    /// Segments that were used and whose header is damaged cannot be read; they must not be taken
    /// for unused ones either. Returns the others.
    fn set_aside_headless(
        &mut self,
        used: &[Candidate],
        candidates: Vec<Candidate>,
    ) -> Result<Vec<Candidate>, StoreError> {
        let mut unused = Vec::new();
        for candidate in candidates {
            let number = candidate.number;
            let follows = |one: &Candidate| one.header.is_some_and(|one| one.previous == number);
            if !candidate.has_sidecar && !used.iter().any(follows) {
                unused.push(candidate);
                continue;
            }
            let (name, kept) = (
                log_name(number),
                format!("{SET_ASIDE_PREFIX}{}", log_name(number)),
            );
            tracing::error!(
                file = name,
                kept,
                "the header of a segment is damaged; its records are lost, the file is set aside"
            );
            self.damaged += 1;
            let renamed = self.disk.rename(&name, &kept);
            renamed.map_err(|cause| StoreError::file("renaming", name, cause))?;
            sync_names(self.disk)?;
        }
        Ok(unused)
    }

    /// Removes what the checkpoint does not count as needed.
    fn finish(&mut self) {
        for (id, saved) in std::mem::take(&mut self.saved) {
            self.index.keep_only(id, self.covered, &saved);
        }
    }
}
