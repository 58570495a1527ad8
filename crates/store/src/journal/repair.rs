//! What is done about damage that is found while the store runs.
//!
//! A damaged sidecar is forgotten and built again from its segment. A damaged record cannot be
//! built again: its bytes are copied into a file of their own for the operator, and its position
//! is removed, so that it neither comes back nor keeps the segment.

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::sync::Arc;

use crate::disk::Disk;
use crate::journal::Shared;
use crate::journal::extent::{Entries, Entry, HOLE};
use crate::journal::index::Index;
use crate::journal::queue::Op;
use crate::journal::record::{self, Kind};
use crate::journal::scan::Scanner;
use crate::journal::segment::{RECORDS_AT, log_name, sidecar_name};
use crate::{Change, ListId, StoreError};

/// Files with damaged bytes that are kept at most.
const SET_ASIDE_MAX: usize = 100;

/// Damaged bytes of one place that are kept at most.
const SET_ASIDE_BYTES_MAX: usize = 1024 * 1024;

/// What names of files with damaged bytes begin with.
pub(crate) const SET_ASIDE_PREFIX: &str = "damaged-";

/// Keeps damaged bytes for the operator. That it fails changes nothing: they were reported.
pub(crate) fn set_aside(disk: &dyn Disk, segment: u64, at: u64, bytes: &[u8]) {
    let kept = disk.list().map_or(SET_ASIDE_MAX, |names| {
        names
            .iter()
            .filter(|name| name.starts_with(SET_ASIDE_PREFIX))
            .count()
    });
    if kept >= SET_ASIDE_MAX {
        return;
    }
    let bytes = bytes.get(..SET_ASIDE_BYTES_MAX).unwrap_or(bytes);
    let name = format!("{SET_ASIDE_PREFIX}{segment:010}-{at}.bin");
    let written = disk
        .create(&name)
        .and_then(|file| file.write_all_at(&mut [IoSlice::new(bytes)], 0));
    if let Err(error) = written {
        tracing::warn!(file = name, %error, "damaged bytes could not be kept");
    }
}

impl Shared {
    /// Forgets a damaged record.
    pub(crate) fn remove_damaged(&self, list: ListId, position: u64) {
        let removal = Op::Change(Change::Remove { list, position });
        if let Err(error) = self.enqueue(|queue| queue.push(removal)) {
            tracing::debug!(%error, list, position, "a damaged record stays until restart");
        }
    }

    /// Builds the index of a segment again in memory. `false` if the segment is gone.
    pub(crate) fn rebuild_sidecar(&self, number: u64) -> Result<bool, StoreError> {
        let _one_at_a_time = self.upkeep_turn.lock();
        self.files.close(&sidecar_name(number));
        let known = {
            let index = self.index.lock();
            let segment = index.segments.get(&number);
            segment.map(|segment| (segment.salt, segment.end, segment.sidecar.is_some()))
        };
        let (salt, end) = match known {
            Some((salt, end, true)) => (salt, end),
            // Another reader has done it meanwhile.
            Some(_) => return Ok(true),
            None => return Ok(false),
        };
        let log = self.files.open(self.disk.as_ref(), log_name(number))?;
        let Some(log) = log else {
            let index = self.index.lock();
            if index
                .segments
                .get(&number)
                .is_some_and(|segment| segment.live > 0)
            {
                let cause = std::io::ErrorKind::NotFound.into();
                return Err(StoreError::file("opening", log_name(number), cause));
            }
            return Ok(false);
        };
        tracing::warn!(
            file = sidecar_name(number),
            "the index of a segment is damaged; it is built again"
        );
        let mut scanner = Scanner::new(Arc::clone(&log), number, salt, end);
        let mut found = Found::default();
        let mut at = RECORDS_AT;
        while at < end {
            match scanner.at(at)? {
                Some(header) => {
                    let place = u32::try_from(at / 8).unwrap_or(u32::MAX);
                    if matches!(Kind::of(header.kind), Some(Kind::Add | Kind::Move)) {
                        let (length, expiration_ms) = (header.length, header.expiration_ms);
                        let entry = Entry {
                            at: place,
                            length,
                            expiration_ms,
                        };
                        for target in record::targets(scanner.targets(at, header)?) {
                            found.entries.insert((target.list, target.position), entry);
                        }
                    } else {
                        found.facts.push((place, header.length));
                    }
                    at += header.padded();
                }
                None => match scanner.search(at, false)? {
                    Some(next) => at = next,
                    None => break,
                },
            }
        }
        self.index.lock().refill(number, &found);
        self.wake_upkeep();
        Ok(true)
    }
}

/// What a segment says.
#[derive(Default)]
struct Found {
    entries: BTreeMap<(ListId, u64), Entry>,
    facts: Vec<(u32, u32)>,
}

impl Index {
    /// Puts entries back into memory.
    fn refill(&mut self, number: u64, found: &Found) {
        let mut extents = Vec::new();
        for (id, list) in &mut self.lists {
            for extent in list
                .extents
                .iter_mut()
                .filter(|extent| extent.segment == number)
            {
                let positions = extent.first..extent.end();
                let entry = |position| found.entries.get(&(*id, position)).copied();
                let entries = positions
                    .map(|position| entry(position).unwrap_or(HOLE))
                    .collect();
                extent.entries = Entries::Memory(entries);
                extents.push((*id, extent.first));
            }
        }
        if let Some(segment) = self.segments.get_mut(&number) {
            segment.sidecar = None;
            segment.extents = extents;
            segment.facts.clone_from(&found.facts);
        }
    }
}
